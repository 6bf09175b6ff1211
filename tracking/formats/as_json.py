"""The journey as JSON. One shape for every kind and level."""

from collections.abc import Sequence
from typing import Any

from tracking.derivation import Derivation, Ground
from tracking.journey import ItemJourney, Journey, ParcelJourney
from tracking.shipments import Carrier, Event, ExpectedDate
from tracking.timestamps import Timestamp
from tracking.wording import Words

NOTES = ("late", "damage", "overdue", "newer_note", "scans_after_final", "quiet")


def as_json(journey: Journey, words: Words) -> dict[str, Any]:
    """The journey as JSON values; what is not known is None, never left out.

    Source: design.md, JSON.
    """
    return {
        "reference": journey.reference,
        "kind": journey.kind,
        "level": journey.level,
        "total": journey.total,
        "page": journey.page,
        "pages": journey.pages,
        "checked_at": journey.checked_at.isoformat(timespec="seconds"),
        "stale": journey.stale,
        "headline": journey.standing.headline,
        "tone": journey.standing.tone,
        "shipments": [_parcel(parcel, words) for parcel in journey.parcels],
    }


def _parcel(parcel: ParcelJourney, words: Words) -> dict[str, Any]:
    shipment, standing = parcel.shipment, parcel.standing
    words = words.of(shipment.carrier.name)
    expected = shipment.expected_delivery_date
    return {
        "shipment_reference": shipment.shipment_reference,
        "custom_reference": shipment.custom_reference,
        "headline": standing.headline,
        "tone": standing.tone,
        "status": standing.status,
        "step": standing.step,
        "final": standing.final,
        "notes": [note for note in NOTES if note in standing.notes],
        "expected_delivery_date": expected.isoformat() if expected else None,
        "earlier_expected_delivery_dates": [_expected(one) for one in shipment.expected_before],
        "delivered_at": _iso(parcel.delivered_at),
        "carrier": _carrier(shipment.carrier),
        "carrier_references": list(shipment.carrier_references),
        "derivation": _derivation(standing.derivation, parcel.items),
        "events": [_event(event, words) for event in parcel.events],
        "items": [_item(item, words) for item in parcel.items],
    }


def _expected(earlier: ExpectedDate) -> dict[str, str]:
    seen_at = earlier.seen_at.isoformat(timespec="seconds")
    return {"date": earlier.date.isoformat(), "seen_at": seen_at}


def _item(journey: ItemJourney, words: Words) -> dict[str, Any]:
    return {
        "reference": journey.item.reference,
        "custom_reference": journey.item.custom_reference,
        "headline": journey.standing.headline,
        "status": journey.standing.status,
        "tone": journey.standing.tone,
        "step": journey.standing.step,
        "final": journey.standing.final,
        "carrier_references": list(journey.item.carrier_references),
        "derivation": _derivation(journey.standing.derivation),
        "events": [_event(event, words) for event in journey.events],
    }


def _derivation(derivation: Derivation, items: Sequence[ItemJourney] = ()) -> dict[str, Any]:
    """The rule and the scan behind a status, and what each scan did; `of` is what a copy is of."""
    one = derivation.one
    return {
        "rule": derivation.rule,
        "event": _reference(derivation.event),
        "item": None if one is None else items[one].item.reference,
        "grounds": [_ground(ground) for ground in derivation.grounds],
    }


def _ground(ground: Ground) -> dict[str, str | None]:
    return {
        "rule": ground.rule,
        "effect": ground.effect,
        "event": _reference(ground.event),
        "code": ground.event.event_code,
        "of": _reference(ground.kept),
    }


def _reference(event: Event | None) -> str | None:
    return event.reference if event else None


def _carrier(carrier: Carrier) -> dict[str, str | None]:
    return {
        "reference": carrier.reference,
        "name": carrier.name,
        "service_reference": carrier.service_reference,
        "service_name": carrier.service_name,
    }


def _event(event: Event, words: Words) -> dict[str, str | None]:
    return {
        "reference": event.reference,
        "code": event.event_code,
        "title": words.title(event.event_code),
        "description": event.description,
        "timestamp": _iso(event.timestamp),
        "received_timestamp": _iso(event.received_timestamp),
        "location": event.location,
        "signee": event.signee,
    }


def _iso(stamp: Timestamp | None) -> str | None:
    return stamp.iso if stamp else None
