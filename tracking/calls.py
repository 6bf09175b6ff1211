"""told(): what one endpoint says to a question, asked once for everyone who asks.

It is remembered at once, for whoever asks it next.
"""

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tracking.config import Privacy
from tracking.entries import Entry, Outcome
from tracking.flights import Flights
from tracking.ledger import with_earlier_dates
from tracking.memory import Memory, Remembered
from tracking.novelties import note_new_codes
from tracking.privacy import redact_page
from tracking.pro.answers import (
    decipher_shipment,
    decipher_shipment_contents,
    decipher_shipments,
    decipher_shipments_contents,
)
from tracking.pro.client import Client
from tracking.pro.deadline import Deadline
from tracking.pro.errors import (
    AnswerOfAnother,
    AskedInVain,
    ContentsForbidden,
    ProError,
    ProTooSlow,
    ReferenceRejected,
    ShipmentGone,
    ShipmentNotFound,
    ShipmentProcessing,
)
from tracking.pro.gate import Gate
from tracking.questions import Question
from tracking.shared import Claim
from tracking.shipments import Shipment, ShipmentPage

_OUTCOMES: dict[type[ProError], Outcome] = {
    ShipmentNotFound: "not_found",
    ReferenceRejected: "not_found",
    ShipmentGone: "gone",
    ShipmentProcessing: "processing",
}
_SAID = tuple(_OUTCOMES)  # PRO's word about the reference, unlike a fault
_BETWEEN_LOOKS = (0.05, 0.1)  # seconds, while another process asks


