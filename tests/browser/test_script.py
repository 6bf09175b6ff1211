"""static/parcel.js asks seldom, says what is new, copies numbers and passes on the address.

The clocks of the page and of the server are turned by hand; nothing here waits for time to go by.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page

from tests.browser.checks import focus_faults, overflowing, small_targets, violations
from tests.browser.conftest import Visit
from tests.browser.places import PLACES
from tests.browser.sites import serving
from tests.conftest import Shopper, TurnableClock
from tests.crowds import held, landed, until
from tests.shipments import event, shipment
from tests.shops import app_of
from tracking.pro.simulator import Simulator

# Before any script of a page: it tells when an answer was heard, and a tab can be put away.
_STAGE = """
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function () {
        this.addEventListener('loadend', () => console.debug('heard'));
        send.call(this);
    };
    let hidden = false;
    Object.defineProperty(Document.prototype, 'hidden', { get: () => hidden });
    self.putAway = (away) => {
        hidden = away;
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    };
"""
_SHARING = """
    self.shared = [];
    navigator.canShare = (page) => Boolean(page.url);
    navigator.share = async (page) => {
        self.shared.push(page);
        if (self.declined) throw new DOMException('no', 'AbortError');
    };
"""


# What Chromium itself says of the faults that are made here; the icon is asked for late.
_MEANT = re.compile(
    r"error: Failed to load resource: "
    r"(?:the server responded with a status of (?:429|503)|net::ERR_INTERNET_DISCONNECTED .*icon)"
)


@dataclass
class Door:
    """In front of the application: what was asked for, and a fault that is answered instead."""

    app: Any
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and status
    conditional: int = 0
    fault: tuple[str, dict[str, str]] | None = None
    tags: bool = True  # whether answers have an ETag

    def __call__(self, environ: dict, start_response: Callable) -> Any:
        path = environ["PATH_INFO"]
        pages = path in {"/parcel", "/embed"}

        def start(status: str, headers: list, *more: Any) -> Any:
            if pages:
                self.asked.append((path, status[:3]))
                self.conditional += "HTTP_IF_NONE_MATCH" in environ
                headers = [one for one in headers if self.tags or one[0] != "ETag"]
            return start_response(status, headers, *more)

        if pages and self.fault:
            status, headers = self.fault
            start(status, [*headers.items()])
            return [b"Down"]
        return self.app(environ, start)


@dataclass
class Stage:
    """A parcel of PRO on a page in a tab, with all clocks in hand."""

    pro: Simulator
    clock: TurnableClock
    door: Door
    origin: str
    context: BrowserContext
    page: Page
    said: list[str]
    parcel: dict = field(default_factory=dict)

    @property
    def reference(self) -> str:
        return self.parcel["shipment_reference"]

    @property
    def address(self) -> str:
        return f"{self.origin}/parcel?reference={self.reference}"

    def open(self, *codes: str, path: str = "/parcel") -> Page:
        """A tab with a parcel that has had scans with these codes."""
        self.parcel = shipment(*map(event, codes), carrier_references=["HAR1", "HAR2"])
        self.pro.put(self.parcel)
        self.page.goto(self.address.replace("/parcel", path))
        self.door.asked.clear()
        return self.page

    def hear(self, seconds: float) -> None:
        """That time goes by in the tab, and the page hears one answer."""
        with self.page.expect_console_message(lambda message: message.text == "heard"):
            self.rest(seconds)

    def rest(self, seconds: float) -> None:
        """That time goes by in the tab, as when one looks away and back."""
        self.page.clock.fast_forward(int(seconds * 1000))

    def scan(self, code: str) -> None:
        """PRO hears of another scan; what we remember is old by now."""
        self.parcel["events"].append(event(code, at="2026-11-24T13:00:00+00:00"))
        self.pro.put(self.parcel)
        self.clock.turn(minutes=3)

    def renewed(self) -> None:
        """Wait until PRO has told us again."""
        landed(Shopper(self.door.app.test_client()), self.reference)

    @property
    def notice(self) -> str:
        return self.page.locator("[role=status]").inner_text()

    @property
    def statuses(self) -> list[str]:
        """How the page's own requests were answered since it was opened."""
        return [status for _, status in self.door.asked]


