"""The page as it is run, `python app.py` in several processes, and shoppers on their own lines."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

from redis import Redis

from tests.crowds import LONGEST, at_once, until
from tests.matrix import CANARIES, HOME, SIGNEE, scan_for_leaks
from tests.shipments import event, shipment
from tracking.entries import Entry
from tracking.envelope import pack
from tracking.privacy import redact
from tracking.pro.answers import decipher_shipment
from tracking.pro.client import Answer as ProAnswer
from tracking.pro.simulator import Simulator
from tracking.pro.simulator.answers import Answer as Told
from tracking.questions import Question
from tracking.shipments import Shipment, ShipmentPage
from tracking.signing import Signer

ROOT = Path(__file__).parent.parent
METRICS_TOKEN = "a-token-for-metrics"
SECRET = "the-secret-that-signs-what-redis-keeps"


@dataclass(frozen=True, eq=False)
class Answer:
    """What came back; `seconds` is how long it took. Status 0: the connection was cut."""

    status: int
    headers: Mapping[str, str]  # whatever the case of their names
    text: str
    seconds: float

    @property
    def is_about(self) -> str | None:
        """The shipment that the page is about."""
        found = re.search(r'data-shipment-reference="(sp_[0-9]{32})"', self.text)
        return found and found[1]

    @property
    def headline(self) -> str:
        return re.search(r"<h1[^>]*>([^<]*)</h1>", self.text)[1]


class Line:
    """One shopper's connection, kept alive."""

    def __init__(self, port: int, patience: float = LONGEST) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        self._http.connect()

    @property
    def port(self) -> int:
        """Our end of it."""
        return self._http.sock.getsockname()[1]

    def ask(self, path: str, **headers: str) -> Answer:
        """One page. A connection that breaks is an answer with status 0."""
        began = time.monotonic()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._http.request("GET", path, headers=named)
            response = self._http.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(0, {}, "", time.monotonic() - began)
        return Answer(response.status, response.headers, text, time.monotonic() - began)

    def look_up(self, reference: str) -> Answer:
        return self.ask(f"/parcel?reference={quote(reference)}")

    def close(self) -> None:
        self._http.close()


