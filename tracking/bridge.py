"""The application on granian's own interface, which alone tells a dash from an underscore.

As WSGI, granian makes one variable of `X-Forwarded-For` and `X_Forwarded_For`, and a client could
say itself what only our proxies may. Here headers with underscores are dropped.
"""

import sys
from asyncio import AbstractEventLoop
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from tracking.finished import AT_ONCE, NotFinished

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MOST_THREADS = 128  # more than there may be calls to PRO in flight

# What a finished page depends on, beside its address.
_GLANCED = ("host", "accept-encoding", "if-none-match", "x-forwarded-proto")


class Bridge:
    """Finished pages are answered at once; who must wait for another does so on a thread."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(MOST_THREADS, "shopper")
        self._loop: AbstractEventLoop

    def __rsgi_init__(self, loop: AbstractEventLoop) -> None:
        """What granian calls first."""
        self._loop = loop

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """One request; nobody reads its body."""
        try:
            answer = self._answer(_glance_of(scope))
        except NotFinished:
            environ = environ_of(scope)
            answer = await self._loop.run_in_executor(self._threads, self._answer, environ)
        protocol.response_bytes(*answer)

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
        return int(status[:3]), headers, body


def _glance_of(scope: Any) -> "WSGIEnvironment":
    environ = _address_of(scope)
    environ[AT_ONCE] = True
    for name in _GLANCED:
        value = scope.headers.get(name)
        if value is not None:
            environ[_variable(name)] = value
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
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "wsgi.url_scheme": scope.scheme,
    }


@lru_cache(maxsize=1024)
def _variable(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")
