"""The ledger: on which dates a shipment was expected before, as long as we watched it. Pure.

It travels inside what is remembered and dies with it; there is no other store.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from operator import itemgetter

from tracking.entries import Entry
from tracking.shipments import ExpectedDate, Shipment

MOST = 5  # earlier dates; of more the oldest are forgotten

Sighting = tuple[datetime, date | None]


def with_earlier_dates(told: Entry, known: Iterable[Entry], now: datetime) -> Entry:
    """What PRO has told, with what `known` entries say of each shipment's earlier dates."""
    before = defaultdict(list)
    for entry in known:
        for shipment in entry.shipments.shipments:
            before[shipment.shipment_reference].append(shipment)
    before.pop(None, None)  # we do not know which shipment that was
    page = told.shipments
    carried = (carry_on(one, before[one.shipment_reference], now) for one in page.shipments)
    return replace(told, shipments=replace(page, shipments=tuple(carried)))


def carry_on(told: Shipment, known: Iterable[Shipment], now: datetime) -> Shipment:
    """What PRO has just told of a shipment, with the earlier dates of what is `known` of it.

    `known` may come from several answers in any order: what each of them saw is put together by
    the time at which it was seen first. That there was no date for a while is no date of its own;
    the same date before and after it is one date. `now` is aware.
    """
    seen = (sighting for one in known for sighting in _sightings(one))
    once = dict.fromkeys((min(at, now), day) for at, day in seen)  # clocks differ
    past = sorted(once, key=itemgetter(0))
    kept: list[Sighting] = []
    for at, day in [*past, (now, told.expected_delivery_date)]:
        if kept and kept[-1][1] is None and day is not None:
            kept.pop()
        if not kept or kept[-1][1] != day:
            kept.append((at, day))
    *before, (since, _) = kept
    dates = (ExpectedDate(day, at) for at, day in reversed(before) if day is not None)
    return replace(told, expected_since=since, expected_before=tuple(dates)[:MOST])


def _sightings(shipment: Shipment) -> Iterable[Sighting]:
    """When it was first seen that it is expected on a date, or on none: oldest first."""
    for earlier in reversed(shipment.expected_before):
        yield earlier.seen_at, earlier.date
    if shipment.expected_since:
        yield shipment.expected_since, shipment.expected_delivery_date
