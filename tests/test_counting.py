"""The folder in which several processes count together, and what becomes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fleet import ROOT
from tracking import counting
from tracking.counting import counting_together

NAME = "PROMETHEUS_MULTIPROC_DIR"


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders are."""
    monkeypatch.setenv(NAME, "")
    monkeypatch.delenv(NAME)
    monkeypatch.setattr(counting, "_memory", lambda: str(tmp_path))
    return tmp_path


def server():
    return counting_together(2, print)


def test_it_is_there_while_the_server_runs_and_holds_nothing_at_first(memory: Path):
    with server():
        (folder,) = memory.iterdir()
        assert os.environ[NAME] == str(folder)
        assert sum(file.stat().st_size for file in folder.iterdir()) == 0

    assert list(memory.iterdir()) == []


def test_one_process_counts_alone(memory: Path):
    with counting_together(1, print):
        assert NAME not in os.environ
        assert list(memory.iterdir()) == []


def test_what_a_killed_server_left_is_removed_and_what_a_running_one_has_is_not(
    memory: Path, monkeypatch: pytest.MonkeyPatch
):
    left, strange = memory / "parcel-page-left", memory / "another-program"
    for folder in (left, strange):
        folder.mkdir()
        (folder / "in-use").touch()
    (left / "counter_1.db").write_bytes(b"counts")
    begins = memory / "parcel-page-begins"
    begins.mkdir()

    with server():
        running = Path(os.environ[NAME])
        monkeypatch.delenv(NAME)
        with server():
            assert running.exists()

    assert set(memory.iterdir()) == {strange, begins}


def test_where_there_is_no_room_it_says_so(memory: Path, capsys: pytest.CaptureFixture[str]):
    memory.rmdir()
    with server():
        assert NAME not in os.environ

    assert capsys.readouterr().out == "/metrics: no disk, so each process counts by itself.\n"


@pytest.mark.parametrize(("largest", "files"), [(2**20, 3), (4096, 0)])
def test_a_process_has_room_for_all_its_counts_or_counts_by_itself(
    memory: Path, largest: int, files: int
):
    begin = (
        "import resource; from tracking.counting import take_room;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}));"
        "take_room(print); import tracking.metrics"
    )
    told = subprocess.check_output(
        [sys.executable, "-c", begin], env=os.environ | {NAME: str(memory)}, cwd=ROOT, text=True
    )

    assert told == ("" if files else "/metrics: no disk, so a process counts by itself.\n")
    allocated = [file.stat().st_blocks * 512 for file in memory.iterdir()]
    assert allocated == [16 * 1024] * files  # whatever it counts, and nothing beside
