"""Who fetches a page that nobody reads, and that they cost no call."""

from collections.abc import Callable

import pytest

from tests.conftest import Shopper
from tracking.previews import is_unread
from tracking.pro.simulator import Simulator


def fetched(site: str, mode: str, purpose: str = "empty") -> dict[str, str]:
    """What a browser says of a request that a page of that site makes."""
    return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": purpose}


CHROMIUM = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36"
)
MAIL_READER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0"
FEED_READER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " fluent-reader/1.1.4 Chrome/110.0.5481.208 Electron/23.2.1 Safari/537.36"
)
UNREAD = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"Purpose": "Prefetch"},
    {"X-Purpose": "preview"},
    {"X-Moz": "prefetch"},
    {"Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Dest": "object"},
    fetched("cross-site", "no-cors"),  # fetch(), XMLHttpRequest
    fetched("cross-site", "cors"),
    fetched("cross-site", "cors", "track"),
    fetched("cross-site", "cors", "manifest"),
    fetched("cross-site", "no-cors", "image"),
    fetched("cross-site", "no-cors", "script"),
    fetched("cross-site", "no-cors", "what is yet to be made"),
    fetched("cross-site", "no-cors") | {"User-Agent": CHROMIUM},
    fetched("cross-site", "navigate", "iframe"),
    fetched("cross-site", "navigate", "embed"),
    *(
        {"User-Agent": name}
        for name in [
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Twitterbot/1.0",
            "WhatsApp/2.23.20.0 A",
            "TelegramBot (like TwitterBot)",
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
            "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like"
            " Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
            "http.rb/5.1.1 (Mastodon/4.2.1; +https://social.example/) Bot",
        ]
    ),
]
READ = [
    {},
    {"Purpose": ""},
    {"Sec-Purpose": "", "X-Purpose": "", "X-Moz": ""},
    {"Sec-Fetch-Dest": "document"},
    fetched("cross-site", "navigate", "document"),  # a link in an e-mail or a shop
    fetched("none", "navigate", "document"),
    fetched("same-origin", "cors"),  # our script
    fetched("same-origin", "navigate"),  # a download
    fetched("none", "no-cors"),  # what a browser does by itself
    fetched("same-site", "cors"),  # a page of the shop, which its proxy may let read
    {"Sec-Fetch-Mode": "cors"},  # a program that is no browser
    fetched("cross-site", "no-cors") | {"User-Agent": MAIL_READER},
    fetched("cross-site", "cors") | {"User-Agent": FEED_READER},
    *(
        {"User-Agent": name}
        for name in [
            "",
            "curl/8.5.0",
            CHROMIUM,
            # browsers inside apps: somebody reads there
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/480.0.0.0;FBLC/en_GB]",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) Mobile/15E148 Twitter for iPhone/10.63",
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile"
            " Safari/537.36 [LinkedInApp]/4.1.1000",
            "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 WhatsApp/2.24.20.89",
        ]
    ),
]


@pytest.mark.parametrize("headers", UNREAD)
def test_what_is_fetched_ahead_or_for_a_preview_is_unread(headers):
    assert is_unread(headers)


@pytest.mark.parametrize("headers", READ)
def test_what_a_browser_or_a_tool_fetches_is_read(headers):
    assert not is_unread(headers)


@pytest.mark.parametrize("purpose", ["iframe", "frame", "object", "embed"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin"])
def test_what_others_may_frame_is_read_in_a_frame(purpose: str, site: str):
    assert not is_unread(fetched(site, "navigate", purpose), framable=True)


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_what_others_may_frame_they_may_not_read_otherwise(mode: str):
    assert is_unread(fetched("cross-site", mode), framable=True)


@pytest.mark.parametrize(
    ("path", "origins", "calls"),
    [
        ("/embed", "https://shop.example", 1),
        ("/embed", "", 0),
        ("/parcel", "https://shop.example", 0),
        ("/record", "https://shop.example", 0),
    ],
)
def test_r12_a_frame_costs_a_call_only_where_there_may_be_one(
    path: str, origins: str, calls: int, make_shopper: Callable[..., Shopper], pro: Simulator
):
    client = make_shopper(EMBED_ORIGINS=origins).client

    client.get(f"{path}?reference=DEMO-1001", headers={"Sec-Fetch-Dest": "iframe"})

    assert len(pro.calls) == calls


@pytest.mark.parametrize("headers", UNREAD)
def test_r12_a_preview_costs_no_call_and_is_answered_from_memory_or_not_at_all(
    headers: dict[str, str], shopper: Shopper, pro: Simulator
):
    def preview() -> int:
        return shopper.client.get("/parcel?reference=DEMO-1001", headers=headers).status_code

    assert preview() == 503
    assert pro.calls == []
    shopper.ask("DEMO-1001")
    assert preview() == 200
    assert len(pro.calls) == 1


def test_r12_a_cold_preview_spoils_nothing_for_the_shopper_who_comes_next(shopper: Shopper):
    unseen = shopper.client.get("/parcel?reference=DEMO-1001", headers={"User-Agent": "Twitterbot"})

    assert unseen.status_code == 503
    assert unseen.headers["Cache-Control"] == "no-store"
    shopper.ask("DEMO-1001")
