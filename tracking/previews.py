"""Requests that nobody reads: what a browser fetches ahead, what an app fetches for a preview, and
what a page of a stranger has fetched, which no browser lets it read or show.

They are not worth a billed call. Source: reliability.md, R12.
"""

import re
from collections.abc import Mapping

# Sec-Purpose is the standard's; Purpose was Chrome's and is Safari's, X-Moz is Firefox's.
_AHEAD = {
    "Sec-Purpose": "prefetch",
    "Purpose": "prefetch",
    "X-Purpose": "preview",
    "X-Moz": "prefetch",
}
# The names of those who fetch; browsers inside the same apps have others. Signal says WhatsApp.
_APPS = re.compile(
    r"facebookexternalhit|Facebot|Slackbot|Slack-ImgProxy|Twitterbot|^WhatsApp/|TelegramBot"
    r"|Discordbot|LinkedInBot|SkypeUriPreview|Mastodon/|redditbot|Pinterestbot|vkShare"
    r"|Snap URL Preview|BingPreview|Iframely|Embedly",
    re.I,
)
# Programs made of a browser: what they fetch is of no site to it, and they read it all the same.
_READERS = re.compile(r"Thunderbird/|Electron/")
# What a browser fetches it for, where it says so: see the Fetch standard, "destination".
_FRAMES = frozenset({"iframe", "frame", "embed", "object"})


def is_unread(headers: Mapping[str, str], *, framable: bool = False) -> bool:
    """Whether a request with these headers is one that nobody reads the answer to.

    `framable` says that there are pages of others that may show the answer in a frame.
    """
    program = headers.get("User-Agent", "")
    if headers.get("Sec-Fetch-Dest") in _FRAMES and not framable:
        return True
    if _is_kept_from_its_page(headers) and not _READERS.search(program):
        return True
    ahead = any(word in headers.get(name, "").lower() for name, word in _AHEAD.items())
    return ahead or bool(_APPS.search(program))


def _is_kept_from_its_page(headers: Mapping[str, str]) -> bool:
    """Whether a page of another site has it fetched, and is not left for it.

    To no other site we say that it may read. What a proxy says to the shop's own is the shop's.
    """
    foreign = headers.get("Sec-Fetch-Site") == "cross-site"
    return foreign and headers.get("Sec-Fetch-Mode") != "navigate"
