"""What the tests share: PRO on a real socket, a clock to turn, and a reader of pages."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from werkzeug.test import TestResponse

from app import create_app
from tracking.pro.simulator import Simulator

NOON = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)

hypothesis_settings.register_profile("quick", max_examples=60, deadline=None)
hypothesis_settings.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@dataclass
class TurnableClock:
    """A clock that stands still until it is turned."""

    now: datetime = NOON
    _beyond: float = 1000.0

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)

    def timer(self) -> float:
        """Seconds that only go on, whatever the clock is set to."""
        return self._beyond + (self.now - NOON).total_seconds()

    def set(self, now: datetime) -> None:
        """Set the clock, as an operator may: no time goes by."""
        self._beyond += (self.now - now).total_seconds()
        self.now = now


@dataclass
class Shopper:
    """Opens pages as a shopper does, and checks on each what is true of every page."""

    client: FlaskClient

    def open(self, path: str, status: int = 200, **query: str) -> BeautifulSoup:
        """The page as soup."""
        response = self.client.get(path, query_string=query or None)
        assert response.status_code == status, response.text
        soup = BeautifulSoup(response.text, "html.parser")
        check_every_page(soup, status)
        return soup

    def ask(self, reference: str, status: int = 200, **query: str) -> BeautifulSoup:
        """The answer page for a reference."""
        return self.open("/parcel", status, reference=reference, **query)

    def json(self, reference: str, status: int = 200, **query: str) -> dict:
        """The answer as JSON."""
        response = self.get("/parcel.json", reference=reference, **query)
        assert response.status_code == status, response.text
        return response.json

    def get(self, path: str, **query: str) -> TestResponse:
        """The bare response."""
        return self.client.get(path, query_string=query or None)


def check_every_page(soup: BeautifulSoup, status: int) -> None:
    """One h1, the title begins with it, no id twice, every field has its label."""
    (headline,) = soup.select("h1")
    prefix = "" if status < 400 else "Error: "
    assert soup.title.get_text().startswith(prefix + headline.get_text())
    ids = Counter(element["id"] for element in soup.select("[id]"))
    assert not [name for name, times in ids.items() if times > 1]
    for visible in soup.select("input:not([type=hidden])"):
        assert soup.select_one(f"label[for={visible['id']}]")
    assert soup.select_one("form[method=get]")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that open no socket are the unit part: `make unit` runs them alone."""
    sockets = ("Simulator", "RedisServer")
    servers = {"pro", "sites", "shop", "browser"}
    for item in items:
        opens_some = any(hasattr(item.module, name) for name in sockets)
        if not opens_some and not servers & set(item.fixturenames):
            item.add_marker("unit")
        if "browser" in item.fixturenames:
            item.add_marker("browser")


@pytest.fixture
def pro() -> Iterator[Simulator]:
    """PRO with its stories, healthy, and with no calls counted yet."""
    with Simulator(key="test-key", clock=lambda: NOON) as simulator:
        yield simulator


@pytest.fixture
def clock() -> TurnableClock:
    """Two in the afternoon of 24 November 2026, UTC, unless it is turned."""
    return TurnableClock()


@pytest.fixture
def make_shopper(pro: Simulator, clock: TurnableClock) -> Callable[..., Shopper]:
    """A shopper in front of an application with settings of its own."""

    def make(**environ: str) -> Shopper:
        account = {"PRO_API_URL": pro.url, "PRO_API_KEY": pro.key}
        return Shopper(create_app(account | environ, clock, clock.timer).test_client())

    return make


@pytest.fixture
def shopper(make_shopper: Callable[..., Shopper]) -> Shopper:
    """A shopper in front of an application with all settings as they are by default."""
    return make_shopper()
