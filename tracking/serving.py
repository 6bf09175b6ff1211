"""serve(): the application on granian, set up for many shoppers on slow lines."""

import gc
import math
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from granian import Granian
from granian._granian import SocketHolder
from granian._internal import load_target
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from tracking.config import BadSettings, Settings, read_settings
from tracking.counting import counting_together, take_room
from tracking.heartbeat import LONGEST_STOP, Silence, beat, heard
from tracking.leaving import leave_gently
from tracking.pro.simulator import SAMPLES

_ROOT = Path(__file__).parent.parent
_TARGET = f"{_ROOT / 'app.py'}:app"


def serve(environ: Mapping[str, str]) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code; bad settings are named on stderr."""
    try:
        settings = read_settings(environ)
    except BadSettings as error:
        print(f"The parcel page cannot start.\n{error}", file=sys.stderr)
        return 1
    if not _is_free(settings.host, settings.port):
        print(f"PORT: {settings.port} is in use on {settings.host}.", file=sys.stderr)
        return 1
    _say(_greeting(settings))
    if settings.web_concurrency > 1 and not settings.redis_url:
        _say("WEB_CONCURRENCY: each process remembers answers by itself.")
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork")  # what is open here is open in each process
    with counting_together(settings.web_concurrency, _say):
        _granian(settings).serve_application()
    return 0


def _granian(settings: Settings) -> "_Server":
    return _Server(
        _TARGET,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.web_concurrency,
        backpressure=4096,  # lines, idle ones too
        http=HTTPModes.http1,
        websockets=False,
        # ms that a line may be idle or take for its headers; proxies keep theirs, and bound clients
        http1_settings=HTTP1Settings(header_read_timeout=75_000 if settings.proxies else 5000),
        respawn_failed_workers=True,
        workers_kill_timeout=int(LONGEST_STOP),
        working_dir=_ROOT,
        log_level=LogLevels.error,
    )


def _load(hearing: Connection, beating: Connection, doors: Sequence[SocketHolder]) -> Any:
    """What each process serves."""
    hearing.close()  # so that nobody is left who hears when the parent is gone
    _take_turns()
    take_room(_say)
    app: Any = load_target(_TARGET, wd=_ROOT)
    gc.freeze()  # what is there now stays: nobody need look through it again and again
    from tracking.bridge import Bridge  # noqa: PLC0415 - it counts, see serve()
    from tracking.metrics import Often  # noqa: PLC0415

    beat(beating, Often.hand_over)
    bridge = Bridge(app)
    bridge.take_over()
    leave_gently([door.get_fd() for door in doors], bridge.leave)
    return bridge


def _take_turns() -> None:
    """Threads that hand requests to one another finish what they do first: a fifth less CPU."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class _Server(Granian):  # type: ignore[misc,valid-type]
    """Granian, but a process that had begun is begun again however soon it is killed.

    Granian ends altogether when one ends twice in 5.5 seconds; here only where as many as there
    are, and one more, end in a row before they have begun, however long that takes. And one that
    falls silent is killed, and so begun again.
    """

    def serve_application(self) -> None:
        self._begun: set[int] = set()
        self._in_vain = 0
        # Told to stop before it has begun, a process ends; granian's own signals come later.
        os.register_at_fork(after_in_child=partial(signal.signal, signal.SIGTERM, signal.SIG_DFL))
        self._hearing, self._beating = multiprocessing.Pipe(duplex=False)
        threading.Thread(target=self._watch, daemon=True).start()
        self._doors: list[SocketHolder] = []
        loader = partial(_load, self._hearing, self._beating, self._doors)
        self.serve(target_loader=loader, wrap_loader=False)

    def _init_shared_socket(self) -> None:
        """Who knocks while one process goes and the next comes is let in by that: the door stays.

        Elsewhere than on Linux there is one door for all, and it stays by itself.
        """
        super()._init_shared_socket()
        if self._ssp:
            self._doors += [self._ssp.build() for _ in range(self.workers)]

    def _spawn_worker(self, idx: int, *args: Any, **kwargs: Any) -> Any:
        if self._doors:
            self._shd = self._doors[idx]
        return super()._spawn_worker(idx, *args, **kwargs)

    def _drop_shared_socket(self) -> None:
        super()._drop_shared_socket()
        for door in self._doors:
            os.close(door.get_fd())

    def _watch(self) -> None:
        silence = Silence()
        while True:
            pid = heard(self._hearing)
            if pid is not None:
                silence.broken_by(pid)
            if pid is not None and pid not in self._begun:
                self._begun.add(pid)
                self._in_vain = 0
                self.respawned_wrks: dict[int, float] = {}  # nor is the next end one too many
            processes = {worker.inner.pid: worker.inner for worker in self.wrks}
            for silent in silence.of_too_long(processes):
                _say("A process has fallen silent and is ended.")
                processes[silent].kill()

    def _respawn_workers(self, workers: list[int], *args: Any, **kwargs: Any) -> None:
        self._in_vain += sum(self.wrks[index].inner.pid not in self._begun for index in workers)
        super()._respawn_workers(workers, *args, **kwargs)
        hopeless = self._in_vain >= self.workers
        self.respawned_wrks = dict.fromkeys(range(self.workers), math.inf) if hopeless else {}


def _is_free(host: str, port: int) -> bool:
    """Two servers on one port would share its visitors, unnoticed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


def _say(text: str) -> None:
    """Tell the operator; where nobody can read it the page is served all the same."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _greeting(settings: Settings) -> str:
    address = f"http://{settings.host}:{settings.port}"
    if not settings.demo:
        return f"The parcel page is at {address}"
    lines = [
        f"  {story.title:<34} {address}/parcel?reference={quote(story.reference)}"
        for story in SAMPLES
    ]
    return "\n".join(
        [
            f"The parcel page is at {address}",
            "There is no PRO_API_KEY, so the data is made up. Try:",
            *lines,
        ]
    )
