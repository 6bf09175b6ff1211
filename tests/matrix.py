"""What the fault matrix shares: a page whose clock we turn, and PRO under a name that we lead."""

import logging
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag

from app import create_app
from tests.conftest import NOON, Shopper, TurnableClock, check_every_page
from tests.crowds import at_once, is_asked, landed
from tests.shipments import event, new_reference, shipment
from tests.test_client import Raw
from tracking.memory import Memory
from tracking.pro import errors
from tracking.pro.simulator import Fault, Simulator

NAME = "pro.test"  # PRO goes by it, or by a name under it
KEY = "key-canary-of-the-matrix"
SIGNEE = "SIGNEE-CANARY"
HOME = "51.50007 Canary Lane"
CANARIES = (SIGNEE, "51.50007", "Canary Lane", "0.12345")

MORNING = "2026-11-24T09:00:00+00:00"
DOWN = "Tracking is not working at the moment"
UNKNOWN = "We cannot find that parcel"
GONE = "This parcel is no longer available"
DELAYED = "Last updated 14:00. Live updates are delayed."

SLACK = 10  # times as long as stated: the machine may be busy
AT_ONCE = 5.0  # seconds; ten times the half second, for a busy machine
AFTER_PAUSE = 20.0  # seconds: the first pause of the breaker is 15, at most a fifth more
OLD = 300.0  # seconds after which a parcel in transit is asked for again

_ROOT = str(Path(__file__).parent.parent)
_INSIDE = re.compile(
    rf"Traceback|site-packages|\.py\b|{re.escape(_ROOT)}|{re.escape(NAME)}|{KEY}|127\.0\.0\.1"
    r"|(?i:x-api-key)"
)
_MADE_OF = re.compile(
    r"\b[A-Z]\w+(?:Error|Exception|Timeout)\b"
    r"|\b(?:" + "|".join(name for name in vars(errors) if name[0].isupper()) + r")\b"
    r"|(?i:\b(?:flask|werkzeug|jinja2?|requests|urllib3|granian|python)[/ ]v?\d)"
)


def scan_for_leaks(
    response: Any,
    logs: str,
    references: Iterable[str] = (),
    secrets: Iterable[str] = CANARIES,
) -> None:
    """Nothing of how it is made, and nobody's name or door, is in an answer or in the logs.

    `response` has `headers` and `text`; the name of an error, but no raw reference, may be logged.
    """
    answer = f"{response.headers}\n{response.text}"
    for text in (answer, logs):
        assert _INSIDE.findall(text) == []
        assert [one for one in secrets if one in text] == []
    assert _MADE_OF.findall(answer) == []
    assert [one for one in references if one in logs] == []


@dataclass
class Names:
    """Where PRO's name leads; `lookups` counts how often that was asked."""

    name: str
    lead: Callable[[], tuple[str, int]]
    lookups: int = 0
    really: Callable[..., list] = field(default_factory=lambda: socket.getaddrinfo)

    def look_up(self, host: Any, *args: Any, **kwargs: Any) -> list:
        """In place of getaddrinfo."""
        if host != self.name:
            return self.really(host, *args, **kwargs)
        self.lookups += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", self.lead())]


@dataclass(frozen=True)
class Answer:
    """What the shopper got, and after how many seconds."""

    status: int
    headers: Any
    text: str
    json: Any
    seconds: float

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The page, which is as every page is."""
        soup = BeautifulSoup(self.text, "html.parser")
        check_every_page(soup, self.status)
        return soup

    @property
    def headline(self) -> str:
        return self.soup.select_one("h1").get_text()

    @property
    def parcel(self) -> Tag:
        """The element that holds the one shipment."""
        (parcel,) = self.soup.select("[data-shipment-reference]")
        return parcel

    @property
    def fresh(self) -> str:
        return self.soup.select_one("main")["data-fresh"]

    @property
    def codes(self) -> list[str]:
        """The codes of the scans, as shown."""
        return [scan["data-event-code"] for scan in self.soup.select("[data-event-code]")]


class _Kept(logging.Handler):
    """Everything that is logged, with the stacks of errors."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass
