"""tell(): from what was found to the journey that a page shows. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import chain

from tracking.clocks import tell_check, tell_report
from tracking.codes import CODES
from tracking.dateline import delivered_line, tell_date
from tracking.entries import Found
from tracking.freshness import seconds_until_news
from tracking.history import Clock, page_clock, tell_history
from tracking.journey import (
    ItemJourney,
    Journey,
    ParcelJourney,
    common,
    undelivered_and_worst_first,
)
from tracking.map import tell_way
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


def tell(found: Found, teller: Teller) -> Journey:
    """Tell what was found."""
    first = (found.page - 1) * TAKE + 1
    parcels = [
        _parcel(shipment, number, found.processing, teller)
        for number, shipment in enumerate(found.shipments.shipments, first)
    ]
    parcels.sort(key=undelivered_and_worst_first)
    words = teller.words.of(common(parcel.shipment.carrier.name for parcel in parcels))
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


def _parcel(shipment: Shipment, number: int, processing: bool, teller: Teller) -> ParcelJourney:
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
        standing = _noting_that_it_is_late(standing, shipment, words, clock)
    return ParcelJourney(
        shipment=shipment,
        number=number,
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
        date_line=delivered_line(delivered_at, words, clock) if delivered_at else None,
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
    code = CODES.get(standing.status or "")
    calm = code is None or code.tone in {"good", "neutral"} or words.asks_nothing(code.name)
    return replace(quiet, advice="") if calm else quiet  # what it says is what to do


def _noting_that_it_is_late(
    standing: Standing, shipment: Shipment, words: Words, clock: Clock
) -> Standing:
    """Its day is over: a shopper who need only wait is told for how long."""
    overdue = standing.noting("overdue", at_least="warning")
    if shipment.expected_delivery_date is None or not words.asks_nothing(standing.status):
        return overdue
    until = shipment.expected_delivery_date + _PATIENCE
    name = "not_come_by" if until > clock.today else "not_come"
    return replace(overdue, advice=words.say("notes", name, until=full_date(until)))


def _scanned(status: Status, now: datetime) -> Timestamp | None:
    return status.event.believed(now) if status.event else None


def _latest(stamps: Iterable[Timestamp | None]) -> Timestamp | None:
    return max((s for s in stamps if s), key=lambda stamp: stamp.instant, default=None)
