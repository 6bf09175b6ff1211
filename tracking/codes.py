"""What every event code stands for: tone, step and finality (experience.md, section 2).

Codes stay strings. One that is not listed here says nothing about the status.
"""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "neutral", "warning", "problem"]

TONES: tuple[Tone, ...] = ("good", "neutral", "warning", "problem")
KEEPS_STEP = 3.5  # rank of the codes that keep the step reached (rule S3)


@dataclass(frozen=True)
class Code:
    """What one event code says of the parcel.

    `step` is the milestone 1 to 5, None where the code keeps the one reached; `off_course` means
    that the steps no longer apply. `final` means that only a few codes may override it (S6);
    `hard`, that it counts even without any time (S4).
    """

    name: str
    tone: Tone
    step: int | None = None
    off_course: bool = False
    final: bool = False
    hard: bool = False
    rank: float = KEEPS_STEP


def _code(name: str, tone: Tone, step: int | None = None) -> Code:
    return Code(name, tone, step, rank=KEEPS_STEP if step is None else step)


def _delivered(name: str, tone: Tone = "good", rank: float = 6) -> Code:
    return Code(name, tone, 5, final=True, hard=True, rank=rank)


_CODES = (
    _code("awaiting_drop_off", "neutral", 1),
    _code("collection_scheduled", "neutral", 1),
    _code("collection_rescheduled", "neutral", 1),
    _code("collection_failed", "warning", 1),
    _code("dropped_off", "neutral", 2),
    _code("collected_by_carrier", "neutral", 2),
    _code("dispatched", "neutral", 2),
    _code("in_transit", "neutral", 3),
    _code("in_transit_waiting", "warning", 3),
    _code("carrier_changed", "neutral", 3),
    _code("at_customs", "neutral", 3),
    _code("cleared_through_customs", "neutral", 3),
    _code("customs_charges_due", "problem", 3),
    _code("arrived_at_destination_country", "neutral", 3),
    _code("incorrect_label", "warning", 3),
    _code("misrouted", "warning", 3),
    _code("out_for_delivery", "neutral", 4),
    _code("delivery_failed_card_left", "warning", 4),
    _code("delivery_failed", "problem", 4),
    _code("delivery_attempted", "warning", 4),
    _code("final_delivery_attempt", "warning", 4),
    _code("failed_to_collect", "warning", 4),
    _code("ready_for_collection", "neutral", 4),
    _code("collection_reminder", "warning", 4),
    _code("final_collection_reminder", "warning", 4),
    _code("partially_delivered", "warning", 4),
    Code("delivery_refused", "warning", 4, final=True, hard=True, rank=4),
    _delivered("delivered"),
    _delivered("delivered_to_neighbour"),
    _delivered("delivered_to_reception"),
    _delivered("delivered_to_safe_location"),
    _delivered("delivered_damaged", "problem", rank=7),
    _code("delayed", "warning"),
    _code("held_by_carrier", "warning"),
    _code("action_required", "problem"),
    _code("damaged", "problem"),
    _code("missing", "problem"),
    _code("exchange_succeeded", "good"),
    _code("exchange_failed", "problem"),
    _code("delivery_address_changed", "warning"),
    _code("delivery_scheduled", "neutral"),
    _code("delivery_rescheduled", "neutral"),
    _code("shipment_issue", "warning"),
    Code("will_be_returned_to_sender", "warning", off_course=True),
    Code("lost", "problem", off_course=True, final=True, rank=8),
    Code("destroyed", "problem", off_course=True, final=True, hard=True, rank=8),
    Code("returned_to_sender", "warning", off_course=True, final=True, hard=True, rank=9),
)

CODES = {code.name: code for code in _CODES}

ALIASES = {
    "collected": "collected_by_carrier",
    "carrier_collected": "collected_by_carrier",
    "exchange_successful": "exchange_succeeded",
    "late": "delayed",
    "may_be_missing": "missing",
    "at_drop_off_point": "dropped_off",
    "cleared_customs": "cleared_through_customs",
    "customer_collected": "delivered",
    "customer_collection_failed": "failed_to_collect",
    "carrier_collection_failed": "collection_failed",
    "carrier_unable_to_collect": "collection_failed",
    "carrier_refused_to_collect": "collection_failed",
    "at_collection_point": "ready_for_collection",
    "at_customer_collection_point": "ready_for_collection",
}

_KNOWN = CODES | {alias: CODES[name] for alias, name in ALIASES.items()}

NOTES = frozenset(  # history only, like every code that is not known
    {
        "for_information",
        "missing_manifest",
        "proof_of_delivery_available",
        "refunded",
        "unable_to_track",
        "unknown",
    }
)

DELIVERED = frozenset(name for name, code in CODES.items() if code.step == 5)  # the family

MOVEMENT = frozenset(
    {
        "dropped_off",
        "collected_by_carrier",
        "in_transit",
        "in_transit_waiting",
        "carrier_changed",
        "at_customs",
        "cleared_through_customs",
    }
)


def resolve(event_code: str | None) -> str | None:
    """The code that an alias stands for; any other code as it is."""
    return ALIASES.get(event_code, event_code) if event_code else event_code


def known(event_code: str | None) -> Code | None:
    """What a code or an alias says of the parcel; None for notes and unknown codes (rule S1)."""
    return _KNOWN.get(event_code or "")


def is_new(event_code: str) -> bool:
    """Whether neither the contract nor this module knows of a code."""
    return known(event_code) is None and event_code not in NOTES


def worse(first: Tone, second: Tone) -> Tone:
    """The graver of two tones."""
    return max(first, second, key=TONES.index)
