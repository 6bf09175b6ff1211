"""Everything that can go wrong between PRO and us, on request."""

import gzip
import io
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal, get_args

from tracking.pro.simulator.answers import Answer, Refusal

Kind = Literal[
    "latency",
    "hang",
    "drip_headers",
    "drip",
    "endless",
    "big",
    "bomb",
    "truncate",
    "status",
    "garbage",
    "html",
    "reset",
    "reset_mid",
    "redirect",
    "wrong_shipment",
]

EVERYTHING = "*"
CONTENTS = "*/shipment_contents"  # everything at that level
BIG = 2_000_000  # bytes
BOMB = 100_000_000  # bytes, once decompressed
ANOTHER_REFERENCE = "sp_" + "9" * 32

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 seconds
_LOGIN_PAGE = b"<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>"


@dataclass(frozen=True)
class Fault:
    """One way of failing.

    `seconds` is how long `latency` waits, and the pause between two bytes of a drip. `status`,
    `body` and `headers` are for the kinds that send an answer of their own; `headers` are added
    to any whole answer. `retry_after` and `location` become the headers of that name. `times` is
    how many calls it acts on; None means all. Raises ValueError for an unknown kind.
    """

    kind: Kind
    seconds: float = 0.2
    status: int | None = None
    body: bytes | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int | str | None = None
    location: str | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"no such fault: {self.kind}")

    @property
    def content(self) -> bytes | None:
        """The body in bytes; None where none was given."""
        return self.body.encode() if isinstance(self.body, str) else self.body

    @property
    def all_headers(self) -> dict[str, str]:
        """`headers`, with those that have a field of their own."""
        own = {"Retry-After": self.retry_after, "Location": self.location}
        return {**{name: str(value) for name, value in own.items() if value}, **self.headers}


class Armed:
    """A fault in force: it counts its calls, and ends what waits on it once it is over."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.over = threading.Event()
        self._left = fault.times

    def takes_one(self) -> bool:
        """Whether it acts on one more call."""
        if self._left is None:
            return True
        self._left -= 1
        return self._left >= 0


class Faults:
    """The faults in force, by the reference they are for, and those that acted."""

    def __init__(self) -> None:
        self._armed: dict[str, Armed] = {}
        self._fired: list[str] = []
        self._lock = threading.Lock()

    def arm(self, fault: Fault, reference: str) -> None:
        """Put a fault in force instead of the earlier one for that reference."""
        with self._lock:
            self._end([reference])
            self._armed[reference] = Armed(fault)

    def heal(self, reference: str | None = None) -> None:
        """End one fault, or all, and whatever hangs on them."""
        with self._lock:
            self._end(list(self._armed) if reference is None else [reference])

    def _end(self, references: Iterable[str]) -> None:
        for reference in references:
            if armed := self._armed.pop(reference, None):
                armed.over.set()

    def take(self, reference: str | None, contents: bool) -> Armed | None:
        """The fault for a call about `reference`, the more specific first; it counts as fired."""
        with self._lock:
            for key in (reference, CONTENTS if contents else None, EVERYTHING):
                armed = self._armed.get(key) if key is not None else None
                if armed and armed.takes_one():
                    self._fired.append(armed.fault.kind)
                    return armed
            return None

    @property
    def fired(self) -> list[str]:
        """The kinds of the faults that acted, in order."""
        with self._lock:
            return list(self._fired)


def act(armed: Armed, answer: Answer, connection: socket.socket) -> Answer | None:
    """Do what the fault does, given the normal answer.

    Returns the answer still to send, or None where the fault has used up the connection. Raises
    OSError where the client has gone.
    """
    fault = armed.fault
    if fault.kind in _SPOILS_THE_LINE:
        _SPOILS_THE_LINE[fault.kind](fault, answer, Line(connection, armed.over))
        return None
    if fault.kind == "latency":
        armed.over.wait(fault.seconds)
        return answer.with_headers(fault.all_headers)
    return _ANSWERS_OTHERWISE[fault.kind](fault, answer).with_headers(fault.all_headers)


@dataclass(frozen=True)
class Line:
    """The connection to the client, and the end of the fault that acts on it."""

    connection: socket.socket
    over: threading.Event

    def send(self, content: bytes) -> None:
        """Send all of it at once."""
        self.connection.sendall(content)

    def drip(self, content: bytes, seconds: float) -> None:
        """Send byte by byte with a pause after each, until the fault is over."""
        for byte in content:
            self.send(bytes([byte]))
            if self.over.wait(seconds):
                return

    def reset(self) -> None:
        """Make the close that follows an RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


