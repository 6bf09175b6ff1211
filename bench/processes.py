"""The programs of a run: each on a port of its own, ended by its id when its block is left."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parent.parent

_SESSION, _USER, _SYSTEM, _RSS = 3, 11, 12, 21  # proc(5) counts two more
_LONGEST_START = 20.0  # seconds
_LONGEST_STOP = 25.0
_CORES = sorted(os.sched_getaffinity(0))
ALL_CORES = len(_CORES)
_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])


class Failed(Exception):
    """A candidate did not do what it should; the message says what it did."""


def program(name: str) -> str:
    """Where a program is. Raises Failed."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise Failed(f"{name} is not installed")
    return found


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def cores_of_servers(workers: int) -> list[int]:
    """As many as there are workers: one worker is one core for everybody, caches too."""
    return _CORES[:workers]


def stay_on_cores_of_load(workers: int) -> None:
    """Run this process, and what it starts without a word, on the other cores, if there are any."""
    os.sched_setaffinity(0, _CORES[workers:] or _CORES)


@contextmanager
def running(
    command: Sequence[str],
    port: int,
    folder: Path,
    environ: Mapping[str, str] | None = None,
    cores: Sequence[int] = (),
) -> Iterator[int]:
    """Run a program that listens on a port; gives its process id. Raises Failed.

    It runs on `cores`, or on those of this process. It leads a session of its own: an interrupt of
    the bench reaches the bench alone, which then ends it. What it prints is kept in `folder`.
    """
    printed = folder / f"{port}.log"
    with printed.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            env={"PATH": _PATH, **(environ or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=partial(os.sched_setaffinity, 0, cores) if cores else None,  # noqa: PLW1509
        )
    try:
        _wait_until_it_listens(process, port, printed)
        yield process.pid
    finally:
        _end(process)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, printed: Path) -> None:
    until = time.monotonic() + _LONGEST_START
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    last = printed.read_text("utf-8", "replace").strip().splitlines()[-1:]
    raise Failed("did not start: " + " ".join(last))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_LONGEST_STOP)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def resident(leader: int) -> dict[int, float]:
    """RSS in MB of all processes in the session of one."""
    page = os.sysconf("SC_PAGE_SIZE")
    return {pid: int(fields[_RSS]) * page / 1e6 for pid, fields in _session(leader).items()}


def busy_seconds(leader: int) -> float:
    """CPU time that all processes in the session of one have used."""
    ticks = sum(int(fields[_USER]) + int(fields[_SYSTEM]) for fields in _session(leader).values())
    return ticks / os.sysconf("SC_CLK_TCK")


def _session(leader: int) -> dict[int, list[str]]:
    """What /proc/…/stat says of each process, from its state on."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(") ")[2].split()
            if int(fields[_SESSION]) == leader:
                found[int(path.parent.name)] = fields
    return found
