"""Fault matrix, part E: the server under load, under signals and in poor surroundings.

Each test is named by its row and asks the page as it is run.
"""

import fcntl
import os
import resource
import shutil
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from jinja2 import DictLoader

from tests.conftest import Shopper
from tests.crowds import LONGEST, at_once, crowd, held, until
from tests.fleet import (
    METRICS_TOKEN,
    ROOT,
    Answer,
    Fleet,
    Line,
    Load,
    asked_at_once,
    calls_about,
    check_no_leak,
    parcel,
    plant,
    signer,
    state_of,
)
from tests.matrix import DOWN, KEY, SLACK
from tests.redis_server import RedisServer
from tracking import pages
from tracking.heartbeat import BEAT, LONGEST_PAUSE
from tracking.pro.client import MOST_CALLS
from tracking.pro.simulator import Fault, Simulator
from tracking.serving import _obstacle

HEADER_TIMEOUT = 5.0  # seconds that a line may be silent
SHOWN = "data-shipment-reference"
_ESTABLISHED = "01"  # as the kernel says it
BROKEN = "Something went wrong on our side"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Simulator]:
    with Simulator(key=KEY, stories=()) as pro:
        yield pro


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def one(upstream: Simulator) -> Iterator[Fleet]:
    """One process, as it is run."""
    with Fleet(upstream) as fleet:
        yield fleet


@pytest.fixture(autouse=True)
def healthy(upstream: Simulator) -> None:
    """PRO answers, and counts anew."""
    upstream.heal()
    upstream.forget_calls()


@pytest.fixture
def hot(one: Fleet, upstream: Simulator) -> dict:
    """A parcel that was seen before."""
    made = parcel(upstream)
    assert one.look_up(made["shipment_reference"]).status == 200
    return made


def shows(answer: Answer, made: dict) -> bool:
    return answer.status == 200 and answer.is_about == made["shipment_reference"]


def test_what_one_process_answers_from_memory_another_tells_a_second_later(upstream):
    made = parcel(upstream)
    with Fleet(upstream, 2) as fleet:
        one, other = (line for (line,) in fleet.lines(1).values())
        for _ in range(6):
            assert shows(one.look_up(made["shipment_reference"]), made)

        told = 'parcel_page_answers_total{made="before",status="200"} 5.0'
        allowed = f"Bearer {METRICS_TOKEN}"
        until(lambda: told in other.ask("/metrics", Authorization=allowed).text)


def to_the_one_that_watches(fleet: Fleet) -> None:
    fleet.process.send_signal(signal.SIGTERM)


def to_all_processes(fleet: Fleet) -> None:
    os.killpg(fleet.process.pid, signal.SIGTERM)


@pytest.mark.parametrize("send", [to_the_one_that_watches, to_all_processes])
def test_E1_who_is_being_answered_when_it_is_told_to_stop_gets_the_answer(send, upstream):
    with Fleet(upstream, 2) as fleet:
        hot, cold = parcel(upstream), [parcel(upstream) for _ in range(8)]
        idle = fleet.crowd(4)
        asked_at_once(idle, hot["shipment_reference"])
        lines = fleet.crowd(len(cold))
        upstream.forget_calls()
        upstream.fault(Fault("latency", seconds=0.7))
        asks = [
            partial(line.look_up, made["shipment_reference"])
            for line, made in zip(lines, cold, strict=True)
        ]
        with Load(fleet.crowd(4), [hot["shipment_reference"]]) as load, crowd(*asks) as begun:
            until(lambda: len(upstream.calls) == len(cold))
            began = time.monotonic()
            send(fleet)
            answers = [one.result(LONGEST) for one in begun]
            code = fleet.process.wait(LONGEST)
        took = time.monotonic() - began

        assert code == 0
        assert took < 25
        assert all(shows(answer, made) for answer, made in zip(answers, cold, strict=True))
        assert load.statuses[200] > 0
        assert load.statuses.keys() <= {200, 0}  # nobody is told of an error; lines are closed
        with pytest.raises(OSError, match="refused"):
            Line(fleet.port)
        check_no_leak(fleet, answers, *cold)


