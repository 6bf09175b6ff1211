"""By keyboard alone: WCAG 2.1.1, 2.4.7 and 2.4.11; rule F4."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.checks import focus_faults
from tests.browser.conftest import Visit
from tests.browser.places import PAGES

MOST_STOPS = 40


@pytest.fixture(params=[True, False], ids=["with a script", "without"])
def keyboard(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    with browser.new_context(java_script_enabled=request.param) as context:
        yield context.new_page()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"{selector} is not reached")


@pytest.mark.parametrize("name", ["sixty scans", "order", "items", "embedded order"])
def test_focus_is_seen_in_a_wide_window(visit: Visit, name: str) -> None:
    assert focus_faults(visit(PAGES[name])) == []


def test_whole_way_is_gone_by_keyboard(keyboard: Page, site: str) -> None:
    keyboard.goto(site)
    tab_to(keyboard, "input[name=reference]")
    keyboard.keyboard.type("HO-20")
    keyboard.keyboard.press("Enter")
    keyboard.wait_for_url("**/parcel?reference=HO-20")
    assert keyboard.locator("h1").inner_text() == "1 of 2 parcels delivered"

    tab_to(keyboard, "main a[href*='reference=sp_']")
    keyboard.keyboard.press("Enter")
    keyboard.wait_for_url("**/parcel?reference=sp_*")
    assert keyboard.locator("h1").inner_text() == "On its way"

    tab_to(keyboard, "main a[href*='level=contents']")
    keyboard.keyboard.press("Enter")
    keyboard.wait_for_url("**level=contents")

    tab_to(keyboard, "input[name=reference]")
    keyboard.keyboard.press("ControlOrMeta+A")
    keyboard.keyboard.type("NOBODYS")
    tab_to(keyboard, "form button")
    keyboard.keyboard.press("Space")
    keyboard.wait_for_url("**/parcel?reference=NOBODYS")
    assert keyboard.locator("h1").inner_text() == "We cannot find that parcel"


def test_folds_open_by_keyboard(keyboard: Page, site: str) -> None:
    keyboard.goto(f"{site}/parcel?reference=DEMO-1107")

    folds = keyboard.locator("main details").count()
    for number in range(folds):
        tab_to(keyboard, f":nth-match(main summary, {number + 1})")
        keyboard.keyboard.press("Enter")

    assert folds > 0
    assert keyboard.locator("main details[open]").count() == folds


@pytest.mark.parametrize("path", ["/parcel?reference=sp_12", "/embed?reference="])
def test_error_has_the_focus(keyboard: Page, site: str, path: str) -> None:
    keyboard.goto(site + path)

    summary = keyboard.locator(".error-summary:focus").count()
    keyboard.keyboard.press("Tab")
    link = keyboard.locator(".error-summary a:focus").count()
    keyboard.keyboard.press("Enter")
    field = keyboard.locator("input:focus").count()

    assert (summary, link, field) == (1, 1, 1)


def test_first_stop_skips_to_the_parcel(keyboard: Page, site: str) -> None:
    keyboard.goto(f"{site}/parcel?reference=DEMO-1107")

    keyboard.keyboard.press("Tab")
    keyboard.keyboard.press("Enter")
    keyboard.keyboard.press("Tab")

    assert keyboard.locator("main :focus").count() == 1
