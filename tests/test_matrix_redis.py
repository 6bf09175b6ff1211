"""Fault matrix, part D: whatever becomes of Redis, the page is the same as with a healthy one.

Each test is named by its row. What is about all processes is asked of a fleet of four.
"""

import json
import pickle
import random
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

import pytest
from werkzeug.test import TestResponse

from app import FOUND, MISSING, create_app
from tests.conftest import NOON, Shopper, TurnableClock
from tests.crowds import LONGEST, at_once, crowd, held, landed, lookup_of, until
from tests.fleet import (
    SECRET,
    Answer,
    Fleet,
    Line,
    Load,
    asked_at_once,
    calls_about,
    check_no_leak,
    packed,
    parcel,
    plant,
    question,
    signer,
    state_of,
)
from tests.matrix import CANARIES, DOWN, KEY, SIGNEE, SLACK, scan_for_leaks
from tests.redis_server import DrippingRedis, RedisServer, SlowProxy
from tests.shipments import event, new_reference
from tracking import calls, connection, envelope, metrics
from tracking.guard import BREAK
from tracking.pro.client import Client
from tracking.pro.deadline import Deadline
from tracking.pro.errors import ContentsForbidden
from tracking.pro.simulator import Fault, Simulator
from tracking.questions import Question
from tracking.references import Reference
from tracking.shared import Shared
from tracking.shipments import ShipmentPage

FOUR = 4  # processes
BUDGETS = {"PRO_UNITS_PER_MINUTE": "1000", "PRO_UNITS_PER_DAY": "100000"}
DEADLINE, LOCK = 2.5, 4.0  # seconds that PRO has, and that a claim to ask it lives

