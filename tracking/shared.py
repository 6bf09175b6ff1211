"""What all processes share, as far as Redis answers."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from tracking.echo import Echo, Said
from tracking.freshness import GRACE
from tracking.guard import Guard
from tracking.signing import LARGEST, Signer

PAUSE = "pause"
_LOCK, _FAILED, _LAST = "lock/", "failed/", "last/"
_LONGEST = GRACE // timedelta(milliseconds=1)  # that anything is kept, and of use
_LONGEST_PAUSE = 300.0  # seconds
_NO_KEY = -2  # what PTTL says of one
_IN_VAIN = 3000  # milliseconds for which waiting processes are told so
_KEEP = """
local life = math.max(tonumber(ARGV[2]), redis.call('pttl', KEYS[1]))
redis.call('set', KEYS[1], ARGV[1], 'px', math.min(life, tonumber(ARGV[3])))
"""
_RELEASE = """
local held, alone = redis.call('get', KEYS[1]) == ARGV[1], redis.call('get', KEYS[2]) == ARGV[1]
if held then redis.call('del', KEYS[1]) end
if alone then redis.call('del', KEYS[2]) end
return held and alone and 0 or 1  -- whether others may wait
"""


@dataclass(frozen=True)
class Claim:
    """An attempt to be the one who asks PRO for what others wait for.

    `holder` names who does, and `mine` says that it is us. `failed` names one who has just asked
    in vain. It ends by itself in `left` seconds. `told` is what is kept under the keys of the
    claim, all at the same moment.
    """

    key: str
    holder: str
    mine: bool
    failed: str | None
    left: float
    told: Sequence[bytes | None]


class Shared(Guard):
    """Values, claims and scripts. A claim ends by itself after `longest_call` seconds."""

    def __init__(
        self,
        client: Redis,
        signer: Signer,
        longest_call: float,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(timer)
        self.client = client
        self.signer = signer
        self._life = int(longest_call * 1000)
        self._paused_until = 0.0
        self._echo = Echo(self._say_again)

    @property
    def paused_for(self) -> float:
        """For how many seconds PRO is to be left alone, as the last claim heard."""
        return max(self._paused_until - self._timer(), 0.0)

    def run(self, script: str, names: Sequence[str], arguments: Sequence[object]) -> Any:
        """What a script gives, in one round trip; None where Redis does not let it."""
        return self.attempt(
            lambda: self.client.eval(script, len(names), *names, *map(str, arguments)), None
        )

    def get(self, key: str) -> bytes | None:
        """What is kept under a key and was signed by us."""
        name = self.signer.name(key)
        return self.signer.verify(self.attempt(lambda: self.client.get(name), None))

    def claim(self, keys: Sequence[str]) -> Claim | None:
        """Try to be the one who asks; None where Redis does not answer.

        On the way it hears for how long PRO is left alone.
        """
        token = secrets.token_hex(8)
        lock, failed, *names = map(self.signer.name, [_LOCK + keys[0], _FAILED + keys[0], *keys])

        def act() -> list[Any]:
            pipe = self.client.pipeline(transaction=True)
            pipe.set(lock, token, nx=True, px=self._life)
            pipe.mget([lock, failed, *names])  # a key of another type is nothing
            pipe.pttl(lock)
            pipe.pttl(self.signer.name(PAUSE))
            pipe.set(self.signer.name(_LAST + keys[0]), token, px=self._life)  # who asked last
            taken, (holder, vain, *kept), left, pause, _ = pipe.execute(raise_on_error=False)
            return [taken, holder, vain, kept, left, pause]

        results = self.attempt(act, None)
        if results is None:
            return None
        taken, holder, vain, kept, left, pause = results
        self._hear(pause)
        ours = isinstance(holder, bytes) and isinstance(left, int) and 0 <= left <= self._life
        if not ours:
            self.later(lambda: self.client.delete(lock))
            return None
        vain = vain.decode("latin-1") if isinstance(vain, bytes) else None
        told = [self.signer.verify(one) for one in kept]
        return Claim(keys[0], holder.decode("latin-1"), bool(taken), vain, left / 1000, told)

    def settle(
        self,
        kept: Mapping[str, tuple[bytes, float]],
        claim: Claim | None = None,
        *,
        failed: bool = False,
        watched: Sequence[str] = (),
        then: Callable[[list[bytes | None]], object] = lambda _: None,
    ) -> None:
        """Keep values under their keys, each for its seconds, and end the claim; later.

        What takes the place of another stays at least as long as that would have, for others may
        remember that. `then` is told what was kept until now under the `watched` keys.
        """

        def act() -> None:
            pipe = self.client.pipeline(transaction=False)
            if watched:
                pipe.mget([self.signer.name(key) for key in watched])
            said = [
                Said(self.signer.name(key), self.signer.sign(value), max(int(seconds * 1000), 1))
                for key, (value, seconds) in kept.items()
                if len(value) < LARGEST
            ]
            for name, value, life in said:
                pipe.eval(_KEEP, 1, name, value, life, _LONGEST)
            if claim and failed:
                pipe.set(self.signer.name(_FAILED + claim.key), claim.holder, px=_IN_VAIN)
            if claim:
                names = (self.signer.name(kind + claim.key) for kind in (_LOCK, _LAST))
                pipe.eval(_RELEASE, 2, *names, claim.holder)
            results = pipe.execute(raise_on_error=False)
            if watched and isinstance(results[0], list):
                then([self.signer.verify(one) for one in results[0]])
            if claim and said and results[-1]:  # others may wait for the first
                self._echo.add(said[0])
            _raise_first(results)

        if kept or claim:
            self.later(act)

    def _say_again(self, said: Sequence[Said]) -> None:
        def act() -> None:
            if self.client.exists(*(one.name for one in said)) == len(said):
                return
            pipe = self.client.pipeline(transaction=False)
            for name, value, life in said:
                pipe.set(name, value, px=life, nx=True)  # nothing newer is replaced
            pipe.execute()

        self.attempt(act, None)

    def _hear(self, pause: object) -> None:
        if isinstance(pause, int) and 0 <= pause <= _LONGEST_PAUSE * 1000:
            self._paused_until = self._timer() + pause / 1000
        elif pause != _NO_KEY:  # no pause of ours
            self.later(lambda: self.client.delete(self.signer.name(PAUSE)))


def _raise_first(results: Sequence[object]) -> None:
    for error in results:
        if isinstance(error, ResponseError):
            raise error
