"""The simulator keeps the contract, its stories are true, and its faults do what they say."""

import gzip
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, get_args
from urllib.parse import quote, urlsplit

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tracking.pro import simulator
from tracking.pro.simulator import SAMPLES, STORIES, Fault, Simulator, Story
from tracking.pro.simulator.faults import ANOTHER_REFERENCE, Kind
from tracking.shipments import Event
from tracking.status import derive
from tracking.timestamps import Timestamp

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
REGULAR = [story for story in STORIES if not story.irregular]
ONE = "/pro/tracking/" + STORIES[0].shipments(NOW)[0]["shipment_reference"]
HEADERS = {"x-api-key": "demo-key", "x-api-version": "1.1"}
PATIENCE = 5.0  # seconds for what must come
INSTANT = 0.05  # seconds for what must not come

CODES = set(
    re.findall(
        r"\w+",
        """
    action_required at_customs awaiting_drop_off carrier_changed cleared_through_customs
    collected_by_carrier collection_failed damaged delayed delivered delivered_damaged
    delivery_failed delivery_failed_card_left destroyed dropped_off exchange_failed
    exchange_succeeded failed_to_collect for_information held_by_carrier in_transit
    in_transit_waiting lost missing out_for_delivery partially_delivered returned_to_sender
        """,
    )
)

