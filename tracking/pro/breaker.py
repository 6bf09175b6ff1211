"""Stops asking PRO while it fails, and lets one call try now and then (R7, R11, B8 to B12).

What PRO says about our account, a refused key or "too many", holds for all processes. That it does
not answer each finds out by itself: one of them may have a bad line. How much time any other error
asks for may be about one reference, so it counts when enough of them fail.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Protocol

from tracking import metrics
from tracking.pro.errors import (
    Forbidden,
    ProError,
    ProPaused,
    ProUnavailable,
    TooManyRequests,
    Unauthorised,
)

MOST_IN_A_ROW = 5  # failures
SHORTEST, LONGEST = 15.0, 120.0  # seconds of one pause; each is twice the last
REFUSED = 60.0  # seconds of pause after PRO refused our key
_JITTER = 0.2
_log = logging.getLogger(__name__)
_WINDOW, _ENOUGH, _RATIO = 30.0, 20, 0.5  # seconds, calls, and the share of them that failed


class Fleet(Protocol):
    """All processes, as far as they hear of each other."""

    def paused_for(self) -> float:
        """For how many seconds none of them may ask PRO, as last heard."""

    def pause(self, seconds: float) -> None:
        """Let none ask for so long."""

    def may_try(self) -> bool:
        """After a pause: whether this process may try whether PRO answers again."""

    def tried(self) -> None:
        """The end of what `may_try` began, however that was answered."""


class Breaker:
    """Closed while PRO answers. `timer` gives monotonic seconds. Safe to share between threads."""

    def __init__(
        self, timer: Callable[[], float] = time.monotonic, fleet: Fleet | None = None
    ) -> None:
        self._timer = timer
        self._fleet = fleet
        self._for_all = False
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._asked_for = 0  # seconds: the longest of the row
        self._recent: deque[tuple[float, bool]] = deque()
        self._pause = SHORTEST
        self._until: float | None = None
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether PRO is not asked at the moment."""
        until = self._until
        return until is not None and until > self._timer()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around one call. Raises ProPaused where none may be made."""
        probe = self._admit()
        try:
            yield
        except ProUnavailable as error:
            if error.counts:
                self._failed(error, probe)
            else:
                self._undecided(probe)
            raise
        except ProError:  # PRO's word about the reference: it answers
            self._succeeded(probe)
            raise
        except BaseException:
            self._undecided(probe)
            raise
        self._succeeded(probe)

    def _admit(self) -> bool:
        """Whether the call is the one that tries whether PRO answers again."""
        with self._lock:
            heard = self._fleet.paused_for() if self._fleet else 0.0
            if heard > 0:
                self._open_for(heard, for_all=True)
            if self._until is None:
                return False
            left = self._until - self._timer()
            if left > 0 or self._probing:
                raise _paused(left)
            self._probing = True
        if self._fleet and self._for_all and not self._fleet.may_try():
            self._undecided(probe=True)
            raise _paused(self._fleet.paused_for())
        return True

    def _succeeded(self, probe: bool) -> None:
        with self._lock:
            self._note(failed=False)
            self._in_a_row = self._asked_for = 0
            if probe:
                self._until, self._pause = None, SHORTEST
                self._recent.clear()
                self._tried()
                self._for_all = False

    def _undecided(self, probe: bool) -> None:
        with self._lock:
            if probe:
                self._tried()

    def _tried(self) -> None:
        self._probing = False
        if self._fleet and self._for_all:
            self._fleet.tried()

    def _failed(self, error: ProUnavailable, probe: bool) -> None:
        with self._lock:
            self._note(failed=True)
            self._in_a_row += 1
            self._asked_for = max(self._asked_for, error.retry_after or 0)
            if isinstance(error, Unauthorised | Forbidden):
                _log.critical("PRO refuses our key: %s", type(error).__name__)
                self._open_for_all(REFUSED)
            elif isinstance(error, TooManyRequests) and error.retry_after:
                self._open_for_all(error.retry_after)
            elif probe or (self._until is None and self._has_failed_enough()):
                usual = self._pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
                self._open_for(max(usual, self._asked_for))
                self._pause = min(self._pause * 2, LONGEST)
                self._asked_for = 0
            if probe:
                self._tried()

    def _open_for_all(self, seconds: float) -> None:
        self._open_for(seconds, for_all=True)
        if self._fleet:
            self._fleet.pause(seconds)

    def _open_for(self, seconds: float, *, for_all: bool = False) -> None:
        self._for_all = self._for_all or for_all
        if self._until is None:
            _log.error("PRO fails, so it is not asked for %.0f seconds", seconds)
        now = self._timer()
        self._until = max(self._until or 0.0, now + seconds)
        metrics.pro_paused_until.set(time.time() + self._until - now)

    def _note(self, *, failed: bool) -> None:
        now = self._timer()
        self._recent.append((now, failed))
        while self._recent[0][0] < now - _WINDOW:
            self._recent.popleft()

    def _has_failed_enough(self) -> bool:
        failures = sum(failed for _, failed in self._recent)
        often = len(self._recent) >= _ENOUGH and failures >= _RATIO * len(self._recent)
        return often or self._in_a_row >= MOST_IN_A_ROW


def _paused(left: float) -> ProPaused:
    metrics.shed.labels("paused").inc()
    return ProPaused(retry_after=max(ceil(left), 1))
