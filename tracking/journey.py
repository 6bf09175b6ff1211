"""Journey: exactly what a page shows. Every format is made from this."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import chain

from tracking.clocks import ClockLine, tell_check, tell_report
from tracking.codes import TONES
from tracking.dateline import DateLine, delivered_line, tell_date
from tracking.entries import Found, Level
from tracking.freshness import seconds_until_news
from tracking.history import Clock, History, Scan, page_clock, tell_history
from tracking.map import Way, tell_way
from tracking.references import Kind
from tracking.shipments import TAKE, Event, Item, Shipment
from tracking.standing import Standing, stand, stand_together, stand_without_news
from tracking.status import Status, derive
from tracking.timeline import Merged, merge
from tracking.timestamps import Timestamp
from tracking.wording import Words, full_date

_PATIENCE = timedelta(days=3)  # how long a quiet parcel may stay so before one should ask


@dataclass(frozen=True)
class Teller:
    """Who tells, and when: the words, the retailer's time zone, and after how long it is quiet."""

    words: Words
    home: tzinfo
    quiet: timedelta
    now: datetime


@dataclass(frozen=True)
class ItemJourney:
    """One item of a parcel."""

    item: Item
    standing: Standing
    events: tuple[Event, ...]
    history: History
    delivered_at: Timestamp | None
    date_line: DateLine | None


@dataclass(frozen=True)
class ParcelJourney:
    """One shipment; `delivered_at` is the time of the scan that says so.

    `way` is a map, for a parcel on a page of its own that was scanned in several places.
    `reported` says when the carrier last did.
    """

    shipment: Shipment
    standing: Standing
    date_line: DateLine | None
    delivered_at: Timestamp | None
    reported: ClockLine | None
    events: tuple[Event, ...]
    history: History
    way: Way | None
    items: tuple[ItemJourney, ...]

    @property
    def items_by_need(self) -> tuple[tuple[int, ItemJourney], ...]:
        """The items with their numbers, as a page shows them: undelivered and worst first."""
        numbered = enumerate(self.items, 1)
        return tuple(sorted(numbered, key=lambda item: _undelivered_and_worst_first(item[1])))

    @property
    def told_as_a_whole(self) -> bool:
        """Whether items were asked for and the carrier tells only of the parcel."""
        return self.shipment.items is not None and not self.shipment.told_by_item

    @property
    def scans(self) -> tuple[Scan, ...]:
        """Its own scans and those of its items, each newest first."""
        return self.history.scans + tuple(s for item in self.items for s in item.history.scans)

    @property
    def newest_scan(self) -> Scan | None:
        """The newest scan of it or of an item; None where none has a time."""
        timed = [scan for scan in self.scans if scan.stamp]
        return max(timed, key=lambda s: s.stamp.instant) if timed else None  # type: ignore[union-attr]

    @property
    def awaited(self) -> bool:
        """Whether the day on which it should come is known, and is not over."""
        line = self.date_line
        return bool(line and line.machine and not line.overdue) and not self.standing.final

    def days_without_scan(self, until: datetime) -> int | None:
        """Whole days from the newest scan to `until` (aware)."""
        newest = self.newest_scan
        return max((until - newest.stamp.instant).days, 0) if newest and newest.stamp else None


@dataclass(frozen=True)
class Journey:
    """The answer to a question, whatever its kind and level.

    In `renew` seconds it may be another one; None where nothing more is to come.
    """

    reference: str
    kind: Kind
    level: Level
    total: int
    page: int
    checked_at: datetime
    checked: ClockLine
    stale: bool
    renew: int | None
    processing: bool
    standing: Standing
    subtitle: str
    parcels: tuple[ParcelJourney, ...]

    @property
    def awaited(self) -> bool:
        """Whether the day on which a parcel should come is known, and is not over."""
        return any(parcel.awaited for parcel in self.parcels)

    @property
    def order(self) -> str | None:
        """The order that all parcels shown belong to, by the retailer's own reference."""
        return _common(parcel.shipment.custom_reference for parcel in self.parcels)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // TAKE))

    @property
    def first(self) -> int:
        """The number of the first parcel shown, from 1."""
        return (self.page - 1) * TAKE + 1

    @property
    def last(self) -> int:
        """The number of the last parcel shown."""
        return self.first + len(self.parcels) - 1


