"""A store in the process, bounded in entries and bytes: a backend for Flask-Caching.

Flask-Caching's own SimpleCache bounds no bytes, sorts all it holds whenever it is full, and goes by
a clock that can be set.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sized
from datetime import timedelta
from typing import Any, NamedTuple

from flask_caching.backends.base import BaseCache

_OVERHEAD = 200  # bytes that an entry costs beside its key and value


class _Kept(NamedTuple):
    value: Any
    size: int
    until: float


class BoundedCache(BaseCache):
    """Forgets what was used least lately. The size of a value is its `len()`, in bytes.

    `timer` gives monotonic seconds.
    """

    def __init__(
        self,
        most_entries: int,
        most_bytes: int,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._timer = timer
        self._kept: OrderedDict[Any, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    @classmethod
    def factory(
        cls, app: Any, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
    ) -> "BoundedCache":
        """What Flask-Caching calls."""
        bounds = ("most_entries", "most_bytes", "timer")
        return cls(**{name: kwargs[name] for name in bounds if name in kwargs})

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Any) -> Any:
        """What was set, or None."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None:
                return None
            if kept.until <= self._timer():
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return kept.value

    def set(self, key: Any, value: Sized, timeout: float | timedelta | None = None) -> bool:
        """Keep a value for `timeout` seconds; whether it fits at all."""
        size = len(value) + len(key) + _OVERHEAD
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        until = self._timer() + (self.default_timeout if seconds is None else seconds)
        with self._lock:
            self._drop(key)
            if size > self._most_bytes:
                return False
            self._kept[key] = _Kept(value, size, until)
            self.bytes += size
            while len(self._kept) > self._most_entries or self.bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))
        return True

    def delete(self, key: Any) -> bool:
        """Forget one; whether it was there."""
        with self._lock:
            return self._drop(key)

    def _drop(self, key: Any) -> bool:
        kept = self._kept.pop(key, None)
        if kept is None:
            return False
        self.bytes -= kept.size
        return True
