"""/embed: the same page inside a page of a shop, without the frame of a site around it."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.conftest import NOON, Shopper
from tests.shipments import event, item, shipment
from tests.shops import app_of, shopper_of
from tracking.pro.simulator import Fault, Simulator

REMOVED = f"sp_0069{1302:028}"
BROKEN = "DOWN-1"
HELP = "https://shop.example/help"
OTHER_FORMS = {"/parcel.ics", "/parcel.atom", "/parcel.txt", "/record"}

# Everything that /embed can answer, and with which status.
QUESTIONS = [
    ({}, 200),
    ({"reference": "DEMO-1001"}, 200),
    ({"reference": "DEMO-1301"}, 200),
    ({"reference": "HO-12"}, 200),
    ({"reference": "HO-12", "page": "2"}, 200),
    ({"reference": "HO-30", "level": "contents"}, 200),
    ({"reference": ""}, 400),
    ({"reference": "sp_1"}, 400),
    ({"reference": "DEMO-1001", "page": "0"}, 400),
    ({"reference": "NOBODYS"}, 404),
    ({"reference": "HO-12", "page": "9"}, 404),
    ({"reference": REMOVED}, 410),
    ({"reference": BROKEN}, 503),
]
every_question = pytest.mark.parametrize(("query", "status"), QUESTIONS, ids=str)


@pytest.fixture(scope="module")
def pro() -> Iterator[Simulator]:
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        simulator.fault(Fault("garbage"), BROKEN)  # wrong about one parcel, so others are asked
        yield simulator


@pytest.fixture(scope="module")
def shopper(pro: Simulator) -> Shopper:
    return shopper_of(pro, CONTACT_URL=HELP)


def _inside(soup: BeautifulSoup) -> list[str]:
    """The links that stay with us."""
    return [link["href"] for link in soup.select("a[href^='/']:not([target])")]


@every_question
def test_frame_of_a_site_is_left_out(shopper: Shopper, query: dict[str, str], status: int) -> None:
    soup = shopper.open("/embed", status, **query)

    assert not soup.select("header, footer, nav.masthead, a[href='#main'], [role=banner]")
    assert not soup.select("[role=contentinfo]")
    assert len(soup.select("main")) == 1
    assert "embedded" in soup.body["class"]


def test_frame_of_a_site_is_there_on_a_page_of_our_own(shopper: Shopper) -> None:
    soup = shopper.ask("DEMO-1001")

    assert soup.select("header, footer")
    assert "embedded" not in soup.body.get("class", [])


class TestTheme:
    """Light by default, whatever the system says, for most shops are."""

    @every_question
    @pytest.mark.parametrize(
        ("theme", "shown"),
        [(None, "light"), ("dark", "dark"), ("auto", "auto")],
    )
    def test_page_has_the_theme_that_the_shop_asks_for(
        self,
        shopper: Shopper,
        query: dict[str, str],
        status: int,
        theme: str | None,
        shown: str,
    ) -> None:
        asked = query | ({"theme": theme} if theme else {})

        soup = shopper.open("/embed", status, **asked)

        assert soup.html["data-theme"] == shown

    @pytest.mark.parametrize("theme", ["", "DARK ", "blue", '"><script>', "dark\x00", "Dark"])
    def test_theme_that_there_is_not_is_light(self, shopper: Shopper, theme: str) -> None:
        soup = shopper.open("/embed", reference="DEMO-1001", theme=theme)

        assert soup.html["data-theme"] == "light"

    def test_theme_twice_is_refused_in_the_frame(self, shopper: Shopper) -> None:
        soup = shopper.open("/embed?reference=DEMO-1001&theme=dark&theme=light", 400)

        assert soup.html["data-theme"] in {"light", "dark"}

    def test_page_of_our_own_follows_the_system_alone(self, shopper: Shopper) -> None:
        soup = shopper.ask("DEMO-1001", theme="dark")

        assert soup.html["data-theme"] == "auto"


class TestForm:
    """It is asked and answered inside the frame."""

    @every_question
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_form_stays_in_the_frame_and_keeps_the_theme(
        self, shopper: Shopper, query: dict[str, str], status: int, theme: str
    ) -> None:
        (form,) = shopper.open("/embed", status, theme=theme, **query).select("form")

        asked = {field["name"]: field.get("value") for field in form.select("input")}
        assert form["action"] == "/embed"
        assert "target" not in form.attrs
        assert asked.get("theme", "light") == theme
        assert asked.keys() <= {"reference", "theme"}

    def test_what_the_form_sends_is_answered_in_the_frame(self, shopper: Shopper) -> None:
        (form,) = shopper.open("/embed", theme="dark").select("form")
        sent = {field["name"]: field["value"] for field in form.select("input")}

        soup = shopper.open(form["action"], **(sent | {"reference": "DEMO-1003"}))

        assert soup.h1.get_text() == "On its way"
        assert soup.html["data-theme"] == "dark"


class TestLinks:
    """Inside the frame they stay in it; those that leave leave the frame too."""

    @every_question
    def test_link_that_leaves_leaves_the_frame(
        self, shopper: Shopper, query: dict[str, str], status: int
    ) -> None:
        soup = shopper.open("/embed", status, **query)

        leaving = soup.select("a[href^='http'], a[href^='mailto']")
        assert [(link["href"], link["target"]) for link in leaving] == [(HELP, "_top")]

    def test_link_that_leaves_a_page_of_our_own_stays_in_its_window(self, shopper: Shopper) -> None:
        (link,) = shopper.ask("DEMO-1001").select("footer a")

        assert link.get("target", "_self") == "_self"

    @pytest.mark.parametrize(
        ("query", "status", "links"),
        [
            ({"reference": "DEMO-1001"}, 200, 1),
            ({"reference": "HO-30", "level": "contents"}, 200, 1),
            ({"reference": "HO-20"}, 200, 2),
            ({"reference": "HO-12"}, 200, 11),
            ({"reference": "HO-12", "page": "2"}, 200, 3),
            ({"reference": "HO-12", "page": "9"}, 404, 1),
        ],
    )
    @pytest.mark.parametrize("theme", ["light", "dark", "auto"])
    def test_link_that_stays_keeps_to_the_frame_and_the_theme(
        self, shopper: Shopper, query: dict[str, str], status: int, links: int, theme: str
    ) -> None:
        soup = shopper.open("/embed", status, theme=theme, **query)

        inside = [urlsplit(address) for address in _inside(soup)]
        assert len(inside) >= links
        assert {address.path for address in inside} == {"/embed"}
        themes = {parse_qs(address.query).get("theme", ["light"])[0] for address in inside}
        assert themes == {theme}
        for link in soup.select("a[href^='/'][target]"):
            assert link["target"] == "_top"
            assert urlsplit(link["href"]).path in OTHER_FORMS

    def test_whole_way_through_an_order_stays_in_the_frame(self, shopper: Shopper) -> None:
        order = shopper.open("/embed", reference="HO-12", theme="dark")

        second = shopper.open(order.select_one("a[rel=next]")["href"])
        parcel = shopper.open(second.select_one("article a")["href"])
        items = shopper.open(_inside(parcel)[0])

        for soup in (order, second, parcel, items):
            assert soup.html["data-theme"] == "dark"
            assert not soup.select("header, footer")

    def test_link_of_a_parcel_with_items_leads_to_them(
        self, pro: Simulator, shopper: Shopper
    ) -> None:
        made = shipment(event(), shipment_contents=[item(event()), item()])
        pro.put(made)

        parcel = shopper.open("/embed", reference=made["shipment_reference"], theme="auto")
        items = shopper.open(_inside(parcel)[0])

        assert len(items.select("[data-contents-reference]")) == 2

    @every_question
    def test_page_of_our_own_never_leads_into_the_frame(
        self, shopper: Shopper, query: dict[str, str], status: int
    ) -> None:
        soup = shopper.open("/parcel" if query else "/", status, **query)

        assert [address for address in _inside(soup) if "embed" in address] == []
        assert soup.form["action"] == "/parcel"


class TestOrigins:
    """EMBED_ORIGINS says who may frame it."""

    @pytest.mark.parametrize(
        ("origins", "ancestors"),
        [
            ("", "'none'"),
            ("https://shop.example", "https://shop.example"),
            (
                "  https://a.example   https://b.example:8443 ",
                "https://a.example https://b.example:8443",
            ),
            ("https://*.shop.example", "https://*.shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
        ],
    )
    def test_embed_names_them(self, pro: Simulator, origins: str, ancestors: str) -> None:
        client = app_of(pro, EMBED_ORIGINS=origins).test_client()

        policy = client.get("/embed").headers["Content-Security-Policy"]

        assert policy.split("; ")[-1] == f"frame-ancestors {ancestors}"
