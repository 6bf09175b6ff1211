"""The pages in a real browser: narrow and wide, light and dark, by keyboard, framed, printed.

Each check is a function that returns what is wrong; a bad page at the end proves that it can.
"""

import logging
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from threading import Thread
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Frame, Page, sync_playwright
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from app import create_app
from tests.chromium import CHROMIUM
from tests.shops import UNLIMITED
from tracking.pro.simulator import Fault, Simulator

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM and "CI" not in os.environ, reason="there is no Chromium"),
]

WIDTHS = (256, 320, 768, 1280)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BROKEN = "DOWN-1"
PAGES = {
    "form": "/",
    "form with samples": "demo:/",
    "error": "demo:/parcel?reference=sp_12",
    "parcel": "/parcel?reference=DEMO-1001",
    "nothing yet": "/parcel?reference=DEMO-1007",
    "lost": "/parcel?reference=DEMO-1208",
    "damaged before": "/parcel?reference=DEMO-1213",
    "sixty scans": "/parcel?reference=DEMO-1107",
    "long words": "/parcel?reference=DEMO-1308",
    "right to left": "/parcel?reference=DEMO-1306",
    "hostile": "/parcel?reference=DEMO-1307",
    "items": "/parcel?reference=HO-30&level=contents",
    "order": "/parcel?reference=HO-12",
    "not found": "/parcel?reference=NOBODYS",
    "gone": f"/parcel?reference=sp_0069{1302:028}",
    "unavailable": f"/parcel?reference={BROKEN}",
    "embedded form": "/embed",
    "embedded parcel": "/embed?reference=DEMO-1213&theme=auto",
    "embedded order": "/embed?reference=HO-20&theme=dark",
}
on_every_page = pytest.mark.parametrize("name", PAGES)

OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true"
OVERFLOWING = """() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const out = [...document.querySelectorAll('body *')].filter(
        one => one.getBoundingClientRect().right > root.clientWidth + 1);
    return [`${root.scrollWidth} > ${root.clientWidth}`,
            ...out.slice(0, 3).map(one => one.outerHTML.slice(0, 120))];
}"""
CLIPPED = """() => [...document.querySelectorAll('body *')].filter(one => {
    const style = getComputedStyle(one);
    const meant = style.clipPath !== 'none' || one.matches('input, svg, svg *');
    const clips = /hidden|clip/.test(style.overflowX + style.overflowY) || one.matches('button');
    return clips && !meant && one.checkVisibility()
        && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
}).map(one => one.outerHTML.slice(0, 120))"""
SMALL_TARGETS = """() => [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
)].filter(one => {
    const box = one.getBoundingClientRect();
    const words = one.parentElement.textContent.replace(one.textContent, '').trim();
    const inSentence = getComputedStyle(one).display === 'inline' && words;
    const least = one.matches('form input, form button') ? [24, 44] : [24, 24];
    return one.checkVisibility() && !inSentence && (box.width < least[0] || box.height < least[1]);
}).map(one => one.outerHTML.slice(0, 120))"""
FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const style = getComputedStyle(one), box = one.getClientRects()[0];
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    const ring = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
    const all = [...document.querySelectorAll('*')];
    return {
        place: all.indexOf(one),
        html: one.outerHTML.slice(0, 120),
        outline: `${style.outlineStyle} ${style.outlineWidth}`,
        seen: box.top >= ring && box.bottom <= innerHeight - ring
            && box.left >= 0 && box.right <= innerWidth,
        free: hit !== null && one.contains(hit),
    };
}"""
FOLDED = """() => [...document.querySelectorAll('details [data-event-code]')].filter(
    one => !one.checkVisibility() || !one.getBoundingClientRect().height
).map(one => one.outerHTML.slice(0, 120))"""
TEXT_SPACING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important } p { margin-block-end: 2em !important }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


def overflowing(page: Page) -> list[str]:
    """What is wider than the window, with everything unfolded (WCAG 1.4.10)."""
    page.evaluate(OPEN_ALL)
    return page.evaluate(OVERFLOWING)


def clipped(page: Page) -> list[str]:
    """Boxes that do not show all that is in them (WCAG 1.4.12)."""
    page.evaluate(OPEN_ALL)
    return page.evaluate(CLIPPED)


def small_targets(page: Page) -> list[str]:
    """Targets below 24 pixels, and fields and buttons of forms below 44 in height (2.5.8)."""
    page.evaluate(OPEN_ALL)
    return page.evaluate(SMALL_TARGETS)


def violations(page: Page) -> list[str]:
    """What axe finds."""
    page.evaluate(OPEN_ALL)
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


def focus_faults(page: Page) -> list[str]:
    """Stops of a walk with the Tab key whose focus cannot be seen (2.4.7 and 2.4.11)."""
    faults: list[str] = []
    seen: set[int] = set()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    while (stop := page.evaluate(FOCUSED)) and stop["place"] not in seen:
        seen.add(stop["place"])
        if stop["outline"] != "solid 3px" or not stop["seen"] or not stop["free"]:
            faults.append(str(stop))
        page.keyboard.press("Tab")
    assert seen, "nothing takes the focus"
    return faults


def folded(page: Page) -> list[str]:
    """Scans that are in the document and cannot be seen."""
    return page.evaluate(FOLDED)


def late(page: Page, *selectors: str) -> list[str]:
    """What ends below the first 640 pixels."""
    boxes = {selector: page.locator(selector).first.bounding_box() for selector in selectors}
    return [
        f"{selector} ends at {box['y'] + box['height']}"
        for selector, box in boxes.items()
        if box["y"] + box["height"] > 640
    ]


def pixel(page: Page, x: int, y: int) -> tuple[int, int, int]:
    """The colour that a person sees there."""
    png = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
    place, data = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    red, green, blue = zlib.decompress(data)[1:4]  # after the byte that names the row's filter
    return red, green, blue


class Watch:
    """What a context asks for and complains about."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self._context, self._origin = context, origin
        self._asked: list[str] = []
        self._said: list[str] = []
        context.on("request", lambda request: self._asked.append(request.url))
        context.on("console", lambda message: self._said.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: self._said.append(f"error: {error.error}"))

    @property
    def asked(self) -> int:
        return len(self._asked)

    def complaints(self) -> list[str]:
        """Requests to others, cookies, and errors but for the line about a document's status."""
        status = "error: Failed to load resource: the server responded with a status of"
        foreign = [url for url in self._asked if not url.startswith(f"{self._origin}/")]
        cookies = [f"cookie {cookie['name']}" for cookie in self._context.cookies()]
        said = [
            one
            for one in self._said
            if one.startswith(("error", "warning")) and not one.startswith(status)
        ]
        return foreign + cookies + said


