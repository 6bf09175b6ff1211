"""serve(): the application on granian, set up for many shoppers on slow lines."""

import errno
import gc
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from granian._granian import SocketHolder
from granian._internal import load_target
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from tracking.config import BadSettings, Settings, read_settings
from tracking.counting import counting_together, take_room
from tracking.heartbeat import LONGEST_STOP, beat
from tracking.leaving import leave_gently
from tracking.pro.simulator import SAMPLES
from tracking.processes import Processes

_ROOT = Path(__file__).parent.parent
_TARGET = f"{_ROOT / 'app.py'}:app"


def serve(environ: Mapping[str, str]) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code; bad settings are named on stderr."""
    try:
        settings = read_settings(environ)
    except BadSettings as error:
        print(f"The parcel page cannot start.\n{error}", file=sys.stderr)
        return 1
    obstacle = _obstacle(settings.host, settings.port)
    if obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    _say(_greeting(settings))
    if settings.web_concurrency > 1 and not settings.redis_url:
        _say("WEB_CONCURRENCY: each process remembers answers by itself.")
    with counting_together(settings.web_concurrency, _say):
        _processes(settings).serve_with(_load, _say)
    return 0


def _processes(settings: Settings) -> Processes:
    return Processes(
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


def _obstacle(host: str, port: int) -> str | None:
    """Why nobody can listen there; two servers on one port would share its visitors, unnoticed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return f"PORT: {port} is in use on {host}."
        return f"HOST, PORT: nobody can listen at {host}, port {port}: {error.strerror}."
    return None


def _say(text: str) -> None:
    """Tell the operator; where nobody can read it the page is served all the same."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _greeting(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}"
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
