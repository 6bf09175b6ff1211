"""Which endpoint is asked, how often, and for how long what it said is remembered."""

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from app import create_app
from tests.conftest import NOON, Shopper, TurnableClock
from tests.crowds import (
    LONGEST,
    at_once,
    crowd,
    held,
    is_asked,
    landed,
    lookup_of,
    neighbour,
    until,
)
from tests.shipments import event, item, new_reference, shipment
from tracking import metrics
from tracking.allowance import Allowance
from tracking.lookup import PATIENCE
from tracking.pro.simulator import CONTENTS, Fault, Simulator

BOTH_WAYS = [False, True]


@pytest.fixture(scope="module")
def simulators():
    """PRO as it answers a custom reference without a match: by 404, or by an empty list."""
    with (
        Simulator(key="test-key") as by_404,
        Simulator(key="test-key", empty_lists=True) as by_empty_list,
    ):
        yield {False: by_404, True: by_empty_list}


@pytest.fixture(scope="module")
def running(simulators):
    """Applications that stay up: to compile templates takes longer than a test."""
    clock = TurnableClock()
    shoppers = {way: _shopper(simulator, clock) for way, simulator in simulators.items()}
    return clock, shoppers


def _shopper(pro, clock, **environ):
    """In front of an application that limits no client."""
    account = {"PRO_API_URL": pro.url, "PRO_API_KEY": pro.key}
    unlimited = {"LIMIT_LOOKUPS": "0", "LIMIT_NOT_FOUND": "0"}
    return Shopper(create_app(account | unlimited | environ, clock, clock.timer).test_client())


@pytest.fixture
def clock(running):
    """Two in the afternoon again for each test; however long PRO was left alone, that is over."""
    clock, _ = running
    clock.turn(hours=1)
    clock.set(NOON)
    return clock


@pytest.fixture
def pro(simulators, running, clock):
    """Healthy and asked again, with no calls counted; no two tests use the same references."""
    for way, simulator in simulators.items():
        simulator.heal()
        assert running[1][way].json(put_parcel(simulator, "in_transit"))
        simulator.forget_calls()
    return simulators[False]


@pytest.fixture
def shopper(running, pro):
    return running[1][False]


@pytest.fixture
def listing(pro, simulators, running):
    """PRO that answers with empty lists or not, and the shopper in front of it."""

    def choose(empty_lists):
        return simulators[empty_lists], running[1][empty_lists]

    return choose


@pytest.fixture
def make_shopper(pro, clock):
    """A shopper in front of an application of its own."""

    def make(**environ):
        return _shopper(pro, clock, **environ)

    return make


@pytest.fixture
def patient(make_shopper):
    """In front of an application that waits for PRO until the test lets it answer."""
    return make_shopper(PRO_DEADLINE="30")


def new_tag():
    return f"TAG-{new_reference()[-8:]}"


def targets(pro):
    """The request targets since the last time, exactly as PRO saw them."""
    asked = [call.target.removeprefix("/pro/tracking/") for call in pro.calls]
    pro.forget_calls()
    return asked


def of_order(tag, skip=0):
    return f"custom_reference/{tag}?take=10&skip={skip}"


def of_items(tag, skip=0):
    return f"custom_reference/{tag}/shipment_contents?take=10&skip={skip}"


def put_order(pro, count, code="in_transit", **more):
    """An order of so many parcels: its tag, and their references in PRO's order."""
    tag = new_tag()
    parcels = [shipment(event(code), custom_reference=tag, **more) for _ in range(count)]
    for parcel in parcels:
        pro.put(parcel)
    return tag, [parcel["shipment_reference"] for parcel in parcels]


def put_items(pro, *codes, own=("in_transit",), **more):
    """A parcel whose items carry a tag of their own: that tag, and the parcel's reference."""
    tag = new_tag()
    items = [item(event(code), custom_reference=tag) for code in codes]
    parcel = shipment(*map(event, own), shipment_contents=items, **more)
    pro.put(parcel)
    return tag, parcel["shipment_reference"]


def put_parcel(pro, *codes, **more):
    parcel = shipment(*map(event, codes), **more)
    pro.put(parcel)
    return parcel["shipment_reference"]


def status_of(answer):
    return answer["shipments"][0]["status"]


def renewed(shopper, reference, **query):
    """Who comes when an answer is old gets it as it is: it is renewed for the next."""
    old = shopper.json(reference, **query)
    landed(shopper, reference, **query)
    return old


# Which endpoint


def test_a_shipment_reference_is_one_call(pro, shopper):
    reference = put_parcel(pro, "in_transit")

    answer = shopper.json(reference)

    assert targets(pro) == [reference]
    assert (answer["kind"], answer["level"]) == ("reference", "shipment")


def test_a_shipment_reference_at_contents_level_is_one_call(pro, shopper):
    _, reference = put_items(pro, "in_transit")

    answer = shopper.json(reference, level="contents")

    assert targets(pro) == [f"{reference}/shipment_contents"]
    assert (answer["kind"], answer["level"]) == ("reference", "contents")
    assert len(answer["shipments"][0]["items"]) == 1


def test_a_shipment_reference_that_is_not_found_is_not_tried_again(pro, shopper):
    reference = new_reference()

    shopper.json(reference, status=404)

    assert targets(pro) == [reference]


def test_a_custom_reference_is_one_call_where_a_shipment_carries_it(pro, shopper):
    tag, (reference,) = put_order(pro, 1)

    answer = shopper.json(tag)

    assert targets(pro) == [of_order(tag)]
    assert (answer["kind"], answer["level"]) == ("custom_reference", "shipment")
    assert answer["shipments"][0]["shipment_reference"] == reference


@pytest.mark.parametrize(
    ("typed", "segment"),
    [
        ("HO 20/7 #{}", "HO%2020%2F7%20%23{}"),
        ("50% & {}+?", "50%25%20%26%20{}%2B%3F"),
        ("Ø{}é", "%C3%98{}%C3%A9"),
        ("../{}", "..%2F{}"),
        ("%2e%2e{}", "%252e%252e{}"),
    ],
)
def test_a_custom_reference_is_one_path_segment_whatever_it_holds(pro, shopper, typed, segment):
    number = new_reference()[-6:]
    pro.put(shipment(event(), custom_reference=typed.format(number)))

    shopper.json(typed.format(number))

    assert targets(pro) == [of_order(segment.format(number))]


@pytest.mark.parametrize("empty_lists", BOTH_WAYS)
def test_after_not_found_the_items_are_asked_for_it_once(listing, empty_lists):
    pro, shopper = listing(empty_lists)
    tag, reference = put_items(pro, "delivered")

    answer = shopper.json(tag)

    assert targets(pro) == [of_order(tag), of_items(tag)]
    assert answer["level"] == "contents"
    assert answer["shipments"][0]["shipment_reference"] == reference
    assert len(answer["shipments"][0]["items"]) == 1


@pytest.mark.parametrize("empty_lists", BOTH_WAYS)
def test_what_neither_a_shipment_nor_an_item_carries_is_not_found(listing, empty_lists):
    pro, shopper = listing(empty_lists)
    tag = new_tag()

    error = shopper.json(tag, status=404)

    assert error["error"]["code"] == "not_found"
    assert targets(pro) == [of_order(tag), of_items(tag)]


