"""While PRO fails it is left alone, and one call tries now and then (R7, R11, B8 to B12)."""

import logging
import random
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest

from tests.conftest import TurnableClock
from tests.crowds import LONGEST, at_once
from tracking import metrics
from tracking.pro.breaker import Breaker
from tracking.pro.errors import (
    AnswerForeign,
    AnswerTooLarge,
    AnswerUnreadable,
    BadRequest,
    BudgetSpent,
    Forbidden,
    MethodNotSupported,
    ProBroken,
    ProBusy,
    ProError,
    ProPaused,
    ProTooSlow,
    ProUnreachable,
    ReferenceRejected,
    RefusedOnTheWay,
    ShipmentGone,
    ShipmentNotFound,
    ShipmentProcessing,
    TooManyRequests,
    Unauthorised,
)

FAILURES = [ProBroken, ProUnreachable, ProTooSlow, BadRequest, MethodNotSupported, AnswerForeign]
SAID = [ShipmentNotFound, ReferenceRejected, ShipmentProcessing, ShipmentGone]
NOT_PROS_FAULT = [AnswerTooLarge, AnswerUnreadable, BudgetSpent, ProBusy, RefusedOnTheWay]


@pytest.fixture
def breaker(clock: TurnableClock) -> Breaker:
    return Breaker(clock.timer)


@pytest.fixture(autouse=True)
def same_chance() -> None:
    """Pauses differ at random; in each run of the tests the same way."""
    random.seed(1)


def call(breaker: Breaker, error: BaseException | None = None, times: int = 1) -> None:
    """A call that ends with an error, or with an answer; ProPaused where none may be made."""
    for _ in range(times):
        with suppress(type(error) if error else ()), breaker.guard():
            if error:
                raise error


def is_paused(breaker: Breaker) -> bool:
    """Whether a call would be refused; one that is made decides nothing."""
    try:
        call(breaker, AnswerUnreadable())
    except ProPaused:
        return True
    return False


def paused_for() -> float:
    """For how many seconds PRO is left alone, as the metric says."""
    return (sample("parcel_page_pro_paused_until_seconds") or 0) - time.time()


def pause(breaker: Breaker) -> None:
    call(breaker, ProBroken(), times=5)
    assert breaker.open


