"""Shipments as PRO holds them, made of the few things that a test cares about."""

from itertools import count
from typing import Any

_numbers = count(1)


def new_reference(prefix: str = "sp") -> str:
    """A reference that no other shipment of the test run has."""
    return f"{prefix}_{next(_numbers):032}"


def event(code: str = "in_transit", at: str = "2026-11-24T09:00:00+00:00", **more: Any) -> dict:
    """A tracking_event, received when it happened unless `more` says otherwise."""
    return {
        "reference": new_reference("tr"),
        "timestamp": at,
        "received_timestamp": at,
        "event_code": code,
        "description": "",
        **more,
    }


def item(*events: dict, **more: Any) -> dict:
    """A contents_tracking_event, that is one item."""
    reference = new_reference("sc")
    return {
        "reference": reference,
        "custom_reference": None,
        "carrier_references": [f"C{reference[-4:]}"],
        "events": list(events),
        **more,
    }


def shipment(*events: dict, **more: Any) -> dict:
    """A tracking_response; give it `shipment_contents` for the contents level."""
    reference = new_reference()
    return {
        "shipment_reference": reference,
        "custom_reference": f"ORDER-{reference[-6:]}",
        "carrier_references": [f"T{reference[-8:]}"],
        "carrier": {
            "reference": "CAR",
            "name": "Test Carrier",
            "service_reference": "NEXT",
            "service_name": "Next Day",
        },
        "events": list(events),
        "expected_delivery_date": None,
        **more,
    }
