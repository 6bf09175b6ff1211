"""Exactly what a page shows: the date line, the notes, the history by day, items and parcels."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import NOON, TurnableClock
from tests.shipments import event, item, shipment
from tests.shops import shopper_of
from tracking.lookup import Found
from tracking.pro.simulator import Simulator
from tracking.references import Reference
from tracking.shipments import Carrier, Event, Item, Shipment, ShipmentPage
from tracking.telling import Teller, tell
from tracking.timestamps import Timestamp
from tracking.wording import Words

DELIVERED_CODES = {
    "delivered",
    "delivered_to_neighbour",
    "delivered_to_reception",
    "delivered_to_safe_location",
    "delivered_damaged",
}


@pytest.fixture(scope="module")
def pro():
    """One for all tests here: no two of them ask for the same shipment."""
    with Simulator(key="test-key") as simulator:
        yield simulator


@pytest.fixture(scope="module")
def running(pro):
    """A clock, and applications that stay up: to compile templates takes longer than a test."""
    clock = TurnableClock()

    @cache
    def make(**environ):
        return shopper_of(pro, clock, **environ)

    return clock, make


@pytest.fixture
def clock(running):
    """Two in the afternoon again for each test."""
    running[0].set(NOON)
    return running[0]


@pytest.fixture
def make_shopper(running, clock):
    return running[1]


@pytest.fixture
def shown(pro, shopper):
    """The one shipment of an answer as JSON and the page, for a shipment of the test's own."""

    def show(*events, by=shopper, **more):
        pro.put(mine := shipment(*events, **more))
        answer = by.json(mine["shipment_reference"])
        return answer["shipments"][0], by.ask(mine["shipment_reference"])

    return show


def texts(page, selector):
    return [" ".join(found.get_text().split()) for found in page.select(selector)]


def date_line(page):
    return next(iter(texts(page, ".answer__date")), None)


def scan(code="in_transit", at="2026-11-24T09:00:00+00:00", **more):
    return Event(event_code=code, timestamp=Timestamp.parse(at), **more)


def told(*shipments, now=NOON, zone="UTC", quiet=72, total=None):
    """The journey of shipments as they come out of the cache."""
    page = ShipmentPage(tuple(shipments), total or len(shipments))
    level = "shipment" if shipments[0].items is None else "contents"
    found = Found(Reference.parse("HO-20"), level, 1, page, processing=False, checked_at=NOON)
    return tell(found, Teller(Words(), ZoneInfo(zone), timedelta(hours=quiet), now))


def parcel(*events, expected=None, items=None, name="Test Carrier", **more):
    return Shipment(
        shipment_reference="sp_" + "1" * 32,
        carrier=Carrier(name=name),
        expected_delivery_date=expected,
        events=events,
        items=items,
        **more,
    )


# S14: the date line


@pytest.mark.parametrize(
    ("expected", "said", "machine"),
    [
        ("2026-11-24", "Expected today, Tuesday 24 November 2026", "2026-11-24"),
        ("2026-11-25", "Expected tomorrow, Wednesday 25 November 2026", "2026-11-25"),
        ("2026-11-26", "Expected Thursday 26 November 2026", "2026-11-26"),
        ("2026-12-31", "Expected Thursday 31 December 2026", "2026-12-31"),
        ("2026-11-23", "Was expected Monday 23 November 2026. It is late.", "2026-11-23"),
        (
            "2026-11-25T00:00:00+00:00",
            "Expected tomorrow, Wednesday 25 November 2026",
            "2026-11-25",
        ),
        (
            "2026-11-25T23:59:59-08:00",
            "Expected tomorrow, Wednesday 25 November 2026",
            "2026-11-25",
        ),
        (
            "2026-11-25T00:00:00+14:00",
            "Expected tomorrow, Wednesday 25 November 2026",
            "2026-11-25",
        ),
    ],
)
def test_the_date_line_says_when_the_parcel_is_expected(shown, expected, said, machine):
    answer, page = shown(event(), expected_delivery_date=expected)

    assert date_line(page) == said
    assert page.select_one(".answer__date time")["datetime"] == machine
    assert answer["expected_delivery_date"] == machine


@pytest.mark.parametrize("expected", [None, "", "soon", "24/11/2026", "0001-01-01T00:00:00", 7, []])
def test_without_an_expected_date_the_date_line_says_so(shown, expected):
    answer, page = shown(event(), expected_delivery_date=expected)

    assert date_line(page) == "We do not have a delivery date yet."
    assert answer["expected_delivery_date"] is None


@pytest.mark.parametrize(
    ("code", "at", "said"),
    [
        (
            "delivered",
            "2026-11-23T14:02:33+00:00",
            "Delivered Monday 23 November 2026 at 14:02",
        ),
        (
            "delivered_damaged",
            "2026-11-23T23:30:00-05:00",
            "Delivered Monday 23 November 2026 at 23:30",
        ),
        (
            "delivered_to_neighbour",
            "2026-11-24T00:30:00+09:00",
            "Delivered today, Tuesday 24 November 2026 at 00:30",
        ),
        ("delivered_to_safe_location", "2026-11-23", "Delivered Monday 23 November 2026"),
    ],
)
def test_what_is_delivered_has_the_date_on_which_it_was(shown, code, at, said):
    answer, page = shown(event(code, at), expected_delivery_date="2026-11-20")

    assert date_line(page) == said
    assert answer["delivered_at"] == at
    assert "overdue" not in answer["notes"]


