"""Fault matrix, parts B and C: what PRO says is an error, or is not what it should be.

Each test is named by its row. What COLD and STALE are, and what follows a fault, is in matrix.py.
"""

import json
import random
import re
import socket
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.crowds import LONGEST, at_once, crowd, until
from tests.matrix import (
    AFTER_PAUSE,
    CANARIES,
    GONE,
    HOME,
    MORNING,
    NAME,
    OLD,
    SIGNEE,
    SLACK,
    Answer,
    Scene,
    being_renewed,
    cannot_answer,
    cannot_answer_json,
    delayed,
    heard,
    not_found,
    outage,
    recovers,
    running,
    unknown_to_pro,
    was_fresh,
)
from tests.redis_server import RedisServer
from tests.shipments import event, item, new_reference, shipment
from tests.test_client import JSON, Raw
from tests.test_hostile import HARMLESS, HOSTILE, shape
from tracking import metrics
from tracking.freshness import AGAIN
from tracking.pro.breaker import MOST_IN_A_ROW, REFUSED
from tracking.pro.gate import ONE_REFUSAL
from tracking.pro.simulator import CONTENTS, Fault
from tracking.signing import Signer

GATEWAY = Fault(
    "status",
    status=403,
    body="<html><title>403</title><h1>Forbidden</h1></html>",
    headers={"Content-Type": "text/html"},
)
ABSENT = 61.0  # seconds: what is not found is remembered for one less
ABOUT_REFERENCE = {"details": [{"property": "reference", "code": "invalid_reference_format"}]}


@pytest.fixture(scope="module")
def usual() -> Iterator[Scene]:
    yield from running(Scene(f"usual.answers.{NAME}"))


@pytest.fixture
def scene(usual: Scene) -> Iterator[Scene]:
    with usual.row():
        yield usual


@pytest.fixture(scope="module")
def lister() -> Iterator[Scene]:
    yield from running(Scene(f"lister.answers.{NAME}", empty_lists=True))


@pytest.fixture
def listing(lister: Scene) -> Iterator[Scene]:
    """In front of PRO that answers a custom reference without a match by an empty list."""
    with lister.row():
        yield lister


@pytest.fixture(scope="module")
def shower() -> Iterator[Scene]:
    yield from running(Scene(f"open.answers.{NAME}", environ={"PRIVACY": "open"}))


@pytest.fixture
def showing(shower: Scene) -> Iterator[Scene]:
    """Which hides nothing that a carrier says."""
    with shower.row():
        yield shower


@pytest.fixture
def patient() -> Iterator[Scene]:
    """Which waits for PRO until the test lets it answer."""
    for scene in running(Scene(f"patient.answers.{NAME}", environ={"PRO_DEADLINE": "30"})):
        with scene.row():
            yield scene


def status(number: int, body: object = None, **more: Any) -> Fault:
    return Fault("status", status=number, body=body and json.dumps(body), **more)


def valid(reference: str) -> bytes:
    """What PRO should say of a reference."""
    return json.dumps(shipment(event(), shipment_reference=reference)).encode()


def telling(
    said: Callable[[str], bytes], head: bytes = JSON
) -> Callable[[Raw, socket.socket], None]:
    """PRO says that of whatever reference it is asked for."""

    def play(server: Raw, connection: socket.socket) -> None:
        while asked := heard(server, connection):
            body = said(asked.partition("?")[0].rpartition("/")[2])
            connection.sendall(head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    return play


def told_of(scene: Scene, said: Callable[[str], bytes], reference: str) -> tuple[Answer, Answer]:
    """The page and the JSON where PRO says that."""
    scene.references.append(reference)
    with scene.playing(telling(said)):
        page, in_json = scene.ask(reference), scene.ask_json(reference)
    assert scene.calls_about(reference) == 1
    return page, in_json


def dropped() -> float:
    return metrics.registry.get_sample_value("parcel_page_dropped_events_total") or 0.0


# B: statuses


def test_B1_400_about_the_reference_is_not_found(scene: Scene) -> None:
    parcel = scene.parcel()
    with scene.failing(status(400, ABOUT_REFERENCE)):
        not_found(scene.ask(parcel), parcel)
        not_found(scene.ask(parcel), parcel)
        told = scene.ask_json(parcel)

    assert (told.status, told.json["error"]["code"]) == (404, "not_found")
    assert scene.calls_about(parcel) == 1
    recovers(scene, parcel, after=ABSENT)


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"code": "version_header_error", "message": "The x-api-version header is missing."},
        {"details": [{"property": "take", "code": "invalid_value"}]},
    ],
)
def test_B1_400_about_anything_else_is_our_fault(scene: Scene, body: object) -> None:
    outage(scene, scene.failing(status(400, body)))

    assert "BadRequest (HTTP 400)" in scene.logs


