"""The views for machines: nobody is asked for what they say."""

from hmac import compare_digest

from flask import Blueprint, Response, abort, jsonify, request

from tracking import metrics
from tracking.site import this_site

machines = Blueprint("machines", __name__)


@machines.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@machines.get("/readyz")
def readyz() -> Response:
    return jsonify(status="ok", **this_site().state())


@machines.get("/metrics")
def metrics_page() -> Response:
    token = this_site().settings.metrics_token
    if not token:
        abort(404)
    said = request.headers.get("Authorization", "")
    if not compare_digest(said.encode(), f"Bearer {token}".encode()):
        abort(401)
    return Response(metrics.exposition(), mimetype="text/plain")
