"""The delivery record: one sheet for each parcel, with all that happened, and true on any day."""

import re
from collections import Counter

import pytest
from bs4 import BeautifulSoup

from tests.conftest import NOON
from tests.shipments import event, item, shipment
from tests.shops import shopper_of
from tracking.pro.simulator import STORIES, Simulator


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
    return read(shopper.get("/record", reference=reference, **query))


def read(response):
    """The record as soup, after what is true of every record was checked."""
    assert response.status_code == 200, response.text
    page = BeautifulSoup(response.text, "html.parser")
    (headline,) = page.select("h1")
    assert page.title.get_text().startswith(headline.get_text())
    ids = Counter(element["id"] for element in page.select("[id]"))
    assert not [name for name, times in ids.items() if times > 1]
    assert not page.select("details")
    for table in page.select("table"):
        columns = table.select("th")
        assert [column["scope"] for column in columns] == ["col"] * len(columns)
        assert all(len(row.select("td")) == len(columns) for row in table.select("tbody tr"))
        assert table.caption.get_text().strip()
    return page


def put(pro, *events, **more):
    mine = shipment(*events, **more)
    pro.put(mine)
    return mine["shipment_reference"]


def words(element):
    return " ".join(element.get_text(" ").split())


@pytest.mark.parametrize("level", ["shipment", "contents"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_is_recorded_whole(shopper, story, level):
    told = shopper.get("/parcel.json", reference=story.reference, level=level)
    response = shopper.get("/record", reference=story.reference, level=level)

    assert response.status_code == told.status_code
    if told.status_code == 200:
        page = read(response)
        assert page.h1.get_text() == f"Delivery record: {told.json['headline']}"
        sheets = page.select(".record")
        assert len(sheets) == len(told.json["shipments"])
        for sheet, parcel in zip(sheets, told.json["shipments"], strict=True):
            codes = [one["data-event-code"] for one in sheet.select("[data-event-code]")]
            assert codes == [
                one["code"] or "" for owner in [parcel, *parcel["items"]] for one in owner["events"]
            ]


def test_a_record_says_what_to_whom_and_when(pro, shopper):
    mine = shipment(
        event("dropped_off", "2026-11-22T08:00:00+09:00", location="Osaka"),
        event("delivered", "2026-11-24T13:30:00Z", description="Left in the porch", signee="Baker"),
    )
    pro.put(mine)

    (sheet,) = ask(shopper, mine["shipment_reference"]).select(".record")

    text = words(sheet)
    for told in [
        "Delivered today, Tuesday 24 November 2026 at 13:30",
        "Your parcel was delivered on Tuesday 24 November 2026. It was signed for.",
        "Last scan: 24 November 2026, 13:30, Delivered",
        f"Order {mine['custom_reference']}",
        "Delivery company Test Carrier",
        "Service Next Day",
        f"Tracking number {mine['carrier_references'][0]}",
        f"Reference {mine['shipment_reference']}",
        "as it was on 24 November 2026 at 14:00 UTC .",
        "Hazel & Oak.",
    ]:
        assert told in text
    assert [words(row) for row in sheet.select("tbody tr")] == [
        "24 November 2026, 13:30 Delivered Left in the porch It was signed for.",
        "22 November 2026, 08:00 , local time, UTC+9 Dropped off Osaka",
    ]
    assert "Baker" not in text


def test_who_signed_is_on_the_record_where_everything_is_open(pro):
    reference = put(pro, event("delivered", signee="A. Baker"))

    page = ask(shopper_of(pro, PRIVACY="open"), reference)

    assert "It was signed for by A. Baker." in words(page.select_one(".record"))


def test_each_parcel_of_an_order_has_a_sheet_of_its_own(pro, shopper):
    for code in ("delivered", "in_transit"):
        put(pro, event(code), custom_reference="REC-2")

    page = ask(shopper, "REC-2")

    assert page.h1.get_text() == "Delivery record: 1 of 2 parcels delivered"
    assert [words(sheet.h2) for sheet in page.select(".record")] == [
        "Parcel 2 of 2: On its way",
        "Parcel 1 of 2: Delivered",
    ]
    assert len(page.select(".record__source")) == 2


def test_each_item_has_a_table_or_says_that_there_is_no_news(pro, shopper):
    contents = [item(event("delivered"), custom_reference="SHIRT"), item()]

    page = ask(shopper, put(pro, shipment_contents=contents), level="contents")

    assert [words(one) for one in page.select("caption, .record > p strong")] == [
        "Item 1 of 2, SHIRT: Delivered",
        "Item 2 of 2: No separate update for this item",
    ]


@pytest.mark.parametrize(
    ("hosts", "told"),
    [("localhost", "http://localhost/parcel?reference={}"), ("", "the page of this parcel")],
)
def test_the_record_names_where_it_is_from_where_that_is_certain(pro, hosts, told):
    reference = put(pro, event())
    page = ask(shopper_of(pro, ALLOWED_HOSTS=hosts), reference)

    source = words(page.select_one(".record__source"))
    assert source.startswith(f"Made from {told.format(reference)}, as it was on ")


def test_a_record_leads_back_and_to_the_items(pro, shopper):
    reference = put(pro, event())

    page = ask(shopper, reference)
    with_items = ask(shopper, reference, level="contents")

    assert _links(page) == [
        f"/parcel?reference={reference}",
        f"/record?reference={reference}&level=contents",
    ]
    assert _links(with_items) == [f"/parcel?reference={reference}&level=contents"]


def _links(page):
    return [link["href"] for link in page.select(".records__links a")]


def test_what_cannot_be_found_is_told_as_on_the_page(shopper):
    shopper.open("/record", 404, reference="NOBODYS")
    shopper.open("/record", 400)


class TestFollow:
    """The page offers the same answer in other forms, each at the level that is shown."""

    def test_each_form_is_there(self, pro, shopper):
        reference = put(pro, event(), expected_delivery_date="2026-11-26")

        for level, rest in (("shipment", ""), ("contents", "&level=contents")):
            page = shopper.ask(reference, level=level)
            links = {link.get_text(): link["href"] for link in page.select(".follow a")}
            assert links == {
                name: f"{path}?reference={reference}{rest}"
                for name, path in {
                    "Add to calendar": "/parcel.ics",
                    "Delivery record to print": "/record",
                    "Feed": "/parcel.atom",
                    "Plain text": "/parcel.txt",
                }.items()
            }
            assert {link["target"] for link in page.select(".follow a")} == {"_self"}
            for address in links.values():
                assert shopper.get(address).status_code == 200

    def test_machines_find_them_in_the_head(self, pro, shopper):
        reference = put(pro, event())

        page = shopper.ask(reference)

        links = [(one["type"], one["href"]) for one in page.select("head link[rel=alternate]")]
        assert links == [
            (kind, f"/parcel.{form}?reference={reference}")
            for kind, form in [
                ("application/atom+xml", "atom"),
                ("text/calendar", "ics"),
                ("text/plain", "txt"),
                ("application/json", "json"),
            ]
        ]
        for kind, address in links:
            assert shopper.get(address).mimetype == kind

    @pytest.mark.parametrize(
        ("code", "expected", "offered"),
        [
            ("in_transit", "2026-11-26", True),
            ("in_transit", "2026-11-24", True),
            ("in_transit", "2026-11-23", False),
            ("in_transit", None, False),
            ("delivered", "2026-11-26", False),
            ("lost", "2026-11-26", False),
        ],
    )
    def test_a_calendar_is_offered_only_while_there_is_a_day_to_wait_for(
        self, pro, shopper, code, expected, offered
    ):
        page = shopper.ask(put(pro, event(code), expected_delivery_date=expected))

        assert ("Add to calendar" in page.select_one(".follow").get_text()) is offered

    def test_an_order_offers_them_too_and_keeps_its_page(self, shopper):
        page = shopper.ask("HO-12", page="2")

        links = [link["href"] for link in page.select(".follow a, head link[rel=alternate]")]
        assert len(links) >= 7
        assert {re.sub(r"^[^?]*", "", link) for link in links} == {"?reference=HO-12&page=2"}

    def test_in_a_frame_they_open_outside_of_it(self, pro, shopper):
        page = shopper.open("/embed", reference=put(pro, event()))

        assert {link["target"] for link in page.select(".follow a")} == {"_top"}
        assert not page.select("link[rel=alternate]")