def test_a_delivery_without_any_time_has_no_date_line(shown):
    answer, page = shown(event("delivered", "24/11/26 2pm"), expected_delivery_date="2026-11-20")

    assert date_line(page) is None
    assert answer["delivered_at"] is None
    assert texts(page, ".answer__reason") == ["Your parcel was delivered."]


def test_a_delivery_with_a_bad_stamp_was_when_it_was_received(shown):
    delivered = event("delivered", "???", received_timestamp="2026-11-24T09:05:00+00:00")

    answer, page = shown(delivered)

    assert answer["delivered_at"] == "2026-11-24T09:05:00+00:00"
    assert date_line(page) == "Delivered today, Tuesday 24 November 2026 at 09:05"


@pytest.mark.parametrize("code", ["lost", "destroyed", "returned_to_sender", "delivery_refused"])
def test_any_other_end_has_no_date_line_and_is_never_overdue(shown, code):
    answer, page = shown(event(code), expected_delivery_date="2026-11-20")

    assert date_line(page) is None
    assert answer["notes"] == []


def test_a_delivery_in_parts_is_still_expected(shown):
    answer, page = shown(event("partially_delivered"), expected_delivery_date="2026-11-25")

    assert date_line(page) == "Expected tomorrow, Wednesday 25 November 2026"
    assert answer["delivered_at"] is None


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("America/Los_Angeles", "+14:00"),
        ("Pacific/Kiritimati", "-08:00"),
        ("UTC", "+00:00"),
    ],
)
def test_the_expected_date_is_never_shifted_by_a_time_zone(shown, make_shopper, zone, offset):
    answer, page = shown(
        event(at=f"2026-11-23T09:00:00{offset}"),
        by=make_shopper(TIMEZONE=zone),
        expected_delivery_date="2026-11-30T00:00:00+00:00",
    )

    assert answer["expected_delivery_date"] == "2026-11-30"
    assert date_line(page) == "Expected Monday 30 November 2026"


def test_midnight_utc_stays_the_25th_in_los_angeles(shown, make_shopper):
    answer, page = shown(
        by=make_shopper(TIMEZONE="America/Los_Angeles"),
        expected_delivery_date="2026-11-25T00:00:00+00:00",
    )

    assert answer["expected_delivery_date"] == "2026-11-25"
    assert date_line(page) == "Expected tomorrow, Wednesday 25 November 2026"


# Which day is today


@pytest.mark.parametrize(
    ("now", "offset", "said"),
    [
        ("2026-11-24T14:59:59+00:00", "+09:00", "Expected today, Tuesday 24 November 2026"),
        (
            "2026-11-24T15:00:00+00:00",
            "+09:00",
            "Was expected Tuesday 24 November 2026. It is late.",
        ),
        ("2026-11-24T04:59:59+00:00", "-05:00", "Expected tomorrow, Tuesday 24 November 2026"),
        ("2026-11-24T05:00:00+00:00", "-05:00", "Expected today, Tuesday 24 November 2026"),
        ("2026-11-25T04:59:59+00:00", "-05:00", "Expected today, Tuesday 24 November 2026"),
        (
            "2026-11-25T05:00:00+00:00",
            "-05:00",
            "Was expected Tuesday 24 November 2026. It is late.",
        ),
    ],
)
def test_today_is_the_date_in_the_newest_scans_offset(shown, clock, now, offset, said):
    clock.set(datetime.fromisoformat(now))
    older = event(at="2026-11-22T09:00:00+00:00")
    newest = event(at=f"2026-11-23T09:00:00{offset}")

    answer, page = shown(newest, older, expected_delivery_date="2026-11-24")

    assert date_line(page) == said
    assert ("overdue" in answer["notes"]) is ("late" in said)


@pytest.mark.parametrize(
    ("zone", "now", "name"),
    [
        ("UTC", "2026-11-24T23:59:59+00:00", "Expected today, "),
        ("UTC", "2026-11-25T00:00:00+00:00", "Was expected "),
        ("Asia/Tokyo", "2026-11-24T14:59:59+00:00", "Expected today, "),
        ("Asia/Tokyo", "2026-11-24T15:00:00+00:00", "Was expected "),
        ("America/New_York", "2026-11-25T04:59:59+00:00", "Expected today, "),
    ],
)
@pytest.mark.parametrize("stamps", [[], ["2026-11-23"], ["2026-11-23T09:00:00"], ["???"]])
def test_without_any_offset_today_is_the_retailers_date(zone, now, name, stamps):
    scans = [scan(at=stamp) for stamp in stamps]

    journey = told(
        parcel(*scans, expected=date(2026, 11, 24)), now=datetime.fromisoformat(now), zone=zone
    )

    said = journey.parcels[0].date_line.text
    assert said.startswith(f"{name}Tuesday 24 November 2026")


