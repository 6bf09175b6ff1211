"""Why this status? The scan, and what does not change it, in sentences that a shopper reads."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given

from tests.conftest import NOON
from tests.test_derivation import why
from tests.test_status import histories, scan, story
from tracking.history import Clock
from tracking.why import tell_item, tell_why
from tracking.wording import Words

WORDS = Words(carrier="Harrier Parcels")
CLOCK = Clock(NOON, timedelta(0), UTC)
SOURCE = "This comes from a scan by Harrier Parcels: "
NEWEST = " It is the newest scan that says where the parcel is."


def told(*events):
    return [(line.rule, line.text) for line in tell_why(why(*events), WORDS, CLOCK)]


def reasons(*events):
    """All but the line that names the scan behind the headline."""
    return told(*events)[1:]


# The scan behind the headline


def test_the_newest_scan_is_named_with_its_time_on_its_own_clock():
    tokyo = scan("out_for_delivery", "2026-11-24T20:48:00+09:00")

    assert told(tokyo) == [
        ("S5", f"{SOURCE}“Out for delivery” today at 20:48 (local time, UTC+9).{NEWEST}")
    ]


@pytest.mark.parametrize(
    ("at", "received", "when"),
    [
        ("2026-11-24T06:48:00Z", None, " today at 06:48"),
        ("2026-11-23T14:02:00Z", None, " yesterday at 14:02"),
        ("2026-11-20T14:02:00Z", None, " on Friday 20 November at 14:02"),
        ("2026-11-24", None, " today"),
        ("24/11/26", "2026-11-24T06:50:00Z", " today at about 06:50"),
    ],
)
def test_a_time_is_as_precise_as_it_was_given(at, received, when):
    ((rule, text),) = told(scan("in_transit", at, received))

    assert (rule, text) == ("S5", f"{SOURCE}“On its way”{when}.{NEWEST}")


def test_an_end_without_a_date_says_why_it_counts():
    assert told(*story("in_transit"), scan("delivered")) == [
        ("S4", f"{SOURCE}“Delivered”. It has no date. The end of a delivery counts without one.")
    ]


def test_another_scan_without_a_date_is_named_and_no_more():
    assert told(scan("in_transit")) == [("S4", f"{SOURCE}“On its way”.")]


def test_without_a_status_there_is_nothing_to_tell():
    assert told() == []
    assert told(*story("for_information", "zz_new_code")) == []


def test_a_carrier_without_a_name_is_the_delivery_company():
    (line,) = tell_why(why(*story("in_transit")), Words(), CLOCK)

    assert line.text.startswith("This comes from a scan by the delivery company: ")


# What does not change the headline, and what it brings with it

SIX, SEVEN, EIGHT = (f"2026-11-24T0{hour}:00:00Z" for hour in (6, 7, 8))


@pytest.mark.parametrize(
    ("events", "rule", "text"),
    [
        (
            [scan("delivered", SIX), scan("in_transit", SEVEN), scan("delayed", EIGHT)],
            "S6",
            "Scans made after delivery do not change it: “Delayed” today at 08:00, “On its way” "
            "today at 07:00.",
        ),
        (
            [scan("destroyed", SIX), scan("in_transit", SEVEN)],
            "S6",
            "Scans made after the end do not change it: “On its way” today at 07:00.",
        ),
        (
            [scan("delivered", SIX), scan("missing", SEVEN)],
            "S6",
            "It corrects what was reported before: “Delivered” today at 06:00.",
        ),
        (
            [scan("action_required", SIX), scan("in_transit", SEVEN)],
            "S7",
            "Newer scans do not show that the problem is fixed: “On its way” today at 07:00.",
        ),
        (
            [scan("delivered", SIX), scan("out_for_delivery", SIX)],
            "S3",
            "Of scans made at the same time the one furthest along counts, so not “Out for "
            "delivery” today at 06:00.",
        ),
        (
            [scan("out_for_delivery", SEVEN, SEVEN), scan("held_by_carrier", SIX, EIGHT)],
            "S3",
            "Reported later, but made before: “Held by Harrier Parcels” today at 06:00.",
        ),
        (
            [scan("in_transit", SIX), scan("held_by_carrier", "soon")],
            "S4",
            "Reported without a date, and so counted as older: “Held by Harrier Parcels”.",
        ),
        (
            [scan("out_for_delivery", SEVEN), scan("in_transit", "2062-01-01T00:00:00Z", SIX)],
            "S2",
            "Reported with a date in the future, which does not count: “On its way” today at "
            "about 06:00.",
        ),
        (
            [scan("in_transit", SIX), scan("zz_new_code", SEVEN)],
            "S1",
            "Newer, but with no word of where the parcel is: “Update from Harrier Parcels” today "
            "at 07:00.",
        ),
        (
            [scan("delayed", SIX), scan("in_transit", SEVEN)],
            "S8",
            "A scan says that it is late: “Delayed” today at 06:00.",
        ),
        (
            [scan("damaged", SIX), scan("in_transit", SEVEN)],
            "S9",
            "A scan reports damage: “Damage reported” today at 06:00.",
        ),
        (
            [scan("out_for_delivery", SIX), scan("in_transit", SEVEN)],
            "S10",
            "It was out for delivery and then went back: “On its way” today at 07:00.",
        ),
        (
            [scan("in_transit", SIX)] * 3,
            "P-c",
            "Reported more than once, shown once: “On its way” today at 06:00 (3 times).",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 4 else "",
)
def test_each_rule_has_a_sentence(events, rule, text):
    assert reasons(*events) == [(rule, text)]


@pytest.mark.parametrize(
    "events",
    [
        story("collected_by_carrier", "in_transit", "out_for_delivery", "delivered"),
        story("for_information", "in_transit"),
        [scan("in_transit", SEVEN, SEVEN), scan("in_transit", SIX, EIGHT)],
        [scan("in_transit", SIX), scan("in_transit")],
        story("delivered", "delivery_failed", "delivered")[1:],
        story("action_required", "in_transit", "out_for_delivery"),
        [scan("in_transit", None, SIX)],
    ],
)
def test_what_contradicts_nothing_is_not_told(events):
    assert reasons(*events) == []


def test_of_many_scans_three_are_named_and_the_rest_are_counted():
    ((_, text),) = reasons(*story("delivered", *["in_transit"] * 6))

    assert text.count("“On its way”") == 3
    assert text.endswith(" and 3 more.")


def test_of_many_reasons_a_handful_is_told_and_the_rest_are_counted():
    lines = told(
        *(scan("out_for_delivery", SEVEN, received) for received in (SEVEN, EIGHT)),
        scan("in_transit", SEVEN),
        scan("held_by_carrier", SIX, EIGHT),
        scan("dropped_off"),
        scan("in_transit", "2062-01-01T00:00:00Z", SIX),
        scan("for_information", EIGHT),
        scan("damaged", "2026-11-20"),
    )

    assert [rule for rule, _ in lines] == ["S5", "S3", "S3", "S4", "S2", "S1", None]
    assert lines[-1][1] == "And 2 more reasons, not shown here."


@given(histories)
def test_of_every_history_a_handful_is_told_in_whole_sentences(events):
    lines = tell_why(why(*events), WORDS, CLOCK)

    assert len(lines) <= 7
    assert all(line.text.endswith(".") for line in lines)
    assert bool(lines) == (why(*events).event is not None)


# Items


@pytest.mark.parametrize(
    ("codes", "which", "tone", "text"),
    [
        (
            ["delivered", "delayed", None],
            1,
            "warning",
            "Item 2 of 3 decides, because it most needs attention.",
        ),
        (
            ["in_transit", "out_for_delivery"],
            1,
            "neutral",
            "Item 2 of 2 decides, because it is the furthest along of those still to come.",
        ),
        (["lost", "lost"], 0, "problem", "All 2 items say the same. This is about item 1."),
        (
            ["delivered", "delivered_to_neighbour"],
            0,
            "good",
            "All 2 items say the same. This is about item 1.",
        ),
        (
            ["delivered", "delivered_damaged"],
            1,
            "problem",
            "Item 2 of 2 decides, because it most needs attention.",
        ),
        (
            ["delivered", None],
            1,
            "neutral",
            "There is no news of item 2 of 2, so it does not count as delivered.",
        ),
    ],
)
def test_the_item_that_decides_is_named_with_its_reason(codes, which, tone, text):
    line = tell_item(codes, which, tone, WORDS)

    assert (line.rule, line.text) == ("S12", text)
