"""PRO's four endpoints: a request in, an answer out. No I/O.

Source: pro-tracking-api.md, "The four endpoints" and "Errors".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, quote, unquote

from tracking.pro.simulator.account import Account
from tracking.pro.simulator.answers import Answer, Json, Refusal, Request

BASE = "/pro"
API_VERSION = "1.1"
MOST_TAKEN = 10
LONGEST_CUSTOM_REFERENCE = 50  # UTF-16 units, as .NET counts

_ROUTE = re.compile(
    BASE + r"/tracking/(?P<custom>custom_reference/)?(?P<reference>[^/]*)"
    r"(?P<contents>/shipment_contents)?"
)
_REFERENCE = re.compile(r"sp_[0-9]{32}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_SHIPMENT_LEVEL_LACKS = frozenset({"state", "shipment_contents"})
_CONTENTS_LEVEL_LACKS = frozenset({"state", "events", "carrier_references"})


@dataclass(frozen=True)
class Route:
    """What a request target asks for; `reference` is percent-decoded, once."""

    reference: str
    custom: bool
    contents: bool
    query: str

    @classmethod
    def of(cls, target: str) -> Self | None:
        """Read a raw request target; None where it is none of the four endpoints."""
        path, _, query = target.partition("?")
        found = _ROUTE.fullmatch(path)
        if not found:
            return None
        custom, contents = bool(found["custom"]), bool(found["contents"])
        return cls(unquote(found["reference"]), custom, contents, query)


def answer(request: Request, account: Account, key: str, empty_lists: bool = False) -> Answer:
    """What PRO answers. With `empty_lists` a custom reference without a match is a 200."""
    try:
        _check_headers(request.headers, key)
        return Answer.json(200, _find(_route(request), account, empty_lists))
    except Refusal as refusal:
        return refusal.answer


def _check_headers(headers: Mapping[str, str], key: str) -> None:
    if "x-api-key" not in headers:
        raise Refusal(
            401, "unauthorised", "The x-api-key header is missing.", detail="missing_api_key_header"
        )
    if headers["x-api-key"] != key:
        raise Refusal(401, "unauthorised", "The API key is not valid.", detail="invalid_api_key")
    if "x-api-version" not in headers:
        raise Refusal(400, "version_header_missing", "The x-api-version header is missing.")
    if headers["x-api-version"] != API_VERSION:
        raise Refusal(400, "version_header_error", "The x-api-version header is not supported.")


def _route(request: Request) -> Route:
    route = Route.of(request.target)
    if route is None:
        raise Refusal(404, "not_found", "There is no such resource.")
    if request.method != "GET":
        raise Refusal(405, "method_not_supported", "This resource supports GET only.")
    return route


def _find(route: Route, account: Account, empty_lists: bool) -> Json:
    if route.custom:
        return _find_list(route, account, empty_lists)
    return _find_one(route, account)


def _find_one(route: Route, account: Account) -> Json:
    if not _REFERENCE.fullmatch(route.reference):
        raise _invalid("reference", "invalid_reference_format", "A reference is sp_ and 32 digits.")
    shipment = account.shipment(route.reference)
    if shipment is None:
        raise _not_found("shipment_not_found")
    state = shipment.get("state")
    if state == "processing":
        raise _not_found("processing")
    if state is not None:
        raise Refusal(410, "gone", f"The shipment has been {state}.", detail=f"resource_{state}")
    return _shown(shipment, route.contents)


def _find_list(route: Route, account: Account, empty_lists: bool) -> Json:
    _check_custom_reference(route.reference)
    query = parse_qs(route.query, keep_blank_values=True)
    take = _whole_number(query, "take", default=MOST_TAKEN, least=1, most=MOST_TAKEN)
    skip = _whole_number(query, "skip", default=0, least=0)
    matches = account.with_items_tagged if route.contents else account.tagged
    held = matches(route.reference)
    ready = [shipment for shipment in held if shipment.get("state") is None]
    if not ready and any(shipment.get("state") == "processing" for shipment in held):
        raise _not_found("processing")
    if not ready and not empty_lists:
        raise _not_found("shipment_not_found")
    name = "tracking_contents_responses" if route.contents else "tracking_responses"
    return {
        name: [_shown(shipment, route.contents) for shipment in ready[skip : skip + take]],
        "total_results": len(ready),
        "take": take,
        "skip": skip,
        "_links": [_link(f"/pro/tracking/custom_reference/{quote(route.reference, safe='')}")],
    }


def _check_custom_reference(reference: str) -> None:
    if not reference:
        raise _invalid("custom_reference", "invalid_value", "A custom reference is not empty.")
    if len(reference.encode("utf-16-le", "surrogatepass")) // 2 > LONGEST_CUSTOM_REFERENCE:
        raise _invalid("custom_reference", "value_too_long", "At most 50 characters.")


def _whole_number(
    query: Mapping[str, list[str]], name: str, *, default: int, least: int, most: int | None = None
) -> int:
    given = query.get(name, [str(default)])[-1]
    if not _NUMBER.fullmatch(given):
        raise _invalid(name, "invalid_format", f"{name} is a whole number.")
    if int(given) < least or (most is not None and int(given) > most):
        raise _invalid(name, "invalid_value", f"{name} is out of range.")
    return int(given)


def _shown(shipment: Json, contents: bool) -> Json:
    """A shipment as one of the two levels shows it; what a test put in goes out as it is."""
    if contents:
        shipment = {"shipment_contents": [], **shipment}
    lacks = _CONTENTS_LEVEL_LACKS if contents else _SHIPMENT_LEVEL_LACKS
    fields = {name: value for name, value in shipment.items() if name not in lacks}
    reference = shipment.get("shipment_reference")
    # Some of PRO's own links lack the /pro prefix.
    return {"_links": [_link(f"/tracking/{reference}")], **fields}


def _link(href: str) -> Json:
    return {"rel": "self", "href": href, "type": "tracking", "reference": None}


def _invalid(about: str, detail: str, message: str) -> Refusal:
    return Refusal(400, "validation_error", message, detail=detail, about=about)


def _not_found(detail: str) -> Refusal:
    return Refusal(404, "not_found", "The shipment cannot be shown.", detail=detail)
