"""When there was news of a parcel: what a calendar and a feed tell from one version to the next."""

from datetime import datetime

from tracking.history import Scan
from tracking.journey import ParcelJourney
from tracking.timestamps import Timestamp


def told_at(scan: Scan) -> Timestamp | None:
    """When PRO was told of a scan, else when it was made; None where neither is known."""
    return scan.event.received_timestamp or scan.stamp


def last_news(parcel: ParcelJourney) -> datetime | None:
    """When PRO was told of the newest scan of a parcel or of its items (aware)."""
    stamps = [stamp for scan in parcel.scans if (stamp := told_at(scan))]
    return max((stamp.instant for stamp in stamps), default=None)
