"""Switches the faults over HTTP, beside PRO's own paths, where the simulator runs alone.

`PUT /faults/{reference or *}` with the fields of a Fault as JSON, `DELETE /faults/{…}`,
`DELETE /faults`, `GET /calls`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol
from urllib.parse import unquote

from tracking.pro.simulator.answers import Answer, Refusal, Request
from tracking.pro.simulator.faults import Fault


class Switchable(Protocol):
    """The part of a simulator that can be switched and read."""

    @property
    def calls(self) -> Sequence[Any]: ...
    @property
    def fired(self) -> Sequence[str]: ...
    def fault(self, fault: Fault, reference: str) -> None: ...
    def heal(self, reference: str | None) -> None: ...


def answer(request: Request, simulator: Switchable) -> Answer:
    """Do what the request asks for: 400 for what is no fault, 404 for what is none of these."""
    try:
        return Answer.json(200, _do(request, simulator))
    except Refusal as refusal:
        return refusal.answer


def _do(request: Request, simulator: Switchable) -> object:
    place, _, key = request.target.removeprefix("/").partition("/")
    reference = unquote(key) or None
    match request.method, place:
        case "PUT", "faults" if reference:
            simulator.fault(_fault(request.body), reference)
        case "DELETE", "faults":
            simulator.heal(reference)
        case "GET", "calls":
            calls = [asdict(call) for call in simulator.calls]
            return {"calls": calls, "fired": simulator.fired}
        case _:
            raise Refusal(404, "not_found", "There are PUT and DELETE /faults/…, and GET /calls.")
    return {}


def _fault(body: bytes) -> Fault:
    try:
        return Fault(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise Refusal(400, "validation_error", str(error)) from None
