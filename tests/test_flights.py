"""One call for everyone: what is under way is joined, and what is over leaves nothing behind."""

import threading
import time
from concurrent.futures import Future

import pytest

from tests.crowds import LONGEST, at_once, crowd, until
from tracking.flights import Flights
from tracking.pro.errors import ProBusy


class Work:
    """Work that begins, and ends when it is told to."""

    def __init__(self, result: object = "done") -> None:
        self.began, self.end = threading.Event(), threading.Event()
        self.times = 0
        self.thread: threading.Thread | None = None
        self._result = result

    def __call__(self) -> object:
        self.times += 1
        self.thread = threading.current_thread()
        self.began.set()
        assert self.end.wait(LONGEST)
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result


class Broken(Exception):
    """Nobody expected that."""


def never() -> object:
    raise AssertionError("this should not have begun")


def patience() -> float:
    return LONGEST


@pytest.fixture
def flights() -> Flights:
    return Flights(2)


@pytest.fixture
def work(flights):
    """Work under way under the key "a"."""
    work = Work()
    flights.join("a", work)
    assert work.began.wait(LONGEST)
    yield work
    work.end.set()


def filled(flights: Flights, count: int) -> list[tuple[Work, Future]]:
    """So many pieces of work under way, each under a key of its own."""
    works = [Work(number) for number in range(count)]
    begun = [flights.join(f"other {number}", work) for number, work in enumerate(works)]
    assert all(work.began.wait(LONGEST) for work in works)
    return list(zip(works, begun, strict=True))


def begun_when_free(flights: Flights, key: str, work: Work) -> None:
    """Begin work as soon as a thread is free: that is a moment after a result is there."""

    def begin() -> object:
        try:
            return flights.join(key, work)
        except ProBusy:
            return None

    until(begin)
    assert work.began.wait(LONGEST)


# join


def test_work_is_done_on_a_thread_of_the_flights(flights, work):
    future = flights.going("a")
    work.end.set()

    assert future.result(LONGEST) == "done"
    assert work.thread is not threading.current_thread()


def test_who_joins_what_is_under_way_gets_the_same_result(flights, work):
    joined = flights.join("a", never)
    work.end.set()

    assert joined.result(LONGEST) == "done"
    assert work.times == 1


def test_a_hundred_that_join_at_once_begin_it_once(flights):
    work = Work()

    joined = at_once(*[lambda: flights.join("a", work)] * 100)
    work.end.set()

    assert {future.result(LONGEST) for future in joined} == {"done"}
    assert len({id(future) for future in joined}) == 1
    assert work.times == 1


def test_works_under_two_keys_go_on_at_the_same_time(flights, work):
    (other, _), *_ = filled(flights, 1)

    assert other.began.is_set()
    assert not work.end.is_set()
    other.end.set()


def test_what_is_over_is_begun_anew(flights):
    assert flights.join("a", lambda: 1).result(LONGEST) == 1
    assert flights.join("a", lambda: 2).result(LONGEST) == 2


# going


def test_what_is_under_way_is_told_and_nothing_else(flights, work):
    assert flights.going("a") is not None
    assert flights.going("b") is None

    future = flights.going("a")
    work.end.set()
    future.result(LONGEST)

    assert flights.going("a") is None


@pytest.mark.parametrize("fails", [False, True])
def test_who_waited_finds_nothing_under_way_any_more(fails):
    """Else who asks right after an answer would get it a second time, however old."""
    flights, leftovers = Flights(64), []

    def work():
        if fails:
            raise Broken

    for _ in range(200):
        flights.join("a", work).exception(LONGEST)
        leftovers.append(flights.going("a"))

    assert leftovers == [None] * 200


# Slots


def test_nothing_queues_where_all_threads_have_work(flights):
    begun = filled(flights, 2)

    with pytest.raises(ProBusy):
        flights.join("a", never)

    assert flights.going("a") is None
    for work, _ in begun:
        work.end.set()


