"""How much one client may ask: what costs a call is counted, what is remembered never is."""

import random
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil

from tracking import metrics
from tracking.counts import NO_PLACE, Counts, Limits, OwnCounts, SharedCounts, Verdict
from tracking.pro.errors import ProBusy, ShipmentNotFound
from tracking.shared import Shared

MOST_WAITING = 40  # threads: two more turns of as many as one client may have under way
_BEYOND = 1.5  # seconds after its time in which a lookup surely ends
_BETWEEN_TRIES = (0.05, 0.1)  # seconds

_WITH_PORT = re.compile(r"\[([^]]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+", re.ASCII)


class TooManyTries(Exception):
    """The client has asked too much; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True)
class Visitor:
    """Who asks: `network` tells clients apart, and `reads` whether anybody sees the answer."""

    network: str = ""
    reads: bool = True


def network_of(address: str | None) -> str:
    """An IPv4 address, however it is written, or the /64 of an IPv6 address; else nothing.

    Some proxies add the port.
    """
    with_port = _WITH_PORT.fullmatch(address or "")
    bare = with_port[1] or with_port[2] if with_port else address or ""
    try:
        parsed = ip_address(bare.partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


class Allowance:
    """What each client may look up: see Limits and Counts.

    `seconds` is how long one lookup may take. All processes count together while Redis answers;
    else each by itself.
    """

    def __init__(
        self,
        lookups: int,
        not_found: int,
        seconds: float,
        shared: Shared | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = Limits(lookups, not_found, seconds + _BEYOND)
        self._patience = seconds
        self._own = OwnCounts(limits, timer)
        self._common = SharedCounts(limits, shared) if shared else None
        self._may_wait = threading.Semaphore(MOST_WAITING)

    @contextmanager
    def lookup(self, network: str) -> Iterator[None]:
        """Around one lookup that may cost a call. Raises TooManyTries or ProBusy."""
        place, in_vain = secrets.token_hex(8), False
        counts = self._enter(network, place)
        try:
            yield
        except ShipmentNotFound:
            in_vain = True
            raise
        finally:
            counts.leave(network, place, in_vain=in_vain)

    def renewal(self, network: str) -> bool:
        """Count one lookup of what is remembered, and so no guess; whether it may be made.

        There may be as many of these as of the others, and they leave those alone.
        """
        _, verdict = self._try(f"renewals of {network}", NO_PLACE)
        if verdict.limit:
            metrics.too_many.labels("renewals").inc()
        return not verdict.limit

    def _enter(self, network: str, place: str) -> Counts:
        """Where it is counted. Shoppers who share an address wait for each other, for a while.

        They may all find what they look for: so too many at once is not too many tries.
        """
        counts, verdict = self._try(network, place)
        if verdict.limit == "at_once" and self._may_wait.acquire(blocking=False):
            try:
                until = time.monotonic() + self._patience
                while verdict.limit == "at_once" and time.monotonic() < until:
                    time.sleep(random.uniform(*_BETWEEN_TRIES))  # noqa: S311
                    counts, verdict = self._try(network, place)
            finally:
                self._may_wait.release()
        if verdict.limit:
            metrics.too_many.labels(verdict.limit).inc()
            seconds = max(ceil(verdict.left), 1)
            if verdict.limit == "at_once":
                raise ProBusy("as many of this client ask as may", retry_after=seconds)
            raise TooManyTries(seconds)
        return counts

    def _try(self, network: str, place: str) -> tuple[Counts, Verdict]:
        verdict = self._common.enter(network, place) if self._common else None
        if self._common and verdict is not None:
            return self._common, verdict
        return self._own, self._own.enter(network, place)
