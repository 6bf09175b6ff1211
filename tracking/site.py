"""What the views work with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import current_app

from tracking.config import Settings
from tracking.lookup import Lookup
from tracking.wording import Words


@dataclass(frozen=True)
class Site:
    """Made once by `create_app`. `samples` are shown with demo data."""

    settings: Settings
    lookup: Lookup
    words: Words
    clock: Callable[[], datetime]
    state: Callable[[], dict[str, str]]
    samples: Sequence[Any] = ()


def this_site() -> Site:
    """The site of the application that answers."""
    return cast(Site, current_app.extensions["parcel_page"])
