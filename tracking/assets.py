"""The addresses of assets change with their bytes, so that they may be kept for ever."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

ASSETS = "/assets"
_FOLDER = Path(__file__).parent.parent / "static"
_VERSIONS = {
    path.name: sha256(path.read_bytes()).hexdigest()[:10]
    for path in _FOLDER.iterdir()
    if path.is_file()
}


def add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Make the address of an asset that of its bytes."""
    if endpoint == "static" and values.get("filename") in _VERSIONS:
        values["v"] = _VERSIONS[values["filename"]]


def is_ours(path: str, versions: Sequence[str]) -> bool:
    """Whether an address, of whose parameter `v` these are the values, is that of our bytes.

    Another process, of a release before or after, may have named another.
    """
    return versions[:1] == [_VERSIONS.get(path.removeprefix(f"{ASSETS}/"))]