@pytest.mark.parametrize(
    ("number", "name"),
    [
        pytest.param(401, "Unauthorised", id="B2_401"),
        pytest.param(403, "Forbidden", id="B3_403"),
    ],
)
def test_B2_B3_our_key_is_refused(scene: Scene, number: int, name: str) -> None:
    cold, old = scene.parcel(), scene.parcel()
    others = [scene.parcel() for _ in range(20)]
    was_fresh(scene.ask(old))
    scene.clock.turn(seconds=OLD)
    scene.pro.forget_calls()

    with scene.failing(status(number)):
        cannot_answer(scene.ask(cold), cold)
        for seconds in (0, 50):
            scene.clock.turn(seconds=seconds)
            answers = at_once(*(partial(scene.ask, one) for one in others))
            for one, answer in zip(others, answers, strict=True):
                cannot_answer(answer, one)
            being_renewed(scene.ask(old)) if not seconds else delayed(scene, old)
            scene.landed(old)
            delayed(scene, old)
            cannot_answer_json(scene.ask_json(cold))

    assert len(scene.pro.calls) == 1
    assert f"CRITICAL tracking.pro.breaker PRO refuses our key: {name}" in scene.logs
    recovers(scene, cold, after=10)
    recovers(scene, old=old, after=AGAIN)


def test_B3_403_at_contents_level_is_about_that_level_alone(scene: Scene) -> None:
    others = [scene.parcel() for _ in range(3)]
    unknown = [f"{new_reference()[-10:]}-typo" for _ in range(6)]
    scene.references += unknown

    with scene.failing(status(403, {"correlation_id": "c0rrelation"}), CONTENTS):
        for one in unknown[:3]:
            not_found(scene.ask(one), one)
        for one in others:
            was_fresh(scene.ask(one))
            was_fresh(scene.ask(one, level="contents"))
        assert sum("/shipment_contents" in call.target for call in scene.pro.calls) == 1
        scene.clock.turn(seconds=REFUSED)
        for one in unknown[3:]:
            not_found(scene.ask(one), one)
    assert sum("/shipment_contents" in call.target for call in scene.pro.calls) == 2

    assert scene.asks_again()
    assert scene.logs.count("CRITICAL") == 2
    assert "refuses our key the contents level, correlation id c0rrelation" in scene.logs
    scene.clock.turn(seconds=REFUSED)
    made = shipment(event(), shipment_contents=[item(event("delivered"), custom_reference="I-1")])
    scene.put(made)
    assert scene.ask("I-1").headline == "Delivered"


@pytest.mark.parametrize("seen_before", [False, True])
def test_B3_a_gateway_in_front_of_pro_refuses_everything(scene: Scene, seen_before: bool) -> None:
    """A page of its own, not PRO's word: a few calls show that it is about all of them."""
    cold, old = scene.parcel(), scene.parcel()
    others = [scene.parcel() for _ in range(20)]
    was_fresh(scene.ask(old))
    if seen_before:
        for one in others:
            was_fresh(scene.ask(one))
    scene.clock.turn(seconds=OLD)
    scene.pro.forget_calls()

    with scene.failing(GATEWAY):
        for _ in range(10):
            cannot_answer(scene.ask(cold), cold)
        assert len(scene.pro.calls) == 1
        for one in others:
            being_renewed(scene.ask(one)) if seen_before else cannot_answer(scene.ask(one), one)
            if seen_before:
                scene.landed(one)
                delayed(scene, one)
        assert not scene.asks_again()
        scene.ask(old)
        scene.landed(old)
        delayed(scene, old)
    assert len(scene.pro.calls) == MOST_IN_A_ROW
    recovers(scene, cold, old, after=ONE_REFUSAL)


def test_B3_a_gateway_in_front_of_pro_refuses_one_reference(scene: Scene) -> None:
    """Whoever asks for it, and how often: nobody else is told to come later."""
    refused, others = scene.parcel(), [scene.parcel() for _ in range(3)]
    with scene.failing(GATEWAY, refused):
        for _ in range(2 * MOST_IN_A_ROW):
            cannot_answer(scene.ask(refused), refused)
        assert scene.calls_about(refused) == 1
        for one in others:
            was_fresh(scene.ask(one))
    with scene.failing(GATEWAY):
        for number in range(3 * MOST_IN_A_ROW):
            odd = f"<script>{number}</script>"
            cannot_answer(scene.ask(odd), odd)
    was_fresh(scene.ask(scene.parcel()))
    recovers(scene, refused, after=ONE_REFUSAL)


