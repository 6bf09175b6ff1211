"""Timestamps as carriers give them: ISO 8601 as a rule, anything as an exception."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Self

# PRO's own examples have a dot where the colon before the seconds belongs (T14:02.33+00:00).
# Python would read that as 14:02 and a third of a second, without complaint.
_DOT_BEFORE_SECONDS = re.compile(r"(?<=\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})\.(?=\d{2}(?!\d))")
_DATE_FIRST = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[^+-].*)?")
_ISO_8601 = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
_DATE_LENGTH = len("2026-11-24")


@dataclass(frozen=True)
class Timestamp:
    """A moment on the carrier's clock, with the offset it came with; the time may be missing.

    `iso` is ISO 8601: the carrier's own string, repaired only where it was not.
    """

    iso: str
    moment: datetime
    has_time: bool

    @classmethod
    def parse(cls, value: object) -> Self | None:
        """Read any JSON value; None where it holds no date that begins with YYYY-MM-DD.

        Offsets are whole minutes, as in ISO 8601.

        Source: pro-tracking-api.md, Irregularities.
        """
        if not isinstance(value, str):
            return None
        text = value.strip().upper()
        if not _ISO_8601.fullmatch(text):
            text = _DOT_BEFORE_SECONDS.sub(":", text)
            if not _DATE_FIRST.fullmatch(text):
                return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        if (offset := moment.utcoffset()) and offset.total_seconds() % 60:
            return None
        iso = text if _ISO_8601.fullmatch(text) else moment.isoformat()
        return cls(iso, moment, has_time=len(text) > _DATE_LENGTH)

    @property
    def date(self) -> date:
        """The calendar date where the scan was made."""
        return self.moment.date()

    @cached_property
    def instant(self) -> datetime:
        """For comparing only: without an offset it counts as UTC (rule S2)."""
        return self.moment if self.moment.tzinfo else self.moment.replace(tzinfo=UTC)

    @property
    def machine(self) -> str:
        """For `<time datetime>`: as precise as the carrier was, to the second."""
        if not self.has_time:
            return self.date.isoformat()
        return self.moment.isoformat(timespec="seconds")


def parse_date(value: object) -> date | None:
    """Read a calendar date, which never shifts by a time zone (rule S14).

    Year 1 is how .NET says "no date", and so are its neighbours.
    """
    timestamp = Timestamp.parse(value)
    if timestamp is None or timestamp.date.year < 1970:
        return None
    return timestamp.date