@pytest.fixture
def stage(browser: Browser, shop: str, pro: Simulator, clock: TurnableClock) -> Iterator[Stage]:
    """At its end nothing may have gone wrong in the browser, nor broken its policy."""
    door = Door(app_of(pro, clock, EMBED_ORIGINS=shop))
    said: list[str] = []
    with serving(door) as origin, browser.new_context() as context:
        context.set_default_timeout(20_000)  # ms
        context.add_init_script(_STAGE)
        context.clock.install(time=clock.now)
        context.clock.pause_at(clock.now + timedelta(seconds=1))
        context.on(
            "console",
            lambda message: said.append(
                f"{message.type}: {message.text} {message.location['url']}"
            ),
        )
        context.on("weberror", lambda error: said.append(f"error: {error.error}"))
        yield Stage(pro, clock, door, origin, context, context.new_page(), said)
        wrong = [one for one in said if one.startswith(("error", "warning"))]
        assert [one for one in wrong if not _MEANT.match(one)] == []


class TestNews:
    def test_news_is_offered_after_five_answers_without(self, stage: Stage) -> None:
        page = stage.open("in_transit")
        headline, focus = page.locator("h1"), page.locator(".another input")
        focus.focus()
        for seconds in (120, 300, 300, 300, 300):
            stage.hear(seconds)
        nothing = (stage.statuses, stage.door.conditional, stage.notice)
        stage.scan("out_for_delivery")

        stage.hear(300)
        stage.renewed()
        stage.hear(5)

        assert nothing == (["304"] * 5, 5, "")
        assert stage.statuses[5:] == ["200", "200"]
        assert stage.notice == "There is a new update. Show it"
        assert headline.inner_text() == "On its way"
        assert focus.evaluate("one => one === document.activeElement")
        assert len(stage.pro.calls) == 2

    def test_notice_shows_the_news_when_it_is_followed(self, stage: Stage) -> None:
        page = self._with_news(stage)

        page.get_by_role("status").get_by_role("link", name="Show it").click()
        page.wait_for_load_state()

        assert page.locator("h1").inner_text().startswith("Out for delivery")
        assert page.url == stage.address
        assert stage.notice == ""

    def test_notice_is_a_status_that_was_there_and_empty(self, stage: Stage) -> None:
        page = stage.open("in_transit")

        status = page.locator("[role=status]")

        assert status.count() == 1
        assert status.get_attribute("aria-atomic") == "true"
        assert status.evaluate("one => one.childNodes.length") == 0
        assert page.get_by_role("status").count() == 1  # seen by who cannot see, too

    @pytest.mark.parametrize("path", ["/parcel", "/embed"])
    @pytest.mark.parametrize("width", [320, 1280])
    def test_notice_moves_nothing(self, stage: Stage, path: str, width: int) -> None:
        stage.page.set_viewport_size({"width": width, "height": 640})
        page = self._with_news(stage, path, before=(before := []))

        assert page.locator(".live-notice__news").is_visible()
        assert page.evaluate(_PLACES) == before[0]

    def test_nothing_is_asked_once_there_is_news(self, stage: Stage) -> None:
        self._with_news(stage)
        stage.door.asked.clear()

        stage.rest(3 * 3600)

        assert stage.statuses == []

    def test_an_answer_that_is_older_than_it_should_be_is_asked_after_at_once(
        self, stage: Stage
    ) -> None:
        page = stage.open("in_transit")
        stage.scan("out_for_delivery")
        page.goto(stage.address)
        stage.renewed()

        stage.hear(5)

        assert page.locator("h1").inner_text() == "On its way"
        assert stage.notice.startswith("There is a new update.")

    def test_a_mere_check_is_no_news_and_its_time_is_told_quietly(self, stage: Stage) -> None:
        page = stage.open("in_transit")
        checked = page.locator(".answer__checked time")
        before = (checked.get_attribute("datetime"), checked.inner_text())
        stage.clock.turn(minutes=3)
        stage.hear(120)
        stage.renewed()

        stage.hear(5)

        assert stage.notice == ""
        assert checked.get_attribute("datetime") != before[0]
        assert checked.inner_text() == before[1].replace("14:00", "14:03")
        assert "14:03" in checked.inner_text()

    def test_news_comes_in_the_frame_of_a_shop(self, stage: Stage, shop: str) -> None:
        stage.open("in_transit", path="/embed")
        frame = _framed(stage, shop)
        stage.door.asked.clear()
        stage.scan("out_for_delivery")
        stage.hear(120)
        stage.renewed()

        stage.hear(5)

        assert frame.locator("[role=status]").inner_text() == "There is a new update. Show it"
        frame.locator("[role=status] a").click()
        frame.locator("h1", has_text="Out for delivery").wait_for()
        assert frame.url.startswith(f"{stage.origin}/embed?")

    def test_news_of_an_order_is_offered_too(self, stage: Stage) -> None:
        order = {"custom_reference": "ORDER-7"}
        stage.pro.put(shipment(event("in_transit"), **order))
        page = stage.open("in_transit")
        stage.parcel |= order
        stage.pro.put(stage.parcel)
        page.goto(f"{stage.origin}/parcel?reference=ORDER-7")
        stage.scan("delivered")
        stage.hear(120)
        landed(Shopper(stage.door.app.test_client()), "ORDER-7")

        stage.hear(5)

        assert stage.notice.startswith("There is a new update.")

    def _with_news(self, stage: Stage, path: str = "/parcel", before: list | None = None) -> Page:
        """A tab that offers news."""
        page = stage.open("in_transit", path=path)
        if before is not None:
            page.locator(".pass-on").wait_for()
            before.append(page.evaluate(_PLACES))
        stage.scan("out_for_delivery")
        stage.hear(120)
        stage.renewed()
        stage.hear(5)
        return page


