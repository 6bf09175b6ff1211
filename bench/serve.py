"""Serves another application on the same granian, as WSGI: `bench.serve bench.naive:app 128`.

The number is of the threads that views run on: each that waits for PRO holds one, and more than
are needed get in each other's way.
"""

import os
import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

if __name__ == "__main__":
    Granian(
        sys.argv[1],
        port=int(os.environ["PORT"]),
        interface=Interfaces.WSGI,
        workers=int(os.environ["WEB_CONCURRENCY"]),
        blocking_threads=int(sys.argv[2]),
        backpressure=4096,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=5000),
        log_level=LogLevels.error,
    ).serve()
