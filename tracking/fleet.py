"""What the gate before PRO shares with those of all other processes, in Redis."""

from collections.abc import Sequence

from tracking.pro.budget import Sum
from tracking.shared import PAUSE, Claim, Shared

_TRIAL = "trial"
_PROLONG = """
if redis.call('pttl', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('set', KEYS[1], '', 'PX', ARGV[1])
end
"""
_ADD = """
local units, totals, room = tonumber(ARGV[1]), {}, true
for i, name in ipairs(KEYS) do
  local known, owed, limit = tonumber(ARGV[4*i-2]), tonumber(ARGV[4*i-1]), tonumber(ARGV[4*i])
  local spent = tonumber(redis.call('get', name) or '')
  if not (spent and spent >= 0 and spent < 1e12) then spent = 0 end
  totals[i] = math.max(spent, known) + owed + units
  room = room and totals[i] <= limit
end
for i, name in ipairs(KEYS) do
  redis.call('set', name, totals[i] - (room and 0 or units), 'EX', ARGV[4*i+1])
end
return totals
"""


class SharedGate:
    """A Tally for Budget and a Fleet for Breaker; where Redis does not answer nothing is known."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._trial: Claim | None = None

    def add(self, units: int, sums: Sequence[Sum]) -> Sequence[int] | None:
        """See Tally. What was flushed away is put back as far as it is known."""
        names = [self._shared.signer.name(f"units/{one.name}") for one in sums]
        known = [
            part for one in sums for part in (one.known, one.owed, one.limit, int(one.seconds))
        ]
        match self._shared.run(_ADD, names, (units, *known)):
            case [*totals] if len(totals) == len(sums) and all(type(one) is int for one in totals):
                return totals
        return None

    def paused_for(self) -> float:
        """See Fleet. It is heard with each claim, and costs nothing."""
        return self._shared.paused_for

    def pause(self, seconds: float) -> None:
        """See Fleet. A longer pause stays."""
        name, redis = self._shared.signer.name(PAUSE), self._shared.client
        self._shared.later(lambda: redis.eval(_PROLONG, 1, name, int(seconds * 1000)))

    def may_try(self) -> bool:
        """See Fleet. One of all tries at a time, and hears whether another found it too early."""
        trial = self._shared.claim([_TRIAL])
        if trial and trial.mine:
            self._trial = trial
        return trial is None or (trial.mine and not self.paused_for())

    def tried(self) -> None:
        """See Fleet."""
        trial, self._trial = self._trial, None
        self._shared.settle({}, trial)
