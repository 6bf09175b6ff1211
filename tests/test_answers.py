"""What PRO answers becomes values, or an error with a name; never anything else."""

import json
import time
import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tests.conftest import NOON
from tests.shipments import event, item, shipment
from tracking.pro.answers import (
    decipher_shipment,
    decipher_shipment_contents,
    decipher_shipments,
    decipher_shipments_contents,
)
from tracking.pro.client import Answer
from tracking.pro.errors import (
    AnswerOfAnother,
    AnswerTooLarge,
    AnswerUnreadable,
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
from tracking.pro.refusals import seconds_of
from tracking.shipments import Carrier, Event, Shipment

SP = "sp_" + "1" * 32
ANOTHER = "sp_" + "2" * 32
TAG = "ORDER-1"
JSON = "application/json; charset=utf-8"


def answer(
    body: object, status: int = 200, content_type: str | None = JSON, **headers: str
) -> Answer:
    """A body in bytes goes out as it is, any other value as JSON."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type is not None:
        named["Content-Type"] = content_type
    return Answer(status, CaseInsensitiveDict(named), sent)


def read(*events: object, **fields: Any) -> Shipment:
    """What becomes of a tracking_response with these events and fields."""
    body = shipment(**{"shipment_reference": SP, "events": list(events), **fields})
    return decipher_shipment(answer(body), SP)


def read_event(**fields: Any) -> Event:
    (deciphered,) = read(event(**fields)).events or ()
    return deciphered


def read_contents(**fields: Any) -> Shipment:
    body = {"shipment_reference": SP, "carrier": {"name": "C"}, **fields}
    return decipher_shipment_contents(answer(body), SP)


def listing(*shipments: object, **fields: Any) -> dict:
    return {"tracking_responses": list(shipments), "total_results": len(shipments), **fields}


def contents_listing(*shipments: object) -> dict:
    return {"tracking_contents_responses": list(shipments), "total_results": len(shipments)}


def error_body(code: str, *details: dict, **more: object) -> dict:
    return {"correlation_id": "c-1", "code": code, "message": "m", "details": list(details), **more}


# Statuses


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, error_body("version_header_missing"), BadRequest),
        (400, error_body("version_header_error"), BadRequest),
        (400, error_body("validation_error"), BadRequest),
        (400, error_body("validation_error", {"property": "take"}), BadRequest),
        (
            400,
            error_body("validation_error", {"property": "skip", "code": "invalid_value"}),
            BadRequest,
        ),
        (400, error_body("validation_error", {"property": None, "code": None}), BadRequest),
        (400, error_body("validation_error", {"property": "reference"}), ReferenceRejected),
        (400, error_body("validation_error", {"property": "Reference"}), ReferenceRejected),
        (400, error_body("validation_error", {"property": "custom_reference"}), ReferenceRejected),
        (400, error_body("validation_error", {"property": "CustomReference"}), ReferenceRejected),
        (400, error_body("x", {"code": "invalid_reference_format"}), ReferenceRejected),
        (
            400,
            error_body("validation_error", {"property": "take"}, {"property": "reference"}),
            ReferenceRejected,
        ),
        (401, error_body("unauthorised", {"code": "invalid_api_key"}), Unauthorised),
        (401, error_body("unauthorised", {"code": "missing_api_key_header"}), Unauthorised),
        (403, b"<h1>Request blocked</h1>", RefusedOnTheWay),
        (404, error_body("not_found", {"code": "shipment_not_found"}), ShipmentNotFound),
        (404, error_body("not_found"), ShipmentNotFound),
        (404, error_body("not_found", {"code": "processing"}), ShipmentProcessing),
        (404, error_body("processing"), ShipmentProcessing),
        (405, error_body("method_not_supported"), MethodNotSupported),
        (410, error_body("gone", {"code": "resource_removed"}), ShipmentGone),
        (410, error_body("gone", {"code": "resource_quarantined"}), ShipmentGone),
        (429, b"", TooManyRequests),
        (500, error_body("internal_server_error"), ProBroken),
        *[
            (status, b"<h1>Bad gateway</h1>", ProBroken)
            for status in (501, 502, 503, 504, 520, 599)
        ],
        *[
            (status, b"", ProBroken)
            for status in (201, 202, 204, 206, 300, 301, 302, 304, 307, 308)
        ],
        *[(status, b"{}", ProBroken) for status in (402, 406, 409, 415, 418, 422, 451, 999)],
    ],
)
def test_every_status_is_an_error_with_a_name(
    status: int, body: object, error: type[ProError]
) -> None:
    for decipher in (decipher_shipment, decipher_shipment_contents):
        with pytest.raises(ProError) as caught:
            decipher(answer(body, status), SP)

        assert type(caught.value) is error


@pytest.mark.parametrize("decipher", [decipher_shipments, decipher_shipments_contents])
@pytest.mark.parametrize(
    ("status", "error"), [(404, ShipmentNotFound), (410, ShipmentGone), (500, ProBroken)]
)
def test_lists_have_the_same_errors(decipher: Any, status: int, error: type[ProError]) -> None:
    with pytest.raises(ProError) as caught:
        decipher(answer(error_body("x"), status), TAG)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("decipher", "error"),
    [
        (decipher_shipment, Forbidden),
        (decipher_shipments, Forbidden),
        (decipher_shipment_contents, ContentsForbidden),
        (decipher_shipments_contents, ContentsForbidden),
    ],
)
@pytest.mark.parametrize("body", [b"", error_body("forbidden")])
def test_a_level_may_be_forbidden(decipher: Any, error: type[ProError], body: object) -> None:
    with pytest.raises(ProError) as caught:
        decipher(answer(body, 403), SP)

    assert type(caught.value) is error


@pytest.mark.parametrize("status", [400, 404, 503])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"[" * 100_000,
        b"9" * 5000,
        b'{"details": {"code": "processing"}}',
        b'{"details": [null, 1, "processing", [], {}]}',
        b'{"details": null, "code": null, "correlation_id": null}',
        b'{"code": {"a": 1}, "correlation_id": ["x"]}',
    ],
)
def test_the_body_of_an_error_may_be_anything(status: int, body: bytes) -> None:
    with pytest.raises(ProError) as caught:
        decipher_shipment(answer(body, status), SP)

    assert not isinstance(caught.value, ShipmentProcessing | ReferenceRejected | AnswerUnreadable)


@pytest.mark.parametrize("depth", [100, 300, 500, 700, 900, 1000])
def test_a_detail_may_be_nested_as_deeply_as_json_is_read(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    body = b'{"details": [{"property": ' + nested + b"}]}"

    with pytest.raises(BadRequest):
        decipher_shipment(answer(body, 400), SP)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("\u202e8fa1b2c3-77\x00", "8fa1b2c3-77"),
        ("0HMVB2:00000001", "0HMVB2:00000001"),
        (f"about {SP}", None),
        (SP, None),
        ("left with Anna Canary", None),
        ("8" * 65, None),
        (["8fa1"], None),
    ],
)
def test_the_correlation_id_is_kept_for_the_log_where_it_looks_like_one(
    said: object, kept: str | None
) -> None:
    with pytest.raises(ProBroken) as caught:
        decipher_shipment(answer(error_body("x", correlation_id=said), 500), SP)

    assert caught.value.correlation_id == kept


def test_the_message_of_pro_is_not_repeated() -> None:
    body = error_body("x", message="CANARY")

    with pytest.raises(ProBroken) as caught:
        decipher_shipment(answer(body, 500), SP)

    assert "CANARY" not in f"{caught.value!r} {caught.value.correlation_id}"


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        ("30", 30),
        (" 30 ", 30),
        ("1", 1),
        ("0", 1),
        ("300", 300),
        ("301", 300),
        ("999999999", 300),
        ("-1", None),
        ("1.5", None),
        ("abc", None),
        ("", None),
        ("٣", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        ("Wed, 21 Oct 2215 07:28:00 GMT", 300),
        ("Wed, 99 Oct 2215 07:28:00 GMT", None),
        ("9" * 15, 300),
        ("9" * 5000, None),
    ],
)
@pytest.mark.parametrize(
    ("status", "error", "usual"), [(429, TooManyRequests, 15), (503, ProBroken, None)]
)
def test_retry_after_is_kept_within_reason(
    status: int, error: type[ProUnavailable], usual: int | None, sent: str, seconds: int | None
) -> None:
    with pytest.raises(error) as caught:
        decipher_shipment(answer(b"", status, Retry_After=sent), SP)

    assert caught.value.retry_after == (usual if seconds is None else seconds)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Tue, 24 Nov 2026 14:00:42 GMT", 42),
        ("Tuesday, 24-Nov-26 14:00:42 GMT", 42),
        ("Tue Nov 24 14:00:42 2026", 42),
        (" Tue, 24 Nov 2026 14:00:42 GMT ", 42),
        ("Tue, 24 Nov 2026 16:00:42 +0200", 42),
        ("Tue, 24 Nov 2026 14:05:00 GMT", 300),
        ("Tue, 24 Nov 2026 14:05:01 GMT", 300),
        ("Tue, 24 Nov 2026 14:00:00 GMT", 1),
        ("Tue, 24 Nov 2026 13:59:59 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300),
        ("Mon, 01 Jan 0001 00:00:00 GMT", 1),
        ("Tue, 24 Nov 2026", None),
        ("2026-11-24T14:00:42Z", None),
        ("tomorrow", None),
        ("Tue, 24 Nov 99999 14:00:42 GMT", None),
        (None, None),
    ],
)
def test_retry_after_may_be_a_date(date: str | None, seconds: int | None) -> None:
    assert seconds_of(date, NOON.timestamp()) == seconds


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "date",
    [
        "Tue, 24 Nov 2026 14:00:42 GMT",
        "Tue Nov 24 14:00:42 2026",
        "Tue, 24 Nov 2026 14:00:42 -0000",
    ],
)
def test_a_date_of_retry_after_is_in_utc_wherever_the_server_stands(
    monkeypatch: pytest.MonkeyPatch, zone: str, date: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert seconds_of(date, NOON.timestamp()) == 42
    finally:
        monkeypatch.undo()
        time.tzset()


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"a": 1,}',
        b"{'a': 1}",
        b"{} {}",
        b"<html></html>",
        b"null",
        b"true",
        b"1",
        b'"x"',
        b"[]",
        b"[{}]",
        b"{}",
        b"\xff\xfe{\x00}\x00",
        "{}".encode("utf-16"),
        "{}".encode("utf-16-be"),
        "{}".encode("utf-32"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": 1\x00}',
        b'{"a": "line\nbreak"}',
    ],
)
@pytest.mark.parametrize("decipher", [decipher_shipment, decipher_shipment_contents])
def test_what_is_no_shipment_is_unreadable(decipher: Any, body: bytes) -> None:
    with pytest.raises(AnswerUnreadable):
        decipher(answer(body), SP)


@pytest.mark.parametrize(
    "value",
    [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"9" * 5000, b'"\xe9"', b"\x80"],
)
@pytest.mark.parametrize("field", [b"custom_reference", b"unknown"])
def test_a_body_with_what_is_no_json_is_unreadable_as_a_whole(field: bytes, value: bytes) -> None:
    body = b'{"shipment_reference": "%s", "%s": %s}' % (SP.encode(), field, value)

    with pytest.raises(AnswerUnreadable):
        decipher_shipment(answer(body), SP)


def test_a_byte_order_mark_is_accepted() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(shipment(shipment_reference=SP)).encode()

    assert decipher_shipment(answer(body), SP).shipment_reference == SP


def test_of_a_key_given_twice_the_last_counts() -> None:
    body = f'{{"shipment_reference": "{ANOTHER}", "shipment_reference": "{SP}"}}'.encode()

    assert decipher_shipment(answer(body), SP).shipment_reference == SP


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        "application/json ; charset=latin-1",
        "application/problem+json",
        "text/json",
    ],
)
def test_json_by_its_own_word_is_read(content_type: str) -> None:
    body = shipment(shipment_reference=SP)

    assert decipher_shipment(answer(body, content_type=content_type), SP).events == ()


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "text/html; charset=utf-8",
        "text/plain",
        "application/xml",
        "application/octet-stream",
        "application/jsonp",
        "application/x-json-stream",
        "json",
        "",
        ";application/json",
        "text/html; a=application/json",
    ],
)
def test_what_is_not_json_by_its_own_word_is_unreadable(content_type: str) -> None:
    with pytest.raises(AnswerUnreadable):
        decipher_shipment(answer(shipment(shipment_reference=SP), content_type=content_type), SP)


def test_unknown_fields_are_ignored() -> None:
    deciphered = read(event(__proto__={"a": 1}, weight=5), __proto__={}, parcels=[1, 2])

    assert len(deciphered.events or ()) == 1


# The shipment asked for


@pytest.mark.parametrize(
    "reference",
    [
        ANOTHER,
        None,
        "",
        1,
        [SP],
        {"reference": SP},
        SP.upper(),
        f" {SP}",
        f"{SP}\n",
        "sp_" + "1" * 31,
        "sp_" + "1" * 33,
        "sp_" + "١" * 32,
        "sc_" + "1" * 32,
        "\ud800",
    ],
)
@pytest.mark.parametrize("decipher", [decipher_shipment, decipher_shipment_contents])
def test_another_shipment_than_the_one_asked_for_is_unreadable(
    decipher: Any, reference: object
) -> None:
    body = shipment(event(), shipment_reference=reference, shipment_contents=[])

    with pytest.raises(AnswerUnreadable):
        decipher(answer(body), SP)


@pytest.mark.parametrize("decipher", [decipher_shipment, decipher_shipment_contents])
def test_an_answer_without_a_shipment_reference_is_unreadable(decipher: Any) -> None:
    body = shipment(event(), shipment_contents=[])
    del body["shipment_reference"]

    with pytest.raises(AnswerUnreadable):
        decipher(answer(body), SP)


@pytest.mark.parametrize("reference", [None, "", 1, "sp_1", "sc_" + "1" * 32, f"{SP}\n"])
def test_one_shipment_without_its_reference_makes_a_list_unreadable(reference: object) -> None:
    body = listing(shipment(), shipment(shipment_reference=reference))

    with pytest.raises(AnswerUnreadable):
        decipher_shipments(answer(body), TAG)


# Fields


def test_a_whole_shipment_is_read() -> None:
    deciphered = read(
        event(
            "delivered",
            "2026-11-24T14:02:33+01:00",
            reference="tr_7",
            received_timestamp="2026-11-24T13:03:00Z",
            description="Left in the porch",
            location="Leeds",
            lat_long={"latitude": 53.8, "longitude": -1.5},
            signee="Smith",
        ),
        custom_reference="HO-20",
        carrier_references=["T1", "T2"],
        expected_delivery_date="2026-11-25T00:00:00+00:00",
    )
    (scan,) = deciphered.events or ()

    assert deciphered.shipment_reference == SP
    assert deciphered.custom_reference == "HO-20"
    assert deciphered.carrier_references == ("T1", "T2")
    assert deciphered.carrier == Carrier("CAR", "Test Carrier", "NEXT", "Next Day")
    assert deciphered.expected_delivery_date == date(2026, 11, 25)
    assert deciphered.items is None
    assert (scan.reference, scan.event_code) == ("tr_7", "delivered")
    assert (scan.description, scan.location) == ("Left in the porch", "Leeds")
    assert (scan.signee, scan.signed, scan.lat_long) == ("Smith", True, (53.8, -1.5))
    assert scan.timestamp
    assert scan.timestamp.iso == "2026-11-24T14:02:33+01:00"
    assert scan.received_timestamp
    assert scan.received_timestamp.iso == "2026-11-24T13:03:00Z"


def test_whole_contents_are_read() -> None:
    deciphered = read_contents(
        custom_reference="HO-20",
        shipment_contents=[
            item(
                event("delivered"), reference="sc_1", custom_reference="A", carrier_references=["X"]
            ),
            item(reference="sc_2", carrier_references=["Y", "X"]),
        ],
    )
    first, second = deciphered.items or ()

    assert deciphered.events is None
    assert deciphered.custom_reference == "HO-20"
    assert deciphered.carrier_references == ("X", "Y")
    assert (first.reference, first.custom_reference, first.carrier_references) == (
        "sc_1",
        "A",
        ("X",),
    )
    assert [one.event_code for one in first.events] == ["delivered"]
    assert (second.reference, second.custom_reference, second.events) == ("sc_2", None, ())


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("custom_reference", None),
        ("carrier_references", ()),
        ("carrier", Carrier()),
        ("events", ()),
        ("expected_delivery_date", None),
    ],
)
@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_null_missing_and_empty_are_alike(name: str, unknown: object, nothing: object) -> None:
    body = shipment(event(), shipment_reference=SP)
    without = {key: value for key, value in body.items() if key != name}

    missing = decipher_shipment(answer(without), SP)
    empty = decipher_shipment(answer(body | {name: nothing}), SP)

    assert missing == empty
    assert getattr(missing, name) == unknown


EVENT_FIELDS = ["reference", "timestamp", "received_timestamp", "description", "signee", "location"]


@pytest.mark.parametrize("name", [*EVENT_FIELDS, "lat_long"])
@pytest.mark.parametrize("nothing", [None, "", " ", [], {}, True, "\x00", "\u202e"])
def test_nothing_in_a_field_of_an_event_is_none(name: str, nothing: object) -> None:
    scan = read_event(**{name: nothing})

    assert getattr(scan, name) is None
    assert scan.event_code == "in_transit"
    assert not scan.signed


@pytest.mark.parametrize("nothing", [None, "", [], {}, False])
def test_contents_without_items_are_empty(nothing: object) -> None:
    assert read_contents(shipment_contents=nothing).items == ()


def test_contents_that_are_missing_are_empty() -> None:
    assert read_contents().items == ()


@pytest.mark.parametrize("name", ["carrier", "carrier_details"])
def test_the_carrier_has_two_names(name: str) -> None:
    body = shipment(shipment_reference=SP)
    body[name] = body.pop("carrier")

    assert decipher_shipment(answer(body), SP).carrier.name == "Test Carrier"
    assert read_contents(**{"carrier": None, name: {"name": "B"}}).carrier.name == "B"


@pytest.mark.parametrize("nothing", [None, "", [], {}, "Test Carrier", 7])
def test_an_empty_carrier_does_not_hide_the_other(nothing: object) -> None:
    deciphered = read(carrier=nothing, carrier_details={"name": "B"})

    assert deciphered.carrier.name == "B"


def test_fields_of_a_carrier_may_be_odd() -> None:
    deciphered = read(carrier={"name": ["x"], "reference": 12, "service_name": None, "tags": 5})

    assert deciphered.carrier == Carrier(reference="12")


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        (["A", "B"], ("A", "B")),
        (["A", "A", " A "], ("A",)),
        ("A", ("A",)),
        (7, ("7",)),
        ([7, 8.5, None, True, [], {}, "", "B"], ("7", "8.5", "B")),
        ({"a": 1}, ()),
    ],
)
def test_carrier_references_are_texts_each_once(sent: object, read_as: tuple[str, ...]) -> None:
    assert read(carrier_references=sent).carrier_references == read_as


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        (" Left  in\tthe\r\nporch ", "Left in the porch"),
        ("a\x00b\x1bc\u2028d\ud800e", "a b c d e"),
        ("\u202eevil\u2069", "evil"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{{7*7}}", "{{7*7}}"),
        ("👩‍🚀 é שלום", "👩‍🚀 é שלום"),
        (12, "12"),
        (1.5, "1.5"),
        (10**400, "1" + "0" * 400),
        (True, None),
        (["x"], None),
        ({"x": 1}, None),
    ],
)
def test_the_carriers_words_are_plain_text_on_one_line(sent: object, read_as: str | None) -> None:
    assert read_event(description=sent).description == read_as


def test_endless_words_are_cut() -> None:
    assert len(read_event(description="x" * 100_000).description or "") == 2000


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ("teleported", "teleported"),
        ("In_Transit", "In_Transit"),
        (" in_transit", " in_transit"),
        ("in_transit\ud800", "in_transit\ufffd"),
        (7, "7"),
    ],
)
def test_codes_stay_as_they_are(sent: object, read_as: str) -> None:
    assert read_event(event_code=sent).event_code == read_as


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ({"latitude": 53.8, "longitude": -1.5}, (53.8, -1.5)),
        ({"latitude": 90, "longitude": -180}, (90.0, -180.0)),
        ({"latitude": 0, "longitude": 7}, (0.0, 7.0)),
        ({"latitude": 0, "longitude": 0}, None),
        ({"latitude": 0.0, "longitude": -0.0}, None),
        ({"latitude": 90.1, "longitude": 0}, None),
        ({"latitude": 0, "longitude": 180.1}, None),
        ({"latitude": 10**400, "longitude": 1}, None),
        ({"latitude": "53.8", "longitude": "-1.5"}, None),
        ({"latitude": True, "longitude": 1}, None),
        ({"latitude": 53.8}, None),
        ({"latitude": None, "longitude": None}, None),
        ([53.8, -1.5], None),
        ("53.8,-1.5", None),
    ],
)
def test_a_place_is_known_or_none(sent: object, read_as: tuple[float, float] | None) -> None:
    assert read_event(lat_long=sent).lat_long == read_as


# Events


@pytest.mark.parametrize(
    "poison",
    [
        None,
        1,
        "x",
        [],
        {},
        {"event_code": None},
        {"event_code": "", "description": "\x00", "timestamp": "soon"},
        {"event_code": ["in_transit"], "timestamp": {"a": 1}, "lat_long": "here"},
        {"reference": "tr_1", "signee": "Smith", "location": "Leeds"},
    ],
)
@pytest.mark.parametrize("place", [0, 10, 19])
def test_one_poisoned_event_of_twenty_costs_only_itself(poison: object, place: int) -> None:
    good = [event(description=str(number)) for number in range(19)]
    told: list[object] = [*good[:place], poison, *good[place:]]

    events = read(*told).events or ()

    assert [one.description for one in events] == [str(number) for number in range(19)]


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": "yesterday", "received_timestamp": None, "description": None},
        {"event_code": None, "timestamp": None, "received_timestamp": None, "description": "x"},
        {"event_code": 5, "description": {}, "timestamp": None, "received_timestamp": None},
        {"event_code": None, "description": None},
        {"event_code": None, "description": None, "timestamp": None},
    ],
)
def test_an_event_that_says_anything_is_kept(fields: dict) -> None:
    assert len(read(event(**fields)).events or ()) == 1


@pytest.mark.parametrize("events", [None, [], {}, {"0": {}}, "x", 5, True])
def test_a_shipment_without_events_is_a_shipment(events: object) -> None:
    assert read(events=events).events == ()


def test_one_poisoned_item_costs_only_itself() -> None:
    items = [item(reference="sc_1"), None, "x", 7, [], item(reference="sc_2", events={"a": 1})]

    deciphered = read_contents(shipment_contents=items).items or ()

    assert [one.reference for one in deciphered] == ["sc_1", "sc_2"]


def test_thousands_of_events_are_read() -> None:
    assert len(read(*[event()] * 5000).events or ()) == 5000


# Sorted's own irregularities


def test_the_dot_before_the_seconds_is_repaired() -> None:
    stamp = read_event(at="2026-11-24T14:02.33+00:00").timestamp

    assert stamp
    assert stamp.iso == "2026-11-24T14:02:33+00:00"


def test_an_event_whose_time_cannot_be_read_is_still_there() -> None:
    scan = read_event(at="24/11/2026 2pm")

    assert (scan.event_code, scan.timestamp) == ("in_transit", None)


@pytest.mark.parametrize(
    "sent", ["2026-11-25", "2026-11-25T00:00.00+00:00", "2026-11-25T23:59:59-05:00"]
)
def test_the_expected_date_never_shifts(sent: str) -> None:
    assert read(expected_delivery_date=sent).expected_delivery_date == date(2026, 11, 25)


def test_events_keep_the_order_they_came_in() -> None:
    stamps = [f"2026-11-{day}T09:00:00+00:00" for day in (22, 24, 23)]

    events = read(*[event(at=stamp) for stamp in stamps]).events or ()

    assert [one.timestamp.iso for one in events if one.timestamp] == stamps


def test_links_are_neither_needed_nor_followed() -> None:
    without = read(custom_reference="A", carrier_references=[])
    odd = read(custom_reference="A", carrier_references=[], _links=[{"href": "//evil"}, None, 5])

    assert odd == without


# Lists


@pytest.mark.parametrize(
    ("decipher", "name"),
    [
        (decipher_shipments, "tracking_responses"),
        (decipher_shipments_contents, "tracking_contents_responses"),
    ],
)
class TestLists:
    def test_a_list_is_read(self, decipher: Any, name: str) -> None:
        two = [
            shipment(shipment_reference=SP, custom_reference=TAG),
            shipment(custom_reference=TAG),
        ]
        body = {name: two, "total_results": 23}

        page = decipher(answer(body), TAG, 10)

        assert [page.shipments[0].shipment_reference, len(page.shipments)] == [SP, 2]
        assert (page.total, page.skip) == (23, 10)

    @pytest.mark.parametrize(
        "fields",
        [
            {"total_results": 0},
            {"total_results": None},
            {"total_results": 0, "take": 10, "skip": 0},
        ],
    )
    @pytest.mark.parametrize("listed", [[], None, "missing"])
    def test_an_empty_list_is_not_found(
        self, decipher: Any, name: str, listed: object, fields: dict
    ) -> None:
        body = fields if listed == "missing" else {name: listed, **fields}

        with pytest.raises(ShipmentNotFound):
            decipher(answer(body), TAG)

    def test_an_empty_list_without_a_total_is_not_found(self, decipher: Any, name: str) -> None:
        with pytest.raises(ShipmentNotFound):
            decipher(answer({name: []}), TAG)

    @pytest.mark.parametrize(
        "listed",
        [{"a": 1}, "x", 7, True, [None], ["x"], [[]], [shipment(), None]],
    )
    def test_what_is_no_list_of_shipments_is_unreadable(
        self, decipher: Any, name: str, listed: object
    ) -> None:
        with pytest.raises(AnswerUnreadable):
            decipher(answer({name: listed, "total_results": 1}), TAG)

    @pytest.mark.parametrize("listed", [{}, "", False])
    def test_an_empty_thing_of_another_kind_is_unreadable(
        self, decipher: Any, name: str, listed: object
    ) -> None:
        with pytest.raises(AnswerUnreadable):
            decipher(answer({name: listed, "total_results": 1}), TAG)

    @pytest.mark.parametrize("body", [{}, {"a": 1}, {"items": []}])
    def test_an_object_that_is_no_list_is_unreadable(
        self, decipher: Any, name: str, body: dict
    ) -> None:
        with pytest.raises(AnswerUnreadable):
            decipher(answer(body), TAG)

    def test_one_shipment_where_a_list_belongs_is_unreadable(
        self, decipher: Any, name: str
    ) -> None:
        with pytest.raises(AnswerUnreadable):
            decipher(answer(shipment(event())), TAG)

    @pytest.mark.parametrize(
        ("sent", "skip", "total"),
        [
            (23, 0, 23),
            (23, 20, 23),
            (1, 0, 2),
            (None, 0, 2),
            (None, 10, 12),
            ("23", 0, 2),
            (-5, 0, 2),
            (True, 0, 2),
            (2.0, 0, 2),
            ([], 10, 12),
        ],
    )
    def test_the_total_is_never_less_than_what_is_there(
        self, decipher: Any, name: str, sent: object, skip: int, total: int
    ) -> None:
        body = {
            name: [shipment(custom_reference=TAG), shipment(custom_reference=TAG)],
            "total_results": sent,
        }

        assert decipher(answer(body), TAG, skip).total == total

    def test_past_the_last_page_the_total_is_still_known(self, decipher: Any, name: str) -> None:
        page = decipher(answer({name: [], "total_results": 23}), TAG, 30)

        assert (page.shipments, page.total, page.skip) == ((), 23, 30)

    def test_past_the_last_page_of_nothing_it_is_not_found(self, decipher: Any, name: str) -> None:
        with pytest.raises(ShipmentNotFound):
            decipher(answer({name: [], "total_results": 0}), TAG, 30)


def test_the_list_of_the_other_level_is_unreadable() -> None:
    with pytest.raises(AnswerUnreadable):
        decipher_shipments_contents(answer({"tracking_responses": [shipment()]}), TAG)


@pytest.mark.parametrize("asked", ["ORDER-7", "order-7", "ORDER 7", " #Order_7", "ＯＲＤＥＲ－７"])
class TestWhoseListItIs:
    """PRO's answers may come late, and a gateway may mix them up."""

    @pytest.mark.parametrize("own", ["ORDER-7", None])
    def test_only_those_that_have_the_custom_reference_or_do_not_say(
        self, asked: str, own: str | None
    ) -> None:
        listed = [shipment(custom_reference=tag) for tag in ("ORDER-8", own)]
        body = listing(*listed, total_results=12)

        page = decipher_shipments(answer(body), asked)

        assert [one.shipment_reference for one in page.shipments] == [
            listed[1]["shipment_reference"]
        ]
        assert page.total == 12  # the next page is to be reached

    def test_where_that_is_all_the_others_are_not_counted(self, asked: str) -> None:
        listed = [shipment(custom_reference=tag) for tag in ("ORDER-8", "ORDER-7", "ORDER-8")]

        page = decipher_shipments(answer(listing(*listed)), asked)

        assert (len(page.shipments), page.total) == (1, 1)

    def test_at_contents_level_only_those_with_such_an_item(self, asked: str) -> None:
        listed = [
            shipment(shipment_contents=[item(custom_reference=tag)])
            for tag in ("ORDER-8", "ORDER-7")
        ]

        page = decipher_shipments_contents(answer(contents_listing(*listed)), asked)

        assert [one.shipment_reference for one in page.shipments] == [
            listed[1]["shipment_reference"]
        ]

    def test_where_all_have_another_it_is_nobodys(self, asked: str) -> None:
        body = listing(shipment(custom_reference="ORDER-8"), shipment(custom_reference="ORDER-77"))

        with pytest.raises(AnswerOfAnother):
            decipher_shipments(answer(body), asked)

    def test_at_contents_level_the_items_have_it(self, asked: str) -> None:
        """Not the shipment."""
        tagged = [item(custom_reference=tag) for tag in ("ORDER-8", "ORDER-7")]
        body = contents_listing(shipment(custom_reference="S-1", shipment_contents=tagged))

        assert decipher_shipments_contents(answer(body), asked).shipments

    def test_at_contents_level_the_shipment_may_have_it_too(self, asked: str) -> None:
        tagged = [item(custom_reference="ORDER-8")]
        body = contents_listing(shipment(custom_reference="ORDER-7", shipment_contents=tagged))

        assert decipher_shipments_contents(answer(body), asked).shipments

    def test_an_item_that_does_not_say_will_do(self, asked: str) -> None:
        tagged = [item(custom_reference="ORDER-8"), item(custom_reference=None)]
        body = contents_listing(shipment(custom_reference="S-1", shipment_contents=tagged))

        assert decipher_shipments_contents(answer(body), asked).shipments

    @pytest.mark.parametrize("own", ["ORDER-77", None])
    def test_at_contents_level_items_of_another_are_nobodys(
        self, asked: str, own: str | None
    ) -> None:
        tagged = [item(custom_reference="ORDER-8")]
        body = contents_listing(shipment(custom_reference=own, shipment_contents=tagged))

        with pytest.raises(AnswerOfAnother):
            decipher_shipments_contents(answer(body), asked)

    def test_without_contents_nobody_can_tell(self, asked: str) -> None:
        body = contents_listing(shipment(custom_reference="S-1", shipment_contents=[]))

        assert decipher_shipments_contents(answer(body), asked).shipments


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("ÉTÉ-1", "ETE-1"),
        ("ete 1", "É T É 1"),
        ("E\u0301te\u0301-1", "Été-1"),
        ("İZMİR-5", "izmir5"),
        ("Straße 7", "STRASSE-7"),
        ("00123", "123"),
        ("#123", "#00123"),
        ("０１２３", "123"),
        ("000", "0"),
        ("##", "1234"),
        ("😀", "1234"),
    ],
)
def test_how_a_tag_is_written_makes_it_no_other(asked: str, tag: str) -> None:
    body = listing(shipment(custom_reference=tag))

    assert decipher_shipments(answer(body), asked).shipments


