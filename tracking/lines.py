"""Sockets to Redis on which a whole answer comes in time, or none."""

import socket
import struct
import time
from collections.abc import Callable
from functools import partial
from typing import Any

LOOK = 0.001  # seconds; no wait is shorter
_AT_ONCE = 64 * 1024  # bytes that the system takes, or does not take, in one piece


class Line:
    """A socket on which a whole answer has `patience` seconds from when it is asked for.

    A timeout of redis-py bounds each read, so a Redis that drips bytes is never given up. Once the
    time is over one look is left, for what came in time and was not read: the machine may be busy.
    """

    def __init__(self, sock: Any, patience: float) -> None:
        self._socket = sock
        self._patience = patience
        self._until = 0.0
        self._looked = False

    def sendall(self, data: bytes) -> None:
        self.settimeout(self._patience)
        self._socket.sendall(data)
        self._until = time.monotonic() + self._patience
        self._looked = False

    def recv(self, most: int, look: int = 0) -> bytes:
        """With the flags of a `look` its parser in C sees whether the line is closed."""
        read = partial(self._socket.recv, most)
        data: bytes = read(look) if look else self._read(read)
        return data

    def recv_into(self, buffer: Any) -> int:  # what its parser in C calls
        length: int = self._read(partial(self._socket.recv_into, buffer, len(buffer)))
        return length

    def _read(self, read: Callable[[int], Any]) -> Any:
        """What `read` gives, to which the flags are given."""
        self._wait_no_longer()
        return read(0)

    def _wait_no_longer(self) -> None:
        if self.gettimeout() == 0:  # a look whether there is anything waits for nothing
            return
        left = self._until - time.monotonic()
        if left <= 0 and self._looked:
            raise TimeoutError
        self._looked = left <= 0
        if left < self.gettimeout() - LOOK:
            self.settimeout(max(left, LOOK))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class PlainLine(Line):
    """The same without TLS, where the system can keep the time by itself.

    For each of Python's own timeouts the system is called, and called again to wait; and with each
    call all other threads of this process go first.
    """

    def __init__(self, sock: Any, patience: float) -> None:
        super().__init__(sock, patience)
        self._kept = 0.0  # by the system
        sock.settimeout(None)
        self.settimeout(patience)

    def sendall(self, data: bytes) -> None:
        if len(data) > _AT_ONCE:  # the system bounds each part of it, and Python all
            self._socket.settimeout(self._patience)
        super().sendall(data)
        if len(data) > _AT_ONCE:
            self._socket.settimeout(None)

    def settimeout(self, seconds: float) -> None:
        self._timeout = seconds
        if seconds not in {0, self._kept}:  # to the system zero is for ever
            self._kept = seconds
            timeval = struct.pack("@ll", *divmod(int(seconds * 1e6), 1_000_000))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)

    def gettimeout(self) -> float:
        return self._timeout

    def _read(self, read: Callable[[int], Any]) -> Any:
        self._wait_no_longer()
        if self._timeout == 0:
            return read(socket.MSG_DONTWAIT)
        try:
            return read(0)
        except BlockingIOError:
            raise TimeoutError from None
