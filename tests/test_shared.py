"""What processes share in a real Redis, and that a Redis in trouble costs next to nothing."""

import pickle
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis.client import Pipeline
from redis.connection import Connection
from redis.exceptions import ResponseError

from tests.conftest import TurnableClock
from tests.crowds import LONGEST, at_once, until
from tests.redis_server import DrippingRedis, RedisServer, SlowProxy
from tracking import echo, metrics
from tracking.connection import PATIENCE, connect
from tracking.echo import Echo
from tracking.fleet import SharedGate
from tracking.guard import BREAK
from tracking.pro.budget import Sum
from tracking.shared import Shared
from tracking.signing import LARGEST, Signer

SIGNER = Signer(b"the-secret-that-signs-what-redis-keeps", "account")
REFERENCE = "ORDER-CANARY-1001"
DAY = 24 * 3600  # seconds
KEY = f"custom_reference/shipment/1/{REFERENCE}"
BUSY = 10  # times as long as stated may all take, for a machine that is busy


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """Redis, empty."""
    server.client.flushall()
    return server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis to be killed or frozen."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def process(redis: RedisServer, clock: TurnableClock) -> Shared:
    return shared(redis.url, clock)


@pytest.fixture
def other(redis: RedisServer, clock: TurnableClock) -> Shared:
    """Another process of the same fleet."""
    return shared(redis.url, clock)


def shared(url: str, clock: TurnableClock, longest_call: float = 4.0) -> Shared:
    return Shared(connect(url), SIGNER, longest_call, clock.timer)


def keep(process: Shared, key: str = KEY, value: bytes = b"value") -> None:
    process.settle({key: (value, 60)})
    process.flush()


def failures(kind: str) -> float:
    value = metrics.registry.get_sample_value("parcel_page_redis_failures_total", {"kind": kind})
    return value or 0


@contextmanager
def fails_as(kind: str) -> Iterator[None]:
    """In here Redis fails in one way, and it is counted."""
    before = failures(kind)
    yield
    assert failures(kind) > before


@contextmanager
def takes_at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds * BUSY


