"""The headers of every answer, the methods that are refused, and addresses that nothing blocks."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from tests.conftest import NOON
from tracking.pro.simulator import SAMPLES, Fault, Simulator

REMOVED = f"sp_0069{1302:028}"
BROKEN = "DOWN-1"
SHOP = "https://shop.example"

# Every route and outcome: path, status and method.
PAGES = [
    ("/", 200),
    ("/parcel?reference=DEMO-1001", 200),
    ("/parcel?reference=HO-12", 200),
    ("/parcel?reference=HO-30&level=contents", 200),
    ("/parcel?reference=DEMO-1301", 200),
    ("/parcel.json?reference=DEMO-1001", 200),
    ("/embed", 200),
    ("/embed?reference=DEMO-1001", 200),
]
FAILURES = [
    ("/parcel", 400),
    ("/parcel?reference=sp_1", 400),
    ("/parcel?reference=a&reference=b", 400),
    ("/parcel.json?reference=", 400),
    ("/embed?reference=", 400),
    ("/parcel?reference=NOBODYS", 404),
    ("/parcel?reference=HO-12&page=9", 404),
    ("/parcel.json?reference=NOBODYS", 404),
    ("/embed?reference=NOBODYS", 404),
    ("/nothing", 404),
    ("/assets/nothing.css", 404),
    ("/assets/../app.py", 404),
    ("/.git/config", 404),
    (f"/parcel?reference={REMOVED}", 410),
    (f"/parcel.json?reference={REMOVED}", 410),
    (f"/embed?reference={REMOVED}", 410),
    (f"/parcel?reference={BROKEN}", 503),
    (f"/parcel.json?reference={BROKEN}", 503),
    (f"/embed?reference={BROKEN}", 503),
]
OTHERS = [("/healthz", 200), ("/assets/parcel.css", 200), ("/assets/icon.svg", 200)]
GETS = [*PAGES, *FAILURES, *OTHERS]
ROUTES = ["/", "/parcel", "/parcel.json", "/embed", "/healthz", "/assets/parcel.css"]

# design.md, URLs: what is on the lists of ad-blockers, anywhere or as a word.
BLOCKED = re.compile(
    r"track|stat|analytics|event|(?<![a-z])(?:(?:ad|ads|log|ping|pixel)(?![a-z])|ref=)", re.I
)


@dataclass
class Switch:
    """A clock that can be broken, to force a fault of ours."""

    broken: bool = False

    def __call__(self) -> datetime:
        if self.broken:
            raise RuntimeError("the clock has stopped")
        return NOON


class Client(FlaskClient):
    """Reads every answer to its end: those from files would stay open."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True} | kwargs)


@pytest.fixture(scope="module")
def pro() -> Iterator[Simulator]:
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        simulator.fault(Fault("status", status=500), BROKEN)
        yield simulator


@pytest.fixture(scope="module")
def client(pro: Simulator) -> Client:
    return _client(pro)


def _client(pro: Simulator, clock: Callable[[], datetime] | None = None, **environ: str) -> Client:
    account = {"PRO_API_URL": pro.url, "PRO_API_KEY": pro.key}
    return _whole_client(create_app(account | environ, clock or Switch()))


def _whole_client(app: Flask) -> Client:
    app.test_client_class = Client
    return app.test_client()


def _answers(pro: Simulator) -> dict[str, TestResponse]:
    """An answer of every status, by a name that says which."""
    clock = Switch()
    client = _client(pro, clock)
    answers = {f"{status} {path}": client.get(path) for path, status in GETS}
    for path in ["/", "/parcel?reference=DEMO-1001", "/assets/parcel.css"]:
        etag = client.get(path).headers["ETag"]
        answers[f"304 {path}"] = client.get(path, headers={"If-None-Match": etag})
    for path in ROUTES:
        answers[f"405 {path}"] = client.post(path)
        answers[f"200 OPTIONS {path}"] = client.options(path)
    clock.broken = True
    for path in ["/parcel", "/parcel.json", "/embed"]:
        answers[f"500 {path}"] = client.get(path, query_string={"reference": "DEMO-1001"})
    return answers