def tell(found: Found, teller: Teller) -> Journey:
    """Tell what was found."""
    parcels = [
        _parcel(shipment, found.processing, teller) for shipment in found.shipments.shipments
    ]
    parcels.sort(key=_undelivered_and_worst_first)
    words = teller.words.of(_common(parcel.shipment.carrier.name for parcel in parcels))
    if found.shipments.total == 1:
        parcels = [replace(parcel, way=tell_way(parcel.events, words)) for parcel in parcels]
    standing = stand_together([parcel.standing for parcel in parcels], "parcel", words)
    return Journey(
        reference=found.reference.text,
        kind=found.reference.kind,
        level=found.level,
        total=found.shipments.total,
        page=found.page,
        checked_at=found.checked_at,
        checked=tell_check(found.checked_at, words, teller.now, teller.home),
        stale=found.stale,
        renew=None if standing.final else seconds_until_news(found.wait, found.rest),
        processing=found.processing,
        standing=standing,
        subtitle=_subtitle(found, words),
        parcels=tuple(parcels),
    )


def _subtitle(found: Found, words: Words) -> str:
    things = words.count("parcel", found.shipments.total)
    return words.say("order", "named", order=found.reference.text, things=things)


def _parcel(shipment: Shipment, processing: bool, teller: Teller) -> ParcelJourney:
    now, words = teller.now, teller.words.of(shipment.carrier.name)
    merged = merge(shipment.events or (), now)
    contents = [(item, merge(item.events, now)) for item in shipment.items or ()]
    histories = [merged.events, *(some.events for _, some in contents)]
    clock = page_clock(histories, now, teller.home)
    status = derive(merged.events, now)
    own = stand(status, merged, words, clock)
    if processing:
        own = replace(own, reason=words.say("notes", "processing"))
    items = tuple(
        _item(item, some, None if shipment.events is None else own, words, clock)
        for item, some in contents
    )
    own_known = shipment.events is not None or not items
    standing = own if own_known else stand_together([i.standing for i in items], "item", words)
    delivered_at = _scanned(status, now) if own_known else _latest(i.delivered_at for i in items)
    date_line = tell_date(standing, shipment, delivered_at, words, clock)
    if date_line and date_line.overdue:
        standing = standing.noting("overdue", at_least="warning")
    return ParcelJourney(
        shipment=shipment,
        standing=_noting_silence(standing, histories, teller, words, clock),
        date_line=date_line,
        delivered_at=delivered_at if standing.delivered else None,
        reported=tell_report(chain.from_iterable(histories), words, clock),
        events=merged.events,
        history=tell_history(merged, status, words, clock),
        way=None,
        items=items,
    )


def _item(
    item: Item, merged: Merged, parcel: Standing | None, words: Words, clock: Clock
) -> ItemJourney:
    events, words = merged.events, words.about_an_item()
    status = derive(events, clock.now)
    told = stand(status, merged, words, clock) if events else stand_without_news(parcel, words)
    delivered_at = _scanned(status, clock.now) if status.delivered else None
    return ItemJourney(
        item=item,
        standing=told,
        events=events,
        history=tell_history(merged, status, words, clock),
        delivered_at=delivered_at,
        date_line=delivered_line(delivered_at, words) if delivered_at else None,
    )


def _noting_silence(
    standing: Standing,
    histories: Iterable[tuple[Event, ...]],
    teller: Teller,
    words: Words,
    clock: Clock,
) -> Standing:
    """Say so where a parcel that is not at its end has made no scan for long."""
    newest = _latest(event.believed(teller.now) for events in histories for event in events)
    if standing.final or newest is None or teller.now - newest.instant < teller.quiet:
        return standing
    until = newest.date + teller.quiet + _PATIENCE
    name = "quiet" if until > clock.today else "very_quiet"
    dates = {"date": full_date(newest.date), "until": full_date(until)}
    quiet = standing.noting("quiet", words.say("notes", name, **dates))
    return quiet if standing.tone in {"warning", "problem"} else replace(quiet, advice="")


def _scanned(status: Status, now: datetime) -> Timestamp | None:
    return status.event.believed(now) if status.event else None


def _latest(stamps: Iterable[Timestamp | None]) -> Timestamp | None:
    return max((s for s in stamps if s), key=lambda stamp: stamp.instant, default=None)


def _undelivered_and_worst_first(journey: ParcelJourney | ItemJourney) -> tuple[bool, int]:
    return journey.standing.delivered, -TONES.index(journey.standing.tone)


def _common(names: Iterable[str | None]) -> str | None:
    """The one name that all share."""
    different = set(names)
    return different.pop() if len(different) == 1 else None
