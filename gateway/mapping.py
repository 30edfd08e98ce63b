"""Rows to core values and to the contract's JSON, and back: the only place that knows both."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlmodel import Session, col

from gateway.core.answers import ABOUT_THE_BYTES
from gateway.core.decide import outcome, with_original
from gateway.core.facts import Act, Clue, Facts
from gateway.core.model import (
    Arrival,
    Decision,
    DocumentDecision,
    Envelope,
    Finding,
    Inspection,
    Item,
    MessageFacts,
    Part,
    PartRole,
    Party,
    Request,
    StoredFile,
    Term,
    Trouble,
    Verdict,
)
from gateway.core.states import STATUS, Step
from gateway.core.terms import AMSTERDAM, is_on_time
from gateway.core.words import (
    Channel,
    DocumentOutcome,
    ItemStatus,
    Outcome,
    Procedure,
    Reason,
    RequestStatus,
    Role,
    Status,
    Unit,
)
from gateway.records import FileRow, ItemRow, PartRow, PartyRow, RequestRow, ShareRow, SubmissionRow
from gateway.schema import Inzending, InzendingStuk, instant

FACTS = TypeAdapter(Facts)
MESSAGE = TypeAdapter(MessageFacts)
TROUBLE = TypeAdapter(Trouble)
CLUE = TypeAdapter(Clue)
ACT = TypeAdapter(Act)
ENVELOPE = TypeAdapter(Envelope)
FINDINGS = TypeAdapter(tuple[Finding, ...])


# ---- requests ------------------------------------------------------------------------------------


def request_of(session: Session, row: RequestRow) -> Request:
    """The core's request for a row, with its people and items in order."""
    parties = session.scalars(select(PartyRow).where(col(PartyRow.request_id) == row.id).order_by(col(PartyRow.id)))
    items = session.scalars(select(ItemRow).where(col(ItemRow.request_id) == row.id).order_by(col(ItemRow.position)))
    decision = Term(row.decision_count, Unit(row.decision_unit)) if row.decision_count and row.decision_unit else None
    return Request(
        reference=row.reference,
        case_number=row.case_number,
        application_kind=row.application_kind,
        procedure=Procedure(row.procedure),
        language=row.language,
        sent_day=row.sent_day,
        term=Term(row.term_count, Unit(row.term_unit)),
        channels=tuple(row.channels),
        parties=tuple(Party(Role(p.role), p.name, p.email, p.organisation, p.consents) for p in parties),
        items=tuple(
            Item(
                i.number,
                i.kind,
                i.description,
                i.person,
                i.original_required,
                i.statement_allowed,
                ItemStatus(i.status),
            )
            for i in items
        ),
        last_day=row.last_day,
        mail_address=row.mail_address,
        status=RequestStatus(row.status),
        decision_received_day=row.decision_received_day,
        decision_term=decision,
        template=row.template,
        follows=row.follows,
    )


def requests_of(session: Session, row: SubmissionRow) -> Sequence[RequestRow]:
    """The requests that a submission is for, by reference: none, one or several."""
    if row.request_id is not None:
        return [session.get_one(RequestRow, row.request_id)]
    shares = select(col(ShareRow.request_id)).where(col(ShareRow.submission_id) == row.id)
    requests = select(RequestRow).where(col(RequestRow.id).in_(shares)).order_by(col(RequestRow.reference))
    return session.scalars(requests).all()


# ---- submissions ---------------------------------------------------------------------------------


def file_rows(session: Session, row: SubmissionRow) -> Sequence[FileRow]:
    """The received files, in their order."""
    return session.scalars(
        select(FileRow).where(col(FileRow.submission_id) == row.id).order_by(col(FileRow.position))
    ).all()


def files_of(session: Session, row: SubmissionRow) -> tuple[StoredFile, ...]:
    """The received files, in their order."""
    return tuple(StoredFile(f.sha256, f.bytes, f.name, f.media_type, f.item) for f in file_rows(session, row))


def arrival_of(session: Session, row: SubmissionRow) -> Arrival:
    """The arrival as the channel handed it in."""
    return Arrival(
        channel=Channel(row.channel),
        received_at=row.received_at,
        files=files_of(session, row),
        source=row.source,
        envelope=ENVELOPE.validate_python(row.envelope),
        request=row.session_request,
    )


def message_of(row: SubmissionRow) -> MessageFacts | None:
    """What the message says, once it was read."""
    return MESSAGE.validate_python(row.message) if row.message is not None else None


