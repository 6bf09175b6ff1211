"""What PRO said is remembered whole: fresh, then old for a day, and "not found" apart from it."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import Shopper, TurnableClock
from tests.shipments import event, item, shipment
from tracking.changes import Changes
from tracking.entries import Entry
from tracking.envelope import pack, unpack
from tracking.memory import Memory
from tracking.pro.simulator import Simulator
from tracking.questions import Question
from tracking.shipments import Event, Shipment, ShipmentPage
from tracking.stores import BoundedCache
from tracking.timestamps import Timestamp

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
MORNING = Timestamp.parse("2026-11-24T09:00:00+00:00")
SP = "sp_" + "7" * 32
BY_ORDER = Question("custom_reference", "HO-20", "shipment")
KEY = Question("reference", SP, "shipment").key
ORDER_KEY = BY_ORDER.key
NOTHING = ShipmentPage((), 0)
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


def page(*codes: str) -> ShipmentPage:
    events = tuple(Event(event_code=code, timestamp=MORNING) for code in codes)
    return ShipmentPage((Shipment(SP, events=events),), 1)


class Noted(Changes):
    """Changes that are told to somebody, too."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        super().__init__()
        self.tell = tell

    def note(self, key: str) -> None:
        super().note(key)
        self.tell(key)


class Notebook:
    """A memory with stores of its own, and what it said was changed."""

    def __init__(self, clock: TurnableClock) -> None:
        self.clock = clock
        self.found = BoundedCache(100, 1_000_000, clock.timer)
        self.missing = BoundedCache(100, 1_000_000, clock.timer)
        self.changed: list[str] = []
        self.memory = Memory(
            self.found, self.missing, clock, clock.timer, changes=Noted(self.changed.append)
        )

    def keep(self, outcome: Any = "found", *codes: str, key: str = KEY) -> Entry:
        """Remember what PRO has just said."""
        shipments = page(*codes) if codes else NOTHING
        entry = self.memory.judge(outcome, "shipment", shipments)
        self.memory.keep((key, entry))
        return entry

    def outcome(self, key: str = KEY) -> str | None:
        """What is remembered, in a word, and whether it is fresh."""
        recalled = self.memory.recall(key)
        if recalled is None:
            return None
        return f"{'fresh' if recalled.fresh else 'old'} {recalled.entry.outcome}"

    @property
    def sizes(self) -> tuple[int, int]:
        return len(self.found), len(self.missing)


@pytest.fixture
def notes(clock: TurnableClock) -> Notebook:
    return Notebook(clock)


# Recalling


def test_what_was_kept_is_recalled(notes: Notebook) -> None:
    kept = notes.keep("found", "in_transit")

    entry, rest = notes.memory.recall(KEY)

    assert entry == kept
    assert (kept.outcome, kept.level, kept.fetched_at) == ("found", "shipment", NOW)
    assert kept.shipments == page("in_transit")
    assert rest == 120


def test_what_was_never_kept_is_not_recalled(notes: Notebook) -> None:
    assert notes.memory.recall(KEY) is None


@pytest.mark.parametrize(
    ("outcome", "code", "seconds"),
    [
        ("found", "out_for_delivery", 60),
        ("found", "in_transit", 120),
        ("found", "delayed", 600),
        ("found", "delivered", 6 * 3600),
        ("processing", "for_information", 120),
    ],
)
def test_what_was_found_is_fresh_then_old_and_after_a_day_forgotten(
    notes: Notebook, clock: TurnableClock, outcome: str, code: str, seconds: int
) -> None:
    notes.keep(outcome, code)

    clock.turn(seconds=seconds - 0.001)
    assert notes.outcome() == f"fresh {outcome}"
    clock.turn(seconds=0.001)
    assert notes.outcome() == f"old {outcome}"
    clock.turn(seconds=DAY - seconds - 0.001)
    assert notes.outcome() == f"old {outcome}"
    clock.turn(seconds=0.002)
    assert notes.outcome() is None


@pytest.mark.parametrize("outcome", ["not_found", "gone"])
def test_what_was_not_found_is_only_ever_fresh(
    notes: Notebook, clock: TurnableClock, outcome: str
) -> None:
    notes.keep(outcome)

    clock.turn(seconds=59.999)
    assert notes.outcome() == f"fresh {outcome}"
    clock.turn(seconds=0.001)
    assert notes.outcome() is None
    assert notes.missing.get(KEY) is None  # nor does it take up room


