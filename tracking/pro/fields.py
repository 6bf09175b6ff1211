"""Forgiving coercions for PRO's fields: any JSON value in, a clean value or None out."""

import math
import re
import unicodedata
from typing import Any

_LONGEST_TEXT = 2000  # characters; a carrier's words are a sentence or two
_TURNS_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")  # could reorder the page around them
_NOT_TEXT = frozenset({"Cc", "Cs", "Cn", "Zl", "Zp"})  # controls, lone surrogates, line separators


def text(value: Any) -> str | None:
    """A string or a number as plain text on one line; None for anything else and for nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    shown = str(value)
    if not shown.isprintable():  # most are, and need no look at each character
        shown = _TURNS_DIRECTION.sub("", shown)[:_LONGEST_TEXT]
        shown = "".join(c if _is_text(c) else " " for c in shown)
    return " ".join(shown[:_LONGEST_TEXT].split()) or None


def code(value: Any) -> str | None:
    """A code as it is, so that only an exact one is known; what cannot be shown becomes "�"."""
    if not isinstance(value, str):
        return text(value)
    kept = value[:_LONGEST_TEXT]
    if kept.isprintable():
        return kept or None
    return "".join(c if _is_text(c) else "\ufffd" for c in kept) or None


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, or the one that stands where a list belongs; each only once."""
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(clean for one in values if (clean := text(one))))


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is no object in it is left out."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def count(value: Any) -> int:
    """A whole number from 0 on; 0 for anything else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return max(value, 0) if whole else 0


def lat_long(value: Any) -> tuple[float, float] | None:
    """Latitude and longitude in degrees; None where out of range, or 0,0: "not known"."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = _degrees(value.get("latitude")), _degrees(value.get("longitude"))
    known = abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0, 0)
    return (latitude, longitude) if known else None


def _is_text(character: str) -> bool:
    turns = _TURNS_DIRECTION.fullmatch(character)
    return not turns and unicodedata.category(character) not in _NOT_TEXT


def _degrees(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and abs(value) <= 180 else math.inf
