"""What a shopper is told where there is no parcel to show, and with which HTTP status.

The page, the JSON and the status never disagree: all three are made from one Outcome.
What went wrong inside is in the log, never here.
"""

import random
from dataclasses import dataclass
from math import ceil

from tracking.allowance import TooManyTries
from tracking.lookup import PagePastLast
from tracking.pro.errors import ProUnavailable, ShipmentGone, ShipmentNotFound
from tracking.references import ReferenceRefused
from tracking.wording import Words

_RETRY_AFTER = (15, 30)  # seconds, at random between: not everybody at once


class BadParameter(ValueError):
    """The address has a known parameter twice, or with a value that it does not take."""


@dataclass(frozen=True)
class Outcome:
    """An answer without a parcel. `field_error` is about what was typed; it stays in the box."""

    status: int
    code: str
    headline: str = ""
    advice: tuple[str, ...] = ()
    field_error: str | None = None
    retry_after: int | None = None

    @property
    def message(self) -> str:
        """The outcome in one text, for the JSON."""
        return self.field_error or ". ".join([self.headline, *self.advice[:1]])

    @property
    def text(self) -> str:
        """The outcome as lines of plain text."""
        return self.field_error or "\n".join([self.headline, *self.advice])


def outcome_of(error: Exception, words: Words) -> Outcome:
    """The outcome of a request that ended with an error. Source: design.md, Outcomes."""
    if isinstance(error, ReferenceRefused):
        facts = {"prefix": error.prefix, "digits": error.digits}
        said = words.say("refused", error.reason, **facts)
        return Outcome(400, "invalid_reference", field_error=said)
    if isinstance(error, BadParameter):
        return Outcome(400, "invalid_parameter", field_error=words.say("refused", "parameter"))
    if isinstance(error, TooManyTries):
        minutes = words.count("minute", ceil(error.retry_after / 60))
        return _told(429, "too_many_tries", words, error.retry_after, minutes=minutes)
    if isinstance(error, ProUnavailable):
        retry_after = error.retry_after or random.randint(*_RETRY_AFTER)  # noqa: S311
        return _told(503, "unavailable", words, retry_after)
    status, code = {
        ShipmentNotFound: (404, "not_found"),
        PagePastLast: (404, "past_last"),
        ShipmentGone: (410, "gone"),
    }[type(error)]
    return _told(status, code, words)


def outcome_of_status(status: int, words: Words) -> Outcome:
    """The outcome of a request that met no page of ours, or a fault of ours."""
    codes = {404: "page_not_found", 405: "method_not_allowed", 414: "address_too_long"}
    if status >= 500:
        return _told(500, "broken", words)
    return _told(status, codes.get(status, "bad_request"), words)


def _told(
    status: int, code: str, words: Words, retry_after: int | None = None, **values: object
) -> Outcome:
    headline, advice = words.outcome(code, **values)
    return Outcome(status, code, headline, tuple(advice), retry_after=retry_after)