@pytest.mark.parametrize(
    ("asked", "tag"),
    [
        ("100", "10"),
        ("1001", "101"),
        ("A-01", "A-1"),
        ("0", "1"),
        ("000", "1234"),
        ("1234", "##"),
        ("ÉTÉ-1", "OTO-1"),
        ("注文-1", "1"),
    ],
)
def test_another_tag_is_another(asked: str, tag: str) -> None:
    with pytest.raises(AnswerOfAnother):
        decipher_shipments(answer(listing(shipment(custom_reference=tag))), asked)


def test_the_items_of_a_list_are_read() -> None:
    body = {"tracking_contents_responses": [shipment(shipment_contents=[item(reference="sc_1")])]}

    (found,) = decipher_shipments_contents(answer(body), TAG).shipments

    assert [one.reference for one in found.items or ()] == ["sc_1"]


def test_an_item_of_which_nothing_is_told_is_none() -> None:
    body = shipment(shipment_reference=SP, shipment_contents=[{}, item(), {"events": []}, {"x": 1}])

    assert len(decipher_shipment_contents(answer(body), SP).items or ()) == 1


def test_an_answer_with_more_items_than_any_parcel_has_is_too_large() -> None:
    """Each of them is a part of the page."""
    few, many = ([item(custom_reference=TAG)] * number for number in (500, 1001))

    two = [shipment(shipment_contents=few) for _ in range(2)]
    assert decipher_shipments_contents(answer(contents_listing(*two)), TAG).shipments
    with pytest.raises(AnswerTooLarge):
        decipher_shipment_contents(
            answer(shipment(shipment_reference=SP, shipment_contents=many)), SP
        )
    listed = [shipment(shipment_contents=few) for _ in range(3)]
    with pytest.raises(AnswerTooLarge):
        decipher_shipments_contents(answer(contents_listing(*listed)), TAG)


