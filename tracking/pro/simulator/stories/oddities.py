"""Stories that try the reader: what PRO withholds, what it may send, and what it should not."""

from datetime import datetime

from tracking.pro.simulator.stories.carriers import (
    BRAMBLE,
    HARRIER,
    HIRONDELLE,
    HUDHUD,
    LANTERN,
)
from tracking.pro.simulator.stories.telling import Diary, Json, carrier, shipment, story


def _on_its_way(diary: Diary) -> list[Json]:
    return [
        diary.scan(
            2, "16:15", "collected_by_carrier", "Collected from the sender", "Milton Keynes"
        ),
        diary.scan(1, "07:07", "in_transit", "Sorted at the hub", "Daventry Hub"),
    ]


@story("Known, and not ready to be shown", "DEMO-1301", None)
def processing(now: datetime) -> list[Json]:
    return [shipment(1301, HARRIER, [], state="processing")]


@story("Removed for good", f"sp_0069{1302:028}", None)
def removed(now: datetime) -> list[Json]:
    return [shipment(1302, HARRIER, _on_its_way(Diary(now)), state="removed")]


@story("Held back by PRO", f"sp_0069{1303:028}", None)
def quarantined(now: datetime) -> list[Json]:
    return [shipment(1303, HARRIER, _on_its_way(Diary(now)), state="quarantined")]


@story("Only what must be there", f"sp_0069{1304:028}", None)
def bare(now: datetime) -> list[Json]:
    return [
        {
            "shipment_reference": f"sp_0069{1304:028}",
            "carrier_references": ["HAR000001304"],
            "carrier": {},
        }
    ]


@story("Null, empty and missing", "DEMO-1305", "in_transit")
def nothing_in_three_ways(now: datetime) -> list[Json]:
    diary = Diary(now)
    nothing = {"signee": None, "location": None, "lat_long": None}
    empty = {"signee": "", "location": "", "lat_long": None}
    events = [
        diary.scan(3, "15:00", "collected_by_carrier", "Collected") | nothing,
        diary.scan(2, "08:00", "in_transit", "") | empty,
        diary.scan(1, "09:00", "in_transit", "Sorted at the hub"),
    ]
    nameless = {"reference": None, "name": "", "service_name": None, "tags": None}
    fields = {"carrier": nameless, "shipment_contents": None, "_links": None}
    return [shipment(1305, HARRIER, events) | fields]


@story("Written from right to left", "DEMO-1306", "in_transit")
def right_to_left(now: datetime) -> list[Json]:
    diary = Diary(now, "Asia/Dubai")
    events = [
        diary.scan(2, "16:20", "collected_by_carrier", "تم استلام الشحنة من المرسل", "الشارقة"),
        diary.scan(1, "08:45", "in_transit", "وصلت الشحنة إلى مركز الفرز (DXB-4)", "دبي"),
    ]
    return [shipment(1306, HUDHUD, events, due=diary.in_days(1))]


@story("Hostile words", "DEMO-1307", "delivered")
def hostile(now: datetime) -> list[Json]:
    diary = Diary(now)
    crooked = carrier("<!--", "<b>Crook</b> & Sons", "javascript:alert(1)", "{{7*7}}${7*7}%(x)s")
    events = [
        diary.scan(
            2, "10:10", "collected_by_carrier", "<script>alert(1)</script>", "</title><script>"
        ),
        diary.scan(2, "18:18", "in_transit", "' onmouseover='alert(1)", "{% include 'x' %}"),
        diary.scan(
            1,
            "11:30",
            "delivered",
            '"><img src=x onerror=alert(1)>',
            '"><svg onload=alert(1)>',
            signee="<i>Mallory</i>",
        ),
    ]
    numbers = ["<u>1</u>", "javascript:alert(1)"]
    return [shipment(1307, crooked, events, diary.in_days(-1), carrier_references=numbers)]


@story("Long words", "DEMO-1308", "held_by_carrier")
def long_words(now: datetime) -> list[Json]:
    diary = Diary(now)
    verbose = carrier("LNG", "Spedition " + "Donaudampfschifffahrt" * 6, "LNG-1", "Long " * 30)
    reason = "The parcel is held until the label has been put right. " * 20
    events = [
        diary.scan(2, "12:12", "in_transit", "Sorted", "Llanfairpwllgwyngyll" * 10),
        diary.scan(1, "13:13", "held_by_carrier", reason.strip(), "Depot " * 40),
    ]
    return [shipment(1308, verbose, events, due=diary.in_days(5))]


