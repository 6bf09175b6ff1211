"""The fault matrix, part F: odd requests and references cost nothing, break nothing, leak nothing.

In a process where the application decides, over bare sockets where the server has a say.
"""

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPMessage, HTTPResponse
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.conftest import check_every_page
from tests.crowds import LONGEST
from tests.fleet import Fleet
from tests.fleet import parcel as parcel_of_the_fleet
from tests.matrix import (
    KEY,
    UNKNOWN,
    Answer,
    Scene,
    cannot_answer,
    not_found,
    running,
    scan_for_leaks,
    was_fresh,
)
from tests.shipments import event, new_reference, shipment
from tests.test_hostile import shape
from tracking.pro.simulator import Simulator

OURS = "parcels.shop.example"
CLOSE = "Connection: close"
LIMIT = 3  # lookups a minute, where they are limited
LIMITED = "Too many searches"
QUICK = 10.0  # seconds: a body that nobody reads is not waited for


# In the process: what the application makes of a reference and of a header.


@pytest.fixture(scope="module")
def whole_scene() -> Iterator[Scene]:
    yield from running(Scene("requests.pro.test"))


@pytest.fixture
def scene(whole_scene: Scene) -> Iterator[Scene]:
    with whole_scene.row():
        yield whole_scene
        good = whole_scene.parcel()
        was_fresh(whole_scene.ask(good))  # the next good request still works
        assert whole_scene.calls_about(good) == 1


