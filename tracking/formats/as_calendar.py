"""The journey as a calendar that can be subscribed to: one all-day event for each parcel.

The event moves with the expected date, ends on the day of delivery, and is cancelled where the
parcel will not come. It tells of no item and in none of the carrier's words: calendars are shared.
Source: RFC 5545, and RFC 7986 for NAME and REFRESH-INTERVAL.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from icalendar import STATUS, TRANSP, Calendar, Event, vDuration, vText

from tracking.formats.news import last_news
from tracking.journey import Journey, ParcelJourney
from tracking.wording import Words

_ONE_DAY = timedelta(days=1)
_UNDER_WAY, _ENDED = timedelta(hours=1), _ONE_DAY  # until a calendar should ask again
_SEQUENCE_BEGINS = datetime(2020, 1, 1, tzinfo=UTC)
_HIGHEST_SEQUENCE = 2**31 - 1  # RFC 5545, 3.3.8: reached in 2088


def as_calendar(
    journey: Journey, words: Words, address: Callable[..., str | None], *, demo: bool
) -> bytes:
    """The journey as iCalendar.

    `address` gives the absolute address of a parcel's page, None where that is not known for
    certain. `demo` says that the data is made up.
    """
    calendar = Calendar()
    refresh = _ENDED if journey.standing.final else _UNDER_WAY
    name = vText(words.say("calendar", "name"))
    calendar.add("prodid", "-//Parcel page//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(refresh))
    note = words.say("calendar", "demo") if demo else ""
    for parcel in journey.parcels:
        calendar.add_component(_event(parcel, journey, words, address, note))
    return bytes(calendar.to_ical())


def _event(
    parcel: ParcelJourney,
    journey: Journey,
    words: Words,
    address: Callable[..., str | None],
    note: str,
) -> Event:
    reference = parcel.shipment.shipment_reference or journey.reference
    page = address(reference=reference, level=journey.level)
    day, news = _day(parcel, journey.checked_at), last_news(parcel)
    dates = parcel.date_line.text if parcel.date_line else ""
    told = [dates, parcel.standing.advice, note, page]
    return Event.new(
        uid=sha256(reference.encode()).hexdigest(),
        stamp=journey.checked_at,
        sequence=_sequence(news),
        last_modified=_in_utc(news),
        start=day,
        end=day + _ONE_DAY,
        summary=words.say("calendar", "summary", headline=parcel.standing.headline),
        description="\n".join(line for line in told if line),
        status=_status(parcel),
        transparency=TRANSP.TRANSPARENT,
        url=page,
    )


def _day(parcel: ParcelJourney, checked_at: datetime) -> date:
    """When it came, else when it should come, else the day of the newest scan."""
    came = [parcel.delivered_at, *(item.delivered_at for item in parcel.items)]
    days = [stamp.date for stamp in came if stamp] if parcel.standing.final else []
    newest = parcel.newest_scan
    seen = newest.stamp.date if newest and newest.stamp else checked_at.date()
    day = max(days, default=parcel.shipment.expected_delivery_date or seen)
    return min(day, date.max - _ONE_DAY)


def _in_utc(moment: datetime | None) -> datetime | None:
    """The moment as calendars tell it; None where UTC has no such year."""
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        return None


def _status(parcel: ParcelJourney) -> STATUS | None:
    """Cancelled where nothing will come any more, tentative where nobody knows when."""
    if parcel.standing.final:
        parts = [parcel.standing, *(item.standing for item in parcel.items)]
        return None if any(part.delivered for part in parts) else STATUS.CANCELLED
    return None if parcel.shipment.expected_delivery_date else STATUS.TENTATIVE


def _sequence(news: datetime | None) -> int:
    """When PRO was told of the newest scan, in seconds: it rises with each, and nothing is kept.

    Where only the date has changed since, DTSTAMP tells which of two events is the newer one.
    """
    seconds = int((news - _SEQUENCE_BEGINS).total_seconds()) if news else 0
    return min(max(seconds, 0), _HIGHEST_SEQUENCE)
