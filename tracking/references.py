"""Reference: what was typed, cleaned, and which kind it is. Refused ones never cost a call."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

LONGEST_CUSTOM_REFERENCE = 50  # UTF-16 units: PRO is a .NET service and counts those
LONGEST_TYPED = 2000  # characters; more is not worth cleaning
DIGITS = 32

Kind = Literal["reference", "custom_reference"]
Reason = Literal[
    "empty", "too_long", "control_characters", "wrong_digits", "not_a_shipment", "reserved"
]

# Unicode's Default_Ignorable_Code_Point, and the controls that turn the writing direction.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LABEL = re.compile(
    r"(?:(?:your|my)\s+)?(?:order|tracking|parcel|shipment|delivery|reference|ref)\b\.?\s*"
    r"(?:(?:number|no|nr|reference|ref|id)\b\.?\s*(?:#?\s*:|is\b)?|#?\s*:|(?=#))\s*",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»", "‹": "›"}
_BLANKS = " \t\r\n"
_WITHOUT_BLANKS = str.maketrans("", "", _BLANKS)
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories; lone surrogates too
_PRO_REFERENCE = re.compile(r"(sp|sc|tr)_([0-9]+)", re.ASCII)
_RESERVED = frozenset({".", "..", "shipment_contents"})


class ReferenceRefused(ValueError):
    """What was typed cannot be a reference that PRO looks up.

    `prefix` and `digits` say what it has where it has not 32 digits.
    """

    def __init__(self, typed: str, reason: Reason, prefix: str = "", digits: int = 0) -> None:
        super().__init__(reason)
        self.typed = typed
        self.reason = reason
        self.prefix = prefix
        self.digits = digits


@dataclass(frozen=True)
class Reference:
    """A reference that PRO can be asked for. `typed` is kept for the form."""

    typed: str
    text: str
    kind: Kind

    @classmethod
    def parse(cls, typed: str) -> Self:
        """Clean and classify what a shopper typed or pasted.

        Raises ReferenceRefused. Source: design.md, Cleaning and Kinds of reference.
        """
        if len(typed) > LONGEST_TYPED:
            raise ReferenceRefused(typed, "too_long")
        text = clean(typed)
        if not text:
            raise ReferenceRefused(typed, "empty")
        compact = text.translate(_WITHOUT_BLANKS).lower()
        if numbered := _PRO_REFERENCE.fullmatch(compact):
            return cls(typed, _numbered(typed, *numbered.groups()), "reference")
        if any(unicodedata.category(character) in _CONTROLS for character in text):
            raise ReferenceRefused(typed, "control_characters")
        if text.casefold() in _RESERVED:
            raise ReferenceRefused(typed, "reserved")
        if sum(1 if unit <= "\uffff" else 2 for unit in text) > LONGEST_CUSTOM_REFERENCE:
            raise ReferenceRefused(typed, "too_long")
        return cls(typed, text, "custom_reference")


def clean(typed: str) -> str:
    """Drop what comes along when people copy: blanks, quotes, labels, invisible characters.

    A pasted link to this page stands for the reference in it. Layer by layer, so that what is
    clean stays as it is and our own links lead to the same answer.
    """
    cleaned, before = typed, None
    while cleaned != before and len(cleaned) <= LONGEST_TYPED:  # some grow when normalised
        before = cleaned
        cleaned = _unlabelled(_unquoted(_visible(_linked(cleaned))))
    return cleaned


def _visible(text: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip(_BLANKS)


def _unlabelled(text: str) -> str:
    return text[label.end() :] if (label := _LABEL.match(text)) else text


def _unquoted(text: str) -> str:
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        return text[1:-1].strip(_BLANKS)
    return text


def _linked(text: str) -> str:
    if not text.lower().startswith(("https://", "http://")):
        return text
    try:
        return parse_qs(urlsplit(text).query).get("reference", [text])[0]
    except ValueError:
        return text


def _numbered(typed: str, prefix: str, digits: str) -> str:
    if len(digits) != DIGITS:
        raise ReferenceRefused(typed, "wrong_digits", f"{prefix}_", len(digits))
    if prefix != "sp":
        raise ReferenceRefused(typed, "not_a_shipment")
    return f"{prefix}_{digits}"
