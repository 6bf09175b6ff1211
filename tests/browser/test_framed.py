"""Inside a shop's page on another origin; `test_matrix_framing` says who may."""

import struct
import zlib

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page


def pixel(page: Page, x: int, y: int) -> tuple[int, int, int]:
    """The colour that a person sees there."""
    png = page.screenshot(clip={"x": x, "y": y, "width": 1, "height": 1})
    place, data = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    red, green, blue = zlib.decompress(data)[1:4]  # after the byte that names the row's filter
    return red, green, blue


def _framed(context: BrowserContext, shop: str, address: str, **shop_query: str) -> Page:
    page = context.new_page()
    query = "".join(f"&{name}={value}" for name, value in shop_query.items())
    page.goto(f"{shop}/?frame={address}{query}")
    return page


def _frame(page: Page) -> Frame:
    (frame,) = page.main_frame.child_frames
    frame.wait_for_load_state()
    return frame


def test_shop_that_is_named_frames_the_page(browser: Browser, shop: str, site: str) -> None:
    with browser.new_context() as context:
        page = _framed(context, shop, f"{site}/embed")
        frame = _frame(page)
        frame.locator("input[name=reference]").fill("DEMO-1003")
        frame.locator("form button").click()
        frame.locator("article").wait_for()
        headline = frame.locator("h1").inner_text()
        address = frame.url

    assert headline == "On its way"
    assert address.startswith(f"{site}/embed?reference=")


def test_framed_page_is_clear_and_light_although_the_system_is_dark(
    browser: Browser, shop: str, site: str
) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        with browser.new_context(color_scheme=scheme) as context:
            page = _framed(context, shop, f"{site}/embed?reference=DEMO-1003")
            answer = _frame(page).locator("h1")
            answer.wait_for()
            colour = answer.evaluate("one => getComputedStyle(one).color")
            seen[scheme] = (pixel(page, 2, 2), colour)

    assert seen["light"][0] == (200, 40, 160)
    assert seen["dark"] == seen["light"]


@pytest.mark.parametrize(("theme", "scheme"), [("dark", "dark"), ("auto", "light dark")])
def test_dark_page_is_clear_in_a_shop_that_is_dark(
    browser: Browser, shop: str, site: str, theme: str, scheme: str
) -> None:
    with browser.new_context(color_scheme="dark") as context:
        address = f"{site}/embed%3Freference=DEMO-1003%26theme={theme}"
        page = _framed(context, shop, address, scheme=scheme)
        _frame(page).locator("h1").wait_for()
        seen = pixel(page, 2, 2)

    assert seen == (200, 40, 160)


def test_link_that_leaves_leaves_the_frame(browser: Browser, shop: str, site: str) -> None:
    with browser.new_context() as context:
        context.route("https://shop.example/**", lambda route: route.fulfill(body="Help"))
        page = _framed(context, shop, f"{site}/embed")
        _frame(page).locator("a", has_text="Contact").click()
        page.wait_for_url("https://shop.example/help")
        framed = page.main_frame.child_frames

    assert framed == []


def test_pixel_is_the_colour_that_is_seen(page: Page) -> None:
    page.goto("data:text/html,<body style='background: rgb(1, 2, 3)'>")

    assert pixel(page, 5, 5) == (1, 2, 3)