def test_B4_404_is_not_found_and_replaces_what_was_known(scene: Scene) -> None:
    cold, old = unknown_to_pro(scene), scene.parcel()
    was_fresh(scene.ask(old))
    scene.clock.turn(seconds=OLD)
    scene.pro.forget_calls()
    scene.pro.remove(old)

    being_renewed(scene.ask(old))
    scene.landed(old)
    for one in (cold, old) * 2:
        not_found(scene.ask(one), one)
        assert scene.ask_json(one).json["error"]["code"] == "not_found"

    assert [scene.calls_about(one) for one in (cold, old)] == [1, 1]
    scene.clock.turn(seconds=ABSENT)
    not_found(scene.ask(cold), cold)
    assert scene.calls_about(cold) == 2


def test_B5_404_and_then_there_it_is(scene: Scene) -> None:
    reference = unknown_to_pro(scene)
    not_found(scene.ask(reference), reference)
    scene.put(shipment(event("in_transit", at=MORNING), shipment_reference=reference))
    scene.clock.turn(seconds=50)
    not_found(scene.ask(reference), reference)

    recovers(scene, reference, after=ABSENT - 50)

    assert scene.calls_about(reference) == 2


@pytest.mark.parametrize("number", [402, 405, 409, 415, 422])
def test_B6_statuses_that_nobody_expects(scene: Scene, number: int) -> None:
    outage(scene, scene.failing(status(number)))


@pytest.mark.parametrize("state", ["removed", "quarantined"])
def test_B7_410_is_gone(scene: Scene, state: str) -> None:
    reference = scene.parcel(state=state)

    for _ in range(2):
        page, told = scene.ask(reference), scene.ask_json(reference)
        assert (page.status, page.headline) == (410, GONE)
        assert page.headers["Cache-Control"] == "no-store"
        assert (told.status, told.json["error"]["code"]) == (410, "gone")

    assert scene.calls_about(reference) == 1
    scene.put(shipment(event(), shipment_reference=reference))
    recovers(scene, reference, after=ABSENT)
    assert scene.calls_about(reference) == 2


def test_B8_429_is_waited_for_by_nobody_and_obeyed_by_all(scene: Scene) -> None:
    cold, old, other = (scene.parcel() for _ in range(3))
    was_fresh(scene.ask(old))
    scene.clock.turn(seconds=OLD)
    scene.pro.forget_calls()

    with scene.failing(status(429, retry_after=30)):
        first = scene.ask(cold)
        being_renewed(scene.ask(old))
        scene.landed(old)
        delayed(scene, old)
        scene.clock.turn(seconds=29)
        second = scene.ask(other)
        delayed(scene, old)
        scene.landed(old)  # it was refused: it shall not be the one that tries

    for answer, reference in ((first, cold), (second, other)):
        cannot_answer(answer, reference)
        assert answer.seconds < 0.3 * SLACK
    assert int(first.headers["Retry-After"]) == 30
    assert len(scene.pro.calls) == 1
    recovers(scene, cold, after=1)
    recovers(scene, old=old, after=AGAIN)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("999999999", 300),
        ("0", 1),
        ("-1", 15),
        ("abc", 15),
        ("1e9", 15),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 300),
        (None, 15),
    ],
)
def test_B9_429_with_any_retry_after(scene: Scene, said: str | None, seconds: int) -> None:
    cold, other = scene.parcel(), scene.parcel()
    headers = {} if said is None else {"Retry-After": said}

    with scene.failing(status(429, headers=headers)):
        answer = scene.ask(cold)
        scene.clock.turn(seconds=seconds - 0.5)
        cannot_answer(scene.ask(other), other)

    cannot_answer(answer, cold)
    assert int(answer.headers["Retry-After"]) == seconds
    assert len(scene.pro.calls) == 1
    recovers(scene, cold, after=0.5)


@pytest.mark.parametrize("number", [500, 502, 503, 504])
def test_B10_pro_is_broken(scene: Scene, number: int) -> None:
    body = {"correlation_id": "c0rrelation", "message": "MESSAGE-CANARY of PRO"}

    outage(scene, scene.failing(status(number, body)))

    assert f"ProBroken (HTTP {number}), correlation id c0rrelation" in scene.logs
    for text in [scene.logs, *(answer.text for answer in scene.answers)]:
        assert "MESSAGE-CANARY" not in text
    assert not [answer for answer in scene.answers if "c0rrelation" in answer.text]