def _hang(fault: Fault, answer: Answer, line: Line) -> None:
    line.over.wait()


def _drip_headers(fault: Fault, answer: Answer, line: Line) -> None:
    line.drip(answer.head + answer.body, fault.seconds)


def _drip(fault: Fault, answer: Answer, line: Line) -> None:
    line.send(answer.head)
    line.drip(answer.body, fault.seconds)


def _endless(fault: Fault, answer: Answer, line: Line) -> None:
    line.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    line.send(b"Transfer-Encoding: chunked\r\n\r\n")
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    while not line.over.is_set():
        line.send(chunk)


def _truncate(fault: Fault, answer: Answer, line: Line) -> None:
    line.send(answer.head + _first_half(answer))


def _reset(fault: Fault, answer: Answer, line: Line) -> None:
    line.reset()


def _reset_mid(fault: Fault, answer: Answer, line: Line) -> None:
    line.send(answer.head + _first_half(answer))
    line.reset()


def _first_half(answer: Answer) -> bytes:
    return answer.body[: len(answer.body) // 2]


def _big(fault: Fault, answer: Answer) -> Answer:
    """The normal JSON with blanks after it; not gzipped, for that would make it small."""
    padded = replace(answer, body=answer.body.ljust(BIG))
    return padded.with_headers({"Content-Encoding": "identity"})


def _bomb(fault: Fault, answer: Answer) -> Answer:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Answer(200, _gzip_bomb(), headers)


@cache
def _gzip_bomb() -> bytes:
    """An empty object after 100 MB of blanks, in about 100 kB."""
    packed = io.BytesIO()
    blanks = b" " * 1_000_000
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as bomb:
        for _ in range(BOMB // len(blanks)):
            bomb.write(blanks)
        bomb.write(b"{}")
    return packed.getvalue()


def _status(fault: Fault, answer: Answer) -> Answer:
    status = fault.status or 500
    if fault.content is not None:
        return Answer(status, fault.content, {"Content-Type": "application/json"})
    code = _CODES.get(status, "internal_server_error")
    return Refusal(status, code, "Something went wrong.").answer


_CODES = {
    400: "validation_error",
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_supported",
    410: "gone",
    429: "too_many_requests",
}


def _garbage(fault: Fault, answer: Answer) -> Answer:
    body = b'{"shipment_reference": \xff\xfe' if fault.content is None else fault.content
    return Answer(fault.status or 200, body, {"Content-Type": "application/json"})


def _html(fault: Fault, answer: Answer) -> Answer:
    body = _LOGIN_PAGE if fault.content is None else fault.content
    return Answer(fault.status or 200, body, {"Content-Type": "text/html; charset=utf-8"})


def _redirect(fault: Fault, answer: Answer) -> Answer:
    body = b"<h1>Moved</h1>" if fault.content is None else fault.content
    return Answer(fault.status or 302, body, {"Content-Type": "text/html", "Location": "/"})


def _wrong_shipment(fault: Fault, answer: Answer) -> Answer:
    """The same answer about another shipment; a list is about others altogether."""
    value = json.loads(answer.body)
    listed = value.get("tracking_responses") or value.get("tracking_contents_responses") or []
    for shipment in [value, *listed]:
        if "shipment_reference" in shipment:
            shipment["shipment_reference"] = ANOTHER_REFERENCE
    return Answer.json(answer.status, value)


_SPOILS_THE_LINE: dict[Kind, Callable[[Fault, Answer, Line], None]] = {
    "hang": _hang,
    "drip_headers": _drip_headers,
    "drip": _drip,
    "endless": _endless,
    "truncate": _truncate,
    "reset": _reset,
    "reset_mid": _reset_mid,
}
_ANSWERS_OTHERWISE: dict[Kind, Callable[[Fault, Answer], Answer]] = {
    "big": _big,
    "bomb": _bomb,
    "status": _status,
    "garbage": _garbage,
    "html": _html,
    "redirect": _redirect,
    "wrong_shipment": _wrong_shipment,
}
