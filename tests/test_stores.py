"""The store in the process: bounded in entries and bytes, and it goes by a timer."""

import random
import threading
import time
from datetime import timedelta

import pytest
from flask import Flask
from flask_caching import Cache

from app import FOUND, MISSING, create_app
from tests.conftest import NOON, TurnableClock
from tracking.entries import Entry, Outcome
from tracking.memory import Memory
from tracking.questions import Question
from tracking.shipments import Shipment, ShipmentPage
from tracking.stores import BoundedCache

LARGE = 10**6


@pytest.fixture
def store(clock: TurnableClock) -> BoundedCache:
    """A store for three entries."""
    return BoundedCache(3, LARGE, clock.timer)


class TestWhatIsKept:
    def test_what_was_set_is_given_and_nothing_else(self, store: BoundedCache) -> None:
        assert store.set("a", b"one")

        assert store.get("a") == b"one"
        assert store.get("b") is None

    def test_a_value_set_again_replaces_the_old_one(self, store: BoundedCache) -> None:
        store.set("a", b"one" * 100)
        size = store.bytes
        store.set("a", b"two" * 100)

        assert store.get("a") == b"two" * 100
        assert (len(store), store.bytes) == (1, size)

    def test_what_is_deleted_is_gone_and_was_there(self, store: BoundedCache) -> None:
        store.set("a", b"one")

        assert store.delete("a")
        assert store.get("a") is None
        assert not store.delete("a")
        assert (len(store), store.bytes) == (0, 0)

    def test_an_empty_value_is_a_value(self, store: BoundedCache) -> None:
        store.set("a", b"")

        assert store.get("a") == b""


class TestBounds:
    def test_what_was_used_least_lately_goes_first(self, store: BoundedCache) -> None:
        for key in "abc":
            store.set(key, b"value")
        store.get("a")
        store.set("d", b"value")

        assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]

    def test_setting_is_using(self, store: BoundedCache) -> None:
        for key in ("a", "b", "c", "a", "d"):
            store.set(key, b"value")

        assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]

    def test_looking_for_what_is_not_there_pushes_out_nothing(self, store: BoundedCache) -> None:
        for key in "abc":
            store.set(key, b"value")
        for number in range(100):
            store.get(f"unknown {number}")

        assert [key for key in "abc" if store.get(key)] == ["a", "b", "c"]

    def test_bytes_are_bounded_and_the_least_used_make_room(self, clock: TurnableClock) -> None:
        store = BoundedCache(LARGE, 10_000, clock.timer)
        for number in range(100):
            store.set(f"key {number}", b"x" * 1000)
            assert store.bytes <= 10_000

        kept = [number for number in range(100) if store.get(f"key {number}")]
        assert len(kept) == len(store) == 8  # each costs its key and some room beside its value
        assert kept == list(range(92, 100))

    def test_one_large_value_makes_room_for_itself(self, clock: TurnableClock) -> None:
        store = BoundedCache(LARGE, 10_000, clock.timer)
        for number in range(20):
            store.set(f"key {number}", b"x")

        assert store.set("large", b"x" * 9_000)
        assert store.get("large") == b"x" * 9_000
        assert store.bytes <= 10_000

    def test_a_value_too_large_is_not_kept_and_pushes_out_nothing(
        self, clock: TurnableClock
    ) -> None:
        store = BoundedCache(3, 1000, clock.timer)
        store.set("a", b"one")
        store.set("b", b"two")

        assert not store.set("b", b"x" * 1000)
        assert store.get("b") is None  # it is no longer what it was
        assert store.get("a") == b"one"
        assert len(store) == 1


class TestTimeouts:
    def test_a_value_holds_until_its_timeout_and_then_no_longer(
        self, store: BoundedCache, clock: TurnableClock
    ) -> None:
        store.set("a", b"one", timeout=60)

        clock.turn(seconds=59.9)
        assert store.get("a") == b"one"
        clock.turn(seconds=0.1)
        assert store.get("a") is None
        assert (len(store), store.bytes) == (0, 0)

    @pytest.mark.parametrize("timeout", [None, timedelta(minutes=5)])
    def test_a_timeout_may_be_a_timedelta_or_the_usual_one(
        self, store: BoundedCache, clock: TurnableClock, timeout: timedelta | None
    ) -> None:
        store.set("a", b"one", timeout=timeout)

        clock.turn(seconds=299)
        assert store.get("a") == b"one"
        clock.turn(seconds=1)
        assert store.get("a") is None

    def test_using_a_value_does_not_prolong_it(
        self, store: BoundedCache, clock: TurnableClock
    ) -> None:
        store.set("a", b"one", timeout=2)
        clock.turn(seconds=1)
        store.get("a")
        clock.turn(seconds=1)

        assert store.get("a") is None

    def test_a_clock_that_is_set_ends_nothing_and_prolongs_nothing(
        self, store: BoundedCache, clock: TurnableClock
    ) -> None:
        store.set("a", b"one", timeout=60)

        clock.set(NOON + timedelta(days=365))
        assert store.get("a") == b"one"
        clock.set(NOON - timedelta(days=365))
        clock.turn(seconds=60)
        assert store.get("a") is None


