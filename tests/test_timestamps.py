"""Timestamps keep the carrier's own clock; what cannot be read is none, and never an error."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracking.timestamps import Timestamp, parse_date

# https://html.spec.whatwg.org: a valid date, local date and time, or global date and time.
HTML = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|\+[0-9]{2}:[0-9]{2}|-(?!00:00)[0-9]{2}:[0-9]{2})?)?",
    re.ASCII,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))
nearly_stamps = st.tuples(
    st.sampled_from(["2026-11-24", "0001-01-01", "9999-12-31", "2024-02-29", "2026-13-45"]),
    st.text(max_size=2) | st.sampled_from(["T", " ", "t"]),
    st.sampled_from(["", "14", "14:02", "14:02.33", "14:02:33", "140233", "24:00", "23:59:60"]),
    st.text(".,0123456789", max_size=9),
    st.text(max_size=2) | st.from_regex(r"[+-][0-9]{2}:?[0-9]{2}(:[0-9]{2})?", fullmatch=True),
).map("".join)


def parsed(value: object) -> Timestamp:
    stamp = Timestamp.parse(value)
    assert stamp is not None
    return stamp


def is_html(text: str) -> bool:
    found = HTML.fullmatch(text)
    return bool(found and date.fromisoformat(found["date"]) and datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "iso", "machine"),
    [
        ("2026-11-24T14:02:33+00:00",) * 3,
        ("2026-11-24T09:00:00+09:00",) * 3,
        ("2026-11-24T14:02:33-03:30",) * 3,
        ("2026-11-24T14:02:33Z", "2026-11-24T14:02:33Z", "2026-11-24T14:02:33+00:00"),
        ("2026-11-24T14:02:33",) * 3,
        ("2026-11-24T14:02+01:00", "2026-11-24T14:02+01:00", "2026-11-24T14:02:00+01:00"),
        ("2026-11-24T14:02", "2026-11-24T14:02", "2026-11-24T14:02:00"),
        ("2026-11-24",) * 3,
        (" 2026-11-24T14:02:33+00:00\n", *("2026-11-24T14:02:33+00:00",) * 2),
        ("2026-11-24T14:02.33+00:00", *("2026-11-24T14:02:33+00:00",) * 2),
        ("2026-11-24T14:02.33", *("2026-11-24T14:02:33",) * 2),
        ("2026-11-24 14:02.33Z", *("2026-11-24T14:02:33+00:00",) * 2),
        ("2026-11-24 14:02:33", *("2026-11-24T14:02:33",) * 2),
        ("2026-11-24T14:02:33+0100", *("2026-11-24T14:02:33+01:00",) * 2),
        ("2026-11-24T140233+0100", *("2026-11-24T14:02:33+01:00",) * 2),
        (
            "2026-11-24T14:02:33.1234567+00:00",
            "2026-11-24T14:02:33.1234567+00:00",
            "2026-11-24T14:02:33+00:00",
        ),
        (
            "2026-11-24T14:02.33.1234567+00:00",
            "2026-11-24T14:02:33.1234567+00:00",
            "2026-11-24T14:02:33+00:00",
        ),
        ("0001-01-01T00:00:00+14:00",) * 3,
        ("9999-12-31T23:59:59-14:00",) * 3,
    ],
)
def test_every_form_seen_is_read(text: str, iso: str, machine: str) -> None:
    stamp = parsed(text)

    assert (stamp.iso, stamp.machine) == (iso, machine)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        1795528953,
        20261124.0,
        [],
        {},
        ["2026-11-24"],
        "",
        " ",
        "yesterday",
        "24/11/2026",
        "24.11.2026 14:02",
        "11-24-2026",
        "2026-11",
        "2026-W48-2",
        "2026W482",
        "2026-W48-2T14:02:33",
        "2026-328",
        "20261124",
        "20261124T140233Z",
        "2026-13-45T99:00",
        "2026-11-31",
        "2025-02-29T10:00:00Z",
        "2026-11-24T25:00:00Z",
        "2026-11-24T14:02:60Z",
        "2026-11-24T14:61:00Z",
        "2026-11-24T14:02:33+24:00",
        "2026-11-24T14:02:33 CET",
        "2026-11-24-01:00",
        "+2026-11-24",
        "-2026-11-24",
        "12026-11-24",
        "٢٠٢٦-١١-٢٤",
        "２０２６-１１-２４",
        "/Date(1795528953000)/",
    ],
)
def test_what_is_no_date_is_none(value: object) -> None:
    assert Timestamp.parse(value) is None
    assert parse_date(value) is None


def test_the_dot_before_the_seconds_is_no_fraction_of_a_minute() -> None:
    assert parsed("2026-11-24T14:02.33+00:00").moment == datetime(
        2026, 11, 24, 14, 2, 33, tzinfo=UTC
    )


def test_a_date_without_a_time_is_not_midnight() -> None:
    dated, timed = parsed("2026-11-24"), parsed("2026-11-24T00:00:00Z")

    assert (dated.has_time, dated.machine) == (False, "2026-11-24")
    assert (timed.has_time, timed.machine) == (True, "2026-11-24T00:00:00+00:00")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-24T23:30:00-05:00", date(2026, 11, 24)),
        ("2026-11-25T00:30:00+14:00", date(2026, 11, 25)),
        ("2026-11-24T23:59:59", date(2026, 11, 24)),
    ],
)
def test_the_date_is_the_one_where_the_scan_was_made(text: str, day: date) -> None:
    assert parsed(text).date == day


def test_without_an_offset_an_instant_counts_as_utc() -> None:
    bare, marked = parsed("2026-11-24T14:02:33"), parsed("2026-11-24T14:02:33Z")

    assert bare.instant == marked.instant
    assert bare.moment.tzinfo is None


@pytest.mark.parametrize("offset", ["+01:00:30", "-00:00:30", "+01:00:00.5"])
def test_an_offset_that_html_does_not_know_is_no_offset(offset: str) -> None:
    assert Timestamp.parse(f"2026-11-24T14:02:33{offset}") is None


@given(json_values | nearly_stamps)
@example("2026-11-24T14:02:33-00:00:30")
@example("2026-11-24\ud80014:02")
@example("2026-11-24é14:02")
def test_whatever_comes_is_read_or_is_none(value: object) -> None:
    stamp = Timestamp.parse(value)

    if stamp is None:
        assert parse_date(value) is None
    else:
        assert is_html(stamp.machine), stamp.machine
        assert stamp.machine.startswith(stamp.date.isoformat())
        assert ("T" in stamp.machine) == stamp.has_time


@given(json_values | nearly_stamps)
@example("2026-11-24T14:02:33.1234567+00:00")
@example("2026-11-24T14:02.33+00:00")
def test_the_repaired_string_is_read_as_the_same_stamp(value: object) -> None:
    stamp = Timestamp.parse(value)

    assert stamp is None or Timestamp.parse(stamp.iso) == stamp


@given(st.datetimes(timezones=offsets))
def test_offsets_are_kept(moment: datetime) -> None:
    stamp = parsed(moment.isoformat())

    assert stamp.moment == moment
    assert stamp.moment.utcoffset() == moment.utcoffset()
    assert stamp.date == moment.date()
    assert datetime.fromisoformat(stamp.machine) == moment.replace(microsecond=0)


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.none() | offsets))
def test_a_date_never_shifts(moment: datetime) -> None:
    assert parse_date(moment.isoformat()) == moment.date()
    assert parse_date(moment.date().isoformat()) == moment.date()


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+00:00", "0001-01-01", "0001-01-02T00:00:00Z", "1969-12-31"]
)
def test_the_year_by_which_dot_net_says_nothing_is_no_date(text: str) -> None:
    assert parse_date(text) is None
