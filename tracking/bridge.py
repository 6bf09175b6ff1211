"""The application on granian's own interface: finished pages at once, all others on a thread.

As WSGI, granian wakes one of many threads for each request, and they get in each other's way; a
finished page costs less than to wake one. And it makes one variable of `X-Forwarded-For` and
`X_Forwarded_For`, so that a client could say itself what only our proxies may: here headers with
underscores are dropped.
"""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from granian._granian import CallbackScheduler
from granian.server import mp

from tracking.finished import AT_ONCE, NotFinished
from tracking.logs import place_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MOST_THREADS = 128  # more than there may be calls to PRO in flight

_log = logging.getLogger(__name__)


class _Directly(CallbackScheduler):
    def __init__(self, _: Any, bridge: "Bridge", *__: object) -> None:
        super().__init__()
        self._schedule_fn = bridge


class Bridge:
    """What answers granian's requests."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(MOST_THREADS, "shopper")
        self._last: list[tuple[str, str]] = []

    def take_over(self) -> None:
        """Have requests come here on granian's own thread, and not by way of an event loop."""
        mp._new_cbscheduler = self._scheduler  # type: ignore[attr-defined]

    def leave(self) -> None:
        """From now on each answer is the last on its line: who keeps it comes again elsewhere."""
        self._last = [("connection", "close")]

    def _scheduler(self, loop: Any, *_: object, **__: object) -> CallbackScheduler:
        return _Directly(loop, self, None, None, None)

    def __call__(self, request: Any) -> None:
        """One request, on the thread that all come on, where nobody may wait for anything."""
        if self._last:
            return self._begin(request)
        try:
            self._app(_glance_of(request), _nothing_else)
        except NotFinished:
            self._begin(request)
        except Exception as error:  # it would end the thread that all requests come on
            _log.error("A fault of ours in a finished page: %s", place_of(error))
            self._begin(request)

    def _begin(self, request: Any) -> None:
        with suppress(RuntimeError):  # it has been told to stop
            self._threads.submit(self._make, request)

    def _make(self, request: Any) -> None:
        """Answer a request whose page is to be made; nobody reads its body."""
        try:
            request.proto.response_bytes(*self._answer(environ_of(request.scope)))
        finally:  # where there was no answer, this is one: 500
            request.done()

    def _answer(self, environ: "WSGIEnvironment") -> tuple[int, list[tuple[str, str]], bytes]:
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Any:
            said.append((status, headers))

        parts = self._app(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            getattr(parts, "close", lambda: None)()
        status, headers = said[-1]
        return int(status[:3]), headers + self._last, body


def _nothing_else(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
    raise NotImplementedError


def _glance_of(request: Any) -> "WSGIEnvironment":
    """As much of a request as a finished page depends on."""
    lines = request.scope.headers.get_all
    environ = _address_of(request.scope)
    environ[AT_ONCE] = request.proto.response_bytes
    environ["HTTP_HOST"] = ",".join(lines("host"))
    environ["HTTP_ACCEPT_ENCODING"] = ",".join(lines("accept-encoding"))
    environ["HTTP_IF_NONE_MATCH"] = ",".join(lines("if-none-match"))
    environ["HTTP_X_FORWARDED_PROTO"] = ",".join(lines("x-forwarded-proto"))
    return environ


def environ_of(scope: Any) -> "WSGIEnvironment":
    """The environ of a request, without the headers that have underscores in their names."""
    host, _, port = scope.server.rpartition(":")
    environ = _address_of(scope) | {
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" not in name:
            key = _variable(name)
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


def _address_of(scope: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _bytewise(scope.path),
        "QUERY_STRING": _bytewise(scope.query_string),
        "wsgi.url_scheme": scope.scheme,
    }


def _bytewise(text: str) -> str:
    """As WSGI wants what was not percent-encoded: a character for each byte."""
    return text if text.isascii() else text.encode().decode("latin-1")


@lru_cache(maxsize=1024)
def _variable(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")
