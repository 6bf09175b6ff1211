"""RESULTS.md: one table a question, ratios first; how it was made comes last."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from bench.processes import Failed, program
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
    cores = len(os.sched_getaffinity(0))
    return f"""# The page beside others

Made by `make bench` on {datetime.now(UTC):%d %B %Y}, on {cores} cores that also make the load.
**Compare figures within this file only**, ratios rather than rates, and call less than a fifth
noise. The load average was {load:.1f} at the start: above 0.5, others were at work here too.

- “Constant bytes” is a Flask route that returns a finished page, on the server of this page with
  the same settings: what the framework leaves to be had.
- The “naive page” asks PRO and renders at each view. “Behind” a cache it is asked on a miss only:
  nginx with `proxy_cache_lock` and stale use, Varnish with its own request coalescing and grace.
- With two workers this page has a Redis beside it, nginx two processes, and Varnish its threads.
"""


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
    figure = figures[column.figure]
    if column.to is not None:
        base = outcome.figures.get(column.to, {}).get(column.figure)
        if not base:
            return _NONE
        figure /= base
    return f"{figure:,.{column.digits}f}"


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
