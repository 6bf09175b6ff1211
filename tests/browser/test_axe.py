"""Every page as axe sees it: WCAG 2.2 AA, and what it calls best practice."""

import pytest

from tests.browser.checks import COLOURS, violations
from tests.browser.conftest import Visit
from tests.browser.places import PLACES


@pytest.mark.parametrize("name", PLACES)
def test_axe_finds_nothing_by_day_and_by_night(visit: Visit, name: str) -> None:
    page = visit(PLACES[name])

    page.emulate_media(color_scheme="dark")
    by_night = violations(page, COLOURS)
    page.emulate_media(color_scheme="light")

    assert (violations(page), by_night) == ([], [])