Make = Callable[..., Shopper]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Simulator]:
    with Simulator(key=KEY, stories=()) as pro:
        yield pro


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def fleet(upstream: Simulator, redis: RedisServer) -> Iterator[Fleet]:
    """Four processes as they are run."""
    with Fleet(upstream, FOUR, redis.url) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def patient(upstream: Simulator, redis: RedisServer) -> Iterator[Fleet]:
    """The same, but they wait for Redis for longer: a busy machine is no fault of it."""
    longer = connection.PATIENCE * SLACK
    url = f"{redis.url}?socket_timeout={longer}&socket_connect_timeout={longer}"
    with Fleet(upstream, FOUR, url) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisServer]:
    """For tests that change its settings."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def process(upstream: Simulator, own_redis: RedisServer, clock: TurnableClock) -> Make:
    """Another process of the same fleet, without a server, whose clock can be turned."""

    def start(**environ: str) -> Shopper:
        usual = {
            "PRO_API_URL": upstream.url,
            "PRO_API_KEY": upstream.key,
            "REDIS_URL": own_redis.url,
            "SECRET_KEY": SECRET,
        }
        return Shopper(create_app(usual | environ, clock, clock.timer).test_client())

    return start


@pytest.fixture(autouse=True)
def healthy(upstream: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """PRO answers, and counts anew."""
    upstream.heal()
    upstream.forget_calls()
    caplog.set_level("DEBUG", "tracking")


def look_up(shopper: Shopper, made: dict) -> TestResponse:
    return shopper.get("/parcel", reference=made["shipment_reference"])


def shows(answer: Answer | TestResponse, made: dict) -> bool:
    """Whether it is the page of that parcel, and of no other."""
    status = answer.status if isinstance(answer, Answer) else answer.status_code
    about = f'data-shipment-reference="{made["shipment_reference"]}"'
    return status == 200 and about in answer.text and answer.text.count("data-shipment-ref") == 1


def written(shopper: Shopper) -> None:
    """Wait until Redis has what is written later."""
    lookup_of(shopper).memory.shared.flush()


def redis_failures() -> float:
    (metric,) = metrics.redis_failures.collect()
    return sum(one.value for one in metric.samples if one.name.endswith("_total"))


def redis_states(lines: list[Line]) -> set[str]:
    """How Redis is, as each process last saw it."""
    return {json.loads(line.ask("/readyz").text)["redis"] for line in lines}


def find_redis_again(fleet: Fleet, upstream: Simulator) -> None:
    """Every process tries it again by itself, and then they share once more."""
    deadline = time.monotonic() + LONGEST
    seen = {"away"}
    while seen != {"answers"}:
        assert time.monotonic() < deadline, seen
        lines = [own[0] for own in fleet.lines(1).values()]
        for line in lines:
            assert line.look_up(parcel(upstream)["shipment_reference"]).status == 200
        seen = redis_states(lines)
        fleet.hang_up()
        time.sleep(0.2)
    made = parcel(upstream)
    answers = asked_at_once(fleet.crowd(FOUR), made["shipment_reference"])
    assert all(shows(answer, made) for answer in answers)
    assert calls_about(upstream, made) == 1


def test_B8_what_pro_asks_of_one_process_is_heard_by_all(patient, upstream, redis):
    first, *parcels = [parcel(upstream) for _ in range(4 * FOUR + 1)]
    lines = patient.crowd(4 * FOUR)
    pause = signer(upstream).name("pause")
    upstream.fault(Fault("status", status=429, retry_after=5))

    answers = [lines[0].look_up(first["shipment_reference"])]
    until(lambda: redis.client.exists(pause))
    asks = [
        partial(line.look_up, one["shipment_reference"])
        for line, one in zip(lines, parcels, strict=True)
    ]
    answers += at_once(*asks)

    assert redis.client.exists(pause)  # it is not over yet
    assert Counter(answer.status for answer in answers) == {503: 4 * FOUR + 1}
    assert len(upstream.calls) == 1
    upstream.heal()
    until(lambda: not redis.client.exists(pause))
    for line in lines:
        until(lambda line=line: shows(line.look_up(first["shipment_reference"]), first))
    check_no_leak(patient, answers, first, *parcels)


def test_D1_redis_refused_from_the_start(upstream):
    server = RedisServer()
    server.kill()
    made = parcel(upstream)
    try:
        with Fleet(upstream, 2, server.url) as fleet:
            answers = []
            for _ in range(3):
                lines = fleet.crowd(8)
                answers += asked_at_once(lines, made["shipment_reference"])

            assert all(shows(answer, made) for answer in answers)
            assert calls_about(upstream, made) == 2
            assert fleet.metric("redis_failures_total") >= 2
            assert redis_states(fleet.crowd(2)) == {"away"}
            server.restart()
            again = parcel(upstream)
            find_redis_again(fleet, upstream)
            answers += asked_at_once(fleet.crowd(8), again["shipment_reference"])
            assert calls_about(upstream, again) == 1
            check_no_leak(fleet, answers, made, again)
    finally:
        server.close()


@pytest.fixture
def broken_under_load(fleet, upstream, redis):
    """While shoppers look up what is known and what is not, Redis breaks, and comes back."""

    def act(break_it: Callable[[], None], mend_it: Callable[[], None]) -> None:
        find_redis_again(fleet, upstream)
        warm = [parcel(upstream) for _ in range(4)]
        cold = [parcel(upstream) for _ in range(3)]
        failures = fleet.metric("redis_failures_total")
        lines = fleet.crowd(2 * FOUR)
        for one in warm:
            asked_at_once(lines[:FOUR], one["shipment_reference"])
        upstream.forget_calls()
        with Load(lines, [one["shipment_reference"] for one in warm]) as load:
            load.goes_on()
            break_it()
            for one in cold:
                answers = asked_at_once(fleet.crowd(4 * FOUR), one["shipment_reference"])
                assert all(shows(answer, one) for answer in answers)
                assert 1 <= calls_about(upstream, one) <= FOUR
                assert max(answer.seconds for answer in answers) < 0.5 * SLACK
                check_no_leak(fleet, answers, one)
            load.goes_on()
            assert fleet.metric("redis_failures_total") > failures
            assert "away" in redis_states(fleet.crowd(FOUR))
            mend_it()
        assert load.statuses.keys() == {200}
        assert load.slowest < 0.15 * SLACK
        by_reference = {one["shipment_reference"]: one for one in warm}
        assert all(shows(answer, by_reference[asked]) for asked, answer in load.answers)
        assert [calls_about(upstream, one) for one in warm] == [0] * len(warm)
        find_redis_again(fleet, upstream)

    return act


def test_D2_redis_is_killed_under_load(broken_under_load, redis):
    def kill() -> None:
        pid = redis.pid
        redis.kill()
        assert state_of(pid) == ""

    broken_under_load(kill, redis.restart)


def test_D3_redis_hangs_and_comes_back(broken_under_load, redis):
    def freeze() -> None:
        redis.freeze()
        until(lambda: state_of(redis.pid) == "T")

    broken_under_load(freeze, redis.thaw)


def test_D3_the_name_of_redis_is_looked_up_for_ever(
    process, upstream, own_redis, clock, monkeypatch, caplog
):
    """A resolver may take half a minute: one page in five seconds waits a little for it."""
    answers, asked, really = threading.Event(), [], socket.getaddrinfo

    def resolve(host: str, *args: object, **kwargs: object) -> list:
        if host != "redis.test":
            return really(host, *args, **kwargs)
        asked.append(host)
        assert answers.wait(LONGEST)
        return really("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    shopper = process(REDIS_URL=own_redis.url.replace("127.0.0.1", "redis.test"), **BUDGETS)
    parcels = [parcel(upstream) for _ in range(8)]
    failures, seen = redis_failures(), []
    try:
        for _ in range(3):
            began = time.monotonic()
            shown = at_once(*[partial(look_up, shopper, one) for one in parcels])
            assert time.monotonic() - began < 0.5 * SLACK
            assert all(shows(answer, one) for answer, one in zip(shown, parcels, strict=True))
            seen += shown
            written(shopper)
            clock.turn(seconds=BREAK)
        assert asked == ["redis.test"]  # and no thread more waits for that
        assert redis_failures() > failures
        assert shopper.get("/readyz").json["redis"] == "away"
        assert len(upstream.calls) == len(parcels)
    finally:
        answers.set()

    until(lambda: finds_redis(shopper, upstream, clock))
    again = parcel(upstream)
    assert shows(look_up(shopper, again), again)
    written(shopper)
    assert shows(look_up(process(), again), again)  # another process has it from Redis
    assert calls_about(upstream, again) == 1
    clean(seen, caplog, *parcels)


def finds_redis(shopper: Shopper, upstream: Simulator, clock: TurnableClock) -> bool:
    """Whether it answers again, now that its time to be left alone is over."""
    clock.turn(seconds=BREAK)
    look_up(shopper, parcel(upstream))
    return shopper.get("/readyz").json["redis"] == "answers"


def test_D4_redis_is_slow(process, upstream, own_redis, monkeypatch):
    later: list[Callable[[], object]] = []
    monkeypatch.setattr(connection, "PATIENCE", connection.PATIENCE * SLACK)
    with SlowProxy(own_redis.port, 0.14) as proxy:
        shopper = process(REDIS_URL=proxy.url, **BUDGETS)
        look_up(shopper, parcel(upstream))  # scripts and connections are there now
        written(shopper)
        made = parcel(upstream)
        monkeypatch.setattr(Shared, "later", lambda self, act: later.append(act))
        before, began = proxy.round_trips, time.monotonic()

        answer = look_up(shopper, made)

        took, waited_for = time.monotonic() - began, proxy.round_trips - before
        assert shows(answer, made)
        assert waited_for <= 4
        assert waited_for * proxy.seconds <= took < 1.0 * SLACK
        assert later  # what is written is not waited for
        for act in later:
            act()
        upstream.forget_calls()
        again = process(REDIS_URL=proxy.url, **BUDGETS)
        before = proxy.round_trips
        assert shows(look_up(again, made), made)
        assert proxy.round_trips - before == 1
    assert shows(look_up(process(), made), made)
    assert upstream.calls == []


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("kind", ["shipment_reference", "custom_reference"])
def test_D4_a_shopper_waits_for_redis_four_times(
    kind, known, process, upstream, own_redis, monkeypatch
):
    """To recall, to be allowed, to claim and to spend; twice more where PRO is asked twice."""
    made = parcel(upstream)
    unknown = {
        "shipment_reference": new_reference(),
        "custom_reference": new_reference("order")[-30:],
    }
    with SlowProxy(own_redis.port, 0) as line:
        shopper = process(REDIS_URL=line.url, **BUDGETS)
        look_up(shopper, parcel(upstream))
        written(shopper)
        upstream.forget_calls()
        monkeypatch.setattr(Shared, "later", lambda self, act: None)
        before = line.round_trips

        answer = shopper.get("/parcel", reference=(made if known else unknown)[kind])

        assert answer.status_code == (200 if known else 404)
        assert line.round_trips - before == 2 + 2 * len(upstream.calls)
        assert len(upstream.calls) == (1 if known or kind == "shipment_reference" else 2)


def test_D4_redis_drips(process, upstream, caplog):
    """Each byte comes in time, and a whole answer would take 50 seconds."""
    made = parcel(upstream)
    with DrippingRedis(0.05) as redis:
        shopper = process(REDIS_URL=redis.url)
        began = time.monotonic()
        answers = [look_up(shopper, made), look_up(shopper, made)]
        took = time.monotonic() - began
        assert redis.dripped

    assert all(shows(answer, made) for answer in answers)
    assert took < 0.5 * SLACK
    assert calls_about(upstream, made) == 1
    clean(answers, caplog, made)


class Canary:
    """Pickled, it makes a folder where it is loaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.mkdir, (self._folder,)


