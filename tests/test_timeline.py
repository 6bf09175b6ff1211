"""A history: copies are one, the newest comes first, days are the carrier's own."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOON
from tracking.shipments import Event
from tracking.timeline import Merged, by_day, merge
from tracking.timestamps import Timestamp

NINE = "2026-11-24T09:00:00+00:00"


def scan(at=NINE, received=None, code="in_transit", **more):
    return Event(
        event_code=code,
        timestamp=Timestamp.parse(at),
        received_timestamp=Timestamp.parse(received),
        **more,
    )


def merged(*events):
    return list(merge(events, NOON).events)


def days(*events):
    return [(day.date, [e.description for e in day.events]) for day in by_day(events, NOON)]


# Merging


def test_a_second_copy_with_the_city_replaces_the_first_without():
    bare = scan(description="Parcel scanned")
    with_city = scan(description="Parcel scanned", location="Leeds")

    assert merged(bare, with_city) == [with_city]
    assert merged(with_city, bare) == [with_city]


def test_every_checkpoint_twice_is_every_checkpoint_once():
    first = scan("2026-11-24T08:00:00Z", description="Picked up", code="collected_by_carrier")
    second = scan("2026-11-24T09:00:00Z", description="At the depot", location="Leeds")

    assert merged(first, second, first, second) == [second, first]


def test_of_copies_that_hold_as_much_the_one_received_first_stays():
    early = scan(received="2026-11-24T09:05:00Z", location="Leeds")
    late = scan(received="2026-11-24T09:06:00Z", location="York")

    assert merged(late, early) == [early]
    assert merged(early, late) == [early]


def test_a_fuller_copy_stays_though_it_was_received_later():
    early = scan(received="2026-11-24T09:05:00Z")
    full = scan(received="2026-11-24T12:00:00Z", location="Leeds")

    assert merged(early, full) == [full]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Left in the porch", "LEFT IN THE PORCH"),
        ("Left in the porch", "  Left  in the\tporch "),
        ("Straße", "STRASSE"),
        ("", None),
        (None, "   "),
    ],
)
def test_case_and_blanks_do_not_tell_two_descriptions_apart(one, other):
    assert len(merged(scan(description=one), scan(description=other))) == 1


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-24T09:00:00Z",
        "2026-11-24T10:00:00+01:00",
        "2026-11-24T18:00:00+09:00",
        "2026-11-24T09:00:00",
        "2026-11-24T09:00.00Z",
        "2026-11-24T09:00:00.0000000Z",
    ],
)
def test_the_same_instant_written_in_another_way_is_the_same_scan(stamp):
    assert len(merged(scan(NINE), scan(stamp))) == 1


@pytest.mark.parametrize(
    "different",
    [
        scan(code="out_for_delivery", description="Scanned"),
        scan("2026-11-24T09:00:01+00:00", description="Scanned"),
        scan(description="Scanned again"),
        scan(),
        scan(None, description="Scanned"),
    ],
    ids=["code", "instant", "description", "no description", "no time"],
)
def test_events_that_differ_in_code_instant_or_description_both_stay(different):
    assert len(merged(scan(description="Scanned"), different)) == 2


def test_two_scans_without_any_time_are_copies_when_the_rest_is_equal():
    assert len(merged(scan(None), scan("???"))) == 1


def test_an_alias_is_no_copy_of_its_code():
    assert len(merged(scan(code="collected"), scan(code="collected_by_carrier"))) == 2


def test_a_scan_from_the_future_is_a_copy_of_one_at_its_received_time():
    future = scan("2062-01-01T00:00:00Z", received=NINE)

    assert len(merged(future, scan(NINE))) == 1


# Order


def test_the_newest_comes_first_and_what_has_no_time_last():
    untimed = scan(None, description="untimed")
    old = scan("2026-11-20T09:00:00Z", description="old")
    new = scan("2026-11-24T09:00:00Z", description="new")

    assert merged(untimed, old, new) == [new, old, untimed]


def test_offsets_are_compared_as_instants():
    tokyo = scan("2026-11-24T18:00:00+09:00", description="09:00 UTC")
    london = scan("2026-11-24T10:00:00+00:00", description="10:00 UTC")
    new_york = scan("2026-11-24T04:30:00-05:00", description="09:30 UTC")

    assert merged(tokyo, new_york, london) == [london, new_york, tokyo]


def test_at_the_same_instant_the_higher_rank_is_shown_as_the_newer():
    delivered = scan(code="delivered")
    on_the_van = scan(code="out_for_delivery")
    note = scan(code="for_information")

    assert merged(on_the_van, note, delivered) == [delivered, on_the_van, note]


def test_a_future_scan_stands_where_it_was_received():
    future = scan("2062-01-01T00:00:00Z", received="2026-11-24T08:00:00Z")
    later = scan("2026-11-24T09:00:00Z", code="out_for_delivery")

    assert merged(future, later) == [later, future]


def test_a_history_of_nothing_is_empty():
    assert merge((), NOON) == Merged()
    assert by_day((), NOON) == ()


# Days


def test_scans_are_grouped_by_the_date_on_the_carriers_clock():
    assert days(
        scan("2026-11-24T09:00:00+00:00", description="c"),
        scan("2026-11-24T00:10:00+00:00", description="b"),
        scan("2026-11-23T23:50:00+00:00", description="a"),
    ) == [(date(2026, 11, 24), ["c", "b"]), (date(2026, 11, 23), ["a"])]


def test_a_scan_just_after_midnight_in_tokyo_is_on_tokyos_new_day():
    (day,) = by_day([scan("2026-11-25T00:30:00+09:00")], NOON)  # 15:30 UTC the day before

    assert day.date == date(2026, 11, 25)


def test_the_same_date_gets_a_second_heading_where_offsets_part_it():
    events = merged(
        scan("2026-11-24T14:00:00+00:00", description="London afternoon"),  # 14:00 UTC
        scan("2026-11-25T00:30:00+13:00", description="Auckland night"),  # 11:30 UTC
        scan("2026-11-24T11:00:00+00:00", description="London noon"),  # 11:00 UTC
        scan("2026-11-24T09:00:00+09:00", description="Tokyo morning"),  # 00:00 UTC
        scan("2026-11-23T23:30:00+00:00", description="London night"),  # 23:30 UTC
        scan("2026-11-24T08:00:00+09:00", description="Tokyo dawn"),  # 23:00 UTC
    )

    assert days(*events) == [
        (date(2026, 11, 24), ["London afternoon"]),
        (date(2026, 11, 25), ["Auckland night"]),
        (date(2026, 11, 24), ["London noon", "Tokyo morning"]),
        (date(2026, 11, 23), ["London night"]),
        (date(2026, 11, 24), ["Tokyo dawn"]),
    ]


def test_a_date_without_a_time_belongs_to_that_date():
    (day,) = by_day([scan("2026-11-23")], NOON)

    assert day.date == date(2026, 11, 23)


def test_scans_without_a_time_stand_together_under_no_date():
    assert days(
        scan("2026-11-24T09:00:00Z", description="timed"),
        scan(None, description="one"),
        scan(None, description="two", code="zz_new"),
    ) == [(date(2026, 11, 24), ["timed"]), (None, ["one", "two"])]


# Whatever is given

stamps = st.sampled_from(
    [
        None,
        "???",
        "2026-11-24",
        "2026-11-24T09:00:00Z",
        "2026-11-24T18:00:00+09:00",
        "2026-11-24T09:00:00",
        "2026-11-24T23:30:00-05:00",
        "2026-11-25T00:30:00+13:00",
        "2062-01-01T00:00:00Z",
    ]
)
scans = st.builds(
    scan,
    stamps,
    stamps,
    st.sampled_from(["in_transit", "delivered", "for_information", "zz_new"]),
    description=st.sampled_from([None, "Scanned", "SCANNED "]),
    location=st.sampled_from([None, "Leeds", "York"]),
    reference=st.sampled_from([None, "tr_1", "tr_2"]),
)


@given(st.lists(scans, max_size=8), st.randoms(use_true_random=False))
def test_a_history_never_depends_on_the_order_in_which_pro_gives_it(events, chance):
    shuffled = list(events)
    chance.shuffle(shuffled)

    assert merge(shuffled, NOON) == merge(events, NOON)


@given(st.lists(scans, max_size=8))
def test_merging_twice_is_merging_once(events):
    once = merge(events, NOON).events

    assert merge(once, NOON) == Merged(once)
    assert merge([*events, *events], NOON).events == once
    assert set(once) <= set(events)


@given(st.lists(scans, max_size=8))
def test_days_keep_every_scan_in_its_order_and_headings_change_where_the_date_does(events):
    history = merge(events, NOON).events

    grouped = by_day(history, NOON)

    assert tuple(event for day in grouped for event in day.events) == history
    assert all(one.date != next_.date for one, next_ in pairwise(grouped))
    instants = [e.believed(NOON).instant for e in history if e.believed(NOON)]
    assert instants == sorted(instants, reverse=True)
    assert all(e.believed(NOON) is None for e in history[len(instants) :])
