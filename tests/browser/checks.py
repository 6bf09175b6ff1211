"""Checks of one page in a real browser: each returns what is wrong, and nothing if all is well.

`bad.html` is a page that each of them must refuse.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Check = Callable[[Page], list[str]]

EVERYTHING = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
FOLD = 640  # pixels of a small phone
_QUESTIONS = Path(__file__).with_name("checks.js").read_text("utf-8")
_TEXT_SPACING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important } p { margin-block-end: 2em !important }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


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
    options = {"runOnly": only, "resultTypes": ["violations"]}
    found = page.evaluate("async options => (await axe.run(options)).violations", options)
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found]


def focus_faults(page: Page) -> list[str]:
    """Stops of a walk with the Tab key whose focus cannot be seen (2.4.7 and 2.4.11)."""
    faults: list[str] = []
    seen: set[int] = set()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    while (stop := _ask(page, "focused")) and stop["place"] not in seen:
        seen.add(stop["place"])
        if stop["outline"] != "solid 3px" or not stop["seen"] or not stop["free"]:
            faults.append(str(stop))
        page.keyboard.press("Tab")
    assert seen, "nothing takes the focus"
    return faults


def folded(page: Page) -> list[str]:
    """Scans that are in the document and cannot be seen."""
    return _ask(page, "folded")


def late(page: Page, *selectors: str) -> list[str]:
    """What ends below the first pixels of a small phone (P1); what is not there is not late."""
    return [
        f"{selector} ends at {box['y'] + box['height']:.0f}"
        for selector in selectors
        for found in page.locator(selector).all()[:1]
        if (box := found.bounding_box()) and box["y"] + box["height"] > FOLD
    ]


def space_text(page: Page) -> None:
    """Space the text as far as WCAG 1.4.12 says."""
    page.evaluate(_TEXT_SPACING)


def at_widths(page: Page, widths: tuple[int, ...], check: Check) -> dict[int, list[str]]:
    """What a check finds in windows of several widths."""
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": FOLD})
        found[width] = check(page)
    return found


def _unfolded(page: Page, question: str) -> list[str]:
    _ask(page, "unfold")
    return _ask(page, question)


def _ask(page: Page, question: str) -> Any:
    return page.evaluate(f"{_QUESTIONS}.{question}()")