SCRIPT = "<script>alert('poison')</script>"


@dataclass(frozen=True)
class Poisoner:
    """Somebody with access to Redis; `right` and `wrong` are packed entries, of another parcel."""

    pro: Simulator
    folder: Path
    right: bytes
    wrong: bytes

    @property
    def pickle(self) -> bytes:
        return pickle.dumps(Canary(self.folder))

    def ours(self, value: bytes) -> bytes:
        return signer(self.pro).sign(value)

    def theirs(self, value: bytes) -> bytes:
        return signer(self.pro, "another-secret-of-thirty-two-characters").sign(value)


POISONS: dict[str, Callable[[Poisoner], bytes]] = {
    "pickle": lambda by: by.pickle,
    "cachelib's pickle": lambda by: b"!" + by.pickle,
    "pickle signed by another": lambda by: by.theirs(by.pickle),
    "pickle signed by us": lambda by: by.ours(by.pickle),
    "garbage": lambda by: bytes(range(256)),
    "HTML": lambda by: SCRIPT.encode(),
    "HTML signed by us": lambda by: by.ours(SCRIPT.encode()),
    "nothing": lambda by: b"",
    "a mark alone": lambda by: b"j2:",
    "unsigned": lambda by: by.right,
    "unsigned JSON": lambda by: json.dumps({"shipments": [SCRIPT]}).encode(),
    "a signature of zeros": lambda by: b"j2:" + bytes(32) + by.wrong,
    "another's signature": lambda by: by.theirs(by.wrong),
    "half": lambda by: by.ours(by.right)[: len(by.right) // 2],
    "more behind": lambda by: by.ours(by.right) + b"x",
    "another parcel's entry": lambda by: by.ours(by.wrong),
    "nested deeply": lambda by: by.ours(zlib.compress(b"[" * 100_000)),
    "5 MB": lambda by: by.ours(by.right) + b" " * 5_000_000,
}


def _names_in_use(shopper: Shopper, upstream: Simulator, redis: RedisServer, made: dict) -> set:
    """Every key that Redis holds, from the first question to the answer, and after a failure."""
    upstream.fault(Fault("status", status=500, times=1), made["shipment_reference"])
    assert look_up(shopper, made).status_code == 503
    written(shopper)
    names = set(redis.client.keys())
    redis.client.flushall()
    ask = partial(look_up, shopper, made)
    with held(upstream, made["shipment_reference"]) as let_go, crowd(ask) as asked:
        until(lambda: calls_about(upstream, made) == 2)
        names |= set(redis.client.keys())
        let_go()
        assert shows(asked[0].result(LONGEST), made)
    written(shopper)
    return names | set(redis.client.keys())


@pytest.mark.parametrize("kind", POISONS)
def test_D5_D6_poison_in_every_key_is_a_miss(
    kind, process, upstream, own_redis, tmp_path, clock, caplog
):
    made, other = parcel(upstream), parcel(upstream)
    names = _names_in_use(process(**BUDGETS), upstream, own_redis, made)
    assert len(names) >= 7  # the answer, the claim, the failure, two limits and two budgets
    by = Poisoner(upstream, tmp_path / "canary", packed(made, NOON), packed(other, NOON))
    poison = POISONS[kind](by)
    own_redis.client.flushall()
    for name in names:
        own_redis.client.set(name, poison)
    upstream.forget_calls()

    shopper = process(**BUDGETS)
    answers = [look_up(shopper, made), look_up(shopper, made)]

    assert all(shows(answer, made) for answer in answers)
    assert "alert(" not in answers[0].text
    assert calls_about(upstream, made) == 1
    assert not by.folder.exists()
    written(shopper)
    rewritten = signer(upstream).name(question(made).key)
    assert own_redis.client.get(rewritten) != poison
    assert shows(look_up(process(**BUDGETS), made), made)  # and the next process is told
    assert calls_about(upstream, made) == 1
    clean(answers, caplog, made)


def test_D6_an_entry_of_another_account_is_a_miss_wherever_it_is_put(process, upstream, own_redis):
    """Whoever can write to Redis could else show what a stricter page hides."""
    made = parcel(upstream)
    shopper = process(PRIVACY="open")
    assert SIGNEE in look_up(shopper, made).text
    written(shopper)
    theirs = own_redis.client.get(signer(upstream, privacy="open").name(question(made).key))
    assert theirs
    own_redis.client.set(signer(upstream).name(question(made).key), theirs)
    upstream.forget_calls()

    answer = look_up(process(), made)

    assert shows(answer, made)
    assert SIGNEE not in answer.text
    assert calls_about(upstream, made) == 1


def clean(answers: list[TestResponse], caplog: pytest.LogCaptureFixture, *made: dict) -> None:
    """No leaks in answers and logs."""
    names = [one[name] for one in made for name in ("shipment_reference", "custom_reference")]
    logs = "\n".join(f"{one.getMessage()} {one.exc_text or ''}" for one in caplog.records)
    for answer in answers:
        scan_for_leaks(answer, logs, names, [*CANARIES, SECRET])


def wrong_type(redis: RedisServer, names: set[bytes]) -> None:
    for number, name in enumerate(sorted(names)):
        if number % 2:
            redis.client.lpush(name, SCRIPT)
        else:
            redis.client.hset(name, "field", SCRIPT)


def no_auth(redis: RedisServer, names: set[bytes]) -> None:
    redis.client.config_set("requirepass", "a-new-password")
    redis.client.execute_command("AUTH", "a-new-password")
    redis.client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def read_only(redis: RedisServer, names: set[bytes]) -> None:
    redis.client.replicaof("127.0.0.1", "1")


def master_down(redis: RedisServer, names: set[bytes]) -> None:
    redis.client.config_set("replica-serve-stale-data", "no")
    redis.client.replicaof("127.0.0.1", "1")


def full(redis: RedisServer, names: set[bytes]) -> None:
    redis.client.config_set("maxmemory-policy", "noeviction")
    redis.client.config_set("maxmemory", 1)


REFUSALS = {"WRONGTYPE": wrong_type, "NOAUTH": no_auth, "READONLY": read_only,
            "MASTERDOWN": master_down, "OOM": full}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSALS)
