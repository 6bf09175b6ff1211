"""Finished pages: what was made before leaves again as it was, and nothing else leaves so."""

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote

import brotli
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import Client, TestResponse, create_environ, run_wsgi_app
from werkzeug.wrappers import Request

from tests.conftest import NOON, Shopper, TurnableClock
from tracking import metrics
from tracking.changes import Changes
from tracking.finished import FINISH, UNSEEN, FinishedPages
from tracking.hosts import NAME, STRANGER
from tracking.page_keys import PARAMETERS
from tracking.pro.simulator import Simulator
from tracking.stores import BoundedCache

BROKEN = ("500 BROKEN", [("Content-Type", "text/html"), ("Cache-Control", "no-store")], b"sorry")
KEYED = [name for name in PARAMETERS if name not in {"lang", "key"}]
FORMS = ["/parcel.json", "/parcel.ics", "/parcel.atom", "/parcel.txt", "/record"]
WITH_ADDRESS = ["/parcel.ics", "/parcel.atom", "/record"]
DECODERS = {None: bytes, "br": brotli.decompress, "gzip": gzip.decompress}


@dataclass
class Pages:
    """A small application: its page tells what was asked for, as Flask reads it."""

    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(
        default_factory=lambda: [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Cache-Control", "private, no-cache"),
        ]
    )
    seconds: float = 60.0
    made: int = 0
    closed: int = 0
    unseen: list[bool] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    while_making: Callable[[], None] = lambda: None
    changes: Changes = field(default_factory=Changes)

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        self.made += 1
        self.methods.append(environ["REQUEST_METHOD"])
        self.unseen.append(environ.get(UNSEEN, False))
        request = Request(environ)
        if FINISH in environ:
            environ[FINISH].seconds = self.seconds
            environ[FINISH].subject = request.args.get("reference", "")
            environ[FINISH].changes = self.changes.count
        self.while_making()
        start_response(self.status, list(self.headers))
        return self._body(told(request))

    def _body(self, text: str) -> Iterable[bytes]:
        try:
            yield text[:10].encode("utf-8", "surrogatepass")
            yield text[10:].encode("utf-8", "surrogatepass")
        finally:
            self.closed += 1


def told(request: Request) -> str:
    """All that a page may depend on."""
    known = {name: request.args.get(name) for name in KEYED}
    known["level"], known["page"] = known["level"] or "shipment", known["page"] or "1"
    if request.path == "/":  # the form is the same whatever was typed
        del known["reference"]
    if request.path != "/embed" or known["theme"] not in {"dark", "auto"}:
        del known["theme"]
    name = request.environ.get(NAME, "") if request.path in WITH_ADDRESS else ""
    where = [request.path, request.scheme, request.root_path, name]
    return ascii([where, known]) + " " * 200


@pytest.fixture
def pages() -> Pages:
    return Pages()


def in_front(pages: Pages, store: BoundedCache, clock: TurnableClock) -> FinishedPages:
    return FinishedPages(pages, store, pages.changes, BROKEN, clock)


@pytest.fixture
def layer(pages: Pages, clock: TurnableClock) -> FinishedPages:
    return in_front(pages, BoundedCache(100, 10**6, clock.timer), clock)


@pytest.fixture
def shop(layer: FinishedPages) -> Client:
    return Client(layer)


