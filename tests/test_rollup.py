"""One headline over several items or parcels: rules S12 and S13."""

import re

import pytest

from tests.test_status import TABLE
from tracking.rollup import Part, roll_up
from tracking.wording import Words

WORDS = Words(carrier="DPD")

DELIVERED_CODES = {
    "delivered",
    "delivered_to_neighbour",
    "delivered_to_reception",
    "delivered_to_safe_location",
    "delivered_damaged",
}
PARTS = {
    code: Part(WORDS.say_of(code, "headline"), code, step, final, tone)
    for code, tone, step, final in TABLE
} | {None: Part("No updates yet", None, 1, False, "neutral")}


def rolled(*codes, things="item"):
    return roll_up([PARTS[code] for code in codes], things, WORDS)


@pytest.mark.parametrize(
    ("codes", "headline", "tone", "sentence"),
    [
        # all the same
        (["delivered"] * 3, "All 3 items delivered", "good", None),
        (["in_transit"] * 2, "On its way: all 2 items", "neutral", None),
        ([None, None], "No updates yet: all 2 items", "neutral", None),
        (["delivered_damaged"] * 2, "Delivered, but damaged: all 2 items", "problem", None),
        # all delivered, some damaged
        (
            ["delivered", "delivered_damaged", "delivered"],
            "All 3 items delivered, 1 damaged",
            "problem",
            None,
        ),
        (
            ["delivered_damaged", "delivered_damaged", "delivered_to_neighbour"],
            "All 3 items delivered, 2 damaged",
            "problem",
            None,
        ),
        # all delivered, in several ways
        (["delivered", "delivered_to_neighbour"], "All 2 items delivered", "good", None),
        # some delivered: the worst of the rest sets the tone
        (
            ["delivered", "delivered", "delayed"],
            "2 of 3 items delivered",
            "warning",
            "1 item is delayed.",
        ),
        (
            ["delivered", "delayed", "delayed"],
            "1 of 3 items delivered",
            "warning",
            "2 items are delayed.",
        ),
        (
            ["in_transit", "delivered", "lost", "delayed"],
            "1 of 4 items delivered",
            "problem",
            "1 item is lost.",
        ),
        (
            ["delivered", "in_transit"],
            "1 of 2 items delivered",
            "neutral",
            "1 item is on its way.",
        ),
        (
            ["delivered_damaged", "in_transit"],
            "1 of 2 items delivered",
            "neutral",
            "1 item is on its way.",
        ),
        (
            ["delivered", "exchange_succeeded"],
            "1 of 2 items delivered",
            "neutral",  # at least, though the rest is good
            "1 item has been exchanged.",
        ),
        (
            ["delivered", None, None],
            "1 of 3 items delivered",
            "neutral",
            "2 items have no updates yet.",
        ),
        (
            ["delivered", "missing", "missing"],
            "1 of 3 items delivered",
            "problem",
            "DPD is looking for 2 items.",
        ),
        # none delivered: the worst tone, then the furthest along
        (["in_transit", "delayed", "in_transit"], "Running late: 1 of 3 items", "warning", None),
        (
            ["in_transit", "out_for_delivery", "out_for_delivery"],
            "Out for delivery: 2 of 3 items",
            "neutral",
            None,
        ),
        (["out_for_delivery", "delayed"], "Running late: 1 of 2 items", "warning", None),
        (["collected_by_carrier", None], "DPD has your parcel: 1 of 2 items", "neutral", None),
        (
            ["partially_delivered", "in_transit"],
            "Part of your delivery has arrived: 1 of 2 items",
            "warning",
            None,
        ),
        (
            ["delivery_failed_card_left", "in_transit_waiting"],
            "Missed delivery: a card was left: 1 of 2 items",
            "warning",
            None,
        ),
        (["lost", "missing"], "Lost: 1 of 2 items", "problem", None),
    ],
)
def test_several_items_are_told_in_one_headline(codes, headline, tone, sentence):
    summary = rolled(*codes)

    assert (summary.headline, summary.tone, summary.sentence) == (headline, tone, sentence)


@pytest.mark.parametrize(
    ("codes", "headline"),
    [
        (["delivered", "in_transit", "in_transit"], "1 of 3 parcels delivered"),
        (["delivered", "delivered"], "All 2 parcels delivered"),
        (["delivered", "delivered_damaged"], "All 2 parcels delivered, 1 damaged"),
        (["in_transit", "delayed"], "Running late: 1 of 2 parcels"),
        (["in_transit", "in_transit"], "On its way: all 2 parcels"),
    ],
)
def test_several_parcels_are_told_in_the_same_words_as_items(codes, headline):
    assert rolled(*codes, things="parcel").headline == headline


