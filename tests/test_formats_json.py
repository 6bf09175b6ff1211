"""The JSON answer: its exact shape, and that it never disagrees with the page."""

from datetime import datetime

import pytest

from tests.conftest import NOON
from tests.shipments import event, item, shipment
from tests.shops import shopper_of
from tracking.pro.simulator import STORIES, Fault, Simulator

TEXT = (str, type(None))
NUMBER = (int, type(None))

ANSWER = {
    "reference": str,
    "kind": str,
    "level": str,
    "total": int,
    "page": int,
    "pages": int,
    "checked_at": str,
    "stale": bool,
    "headline": str,
    "tone": str,
    "shipments": list,
}
SHIPMENT = {
    "shipment_reference": TEXT,
    "custom_reference": TEXT,
    "headline": str,
    "tone": str,
    "status": TEXT,
    "step": NUMBER,
    "final": bool,
    "notes": list,
    "expected_delivery_date": TEXT,
    "earlier_expected_delivery_dates": list,
    "delivered_at": TEXT,
    "carrier": dict,
    "carrier_references": list,
    "derivation": dict,
    "events": list,
    "items": list,
}
CARRIER = {"reference": TEXT, "name": TEXT, "service_reference": TEXT, "service_name": TEXT}
EVENT = {
    "reference": TEXT,
    "code": TEXT,
    "title": str,
    "description": TEXT,
    "timestamp": TEXT,
    "received_timestamp": TEXT,
    "location": TEXT,
    "signee": TEXT,
}
ITEM = {
    "reference": TEXT,
    "custom_reference": TEXT,
    "headline": str,
    "status": TEXT,
    "tone": str,
    "step": NUMBER,
    "final": bool,
    "carrier_references": list,
    "derivation": dict,
    "events": list,
}
DERIVATION = {"rule": TEXT, "event": TEXT, "item": TEXT, "grounds": list}
GROUND = {"rule": str, "effect": str, "event": TEXT, "code": TEXT, "of": TEXT}
TONES = {"good", "neutral", "warning", "problem"}
NOTES = ["late", "damage", "overdue", "newer_note", "scans_after_final", "quiet"]


@pytest.fixture(scope="module")
def pro():
    """One for all tests here; its stories are told for the afternoon on which they are read."""
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shopper(pro):
    """In front of an application that stays up: no two tests put in the same shipment."""
    return shopper_of(pro)


@pytest.fixture
def opened(pro):
    """An application that hides nothing."""
    return shopper_of(pro, PRIVACY="open")


def check_fields(value, fields):
    """Exactly these keys in this order, each of its type; a bool is no number."""
    assert list(value) == list(fields)
    for name, kind in fields.items():
        assert isinstance(value[name], kind), name
        assert isinstance(value[name], bool) is (kind is bool), name


def check_events(events):
    for one in events:
        check_fields(one, EVENT)


def check_derivation(value):
    check_fields(value, DERIVATION)
    for ground in value["grounds"]:
        check_fields(ground, GROUND)


def check_standing(value):
    check_derivation(value["derivation"])
    assert value["tone"] in TONES
    assert value["step"] in {None, 1, 2, 3, 4, 5}
    assert value["status"] != ""


def check_answer(answer):
    """The shape of design.md, JSON, all the way down."""
    check_fields(answer, ANSWER)
    assert answer["kind"] in {"reference", "custom_reference"}
    assert answer["level"] in {"shipment", "contents"}
    assert answer["tone"] in TONES
    assert datetime.fromisoformat(answer["checked_at"]).utcoffset() is not None
    for parcel in answer["shipments"]:
        check_fields(parcel, SHIPMENT)
        check_fields(parcel["carrier"], CARRIER)
        check_standing(parcel)
        check_events(parcel["events"])
        assert parcel["notes"] == [note for note in NOTES if note in parcel["notes"]]
        assert all(isinstance(one, str) for one in parcel["carrier_references"])
        for part in parcel["items"]:
            check_fields(part, ITEM)
            check_standing(part)
            check_events(part["events"])