def ask(shop: Client, query: str = "reference=ORDER-1", path: str = "/parcel", **headers: str):
    """One page; `query` is as it comes over the wire."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return shop.get(path, environ_overrides={"QUERY_STRING": query}, headers=named)


def text_of(response: TestResponse) -> str:
    return DECODERS[response.headers.get("Content-Encoding")](response.data).decode()


class TestHits:
    def test_a_page_that_was_made_does_not_reach_the_application(
        self, shop: Client, pages: Pages
    ) -> None:
        first, second = ask(shop), ask(shop)

        assert pages.made == 1
        assert (first.status, first.data, list(first.headers)) == (
            second.status,
            second.data,
            list(second.headers),
        )
        assert "ORDER-1" in second.text

    def test_what_flask_says_is_what_leaves(self, shop: Client, pages: Pages) -> None:
        pages.headers += [("X-Robots-Tag", "noindex"), ("X-Twice", "1"), ("X-Twice", "2")]

        for response in (ask(shop), ask(shop)):
            assert set(pages.headers) <= set(response.headers)
            assert response.headers["Content-Length"] == str(len(response.data))
            assert response.headers["Vary"] == "Accept-Encoding"
            assert response.headers["ETag"]
        assert pages.made == 1

    def test_it_does_not_leave_with_the_date_on_which_it_was_made(
        self, shop: Client, pages: Pages
    ) -> None:
        pages.headers.append(("Date", "Tue, 24 Nov 2026 14:00:00 GMT"))

        assert "Date" not in ask(shop).headers

    def test_what_the_application_opens_is_closed(self, shop: Client, pages: Pages) -> None:
        ask(shop)

        assert pages.closed == 1

    @pytest.mark.parametrize(("made", "times"), [("now", 1), ("before", 3)])
    def test_they_are_counted(self, shop: Client, made: str, times: int) -> None:
        before = answers("200", made)
        for _ in range(4):
            ask(shop)

        assert answers("200", made) == before + times


def answers(status: str, made: str) -> float:
    labels = {"status": status, "made": made}
    metrics.Often.hand_over()
    return metrics.registry.get_sample_value("parcel_page_answers_total", labels) or 0


class TestWhatMakesAPageOfItsOwn:
    @pytest.mark.parametrize("name", ["reference", "level", "page"])
    def test_every_known_parameter(self, shop: Client, pages: Pages, name: str) -> None:
        queries = ["", f"{name}=3", f"{name}=2", f"{name}=3%20", f"{name}=%2531"]
        bodies = {text_of(ask(shop, query)) for query in queries}

        assert pages.made == len(queries)
        assert len(bodies) == len(queries)

    def test_a_theme_only_where_there_are_themes(self, shop: Client, pages: Pages) -> None:
        for theme in ("", "theme=light", "theme=dark", "theme=auto", "theme=1", "theme=2"):
            ask(shop, theme, path="/parcel")
            ask(shop, theme, path="/embed")

        assert pages.made == 1 + 3

    def test_what_is_usual_need_not_be_said(self, shop: Client, pages: Pages) -> None:
        for query in ("", "level=shipment", "page=1", "page=1&level=shipment"):
            ask(shop, query)

        assert pages.made == 1

    def test_the_form_is_one_page_whatever_is_asked(self, shop: Client, pages: Pages) -> None:
        for number in range(5):
            ask(shop, f"reference={number}", path="/")

        assert pages.made == 1

    def test_the_path(self, shop: Client) -> None:
        for path in ("/", "/parcel", *FORMS, "/embed"):
            assert repr(path) in text_of(ask(shop, path=path))
            assert repr(path) in text_of(ask(shop, path=path))

    @pytest.mark.parametrize(
        "differently", [{"wsgi.url_scheme": "https"}, {"SCRIPT_NAME": "/shop"}], ids=str
    )
    def test_the_scheme_and_where_it_is_mounted(
        self, shop: Client, pages: Pages, differently: dict[str, str]
    ) -> None:
        plain = shop.get("/parcel")
        other = shop.get("/parcel", environ_overrides=differently)

        assert pages.made == 2
        assert plain.text != other.text
        assert shop.get("/parcel", environ_overrides=differently).text == other.text
        assert pages.made == 2

    @pytest.mark.parametrize("path", WITH_ADDRESS)
    def test_our_name_where_the_page_tells_its_own_address(
        self, shop: Client, pages: Pages, path: str
    ) -> None:
        names = [{NAME: "a.example"}, {NAME: "b.example"}, {}]

        told = [shop.get(path, environ_overrides=name).text for name in names * 2]

        assert pages.made == len(set(told[:3])) == 3
        assert told[:3] == told[3:]

    @pytest.mark.parametrize("path", ["/", "/parcel", "/parcel.json", "/parcel.txt", "/embed"])
    def test_one_page_for_all_names_where_it_does_not(
        self, shop: Client, pages: Pages, path: str
    ) -> None:
        for name in ("a.example", "b.example"):
            shop.get(path, environ_overrides={NAME: name})

        assert pages.made == 1

    def test_the_name_in_a_header_makes_no_page_of_its_own(
        self, shop: Client, pages: Pages
    ) -> None:
        for number in range(5):
            shop.get("/parcel.ics", headers={"Host": f"{number}.evil.example"})

        assert pages.made == 1

    def test_the_encoding(self, shop: Client, pages: Pages) -> None:
        taken = {None: "", "br": "gzip, br", "gzip": "gzip"}
        for _ in range(2):
            for encoding, accepted in taken.items():
                response = ask(shop, Accept_Encoding=accepted)
                assert response.headers.get("Content-Encoding") == encoding
                assert "ORDER-1" in text_of(response)
        assert pages.made == 3

    @pytest.mark.parametrize(
        "query",
        [
            "reference=ORDER-1&utm_source=mail",
            "utm_source=mail&reference=ORDER-1",
            "fbclid=1&fbclid=2&reference=ORDER-1&",
            "reference=ORDER%2D1",
            "%72eference=ORDER-1",
            "reference=ORDER-1&lang=xx",
            "reference=ORDER-1&Reference=2&reference%20=3&references=4",
        ],
    )
    def test_nothing_else_does(self, shop: Client, pages: Pages, query: str) -> None:
        ask(shop)

        assert "ORDER-1" in ask(shop, query).text
        assert pages.made == 1

    @pytest.mark.parametrize(
        "headers",
        [
            {"Cookie": "a=1"},
            {"User_Agent": "phone"},
            {"Accept_Language": "de"},
            {"Host": "other.example"},
        ],
        ids=str,
    )
    def test_nor_does_any_other_header(
        self, shop: Client, pages: Pages, headers: dict[str, str]
    ) -> None:
        ask(shop)
        ask(shop, **headers)

        assert pages.made == 1

    def test_the_order_of_parameters_does_not(self, shop: Client, pages: Pages) -> None:
        ask(shop, "reference=ORDER-1&page=2")
        ask(shop, "page=2&reference=ORDER-1")

        assert pages.made == 1


NAMES = st.sampled_from(
    [*KEYED, "utm_source", "%72eference", "re%66erence", "Reference", "reference%20", "", "%FF"]
)
ENCODED = "%20 %2B %26 %3D %25 %00 %FF %C3 %C3%A9 %C3%83%C2%A9 %EF%BF%BD %ED%B3%BF %2541 %zz"
NOT_ENCODED = [letter.encode().decode("latin-1") for letter in "é\xc3\xa9ß\ufffd\U0001f4e6"]
LETTERS = [*"a1&=+;?#%/. ", *ENCODED.split(" "), *NOT_ENCODED]
VALUES = st.lists(st.sampled_from(LETTERS), max_size=4).map("".join)
QUERIES = st.lists(st.tuples(NAMES, VALUES), max_size=3).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs)
) | st.lists(st.sampled_from([*LETTERS, "reference", "level", "page"]), max_size=8).map("".join)
RAW = "é".encode().decode("latin-1")  # as a server hands over what was not percent-encoded


@given(st.lists(QUERIES, min_size=2, max_size=4))
@example([f"reference={RAW}", "reference=%C3%83%C2%A9"])
@example(["reference=%C3%83%C2%A9", f"reference={RAW}"])
@example(["reference=%FF", "reference=%25FF"])
@example(["reference=%FF", "reference=%EF%BF%BD"])
@example(["reference=a+b", "reference=a%2Bb"])
@example(["reference=a;level=b", "reference=a&level=b"])
@example(["%72eference=a", "reference=b"])
@example(["reference", "reference="])
def test_no_two_questions_share_a_page(queries: list[str]) -> None:
    """Whatever came before, everybody gets what the application would have said."""
    pages = Pages()
    shop = Client(FinishedPages(pages, BoundedCache(100, 10**6), pages.changes, BROKEN))

    for query in [*queries, *queries]:
        assert ask(shop, query).data == ask(Client(pages), query).data


class TestWhatIsNeverKept:
    @pytest.mark.parametrize(
        "query",
        [
            "reference=ORDER-1&reference=ORDER-1",
            "reference=ORDER-1&reference=ORDER-2",
            "reference=ORDER-1&%72eference=ORDER-2",
            "page=1&page=1",
            "lang=en&lang=en",
            "reference=ORDER-1&key=",
            "reference=ORDER-1&key=abc",
            "reference=ORDER-1&%6bey=abc",
        ],
    )
    def test_a_known_parameter_twice_and_a_signed_link(
        self, shop: Client, pages: Pages, query: str
    ) -> None:
        ask(shop, query)
        ask(shop, query)

        assert pages.made == 2

    @pytest.mark.parametrize(
        "status", ["400 BAD REQUEST", "404 NOT FOUND", "429 TOO MANY", "503 AWAY", "302 FOUND"]
    )
    def test_an_error(self, shop: Client, pages: Pages, status: str) -> None:
        pages.status = status
        response = ask(shop)
        assert (response.status, "ETag" in response.headers) == (status, False)
        pages.status = "200 OK"

        assert ask(shop).status == "200 OK"
        assert pages.made == 2

    @pytest.mark.parametrize("said", ["no-store", "no-store, private", "private, No-Store"])
    def test_what_says_so(self, shop: Client, pages: Pages, said: str) -> None:
        pages.headers[1] = ("Cache-Control", said)
        ask(shop)

        assert "ETag" not in ask(shop).headers
        assert pages.made == 2

    def test_what_its_view_gave_no_time(self, shop: Client, pages: Pages) -> None:
        pages.seconds = 0
        ask(shop)
        response = ask(shop)

        assert pages.made == 2
        assert response.headers["ETag"]  # who has it need not get it again

    @pytest.mark.parametrize(
        "path", ["/healthz", "/metrics", "/parcel/", "/parcel.xml", "//parcel"]
    )
    def test_other_paths(self, shop: Client, pages: Pages, path: str) -> None:
        ask(shop, path=path)
        ask(shop, path=path)

        assert pages.made == 2

    def test_an_address_of_any_length(self, shop: Client, pages: Pages) -> None:
        query = f"reference=ORDER-1&utm={'x' * 2048}"
        ask(shop, query)
        ask(shop, query)

        assert pages.made == 2

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
    def test_other_methods_pass(self, shop: Client, pages: Pages, method: str) -> None:
        ask(shop)
        shop.open("/parcel?reference=ORDER-1", method=method)
        shop.open("/parcel?reference=ORDER-1", method=method)

        assert pages.methods == ["GET", method, method]

    def test_what_a_stranger_gets(self, shop: Client, pages: Pages) -> None:
        ask(shop)
        for _ in range(2):
            shop.get("/parcel?reference=ORDER-1", environ_overrides={STRANGER: True})

        assert pages.made == 3

    def test_an_application_that_breaks(self, shop: Client, pages: Pages) -> None:
        def break_down() -> None:
            raise ZeroDivisionError

        pages.while_making = break_down
        response = ask(shop)
        assert (response.status, response.text) == ("500 BROKEN", "sorry")
        assert pages.closed == 0
        pages.while_making = lambda: None

        assert ask(shop).status_code == 200
        assert ask(shop).status_code == 200
        assert pages.made == 2


class TestHowLong:
    def test_for_the_seconds_that_its_view_names(
        self, shop: Client, pages: Pages, clock: TurnableClock
    ) -> None:
        pages.seconds = 42.5
        ask(shop)
        clock.turn(seconds=42.4)
        ask(shop)
        assert pages.made == 1

        clock.turn(seconds=0.1)
        ask(shop)
        assert pages.made == 2

    def test_until_what_it_was_made_from_changes(self, shop: Client, pages: Pages) -> None:
        for reference in ("ORDER-1", "ORDER-2"):
            ask(shop, f"reference={reference}")
            ask(shop, f"reference={reference}", Accept_Encoding="br")
        assert pages.made == 4
        pages.changes.note("ORDER-1")

        ask(shop, "reference=ORDER-2")
        assert pages.made == 4
        ask(shop, "reference=ORDER-1")
        ask(shop, "reference=ORDER-1", Accept_Encoding="br")
        assert pages.made == 6

    def test_what_is_made_after_the_change_is_kept(self, shop: Client, pages: Pages) -> None:
        pages.changes.note("ORDER-1")
        ask(shop)
        ask(shop)

        assert pages.made == 1

    def test_a_change_while_it_is_made_is_not_lost(self, shop: Client, pages: Pages) -> None:
        """What it was made from is old already when it is finished."""
        pages.while_making = lambda: pages.changes.note("ORDER-1")
        ask(shop)
        pages.while_making = lambda: None

        ask(shop)
        assert pages.made == 2
        ask(shop)
        assert pages.made == 2

    def test_another_change_while_it_is_made_is_nothing_to_it(
        self, shop: Client, pages: Pages
    ) -> None:
        pages.while_making = lambda: pages.changes.note("ORDER-2")
        ask(shop)
        ask(shop)

        assert pages.made == 1

    def test_a_clock_that_is_set_back_brings_no_page_from_a_time_to_come(
        self, shop: Client, pages: Pages, clock: TurnableClock
    ) -> None:
        ask(shop)
        clock.set(NOON - timedelta(seconds=1))
        ask(shop)
        ask(shop)

        assert pages.made == 2

    def test_no_flood_of_changes_makes_one_forgotten(self, shop: Client, pages: Pages) -> None:
        ask(shop)
        pages.changes.note("ORDER-1")
        for number in range(20_001):
            pages.changes.note(f"other {number}")

        ask(shop)
        assert pages.made == 2
        ask(shop)
        assert pages.made == 2

    def test_pages_are_bounded_in_number(self, pages: Pages, clock: TurnableClock) -> None:
        store = BoundedCache(10, 10**6, clock.timer)
        shop = Client(in_front(pages, store, clock))
        for number in range(30):
            ask(shop, f"reference=ORDER-{number}")

        assert len(store) == 10
        ask(shop, "reference=ORDER-29")
        assert pages.made == 30

    def test_and_in_bytes_headers_included(self, pages: Pages, clock: TurnableClock) -> None:
        store = BoundedCache(1000, 50_000, clock.timer)
        pages.headers.append(("X-Long", "x" * 4_000))
        shop = Client(in_front(pages, store, clock))
        for number in range(30):
            ask(shop, f"reference=ORDER-{number}")

        assert 5 < len(store) <= 12
        assert store.bytes <= 50_000

    def test_a_long_address_takes_its_room_too(self, pages: Pages, clock: TurnableClock) -> None:
        store = BoundedCache(1000, 50_000, clock.timer)
        shop = Client(in_front(pages, store, clock))
        for number in range(60):
            ask(shop, f"reference={number}{'x' * 2_000}")

        assert 5 < len(store) <= 12  # as long as the page itself


class TestNotModified:
    @pytest.mark.parametrize("accepted", ["", "br", "gzip"])
    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*", " * "])
    def test_who_has_the_page_gets_no_body(
        self, shop: Client, pages: Pages, accepted: str, form: str
    ) -> None:
        first = ask(shop, Accept_Encoding=accepted)
        theirs = form.format(first.headers["ETag"])
        again = ask(shop, Accept_Encoding=accepted, If_None_Match=theirs)

        assert (again.status_code, again.data) == (304, b"")
        assert pages.made == 1
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Vary"] == "Accept-Encoding"
        assert again.headers["Cache-Control"] == "private, no-cache"

    def test_nothing_is_said_of_a_body_that_is_not_there(self, layer: FinishedPages) -> None:
        environ = create_environ("/parcel", headers={"If-None-Match": "*"})

        body, status, headers = run_wsgi_app(layer, environ)
        assert (b"".join(body), status) == (b"", "304 Not Modified")
        assert "ETag" in headers
        assert not set(headers.keys()) & {"Content-Type", "Content-Length", "Content-Encoding"}

    def test_each_encoding_has_an_etag_of_its_own(self, shop: Client) -> None:
        etags = [
            ask(shop, Accept_Encoding=accepted).headers["ETag"] for accepted in ("", "br", "gzip")
        ]
        assert len(set(etags)) == 3

        response = ask(shop, Accept_Encoding="gzip", If_None_Match=etags[1])
        assert response.status_code == 200

    @pytest.mark.parametrize("theirs", ['"other"', "", "garbage", '""', "W/", ","])
    def test_who_has_another_page_gets_it_whole(self, shop: Client, theirs: str) -> None:
        ask(shop)

        assert ask(shop, If_None_Match=theirs).status_code == 200

    def test_a_page_made_now_may_be_theirs_already(self, shop: Client, pages: Pages) -> None:
        etag = ask(shop).headers["ETag"]
        pages.changes.note("ORDER-1")

        assert ask(shop, If_None_Match=etag).status_code == 304
        assert pages.made == 2

    def test_an_error_is_never_theirs(self, shop: Client, pages: Pages) -> None:
        pages.status = "404 NOT FOUND"

        assert ask(shop, If_None_Match="*").status_code == 404

    def test_they_are_counted(self, shop: Client) -> None:
        before = answers("304", "before")
        etag = ask(shop).headers["ETag"]
        ask(shop, If_None_Match=etag)

        assert answers("304", "before") == before + 1


class TestHead:
    def head(self, shop: Client, **headers: str) -> TestResponse:
        return shop.head("/parcel?reference=ORDER-1", headers=headers)

    @pytest.mark.parametrize("first", ["get", "head"])
    def test_it_has_the_headers_of_a_get_and_no_body(
        self, shop: Client, pages: Pages, first: str
    ) -> None:
        answers = [getattr(shop, first)("/parcel?reference=ORDER-1"), self.head(shop), ask(shop)]

        assert pages.made == 1
        assert [list(answer.headers) for answer in answers[1:]] == [list(answers[0].headers)] * 2
        assert answers[1].data == b""
        assert "ORDER-1" in answers[2].text

    def test_the_application_knows_that_nobody_reads_it(self, shop: Client, pages: Pages) -> None:
        self.head(shop)
        ask(shop, "reference=ORDER-2")

        assert pages.methods == ["GET", "GET"]
        assert pages.unseen == [True, False]

    def test_what_it_could_not_be_told_is_not_kept(self, shop: Client, pages: Pages) -> None:
        pages.status = "503 AWAY"
        assert self.head(shop).status_code == 503
        pages.status = "200 OK"

        assert ask(shop).status_code == 200


class TestThePage:
    """What the layer makes of the real application."""

    def test_a_parcel_is_told_once(self, shopper: Shopper, pro: Simulator) -> None:
        before = answers("200", "before")
        first = shopper.get("/parcel", reference="DEMO-1001")
        calls = len(pro.calls)
        second = shopper.get("/parcel", reference="DEMO-1001")

        assert (first.status_code, second.status_code) == (200, 200)
        assert first.data == second.data
        assert calls == len(pro.calls) == 1
        assert answers("200", "before") == before + 1

    @pytest.mark.parametrize(
        "first", ["v={ours}", "%76={ours}", "v=0123456789", "v", "", "utm_v=1"]
    )
    def test_an_asset_is_kept_by_browsers_only_under_the_address_of_its_bytes(
        self, shopper: Shopper, first: str
    ) -> None:
        """Whatever was asked for before; another release may have named another."""
        sheet = shopper.open("/").select_one("link[rel=stylesheet]")["href"]
        ours = sheet.partition("?v=")[2]
        for_ever = {f"v={ours}": True, f"%76={ours}": True, f"v={ours}&v=1": True}
        no_longer = [f"v=1&v={ours}", f"v=0{ours[1:]}x", "v=1", "v=None", "v", "", f"utm_v={ours}"]
        wire(shopper, "/assets/parcel.css", first.format(ours=ours))

        for query, immutable in (for_ever | dict.fromkeys(no_longer, False)).items():
            said = wire(shopper, "/assets/parcel.css", query).headers["Cache-Control"]
            kept = "public, max-age=31536000, immutable" if immutable else "private, no-cache"
            assert said == kept, query

    @pytest.mark.parametrize("query", ["", "v", "v=None", "v=1"])
    def test_what_is_no_asset_has_no_version(self, shopper: Shopper, query: str) -> None:
        response = wire(shopper, "/assets/nothing.css", query)

        assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")

    def test_an_asset_is_sent_whole_and_encoded_whatever_part_is_asked_for(
        self, shopper: Shopper
    ) -> None:
        for _ in range(2):
            response = wire(
                shopper, "/assets/parcel.css", "", Range="bytes=0-999", Accept_Encoding="br"
            )
            assert response.status_code == 200
            assert "Content-Range" not in response.headers
            assert len(brotli.decompress(response.data)) > 1000

    def test_an_address_too_long_stays_so(self, shopper: Shopper) -> None:
        shopper.open("/")
        statuses = [
            wire(shopper, "/", f"utm={'x' * (length - 5)}").status_code
            for length in range(2044, 2053)
        ]

        assert statuses == sorted(statuses)
        assert set(statuses) == {200, 414}
        seen = [
            wire(shopper, "/healthz", f"utm={'x' * (length - 12)}").status_code
            for length in range(2044, 2053)
        ]
        assert statuses == seen  # as where nothing is kept

    def test_letters_that_were_not_encoded_are_read_as_what_they_are(
        self, shopper: Shopper
    ) -> None:
        bodies = [
            wire(shopper, "/parcel.json", f"reference=DEMO-1001-{letters}").text
            for letters in (RAW, quote("Ã©"), RAW)
        ]

        assert bodies[0] == bodies[2]

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
    @pytest.mark.parametrize("path", ["/", "/parcel", "/parcel.json", "/embed", "/healthz"])
    def test_bytes_that_are_no_text_break_nothing(
        self, shopper: Shopper, path: str, method: str
    ) -> None:
        """A server may hand over what it got, as it is."""
        response = shopper.client.open(
            path, method=method, environ_overrides={"QUERY_STRING": "reference=\xff"}
        )

        assert response.status_code in {200, 400, 404, 405, 503}
        assert "Content-Security-Policy" in response.headers


def wire(shopper: Shopper, path: str, query: str, **headers: str) -> TestResponse:
    return ask(shopper.client, query, path, **headers)