def test_D8_redis_refuses(kind, process, upstream, clock, caplog):
    with RedisServer() as redis:
        made, later = parcel(upstream), parcel(upstream)
        shopper = process(REDIS_URL=redis.url)
        names = _names_in_use(shopper, upstream, redis, made)
        redis.client.flushall()
        upstream.forget_calls()
        failures = redis_failures()
        REFUSALS[kind](redis, names)

        shopper = process(REDIS_URL=redis.url)
        began = time.monotonic()
        answers = [look_up(shopper, made), look_up(shopper, made)]

        assert all(shows(answer, made) for answer in answers)
        assert time.monotonic() - began < 0.2 * SLACK
        assert calls_about(upstream, made) == 1
        assert redis_failures() > failures
        clean(answers, caplog, made)
        redis.restart()
        clock.turn(seconds=BREAK + 1)
        assert shows(look_up(shopper, later), later)
        written(shopper)
        assert shows(look_up(process(REDIS_URL=redis.url), later), later)
        assert calls_about(upstream, later) == 1


class Saying:
    """In place of Redis: it says the same to everything."""

    def __init__(self, words: bytes) -> None:
        self.heard = 0
        self._words = words
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self._threads = [threading.Thread(target=self._accept)]
        self._visitors: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in [self._listener, *self._visitors]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LONGEST)
        for one in [self._listener, *self._visitors]:
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._listener.accept()
                self._visitors.append(visitor)
                self._threads.append(threading.Thread(target=self._answer, args=[visitor]))
                self._threads[-1].start()

    def _answer(self, visitor: socket.socket) -> None:
        with suppress(OSError):
            while asked := visitor.recv(2**16):
                self.heard += 1
                visitor.sendall(self._words * max(asked.count(b"\r\n*"), 1))


