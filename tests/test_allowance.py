"""How much one client may ask: what costs a call is counted, for each client apart."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.conftest import TurnableClock
from tests.crowds import LONGEST, at_once
from tests.redis_server import RedisServer, SlowProxy
from tracking import metrics
from tracking.allowance import Allowance, TooManyTries, network_of
from tracking.connection import connect
from tracking.pro.errors import ProBroken, ShipmentNotFound
from tracking.shared import BREAK, Shared
from tracking.signing import Signer

CLIENT, OTHER = "203.0.113.7", "198.51.100.9"
SIGNER = Signer(b"the-secret-that-signs-what-redis-keeps", "account")
MANY = 10**6


class TestWhoIsOneClient:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("::FFFF:cb00:7107", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("::1", "::/64"),
            (None, ""),
            ("", ""),
            ("unknown", ""),
            ("203.0.113.7:8000", "203.0.113.7"),
            ("203.0.113.007", ""),
            ("<script>", ""),
        ],
    )
    def test_an_ipv4_address_or_the_64_of_an_ipv6_address(
        self, address: str | None, network: str
    ) -> None:
        assert network_of(address) == network

    def test_addresses_of_one_64_are_one_client(self) -> None:
        allowance = Allowance(MANY, 5)

        for last in range(5):
            in_vain(allowance, network_of(f"2001:db8::{last:x}"))
        assert is_refused(allowance, network_of("2001:db8::ffff"))
        assert not is_refused(allowance, network_of("2001:db8:0:1::"))


def look_up(allowance: Allowance, network: str = CLIENT, error: Exception | None = None) -> None:
    with suppress(type(error) if error else ()), allowance.lookup(network):
        if error:
            raise error


def in_vain(allowance: Allowance, network: str = CLIENT) -> None:
    look_up(allowance, network, ShipmentNotFound())


def is_refused(allowance: Allowance, network: str = CLIENT) -> bool:
    """Whether one more lookup would be; it is one, and finds something."""
    try:
        look_up(allowance, network)
    except TooManyTries:
        return True
    return False


def allowed_in_vain(allowance: Allowance, network: str = CLIENT, times: int = 100) -> int:
    """How many lookups in vain one client may make before it is refused."""
    for done in range(times):
        try:
            in_vain(allowance, network)
        except TooManyTries:
            return done
    return times


class Elsewhen:
    """The time module of a library, some seconds on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def time(self) -> float:
        return time.time() + self.seconds


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Elsewhen:
    elsewhen = Elsewhen()
    monkeypatch.setattr("limits.storage.memory.time", elsewhen)
    return elsewhen


class TestLookups:
    def test_so_many_a_minute_and_no_more(self) -> None:
        allowance = Allowance(3, 0)
        for _ in range(3):
            look_up(allowance)

        with pytest.raises(TooManyTries) as refused:
            look_up(allowance)
        assert 1 <= refused.value.retry_after <= 60

    @pytest.mark.parametrize("error", [None, ShipmentNotFound(), ProBroken(), ValueError()])
    def test_each_counts_however_it_ends(self, error: Exception | None) -> None:
        allowance = Allowance(3, 0)
        for _ in range(3):
            look_up(allowance, error=error)

        assert is_refused(allowance)

    def test_each_client_has_its_own(self) -> None:
        allowance = Allowance(3, 0)
        for _ in range(3):
            look_up(allowance)

        assert is_refused(allowance)
        assert not is_refused(allowance, OTHER)

    def test_a_minute_later_they_begin_again(self, later: Elsewhen) -> None:
        allowance = Allowance(3, 0)
        for _ in range(3):
            look_up(allowance)
        later.seconds = 58
        assert is_refused(allowance)

        later.seconds = 60
        assert not is_refused(allowance)

    def test_what_was_refused_is_not_counted(self, later: Elsewhen) -> None:
        allowance = Allowance(3, 0)
        for _ in range(100):
            with suppress(TooManyTries):
                look_up(allowance)
        later.seconds = 60

        assert [is_refused(allowance) for _ in range(4)] == [False, False, False, True]

    def test_zero_is_no_limit(self) -> None:
        allowance = Allowance(0, 0)
        for _ in range(1000):
            in_vain(allowance)

        assert not is_refused(allowance)

    def test_it_is_counted_which_limit_refused(self) -> None:
        before = refusals("lookups"), refusals("not_found")
        few, unlucky = Allowance(1, 0), Allowance(0, 1)
        for _ in range(3):
            with suppress(TooManyTries):
                look_up(few)
            with suppress(TooManyTries):
                in_vain(unlucky)

        assert (refusals("lookups"), refusals("not_found")) == (before[0] + 2, before[1] + 2)


