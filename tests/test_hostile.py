"""Nothing that PRO, a shopper or a retailer writes becomes markup, a template or a format.

Matrix C10 and F8 of reliability.md: every hostile string in every string field of the contract,
at both levels. A page is safe when it has the very elements and attributes of a harmless one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from html import unescape
from html.parser import HTMLParser
from itertools import repeat
from urllib.parse import quote

import pytest

from app import create_app
from tests.conftest import NOON, Shopper
from tests.shipments import event, item, new_reference, shipment
from tests.shops import shopper_of
from tracking.config import BadSettings
from tracking.pro.simulator import Simulator

HARMLESS = "Harmless words"
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "end of a script": "</script><script src=//evil.example></script>",
    "image": "<img src=x onerror=alert(1)>",
    "svg": '"><svg onload=alert(1)>',
    "double quote": '" autofocus onfocus="alert(1)',
    "single quote": "' onmouseover='alert(1)",
    "backtick": "` onmouseover=`alert(1)",
    "end of the title": "</title></head><body onload=alert(1)>",
    "comment": "<!-- gone from here",
    "CDATA": "<![CDATA[<b>bold</b>]]>",
    "entity": "&lt;b&gt; &#60;b&#62; &quot;",
    "script address": "javascript:alert(1)",
    "template": "{{7*7}}{{config}}{{self.__class__}}",
    "template block": "{% include 'layout.html' %}{% raw %}{# hidden #}",
    "template literal": "${7*7}#{7*7}<%= 7*7 %>",
    "percent format": "%(x)s %s %n %",
    "brace format": "{0.__class__} {carrier} {} {",
    "lone brace": "}",
    "right to left": "left\u202egnp.exe\u2066\u200f",
    "NUL": "be\0fore",
    "lone surrogate": "sur\ud800rogate",
    "ten thousand characters": "<b>" + "W" * 10_000,
}
NO_TEXT = {"right to left", "NUL", "lone surrogate"}
NOT_SHOWN_AS_IT_IS = NO_TEXT | {"ten thousand characters"}

# The paths to every string of a shipment; `*` is every element of a list.
EVENT_FIELDS = (
    "reference",
    "timestamp",
    "received_timestamp",
    "event_code",
    "description",
    "signee",
    "location",
)
SHIPMENT_FIELDS = (
    "custom_reference",
    "carrier_references/*",
    "carrier/reference",
    "carrier/name",
    "carrier/service_reference",
    "carrier/service_name",
    "carrier/tags/*",
    "expected_delivery_date",
    "_links/*/rel",
    "_links/*/href",
    "_links/*/type",
    "_links/*/reference",
)
ITEM_FIELDS = ("reference", "custom_reference", "carrier_references/*")
EVERY_FIELD = [
    *(("shipment", field) for field in SHIPMENT_FIELDS),
    *(("shipment", f"events/*/{name}") for name in EVENT_FIELDS),
    *(("contents", f"shipment_contents/*/{name}") for name in ITEM_FIELDS),
    *(("contents", f"shipment_contents/*/events/*/{name}") for name in EVENT_FIELDS),
]
# Those that leave the status as it is.
TOLD = (
    *SHIPMENT_FIELDS,
    "events/*/description",
    "events/*/signee",
    "events/*/location",
    "shipment_contents/*/custom_reference",
    "shipment_contents/*/carrier_references/*",
    "shipment_contents/*/events/*/description",
    "shipment_contents/*/events/*/signee",
    "shipment_contents/*/events/*/location",
)

Elements = Counter[tuple[str, tuple[str, ...]]]


class _Reader(HTMLParser):
    """Counts elements by their name and the names of their attributes, and comments too."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Elements = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag, tuple(sorted(name for name, _ in attrs))] += 1

    def handle_comment(self, data: str) -> None:
        self.elements["comment", ()] += 1

    def unknown_decl(self, data: str) -> None:
        self.elements["CDATA", ()] += 1


def shape(html: str) -> tuple[Elements, int]:
    """What a page is made of, and how often it says 49, which is 7 times 7."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    without_references = re.sub(r'\d{4,}|data-version="\w+"', "", html)
    return reader.elements, without_references.count("49")


@pytest.fixture(scope="module")
def pro() -> Iterator[Simulator]:
    with Simulator(key="test-key", clock=lambda: NOON, stories=()) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shopper(pro: Simulator) -> Shopper:
    """A shopper who is shown every field that there is."""
    return _shopper_of(pro)


def _shopper_of(pro: Simulator, **environ: str) -> Shopper:
    return shopper_of(pro, PRIVACY="open", **environ)


@pytest.fixture(scope="module")
def harmless_shop(pro: Simulator) -> str:
    """The page of a shop with a harmless name, where nothing was found."""
    return _shopper_of(pro, RETAILER_NAME=HARMLESS).get("/parcel", reference="NOBODYS").text


@pytest.fixture(
    scope="module",
    params=[("/embed", "shipment"), ("/parcel", "contents")],
    ids=" ".join,
)
def surface(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A path and a level."""
    return request.param