# The notes: overdue and quiet


@pytest.mark.parametrize(
    ("expected", "code", "notes", "tone"),
    [
        ("2026-11-24", "in_transit", [], "neutral"),
        ("2026-11-23", "in_transit", ["overdue"], "warning"),
        ("2026-11-23", "exchange_succeeded", ["overdue"], "warning"),
        ("2026-11-23", "delivery_failed", ["overdue"], "problem"),
        ("2026-11-23", "partially_delivered", ["overdue"], "warning"),
        ("2026-11-23", "delivered", [], "good"),
    ],
)
def test_a_parcel_is_overdue_from_the_day_after_the_expected_date(
    shown, expected, code, notes, tone
):
    answer, page = shown(event(code), expected_delivery_date=expected)

    assert (answer["notes"], answer["tone"]) == (notes, tone)
    assert page.select_one("[data-tone]")["data-tone"] == tone


def test_a_parcel_that_was_never_scanned_is_overdue_too(shown):
    answer, page = shown(expected_delivery_date="2026-11-20")

    assert (answer["notes"], answer["tone"], answer["status"]) == (["overdue"], "warning", None)
    assert date_line(page) == "Was expected Friday 20 November 2026. It is late."


@pytest.mark.parametrize(
    ("at", "code", "quiet"),
    [
        ("2026-11-21T14:00:01+00:00", "in_transit", False),
        ("2026-11-21T14:00:00+00:00", "in_transit", True),
        ("2026-11-21T23:00:00+09:00", "in_transit", True),
        ("2026-11-01T14:00:00+00:00", "delivery_failed", True),
        ("2026-11-01T14:00:00+00:00", "partially_delivered", True),
        ("2026-11-01T14:00:00+00:00", "for_information", True),
        ("2026-11-01T14:00:00+00:00", "delivered", False),
        ("2026-11-01T14:00:00+00:00", "lost", False),
        ("2026-11-01T14:00:00+00:00", "returned_to_sender", False),
        ("???", "in_transit", False),
    ],
)
def test_a_parcel_is_quiet_after_72_hours_without_anything_new(shown, at, code, quiet):
    answer, page = shown(event(code, at))

    assert ("quiet" in answer["notes"]) is quiet
    assert any("No new updates since" in text for text in texts(page, ".answer .remarks")) is quiet


def test_a_parcel_that_just_became_quiet_says_since_when_and_does_not_alarm(shown):
    answer, page = shown(event(at="2026-11-21T09:00:00+00:00"))

    (remark,) = texts(page, ".answer .remarks")
    assert remark.startswith(
        "No new updates since Saturday 21 November 2026. "
        "Parcels can go some days without a scan. If nothing changes by "
    )
    assert answer["tone"] == "neutral"


def test_a_note_is_something_new(shown):
    answer, _ = shown(
        event(at="2026-11-01T09:00:00Z"), event("for_information", "2026-11-24T09:00:00Z")
    )

    assert "quiet" not in answer["notes"]


@pytest.mark.parametrize(("hours", "quiet"), [("5", True), ("6", False)])
def test_how_long_it_takes_to_be_quiet_is_a_setting(pro, make_shopper, hours, quiet):
    pro.put(mine := shipment(event(at="2026-11-24T09:00:00Z")))

    answer = make_shopper(QUIET_HOURS=hours).json(mine["shipment_reference"])

    assert ("quiet" in answer["shipments"][0]["notes"]) is quiet


def test_a_parcel_becomes_quiet_when_the_clock_goes_on(pro, shopper, clock):
    pro.put(mine := shipment(event(at="2026-11-24T09:00:00Z")))
    reference = mine["shipment_reference"]
    before = shopper.json(reference)["shipments"][0]["notes"]

    clock.turn(hours=72)
    after = shopper.json(reference)["shipments"][0]["notes"]

    assert (before, after) == ([], ["quiet"])


@pytest.mark.parametrize(
    ("hours", "since", "until"),
    [
        ("72", 72, "Friday 27 November 2026"),
        ("120", 120, "Sunday 29 November 2026"),
        ("24", 24, "Wednesday 25 November 2026"),
    ],
)
def test_how_long_to_wait_is_counted_from_the_last_scan_in_days_of_the_setting(
    pro, make_shopper, clock, hours, since, until
):
    pro.put(mine := shipment(event(at="2026-11-21T09:00:00Z")))
    shopper, reference = make_shopper(QUIET_HOURS=hours), mine["shipment_reference"]

    clock.set(datetime(2026, 11, 21, 8, 59, tzinfo=UTC) + timedelta(hours=since))
    before = shopper.ask(reference)
    clock.turn(minutes=1)
    quiet = shopper.ask(reference)
    clock.turn(days=3)
    long = shopper.ask(reference)

    assert texts(before, ".answer .remarks") == []
    assert texts(quiet, ".answer .remarks") == [
        "No new updates since Saturday 21 November 2026. Parcels can go some days without a scan. "
        f"If nothing changes by {until}, contact the shop."
    ]
    assert quiet.select(".answer__advice") == []
    assert texts(long, ".answer .remarks") == [
        "No new updates since Saturday 21 November 2026. That is a long time. "
        "Contact the shop and ask them to look into it."
    ]


