"""A deliberately bad page, which each check must refuse."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.checks import (
    Check,
    at_widths,
    blockable,
    blocking,
    clickable,
    clipped,
    dead_buttons,
    enlarge_text,
    focus_faults,
    folded,
    kept,
    late,
    overflowing,
    pale_on_paper,
    small_targets,
    space_text,
    vanishing,
    violations,
    words,
)
from tests.browser.watch import Watch


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """One apart: a bad page leaves things behind."""
    with browser.new_context() as context:
        yield context.new_page()


def printed(page: Page, check: Check) -> list[str]:
    page.emulate_media(media="print")
    return check(page)


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (overflowing, "wide"),
        (clipped, "several"),
        (small_targets, "tiny"),
        (small_targets, "<input"),
        (violations, "color-contrast"),
        (violations, "image-alt"),
        (violations, "html-has-lang"),
        (focus_faults, "none"),
        (focus_faults, "never reached: <a href"),
        (folded, "folded"),
        (vanishing, "only-a-colour"),
        (late, "h1 ends at"),
        (lambda page: printed(page, folded), "folded"),
        (lambda page: printed(page, clickable), "<form"),
        (lambda page: printed(page, pale_on_paper), "pale"),
        (dead_buttons, "dead"),
        (words, "scripted"),
        (kept, "document.cookie keeps a=b"),
        (kept, "localStorage keeps b"),
        (kept, "sessionStorage keeps c"),
        (kept, "indexedDB keeps d"),
        (kept, "caches keeps e"),
        (blockable, "/tracking?page=1"),
        (blocking, "/blocks"),
    ],
)
def test_check_refuses_a_bad_page(page: Page, shop: str, check: Check, says: str) -> None:
    page.goto(f"{shop}/bad")

    found = check(page)

    assert any(says in one for one in found), found


def test_check_at_widths_looks_at_each(page: Page, shop: str) -> None:
    page.goto(f"{shop}/bad")

    found = at_widths(page, (320, 2200), overflowing)

    assert (bool(found[320]), bool(found[2200])) == (True, False)


def test_text_is_twice_as_large(page: Page, shop: str) -> None:
    page.goto(f"{shop}/bad")
    before = page.locator(".pale").bounding_box()

    enlarge_text(page)

    assert page.locator(".pale").bounding_box()["height"] > 1.8 * before["height"]


def test_what_wider_text_spacing_clips_is_found(page: Page, shop: str) -> None:
    page.goto(f"{shop}/bad")
    page.locator(".pale").evaluate(
        """one => {
            one.style.cssText += '; width: max-content; white-space: nowrap; overflow: hidden';
            one.style.width = `${one.getBoundingClientRect().width + 1}px`;
        }"""
    )
    assert not any("pale" in one for one in clipped(page))

    space_text(page)

    assert any("pale" in one for one in clipped(page))


def test_words_of_a_bad_page_need_its_script(browser: Browser, shop: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{shop}/bad")

        assert "scripted" not in words(page)


@pytest.mark.parametrize(
    "address",
    ["/track", "/parcel/status", "/x?ad=1", "/ads/", "/a-log", "/ping", "/pixel", "/p?ref=1"],
)
def test_address_on_the_lists_is_found(page: Page, shop: str, address: str) -> None:
    page.goto(f"{shop}/?frame=")
    page.evaluate("address => { document.querySelector('iframe').src = address }", address)

    assert any(one.startswith(address) for one in blockable(page))


@pytest.mark.parametrize("address", ["/parcel?reference=1", "/add", "/login", "/typing", "/prefer"])
def test_address_that_is_on_no_list_is_not(page: Page, shop: str, address: str) -> None:
    page.goto(f"{shop}/?frame=")
    page.evaluate("address => { document.querySelector('iframe').src = address }", address)

    assert blockable(page) == []


def test_watch_sees_foreign_requests_cookies_and_errors(browser: Browser, shop: str) -> None:
    with browser.new_context() as context:
        watch, page = Watch(context), context.new_page()
        page.goto(f"{shop}/bad")
        page.wait_for_load_state("networkidle")
        complaints = watch.complaints(shop)

    foreign = shop.replace("localhost", "127.0.0.1")
    assert f"{foreign}/image" in complaints
    assert "cookie a" in complaints
    assert "error: bad" in complaints
    assert "error: policy frame-src stops /" in [one.replace(shop, "") for one in complaints]
    assert any("thrown" in one for one in complaints)