# Where everything is, but for the notice.
_PLACES = """() => [...document.querySelectorAll('main, main *:not(template), .help')].map(one => {
    const box = one.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height];
})"""


def _framed(stage: Stage, shop: str, **how: str) -> Frame:
    """The page in a frame of a shop on another origin."""
    query = "".join(f"&{name}={value}" for name, value in how.items())
    address = f"{stage.origin}/embed%3Freference={stage.reference}"
    stage.page.goto(f"{shop}/?frame={address}{query}")
    (frame,) = stage.page.main_frame.child_frames
    frame.locator("h1").wait_for()
    frame.wait_for_load_state()
    return frame


class TestThrift:
    """Every question costs: none without need, and fewer the longer nobody acts."""

    def test_nothing_is_asked_while_the_answer_is_fresh(self, stage: Stage) -> None:
        stage.open("in_transit")

        stage.rest(119)

        assert stage.statuses == []

    @pytest.mark.parametrize("code", ["delivered", "returned_to_sender", "lost"])
    def test_nothing_is_asked_about_a_parcel_at_its_end(self, stage: Stage, code: str) -> None:
        page = stage.open("in_transit", code)

        for seconds in (1, 120, 3600, 7 * 3600):
            stage.rest(seconds)
            page.evaluate("putAway(true); putAway(false)")

        assert stage.statuses == []

    def test_a_day_costs_a_few_questions(self, stage: Stage) -> None:
        stage.open("in_transit")

        stage.hear(120)
        for _ in range(12):
            stage.hear(300)
        for _ in range(11):
            stage.hear(900)
        for _ in range(20):
            stage.rest(3600)

        assert stage.statuses == ["304"] * 24

    def test_a_tab_that_is_put_away_asks_nothing_and_asks_when_it_is_back(
        self, stage: Stage
    ) -> None:
        page = stage.open("in_transit")
        page.evaluate("putAway(true)")
        stage.rest(3600)
        hidden = stage.statuses.copy()

        with page.expect_console_message(lambda message: message.text == "heard"):
            page.evaluate("putAway(false)")
            stage.rest(0.001)
        page.evaluate("putAway(true); putAway(false)")
        stage.rest(299)

        assert hidden == []
        assert stage.statuses == ["304"]

    def test_a_tab_left_open_asks_again_when_it_is_looked_at(self, stage: Stage) -> None:
        page = stage.open("in_transit")
        page.evaluate("putAway(true)")
        stage.rest(20 * 3600)
        page.evaluate("putAway(false)")
        stage.hear(0.001)

        stage.hear(300)

        assert stage.statuses == ["304", "304"]

    def test_nothing_is_asked_while_offline(self, stage: Stage) -> None:
        stage.open("in_transit")
        stage.context.set_offline(True)
        until(lambda: not stage.page.evaluate("navigator.onLine"))
        stage.rest(3600)
        offline = stage.statuses.copy()

        with stage.page.expect_console_message(lambda message: message.text == "heard"):
            stage.context.set_offline(False)
            stage.rest(0.001)

        assert (offline, stage.statuses) == ([], ["304"])

    def test_failures_are_asked_after_ever_more_seldom(self, stage: Stage) -> None:
        stage.open("in_transit")
        stage.door.fault = ("503 Service Unavailable", {})
        stage.hear(120)

        for minutes in (10, 20, 40, 60):
            stage.rest(minutes * 60 - 1)
            stage.hear(1)

        assert stage.statuses == ["503"] * 5
        assert stage.notice == ""

    def test_who_asks_for_time_is_given_it(self, stage: Stage) -> None:
        stage.open("in_transit")
        stage.door.fault = ("429 Too Many Requests", {"Retry-After": "1800"})
        stage.hear(120)
        stage.door.fault = None

        stage.rest(1799)
        waited = stage.statuses.copy()
        stage.hear(1)
        stage.hear(300)

        assert waited == ["429"]
        assert stage.statuses == ["429", "200", "304"]

    def test_an_answer_that_is_long_in_coming_is_asked_after_soon_only_once(
        self, stage: Stage
    ) -> None:
        stage.door.tags = False  # as with a page that may not be kept
        stage.open("in_transit")
        stage.scan("out_for_delivery")

        with held(stage.pro, stage.reference):
            stage.hear(120)
            stage.hear(5)
            stage.rest(299)
            asked = stage.statuses.copy()

        assert asked == ["200", "200"]

    @pytest.mark.parametrize("words", ["Sign in", "<main>Sign in</main>"])
    def test_a_page_of_somebody_else_is_a_failure(self, stage: Stage, words: str) -> None:
        page = stage.open("in_transit")
        page.route(stage.address, lambda route: route.fulfill(body=words, content_type="text/html"))
        stage.hear(120)
        page.unroute_all()

        stage.rest(599)
        stage.hear(1)

        assert (stage.notice, stage.statuses) == ("", ["304"])

    def test_sandboxed_frame_without_an_origin_asks_nothing_and_shows_all(
        self, stage: Stage, shop: str
    ) -> None:
        stage.open("in_transit")
        frame = _framed(stage, shop, sandbox="allow-scripts")
        stage.door.asked.clear()

        stage.rest(3600)

        assert frame.locator("h1").inner_text() == "On its way"
        assert stage.statuses == []