@pytest.mark.parametrize(
    "words",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MOVED 3999 127.0.0.1:1\r\n",
        b"-BUSY Redis is busy running a script\r\n",
        b"-ERR max number of clients reached\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$-1\r\n",
        b":1\r\n",
        b"+OK\r\n",
        b"*2\r\n:1\r\n$7\r\n<script\r\n",
        b"$99999999\r\nshort\r\n",
        b"\x00\xff\x00\r\n",
    ],
    ids=lambda words: words.split()[0].decode("latin-1"),
)
def test_D8_redis_talks_nonsense(words, process, upstream, caplog):
    made = parcel(upstream)
    with Saying(words) as redis:
        shopper = process(REDIS_URL=redis.url)
        began = time.monotonic()
        answers = [look_up(shopper, made), look_up(shopper, made)]
        took = time.monotonic() - began
        assert redis.heard
        written(shopper)

    assert all(shows(answer, made) for answer in answers)
    assert took < 0.5 * SLACK
    assert calls_about(upstream, made) == 1
    clean(answers, caplog, made)


def test_D9_redis_is_flushed_under_load(patient, upstream, redis):
    hot, cold = parcel(upstream), parcel(upstream)
    lines = patient.crowd(100)
    assert all(shows(answer, hot) for answer in asked_at_once(lines, hot["shipment_reference"]))
    assert calls_about(upstream, hot) == 1

    asks = [partial(line.look_up, hot["shipment_reference"]) for line in lines]
    flushed, *answers = at_once(redis.client.flushall, *asks)

    assert flushed
    assert all(shows(answer, hot) for answer in answers)
    assert calls_about(upstream, hot) == 1
    answers = asked_at_once(lines, cold["shipment_reference"])
    assert all(shows(answer, cold) for answer in answers)
    assert calls_about(upstream, cold) == 1
    check_no_leak(patient, answers, hot, cold)


def test_D9_redis_is_flushed_while_one_asks_for_all(patient, upstream, redis):
    made = parcel(upstream)
    reference = made["shipment_reference"]
    lines = patient.crowd(100)
    seen = _claims_seen(redis)
    asks = [partial(line.look_up, reference) for line in lines]
    with held(upstream, reference) as let_go, crowd(*asks) as begun:
        until(lambda: calls_about(upstream, made) == 1)
        until(lambda: _claims_seen(redis) > seen + 2 * FOUR)  # all four wait for it
        redis.client.flushall()
        seen = _claims_seen(redis)
        until(lambda: _claims_seen(redis) > seen + 2 * FOUR)
        let_go()
        answers = [one.result(LONGEST) for one in begun]

    assert all(shows(answer, made) for answer in answers)
    assert calls_about(upstream, made) == 1


def test_D9_redis_is_flushed_again_and_again_while_many_wait(patient, upstream, redis):
    made = [parcel(upstream) for _ in range(3)]
    lines = patient.crowd(40)
    over = threading.Event()

    def flush() -> None:
        while not over.wait(random.uniform(0.2, 0.4)):
            redis.client.flushall()

    upstream.fault(Fault("latency", seconds=0.2))
    with crowd(flush):
        try:
            answers = [asked_at_once(lines, one["shipment_reference"]) for one in made]
        finally:
            over.set()

    for one, told in zip(made, answers, strict=True):
        assert all(shows(answer, one) for answer in told)
        assert 1 <= calls_about(upstream, one) <= FOUR  # who has lost a claim cannot know


def _claims_seen(redis: RedisServer) -> int:
    """How many times a process has tried to be the one who asks."""
    return redis.client.info("commandstats").get("cmdstat_pttl", {}).get("calls", 0) // 2


