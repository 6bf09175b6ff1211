"""What PRO says to one process about the account holds for all, by way of a real Redis."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.conftest import TurnableClock
from tests.crowds import at_once, until
from tests.redis_server import RedisServer, SlowProxy
from tracking.connection import connect
from tracking.fleet import SharedGate
from tracking.pro.breaker import REFUSED, Breaker
from tracking.pro.errors import (
    Forbidden,
    ProBroken,
    ProError,
    ProPaused,
    TooManyRequests,
    Unauthorised,
)
from tracking.shared import Shared
from tracking.signing import Signer

SIGNER = Signer(b"the-secret-that-signs-what-redis-keeps", "account")
PAUSE, TRIAL = SIGNER.name("pause"), SIGNER.name("lock/trial")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """Redis, empty."""
    server.client.flushall()
    return server


class Process:
    """A breaker as each process of a fleet has it, and calls as it makes them: claimed first."""

    def __init__(
        self, url: str, clock: TurnableClock, longest_call: float = 60.0, account: Signer = SIGNER
    ) -> None:
        self.shared = Shared(connect(url), account, longest_call, clock.timer)
        self.breaker = Breaker(clock.timer, SharedGate(self.shared))
        self._asked = 0

    def call(self, error: ProError | None = None, times: int = 1) -> str:
        """How the last call ended, to which PRO would say that; all that is written is there."""
        ended = ""
        for _ in range(times):
            self._asked += 1
            self.shared.claim([f"{id(self)}/{self._asked}"])
            ended = self._guarded(error)
            self.shared.flush()
        return ended

    def _guarded(self, error: ProError | None) -> str:
        try:
            with self.breaker.guard():
                if error:
                    raise error
        except ProPaused as paused:
            return f"paused for {paused.retry_after}"
        except ProError as failed:
            return type(failed).__name__
        return "answered"


@pytest.fixture
def fleet(redis: RedisServer, clock: TurnableClock) -> list[Process]:
    return [Process(redis.url, clock) for _ in range(4)]


def wait(redis: RedisServer, clock: TurnableClock, seconds: float) -> None:
    """So much time goes by, in Redis too."""
    clock.turn(seconds=seconds)
    left = redis.client.pttl(PAUSE)
    if left > 0:
        redis.client.pexpire(PAUSE, max(int(left - seconds * 1000), 0))


class TestPause:
    @pytest.mark.parametrize(
        ("error", "seconds"),
        [(Unauthorised(), 60), (Forbidden(), 60), (TooManyRequests(retry_after=200), 200)],
    )
    def test_what_pro_says_to_one_process_holds_for_all(
        self, fleet: list[Process], error: ProError, seconds: int
    ) -> None:
        assert fleet[0].call(error) == type(error).__name__

        assert {one.call() for one in fleet} == {f"paused for {seconds}"}
        assert all(one.breaker.open for one in fleet)

    def test_what_one_process_finds_out_holds_for_it_alone(self, fleet: list[Process]) -> None:
        """It may have a bad line."""
        fleet[0].call(ProBroken(), times=5)

        assert fleet[0].call().startswith("paused")
        assert [one.call() for one in fleet[1:]] == ["answered"] * 3

    def test_a_shorter_pause_does_not_cut_a_longer_one(
        self, fleet: list[Process], redis: RedisServer
    ) -> None:
        with suppress(TooManyRequests), fleet[1].breaker.guard():
            fleet[0].call(TooManyRequests(retry_after=200))
            raise TooManyRequests(retry_after=5)
        fleet[1].shared.flush()

        assert redis.client.pttl(PAUSE) > 150_000

    def test_it_ends_for_all(
        self, fleet: list[Process], redis: RedisServer, clock: TurnableClock
    ) -> None:
        fleet[0].call(Unauthorised())
        assert fleet[1].call() == "paused for 60"
        wait(redis, clock, REFUSED)

        assert [one.call() for one in fleet] == ["answered"] * 4
        assert not any(one.breaker.open for one in fleet)
        assert not redis.client.exists(PAUSE, TRIAL)

    def test_another_account_knows_nothing_of_it(
        self, fleet: list[Process], redis: RedisServer, clock: TurnableClock
    ) -> None:
        fleet[0].call(Unauthorised())
        stranger = Process(redis.url, clock, account=Signer(SIGNER.secret, "another"))

        assert stranger.call() == "answered"

    @pytest.mark.parametrize("life", [None, 10**9])
    def test_one_that_nobody_of_ours_can_have_written_is_none(
        self, fleet: list[Process], redis: RedisServer, life: int | None
    ) -> None:
        redis.client.set(PAUSE, "planted", px=life)

        assert fleet[0].call() == "answered"
        assert not redis.client.exists(PAUSE)

    def test_without_redis_each_process_is_told_by_itself(self, clock: TurnableClock) -> None:
        one, other = (Process("redis://127.0.0.1:1/0", clock) for _ in range(2))
        one.call(Unauthorised())
        assert one.call() == "paused for 60"
        assert other.call() == "answered"
        clock.turn(seconds=REFUSED)

        assert one.call() == "answered"


class TestTrial:
    def test_after_the_pause_one_process_of_all_tries(
        self, fleet: list[Process], redis: RedisServer, clock: TurnableClock
    ) -> None:
        """A refused key costs one call a minute, whatever traffic and however many processes."""
        fleet[0].call(Unauthorised())
        assert {one.call() for one in fleet} == {"paused for 60"}
        for _ in range(3):
            wait(redis, clock, REFUSED)
            ended = Counter(at_once(*[lambda one=one: one.call(Unauthorised()) for one in fleet]))
            ended += Counter(one.call(Unauthorised()) for one in fleet)
            assert ended["Unauthorised"] == 1
            assert ended.total() == 8

    def test_while_one_tries_no_other_does(
        self, fleet: list[Process], redis: RedisServer, clock: TurnableClock
    ) -> None:
        fleet[0].call(Unauthorised())
        assert fleet[1].call() == "paused for 60"
        wait(redis, clock, REFUSED)
        with fleet[0].breaker.guard():
            assert fleet[1].call() == "paused for 1"
        fleet[0].shared.flush()

        assert fleet[1].call() == "answered"

    def test_one_that_comes_late_hears_what_another_was_told_meanwhile(
        self, fleet: list[Process], redis: RedisServer, clock: TurnableClock
    ) -> None:
        fleet[0].call(Unauthorised())
        assert fleet[1].call() == "paused for 60"
        wait(redis, clock, REFUSED)
        fleet[1].shared.claim(["as if all were well"])
        fleet[0].call(Unauthorised())

        with pytest.raises(ProPaused) as refused, fleet[1].breaker.guard():
            pass
        assert refused.value.retry_after == 60

    def test_one_that_dies_leaves_it_to_another(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        dead, alive = (Process(redis.url, clock, longest_call=0.2) for _ in range(2))
        dead.call(Unauthorised())
        assert alive.call() == "paused for 60"
        wait(redis, clock, REFUSED)
        with ExitStack() as under_way:
            under_way.enter_context(dead.breaker.guard())
            until(lambda: alive.call() == "answered")

    def test_a_call_takes_no_round_trip_beside_its_claim(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        with SlowProxy(redis.port, 0) as line:
            Process(line.url, clock).call()

            assert line.round_trips == 1