@pytest.mark.parametrize(
    ("first", "status"),
    [
        (Fault("status", status=410), 410),
        (Fault("status", status=401), 503),
        (Fault("status", status=429), 503),
        (Fault("status", status=500), 503),
        (Fault("status", status=502, body="<html>"), 503),
        (Fault("reset"), 503),
        (Fault("garbage"), 503),
        (Fault("redirect"), 503),
        (
            Fault(
                "status",
                status=400,
                body='{"code": "validation_error", "details": [{"property": "custom_reference", '
                '"code": "value_too_long"}]}',
            ),
            404,
        ),
        (Fault("status", status=400, body='{"code": "version_header_missing"}'), 503),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, Fault) else str(value),
)
@pytest.mark.parametrize("level", ["shipment", "contents"])
def test_after_anything_but_not_found_there_is_no_second_try(pro, shopper, first, status, level):
    tag = new_tag()
    pro.fault(first, tag)

    shopper.json(tag, status=status, level=level)

    assert targets(pro) == [of_order(tag) if level == "shipment" else of_items(tag)]


def test_after_processing_there_is_no_second_try(pro, shopper):
    tag, _ = put_order(pro, 1, state="processing")

    answer = shopper.json(tag)

    assert targets(pro) == [of_order(tag)]
    assert (answer["total"], answer["shipments"][0]["events"]) == (1, [])


@pytest.mark.parametrize(
    ("first", "then"),
    [("shipment", of_items), ("contents", of_order)],
)
@pytest.mark.parametrize(
    "failure", [Fault("status", status=500), Fault("status", status=429), Fault("reset")]
)
def test_a_second_try_that_fails_is_cannot_answer_now(pro, shopper, first, then, failure):
    tag = new_tag()
    not_found = Fault("status", status=404, times=1)
    pro.fault(not_found, tag)
    pro.fault(failure)

    error = shopper.json(tag, status=503, level=first)

    assert error["error"]["code"] == "unavailable"
    assert targets(pro)[1:] == [then(tag)]


def test_a_second_try_that_says_processing_is_an_order_with_nothing_to_show(pro, shopper):
    tag, _ = put_items(pro, "in_transit", state="processing")

    answer = shopper.json(tag)

    assert targets(pro) == [of_order(tag), of_items(tag)]
    assert (answer["total"], answer["shipments"][0]["status"]) == (1, None)


@pytest.mark.parametrize("empty_lists", BOTH_WAYS)
@pytest.mark.parametrize(("level", "target"), [("shipment", of_order), ("contents", of_items)])
def test_the_second_page_makes_no_second_try(listing, empty_lists, level, target):
    pro, shopper = listing(empty_lists)
    tag = new_tag()

    shopper.json(tag, status=404, page="2", level=level)

    assert targets(pro) == [target(tag, skip=10)]


# level=contents with a custom reference


def test_at_contents_level_a_tag_of_items_is_one_call(pro, shopper):
    tag, reference = put_items(pro, "delivered", "in_transit")

    answer = shopper.json(tag, level="contents")

    assert targets(pro) == [of_items(tag)]
    assert answer["shipments"][0]["shipment_reference"] == reference
    assert answer["headline"] == "1 of 2 items delivered"


@pytest.mark.parametrize("empty_lists", BOTH_WAYS)
def test_at_contents_level_the_one_shipment_of_an_order_is_shown_by_its_items(listing, empty_lists):
    pro, shopper = listing(empty_lists)
    tag = new_tag()
    parcel = shipment(
        event(), custom_reference=tag, shipment_contents=[item(event("delivered")), item(event())]
    )
    pro.put(parcel)

    answer = shopper.json(tag, level="contents")

    reference = parcel["shipment_reference"]
    assert targets(pro) == [of_items(tag), of_order(tag), f"{reference}/shipment_contents"]
    assert (answer["level"], answer["headline"]) == ("contents", "1 of 2 items delivered")
    assert answer["reference"] == tag


def test_at_contents_level_the_several_shipments_of_an_order_are_its_page(pro, shopper):
    tag, references = put_order(pro, 3)

    answer = shopper.json(tag, level="contents")

    assert targets(pro) == [of_items(tag), of_order(tag)]
    assert answer["total"] == 3
    assert [one["shipment_reference"] for one in answer["shipments"]] == references


@pytest.mark.parametrize("empty_lists", BOTH_WAYS)
def test_at_contents_level_what_nobody_carries_is_not_found(listing, empty_lists):
    pro, shopper = listing(empty_lists)
    tag = new_tag()

    shopper.json(tag, status=404, level="contents")

    assert targets(pro) == [of_items(tag), of_order(tag)]


def test_where_the_contents_of_the_one_shipment_fail_it_cannot_answer_now(pro, shopper):
    tag, (reference,) = put_order(pro, 1)
    pro.fault(Fault("status", status=500), reference)

    shopper.json(tag, status=503, level="contents")

    assert targets(pro)[-1] == f"{reference}/shipment_contents"


# An account that may not use the contents level

FORBIDDEN = Fault("status", status=403, body='{"code": "forbidden"}')


@pytest.fixture
def small(pro):
    """PRO with an account that has only the shipment level."""
    pro.fault(FORBIDDEN, CONTENTS)
    return pro


def test_without_contents_level_what_the_first_try_said_stands(small, shopper):
    tag, other = new_tag(), put_parcel(small, "in_transit")

    shopper.json(tag, status=404)
    shopper.json(tag, status=404)
    shopper.json(other)

    assert targets(small) == [of_order(tag), of_items(tag), other]


def test_without_contents_level_what_is_not_found_is_remembered_for_a_minute(small, shopper, clock):
    tag = new_tag()
    shopper.json(tag, status=404)
    clock.turn(seconds=53)
    shopper.json(tag, status=404)
    assert len(targets(small)) == 2
    small.put(shipment(event(), custom_reference=tag))
    clock.turn(seconds=8)

    assert shopper.json(tag)["total"] == 1


def test_without_contents_level_it_is_tried_once_a_minute_whatever_is_asked_for(
    small, shopper, clock
):
    for _ in range(3):
        for _ in range(10):
            shopper.json(new_tag(), status=404)
            reference = put_parcel(small, "in_transit")
            assert status_of(shopper.json(reference, level="contents")) == "in_transit"
        asked = targets(small)
        assert len([one for one in asked if "shipment_contents" in one]) == 1
        assert len(asked) == 10 + 10 + 1
        clock.turn(seconds=60)

    small.heal()
    tag, _ = put_items(small, "delivered")
    assert shopper.json(tag)["headline"] == "Delivered"


def test_without_contents_level_a_parcel_by_its_items_is_told_as_a_whole(small, shopper):
    reference = put_parcel(small, "out_for_delivery", shipment_contents=[item(event())])

    answer = shopper.json(reference, level="contents")
    page = shopper.ask(reference, level="contents").select_one("main")
    shopper.json(reference)

    assert targets(small) == [f"{reference}/shipment_contents", reference]
    assert answer["level"] == "contents"
    assert answer["shipments"][0]["items"] == []
    assert len(answer["shipments"][0]["events"]) == 1
    assert "does not tell us about each item separately" in page.get_text()
    assert "See the whole parcel" in page.get_text()


@pytest.mark.parametrize(("count", "page"), [(1, 1), (2, 1), (12, 2)])
def test_without_contents_level_an_order_by_its_items_is_its_parcels(small, shopper, count, page):
    tag, references = put_order(small, count)

    answer = shopper.json(tag, level="contents", page=str(page))

    shown = [one["shipment_reference"] for one in answer["shipments"]]
    assert (answer["total"], shown) == (count, references[10 * (page - 1) :])
    assert targets(small) == [of_items(tag, 10 * (page - 1)), of_order(tag, 10 * (page - 1))]


def test_without_contents_level_what_the_other_says_is_said(small, shopper):
    gone = put_parcel(small, "in_transit", state="removed")
    soon = put_parcel(small, state="processing")

    shopper.json(gone, status=410, level="contents")
    shopper.json(new_reference(), status=404, level="contents")
    shopper.json(new_tag(), status=404, level="contents")
    assert shopper.json(soon, level="contents")["shipments"][0]["events"] == []


