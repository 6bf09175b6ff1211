"""Why a status is what it is: the scan and the rule behind it, and what every other scan did.

The walk of `status` says what it did with each scan; here that is told by the rules S1 to S12 of
experience.md. Pure.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from tracking.codes import known
from tracking.shipments import Event
from tracking.status import Deed, Status, is_newer_note
from tracking.timeline import Merged

# What a scan did to the status. Each scan does one of these.
Part = Literal[
    "decided",  # it is behind the headline
    "led",  # an earlier one (S5)
    "outranked",  # as old as the one that decided, and less far along (S3)
    "reported_late",  # received after the one that decided, and made before it (S3)
    "untimed",  # without any time it counts before all that have one (S4)
    "corrected",  # an end that a later scan overrode (S6)
    "after_end",  # made after the end, and changes nothing (S6)
    "action_stays",  # does not end the need for action (S7)
    "passed_over",  # changed nothing either, for an end or a need that is now past (S6, S7)
    "repeated",  # of the same code and instant as another one (S3)
    "note",  # says nothing about the status (S1)
    "newer_note",  # neither does this one, though it is newer
    "copy",  # folded into another scan (P-c)
]
# What it may have done besides.
Mark = Literal[
    "future_time",  # its own time is in the future, and not believed (S2)
    "no_own_time",  # it counts from when it was received (S2)
    "late",  # set the flag (S8)
    "damage",  # set the flag (S9)
    "back_to_depot",  # sent the parcel back to step 3 (S10)
]


Effect = Part | Mark

_PART_OF: dict[Deed, tuple[str, Part]] = {
    "ignored": ("S6", "after_end"),
    "waited": ("S7", "action_stays"),
    "repeated": ("S3", "repeated"),
}


class Ground(NamedTuple):
    """One thing that a scan did, and the rule for it; `kept` is what a copy was folded into."""

    rule: str
    effect: Effect
    event: Event
    kept: Event | None = None


@dataclass(frozen=True)
class Derivation:
    """How a status was found; `rule` and `event` are None where nothing says anything yet.

    `grounds` name every scan once by its part, newest first, then notes, marks and copies. `one`
    is the position of the item or parcel that the status of several goes by (S12, S13), from 0.
    """

    rule: str | None = None
    event: Event | None = None
    one: int | None = None
    grounds: tuple[Ground, ...] = ()


UNDECIDED = Derivation()


def explain(status: Status, merged: Merged, now: datetime) -> Derivation:
    """How the status of merged scans was derived; `now` is aware."""
    grounds = (
        *_parts(status, now),
        *_notes(status, merged, now),
        *_marks(status, merged, now),
        *(Ground("P-c", "copy", copy, kept) for kept, some in merged.folded for copy in some),
    )
    rule = next((ground.rule for ground in grounds if ground.effect == "decided"), None)
    return Derivation(rule, status.event, grounds=grounds)


def go_by_one(rule: str, several: Sequence[Derivation], one: int) -> Derivation:
    """How the status of several was found: by one of them, which tells the rest."""
    return Derivation(rule, several[one].event, one)


def go_by_parcel(parcel: Derivation) -> Derivation:
    """How the status of an item was found that has none but its parcel's."""
    return Derivation("S12", parcel.event)


def _parts(status: Status, now: datetime) -> Iterator[Ground]:
    """What each scan did that was walked through, the last one first."""
    told = [event for event, deed in status.taken if deed == "told"]
    decided, later = False, set[Deed]()
    for event, deed in reversed(status.taken):
        if deed != "told":
            rule, part = _PART_OF[deed]
            part = "passed_over" if decided and deed != "repeated" else part
            later.add(deed)
        elif event is told[-1]:
            rule, part, decided = _rule(told, later, now), "decided", True
        else:
            rule, part = _led(event, told[-1], now)
        yield Ground(rule, part, event)


def _rule(told: Sequence[Event], later: Set[Deed], now: datetime) -> str:
    """The rule without which the headline would be another one."""
    if "ignored" in later or (len(told) > 1 and _is_end(told[-2])):
        return "S6"
    if "waited" in later:
        return "S7"
    return "S5" if told[-1].believed(now) else "S4"


def _led(event: Event, headline: Event, now: datetime) -> tuple[str, Part]:
    """What a scan did that was the headline, until another one was."""
    if _is_end(event):
        return "S6", "corrected"
    stamp, latest = event.believed(now), headline.believed(now)
    if latest is None:
        return "S5", "led"
    if stamp is None:
        return "S4", "untimed"
    if stamp.instant == latest.instant:
        return "S3", "outranked"
    received, known_since = event.received_timestamp, headline.received_timestamp
    if received and known_since and received.instant > known_since.instant:
        return "S3", "reported_late"
    return "S5", "led"


def _is_end(event: Event) -> bool:
    code = known(event.event_code)
    return code is not None and code.final


def _notes(status: Status, merged: Merged, now: datetime) -> Iterator[Ground]:
    for event in merged.events:
        if known(event.event_code) is None:
            newer = is_newer_note(event, status, now)
            yield Ground("S1", "newer_note" if newer else "note", event)


def _marks(status: Status, merged: Merged, now: datetime) -> Iterator[Ground]:
    for event in merged.events:
        if event.timestamp and event.believed(now) is not event.timestamp:
            yield Ground("S2", "future_time", event)
        elif event.timestamp is None and event.received_timestamp:
            yield Ground("S2", "no_own_time", event)
    if status.late_by:
        yield Ground("S8", "late", status.late_by)
    if status.damage_by:
        yield Ground("S9", "damage", status.damage_by)
    if status.back_by:
        yield Ground("S10", "back_to_depot", status.back_by)
