"""Fault matrix, part A: the way to PRO breaks in every manner, and no shopper is left alone.

Each test is named by its row. What COLD and STALE are, and what follows a fault, is in matrix.py.
"""

import gc
import json
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.crowds import LONGEST, at_once, crowd, until
from tests.matrix import (
    AT_ONCE,
    KEY,
    NAME,
    OLD,
    SLACK,
    Scene,
    address_of,
    being_renewed,
    cannot_answer,
    heard,
    outage,
    recovers,
    running,
    was_fresh,
)
from tests.shipments import event, new_reference, shipment
from tests.test_client import (
    CERTIFICATE,
    CHUNKED,
    JSON,
    Raw,
    full_backlog,
    handshaking_forever,
    little_memory,
    pouring,
    saying,
    silent,
)
from tracking.pro.client import MOST_CALLS
from tracking.pro.simulator import Fault, Simulator

SHORT = 0.8  # seconds, the deadline where PRO does not end its answer by itself
LITTLE = 5_000_000  # bytes
CHUNK = b"4000\r\n" + b" " * 0x4000 + b"\r\n"


@pytest.fixture(scope="module")
def usual() -> Iterator[Scene]:
    yield from running(Scene(f"usual.{NAME}"))


@pytest.fixture
def scene(usual: Scene) -> Iterator[Scene]:
    """With the deadline that it has by default."""
    with usual.row():
        yield usual


@pytest.fixture(scope="module")
def hasty() -> Iterator[Scene]:
    yield from running(Scene(f"hasty.{NAME}", environ={"PRO_DEADLINE": str(SHORT)}))


@pytest.fixture
def short(hasty: Scene) -> Iterator[Scene]:
    """With a short deadline."""
    with hasty.row():
        yield hasty


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of servers: a good one, and one for each reason not to trust it."""
    folder = tmp_path_factory.mktemp("tls")
    made = {"good": KEY_OF_PRO + GOOD, "expired": KEY_OF_PRO + EXPIRED, "wrong host": CERTIFICATE}
    paths = {name: folder / f"{name}.pem" for name in made}
    for name, path in paths.items():
        path.write_text(made[name])
    return paths


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Trust whom a certificate names, and nobody else."""

    def trust(path: Path) -> None:
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(path))

    return trust


@pytest.fixture(scope="module")
def encrypted() -> Iterator[Scene]:
    yield from running(Scene(NAME, "https", {"PRO_DEADLINE": str(SHORT)}))


@pytest.fixture
def tls(
    encrypted: Scene, certificates: dict[str, Path], trust: Callable[[Path], None]
) -> Iterator[Scene]:
    """PRO behind a certificate that is good."""
    trust(certificates["good"])
    with Raw(relaying(encrypted.pro), certificates["good"]) as healthy:
        encrypted.names.lead = partial(address_of, healthy.url)
        encrypted.client.close()
        with encrypted.row():
            yield encrypted


def relaying(pro: Simulator) -> Callable[[Raw, socket.socket], None]:
    """Hands each request on to PRO, and its answer back."""

    def play(server: Raw, connection: socket.socket) -> None:
        while asked := heard(server, connection):
            head = f"GET {asked} HTTP/1.1\r\nx-api-key: {KEY}\r\nx-api-version: 1.1\r\n"
            with socket.create_connection(address_of(pro.url)) as onward:
                onward.sendall(head.encode() + b"Host: pro\r\nConnection: close\r\n\r\n")
                while received := onward.recv(65536):
                    connection.sendall(received)

    return play


def test_A1_connect_refused(scene: Scene) -> None:
    with socket.socket() as taken:  # bound, so that nobody else listens there meanwhile
        taken.bind(("127.0.0.1", 0))
        fault = scene.leading_to(taken.getsockname)

        outage(scene, fault, calls=0, within=0.5, while_down=looked_up(scene, each=2))

    assert "ProUnreachable (ConnectionError)" in scene.logs


@contextmanager
def looked_up(scene: Scene, each: int) -> Iterator[None]:
    """Each of the three questions of an outage tries to connect so often, and no more."""
    before = scene.names.lookups
    yield
    assert scene.names.lookups - before == 3 * each


def test_A2_name_is_not_known(scene: Scene) -> None:
    def unknown() -> tuple[str, int]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    fault = scene.leading_to(unknown)

    outage(scene, fault, calls=0, within=3.0, while_down=looked_up(scene, each=2))


