"""The application as granian asks it: what is answered at once, and what on a thread."""

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.crowds import LONGEST
from tracking.bridge import Bridge, environ_of
from tracking.finished import AT_ONCE, NotFinished

HERE = threading.get_ident


@dataclass
class Scope:
    """As granian has it."""

    headers: Any
    method: str = "GET"
    path: str = "/parcel"
    query_string: str = "reference=1"
    scheme: str = "http"
    http_version: str = "1.1"
    server: str = "[::1]:8000"
    client: str = "[::1]:50000"


@dataclass
class Headers:
    lines: list[tuple[str, str]]

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self.lines if key == name]

    def items(self) -> list[tuple[str, str]]:
        return self.lines


@dataclass
class Request:
    """One that notes how it was answered, and on which thread."""

    scope: Scope
    answers: list[tuple] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    thread: int = 0

    @property
    def proto(self) -> "Request":
        return self

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append((status, headers, body))
        self.thread = threading.get_ident()
        if body == b"finished":
            self.over.set()

    def done(self) -> None:
        self.over.set()


def request(*headers: tuple[str, str], **of: str) -> Request:
    return Request(Scope(Headers(list(headers)), **of))


def answered(app: Any, asked: Request) -> Request:
    Bridge(app)(asked)
    assert asked.over.wait(LONGEST)
    return asked


def app_of_finished_pages(environ: dict, start_response: Any) -> list[bytes]:
    environ[AT_ONCE](200, [("ETag", environ["HTTP_IF_NONE_MATCH"])], b"finished")
    return []


def app_that_takes_its_time(environ: dict, start_response: Any) -> list[bytes]:
    if AT_ONCE in environ:
        raise NotFinished
    start_response("404 NOT FOUND", [("X-Path", environ["PATH_INFO"])])
    return [b"a ", b"page"]


def finished_or_made(environ: dict, start_response: Any) -> list[bytes]:
    if AT_ONCE in environ:
        return app_of_finished_pages(environ, start_response)
    start_response("200 OK", [])
    return [b"finished"]


def broken_app(environ: dict, start_response: Any) -> list[bytes]:
    raise RuntimeError("inside")


def test_a_finished_page_is_answered_where_it_is_asked_for():
    asked = answered(app_of_finished_pages, request(("if-none-match", '"tag"')))

    assert asked.answers == [(200, [("ETag", '"tag"')], b"finished")]
    assert asked.thread == HERE()


@pytest.mark.parametrize("name", ["host", "x-forwarded-proto", "accept-encoding", "if-none-match"])
@pytest.mark.parametrize("values", [["one"], ["one", "two"], ["two", "one"]])
def test_a_finished_page_is_judged_by_the_same_headers_as_one_that_is_made(name, values):
    seen = []

    def app(environ: dict, start_response: Any) -> list[bytes]:
        seen.append(environ["HTTP_" + name.upper().replace("-", "_")])
        if AT_ONCE in environ:
            raise NotFinished
        start_response("200 OK", [])
        return [b""]

    answered(app, request(*((name, value) for value in values)))

    assert seen == [",".join(values)] * 2


def test_what_was_not_percent_encoded_is_handed_on_byte_by_byte():
    environ = environ_of(request(path="/é", query_string="reference=☃").scope)

    assert environ["PATH_INFO"].encode("latin-1").decode() == "/é"
    assert environ["QUERY_STRING"].encode("latin-1").decode() == "reference=☃"


def test_another_page_is_made_on_a_thread():
    asked = answered(app_that_takes_its_time, request(path="/päge"))

    assert asked.answers == [(404, [("X-Path", "/pÃ¤ge")], b"a page")]  # as WSGI wants it
    assert asked.thread != HERE()


def test_who_waits_holds_nobody_up():
    go_on = threading.Event()

    def app(environ: dict, start_response: Any) -> list[bytes]:
        if AT_ONCE in environ:
            if environ["PATH_INFO"] == "/parcel":
                raise NotFinished
            return app_of_finished_pages(environ, start_response)
        assert go_on.wait(LONGEST)
        return app_that_takes_its_time(environ, start_response)

    bridge = Bridge(app)
    waiting = [request() for _ in range(100)]
    for one in waiting:
        bridge(one)
    hot = request(path="/hot")
    bridge(hot)

    assert hot.answers
    assert not any(one.answers for one in waiting)
    go_on.set()
    assert all(one.over.wait(LONGEST) for one in waiting)


@pytest.mark.parametrize("app", [app_that_takes_its_time, finished_or_made])
def test_who_is_answered_while_the_process_leaves_is_told_that_the_line_ends(app):
    bridge, asked = Bridge(app), request()
    bridge.leave()

    bridge(asked)

    assert asked.over.wait(LONGEST)
    [(_, headers, _)] = asked.answers
    assert ("connection", "close") in headers


def test_a_fault_of_ours_reaches_nobody_and_the_request_ends(caplog: pytest.LogCaptureFixture):
    """Granian answers 500 to one that ends without an answer."""
    asked = answered(broken_app, request())

    assert asked.answers == []
    assert "RuntimeError" in caplog.text
    assert "inside" not in caplog.text


def test_headers_with_underscores_are_dropped_and_those_given_twice_are_joined():
    scope = request(
        ("host", "shop.example"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x_forwarded_for", "198.51.100.1"),
        ("x-forwarded-for", "192.0.2.2"),
    ).scope

    environ = environ_of(scope)

    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1,192.0.2.2"
    assert environ["HTTP_HOST"] == "shop.example"
    assert (environ["REMOTE_ADDR"], environ["SERVER_PORT"]) == ("::1", "8000")
