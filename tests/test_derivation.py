"""Why a status is what it is: which scan and which rule decide, and what every other scan did."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOON
from tests.test_status import gist, histories, scan, story
from tracking.derivation import UNDECIDED, explain, go_by_one, go_by_parcel
from tracking.status import derive
from tracking.timeline import merge

MARKS = {"future_time", "no_own_time", "late", "damage", "back_to_depot"}


def why(*events):
    merged = merge(events, NOON)
    return explain(derive(merged.events, NOON), merged, NOON)


def did(derivation):
    """Code, rule and effect of every ground, in their order."""
    return [(one.event.event_code, one.rule, one.effect) for one in derivation.grounds]


def of(derivation, *effects):
    """The codes of the scans that had one of these effects, and the rules."""
    return [(code, rule) for code, rule, effect in did(derivation) if effect in effects]


# The scan and the rule behind the headline


def test_the_newest_scan_decides_and_what_was_before_led_to_it():
    derivation = why(*story("collected_by_carrier", "in_transit", "out_for_delivery"))

    assert derivation.rule == "S5"
    assert derivation.event.event_code == "out_for_delivery"
    assert did(derivation) == [
        ("out_for_delivery", "S5", "decided"),
        ("in_transit", "S5", "led"),
        ("collected_by_carrier", "S5", "led"),
    ]


def test_where_nothing_was_scanned_nothing_decides():
    assert why() == UNDECIDED


def test_notes_alone_decide_nothing():
    derivation = why(*story("for_information", "zz_new_code"))

    assert (derivation.rule, derivation.event) == (None, None)
    assert did(derivation) == [("zz_new_code", "S1", "note"), ("for_information", "S1", "note")]


def test_scans_after_the_end_are_named_and_the_end_stands_by_s6():
    derivation = why(*story("out_for_delivery", "delivered", "in_transit", "delayed"))

    assert (derivation.rule, derivation.event.event_code) == ("S6", "delivered")
    assert did(derivation) == [
        ("delayed", "S6", "after_end"),
        ("in_transit", "S6", "after_end"),
        ("delivered", "S6", "decided"),
        ("out_for_delivery", "S5", "led"),
    ]


def test_an_end_that_a_later_scan_corrects_is_named():
    derivation = why(*story("delivered", "delivery_failed_card_left"))

    assert did(derivation) == [
        ("delivery_failed_card_left", "S6", "decided"),
        ("delivered", "S6", "corrected"),
    ]


def test_an_end_that_was_corrected_before_is_named_still():
    derivation = why(*story("lost", "in_transit", "out_for_delivery"))

    assert derivation.rule == "S5"
    assert of(derivation, "corrected") == [("lost", "S6")]


def test_scans_that_do_not_end_the_need_for_action_are_named():
    derivation = why(*story("action_required", "in_transit", "delayed"))

    assert (derivation.rule, derivation.event.event_code) == ("S7", "action_required")
    assert of(derivation, "action_stays") == [("delayed", "S7"), ("in_transit", "S7")]


def test_when_action_was_taken_its_end_is_the_newest_scan_like_any_other():
    derivation = why(*story("action_required", "in_transit", "out_for_delivery"))

    assert derivation.rule == "S5"
    assert of(derivation, "led") == [("action_required", "S5")]
    assert of(derivation, "passed_over") == [("in_transit", "S7")]


def test_an_end_without_any_time_decides_by_s4():
    derivation = why(*story("out_for_delivery"), scan("delivered"))

    assert (derivation.rule, derivation.event.event_code) == ("S4", "delivered")
    assert of(derivation, "led") == [("out_for_delivery", "S5")]


def test_a_scan_without_any_time_counts_before_all_that_have_one():
    derivation = why(*story("in_transit"), scan("out_for_delivery", "24/11/26 2pm"))

    assert (derivation.rule, derivation.event.event_code) == ("S5", "in_transit")
    assert of(derivation, "untimed") == [("out_for_delivery", "S4")]


def test_at_the_same_instant_the_one_further_along_decides():
    at = "2026-11-24T10:00:00Z"
    derivation = why(scan("delivered", at), scan("out_for_delivery", at))

    assert derivation.event.event_code == "delivered"
    assert of(derivation, "outranked") == [("out_for_delivery", "S3")]


def test_a_scan_that_was_received_later_and_made_before_is_named():
    derivation = why(
        scan("out_for_delivery", "2026-11-24T07:00:00Z", "2026-11-24T07:01:00Z"),
        scan("in_transit", "2026-11-24T05:00:00Z", "2026-11-24T12:00:00Z"),
        scan("collected_by_carrier", "2026-11-23T05:00:00Z", "2026-11-23T05:00:00Z"),
    )

    assert derivation.event.event_code == "out_for_delivery"
    assert of(derivation, "reported_late") == [("in_transit", "S3")]
    assert of(derivation, "led") == [("collected_by_carrier", "S5")]


def test_two_of_one_code_and_instant_in_other_words_say_the_same():
    at = "2026-11-24T10:00:00Z"
    derivation = why(
        scan("delivered", at, description="In the porch"), scan("delivered", at, description="OK")
    )

    assert [(rule, effect) for _, rule, effect in did(derivation)] == [
        ("S3", "repeated"),
        ("S5", "decided"),
    ]


def test_what_an_end_kept_out_that_was_corrected_since_is_told_from_what_it_keeps_out():
    derivation = why(*story("delivered", "delayed", "missing", "delivered", "in_transit"))

    assert did(derivation) == [
        ("in_transit", "S6", "after_end"),
        ("delivered", "S6", "decided"),
        ("missing", "S5", "led"),
        ("delayed", "S6", "passed_over"),
        ("delivered", "S6", "corrected"),
    ]


# Notes


@pytest.mark.parametrize("code", ["for_information", "zz_new_code", "delivered_to_wrong_address"])
def test_a_newer_update_that_says_nothing_is_told_from_an_older_one(code):
    older, newer = story(code, "in_transit"), story("in_transit", code)

    assert of(why(*older), "note", "newer_note") == [(code, "S1")]
    assert of(why(*older), "newer_note") == []
    assert of(why(*newer), "newer_note") == [(code, "S1")]


# Marks


def test_a_stamp_from_the_future_is_named():
    derivation = why(
        scan("in_transit", "2062-01-01T00:00:00Z", "2026-11-24T05:00:00Z"),
        scan("out_for_delivery", "2026-11-24T07:00:00Z"),
    )

    assert of(derivation, *MARKS) == [("in_transit", "S2")]
    assert of(derivation, "future_time") == [("in_transit", "S2")]


def test_a_scan_that_counts_from_when_it_was_received_is_named():
    derivation = why(scan("in_transit", "24/11/26 2pm", "2026-11-24T05:00:00Z"))

    assert of(derivation, *MARKS) == [("in_transit", "S2")]
    assert of(derivation, "no_own_time") == [("in_transit", "S2")]


def test_the_scans_that_set_the_flags_are_named():
    derivation = why(*story("in_transit", "delayed", "damaged", "held_by_carrier"))

    assert of(derivation, "late") == [("delayed", "S8")]
    assert of(derivation, "damage") == [("damaged", "S9")]


def test_a_delay_that_was_ended_is_no_longer_named():
    assert of(why(*story("delayed", "out_for_delivery")), *MARKS) == []


def test_the_scan_that_sent_the_parcel_back_to_the_depot_is_named_until_it_is_out_again():
    back = ("out_for_delivery", "delivery_failed", "in_transit")

    assert of(why(*story(*back)), *MARKS) == [("in_transit", "S10")]
    assert of(why(*story(*back, "out_for_delivery")), *MARKS) == []
    assert of(why(*story(*back, "lost")), *MARKS) == []


# Copies


def test_every_copy_is_named_with_the_scan_that_it_was_folded_into():
    at = "2026-11-24T10:00:00Z"
    fullest = scan("in_transit", at, "2026-11-24T10:05:00Z")
    bare = scan("in_transit", at)
    derivation = why(bare, fullest, bare)

    copies = [(one.event, one.kept) for one in derivation.grounds if one.effect == "copy"]
    assert copies == [(bare, fullest), (bare, fullest)]
    assert derivation.event == fullest


# Several


def test_of_several_one_is_named():
    items = [why(*story("delivered")), why(*story("in_transit", "delayed"))]

    derivation = go_by_one("S12", items, 1)

    assert (derivation.rule, derivation.one) == ("S12", 1)
    assert derivation.event.event_code == "delayed"
    assert derivation.grounds == ()


def test_an_item_without_news_goes_by_its_parcel():
    derivation = go_by_parcel(why(*story("in_transit", "delayed")))

    assert (derivation.rule, derivation.one) == ("S12", None)
    assert derivation.event.event_code == "delayed"


# Of every history


@given(histories)
def test_every_event_is_accounted_for_exactly_once(events):
    parts = [one for one in why(*events).grounds if one.effect not in MARKS]

    assert Counter(one.event for one in parts) == Counter(events)
    assert sum(one.effect == "decided" for one in parts) == any(
        derive([event], NOON).code for event in events
    )


@given(histories)
def test_the_derivation_names_the_scan_of_the_status(events):
    merged = merge(events, NOON)
    status = derive(merged.events, NOON)
    derivation = explain(status, merged, NOON)

    assert derivation.event is status.event
    assert (derivation.rule is None) == (status.code is None)
    decided = [one.event for one in derivation.grounds if one.effect == "decided"]
    assert decided == [status.event] * (status.event is not None)


@given(histories)
def test_the_scan_that_decided_gives_the_same_code_by_itself(events):
    derivation = why(*events)
    alone = derive([derivation.event] if derivation.event else [], NOON)

    assert alone.code == derive(merge(events, NOON).events, NOON).code


@given(histories)
def test_without_what_is_said_to_change_nothing_the_status_is_the_same(events):
    idle = {"after_end", "repeated", "note", "newer_note", "copy"}
    kept = [one.event for one in why(*events).grounds if one.effect not in idle | MARKS]

    assert gist(derive(kept, NOON))[:6] == gist(derive(merge(events, NOON).events, NOON))[:6]


@given(histories)
def test_flags_are_marked_if_and_only_if_the_status_has_them(events):
    status = derive(merge(events, NOON).events, NOON)
    effects = {one.effect for one in why(*events).grounds}

    assert ("late" in effects, "damage" in effects) == (status.late, status.damage)
    assert "back_to_depot" not in effects or status.step == 3


@given(histories)
def test_scans_after_the_end_are_those_that_the_status_ignores(events):
    status = derive(merge(events, NOON).events, NOON)
    after = [
        one.event
        for one in why(*events).grounds
        if one.effect == "after_end" or (one.effect, one.rule) == ("passed_over", "S6")
    ]

    assert after == list(reversed(status.ignored))


@given(histories, st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_given_changes_nothing(events, chance):
    shuffled = list(events)
    chance.shuffle(shuffled)

    assert why(*shuffled) == why(*events)