# The notes: late, damage, newer note, scans after the end


@pytest.mark.parametrize(
    ("codes", "note", "tone", "remark"),
    [
        (["delayed", "in_transit"], "late", "warning", "Running late"),
        (
            ["damaged", "delivered"],
            "damage",
            "warning",
            "Test Carrier reported damage on the way. Check the contents. If something is wrong, "
            "take photos and contact the shop.",
        ),
        (
            ["delivered", "in_transit"],
            "scans_after_final",
            "good",
            "Test Carrier made more scans after delivery. They do not change the delivery.",
        ),
        (
            ["lost", "damaged"],
            "scans_after_final",
            "problem",
            "Test Carrier made more scans after this. They do not change what happened.",
        ),
    ],
)
def test_a_note_is_in_the_json_and_its_sentence_on_the_page(shown, codes, note, tone, remark):
    events = [event(code, f"2026-11-24T{hour:02}:00:00Z") for hour, code in enumerate(codes, 9)]

    answer, page = shown(*events)

    assert (answer["notes"], answer["tone"]) == ([note], tone)
    assert texts(page, ".answer .remarks") == [remark]


def test_a_newer_note_is_told_in_the_carriers_words(shown):
    note = event("for_information", "2026-11-24T10:00:00Z", description="Held at depot 7")

    answer, page = shown(event(), note)

    assert answer["notes"] == ["newer_note"]
    assert (answer["headline"], answer["tone"], answer["step"]) == ("On its way", "neutral", 3)
    assert texts(page, ".answer .remarks") == [
        "There is a newer note from Test Carrier: Held at depot 7"
    ]
    assert texts(page, '.answer .remarks q[lang=""]') == ["Held at depot 7"]


def test_a_new_code_changes_neither_headline_nor_step_nor_tone(shown):
    before, _ = shown(event("out_for_delivery", "2026-11-23T09:00:00Z"))
    after, page = shown(
        event("out_for_delivery", "2026-11-23T09:00:00Z"),
        event("zz_new_code", "2026-11-24T10:00:00Z"),
    )

    assert [after[name] for name in ("headline", "step", "tone", "status", "final")] == [
        before[name] for name in ("headline", "step", "tone", "status", "final")
    ]
    assert after["notes"] == ["newer_note"]
    assert texts(page, "[data-event-code=zz_new_code] .scan-entry__title") == [
        "Update from Test Carrier"
    ]


def test_notes_come_in_one_order_whatever_happened_first(shown):
    answer, _ = shown(
        event("delayed", "2026-11-18T09:00:00Z"),
        event("damaged", "2026-11-18T10:00:00Z"),
        event("in_transit", "2026-11-19T09:00:00Z"),
        event("for_information", "2026-11-19T10:00:00Z"),
        expected_delivery_date="2026-11-20",
    )

    assert answer["notes"] == ["late", "damage", "overdue", "newer_note", "quiet"]


def test_scans_after_delivery_stay_in_the_history_and_are_marked(shown):
    answer, page = shown(
        event("delivered", "2026-11-24T09:00:00Z"), event("in_transit", "2026-11-24T10:00:00Z")
    )

    assert [one["code"] for one in answer["events"]] == ["in_transit", "delivered"]
    assert len(page.select("[data-event-code=in_transit] .scan-entry__after")) == 1
    assert page.select("[data-event-code=delivered] .scan-entry__after") == []


# I1, I2, I5 and P6: the carrier's own time


def test_a_scan_shows_its_own_local_time(shown):
    _, page = shown(event(at="2026-11-24T09:00:00+09:00"))

    assert texts(page, ".scan-entry__time") == ["09:00"]
    assert page.select_one(".scan-entry__time time")["datetime"] == "2026-11-24T09:00:00+09:00"


def test_the_zone_is_named_only_where_it_differs_from_the_newest_scans(shown):
    _, page = shown(
        event(at="2026-11-24T09:00:00+00:00", description="London"),
        event(at="2026-11-23T18:00:00+01:00", description="Paris"),
        event(at="2026-11-23T09:00:00+00:00", description="London again"),
        event(at="2026-11-22T09:00:00-03:30", description="St. John's"),
    )

    assert [re.sub(r"[()]", "", text) for text in texts(page, ".scan-entry__time")] == [
        "09:00",
        "18:00 local time, UTC+1",
        "09:00",
        "09:00 local time, UTC-3:30",
    ]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_retailers_zone_moves_no_scan(shown, make_shopper, zone):
    _, page = shown(event(at="2026-11-23T23:30:00+01:00"), by=make_shopper(TIMEZONE=zone))

    assert texts(page, ".scan-entry__time") == ["23:30"]
    assert "23 November 2026" in page.select_one(".history__day").get_text()