def text(element):
    return element.get_text()


def marked(page, attribute):
    return page.find_all(attrs={attribute: True})


# Every story


@pytest.mark.parametrize("level", ["shipment", "contents"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_page_and_json_agree_about_every_story(shopper, story, level):
    response = shopper.get("/parcel.json", reference=story.reference, level=level)
    page = shopper.ask(story.reference, response.status_code, level=level)

    if response.status_code != 200:
        assert response.json["error"]["message"].startswith(text(page.h1))
        return
    check_answer(response.json)
    parcels = response.json["shipments"]
    assert text(page.h1) == response.json["headline"]
    marks = ["data-shipment-reference", "data-status", "data-tone", "data-step"]
    fields = ["shipment_reference", "status", "tone", "step"]
    assert [[found[mark] for mark in marks] for found in marked(page, "data-tone")] == [
        [str(parcel[field] or "") for field in fields] for parcel in parcels
    ]
    assert sorted(  # the page shows the worst first, the JSON keeps the carrier's order
        [found["data-contents-reference"], found["data-status"]]
        for found in marked(page, "data-contents-reference")
    ) == sorted(
        [part["reference"] or "", part["status"] or ""]
        for parcel in parcels
        for part in parcel["items"]
    )
    assert sorted(found["data-event-code"] for found in marked(page, "data-event-code")) == sorted(
        one["code"] or ""
        for parcel in parcels
        for owner in [parcel, *parcel["items"]]
        for one in owner["events"]
    )


@pytest.mark.parametrize(
    "story", [story for story in STORIES if not story.moves], ids=lambda story: story.name
)
def test_every_story_is_told_with_the_status_that_it_promises(shopper, story):
    response = shopper.get("/parcel.json", reference=story.reference)

    statuses = [parcel["status"] for parcel in response.json.get("shipments", [])] or [None]
    assert statuses[0] == story.status


# The shape


def test_a_full_shipment_is_told_in_full(pro, opened):
    full = event(
        "in_transit",
        "2026-11-24T09:00:00+01:00",
        description="Parcel scanned",
        location="Leeds",
        signee="A. Baker",
        received_timestamp="2026-11-24T08:05:00.000Z",
    )
    mine = shipment(full, expected_delivery_date="2026-11-25T00:00:00+00:00")
    pro.put(mine)

    answer = opened.json(mine["shipment_reference"])

    assert answer == {
        "reference": mine["shipment_reference"],
        "kind": "reference",
        "level": "shipment",
        "total": 1,
        "page": 1,
        "pages": 1,
        "checked_at": "2026-11-24T14:00:00+00:00",
        "stale": False,
        "headline": "On its way",
        "tone": "neutral",
        "shipments": [
            {
                "shipment_reference": mine["shipment_reference"],
                "custom_reference": mine["custom_reference"],
                "headline": "On its way",
                "tone": "neutral",
                "status": "in_transit",
                "step": 3,
                "final": False,
                "notes": [],
                "expected_delivery_date": "2026-11-25",
                "earlier_expected_delivery_dates": [],
                "delivered_at": None,
                "carrier": {
                    "reference": "CAR",
                    "name": "Test Carrier",
                    "service_reference": "NEXT",
                    "service_name": "Next Day",
                },
                "carrier_references": mine["carrier_references"],
                "derivation": {
                    "rule": "S5",
                    "event": full["reference"],
                    "item": None,
                    "grounds": [
                        {
                            "rule": "S5",
                            "effect": "decided",
                            "event": full["reference"],
                            "code": "in_transit",
                            "of": None,
                        }
                    ],
                },
                "events": [
                    {
                        "reference": full["reference"],
                        "code": "in_transit",
                        "title": "On its way",
                        "description": "Parcel scanned",
                        "timestamp": "2026-11-24T09:00:00+01:00",
                        "received_timestamp": "2026-11-24T08:05:00.000Z",
                        "location": "Leeds",
                        "signee": "A. Baker",
                    }
                ],
                "items": [],
            }
        ],
    }


def test_what_is_absent_is_null_and_never_left_out(pro, shopper):
    bare = {"shipment_reference": shipment()["shipment_reference"], "events": [{"event_code": "x"}]}
    pro.put(bare)

    answer = shopper.json(bare["shipment_reference"])

    (parcel,) = answer["shipments"]
    check_answer(answer)
    assert parcel["carrier"] == dict.fromkeys(CARRIER)
    assert [name for name, value in parcel.items() if value is None] == [
        "custom_reference",
        "status",
        "expected_delivery_date",
        "delivered_at",
    ]
    assert parcel["carrier_references"] == []
    assert parcel["events"] == [
        dict.fromkeys(EVENT) | {"code": "x", "title": "Update from the delivery company"}
    ]


def test_items_are_told_in_full_and_the_parcel_has_all_their_numbers(pro, shopper):
    mine = shipment(
        shipment_contents=[
            item(event("delivered"), custom_reference="SHIRT", carrier_references=["A", "B"]),
            item(event("delayed"), carrier_references=["B", "C"]),
        ]
    )
    pro.put(mine)

    answer = shopper.json(mine["shipment_reference"], level="contents")

    (parcel,) = answer["shipments"]
    check_answer(answer)
    assert (answer["level"], parcel["carrier_references"]) == ("contents", ["A", "B", "C"])
    assert parcel["events"] == []
    assert [
        {name: part[name] for name in part if name not in {"events", "reference", "derivation"}}
        for part in parcel["items"]
    ] == [
        {
            "custom_reference": "SHIRT",
            "headline": "Delivered",
            "status": "delivered",
            "tone": "good",
            "step": 5,
            "final": True,
            "carrier_references": ["A", "B"],
        },
        {
            "custom_reference": None,
            "headline": "Running late",
            "status": "delayed",
            "tone": "warning",
            "step": 2,
            "final": False,
            "carrier_references": ["B", "C"],
        },
    ]
    assert [len(part["events"]) for part in parcel["items"]] == [1, 1]


def test_the_derivation_names_the_rule_the_scan_and_what_every_other_scan_did(pro, shopper):
    at = "2026-11-24T09:00:00+00:00"
    moved = event("in_transit", "2026-11-24T08:00:00+00:00")
    left, copy = event("delivered", at, description="Left"), event("delivered", at)
    copy["description"] = "LEFT"
    late = event("in_transit", "2026-11-24T10:00:00+00:00")
    note = event("for_information", "2026-11-24T11:00:00+00:00")
    pro.put(mine := shipment(moved, left, copy, late, note))

    (parcel,) = shopper.json(mine["shipment_reference"])["shipments"]

    told = parcel["derivation"]
    kept, folded = sorted([left, copy], key=lambda one: one["reference"])
    assert (told["rule"], told["event"], told["item"]) == ("S6", kept["reference"], None)
    assert [tuple(ground.values()) for ground in told["grounds"]] == [
        ("S6", "after_end", late["reference"], "in_transit", None),
        ("S6", "decided", kept["reference"], "delivered", None),
        ("S5", "led", moved["reference"], "in_transit", None),
        ("S1", "newer_note", note["reference"], "for_information", None),
        ("P-c", "copy", folded["reference"], "delivered", kept["reference"]),
    ]


def test_the_derivation_of_a_parcel_told_by_item_names_the_item_that_decided(pro, shopper):
    items = [item(event("delivered")), item(delay := event("delayed")), item()]
    pro.put(mine := shipment(shipment_contents=items))

    (parcel,) = shopper.json(mine["shipment_reference"], level="contents")["shipments"]

    assert parcel["derivation"] == {
        "rule": "S12",
        "event": delay["reference"],
        "item": items[1]["reference"],
        "grounds": [],
    }
    nothing = {"rule": None, "event": None, "item": None, "grounds": []}
    assert [one["derivation"]["rule"] for one in parcel["items"]] == ["S5", "S5", None]
    assert parcel["items"][2]["derivation"] == nothing


def test_the_derivation_of_an_item_without_news_names_the_scan_of_its_parcel(pro, shopper):
    pro.put(mine := shipment(moved := event("in_transit"), shipment_contents=[item()]))
    shopper.json(mine["shipment_reference"])

    (parcel,) = shopper.json(mine["shipment_reference"], level="contents")["shipments"]

    (told,) = (one["derivation"] for one in parcel["items"])
    assert (told["rule"], told["event"], told["item"]) == ("S12", moved["reference"], None)


def test_items_are_empty_at_shipment_level(pro, shopper):
    mine = shipment(event(), shipment_contents=[item(event("delivered"))])
    pro.put(mine)

    assert shopper.json(mine["shipment_reference"])["shipments"][0]["items"] == []


def test_an_order_is_told_with_counts_in_digits_and_worst_first(pro, shopper):
    tag = "FORMATS-3"
    for code in ("delivered", "in_transit", "lost"):
        pro.put(shipment(event(code), custom_reference=tag))

    answer = shopper.json(tag)

    check_answer(answer)
    assert (answer["kind"], answer["total"], answer["pages"]) == ("custom_reference", 3, 1)
    assert (answer["headline"], answer["tone"]) == ("1 of 3 parcels delivered", "problem")
    assert [one["status"] for one in answer["shipments"]] == ["lost", "in_transit", "delivered"]


@pytest.mark.parametrize("level", ["shipment", "contents"])
@pytest.mark.parametrize("tagged", [True, False])
def test_processing_is_one_shipment_without_events(pro, shopper, level, tagged):
    mine = shipment(state="processing")
    pro.put(mine)
    reference = mine["custom_reference" if tagged else "shipment_reference"]

    answer = shopper.json(reference, level=level)

    check_answer(answer)
    (parcel,) = answer["shipments"]
    assert (answer["total"], answer["pages"], answer["headline"]) == (1, 1, "No updates yet")
    assert (parcel["events"], parcel["items"], parcel["status"]) == ([], [], None)
    assert (parcel["tone"], parcel["step"], parcel["final"]) == ("neutral", 1, False)
    assert parcel["shipment_reference"] == (None if tagged else reference)


@pytest.mark.parametrize(
    ("code", "status", "title"),
    [
        ("collected", "collected_by_carrier", "Picked up by Test Carrier"),
        ("customer_collected", "delivered", "Delivered"),
        ("zz_new_code", None, "Update from Test Carrier"),
        ("for_information", None, "Update from Test Carrier"),
        (None, None, "Update from Test Carrier"),
    ],
)
def test_the_status_is_a_code_of_the_contract_and_an_events_code_is_pros_own(
    pro, shopper, code, status, title
):
    mine = shipment(event(code))
    pro.put(mine)

    (parcel,) = shopper.json(mine["shipment_reference"])["shipments"]

    assert parcel["status"] == status
    assert (parcel["events"][0]["code"], parcel["events"][0]["title"]) == (code, title)


@pytest.mark.parametrize(
    ("code", "step", "final"),
    [
        ("awaiting_drop_off", 1, False),
        ("collected_by_carrier", 2, False),
        ("in_transit", 3, False),
        ("out_for_delivery", 4, False),
        ("delivered", 5, True),
        ("delivered_damaged", 5, True),
        ("returned_to_sender", None, True),
        ("destroyed", None, True),
        ("lost", None, True),
    ],
)
def test_steps_and_ends_are_told_as_promised(pro, shopper, code, step, final):
    mine = shipment(event(code))
    pro.put(mine)

    (parcel,) = shopper.json(mine["shipment_reference"])["shipments"]

    assert (parcel["step"], parcel["final"]) == (step, final)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("2026-11-24T09:00:00+01:00", "2026-11-24T09:00:00+01:00"),
        ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z"),
        ("2026-11-24T09:00.33+00:00", "2026-11-24T09:00:33+00:00"),
        ("2026-11-24T09:00:00.1234567+02:00", "2026-11-24T09:00:00.1234567+02:00"),
        ("2026-11-24T09:00:00", "2026-11-24T09:00:00"),
        ("2026-11-24", "2026-11-24"),
        ("24/11/26 2pm", None),
        ("", None),
        (None, None),
        (1764000000, None),
    ],
)
def test_a_timestamp_is_the_repaired_string_with_its_own_offset_or_null(pro, shopper, given, told):
    mine = shipment(event(at=given))
    pro.put(mine)

    (parcel,) = shopper.json(mine["shipment_reference"])["shipments"]

    stamps = [(e["timestamp"], e["received_timestamp"]) for e in parcel["events"]]
    assert stamps == [(told, told)]


