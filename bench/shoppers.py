"""Views of many pages: shoppers with a connection each, who ask again once they are answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import cast

from bench.processes import Failed

Figures = dict[str, float]

_HEAD = "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n"
_PATIENCE = 10.0  # seconds
_PAUSE = 0.3  # seconds after which all who wait have asked


@dataclass
class Tally:
    """What the shoppers got: `latencies` of whole answers in seconds, and their statuses."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    seconds: float = 0.0

    def check(self) -> None:
        """Raises Failed where anybody got anything but a page."""
        wrong = {status: times for status, times in self.statuses.items() if status != 200}
        if wrong or self.lost or not self.latencies:
            told = [f"{times} times {status}" for status, times in wrong.items()]
            told += [f"{self.lost} times nothing"] * bool(self.lost)
            raise Failed("answered " + (", ".join(told) or "nobody"))

    def rate(self) -> float:
        """Pages a second."""
        return len(self.latencies) / self.seconds

    def mean(self) -> float:
        """The mean of the latencies, in seconds."""
        return sum(self.latencies) / len(self.latencies)

    def milliseconds(self, percent: int) -> float:
        """A percentile of the latencies."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)] * 1000


class _Shopper(asyncio.Protocol):
    """Asks for path after path until there are no more."""

    def __init__(self, paths: Iterator[str], tally: Tally, later: float = 0.0) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._paths = paths
        self._tally = tally
        self._later = later
        self._received = bytearray()
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        asyncio.get_running_loop().call_later(self._later, self._ask)

    def data_received(self, data: bytes) -> None:
        self._received += data
        status = _status_of_whole(self._received)
        if status:
            self._tally.latencies.append(time.perf_counter() - self._asked_at)
            self._tally.statuses[status] += 1
            self._received.clear()
            self._ask()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self._tally.lost += 1
            self.done.set_result(None)

    def leave(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def _ask(self) -> None:
        path = None if self._transport.is_closing() else next(self._paths, None)
        if path is None:
            self.leave()
            return
        self._asked_at = time.perf_counter()
        self._transport.write(_HEAD.format(path).encode())


def _status_of_whole(received: bytearray) -> int | None:
    """The status of an answer that is there to its end."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return None
    lower = head.lower()
    if b"transfer-encoding: chunked" in lower:
        whole = body.endswith(b"0\r\n\r\n")
    else:
        _, _, length = lower.partition(b"content-length:")
        whole = len(body) >= int(length.split(b"\r\n", 1)[0])
    return int(head[9:12]) if whole else None


async def _shop(
    port: int, paths: Iterator[str], shoppers: int, tally: Tally, within: float = 0.0
) -> list[_Shopper]:
    loop = asyncio.get_running_loop()
    made = [
        loop.create_connection(
            partial(_Shopper, paths, tally, within * number / shoppers), "127.0.0.1", port
        )
        for number in range(shoppers)
    ]
    return [shopper for _, shopper in await asyncio.gather(*made)]


def shop(
    port: int, paths: Iterator[str], shoppers: int, longest: float, within: float = 0.0
) -> Tally:
    """Views of all paths, or of as many as can be had in `longest` seconds.

    The shoppers begin one after the other `within` some seconds.
    """
    return asyncio.run(_until_done(port, paths, shoppers, longest, within))


def while_they_wait(
    port: int, paths: Iterator[str], shoppers: int, measure: Callable[[], Figures]
) -> tuple[Figures, Tally]:
    """What is measured while shoppers wait for answers, one after the other, to slow questions."""
    return asyncio.run(_meanwhile(port, paths, shoppers, measure))


async def _until_done(
    port: int, paths: Iterator[str], shoppers: int, longest: float, within: float
) -> Tally:
    tally = Tally()
    started = time.perf_counter()
    in_time = takewhile(lambda _: time.perf_counter() < started + longest, paths)
    those = await _shop(port, in_time, shoppers, tally, within)
    await asyncio.wait([shopper.done for shopper in those], timeout=longest + _PATIENCE)
    tally.seconds = time.perf_counter() - started
    tally.lost += sum(not shopper.done.done() for shopper in those)
    for shopper in those:
        shopper.leave()
    return tally


async def _meanwhile(
    port: int, paths: Iterator[str], shoppers: int, measure: Callable[[], Figures]
) -> tuple[Figures, Tally]:
    tally = Tally()
    those = await _shop(port, paths, shoppers, tally)
    await asyncio.sleep(_PAUSE)
    measured = await asyncio.to_thread(measure)
    for shopper in those:
        shopper.leave()
    return measured, tally
