"""Whether PRO may be asked now: every call passes here, and is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tracking import metrics
from tracking.pro.breaker import Breaker
from tracking.pro.budget import Budget
from tracking.pro.errors import ProError


@dataclass(frozen=True)
class Gate:
    """The breaker and the budget."""

    breaker: Breaker
    budget: Budget

    @contextmanager
    def call(self, units: int) -> Iterator[None]:
        """Around one call and the reading of its answer. Raises ProPaused or BudgetSpent."""
        with self.breaker.guard():
            self.budget.spend(units)
            metrics.pro_units.inc(units)
            outcome = "broken"
            try:
                yield
                outcome = "answered"
            except ProError as error:
                outcome = type(error).__name__
                raise
            finally:
                metrics.pro_calls.labels(outcome).inc()
