"""Every call to PRO passes the gate, and is counted there."""

import logging
from contextlib import ExitStack, suppress
from dataclasses import replace

import pytest

from tests.conftest import TurnableClock
from tracking import metrics
from tracking.pro.breaker import REFUSED, Breaker
from tracking.pro.budget import Budget
from tracking.pro.errors import (
    AnswerTooLarge,
    AnswerUnreadable,
    AskedInVain,
    BadRequest,
    BudgetSpent,
    ContentsForbidden,
    ProBroken,
    ProError,
    ProPaused,
    ProTooSlow,
    ProUnreachable,
    RefusedOnTheWay,
    ShipmentNotFound,
    TooManyRequests,
    Unauthorised,
)
from tracking.pro.gate import ONE_FAILURE, ONE_REFUSAL, Contents, Gate, Refused


@pytest.fixture
def gate(clock: TurnableClock) -> Gate:
    """A gate through which ten units may go in a minute."""
    timer = clock.timer
    budget = Budget(10, 0, clock=lambda: 0.0)
    return Gate(Breaker(timer), budget, Refused(timer), Contents(timer))


def call(
    gate: Gate,
    error: BaseException | None = None,
    units: int = 1,
    reference: str = "ORDER-1",
    *,
    contents: bool = False,
) -> None:
    with suppress(type(error) if error else ()), gate.call(units, reference, contents=contents):
        if error:
            raise error


def fail_about_five(gate: Gate) -> None:
    """After which the breaker is open."""
    for number in range(5):
        call(gate, ProBroken(), reference=f"FAILS-{number}")
    assert gate.breaker.open


def calls(outcome: str) -> float:
    value = metrics.registry.get_sample_value("parcel_page_pro_calls_total", {"outcome": outcome})
    return value or 0


def units() -> float:
    return metrics.registry.get_sample_value("parcel_page_pro_units_total") or 0


class TestCounting:
    def test_a_call_that_is_answered_counts_with_its_units(self, gate: Gate) -> None:
        before = calls("answered"), units()
        call(gate, units=3)

        assert (calls("answered"), units()) == (before[0] + 1, before[1] + 3)

    @pytest.mark.parametrize("error", [ProBroken, ProTooSlow, ShipmentNotFound])
    def test_any_other_counts_under_its_name_and_is_paid_for(
        self, gate: Gate, error: type[ProError]
    ) -> None:
        before = calls(error.__name__), units(), calls("answered")
        call(gate, error(), units=2)

        after = calls(error.__name__), units(), calls("answered")
        assert after == (before[0] + 1, before[1] + 2, before[2])

    def test_a_call_that_breaks_in_our_hands_was_not_answered(self, gate: Gate) -> None:
        before = calls("answered"), units()
        call(gate, ZeroDivisionError())

        assert (calls("answered"), units()) == (before[0], before[1] + 1)


class TestRefusing:
    def test_a_paused_pro_costs_no_units(self, gate: Gate) -> None:
        fail_about_five(gate)
        before = units()
        for _ in range(20):
            with pytest.raises(ProPaused):
                call(gate)

        assert units() == before

    def test_what_the_budget_refuses_is_no_call(self, gate: Gate) -> None:
        call(gate, units=10)
        before = calls("answered"), calls("BudgetSpent"), units()
        reached = []
        for _ in range(20):
            with suppress(BudgetSpent), gate.call(1, "ORDER-1"):
                reached.append(True)

        assert reached == []
        assert (calls("answered"), calls("BudgetSpent"), units()) == before

    def test_a_spent_budget_is_no_failure_of_pro(self, gate: Gate) -> None:
        for number in range(4):
            call(gate, ProBroken(), reference=f"ORDER-{number}")
        call(gate, units=6)
        for _ in range(20):
            call(gate, BudgetSpent())

        assert not gate.breaker.open

    def test_a_spent_budget_leaves_the_probe_to_the_next(
        self, gate: Gate, clock: TurnableClock
    ) -> None:
        fail_about_five(gate)
        clock.turn(seconds=19)
        with pytest.raises(BudgetSpent):
            call(gate, units=6)

        call(gate, units=5)  # it may try, for nobody else does
        assert not gate.breaker.open


