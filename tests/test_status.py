"""Rules S1 to S11 of experience.md: one status from a list of scans. Nothing here is imported
from the code that is tested but what is called."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.conftest import NOON
from tracking.pro.answers import decipher_shipment
from tracking.pro.client import Answer
from tracking.shipments import Event
from tracking.status import Status, derive, newer_note
from tracking.timeline import by_day, merge
from tracking.timestamps import Timestamp

CASES = json.loads((Path(__file__).parent / "status-cases.json").read_text("utf-8"))["cases"]
REFERENCE = "sp_" + "1" * 32

# code, tone, step, final: of a parcel with this one scan (section 2 and 2.1; S10 for "keep").
TABLE = [
    ("awaiting_drop_off", "neutral", 1, False),
    ("collection_failed", "warning", 1, False),
    ("dropped_off", "neutral", 2, False),
    ("collected_by_carrier", "neutral", 2, False),
    ("in_transit", "neutral", 3, False),
    ("in_transit_waiting", "warning", 3, False),
    ("carrier_changed", "neutral", 3, False),
    ("at_customs", "neutral", 3, False),
    ("cleared_through_customs", "neutral", 3, False),
    ("delayed", "warning", 2, False),
    ("held_by_carrier", "warning", 2, False),
    ("action_required", "problem", 2, False),
    ("out_for_delivery", "neutral", 4, False),
    ("delivery_failed_card_left", "warning", 4, False),
    ("delivery_failed", "problem", 4, False),
    ("failed_to_collect", "warning", 4, False),
    ("partially_delivered", "warning", 4, False),
    ("delivered", "good", 5, True),
    ("delivered_damaged", "problem", 5, True),
    ("damaged", "problem", 2, False),
    ("missing", "problem", 2, False),
    ("lost", "problem", None, True),
    ("destroyed", "problem", None, True),
    ("returned_to_sender", "warning", None, True),
    ("exchange_succeeded", "good", 1, False),
    ("exchange_failed", "problem", 2, False),
    ("dispatched", "neutral", 2, False),
    ("arrived_at_destination_country", "neutral", 3, False),
    ("collection_scheduled", "neutral", 1, False),
    ("collection_rescheduled", "neutral", 1, False),
    ("customs_charges_due", "problem", 3, False),
    ("delivered_to_neighbour", "good", 5, True),
    ("delivered_to_reception", "good", 5, True),
    ("delivered_to_safe_location", "good", 5, True),
    ("delivery_address_changed", "warning", 2, False),
    ("delivery_attempted", "warning", 4, False),
    ("final_delivery_attempt", "warning", 4, False),
    ("delivery_refused", "warning", 4, True),
    ("delivery_scheduled", "neutral", 2, False),
    ("delivery_rescheduled", "neutral", 2, False),
    ("incorrect_label", "warning", 3, False),
    ("misrouted", "warning", 3, False),
    ("ready_for_collection", "neutral", 4, False),
    ("collection_reminder", "warning", 4, False),
    ("final_collection_reminder", "warning", 4, False),
    ("will_be_returned_to_sender", "warning", None, False),
    ("shipment_issue", "warning", 2, False),
]
ALL = [code for code, *_ in TABLE]

SAYS_NOTHING = [
    "for_information",
    "proof_of_delivery_available",
    "refunded",
    "unable_to_track",
    "missing_manifest",
    "unknown",
    "zz_new_code",
    "delivered_to_wrong_address",
    "Delivered",
    " delivered",
    "returned",
    "",
    None,
]

ALIASES = [
    ("collected", "collected_by_carrier"),
    ("exchange_successful", "exchange_succeeded"),
    ("late", "delayed"),
    ("may_be_missing", "missing"),
    ("at_drop_off_point", "dropped_off"),
    ("carrier_collected", "collected_by_carrier"),
    ("cleared_customs", "cleared_through_customs"),
    ("customer_collected", "delivered"),
    ("customer_collection_failed", "failed_to_collect"),
    ("carrier_collection_failed", "collection_failed"),
    ("carrier_unable_to_collect", "collection_failed"),
    ("carrier_refused_to_collect", "collection_failed"),
    ("at_collection_point", "ready_for_collection"),
    ("at_customer_collection_point", "ready_for_collection"),
]

MOVEMENT = [
    "dropped_off",
    "collected_by_carrier",
    "in_transit",
    "in_transit_waiting",
    "carrier_changed",
    "at_customs",
    "cleared_through_customs",
]

AFTER_DELIVERED = {
    "delivered_damaged",
    "partially_delivered",
    "delivery_failed",
    "delivery_failed_card_left",
    "returned_to_sender",
    "missing",
    "lost",
}
AFTER_LOST = {
    "dropped_off",
    "collected_by_carrier",
    "in_transit",
    "in_transit_waiting",
    "carrier_changed",
    "at_customs",
    "cleared_through_customs",
    "out_for_delivery",
    "delivered",
    "delivered_to_neighbour",
    "delivered_to_reception",
    "delivered_to_safe_location",
    "delivered_damaged",
    "delivery_failed",
    "delivery_failed_card_left",
    "partially_delivered",
    "held_by_carrier",
    "failed_to_collect",
    "returned_to_sender",
    "destroyed",
}


def scan(code, at=None, received=None, description=None):
    return Event(
        event_code=code,
        description=description,
        timestamp=Timestamp.parse(at),
        received_timestamp=Timestamp.parse(received),
    )


def story(*codes):
    """Scans one hour after the other, oldest first; the last one is at noon."""
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    hours = range(len(codes) - 1, -1, -1)
    return [
        scan(code, (noon - timedelta(hours=ago)).isoformat())
        for code, ago in zip(codes, hours, strict=True)
    ]


def told(*codes):
    return derive(story(*codes), NOON)


def gist(status):
    """What a status says; of two copies of a scan, either may be behind it."""
    return (
        status.code,
        status.step,
        status.final,
        status.tone,
        status.late,
        status.damage,
        len(status.ignored),
        status.event and status.event.believed(NOON) and status.event.believed(NOON).instant,
    )


# The cases that were given


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_the_given_cases_hold(case):
    body = {"shipment_reference": REFERENCE, "events": case["events"]}
    shipment = decipher_shipment(Answer(200, {}, json.dumps(body).encode()), REFERENCE)

    status = derive(shipment.events, datetime.fromisoformat(case["now"]))

    assert (status.code, status.step, status.final, status.tone) == (
        case["status"],
        case["step"],
        case["final"],
        case["tone"],
    )
    assert status.late is ("late" in case["notes"])
    assert status.damage is ("damage" in case["notes"])


@pytest.mark.parametrize(
    ("name", "codes", "code", "step", "tone"),
    [
        ("late depot scan", ["delivered", "in_transit"], "delivered", 5, "good"),
        (
            "mis-scan",
            ["delivered", "delivery_failed_card_left"],
            "delivery_failed_card_left",
            4,
            "warning",
        ),
        ("found", ["lost", "in_transit"], "in_transit", 3, "neutral"),
        (
            "failed day",
            ["out_for_delivery", "delivery_failed", "in_transit"],
            "in_transit",
            3,
            "neutral",
        ),
        (
            "customs",
            ["at_customs", "action_required", "cleared_through_customs"],
            "cleared_through_customs",
            3,
            "neutral",
        ),
        ("damage", ["damaged", "out_for_delivery", "delivered"], "delivered", 5, "warning"),
    ],
)
def test_the_named_cases_of_section_3_hold(name, codes, code, step, tone):
    status = told(*codes)

    assert (status.code, status.step, status.tone) == (code, step, tone), name


def test_a_delivery_with_a_bad_stamp_and_no_other_is_still_a_delivery():
    events = [scan("out_for_delivery", "2026-11-24T09:00:00+00:00"), scan("delivered")]

    status = derive(events, NOON)

    assert Timestamp.parse("24/11/26 2pm") is None
    assert status.code == "delivered"


def test_a_scan_of_2062_counts_from_when_it_was_received():
    events = [
        scan("in_transit", "2062-01-01T00:00:00Z", received="2026-11-24T08:00:00+00:00"),
        scan("out_for_delivery", "2026-11-24T09:00:00+00:00"),
    ]

    assert derive(events, NOON).code == "out_for_delivery"


def test_nine_in_tokyo_is_before_half_past_midnight_in_new_york():
    events = [
        scan("collected_by_carrier", "2026-11-24T00:30:00-05:00"),  # 05:30 UTC
        scan("in_transit", "2026-11-24T09:00:00+09:00"),  # 00:00 UTC
    ]

    assert derive(events, NOON).code == "collected_by_carrier"


# The table of codes


@pytest.mark.parametrize(("code", "tone", "step", "final"), TABLE)
def test_a_code_alone_has_the_tone_step_and_finality_of_the_table(code, tone, step, final):
    status = told(code)

    assert (status.code, status.tone, status.step, status.final) == (code, tone, step, final)
    assert (status.late, status.damage, status.ignored) == (False, False, ())


@pytest.mark.parametrize("code", SAYS_NOTHING)
def test_a_note_or_an_unknown_code_alone_says_nothing(code):
    assert told(code) == Status(code=None, step=1, final=False, tone="neutral")


@pytest.mark.parametrize("code", SAYS_NOTHING)
def test_a_note_or_an_unknown_code_after_a_scan_changes_nothing(code):
    before, after = story("delayed", "in_transit"), scan(code, "2026-11-24T13:00:00Z")

    assert derive([*before, after], NOON) == derive(before, NOON)


@pytest.mark.parametrize(("alias", "code"), ALIASES)
def test_an_alias_is_told_as_the_code_that_it_stands_for(alias, code):
    for_alias, for_code = told(alias), told(code)

    assert gist(for_alias) == gist(for_code)
    assert for_alias.code == code


# S2, S3 and S4: when a scan was made


@pytest.mark.parametrize(
    ("timestamp", "received", "believed"),
    [
        ("2026-11-24T09:00:00+01:00", "2026-11-24T08:05:00Z", "2026-11-24T09:00:00+01:00"),
        ("2026-11-25T08:05:00Z", "2026-11-24T08:05:00Z", "2026-11-25T08:05:00Z"),  # a day ahead
        ("2026-11-25T08:05:01Z", "2026-11-24T08:05:00Z", "2026-11-24T08:05:00Z"),  # and more
        ("2026-11-25T17:04:00+09:00", "2026-11-24T08:05:00Z", "2026-11-25T17:04:00+09:00"),
        ("2026-11-25T14:00:00Z", None, "2026-11-25T14:00:00Z"),  # now is 14:00 of the 24th
        ("2026-11-25T14:00:01Z", None, None),
        ("2020-01-01T00:00:00Z", "2026-11-24T08:05:00Z", "2020-01-01T00:00:00Z"),
        ("24/11/26 2pm", "2026-11-24T08:05:00Z", "2026-11-24T08:05:00Z"),
        (None, "2026-11-24T08:05:00Z", "2026-11-24T08:05:00Z"),
        ("???", "soon", None),
        (None, None, None),
    ],
)
def test_a_stamp_is_believed_until_one_day_after_it_was_received(timestamp, received, believed):
    event = scan("in_transit", timestamp, received=received)

    assert event.believed(NOON) == Timestamp.parse(believed)


@pytest.mark.parametrize("stamp", ["2026-11-24T10:00:00", "2026-11-24 10:00:00", "2026-11-24T10"])
def test_a_stamp_without_an_offset_counts_as_utc_for_sorting(stamp):
    before = scan("out_for_delivery", "2026-11-24T10:59:59+01:00")
    after = scan("collected_by_carrier", "2026-11-24T05:00:01-05:00")
    naive = scan("in_transit", stamp)

    assert derive([naive, before], NOON).code == "in_transit"
    assert derive([naive, after], NOON).code == "collected_by_carrier"


def test_a_dot_before_the_seconds_is_read_as_a_colon():
    events = [
        scan("collected_by_carrier", "2026-11-24T09:00.59+00:00"),
        scan("in_transit", "2026-11-24T09:00:30+00:00"),
    ]

    assert derive(events, NOON).code == "collected_by_carrier"


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ("destroyed", "returned_to_sender"),  # 8 comes before 9, and gives way to nothing
        ("returned_to_sender", "lost"),
        ("returned_to_sender", "delivered_damaged"),
        ("returned_to_sender", "delivered"),
        ("returned_to_sender", "delivery_refused"),
        ("lost", "delivered"),
        ("lost", "in_transit"),
        ("destroyed", "out_for_delivery"),
        ("destroyed", "lost"),
        ("delivered_damaged", "delivered"),
        ("delivered_damaged", "delivered_to_neighbour"),
        ("delivered", "out_for_delivery"),
        ("delivered", "partially_delivered"),
        ("delivered_to_reception", "out_for_delivery"),
        ("out_for_delivery", "held_by_carrier"),
        ("held_by_carrier", "in_transit"),
        ("delayed", "in_transit"),
        ("damaged", "collected_by_carrier"),
        ("in_transit", "collected_by_carrier"),
        ("collected_by_carrier", "awaiting_drop_off"),
        ("in_transit", "at_customs"),  # the same rank: by the code's letters
    ],
)
def test_at_the_same_instant_the_later_in_rank_is_walked_last_in_any_order(winner, loser):
    first = scan(winner, "2026-11-24T10:00:00+00:00")
    second = scan(loser, "2026-11-24T19:00:00+09:00")

    assert derive([first, second], NOON).code == winner
    assert derive([second, first], NOON).code == winner


@pytest.mark.parametrize(
    "code",
    [
        "delivered",
        "delivered_to_neighbour",
        "delivered_to_reception",
        "delivered_to_safe_location",
        "delivered_damaged",
        "destroyed",
        "returned_to_sender",
        "delivery_refused",
    ],
)
def test_a_hard_end_without_any_time_comes_after_all_that_has_one(code):
    events = [scan(code), scan("out_for_delivery", "2026-11-24T13:00:00Z")]

    status = derive(events, NOON)

    assert (status.code, status.final) == (code, True)
    assert status.ignored == ()


@pytest.mark.parametrize("code", ["in_transit", "out_for_delivery", "lost", "held_by_carrier"])
def test_any_other_scan_without_a_time_comes_before_all_that_has_one(code):
    events = [scan("collected_by_carrier", "2026-11-24T13:00:00Z"), scan(code)]

    assert derive(events, NOON).code == "collected_by_carrier"


def test_the_flags_and_the_step_of_a_scan_without_a_time_stay():
    untimed = [scan("damaged"), scan("delayed"), scan("in_transit")]

    status = derive([*untimed, scan("awaiting_drop_off", "2026-11-24T13:00:00Z")], NOON)

    assert (status.code, status.late, status.damage, status.step) == (
        "awaiting_drop_off",
        True,
        True,
        3,
    )


# S5 and S6: the end, and what may still override it


@pytest.mark.parametrize(
    ("final", "overriding"),
    [
        ("delivered", AFTER_DELIVERED),
        ("delivered_to_neighbour", AFTER_DELIVERED),
        ("delivered_to_reception", AFTER_DELIVERED),
        ("delivered_to_safe_location", AFTER_DELIVERED),
        ("delivered_damaged", {"returned_to_sender"}),
        ("delivery_refused", {"returned_to_sender"}),
        ("returned_to_sender", set()),
        ("destroyed", set()),
        ("lost", AFTER_LOST),
    ],
)
def test_only_the_codes_on_its_list_override_an_end(final, overriding):
    after = {code: told(final, code) for code in ALL}

    assert {code for code in ALL if code != final and after[code].code == code} == overriding
    for code in set(ALL) - overriding:
        ignored = [event.event_code for event in after[code].ignored]
        assert (after[code].code, ignored) == (final, [code])


def test_what_is_not_an_end_is_replaced_by_every_later_scan():
    not_ends = [code for code, _, _, final in TABLE if not final and code != "action_required"]

    assert {
        (first, later) for first in not_ends for later in ALL if told(first, later).code != later
    } == set()


@pytest.mark.parametrize("final", ["delivered", "returned_to_sender", "destroyed"])
@pytest.mark.parametrize("ignored", ["delayed", "damaged", "action_required", "out_for_delivery"])
def test_what_an_end_ignores_changes_neither_flags_nor_step_nor_tone(final, ignored):
    before, after = told(final), told(final, ignored)

    assert (after.code, after.step, after.tone, after.late, after.damage) == (
        before.code,
        before.step,
        before.tone,
        False,
        False,
    )


def test_a_flag_that_an_end_ignored_is_not_there_after_the_end_was_overridden():
    status = told("delivered", "delayed", "damaged", "delivery_failed_card_left")

    assert (status.late, status.damage) == (False, False)


def test_a_later_delivery_completes_one_in_parts():
    assert told("partially_delivered", "delivered").code == "delivered"
    assert told("partially_delivered").final is False


def test_delivered_comes_back_after_a_mis_scan():
    assert told("delivered", "missing", "delivered").code == "delivered"


# S7: action needed


def test_action_stays_needed_until_a_code_on_the_list_ends_it():
    ending = {
        "out_for_delivery",
        "delivered",
        "delivered_to_neighbour",
        "delivered_to_reception",
        "delivered_to_safe_location",
        "delivered_damaged",
        "delivery_failed",
        "delivery_failed_card_left",
        "partially_delivered",
        "cleared_through_customs",
        "exchange_succeeded",
        "failed_to_collect",
        "returned_to_sender",
        "lost",
        "destroyed",
        "delivery_refused",  # a hard end is never hidden
    }

    headlines = {code: told("action_required", code).code for code in ALL}

    assert {code for code in ALL if headlines[code] != "action_required"} == ending
    assert all(headlines[code] == code for code in ending)


def test_scans_that_do_not_hide_the_action_still_move_the_parcel_on():
    status = told("action_required", "delayed", "in_transit")

    assert (status.code, status.step, status.late) == ("action_required", 3, True)


def test_when_action_is_needed_again_the_newer_scan_is_behind_the_headline():
    events = story("action_required", "in_transit", "action_required")

    assert derive(events, NOON).event == events[2]


# S8: delayed


def test_a_delay_is_told_until_a_code_on_the_list_ends_it():
    silent = {
        "delayed",  # it is the headline
        "out_for_delivery",
        "delivered",
        "delivered_to_neighbour",
        "delivered_to_reception",
        "delivered_to_safe_location",
        "delivered_damaged",
        "partially_delivered",
        "returned_to_sender",
        "destroyed",
        "lost",
        "delivery_refused",  # a hard end
    }

    assert {code for code in ALL if not told("delayed", code).late} == silent


@pytest.mark.parametrize(
    ("codes", "late"),
    [
        (["delayed", "out_for_delivery", "in_transit"], False),
        (["delayed", "in_transit", "at_customs"], True),
        (["delayed", "partially_delivered", "in_transit"], False),
        (["delayed", "out_for_delivery", "delayed", "in_transit"], True),
        (["delayed", "lost", "in_transit"], False),
        (["delayed", "delivery_failed", "in_transit"], True),
        (["out_for_delivery", "delayed", "delivery_failed"], True),
        (["late", "in_transit"], True),
    ],
)
def test_a_delay_is_told_as_long_as_it_stands(codes, late):
    assert told(*codes).late is late


@pytest.mark.parametrize(
    ("code", "tone"),
    [
        ("in_transit", "warning"),
        ("exchange_succeeded", "warning"),
        ("held_by_carrier", "warning"),
        ("delivery_failed", "problem"),
        ("out_for_delivery", "neutral"),  # no longer late
    ],
)
def test_what_is_late_is_at_least_a_warning(code, tone):
    assert told("delayed", code).tone == tone


# S9: damaged


def test_damage_is_noted_to_the_end_unless_the_headline_says_so():
    assert {code for code in ALL if not told("damaged", code).damage} == {
        "damaged",
        "delivered_damaged",
    }


@pytest.mark.parametrize(
    ("code", "tone"),
    [("delivered", "warning"), ("in_transit", "warning"), ("lost", "problem")],
)
def test_what_was_damaged_is_at_least_a_warning(code, tone):
    assert told("damaged", code).tone == tone


def test_damage_stays_noted_through_everything_that_clears_a_delay():
    status = told("damaged", "delayed", "out_for_delivery", "lost", "in_transit", "delivered")

    assert (status.code, status.damage, status.late) == ("delivered", True, False)


# S10: steps


@pytest.mark.parametrize("code", [*MOVEMENT, "awaiting_drop_off", "collection_failed"])
@pytest.mark.parametrize("at_the_door", ["out_for_delivery", "delivery_failed"])
def test_after_the_door_a_depot_scan_goes_back_to_step_3(at_the_door, code):
    assert told("in_transit", at_the_door, code).step == 3


@pytest.mark.parametrize(
    ("codes", "step"),
    [
        (["in_transit", "awaiting_drop_off"], 3),
        (["in_transit", "collected_by_carrier"], 3),
        (["collected_by_carrier", "awaiting_drop_off"], 2),
        (["awaiting_drop_off", "held_by_carrier"], 2),
        (["awaiting_drop_off", "exchange_succeeded"], 1),
        (["awaiting_drop_off", "exchange_failed"], 2),
        (["in_transit", "exchange_succeeded"], 3),
        (["in_transit", "delayed"], 3),
        (["out_for_delivery", "delayed"], 4),
        (["out_for_delivery", "action_required"], 4),
        (["out_for_delivery", "delivery_failed", "in_transit", "out_for_delivery"], 4),
        (["out_for_delivery", "in_transit", "collected_by_carrier"], 3),
        (["out_for_delivery", "misrouted"], 4),  # not on the closed list of movements
        (["out_for_delivery", "dispatched"], 4),
        (["delivered", "missing"], 4),
        (["delivered", "partially_delivered"], 4),
        (["delivered", "delivery_failed_card_left"], 4),
        (["delivered", "missing", "in_transit"], 3),
        (["lost", "in_transit"], 3),
        (["lost", "collected_by_carrier"], 2),
        (["out_for_delivery", "lost", "held_by_carrier"], 4),
        (["out_for_delivery", "lost"], None),
        (["out_for_delivery", "destroyed"], None),
        (["delivered", "returned_to_sender"], None),
        (["delivered", "in_transit"], 5),
        (["action_required", "in_transit"], 3),
        ([], 1),
    ],
)
def test_the_step_is_the_highest_reached_by_what_counted(codes, step):
    assert told(*codes).step == step


# The newer note


@pytest.mark.parametrize("code", SAYS_NOTHING)
def test_a_note_newer_than_the_headline_is_told(code):
    events = story("in_transit", code)

    assert newer_note(events, derive(events, NOON), NOON) == events[1]


def test_of_several_newer_notes_the_newest_is_told():
    events = story("for_information", "in_transit", "zz_new_code", "for_information")

    assert newer_note(reversed(events), derive(events, NOON), NOON) == events[3]


@pytest.mark.parametrize(
    "events",
    [
        story("for_information", "in_transit"),
        story("for_information"),  # there is no headline to be newer than
        story("in_transit"),
        [],
        [*story("in_transit"), scan("for_information", "2026-11-24T12:00:00Z")],  # the same instant
        [*story("in_transit"), scan("for_information")],  # it has no time
        [scan("delivered"), *story("for_information")],  # a delivery without a time is the last
        story("action_required", "for_information", "action_required"),
    ],
    ids=[
        "older",
        "alone",
        "none",
        "nothing",
        "the same instant",
        "without a time",
        "before an untimed end",
        "before the action was needed again",
    ],
)
def test_a_note_that_is_not_newer_than_the_headline_is_not_told(events):
    assert newer_note(events, derive(events, NOON), NOON) is None


def test_a_scan_that_was_ignored_after_the_end_is_no_newer_note():
    events = story("delivered", "in_transit")

    assert newer_note(events, derive(events, NOON), NOON) is None


def test_a_note_newer_than_the_headline_is_told_after_later_scans_that_do_not_hide_it():
    events = story("action_required", "for_information", "in_transit")

    assert newer_note(events, derive(events, NOON), NOON) == events[1]


# Properties P-a to P-g

STAMPS = [
    None,
    "",
    "???",
    "24/11/26 2pm",
    "2026-13-45T99:00",
    "2026-11-24T24:00:00Z",
    "2026-W48-2",
    "2026-11-24",
    "2026-11-23",
    "2026-11-24T10:00:00",
    "2026-11-24T10:00:00Z",
    "2026-11-24T10:00:00+00:00",
    "2026-11-24T19:00:00+09:00",  # the same instant again
    "2026-11-24T05:00:00-0500",
    "2026-11-24T10:00.00+00:00",
    "2026-11-24T10:00:00.0000000Z",
    "2026-11-24T10:00:00.0000019Z",
    "2026-11-24T09:59.59Z",
    "2026-11-24T00:30:00-05:00",
    "2026-11-24T13:00:00+14:00",
    "2026-11-20T08:00:00+05:45",
    "2026-11-25T14:00:00Z",
    "2026-11-25T14:00:01Z",
    "2062-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31",
]
NOTES = [code for code in SAYS_NOTHING if code]
codes = st.one_of(
    st.sampled_from(ALL),
    st.sampled_from(["delivered", "lost", "action_required", "delayed", "damaged", "in_transit"]),
    st.sampled_from([alias for alias, _ in ALIASES] + NOTES),
)
scans = st.builds(
    scan,
    codes,
    st.sampled_from(STAMPS),
    st.sampled_from(STAMPS),
    st.sampled_from([None, "Scanned", "Left in the porch"]),
)
histories = st.lists(scans, max_size=8)
notes = st.lists(
    st.builds(scan, st.sampled_from(NOTES), st.sampled_from(STAMPS), st.sampled_from(STAMPS)),
    min_size=1,
    max_size=3,
)


@given(histories, notes, st.randoms(use_true_random=False))
def test_p_a_notes_and_unknown_codes_anywhere_change_nothing(events, added, chance):
    mixed = list(events)
    for note in added:
        mixed.insert(chance.randint(0, len(mixed)), note)

    assert derive(mixed, NOON) == derive(events, NOON)


@given(histories, st.randoms(use_true_random=False))
def test_p_b_the_order_in_which_scans_are_given_changes_nothing(events, chance):
    shuffled = random.Random(chance.random()).sample(events, len(events))

    assert gist(derive(shuffled, NOON)) == gist(derive(events, NOON))


@given(histories)
def test_p_c_every_scan_twice_changes_nothing(events):
    assert gist(derive(events * 2, NOON)) == gist(derive(events, NOON))
    assert gist(derive([e for event in events for e in (event, event)], NOON)) == gist(
        derive(events, NOON)
    )


@given(histories, st.lists(st.sampled_from(MOVEMENT), min_size=1, max_size=3))
def test_p_d_after_delivered_movement_scans_change_nothing_but_the_note(events, moves):
    soon = "2026-11-25T13:00:00Z"
    later = [scan(code, "2026-11-25T13:30:00Z") for code in moves]
    until = [e for e in events if not (e.believed(NOON) and e.believed(NOON).instant > NOON)]
    before = derive([*until, scan("delivered", soon)], NOON)
    assume(before.delivered)

    after = derive([*until, scan("delivered", soon), *later], NOON)

    assert gist(after)[:6] == gist(before)[:6]
    assert len(after.ignored) == len(before.ignored) + len(set(moves))


@given(histories)
def test_p_e_step_5_is_the_delivered_family_and_no_step_is_off_course(events):
    status = derive(events, NOON)

    assert (status.step == 5) == (
        status.code
        in {
            "delivered",
            "delivered_to_neighbour",
            "delivered_to_reception",
            "delivered_to_safe_location",
            "delivered_damaged",
        }
    )
    assert (status.step is None) == (
        status.code in {"lost", "destroyed", "returned_to_sender", "will_be_returned_to_sender"}
    )


@given(histories)
def test_p_f_what_was_returned_stays_returned(events):
    until = [e for e in events if not (e.believed(NOON) and e.believed(NOON).instant > NOON)]
    returned = scan("returned_to_sender", "2026-11-25T13:00:00Z")
    assume(derive([*until, returned], NOON).code == "returned_to_sender")

    after = derive([*until, returned, scan("delivered", "2026-11-25T13:30:00Z")], NOON)

    assert after.code == "returned_to_sender"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
    | st.sampled_from([stamp for stamp in STAMPS if stamp]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


@given(st.lists(st.tuples(codes | json_values, json_values, json_values), max_size=4))
def test_p_g_no_json_value_in_a_stamp_ever_costs_the_parcel(rows):
    events = [
        {"event_code": code, "timestamp": at, "received_timestamp": received}
        for code, at, received in rows
    ]
    body = {"shipment_reference": REFERENCE, "events": events}

    shipment = decipher_shipment(Answer(200, {}, json.dumps(body).encode()), REFERENCE)
    status = derive(shipment.events, NOON)
    days = by_day(merge(shipment.events, NOON).events, NOON)

    known = [event for event in shipment.events if derive([event], NOON).code]
    assert (status.code is not None) == bool(known)
    assert {e for day in days for e in day.events} <= set(shipment.events)


@given(histories)
def test_merged_copies_give_the_same_status_as_all_of_them(events):
    assert gist(derive(merge(events, NOON).events, NOON))[:6] == gist(derive(events, NOON))[:6]


@given(histories)
def test_flags_and_ends_set_the_tone_of_every_status(events):
    status = derive(events, NOON)

    if status.late or status.damage:
        assert status.tone in {"warning", "problem"}
    else:
        tones = {code: tone for code, tone, *_ in TABLE}
        assert status.tone == tones.get(status.code, "neutral")