@pytest.mark.parametrize(
    ("outcome", "sizes"),
    [("found", (1, 0)), ("processing", (1, 0)), ("not_found", (0, 1)), ("gone", (0, 1))],
)
def test_what_was_found_and_what_was_not_are_kept_apart(
    notes: Notebook, outcome: str, sizes: tuple[int, int]
) -> None:
    notes.keep(outcome)

    assert notes.sizes == sizes


@pytest.mark.parametrize("lost", ["not_found", "gone"])
@pytest.mark.parametrize("found", ["found", "processing"])
def test_the_newer_word_takes_the_place_of_the_older(
    notes: Notebook, found: str, lost: str
) -> None:
    seen = []
    for outcome in (lost, found, lost, found):
        notes.keep(outcome)
        seen.append((notes.outcome(), notes.sizes))

    gone, there = (f"fresh {lost}", (0, 1)), (f"fresh {found}", (1, 0))
    assert seen == [gone, there, gone, there]


@pytest.mark.parametrize("lost", ["not_found", "gone"])
def test_what_was_found_before_does_not_come_back_when_not_found_is_over(
    notes: Notebook, clock: TurnableClock, lost: str
) -> None:
    notes.keep("found", "delivered")
    notes.keep(lost)

    clock.turn(seconds=61)

    assert notes.outcome() is None


def test_what_was_said_to_one_question_is_said_to_no_other(notes: Notebook) -> None:
    notes.keep("found", "in_transit", key=ORDER_KEY)

    others = [BY_ORDER.at("contents"), replace(BY_ORDER, page=2), replace(BY_ORDER, text="HO-2")]
    assert [notes.memory.recall(other.key) for other in others] == [None, None, None]
    assert notes.memory.recall(BY_ORDER.absence) is None


def test_several_are_kept_at_once(notes: Notebook) -> None:
    order = notes.memory.judge("found", "shipment", page("in_transit"))
    own = notes.memory.judge("found", "shipment", page("delivered"))

    notes.memory.keep((ORDER_KEY, order), (KEY, own))

    assert notes.memory.recall(ORDER_KEY).entry == order
    assert notes.memory.recall(KEY).entry == own


def test_what_is_kept_under_another_key_too_keeps_its_age(
    notes: Notebook, clock: TurnableClock
) -> None:
    entry = notes.keep("found", "in_transit")
    clock.turn(seconds=100)
    notes.memory.keep((ORDER_KEY, entry))

    assert notes.memory.recall(ORDER_KEY) == (entry, 20)
    clock.turn(seconds=20)
    assert notes.outcome(ORDER_KEY) == "old found"


def test_whoever_shows_it_is_told_of_each_change(notes: Notebook, clock: TurnableClock) -> None:
    notes.keep("found", "in_transit")
    notes.keep("found", "in_transit", key=ORDER_KEY)
    notes.keep("not_found")
    entry = notes.keep("found", "delivered")
    notes.memory.keep((KEY, entry.postponed(clock(), 15.0)))

    assert notes.changed == [KEY, ORDER_KEY, KEY, KEY, KEY]


def test_who_looks_changes_nothing(notes: Notebook) -> None:
    notes.keep("found", "in_transit")
    notes.changed.clear()

    notes.memory.recall(KEY)
    notes.memory.recall_here(KEY)
    notes.memory.recall(ORDER_KEY)

    assert notes.changed == []


def test_when_it_is_told_of_a_change_the_change_is_made(clock: TurnableClock) -> None:
    seen = []
    stores = [BoundedCache(10, 10_000, clock.timer) for _ in range(2)]
    memory = Memory(
        *stores,
        clock,
        clock.timer,
        changes=Noted(lambda key: seen.append(memory.recall(key).entry)),
    )

    entries = [memory.judge("found", "shipment", page("in_transit")),
               memory.judge("gone", "shipment", NOTHING)]  # fmt: skip
    for entry in entries:
        memory.keep((KEY, entry))

    assert seen == entries


# Renewed in vain


def test_what_could_not_be_renewed_is_old_news_and_left_alone_for_a_while(
    notes: Notebook, clock: TurnableClock
) -> None:
    entry = notes.keep("found", "in_transit")
    clock.turn(seconds=300)
    notes.memory.keep((KEY, entry.postponed(clock(), 15.0)))

    recalled = notes.memory.recall(KEY)
    assert recalled.entry.delayed
    assert recalled.entry.fetched_at == NOW
    assert recalled.rest == 15
    clock.turn(seconds=15)
    assert notes.outcome() == "old found"


