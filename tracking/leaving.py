"""How a process leaves: it takes nobody new, a moment later it stops, and nobody is lost.

granian by itself stops at once, and so closes each line whose request is still on its way; and
what has come to its own door and was not yet let in is refused.
"""

import os
import select
import signal
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from granian import _signals

MOMENT = 0.5  # seconds in which a request comes on a line that was just taken


def leave_gently(doors: Sequence[int], begin: Callable[[], object]) -> None:
    """When this process is told to stop, `begin` to leave and take nobody at these doors.

    They are the descriptors of sockets that listen.
    """
    known: Callable[[AbstractEventLoop], Any] = _signals.set_loop_signals

    def set_loop_signals(loop: AbstractEventLoop) -> Any:
        stop = known(loop)

        def leave() -> None:
            loop.call_later(MOMENT, stop.set)
            begin()
            _turn_away_from(doors)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, leave)
        return stop

    _signals.set_loop_signals = set_loop_signals


def _turn_away_from(doors: Sequence[int]) -> None:
    """Who knocks at them is for another process, which has the same doors.

    Where that cannot be done (no /proc, no descriptor left) who knocks last may be lost.
    """
    with suppress(OSError):
        for polled in map(int, os.listdir("/proc/self/fd") if doors else ()):
            with suppress(OSError):
                if os.readlink(f"/proc/self/fd/{polled}").endswith("[eventpoll]"):
                    _forget(doors, polled)


def _forget(doors: Sequence[int], polled: int) -> None:
    with select.epoll.fromfd(os.dup(polled)) as poll:
        for door in doors:
            with suppress(FileNotFoundError):  # it was not there
                poll.unregister(door)
