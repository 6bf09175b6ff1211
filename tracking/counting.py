"""A folder in which several processes count together, for `metrics`."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_COUNTS = "PROMETHEUS_MULTIPROC_DIR"  # the library reads it once, when it is imported
_PREFIX, _IN_USE = "parcel-page-", "in-use"
_FILES = (
    "counter",
    "gauge_max",
    "gauge_mostrecent",
)  # the library's names for what a process counts
_ROOM = 16 * 1024  # bytes of each; about half is used at most


@contextmanager
def counting_together(processes: int, say: Callable[[str], None]) -> Iterator[None]:
    """While a server of so many processes runs; what it cannot do it says to the operator."""
    if processes == 1 or _COUNTS in os.environ:
        yield
        return
    _clear_up()
    try:
        folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=_memory())
        in_use = _take(Path(folder.name))
    except OSError:
        say("/metrics: no disk, so each process counts by itself.")
        yield
        return
    with in_use, folder:
        os.environ[_COUNTS] = folder.name
        yield


def take_room(say: Callable[[str], None]) -> None:
    """In a process of the server, before it counts: make sure of its room, or let it count alone.

    To write to a mapped file on a disk that is full by then is fatal.
    """
    files = [Path(os.environ.get(_COUNTS, ""), f"{kind}_{os.getpid()}.db") for kind in _FILES]
    try:
        for file in files if _COUNTS in os.environ else ():
            file.write_bytes(bytes(_ROOM))
    except OSError:
        for file in files:
            file.unlink(missing_ok=True)
        del os.environ[_COUNTS]
        say("/metrics: no disk, so a process counts by itself.")


def _take(folder: Path) -> BinaryIO:
    """Mark it as in use, until this process and its children have ended. Raises OSError.

    Nobody ever sees the mark without its lock.
    """
    mark = (folder / "new").open("wb")
    fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    mark.write(bytes(2**20))  # as much as one file of counts: to see whether there is room
    mark.flush()
    mark.truncate(0)
    (folder / "new").rename(folder / _IN_USE)
    return mark


def _clear_up() -> None:
    """Remove the folders of servers that were killed."""
    for path in Path(_memory() or tempfile.gettempdir()).glob(f"{_PREFIX}*/{_IN_USE}"):
        with suppress(OSError), path.open("rb") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path.parent)


def _memory() -> str | None:
    """Where files are no matter of disks; to write to a mapped file on a full one is fatal."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