def test_D10_the_process_that_asks_is_killed(patient, upstream, redis):
    made, old = parcel(upstream), parcel(upstream)
    reference = made["shipment_reference"]
    plant(redis.client, signer(upstream), old, datetime.now(UTC) - timedelta(minutes=10))
    upstream.fault(Fault("hang"), reference)
    upstream.fault(Fault("hang"), old["shipment_reference"])
    lines = patient.lines(3)
    holder, *others = lines
    for one in (made, old):
        assert not redis.client.exists(_lock(upstream, one))

    with crowd(partial(lines[holder][0].look_up, reference)) as lost:
        until(lambda: calls_about(upstream, made) == 1)
        began = time.monotonic()
        assert shows(lines[holder][1].look_up(old["shipment_reference"]), old)
        until(lambda: calls_about(upstream, old) == 1)
        waiting = [partial(lines[pid][0].look_up, reference) for pid in others]
        stale = [partial(lines[pid][1].look_up, old["shipment_reference"]) for pid in others]
        with crowd(*waiting, *stale) as begun:
            patient.kill(holder)
            cut = lost[0].result(LONGEST)
            answers = [one.result(LONGEST) for one in begun]

    assert holder not in patient.pids
    assert cut.status == 0
    cold, stale = answers[: len(others)], answers[len(others) :]
    for answer in cold:
        assert (answer.status, answer.headline) == (503, DOWN)
        assert int(answer.headers["Retry-After"]) > 0
        assert DEADLINE * 0.9 < answer.seconds < (DEADLINE + 0.2) * SLACK
    for answer in stale:
        assert shows(answer, old)
        assert answer.seconds < 0.05 * SLACK
    assert calls_about(upstream, made) == 1
    upstream.heal()
    until(lambda: not redis.client.exists(_lock(upstream, made)))
    assert time.monotonic() - began < LOCK * SLACK
    patient.wait_for_all()
    answers = asked_at_once(patient.crowd(4 * FOUR), reference)
    assert all(shows(answer, made) for answer in answers)
    assert calls_about(upstream, made) == 2
    check_no_leak(patient, [*cold, *stale, *answers], made, old)


def _lock(upstream: Simulator, made: dict) -> str:
    return signer(upstream).name(f"lock/{question(made).key}")


def test_D12_two_hundred_cold_callers_of_four_processes_cost_one_call(patient, upstream):
    made = parcel(upstream)
    lines = patient.crowd(50 * FOUR)
    upstream.fault(Fault("latency", seconds=0.3), made["shipment_reference"])

    answers = asked_at_once(lines, made["shipment_reference"])

    assert upstream.fired[-1] == "latency"
    assert all(shows(answer, made) for answer in answers)
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert calls_about(upstream, made) == 1
    check_no_leak(patient, answers, made)


def test_D12_what_is_not_found_costs_one_call_too(patient, upstream):
    unknown = new_reference()
    answers = asked_at_once(patient.crowd(100), unknown)

    assert Counter(answer.status for answer in answers) == {404: 100}
    assert sum(unknown in call.target for call in upstream.calls) == 1


def test_D13_fifty_who_see_what_is_old_cause_one_call_and_wait_for_nothing(
    patient, upstream, redis
):
    made = parcel(upstream)
    reference = made["shipment_reference"]
    then = datetime.now(UTC) - timedelta(minutes=10)
    plant(redis.client, signer(upstream), made, then)
    parcel_moves_on(upstream, made)
    lines = patient.crowd(52)
    with held(upstream, reference):
        answers = asked_at_once(lines, reference)
        until(lambda: calls_about(upstream, made))
        answers += asked_at_once(lines, reference)

    assert all(shows(answer, made) for answer in answers)
    assert max(answer.seconds for answer in answers) < 0.05 * SLACK
    assert all('data-status="in_transit"' in answer.text for answer in answers)
    assert all('data-fresh="fresh"' in answer.text for answer in answers)
    for pid in patient.pids:
        line = patient.lines(1)[pid][0]
        until(lambda line=line: 'data-status="out_for_delivery"' in line.look_up(reference).text)
    assert calls_about(upstream, made) == 1
    check_no_leak(patient, answers, made)


def parcel_moves_on(upstream: Simulator, made: dict) -> None:
    """PRO has news of it."""
    at = datetime.now(UTC).isoformat()
    upstream.put({**made, "events": [event("out_for_delivery", at=at), *made["events"]]})


def test_D14_what_is_older_than_a_day_is_not_shown(process, upstream, own_redis, clock, caplog):
    made = parcel(upstream)
    plant(own_redis.client, signer(upstream), made, NOON - timedelta(hours=24, seconds=1))
    shopper = process()
    upstream.fault(Fault("status", status=500), made["shipment_reference"])

    answer = look_up(shopper, made)

    assert (answer.status_code, upstream.fired[-1]) == (503, "status")
    assert DOWN in answer.text
    assert "data-shipment-reference" not in answer.text
    assert calls_about(upstream, made) == 1
    upstream.heal()
    assert shows(look_up(shopper, made), made)
    clean([answer], caplog, made)