CONTRACT = yaml.safe_load(
    (Path(simulator.__file__).parent / "pro-tracking-api.yaml").read_text("utf-8")
)
REGISTRY = Registry().with_resource("contract", DRAFT202012.create_resource(CONTRACT))
FORMATS = FormatChecker(formats=())
RFC_3339 = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[Tt](?P<time>\d\d:\d\d:\d\d)(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


@FORMATS.checks("date-time", raises=ValueError)
def is_date_time(value: object) -> bool:
    found = RFC_3339.fullmatch(value) if isinstance(value, str) else None
    return not isinstance(value, str) or bool(found and datetime.fromisoformat(value))


@cache
def validator(schema: str) -> Draft202012Validator:
    reference = {"$ref": f"contract#/components/schemas/{schema}"}
    return Draft202012Validator(reference, registry=REGISTRY, format_checker=FORMATS)


def breaches(schema: str, body: Any) -> list[str]:
    """What the contract says against a body: the keyword of each error."""
    return [str(error.validator) for error in validator(schema).iter_errors(body)]


@pytest.fixture(scope="module")
def playing() -> Iterator[Simulator]:
    with Simulator(clock=lambda: NOW) as running:
        yield running


@pytest.fixture
def pro(playing: Simulator) -> Iterator[Simulator]:
    playing.forget_calls()
    yield playing
    playing.heal()


@pytest.fixture
def faulty() -> Iterator[Simulator]:
    with Simulator(clock=lambda: NOW) as running:
        yield running


class Reply:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    pro: Simulator,
    target: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: str | None = None,
) -> Reply:
    address = urlsplit(pro.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
    with closing(connection):
        connection.request(method, target, body, HEADERS if headers is None else headers)
        return Reply(connection.getresponse())


def by_custom_reference(reference: str, contents: bool = False) -> str:
    end = "/shipment_contents" if contents else ""
    return f"/pro/tracking/custom_reference/{quote(reference, safe='')}{end}"


def dial(pro: Simulator, target: str = ONE) -> socket.socket:
    """Send a request on a bare socket, to see each byte of what comes back."""
    address = urlsplit(pro.url)
    connection = socket.create_connection((address.hostname, address.port), timeout=PATIENCE)
    lines = [f"GET {target} HTTP/1.1", "Host: pro", *(f"{n}: {v}" for n, v in HEADERS.items())]
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return connection


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(INSTANT)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    else:
        return False
    finally:
        connection.settimeout(PATIENCE)


def until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + PATIENCE
    while not condition():
        assert monotonic() < deadline
        threading.Event().wait(0.001)


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    return head


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


# The contract


def references_of(story: Story) -> set[tuple[str, bool]]:
    """Every reference of a story, and whether it is a custom one."""
    found = {(story.reference, not story.reference.startswith("sp_"))}
    for shipment in story.shipments(NOW):
        found.add((shipment["shipment_reference"], False))
        for tagged in [shipment, *(shipment.get("shipment_contents") or [])]:
            if tagged.get("custom_reference"):
                found.add((tagged["custom_reference"], True))
    return found


def answers_of(pro: Simulator, story: Story) -> Iterator[tuple[str, Any]]:
    """All that PRO says of a story, at both levels and both ways, with the schema of each."""
    for reference, custom in references_of(story):
        for contents in (False, True):
            end = "/shipment_contents" if contents else ""
            target = by_custom_reference(reference) if custom else f"/pro/tracking/{reference}"
            reply = ask(pro, target + end)
            schema = f"Tracking{'Contents' * contents}Response{'List' * custom}"
            yield schema if reply.status == 200 else "ApiError", reply.json


def shipments_in(answers: list[tuple[str, Any]]) -> Iterator[Any]:
    for schema, body in answers:
        if schema.endswith("List"):
            yield from body.get("tracking_responses") or body.get("tracking_contents_responses")
        elif schema != "ApiError":
            yield body


def histories_in(answers: list[tuple[str, Any]]) -> Iterator[list[Any]]:
    for shipment in shipments_in(answers):
        for told in [shipment, *(shipment.get("shipment_contents") or [])]:
            yield told.get("events") or []


def events_in(answers: list[tuple[str, Any]]) -> Iterator[Any]:
    for history in histories_in(answers):
        yield from history


def instants_of(history: list[Any]) -> list[datetime]:
    stamps = [event["timestamp"] for event in history]
    return [datetime.fromisoformat(stamp) for stamp in stamps if is_date_time(stamp)]


def has_unlisted_code(answers: list[tuple[str, Any]]) -> bool:
    return any(event["event_code"] not in CODES for event in events_in(answers))


def has_bad_date_time(answers: list[tuple[str, Any]]) -> bool:
    return any("format" in breaches(schema, body) for schema, body in answers)


def has_carrier_details(answers: list[tuple[str, Any]]) -> bool:
    return any("carrier_details" in one and "carrier" not in one for one in shipments_in(answers))


def has_future_event(answers: list[tuple[str, Any]]) -> bool:
    return any(instant > NOW for instant in instants_of(list(events_in(answers))))


def has_an_event_twice(answers: list[tuple[str, Any]]) -> bool:
    def is_twice(history: list[Any]) -> bool:
        seen = [(one["event_code"], one["timestamp"], one["description"]) for one in history]
        return len(seen) > len(set(seen))

    return any(is_twice(history) for history in histories_in(answers))


def has_events_in_no_order(answers: list[tuple[str, Any]]) -> bool:
    instants = [instants_of(history) for history in histories_in(answers)]
    return any(one != sorted(one, reverse=True) for one in instants)


IRREGULARITIES: dict[str, Callable[[list[tuple[str, Any]]], bool]] = {
    "an event code that is not in the list": has_unlisted_code,
    "a date-time that is none": has_bad_date_time,
    "carrier_details in the place of carrier": has_carrier_details,
    "an event in the future": has_future_event,
    "an event that is there twice": has_an_event_twice,
    "events that are not newest first": has_events_in_no_order,
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_each_story_is_irregular_in_just_the_way_it_says(playing: Simulator, story: Story) -> None:
    answers = list(answers_of(playing, story))

    found = {name for name, holds in IRREGULARITIES.items() if holds(answers)}

    assert found == ({story.irregular} if story.irregular else set())


@pytest.mark.parametrize("story", REGULAR, ids=lambda story: story.name)
def test_all_that_is_said_of_a_regular_story_keeps_the_contract(
    playing: Simulator, story: Story
) -> None:
    for schema, body in answers_of(playing, story):
        assert not breaches(schema, body)


@pytest.mark.parametrize(
    ("headers", "status", "code", "detail"),
    [
        ({"x-api-version": "1.1"}, 401, "unauthorised", "missing_api_key_header"),
        ({**HEADERS, "x-api-key": "no"}, 401, "unauthorised", "invalid_api_key"),
        ({"x-api-key": "demo-key"}, 400, "version_header_missing", None),
        ({**HEADERS, "x-api-version": "1.0"}, 400, "version_header_error", None),
    ],
)
def test_key_and_version_are_required(
    pro: Simulator, headers: dict[str, str], status: int, code: str, detail: str | None
) -> None:
    reply = ask(pro, ONE, headers=headers)

    assert (reply.status, reply.json["code"]) == (status, code)
    assert [one["code"] for one in reply.json["details"]] == ([detail] if detail else [])
    assert not breaches("ApiError", reply.json)


@pytest.mark.parametrize(
    ("target", "status", "code", "detail"),
    [
        ("/pro/tracking/1001", 400, "validation_error", "invalid_reference_format"),
        ("/pro/tracking/sp_1", 400, "validation_error", "invalid_reference_format"),
        (by_custom_reference("x" * 51), 400, "validation_error", "value_too_long"),
        (by_custom_reference("😀" * 26), 400, "validation_error", "value_too_long"),
        (by_custom_reference(""), 400, "validation_error", "invalid_value"),
        (by_custom_reference("x" * 50), 404, "not_found", "shipment_not_found"),
        (by_custom_reference("😀" * 25), 404, "not_found", "shipment_not_found"),
        ("/pro/tracking/sp_" + "0" * 32, 404, "not_found", "shipment_not_found"),
        (by_custom_reference("x", contents=True), 404, "not_found", "shipment_not_found"),
        (by_custom_reference("DEMO-1301"), 404, "not_found", "processing"),
        (f"/pro/tracking/sp_0069{1301:028}", 404, "not_found", "processing"),
        (f"/pro/tracking/sp_0069{1302:028}", 410, "gone", "resource_removed"),
        (f"/pro/tracking/sp_0069{1303:028}", 410, "gone", "resource_quarantined"),
        (by_custom_reference("DEMO-1302"), 404, "not_found", "shipment_not_found"),
        (by_custom_reference("HO-12") + "?take=0", 400, "validation_error", "invalid_value"),
        (by_custom_reference("HO-12") + "?take=11", 400, "validation_error", "invalid_value"),
        (by_custom_reference("HO-12") + "?take=ten", 400, "validation_error", "invalid_format"),
        (by_custom_reference("HO-12") + "?skip=-1", 400, "validation_error", "invalid_value"),
    ],
)
def test_errors_are_those_of_the_contract(
    pro: Simulator, target: str, status: int, code: str, detail: str
) -> None:
    reply = ask(pro, target)

    assert (reply.status, reply.json["code"]) == (status, code)
    assert [one["code"] for one in reply.json["details"]] == [detail]
    assert not breaches("ApiError", reply.json)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_other_methods_are_not_supported(pro: Simulator, method: str) -> None:
    reply = ask(pro, ONE, method=method, body="{}")

    assert (reply.status, reply.json["code"]) == (405, "method_not_supported")
    assert not breaches("ApiError", reply.json)


def test_an_answer_to_head_has_no_body(pro: Simulator) -> None:
    reply = ask(pro, ONE, method="HEAD")

    assert (reply.status, reply.body) == (405, b"")


def test_a_custom_reference_without_a_match_may_be_an_empty_list() -> None:
    with Simulator(empty_lists=True) as pro:
        reply = ask(pro, by_custom_reference("nobody's"))

    assert (reply.status, reply.json["tracking_responses"]) == (200, [])
    assert not breaches("TrackingResponseList", reply.json)


@pytest.mark.parametrize(
    ("query", "taken", "take", "skip"),
    [
        ("", 10, 10, 0),
        ("?skip=10", 2, 10, 10),
        ("?take=5&skip=5", 5, 5, 5),
        ("?take=10&skip=20", 0, 10, 20),
    ],
)
def test_lists_come_in_pages(pro: Simulator, query: str, taken: int, take: int, skip: int) -> None:
    body = ask(pro, by_custom_reference("HO-12") + query).json

    assert len(body["tracking_responses"]) == taken
    assert (body["total_results"], body["take"], body["skip"]) == (12, take, skip)


def test_pages_do_not_overlap(pro: Simulator) -> None:
    pages = [ask(pro, by_custom_reference("HO-12") + f"?skip={skip}").json for skip in (0, 10)]
    seen = [one["shipment_reference"] for page in pages for one in page["tracking_responses"]]

    assert len(set(seen)) == 12


@pytest.mark.parametrize("reference", ["a/b", "50%2F", "a+b", "a b", "ä?#&=", "shipment_contents"])
def test_a_path_reference_is_percent_decoded_just_once(pro: Simulator, reference: str) -> None:
    pro.put({**STORIES[0].shipments(NOW)[0], "custom_reference": reference})

    reply = ask(pro, by_custom_reference(reference))
    pro.put(STORIES[0].shipments(NOW)[0])

    assert [one["custom_reference"] for one in reply.json["tracking_responses"]] == [reference]


def test_contents_level_matches_the_items_and_shows_only_those(pro: Simulator) -> None:
    (shipment,) = ask(pro, by_custom_reference("KIT-7", contents=True)).json[
        "tracking_contents_responses"
    ]

    assert [one["custom_reference"] for one in shipment["shipment_contents"]] == ["KIT-7"] * 2
    assert shipment["custom_reference"] == "HO-31"
    assert not {"events", "carrier_references", "state"} & shipment.keys()


def test_each_level_matches_its_own_custom_references_only(pro: Simulator) -> None:
    assert ask(pro, by_custom_reference("KIT-7")).status == 404
    assert ask(pro, by_custom_reference("HO-31")).status == 200
    assert ask(pro, by_custom_reference("HO-31", contents=True)).status == 404


def test_a_carrier_without_contents_level_has_no_contents(pro: Simulator) -> None:
    assert ask(pro, ONE + "/shipment_contents").json["shipment_contents"] == []
    assert "shipment_contents" not in ask(pro, ONE).json


# The stories

MOMENTS = [
    datetime.fromisoformat(moment)
    for moment in [
        "2026-11-24T00:00:00+00:00",
        "2026-11-24T00:00:30+00:00",
        "2026-11-24T00:05:00+00:00",
        "2026-11-24T03:00:00+00:00",
        "2026-11-24T06:47:59.999999+00:00",
        "2026-11-24T12:00:00+00:00",
        "2026-11-24T23:59:59+00:00",
        "2026-07-01T00:01:00+01:00",  # still June in UTC
        "2026-07-01T12:00:00-11:00",
        "2026-07-02T08:00:00+14:00",
        "2026-01-01T00:00:00+00:00",
        "2028-02-29T23:30:00+00:00",
        "2026-03-29T00:59:00+00:00",  # the clocks go forward in Europe
        "2026-03-29T01:01:00+00:00",
        "2026-03-29T22:59:00+00:00",
        "2026-03-30T00:00:00+01:00",
        "2026-10-25T00:00:00+01:00",  # and back
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T01:01:00+00:00",
        "2026-10-25T23:59:00+00:00",
    ]
]


def told(now: datetime, stories: list[Story]) -> Iterator[tuple[Story, Any]]:
    """Every event of the stories at a moment, at either level."""
    for story in stories:
        for shipment in story.shipments(now):
            for holder in [shipment, *(shipment.get("shipment_contents") or [])]:
                for event in holder.get("events") or []:
                    yield story, event


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_no_regular_story_has_an_event_in_the_future(now: datetime) -> None:
    for story, event in told(now, REGULAR):
        for field in ("timestamp", "received_timestamp"):
            assert datetime.fromisoformat(event[field]) <= now, (story.name, event)


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_regular_stories_run_newest_first_at_any_hour(now: datetime) -> None:
    for story in REGULAR:
        for shipment in story.shipments(now):
            instants = instants_of(shipment.get("events") or [])
            assert instants == sorted(instants, reverse=True), story.name


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_out_for_delivery_is_today_and_so_is_its_expected_date(now: datetime) -> None:
    stories = [story for story in STORIES if story.status == "out_for_delivery"]
    assert stories

    for story in stories:
        (shipment,) = story.shipments(now)
        loaded = next(e for e in shipment["events"] if e["event_code"] == "out_for_delivery")
        moment = datetime.fromisoformat(loaded["timestamp"])
        today = now.astimezone(moment.tzinfo).date()
        assert moment.date() == today
        assert shipment["expected_delivery_date"].startswith(str(today))


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_scans_of_earlier_days_are_made_in_working_hours(now: datetime) -> None:
    for story, event in told(now, REGULAR):
        moment = datetime.fromisoformat(event["timestamp"])
        earlier = moment.date() < now.astimezone(moment.tzinfo).date()
        if earlier and not story.moves:
            assert time(6) <= moment.time() <= time(20), (story.name, event)


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_the_references_of_a_story_never_change(now: datetime) -> None:
    def references(story: Story, at: datetime) -> list[str]:
        return [shipment["shipment_reference"] for shipment in story.shipments(at)]

    assert all(references(story, now) == references(story, NOW) for story in STORIES)


def test_all_references_are_distinct() -> None:
    shipments = [shipment for story in STORIES for shipment in story.shipments(NOW)]
    references = [shipment["shipment_reference"] for shipment in shipments]
    events = [event["reference"] for one in shipments for event in one.get("events") or []]

    assert len(references) == len(set(references))
    assert len(events) == len(set(events))


def test_every_event_code_of_the_contract_is_told_of() -> None:
    lasting = [story for story in REGULAR if not story.moves]

    assert {event["event_code"] for _, event in told(NOW, lasting)} == CODES


def test_every_story_has_a_name_and_a_reference_of_its_own() -> None:
    assert len(STORIES) >= 24
    for field in ("name", "reference", "title"):
        assert len({getattr(story, field) for story in STORIES}) == len(STORIES), field


def test_the_samples_show_enough() -> None:
    assert len(SAMPLES) >= 14
    assert len({sample.status for sample in SAMPLES}) >= 12
    assert set(SAMPLES) <= set(REGULAR)


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_the_status_of_a_story_is_what_the_rules_derive(now: datetime) -> None:
    for story in STORIES:
        if not story.moves:
            assert story.status in {derive(events, now).code for events in histories(story, now)}


def histories(story: Story, now: datetime) -> Iterator[list[Event]]:
    """The events of what carries the story's reference: its shipments, or else their items."""
    shipments = [shipment for shipment in story.shipments(now) if "state" not in shipment]
    items = [item for one in shipments for item in one.get("shipment_contents") or []]
    named = [one for one in shipments if story.reference in one.values()]
    named = named or [item for item in items if item["custom_reference"] == story.reference]
    for holder in named or [{}]:
        yield [event_of(event) for event in holder.get("events") or []]


def event_of(event: Any) -> Event:
    return Event(
        event_code=event["event_code"],
        timestamp=Timestamp.parse(event["timestamp"]),
        received_timestamp=Timestamp.parse(event["received_timestamp"]),
    )


def test_the_moving_story_goes_one_step_every_ten_seconds_and_begins_anew() -> None:
    (story,) = (story for story in STORIES if story.moves)
    steps = [
        len(story.shipments(NOW + timedelta(seconds=seconds))[0]["events"])
        for seconds in (0, 9.9, 10, 115, 119.9, 120)
    ]

    assert steps == [1, 1, 2, 12, 12, 1]


def test_what_must_be_among_the_stories() -> None:
    shipments = {story.name: story.shipments(NOW) for story in STORIES}
    places = [e.get("lat_long") for e in shipments["across-europe"][0]["events"]]

    assert len(shipments["twelve-parcels"]) == 12
    assert len(shipments["sixty-scans"][0]["events"]) == 60
    assert sum(place is not None for place in places) >= 6
    assert {"latitude": 0, "longitude": 0} in places
    assert len({e["timestamp"][-6:] for e in shipments["tokyo-to-london"][0]["events"]}) == 2
    assert shipments["overdue"][0]["expected_delivery_date"] < str(NOW.date())


# The server


def test_a_call_is_recorded_as_it_came(pro: Simulator) -> None:
    target = "/pro/tracking/custom_reference/HO%2020%2f?take=10&skip=0"
    ask(pro, target, headers={**HEADERS, "X-Odd": "1"})
    ask(pro, "/pro//tracking")

    first, second = pro.calls
    assert (first.method, first.target, first.status) == ("GET", target, 404)
    assert first.headers["x-odd"] == "1"
    assert second.target == "/pro//tracking"
    pro.forget_calls()
    assert pro.calls == []


def test_a_call_is_recorded_before_its_answer(pro: Simulator) -> None:
    pro.fault(Fault("drip", seconds=60))

    with dial(pro) as connection:
        read_head(connection)
        (call,) = pro.calls

    assert (call.target, call.status) == (ONE, None)


def test_a_connection_is_kept_and_each_answer_comes_in_one_piece(pro: Simulator) -> None:
    with dial(pro) as connection:
        first = connection.recv(65536)
        head, _, body = first.partition(b"\r\n\r\n")
        connection.sendall(f"GET {ONE} HTTP/1.1\r\nHost: pro\r\n\r\n".encode())
        second = connection.recv(65536)

    assert f"Content-Length: {len(body)}\r\n".encode() in head + b"\r\n"
    assert second.startswith(b"HTTP/1.1 401 ")


def test_an_answer_is_gzipped_for_those_who_accept_it(pro: Simulator) -> None:
    zipped = ask(pro, ONE, headers={**HEADERS, "Accept-Encoding": "gzip"})
    plain = ask(pro, ONE)

    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert plain.headers["Content-Encoding"] is None


def test_a_shipment_put_in_is_sent_as_it_is(pro: Simulator) -> None:
    reference = f"sp_{7:032}"
    odd = {"shipment_reference": reference, "events": {"not": "a list"}, "extra": [None, "ä\ud800"]}
    pro.put({**odd, "custom_reference": 7})
    pro.put({**odd, "state": None})

    body = ask(pro, f"/pro/tracking/{reference}").json
    pro.remove(reference)

    assert {name: body.get(name) for name in odd} == odd
    assert body.keys() == odd.keys() | {"_links"}
    assert ask(pro, f"/pro/tracking/{reference}").status == 404


def test_a_shipment_put_in_takes_the_place_of_a_storys() -> None:
    with Simulator() as pro:
        (shipment,) = STORIES[0].shipments(NOW)
        pro.put({**shipment, "events": []})
        assert ask(pro, ONE).json["events"] == []
        assert ask(pro, by_custom_reference(STORIES[0].reference)).json["total_results"] == 1

        pro.remove(shipment["shipment_reference"])
        assert ask(pro, ONE).status == 404


def test_stop_ends_what_hangs_and_leaves_the_port_and_start_takes_it_again() -> None:
    pro = Simulator().start()
    url = pro.url
    pro.fault(Fault("hang"))
    with dial(pro) as hanging, dial(pro, "/pro") as also_hanging:
        until(lambda: pro.fired == ["hang", "hang"])
        pro.stop()
        assert (hanging.recv(1), also_hanging.recv(1)) == (b"", b"")
    with pytest.raises(ConnectionRefusedError):
        ask(pro, ONE)

    with pro:
        assert pro.url == url
        assert ask(pro, ONE).status == 200


def test_hanging_up_closes_an_idle_connection(pro: Simulator) -> None:
    with dial(pro) as connection:
        connection.recv(65536)
        pro.hang_up()
        assert connection.recv(1) == b""


# The faults


def test_latency_waits_and_then_answers_as_ever(faulty: Simulator) -> None:
    faulty.fault(Fault("latency", seconds=60, headers={"Set-Cookie": "a=b"}))
    with dial(faulty) as connection:
        until(lambda: faulty.fired == ["latency"])
        assert is_silent(connection)
        faulty.heal()
        head = read_head(connection)

    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nSet-Cookie: a=b\r\n" in head


def test_latency_lasts_as_long_as_it_says(faulty: Simulator) -> None:
    faulty.fault(Fault("latency", seconds=0.1))
    asked = monotonic()

    assert ask(faulty, ONE).status == 200
    assert monotonic() - asked >= 0.1


def test_hang_never_answers_and_ends_when_healed(faulty: Simulator) -> None:
    faulty.fault(Fault("hang"))
    with dial(faulty) as connection:
        until(lambda: faulty.fired == ["hang"])
        assert is_silent(connection)
        faulty.heal()
        assert connection.recv(1) == b""


def test_drip_headers_sends_the_head_byte_by_byte(faulty: Simulator) -> None:
    faulty.fault(Fault("drip_headers", seconds=60))
    with dial(faulty) as connection:
        assert connection.recv(65536) == b"H"
        assert is_silent(connection)


def test_drip_sends_the_head_at_once_and_the_body_byte_by_byte(faulty: Simulator) -> None:
    faulty.fault(Fault("drip", seconds=60))
    with dial(faulty) as connection:
        assert b"Content-Length" in read_head(connection)
        assert connection.recv(65536) == b"{"
        assert is_silent(connection)


def test_drips_come_to_an_end(faulty: Simulator) -> None:
    faulty.fault(Fault("drip_headers", seconds=0))
    with dial(faulty) as connection:
        body = read_all(connection).partition(b"\r\n\r\n")[2]

    assert json.loads(body)["events"]


def test_endless_goes_on(faulty: Simulator) -> None:
    faulty.fault(Fault("endless"))
    with dial(faulty) as connection:
        assert b"Transfer-Encoding: chunked" in read_head(connection)
        assert sum(len(connection.recv(65536)) for _ in range(200)) > 200_000


def test_big_is_valid_and_larger_than_a_megabyte(faulty: Simulator) -> None:
    normal = ask(faulty, ONE).json
    faulty.fault(Fault("big"))
    reply = ask(faulty, ONE, headers={**HEADERS, "Accept-Encoding": "gzip"})

    assert len(reply.body) > 1_000_000
    assert reply.json == normal


def test_bomb_is_small_until_it_is_decompressed(faulty: Simulator) -> None:
    faulty.fault(Fault("bomb"))
    reply = ask(faulty, ONE)

    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(reply.body) < 200_000
    inflate = zlib.decompressobj(wbits=31)
    size, packed = 0, reply.body
    while packed:
        size += len(inflate.decompress(packed, 10_000_000))
        packed = inflate.unconsumed_tail
    assert size + len(inflate.flush()) > 99_000_000


def test_truncate_promises_more_than_it_sends(faulty: Simulator) -> None:
    faulty.fault(Fault("truncate"))
    with dial(faulty) as connection:
        promised = re.search(rb"Content-Length: (\d+)", read_head(connection))
        body = read_all(connection)

    assert promised
    assert 0 < len(body) < int(promised[1])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 429, 500, 502, 503, 504])
