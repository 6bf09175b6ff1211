"""What ends what: the tables of rules S6, S7, S8 and S10 of experience.md. By code names."""

from tracking.codes import DELIVERED, MOVEMENT

# Rule S6: what may still override a final status.
_OVERRIDES_DELIVERED = frozenset(
    {
        "delivered_damaged",
        "partially_delivered",
        "delivery_failed",
        "delivery_failed_card_left",
        "returned_to_sender",
        "missing",
        "lost",
    }
)
_OVERRIDES_LOST = (
    MOVEMENT
    | DELIVERED
    | {
        "out_for_delivery",
        "delivery_failed",
        "delivery_failed_card_left",
        "partially_delivered",
        "held_by_carrier",
        "failed_to_collect",
        "returned_to_sender",
        "destroyed",
    }
)
OVERRIDES: dict[str, frozenset[str]] = {
    **dict.fromkeys(DELIVERED, _OVERRIDES_DELIVERED),
    "delivered_damaged": frozenset({"returned_to_sender"}),
    "delivery_refused": frozenset({"returned_to_sender"}),
    "returned_to_sender": frozenset(),
    "destroyed": frozenset(),
    "lost": _OVERRIDES_LOST,
}

# Rule S7: what ends the need for action; a hard final status does so too.
ENDS_ACTION = DELIVERED | {
    "action_required",  # the newer one is the one to act on
    "out_for_delivery",
    "delivery_failed",
    "delivery_failed_card_left",
    "partially_delivered",
    "cleared_through_customs",
    "exchange_succeeded",
    "failed_to_collect",
    "lost",
}
# Rule S8: what ends a delay.
ENDS_DELAY = DELIVERED | {
    "out_for_delivery",
    "partially_delivered",
    "returned_to_sender",
    "destroyed",
    "lost",
}
# Rule S10: what sends a parcel that was out for delivery back to step 3.
BACK_TO_DEPOT = MOVEMENT | {"awaiting_drop_off", "collection_failed"}
