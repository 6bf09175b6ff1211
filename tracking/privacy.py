"""What a visitor without a proof may see. The rest leaves here, before a journey is made.

`location` may be a home address and `signee` is a name. The table is in design.md, Privacy.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from tracking.codes import MOVEMENT, resolve
from tracking.config import Privacy
from tracking.shipments import Event, Shipment, ShipmentPage

ON_THE_WAY = MOVEMENT | {"delayed", "held_by_carrier"}

_WORD = re.compile(r"[^\W_]+")
_PARTS_OF_ADDRESS = re.compile(r"[,;\n]")
_NO_NAMES = frozenset(
    {"an", "and", "at", "by", "for", "in", "is", "it", "mr", "mrs", "ms", "of", "on", "the", "to"}
)
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i"})
_LONGEST_RUN = 8  # words in a row that may be one name or address
_MOST_SECRETS = 200  # of one answer; no order has as many, and each is sought in all words


class _Hidden(NamedTuple):
    """What no words may tell: `secrets` wherever they stand, whole `names` in places too."""

    secrets: frozenset[str]
    names: frozenset[str]


def redact_page(page: ShipmentPage, privacy: Privacy) -> ShipmentPage:
    """The shipments without what `privacy` hides: who signs for one may be named with another."""
    if privacy == "open":
        return page
    hidden = _hidden_in(page.shipments)
    return replace(page, shipments=tuple(_redacted(one, privacy, hidden) for one in page.shipments))


def redact(shipment: Shipment, privacy: Privacy) -> Shipment:
    """The shipment without what `privacy` hides, items included."""
    (redacted,) = redact_page(ShipmentPage((shipment,), 1), privacy).shipments
    return redacted


def _hidden_in(shipments: Iterable[Shipment]) -> _Hidden:
    everywhere = [event for shipment in shipments for event in _every_event(shipment)]
    secrets = (
        secret for event in everywhere for secret in (*_long_names(event), *_exact_addresses(event))
    )
    signees = (_words(event.signee) for event in everywhere)
    return _Hidden(
        frozenset(secrets), frozenset("".join(words) for words in signees if len(words) > 1)
    )


def _redacted(shipment: Shipment, privacy: Privacy, hidden: _Hidden) -> Shipment:
    def hide(events: tuple[Event, ...]) -> tuple[Event, ...]:
        if privacy == "strict":
            return tuple(_bare(event) for event in events)
        return tuple(_redact(event, hidden) for event in events)

    items = shipment.items
    return replace(
        shipment,
        events=None if shipment.events is None else hide(shipment.events),
        items=None
        if items is None
        else tuple(replace(item, events=hide(item.events)) for item in items),
    )


def _bare(event: Event) -> Event:
    return replace(event, location=None, lat_long=None, description=None, signee=None)


def _redact(event: Event, hidden: _Hidden) -> Event:
    """Secrets are hidden in the words of every event, a place's name only in its own's.

    A place on the way is hidden where it tells a whole name: a part of one may be what a depot is
    called.
    """
    shown = event if event.signee is None else replace(event, signee=None)
    if _gives_away(event, hidden.secrets):
        shown = replace(shown, description=None)
    if not _on_the_way(event) or _tells(event.location, hidden.names):
        shown = replace(shown, location=None, lat_long=None)
    return shown


def _gives_away(event: Event, secrets: frozenset[str]) -> bool:
    """Whether the words of an event tell what is hidden, anywhere or in the event itself."""
    own = frozenset((*_hidden_places(event), *_names(event)))
    return any(_tells(event.description, hidden) for hidden in (secrets, own))


def _tells(told: str | None, secrets: frozenset[str]) -> bool:
    """Whether words in a row are a secret, however they are cased, spaced or hyphenated.

    Scripts that put no blanks between words are searched letter by letter. Among too many secrets
    anything may be one.
    """
    if not told or not secrets or len(secrets) > _MOST_SECRETS:
        return bool(told and secrets)
    words = _words(told)
    runs = {
        "".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST_RUN, len(words)) + 1)
    }
    letters = "".join(words)
    return not secrets.isdisjoint(runs) or any(
        secret in letters for secret in secrets if not secret.isascii()
    )


def _every_event(shipment: Shipment) -> Iterator[Event]:
    yield from shipment.events or ()
    for item in shipment.items or ():
        yield from item.events


def _on_the_way(event: Event) -> bool:
    return resolve(event.event_code) in ON_THE_WAY


def _names(event: Event) -> set[str]:
    """A signee as a whole and name by name; To and An are surnames too where little else is."""
    words = _words(event.signee)
    names = {word for word in words if len(word) > 1 and (len(words) < 3 or word not in _NO_NAMES)}
    return names | {"".join(words)} if words else names


def _long_names(event: Event) -> set[str]:
    """What is a name wherever it stands: a "van" of another scan need not be Anna van Dijk's."""
    return {name for name in _names(event) if len(name) > 3 or not name.isascii()}


def _exact_addresses(event: Event) -> Iterator[str]:
    """House numbers and postcodes tell a home apart; the name of a town does not."""
    words = [] if _on_the_way(event) else _words(event.location)
    yield from (word for word in words if len(word) > 3 and _has_digit(word))
    yield from (one + two for one, two in pairwise(words) if _has_digit(one + two))


def _hidden_places(event: Event) -> Iterator[str]:
    """A hidden location as a whole, and the parts that it is made of."""
    if event.location is None or _on_the_way(event):
        return
    yield from _squashed([event.location])
    yield from (
        part for part in _squashed(_PARTS_OF_ADDRESS.split(event.location)) if len(part) > 3
    )


def _squashed(texts: Iterable[str]) -> Iterator[str]:
    return filter(None, ("".join(_words(text)) for text in texts))


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)


def _words(text: str | None) -> list[str]:
    """The words of a text without case and accents."""
    if text is None or text.isascii():  # which most are, and nothing is to be taken off them
        return _WORD.findall((text or "").lower())
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN)
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))
