"""Stops asking PRO while it fails, and lets one call try now and then (R7, R11, B8 to B12)."""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil

from tracking import metrics
from tracking.pro.errors import Forbidden, ProError, ProPaused, ProUnavailable, Unauthorised

MOST_IN_A_ROW = 5  # failures
SHORTEST, LONGEST = 15.0, 120.0  # seconds of one pause; each is twice the last
REFUSED = 60.0  # seconds of pause after PRO refused our key
_JITTER = 0.2
_log = logging.getLogger(__name__)
_WINDOW, _ENOUGH, _RATIO = 30.0, 20, 0.5  # seconds, calls, and the share of them that failed


class Breaker:
    """Closed while PRO answers. `timer` gives monotonic seconds. Safe to share between threads."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._recent: deque[tuple[float, bool]] = deque()
        self._pause = SHORTEST
        self._until: float | None = None
        self._probing = False

    @property
    def open(self) -> bool:
        """Whether PRO is not asked at the moment."""
        return self._until is not None

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
            if self._until is None:
                return False
            left = self._until - self._timer()
            if left > 0 or self._probing:
                metrics.shed.labels("paused").inc()
                raise ProPaused(retry_after=max(ceil(left), 1))
            self._probing = True
            return True

    def _succeeded(self, probe: bool) -> None:
        with self._lock:
            self._note(failed=False)
            self._in_a_row = 0
            if probe:
                self._probing, self._until, self._pause = False, None, SHORTEST
                self._recent.clear()
                metrics.pro_paused.set(0)

    def _undecided(self, probe: bool) -> None:
        with self._lock:
            if probe:
                self._probing = False

    def _failed(self, error: ProUnavailable, probe: bool) -> None:
        with self._lock:
            self._note(failed=True)
            self._in_a_row += 1
            if isinstance(error, Unauthorised | Forbidden):
                _log.critical("PRO refuses our key: %s", type(error).__name__)
                self._open_for(REFUSED)
            elif error.retry_after:
                self._open_for(error.retry_after)
            elif probe or (self._until is None and self._has_failed_enough()):
                self._open_for(self._pause * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311
                self._pause = min(self._pause * 2, LONGEST)
            if probe:
                self._probing = False

    def _open_for(self, seconds: float) -> None:
        if self._until is None:
            _log.error("PRO fails, so it is not asked for %.0f seconds", seconds)
        self._until = max(self._until or 0.0, self._timer() + seconds)
        metrics.pro_paused.set(1)

    def _note(self, *, failed: bool) -> None:
        now = self._timer()
        self._recent.append((now, failed))
        while self._recent[0][0] < now - _WINDOW:
            self._recent.popleft()

    def _has_failed_enough(self) -> bool:
        failures = sum(failed for _, failed in self._recent)
        often = len(self._recent) >= _ENOUGH and failures >= _RATIO * len(self._recent)
        return often or self._in_a_row >= MOST_IN_A_ROW