@pytest.mark.parametrize(
    ("stamp", "machine"),
    [
        ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00+00:00"),
        ("2026-11-24T09:00.33+00:00", "2026-11-24T09:00:33+00:00"),
        ("2026-11-24T09:00:00.1234567+02:00", "2026-11-24T09:00:00+02:00"),
        ("2026-11-24T09:00:00", "2026-11-24T09:00:00"),
        ("2026-11-24T09:00:00+0530", "2026-11-24T09:00:00+05:30"),
    ],
)
def test_time_elements_hold_iso_with_the_original_offset(shown, stamp, machine):
    _, page = shown(event(at=stamp))

    assert page.select_one(".scan-entry__time time")["datetime"] == machine


# Scans that were reported late


@pytest.mark.parametrize(
    ("at", "received", "said"),
    [
        ("2026-11-24T02:00:00Z", "2026-11-24T07:59:59Z", []),
        ("2026-11-24T02:00:00Z", "2026-11-24T08:00:00Z", ["Reported 6 hours later"]),
        ("2026-11-24T02:00:00Z", "2026-11-24T11:59:00Z", ["Reported 9 hours later"]),
        ("2026-11-23T12:30:00+09:00", "2026-11-23T12:30:00Z", ["Reported 9 hours later"]),
        ("2026-11-24T12:30:00+09:00", "2026-11-24T04:30:00Z", []),
        ("2026-11-22T08:00:00Z", "2026-11-24T07:59:00Z", ["Reported 47 hours later"]),
        ("2026-11-22T08:00:00Z", "2026-11-24T08:00:00Z", ["Reported 2 days later"]),
        ("2026-11-14T14:02:33+00:00", "2026-11-23T14:02:33Z", ["Reported 9 days later"]),
        # Without a time or an offset only whole days are sure.
        ("2026-11-23", "2026-11-24T13:00:00Z", []),
        ("2026-11-22", "2026-11-24T00:10:00Z", ["Reported 2 days later"]),
        ("2026-11-23T02:00:00", "2026-11-24T13:00:00Z", []),
        ("2026-11-21T23:00:00", "2026-11-24T01:00:00Z", ["Reported 3 days later"]),
        ("2026-11-22T08:00:00Z", "2026-11-23", []),
        # What is not known, not believed, or was received before it was made.
        ("2026-11-22T08:00:00Z", None, []),
        ("2026-11-22T08:00:00Z", "???", []),
        ("???", "2026-11-22T08:00:00Z", []),
        ("2062-11-22T08:00:00Z", "2026-11-22T08:00:00Z", []),
        ("2026-11-22T20:00:00Z", "2026-11-22T08:00:00Z", []),
    ],
)
def test_a_scan_of_which_pro_was_told_late_is_marked(shown, at, received, said):
    _, page = shown(event(at=at, received_timestamp=received))

    assert texts(page, ".scan-entry__late") == said


def test_of_a_scan_that_was_reported_twice_the_first_report_counts(shown):
    at, in_time, later = (f"2026-11-24T{hour}:00:00Z" for hour in ("02", "03", "13"))

    _, page = shown(
        event(at=at, received_timestamp=in_time),
        event(at=at, received_timestamp=later, location="Exeter Hub"),
    )

    assert texts(page, ".scan-entry__place") == ["Exeter Hub"]
    assert texts(page, ".scan-entry__late") == []


@pytest.mark.parametrize("stamp", ["???", "2026-13-45T99:00", "24/11/2026", "", None])
def test_a_time_that_cannot_be_read_is_no_time_element_and_no_date(shown, stamp):
    _, page = shown(event("delivered", stamp))

    assert page.select(".history time") == []
    assert texts(page, ".history__day") == ["Date not known"]
    assert texts(page, ".scan-entry__time") == ["Time not given by Test Carrier"]


def test_a_date_without_a_time_never_shows_midnight(shown):
    answer, page = shown(event("delivered", "2026-11-23"))

    assert "00:00" not in page.select_one("main").get_text().replace("14:00", "")
    assert "12am" not in page.get_text()
    assert page.select(".scan-entry__time time") == []
    assert "Monday 23 November 2026" in page.select_one(".history__day").get_text()
    assert answer["events"][0]["timestamp"] == "2026-11-23"


def test_a_scan_at_midnight_does_show_it(shown):
    _, page = shown(event(at="2026-11-23T00:00:00+00:00"))

    assert texts(page, ".scan-entry__time") == ["00:00"]


def test_a_scan_from_the_future_shows_about_when_it_was_received(shown):
    future = event(at="2062-01-01T10:00:00+00:00", received_timestamp="2026-11-24T09:05:00+00:00")

    answer, page = shown(future)

    assert texts(page, ".scan-entry__time") == ["about 09:05"]
    assert page.select_one(".scan-entry__time time")["datetime"] == "2026-11-24T09:05:00+00:00"
    assert "2062" not in page.select_one("main").get_text()
    assert answer["events"][0]["timestamp"] == "2062-01-01T10:00:00+00:00"


def test_a_scan_up_to_a_day_after_it_was_received_is_believed(shown):
    early = event(at="2026-11-25T09:05:00+00:00", received_timestamp="2026-11-24T09:05:00+00:00")

    _, page = shown(early)

    assert texts(page, ".scan-entry__time") == ["09:05"]
    assert page.select_one(".scan-entry__time time")["datetime"] == "2026-11-25T09:05:00+00:00"