class TestRefusedOnTheWay:
    """By a gateway in front of PRO, which may find one reference odd, or be shut for all."""

    @pytest.mark.parametrize("reference", ["ORDER-1", "#1001", "O'Brien 7", "<script>"])
    def test_a_reference_is_not_asked_about_again_for_a_minute(
        self, gate: Gate, clock: TurnableClock, reference: str
    ) -> None:
        call(gate, RefusedOnTheWay(), reference=reference)
        before = units()
        for _ in range(20):
            with pytest.raises(AskedInVain) as refused:
                call(gate, reference=reference)
        assert refused.value.retry_after == ONE_REFUSAL
        assert units() == before
        call(gate, reference="another")  # which is

        clock.turn(seconds=ONE_REFUSAL)
        call(gate, reference=reference)

    @pytest.mark.parametrize("form", ["ORDER-{}", "#{}", "sp_{:032}", "a_b-{}"])
    def test_five_different_ones_in_a_row_are_all(self, gate: Gate, form: str) -> None:
        for number in range(5):
            assert not gate.breaker.open
            call(gate, RefusedOnTheWay(), reference=form.format(number))

        assert gate.breaker.open

    @pytest.mark.parametrize(
        "form", ["<script>{}", "' OR {}=1", "../{}", "ORDER {}", "Zoë{}", "{}\n"]
    )
    def test_odd_ones_pause_nobody_however_many(
        self, gate: Gate, clock: TurnableClock, form: str
    ) -> None:
        gate = replace(gate, budget=Budget(0, 0))
        for number in range(200):
            call(gate, RefusedOnTheWay(), reference=form.format(number))

        assert not gate.breaker.open

    @pytest.mark.parametrize("error", [ProBroken, BadRequest])
    @pytest.mark.parametrize(
        "form", ["a*b{}&", "<{}>", "{}%", "\U0001f4e6{}", "a:{}", "{}?", "'{}"]
    )
    def test_odd_ones_that_break_pro_pause_nobody(
        self, gate: Gate, form: str, error: type[ProError]
    ) -> None:
        gate = replace(gate, budget=Budget(0, 0))
        for number in range(200):
            call(gate, error(), reference=form.format(number))

        assert not gate.breaker.open

    @pytest.mark.parametrize("error", [ProBroken, BadRequest])
    @pytest.mark.parametrize("form", ["ORDER-{}", "2026/{}", "No. {}", "Commandé {}", "#{}"])
    def test_whole_orders_are_not_odd_to_pro(
        self, gate: Gate, form: str, error: type[ProError]
    ) -> None:
        for number in range(5):
            call(gate, error(), reference=form.format(number))

        assert gate.breaker.open

    @pytest.mark.parametrize("error", [ProTooSlow, ProUnreachable])
    def test_where_no_answer_comes_how_the_reference_looks_is_no_matter(
        self, gate: Gate, error: type[ProError]
    ) -> None:
        for number in range(5):
            call(gate, error(), reference=f"<{number}>")

        assert gate.breaker.open

    def test_how_long_to_wait_with_one_pauses_nobody(self, gate: Gate) -> None:
        call(gate, RefusedOnTheWay(retry_after=300), reference="ORDER-1")

        assert not gate.breaker.open
        call(gate, reference="ORDER-2")

    def test_a_plain_one_among_others_pauses_nobody(self, gate: Gate, clock: TurnableClock) -> None:
        gate = replace(gate, budget=Budget(0, 0))
        for number in range(10):
            call(gate, RefusedOnTheWay(), reference="wp-admin")
            call(gate, reference=f"ORDER-{number}")
            clock.turn(seconds=ONE_REFUSAL)

        assert not gate.breaker.open

    def test_no_more_than_a_thousand_are_known(self, clock: TurnableClock) -> None:
        refused = Refused(clock.timer)
        for number in range(1500):
            refused.note(f"<{number}>", RefusedOnTheWay())

        refused.check("<499>")
        for number in (500, 1499):
            with pytest.raises(AskedInVain):
                refused.check(f"<{number}>")


