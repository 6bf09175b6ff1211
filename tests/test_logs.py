"""What an operator reads: each line once, and no reference in it."""

import subprocess
import sys

import pytest

from tests.conftest import Shopper
from tracking import pages


def test_a_line_says_each_thing_once():
    script = """if True:
    import logging
    from tracking.logs import PatientHandler
    logging.basicConfig(handlers=[PatientHandler()])
    logging.getLogger("tracking.x").error("it is %s", "odd")
    """
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stderr.endswith(" ERROR tracking.x it is odd\n")
    assert done.stderr.count("ERROR") == done.stderr.count("tracking.x") == 1


def test_a_fault_of_ours_is_logged_by_its_place_and_without_what_it_says(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def break_down(*_: object) -> None:
        raise KeyError("ORDER-4711")

    monkeypatch.setattr(pages, "tell", break_down)
    assert shopper.get("/parcel", reference="DEMO-1002").status_code == 500

    assert "A fault of ours: KeyError in break_down, line" in caplog.text
    assert "ORDER-4711" not in caplog.text
