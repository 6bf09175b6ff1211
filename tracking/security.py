"""The headers that every answer carries, errors included (design.md, Outcomes)."""

from flask import Request, Response

_ONE_YEAR = 365 * 24 * 3600  # seconds
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def secure(response: Response, request: Request, embed_origins: tuple[str, ...]) -> Response:
    """Set the headers of one answer."""
    ancestors = embed_origins if request.path == "/embed" else ()
    response.headers.update(headers_of_all(ancestors, https=request.is_secure))
    response.headers["Cache-Control"] = _cache_control(response, request)
    return response


def headers_of_all(ancestors: tuple[str, ...] = (), *, https: bool = False) -> dict[str, str]:
    """What every answer carries, one that may be framed by `ancestors`."""
    headers = {
        "Content-Security-Policy": content_security_policy(ancestors),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex",
        "Permissions-Policy": _PERMISSIONS,
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if not ancestors:
        headers["X-Frame-Options"] = "DENY"
    if https:
        headers["Strict-Transport-Security"] = f"max-age={2 * _ONE_YEAR}"
    return headers


def content_security_policy(ancestors: tuple[str, ...]) -> str:
    """Only our own stylesheet, icon and form; framed by nobody but `ancestors`."""
    return "; ".join(
        [
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors " + (" ".join(ancestors) or "'none'"),
        ]
    )


def _cache_control(response: Response, request: Request) -> str:
    if response.status_code >= 400 or "key" in request.args:
        return "no-store"
    if request.endpoint == "static" and "v" in request.args:
        return f"public, max-age={_ONE_YEAR}, immutable"
    return "private, no-cache"
