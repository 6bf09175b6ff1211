"""A short name for what a page tells, by which a page that was left open knows of news."""

import json
from hashlib import sha256

from tracking.formats.as_json import as_json
from tracking.journey import Journey
from tracking.wording import Words

_WHENEVER = {"checked_at": None, "stale": None}  # when PRO was asked is no news of the parcel


def version_of(journey: Journey, words: Words) -> str:
    """12 letters: others as soon as the journey tells anything else, whenever it was checked.

    The line of the date is in it by its words, for "tomorrow" is "today" after midnight.
    """
    dates = [parcel.date_line.text for parcel in journey.parcels if parcel.date_line]
    told = json.dumps([as_json(journey, words) | _WHENEVER, dates])
    return sha256(told.encode()).hexdigest()[:12]
