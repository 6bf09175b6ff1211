"""Logging that nobody waits for: where a log is not read, lines are lost and not shoppers."""

import atexit
import logging
import queue
import traceback
from logging.handlers import QueueHandler, QueueListener

_MOST = 10_000  # lines that wait to be written
_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def place_of(error: BaseException) -> str:
    """What was raised and where; its message is left out, for it may name a reference."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.name}, line {frame.lineno}" for frame in frames[-3:]]
    return " in ".join([type(error).__name__, *reversed(places)])


class PatientHandler(QueueHandler):
    """Hands lines to a thread that writes them to stderr, and drops them where it cannot."""

    def __init__(self) -> None:
        lines: queue.Queue[logging.LogRecord] = queue.Queue(_MOST)
        super().__init__(lines)
        self.setFormatter(logging.Formatter("%(message)s"))  # the writer adds the rest
        writer = logging.StreamHandler()
        writer.setFormatter(logging.Formatter(_FORMAT))
        self._listener = QueueListener(lines, writer)
        self._listener.start()
        atexit.register(self._listener.stop)

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never waits."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return
