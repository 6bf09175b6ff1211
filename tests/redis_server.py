"""A real redis-server on a port of its own, to be killed and stopped, and a slow line to it."""

import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Self

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

_LONGEST_WAIT = 30  # seconds, for a machine that is busy


class RedisServer:
    """Runs from the start to `close()`; keeps nothing on disk. `options` are redis-server's.

    Usable as a context manager. `client` is for the test itself.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = tempfile.mkdtemp(prefix="redis-")
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = _client(self.port, _LONGEST_WAIT)
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    @property
    def pid(self) -> int:
        """The process, where there is one."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """It is gone at once, and with it all that it kept."""
        if self._process:
            self._process.kill()
            self._process.wait(_LONGEST_WAIT)
        self._process = None
        self.client.connection_pool.disconnect()

    def freeze(self) -> None:
        """It takes connections and answers nothing, until `thaw()`."""
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + _LONGEST_WAIT
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < deadline, "redis-server goes on"
            time.sleep(0.001)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """A new one, empty, on the same port."""
        self.kill()
        self._start()

    def close(self) -> None:
        """Nothing of it is left."""
        self.kill()
        self.client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _start(self) -> None:
        here = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", self._folder]
        unkept = ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
        self._process = subprocess.Popen(
            ["redis-server", *here, *unkept, *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _LONGEST_WAIT
        while not self._listens():
            assert self._process.poll() is None, "redis-server did not start"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.01)

    def _listens(self) -> bool:
        probe = _client(self.port, 1)
        try:
            probe.ping()
        except (AuthenticationError, ResponseError):
            return True  # it answers, if only that it wants a password
        except RedisError:
            return False
        finally:
            probe.close()
        return True


class SlowProxy:
    """A line to a server on which each answer takes `seconds` longer.

    `round_trips` counts the questions sent after an answer, or first on a connection. With a
    `certificate`, of its key and itself, it speaks TLS. Usable as a context manager.
    """

    def __init__(self, port: int, seconds: float, certificate: Path | None = None) -> None:
        self.seconds = seconds
        self.round_trips = 0
        self._to = ("127.0.0.1", port)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._tls and certificate:
            self._tls.load_cert_chain(certificate)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.port = self._listener.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def close(self) -> None:
        """End all connections."""
        self._closed.set()
        for thread in self._threads:
            thread.join(_LONGEST_WAIT)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            if not select([self._listener], [], [], 0.05)[0]:
                continue
            visitor, _ = self._listener.accept()
            thread = threading.Thread(target=self._carry, args=[visitor])
            self._threads.append(thread)
            thread.start()

    def _carry(self, visitor: socket.socket) -> None:
        with (
            suppress(OSError),
            self._tls.wrap_socket(visitor, server_side=True) if self._tls else visitor as client,
            socket.create_connection(self._to) as server,
        ):
            asked = False
            while not self._closed.is_set():
                for ready in select([client, server], [], [], 0.05)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    if ready is client:
                        self._count(new=not asked)
                        asked = True
                        server.sendall(data)
                    else:
                        if asked:
                            self._closed.wait(self.seconds)
                        asked = False
                        client.sendall(data)

    def _count(self, *, new: bool) -> None:
        with self._lock:
            self.round_trips += new


class DrippingRedis:
    """Answers whatever it is asked with one byte after another, each `seconds` after the last.

    An answer takes a thousand. `dripped` counts the bytes sent. Usable as a context manager.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.dripped = 0
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join(_LONGEST_WAIT)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            if select([self._listener], [], [], 0.05)[0]:
                visitor, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._drip, args=[visitor]))
                self._threads[-1].start()

    def _drip(self, visitor: socket.socket) -> None:
        with suppress(OSError), visitor:
            while not self._closed.is_set():
                if not select([visitor], [], [], 0.05)[0]:
                    continue
                if not visitor.recv(65536):
                    return
                for byte in b"$1000\r\n" + b"x" * 1000 + b"\r\n":
                    if self._closed.wait(self._seconds):
                        return
                    visitor.sendall(bytes([byte]))
                    self.dripped += 1


def _client(port: int, patience: float) -> Redis:
    return Redis(port=port, socket_timeout=patience, retry=Retry(NoBackoff(), 0))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
