"""How much one client may ask: what costs a call is counted, what is remembered never is."""

import re
import threading
import time
from collections.abc import Callable, Iterator
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
        self._common = _common(shared) if shared else None

    @contextmanager
    def lookup(self, network: str) -> Iterator[None]:
        """Around one lookup that may cost a call. Raises TooManyTries.

        Until it ends it counts as one in vain: many at once get no further than one by one.
        """
        self._take("lookups", self._lookups, network)
        give_back = self._take("not_found", self._not_found, network)
        try:
            yield
        except ShipmentNotFound:
            raise
        except BaseException:
            give_back()
            raise
        give_back()

    def _take(self, name: str, limit: RateLimitItem, network: str) -> Callable[[], None]:
        """Count one, and say how to take that back."""
        if not limit.amount:
            return lambda: None
        key = self._key(limit, network)
        storage, total = self._add(limit, key)

        def give_back() -> None:
            with self._lock if storage is self._own else nullcontext():
                storage.incr(key, limit.get_expiry(), -1)

        later = self._shared.later if self._shared and storage is self._common else _now
        if total > limit.amount:
            later(give_back)
            metrics.too_many.labels(name).inc()
            left = self._seconds_left(storage, key)
            if storage is self._common and not 0 < left <= limit.get_expiry():
                later(lambda: storage.clear(key))  # nobody of ours counted there
            raise TooManyTries(max(ceil(min(left, limit.get_expiry())), 1))
        return lambda: later(give_back)

    def _add(self, limit: RateLimitItem, key: str) -> tuple[Storage, int]:
        """Where it was counted, and how many there are."""
        common = self._common
        if self._shared and common:
            total = self._shared.attempt(lambda: common.incr(key, limit.get_expiry()), None)
            if total is not None:
                return common, total
        with self._lock:
            return self._own, self._own.incr(key, limit.get_expiry())

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


def _now(act: Callable[[], object]) -> None:
    act()


def _common(shared: Shared) -> Storage:
    return RedisStorage("redis://", connection_pool=shared.client.connection_pool)