class TestOpening:
    def test_a_pro_that_answers_is_asked_on_and_on(self, breaker: Breaker) -> None:
        call(breaker, times=100)

        assert not breaker.open

    @pytest.mark.parametrize("error", FAILURES, ids=lambda error: error.__name__)
    def test_five_failures_in_a_row_pause_it_and_four_do_not(
        self, breaker: Breaker, error: type[ProError]
    ) -> None:
        call(breaker, error(), times=4)
        assert not is_paused(breaker)

        call(breaker, error())
        assert is_paused(breaker)
        assert breaker.open

    def test_an_answer_between_begins_the_row_again(self, breaker: Breaker) -> None:
        for _ in range(3):
            call(breaker, ProBroken(), times=4)
            call(breaker)
            call(breaker)

        assert not is_paused(breaker)

    @pytest.mark.parametrize("error", SAID, ids=lambda error: error.__name__)
    def test_a_word_about_the_reference_is_an_answer(
        self, breaker: Breaker, error: type[ProError]
    ) -> None:
        call(breaker, error(), times=30)
        call(breaker, ProBroken(), times=4)
        call(breaker, error())
        call(breaker, ProBroken(), times=4)

        assert not is_paused(breaker)

    @pytest.mark.parametrize("error", NOT_PROS_FAULT, ids=lambda error: error.__name__)
    def test_what_says_nothing_of_pro_is_not_counted(
        self, breaker: Breaker, error: type[ProError]
    ) -> None:
        call(breaker, ProBroken(), times=4)
        call(breaker, error(), times=30)
        assert not is_paused(breaker)

        call(breaker, ProBroken())
        assert is_paused(breaker)

    def test_an_unexpected_exception_is_not_counted(self, breaker: Breaker) -> None:
        call(breaker, ZeroDivisionError(), times=30)
        call(breaker, KeyboardInterrupt(), times=30)

        assert not is_paused(breaker)

    def test_half_of_twenty_in_half_a_minute_pause_it(self, breaker: Breaker) -> None:
        for _ in range(9):
            call(breaker)
            call(breaker, ProBroken())
        call(breaker)
        assert not is_paused(breaker)

        call(breaker, ProBroken())
        assert is_paused(breaker)

    def test_fewer_than_twenty_tell_too_little(self, breaker: Breaker) -> None:
        call(breaker, ProBroken())
        for _ in range(9):
            call(breaker)
            call(breaker, ProBroken())

        assert not is_paused(breaker)  # ten of nineteen

    def test_less_than_half_do_not(self, breaker: Breaker) -> None:
        for _ in range(40):
            call(breaker, times=2)
            call(breaker, ProBroken())

        assert not is_paused(breaker)

    def test_what_was_longer_ago_is_not_counted(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        for _ in range(9):
            call(breaker)
            call(breaker, ProBroken())
        clock.turn(seconds=30.1)
        call(breaker)
        call(breaker, ProBroken())

        assert not is_paused(breaker)

    def test_it_is_logged_and_counted_once(
        self, breaker: Breaker, caplog: pytest.LogCaptureFixture
    ) -> None:
        refused = sample("parcel_page_shed_total", reason="paused")

        pause(breaker)

        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert 0 < paused_for() < 19
        assert is_paused(breaker)
        assert sample("parcel_page_shed_total", reason="paused") == refused + 1


class TestPause:
    def test_it_doubles_with_each_try_in_vain_up_to_two_minutes(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        pause(breaker)
        for seconds in (15, 30, 60, 120, 120):
            clock.turn(seconds=0.8 * seconds - 0.01)
            assert is_paused(breaker), seconds
            clock.turn(seconds=0.4 * seconds + 0.02)
            call(breaker, ProBroken())
            assert is_paused(breaker), seconds

    def test_it_is_never_the_same_for_all(self, clock: TurnableClock) -> None:
        ends: Counter[int] = Counter()
        for _ in range(30):
            breaker = Breaker(clock.timer)
            pause(breaker)
            with pytest.raises(ProPaused) as refused:
                call(breaker)
            ends[refused.value.retry_after] += 1

        assert set(ends) <= set(range(12, 19))
        assert len(ends) > 2

    def test_it_begins_short_again_after_an_answer(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        pause(breaker)
        for _ in range(4):
            clock.turn(seconds=150)
            call(breaker, ProBroken())
        clock.turn(seconds=150)
        call(breaker)
        pause(breaker)

        clock.turn(seconds=18.1)
        assert not is_paused(breaker)

    @pytest.mark.parametrize("error", [Unauthorised, Forbidden])
    def test_a_refused_key_pauses_it_at_once_for_a_minute(
        self,
        breaker: Breaker,
        clock: TurnableClock,
        caplog: pytest.LogCaptureFixture,
        error: type[ProError],
    ) -> None:
        call(breaker, error())

        assert logging.CRITICAL in {record.levelno for record in caplog.records}
        clock.turn(seconds=59.9)
        assert is_paused(breaker)
        clock.turn(seconds=0.1)
        assert not is_paused(breaker)

    def test_it_lasts_for_as_long_as_pro_asks(self, breaker: Breaker, clock: TurnableClock) -> None:
        call(breaker, TooManyRequests(retry_after=30))

        with pytest.raises(ProPaused) as refused:
            call(breaker)
        assert refused.value.retry_after == 30
        clock.turn(seconds=29.9)
        assert is_paused(breaker)
        clock.turn(seconds=0.1)
        assert not is_paused(breaker)

    def test_one_that_asks_for_time_without_saying_too_many_pauses_nobody(
        self, breaker: Breaker
    ) -> None:
        call(breaker, ProBroken(retry_after=300), times=4)

        assert not is_paused(breaker)

    def test_five_that_ask_for_time_get_the_longest_that_one_of_them_asked_for(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        call(breaker, ProBroken(retry_after=300))
        call(breaker)  # which begins the row again
        for seconds in (30, 100, None, 60, None):
            call(breaker, ProBroken(retry_after=seconds))

        clock.turn(seconds=99.9)
        assert is_paused(breaker)
        clock.turn(seconds=0.1)
        assert not is_paused(breaker)

    def test_what_was_asked_for_once_is_waited_for_once(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        call(breaker, ProBroken(retry_after=300), times=5)
        clock.turn(seconds=300)
        call(breaker, ProBroken())  # and now, twice the shortest pause

        clock.turn(seconds=36.1)
        assert not is_paused(breaker)

    def test_one_that_asks_for_less_than_a_pause_gets_a_pause(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        call(breaker, ProBroken(retry_after=1), times=5)

        clock.turn(seconds=11.9)
        assert is_paused(breaker)

    def test_who_is_refused_is_told_how_long_it_lasts_and_at_least_a_second(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        call(breaker, TooManyRequests(retry_after=300))

        waits = []
        for _ in range(3):
            with pytest.raises(ProPaused) as refused:
                call(breaker)
            waits.append(refused.value.retry_after)
            clock.turn(seconds=149.95)
        assert waits == [300, 151, 1]

    def test_a_shorter_wait_does_not_cut_a_longer_one(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        with suppress(TooManyRequests), breaker.guard():
            call(breaker, TooManyRequests(retry_after=200))
            raise TooManyRequests(retry_after=5)

        clock.turn(seconds=199.9)
        assert is_paused(breaker)


class TestProbe:
    def test_after_the_pause_one_call_of_fifty_tries(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        pause(breaker)
        clock.turn(seconds=19)
        refused = threading.Semaphore(0)

        def ask() -> str:
            try:
                with breaker.guard():
                    for _ in range(49):  # it is under way until all others have asked
                        assert refused.acquire(timeout=LONGEST)
                    return "asked"
            except ProPaused:
                refused.release()
                return "refused"

        assert Counter(at_once(*[ask] * 50)) == {"asked": 1, "refused": 49}
        assert not breaker.open

    @pytest.mark.parametrize("error", [None, *SAID])
    def test_its_answer_ends_the_pause_for_all(
        self, breaker: Breaker, clock: TurnableClock, error: type[ProError] | None
    ) -> None:
        pause(breaker)
        clock.turn(seconds=19)
        call(breaker, error() if error else None)

        assert not breaker.open
        call(breaker, ProBroken(), times=4)
        assert not is_paused(breaker)

    def test_after_it_what_was_before_is_forgotten(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        for _ in range(10):
            call(breaker)
            call(breaker, ProBroken())
        assert breaker.open
        clock.turn(seconds=19)
        call(breaker)

        call(breaker, ProBroken())
        assert not is_paused(breaker)

    @pytest.mark.parametrize("error", [*NOT_PROS_FAULT, ZeroDivisionError, SystemExit])
    def test_one_that_decides_nothing_leaves_it_to_the_next(
        self, breaker: Breaker, clock: TurnableClock, error: type[BaseException]
    ) -> None:
        pause(breaker)
        clock.turn(seconds=19)
        call(breaker, error())

        with breaker.guard():
            assert is_paused(breaker)  # while one tries
        assert not is_paused(breaker)

    def test_the_metric_ends_when_the_pause_does_whoever_tries(
        self, breaker: Breaker, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("time.time", lambda: clock().timestamp())
        seen = []

        def look() -> None:
            assert breaker.open == (paused_for() > 0)
            seen.append(breaker.open)

        pause(breaker)
        for seconds, error in (0, None), (10, None), (9, AnswerUnreadable()), (0, ProBroken()):
            clock.turn(seconds=seconds)
            look()
            call(breaker, error) if error else None
        look()
        clock.turn(seconds=48)
        look()
        call(breaker)
        look()
        assert seen == [True, True, False, False, True, False, False]

    def test_pro_may_ask_it_for_time(self, breaker: Breaker, clock: TurnableClock) -> None:
        pause(breaker)
        clock.turn(seconds=19)
        call(breaker, TooManyRequests(retry_after=200))

        clock.turn(seconds=199.9)
        assert is_paused(breaker)
        clock.turn(seconds=0.1)
        assert not is_paused(breaker)


class TestLateResults:
    """Calls that were under way when the pause began."""

    def test_a_late_answer_does_not_end_the_pause(self, breaker: Breaker) -> None:
        with breaker.guard():
            pause(breaker)

        assert is_paused(breaker)

    def test_a_late_failure_does_not_prolong_it(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        with suppress(ProTooSlow), breaker.guard():
            pause(breaker)
            clock.turn(seconds=10)
            raise ProTooSlow

        clock.turn(seconds=8.1)
        assert not is_paused(breaker)
        call(breaker, ProBroken())
        clock.turn(seconds=36.1)  # twice the first pause, and not four times
        assert not is_paused(breaker)

    def test_a_late_failure_leaves_the_probe_alone(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        with suppress(ProTooSlow), breaker.guard():
            pause(breaker)
            clock.turn(seconds=19)
            with breaker.guard(), pytest.raises(ProPaused), breaker.guard():
                raise AssertionError("there is one probe already")
            raise ProTooSlow

        assert not breaker.open

    def test_a_late_refusal_of_the_key_holds_for_a_minute(
        self, breaker: Breaker, clock: TurnableClock
    ) -> None:
        with suppress(Unauthorised), breaker.guard():
            pause(breaker)
            raise Unauthorised

        clock.turn(seconds=59.9)
        assert is_paused(breaker)


def sample(name: str, **labels: str) -> float:
    """What the metrics say now."""
    return metrics.registry.get_sample_value(name, labels) or 0.0
