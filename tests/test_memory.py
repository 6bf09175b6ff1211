"""What PRO said is remembered whole, for as long as its status allows, and no longer."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Shopper, TurnableClock
from tests.shipments import event, item, shipment
from tracking.entries import Entry, dump, load
from tracking.freshness import jittered, seconds_fresh
from tracking.memory import Memory, Question
from tracking.pro.simulator import Simulator
from tracking.shipments import Carrier, Event, Item, Shipment, ShipmentPage
from tracking.timestamps import Timestamp

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
MORNING = Timestamp.parse("2026-11-24T09:00:00+00:00")
SP = "sp_" + "7" * 32
BY_REFERENCE = Question("reference", SP, "shipment")
BY_ORDER = Question("custom_reference", "HO-20", "shipment")
NOTHING = ShipmentPage((), 0)


class Store(dict):
    """A store that never forgets by itself, and knows how long it was told to remember."""

    def __init__(self) -> None:
        super().__init__()
        self.timeouts: list[int] = []

    def set(self, key: str, value: Any, timeout: int) -> None:
        self[key] = value
        self.timeouts.append(timeout)


@pytest.fixture
def memory(clock: TurnableClock) -> Memory:
    return Memory(Store(), Store(), clock)


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


def scanned(*codes: str) -> tuple[Event, ...]:
    return tuple(Event(event_code=code, timestamp=MORNING) for code in codes)


def page(*codes: str) -> ShipmentPage:
    return ShipmentPage((Shipment(SP, events=scanned(*codes)),), 1)


# Entries

words = st.none() | st.text(st.characters(exclude_categories=()), max_size=5)
stamps = st.none() | st.sampled_from(
    [
        "2026-11-24",
        "2026-11-24T14:02",
        "2026-11-24T14:02:33Z",
        "2026-11-24T14:02.33+00:00",
        "2026-11-24 14:02:33 +0130",
        "2026-11-24T14:02:33.1234567-05:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ]
).map(Timestamp.parse)
events = st.builds(
    Event,
    *[words] * 3,
    *[stamps] * 2,
    words,
    st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    words,
    st.booleans(),
)
event_lists = st.lists(events, max_size=2).map(tuple)
texts = st.lists(st.text(max_size=5), max_size=2).map(tuple)
items = st.builds(Item, words, words, texts, event_lists)
shipments = st.builds(
    Shipment,
    words,
    words,
    texts,
    st.builds(Carrier, *[words] * 4),
    st.none() | st.dates(),
    st.none() | event_lists,
    st.none() | st.lists(items, max_size=2).map(tuple),
)
moments = st.datetimes(timezones=st.just(UTC))
entries = st.builds(
    Entry,
    st.sampled_from(["found", "processing", "not_found", "gone"]),
    st.sampled_from(["shipment", "contents"]),
    moments,
    moments,
    st.builds(
        ShipmentPage, st.lists(shipments, max_size=2).map(tuple), st.integers(0), st.integers(0)
    ),
)


@given(entries)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    text = dump(entry)

    assert load(text) == entry
    assert text.isascii()
    assert json.loads(text)["outcome"] == entry.outcome


def test_not_asked_for_and_nothing_there_are_kept_apart() -> None:
    unasked, empty = Shipment(SP), Shipment(SP, events=(), items=())
    entry = Entry("found", "shipment", NOW, NOW, ShipmentPage((unasked, empty), 2))

    first, second = load(dump(entry)).shipments.shipments

    assert (first.events, first.items) == (None, None)
    assert (second.events, second.items) == ((), ())


def test_a_date_without_a_time_comes_back_without_one() -> None:
    dated = Event(timestamp=Timestamp.parse("2026-11-24"))
    expected = Shipment(SP, events=(dated,), expected_delivery_date=date(2026, 11, 25))
    entry = Entry("found", "shipment", NOW, NOW, ShipmentPage((expected,), 1))

    assert load(dump(entry)) == entry
    assert '"2026-11-24"' in dump(entry)


# Freshness

OUT_FOR_DELIVERY, MOVING, EXCEPTION, FINAL = 60, 120, 600, 6 * 3600


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
def test_how_long_it_is_fresh_depends_on_the_status(code: str, seconds: int) -> None:
    assert seconds_fresh(page(code).shipments, NOW) == seconds


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
def test_an_order_takes_the_shortest_of_its_shipments(codes: tuple[str, ...], seconds: int) -> None:
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


# Remembering


def test_what_was_kept_is_recalled(memory: Memory) -> None:
    kept = memory.keep(BY_REFERENCE, "found", page("in_transit"))

    assert memory.recall(BY_REFERENCE) == kept
    assert (kept.outcome, kept.level, kept.fetched_at) == ("found", "shipment", NOW)
    assert kept.shipments == page("in_transit")


def test_what_was_never_kept_is_not_recalled(memory: Memory) -> None:
    assert memory.recall(BY_REFERENCE) is None


@pytest.mark.parametrize(
    ("outcome", "shipments", "seconds"),
    [
        ("found", page("out_for_delivery"), 60),
        ("found", page("in_transit"), 120),
        ("found", page("delayed"), 600),
        ("found", page("delivered"), 6 * 3600),
        ("processing", page(), 120),
        ("not_found", NOTHING, 60),
        ("gone", NOTHING, 60),
    ],
)
@pytest.mark.usefixtures("no_jitter")
def test_it_is_forgotten_when_its_time_is_over(
    memory: Memory, clock: TurnableClock, outcome: Any, shipments: ShipmentPage, seconds: int
) -> None:
    memory.keep(BY_REFERENCE, outcome, shipments)

    clock.turn(seconds=seconds - 0.001)
    assert memory.recall(BY_REFERENCE)
    clock.turn(seconds=0.001)
    assert memory.recall(BY_REFERENCE) is None


@pytest.mark.parametrize("outcome", ["not_found", "gone"])
def test_what_was_not_found_is_kept_apart(memory: Memory, outcome: Any) -> None:
    memory.keep(BY_REFERENCE, outcome, NOTHING)

    assert (len(memory.found), len(memory.missing)) == (0, 1)


@pytest.mark.parametrize("outcome", ["found", "processing"])
def test_what_was_found_is_not_among_the_missing(memory: Memory, outcome: Any) -> None:
    memory.keep(BY_REFERENCE, outcome, page("in_transit"))

    assert (len(memory.found), len(memory.missing)) == (1, 0)


def test_a_store_remembers_no_shorter_than_it_is_fresh(memory: Memory) -> None:
    memory.keep(BY_REFERENCE, "found", page("in_transit"))
    memory.keep(BY_ORDER, "gone", NOTHING)

    assert 108 <= memory.found.timeouts[0] <= 120
    assert 54 <= memory.missing.timeouts[0] <= 60


def test_what_was_said_to_one_question_is_said_to_no_other(memory: Memory) -> None:
    memory.keep(BY_ORDER, "found", page("in_transit"))

    others = [BY_ORDER.at("contents"), replace(BY_ORDER, page=2), replace(BY_ORDER, text="HO-2")]
    assert [memory.recall(other) for other in others] == [None, None, None]


def test_what_is_found_after_all_goes_before_what_was_missing(memory: Memory) -> None:
    memory.keep(BY_ORDER, "not_found", NOTHING)
    memory.keep(BY_ORDER, "found", page("in_transit"))

    recalled = memory.recall(BY_ORDER)

    assert recalled
    assert recalled.outcome == "found"


def test_what_is_gone_now_takes_the_place_of_what_was_found(
    memory: Memory, clock: TurnableClock
) -> None:
    memory.keep(BY_REFERENCE, "found", page("in_transit"))
    clock.turn(minutes=3)
    memory.keep(BY_REFERENCE, "gone", NOTHING)

    recalled = memory.recall(BY_REFERENCE)

    assert recalled
    assert recalled.outcome == "gone"


def test_what_is_shared_keeps_its_age(memory: Memory, clock: TurnableClock) -> None:
    entry = memory.keep(BY_REFERENCE, "found", page("in_transit"))
    clock.turn(seconds=100)
    memory.share(BY_ORDER, entry)

    assert memory.recall(BY_ORDER) == entry
    assert memory.found.timeouts[1] <= 20
    clock.turn(seconds=20)
    assert memory.recall(BY_ORDER) is None


def test_no_two_questions_share_a_key() -> None:
    texts = ["a", "1/a", "shipment/1/a", "A", "a ", "reference/shipment/1/a"]
    questions = [
        Question(kind, text, level, number)
        for kind in ("reference", "custom_reference")
        for level in ("shipment", "contents")
        for number in (1, 11)
        for text in texts
    ]

    assert len({question.key for question in questions}) == len(questions)


def test_pages_are_counted_in_tens() -> None:
    assert [replace(BY_ORDER, page=number).skip for number in (1, 2, 999)] == [0, 10, 9980]


# Behind the pages


def test_one_call_is_enough_while_it_is_fresh(
    pro: Simulator, shopper: Shopper, clock: TurnableClock
) -> None:
    held = shipment(event("out_for_delivery"))
    pro.put(held)

    for _ in range(3):
        shopper.ask(held["shipment_reference"])
        clock.turn(seconds=17)
    assert len(pro.calls) == 1

    clock.turn(seconds=10)
    shopper.ask(held["shipment_reference"])
    assert len(pro.calls) == 2


@pytest.mark.parametrize("level", ["shipment", "contents"])
def test_an_unknown_order_costs_two_calls_a_minute_whatever_the_level(
    pro: Simulator, shopper: Shopper, clock: TurnableClock, level: str
) -> None:
    for asked in (level, "shipment", "contents", level):
        shopper.ask("NOBODY-1", 404, level=asked)
    assert len(pro.calls) == 2

    clock.turn(seconds=61)
    shopper.ask("NOBODY-1", 404, level=level)
    assert len(pro.calls) == 4


def test_a_shipment_that_appears_is_found_a_minute_later(
    pro: Simulator, shopper: Shopper, clock: TurnableClock
) -> None:
    held = shipment(event())
    shopper.ask(held["shipment_reference"], 404)
    pro.put(held)

    clock.turn(seconds=61)

    shopper.ask(held["shipment_reference"], 200)


def test_a_flood_of_unknown_orders_pushes_out_nothing_found(
    pro: Simulator, make_shopper: Callable[..., Shopper]
) -> None:
    shopper = make_shopper()
    held = shipment(event("delivered"), shipment_contents=[item(event("delivered"))])
    pro.put(held)
    shopper.ask(held["shipment_reference"])
    memory = shopper.client.application.extensions["parcel_page"].lookup.memory
    with shopper.client.application.app_context():
        for number in range(5010):
            memory.missing.set(f"unknown {number}", "{}", timeout=60)
        kept = len(memory.missing.cache._cache)
    pro.forget_calls()

    shopper.ask(held["shipment_reference"])

    assert pro.calls == []
    assert kept <= 5001


def test_what_is_remembered_is_json_and_no_pickle(pro: Simulator, shopper: Shopper) -> None:
    held = shipment(event("delivered"))
    pro.put(held)
    shopper.ask(held["shipment_reference"])
    memory = shopper.client.application.extensions["parcel_page"].lookup.memory

    with shopper.client.application.app_context():
        (key,) = memory.found.cache._cache
        text = memory.found.cache.get(key)

    entry = load(text)
    assert json.loads(text)["level"] == "shipment"
    assert entry.shipments.shipments[0].shipment_reference == held["shipment_reference"]
    assert entry.fresh_until - entry.fetched_at <= timedelta(hours=6)
