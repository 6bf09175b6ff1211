"""What a small phone shows first beside the answer: the form, and the answer in a shop's frame."""

import pytest

from tests.browser.checks import FOLD, late, set_width
from tests.browser.conftest import Visit
from tests.browser.places import PAGES, Place

PHONE = 320  # pixels


@pytest.mark.parametrize("name", ["form", "demo form", "too few digits", "embedded form"])
def test_form_is_seen_first(visit: Visit, name: str) -> None:
    page = visit(PAGES[name])

    set_width(page, PHONE)

    form = page.locator("form").bounding_box()
    assert form["y"] + form["height"] <= FOLD


@pytest.mark.parametrize("reference", ["DEMO-1003", "DEMO-1202", "DEMO-1203"])
def test_answer_is_seen_first_in_a_frame(visit: Visit, reference: str) -> None:
    page = visit(Place(f"/embed?reference={reference}"))

    set_width(page, PHONE)

    assert late(page) == []
