"""The headers that every answer carries, errors included (design.md, Outcomes)."""

from flask import Request, Response

from tracking.assets import is_ours
from tracking.embedding import ancestors_of

_ONE_YEAR = 365 * 24 * 3600  # seconds
_SCRIPT = (
    "script-src 'self'",
    "connect-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def secure(response: Response, request: Request, embed_origins: tuple[str, ...]) -> Response:
    """Set the headers of one answer."""
    headers = headers_of_all(
        ancestors_of(request.path, embed_origins),
        scripted=_has_script(response, request),
        asset=request.endpoint == "static" and response.status_code < 400,
        https=request.is_secure,
    )
    response.headers.update(headers)
    response.headers["Cache-Control"] = _cache_control(response, request)
    return response


def headers_of_all(
    ancestors: tuple[str, ...] = (),
    *,
    scripted: bool = False,
    asset: bool = False,
    https: bool = False,
) -> dict[str, str]:
    """What every answer carries, one that may be framed by `ancestors`.

    A page of a shop that is isolated (`Cross-Origin-Embedder-Policy`) frames only what is as strict
    as itself and given to all. Assets are given to all, for a page in a sandbox is nobody's.
    Source: reliability.md, section 5.
    """
    headers = {
        "Content-Security-Policy": content_security_policy(ancestors, scripted=scripted),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Permissions-Policy": _PERMISSIONS,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if ancestors or asset else "same-origin",
    }
    if ancestors:
        headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    else:
        headers["X-Frame-Options"] = "DENY"
    if https:
        headers["Strict-Transport-Security"] = f"max-age={2 * _ONE_YEAR}"
    return headers


def content_security_policy(ancestors: tuple[str, ...], *, scripted: bool = False) -> str:
    """Only our own stylesheet, icon and form; framed by nobody but `ancestors`.

    Where there is our script, it may ask us, and make no markup or code of text.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            *(_SCRIPT if scripted else ()),
            "frame-ancestors " + (" ".join(ancestors) or "'none'"),
        ]
    )


def _has_script(response: Response, request: Request) -> bool:
    """Only a page with an answer has one: see `pages/journey.html`."""
    answers = request.path == "/parcel" or (
        request.path == "/embed" and "reference" in request.args
    )
    return answers and response.status_code == 200


def _cache_control(response: Response, request: Request) -> str:
    if response.status_code >= 400 or "key" in request.args:
        return "no-store"
    if request.endpoint == "static" and is_ours(request.path, request.args.getlist("v")):
        return f"public, max-age={_ONE_YEAR}, immutable"
    return "private, no-cache"