# Whatever comes

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def objects_of(**likely: st.SearchStrategy) -> st.SearchStrategy:
    """Objects in which each known field is likely, odd or missing."""
    fields = {name: value | json_values for name, value in likely.items()}
    return st.fixed_dictionaries({}, optional=fields) | json_values


words = st.text(max_size=8)
events = objects_of(
    **dict.fromkeys(EVENT_FIELDS, words),
    event_code=st.sampled_from(["delivered", "in_transit", "new"]),
    lat_long=objects_of(latitude=st.floats(-90, 90), longitude=st.floats(-180, 180)),
)
items = objects_of(reference=words, carrier_references=st.lists(words), events=st.lists(events))
shipments = objects_of(
    shipment_reference=st.just(SP),
    custom_reference=words,
    carrier_references=st.lists(words),
    carrier=objects_of(name=words, service_name=words),
    carrier_details=objects_of(name=words),
    expected_delivery_date=words,
    events=st.lists(events),
    shipment_contents=st.lists(items),
    tracking_responses=st.lists(st.fixed_dictionaries({"shipment_reference": st.just(SP)})),
    tracking_contents_responses=st.lists(json_values),
    total_results=st.integers(),
)


@given(shipments, st.sampled_from([0, 10]))
@example({"total_results": 10**300}, 0)
def test_whatever_json_comes_nothing_but_a_pro_error_is_raised(body: object, skip: int) -> None:
    said = answer(body)

    for decipher in (
        lambda: decipher_shipment(said, SP),
        lambda: decipher_shipment_contents(said, SP),
        lambda: decipher_shipments(said, TAG, skip),
        lambda: decipher_shipments_contents(said, TAG, skip),
    ):
        try:
            found = decipher()
        except ProError:
            continue
        assert found


