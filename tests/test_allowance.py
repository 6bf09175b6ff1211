"""How much one client may ask: what costs a call is counted, for each client apart."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from tests.conftest import TurnableClock
from tests.crowds import LONGEST, at_once, crowd, until
from tests.redis_server import RedisServer, SlowProxy
from tracking import metrics
from tracking.allowance import MOST_WAITING, Allowance, TooManyTries, network_of
from tracking.connection import connect
from tracking.counts import Verdict
from tracking.guard import BREAK
from tracking.pro.errors import ProBroken, ProBusy, ShipmentNotFound
from tracking.shared import Shared
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
        allowance = allowing(MANY, 5)

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
    except (TooManyTries, ProBusy):
        return True
    return False


def takes_all(allowance: Allowance, places: int) -> bool:
    """Whether one client gets so many places at once; it gives them back."""
    with suppress(ProBusy), ExitStack() as under_way:
        for _ in range(places):
            under_way.enter_context(allowance.lookup(CLIENT))
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


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for others to be done."""
    monkeypatch.setattr("tracking.allowance._BETWEEN_TRIES", (0.005, 0.01))


def allowing(
    lookups: int = 0, not_found: int = 0, clock: TurnableClock | None = None, seconds: float = 0.1
) -> Allowance:
    """Of one process alone."""
    timer = clock.timer if clock else time.monotonic
    return Allowance(lookups, not_found, seconds, timer=timer)


class TestLookups:
    def test_so_many_a_minute_and_no_more(self) -> None:
        allowance = allowing(3, 0)
        for _ in range(3):
            look_up(allowance)

        with pytest.raises(TooManyTries) as refused:
            look_up(allowance)
        assert 1 <= refused.value.retry_after <= 60

    @pytest.mark.parametrize("error", [None, ShipmentNotFound(), ProBroken(), ValueError()])
    def test_each_counts_however_it_ends(self, error: Exception | None) -> None:
        allowance = allowing(3, 0)
        for _ in range(3):
            look_up(allowance, error=error)

        assert is_refused(allowance)

    def test_each_client_has_its_own(self) -> None:
        allowance = allowing(3, 0)
        for _ in range(3):
            look_up(allowance)

        assert is_refused(allowance)
        assert not is_refused(allowance, OTHER)

    def test_a_minute_later_they_begin_again(self, clock: TurnableClock) -> None:
        allowance = allowing(3, 0, clock)
        for _ in range(3):
            look_up(allowance)
        clock.turn(seconds=59.9)
        assert is_refused(allowance)

        clock.turn(seconds=0.1)
        assert not is_refused(allowance)

    def test_what_was_refused_is_not_counted(self, clock: TurnableClock) -> None:
        allowance = allowing(3, 0, clock)
        for _ in range(100):
            with suppress(TooManyTries):
                look_up(allowance)
        clock.turn(seconds=60)

        assert [is_refused(allowance) for _ in range(4)] == [False, False, False, True]

    def test_zero_is_no_limit(self) -> None:
        allowance = allowing(0, 0)
        for _ in range(1000):
            in_vain(allowance)

        assert not is_refused(allowance)

    def test_it_is_counted_which_limit_refused(self) -> None:
        before = refusals("lookups"), refusals("not_found")
        few, unlucky = allowing(1, 0), allowing(0, 1)
        for _ in range(3):
            with suppress(TooManyTries):
                look_up(few)
            with suppress(TooManyTries):
                in_vain(unlucky)

        assert (refusals("lookups"), refusals("not_found")) == (before[0] + 2, before[1] + 2)


def refusals(limit: str) -> float:
    value = metrics.registry.get_sample_value("parcel_page_too_many_tries_total", {"limit": limit})
    return value or 0


class TestRenewals:
    """What is remembered and asked for again, while who sees it does not wait."""

    def test_there_may_be_as_many_in_a_minute_as_lookups_and_beside_them(
        self, clock: TurnableClock
    ) -> None:
        allowance = allowing(2, 0, clock)
        before = refusals("renewals")

        assert [allowance.renewal(CLIENT) for _ in range(4)] == [True, True, False, False]
        assert refusals("renewals") == before + 2
        look_up(allowance)
        look_up(allowance)
        assert is_refused(allowance)
        assert allowance.renewal(OTHER)
        clock.turn(seconds=60)
        assert allowance.renewal(CLIENT)

    def test_zero_is_no_limit(self) -> None:
        allowance = allowing(0, 1)

        assert all(allowance.renewal(CLIENT) for _ in range(1000))

    def test_they_neither_take_places_nor_wait_for_one(self) -> None:
        """What is renewed was found: it is no guess."""
        allowance = allowing(0, 1, seconds=2 * LONGEST)
        assert all(allowance.renewal(CLIENT) for _ in range(3))
        with allowance.lookup(CLIENT):
            assert allowance.renewal(CLIENT)
        in_vain(allowance)

        assert allowance.renewal(CLIENT)
        assert is_refused(allowance)


