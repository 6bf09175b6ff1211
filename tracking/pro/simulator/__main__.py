"""Plays PRO until it is interrupted: `python -m tracking.pro.simulator --port 9000`."""

import argparse
import signal
import threading
from contextlib import suppress

from tracking.pro.simulator import SAMPLES, Simulator


def main() -> None:
    """Read the command line, listen, and say where."""
    parser = argparse.ArgumentParser(prog="python -m tracking.pro.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=9000, help="0 takes any free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--key", default="demo-key", help="the x-api-key that it accepts")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell put it behind
    with Simulator(options.key, options.port, options.host) as pro, suppress(KeyboardInterrupt):
        print(f"PRO is played at {pro.url} for the key {pro.key}. Ask for:")
        for sample in SAMPLES:
            print(f"  {sample.reference:<36} {sample.title}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