@contextmanager
def _serving(app: Any) -> Iterator[str]:
    """Serve a WSGI application on a free port of every loopback name; its port."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield str(server.port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _shop(environ: dict, start_response: Callable) -> Any:
    """A page of a shop: `frame` is what it frames, `scheme` its colour scheme."""
    request = Request(environ)
    if request.path == "/bad":
        return Response(BAD.replace("PORT", environ["SERVER_PORT"]), mimetype="text/html")(
            environ, start_response
        )
    scheme = request.args.get("scheme", "")
    meta = f'<meta name="color-scheme" content="{escape(scheme)}">' if scheme else ""
    html = f"""<!doctype html><html lang="en"><title>Shop</title>{meta}
        <link rel="icon" href="data:,"><body style="margin: 0; background: rgb(200, 40, 160)">
        <iframe src="{escape(request.args.get("frame", ""))}" title="Track your parcel"
                style="border: 0; width: 600px; height: 500px"></iframe>"""
    return Response(html, mimetype="text/html")(environ, start_response)


BAD = """<!doctype html><html><title>Bad</title>
<style>* { outline: none !important } input { height: 20px; width: 20px } h1 { margin-top: 900px }
</style>
<body><h3>skipped</h3>
<a href="#x" style="display: block; width: 9px; height: 9px; overflow: hidden">tiny</a>
<p style="color: #ddd; background: #fff">pale</p>
<div style="width: 2000px">wide</div>
<div style="height: 20px; overflow: hidden">several<br>lines<br>of text</div>
<form><input></form>
<details><summary>More</summary><p data-event-code="">folded</p></details>
<h1>late</h1><p class="answer__date">late</p>
<img src="http://127.0.0.1:PORT/image">
<script>document.cookie = "a=b"; console.error("bad")</script>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "Chromium must be on PATH"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    """The origin of a shop that may frame the page; under 127.0.0.1 it is another that may not."""
    with _serving(_shop) as port:
        yield f"http://localhost:{port}"


