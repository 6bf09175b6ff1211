"""Applications for whole files of tests: no limit on what their shoppers ask."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import NoReturn

from flask import Flask

from app import create_app
from tests.conftest import Shopper, TurnableClock
from tracking.pro.simulator import Simulator

FAULT = "CANARY-OF-A-FAULT"
UNLIMITED = {"LIMIT_LOOKUPS": "0", "LIMIT_NOT_FOUND": "0"}


def app_of(
    pro: Simulator | None, clock: Callable[[], datetime] | None = None, **environ: str
) -> Flask:
    """An application in front of PRO, or of its own demo data; time goes on only in its clock."""
    account = {"PRO_API_URL": pro.url, "PRO_API_KEY": pro.key} if pro else {}
    timer = clock.timer if isinstance(clock, TurnableClock) else TurnableClock().timer
    return create_app(account | UNLIMITED | environ, clock or TurnableClock(), timer)


def shopper_of(
    pro: Simulator | None, clock: Callable[[], datetime] | None = None, **environ: str
) -> Shopper:
    """A shopper in front of such an application."""
    return Shopper(app_of(pro, clock, **environ).test_client())


class _Broken:
    def find(self, *question: object) -> NoReturn:
        raise RuntimeError(FAULT)


def break_down(app: Flask) -> None:
    """From now on every lookup meets a fault of ours."""
    site = app.extensions["parcel_page"]
    app.extensions["parcel_page"] = replace(site, lookup=_Broken())
