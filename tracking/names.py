"""Names: addresses by name servers that may hang."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Names:
    """Looks a name up: one question at a time, however many wait for its answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lookup: _Lookup | None = None

    def look_up(self, name: str, patience: float) -> list[str]:
        """Its addresses; an answer that came too late serves who asks next. Raises TimeoutError."""
        with self._lock:
            lookup = self._lookup or _Lookup.begin(name)
            self._lookup = lookup
        lookup.join(patience)
        if lookup.is_alive():
            raise TimeoutError
        with self._lock:
            if self._lookup is lookup:
                self._lookup = None
        return lookup.addresses


class _Lookup(threading.Thread):
    """One question to the name servers. They may take half a minute; no process waits for that."""

    def __init__(self, name: str) -> None:
        super().__init__(daemon=True)
        self.addresses: list[str] = []
        self._asked = name

    @classmethod
    def begin(cls, name: str) -> Self:
        lookup = cls(name)
        lookup.start()
        return lookup

    def run(self) -> None:
        with suppress(OSError, UnicodeError):
            found = socket.getaddrinfo(self._asked, None, type=socket.SOCK_STREAM)
            self.addresses = [str(address[0]) for *_, address in found]
