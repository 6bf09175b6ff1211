"""Stories in which something goes wrong, and sometimes right again."""

from datetime import datetime

from tracking.pro.simulator.stories.carriers import (
    BRAMBLE,
    CORNERDROP,
    FENWAY,
    HARRIER,
    LANTERN,
    RHENANIA,
)
from tracking.pro.simulator.stories.telling import Diary, Json, shipment, story


def _on_its_way(diary: Diary, days_ago: int, town: str) -> list[Json]:
    """How most parcels begin: collected, and sorted on the next morning."""
    return [
        diary.scan(days_ago, "17:12", "collected_by_carrier", "Collected from the sender", town),
        diary.scan(days_ago - 1, "06:41", "in_transit", "Sorted at the hub", "Tamworth Hub"),
    ]


@story("Delayed", "DEMO-1201", "delayed")
def delayed(now: datetime) -> list[Json]:
    diary = Diary(now)
    snow = diary.scan(1, "08:20", "delayed", "Snow on the M62", "Leeds Depot")
    return [shipment(1201, HARRIER, [*_on_its_way(diary, 3, "Hull"), snow], diary.in_days(2))]


@story("Late, but moving again", "DEMO-1202", "in_transit")
def late(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 4, "Cardiff"),
        diary.scan(2, "07:55", "delayed", "Missed the trunk to Glasgow", "Tamworth Hub"),
        diary.scan(1, "18:30", "in_transit", "Arrived at the depot", "Glasgow Depot"),
    ]
    return [shipment(1202, HARRIER, events, due=diary.in_days(1))]


@story("Expected two days ago", "DEMO-1203", "in_transit")
def overdue(now: datetime) -> list[Json]:
    diary = Diary(now)
    arrived = diary.scan(1, "16:12", "in_transit", "Arrived at the depot", "Swansea Depot")
    events = [*_on_its_way(diary, 5, "Lincoln"), arrived]
    return [shipment(1203, BRAMBLE, events, due=diary.in_days(-2))]


@story("Missed, a card was left", "DEMO-1204", "delivery_failed_card_left")
def card_left(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 3, "Reading"),
        diary.scan(1, "07:05", "out_for_delivery", "With the driver", "Brighton Depot"),
        diary.scan(1, "12:33", "delivery_failed_card_left", "Nobody in, card 4471", "Hove"),
    ]
    return [shipment(1204, HARRIER, events, due=diary.in_days(-1))]


@story("Could not be delivered", "DEMO-1205", "delivery_failed")
def delivery_failed(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 3, "Derby"),
        diary.scan(1, "07:18", "out_for_delivery", "With the driver", "Exeter Depot"),
        diary.scan(1, "16:51", "delivery_failed", "Road closed", "Exeter"),
    ]
    return [shipment(1205, BRAMBLE, events, due=diary.in_days(-1))]


@story("Failed, and back at the depot", "DEMO-1206", "in_transit")
def back_at_depot(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 3, "Preston"),
        diary.scan(1, "07:09", "out_for_delivery", "With the driver", "Chester Depot"),
        diary.scan(1, "15:15", "delivery_failed", "Nobody in", "Chester"),
        diary.scan(1, "19:02", "in_transit", "Back at the depot", "Chester Depot"),
    ]
    return [shipment(1206, HARRIER, events, due=diary.in_days(1))]


@story("Missing", "DEMO-1207", "missing")
def missing(now: datetime) -> list[Json]:
    diary = Diary(now)
    gone = diary.scan(2, "10:26", "missing", "Not on the trailer", "Warrington Hub")
    return [shipment(1207, HARRIER, [*_on_its_way(diary, 5, "Dundee"), gone], diary.in_days(-1))]


@story("Lost", "DEMO-1208", "lost")
def lost(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 9, "Stoke"),
        diary.scan(6, "09:30", "missing", "Not on the trailer", "Warrington Hub"),
        diary.scan(2, "14:00", "lost", "Search closed without result"),
    ]
    return [shipment(1208, HARRIER, events, due=diary.in_days(-6))]


@story("Lost, then found", "DEMO-1209", "in_transit")
def found(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 9, "Luton"),
        diary.scan(4, "13:40", "lost", "Search closed without result"),
        diary.scan(1, "11:19", "in_transit", "Found behind a conveyor", "Warrington Hub"),
    ]
    return [shipment(1209, BRAMBLE, events, due=diary.in_days(2))]


