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
    to be spent in it, those `owed` to it, which were spent and never added, and those that may be
    spent. It may forget them after `seconds`.
    """

    name: str
    known: int
    owed: int
    limit: int
    seconds: float


class Tally(Protocol):
    """Counts for all processes together."""

    def add(self, units: int, sums: Sequence[Sum]) -> Sequence[int] | None:
        """The units spent in each window with these; None where it is not known.

        It is at least what is known, and what is owed and the units. Where they go beyond any limit
        none of them is counted, but what is owed.
        """


@dataclass(eq=False)
class _Window:
    """One window: its length in seconds, what may be spent in it, and what was.

    `told` are the units that all have spent, as this process was last told; `owed` those that it
    has spent itself and that nobody was told of, and some of them may be `on_their_way`.
    """

    name: str
    length: int
    limit: int
    number: int = -1
    told: int = 0
    owed: int = 0
    on_their_way: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.name}/{self.number}"

    def sum(self, now: float) -> Sum:
        number = int(now // self.length)
        if self.number != number:
            self.number, self.told, self.owed, self.on_their_way = number, 0, 0, 0
        owed, self.on_their_way = self.owed - self.on_their_way, self.owed
        return Sum(self.full_name, self.told, owed, self.limit, 2.0 * self.length)

    def settle(self, asked: Sum, *, added: bool) -> None:
        """What was owed has been added, or is owed on; unless another window has begun."""
        if asked.name != self.full_name:
            return
        self.on_their_way -= asked.owed
        if added:
            self.owed -= asked.owed
            self.hear(asked, asked.known + asked.owed)

    def hear(self, asked: Sum, total: int) -> None:
        """What all have spent; unless another window has begun."""
        if asked.name == self.full_name:
            self.told = max(self.told, total)

    def left(self, share: float) -> int:
        """What may be spent here while nobody tells what others do: a share of what was left."""
        return int((self.limit - self.told) * share) - self.owed


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
        with self._lock:
            now = self._clock()
            sums = {window: window.sum(now) for window in self._windows}
        totals = self._tally.add(units, [*sums.values()]) if self._tally and sums else None
        with self._lock:
            for window, asked in sums.items():
                window.settle(asked, added=totals is not None)
            if totals is None:
                left = {window: window.left(self._share) - units for window in sums}
            else:
                pairs = zip(sums, totals, strict=True)
                left = {window: window.limit - total for window, total in pairs}
            refused = {window: one for window, one in left.items() if one < 0}
            counted = 0 if refused else units
            for window, asked in sums.items():
                if totals is None:
                    window.owed += counted
                else:  # a refusal tells as much as a yes
                    window.hear(asked, window.limit - left[window] - units + counted)
            return refused or left
