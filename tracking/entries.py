"""What was found, and how the cache holds it: as JSON with its times, never as pickle."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from tracking.references import Reference
from tracking.shipments import Carrier, Event, Item, Shipment, ShipmentPage
from tracking.timestamps import Timestamp

Level = Literal["shipment", "contents"]
LEVELS: tuple[Level, ...] = ("shipment", "contents")
Outcome = Literal["found", "processing", "not_found", "gone"]


@dataclass(frozen=True)
class Entry:
    """What PRO said to one question, and when.

    `level` is the one at which it was found: not always the one asked for. `shipments` is empty
    where nothing was found.
    """

    outcome: Outcome
    level: Level
    fetched_at: datetime
    fresh_until: datetime
    shipments: ShipmentPage


@dataclass(frozen=True)
class Found:
    """PRO's answer about a reference; `checked_at` is when PRO gave it (aware).

    `level` is the one that it was found at. `processing` means known to PRO, and nothing more.
    """

    reference: Reference
    level: Level
    page: int
    shipments: ShipmentPage
    processing: bool
    checked_at: datetime


def dump(entry: Entry) -> str:
    """The entry as JSON text."""
    return json.dumps(asdict(entry), default=_plain)


def load(text: str) -> Entry:
    """The entry that `dump` made a text of."""
    fields = json.loads(text)
    page = fields.pop("shipments")
    return Entry(
        outcome=fields["outcome"],
        level=fields["level"],
        fetched_at=datetime.fromisoformat(fields["fetched_at"]),
        fresh_until=datetime.fromisoformat(fields["fresh_until"]),
        shipments=ShipmentPage(
            tuple(_shipment(one) for one in page["shipments"]), page["total"], page["skip"]
        ),
    )


def _plain(value: object) -> str:
    if isinstance(value, date):  # and datetime, which is one
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _shipment(fields: dict[str, Any]) -> Shipment:
    expected, events, items = (
        fields.pop(name) for name in ("expected_delivery_date", "events", "items")
    )
    return Shipment(
        **fields
        | {
            "carrier": Carrier(**fields["carrier"]),
            "carrier_references": tuple(fields["carrier_references"]),
        },
        expected_delivery_date=date.fromisoformat(expected) if expected else None,
        events=None if events is None else _events(events),
        items=None if items is None else tuple(_item(item) for item in items),
    )


def _item(fields: dict[str, Any]) -> Item:
    return Item(
        **fields
        | {
            "carrier_references": tuple(fields["carrier_references"]),
            "events": _events(fields["events"]),
        }
    )


def _events(listed: list[dict[str, Any]]) -> tuple[Event, ...]:
    return tuple(_event(fields) for fields in listed)


def _event(fields: dict[str, Any]) -> Event:
    stamps = {
        name: fields[name] and Timestamp.parse(fields[name]["iso"])
        for name in ("timestamp", "received_timestamp")
    }
    place = fields["lat_long"] and tuple(fields["lat_long"])
    return Event(**fields | stamps | {"lat_long": place})
