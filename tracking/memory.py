"""Remembers what PRO said: in this process, and in Redis where there is one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, Protocol

from tracking.changes import Changes
from tracking.entries import Entry, Level, Outcome
from tracking.envelope import pack, unpack
from tracking.freshness import GRACE, NOT_FOUND, jittered, seconds_fresh
from tracking.ledger import with_earlier_dates
from tracking.shared import Claim, Shared
from tracking.shipments import ShipmentPage


class Store(Protocol):
    """What Flask-Caching offers and we use; `timeout` is in seconds."""

    def get(self, key: str) -> Any: ...
    def set(self, key: str, value: Any, timeout: float) -> Any: ...
    def delete(self, key: str) -> Any: ...


class Remembered(NamedTuple):
    """What is remembered, and for how many seconds it stands; not above zero: ask again."""

    entry: Entry
    rest: float

    @property
    def fresh(self) -> bool:
        """Whether nobody need ask again."""
        return self.rest > 0


@dataclass(frozen=True)
class _Packed:
    """An entry as a store holds it, and when this process came to know it, by its timer.

    The wall clock may be set, or another machine's may be wrong: so it is asked too.
    """

    body: bytes
    known_since: float
    asked_at: datetime

    def __len__(self) -> int:
        return len(self.body)


@dataclass(frozen=True)
class Memory:
    """Two stores apart, so that a flood of unknown references pushes out nothing found.

    `clock` tells the time, aware; `timer` gives monotonic seconds. `changes` notes each key under
    which something else is remembered from now on.
    """

    found: Store
    missing: Store
    clock: Callable[[], datetime]
    timer: Callable[[], float] = time.monotonic
    shared: Shared | None = None
    changes: Changes = field(default_factory=Changes)

    def recall(self, key: str) -> Remembered | None:
        """What PRO said: fresh, or old where it was found and nothing newer is known."""
        here = self.recall_here(key)
        if self.shared is None or (here and here.fresh):
            return here
        return self.learn(key, self.shared.get(key)) or self.recall_here(key)

    def recall_here(self, key: str) -> Remembered | None:
        """The same, from this process alone."""
        for store in (self.found, self.missing):
            packed = store.get(key)
            if packed and (entry := unpack(key, packed.body)):
                return self._usable(entry, packed.known_since)
        return None

    def claim(self, keys: Sequence[str]) -> tuple[Claim, list[Remembered | None]] | None:
        """Try to be the process that asks, and see what others were told under the keys.

        None where there is no Redis.
        """
        claim = self.shared.claim(keys) if self.shared else None
        if claim is None:
            return None
        return claim, [self.learn(key, told) for key, told in zip(keys, claim.told, strict=True)]

    def release(self, claim: Claim | None) -> None:
        """End a claim that was not used."""
        if self.shared and claim:
            self.shared.settle({}, claim)

    def is_kept(self, key: str, entry: Entry) -> bool:
        """Whether an entry is what this process remembers under a key: without unpacking it."""
        kept = (store.get(key) for store in (self.found, self.missing))
        return any(packed and packed.asked_at == entry.asked_at for packed in kept)

    def learn(self, key: str, packed: bytes | None) -> Remembered | None:
        """Take over what another process kept under a key, where that is news."""
        entry = unpack(key, packed) if packed else None
        if packed is None or entry is None:
            return None
        here = self.recall_here(key)
        if here and here.entry.asked_at >= entry.asked_at:
            return here
        usable = self._usable(entry, self.timer())
        if usable:
            self._put(key, packed, entry)
        elif here and not entry.found:  # gone since, if nobody looked: that is not shown again
            self.found.delete(key)
            self.changes.note(key)
        return usable

    def judge(self, outcome: Outcome, level: Level, shipments: ShipmentPage) -> Entry:
        """What PRO has just said, with the time for which it stands."""
        now = self.clock()
        lost = outcome in {"not_found", "gone"}
        wait = jittered(NOT_FOUND) if lost else seconds_fresh(shipments.shipments, now)
        return Entry(outcome, level, now, now, wait, shipments)

    def keep(
        self, *kept: tuple[str, Entry], claim: Claim | None = None, watched: Sequence[str] = ()
    ) -> None:
        """Remember entries under their keys, and end the claim under which they were asked for.

        What Redis has under the `watched` keys of earlier dates is added later: nobody waits.
        """
        packed = {key: (pack(key, entry), self._life_in_redis(key, entry)) for key, entry in kept}
        for key, entry in kept:
            self._put(key, packed[key][0], entry)
        if self.shared:
            then = partial(self._carry_over, kept, watched)
            self.shared.settle(packed, claim, watched=watched, then=then)

    def give_up(self, claim: Claim | None) -> None:
        """End a claim under which PRO was asked in vain."""
        if self.shared and claim:
            self.shared.settle({}, claim, failed=True)

    def _carry_over(
        self,
        kept: Sequence[tuple[str, Entry]],
        watched: Sequence[str],
        told: Sequence[bytes | None],
    ) -> None:
        """Add the earlier dates that Redis told of to what was kept, where nothing newer is."""
        now = self.clock()
        entries = [unpack(key, one) for key, one in zip(watched, told, strict=True) if one]
        known = [one for one in entries if one and one.age(now) <= GRACE]
        for key, entry in kept:
            longer = with_earlier_dates(entry, [entry, *known], now)
            if longer != entry and self.is_kept(key, entry):
                self.keep((key, longer.a_moment_later))

    def _put(self, key: str, packed: bytes, entry: Entry) -> None:
        store, other = (self.found, self.missing) if entry.found else (self.missing, self.found)
        store.set(key, _Packed(packed, self.timer(), entry.asked_at), timeout=self._life(entry))
        other.delete(key)
        self.changes.note(key)

    def _usable(self, entry: Entry, known_since: float) -> Remembered | None:
        now = self.clock()
        rest = min(entry.rest(now), entry.wait - (self.timer() - known_since))
        if not entry.found and rest <= 0:
            return None
        return Remembered(entry, rest) if entry.age(now) <= GRACE else None

    def _life(self, entry: Entry) -> float:
        """Seconds after which it is of no use to anybody."""
        if not entry.found:
            return entry.wait
        return max((GRACE - entry.age(self.clock())) / timedelta(seconds=1), 1)

    def _life_in_redis(self, key: str, entry: Entry) -> float:
        """The same for all processes: what is lost is so for as long as one may remember it."""
        before = None if entry.found else self.recall_here(key)
        return max(self._life(one) for one in (entry, before and before.entry) if one)
