"""Whether PRO may be asked now: every call passes here, and is counted."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil

from tracking import metrics
from tracking.pro.breaker import Breaker
from tracking.pro.budget import Budget
from tracking.pro.errors import AskedInVain, ProError, RefusedOnTheWay

ONE_REFUSAL = 60.0  # seconds for which a reference that a gateway refused is not asked about again
_MOST_REFUSED = 1000  # references
_ORDINARY = re.compile(r"#?[A-Za-z0-9_-]+", re.ASCII)


class Refused:
    """The references that a gateway in front of PRO refused of late.

    Each is left alone for a while, so that a gateway which refuses many in a row refuses
    everything: then the breaker opens. One that looks odd may be refused for itself, and no client
    can pause the others with those. `timer` gives monotonic seconds.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def check(self, reference: str) -> None:
        """Raises AskedInVain where it was refused of late."""
        left = self._until.get(reference, 0.0) - self._timer()
        if left > 0:
            metrics.shed.labels("refused").inc()
            raise AskedInVain(retry_after=ceil(left))

    def note(self, reference: str, error: RefusedOnTheWay) -> None:
        """It was refused, and the error may say that PRO fails."""
        error.counts = _ORDINARY.fullmatch(reference) is not None
        with self._lock:
            now = self._timer()
            lasting = [one for one in self._until.items() if one[1] > now and one[0] != reference]
            self._until = dict([*lasting[1 - _MOST_REFUSED :], (reference, now + ONE_REFUSAL)])


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
            except ProError as error:
                outcome = type(error).__name__
                if isinstance(error, RefusedOnTheWay):
                    self.refused.note(reference, error)
                raise
            finally:
                metrics.pro_calls.labels(outcome).inc()
