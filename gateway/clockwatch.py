"""Watches the machine's clock: when the wall clock leaps against the one that cannot, the log says so.

A moment of receipt is worth what the clock was worth; a leap afterwards is known, also to whoever sets a clock back.
"""

import time
from collections.abc import Callable
from typing import Final

from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.schema import instant

LEAP_SECONDS: Final = 2.0
SUBJECT: Final = "klok"


class ClockWatch:
    """Compares how far both clocks went since the last look."""

    def __init__(
        self, database: Database, ledger: Ledger, clock: Clock, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._steady = steady
        self._last = (clock.now(), steady())

    def look(self) -> float:
        """How many seconds the wall clock leapt since the last look; more than two are an entry in the log."""
        now, steady = self._clock.now(), self._steady()
        leap = (now - self._last[0]).total_seconds() - (steady - self._last[1])
        if abs(leap) <= LEAP_SECONDS:
            # From the last moment that was right: many small leaps are a large one.
            return leap
        with self._database.write() as session:
            event = {"voor": instant(self._last[0]), "na": instant(now), "sprongSeconden": round(leap, 3)}
            self._ledger.append(session, EventName.CLOCK_JUMPED, now, SUBJECT, event)
        self._last = (now, steady)
        return leap
