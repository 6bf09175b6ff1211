"""How a process leaves when it is told to stop."""

import asyncio
import errno
import os
import select
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from granian import _signals

from tracking import leaving
from tracking.leaving import leave_gently

AT_ONCE = 0


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def knock(door: socket.socket) -> socket.socket:
    return socket.create_connection(door.getsockname())


class Process:
    """One that serves until it is told to stop; `story` is what happened then, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.story: list[str] = []
        self.loop = asyncio.new_event_loop()
        monkeypatch.setattr(_signals, "set_loop_signals", lambda _: self)

    def set(self) -> None:
        self.story.append("stops")
        self.loop.stop()

    def told(self, number: int, doors: Sequence[int], begin: Callable[[], Any]) -> list[str]:
        leave_gently(doors, begin)
        assert _signals.set_loop_signals(self.loop) is self
        self.loop.call_soon(os.kill, os.getpid(), number)
        self.loop.run_forever()
        self.loop.close()
        return self.story


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    monkeypatch.setattr(leaving, "MOMENT", 0)
    return Process(monkeypatch)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_begins_to_leave_and_then_stops(process, number):
    assert process.told(number, [], lambda: process.story.append("leaves")) == ["leaves", "stops"]


def test_it_stops_a_moment_later(process, monkeypatch):
    later: list[float] = []
    monkeypatch.setattr(leaving, "MOMENT", 0.5)
    monkeypatch.setattr(
        process.loop,
        "call_later",
        lambda seconds, act: later.append(seconds) or process.loop.call_soon(act),
    )

    process.told(signal.SIGTERM, [], lambda: None)

    assert later == [0.5]


def test_who_knocks_then_is_for_another_process_at_the_same_door(process, door):
    with select.epoll() as ours, select.epoll() as theirs:
        ours.register(door, select.EPOLLIN)
        # Another process has an open door of the same number; here it is one more descriptor.
        same = os.dup(door.fileno())
        theirs.register(same, select.EPOLLIN)

        process.told(signal.SIGTERM, [door.fileno()], lambda: None)

        with knock(door):
            assert theirs.poll(timeout=10) == [(same, select.EPOLLIN)]
            assert ours.poll(timeout=AT_ONCE) == []
        os.close(same)


def test_who_was_taken_before_is_not_turned_away(process, door):
    with select.epoll() as poll, knock(door) as shopper:
        taken, _ = door.accept()
        poll.register(door, select.EPOLLIN)
        poll.register(taken, select.EPOLLIN)

        process.told(signal.SIGTERM, [door.fileno()], lambda: None)

        shopper.sendall(b"GET")
        assert poll.poll(timeout=10) == [(taken.fileno(), select.EPOLLIN)]
        taken.close()


@pytest.mark.parametrize("missing", [FileNotFoundError, OSError(errno.EMFILE, "no more")])
def test_it_stops_where_it_cannot_see_its_descriptors(process, door, monkeypatch, missing):
    tried: list[str] = []

    def listdir(path: str) -> list[str]:
        tried.append(path)
        raise missing

    monkeypatch.setattr(os, "listdir", listdir)

    assert process.told(signal.SIGTERM, [door.fileno()], lambda: None) == ["stops"]
    assert tried == ["/proc/self/fd"]
