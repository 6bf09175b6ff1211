"""The headers that every answer carries, errors included (design.md, Outcomes)."""

from flask import Request, Response

_ONE_YEAR = 365 * 24 * 3600  # seconds
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def secure(response: Response, request: Request, embed_origins: tuple[str, ...]) -> Response:
    """Set the headers of one answer."""
    ancestors = embed_origins if request.path == "/embed" else ()
    headers = response.headers
    headers["Content-Security-Policy"] = content_security_policy(ancestors)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["X-Robots-Tag"] = "noindex"
    headers["Permissions-Policy"] = _PERMISSIONS
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if not ancestors:
        headers["X-Frame-Options"] = "DENY"
    if request.is_secure:
        headers["Strict-Transport-Security"] = f"max-age={2 * _ONE_YEAR}"
    headers["Cache-Control"] = _cache_control(response, request)
    return response


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
