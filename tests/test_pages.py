"""The pages as a shopper reads them: the form, every outcome, one parcel, items, an order.

One application serves most of the file: what the tests need of PRO is told apart by reference.
Where PRO fails as a whole, a test has an application of its own.
"""

import gzip
import re
import socket
import threading
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any

import brotli
import pytest
from bs4 import BeautifulSoup, Tag

from app import create_app
from tests.conftest import NOON, Shopper, TurnableClock, check_every_page
from tests.crowds import landed, neighbour
from tests.shipments import event, item, new_reference, shipment
from tests.shops import FAULT, UNLIMITED, break_down, shopper_of
from tracking.pro.simulator import STORIES, Fault, Simulator, Story

ROOT = Path(__file__).parent.parent
KEY = "sorted-key-7f3a"
TEXT_OF_PRO = "upstream-says-this"
ADVICE_NOT_FOUND = (
    "Check the number in your order or dispatch email. New orders can take a day to appear.",
    "The delivery company’s own number cannot be looked up here.",
)
FORM = "Where is your parcel?"
STEPS = ["Awaiting handover", "With the carrier", "In transit", "Out for delivery", "Delivered"]
DATETIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)


@pytest.fixture(scope="module")
def pro() -> Iterator[Simulator]:
    with Simulator(key=KEY, clock=lambda: NOON) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shopper(pro: Simulator) -> Shopper:
    return shopper_of(pro)


@pytest.fixture
def unlucky(pro: Simulator) -> Shopper:
    """A shopper in front of an application of its own, which may find PRO failing."""
    return shopper_of(pro)


@pytest.fixture(scope="module")
def demo() -> Shopper:
    """A shopper in front of an application without a key."""
    return Shopper(create_app(UNLIMITED).test_client())


def _put(pro: Simulator, *events: dict, **more: object) -> str:
    """Put a shipment into PRO. Returns its reference."""
    made = shipment(*events, **more)
    pro.put(made)
    return made["shipment_reference"]


def _texts(soup: BeautifulSoup | Tag, selector: str) -> list[str]:
    return [" ".join(one.get_text().split()) for one in soup.select(selector)]


def _text(soup: BeautifulSoup | Tag, selector: str) -> str:
    (only,) = _texts(soup, selector)
    return only


def _field(soup: BeautifulSoup) -> Tag:
    (field,) = soup.select("input[name=reference]")
    return field


class TestForm:
    """Rules F1 to F6."""

    def test_has_one_labelled_field_one_hint_and_one_button(self, shopper: Shopper) -> None:
        soup = shopper.open("/")

        (form,) = soup.select("form")
        assert _text(form, "label") == "Order number or tracking reference"
        assert _text(form, "button") == "Track"
        assert not form.select("#ref-hint a")
        assert _text(form, "#ref-hint").count(".") == 1
        assert len(form.select("input, select, textarea")) == 1

    def test_is_a_plain_get_form_that_the_browser_does_not_check(self, shopper: Shopper) -> None:
        (form,) = shopper.open("/").select("form")

        assert (form["action"], form["method"], form["novalidate"]) == ("/parcel", "get", "")

    def test_field_takes_what_people_paste(self, shopper: Shopper) -> None:
        field = _field(shopper.open("/"))

        expected = {
            "type": "text",
            "autocomplete": "off",
            "spellcheck": "false",
            "autocapitalize": "none",
            "dir": "ltr",
            "maxlength": "200",
            "aria-describedby": "ref-hint",
            "value": "",
        }
        assert {name: field.get(name) for name in expected} == expected
        assert not {"required", "pattern", "aria-invalid"} & field.attrs.keys()

    def test_answers_at_its_own_address_without_a_redirect(self, shopper: Shopper) -> None:
        response = shopper.get("/parcel", reference="DEMO-1003")

        assert response.status_code == 200
        assert "Location" not in response.headers

    def test_what_is_wrong_is_said_twice_in_the_same_words(self, shopper: Shopper) -> None:
        soup = shopper.ask("", status=400)

        said = "Enter your order number or tracking reference"
        (summary,) = soup.select(".error-summary")
        (link,) = summary.select("a")
        assert link.get_text() == said
        assert _text(soup, "#ref-error") == f"Error: {said}"
        assert link["href"] == f"#{_field(soup)['id']}"

    def test_error_summary_stands_before_the_headline_and_takes_the_focus(
        self, shopper: Shopper
    ) -> None:
        soup = shopper.ask("", status=400)

        (summary,) = soup.select(".error-summary")
        assert (summary["tabindex"], summary["autofocus"], summary["role"]) == ("-1", "", "alert")
        assert summary.find_next("h1")
        assert len(soup.select("[autofocus]")) == 1

    def test_field_with_an_error_says_so_to_assistive_technology(self, shopper: Shopper) -> None:
        field = _field(shopper.ask("", status=400))

        assert field["aria-invalid"] == "true"
        assert field["aria-describedby"] == "ref-hint ref-error"

    def test_no_text_blames_or_apologises(self) -> None:
        text = (ROOT / "tracking/locales/en.toml").read_text("utf-8")

        said = " ".join(_strings(tomllib.loads(text)))

        assert re.findall(r"\b(?:invalid|please|sorry|oops|errors?|codes?)\b", said, re.I) == []
        assert "Enter your order number" in said

    @pytest.mark.parametrize("path", ["/", "/embed"])
    def test_form_alone_costs_no_call(self, pro: Simulator, shopper: Shopper, path: str) -> None:
        pro.forget_calls()

        shopper.open(path)

        assert pro.calls == []


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


REFUSED = {
    "": "Enter your order number or tracking reference",
    "   ": "Enter your order number or tracking reference",
    "x" * 51: "Order number or tracking reference must be 50 characters or fewer",
    "📦" * 26: ("Order number or tracking reference must be 50 characters or fewer"),
    "a\x01b": "Order number or tracking reference must not include hidden or control characters",
    "a\r\nX-Evil: 1": (
        "Order number or tracking reference must not include hidden or control characters"
    ),
    "sp_" + "1" * 31: "A reference has 32 digits after sp_; this one has 31",
    "SC_" + "1" * 33: "A reference has 32 digits after sc_; this one has 33",
    '"sp_12"': "A reference has 32 digits after sp_; this one has 2",
    "Order: SP_12": "A reference has 32 digits after sp_; this one has 2",
    "tr_1": "A reference has 32 digits after tr_; this one has 1",
    "sc_" + "1" * 32: (
        "This reference is for one item or one update. "
        "Enter the order number, or a reference that starts with sp_"
    ),
    "tr_" + "1" * 32: (
        "This reference is for one item or one update. "
        "Enter the order number, or a reference that starts with sp_"
    ),
    ".": (
        "This cannot be an order number or tracking reference. "
        "Check the number in your order or dispatch email"
    ),
    "..": (
        "This cannot be an order number or tracking reference. "
        "Check the number in your order or dispatch email"
    ),
    "shipment_contents": (
        "This cannot be an order number or tracking reference. "
        "Check the number in your order or dispatch email"
    ),
}
BAD_ADDRESSES = [
    "/parcel?reference=DEMO-1001&reference=DEMO-1001",
    "/parcel?reference=DEMO-1001&level=contents&level=contents",
    "/parcel?reference=DEMO-1001&page=1&page=2",
    "/parcel?reference=DEMO-1001&lang=en&lang=de",
    "/parcel?reference=DEMO-1001&key=a&key=b",
    "/parcel?reference=DEMO-1001&page=0",
    "/parcel?reference=DEMO-1001&page=-1",
    "/parcel?reference=DEMO-1001&page=1000",
    "/parcel?reference=DEMO-1001&page=two",
    "/parcel?reference=DEMO-1001&page=%C2%B2",
    "/parcel?reference=DEMO-1001&page=",
    "/parcel?reference=DEMO-1001&level=items",
    "/parcel?reference=DEMO-1001&level=",
]
FAULTS = {
    "a 500": Fault("status", status=500, body=f'{{"message": "{TEXT_OF_PRO}"}}'),
    "a 502 with a page": Fault("status", status=502, body=f"<h1>{TEXT_OF_PRO}</h1>"),
    "a refused key": Fault("status", status=401, body=f'{{"message": "{TEXT_OF_PRO} {KEY}"}}'),
    "a forbidden endpoint": Fault("status", status=403, body=f'{{"code": "{TEXT_OF_PRO}"}}'),
    "a bad version": Fault(
        "status", status=400, body=f'{{"code": "version_header_error", "message": "{TEXT_OF_PRO}"}}'
    ),
    "too many requests": Fault("status", status=429, body=TEXT_OF_PRO, retry_after=42),
    "no JSON": Fault("garbage"),
    "a login page": Fault("html"),
    "a reset": Fault("reset"),
    "a reset half-way": Fault("reset_mid"),
    "an answer cut short": Fault("truncate"),
    "a redirect": Fault("redirect", location=f"https://evil.example/{TEXT_OF_PRO}"),
    "another shipment": Fault("wrong_shipment"),
    "an answer that is too big": Fault("big"),
}


