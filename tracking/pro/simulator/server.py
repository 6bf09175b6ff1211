"""A real HTTP server on loopback that plays PRO."""

import contextlib
import socket
import socketserver
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tracking.pro.simulator import api, controls
from tracking.pro.simulator.account import Account
from tracking.pro.simulator.answers import Answer, Json, Request
from tracking.pro.simulator.faults import EVERYTHING, Fault, Faults, act
from tracking.pro.simulator.stories import STORIES, Story

MOST_CALLS = 50_000  # remembered; the oldest are forgotten
_POLL = 0.02  # seconds; how long stop() may take to be noticed
_PATIENCE = 1.0  # seconds that stop() waits for the connections to end


@dataclass
class Call:
    """A request as it arrived: `target` byte for byte, header names in lower case.

    `status` is what was answered; None where no whole answer was sent, or none yet.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    status: int | None = None


class Simulator:
    """The embedded stand-in for PRO: four endpoints, living stories, and faults on request.

    `key` is the API key that it accepts, `clock` tells the stories an aware now. `port` 0 takes
    any free one and keeps it over a restart. With `empty_lists` a custom reference without a
    match is a 200 and not a 404: the contract leaves that open. Usable as a context manager.
    """

    def __init__(  # noqa: PLR0913 - each is a switch of its own
        self,
        key: str = "demo-key",
        port: int = 0,
        host: str = "127.0.0.1",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        empty_lists: bool = False,
        stories: Iterable[Story] = STORIES,
    ) -> None:
        self.key = key
        self._address = (host, port)
        self._empty_lists = empty_lists
        self._account = Account(stories, clock)
        self._faults = Faults()
        self._calls: deque[Call] = deque(maxlen=MOST_CALLS)
        self._server: _Server | None = None

    def start(self) -> Self:
        """Listen, and answer on threads that never keep a process alive. Raises OSError."""
        if self._server is None:
            self._server = _Server(self._address, self._serve)
            self._address = (self._address[0], self._server.server_port)
            threading.Thread(target=self._server.serve_forever, args=(_POLL,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Heal all faults, end every connection, and leave the port."""
        server, self._server = self._server, None
        if server:
            self._faults.heal()
            server.shutdown()
            server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """What `PRO_API_URL` should be. Before the first start with port 0 it is not known."""
        host, port = self._address
        return f"http://{host}:{port}{api.BASE}"

    def put(self, shipment: Json) -> None:
        """Add a shipment of your own, or replace the one with its `shipment_reference`.

        See Account for its fields.
        """
        self._account.put(shipment)

    def remove(self, shipment_reference: str) -> None:
        """Forget a shipment, also one of a story's."""
        self._account.remove(shipment_reference)

    def fault(self, fault: Fault, reference: str = EVERYTHING) -> None:
        """Fail from now on, for one shipment or custom reference, for CONTENTS, or for all calls.

        It replaces the earlier fault for the same reference.
        """
        self._faults.arm(fault, reference)

    def heal(self, reference: str | None = None) -> None:
        """End one fault, or all; requests that hang are closed."""
        self._faults.heal(reference)

    @property
    def fired(self) -> list[str]:
        """The kinds of the faults that acted, in order."""
        return self._faults.fired

    @property
    def calls(self) -> list[Call]:
        """Every request to PRO so far, in order of arrival."""
        return [replace(call) for call in list(self._calls)]

    def forget_calls(self) -> None:
        """Begin `calls` anew."""
        self._calls.clear()

    def hang_up(self) -> None:
        """Close every connection, idle ones too, as PRO does with those kept alive too long."""
        if self._server:
            self._server.hang_up()

    def _serve(self, request: Request, connection: socket.socket) -> bool:
        """Answer one request; whether the connection can go on. Raises OSError."""
        if not request.target.startswith(api.BASE):
            _send(controls.answer(request, self), request, connection)
            return True
        call = Call(request.method, request.target, request.headers)
        self._calls.append(call)
        answer = self._answer(request, connection)
        if answer is None:
            return False
        call.status = answer.status
        _send(answer, request, connection)
        return True

    def _answer(self, request: Request, connection: socket.socket) -> Answer | None:
        """The normal answer, or what a fault makes of it; None where that ends the connection."""
        normal = api.answer(request, self._account, self.key, self._empty_lists)
        route = api.Route.of(request.target)
        asked = (route.reference, route.contents) if route else (None, False)
        armed = self._faults.take(*asked)
        return act(armed, normal, connection) if armed else normal


def _send(answer: Answer, request: Request, connection: socket.socket) -> None:
    """Head and body in one piece, so that no delayed acknowledgement comes between them."""
    encoded = answer.for_client(request)
    connection.sendall(encoded.head + (b"" if request.method == "HEAD" else encoded.body))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], serve: Callable[[Request, socket.socket], bool]
    ) -> None:
        self.serve = serve
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind as any TCP server does: HTTPServer would look up a host name that nobody uses."""
        socketserver.TCPServer.server_bind(self)
        self.server_port = self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close without shutdown(), whose FIN would come before the RST of a fault."""
        self.close_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def server_close(self) -> None:
        super().server_close()
        self.hang_up()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, _PATIENCE)

    def hang_up(self) -> None:
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is nobody's error; a bug is."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def __getattr__(self, name: str) -> Callable[[], None]:
        """One `do_…` for every method there is: PRO answers them all, if only to refuse."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        # `self.path` is no use: http.server shortens slashes at its beginning.
        target = self.requestline.split()[1]
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        try:
            goes_on = self.server.serve(
                Request(self.command, target, headers, body), self.connection
            )
        except OSError:
            goes_on = False
        self.close_connection = self.close_connection or not goes_on

    def log_message(self, *_: object) -> None:
        """Say nothing: `calls` tells more."""
