"""Reminders before the last day: to everybody of a request, in their own way, on the days that the configuration says.

Rule 1: a reminder and the entry that says so are one transaction, and its day is unique: it is never made twice.
Rule 2: who is complete, closed or past the last day is not reminded, and what waits then is not sent any more.
Rule 3: nobody is reminded of a letter that is not proven to have come: when it comes the term begins anew (Awb 2:22).
Rule 4: an outage that may give more time is no reason to be silent; more time that was given moves the reminders.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway.core import closing, terms
from gateway.core.closing import DueDay
from gateway.core.model import MISSING
from gateway.core.notices import MessageKind
from gateway.core.words import EventName, RequestStatus
from gateway.database import Database
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.postroom import Postroom
from gateway.records import ReminderRow, RequestRow

BATCH: Final = 200


class Reminders:
    """`days_before`: on which days before the last one somebody is reminded; none at all when empty."""

    def __init__(
        self, database: Database, ledger: Ledger, clock: Clock, postroom: Postroom, days_before: Sequence[int]
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._postroom = postroom
        self._days_before = tuple(days_before)

    def remind(self) -> tuple[str, ...]:
        """Make the reminders that are due, each in a transaction of its own; returns the references."""
        if not self._days_before:
            return ()
        today = self._today()
        with self._database.read() as session:
            open_ones = session.scalars(
                select(RequestRow)
                .where(
                    col(RequestRow.status) == RequestStatus.OPEN,
                    col(RequestRow.last_day) >= today,
                    col(RequestRow.last_day) <= today + timedelta(days=max(self._days_before)),
                )
                .order_by(col(RequestRow.last_day), col(RequestRow.id))
            )
            due = [row.id for row in open_ones if self._due(session, row, today)][:BATCH]
        return tuple(reference for number in due if (reference := self._remind(number, today)))

    def _due(self, session: Session, row: RequestRow, today: date) -> DueDay | None:
        if self._postroom.unproven(session, row):
            return None
        reminded = session.scalar(select(func.max(col(ReminderRow.day))).where(col(ReminderRow.request_id) == row.id))
        return closing.due(row.last_day, self._days_before, today, max(row.sent_day, reminded or date.min))

    def _remind(self, number: int, today: date) -> str:
        """The reference, or nothing when another process reminded first or there is no need any more."""
        with self._database.write() as session:
            row = session.get_one(RequestRow, number, with_for_update=True)
            due = self._due(session, row, today)
            if due is None or row.status != RequestStatus.OPEN or row.last_day < today:
                return ""
            now = self._clock.now()
            session.add(ReminderRow(request_id=row.id, day=due.day, last_day=row.last_day, made_at=now))
            session.flush()
            content = {"verzoek": self._postroom.view(session, row)}
            message = self._postroom.prepare(session, row, MessageKind.REMINDER, content, now)
            event = {
                "verzoek": row.reference,
                "bericht": message.key,
                "laatsteDag": row.last_day.isoformat(),
                "dagenTevoren": due.days_before,
                "ontbreekt": [item["nummer"] for item in content["verzoek"]["stukken"] if item["status"] in MISSING],
            }
            self._ledger.append(session, EventName.REMINDED, now, row.reference, event)
            return row.reference

    def _today(self) -> date:
        return terms.local_day(self._clock.now())
