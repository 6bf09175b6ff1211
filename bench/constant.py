"""The least that Flask can do: the bytes of a finished page, gzipped, whoever asks for what."""

import os
import time
from pathlib import Path

from flask import Flask, Response, request

from bench.references import seconds_of

_page = Path(os.environ["BENCH_PAGE"]).read_bytes()

app = Flask(__name__)


@app.get("/parcel")
def parcel() -> Response:
    return Response(_page, content_type="text/html", headers={"Content-Encoding": "gzip"})


@app.get("/wait")
def wait() -> Response:
    """As long as PRO would take."""
    time.sleep(seconds_of(request.args["reference"]))
    return parcel()
