"""Checks of one page in a real browser: each returns what is wrong, and nothing if all is well.

`bad.html` is a page that each of them must refuse.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Check = Callable[[Page], list[str]]

EVERYTHING = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_BLOCKED = re.compile(
    r"track|stat|analytics|event|(?<![a-z])(?:(?:ads?|log|ping|pixel)(?![a-z])|ref=)", re.IGNORECASE
)
FOLD = 640  # pixels of a small phone
_QUESTIONS = Path(__file__).with_name("checks.js").read_text("utf-8")
_TEXT_SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important } p { margin-block-end: 2em !important }"""


def overflowing(page: Page) -> list[str]:
    """What is wider than the window, with everything unfolded (WCAG 1.4.10)."""
    return _unfolded(page, "overflowing")


def clipped(page: Page) -> list[str]:
    """Boxes that do not show all that is in them (WCAG 1.4.12)."""
    return _unfolded(page, "clipped")


def small_targets(page: Page) -> list[str]:
    """Targets below 24 pixels, and fields and buttons of forms below 44 in height (2.5.8)."""
    return _unfolded(page, "small_targets")


def violations(page: Page, only: dict[str, object] = EVERYTHING) -> list[str]:
    """What axe finds."""
    _ask(page, "unfold")
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"runOnly": only, "resultTypes": ["violations"], "preload": False}
    found = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


def focus_faults(page: Page) -> list[str]:
    """Stops of a walk with the Tab key that are left out, or whose focus cannot be seen.

    WCAG 2.1.1, 2.4.7 and 2.4.11.
    """
    faults: list[str] = []
    seen: set[int] = set()
    _ask(page, "unfold")
    for stop in _stops(page):
        if stop["place"] in seen:
            break
        seen.add(stop["place"])
        if stop["outline"] != "solid 3px" or not stop["seen"] or not stop["free"]:
            faults.append(str(stop))
    left_out = [stop["html"] for stop in _ask(page, "stops") if stop["place"] not in seen]
    return faults + [f"never reached: {html}" for html in left_out]


def _stops(page: Page) -> Iterator[dict[str, Any]]:
    """Where the Tab key leads: to the end of the page, and once again from its beginning."""
    for _ in range(2):
        page.keyboard.press("Tab")
        while stop := _ask(page, "focused"):
            yield stop
            page.keyboard.press("Tab")


def vanishing(page: Page) -> list[str]:
    """Boxes that forced colours wipe out: colour alone tells them from what is behind them."""
    before = _unfolded(page, "drawn")
    page.emulate_media(forced_colors="active")
    after = set(_ask(page, "drawn"))
    page.emulate_media(forced_colors="none")
    return [one for one in before if one not in after]


def pale_on_paper(page: Page) -> list[str]:
    """Words that could not be read on white paper, from a page that is printed."""
    return _ask(page, "pale")


def clickable(page: Page) -> list[str]:
    """What is of no use on paper."""
    return _ask(page, "clickable")


def dead_buttons(page: Page) -> list[str]:
    """Buttons that do nothing without a script."""
    return _ask(page, "unscripted_buttons")


def words(page: Page) -> list[str]:
    """All that is said, but for what only a script can do or say."""
    return _unfolded(page, "words")


def kept(page: Page) -> list[str]:
    """What a page keeps in the browser."""
    return _ask(page, "kept")


def blockable(page: Page) -> list[str]:
    """Addresses of ours that are on the lists of ad-blockers (design.md, URLs)."""
    ours = urlsplit(page.url).netloc
    parts = map(urlsplit, _ask(page, "addresses"))
    own = {f"{part.path}?{part.query}#{part.fragment}" for part in parts if part.netloc == ours}
    return sorted(filter(_BLOCKED.search, own))


def blocking(page: Page) -> list[str]:
    """Requests that the first picture waits for, beside the page itself."""
    return _ask(page, "blocking")


def folded(page: Page) -> list[str]:
    """Scans that are in the document and cannot be seen."""
    return _ask(page, "folded")


def late(page: Page) -> list[str]:
    """What of the answer ends below the first pixels of a small phone (P1)."""
    return _ask(page, "late")


def enlarge_text(page: Page) -> None:
    """Twice as large, as a shopper may set it (WCAG 1.4.4)."""
    _add_style(page, ":root { font-size: 200% !important }")


def space_text(page: Page) -> None:
    """Space the text as far as WCAG 1.4.12 says."""
    _add_style(page, _TEXT_SPACING)


def restore(page: Page) -> None:
    """Take back what other checks did to a page: folds, style and focus are as they came."""
    _ask(page, "restore")


def set_width(page: Page, width: int) -> None:
    """Make the window as wide as that, and as high as a small phone."""
    size = {"width": width, "height": FOLD}
    if page.viewport_size != size:
        page.set_viewport_size(size)


def at_widths(page: Page, widths: Iterable[int], *checks: Check) -> dict[int, list[str]]:
    """What checks find in windows of several widths."""
    found = {}
    for width in widths:
        set_width(page, width)
        found[width] = [one for check in checks for one in check(page)]
    return found


def _unfolded(page: Page, question: str) -> list[str]:
    _ask(page, "unfold")
    return _ask(page, question)


def _ask(page: Page, question: str) -> Any:
    return page.evaluate(f"{_QUESTIONS}.{question}()")


def _add_style(page: Page, style: str) -> None:
    page.evaluate(
        """style => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(style);
            document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
        }""",
        style,
    )
