"""The daily check of the whole log, and what came of the last one: an entry of the log itself, for people to see."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from gateway.audit import Audit
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger, read_event
from gateway.ports import Clock
from gateway.records import EntryRow

SUBJECT = "logboek"


@dataclass(frozen=True)
class Checked:
    """What came of a check: when it was, whether all agreed, and the first problem in Dutch, empty without one."""

    at: datetime
    ok: bool
    entries: int
    files: int
    problems: int
    first: str


class Integrity:
    """Checks everything, and remembers the outcome. `audit(content)` does the work."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock, audit: Callable[[bool], Audit]) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._audit = audit

    def run(self, *, content: bool) -> Audit:
        """Check the log (and every stored byte), and write the outcome into the log."""
        found = self._audit(content)
        event = {
            "uitkomst": "goed" if found.ok else "fout",
            "regels": found.entries,
            "standen": found.checkpoints,
            "bestanden": found.files if content else None,
            "problemen": len(found.problems),
            "eerste": [found.problems[0].nl, str(found.problems[0])] if found.problems else None,
        }
        with self._database.write() as session:
            self._ledger.append(session, EventName.LEDGER_CHECKED, self._clock.now(), SUBJECT, event)
        return found

    def last(self) -> Checked | None:
        """What came of the last check; None before the first."""
        query = select(col(EntryRow.at), col(EntryRow.event)).where(col(EntryRow.name) == EventName.LEDGER_CHECKED)
        with self._database.read() as session:
            row = session.execute(query.order_by(col(EntryRow.index).desc()).limit(1)).first()
        if row is None:
            return None
        said = read_event(row[1]) or {}
        return Checked(
            row[0],
            said.get("uitkomst") == "goed",
            said.get("regels", 0),
            said.get("bestanden") or 0,
            said.get("problemen", 0),
            (said.get("eerste") or [""])[0],
        )
