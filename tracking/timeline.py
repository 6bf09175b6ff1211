"""A history: merged, newest first, grouped by the scan's own day. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import groupby

from tracking.shipments import Event
from tracking.status import Order, order


@dataclass(frozen=True)
class Day:
    """Scans of one local date that follow each other; `date` is None where no time is known."""

    date: date | None
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Merged:
    """Scans without their copies, newest first; `folded` pairs those that had some with them."""

    events: tuple[Event, ...] = ()
    folded: tuple[tuple[Event, tuple[Event, ...]], ...] = ()


def merge(events: Iterable[Event], now: datetime) -> Merged:
    """Fold the copies of a scan into one and put the newest first, untimed ones last.

    Copies are equal in code, instant and description, case and blanks aside; the one with the
    most fields stays, then the one received first. `now` is aware.
    """

    def newness(event: Event) -> tuple[Order, tuple[str, ...]]:
        return order(event, now), _tie(event)

    copies: dict[object, list[Event]] = {}
    for event in events:
        believed = event.believed(now)
        instant = believed.instant if believed else None
        words = "".join((event.description or "").split()).casefold()
        copies.setdefault((event.event_code, instant, words), []).append(event)
    kept = [some[0] for some in copies.values() if len(some) == 1]
    if len(kept) == len(copies):
        return Merged(tuple(sorted(kept, key=newness, reverse=True)))
    repeated = [sorted(some, key=_fullness) for some in copies.values() if len(some) > 1]
    kept += [some[0] for some in repeated]
    repeated.sort(key=lambda some: newness(some[0]), reverse=True)
    return Merged(
        tuple(sorted(kept, key=newness, reverse=True)),
        tuple((some[0], tuple(some[1:])) for some in repeated),
    )


def by_day(events: Iterable[Event], now: datetime) -> tuple[Day, ...]:
    """Group merged events by the date on the carrier's clock (rule P8).

    With mixed offsets the same date can come twice: the order by instant is never given up.
    """
    return tuple(
        Day(day, tuple(scans)) for day, scans in groupby(events, lambda e: _local_date(e, now))
    )


def _local_date(event: Event, now: datetime) -> date | None:
    believed = event.believed(now)
    return believed.date if believed else None


def _fullness(event: Event) -> tuple[int, float, tuple[str, ...]]:
    known = sum(bool(getattr(event, field.name)) for field in fields(event))
    received = event.received_timestamp
    return (
        -known,
        received.instant.timestamp() if received else float("inf"),
        _tie(event),
    )


def _tie(event: Event) -> tuple[str, ...]:
    """Any order will do, as long as it is always the same, however PRO sorts."""
    stamps = (event.timestamp, event.received_timestamp)
    said = (event.reference, event.event_code, event.description, event.location, event.signee)
    return *(text or "" for text in said), *(stamp.iso if stamp else "" for stamp in stamps)
