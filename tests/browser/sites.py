"""The applications whose pages are looked at, each on a port of its own, and a shop."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from jinja2 import DictLoader
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.browser.places import BROKEN, STALE, TWENTY
from tests.conftest import TurnableClock
from tests.crowds import until
from tests.shipments import event, shipment
from tests.shops import app_of, break_down
from tracking.pro.simulator import Fault, Simulator

_BAD = Path(__file__).with_name("bad.html").read_text("utf-8")
_TOWNS = (
    ("Lisbon", 38.72, -9.14),
    ("Salamanca", 40.97, -5.66),
    ("Bordeaux", 44.84, -0.58),
    ("Lyon", 45.76, 4.84),
    ("Milan", 45.46, 9.19),
    ("Munich", 48.14, 11.58),
    ("Nuremberg", 49.45, 11.08),
    ("Cologne", 50.94, 6.96),
    ("Calais", 50.95, 1.86),
    ("Northampton", 52.24, -0.9),
)
_SHOP = {"CONTACT_URL": "https://shop.example/help", "RETAILER_NAME": "Hogarth"}


@contextmanager
def open_sites(shop: str) -> Iterator[dict[str, str]]:
    """The origins of the applications, by the names that a Place gives; `shop` may frame them."""
    clock = TurnableClock()
    with Simulator(key="test-key", clock=clock) as pro, ExitStack() as open_ones:
        own = app_of(pro, clock, **_SHOP, EMBED_ORIGINS=shop)
        _make_stale(own, pro, clock)
        pro.put(_twenty_scans())
        pro.fault(Fault("garbage"), BROKEN)  # wrong about one parcel, so others are asked
        apps = {
            "own": own,
            "demo": app_of(None, TurnableClock(now=datetime.now(UTC))),
            "open": app_of(pro, clock, **_SHOP, PRIVACY="open"),
            "busy": _busy(app_of(pro, clock, LIMIT_NOT_FOUND="1")),
            "broken": _broken(app_of(pro, clock)),
            "templateless": _templateless(app_of(pro, clock)),
        }
        yield {name: open_ones.enter_context(serving(app)) for name, app in apps.items()}


def _make_stale(app: Flask, pro: Simulator, clock: TurnableClock) -> None:
    """From now on PRO is down about a parcel that it knew two hours ago."""
    scans = [event("collected_by_carrier"), event("in_transit", "2026-11-24T11:00:00+00:00")]
    pro.put(shipment(*scans, custom_reference=STALE))
    client = app.test_client()
    assert client.get("/parcel", query_string={"reference": STALE}).status_code == 200
    pro.fault(Fault("status", status=500), STALE)
    clock.turn(hours=2)
    until(lambda: 'data-fresh="stale"' in client.get(f"/parcel?reference={STALE}").text)


def _twenty_scans() -> dict:
    """A journey through ten towns, each of which scans it when it comes and when it goes.

    Its carrier has pages of its own, and two numbers for it.
    """
    scans = []
    for day, (town, latitude, longitude) in enumerate(_TOWNS, 14):
        place = {
            "location": f"{town} Hub",
            "lat_long": {"latitude": latitude, "longitude": longitude},
        }
        came, went = f"2026-11-{day}T04:{day}:00+00:00", f"2026-11-{day}T21:{day}:00+00:00"
        scans += [
            event("in_transit", came, description=f"Arrived at the hub in {town}", **place),
            event("in_transit", went, description=f"Sorted and sent on from {town}", **place),
        ]
    return shipment(
        *scans,
        custom_reference=TWENTY,
        expected_delivery_date="2026-11-25",
        carrier={"name": "Royal Mail"},
        carrier_references=["AB123456789GB", "AB123456790GB"],
    )


def _busy(app: Flask) -> Flask:
    """Who asks from here has looked up too much that is not there."""
    app.test_client().get("/parcel?reference=NOBODYS")
    return app


def _broken(app: Flask) -> Flask:
    break_down(app)
    return app


def _templateless(app: Flask) -> Flask:
    app.jinja_env.loader = DictLoader({})
    return app


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve a WSGI application on a free port of loopback; its origin."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shop(environ: dict, start_response: Callable) -> Any:
    """A page of a shop: `frame` is what it frames, `allow` and `sandbox` how; and a bad page.

    `scheme` is its colour scheme, and `isolated` its Cross-Origin-Embedder-Policy.
    """
    request = Request(environ)
    if request.path == "/bad":
        bad = _BAD.replace("PORT", environ["SERVER_PORT"])
        return Response(bad, mimetype="text/html")(environ, start_response)
    scheme = request.args.get("scheme", "")
    how = "".join(
        f' {name}="{escape(request.args[name])}"'
        for name in ("allow", "sandbox")
        if name in request.args
    )
    meta = f'<meta name="color-scheme" content="{escape(scheme)}">' if scheme else ""
    html = f"""<!doctype html><html lang="en"><title>Shop</title>{meta}
        <link rel="icon" href="data:,"><body style="margin: 0; background: rgb(200, 40, 160)">
        <iframe src="{escape(request.args.get("frame", ""))}" title="Track your parcel"{how}
                style="border: 0; width: 600px; height: 500px"></iframe>"""
    headers = {
        "Cross-Origin-Embedder-Policy": request.args.get("isolated", "unsafe-none"),
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(html, mimetype="text/html", headers=headers)(environ, start_response)
