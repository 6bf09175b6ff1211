"""Asks all questions and writes RESULTS.md.

ROUNDS (5) and SECONDS (1) of the environment say how often and how long.
"""

import os
import signal
import sys
import time
from pathlib import Path

from bench import report
from bench.candidates import in_the_field
from bench.processes import Failed
from bench.questions import QUESTIONS, Question
from bench.rounds import Outcome, ask, warm_up

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Returns the exit code."""
    rounds, seconds = int(os.environ.get("ROUNDS", "5")), int(os.environ.get("SECONDS", "1"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # all processes are ended then, too
    load, started = os.getloadavg()[0], time.monotonic()
    outcomes: dict[Question, list[Outcome]] = {question: [] for question in QUESTIONS}
    for workers in sorted({count for question in QUESTIONS for count in question.workers}):
        with in_the_field(workers) as field:
            warm_up(field)
            for question in QUESTIONS:
                if workers in question.workers:
                    outcomes[question].append(ask(question, field, rounds, seconds, _say))
    tables = [report.table(question, told) for question, told in outcomes.items()]
    minutes = (time.monotonic() - started) / 60
    head = [report.heading(load), report.judged(outcomes)]
    text = "\n".join([*head, *tables, report.how(rounds, seconds, minutes)])
    RESULTS.write_text(text, "utf-8")
    print(text)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(f"The page itself {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