class Scene:
    """An application in front of PRO, which goes by a `name` that no other scene uses.

    Usable as a context manager, for as long as a module.
    """

    name: str
    scheme: str = "http"
    environ: dict[str, str] = field(default_factory=dict)
    empty_lists: bool = False
    pro: Simulator = field(init=False)
    names: Names = field(init=False)
    servers: list[Raw] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    clock: TurnableClock = field(default_factory=TurnableClock)

    def __post_init__(self) -> None:
        self.pro = Simulator(key=KEY, stories=(), clock=self.clock, empty_lists=self.empty_lists)
        account = {"PRO_API_URL": f"{self.scheme}://{self.name}/pro", "PRO_API_KEY": KEY}
        limits = {"LIMIT_LOOKUPS": "0", "LIMIT_NOT_FOUND": "0", "LOG_LEVEL": "DEBUG"}
        settings = {**account, **limits, "PRO_ALLOW_HTTP": "1", **self.environ}
        self.app = create_app(settings, self.clock, self.clock.timer)
        self._kept = _Kept()

    def __enter__(self) -> Self:
        self.pro.start()
        self.names = Names(self.name, partial(address_of, self.pro.url))
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(socket, "getaddrinfo", self.names.look_up)
        logging.getLogger().addHandler(self._kept)
        assert self.ask("").status == 400  # so that the pages of errors are compiled
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._kept)
        self._patch.undo()
        self.client.close()
        if self.memory.shared:
            self.memory.shared.client.close()
        self.pro.stop()

    @contextmanager
    def row(self) -> Iterator[Self]:
        """Around one test: healthy and counted anew at its beginning, nothing leaked at its end."""
        self.clock.turn(hours=1)
        self.clock.set(NOON)
        assert self.ask(self.parcel()).status == 200
        self.pro.forget_calls()
        self.names.lookups = 0
        for kept in (self.servers, self.answers, self.references, self._kept.lines):
            kept.clear()
        yield self
        for answer in self.answers:
            scan_for_leaks(answer, self.logs, self.references)
        assert [answer.headers["Set-Cookie"] for answer in self.answers if _sets(answer)] == []

    @property
    def client(self) -> Any:
        return self.app.extensions["parcel_page"].lookup.asking.calls.client

    @property
    def memory(self) -> Memory:
        return self.app.extensions["parcel_page"].lookup.memory

    @property
    def logs(self) -> str:
        return "\n".join(self._kept.lines)

    def parcel(self, *codes: str, **more: Any) -> str:
        """A parcel with words that nobody may see: its reference."""
        seen = [event(code, at=MORNING) for code in codes or ("in_transit",)]
        door = event(
            "delivery_attempted",
            at="2026-11-23T09:00:00+00:00",
            signee=SIGNEE,
            location=HOME,
            lat_long={"latitude": 51.50007, "longitude": -0.12345},
            description=f"Not signed for by {SIGNEE}",
        )
        return self.put(shipment(door, *seen, **more))

    def put(self, made: dict) -> str:
        """Put a shipment into PRO's account: its reference."""
        self.pro.put(made)
        self.references += [
            made[name]
            for name in ("shipment_reference", "custom_reference")
            if isinstance(made.get(name), str) and made[name] not in self.references
        ]
        return made["shipment_reference"]

    def moves_on(self, reference: str) -> None:
        """PRO has news of a parcel: it is out for delivery."""
        scans = [event("in_transit", at=MORNING), event("out_for_delivery", at=_later())]
        self.put(shipment(*scans, shipment_reference=reference))

    def ask(self, reference: str, **query: str) -> Answer:
        """The page."""
        return self.get("/parcel", reference=reference, **query)

    def ask_json(self, reference: str, **query: str) -> Answer:
        return self.get("/parcel.json", reference=reference, **query)

    def get(self, path: str, **query: str) -> Answer:
        started = time.monotonic()
        got = self.app.test_client().get(path, query_string=query)
        seconds = time.monotonic() - started
        made = Answer(got.status_code, got.headers, got.text, got.get_json(silent=True), seconds)
        self.answers.append(made)
        return made

    def landed(self, reference: str) -> None:
        """Wait until an answer is renewed, or could not be."""
        landed(Shopper(self.app.test_client()), reference)

    def is_asked(self, reference: str) -> bool:
        """Whether PRO is being asked about it."""
        return is_asked(Shopper(self.app.test_client()), reference)

    def asks_again(self) -> bool:
        """Whether the breaker lets calls pass, as the page itself says."""
        return self.app.test_client().get("/readyz").json["pro"] == "asked"

    def calls_about(self, reference: str) -> int:
        """How often PRO, or whoever answered to its name, was asked about a reference."""
        heard = [call.target.encode() for call in self.pro.calls]
        heard += [request for server in self.servers for request in server.requests]
        return sum(reference.encode() in request for request in heard)

    @contextmanager
    def failing(self, fault: Fault, reference: str = "*") -> Iterator[None]:
        """PRO fails so, and in the end it really did."""
        before = len(self.pro.fired)
        self.pro.fault(fault, reference)
        try:
            yield
        finally:
            self.pro.heal(reference)
        assert set(self.pro.fired[before:]) == {fault.kind}

    @contextmanager
    def leading_to(self, lead: Callable[[], tuple[str, int]]) -> Iterator[None]:
        """PRO's name leads elsewhere, and in the end somebody really asked for it."""
        usual, self.names.lead = self.names.lead, lead
        before = self.names.lookups
        self.client.close()
        try:
            yield
        finally:
            self.names.lead = usual
            self.client.close()
        assert self.names.lookups > before

    @contextmanager
    def playing(
        self, play: Callable[[Raw, socket.socket], None], tls: Path | None = None
    ) -> Iterator[Raw]:
        """PRO is a bare socket that plays so, and in the end it was really connected to."""
        with Raw(play, tls) as server:
            self.servers.append(server)
            with self.leading_to(partial(address_of, server.url)):
                yield server
            assert server.connections


def running(scene: Scene) -> Iterator[Scene]:
    """For a fixture with the life of a module: to compile templates takes longer than a test."""
    with scene:
        yield scene


