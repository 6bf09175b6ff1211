"""What may be spent on PRO: units a minute and a day, over all processes where they share Redis."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple, Protocol

from tracking import metrics
from tracking.pro.errors import BudgetSpent


class Sum(NamedTuple):
    """What is asked of a Tally about one window: its `name` for all processes, the units `known`
    to be spent in it, and those that may be. It may forget them after `seconds`.
    """

    name: str
    known: int
    limit: int
    seconds: float


class Tally(Protocol):
    """Counts for all processes together."""

    def add(self, units: int, sums: Sequence[Sum]) -> Sequence[int] | None:
        """The units spent in each window with these; None where it is not known.

        It is at least what is known and the units. Where they go beyond any limit none is counted.
        """


@dataclass(eq=False)
class _Window:
    """One window: its length in seconds, what may be spent in it, and what is known to be."""

    name: str
    length: int
    limit: int
    number: int = -1
    spent: int = 0  # as far as this process knows, by all
    own: int = 0

    def sum(self, now: float) -> Sum:
        number = int(now // self.length)
        if self.number != number:
            self.number, self.spent, self.own = number, 0, 0
        return Sum(f"{self.name}/{number}", self.spent, self.limit, 2.0 * self.length)

    def spend(self, units: int, total: int) -> None:
        self.own += units
        self.spent = max(self.spent, total)


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
        for window, left in self._spend(units).items():
            metrics.budget_left.labels(window.name).set(max(left, 0))
            if left < 0:
                metrics.shed.labels("budget").inc()
                until = window.length - self._clock() % window.length
                raise BudgetSpent(window.name, retry_after=min(ceil(until), 300))

    def _spend(self, units: int) -> dict[_Window, int]:
        """What is left in each window after these units; below zero where they were refused."""
        windows, now = self._windows, self._clock()
        with self._lock:
            sums = [window.sum(now) for window in windows]
        totals = self._tally.add(units, sums) if self._tally and sums else None
        with self._lock:
            share = self._share if totals is None else 1.0
            totals = totals or [window.own + units for window in windows]
            left = {
                window: int(window.limit * share) - total
                for window, total in zip(windows, totals, strict=True)
            }
            if min(left.values(), default=0) < 0:
                return {window: one for window, one in left.items() if one < 0}
            for window, total in zip(windows, totals, strict=True):
                window.spend(units, total)
            return left