def test_status_answers_with_an_error_of_the_contract(faulty: Simulator, status: int) -> None:
    faulty.fault(Fault("status", status=status, retry_after=30))
    reply = ask(faulty, ONE)

    assert (reply.status, reply.headers["Retry-After"]) == (status, "30")
    assert not breaches("ApiError", reply.json)


def test_status_takes_a_body_and_headers_of_ones_own(faulty: Simulator) -> None:
    headers = {"content-type": "text/plain", "Content-Length": "abc"}
    faulty.fault(Fault("status", status=502, body="Bad gateway", headers=headers))
    with dial(faulty) as connection:
        head = read_head(connection)

    assert head.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"Content-Type: text/plain\r\n" in head
    assert head.count(b"Content-Length") == head.count(b"Content-Length: abc\r\n") == 1


@pytest.mark.parametrize("body", [None, b"", b"\xef\xbb\xbf{}", "null", "{", b"\xff"])
def test_garbage_is_called_json_and_is_what_was_given(
    faulty: Simulator, body: bytes | str | None
) -> None:
    faulty.fault(Fault("garbage", body=body))
    reply = ask(faulty, ONE)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    if body is None:
        with pytest.raises(ValueError, match=r"."):
            json.loads(reply.body)
    else:
        assert reply.body == (body.encode() if isinstance(body, str) else body)


