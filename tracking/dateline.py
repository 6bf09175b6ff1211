"""When it comes, or came: rule S14 of experience.md. Pure."""

from dataclasses import dataclass

from tracking.clocks import tell_when
from tracking.history import Clock
from tracking.shipments import Shipment
from tracking.standing import Standing
from tracking.timestamps import Timestamp
from tracking.wording import Words, clock_time, day_and_month, full_date


@dataclass(frozen=True)
class DateLine:
    """What rule S14 says: a sentence, and the calendar date in it.

    `moves` says how the date changed while we watched, newest first.
    """

    text: str
    machine: str | None = None
    overdue: bool = False
    moves: tuple[str, ...] = ()


def tell_date(
    standing: Standing,
    shipment: Shipment,
    delivered_at: Timestamp | None,
    words: Words,
    clock: Clock,
) -> DateLine | None:
    """Rule S14. The expected date is a calendar date: it never shifts by a time zone.

    When it changed is told by the retailer's clock: it was we who saw it.
    """
    if standing.delivered and standing.final:
        return delivered_line(delivered_at, words, clock) if delivered_at else None
    if standing.final or (standing.step is None and standing.status):  # it does not come any more
        return None
    expected = shipment.expected_delivery_date
    if expected is None:
        moves = _moves(shipment, "withdrawn", words, clock)
        return DateLine(words.say("dates", "unknown"), moves=moves)
    days = (expected - clock.today).days
    name = {0: "expected_today", 1: "expected_tomorrow"}.get(days, "expected")
    overdue = days < 0
    text = words.say("dates", "overdue" if overdue else name, date=full_date(expected))
    moves = _moves(shipment, "moved_before" if overdue else "moved", words, clock)
    return DateLine(text, expected.isoformat(), overdue, moves)


def _moves(shipment: Shipment, name: str, words: Words, clock: Clock) -> tuple[str, ...]:
    """Each earlier date, with the day on which another took its place; `name` is of the newest."""
    today = clock.now.astimezone(clock.home).date()
    earlier = shipment.expected_before
    changes = [shipment.expected_since, *(one.seen_at for one in earlier)]
    return tuple(
        words.say(
            "dates",
            "moved_before" if place else name,
            date=day_and_month(one.date, today.year),
            when=tell_when(changed_at.astimezone(clock.home).date(), today, words),
        )
        for place, (one, changed_at) in enumerate(zip(earlier, changes, strict=False))
        if changed_at
    )


def delivered_line(stamp: Timestamp, words: Words, clock: Clock) -> DateLine:
    """When it came, as precisely as the carrier said; "today" by rule I11."""
    offset = stamp.moment.utcoffset()
    today = stamp.date == clock.date_at(clock.offset if offset is None else offset)
    name, day = "delivered_today" if today else "delivered", full_date(stamp.date)
    if not stamp.has_time:
        return DateLine(words.say("dates", name, date=day), stamp.machine)
    time = clock_time(stamp.moment)
    return DateLine(words.say("dates", f"{name}_at", date=day, time=time), stamp.machine)
