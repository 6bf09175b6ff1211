"""find(): from a reference to what PRO knows of it. The only caller of the client.

PRO bills every call: whatever can be answered from memory is.
"""

import logging
from dataclasses import dataclass, replace

from tracking.config import Privacy
from tracking.entries import Entry, Found, Level, Outcome
from tracking.memory import Memory, Question
from tracking.privacy import redact
from tracking.pro.answers import (
    decipher_shipment,
    decipher_shipment_contents,
    decipher_shipments,
    decipher_shipments_contents,
)
from tracking.pro.client import Client
from tracking.pro.deadline import Deadline
from tracking.pro.errors import (
    NotAsked,
    ProError,
    ProUnavailable,
    ReferenceRejected,
    ShipmentGone,
    ShipmentNotFound,
    ShipmentProcessing,
)
from tracking.references import Reference
from tracking.shipments import Shipment, ShipmentPage

_OUTCOMES: dict[type[ProError], Outcome] = {
    ShipmentNotFound: "not_found",
    ReferenceRejected: "not_found",
    ShipmentGone: "gone",
    ShipmentProcessing: "processing",
}
_SAID = tuple(_OUTCOMES)  # PRO's word about the reference, unlike a fault
_log = logging.getLogger(__name__)


class PagePastLast(Exception):
    """There are shipments, but not so many pages of them."""


@dataclass(frozen=True)
class Lookup:
    """Finds references. `seconds` is the deadline of one question, whatever calls it takes."""

    client: Client
    memory: Memory
    privacy: Privacy
    seconds: float

    def find(self, reference: Reference, level: Level, page: int, *, may_ask: bool = True) -> Found:
        """What PRO knows of a reference, from memory or by as few calls as it takes.

        `may_ask` is false where only memory may answer.
        Raises ShipmentNotFound, ShipmentGone, PagePastLast or ProUnavailable.
        Source: design.md, Which endpoint and Outcomes.
        """
        if reference.kind == "reference" and page > 1:
            raise PagePastLast
        question = Question(reference.kind, reference.text, level, page)
        entry = self.memory.recall(question)
        if entry is None and not may_ask:
            raise NotAsked
        entry = entry or self._ask(question)
        if entry.outcome == "not_found":
            raise ShipmentNotFound
        if entry.outcome == "gone":
            raise ShipmentGone
        if not entry.shipments.shipments:
            raise PagePastLast
        processing = entry.outcome == "processing"
        return Found(reference, entry.level, page, entry.shipments, processing, entry.fetched_at)

    def _ask(self, question: Question) -> Entry:
        deadline = Deadline(self.seconds)
        try:
            if question.kind == "reference":
                return self._known(question, deadline)
            return self._by_custom_reference(question, deadline)
        except ProUnavailable as error:
            name = type(error).__name__
            _log.error("%s (%s), correlation id %s", name, error, error.correlation_id)
            raise
        except ProError as error:
            return self._remember_failure(question, error)

    def _remember_failure(self, question: Question, error: ProError) -> Entry:
        return self.memory.keep(question, _OUTCOMES[type(error)], _nothing(question, error))

    def _by_custom_reference(self, question: Question, deadline: Deadline) -> Entry:
        """At the level asked for, then once more at the other: the items may carry it."""
        try:
            return self._known(question, deadline)
        except ShipmentNotFound:
            if question.page > 1:
                raise
        other = question.at("contents" if question.level == "shipment" else "shipment")
        try:
            entry = self._known(other, deadline)
        except _SAID as error:
            self._remember_failure(other, error)
            raise
        if question.level == "contents" and entry.shipments.total == 1:
            entry = self._contents_of(entry, deadline)
        self.memory.share(question, entry)
        return entry

    def _contents_of(self, entry: Entry, deadline: Deadline) -> Entry:
        """The contents of the one shipment found at shipment level, or itself without any."""
        (shipment,) = entry.shipments.shipments
        reference = shipment.shipment_reference or ""
        try:
            return self._known(Question("reference", reference, "contents"), deadline)
        except _SAID:
            return entry

    def _known(self, question: Question, deadline: Deadline) -> Entry:
        """What one endpoint says to a question: remembered, or asked for now."""
        entry = self.memory.recall(question)
        if entry and entry.outcome == "found" and entry.level == question.level:
            return entry
        return self.memory.keep(question, "found", self._fetch(question, deadline))

    def _fetch(self, question: Question, deadline: Deadline) -> ShipmentPage:
        text, skip = question.text, question.skip
        match question.kind, question.level:
            case "reference", "shipment":
                answer = self.client.shipment(text, deadline)
                return self._redacted(_page_of(decipher_shipment(answer, text)))
            case "reference", _:
                answer = self.client.shipment_contents(text, deadline)
                contents = self._redacted(_page_of(decipher_shipment_contents(answer, text)))
                return self._with_own_history(contents, deadline)
            case _, "shipment":
                answer = self.client.shipments(text, skip, deadline)
                return self._share_out(self._redacted(decipher_shipments(answer, skip)))
            case _:
                answer = self.client.shipments_contents(text, skip, deadline)
                contents = self._redacted(decipher_shipments_contents(answer, skip))
                return self._with_own_history(contents, deadline)

    def _with_own_history(self, contents: ShipmentPage, deadline: Deadline) -> ShipmentPage:
        """Where the carrier tells nothing item by item, the parcel's own history instead.

        It is asked for where the page is about one parcel; otherwise it is there if remembered.
        """
        shipments = tuple(
            shipment
            if shipment.told_by_item
            else self._own_history(shipment, deadline if contents.total == 1 else None)
            for shipment in contents.shipments
        )
        return replace(contents, shipments=shipments)

    def _own_history(self, shipment: Shipment, deadline: Deadline | None) -> Shipment:
        own = Question("reference", shipment.shipment_reference or "", "shipment")
        try:
            entry = self._known(own, deadline) if deadline else self.memory.recall(own)
        except _SAID:
            return shipment
        known = entry.shipments.shipments if entry else ()
        return shipment.with_events_of(known[0]) if known else shipment

    def _share_out(self, order: ShipmentPage) -> ShipmentPage:
        """Each shipment of an order is known by its own reference now, at no further cost."""
        for shipment in order.shipments:
            own = Question("reference", shipment.shipment_reference or "", "shipment")
            self.memory.keep(own, "found", _page_of(shipment))
        return order

    def _redacted(self, page: ShipmentPage) -> ShipmentPage:
        """Nothing that is hidden goes further than this, not even into the cache."""
        return replace(
            page, shipments=tuple(redact(shipment, self.privacy) for shipment in page.shipments)
        )


def _page_of(shipment: Shipment) -> ShipmentPage:
    return ShipmentPage((shipment,), 1)


def _nothing(question: Question, error: ProError) -> ShipmentPage:
    """No shipments; or the one that PRO knows of and has nothing to show for yet."""
    if not isinstance(error, ShipmentProcessing):
        return ShipmentPage((), 0)
    by_reference = question.kind == "reference"
    return _page_of(
        Shipment(
            shipment_reference=question.text if by_reference else None,
            custom_reference=None if by_reference else question.text,
            events=(),
            items=None if question.level == "shipment" else (),
        )
    )
