"""What clock and workers promise: a slot of time is used once, unfinished work goes on, trouble stops nobody."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway.core.errors import TryLater
from gateway.jobs import KEPT_SLOTS, Ticker, Workers, take_slot
from gateway.records import SlotRow
from tests.support import storage
from tests.support.servers import wait_until
from tests.support.storage import NOON


@pytest.fixture
def processes(tmp_path, database_url):
    clock = storage.FakeClock()
    with ExitStack() as stack:
        yield [stack.enter_context(storage.opened(tmp_path, database_url, clock)) for _ in range(3)]


def test_of_many_tickers_one_has_the_slot(processes):
    """Three processes, twelve ticks each, in four slots."""
    moments = [NOON + timedelta(seconds=5 * n) for n in range(12)]

    def tick(process):
        return [take_slot(process.database, "lapse", 15, at) for at in moments]

    with ThreadPoolExecutor(3) as pool:
        taken = [one for some in pool.map(tick, processes) for one in some]
    assert taken.count(True) == 4


def test_slots_of_different_jobs_do_not_meet(processes):
    assert take_slot(processes[0].database, "lapse", 60, NOON)
    assert take_slot(processes[1].database, "heartbeat", 60, NOON)
    assert not take_slot(processes[2].database, "lapse", 60, NOON + timedelta(seconds=59))
    assert take_slot(processes[2].database, "lapse", 60, NOON + timedelta(seconds=60))


def test_old_slots_are_forgotten_and_recent_ones_are_not(processes):
    database = processes[0].database
    for n in range(5):
        assert take_slot(database, "lapse", 60, NOON + timedelta(minutes=n))
    assert take_slot(database, "lapse", 60, NOON + timedelta(minutes=KEPT_SLOTS + 4))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SlotRow)) == 2
    assert not take_slot(database, "lapse", 60, NOON + timedelta(minutes=4))


def test_several_tickers_do_a_job_once_in_each_slot(processes):
    """The clock stands still: all of their ticks fall in one slot."""
    done, ticks = [], []
    tickers = [Ticker(process.database, process.clock) for process in processes]
    for ticker in tickers:
        ticker.every(1, "lapse", lambda: done.append(1), once=True)
        ticker.every(1, "resume", lambda: ticks.append(1))
        ticker.start()
    try:
        wait_until(lambda: len(ticks) >= 6 and done, "they tick")
    finally:
        for ticker in tickers:
            ticker.stop()
    assert done == [1]


def test_a_job_that_fails_is_called_again_at_the_next_tick(processes):
    calls = []

    def job():
        calls.append(1)
        raise TryLater("away") if len(calls) == 1 else RuntimeError("bug")

    ticker = Ticker(processes[0].database, processes[0].clock)
    ticker.every(0.05, "outbox", job)
    ticker.start()
    try:
        wait_until(lambda: len(calls) >= 4, "it is called again")
    finally:
        ticker.stop()


def test_workers_go_on_after_trouble_and_wake_when_told(caplog):
    outcomes = [TryLater("away"), RuntimeError("bug"), "work", "work"]
    done = threading.Event()

    def step():
        outcome = outcomes.pop(0) if outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        if not outcomes:
            done.set()
        return outcome

    awake = threading.Event()
    workers = Workers(1, step, awake)
    workers.start()
    try:
        awake.set()
        assert done.wait(20)
    finally:
        workers.stop()
    assert "worker failed" in caplog.text


def test_workers_stop_after_the_step_they_are_in():
    started, finish, finished = threading.Event(), threading.Event(), []

    def step():
        started.set()
        finish.wait(20)
        finished.append(1)

    workers = Workers(2, step, threading.Event())
    workers.start()
    assert started.wait(20)
    stopping = threading.Thread(target=workers.stop)
    stopping.start()
    finish.set()
    stopping.join(20)
    assert not stopping.is_alive()
    assert finished
