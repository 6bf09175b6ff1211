"""Takes the pictures that README.md shows, from the running page with its demo data.

`make screenshots` calls this.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.chromium import CHROMIUM

ROOT = Path(__file__).parent.parent
PICTURES = Path(__file__).parent / "pictures"
PAGES = {  # file: path, width, height, colour scheme
    "desktop.png": ("/parcel?reference=DEMO-1001", 1080, 860, "light"),
    "phone.png": ("/parcel?reference=DEMO-1204", 390, 860, "light"),
    "phone-dark.png": ("/parcel?reference=HO-30&level=contents", 390, 860, "dark"),
}
SECONDS_TO_START = 30


@contextmanager
def running_page() -> Iterator[str]:
    """The page as `make run` serves it, with demo data; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {"PATH": os.environ["PATH"], "PORT": str(port)}
    process = subprocess.Popen([sys.executable, ROOT / "app.py"], env=environ, cwd=ROOT)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/healthz")
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(address: str) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def take_pictures() -> None:
    """Write every picture anew."""
    PICTURES.mkdir(exist_ok=True)
    with running_page() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, (path, width, height, scheme) in PAGES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            page.goto(address + path)
            page.screenshot(path=PICTURES / name)
        browser.close()


if __name__ == "__main__":
    take_pictures()
