"""Connecting to Redis by name: whatever the name servers do, nobody waits for them long."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TookTooLong

from tests.crowds import LONGEST, at_once, until
from tests.redis_server import RedisServer, SlowProxy
from tests.test_client import CERTIFICATE, Raw, full_backlog, handshaking_forever
from tests.test_matrix_upstream import GOOD, KEY_OF_PRO
from tracking.connection import PATIENCE, connect

NAME = "pro.test"  # of the good certificate
BUSY = 10  # times as long as stated may all take, for a machine that is busy


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@dataclass
class NameServer:
    """Knows one name; while it does not answer everybody who asks waits."""

    addresses: list[str] = field(default_factory=lambda: ["127.0.0.1"])
    asked: int = 0
    waiting: int = 0
    answers: threading.Event = field(default_factory=threading.Event)
    really: Callable[..., list] = field(default_factory=lambda: socket.getaddrinfo)

    def look_up(self, host: str, *args: object, **kwargs: object) -> list:
        """In place of getaddrinfo."""
        if host != NAME:
            return self.really(host, *args, **kwargs)
        self.asked += 1
        self.waiting += 1
        assert self.answers.wait(LONGEST)
        self.waiting -= 1
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "there is no such name")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, args[0])) for one in self.addresses
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server = NameServer()
    server.answers.set()
    monkeypatch.setattr(socket, "getaddrinfo", server.look_up)
    yield server
    server.answers.set()
    until(lambda: not server.waiting)


@contextmanager
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < PATIENCE * BUSY


def test_it_connects_by_name(redis: RedisServer, names: NameServer) -> None:
    client = connect(f"redis://{NAME}:{redis.port}/0")

    assert client.ping()
    client.connection_pool.disconnect()
    assert client.ping()
    assert names.asked == 2  # each time anew: it may have moved


def test_a_name_server_that_hangs_costs_what_everything_may(
    redis: RedisServer, names: NameServer
) -> None:
    client = connect(f"redis://{NAME}:{redis.port}/0")
    names.answers.clear()

    for _ in range(3):
        with in_time(), pytest.raises(TookTooLong):
            client.ping()

    assert names.waiting == names.asked == 1


def test_all_who_connect_at_once_ask_once(redis: RedisServer, names: NameServer) -> None:
    client = connect(f"redis://{NAME}:{redis.port}/0")
    names.answers.clear()

    def ping() -> bool:
        try:
            return client.ping()
        except RedisError:
            return False

    with in_time():
        assert at_once(*[ping] * 30) == [False] * 30
    assert names.waiting == names.asked == 1


def test_an_answer_that_came_too_late_serves_who_asks_next(
    redis: RedisServer, names: NameServer
) -> None:
    client = connect(f"redis://{NAME}:{redis.port}/0")
    names.answers.clear()
    with pytest.raises(TookTooLong):
        client.ping()
    names.answers.set()
    until(lambda: not names.waiting)

    assert client.ping()
    assert names.asked == 1


def test_a_name_that_nobody_knows_is_asked_about_again(
    redis: RedisServer, names: NameServer
) -> None:
    client = connect(f"redis://{NAME}:{redis.port}/0")
    names.addresses = []
    for _ in range(2):
        with pytest.raises(NotConnected):
            client.ping()
    assert names.asked == 2

    names.addresses = ["127.0.0.1"]
    assert client.ping()


def test_each_of_its_addresses_has_its_share_of_the_time(
    redis: RedisServer, names: NameServer
) -> None:
    with full_backlog(("127.0.0.2", redis.port)):
        client = connect(f"redis://{NAME}:{redis.port}/0")
        names.addresses = ["127.0.0.2", "127.0.0.1"]
        with in_time():
            assert client.ping()

        names.addresses = ["127.0.0.2"] * 5 * BUSY
        client.connection_pool.disconnect()
        with in_time(), pytest.raises(TookTooLong):
            client.ping()


class TestTls:
    """It goes on verifying the name, and not the address that it leads to."""

    @pytest.fixture
    def ping(
        self, redis: RedisServer, names: NameServer, tmp_path: Path
    ) -> Callable[[str, str], bool]:
        def ping(certificate: str, host: str) -> bool:
            shown, trusted = tmp_path / "shown.pem", tmp_path / "trusted.pem"
            shown.write_text(KEY_OF_PRO + certificate if certificate == GOOD else certificate)
            trusted.write_text(certificate)
            with SlowProxy(redis.port, 0, shown) as line:
                url = f"rediss://{host}:{line.port}/0?ssl_ca_certs={trusted}"
                with connect(url) as client:
                    return bool(client.ping())

        return ping

    def test_the_right_name_is_taken(self, ping: Callable[[str, str], bool]) -> None:
        assert ping(GOOD, NAME)

    def test_the_right_address_is_taken(self, ping: Callable[[str, str], bool]) -> None:
        assert ping(CERTIFICATE, "127.0.0.1")

    @pytest.mark.parametrize(
        ("certificate", "host"), [(CERTIFICATE, NAME), (GOOD, "127.0.0.1"), (GOOD, "localhost")]
    )
    def test_another_is_not(
        self, ping: Callable[[str, str], bool], certificate: str, host: str
    ) -> None:
        with pytest.raises(NotConnected, match="CERTIFICATE_VERIFY_FAILED"):
            ping(certificate, host)


def test_a_handshake_that_drips_costs_what_everything_may() -> None:
    with Raw(handshaking_forever) as server, in_time(), pytest.raises(TookTooLong):
        connect(server.url.replace("http://", "rediss://")).ping()

    assert server.connections == 1


def test_a_socket_of_this_machine_needs_no_name(names: NameServer, tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with RedisServer("--unixsocket", str(path)):
        assert connect(f"unix://{path}?db=2").ping()
