"""What may be spent on PRO: units a minute and a day, by one process or by all together."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest

from tests.crowds import at_once
from tests.redis_server import RedisServer, SlowProxy
from tracking import metrics
from tracking.connection import connect
from tracking.fleet import SharedGate
from tracking.pro.budget import Budget, Sum
from tracking.pro.errors import BudgetSpent
from tracking.shared import Shared
from tracking.signing import Signer

MIDNIGHT = 20_000 * 86_400.0  # of some day, in seconds since the epoch
SECRET = b"the-secret-that-signs-what-redis-keeps"


@dataclass
class Seconds:
    """The time, in seconds since the epoch; it stands still until it is set."""

    now: float = MIDNIGHT

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Seconds:
    return Seconds()


def spent(budget: Budget, units: int = 1, times: int = 1000) -> int:
    """How often so many units can be spent before the budget refuses."""
    for done in range(times):
        try:
            budget.spend(units)
        except BudgetSpent:
            return done
    return times


def left(window: str) -> float | None:
    return metrics.registry.get_sample_value("parcel_page_budget_left", {"window": window})


class TestWindows:
    def test_as_many_units_as_may_are_spent_and_no_more(self, time: Seconds) -> None:
        budget = Budget(10, 0, clock=time)

        assert spent(budget, 3) == 3

    def test_units_that_were_refused_are_not_counted(self, time: Seconds) -> None:
        budget = Budget(10, 0, clock=time)
        assert spent(budget, 3) == 3
        for _ in range(5):
            with pytest.raises(BudgetSpent):
                budget.spend(2)

        budget.spend(1)
        assert spent(budget) == 0

    def test_a_minute_is_one_of_the_clock(self, time: Seconds) -> None:
        budget = Budget(10, 0, clock=time)
        time.now += 59.9
        assert spent(budget) == 10

        time.now += 0.1
        assert spent(budget) == 10
        time.now += 59.9
        assert spent(budget) == 0

    def test_a_day_is_one_of_utc(self, time: Seconds) -> None:
        budget = Budget(0, 10, clock=time)
        assert spent(budget) == 10
        time.now += 86_399
        assert spent(budget) == 0

        time.now += 1
        assert spent(budget) == 10

    def test_the_day_goes_on_while_minutes_pass(self, time: Seconds) -> None:
        budget = Budget(4, 10, clock=time)

        by_minute = []
        for _ in range(4):
            by_minute.append(spent(budget))
            time.now += 60
        assert by_minute == [4, 4, 2, 0]

    def test_what_one_window_refuses_is_spent_in_none(self, time: Seconds) -> None:
        budget = Budget(10, 12, clock=time)
        assert spent(budget, 2, times=4) == 4
        time.now += 60
        with pytest.raises(BudgetSpent, match="day"):
            budget.spend(5)

        assert spent(budget) == 4
        assert left("minute") == 6

    def test_zero_is_no_limit(self, time: Seconds) -> None:
        assert spent(Budget(0, 0, clock=time), 1000) == 1000

    @pytest.mark.parametrize(
        ("limits", "after_midnight", "retry_after"),
        [
            ((1, 0), 0, 60),
            ((1, 0), 42.5, 18),
            ((1, 0), 59.9, 1),
            ((0, 1), 0, 300),  # nobody is told to come back tomorrow
            ((0, 1), 86_400 - 30, 30),
        ],
    )
    def test_who_is_refused_is_told_when_to_come_back(
        self, time: Seconds, limits: tuple[int, int], after_midnight: float, retry_after: int
    ) -> None:
        time.now += after_midnight
        budget = Budget(*limits, clock=time)
        budget.spend(1)

        with pytest.raises(BudgetSpent) as refused:
            budget.spend(1)
        assert refused.value.retry_after == retry_after

    def test_many_at_once_spend_no_more_than_one_by_one(self, time: Seconds) -> None:
        budget = Budget(50, 0, clock=time)

        assert sum(at_once(*[lambda: spent(budget, 2, times=1)] * 40)) == 25


class TestMetrics:
    def test_they_say_what_may_be_spent_and_what_is_left(self, time: Seconds) -> None:
        budget = Budget(10, 100, clock=time)
        assert (left("minute"), left("day")) == (10, 100)

        budget.spend(3)
        assert (left("minute"), left("day")) == (7, 97)
        value = metrics.registry.get_sample_value
        assert value("parcel_page_budget_units", {"window": "minute"}) == 10
        assert value("parcel_page_budget_units", {"window": "day"}) == 100

    def test_they_count_what_was_refused(self, time: Seconds) -> None:
        def refused() -> float:
            labels = {"reason": "budget"}
            return metrics.registry.get_sample_value("parcel_page_shed_total", labels) or 0

        budget, before = Budget(1, 0, clock=time), refused()
        budget.spend(1)
        for _ in range(3):
            with suppress(BudgetSpent):
                budget.spend(2)

        assert refused() == before + 3
        assert left("minute") == 0


class Tally:
    """Counts for several budgets, as Redis does, while `answers`."""

    def __init__(self) -> None:
        self.answers = True
        self.after_adding: Callable[[], object] = lambda: None
        self.spent: Counter[str] = Counter()
        self.lives: dict[str, float] = {}

    def add(self, units: int, sums: Sequence[Sum]) -> list[int] | None:
        if not self.answers:
            return None
        before = {one.name: max(self.spent[one.name], one.known) + one.owed for one in sums}
        totals = {name: spent + units for name, spent in before.items()}
        room = all(totals[one.name] <= one.limit for one in sums)
        self.spent |= totals if room else before
        self.after_adding()
        self.lives |= {one.name: one.seconds for one in sums}
        return list(totals.values())


class TestShare:
    """What one process of several may spend while it cannot know what the others do."""

    def test_without_a_tally_it_is_its_share(self, time: Seconds) -> None:
        assert spent(Budget(100, 0, share=1 / 4, clock=time)) == 25

    def test_with_a_tally_it_is_all_that_is_left(self, time: Seconds) -> None:
        assert spent(Budget(100, 0, share=1 / 4, tally=Tally(), clock=time)) == 100

    def test_it_is_a_share_of_what_was_left_when_the_tally_fell_silent(self, time: Seconds) -> None:
        tally = Tally()
        one, other = (Budget(100, 0, share=1 / 4, tally=tally, clock=time) for _ in range(2))
        assert spent(other, times=40) == 40
        assert spent(one, times=20) == 20
        tally.answers = False

        assert spent(one) == 10
        assert spent(other) == 15  # it was told of forty

    @pytest.mark.parametrize("limits", [(100, 0), (0, 100), (100, 1000)])
    def test_who_was_refused_knows_that_nothing_is_left(
        self, time: Seconds, limits: tuple[int, int]
    ) -> None:
        tally = Tally()
        one, other = (Budget(*limits, share=1 / 4, tally=tally, clock=time) for _ in range(2))
        assert spent(other) == 100
        assert spent(one) == 0
        tally.answers = False

        assert spent(one) == 0

    def test_who_was_refused_for_the_minute_knows_of_the_day(self, time: Seconds) -> None:
        """What was refused is no part of it."""
        tally = Tally()
        one, other = (Budget(60, 100, share=1 / 4, tally=tally, clock=time) for _ in range(2))
        assert spent(other) == 60
        with pytest.raises(BudgetSpent, match="minute"):
            one.spend(3)
        tally.answers = False
        time.now += 60

        assert spent(one) == 10  # a quarter of forty; a quarter of the next minute would be more

    @pytest.mark.parametrize("times", [20, 1000])
    def test_what_was_spent_meanwhile_is_added_when_the_tally_answers_again(
        self, time: Seconds, times: int
    ) -> None:
        """However long the tally was silent, the day is not overspent."""
        tally = Tally()
        budgets = [Budget(0, 1000, share=1 / 4, tally=tally, clock=time) for _ in range(4)]

        def all_spend(times: int) -> int:
            return sum(spent(budget, 2, times=1) for _ in range(times) for budget in budgets)

        calls = all_spend(50)
        tally.answers = False
        calls += all_spend(times)
        tally.answers = True
        calls += all_spend(1000)

        assert 500 <= calls < 500 + 4  # one each, until all have told what they owe

    def test_that_is_added_once_and_even_where_nothing_more_may_be_spent(
        self, time: Seconds
    ) -> None:
        tally = Tally()
        one, other = (Budget(100, 0, share=1 / 2, tally=tally, clock=time) for _ in range(2))
        tally.answers = False
        assert spent(one) == 50
        tally.answers = True
        assert spent(other, times=50) == 50

        assert spent(one) == 0
        assert spent(one) == 0
        assert list(tally.spent.values()) == [100]

    def test_while_it_falls_silent_again_what_is_owed_is_no_less(self, time: Seconds) -> None:
        """Nor while a thread is about to add it."""
        tally = Tally()
        budget = Budget(100, 0, share=1 / 4, tally=tally, clock=time)
        tally.answers = False
        assert spent(budget, times=20) == 20
        meanwhile = []

        def fall_silent() -> None:
            tally.answers, tally.after_adding = False, lambda: None
            meanwhile.append(spent(budget))

        tally.answers, tally.after_adding = True, fall_silent
        budget.spend(1)

        assert meanwhile == [5]

    def test_what_is_told_of_the_last_window_is_no_part_of_the_next(self, time: Seconds) -> None:
        """The minute may end while the tally is asked, and another thread begin the next."""
        tally = Tally()
        budget = Budget(10, 0, tally=tally, clock=time)
        assert spent(budget, times=9) == 9

        def begin_the_next() -> None:
            tally.after_adding = lambda: None
            time.now += 60
            budget.spend(1)

        tally.after_adding = begin_the_next
        budget.spend(1)

        assert spent(budget) == 9

    def test_the_tally_has_a_name_a_window_and_outlives_it(self, time: Seconds) -> None:
        tally = Tally()
        budget = Budget(100, 100, tally=tally, clock=time)
        budget.spend(1)
        time.now += 60
        budget.spend(1)

        assert sorted(tally.spent.values()) == [1, 1, 2]
        assert sorted(tally.lives.values()) == [120, 120, 2 * 86_400]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    server.client.flushall()
    return server


def process(
    redis: RedisServer | SlowProxy, time: Seconds, per_minute: int = 10, per_day: int = 0
) -> Budget:
    """A budget as each of four processes has it."""
    shared = Shared(connect(redis.url), Signer(SECRET, "account"), 4)
    return Budget(per_minute, per_day, share=1 / 4, tally=SharedGate(shared), clock=time)


class TestRedis:
    def test_processes_spend_no_more_together_than_one_may(
        self, redis: RedisServer, time: Seconds
    ) -> None:
        one, other = process(redis, time), process(redis, time)

        assert spent(one, 3, times=2) == 2
        assert spent(other, 3) == 1
        assert spent(one, 1) == 1
        assert spent(other, 1) == 0

    def test_nor_do_many_at_once(self, redis: RedisServer, time: Seconds) -> None:
        budgets = [process(redis, time, 50) for _ in range(4)]

        one_each = [lambda budget=budget: spent(budget, 2, times=1) for budget in budgets * 10]
        assert sum(at_once(*one_each)) == 25

    def test_the_next_minute_begins_for_all(self, redis: RedisServer, time: Seconds) -> None:
        one, other = process(redis, time), process(redis, time)
        assert spent(one) == 10
        time.now += 60

        assert spent(other) == 10
        assert spent(one) == 0

    def test_what_one_window_refuses_is_spent_in_none(
        self, redis: RedisServer, time: Seconds
    ) -> None:
        one, other = process(redis, time, 10, 12), process(redis, time, 10, 12)
        assert spent(one, 2, times=4) == 4
        time.now += 60
        with pytest.raises(BudgetSpent, match="day"):
            one.spend(5)

        assert spent(other) == 4

    def test_both_windows_take_one_round_trip(self, redis: RedisServer, time: Seconds) -> None:
        with SlowProxy(redis.port, 0) as line:
            process(line, time, 10, 100).spend(1)

            assert line.round_trips == 1

    def test_what_was_flushed_away_is_put_back(self, redis: RedisServer, time: Seconds) -> None:
        """G6: as far as anybody knows of it."""
        one, other = process(redis, time), process(redis, time)
        assert spent(other, times=5) == 5
        assert spent(one, times=2) == 2
        redis.client.flushall()

        assert spent(one, times=1) == 1  # the eighth: it had been told of seven
        assert spent(other) == 2
        assert spent(one) == 0

    def test_nothing_of_it_stays_for_ever(self, redis: RedisServer, time: Seconds) -> None:
        process(redis, time).spend(1)

        (name,) = redis.client.keys()
        assert 0 < redis.client.ttl(name) <= 120

    @pytest.mark.parametrize(
        "planted", [b"nan", b"-nan", b"inf", b"-inf", b"1e300", b"-1e300", b"-500", b"<h1>", b""]
    )
    def test_no_tally_that_somebody_planted_lets_more_be_spent(
        self, redis: RedisServer, time: Seconds, planted: bytes
    ) -> None:
        budget = process(redis, time)
        assert spent(budget, times=1) == 1
        (name,) = redis.client.keys()
        redis.client.set(name, planted)

        assert spent(budget) <= 9

    def test_a_tally_of_another_type_leaves_each_its_share(
        self, redis: RedisServer, time: Seconds
    ) -> None:
        budget = process(redis, time, 40)
        assert spent(budget, times=1) == 1
        (name,) = redis.client.keys()
        redis.client.delete(name)
        redis.client.lpush(name, "a list")

        assert spent(budget) == 9  # a quarter of what is left

    def test_what_was_spent_without_it_is_added_when_it_is_back(self, time: Seconds) -> None:
        with RedisServer() as redis:
            one, other = process(redis, time, 40), process(redis, time, 40)
            assert spent(one, times=4) == 4
            one._tally._shared._away_until = float("inf")  # for this process alone
            assert spent(one) == 9
            one._tally._shared._away_until = 0.0

            assert spent(one, times=1) == 1
            assert spent(other) == 40 - 4 - 9 - 1

    def test_without_redis_each_has_its_share(self, time: Seconds) -> None:
        with RedisServer() as redis:
            budget = process(redis, time, 40)
            assert spent(budget, times=4) == 4
            redis.kill()

            assert spent(budget) == 9  # a quarter of what is left
