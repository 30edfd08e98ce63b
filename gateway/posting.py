"""Letters on paper: what is to be printed and posted, and whoever is not told in time.

Rule 1: the access code leaves on paper, once: it is kept beside the sending until that was posted, then erased.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.core import leniency, terms
from gateway.core.errors import Fault, NotFound, Refused
from gateway.core.notices import MessageKind, Sending, Way, Why
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.postroom import Postroom
from gateway.records import MessageRow, PartyRow, RequestRow, SendingRow

Typeset = Callable[[MessageRow, RequestRow, date, PartyRow, str | None], bytes]


@dataclass(frozen=True)
class Task:
    """A letter on paper: to be printed and posted, or posted. `printable`: its PDF can be made now."""

    id: int
    reference: str
    kind: MessageKind
    name: str
    organisation: str
    role: str
    why: Why
    state: Sending
    made_at: datetime
    sent_at: datetime | None
    late: bool


class Posting:
    """Every public method is one transaction. `typeset`: the PDF of a message, dated, for one person, with a code."""

    def __init__(
        self, database: Database, ledger: Ledger, clock: Clock, postroom: Postroom, alarm: timedelta, typeset: Typeset
    ) -> None:
        """`alarm`: who waits longer than this for a letter or notice was not told in time."""
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._postroom = postroom
        self._alarm = alarm
        self._typeset = typeset

    def tasks(self, *, done: bool = False) -> tuple[Task, ...]:
        """The letters to print and post, oldest first; with `done` those that were posted, newest first."""
        order = col(SendingRow.id).desc() if done else col(SendingRow.id)
        state = Sending.SENT if done else Sending.WAITING
        query = (
            select(SendingRow, MessageRow, RequestRow, PartyRow)
            .join(MessageRow, col(MessageRow.id) == col(SendingRow.message_id))
            .join(RequestRow, col(RequestRow.id) == col(MessageRow.request_id))
            .join(PartyRow, col(PartyRow.id) == col(SendingRow.party_id))
            .where(col(SendingRow.way) == Way.POST, col(SendingRow.state) == state)
            .order_by(order)
        )
        limit = self._clock.now() - self._alarm
        with self._database.read() as session:
            return tuple(
                Task(
                    id=row.id,
                    reference=request.reference,
                    kind=MessageKind(message.kind),
                    name=party.name,
                    organisation=party.organisation,
                    role=party.role,
                    why=Why(row.why),
                    state=Sending(row.state),
                    made_at=row.made_at,
                    sent_at=row.sent_at,
                    late=not done and row.made_at <= limit,
                )
                for row, message, request, party in session.execute(query)
            )

    def printed(self, task: int, officer: str) -> bytes:
        """The letter of a task as PDF, dated today, with its access code while there is one; who printed is noted.

        Raises NotFound, and Refused for what was posted: the code is gone then.
        """
        with self._database.write() as session:
            row = _task_row(session, task)
            if row.state != Sending.WAITING:
                raise Refused.because("taak", "deze brief is al gepost of vervallen")
            message = session.get_one(MessageRow, row.message_id)
            request = session.get_one(RequestRow, message.request_id)
            party = session.get_one(PartyRow, row.party_id)
            row.dated = terms.local_day(self._clock.now())
            event = {"verzoek": request.reference, "medewerker": officer, "wat": f"brief {message.key} afgedrukt"}
            self._ledger.append(session, EventName.CONTENT_ACCESS, self._clock.now(), request.reference, event)
            day, code = row.dated, row.code
        return self._typeset(message, request, day, party, code)

    def posted(self, task: int, day: date, officer: str) -> None:
        """A member of staff posted the letter on that day, which is the moment of sending; the code is erased.

        Raises NotFound, and Refused for a day to come, one before the letter was printed, or a letter never printed.
        """
        with self._database.write() as session:
            row = _task_row(session, task)
            faults = _posting_faults(row, day, terms.local_day(self._clock.now()))
            if faults:
                raise Refused(faults)
            self._postroom.sent(session, row, self._clock.now(), day, officer)

    def watch(self) -> tuple[str, ...]:
        """Raise the alarm, once, for whoever was not told in time; returns the references (Awb 2:10, 48 hours)."""
        now = self._clock.now()
        with self._database.write() as session:
            late = self._late(session, now)
            for row, message, request in late:
                row.alarmed = True
                event = {
                    "verzoek": request.reference,
                    "bericht": message.key,
                    "weg": row.way,
                    "wachtSinds": row.made_at.isoformat(),
                    "uiterlijk": leniency.notice_by(row.made_at).isoformat(),
                }
                self._ledger.append(session, EventName.NOTICE_LATE, now, request.reference, event)
            return tuple(dict.fromkeys(request.reference for _, _, request in late))

    def late(self) -> int:
        """How many people wait longer for their letter or notice than they should."""
        with self._database.read() as session:
            return len(self._late(session, self._clock.now(), alarmed=None))

    def _late(
        self, session: Session, now: datetime, *, alarmed: bool | None = False
    ) -> list[tuple[SendingRow, MessageRow, RequestRow]]:
        query = (
            select(SendingRow, MessageRow, RequestRow)
            .join(MessageRow, col(MessageRow.id) == col(SendingRow.message_id))
            .join(RequestRow, col(RequestRow.id) == col(MessageRow.request_id))
            .where(col(SendingRow.state) == Sending.WAITING, col(SendingRow.made_at) <= now - self._alarm)
            .order_by(col(SendingRow.id))
        )
        if alarmed is not None:
            query = query.where(col(SendingRow.alarmed).is_(alarmed))
        return [(row, message, request) for row, message, request in session.execute(query)]


def _task_row(session: Session, task: int) -> SendingRow:
    row = session.get(SendingRow, task, with_for_update=True)
    if row is None or row.way != Way.POST:
        raise NotFound.because("taak", f"er is geen brief {task} om te posten")
    return row


def _posting_faults(row: SendingRow, day: date, today: date) -> tuple[Fault, ...]:
    if row.state != Sending.WAITING:
        return (Fault("taak", "deze brief is al gepost of vervallen"),)
    if row.dated is None:
        return (Fault("taak", "deze brief is nog niet afgedrukt"),)
    if day > today:
        return (Fault("dag", "deze dag moet nog komen"),)
    if day < row.dated:
        return (Fault("dag", f"de brief is op {row.dated} afgedrukt; hij kan niet eerder gepost zijn"),)
    return ()
