"""What staff is told by itself about a request: a row and a ledger entry in the caller's transaction, and a mail.

Rule 1: the same thing is told once, however many processes find it out: its key is unique.
Rule 2: who has no address in the configuration finds it on the pages; the entry says in which capacity it was told.
Rule 3: the mail goes through the plain outbox, so it names the request and no person and no document.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway.core.alerts import AlertFacts, AlertKind, Recipient
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger
from gateway.ports import Blobs, Clock, keep_bytes
from gateway.postroom import DRAFTED, letter_written
from gateway.records import AlertRow, LetterRow, RequestRow

BATCH: Final = 20


@dataclass(frozen=True)
class Alert:
    """Something that staff was told."""

    reference: str
    kind: AlertKind
    told: tuple[Recipient, ...]
    last_day: date | None
    made_at: datetime


@dataclass(frozen=True)
class Alerts:
    """`addresses`: where each is told by mail; one without an address is told on the pages only.

    `domain`: of our own address, for the names of messages. `compose`: an alert as a mail message.
    """

    database: Database
    ledger: Ledger
    blobs: Blobs
    clock: Clock
    addresses: Mapping[Recipient, str]
    domain: str
    compose: Callable[[AlertFacts], bytes]

    def tell(
        self,
        session: Session,
        request: RequestRow,
        kind: AlertKind,
        to: Iterable[Recipient],
        *,
        day: date | None = None,
        last_day: date | None = None,
        days_before: int | None = None,
    ) -> None:
        """Tell them, in the caller's transaction, which has locked the request."""
        at, to = self.clock.now(), tuple(to)
        before = session.scalar(
            select(func.count()).where(col(AlertRow.request_id) == request.id, col(AlertRow.kind) == kind)
        )
        row = AlertRow(
            key=f"{request.reference}.{kind}.{before}",
            request_id=request.id,
            kind=kind,
            told=list(to),
            day=day,
            last_day=last_day,
            made_at=at,
        )
        session.add(row)
        session.flush()
        event = {
            "verzoek": request.reference,
            "soort": kind,
            "aan": list(to),
            "laatsteDag": last_day.isoformat() if last_day else None,
            "dagenTevoren": days_before,
        }
        index = self.ledger.append(session, EventName.STAFF_TOLD, at, request.reference, event)
        for recipient in to:
            if address := self.addresses.get(recipient):
                draft = {"to": address, "kind": kind, "days_before": days_before}
                session.add(
                    LetterRow(
                        key=f"{row.key}.{recipient}",
                        alert_id=row.id,
                        draft=draft,
                        receipt_index=index,
                        made_at=at,
                        state=DRAFTED,
                        retry_at=at,
                    )
                )

    def write(self) -> int:
        """Write the mails that wait; the outbox hands them over. Returns how many. One that fails stops no other."""
        with self.database.read() as session:
            due = session.scalars(
                select(col(LetterRow.id))
                .where(col(LetterRow.state) == DRAFTED, col(LetterRow.alert_id).is_not(None))
                .limit(BATCH)
            ).all()
        errors = []
        for number in due:
            try:
                self._write(number)
            except Exception as error:  # noqa: BLE001  # raised when all were tried
                errors.append(error)
        if errors:
            raise errors[0]
        return len(due)

    def _write(self, number: int) -> None:
        with self.database.read() as session:
            letter = session.get_one(LetterRow, number)
            facts = self._facts(session, letter)
        kept = keep_bytes(self.blobs, self.compose(facts))
        with self.database.write() as session:
            letter_written(session, letter.key, kept)

    def _facts(self, session: Session, letter: LetterRow) -> AlertFacts:
        alert = session.get_one(AlertRow, letter.alert_id)
        request = session.get_one(RequestRow, alert.request_id)
        draft: Mapping[str, Any] = letter.draft
        name = hashlib.sha256(letter.key.encode()).hexdigest()[:32]
        return AlertFacts(
            to=draft["to"],
            kind=AlertKind(alert.kind),
            reference=request.reference,
            last_day=alert.last_day,
            days_before=draft["days_before"],
            message_id=f"<melding.{name}@{self.domain}>",
            sent_at=letter.made_at,
        )

    def of(self, reference: str) -> tuple[Alert, ...]:
        """What staff was told about a request, in order."""
        with self.database.read() as session:
            rows = session.scalars(
                select(AlertRow)
                .join(RequestRow, col(RequestRow.id) == col(AlertRow.request_id))
                .where(col(RequestRow.reference) == reference)
                .order_by(col(AlertRow.id))
            )
            return tuple(
                Alert(reference, AlertKind(row.kind), tuple(map(Recipient, row.told)), row.last_day, row.made_at)
                for row in rows
            )