def test_D15_a_failure_leaves_the_good_entry_alone(process, upstream, own_redis, clock, caplog):
    made = parcel(upstream)
    name = plant(own_redis.client, signer(upstream), made, NOON - timedelta(minutes=10))
    upstream.fault(Fault("status", status=500), made["shipment_reference"])
    shopper = process()

    answers = [look_up(shopper, made)]
    landed(shopper, made["shipment_reference"])
    written(shopper)
    answers += [look_up(shopper, made), look_up(process(), made)]

    assert upstream.fired[-1] == "status"
    assert all(shows(answer, made) for answer in answers)
    assert ["Live updates are delayed" in answer.text for answer in answers] == [False, True, True]
    assert "Last updated" in answers[1].text
    assert own_redis.client.ttl(name) > 80_000
    assert calls_about(upstream, made) == 1
    upstream.heal()
    clock.turn(seconds=20)
    look_up(shopper, made)
    landed(shopper, made["shipment_reference"])
    assert "Live updates are delayed" not in look_up(shopper, made).text
    assert calls_about(upstream, made) == 2
    clean(answers, caplog, made)


def test_D12_who_waits_while_another_is_forbidden_the_contents_is_told_as_much(
    process, upstream, own_redis, monkeypatch
):
    made, go_on, asked = parcel(upstream), threading.Event(), []

    def shipment_contents(self: Client, reference: str, deadline: Deadline) -> None:
        asked.append(reference)
        assert go_on.wait(LONGEST)
        raise ContentsForbidden("HTTP 403")

    monkeypatch.setattr(Client, "shipment_contents", shipment_contents)
    asks = [
        partial(one.get, "/parcel", reference=made["shipment_reference"], level="contents")
        for one in (process(), process())
    ]
    seen = _claims_seen(own_redis)
    with held(upstream, made["shipment_reference"]) as let_go, crowd(*asks) as begun:
        until(lambda: _claims_seen(own_redis) > seen + 2 * 2)  # one asks, and one waits for it
        assert len(asked) == 1
        go_on.set()
        until(lambda: upstream.calls)  # about the whole parcel instead
        seen = _claims_seen(own_redis)
        until(lambda: _claims_seen(own_redis) > seen + 3 or any(one.done() for one in begun))
        let_go()
        answers = [one.result(LONGEST) for one in begun]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (len(asked), len(upstream.calls)) == (1, 1)


def test_D16_a_flood_of_unknown_references_pushes_out_nothing_good(process, upstream, own_redis):
    shopper = process(LIMIT_LOOKUPS="0", LIMIT_NOT_FOUND="0")
    good = [parcel(upstream) for _ in range(400)]
    assert all(look_up(shopper, one).status_code == 200 for one in good)
    memory = lookup_of(shopper).memory
    nothing = memory.judge("not_found", "shipment", ShipmentPage((), 0))
    own = replace(memory, shared=None)
    for _ in range(10_000):
        own.keep((Question("reference", new_reference(), "shipment").key, nothing))
    written(shopper)
    own_redis.client.flushall()
    upstream.forget_calls()

    answers = [look_up(shopper, one) for one in good]

    assert sum(answer.status_code == 200 for answer in answers) >= 0.95 * len(good)
    assert upstream.calls == []
    missing, found = memory.missing.cache, memory.found.cache
    assert len(missing) <= MISSING["most_entries"]
    assert missing.bytes <= MISSING["most_bytes"]
    assert len(found) >= 0.95 * len(good)
    assert found.bytes <= FOUND["most_bytes"]


def test_D16_a_flood_of_unknown_references_is_gone_from_redis_within_a_minute(
    process, upstream, own_redis
):
    """So that one that evicts what it holds evicts nothing good."""
    shopper = process(LIMIT_LOOKUPS="0", LIMIT_NOT_FOUND="0")
    removed = parcel(upstream, state="removed")
    own_redis.client.flushall()
    for number in range(20):
        assert shopper.get("/parcel", reference=f"NOBODYS-{number}").status_code == 404
        assert shopper.get("/parcel", reference=new_reference()).status_code == 404
    assert look_up(shopper, removed).status_code == 410
    written(shopper)

    lives = [own_redis.client.pttl(name) for name in own_redis.client.scan_iter()]

    assert len(lives) == 20 * 3 + 20 + 1  # an order at either level, and that it is at neither
    assert all(0 < life <= 60_000 for life in lives)


@pytest.mark.parametrize(
    ("by", "state"),
    [("shipment_reference", None), ("shipment_reference", "removed"), ("custom_reference", None)],
)
@pytest.mark.parametrize("flushed", [False, True])
def test_B4_what_is_gone_comes_back_from_no_process(
    by, state, flushed, process, upstream, own_redis, clock
):
    """However often it is asked for meanwhile, and though Redis may have lost it before."""
    made = parcel(upstream)
    first, second = process(), process()
    for shopper in (first, second):
        assert shows(shopper.get("/parcel", reference=made[by]), made)
        written(shopper)
    upstream.remove(made["shipment_reference"])
    if state:
        upstream.put({**made, "state": state})
    if flushed:
        own_redis.client.flushall()
    lost = 410 if state else 404

    for _ in range(3):
        clock.turn(minutes=5)
        first.get("/parcel", reference=made[by])
        landed(first, made[by])
        assert first.get("/parcel", reference=made[by]).status_code == lost
        written(first)
    upstream.fault(Fault("status", status=500))
    clock.turn(hours=20)

    asked = Reference.parse(made[by])
    name = signer(upstream).name(Question(asked.kind, asked.text, "shipment").key)
    assert own_redis.client.ttl(name) > 23.5 * 3600
    assert second.get("/parcel", reference=made[by]).status_code == 503


