"""When the carrier last reported, and when we checked: each on its own clock, nothing made up."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tracking.clocks import ClockLine, tell_check, tell_report
from tracking.history import page_clock
from tracking.shipments import Event
from tracking.timestamps import Timestamp
from tracking.wording import Words

NOW = datetime(2026, 11, 24, 19, 42, 30, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
WORDS = Words(carrier="Harrier Parcels")


def scan(at: str | None, received: str | None = None) -> Event:
    return Event(
        event_code="in_transit",
        timestamp=Timestamp.parse(at),
        received_timestamp=Timestamp.parse(received),
    )


def reported(
    *events: Event, now: datetime = NOW, home: ZoneInfo = LONDON, words: Words = WORDS
) -> ClockLine | None:
    return tell_report(events, words, page_clock([events], now, home))


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-24T06:48:00Z", "today at 06:48"),
        ("2026-11-24T00:00:00Z", "today at 00:00"),
        ("2026-11-23T19:20:00Z", "yesterday at 19:20"),
        ("2026-11-22T19:20:00Z", "on Sunday 22 November at 19:20"),
        ("2025-12-31T19:20:00Z", "on Wednesday 31 December 2025 at 19:20"),
        ("2026-11-24", "today"),
        ("2026-11-23", "yesterday"),
        ("2026-11-20", "on Friday 20 November"),
        ("2026-11-24T06:48:00", "today at 06:48"),
    ],
)
def test_the_carriers_clock_is_the_newest_scans_as_precise_as_it_was_given(
    at: str, said: str
) -> None:
    line = reported(scan("2025-11-19T08:00:00Z"), scan(at))

    assert line == ClockLine(f"Harrier Parcels last reported {said}.", scan(at).timestamp.machine)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-11-25T03:12:00+09:00", "today at 03:12 (local time, UTC+9)"),
        ("2026-11-24T23:50:00+09:00", "yesterday at 23:50 (local time, UTC+9)"),
        ("2026-11-24T14:12:00-05:00", "today at 14:12 (local time, UTC-5)"),
        ("2026-11-24T19:12:00+00:00", "today at 19:12"),
    ],
)
def test_it_is_read_where_the_scan_was_made_and_named_where_that_is_not_ours(
    at: str, said: str
) -> None:
    assert reported(scan(at)).text == f"Harrier Parcels last reported {said}."


def test_the_offset_is_named_where_the_retailers_clock_is_another() -> None:
    line = reported(scan("2026-11-24T06:48:00Z"), home=ZoneInfo("Europe/Paris"))

    assert line.text == "Harrier Parcels last reported today at 06:48 (local time, UTC)."


def test_a_time_at_which_we_were_told_is_no_more_than_about() -> None:
    assert reported(scan("???", "2026-11-24T06:48:00Z")).text == (
        "Harrier Parcels last reported today at about 06:48."
    )
    assert reported(scan("2062-11-24T06:00:00Z", "2026-11-23T06:48:00Z")) == ClockLine(
        "Harrier Parcels last reported yesterday at about 06:48.", "2026-11-23T06:48:00+00:00"
    )


@pytest.mark.parametrize("events", [[], [scan("???")], [scan(None), scan("24/11/2026")]])
def test_where_no_time_is_known_none_is_told(events: list[Event]) -> None:
    assert reported(*events) is None


def test_a_carrier_without_a_name_still_reports() -> None:
    line = reported(scan("2026-11-24T06:48:00Z"), words=Words())

    assert line.text == "The delivery company last reported today at 06:48."


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_times_at_the_ends_of_the_calendar_stop_nobody(at: str) -> None:
    assert reported(scan(at, at)).machine == Timestamp.parse(at).machine


@pytest.mark.parametrize(
    ("checked_at", "zone", "said"),
    [
        (NOW, "Europe/London", "today at 19:42 GMT"),
        (NOW, "Asia/Tokyo", "today at 04:42 JST"),
        (NOW - timedelta(hours=20), "Europe/London", "yesterday at 23:42 GMT"),
        (NOW - timedelta(hours=20), "America/New_York", "yesterday at 18:42 EST"),
        (NOW - timedelta(hours=20), "Asia/Tokyo", "yesterday at 08:42 JST"),
        (NOW - timedelta(days=3), "UTC", "on Saturday 21 November at 19:42 UTC"),
    ],
)
def test_our_clock_is_the_retailers_and_names_its_zone(
    checked_at: datetime, zone: str, said: str
) -> None:
    line = tell_check(checked_at, WORDS, NOW, ZoneInfo(zone))

    assert line.text == f"We checked {said}."
    assert line.machine == checked_at.isoformat(timespec="seconds")
