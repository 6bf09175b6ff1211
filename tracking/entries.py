"""What PRO said to one question, and what a page is made from."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Self

from tracking.references import Reference
from tracking.shipments import ShipmentPage

Level = Literal["shipment", "contents"]
LEVELS: tuple[Level, ...] = ("shipment", "contents")
Outcome = Literal["found", "processing", "not_found", "gone"]


@dataclass(frozen=True)
class Entry:
    """What PRO said to one question, and when.

    `level` is the one at which it was found: not always the one asked for. `shipments` is empty
    where nothing was found. `asked_at` is later than `fetched_at` where asking again failed. For
    `wait` seconds after it nobody need ask. Times are aware.
    """

    outcome: Outcome
    level: Level
    fetched_at: datetime
    asked_at: datetime
    wait: float
    shipments: ShipmentPage

    @property
    def found(self) -> bool:
        """Whether PRO knows it."""
        return self.outcome in {"found", "processing"}

    @property
    def delayed(self) -> bool:
        """Whether it is older than it should be, and asking again failed."""
        return self.asked_at > self.fetched_at

    def age(self, now: datetime) -> timedelta:
        """How old the answer is; never negative, for clocks differ."""
        return max(now - self.fetched_at, timedelta(0))

    def rest(self, now: datetime) -> float:
        """Seconds for which nobody need ask again; not above zero: it is time to."""
        return self.wait - max((now - self.asked_at).total_seconds(), 0)

    @property
    def a_moment_later(self) -> Self:
        """The same, but newer: nobody takes the one for the other."""
        moment = timedelta(microseconds=1)
        return replace(self, fetched_at=self.fetched_at + moment, asked_at=self.asked_at + moment)

    def postponed(self, now: datetime, wait: float) -> Self:
        """The same answer, after asking again failed: the next try is in `wait` seconds."""
        return replace(self, asked_at=max(now, self.fetched_at + timedelta(seconds=1)), wait=wait)


@dataclass(frozen=True)
class Found:
    """PRO's answer about a reference; `checked_at` is when PRO gave it (aware).

    `level` is the one that it was found at. `processing` means known to PRO, and nothing more.
    `stale` means older than it should be, because PRO could not be asked again. It stands for
    `wait` seconds, of which `rest` are left. `subject` is the key under which it is remembered, and
    `changes` how many the memory had seen when it was read.
    """

    reference: Reference
    level: Level
    page: int
    shipments: ShipmentPage
    processing: bool
    checked_at: datetime
    stale: bool = False
    wait: float = 0.0
    rest: float = 0.0
    subject: str = ""
    changes: int = 0