@pytest.mark.parametrize("waits", [None, 300])
def test_B10_one_reference_that_pro_fails_about_stops_nobody(
    scene: Scene, waits: int | None
) -> None:
    """However often it is asked for, and whoever may try after a pause."""
    odd = scene.parcel()

    with scene.failing(status(503, retry_after=waits), odd):
        for _ in range(40):
            cannot_answer(scene.ask(odd), odd)
            scene.clock.turn(seconds=1)
        was_fresh(scene.ask(scene.parcel()))
        assert scene.calls_about(odd) == (1 if waits else 2 + 2)  # at 0, 1, 15 and 29 seconds
        with scene.failing(status(503)):
            for one in [scene.parcel() for _ in range(MOST_IN_A_ROW)]:
                cannot_answer(scene.ask(one), one)
        scene.clock.turn(seconds=AFTER_PAUSE)
        cannot_answer(scene.ask(odd), odd)
        was_fresh(scene.ask(scene.parcel()))
    recovers(scene, odd, after=waits or AFTER_PAUSE)


def test_B11_503_for_all_that_asks_for_time_gets_it(scene: Scene) -> None:
    failed, later = [scene.parcel() for _ in range(5)], scene.parcel()

    with scene.failing(status(503, retry_after=200)):
        for one in failed:
            cannot_answer(scene.ask(one), one)
        assert not scene.asks_again()
        scene.clock.turn(seconds=199)
        cannot_answer(scene.ask(later), later)
    assert len(scene.pro.calls) == 5

    recovers(scene, later, after=1)


def test_B11_503_until_pro_is_left_alone_and_one_tries_again(scene: Scene) -> None:
    failed = [scene.parcel() for _ in range(5)]
    later, probe, after = (scene.parcel() for _ in range(3))

    with scene.failing(status(503)):
        for one in failed:
            cannot_answer(scene.ask(one), one)
        assert len(scene.pro.calls) == 5
        assert not scene.asks_again()
        cannot_answer(scene.ask(later), later)
        scene.clock.turn(seconds=11)
        cannot_answer(scene.ask(later), later)
        assert len(scene.pro.calls) == 5

    recovers(scene, probe, after=AFTER_PAUSE - 11)
    was_fresh(scene.ask(after))
    assert len(scene.pro.calls) == 5 + 1 + 1


def test_B12_of_fifty_at_once_one_tries(patient: Scene) -> None:
    scene = patient
    failed = [scene.parcel() for _ in range(5)]
    colds, olds = ([scene.parcel() for _ in range(25)] for _ in range(2))
    for one in olds:
        was_fresh(scene.ask(one))
    scene.clock.turn(seconds=OLD)
    with scene.failing(status(503)):
        for one in failed:
            cannot_answer(scene.ask(one), one)
    scene.clock.turn(seconds=AFTER_PAUSE)
    scene.pro.forget_calls()

    with crowd_of(scene, [*colds, *olds]) as asked:
        with scene.failing(Fault("latency", seconds=10 * LONGEST)):
            until(lambda: sum(one.done() for one in asked) >= 49)
            until(lambda: sum(map(scene.is_asked, [*colds, *olds])) <= 1)
            assert len(scene.pro.calls) == 1
            shed = [one.result() for one in asked[:25] if one.done()]
        shown = [one.result(LONGEST) for one in asked[25:]]

    assert len(shed) >= 24
    assert {(answer.status, answer.headline) for answer in shed} == {
        (503, "Tracking is not working at the moment")
    }
    for answer in shown:
        was_fresh_or_delayed(answer)
    recovers(scene, colds[0], olds[0], after=OLD)


def crowd_of(scene: Scene, references: list[str]) -> Any:
    return crowd(*(partial(scene.ask, one) for one in references))


def was_fresh_or_delayed(answer: Answer) -> None:
    """What was known, whether or not asking for it again has failed by now."""
    assert answer.status == 200
    assert answer.codes == ["in_transit", "delivery_attempted"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("html"),
        Fault("garbage", body=b"<!doctype html><title>Sign in</title><h1>Sign in</h1>"),
    ],
    ids=["login page", "called JSON"],
)
def test_B13_a_page_instead_of_an_answer(scene: Scene, fault: Fault) -> None:
    outage(scene, scene.failing(fault))

    assert "AnswerForeign" in scene.logs
    assert not [answer for answer in scene.answers if "Sign in" in answer.text]


@pytest.mark.parametrize("kind", [b"text/html", b"text/plain", b"application/jsonp", b"json"])
def test_B13_a_parcel_that_is_not_called_json(scene: Scene, kind: bytes) -> None:
    head = JSON.replace(b"application/json", kind)

    outage(scene, scene.playing(telling(valid, head)))

    assert "AnswerForeign" in scene.logs


def test_B13_where_another_answers_in_its_place_pro_is_left_alone(scene: Scene) -> None:
    parcels = [scene.parcel() for _ in range(20)]

    with scene.failing(Fault("html")):
        for one in parcels:
            cannot_answer(scene.ask(one), one)

    assert len(scene.pro.calls) == MOST_IN_A_ROW
    recovers(scene, parcels[0], after=AFTER_PAUSE)


