"""Logging that nobody waits for: where a log is not read, lines are lost and not shoppers."""

import atexit
import logging
import time
import traceback
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue

_MOST = 10_000  # lines that wait to be written
_PAUSE = 0.1  # seconds
_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def place_of(error: BaseException) -> str:
    """What was raised and where; its message is left out, for it may name a reference."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.name}, line {frame.lineno}" for frame in frames[-3:]]
    return " in ".join([type(error).__name__, *reversed(places)])


class _Writer(QueueListener):
    """Writes what comes in one after the other together: to wake for each line costs more."""

    queue: SimpleQueue[logging.LogRecord]

    def dequeue(self, block: bool) -> logging.LogRecord:
        if self.queue.empty():
            time.sleep(_PAUSE)
        return self.queue.get(block)


class PatientHandler(QueueHandler):
    """Hands lines to a thread that writes them to stderr, and drops them where it cannot."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[logging.LogRecord] = SimpleQueue()
        super().__init__(self._lines)
        self.setFormatter(logging.Formatter("%(message)s"))  # the writer adds the rest
        stderr = logging.StreamHandler()
        stderr.setFormatter(logging.Formatter(_FORMAT))
        self._writer = _Writer(self._lines, stderr)
        self._writer.start()
        atexit.register(self._writer.stop)

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never waits."""
        if self._lines.qsize() < _MOST:
            self._lines.put(record)
