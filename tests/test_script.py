"""static/parcel.js as a file: how large it is, what is in it, how it is sent and who may run it."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Shopper

SCRIPT = (Path(__file__).parent.parent / "static/parcel.js").read_text("utf-8")


@pytest.fixture
def found(shopper: Shopper) -> Any:
    return shopper.ask("DEMO-1003").select_one("script")


def test_script_is_small() -> None:
    assert len(gzip.compress(SCRIPT.encode(), 9)) < 2048


def test_script_makes_no_markup_of_text_and_no_globals() -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(|DOMParser"

    assert not re.search(rf"{forbidden}|\bvar\b|\bwindow\b|https?:", SCRIPT)
    assert not re.search(r"(?m)^(?![ }{/'])\S", SCRIPT.partition("*/")[2])


def test_it_has_no_words_of_its_own() -> None:
    code = "\n".join(line.partition("//")[0] for line in SCRIPT.partition("*/")[2].splitlines())

    assert re.findall(r"['`]([A-Z][a-z]+(?: [a-z]+)*)['`]", code) == []


def test_page_with_an_answer_waits_for_no_script(found: Any) -> None:
    assert found.has_attr("defer")
    assert found.parent.name == "head"
    assert found["src"].startswith("/assets/parcel.js?v=")


@pytest.mark.parametrize("path", ["/parcel", "/embed"])
@pytest.mark.parametrize("reference", ["DEMO-1003", "DEMO-1001", "HO-12", "HO-30"])
def test_script_is_allowed_where_it_is(shopper: Shopper, path: str, reference: str) -> None:
    answer = shopper.get(path, reference=reference)

    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert "<script" in answer.text
    assert {"script-src 'self'", "connect-src 'self'"} <= set(policy)
    assert {"require-trusted-types-for 'script'", "trusted-types 'none'"} <= set(policy)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", {}),
        ("/embed", {}),
        ("/parcel", {"reference": "NOBODYS"}),
        ("/parcel", {"reference": "sp_1"}),
        ("/embed", {"reference": ""}),
        ("/parcel.json", {"reference": "DEMO-1003"}),
        ("/assets/parcel.js", {}),
        ("/nowhere", {"reference": "DEMO-1003"}),
    ],
)
def test_no_script_is_allowed_where_there_is_none(
    shopper: Shopper, path: str, query: dict[str, str]
) -> None:
    answer = shopper.get(path, **query)

    policy = answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert "script-src" not in policy
    assert "connect-src" not in policy


def test_file_is_kept_for_ever_and_compressed(shopper: Shopper, found: Any) -> None:
    with shopper.client.get(found["src"], headers={"Accept-Encoding": "gzip"}) as answer:
        headers = answer.headers

    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Content-Encoding"] == "gzip"
    assert int(headers["Content-Length"]) < 2048
    assert headers["X-Content-Type-Options"] == "nosniff"
