"""Which error an answer of PRO is, by the table in pro-tracking-api.md, Errors. No I/O."""

import json
import re
from typing import Any

from tracking.pro.client import Answer
from tracking.pro.errors import (
    BadRequest,
    Forbidden,
    MethodNotSupported,
    ProBroken,
    ProError,
    ProUnavailable,
    ReferenceRejected,
    ShipmentGone,
    ShipmentNotFound,
    ShipmentProcessing,
    TooManyRequests,
    Unauthorised,
)
from tracking.pro.fields import objects, text

_ERRORS: dict[int, type[ProError]] = {
    400: BadRequest,
    401: Unauthorised,
    403: Forbidden,
    404: ShipmentNotFound,
    405: MethodNotSupported,
    410: ShipmentGone,
    429: TooManyRequests,
}
_LONGEST_WAIT = 300  # seconds; what Retry-After may make us promise


def error_of(answer: Answer) -> ProError:
    """What the contract's table of errors calls an answer that is not a 200."""
    body = _error_body(answer)
    details = objects(body.get("details"))
    error = _ERRORS.get(answer.status, ProBroken)
    if error is ShipmentNotFound and _mentions(body, details, "processing"):
        error = ShipmentProcessing
    if error is BadRequest and any(map(_is_about_reference, [body, *details])):
        error = ReferenceRejected
    failure = error(f"HTTP {answer.status}", text(body.get("correlation_id")))
    if isinstance(failure, ProUnavailable):
        failure.retry_after = _seconds(answer.headers.get("Retry-After"))
    return failure


def _error_body(answer: Answer) -> dict[str, Any]:
    """The body of an error; gateways in front of PRO send what they like."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _mentions(body: dict[str, Any], details: list[dict[str, Any]], code: str) -> bool:
    return any(one.get("code") == code for one in [body, *details])


def _is_about_reference(detail: dict[str, Any]) -> bool:
    asked = str(detail.get("property") or "").casefold().endswith("reference")
    return asked or detail.get("code") == "invalid_reference_format"


def _seconds(retry_after: str | None) -> int | None:
    if retry_after is None or not re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return None
    return min(max(int(retry_after), 1), _LONGEST_WAIT)
