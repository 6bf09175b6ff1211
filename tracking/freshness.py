"""How long an answer may be served without asking PRO again (design.md, Caching)."""

import math
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from tracking.codes import CODES
from tracking.shipments import Event, Shipment
from tracking.status import derive

OUT_FOR_DELIVERY = 60.0  # seconds, like all below
MOVING = 120.0
EXCEPTION = 600.0
FINAL = 6 * 3600.0
NOT_FOUND = 60.0
RENEWING = 1.0
RENEWED = 5  # by then an answer that is being renewed has come
QUARTER = 900.0
AGAIN = 15.0  # after asking failed

GRACE = timedelta(days=1)  # how old an answer may be and still be shown

_SOON = frozenset({"out_for_delivery", "partially_delivered"})
_MOVING_THOUGH_LATE = frozenset({"in_transit_waiting"})
_JITTER = 0.1  # so that what was asked together is not asked again together


def seconds_fresh(shipments: Iterable[Shipment], now: datetime) -> float:
    """Seconds that found shipments stay fresh, by status: the shortest of all; `now` is aware."""
    histories = (events for shipment in shipments for events in _histories(shipment))
    return jittered(min((_by_status(events, now) for events in histories), default=MOVING))


def seconds_finished(rest: float, now: datetime) -> float:
    """Seconds that a page may be shown as it is, whose answer stands for `rest` of them.

    It ends with the quarter of an hour, and so with the day, for every offset from UTC is a
    multiple of one. An answer that is being renewed is looked at again after a second.
    """
    return min(max(rest, RENEWING), QUARTER - now.timestamp() % QUARTER)


def seconds_until_news(wait: float, rest: float) -> int:
    """After how many seconds there may be another answer than one that stands for `rest` of `wait`.

    In whole minutes, so that all processes make the same page of the same answer.
    """
    return 60 * math.ceil(wait / 60) if rest > 0 else RENEWED


def jittered(seconds: float) -> float:
    """Up to a tenth less, at random."""
    return seconds * (1 - _JITTER * random.random())  # noqa: S311 - no secret depends on it


def _histories(shipment: Shipment) -> Iterable[tuple[Event, ...]]:
    """What may change: the items one by one, or the parcel as a whole where none is told of."""
    if shipment.told_by_item:
        return [item.events for item in shipment.items or ()]
    return [shipment.events or ()]


def _by_status(events: tuple[Event, ...], now: datetime) -> float:
    status = derive(events, now)
    if status.final:
        return FINAL
    if status.code is None or status.code in _MOVING_THOUGH_LATE:
        return MOVING
    if status.code in _SOON:
        return OUT_FOR_DELIVERY
    return MOVING if CODES[status.code].tone in {"good", "neutral"} else EXCEPTION
