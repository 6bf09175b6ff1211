"""Redis behind one guard: whatever it does, the page goes on.

A failure is a miss, and after one that took time nobody asks Redis again for some seconds, but for
one who tries.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from redis.exceptions import ResponseError

from tracking import metrics

BREAK = 5.0  # seconds without Redis after it failed
_MOST_WAITING = 1000  # writes

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Guard:
    """`timer` gives monotonic seconds. Safe to share between threads."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._away_until = 0.0
        self._writer = ThreadPoolExecutor(1, "redis")
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)

    @property
    def answers(self) -> bool:
        """Whether Redis answered when it was last asked."""
        return self._away_until == 0.0

    def attempt(self, act: Callable[[], _T], otherwise: _T) -> _T:
        """What `act` gives, or `otherwise` where Redis does not let it."""
        if not self._worth_trying():
            return otherwise
        try:
            result = act()
        except ResponseError as error:  # it answers, if only to refuse
            self._count(error)
            self._away_until = 0.0
            return otherwise
        except Exception as error:  # whatever it is, the page goes on
            self._count(error)
            self._away_until = self._timer() + BREAK
            return otherwise
        self._away_until = 0.0
        return result

    def later(self, act: Callable[[], object]) -> None:
        """Do it soon, on a thread of our own: no shopper waits for what is written."""
        if not self._waiting.acquire(blocking=False):
            metrics.redis_failures.labels("dropped").inc()
            return

        def write() -> None:
            try:
                self.attempt(act, None)
            finally:
                self._waiting.release()

        with suppress(RuntimeError):  # no thread can be begun now: the next one comes to it
            self._writer.submit(write)

    def flush(self) -> None:
        """Wait until all is written that was to be written later."""
        self._writer.submit(lambda: None).result()

    def _worth_trying(self) -> bool:
        """While Redis is away one of us tries again now and then; the others do not wait."""
        if self._away_until == 0.0:
            return True
        with self._lock:
            now = self._timer()
            if self._away_until > now:
                return False
            self._away_until = now + BREAK
            return True

    def _count(self, error: Exception) -> None:
        metrics.redis_failures.labels(type(error).__name__).inc()
        _log.warning("Redis failed: %s", type(error).__name__)
