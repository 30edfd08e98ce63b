"""When things happen: workers that walk, and a clock that ticks. No logic of its own.

Rule 1: a lost tick, a double tick or a tick in every process does no harm: work is claimed in the database,
and what should happen once in a slot of time takes the slot first.
Rule 2: no legal date is ever a scheduled job; what is due is swept up (`due <= now`).
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import delete, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from gateway.core.errors import TryLater
from gateway.database import Database
from gateway.ports import Clock
from gateway.records import SlotRow

_log = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
WATCH_SECONDS = 1.0
# Far more than any two clocks differ: a slot that is forgotten could be taken again.
KEPT_SLOTS = 1000
# A slot that was taken further ahead than this was taken by a clock that was wrong, and is free again.
AHEAD = timedelta(hours=1)


class Workers:
    """Threads that call `step` until it says there is nothing to do, then wait to be woken."""

    def __init__(self, count: int, step: Callable[[], object | None], awake: threading.Event) -> None:
        """`awake` is set by whoever has work for them."""
        self._step = step
        self._awake = awake
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"worker-{n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Begin; unfinished work of a former life is simply the first work (P11)."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish the steps that are running, and end."""
        self._stopping.set()
        self._awake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            if not self._did_something():
                self._awake.wait(IDLE_SECONDS)

    def _did_something(self) -> bool:
        try:
            return self._step() is not None
        except TryLater as error:
            _log.warning("worker waits: %s", error)
            return False
        except Exception:  # noqa: BLE001  # an edge of the process
            # A worker that dies is an outage nobody sees: say it, and go on.
            _log.exception("worker failed")
            return False


class Ticker:
    """APScheduler as a clock: memory store, UTC, one thread.

    It counts by the wall clock. When that is set back, every next tick would be as far away as that; so a thread
    of its own, which counts by the clock that nobody sets, lets all of them come at once then.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_the_clock, name="clock-watch", daemon=True)

    def every(
        self, seconds: float, name: str, job: Callable[[], object], *, once: bool = False, now: bool = False
    ) -> None:
        """Call `job` every so many seconds; with `once`, in only one of all processes. `now`: first at the start."""
        self._scheduler.add_job(
            self._guarded(seconds, name, job, once=once),
            "interval",
            seconds=seconds,
            name=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            **({"next_run_time": datetime.now(UTC)} if now else {}),
        )

    def start(self) -> None:
        """Let the clock tick."""
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Wait for the job that is running, and stop."""
        self._stopping.set()
        if self._watch.is_alive():
            self._watch.join()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _watch_the_clock(self) -> None:
        wall, steady = time.time(), time.monotonic()
        while not self._stopping.wait(WATCH_SECONDS):
            leapt = (time.time() - wall) - (time.monotonic() - steady)
            wall, steady = time.time(), time.monotonic()
            if leapt < -WATCH_SECONDS:
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))

    def _guarded(self, seconds: float, name: str, job: Callable[[], object], *, once: bool) -> Callable[[], None]:
        def tick() -> None:
            try:
                if not once or take_slot(self._database, name, seconds, self._clock.now()):
                    job()
            except TryLater as error:
                _log.warning("%s waits: %s", name, error)
            except Exception:  # noqa: BLE001  # an edge of the process: the next tick must come
                _log.exception("%s failed", name)

        return tick


def take_slot(database: Database, name: str, seconds: float, now: datetime) -> bool:
    """Whether this process is the one that does `name` in the slot of time that `now` lies in."""
    slot = int(now.timestamp() // seconds)
    try:
        with database.write() as session:
            session.add(SlotRow(name=name, slot=slot, at=now))
            forgotten = or_(col(SlotRow.slot) < slot - KEPT_SLOTS, col(SlotRow.at) > now + AHEAD)
            session.execute(delete(SlotRow).where(col(SlotRow.name) == name, forgotten))
    except IntegrityError:
        return False
    return True
