"""The journey as plain text, for phone desks, agents and screen readers.

Its words and their order are in the template `parcel.txt`; here its lines are broken.
"""

from itertools import groupby
from textwrap import fill

_WIDTH = 76  # characters
_INSET = "  "


def as_text(told: str) -> str:
    """The text with long lines broken, and with one empty line where there are several."""
    lines = (line.rstrip() for line in told.strip().splitlines())
    parts = ("\n".join(map(_broken, some)) for full, some in groupby(lines, bool) if full)
    return "\n\n".join(parts) + "\n"


def _broken(line: str) -> str:
    """What follows on stands a step further in than its beginning, unless that is at the edge."""
    inset = line[: len(line) - len(line.lstrip())]
    return fill(
        line,
        _WIDTH,
        subsequent_indent=inset and inset + _INSET,
        break_long_words=False,
        break_on_hyphens=False,
    )
