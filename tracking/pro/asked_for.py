"""Whether PRO's answer is about what it was asked for: it may come late, or be mixed up on the way.

What is about another reference raises AnswerOfAnother.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import replace

from tracking.pro.errors import AnswerOfAnother
from tracking.shipments import Shipment, ShipmentPage


def asked_for(shipment: Shipment, reference: str) -> Shipment:
    """The shipment, where it is the one."""
    if shipment.shipment_reference != reference:
        raise AnswerOfAnother("another shipment than the one asked for")
    return shipment


def asked_for_in(
    page: ShipmentPage, custom_reference: str, tags: Callable[[Shipment], list[str | None]]
) -> ShipmentPage:
    """The page without the shipments whose `tags` all are other custom references.

    How PRO compares them is not said. Where nothing is left to compare, nobody can tell.
    """
    asked = _plain(custom_reference)
    theirs = tuple(
        shipment
        for shipment in page.shipments
        if not asked or any(tag is None or _plain(tag) == asked for tag in tags(shipment))
    )
    if page.shipments and not theirs:
        raise AnswerOfAnother("other shipments than those asked for")
    others = len(page.shipments) - len(theirs)
    is_last = page.total <= page.skip + len(page.shipments)
    total = page.total - others if is_last else page.total  # else the next page is to be reached
    return replace(page, shipments=theirs, total=total) if others else page


def tag_of_shipment(shipment: Shipment) -> list[str | None]:
    """What the shipment level goes by."""
    return [shipment.custom_reference]


def tags_of_items(shipment: Shipment) -> list[str | None]:
    """Those of the items, which the contents level goes by; the shipment's own will do."""
    own = [shipment.custom_reference] if shipment.custom_reference and shipment.items else []
    return [*own, *(item.custom_reference for item in shipment.items or ())] or [None]


def _plain(custom_reference: str) -> str:
    """Letters and digits, without case, width, accents or leading zeros."""
    parts = unicodedata.normalize("NFKD", custom_reference)
    plain = "".join(filter(str.isalnum, parts)).casefold()  # a mark is not one of them
    return plain.lstrip("0") or plain[:1]