def part_rows(session: Session, row: SubmissionRow) -> Sequence[PartRow]:
    """The parts, in their order."""
    return session.scalars(select(PartRow).where(col(PartRow.submission_id) == row.id).order_by(col(PartRow.seq))).all()


def part_of(row: PartRow) -> Part:
    """The part as the reader found it."""
    return Part(
        row.seq,
        row.parent,
        PartRole(row.role),
        row.name,
        row.original_name,
        row.declared_type,
        row.bytes,
        row.sha256,
        row.note,
        row.item,
    )


def inspection_of(row: PartRow) -> Inspection | None:
    """What the scanners said of the part, once they looked."""
    if row.verdict is None:
        return None
    return Inspection(row.sha256, row.media_type, Verdict(row.verdict), FINDINGS.validate_python(row.findings))


_SEALED: Final[dict[str, tuple[str, ...]]] = {
    "inzending": ("source", "session_request", "sender", "message", "trouble", "malware", "clues"),
    "feiten": ("decisions", "facts", "outcome", "rule", "ground", "detail", "reasons"),
    "bestanden": ("position", "sha256", "bytes", "name", "media_type", "item"),
    "delen": (
        "seq", "parent", "role", "name", "original_name", "declared_type", "bytes", "sha256", "note", "item",
        "media_type", "verdict", "findings", "outcome", "reason", "number", "request",
    ),
}  # fmt: skip
"""What a decision rests on and says, by the rows it stands in. A new column needs a new key."""


def seal(row: SubmissionRow, files: Sequence[FileRow], parts: Sequence[PartRow]) -> dict[str, str]:
    """The SHA-256 of what a decision rests on and says, for its ledger entry: rows changed later do not match it."""
    rows: dict[str, Sequence[Any]] = {"inzending": [row], "feiten": [row], "bestanden": files, "delen": parts}
    return {key: _digest(rows[key], columns) for key, columns in _SEALED.items()}


def _digest(rows: Sequence[Any], columns: Sequence[str]) -> str:
    return digest([[getattr(row, column) for column in columns] for row in rows])


def digest(value: Any) -> str:  # noqa: ANN401  # JSON
    """The SHA-256 of what a column has as JSON: an entry of the log seals it so."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def decision_of(row: SubmissionRow, parts: Sequence[PartRow]) -> Decision | None:
    """The decision as stored, once there is one."""
    if row.outcome is None:
        return None
    documents = tuple(
        DocumentDecision(p.seq, DocumentOutcome(p.outcome), Reason(p.reason) if p.reason else None, p.number, p.request)
        for p in parts
        if p.outcome
    )
    reasons = tuple(Reason(r) for r in row.reasons)
    registered = ENVELOPE.validate_python(row.envelope).registered
    originals = with_original(documents, registered.originals) if registered else ()
    return Decision(Outcome(row.outcome), row.rule, row.ground, reasons, documents, row.detail, originals)


def envelope_json(envelope: Envelope) -> dict[str, Any]:
    """The envelope as it is stored and as events show it; of what was not registered by hand, no word of that."""
    made: dict[str, Any] = ENVELOPE.dump_python(envelope, mode="json", exclude_none=True)
    return made


def in_time(row: SubmissionRow, last_day: date) -> bool:
    """Whether a submission came in time; of post the day of the postmark may count (Awb 6:9)."""
    registered = ENVELOPE.validate_python(row.envelope).registered
    return registered.counts_day <= last_day if registered else is_on_time(row.received_at, last_day)


def local_offset(at: datetime) -> str:
    """The offset of Europe/Amsterdam at an instant, e.g. `+02:00`."""
    return at.astimezone(AMSTERDAM).isoformat()[-6:]


def submission_view(session: Session, row: SubmissionRow) -> Inzending:
    """The contract's submission for a row, with all that it is for: for our own people and for who sent it."""
    requests = requests_of(session, row)
    only = requests[0].reference if len(requests) == 1 else None
    every = part_rows(session, row)
    copies = {part.parent: part.sha256 for part in every if part.role == PartRole.COPY}
    parts = [part for part in every if part.role == PartRole.DOCUMENT]
    index = row.receipt_index if row.receipt_index is not None else row.arrival_index
    times = {in_time(row, request.last_day) for request in requests}
    return Inzending(
        ontvangstnummer=row.number,
        kanaal=Channel(row.channel),
        ontvangenOp=instant(row.received_at),
        tijdzone=local_offset(row.received_at),
        afzender=row.sender,
        geadresseerde=", ".join(ENVELOPE.validate_python(row.envelope).recipients),
        verzoek=only,
        verzoeken=tuple(request.reference for request in requests),
        status=STATUS[Step(row.step)],
        besluit=Outcome(row.outcome) if row.outcome else None,
        redenen=tuple(Reason(reason) for reason in row.reasons),
        opTijd=times.pop() if len(times) == 1 else None,
        stukken=tuple(document_view(part, only, copies.get(part.seq)) for part in parts)
        or tuple(_received_view(f, only) for f in files_of(session, row) if row.step == Step.ACCEPTED),
        logIndex=index,
        gewistOp=instant(row.erased_at) if row.erased_at else None,
    )


