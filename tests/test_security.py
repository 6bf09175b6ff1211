"""The headers of every answer, the methods that are refused, and addresses that nothing blocks."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from tests.conftest import NOON, TurnableClock
from tests.crowds import landed
from tests.shops import FAULT, UNLIMITED, app_of, break_down, shopper_of
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
    ("/parcel.ics?reference=DEMO-1001", 200),
    ("/parcel.atom?reference=HO-12", 200),
    ("/parcel.txt?reference=DEMO-1001", 200),
    ("/record?reference=HO-12", 200),
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
    ("/parcel.ics?reference=NOBODYS", 404),
    ("/parcel.atom", 400),
    ("/record?reference=NOBODYS", 404),
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
    (f"/parcel.txt?reference={BROKEN}", 503),
    (f"/record?reference={BROKEN}", 503),
]
OTHERS = [
    ("/healthz", 200),
    ("/readyz", 200),
    ("/metrics", 404),
    ("/assets/parcel.css", 200),
    ("/assets/parcel.css?v=1", 200),
    ("/assets/icon.svg", 200),
]
TOO_LONG = "&utm_source=" + "x" * 2048
GETS = [*PAGES, *FAILURES, *OTHERS]
ANSWERS = ["/parcel", "/parcel.json", "/parcel.ics", "/parcel.atom", "/parcel.txt", "/record"]
ANSWERS += ["/embed"]
ROUTES = ["/", *ANSWERS, "/healthz", "/readyz", "/metrics", "/assets/parcel.css"]

# design.md, URLs: what is on the lists of ad-blockers, anywhere or as a word.
BLOCKED = re.compile(
    r"track|stat|analytics|event|(?<![a-z])(?:(?:ad|ads|log|ping|pixel)(?![a-z])|ref=)", re.I
)


class Client(FlaskClient):
    """Reads every answer to its end: those from files would stay open."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True} | kwargs)


@pytest.fixture(scope="module")
def pro() -> Iterator[Simulator]:
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        simulator.fault(Fault("garbage"), BROKEN)  # wrong about one parcel, so others are asked
        yield simulator


@pytest.fixture(scope="module")
def client(pro: Simulator) -> Client:
    return _client(pro)


def _client(pro: Simulator, **environ: str) -> Client:
    return _whole_client(app_of(pro, **environ))


def _whole_client(app: Flask) -> Client:
    app.test_client_class = Client
    return app.test_client()


def _answers(pro: Simulator) -> dict[str, TestResponse]:
    """An answer of every status, by a name that says which."""
    client = _client(pro)
    answers = {f"{status} {path}": client.get(path) for path, status in GETS}
    for path, status in GETS:
        answers[f"{status} finished {path}"] = client.get(path)
        answers[f"{status} HEAD {path}"] = client.head(path)
    for path in ["/", "/parcel?reference=DEMO-1001", "/parcel.json?reference=DEMO-1001"]:
        answers |= _in_every_encoding(client, path)
    answers |= _in_every_encoding(client, "/assets/parcel.css") | _refusals(pro)
    answers |= _in_every_encoding(client, "/embed?reference=DEMO-1001")
    answers["503 HEAD cold"] = client.head("/parcel?reference=DEMO-1010")
    answers["200 late"] = _late(pro)
    for path in ROUTES:
        answers[f"405 {path}"] = client.post(path)
        answers[f"200 OPTIONS {path}"] = client.options(path)
    break_down(client.application)
    for path in ANSWERS:
        answers[f"500 {path}"] = client.get(path, query_string={"reference": "DEMO-1011"})
    return answers


def _in_every_encoding(client: Client, path: str) -> dict[str, TestResponse]:
    answers = {}
    for encoding in ("br", "gzip", "identity"):
        headers = {"Accept-Encoding": encoding}
        whole = answers[f"200 {encoding} {path}"] = client.get(path, headers=headers)
        headers |= {"If-None-Match": whole.headers["ETag"]}
        answers[f"304 {encoding} {path}"] = client.get(path, headers=headers)
    return answers


