"""What may be spent on PRO: units a minute and a day, over all processes where they share Redis."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from tracking import metrics
from tracking.pro.errors import BudgetSpent


class Tally(Protocol):
    """Counts for all processes together."""

    def add(self, window: str, units: int, floor: int, limit: int, seconds: float) -> int | None:
        """The units spent in a window with these; None where it is not known.

        It is at least `floor` and the units; they are not counted where they go beyond `limit`.
        """


@dataclass
class _Window:
    """One window: its length in seconds, what may be spent in it, and what is known to be."""

    name: str
    length: int
    limit: int
    number: int = -1
    spent: int = 0  # as far as this process knows, by all
    own: int = 0


class Budget:
    """A window begins with the minute, or the day, of UTC. A limit of 0 is none.

    `clock` gives seconds since the epoch. `share` of the limit is what a process may spend where
    it cannot know what others do. Safe to share between threads.
    """

    def __init__(
        self,
        per_minute: int,
        per_day: int,
        *,
        share: float = 1.0,
        tally: Tally | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._share = share
        self._tally = tally
        self._clock = clock
        self._lock = threading.Lock()
        limits = (("minute", 60, per_minute), ("day", 86_400, per_day))
        self._windows = [_Window(*one) for one in limits if one[2]]
        for name, _, limit in limits:
            metrics.budget_units.labels(name).set(limit)
            metrics.budget_left.labels(name).set(limit)

    def spend(self, units: int) -> None:
        """Before a call. Raises BudgetSpent where it would go beyond."""
        for window in self._windows:
            left = self._spend(window, units)
            metrics.budget_left.labels(window.name).set(max(left, 0))
            if left < 0:
                metrics.shed.labels("budget").inc()
                until = window.length - self._clock() % window.length
                raise BudgetSpent(window.name, retry_after=min(ceil(until), 300))

    def _spend(self, window: _Window, units: int) -> int:
        """What is left after these units; below zero where they were refused."""
        number = int(self._clock() // window.length)
        with self._lock:
            if window.number != number:
                window.number, window.spent, window.own = number, 0, 0
            floor = window.spent
        name = f"{window.name}/{number}"
        tally, limit = self._tally, window.limit
        total = tally.add(name, units, floor, limit, 2.0 * window.length) if tally else None
        with self._lock:
            if total is None:
                limit = int(limit * self._share)
                total = window.own + units
            if total <= limit:
                window.own += units
                window.spent = max(window.spent, total)
            return limit - total
