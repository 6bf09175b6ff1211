"""The views: read the address, find, render."""

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import cast

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    render_template,
    request,
)
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from tracking.allowance import TooManyTries, Visitor, network_of
from tracking.embedding import Surface, ancestors_of, surface_of
from tracking.entries import LEVELS, Found, Level
from tracking.finished import FINISH, UNSEEN, Finish
from tracking.formats.as_calendar import as_calendar
from tracking.formats.as_feed import as_feed
from tracking.formats.as_json import as_json
from tracking.formats.as_text import as_text
from tracking.freshness import QUARTER, seconds_finished
from tracking.hosts import NAME, STRANGER
from tracking.journey import Journey
from tracking.lookup import PagePastLast
from tracking.outcomes import BadParameter, Outcome, outcome_of, outcome_of_status
from tracking.page_keys import PARAMETERS
from tracking.previews import is_unread
from tracking.privacy import redact_page
from tracking.pro.errors import ProError
from tracking.references import LONGEST_CUSTOM_REFERENCE, Reference, ReferenceRefused
from tracking.site import this_site
from tracking.telling import Teller, tell
from tracking.version import version_of

pages = Blueprint("pages", __name__)

_LONGEST_ADDRESS = 2048  # characters; granian takes 65,000
_TOLD_AS_TEXT = frozenset({"/parcel.ics", "/parcel.atom", "/parcel.txt"})
_PAGE = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


@pages.before_app_request
def refuse_strange_addresses() -> None:
    if request.environ.get(STRANGER):
        abort(400)
    typed = len(request.args.get("reference", ""))  # of that the page says that it is too long
    if len(request.full_path) > _LONGEST_ADDRESS and typed <= LONGEST_CUSTOM_REFERENCE:
        abort(414)


@pages.get("/")
def home() -> Response:
    _check(request.args)
    _finish().seconds = QUARTER
    return _page("pages/home.html")


@pages.get("/parcel")
def parcel() -> Response:
    return _answer(_journey())


@pages.get("/parcel.json")
def parcel_json() -> Response:
    return jsonify(as_json(_journey(), this_site().words))


@pages.get("/parcel.ics")
def parcel_ics() -> Response:
    site, address = this_site(), _surface().address
    body = as_calendar(_journey_to_keep(), site.words, address, demo=site.settings.demo)
    named = {"Content-Disposition": 'inline; filename="parcel.ics"'}
    return Response(body, mimetype="text/calendar", headers=named)


@pages.get("/parcel.atom")
def parcel_atom() -> Response:
    journey = _journey_to_keep()
    body = render_template("formats/parcel.atom", journey=journey, feed=as_feed(journey))
    return Response(body, mimetype="application/atom+xml")


@pages.get("/parcel.txt")
def parcel_txt() -> Response:
    body = render_template("formats/parcel.txt", journey=_journey())
    return Response(as_text(body), mimetype="text/plain")


@pages.get("/record")
def record() -> Response:
    return _page("pages/record.html", journey=_journey())


@pages.get("/embed")
def embed() -> Response:
    if "reference" not in request.args:
        return home()
    return _answer(_journey())


@pages.app_context_processor
def shared_by_all_pages() -> dict[str, object]:
    site = this_site()
    return {
        "settings": site.settings,
        "words": site.words,
        "samples": site.samples,
        "surface": _surface(),
        "typed": _printable(request.args.get("reference", "")),
    }


@pages.app_errorhandler(ReferenceRefused)
@pages.app_errorhandler(BadParameter)
@pages.app_errorhandler(PagePastLast)
@pages.app_errorhandler(TooManyTries)
@pages.app_errorhandler(ProError)
def no_parcel(error: Exception) -> Response:
    return _told(outcome_of(error, this_site().words))


@pages.app_errorhandler(HTTPException)
def no_page(error: HTTPException) -> Response:
    response = _told(outcome_of_status(error.code or 500, this_site().words))
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name in {"Allow", "Location"}
    )
    return response


def _journey() -> Journey:
    """The journey that the address asks for."""
    return _told_of(_found())


def _journey_to_keep() -> Journey:
    """The same for readers that keep what they read: without who signed, and without homes."""
    found = _found()
    return _told_of(replace(found, shipments=redact_page(found.shipments, "doorstep")))


def _found() -> Found:
    return this_site().lookup.find(*_question(request.args), _visitor())


def _told_of(found: Found) -> Journey:
    site, settings = this_site(), this_site().settings
    now, quiet = site.clock(), timedelta(hours=settings.quiet_hours)
    finish = _finish()
    finish.subject, finish.changes = found.subject, found.changes
    finish.seconds = seconds_finished(found.rest, now)
    return tell(found, Teller(site.words, settings.timezone, quiet, now))


def _visitor() -> Visitor:
    """Who asks; what nobody reads, as a HEAD, is not worth a billed call."""
    framable = bool(ancestors_of(request.path, this_site().settings.embed_origins))
    unread = is_unread(dict(request.headers), framable=framable)
    reads = not (unread or request.environ.get(UNSEEN, False))
    return Visitor(network_of(request.remote_addr), reads)


def _surface() -> Surface:
    name = request.environ.get(NAME)
    return surface_of(request.path, request.args, f"{request.scheme}://{name}" if name else "")


def _finish() -> Finish:
    """What this page says of itself to the layer that keeps finished pages."""
    return cast(Finish, request.environ[FINISH])


def _question(args: MultiDict[str, str]) -> tuple[Reference, Level, int]:
    """Raises BadParameter or ReferenceRefused."""
    level, page = _check(args)
    return Reference.parse(args.get("reference", "")), level, page


def _check(args: MultiDict[str, str]) -> tuple[Level, int]:
    """Level and page; raises BadParameter. Unknown parameters are ignored."""
    level, page = args.get("level", "shipment"), args.get("page", "1")
    twice = any(len(args.getlist(name)) > 1 for name in PARAMETERS)
    if twice or level not in LEVELS or not _PAGE.fullmatch(page):
        raise BadParameter
    return level, int(page)


def _answer(journey: Journey) -> Response:
    version = version_of(journey, this_site().words)
    return _page("pages/journey.html", journey=journey, version=version)


def _page(template: str, **values: object) -> Response:
    return make_response(render_template(template, **values))


def _told(outcome: Outcome) -> Response:
    """An outcome in the format that was asked for."""
    if request.path.endswith(".json"):
        response = jsonify(error={"code": outcome.code, "message": outcome.message})
    elif request.path in _TOLD_AS_TEXT:
        response = Response(as_text(outcome.text), mimetype="text/plain")
    else:
        response = make_response(render_template("errors/outcome.html", outcome=outcome))
    response.status_code = outcome.status
    if outcome.retry_after:
        response.headers["Retry-After"] = str(outcome.retry_after)
    return response


def _printable(typed: str) -> str:
    """What was typed, as far as a page can show it."""
    return "".join(c for c in typed if unicodedata.category(c) not in {"Cc", "Cs"})
