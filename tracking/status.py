"""Events in, one status out: rules S1 to S11 of experience.md. Pure; depends on no order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Literal, NamedTuple

from tracking.codes import DELIVERED, Code, Tone, known, worse
from tracking.endings import BACK_TO_DEPOT, ENDS_ACTION, ENDS_DELAY, OVERRIDES
from tracking.shipments import Event

Order = tuple[float, float, str]  # instant, rank, code

Deed = Literal["told", "ignored", "waited", "repeated"]


class Taken(NamedTuple):
    """What the walk did with a scan.

    It was told, that is the headline until a later one was; ignored after the end (S6); or it
    waited behind a need for action (S7). Or it repeated the one before, of its code and instant.
    """

    event: Event
    deed: Deed


@dataclass(frozen=True)
class Status:
    """Where a parcel is, by all that its carrier reported.

    `code` is None where nothing says anything yet, and `event` is the scan behind it. `step` is
    1 to 5, None where the steps no longer apply. `late_by`, `damage_by` and `back_by` are the
    scans that make it late (S8), report damage (S9) and sent it back to step 3 (S10). `taken` are
    all scans that were walked through, oldest first.
    """

    code: str | None = None
    event: Event | None = None
    step: int | None = 1
    final: bool = False
    tone: Tone = "neutral"
    late_by: Event | None = None
    damage_by: Event | None = None
    back_by: Event | None = None
    taken: tuple[Taken, ...] = ()

    @property
    def late(self) -> bool:
        """Whether a delay stands that the headline does not tell of."""
        return self.late_by is not None

    @property
    def damage(self) -> bool:
        """Whether there was damage that the headline does not tell of."""
        return self.damage_by is not None

    @property
    def ignored(self) -> tuple[Event, ...]:
        """The scans made after an end that change nothing."""
        return tuple(self.ends)

    @property
    def ends(self) -> dict[Event, Event]:
        """Those scans, each with the one that was the end."""
        ends, end = {}, None
        for event, deed in self.taken:
            if deed == "told":
                end = event
            elif deed == "ignored" and end:
                ends[event] = end
        return ends

    @property
    def delivered(self) -> bool:
        """Whether the status is of the delivered family."""
        return self.code in DELIVERED


@dataclass
class _Walk:
    """The state while walking through the scans (rules S5 to S10)."""

    code: Code | None = None
    event: Event | None = None
    reached: int = 1
    late_by: Event | None = None
    damage_by: Event | None = None
    back_by: Event | None = None
    taken: list[Taken] = field(default_factory=list)

    def take(self, event: Event, code: Code) -> None:
        if self.code and self.code.final and code.name not in OVERRIDES[self.code.name]:
            self.taken.append(Taken(event, "ignored"))
            return
        self._reach(event, code)
        if code.name == "damaged":
            self.damage_by = event
        if code.name == "delayed":
            self.late_by = event
        elif code.name in ENDS_DELAY:
            self.late_by = None
        if self._still_needs_action(code):
            self.taken.append(Taken(event, "waited"))
            return
        self.taken.append(Taken(event, "told"))
        self.code, self.event = code, event

    def _reach(self, event: Event, code: Code) -> None:
        if self.reached >= 4 and code.name in BACK_TO_DEPOT:
            self.reached, self.back_by = 3, event
        elif code.step is not None:
            self.reached = max(self.reached, code.step)
        elif code.name != "exchange_succeeded":
            self.reached = max(self.reached, 2)

    def _still_needs_action(self, code: Code) -> bool:
        waits = self.code is not None and self.code.name == "action_required"
        return waits and code.name not in ENDS_ACTION and not code.hard

    @property
    def status(self) -> Status:
        if self.code is None:
            return Status()
        late = self.code.name != "delayed" and not self.code.hard
        damage = self.code.name not in {"damaged", "delivered_damaged"}
        late_by, damage_by = self.late_by if late else None, self.damage_by if damage else None
        step = self._step(self.code)
        return Status(
            code=self.code.name,
            event=self.event,
            step=step,
            final=self.code.final,
            tone=worse(self.code.tone, "warning") if late_by or damage_by else self.code.tone,
            late_by=late_by,
            damage_by=damage_by,
            back_by=self.back_by if step == 3 else None,
            taken=tuple(self.taken),
        )

    def _step(self, code: Code) -> int | None:
        if code.off_course:
            return None
        return 5 if code.name in DELIVERED else min(self.reached, 4)


def derive(events: Iterable[Event], now: datetime) -> Status:
    """Derive the one status of a list of events in any order; `now` is aware.

    Source: experience.md, rules S1 to S11.
    """

    scans = [
        (_place(event, now), event, code) for event in events if (code := known(event.event_code))
    ]
    scans.sort(key=itemgetter(0))
    walk = _Walk()
    for _, alike in groupby(scans, key=itemgetter(0)):
        (_, event, code), *others = alike
        walk.take(event, code)
        walk.taken += [Taken(other, "repeated") for _, other, _ in others]
    return walk.status


def newer_note(events: Iterable[Event], status: Status, now: datetime) -> Event | None:
    """The newest event that says nothing about the status, if it is newer than the headline's."""
    notes = [event for event in events if is_newer_note(event, status, now)]
    return max(notes, key=lambda note: order(note, now), default=None)


def is_newer_note(event: Event, status: Status, now: datetime) -> bool:
    """Whether an event says nothing about the status (rule S1), and is newer than it."""
    if status.event is None or known(event.event_code):
        return False
    return _when(event, now) > _when(status.event, now)


def order(event: Event, now: datetime) -> Order:
    """What events are sorted by (rule S3); those without any time come first."""
    believed = event.believed(now)
    code = known(event.event_code)
    return (
        believed.instant.timestamp() if believed else float("-inf"),
        code.rank if code else 0,
        code.name if code else event.event_code or "",
    )


def _place(event: Event, now: datetime) -> tuple[bool, Order]:
    """Rules S3 and S4: hard outcomes without any time come last, other untimed events first."""
    return _is_last(event, now), order(event, now)


def _when(event: Event, now: datetime) -> tuple[bool, float]:
    return _is_last(event, now), order(event, now)[0]


def _is_last(event: Event, now: datetime) -> bool:
    code = known(event.event_code)
    return bool(code and code.hard) and event.believed(now) is None