def test_however_often_it_is_not_renewed_it_is_forgotten_after_a_day(
    notes: Notebook, clock: TurnableClock
) -> None:
    entry = notes.keep("found", "in_transit")

    for _ in range(23):
        clock.turn(hours=1)
        entry = entry.postponed(clock(), 15.0)
        notes.memory.keep((KEY, entry))
        assert notes.outcome() == "fresh found"

    clock.turn(seconds=3601)
    assert notes.outcome() is None


def test_what_was_renewed_at_last_is_not_delayed(notes: Notebook, clock: TurnableClock) -> None:
    entry = notes.keep("found", "in_transit")
    clock.turn(seconds=300)
    notes.memory.keep((KEY, entry.postponed(clock(), 15.0)))
    notes.keep("found", "delivered")

    recalled = notes.memory.recall(KEY)

    assert not recalled.entry.delayed
    assert recalled.entry.fetched_at == clock()


# D17: a clock that is set, and one that is wrong


@pytest.mark.parametrize("hours", [1, -1])
def test_d17_a_clock_that_is_set_makes_no_age_negative_and_nothing_fresh_for_longer(
    notes: Notebook, clock: TurnableClock, hours: int
) -> None:
    entry = notes.keep("found", "in_transit")
    clock.turn(seconds=60)
    clock.set(clock() + timedelta(hours=hours))

    recalled = notes.memory.recall(KEY)
    assert recalled.entry == entry
    assert recalled.entry.age(clock()).total_seconds() >= 0
    assert recalled.rest <= 60
    clock.turn(seconds=60)
    assert notes.outcome() == "old found"


def test_d17_not_found_ends_within_its_minute_whatever_the_clock_says(
    notes: Notebook, clock: TurnableClock
) -> None:
    notes.keep("not_found")
    clock.set(NOW - timedelta(hours=1))

    clock.turn(seconds=59)
    assert notes.outcome() == "fresh not_found"
    clock.turn(seconds=1)
    assert notes.outcome() is None


def test_d17_a_clock_set_back_does_not_keep_an_answer_for_longer_than_a_day(
    notes: Notebook, clock: TurnableClock
) -> None:
    notes.keep("found", "delivered")
    clock.set(NOW - timedelta(days=4))

    clock.turn(seconds=DAY + 1)

    assert notes.outcome() is None


@pytest.mark.parametrize("ahead", [{"minutes": 5}, {"hours": 1}])
def test_d17_an_answer_that_another_machine_dates_in_the_future_is_renewed_in_time(
    notes: Notebook, clock: TurnableClock, ahead: dict[str, float]
) -> None:
    other = TurnableClock()
    other.turn(**ahead)
    theirs = Notebook(other).memory.judge("found", "shipment", page("in_transit"))
    packed = pack(KEY, theirs)

    learned = notes.memory.learn(KEY, packed)
    assert learned.entry == theirs
    assert learned.entry.age(clock()).total_seconds() == 0
    assert learned.rest == 120
    clock.turn(seconds=119)
    assert notes.outcome() == "fresh found"
    clock.turn(seconds=1)
    assert notes.outcome() == "old found"
    assert not notes.memory.learn(KEY, packed).fresh  # told the same again, it is no newer


def test_d17_our_own_answer_takes_the_place_of_one_from_the_future(
    notes: Notebook, clock: TurnableClock
) -> None:
    other = TurnableClock()
    other.turn(minutes=5)
    theirs = Notebook(other).memory.judge("found", "shipment", page("in_transit"))
    notes.memory.learn(KEY, pack(KEY, theirs))
    clock.turn(seconds=121)

    ours = notes.keep("found", "delivered")

    assert notes.memory.recall(KEY).entry == ours


# What others were told


def told(outcome: Any = "found", code: str = "in_transit", *, after: float = 0.0) -> bytes:
    """What another process keeps, which asked so many seconds after two o'clock."""
    clock = TurnableClock()
    clock.turn(seconds=after)
    shipments = page(code) if outcome == "found" else NOTHING
    return pack(KEY, Notebook(clock).memory.judge(outcome, "shipment", shipments))


def test_what_another_process_was_told_is_taken_over_with_its_age(
    notes: Notebook, clock: TurnableClock
) -> None:
    clock.turn(seconds=100)

    assert notes.memory.learn(KEY, told()).rest == 20
    assert notes.memory.recall_here(KEY).rest == 20
    assert notes.changed == [KEY]


