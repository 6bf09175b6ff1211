"""The dates on which a parcel was expected before: seen while we watched, gone with the memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, permutations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from app import create_app
from tests.conftest import NOON, Shopper, TurnableClock
from tests.crowds import LONGEST, landed, lookup_of, until
from tests.fleet import SECRET, Fleet
from tests.redis_server import RedisServer
from tests.shipments import event, item, shipment
from tests.shops import UNLIMITED
from tracking import connection
from tracking.entries import Entry
from tracking.ledger import MOST, carry_on, with_earlier_dates
from tracking.pro.simulator import Fault, Simulator
from tracking.shipments import ExpectedDate, Shipment, ShipmentPage

SP = "sp_" + "7" * 32
TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 11, day) for day in (24, 25, 26))
DATES = [date(2026, 12, day) for day in range(1, 9)]
NONE = "We do not have a delivery date yet."


def at(hour: float) -> datetime:
    return NOON + timedelta(hours=hour)


def parcel(expected: date | None = None) -> Shipment:
    return Shipment(SP, expected_delivery_date=expected)


def watched(*sightings: tuple[float, date | None]) -> Shipment:
    """A shipment as it is remembered by who asked at these hours."""
    known: list[Shipment] = []
    for hour, expected in sightings:
        known = [carry_on(parcel(expected), known, at(hour))]
    return known[0]


def earlier(shipment: Shipment) -> list[tuple[date, float]]:
    return [
        (one.date, (one.seen_at - NOON) / timedelta(hours=1)) for one in shipment.expected_before
    ]


# What is kept


def test_a_date_that_changes_is_kept_with_the_time_at_which_it_was_first_seen() -> None:
    seen = watched((0, TUESDAY), (1, TUESDAY), (2, THURSDAY), (3, THURSDAY))

    assert earlier(seen) == [(TUESDAY, 0)]
    assert (seen.expected_delivery_date, seen.expected_since) == (THURSDAY, at(2))


def test_each_change_is_kept_newest_first_and_also_a_way_back() -> None:
    seen = watched((0, TUESDAY), (1, THURSDAY), (2, WEDNESDAY), (3, TUESDAY))

    assert earlier(seen) == [(WEDNESDAY, 2), (THURSDAY, 1), (TUESDAY, 0)]


def test_only_the_last_five_are_kept() -> None:
    seen = watched(*enumerate(DATES))

    assert [day for day, _ in earlier(seen)] == DATES[-2 : -MOST - 2 : -1]
    assert MOST == 5


@pytest.mark.parametrize(
    ("sightings", "kept", "since"),
    [
        ([(0, None)], [], 0),
        ([(0, None), (1, None)], [], 0),
        ([(0, None), (1, TUESDAY)], [], 1),
        ([(0, TUESDAY), (1, None)], [(TUESDAY, 0)], 1),
        ([(0, TUESDAY), (1, None), (2, None)], [(TUESDAY, 0)], 1),
        ([(0, TUESDAY), (1, None), (2, TUESDAY)], [], 0),
        ([(0, TUESDAY), (1, None), (2, THURSDAY)], [(TUESDAY, 0)], 2),
        ([(0, TUESDAY), (1, THURSDAY), (2, None), (3, THURSDAY)], [(TUESDAY, 0)], 1),
    ],
)
def test_no_date_for_a_while_is_no_date_of_its_own(sightings, kept, since) -> None:
    seen = watched(*sightings)

    assert (earlier(seen), seen.expected_since) == (kept, at(since))


def test_what_several_answers_saw_is_put_together_by_when_it_was_seen() -> None:
    order = watched((1, TUESDAY), (5, WEDNESDAY))
    single = watched((2, TUESDAY), (4, WEDNESDAY), (6, THURSDAY))
    contents = watched((0, DATES[0]), (3, TUESDAY))

    for known in permutations([order, single, contents]):
        seen = carry_on(parcel(THURSDAY), known, at(7))
        assert earlier(seen) == [(WEDNESDAY, 4), (TUESDAY, 1), (DATES[0], 0)]
        assert seen.expected_since == at(6)


def test_what_is_told_now_is_the_newest_whatever_other_clocks_say() -> None:
    ahead = watched((48, TUESDAY), (49, WEDNESDAY))

    seen = carry_on(parcel(THURSDAY), [ahead], at(0))

    assert earlier(seen) == [(WEDNESDAY, 0), (TUESDAY, 0)]
    assert seen.expected_since == at(0)


any_dates = st.none() | st.sampled_from([TUESDAY, WEDNESDAY, THURSDAY])
watches = st.lists(st.tuples(st.integers(0, 9), any_dates), min_size=1, max_size=8).map(
    lambda some: watched(*sorted(some, key=lambda one: one[0]))
)


@given(st.lists(watches, max_size=3), any_dates)
def test_whatever_was_seen_no_date_follows_itself(known, told) -> None:
    seen = carry_on(parcel(told), known, at(10))
    again = carry_on(parcel(told), [*known, seen], at(11))

    dates = [told, *(one.date for one in seen.expected_before)]
    times = [seen.expected_since, *(one.seen_at for one in seen.expected_before)]
    assert all(newer != older for newer, older in pairwise(dates))
    assert times == sorted(times, reverse=True)
    assert len(seen.expected_before) <= MOST
    assert again == seen


def test_a_shipment_is_known_by_its_reference_and_nothing_else() -> None:
    def entry(*some: Shipment) -> Entry:
        return Entry("found", "shipment", NOON, NOON, 60.0, ShipmentPage(some, len(some)))

    nameless, other = replace(parcel(WEDNESDAY), shipment_reference=None), watched((0, TUESDAY))
    page = entry(parcel(THURSDAY), nameless)

    told = with_earlier_dates(page, [entry(other), entry(nameless, other)], at(1)).shipments

    assert [earlier(one) for one in told.shipments] == [[(TUESDAY, 0)], []]


# At the edge


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Simulator, TurnableClock, Shopper]]:
    """One application for all tests here: no two of them ask for the same shipment."""
    with Simulator(key="test-key") as pro:
        clock = TurnableClock()
        account = {"PRO_API_URL": pro.url, "PRO_API_KEY": pro.key}
        app = create_app(account | UNLIMITED, clock, clock.timer)
        yield pro, clock, Shopper(app.test_client())


@pytest.fixture
def pro(running) -> Simulator:
    running[0].heal()
    return running[0]


@pytest.fixture
def clock(running, pro) -> TurnableClock:
    running[1].turn(hours=1)  # however long PRO was left alone, that is over
    running[1].set(NOON)
    return running[1]


@pytest.fixture
def shopper(running, clock) -> Shopper:
    return running[2]


def expect(pro: Simulator, made: dict, expected: date | None) -> None:
    """From now on PRO tells that date of a parcel."""
    made["expected_delivery_date"] = expected and f"{expected}T00:00:00+00:00"
    pro.put(made)


def later(shopper: Shopper, clock: TurnableClock, reference: str, **query: str) -> dict:
    """The answer as it is when it was renewed, after what makes it old."""
    clock.turn(minutes=11)
    shopper.json(reference, **query)
    landed(shopper, reference, query.get("level", "shipment"))
    return shopper.json(reference, **query)["shipments"][0]


def dates(told: dict) -> list[str]:
    return [one["date"] for one in told["earlier_expected_delivery_dates"]]


def lines(soup: BeautifulSoup, within: str = ".answer") -> list[str]:
    return [one.get_text() for one in soup.select(f"{within} .earlier-dates :is(p, li)")]


def made_parcel(pro: Simulator, expected: date | None = TUESDAY, **more) -> dict:
    made = shipment(event(at="2026-11-24T09:00:00Z"), **more)
    expect(pro, made, expected)
    return made


def test_the_page_says_that_the_date_moved_and_when(pro, shopper, clock) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    before = shopper.ask(reference)
    expect(pro, made, THURSDAY)

    told = later(shopper, clock, reference)
    page = shopper.ask(reference)
    clock.turn(hours=11)
    next_day = shopper.ask(reference)

    assert lines(before) == []
    assert told["expected_delivery_date"] == "2026-11-26"
    assert told["earlier_expected_delivery_dates"] == [
        {"date": "2026-11-24", "seen_at": "2026-11-24T14:00:00+00:00"}
    ]
    assert page.select_one(".answer__date").get_text() == "Expected Thursday 26 November 2026"
    assert lines(page) == ["It was Tuesday 24 November. The date changed today."]
    assert lines(next_day) == ["It was Tuesday 24 November. The date changed yesterday."]
    assert page.select(".earlier-dates details") == []


def test_several_changes_are_told_newest_first_and_the_older_ones_folded(
    pro, shopper, clock
) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    shopper.json(reference)
    for expected in (THURSDAY, WEDNESDAY, date(2027, 1, 4)):
        expect(pro, made, expected)
        told = later(shopper, clock, reference)

    page = shopper.ask(reference)

    assert dates(told) == ["2026-11-25", "2026-11-26", "2026-11-24"]
    assert lines(page) == [
        "It was Wednesday 25 November. The date changed today.",
        "Before that it was Thursday 26 November. The date changed today.",
        "Before that it was Tuesday 24 November. The date changed today.",
    ]
    assert page.select_one(".earlier-dates summary").get_text() == "Show 2 earlier changes"
    assert len(page.select(".earlier-dates details li")) == 2


def test_a_date_that_is_late_or_taken_back_is_told_so_too(pro, shopper, clock) -> None:
    made = made_parcel(pro, date(2026, 11, 20))
    reference = made["shipment_reference"]
    shopper.json(reference)
    expect(pro, made, date(2026, 11, 23))
    later(shopper, clock, reference)
    late = shopper.ask(reference)
    expect(pro, made, None)
    later(shopper, clock, reference)
    gone = shopper.ask(reference)

    overdue = "Was expected Monday 23 November 2026. It is late."
    assert late.select_one(".answer__date").get_text() == overdue
    assert lines(late) == ["Before that it was Friday 20 November. The date changed today."]
    assert gone.select_one(".answer__date").get_text() == NONE
    assert lines(gone)[0] == "It was Monday 23 November. Test Carrier took that date back today."


@pytest.mark.parametrize("code", ["delivered", "lost", "returned_to_sender"])
def test_at_the_end_only_json_tells_of_it(pro, shopper, clock, code) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    shopper.json(reference)
    made["events"].append(event(code, "2026-11-24T10:00:00Z"))
    expect(pro, made, THURSDAY)

    told = later(shopper, clock, reference)

    assert (dates(told), told["status"]) == (["2026-11-24"], code)
    assert lines(shopper.ask(reference)) == []


def test_a_renewal_that_failed_changes_nothing(pro, shopper, clock) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    shopper.json(reference)
    expect(pro, made, THURSDAY)
    moved = later(shopper, clock, reference)
    expect(pro, made, WEDNESDAY)
    pro.fault(Fault("status", status=500), reference)

    stale = later(shopper, clock, reference)

    assert shopper.json(reference)["stale"]
    assert stale == moved


def test_an_order_and_its_parcels_know_of_each_others_dates(pro, shopper, clock) -> None:
    tag = "LEDGER-1"
    moving, other = made_parcel(pro, custom_reference=tag), made_parcel(pro, custom_reference=tag)
    reference = moving["shipment_reference"]
    shopper.json(tag)
    expect(pro, moving, WEDNESDAY)
    later(shopper, clock, reference)  # seen on the parcel's own page alone
    expect(pro, moving, THURSDAY)
    clock.turn(minutes=11)
    shopper.json(tag)
    landed(shopper, tag)  # and now on the order's alone

    order = {one["shipment_reference"]: dates(one) for one in shopper.json(tag)["shipments"]}
    own = shopper.json(reference)["shipments"][0]
    page = shopper.ask(tag)

    both = ["2026-11-25", "2026-11-24"]
    assert order == {reference: both, other["shipment_reference"]: []}
    assert dates(own) == both
    assert lines(page, ".parcel-card") == ["It was Wednesday 25 November. The date changed today."]


def test_both_levels_know_of_each_others_dates(pro, shopper, clock) -> None:
    made = made_parcel(pro, shipment_contents=[item(event(at="2026-11-24T10:00:00Z"))])
    reference = made["shipment_reference"]
    shopper.json(reference)
    expect(pro, made, WEDNESDAY)

    contents = shopper.json(reference, level="contents")["shipments"][0]
    expect(pro, made, THURSDAY)
    own = later(shopper, clock, reference)

    assert dates(contents) == ["2026-11-24"]
    assert dates(own) == ["2026-11-25", "2026-11-24"]


def test_it_dies_with_what_is_remembered(pro, shopper, clock) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    shopper.json(reference)
    expect(pro, made, THURSDAY)
    assert dates(later(shopper, clock, reference)) == ["2026-11-24"]

    clock.turn(hours=24, seconds=1)
    told = shopper.json(reference)["shipments"][0]

    assert (told["expected_delivery_date"], dates(told)) == ("2026-11-26", [])


def test_it_dies_with_a_parcel_that_is_gone(pro, shopper, clock) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    shopper.json(reference)
    pro.remove(reference)
    clock.turn(minutes=11)
    shopper.json(reference)
    landed(shopper, reference)
    shopper.json(reference, status=404)
    expect(pro, made, THURSDAY)
    clock.turn(minutes=2)

    assert dates(shopper.json(reference)["shipments"][0]) == []


def test_the_demo_has_a_parcel_whose_date_moves(pro, shopper, clock) -> None:
    with Simulator(key="moving", clock=clock) as demo:
        account = {"PRO_API_URL": demo.url, "PRO_API_KEY": demo.key}
        visitor = Shopper(create_app(account | UNLIMITED, clock, clock.timer).test_client())
        visitor.json("DEMO-1110")
        moved = [later(visitor, clock, "DEMO-1110") for _ in range(2)]

    assert [len(dates(one)) for one in moved] == [1, 2]


# In several processes


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def process(pro, clock, redis, monkeypatch) -> Callable[[], Shopper]:
    """Another process of the same fleet, which waits for Redis as long as it takes."""
    monkeypatch.setattr(connection, "PATIENCE", LONGEST)

    def start() -> Shopper:
        environ = {
            "PRO_API_URL": pro.url,
            "PRO_API_KEY": pro.key,
            "REDIS_URL": redis.url,
            "SECRET_KEY": SECRET,
        }
        return Shopper(create_app(environ | UNLIMITED, clock, clock.timer).test_client())

    return start


def written(shopper: Shopper) -> Shopper:
    """Wait until Redis has what is written later."""
    lookup_of(shopper).memory.shared.flush()
    return shopper


def test_what_one_process_saw_another_carries_on(pro, process, clock) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    first, second = process(), process()
    first.json(reference)
    written(first)
    expect(pro, made, THURSDAY)

    told = later(second, clock, reference)
    written(second)
    expect(pro, made, WEDNESDAY)
    back = later(first, clock, reference)

    assert dates(told) == ["2026-11-24"]
    assert dates(back) == ["2026-11-26", "2026-11-24"]


def test_an_order_that_is_new_to_a_process_shortens_nothing(pro, process, clock) -> None:
    made = made_parcel(pro, custom_reference="LEDGER-2")
    made_parcel(pro, custom_reference="LEDGER-2")
    reference = made["shipment_reference"]
    first, second = process(), process()
    first.json(reference)
    expect(pro, made, THURSDAY)
    later(first, clock, reference)
    written(first)

    second.json("LEDGER-2")
    written(written(second))  # what was kept, and what was added to it
    clock.turn(seconds=2)  # a page that was made in between is shown for a second
    order = second.json("LEDGER-2")["shipments"]
    own = process().json(reference)["shipments"][0]

    assert sorted(map(dates, order)) == [[], ["2026-11-24"]]
    assert dates(own) == ["2026-11-24"]


def test_without_redis_each_process_knows_what_it_saw(pro, process, clock, redis) -> None:
    made = made_parcel(pro)
    reference = made["shipment_reference"]
    shopper = process()
    shopper.json(reference)
    written(shopper)
    redis.kill()
    try:
        expect(pro, made, THURSDAY)

        assert dates(later(shopper, clock, reference)) == ["2026-11-24"]
    finally:
        redis.restart()


def test_processes_as_they_are_run_share_it(pro, redis) -> None:
    now = datetime.now(UTC)
    made = shipment(event("out_for_delivery", at=now.isoformat()), custom_reference="LEDGER-3")
    expect(pro, made, now.date())
    with Fleet(pro, 2, redis.url) as fleet:
        one, other = (own[0] for own in fleet.lines(1).values())
        assert one.look_up(made["shipment_reference"]).status == 200
        expect(pro, made, now.date() + timedelta(days=2))

        def told() -> bool:
            page = BeautifulSoup(other.look_up("LEDGER-3").text, "html.parser")
            return any("The date changed" in line for line in lines(page))

        until(told)


def test_dates_are_dates_and_times_have_offsets() -> None:
    (earlier_date,) = watched((0, TUESDAY), (1, THURSDAY)).expected_before

    assert earlier_date == ExpectedDate(TUESDAY, NOON)
    assert earlier_date.seen_at.utcoffset() == timedelta(0)