class TestHeaders:
    """Headers that every answer carries, errors included."""

    @pytest.fixture(scope="class")
    @classmethod
    def answers(cls, pro: Simulator) -> dict[str, TestResponse]:
        return _answers(pro)

    def test_answers_are_those_that_they_are_called(self, answers: dict[str, TestResponse]) -> None:
        statuses = {name: f"{answer.status_code}" for name, answer in answers.items()}

        named = {name: name[:3] for name in answers if "OPTIONS" not in name}
        assert statuses | named == statuses
        assert set(statuses.values()) >= {"200", "304", "400", "404", "405", "410", "500", "503"}

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex"),
        ],
    )
    def test_every_answer_says(
        self, answers: dict[str, TestResponse], header: str, value: str
    ) -> None:
        said = {name: answer.headers.getlist(header) for name, answer in answers.items()}

        assert said == {name: [value] for name in answers}

    def test_every_policy_begins_with_nothing_and_names_who_may_frame(
        self, answers: dict[str, TestResponse]
    ) -> None:
        for name, answer in answers.items():
            (policy,) = answer.headers.getlist("Content-Security-Policy")
            directives = dict(part.split(" ", 1) for part in policy.split("; "))
            assert policy.startswith("default-src 'none'; "), name
            assert directives["frame-ancestors"] == "'none'", name
            assert directives["base-uri"] == "'none'", name
            assert "unsafe" not in policy, name
            assert "*" not in policy, name

    def test_no_answer_sets_a_cookie(self, answers: dict[str, TestResponse]) -> None:
        assert [name for name, answer in answers.items() if "Set-Cookie" in answer.headers] == []

    def test_no_answer_is_shared_with_other_origins(self, answers: dict[str, TestResponse]) -> None:
        allowed = "Access-Control-Allow-Origin"

        assert [name for name, answer in answers.items() if allowed in answer.headers] == []

    def test_no_error_is_stored(self, answers: dict[str, TestResponse]) -> None:
        errors = {
            name: answer.headers["Cache-Control"]
            for name, answer in answers.items()
            if answer.status_code >= 400
        }

        assert errors == dict.fromkeys(errors, "no-store")
        assert len(errors) > 20

    def test_no_answer_tells_what_it_is_made_with(self, answers: dict[str, TestResponse]) -> None:
        for name, answer in answers.items():
            if "/assets/" not in name:
                assert not re.search(r"werkzeug|flask|jinja|traceback", answer.text, re.I), name
            assert "X-Powered-By" not in answer.headers, name


class TestCaching:
    """A 200 is private and may be asked for again by its ETag; what is versioned is kept."""

    @pytest.mark.parametrize("path", [path for path, _ in PAGES])
    def test_page_is_private_and_has_an_etag(self, client: Client, path: str) -> None:
        answer = client.get(path)

        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.get_etag()[0]

    @pytest.mark.parametrize("path", [path for path, _ in PAGES])
    def test_page_that_has_not_changed_is_a_304_without_a_body(
        self, client: Client, path: str
    ) -> None:
        etag = client.get(path).headers["ETag"]

        answer = client.get(path, headers={"If-None-Match": etag})

        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert answer.headers["Cache-Control"] == "private, no-cache"

    def test_page_that_has_changed_is_sent_whole(self, client: Client) -> None:
        other = client.get("/parcel?reference=DEMO-1002").headers["ETag"]

        answer = client.get("/parcel?reference=DEMO-1001", headers={"If-None-Match": other})

        assert answer.status_code == 200
        assert answer.headers["ETag"] != other

    def test_two_formats_have_two_etags(self, client: Client) -> None:
        paths = ["/parcel", "/parcel.json", "/embed"]

        etags = {client.get(f"{path}?reference=DEMO-1001").headers["ETag"] for path in paths}

        assert len(etags) == len(paths)

    @pytest.mark.parametrize("path", ["/parcel", "/parcel.json", "/embed"])
    def test_page_with_a_key_in_its_address_is_not_stored(self, client: Client, path: str) -> None:
        answer = client.get(f"{path}?reference=sp_0069{1001:028}&key=secret")

        assert answer.headers["Cache-Control"] == "no-store"

    def test_assets_are_kept_for_ever_under_an_address_that_changes_with_them(
        self, client: Client
    ) -> None:
        page = BeautifulSoup(client.get("/").text, "html.parser")
        addresses = [link["href"] for link in page.select("head link[href]")]

        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert "v=" in address

    def test_asset_without_its_version_is_asked_for_again(self, client: Client) -> None:
        answer = client.get("/assets/parcel.css")

        assert "immutable" not in answer.headers["Cache-Control"]
        assert answer.headers["ETag"]


