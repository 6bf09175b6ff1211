"""How much one client may ask: what costs a call is counted, what is remembered never is."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage, Storage

from tracking import metrics
from tracking.pro.errors import ShipmentNotFound
from tracking.shared import Shared

NOT_FOUND_MINUTES = 10
_AT_ONCE = 2  # seconds after which those under way have ended

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
    """Counts lookups a minute, and those in vain in ten minutes, for each client; 0 is no limit.

    All processes count together while Redis answers; else each by itself.
    """

    def __init__(self, lookups: int, not_found: int, shared: Shared | None = None) -> None:
        self._lookups = RateLimitItemPerMinute(lookups)
        self._not_found = RateLimitItemPerMinute(not_found, NOT_FOUND_MINUTES)
        self._shared = shared
        self._own = MemoryStorage()
        self._lock = threading.Lock()  # it forgets counts where two come at once
        self._under_way: Counter[str] = Counter()
        self._common = _common(shared) if shared else None

    @contextmanager
    def lookup(self, network: str) -> Iterator[None]:
        """Around one lookup that may cost a call. Raises TooManyTries."""
        if self._lookups.amount:
            key = self._key(self._lookups, network)
            storage, total = self._add(self._lookups, key, 1)
            if total > self._lookups.amount:
                raise self._refusal("lookups", self._lookups, storage, key)
        with self._room(network) if self._not_found.amount else nullcontext():
            yield

    @contextmanager
    def _room(self, network: str) -> Iterator[None]:
        """Those under way may be in vain too: many at once get no further than one by one."""
        limit = self._not_found
        key = self._key(limit, network)
        try:
            under_way = self._count_under_way(network, 1)
            storage, in_vain = self._add(limit, key, 0)
            if in_vain >= limit.amount:
                raise self._refusal("not_found", limit, storage, key)
            if in_vain + under_way > limit.amount:
                metrics.too_many.labels("at_once").inc()
                raise TooManyTries(_AT_ONCE)
            try:
                yield
            except ShipmentNotFound:
                self._add(limit, key, 1)
                raise
        finally:
            self._count_under_way(network, -1)

    def _count_under_way(self, network: str, change: int) -> int:
        with self._lock:
            self._under_way[network] += change
            return self._under_way[network] or self._under_way.pop(network)

    def _add(self, limit: RateLimitItem, key: str, amount: int) -> tuple[Storage, int]:
        """Where it was counted, and how many there are."""
        common, seconds = self._common, limit.get_expiry()
        if self._shared and common:
            total = self._shared.attempt(lambda: common.incr(key, seconds, amount), None)
            if total is not None:
                return common, total
        with self._lock:
            return self._own, self._own.incr(key, seconds, amount)

    def _refusal(self, name: str, limit: RateLimitItem, storage: Storage, key: str) -> TooManyTries:
        metrics.too_many.labels(name).inc()
        left, longest = self._seconds_left(storage, key), limit.get_expiry()
        if self._shared and storage is self._common and not 0 < left <= longest:
            self._shared.later(lambda: storage.clear(key))  # nobody of ours counted there
        return TooManyTries(max(ceil(min(left, longest)), 1))

    def _seconds_left(self, storage: Storage, key: str) -> float:
        expiry = 0.0
        if self._shared and storage is self._common:
            expiry = self._shared.attempt(lambda: storage.get_expiry(key), 0.0)
        elif storage is self._own:
            expiry = storage.get_expiry(key)
        return expiry - time.time()

    def _key(self, limit: RateLimitItem, network: str) -> str:
        """No address in Redis: the key tells nothing without the secret."""
        return limit.key_for(self._shared.signer.name(network) if self._shared else network)


def _common(shared: Shared) -> Storage:
    return RedisStorage("redis://", connection_pool=shared.client.connection_pool)
