"""The views: read the address, find, render."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from tracking.config import Settings
from tracking.embedding import surface_of
from tracking.entries import LEVELS, Level
from tracking.formats import as_json
from tracking.journey import Journey, Teller, tell
from tracking.lookup import Lookup, PagePastLast
from tracking.outcomes import BadParameter, Outcome, outcome_of, outcome_of_status
from tracking.pro.errors import ProError
from tracking.references import Reference, ReferenceRefused
from tracking.wording import Words

pages = Blueprint("pages", __name__)

_KNOWN = ("reference", "level", "page", "lang", "key", "theme")
_PAGE = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


@dataclass(frozen=True)
class Site:
    """What the views work with; made once by `create_app`. `samples` are shown with demo data."""

    settings: Settings
    lookup: Lookup
    words: Words
    clock: Callable[[], datetime]
    samples: Sequence[Any] = ()


@pages.get("/")
def home() -> Response:
    _check(request.args)
    return _page("pages/home.html")


@pages.get("/parcel")
def parcel() -> Response:
    return _page("pages/journey.html", journey=_journey())


@pages.get("/parcel.json")
def parcel_json() -> Response:
    return _revalidated(jsonify(as_json(_journey(), _site().words)))


@pages.get("/embed")
def embed() -> Response:
    if "reference" not in request.args:
        return home()
    return _page("pages/journey.html", journey=_journey())


@pages.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@pages.app_context_processor
def shared_by_all_pages() -> dict[str, object]:
    site = _site()
    return {
        "settings": site.settings,
        "words": site.words,
        "samples": site.samples,
        "surface": surface_of(request.path, request.args),
        "typed": _printable(request.args.get("reference", "")),
    }


@pages.app_errorhandler(ReferenceRefused)
@pages.app_errorhandler(BadParameter)
@pages.app_errorhandler(PagePastLast)
@pages.app_errorhandler(ProError)
def no_parcel(error: Exception) -> Response:
    return _told(outcome_of(error, _site().words))


@pages.app_errorhandler(HTTPException)
def no_page(error: HTTPException) -> Response:
    response = _told(outcome_of_status(error.code or 500, _site().words))
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name in {"Allow", "Location"}
    )
    return response


def _journey() -> Journey:
    """The journey that the address asks for."""
    site = _site()
    found = site.lookup.find(*_question(request.args), may_ask=_somebody_reads())
    settings = site.settings
    quiet = timedelta(hours=settings.quiet_hours)
    return tell(found, Teller(site.words, settings.timezone, quiet, site.clock()))


def _somebody_reads() -> bool:
    """HEAD and prefetch are not worth a billed call."""
    prefetched = "prefetch" in request.headers.get("Sec-Purpose", "")
    return request.method != "HEAD" and not prefetched


def _question(args: MultiDict[str, str]) -> tuple[Reference, Level, int]:
    """Raises BadParameter or ReferenceRefused."""
    level, page = _check(args)
    return Reference.parse(args.get("reference", "")), level, page


def _check(args: MultiDict[str, str]) -> tuple[Level, int]:
    """Level and page; raises BadParameter. Unknown parameters are ignored."""
    level, page = args.get("level", "shipment"), args.get("page", "1")
    twice = any(len(args.getlist(name)) > 1 for name in _KNOWN)
    if twice or level not in LEVELS or not _PAGE.fullmatch(page):
        raise BadParameter
    return level, int(page)


def _page(template: str, **values: object) -> Response:
    return _revalidated(make_response(render_template(template, **values)))


def _told(outcome: Outcome) -> Response:
    """An outcome in the format that was asked for."""
    if request.path.endswith(".json"):
        response = jsonify(error={"code": outcome.code, "message": outcome.message})
    else:
        response = make_response(render_template("errors/outcome.html", outcome=outcome))
    response.status_code = outcome.status
    if outcome.retry_after:
        response.headers["Retry-After"] = str(outcome.retry_after)
    return response


def _revalidated(response: Response) -> Response:
    """With an ETag, and 304 where the asker has this very answer."""
    response.add_etag()
    response.make_conditional(request)
    return response


def _printable(typed: str) -> str:
    """What was typed, as far as a page can show it."""
    return "".join(c for c in typed if unicodedata.category(c) not in {"Cc", "Cs"})


def _site() -> Site:
    return cast(Site, current_app.extensions["parcel_page"])
