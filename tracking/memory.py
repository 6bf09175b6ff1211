"""Remembers what PRO said, in Flask-Caching's stores. Only `lookup` uses it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Protocol

from tracking.entries import Entry, Level, Outcome, dump, load
from tracking.freshness import NOT_FOUND, jittered, seconds_fresh
from tracking.references import Kind
from tracking.shipments import TAKE, ShipmentPage


class Store(Protocol):
    """What Flask-Caching offers and we use; `timeout` is in seconds."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: Any, timeout: int) -> Any: ...


@dataclass(frozen=True)
class Question:
    """What can be asked of PRO and remembered; `page` counts from 1."""

    kind: Kind
    text: str
    level: Level
    page: int = 1

    @property
    def key(self) -> str:
        """Two questions never share one: what may hold any character comes last."""
        return f"{self.kind}/{self.level}/{self.page}/{self.text}"

    @property
    def skip(self) -> int:
        """How many shipments come before this page."""
        return (self.page - 1) * TAKE

    def at(self, level: Level) -> "Question":
        """The same question at a level."""
        return replace(self, level=level)


@dataclass(frozen=True)
class Memory:
    """Two stores apart, so that a flood of unknown references pushes out nothing found."""

    found: Store
    missing: Store
    clock: Callable[[], datetime]

    def recall(self, question: Question) -> Entry | None:
        """What PRO said, while it is fresh."""
        for store in (self.found, self.missing):
            text = store.get(question.key)
            if text and (entry := load(text)).fresh_until > self.clock():
                return entry
        return None

    def keep(self, question: Question, outcome: Outcome, shipments: ShipmentPage) -> Entry:
        """Remember what PRO has just said to a question."""
        now = self.clock()
        lost = outcome in {"not_found", "gone"}
        seconds = jittered(NOT_FOUND) if lost else seconds_fresh(shipments.shipments, now)
        fresh_until = now + timedelta(seconds=seconds)
        entry = Entry(outcome, question.level, now, fresh_until, shipments)
        self.share(question, entry)
        return entry

    def share(self, question: Question, entry: Entry) -> None:
        """Remember for one question what was said to another that answers it too."""
        seconds = (entry.fresh_until - self.clock()).total_seconds()
        store = self.missing if entry.outcome in {"not_found", "gone"} else self.found
        store.set(question.key, dump(entry), timeout=max(ceil(seconds), 1))
