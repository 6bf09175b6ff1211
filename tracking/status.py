"""Events in, one status out: rules S1 to S11 of experience.md. Pure; depends on no order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from tracking.codes import DELIVERED, MOVEMENT, Code, Tone, known, worse
from tracking.shipments import Event

Order = tuple[float, float, str]  # instant, rank, code

# Rule S6: what may still override a final status.
_OVERRIDES_DELIVERED = frozenset(
    {
        "delivered_damaged",
        "partially_delivered",
        "delivery_failed",
        "delivery_failed_card_left",
        "returned_to_sender",
        "missing",
        "lost",
    }
)
_OVERRIDES_LOST = (
    MOVEMENT
    | DELIVERED
    | {
        "out_for_delivery",
        "delivery_failed",
        "delivery_failed_card_left",
        "partially_delivered",
        "held_by_carrier",
        "failed_to_collect",
        "returned_to_sender",
        "destroyed",
    }
)
_OVERRIDES: dict[str, frozenset[str]] = {
    **dict.fromkeys(DELIVERED, _OVERRIDES_DELIVERED),
    "delivered_damaged": frozenset({"returned_to_sender"}),
    "delivery_refused": frozenset({"returned_to_sender"}),
    "returned_to_sender": frozenset(),
    "destroyed": frozenset(),
    "lost": _OVERRIDES_LOST,
}

# Rule S7: what ends the need for action; a hard final status does so too.
_ENDS_ACTION = DELIVERED | {
    "action_required",  # the newer one is the one to act on
    "out_for_delivery",
    "delivery_failed",
    "delivery_failed_card_left",
    "partially_delivered",
    "cleared_through_customs",
    "exchange_succeeded",
    "failed_to_collect",
    "lost",
}
# Rule S8: what ends a delay.
_ENDS_DELAY = DELIVERED | {
    "out_for_delivery",
    "partially_delivered",
    "returned_to_sender",
    "destroyed",
    "lost",
}
# Rule S10: what sends a parcel that was out for delivery back to step 3.
_BACK_TO_DEPOT = MOVEMENT | {"awaiting_drop_off", "collection_failed"}


@dataclass(frozen=True)
class Status:
    """Where a parcel is, by all that its carrier reported.

    `code` is None where nothing says anything yet, and `event` is the scan behind it. `step` is
    1 to 5, None where the steps no longer apply. `ignored` are the scans made after the end that
    change nothing.
    """

    code: str | None = None
    event: Event | None = None
    step: int | None = 1
    final: bool = False
    tone: Tone = "neutral"
    late: bool = False
    damage: bool = False
    ignored: tuple[Event, ...] = ()

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
    delayed: bool = False
    damaged: bool = False
    ignored: list[Event] = field(default_factory=list)

    def take(self, event: Event, code: Code) -> None:
        if self.code and self.code.final and code.name not in _OVERRIDES[self.code.name]:
            self.ignored.append(event)
            return
        self.reached = self._reach(code)
        self.damaged = self.damaged or code.name == "damaged"
        self.delayed = code.name == "delayed" or (self.delayed and code.name not in _ENDS_DELAY)
        if not self._still_needs_action(code):
            self.code, self.event = code, event

    def _reach(self, code: Code) -> int:
        if self.reached >= 4 and code.name in _BACK_TO_DEPOT:
            return 3
        if code.step is not None:
            return max(self.reached, code.step)
        return self.reached if code.name == "exchange_succeeded" else max(self.reached, 2)

    def _still_needs_action(self, code: Code) -> bool:
        waits = self.code is not None and self.code.name == "action_required"
        return waits and code.name not in _ENDS_ACTION and not code.hard

    @property
    def status(self) -> Status:
        if self.code is None:
            return Status()
        late = self.delayed and self.code.name != "delayed" and not self.code.hard
        damage = self.damaged and self.code.name not in {"damaged", "delivered_damaged"}
        return Status(
            code=self.code.name,
            event=self.event,
            step=self._step(self.code),
            final=self.code.final,
            tone=worse(self.code.tone, "warning") if late or damage else self.code.tone,
            late=late,
            damage=damage,
            ignored=tuple(self.ignored),
        )

    def _step(self, code: Code) -> int | None:
        if code.off_course:
            return None
        return 5 if code.name in DELIVERED else min(self.reached, 4)


def derive(events: Iterable[Event], now: datetime) -> Status:
    """Derive the one status of a list of events in any order; `now` is aware.

    Source: experience.md, rules S1 to S11.
    """

    def place(scan: tuple[Event, Code]) -> tuple[bool, Order]:
        return _place(scan[0], now)

    scans = [(event, code) for event in events if (code := known(event.event_code))]
    walk = _Walk()
    for _, copies in groupby(sorted(scans, key=place), key=place):
        walk.take(*next(copies))
    return walk.status


def newer_note(events: Iterable[Event], status: Status, now: datetime) -> Event | None:
    """The newest event that says nothing about the status, if it is newer than the headline's."""
    if status.event is None:
        return None
    notes = [e for e in events if not known(e.event_code) and e.believed(now)]
    newest = max(notes, key=lambda note: order(note, now), default=None)
    if newest is None or _when(newest, now) <= _when(status.event, now):
        return None
    return newest


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
