"""Letters on their way: taken by one process at a time, handed over, their fate in the ledger.

A letter that was handed over and whose commit was lost is handed over again: under the same Message-ID, so
that it is recognised as the same letter. # KNOWN GAP: SMTP has no way to ask whether it arrived.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy import and_, or_, select, update
from sqlmodel import Session, col

from gateway.core.words import EventName
from gateway.database import Database, is_due
from gateway.ledger import Ledger
from gateway.ports import Blobs, Clock
from gateway.postroom import FAILED, HANDED_OVER, WRITTEN, Postroom
from gateway.records import AlertRow, LetterRow, MessageRow, RequestRow, SendingRow, SubmissionRow

LEASE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=4)
BATCH = 20


class Delivered(Protocol):
    """What became of one try: done, refused for good, or neither."""

    @property
    def ok(self) -> bool: ...
    @property
    def permanent(self) -> bool: ...
    @property
    def reply(self) -> str: ...


class Carrier(Protocol):
    """Hands a letter over. Never raises for what the other side says; the same key again is harmless."""

    def deliver(self, key: str, letter: bytes, to: str, sender: str = "") -> Delivered:
        """Try once. `sender`: to whom a report about it comes back; nobody when empty (RFC 3834 section 3.3)."""


@dataclass(frozen=True)
class Due:
    """A letter that this process may hand over now: about a submission, or a notice to the people of a request."""

    key: str
    number: str
    reference: str
    to: str
    sender: str
    sha256: str
    attempts: int


class Outbox:
    """The letters that are written. Safe for any number of processes: a letter is leased while it travels."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        blobs: Blobs,
        clock: Clock,
        carrier: Carrier,
        max_attempts: int,
        *,
        postroom: Postroom | None = None,
    ) -> None:
        """`postroom`: hears what became of the notices among the letters."""
        self._database = database
        self._ledger = ledger
        self._blobs = blobs
        self._clock = clock
        self._carrier = carrier
        self._max_attempts = max_attempts
        self._postroom = postroom

    def send(self, told: Callable[[str, dict[str, object]], None]) -> int:
        """Hand over what is due; returns how many letters were tried. `told` hears the fate of each."""
        tried = 0
        # One at a time: a lease must outlast its own letter, not twenty slow ones before it.
        while tried < BATCH and (letter := self._take()):
            tried += 1
            with self._blobs.open(letter.sha256) as file:
                fate = self._carrier.deliver(letter.key, file.read(), letter.to, letter.sender)
            self._note(letter, fate)
            told(
                "letter_handed_over" if fate.ok else "letter_not_handed_over",
                {"submission": letter.number, "letter": letter.key, "permanent": fate.permanent},
            )
        return tried

    def release(self) -> None:
        """Every letter that is on its way may be tried now. Only for the embedded default, at its start."""
        with self._database.write() as session:
            session.execute(
                update(LetterRow)
                .where(col(LetterRow.state) == WRITTEN, col(LetterRow.retry_at) > self._clock.now())
                .values(retry_at=self._clock.now())
            )

    def _take(self) -> Due | None:
        now = self._clock.now()
        ready = select(LetterRow).where(
            col(LetterRow.state) == WRITTEN,
            or_(
                is_due(col(LetterRow.retry_at), now, LONGEST_PAUSE),
                and_(col(LetterRow.attempts) == 0, is_due(col(LetterRow.retry_at), now, LEASE)),
            ),
        )
        with self._database.read() as session:
            if session.scalars(ready.limit(1)).first() is None:
                return None
        with self._database.write() as session:
            row = session.scalars(
                ready.order_by(col(LetterRow.retry_at), col(LetterRow.id)).limit(1).with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            row.retry_at = now + LEASE
            submission = session.get(SubmissionRow, row.submission_id) if row.submission_id else None
            number, reference = submission.number if submission else "", _reference(session, row)
            return Due(row.key, number, reference, row.draft["to"], row.sender, row.sha256 or "", row.attempts)

    def _note(self, letter: Due, fate: Delivered) -> None:
        with self._database.write() as session:
            row = session.scalars(select(LetterRow).where(col(LetterRow.key) == letter.key).with_for_update()).one()
            if row.state != WRITTEN:
                return  # it took longer than the lease, and another process finished it: its fate is noted
            now = self._clock.now()
            row.attempts = letter.attempts + 1
            row.reply = fate.reply[:500]
            gave_up = fate.permanent or row.attempts >= self._max_attempts
            if fate.ok:
                row.state = HANDED_OVER
            elif gave_up:
                row.state = FAILED
            else:
                row.retry_at = now + min(timedelta(seconds=5 * 2**row.attempts), LONGEST_PAUSE)
                return
            name = EventName.LETTER_HANDED_OVER if fate.ok else EventName.LETTER_FAILED
            event = {"brief": letter.key, "sha256": letter.sha256, "antwoord": row.reply}
            # Found, and once erased, with what it is about: an answer may name the address.
            self._ledger.append(session, name, now, letter.number or letter.reference, event)
            if self._postroom is not None:
                self._postroom.fate(session, row, now)


def _reference(session: Session, row: LetterRow) -> str:
    """The request that a notice is for, or that staff is told of; empty for a letter about a submission."""
    if row.sending_id:
        of = select(col(MessageRow.request_id)).join(SendingRow, col(SendingRow.message_id) == col(MessageRow.id))
        of = of.where(col(SendingRow.id) == row.sending_id)
    elif row.alert_id:
        of = select(col(AlertRow.request_id)).where(col(AlertRow.id) == row.alert_id)
    else:
        return ""
    return session.scalar(select(col(RequestRow.reference)).where(col(RequestRow.id).in_(of))) or ""
