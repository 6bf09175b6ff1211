"""The fault matrix, rows G12, G14 and G15: who frames the page and how, in a real browser.

Four shops, at two ports under two names; the first two of them may frame `/embed`.
"""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Frame, Page

from tests.browser.sites import serving
from tests.browser.sites import shop as shop_app
from tests.conftest import TurnableClock
from tests.matrix import CANARIES, HOME, KEY, SIGNEE
from tests.shipments import event, shipment
from tests.shops import app_of
from tracking.pro.simulator import Simulator

WHOLE = "allow-forms allow-scripts allow-downloads allow-top-navigation-by-user-activation"
_DRESSED = "document.styleSheets.length && getComputedStyle(document.body).margin === '0px'"
_MEANT = re.compile(r"^error: Blocked script execution in .* sandboxed")
_HEARING = "self.heard = []; addEventListener('message', one => heard.push(one.data))"
_SAY = "messages.forEach(one => {}.postMessage(one, '*'))"
_MESSAGES = [
    {"type": "parcel-page:height", "height": 10**30},
    {"type": "parcel-page:height", "height": -1},
    {"type": "parcel-page:height", "height": "<img src=x onerror=alert(1)>"},
    {"type": "parcel-page:reference", "reference": "NOBODYS"},
    {"message": "height", "secret": "x", "value": 10**9},
    "javascript:alert(1)",
    None,
    [],
]
_FETCH = """address => Promise.all([
    ...['img', 'script', 'video'].map(name => new Promise(over => {
        const made = document.body.appendChild(document.createElement(name));
        made.onload = () => over('loaded');
        made.onerror = () => over('nothing');
        made.src = address;
    })),
    fetch(address).then(answer => answer.text(), () => 'nothing'),
    fetch(address, {mode: 'no-cors'}).then(answer => answer.text(), () => 'nothing'),
])"""
_SHOP = {"CONTACT_URL": "https://shop.example/help"}


@dataclass(frozen=True)
class Answer:
    """What left for the browser."""

    path: str
    status: str
    headers: dict[str, str]
    text: str


def telling(app: Any, answers: list[Answer]) -> Any:
    """The application, with what it answers told, and so not compressed."""

    def told(environ: dict, start_response: Callable) -> Any:
        def start(status: str, headers: list, *more: Any) -> Any:
            said[:] = [status[:3], dict(headers)]
            return start_response(status, headers, *more)

        said: list[Any] = []
        body = b"".join(app(environ | {"HTTP_ACCEPT_ENCODING": "identity"}, start))
        answers.append(Answer(environ["PATH_INFO"], *said, body.decode()))
        return [body]

    return told


@dataclass
class Stage:
    """A page that shops may frame, some that none may, and the shops, all by their names."""

    pro: Simulator
    context: BrowserContext
    shops: dict[str, str]
    pages: dict[str, str]
    answers: list[Answer]
    reference: str = ""
    failed: list[str | None] = field(default_factory=list)  # the browser's words for why
    said: list[str] = field(default_factory=list)

    def open(
        self,
        *parents: str,
        path: str = "/embed",
        page: str = "named",
        sandbox: str | None = None,
        isolated: str = "",
    ) -> "Seen":
        """A shop's page in which are those of the `parents` after it, and in the last of them ours.

        The `sandbox` is that of the innermost frame, and `isolated` what each shop's page says.
        """
        address = f"{self.pages[page]}{path}?{urlencode({'reference': self.reference})}"
        more = {"isolated": isolated} if isolated else {}
        inner = more if sandbox is None else more | {"sandbox": sandbox}
        for shop in reversed(parents):
            address = f"{self.shops[shop]}/?{urlencode({'frame': address} | inner)}"
            inner = more
        window = self.context.new_page()
        window.goto(address)
        return self.seen(window, len(parents))

    def seen(self, window: Page, frames: int = 1) -> "Seen":
        """What is in a window, when all is there; ours is in so many frames."""
        window.wait_for_load_state()
        frame = window.main_frame
        for _ in range(frames):
            (frame,) = frame.child_frames
            frame.wait_for_load_state()
        return Seen(self, window, frame)


