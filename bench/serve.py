"""Serves another application exactly as app.py serves its own, so that only the target differs.

`python -m bench.serve bench.naive:app`
"""

import os
import sys

from tracking.serving import serve

if __name__ == "__main__":
    sys.exit(serve(os.environ, sys.argv[1]))
