"""A history in the shopper's words: what each scan is called, and when it was, where it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo

from tracking.codes import DELIVERED, NOTES, known, resolve
from tracking.shipments import Event
from tracking.status import Status
from tracking.timeline import Merged, by_day
from tracking.timestamps import Timestamp
from tracking.wording import Words, clock_time, full_date, offset_name

FOLDED_FROM = 13  # scans; a longer history shows its newest ones and folds the rest (rule P9)
SHOWN = 8

# Carriers hand scans over in batches, some hours apart. From here on, whoever looked in between
# was told something else.
_BELATED = timedelta(hours=6)
_IN_DAYS = timedelta(days=2)  # from here on a delay is counted in days


@dataclass(frozen=True)
class Scan:
    """An event as a shopper reads it. `stamp` is the one believed, None where there is none.

    `note` is the carrier's own words, `code_words` an unknown code in their stead. `late` says
    how long after the scan PRO was told of it, where that was long.
    """

    event: Event
    title: str
    time: str
    zone: str | None
    stamp: Timestamp | None
    note: str | None
    code_words: str | None
    signed: str
    late: str
    after_final: str


@dataclass(frozen=True)
class DayOfScans:
    """Scans under one heading; `date` is None where no time is known."""

    heading: str
    date: date | None
    scans: tuple[Scan, ...]


@dataclass(frozen=True)
class History:
    """Scans by day, newest first; `older` is folded away and holds `older_count` scans."""

    days: tuple[DayOfScans, ...] = ()
    older: tuple[DayOfScans, ...] = ()
    older_count: int = 0

    @property
    def scans(self) -> tuple[Scan, ...]:
        """All scans, newest first."""
        return tuple(scan for day in (*self.days, *self.older) for scan in day.scans)


@dataclass(frozen=True)
class Clock:
    """The time, and the offset that the page counts in: the newest scan's, else the retailer's.

    `home` is the retailer's own time zone, in which is told what we did ourselves.
    """

    now: datetime
    offset: timedelta
    home: tzinfo

    @property
    def today(self) -> date:
        """The date by which "today", "tomorrow" and "late" are told."""
        return self.date_at(self.offset)

    def date_at(self, offset: timedelta) -> date:
        """The date now, where clocks have that offset."""
        return self.now.astimezone(timezone(offset)).date()


def tell_history(merged: Merged, status: Status, words: Words, clock: Clock) -> History:
    """Tell merged events, newest first; those that the status ignores came after the end."""
    events, copies = merged.events, dict(merged.folded)
    after = {event: _after(end, words) for event, end in status.ends.items()}
    split = SHOWN if len(events) >= FOLDED_FROM else len(events)

    def days(some: tuple[Event, ...]) -> tuple[DayOfScans, ...]:
        return tuple(
            DayOfScans(
                _heading(day.date, day.events[0], words, clock),
                day.date,
                tuple(
                    _scan(event, copies.get(event, ()), after.get(event, ""), words, clock)
                    for event in day.events
                ),
            )
            for day in by_day(some, clock.now)
        )

    return History(days(events[:split]), days(events[split:]), len(events) - split)


def _after(end: Event, words: Words) -> str:
    """What is said of a scan that was made after an end."""
    delivered = resolve(end.event_code) in DELIVERED
    return words.say("notes", "after_final" if delivered else "after_other_final")


def _scan(
    event: Event, copies: tuple[Event, ...], after_final: str, words: Words, clock: Clock
) -> Scan:
    stamp, title = event.believed(clock.now), words.title(event.event_code)
    return Scan(
        event=event,
        title=title,
        time=_time(event, stamp, words),
        zone=_zone(stamp, words, clock),
        stamp=stamp,
        note=_note(event, title),
        code_words=_code_words(event),
        signed=words.signature(event),
        late=_late(event, copies, stamp, words),
        after_final=after_final,
    )


def _time(event: Event, stamp: Timestamp | None, words: Words) -> str:
    """The carrier's own clock, never converted (rule I1) and never made up (rule P6)."""
    if stamp is None or (stamp.has_time is False and stamp is not event.timestamp):
        return words.say("dates", "not_given")
    if not stamp.has_time:
        return ""
    time = clock_time(stamp.moment)
    return time if stamp is event.timestamp else words.say("dates", "about", time=time)


def _zone(stamp: Timestamp | None, words: Words, clock: Clock) -> str | None:
    """Named only where it is another one than the page's (rule I1)."""
    offset = stamp.moment.utcoffset() if stamp and stamp.has_time else None
    if offset is None or offset == clock.offset:
        return None
    return words.say("dates", "zone", offset=offset_name(offset))


def _late(event: Event, copies: tuple[Event, ...], stamp: Timestamp | None, words: Words) -> str:
    """How long it took the carrier to report a scan, where that is known and _BELATED or more.

    The first copy counts. Without a time or an offset only days can be told apart, and one day
    may be no more than an hour.
    """
    told = (one.received_timestamp for one in (event, *copies))
    received = min(filter(None, told), key=lambda one: one.instant, default=None)
    if stamp is None or received is None or stamp is not event.timestamp:
        return ""
    exact = all(one.has_time and one.moment.tzinfo for one in (stamp, received))
    lag = received.instant - stamp.instant if exact else received.date - stamp.date
    if lag < (_BELATED if exact else _IN_DAYS):
        return ""
    things, unit = ("day", timedelta(days=1)) if lag >= _IN_DAYS else ("hour", timedelta(hours=1))
    return words.say("notes", "reported_late", span=words.count(things, lag // unit))


def _note(event: Event, title: str) -> str | None:
    """The carrier's own words, where they say more than the title."""
    said = event.description
    return None if said and said.casefold() == title.casefold() else said


def _code_words(event: Event) -> str | None:
    """An unknown code as words, where the carrier gives none of its own."""
    code = event.event_code
    if code is None or event.description or known(code) or code in NOTES:
        return None
    return code.replace("_", " ").strip() or None


def _heading(day: date | None, event: Event, words: Words, clock: Clock) -> str:
    """A date in full; "today" only where it is so on the scan's own clock (rule I11)."""
    if day is None:
        return words.say("dates", "not_known")
    stamp = event.believed(clock.now)
    offset = stamp.moment.utcoffset() if stamp else None
    today = clock.date_at(clock.offset if offset is None else offset)
    names = {today: "today", today - timedelta(days=1): "yesterday"}
    if day in names:
        return words.say("dates", names[day], date=full_date(day))
    return full_date(day)


def page_clock(histories: Iterable[tuple[Event, ...]], now: datetime, home: tzinfo) -> Clock:
    """The clock of a page: that of the newest scan whose offset is known, else of `home`."""
    stamps = (event.believed(now) for events in histories for event in events)
    placed = [stamp for stamp in stamps if stamp and stamp.moment.utcoffset() is not None]
    newest = max(placed, key=lambda stamp: stamp.instant, default=None)
    offset = newest.moment.utcoffset() if newest else now.astimezone(home).utcoffset()
    return Clock(now, offset if offset is not None else timedelta(0), home)
