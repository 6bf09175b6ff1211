"""Links to a parcel at its carrier, from a small table that an operator may extend (rule P12)."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from tracking.shipments import Carrier

_NUMBER = "{number}"
_TABLE = Path(__file__).parent / "carriers.toml"


class BadCarriers(ValueError):
    """The table of carriers cannot be used; the message says which carrier and why."""


@dataclass(frozen=True)
class Carriers:
    """The pages of carriers, by what PRO may call them."""

    pages: dict[str, str]

    def link(self, carrier: Carrier, number: str) -> str | None:
        """The address of a parcel's page at its carrier; None where we know of none."""
        for known_as in (carrier.reference, carrier.name):
            page = self.pages.get((known_as or "").casefold())
            if page:
                return page.replace(_NUMBER, quote(number, safe=""))
        return None


def read_carriers(more: str = "") -> Carriers:
    """Our table, and over it that of the file `more`. Raises BadCarriers."""
    pages: dict[str, str] = {}
    for path in [_TABLE, *([Path(more)] if more else [])]:
        pages |= _pages(path)
    return Carriers(pages)


def _pages(path: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise BadCarriers("cannot be read as TOML") from None
    pages: dict[str, str] = {}
    for name, carrier in table.items():
        if not isinstance(carrier, dict) or not _is_page(carrier.get("page")):
            raise BadCarriers(f"{name}: page must be https, with {{number}} after the host")
        names = carrier.get("names")
        if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
            raise BadCarriers(f"{name}: names must be a list of names")
        pages |= {one.casefold(): str(carrier["page"]) for one in names}
    return pages


def _is_page(page: object) -> bool:
    """Whether it is an https address with only the number left open, beyond the host."""
    if not isinstance(page, str) or not page.isprintable() or " " in page:
        return False
    try:
        parts = urlsplit(page)
    except ValueError:
        return False
    closed = not {"{", "}"} & set(page.replace(_NUMBER, "", 1))
    own = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    return own and closed and _NUMBER in page and _NUMBER not in parts.netloc
