"""Lines to Redis: whatever is at the other end, a whole answer comes in time or none."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.crowds import crowd
from tracking.lines import Line, PlainLine

PATIENCE = 0.15  # seconds
BUSY = 10  # times as long, for a machine that is busy


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("kind", [Line, PlainLine])
class TestEither:
    def test_what_comes_is_read(self, kind, ends):
        ours, theirs = ends
        line = kind(ours, PATIENCE)
        line.sendall(b"PING")
        assert theirs.recv(10) == b"PING"
        theirs.sendall(b"+PONG")

        assert line.recv(1) == b"+"
        buffer = bytearray(4)
        assert line.recv_into(buffer) == 4
        assert buffer == b"PONG"

    def test_what_does_not_come_is_not_waited_for_long(self, kind, ends):
        line = kind(ends[0], PATIENCE)
        line.sendall(b"PING")

        began = time.monotonic()
        with pytest.raises(TimeoutError):
            line.recv(1)
        assert PATIENCE / 2 < time.monotonic() - began < BUSY * PATIENCE

    def test_a_look_waits_for_nothing_and_takes_nothing(self, kind, ends):
        """As redis-py looks, with its parser in Python and with the one in C."""
        ours, theirs = ends
        line = kind(ours, PATIENCE)
        for flags in (0, socket.MSG_PEEK | socket.MSG_DONTWAIT):
            line.settimeout(0)
            with pytest.raises(BlockingIOError):
                line.recv(1, flags)
            line.settimeout(PATIENCE)
        theirs.close()

        assert line.recv(1, socket.MSG_PEEK) == b""

    def test_who_reads_slowly_is_not_written_to_for_long(self, kind, ends):
        ours, theirs = ends
        line = kind(ours, PATIENCE)

        def read_slowly() -> None:
            with suppress(OSError):
                while theirs.recv(64 * 1024):
                    time.sleep(PATIENCE / 3)

        began = time.monotonic()
        with crowd(read_slowly):
            with pytest.raises(TimeoutError):
                line.sendall(bytes(32 * 1024 * 1024))
            took = time.monotonic() - began
            ours.close()
        assert took < BUSY * PATIENCE
