"""What has changed, and when: so that nothing is shown that was made from what was known before."""

import threading
from collections import OrderedDict

_MOST = 20_000  # keys; what was made before one of them is forgotten counts as changed


class Changes:
    """Counts changes, and knows for each key its last. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: OrderedDict[str, int] = OrderedDict()
        self._forgotten = 0
        self.count = 0

    def note(self, key: str) -> None:
        """Something else is known under a key from now on."""
        with self._lock:
            self.count += 1
            self._last[key] = self.count
            self._last.move_to_end(key)
            if len(self._last) > _MOST:
                _, self._forgotten = self._last.popitem(last=False)

    def is_current(self, key: str, count: int) -> bool:
        """Whether what was read under a key when there had been `count` changes still stands."""
        return count >= self._forgotten and self._last.get(key, 0) <= count