def outage(
    scene: Scene,
    fault: AbstractContextManager[object],
    *,
    calls: int = 1,
    within: float = 2.5,
    at_least: float = 0.0,
    while_down: AbstractContextManager[object] | None = None,
) -> None:
    """One row: COLD nothing is known and it says so, STALE what was known is shown with its age.

    `calls` is how often PRO is asked for each; `within` and `at_least` are seconds; `while_down`
    is around all that happens under the fault.
    """
    cold, in_json, old = (scene.parcel() for _ in range(3))
    was_fresh(scene.ask(old))
    scene.clock.turn(seconds=OLD)
    scene.pro.forget_calls()
    with fault, while_down or nullcontext():
        page, told, shown = at_once(
            partial(scene.ask, cold), partial(scene.ask_json, in_json), partial(scene.ask, old)
        )
        scene.landed(old)
        cannot_answer(page, cold)
        cannot_answer_json(told)
        for one in (page, told):
            assert at_least <= one.seconds < within * SLACK, one.seconds
        being_renewed(shown)
        delayed(scene, old)
        asked = [scene.calls_about(one) for one in (cold, in_json, old)]
        assert asked == [calls] * 3, asked
    recovers(scene, cold, old)


def was_fresh(answer: Answer) -> None:
    assert (answer.status, answer.fresh) == (200, "fresh")
    assert answer.codes == ["in_transit", "delivery_attempted"]


def being_renewed(answer: Answer) -> None:
    """The old page at once, with no excuses yet."""
    was_fresh(answer)
    assert "delayed" not in answer.text
    assert answer.seconds < AT_ONCE


def cannot_answer(answer: Answer, reference: str) -> None:
    """U: a kind page with the form, and when to come again."""
    assert answer.status == 503
    assert answer.headline == DOWN
    assert "Try again in a few minutes" in answer.soup.select_one("main").get_text()
    assert answer.soup.select_one("input[name=reference]")["value"] == reference
    assert not answer.soup.select("[data-event-code], [data-shipment-reference]")
    come_later(answer)


def cannot_answer_json(answer: Answer) -> None:
    """U for a machine."""
    assert answer.status == 503
    assert answer.json["error"]["code"] == "unavailable"
    assert answer.json["error"]["message"].startswith(DOWN)
    assert answer.json.keys() == {"error"}
    come_later(answer)


def come_later(answer: Answer) -> None:
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


def delayed(scene: Scene, reference: str) -> None:
    """S: what was known at two o'clock, and that it is not newer."""
    answer = scene.ask(reference)
    assert (answer.status, answer.fresh) == (200, "stale")
    assert answer.codes == ["in_transit", "delivery_attempted"]
    assert answer.parcel["data-shipment-reference"] == reference
    notice = answer.soup.select_one(".answer__delayed")
    assert notice.get_text() == DELAYED
    assert notice.time["datetime"] == NOON.isoformat()
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.seconds < AT_ONCE
    told = scene.ask_json(reference)
    assert (told.status, told.json["stale"]) == (200, True)
    assert told.json["checked_at"] == NOON.isoformat()
    assert told.json["shipments"][0]["status"] == "in_transit"


def recovers(
    scene: Scene, cold: str | None = None, old: str | None = None, after: float = AFTER_PAUSE
) -> None:
    """The fault is over: within one pause of the breaker there is fresh news of everything."""
    scene.clock.turn(seconds=after)
    if cold:
        answer = scene.ask(cold)
        assert (answer.status, answer.fresh, answer.headline) == (200, "fresh", "On its way")
    if old:
        scene.moves_on(old)
        assert scene.ask(old).status == 200
        scene.landed(old)
        answer = scene.ask(old)
        assert (answer.status, answer.fresh) == (200, "fresh")
        assert answer.parcel["data-status"] == "out_for_delivery"
        told = scene.ask_json(old)
        assert told.json["stale"] is False
        assert told.json["checked_at"] == scene.clock().isoformat()
    assert scene.asks_again()


def not_found(answer: Answer, reference: str) -> None:
    """N: a page that says so, with the form and what was typed."""
    assert (answer.status, answer.headline) == (404, UNKNOWN)
    assert answer.soup.select_one("input[name=reference]")["value"] == reference
    assert answer.headers["Cache-Control"] == "no-store"


def unknown_to_pro(scene: Scene) -> str:
    """A reference that PRO has no shipment for."""
    reference = new_reference()
    scene.references.append(reference)
    return reference


def heard(server: Raw, connection: socket.socket) -> str:
    """The next request on a connection, as what it asks for; nothing where the client has gone.

    Several ask a server at once, so its list of requests does not tell which one this was.
    """
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        received = connection.recv(65536)
        if not received:
            return ""
        request += received
    server.requests.append(request)
    return request.decode().split(" ")[1]


def address_of(url: str) -> tuple[str, int]:
    """Host and port."""
    parts = urlsplit(url)
    return str(parts.hostname), parts.port or 80


def _sets(answer: Answer) -> bool:
    return "Set-Cookie" in answer.headers


def _later() -> str:
    return "2026-11-24T13:30:00+00:00"
