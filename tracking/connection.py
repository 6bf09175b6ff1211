"""connect(): a Redis client that waits for nothing long."""

import time
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE = 0.15  # seconds for one answer, and to connect
_LOOK = 0.001  # seconds


def connect(url: str) -> Redis:
    """It connects when it is used."""
    return Redis.from_url(
        url,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # a new connection says nothing before it asks
        driver_info=None,
        redis_connect_func=_use_a_line,
    )


def _use_a_line(connection: Any) -> None:
    """What redis-py calls for each new connection, in place of its own `on_connect`."""
    connection._sock = _Line(connection._sock, connection.socket_timeout)
    connection.on_connect()


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
        self._socket.settimeout(self._patience)
        self._socket.sendall(data)
        self._until = time.monotonic() + self._patience
        self._looked = False

    def recv(self, most: int) -> bytes:
        self._wait_no_longer()
        data: bytes = self._socket.recv(most)
        return data

    def recv_into(self, buffer: Any) -> int:  # what its parser in C calls
        self._wait_no_longer()
        length: int = self._socket.recv_into(buffer)
        return length

    def _wait_no_longer(self) -> None:
        if self._socket.gettimeout() == 0:  # a look whether there is anything waits for nothing
            return
        left = self._until - time.monotonic()
        if left <= 0 and self._looked:
            raise TimeoutError
        self._looked = left <= 0
        self._socket.settimeout(max(left, _LOOK))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)