def test_events_are_newest_first_and_untimed_ones_last_at_every_level(pro, shopper):
    events = [
        event("delayed", "???"),
        event("dropped_off", "2026-11-22T09:00:00Z"),
        event("in_transit", "2026-11-24T00:30:00+09:00"),  # 15:30 of the 23rd
        event("at_customs", "2026-11-23T16:00:00Z"),
    ]
    mine = shipment(*events, shipment_contents=[item(*events)])
    pro.put(mine)

    (parcel,) = shopper.json(mine["shipment_reference"])["shipments"]
    (with_items,) = shopper.json(mine["shipment_reference"], level="contents")["shipments"]

    newest_first = ["at_customs", "in_transit", "dropped_off", "delayed"]
    assert [one["code"] for one in parcel["events"]] == newest_first
    assert [one["code"] for one in with_items["items"][0]["events"]] == newest_first


def test_copies_of_a_scan_are_one_event(pro, shopper):
    bare = event(description="Scanned")
    full = event(description=" SCANNED", location="Leeds")
    mine = shipment(bare, full, bare)
    pro.put(mine)

    (parcel,) = shopper.json(mine["shipment_reference"])["shipments"]

    assert [(one["reference"], one["location"]) for one in parcel["events"]] == [
        (full["reference"], "Leeds")
    ]


