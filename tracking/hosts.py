"""Whether a request asks for a host that is ours, before anything is made from its name."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from werkzeug.sansio.utils import host_is_trusted

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STRANGER = "parcel_page.stranger"  # in the environ: asked for under a name that is not ours
NAME = "parcel_page.name"  # in the environ: the one of our names that was asked for

_PROBES = frozenset({"/healthz", "/readyz"})  # they come by address and know no name


class OnlyOurHosts:
    """A WSGI layer: under a strange name only the answer to strangers is given.

    `hosts` are names without a port; a leading dot stands for all under one. A name counts as
    asked for only where it is one of `hosts` as it stands: a page that tells its own address is
    kept for each, and whoever asks must not be able to make up more of them.
    """

    def __init__(self, app: "WSGIApplication", hosts: tuple[str, ...]) -> None:
        self._app = app
        self._hosts = hosts
        self._are_ours = lru_cache(maxsize=1024)(self._check)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")[:300]
        if host in self._hosts and not host.startswith("."):
            environ[NAME] = host
        elif not self._are_ours(host):
            if environ["PATH_INFO"] not in _PROBES:
                environ[STRANGER] = True
            environ["HTTP_HOST"] = self._hosts[0].lstrip(".")
        return self._app(environ, start_response)

    def _check(self, host: str) -> bool:
        name, _, port = host.lower().partition(":")
        name = name.removesuffix(".")
        return host_is_trusted(f"{name}:{port}" if port else name, self._hosts)