class TestConnecting:
    def test_it_uses_nothing_that_will_be_gone_soon(self, redis: RedisServer) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            client = connect(redis.url)
            assert client.ping()

        client.close()

    def test_a_new_connection_says_nothing_before_it_asks(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        with SlowProxy(redis.port, 0) as line:
            shared(line.url, clock).get(KEY)

            assert line.round_trips == 1

    def test_nobody_connects_before_there_is_something_to_ask(self, clock: TurnableClock) -> None:
        process = shared("redis://127.0.0.1:1/0", clock)

        assert process.answers


class TestKeeping:
    def test_what_one_process_keeps_another_gets(self, process: Shared, other: Shared) -> None:
        keep(process)

        assert other.get(KEY) == b"value"
        assert other.get("another key") is None

    def test_it_is_kept_for_its_seconds(self, process: Shared, redis: RedisServer) -> None:
        process.settle({"long": (b"value", 60), "short": (b"value", 0.0001)})
        process.flush()

        assert 59_000 < redis.client.pttl(SIGNER.name("long")) <= 60_000
        until(lambda: not redis.client.exists(SIGNER.name("short")))

    def test_what_takes_the_place_of_another_lives_as_long_as_that_would_have(
        self, process: Shared, redis: RedisServer
    ) -> None:
        """Others may remember the other for so long."""
        name = SIGNER.name(KEY)
        for value, seconds, left in [
            (b"old", 3600, 3600),
            (b"new", 60, 3600),
            (b"last", 7200, 7200),
        ]:
            process.settle({KEY: (value, seconds)})
            process.flush()

            assert process.get(KEY) == value
            assert left - 60 < redis.client.ttl(name) <= left

    @pytest.mark.parametrize(("planted", "most"), [(None, 60), (10_000_000, DAY)])
    def test_whatever_was_there_ends_within_a_day(
        self, process: Shared, redis: RedisServer, planted: int | None, most: int
    ) -> None:
        redis.client.set(SIGNER.name(KEY), b"planted", ex=planted)
        keep(process)

        assert 0 < redis.client.ttl(SIGNER.name(KEY)) <= most

    def test_no_name_tells_what_it_is_about(self, process: Shared, redis: RedisServer) -> None:
        claim = process.claim([KEY, f"absent/{KEY}"])
        process.settle({KEY: (b"value", 60)}, claim, failed=True)
        SharedGate(process).add(1, [Sum("minute/1", 0, 0, 10, 60)])
        process.flush()

        names = redis.client.keys()
        assert len(names) == 3
        assert [name for name in names if b"CANARY" in name or b"reference" in name] == []

    def test_another_account_sees_nothing(self, process: Shared, redis: RedisServer) -> None:
        stranger = Shared(connect(redis.url), Signer(SIGNER.secret, "another"), 4.0)
        keep(process)

        assert stranger.get(KEY) is None
        claim = process.claim([KEY])
        assert claim is not None
        theirs = stranger.claim([KEY])
        assert theirs is not None
        assert theirs.mine

    def test_a_value_too_large_is_not_kept_and_its_claim_ends(
        self, process: Shared, other: Shared
    ) -> None:
        claim = process.claim([KEY])
        process.settle({KEY: (b"x" * LARGEST, 60), "b": (b"small", 60)}, claim)
        process.flush()

        assert other.get(KEY) is None
        assert other.get("b") == b"small"
        claim = other.claim([KEY])
        assert claim is not None
        assert claim.mine


class Canary:
    """As pickle it makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.mkdir, (self.folder,)


def foreign(value: bytes) -> bytes:
    return Signer(b"a-secret-that-somebody-else-has-made", "account").sign(value)


POISON = {
    "html": b"<script>alert(1)</script>",
    "unsigned": b'{"outcome": "found"}',
    "marked and unsigned": b"j2:" + bytes(32) + b"value",
    "truncated": SIGNER.sign(b"value")[:-1],
    "prolonged": SIGNER.sign(b"value") + b"!",
    "another secret": foreign(b"value"),
    "another account": Signer(SIGNER.secret, "another").sign(b"value"),
    "oversized": SIGNER.sign(b"x" * 5_000_000),
    "empty": b"",
    "flask-caching's": b"!" + pickle.dumps("value"),
}


class TestPoison:
    """D5, D6, D8: what we did not sign is not there, and is written over."""

    @pytest.mark.parametrize("planted", POISON.values(), ids=POISON)
    def test_what_we_did_not_sign_is_not_there(
        self, redis: RedisServer, process: Shared, planted: bytes
    ) -> None:
        redis.client.set(SIGNER.name(KEY), planted)

        assert process.get(KEY) is None
        claim = process.claim([KEY])
        assert claim is not None
        assert list(claim.told) == [None]
        process.settle({KEY: (b"value", 60)}, claim)
        process.flush()
        assert process.get(KEY) == b"value"
        assert process.answers

    def test_a_pickle_is_never_read(
        self, redis: RedisServer, process: Shared, tmp_path: Path
    ) -> None:
        canary = pickle.dumps(Canary(tmp_path / "canary"))
        for planted in (canary, b"!" + canary, b"j2:" + canary):
            redis.client.set(SIGNER.name(KEY), planted)
            assert process.get(KEY) is None
            process.claim([KEY])
        assert not (tmp_path / "canary").exists()

        pickle.loads(canary)  # it would have sung
        assert (tmp_path / "canary").exists()

    @pytest.mark.parametrize("name", ["", "lock/", "failed/"])
    def test_a_key_of_another_type_stops_nobody_for_long(
        self, redis: RedisServer, process: Shared, name: str
    ) -> None:
        redis.client.lpush(SIGNER.name(name + KEY), "a list")

        assert process.get(KEY) is None
        claim = process.claim([KEY])
        keep(process)
        assert process.get(KEY) == b"value"
        assert process.answers
        process.settle({}, claim)
        process.flush()
        claim = process.claim([KEY])
        assert claim is not None
        assert claim.mine

    def test_a_key_of_another_type_is_counted(self, redis: RedisServer, process: Shared) -> None:
        redis.client.lpush(SIGNER.name(KEY), "a list")

        with fails_as("ResponseError"):
            assert process.get(KEY) is None

    @pytest.mark.parametrize("life", [None, 3_600_000])
    def test_a_lock_without_an_end_stops_nobody_for_ever(
        self, redis: RedisServer, process: Shared, life: int | None
    ) -> None:
        redis.client.set(SIGNER.name(f"lock/{KEY}"), "planted", px=life)

        assert process.claim([KEY]) is None  # as if there were no Redis: one asks at once
        process.flush()
        claim = process.claim([KEY])
        assert claim is not None
        assert claim.mine

    @pytest.mark.parametrize("left", [None, b"3000", [3000], 10**18, ResponseError("no PTTL")])
    def test_a_lock_of_which_nobody_tells_the_end_stops_nobody(
        self, process: Shared, monkeypatch: pytest.MonkeyPatch, left: object
    ) -> None:
        told = [True, [b"holder", None, None], left, -2, True]
        monkeypatch.setattr(Pipeline, "execute", lambda *_, **__: told)

        assert process.claim([KEY]) is None
        process.flush()
        assert process.answers
        told[2] = 3
        assert process.claim([KEY])

    def test_a_lock_with_odd_bytes_is_waited_for_until_it_ends(
        self, redis: RedisServer, process: Shared
    ) -> None:
        redis.client.set(SIGNER.name(f"lock/{KEY}"), b"\xff\x00<b>", px=50)

        claims = []
        until(lambda: claims.append(process.claim([KEY])) or claims[-1].mine)
        assert claims[-1].holder != claims[0].holder


class TestClaims:
    def test_one_process_of_all_may_ask(self, redis: RedisServer, clock: TurnableClock) -> None:
        processes = [shared(redis.url, clock) for _ in range(8)]

        claims = at_once(*[lambda one=one: one.claim([KEY]) for one in processes * 3])
        assert Counter(claim.mine for claim in claims) == {True: 1, False: 23}
        (holder,) = {claim.holder for claim in claims}
        assert holder == next(claim.holder for claim in claims if claim.mine)

    def test_claims_for_different_keys_do_not_meet(self, process: Shared, other: Shared) -> None:
        assert process.claim(["a"]).mine
        assert other.claim(["b"]).mine

    def test_who_waits_is_told_what_was_answered(self, process: Shared, other: Shared) -> None:
        claim = process.claim([KEY, "absence"])
        waiting = other.claim([KEY, "absence"])
        assert (waiting.mine, list(waiting.told)) == (False, [None, None])
        process.settle({"absence": (b"nothing there", 60)}, claim)
        process.flush()

        told = other.claim([KEY, "absence"])
        assert (told.mine, told.failed) == (True, None)
        assert list(told.told) == [None, b"nothing there"]

    def test_who_waits_is_told_that_it_was_in_vain(self, process: Shared, other: Shared) -> None:
        claim = process.claim([KEY])
        waited_for = other.claim([KEY]).holder
        process.settle({}, claim, failed=True)
        process.flush()

        told = other.claim([KEY])
        assert told.mine
        assert told.failed == waited_for == claim.holder

    def test_that_is_forgotten_soon(self, process: Shared, redis: RedisServer) -> None:
        process.settle({}, process.claim([KEY]), failed=True)
        process.flush()

        (name,) = redis.client.keys()
        assert 0 < redis.client.pttl(name) <= 3000

    def test_a_claim_that_is_not_used_leaves_nothing(
        self, process: Shared, redis: RedisServer
    ) -> None:
        process.settle({}, process.claim([KEY]))
        process.flush()

        assert redis.client.keys() == []

    def test_nothing_kept_and_nothing_claimed_is_nothing_to_write(
        self, process: Shared, redis: RedisServer
    ) -> None:
        keep(process)
        before = redis.client.info("commandstats").get("cmdstat_exec", {"calls": 0})["calls"]
        process.settle({})
        process.flush()

        assert redis.client.info("commandstats")["cmdstat_exec"]["calls"] == before

    def test_only_its_holder_ends_a_claim(
        self, process: Shared, other: Shared, redis: RedisServer
    ) -> None:
        late = process.claim([KEY])
        redis.client.delete(SIGNER.name(f"lock/{KEY}"))  # it lasted too long
        theirs = other.claim([KEY])
        assert theirs.mine
        process.settle({}, late)
        process.flush()

        still = process.claim([KEY])
        assert (still.mine, still.holder) == (False, theirs.holder)

    def test_the_claim_of_a_dead_process_ends_by_itself(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        dead, alive = (shared(redis.url, clock, longest_call=0.2) for _ in range(2))
        assert dead.claim([KEY]).mine
        claims = [alive.claim([KEY])]
        assert not claims[0].mine

        until(lambda: claims.append(alive.claim([KEY])) or claims[-1].mine)
        assert claims[-1].failed is None

    def test_a_claim_in_its_last_moment_is_still_one(
        self, process: Shared, other: Shared, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Redis says that no millisecond is left; who waits must not ask PRO for that."""
        holder = process.claim([KEY]).holder
        execute = Pipeline.execute

        def in_the_last_moment(pipeline: Pipeline, **how: bool) -> list:
            set_, get, _, *rest = execute(pipeline, **how)
            return [set_, get, 0, *rest]

        monkeypatch.setattr(Pipeline, "execute", in_the_last_moment)
        claim = other.claim([KEY])
        assert claim is not None
        assert (claim.mine, claim.holder) == (False, holder)

    def test_it_lasts_no_longer_than_the_longest_call(
        self, process: Shared, redis: RedisServer
    ) -> None:
        process.claim([KEY])

        assert 0 < redis.client.pttl(SIGNER.name(f"lock/{KEY}")) <= 4000

    @pytest.mark.parametrize(
        "ask", [lambda process: process.claim([KEY, "absence"]), lambda process: process.get(KEY)]
    )
    def test_it_takes_one_round_trip(
        self, redis: RedisServer, clock: TurnableClock, ask: Callable[[Shared], object]
    ) -> None:
        with SlowProxy(redis.port, 0) as line:
            process = shared(line.url, clock)
            ask(process)

            assert line.round_trips == 1


class TestFlushed:
    """While one process waits for what another is told, Redis may be flushed: it cannot know."""

    def test_what_others_wait_for_is_said_again(
        self, redis: RedisServer, process: Shared, other: Shared
    ) -> None:
        claim = process.claim(["hot"])
        assert not other.claim(["hot"]).mine
        other.flush()
        process.settle({"hot": (b"value", 60)}, claim)
        process.flush()
        for _ in range(3):
            redis.client.flushall()

            until(lambda: other.get("hot") == b"value")
        assert 0 < redis.client.ttl(SIGNER.name("hot")) <= 60

    def test_so_it_is_where_the_claim_was_lost(
        self, redis: RedisServer, process: Shared, other: Shared
    ) -> None:
        claim = process.claim(["lost"])
        redis.client.flushall()
        process.settle({"lost": (b"value", 60)}, claim)
        process.flush()
        redis.client.flushall()

        until(lambda: other.get("lost") == b"value")

    def test_however_long_that_takes_it_keeps_nothing_from_being_written(
        self, redis: RedisServer, process: Shared, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, answers = threading.Event(), threading.Event()
        monkeypatch.setattr(
            process.client, "exists", lambda *_: asked.set() or answers.wait(LONGEST)
        )
        claim = process.claim(["waited for"])
        redis.client.flushall()
        process.settle({"waited for": (b"value", 60)}, claim)
        assert asked.wait(LONGEST)

        with takes_at_most(PATIENCE):
            keep(process)
        answers.set()

    def test_nothing_newer_is_replaced_by_it(
        self, redis: RedisServer, process: Shared, other: Shared
    ) -> None:
        for key in ("replaced", "lost too"):
            claim = process.claim([key])
            redis.client.flushall()
            process.settle({key: (b"value", 60)}, claim)
        process.flush()
        redis.client.flushall()
        keep(other, "replaced", b"newer")

        until(lambda: other.get("lost too") == b"value")
        assert other.get("replaced") == b"newer"

    def test_what_nobody_waits_for_is_said_once(
        self, redis: RedisServer, process: Shared, other: Shared, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[object] = []
        monkeypatch.setattr(Echo, "add", lambda _, one: said.append(one))

        process.settle({KEY: (b"value", 60)}, process.claim([KEY]))
        process.flush()

        assert other.get(KEY) == b"value"
        assert said == []

    def test_after_a_while_nobody_waits(
        self, redis: RedisServer, process: Shared, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(echo, "WAITED", 0.5)
        claim = process.claim(["late"])
        redis.client.flushall()
        process.settle({"late": (b"value", 60)}, claim)
        process.flush()

        assert len(process._echo._said) == 1
        until(lambda: not process._echo._awake)
        assert not process._echo._said


class TestTrouble:
    """D1 to D4 and D8: it costs PATIENCE once in BREAK seconds, and never an exception."""

    def test_a_dead_redis_is_a_miss(self, own_redis: RedisServer, clock: TurnableClock) -> None:
        process = shared(own_redis.url, clock)
        keep(process)
        own_redis.kill()

        with fails_as("ConnectionError"), takes_at_most(PATIENCE):
            assert process.get(KEY) is None
            assert process.claim([KEY]) is None
            assert SharedGate(process).add(1, [Sum("minute/1", 0, 0, 10, 60)]) is None
            assert not process.answers

    def test_one_that_was_never_there_is_a_miss(self, clock: TurnableClock) -> None:
        process = shared("redis://127.0.0.1:1/0", clock)

        with takes_at_most(PATIENCE):
            assert process.get(KEY) is None
        assert not process.answers

    def test_a_frozen_one_costs_its_patience_once(
        self, own_redis: RedisServer, clock: TurnableClock
    ) -> None:
        process = shared(own_redis.url, clock)
        keep(process)
        own_redis.freeze()

        with fails_as("TimeoutError"), takes_at_most(PATIENCE):
            assert process.get(KEY) is None
            for _ in range(1000):
                assert process.get(KEY) is None
                assert process.claim([KEY]) is None
        assert not process.answers

    @pytest.mark.parametrize("trouble", ["freeze", "kill"])
    def test_it_is_used_again_when_it_answers_again(
        self, own_redis: RedisServer, clock: TurnableClock, trouble: str
    ) -> None:
        process = shared(own_redis.url, clock)
        at_once(*[lambda: process.get(KEY)] * 5)  # several connections
        getattr(own_redis, trouble)()
        assert process.get(KEY) is None
        own_redis.thaw() if trouble == "freeze" else own_redis.restart()

        clock.turn(seconds=BREAK - 0.1)
        keep(process)
        assert not process.answers
        clock.turn(seconds=0.1)
        keep(process)
        assert process.get(KEY) == b"value"
        assert process.answers

    def test_after_the_break_one_of_fifty_tries(
        self, own_redis: RedisServer, clock: TurnableClock
    ) -> None:
        process = shared(own_redis.url, clock)
        own_redis.freeze()
        process.get(KEY)
        tries = []

        def ask() -> None:
            tries.append(threading.get_ident())
            process.client.get(KEY)

        for rounds in (1, 2, 3):
            clock.turn(seconds=BREAK)
            at_once(*[lambda: process.attempt(ask, None)] * 50)
            assert len(tries) == rounds

    def test_those_who_asked_at_the_same_moment_each_wait_once(
        self, own_redis: RedisServer, clock: TurnableClock
    ) -> None:
        process = shared(own_redis.url, clock)
        own_redis.freeze()

        with takes_at_most(PATIENCE):
            assert at_once(*[lambda: process.get(KEY)] * 30) == [None] * 30

    def test_a_slow_one_is_slow_and_no_more(self, redis: RedisServer, clock: TurnableClock) -> None:
        with SlowProxy(redis.port, 0.05) as line:
            process = shared(line.url, clock)
            keep(process)

            assert process.get(KEY) == b"value"
            assert process.answers
            assert line.round_trips == 2

    def test_one_slower_than_its_patience_is_as_good_as_dead(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        with SlowProxy(redis.port, 60) as line, fails_as("TimeoutError"):
            process = shared(line.url, clock)
            with takes_at_most(PATIENCE):
                assert process.claim([KEY]) is None
                assert process.get(KEY) is None
            assert line.round_trips == 1

    @pytest.mark.parametrize(
        "ask", [lambda process: process.get(KEY), lambda process: process.claim([KEY])]
    )
    def test_one_that_drips_is_as_good_as_dead(
        self, clock: TurnableClock, ask: Callable[[Shared], object]
    ) -> None:
        """Each byte comes in time, and all of them would take 50 seconds."""
        with DrippingRedis(PATIENCE / 3) as redis, fails_as("TimeoutError"):
            process = shared(redis.url, clock)
            with takes_at_most(PATIENCE):
                assert ask(process) is None
            assert redis.dripped >= 1
            assert not process.answers

    def test_what_came_in_time_is_read_however_late_we_look(
        self, redis: RedisServer, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The machine may be so busy that we do not run for longer than our patience."""
        keep(process := shared(redis.url, clock))
        read = Connection.read_response

        def too_late(connection: Connection, **how: bool) -> object:
            time.sleep(2 * PATIENCE)
            return read(connection, **how)

        monkeypatch.setattr(Connection, "read_response", too_late)
        assert process.get(KEY) == b"value"
        assert process.answers

    def test_each_answer_has_its_patience_anew(
        self, redis: RedisServer, clock: TurnableClock
    ) -> None:
        """Also on a line that was used before, and on one that was idle."""
        with SlowProxy(redis.port, PATIENCE / 3) as line:
            process = shared(line.url.replace("/0", "/1"), clock)
            for _ in range(5):
                assert process.claim([KEY]) is not None
                assert process.answers
            assert line.round_trips == 6  # it has asked for database 1

    def test_a_full_one_takes_nothing_and_stops_nobody(self, clock: TurnableClock) -> None:
        with RedisServer("--maxmemory", "1mb", "--maxmemory-policy", "noeviction") as full:
            with suppress(Exception):  # it may be full from the start
                while True:
                    full.client.lpush("filler", b"x" * 10_000)
            process = shared(full.url, clock)

            with fails_as("OutOfMemoryError"), takes_at_most(PATIENCE):
                assert process.claim([KEY]) is None
                keep(process)
                assert process.get(KEY) is None
                assert SharedGate(process).add(1, [Sum("minute/1", 0, 0, 10, 60)]) is None
            assert process.answers

            full.client.delete("filler")
            full.client.config_set("maxmemory", "0")
            keep(process)
            assert process.get(KEY) == b"value"

    def test_a_full_one_tells_what_it_has_though_it_takes_nothing(
        self, clock: TurnableClock
    ) -> None:
        with RedisServer("--maxmemory-policy", "noeviction") as full:
            process, told = shared(full.url, clock), []
            keep(process)
            full.client.config_set("maxmemory", "1")

            with fails_as("OutOfMemoryError"):
                new = {KEY: (b"new", 60.0)}
                process.settle(new, watched=[KEY, "never kept"], then=told.append)
                process.flush()

        assert told == [[b"value", None]]

    def test_one_that_wants_a_password_is_as_good_as_dead(self, clock: TurnableClock) -> None:
        with RedisServer("--requirepass", "a-password") as closed:
            process = shared(closed.url, clock)

            with fails_as("AuthenticationError"):
                assert process.get(KEY) is None
                assert process.claim([KEY]) is None
            assert not process.answers
            keep(admitted := shared(closed.url.replace("//", "//:a-password@"), clock))
            assert admitted.get(KEY) == b"value"

    def test_one_that_only_reads_stops_nobody(self, clock: TurnableClock) -> None:
        with RedisServer("--replicaof", "127.0.0.1", "1") as replica:
            process = shared(replica.url, clock)

            with fails_as("ReadOnlyError"):
                assert process.claim([KEY]) is None
                keep(process)
            assert process.get(KEY) is None
            assert process.answers

    def test_whatever_goes_wrong_is_a_miss(self, redis: RedisServer, clock: TurnableClock) -> None:
        process = shared(redis.url, clock)

        with fails_as("ZeroDivisionError"):
            assert process.attempt(lambda: 1 // 0, 17) == 17
        assert not process.answers

    def test_the_end_of_the_process_is_not_swallowed(self, process: Shared) -> None:
        def end() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            process.attempt(end, None)

    def test_what_is_logged_tells_no_secret(
        self, clock: TurnableClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        process = shared("redis://:a-password@127.0.0.1:1/0", clock)
        process.get(KEY)

        assert [record.getMessage() for record in caplog.records] == [
            "Redis failed: ConnectionError"
        ]


class TestLater:
    def test_what_is_written_is_waited_for_by_nobody(
        self, process: Shared, redis: RedisServer
    ) -> None:
        begin = threading.Event()
        process.later(lambda: begin.wait(LONGEST))
        process.settle({KEY: (b"value", 60)})
        assert redis.client.keys() == []
        begin.set()
        process.flush()

        assert process.get(KEY) == b"value"

    def test_a_flush_waits_until_all_is_written(self, process: Shared) -> None:
        begin, written = threading.Event(), []
        process.later(lambda: begin.wait(LONGEST))
        for number in range(100):
            process.later(lambda number=number: written.append(number))
        assert written == []
        begin.set()
        process.flush()

        assert written == list(range(100))

    def test_a_thousand_wait_and_what_comes_then_is_dropped(self, process: Shared) -> None:
        begin, written = threading.Event(), []
        process.later(lambda: begin.wait(LONGEST))
        with fails_as("dropped"):
            for number in range(1200):
                process.later(lambda number=number: written.append(number))
        begin.set()
        process.flush()
        assert written == list(range(999))

        process.later(lambda: written.append("after"))
        process.flush()
        assert written[-1] == "after"

    def test_what_fails_harms_nothing_that_comes_after(self, process: Shared) -> None:
        process.later(lambda: process.client.execute_command("NO-SUCH-COMMAND"))
        keep(process)

        assert process.get(KEY) == b"value"