@dataclass(frozen=True)
class Seen:
    """What a shopper sees of a shop's page, in whose innermost frame ours is, or is not."""

    stage: Stage
    window: Page
    frame: Frame

    def is_framed(self) -> None:
        """The whole answer is there, in its own dress, and the shop cannot read it."""
        stage = self.stage
        self.frame.locator("[data-shipment-reference]").wait_for()
        assert self.frame.locator("h1").inner_text() == "Delivery was tried"
        assert self.frame.evaluate(_DRESSED)
        with pytest.raises(Error, match="SecurityError"):
            self.frame.parent_frame.evaluate("frames[0].document")
        assert stage.failed == []
        assert [one for one in stage.said if not _MEANT.search(one)] == []
        assert len(stage.pro.calls) == 1
        assert [answer.status for answer in stage.answers] == ["200"] * len(stage.answers)
        headers = stage.answers[0].headers
        named = f"{stage.shops['allowed']} {stage.shops['also allowed']}"
        assert headers["Content-Security-Policy"].endswith(f"; frame-ancestors {named}")
        assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "X-Frame-Options" not in headers

    def has_heard_and_done_nothing(self, before: str) -> None:
        """All messages have come, and the page is as it was; nor has it said anything."""
        self.frame.wait_for_function(f"heard.length === {len(_MESSAGES)}")
        assert self.frame.content() == before
        assert self.window.evaluate("heard") == []
        assert self.stage.said == []

    def is_blocked(self, calls: int) -> None:
        """Nothing is there but the browser's own word for it, and nothing was asked for twice."""
        stage = self.stage
        self.frame.wait_for_url("chrome-error://chromewebdata/")
        for frame in self.window.frames:
            assert "deliver" not in frame.locator("body").inner_text().lower()
            assert frame.locator("[data-shipment-reference], form, main").count() == 0
        assert set(stage.failed) == {"net::ERR_BLOCKED_BY_RESPONSE"}
        why = [one for one in stage.said if "frame-ancestors" in one]
        assert why or "isolated" in self.window.url  # of such a page it is not said
        assert len(stage.pro.calls) == calls
        (answer,) = stage.answers  # no assets of it
        closed = "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert closed == (answer.headers.get("X-Frame-Options") == "DENY")


@pytest.fixture(scope="module")
def whole_stage(browser: Browser) -> Iterator[Stage]:
    with ExitStack() as opened:
        first, second = (opened.enter_context(serving(shop_app)) for _ in range(2))
        shops = {
            "allowed": first.replace("127.0.0.1", "localhost"),
            "also allowed": second,
            "foreign": first,
            "other port": second.replace("127.0.0.1", "localhost"),
        }
        origins = {
            "named": f"{shops['allowed']} {shops['also allowed']}",
            "no port": "http://localhost",
            "no list": "",
        }
        pro, clock = opened.enter_context(Simulator(key=KEY, stories=())), TurnableClock()
        answers: list[Answer] = []
        pages = {
            name: opened.enter_context(
                serving(telling(app_of(pro, clock, **_SHOP, EMBED_ORIGINS=named), answers))
            )
            for name, named in origins.items()
        }
        context = opened.enter_context(browser.new_context())
        context.set_default_timeout(10_000)  # ms
        context.add_init_script(_HEARING)
        stage = Stage(pro, context, shops, pages, answers)
        context.on("requestfailed", lambda request: stage.failed.append(request.failure))
        context.on("console", lambda message: stage.said.append(f"{message.type}: {message.text}"))
        yield stage


