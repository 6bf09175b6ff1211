"""Stories of parcels that come from far."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tracking.pro.simulator.stories.carriers import (
    BRAMBLE,
    HARRIER,
    HIRONDELLE,
    LANTERN,
    NORDLYS,
    TSUBAME,
)
from tracking.pro.simulator.stories.telling import LONDON, Diary, Json, at, shipment, story

_OSLO = "Europe/Oslo"
_LIFE = timedelta(minutes=2)
_STEP = timedelta(seconds=10)


@story("Going through customs", "DEMO-1101", "at_customs")
def at_customs(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(5, "15:10", "collected_by_carrier", "Hentet", "Bergen", zone=_OSLO),
        diary.scan(4, "08:32", "in_transit", "Sendt til utlandet", "Oslo", zone=_OSLO),
        diary.scan(2, "11:48", "at_customs", "Presented to customs", "Heathrow"),
    ]
    return [shipment(1101, NORDLYS, events, due=diary.in_days(3))]


@story("Cleared customs", "DEMO-1102", "cleared_through_customs")
def cleared_through_customs(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(6, "16:25", "collected_by_carrier", "Hentet", "Tromsø", zone=_OSLO),
        diary.scan(3, "10:05", "at_customs", "Presented to customs", "Heathrow"),
        diary.scan(1, "14:17", "cleared_through_customs", "Released by customs", "Heathrow"),
    ]
    return [shipment(1102, NORDLYS, events, due=diary.in_days(2))]


@story("Customs needs something", "DEMO-1103", "action_required")
def action_required(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(6, "13:50", "collected_by_carrier", "Hentet", "Stavanger", zone=_OSLO),
        diary.scan(4, "09:42", "at_customs", "Presented to customs", "Heathrow"),
        diary.scan(3, "12:08", "action_required", "Invoice is missing", "Heathrow"),
        diary.scan(1, "07:31", "in_transit", "Moved to the customs warehouse", "Langley"),
    ]
    return [shipment(1103, NORDLYS, events, due=diary.in_days(4))]


@story("Across Europe", "DEMO-1104", "in_transit")
def across_europe(now: datetime) -> list[Json]:
    diary = Diary(now)
    stops = [
        (6, "17:20", "collected_by_carrier", "Lisboa", "Europe/Lisbon", at(38.7223, -9.1393)),
        (5, "18:05", "in_transit", "Madrid", "Europe/Madrid", at(40.4168, -3.7038)),
        (4, "12:40", "in_transit", "Bordeaux", "Europe/Paris", at(44.8378, -0.5792)),
        (3, "09:15", "in_transit", "Paris", "Europe/Paris", at(48.8566, 2.3522)),
        (2, "06:50", "in_transit", "Lille", "Europe/Paris", at(50.6292, 3.0573)),
        (2, "15:30", "in_transit", "On the train", "Europe/Paris", at(0, 0)),
        (1, "08:10", "in_transit", "Ashford", LONDON, at(51.1465, 0.8750)),
    ]
    events = [
        diary.scan(days, clock, code, "Scanned on the way", town, zone=zone, lat_long=where)
        for days, clock, code, town, zone, where in stops
    ]
    return [shipment(1104, HIRONDELLE, events, due=diary.in_days(1))]


@story("From Tokyo to London", "DEMO-1105", "in_transit")
def tokyo_to_london(now: datetime) -> list[Json]:
    diary, tokyo = Diary(now), "Asia/Tokyo"
    events = [
        diary.scan(5, "13:05", "collected_by_carrier", "集荷しました", "東京", zone=tokyo),
        diary.scan(4, "09:00", "in_transit", "Departed", "Narita Airport", zone=tokyo),
        diary.scan(3, "06:25", "at_customs", "Arrived, presented to customs", "Heathrow"),
        diary.scan(2, "16:44", "cleared_through_customs", "Released by customs", "Heathrow"),
        diary.scan(1, "07:36", "in_transit", "Sorted at the hub", "Coventry Hub"),
    ]
    return [shipment(1105, TSUBAME, events, due=diary.in_days(1))]


@story("From Auckland, a day ahead", "DEMO-1106", "at_customs")
def auckland_to_london(now: datetime) -> list[Json]:
    """The same local date comes twice: London hears of the flight on the evening before it."""
    diary, auckland = Diary(now), "Pacific/Auckland"
    events = [
        diary.scan(6, "14:10", "collected_by_carrier", "Collected", "Auckland", zone=auckland),
        diary.scan(4, "06:05", "in_transit", "Departed", "Auckland Airport", zone=auckland),
        diary.scan(5, "19:50", "at_customs", "Papers presented in advance", "Heathrow"),
        diary.scan(4, "08:00", "for_information", "Papers are complete", "Heathrow"),
    ]
    return [shipment(1106, TSUBAME, events, due=diary.in_days(2))]


@story("Sixty scans", "DEMO-1107", "in_transit")
def sixty_scans(now: datetime) -> list[Json]:
    diary = Diary(now)
    hubs = ["Inverness", "Perth", "Carlisle", "Preston", "Derby", "Luton", "Exeter", "Truro"]
    hours = ["06:15", "12:30", "18:45"]
    when = [(days, clock) for days in range(20, 0, -1) for clock in hours]
    events = [
        diary.scan(days, clock, "in_transit", "Sorted at the hub", f"{hubs[days % len(hubs)]} Hub")
        for days, clock in when
    ]
    return [shipment(1107, HARRIER, events, due=diary.in_days(1))]


@story("The only update is days old", "DEMO-1108", "in_transit")
def quiet(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(7, "16:02", "collected_by_carrier", "Collected from the sender", "Ipswich"),
        diary.scan(6, "07:28", "in_transit", "Sorted at the hub", "Peterborough Hub"),
    ]
    return [shipment(1108, BRAMBLE, events)]


@story("A whole life in two minutes", "DEMO-1109", None, moves=True)
def whole_life(now: datetime) -> list[Json]:
    """One step every ten seconds; it begins anew every two minutes of the clock."""
    diary = Diary(now)
    steps = [
        ("awaiting_drop_off", "Label printed", "Camden"),
        ("dropped_off", "Handed in", "Camden"),
        ("collected_by_carrier", "Picked up by bike", "Camden"),
        ("in_transit", "At the micro-hub", "Islington"),
        ("in_transit_waiting", "Waiting at the lights", "Angel"),
        ("delayed", "Flat tyre", "Old Street"),
        ("in_transit", "Tyre mended", "Old Street"),
        ("out_for_delivery", "On the last mile", "Shoreditch"),
        ("delivery_failed_card_left", "Nobody in, card left", "Shoreditch"),
        ("out_for_delivery", "Trying again", "Shoreditch"),
        ("delivered", "Handed to the receptionist", "Shoreditch"),
        ("for_information", "Photo of the delivery is ready", "Shoreditch"),
    ]
    age = timedelta(seconds=now.timestamp() % _LIFE.total_seconds())
    birth = now.astimezone(UTC) - age
    moments = [(birth + place * _STEP).astimezone(ZoneInfo(LONDON)) for place in range(len(steps))]
    events = [
        diary.scan_at(moment, code, description, location=town)
        for moment, (code, description, town) in zip(moments, steps, strict=True)
        if moment <= now
    ]
    return [shipment(1109, LANTERN, events, due=diary.in_days(0))]


@story("The delivery date moves", "DEMO-1110", "in_transit")
def moving_date(now: datetime) -> list[Json]:
    """It is another one every two minutes of the clock, and the first one again after eight."""
    diary = Diary(now)
    events = [
        diary.scan(2, "16:25", "collected_by_carrier", "Collected from the sender", "Falmouth"),
        diary.scan(1, "07:05", "in_transit", "Sorted at the hub", "Exeter Hub"),
    ]
    dates = [diary.in_days(days) for days in (2, 4, 3, 5)]
    return [shipment(1110, BRAMBLE, events, due=dates[int(now.timestamp() // 120) % len(dates)])]


TRAVELS = (
    at_customs,
    cleared_through_customs,
    action_required,
    across_europe,
    tokyo_to_london,
    auckland_to_london,
    sixty_scans,
    quiet,
    whole_life,
    moving_date,
)
