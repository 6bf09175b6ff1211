"""The least that Flask can do: the bytes of a finished page, gzipped, whoever asks for what."""

import os
from pathlib import Path

from flask import Flask, Response

_page = Path(os.environ["BENCH_PAGE"]).read_bytes()

app = Flask(__name__)


@app.get("/parcel")
def parcel() -> Response:
    return Response(_page, content_type="text/html", headers={"Content-Encoding": "gzip"})
