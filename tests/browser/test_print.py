"""On paper: experience.md, 1.6."""

import re

import pytest

from tests.browser.checks import folded
from tests.browser.conftest import Visit
from tests.browser.places import PAGES, Place


def test_folded_history_is_printed_without_the_fold(visit: Visit) -> None:
    page = visit(PAGES["sixty scans"])
    on_screen = folded(page)

    page.emulate_media(media="print")

    assert len(on_screen) == 52
    assert folded(page) == []
    assert not page.locator("summary", has_text="older").is_visible()


@pytest.mark.parametrize("theme", ["dark", "auto"])
def test_paper_is_white_also_where_the_theme_is_dark(visit: Visit, theme: str) -> None:
    page = visit(Place(f"/embed?reference=DEMO-1001&theme={theme}"))

    page.emulate_media(media="print", color_scheme="dark")

    paper = "one => getComputedStyle(one).backgroundColor"
    assert min(_rgb(page.locator(".parcel__answer").evaluate(paper))) > 230
    assert min(_rgb(page.locator("body").evaluate(paper))) > 230


def _rgb(colour: str) -> list[float]:
    """The first three numbers of a computed colour; a transparent one is white, like paper."""
    red, green, blue, *alpha = map(float, re.findall(r"[\d.]+", colour))
    return [255.0] * 3 if alpha == [0.0] else [red, green, blue]
