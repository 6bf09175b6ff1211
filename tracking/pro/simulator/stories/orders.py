"""Stories of several parcels under one reference, and of items that travel apart."""

from collections.abc import Sequence
from datetime import datetime

from tracking.pro.simulator.stories.carriers import BRAMBLE, FENWAY, HARRIER
from tracking.pro.simulator.stories.telling import Diary, Json, item, shipment, story


def _collected(diary: Diary, days_ago: int, town: str) -> Json:
    description = "Collected from the sender"
    return diary.scan(days_ago, "17:25", "collected_by_carrier", description, town)


def _on_its_way(diary: Diary, town: str) -> list[Json]:
    return [
        _collected(diary, 2, town),
        diary.scan(1, "06:33", "in_transit", "Sorted at the hub", "Tamworth Hub"),
    ]


def _delivered(diary: Diary, town: str) -> list[Json]:
    return [
        _collected(diary, 3, town),
        diary.scan(2, "06:47", "out_for_delivery", "With the driver", "Guildford Depot"),
        diary.scan(2, "12:20", "delivered", "Handed over", "8 Abbot Road, Guildford GU1 3TA"),
    ]


@story("One order from two warehouses", "HO-20", "in_transit")
def two_warehouses(now: datetime) -> list[Json]:
    diary = Diary(now)
    first = shipment(2001, BRAMBLE, _delivered(diary, "Leeds"), diary.in_days(-2))
    second = shipment(2002, HARRIER, _on_its_way(diary, "Swindon"), diary.in_days(1))
    return [parcel | {"custom_reference": "HO-20"} for parcel in (first, second)]


@story("An order of twelve parcels", "HO-12", "in_transit")
def twelve_parcels(now: datetime) -> list[Json]:
    diary = Diary(now)
    lives = [_delivered] * 5 + [_on_its_way] * 7
    return [
        shipment(number, BRAMBLE, life(diary, "Corby"), diary.in_days(1), custom_reference="HO-12")
        for number, life in enumerate(lives, 2101)
    ]


@story("Four items: see each of them", "HO-30", "delivered")
def items_apart(now: datetime) -> list[Json]:
    """At shipment level the items' scans are mixed, so that it looks delivered."""
    diary = Diary(now)
    lamp = [
        _collected(diary, 4, "Nottingham"),
        diary.scan(1, "06:52", "out_for_delivery", "With the crew", "Bedford Depot"),
        diary.scan(1, "13:05", "delivered", "Handed over", "27 Castle Street, Bedford MK40 3AJ"),
    ]
    chair = [
        _collected(diary, 3, "Nottingham"),
        diary.scan(1, "19:10", "in_transit", "Arrived at the depot", "Bedford Depot"),
    ]
    table = [
        _collected(diary, 2, "Corby"),
        diary.scan(1, "09:40", "delayed", "Waiting for the second box", "Corby Hub"),
    ]
    contents = [
        item(2201, 1, "HO-30-LAMP", FENWAY, lamp),
        item(2201, 2, "HO-30-CHAIR", FENWAY, chair),
        item(2201, 3, "HO-30-TABLE", FENWAY, table),
        item(2201, 4, "HO-30-RUG", FENWAY, []),
    ]
    return [_with_contents(2201, contents, "HO-30", diary.in_days(2))]


@story("Found by the items' own reference", "KIT-7", "in_transit")
def items_only(now: datetime) -> list[Json]:
    """The shipment is tagged otherwise, and one of its items belongs to somebody else's kit."""
    diary = Diary(now)
    bench = [
        _collected(diary, 5, "Kettering"),
        diary.scan(4, "18:16", "in_transit", "Arrived at the depot", "Bedford Depot"),
    ]
    contents = [
        item(2202, 1, "KIT-7", FENWAY, _on_its_way(diary, "Kettering")),
        item(2202, 2, "KIT-7", FENWAY, bench),
        item(2202, 3, "KIT-8", FENWAY, _delivered(diary, "Kettering")),
    ]
    return [_with_contents(2202, contents, "HO-31", diary.in_days(1))]


def _with_contents(number: int, contents: Sequence[Json], tag: str, due: str) -> Json:
    """A shipment whose own scans are those of its items, mixed."""
    scans = [event for one in contents for event in one["events"]]
    newest_first = sorted(
        scans, key=lambda scan: datetime.fromisoformat(scan["timestamp"]), reverse=True
    )
    whole = shipment(number, FENWAY, [], due, custom_reference=tag)
    return whole | {"events": newest_first, "shipment_contents": list(contents)}


ORDERS = (two_warehouses, twelve_parcels, items_apart, items_only)