# I11: today


@pytest.mark.parametrize(
    ("at", "now", "headline"),
    [
        ("2026-11-24T07:00:00+00:00", "2026-11-24T23:59:59+00:00", "Out for delivery today"),
        ("2026-11-24T07:00:00+00:00", "2026-11-25T00:00:00+00:00", "Out for delivery"),
        ("2026-11-24T07:00:00+09:00", "2026-11-24T14:59:59+00:00", "Out for delivery today"),
        ("2026-11-24T07:00:00+09:00", "2026-11-24T15:00:00+00:00", "Out for delivery"),
        ("2026-11-23T20:00:00-08:00", "2026-11-24T07:59:59+00:00", "Out for delivery today"),
        ("2026-11-23T20:00:00-08:00", "2026-11-24T08:00:00+00:00", "Out for delivery"),
        ("2026-11-23T07:00:00+00:00", "2026-11-24T14:00:00+00:00", "Out for delivery"),
        ("???", "2026-11-24T14:00:00+00:00", "Out for delivery"),
    ],
)
def test_out_for_delivery_today_is_said_only_on_that_day_where_the_van_is(
    shown, clock, at, now, headline
):
    clock.set(datetime.fromisoformat(now))

    answer, page = shown(event("out_for_delivery", at))

    assert answer["headline"] == headline
    assert page.h1.get_text() == headline


def test_today_turns_into_yesterday_when_the_clock_does(pro, shopper, clock):
    pro.put(mine := shipment(event("out_for_delivery", "2026-11-24T07:00:00+00:00")))
    today = texts(shopper.ask(mine["shipment_reference"]), ".history__day")

    clock.turn(hours=10)
    yesterday = texts(shopper.ask(mine["shipment_reference"]), ".history__day")
    clock.turn(days=1)
    later = texts(shopper.ask(mine["shipment_reference"]), ".history__day")

    assert today == ["Today, Tuesday 24 November 2026"]
    assert yesterday == ["Yesterday, Tuesday 24 November 2026"]
    assert later == ["Tuesday 24 November 2026"]


# P8 and P9: the history


def test_headings_repeat_where_offsets_part_a_date(shown):
    _, page = shown(
        event(at="2026-11-20T12:00:00+00:00", description="London"),
        event(at="2026-11-21T00:30:00+13:00", description="Auckland"),
        event(at="2026-11-20T11:00:00+00:00", description="London before"),
    )

    assert texts(page, ".history__day") == [
        "Friday 20 November 2026",
        "Saturday 21 November 2026",
        "Friday 20 November 2026",
    ]


@pytest.mark.parametrize(
    ("count", "shown_at_once", "summary"),
    [
        (1, 1, []),
        (12, 12, []),
        (13, 8, ["Show 5 older updates"]),
        (60, 8, ["Show 52 older updates"]),
    ],
)
def test_more_than_12_scans_fold_to_the_newest_8(shown, count, shown_at_once, summary):
    start = datetime(2026, 11, 24, 12, tzinfo=UTC)
    events = [event(at=(start - timedelta(hours=5 * n)).isoformat()) for n in range(count)]

    answer, page = shown(*events)

    assert len(page.select(".history .scan-entry")) == count
    folded = page.select("details .scan-entry")
    assert count - len(folded) == shown_at_once
    assert texts(page, ".history summary") == summary
    assert len(answer["events"]) == count
    oldest_shown = page.select(".history .scan-entry time")[shown_at_once - 1]["datetime"]
    assert oldest_shown == (start - timedelta(hours=5 * (shown_at_once - 1))).isoformat()


def test_copies_are_merged_before_they_are_counted(shown):
    start = datetime(2026, 11, 24, 12, tzinfo=UTC)
    once = [event(at=(start - timedelta(hours=n)).isoformat()) for n in range(7)]

    answer, page = shown(*once, *once)

    assert len(answer["events"]) == len(page.select(".scan-entry")) == 7
    assert page.select(".history summary") == []


def test_the_newest_scan_comes_first_and_the_untimed_last_on_page_and_in_json(shown):
    answer, page = shown(
        event("delayed", "???"),
        event("dropped_off", "2026-11-20T09:00:00Z"),
        event("out_for_delivery", "2026-11-24T09:00:00Z"),
        event("in_transit", "2026-11-23T09:00:00Z"),
    )

    expected = ["out_for_delivery", "in_transit", "dropped_off", "delayed"]
    assert [one["code"] for one in answer["events"]] == expected
    assert [scan["data-event-code"] for scan in page.select(".scan-entry")] == expected
    assert texts(page, ".history__day")[-1] == "Date not known"


# Items


