"""What we asked: open a request, extend it, close it.

Rule 1: an import is all or nothing, and a refusal names every fault.
Rule 2: secrets are made here; the access code leaves once and is kept as a hash.
Rule 3: the old last day is never lost: every change is an entry in the ledger.
Rule 4: nothing is closed for default here: see `gateway.closing` (P10).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import mapping
from gateway.core import leniency, terms, tokens
from gateway.core.errors import Fault, Refused
from gateway.core.model import Item, Request, Term
from gateway.core.terms import AMSTERDAM
from gateway.core.words import EventName, ItemStatus, RequestStatus
from gateway.database import Database
from gateway.inquiry import request_row
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.postroom import Postroom
from gateway.records import ItemRow, PartyRow, RequestRow
from gateway.schema import VerzoekIn, VerzoekNieuw, dump, from_core, to_core

SALT_BYTES = 16


class Requests:
    """Every method is one transaction: done and in the ledger, or not done at all."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        calendar: terms.Calendar,
        address: str,
        *,
        own_terms_move: bool = True,
        postroom: Postroom | None = None,
    ) -> None:
        """`postroom`: hears that a reminder is not needed any more."""
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._calendar = calendar
        self._address = address
        self._own_terms_move = own_terms_move
        self._postroom = postroom

    def open(self, values: Sequence[VerzoekIn]) -> tuple[VerzoekNieuw, ...]:
        """Open all the requests; each comes back with its last day, mail address and access code.

        Raises Refused when a reference is in use already; then none was opened.
        """
        with self._database.write() as session:
            return self.open_in(session, values)

    def open_in(self, session: Session, values: Sequence[VerzoekIn]) -> tuple[VerzoekNieuw, ...]:
        """`open`, in the caller's transaction."""
        self._ledger.lock(session)  # of two processes with one reference, the second is refused
        _refuse_known(session, values)
        _refuse_strange(session, values)
        return tuple(self._open(session, value) for value in values)

    def new_code(self, row: RequestRow) -> str:
        """Another access code for the request; the one before opens nothing any more."""
        code = tokens.access_code(secrets.token_bytes(tokens.ENTROPY_BYTES))
        row.code_salt = secrets.token_bytes(SALT_BYTES)
        row.code_hash = hash_secret(tokens.read_token(code).value, row.code_salt)
        return code

    def _open(self, session: Session, value: VerzoekIn) -> VerzoekNieuw:
        token = tokens.address_token(secrets.token_bytes(tokens.ENTROPY_BYTES))
        local, _, domain = self._address.rpartition("@")
        end = self.last_day(value)
        request = to_core(value, end.day, f"{local}+{token}@{domain}")
        code = tokens.access_code(secrets.token_bytes(tokens.ENTROPY_BYTES))
        _insert(session, request, tokens.read_token(token).value, code)
        view = dump(from_core(request))
        derivation = list(terms.derivation(end, "nl"))
        self._note(session, EventName.REQUEST_OPENED, request.reference, view | {"afleiding": derivation})
        return VerzoekNieuw.model_validate(view | {"toegangscode": code})

    def last_day(self, value: VerzoekIn) -> terms.TermEnd:
        """The end of the term, with its derivation."""
        core = to_core(value, value.verzondenOp, "")
        return self.end_of(core.sent_day, core.term)

    def end_of(self, sent_day: date, term: Term) -> terms.TermEnd:
        """The end of a term that is not set yet, with its derivation."""
        return terms.last_day(sent_day, term, self._calendar, moves=self._own_terms_move)

    def missing(self, reference: str) -> tuple[Item, ...]:
        """What is still missing of a request, as it would be asked again. Raises NotFound."""
        with self._database.read() as session:
            request = mapping.request_of(session, request_row(session, reference))
            return tuple(replace(item, status=ItemStatus.OPEN) for item in request.missing_items())

    def after_redirection(self, reference: str, received_at: datetime) -> leniency.Later:
        """What it costs to point now to the right way for what came in then (Awb 2:23). Raises NotFound."""
        with self._database.read() as session:
            last_day = request_row(session, reference).last_day
        return leniency.after_redirection(last_day, received_at, self._clock.now(), self._calendar)

    def free_reference(self, prefix: str) -> str:
        """A reference that nobody has, such as `HV-2026-482913`.

        By chance and not by counting: two people who register at once hardly ever get the same, and a reference
        tells nobody how many there are.
        """
        year = self._clock.now().astimezone(AMSTERDAM).year
        with self._database.read() as session:
            while True:
                reference = f"{prefix}-{year}-{secrets.randbelow(10**6):06}"
                known = select(col(RequestRow.id)).where(col(RequestRow.reference) == reference)
                if session.scalar(known) is None:
                    return reference

    def extend(self, reference: str, until: date, reason: str, officer: str) -> Request:
        """Give more time (uitstel); a lapsed request is open again. Tells nobody. Raises Refused, NotFound."""
        with self._database.write() as session:
            row = open_row(session, reference)
            self.extend_in(session, row, until, {"reden": reason, "medewerker": officer})
            return mapping.request_of(session, row)

    def extend_in(self, session: Session, row: RequestRow, until: date, why: dict[str, Any]) -> None:
        """`extend`, in the caller's transaction; `why` has the reason and who did it."""
        refuse_empty("reason", str(why["reden"]))
        if until <= row.last_day:
            raise Refused.because("until", f"{until} is niet later dan de laatste dag {row.last_day}")
        self.lengthen(session, row, until, why)

    def lengthen(self, session: Session, row: RequestRow, until: date, why: dict[str, Any]) -> None:
        """Give more time within a transaction of the caller; `why`: who did it and for what reason."""
        event = {"van": row.last_day.isoformat(), "tot": until.isoformat()}
        row.last_day, row.withheld, row.needs_person = until, "", False
        if row.status == RequestStatus.LAPSED:
            row.status = RequestStatus.OPEN
        self._stop_reminding(session, row)
        self._note(session, EventName.REQUEST_EXTENDED, row.reference, event | why)

    def close(self, reference: str, reason: str, officer: str) -> Request:
        """Close the request; a person did it, for a reason. Raises Refused, NotFound."""
        with self._database.write() as session:
            row = open_row(session, reference)
            refuse_empty("reason", reason)
            refuse_empty("officer", officer)
            event = {"was": row.status, "reden": reason, "medewerker": officer}
            row.status, row.needs_person, row.withheld = RequestStatus.CLOSED, False, ""
            self._note(session, EventName.REQUEST_CLOSED, reference, event)
            self._stop_reminding(session, row)
            return mapping.request_of(session, row)

    def judge(self, reference: str, number: str, *, approved: bool, officer: str) -> Request:
        """A person judged an item's documents; rejecting opens the item again. Raises Refused, NotFound."""
        with self._database.write() as session:
            row = open_row(session, reference)
            item = session.scalars(
                select(ItemRow).where(col(ItemRow.request_id) == row.id, col(ItemRow.number) == number)
            ).first()
            if item is None:
                raise Refused.because("nummer", f"verzoek {reference} heeft geen stuk {number}")
            item.status = ItemStatus.APPROVED if approved else ItemStatus.REJECTED
            if not approved and row.status == RequestStatus.COMPLETE:
                row.status = RequestStatus.OPEN
            event = {"nummer": number, "status": item.status, "medewerker": officer}
            self._note(session, EventName.PERSON_ACTED, reference, event)
            return mapping.request_of(session, row)

    def opens(self, reference: str, code: str) -> bool:
        """Whether the access code opens the request. Takes the same time for an unknown reference."""
        with self._database.read() as session:
            row = session.scalars(select(RequestRow).where(col(RequestRow.reference) == reference)).first()
            salt, expected = (row.code_salt, row.code_hash) if row else (bytes(SALT_BYTES), b"")
        return hmac.compare_digest(hash_secret(tokens.read_token(code).value, salt), expected)

    def _stop_reminding(self, session: Session, row: RequestRow) -> None:
        """What waits tells of another last day, or of none any more."""
        if self._postroom is not None:
            self._postroom.stop_reminding(session, row, self._clock.now())

    def _note(self, session: Session, name: EventName, reference: str, event: dict[str, Any]) -> None:
        session.flush()
        self._ledger.append(session, name, self._clock.now(), reference, event | {"verzoek": reference})