def test_C1_one_order_of_which_nothing_can_be_read_stops_nobody(scene: Scene) -> None:
    odd, other = scene.parcel(), scene.parcel()

    with scene.failing(Fault("garbage", body=b'{"shipment_reference": NaN}'), odd):
        for _ in range(2 * MOST_IN_A_ROW):
            cannot_answer(scene.ask(odd), odd)
        was_fresh(scene.ask(other))

    assert scene.calls_about(odd) == 2
    recovers(scene, odd)


def test_B15_an_empty_list_is_not_found(listing: Scene) -> None:
    tag = f"HO-{new_reference()[-10:]}"
    listing.references.append(tag)

    for _ in range(2):
        not_found(listing.ask(tag), tag)
        assert listing.ask_json(tag).json["error"]["code"] == "not_found"

    targets = [call.target for call in listing.pro.calls]
    assert len(targets) == 2  # its items may carry it, so both levels are asked, each once
    assert len([one for one in targets if "/shipment_contents" in one]) == 1
    assert {call.status for call in listing.pro.calls} == {200}
    listing.parcel(custom_reference=tag)
    recovers(listing, tag, after=ABSENT)


# C: content


DEEP = b'{"a": ' * 20_000 + b"1" + b"}" * 20_000


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(lambda one: valid(one)[:-1], id="cut short"),
        pytest.param(lambda one: valid(one) * 2, id="twice"),
        pytest.param(lambda one: b"", id="empty"),
        pytest.param(lambda one: b" \n", id="blank"),
        pytest.param(lambda one: valid(one).decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda one: valid(one).decode().encode("utf-16-le"), id="UTF-16 LE"),
        pytest.param(lambda one: valid(one).replace(b"ORDER", b"caf\xe9"), id="Latin-1"),
        pytest.param(lambda one: valid(one).replace(b"ORDER", b"\xed\xa0\x80"), id="surrogate"),
        pytest.param(lambda one: b'{"n": NaN, ' + valid(one)[1:], id="NaN"),
        pytest.param(lambda one: b'{"n": -Infinity, ' + valid(one)[1:], id="Infinity"),
        pytest.param(lambda one: b'{"n": 1e999, ' + valid(one)[1:], id="1e999"),
        pytest.param(lambda one: b'{"n": %s, ' % (b"9" * 5000) + valid(one)[1:], id="5000 digits"),
        pytest.param(lambda one: b'{"n": %s, ' % DEEP + valid(one)[1:], id="deep"),
    ],
)
def test_C1_what_is_no_json(scene: Scene, said: Callable[[str], bytes]) -> None:
    outage(scene, scene.playing(telling(said)))

    assert re.search("AnswerUnreadable|AnswerForeign", scene.logs)


def test_C1_a_byte_order_mark_is_accepted(scene: Scene) -> None:
    page, told = told_of(scene, lambda one: b"\xef\xbb\xbf" + valid(one), new_reference())

    assert (page.status, page.fresh, page.codes) == (200, "fresh", ["in_transit"])
    assert told.status == 200


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"1", b"true", b"{}", b"[{}]"])
def test_C3_the_wrong_shape(scene: Scene, body: bytes) -> None:
    outage(scene, scene.playing(telling(lambda one: body)))

    assert "AnswerUnreadable" in scene.logs


@pytest.mark.parametrize("events", [None, [], {}, "x", 1, [[]], [None], "missing"], ids=str)
def test_C3_a_shipment_without_events_has_no_updates_yet(scene: Scene, events: object) -> None:
    made = shipment(events=events)
    if events == "missing":
        del made["events"]
    reference = scene.put(made)

    page, told = scene.ask(reference), scene.ask_json(reference)

    assert (page.status, page.headline, page.codes) == (200, "No updates yet", [])
    assert page.parcel["data-step"] == "1"
    assert told.json["headline"] == "No updates yet"
    assert told.json["shipments"][0]["events"] == []
    assert told.json["shipments"][0]["status"] is None
    assert scene.calls_about(reference) == 1