@pytest.fixture(scope="module")
def harmless_parcel(
    pro: Simulator, shopper: Shopper, surface: tuple[str, str]
) -> tuple[Elements, int]:
    """The shape of a page with harmless words."""
    path, level = surface
    page = _page(pro, shopper, _told(HARMLESS), path, level=level)
    assert HARMLESS in page
    return shape(page)


@pytest.fixture(scope="module")
def harmless_order(pro: Simulator, shopper: Shopper) -> tuple[Elements, int]:
    """The shape of the page of an order with harmless words."""
    return shape(_order(pro, shopper, HARMLESS))


def _order(pro: Simulator, shopper: Shopper, words: str) -> str:
    """The page of an order of two parcels, one of them with those words."""
    tag = new_reference("order")
    pro.put(_told("Other words") | {"custom_reference": tag})
    return _page(pro, shopper, _told(words) | {"custom_reference": tag}, reference=tag)


def _full(entries: int = 2) -> dict:
    """A shipment with something in every field, and so many entries in every list."""

    def scan(number: int) -> dict:
        code = "photo_taken" if number == 1 else "in_transit"
        stamp = f"2026-11-24T10:{59 - number:02}:00+00:00"
        words = f"Scan {number}"
        return event(code, at=stamp, description=words, location=words, signee=words)

    numbers = range(1, entries + 1)
    full = shipment(*map(scan, numbers), expected_delivery_date="2026-11-25T00:00:00+00:00")
    full["carrier_references"] = [f"Parcel {number}" for number in numbers]
    full["carrier"]["tags"] = [f"Tag {number}" for number in numbers]
    full["_links"] = [dict.fromkeys(("rel", "href", "type", "reference"), "x") for _ in numbers]
    full["shipment_contents"] = [
        item(scan(number), custom_reference=f"Item {number}") for number in numbers
    ]
    return full


def _deal(value: dict | list, path: list[str], words: Iterator[str]) -> None:
    """Deal words out to all places that `path` leads to."""
    head, *rest = path
    for place in range(len(value)) if head == "*" else [head]:
        if rest:
            _deal(value[place], rest, words)
        else:
            value[place] = next(words)


def _dealt(field: str, strings: Iterable[str]) -> dict:
    """A shipment with all of the strings in that field: one an entry, or together in the only one.

    (One by one, and each from its first character on, they are in that field in `_told`.)
    """
    strings = list(strings)
    made = _full(entries=len(strings))
    _deal(made, field.split("/"), iter(strings if "*" in field else [" ".join(strings)]))
    return made


def _told(words: str) -> dict:
    """A shipment with the same words in all fields that leave its status as it is."""
    made = _full()
    for field in TOLD:
        _deal(made, field.split("/"), repeat(words))
    return made


def _page(pro: Simulator, shopper: Shopper, made: dict, path: str = "/parcel", **query: str) -> str:
    """The page of a shipment, which must be a 200."""
    pro.put(made)
    response = shopper.get(path, **{"reference": made["shipment_reference"]} | query)
    pro.remove(made["shipment_reference"])
    assert response.status_code == 200
    return response.text


