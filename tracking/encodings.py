"""In which encoding an answer is sent: the smallest that the browser takes and we make."""

import gzip
from functools import lru_cache
from typing import Literal

import brotli

Encoding = Literal["br", "gzip", "identity"]

_SMALLEST_FIRST: tuple[Encoding, ...] = ("br", "gzip")
_LONGEST = 200  # characters of a header that is worth remembering
_TOO_SMALL = 200  # bytes; a shorter body would not gain a packet
_TEXTS = ("text/", "application/json", "image/svg+xml", "application/atom+xml")


def chosen(accept_encoding: str) -> Encoding:
    """The encoding for an Accept-Encoding header."""
    return _chosen(accept_encoding) if len(accept_encoding) <= _LONGEST else "identity"


@lru_cache(maxsize=256)
def _chosen(accept_encoding: str) -> Encoding:
    taken = {}
    for part in accept_encoding.lower().split(","):
        name, _, parameter = part.partition(";")
        taken[name.strip()] = not _is_zero(parameter)
    return next(
        (one for one in _SMALLEST_FIRST if taken.get(one, taken.get("*", False))), "identity"
    )


def _is_zero(parameter: str) -> bool:
    name, _, weight = parameter.partition("=")
    return name.strip() == "q" and not weight.strip().strip("0.")


def encoded(body: bytes, content_type: str, encoding: Encoding) -> tuple[bytes, Encoding]:
    """The body in an encoding, or as it is where that gains nothing."""
    if encoding == "identity" or len(body) < _TOO_SMALL or not content_type.startswith(_TEXTS):
        return body, "identity"
    if encoding == "br":
        return brotli.compress(body, quality=5, lgwin=16), encoding
    return gzip.compress(body, 6, mtime=0), encoding