@pytest.mark.parametrize(
    "field",
    [
        "reference",
        "timestamp",
        "received_timestamp",
        "event_code",
        "description",
        "location",
        "signee",
        "lat_long",
    ],
)
def test_C4_an_odd_field_costs_only_itself(scene: Scene, field: str) -> None:
    odd = [None, True, [], {}, ["x"], {"x": 1}, ""]
    scans = [event(at=f"2026-11-24T08:{minute:02}:00+00:00") for minute in range(len(odd))]
    for scan, value in zip(scans, odd, strict=True):
        scan[field] = value
    missing = event(at="2026-11-24T07:00:00+00:00")
    missing.pop(field, None)
    reference = scene.put(shipment(event("out_for_delivery"), missing, *scans))

    page, told = scene.ask(reference), scene.ask_json(reference)

    assert (page.status, page.parcel["data-status"]) == (200, "out_for_delivery")
    assert scene.calls_about(reference) == 1
    events = told.json["shipments"][0]["events"]
    seen = [one for one in events if one["code"] != "out_for_delivery"]
    if field != "lat_long":  # which is in no format
        name = {"event_code": "code"}.get(field, field)
        assert {one[name] for one in seen} <= {None, ""}
    # What is left to tell copies apart is the time; those without one are the same scan.
    assert len(seen) == len(page.codes) - 1 == len(odd) + 1


@pytest.mark.parametrize(
    "poison", [None, 5, "x", [], [{}], {}, {"event_code": {}, "timestamp": []}], ids=str
)
def test_C5_one_poisoned_event_of_twenty(scene: Scene, poison: object) -> None:
    scans: list[Any] = [event(at=f"2026-11-24T08:{minute:02}:00+00:00") for minute in range(20)]
    scans[7] = poison
    reference = scene.put(shipment(*scans))

    page, told = scene.ask(reference), scene.ask_json(reference)

    assert (page.status, page.headline) == (200, "On its way")
    assert len(page.codes) == len(told.json["shipments"][0]["events"]) == 19
    assert scene.calls_about(reference) == 1


def test_C5_a_dropped_event_is_counted(scene: Scene) -> None:
    before = dropped()
    reference = scene.put(shipment(event(), 5, {"event_code": {}}))

    assert scene.ask(reference).codes == ["in_transit"]

    assert dropped() - before == 2


def test_C6_a_code_that_nobody_knows(scene: Scene) -> None:
    code = f"teleported_{new_reference()[-6:]}"
    before = metrics.unknown_codes._value.get()
    alone = scene.put(shipment(event(code, description="Beamed up")))
    later = scene.put(shipment(event("in_transit", at=MORNING), event(code, at="2026-11-24T10:00")))

    page, told = scene.ask(alone), scene.ask_json(alone)
    assert (page.status, page.headline, page.codes) == (200, "No updates yet", [code])
    assert "teleported" not in page.soup.get_text()
    assert "Beamed up" in page.soup.get_text()
    (only,) = told.json["shipments"][0]["events"]
    assert only["code"] == code  # a machine is told PRO's own
    assert "teleported" not in only["title"]
    page = scene.ask(later)
    assert (page.status, page.headline) == (200, "On its way")
    assert page.parcel["data-status"] == "in_transit"
    assert metrics.unknown_codes._value.get() - before == 2
    assert scene.logs.count(code) == 1


def test_C8_times_that_are_odd(scene: Scene) -> None:
    def scan(words: str, at: str | None, **more: Any) -> dict:
        return event(at=at, description=words, **more)

    scans = [
        scan("first half past one", "2026-10-25T01:30:00+01:00"),
        scan("from the future", "2026-12-24T09:00:00+00:00", received_timestamp=MORNING),
        scan("untimed", None),
        scan("second half past one", "2026-10-25T01:30:00+00:00"),
        scan("First  half past one", "2026-10-25T00:30:00Z"),
        scan("first half past one", "2026-10-25T01:30:00+01:00"),
    ]
    newest_first = ["from the future", "second half past one", "first half past one", "untimed"]
    told = []
    for order in (scans, scans[::-1], random.Random(8).sample(scans, len(scans))):
        reference = scene.put(shipment(*order))
        page, in_json = scene.ask(reference), scene.ask_json(reference)
        assert (page.status, len(page.codes)) == (200, 4)
        told.append(in_json.json["shipments"][0]["events"])
        assert scene.calls_about(reference) == 1

    for events in told:
        assert [one["description"].casefold() for one in events] == [
            *newest_first[:2], *(" ".join(words.split()) for words in newest_first[2:])
        ]  # fmt: skip
        assert events[0]["timestamp"] == "2026-12-24T09:00:00+00:00"
        assert events[3]["timestamp"] is None
    assert told[0] == told[1] == told[2]


def test_C9_five_thousand_events(scene: Scene) -> None:
    scans = [
        {"event_code": "in_transit", "timestamp": f"2026-11-{d:02}T{h:02}:{m:02}:00Z"}
        for d in range(10, 24)
        for h in range(24)
        for m in range(0, 60, 4)
    ][:5000]
    reference = scene.put(shipment(*scans))

    told, page = scene.ask_json(reference), scene.ask(reference)

    assert (told.status, page.status) == (200, 200)
    assert len(told.json["shipments"][0]["events"]) == len(page.codes) == 5000
    older = page.soup.select_one("details.history__older")
    assert older.summary.get_text() == "Show 4992 older updates"
    assert len(older.select("[data-event-code]")) == 4992
    assert scene.calls_about(reference) == 1