def test_A3_name_server_hangs(short: Scene) -> None:
    answers = threading.Event()
    healthy = short.names.lead

    def hang() -> tuple[str, int]:
        assert answers.wait(LONGEST)
        return healthy()

    colds = [short.parcel() for _ in range(MOST_CALLS)]
    old, late = short.parcel(), short.parcel()
    was_fresh(short.ask(old))
    short.clock.turn(seconds=OLD)
    short.pro.forget_calls()

    with short.leading_to(hang), crowd(*(partial(short.ask, one) for one in colds)) as asked:
        until(lambda: short.names.lookups == MOST_CALLS)
        shed, shown = short.ask(late), short.ask(old)
        waited = [one.result(LONGEST) for one in asked]
        cannot_answer(short.ask(late), late)
        answers.set()

    cannot_answer(shed, late)
    being_renewed(shown)
    assert shed.seconds < AT_ONCE
    for one, cold in zip(waited, colds, strict=True):
        cannot_answer(one, cold)
        assert SHORT <= one.seconds < 3 * SLACK
    until(lambda: not any(map(short.is_asked, colds)))
    assert short.pro.calls == []
    assert short.names.lookups == MOST_CALLS
    recovers(short, colds[0], old)


def test_A4_connect_times_out(short: Scene) -> None:
    before = short.names.lookups
    with full_backlog() as address:
        fault = short.leading_to(lambda: address)

        outage(short, fault, calls=0, within=3.0, at_least=SHORT, while_down=not_taken(address))

    assert short.names.lookups - before <= 2 * 3 + 4  # three questions, and the recovery


@contextmanager
def not_taken(address: tuple[str, int]) -> Iterator[None]:
    """Another one cannot connect there either."""
    with socket.socket() as probe:
        probe.settimeout(0.1)
        assert probe.connect_ex(address) != 0
    yield


@pytest.mark.parametrize("why", ["unknown authority", "expired", "wrong host"])
def test_A5_certificate_is_not_to_be_trusted(
    tls: Scene, certificates: dict[str, Path], trust: Callable[[Path], None], why: str
) -> None:
    shown = certificates["good" if why == "unknown authority" else why]
    trusted = certificates["wrong host" if why == "unknown authority" else why]

    @contextmanager
    def fault() -> Iterator[None]:
        with tls.playing(saying(JSON + b"\r\n{}"), shown) as server:
            trust(trusted)
            yield
            trust(certificates["good"])
        assert server.connections == 3  # one each, not tried again
        assert server.requests == []  # and nobody who heard the key

    outage(tls, fault(), calls=0)

    assert "ProUnreachable (SSLError)" in tls.logs


@pytest.mark.parametrize("play", [silent, handshaking_forever])
def test_A6_tls_handshake_hangs(tls: Scene, play: Callable[[Raw, socket.socket], None]) -> None:
    outage(tls, tls.playing(play), calls=0, within=3.0, at_least=SHORT)

    (server,) = tls.servers
    assert server.connections == 3


def test_A6_plain_text_where_tls_belongs(tls: Scene) -> None:
    def answer_at_once(server: Raw, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    outage(tls, tls.playing(answer_at_once), calls=0, within=3.0)

    (server,) = tls.servers
    assert server.connections == 3


def test_A7_hang_before_headers(short: Scene) -> None:
    outage(short, short.failing(Fault("hang")), at_least=SHORT)

    assert "ProTooSlow (ReadTimeout)" in short.logs


def test_A8_headers_drip(short: Scene) -> None:
    outage(short, short.failing(Fault("drip_headers")), at_least=SHORT)

    assert "ProTooSlow" in short.logs


def test_A9_body_drips(short: Scene) -> None:
    outage(short, short.failing(Fault("drip")), at_least=SHORT)

    assert "ProTooSlow" in short.logs


@pytest.mark.parametrize("pause", [0.05, 0.0001], ids=["slow", "fast"])
def test_A10_endless_chunks_over_tls(
    tls: Scene, certificates: dict[str, Path], pause: float
) -> None:
    chunk = b"1\r\n \r\n" if pause > 0.01 else CHUNK
    fault = tls.playing(pouring(CHUNKED, chunk, pause), certificates["good"])

    outage(tls, fault, at_least=SHORT if pause > 0.01 else 0, while_down=little_memory(LITTLE))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(JSON + b'Content-Length: 100\r\n\r\n{"a": 1', id="7 bytes of 100"),
        pytest.param(JSON + b"Content-Length: 5000\r\n\r\n%s", id="whole JSON, too short"),
        pytest.param(CHUNKED + b"%x\r\n%s\r\n", id="no last chunk"),
        pytest.param(CHUNKED + b"fff\r\n%s", id="cut within a chunk"),
    ],
)
def test_A11_body_is_cut_short(scene: Scene, answer: bytes) -> None:
    def play(server: Raw, connection: socket.socket) -> None:
        """What has come would be a parcel, if it were all."""
        asked = heard(server, connection).rpartition("/")[2].encode()
        body = b'{"shipment_reference": "%s", "events": [{"event_code": "lost"}]}' % asked
        facts = (len(body), body)[2 - answer.count(b"%") :]
        connection.sendall(answer % facts)

    outage(scene, scene.playing(play))

    assert "lost" not in "".join(one.text for one in scene.answers)


