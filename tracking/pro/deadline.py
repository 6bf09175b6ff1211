"""One deadline for a whole HTTP call.

The timeout of requests bounds each read from the socket, not the call: an upstream that sends one
byte now and then is never given up. So the socket itself asks, before each read, how much is left.
"""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

LONGEST_IDLE = 20.0  # seconds; what is on the way drops silent lines, and not all of it says so

_thread = threading.local()


class Deadline:
    """So many seconds from now, for all calls of one question together."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds left; negative once it is over."""
        return self._end - self._clock()

    def remaining_or_raise(self) -> float:
        """Seconds left. Raises TimeoutError where there are none."""
        left = self.remaining()
        if left <= 0:
            raise TimeoutError("the deadline is over")
        return left

    @contextmanager
    def on_this_thread(self) -> Iterator[None]:
        """Every read from a socket of DeadlineAdapter ends with this deadline."""
        _thread.deadline = self
        try:
            yield
        finally:
            del _thread.deadline


class _DeadlineReader(io.RawIOBase):
    """Reads what `raw` reads, and never waits longer than until the thread's deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._socket = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(_thread.deadline.remaining_or_raise())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    """After any answer but a 200 its line is closed: what came on it late would be taken for the
    answer about the next reference, and only a 200 says whom it is about.

    It costs a new connection after each reference that PRO does not know.
    """

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), sock))

    def begin(self) -> None:
        super().begin()
        self.will_close = self.will_close or self.status != HTTPStatus.OK

    def _read_status(self) -> tuple[str, int, str]:
        """The answer is yet to come after each 1xx, and http.client knows that of 100 alone."""
        version, status, reason = super()._read_status()  # type: ignore[misc]
        interim = 100 <= status < 200 and status != HTTPStatus.SWITCHING_PROTOCOLS
        return version, HTTPStatus.CONTINUE if interim else status, reason


class _InTime:
    """Names are looked up without a timeout: what came too late is not asked, for it is billed.

    And a line that was silent for long is replaced: nobody may hear any more what is asked on it.
    """

    _used = 0.0

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _thread.deadline.remaining_or_raise()

    def getresponse(self) -> Any:
        self._used = time.monotonic()
        return super().getresponse()  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        """What urllib3 asks before it uses a connection again."""
        idle = time.monotonic() - self._used
        return idle < LONGEST_IDLE and super().is_connected  # type: ignore[misc]


class _DeadlineHTTPConnection(_InTime, HTTPConnection):
    response_class = _DeadlineResponse


class _DeadlineHTTPSConnection(_InTime, HTTPSConnection):
    response_class = _DeadlineResponse


class _DeadlineHTTPPool(HTTPConnectionPool):
    ConnectionCls = _DeadlineHTTPConnection


class _DeadlineHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineHTTPSConnection


class DeadlineAdapter(HTTPAdapter):
    """An adapter whose connections obey the Deadline of the thread."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _DeadlineHTTPPool,
            "https": _DeadlineHTTPSPool,
        }
