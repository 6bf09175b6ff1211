"""Every page and every outcome, opened once and looked at in every way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.checks import (
    COLOURS,
    at_widths,
    blocking,
    clickable,
    clipped,
    dead_buttons,
    enlarge_text,
    focus_faults,
    folded,
    late,
    overflowing,
    pale_on_paper,
    set_width,
    small_targets,
    space_text,
    vanishing,
    violations,
    words,
)
from tests.browser.conftest import Once, go_to, take_pictures
from tests.browser.places import PAGES

PHONE, DESK = 320, 1280  # pixels
PAPER = 680  # A4 with margins
ZOOMED = 640  # half the desk: 200 %
WIDTHS = (256, PHONE, ZOOMED, 768, DESK)

pytestmark = pytest.mark.parametrize("name", PAGES, scope="module")


@pytest.fixture(scope="module")
def window_without_script(browser: Browser) -> Iterator[Page]:
    with browser.new_context(java_script_enabled=False) as context:
        yield context.new_page()


def test_nothing_happens_that_is_not_seen(once: Once) -> None:
    """Nobody else hears of it, nothing is kept, no list blocks it, and nothing complains."""
    assert once.unseen == []


def test_narrow_window_shows_the_answer_first(opened: Page, artefacts: Path, name: str) -> None:
    """Rule P1."""
    set_width(opened, PHONE)
    take_pictures(opened, artefacts, name)

    assert late(opened) == []


def test_wider_text_spacing_clips_nothing(opened: Page) -> None:
    """WCAG 1.4.12."""
    space_text(opened)

    assert at_widths(opened, [PHONE], clipped, overflowing) == {PHONE: []}


def test_no_shape_vanishes_in_forced_colours(opened: Page) -> None:
    set_width(opened, PHONE)

    assert vanishing(opened) == []


def test_focus_comes_to_every_stop_and_is_seen(opened: Page) -> None:
    """WCAG 2.1.1, 2.4.7 and 2.4.11."""
    set_width(opened, PHONE)

    assert focus_faults(opened) == []


def test_it_fits_every_window_and_every_finger(opened: Page) -> None:
    """WCAG 1.4.10 and 2.5.8."""
    found = at_widths(opened, WIDTHS, overflowing, small_targets)

    assert found == {width: [] for width in WIDTHS}


def test_wide_window_is_without_fault_by_day_and_by_night(
    opened: Page, artefacts: Path, name: str
) -> None:
    """WCAG 2.2 AA as far as axe knows, and what it calls best practice."""
    set_width(opened, DESK)
    take_pictures(opened, artefacts, name)
    by_night = violations(opened, COLOURS)
    opened.emulate_media(color_scheme="light")
    by_day = violations(opened)

    assert (by_day, by_night) == ([], [])


def test_text_of_twice_the_size_clips_nothing(opened: Page) -> None:
    """WCAG 1.4.4."""
    enlarge_text(opened)

    assert at_widths(opened, [ZOOMED], clipped, overflowing) == {ZOOMED: []}


def test_paper_shows_all_that_is_told_and_nothing_to_click(opened: Page) -> None:
    """experience.md, 1.6."""
    set_width(opened, PAPER)

    opened.emulate_media(media="print", color_scheme="dark")

    assert opened.locator("h1").is_visible()
    assert [*folded(opened), *clickable(opened)] == []
    assert [*pale_on_paper(opened), *overflowing(opened)] == []


def test_only_the_stylesheet_is_waited_for(opened: Page, sites: dict[str, str], name: str) -> None:
    waited_for = [address.partition("?")[0] for address in blocking(opened)]

    assert waited_for == [sites[PAGES[name].site] + "/assets/parcel.css"]


def test_it_says_the_same_without_javascript(
    opened: Page, sites: dict[str, str], window_without_script: Page, name: str
) -> None:
    plain = go_to(window_without_script, sites, PAGES[name])

    assert words(plain) == words(opened)
    assert dead_buttons(plain) == []
