"""What the log says of the gateway itself: when it started and stopped, and when its configuration changed.

Rule 1: of the configuration only digests are told, one for each table: that it changed, and where; never a value.
"""

import hashlib
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

import rfc8785
from sqlalchemy import select
from sqlmodel import Session, col

from config.settings import Settings
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger, read_event
from gateway.ports import Clock
from gateway.records import EntryRow

SUBJECT: Final = "gateway"


class Lifecycle:
    """Every method is one transaction."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._settings = settings

    def started(self, parts: Iterable[str]) -> None:
        """A process begins to run these parts; what of its configuration is not what it was last is told too."""
        now = self._clock.now()
        digests = _digests(self._settings)
        with self._database.write() as session:
            self._ledger.lock(session)  # of two processes that start with the same change, one tells it
            before = _last(session)
            if before != digests:
                changed = sorted(key for key in digests.keys() | before.keys() if digests.get(key) != before.get(key))
                event = {"onderwerp": SUBJECT, "afdrukken": digests, "gewijzigd": changed}
                self._ledger.append(session, EventName.CONFIGURATION_CHANGED, now, SUBJECT, event)
            event = {"onderwerp": SUBJECT, "delen": sorted(parts), "versie": version("herstelpost")}
            self._ledger.append(session, EventName.GATEWAY_STARTED, now, SUBJECT, event)

    def stopped(self, parts: Iterable[str]) -> None:
        """It ended as it should; after a crash there is no such entry."""
        with self._database.write() as session:
            event = {"onderwerp": SUBJECT, "delen": sorted(parts)}
            self._ledger.append(session, EventName.GATEWAY_STOPPED, self._clock.now(), SUBJECT, event)


def _digests(settings: Settings) -> dict[str, str]:
    """The SHA-256 of each table of the configuration, as canonical JSON."""
    tables: dict[str, Any] = settings.model_dump(mode="json")
    return {name: hashlib.sha256(rfc8785.dumps(table)).hexdigest() for name, table in tables.items()}


def _last(session: Session) -> dict[str, str]:
    event = session.scalar(
        select(col(EntryRow.event))
        .where(col(EntryRow.name) == EventName.CONFIGURATION_CHANGED)
        .order_by(col(EntryRow.index).desc())
        .limit(1)
    )
    return dict((read_event(event) or {}).get("afdrukken", {}))
