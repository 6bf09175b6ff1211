"""connect(): a Redis client that waits for nothing long."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

PATIENCE = 0.15  # seconds for one answer, and to connect
_LOOK = 0.001  # seconds


def connect(url: str) -> Redis:
    """It connects when it is used."""
    kind = {"redis": _NamedConnection, "rediss": _NamedSSLConnection}.get(url.partition("://")[0])
    return Redis.from_url(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # a new connection says nothing before it asks
        driver_info=None,
        redis_connect_func=_use_a_line,
        **({"connection_class": kind, "names": _Names()} if kind else {}),
    )


def _use_a_line(connection: Any) -> None:
    """What redis-py calls for each new connection, in place of its own `on_connect`."""
    encrypted = isinstance(connection._sock, ssl.SSLSocket)
    line = _Line if encrypted else _PlainLine
    connection._sock = line(connection._sock, connection.socket_timeout)
    connection.on_connect()


class _NamedConnection(Connection):
    """A connection of which `socket_connect_timeout` bounds all: the name, each address, and TLS.

    redis-py looks the name up without a timeout, and gives all of it to each of the others.
    """

    def __init__(self, names: "_Names", **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._names = names

    def _connect(self) -> Any:
        """What redis-py calls for a socket; TLS goes round it, with the name."""
        host, patience = self.host, self.socket_connect_timeout or PATIENCE
        until = time.monotonic() + patience
        error = OSError("no such name")
        addresses = self._names.look_up(host, patience)
        try:
            for tried, address in enumerate(addresses):
                left = max(until - time.monotonic(), _LOOK)
                self.host, self.socket_connect_timeout = address, left / (len(addresses) - tried)
                try:
                    sock = super()._connect()  # type: ignore[no-untyped-call]
                except OSError as failure:
                    error = failure
                    continue
                sock.settimeout(max(until - time.monotonic(), _LOOK))
                return sock
        finally:
            self.host, self.socket_connect_timeout = host, patience
        raise error


class _NamedSSLConnection(SSLConnection, _NamedConnection):
    """The same with TLS."""


class _Names:
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


class _Line:
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

    def recv(self, most: int) -> bytes:
        data: bytes = self._read(lambda flags: self._socket.recv(most, flags))
        return data

    def recv_into(self, buffer: Any) -> int:  # what its parser in C calls
        length: int = self._read(lambda flags: self._socket.recv_into(buffer, len(buffer), flags))
        return length

    def _read(self, read: Callable[[int], Any]) -> Any:
        self._wait_no_longer()
        return read(0)

    def _wait_no_longer(self) -> None:
        if self.gettimeout() == 0:  # a look whether there is anything waits for nothing
            return
        left = self._until - time.monotonic()
        if left <= 0 and self._looked:
            raise TimeoutError
        self._looked = left <= 0
        if left < self.gettimeout() - _LOOK:
            self.settimeout(max(left, _LOOK))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class _PlainLine(_Line):
    """The same without TLS, where the system can keep the time by itself.

    For each of Python's own timeouts the system is called, and called again to wait; and with each
    call all other threads of this process go first.
    """

    def __init__(self, sock: Any, patience: float) -> None:
        super().__init__(sock, patience)
        self._kept = 0.0  # by the system
        sock.settimeout(None)
        self.settimeout(patience)

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