ABOUT_ONE = [
    AnswerTooLarge,
    AnswerUnreadable,
    BadRequest,
    ProBroken,
    ProTooSlow,
    ProUnreachable,
]


class TestOneThatFails:
    """One record that PRO cannot tell of, or not so that it can be read; it bills each try."""

    @pytest.fixture
    def gate(self, gate: Gate) -> Gate:
        """The same, and nothing is too dear."""
        return replace(gate, budget=Budget(0, 0))

    def test_that_it_failed_long_ago_is_no_reason_to_think_that_it_is_about_it(
        self, clock: TurnableClock
    ) -> None:
        refused = Refused(clock.timer)

        def counts() -> bool:
            error = ProBroken()
            refused.note("ORDER-1", error)
            return error.counts

        assert [counts(), counts()] == [True, False]
        clock.turn(minutes=3)
        assert [counts(), counts()] == [True, False]

    def test_at_the_other_level_it_is_another(self, gate: Gate) -> None:
        for _ in range(2):
            call(gate, ProBroken())
            call(gate, contents=True)  # is answered

        with pytest.raises(AskedInVain):
            call(gate)
        call(gate, contents=True)

    @pytest.mark.parametrize("error", ABOUT_ONE, ids=lambda error: error.__name__)
    def test_after_two_in_a_row_it_is_left_alone_and_tried_now_and_then(
        self, gate: Gate, clock: TurnableClock, error: type[ProError]
    ) -> None:
        for _ in range(2):
            call(gate, error())
        for _ in range(30):
            before = units()
            for _ in range(20):
                with pytest.raises(AskedInVain) as refused:
                    call(gate)
            assert 0 < refused.value.retry_after <= 14
            assert units() == before
            clock.turn(seconds=ONE_FAILURE)
            call(gate, error())

        assert not gate.breaker.open  # though nobody asked about another
        call(gate, reference="another")

    @pytest.mark.parametrize("error", [None, ShipmentNotFound()])
    def test_one_answer_begins_the_row_anew(self, gate: Gate, error: ProError | None) -> None:
        for _ in range(5):
            call(gate, ProBroken())
            call(gate, error)
        call(gate, ProBroken())

        call(gate)

    @pytest.mark.parametrize("error", [Unauthorised(), TooManyRequests(retry_after=20)])
    def test_what_pro_says_of_the_account_is_not_about_one(
        self, gate: Gate, clock: TurnableClock, error: ProError
    ) -> None:
        for _ in range(3):
            call(gate, error)
            clock.turn(seconds=60)

        call(gate)

    def test_many_calls_about_one_at_once_are_one_failure(self, gate: Gate) -> None:
        """The pages of an order, say: each is another question."""
        with ExitStack() as under_way:
            for _ in range(40):
                under_way.enter_context(suppress(ProTooSlow))
                under_way.enter_context(gate.call(3, "ORDER-1"))
                under_way.callback(_time_out)

        assert not gate.breaker.open

    def test_five_different_ones_in_a_row_pause_all(self, gate: Gate) -> None:
        for number in range(4):
            for _ in range(2):
                call(gate, ProBroken(), reference=f"ORDER-{number}")
        assert not gate.breaker.open

        call(gate, ProBroken(), reference="ORDER-4")
        assert gate.breaker.open

    def test_it_never_keeps_the_others_out(self, gate: Gate, clock: TurnableClock) -> None:
        """It may be the one that tries after a pause: that tells nothing new."""
        fail_about_five(gate)
        clock.turn(seconds=19)
        call(gate, ProBroken(), reference="FAILS-0")

        call(gate, reference="another")
        assert not gate.breaker.open

    def test_how_long_to_wait_with_it_is_about_it_alone(
        self, gate: Gate, clock: TurnableClock
    ) -> None:
        call(gate, ProBroken(retry_after=300))
        call(gate, reference="another")
        clock.turn(seconds=299)
        with pytest.raises(AskedInVain) as refused:
            call(gate)
        assert refused.value.retry_after == 1

        clock.turn(seconds=1)
        call(gate)

    def test_where_all_ask_for_time_the_longest_counts(
        self, gate: Gate, clock: TurnableClock
    ) -> None:
        for number, seconds in enumerate((10, 200, None, 30, None)):
            call(gate, ProBroken(retry_after=seconds), reference=f"ORDER-{number}")
        clock.turn(seconds=199)
        with pytest.raises(ProPaused):
            call(gate, reference="another")

        clock.turn(seconds=1)
        call(gate, reference="another")

    def test_no_more_than_a_thousand_are_known(self, clock: TurnableClock) -> None:
        refused = Refused(clock.timer)
        for number in range(1500):
            refused.note(f"ORDER-{number}", ProBroken())

        again = [ProBroken(), ProBroken()]
        for number, error in zip((499, 500), again, strict=True):
            refused.note(f"ORDER-{number}", error)
        assert [error.counts for error in again] == [True, True]  # 500 made room for 499
        refused.note("ORDER-1499", known := ProBroken())
        assert not known.counts


