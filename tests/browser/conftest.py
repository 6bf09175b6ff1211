"""One browser and one window for all files here; every test finds the window as it was."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.checks import blockable, kept, restore
from tests.browser.places import PLACES, Place
from tests.browser.sites import open_sites, serving
from tests.browser.sites import shop as shop_app
from tests.browser.watch import Watch
from tests.chromium import CHROMIUM

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "pages"
DESK = {"width": 1280, "height": 720}
PHONE = {"width": 320, "height": 640}

Visit = Callable[[Place], Page]


@dataclass(frozen=True)
class Once:
    """A place that was opened once, and what happened that a shopper does not see."""

    page: Page
    unseen: list[str]


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
    window.set_viewport_size(DESK)
    in_light_colours(window)
    return window


@pytest.fixture
def visit(page: Page, sites: dict[str, str]) -> Visit:
    """Opens a place, and sees that it comes with its status."""

    def go(place: Place) -> Page:
        return go_to(page, sites, place)

    return go


@pytest.fixture(scope="package")
def watch(window: Page) -> Watch:
    """What the window asks for, keeps and complains about."""
    return Watch(window.context)


@pytest.fixture(scope="module")
def once(window: Page, sites: dict[str, str], watch: Watch, name: str) -> Once:
    """The place of that name, for all tests that are about it."""
    place = PLACES[name]
    watch.complaints(sites[place.site])  # of the place before
    page = go_to(window, sites, place)
    unseen = kept(page) + blockable(page) + watch.complaints(sites[place.site])
    return Once(page, unseen)


@pytest.fixture
def opened(once: Once) -> Page:
    """The place of that name as it came, but for the width of the window, which takes long."""
    in_light_colours(once.page)
    restore(once.page)
    return once.page


@pytest.fixture(scope="package")
def artefacts() -> Path:
    """Where pictures are kept; empty, so that none is of a page that is no more."""
    shutil.rmtree(ARTEFACTS, ignore_errors=True)
    ARTEFACTS.mkdir(parents=True)
    return ARTEFACTS


def in_light_colours(page: Page) -> None:
    """On a screen, with light colours of our own."""
    page.emulate_media(media="screen", color_scheme="light", forced_colors="none")


def go_to(page: Page, sites: dict[str, str], place: Place) -> Page:
    """Open a place, and see that it comes with its status."""
    address = sites[place.site] + place.path
    if place.method != "GET":
        page.route(address, lambda route: route.continue_(method=place.method), times=1)
    response = page.goto(address)
    assert response is not None
    assert response.status == place.status
    return page


def take_pictures(page: Page, folder: Path, name: str) -> None:
    """Keep pictures of the whole page at this width, by day and by night."""
    file = "-".join([*re.findall(r"\w+", name), str(page.viewport_size["width"])])
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=folder / f"{file}-{scheme}.jpg", full_page=True, quality=80)
