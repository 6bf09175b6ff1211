"""Requests that nobody reads: what a browser fetches ahead, and what an app fetches for a preview.

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


def is_unread(headers: Mapping[str, str]) -> bool:
    """Whether a request with these headers is one that nobody reads the answer to."""
    ahead = any(word in headers.get(name, "").lower() for name, word in _AHEAD.items())
    return ahead or bool(_APPS.search(headers.get("User-Agent", "")))