def test_E1_nobody_waits_at_a_door_that_will_not_be_opened(upstream):
    """While the last answers are on their way, who comes is refused at once."""
    with Fleet(upstream, 2, PRO_DEADLINE="15") as fleet:
        cold = parcel(upstream)
        line = fleet.crowd(2)[0]
        upstream.forget_calls()
        ask = partial(line.look_up, cold["shipment_reference"])
        with held(upstream, cold["shipment_reference"]) as let_go, crowd(ask) as begun:
            until(lambda: upstream.calls)
            fleet.process.send_signal(signal.SIGTERM)
            until(lambda: _is_refused(fleet))
            refused = [_is_refused(fleet) for _ in range(20)]
            still_there = fleet.process.poll() is None and not begun[0].done()
            let_go()
            answer = begun[0].result(LONGEST)

        assert still_there
        assert all(refused)
        assert shows(answer, cold)


def _is_refused(fleet: Fleet) -> bool:
    try:
        Line(fleet.port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_E2_a_killed_process_comes_back_and_harms_only_whom_it_served(upstream, redis):
    with Fleet(upstream, 2, redis.url) as fleet:
        hot, cold = parcel(upstream), parcel(upstream)
        victim, other = fleet.pids
        lines = fleet.lines(4)
        asked_at_once([lines[victim][0], lines[other][0]], hot["shipment_reference"])
        upstream.forget_calls()
        upstream.fault(Fault("hang"), cold["shipment_reference"])
        with (
            Load(lines[other][1:], [hot["shipment_reference"]]) as load,
            crowd(partial(lines[victim][1].look_up, cold["shipment_reference"])) as begun,
        ):
            until(lambda: upstream.calls)
            fleet.kill(victim)
            cut = begun[0].result(LONGEST)
            load.goes_on()

        assert cut.status == 0
        assert load.statuses.keys() == {200}
        assert load.slowest < 0.1 * SLACK
        fleet.wait_for_all()
        assert other in fleet.pids
        assert victim not in fleet.pids
        answers = asked_at_once(fleet.crowd(8), hot["shipment_reference"])
        assert all(shows(answer, hot) for answer in answers)
        assert calls_about(upstream, hot) == 0  # the new one was told by Redis
        check_no_leak(fleet, answers, hot, cold)


def test_E2_all_processes_killed_at_once_come_back(upstream):
    with Fleet(upstream, 3) as fleet:
        killed = fleet.pids
        fleet.kill(*killed)

        fleet.wait_for_all()

        assert len(fleet.pids) == 3
        assert not set(killed) & set(fleet.pids)
        made = parcel(upstream)
        assert shows(fleet.look_up(made["shipment_reference"]), made)


def test_E2_one_killed_again_as_soon_as_it_is_back_comes_back_again(upstream):
    with Fleet(upstream, 2) as fleet:
        first, other = fleet.pids
        fleet.kill(first)
        fleet.wait_for_all()
        (second,) = set(fleet.pids) - {other}
        fleet.kill(second)

        fleet.wait_for_all()

        assert other in fleet.pids
        assert len(fleet.pids) == 2
        made = parcel(upstream)
        assert shows(fleet.look_up(made["shipment_reference"]), made)


def test_E2_processes_killed_before_they_had_begun_are_forgotten_when_others_have(upstream):
    """However long ago that was, the next that is killed is begun again as ever."""
    fleet = Fleet(upstream, 2).start()
    try:
        until(lambda: len(fleet.pids) == 2)
        fleet.kill(*fleet.pids)
        fleet.wait_for_all()
        assert len(fleet.pids) == 2
        fleet.kill(fleet.pids[0])
        fleet.wait_for_all()
        assert len(fleet.pids) == 2
    finally:
        fleet.stop()


def test_E2_a_stopped_process_is_ended_and_begun_again(upstream):
    """The kernel goes on giving it a share of all who come."""
    with Fleet(upstream, 3) as fleet:
        made = parcel(upstream)
        victim, *others = fleet.pids
        lines = fleet.lines(4)
        asked_at_once([own[0] for own in lines.values()], made["shipment_reference"])
        os.kill(victim, signal.SIGSTOP)
        until(lambda: state_of(victim) == "T")
        with (
            Load(lines[others[0]], [made["shipment_reference"]]) as load,
            crowd(*(partial(line.look_up, made["shipment_reference"]) for line in lines[victim])),
        ):
            began = time.monotonic()
            strangers = [partial(fleet.look_up, made["shipment_reference"]) for _ in range(30)]
            answers = at_once(*strangers)
            took = time.monotonic() - began
            until(lambda: victim not in fleet.pids)
            fleet.wait_for_all()

        waited = sum(answer.seconds > BEAT / 2 for answer in answers)
        assert waited  # it was given some, and the next in its place had them
        assert all(shows(answer, made) for answer in answers)
        assert took < 10 * LONGEST_PAUSE
        assert load.statuses.keys() == {200}
        assert set(others) < set(fleet.pids)
        again = [fleet.look_up(made["shipment_reference"]) for _ in range(60)]
        assert all(shows(answer, made) for answer in again)
        check_no_leak(fleet, [*answers, *again], made)


@pytest.mark.parametrize("processes", [1, 3])
def test_E2_no_process_outlives_the_one_that_watches(processes, upstream):
    with Fleet(upstream, processes) as fleet:
        made, cold = parcel(upstream), parcel(upstream)
        assert shows(fleet.look_up(made["shipment_reference"]), made)
        pids, line = fleet.pids, fleet.crowd(processes)[0]
        upstream.forget_calls()
        upstream.fault(Fault("latency", seconds=1.5), cold["shipment_reference"])
        with crowd(partial(line.look_up, cold["shipment_reference"])) as begun:
            until(lambda: upstream.calls)
            os.kill(fleet.process.pid, signal.SIGKILL)
            fleet.process.wait(LONGEST)
            answer = begun[0].result(LONGEST)
        until(lambda: not [pid for pid in pids if state_of(pid) not in {"", "Z"}])

        assert shows(answer, cold)  # who was being answered is
        until(lambda: _obstacle("127.0.0.1", fleet.port) is None)


@contextmanager
def silent(fleet: Fleet, number: int, says: bytes = b"") -> Iterator[list[socket.socket]]:
    """So many who connect, send little or nothing, and wait."""
    with ExitStack() as stack:
        lines = []
        for _ in range(number):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", fleet.port), LONGEST))
            line.sendall(says)
            lines.append(line)
        yield lines


HALF = b"GET /parcel?reference=1 HTTP/1.1\r\nHost: x\r\nX-Half: "


def test_E3_all_processes_are_replaced_under_load_and_nobody_is_lost(upstream):
    """By SIGHUP to the one that watches; by themselves they are not."""
    made = parcel(upstream)
    with Fleet(upstream, 2) as fleet:
        before, over = set(fleet.pids), threading.Event()
        newcomers: list[Answer] = []

        def come_anew() -> None:
            while not over.is_set():
                newcomers.append(fleet.look_up(made["shipment_reference"]))

        with Load(fleet.crowd(4), [made["shipment_reference"]]) as load, crowd(*[come_anew] * 4):
            try:
                fleet.process.send_signal(signal.SIGHUP)
                until(lambda: len(fleet.pids) == 2 and not before & set(fleet.pids))
                fleet.wait_for_all()
                load.goes_on()
            finally:
                over.set()

        answers = [*newcomers, *(answer for _, answer in load.answers)]
        assert Counter(answer.status for answer in answers).keys() == {200}
        assert all(shows(answer, made) for answer in answers)
        check_no_leak(fleet, answers[:1], made)


def cpu_of(pid: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_E3_who_is_told_to_stop_while_processes_are_replaced_stops_at_once(upstream):
    with Fleet(upstream, 4) as fleet:
        before = set(fleet.pids)
        fleet.process.send_signal(signal.SIGHUP)
        until(lambda: len(set(fleet.pids) | before) > len(before))
        began = time.monotonic()

        code = fleet.stop()
        took = time.monotonic() - began

    assert code == 0
    assert took < 10 * 1.0  # seconds; to replace them all takes longer


def test_E3_one_that_is_killed_while_others_are_replaced_is_begun_again_at_once(upstream):
    made = parcel(upstream)
    with Fleet(upstream, 3) as fleet:
        before = fleet.pids
        upstream.forget_calls()
        cold, line = parcel(upstream), fleet.lines(1)[before[0]][0]
        upstream.fault(Fault("hang"), cold["shipment_reference"])
        with crowd(partial(line.look_up, cold["shipment_reference"])):
            until(lambda: upstream.calls)  # the first waits for PRO, and so do those after it
            fleet.process.send_signal(signal.SIGHUP)
            until(lambda: len(fleet.pids) > len(before))
            fleet.kill(before[2])
            until(lambda: len(set(fleet.pids) - set(before)) > 1)

            assert before[1] in fleet.pids  # its turn has not come yet
        until(lambda: len(fleet.pids) == 3 and not set(before) & set(fleet.pids))
        assert shows(fleet.look_up(made["shipment_reference"]), made)
        used = cpu_of(fleet.process.pid)
        time.sleep(1)
        assert cpu_of(fleet.process.pid) - used < 0.2  # the one that watches waits, and no more
        assert fleet.stop() == 0


def test_E3_those_that_serve_stay_where_the_next_cannot_begin(copy, upstream):
    made = parcel(upstream)
    fleet = Fleet(upstream, 2).start(root=copy)
    try:
        fleet.wait_for_all()
        before, app = set(fleet.pids), (copy / "app.py").read_text()
        (copy / "app.py").write_text(app + "\nraise SystemExit(3)\n")
        fleet.process.send_signal(signal.SIGHUP)
        until(lambda: fleet.text.count("The old one stays.") == 2)

        assert set(fleet.pids) == before
        assert all(shows(fleet.look_up(made["shipment_reference"]), made) for _ in range(20))
        (copy / "app.py").write_text(app)
        fleet.process.send_signal(signal.SIGHUP)
        until(lambda: len(fleet.pids) == 2 and not before & set(fleet.pids))
        fleet.wait_for_all()
        assert shows(fleet.look_up(made["shipment_reference"]), made)
        check_no_leak(fleet, [], made)
    finally:
        assert fleet.stop() == 0


def test_E5_silent_lines_and_half_sent_headers_hold_nobody_up(one, upstream, hot):
    cold = parcel(upstream)
    with silent(one, 8) as mute, silent(one, 8, HALF) as half:
        answers = [one.look_up(made["shipment_reference"]) for made in (hot, cold)]
        assert len(_queues(one.port)) >= len(mute + half)

    assert shows(answers[0], hot)
    assert shows(answers[1], cold)
    assert all(answer.seconds < 0.4 * SLACK for answer in answers)
    check_no_leak(one, answers, hot, cold)


@pytest.mark.parametrize("says", [b"", HALF, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
                         ids=["silent", "half a header", "idle after a page"])  # fmt: skip
def test_E5_hundreds_of_idle_lines_hold_nobody_up(says, one, hot):
    """A browser keeps its line for a while after each page: shoppers of five seconds do this."""
    with silent(one, 400, says):
        line = Line(one.port, patience=HEADER_TIMEOUT * 0.8)
        answer = line.look_up(hot["shipment_reference"])
        line.close()

    assert shows(answer, hot)


def test_E6_fifty_who_read_slowly_hold_nobody_up(one, upstream, hot):
    request = f"GET /parcel?reference={hot['shipment_reference']} HTTP/1.1\r\nHost: x\r\n\r\n"
    cold = parcel(upstream)
    with ExitStack() as stack:
        for _ in range(50):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            reader.connect(("127.0.0.1", one.port))
            stack.callback(reader.close)
            reader.setblocking(False)
            reader.send(request.encode() * 200)
        until(lambda: len(_unsent(one.port)) == 50)

        answers = [one.look_up(made["shipment_reference"]) for made in (hot, cold)]

        assert len(_unsent(one.port)) == 50
    assert shows(answers[0], hot)
    assert shows(answers[1], cold)
    assert all(answer.seconds < 0.4 * SLACK for answer in answers)


def _unsent(port: int) -> list[int]:
    """The bytes that wait on each line whose other side does not read."""
    return [queue for queue in _queues(port) if queue]


def _queues(port: int) -> list[int]:
    """The bytes that wait to be sent on each line to the page."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = [row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == _ESTABLISHED]
    return [int(row[4].partition(":")[0], 16) for row in ours]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"PRO_API_URL": "https://pro.example/pro"}, "PRO_API_KEY"),
        ({"PRO_API_KEY": " ", "DEMO": "0"}, "PRO_API_KEY"),
        ({"PRO_API_KEY": "half\r\nSECRETHALF"}, "PRO_API_KEY"),
        ({"PRO_API_KEY": "k", "PRO_API_URL": "http://pro.example/SECRETHALF"}, "PRO_API_URL"),
        ({"EMBED_ORIGINS": "https://shop.example *SECRETHALF"}, "EMBED_ORIGINS"),
        ({"ALLOWED_HOSTS": "https://SECRETHALF"}, "ALLOWED_HOSTS"),
        ({"PRO_DEADLINE": "SECRETHALF"}, "PRO_DEADLINE"),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, "SECRET_KEY"),
        ({"REDIS_URL": "redis://:SECRETHALF@x", "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"PRO_API_KEY_FILE": "/nowhere/SECRETHALF"}, "PRO_API_KEY_FILE"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_E7_bad_settings_stop_the_start_and_are_named(environ, name):
    fleet = Fleet(None, 2, **environ).start()

    assert fleet.ended() == 1
    assert f"{name}: " in fleet.text
    assert "SECRETHALF" not in fleet.text
    assert "Traceback" not in fleet.text
    with pytest.raises(OSError, match="refused"):
        Line(fleet.port)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project, to be damaged."""
    for name in ("tracking", "templates", "static"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", tmp_path)
    return tmp_path


def test_E7_a_template_that_cannot_be_read_stops_the_start_and_is_named(copy, upstream):
    (copy / "templates" / "layout.html").unlink()
    fleet = Fleet(upstream, 2).start(root=copy)
    until(lambda: fleet.process.poll() is not None or fleet.answers())

    assert fleet.stop() == 1
    assert "layout.html" in fleet.text
    assert upstream.calls == []


def test_E7_processes_that_cannot_begin_are_not_begun_for_ever(copy, upstream):
    (copy / "app.py").write_text((copy / "app.py").read_text() + "\nraise SystemExit(3)\n")
    fleet = Fleet(upstream, 2).start(root=copy)

    assert fleet.ended() == 1


def _no_disk() -> None:
    """Nothing can be written to any file: the disk is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.parametrize("processes", [1, 2])
def test_E8_a_full_disk_and_no_home_are_no_matter(processes, upstream):
    made = parcel(upstream)
    fleet = Fleet(upstream, processes, HOME="/nonexistent", TMPDIR="/nonexistent")
    fleet.start(begin=_no_disk)
    try:
        fleet.wait_for_all()
        answers = asked_at_once(fleet.crowd(4), made["shipment_reference"])
    finally:
        code = fleet.stop()

    assert all(shows(answer, made) for answer in answers)
    assert 1 <= calls_about(upstream, made) <= processes
    assert code == 0
    check_no_leak(fleet, answers, made)


def test_E9_a_fault_of_ours_in_a_view_is_a_page_that_says_so(shopper: Shopper, monkeypatch):
    def break_down(*_: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(pages, "tell", break_down)
    answer = shopper.get("/parcel", reference="DEMO-1002")
    told = shopper.get("/parcel.json", reference="DEMO-1002")
    check_broken(answer)
    assert (told.status_code, told.json["error"]["code"]) == (500, "broken")
    assert "inside" not in told.text

    monkeypatch.undo()
    assert SHOWN in shopper.get("/parcel", reference="DEMO-1002").text


def test_E9_a_fault_of_ours_in_every_template_is_a_page_that_needs_none(
    shopper: Shopper, monkeypatch
):
    environment = shopper.client.application.jinja_env
    monkeypatch.setattr(environment, "loader", DictLoader({}))
    environment.cache.clear()
    check_broken(shopper.get("/parcel", reference="DEMO-1002"))
    check_broken(shopper.get("/"))

    monkeypatch.undo()
    assert SHOWN in shopper.get("/parcel", reference="DEMO-1002").text


def check_broken(answer) -> None:
    assert answer.status_code == 500
    assert BROKEN in answer.text
    assert "inside" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Content-Type"].startswith("text/html")


def test_E10_a_strange_host_is_refused_and_not_repeated(upstream):
    with Fleet(upstream, ALLOWED_HOSTS="parcels.shop.example") as fleet:
        answers = [
            fleet.ask("/parcel?reference=1", Host=host)
            for host in ("evil.example", "evil.example:80", "<script>", "x" * 5000, "parcels.shop")
        ]
        ours = fleet.ask("/", Host="parcels.shop.example:8000")

        assert {answer.status for answer in answers} <= {400, 431}
        assert not [answer for answer in answers if "evil" in answer.text or "<scr" in answer.text]
        assert ours.status == 200
        assert upstream.calls == []
        check_no_leak(fleet, answers)


@contextmanager
def a_pipe_that_is_closed() -> Iterator[tuple[int, Callable[[], None], Callable[[], None]]]:
    reading, writing = os.pipe()
    yield writing, partial(os.close, reading), lambda: None
    os.close(writing)


@contextmanager
def a_pipe_that_nobody_reads() -> Iterator[tuple[int, Callable[[], None], Callable[[], None]]]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield writing, lambda: None, partial(os.close, reading)
    os.close(writing)


@contextmanager
def a_full_disk() -> Iterator[tuple[int, Callable[[], None], Callable[[], None]]]:
    full = os.open("/dev/full", os.O_WRONLY)
    yield full, lambda: None, lambda: None
    os.close(full)


@pytest.mark.parametrize("sink", [a_pipe_that_is_closed, a_pipe_that_nobody_reads, a_full_disk])
def test_E11_the_log_cannot_be_written(sink, upstream):
    with sink() as (output, begin, end), Fleet(upstream, output=output) as fleet:
        begin()
        (line,) = fleet.crowd(1)
        made = [parcel(upstream) for _ in range(70)]  # lines enough to fill the pipe
        answers = []
        for one in made:
            answers.append(line.look_up(one["shipment_reference"]))
            if answers[-1].status != 200:
                break
        end()
        assert all(shows(answer, one) for answer, one in zip(answers, made, strict=True))
        assert len(upstream.calls) == len(made)


def test_E12_one_hot_parcel_while_pro_hangs(upstream, redis):
    made = parcel(upstream)
    reference = made["shipment_reference"]
    plant(redis.client, signer(upstream), made, datetime.now(UTC) - timedelta(minutes=10))
    upstream.fault(Fault("hang"))
    fired = len(upstream.fired)
    with Fleet(upstream, 2, redis.url) as fleet:

        def ask_often(line: Line) -> list[Answer]:
            return [line.look_up(reference) for _ in range(100)]

        def all_ask_often() -> list[Answer]:
            asked = at_once(*(partial(ask_often, line) for line in fleet.crowd(8)))
            return [answer for answers in asked for answer in answers]

        answers = all_ask_often()
        delayed = "Live updates are delayed"
        until(lambda: delayed in fleet.look_up(reference).text)
        later = all_ask_often()

        assert upstream.fired[fired:] == ["hang"]
        assert all(shows(answer, made) for answer in answers + later)
        assert sorted(answer.seconds for answer in answers + later)[-16] < 0.1 * SLACK
        assert len(upstream.calls) == 1
        assert delayed in later[-1].text
        check_no_leak(fleet, [answers[0], later[-1]], made)


def test_E13_overload_is_refused_at_once_and_harms_nobody_else(one, upstream, hot):
    """Beyond so many questions to PRO the rest is shed; beyond so many lines they wait for one."""
    cold = [parcel(upstream) for _ in range(MOST_CALLS + 46)]
    lines = one.crowd(len(cold) + 1)
    upstream.forget_calls()
    upstream.fault(Fault("latency", seconds=1.0))
    asks = [
        partial(line.look_up, made["shipment_reference"])
        for line, made in zip(lines[1:], cold, strict=True)
    ]
    with crowd(*asks) as begun:
        until(lambda: len(upstream.calls) >= MOST_CALLS - 1)
        meanwhile = lines[0].look_up(hot["shipment_reference"])
        answers = [one.result(LONGEST) for one in begun]

    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() == {200, 503}
    assert MOST_CALLS <= statuses[200] == len(upstream.calls)
    accepted = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status == 503]
    assert all(shows(answer, made) for answer, made in zip(answers, cold, strict=True)
               if answer in accepted)  # fmt: skip
    assert {answer.headline for answer in refused} == {DOWN}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert max(answer.seconds for answer in refused) < 0.05 * SLACK + 1
    assert shows(meanwhile, hot)
    assert meanwhile.seconds < 0.1 * SLACK
    assert one.metric("shed_total") >= len(refused)
    upstream.heal()
    one.hang_up()
    made = parcel(upstream)
    answer = one.look_up(made["shipment_reference"])
    assert shows(answer, made)
    assert answer.seconds < 0.2 * SLACK
    check_no_leak(one, [*answers, answer], made)


def test_E14_it_says_that_it_lives_when_all_else_is_dead():
    gone = Simulator(key=KEY)
    gone.start()
    gone.stop()
    environ = {"ALLOWED_HOSTS": "parcels.shop.example", "REDIS_URL": "redis://127.0.0.1:1/0"}
    with Fleet(gone, SECRET_KEY="s" * 32, **environ) as fleet:
        for host in (f"127.0.0.1:{fleet.port}", "10.0.0.7", "[::1]"):
            for path in ("/healthz", "/readyz"):
                answer = fleet.ask(path, Host=host)
                assert answer.status == 200
                assert '"ok"' in answer.text
                assert answer.seconds < 0.05 * SLACK
            assert fleet.ask("/", Host=host).status == 400
        shop = fleet.ask("/parcel?reference=DEMO-1002", Host="parcels.shop.example")
        assert (shop.status, shop.headline) == (503, DOWN)
        assert fleet.ask("/healthz", Host="10.0.0.7").status == 200
        check_no_leak(fleet, [shop])