def test_items_are_rolled_up_where_the_parcels_own_events_are_not_known():
    journey = told(
        Shipment(
            items=(
                Item("sc_1", events=(scan("delivered"),)),
                Item("sc_2", events=(scan("delivered"),)),
                Item("sc_3", events=(scan("delayed"),)),
            )
        )
    )

    standing = journey.parcels[0].standing
    assert (standing.headline, standing.tone) == ("2 of 3 items delivered", "warning")
    assert (standing.status, standing.step, standing.final) == ("delayed", 2, False)
    assert standing.reason == "1 item is delayed."


def test_the_parcels_own_status_stands_where_its_own_events_are_known():
    items = (Item("sc_1", events=(scan("delivered"),)), Item("sc_2", events=(scan("delayed"),)))

    journey = told(parcel(scan("out_for_delivery"), items=items))

    assert journey.parcels[0].standing.status == "out_for_delivery"
    assert [one.standing.status for one in journey.parcels[0].items] == ["delivered", "delayed"]


@pytest.mark.parametrize(
    "code", ["in_transit", "delayed", "out_for_delivery", "lost", "returned_to_sender", "missing"]
)
def test_an_item_without_events_inherits_the_parcels_status(code):
    journey = told(parcel(scan(code), items=(Item("sc_1"),)))

    (silent,) = journey.parcels[0].items
    own = journey.parcels[0].standing
    assert (silent.standing.status, silent.standing.headline, silent.standing.step) == (
        code,
        own.headline,
        own.step,
    )
    assert silent.standing.notes == ()


@pytest.mark.parametrize("code", [*sorted(DELIVERED_CODES), "partially_delivered"])
def test_an_item_without_events_never_inherits_a_delivery(code):
    journey = told(parcel(scan(code), items=(Item("sc_1"),)))

    (silent,) = journey.parcels[0].items
    assert (silent.standing.headline, silent.standing.status, silent.standing.tone) == (
        "No separate update for this item",
        None,
        "neutral",
    )
    assert (silent.standing.step, silent.standing.final) == (1, False)


def test_an_item_without_events_is_never_counted_as_delivered(pro, shopper):
    items = [item(event("delivered")), item(event("delivered")), item()]
    pro.put(mine := shipment(event("delivered"), shipment_contents=items))

    answer = shopper.json(mine["shipment_reference"], level="contents")["shipments"][0]

    assert answer["headline"] == "2 of 3 items delivered"
    assert (answer["status"], answer["step"]) == ("partially_delivered", 4)
    assert (answer["final"], answer["delivered_at"], answer["tone"]) == (False, None, "neutral")
    assert answer["items"][2]["headline"] == "No separate update for this item"


def test_all_items_delivered_is_a_delivery_at_the_last_ones_time(pro, shopper):
    items = [
        item(event("delivered", "2026-11-24T09:00:00+00:00")),
        item(event("delivered", "2026-11-24T18:30:00+09:00")),
        item(event("delivered", "2026-11-23T09:00:00+00:00")),
    ]
    pro.put(mine := shipment(shipment_contents=items))

    answer = shopper.json(mine["shipment_reference"], level="contents")["shipments"][0]
    page = shopper.ask(mine["shipment_reference"], level="contents")

    assert answer["headline"] == "All 3 items delivered"
    assert (answer["status"], answer["step"], answer["final"]) == ("delivered", 5, True)
    assert answer["delivered_at"] == "2026-11-24T18:30:00+09:00"
    assert date_line(page) == "Delivered today, Tuesday 24 November 2026 at 18:30"


def test_an_items_notes_are_told_of_the_parcel_too(pro, shopper):
    items = [
        item(event("delayed", "2026-11-23T09:00:00Z"), event("in_transit", "2026-11-24T09:00:00Z")),
        item(event("in_transit")),
    ]
    pro.put(mine := shipment(shipment_contents=items, expected_delivery_date="2026-11-20"))

    answer = shopper.json(mine["shipment_reference"], level="contents")["shipments"][0]

    assert answer["notes"] == ["late", "overdue"]
    assert (answer["headline"], answer["tone"]) == ("On its way: all 2 items", "warning")


# Several parcels


def test_parcels_come_undelivered_and_worst_first_and_else_as_they_were():
    codes = [
        "delivered",
        "in_transit",
        "delivered_damaged",
        "delayed",
        "lost",
        "out_for_delivery",
        "delivered_to_neighbour",
        "held_by_carrier",
    ]

    journey = told(*(parcel(scan(code)) for code in codes))

    assert [one.standing.status for one in journey.parcels] == [
        "lost",
        "delayed",
        "held_by_carrier",
        "in_transit",
        "out_for_delivery",
        "delivered_damaged",
        "delivered",
        "delivered_to_neighbour",
    ]


def test_a_late_parcel_comes_before_one_on_time():
    on_time, late = parcel(scan()), parcel(scan(), expected=date(2026, 11, 20))

    journey = told(on_time, late)

    assert [one.standing.tone for one in journey.parcels] == ["warning", "neutral"]
    assert journey.standing.tone == "warning"


def test_an_order_says_how_many_parcels_it_has_under_the_headline():
    journey = told(parcel(scan("delivered")), parcel(scan()), parcel(scan()))

    assert journey.standing.headline == "1 of 3 parcels delivered"
    assert journey.subtitle == "Order HO-20, 3 parcels"


