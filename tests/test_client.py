"""The client asks for exactly what was meant, and no fault of PRO's holds it up or misleads it."""

import gc
import gzip
import logging
import socket
import ssl
import threading
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import requests

from tests.shipments import event, shipment
from tracking.config import BadSettings, read_settings
from tracking.pro import deadline
from tracking.pro.client import Answer, Client
from tracking.pro.deadline import Deadline
from tracking.pro.errors import AnswerTooLarge, ProTooSlow, ProUnavailable, ProUnreachable
from tracking.pro.simulator import Fault, Simulator

KEY = "k3y-Secret"
SP = "sp_" + "7" * 32
PATIENCE = 5.0  # seconds for what must come
SHORT = 0.3  # seconds; the deadline of calls that never end by themselves
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
OK = JSON + b"Content-Length: 2\r\n\r\n{}"


@dataclass(frozen=True)
class Account:
    url: str
    key: str = KEY


class Raw:
    """A server on a bare socket: `play` acts on each connection, once a request has come."""

    def __init__(
        self, play: Callable[["Raw", socket.socket], None], tls: Path | None = None
    ) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self.left = threading.Event()  # a client has gone, or has been served
        self._play = play
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = [self._listener]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/pro"

    def read(self, connection: socket.socket) -> bool:
        """Wait for a whole request; False where the client has gone."""
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            received = connection.recv(65536)
            if not received:
                return False
            request += received
        self.requests.append(request)
        return True

    def __enter__(self) -> "Raw":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in list(self._threads):
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self._tls)
                with context.wrap_socket(connection, server_side=True) as wrapped:
                    self._open.append(wrapped)
                    self._play(self, wrapped)
            else:
                self._play(self, connection)
        self.left.set()


def saying(answer: bytes) -> Callable[[Raw, socket.socket], None]:
    """Gives one answer and closes."""

    def play(server: Raw, connection: socket.socket) -> None:
        if server.read(connection):
            connection.sendall(answer)

    return play


def saying_on_and_on(answer: bytes) -> Callable[[Raw, socket.socket], None]:
    """Gives the same answer to each request on a connection that is kept."""

    def play(server: Raw, connection: socket.socket) -> None:
        while server.read(connection):
            connection.sendall(answer)

    return play


