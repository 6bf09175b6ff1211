"""The journey as a feed: one entry for each scan, newest first. Its template is `parcel.atom`.

Source: RFC 4287.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from tracking.formats.news import last_news
from tracking.history import Scan
from tracking.journey import Journey, ParcelJourney
from tracking.timestamps import Timestamp

_TAG = "tag:parcel-page.invalid,2026:"  # RFC 4151; that no two are the same is up to the hash


@dataclass(frozen=True)
class Entry:
    """A scan of a parcel, or of its item with that number from 1. `updated` is RFC 3339."""

    id: str
    updated: str
    scan: Scan
    parcel: ParcelJourney
    item: int | None


@dataclass(frozen=True)
class Feed:
    """The entries, newest first. `updated` is RFC 3339."""

    id: str
    updated: str
    entries: tuple[Entry, ...]


def as_feed(journey: Journey) -> Feed:
    """The journey's scans as entries.

    The feed is as old as the news in it, so that it stays the same until there is more.
    """
    news = [moment for parcel in journey.parcels if (moment := last_news(parcel))]
    updated = max(news, default=journey.checked_at)
    entries = [entry for parcel in journey.parcels for entry in _entries(parcel, updated)]
    entries.sort(key=_instant, reverse=True)
    return Feed(
        id=_tag(journey.reference, journey.level, str(journey.page)),
        updated=_rfc_3339(updated),
        entries=tuple(entries),
    )


def _entries(parcel: ParcelJourney, updated: datetime) -> Iterator[Entry]:
    owner = parcel.shipment.shipment_reference
    for scan in parcel.history.scans:
        yield Entry(_id(owner, None, scan), _updated(scan, updated), scan, parcel, None)
    for number, item in enumerate(parcel.items, 1):
        name = item.item.reference or str(number)
        for scan in item.history.scans:
            yield Entry(_id(owner, name, scan), _updated(scan, updated), scan, parcel, number)


def _id(owner: str | None, item: str | None, scan: Scan) -> str:
    """Made from what a scan is, not from where it stands: older ones may turn up late."""
    event = scan.event
    stamps = [stamp.iso if stamp else None for stamp in (event.timestamp, event.received_timestamp)]
    return _tag(owner, item, event.event_code, *stamps, event.description)


def _tag(*parts: str | None) -> str:
    return _TAG + sha256(repr(parts).encode()).hexdigest()


def _updated(scan: Scan, updated: datetime) -> str:
    """When the scan was made, as far as a time is known; an entry cannot be without one."""
    stamps: list[Timestamp | None] = [scan.stamp, scan.event.received_timestamp]
    known = [stamp for stamp in stamps if stamp]
    timed = [stamp for stamp in known if stamp.has_time] or known
    return _rfc_3339(timed[0].instant if timed else updated)


def _instant(entry: Entry) -> tuple[bool, float]:
    stamp = entry.scan.stamp
    return stamp is not None, stamp.instant.timestamp() if stamp else 0.0


def _rfc_3339(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