def test_without_contents_level_where_the_other_fails_it_cannot_answer_now(small, shopper):
    reference = put_parcel(small, "in_transit")
    small.fault(Fault("reset"))

    shopper.json(reference, status=503, level="contents")

    assert targets(small) == [f"{reference}/shipment_contents", reference]


# Carriers that tell nothing item by item

SILENT_ITEMS = [[], [item(), item()], None]


@pytest.mark.parametrize("contents", SILENT_ITEMS)
def test_a_carrier_without_contents_level_gets_one_call_for_its_own_history(pro, shopper, contents):
    reference = put_parcel(pro, "out_for_delivery", shipment_contents=contents)

    answer = shopper.json(reference, level="contents")

    assert targets(pro) == [f"{reference}/shipment_contents", reference]
    assert answer["shipments"][0]["status"] == "out_for_delivery"
    assert len(answer["shipments"][0]["events"]) == 1


def test_its_own_history_comes_from_memory_where_it_is_known(pro, shopper):
    reference = put_parcel(pro, "out_for_delivery")
    shopper.json(reference)
    targets(pro)

    answer = shopper.json(reference, level="contents")

    assert targets(pro) == [f"{reference}/shipment_contents"]
    assert answer["shipments"][0]["status"] == "out_for_delivery"


def test_the_history_that_was_asked_for_on_the_way_is_remembered(pro, shopper):
    reference = put_parcel(pro, "out_for_delivery")
    shopper.json(reference, level="contents")
    targets(pro)

    shopper.json(reference)
    shopper.json(reference, level="contents")

    assert targets(pro) == []


def test_an_order_of_such_a_carrier_asks_for_its_items_and_nothing_twice(pro, shopper):
    tag, (reference,) = put_order(pro, 1, code="out_for_delivery")

    answer = shopper.json(tag, level="contents")

    assert targets(pro) == [of_items(tag), of_order(tag), f"{reference}/shipment_contents"]
    assert answer["shipments"][0]["status"] == "out_for_delivery"


def test_several_shipments_by_their_items_are_one_call_even_where_some_tell_nothing(pro, shopper):
    tag = new_tag()
    for events in ([event("delivered")], []):
        pro.put(shipment(shipment_contents=[item(*events, custom_reference=tag)]))

    answer = shopper.json(tag, level="contents")

    assert targets(pro) == [of_items(tag)]
    assert (answer["total"], answer["headline"]) == (2, "1 of 2 parcels delivered")


@pytest.mark.parametrize(
    ("level", "headline"), [("shipment", "On its way"), ("contents", "1 of 2 items delivered")]
)
def test_an_order_by_its_items_tells_of_these_and_never_of_a_whole_parcel(
    pro, shopper, level, headline
):
    """PRO lists the items that carry the reference: what else is in a parcel is asked for."""
    tag, parcels = new_tag(), []
    for _ in range(2):
        items = [item(event("delivered"), custom_reference=tag), item(event("in_transit"))]
        parcels.append(shipment(event("in_transit"), shipment_contents=items))
        pro.put(parcels[-1])
    order = shopper.json(tag)
    assert targets(pro) == [of_order(tag), of_items(tag)]
    assert [len(one["items"]) for one in order["shipments"]] == [1, 1]

    for one in parcels:
        answer = shopper.json(one["shipment_reference"], level=level)
        assert answer["headline"] == headline

    ending = "/shipment_contents" if level == "contents" else ""
    assert targets(pro) == [one["shipment_reference"] + ending for one in parcels]


def test_the_page_of_such_a_carrier_says_so_and_shows_the_parcels_own_history(pro, shopper):
    reference = put_parcel(pro, "out_for_delivery")

    page = shopper.ask(reference, level="contents")

    assert "does not tell us about each item separately" in page.select_one("main").get_text()
    assert len(page.select("[data-event-code=out_for_delivery]")) == 1


# Seen twice


@pytest.mark.parametrize("level", ["shipment", "contents"])
def test_a_page_seen_twice_costs_one_call_in_every_format(pro, shopper, level):
    _, reference = put_items(pro, "in_transit")

    first = shopper.json(reference, level=level)
    shopper.ask(reference, level=level)
    shopper.open("/embed", reference=reference, level=level)

    assert len(targets(pro)) == 1
    assert shopper.json(reference, level=level) == first


def test_a_reference_typed_in_another_way_is_the_same_question(pro, shopper):
    reference = put_parcel(pro, "in_transit")

    shopper.json(reference)
    shopper.json(f" {reference.upper()} ")
    shopper.json(f"“{reference}”")
    shopper.json(reference, utm_source="mail")

    assert targets(pro) == [reference]


def test_custom_references_that_differ_in_case_are_two(pro, shopper):
    tag, _ = put_order(pro, 1)
    shopper.json(tag)

    shopper.json(tag.lower(), status=404)

    assert targets(pro) == [of_order(tag), of_order(tag.lower()), of_items(tag.lower())]


@pytest.mark.parametrize("empty_lists", BOTH_WAYS)
@pytest.mark.parametrize("level", ["shipment", "contents"])
def test_not_found_seen_twice_costs_one_try_at_each_level(listing, empty_lists, level):
    pro, shopper = listing(empty_lists)
    tag = new_tag()
    shopper.json(tag, status=404, level=level)
    targets(pro)

    shopper.json(tag, status=404)
    shopper.json(tag, status=404, level="contents")
    shopper.ask(tag, status=404)

    assert targets(pro) == []


@pytest.mark.parametrize("state", ["removed", "quarantined"])
def test_gone_seen_twice_costs_one_call(pro, shopper, state):
    reference = put_parcel(pro, "in_transit", state=state)

    shopper.json(reference, status=410)
    shopper.ask(reference, status=410)

    assert targets(pro) == [reference]


def test_processing_seen_twice_costs_one_call(pro, shopper):
    reference = put_parcel(pro, state="processing")

    assert shopper.json(reference) == shopper.json(reference)

    assert targets(pro) == [reference]


def test_what_the_second_try_found_answers_both_levels(pro, shopper):
    tag, _ = put_items(pro, "in_transit")
    shopper.json(tag)
    targets(pro)

    shopper.json(tag)
    shopper.json(tag, level="contents")

    assert targets(pro) == []


def test_what_the_second_try_called_processing_answers_both_levels(pro, shopper):
    tag, _ = put_items(pro, "in_transit", state="processing")
    shopper.json(tag)
    targets(pro)

    shopper.json(tag)
    shopper.json(tag, level="contents")

    assert targets(pro) == []


def test_an_order_found_by_the_second_try_at_contents_level_is_known_at_both(pro, shopper):
    tag, references = put_order(pro, 2)
    shopper.json(tag, level="contents")
    targets(pro)

    shopper.json(tag, level="contents")
    shopper.json(tag)
    shopper.json(references[0])

    assert targets(pro) == []


# Orders


@pytest.mark.parametrize("count", [1, 2, 10])
def test_an_order_of_up_to_10_is_one_call_and_one_page(pro, shopper, count):
    tag, references = put_order(pro, count)

    answer = shopper.json(tag)

    assert targets(pro) == [of_order(tag)]
    assert (answer["total"], answer["page"], answer["pages"]) == (count, 1, 1)
    assert [one["shipment_reference"] for one in answer["shipments"]] == references


