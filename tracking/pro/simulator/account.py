"""The shipments of one PRO account: those of the stories, and those that a test puts in."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from datetime import datetime

from tracking.pro.simulator.answers import Json
from tracking.pro.simulator.stories import Story


class Account:
    """Finds shipments as PRO holds them; stories are told anew for each question.

    A shipment's own fields are PRO's. Three decide what is answered: `shipment_contents` (absent:
    the carrier has no contents level), and `state`: `processing`, `removed` or `quarantined`.
    """

    def __init__(self, stories: Iterable[Story], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._told = _index(stories, clock())
        self._own: dict[str, Json | None] = {}  # None: removed, even if a story has it
        self._lock = threading.Lock()

    def put(self, shipment: Json) -> None:
        """Add a shipment, or replace the one with the same `shipment_reference`."""
        with self._lock:
            self._own[str(shipment.get("shipment_reference"))] = deepcopy(shipment)

    def remove(self, shipment_reference: str) -> None:
        """Forget a shipment, wherever it came from."""
        with self._lock:
            self._own[shipment_reference] = None

    def shipment(self, reference: str) -> Json | None:
        """The shipment with that `shipment_reference`."""
        held = self._held(reference)
        return next((one for one in held if one.get("shipment_reference") == reference), None)

    def tagged(self, custom_reference: str) -> list[Json]:
        """The shipments whose own custom reference it is."""
        held = self._held(custom_reference)
        return [one for one in held if one.get("custom_reference") == custom_reference]

    def with_items_tagged(self, custom_reference: str) -> list[Json]:
        """The shipments with items whose custom reference it is, and of their items only those."""
        found = []
        for shipment in self._held(custom_reference):
            items = [item for item in _items(shipment) if _tag(item) == custom_reference]
            if items:
                found.append({**shipment, "shipment_contents": items})
        return found

    def _held(self, reference: str) -> Iterator[Json]:
        """All shipments that may answer to a reference of any kind."""
        with self._lock:
            own = dict(self._own)
        for story in self._told.get(reference, ()):
            for shipment in story.shipments(self._clock()):
                if shipment["shipment_reference"] not in own:
                    yield shipment
        yield from (shipment for shipment in own.values() if shipment is not None)


def _index(stories: Iterable[Story], now: datetime) -> dict[str, list[Story]]:
    """Every reference of every kind, and the stories that answer to it; none changes with time."""
    index = defaultdict(list)
    for story in stories:
        for reference in {one for shipment in story.shipments(now) for one in _names(shipment)}:
            index[reference].append(story)
    return dict(index)


def _names(shipment: Json) -> Iterator[str]:
    tags = [_tag(item) for item in _items(shipment)]
    for name in [shipment["shipment_reference"], _tag(shipment), *tags]:
        if name:
            yield name


def _items(shipment: Json) -> list[Json]:
    items = shipment.get("shipment_contents")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _tag(shipment_or_item: Json) -> str | None:
    return shipment_or_item.get("custom_reference")