class Fleet:
    """`python app.py` with settings of its own; what it prints is in `printed`.

    `output` is where it prints instead. Usable as a context manager, which waits until every
    process answers, and ends them all.
    """

    def __init__(
        self,
        pro: Simulator | None = None,
        processes: int = 1,
        redis_url: str | None = None,
        output: int | None = None,
        **environ: str,
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        account = {"PRO_API_URL": pro.url, "PRO_API_KEY": pro.key} if pro else {}
        shared = {"REDIS_URL": redis_url, "SECRET_KEY": SECRET} if redis_url else {}
        self.environ = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "WEB_CONCURRENCY": str(processes),
            "METRICS_TOKEN": METRICS_TOKEN,
            "LIMIT_LOOKUPS": "0",
            "LIMIT_NOT_FOUND": "0",
            **account,
            **shared,
            **environ,
        }
        self.processes = processes
        self.printed: list[str] = []
        self._output = subprocess.PIPE if output is None else output
        self._lines: list[Line] = []
        self.process: subprocess.Popen[str]

    def start(self, begin: Callable[[], None] | None = None, root: Path = ROOT) -> Self:
        """Start it; `begin` is called in the new process first."""
        self.process = subprocess.Popen(
            [sys.executable, root / "app.py"],
            env=self.environ,
            stdout=self._output,
            stderr=subprocess.STDOUT if self._output == subprocess.PIPE else self._output,
            text=True,
            preexec_fn=begin,  # noqa: PLW1509
            start_new_session=True,
            cwd=root,
        )
        self._reader = threading.Thread(target=self._read, args=[self.process.stdout])
        self._reader.start()
        return self

    def _read(self, output: IO[str] | None) -> None:
        self.printed.extend(output or ())

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_for_all()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answers(self) -> bool:
        """Whether it has begun to answer."""
        try:
            line = Line(self.port, patience=1)
        except OSError:
            return False
        status = line.ask("/healthz").status
        line.close()
        return status == 200

    def wait_for_all(self, timeout: float = LONGEST) -> None:
        """Wait until each process has answered somebody."""
        deadline = time.monotonic() + timeout
        answered: set[int] = set()
        while len(answered) < self.processes or not answered >= set(self.pids):
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, (answered, self.pids, self.printed)
            with ExitStack() as lines, suppress(OSError):
                # Many at once: one by one the same process could take each of them.
                crowd: list[Line] = []
                for _ in range(4 * self.processes):  # the next may be refused
                    crowd.append(Line(self.port, patience=1))
                    lines.callback(crowd[-1].close)
                for line in crowd:
                    pid = self.owner(line)
                    if pid and line.ask("/healthz").status == 200:
                        answered.add(pid)
            time.sleep(0.01)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and all its processes. Returns its exit code."""
        self.hang_up()
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(LONGEST)
        finally:  # nothing of it survives a test that failed
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self._reader.join(LONGEST)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def ended(self) -> int:
        """Its exit code, when it ends by itself."""
        self.process.wait(LONGEST)
        return self.stop()

    @property
    def text(self) -> str:
        """All that it has printed so far."""
        return "".join(self.printed)

    @property
    def pids(self) -> list[int]:
        """Its processes, without the one that only watches over them."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        children = []
        for task in tasks:
            with suppress(OSError):
                children += map(int, task.read_text().split())
        return sorted(pid for pid in children if state_of(pid) not in {"", "Z"})

    def owner(self, line: Line) -> int | None:
        """The process that has the other end of a line, as soon as one has taken it."""
        return self._owners([line]).get(line)

    def _owners(self, lines: Sequence[Line]) -> dict[Line, int]:
        deadline = time.monotonic() + 1
        while True:
            ports = _owners(self.pids, self.port)
            owners = {line: ports[line.port] for line in lines if line.port in ports}
            if len(owners) == len(lines) or time.monotonic() > deadline:
                return owners
            time.sleep(0.005)

    def lines(self, each: int) -> dict[int, list[Line]]:
        """So many new lines to each process, by its id."""
        lines: dict[int, list[Line]] = {pid: [] for pid in self.pids}
        for _ in range(100):
            short = [pid for pid, own in lines.items() if len(own) < each]
            if not short:
                return lines
            new = [Line(self.port) for _ in range(each)]
            self._lines += new
            for line, pid in self._owners(new).items():
                if pid in short and len(lines[pid]) < each:
                    lines[pid].append(line)
                else:
                    line.close()
        raise AssertionError("some process takes no connections")

    def crowd(self, most: int) -> list[Line]:
        """As many lines, evenly over all processes."""
        lines = self.lines(most // self.processes)
        return [line for group in zip(*lines.values(), strict=True) for line in group]

    def hang_up(self) -> None:
        """Close all lines."""
        while self._lines:
            self._lines.pop().close()

    def ask(self, path: str, **headers: str) -> Answer:
        """One page over a line of its own."""
        line = Line(self.port)
        answer = line.ask(path, **headers)
        line.close()
        return answer

    def look_up(self, reference: str) -> Answer:
        return self.ask(f"/parcel?reference={quote(reference)}")

    def metric(self, name: str) -> float:
        """What /metrics says of all processes together, all labels of a name added up."""
        exposition = self.ask("/metrics", Authorization=f"Bearer {METRICS_TOKEN}").text
        found = re.findall(rf"^parcel_page_{name}(?:{{.*}})? (\S+)$", exposition, re.MULTILINE)
        return sum(map(float, found))

    def kill(self, *pids: int) -> None:
        """End some of its processes as nobody can refuse, and wait until they are gone."""
        assert set(pids) <= set(self.pids)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not set(pids) & set(self.pids))


def asked_at_once(lines: Sequence[Line], reference: str) -> list[Answer]:
    """All lines ask for one reference at the same moment."""
    return at_once(*(partial(line.look_up, reference) for line in lines))


