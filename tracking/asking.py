"""answer(): from a question to PRO's answer, by as few calls as it takes.

A custom reference may be a shipment's or an item's, so a question may need several endpoints.
"""

from dataclasses import dataclass, replace

from tracking.calls import Calls, nothing_for
from tracking.entries import Entry
from tracking.memory import Memory
from tracking.pro.deadline import Deadline
from tracking.pro.errors import ContentsForbidden
from tracking.questions import Question


@dataclass(frozen=True)
class Asking:
    """Which endpoint is asked, and which after it."""

    calls: Calls
    memory: Memory

    def answer(self, question: Question, deadline: Deadline) -> Entry:
        """What PRO says to a question, and remember it. Raises ProUnavailable.

        Source: design.md, Which endpoint.
        """
        try:
            return self._told(question, deadline)
        except ContentsForbidden:
            return self._told_without_contents(question, deadline)

    def _told(self, question: Question, deadline: Deadline) -> Entry:
        entry = self.calls.told(question, deadline)
        if entry.outcome != "not_found" or question.kind == "reference" or question.page > 1:
            return entry
        return self._told_at_other_level(question, deadline)

    def _told_at_other_level(self, question: Question, deadline: Deadline) -> Entry:
        """Once more at the other level: the items may carry it, or the shipment."""
        entry = self.calls.told(question.at_other_level, deadline)
        if question.level == "contents" and entry.found and entry.shipments.total == 1:
            entry = self._contents_of(entry, deadline)
        if entry.outcome != "found":
            entry = self.memory.judge(
                entry.outcome, question.level, nothing_for(question, entry.outcome)
            )
        self.memory.keep((question.key, entry))
        return entry

    def _told_without_contents(self, question: Question, deadline: Deadline) -> Entry:
        """By the shipment level alone, where the account may not use the other."""
        entry = self.calls.told(question.at("shipment"), deadline)
        if question.level == "contents":
            entry = _as_a_whole(entry)
        self.memory.keep((question.key, entry))
        return entry

    def _contents_of(self, entry: Entry, deadline: Deadline) -> Entry:
        """The contents of the one shipment found at shipment level, or itself without any."""
        (shipment,) = entry.shipments.shipments
        reference = shipment.shipment_reference
        if reference is None:
            return entry
        contents = self.calls.told(Question("reference", reference, "contents"), deadline)
        return contents if contents.outcome == "found" else entry


def _as_a_whole(entry: Entry) -> Entry:
    """As at contents level where a carrier tells nothing item by item: the parcel's own history."""
    shipments = tuple(replace(shipment, items=()) for shipment in entry.shipments.shipments)
    return replace(entry, level="contents", shipments=replace(entry.shipments, shipments=shipments))
