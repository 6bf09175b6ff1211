"""How old an answer is, for how long it stands, and when it is called delayed."""

from datetime import UTC, datetime, timedelta

import pytest

from tracking.entries import Entry
from tracking.shipments import ShipmentPage

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def entry(outcome: str = "found", wait: float = 120.0) -> Entry:
    return Entry(outcome, "shipment", NOW, NOW, wait, ShipmentPage((), 0))


def after(**by: float) -> datetime:
    return NOW + timedelta(**by)


@pytest.mark.parametrize(
    ("outcome", "found"),
    [("found", True), ("processing", True), ("not_found", False), ("gone", False)],
)
def test_found_is_what_pro_knows(outcome: str, found: bool) -> None:
    assert entry(outcome).found == found


def test_it_rests_until_its_time_is_over() -> None:
    assert entry().rest(NOW) == 120
    assert entry().rest(after(seconds=119)) == 1
    assert entry().rest(after(seconds=120)) == 0
    assert entry().rest(after(hours=1)) == 120 - 3600


def test_its_age_is_the_time_since_pro_said_it() -> None:
    assert entry().age(after(minutes=5)) == timedelta(minutes=5)


@pytest.mark.parametrize("ahead", [{"minutes": 5}, {"hours": 1}, {"days": 400}])
def test_an_answer_from_the_future_is_no_younger_than_new_and_rests_no_longer(
    ahead: dict[str, float],
) -> None:
    before = NOW - timedelta(**ahead)

    assert entry().age(before) == timedelta(0)
    assert entry().rest(before) == 120


def test_an_answer_is_not_delayed_because_it_is_old() -> None:
    assert not entry().delayed


def test_what_could_not_be_renewed_is_delayed_and_rests_a_little() -> None:
    postponed = entry().postponed(after(minutes=3), 15.0)

    assert postponed.delayed
    assert postponed.rest(after(minutes=3)) == 15
    assert postponed.rest(after(minutes=3, seconds=15)) == 0


def test_what_could_not_be_renewed_is_as_old_as_it_was() -> None:
    postponed = entry().postponed(after(minutes=3), 15.0).postponed(after(minutes=4), 15.0)

    assert postponed.fetched_at == NOW
    assert postponed.age(after(minutes=5)) == timedelta(minutes=5)
    assert postponed.shipments == entry().shipments


@pytest.mark.parametrize("by", [{"seconds": 0}, {"seconds": -1}, {"minutes": -5}, {"hours": -1}])
def test_it_is_delayed_even_where_the_clock_was_set_back(by: dict[str, float]) -> None:
    postponed = entry().postponed(after(**by), 15.0)

    assert postponed.delayed
    assert 0 < postponed.rest(after(**by)) <= 15


def test_a_moment_later_it_is_the_same_and_newer() -> None:
    newer = entry().a_moment_later

    assert newer.asked_at > entry().asked_at
    assert (newer.delayed, newer.shipments) == (False, entry().shipments)
