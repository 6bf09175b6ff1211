"""The feed: each scan once, under an identity that lasts, as two parsers of feeds read it."""

import re
from datetime import datetime
from xml.etree import ElementTree

import feedparser
import pytest

from tests.conftest import NOON
from tests.shipments import event, item, shipment
from tests.shops import shopper_of
from tracking.pro.simulator import STORIES, Simulator

ATOM = "{http://www.w3.org/2005/Atom}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)")
TAG = re.compile(r"tag:[a-z.-]+,\d{4}:[0-9a-f]{64}")


@pytest.fixture(scope="module")
def pro():
    """One for all tests here; its stories are told for the afternoon on which they are read."""
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shopper(pro):
    """In front of an application that stays up: no two tests put in the same shipment."""
    return shopper_of(pro, RETAILER_NAME="Hazel & Oak")


def ask(shopper, reference, **query):
    return read(shopper.get("/parcel.atom", reference=reference, **query))


def read(response):
    """The feed as feedparser sees it, after what is true of every feed was checked."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    check_feed(ElementTree.fromstring(response.data))
    feed = feedparser.parse(
        response.data, response_headers={"content-type": response.headers["Content-Type"]}
    )
    assert (feed.bozo, feed.version) == (False, "atom10")
    return feed


def check_feed(feed):
    """RFC 4287, section 4.1: what a feed and its entries must have, and have once."""
    assert feed.tag == f"{ATOM}feed"
    assert feed.get(LANGUAGE) == "en"
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            (only,) = element.findall(ATOM + name)
            assert only.text.strip()
        assert TAG.fullmatch(element.findtext(f"{ATOM}id"))
        assert RFC_3339.fullmatch(element.findtext(f"{ATOM}updated"))
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated"))
        assert element.findtext(f"{ATOM}author/{ATOM}name").strip()
        alternates = [one for one in element.findall(f"{ATOM}link") if one.get("rel") != "self"]
        assert [(one.get("rel"), one.get("type")) for one in alternates] == [
            ("alternate", "text/html")
        ]
        assert all(one.get("href") for one in element.findall(f"{ATOM}link"))
    for entry in entries:
        (content,) = entry.findall(f"{ATOM}content")
        assert content.get("type") == "xhtml"
        assert [child.tag for child in content] == ["{http://www.w3.org/1999/xhtml}div"]
    ids = [element.findtext(f"{ATOM}id") for element in (feed, *entries)]
    assert len(set(ids)) == len(ids)


def put(pro, *events, **more):
    mine = shipment(*events, **more)
    pro.put(mine)
    return mine["shipment_reference"]


def titles(feed):
    return [entry.title for entry in feed.entries]


@pytest.mark.parametrize("level", ["shipment", "contents"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_is_a_feed_with_an_entry_for_each_scan(shopper, story, level):
    told = shopper.get("/parcel.json", reference=story.reference, level=level)
    response = shopper.get("/parcel.atom", reference=story.reference, level=level)

    assert response.status_code == told.status_code
    if told.status_code == 200:
        assert sorted(titles(read(response))) == sorted(
            one["title"]
            for parcel in told.json["shipments"]
            for owner in [parcel, *parcel["items"]]
            for one in owner["events"]
        )


def test_entries_are_newest_first_whichever_parcel_they_are_of(pro, shopper):
    early = event("dropped_off", "2026-11-22T09:00:00Z")
    late = event("out_for_delivery", "2026-11-24T09:00:00Z")
    between = event("at_customs", "2026-11-24T00:30:00+09:00")  # 15:30 of the 23rd
    put(pro, early, late, event("delayed", "???", received_timestamp=None), custom_reference="A-2")
    put(pro, between, custom_reference="A-2")

    feed = ask(shopper, "A-2")

    assert titles(feed) == ["Out for delivery", "Arrived at customs", "Dropped off", "Delayed"]


def test_a_scan_keeps_its_identity_when_others_turn_up(pro, clock):
    mine = shipment(event("in_transit", "2026-11-23T09:00:00Z", description="Sorted"))
    pro.put(mine)
    shopper = shopper_of(pro, clock)
    (before,) = ask(shopper, mine["shipment_reference"]).entries
    mine["events"] = [
        event("delivered", "2026-11-24T09:00:00Z"),
        *mine["events"],
        event("dropped_off", "2026-11-22T09:00:00Z"),
    ]
    pro.put(mine)

    after = ask(shopper_of(pro, clock), mine["shipment_reference"]).entries

    assert [entry.id == before.id for entry in after] == [False, True, False]


def test_the_same_scan_of_two_items_is_two_entries(pro, shopper):
    same = event("delivered")
    reference = put(pro, shipment_contents=[item(same), item(same)])

    feed = ask(shopper, reference, level="contents")

    assert titles(feed) == ["Delivered", "Delivered"]


@pytest.mark.parametrize(
    ("at", "received", "told"),
    [
        ("2026-11-24T09:00:00+01:00", "2026-11-24T12:00:00Z", "2026-11-24T09:00:00+01:00"),
        ("2026-11-24T09:00:00", "2026-11-24T12:00:00Z", "2026-11-24T09:00:00+00:00"),
        ("2026-11-24", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00+00:00"),
        ("24/11/26 2pm", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00+00:00"),
        ("2062-01-01T00:00:00Z", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00+00:00"),
        ("24/11/26 2pm", None, "2026-11-24T13:00:00+00:00"),
    ],
)
def test_an_entry_is_of_when_the_scan_was_made_as_far_as_that_is_known(
    pro, shopper, at, received, told
):
    other = event("dropped_off", "2026-11-24T13:00:00Z")
    reference = put(pro, other, event("delayed", at, received_timestamp=received))

    (entry,) = [one for one in ask(shopper, reference).entries if one.title == "Delayed"]

    assert entry.updated == told


def test_the_feed_stays_as_it_is_until_there_is_news(pro, clock):
    reference = put(
        pro, event(at="2026-11-23T09:00:00Z", received_timestamp="2026-11-24T13:30:00Z")
    )
    shopper = shopper_of(pro, clock)
    before = shopper.get("/parcel.atom", reference=reference)
    clock.turn(minutes=5)

    after = shopper_of(pro, clock).get("/parcel.atom", reference=reference)

    assert read(before).feed.updated == "2026-11-24T13:30:00+00:00"
    assert after.headers["ETag"] == before.headers["ETag"]


def test_a_feed_without_scans_is_of_when_we_checked(pro, shopper):
    feed = ask(shopper, put(pro, state="processing"))

    assert (feed.entries, feed.feed.updated) == ([], "2026-11-24T14:00:00+00:00")


def test_a_feed_tells_what_it_is_of_and_how_things_are(pro, shopper):
    mine = shipment(event("out_for_delivery"))
    pro.put(mine)

    feed = ask(shopper, mine["shipment_reference"]).feed

    assert feed.title == f"Parcel {mine['custom_reference']} from Hazel & Oak"
    assert feed.subtitle == "Out for delivery today"
    assert feed.author == "Hazel & Oak"


def test_an_entry_tells_when_where_and_in_whose_words(pro, shopper):
    told = event(
        "in_transit",
        "2026-11-23T09:05:00+01:00",
        location="Łódź <hub>",
        description="Sorted & <b>sent</b>",
    )
    reference = put(pro, told, event("dropped_off", "2026-11-24T09:00:00Z"))

    entry = ask(shopper, reference).entries[1]

    told = re.sub(r"<[^>]*>", " ", entry.content[0].value)
    assert " ".join(told.split()) == (
        "Monday 23 November 2026, 09:05 local time, UTC+1 Łódź &lt;hub&gt; "
        "Carrier’s note: Sorted &amp; &lt;b&gt;sent&lt;/b&gt;"
    )


def test_letters_that_xml_does_not_know_are_gone(pro, shopper):
    odd = "".join(map(chr, [*range(32), 0x7F, 0x85, 0xFFFE, 0xFFFF, 0x202E, 0x1FFFF]))
    words = f"a{odd}b"
    reference = put(
        pro,
        event("in_transit", description=words + "\ud800", location=words),
        event(f"zz_{words}", "2026-11-23T09:00:00Z"),
        custom_reference=words,
        carrier={"name": words},
        carrier_references=[words],
    )

    for path in ("/parcel.atom", "/parcel.txt", "/parcel.ics"):
        answer = shopper.get(path, reference=reference)
        assert answer.status_code == 200
        assert "\u202e" not in answer.text
        assert re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]", answer.text) is None
    read(shopper.get("/parcel.atom", reference=reference))


@pytest.mark.parametrize("privacy", ["doorstep", "strict", "open"])
def test_no_feed_says_who_signed_or_where_they_live(pro, privacy):
    opened = shopper_of(pro, PRIVACY=privacy)
    mine = event(
        "delivered", signee="CANARY", location="7 CANARY Street", description="Signed by Canary"
    )
    other = event("for_information", "2026-11-24T08:00:00Z", description="canary rang")
    reference = put(pro, mine, other, shipment_contents=[item(mine, other)])

    for level in ("shipment", "contents"):
        answer = opened.get("/parcel.atom", reference=reference, level=level)
        assert "canary" not in answer.text.lower()
        assert "It was signed for." in answer.text


def test_links_are_whole_where_our_name_is_certain_and_else_begin_at_the_root(pro, shopper):
    named = shopper_of(pro, ALLOWED_HOSTS="localhost")
    reference = put(pro, event())
    question = f"?reference={reference}&level=contents"

    for one, origin in ((shopper, ""), (named, "http://localhost")):
        answer = one.get("/parcel.atom", reference=reference, level="contents")
        links = {
            link.get("rel"): link.get("href")
            for link in ElementTree.fromstring(answer.data).findall(f"{ATOM}link")
        }
        assert links == {
            "self": f"{origin}/parcel.atom{question}",
            "alternate": f"{origin}/parcel{question}",
        }


def test_demo_data_says_so():
    feed = read(shopper_of(None).get("/parcel.atom", reference="DEMO-1001"))

    assert feed.feed.subtitle.startswith("Demo data. ")
