"""Serves another application exactly as app.py serves its own, so that only the target differs.

`python -m bench.serve bench.naive:app`
"""

import importlib
import os
import sys
from typing import Any

import granian


def main(target: str) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit code."""
    server = granian.Granian

    def with_another_target(_: str, **settings: Any) -> Any:
        return server(target, **settings)

    granian.Granian = with_another_target  # type: ignore[assignment]
    return int(importlib.import_module("tracking.serving").serve(os.environ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