def test_html_is_a_login_page(faulty: Simulator) -> None:
    faulty.fault(Fault("html"))
    reply = ask(faulty, ONE)

    assert (reply.status, reply.headers.get_content_type()) == (200, "text/html")
    assert b"Sign in" in reply.body


def test_reset_cuts_the_connection_before_any_byte(faulty: Simulator) -> None:
    faulty.fault(Fault("reset"))
    with dial(faulty) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert faulty.fired == ["reset"]


def test_reset_mid_cuts_the_connection_in_the_body(faulty: Simulator) -> None:
    faulty.fault(Fault("reset_mid"))
    with dial(faulty) as connection:
        head = read_head(connection)
        with pytest.raises(ConnectionResetError):
            read_all(connection)

    assert head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("status", [None, 301, 303, 307, 308])
def test_redirect_points_elsewhere_and_has_a_body(faulty: Simulator, status: int | None) -> None:
    faulty.fault(Fault("redirect", status=status, location="http://127.0.0.1:1/pro"))
    reply = ask(faulty, ONE)

    assert reply.status == (status or 302)
    assert reply.headers.get_all("Location") == ["http://127.0.0.1:1/pro"]
    assert reply.body


@pytest.mark.parametrize("target", [ONE, ONE + "/shipment_contents"])
def test_wrong_shipment_is_the_same_answer_about_another(faulty: Simulator, target: str) -> None:
    normal = ask(faulty, target).json
    faulty.fault(Fault("wrong_shipment"))

    assert ask(faulty, target).json == {**normal, "shipment_reference": ANOTHER_REFERENCE}


