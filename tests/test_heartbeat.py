"""Which processes are silent for too long, and how a process says that it is well."""

import multiprocessing
import signal
import subprocess
import time
from multiprocessing.connection import Connection

import pytest

from tests.conftest import TurnableClock
from tests.crowds import LONGEST, until
from tracking.heartbeat import (
    BEAT,
    LONGEST_PAUSE,
    LONGEST_SILENCE,
    LONGEST_START,
    Silence,
    beat,
    heard,
    is_stopped,
)

ONE, OTHER = 41, 42


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def silence(clock: TurnableClock) -> Silence:
    """Of two processes that were heard."""
    silence = Silence(clock.timer)
    silence.broken_by(ONE)
    silence.broken_by(OTHER)
    return silence


def after(seconds: float, silence: Silence, clock: TurnableClock, heard: int = 0) -> list[int]:
    """Who is silent for too long when we looked each second and heard one of them."""
    found: list[int] = []
    for _ in range(int(seconds / BEAT)):
        clock.turn(seconds=BEAT)
        if heard:
            silence.broken_by(heard)
        found += silence.of_too_long([ONE, OTHER])
    return found


def test_who_is_heard_is_well(silence, clock):
    assert after(LONGEST_SILENCE * 5, silence, clock, heard=ONE) == [OTHER]


def test_who_is_silent_for_less_is_well(silence, clock):
    assert after(LONGEST_SILENCE - BEAT, silence, clock) == []


def test_who_is_silent_is_told_once(silence, clock):
    assert after(LONGEST_SILENCE, silence, clock) == [ONE, OTHER]
    assert after(5 * LONGEST_SILENCE, silence, clock) == []


def test_another_process_with_the_same_number_is_another(silence, clock):
    assert after(LONGEST_SILENCE, silence, clock) == [ONE, OTHER]
    assert silence.of_too_long([OTHER]) == []

    assert after(LONGEST_START, silence, clock) == [ONE]


def test_one_that_has_not_begun_has_longer(clock):
    silence = Silence(clock.timer)

    assert after(LONGEST_START - BEAT, silence, clock) == []
    assert after(BEAT, silence, clock) == [ONE, OTHER]


def test_time_that_we_slept_through_is_no_silence(silence, clock):
    """A laptop that was closed, a machine that gave us no time either."""
    clock.turn(hours=8)

    assert silence.of_too_long([ONE, OTHER]) == []
    assert after(LONGEST_SILENCE - 3 * BEAT, silence, clock) == []


def test_one_that_was_stopped_has_less(clock):
    stopped: set[int] = set()
    silence = Silence(clock.timer, stopped.__contains__)
    silence.broken_by(ONE)
    silence.broken_by(OTHER)
    assert after(BEAT, silence, clock) == []

    stopped.add(OTHER)

    assert after(LONGEST_PAUSE - BEAT, silence, clock) == []
    assert after(BEAT, silence, clock) == [OTHER]
    assert after(LONGEST_SILENCE - LONGEST_PAUSE - 2 * BEAT, silence, clock) == []


def test_one_that_goes_on_in_time_is_well(clock):
    stopped = {ONE}
    silence = Silence(clock.timer, stopped.__contains__)
    silence.broken_by(ONE)
    assert after(LONGEST_PAUSE - BEAT, silence, clock) == []

    stopped.clear()
    silence.broken_by(ONE)

    assert after(LONGEST_SILENCE - BEAT, silence, clock, heard=ONE) == []


def test_who_was_stopped_is_told_by_the_system():
    with subprocess.Popen(["sleep", "60"]) as process:
        assert not is_stopped(process.pid)
        process.send_signal(signal.SIGSTOP)
        until(lambda: is_stopped(process.pid))
        process.kill()
    assert not is_stopped(process.pid)


def fail() -> None:
    raise OSError("a disk that is full")


def live(hearing: Connection, beating: Connection) -> None:
    hearing.close()
    beat(beating, fail)  # which ends nothing
    time.sleep(LONGEST)


def test_a_process_is_heard_again_and_again_and_ends_when_nobody_hears_it():
    hearing, beating = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=live, args=[hearing, beating])
    process.start()
    beating.close()
    until(hearing.poll)

    told = []
    until(lambda: told.append(heard(hearing)) or told.count(process.pid) == 3)
    hearing.close()
    process.join(LONGEST)
    assert process.exitcode == -signal.SIGTERM


def test_where_nobody_is_heard_we_go_on():
    hearing, _beating = multiprocessing.Pipe(duplex=False)

    assert heard(hearing) is None
