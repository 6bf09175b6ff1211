"""The processes that serve: begun, watched over, replaced and told to stop."""

import math
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from granian import Granian
from granian._granian import SocketHolder

from tracking.heartbeat import LONGEST_START, LONGEST_STOP, Silence, heard

_TURNING_AWAY = 0.1  # seconds in which a process that is told to stop ceases to let anybody in
_BETWEEN_LOOKS = 0.05  # seconds


class _Wakings:
    """What granian's main loop waits for, in place of an Event.

    That is deaf for good where a signal comes while its lock is held, and hears two as one.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        self._queue.put(None)

    def wait(self) -> None:
        self._queue.get()

    def clear(self) -> None:
        """Each is heard once."""


Load = Callable[[Connection, Connection, Sequence[SocketHolder]], Any]


class Processes(Granian):  # type: ignore[misc,valid-type]
    """Granian, but a process that had begun is begun again however soon it is killed.

    Granian ends altogether when one ends twice in 5.5 seconds; here only where as many as there
    are, and one more, end in a row before they have begun, however long that takes. One that falls
    silent is killed, and so begun again. And who knocks while one process goes and the next comes
    is let in by that, for the door stays: each has its own, so that the kernel shares the shoppers
    out.
    """

    def serve_with(self, load: Load, say: Callable[[str], object]) -> None:
        """Serve what `load` gives in each process, until we are told to stop.

        It is called with the two ends of a pipe, to say that the process is well, and the doors.
        """
        self._say = say
        self._begun: set[int] = set()
        self._in_vain = 0
        self._doors: list[SocketHolder] = []
        self.main_loop_interrupt = _Wakings()
        if sys.platform == "linux":
            multiprocessing.set_start_method("fork")  # what is open here is open in each process
        # Told to stop before it has begun, a process ends; granian's own signals come later.
        os.register_at_fork(after_in_child=partial(signal.signal, signal.SIGTERM, signal.SIG_DFL))
        self._hearing, self._beating = multiprocessing.Pipe(duplex=False)
        threading.Thread(target=self._watch, daemon=True).start()
        loader = partial(load, self._hearing, self._beating, self._doors)
        self.serve(target_loader=loader, wrap_loader=False)

    def _watch(self) -> None:
        silence = Silence()
        while True:
            pid = heard(self._hearing)
            if pid is not None:
                silence.broken_by(pid)
            if pid is not None and pid not in self._begun:
                self._begun.add(pid)
                self._in_vain = 0
                self.respawned_wrks: dict[int, float] = {}  # nor is the next end one too many
            processes = {worker.inner.pid: worker.inner for worker in self.wrks}
            for silent in silence.of_too_long(processes):
                self._say("A process has fallen silent and is ended.")
                processes[silent].kill()

    def _init_shared_socket(self) -> None:
        """Elsewhere than on Linux there is one door for all."""
        super()._init_shared_socket()
        if self._ssp:
            self._doors += [self._ssp.build() for _ in range(self.workers)]

    def _spawn_worker(self, idx: int, *args: Any, **kwargs: Any) -> Any:
        if self._doors:
            self._shd = self._doors[idx]
        return super()._spawn_worker(idx, *args, **kwargs)

    def _respawn_workers(self, workers: list[int], *args: Any, delay: float = 0.0) -> None:
        """Those that have ended; where there is a delay all, one after another, by SIGHUP."""
        for index in workers:
            if not self.interrupt_signal:
                (self._replace if delay else self._begin_again)(index, *args)

    def _begin_again(self, index: int, *args: Any) -> None:
        self._in_vain += not self._has_begun(self.wrks[index])
        super()._respawn_workers([index], *args)
        self.respawned_wrks = dict.fromkeys(range(self.workers), math.inf) if self._hopeless else {}

    @property
    def _hopeless(self) -> bool:
        """The next that ends before it has begun is one too many."""
        return bool(self._in_vain >= self.workers)

    def _replace(self, index: int, *args: Any) -> None:
        """The old one leaves when the new one has begun, and stays where that cannot."""
        old, new = self.wrks[index], self._spawn_worker(index, *args)
        old.interrupt_by_parent = new.interrupt_by_parent = True  # neither is begun again meanwhile
        new.start()
        self._attend(lambda: self._has_begun(new) or not new.is_alive(), LONGEST_START, *args)
        self.wrks[index] = stays = new if self._has_begun(new) else old
        stays.interrupt_by_parent = False
        if not stays.is_alive() and index not in self.interrupt_children:
            self.interrupt_children.append(index)
            self.main_loop_interrupt.set()
        if stays is old:
            new.kill()
            if not self.interrupt_signal:
                self._say("A new process has not begun. The old one stays.")
            return
        old.terminate()
        self._attend(lambda: not old.is_alive(), LONGEST_STOP, *args)
        if self.interrupt_signal:
            self.wrks.append(old)
        elif old.is_alive():
            old.kill()

    def _has_begun(self, worker: Any) -> bool:
        return worker.inner.pid in self._begun

    def _attend(self, done: Callable[[], bool], seconds: float, *args: Any) -> None:
        """Wait for it; those that end meanwhile are begun again, and to be told to stop ends it."""
        end = time.monotonic() + seconds
        while not (done() or self.interrupt_signal or self._hopeless) and time.monotonic() < end:
            while self.interrupt_children and not self._hopeless:
                self._begin_again(self.interrupt_children.pop(0), *args)
            time.sleep(_BETWEEN_LOOKS)

    def _stop_workers(self) -> None:
        """Nobody waits at a door that will not be opened any more."""
        for worker in self.wrks:
            if not worker.interrupt_by_parent:  # else it is told already
                worker.terminate()
        time.sleep(_TURNING_AWAY)
        for door in self._doors:
            with socket.socket(fileno=door.get_fd()) as listening, suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)  # unless nobody has listened there yet
        end = time.monotonic() + LONGEST_STOP
        while time.monotonic() < end and any(worker.is_alive() for worker in self.wrks):
            time.sleep(_BETWEEN_LOOKS)
        for worker in self.wrks:
            worker.kill()
            worker.join()