@pytest.fixture
def stage(whole_stage: Stage, caplog: pytest.LogCaptureFixture) -> Iterator[Stage]:
    """With a parcel that was not asked for yet; at its end nothing has leaked."""
    stage = whole_stage
    door = event(
        "delivery_attempted",
        signee=SIGNEE,
        location=HOME,
        lat_long={"latitude": 51.50007, "longitude": -0.12345},
        description=f"Not signed for by {SIGNEE}",
    )
    scans = door, event("in_transit", "2026-11-23T09:00:00+00:00")
    known = {"carrier": {"name": "Royal Mail"}, "carrier_references": ["RM1"]}
    made = shipment(*scans, **known, expected_delivery_date="2026-11-26")
    stage.pro.put(made)
    stage.reference = made["shipment_reference"]
    stage.pro.forget_calls()
    for kept in (stage.failed, stage.said, stage.answers):
        kept.clear()
    caplog.set_level(logging.DEBUG, "tracking")
    yield stage
    stage.context.unroute_all()
    for window in stage.context.pages:
        window.close()
    assert stage.context.cookies() == []
    assert stage.answers
    secrets = [*CANARIES, KEY, urlsplit(stage.pro.url).netloc]
    for text in [*(f"{one.headers} {one.text}" for one in stage.answers), caplog.text]:
        assert [one for one in secrets if one in text] == []
    assert stage.reference not in caplog.text


FRAMED = {
    "allowed": (["allowed"], {}),
    "also allowed": (["also allowed"], {}),
    "nested, both allowed": (["also allowed", "allowed"], {}),
    "sandboxed": (["allowed"], {"sandbox": WHOLE}),
    "sandboxed, without scripts": (["allowed"], {"sandbox": ""}),
    "isolated": (["allowed"], {"isolated": "require-corp"}),
    "isolated without credentials": (["allowed"], {"isolated": "credentialless"}),
    "isolated, nested": (["also allowed", "allowed"], {"isolated": "require-corp"}),
    "isolated and sandboxed": (["allowed"], {"isolated": "require-corp", "sandbox": WHOLE}),
}
BLOCKED = {
    "foreign": (["foreign"], {}, 1),
    "other port": (["other port"], {}, 1),
    "list without the port": (["allowed"], {"page": "no port"}, 1),
    "no list": (["allowed"], {"page": "no list"}, 0),
    "no list, isolated": (["allowed"], {"page": "no list", "isolated": "require-corp"}, 0),
    "allowed in foreign": (["foreign", "allowed"], {}, 1),
    "foreign in allowed": (["allowed", "foreign"], {}, 1),
    "foreign, sandboxed": (["foreign"], {"sandbox": WHOLE}, 1),
    "foreign, isolated": (["foreign"], {"isolated": "require-corp"}, 1),
    "allowed in foreign, isolated": (["foreign", "allowed"], {"isolated": "require-corp"}, 1),
    "page of our own": (["allowed"], {"path": "/parcel"}, 0),
    "page of our own, isolated": (["allowed"], {"path": "/parcel", "isolated": "require-corp"}, 0),
    "record": (["allowed"], {"path": "/record"}, 0),
}


@pytest.mark.parametrize(("parents", "how"), FRAMED.values(), ids=FRAMED)
def test_G12_who_is_named_frames_the_answer(
    stage: Stage, parents: Sequence[str], how: dict[str, str]
) -> None:
    stage.open(*parents, **how).is_framed()


@pytest.mark.parametrize(("parents", "how", "calls"), BLOCKED.values(), ids=BLOCKED)
def test_G12_nobody_else_does_and_what_nobody_may_frame_costs_no_call(
    stage: Stage, parents: Sequence[str], how: dict[str, str], calls: int
) -> None:
    stage.open(*parents, **how).is_blocked(calls)


def test_G12_who_was_refused_costs_nothing_when_one_who_is_named_comes(stage: Stage) -> None:
    stage.open("foreign").is_blocked(calls=1)
    for kept in (stage.failed, stage.said, stage.answers):
        kept.clear()

    stage.open("allowed").is_framed()


def test_G12_an_isolated_page_frames_nothing_that_does_not_say_that_it_may(stage: Stage) -> None:
    """So it is what our page says that lets it be framed."""
    stage.open("allowed").is_framed()
    window = stage.context.new_page()
    shop = urlencode({"frame": stage.shops["foreign"], "isolated": "require-corp"})
    window.goto(f"{stage.shops['allowed']}/?{shop}")
    (frame,) = window.main_frame.child_frames
    frame.wait_for_load_state()

    assert frame.url == "chrome-error://chromewebdata/"
    assert stage.failed == ["net::ERR_BLOCKED_BY_RESPONSE"]


