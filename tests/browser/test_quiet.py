"""Nobody else hears of it, nothing is stored, and the browser has nothing to complain of."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import go_to
from tests.browser.places import PLACES
from tests.browser.watch import Watch


@pytest.mark.parametrize("site_name", sorted({place.site for place in PLACES.values()}))
def test_no_request_to_others_no_cookie_and_no_error(
    browser: Browser, sites: dict[str, str], site_name: str
) -> None:
    places = [place for place in PLACES.values() if place.site == site_name]

    with browser.new_context() as context:
        watch = Watch(context, sites[site_name])
        page = context.new_page()
        for place in places:
            go_to(page, sites, place)
        complaints = watch.complaints()

    assert complaints == []
    assert watch.asked >= len(places)


def test_answer_comes_without_javascript(browser: Browser, site: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site)
        page.locator("input[name=reference]").fill("  DEMO-1003 ")
        page.locator("form button").click()
        headline = page.locator("h1").inner_text()
        address = page.url

    assert headline == "On its way"
    assert address.startswith(f"{site}/parcel?reference=")
