"""One request at a time, to see that a candidate answers what it should."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

import brotli

from bench.processes import Failed

BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}

_PATIENCE = 10  # seconds
_DECODE: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.decompress,
    "br": brotli.decompress,
}


@dataclass(frozen=True)
class Answer:
    """`body` is as it came; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for a path. Raises Failed."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    except (OSError, HTTPException) as error:
        raise Failed(f"gave no answer: {type(error).__name__}") from error
    finally:
        connection.close()


def check_page(port: int, path: str, told: str) -> Answer:
    """Ask for a page. Raises Failed where it is no page that tells of `told`."""
    answer = get(port, path, BROWSER)
    if answer.status != 200:
        raise Failed(f"answered {answer.status} where a page should be")
    page = _DECODE[answer.headers.get("content-encoding", "")](answer.body).decode()
    if "<h1" not in page or told not in page:
        raise Failed("answered another page")
    return answer


def check_not_modified(port: int, path: str, tag: str) -> None:
    """Ask for a page that the asker has. Raises Failed where the answer is not a bare 304."""
    answer = get(port, path, BROWSER | {"If-None-Match": tag})
    if answer.status != 304 or answer.body:
        raise Failed(f"answered {answer.status} where a 304 should be")
