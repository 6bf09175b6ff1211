"""serve(): the application on granian, set up for many shoppers on slow lines."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.common import AbstractServer

from tracking.config import BadSettings, Settings, read_settings
from tracking.pro.simulator import SAMPLES

_COUNTS = "PROMETHEUS_MULTIPROC_DIR"
_ROOT = Path(__file__).parent.parent


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
    print(_greeting(settings), flush=True)
    if settings.web_concurrency > 1 and not settings.redis_url:
        print("WEB_CONCURRENCY: each process remembers answers by itself.", file=sys.stderr)
    with _counting_together(settings.web_concurrency):
        _granian(settings).serve()
    return 0


def _granian(settings: Settings) -> AbstractServer[Any]:
    return Granian(
        "app:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.web_concurrency,
        blocking_threads=128,  # more than there may be calls to PRO in flight
        backpressure=128,
        http1_settings=HTTP1Settings(header_read_timeout=5000),  # ms; slow clients block nobody
        respawn_failed_workers=True,
        workers_kill_timeout=20,  # seconds
        working_dir=_ROOT,
        log_level=LogLevels.error,
    )


@contextmanager
def _counting_together(processes: int) -> Iterator[None]:
    """A folder in which several processes count together; the library reads where it is once."""
    if processes == 1 or _COUNTS in os.environ:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="parcel-page-") as folder:
        os.environ[_COUNTS] = folder
        yield


def _is_free(host: str, port: int) -> bool:
    """Two servers on one port would share its visitors, unnoticed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


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
