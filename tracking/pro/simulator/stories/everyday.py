"""Stories that go well."""

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


@story("Out for delivery today", "DEMO-1001", "out_for_delivery")
def out_for_delivery(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(2, "17:42", "collected_by_carrier", "Collected from the sender", "Daventry"),
        diary.scan(1, "06:35", "in_transit", "Sorted at the national hub", "Coventry Hub"),
        diary.scan(1, "19:20", "in_transit", "Arrived at the local depot", "Bristol Depot"),
        diary.scan(0, "06:48", "out_for_delivery", "Loaded onto the van", "Bristol Depot"),
    ]
    return [shipment(1001, HARRIER, events, due=diary.in_days(0))]


@story("Delivered and signed for", "DEMO-1002", "delivered")
def delivered(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(3, "16:05", "collected_by_carrier", "Collected from the sender", "Leeds"),
        diary.scan(2, "07:10", "in_transit", "Sorted at the hub", "Tamworth Hub"),
        diary.scan(1, "07:02", "out_for_delivery", "With the driver", "Bath Depot"),
        diary.scan(
            1,
            "13:26",
            "delivered",
            "Left in the porch",
            "14 Orchard Lane, Bath BA1 5QT",
            signee="M. Okafor",
            lat_long={"latitude": 51.3837, "longitude": -2.3597},
        ),
    ]
    return [shipment(1002, BRAMBLE, events, due=diary.in_days(-1))]


@story("On its way", "DEMO-1003", "in_transit")
def in_transit(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(2, "15:30", "collected_by_carrier", "Collected from the sender", "Norwich"),
        diary.scan(1, "06:20", "in_transit", "Arrived at the hub", "Peterborough Hub"),
        diary.scan(1, "18:55", "in_transit", "Left the hub", "Peterborough Hub"),
    ]
    return [shipment(1003, HARRIER, events, due=diary.in_days(1))]


@story("With the delivery company", "DEMO-1004", "collected_by_carrier")
def collected_by_carrier(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(1, "09:14", "awaiting_drop_off", "Label printed", "Hull"),
        diary.scan(1, "17:38", "collected_by_carrier", "Collected from the sender", "Hull"),
    ]
    return [shipment(1004, BRAMBLE, events, due=diary.in_days(2))]


@story("Handed in at a shop", "DEMO-1005", "dropped_off")
def dropped_off(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(2, "11:02", "awaiting_drop_off", "Label printed"),
        diary.scan(1, "12:47", "dropped_off", "Handed in at Patel's News", "Leicester LE2"),
    ]
    return [shipment(1005, CORNERDROP, events, due=diary.in_days(3))]


@story("Waiting to be handed over", "DEMO-1006", "awaiting_drop_off")
def awaiting_drop_off(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [diary.scan(1, "10:21", "awaiting_drop_off", "Label printed, not handed in yet")]
    return [shipment(1006, CORNERDROP, events, due=diary.in_days(4))]


@story("Ordered, nothing scanned yet", "DEMO-1007", None)
def no_events(now: datetime) -> list[Json]:
    return [shipment(1007, HARRIER, [], due=Diary(now).in_days(3))]


@story("Paused on the way", "DEMO-1008", "in_transit_waiting")
def in_transit_waiting(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(3, "14:40", "collected_by_carrier", "Collected from the sender", "Aberdeen"),
        diary.scan(2, "08:15", "in_transit", "Arrived at the ferry port", "Aberdeen Harbour"),
        diary.scan(
            1, "07:50", "in_transit_waiting", "Sailing cancelled: high winds", "Aberdeen Harbour"
        ),
    ]
    return [shipment(1008, HARRIER, events, due=diary.in_days(2))]


@story("Passed to another delivery company", "DEMO-1009", "carrier_changed")
def carrier_changed(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(3, "13:12", "collected_by_carrier", "Abgeholt", "Köln", zone="Europe/Berlin"),
        diary.scan(
            2, "06:44", "in_transit", "Im Paketzentrum", "Paketzentrum Köln", zone="Europe/Berlin"
        ),
        diary.scan(1, "09:05", "carrier_changed", "Handed to Bramble & Moor Couriers", "Dover"),
    ]
    carriers_numbers = ["RHE000001009", "BRM000001009"]
    return [shipment(1009, RHENANIA, events, diary.in_days(2), carrier_references=carriers_numbers)]


@story("Part of it has arrived", "DEMO-1010", "partially_delivered")
def partially_delivered(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(4, "12:30", "collected_by_carrier", "Collected from the sender", "Swindon"),
        diary.scan(2, "07:25", "in_transit", "At the two-person depot", "Reading Depot"),
        diary.scan(1, "06:58", "out_for_delivery", "With the crew", "Reading Depot"),
        diary.scan(1, "11:40", "partially_delivered", "2 of 3 boxes delivered", "Reading"),
    ]
    return [shipment(1010, FENWAY, events, due=diary.in_days(2))]


@story("Swapped at the door", "DEMO-1011", "exchange_succeeded")
def exchange_succeeded(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(2, "16:18", "collected_by_carrier", "Collected from the sender", "York"),
        diary.scan(1, "08:02", "out_for_delivery", "With the driver", "Harrogate"),
        diary.scan(1, "15:33", "exchange_succeeded", "New item left, old one taken", "Harrogate"),
    ]
    return [shipment(1011, LANTERN, events, due=diary.in_days(-1))]


@story("On its way, with a newer note", "DEMO-1012", "in_transit")
def for_information(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(2, "17:05", "collected_by_carrier", "Collected from the sender", "Oxford"),
        diary.scan(1, "06:50", "in_transit", "Sorted at the hub", "Northampton Hub"),
        diary.scan(1, "19:45", "for_information", "We have told you by text when to expect us"),
    ]
    return [shipment(1012, HARRIER, events, due=diary.in_days(1))]


EVERYDAY = (
    out_for_delivery,
    delivered,
    in_transit,
    collected_by_carrier,
    dropped_off,
    awaiting_drop_off,
    no_events,
    in_transit_waiting,
    carrier_changed,
    partially_delivered,
    exchange_succeeded,
    for_information,
)