def test_D16_a_flood_costs_no_more_than_the_budget(process, upstream):
    # Under a secret of its own: what a test before still asks for is not of this budget.
    own = {"SECRET_KEY": "of-this-flood-alone-" * 2, "PRO_UNITS_PER_DAY": "40"}
    shopper = process(LIMIT_LOOKUPS="0", LIMIT_NOT_FOUND="0", **own)
    made = parcel(upstream)
    assert shows(look_up(shopper, made), made)

    statuses = Counter(
        shopper.get("/parcel", reference=new_reference()).status_code for _ in range(100)
    )

    assert statuses == {404: 19, 503: 81}
    assert len(upstream.calls) == 20
    assert shows(look_up(shopper, made), made)


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(hours=1), timedelta(hours=-1)])
def test_D17_clocks_that_differ(ahead, process, upstream, own_redis, clock, caplog):
    """Another machine, or this one before its clock was set, wrote the time of an answer."""
    made = parcel(upstream)
    plant(own_redis.client, signer(upstream), made, NOON + ahead)
    shopper = process()

    answers = [look_up(shopper, made)]
    landed(shopper, made["shipment_reference"])
    told = shopper.json(made["shipment_reference"])

    assert shows(answers[0], made)
    assert datetime.fromisoformat(told["checked_at"]) <= clock()
    assert told["stale"] is False
    clock.turn(seconds=130)
    look_up(shopper, made)
    landed(shopper, made["shipment_reference"])
    assert calls_about(upstream, made) >= 1  # it was renewed in time all the same
    told = shopper.json(made["shipment_reference"])
    assert NOON <= datetime.fromisoformat(told["checked_at"]) <= clock()
    clean(answers, caplog, made)


@pytest.mark.parametrize("hours", [1, -1])
def test_D17_the_clock_is_set_while_it_runs(hours, process, upstream, clock):
    made = parcel(upstream)
    shopper = process()
    assert shows(look_up(shopper, made), made)
    written(shopper)

    clock.set(clock() + timedelta(hours=hours))
    assert shows(look_up(shopper, made), made)
    landed(shopper, made["shipment_reference"])
    told = shopper.json(made["shipment_reference"])
    assert datetime.fromisoformat(told["checked_at"]) <= clock()
    before = calls_about(upstream, made)
    assert before <= 2
    clock.turn(seconds=130)
    assert shows(look_up(shopper, made), made)
    landed(shopper, made["shipment_reference"])
    assert calls_about(upstream, made) == before + 1
    told = shopper.json(made["shipment_reference"])
    assert datetime.fromisoformat(told["checked_at"]) <= clock()


def test_D19_old_and_new_processes_ignore_each_others_entries(
    process, upstream, own_redis, monkeypatch, caplog
):
    made = parcel(upstream)
    old = process()
    assert shows(look_up(old, made), made)
    written(old)
    assert calls_about(upstream, made) == 1

    monkeypatch.setattr(envelope, "VERSION", envelope.VERSION + 1)
    new = process()
    answers = [look_up(new, made), look_up(new, made)]
    written(new)
    assert all(shows(answer, made) for answer in answers)
    assert calls_about(upstream, made) == 2

    monkeypatch.undo()
    answers += [look_up(old, made)]
    assert shows(answers[-1], made)
    assert calls_about(upstream, made) == 2  # what it was told itself it still knows
    assert shows(look_up(process(), made), made)
    assert calls_about(upstream, made) == 3
    clean(answers, caplog, made)


def test_D20_a_renewal_that_breaks_frees_its_place(
    process, upstream, own_redis, clock, monkeypatch, caplog
):
    made = parcel(upstream)
    plant(own_redis.client, signer(upstream), made, NOON - timedelta(minutes=10))
    shopper = process()
    broken: list[object] = []

    def break_down(shipments: object) -> None:
        broken.append(shipments)
        raise RuntimeError("a bug")

    monkeypatch.setattr(calls, "note_new_codes", break_down)
    answers = [look_up(shopper, made)]
    landed(shopper, made["shipment_reference"])
    assert len(broken) == 1
    assert calls_about(upstream, made) == 1
    assert [one.levelname for one in caplog.records if "RuntimeError" in one.getMessage()]
    for _ in range(5):  # and not a call for each that comes now
        clock.turn(seconds=2)
        answers.append(look_up(shopper, made))
        landed(shopper, made["shipment_reference"])
    assert calls_about(upstream, made) == 1

    monkeypatch.undo()
    clock.turn(seconds=20)
    answers.append(look_up(shopper, made))
    landed(shopper, made["shipment_reference"])
    assert all(shows(answer, made) for answer in answers)
    assert calls_about(upstream, made) == 2
    told = shopper.json(made["shipment_reference"])
    assert (told["stale"], told["checked_at"]) == (False, clock().isoformat())
    clean(answers, caplog, made)
