"""find(): from a reference to what PRO knows of it. The only caller of the client.

PRO bills every call: whatever can be answered from memory is, and what several ask at once is
asked once.
"""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from tracking import metrics
from tracking.allowance import Allowance, Visitor
from tracking.asking import Asking
from tracking.entries import Entry, Found, Level
from tracking.flights import Flights
from tracking.freshness import AGAIN, jittered
from tracking.logs import place_of
from tracking.memory import Memory, Remembered
from tracking.pro.deadline import Deadline
from tracking.pro.errors import (
    NotAsked,
    ProBusy,
    ProTooSlow,
    ProUnavailable,
    ShipmentGone,
    ShipmentNotFound,
)
from tracking.questions import Question
from tracking.references import Reference

MOST_WAITING = 96  # threads; with those of a server all waiting, nobody would be served
PATIENCE = 0.2  # seconds beyond the deadline, for the answer to be read

_NOBODY = Visitor()
_log = logging.getLogger(__name__)


class PagePastLast(Exception):
    """There are shipments, but not so many pages of them."""


@dataclass(frozen=True)
class Lookup:
    """Finds references. `seconds` is the deadline of one question, whatever calls it takes."""

    asking: Asking
    memory: Memory
    allowance: Allowance
    flights: Flights[Entry]
    seconds: float
    _seats: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MOST_WAITING))

    def find(
        self, reference: Reference, level: Level, page: int, visitor: Visitor = _NOBODY
    ) -> Found:
        """What PRO knows of a reference, from memory or by as few calls as it takes.

        Raises ShipmentNotFound, ShipmentGone, PagePastLast, TooManyTries or ProUnavailable.
        Source: design.md, Which endpoint, Outcomes and Caching.
        """
        if reference.kind == "reference" and page > 1:
            raise PagePastLast
        question = Question(reference.kind, reference.text, level, page)
        changes = self.memory.changes.count
        remembered = self.memory.recall(question.key)
        if remembered is None and self._is_past_last(question):
            raise PagePastLast
        if remembered is None:
            entry = self._wait_for(question, visitor)
            changes = self.memory.changes.count
            rest = entry.rest(self.memory.clock())
            kept = self.memory.is_kept(question.key, entry)  # nothing newer came meanwhile
            remembered = Remembered(entry, rest if kept else 0.0)
        elif not remembered.fresh and visitor.reads:
            self._renew(question, visitor)
        return replace(_found(reference, question, remembered, self.memory), changes=changes)

    def _is_past_last(self, question: Question) -> bool:
        """Whether the first page says so: asking for each that there is none of would be billed."""
        if question.page == 1:
            return False
        first = self.memory.recall_here(replace(question, page=1).key)
        if first is None or not first.fresh:
            return False
        return first.entry.found and first.entry.shipments.total <= question.skip

    def _wait_for(self, question: Question, visitor: Visitor) -> Entry:
        """The answer to a question of which nothing is remembered.

        Who waits for what is being asked anyway costs nothing, and is not counted.
        """
        if not visitor.reads:
            raise NotAsked
        with self._seat():
            going = self.flights.going(question.key)
            if going:
                return self._answer_of(going)
            with self.allowance.lookup(visitor.network):
                return self._answer_of(self._begin(question))

    def _answer_of(self, flight: Future[Entry]) -> Entry:
        try:
            entry = flight.result(timeout=self.seconds + PATIENCE)
        except TimeoutError:
            raise ProTooSlow("no answer while one waits") from None
        if entry.outcome == "not_found":
            raise ShipmentNotFound
        return entry

    @contextmanager
    def _seat(self) -> Iterator[None]:
        if not self._seats.acquire(blocking=False):
            metrics.shed.labels("waiting").inc()
            raise ProBusy("as many wait as may")
        try:
            yield
        finally:
            self._seats.release()

    def _renew(self, question: Question, visitor: Visitor) -> None:
        """Ask again, while what is remembered is shown; nobody waits, not even to be counted."""
        deadline = Deadline(self.seconds)
        with suppress(ProBusy):
            self.flights.join(question.key, lambda: self._ask_again(question, visitor, deadline))

    def _begin(self, question: Question) -> Future[Entry]:
        deadline = Deadline(self.seconds)
        return self.flights.join(question.key, lambda: self._ask(question, deadline))

    def _ask_again(self, question: Question, visitor: Visitor, deadline: Deadline) -> Entry:
        """On a thread of the flights; what is known stays where this client may ask no more."""
        known = self.memory.recall_here(question.key)
        if known and not known.fresh and not self.allowance.renewal(visitor.network):
            self.memory.changes.note(question.key)  # the page made for it is no other client's
            return known.entry
        return self._ask(question, deadline)

    def _ask(self, question: Question, deadline: Deadline) -> Entry:
        """On a thread of the flights: for all that wait, and for the memory."""
        known = self.memory.recall_here(question.key)
        if known and known.fresh:  # it was told between the look and the flight
            return known.entry
        try:
            return self.asking.answer(question, deadline)
        except ProUnavailable as error:
            level = logging.INFO if isinstance(error, NotAsked) else logging.ERROR
            name = type(error).__name__
            _log.log(level, "%s (%s), correlation id %s", name, error, error.correlation_id)
            self._postpone(question, known)
            raise
        except Exception as error:  # a fault of ours: nobody may be waiting to be told
            _log.error("A fault of ours while asking: %s", place_of(error))
            self._postpone(question, known)
            raise

    def _postpone(self, question: Question, known: Remembered | None) -> None:
        """Keep what is remembered, and let nobody ask for a while, unless there is news."""
        now = self.memory.recall_here(question.key)
        if known and now and known.entry == now.entry:
            again = now.entry.postponed(self.memory.clock(), jittered(AGAIN))
            self.memory.keep((question.key, again))


def _found(
    reference: Reference, question: Question, remembered: Remembered, memory: Memory
) -> Found:
    entry, rest = remembered
    if entry.outcome == "not_found":
        raise ShipmentNotFound
    if entry.outcome == "gone":
        raise ShipmentGone
    if not entry.shipments.shipments:
        raise PagePastLast
    now = memory.clock()
    if entry.delayed:
        metrics.stale_answers.inc()
        metrics.oldest_shown.set(entry.age(now).total_seconds())
    return Found(
        reference=reference,
        level=entry.level,
        page=question.page,
        shipments=entry.shipments,
        processing=entry.outcome == "processing",
        checked_at=min(entry.fetched_at, now),  # clocks differ
        stale=entry.delayed,
        wait=entry.wait,
        rest=rest,
        subject=question.key,
    )
