"""The text: all that the page says, in lines that a person can read aloud."""

import re

import pytest

from tests.conftest import NOON
from tests.crowds import landed
from tests.shipments import event, item, shipment
from tests.shops import shopper_of
from tracking.formats.as_text import as_text
from tracking.pro.simulator import STORIES, Fault, Simulator


@pytest.fixture(scope="module")
def pro():
    """One for all tests here; its stories are told for the afternoon on which they are read."""
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shopper(pro):
    """In front of an application that stays up: no two tests put in the same shipment."""
    return shopper_of(pro)


def read(response):
    """The text, after what is true of every text was checked."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    text = response.text
    assert re.match(r"\S", text)
    assert text.endswith("\n")
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]\n|\t|\r|\bNone\b", text)
    return text


def ask(shopper, reference, **query):
    return read(shopper.get("/parcel.txt", reference=reference, **query))


def put(pro, *events, **more):
    mine = shipment(*events, **more)
    pro.put(mine)
    return mine["shipment_reference"]


def unbroken(text):
    return " ".join(text.split())


@pytest.mark.parametrize("level", ["shipment", "contents"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_is_told_with_its_headlines_and_all_its_scans(shopper, story, level):
    told = shopper.get("/parcel.json", reference=story.reference, level=level)
    response = shopper.get("/parcel.txt", reference=story.reference, level=level)

    assert response.status_code == told.status_code
    if told.status_code == 200:
        text = unbroken(read(response))
        assert text.startswith(unbroken(told.json["headline"]))
        for parcel in told.json["shipments"]:
            for owner in [parcel, *parcel["items"]]:
                assert unbroken(owner["headline"]) in text
                for one in owner["events"]:
                    assert unbroken(one["title"]) in text
                    assert unbroken(one["location"] or "") in text


def test_a_parcel_is_told_in_the_order_in_which_it_is_asked_for(pro, shopper):
    mine = shipment(
        event("collected_by_carrier", "2026-11-22T23:10:00Z", location="Leeds"),
        event("in_transit", "2026-11-23T02:00:00+09:00", location="Tokyo", description="Sorted"),
        event("delayed", "2026-11-24", received_timestamp="2026-11-24"),
        expected_delivery_date="2026-11-26",
    )
    pro.put(mine)

    assert (
        ask(shopper, mine["shipment_reference"])
        == f"""\
Running late
Expected Thursday 26 November 2026
Your parcel is likely to arrive later than planned.
What to do: You do not need to do anything. We will show a new date here
when Test Carrier gives one.

Order: {mine["custom_reference"]}
Delivery company: Test Carrier
Service: Next Day
Tracking number: {mine["carrier_references"][0]}
Reference: {mine["shipment_reference"]}
Last scan: Tuesday 24 November 2026: Delayed
Days without a scan: 0

Last checked: 24 November 2026 at 14:00 UTC

History

Tuesday 24 November 2026
  Delayed

Sunday 22 November 2026
  23:10: Picked up by Test Carrier
    Leeds

Monday 23 November 2026
  02:00 (local time, UTC+9): On its way
    Tokyo
    Carrier’s note: “Sorted”
"""
    )


@pytest.mark.parametrize(("hours", "days"), [(1, 0), (25, 1), (24 * 9 + 3, 9)])
def test_the_days_without_a_scan_are_counted_until_we_checked(pro, clock, hours, days):
    reference = put(pro, event("in_transit", "2026-11-24T14:00:00Z"))
    clock.turn(hours=hours)

    assert f"Days without a scan: {days}\n" in ask(shopper_of(pro, clock), reference)


def test_what_has_arrived_is_not_silent(pro, shopper):
    text = ask(shopper, put(pro, event("delivered")))

    assert "Last scan: Tuesday 24 November 2026, 09:00: Delivered\n" in text
    assert "Days without" not in text


def test_what_has_no_scan_is_told_without_a_history(pro, shopper):
    text = ask(shopper, put(pro, state="processing"))

    assert text.startswith("No updates yet\n")
    assert "History" not in text
    assert "Last scan" not in text


def test_an_order_is_told_parcel_by_parcel(pro, shopper):
    for code in ("delivered", "in_transit"):
        put(pro, event(code), custom_reference="TXT-2")

    text = ask(shopper, "TXT-2")

    assert text.startswith("1 of 2 parcels delivered\nOrder TXT-2, 2 parcels\n")
    places = [text.index(words) for words in ("Parcel 2 of 2\n\nOn", "Parcel 1 of 2\n\nDelivered")]
    assert places == sorted(places)
    assert text.count("Last checked") == 1


def test_a_large_order_says_which_part_this_is(shopper):
    assert "Showing 11 to 12 of 12 parcels\n" in ask(shopper, "HO-12", page="2")


def test_items_are_told_one_by_one(pro, shopper):
    contents = [
        item(event("delivered"), custom_reference="SHIRT"),
        item(custom_reference="SOCKS"),
    ]

    text = ask(shopper, put(pro, shipment_contents=contents), level="contents")

    assert "\nItem 1 of 2: SHIRT\n\nDelivered\n" in text
    assert "\nHistory of item 1\n" in text
    assert "\nItem 2 of 2: SOCKS\n\nNo separate update for this item\n" in text
    assert "History of item 2" not in text


def test_what_we_could_not_renew_says_so(pro, clock):
    shopper = shopper_of(pro, clock)
    reference = put(pro, event())
    ask(shopper, reference)
    pro.fault(Fault("garbage"), reference)
    clock.turn(minutes=10)
    shopper.get("/parcel", reference=reference)
    landed(shopper, reference)

    assert "14:00 UTC. Live updates are delayed.\n" in ask(shopper, reference)


def test_markup_is_text_and_no_carrier_can_begin_a_line(pro, shopper):
    said = "<b>x</b> &amp; {{ 7*7 }}\n\nDelivered\r\nDelivered\u2028Delivered\u202edrawkcab"
    reference = put(pro, event(description=said, location=said), custom_reference=said)

    text = ask(shopper, reference)

    assert "<b>x</b> &amp; {{ 7*7 }} Delivered Delivered Delivered" in unbroken(text)
    assert not re.search(r"(?m)^Delivered", text)
    assert "\u202e" not in text


def test_who_signed_is_told_as_the_page_tells_it(pro):
    reference = put(pro, event("delivered", signee="A. Baker"))

    assert "    It was signed for.\n" in ask(shopper_of(pro), reference)
    assert "    It was signed for by A. Baker.\n" in ask(shopper_of(pro, PRIVACY="open"), reference)


def test_long_lines_are_broken_between_words_and_stay_where_they_are():
    told = "x" * 90 + "\n  " + "word " * 30 + "\n\n\n\n" + "flat-pack " * 9

    first, second, *rest = as_text(told).split("\n")

    assert first == "x" * 90
    assert second.startswith("  word")
    assert rest[0].startswith("    word")
    assert max(map(len, [second, *rest])) <= 76
    assert as_text(told).count("\n\n") == 1
    assert "flat-\n" not in as_text(told)
