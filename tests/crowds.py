"""Many who ask at once, and how tests wait: for what happens, never for time to go by."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Barrier
from typing import TypeVar

from tests.conftest import Shopper
from tracking.entries import Level
from tracking.lookup import Lookup
from tracking.pro.simulator import Fault, Simulator
from tracking.pro.simulator.faults import Kind
from tracking.questions import Question
from tracking.references import Reference

LONGEST = 60.0  # seconds, for a machine that is busy

_T = TypeVar("_T")


def until(happened: Callable[[], object]) -> None:
    """Wait for something to happen; it fails where that takes far too long."""
    deadline = time.monotonic() + LONGEST
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


@contextmanager
def crowd(*acts: Callable[[], _T]) -> Iterator[Sequence[Future[_T]]]:
    """All acts begun at the same moment, each on a thread of its own; at the end all are over."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], _T]) -> _T:
        barrier.wait(LONGEST)
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        yield [threads.submit(run, act) for act in acts]


def at_once(*acts: Callable[[], _T]) -> list[_T]:
    """What all acts give that begin at the same moment."""
    with crowd(*acts) as begun:
        return [one.result(LONGEST) for one in begun]


@contextmanager
def held(pro: Simulator, *references: str, kind: Kind = "latency") -> Iterator[Callable[[], None]]:
    """PRO does not answer about these until what this gives is called, which waits for the calls.

    Then it answers as ever, or breaks the connections where the fault is "hang".
    """
    before = len(pro.fired)

    def let_go() -> None:
        until(lambda: len(pro.fired) >= before + len(references))
        heal()

    def heal() -> None:
        for reference in references:
            pro.heal(reference)

    for reference in references:
        pro.fault(Fault(kind, seconds=10 * LONGEST), reference)
    try:
        yield let_go
    finally:
        heal()


def lookup_of(shopper: Shopper) -> Lookup:
    return shopper.client.application.extensions["parcel_page"].lookup


def is_asked(shopper: Shopper, text: str, level: Level = "shipment", page: str = "1") -> bool:
    """Whether PRO is being asked a question for this shopper's page."""
    return _flight(shopper, text, level, page) is not None


def landed(shopper: Shopper, text: str, level: Level = "shipment", page: str = "1") -> None:
    """Wait until the answer to a question is renewed, or could not be."""
    flight = _flight(shopper, text, level, page)
    if flight:
        assert not wait([flight], LONGEST).not_done


def _flight(shopper: Shopper, text: str, level: Level, page: str) -> Future | None:
    reference = Reference.parse(text)
    question = Question(reference.kind, reference.text, level, int(page))
    return lookup_of(shopper).flights.going(question.key)


def neighbour(shopper: Shopper) -> Shopper:
    """Another one in front of the same application."""
    return Shopper(shopper.client.application.test_client())
