"""Standing: a status in the shopper's words, of an item, a parcel or several together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracking.codes import DELIVERED, Tone, worse
from tracking.derivation import UNDECIDED, Derivation, explain, go_by_one, go_by_parcel
from tracking.history import Clock
from tracking.rollup import Part, roll_up
from tracking.shipments import Event
from tracking.status import Status, newer_note
from tracking.timeline import Merged
from tracking.why import Line, tell_item, tell_why
from tracking.wording import Words, full_date

_NOTED_TOGETHER = ("overdue", "late", "quiet", "damage")  # of these a headline of several is silent
_NOT_INHERITED = DELIVERED | {"partially_delivered"}  # rule S12: an item may be among the rest

_RULES = {"item": "S12", "parcel": "S13"}


@dataclass(frozen=True)
class Remark:
    """A sentence beside the headline; `quote` is what the carrier said, in its own language.

    `aside` is what changes nothing for the shopper.
    """

    text: str
    quote: str | None = None
    aside: bool = False


@dataclass(frozen=True)
class Standing:
    """Where something is, and what to do about it.

    `status` is a code, None where nothing says anything yet. `step` is 1 to 5, None where the
    steps no longer apply. `notes` are codes, and `said` is the part of the words that the
    headline is. `derivation` says how the status was found, and `why` does in words.
    """

    headline: str
    tone: Tone = "neutral"
    status: str | None = None
    step: int | None = 1
    final: bool = False
    said: str = "headline"
    reason: str = ""
    advice: str = ""
    notes: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    derivation: Derivation = UNDECIDED
    why: tuple[Line, ...] = ()

    @property
    def delivered(self) -> bool:
        """Whether it is of the delivered family."""
        return self.status in DELIVERED

    def noting(
        self, note: str, remark: str = "", quote: str | None = None, at_least: Tone = "good"
    ) -> "Standing":
        """The same, with a note added and the tone no better than `at_least`."""
        return replace(
            self,
            tone=worse(self.tone, at_least),
            notes=(*self.notes, note),
            remarks=(*self.remarks, Remark(remark, quote)) if remark else self.remarks,
        )


def stand(status: Status, merged: Merged, words: Words, clock: Clock) -> Standing:
    """The standing of one parcel or item by its own events (rules S1 to S11)."""
    events = merged.events
    said = _part_said(status, words, clock)
    derivation = explain(status, merged, clock.now)
    standing = Standing(
        headline=words.say_of(status.code, said),
        tone=status.tone,
        status=status.code,
        step=status.step,
        final=status.final,
        said=said,
        reason=_reason(status, events, words, clock),
        advice=words.say_of(status.code, "advice"),
        derivation=derivation,
        why=tell_why(derivation, words, clock),
    )
    if status.late:
        standing = standing.noting("late", words.say("notes", "late"))
    if status.damage:
        remark = "damage" if status.delivered else "damage_not_delivered"
        standing = standing.noting("damage", words.say("notes", remark))
    if note := newer_note(events, status, clock.now):
        remark = "newer_note" if note.description else "newer_note_unsaid"
        standing = standing.noting("newer_note", words.say("notes", remark), note.description)
    if status.ignored:
        standing = _noting_scans_after(standing, status, words)
    return standing


def _noting_scans_after(standing: Standing, status: Status, words: Words) -> Standing:
    """Say so where scans were made after the end, unless it was another one and did not last."""
    noted = standing.noting("scans_after_final")
    if status.event not in status.ends.values():
        return noted
    name = "scans_after_final" if status.delivered else "scans_after_other_final"
    remark = Remark(words.say("notes", name), aside=True)
    return replace(noted, remarks=(*noted.remarks, remark))


def stand_without_news(parcel: Standing | None, words: Words) -> Standing:
    """The standing of an item without events: its parcel's, where that is known and not the end."""
    if parcel and parcel.status and parcel.status not in _NOT_INHERITED:
        return replace(
            parcel, notes=(), remarks=(), derivation=go_by_parcel(parcel.derivation), why=()
        )
    return Standing(
        headline=words.say("notes", "no_item_news"),
        reason=words.say("notes", "no_item_news_explained"),
    )


def stand_together(standings: Sequence[Standing], things: str, words: Words) -> Standing:
    """The standing of several items or parcels (rules S12 and S13); `things` is their noun.

    `words` are about the carrier that they share, if they do.
    """
    rule, derivations = _RULES[things], [one.derivation for one in standings]
    if len(standings) == 1:
        only = standings[0]
        return replace(only, derivation=go_by_one(rule, derivations, 0)) if only.status else only
    parts = [
        Part(words.say_of(one.status, one.said), one.status, one.step, one.final, one.tone)
        for one in standings
    ]
    summary = roll_up(parts, things, words)
    code = summary.chosen.code
    notes = [note for one in standings for note in one.notes]
    return Standing(
        headline=summary.headline,
        tone=summary.tone,
        status=code,
        step=summary.chosen.step,
        final=summary.final,
        reason=summary.sentence or _reason_together(standings, code, things, words),
        advice=_advice_together(standings[summary.by], code, words),
        notes=tuple(dict.fromkeys(notes)),
        remarks=tuple(
            Remark(words.noted(note, things, notes.count(note)))
            for note in _NOTED_TOGETHER
            if note in notes
        ),
        derivation=go_by_one(rule, derivations, summary.by) if code else UNDECIDED,
        why=_why_by_item(standings, summary.by, words) if code and things == "item" else (),
    )


def _reason_together(
    standings: Sequence[Standing], code: str | None, things: str, words: Words
) -> str:
    """What is said of those that the headline is about; nothing where it says all of all."""
    alike = sum(one.status == code for one in standings)
    if code in DELIVERED and alike == len(standings):
        return ""
    return words.some(code, things, alike)


def _advice_together(decided: Standing, code: str | None, words: Words) -> str:
    """What the code advises, unless the one that decides has waited too long to go on waiting."""
    waits_too_long = words.asks_nothing(code) and not {"overdue", "quiet"}.isdisjoint(decided.notes)
    return decided.advice if waits_too_long else words.say_of(code, "advice")


def _why_by_item(standings: Sequence[Standing], by: int, words: Words) -> tuple[Line, ...]:
    codes, decided = [one.status for one in standings], standings[by]
    return tell_item(codes, by, decided.tone, words), *decided.why


def _part_said(status: Status, words: Words, clock: Clock) -> str:
    """Rule I11: "today" only by the date now in the scan's own offset."""
    stamp = status.event.believed(clock.now) if status.event else None
    offset = stamp.moment.utcoffset() if stamp else None
    today = stamp is not None and offset is not None and stamp.date == clock.date_at(offset)
    return "headline_today" if today and words.has(status.code, "headline_today") else "headline"


def _reason(status: Status, events: Sequence[Event], words: Words, clock: Clock) -> str:
    if status.code is None and events:
        return words.say_of(None, "explanation_noted")
    stamp = status.event.believed(clock.now) if status.event else None
    if status.delivered and stamp is None and words.has(status.code, "explanation_undated"):
        reason = words.say_of(status.code, "explanation_undated")
    else:
        date = full_date(stamp.date) if stamp else ""
        reason = words.say_of(status.code, "explanation", date=date)
    return f"{reason} {words.signature(status.event)}".strip()