class TestContentsForbidden:
    """The contract: a 403 says that the account may not use this endpoint."""

    @pytest.fixture
    def gate(self, gate: Gate) -> Gate:
        """One at which that was said."""
        call(gate, ContentsForbidden(), contents=True)
        return gate

    def test_the_contents_level_is_left_alone_for_a_minute(
        self, gate: Gate, clock: TurnableClock
    ) -> None:
        before = units()
        for seconds in (0, 59):
            clock.turn(seconds=seconds)
            with pytest.raises(ContentsForbidden) as refused:
                call(gate, reference="another", contents=True)
        assert refused.value.retry_after == 1
        assert units() == before

        clock.turn(seconds=1)
        call(gate, contents=True)
        call(gate, contents=True)  # for it was answered

    def test_the_shipment_level_is_not(self, gate: Gate) -> None:
        assert not gate.breaker.open
        call(gate)
        with pytest.raises(ContentsForbidden):
            call(gate, contents=True)  # of which that says nothing

    @pytest.mark.parametrize("error", [ContentsForbidden(), ProBroken()])
    def test_one_a_minute_tries_again(
        self, gate: Gate, clock: TurnableClock, error: ProError
    ) -> None:
        for minute in range(3):
            clock.turn(seconds=REFUSED)
            with suppress(type(error)), gate.call(1, f"ORDER-{minute}", contents=True):
                with pytest.raises(ContentsForbidden):
                    call(gate, reference="another", contents=True)
                raise error
            with pytest.raises(ContentsForbidden):
                call(gate, reference="another", contents=True)

    def test_a_word_about_the_reference_shows_that_it_may_be_asked(
        self, gate: Gate, clock: TurnableClock
    ) -> None:
        clock.turn(seconds=REFUSED)
        call(gate, ShipmentNotFound(), contents=True)

        call(gate, contents=True)

    def test_it_is_no_probe_of_the_breaker(self, gate: Gate, clock: TurnableClock) -> None:
        fail_about_five(gate)
        clock.turn(seconds=19)
        with pytest.raises(ContentsForbidden):
            call(gate, contents=True)

        call(gate)
        assert not gate.breaker.open

    def test_it_is_an_alarm(self, gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
        gate.contents.forbid(ContentsForbidden(correlation_id="c0rrelation"))

        (record,) = caplog.get_records("call")
        assert record.levelno == logging.CRITICAL
        assert "c0rrelation" in record.getMessage()


def _time_out() -> None:
    raise ProTooSlow