class TestButtons:
    @pytest.fixture
    def page(self, stage: Stage) -> Page:
        stage.context.grant_permissions(["clipboard-read", "clipboard-write"])
        return stage.open("in_transit")

    def test_number_is_copied_by_keyboard(self, stage: Stage, page: Page) -> None:
        button = page.get_by_role("button", name="Copy HAR2", exact=True)
        button.focus()

        page.keyboard.press("Enter")
        page.get_by_role("button", name="Copied HAR2", exact=True).wait_for()

        assert page.evaluate("navigator.clipboard.readText()") == "HAR2"
        assert stage.notice == "Copied"
        assert page.evaluate("document.activeElement.textContent") == "Copied HAR2"

    def test_it_says_so_for_a_moment(self, stage: Stage, page: Page) -> None:
        button = page.get_by_role("button", name=re.compile("HAR1"))
        button.click()
        page.get_by_role("button", name="Copied HAR1").wait_for()
        stage.rest(1)
        button.click()
        page.evaluate("navigator.clipboard.readText()")  # by now it is written
        stage.rest(2.9)
        still = button.inner_text()

        stage.rest(0.1)

        assert still.startswith("Copied")
        assert (_squeezed(button.inner_text()), stage.notice) == ("Copy HAR1", "")

    def test_what_shops_and_carriers_ask_for_can_be_copied(self, stage: Stage, page: Page) -> None:
        page.locator(".pass-on").wait_for()

        names = [_squeezed(one) for one in page.locator(".copy-number").all_inner_texts()]

        order = stage.parcel["custom_reference"]
        assert names == [f"Copy {one}" for one in (order, "HAR1", "HAR2", stage.reference)]

    def test_news_stays_while_something_is_copied(self, stage: Stage, page: Page) -> None:
        stage.scan("out_for_delivery")
        stage.hear(120)
        stage.renewed()
        stage.hear(5)

        page.get_by_role("button", name="Copy HAR1").click()
        page.get_by_role("button", name="Copied HAR1").wait_for()
        both = stage.notice
        stage.rest(3)

        assert re.sub(r"\s+", " ", both) == "There is a new update. Show it Copied"
        assert stage.notice == "There is a new update. Show it"

    def test_button_that_fails_goes(self, page: Page) -> None:
        button = page.get_by_role("button", name="Copy HAR1")
        page.evaluate("() => { navigator.clipboard.writeText = async () => { throw Error('no') } }")

        button.click()
        button.wait_for(state="detached")

        assert page.get_by_role("button", name="Copy HAR2").is_visible()

    @pytest.mark.parametrize("path", ["/parcel", "/embed"])
    def test_address_is_copied_where_nothing_can_be_shared(self, stage: Stage, path: str) -> None:
        stage.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = stage.open("in_transit", path=path)

        page.get_by_role("button", name="Share this page").click()
        page.get_by_role("button", name="Link copied").wait_for()

        assert page.evaluate("navigator.clipboard.readText()") == stage.address
        assert stage.notice == "Link copied"

    @pytest.mark.parametrize("declined", [False, True])
    def test_address_is_shared_where_it_can_be(self, stage: Stage, declined: bool) -> None:
        stage.context.add_init_script(f"{_SHARING} self.declined = {str(declined).lower()};")
        page = stage.open("in_transit")

        page.get_by_role("button", name="Share this page").click()

        (shared,) = page.evaluate("shared")
        assert shared["url"] == stage.address
        assert shared["title"].startswith("On its way")
        assert stage.notice == ""

    def test_order_can_be_shared_and_has_no_numbers_to_copy(self, stage: Stage) -> None:
        stage.page.goto(f"{stage.origin}/parcel?reference=HO-20&utm_source=x")
        button = stage.page.locator(".pass-on")
        button.wait_for()

        assert button.get_attribute("data-address") == "/parcel?reference=HO-20"
        assert stage.page.locator(".copy-number").count() == 0

    def test_frame_that_may_not_copy_has_no_buttons(self, stage: Stage, shop: str) -> None:
        stage.open("in_transit")
        asked = "navigator.permissions.query({ name: 'clipboard-write' }).then(one => one.state)"
        frames = {}
        for allow in ("camera", "clipboard-write"):
            frame = _framed(stage, shop, allow=allow)
            state = frame.evaluate(asked)
            frames[allow] = (state, frame.locator("button.copy-number, button.pass-on").count())

        assert frames["camera"] == ("denied", 0)
        assert frames["clipboard-write"][1] == 5

    @pytest.mark.parametrize("width", [320, 1280])
    def test_buttons_move_nothing_above_them(
        self, stage: Stage, browser: Browser, width: int
    ) -> None:
        size = {"width": width, "height": 640}
        above = """() => [...document.querySelectorAll(
            'h1, .answer *, .steps *, .history *, .details__heading'
        )].map(one => one.getBoundingClientRect()).map(box => [box.x, box.y, box.height])"""
        stage.page.set_viewport_size(size)
        page = stage.open("in_transit")
        page.locator(".pass-on").wait_for()
        with browser.new_context(java_script_enabled=False, viewport=size) as context:
            without = context.new_page()
            without.goto(stage.address)
            plain = without.evaluate(above)

        assert page.evaluate(above) == plain
        assert len(plain) > 20


