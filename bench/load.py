"""Views of one page, as many as wrk gets."""

import re
import subprocess
from collections.abc import Mapping

from bench.processes import Failed, program

CONNECTIONS = 32

_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
_LATENCY = re.compile(r"^\s+(50|90|99)%\s+([0-9.]+)(us|ms|s)$", re.M)
_WRONG = re.compile(r"Non-2xx or 3xx responses: .*|Socket errors: .*")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def views(port: int, path: str, headers: Mapping[str, str], seconds: int) -> dict[str, float]:
    """`rate` a second, and `p50`, `p90` and `p99` in milliseconds. Raises Failed."""
    fields = [f"-H{name}: {value}" for name, value in headers.items()]
    shape = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    told = subprocess.run(  # noqa: S603
        [program("wrk"), *shape, *fields, f"http://127.0.0.1:{port}{path}"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if wrong := _WRONG.search(told):
        raise Failed(wrong[0])
    rate = _RATE.search(told)
    if rate is None or float(rate[1]) == 0:
        raise Failed("answered nothing")
    latencies = {
        f"p{percent}": float(number) * _MILLISECONDS[unit]
        for percent, number, unit in _LATENCY.findall(told)
    }
    return {"rate": float(rate[1]), **latencies}