def hash_secret(secret: str, salt: bytes) -> bytes:
    """What is kept of a secret that people type (scrypt, RFC 7914): 32 bytes."""
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _refuse_known(session: Session, values: Sequence[VerzoekIn]) -> None:
    references = [value.kenmerk for value in values]
    known = set(session.scalars(select(col(RequestRow.reference)).where(col(RequestRow.reference).in_(references))))
    faults = [
        Fault(f"{place}.kenmerk" if len(values) > 1 else "kenmerk", f"{reference} is al in gebruik")
        for place, reference in enumerate(references)
        if reference in known or reference in references[:place]
    ]
    if faults:
        raise Refused(tuple(faults))


def _refuse_strange(session: Session, values: Sequence[VerzoekIn]) -> None:
    """A later round belongs to the case of the earlier one."""
    followed = {value.vervolgOp for value in values if value.vervolgOp}
    rows = session.scalars(select(RequestRow).where(col(RequestRow.reference).in_(followed)))
    cases = {row.reference: row.case_number for row in rows}
    faults = [
        Fault(f"{place}.vervolgOp" if len(values) > 1 else "vervolgOp", problem)
        for place, value in enumerate(values)
        if (problem := _strange(value, cases.get(value.vervolgOp)))
    ]
    if faults:
        raise Refused(tuple(faults))