@pytest.mark.parametrize("code", list(PARTS))
def test_one_alone_keeps_its_own_headline_and_tone(code):
    summary = rolled(code)

    assert (summary.headline, summary.tone) == (PARTS[code].headline, PARTS[code].tone)
    assert (summary.chosen, summary.sentence) == (PARTS[code], None)


@pytest.mark.parametrize("code", list(PARTS))
def test_all_the_same_is_that_headline_with_the_count_in_digits(code):
    summary = rolled(code, code, code)

    headline = PARTS[code].headline
    expected = "All 3 items delivered" if code == "delivered" else f"{headline}: all 3 items"
    assert (summary.headline, summary.tone) == (expected, PARTS[code].tone)
    assert summary.final is PARTS[code].final


@pytest.mark.parametrize("code", sorted(set(PARTS) - DELIVERED_CODES, key=str))
def test_beside_a_delivered_one_every_other_code_has_a_sentence_of_its_own(code):
    one, many = rolled("delivered", code), rolled("delivered", code, code)

    assert (one.headline, many.headline) == ("1 of 2 items delivered", "1 of 3 items delivered")
    assert "1 item" in one.sentence
    assert "1 items" not in one.sentence
    assert "2 items" in many.sentence
    assert re.fullmatch(r"[A-Z0-9].*\.", one.sentence)
    assert one.chosen.code == many.chosen.code == (code or "partially_delivered")
    assert one.tone == ("neutral" if PARTS[code].tone == "good" else PARTS[code].tone)


@pytest.mark.parametrize("code", sorted(set(PARTS) - DELIVERED_CODES, key=str))
def test_a_part_that_is_not_of_the_delivered_family_is_never_counted_as_delivered(code):
    assert rolled("delivered", "delivered", code).headline == "2 of 3 items delivered"


@pytest.mark.parametrize("code", sorted(DELIVERED_CODES))
def test_every_code_of_the_delivered_family_is_counted_as_delivered(code):
    assert rolled(code, "in_transit", "lost").headline == "1 of 3 items delivered"


@pytest.mark.parametrize(
    ("codes", "chosen"),
    [
        (["delayed", "held_by_carrier"], "delayed"),  # equal in tone and step: the first
        (["held_by_carrier", "delayed"], "held_by_carrier"),
        (["lost", "destroyed"], "lost"),
        (["delivered", "out_for_delivery", "ready_for_collection"], "out_for_delivery"),
        (["awaiting_drop_off", "collection_scheduled"], "awaiting_drop_off"),
    ],
)
def test_a_tie_goes_to_the_first(codes, chosen):
    assert rolled(*codes).chosen.code == chosen


@pytest.mark.parametrize("code", ["awaiting_drop_off", "exchange_succeeded"])
def test_a_part_without_news_is_chosen_only_where_no_other_has_any(code):
    assert rolled(None, code).chosen.code == code
    assert rolled(None, None).chosen.code is None


def test_parts_with_the_same_code_are_counted_together_whatever_their_tone():
    late = Part("On its way", "in_transit", 3, False, "warning")

    summary = roll_up([PARTS["in_transit"], late, PARTS["dropped_off"]], "item", WORDS)

    assert (summary.headline, summary.tone) == ("On its way: 2 of 3 items", "warning")


def test_a_late_part_makes_all_of_the_same_code_late():
    late = Part("Delivered", "delivered", 5, True, "warning")

    summary = roll_up([PARTS["delivered"], late], "item", WORDS)

    assert (summary.headline, summary.tone) == ("All 2 items delivered", "warning")


@pytest.mark.parametrize(
    ("codes", "final"),
    [
        (["delivered", "delivered"], True),
        (["delivered", "lost"], True),
        (["delivered", "in_transit"], False),
        (["returned_to_sender", "destroyed"], True),
        (["delivered", None], False),
    ],
)
def test_several_are_at_their_end_when_every_one_is(codes, final):
    assert rolled(*codes).final is final


@pytest.mark.parametrize(
    ("things", "number", "expected"),
    [
        ("item", 1, "1 item"),
        ("item", 2, "2 items"),
        ("item", 0, "0 items"),
        ("parcel", 1, "1 parcel"),
        ("parcel", 21, "21 parcels"),
    ],
)
def test_things_are_counted_in_digits_with_singular_and_plural(things, number, expected):
    assert WORDS.count(things, number) == expected