class TestNotFound:
    def test_so_many_in_ten_minutes_and_no_more(self, clock: TurnableClock) -> None:
        allowance = allowing(0, 20, clock)
        assert allowed_in_vain(allowance) == 20
        with pytest.raises(TooManyTries) as refused:
            look_up(allowance)
        assert refused.value.retry_after == 600

        clock.turn(seconds=599.9)
        assert is_refused(allowance)
        clock.turn(seconds=0.1)
        assert allowed_in_vain(allowance) == 20

    def test_each_is_forgotten_ten_minutes_after_it_was_made(self, clock: TurnableClock) -> None:
        allowance = allowing(0, 20, clock)
        for _ in range(20):
            in_vain(allowance)
            clock.turn(seconds=10)
        assert is_refused(allowance)

        clock.turn(seconds=400)
        assert allowed_in_vain(allowance) == 1

    def test_what_was_found_is_given_back(self) -> None:
        allowance = allowing(0, 3)
        for _ in range(50):
            look_up(allowance)

        assert allowed_in_vain(allowance) == 3

    @pytest.mark.parametrize("error", [ProBroken(), ValueError(), TooManyTries(1)])
    def test_what_failed_is_given_back(self, error: Exception) -> None:
        allowance = allowing(0, 3)
        for _ in range(50):
            look_up(allowance, error=error)

        assert allowed_in_vain(allowance) == 3

    def test_a_thread_that_ends_gives_it_back(self) -> None:
        allowance = allowing(0, 1)
        with suppress(SystemExit), allowance.lookup(CLIENT):
            raise SystemExit

        assert not is_refused(allowance)

    def test_zero_is_no_limit(self) -> None:
        assert allowed_in_vain(allowing(MANY, 0), times=1000) == 1000

    def test_many_at_once_get_no_further_than_one_by_one(self) -> None:
        allowance = allowing(0, 20)

        assert Counter(many_at_once(allowance)) == {"not found": 20, "busy": 44}
        assert is_refused(allowance)

    def test_each_that_is_found_makes_room_for_one(self) -> None:
        allowance = allowing(0, 3)
        with ExitStack() as under_way:
            for _ in range(2):
                under_way.enter_context(allowance.lookup(CLIENT))
            with allowance.lookup(CLIENT):
                assert is_refused(allowance)
            assert not is_refused(allowance)


class TestManyBehindOneAddress:
    """They wait for each other for a while, before any of them is sent away."""

    def test_sixty_at_once_who_find_theirs_are_all_let_through(self) -> None:
        assert_all_are_let_through(allowing(0, 20, seconds=2 * LONGEST))

    def test_who_has_waited_as_long_as_a_lookup_may_take_is_told_to_come_back_soon(self) -> None:
        """That they have asked too much is told to nobody because of others."""
        allowance = allowing(0, 1)
        before = refusals("at_once")
        began = time.monotonic()
        with (
            allowance.lookup(CLIENT),
            pytest.raises(ProBusy) as refused,
            allowance.lookup(CLIENT),
        ):
            pass

        assert time.monotonic() - began >= 0.1
        assert 1 <= refused.value.retry_after <= 2
        assert refusals("at_once") == before + 1

    def test_nobody_waits_who_has_been_in_vain_too_often(self) -> None:
        allowance = allowing(0, 3, seconds=2 * LONGEST)
        assert allowed_in_vain(allowance) == 3

        began = time.monotonic()
        assert is_refused(allowance)
        assert time.monotonic() - began < LONGEST / 2

    def test_who_waits_while_the_others_are_in_vain_is_refused_then(self) -> None:
        allowance = allowing(0, 3, seconds=2 * LONGEST)
        all_in = threading.Barrier(3)

        def ask() -> str:
            try:
                with allowance.lookup(CLIENT):
                    all_in.wait(LONGEST)
                    raise ShipmentNotFound
            except ShipmentNotFound:
                return "not found"
            except TooManyTries as refused:
                return f"after {refused.retry_after}"

        assert Counter(at_once(*[ask] * 9)) == {"not found": 3, "after 600": 6}

    def test_so_many_wait_and_no_more(self) -> None:
        """Else one address would take all threads of a server."""
        allowance = allowing(0, 1, seconds=2 * LONGEST)
        with ExitStack() as under_way:
            under_way.enter_context(allowance.lookup(CLIENT))
            with crowd(*[lambda: is_refused(allowance)] * (MOST_WAITING + 1)) as begun:
                until(lambda: any(one.done() for one in begun))
                under_way.close()
            assert sum(one.result() for one in begun) == 1