def test_every_kind_of_fault_can_act_on_an_error_too(faulty: Simulator) -> None:
    lasting = {"hang", "endless"}
    for kind in [kind for kind in get_args(Kind) if kind not in lasting]:
        faulty.fault(Fault(kind, seconds=0))
        with dial(faulty, "/pro/nothing") as connection:
            try:
                connection.recv(65536)
            except ConnectionResetError:
                assert kind.startswith("reset")

    assert faulty.fired == [kind for kind in get_args(Kind) if kind not in lasting]


def test_a_fault_acts_on_as_many_calls_as_it_says(faulty: Simulator) -> None:
    faulty.fault(Fault("status", status=503, times=2))

    assert [ask(faulty, ONE).status for _ in range(3)] == [503, 503, 200]
    assert faulty.fired == ["status", "status"]


def test_a_fault_is_for_one_reference_or_for_all_and_the_nearer_one_wins(
    faulty: Simulator,
) -> None:
    odd = "HO 20/7 #1: 50% & Øl+?"
    faulty.fault(Fault("status", status=500))
    faulty.fault(Fault("status", status=502), reference=odd)
    faulty.fault(Fault("status", status=503), reference=ONE.rpartition("/")[2])
    targets = [ONE, ONE + "/shipment_contents", by_custom_reference(odd), "/pro/tracking/other"]
    assert [ask(faulty, target).status for target in targets] == [503, 503, 502, 500]

    faulty.heal("*")
    faulty.heal(odd)
    assert [ask(faulty, target).status for target in targets] == [503, 503, 200, 400]

    faulty.heal()
    assert ask(faulty, ONE).status == 200


