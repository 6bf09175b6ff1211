"""One call for everyone: who asks for what is being asked already waits for that answer."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

from tracking import metrics
from tracking.pro.errors import ProBusy

_T = TypeVar("_T")


class Flights(Generic[_T]):
    """Work under way, by its key: on at most `most` threads, and nothing queues for one."""

    def __init__(self, most: int) -> None:
        self._threads = ThreadPoolExecutor(most, "flight")
        self._free = threading.BoundedSemaphore(most)
        self._going: dict[str, Future[_T]] = {}
        self._lock = threading.Lock()

    def going(self, key: str) -> Future[_T] | None:
        """The result to come of the work under a key, where it is under way."""
        with self._lock:
            return self._going.get(key)

    def join(self, key: str, work: Callable[[], _T]) -> Future[_T]:
        """The result to come of the work under a key, begun now unless it is under way.

        Raises ProBusy where all threads have work.
        """
        with self._lock:
            if key in self._going:
                return self._going[key]
            if not self._free.acquire(blocking=False):
                metrics.shed.labels("busy").inc()
                raise ProBusy("all threads have work")
            future = self._going[key] = Future()
        with suppress(RuntimeError):  # none can be begun: one that there is comes to it
            self._threads.submit(self._fly, key, work, future)
        return future

    def here(self, key: str, work: Callable[[], _T], patience: Callable[[], float]) -> _T:
        """The same on this thread, for a part of work that has one already.

        `patience` is for how many seconds to wait for another's. Raises TimeoutError.
        """
        with self._lock:
            going = self._going.get(key)
            if going is None:
                future = self._going[key] = Future()
        if going is not None:
            return going.result(timeout=max(patience(), 0))
        self._do(key, work, future)
        return future.result()

    def _fly(self, key: str, work: Callable[[], _T], future: Future[_T]) -> None:
        try:
            self._do(key, work, future)
        finally:
            self._free.release()

    def _do(self, key: str, work: Callable[[], _T], future: Future[_T]) -> None:
        try:
            result = work()
        except BaseException as error:
            self._landed(key)
            future.set_exception(error)
        else:
            self._landed(key)
            future.set_result(result)

    def _landed(self, key: str) -> None:
        with self._lock:
            del self._going[key]
