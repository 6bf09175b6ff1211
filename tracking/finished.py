"""Finished pages: a page that was made before leaves as bytes, before Flask is asked.

It holds until the time that its view names, and no longer than the data that it was made from. What
Flask says, headers included, is what is kept.
"""

import logging
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tracking import metrics
from tracking.changes import Changes
from tracking.encodings import chosen, encoded
from tracking.hosts import STRANGER
from tracking.logs import place_of
from tracking.page_keys import page_key
from tracking.stores import BoundedCache

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
Answer = tuple[str, Headers, bytes]  # status, headers and body

FINISH = "parcel_page.finish"  # in the environ: what the view says of its page
AT_ONCE = "parcel_page.at_once"  # in the environ: who takes a finished page; no other is wanted
UNSEEN = "parcel_page.unseen"  # in the environ: nobody reads the body

_UNCONDITIONAL = dict.fromkeys(  # Flask makes the whole page, and this layer meets the conditions
    (
        *("HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"),
        *("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE"),
    ),
    "",
)
_METHODS = frozenset({"GET", "HEAD"})
_ABOUT_BODY = frozenset({"Content-Type", "Content-Length", "Content-Encoding"})

_log = logging.getLogger(__name__)
_hit = metrics.Often(metrics.answers.labels("200", "before"))
_not_modified = metrics.Often(metrics.answers.labels("304", "before"))


@dataclass
class Finish:
    """What a view says of its page: for how many seconds, and what it was made from.

    `began` is when the making began, and `changes` how many there had been when the data was read
    that is remembered under the key `subject`.
    """

    began: datetime
    seconds: float = 0.0
    subject: str = ""
    changes: int = 0


@dataclass(frozen=True)
class Page:
    """An answer as it leaves."""

    status: str
    code: int
    headers: Headers
    body: bytes
    etag: str | None
    headers_alone: Headers  # those of an answer without a body
    finish: Finish

    def __len__(self) -> int:
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers)


class NotFinished(Exception):
    """The page has to be made, and may take its time."""


class FinishedPages:
    """A WSGI layer in front of an application. `clock` gives the time, aware.

    `broken` is the answer where the application gives none.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        store: BoundedCache,
        changes: Changes,
        broken: Answer,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._store = store
        self._changes = changes
        self._broken = broken
        self._clock = clock

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        query = environ.get("QUERY_STRING", "")
        if not query.isascii():  # what was not encoded is read as if it were, here and by Flask
            environ["QUERY_STRING"] = quote(query, safe=string.printable, encoding="latin-1")
        if method not in _METHODS:
            environ["REQUEST_METHOD"] = _other(method)
        key = page_key(environ) if method in _METHODS and STRANGER not in environ else None
        page = self._store.get(key) if key else None
        if page is None or not self._holds(page):
            if AT_ONCE in environ:
                raise NotFinished
            page = self._make(environ, key)
            known = _has(environ, page)
        else:
            known = _has(environ, page)
            (_not_modified if known else _hit).inc()
        body = b"" if known or method == "HEAD" else page.body
        headers = page.headers_alone if known else page.headers
        if AT_ONCE in environ:
            environ[AT_ONCE](304 if known else page.code, headers, body)
            return []
        start_response("304 Not Modified" if known else page.status, headers)
        return [body]

    def _holds(self, page: Page) -> bool:
        """Nothing that it was made from has changed, and it tells of no time to come."""
        finish = page.finish
        current = not finish.subject or self._changes.is_current(finish.subject, finish.changes)
        return current and finish.began <= self._clock()

    def _make(self, environ: "WSGIEnvironment", key: str | None) -> Page:
        """Ask the application; a HEAD is a GET that nobody reads, so its headers are the same."""
        finish = environ[FINISH] = Finish(self._clock())
        environ = environ | _UNCONDITIONAL
        if environ["REQUEST_METHOD"] == "HEAD":
            environ = environ | {"REQUEST_METHOD": "GET", UNSEEN: True}
        try:
            answer = _run(self._app, environ)
        except Exception as error:  # Flask's own page of errors is broken too
            _log.error("A fault of ours that no page could be made for: %s", place_of(error))
            answer = self._broken
        page = _finished(*answer, environ, finish)
        if key and page.etag and finish.seconds > 0:
            self._store.set(key, page, timeout=finish.seconds)
        metrics.answers.labels(page.status[:3], "now").inc()
        return page


def _other(method: str) -> str:
    """Methods have a case, which Werkzeug forgets: `get` is none that we know."""
    return method if method.isupper() else f"X-{method}"


def _run(app: "WSGIApplication", environ: "WSGIEnvironment") -> Answer:
    """The application's answer, whole."""
    said: list[tuple[str, Headers]] = []

    def start_response(status: str, headers: Headers, exc_info: object = None) -> Any:
        said.append((status, headers))

    parts = app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        getattr(parts, "close", lambda: None)()
    return *said[-1], body


def _finished(
    status: str, headers: Headers, body: bytes, environ: "WSGIEnvironment", finish: Finish
) -> Page:
    """The answer as it leaves: encoded, and with an ETag where it may be kept."""
    fields = {name.lower(): value for name, value in headers}
    wanted = chosen(environ.get("HTTP_ACCEPT_ENCODING", ""))
    body, encoding = encoded(body, fields.get("content-type", ""), wanted)
    own = {"content-length", "etag", "last-modified", "accept-ranges", "date"}
    headers = [(name, value) for name, value in headers if name.lower() not in own]
    headers += [("Content-Length", str(len(body))), ("Vary", "Accept-Encoding")]
    if encoding != "identity":
        headers.append(("Content-Encoding", encoding))
    etag = None
    if status.startswith("200") and "no-store" not in fields.get("cache-control", "").lower():
        etag = f'"{sha256(body).hexdigest()[:20]}"'
        headers.append(("ETag", etag))
    alone = [(name, value) for name, value in headers if name not in _ABOUT_BODY]
    return Page(status, int(status[:3]), headers, body, etag, alone, finish)


def _has(environ: "WSGIEnvironment", page: Page) -> bool:
    """Whether who asks has this very page."""
    if page.etag is None:
        return False
    theirs: str = environ.get("HTTP_IF_NONE_MATCH", "")
    return page.etag in theirs or theirs.strip() == "*"
