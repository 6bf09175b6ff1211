"""Journey: exactly what a page shows. Every format is made from this, and `telling` makes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tracking.clocks import ClockLine
from tracking.codes import TONES
from tracking.dateline import DateLine
from tracking.entries import Level
from tracking.history import History, Scan
from tracking.map import Way
from tracking.references import Kind
from tracking.shipments import TAKE, Event, Item, Shipment
from tracking.standing import Standing
from tracking.timestamps import Timestamp


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

    `number` is its place among all that carry the reference, from 1.

    `way` is a map, for a parcel on a page of its own that was scanned in several places.
    `reported` says when the carrier last did.
    """

    shipment: Shipment
    number: int
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
        return tuple(sorted(numbered, key=lambda item: undelivered_and_worst_first(item[1])))

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
        return common(parcel.shipment.custom_reference for parcel in self.parcels)

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


def undelivered_and_worst_first(journey: ParcelJourney | ItemJourney) -> tuple[bool, int]:
    """What parcels and items are sorted by, as shoppers want to see them."""
    return journey.standing.delivered, -TONES.index(journey.standing.tone)


def common(names: Iterable[str | None]) -> str | None:
    """The one name that all share."""
    different = set(names)
    return different.pop() if len(different) == 1 else None