class TestWordsOfPro:
    """C10: what carriers and retailers write into PRO."""

    @pytest.mark.parametrize(("level", "field"), EVERY_FIELD)
    def test_no_hostile_words_in_any_field_change_what_the_page_is_made_of(
        self, pro: Simulator, shopper: Shopper, level: str, field: str
    ) -> None:
        harmless = [f"{HARMLESS} {number}" for number in range(len(HOSTILE))]
        baseline = _page(pro, shopper, _dealt(field, harmless), level=level)

        page = _page(pro, shopper, _dealt(field, HOSTILE.values()), level=level)

        assert shape(page) == shape(baseline)

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_words_in_all_fields_at_once_change_nothing(
        self,
        pro: Simulator,
        shopper: Shopper,
        surface: tuple[str, str],
        harmless_parcel: tuple[Elements, int],
        name: str,
    ) -> None:
        path, level = surface

        page = _page(pro, shopper, _told(HOSTILE[name]), path, level=level)

        assert shape(page) == harmless_parcel

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_words_on_the_page_of_an_order_change_nothing(
        self,
        pro: Simulator,
        shopper: Shopper,
        harmless_order: tuple[Elements, int],
        name: str,
    ) -> None:
        page = _order(pro, shopper, HOSTILE[name])

        assert shape(page) == harmless_order

    @pytest.mark.parametrize("name", sorted(HOSTILE.keys() - NOT_SHOWN_AS_IT_IS))
    def test_hostile_words_are_shown_as_they_are(
        self, pro: Simulator, shopper: Shopper, name: str
    ) -> None:
        words = HOSTILE[name]

        page = _page(pro, shopper, _told(words))

        for mark in (
            'class="remarks remarks--beside"',
            'class="scan-entry__place"',
            'class="scan-entry__note"',
            "<dd>",
        ):
            lines = [unescape(line) for line in page.splitlines() if mark in line]
            assert any(words in line for line in lines), mark

    @pytest.mark.parametrize("name", sorted(NOT_SHOWN_AS_IT_IS))
    def test_what_no_page_can_show_is_dropped(
        self, pro: Simulator, shopper: Shopper, name: str
    ) -> None:
        page = _page(pro, shopper, _told(HOSTILE[name]))

        assert not re.search("[\0\u202a-\u202e\u2066-\u2069\ud800-\udfff]|W{2001}", page)


class TestReferences:
    """F8: what shoppers type."""

    @pytest.mark.parametrize("path", ["/parcel", "/embed"])
    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_reference_that_nobody_has_is_told_like_a_harmless_one(
        self, shopper: Shopper, name: str, path: str
    ) -> None:
        baselines = {
            400: shopper.get(path, reference="x" * 51),
            404: shopper.get(path, reference="NOBODYS"),
        }

        response = shopper.get(f"{path}?reference={quote(HOSTILE[name], errors='surrogatepass')}")

        assert response.status_code in baselines
        assert shape(response.text) == shape(baselines[response.status_code].text)

    @pytest.mark.parametrize("name", HOSTILE)
    def test_hostile_reference_of_an_order_is_shown_like_a_harmless_one(
        self, pro: Simulator, shopper: Shopper, name: str
    ) -> None:
        def order(tag: str) -> str:
            made = [shipment(event(), custom_reference=tag) for _ in range(2)]
            for one in made:
                pro.put(one)
            page = shopper.get("/parcel", reference=tag)
            for one in made:
                pro.remove(one["shipment_reference"])
            assert page.status_code == 200
            return page.text

        tag = _as_reference(HOSTILE[name])
        baseline = order(new_reference("order"))

        page = order(tag)

        assert shape(page) == shape(baseline)
        assert f"Order {tag}, 2 parcels" in unescape(page)

    @pytest.mark.parametrize("name", sorted(HOSTILE.keys() - NOT_SHOWN_AS_IT_IS))
    def test_hostile_reference_stays_in_the_field(self, shopper: Shopper, name: str) -> None:
        field = shopper.get("/parcel", reference=HOSTILE[name]).text.partition("<input")[2]

        assert f' value="{HOSTILE[name]}" autocomplete=' in unescape(field)


def _as_reference(words: str) -> str:
    """As much of the words as a reference may have of them; nobody has asked for it before."""
    return "2 " + re.sub("[\0\ud800\u202e\u2066\u200f]", "", words)[:48].strip()


class TestRetailersName:
    """What stands in RETAILER_NAME."""

    @pytest.mark.parametrize("name", sorted(HOSTILE.keys() - NO_TEXT))
    def test_hostile_name_changes_nothing(
        self, pro: Simulator, harmless_shop: str, name: str
    ) -> None:
        shopper = _shopper_of(pro, RETAILER_NAME=HOSTILE[name])

        response = shopper.get("/parcel", reference="NOBODYS")

        assert response.status_code == 404
        assert shape(response.text) == shape(harmless_shop)

    @pytest.mark.parametrize("name", sorted(NO_TEXT))
    def test_name_that_is_no_text_stops_the_start(self, name: str) -> None:
        with pytest.raises(BadSettings, match="RETAILER_NAME"):
            create_app({"RETAILER_NAME": HOSTILE[name]})


@pytest.mark.parametrize("bad", ["<b>", "<p id=x>", "<p>49", "<p><!---->", "<p><![CDATA[x]]>"])
def test_shape_of_a_page_tells_what_was_added(bad: str) -> None:
    assert shape(f"<p>{bad}") != shape("<p>")
