"""The words in which stories are told: carriers, scans by day and hour, shipments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]
Teller = Callable[[datetime], list[Json]]

LONDON = "Europe/London"

# What a scan of today falls back to as long as its hour is still to come.
_AFTER_MIDNIGHT = (time(0, 2), time(0, 0))
_RECEIVED_AFTER = timedelta(minutes=4)


@dataclass(frozen=True)
class Story:
    """A parcel's life, for the demo and for the tests.

    `title` is what a shopper would call it, `reference` what a person types in. `status` is the
    event code that the page should show by rules S1 to S14 of experience.md: None where nothing
    is known. `shipments` tells it for an aware now, oldest shipment first; references never
    change. `irregular` names what the contract does not promise, or what breaks it. `moves` is
    true where the status changes by itself.
    """

    name: str
    title: str
    reference: str
    status: str | None
    shipments: Teller
    irregular: str | None = None
    moves: bool = False


def story(
    title: str,
    reference: str,
    status: str | None,
    *,
    irregular: str | None = None,
    moves: bool = False,
) -> Callable[[Teller], Story]:
    """Make a Story of the function that tells it, and is named like it."""

    def told(tell: Teller) -> Story:
        name = tell.__name__.replace("_", "-")
        return Story(name, title, reference, status, tell, irregular, moves)

    return told


class Diary:
    """Days as people count them, from today where the parcel goes to; scans by the local clock."""

    def __init__(self, now: datetime, zone: str = LONDON) -> None:
        self._now = now.astimezone(UTC)
        self._zone = ZoneInfo(zone)
        self._today = now.astimezone(self._zone).date()

    def in_days(self, days: int) -> str:
        """An expected delivery date so many days ahead; 0 is today, negative ones are past."""
        return f"{self.day(-days)}T00:00:00+00:00"

    def day(self, days_ago: int) -> date:
        """The date so many days ago."""
        return self._today - timedelta(days=days_ago)

    def scan(  # noqa: PLR0913 - as many as an event has fields
        self,
        days_ago: int,
        clock: str,
        event_code: str,
        description: str,
        location: str | None = None,
        *,
        zone: str | None = None,
        **optional: Any,
    ) -> Json:
        """An event at `clock` (HH:MM) of that day in `zone`, but never later than now.

        `optional` are further fields of the event, or others in place of these.
        """
        moment = self._moment(days_ago, clock, ZoneInfo(zone) if zone else self._zone)
        where = {"location": location} if location else {}
        return self.scan_at(moment, event_code, description, **where, **optional)

    def scan_at(self, moment: datetime, event_code: str, description: str, **optional: Any) -> Json:
        """An event at an aware moment, with the offset that it has."""
        received = min(moment.astimezone(UTC) + _RECEIVED_AFTER, self._now)
        return {
            "timestamp": moment.isoformat(timespec="seconds"),
            "received_timestamp": received.isoformat(timespec="milliseconds"),
            "event_code": event_code,
            "description": description,
        } | optional

    def _moment(self, days_ago: int, clock: str, zone: ZoneInfo) -> datetime:
        day = self.day(days_ago)
        candidates = [time.fromisoformat(clock), *_AFTER_MIDNIGHT]
        moments = (datetime.combine(day, hour, zone) for hour in candidates)
        return next(moment for moment in moments if moment <= self._now)


def carrier(reference: str, name: str, service_reference: str, service_name: str) -> Json:
    """`carrier_details` of the contract."""
    return {
        "reference": reference,
        "name": name,
        "service_reference": service_reference,
        "service_name": service_name,
        "tags": [],
    }


def shipment(
    number: int, by: Json, events: Sequence[Json], due: str | None = None, **fields: Any
) -> Json:
    """A shipment as PRO holds it; `events` are told oldest first and sent newest first.

    All its references come from `number`. `fields` are further ones, or others in place of these.
    """
    return {
        "shipment_reference": f"sp_0069{number:028}",
        "custom_reference": f"DEMO-{number}",
        "carrier_references": [_tracking_number(by, number)],
        "carrier": by,
        "events": _numbered(events, f"tr_0069{number:024}"),
        "expected_delivery_date": due,
    } | fields


def item(number: int, place: int, tag: str | None, by: Json, events: Sequence[Json]) -> Json:
    """One of the contents of shipment `number`, the one in that place (1 to 9)."""
    return {
        "reference": f"sc_0069{number:024}{place:04}",
        "custom_reference": tag,
        "carrier_references": [f"{_tracking_number(by, number)}-{place}"],
        "events": _numbered(events, f"tr_0069{number:023}{place}"),
    }


def at(latitude: float, longitude: float) -> Json:
    """`lat_long` of the contract, in degrees."""
    return {"latitude": latitude, "longitude": longitude}


def _tracking_number(by: Json, number: int) -> str:
    return f"{by['reference']}{number:09}"


def _numbered(events: Sequence[Json], beginning: str) -> list[Json]:
    """Events with their references, newest first, as in Sorted's examples."""
    numbered = [
        {"reference": f"{beginning}{place:04}", **event} for place, event in enumerate(events, 1)
    ]
    return numbered[::-1]
