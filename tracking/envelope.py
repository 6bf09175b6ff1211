"""How the cache holds an entry: as deflated JSON, never as pickle.

Bytes that are no such entry, or were one under another key or of another version, are nothing.
"""

import json
import zlib
from datetime import date, datetime
from typing import Any

from tracking.entries import LEVELS, Entry
from tracking.shipments import Carrier, Event, ExpectedDate, Item, Shipment, ShipmentPage
from tracking.timestamps import Timestamp

VERSION = 2  # of what is written below; entries of another are not read
_LARGEST = 32 * 1024 * 1024  # bytes of JSON
_FAST = 1  # zlib's level: a fifth larger than the best, in a third of the time

_UNREADABLE = (
    zlib.error,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)

_PARSED = (
    "expected_delivery_date",
    "expected_since",
    "expected_before",
    "events",
    "items",
)

Json = dict[str, Any]


def pack(key: str, entry: Entry) -> bytes:
    """The entry as bytes that only `unpack` with the same key reads."""
    body = {
        "version": VERSION,
        "key": key,
        "outcome": entry.outcome,
        "level": entry.level,
        "fetched_at": entry.fetched_at.isoformat(),
        "asked_at": entry.asked_at.isoformat(),
        "wait": entry.wait,
        "total": entry.shipments.total,
        "skip": entry.shipments.skip,
        "shipments": entry.shipments.shipments,
    }
    text = json.dumps(body, default=_plain, separators=(",", ":"), allow_nan=False)
    return zlib.compress(text.encode(), _FAST)


def unpack(key: str, packed: bytes) -> Entry | None:
    """The entry that `pack` made these bytes of."""
    try:
        body = json.loads(zlib.decompressobj().decompress(packed, _LARGEST))
        return _entry(body) if (body["version"], body["key"]) == (VERSION, key) else None
    except _UNREADABLE:
        return None


def _plain(value: object) -> Any:
    """What JSON cannot say by itself; what is not known is left out."""
    if isinstance(value, Timestamp):
        return value.iso
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Shipment | Item | Event | Carrier | ExpectedDate):
        known = vars(value)  # so none of them may have a cached_property
        return {name: one for name, one in known.items() if one is not None}
    raise TypeError(type(value).__name__)


def _entry(body: Json) -> Entry:
    if body["outcome"] not in {"found", "processing", "not_found", "gone"}:
        raise ValueError(body["outcome"])
    shipments = tuple(_shipment(one) for one in body["shipments"])
    return Entry(
        outcome=body["outcome"],
        level=LEVELS[LEVELS.index(body["level"])],
        fetched_at=_moment(body["fetched_at"]),
        asked_at=_moment(body["asked_at"]),
        wait=float(body["wait"]),
        shipments=ShipmentPage(shipments, int(body["total"]), int(body["skip"])),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment


def _shipment(known: Json) -> Shipment:
    expected, since, before, events, items = (known.pop(name, None) for name in _PARSED)
    return Shipment(
        **known
        | {
            "carrier": Carrier(**known["carrier"]),
            "carrier_references": tuple(known["carrier_references"]),
        },
        expected_delivery_date=date.fromisoformat(expected) if expected else None,
        expected_since=_moment(since) if since else None,
        expected_before=tuple(_expected(one) for one in before),
        events=None if events is None else _events(events),
        items=None if items is None else tuple(_item(item) for item in items),
    )


def _expected(known: Json) -> ExpectedDate:
    return ExpectedDate(date.fromisoformat(known["date"]), _moment(known["seen_at"]))


def _item(known: Json) -> Item:
    return Item(
        **known
        | {
            "carrier_references": tuple(known["carrier_references"]),
            "events": _events(known["events"]),
        }
    )


def _events(listed: list[Json]) -> tuple[Event, ...]:
    return tuple(_event(known) for known in listed)


def _event(known: Json) -> Event:
    for name in ("timestamp", "received_timestamp"):
        if name in known:
            known[name] = Timestamp.parse(known[name])
    if "lat_long" in known:
        known["lat_long"] = tuple(known["lat_long"])
    return Event(**known)
