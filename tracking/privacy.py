"""What a visitor without a proof may see. The rest leaves here, before a journey is made.

`location` may be a home address and `signee` is a name. The table is in design.md, Privacy.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from tracking.codes import MOVEMENT, resolve
from tracking.config import Privacy
from tracking.shipments import Event, Shipment

ON_THE_WAY = MOVEMENT | {"delayed", "held_by_carrier"}

_PART_OF_ADDRESS = re.compile(r"[,;\n]")
_WORD = re.compile(r"\w{3,}")
_NO_NAMES = frozenset({"the", "and"})


def redact(shipment: Shipment, privacy: Privacy) -> Shipment:
    """The shipment without what `privacy` hides, items included."""
    if privacy == "open":
        return shipment
    everywhere = tuple(_every_event(shipment))
    names = frozenset(name for event in everywhere for name in _names(event))
    addresses = frozenset(
        part for event in everywhere for part in _hidden_address(event) if _is_exact(part)
    )

    def hide(events: tuple[Event, ...]) -> tuple[Event, ...]:
        return tuple(_redact(event, privacy, names, addresses) for event in events)

    return replace(
        shipment,
        events=None if shipment.events is None else hide(shipment.events),
        items=None
        if shipment.items is None
        else tuple(replace(item, events=hide(item.events)) for item in shipment.items),
    )


def _redact(
    event: Event, privacy: Privacy, names: frozenset[str], addresses: frozenset[str]
) -> Event:
    if privacy == "strict":
        return replace(event, location=None, lat_long=None, description=None, signee=None)
    told = _folded(event.description)
    gives_away = (
        not names.isdisjoint(_WORD.findall(told))
        or any(address in told for address in addresses)
        or any(_says(told, own) for own in [_folded(event.signee), *_hidden_address(event)])
    )
    event = replace(event, signee=None, description=None if gives_away else event.description)
    return event if _on_the_way(event) else replace(event, location=None, lat_long=None)


def _says(told: str, words: str) -> bool:
    """Whether `words` stand in `told` and are not just the inside of a longer (Latin) word."""
    return bool(words) and bool(re.search(rf"(?<![a-z0-9]){re.escape(words)}(?![a-z0-9])", told))


def _every_event(shipment: Shipment) -> Iterable[Event]:
    yield from shipment.events or ()
    for item in shipment.items or ():
        yield from item.events


def _on_the_way(event: Event) -> bool:
    return resolve(event.event_code) in ON_THE_WAY


def _names(event: Event) -> list[str]:
    """The words of a signee: none may stand in what the carrier says, of any event."""
    return [word for word in _WORD.findall(_folded(event.signee)) if word not in _NO_NAMES]


def _hidden_address(event: Event) -> list[str]:
    """A hidden location and the lines that it is made of."""
    if _on_the_way(event):
        return []
    whole = _folded(event.location)
    parts = (part.strip() for part in _PART_OF_ADDRESS.split(whole))
    return [whole, *(part for part in parts if len(part) > 3)]


def _is_exact(part: str) -> bool:
    """House numbers and postcodes tell a home apart; the name of a town does not."""
    return len(part) > 3 and any(character.isdigit() for character in part)


def _folded(words: str | None) -> str:
    return " ".join((words or "").casefold().split())