def share_view(session: Session, row: SubmissionRow, request: RequestRow) -> Inzending:
    """The contract's submission as one request knows it: nothing of what is for others, or may be (P5, P7)."""
    view = submission_view(session, row)
    if len(view.verzoeken) < 2:  # noqa: PLR2004  # the whole is its share
        return view
    share = session.get_one(ShareRow, (row.id, request.id))
    return _without_others(view, request.reference).model_copy(
        update={
            "opTijd": in_time(row, request.last_day),
            "logIndex": row.arrival_index if share.receipt_index is None else share.receipt_index,
        }
    )


def _without_others(view: Inzending, reference: str) -> Inzending:
    ours = tuple(stuk for stuk in view.stukken if stuk.verzoek == reference)
    nobodys = tuple(stuk for stuk in view.stukken if stuk.verzoek is None)
    theirs = tuple(stuk for stuk in view.stukken if stuk.verzoek not in {None, reference})
    ours_too = {stuk.reden for stuk in (*ours, *nobodys)}
    update: dict[str, Any] = {
        "geadresseerde": "",  # names the secret addresses of the others too
        "verzoek": reference,
        "verzoeken": (reference,),
        "redenen": tuple(r for r in view.redenen if r in ours_too or r not in {stuk.reden for stuk in theirs}),
        "stukken": ours,
    }
    held_whole = view.besluit is Outcome.HELD and set(view.redenen) - {stuk.reden for stuk in view.stukken}
    if theirs and not held_whole:  # what was decided on them says nothing about ours
        besluit = outcome({stuk.besluit for stuk in (*ours, *nobodys) if stuk.besluit})
        update |= {"besluit": besluit, "status": Status.HELD if besluit is Outcome.HELD else view.status}
        if view.status is Status.HELD and besluit is not Outcome.HELD:
            update["status"] = Status.DONE
    return view.model_copy(update=update)


def document_view(part: PartRow, only: str | None, copy: str | None) -> InzendingStuk:
    """The contract's document for a part; `only`: the one request that its submission is for.

    `copy`: the SHA-256 of its copy without password, if it has one.
    """
    return InzendingStuk(
        naam=part.name,
        bytes=part.bytes,
        sha256=part.sha256,
        mediatype=part.media_type or part.declared_type,
        besluit=DocumentOutcome(part.outcome) if part.outcome else None,
        reden=Reason(part.reason) if part.reason else None,
        nummer=part.number,
        verzoek=only or part.request,
        zonderWachtwoord=copy,
    )


def _received_view(file: StoredFile, only: str | None) -> InzendingStuk:
    """What is known of a received file before it was read."""
    return InzendingStuk(
        naam=file.name,
        bytes=file.bytes,
        sha256=file.sha256,
        mediatype=file.media_type,
        besluit=None,
        reden=None,
        nummer=file.item,
        verzoek=only,
    )


def neutral(view: Inzending) -> Inzending:
    """What an unknown or unauthenticated sender may learn: that these bytes came in, and when (P7).

    File names are left out too: a forged sender address would carry them to somebody else. Of the reasons
    only those stay that follow from the bytes themselves.
    """
    bare = tuple(
        s.model_copy(
            update={
                "naam": "",
                "besluit": None,
                "reden": _about_the_bytes(s.reden),
                "nummer": None,
                "verzoek": None,
                "zonderWachtwoord": None,
            }
        )
        for s in view.stukken
    )
    return view.model_copy(
        update={
            "geadresseerde": "",
            "verzoek": None,
            "verzoeken": (),
            "status": Status.RECEIVED,
            "besluit": None,
            "redenen": tuple(reason for reason in view.redenen if _about_the_bytes(reason)),
            "opTijd": None,
            "stukken": bare,
        }
    )


def _about_the_bytes(reason: Reason | None) -> Reason | None:
    return reason if reason in ABOUT_THE_BYTES else None