def _strange(value: VerzoekIn, case: str | None) -> str:
    if not value.vervolgOp or case == value.zaaknummer:
        return ""
    if case is None:
        return f"er is geen verzoek {value.vervolgOp}"
    return f"verzoek {value.vervolgOp} hoort bij een andere zaak"


def refuse_empty(place: str, text: str) -> None:
    """Raises Refused when there is nothing to read."""
    if not text.strip():
        raise Refused.because(place, "mag niet leeg zijn")


def open_row(session: Session, reference: str) -> RequestRow:
    """The row of a request that is not closed, for us alone until the commit. Raises Refused, NotFound."""
    row = request_row(session, reference)
    session.refresh(row, with_for_update=True)  # two people at once: the second sees what the first did
    if row.erased_at is not None:
        raise Refused.because("kenmerk", f"de gegevens van verzoek {reference} zijn gewist (bewaartermijn)")
    if row.status == RequestStatus.CLOSED:
        raise Refused.because("kenmerk", f"verzoek {reference} is gesloten")
    return row


def _insert(session: Session, request: Request, token: str, code: str) -> None:
    salt = secrets.token_bytes(SALT_BYTES)
    decision = request.decision_term
    row = RequestRow(
        reference=request.reference,
        case_number=request.case_number,
        application_kind=request.application_kind,
        procedure=request.procedure,
        language=request.language,
        sent_day=request.sent_day,
        term_count=request.term.count,
        term_unit=request.term.unit,
        channels=list(request.channels),
        last_day=request.last_day,
        token=token,
        mail_address=request.mail_address,
        code_salt=salt,
        code_hash=hash_secret(tokens.read_token(code).value, salt),
        status=request.status,
        decision_received_day=request.decision_received_day,
        decision_count=decision.count if decision else None,
        decision_unit=decision.unit if decision else None,
        template=request.template,
        follows=request.follows,
    )
    session.add(row)
    session.flush()
    session.add_all(
        PartyRow(
            request_id=row.id,
            role=p.role,
            name=p.name,
            email=p.email,
            organisation=p.organisation,
            consents=p.consents,
        )
        for p in request.parties
    )
    session.add_all(
        ItemRow(
            request_id=row.id,
            position=place,
            number=i.number,
            kind=i.kind,
            description=i.description,
            person=i.person,
            original_required=i.original_required,
            statement_allowed=i.statement_allowed,
            status=i.status,
        )
        for place, i in enumerate(request.items)
    )