def _refusals(pro: Simulator) -> dict[str, TestResponse]:
    """Answers of an application that limits clients, knows its name and has a token."""
    own = {"ALLOWED_HOSTS": "localhost", "METRICS_TOKEN": "t0ken", "LIMIT_LOOKUPS": "1"}
    client = _client(pro, **own)
    client.get("/parcel?reference=DEMO-1001")
    answers = {"401 /metrics": client.get("/metrics")}
    token = {"Authorization": "Bearer t0ken"}
    answers["200 /metrics with the token"] = client.get("/metrics", headers=token)
    for path in ANSWERS:
        asked = f"{path}?reference=DEMO-1002"
        answers[f"429 {path}"] = client.get(asked)
        answers[f"414 {path}"] = client.get(asked + TOO_LONG)
        answers[f"400 stranger {path}"] = client.get(asked, headers={"Host": "evil.test"})
    for path in ["/", "/assets/parcel.css", "/assets/nothing.css", "/healthz"]:
        answers[f"414 {path}"] = client.get(f"{path}?{TOO_LONG}")
        if path != "/healthz":
            answers[f"400 stranger {path}"] = client.get(path, headers={"Host": "evil.test"})
    answers["400 stranger HEAD"] = client.head("/", headers={"Host": "evil.test"})
    return answers


