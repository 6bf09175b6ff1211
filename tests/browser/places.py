"""Every page and every outcome: a new page is a new row, and all checks look at it."""

from dataclasses import dataclass
from urllib.parse import quote

from tracking.pro.simulator import STORIES

BROKEN = "DOWN-1"  # PRO is wrong about it
STALE = "STALE-1"  # PRO was right about it once
TWENTY = "TWENTY-1"  # twenty scans


@dataclass(frozen=True)
class Place:
    """Where a page is, on which of the `sites`, and with which status it comes."""

    path: str
    status: int = 200
    site: str = "own"
    method: str = "GET"


def _parcel(reference: str, status: int = 200, more: str = "", site: str = "own") -> Place:
    return Place(f"/parcel?reference={quote(reference)}{more}", status, site)


PAGES = {
    "form": Place("/"),
    "parcel": _parcel("DEMO-1001"),
    "nothing yet": _parcel("DEMO-1007"),
    "lost": _parcel("DEMO-1208"),
    "damaged before": _parcel("DEMO-1213"),
    "overdue": _parcel("DEMO-1203"),
    "quiet": _parcel("DEMO-1108"),
    "twenty scans": _parcel(TWENTY),
    "sixty scans": _parcel("DEMO-1107"),
    "long words": _parcel("DEMO-1308"),
    "right to left": _parcel("DEMO-1306"),
    "hostile": _parcel("DEMO-1307"),
    "stale": _parcel(STALE),
    "everything shown": _parcel("DEMO-1002", site="open"),
    "items": _parcel("HO-30", more="&level=contents"),
    "no items": _parcel("DEMO-1003", more="&level=contents"),
    "order": _parcel("HO-12"),
    "order, second page": _parcel("HO-12", more="&page=2"),
    "order, past the last page": _parcel("HO-12", 404, "&page=9"),
    "record": Place("/record?reference=DEMO-1306"),
    "record with long words": Place("/record?reference=DEMO-1308"),
    "record of an order": Place("/record?reference=HO-20"),
    "record of items": Place("/record?reference=HO-30&level=contents"),
    "nothing typed": _parcel("", 400),
    "too few digits": _parcel("sp_12", 400),
    "an item's reference": _parcel(f"sc_0069{2201:028}", 400),
    "a parameter twice": _parcel("DEMO-1001", 400, "&page=1&page=2"),
    "not found": _parcel("NOBODYS", 404),
    "no such page": Place("/nowhere", 404),
    "not to be posted": Place("/parcel?reference=DEMO-1001", 405, method="POST"),
    "gone": _parcel(f"sp_0069{1302:028}", 410),
    "too long": Place(f"/parcel?reference=DEMO-1001&utm_source={'x' * 3000}", 414),
    "too many": _parcel("DEMO-1001", 429, site="busy"),
    "fault of ours": _parcel("DEMO-1001", 500, site="broken"),
    "fault of every template": Place("/", 500, "templateless"),
    "unavailable": _parcel(BROKEN, 503),
    "embedded form": Place("/embed"),
    "embedded parcel": Place("/embed?reference=DEMO-1213&theme=auto"),
    "embedded order": Place("/embed?reference=HO-20&theme=dark"),
    "embedded items": Place("/embed?reference=HO-30&level=contents"),
    "embedded error": Place("/embed?reference=&theme=dark", 400),
    "embedded, not found": Place("/embed?reference=NOBODYS", 404),
    "demo form": Place("/", site="demo"),
    "demo parcel": _parcel("DEMO-1001", site="demo"),
    "demo order": _parcel("HO-20", site="demo"),
    "demo error": _parcel("sp_12", 400, site="demo"),
    "demo embedded": Place("/embed?reference=DEMO-1001", site="demo"),
}
_WITHHELD = ("removed", "quarantined")
_STORIES = {
    f"story {story.name}": _parcel(story.reference, 410 if story.name in _WITHHELD else 200)
    for story in STORIES
}
STORY_PAGES = {name: place for name, place in _STORIES.items() if place not in PAGES.values()}
PLACES = PAGES | STORY_PAGES