class Load:
    """Shoppers who ask on and on, each on a line of its own, until the end of the block."""

    def __init__(self, lines: Sequence[Line], references: Sequence[str]) -> None:
        self.answers: list[tuple[str, Answer]] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=[line, references, number])
            for number, line in enumerate(lines)
        ]

    def _ask(self, line: Line, references: Sequence[str], number: int) -> None:
        while not self._over.is_set():
            reference = references[number % len(references)]
            self.answers.append((reference, line.look_up(reference)))
            number += 1

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(LONGEST)

    def goes_on(self, answers: int = 30) -> None:
        """Wait until so many more have been answered."""
        enough = len(self.answers) + answers
        until(lambda: len(self.answers) >= enough)

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for _, answer in self.answers)

    @property
    def slowest(self) -> float:
        return max(answer.seconds for _, answer in self.answers)


def parcel(pro: Simulator, code: str = "in_transit", **more: Any) -> dict:
    """A parcel that nobody has asked for yet, with words in it that nobody may see."""
    now = datetime.now(UTC).replace(microsecond=0)
    scan = event(code, at=(now - timedelta(hours=1)).isoformat())
    door = event(
        "delivery_attempted",
        at=(now - timedelta(days=1)).isoformat(),
        signee=SIGNEE,
        location=HOME,
    )
    made = shipment(scan, door, **more)
    pro.put(made)
    return made


def known(parcel: dict) -> Shipment:
    """The parcel as it is remembered when PRO has told of it."""
    answer = ProAnswer(200, {}, Told.json(200, parcel).body)
    return redact(decipher_shipment(answer, parcel["shipment_reference"]), "doorstep")


def signer(pro: Simulator, secret: str = SECRET, privacy: str = "doorstep") -> Signer:
    """Signs as the fleet does."""
    return Signer(secret.encode(), "\0".join([pro.url, pro.key, privacy]))


def question(parcel: dict) -> Question:
    """The question for its own reference."""
    return Question("reference", parcel["shipment_reference"], "shipment")


def packed(parcel: dict, then: datetime) -> bytes:
    """What would be kept had PRO told of a parcel at a time, with a minute to be fresh."""
    entry = Entry("found", "shipment", then, then, 60.0, ShipmentPage((known(parcel),), 1))
    return pack(question(parcel).key, entry)


def plant(redis: Redis, signs: Signer, parcel: dict, then: datetime) -> str:
    """Put such an entry into Redis; its name there."""
    name = signs.name(question(parcel).key)
    redis.set(name, signs.sign(packed(parcel, then)))
    return name


def calls_about(pro: Simulator, parcel: dict) -> int:
    """How often PRO was asked about a parcel, by whichever reference."""
    names = (parcel["shipment_reference"], parcel["custom_reference"])
    return sum(any(name in call.target for name in names) for call in pro.calls)


def check_no_leak(fleet: "Fleet", answers: Iterable[Answer], *parcels: dict) -> None:
    """No secret, nothing of how it is made, and nobody's name or door, in answers and logs."""
    names = [one[name] for one in parcels for name in ("shipment_reference", "custom_reference")]
    logs = "".join(fleet.printed[1:])  # the first line is for the operator
    for answer in set(answers):
        scan_for_leaks(answer, logs, names, [*CANARIES, SECRET, METRICS_TOKEN])


def state_of(pid: int) -> str:
    """The state of a process as the kernel tells it: T is stopped, Z is dead, nothing is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _owners(pids: Iterable[int], port: int) -> dict[int, int]:
    """Which process has the connection from each port of this machine to one of its ports."""
    sockets = {}
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = row.split()
        here, there = (int(end.rpartition(":")[2], 16) for end in fields[1:3])
        if here == port:
            sockets[f"socket:[{fields[9]}]"] = there
    owners = {}
    for pid in pids:
        with suppress(OSError):
            for descriptor in os.scandir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    target = os.readlink(descriptor.path)
                    if target in sockets:
                        owners[sockets[target]] = pid
    return owners