@pytest.fixture(scope="module")
def sites(shop: str) -> Iterator[dict[str, str]]:
    """The origins of two applications: one with a key, one with made-up data."""
    with Simulator(key="test-key") as pro:
        pro.fault(Fault("garbage"), BROKEN)  # wrong about one parcel, so others are asked
        account = {"PRO_API_URL": pro.url, "PRO_API_KEY": pro.key}
        branding = {"CONTACT_URL": "https://shop.example/help", "RETAILER_NAME": "Hogarth"}
        app = create_app(account | branding | UNLIMITED | {"EMBED_ORIGINS": shop})
        with _serving(app) as own, _serving(create_app(UNLIMITED)) as demo:
            yield {"": f"http://127.0.0.1:{own}", "demo": f"http://127.0.0.1:{demo}"}


@pytest.fixture(scope="module")
def site(sites: dict[str, str]) -> str:
    return sites[""]


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        context.set_default_timeout(5000)  # ms
        yield context.new_page()


@pytest.fixture
def page(window: Page) -> Page:
    """A window of 1280 pixels in light colours; the same one for all tests."""
    window.set_viewport_size({"width": 1280, "height": 720})
    window.emulate_media(media="screen", color_scheme="light")
    return window


@pytest.fixture
def visit(page: Page, sites: dict[str, str]) -> Callable[[str], Page]:
    """Opens one of PAGES."""

    def go(name: str) -> Page:
        site, _, path = PAGES[name].rpartition(":")
        page.goto(sites[site] + path)
        return page

    return go


Visit = Callable[[str], Page]


class TestLayout:
    """WCAG 1.4.10, 1.4.12 and 2.5.8; rule P1."""

    @on_every_page
    def test_nothing_is_wider_than_the_window(self, visit: Visit, name: str) -> None:
        page = visit(name)

        assert _at_widths(page, WIDTHS, overflowing) == {width: [] for width in WIDTHS}

    @on_every_page
    def test_wider_text_spacing_clips_nothing(self, visit: Visit, name: str) -> None:
        page = visit(name)

        page.evaluate(TEXT_SPACING)

        assert _at_widths(page, (320, 1280), clipped) == {320: [], 1280: []}
        assert _at_widths(page, (320, 1280), overflowing) == {320: [], 1280: []}

    @on_every_page
    def test_targets_are_large_enough_to_hit(self, visit: Visit, name: str) -> None:
        page = visit(name)

        assert _at_widths(page, (320, 1280), small_targets) == {320: [], 1280: []}
        assert page.locator("form button").count() == 1

    @pytest.mark.parametrize("path", ["/parcel", "/embed"])
    @pytest.mark.parametrize("reference", ["DEMO-1001", "DEMO-1003", "DEMO-1202", "DEMO-1203"])
    def test_headline_and_date_are_seen_first_on_a_phone(
        self, page: Page, site: str, path: str, reference: str
    ) -> None:
        page.set_viewport_size({"width": 320, "height": 640})

        page.goto(f"{site}{path}?reference={reference}")

        assert late(page, "h1", ".answer__date") == []

    @pytest.mark.parametrize("name", ["form", "form with samples", "error", "embedded form"])
    def test_form_is_seen_first_on_a_phone(self, visit: Visit, name: str) -> None:
        page = visit(name)
        page.set_viewport_size({"width": 320, "height": 640})

        assert late(page, "form") == []


def _at_widths(
    page: Page, widths: tuple[int, ...], check: Callable[[Page], list[str]]
) -> dict[int, list[str]]:
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 640})
        found[width] = check(page)
    return found


@on_every_page
def test_axe_finds_nothing_by_day_and_by_night(visit: Visit, name: str) -> None:
    page = visit(name)

    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found[scheme] = violations(page)

    assert found == {"light": [], "dark": []}


