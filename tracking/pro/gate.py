"""Whether PRO may be asked now: every call passes here, and is counted."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil

from tracking import metrics
from tracking.pro.breaker import MOST_IN_A_ROW, SHORTEST, Breaker
from tracking.pro.budget import Budget
from tracking.pro.errors import (
    AnswerTooLarge,
    AnswerUnreadable,
    AskedInVain,
    ProError,
    ProUnavailable,
    RefusedOnTheWay,
)

ONE_REFUSAL = 60.0  # seconds for which a reference that a gateway refused is not asked about again
_MOST_REFUSED = 1000  # references
_ABOUT_ONE = (RefusedOnTheWay, AnswerTooLarge, AnswerUnreadable)
_ORDINARY = re.compile(r"#?[A-Za-z0-9_-]+", re.ASCII)


class Refused:
    """The references that a gateway in front of PRO refused of late, or of which PRO's answers
    could not be read several times in a row: each is billed.

    Each is left alone for a while, so that a gateway which refuses many in a row refuses
    everything: then the breaker opens. One that looks odd may be refused for itself, and no client
    can pause the others with those. `timer` gives monotonic seconds.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        self._unread: dict[str, int] = {}

    def check(self, reference: str) -> None:
        """Raises AskedInVain where it is left alone."""
        left = self._until.get(reference, 0.0) - self._timer()
        if left > 0:
            metrics.shed.labels("refused").inc()
            raise AskedInVain(retry_after=ceil(left))

    def note(self, reference: str, error: ProUnavailable) -> None:
        """It was refused, and the error may say that PRO fails; or it could not be read."""
        with self._lock:
            if isinstance(error, RefusedOnTheWay):
                error.counts = _ORDINARY.fullmatch(reference) is not None
                error.retry_after = None  # that is about the one: whether about all, others tell
                self._leave_alone(reference, ONE_REFUSAL)
                return
            times = self._unread[reference] = self._unread.pop(reference, 0) + 1
            if len(self._unread) > _MOST_REFUSED:
                del self._unread[next(iter(self._unread))]
            if times >= MOST_IN_A_ROW:
                self._leave_alone(reference, SHORTEST)

    def forget(self, reference: str) -> None:
        """It was answered."""
        with self._lock:
            self._unread.pop(reference, None)

    def _leave_alone(self, reference: str, seconds: float) -> None:
        now = self._timer()
        lasting = [one for one in self._until.items() if one[1] > now and one[0] != reference]
        self._until = dict([*lasting[1 - _MOST_REFUSED :], (reference, now + seconds)])


@dataclass(frozen=True)
class Gate:
    """The breaker, the budget, and what is refused on the way."""

    breaker: Breaker
    budget: Budget
    refused: Refused = field(default_factory=Refused)

    @contextmanager
    def call(self, units: int, reference: str) -> Iterator[None]:
        """Around one call about a reference and the reading of its answer.

        Raises ProPaused, BudgetSpent or AskedInVain.
        """
        self.refused.check(reference)
        with self.breaker.guard():
            self.budget.spend(units)
            metrics.pro_units.inc(units)
            outcome = "broken"
            try:
                yield
                outcome = "answered"
                self.refused.forget(reference)
            except ProError as error:
                outcome = type(error).__name__
                if isinstance(error, _ABOUT_ONE):
                    self.refused.note(reference, error)
                elif not isinstance(error, ProUnavailable):  # PRO's word about the reference
                    self.refused.forget(reference)
                raise
            finally:
                metrics.pro_calls.labels(outcome).inc()
