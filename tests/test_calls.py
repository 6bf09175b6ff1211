"""Who waits for what another process asks hears at once that it asked in vain."""

import time
from dataclasses import dataclass, field

import pytest

from tracking.calls import Calls
from tracking.flights import Flights
from tracking.pro.deadline import Deadline
from tracking.pro.errors import AskedInVain
from tracking.questions import Question
from tracking.shared import Claim

ORDER = Question("custom_reference", "HO-20", "shipment")


@dataclass
class Scripted:
    """A memory in which nothing is remembered, and what each claim meets."""

    claims: list[Claim]
    released: list[Claim] = field(default_factory=list)

    def recall_here(self, key: str) -> None:
        return None

    def claim(self, keys: list[str]) -> tuple[Claim, list[None]]:
        return self.claims.pop(0), [None for _ in keys]

    def release(self, claim: Claim) -> None:
        self.released.append(claim)


@pytest.mark.parametrize("failed", ["another", "a third"])
def test_whoever_it_was_that_failed_last(failed):
    """While PRO is paused each who claims gives up at once, and writes over who did before."""
    theirs = Claim("key", "another", mine=False, failed=None, left=4.0, told=[])
    ours = Claim("key", "us", mine=True, failed=failed, left=4.0, told=[])
    memory = Scripted([theirs, ours])
    began = time.monotonic()

    with pytest.raises(AskedInVain):
        Calls(None, None, memory, Flights(1), "doorstep").told(ORDER, Deadline(30))

    assert time.monotonic() - began < 5
    assert memory.released == [ours]