def assert_all_are_let_through(*allowances: Allowance) -> None:
    """Sixty who ask at the same moment, twenty of them at a time."""
    twenty = threading.Barrier(20)

    def ask(allowance: Allowance) -> None:
        with allowance.lookup(CLIENT):
            twenty.wait(LONGEST)

    each = 60 // len(allowances)
    at_once(*[lambda one=one: ask(one) for one in allowances * each])


class TestBounds:
    def test_a_flood_of_clients_is_forgotten_but_not_who_goes_on(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tracking.counts._MOST_CLIENTS", 100)
        allowance = allowing(MANY, 3)
        assert allowed_in_vain(allowance) == 3
        for number in range(1000):
            in_vain(allowance, f"10.0.{number // 250}.{number % 250}")
            assert number % 50 or is_refused(allowance)

        assert is_refused(allowance)
        assert len(allowance._own._clients) == 100

    def test_it_takes_as_many_other_clients_to_be_forgotten(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tracking.counts._MOST_CLIENTS", 100)
        allowance = allowing(MANY, 3)
        assert allowed_in_vain(allowance) == 3
        for number in range(99):
            in_vain(allowance, f"10.0.0.{number}")
        assert is_refused(allowance)
        for number in range(100):
            in_vain(allowance, f"10.0.0.{number}")

        assert not is_refused(allowance)

    def test_who_is_forgotten_while_under_way_is_counted_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tracking.counts._MOST_CLIENTS", 1)
        allowance = allowing(MANY, 1)
        with suppress(ShipmentNotFound), allowance.lookup(CLIENT):
            in_vain(allowance, OTHER)
            raise ShipmentNotFound

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
        except ProBusy:
            all_counted.wait(LONGEST)
            return "busy"

    each = 64 // len(allowances)
    return at_once(*[lambda one=one: ask(one) for one in allowances * each])


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


class Process:
    """An allowance as each process of a fleet has it."""

    def __init__(
        self,
        url: str,
        clock: TurnableClock,
        lookups: int = 0,
        not_found: int = 20,
        seconds: float = 0.1,
    ) -> None:
        self.shared = Shared(connect(url), SIGNER, 4, clock.timer)
        self.allowance = Allowance(lookups, not_found, seconds, self.shared, clock.timer)


class TestRedis:
    def test_processes_count_together(self, redis: RedisServer, clock: TurnableClock) -> None:
        one, other = Process(redis.url, clock), Process(redis.url, clock)

        assert allowed_in_vain(one.allowance, times=12) == 12
        assert allowed_in_vain(other.allowance) == 8
        assert is_refused(one.allowance)
        assert not is_refused(one.allowance, OTHER)

    def test_many_at_once_in_several_get_no_further_than_one_by_one(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        processes = [Process(redis.url, clock) for _ in range(4)]

        outcomes = Counter(many_at_once(*(process.allowance for process in processes)))
        assert outcomes == {"not found": 20, "busy": 44}
        assert all(is_refused(process.allowance) for process in processes)

    def test_sixty_at_once_who_find_theirs_are_all_let_through(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        processes = [Process(redis.url, clock, seconds=2 * LONGEST) for _ in range(4)]

        assert_all_are_let_through(*(process.allowance for process in processes))

    def test_the_places_of_a_dead_process_become_free(
        self, redis: RedisServer, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tracking.allowance._BEYOND", 0.2)
        dead, alive = (Process(redis.url, clock, not_found=3) for _ in range(2))
        for place in "abc":
            assert dead.allowance._common.enter(CLIENT, place) == Verdict()

        assert is_refused(alive.allowance)
        until(lambda: takes_all(alive.allowance, 3))
        alive.shared.flush()

        assert redis.client.keys() == []

    def test_a_place_of_a_dead_process_stays_for_ten_minutes_at_most(
        self, redis: RedisServer, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who comes next clears away what has ended; where nobody comes, all goes at once."""
        monkeypatch.setattr("tracking.allowance._BEYOND", 0.2)
        process = Process(redis.url, clock, lookups=100, not_found=3)
        assert process.allowance._common.enter(CLIENT, "a") == Verdict()

        assert min(map(redis.client.pttl, redis.client.keys())) > 0
        (count,) = (one for one in redis.client.scan_iter() if redis.client.type(one) == b"zset")
        ((place, ends),) = redis.client.zrange(count, 0, -1, withscores=True)
        seconds, microseconds = redis.client.time()
        left = ends / 1000 - seconds - microseconds / 1e6
        assert place == b"a"
        assert left <= 0.3 < redis.client.pttl(count) / 1000 <= 600

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
        assert redis.client.zcard(name) == 3

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
        process.shared.flush()

        lives = sorted(map(redis.client.ttl, redis.client.keys()))
        assert len(lives) == 2
        assert 0 < lives[0] <= 60 < lives[1] <= 600

    def test_no_address_is_in_redis(self, redis: RedisServer, clock: TurnableClock) -> None:
        process = Process(redis.url, clock, lookups=100)
        networks = [network_of(one) for one in (CLIENT, "2001:db8:1:2::7", "::ffff:10.1.2.3")]
        for network in networks:
            in_vain(process.allowance, network)
        process.shared.flush()

        names = list(map(bytes.decode, redis.client.keys()))
        assert len(names) == 6
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
    @pytest.mark.parametrize("limits", [{"not_found": 20}, {"not_found": 0, "lookups": 20}])
    def test_a_count_that_somebody_planted_is_no_way_around(
        self, redis: RedisServer, clock: TurnableClock, plant: str, limits: dict[str, int]
    ) -> None:
        process = Process(redis.url, clock, **limits)
        in_vain(process.allowance)
        process.shared.flush()
        (name,) = redis.client.keys()
        redis.client.delete(name)
        getattr(redis.client, plant)(name, "<h1>")
        redis.client.expire(name, 60)

        assert allowed_in_vain(process.allowance) == 20

    def test_nor_the_end_of_all(self, redis: RedisServer, clock: TurnableClock) -> None:
        """Counts that would never end, or in times that nobody of ours could have written."""
        process = Process(redis.url, clock, lookups=100)
        in_vain(process.allowance)
        process.shared.flush()
        for name in redis.client.scan_iter():
            if redis.client.type(name) == b"zset":
                redis.client.zadd(name, {f"place {number}": 10**15 for number in range(20)})
            else:
                redis.client.set(name, 10**9)

        assert not is_refused(process.allowance)

    def test_a_lookup_takes_one_round_trip_whatever_limits_there_are(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        look_up(Process(redis.url, clock, lookups=100).allowance)  # Redis knows the script now
        with SlowProxy(redis.port, 0) as line:
            process = Process(line.url, clock, lookups=100)
            process.shared.later = lambda act: None  # what is written is not waited for
            look_up(process.allowance)

            assert line.round_trips == 1

    def test_renewals_are_counted_for_all_processes_in_one_round_trip_each(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        one = Process(redis.url, clock, lookups=2)
        assert one.allowance.renewal(CLIENT)
        one.shared.flush()
        with SlowProxy(redis.port, 0) as line:
            other = Process(line.url, clock, lookups=2)

            assert [other.allowance.renewal(CLIENT) for _ in range(2)] == [True, False]
            assert line.round_trips == 2
        assert sorted(map(redis.client.type, redis.client.keys())) == [b"string"]

    def test_without_a_limit_a_renewal_takes_none(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        with SlowProxy(redis.port, 0) as line:
            assert Process(line.url, clock).allowance.renewal(CLIENT)

            assert line.round_trips == 0

    def test_without_limits_it_takes_none(self, redis: RedisServer, clock: TurnableClock) -> None:
        with SlowProxy(redis.port, 0) as line:
            look_up(Process(line.url, clock, not_found=0).allowance)

            assert line.round_trips == 0