def test_where_no_thread_can_be_begun_one_that_there_is_comes_to_it(flights, work, monkeypatch):
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        later = flights.join("b", lambda: "later")
    work.end.set()

    assert later.result(LONGEST) == "later"


def test_what_is_under_way_is_joined_even_where_all_threads_have_work(flights):
    (work, future), (other, _) = filled(flights, 2)

    joined = flights.join("other 0", never)
    work.end.set()
    other.end.set()

    assert joined is future
    assert joined.result(LONGEST) == 0


@pytest.mark.parametrize("ended_by", ["done", Broken(), SystemExit(1), KeyboardInterrupt()])
def test_however_work_ends_its_thread_is_free_again(ended_by):
    flights = Flights(1)

    for _ in range(3):
        work = Work(ended_by)
        begun_when_free(flights, "a", work)
        work.end.set()
        until(lambda: flights.going("a") is None)

    begun_when_free(flights, "b", work)


def test_all_threads_are_free_after_a_crowd_has_passed():
    flights = Flights(4)

    def visit(number):
        def work():
            if number % 3 == 0:
                raise Broken
            return number

        try:
            return flights.join(f"key {number % 7}", work).result(LONGEST)
        except (Broken, ProBusy):
            return None

    at_once(*[lambda number=number: visit(number) for number in range(60)])

    assert [key for key in range(7) if flights.going(f"key {key}")] == []
    works = [Work() for _ in range(4)]
    for number, work in enumerate(works):
        begun_when_free(flights, f"held {number}", work)
    for work in works:
        work.end.set()


# Exceptions


def test_all_that_wait_get_the_exception(flights):
    work = Work(Broken("once"))
    joined = [flights.join("a", work) for _ in range(5)]
    work.end.set()

    for future in joined:
        with pytest.raises(Broken, match="once"):
            future.result(LONGEST)
    assert work.times == 1


def test_what_failed_is_begun_anew(flights):
    def fail():
        raise Broken

    with pytest.raises(Broken):
        flights.join("a", fail).result(LONGEST)

    assert flights.join("a", lambda: "done").result(LONGEST) == "done"


# here


def test_here_is_on_this_thread_and_takes_no_other(flights):
    begun = filled(flights, 2)

    assert flights.here("a", threading.current_thread, patience) is threading.current_thread()
    assert flights.going("a") is None
    for work, _ in begun:
        work.end.set()


def test_here_waits_for_what_another_has_begun(flights, work):
    def patience_that_ends_it() -> float:
        work.end.set()
        return LONGEST

    assert flights.here("a", never, patience_that_ends_it) == "done"


def test_what_is_done_here_can_be_joined(flights):
    joined = []

    def work():
        joined.append(flights.join("a", never))
        return "done"

    assert flights.here("a", work, patience) == "done"
    assert joined[0].result(LONGEST) == "done"


@pytest.mark.parametrize("seconds", [0.01, 0, -LONGEST])
def test_here_waits_no_longer_than_its_patience(flights, work, seconds):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        flights.here("a", never, lambda: seconds)

    assert time.monotonic() - began < LONGEST / 2
    assert flights.going("a") is not None  # the other goes on


def test_what_breaks_here_is_raised_here_and_is_over(flights):
    def fail():
        raise Broken

    with pytest.raises(Broken):
        flights.here("a", fail, patience)

    assert flights.going("a") is None
    assert flights.here("a", lambda: "done", patience) == "done"


def test_a_crowd_here_does_it_once():
    flights, work = Flights(1), Work()
    others = threading.Semaphore(0)

    def wait_with_the_others() -> float:
        others.release()
        return LONGEST

    visits = [lambda: flights.here("a", work, wait_with_the_others)] * 20
    with crowd(*visits) as visitors:
        for _ in range(19):
            assert others.acquire(timeout=LONGEST)
        work.end.set()

    assert {visitor.result() for visitor in visitors} == {"done"}
    assert work.times == 1
    assert flights.going("a") is None