@story("Delivered, then sent back", "DEMO-1210", "returned_to_sender")
def returned(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 8, "Bolton"),
        diary.scan(6, "12:14", "delivered", "Left with a neighbour", "Truro", signee="P. Trevena"),
        diary.scan(4, "10:50", "collected_by_carrier", "Collected for return", "Truro"),
        diary.scan(1, "15:27", "returned_to_sender", "Back at the sender", "Bolton"),
    ]
    return [shipment(1210, BRAMBLE, events, due=diary.in_days(-6))]


@story("Held by the delivery company", "DEMO-1211", "held_by_carrier")
def held_by_carrier(now: datetime) -> list[Json]:
    diary = Diary(now)
    held = diary.scan(1, "09:48", "held_by_carrier", "House number is missing", "Durham Depot")
    return [shipment(1211, HARRIER, [*_on_its_way(diary, 3, "Poole"), held], diary.in_days(-1))]


@story("Damaged on the way", "DEMO-1212", "damaged")
def damaged(now: datetime) -> list[Json]:
    diary = Diary(now)
    torn = diary.scan(1, "06:59", "damaged", "Box torn, being repacked", "Leicester Hub")
    return [shipment(1212, FENWAY, [*_on_its_way(diary, 3, "Kendal"), torn], diary.in_days(2))]


@story("Delivered, damage reported before", "DEMO-1213", "delivered")
def damaged_then_delivered(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 4, "Whitby"),
        diary.scan(2, "07:22", "damaged", "Corner crushed, repacked", "Leicester Hub"),
        diary.scan(1, "06:54", "out_for_delivery", "With the driver", "Oxford Depot"),
        diary.scan(1, "10:37", "delivered", "Handed over", "3 Mill Row, Oxford OX2 6QJ"),
    ]
    return [shipment(1213, FENWAY, events, due=diary.in_days(-1))]


@story("Delivered damaged", "DEMO-1214", "delivered_damaged")
def delivered_damaged(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 3, "Crewe"),
        diary.scan(1, "07:01", "out_for_delivery", "With the driver", "Stafford Depot"),
        diary.scan(1, "14:44", "delivered_damaged", "Box wet, customer kept it", "Stafford"),
    ]
    return [shipment(1214, BRAMBLE, events, due=diary.in_days(-1))]


@story("Destroyed", "DEMO-1215", "destroyed")
def destroyed(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary, 5, "Barnsley"),
        diary.scan(3, "08:08", "damaged", "Leaking", "Tamworth Hub"),
        diary.scan(2, "11:11", "destroyed", "Disposed of safely", "Tamworth Hub"),
    ]
    return [shipment(1215, HARRIER, events, due=diary.in_days(-2))]


@story("The swap did not happen", "DEMO-1216", "exchange_failed")
def exchange_failed(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(2, "16:40", "collected_by_carrier", "Collected from the sender", "Ealing"),
        diary.scan(1, "08:31", "out_for_delivery", "With the rider", "Acton"),
        diary.scan(1, "13:52", "exchange_failed", "Old item was not ready", "Acton"),
    ]
    return [shipment(1216, LANTERN, events, due=diary.in_days(-1))]


@story("Not collected from the shop", "DEMO-1217", "failed_to_collect")
def failed_to_collect(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(12, "12:00", "dropped_off", "Handed in", "Worthing"),
        diary.scan(9, "09:20", "in_transit", "Ready at Patel's News", "Leicester LE2"),
        diary.scan(1, "18:00", "failed_to_collect", "Not collected within 7 days", "Leicester LE2"),
    ]
    return [shipment(1217, CORNERDROP, events, due=diary.in_days(-9))]


@story("Pickup from the sender missed", "DEMO-1218", "collection_failed")
def collection_failed(now: datetime) -> list[Json]:
    diary = Diary(now, "Europe/Berlin")
    events = [
        diary.scan(2, "10:00", "awaiting_drop_off", "Versandetikett erstellt", "Hamburg"),
        diary.scan(1, "16:30", "collection_failed", "Absender nicht angetroffen", "Hamburg"),
    ]
    return [shipment(1218, RHENANIA, events, due=diary.in_days(3))]


TROUBLES = (
    delayed,
    late,
    overdue,
    card_left,
    delivery_failed,
    back_at_depot,
    missing,
    lost,
    found,
    returned,
    held_by_carrier,
    damaged,
    damaged_then_delivered,
    delivered_damaged,
    destroyed,
    exchange_failed,
    failed_to_collect,
    collection_failed,
)