def test_C9_five_thousand_events_with_long_words_are_too_much(scene: Scene) -> None:
    def said(reference: str) -> bytes:
        scans = [event(description="W" * 100)] * 5000
        return json.dumps(shipment(*scans, shipment_reference=reference)).encode()

    outage(scene, scene.playing(telling(said)))

    assert "AnswerTooLarge" in scene.logs


def whole(words: str) -> dict:
    """A shipment with words in every field that may hold any."""
    scan = {"reference": words, "description": words, "location": words, "signee": words}
    made = shipment(
        event(**scan),
        event("photo_taken", at="2026-11-24T10:00:00+00:00", **scan),
        custom_reference=words,
        carrier_references=[words],
        expected_delivery_date=words,
        shipment_contents=[item(event(**scan), reference=words, custom_reference=words)],
        _links=[{"rel": words, "href": words, "type": words, "reference": words}],
        notes=words,
    )
    made["carrier"] = dict.fromkeys(made["carrier"], words) | {"tags": [words], "url": words}
    return made


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path to every string of a shipment but its own reference, by which it is asked for."""
    if isinstance(value, str) and path != ("shipment_reference",):
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for name, one in inner:
            yield from places(one, (*path, name))


def put_at(value: Any, path: tuple, words: str) -> None:
    *way, last = path
    for name in way:
        value = value[name]
    value[last] = words


def with_words(path: tuple, words: str) -> dict:
    """A shipment with harmless words everywhere, and these at one place."""
    made = whole(HARMLESS)
    put_at(made, path, words)
    return made


def pages_of(scene: Scene, made: dict) -> list[str]:
    """Its pages at both levels; the JSON can be read."""
    scene.pro.put(made)
    answers = []
    for level in ("shipment", "contents"):
        answer = scene.ask(made["shipment_reference"], level=level)
        told = scene.ask_json(made["shipment_reference"], level=level)
        assert (answer.status, told.status) == (200, 200)
        assert told.json["shipments"][0]["shipment_reference"] == made["shipment_reference"]
        assert told.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
        answers.append(answer.text)
    scene.pro.remove(made["shipment_reference"])
    return answers


@pytest.mark.parametrize("path", list(places(whole(""))), ids=str)
def test_C10_hostile_words_in_any_field_are_only_words(showing: Scene, path: tuple) -> None:
    baselines = pages_of(showing, with_words(path, HARMLESS))

    pages = pages_of(showing, with_words(path, " ".join(HOSTILE.values())))

    assert [shape(page) for page in pages] == [shape(page) for page in baselines]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/x",
        "http://evil.example/x",
        "https://user:secret@evil.example/x",
    ],
)
def test_C11_addresses_of_pro_are_never_links(showing: Scene, address: str) -> None:
    made = whole(address)

    pages_of(showing, made)

    asked = [answer for answer in showing.answers if not answer.json]
    assert address.partition("<")[0] in asked[0].soup.get_text()
    for page in asked:
        leads = [one[name] for name in LEADING for one in page.soup.select(f"[{name}]")]
        assert leads
        assert [one for one in leads if not OURS.match(one)] == []
    assert not [
        page for page in asked if page.soup.select(f"{FOREIGN}, iframe, object, embed, base")
    ]


OURS = re.compile(r"/(?!/)|#main$|$")
FOREIGN = "script:not([src^='/assets/'])"
LEADING = ("href", "src", "action", "formaction", "srcset", "data", "poster")


def test_C13_nobodys_name_or_home_is_anywhere() -> None:
    with RedisServer() as redis:
        environ = {"REDIS_URL": redis.url, "SECRET_KEY": "the-secret-of-the-matrix-is-long-enough"}
        with Scene(f"shared.answers.{NAME}", environ=environ) as scene, scene.row():
            _nothing_tells(scene, redis)


def _nothing_tells(scene: Scene, redis: RedisServer) -> None:
    """By any reference, at both levels, in all formats, and in what is kept."""
    place = {"latitude": 51.50007, "longitude": -0.12345}
    door = event(
        "delivered", at=MORNING, signee=SIGNEE, location=HOME, lat_long=place, notes=SIGNEE,
        description=f"Left with {SIGNEE} at {HOME}", proof_of_delivery={"url": f"/{SIGNEE}.png"},
    )  # fmt: skip
    talks = event("in_transit", at="2026-11-24T08:00:00+00:00", description=f"Going to {HOME}")
    tag = f"HO-{new_reference()[-10:]}"
    made = [
        shipment(
            talks, door, custom_reference=tag, shipment_contents=[item(talks, door)],
            shipping_address={"line_1": HOME}, recipient=SIGNEE,
        )
        for _ in range(2)
    ]  # fmt: skip
    references = [tag, *(scene.put(one) for one in made)]

    for reference in references:
        for level in ("shipment", "contents"):
            for path in ("/parcel", "/parcel.json", "/embed"):
                assert scene.get(path, reference=reference, level=level).status == 200

    assert scene.ask(references[1]).headline == "Delivered"
    assert len(scene.pro.calls) == 2 * 3 - 2  # those of the order are known by it
    memory = scene.memory
    assert memory.shared
    memory.shared.flush()
    kept = {name: redis.client.get(name) for name in redis.client.keys("*")}
    opened = [_opened(value, memory.shared.signer) for value in kept.values()]
    assert any(b'"delivered"' in one for one in opened)
    for told in [*opened, *kept, *kept.values()]:
        assert [one for one in CANARIES if one.encode() in told] == []
    assert not [name for name in kept for one in references if one.encode() in name]


def _opened(value: bytes, signer: Signer) -> bytes:
    """What is inside a value of Redis: JSON that was deflated, or what it is."""
    inside = signer.verify(value) or value
    try:
        return zlib.decompress(inside)
    except zlib.error:
        return inside


def put_order(scene: Scene, count: int) -> tuple[str, list[str]]:
    tag = f"ORDER-{new_reference()[-10:]}"
    made = [shipment(event(), custom_reference=tag) for _ in range(count)]
    return tag, [scene.put(one) for one in made]


@pytest.mark.parametrize("count", [1, 2, 10, 11, 500])
def test_C15_an_order_of_many(scene: Scene, count: int) -> None:
    tag, references = put_order(scene, count)

    page, told = scene.ask(tag), scene.ask_json(tag)

    shown = [one["data-shipment-reference"] for one in page.soup.select("[data-status]")]
    assert page.status == 200
    assert sorted(shown) == sorted(references[:10])
    cards = page.soup.select("[data-shipment-reference]")
    assert [len(card.select("[data-event-code]")) for card in cards] == [1] * len(shown)
    assert (told.json["total"], told.json["pages"]) == (count, -(-count // 10))
    assert len(told.json["shipments"]) == min(count, 10)
    assert scene.calls_about(tag) == len(scene.pro.calls) == 1
    if count > 10:
        last = told.json["pages"]
        page = scene.ask(tag, page=str(last))
        first = 10 * (last - 1)
        shown = [one["data-shipment-reference"] for one in page.soup.select("[data-status]")]
        assert sorted(shown) == sorted(references[first:])
        assert f"Showing {first + 1}–{count} of {count} parcels" in page.soup.get_text()
        assert scene.calls_about(tag) == len(scene.pro.calls) == 2
    for reference in references:
        scene.pro.remove(reference)


def test_C16_there_are_more_than_were_sent(scene: Scene) -> None:
    tag = f"ORDER-{new_reference()[-10:]}"
    listed = [shipment(event(), custom_reference=tag) for _ in range(10)]
    body = {
        "tracking_responses": listed,
        "total_results": 23,
        "partial": True,
        "continuation_token": "token-canary",
        "_links": [{"rel": "next", "href": "https://evil.example/next"}],
    }

    page, told = told_of(scene, lambda _: json.dumps(body).encode(), tag)

    assert page.status == 200
    assert "Showing 1–10 of 23 parcels" in page.soup.get_text()
    assert (told.json["total"], told.json["pages"]) == (23, 3)
    assert len(told.json["shipments"]) == 10
    for answer in (page, told):
        assert "canary" not in answer.text
        assert "evil.example" not in answer.text


EXTRA = b'"__proto__": {"x": "canary"}, "constructor": "canary", "__class__": "canary", '


def test_C17_of_a_key_given_twice_the_last_counts(scene: Scene) -> None:
    def said(reference: str) -> bytes:
        first = b'{"shipment_reference": "sp_1", "events": 5, "custom_reference": "canary", '
        return first + EXTRA + valid(reference)[1:]

    page, told = told_of(scene, said, new_reference())

    assert (page.status, page.codes) == (200, ["in_transit"])
    assert told.status == 200
    assert "canary" not in page.text + told.text


def test_C17_the_last_may_be_the_wrong_one(scene: Scene) -> None:
    def said(reference: str) -> bytes:
        return valid(reference)[:-1] + b', "shipment_reference": "sp_1"}'

    outage(scene, scene.playing(telling(said)))