class TestOutcomes:
    """The table of outcomes in design.md: the page, the JSON and the status never disagree."""

    @pytest.mark.parametrize(("typed", "said"), REFUSED.items(), ids=repr)
    def test_what_cannot_be_a_reference_is_told_at_the_field_and_costs_no_call(
        self, pro: Simulator, shopper: Shopper, typed: str, said: str
    ) -> None:
        pro.forget_calls()

        soup = shopper.ask(typed, status=400)
        error = shopper.json(typed, status=400)["error"]

        assert _text(soup, "h1") == FORM
        assert _text(soup, ".error-summary a") == said
        assert error == {"code": "invalid_reference", "message": said}
        assert pro.calls == []

    @pytest.mark.parametrize("typed", ["sp_12", "x" * 60, '"' * 60, "  sc_" + "1" * 32, "a\x07b"])
    def test_what_was_refused_stays_in_the_field(self, shopper: Shopper, typed: str) -> None:
        field = _field(shopper.ask(typed, status=400))

        assert field["value"] == typed.replace("\x07", "")

    @pytest.mark.parametrize("address", BAD_ADDRESSES)
    def test_address_that_is_not_understood_is_a_400_and_costs_no_call(
        self, pro: Simulator, shopper: Shopper, address: str
    ) -> None:
        pro.forget_calls()

        soup = shopper.open(address, status=400)
        json = shopper.get(address.replace("/parcel", "/parcel.json"))

        said = "This link is not complete. Enter your order number or tracking reference"
        assert _text(soup, "h1") == FORM
        assert _text(soup, ".error-summary a") == said
        assert _field(soup)["value"] == "DEMO-1001"
        assert json.status_code == 400
        assert json.json == {"error": {"code": "invalid_parameter", "message": said}}
        assert pro.calls == []

    def test_unknown_parameters_are_ignored(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1003", utm_source="mail", fbclid="1", lang="tlh")

        assert _text(soup, "h1") == "On its way"

    def test_not_found_says_what_to_check_and_keeps_what_was_typed(self, shopper: Shopper) -> None:
        soup = shopper.ask("NO-SUCH 1", status=404)
        error = shopper.json("NO-SUCH 1", status=404)["error"]

        assert _text(soup, "h1") == "We cannot find that parcel"
        assert soup.title.get_text() == "Error: We cannot find that parcel – Parcel page"
        for advice in ADVICE_NOT_FOUND:
            assert advice in _texts(soup, "main p")
        assert "If it still does not work, contact the shop." in _texts(soup, "main p")
        assert _field(soup)["value"] == "NO-SUCH 1"
        assert error["code"] == "not_found"
        assert error["message"].startswith("We cannot find that parcel")

    def test_reference_that_pro_rejects_looks_like_one_that_nobody_has(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        body = '{"details": [{"property": "custom_reference", "message": "no"}]}'
        pro.fault(Fault("status", status=400, body=body), "REJECTED-1")

        rejected = shopper.get("/parcel", reference="REJECTED-1")
        unknown = shopper.get("/parcel", reference="UNKNOWNS-1")

        assert rejected.status_code == unknown.status_code == 404
        assert rejected.text.replace("REJECTED-1", "UNKNOWNS-1") == unknown.text

    @pytest.mark.parametrize("number", [1302, 1303], ids=["removed", "quarantined"])
    def test_gone_is_gone(self, shopper: Shopper, number: int) -> None:
        reference = f"sp_0069{number:028}"

        soup = shopper.ask(reference, status=410)
        error = shopper.json(reference, status=410)["error"]

        assert _text(soup, "h1") == "This parcel is no longer available"
        assert "If you still wait for this parcel, contact the shop." in _texts(soup, "main p")
        assert _field(soup)["value"] == reference
        assert error["code"] == "gone"

    @pytest.mark.parametrize("name", FAULTS)
    def test_trouble_with_pro_is_a_503_that_says_when_to_try_again(
        self, pro: Simulator, unlucky: Shopper, name: str
    ) -> None:
        reference = _put(pro, event())
        pro.fault(FAULTS[name], reference)
        before = len(pro.fired)

        soup = unlucky.ask(reference, status=503)
        json = unlucky.get("/parcel.json", reference=reference)

        assert FAULTS[name].kind in pro.fired[before:]
        assert _text(soup, "h1") == "Tracking is not working at the moment"
        assert any("Try again in a few minutes." in said for said in _texts(soup, "main p"))
        assert _field(soup)["value"] == reference
        assert json.status_code == 503
        assert json.json["error"]["code"] == "unavailable"
        assert json.json["error"].keys() == {"code", "message"}

    @pytest.mark.parametrize("path", ["/parcel", "/parcel.json", "/embed"])
    @pytest.mark.parametrize("name", FAULTS)
    def test_nothing_of_what_went_wrong_leaves_the_house(
        self, pro: Simulator, unlucky: Shopper, name: str, path: str
    ) -> None:
        reference = _put(pro, event())
        pro.fault(FAULTS[name], reference)

        response = unlucky.get(path, reference=reference)

        told = f"{response.headers}\n{response.text}".casefold()
        host = pro.url.partition("://")[2].partition("/")[0]
        secrets = [KEY, host, host.partition(":")[2], TEXT_OF_PRO, "evil.example", "sign in"]
        inside = ["traceback", "exception", "tracking.pro", "werkzeug", "api_key", "x-api"]
        classes = ["prounavailable", "probroken", "answerunreadable", "unauthorised", "connection"]
        assert response.status_code == 503
        assert [word for word in [*secrets, *inside, *classes] if word.casefold() in told] == []

    @pytest.mark.parametrize(
        ("name", "least", "most"), [("too many requests", 42, 42), ("a 500", 10, 30)]
    )
    def test_waits_as_long_as_pro_asks_and_briefly_otherwise(
        self, pro: Simulator, unlucky: Shopper, name: str, least: int, most: int
    ) -> None:
        reference = _put(pro, event())
        pro.fault(FAULTS[name], reference)

        waits = [
            int(unlucky.get(path, reference=reference).headers["Retry-After"])
            for path in ("/parcel", "/parcel.json", "/embed")
        ]

        assert [wait for wait in waits if not least <= wait <= most] == []

    @pytest.mark.parametrize(
        ("reference", "status"), [("", 400), ("NOBODYS", 404), (f"sp_0069{1302:028}", 410)]
    )
    def test_only_trouble_that_passes_asks_to_try_again(
        self, shopper: Shopper, reference: str, status: int
    ) -> None:
        response = shopper.get("/parcel", reference=reference)

        assert response.status_code == status
        assert "Retry-After" not in response.headers

    def test_shipment_that_pro_still_works_on_is_known_and_has_no_updates(
        self, shopper: Shopper
    ) -> None:
        soup = shopper.ask("DEMO-1301")

        assert _text(soup, "h1") == "No updates yet"
        assert "We know this order, and there is nothing to show yet" in soup.get_text()
        assert not soup.select(".history")

    def test_shipment_without_scans_says_that_this_is_normal(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1007")

        assert _text(soup, "h1") == "No updates yet"
        assert "Harrier Parcels has not scanned your parcel yet." in _text(soup, ".answer__reason")

    def test_page_past_the_last_leads_back_to_the_first(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-12", status=404, page="3")
        error = shopper.json("HO-12", status=404, page="3")["error"]

        links = [link["href"] for link in soup.select("main a")]
        assert _text(soup, "h1") == "There are no more parcels on that page"
        assert links == ["/parcel?reference=HO-12"]
        assert error["code"] == "past_last"

    def test_page_past_the_last_keeps_the_level_on_the_way_back(self, shopper: Shopper) -> None:
        reference = f"sp_0069{2201:028}"

        soup = shopper.ask(reference, status=404, page="2", level="contents")

        (link,) = soup.select("main a")
        assert link["href"] == f"/parcel?reference={reference}&level=contents"

    @pytest.mark.parametrize("path", ["/nothing", "/parcel/", "/track", "/assets/nothing.css"])
    def test_address_without_a_page_offers_the_form(self, shopper: Shopper, path: str) -> None:
        soup = shopper.open(path, status=404)

        assert _text(soup, "h1") == "There is no page at this address"

    def test_fault_of_ours_is_told_without_details(self, pro: Simulator) -> None:
        shopper = shopper_of(pro)
        break_down(shopper.client.application)

        soup = shopper.ask("DEMO-1003", status=500)
        json = shopper.get("/parcel.json", reference="DEMO-1003")

        assert _text(soup, "h1") == "Something went wrong on our side"
        assert _field(soup)["value"] == "DEMO-1003"
        assert (json.status_code, json.json["error"]["code"]) == (500, "broken")
        assert FAULT not in str(soup) + json.text

    @pytest.mark.parametrize(
        "reference", ["", "x" * 51, "NOBODYS", f"sp_0069{1302:028}", "DEMO-1301", "DEMO-1002"]
    )
    def test_embed_tells_what_the_page_tells(self, shopper: Shopper, reference: str) -> None:
        page = shopper.get("/parcel", reference=reference)

        soup = shopper.open("/embed", page.status_code, reference=reference)

        assert soup.h1.get_text() == BeautifulSoup(page.text, "html.parser").h1.get_text()


class TestParcel:
    """One shipment: rules P1 to P9, P12 and P13."""

    def test_answers_come_in_the_order_in_which_they_are_wanted(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-30", level="contents")

        blocks = [
            "h1",
            ".answer__date",
            ".answer__reason",
            ".answer__advice",
            ".answer__checked",
            ".steps",
            ".items__list",
            ".details",
            ".another",
            ".help",
        ]
        assert _in_order(soup, blocks) == blocks

    def test_history_comes_after_the_steps_and_before_the_details(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1003")

        blocks = ["h1", ".steps", ".history", ".details", ".another", ".help"]
        assert _in_order(soup, blocks) == blocks

    @pytest.mark.parametrize(
        ("reference", "headline", "about"),
        [
            ("DEMO-1003", "On its way", "DEMO-1003"),
            ("HO-20", "1 of 2 parcels delivered", "HO-20"),
            (f"sp_0069{1304:028}", "No updates yet", "Parcel page"),
        ],
    )
    def test_title_is_the_headline_and_what_it_is_about(
        self, shopper: Shopper, reference: str, headline: str, about: str
    ) -> None:
        soup = shopper.ask(reference)

        assert _text(soup, "h1") == headline
        assert soup.title.get_text() == f"{headline} – {about}"

    @pytest.mark.parametrize(
        ("code", "step"),
        [
            ("awaiting_drop_off", 1),
            ("collected_by_carrier", 2),
            ("in_transit", 3),
            ("out_for_delivery", 4),
            ("delivered", 5),
        ],
    )
    def test_steps_say_what_is_done_what_is_now_and_what_is_to_come(
        self, pro: Simulator, shopper: Shopper, code: str, step: int
    ) -> None:
        soup = shopper.ask(_put(pro, event(code)))

        (steps,) = soup.select("ol.steps__list")
        states = ["done"] * (step - 1) + ["current step"] + ["not yet"] * (5 - step)
        expected = [f"{name}: {state}" for name, state in zip(STEPS, states, strict=True)]
        assert _texts(steps, "li") == expected
        assert [li.get("aria-current") for li in steps.select("li")].index("step") == step - 1
        assert len(soup.select("[aria-current]")) == 1
        assert soup.select_one("[data-step]")["data-step"] == str(step)

    def test_steps_have_a_heading_and_nothing_to_focus(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1003")

        (steps,) = soup.select(".steps")
        assert steps.select("h2")
        assert not steps.select("a, button, input, summary, [tabindex]")

    @pytest.mark.parametrize("code", ["lost", "returned_to_sender", "destroyed"])
    def test_one_line_replaces_the_steps_where_they_no_longer_apply(
        self, pro: Simulator, shopper: Shopper, code: str
    ) -> None:
        before = event("in_transit", at="2026-11-23T09:00:00+00:00")

        soup = shopper.ask(_put(pro, before, event(code)))

        (line,) = soup.select(".steps")
        assert line.name == "p"
        assert line.get_text(strip=True)
        assert not soup.select("[aria-current], .steps__list")
        assert soup.select_one("[data-step]")["data-step"] == ""

    def test_steps_and_history_are_two_things(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1001")

        assert soup.select(".steps ol")
        assert soup.select(".history ol")
        assert not soup.select(".steps .history, .history .steps, .steps [data-event-code]")

    def test_scan_without_a_time_shows_its_date_and_no_made_up_midnight(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        soup = shopper.ask(_put(pro, event("in_transit", at="2026-11-23")))

        history = _text(soup, ".history")
        assert "Yesterday, Monday 23 November 2026" in history
        assert not re.search(r"\b(00:00|0:00|12 ?am)\b", soup.get_text(), re.I)

    def test_scan_whose_time_cannot_be_read_says_who_did_not_give_it(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        unreadable = event("in_transit", at="24/11/26 2pm")

        soup = shopper.ask(_put(pro, unreadable))

        assert _text(soup, ".history h3") == "Date not known"
        assert _text(soup, ".scan-entry__time") == "Time not given by Test Carrier"
        assert not soup.select(".history time")

    def test_scans_are_listed_by_day_newest_first(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1001")

        days = [
            "Today, Tuesday 24 November 2026",
            "Yesterday, Monday 23 November 2026",
            "Sunday 22 November 2026",
        ]
        assert _texts(soup, ".history h3") == days
        assert _texts(soup, ".scan-entry__time") == ["06:48", "19:20", "06:35", "17:42"]
        assert len(soup.select(".history ol[reversed][role=list]")) == len(days)
        assert len(soup.select(".history li h4")) == 4

    def test_times_are_those_of_the_carriers_own_clock(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1105")

        tokyo = [scan for scan in soup.select(".scan-entry") if "Narita" in scan.get_text()]
        assert [_text(scan, ".scan-entry__time") for scan in tokyo] == ["09:00 local time, UTC+9"]
        assert tokyo[0].select_one("time")["datetime"] == "2026-11-20T09:00:00+09:00"

    def test_day_comes_twice_where_the_order_by_instant_asks_for_it(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1106")

        days = _texts(soup, ".history h3")
        stamps = [
            datetime.fromisoformat(time["datetime"])
            for time in soup.select(".scan-entry__time time")
        ]
        assert max(Counter(days).values()) == 2
        assert stamps == sorted(stamps, reverse=True)

    @pytest.mark.parametrize(
        ("scans", "shown", "summary"),
        [
            (12, 12, []),
            (13, 8, ["Show 5 older updates"]),
            (60, 8, ["Show 52 older updates"]),
        ],
    )
    def test_long_history_is_folded_after_its_newest_eight(
        self, pro: Simulator, shopper: Shopper, scans: int, shown: int, summary: list[str]
    ) -> None:
        stamps = [f"2026-11-{20 + n // 20}T{n % 20:02}:00:00+00:00" for n in range(scans)]

        soup = shopper.ask(_put(pro, *[event(at=stamp) for stamp in stamps]))

        folded = soup.select("details .scan-entry")
        assert len(soup.select(".scan-entry")) == scans
        assert len(soup.select(".scan-entry")) - len(folded) == shown
        assert _texts(soup, ".history summary") == summary
        newest = soup.select(".scan-entry time")[0]["datetime"]
        assert newest == max(stamps)

    def test_details_are_a_list_of_names_and_values(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1003")

        (details,) = soup.select("dl")
        rows = dict(zip(_texts(details, "dt"), _texts(details, "dd"), strict=True))
        assert rows == {
            "Order": "DEMO-1003",
            "Delivery company": "Harrier Parcels",
            "Service": "Next Day",
            "Tracking number": "HAR000001003",
            "Reference": f"sp_0069{1003:028}",
        }
        assert all(dd.select_one("[translate=no]") for dd in details.select("dd"))

    def test_details_that_are_not_known_are_left_out(self, shopper: Shopper) -> None:
        soup = shopper.ask(f"sp_0069{1304:028}")

        assert _texts(soup, "dt") == ["Tracking number", "Reference"]

    def test_help_is_in_the_same_place_on_every_page(self, pro: Simulator) -> None:
        shopper = shopper_of(
            pro, RETAILER_NAME="Hogarth & Daughters", CONTACT_URL="https://shop.example/help"
        )

        pages = [
            shopper.open("/"),
            shopper.ask("DEMO-1003"),
            shopper.ask("HO-12"),
            shopper.ask("HO-30", level="contents"),
            shopper.ask("", status=400),
            shopper.ask("NOBODYS", status=404),
        ]

        for soup in pages:
            assert [tag.name for tag in soup.body.find_all(["header", "main", "footer"])] == [
                "header",
                "main",
                "footer",
            ]
            (link,) = soup.select("footer a")
            assert link["href"] == "https://shop.example/help"
            said = "Need help with this delivery? Contact Hogarth & Daughters"
            assert _text(soup, "footer p") == said
            assert set(link["rel"]) == {"noopener", "noreferrer"}

    def test_help_is_given_the_reference_that_it_is_asked_about(self, pro: Simulator) -> None:
        shopper = shopper_of(
            pro, CONTACT_URL="https://shop.example/help?order={reference}&via=page"
        )

        assert shopper.open("/").select_one("footer a")["href"].endswith("?order=&via=page")
        soup = shopper.ask(_put(pro, event(), custom_reference="A&B/7 #1"))
        (link,) = soup.select("footer a")
        (shipment_reference,) = soup.select(".help__reference")
        assert (
            link["href"]
            == f"https://shop.example/help?order={_text(soup, '.help__reference')}&via=page"
        )
        assert shipment_reference.get_text().startswith("sp_")
        other = shopper.ask("A&B/7 #1").select_one("footer a")["href"]
        assert other == "https://shop.example/help?order=A%26B%2F7%20%231&via=page"

    def test_expected_date_stands_under_the_headline(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        due = "2026-11-27T00:00:00+00:00"

        soup = shopper.ask(_put(pro, event(), expected_delivery_date=due))

        assert _text(soup, ".answer__date") == "Expected Friday 27 November 2026"
        assert soup.select_one(".answer__date time")["datetime"] == "2026-11-27"

    def test_date_that_has_passed_is_never_called_expected(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1203")

        date = _text(soup, ".answer__date")
        assert re.fullmatch(r"Was expected \w+ \d+ November 2026\. It is late\.", date)
        assert soup.select_one("[data-tone]")["data-tone"] in {"warning", "problem"}

    def test_two_clocks_say_how_fresh_the_answer_is(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1003")

        (clocks,) = _texts(soup, ".answer__clocks")
        reported, checked = soup.select(".answer__clocks time")
        assert clocks == (
            "Harrier Parcels last reported yesterday at 18:55. We checked today at 14:00 UTC."
        )
        assert reported["datetime"] == "2026-11-23T18:55:00+00:00"
        assert checked["datetime"] == "2026-11-24T14:00:00+00:00"
        assert soup.select_one(".answer__checked time") is checked

    @pytest.mark.parametrize("reference", ["DEMO-1007", "HO-20"])
    def test_without_a_scan_and_for_several_parcels_only_ours_is_told(
        self, shopper: Shopper, reference: str
    ) -> None:
        soup = shopper.ask(reference)

        assert _texts(soup, ".answer__clocks") == ["We checked today at 14:00 UTC."]

    def test_items_are_reported_on_too(self, pro: Simulator, shopper: Shopper) -> None:
        told = item(event(at="2026-11-24T11:05:00Z"))
        mine = shipment(event(at="2026-11-23T09:00:00Z"), shipment_contents=[told, item()])
        pro.put(mine)

        soup = shopper.ask(mine["shipment_reference"], level="contents")

        said = _text(soup, ".answer__reported")
        assert said == "Test Carrier last reported today at 11:05."


def _in_order(soup: BeautifulSoup, selectors: list[str]) -> list[str]:
    """The selectors, in the order of the first elements that they find."""
    everything = list(soup.find_all(True))
    places = {
        selector: min(_place(one, everything) for one in soup.select(selector))
        for selector in selectors
    }
    return sorted(selectors, key=places.__getitem__)


def _place(element: Tag, everything: list[Tag]) -> int:
    return next(place for place, one in enumerate(everything) if one is element)


class TestCarriersWords:
    """Rule I7 and WCAG 3.1.2: they are quoted, and nobody knows in which language they are."""

    def test_note_is_a_quote_in_a_language_of_its_own(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        words = "Zustellung beim Nachbarn"

        soup = shopper.ask(_put(pro, event(description=words)))

        (quote,) = soup.select(".scan-entry q")
        assert (quote["lang"], quote["dir"], quote.get_text()) == ("", "auto", words)

    @pytest.mark.parametrize(
        "level", ["shipment", "contents"], ids=["the parcel's", "the items' or the parcel's"]
    )
    def test_every_word_of_the_carrier_is_marked_wherever_it_stands(
        self, pro: Simulator, shopper: Shopper, level: str
    ) -> None:
        told = "Paket liegt bereit"
        scans = [
            event(description=told, location=told),
            event("for_information", at="2026-11-24T10:00:00+00:00", description=told),
            event("photo_taken", at="2026-11-24T11:00:00+00:00", description=told),
        ]
        reference = _put(pro, *scans, shipment_contents=[item(*scans), item(*scans)])

        soup = shopper.ask(reference, level=level)

        places = soup.find_all(string=lambda text: told in text)
        languages = [
            next(one["lang"] for one in place.parents if "lang" in one.attrs) for place in places
        ]
        assert len(places) >= 4
        assert languages == [""] * len(places)

    def test_note_that_only_repeats_the_title_is_not_said_twice(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        soup = shopper.ask(_put(pro, event(description="ON ITS WAY")))

        assert not soup.select("q")

    def test_unknown_code_is_never_a_headline(self, pro: Simulator, shopper: Shopper) -> None:
        new = event("zz_new_code", at="2026-11-24T11:00:00+00:00", description="Something new")

        soup = shopper.ask(_put(pro, event("in_transit"), new))

        assert _text(soup, "h1") == "On its way"
        assert _texts(soup, ".scan-entry__title")[0] == "Update from Test Carrier"


class TestMarks:
    """Marks for machines: a part of the public interface."""

    def test_shipment_is_marked(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1001")

        (marked,) = soup.select("[data-shipment-reference]")
        assert _marks(marked) == {
            "data-shipment-reference": f"sp_0069{1001:028}",
            "data-status": "out_for_delivery",
            "data-tone": "neutral",
            "data-step": "4",
        }

    @pytest.mark.parametrize(
        ("reference", "expected"),
        [
            ("DEMO-1007", (f"sp_0069{1007:028}", "", "neutral", "1")),
            ("DEMO-1301", ("", "", "neutral", "1")),
            ("DEMO-1208", (f"sp_0069{1208:028}", "lost", "problem", "")),
        ],
    )
    def test_what_is_not_known_is_an_empty_attribute(
        self, shopper: Shopper, reference: str, expected: tuple[str, ...]
    ) -> None:
        (marked,) = shopper.ask(reference).select("[data-shipment-reference]")

        assert tuple(_marks(marked).values()) == expected

    def test_items_are_marked(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-30", level="contents")

        marks = [_marks(one) for one in soup.select("[data-contents-reference]")]
        assert {mark["data-contents-reference"][:3] for mark in marks} == {"sc_"}
        assert sorted(mark["data-status"] for mark in marks) == [
            "",
            "delayed",
            "delivered",
            "in_transit",
        ]

    def test_events_are_marked_with_pros_own_code(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1402")

        assert [one["data-event-code"] for one in soup.select("[data-event-code]")] == ["collected"]
        assert soup.select_one("[data-status]")["data-status"] == "collected_by_carrier"

    def test_event_without_a_code_has_an_empty_mark(self, pro: Simulator, shopper: Shopper) -> None:
        soup = shopper.ask(_put(pro, event(None, description="Words only")))

        assert [one["data-event-code"] for one in soup.select("[data-event-code]")] == [""]

    @pytest.mark.parametrize(
        ("reference", "query"),
        [("DEMO-1002", {}), ("HO-20", {}), ("HO-12", {}), ("HO-30", {"level": "contents"})],
    )
    def test_first_status_of_the_document_is_the_first_shipments(
        self, shopper: Shopper, reference: str, query: dict[str, str]
    ) -> None:
        soup = shopper.ask(reference, **query)

        first = soup.select_one("[data-status]")
        assert first is soup.select_one("[data-shipment-reference]")
        assert first["data-status"]

    @pytest.mark.parametrize("path", ["/parcel", "/embed"])
    def test_main_says_whether_the_answer_is_fresh(self, shopper: Shopper, path: str) -> None:
        soup = shopper.open(path, reference="DEMO-1003")

        assert [one.name for one in soup.select("[data-fresh]")] == ["main"]
        assert soup.main["data-fresh"] == "fresh"

    def test_samples_and_steps_carry_no_marks(self, demo: Shopper, shopper: Shopper) -> None:
        form, parcel = demo.open("/"), shopper.ask("DEMO-1001")

        assert form.select(".samples-list, .samples-list")
        assert not form.select("[data-status], [data-shipment-reference], [data-step]")
        assert not parcel.select(".steps [data-status], .steps [data-step]")


def _marks(element: Tag) -> dict[str, str]:
    return {name: value for name, value in element.attrs.items() if name.startswith("data-")}


class TestOrder:
    """Several shipments: rule P11."""

    def test_headline_sums_up_and_the_order_is_named_under_it(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-20")

        assert _text(soup, "h1") == "1 of 2 parcels delivered"
        assert _text(soup, ".answer__subtitle") == "Order HO-20, 2 parcels"

    def test_undelivered_and_worst_come_first_and_the_rest_stay_in_order(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        codes = ["delivered", "in_transit", "lost", "delayed", "in_transit", "delivered_damaged"]
        tag = f"ORDER-{new_reference()[-6:]}"
        sent = [_put(pro, event(code), custom_reference=tag) for code in codes]

        soup = shopper.ask(tag)

        shown = [one["data-shipment-reference"] for one in soup.select("article")]
        assert shown == [sent[place] for place in (2, 3, 1, 4, 5, 0)]

    def test_each_parcel_has_its_own_status_folded_history_and_link(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-20")

        first, second = soup.select("article")
        assert _text(first, "h2") == "On its way"
        assert _text(second, "h2") == "Delivered"
        for card in (first, second):
            assert card.select("details .scan-entry")
            assert not card.select("details[open]")
            reference = card["data-shipment-reference"]
            links = [link["href"] for link in card.select("a")]
            assert links == [f"/parcel?reference={reference}"]

    def test_shows_ten_and_says_which(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-12")

        assert len(soup.select("article")) == 10
        assert set(_texts(soup, ".pager__shown")) == {"Showing 1–10 of 12 parcels"}
        assert {link["href"] for link in soup.select("a[rel=next]")} == {
            "/parcel?reference=HO-12&page=2"
        }
        assert not soup.select("a[rel=prev]")

    def test_next_page_shows_the_rest_and_leads_back(self, shopper: Shopper) -> None:
        next_link = shopper.ask("HO-12").select_one("a[rel=next]")["href"]

        soup = shopper.open(next_link)

        assert len(soup.select("article")) == 2
        assert set(_texts(soup, ".pager__shown")) == {"Showing 11–12 of 12 parcels"}
        assert _texts(soup, "article .parcel-card__name") == [
            "Parcel 11 with Bramble & Moor Couriers, BRM000002111",
            "Parcel 12 with Bramble & Moor Couriers, BRM000002112",
        ]
        back = shopper.open(soup.select_one("a[rel=prev]")["href"])
        assert len(back.select("article")) == 10
        assert not soup.select("a[rel=next]")

    def test_order_that_fits_on_one_page_has_no_pager(self, shopper: Shopper) -> None:
        assert not shopper.ask("HO-20").select(".pager")

    @pytest.mark.parametrize(
        ("reference", "query"), [("HO-12", {}), ("HO-12", {"page": "2"}), ("HO-20", {})]
    )
    def test_links_that_are_called_the_same_lead_to_the_same_page(
        self, shopper: Shopper, reference: str, query: dict[str, str]
    ) -> None:
        soup = shopper.ask(reference, **query)

        named = {(" ".join(a.get_text().split()), a["href"]) for a in soup.select("a[href]")}
        names = Counter(name for name, _ in named)
        assert [name for name, times in names.items() if times > 1] == []
        assert "" not in names

    def test_one_match_is_shown_at_once(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1003")

        assert len(soup.select("[data-shipment-reference]")) == 1
        assert soup.select("ol.steps__list")

    def test_items_found_by_their_own_reference_in_several_parcels_are_an_order(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        tag = f"KIT-{new_reference()[-6:]}"
        for code in ("delivered", "in_transit"):
            _put(pro, shipment_contents=[item(event(code), custom_reference=tag)])

        soup = shopper.ask(tag)

        assert _text(soup, "h1") == "1 of 2 parcels delivered"
        assert len(soup.select("article [data-contents-reference]")) == 2
        links = _texts(soup, ".parcel-card__link")
        assert links == ["See the whole parcel 2: On its way", "See the whole parcel 1: Delivered"]


class TestItems:
    """The contents of a shipment: rule P10."""

    def test_parcel_offers_its_items(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-30")

        (link,) = (a for a in soup.select("a") if a.get_text() == "See each item")
        items = shopper.open(link["href"])
        assert link["href"] == f"/parcel?reference=sp_0069{2201:028}&level=contents"
        assert _text(items, "h1") == "1 of 4 items delivered"

    def test_items_are_asked_for_only_when_wanted(self, pro: Simulator, shopper: Shopper) -> None:
        reference = _put(pro, event(), shipment_contents=[item(event())])
        pro.forget_calls()

        shopper.ask(reference)

        assert [call.target for call in pro.calls] == [f"/pro/tracking/{reference}"]

    def test_each_item_has_a_name_a_status_and_a_line(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-30", level="contents")

        (listed,) = soup.select("ul.items__list[role=list]")
        cards = listed.select("li[data-contents-reference]")
        assert _text(soup, ".items__heading") == "4 items"
        assert _texts(listed, ".item__name") == [  # undelivered and worst first
            "Item 3 of 4 HO-30-TABLE",
            "Item 2 of 4 HO-30-CHAIR",
            "Item 4 of 4 HO-30-RUG",
            "Item 1 of 4 HO-30-LAMP",
        ]
        headlines = [_text(card, "h3") for card in cards]
        assert headlines == [
            "Running late",
            "On its way",
            "No separate update for this item",
            "Delivered",
        ]
        assert all(_text(card, ".item__words > p:not(.item__name)") for card in cards)
        assert not any(headline.isupper() for headline in headlines)
        assert not listed.select("h3 a, h3 [tabindex]")

    def test_item_without_scans_is_never_counted_as_delivered(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        contents = [item(event("delivered")), item()]

        soup = shopper.ask(
            _put(pro, event("delivered"), shipment_contents=contents), level="contents"
        )

        assert _text(soup, "h1") == "1 of 2 items delivered"

    def test_carrier_that_tells_nothing_by_item_is_said_kindly(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1001", level="contents")

        assert _text(soup, "h1") == "Out for delivery today"
        assert _text(soup, ".parcel__whole").startswith(
            "Harrier Parcels does not tell us about each item separately."
        )
        assert len(soup.select(".history .scan-entry")) == 4

    def test_items_lead_back_to_the_whole_parcel(self, shopper: Shopper) -> None:
        soup = shopper.ask("HO-30", level="contents")

        (link,) = (a for a in soup.select("main a") if a.get_text() == "See the whole parcel")
        assert _text(shopper.open(link["href"]), "h1").startswith("Delivered")


class TestDemo:
    """Without a key the data is made up, and every page says so."""

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/", 200),
            ("/parcel?reference=DEMO-1001", 200),
            ("/parcel?reference=HO-12", 200),
            ("/parcel?reference=", 400),
            ("/parcel?reference=NOBODYS", 404),
            ("/nothing", 404),
            ("/embed", 200),
            ("/embed?reference=DEMO-1001", 200),
        ],
    )
    def test_every_page_says_that_the_data_is_made_up(
        self, demo: Shopper, shopper: Shopper, path: str, status: int
    ) -> None:
        made_up, real = demo.open(path, status), shopper.open(path, status)

        said = "Demo data. Every parcel here is made up."
        assert _text(made_up, ".demo-mark") == said
        assert said not in real.get_text()

    def test_form_offers_samples_of_a_dozen_statuses(self, demo: Shopper) -> None:
        links = [a["href"] for a in demo.open("/").select("main ul a")]

        statuses = {demo.open(link).select_one("[data-status]")["data-status"] for link in links}
        assert len(links) == len(set(links)) >= 12
        assert len(statuses) >= 12

    def test_samples_in_a_frame_stay_in_it(self, demo: Shopper) -> None:
        links = [a["href"] for a in demo.open("/embed").select("main ul a")]

        assert len(links) >= 12
        assert all(link.startswith("/embed?reference=") for link in links)

    def test_shop_with_a_key_has_no_samples(self, shopper: Shopper) -> None:
        assert not shopper.open("/").select("main ul")
        assert not shopper.ask("", status=400).select("main ul")


class TestDelay:
    """PRO cannot be asked again: what it said last, since when, and that this is known."""

    @pytest.fixture
    @classmethod
    def clock(cls) -> TurnableClock:
        return TurnableClock()

    @pytest.mark.parametrize("name", ["a 500", "too many requests", "a reset", "no JSON"])
    def test_last_answer_says_since_when_and_that_updates_are_late(
        self, pro: Simulator, clock: TurnableClock, name: str
    ) -> None:
        reference, shopper = _put(pro, event()), shopper_of(pro, clock)
        shopper.ask(reference)
        pro.fault(FAULTS[name], reference)
        clock.turn(seconds=121)

        renewing = shopper.ask(reference)
        landed(shopper, reference)
        late = shopper.ask(reference)

        assert FAULTS[name].kind == pro.fired[-1]
        assert renewing.main["data-fresh"] == "fresh"  # nobody knows better yet
        assert late.main["data-fresh"] == "stale"
        assert _text(late, "h1") == "On its way"
        assert _text(late, ".answer__delayed") == "Last updated 14:00. Live updates are delayed."
        since = late.select_one(".answer__delayed time")
        assert since["datetime"] == "2026-11-24T14:00:00+00:00"
        assert not late.select(".answer__checked")
        assert _text(late, ".answer__reported") == "Test Carrier last reported today at 09:00."

    def test_json_and_frame_say_it_too(self, pro: Simulator, clock: TurnableClock) -> None:
        reference, shopper = _late(pro, clock)

        json = shopper.json(reference)
        frame = shopper.open("/embed", reference=reference)

        assert (json["stale"], json["checked_at"]) == (True, "2026-11-24T14:00:00+00:00")
        assert frame.main["data-fresh"] == "stale"
        assert _texts(frame, ".answer__delayed")

    def test_next_day_the_date_is_said_too(self, pro: Simulator, clock: TurnableClock) -> None:
        reference, shopper = _late(pro, clock)
        clock.turn(hours=13)

        soup = shopper.ask(reference)

        said = _text(soup, ".answer__delayed")
        assert said == "Last updated 24 November at 14:00 UTC. Live updates are delayed."

    def test_recovery_is_shown_as_soon_as_pro_has_told(
        self, pro: Simulator, clock: TurnableClock
    ) -> None:
        reference, shopper = _late(pro, clock)
        pro.heal(reference)
        clock.turn(seconds=60)

        shopper.ask(reference)
        landed(shopper, reference)
        soup = shopper.ask(reference)

        assert soup.main["data-fresh"] == "fresh"
        checked = soup.select_one(".answer__checked time")
        assert checked["datetime"] == "2026-11-24T14:03:01+00:00"
        assert not soup.select(".answer__delayed")
        assert shopper.json(reference)["stale"] is False

    def test_after_a_day_it_is_no_longer_shown(self, pro: Simulator, clock: TurnableClock) -> None:
        reference, shopper = _late(pro, clock)
        clock.turn(hours=24)

        soup = shopper.ask(reference, status=503)

        assert _text(soup, "h1") == "Tracking is not working at the moment"


def _late(pro: Simulator, clock: TurnableClock) -> tuple[str, Shopper]:
    """A parcel whose answer could not be renewed, two minutes after it was told."""
    reference, shopper = _put(pro, event()), shopper_of(pro, clock)
    shopper.ask(reference)
    pro.fault(FAULTS["a 500"], reference)
    clock.turn(seconds=121)
    shopper.ask(reference)
    landed(shopper, reference)
    return reference, shopper


class TestNameServer:
    """A3: finding PRO takes for ever. The client cannot bound that, so the page does."""

    DEADLINE = 1.0  # seconds

    @pytest.fixture
    @classmethod
    def hanging(cls, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
        """While it is set, nobody finds an address of `pro.example`, and nobody is told so."""
        hangs, asked, over = threading.Event(), threading.Event(), threading.Event()
        really = socket.getaddrinfo

        def resolve(host: str, *args: Any, **kwargs: Any) -> list:
            if host == "pro.example" and hangs.is_set():
                asked.set()
                over.wait()
                raise socket.gaierror("the name server did not answer")
            return really("127.0.0.1" if host == "pro.example" else host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        yield hangs
        over.set()
        assert asked.is_set()

    def _shopper(self, pro: Simulator, clock: TurnableClock) -> Shopper:
        url = pro.url.replace("127.0.0.1", "pro.example")
        slow = {"PRO_API_URL": url, "PRO_ALLOW_HTTP": "1", "PRO_DEADLINE": str(self.DEADLINE)}
        return shopper_of(pro, clock, **slow)

    def test_who_asks_first_is_told_at_the_deadline(
        self, pro: Simulator, hanging: threading.Event
    ) -> None:
        shopper = self._shopper(pro, TurnableClock())
        hanging.set()
        pro.forget_calls()
        started = monotonic()

        soup = shopper.ask(_put(pro, event()), status=503)

        assert _text(soup, "h1") == "Tracking is not working at the moment"
        assert self.DEADLINE <= monotonic() - started < 10 * (self.DEADLINE + 0.2)
        assert pro.calls == []

    def test_what_is_remembered_is_shown_meanwhile_and_others_are_asked_for(
        self, pro: Simulator, hanging: threading.Event
    ) -> None:
        clock = TurnableClock()
        shopper, reference = self._shopper(pro, clock), _put(pro, event())
        assert _text(shopper.ask(reference), "h1") == "On its way"
        hanging.set()
        pro.hang_up()
        clock.turn(seconds=121)

        soup = shopper.ask(reference)
        shopper.ask(_put(pro, event()), status=503)
        again = shopper.ask(reference)

        assert soup.main["data-fresh"] == again.main["data-fresh"] == "fresh"


class TestTooManySearches:
    """One client asks for too much that is not remembered; what is remembered is for everybody."""

    LOOKUPS, NOT_FOUND = 3, 2

    @pytest.fixture
    @classmethod
    def asking(cls, pro: Simulator) -> Shopper:
        """A shopper who has used up the lookups of a minute."""
        shopper = shopper_of(pro, LIMIT_LOOKUPS=str(cls.LOOKUPS))
        for _ in range(cls.LOOKUPS):
            shopper.ask(_put(pro, event()))
        return shopper

    @pytest.fixture
    @classmethod
    def guessing(cls, pro: Simulator) -> Shopper:
        """A shopper who has used up the lookups in vain of ten minutes."""
        shopper = shopper_of(pro, LIMIT_NOT_FOUND=str(cls.NOT_FOUND))
        for number in range(cls.NOT_FOUND):
            shopper.ask(f"GUESS-{number}", status=404)
        return shopper

    def test_page_says_how_long_to_wait_and_keeps_what_was_typed(
        self, pro: Simulator, asking: Shopper
    ) -> None:
        pro.forget_calls()

        response = asking.get("/parcel", reference=" ANOTHER 1 ")

        soup = BeautifulSoup(response.text, "html.parser")
        check_every_page(soup, 429)
        assert response.status_code == 429
        assert _text(soup, "h1") == "Too many searches"
        assert "Wait 1 minute, then try again." in _texts(soup, "main p")
        assert "Your reference is still in the box below." in _texts(soup, "main p")
        assert _field(soup)["value"] == " ANOTHER 1 "
        assert 1 <= int(response.headers["Retry-After"]) <= 60
        assert response.headers["Cache-Control"] == "no-store"
        assert pro.calls == []

    def test_who_guesses_waits_for_ten_minutes(self, pro: Simulator, guessing: Shopper) -> None:
        pro.forget_calls()

        response = guessing.get("/parcel", reference="GUESS-99")

        assert response.status_code == 429
        assert 540 < int(response.headers["Retry-After"]) <= 600
        assert "Wait 10 minutes, then try again." in response.text
        assert pro.calls == []

    def test_json_says_it_too(self, asking: Shopper) -> None:
        error = asking.json("ANOTHER-1", status=429)["error"]

        said = "Too many searches. Wait 1 minute, then try again."
        assert error == {"code": "too_many_tries", "message": said}

    def test_frame_says_it_too(self, asking: Shopper) -> None:
        soup = asking.open("/embed", 429, reference="ANOTHER-1", theme="dark")

        assert _text(soup, "h1") == "Too many searches"
        assert soup.html["data-theme"] == "dark"

    def test_known_and_unknown_look_the_same_meanwhile(
        self, pro: Simulator, guessing: Shopper
    ) -> None:
        known = _put(pro, event())
        unknown = new_reference()

        pages = [guessing.get("/parcel", reference=one) for one in (known, unknown)]

        assert [page.status_code for page in pages] == [429, 429]
        assert pages[0].text.replace(known, unknown) == pages[1].text

    @pytest.mark.parametrize("limit", [{"LIMIT_LOOKUPS": "2"}, {"LIMIT_NOT_FOUND": "1"}])
    def test_what_is_remembered_is_never_limited(
        self, pro: Simulator, limit: dict[str, str]
    ) -> None:
        shopper, found = shopper_of(pro, **limit), _put(pro, event())
        shopper.ask(found)
        shopper.ask("GUESS-AGAIN", status=404)
        shopper.ask(_put(pro, event()), status=429)

        for _ in range(3):
            assert _text(shopper.ask(found), "h1") == "On its way"
            shopper.ask("GUESS-AGAIN", status=404)
            shopper.open("/")
            shopper.ask("", status=400)

    def test_other_clients_are_not_limited(self, pro: Simulator, asking: Shopper) -> None:
        other = neighbour(asking)
        other.client.environ_base["REMOTE_ADDR"] = "198.51.100.7"

        assert _text(other.ask(_put(pro, event())), "h1") == "On its way"

    @pytest.mark.parametrize(
        ("first", "second", "status"),
        [
            ("198.51.100.7", "198.51.100.8", 200),
            ("198.51.100.7", "::ffff:198.51.100.7", 429),
            ("2001:db8::1", "2001:db8::ffff:1", 429),
            ("2001:db8::1", "2001:db8:0:1::1", 200),
            ("2001:db8::1%eth0", "2001:db8::2%eth1", 429),
        ],
    )
    def test_client_is_an_address_or_the_network_of_one(
        self, pro: Simulator, first: str, second: str, status: int
    ) -> None:
        shopper = shopper_of(pro, LIMIT_LOOKUPS="1")
        other = neighbour(shopper)
        shopper.client.environ_base["REMOTE_ADDR"] = first
        other.client.environ_base["REMOTE_ADDR"] = second
        shopper.ask(_put(pro, event()))

        other.ask(_put(pro, event()), status=status)

    @pytest.mark.parametrize(
        ("proxies", "said", "then", "status"),
        [
            ("0", "198.51.100.1", "198.51.100.2", 429),  # anybody can say that
            ("1", "198.51.100.1", "198.51.100.2", 200),
            ("1", "198.51.100.1, 203.0.113.9", "198.51.100.2, 203.0.113.9", 429),
            ("2", "198.51.100.1, 203.0.113.9", "198.51.100.2, 203.0.113.9", 200),
            ("2", "192.0.2.1, 198.51.100.1, 203.0.113.9", "198.51.100.1, 203.0.113.9", 429),
        ],
    )
    def test_proxies_that_are_ours_are_believed_and_no_others(
        self, pro: Simulator, proxies: str, said: str, then: str, status: int
    ) -> None:
        client = shopper_of(pro, LIMIT_LOOKUPS="1", PROXIES=proxies).client

        answers = [
            client.get(f"/parcel?reference={_put(pro, event())}", headers={"X-Forwarded-For": who})
            for who in (said, then)
        ]

        assert [answer.status_code for answer in answers] == [200, status]


class TestAddressTooLong:
    """Addresses of 2,048 characters and more are read by nobody."""

    def test_page_offers_the_form_and_costs_no_call(self, pro: Simulator, shopper: Shopper) -> None:
        pro.forget_calls()

        soup = shopper.open(f"/parcel?reference=DEMO-1001&utm_source={'x' * 2048}", status=414)
        json = shopper.get("/parcel.json", reference="DEMO-1001", utm_source="x" * 2048)

        assert _text(soup, "h1") == "This address is too long"
        assert _field(soup)["value"] == "DEMO-1001"
        assert (json.status_code, json.json["error"]["code"]) == (414, "address_too_long")
        assert pro.calls == []

    @pytest.mark.parametrize("path", ["/", "/embed", "/assets/parcel.css", "/healthz", "/nothing"])
    def test_it_is_so_everywhere(self, shopper: Shopper, path: str) -> None:
        assert shopper.get(path, utm_source="x" * 2048).status_code == 414
        assert shopper.get(f"{path.rstrip('/')}/{'x' * 2048}").status_code == 414

    @pytest.mark.parametrize(("length", "status"), [(2000, 200), (2100, 414)])
    def test_the_whole_address_counts(self, shopper: Shopper, length: int, status: int) -> None:
        start = "/parcel?reference=DEMO-1003&utm_source="

        shopper.open(start + "x" * (length - len(start)), status=status)

    @pytest.mark.parametrize("reference", ["x" * 4000, "é" * 1500, "x" * 60_000])
    def test_long_reference_is_told_at_the_field(
        self, pro: Simulator, shopper: Shopper, reference: str
    ) -> None:
        pro.forget_calls()

        soup = shopper.ask(reference, status=400)

        said = "Order number or tracking reference must be 50 characters or fewer"
        assert _text(soup, ".error-summary a") == said
        assert pro.calls == []


STRANGERS = [
    "evil.test",
    "evil.test:443",
    "parcels.shop.example.evil.test",
    "evilparcels.shop.example",
    "shop.example",
    "www.parcels.shop.example",
    "other.example.evil.test",
    "parcels.shop.example@evil.test",
    "parcels.shop.example:443@evil.test",
    "parcels.shop.example/evil.test",
    "parcels.shop.example, evil.test",
    "evil.test#parcels.shop.example",
    "127.0.0.1",
    "[::1]:8000",
    '"><script>alert(1)</script>',
    "evil\x80.test",
    "",
    "x" * 5000,
]


class TestHosts:
    """ALLOWED_HOSTS: the page is asked under its own names, or it is not asked."""

    OURS = "parcels.shop.example .other.example"

    @pytest.fixture(scope="class")
    @classmethod
    def owned(cls, pro: Simulator) -> Shopper:
        return shopper_of(pro, ALLOWED_HOSTS=cls.OURS)

    @pytest.mark.parametrize(
        "host",
        [
            "parcels.shop.example",
            "parcels.shop.example:8443",
            "Parcels.SHOP.example",
            "parcels.shop.example.",
            "PARCELS.shop.example.:443",
            "other.example",
            "a.other.example",
            "b.a.other.example:443",
        ],
    )
    def test_names_that_are_ours_are_answered(self, owned: Shopper, host: str) -> None:
        response = owned.client.get("/parcel?reference=DEMO-1003", headers={"Host": host})

        assert response.status_code == 200

    @pytest.mark.parametrize("path", ["/", "/parcel?reference=DEMO-1003", "/assets/parcel.css"])
    @pytest.mark.parametrize("host", STRANGERS, ids=lambda host: host[:40])
    def test_strangers_are_told_nothing_and_their_name_is_not_repeated(
        self, pro: Simulator, owned: Shopper, host: str, path: str
    ) -> None:
        owned.get(path)  # a finished page is for strangers no more than another
        pro.forget_calls()

        response = owned.client.get(path, environ_overrides={"HTTP_HOST": host})

        soup = BeautifulSoup(response.text, "html.parser")
        check_every_page(soup, 400)
        assert response.status_code == 400
        assert _text(soup, "h1") == "This address cannot be read"
        told = f"{response.headers}{response.text}"
        for strange in ("evil", "alert(1)", "127.0.0.1", "xxxxx"):
            assert strange not in told
        assert pro.calls == []

    @pytest.mark.parametrize("path", ["/parcel.json", "//parcel", "/nothing", "/metrics"])
    def test_strangers_get_no_redirect_and_no_number(self, owned: Shopper, path: str) -> None:
        overrides = {"HTTP_HOST": "evil.test", "PATH_INFO": path}

        response = owned.client.get("/", environ_overrides=overrides)

        assert response.status_code == 400
        assert "Location" not in response.headers
        assert "evil" not in f"{response.headers}{response.text}"

    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    @pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.test", ""])
    def test_machines_may_ask_how_we_are_under_any_name(
        self, owned: Shopper, host: str, path: str
    ) -> None:
        response = owned.client.get(path, environ_overrides={"HTTP_HOST": host})

        assert (response.status_code, response.json["status"]) == (200, "ok")

    def test_a_host_that_another_header_names_does_not_count(self, owned: Shopper) -> None:
        ours = {"Host": "parcels.shop.example"}

        strange = owned.client.get(
            "/", headers={"Host": "evil.test", "X-Forwarded-Host": "parcels.shop.example"}
        )
        own = owned.client.get("/", headers=ours | {"X-Forwarded-Host": "evil.test"})

        assert (strange.status_code, own.status_code) == (400, 200)
        assert "evil" not in own.text


class TestMachines:
    """What is asked by those who watch over the page."""

    TOKEN = "t0ken-of-metrics"

    @pytest.fixture(scope="class")
    @classmethod
    def watched(cls, pro: Simulator) -> Shopper:
        return shopper_of(pro, METRICS_TOKEN=cls.TOKEN)

    def test_metrics_are_closed_where_no_token_is_set(self, shopper: Shopper) -> None:
        for said in ("", "Bearer ", "Bearer None"):
            response = shopper.client.get("/metrics", headers={"Authorization": said})

            assert response.status_code == 404
            assert "parcel_page" not in response.text

    @pytest.mark.parametrize(
        "said",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "Bearer another",
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            f"bearer{TOKEN}",
            TOKEN,
            f"Basic {TOKEN}",
            "Bearer é",
            "Bearer " + "x" * 5000,
        ],
    )
    def test_metrics_are_closed_to_whom_does_not_know_the_token(
        self, watched: Shopper, said: str | None
    ) -> None:
        headers = {} if said is None else {"Authorization": said}

        response = watched.client.get("/metrics", headers=headers)

        assert response.status_code == 401
        assert "parcel_page" not in response.text
        assert self.TOKEN not in response.text

    def test_metrics_count_and_tell_of_nobody(self, pro: Simulator, watched: Shopper) -> None:
        reference = _put(pro, event())
        for asked, status in ((reference, 200), ("CANARY-7", 404)):
            watched.ask(asked, status)

        response = watched.client.get("/metrics", headers={"Authorization": f"Bearer {self.TOKEN}"})

        assert response.status_code == 200
        assert response.mimetype == "text/plain"
        counts = dict(line.rsplit(" ", 1) for line in response.text.splitlines() if "{" in line)
        assert float(counts['parcel_page_answers_total{made="now",status="200"}']) >= 1
        assert float(counts['parcel_page_pro_calls_total{outcome="answered"}']) >= 1
        assert float(counts['parcel_page_pro_calls_total{outcome="ShipmentNotFound"}']) >= 2
        for name in (
            "pro_units_total",
            "shed",
            "budget_left",
            "pro_paused_until",
            "stale_answers_total",
        ):
            assert f"parcel_page_{name}" in response.text
        for secret in (reference, "CANARY", "127.0.0.1", KEY, self.TOKEN, reference[3:]):
            assert secret not in response.text

    def test_readiness_tells_how_those_are_that_we_need(
        self, pro: Simulator, unlucky: Shopper
    ) -> None:
        well = unlucky.get("/readyz")
        reference = _put(pro, event())
        pro.fault(FAULTS["a refused key"], reference)
        unlucky.ask(reference, status=503)
        pro.forget_calls()
        paused = unlucky.get("/readyz")

        assert well.json == {"status": "ok", "pro": "asked", "redis": "none"}
        assert paused.json == {"status": "ok", "pro": "paused", "redis": "none"}
        assert well.status_code == paused.status_code == 200
        assert pro.calls == []


DECODED = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


class TestEncodings:
    """In which encoding a page leaves: each has an ETag and a 304 of its own."""

    PATHS = ("/", "/parcel?reference=HO-20", "/parcel.json?reference=HO-20", "/assets/parcel.css")

    @pytest.mark.parametrize(
        ("accepted", "encoding"),
        [
            (None, None),
            ("", None),
            ("identity", None),
            ("gzip", "gzip"),
            ("gzip, deflate", "gzip"),
            ("gzip, deflate, br, zstd", "br"),
            ("GZIP , BR", "br"),
            ("br;q=0.1, gzip;q=1", "br"),
            ("br;q=0, gzip", "gzip"),
            ("br ; q = 0.000 , gzip;q=0", None),
            ("*", "br"),
            ("*;q=0", None),
            ("br;q=0,*", "gzip"),
            ("zstd, deflate, compress", None),
            ("brotli, xgzip, gzipx", None),
            ("gzip," * 5000, None),
            (";;;,,,=q", None),
        ],
    )
    @pytest.mark.parametrize("path", PATHS)
    def test_page_leaves_in_the_smallest_that_the_browser_takes(
        self, shopper: Shopper, path: str, accepted: str | None, encoding: str | None
    ) -> None:
        headers = {} if accepted is None else {"Accept-Encoding": accepted}
        plain = shopper.client.get(path)

        first, second = (shopper.client.get(path, headers=headers) for _ in range(2))

        assert first.headers.get("Content-Encoding") == encoding
        assert first.headers["Content-Length"] == str(len(first.data))
        assert first.headers.getlist("Vary") == ["Accept-Encoding"]
        assert DECODED[encoding](first.data) == plain.data
        assert (second.data, dict(second.headers)) == (first.data, dict(first.headers))

    @pytest.mark.parametrize("path", PATHS)
    def test_each_encoding_has_a_304_of_its_own(self, shopper: Shopper, path: str) -> None:
        etags = {
            encoding: shopper.client.get(path, headers={"Accept-Encoding": encoding}).headers[
                "ETag"
            ]
            for encoding in ("br", "gzip", "identity")
        }

        def ask(encoding: str, etag: str) -> tuple[int, int]:
            headers = {"Accept-Encoding": encoding, "If-None-Match": etag}
            answer = shopper.client.get(path, headers=headers)
            assert answer.headers["ETag"] == etags[encoding]
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert answer.status_code == 200 or not {
                *("Content-Encoding", "Content-Length", "Content-Type")
            } & set(answer.headers.keys())
            return answer.status_code, len(answer.data)

        assert len(set(etags.values())) == 3
        for encoding, own in etags.items():
            for listed in (own, f"W/{own}", f'"x", {own}', "*"):
                assert ask(encoding, listed) == (304, 0)
            for other in set(etags.values()) - {own}:
                assert ask(encoding, other)[0] == 200
            for other in ("", '"', own.strip('"')[:-1], '"x"'):
                assert ask(encoding, other)[0] == 200

    @pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
    @pytest.mark.parametrize(
        "path", [*PATHS, "/parcel?reference=NOBODYS", "/parcel", "/healthz", "/nothing"]
    )
    def test_head_has_the_headers_of_get_and_no_body(
        self, shopper: Shopper, path: str, encoding: str
    ) -> None:
        headers = {"Accept-Encoding": encoding}
        got = shopper.client.get(path, headers=headers)

        head = shopper.client.head(path, headers=headers)

        assert head.status_code == got.status_code
        assert dict(head.headers) == dict(got.headers)
        assert got.data
        assert head.data == b""

    def test_what_gains_nothing_is_sent_as_it_is(self, shopper: Shopper) -> None:
        answer = shopper.client.get("/healthz", headers={"Accept-Encoding": "br, gzip"})

        assert "Content-Encoding" not in answer.headers
        assert answer.json == {"status": "ok"}

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        "part", ["bytes=0-999", "bytes=-500", "bytes=999999-", "bytes=0-0,5-9"]
    )
    def test_a_part_is_asked_for_in_vain(self, pro: Simulator, path: str, part: str) -> None:
        shopper = shopper_of(pro)  # which has nothing finished
        headers = {"Range": part, "Accept-Encoding": "gzip"}

        first, second = (shopper.client.get(path, headers=headers) for _ in range(2))

        for answer in (first, second):
            assert answer.status_code == 200
            assert gzip.decompress(answer.data) == shopper.client.get(path).data
            assert "Content-Range" not in answer.headers

    @pytest.mark.parametrize(
        "condition",
        [
            {"If-Modified-Since": "Fri, 31 Dec 2100 23:59:59 GMT"},
            {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
            {"If-Match": '"x"'},
            {"If-Range": '"x"', "Range": "bytes=0-9"},
        ],
    )
    def test_other_conditions_count_for_nothing(
        self, pro: Simulator, condition: dict[str, str]
    ) -> None:
        client = shopper_of(pro).client

        answers = [client.get("/assets/icon.svg", headers=condition) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].data == answers[1].data

    def test_condition_of_who_comes_first_is_met_by_the_page_that_is_then_made(
        self, pro: Simulator
    ) -> None:
        for path in self.PATHS:
            etag = shopper_of(pro).client.get(path).headers["ETag"]

            answer = shopper_of(pro).client.get(path, headers={"If-None-Match": etag})

            assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)


ADDRESSES = ["/parcel", "/parcel?level=contents", "/embed"]
GONE = {f"sp_0069{1302:028}", f"sp_0069{1303:028}"}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_can_be_read(shopper: Shopper, story: Story, address: str) -> None:
    path, _, level = address.partition("?level=")
    query = {"reference": story.reference} | ({"level": level} if level else {})

    response = shopper.get(path, **query)

    page = response.text
    assert response.status_code == (410 if story.reference in GONE else 200)
    assert _skipped_headings(page) == []
    assert [one for one in re.findall(r'datetime="(.*?)"', page) if not _is_valid(one)] == []
    assert not re.search(r"\bNone\b|Undefined|\{\w+\}", unescape(page))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_every_story_has_what_every_page_has(shopper: Shopper, story: Story) -> None:
    shopper.ask(story.reference, 410 if story.reference in GONE else 200)


@pytest.mark.parametrize(
    "story",
    [story for story in STORIES if not story.moves and story.reference not in GONE],
    ids=lambda story: story.name,
)
def test_every_story_has_the_status_that_it_is_told_for(shopper: Shopper, story: Story) -> None:
    page = shopper.get("/parcel", reference=story.reference).text

    first = re.search(r'data-status="([^"]*)"', page)
    assert first[1] == (story.status or "")


def _skipped_headings(page: str) -> list[int]:
    """Headings that are more than one level below the one before; the first is the h1."""
    levels = [0, *map(int, re.findall(r"<h([1-6])\b", page))]
    return [level for before, level in pairwise(levels) if level > before + 1]


def _is_valid(value: str) -> bool:
    try:
        return bool(DATETIME.fullmatch(value) and datetime.fromisoformat(value))
    except ValueError:
        return False


def test_heading_check_sees_a_skipped_level() -> None:
    assert _skipped_headings("<h1>a</h1><h3>b</h3><h2>c</h2>") == [3]
    assert _skipped_headings("<h2>a</h2>") == [2]


@pytest.mark.parametrize("value", ["2026-13-01", "2026-11-24T25:00:00Z", "24/11/2026", ""])
def test_datetime_check_sees_a_wrong_one(value: str) -> None:
    assert not _is_valid(value)


@pytest.mark.parametrize("path", ["/", "/embed"])
@pytest.mark.parametrize("query", ["theme=dark&theme=light", "page=zz", "level=item"])
def test_form_refuses_the_parameters_that_an_answer_refuses(
    shopper: Shopper, path: str, query: str
) -> None:
    soup = shopper.open(f"{path}?{query}", status=400)

    assert soup.select_one(".error-summary")


class TestCarriersPage:
    def test_a_number_links_to_its_carriers_own_page(self, pro: Simulator, shopper: Shopper):
        carrier = {"reference": "RM", "name": "Royal Mail"}
        reference = _put(pro, event(), carrier=carrier, carrier_references=["AB1", "AB/2"])

        links = shopper.ask(reference).select(".details a")

        assert [link["href"].rpartition("/")[2] for link in links] == ["AB1", "AB%2F2"]
        assert [link.get_text() for link in links] == [
            "See AB1 at Royal Mail",
            "See AB/2 at Royal Mail",
        ]
        assert all(link["rel"] == ["noopener", "noreferrer"] for link in links)
        assert all(link["href"].startswith("https://www.royalmail.com/") for link in links)

    def test_of_a_carrier_that_we_do_not_know_there_is_only_the_number(
        self, pro: Simulator, shopper: Shopper
    ):
        page = shopper.ask(_put(pro, event()))

        assert page.select(".details a") == []
        assert "Tracking number" in _texts(page, ".details dt")

    def test_an_operators_own_carrier_is_linked_too(self, pro: Simulator, tmp_path: Path):
        table = tmp_path / "carriers.toml"
        table.write_text('[own]\nnames = ["Test Carrier"]\npage = "https://own.example/{number}"\n')
        shopper = shopper_of(pro, CARRIERS_FILE=str(table))

        (link,) = shopper.ask(_put(pro, event())).select(".details a")

        assert link["href"].startswith("https://own.example/")


class TestWhy:
    """Why this status? A fold after the history."""

    def test_the_fold_after_the_history_says_why_and_names_the_rules_for_who_helps(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        delivered = event("delivered", "2026-11-24T06:48:00+00:00")
        later = event("in_transit", "2026-11-24T09:00:00+00:00")

        page = shopper.ask(_put(pro, delivered, later))

        (fold,) = page.select("details.why")
        assert not fold.has_attr("open")
        assert fold.find_previous("section")["class"] == ["history"]
        assert _texts(fold, "summary") == ["Why this status?"]
        assert [(line["data-rule"], line.get_text()) for line in fold.select("li")] == [
            ("S6", "This comes from a scan by Test Carrier: “Delivered” today at 06:48."),
            ("S6", "Scans made after delivery do not change it: “On its way” today at 09:00."),
        ]
        assert not re.search(r"\bS\d", fold.get_text())

    def test_without_a_status_no_page_asks_why(self, pro: Simulator, shopper: Shopper) -> None:
        for mine in (_put(pro), _put(pro, event("for_information")), _put(pro, state="processing")):
            assert not shopper.ask(mine).select(".why")

    def test_the_parcel_that_is_told_by_item_says_which_item_decides(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        at = "2026-11-24T06:48:00+00:00"
        odd = item(event("delivered", at), event("in_transit", "2026-11-24T09:00:00+00:00"))
        mine = _put(pro, shipment_contents=[odd, item(event("delayed", at))])

        page = shopper.ask(mine, level="contents")

        assert _texts(page, ".parcel__story > .why li") == [
            "Item 2 of 2 decides, because it most needs attention.",
            "This comes from a scan by Test Carrier: “Delayed” today at 06:48. "
            "It is the newest scan that says where the item is.",
        ]
        plain, odd = page.select(".item")
        assert len(odd.select(".why li")) == 2
        assert not plain.select(".why")

    @pytest.mark.parametrize("privacy", ["doorstep", "strict"])
    def test_the_fold_says_nothing_in_the_carriers_words(
        self, pro: Simulator, privacy: str
    ) -> None:
        """What was folded or does not count is hidden like all the rest, in every format."""
        at, told = "2026-11-24T06:48:00+00:00", "Left with ANNA BAKER"
        copies = [event("delivered", at, description=told, signee="Anna Baker") for _ in range(2)]
        later = event("zz_new_code", "2026-11-24T09:00:00+00:00", description="See A. BAKER")
        mine, shopper = _put(pro, *copies, later), shopper_of(pro, PRIVACY=privacy)

        page = shopper.ask(mine)

        assert [line["data-rule"] for line in page.select(".why li")] == ["S5", "S1", "P-c"]
        assert "baker" not in page.select_one(".why").get_text().casefold()
        assert "baker" not in str(shopper.json(mine)["shipments"][0]["derivation"]).casefold()

    def test_an_order_of_several_tells_the_why_of_each_parcel_in_its_fold(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        for _ in range(2):
            _put(pro, event("delivered"), custom_reference="WHY-2")

        soup = shopper.ask("WHY-2")
        assert len(soup.select(".why")) == len(soup.select(".parcel-card details > .why")) == 2
        assert (
            _texts(soup, ".parcel-card__reported")
            == ["Test Carrier last reported today at 09:00."] * 2
        )
