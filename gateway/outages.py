"""The register of times in which a channel could not be reached (Awb 2:21), each change in the ledger."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.core.errors import Refused
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.records import OutageRow
from gateway.schema import instant


@dataclass(frozen=True)
class Outage:
    """`ended_at` None: it still lasts."""

    id: int
    channel: str
    started_at: datetime
    ended_at: datetime | None
    planned: bool
    note: str


class Outages:
    """Every method is one transaction."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    def add(self, channel: str, started_at: datetime, ended_at: datetime | None, *, planned: bool, note: str) -> Outage:
        """Register an outage. Raises Refused when it would end before it began."""
        _refuse_backwards(started_at, ended_at)
        row = OutageRow(channel=channel, started_at=started_at, ended_at=ended_at, planned=planned, note=note)
        with self._database.write() as session:
            session.add(row)
            session.flush()
            self._note(session, row)
            return _outage(row)

    def end(self, number: int, ended_at: datetime) -> Outage:
        """The channel can be reached again. Raises Refused."""
        with self._database.write() as session:
            row = session.get(OutageRow, number)
            if row is None:
                raise Refused.because("id", f"geen storing met nummer {number}")
            _refuse_backwards(row.started_at, ended_at)
            row.ended_at = ended_at
            self._note(session, row)
            return _outage(row)

    def list(self) -> tuple[Outage, ...]:
        """All of them, in order of their beginning."""
        with self._database.read() as session:
            return tuple(map(_outage, session.scalars(select(OutageRow).order_by(col(OutageRow.started_at)))))

    def _note(self, session: Session, row: OutageRow) -> None:
        event = {
            "kanaal": row.channel,
            "van": instant(row.started_at),
            "tot": instant(row.ended_at) if row.ended_at else None,
            "gepland": row.planned,
            "toelichting": row.note,
        }
        self._ledger.append(session, EventName.OUTAGE, self._clock.now(), f"storing-{row.id}", event)


def _refuse_backwards(started_at: datetime, ended_at: datetime | None) -> None:
    if ended_at is not None and ended_at <= started_at:
        raise Refused.because("ended_at", "het einde ligt niet na het begin")


def _outage(row: OutageRow) -> Outage:
    return Outage(row.id, row.channel, row.started_at, row.ended_at, row.planned, row.note)
