"""References that say how long PRO takes to answer them, and the order in which they are asked."""

import random
import re
from collections.abc import Iterator
from itertools import count

_LATENCY = re.compile(r"(?:sp_|BENCH-)(?P<milliseconds>[0-9]{5})")
_ORDER_NUMBERS = (
    4  # one shopper in so many types an order number, which costs PRO 3 units and not 2
)

_numbers = count(1)


def shipment_reference(milliseconds: int, number: int) -> str:
    """The reference of a shipment about which PRO takes so long to answer."""
    return f"sp_{milliseconds:05}{number:027}"


def order_number(milliseconds: int, number: int) -> str:
    """A custom reference about which PRO takes so long to answer."""
    return f"BENCH-{milliseconds:05}-{number}"


def shipment_of(order: str) -> str:
    """The reference of the one shipment of an order."""
    _, milliseconds, number = order.split("-")
    return shipment_reference(int(milliseconds), 10**26 + int(number))


def seconds_of(reference: str) -> float:
    """How long PRO takes."""
    said = _LATENCY.match(reference)
    return int(said["milliseconds"]) / 1000 if said else 0.0


def new_references(milliseconds: int) -> Iterator[str]:
    """References of shipments that nobody in this run has asked for."""
    return (shipment_reference(milliseconds, number) for number in _numbers)


def zipf_views(milliseconds: int, different: int, views: int, exponent: float = 1.0) -> list[str]:
    """Views of references that nobody has asked for before: a few are popular, most are not.

    The same popularity each time.
    """
    asked_for = [_of_either_kind(milliseconds, next(_numbers)) for _ in range(different)]
    weights = [rank**-exponent for rank in range(1, different + 1)]
    return random.Random(different).choices(asked_for, weights, k=views)  # noqa: S311


def _of_either_kind(milliseconds: int, number: int) -> str:
    kind = shipment_reference if number % _ORDER_NUMBERS else order_number
    return kind(milliseconds, number)