class TestLooks:
    """With all that the script adds to it, the page is as good as any."""

    @pytest.mark.parametrize("name", ["parcel", "order", "embedded parcel"])
    @pytest.mark.parametrize("width", [256, 1280])
    def test_page_with_news_and_buttons_is_for_everybody(
        self, visit: Visit, name: str, width: int
    ) -> None:
        page = visit(PLACES[name])
        page.set_viewport_size({"width": width, "height": 640})
        page.locator(".pass-on").wait_for()
        page.evaluate(_SHOW_NEWS)

        assert violations(page) == []
        assert overflowing(page) == []
        assert small_targets(page) == []
        assert focus_faults(page) == []

    def test_nothing_of_it_is_printed(self, visit: Visit) -> None:
        page = visit(PLACES["parcel"])
        page.locator(".pass-on").wait_for()
        page.evaluate(_SHOW_NEWS)
        added = page.locator(".live-notice, .copy-number, .pass-on")

        page.emulate_media(media="print")

        assert added.count() == 5
        assert [one for one in added.all() if one.is_visible()] == []


_SHOW_NEWS = """() => document.querySelector('.live-notice').append(
    document.getElementById('news').content.cloneNode(true))"""


class TestWithout:
    """Where no script runs it is the same page."""

    @pytest.mark.parametrize("path", ["/parcel", "/embed"])
    def test_page_has_all_its_words_and_no_dead_button(
        self, stage: Stage, browser: Browser, path: str
    ) -> None:
        page = stage.open("in_transit", path=path)
        page.locator(".pass-on").wait_for()
        with browser.new_context(java_script_enabled=False) as context:
            without = context.new_page()
            without.goto(stage.address.replace("/parcel", path))
            words = without.locator("body").inner_text()
            buttons = without.get_by_role("button").all_inner_texts()

        more = re.compile(r"(Copy \S+|Share this page) ")
        assert buttons == ["Track"]
        assert "Share" not in words
        assert more.sub("", _squeezed(page.locator("body").inner_text())) == _squeezed(words)

    def test_page_works_where_the_script_does_not_come(self, stage: Stage) -> None:
        stage.context.route("**/*.js*", lambda route: route.abort())
        page = stage.open("in_transit")

        assert page.locator("h1").inner_text() == "On its way"
        assert page.get_by_role("button").all_inner_texts() == ["Track"]
        stage.said.clear()  # the browser's own line about what did not come


def _squeezed(words: str) -> str:
    return " ".join(words.split())
