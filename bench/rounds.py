"""Candidates in alternating rounds: what drifts, drifts for all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from bench.candidates import NAIVE, PAGE, Candidate, Field
from bench.processes import Failed
from bench.questions import Question
from bench.references import new_references
from bench.shoppers import Figures, shop

_WARM_CLIENTS = 64
_WARM_VIEWS = 256


@dataclass
class Outcome:
    """What came of one question for so many workers: medians, and why others have none."""

    workers: int
    figures: dict[str, Figures] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def warm_up(those: Field) -> None:
    """Whatever is made at the first view or call is made before anything is measured."""
    for name in {PAGE, NAIVE} & those.candidates.keys():
        fresh = new_references(0)
        paths = iter([f"/parcel?reference={next(fresh)}" for _ in range(_WARM_VIEWS)])
        shop(those.candidates[name].port, paths, _WARM_CLIENTS, longest=10)


def ask(
    question: Question, those: Field, rounds: int, seconds: int, say: Callable[[str], None]
) -> Outcome:
    """Put a question to all it is for, in so many rounds."""
    outcome = Outcome(those.workers)
    outcome.failures.update(
        {name: reason for name, reason in those.absent.items() if name in question.of}
    )
    taking_part = [those.candidates[name] for name in question.of if name in those.candidates]
    measured: dict[str, list[Figures]] = {candidate.name: [] for candidate in taking_part}
    for number in range(1, rounds + 1):
        say(f"{question.title}, {those.workers} workers, round {number} of {rounds}")
        measure = question.prepare(those, seconds)
        for candidate in taking_part:
            if candidate.name not in outcome.failures:
                _measure_one(candidate, measure, measured[candidate.name], outcome)
    outcome.figures.update(
        {
            name: {figure: median(one[figure] for one in figures) for figure in figures[0]}
            for name, figures in measured.items()
            if name not in outcome.failures
        }
    )
    return outcome


def _measure_one(
    candidate: Candidate,
    measure: Callable[[Candidate], Figures],
    measured: list[Figures],
    outcome: Outcome,
) -> None:
    try:
        measured.append(measure(candidate))
    except Failed as failure:
        outcome.failures[candidate.name] = f"failed: {failure}"