@pytest.mark.parametrize(
    ("theirs", "outcome"),
    [
        ({"after": 61.0, "code": "delivered"}, "fresh found"),
        ({"after": 61.0, "outcome": "not_found"}, "fresh not_found"),
        ({"after": 61.0, "outcome": "gone"}, "fresh gone"),
    ],
)
def test_newer_news_takes_the_place_of_what_was_known(
    notes: Notebook, clock: TurnableClock, theirs: dict[str, Any], outcome: str
) -> None:
    notes.keep("found", "out_for_delivery")
    clock.turn(seconds=62)

    notes.memory.learn(KEY, told(**theirs))

    assert notes.outcome() == outcome


@pytest.mark.parametrize("theirs", [{}, {"outcome": "not_found"}, {"outcome": "gone"}])
def test_older_news_is_none(notes: Notebook, clock: TurnableClock, theirs: dict[str, Any]) -> None:
    clock.turn(seconds=30)
    ours = notes.keep("found", "delivered")
    notes.changed.clear()

    learned = notes.memory.learn(KEY, told(**theirs))

    assert learned.entry == ours
    assert notes.memory.recall(KEY).entry == ours
    assert notes.changed == []


@pytest.mark.parametrize(
    ("packed", "seconds"),
    [
        (None, 0),
        (b"", 0),
        (b"<script>", 0),
        (told()[:-20], 0),
        (told("not_found"), 61),
        (told("gone"), 61),
        (told(code="delivered"), DAY + 1),
    ],
    ids=["none", "empty", "markup", "cut short", "not found is over", "gone is over", "a day old"],
)
def test_what_is_of_no_use_is_not_taken_over(
    notes: Notebook, clock: TurnableClock, packed: bytes | None, seconds: int
) -> None:
    clock.turn(seconds=seconds)

    assert notes.memory.learn(KEY, packed) is None
    assert notes.sizes == (0, 0)
    assert notes.changed == []


def test_without_redis_there_is_nothing_to_claim(notes: Notebook) -> None:
    assert notes.memory.claim([KEY]) is None
    notes.memory.release(None)
    notes.memory.give_up(None)
    assert notes.outcome() is None


# Questions


def test_no_two_questions_share_a_key() -> None:
    texts = ["a", "1/a", "shipment/1/a", "A", "a ", "reference/shipment/1/a"]
    texts += [f"absent/{text}" for text in texts]
    questions = [
        Question(kind, text, level, number)
        for kind in ("reference", "custom_reference")
        for level in ("shipment", "contents")
        for number in (1, 11)
        for text in texts
    ]

    keys = {key for question in questions for key in (question.key, question.absence)}

    assert len(keys) == 2 * len(questions)


def test_pages_are_counted_in_tens() -> None:
    assert [replace(BY_ORDER, page=number).skip for number in (1, 2, 999)] == [0, 10, 9980]


def test_a_custom_reference_costs_three_units_and_a_reference_two() -> None:
    assert BY_ORDER.units == 3
    assert Question("reference", SP, "contents").units == 2


# Behind the pages


def memory_of(shopper: Shopper) -> Memory:
    return shopper.client.application.extensions["parcel_page"].lookup.memory


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


def test_d16_a_flood_of_unknown_orders_pushes_out_nothing_found(
    pro: Simulator, make_shopper: Callable[..., Shopper]
) -> None:
    shopper = make_shopper()
    held = shipment(event("delivered"), shipment_contents=[item(event("delivered"))])
    pro.put(held)
    shopper.json(held["shipment_reference"])
    memory = memory_of(shopper)
    for number in range(10_000):
        question = Question("custom_reference", f"NOBODY-{number}", "shipment")
        memory.keep((question.key, memory.judge("not_found", "shipment", NOTHING)))
    pro.forget_calls()

    shopper.ask(held["shipment_reference"])

    assert pro.calls == []
    assert len(memory.missing.cache) == 5000
    assert memory.missing.cache.bytes <= 4 * 2**20


def test_d5_what_is_remembered_is_json_and_no_pickle(pro: Simulator, shopper: Shopper) -> None:
    held = shipment(event("delivered"))
    pro.put(held)
    shopper.json(held["shipment_reference"])
    key = Question("reference", held["shipment_reference"], "shipment").key

    body = memory_of(shopper).found.get(key).body

    assert isinstance(body, bytes)
    entry = unpack(key, body)
    assert entry.shipments.shipments[0].shipment_reference == held["shipment_reference"]