def test_a_new_fault_ends_the_earlier_one_for_the_same_reference(faulty: Simulator) -> None:
    faulty.fault(Fault("hang"))
    with dial(faulty) as hanging:
        until(lambda: faulty.fired)
        faulty.fault(Fault("html"))
        assert hanging.recv(1) == b""

    assert ask(faulty, ONE).headers.get_content_type() == "text/html"


def test_one_hanging_reference_does_not_hold_up_others(faulty: Simulator) -> None:
    faulty.fault(Fault("hang"), reference="DEMO-1003")
    with dial(faulty, by_custom_reference("DEMO-1003")) as hanging:
        assert ask(faulty, ONE).status == 200
        assert is_silent(hanging)


def test_an_unknown_kind_of_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="no such fault: sneeze"):
        Fault("sneeze")  # type: ignore[arg-type]


def test_many_callers_are_served_at_once(pro: Simulator) -> None:
    together = threading.Barrier(20, timeout=PATIENCE)
    statuses = []

    def call() -> None:
        together.wait()
        statuses.append(ask(pro, ONE).status)

    callers = [threading.Thread(target=call) for _ in range(20)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert statuses == [200] * 20
    assert len(pro.calls) == 20


# Alone


def test_faults_are_switched_over_http(faulty: Simulator) -> None:
    fault = json.dumps({"kind": "status", "status": 503})
    key = quote("HO-20", safe="")

    assert ask(faulty, f"/faults/{key}", method="PUT", body=fault).status == 200
    assert ask(faulty, by_custom_reference("HO-20")).status == 503
    assert ask(faulty, f"/faults/{key}", method="DELETE").status == 200
    assert ask(faulty, by_custom_reference("HO-20")).status == 200
    assert ask(faulty, "/faults/*", method="PUT", body=fault).status == 200
    assert ask(faulty, ONE).status == 503
    assert ask(faulty, "/faults", method="DELETE").status == 200
    assert ask(faulty, ONE).status == 200


def test_calls_are_told_over_http_and_are_those_to_pro_only(faulty: Simulator) -> None:
    ask(faulty, ONE)
    ask(faulty, "/calls")
    told_calls = ask(faulty, "/calls").json

    assert [call["target"] for call in told_calls["calls"]] == [ONE]
    assert told_calls["fired"] == []


@pytest.mark.parametrize("body", ["", "[]", '{"kind": "sneeze"}', '{"sort": "hang"}'])
def test_what_is_no_fault_is_refused_over_http(faulty: Simulator, body: str) -> None:
    assert ask(faulty, "/faults/*", method="PUT", body=body).status == 400
    assert ask(faulty, ONE).status == 200


def test_it_runs_alone_and_says_where_and_what_to_ask_for() -> None:
    command = [sys.executable, "-m", "tracking.pro.simulator", "--port", "0", "--key", "mine"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as alone:
        assert alone.stdout
        lines = [alone.stdout.readline() for _ in range(1 + len(SAMPLES))]
        alone.send_signal(signal.SIGINT)

    assert re.search(r"http://127\.0\.0\.1:[0-9]+/pro for the key mine", lines[0])
    assert all(sample.reference in line for sample, line in zip(SAMPLES, lines[1:], strict=True))
    assert alone.returncode == 0
