"""One browser and one window for all files here; every test finds the window as it was."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.places import Place
from tests.browser.sites import open_sites, serving
from tests.browser.sites import shop as shop_app
from tests.chromium import CHROMIUM

Visit = Callable[[Place], Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM and "CI" not in os.environ:
        pytest.skip("there is no Chromium")
    assert CHROMIUM, "Chromium must be on PATH"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shop() -> Iterator[str]:
    """The origin of a shop that may frame the page; under 127.0.0.1 it is another that may not."""
    with serving(shop_app) as origin:
        yield origin.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="package")
def sites(shop: str) -> Iterator[dict[str, str]]:
    """The origins of the applications, by name."""
    with open_sites(shop) as origins:
        yield origins


@pytest.fixture(scope="package")
def site(sites: dict[str, str]) -> str:
    """The origin of the one with a key, where all is well."""
    return sites["own"]


@pytest.fixture(scope="package")
def window(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        context.set_default_timeout(5000)  # ms
        yield context.new_page()


@pytest.fixture
def page(window: Page) -> Page:
    """A window of 1280 pixels in light colours; the same one for all tests."""
    window.set_viewport_size({"width": 1280, "height": 720})
    window.emulate_media(media="screen", color_scheme="light", forced_colors="none")
    return window


@pytest.fixture
def visit(page: Page, sites: dict[str, str]) -> Visit:
    """Opens a place, and sees that it comes with its status."""

    def go(place: Place) -> Page:
        return go_to(page, sites, place)

    return go


def go_to(page: Page, sites: dict[str, str], place: Place) -> Page:
    """Open a place, and see that it comes with its status."""
    address = sites[place.site] + place.path
    if place.method != "GET":
        page.route(address, lambda route: route.continue_(method=place.method), times=1)
    response = page.goto(address)
    assert response is not None
    assert response.status == place.status
    return page