class TestTransport:
    """HSTS only where there is https to insist on."""

    def test_https_is_insisted_on_for_this_host_alone(self, client: Client) -> None:
        answer = client.get("/", base_url="https://parcel.example")

        assert re.fullmatch(r"max-age=\d{8,}", answer.headers["Strict-Transport-Security"])

    @pytest.mark.parametrize("path", ["/", "/nothing", "/healthz"])
    def test_plain_http_does_not_speak_of_https(self, client: Client, path: str) -> None:
        assert "Strict-Transport-Security" not in client.get(path).headers

    def test_client_cannot_claim_https(self, client: Client) -> None:
        answer = client.get("/", headers={"X-Forwarded-Proto": "https"})

        assert "Strict-Transport-Security" not in answer.headers


class TestFraming:
    """Only /embed can be framed, and only by EMBED_ORIGINS."""

    @pytest.fixture(scope="class")
    @classmethod
    def framed(cls, pro: Simulator) -> Client:
        return _client(pro, EMBED_ORIGINS=f"{SHOP} https://*.other.example")

    @pytest.mark.parametrize(
        ("path", "status"), [("/", 200), ("/parcel?reference=DEMO-1001", 200), ("/nothing", 404)]
    )
    def test_nobody_frames_a_page(self, framed: Client, path: str, status: int) -> None:
        answer = framed.get(path)

        assert answer.status_code == status
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("", 200),
            ("?reference=DEMO-1001", 200),
            ("?reference=", 400),
            ("?reference=NOBODYS", 404),
            (f"?reference={REMOVED}", 410),
            (f"?reference={BROKEN}", 503),
        ],
    )
    def test_shops_frame_embed_whatever_comes_of_it(
        self, framed: Client, query: str, status: int
    ) -> None:
        answer = framed.get(f"/embed{query}")

        policy = answer.headers["Content-Security-Policy"]
        assert answer.status_code == status
        assert policy.split("; ")[-1] == f"frame-ancestors {SHOP} https://*.other.example"
        assert "X-Frame-Options" not in answer.headers

    def test_nobody_frames_embed_where_no_shop_is_named(self, client: Client) -> None:
        answer = client.get("/embed")

        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"


