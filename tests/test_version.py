"""The version of a page is another one where it tells anything else, and only there."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Shopper, TurnableClock
from tests.crowds import landed
from tests.shipments import event, item, shipment
from tracking.pro.simulator import Fault, Simulator


def told(shopper: Shopper, made: dict, **query: str) -> dict[str, str]:
    """What the page of a shipment says of itself."""
    return shopper.ask(made["shipment_reference"], **query).main.attrs


def later(shopper: Shopper, clock: TurnableClock, made: dict, **query: str) -> dict[str, str]:
    """The same, when PRO has been asked again."""
    clock.turn(minutes=11)
    told(shopper, made, **query)
    landed(shopper, made["shipment_reference"], query.get("level", "shipment"))
    return told(shopper, made, **query)


def test_a_mere_check_changes_no_version(
    pro: Simulator, shopper: Shopper, clock: TurnableClock
) -> None:
    pro.put(made := shipment(event(), expected_delivery_date="2026-11-26"))
    before = told(shopper, made)

    after = later(shopper, clock, made)

    assert len(pro.calls) == 2
    assert after["data-version"] == before["data-version"]


def test_all_processes_make_the_same_page_of_the_same_parcel(
    pro: Simulator, make_shopper: Callable[..., Shopper]
) -> None:
    pro.put(made := shipment(event()))

    attributes = [told(make_shopper(), made) for _ in range(5)]

    assert attributes == attributes[:1] * 5


def test_an_answer_that_cannot_be_renewed_is_no_news(
    pro: Simulator, shopper: Shopper, clock: TurnableClock
) -> None:
    pro.put(made := shipment(event()))
    before = told(shopper, made)
    pro.fault(Fault("status", status=500), made["shipment_reference"])

    after = later(shopper, clock, made)

    assert (before["data-fresh"], after["data-fresh"]) == ("fresh", "stale")
    assert after["data-version"] == before["data-version"]


@pytest.mark.parametrize(
    "news",
    [
        {"events": [event(), event("out_for_delivery", "2026-11-24T13:00:00+00:00")]},
        {"events": [event(description="Held in Leeds")]},
        {"expected_delivery_date": "2026-11-27"},
        {"expected_delivery_date": None},
        {"carrier_references": ["T1", "T2"]},
        {"carrier": {"name": "Another Carrier"}},
    ],
    ids=str,
)
def test_whatever_is_new_changes_it(
    pro: Simulator, shopper: Shopper, clock: TurnableClock, news: dict[str, Any]
) -> None:
    pro.put(made := shipment(event(), expected_delivery_date="2026-11-26"))
    before = told(shopper, made)
    pro.put(made | news)

    after = later(shopper, clock, made)

    assert after["data-version"] != before["data-version"]


def test_news_of_one_item_changes_it(
    pro: Simulator, shopper: Shopper, clock: TurnableClock
) -> None:
    items = [item(event()), item(event())]
    pro.put(made := shipment(event(), shipment_contents=items))
    before = told(shopper, made, level="contents")
    items[1]["events"].append(event("delivered", "2026-11-24T13:00:00+00:00"))
    pro.put(made)

    after = later(shopper, clock, made, level="contents")

    assert after["data-version"] != before["data-version"]


def test_tomorrow_becomes_today_without_any_scan(
    pro: Simulator, shopper: Shopper, clock: TurnableClock
) -> None:
    pro.put(made := shipment(event(), expected_delivery_date="2026-11-25"))
    before = told(shopper, made)
    clock.turn(hours=12)

    after = told(shopper, made)

    assert after["data-version"] != before["data-version"]


class TestRenewal:
    """`data-renew`: in how many seconds a page that is left open may ask again."""

    @pytest.mark.parametrize(
        ("code", "seconds"),
        [("out_for_delivery", "60"), ("in_transit", "120"), ("held_by_carrier", "600")],
    )
    def test_is_when_the_answer_stands_no_longer(
        self, pro: Simulator, shopper: Shopper, code: str, seconds: str
    ) -> None:
        pro.put(made := shipment(event(code)))

        assert told(shopper, made)["data-renew"] == seconds

    @pytest.mark.parametrize("code", ["delivered", "returned_to_sender", "destroyed", "lost"])
    def test_is_never_where_the_parcel_is_at_its_end(
        self, pro: Simulator, shopper: Shopper, code: str
    ) -> None:
        pro.put(made := shipment(event(code)))

        assert "data-renew" not in told(shopper, made)

    def test_is_soon_while_the_answer_is_being_renewed(
        self, pro: Simulator, shopper: Shopper, clock: TurnableClock
    ) -> None:
        pro.put(made := shipment(event()))
        told(shopper, made)
        clock.turn(minutes=3)

        renewing = told(shopper, made)
        landed(shopper, made["shipment_reference"])
        renewed = told(shopper, made)

        assert (renewing["data-renew"], renewed["data-renew"]) == ("5", "120")
