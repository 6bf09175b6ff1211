"""The same page as a first version would make it: PRO is asked, and the page rendered, each time.

What it is made with is the project's own, encodings and ETags included; nothing is remembered.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

import requests
from flask import Flask
from requests.adapters import HTTPAdapter

from app import create_app
from tracking.changes import Changes
from tracking.config import Settings
from tracking.entries import Found, Level
from tracking.finished import FinishedPages
from tracking.privacy import redact
from tracking.pro.answers import decipher_shipment, decipher_shipments
from tracking.pro.client import Answer
from tracking.references import Reference
from tracking.shipments import ShipmentPage
from tracking.stores import BoundedCache

THREADS = 128  # as many as the server has


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
    return session


@dataclass(frozen=True)
class EachTime:
    """A lookup that remembers nothing."""

    settings: Settings
    session: requests.Session = field(default_factory=_new_session)

    def find(self, reference: Reference, level: Level, page: int, *_: object) -> Found:
        """One call to PRO, at the level of the shipment."""
        if reference.kind == "reference":
            answer = self._get(f"/tracking/{quote(reference.text)}")
            found = ShipmentPage((decipher_shipment(answer, reference.text),), 1)
        else:
            answer = self._get(f"/tracking/custom_reference/{quote(reference.text, safe='')}")
            found = decipher_shipments(answer, reference.text)
        shown = tuple(redact(shipment, self.settings.privacy) for shipment in found.shipments)
        return Found(
            reference, level, page, replace(found, shipments=shown), False, datetime.now(UTC)
        )

    def _get(self, path: str) -> Answer:
        headers = {"x-api-key": self.settings.pro_api_key, "x-api-version": "1.1"}
        answer = self.session.get(
            self.settings.pro_api_url + path, headers=headers, timeout=self.settings.pro_deadline
        )
        return Answer(answer.status_code, answer.headers, answer.content)


def _asking_each_time(app: Flask) -> Flask:
    site = app.extensions["parcel_page"]
    app.extensions["parcel_page"] = replace(site, lookup=EachTime(site.settings))
    keeps_nothing = BoundedCache(most_entries=0, most_bytes=0)
    made = partial(Flask.wsgi_app, app)
    pages = FinishedPages(made, keeps_nothing, Changes(), ("500", [], b""))
    app.wsgi_app = pages  # type: ignore[method-assign]
    return app


app = _asking_each_time(create_app())
