"""How long an answer stands depends on the status, and a little on chance."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from tracking.freshness import (
    AGAIN,
    EXCEPTION,
    FINAL,
    MOVING,
    OUT_FOR_DELIVERY,
    QUARTER,
    jittered,
    seconds_finished,
    seconds_fresh,
    seconds_until_news,
)
from tracking.shipments import Event, Item, Shipment
from tracking.timestamps import Timestamp

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
MORNING = Timestamp.parse("2026-11-24T09:00:00+00:00")
SP = "sp_" + "7" * 32


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


def scanned(*codes: str) -> tuple[Event, ...]:
    return tuple(Event(event_code=code, timestamp=MORNING) for code in codes)


def test_the_seconds_are_those_of_the_design() -> None:
    assert (OUT_FOR_DELIVERY, MOVING, EXCEPTION, FINAL) == (60, 120, 600, 6 * 3600)
    assert AGAIN == 15


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        ("out_for_delivery", OUT_FOR_DELIVERY),
        ("partially_delivered", OUT_FOR_DELIVERY),
        *[(code, MOVING) for code in ("awaiting_drop_off", "dropped_off", "collected")],
        *[(code, MOVING) for code in ("in_transit", "in_transit_waiting", "at_customs")],
        *[(code, MOVING) for code in ("carrier_changed", "cleared_through_customs")],
        *[(code, MOVING) for code in ("for_information", "teleported", "")],
        *[(code, EXCEPTION) for code in ("delayed", "held_by_carrier", "action_required")],
        *[(code, EXCEPTION) for code in ("damaged", "missing", "collection_failed")],
        *[(code, EXCEPTION) for code in ("delivery_failed", "delivery_failed_card_left")],
        *[(code, EXCEPTION) for code in ("failed_to_collect", "exchange_failed")],
        *[(code, FINAL) for code in ("delivered", "delivered_damaged", "customer_collected")],
        *[(code, FINAL) for code in ("returned_to_sender", "destroyed", "lost")],
    ],
)
@pytest.mark.usefixtures("no_jitter")
def test_how_long_it_is_fresh_depends_on_the_status(code: str, seconds: float) -> None:
    assert seconds_fresh((Shipment(SP, events=scanned(code)),), NOW) == seconds


@pytest.mark.usefixtures("no_jitter")
def test_nothing_known_yet_is_asked_again_soon() -> None:
    assert seconds_fresh((Shipment(SP, events=()),), NOW) == MOVING
    assert seconds_fresh((Shipment(SP, items=()),), NOW) == MOVING
    assert seconds_fresh((Shipment(SP, items=(Item(),)),), NOW) == MOVING
    assert seconds_fresh((), NOW) == MOVING


@pytest.mark.parametrize(
    ("codes", "seconds"),
    [
        (("delivered", "out_for_delivery", "delayed"), OUT_FOR_DELIVERY),
        (("delivered", "delayed", "in_transit"), MOVING),
        (("delivered", "delayed"), EXCEPTION),
        (("delivered", "lost"), FINAL),
    ],
)
@pytest.mark.usefixtures("no_jitter")
def test_an_order_takes_the_shortest_of_its_shipments(
    codes: tuple[str, ...], seconds: float
) -> None:
    order = [Shipment(SP, events=scanned(code)) for code in codes]
    contents = [Shipment(SP, items=tuple(Item(events=scanned(code)) for code in codes))]

    assert seconds_fresh(order, NOW) == seconds
    assert seconds_fresh(contents, NOW) == seconds


@pytest.mark.usefixtures("no_jitter")
def test_a_shipment_of_which_nothing_is_known_keeps_its_order_short() -> None:
    delivered = Shipment(SP, events=scanned("delivered"))

    assert seconds_fresh((delivered, Shipment(SP, events=())), NOW) == MOVING
    assert seconds_fresh((delivered, Shipment(SP, items=())), NOW) == MOVING


def test_freshness_is_up_to_a_tenth_shorter_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)
    longest = jittered(600)
    monkeypatch.setattr(random, "random", lambda: 1.0)
    shortest = jittered(600)
    monkeypatch.undo()

    assert (shortest, longest) == (540, 600)
    several = {jittered(600) for _ in range(50)}
    assert len(several) > 1
    assert all(540 <= seconds <= 600 for seconds in several)


def test_parcels_that_were_asked_for_together_are_not_asked_again_together() -> None:
    parcel = (Shipment(SP, events=scanned("delivered")),)

    several = {seconds_fresh(parcel, NOW) for _ in range(50)}

    assert len(several) > 1
    assert all(0.9 * FINAL <= seconds <= FINAL for seconds in several)


# Finished pages


@pytest.mark.parametrize(
    ("rest", "seconds"), [(60.0, 60.0), (899.0, 899.0), (6 * 3600.0, QUARTER), (0.5, 1.0)]
)
def test_a_finished_page_holds_no_longer_than_its_answer_and_its_quarter(
    rest: float, seconds: float
) -> None:
    assert seconds_finished(rest, NOW) == seconds


@pytest.mark.parametrize("rest", [0.0, -1.0, -86_400.0])
def test_the_page_of_an_answer_that_is_being_renewed_is_looked_at_again_after_a_second(
    rest: float,
) -> None:
    assert seconds_finished(rest, NOW) == 1


@pytest.mark.parametrize(
    ("minute", "second", "left"), [(14, 59, 1), (0, 1, 899), (44, 30, 30), (59, 59, 1)]
)
def test_no_finished_page_outlives_the_quarter_of_an_hour(
    minute: int, second: int, left: float
) -> None:
    moment = NOW + timedelta(minutes=minute, seconds=second)

    assert seconds_finished(6 * 3600.0, moment) == left


@pytest.mark.parametrize(
    ("wait", "rest", "seconds"),
    [
        *[(wait, wait, 60) for wait in (13.5, 15, 54, 59.9, 60)],
        *[(wait, 1, 120) for wait in (108.1, 119.9, 120)],
        *[(wait, 0.1, 600) for wait in (540.1, 600)],
        *[(120, rest, 5) for rest in (0, -1, -86_000)],
    ],
)
def test_there_may_be_news_when_it_stands_no_longer_in_the_same_words_of_all_processes(
    wait: float, rest: float, seconds: int
) -> None:
    assert seconds_until_news(wait, rest) == seconds
