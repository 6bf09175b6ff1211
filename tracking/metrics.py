"""What an operator can count. Served at `/metrics`; no label holds a reference or an address.

With several processes all of them write to the folder that PROMETHEUS_MULTIPROC_DIR names, and
each answers for all.
"""

import os
import threading
from typing import ClassVar

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, multiprocess

registry = CollectorRegistry()


class Often:
    """A counter of what happens too often to tell the library each time: see `hand_over`."""

    _all: ClassVar[list["Often"]] = []

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._lock = threading.Lock()
        self._untold = 0
        self._all.append(self)

    def inc(self) -> None:
        """Once more."""
        with self._lock:
            self._untold += 1

    @classmethod
    def hand_over(cls) -> None:
        """Tell the library: to be done once a second in each process, and before it is asked."""
        for one in cls._all:
            with one._lock:
                untold, one._untold = one._untold, 0
            one._counter.inc(untold)


answers = Counter(
    "parcel_page_answers", "Answers to shoppers", ["status", "made"], registry=registry
)
stale_answers = Counter(
    "parcel_page_stale_answers", "Answers shown although they are old", registry=registry
)
oldest_shown = Gauge(
    "parcel_page_oldest_shown_seconds",
    "Age of the oldest answer shown although it is old",
    registry=registry,
    multiprocess_mode="mostrecent",
)
shed = Counter(
    "parcel_page_shed", "Questions not put to PRO, by the reason", ["reason"], registry=registry
)
too_many = Counter(
    "parcel_page_too_many_tries", "Questions refused to a client, by limit", ["limit"],
    registry=registry,
)  # fmt: skip
redis_failures = Counter(
    "parcel_page_redis_failures", "Failures of Redis, by kind", ["kind"], registry=registry
)
pro_calls = Counter("parcel_page_pro_calls", "Calls to PRO", ["outcome"], registry=registry)
pro_units = Counter("parcel_page_pro_units", "Units that PRO bills", registry=registry)
pro_paused_until = Gauge(
    "parcel_page_pro_paused_until_seconds",
    "Until when PRO is left alone because it fails, in seconds since the epoch; 0 is never",
    registry=registry,
    multiprocess_mode="max",
)
budget_units = Gauge(
    "parcel_page_budget_units",
    "Units that may be spent in a window; 0 is unlimited",
    ["window"],
    registry=registry,
    multiprocess_mode="mostrecent",
)
budget_left = Gauge(
    "parcel_page_budget_left",
    "Units left in the window, as last seen",
    ["window"],
    registry=registry,
    multiprocess_mode="mostrecent",
)
unknown_codes = Counter(
    "parcel_page_unknown_event_codes", "Scans with a code that nobody knows", registry=registry
)


dropped_events = Counter(
    "parcel_page_dropped_events", "Scans left out because they say nothing", registry=registry
)


def exposition() -> bytes:
    """Everything counted, in Prometheus's text format; of the others as of a second ago."""
    Often.hand_over()
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(registry)
    fleet = CollectorRegistry()
    multiprocess.MultiProcessCollector(fleet)  # type: ignore[no-untyped-call]
    return generate_latest(fleet)