@given(st.lists(events, max_size=3), st.lists(items, max_size=2))
def test_no_event_and_no_item_costs_the_parcel(told: list, contents: list) -> None:
    body = shipment(*told, shipment_reference=SP, shipment_contents=contents)

    assert decipher_shipment(answer(body), SP).shipment_reference == SP
    assert decipher_shipment_contents(answer(body), SP).shipment_reference == SP


@given(st.lists(events, max_size=3))
def test_every_text_that_is_read_can_be_sent_and_shown(told: list) -> None:
    deciphered = read(*told).events or ()

    for one in deciphered:
        for text in (one.reference, one.event_code, one.description, one.location, one.signee):
            assert not {unicodedata.category(each) for each in text or ""} & {"Cc", "Cs", "Zl"}


@given(st.binary(max_size=64) | json_values, st.integers(100, 599))
def test_whatever_bytes_come_nothing_but_a_pro_error_is_raised(body: object, status: int) -> None:
    with pytest.raises(ProError):
        decipher_shipment(answer(body, status), SP)


def test_no_more_shipments_are_believed_than_were_asked_for() -> None:
    listed = [{"shipment_reference": f"sp_{number:032}"} for number in range(25)]
    page = decipher_shipments(_page_answer(listed, total=10**30), TAG)

    assert len(page.shipments) == 10
    assert page.total == 9990


def test_a_shipment_that_is_listed_twice_is_one() -> None:
    listed = [{"shipment_reference": f"sp_{1:032}"}] * 2
    page = decipher_shipments(_page_answer(listed, total=1), TAG)

    assert (len(page.shipments), page.total) == (1, 1)


def _page_answer(listed: list[dict], total: int) -> Answer:
    body = {"tracking_responses": listed, "total_results": total, "take": 10, "skip": 0}
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(body).encode())
