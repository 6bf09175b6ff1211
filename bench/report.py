"""RESULTS.md: one table a question, ratios first; how it was made comes last."""

import platform
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from bench.candidates import PAGE
from bench.processes import ALL_CORES, Failed, program
from bench.questions import Column, Question
from bench.rounds import Outcome
from bench.shoppers import Figures
from bench.upstream import EVENTS

_NONE = "–"
_VERSIONS = {
    "nginx": ("nginx", "-v"),
    "Varnish": ("varnishd", "-V"),
    "Redis": ("redis-server", "--version"),
    "wrk": ("wrk", "-v"),
}
_NUMBER = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


def heading(load: float) -> str:
    """What the tables are worth, before anybody reads them."""
    cores = ALL_CORES
    return f"""# The page beside others

Made by `make bench` on {datetime.now(UTC):%d %B %Y}, on {cores} cores that also make the load.
**Compare figures within this file only**, ratios rather than rates, and call less than a fifth
noise. The load average was {load:.1f} at the start: above 0.5, others were at work here too.

- **One worker is one core, for everybody**: a page with one worker, its Redis or the cache before
  the naive page run on one core, and the load and PRO on the others. With two workers each has two
  cores; where there are no more ({cores} here), the load is on the same ones, and its share of them
  (about 10 µs a view) is in every rate. “CPU µs a view” is that of those who answer alone.
- “Constant bytes” is a Flask route that returns a finished page, on granian as this page is, as
  WSGI with 16 threads, which gave most: what the framework leaves to be had.
- The “naive page” asks PRO and renders at each view. “Behind” a cache it is asked on a miss only:
  nginx with `proxy_cache_lock` and stale use, Varnish with its own request coalescing and grace.
- With two workers this page has a Redis beside it, nginx two processes, and Varnish its threads.
"""


def judged(outcomes: Mapping[Question, Sequence[Outcome]]) -> str:
    """What the page must reach, and whether it does, for each number of workers."""
    lines = [_row(["", "at least", "workers", "measured", ""]), _row(["---"] * 5)]
    for question, told in outcomes.items():
        for aim in question.aims:
            for outcome in told:
                got = _ratio(aim.figure, aim.to, outcome.figures.get(PAGE, {}), outcome)
                verdict = _NONE if got is None else "met" if got >= aim.least else "**not met**"
                measured = _NONE if got is None else f"{got:.2f}"
                lines.append(
                    _row([aim.told, f"{aim.least:g}", str(outcome.workers), measured, verdict])
                )
    return "\n".join(["## What must be reached", "", *lines, ""])


def table(question: Question, outcomes: Sequence[Outcome]) -> str:
    """One question and what came of it."""
    titles = ["workers", "candidate", *(column.title for column in question.columns)]
    lines = [_row(titles), _row(["---:", "---", *("---:" for _ in question.columns)])]
    for outcome in outcomes:
        lines += _rows(question, outcome)
    return "\n".join([f"## {question.title}", "", question.told, "", *lines, ""])


def _rows(question: Question, outcome: Outcome) -> Iterator[str]:
    for name in question.of:
        if figures := outcome.figures.get(name):
            told = [_told(column, figures, outcome) for column in question.columns]
        else:
            told = [outcome.failures[name], *(_NONE for _ in question.columns[1:])]
        yield _row([str(outcome.workers), name, *told])


def _told(column: Column, figures: Figures, outcome: Outcome) -> str:
    figure = _ratio(column.figure, column.to, figures, outcome)
    return _NONE if figure is None else f"{figure:,.{column.digits}f}"


def _ratio(figure: str, to: str | None, figures: Figures, outcome: Outcome) -> float | None:
    """A figure, or its ratio to that of another candidate; None where either is missing."""
    if figure not in figures:
        return None
    base = outcome.figures.get(to, {}).get(figure) if to else 1.0
    return figures[figure] / base if base else None


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def how(rounds: int, seconds: int, minutes: float) -> str:
    """How it was made."""
    python = {name: version(name) for name in ("flask", "granian", "requests")}
    versions = {"Python": platform.python_version(), **python, **_installed()}
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"""## How it was made

Rounds: {rounds}, with {seconds} s for each measurement; {minutes:.0f} minutes in all. In each round
every candidate has its turn, and each figure is the median of the rounds. Before it is measured
a candidate must answer the page, or the 304, that it should; one other answer, and it counts as
failed. PRO is played by `bench/upstream.py`, which says what the simulator says: {EVENTS} events
a parcel. Everything runs on 127.0.0.1, the load too.

{listed}.
"""


def _installed() -> dict[str, str]:
    found = {}
    for name, (command, option) in _VERSIONS.items():
        try:
            told = subprocess.run(  # noqa: S603
                [program(command), option], capture_output=True, text=True, check=False
            )
        except Failed:
            found[name] = "missing"
            continue
        number = _NUMBER.search(told.stdout + told.stderr)
        found[name] = number[0] if number else "unknown"
    return found
