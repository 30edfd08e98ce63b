"""Read-only lists for screens, the API and the command line; never used by the walk."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlmodel import Session, col

from gateway import mapping
from gateway.checkpoints import CLOCKS_DIFFER
from gateway.core import authentication, tokens
from gateway.core.arrivals import ARRIVALS, addresses_of
from gateway.core.errors import NotFound
from gateway.core.facts import Facts
from gateway.core.model import PartRole, StoredFile
from gateway.core.states import RESTING, STATUS, Step
from gateway.core.words import Outcome, Reason, Status
from gateway.database import Database
from gateway.inquiry import is_for, request_row, submission_row
from gateway.records import EntryRow, LetterRow, RequestRow, ShareRow, SubmissionRow
from gateway.schema import Inzending, Verzoek, from_core, instant


@dataclass(frozen=True)
class Why:
    """A decision explained: the facts it was taken on, the rule that spoke, reason and legal ground."""

    number: str
    outcome: Outcome | None
    rule: str
    ground: str
    detail: str
    reasons: tuple[str, ...]
    suggestions: tuple[str, ...]
    facts: Facts | None


@dataclass(frozen=True)
class IgnoredPart:
    """A part that is no document, and why; nothing is left out in silence."""

    name: str
    bytes: int
    role: str
    note: str


@dataclass(frozen=True)
class Event:
    """One ledger entry as it may be shown: when, what, about what."""

    index: int
    name: str
    at: datetime
    subject: str
    content: dict[str, Any] | None


@dataclass(frozen=True)
class Found:
    """A submission as an auditor finds it: both clocks, and where it stands; no name, no content."""

    number: str
    channel: str
    received_at: datetime
    recorded_at: datetime
    index: int
    requests: tuple[str, ...]
    outcome: str | None


@dataclass(frozen=True)
class Document:
    """A document as filed: its bytes are in the blobs. `copy`: the one without password, of one that was locked."""

    submission: str
    seq: int
    name: str
    sha256: str
    bytes: int
    media_type: str
    outcome: str
    reason: str | None
    number: str | None
    copy: StoredFile | None = None


class Queries:
    """Every method is one read transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- requests --------------------------------------------------------------------------------

    def requests(self, status: str | None = None) -> tuple[Verzoek, ...]:
        """All requests (of a status), the nearest last day first."""
        query = select(RequestRow).order_by(col(RequestRow.last_day), col(RequestRow.reference))
        if status is not None:
            query = query.where(col(RequestRow.status) == status)
        with self._database.read() as session:
            return tuple(_request_view(session, row) for row in session.scalars(query))

    def request(self, reference: str) -> Verzoek:
        """One request. Raises NotFound."""
        with self._database.read() as session:
            return _request_view(session, request_row(session, reference))

    def documents(self, reference: str) -> tuple[Document, ...]:
        """Every document that came in for a request, in order of arrival."""
        with self._database.read() as session:
            row = request_row(session, reference)
            submissions = session.scalars(select(SubmissionRow).where(is_for(row)).order_by(col(SubmissionRow.id)))
            return tuple(found for submission in submissions for found in _documents(session, submission, row))

    # ---- submissions -----------------------------------------------------------------------------

    def held_for(self, reason: Reason) -> tuple[str, ...]:
        """The receipt numbers of what is held for a reason."""
        query = select(col(SubmissionRow.number), col(SubmissionRow.reasons)).where(
            col(SubmissionRow.step) == Step.HELD, col(SubmissionRow.request_id).is_not(None)
        )
        with self._database.read() as session:
            return tuple(number for number, reasons in session.execute(query) if reason in reasons)

    def later_rounds(self, reference: str) -> tuple[str, ...]:
        """The requests that ask again for what this one lacked."""
        query = select(col(RequestRow.reference)).where(col(RequestRow.follows) == reference)
        with self._database.read() as session:
            return tuple(session.scalars(query.order_by(col(RequestRow.id))))

    def submissions(
        self,
        request: str | None = None,
        status: Status | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[Inzending, ...]:
        """Submissions in order of arrival; `until` is exclusive. Those of a request: each as that request's share."""
        query = select(SubmissionRow).order_by(col(SubmissionRow.received_at), col(SubmissionRow.id))
        if status is not None:
            query = query.where(col(SubmissionRow.step).in_([s for s in Step if STATUS[s] is status]))
        if since is not None:
            query = query.where(col(SubmissionRow.received_at) >= since)
        if until is not None:
            query = query.where(col(SubmissionRow.received_at) < until)
        with self._database.read() as session:
            if request is None:
                return tuple(mapping.submission_view(session, row) for row in session.scalars(query))
            asked = request_row(session, request)
            # Before matching only the session it came in by can tell.
            unmatched = and_(
                col(SubmissionRow.request_id).is_(None),
                ~exists(select(ShareRow).where(col(ShareRow.submission_id) == col(SubmissionRow.id))),
                col(SubmissionRow.session_request) == request,
            )
            rows = session.scalars(query.where(or_(is_for(asked), unmatched)))
            return tuple(mapping.share_view(session, row, asked) for row in rows)

    def arrived(
        self, wanted: str = "", most: int = 200, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Found, ...]:
        """Submissions by receipt number, reference, case number or the sender's address, by moment of receipt.

        `wanted` empty: whosever they are; `until` is exclusive. At most so many, the first ones; every way goes by an
        index, whatever the number of entries.
        """
        text = wanted.strip()
        with self._database.read() as session:
            query = select(SubmissionRow).where(_named(session, text) if text else true()).limit(most)
            if since is not None:
                query = query.where(col(SubmissionRow.received_at) >= since)
            if until is not None:
                query = query.where(col(SubmissionRow.received_at) < until)
            rows = session.scalars(query.order_by(col(SubmissionRow.received_at), col(SubmissionRow.id))).all()
            return tuple(
                Found(
                    row.number,
                    row.channel,
                    row.received_at,
                    row.accepted_at,
                    row.arrival_index,
                    tuple(request.reference for request in mapping.requests_of(session, row)),
                    row.outcome,
                )
                for row in rows
            )

    def submission(self, number: str) -> Inzending:
        """One submission, whole. Raises NotFound."""
        with self._database.read() as session:
            return mapping.submission_view(session, submission_row(session, number))

    def share(self, number: str, reference: str) -> Inzending:
        """One submission as a request's parties may see it. Raises NotFound, also when it is for other requests."""
        with self._database.read() as session:
            row, asked = submission_row(session, number), request_row(session, reference)
            tied = mapping.requests_of(session, row)
            if asked not in tied and (tied or row.session_request != reference):
                raise NotFound.because("ontvangstnummer", "of another request")
            return mapping.share_view(session, row, asked)

    def why(self, number: str) -> Why:
        """The decision explained, from what was stored with it (P8)."""
        with self._database.read() as session:
            row = submission_row(session, number)
            facts = mapping.FACTS.validate_json(row.facts) if row.facts else None
            return Why(
                number=row.number,
                outcome=Outcome(row.outcome) if row.outcome else None,
                rule=row.rule,
                ground=row.ground,
                detail=row.detail or row.last_error,
                reasons=tuple(row.reasons),
                suggestions=facts.match.suggestions if facts else (),
                facts=facts,
            )

    def authentication(self, number: str, trusted: Sequence[str]) -> str:
        """What a trusted hop, or our own check, said of the sender (RFC 8601); empty when nobody did."""
        with self._database.read() as session:
            message = mapping.message_of(submission_row(session, number))
            return authentication.believed(message.authentication if message else (), trusted)

    def signatures(self, number: str) -> tuple[str, ...]:
        """What was found of each S/MIME signature on a mail, in the words of `mail.smime`."""
        with self._database.read() as session:
            message = mapping.message_of(submission_row(session, number))
            return message.signatures if message else ()

    def ignored(self, number: str) -> tuple[IgnoredPart, ...]:
        """The parts of a submission that are no documents."""
        with self._database.read() as session:
            parts = mapping.part_rows(session, submission_row(session, number))
            return tuple(
                IgnoredPart(p.name, p.bytes, p.role, p.note) for p in parts if not PartRole(p.role).is_inspected
            )

    def raw_files(self, number: str) -> tuple[StoredFile, ...]:
        """The received files of a submission."""
        with self._database.read() as session:
            return mapping.files_of(session, submission_row(session, number))

    def receipt_index(self, number: str, reference: str | None = None) -> int | None:
        """The ledger entry of the newest receipt, or None while there is none.

        With a `reference`: of the one that this request's parties may read.
        """
        with self._database.read() as session:
            row = submission_row(session, number)
            tied = mapping.requests_of(session, row)
            if reference is None or len(tied) < 2:  # noqa: PLR2004  # the whole is its share
                return row.receipt_index
            return session.get_one(ShareRow, (row.id, request_row(session, reference).id)).receipt_index

    def event(self, index: int) -> dict[str, Any]:
        """The event of a ledger entry, or nothing when it was erased."""
        with self._database.read() as session:
            row = session.get(EntryRow, index)
            return (_event(row).content if row else None) or {}

    def letters(self, number: str) -> tuple[tuple[str, str, str | None], ...]:
        """The letters about a submission: (addressee, state, SHA-256 of the letter)."""
        with self._database.read() as session:
            row = submission_row(session, number)
            letters = session.scalars(
                select(LetterRow).where(col(LetterRow.submission_id) == row.id).order_by(col(LetterRow.id))
            )
            return tuple((letter.draft["to"], letter.state, letter.sha256) for letter in letters)

    # ---- the log ---------------------------------------------------------------------------------

    def timeline(self, subject: str) -> tuple[Event, ...]:
        """Every ledger entry about a receipt number or a reference, in order."""
        with self._database.read() as session:
            rows = session.scalars(
                select(EntryRow).where(col(EntryRow.subject) == subject).order_by(col(EntryRow.index))
            )
            return tuple(map(_event, rows))

    def register(self, since: datetime, until: datetime, address: str | None = None) -> tuple[Event, ...]:
        """Everything that arrived or was turned away, by the moment of receipt, gap-free by index.

        `until` is exclusive. The moment of receipt is in the event; the entry is at most seconds later,
        but for mail fetched from a supplier it may be days: so all later entries are looked through.
        """
        with self._database.read() as session:
            rows = session.scalars(
                select(EntryRow)
                .where(col(EntryRow.name).in_(ARRIVALS), col(EntryRow.at) >= since - CLOCKS_DIFFER)
                .order_by(col(EntryRow.index))
            )
            events = [_event(row) for row in rows]
        return tuple(e for e in events if _in_period(e, since, until) and _for_address(e, address))

    # ---- the sums --------------------------------------------------------------------------------

    def sums(self) -> dict[str, int]:
        """How many submissions are in each status: they add up to all there are (P3)."""
        with self._database.read() as session:
            counts = session.execute(select(col(SubmissionRow.step), func.count()).group_by(col(SubmissionRow.step)))
            sums = dict.fromkeys((status.value for status in Status), 0)
            for step, count in counts:
                sums[STATUS[Step(step)].value] += count
            return sums

    def letter_sums(self) -> dict[str, int]:
        """How many letters are in each state."""
        with self._database.read() as session:
            counts = session.execute(select(col(LetterRow.state), func.count()).group_by(col(LetterRow.state)))
            return {str(state): int(count) for state, count in counts}

    def oldest_unfinished(self) -> datetime | None:
        """When the oldest submission was accepted that is neither done nor held."""
        with self._database.read() as session:
            return session.scalar(
                select(func.min(col(SubmissionRow.accepted_at))).where(col(SubmissionRow.step).not_in(list(RESTING)))
            )


def _named(session: Session, text: str) -> ColumnElement[bool]:
    """Which submissions somebody means: by the first of these ways that the text fits."""
    if "@" in text:
        # The addresses alone are few, and in an index of their own: each spelling of this one is looked up there.
        spelled = select(col(SubmissionRow.sender)).where(func.lower(col(SubmissionRow.sender)) == text.lower())
        return col(SubmissionRow.sender).in_(spelled.distinct())
    if (token := tokens.read_receipt_number(text)).state is tokens.TokenState.EXACT:
        return col(SubmissionRow.number) == token.value
    forms = (text, text.upper())
    requests = session.scalars(
        select(RequestRow).where(or_(col(RequestRow.reference).in_(forms), col(RequestRow.case_number).in_(forms)))
    ).all()
    return or_(false(), *(is_for(request) for request in requests))


def _request_view(session: Session, row: RequestRow) -> Verzoek:
    return from_core(mapping.request_of(session, row))


def _documents(session: Session, row: SubmissionRow, request: RequestRow) -> list[Document]:
    """The documents of a submission that are this request's."""
    shared = row.request_id is None
    parts = mapping.part_rows(session, row)
    copies = {p.parent: StoredFile(p.sha256, p.bytes, p.name, p.media_type) for p in parts if p.role == PartRole.COPY}
    return [
        Document(
            row.number,
            p.seq,
            p.name,
            p.sha256,
            p.bytes,
            p.media_type or p.declared_type,
            p.outcome or "",
            p.reason,
            p.number,
            copies.get(p.seq),
        )
        for p in parts
        if p.role == PartRole.DOCUMENT and (not shared or p.request == request.reference)
    ]


def _event(row: EntryRow) -> Event:
    content = json.loads(row.event) if row.event is not None else None
    return Event(row.index, row.name, row.at, row.subject, content)


def _moment(event: Event) -> str:
    content = event.content or {}
    return str(content.get("ontvangenOp") or content.get("pogingOp") or instant(event.at))


def _in_period(event: Event, since: datetime, until: datetime) -> bool:
    return instant(since) <= _moment(event) < instant(until)


def _for_address(event: Event, address: str | None) -> bool:
    return address is None or address.strip().casefold() in addresses_of(event.content or {})