@dataclass(frozen=True)
class Calls:
    """The endpoints as the memory has them, and PRO where it has not."""

    client: Client
    gate: Gate
    memory: Memory
    flights: Flights[Entry]
    privacy: Privacy

    def told(self, question: Question, deadline: Deadline) -> Entry:
        """What one endpoint says: remembered, on its way, or asked for now."""
        known = self._known(question)
        if known:
            return known
        try:
            return self.flights.here(
                f"call/{question.key}", lambda: self._call(question, deadline), deadline.remaining
            )
        except TimeoutError:
            raise ProTooSlow("no answer while one waits") from None

    def _known(self, question: Question) -> Entry | None:
        return _news(question, map(self.memory.recall_here, question.keys))

    def _call(self, question: Question, deadline: Deadline) -> Entry:
        """What one endpoint says, asked by one process of all."""
        claim, told = self._claim(question, deadline)
        told = told or self._known(question)  # another thread may have been quicker
        if told:
            self.memory.release(claim)
            return told
        rejected = False
        try:
            shipments = self._fetch(question, deadline)
            outcome: Outcome = "found"
        except _SAID as error:
            outcome = _OUTCOMES[type(error)]
            rejected = isinstance(error, ReferenceRejected)
            shipments = nothing_for(question, outcome)
        except ContentsForbidden:  # so all others are told at once, and none has asked in vain
            self.memory.release(claim)
            raise
        except BaseException:
            self.memory.give_up(claim)
            raise
        entry = self._with_earlier_dates(question, self._judge(question, outcome, shipments))
        kept = [(question.key_of(outcome), entry), *self._shared_out(question, entry)]
        if rejected and question.kind == "custom_reference":  # and so it would be at the other
            other = question.at_other_level
            kept.append((other.key_of(outcome), self._judge(other, outcome, shipments)))
        self.memory.keep(*kept, claim=claim, watched=_own_keys(question, entry))
        return entry

    def _claim(self, question: Question, deadline: Deadline) -> tuple[Claim | None, Entry | None]:
        """The right to ask, or what another process was told meanwhile; neither without Redis.

        Raises AskedInVain or ProTooSlow: whoever waited for another does not ask in its place.
        """
        keys, waited, ends = question.keys, False, 0.0
        while attempt := self.memory.claim(keys):
            claim, told = attempt
            entry = _news(question, told)
            in_vain = claim.mine and waited and claim.failed is not None
            still_asking = time.monotonic() < ends  # though Redis has forgotten it
            if claim.mine and not (entry or in_vain or still_asking):
                return claim, None
            if claim.mine:
                self.memory.release(claim)
            else:
                waited, ends = True, time.monotonic() + claim.left
            if entry:
                return None, entry
            if in_vain:
                raise AskedInVain
            time.sleep(min(deadline.remaining_or_raise(), random.uniform(*_BETWEEN_LOOKS)))  # noqa: S311
        return None, None

    def _judge(self, question: Question, outcome: Outcome, shipments: ShipmentPage) -> Entry:
        return self.memory.judge(outcome, question.level, shipments)

    def _fetch(self, question: Question, deadline: Deadline) -> ShipmentPage:
        contents = question.level == "contents"
        with self.gate.call(question.units, question.text, contents=contents):
            try:
                page = self._decipher(question, deadline)
            except AnswerOfAnother:  # all that comes next on that line may be of another too
                self.client.close()
                raise
        note_new_codes(page.shipments)
        page = redact_page(page, self.privacy)  # what is hidden is not even remembered
        return page if question.level == "shipment" else self._with_own_history(page, deadline)

    def _decipher(self, question: Question, deadline: Deadline) -> ShipmentPage:
        client, text, skip = self.client, question.text, question.skip
        match question.kind, question.level:
            case "reference", "shipment":
                return _page_of(decipher_shipment(client.shipment(text, deadline), text))
            case "reference", _:
                answer = client.shipment_contents(text, deadline)
                return _page_of(decipher_shipment_contents(answer, text))
            case _, "shipment":
                return decipher_shipments(client.shipments(text, skip, deadline), text, skip)
            case _:
                answer = client.shipments_contents(text, skip, deadline)
                return decipher_shipments_contents(answer, text, skip)

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
        remembered = self.memory.recall_here(own.key)
        entry = remembered.entry if remembered else None
        if deadline:
            entry = self.told(own, deadline)
        known = entry.shipments.shipments if entry and entry.outcome == "found" else ()
        return shipment.with_events_of(known[0]) if known else shipment

    def _with_earlier_dates(self, question: Question, entry: Entry) -> Entry:
        """The same, with what was remembered until now of when each shipment was expected."""
        keys = [*question.keys, *_own_keys(question, entry)]
        known = [one.entry for one in map(self.memory.recall_here, keys) if one]
        return with_earlier_dates(entry, known, entry.fetched_at)

    def _shared_out(self, question: Question, entry: Entry) -> Iterable[tuple[str, Entry]]:
        """Each shipment of an order is known by its own reference now, at no further cost.

        Not so at contents level: PRO lists only the items that carry the order's reference, and
        whoever goes on to a parcel wants all of it.
        """
        of_order = question.kind == "custom_reference" and question.level == "shipment"
        if not of_order or entry.outcome != "found":
            return
        for shipment in entry.shipments.shipments:
            own = Question("reference", shipment.shipment_reference or "", "shipment")
            yield own.key, self._judge(own, "found", _page_of(shipment))


def _news(question: Question, told: Iterable[Remembered | None]) -> Entry | None:
    """What an endpoint said of late, where it is among what is remembered."""
    for remembered in told:
        if remembered and remembered.fresh and remembered.entry.level == question.level:
            return remembered.entry
    return None


def _own_keys(question: Question, entry: Entry) -> list[str]:
    """Under which other keys each shipment of an order may be known."""
    if question.kind == "reference":
        return []
    references = (shipment.shipment_reference for shipment in entry.shipments.shipments)
    return [Question("reference", one, "shipment").key for one in references if one]


def nothing_for(question: Question, outcome: Outcome) -> ShipmentPage:
    """No shipments; or the one that PRO knows of and has nothing to show for yet."""
    if outcome != "processing":
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


def _page_of(shipment: Shipment) -> ShipmentPage:
    return ShipmentPage((shipment,), 1)
