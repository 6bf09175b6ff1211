"""The page as it is run: a process of its own, asked over a real socket."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from tracking.pro.simulator import SAMPLES, Simulator

ROOT = Path(__file__).parent.parent
LONGEST_WAIT = 30  # seconds, for a machine that is busy
LONGEST_STOP = 15  # seconds; a server that was not told to stop is killed after 20


class Served:
    """`python app.py` with settings of its own; what it prints is in `printed`."""

    def __init__(self, **environ: str) -> None:
        self.address = f"http://127.0.0.1:{_free_port()}"
        settings = {"PATH": os.environ["PATH"], "PORT": self.address.rpartition(":")[2]}
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "app.py"],
            env=settings | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed: list[str] = []
        self._reader = threading.Thread(target=self._read, args=[self.process.stdout])
        self._reader.start()

    def _read(self, output: IO[str]) -> None:
        self.printed.extend(output)

    def wait_until_it_listens(self) -> None:
        """From then on it is told by signals; nobody may be there yet who answers."""
        _until(lambda: "The parcel page is at" in "".join(self.printed))
        host, _, port = self.address.removeprefix("http://").partition(":")
        _until(lambda: _does(lambda: socket.create_connection((host, int(port))).close()))

    def wait_until_it_answers(self) -> None:
        _until(lambda: _does(lambda: urllib.request.urlopen(f"{self.address}/healthz").close()))

    def get_json(self, reference: str) -> dict:
        with urllib.request.urlopen(f"{self.address}/parcel.json?reference={reference}") as answer:
            return json.load(answer)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(LONGEST_WAIT)
        self._reader.join()
        self.process.stdout.close()
        return code


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_WAIT
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def _does(act: Callable[[], object]) -> bool:
    try:
        act()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def demo() -> Iterator[Served]:
    """The page with demo data."""
    served = Served()
    served.wait_until_it_answers()
    yield served
    assert served.stop() == 0


def test_without_a_key_it_prints_its_address_and_a_sample_of_each_kind(demo):
    text = "".join(demo.printed)

    assert demo.address in text
    assert len(re.findall(r"/parcel\?reference=\S+", text)) == len(SAMPLES)


def test_demo_data_answers_through_the_embedded_simulator(demo):
    answer = demo.get_json("DEMO-1001")

    assert answer["shipments"][0]["status"] == "out_for_delivery"


def test_with_a_key_it_asks_pro_and_shows_no_samples():
    with Simulator(key="live-key") as pro:
        served = Served(PRO_API_URL=pro.url, PRO_API_KEY="live-key")
        served.wait_until_it_answers()

        answer = served.get_json("DEMO-1002")
        code = served.stop()

    assert answer["shipments"][0]["status"] == "delivered"
    assert [call.headers["x-api-key"] for call in pro.calls] == ["live-key"]
    assert "DEMO-" not in "".join(served.printed)
    assert "live-key" not in "".join(served.printed)
    assert code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(number):
    served = Served()
    served.wait_until_it_answers()

    assert served.stop(number) == 0
    assert "Traceback" not in "".join(served.printed)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_it_stops_at_once_even_while_it_starts(processes):
    served = Served(WEB_CONCURRENCY=processes)
    served.wait_until_it_listens()
    started = time.monotonic()

    code = served.stop()

    assert time.monotonic() - started < LONGEST_STOP
    assert code == 0
    assert "Traceback" not in "".join(served.printed)


def test_bad_settings_are_named_and_never_shown():
    served = Served(PRO_API_KEY="two words", PORT="none")
    code = served.process.wait(LONGEST_WAIT)
    served._reader.join()
    served.process.stdout.close()

    assert code == 1
    printed = "".join(served.printed)
    assert "PRO_API_KEY" in printed
    assert "PORT" in printed
    assert "two words" not in printed
    assert "Traceback" not in printed


def test_two_processes_serve_too_and_say_that_they_remember_apart():
    served = Served(WEB_CONCURRENCY="2")
    served.wait_until_it_answers()

    answer = served.get_json("DEMO-1004")
    code = served.stop()

    assert answer["shipments"][0]["status"] == "collected_by_carrier"
    assert "WEB_CONCURRENCY" in "".join(served.printed)
    assert code == 0


def test_a_port_that_is_taken_is_named(demo):
    port = demo.address.rpartition(":")[2]
    second = Served(PORT=port)
    code = second.process.wait(LONGEST_WAIT)
    second._reader.join()
    second.process.stdout.close()

    assert code == 1
    assert f"PORT: {port} is in use" in "".join(second.printed)


def test_where_nobody_can_listen_is_named():
    served = Served(HOST="192.0.2.1")
    code = served.process.wait(LONGEST_WAIT)
    served._reader.join()
    served.process.stdout.close()

    assert code == 1
    assert "HOST, PORT: nobody can listen at 192.0.2.1" in "".join(served.printed)


def test_it_says_its_address_so_that_it_can_be_followed():
    served = Served(HOST="::1")
    try:
        _until(lambda: "The parcel page is at" in "".join(served.printed))
        address = re.search(r"is at (\S+)", "".join(served.printed))[1]
        _until(lambda: _does(lambda: urllib.request.urlopen(f"{address}/healthz").close()))
    finally:
        code = served.stop()

    assert address.startswith("http://[::1]:")
    assert code == 0