def _late(pro: Simulator) -> TestResponse:
    """A page that could not be renewed."""
    clock, reference = TurnableClock(), f"sp_0069{1003:028}"
    shopper = shopper_of(pro, clock)
    shopper.ask(reference)
    pro.fault(Fault("status", status=500), reference)
    clock.turn(seconds=121)
    shopper.ask(reference)
    landed(shopper, reference)
    pro.heal(reference)
    late = shopper.get("/parcel", reference=reference)
    assert 'data-fresh="stale"' in late.text
    return late


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
        assert set(statuses.values()) == {
            *("200", "304", "400", "401", "404", "405", "410", "414", "429", "500", "503")
        }

    def test_a_finished_answer_says_what_the_first_one_said(
        self, answers: dict[str, TestResponse]
    ) -> None:
        for path, status in GETS:
            first, finished = answers[f"{status} {path}"], answers[f"{status} finished {path}"]
            head = answers[f"{status} HEAD {path}"]
            kept = {} if status != 503 else {"Retry-After": first.headers["Retry-After"]}
            assert dict(finished.headers) | kept == dict(first.headers) | kept, path
            assert dict(head.headers) | kept == dict(first.headers) | kept, path
            assert finished.data == first.data, path

    def test_an_answer_that_has_not_changed_says_what_the_whole_one_said(
        self, answers: dict[str, TestResponse]
    ) -> None:
        about_body = {"Content-Type", "Content-Length", "Content-Encoding"}
        for name in [name for name in answers if name.startswith("304 ")]:
            whole = answers[name.replace("304", "200", 1)].headers
            expected = {header: said for header, said in whole.items() if header not in about_body}
            assert dict(answers[name].headers) == expected, name

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            (
                "Permissions-Policy",
                "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            ),
        ],
    )
    def test_every_answer_says(
        self, answers: dict[str, TestResponse], header: str, value: str
    ) -> None:
        said = {name: answer.headers.getlist(header) for name, answer in answers.items()}

        assert said == {name: [value] for name in answers}

    def test_only_assets_are_given_to_pages_of_others(
        self, answers: dict[str, TestResponse]
    ) -> None:
        """A page in a sandbox is nobody's, so that to it ours is another origin."""
        resource = "Cross-Origin-Resource-Policy"
        said = {name: answer.headers.getlist(resource) for name, answer in answers.items()}

        given = {name for name, values in said.items() if values != ["same-origin"]}
        assert given == {n for n in said if re.match(r"(200|304) (?!OPTIONS).*/assets/", n)}
        assert [said[name] for name in given] == [["cross-origin"]] * len(given)
        assert len(given) > 10

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
        assert len(errors) > 60

    def test_no_error_has_an_etag(self, answers: dict[str, TestResponse]) -> None:
        tagged = {name for name, answer in answers.items() if "ETag" in answer.headers}

        assert {answers[name].status_code for name in tagged} == {200, 304}

    def test_every_answer_to_a_get_varies_with_the_encoding_and_with_nothing_else(
        self, answers: dict[str, TestResponse]
    ) -> None:
        said = {name: answer.headers.getlist("Vary") for name, answer in answers.items()}
        got = [name for name in said if not re.search("405|OPTIONS|stranger", name)]

        assert {name: said[name] for name in got if said[name] != ["Accept-Encoding"]} == {}
        assert len(got) > 100

    def test_only_who_may_come_back_is_told_when(self, answers: dict[str, TestResponse]) -> None:
        told = {n for n, answer in answers.items() if "Retry-After" in answer.headers}

        assert told == {name for name in answers if name.startswith(("429", "503"))}

    def test_no_answer_tells_what_it_is_made_with(self, answers: dict[str, TestResponse]) -> None:
        for name, answer in answers.items():
            is_text = answer.headers.get("Content-Encoding", "identity") == "identity"
            if is_text and "/assets/" not in name:
                assert not re.search(r"werkzeug|flask|jinja|traceback", answer.text, re.I), name
                assert FAULT not in answer.text, name
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

        etags = {client.get(f"{path}?reference=DEMO-1001").headers["ETag"] for path in ANSWERS}

        assert len(etags) == len(ANSWERS)

    @pytest.mark.parametrize("path", ANSWERS)
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

    def test_a_finished_page_insists_where_it_is_asked_for_over_https_alone(
        self, pro: Simulator
    ) -> None:
        client = _client(pro, PROXIES="1")

        insists = [
            "Strict-Transport-Security" in client.get("/", headers=headers).headers
            for headers in 2 * [{"X-Forwarded-Proto": "https"}, {"X-Forwarded-Proto": "http"}, {}]
        ]

        assert insists == 2 * [True, False, False]

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
        assert "Cross-Origin-Embedder-Policy" not in answer.headers
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("", 200),
            ("?reference=DEMO-1001", 200),
            ("?reference=", 400),
            ("?reference=NOBODYS", 404),
            (f"?reference={REMOVED}", 410),
            (f"?reference={BROKEN}", 503),
            ("?reference=DEMO-1001" + TOO_LONG, 414),
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
        assert answer.headers.getlist("Cross-Origin-Embedder-Policy") == ["require-corp"]
        assert answer.headers.getlist("Cross-Origin-Resource-Policy") == ["cross-origin"]

    def test_shops_frame_what_is_limited_and_what_has_not_changed(self, pro: Simulator) -> None:
        client = _client(pro, EMBED_ORIGINS=SHOP, LIMIT_LOOKUPS="1")
        etag = client.get("/embed?reference=DEMO-1001").headers["ETag"]
        again = {"If-None-Match": etag}

        limited = client.get("/embed?reference=DEMO-1002")
        unchanged = client.get("/embed?reference=DEMO-1001", headers=again)

        assert (limited.status_code, unchanged.status_code) == (429, 304)
        for answer in (limited, unchanged):
            policy = answer.headers["Content-Security-Policy"]
            assert policy.split("; ")[-1] == f"frame-ancestors {SHOP}"
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
        demo = _whole_client(create_app(UNLIMITED))
        starts = ["/", "/embed", "/parcel?reference=", "/parcel?reference=NOBODYS", "/nothing"]
        return _crawl(demo, [*starts, "/embed?reference=HO-12&theme=dark"])

    def test_no_address_on_any_page_is_one_that_blockers_hit(self, addresses: set[str]) -> None:
        assert len(addresses) > 2 * len(SAMPLES)
        assert [address for address in addresses if BLOCKED.search(address)] == []

    def test_no_page_leads_to_another_origin(self, addresses: set[str]) -> None:
        assert [address for address in addresses if not re.match("/(?!/)|#|$", address)] == []

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
