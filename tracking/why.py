"""Why this status? The scan that it comes from and what else counts, in the shopper's words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tracking.clocks import tell_scan
from tracking.codes import DELIVERED, Tone, known, resolve
from tracking.derivation import Derivation, Effect, Ground
from tracking.history import Clock
from tracking.shipments import Event
from tracking.wording import Words

_MOST_LINES = 6
_MOST_SCANS = 3  # in one line

# What is told, in this order, each by a sentence of the same name.
_TOLD: tuple[Effect, ...] = (
    "corrected",
    "after_end",
    "passed_over",
    "action_stays",
    "outranked",
    "reported_late",
    "untimed",
    "future_time",
    "newer_note",
    "late",
    "damage",
    "back_to_depot",
)
_CONTRADICT = {"corrected", "reported_late", "untimed"}  # but for scans of the headline's own code


@dataclass(frozen=True)
class Line:
    """A sentence and the rule that it is about, None where it counts lines that are left out."""

    text: str
    rule: str | None


def tell_why(derivation: Derivation, words: Words, clock: Clock) -> tuple[Line, ...]:
    """Tell how a status was derived: a handful of lines, and how many more there are."""
    if derivation.event is None:
        return ()
    lines = [
        _source(derivation.event, derivation.rule, words, clock),
        *_reasons(derivation.grounds, derivation.event, words, clock),
        *_copies(derivation.grounds, words, clock),
    ]
    if len(lines) <= _MOST_LINES:
        return tuple(lines)
    more = words.count("reason", len(lines) - _MOST_LINES)
    return *lines[:_MOST_LINES], Line(words.say("why", "more_lines", things=more), None)


def tell_item(codes: Sequence[str | None], which: int, tone: Tone, words: Words) -> Line:
    """Tell which of several items decides, by its position from 0, and why (rule S12).

    `codes` are the statuses of all, and `tone` is the one of that item.
    """
    code = codes[which]
    if code is None:
        name = "item_without_news"
    elif len(set(codes)) == 1 or (code in DELIVERED and tone == "good"):
        name = "any_item"
    else:
        name = "worst_item" if tone in {"warning", "problem"} else "furthest_item"
    return Line(words.say("why", name, k=which + 1, n=len(codes)), "S12")


def _source(event: Event, rule: str | None, words: Words, clock: Clock) -> Line:
    text = words.say("why", "source", scan=_scan(event, words, clock))
    code = known(event.event_code)
    if rule == "S5":
        text += " " + words.say("why", "newest")
    elif rule == "S4" and code and code.hard:
        text += " " + words.say("why", "end_untimed")
    return Line(text, rule)


def _reasons(
    grounds: Sequence[Ground], decided: Event, words: Words, clock: Clock
) -> Iterator[Line]:
    code = resolve(decided.event_code)
    for effect in _TOLD:
        told = [ground for ground in grounds if ground.effect == effect]
        if effect == "passed_over":  # a need that is past is nothing that contradicts
            told = [ground for ground in told if ground.rule == "S6"]
        if effect in _CONTRADICT:
            told = [ground for ground in told if resolve(ground.event.event_code) != code]
        if told:
            scans = [_scan(ground.event, words, clock) for ground in told]
            name = "after_delivery" if effect == "after_end" and code in DELIVERED else effect
            yield Line(words.say("why", name, scans=_listed(scans, words)), told[0].rule)


def _copies(grounds: Sequence[Ground], words: Words, clock: Clock) -> Iterator[Line]:
    copies = [ground for ground in grounds if ground.effect == "copy"]
    scans = [
        words.say("why", "copied", scan=_scan(kept, words, clock), n=1 + len(list(some)))
        for kept, some in groupby(copies, lambda ground: ground.kept)
        if kept
    ]
    if scans:
        yield Line(words.say("why", "copies", scans=_listed(scans, words)), copies[0].rule)


def _scan(event: Event, words: Words, clock: Clock) -> str:
    """A scan within a sentence: “Out for delivery” today at 06:48."""
    title, when = words.title(event.event_code), tell_scan(event, words, clock, clock.offset)
    if when is None:
        return words.say("why", "scan_untimed", title=title)
    return words.say("why", "scan", title=title, when=when)


def _listed(scans: Sequence[str], words: Words) -> str:
    shown, more = ", ".join(scans[:_MOST_SCANS]), len(scans) - _MOST_SCANS
    return words.say("why", "more_scans", scans=shown, n=more) if more > 0 else shown
