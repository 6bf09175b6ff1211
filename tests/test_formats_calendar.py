"""The calendar: a day for each parcel that moves, ends and is cancelled by itself."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from tests.conftest import NOON
from tests.shipments import event, item, shipment
from tests.shops import shopper_of
from tracking.entries import Found
from tracking.formats.as_calendar import as_calendar
from tracking.pro.simulator import STORIES, Fault, Simulator
from tracking.references import Reference
from tracking.shipments import Event, Shipment, ShipmentPage
from tracking.telling import Teller, tell
from tracking.wording import Words

SHOP = "Hazel, Oak; & \\Co"


@pytest.fixture(scope="module")
def pro():
    """One for all tests here; its stories are told for the afternoon on which they are read."""
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shopper(pro):
    """In front of an application that stays up and knows its name."""
    return shopper_of(pro, ALLOWED_HOSTS="localhost", RETAILER_NAME=SHOP)


def calendar_of(response):
    """Read twice, by two parsers that have nothing in common, and checked by one of them."""
    assert response.status_code == 200, response.text
    read = vobject.readOne(response.text)
    assert read.validate(raiseException=True)
    calendar = Calendar.from_ical(response.data)
    check_calendar(response.data, calendar)
    assert [one.uid.value for one in read.vevent_list] == [one.uid for one in calendar.events]
    assert [one.summary.value for one in read.vevent_list] == [
        str(one["summary"]) for one in calendar.events
    ]
    return calendar


def check_calendar(body, calendar):
    """What is true of every calendar."""
    assert body.endswith(b"\r\nEND:VCALENDAR\r\n")
    lines = body.split(b"\r\n")
    assert not [line for line in lines if len(line) > 75 or b"\n" in line or b"\r" in line]
    assert not calendar.errors
    assert (calendar["version"], calendar["method"]) == ("2.0", "PUBLISH")
    assert calendar["prodid"]
    assert len({one.uid for one in calendar.events}) == len(calendar.events) > 0
    assert calendar.subcomponents == calendar.events
    for one in calendar.events:
        assert not one.errors
        start, end = one["dtstart"], one["dtend"]
        assert type(start.dt) is type(end.dt) is date
        assert (start.params["VALUE"], end.params["VALUE"]) == ("DATE", "DATE")
        assert end.dt - start.dt == timedelta(days=1)
        assert one["transp"] == "TRANSPARENT"
        assert 0 <= one["sequence"] < 2**31
        assert one["dtstamp"].dt.tzinfo is not None
        assert not {"location", "attendee", "organizer", "comment", "geo"} & {*map(str.lower, one)}


def ask(shopper, reference, **query):
    return calendar_of(shopper.get("/parcel.ics", reference=reference, **query))


def only(calendar):
    (one,) = calendar.events
    return one


def put(pro, *events, **more):
    mine = shipment(*events, **more)
    pro.put(mine)
    return mine["shipment_reference"]


ON_ITS_WAY = tell(
    Found(
        reference=Reference.parse("ORDER-1"),
        level="shipment",
        page=1,
        shipments=ShipmentPage((Shipment(events=(Event(event_code="in_transit"),)),), total=1),
        processing=False,
        checked_at=NOON,
    ),
    Teller(Words(), UTC, timedelta(days=3), NOON),
)
EXPECTED = {"expected_delivery_date": "2026-11-26T00:00:00+00:00"}


@pytest.mark.parametrize("level", ["shipment", "contents"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_has_a_calendar_that_others_can_read(shopper, story, level):
    told = shopper.get("/parcel.json", reference=story.reference, level=level)
    response = shopper.get("/parcel.ics", reference=story.reference, level=level)

    assert response.status_code == told.status_code
    if told.status_code == 200:
        events = calendar_of(response).events
        assert [str(one["summary"]) for one in events] == [
            f"Parcel from {SHOP}: {parcel['headline']}" for parcel in told.json["shipments"]
        ]


def test_it_is_a_calendar_by_name_and_type(shopper):
    response = shopper.get("/parcel.ics", reference="DEMO-1001")

    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'inline; filename="parcel.ics"'
    for name in ("NAME", "X-WR-CALNAME"):  # TEXT, which neither parser knows
        assert f"\r\n{name}:Parcels from Hazel\\, Oak\\; & \\\\Co\r\n" in response.text


def test_the_day_is_the_expected_one(pro, shopper):
    mine = only(ask(shopper, put(pro, event("in_transit"), **EXPECTED)))

    assert mine["dtstart"].dt == date(2026, 11, 26)
    assert "Expected Thursday 26 November 2026" in mine["description"]
    assert "status" not in mine


def test_it_moves_with_the_date_and_with_each_scan_is_a_later_version_of_the_same(pro):
    clock_at = [NOON]
    shopper = shopper_of(pro, lambda: clock_at[0])
    mine = shipment(event("in_transit", "2026-11-24T09:00:00Z"), **EXPECTED)
    pro.put(mine)
    first = only(ask(shopper, mine["shipment_reference"]))
    mine["events"].append(
        event("delayed", "2026-11-24T09:30:00Z", received_timestamp="2026-11-24T10:00:00Z")
    )
    mine["expected_delivery_date"] = "2026-11-27"
    pro.put(mine)
    later = only(ask(shopper_of(pro, lambda: clock_at[0]), mine["shipment_reference"]))

    assert later.uid == first.uid
    assert later["dtstart"].dt - first["dtstart"].dt == timedelta(days=1)
    assert later["sequence"] - first["sequence"] == 3600
    assert later["last-modified"].dt == datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_where_only_the_date_changed_the_stamp_tells_which_is_newer(pro):
    mine = shipment(event("in_transit"), **EXPECTED)
    pro.put(mine)
    first = only(ask(shopper_of(pro, lambda: NOON), mine["shipment_reference"]))
    pro.put(mine | {"expected_delivery_date": "2026-11-27"})
    later_on = NOON + timedelta(minutes=5)
    later = only(ask(shopper_of(pro, lambda: later_on), mine["shipment_reference"]))

    assert (later.uid, later["sequence"]) == (first.uid, first["sequence"])
    assert (first["dtstamp"].dt, later["dtstamp"].dt) == (NOON, later_on)


def test_it_ends_on_the_day_of_delivery_on_the_carriers_own_clock(pro, shopper):
    delivered = event("delivered", "2026-11-25T00:30:00+09:00")  # the 24th in London
    mine = only(ask(shopper, put(pro, event(), delivered, **EXPECTED)))

    assert mine["dtstart"].dt == date(2026, 11, 25)
    assert mine["summary"] == f"Parcel from {SHOP}: Delivered"
    assert "status" not in mine


@pytest.mark.parametrize("code", ["lost", "destroyed", "returned_to_sender"])
def test_it_is_cancelled_on_its_day_where_nothing_will_come(pro, shopper, code):
    mine = only(ask(shopper, put(pro, event(), event(code), **EXPECTED)))

    assert (mine["status"], mine["dtstart"].dt) == ("CANCELLED", date(2026, 11, 26))


def test_what_was_found_again_is_on_again(pro, shopper):
    found = [event("lost"), event("in_transit", "2026-11-24T10:00:00Z")]
    mine = only(ask(shopper, put(pro, *found, **EXPECTED)))

    assert "status" not in mine


@pytest.mark.parametrize(
    ("events", "day"),
    [
        ([event("in_transit", "2026-11-22T23:30:00-05:00")], date(2026, 11, 22)),
        ([event("in_transit", "2026-11-20"), event("delayed", "???")], date(2026, 11, 20)),
        ([event("in_transit", "???")], date(2026, 11, 24)),
        ([], date(2026, 11, 24)),
    ],
)
def test_without_a_date_it_is_tentative_and_on_the_day_of_the_newest_scan(
    pro, shopper, events, day
):
    mine = only(ask(shopper, put(pro, *events)))

    assert (mine["status"], mine["dtstart"].dt) == ("TENTATIVE", day)
    assert "We do not have a delivery date yet." in mine["description"]


def test_what_has_no_scan_yet_is_valid_too(pro, shopper):
    reference = put(pro, state="processing")

    mine = only(ask(shopper, reference))

    assert mine["sequence"] == 0
    assert "last-modified" not in mine


def test_an_order_has_an_event_for_each_parcel(pro, shopper):
    for code in ("delivered", "in_transit", "lost"):
        put(pro, event(code), custom_reference="ICS-3")

    events = ask(shopper, "ICS-3").events

    assert len(events) == 3
    assert {one.uid for one in events} == {
        only(ask(shopper, parcel["shipment_reference"])).uid
        for parcel in shopper.json("ICS-3")["shipments"]
    }


def test_items_that_came_on_different_days_end_it_on_the_last(pro, shopper):
    contents = [
        item(event("delivered", "2026-11-22T09:00:00Z")),
        item(event("delivered", "2026-11-23T09:00:00Z")),
        item(event("lost", "2026-11-24T09:00:00Z")),
    ]
    mine = only(ask(shopper, put(pro, shipment_contents=contents, **EXPECTED), level="contents"))

    assert "status" not in mine
    assert mine["dtstart"].dt == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("code", "refresh"), [("in_transit", timedelta(hours=1)), ("delivered", timedelta(days=1))]
)
def test_calendars_ask_again_each_hour_and_each_day_once_it_has_ended(pro, shopper, code, refresh):
    response = shopper.get("/parcel.ics", reference=put(pro, event(code)))

    calendar = calendar_of(response)
    duration = calendar["x-published-ttl"]
    assert calendar.refresh_interval == refresh
    assert f"REFRESH-INTERVAL;VALUE=DURATION:{duration}" in response.text


def test_the_address_of_the_page_is_told_where_our_name_is_certain(pro, shopper):
    reference = put(pro, event())

    url = urlsplit(only(ask(shopper, reference, level="contents"))["url"])

    assert (url.scheme, url.netloc, url.path) == ("http", "localhost", "/parcel")
    assert parse_qs(url.query) == {"reference": [reference], "level": ["contents"]}


@pytest.mark.parametrize("hosts", ["", ".localhost"])
def test_an_address_that_a_visitor_could_make_up_is_never_told(pro, hosts):
    shopper = shopper_of(pro, ALLOWED_HOSTS=hosts)
    reference = put(pro, event())

    answer = shopper.client.get(
        f"/parcel.ics?reference={reference}", headers={"Host": "evil.localhost"}
    )

    assert "evil" not in answer.text
    assert "url" not in only(calendar_of(answer))


def test_it_names_no_place_no_person_no_item_and_no_carriers_words(pro):
    opened = shopper_of(pro, PRIVACY="open", ALLOWED_HOSTS="localhost")
    told = event("delivered", signee="CANARY", location="CANARY", description="CANARY")
    reference = put(
        pro, told, shipment_contents=[item(told, custom_reference="CANARY")], **EXPECTED
    )

    for level in ("shipment", "contents"):
        assert "CANARY" not in opened.get("/parcel.ics", reference=reference, level=level).text


def test_the_reference_is_in_no_identity(pro):
    reference = put(pro, event())

    text = shopper_of(pro).get("/parcel.ics", reference=reference).text

    assert reference not in text


def test_demo_data_says_so():
    response = shopper_of(None).get("/parcel.ics", reference="DEMO-1001")

    assert "Demo data" in only(calendar_of(response))["description"]


ENDS = ["9999-12-31", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("at", [*ENDS, "9999-12-31T23:59:59+14:00", "1970-01-02"])
def test_the_ends_of_time_are_days_too(pro, shopper, at):
    reference = put(pro, event(at=at), expected_delivery_date=at)

    ask(shopper, reference)


@given(st.text(min_size=1, max_size=300))
def test_whatever_a_shop_is_called_is_read_as_it_was_written(name):
    name = " ".join("".join(c for c in name if c.isprintable()).replace("\\N", "").split())
    body = as_calendar(ON_ITS_WAY, Words(retailer=name or "x"), lambda **_: None, demo=False)

    calendar = Calendar.from_ical(body)
    check_calendar(body, calendar)
    assert only(calendar)["summary"] == f"Parcel from {name or 'x'}: On its way"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?reference=sp_1", 400),
        ("?reference=NOBODY-HAS-IT", 404),
        ("?reference=sp_00690000000000000000000000001302", 410),
        ("?reference=DOWN", 503),
    ],
)
@pytest.mark.parametrize("form", ["ics", "atom", "txt"])
def test_an_error_is_a_few_words_of_plain_text_with_the_status_of_the_page(
    pro, shopper, form, query, status
):
    pro.fault(Fault("garbage"), "DOWN")

    response = shopper.get(f"/parcel.{form}{query}")
    page = shopper.open(f"/parcel{query}", status)

    assert response.status_code == status
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    first = response.text.splitlines()[0]
    assert first in page.select_one("main").get_text()
    assert "<" not in response.text
