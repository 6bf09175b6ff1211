"""Every page at every width: WCAG 1.4.4, 1.4.10, 1.4.12 and 2.5.8; rule P1."""

import pytest

from tests.browser.checks import (
    at_widths,
    clipped,
    late,
    overflowing,
    small_targets,
    space_text,
)
from tests.browser.conftest import Visit
from tests.browser.places import PAGES, PLACES, STORY_PAGES, Place

ZOOMED = 640  # 1280 pixels at 200 %
WIDTHS = (256, 320, ZOOMED, 768, 1280)
PHONE = {"width": 320, "height": 640}


@pytest.mark.parametrize("name", PLACES)
def test_nothing_is_wider_than_the_window(visit: Visit, name: str) -> None:
    page = visit(PLACES[name])

    assert at_widths(page, WIDTHS, overflowing) == {width: [] for width in WIDTHS}


@pytest.mark.parametrize("name", PAGES)
def test_wider_text_spacing_clips_nothing(visit: Visit, name: str) -> None:
    page = visit(PAGES[name])

    space_text(page)

    assert at_widths(page, (320, 1280), clipped) == {320: [], 1280: []}
    assert at_widths(page, (320, 1280), overflowing) == {320: [], 1280: []}


@pytest.mark.parametrize("name", PAGES)
def test_targets_are_large_enough_to_hit(visit: Visit, name: str) -> None:
    page = visit(PAGES[name])

    assert at_widths(page, (320, 1280), small_targets) == {320: [], 1280: []}


@pytest.mark.parametrize(
    "name", [name for name, place in STORY_PAGES.items() if place.status == 200]
)
def test_answer_is_seen_first_on_a_phone(visit: Visit, name: str) -> None:
    page = visit(STORY_PAGES[name])

    page.set_viewport_size(PHONE)

    assert late(page, "h1", ".answer__date", ".answer__advice") == []


@pytest.mark.parametrize("reference", ["DEMO-1001", "DEMO-1003", "DEMO-1202", "DEMO-1203"])
def test_answer_is_seen_first_in_a_narrow_frame(visit: Visit, reference: str) -> None:
    page = visit(Place(f"/embed?reference={reference}"))

    page.set_viewport_size(PHONE)

    assert late(page, "h1", ".answer__date", ".answer__advice") == []


@pytest.mark.parametrize("name", ["form", "demo form", "too few digits", "embedded form"])
def test_form_is_seen_first_on_a_phone(visit: Visit, name: str) -> None:
    page = visit(PAGES[name])

    page.set_viewport_size(PHONE)

    assert late(page, "form") == []