def test_an_order_of_one_carrier_names_it_and_of_two_does_not():
    one = told(parcel(scan("missing"), name="DPD"), parcel(scan("missing"), name="DPD"))
    two = told(parcel(scan("missing"), name="DPD"), parcel(scan("missing"), name="UPS"))

    assert one.standing.reason == "DPD is looking for 2 parcels."
    assert two.standing.headline.endswith(" is looking for your parcel: all 2 parcels")
    assert [p.standing.headline for p in two.parcels] == [
        "DPD is looking for your parcel",
        "UPS is looking for your parcel",
    ]


def test_two_carriers_are_not_given_the_words_about_one_of_them():
    journey = told(parcel(scan("missing"), name="DPD"), parcel(scan("missing"), name="UPS"))

    summary = f"{journey.standing.headline} {journey.standing.reason} {journey.standing.advice}"
    assert ("DPD" in summary) == ("UPS" in summary)


def test_an_order_says_how_many_of_its_parcels_are_late():
    journey = told(parcel(scan(), expected=date(2026, 11, 23)), parcel(scan()), parcel(scan()))

    assert [remark.text for remark in journey.standing.remarks] == [
        "1 parcel was expected by now, and is late."
    ]
    assert (
        journey.standing.advice
        == "If it has not come by Thursday 26 November 2026, contact the shop."
    )


def test_parcels_keep_their_numbers_however_they_are_sorted():
    journey = told(parcel(scan("delivered")), parcel(scan()))

    assert [(one.number, one.standing.status) for one in journey.parcels] == [
        (2, "in_transit"),
        (1, "delivered"),
    ]


def test_who_is_told_that_it_is_late_is_not_told_to_do_nothing(shown):
    _, late = shown(event("in_transit"), expected_delivery_date="2026-11-23")
    _, later = shown(event("in_transit"), expected_delivery_date="2026-11-20")
    _, carded = shown(event("delivery_failed_card_left"), expected_delivery_date="2026-11-20")

    assert texts(late, ".answer__advice") == [
        "What to do: If it has not come by Thursday 26 November 2026, contact the shop."
    ]
    assert texts(later, ".answer__advice") == [
        "What to do: Contact the shop and ask them to look into it."
    ]
    assert "Follow the card" in texts(carded, ".answer__advice")[0]


def test_a_parcel_that_is_going_back_is_not_expected(shown):
    answer, page = shown(event("will_be_returned_to_sender"), expected_delivery_date="2026-11-20")

    assert date_line(page) is None
    assert answer["notes"] == []
    assert answer["expected_delivery_date"] == "2026-11-20"


def test_scans_after_an_end_that_did_not_last_are_told_where_they_stand(shown):
    answer, page = shown(
        event("returned_to_sender", "2026-11-24T09:00:00+00:00"),
        event("collected_by_carrier", "2026-11-23T09:00:00+00:00"),
        event("delivered", "2026-11-22T09:00:00+00:00"),
    )

    assert "scans_after_final" in answer["notes"]
    assert not page.select(".remarks")
    assert texts(page, ".scan-entry__after") == ["After delivery"]
    assert any(
        line.startswith("Made after an end that was corrected: “Picked up")
        for line in texts(page, ".why li")
    )


# Processing and nothing


def test_a_parcel_that_was_never_scanned_says_that_this_is_normal(shown):
    answer, page = shown()

    assert (answer["headline"], answer["tone"], answer["status"], answer["step"]) == (
        "No updates yet",
        "neutral",
        None,
        1,
    )
    assert texts(page, ".answer__reason") == [
        "Test Carrier has not scanned your parcel yet. This is normal until it is picked up."
    ]


def test_what_pro_is_still_processing_is_a_known_order_with_nothing_to_show(pro, shopper):
    pro.put(mine := shipment(state="processing"))

    page = shopper.ask(mine["shipment_reference"])

    assert page.h1.get_text() == "No updates yet"
    assert "We know this order" in page.select_one("main").get_text()


def test_an_unknown_code_without_words_is_shown_as_words(pro, shopper):
    pro.put(mine := shipment(event("in_transit"), event("zz_new_code", description=None)))

    page = shopper.ask(mine["shipment_reference"])

    (shown,) = page.select("[data-event-code=zz_new_code] [lang=en]")
    assert shown.get_text() == "zz new code"


def test_a_note_alone_is_not_told_as_no_scan_at_all(pro, shopper):
    pro.put(mine := shipment(event("for_information", description="Label printed")))

    answer = shopper.json(mine["shipment_reference"])["shipments"][0]
    page = shopper.ask(mine["shipment_reference"])

    assert (answer["headline"], answer["status"]) == ("No updates yet", None)
    assert texts(page, ".answer__reason") == [
        "Test Carrier has sent an update that does not say where your parcel is."
    ]


def test_processing_at_contents_level_does_not_speak_of_a_history(pro, shopper):
    pro.put(mine := shipment(state="processing"))

    page = shopper.ask(mine["shipment_reference"], level="contents")

    assert "We know this order" in page.main.get_text()
    assert not page.select(".parcel__whole")
