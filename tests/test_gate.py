"""Every call to PRO passes the gate, and is counted there."""

from contextlib import suppress

import pytest

from tests.conftest import TurnableClock
from tracking import metrics
from tracking.pro.breaker import SHORTEST, Breaker
from tracking.pro.budget import Budget
from tracking.pro.errors import (
    AnswerTooLarge,
    AnswerUnreadable,
    AskedInVain,
    BudgetSpent,
    ProBroken,
    ProError,
    ProPaused,
    ProTooSlow,
    RefusedOnTheWay,
    ShipmentNotFound,
)
from tracking.pro.gate import ONE_REFUSAL, Gate, Refused


@pytest.fixture
def gate(clock: TurnableClock) -> Gate:
    """A gate through which ten units may go in a minute."""
    return Gate(Breaker(clock.timer), Budget(10, 0, clock=lambda: 0.0), Refused(clock.timer))


def call(
    gate: Gate, error: BaseException | None = None, units: int = 1, reference: str = "ORDER-1"
) -> None:
    with suppress(type(error) if error else ()), gate.call(units, reference):
        if error:
            raise error


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
        for _ in range(5):
            call(gate, ProBroken())
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
        for _ in range(4):
            call(gate, ProBroken())
        call(gate, units=6)
        for _ in range(20):
            call(gate, BudgetSpent())

        assert not gate.breaker.open

    def test_a_spent_budget_leaves_the_probe_to_the_next(
        self, gate: Gate, clock: TurnableClock
    ) -> None:
        for _ in range(5):
            call(gate, ProBroken())
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
        gate = Gate(gate.breaker, Budget(0, 0), gate.refused)
        for number in range(200):
            call(gate, RefusedOnTheWay(), reference=form.format(number))

        assert not gate.breaker.open

    def test_how_long_to_wait_with_one_pauses_nobody(self, gate: Gate) -> None:
        call(gate, RefusedOnTheWay(retry_after=300), reference="ORDER-1")

        assert not gate.breaker.open
        call(gate, reference="ORDER-2")

    def test_a_plain_one_among_others_pauses_nobody(self, gate: Gate, clock: TurnableClock) -> None:
        gate = Gate(gate.breaker, Budget(0, 0), gate.refused)
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


class TestUnreadable:
    """One order that PRO cannot tell of so that it can be read, though it bills each try."""

    @pytest.mark.parametrize("error", [AnswerTooLarge, AnswerUnreadable])
    def test_after_five_in_a_row_it_is_left_alone_and_tried_now_and_then(
        self, gate: Gate, clock: TurnableClock, error: type[ProError]
    ) -> None:
        gate = Gate(gate.breaker, Budget(0, 0), gate.refused)
        for _ in range(5):
            call(gate, error())
        for _ in range(3):
            before = units()
            for _ in range(20):
                with pytest.raises(AskedInVain):
                    call(gate)
            assert units() == before
            call(gate, reference="another")
            clock.turn(seconds=SHORTEST)
            call(gate, error())

        assert not gate.breaker.open

    @pytest.mark.parametrize("error", [None, ShipmentNotFound()])
    def test_one_that_could_be_read_begins_anew(self, gate: Gate, error: ProError | None) -> None:
        gate = Gate(gate.breaker, Budget(0, 0), gate.refused)
        for _ in range(3):
            for _ in range(4):
                call(gate, AnswerUnreadable())
            call(gate, error)
