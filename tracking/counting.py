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
