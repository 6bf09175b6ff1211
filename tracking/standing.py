"""Standing: a status in the shopper's words, of an item, a parcel or several together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracking.codes import DELIVERED, Tone, worse
from tracking.history import Clock
from tracking.rollup import Part, roll_up
from tracking.shipments import Event
from tracking.status import Status, newer_note
from tracking.timestamps import Timestamp
from tracking.wording import Words, full_date

_NOT_INHERITED = DELIVERED | {"partially_delivered"}  # rule S12: an item may be among the rest


@dataclass(frozen=True)
class Standing:
    """Where something is, and what to do about it.

    `status` is a code, None where nothing says anything yet. `step` is 1 to 5, None where the
    steps no longer apply. `notes` are codes, `remarks` the sentences for some of them.
    """

    headline: str
    tone: Tone = "neutral"
    status: str | None = None
    step: int | None = 1
    final: bool = False
    reason: str = ""
    advice: str = ""
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def delivered(self) -> bool:
        """Whether it is of the delivered family."""
        return self.status in DELIVERED

    def noting(self, note: str, remark: str, at_least: Tone = "good") -> "Standing":
        """The same, with a note added and the tone no better than `at_least`."""
        return replace(
            self,
            tone=worse(self.tone, at_least),
            notes=(*self.notes, note),
            remarks=(*self.remarks, remark),
        )


def stand(status: Status, events: Sequence[Event], words: Words, clock: Clock) -> Standing:
    """The standing of one parcel or item by its own events (rules S1 to S11)."""
    standing = Standing(
        headline=_headline(status, words, clock),
        tone=status.tone,
        status=status.code,
        step=status.step,
        final=status.final,
        reason=_reason(status, words, clock),
        advice=words.say_of(status.code, "advice"),
    )
    if status.late:
        standing = standing.noting("late", words.say("notes", "late"))
    if status.damage:
        standing = standing.noting("damage", words.say("notes", "damage"))
    if note := newer_note(events, status, clock.now):
        name = "newer_note" if note.description else "newer_note_unsaid"
        standing = standing.noting(
            "newer_note", words.say("notes", name, words=note.description or "")
        )
    if status.ignored:
        name = "scans_after_final" if status.delivered else "scans_after_other_final"
        standing = standing.noting("scans_after_final", words.say("notes", name))
    return standing


def stand_without_news(parcel: Standing | None, words: Words) -> Standing:
    """The standing of an item without events: its parcel's, where that is known and not the end."""
    if parcel and parcel.status and parcel.status not in _NOT_INHERITED:
        return replace(parcel, notes=(), remarks=())
    return Standing(
        headline=words.say("notes", "no_item_news"),
        reason=words.say("notes", "no_item_news_explained"),
    )


def stand_together(standings: Sequence[Standing], things: str, words: Words) -> Standing:
    """The standing of several items or parcels (rules S12 and S13); `things` is their noun."""
    if len(standings) == 1:
        return standings[0]
    parts = [_part(standing, words) for standing in standings]
    summary = roll_up(parts, things, words)
    chosen = standings[parts.index(summary.chosen)]
    noted = {
        note: remark
        for standing in standings
        for note, remark in zip(standing.notes, standing.remarks, strict=True)
    }
    return Standing(
        headline=summary.headline,
        tone=summary.tone,
        status=summary.chosen.code,
        step=summary.chosen.step,
        final=summary.final,
        reason=summary.sentence or chosen.reason,
        advice=chosen.advice or words.say_of(chosen.status, "advice"),
        notes=tuple(noted),
        remarks=tuple(noted.values()),
    )


def _part(standing: Standing, words: Words) -> Part:
    headline = standing.headline if standing.status else words.say_of(None, "headline")
    return Part(headline, standing.status, standing.step, standing.final, standing.tone)


def _headline(status: Status, words: Words, clock: Clock) -> str:
    today = _is_today(status.event.believed(clock.now) if status.event else None, clock)
    part = "headline_today" if today and words.has(status.code, "headline_today") else "headline"
    return words.say_of(status.code, part)


def _reason(status: Status, words: Words, clock: Clock) -> str:
    stamp = status.event.believed(clock.now) if status.event else None
    if status.delivered and stamp is None and words.has(status.code, "explanation_undated"):
        reason = words.say_of(status.code, "explanation_undated")
    else:
        date = full_date(stamp.date) if stamp else ""
        reason = words.say_of(status.code, "explanation", date=date)
    return f"{reason} {words.signature(status.event)}".strip()


def _is_today(stamp: Timestamp | None, clock: Clock) -> bool:
    """Rule I11: only by the date now in the scan's own offset."""
    offset = stamp.moment.utcoffset() if stamp else None
    return stamp is not None and offset is not None and stamp.date == clock.date_at(offset)