class TestMethods:
    """Only GET and HEAD are answered."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            (method, path)
            for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "OPTIONS"]
            for path in ROUTES
        ],
    )
    def test_other_methods_are_refused_and_told_which_are_not(
        self, client: Client, path: str, method: str
    ) -> None:
        answer = client.open(path, method=method)

        assert answer.status_code == 405
        assert (
            {"GET", "HEAD"}
            <= set(answer.headers["Allow"].split(", "))
            <= {
                "GET",
                "HEAD",
                "OPTIONS",
            }
        )

    def test_refused_method_is_told_with_a_form(self, client: Client) -> None:
        soup = BeautifulSoup(client.post("/parcel").text, "html.parser")

        assert soup.select_one("form[method=get] input[name=reference]")

    def test_method_cannot_be_overridden(self, client: Client) -> None:
        answer = client.get("/", headers={"X-HTTP-Method-Override": "DELETE"})

        assert answer.status_code == 200

    @pytest.mark.parametrize(("path", "status"), GETS)
    def test_head_is_answered_like_get_without_a_body(
        self, client: Client, path: str, status: int
    ) -> None:
        client.get(path)

        answer = client.head(path)

        assert answer.status_code == status
        assert answer.data == b""
        assert answer.headers["Content-Security-Policy"]

    def test_head_alone_costs_no_call(self, pro: Simulator) -> None:
        client = _client(pro)
        pro.forget_calls()

        answer = client.head("/parcel?reference=DEMO-1003")

        assert answer.status_code in {200, 503}
        assert pro.calls == []

    @pytest.mark.parametrize(
        "path", ["/console", "/?__debugger__=yes&cmd=resource&f=style.css", "/parcel?__debugger__"]
    )
    def test_there_is_no_debugger(self, client: Client, path: str) -> None:
        answer = client.get(path)

        assert answer.status_code in {200, 400, 404}
        assert not re.search("debugger|console", answer.text, re.I)


class TestAddresses:
    """design.md, URLs: nothing that a browser asks for is on the lists of ad-blockers."""

    @pytest.fixture(scope="class")
    @classmethod
    def addresses(cls) -> set[str]:
        """All that the pages of the demo ask for or lead to, in a frame and out of it."""
        demo = _whole_client(create_app({}))
        starts = ["/", "/embed", "/parcel?reference=", "/parcel?reference=NOBODYS", "/nothing"]
        return _crawl(demo, [*starts, "/embed?reference=HO-12&theme=dark"])

    def test_no_address_on_any_page_is_one_that_blockers_hit(self, addresses: set[str]) -> None:
        assert len(addresses) > 2 * len(SAMPLES)
        assert [address for address in addresses if BLOCKED.search(address)] == []

    def test_no_page_leads_to_another_origin(self, addresses: set[str]) -> None:
        assert [address for address in addresses if not re.match("/(?!/)|#", address)] == []

    def test_no_route_is_one_that_blockers_hit(self, client: Client) -> None:
        rules = [rule.rule for rule in client.application.url_map.iter_rules()]

        assert "/parcel" in rules
        assert [rule for rule in rules if BLOCKED.search(rule)] == []

    def test_stylesheet_asks_for_nothing(self, client: Client) -> None:
        assert not re.search(r"url\(|@import", client.get("/assets/parcel.css").text)

    @pytest.mark.parametrize(
        "address",
        [
            "/track?id=1",
            "/static/x.css",
            "/Tracking",
            "/status",
            "/ad/1",
            "/ads.js",
            "/x?ref=1",
            "/log",
            "/a-ping",
            "/pixel.gif",
            "/analytics",
            "/events",
        ],
    )
    def test_rule_knows_what_blockers_hit(self, address: str) -> None:
        assert BLOCKED.search(address)

    @pytest.mark.parametrize(
        "address", ["/parcel?reference=1", "/assets/icon.svg", "/login", "/loading", "/shipping"]
    )
    def test_rule_lets_others_pass(self, address: str) -> None:
        assert not BLOCKED.search(address)


def _crawl(client: Client, starts: list[str]) -> set[str]:
    """Every address in the pages that can be reached by links, and every name in their forms."""
    seen, waiting = set(starts), list(starts)
    while waiting:
        page = client.get(waiting.pop()).text
        found = {unescape(address) for address in re.findall(r'(?:href|src|action)="(.*?)"', page)}
        links = {unescape(address) for address in re.findall(r'<a\b[^>]* href="(/.*?)"', page)}
        waiting += links - seen
        seen |= found | {f"/?{name}=" for name in re.findall(r'<input\b[^>]* name="(.*?)"', page)}
    return seen


class TestHealth:
    """/healthz is about this process alone."""

    def test_is_well_although_pro_is_down(self) -> None:
        pro = Simulator(key="test-key").start()
        client = _client(pro)
        pro.stop()

        health, page = client.get("/healthz"), client.get("/parcel?reference=DEMO-1001")

        assert (health.status_code, health.json) == (200, {"status": "ok"})
        assert page.status_code == 503

    def test_costs_no_call(self, pro: Simulator, client: Client) -> None:
        pro.forget_calls()

        client.get("/healthz")

        assert pro.calls == []
