"""By keyboard alone: WCAG 2.4.7 and 2.4.11; rule F4."""

import pytest
from playwright.sync_api import Browser

from tests.browser.checks import focus_faults
from tests.browser.conftest import Visit
from tests.browser.places import PAGES


@pytest.mark.parametrize(
    "name", ["too few digits", "sixty scans", "order", "items", "embedded order"]
)
@pytest.mark.parametrize("width", [320, 1280])
def test_focus_is_seen_at_every_stop(visit: Visit, name: str, width: int) -> None:
    page = visit(PAGES[name])
    page.set_viewport_size({"width": width, "height": 640})

    assert focus_faults(page) == []


@pytest.mark.parametrize("path", ["/parcel?reference=sp_12", "/embed?reference="])
def test_error_has_the_focus_without_javascript(browser: Browser, site: str, path: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + path)

        summary = page.locator(".error-summary:focus").count()
        page.keyboard.press("Tab")
        link = page.locator(".error-summary a:focus").count()
        page.keyboard.press("Enter")
        field = page.locator("input:focus").count()

    assert (summary, link, field) == (1, 1, 1)


def test_first_stop_skips_to_the_parcel(visit: Visit) -> None:
    page = visit(PAGES["parcel"])

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")
