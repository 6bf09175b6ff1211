"""What PRO knows, as frozen values in PRO's own words. The vendor's JSON ends here."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self

from tracking.timestamps import Timestamp

TAKE = 10  # shipments; the most that PRO gives at once
_BELIEVABLE_LEAD = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """A scan or a note: `tracking_event` of the contract.

    `signed` stays true where the signee itself was hidden. `event_code` is PRO's own string:
    the list of codes grows without notice.
    """

    reference: str | None = None
    event_code: str | None = None
    description: str | None = None
    timestamp: Timestamp | None = None
    received_timestamp: Timestamp | None = None
    location: str | None = None
    lat_long: tuple[float, float] | None = None
    signee: str | None = None
    signed: bool = False

    def believed(self, now: datetime) -> Timestamp | None:
        """The stamp to go by (rule S2): a scan from the future is not believed.

        `now` is aware. None where neither stamp can be used.
        """
        if self.timestamp is None:
            return self.received_timestamp
        received = self.received_timestamp
        latest = received.instant if received else now
        if self.timestamp.instant - latest <= _BELIEVABLE_LEAD:
            return self.timestamp
        return received


@dataclass(frozen=True)
class Item:
    """One of a shipment's contents: `contents_tracking_event` of the contract."""

    reference: str | None = None
    custom_reference: str | None = None
    carrier_references: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Carrier:
    """`carrier_details` of the contract; each may be unknown."""

    reference: str | None = None
    name: str | None = None
    service_reference: str | None = None
    service_name: str | None = None


@dataclass(frozen=True)
class ExpectedDate:
    """A date on which a shipment was expected, and when PRO first told us of it (aware)."""

    date: date
    seen_at: datetime


@dataclass(frozen=True)
class Shipment:
    """A shipment at either level.

    `events` is None where the shipment's own events were not asked for (contents level), and
    `items` is None at shipment level. PRO tells no expected date but the one that stands: since
    when it does (or since when there is none), and those before it, newest first, is what we saw
    ourselves.
    """

    shipment_reference: str | None = None
    custom_reference: str | None = None
    carrier_references: tuple[str, ...] = ()
    carrier: Carrier = Carrier()
    expected_delivery_date: date | None = None
    events: tuple[Event, ...] | None = None
    items: tuple[Item, ...] | None = None
    expected_since: datetime | None = None
    expected_before: tuple[ExpectedDate, ...] = ()

    @property
    def told_by_item(self) -> bool:
        """Whether the carrier reports on the items one by one."""
        return any(item.events for item in self.items or ())

    def with_events_of(self, other: Self) -> Self:
        """The same shipment, with its own history as known from shipment level."""
        return replace(
            self,
            events=other.events,
            carrier_references=self.carrier_references or other.carrier_references,
        )


@dataclass(frozen=True)
class ShipmentPage:
    """Up to TAKE of the shipments that carry a reference; `skip` and `total` count shipments."""

    shipments: tuple[Shipment, ...]
    total: int
    skip: int = 0
