"""How much each client has asked of late: in this process, or in Redis for all together.

A lookup takes one of as many places as it may be in vain. It gives it back at its end; in vain it
keeps it for ten minutes. So many at once, over all processes, get no further than one by one.
A renewal is a lookup too, but of what was found: it takes no place.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from tracking.shared import Shared

MINUTE, TEN_MINUTES = 60.0, 600.0  # seconds
NO_PLACE = ""
_MOST_CLIENTS = 20_000
_ENTER = """
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lookups, places, under_way = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local minute, ten_minutes = tonumber(ARGV[4]), tonumber(ARGV[5])
if lookups > 0 then
  local left = redis.call('pttl', KEYS[1])
  if left < 0 or left > minute then  -- none, or none of ours
    redis.call('set', KEYS[1], 0, 'PX', minute)
    left = minute
  end
  if tonumber(redis.call('get', KEYS[1])) >= lookups then return {'lookups', left} end
end
if places > 0 then
  redis.call('zremrangebyscore', KEYS[2], '-inf', now)
  redis.call('zremrangebyscore', KEYS[2], '(' .. now + ten_minutes, '+inf')
  if redis.call('zcard', KEYS[2]) >= places then
    local left = redis.call('zrange', KEYS[2], 0, 0, 'withscores')[2] - now
    return {left > under_way and 'not_found' or 'at_once', left}
  end
end
if lookups > 0 then redis.call('incr', KEYS[1]) end
if places > 0 then
  redis.call('zadd', KEYS[2], now + under_way, ARGV[6])
  redis.call('pexpire', KEYS[2], ten_minutes)
end
return {'', 0}
"""
_KEEP = """
local time = redis.call('time')
redis.call('zadd', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])
redis.call('pexpire', KEYS[1], ARGV[2])
"""


@dataclass(frozen=True)
class Limits:
    """Lookups a minute, and lookups in vain in ten minutes; 0 is no limit.

    A lookup that is not over after `longest` seconds is none any more: its process has died.
    """

    lookups: int
    not_found: int
    longest: float


class Verdict(NamedTuple):
    """Which limit refuses a lookup, and for how many seconds; an empty one does not.

    `at_once` refuses while others are under way that may yet give their places back.
    """

    limit: str = ""
    left: float = 0.0


class Counts(Protocol):
    """`place` is a name that no other lookup has, or NO_PLACE for one that is not in vain."""

    def enter(self, client: str, place: str) -> Verdict | None:
        """Begin a lookup, and count it unless it is refused; None where nobody counts here."""

    def leave(self, client: str, place: str, *, in_vain: bool) -> None:
        """End a lookup that was counted."""


@dataclass
class _Client:
    """Lookups in a minute that ends at some time, and when each place becomes free."""

    lookups: int = 0
    ends: float = 0.0
    places: dict[str, float] = field(default_factory=dict)


class OwnCounts:
    """Of this process alone. `timer` gives monotonic seconds. Safe to share between threads.

    So many clients are known, and then who asked least lately is forgotten: to be forgotten one
    must ask from as many other networks, each of which is counted too.
    """

    def __init__(self, limits: Limits, timer: Callable[[], float]) -> None:
        self._limits = limits
        self._timer = timer
        self._lock = threading.Lock()
        self._clients: OrderedDict[str, _Client] = OrderedDict()

    def enter(self, client: str, place: str) -> Verdict:
        """See Counts."""
        limits = self._limits
        most_places = limits.not_found if place else 0
        with self._lock:
            now, counts = self._timer(), self._of(client)
            if counts.ends <= now:
                counts.lookups, counts.ends = 0, now + MINUTE
            counts.places = {one: ends for one, ends in counts.places.items() if ends > now}
            if limits.lookups and counts.lookups >= limits.lookups:
                return Verdict("lookups", counts.ends - now)
            if most_places and len(counts.places) >= most_places:
                left = min(counts.places.values()) - now
                return Verdict("not_found" if left > limits.longest else "at_once", left)
            counts.lookups += 1
            if most_places:
                counts.places[place] = now + limits.longest
        return Verdict()

    def leave(self, client: str, place: str, *, in_vain: bool) -> None:
        """See Counts."""
        with self._lock:
            places = self._of(client).places
            places.pop(place, None)
            if in_vain and self._limits.not_found:
                places[place] = self._timer() + TEN_MINUTES

    def _of(self, client: str) -> _Client:
        counts = self._clients.setdefault(client, _Client())
        self._clients.move_to_end(client)
        if len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        return counts


@dataclass(frozen=True)
class SharedCounts:
    """Of all processes, in Redis and by its clock. What is not ours there counts for nothing."""

    limits: Limits
    shared: Shared

    def enter(self, client: str, place: str) -> Verdict | None:
        """See Counts."""
        limits = self.limits
        most_places = limits.not_found if place else 0
        if not (limits.lookups or most_places):
            return Verdict()
        seconds = [int(1000 * one) for one in (limits.longest, MINUTE, TEN_MINUTES)]
        names = self._name("lookups", client), self._name("in-vain", client)
        told = self.shared.run(_ENTER, names, (limits.lookups, most_places, *seconds, place))
        match told:
            case [b"", 0]:
                return Verdict()
            case [(b"lookups" | b"not_found" | b"at_once") as limit, int(left)]:
                return Verdict(limit.decode(), min(left / 1000, TEN_MINUTES))
        return None

    def leave(self, client: str, place: str, *, in_vain: bool) -> None:
        """See Counts. It is written later: until then the place is taken."""
        name, redis = self._name("in-vain", client), self.shared.client
        if in_vain and self.limits.not_found:
            milliseconds = int(1000 * TEN_MINUTES)
            self.shared.later(lambda: redis.eval(_KEEP, 1, name, place, milliseconds))
        elif self.limits.not_found:
            self.shared.later(lambda: redis.zrem(name, place))

    def _name(self, what: str, client: str) -> str:
        """No address in Redis: a name tells nothing without the secret."""
        return self.shared.signer.name(f"{what}/{client}")