class Key(str):
    """A key at which another thread takes its turn whenever it is looked for."""

    __slots__ = ()

    def __hash__(self) -> int:
        time.sleep(0)
        return super().__hash__()


def test_many_threads_at_once_break_nothing(clock: TurnableClock) -> None:
    store = BoundedCache(20, 6_000, clock.timer)
    keys = [Key(f"key {number}") for number in range(40)]
    wrong: list[object] = []

    def hammer(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(300):
            key = dice.choice(keys)
            value = key.encode()
            try:
                if dice.random() < 0.6:
                    store.set(key, value * dice.randrange(1, 60), timeout=60)
                elif dice.random() < 0.2:
                    store.delete(key)
                elif not (store.get(key) or value).startswith(value):
                    wrong.append(key)
            except Exception as error:  # a thread's end is seen by nobody
                wrong.append(error)

    threads = [threading.Thread(target=hammer, args=[seed]) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert 0 < len(store) <= 20
    assert 0 < store.bytes <= 6_000
    for key in keys:
        store.delete(key)
    assert (len(store), store.bytes) == (0, 0)


def made_by_flask_caching(app: Flask, **options: object) -> Cache:
    config = {"CACHE_TYPE": "tracking.stores.BoundedCache", "CACHE_OPTIONS": options}
    return Cache(app, with_jinja2_ext=False, config=config)


class TestFlaskCaching:
    def test_it_makes_the_store_with_its_bounds_and_timer(self, clock: TurnableClock) -> None:
        cache = made_by_flask_caching(
            Flask(__name__), most_entries=2, most_bytes=LARGE, timer=clock.timer
        )
        for key in "abc":
            cache.set(key, b"value", timeout=60)

        assert [cache.get(key) for key in "abc"] == [None, b"value", b"value"]
        clock.turn(seconds=60)
        assert cache.get("b") is None

    def test_two_stores_of_one_application_are_apart(self, clock: TurnableClock) -> None:
        app = Flask(__name__)
        good, bad = (
            made_by_flask_caching(app, most_entries=2, most_bytes=LARGE, timer=clock.timer)
            for _ in range(2)
        )
        good.set("a", b"good")
        for number in range(10):
            bad.set(str(number), b"bad")

        assert good.get("a") == b"good"
        assert bad.get("a") is None


KNOWN = [Question("reference", f"sp_{number:032}", "shipment") for number in range(400)]


def entry(outcome: Outcome, *shipments: Shipment) -> Entry:
    return Entry(outcome, "shipment", NOON, NOON, 60, ShipmentPage(shipments, len(shipments)))


@pytest.fixture(scope="module")
def flooded() -> Memory:
    """The application's memory: 400 parcels are known, then 10,000 guesses come."""
    clock = TurnableClock()
    app = create_app({}, clock, clock.timer)
    memory = app.extensions["parcel_page"].lookup.memory
    for question in KNOWN:
        memory.keep((question.key, entry("found", Shipment(question.text, events=()))))
    for number in range(10_000):
        guess = Question("custom_reference", f"GUESS-{number}", "shipment")
        memory.keep((guess.key, entry("not_found")))
    return memory


class TestFlood:
    """D16: what nobody knows pushes out nothing that is known."""

    def test_all_that_is_known_is_still_remembered(self, flooded: Memory) -> None:
        assert all(flooded.recall(question.key) for question in KNOWN)

    def test_what_nobody_knows_is_bounded(self, flooded: Memory) -> None:
        missing = flooded.missing.cache

        assert len(missing) == MISSING["most_entries"] == 5_000
        assert missing.bytes <= MISSING["most_bytes"] == 4 * 2**20

    def test_so_is_what_is_known(self, flooded: Memory) -> None:
        found = flooded.found.cache

        assert len(found) == 400
        assert FOUND == {"most_entries": 20_000, "most_bytes": 64 * 2**20}
        assert found.bytes <= FOUND["most_bytes"]