@pytest.mark.parametrize("path", ["/embed", "/parcel.json", "/parcel.ics"])
def test_G12_what_a_page_fetches_behind_the_shoppers_back_it_cannot_read_and_costs_no_call(
    stage: Stage, path: str
) -> None:
    """Whoever may frame it; and a link there is as good as any."""
    window = stage.context.new_page()
    window.goto(stage.shops["allowed"])
    address = f"{stage.pages['named']}{path}?reference={stage.reference}"

    assert set(window.evaluate(_FETCH, address)) <= {"nothing", ""}
    assert len(stage.answers) == 5
    assert {answer.status for answer in stage.answers} == {"503"}
    assert stage.pro.calls == []
    window.evaluate("address => { location = address }", address.replace(path, "/parcel"))
    window.locator("[data-shipment-reference]").wait_for()
    assert len(stage.pro.calls) == 1


@pytest.mark.parametrize("isolated", ["", "require-corp"])
def test_G12_a_sandboxed_page_is_nobodys_and_works(stage: Stage, isolated: str) -> None:
    seen = stage.open("allowed", sandbox=WHOLE, isolated=isolated)
    seen.is_framed()
    frame = seen.frame
    origin = frame.evaluate("self.origin")
    storage = "() => { try { return localStorage } catch (error) { return error.name } }"
    stored = frame.evaluate(storage)
    with seen.window.expect_download() as calendar:
        frame.locator("a", has_text="Add to calendar").click()
    frame.locator("form input[name=reference]").fill("NOBODYS")
    frame.locator("form button").click()
    frame.wait_for_url("**/embed?reference=NOBODYS")
    headline = frame.locator("h1").inner_text()
    stage.context.route("https://shop.example/**", lambda route: route.fulfill(body="Help"))
    frame.locator("a", has_text="Contact").click()
    seen.window.wait_for_url("https://shop.example/help")

    assert (origin, stored) == ("null", "SecurityError")
    assert calendar.value.suggested_filename == "parcel.ics"
    assert headline == "We cannot find that parcel"


def test_G14_the_page_hears_no_message_of_its_shop_and_sends_none(stage: Stage) -> None:
    seen = stage.open("allowed")
    seen.is_framed()
    before = seen.frame.content()

    seen.window.evaluate(f"messages => {_SAY.format('frames[0]')}", _MESSAGES)

    seen.has_heard_and_done_nothing(before)


def test_G14_nor_one_of_a_stranger_who_opened_the_page_of_the_shop(stage: Stage) -> None:
    seen = stage.open("allowed")
    seen.is_framed()
    before = seen.frame.content()
    stranger = stage.context.new_page()
    stranger.goto(stage.shops["foreign"])
    with stranger.expect_popup() as opened:
        stranger.evaluate("address => { self.opened = open(address) }", seen.window.url)
    theirs = stage.seen(opened.value)

    stranger.evaluate(f"messages => {_SAY.format('opened.frames[0]')}", _MESSAGES)

    theirs.has_heard_and_done_nothing(before)


@pytest.mark.parametrize("framed", [True, False])
def test_G15_a_carrier_is_not_told_where_the_shopper_comes_from(stage: Stage, framed: bool) -> None:
    asked = []
    stage.context.route(
        "https://www.royalmail.com/**",
        lambda route: (asked.append(route.request.all_headers()), route.fulfill(body="RM")),
    )
    if framed:
        seen = stage.open("allowed")
        window, page = seen.window, seen.frame
    else:
        window = page = stage.context.new_page()
        page.goto(f"{stage.pages['named']}/parcel?reference={stage.reference}")

    page.locator("a", has_text="at Royal Mail").click()
    window.wait_for_url("https://www.royalmail.com/**")

    (headers,) = asked
    assert "referer" not in headers
    assert stage.reference not in str(headers)
    assert window.evaluate("[self.opener, document.referrer]") == [None, ""]