@story("A reference with every kind of sign", "HO 20/7 #1: 50% & Øl+?", "in_transit")
def odd_reference(now: datetime) -> list[Json]:
    diary = Diary(now)
    tag = "HO 20/7 #1: 50% & Øl+?"
    due = diary.in_days(1)
    return [shipment(1309, BRAMBLE, _on_its_way(diary), due, custom_reference=tag)]


@story(
    "A code that nobody knows",
    "DEMO-1401",
    "in_transit",
    irregular="an event code that is not in the list",
)
def unknown_code(now: datetime) -> list[Json]:
    diary = Diary(now)
    photo = diary.scan(1, "17:45", "photo_taken", "A photo of the label was taken", "Derby Depot")
    return [shipment(1401, HARRIER, [*_on_its_way(diary), photo], diary.in_days(1))]


@story(
    "Another word for a code",
    "DEMO-1402",
    "collected_by_carrier",
    irregular="an event code that is not in the list",
)
def alias(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [diary.scan(1, "16:55", "collected", "Collected from the sender", "Bury")]
    return [shipment(1402, HARRIER, events, due=diary.in_days(2))]


@story(
    "Times in all forms",
    "DEMO-1403",
    "in_transit",
    irregular="a date-time that is none",
)
def malformed_times(now: datetime) -> list[Json]:
    diary = Diary(now)
    dotted = f"{diary.day(4)}T14:02.33+00:00"
    seven_digits = f"{diary.day(3)}T07:15:20.1234567+00:00"
    for_people = f"{diary.day(2):%d/%m/%y} 2pm"
    events = [
        diary.scan(4, "14:02", "collected_by_carrier", "Collected", "Rugby", timestamp=dotted),
        diary.scan(3, "07:15", "in_transit", "At the hub", "Crick Hub", timestamp=seven_digits),
        diary.scan(2, "14:00", "in_transit", "Left the hub", "Crick Hub", timestamp=for_people),
        diary.scan(1, "12:00", "in_transit", "At the depot", timestamp=str(diary.day(1))),
    ]
    return [shipment(1403, HIRONDELLE, events, due=diary.in_days(1))]


@story(
    "A day without a time",
    "DEMO-1404",
    "in_transit",
    irregular="a date-time that is none",
)
def date_only(now: datetime) -> list[Json]:
    diary = Diary(now)
    day = str(diary.day(-2))
    return [shipment(1404, BRAMBLE, _on_its_way(diary), due=day)]


@story(
    "A carrier by another name",
    "DEMO-1405",
    "in_transit",
    irregular="carrier_details in the place of carrier",
)
def carrier_details(now: datetime) -> list[Json]:
    diary = Diary(now)
    renamed = shipment(1405, HARRIER, _on_its_way(diary), due=diary.in_days(1))
    renamed["carrier_details"] = renamed.pop("carrier")
    return [renamed]


@story(
    "A scan from the future",
    "DEMO-1406",
    "out_for_delivery",
    irregular="an event in the future",
)
def from_the_future(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        diary.scan(0, "07:24", "out_for_delivery", "Loaded onto the van", "Woking Depot"),
        diary.scan(1, "07:00", "in_transit", "At the hub", timestamp="2062-02-03T07:00:00+00:00"),
    ]
    return [shipment(1406, HARRIER, events, due=diary.in_days(0))]


@story(
    "Every scan twice",
    "DEMO-1407",
    "delivered",
    irregular="an event that is there twice",
)
def duplicates(now: datetime) -> list[Json]:
    diary = Diary(now)
    events = [
        *_on_its_way(diary),
        diary.scan(1, "14:24", "delivered", "Handed over", "Luton", signee="R. Adeyemi"),
    ]
    twice = [copy for event in events for copy in (event, _poorer(event))]
    return [shipment(1407, LANTERN, twice, due=diary.in_days(-1))]


def _poorer(event: Json) -> Json:
    """The same scan, reported again with less."""
    return {name: value for name, value in event.items() if name not in {"location", "signee"}}


@story(
    "Events in no order",
    "DEMO-1408",
    "in_transit",
    irregular="events that are not newest first",
)
def out_of_order(now: datetime) -> list[Json]:
    diary = Diary(now)
    collected, sorted_out = _on_its_way(diary)
    printed = diary.scan(3, "10:00", "awaiting_drop_off", "Label printed")
    return [shipment(1408, BRAMBLE, [sorted_out, printed, collected], due=diary.in_days(1))]


ODDITIES = (
    processing,
    removed,
    quarantined,
    bare,
    nothing_in_three_ways,
    right_to_left,
    hostile,
    long_words,
    odd_reference,
    unknown_code,
    alias,
    malformed_times,
    date_only,
    carrier_details,
    from_the_future,
    duplicates,
    out_of_order,
)
