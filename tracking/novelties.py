"""Event codes that nobody knows: counted, and each logged once, for the list grows unannounced."""

import logging
import re
from collections.abc import Iterable

from tracking import metrics
from tracking.codes import is_new
from tracking.shipments import Shipment

_MOST = 100  # codes that are logged
_CODE = re.compile(r"[a-z0-9_-]{1,60}", re.ASCII | re.IGNORECASE)
_logged: set[str] = set()
_log = logging.getLogger(__name__)


def note_new_codes(shipments: Iterable[Shipment]) -> None:
    """Count the scans of shipments whose codes are new to us."""
    for shipment in shipments:
        histories = [shipment.events or (), *(item.events for item in shipment.items or ())]
        for event in (event for events in histories for event in events):
            if event.event_code and is_new(event.event_code):
                metrics.unknown_codes.inc()
                _log_once(event.event_code)


def _log_once(code: str) -> None:
    if code not in _logged and len(_logged) < _MOST and _CODE.fullmatch(code):
        _logged.add(code)
        _log.warning("PRO sends an event code that is new to us: %s", code)