class TestKeyboard:
    """WCAG 2.4.7 and 2.4.11; rule F4."""

    @pytest.mark.parametrize("name", ["error", "sixty scans", "order", "items", "embedded order"])
    @pytest.mark.parametrize("width", [320, 1280])
    def test_focus_is_seen_at_every_stop(self, visit: Visit, name: str, width: int) -> None:
        page = visit(name)
        page.set_viewport_size({"width": width, "height": 640})

        assert focus_faults(page) == []

    @pytest.mark.parametrize("path", ["/parcel?reference=sp_12", "/embed?reference="])
    def test_error_has_the_focus_without_javascript(
        self, browser: Browser, site: str, path: str
    ) -> None:
        with browser.new_context(java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(site + path)

            summary = page.locator(".error-summary:focus").count()
            page.keyboard.press("Tab")
            link = page.locator(".error-summary a:focus").count()
            page.keyboard.press("Enter")
            field = page.locator("input:focus").count()

        assert (summary, link, field) == (1, 1, 1)

    def test_first_stop_skips_to_the_parcel(self, visit: Visit) -> None:
        page = visit("parcel")

        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")

        assert page.evaluate("document.activeElement.closest('main') !== null")


class TestPrint:
    """experience.md, 1.6."""

    def test_folded_history_is_printed(self, visit: Visit) -> None:
        page = visit("sixty scans")
        on_screen = folded(page)

        page.emulate_media(media="print")

        assert len(on_screen) == 52
        assert folded(page) == []

    @pytest.mark.parametrize("name", ["parcel", "order", "items", "not found"])
    def test_forms_and_their_headings_stay_off_the_paper(self, visit: Visit, name: str) -> None:
        page = visit(name)

        page.emulate_media(media="print")

        for selector in ("form", ".another", ".masthead", ".pager__link", "summary"):
            shown = [one for one in page.locator(selector).all() if one.is_visible()]
            assert shown == [], selector

    def test_paper_is_white_also_where_the_theme_is_dark(self, page: Page, site: str) -> None:
        page.goto(f"{site}/embed?reference=DEMO-1001&theme=dark")

        page.emulate_media(media="print")

        ink = "one => getComputedStyle(one).color"
        paper = "one => getComputedStyle(one).backgroundColor"
        assert max(_rgb(page.locator(".answer__reason").evaluate(ink))) < 100
        assert max(_rgb(page.locator(".scan-entry__place").first.evaluate(ink))) < 120
        assert min(_rgb(page.locator(".parcel__answer").evaluate(paper))) > 230


def _rgb(colour: str) -> list[float]:
    """The first three numbers of a computed colour; a transparent one is white, like paper."""
    red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", colour))
    return [255.0] * 3 if alpha == [0.0] else [red, green, blue]


class TestQuiet:
    """Nobody else hears of it, nothing is stored, and the browser has nothing to complain of."""

    @pytest.mark.parametrize("site_name", ["", "demo"])
    def test_no_request_to_others_no_cookie_and_no_error(
        self, browser: Browser, sites: dict[str, str], site_name: str
    ) -> None:
        own = {path.rpartition(":")[2] for path in PAGES.values() if path.startswith(site_name)}

        with browser.new_context() as context:
            watch = Watch(context, sites[site_name])
            page = context.new_page()
            for path in sorted(own):
                page.goto(sites[site_name] + path)
            complaints = watch.complaints()

        assert complaints == []
        assert watch.asked >= len(own)

    def test_answer_comes_without_javascript(self, browser: Browser, site: str) -> None:
        with browser.new_context(java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(site)
            page.locator("input[name=reference]").fill("  DEMO-1003 ")
            page.locator("form button").click()
            headline = page.locator("h1").inner_text()
            address = page.url

        assert headline == "On its way"
        assert address.startswith(f"{site}/parcel?reference=")


class TestFramed:
    """Inside a shop's page on another origin."""

    def _framed(self, context: BrowserContext, shop: str, address: str, **shop_query: str) -> Page:
        page = context.new_page()
        query = "".join(f"&{name}={value}" for name, value in shop_query.items())
        page.goto(f"{shop}/?frame={address}{query}")
        return page

    def _frame(self, page: Page) -> Frame:
        (frame,) = page.main_frame.child_frames
        frame.wait_for_load_state()
        return frame

    def test_shop_that_is_named_frames_the_page(
        self, browser: Browser, shop: str, site: str
    ) -> None:
        with browser.new_context() as context:
            page = self._framed(context, shop, f"{site}/embed")
            frame = self._frame(page)
            frame.locator("input[name=reference]").fill("DEMO-1003")
            frame.locator("form button").click()
            frame.locator("article").wait_for()
            headline = frame.locator("h1").inner_text()
            address = frame.url

        assert headline == "On its way"
        assert address.startswith(f"{site}/embed?reference=")

    @pytest.mark.parametrize("path", ["/embed", "/embed?reference=DEMO-1001"])
    def test_shop_that_is_not_named_is_refused(
        self, browser: Browser, shop: str, site: str, path: str
    ) -> None:
        with browser.new_context() as context:
            watch = Watch(context, shop)
            page = self._framed(context, shop.replace("localhost", "127.0.0.1"), f"{site}{path}")
            frame = self._frame(page)
            forms = frame.locator("form").count()
            complaints = watch.complaints()

        assert forms == 0
        assert any("frame-ancestors" in one for one in complaints)

    def test_named_shop_cannot_frame_the_whole_page(
        self, browser: Browser, shop: str, site: str
    ) -> None:
        with browser.new_context() as context:
            frame = self._frame(self._framed(context, shop, f"{site}/parcel"))
            forms = frame.locator("form").count()

        assert forms == 0

    def test_framed_page_is_clear_and_light_although_the_system_is_dark(
        self, browser: Browser, shop: str, site: str
    ) -> None:
        seen = {}
        for scheme in ("light", "dark"):
            with browser.new_context(color_scheme=scheme) as context:
                page = self._framed(context, shop, f"{site}/embed?reference=DEMO-1003")
                answer = self._frame(page).locator("h1")
                answer.wait_for()
                colour = answer.evaluate("one => getComputedStyle(one).color")
                seen[scheme] = (pixel(page, 2, 2), colour)

        assert seen["light"][0] == (200, 40, 160)
        assert seen["dark"] == seen["light"]

    @pytest.mark.parametrize(("theme", "scheme"), [("dark", "dark"), ("auto", "light dark")])
    def test_dark_page_is_clear_in_a_shop_that_is_dark(
        self, browser: Browser, shop: str, site: str, theme: str, scheme: str
    ) -> None:
        with browser.new_context(color_scheme="dark") as context:
            address = f"{site}/embed%3Freference=DEMO-1003%26theme={theme}"
            page = self._framed(context, shop, address, scheme=scheme)
            self._frame(page).locator("h1").wait_for()
            seen = pixel(page, 2, 2)

        assert seen == (200, 40, 160)

    def test_link_that_leaves_leaves_the_frame(
        self, browser: Browser, shop: str, site: str
    ) -> None:
        with browser.new_context() as context:
            context.route("https://shop.example/**", lambda route: route.fulfill(body="Help"))
            page = self._framed(context, shop, f"{site}/embed")
            self._frame(page).locator("a", has_text="Contact").click()
            page.wait_for_url("https://shop.example/help")
            framed = page.main_frame.child_frames

        assert framed == []


class TestChecks:
    """A deliberately bad page, which each check must refuse."""

    @pytest.mark.parametrize(
        ("check", "says"),
        [
            (overflowing, "wide"),
            (clipped, "several"),
            (small_targets, "tiny"),
            (small_targets, "<input"),
            (violations, "color-contrast"),
            (violations, "image-alt"),
            (violations, "html-has-lang"),
            (focus_faults, "none"),
            (folded, "folded"),
            (lambda page: late(page, "h1", ".answer__date"), "h1"),
        ],
    )
    def test_check_refuses_a_bad_page(
        self, page: Page, shop: str, check: Callable[[Page], list[str]], says: str
    ) -> None:
        page.goto(f"{shop}/bad")

        found = check(page)

        assert any(says in one for one in found), found

    def test_folded_history_of_a_bad_page_stays_off_the_paper(self, page: Page, shop: str) -> None:
        page.goto(f"{shop}/bad")

        page.emulate_media(media="print")

        assert len(folded(page)) == 1

    def test_watch_sees_foreign_requests_cookies_and_errors(
        self, browser: Browser, shop: str
    ) -> None:
        with browser.new_context() as context:
            watch = Watch(context, shop)
            context.new_page().goto(f"{shop}/bad")
            complaints = watch.complaints()

        foreign = shop.replace("localhost", "127.0.0.1")
        assert f"{foreign}/image" in complaints
        assert "cookie a" in complaints
        assert "error: bad" in complaints

    def test_pixel_is_the_colour_that_is_seen(self, page: Page) -> None:
        page.goto("data:text/html,<body style='background: rgb(1, 2, 3)'>")

        assert pixel(page, 5, 5) == (1, 2, 3)
