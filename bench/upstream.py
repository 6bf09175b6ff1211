"""Plays PRO for the bench: `PORT=9000 python -m bench.upstream`.

What it says is the simulator's; it only says it faster, about any reference, and counts. How long
it takes is in the reference. `GET /counts` tells calls and units so far.
"""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime
from typing import cast

from bench.references import seconds_of, shipment_of
from tracking.pro.simulator import SAMPLES, api
from tracking.pro.simulator.account import Account
from tracking.pro.simulator.answers import Answer, Json, Request
from tracking.pro.simulator.stories.carriers import HARRIER
from tracking.pro.simulator.stories.telling import Diary, shipment

KEY = "bench-key"
EVENTS = 20

_END = b"\r\n\r\n"


class EveryShipment(Account):
    """Has every shipment and every order; all of them travelled alike, and are on their way."""

    def __init__(self) -> None:
        super().__init__((), lambda: datetime.now(UTC))
        now = datetime.now(UTC)
        self._alike = shipment(1, HARRIER, _scans(now), due=Diary(now).in_days(1))

    def shipment(self, reference: str) -> Json:
        return {**self._alike, "shipment_reference": reference, "custom_reference": None}

    def tagged(self, custom_reference: str) -> list[Json]:
        own = {
            "shipment_reference": shipment_of(custom_reference),
            "custom_reference": custom_reference,
        }
        return [{**self._alike, **own}]

    def with_items_tagged(self, custom_reference: str) -> list[Json]:
        return []


def _scans(now: datetime) -> list[Json]:
    """The newest of those that the samples tell of while all is well, oldest first."""
    told = [scan for story in SAMPLES for one in story.shipments(now) for scan in one["events"]]
    well = [scan for scan in told if scan["event_code"] in {"collected_by_carrier", "in_transit"}]
    well.sort(key=lambda scan: datetime.fromisoformat(scan["timestamp"]))
    return well[-EVENTS:]


class Till:
    """Counts what PRO would bill."""

    def __init__(self) -> None:
        self._counts = Counter(calls=0, units=0)

    def bill(self, route: api.Route) -> None:
        """Source: pro-tracking-api.md, "The four endpoints"."""
        self._counts["calls"] += 1
        self._counts["units"] += 3 if route.custom else 2

    def told(self) -> Answer:
        return Answer.json(200, self._counts)


class Line(asyncio.Protocol):
    """One connection: GET requests, one after the other."""

    def __init__(self, account: Account, till: Till) -> None:
        self._account = account
        self._till = till
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while _END in self._received:
            head, _, self._received = self._received.partition(_END)
            self._answer(_request(head.decode("latin-1")))

    def _answer(self, request: Request) -> None:
        if request.target == "/counts":
            self._send(self._till.told())
            return
        route = api.Route.of(request.target)
        seconds = seconds_of(route.reference) if route else 0.0
        if route:
            self._till.bill(route)
        answer = api.answer(request, self._account, KEY).for_client(request)
        asyncio.get_running_loop().call_later(seconds, self._send, answer)

    def _send(self, answer: Answer) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer.head + answer.body)


def _request(head: str) -> Request:
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    fields = (line.partition(":") for line in lines)
    return Request(method, target, {name.lower(): value.strip() for name, _, value in fields})


async def serve(port: int) -> None:
    """Listen until the process ends."""
    account, till = EveryShipment(), Till()
    server = await asyncio.get_running_loop().create_server(
        lambda: Line(account, till), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(os.environ["PORT"])))
