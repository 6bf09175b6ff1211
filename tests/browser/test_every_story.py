"""Every story of the simulator that is not among the pages: each status, and what carriers send."""

import pytest
from playwright.sync_api import Page

from tests.browser.checks import at_widths, late, overflowing, set_width, violations
from tests.browser.conftest import Once
from tests.browser.places import STORY_PAGES

TIGHT, PHONE = 256, 320  # pixels

pytestmark = pytest.mark.parametrize("name", STORY_PAGES, scope="module")


def test_nothing_happens_that_is_not_seen(once: Once) -> None:
    """Nobody else hears of it, nothing is kept, no list blocks it, and nothing complains."""
    assert once.unseen == []


def test_narrow_window_shows_the_answer_first(opened: Page) -> None:
    """Rule P1."""
    set_width(opened, PHONE)

    assert late(opened) == []


def test_axe_finds_nothing(opened: Page) -> None:
    assert violations(opened) == []


def test_it_fits_the_tightest_window(opened: Page) -> None:
    """WCAG 1.4.10."""
    assert at_widths(opened, [TIGHT], overflowing) == {TIGHT: []}
