"""Puts the parcel page together. `app` is the WSGI object; `python app.py` serves it."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracking.serving import serve

if __name__ == "__main__":  # before anything is imported that counts: see serving.py
    sys.exit(serve(os.environ))

from flask import Flask, Response, request
from flask_caching import Cache
from werkzeug.datastructures import ImmutableDict
from werkzeug.middleware.proxy_fix import ProxyFix

from tracking.allowance import Allowance
from tracking.asking import Asking
from tracking.assets import ASSETS
from tracking.calls import Calls
from tracking.config import Settings, read_settings
from tracking.connection import connect
from tracking.entries import Entry
from tracking.finished import FINISH, Answer, FinishedPages
from tracking.fleet import SharedGate
from tracking.flights import Flights
from tracking.hosts import OnlyOurHosts
from tracking.logs import PatientHandler, place_of
from tracking.lookup import Lookup
from tracking.memory import Memory
from tracking.machines import machines
from tracking.pages import pages
from tracking.pro.breaker import Breaker
from tracking.pro.budget import Budget
from tracking.pro.client import MOST_CALLS, Account, Client
from tracking.pro.gate import Contents, Gate, Refused
from tracking.pro.simulator import SAMPLES, Simulator
from tracking.security import headers_of_all, secure
from tracking.shared import Shared
from tracking.signing import Signer
from tracking.site import Site
from tracking.stores import BoundedCache
from tracking.templating import set_up_templates
from tracking.wording import Words

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

FOUND = {"most_entries": 20_000, "most_bytes": 64 * 2**20}
MISSING = {"most_entries": 5_000, "most_bytes": 4 * 2**20}  # apart: a flood of them harms nobody
FINISHED = {"most_entries": 10_000, "most_bytes": 64 * 2**20}
_ONE_DAY = 86_400.0  # seconds
_BEYOND_DEADLINE = 1.5  # seconds after which a process that asks counts as dead


class _OnlyGet(Flask):
    default_config = ImmutableDict(Flask.default_config | {"PROVIDE_AUTOMATIC_OPTIONS": False})

    def log_exception(self, exc_info: Any) -> None:
        """Without the message, which may name a reference."""
        self.logger.error("A fault of ours: %s", place_of(exc_info[1]))


def create_app(
    environ: Mapping[str, str] = os.environ,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    timer: Callable[[], float] = time.monotonic,
) -> Flask:
    """Make the application from settings in `environ`.

    `clock` gives the time, aware, and `timer` monotonic seconds. Raises BadSettings.
    """
    settings = read_settings(environ)
    _set_up_logging(settings.log_level)
    app = _OnlyGet(__name__, static_url_path=ASSETS)
    app.url_map.merge_slashes = False  # a redirect would name the host that was asked for
    app.json.sort_keys = False  # type: ignore[attr-defined]
    set_up_templates(app, settings.timezone, clock)
    shared = _shared(settings, timer) if settings.redis_url else None
    gate = _gate(settings, timer, shared)
    memory = Memory(
        found=_store(app, timer, FOUND),
        missing=_store(app, timer, MISSING),
        clock=clock,
        timer=timer,
        shared=shared,
    )
    app.extensions["parcel_page"] = Site(
        settings=settings,
        lookup=_lookup(settings, memory, gate),
        words=Words(retailer=settings.retailer_name or None),
        clock=clock,
        state=partial(_state, gate.breaker, shared),
        samples=SAMPLES if settings.demo else (),
    )
    app.register_blueprint(pages)
    app.register_blueprint(machines)
    app.after_request(partial(_secured, origins=settings.embed_origins))
    finished = BoundedCache(**FINISHED, timer=timer)
    pages_before = FinishedPages(app.wsgi_app, finished, memory.changes, _broken(app), clock)
    app.wsgi_app = _in_front(pages_before, settings)  # type: ignore[assignment,method-assign]
    return app


def _in_front(pages: "WSGIApplication", settings: Settings) -> "WSGIApplication":
    """What a request meets before the pages: only proxies that are ours are believed."""
    if settings.proxies:
        pages = ProxyFix(pages, x_for=settings.proxies, x_proto=settings.proxies, x_host=0)
    return OnlyOurHosts(pages, settings.allowed_hosts) if settings.allowed_hosts else pages


def _gate(settings: Settings, timer: Callable[[], float], shared: Shared | None) -> Gate:
    fleet = SharedGate(shared) if shared else None
    budget = Budget(
        settings.pro_units_per_minute,
        settings.pro_units_per_day,
        share=1 / settings.web_concurrency,
        tally=fleet,
    )
    return Gate(Breaker(timer, fleet), budget, Refused(timer), Contents(timer))


def _lookup(settings: Settings, memory: Memory, gate: Gate) -> Lookup:
    flights = Flights[Entry](MOST_CALLS)
    calls = Calls(Client(_account(settings)), gate, memory, flights, settings.privacy)
    allowance = Allowance(
        settings.limit_lookups,
        settings.limit_not_found,
        settings.pro_deadline,
        memory.shared,
        memory.timer,
    )
    return Lookup(Asking(calls, memory), memory, allowance, flights, settings.pro_deadline)


def _shared(settings: Settings, timer: Callable[[], float]) -> Shared:
    """Redis, with names and signatures that belong to this account and this privacy alone."""
    account = "\0".join([settings.pro_api_url, settings.pro_api_key, settings.privacy])
    signer = Signer(settings.secret_key.encode(), account)
    longest_call = settings.pro_deadline + _BEYOND_DEADLINE
    return Shared(connect(settings.redis_url), signer, longest_call, timer)


def _state(breaker: Breaker, shared: Shared | None) -> dict[str, str]:
    """How those that we need are, as last seen: nobody is asked for it."""
    redis = "none" if shared is None else "answers" if shared.answers else "away"
    return {"pro": "paused" if breaker.open else "asked", "redis": redis}


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


def _store(app: Flask, timer: Callable[[], float], bounds: dict[str, int]) -> Cache:
    options = {**bounds, "timer": timer}
    config = {"CACHE_TYPE": "tracking.stores.BoundedCache", "CACHE_OPTIONS": options}
    return Cache(app, with_jinja2_ext=False, config=config)


def _broken(app: Flask) -> Answer:
    """The page for a fault that no template can tell of."""
    body = Path(app.root_path, "templates", "errors", "broken.html").read_bytes()
    kind = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return "500 INTERNAL SERVER ERROR", [*(kind | headers_of_all()).items()], body


def _secured(response: Response, origins: tuple[str, ...]) -> Response:
    if request.endpoint == "static" and response.status_code == 200:
        request.environ[FINISH].seconds = _ONE_DAY
    return secure(response, request, origins)


def _set_up_logging(level: str) -> None:
    logging.basicConfig(handlers=[PatientHandler()])
    logging.getLogger("tracking").setLevel(level)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # its lines hold whole addresses


app = create_app()