def pouring(head: bytes, drop: bytes, pause: float = 0.01) -> Callable[[Raw, socket.socket], None]:
    """Sends `head`, and then the same again and again until the server is over."""

    def play(server: Raw, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(head)
        while not server.over.wait(pause):
            connection.sendall(drop)

    return play


def silent(server: Raw, connection: socket.socket) -> None:
    server.over.wait()


opened: list[Client] = []


def client_of(url: str) -> Client:
    client = Client(Account(url))
    opened.append(client)
    return client


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


@contextmanager
def failing(pro: Simulator, fault: Fault, times: int = 1) -> Iterator[None]:
    """All calls fail so; in the end the fault really acted, so many times."""
    before = len(pro.fired)
    pro.fault(fault)
    yield
    pro.heal()
    assert pro.fired[before:] == [fault.kind] * times


def ask(client: Client, reference: str = SP, seconds: float = PATIENCE) -> Answer:
    return client.shipment(reference, Deadline(seconds))


def ask_raw(
    play: Callable[[Raw, socket.socket], None], seconds: float = PATIENCE, tls: Path | None = None
) -> Answer:
    """One call to a bare socket that was really connected to."""
    with Raw(play, tls) as server:
        try:
            return ask(client_of(server.url), seconds=seconds)
        finally:
            assert server.connections == 1


@pytest.fixture(scope="module")
def playing() -> Iterator[Simulator]:
    with Simulator(key=KEY, stories=()) as simulator:
        simulator.put(shipment(event(), shipment_reference=SP, custom_reference="HO-20"))
        yield simulator


@pytest.fixture
def pro(playing: Simulator) -> Iterator[Simulator]:
    playing.forget_calls()
    yield playing
    playing.heal()


@pytest.fixture
def client(pro: Simulator) -> Client:
    return client_of(pro.url)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key and certificate of a server on loopback that nobody trusts by default."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_text(CERTIFICATE)
    return path


# What is asked


def test_every_call_carries_the_key_and_the_version(pro: Simulator, client: Client) -> None:
    ask(client)

    (call,) = pro.calls
    assert call.method == "GET"
    assert dict(call.headers) == {
        "host": pro.url.removeprefix("http://").removesuffix("/pro"),
        "x-api-key": KEY,
        "x-api-version": "1.1",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": "parcel-page",
    }


def test_each_endpoint_has_its_own_target(pro: Simulator, client: Client) -> None:
    client.shipment(SP, Deadline(PATIENCE))
    client.shipment_contents(SP, Deadline(PATIENCE))
    client.shipments("HO-20", 0, Deadline(PATIENCE))
    client.shipments_contents("HO-20", 30, Deadline(PATIENCE))

    assert [call.target for call in pro.calls] == [
        f"/pro/tracking/{SP}",
        f"/pro/tracking/{SP}/shipment_contents",
        "/pro/tracking/custom_reference/HO-20?take=10&skip=0",
        "/pro/tracking/custom_reference/HO-20/shipment_contents?take=10&skip=30",
    ]


NASTY = [
    ("a/b", "a%2Fb"),
    ("a%2Fb", "a%252Fb"),
    ("a%2fb", "a%252fb"),
    ("a?x=1", "a%3Fx%3D1"),
    ("a#f", "a%23f"),
    ("#1001", "%231001"),
    ("a b", "a%20b"),
    ("a  b", "a%20%20b"),
    ("a+b", "a%2Bb"),
    ("..%2f", "..%252f"),
    ("..%2fadmin", "..%252fadmin"),
    ("../admin", "..%2Fadmin"),
    ("%2e%2e", "%252e%252e"),
    ("%252e", "%25252e"),
    ("...", "..."),
    ("a/../../x", "a%2F..%2F..%2Fx"),
    ("//evil", "%2F%2Fevil"),
    ("\\..\\", "%5C..%5C"),
    ("@evil", "%40evil"),
    ("http://evil", "http%3A%2F%2Fevil"),
    ("a;b", "a%3Bb"),
    ("a&skip=9", "a%26skip%3D9"),
    ("a=b", "a%3Db"),
    ("100%", "100%25"),
    ("é", "%C3%A9"),
    ("注文", "%E6%B3%A8%E6%96%87"),
    ("😀" * 25, "%F0%9F%98%80" * 25),
    ("~-._", "~-._"),
    ("!$'()*,:[]{}|^`\"<>", "%21%24%27%28%29%2A%2C%3A%5B%5D%7B%7D%7C%5E%60%22%3C%3E"),
    ("tracking", "tracking"),
]


@pytest.mark.parametrize(("reference", "segment"), NASTY)
def test_a_custom_reference_is_one_segment_and_pro_reads_what_was_meant(
    pro: Simulator, client: Client, reference: str, segment: str
) -> None:
    meant = shipment(custom_reference=reference)
    pro.put(meant)

    found = client.shipments(reference, 0, Deadline(PATIENCE))
    client.shipments_contents(reference, 10, Deadline(PATIENCE))

    pro.remove(meant["shipment_reference"])
    base = f"/pro/tracking/custom_reference/{segment}"
    assert [call.target for call in pro.calls] == [
        f"{base}?take=10&skip=0",
        f"{base}/shipment_contents?take=10&skip=10",
    ]
    assert meant["shipment_reference"].encode() in found.body


@pytest.mark.parametrize("dots", [".", "..", ""])
def test_dots_make_no_call(pro: Simulator, client: Client, dots: str) -> None:
    for ask_for in (client.shipment, client.shipment_contents):
        with pytest.raises(ValueError, match="dots"):
            ask_for(dots, Deadline(PATIENCE))
    for ask_for_all in (client.shipments, client.shipments_contents):
        with pytest.raises(ValueError, match="dots"):
            ask_for_all(dots, 0, Deadline(PATIENCE))

    assert pro.calls == []


@pytest.mark.parametrize("path", ["", "/pro", "/pro/v2", "/a/b/c"])
def test_a_path_of_the_base_address_is_kept(path: str) -> None:
    with Raw(saying(OK)) as server:
        client = client_of(server.url.removesuffix("/pro") + path)

        client.shipments("a/b", 0, Deadline(PATIENCE))

        target = f"{path}/tracking/custom_reference/a%2Fb?take=10&skip=0".encode()
        assert server.requests[0].startswith(b"GET " + target + b" HTTP/1.1\r\n")


@pytest.mark.parametrize("change", [("http", "HTTP"), ("127.0.0.1", "LOCALHOST")])
def test_scheme_and_host_may_be_in_capitals(pro: Simulator, change: tuple[str, str]) -> None:
    url = pro.url.replace(*change)
    settings = read_settings({"PRO_API_URL": url, "PRO_API_KEY": KEY})

    assert ask(client_of(settings.pro_api_url)).status == 200


@pytest.mark.parametrize("path", ["/a%2fb", "/pr%6f", "/a/../pro", "/./pro", "/p o", "/prö"])
def test_an_address_that_settings_accept_can_be_asked(path: str) -> None:
    with Raw(saying(OK)) as server:
        url = server.url.removesuffix("/pro") + path
        try:
            settings = read_settings({"PRO_API_URL": url, "PRO_API_KEY": KEY})
        except BadSettings:
            return  # said at the start, which is the best time

        assert ask(client_of(settings.pro_api_url)).status == 200


# What is answered


def test_an_answer_is_whole_and_decoded(pro: Simulator, client: Client) -> None:
    answer = ask(client)

    assert answer.status == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert SP.encode() in answer.body


@pytest.mark.parametrize("status", [201, 400, 401, 403, 404, 405, 410, 429, 500, 502, 503, 504])
def test_every_status_is_an_answer(pro: Simulator, client: Client, status: int) -> None:
    fault = Fault("status", status=status, body=b"{}", retry_after=7)

    with failing(pro, fault):
        answer = ask(client)

    assert (answer.status, answer.body, answer.headers["RETRY-AFTER"]) == (status, b"{}", "7")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_nothing_is_tried_again(pro: Simulator, client: Client, status: int) -> None:
    with failing(pro, Fault("status", status=status, retry_after=1)):
        ask(client)

    assert len(pro.calls) == 1


def test_forty_threads_get_their_own_answers(pro: Simulator, client: Client) -> None:
    references = [f"sp_{number:032}" for number in range(1, 41)]
    for reference in references:
        pro.put(shipment(shipment_reference=reference))
    together = threading.Barrier(len(references))

    def ask_with_all(reference: str) -> bytes:
        together.wait(PATIENCE)
        return b"".join(ask(client, reference).body for _ in range(3))

    with ThreadPoolExecutor(len(references)) as threads:
        bodies = list(threads.map(ask_with_all, references))

    for reference, body in zip(references, bodies, strict=True):
        assert [other for other in references if other.encode() in body] == [reference]
        assert body.count(b'"shipment_reference"') == 3
    assert len(pro.calls) == 120


# Connections


def test_a_connection_is_used_again() -> None:
    with Raw(saying_on_and_on(OK)) as server:
        client = client_of(server.url)

        for _ in range(5):
            ask(client)

        assert (len(server.requests), server.connections) == (5, 1)


def test_a_connection_that_was_silent_for_long_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with Raw(saying_on_and_on(OK)) as server:
        client = client_of(server.url)
        ask(client)
        monkeypatch.setattr(deadline, "LONGEST_IDLE", 0.0)

        assert ask(client).status == 200
        assert (len(server.requests), server.connections) == (2, 2)


def test_an_error_with_a_body_harms_no_next_answer(pro: Simulator, client: Client) -> None:
    with failing(pro, Fault("status", status=500, body=b"x" * 1000)):
        assert ask(client).status == 500

    assert ask(client).status == 200


@pytest.mark.parametrize(
    "status",
    [b"201 Made", b"204 Nothing", b"304 As Before", b"404 Not Found", b"410 Gone", b"504 Too Late"],
)
def test_nothing_that_comes_late_is_the_answer_to_the_next(status: bytes) -> None:
    early = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    late = JSON + b'Content-Length: 12\r\n\r\n"of another"'

    def play(server: Raw, connection: socket.socket) -> None:
        """On its first line it answers twice what it was asked, and the second time too late."""
        for answer in (early, late) if server.connections == 1 else (OK,):
            if server.read(connection):
                connection.sendall(answer)

    with Raw(play) as server:
        client = client_of(server.url)

        assert ask(client).status == int(status[:3])
        assert ask(client).body == b"{}"


def test_what_comes_before_an_answer_is_none() -> None:
    before = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
    with Raw(saying_on_and_on(before + OK)) as server:
        client = client_of(server.url)

        assert [ask(client).status, ask(client).status] == [200, 200]
        assert server.connections == 1


def test_a_connection_that_pro_closed_meanwhile_is_replaced(pro: Simulator, client: Client) -> None:
    assert ask(client).status == 200
    pro.hang_up()

    assert ask(client).status == 200
    assert len(pro.calls) == 2


def test_a_connection_that_failed_is_not_used_again(pro: Simulator, client: Client) -> None:
    for kind in ("truncate", "reset_mid", "endless", "big"):
        with failing(pro, Fault(kind)), pytest.raises(ProUnavailable):
            ask(client)

        assert SP.encode() in ask(client).body


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that are looked up, once for each attempt to connect."""
    found: list[str] = []
    really = socket.getaddrinfo

    def resolve(host: str, *args: Any, **kwargs: Any) -> list:
        found.append(host)
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "there is no such name")
        return really(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return found


def test_nobody_listening_is_tried_twice_and_told_at_once(attempts: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    started = monotonic()

    with pytest.raises(ProUnreachable):
        ask(client_of(f"http://127.0.0.1:{port}"))

    assert attempts == ["127.0.0.1"] * 2
    assert monotonic() - started < PATIENCE


def test_a_name_that_nobody_knows_is_looked_up_twice(attempts: list[str]) -> None:
    with pytest.raises(ProUnreachable):
        ask(client_of("http://nowhere.invalid/pro"))

    assert attempts == ["nowhere.invalid"] * 2


def test_who_takes_no_connection_is_tried_twice(
    attempts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracking.pro.client.LONGEST_CONNECT", 0.1)

    with full_backlog() as (host, port), pytest.raises(ProUnreachable):
        ask(client_of(f"http://{host}:{port}"))

    assert attempts == [host] * 2


def test_who_comes_back_between_two_attempts_answers(
    pro: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = iter([ConnectionRefusedError()])
    really = socket.socket.connect

    def connect(this: socket.socket, address: Any) -> None:
        for error in refused:
            raise error
        really(this, address)

    monkeypatch.setattr(socket.socket, "connect", connect)

    assert ask(client_of(pro.url)).status == 200
    assert next(refused, None) is None
    assert len(pro.calls) == 1


@pytest.mark.parametrize("kind", ["reset", "reset_mid", "truncate", "html", "hang"])
def test_what_reached_pro_is_never_asked_twice(
    pro: Simulator, attempts: list[str], kind: str
) -> None:
    with failing(pro, Fault(kind)), suppress(ProUnavailable):
        ask(client_of(pro.url), seconds=SHORT if kind == "hang" else PATIENCE)

    assert len(pro.calls) == 1
    assert len(attempts) == 1


def test_a_call_is_made_on_the_thread_that_asks(pro: Simulator, client: Client) -> None:
    before = {thread.name for thread in threading.enumerate()}

    ask(client)

    ours = {thread.name for thread in threading.enumerate()} - before
    assert [name for name in ours if "process_request" not in name] == []  # PRO's own
    assert len(pro.calls) == 1


# What dawdles ends at the deadline


@dataclass
class Dawdler:
    """Ways of not answering, all tried at the same time: what was raised, and after how long."""

    raised: dict[str, BaseException | None] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    fired: list[str] = field(default_factory=list)
    connected: dict[str, int] = field(default_factory=dict)
    given_up: dict[str, bool] = field(default_factory=dict)

    def dawdle(self, name: str, url: str, reference: str = SP) -> None:
        started = monotonic()
        try:
            ask(client_of(url), reference, SHORT)
            self.raised[name] = None
        except ProUnavailable as error:
            self.raised[name] = error
        self.seconds[name] = monotonic() - started


@contextmanager
def full_backlog(at: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[tuple[str, int]]:
    """An address that nobody refuses and nobody answers: the queue of its listener is full."""
    with socket.socket() as listener:
        listener.bind(at)
        listener.listen(0)
        queued = [socket.socket() for _ in range(3)]
        try:
            for one in queued:
                one.setblocking(False)
                one.connect_ex(listener.getsockname())
            yield listener.getsockname()
        finally:
            for one in queued:
                one.close()


def handshaking_forever(server: Raw, connection: socket.socket) -> None:
    """A byte of a TLS record now and then, that never becomes a hello."""
    connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")
    while not server.over.wait(0.01):
        connection.sendall(b"\x00")


PLAIN = {
    "headers": pouring(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.02),
    "one_header": pouring(b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
    "status_line": pouring(b"HTTP/1.1 200 ", b"O"),
    "interim_answers": pouring(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "chunks": pouring(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk_size": pouring(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": pouring(JSON + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n"),
    "until_closed": pouring(JSON + b"\r\n", b" "),
    "gzip": pouring(JSON + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00"),
}
SIMULATED = {"hang": 0.0, "drip_headers": 0.02, "drip": 0.02, "latency": PATIENCE}
TLS = {
    "tls_silence": (silent, False),
    "tls_handshake": (handshaking_forever, False),
    "tls_hang": (lambda server, line: (server.read(line), server.over.wait()), True),
    "tls_body": (pouring(JSON + b"\r\n", b" "), True),
    "tls_headers": (pouring(b"HTTP/1.1 200 OK\r\nX-A: ", b"b"), True),
}


DRIPPING = [*PLAIN, "tls_handshake", "tls_body", "tls_headers"]


@pytest.fixture(scope="module")
def dawdler(certificate: Path) -> Dawdler:
    found = Dawdler()
    with (
        pytest.MonkeyPatch.context() as patch,
        full_backlog() as (host, port),
        Simulator(key=KEY, stories=()) as simulator,
        ThreadPoolExecutor(32) as threads,
    ):
        patch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
        servers = {name: Raw(play) for name, play in PLAIN.items()}
        servers |= {
            name: Raw(play, certificate if spoken else None) for name, (play, spoken) in TLS.items()
        }
        for number, (kind, pause) in enumerate(SIMULATED.items()):
            reference = f"sp_{number:032}"
            simulator.put(shipment(event(), shipment_reference=reference))
            simulator.fault(Fault(kind, seconds=pause), reference)
            threads.submit(found.dawdle, kind, simulator.url, reference)
        for name, server in servers.items():
            server.__enter__()
            url = server.url.replace("http:", "https:") if name in TLS else server.url
            threads.submit(found.dawdle, name, url)
        threads.submit(found.dawdle, "connect", f"http://{host}:{port}")
        with socket.socket() as probe:
            probe.settimeout(0.1)
            found.connected["connect"] = probe.connect_ex((host, port)) == 0
        threads.shutdown()
        found.fired = simulator.fired
        found.connected |= {name: server.connections for name, server in servers.items()}
        found.given_up = {way: servers[way].left.wait(SHORT) for way in DRIPPING}
        for server in servers.values():
            server.__exit__()
    return found


@pytest.mark.parametrize("way", [*SIMULATED, *PLAIN, *TLS, "connect"])
def test_whatever_dawdles_ends_at_the_deadline(dawdler: Dawdler, way: str) -> None:
    assert type(dawdler.raised[way]) is ProTooSlow
    assert dawdler.seconds[way] < SHORT * 10


@pytest.mark.parametrize("way", DRIPPING)
def test_a_connection_that_dawdles_is_given_up_and_keeps_no_thread(
    dawdler: Dawdler, way: str
) -> None:
    assert dawdler.given_up[way]


def test_all_those_ways_of_dawdling_really_happened(dawdler: Dawdler) -> None:
    assert sorted(dawdler.fired) == sorted(SIMULATED)
    assert {way: dawdler.connected[way] for way in [*PLAIN, *TLS]} == dict.fromkeys(
        [*PLAIN, *TLS], 1
    )
    assert not dawdler.connected["connect"]  # another one could not connect either


def test_a_deadline_that_is_over_makes_no_call(pro: Simulator, client: Client) -> None:
    with pytest.raises(ProTooSlow):
        ask(client, seconds=0)

    assert pro.calls == []


def test_one_deadline_is_for_all_calls_of_a_question(pro: Simulator, client: Client) -> None:
    deadline = Deadline(0.1)
    with failing(pro, Fault("hang")), pytest.raises(ProTooSlow):
        client.shipment(SP, deadline)
    pro.forget_calls()

    with pytest.raises(ProTooSlow):
        client.shipment(SP, deadline)

    assert pro.calls == []


def test_one_slow_call_holds_up_no_other(pro: Simulator, client: Client) -> None:
    pro.fault(Fault("hang"), "HO-20")

    with ThreadPoolExecutor(1) as thread:
        slow = thread.submit(client.shipments, "HO-20", 0, Deadline(0.2))
        assert ask(client).status == 200
        assert isinstance(slow.exception(PATIENCE), ProTooSlow)


# What is too much, or not enough


@contextmanager
def little_memory(most: int) -> Iterator[None]:
    """No more than so many bytes at once, in the whole process."""
    traced = tracemalloc.is_tracing()
    tracemalloc.start()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not traced:
            tracemalloc.stop()
    assert peak - before < most


@pytest.mark.parametrize("kind", ["big", "endless"])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(
    pro: Simulator, client: Client, kind: str
) -> None:
    with failing(pro, Fault(kind)), pytest.raises(AnswerTooLarge):
        ask(client)


def test_a_bomb_takes_no_memory(pro: Simulator, client: Client) -> None:
    with failing(pro, Fault("bomb"), times=2):
        with pytest.raises(AnswerTooLarge):  # the simulator has packed it now
            ask(client)
        with little_memory(4_000_000), pytest.raises(AnswerTooLarge):
            ask(client)


@pytest.mark.parametrize(
    "play",
    [
        pouring(JSON + b"Content-Length: 100000000\r\n\r\n", b" " * 65536, 0.0001),
        pouring(JSON + b"\r\n", b" " * 65536, 0.0001),
    ],
)
def test_a_body_without_end_takes_no_memory(play: Callable[[Raw, socket.socket], None]) -> None:
    with little_memory(4_000_000), pytest.raises(AnswerTooLarge):
        ask_raw(play)


def test_half_a_megabyte_is_not_too_large() -> None:
    largest = 512 * 1024
    head = JSON + b"Content-Length: %d\r\n\r\n"

    assert len(ask_raw(saying(head % largest + b" " * largest)).body) == largest
    with pytest.raises(AnswerTooLarge):
        ask_raw(saying(head % (largest + 1) + b" " * (largest + 1)))


@pytest.mark.parametrize("kind", ["truncate", "reset", "reset_mid"])
def test_an_answer_cut_short_is_none(pro: Simulator, client: Client, kind: str) -> None:
    with failing(pro, Fault(kind)), pytest.raises(ProUnreachable):
        ask(client)

    assert len(pro.calls) == 1


CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = JSON + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\r\n\r\n",
        b"{}",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 100_000 + b"\r\n\r\n",
        JSON + b"Content-Length: 100\r\n\r\n{}",
        CHUNKED + b"2\r\n{}\r\n",
        CHUNKED + b"2\r\n{}",
        CHUNKED + b"a\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"x\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
        GZIPPED % (2, b"{}"),
        GZIPPED % (30, gzip.compress(b"{}")[:10] + b"\xff" * 20),
    ],
)
def test_what_is_no_whole_answer_is_none(answer: bytes) -> None:
    with pytest.raises(ProUnreachable):
        ask_raw(saying(answer))


@pytest.mark.parametrize("length", [b"abc", b"-2"])
def test_a_length_that_is_none_makes_no_answer(length: bytes) -> None:
    with pytest.raises(ProUnreachable):
        ask_raw(saying(JSON + b"Content-Length: " + length + b"\r\n\r\n{}"))


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_two_lengths_make_no_answer() -> None:
    with pytest.raises(ProUnreachable):
        ask_raw(saying(JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"))

    gc.collect()  # urllib3 leaves the socket of such an answer to the garbage collector


# What must not leak, and whom we must not listen to


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(pro: Simulator, client: Client, status: int) -> None:
    with Simulator(key=KEY, stories=()) as other:
        fault = Fault("redirect", status=status, location=f"{other.url}/tracking/{SP}")
        with failing(pro, fault):
            answer = ask(client)

        assert (answer.status, answer.body) == (status, b"")
        assert other.calls == []
    assert len(pro.calls) == 1


@pytest.mark.parametrize("location", ["/pro/tracking/x", "//evil.example/", "\xff\x00", "file:///"])
def test_where_a_redirect_leads_does_not_matter(
    pro: Simulator, client: Client, location: str
) -> None:
    with failing(pro, Fault("redirect", location=location)):
        assert ask(client).status == 302

    assert len(pro.calls) == 1


@pytest.mark.parametrize("status", [b"301", b"302", b"303", b"307", b"308"])
def test_the_body_of_a_redirect_is_not_read(status: bytes) -> None:
    head = b"HTTP/1.1 " + status + b" Moved\r\nLocation: /pro\r\n\r\n"

    answer = ask_raw(pouring(head, b"x"))  # the body never ends, the call does

    assert (answer.status, answer.body) == (int(status), b"")


def test_a_bomb_in_a_redirect_takes_no_memory() -> None:
    packed = gzip.compress(b" " * 20_000_000)
    head = b"HTTP/1.1 302 Found\r\nLocation: /pro\r\nContent-Encoding: gzip\r\n"
    play = saying(head + b"Content-Length: %d\r\n\r\n%s" % (len(packed), packed))

    with little_memory(1_000_000):
        assert ask_raw(play).body == b""


def test_cookies_of_pro_are_never_sent_back(pro: Simulator, client: Client) -> None:
    with failing(pro, Fault("status", status=200, headers={"Set-Cookie": "a=b; Path=/"})):
        assert ask(client).headers["Set-Cookie"] == "a=b; Path=/"
    ask(client)

    assert [call.headers.get("cookie") for call in pro.calls] == [None, None]


def test_a_proxy_of_the_environment_sees_nothing(
    pro: Simulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Raw(saying(OK)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/pro"))

        assert ask(client).status == 200

        assert proxy.connections == 0
        requests.get(f"{pro.url}/elsewhere", timeout=PATIENCE).close()
        assert proxy.connections == 1  # others do listen to the environment


def test_netrc_adds_no_authorization(
    pro: Simulator, client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login shop password secret\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))

    ask(client)
    requests.get(f"{pro.url}/elsewhere", timeout=PATIENCE).close()

    ours, others = pro.calls
    assert "authorization" not in ours.headers
    assert others.headers["authorization"].startswith("Basic ")


def test_a_certificate_that_nobody_trusts_is_refused(certificate: Path) -> None:
    heard: list[Raw] = []

    def listen(server: Raw, connection: socket.socket) -> None:
        server.read(connection)
        heard.append(server)

    with pytest.raises(ProUnreachable):
        ask_raw(listen, tls=certificate)

    assert not heard  # the key was not sent


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_of_the_environment_are_not_trusted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(certificate))

    with pytest.raises(ProUnreachable):
        ask_raw(saying(OK), tls=certificate)


def test_a_certificate_that_is_trusted_is_enough(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")

    assert ask_raw(saying(OK), tls=certificate).body == b"{}"


def test_plain_http_where_tls_belongs_is_refused() -> None:
    def answer_at_once(server: Raw, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Raw(answer_at_once) as server, pytest.raises(ProUnreachable):
        ask(client_of(server.url.replace("http:", "https:")))


def said_about(client: Client, reference: str) -> list[str]:
    """All that an error says, if there is one."""
    try:
        client.shipments(reference, 0, Deadline(PATIENCE))
    except ProUnavailable as error:
        return [str(error), repr(error), *traceback.format_exception(error)]
    return []


def test_no_log_and_no_error_tells_reference_address_or_key(
    pro: Simulator, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "tracking")
    told: list[str] = []
    faults = [
        *(Fault(kind) for kind in ("truncate", "reset", "reset_mid", "big", "garbage", "html")),
        Fault("status", status=500),
        Fault("status", status=200, headers={"Content-Encoding": "gzip"}),
        Fault("status", status=200, headers={"Content-Length": "none"}),
        Fault("redirect", location="/CANARY/7"),
    ]

    for fault in faults:
        with failing(pro, fault):
            told += said_about(client, "CANARY/7")
    pro.forget_calls()
    told += said_about(client_of("http://127.0.0.1:1/pro"), "CANARY/7")

    logged = [record.getMessage() + repr(record.args) for record in caplog.records]
    assert len([line for line in logged if "PRO answered" in line]) == 4  # the others failed
    assert len(told) > len(faults)
    for secret in ("CANARY", KEY, "127.0.0.1", "custom_reference"):
        assert not [line for line in [*told, *logged] if secret in line]


CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzRF1G7jKA7erHjMy
AMc1FMgYSZmuThRLgYmKpelNpluhRANCAARF2BYnQfq7LgarVNUR+XDRHn6M/1sA
d5FQccaJLaPmL4l8sHPJpWOihvYdr6dlR3CQQHqVLO+2XZNL+GST6LbU
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBfjCCASOgAwIBAgIUfuya4IVL3VpkzeT3ZfI1m4LChEMwCgYIKoZIzj0EAwIw
GzEZMBcGA1UEAwwQUFJPIG9mIHRoZSB0ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8y
MTIwMDEwMTAwMDAwMFowGzEZMBcGA1UEAwwQUFJPIG9mIHRoZSB0ZXN0czBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABEXYFidB+rsuBqtU1RH5cNEefoz/WwB3kVBx
xokto+YviXywc8mlY6KG9h2vp2VHcJBAepUs77Zdk0v4ZJPottSjQzBBMA8GA1Ud
EwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAdBgNVHQ4EFgQUABrcg0cDo83y
e3SVFJKsAhdrXQkwCgYIKoZIzj0EAwIDSQAwRgIhAPNRa+DxV+jN1MQwVQEeDb60
bAN1HeAKN8Ye58s2yjQYAiEA+Mgbvm0DMW9bc8gxSTnZvv08gTQBfnxXZEOUWaBk
pWE=
-----END CERTIFICATE-----
"""