@pytest.mark.parametrize(
    ("count", "page", "skip", "shown", "range_shown"),
    [
        (11, "1", 0, 10, "Showing 1–10 of 11 parcels"),
        (11, "2", 10, 1, "Showing 11–11 of 11 parcels"),
        (12, "1", 0, 10, "Showing 1–10 of 12 parcels"),
        (12, "2", 10, 2, "Showing 11–12 of 12 parcels"),
        (23, "3", 20, 3, "Showing 21–23 of 23 parcels"),
    ],
)
def test_a_longer_order_is_asked_for_ten_by_ten(
    *, pro, shopper, count, page, skip, shown, range_shown
):
    tag, references = put_order(pro, count)

    answer = shopper.json(tag, page=page)
    soup = shopper.ask(tag, page=page)

    assert targets(pro) == [of_order(tag, skip)]
    assert (answer["total"], answer["page"], answer["pages"]) == (count, int(page), -(-count // 10))
    assert [one["shipment_reference"] for one in answer["shipments"]] == references[
        skip : skip + shown
    ]
    assert range_shown in soup.select_one("main").get_text()


@pytest.mark.parametrize(
    ("count", "page", "skip"), [(10, "2", 10), (12, "3", 20), (1, "999", 9980)]
)
def test_a_page_past_the_last_is_404_with_a_link_to_the_first(pro, shopper, count, page, skip):
    tag, _ = put_order(pro, count)

    error = shopper.json(tag, status=404, page=page)
    soup = shopper.ask(tag, status=404, page=page)

    assert error["error"]["code"] == "past_last"
    assert soup.select_one(f'a[href="/parcel?reference={tag}"]')
    assert targets(pro) == [of_order(tag, skip)]


def test_where_the_first_page_is_known_no_page_past_the_last_costs_a_call(pro, shopper):
    tag, _ = put_order(pro, 12)
    shopper.json(tag)
    targets(pro)

    for page in ("3", "4", "999"):
        error = shopper.json(tag, status=404, page=page)
        assert error["error"]["code"] == "past_last"

    assert targets(pro) == []
    assert len(shopper.json(tag, page="2")["shipments"]) == 2
    assert targets(pro) == [of_order(tag, 10)]


def test_a_shipment_has_no_second_page_and_no_call_is_made_for_one(pro, shopper):
    reference = put_parcel(pro, "in_transit")

    shopper.json(reference, status=404, page="2")

    assert targets(pro) == []


def test_the_shipments_of_an_order_are_known_afterwards_at_no_cost(pro, shopper):
    tag, references = put_order(pro, 12)
    shopper.json(tag)
    targets(pro)

    for reference in references[:10]:
        assert shopper.json(reference)["shipments"][0]["shipment_reference"] == reference

    assert targets(pro) == []
    shopper.json(references[10])
    assert targets(pro) == [references[10]]


# What is never remembered

FAILURES = [
    Fault("status", status=401, times=1),
    Fault("status", status=403, times=1),
    Fault("status", status=405, times=1),
    Fault("status", status=429, times=1),
    Fault("status", status=500, times=1),
    Fault("html", status=502, times=1),
    Fault("html", times=1),
    Fault("garbage", times=1),
    Fault("garbage", body="[]", times=1),
    Fault("garbage", body="{}", times=1),
    Fault("redirect", times=1),
    Fault("reset", times=1),
    Fault("truncate", times=1),
    Fault("wrong_shipment", times=1),
]


@pytest.mark.parametrize(
    "failure", FAILURES, ids=lambda fault: f"{fault.kind} {fault.status} {fault.body}"
)
def test_an_error_is_never_remembered(pro, shopper, clock, failure):
    reference = put_parcel(pro, "in_transit")
    pro.fault(failure, reference)

    shopper.json(reference, status=503)
    clock.turn(minutes=6)  # after some, PRO is left alone for a while
    after = shopper.json(reference)

    assert after["shipments"][0]["status"] == "in_transit"
    assert targets(pro) == [reference, reference]


@pytest.mark.parametrize("level", ["shipment", "contents"])
@pytest.mark.parametrize("reference", [None, "", "sp_1", "sp_" + "9" * 32, 7, "missing"])
def test_an_answer_about_another_shipment_or_none_is_wrong(pro, shopper, level, reference):
    asked = put_parcel(pro, "in_transit")
    body = "{}" if reference == "missing" else f'{{"shipment_reference": {_json(reference)}}}'
    pro.fault(Fault("garbage", body=body, times=1), asked)

    error = shopper.json(asked, status=503, level=level)

    assert error["error"]["code"] == "unavailable"
    assert shopper.json(asked, level=level)["shipments"][0]["shipment_reference"] == asked


def test_one_shipment_without_its_reference_in_an_order_is_a_wrong_answer(pro, shopper):
    tag, _ = put_order(pro, 1)
    body = '{"tracking_responses": [{"events": []}], "total_results": 1}'
    pro.fault(Fault("garbage", body=body, times=1), tag)

    shopper.json(tag, status=503)

    assert shopper.json(tag)["total"] == 1


def _json(value):
    return "null" if value is None else str(value) if isinstance(value, int) else f'"{value}"'


# Freshness

MINUTE, HOUR = 60, 3600


def last_fresh(seconds):
    """The last second in which it is fresh for certain: up to 10 % less are taken at random."""
    return seconds * 0.9 - 1


@pytest.mark.parametrize(
    ("codes", "seconds"),
    [
        (["out_for_delivery"], MINUTE),
        ([], 2 * MINUTE),
        (["for_information"], 2 * MINUTE),
        (["awaiting_drop_off"], 2 * MINUTE),
        (["collected_by_carrier"], 2 * MINUTE),
        (["in_transit"], 2 * MINUTE),
        (["in_transit_waiting"], 2 * MINUTE),
        (["at_customs"], 2 * MINUTE),
        (["delivery_failed"], 10 * MINUTE),
        (["delivery_failed_card_left"], 10 * MINUTE),
        (["action_required"], 10 * MINUTE),
        (["damaged"], 10 * MINUTE),
        (["missing"], 10 * MINUTE),
        (["delivered"], 6 * HOUR),
        (["delivered_damaged"], 6 * HOUR),
        (["returned_to_sender"], 6 * HOUR),
        (["destroyed"], 6 * HOUR),
        (["lost"], 6 * HOUR),
    ],
)
def test_a_parcel_is_fresh_for_as_long_as_its_status_lets_it_be(
    pro, shopper, clock, codes, seconds
):
    reference = put_parcel(pro, *codes)
    shopper.json(reference)
    targets(pro)

    clock.turn(seconds=last_fresh(seconds))
    renewed(shopper, reference)
    while_fresh = targets(pro)
    clock.turn(seconds=seconds - last_fresh(seconds) + 1)
    renewed(shopper, reference)

    assert (while_fresh, targets(pro)) == ([], [reference])


@pytest.mark.parametrize(
    ("state", "status", "seconds"),
    [(None, 404, MINUTE), ("removed", 410, MINUTE), ("processing", 200, 2 * MINUTE)],
)
def test_an_outcome_without_events_is_fresh_for_a_minute_or_two(
    *, pro, shopper, clock, state, status, seconds
):
    reference = put_parcel(pro, state=state) if state else new_reference()
    shopper.json(reference, status=status)
    targets(pro)

    clock.turn(seconds=last_fresh(seconds))
    shopper.json(reference, status=status)
    while_fresh = targets(pro)
    clock.turn(seconds=seconds - last_fresh(seconds) + 1)
    shopper.json(reference, status=status)
    landed(shopper, reference)

    assert (while_fresh, targets(pro)) == ([], [reference])


def test_what_was_not_found_is_found_a_minute_later(pro, shopper, clock):
    tag = new_tag()
    shopper.json(tag, status=404)

    pro.put(shipment(event(), custom_reference=tag))
    clock.turn(seconds=61)

    assert shopper.json(tag)["total"] == 1


def test_an_order_is_fresh_as_long_as_the_shortest_of_its_shipments(pro, shopper, clock):
    tag, _ = put_order(pro, 2, code="delivered")
    pro.put(shipment(event("out_for_delivery"), custom_reference=tag))
    shopper.json(tag)
    targets(pro)

    clock.turn(seconds=61)
    renewed(shopper, tag)

    assert targets(pro) == [of_order(tag)]


def test_an_order_that_is_delivered_as_a_whole_is_fresh_for_hours(pro, shopper, clock):
    tag, _ = put_order(pro, 2, code="delivered")
    shopper.json(tag)
    targets(pro)

    clock.turn(hours=5)
    renewed(shopper, tag)

    assert targets(pro) == []


def test_a_delivered_shipment_of_a_moving_order_stays_fresh_by_itself(pro, shopper, clock):
    tag, (reference,) = put_order(pro, 1, code="delivered")
    pro.put(shipment(event("out_for_delivery"), custom_reference=tag))
    shopper.json(tag)
    targets(pro)

    clock.turn(hours=5)
    renewed(shopper, reference)

    assert targets(pro) == []


def test_items_are_fresh_as_long_as_the_shortest_of_them(pro, shopper, clock):
    _, reference = put_items(pro, "delivered", "out_for_delivery")
    shopper.json(reference, level="contents")
    targets(pro)

    clock.turn(seconds=61)
    renewed(shopper, reference, level="contents")

    assert targets(pro) == [f"{reference}/shipment_contents"]


@pytest.mark.parametrize("contents", [[], [item(), item()]], ids=["no items", "silent items"])
def test_a_delivered_parcel_that_is_told_as_a_whole_is_fresh_for_hours(
    pro, shopper, clock, contents
):
    reference = put_parcel(pro, "delivered", shipment_contents=contents)
    shopper.json(reference, level="contents")
    targets(pro)

    clock.turn(hours=5)
    renewed(shopper, reference, level="contents")

    assert targets(pro) == []


def test_when_it_was_checked_is_when_pro_was_asked(pro, shopper, clock):
    reference = put_parcel(pro, "in_transit")
    first = shopper.json(reference)["checked_at"]

    clock.turn(seconds=60)
    remembered = shopper.json(reference)["checked_at"]
    clock.turn(seconds=61)
    old = renewed(shopper, reference)["checked_at"]
    asked_again = shopper.json(reference)["checked_at"]

    assert {first, remembered, old} == {"2026-11-24T14:00:00+00:00"}
    assert asked_again == "2026-11-24T14:02:01+00:00"


def test_a_new_scan_is_shown_when_the_old_answer_is_no_longer_fresh(pro, shopper, clock):
    parcel = shipment(event("in_transit"))
    pro.put(parcel)
    shopper.json(parcel["shipment_reference"])

    pro.put({**parcel, "events": [event("out_for_delivery", "2026-11-24T14:01:00Z")]})
    clock.turn(seconds=121)

    assert status_of(renewed(shopper, parcel["shipment_reference"])) == "in_transit"
    assert status_of(shopper.json(parcel["shipment_reference"])) == "out_for_delivery"


# Old answers

SHOWN_FOR = {"hours": 23, "minutes": 59}  # and no longer than a day
BROKEN = [
    Fault("status", status=400, body="{}"),
    Fault("status", status=401),
    Fault("status", status=403),
    Fault("status", status=405),
    Fault("status", status=429, retry_after=60),
    Fault("status", status=500),
    Fault("status", status=503, retry_after=30),
    Fault("html", status=502),
    Fault("html"),
    Fault("garbage"),
    Fault("garbage", body="{}"),
    Fault("redirect"),
    Fault("reset"),
    Fault("reset_mid"),
    Fault("truncate"),
    Fault("wrong_shipment"),
]


@pytest.fixture
def old(pro, shopper, clock):
    """A parcel that the shopper in front of it saw two minutes ago."""
    return seen_before(pro, shopper, clock)


def seen_before(pro, shopper, clock):
    reference = put_parcel(pro, "in_transit")
    shopper.json(reference)
    clock.turn(seconds=121)
    pro.forget_calls()
    return reference


def fresh(answer):
    return not answer["stale"]


def test_d13_an_old_answer_is_served_at_once_and_renewed_once_for_fifty_readers(
    pro, patient, clock
):
    reference = seen_before(pro, patient, clock)
    answers, seconds = [], []

    with held(pro, reference) as let_go:
        for _ in range(50):
            began = time.monotonic()
            answers.append(patient.json(reference))
            seconds.append(time.monotonic() - began)
            clock.turn(seconds=1.1)  # else a finished page is shown, and nobody looks
        assert is_asked(patient, reference)
        let_go()
    landed(patient, reference)
    renewed_now = patient.json(reference)

    assert targets(pro) == [reference]
    assert {answer["checked_at"] for answer in answers} == {NOON.isoformat()}
    assert all(map(fresh, answers))
    assert max(seconds) < 10 * 0.05
    assert renewed_now["checked_at"] == clock().isoformat()


def test_d13_fifty_readers_at_the_same_moment_make_one_call(pro, patient, clock):
    reference = seen_before(pro, patient, clock)

    with held(pro, reference) as let_go:
        answers = at_once(*[lambda: neighbour(patient).json(reference)] * 50)
        let_go()
    landed(patient, reference)

    assert targets(pro) == [reference]
    assert {answer["checked_at"] for answer in answers} == {NOON.isoformat()}
    assert patient.json(reference)["checked_at"] == clock().isoformat()


# A client may cause as many renewals as lookups


@pytest.fixture
def sparing(make_shopper):
    """In front of an application where each client may look up, and renew, three a minute."""
    return make_shopper(LIMIT_LOOKUPS="3")


def of_another_client(shopper):
    """Another one in front of the same application, behind another address."""
    other = neighbour(shopper)
    other.client.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    return other


def test_who_sees_again_all_that_it_has_looked_up_makes_no_more_calls_than_it_may(
    pro, sparing, clock
):
    seen, calls = [], []
    for _ in range(4):
        seen += [seen_now(pro, sparing) for _ in range(3)]
        clock.turn(seconds=121)
        pro.forget_calls()
        answers = [renewed(sparing, one) for one in seen]
        calls.append(len(pro.calls))
        assert all(map(fresh, answers))
        clock.turn(seconds=61)

    assert calls == [3, 3, 3, 3]


def seen_now(pro, shopper):
    reference = put_parcel(pro, "in_transit")
    shopper.json(reference)
    return reference


def used_up(pro, shopper, clock):
    """The shopper's client may renew nothing more in this minute."""
    others = [seen_now(pro, shopper) for _ in range(3)]
    clock.turn(seconds=121)
    for one in others:
        renewed(shopper, one)
    assert [shopper.json(one)["checked_at"] for one in others] == [clock().isoformat()] * 3
    pro.forget_calls()


def test_what_a_client_may_not_renew_it_sees_as_ever(pro, sparing, clock):
    old = seen_before(pro, sparing, clock)
    used_up(pro, sparing, clock)

    for _ in range(3):
        page, answer = sparing.ask(old), sparing.json(old)
        landed(sparing, old)
        assert page.select_one("main")["data-fresh"] == "fresh"
        assert (
            page.select_one(".answer__checked").get_text(" ", strip=True)
            == "We checked today at 14:00 UTC."
        )
        assert delayed(page) is None
        assert (fresh(answer), answer["checked_at"]) == (True, NOON.isoformat())
        clock.turn(minutes=15)
        used_up(pro, sparing, clock)


def test_a_client_that_may_renew_nothing_keeps_nobody_from_it(pro, sparing, clock):
    """Nor does the page that was finished for it."""
    old = seen_before(pro, sparing, clock)
    used_up(pro, sparing, clock)
    other = of_another_client(sparing)
    renewed(sparing, old)
    assert targets(pro) == []

    assert renewed(other, old)["checked_at"] == NOON.isoformat()
    assert targets(pro) == [old]
    assert sparing.json(old)["checked_at"] == clock().isoformat()


def test_a_minute_later_it_may_renew_again(pro, sparing, clock):
    old = seen_before(pro, sparing, clock)
    used_up(pro, sparing, clock)
    renewed(sparing, old)
    clock.turn(seconds=61)

    renewed(sparing, old)

    assert targets(pro) == [old]


def test_whoever_renews_as_much_as_may_be_looks_up_as_ever(pro, sparing, clock):
    """Hundreds of shoppers may be behind one address."""
    used_up(pro, sparing, clock)

    for _ in range(3):
        seen_now(pro, sparing)
    sparing.json(new_reference(), status=429)


def test_who_sees_an_old_answer_does_not_wait_until_its_renewal_is_counted(
    pro, sparing, clock, monkeypatch
):
    old = seen_before(pro, sparing, clock)
    counted, count = threading.Event(), Allowance.renewal
    monkeypatch.setattr(Allowance, "renewal", lambda *args: counted.wait(LONGEST) and count(*args))

    answer = sparing.json(old)
    assert (answer["checked_at"], targets(pro)) == (NOON.isoformat(), [])
    counted.set()
    landed(sparing, old)

    assert targets(pro) == [old]


@pytest.mark.parametrize("level", ["shipment", "contents"])
def test_an_old_answer_by_its_items_is_renewed_by_two_calls_at_most(pro, shopper, clock, level):
    tag, _ = put_items(pro, "in_transit")
    shopper.json(tag, level=level)
    clock.turn(seconds=121)
    targets(pro)

    assert fresh(renewed(shopper, tag, level=level))

    assert targets(pro) == ([of_order(tag)] if level == "shipment" else []) + [of_items(tag)]
    assert shopper.json(tag, level=level)["checked_at"] == clock().isoformat()


def test_a_renewed_order_renews_its_shipments(pro, shopper, clock):
    tag, references = put_order(pro, 2)
    shopper.json(tag)
    clock.turn(seconds=121)
    renewed(shopper, tag)
    targets(pro)

    answers = [shopper.json(reference) for reference in references]

    assert targets(pro) == []
    assert {answer["checked_at"] for answer in answers} == {clock().isoformat()}


@pytest.mark.parametrize("fault", BROKEN, ids=lambda f: f"{f.kind} {f.status} {f.body}")
def test_d15_where_renewing_fails_the_old_answer_stays_and_says_so(pro, shopper, clock, old, fault):
    fired = len(pro.fired)
    pro.fault(fault, old)

    first = renewed(shopper, old)
    second = shopper.json(old)
    page = shopper.ask(old)

    assert pro.fired[fired:] == [fault.kind]
    assert targets(pro) == [old]
    assert (first["stale"], second["stale"]) == (False, True)
    assert {first["checked_at"], second["checked_at"]} == {NOON.isoformat()}
    assert status_of(second) == "in_transit"
    assert page.select_one("main")["data-fresh"] == "stale"
    assert delayed(page) == "Last updated 14:00. Live updates are delayed."

    clock.turn(seconds=13)  # in 15 seconds, less a tenth at most
    assert renewed(shopper, old)["stale"]
    assert targets(pro) == []

    pro.heal()
    clock.turn(minutes=6)
    assert renewed(shopper, old)["stale"]
    recovered = shopper.json(old)
    assert (recovered["stale"], recovered["checked_at"]) == (False, clock().isoformat())
    page = shopper.ask(old)
    assert page.select_one("main")["data-fresh"] == "fresh"
    assert delayed(page) is None
    assert targets(pro) == [old]


def delayed(page):
    """The notice, if there is one."""
    notice = page.select_one(".answer__delayed")
    return notice and notice.get_text()


def test_after_fifteen_seconds_it_is_tried_again_by_one(pro, shopper, clock, old):
    pro.fault(Fault("status", status=500), old)
    renewed(shopper, old)

    for seconds in (15, 16, 17):
        targets(pro)
        clock.turn(seconds=seconds)
        renewed(shopper, old)
        renewed(shopper, old)
        assert targets(pro) == [old]

    assert shopper.json(old)["stale"]


def test_the_notice_says_when_for_people_and_for_machines(pro, shopper, clock, old):
    pro.fault(Fault("status", status=500), old)
    renewed(shopper, old)

    today = shopper.ask(old)
    clock.turn(hours=12)
    renewed(shopper, old)
    tomorrow = shopper.ask(old)

    assert today.select_one(".answer__delayed time")["datetime"] == "2026-11-24T14:00:00+00:00"
    assert today.select_one(".answer__delayed time").get_text() == "14:00"
    assert delayed(tomorrow) == ("Last updated 24 November at 14:00 UTC. Live updates are delayed.")
    assert "We checked" not in today.get_text() + tomorrow.get_text()


@pytest.mark.parametrize("path", ["/parcel", "/embed"])
def test_an_order_that_could_not_be_renewed_says_so_too(pro, shopper, clock, path):
    tag, _ = put_order(pro, 2)
    shopper.json(tag)
    clock.turn(seconds=121)
    pro.fault(Fault("reset"), tag)
    renewed(shopper, tag)

    page = shopper.open(path, reference=tag)

    assert delayed(page) == "Last updated 14:00. Live updates are delayed."
    assert page.select_one("main")["data-fresh"] == "stale"
    assert shopper.json(tag)["stale"]


def test_while_pro_is_left_alone_the_old_answer_is_shown_without_a_call(pro, shopper, clock, old):
    for _ in range(5):
        stranger = put_parcel(pro, "in_transit")
        pro.fault(Fault("status", status=500), stranger)
        shopper.json(stranger, status=503)
    assert shopper.get("/readyz").json["pro"] == "paused"
    targets(pro)

    first = renewed(shopper, old)
    second = shopper.json(old)

    assert (first["stale"], second["stale"]) == (False, True)
    assert targets(pro) == []


def test_a25_where_every_other_call_fails_who_has_seen_it_always_sees_it(pro, shopper, clock, old):
    seconds, views, fired = 10, 60, len(pro.fired)
    for view in range(views):
        if view % 2:
            pro.fault(Fault("status", status=500, times=1), old)
        renewed(shopper, old)
        clock.turn(seconds=seconds)

    assert 2 < len(targets(pro)) <= seconds * views / 13.5
    assert len(pro.fired) > fired + 2


@pytest.mark.parametrize(("state", "status"), [(None, 404), ("removed", 410), ("quarantined", 410)])
def test_b4_what_is_no_longer_there_replaces_what_was_found_once_it_is_renewed(
    pro, shopper, clock, old, state, status
):
    pro.remove(old)
    if state:
        pro.put(shipment(shipment_reference=old, state=state))

    assert status_of(renewed(shopper, old)) == "in_transit"
    shopper.json(old, status=status)
    shopper.ask(old, status=status)
    assert targets(pro) == [old]

    clock.turn(seconds=61)
    pro.fault(Fault("status", status=500), old)
    shopper.json(old, status=503)  # what was found before does not come back


@pytest.mark.parametrize("level", ["shipment", "contents"])
def test_b4_an_order_that_is_no_longer_there_is_not_found_at_either_level(
    pro, shopper, clock, level
):
    tag, reference = put_items(pro, "in_transit")
    shopper.json(tag)
    shopper.json(tag, level="contents")
    pro.remove(reference)
    clock.turn(seconds=121)
    targets(pro)

    renewed(shopper, tag, level=level)
    shopper.json(tag, level=level, status=404)
    other = "contents" if level == "shipment" else "shipment"
    renewed(shopper, tag, level=other)
    shopper.json(tag, level=other, status=404)

    assert sorted(targets(pro)) == sorted([of_order(tag), of_items(tag)])


def test_d14_after_a_day_an_answer_is_not_shown_any_more(pro, shopper, clock):
    reference = put_parcel(pro, "in_transit")
    shopper.json(reference)
    pro.fault(Fault("status", status=500), reference)

    clock.turn(**SHOWN_FOR)
    renewed(shopper, reference)
    assert shopper.json(reference)["stale"]
    targets(pro)
    clock.turn(minutes=1, seconds=1)
    error = shopper.json(reference, status=503)

    assert error["error"]["code"] == "unavailable"
    assert targets(pro) == [reference]
    pro.heal()
    clock.turn(seconds=61)
    assert fresh(shopper.json(reference))


@pytest.mark.parametrize("hours", [1, -1])
def test_d17_a_clock_that_is_set_shows_no_time_to_come_and_is_renewed_in_time(
    pro, shopper, clock, hours
):
    reference = put_parcel(pro, "in_transit")
    for _ in range(3):
        shopper.json(reference)
    clock.set(NOON + timedelta(hours=hours))
    targets(pro)

    shown = [renewed(shopper, reference)]
    clock.turn(seconds=121)
    shown.append(renewed(shopper, reference))
    shown.append(shopper.json(reference))

    assert [one["checked_at"] <= clock().isoformat() for one in shown] == [True] * 3
    assert shown[0]["checked_at"] <= (NOON + timedelta(hours=hours)).isoformat()
    assert 1 <= len(targets(pro)) <= 2
    assert all(map(fresh, shown))


# D20: what nobody expected


@pytest.fixture
def break_once(monkeypatch):
    """The next answer of PRO meets a fault of ours."""

    def arm():
        def broken(shipments):
            monkeypatch.undo()
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr("tracking.calls.note_new_codes", broken)

    return arm


def test_d20_after_a_fault_of_ours_the_next_who_asks_is_answered(pro, shopper, break_once):
    reference = put_parcel(pro, "in_transit")
    break_once()

    shopper.json(reference, status=500)
    after = shopper.json(reference)

    assert status_of(after) == "in_transit"
    assert targets(pro) == [reference, reference]


def test_d20_a_fault_of_ours_while_renewing_leaves_the_old_answer_to_be_renewed_later(
    pro, shopper, clock, old, break_once
):
    break_once()

    renewed(shopper, old)
    assert targets(pro) == [old]
    clock.turn(seconds=16)
    assert status_of(renewed(shopper, old)) == "in_transit"

    assert targets(pro) == [old]
    assert shopper.json(old)["checked_at"] == clock().isoformat()


def test_d20_a_fault_of_ours_while_renewing_is_logged_and_not_met_on_every_view(
    pro, shopper, clock, old, break_once, caplog
):
    break_once()
    renewed(shopper, old)
    targets(pro)

    clock.turn(seconds=2)
    answer = renewed(shopper, old)

    assert "RuntimeError" in caplog.text
    assert targets(pro) == []
    assert answer["stale"]


# Many at once

MOST_WAITING = 96


def crowd_of(count, shopper, reference, **query):
    """So many visits, each by a shopper of its own: the statuses."""

    def visit():
        return neighbour(shopper).get("/parcel.json", reference=reference, **query).status_code

    return [visit] * count


def unknown_tag(pro):
    return new_tag(), 404, 2


def unknown_reference(pro):
    return new_reference(), 404, 1


def removed_parcel(pro):
    return put_parcel(pro, state="removed"), 410, 1


def known_parcel(pro):
    return put_parcel(pro, "in_transit"), 200, 1


def known_order(pro):
    return put_order(pro, 2)[0], 200, 1


def known_by_its_items(pro):
    return put_items(pro, "in_transit")[0], 200, 2


ASKED_FOR = [
    known_parcel,
    known_order,
    known_by_its_items,
    unknown_reference,
    unknown_tag,
    removed_parcel,
]


@pytest.mark.parametrize("put", ASKED_FOR)
def test_as_many_as_may_wait_ask_at_once_and_it_is_asked_once(pro, patient, put):
    reference, status, calls = put(pro)

    statuses = at_once(*crowd_of(MOST_WAITING, patient, reference))

    assert statuses == [status] * MOST_WAITING
    asked = targets(pro)
    assert (len(asked), len(set(asked))) == (calls, calls)


@pytest.mark.parametrize("put", [known_parcel, unknown_reference])
def test_of_a_hundred_who_wait_four_are_told_to_come_back_at_once(pro, patient, put):
    reference, status, _ = put(pro)

    with (
        held(pro, reference) as let_go,
        crowd(*crowd_of(100, patient, reference)) as visits,
    ):
        until(lambda: sum(visit.done() for visit in visits) == 100 - MOST_WAITING)
        refused = [visit.result() for visit in visits if visit.done()]
        let_go()

    assert refused == [503] * 4
    assert sorted(visit.result() for visit in visits) == sorted([status] * 96 + [503] * 4)
    assert targets(pro) == [reference]


@pytest.mark.parametrize("put", [known_parcel, known_order, unknown_tag])
def test_all_who_wait_are_told_when_the_call_fails_and_none_asks_in_its_place(
    pro, patient, monkeypatch, put
):
    reference, *_ = put(pro)
    waiting = who_waits(patient, monkeypatch)

    with (
        held(pro, reference, kind="hang") as let_go,
        crowd(*crowd_of(MOST_WAITING, patient, reference)) as visits,
    ):
        until(lambda: len(waiting) == MOST_WAITING)
        let_go()

    assert {visit.result() for visit in visits} == {503}
    assert len(targets(pro)) == 1


def who_waits(shopper, monkeypatch):
    """Grows by one with everybody who begins to wait for an answer on its way."""
    waiting, flights = [], lookup_of(shopper).flights

    def noted(get):
        def get_and_note(*args):
            future = get(*args)
            if future:
                waiting.append(future)
            return future

        return get_and_note

    monkeypatch.setattr(flights, "going", noted(flights.going))
    monkeypatch.setattr(flights, "join", noted(flights.join))
    return waiting


@pytest.mark.parametrize(
    ("put", "statuses", "calls"),
    [
        (unknown_tag, {404}, 2),
        (known_by_its_items, {200}, 2),
        (known_order, {200}, 2),
        (lambda pro: put_order(pro, 1), {200}, 3),
    ],
    ids=["unknown", "items", "order", "one parcel"],
)
def test_both_levels_asked_at_once_ask_each_endpoint_once(pro, patient, put, statuses, calls):
    tag, *_ = put(pro)

    got = at_once(
        *crowd_of(40, patient, tag, level="shipment"), *crowd_of(40, patient, tag, level="contents")
    )

    assert set(got) == statuses
    asked = targets(pro)
    assert (len(asked), len(set(asked))) == (calls, calls)


def test_a_shipment_and_its_silent_items_asked_at_once_ask_each_endpoint_once(pro, patient):
    reference = put_parcel(pro, "in_transit")

    got = at_once(
        *crowd_of(40, patient, reference),
        *crowd_of(40, patient, reference, level="contents"),
    )

    assert set(got) == {200}
    assert sorted(targets(pro)) == [reference, f"{reference}/shipment_contents"]


@pytest.mark.parametrize(("first", "then"), [("shipment", of_items), ("contents", of_order)])
@pytest.mark.parametrize("found", [False, True])
def test_where_the_second_try_fails_the_first_is_not_made_again(
    pro, shopper, clock, first, then, found
):
    tag = new_tag()
    pro.fault(Fault("status", status=404, times=1), tag)
    pro.fault(Fault("status", status=500))
    shopper.json(tag, status=503, level=first)
    assert len(targets(pro)) == 2
    pro.heal()
    if found and first == "shipment":
        pro.put(shipment(shipment_contents=[item(event(), custom_reference=tag)]))
    if found and first == "contents":
        for _ in range(2):
            pro.put(shipment(event(), custom_reference=tag))

    shopper.json(tag, status=200 if found else 404, level=first)

    assert targets(pro) == [then(tag)]


def test_a_hanging_pro_costs_a_shopper_the_deadline_and_one_call(pro, make_shopper):
    shopper = make_shopper(PRO_DEADLINE="0.3")
    reference = put_parcel(pro, "in_transit")
    pro.fault(Fault("hang"), reference)

    began = time.monotonic()
    shopper.json(reference, status=503)
    seconds = time.monotonic() - began

    assert 0.3 <= seconds < 10 * (0.3 + 0.2)
    assert targets(pro) == [reference]
    pro.heal()
    assert status_of(shopper.json(reference)) == "in_transit"


# A24: the bulkhead

MOST_CALLS = 64


def test_a24_one_that_hangs_delays_no_other(pro, patient):
    hanging = put_parcel(pro, "in_transit")
    others = [put_parcel(pro, "in_transit") for _ in range(10)]

    with held(pro, hanging) as let_go, crowd(*crowd_of(5, patient, hanging)) as visits:
        until(lambda: is_asked(patient, hanging))
        answers = [patient.json(other) for other in others]
        waiting = [visit.done() for visit in visits]
        let_go()

    assert list(map(status_of, answers)) == ["in_transit"] * 10
    assert waiting == [False] * 5
    assert [visit.result() for visit in visits] == [200] * 5
    assert sorted(targets(pro)) == sorted([hanging, *others])


def test_who_has_waited_for_others_of_the_same_address_has_as_long_for_pro(pro, make_shopper):
    """PRO has its time from when it is asked."""
    shopper = make_shopper(PRO_DEADLINE="1")
    allowance = lookup_of(shopper).allowance

    @contextmanager
    def after_others(network):
        time.sleep(1 + PATIENCE)
        with allowance.lookup(network):
            yield

    waiting = replace(lookup_of(shopper), allowance=SimpleNamespace(lookup=after_others))
    site = shopper.client.application.extensions
    site["parcel_page"] = replace(site["parcel_page"], lookup=waiting)

    assert shopper.json(put_parcel(pro, "in_transit"))


def test_a24_all_threads_may_hang_but_nothing_queues_and_nothing_is_lost(pro, patient, clock):
    old = seen_before(pro, patient, clock)
    seen = put_parcel(pro, "in_transit")
    patient.json(seen)
    hanging = [put_parcel(pro, "in_transit") for _ in range(MOST_CALLS)]
    late = put_parcel(pro, "in_transit")
    targets(pro)

    visits = [visit for one in hanging for visit in crowd_of(1, patient, one)]
    with held(pro, *hanging) as let_go, crowd(*visits) as begun:
        until(lambda: len(pro.calls) == MOST_CALLS)
        refused = patient.get("/parcel.json", reference=late)
        remembered = [patient.json(seen), patient.json(old)]
        let_go()

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert all(map(fresh, remembered))
    assert {visit.result() for visit in begun} == {200}
    assert sorted(targets(pro)) == sorted(hanging)
    until(lambda: patient.get("/parcel.json", reference=late).status_code == 200)
    assert targets(pro) == [late]


# F12: who does not read the answer


@pytest.fixture(params=["HEAD", "prefetch", "prefetch;prerender"])
def glance(request):
    """Ask for a page without reading it: the status."""

    def look(shopper, reference):
        at = {"path": "/parcel.json", "query_string": {"reference": reference}}
        if request.param == "HEAD":
            return shopper.client.head(**at).status_code
        return shopper.client.get(**at, headers={"Sec-Purpose": request.param}).status_code

    return look


@pytest.mark.parametrize("put", ASKED_FOR)
def test_f12_who_only_glances_never_makes_a_call(pro, shopper, glance, put):
    reference, status, _ = put(pro)

    assert glance(shopper, reference) == 503
    assert targets(pro) == []
    shopper.json(reference, status=status)
    targets(pro)
    assert glance(shopper, reference) == status
    assert targets(pro) == []


def test_f12_who_only_glances_renews_nothing_but_the_next_reader_does(
    pro, shopper, clock, old, glance
):
    assert glance(shopper, old) == 200
    landed(shopper, old)
    assert targets(pro) == []

    clock.turn(seconds=1.1)  # that long the page of the glance is kept
    renewed(shopper, old)
    assert targets(pro) == [old]


# Bad input


@pytest.mark.parametrize(
    "query",
    [
        "reference=",
        "reference=%20%20",
        "reference=%E2%80%8B",
        "reference=.",
        "reference=..",
        "reference=shipment_contents",
        "reference=sp_123",
        "reference=sp_" + "1" * 31,
        "reference=sp_" + "1" * 33,
        "reference=sc_" + "1" * 32,
        "reference=tr_" + "1" * 32,
        "reference=SC_" + "1" * 32,
        "reference=" + "x" * 51,
        "reference=" + "%F0%9F%98%80" * 26,
        "reference=A%00B",
        "reference=A%0AB",
        "reference=A&reference=B",
        "reference=A&reference=A",
        "reference=A&level=parcel",
        "reference=A&level=",
        "reference=A&level=shipment&level=shipment",
        "reference=A&page=0",
        "reference=A&page=-1",
        "reference=A&page=1000",
        "reference=A&page=01",
        "reference=A&page=two",
        "reference=A&page=",
        "reference=A&page=%D9%A1",
        "reference=A&page=1&page=2",
        "reference=A&lang=en&lang=de",
        "reference=A&key=x&key=y",
    ],
)
@pytest.mark.parametrize("path", ["/parcel", "/parcel.json", "/embed"])
def test_bad_input_is_400_and_makes_no_call(pro, shopper, path, query):
    response = shopper.get(f"{path}?{query}")

    assert response.status_code == 400
    assert targets(pro) == []


@pytest.mark.parametrize("path", ["/parcel", "/parcel.json"])
def test_a_question_without_a_reference_is_400_and_makes_no_call(pro, shopper, path):
    response = shopper.get(path)

    assert response.status_code == 400
    assert targets(pro) == []


@pytest.mark.parametrize("path", ["/", "/embed", "/healthz", "/assets/parcel.css", "/nowhere"])
def test_nothing_but_a_question_makes_a_call(pro, shopper, path):
    shopper.get(path).close()

    assert targets(pro) == []


@pytest.mark.parametrize("reference", ["x" * 50, "😀" * 25])
def test_fifty_utf_16_units_are_asked_for(pro, shopper, reference):
    shopper.json(reference, status=404)

    assert len(targets(pro)) == 2


def test_what_the_first_view_made_is_what_the_second_gets(pro, shopper):
    reference = put_parcel(pro, "in_transit")
    metrics.Often.hand_over()
    before = metrics.answers.labels("200", "before")._value.get()

    first, second = (shopper.get("/parcel", reference=reference) for _ in range(2))

    assert first.data == second.data
    metrics.Often.hand_over()
    assert metrics.answers.labels("200", "before")._value.get() == before + 1
