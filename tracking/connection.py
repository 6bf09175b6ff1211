"""connect(): a Redis client that waits for nothing long."""

import ssl
import time
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.retry import Retry

from tracking.lines import LOOK, Line, PlainLine
from tracking.names import Names

PATIENCE = 0.15  # seconds for one answer, and to connect


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
        **({"connection_class": kind, "names": Names()} if kind else {}),
    )


def _use_a_line(connection: Any) -> None:
    """What redis-py calls for each new connection, in place of its own `on_connect`."""
    encrypted = isinstance(connection._sock, ssl.SSLSocket)
    line = Line if encrypted else PlainLine
    connection._sock = line(connection._sock, connection.socket_timeout)
    connection.on_connect()


class _NamedConnection(Connection):
    """A connection of which `socket_connect_timeout` bounds all: the name, each address, and TLS.

    redis-py looks the name up without a timeout, and allows each address, and TLS, all of it anew.
    """

    def __init__(self, names: Names, **options: Any) -> None:
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
                left = max(until - time.monotonic(), LOOK)
                self.host, self.socket_connect_timeout = address, left / (len(addresses) - tried)
                try:
                    sock = super()._connect()  # type: ignore[no-untyped-call]
                except OSError as failure:
                    error = failure
                    continue
                sock.settimeout(max(until - time.monotonic(), LOOK))
                return sock
        finally:
            self.host, self.socket_connect_timeout = host, patience
        raise error


class _NamedSSLConnection(SSLConnection, _NamedConnection):
    """The same with TLS."""
