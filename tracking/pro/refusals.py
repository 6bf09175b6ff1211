"""Which error an answer of PRO is, by the table in pro-tracking-api.md, Errors. No I/O."""

import json
import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from tracking.pro.client import Answer
from tracking.pro.errors import (
    BadRequest,
    ContentsForbidden,
    Forbidden,
    MethodNotSupported,
    ProBroken,
    ProError,
    ProUnavailable,
    ReferenceRejected,
    RefusedOnTheWay,
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
_CORRELATION_ID = re.compile(r"[0-9A-Za-z.:-]{1,64}", re.ASCII)  # no sentence and no sp_ reference
_USUAL_WAIT = 15  # seconds; where PRO says "too many" and not until when
_LONGEST_WAIT = 300  # seconds; what Retry-After may make us promise


def error_of(answer: Answer, now: float | None = None, *, contents: bool = False) -> ProError:
    """What the contract's table of errors calls an answer that is not a 200.

    `contents` tells that it is about the contents level. `now` is in seconds since the epoch:
    Retry-After may be a date.
    """
    body = _error_body(answer)
    details = objects(body.get("details"))
    error = _ERRORS.get(answer.status, ProBroken)
    if error is Forbidden and answer.body and not body:
        error = RefusedOnTheWay
    if error is Forbidden and contents:
        error = ContentsForbidden
    if error is ShipmentNotFound and _mentions(body, details, "processing"):
        error = ShipmentProcessing
    if error is BadRequest and any(map(_is_about_reference, [body, *details])):
        error = ReferenceRejected
    detail, correlation_id = f"HTTP {answer.status}", _correlation_id(body)
    if not issubclass(error, ProUnavailable):
        return error(detail, correlation_id)
    usual = _USUAL_WAIT if error is TooManyRequests else None
    retry_after = seconds_of(answer.headers.get("Retry-After"), now) or usual
    return error(detail, correlation_id, retry_after)


def _correlation_id(body: dict[str, Any]) -> str | None:
    """What goes into the log, where it looks like an identifier of PRO's."""
    said = text(body.get("correlation_id")) or ""
    return said if _CORRELATION_ID.fullmatch(said) else None


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


def seconds_of(retry_after: str | None, now: float | None = None) -> int | None:
    """The seconds that a Retry-After header asks for, from 1 to 300; None where it says nothing."""
    said = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,15}", said):
        return min(max(int(said), 1), _LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(said)
        until = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    left = until - (time.time() if now is None else now)
    return int(min(max(left, 1), _LONGEST_WAIT))
