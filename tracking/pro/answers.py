"""Deciphers PRO's answers: status, headers and body in, values or an exception out. No I/O.

Tolerant as pro-tracking-api.md asks under Irregularities: one odd field or event never costs the
parcel, unknown codes and fields never break. What is wrong as a whole is refused as a whole.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from tracking import metrics
from tracking.pro.asked_for import asked_for, asked_for_in, tag_of_shipment, tags_of_items
from tracking.pro.client import Answer
from tracking.pro.errors import (
    AnswerForeign,
    AnswerTooLarge,
    AnswerUnreadable,
    ShipmentNotFound,
)
from tracking.pro.fields import code, count, lat_long, objects, text, texts
from tracking.pro.refusals import error_of
from tracking.shipments import TAKE, Carrier, Event, Item, Shipment, ShipmentPage
from tracking.timestamps import Timestamp, parse_date

Json = dict[str, Any]

_MOST = 999 * TAKE  # shipments; no order has as many, and no page beyond has an address
_MOST_ITEMS = 1000  # of one answer
_NOTHING = Item()  # an item of which nothing is told
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SHIPMENT_REFERENCE = re.compile(r"sp_[0-9]{32}", re.ASCII)


def decipher_shipment(answer: Answer, reference: str) -> Shipment:
    """Read the answer of Get Tracking Events for `reference`. Raises ProError."""
    shipment = _shipment(_object(answer))
    return asked_for(shipment, reference)


def decipher_shipment_contents(answer: Answer, reference: str) -> Shipment:
    """Read the answer of Get Contents-Level Tracking Events for `reference`. Raises ProError."""
    shipment = _shipment_with_items(_object(answer, contents=True))
    _check_number_of_items([shipment])
    return asked_for(shipment, reference)


def decipher_shipments(answer: Answer, custom_reference: str, skip: int = 0) -> ShipmentPage:
    """Read the answer of Get Tracking Events by Custom Reference. Raises ProError."""
    page = _page(_object(answer), "tracking_responses", _shipment, skip)
    return asked_for_in(page, custom_reference, tag_of_shipment)


def decipher_shipments_contents(
    answer: Answer, custom_reference: str, skip: int = 0
) -> ShipmentPage:
    """Read that of Get Contents-Level Tracking Events by Custom Reference. Raises ProError."""
    body = _object(answer, contents=True)
    page = _page(body, "tracking_contents_responses", _shipment_with_items, skip)
    _check_number_of_items(page.shipments)
    return asked_for_in(page, custom_reference, tags_of_items)


def _object(answer: Answer, *, contents: bool = False) -> Json:
    """The body of a 200 as an object; every other status is an error with a name."""
    if answer.status != 200:
        raise error_of(answer, contents=contents)
    kind = answer.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
    if not kind.endswith(("/json", "+json")):
        raise AnswerForeign("not JSON by its own word")
    told = answer.body.removeprefix(_BYTE_ORDER_MARK)
    try:
        body = json.loads(told.decode(), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        looks_like_json = told.lstrip().startswith((b"{", b"["))
        raise (AnswerUnreadable if looks_like_json else AnswerForeign)("not JSON") from None
    if not isinstance(body, dict):
        raise AnswerUnreadable("not an object")
    return body


def _page(body: Json, name: str, read: Callable[[Json], Shipment], skip: int) -> ShipmentPage:
    if name not in body and "total_results" not in body:
        raise AnswerUnreadable("not a list of shipments")
    listed = [] if body.get(name) is None else body[name]
    if not isinstance(listed, list) or len(objects(listed)) < len(listed):
        raise AnswerUnreadable("not a list of shipments")
    different = {shipment.shipment_reference: shipment for shipment in map(read, listed)}
    shipments = tuple(different.values())[:TAKE]
    said = min(count(body.get("total_results")), _MOST)
    total = max(said, skip + len(shipments) if shipments else 0)
    if not shipments and (not skip or not total):
        raise ShipmentNotFound("an empty list")
    return ShipmentPage(shipments, total, skip)


def _shipment(body: Json) -> Shipment:
    return Shipment(
        shipment_reference=_reference(body),
        custom_reference=text(body.get("custom_reference")),
        carrier_references=texts(body.get("carrier_references")),
        carrier=_carrier(body),
        expected_delivery_date=parse_date(body.get("expected_delivery_date")),
        events=_events(body),
    )


def _shipment_with_items(body: Json) -> Shipment:
    told = map(_item, objects(body.get("shipment_contents")))
    items = tuple(item for item in told if item != _NOTHING)
    references = (reference for item in items for reference in item.carrier_references)
    return Shipment(
        shipment_reference=_reference(body),
        custom_reference=text(body.get("custom_reference")),
        carrier_references=tuple(dict.fromkeys(references)),
        carrier=_carrier(body),
        expected_delivery_date=parse_date(body.get("expected_delivery_date")),
        items=items,
    )


def _reference(body: Json) -> str:
    reference = body.get("shipment_reference")
    if not isinstance(reference, str) or not _SHIPMENT_REFERENCE.fullmatch(reference):
        raise AnswerUnreadable("a shipment without its reference")
    return reference


def _carrier(body: Json) -> Carrier:
    """`carrier` in the contract, `carrier_details` in some of Sorted's examples."""
    named = next(filter(None, objects([body.get("carrier"), body.get("carrier_details")])), {})
    return Carrier(
        reference=text(named.get("reference")),
        name=text(named.get("name")),
        service_reference=text(named.get("service_reference")),
        service_name=text(named.get("service_name")),
    )


def _check_number_of_items(shipments: Iterable[Shipment]) -> None:
    """Each is a part of the page, and no parcel has as many."""
    if sum(len(shipment.items or ()) for shipment in shipments) > _MOST_ITEMS:
        raise AnswerTooLarge("too many items")


def _item(body: Json) -> Item:
    return Item(
        reference=text(body.get("reference")),
        custom_reference=text(body.get("custom_reference")),
        carrier_references=texts(body.get("carrier_references")),
        events=_events(body),
    )


def _events(body: Json) -> tuple[Event, ...]:
    listed = body.get("events")
    read = [_event(one) for one in objects(listed)]
    told = tuple(event for event in read if _says_something(event))
    if isinstance(listed, list):
        metrics.dropped_events.inc(len(listed) - len(told))
    return told


def _says_something(event: Event) -> bool:
    stamp = event.timestamp or event.received_timestamp
    return bool(event.event_code or event.description or stamp)


def _event(body: Json) -> Event:
    signee = text(body.get("signee"))
    return Event(
        reference=text(body.get("reference")),
        event_code=code(body.get("event_code")),
        description=text(body.get("description")),
        timestamp=Timestamp.parse(body.get("timestamp")),
        received_timestamp=Timestamp.parse(body.get("received_timestamp")),
        location=text(body.get("location")),
        lat_long=lat_long(body.get("lat_long")),
        signee=signee,
        signed=signee is not None,
    )


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError("a number too large to be one")
    return number
