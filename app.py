"""Puts the parcel page together. `app` is the WSGI object; `python app.py` serves it."""

import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, request
from flask_caching import Cache
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from jinja2 import StrictUndefined
from werkzeug.datastructures import ImmutableDict

from tracking.config import BadSettings, Settings, read_settings
from tracking.lookup import Lookup
from tracking.memory import Memory
from tracking.pages import Site, pages
from tracking.pro.client import Account, Client
from tracking.pro.simulator import SAMPLES, Simulator
from tracking.security import secure
from tracking.wording import Words, date_and_time

MOST_FOUND = 20_000  # entries; what was not found is kept apart, and is less
MOST_MISSING = 5_000


class _OnlyGet(Flask):
    default_config = ImmutableDict(Flask.default_config | {"PROVIDE_AUTOMATIC_OPTIONS": False})


def create_app(
    environ: Mapping[str, str] = os.environ,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Flask:
    """Make the application from settings in `environ`.

    `clock` gives the time, aware. Raises BadSettings.
    """
    settings = read_settings(environ)
    _set_up_logging(settings.log_level)
    app = _OnlyGet(__name__, static_url_path="/assets")
    app.json.sort_keys = False  # type: ignore[attr-defined]
    _set_up_templates(app, settings.timezone)
    words = Words(retailer=settings.retailer_name or None)
    lookup = Lookup(
        Client(_account(settings)),
        Memory(_store(app, MOST_FOUND), _store(app, MOST_MISSING), clock),
        settings.privacy,
        settings.pro_deadline,
    )
    samples = SAMPLES if settings.demo else ()
    app.extensions["parcel_page"] = Site(settings, lookup, words, clock, samples)
    app.register_blueprint(pages)
    app.after_request(partial(_secured, origins=settings.embed_origins))
    return app


@dataclass(frozen=True)
class _RealAccount:
    url: str
    key: str = field(repr=False)


class _DemoAccount:
    """The embedded simulator, which starts at the first call, and so in the process that asks."""

    key = "demo"

    def __init__(self) -> None:
        self._simulator = Simulator(key=self.key)
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        with self._lock:
            return self._simulator.start().url


def _account(settings: Settings) -> Account:
    if settings.demo:
        return _DemoAccount()
    return _RealAccount(settings.pro_api_url, settings.pro_api_key)


def _store(app: Flask, most: int) -> Cache:
    config = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": most, "CACHE_DEFAULT_TIMEOUT": 60}
    return Cache(app, with_jinja2_ext=False, config=config)


def _set_up_templates(app: Flask, zone: tzinfo) -> None:
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.autoescape = True
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters["date_and_time"] = partial(date_and_time, zone=zone)
    app.url_defaults(_versions(Path(str(app.static_folder))))


def _versions(folder: Path) -> Callable[[str, dict[str, Any]], None]:
    """The addresses of assets change with their bytes, so that they may be kept for ever."""
    versions = {
        path.name: sha256(path.read_bytes()).hexdigest()[:10]
        for path in folder.iterdir()
        if path.is_file()
    }

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and values.get("filename") in versions:
            values["v"] = versions[values["filename"]]

    return add_version


def _secured(response: Response, origins: tuple[str, ...]) -> Response:
    return secure(response, request, origins)


def _set_up_logging(level: str) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("tracking").setLevel(level)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its lines hold whole addresses


def serve(environ: Mapping[str, str] = os.environ) -> int:
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
    if settings.web_concurrency > 1:
        print("WEB_CONCURRENCY: each process remembers answers by itself.", file=sys.stderr)
    Granian(
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
        working_dir=Path(__file__).parent,
        log_level=LogLevels.error,
    ).serve()
    return 0


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


if __name__ == "__main__":
    sys.exit(serve())

app = create_app()