def ask(scene: Scene, address: str, method: str = "GET", **headers: str) -> Answer:
    """An address as it is, with header names in which an underscore stands for a dash."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    got = scene.app.test_client().open(address, method=method, headers=named)
    answer = Answer(got.status_code, got.headers, got.text, got.get_json(silent=True), 0.0)
    scene.answers.append(answer)
    return answer


def refused(answer: Answer, words: str, typed: str | None = None) -> None:
    """I: the form again, with a word at the field and what was typed in it."""
    assert answer.status == 400
    assert answer.soup.select_one("#ref-error").get_text() == f"Error: {words}"
    field = answer.soup.select_one("input[name=reference]")
    assert field["aria-invalid"] == "true"
    assert typed is None or field["value"] == typed
    assert answer.headers["Cache-Control"] == "no-store"


def targets(pro: Simulator) -> list[str]:
    """What PRO was asked for, byte for byte, below the address of its service."""
    base = urlsplit(pro.url).path
    return [call.target.removeprefix(base) for call in pro.calls]


def of_order(tag: str) -> str:
    return f"/tracking/custom_reference/{quote(tag, safe='')}?take=10&skip=0"


def tagged(scene: Scene, tag: str) -> None:
    """PRO has a parcel with that custom reference."""
    scene.put(shipment(event(), custom_reference=tag))


@pytest.mark.parametrize("typed", ["", "   ", "\t\n", "\u200b\ufeff", '""', "%20"])
@pytest.mark.parametrize("path", ["/parcel", "/embed"])
def test_F1_nothing_typed_is_said_at_the_field(scene, path, typed):
    address = f"{path}?reference={typed if typed == '%20' else quote(typed)}"

    answer = ask(scene, address)

    refused(answer, "Enter your order number or tracking reference")
    assert scene.pro.calls == []


def test_F1_no_reference_at_all_is_said_at_the_field(scene):
    refused(ask(scene, "/parcel"), "Enter your order number or tracking reference", "")
    assert ask(scene, "/parcel.json").json["error"]["code"] == "invalid_reference"
    assert scene.pro.calls == []


FULL_WIDTH = str.maketrans({chr(n): chr(n + 0xFEE0) for n in range(0x21, 0x7F)})


@pytest.mark.parametrize(
    "write",
    [
        str.upper,
        lambda sp: f"  {sp}\n",
        lambda sp: f"{sp[:7]} {sp[7:19]}\t{sp[19:]}",
        lambda sp: sp.translate(FULL_WIDTH),
        lambda sp: "\u200b".join(sp) + "\ufeff",
        lambda sp: f"“{sp}”",
    ],
    ids=["upper case", "around", "inside", "full width", "zero width", "quotes"],
)
def test_F2_a_reference_pasted_in_any_way_is_one_call_for_what_is_meant(scene, write):
    reference = scene.parcel()

    was_fresh(scene.ask(write(reference)))

    assert targets(scene.pro) == [f"/tracking/{reference}"]


@pytest.mark.parametrize(("prefix", "digits"), [("sp_", 31), ("sp_", 33), ("SP_", 31), ("sp_", 1)])
def test_F2_a_wrong_number_of_digits_is_counted_for_the_shopper_and_never_sent(
    scene, prefix, digits
):
    typed = prefix + "7" * digits

    answer = scene.ask(typed)

    words = f"A reference has 32 digits after sp_; this one has {digits}"
    refused(answer, words, typed)
    assert scene.pro.calls == []


@pytest.mark.parametrize("tag", ["F4-" + "x" * 47, "\U0001f4e6" * 25], ids=["letters", "emoji"])
def test_F4_fifty_units_are_looked_up(scene, tag):
    tagged(scene, tag)

    assert scene.ask(tag).status == 200

    assert targets(scene.pro) == [of_order(tag)]


@pytest.mark.parametrize(
    "typed",
    ["x" * 51, "\U0001f4e6" * 26, "\U0001f4e6" * 50, "x" * 2000, "y" * 4000],
    ids=["51", "52 units", "50 emoji", "2000", "4000"],
)
def test_F4_more_than_fifty_units_are_too_long(scene, typed):
    words = "Order number or tracking reference must be 50 characters or fewer"

    refused(scene.ask(typed), words, typed)
    assert scene.ask_json(typed).status == 400

    assert scene.pro.calls == []


@pytest.mark.parametrize("typed", [".", "..", " .. ", "\u2024", "shipment_contents"])
def test_F5_what_would_be_another_endpoint_is_refused(scene, typed):
    answer = scene.ask(typed)

    assert answer.status == 400
    assert "This cannot be an order number" in answer.soup.select_one("#ref-error").get_text()
    assert scene.pro.calls == []


HOSTILE_PATHS = [
    "../admin",
    "..%2fadmin",
    "%2e%2e",
    "%2e",
    "%252e",
    "a/../../x",
    "a/./b",
    "//evil",
    "\\..\\",
    "@evil",
    "a?x=1",
    "a#f",
    "a;b",
    "a%2Fb",
    "a&skip=9",
    "a+b",
    "a b",
    "...",
    "x/shipment_contents",
    "é/ü",
]


@pytest.mark.parametrize("tag", HOSTILE_PATHS)
def test_F5_any_other_is_one_call_for_exactly_that(scene, tag):
    tagged(scene, tag)

    answer = scene.ask(tag)

    assert answer.status == 200
    assert answer.parcel["data-shipment-reference"].startswith("sp_")
    assert targets(scene.pro) == [of_order(tag)]


@pytest.mark.parametrize("tag", HOSTILE_PATHS)
def test_F5_and_where_nobody_has_it_once_at_each_level(scene, tag):
    tag = f"{tag}!"

    not_found(scene.ask(tag), tag)

    items = of_order(tag).replace("?", "/shipment_contents?")
    assert targets(scene.pro) == [of_order(tag), items]


CONTROLS = {
    "NUL": "a\0b",
    "line": "a\r\nX-Evil: 1",
    "two lines": "a\r\n\r\n<h1>evil</h1>",
    "C1": "a\x85b",
    "escape": "a\x1b[31mb",
    "U+2028": "a\u2028X-Evil: 1",
    "U+2029": "a\u2029b",
}


@pytest.mark.parametrize("name", CONTROLS)
def test_F6_control_characters_are_refused_and_split_nothing(scene, name):
    before = scene.logs

    answer = scene.ask(CONTROLS[name])

    refused(
        answer, "Order number or tracking reference must not include hidden or control characters"
    )
    assert "X-Evil" not in answer.headers
    assert shape(answer.text) == shape(scene.ask("x" * 51).text)
    assert scene.pro.calls == []
    assert scene.logs == before


MARKUP = [
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><body onload=alert(1)>",
    "<!-- comment",
    "javascript:alert(1)",
    "{{7*7}}{{config}}",
    "{% include 'layout.html' %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "%(x)s %s %n",
    "{0.__class__}",
    "' OR 1=1 --",
    "'; DROP TABLE parcels; --",
]


@pytest.mark.parametrize("path", ["/parcel", "/embed"])
@pytest.mark.parametrize("typed", MARKUP)
def test_F8_whatever_is_typed_is_shown_as_text(scene, typed, path):
    harmless = scene.get(path, reference="F8 HARMLESS")
    scene.pro.forget_calls()

    answer = scene.get(path, reference=typed)

    not_found(answer, typed)
    assert shape(answer.text) == shape(harmless.text)
    assert answer.soup.title == harmless.soup.title
    items = of_order(typed).replace("?", "/shipment_contents?")
    assert targets(scene.pro) == [of_order(typed), items]


def test_F8_it_is_text_in_the_title_of_an_order_too(scene):
    tag = "<b>{{7*7}}"
    tagged(scene, tag)
    tagged(scene, tag)

    answer = scene.ask(tag)

    assert answer.status == 200
    assert tag in answer.soup.title.get_text()
    assert answer.soup.select("title b, h1 b") == []
    assert targets(scene.pro) == [of_order(tag)]


@pytest.mark.parametrize("method", ["get", "Get", "head", "hEAD", "post"])
@pytest.mark.parametrize("path", ["/", "/parcel", "/parcel.json", "/embed", "/assets/parcel.css"])
def test_F11_a_method_in_small_letters_is_another_method(scene, path, method):
    reference = scene.parcel()
    query = f"reference={reference}" if path.startswith(("/parcel", "/embed")) else ""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": OURS,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }

    answer = scene.app(environ, lambda status, headers, exc_info=None: said.append(status))
    getattr(answer, "close", lambda: None)()

    assert [status[:3] for status in said] == ["405"]
    assert scene.pro.calls == []
    assert "Traceback" not in scene.logs


def test_F12_head_is_answered_from_memory_or_not_at_all(scene):
    reference = scene.parcel()

    cold = ask(scene, f"/parcel?reference={reference}", method="HEAD")
    assert (cold.status, cold.text) == (503, "")
    assert int(cold.headers["Retry-After"]) >= 1
    assert scene.pro.calls == []

    page = scene.ask(reference)
    scene.pro.forget_calls()
    warm = ask(scene, f"/parcel?reference={reference}", method="HEAD")
    assert (warm.status, warm.text) == (200, "")
    assert warm.headers["ETag"] == page.headers["ETag"]
    assert warm.headers["Content-Length"] == page.headers["Content-Length"]
    assert scene.pro.calls == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-10"},
        {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(500))},
        {"Range": "bytes=0-0", "If_Range": '"x"'},
        {"Accept_Language": "de;q=0.9," * 1200},
        {"Accept_Language": "../../x"},
        {"Accept_Encoding": "gzip;q=" + "9" * 5000},
        {"Accept_Encoding": ",".join(f"x{n}" for n in range(2000))},
        {"Accept_Encoding": "*;q=0"},
        {"If_None_Match": '"another"'},
        {"If_None_Match": "W/" * 3000},
        {"If_Modified_Since": "Sat, 01 Jan 2050 00:00:00 GMT"},
        {"If_Match": '"another"'},
        {"If_Unmodified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"Accept": "image/png"},
    ],
    ids=lambda headers: " ".join(f"{name} {value}"[:24] for name, value in headers.items()),
)
def test_F18_a_header_that_asks_for_something_else_is_ignored(scene, headers):
    address = f"/parcel?reference={scene.parcel()}"
    plain = ask(scene, address)
    scene.pro.forget_calls()

    answer = ask(scene, address, **headers)

    assert (answer.status, answer.text) == (200, plain.text)
    assert answer.headers["Content-Length"] == str(len(plain.text.encode()))
    assert "Content-Encoding" not in answer.headers
    assert "Content-Range" not in answer.headers
    assert scene.pro.calls == []


def test_F18_who_has_the_page_is_told_so_and_nobody_else(scene):
    reference = scene.parcel()
    tag = scene.ask(reference).headers["ETag"]
    scene.pro.forget_calls()
    address = f"/parcel?reference={reference}"

    same = ask(scene, address, If_None_Match=f'"x", {tag}')
    assert (same.status, same.text) == (304, "")
    assert same.headers["ETag"] == tag
    assert "default-src 'none'" in same.headers["Content-Security-Policy"]
    assert ask(scene, f"/parcel?reference={new_reference()}", If_None_Match=tag).status == 404
    assert ask(scene, "/parcel?reference=", If_None_Match="*").status == 400
    assert len(scene.pro.calls) == 1  # for the one that nobody has


@pytest.mark.parametrize("lang", ["../../x", "de", "", "\0", "x" * 500, "<b>", "en,de"])
def test_F18_a_language_that_is_none_is_the_usual_one(scene, lang):
    reference = scene.parcel()
    plain = scene.ask(reference)
    scene.pro.forget_calls()

    answer = scene.ask(reference, lang=lang)

    assert (answer.status, answer.headline) == (200, plain.headline)
    assert answer.soup.html["lang"] == "en"
    assert scene.pro.calls == []


# Over bare sockets: what the server makes of a request.


@dataclass(frozen=True)
class Reply:
    """One answer as it came over the wire."""

    status: int
    headers: HTTPMessage
    text: str

    @property
    def soup(self) -> BeautifulSoup:
        """The page, which is as every page is."""
        soup = BeautifulSoup(self.text, "html.parser")
        check_every_page(soup, self.status)
        return soup

    @property
    def headline(self) -> str:
        return self.soup.select_one("h1").get_text()


class _Bytes(io.BytesIO):
    """What came, for a reader who closes it after each answer."""

    def makefile(self, *_: object) -> "_Bytes":
        return self

    def close(self) -> None:
        pass


def exchange(port: int, sent: bytes, method: str = "GET") -> list[Reply]:
    """Send it all, and read until the server closes: every answer that came."""
    came = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as line:
        with suppress(OSError):  # it may refuse before it has read all
            line.sendall(sent)
        with suppress(ConnectionError):
            while received := line.recv(65536):
                came += received
    replies, reader = [], _Bytes(bytes(came))
    while reader.tell() < len(came):
        response = HTTPResponse(reader, method=method)  # type: ignore[arg-type]
        response.begin()
        replies.append(Reply(response.status, response.headers, response.read().decode()))
    return replies


def request(
    target: str,
    *lines: str,
    method: str = "GET",
    host: str | None = OURS,
    version: str = "1.1",
    charset: str = "latin-1",
) -> bytes:
    """The head of a request, after which the server closes."""
    hosts = [] if host is None else [f"Host: {host}"]
    head = [f"{method} {target} HTTP/{version}", *hosts, CLOSE, *lines]
    return ("\r\n".join(head) + "\r\n\r\n").encode(charset)


@dataclass
class Served:
    """The real server in front of PRO, and all that it said."""

    pro: Simulator
    fleet: Fleet
    replies: list[Reply] = field(default_factory=list)
    before: int = 1  # lines printed before this test; the first says where it listens

    def ask(self, target: str, *lines: str, **more: str | None) -> Reply:
        (reply,) = self.send(request(target, *lines, **more), more.get("method") or "GET")
        return reply

    def send(self, sent: bytes, method: str = "GET") -> list[Reply]:
        replies = exchange(self.fleet.port, sent, method)
        self.replies += replies
        return replies

    def look_up(self, reference: str, *lines: str) -> Reply:
        return self.ask(f"/parcel?reference={quote(reference)}", *lines)

    def parcel(self) -> str:
        return parcel_of_the_fleet(self.pro)["shipment_reference"]


@contextmanager
def serving(**environ: str) -> Iterator[Served]:
    with (
        Simulator(key=KEY, stories=()) as pro,
        Fleet(pro, LOG_LEVEL="DEBUG", **environ) as fleet,
    ):
        yield Served(pro, fleet)


@contextmanager
def row(served: Served) -> Iterator[Served]:
    """Around one test: nothing leaks, and the next good request still works."""
    served.pro.forget_calls()
    served.replies.clear()
    served.before = len(served.fleet.printed)
    yield served
    good = served.parcel()
    served.pro.forget_calls()
    reply = served.look_up(good, "X-Forwarded-For: 203.0.113.250")
    assert (reply.status, reply.headline) == (200, "On its way")
    assert targets(served.pro) == [f"/tracking/{good}"]
    logs = "".join(served.fleet.printed[served.before :])
    for reply in served.replies:
        scan_for_leaks(reply, logs, [good])
        assert "Set-Cookie" not in reply.headers


@pytest.fixture(scope="module")
def whole_server() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def server(whole_server: Served) -> Iterator[Served]:
    with row(whole_server):
        yield whole_server


@pytest.fixture(scope="module")
def whole_shop() -> Iterator[Served]:
    # The good requests at the end of each row share an address: its limit would end them.
    with serving(
        ALLOWED_HOSTS=OURS, PROXIES="1", LIMIT_NOT_FOUND=str(LIMIT), LIMIT_LOOKUPS="0"
    ) as served:
        yield served


@pytest.fixture
def shop(whole_shop: Served) -> Iterator[Served]:
    """Behind a proxy, under a name of its own, and with clients limited."""
    with row(whole_shop):
        yield whole_shop


def seen(server: Served) -> tuple[str, str]:
    """A parcel that is known already, and its page."""
    reference = server.parcel()
    page = server.look_up(reference)
    assert page.status == 200
    server.pro.forget_calls()
    return reference, page.text


@pytest.mark.parametrize("target", ["/parcel?reference=", "/", "/parcel?reference=A&utm_source="])
def test_F4_seventy_thousand_characters_are_too_long_for_the_server(server, target):
    reply = server.ask(target + "x" * 70_000)

    assert reply.status == 414
    assert server.pro.calls == []


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("?reference=.", 400),
        ("?reference=..", 400),
        ("?reference=%2e%2e", 400),
        ("?reference=%2E", 400),
        ("?reference=%00", 400),
        ("?reference=a%0d%0aX-Evil:%201", 400),
        ("?reference=a&reference=b", 400),
        ("?reference=a&page=0", 400),
        ("?reference=%", 404),
        ("?reference=%zz", 404),
        ("?reference=%ff%fe", 404),
        ("?reference=%c0%ae%c0%ae", 404),
        ("?reference=%ed%a0%80", 404),
    ],
)
def test_F5_an_address_as_it_is_typed_means_what_it_says(server, target, status):
    reply = server.ask(f"/parcel{target}")

    assert reply.status == status
    assert "X-Evil" not in reply.headers
    assert len(server.pro.calls) == (2 if status == 404 else 0)
    for asked in targets(server.pro):
        assert asked.startswith("/tracking/custom_reference/%")
        assert asked.count("/") == (4 if "shipment_contents" in asked else 3)


@pytest.mark.parametrize("tag", ["Commandé-1", "☃", "\U0001f4e6"])
@pytest.mark.parametrize("more", ["", "&utm_source=☃"])
def test_F5_what_was_not_percent_encoded_means_the_same(server, tag, more):
    tag += str(len(more))  # nobody has asked for it yet
    server.pro.put(shipment(event(), custom_reference=tag))

    (reply,) = server.send(request(f"/parcel?reference={tag}{more}", charset="utf-8"))

    assert (reply.status, targets(server.pro)) == (200, [of_order(tag)])
    assert tag in reply.text
    assert "Content-Security-Policy" in reply.headers


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND", "FOO", "get"]
)
def test_F11_other_methods_are_told_which_there_are(server, method):
    reference, _ = seen(server)

    reply = server.ask(f"/parcel?reference={reference}", method=method)

    assert reply.status == 405
    assert reply.headline == "This page cannot be asked in that way"
    assert {one.strip() for one in reply.headers["Allow"].split(",")} == {"GET", "HEAD"}
    assert "X-Secret" not in reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert server.pro.calls == []


def test_F11_trace_gives_nothing_back(server):
    reply = server.ask("/", "X-Secret: of-the-proxy", method="TRACE")

    assert reply.status == 405
    assert "of-the-proxy" not in reply.text
    assert server.pro.calls == []


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_F11_no_header_makes_it_another_method(server, name):
    reference, page = seen(server)

    reply = server.look_up(reference, f"{name}: DELETE")
    assert (reply.status, reply.text) == (200, page)
    assert server.ask("/", f"{name}: GET", method="POST").status == 405
    assert server.pro.calls == []


PARTS = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n" * 2000
BODIES = {
    "9 KB": (["Content-Length: 9216"], "x" * 9216),
    "a gigabyte to come": (["Content-Length: 1073741824"], ""),
    "a gigabyte begun": (["Content-Length: 1073741824"], "x" * 100_000),
    "more than there is": (["Content-Length: 99999999999999999999"], ""),
    "chunks that are none": (["Transfer-Encoding: chunked"], "ZZZ\r\njunk\r\n\r\n"),
    "a chunk without end": (["Transfer-Encoding: chunked"], "fffffff\r\n" + "x" * 50_000),
    "many parts": (
        ["Content-Type: multipart/form-data; boundary=b", f"Content-Length: {len(PARTS)}"],
        PARTS,
    ),
    "form": (
        ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 11"],
        "reference=A",
    ),
}
# It hangs up on who still sends, who may then not see the answer.
STILL_SENT = {
    "a gigabyte begun",
    "a chunk without end",
    "chunks that are none",
    "9 KB",
    "many parts",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", BODIES)
def test_F13_a_body_is_neither_read_nor_waited_for(server, name, method):
    lines, body = BODIES[name]
    began = time.monotonic()

    replies = server.send(request("/", *lines, method=method) + body.encode(), method)

    assert time.monotonic() - began < QUICK
    usual = 200 if method == "GET" else 405
    assert {reply.status for reply in replies} <= {usual, 400, 413}
    assert len(replies) == 1 or (name in STILL_SENT and not replies)
    assert server.pro.calls == []


HOSTS = {
    "evil": ["Host: evil.test"],
    "evil with a port": ["Host: evil.test:443"],
    "two": [f"Host: {OURS}", "Host: evil.test"],
    "two, ours last": ["Host: evil.test", f"Host: {OURS}"],
    "empty": ["Host:"],
    "a list": [f"Host: {OURS}, evil.test"],
    "with a user": [f"Host: evil@{OURS}"],
    "with markup": ["Host: <script>alert(1)</script>"],
    "under ours": [f"Host: evil.{OURS}"],
    "ours and more": [f"Host: {OURS}.evil.test"],
    "very long": ["Host: " + "a." * 5000],
}


@pytest.mark.parametrize("name", HOSTS)
def test_F14_under_a_name_that_is_not_ours_nothing_is_shown(shop, name):
    reference = shop.parcel()

    reply = shop.ask(f"/parcel?reference={reference}", *HOSTS[name], host=None)

    assert reply.status == 400
    assert "evil" not in reply.text + str(reply.headers)
    assert "<script" not in reply.text
    assert shop.pro.calls == []


@pytest.mark.parametrize("host", [OURS, OURS.upper(), f"{OURS}:8443", f"{OURS}."])
def test_F14_under_our_name_however_it_is_written_it_is_shown(shop, host):
    reference, page = seen(shop)

    reply = shop.ask(f"/parcel?reference={reference}", host=host)

    assert (reply.status, reply.text) == (200, page)
    assert shop.pro.calls == []


def test_F14_without_a_name_only_machines_are_answered(shop):
    assert shop.ask("/", host=None, version="1.0").status == 400
    assert shop.ask("/healthz", host=None, version="1.0").status == 200
    assert shop.ask("/healthz", host="10.0.0.7:8000").status == 200
    assert shop.pro.calls == []


def test_F14_the_name_in_an_absolute_address_is_not_believed(shop):
    reference, page = seen(shop)
    target = f"/parcel?reference={reference}"

    assert shop.ask(f"http://{OURS}{target}", host="evil.test").status == 400
    reply = shop.ask(f"http://evil.test{target}")
    assert (reply.status, reply.text) == (200, page) or reply.status == 400
    assert "evil" not in reply.text
    assert shop.ask(f"http://evil.test{target}", host=None, version="1.0").status == 400
    assert shop.pro.calls == []


@pytest.mark.parametrize("name", HOSTS)
def test_F14_where_any_name_will_do_no_page_is_made_from_it(server, name):
    reference, page = seen(server)

    reply = server.ask(f"/parcel?reference={reference}", *HOSTS[name], host=None)

    assert (reply.status, reply.text) == (200, page)
    assert "evil" not in str(reply.headers)
    assert server.pro.calls == []


def test_F14_where_any_name_will_do_none_will_too(server):
    reference, page = seen(server)
    target = f"/parcel?reference={reference}"

    for reply in (
        server.ask(target, host=None, version="1.0"),
        server.ask(f"http://evil.test{target}", host=None, version="1.0"),
        server.ask(f"http://evil.test{target}"),
    ):
        assert (reply.status, reply.text) == (200, page)
    assert server.pro.calls == []


FORWARDED = [
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Server: evil.test",
    "X-Forwarded-Prefix: /evil",
    "X-Forwarded-Port: 666",
    "X-Script-Name: /evil",
    "X-Original-URL: /metrics",
    "X-Rewrite-URL: /metrics",
    "Forwarded: for=192.0.2.99;host=evil.test;proto=https",
    "X_Forwarded_Host: evil.test",
    "X_Forwarded_Prefix: /evil",
    "Front-End-Https: on",
]


@pytest.mark.parametrize("line", FORWARDED)
@pytest.mark.parametrize("which", ["whole_server", "whole_shop"])
def test_F15_no_page_is_made_from_what_a_proxy_adds(request, which, line):
    with row(request.getfixturevalue(which)) as served:
        reference, page = seen(served)

        reply = served.look_up(reference, line)

        assert (reply.status, reply.text) == (200, page)
        assert "evil" not in str(reply.headers)
        assert "Strict-Transport-Security" not in reply.headers
        assert served.pro.calls == []


@pytest.mark.parametrize("line", ["X-Forwarded-Proto: https", "X_Forwarded_Proto: https"])
def test_F15_without_a_proxy_of_ours_nobody_says_that_it_is_https(server, line):
    reply = server.ask("/", line)

    assert reply.status == 200
    assert "Strict-Transport-Security" not in reply.headers
    assert server.pro.calls == []


def test_F15_behind_a_proxy_of_ours_it_says_so(shop):
    assert "Strict-Transport-Security" in shop.ask("/", "X-Forwarded-Proto: https").headers
    assert "Strict-Transport-Security" not in shop.ask("/", "X-Forwarded-Proto: http").headers
    spoofed = shop.ask("/", "X-Forwarded-Proto: https", "X_Forwarded_Proto: http")
    assert "Strict-Transport-Security" in spoofed.headers
    assert shop.pro.calls == []


def in_vain(served: Served, *lines: str) -> Reply:
    """Look up what nobody has."""
    return served.look_up(new_reference(), *lines)


def is_limited(reply: Reply) -> bool:
    assert reply.status in {404, 429}
    assert reply.headline == (LIMITED if reply.status == 429 else UNKNOWN)
    return reply.status == 429


def test_F15_without_a_proxy_of_ours_an_address_that_is_claimed_is_not_believed():
    with serving(LIMIT_NOT_FOUND=str(LIMIT)) as served:
        replies = [
            in_vain(served, f"X-Forwarded-For: 198.51.100.{n}", f"Forwarded: for=198.51.100.{n}")
            for n in range(LIMIT + 2)
        ]

        assert [is_limited(reply) for reply in replies] == [False] * LIMIT + [True] * 2
        assert len(served.pro.calls) == LIMIT


# How a client may claim an address; the proxy of ours has put the last of X-Forwarded-For there.
# The last two are other orders on the line: proxies put theirs before or behind, and the server
# moves the last header to the place of a Content-Type.
CLAIMS = {
    "in the list": ["X-Forwarded-For: {claimed}, {real}"],
    "in a line before": ["X-Forwarded-For: {claimed}", "X-Forwarded-For: {real}"],
    "as another header": [
        "X-Real-IP: {claimed}",
        "X-Forwarded-For: {real}",
        "Forwarded: {claimed}",
    ],
    "not in ASCII": ["X-Forwarded-For: \xff{claimed}", "X-Forwarded-For: {real}"],
    "with underscores, before": ["X_Forwarded_For: {claimed}", "X-Forwarded-For: {real}"],
    "with underscores, behind": ["X-Forwarded-For: {real}", "X_Forwarded_For: {claimed}"],
    "with one underscore": ["X-Forwarded-For: {real}", "X-Forwarded_For: {claimed}"],
    "with underscores and a type": [
        "Content-Type: a/b",
        "X_Forwarded_For: {claimed}",
        "X-Forwarded-For: {real}",
    ],
}


@pytest.mark.parametrize("name", CLAIMS)
def test_F15_behind_a_proxy_of_ours_only_what_it_says_itself_counts(shop, name):
    """PROXIES=1: the client is the last in X-Forwarded-For, whatever else a header claims."""
    real = f"203.0.113.{list(CLAIMS).index(name)}"

    def ask_as(claimed: str) -> Reply:
        return in_vain(shop, *(line.format(claimed=claimed, real=real) for line in CLAIMS[name]))

    replies = [ask_as(f"198.51.100.{n}") for n in range(LIMIT + 2)]

    assert [is_limited(reply) for reply in replies] == [False] * LIMIT + [True] * 2
    assert int(replies[-1].headers["Retry-After"]) >= 1
    assert len(shop.pro.calls) == LIMIT


def test_F15_behind_a_proxy_of_ours_clients_are_told_apart(shop):
    for n in range(LIMIT + 2):
        assert not is_limited(in_vain(shop, f"X-Forwarded-For: 192.0.2.{n}"))
    assert len(shop.pro.calls) == LIMIT + 2


NEXT = request("/healthz").decode()
INNER = f"GET /parcel?reference=SMUGGLED HTTP/1.1\r\nHost: {OURS}\r\n\r\n"
END = "0\r\n\r\n"
CHUNK = f"{len(INNER):x}\r\n{INNER}\r\n{END}"
CL, TE = f"Content-Length: {len(INNER)}", "Transfer-Encoding: chunked"

# The headers of a POST, its body, and what may be answered to it and to what comes next.
CLEAR = {
    "CL": ([CL], INNER),
    "the same CL twice": ([CL, CL], INNER),
    "TE": ([TE], CHUNK),
    "TE after a tab": (["Transfer-Encoding:\tchunked"], CHUNK),
    "TE twice": (["Transfer-Encoding: identity", TE], CHUNK),
    "bodiless": ([], ""),
}
READ_ONE_WAY = {  # and then hung up
    "CL and TE": ([f"Content-Length: {len(END + INNER)}", TE], END + INNER),
    "TE and CL": ([TE, "Content-Length: 4"], CHUNK),
    "a size too large": ([TE], f"fffffffffffffffff0\r\n{INNER}"),
    "a size and more": ([TE], f"0;a\n\r\n{INNER}"),
}
UNCLEAR = {
    "two CL": (["Content-Length: 0", CL], INNER),
    "two CL, the longer first": ([CL, "Content-Length: 0"], INNER),
    "list of CL": ([f"Content-Length: 0, {len(INNER)}"], INNER),
    "CL with a plus": ([f"Content-Length: +{len(INNER)}"], INNER),
    "CL below zero": (["Content-Length: -1"], INNER),
    "CL in hex": ([f"Content-Length: 0x{len(INNER):x}"], INNER),
    "TE and a blank": (["Transfer-Encoding : chunked"], CHUNK),
    "TE that is none": (["Transfer-Encoding: xchunked"], CHUNK),
    "TE not last": (["Transfer-Encoding: chunked, identity"], CHUNK),
    "TE after a VT": (["Transfer-Encoding: \x0bchunked"], CHUNK),
    "TE in a fold": (["Transfer-Encoding:\r\n chunked"], CHUNK),
    "a fold": (["X-A: b\r\n c", CL], INNER),
    "a bare CR": (["X-A: b\rContent-Length: 0", CL], INNER),
    "a NUL": (["X-A: \0", CL], INNER),
    "a blank in a name": (["X A: b", CL], INNER),
}


def smuggle(server: Served, method: str, lines: list[str], body: str) -> list[int]:
    """Another request hidden in the body of one, and one more behind: what is answered."""
    head = "\r\n".join([f"{method} / HTTP/1.1", f"Host: {OURS}", *lines])
    replies = server.send(f"{head}\r\n\r\n{body}{NEXT}".encode("latin-1"))
    assert server.pro.calls == []  # what was hidden would have been looked up
    return [reply.status for reply in replies]


@pytest.mark.parametrize(("method", "first"), [("GET", 200), ("POST", 405)])
@pytest.mark.parametrize("name", CLEAR)
def test_F16_one_request_is_one_answer(server, name, method, first):
    assert smuggle(server, method, *CLEAR[name]) == [first, 200]


@pytest.mark.parametrize(("method", "first"), [("GET", 200), ("POST", 405)])
@pytest.mark.parametrize("name", READ_ONE_WAY)
def test_F16_after_a_body_that_may_be_read_in_two_ways_it_hangs_up(server, name, method, first):
    assert smuggle(server, method, *READ_ONE_WAY[name]) in ([first], [400])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", UNCLEAR)
def test_F16_a_request_that_is_not_clear_is_refused_and_it_hangs_up(server, name, method):
    assert smuggle(server, method, *UNCLEAR[name]) == [400]


def test_F16_bare_line_feeds_are_one_request_too(server):
    first = f"POST / HTTP/1.1\nHost: {OURS}\nContent-Length: {len(INNER)}\n\n{INNER}"

    replies = server.send((first + NEXT).encode())

    assert [reply.status for reply in replies] in ([405, 200], [400])
    assert server.pro.calls == []


@pytest.mark.parametrize(
    "line", ["GET /", "GET / HTTP/2.0", "GET / HTTP/1.1 x", "GET  /  HTTP/1.1", "GET\t/ HTTP/1.1"]
)
def test_F16_a_first_line_that_is_none_is_refused(server, line):
    replies = server.send(f"{line}\r\nHost: {OURS}\r\n{CLOSE}\r\n\r\n".encode())

    assert [reply.status for reply in replies] == [400]
    assert server.pro.calls == []


def test_F17_two_hundred_headers_are_too_many(server):
    reply = server.ask("/", *(f"X-A{n}: b" for n in range(200)))

    assert reply.status == 431
    assert server.pro.calls == []


def test_F17_a_long_header_is_refused_or_means_nothing(server):
    reference, page = seen(server)

    reply = server.look_up(reference, "X-A: " + "x" * 20_000)

    assert reply.status == 431 or (reply.status, reply.text) == (200, page)
    assert server.look_up(reference, "X-A: " + "x" * 600_000).status == 431
    assert server.pro.calls == []


def test_F17_an_address_of_five_thousand_characters_is_too_long(server):
    reference, _ = seen(server)

    for target in (f"/parcel?reference={reference}&utm_x=", "/parcel?reference=A&utm_x=", "/"):
        reply = server.ask(target + "x" * 5000)

        assert (reply.status, reply.headline) == (414, "This address is too long")
        assert reply.headers["Cache-Control"] == "no-store"
    assert server.pro.calls == []


def test_F17_the_cookies_of_the_shop_are_no_hindrance(server):
    reference, page = seen(server)

    reply = server.look_up(reference, "Cookie: shop=" + "x" * 8192)

    assert (reply.status, reply.text) == (200, page)
    assert server.pro.calls == []


ODD_PATHS = [
    "/track//x",
    "/parcel/",
    "/parcel/x",
    "/parcel.JSON",
    "/PARCEL",
    "/parcel;x",
    "/parcel%2f..",
    "/./parcel",
    "/x/../parcel",
    "/assets/",
    "/assets/../app.py",
    "/assets/..%2fapp.py",
    "/assets/%2e%2e/app.py",
    "/assets/%252e%252e/app.py",
    "/assets/..\\app.py",
    "/assets//etc/passwd",
    "/assets//parcel.css",
    "/assets/parcel.css%00.txt",
    "/static/parcel.css",
    "/static/../app.py",
    "/.git/config",
    "/.env",
    "/app.py",
    "/console",
    "/console?__debugger__=yes&cmd=1&frm=0",
    "/robots.txt",
    "/%00",
    "/%ff",
    "/%0d%0aX-Evil:%201",
    "//evil.test/",
    "///evil.test/%2e%2e",
    "/\\evil.test",
    "/https://evil.test",
    "/?reference=A&__debugger__=yes&cmd=resource&f=debugger.js",
    "*",
]  # fmt: skip


@pytest.mark.parametrize("path", ODD_PATHS)
def test_F19_an_odd_path_is_no_page_and_leads_nowhere_else(server, path):
    reply = server.ask(path)

    if path.startswith("/?"):
        assert (reply.status, reply.headline) == (200, "Where is your parcel?")
    else:
        assert (reply.status, reply.headline) == (404, "There is no page at this address")
    assert "Location" not in reply.headers
    assert "X-Evil" not in reply.headers
    assert not {"create_app", "debugger", "root:x", "evil"} & set(reply.text.split())
    assert (Path(__file__).read_text())[:40] not in reply.text
    assert server.pro.calls == []


def test_F19_a_fault_of_ours_opens_no_debugger(scene, monkeypatch):
    reference = scene.parcel()

    def break_it(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours, for the debugger")

    with monkeypatch.context() as patch:
        patch.setattr("tracking.pages.tell", break_it)
        answer = scene.get("/parcel", reference=reference, __debugger__="yes")

    assert (answer.status, answer.headline) == (500, "Something went wrong on our side")
    assert "debugger" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert scene.calls_about(reference) == 1
    was_fresh(scene.ask(reference))
    scene.pro.forget_calls()


def test_F12_prefetch_is_answered_from_memory_or_not_at_all(scene):
    reference = scene.parcel()

    cannot_answer(
        ask(scene, f"/parcel?reference={reference}", Sec_Purpose="prefetch;prerender"), reference
    )
    assert scene.pro.calls == []
    was_fresh(scene.ask(reference))
    scene.pro.forget_calls()
    was_fresh(ask(scene, f"/parcel?reference={reference}", Sec_Purpose="prefetch"))
    assert scene.pro.calls == []
