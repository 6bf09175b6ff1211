"""On paper: experience.md, 1.6."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.checks import folded
from tests.browser.conftest import Visit
from tests.browser.places import PAGES


def test_folded_history_is_printed(visit: Visit) -> None:
    page = visit(PAGES["sixty scans"])
    on_screen = folded(page)

    page.emulate_media(media="print")

    assert len(on_screen) == 52
    assert folded(page) == []


@pytest.mark.parametrize("name", ["parcel", "order", "items", "not found"])
def test_forms_and_their_headings_stay_off_the_paper(visit: Visit, name: str) -> None:
    page = visit(PAGES[name])

    page.emulate_media(media="print")

    for selector in ("form", ".another", ".masthead", ".pager__link", "summary"):
        shown = [one for one in page.locator(selector).all() if one.is_visible()]
        assert shown == [], selector


def test_paper_is_white_also_where_the_theme_is_dark(page: Page, site: str) -> None:
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
