"""Requests that nobody reads: what a browser fetches ahead, what an app fetches for a preview, and
what a page of a stranger has fetched for a frame or a picture, which a browser does not show.

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
# What a browser fetches it for, where it says so: see the Fetch standard, "destination".
_FRAMES = frozenset({"iframe", "frame", "embed", "object"})
_PARTS = frozenset({"image", "script", "style", "font", "audio", "video"})


def is_unread(headers: Mapping[str, str], *, framable: bool = False) -> bool:
    """Whether a request with these headers is one that nobody reads the answer to.

    `framable` says that there are pages of others that may show the answer in a frame.
    """
    purpose = headers.get("Sec-Fetch-Dest", "")
    if purpose in _PARTS or (purpose in _FRAMES and not framable):
        return True
    ahead = any(word in headers.get(name, "").lower() for name, word in _AHEAD.items())
    return ahead or bool(_APPS.search(headers.get("User-Agent", "")))
