"""Where a page is shown: on its own, or inside a page of a shop."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlencode

from flask import request, url_for

Theme = Literal["light", "dark", "auto"]

_THEMES: dict[str, Theme] = {"light": "light", "dark": "dark", "auto": "auto"}
_USUAL = {"level": "shipment", "page": 1}  # not said, so that an answer has one address
_KEPT = "!$'()*,/:;?@"  # as Flask's own addresses have it


@dataclass(frozen=True)
class Surface:
    """What a page is shown on: links that stay on it keep its look.

    `origin` is scheme and host, where it is certain that they are ours.
    """

    embedded: bool
    theme: Theme
    origin: str = ""

    @property
    def color_scheme(self) -> str:
        """CSS's word for the theme; a frame is clear only where its page's is the same."""
        return "light dark" if self.theme == "auto" else self.theme

    @property
    def leave(self) -> str:
        """The `target` of links that leave: out of the frame."""
        return "_top" if self.embedded else "_self"

    @property
    def action(self) -> str:
        """Where the form goes."""
        return url_for("pages.embed" if self.embedded else "pages.parcel")

    def link(self, **question: Any) -> str:
        """The address of an answer on this surface: `reference`, `level` and `page` ask for it."""
        if self.embedded and self.theme != "light":
            question["theme"] = self.theme
        return self.link_to("embed" if self.embedded else "parcel", **question)

    def link_to(self, view: str, **question: Any) -> str:
        """The address of an answer in the form that another view gives it."""
        question = {
            name: value
            for name, value in question.items()
            if value is not None and value != _USUAL.get(name)
        }
        path = _path(view, request.script_root)
        return f"{path}?{urlencode(question, safe=_KEPT)}" if question else path

    def address(self, view: str = "parcel", **question: Any) -> str | None:
        """The same with scheme and host; None where these are not known for certain."""
        return self.origin + self.link_to(view, **question) if self.origin else None


def ancestors_of(path: str, origins: tuple[str, ...]) -> tuple[str, ...]:
    """The origins whose pages may frame what is there, of those that may frame anything."""
    return origins if path == "/embed" else ()


def surface_of(path: str, args: Mapping[str, str], origin: str) -> Surface:
    """The surface of a request: light by default in a shop's page, whatever the system says."""
    if path != "/embed":
        return Surface(embedded=False, theme="auto", origin=origin)
    return Surface(True, _THEMES.get(args.get("theme", ""), "light"), origin)


@lru_cache(maxsize=64)
def _path(view: str, _mounted_at: str) -> str:
    """The path of a view: a page has nine links, and Flask works each out anew."""
    return url_for(f"pages.{view}")
