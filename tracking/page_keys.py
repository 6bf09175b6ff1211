"""Under which key a finished page is kept: everything that it depends on, and nothing else.

That is its path, the parameters that are known, the scheme and the encoding; and our name, where it
tells its own address.
"""

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tracking.assets import ASSETS, is_ours
from tracking.encodings import chosen
from tracking.hosts import NAME

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PARAMETERS = ("reference", "level", "page", "lang", "key", "theme")
_WITH_ADDRESS = frozenset({"/parcel.ics", "/parcel.atom", "/record"})  # they tell their own
_PAGES = _WITH_ADDRESS | {"/", "/parcel", "/parcel.json", "/parcel.txt", "/embed"}
_OTHER_THEMES = frozenset({"dark", "auto"})
_USUAL = {"level": "shipment", "page": "1"}
_WITHOUT_MEANING = frozenset({"lang"})  # known, and one language so far
_LONGEST = 2048  # characters of an address that is looked up


def page_key(environ: "WSGIEnvironment") -> str | None:
    """The key under which the page that is asked for is kept; None where it is not."""
    path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
    if len(path) + len(query) >= _LONGEST:
        return None
    encoding = chosen(environ.get("HTTP_ACCEPT_ENCODING", ""))
    origin = environ["wsgi.url_scheme"], environ.get(NAME, ""), environ.get("SCRIPT_NAME", "")
    return _kept_as(path, query, encoding, origin)


@lru_cache(maxsize=4096)
def _kept_as(path: str, query: str, encoding: str, origin: tuple[str, str, str]) -> str | None:
    question = _question(path, query)
    scheme, name, mounted = origin
    named = name if path in _WITH_ADDRESS else ""
    return question and f"{encoding} {scheme} {named} {mounted!r} {question}"


def _question(path: str, query: str) -> str | None:
    """What an address asks for; None where its page is not kept."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    if path.startswith(f"{ASSETS}/"):
        return repr((path, is_ours(path, [value for name, value in pairs if name == "v"])))
    if path not in _PAGES:
        return None
    known = sorted(pair for pair in pairs if pair[0] in PARAMETERS)
    names = [name for name, _ in known]
    if len(set(names)) < len(names) or "key" in names:
        return None
    return repr((path, *(pair for pair in known if _matters(path, *pair))))


def _matters(path: str, name: str, value: str) -> bool:
    """Whether a page depends on a parameter: else each value would make one of its own."""
    if name == "reference":
        return path != "/"
    if name == "theme":
        return path == "/embed" and value in _OTHER_THEMES
    return name not in _WITHOUT_MEANING and value != _USUAL.get(name)
