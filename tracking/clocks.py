"""Two clocks: the carrier's, by which it last reported, and the retailer's, by which we checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from tracking.history import Clock
from tracking.shipments import Event
from tracking.timestamps import Timestamp
from tracking.wording import Words, clock_time, day_and_month, offset_name


@dataclass(frozen=True)
class ClockLine:
    """A sentence, and the moment or the date in it for `<time datetime>`."""

    text: str
    machine: str


def tell_report(events: Iterable[Event], words: Words, clock: Clock) -> ClockLine | None:
    """When the newest scan was made, as the carrier gave it; None where no time is known.

    Its offset is named where it is not the retailer's, by which we say when we checked.
    """
    stamps = [(stamp, event) for event in events if (stamp := event.believed(clock.now))]
    if not stamps:
        return None
    stamp, event = max(stamps, key=lambda one: one[0].instant)
    when = tell_scan(event, words, clock, clock.now.astimezone(clock.home).utcoffset())
    return ClockLine(words.say("clocks", "reported", when=when), stamp.machine)


def tell_scan(event: Event, words: Words, clock: Clock, usual: timedelta | None) -> str | None:
    """When a scan was made, within a sentence; None where that is not known.

    It is told on the scan's own clock, whose offset is named where it is not the `usual` one.
    """
    stamp = event.believed(clock.now)
    if stamp is None:
        return None
    offset, time = stamp.moment.utcoffset(), None
    if stamp.has_time:
        time = _time(stamp, event, words)
        if offset not in {None, usual}:
            zone = words.say("dates", "zone", offset=offset_name(offset or timedelta(0)))
            time = words.say("clocks", "zoned", time=time, zone=zone)
    today = clock.date_at(clock.offset if offset is None else offset)
    return tell_when(stamp.date, today, words, time)


def tell_check(checked_at: datetime, words: Words, now: datetime, home: tzinfo) -> ClockLine:
    """When PRO gave this answer; the times are aware."""
    local = checked_at.astimezone(home)
    time = f"{clock_time(local)} {local:%Z}"
    when = tell_when(local.date(), now.astimezone(home).date(), words, time)
    machine = checked_at.isoformat(timespec="seconds")
    return ClockLine(words.say("clocks", "checked", when=when), machine)


def tell_when(day: date, today: date, words: Words, time: str | None = None) -> str:
    """A day within a sentence, and the time where it is known: "today at 06:48"."""
    days = {today: "today", today - timedelta(days=1): "yesterday"}
    name = days.get(day, "on_day")
    said = day_and_month(day, today.year)
    if time is None:
        return words.say("when", name, date=said)
    return words.say("when", f"{name}_at", date=said, time=time)


def _time(stamp: Timestamp, event: Event, words: Words) -> str:
    time = clock_time(stamp.moment)
    return time if stamp is event.timestamp else words.say("dates", "about", time=time)
