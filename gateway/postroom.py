"""What is sent to whom, and what became of it: rows and ledger entries inside the caller's transaction.

Rule 1: whatever makes a message necessary, makes its sendings in the same transaction; none is made twice.
Rule 2: a sending that went wrong is followed by another in the transaction that finds it out (Awb 2:11).
Rule 3: the term counts from the last sending, if that gives a later day; never an earlier one (Awb 2:11 lid 3, 2:22).
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway import consents, mapping
from gateway.core import notices, terms, tokens
from gateway.core.answers import may_answer
from gateway.core.model import MessageFacts, StoredFile, Term
from gateway.core.notices import MessageKind, Sending, Way, Why
from gateway.core.words import EventName, RequestStatus, Unit
from gateway.ledger import Ledger
from gateway.records import LetterRow, MessageRow, PartyRow, RequestRow, SendingRow, SubmissionRow
from gateway.schema import dump, from_core, instant

RETURN_MARK = "terug-"
DRAFTED, WRITTEN, HANDED_OVER, FAILED, WITHDRAWN = "drafted", "written", "handed_over", "failed", "withdrawn"
"""Where a letter of the outbox stands."""

Json = dict[str, Any]


def letter_written(session: Session, key: str, letter: StoredFile) -> None:
    """The letter is written and may go; the first one stored under a key stays."""
    row = session.scalars(select(LetterRow).where(col(LetterRow.key) == key).with_for_update()).one()
    if row.state == DRAFTED:
        row.state, row.sha256 = WRITTEN, letter.sha256


@dataclass(frozen=True)
class Postroom:
    """`own_addresses`: never written to. `return_base`: gets what comes back, under a sub-address for each notice.

    `resend`: how long after a passing failure a notice is sent again.
    """

    ledger: Ledger
    calendar: terms.Calendar
    own_addresses: tuple[str, ...]
    return_base: str
    resend: timedelta
    own_terms_move: bool = True

    # ---- making ----------------------------------------------------------------------------------

    def prepare(
        self, session: Session, request: RequestRow, kind: MessageKind, content: Json, at: datetime, code: str = ""
    ) -> MessageRow:
        """A message for all people of the request, and how each will be told; its PDF is still to be made."""
        before = session.scalar(
            select(func.count()).where(col(MessageRow.request_id) == request.id, col(MessageRow.kind) == kind)
        )
        message = MessageRow(
            key=f"{request.reference}.{kind}.{before}",
            request_id=request.id,
            kind=kind,
            content=content,
            made_at=at,
        )
        session.add(message)
        session.flush()
        told: set[str] = set()
        for party in consents.parties_of(session, request.id):
            for way, why in self._ways(session, party, kind, told, secret=bool(code)):
                self._sending(session, message, party, way, why, at, code=code if way is Way.POST else None)
        return message

    def _ways(
        self, session: Session, party: PartyRow, kind: MessageKind, told: set[str], *, secret: bool
    ) -> Sequence[tuple[Way, Why]]:
        """The ways to one person; an address that two people share gets one notice."""
        found = notices.ways(
            kind,
            consents=consents.consents_to(session, party, kind),
            usable=may_answer(party.email, self.own_addresses),
            declined=party.declined,
            secret=secret,
        )
        address = party.email.casefold()
        shared = address in told
        told |= {address} if any(way is Way.MAIL for way, _ in found) else set()
        return [(way, why) for way, why in found if not (shared and way is Way.MAIL)]

    def _sending(
        self,
        session: Session,
        message: MessageRow,
        party: PartyRow,
        way: Way,
        why: Why,
        at: datetime,
        *,
        attempt: int = 1,
        code: str | None = None,
    ) -> SendingRow:
        row = SendingRow(
            message_id=message.id,
            party_id=party.id,
            way=way,
            why=why,
            attempt=attempt,
            state=Sending.WAITING,
            made_at=at,
            code=code or None,
        )
        session.add(row)
        session.flush()
        if way is Way.MAIL and message.placed_index is not None:
            self._letter(session, message, party, row, at)
        return row

    def placed(self, session: Session, message: MessageRow, sha256: str, at: datetime, told: Json) -> None:
        """The message is in the portal from now on (Awb 2:19); its notices go into the outbox with it.

        `told`: what it says that the log should know of.
        """
        message.placed_at, message.sha256 = at, sha256
        request = session.get_one(RequestRow, message.request_id)
        event = {"verzoek": request.reference, "bericht": message.key, "soort": message.kind, "sha256": sha256}
        event |= {"inhoud": mapping.digest(message.content)} | told
        message.placed_index = self._note(session, EventName.MESSAGE_PLACED, at, event)
        for row in self._sendings(session, message, Way.MAIL, Sending.WAITING):
            party = session.get_one(PartyRow, row.party_id)
            self._letter(session, message, party, row, at)

    def _letter(self, session: Session, message: MessageRow, party: PartyRow, row: SendingRow, at: datetime) -> None:
        """The notice itself, into the outbox; after a failure a while later."""
        assert message.placed_index is not None
        pause = self.resend if row.attempt > 1 else timedelta()
        key = f"{message.key}.{row.id}"
        session.add(
            LetterRow(
                key=key,
                sending_id=row.id,
                sender=self._return_address(),
                draft={"to": party.email, "kind": message.kind},
                receipt_index=message.placed_index,
                made_at=at + pause,
                state=DRAFTED,
                retry_at=at + pause,
            )
        )

    def _return_address(self) -> str:
        local, _, domain = self.return_base.rpartition("@")
        return f"{local}+{RETURN_MARK}{tokens.address_token(secrets.token_bytes(tokens.ENTROPY_BYTES))}@{domain}"

    # ---- what became of it -----------------------------------------------------------------------

    def fate(self, session: Session, letter: LetterRow, at: datetime) -> None:
        """A letter was handed over, or given up for good; nothing happens for letters that are no notice."""
        row = session.get(SendingRow, letter.sending_id) if letter.sending_id else None
        if row is None or row.state != Sending.WAITING:
            return
        if letter.state == HANDED_OVER:
            self.sent(session, row, at)
        elif letter.state == FAILED:
            self._failed(session, row, notices.Failure.HARD, letter.reply, at)

    def returned(self, session: Session, submission: SubmissionRow, at: datetime) -> None:
        """A notice that was handed over came back: a delivery report to its own return address (RFC 3464).

        What does not come to such an address, or reports no failure, changes nothing.
        """
        message = mapping.message_of(submission)
        what = notices.failure(message.returned) if message else None
        if message is None or what is None:
            return
        for letter in self._come_back(session, submission, message):
            row = session.get_one(SendingRow, letter.sending_id)
            if row.state == Sending.SENT:
                self._failed(session, row, what, _said(message), at, report=submission.number)

    def _come_back(self, session: Session, submission: SubmissionRow, message: MessageFacts) -> Sequence[LetterRow]:
        envelope = mapping.ENVELOPE.validate_python(submission.envelope)
        to = [address for address in envelope.recipients or message.recipients_named if RETURN_MARK in address]
        return session.scalars(
            select(LetterRow).where(
                func.lower(col(LetterRow.sender)).in_([address.lower() for address in to]),
                col(LetterRow.sending_id).is_not(None),
            )
        ).all()

    def sent(
        self, session: Session, row: SendingRow, at: datetime, day: date | None = None, officer: str | None = None
    ) -> None:
        """One person was reached, on `day` (else today): the term counts from then when that is later."""
        row.state, row.sent_at, row.code = Sending.SENT, at, None
        message, request = self._of(session, row)
        day = day or terms.local_day(at)
        event = _event(row, message, request) | {"verzondenOp": day.isoformat(), "medewerker": officer}
        name = EventName.LETTER_POSTED if row.way == Way.POST else EventName.NOTICE_SENT
        self._note(session, name, at, event)
        if message.kind == MessageKind.REQUEST:
            self.restart(session, request, day, at)

    def _failed(
        self,
        session: Session,
        row: SendingRow,
        what: notices.Failure,
        answer: str,
        at: datetime,
        report: str | None = None,
    ) -> None:
        row.state = Sending.FAILED
        message, request = self._of(session, row)
        event = _event(row, message, request) | {"fout": what, "antwoord": answer[:500], "melding": report}
        self._note(session, EventName.NOTICE_FAILED, at, event)
        party = session.get_one(PartyRow, row.party_id)
        way = notices.follows(what, row.attempt)
        if way is Way.POST and self._on_paper(session, message, party):
            return
        self._sending(session, message, party, way, Why.RETURNED, at, attempt=row.attempt + 1)

    def _on_paper(self, session: Session, message: MessageRow, party: PartyRow) -> bool:
        """Whether the paper letter is on its way already, or was sent."""
        return any(row.party_id == party.id for row in self._sendings(session, message, Way.POST))

    def end_of(self, request: RequestRow, day: date) -> terms.TermEnd:
        """The end of the request's term if it was sent on that day."""
        term = Term(request.term_count, Unit(request.term_unit))
        return terms.last_day(day, term, self.calendar, moves=self.own_terms_move)

    def restart(self, session: Session, request: RequestRow, day: date, at: datetime) -> None:
        """The request counts as sent on `day`, if that gives more time (Awb 2:11 lid 3)."""
        end = self.end_of(request, day)
        if end.day <= request.last_day or request.status not in {RequestStatus.OPEN, RequestStatus.LAPSED}:
            return
        event = {
            "verzoek": request.reference,
            "van": request.last_day.isoformat(),
            "tot": end.day.isoformat(),
            "eerderVerzondenOp": request.sent_day.isoformat(),
            "verzondenOp": day.isoformat(),
            "afleiding": list(terms.derivation(end, "nl")),
        }
        request.sent_day, request.last_day = day, end.day
        request.status, request.needs_person = RequestStatus.OPEN, False
        self._note(session, EventName.TERM_RESTARTED, at, event)

    # ---- consent ---------------------------------------------------------------------------------

    def redirect_to_paper(
        self, session: Session, party: PartyRow, why: Why, at: datetime, kinds: Iterable[MessageKind]
    ) -> None:
        """No mail to this person for these kinds from now on: what waits goes on paper instead."""
        waiting = session.scalars(
            select(SendingRow)
            .join(MessageRow, col(MessageRow.id) == col(SendingRow.message_id))
            .where(
                col(MessageRow.kind).in_(list(kinds)),
                col(SendingRow.party_id) == party.id,
                col(SendingRow.way) == Way.MAIL,
                col(SendingRow.state) == Sending.WAITING,
            )
        ).all()
        for row in waiting:
            self._drop(session, row)
            message, _request = self._of(session, row)
            if not self._on_paper(session, message, party):
                self._sending(session, message, party, Way.POST, why, at, attempt=row.attempt + 1)

    # ---- not any more ----------------------------------------------------------------------------

    def stop_reminding(self, session: Session, request: RequestRow, at: datetime) -> None:
        """No reminder of this request that waits goes out any more; what was sent stays sent."""
        messages = session.scalars(
            select(MessageRow).where(
                col(MessageRow.request_id) == request.id,
                col(MessageRow.kind) == MessageKind.REMINDER,
                col(MessageRow.stopped_at).is_(None),
            )
        ).all()
        for message in messages:
            waiting = [row for way in Way for row in self._sendings(session, message, way, Sending.WAITING)]
            for row in waiting:
                self._drop(session, row)
            message.stopped_at = at
            if waiting or message.placed_at is None:
                event = {"verzoek": request.reference, "bericht": message.key, "status": request.status}
                self._note(session, EventName.REMINDER_STOPPED, at, event)

    def _drop(self, session: Session, row: SendingRow) -> None:
        row.state = Sending.DROPPED
        for letter in session.scalars(select(LetterRow).where(col(LetterRow.sending_id) == row.id)):
            letter.state = WITHDRAWN

    # ---- all items answered ----------------------------------------------------------------------

    def answered(self, session: Session, request: RequestRow, at: datetime) -> None:
        """Every item has an answer: who was asked by a letter of ours gets a receipt of that (R09: no judgement)."""
        if self._asked_by_us(session, request):
            content = {"verzoek": self.view(session, request), "beantwoordOp": instant(at)}
            self.prepare(session, request, MessageKind.ANSWERED, content, at)

    def _asked_by_us(self, session: Session, request: RequestRow) -> bool:
        asked = select(col(MessageRow.id)).where(
            col(MessageRow.request_id) == request.id, col(MessageRow.kind) == MessageKind.REQUEST
        )
        return session.scalar(asked.limit(1)) is not None

    # ---- looking ---------------------------------------------------------------------------------

    def unproven(self, session: Session, request: RequestRow) -> str:
        """Why nothing may lapse by itself: whom of the people we cannot show to have been told; empty when all were.

        A request whose letter did not come from us is the word of the body that sent it.
        """
        rows = session.execute(
            select(SendingRow, col(PartyRow.name), col(PartyRow.role))
            .join(MessageRow, col(MessageRow.id) == col(SendingRow.message_id))
            .join(PartyRow, col(PartyRow.id) == col(SendingRow.party_id))
            .where(col(MessageRow.request_id) == request.id, col(MessageRow.kind) == MessageKind.REQUEST)
            .order_by(col(SendingRow.id))
        ).all()
        by_party: dict[tuple[int, str], list[Sending]] = {}
        for row, _name, role in rows:
            by_party.setdefault((row.party_id, role), []).append(Sending(row.state))
        untold = [role for (_, role), states in by_party.items() if not notices.proven(states)]
        if not untold:
            return ""
        return f"niet bewezen dat het verzoek is aangekondigd aan: {', '.join(untold)} (art. 2:22 Awb)"

    def view(self, session: Session, request: RequestRow) -> Json:
        """The contract's JSON of the request as it is now."""
        return dump(from_core(mapping.request_of(session, request)))

    def _sendings(
        self, session: Session, message: MessageRow, way: Way, state: Sending | None = None
    ) -> Sequence[SendingRow]:
        query = select(SendingRow).where(col(SendingRow.message_id) == message.id, col(SendingRow.way) == way)
        if state is not None:
            query = query.where(col(SendingRow.state) == state)
        return session.scalars(query.order_by(col(SendingRow.id))).all()

    def _of(self, session: Session, row: SendingRow) -> tuple[MessageRow, RequestRow]:
        message = session.get_one(MessageRow, row.message_id)
        return message, session.get_one(RequestRow, message.request_id)

    def _note(self, session: Session, name: EventName, at: datetime, event: Json) -> int:
        session.flush()
        return self.ledger.append(session, name, at, event["verzoek"], event)


def _event(row: SendingRow, message: MessageRow, request: RequestRow) -> Json:
    return {
        "verzoek": request.reference,
        "bericht": message.key,
        "betrokkene": row.party_id,
        "weg": row.way,
        "waarom": row.why,
        "poging": row.attempt,
    }


def _said(message: MessageFacts) -> str:
    return "; ".join(f"{r.action} {r.status}" for r in message.returned)