def test_A11_half_of_an_answer(scene: Scene) -> None:
    outage(scene, scene.failing(Fault("truncate")))


@pytest.mark.parametrize(
    "lengths",
    [("{n}", "{more}"), ("{more}", "{n}"), ("-{n}",), ("abc",), ("{n}, {more}",), ("",)],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_A13_content_length_is_none(scene: Scene, lengths: tuple[str, ...]) -> None:
    def play(server: Raw, connection: socket.socket) -> None:
        """What it says would be a parcel, if it were clear how long it is."""
        asked = heard(server, connection).rpartition("/")[2]
        body = json.dumps(shipment(event("lost"), shipment_reference=asked))
        sizes = [one.format(n=len(body), more=len(body) + 1) for one in lengths]
        heads = "".join(f"Content-Length: {size}\r\n" for size in sizes)
        connection.sendall(JSON + f"{heads}\r\n{body}".encode())

    outage(scene, scene.playing(play))

    gc.collect()  # urllib3 leaves the socket of such an answer to the garbage collector


@pytest.mark.parametrize("kind", ["reset", "reset_mid"])
def test_A14_connection_is_reset(scene: Scene, kind: str) -> None:
    outage(scene, scene.failing(Fault(kind)))

    assert "ProUnreachable" in scene.logs


def test_A15_idle_connection_was_closed(scene: Scene) -> None:
    first, second = scene.parcel(), scene.parcel()
    was_fresh(scene.ask(first))
    lookups = scene.names.lookups
    scene.pro.hang_up()

    was_fresh(scene.ask(second))

    assert scene.calls_about(second) == 1
    assert scene.names.lookups == lookups + 1  # it was closed, and so opened again


def test_A15_nothing_is_sent_twice(scene: Scene) -> None:
    def play(server: Raw, connection: socket.socket) -> None:
        """Closes when the second request has come."""
        if server.read(connection):
            connection.sendall(JSON + b"Content-Length: 2\r\n\r\n{}")
            server.read(connection)

    before, cold = scene.parcel(), scene.parcel()
    with scene.playing(play) as server:
        cannot_answer(scene.ask(before), before)  # what it says is no parcel
        cannot_answer(scene.ask(cold), cold)

        assert server.connections == 1
        assert scene.calls_about(cold) == 1
    recovers(scene, cold)


def test_A15_what_is_said_twice_is_nobody_elses_answer(scene: Scene) -> None:
    """PRO, or what is in front of it, breaks HTTP: the second comes when the next has asked."""

    def play(server: Raw, connection: socket.socket) -> None:
        before = b""
        while asked := heard(server, connection):
            order = urlsplit(asked).path.rpartition("/")[2]
            told = {"tracking_responses": [shipment(custom_reference=order)], "total_results": 1}
            body = json.dumps(told).encode()
            answer = JSON + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            connection.sendall(before or answer)
            before = answer

    with scene.playing(play) as server:
        first, second, third = (scene.ask(order) for order in ("W-1", "W-2", "W-3"))

        assert server.connections == 2  # nothing more is read from the line of the first
    cannot_answer(second, "W-2")
    assert (first.status, third.status) == (200, 200)
    assert "W-1" in first.text
    assert "W-3" in third.text
    assert "AnswerOfAnother" in scene.logs


def test_A15_that_there_is_none_is_said_twice_and_only_of_the_one_that_is_not(scene: Scene) -> None:
    """The second, which comes when the next has asked, does not say whom it is about."""
    unknown = (
        JSON.replace(b"200 OK", b"404 Not Found")
        + b'Content-Length: 20\r\n\r\n{"code":"not_found"}'
    )
    missing, known = new_reference(), new_reference()

    def play(server: Raw, connection: socket.socket) -> None:
        before = b""
        while asked := heard(server, connection):
            reference = urlsplit(asked).path.rpartition("/")[2]
            body = json.dumps(shipment(event(), shipment_reference=reference)).encode()
            found = JSON + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            answer = unknown if reference == missing else found
            connection.sendall(before or answer)
            before = answer

    with scene.playing(play) as server:
        assert scene.ask(missing).status == 404
        assert scene.ask(known).parcel["data-shipment-reference"] == known

        assert server.connections == 2


def test_A17_megabytes_of_json(scene: Scene) -> None:
    outage(scene, scene.failing(Fault("big")))

    assert "AnswerTooLarge" in scene.logs


def test_A17_a_hundred_megabytes_are_not_read(scene: Scene) -> None:
    head = JSON + b"Content-Length: 100000000\r\n\r\n"
    sent: list[int] = []

    def play(server: Raw, connection: socket.socket) -> None:
        server.read(connection)
        connection.sendall(head)
        for _ in range(100_000_000 // 65536):
            connection.sendall(b" " * 65536)
            sent.append(65536)

    outage(scene, scene.playing(play), while_down=little_memory(LITTLE))

    assert 512 * 1024 < sum(sent) < 3 * 20_000_000  # the rest found nobody
    assert "AnswerTooLarge" in scene.logs


def test_A18_bomb(scene: Scene) -> None:
    with scene.failing(Fault("bomb")):
        one = scene.parcel()
        cannot_answer(scene.ask(one), one)  # the simulator has packed it now

    outage(scene, scene.failing(Fault("bomb")), while_down=little_memory(LITTLE))

    assert "AnswerTooLarge" in scene.logs


@pytest.mark.parametrize(
    ("status", "to"),
    [
        *((status, "another host") for status in (301, 302, 303, 307, 308)),
        *((302, to) for to in ("the same host", "plain http", "itself")),
    ],
)
def test_A21_redirect_is_not_followed(scene: Scene, status: int, to: str) -> None:
    with Simulator(key=KEY, stories=()) as other:
        location = {
            "another host": f"{other.url}/tracking/elsewhere",
            "the same host": "/pro/tracking/elsewhere",
            "plain http": f"http://{scene.name}/pro/tracking/elsewhere",
            "itself": "",
        }[to]
        fault = Fault("redirect", status=status, headers={"Location": location})

        outage(scene, scene.failing(fault))

        assert other.calls == []
    assert scene.calls_about("elsewhere") == 0


def test_A22_cookies_are_not_kept(scene: Scene) -> None:
    first, second = scene.parcel(), scene.parcel()
    with scene.failing(Fault("latency", seconds=0, headers={"Set-Cookie": "a=canary; Path=/"})):
        was_fresh(scene.ask(first))
    was_fresh(scene.ask(second))

    assert scene.calls_about(first) == scene.calls_about(second) == 1
    assert [call.headers.get("cookie") for call in scene.pro.calls] == [None, None]


def test_A23_environment_leads_nowhere(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {scene.name} login shop password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Raw(saying(JSON + b"Content-Length: 2\r\n\r\n{}")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/pro"))
        parcel = scene.parcel()

        was_fresh(scene.ask(parcel))

        assert proxy.requests == []
        requests.get(f"http://{scene.name}/others", timeout=LONGEST).close()
        (theirs,) = proxy.requests  # others do listen to the environment
        assert b"Authorization: Basic" in theirs
    (ours,) = scene.pro.calls
    assert "authorization" not in ours.headers
    assert scene.calls_about(parcel) == 1


def test_A24_one_slow_reference_holds_up_no_other(short: Scene) -> None:
    slow = short.parcel()
    others = [short.parcel() for _ in range(20)]
    with (
        short.failing(Fault("hang"), slow),
        crowd(*(partial(short.ask, slow) for _ in range(5))) as waiting,
    ):
        until(lambda: short.calls_about(slow))
        answered = at_once(*(partial(short.ask, one) for one in others))
        waited = [one.result(LONGEST) for one in waiting]

    for one in answered:
        was_fresh(one)
    for one in waited:
        cannot_answer(one, slow)
        assert one.seconds < 2.5 * SLACK
    assert [short.calls_about(one) for one in (slow, *others)] == [1] * 21
    recovers(short, slow)


def test_A25_every_second_answer_is_an_error(scene: Scene) -> None:
    chance = random.Random(25)
    said: list[bool] = []
    healthy = relaying(scene.pro)

    def play(server: Raw, connection: socket.socket) -> None:
        said.append(chance.random() < 0.5)
        if said[-1]:
            healthy(server, connection)
        elif server.read(connection):
            connection.sendall(b"HTTP/1.1 503 Out\r\nContent-Length: 0\r\n\r\n")

    parcel = scene.parcel()
    was_fresh(scene.ask(parcel))
    scene.pro.forget_calls()
    statuses = set()
    with scene.playing(play) as server:
        for _ in range(200):
            scene.clock.turn(seconds=10)
            statuses.add(scene.ask(parcel).status)
            scene.landed(parcel)
            scene.client.close()  # so that chance decides anew

    assert statuses == {200}
    assert set(said) == {True, False}
    good, bad = said.count(True), said.count(False)
    assert len(server.requests) == good + bad
    # An answer is fresh for 108 seconds or more, and after a failure nobody asks for 13.
    assert 5 <= (good - 1) * 108 + (bad - 1) * 13.5 <= 2000
    recovers(scene, old=parcel, after=OLD)


KEY_OF_PRO = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0iB48Gan4w0VvPSb
9Pbo7ZQ3K3h4Z0Svf5tsGZkIuIChRANCAASc9wZQGs1lxfp8F/YVIefplMIwancJ
1aYorC/NN/GmwfE3Ga9GIm3j8kOz23pFBaCF981hBqxaLJ2LQnRG3BPa
-----END PRIVATE KEY-----
"""
GOOD = """\
-----BEGIN CERTIFICATE-----
MIIBbzCCARagAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFQUk8gb2Yg
dGhlIG1hdHJpeDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowHDEa
MBgGA1UEAwwRUFJPIG9mIHRoZSBtYXRyaXgwWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAASc9wZQGs1lxfp8F/YVIefplMIwancJ1aYorC/NN/GmwfE3Ga9GIm3j8kOz
23pFBaCF981hBqxaLJ2LQnRG3BPao0cwRTAPBgNVHRMBAf8EBTADAQH/MBMGA1Ud
EQQMMAqCCHByby50ZXN0MB0GA1UdDgQWBBR0EywMNM4gBbpOi2rLc+7hOzVFrDAK
BggqhkjOPQQDAgNHADBEAiA8JZcJXcxfvzhOTW1GpdDG1DKhVQ/EAv1drmpCx7VX
zgIgVhv5SaLr+5zDIcm8W9EYcL1OrHk1yc9ZXPbOUIsdoy0=
-----END CERTIFICATE-----
"""
EXPIRED = """\
-----BEGIN CERTIFICATE-----
MIIBbzCCARSgAwIBAgIBAjAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFQUk8gb2Yg
dGhlIG1hdHJpeDAeFw0yMDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBwxGjAY
BgNVBAMMEVBSTyBvZiB0aGUgbWF0cml4MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEnPcGUBrNZcX6fBf2FSHn6ZTCMGp3CdWmKKwvzTfxpsHxNxmvRiJt4/JDs9t6
RQWghffNYQasWiydi0J0RtwT2qNHMEUwDwYDVR0TAQH/BAUwAwEB/zATBgNVHREE
DDAKgghwcm8udGVzdDAdBgNVHQ4EFgQUdBMsDDTOIAW6Totqy3Pu4Ts1RawwCgYI
KoZIzj0EAwIDSQAwRgIhALLMKSNtWh8rIZv//Nal/LnkvIzrP85HwIi8H42ft2YW
AiEA1e43+f7Zom9hLpel7o92gBJ2Q2yexKq6p+YvTcJfOHA=
-----END CERTIFICATE-----
"""
