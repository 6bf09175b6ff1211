"""What others wait for is said again for a while: a Redis that is flushed has lost it unnoticed."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

WAITED = 3.0  # seconds for which a process may wait for what another is told
_BETWEEN = (0.03, 0.08)  # seconds, at random: what flushes may do so by a clock too
_MOST = 100  # values
_LARGEST = 64 * 1024  # bytes of one


class Said(NamedTuple):
    """What was kept in Redis, for how many milliseconds."""

    name: str
    value: bytes
    life: int


class Echo:
    """Has `again` say all of late again and again. Safe to share between threads."""

    def __init__(self, again: Callable[[Sequence[Said]], object]) -> None:
        self._again = again
        self._lock = threading.Lock()
        self._said: deque[tuple[float, Said]] = deque(maxlen=_MOST)
        self._awake = False

    def add(self, said: Said) -> None:
        """It was said just now, and others may wait for it. The largest are not said again."""
        if len(said.value) > _LARGEST:
            return
        with self._lock:
            self._said.append((time.monotonic() + WAITED, said))
            if self._awake:
                return
            with suppress(RuntimeError):  # no thread can be begun now
                threading.Thread(target=self._run, name="echo", daemon=True).start()
                self._awake = True

    def _run(self) -> None:
        while said := self._of_late():
            self._again([*said.values()])
            time.sleep(random.uniform(*_BETWEEN))  # noqa: S311

    def _of_late(self) -> dict[str, Said]:
        with self._lock:
            now = time.monotonic()
            while self._said and self._said[0][0] < now:
                self._said.popleft()
            self._awake = bool(self._said)
            return {one.name: one for _, one in self._said}
