"""The names that the page may be asked under, and what a request under another gets."""

from collections.abc import Callable, Iterable

import pytest
from werkzeug.test import TestResponse

from tests.conftest import Shopper
from tracking.hosts import NAME, STRANGER, OnlyOurHosts
from tracking.pro.simulator import Simulator

OURS = "parcels.shop.example .brand.example"
STRANGE = [
    "evil.example",
    "shop.example",
    "evilparcels.shop.example",
    "parcels.shop.example.evil.example",
    "evilbrand.example",
    "brand.example.evil.example",
    "parcels.shop.example:80:evil.example",
    "parcels.shop.example:evil",
    "parcels.shop.example:99999",
    "user@parcels.shop.example",
    "parcels.shop.example/",
    "parcels.shop.example, evil.example",
    "x" * 1000 + ".brand.example",
    "parcels.shop.exampl\xe9",
    "127.0.0.1:8000",
    "[::1]:8000",
    "<script>",
    "",
]


@pytest.fixture
def shop(make_shopper: Callable[..., Shopper]) -> Shopper:
    return make_shopper(ALLOWED_HOSTS=OURS)


def ask(shop: Shopper, host: str | None, path: str = "/", **headers: str) -> TestResponse:
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return shop.client.get(path, environ_overrides={"HTTP_HOST": host} | named)


class TestOurs:
    @pytest.mark.parametrize(
        "host",
        [
            "parcels.shop.example",
            "parcels.shop.example:8000",
            "PARCELS.Shop.Example",
            "parcels.shop.example.",
            "brand.example",
            "any.brand.example",
            "a.b.brand.example:443",
        ],
    )
    def test_the_page_is_there(self, shop: Shopper, host: str) -> None:
        assert ask(shop, host).status_code == 200

    def test_without_the_setting_it_is_there_under_any_name(self, shopper: Shopper) -> None:
        assert ask(shopper, "evil.example").status_code == 200


class TestStrange:
    @pytest.mark.parametrize("host", STRANGE, ids=lambda host: host[:40])
    def test_a_strange_name_is_a_bad_request(self, shop: Shopper, host: str) -> None:
        """E10, F14: an answer as any other, in which the name is not."""
        response = ask(shop, host)

        assert response.status_code == 400
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "evil" not in response.text + str(response.headers)
        assert "xxxx" not in response.text + str(response.headers)

    @pytest.mark.parametrize(
        "path",
        ["/parcel?reference=DEMO-1001", "/parcel.json?reference=DEMO-1001", "/embed", "/none"],
    )
    def test_nothing_is_asked_for_it(self, shop: Shopper, pro: Simulator, path: str) -> None:
        assert ask(shop, "evil.example", path).status_code == 400
        assert pro.calls == []

    @pytest.mark.parametrize("path", ["/", "/parcel?reference=DEMO-1001", "/assets/parcel.css"])
    def test_a_page_that_is_finished_is_not_shown_under_it(self, shop: Shopper, path: str) -> None:
        before = ask(shop, "parcels.shop.example", path)
        assert ask(shop, "evil.example", path).status_code == 400
        after = ask(shop, "parcels.shop.example", path)

        assert (before.status_code, before.data) == (200, after.data)

    @pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS"])
    def test_by_no_method(self, shop: Shopper, method: str) -> None:
        environ = {"HTTP_HOST": "evil.example"}
        response = shop.client.open("/", method=method, environ_overrides=environ)

        assert response.status_code == 400

    @pytest.mark.parametrize("name", ["x_forwarded_host", "x_host", "forwarded", "x_original_host"])
    def test_no_header_makes_it_ours(self, make_shopper: Callable[..., Shopper], name: str) -> None:
        shop = make_shopper(ALLOWED_HOSTS=OURS, PROXIES="1")

        response = ask(shop, "evil.example", **{name: "parcels.shop.example"})
        assert response.status_code == 400

    def test_no_header_makes_ours_strange(self, make_shopper: Callable[..., Shopper]) -> None:
        shop = make_shopper(ALLOWED_HOSTS=OURS, PROXIES="1")

        response = ask(shop, "parcels.shop.example", x_forwarded_host="evil.example")
        assert response.status_code == 200
        assert "evil" not in response.text


class TestProbes:
    @pytest.mark.parametrize("host", ["127.0.0.1:8000", "10.1.2.3", "[::1]", "evil.example", ""])
    @pytest.mark.parametrize("path", ["/healthz", "/readyz"])
    def test_they_come_by_address(
        self, shop: Shopper, pro: Simulator, path: str, host: str
    ) -> None:
        """E14: a load balancer knows no name."""
        assert ask(shop, host, path).json["status"] == "ok"
        assert pro.calls == []

    @pytest.mark.parametrize("path", ["/healthz/", "/healthz/../parcel", "/metrics"])
    def test_nothing_else_does(self, shop: Shopper, path: str) -> None:
        assert ask(shop, "127.0.0.1:8000", path).status_code == 400


def test_what_comes_after_sees_only_names_that_are_ours() -> None:
    seen: list[tuple[str, object]] = []

    def app(environ: dict, start_response: Callable) -> Iterable[bytes]:
        seen.append((environ["HTTP_HOST"], environ.get(STRANGER)))
        return []

    layer = OnlyOurHosts(app, (".brand.example", "parcels.shop.example"))
    for host, path in [("evil", "/"), ("evil", "/healthz"), ("parcels.shop.example", "/")]:
        layer({"HTTP_HOST": host, "PATH_INFO": path}, lambda *_: None)
    layer({"PATH_INFO": "/"}, lambda *_: None)

    ours = ("parcels.shop.example", None)
    strange, probe = ("brand.example", True), ("brand.example", None)
    assert seen == [strange, probe, ours, strange]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("parcels.shop.example", "parcels.shop.example"),
        ("parcels.shop.example:8000", None),
        ("PARCELS.shop.example", None),
        ("parcels.shop.example.", None),
        ("any.brand.example", None),
        (".brand.example", None),
        ("brand.example", None),
        ("evil.example", None),
        ("", None),
    ],
)
def test_only_a_name_as_it_is_listed_is_one_that_a_page_may_tell(
    host: str, name: str | None
) -> None:
    seen: list[str | None] = []

    def app(environ: dict, start_response: Callable) -> Iterable[bytes]:
        seen.append(environ.get(NAME))
        return []

    layer = OnlyOurHosts(app, ("parcels.shop.example", ".brand.example"))
    layer({"HTTP_HOST": host, "PATH_INFO": "/"}, lambda *_: None)

    assert seen == [name]
