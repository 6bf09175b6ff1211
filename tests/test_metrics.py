"""What an operator can count, with one process and with several."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Shopper
from tracking import metrics
from tracking.pro.simulator import Simulator

ROOT = Path(__file__).parent.parent
TOKEN = "a-token-for-metrics"
ADDRESS = "203.0.113.77"
COUNTED = {  # R16: what an alert needs
    "parcel_page_answers": "counter",
    "parcel_page_stale_answers": "counter",
    "parcel_page_oldest_shown_seconds": "gauge",
    "parcel_page_shed": "counter",
    "parcel_page_too_many_tries": "counter",
    "parcel_page_redis_failures": "counter",
    "parcel_page_pro_calls": "counter",
    "parcel_page_pro_units": "counter",
    "parcel_page_pro_paused_until_seconds": "gauge",
    "parcel_page_budget_units": "gauge",
    "parcel_page_budget_left": "gauge",
    "parcel_page_unknown_event_codes": "counter",
    "parcel_page_dropped_events": "counter",
}


@pytest.fixture
def shop(make_shopper: Callable[..., Shopper]) -> Shopper:
    return make_shopper(METRICS_TOKEN=TOKEN, PRO_UNITS_PER_DAY="5000")


def read(shop: Shopper, token: str = TOKEN) -> str:
    response = shop.client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    assert response.mimetype == "text/plain"
    return response.text


class TestOneProcess:
    def test_all_is_there_in_prometheus_words(self, shop: Shopper) -> None:
        families = text_string_to_metric_families(read(shop))

        told = {family.name: family.type for family in families}
        assert {name: kind for name, kind in told.items() if name in COUNTED} == COUNTED
        assert {name.removesuffix("_created") for name in told} == set(COUNTED)

    def test_it_counts_what_happens(self, shop: Shopper, pro: Simulator) -> None:
        before = samples(read(shop))
        shop.ask("DEMO-1001")
        shop.ask("DEMO-1001")
        after = samples(read(shop))

        def grown(name: str) -> float:
            return after[name] - before.get(name, 0)

        assert grown('parcel_page_answers_total{made="now",status="200"}') == 2  # and itself
        assert grown('parcel_page_answers_total{made="before",status="200"}') == 1
        assert grown('parcel_page_pro_calls_total{outcome="answered"}') == len(pro.calls) == 1
        assert grown("parcel_page_pro_units_total") == 3
        assert after['parcel_page_budget_units{window="day"}'] == 5000
        assert after['parcel_page_budget_left{window="day"}'] == 4997

    def test_no_label_tells_who_asked_for_what(self, shop: Shopper) -> None:
        shop.client.get("/parcel?reference=DEMO-1001", environ_overrides={"REMOTE_ADDR": ADDRESS})
        shop.get("/parcel", reference="UNKNOWN-CANARY-1")
        text = read(shop)

        for secret in ("DEMO-1001", "CANARY", ADDRESS, TOKEN, "127.0.0.1", "test-key"):
            assert secret not in text

    def test_they_are_never_kept(self, shop: Shopper) -> None:
        assert read(shop) != read(shop)  # the first is counted in the second


def samples(text: str) -> dict[str, float]:
    found = re.findall(r"^(parcel_page_\w+(?:{.*})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


class TestToken:
    def test_without_one_they_are_closed(self, shopper: Shopper) -> None:
        for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}):
            assert shopper.client.get("/metrics", headers=headers).status_code == 404

    @pytest.mark.parametrize(
        "authorization",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            f"Basic {TOKEN}",
            TOKEN,
            "Bearer \xe9",
            f"Bearer {TOKEN}\xff",
        ],
    )
    def test_another_does_not_open_them(self, shop: Shopper, authorization: str | None) -> None:
        headers = {} if authorization is None else {"Authorization": authorization}
        response = shop.client.get("/metrics", headers=headers)

        assert response.status_code == 401
        assert response.headers["Cache-Control"] == "no-store"
        assert "parcel_page" not in response.text


def run(folder: Path, program: str) -> str:
    """What a process prints that counts in a folder, together with others."""
    environ = {"PATH": os.environ["PATH"], "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", f"from tracking import metrics\n{program}"],
        cwd=ROOT,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


class TestSeveralProcesses:
    def test_each_answers_for_all(self, tmp_path: Path) -> None:
        for left, until in ((40, 1234), (30, 1230)):
            run(
                tmp_path,
                "metrics.pro_units.inc(3)\n"
                "metrics.answers.labels('200', 'before').inc(5)\n"
                f"metrics.pro_paused_until.set({until})\n"
                f"metrics.budget_left.labels('day').set({left})",
            )
        told = samples(run(tmp_path, "print(metrics.exposition().decode())"))

        assert told["parcel_page_pro_units_total"] == 6
        assert told['parcel_page_answers_total{made="before",status="200"}'] == 10
        assert told["parcel_page_pro_paused_until_seconds"] == 1234  # of any of them
        assert told['parcel_page_budget_left{window="day"}'] == 30  # what was seen last

    def test_they_count_the_same_things_as_one(self, tmp_path: Path) -> None:
        told = run(tmp_path, "metrics.pro_units.inc()\nprint(metrics.exposition().decode())")

        names = {family.name for family in text_string_to_metric_families(told)}
        assert "parcel_page_pro_units" in names
        assert names <= set(COUNTED)

    def test_here_there_is_one(self) -> None:
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
        assert b"parcel_page_pro_units_total" in metrics.exposition()
