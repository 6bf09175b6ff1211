"""Whether PRO may be asked now: every call passes here, and is counted."""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tracking import metrics
from tracking.pro.breaker import REFUSED, Breaker
from tracking.pro.budget import Budget
from tracking.pro.errors import (
    AskedInVain,
    BadRequest,
    ContentsForbidden,
    Forbidden,
    NotAsked,
    ProBroken,
    ProError,
    ProUnavailable,
    RefusedOnTheWay,
    TooManyRequests,
    Unauthorised,
)

ONE_REFUSAL = 60.0  # seconds for which a reference that a gateway refused is not asked about again
ONE_FAILURE = 13.5  # and one about which PRO fails: no longer than an old answer waits anyway
_REMEMBERED = 120.0  # seconds after that for which a failure is no news of PRO
_MOST_FAILING = 1000  # references
_ABOUT_ALL = (NotAsked, Unauthorised, Forbidden, TooManyRequests)
_log = logging.getLogger(__name__)
_ORDINARY = re.compile(r"#?[A-Za-z0-9_-]+", re.ASCII)  # as no gateway refuses it for itself
_HARMLESS = re.compile(r"[\w #.,/-]+")  # as no PRO breaks of it


class Refused:
    """The references about which there was no usable answer of late, each at its level.

    Each such answer is billed. So after two in a row, or one that asks for time or is a gateway's
    refusal, the reference is left alone for a while. Only the first tells anything of PRO, so that
    it takes different ones to open the breaker. One that looks odd may be refused for itself, or
    break PRO, and no client can pause the others with those. `timer` gives monotonic seconds.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._until: dict[tuple[str, bool], float] = {}  # when each may be asked about

    def check(self, reference: str, *, contents: bool = False) -> None:
        """Raises AskedInVain where it is left alone, at this level."""
        left = self._until.get((reference, contents), 0.0) - self._timer()
        if left > 0:
            metrics.shed.labels("refused").inc()
            raise AskedInVain(retry_after=math.ceil(left))

    def note(self, reference: str, error: ProUnavailable, *, contents: bool = False) -> None:
        """It had no usable answer; the error may say that PRO fails."""
        with self._lock:
            now, key = self._timer(), (reference, contents)
            until = self._until.pop(key, -math.inf)
            known = until + _REMEMBERED > now
            seconds = error.retry_after or (ONE_FAILURE if known else 0)
            if isinstance(error, RefusedOnTheWay):
                error.counts = _ORDINARY.fullmatch(reference) is not None
                error.retry_after, seconds = None, ONE_REFUSAL  # it is about this one
            said = isinstance(error, (BadRequest, ProBroken))
            if known or (said and not _HARMLESS.fullmatch(reference)):
                error.counts = False
            self._until[key] = max(until, now + seconds)
            if len(self._until) > _MOST_FAILING:
                del self._until[next(iter(self._until))]

    def forget(self, reference: str, *, contents: bool = False) -> None:
        """It was answered."""
        with self._lock:
            self._until.pop((reference, contents), None)


class Contents:
    """The contents level, which PRO may forbid an account: then one call a minute tries again.

    `timer` gives monotonic seconds.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._again: float | None = None  # when to try

    def check(self) -> None:
        """Raises ContentsForbidden where it is left alone."""
        with self._lock:
            if self._again is None:
                return
            left = self._again - self._timer()
            if left <= 0:  # this one tries
                self._leave_alone()
                return
        metrics.shed.labels("forbidden").inc()
        raise ContentsForbidden(retry_after=math.ceil(left))

    def forbid(self, error: ContentsForbidden) -> None:
        """PRO did."""
        _log.critical(
            "PRO refuses our key the contents level, correlation id %s", error.correlation_id
        )
        with self._lock:
            self._leave_alone()

    def allow(self) -> None:
        """PRO told what it knows."""
        with self._lock:
            self._again = None

    def _leave_alone(self) -> None:
        self._again = self._timer() + REFUSED


@dataclass(frozen=True)
class Gate:
    """The breaker, the budget, and the references and the level that are left alone."""

    breaker: Breaker
    budget: Budget
    refused: Refused = field(default_factory=Refused)
    contents: Contents = field(default_factory=Contents)

    @contextmanager
    def call(self, units: int, reference: str, *, contents: bool = False) -> Iterator[None]:
        """Around one call about a reference and the reading of its answer.

        Raises ProPaused, BudgetSpent or AskedInVain, and at contents level ContentsForbidden.
        """
        self.refused.check(reference, contents=contents)
        with self.breaker.guard():
            if contents:
                self.contents.check()
            self.budget.spend(units)
            metrics.pro_units.inc(units)
            outcome = "broken"
            try:
                yield
                outcome = "answered"
                self._hear(reference, None, contents=contents)
            except ProError as error:
                outcome = type(error).__name__
                self._hear(reference, error, contents=contents)
                raise
            finally:
                metrics.pro_calls.labels(outcome).inc()

    def _hear(self, reference: str, error: ProError | None, *, contents: bool) -> None:
        if isinstance(error, ContentsForbidden):
            self.contents.forbid(error)
        elif not isinstance(error, ProUnavailable):  # PRO's word about the reference
            self.refused.forget(reference, contents=contents)
            if contents:
                self.contents.allow()
        elif not isinstance(error, _ABOUT_ALL):
            self.refused.note(reference, error, contents=contents)
