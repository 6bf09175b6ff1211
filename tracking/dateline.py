"""When it comes, or came: rule S14 of experience.md. Pure."""

from dataclasses import dataclass
from datetime import date

from tracking.history import Clock
from tracking.standing import Standing
from tracking.timestamps import Timestamp
from tracking.wording import Words, clock_time, full_date


@dataclass(frozen=True)
class DateLine:
    """What rule S14 says: a sentence, and the calendar date in it."""

    text: str
    machine: str | None = None
    overdue: bool = False


def tell_date(
    standing: Standing,
    expected: date | None,
    delivered_at: Timestamp | None,
    words: Words,
    clock: Clock,
) -> DateLine | None:
    """Rule S14. The expected date is a calendar date: it never shifts by a time zone."""
    if standing.delivered and standing.final:
        return _delivered_line(delivered_at, words) if delivered_at else None
    if standing.final:
        return None
    if expected is None:
        return DateLine(words.say("dates", "unknown"))
    days = (expected - clock.today).days
    name = {0: "expected_today", 1: "expected_tomorrow"}.get(days, "expected")
    overdue = days < 0
    text = words.say("dates", "overdue" if overdue else name, date=full_date(expected))
    return DateLine(text, expected.isoformat(), overdue)


def _delivered_line(stamp: Timestamp, words: Words) -> DateLine:
    day = full_date(stamp.date)
    if not stamp.has_time:
        return DateLine(words.say("dates", "delivered", date=day), stamp.machine)
    time = clock_time(stamp.moment)
    return DateLine(words.say("dates", "delivered_at", date=day, time=time), stamp.machine)