# Errors


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "invalid_reference"),
        ("?reference=sp_123", 400, "invalid_reference"),
        ("?reference=" + "x" * 51, 400, "invalid_reference"),
        ("?reference=A&reference=B", 400, "invalid_parameter"),
        ("?reference=A&level=parcel", 400, "invalid_parameter"),
        ("?reference=A&page=0", 400, "invalid_parameter"),
        ("?reference=NOBODY-HAS-IT", 404, "not_found"),
        ("?reference=HO-12&page=3", 404, "past_last"),
        ("?reference=sp_00690000000000000000000000001302", 410, "gone"),
        ("?reference=sp_00690000000000000000000000001303", 410, "gone"),
        ("?reference=DOWN", 503, "unavailable"),
    ],
)
def test_an_error_is_a_code_and_a_message_with_the_status_of_the_page(
    pro, shopper, query, status, code
):
    pro.fault(Fault("garbage"), "DOWN")

    response = shopper.get(f"/parcel.json{query}")
    page = shopper.open(f"/parcel{query}", status)

    assert (response.status_code, response.mimetype) == (status, "application/json")
    assert list(response.json) == ["error"]
    check_fields(response.json["error"], {"code": str, "message": str})
    assert response.json["error"]["code"] == code
    message = response.json["error"]["message"]
    assert message.split(". ")[0].rstrip(".") in text(page.select_one("main"))


def test_a_method_that_is_not_answered_is_an_error_as_json_too(shopper):
    response = shopper.client.post("/parcel.json")

    assert (response.status_code, list(response.json)) == (405, ["error"])
    check_fields(response.json["error"], {"code": str, "message": str})


def test_letters_of_every_script_are_told_as_they_are(pro, shopper):
    said = "تم التسليم 配達完了 Ærø <b>&amp;</b>"
    mine = shipment(event(description=said))
    pro.put(mine)

    (parcel,) = shopper.json(mine["shipment_reference"])["shipments"]

    assert parcel["events"][0]["description"] == said