def refusals(limit: str) -> float:
    value = metrics.registry.get_sample_value("parcel_page_too_many_tries_total", {"limit": limit})
    return value or 0


class TestNotFound:
    def test_so_many_in_ten_minutes_and_no_more(self, later: Elsewhen) -> None:
        allowance = Allowance(0, 20)
        assert allowed_in_vain(allowance) == 20
        with pytest.raises(TooManyTries) as refused:
            look_up(allowance)
        assert 540 < refused.value.retry_after <= 600

        later.seconds = 598
        assert is_refused(allowance)
        later.seconds = 600
        assert allowed_in_vain(allowance) == 20

    def test_what_was_found_is_given_back(self) -> None:
        allowance = Allowance(0, 3)
        for _ in range(50):
            look_up(allowance)

        assert allowed_in_vain(allowance) == 3

    @pytest.mark.parametrize("error", [ProBroken(), ValueError(), TooManyTries(1)])
    def test_what_failed_is_given_back(self, error: Exception) -> None:
        allowance = Allowance(0, 3)
        for _ in range(50):
            look_up(allowance, error=error)

        assert allowed_in_vain(allowance) == 3

    def test_a_thread_that_ends_gives_it_back(self) -> None:
        allowance = Allowance(0, 1)
        with suppress(SystemExit), allowance.lookup(CLIENT):
            raise SystemExit

        assert not is_refused(allowance)

    def test_zero_is_no_limit(self) -> None:
        assert allowed_in_vain(Allowance(MANY, 0), times=1000) == 1000

    def test_many_at_once_get_no_further_than_one_by_one(self) -> None:
        allowance = Allowance(0, 20)

        assert Counter(many_at_once(allowance)) == {"not found": 20, "refused": 44}
        assert is_refused(allowance)

    def test_each_that_is_found_makes_room_for_one(self) -> None:
        allowance = Allowance(0, 3)
        with ExitStack() as under_way:
            for _ in range(2):
                under_way.enter_context(allowance.lookup(CLIENT))
            with allowance.lookup(CLIENT):
                assert is_refused(allowance)
            assert not is_refused(allowance)

    def test_two_that_come_first_at_once_are_two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The library forgets one of them where their steps mix; nothing of ours may."""
        slow_one_counts, other_counted = threading.Event(), threading.Event()

        class Mixed:
            """Stops the slow one between its count and its end."""

            calls = 0

            def time(self) -> float:
                if threading.current_thread().name == "slow":
                    self.calls += 1
                    if self.calls == 2:
                        slow_one_counts.set()
                        other_counted.wait(0.5)  # not for ever: it may wait for us
                return time.time()

        allowance = Allowance(0, 3)
        monkeypatch.setattr("limits.storage.memory.time", Mixed())
        slow = threading.Thread(target=in_vain, args=[allowance], name="slow")
        slow.start()
        assert slow_one_counts.wait(LONGEST)
        in_vain(allowance)
        other_counted.set()
        slow.join(LONGEST)

        in_vain(allowance)
        assert is_refused(allowance)


def many_at_once(*allowances: Allowance) -> list[str]:
    """64 lookups in vain, which all wait for PRO at the same time."""
    all_counted = threading.Barrier(64)

    def ask(allowance: Allowance) -> str:
        try:
            with allowance.lookup(CLIENT):
                all_counted.wait(LONGEST)
                raise ShipmentNotFound
        except ShipmentNotFound:
            return "not found"
        except TooManyTries:
            all_counted.wait(LONGEST)
            return "refused"

    each = 64 // len(allowances)
    return at_once(*[lambda one=one: ask(one) for one in allowances * each])


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


class Process:
    """An allowance as each process of a fleet has it."""

    def __init__(self, url: str, clock: TurnableClock, lookups: int = 0, not_found: int = 20):
        self.shared = Shared(connect(url), SIGNER, 4, clock.timer)
        self.allowance = Allowance(lookups, not_found, self.shared)


class TestRedis:
    def test_processes_count_together(self, redis: RedisServer, clock: TurnableClock) -> None:
        one, other = Process(redis.url, clock), Process(redis.url, clock)

        assert allowed_in_vain(one.allowance, times=12) == 12
        assert allowed_in_vain(other.allowance) == 8
        assert is_refused(one.allowance)
        assert not is_refused(one.allowance, OTHER)

    def test_many_at_once_in_several_get_no_further_than_once_in_each(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        processes = [Process(redis.url, clock) for _ in range(4)]

        outcomes = Counter(many_at_once(*(process.allowance for process in processes)))
        assert outcomes["not found"] <= 4 * 20
        assert all(is_refused(process.allowance) for process in processes)

    def test_forty_who_find_theirs_are_sent_back_for_a_moment_only(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        process = Process(redis.url, clock)
        with ExitStack() as under_way:
            for _ in range(20):
                under_way.enter_context(process.allowance.lookup("198.51.100.7"))
            with pytest.raises(TooManyTries) as refused, process.allowance.lookup("198.51.100.7"):
                pass
            assert refused.value.retry_after <= 3

        for _ in range(40):
            look_up(process.allowance)

    def test_what_was_found_is_given_back_for_all(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        one, other = Process(redis.url, clock), Process(redis.url, clock)
        for _ in range(15):
            look_up(one.allowance)
        one.shared.flush()

        assert allowed_in_vain(other.allowance) == 20

    def test_what_was_refused_is_not_counted(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        process = Process(redis.url, clock, not_found=3)
        assert allowed_in_vain(process.allowance) == 3
        for _ in range(30):
            assert is_refused(process.allowance)
        process.shared.flush()

        (name,) = redis.client.keys()
        assert redis.client.get(name) == b"3"

    def test_who_is_refused_is_told_when_to_come_back(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        process = Process(redis.url, clock, not_found=1)
        in_vain(process.allowance)

        with pytest.raises(TooManyTries) as refused:
            look_up(process.allowance)
        assert 540 < refused.value.retry_after <= 600

    def test_no_count_stays_for_ever(self, redis: RedisServer, clock: TurnableClock) -> None:
        process = Process(redis.url, clock, lookups=100)
        in_vain(process.allowance)
        look_up(process.allowance)
        process.shared.flush()

        lives = sorted(map(redis.client.ttl, redis.client.keys()))
        assert len(lives) == 2
        assert 0 < lives[0] <= 60 < lives[1] <= 600

    def test_no_address_is_in_redis(self, redis: RedisServer, clock: TurnableClock) -> None:
        process = Process(redis.url, clock, lookups=100)
        networks = [network_of(one) for one in (CLIENT, "2001:db8:1:2::7", "::ffff:10.1.2.3")]
        for network in networks:
            in_vain(process.allowance, network)

        names = list(map(bytes.decode, redis.client.keys()))
        assert len(names) == 6
        values = [redis.client.get(name).decode() for name in names]
        assert values == ["1"] * 6
        assert [name for name in names for one in networks if one.removesuffix("/64") in name] == []

    @pytest.mark.parametrize("trouble", ["kill", "freeze"])
    def test_without_redis_each_process_limits_by_itself(
        self, redis: RedisServer, clock: TurnableClock, trouble: str
    ) -> None:
        """G5: never an error, and never without a limit."""
        process = Process(redis.url, clock)
        assert allowed_in_vain(process.allowance, times=12) == 12
        getattr(redis, trouble)()

        assert allowed_in_vain(process.allowance) == 20
        assert is_refused(process.allowance)
        assert not process.shared.answers

    def test_it_may_go_and_come_while_a_lookup_is_under_way(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        process = Process(redis.url, clock)
        with process.allowance.lookup(CLIENT):
            redis.kill()
        process.shared.flush()
        with process.allowance.lookup(CLIENT):
            redis.restart()
            clock.turn(seconds=BREAK)

        assert allowed_in_vain(process.allowance) == 20
        assert process.shared.answers

    @pytest.mark.parametrize("plant", ["set", "lpush"])
    def test_a_count_that_somebody_planted_is_no_way_around(
        self, redis: RedisServer, clock: TurnableClock, plant: str
    ) -> None:
        process = Process(redis.url, clock)
        in_vain(process.allowance)
        (name,) = redis.client.keys()
        redis.client.delete(name)
        getattr(redis.client, plant)(name, "<h1>")

        assert allowed_in_vain(process.allowance) == 20

    def test_a_lookup_takes_a_round_trip_for_each_limit(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        look_up(Process(redis.url, clock, lookups=100).allowance)  # Redis knows the script now
        with SlowProxy(redis.port, 0) as line:
            process = Process(line.url, clock, lookups=100)
            look_up(process.allowance)

            assert line.round_trips == 2
