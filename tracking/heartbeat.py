"""Each process says every second that it is well: one that falls silent is begun again.

The kernel goes on giving shoppers to a process that was stopped or hangs. And one that nobody
listens to any more, because its parent was killed, ends itself, so that the port is free.
"""

import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from pathlib import Path

from tracking.logs import place_of

BEAT = 1.0  # seconds
LONGEST_SILENCE = 10.0  # seconds
LONGEST_PAUSE = 3.0  # seconds that a process may be stopped, for it says nothing by itself
LONGEST_START = 60.0  # seconds until a process is first heard
LONGEST_STOP = 20.0  # seconds that a process may take to end

_log = logging.getLogger(__name__)


def beat(pipe: Connection, each_time: Callable[[], object]) -> None:
    """Say that this process is well, from now on, and do something each time."""
    _say(pipe)
    threading.Thread(target=_beat, args=[pipe, each_time], name="heartbeat", daemon=True).start()


def heard(pipe: Connection) -> int | None:
    """The process that says so next, or None within a second."""
    return int.from_bytes(pipe.recv_bytes()) if pipe.poll(BEAT) else None


def _beat(pipe: Connection, each_time: Callable[[], object]) -> None:
    try:
        while True:
            time.sleep(BEAT)
            _say(pipe)
            _do(each_time)
    except OSError:  # the parent is gone
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LONGEST_STOP)
        os._exit(1)


def _do(each_time: Callable[[], object]) -> None:
    try:
        each_time()
    except Exception as error:  # whatever it is, the process is well
        _log.error("A fault of ours once a second: %s", place_of(error))


def _say(pipe: Connection) -> None:
    pipe.send_bytes(os.getpid().to_bytes(8))


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal, where the system tells that."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"T"
    except OSError:
        return False


class Silence:
    """How much longer each process may be silent; one that was stopped, for less.

    Only time in which we were awake ourselves counts: a machine that was suspended, or too busy
    to let us run, has kept the others from beating too. `timer` gives monotonic seconds.
    """

    def __init__(
        self,
        timer: Callable[[], float] = time.monotonic,
        is_stopped: Callable[[int], bool] = is_stopped,
    ) -> None:
        self._timer = timer
        self._is_stopped = is_stopped
        self._seen = timer()
        self._left: dict[int, float] = {}

    def broken_by(self, pid: int) -> None:
        """A process was heard."""
        self._left[pid] = LONGEST_SILENCE

    def of_too_long(self, pids: Iterable[int]) -> list[int]:
        """Those of the processes that are silent for too long, each once.

        To be asked about once a second.
        """
        now = self._timer()
        awake = min(now - self._seen, 2 * BEAT)
        self._seen = now
        self._left = {pid: self._may(pid) - awake for pid in pids}
        silent = [pid for pid, left in self._left.items() if left <= 0]
        self._left |= dict.fromkeys(silent, math.inf)
        return silent

    def _may(self, pid: int) -> float:
        left = self._left.get(pid, LONGEST_START)
        return min(left, LONGEST_PAUSE) if left < math.inf and self._is_stopped(pid) else left
