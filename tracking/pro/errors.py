"""What can go wrong with PRO, by name. Each class says what happened; callers catch meaning."""


class ProError(Exception):
    """PRO gave no shipment.

    `correlation_id` is what Sorted's support asks for; it goes to the log and never to a page.
    """

    def __init__(self, detail: str = "", correlation_id: str | None = None) -> None:
        super().__init__(detail)
        self.correlation_id = correlation_id


class ShipmentNotFound(ProError):
    """404, or an empty list: no such shipment."""


class ReferenceRejected(ProError):
    """400 about the reference itself: for a shopper the same as not found."""


class ShipmentProcessing(ProError):
    """404 `processing`: it exists and is not ready to be shown yet."""


class ShipmentGone(ProError):
    """410: removed for good, or held back."""


class ProUnavailable(ProError):
    """No usable answer. `retry_after` is after how many seconds to try again, where that is known.

    `counts` tells whether PRO itself fails: the others can be asked about another reference.
    """

    counts = True

    def __init__(
        self, detail: str = "", correlation_id: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(detail, correlation_id)
        self.retry_after = retry_after


class NotAsked(ProUnavailable):
    """PRO was not asked. Its children say why; else nobody is there to read what it would bill."""

    counts = False


class ProPaused(NotAsked):
    """It has failed too often, or asked us to wait."""


class ProBusy(NotAsked):
    """As much as may be under way is under way already."""


class BudgetSpent(NotAsked):
    """The units that may be spent are."""


class AskedInVain(NotAsked):
    """The same has just been asked, and there was no answer."""


class BadRequest(ProUnavailable):
    """400 about anything but the reference, for example the version header."""


class Unauthorised(ProUnavailable):
    """401: the key is wrong or missing."""


class Forbidden(ProUnavailable):
    """403: the account may not use this endpoint."""


class ContentsForbidden(Forbidden):
    """The same at contents level, now or of late: the shipment level can be asked on."""

    counts = False


class RefusedOnTheWay(ProUnavailable):
    """A 403 that is not PRO's own: a gateway in front of it refuses this reference, or all.

    It counts where nothing about the reference is odd.
    """

    counts = False


class MethodNotSupported(ProUnavailable):
    """405."""


class TooManyRequests(ProUnavailable):
    """429."""


class ProBroken(ProUnavailable):
    """500 and every other status that the contract does not know, redirects included."""


class ProUnreachable(ProUnavailable):
    """No connection, no name, bad TLS, a reset, or an answer cut short."""


class ProTooSlow(ProUnavailable):
    """No complete answer within the deadline."""


class AnswerTooLarge(ProUnavailable):
    """The answer is larger than we read."""

    counts = False


class AnswerUnreadable(ProUnavailable):
    """A 200 that is not what the contract says: broken JSON, another shape."""

    counts = False


class AnswerOfAnother(AnswerUnreadable):
    """A 200 about another reference than the one asked for."""


class AnswerForeign(AnswerUnreadable):
    """A 200 that is no JSON at all: a page of something else that answers in PRO's place."""

    counts = True
