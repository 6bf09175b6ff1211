"""A deliberately bad page, which each check must refuse."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.checks import (
    Check,
    clipped,
    focus_faults,
    folded,
    late,
    overflowing,
    small_targets,
    violations,
)
from tests.browser.watch import Watch


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
        (folded, "folded"),
        (lambda page: late(page, "h1", ".answer__date"), "h1"),
    ],
)
def test_check_refuses_a_bad_page(page: Page, shop: str, check: Check, says: str) -> None:
    page.goto(f"{shop}/bad")

    found = check(page)

    assert any(says in one for one in found), found


def test_folded_history_of_a_bad_page_stays_off_the_paper(page: Page, shop: str) -> None:
    page.goto(f"{shop}/bad")

    page.emulate_media(media="print")

    assert len(folded(page)) == 1


def test_watch_sees_foreign_requests_cookies_and_errors(browser: Browser, shop: str) -> None:
    with browser.new_context() as context:
        watch = Watch(context, shop)
        context.new_page().goto(f"{shop}/bad")
        complaints = watch.complaints()

    foreign = shop.replace("localhost", "127.0.0.1")
    assert f"{foreign}/image" in complaints
    assert "cookie a" in complaints
    assert "error: bad" in complaints
