"""Erases what need not be kept any more, and keeps what must be: a job of the clock, and legal holds.

    due? ── marked as being erased ── its bytes go ── rows, salts and the proof of it, in one commit

Rule 1: a crash anywhere is finished by the next run: the mark comes before the first byte goes, the proof after the
last.
Rule 2: a hold wins over every term; it is looked at in the transaction that sets the mark, under the ledger's lock.
Rule 3: bytes that another submission has too stay until the last of them is erased.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from gateway import erasing, inquiry, mapping
from gateway.core.errors import NotFound, Refused
from gateway.core.model import PartRole
from gateway.core.retention import Candidate, Rule, Schedule
from gateway.core.states import Step
from gateway.core.words import OF_THE_HOUSE, EventName, RequestStatus
from gateway.database import Database
from gateway.ledger import Ledger, Proved
from gateway.ports import Blobs, Clock
from gateway.postroom import DRAFTED, WRITTEN
from gateway.records import (
    BundleRow,
    EntryRow,
    HandedOverRow,
    HoldRow,
    ItemRow,
    LetterRow,
    PartRow,
    RequestRow,
    ShareRow,
    SubmissionRow,
)

_log = logging.getLogger(__name__)

OLD_ENTRIES: Final = "bewaartermijn"
_BEING_KEPT: Final = timedelta(hours=1)  # far longer than it takes from naming bytes to the commit of their row
_REFUSED: Final = (EventName.SUBMISSION_REJECTED,)
_FINAL: Final = (RequestStatus.COMPLETE, RequestStatus.CLOSED)
_ACCESS: Final = (EventName.SIGNED_IN, EventName.SIGN_IN_FAILED, EventName.CONTENT_ACCESS)


class Letters(Protocol):
    """Where letters may still lie after they were handed over."""

    def forget(self, key: str) -> None:
        """The letter of this name is not there any more, durably. Raises OSError."""


class Derivatives(Protocol):
    """Copies for viewing, which are gone when the bytes are of which they were made."""

    def forget(self, hashes: Iterable[str]) -> None:
        """There is none of these any more. Raises OSError."""


@dataclass(frozen=True)
class Hold:
    """A legal hold: of a request (its reference) or of one submission (its number). `released_at` None: it lasts."""

    subject: str
    placed_at: datetime
    placed_by: str
    reason: str
    released_at: datetime | None


@dataclass
class Erased:
    """What a run erased. `postponed`: could not be erased now; the next run tries again."""

    submissions: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    entries: int = 0
    postponed: list[str] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        return bool(self.submissions or self.requests or self.entries)


class Retention:
    """Safe to run in any process, again and again; two at once do no harm."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        blobs: Blobs,
        clock: Clock,
        *,
        schedule: Schedule,
        letters: Letters,
        derivatives: Derivatives,
        batch: int,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._blobs = blobs
        self._clock = clock
        self._schedule = schedule
        self._letters = letters
        self._derivatives = derivatives
        self._batch = batch

    # ---- holds -----------------------------------------------------------------------------------

    def hold(self, subject: str, reason: str, officer: str) -> tuple[str, ...]:
        """Place a legal hold on a request or a submission; returns what of it was erased already.

        Raises NotFound; Refused without a reason, or when there is a hold already.
        """
        if not reason.strip():
            raise Refused.because("reason", "mag niet leeg zijn")
        now = self._clock.now()
        with self._database.write() as session:
            self._ledger.lock(session)  # nothing is marked between our look and our commit
            subject, rows = _what(session, subject)
            if _active(session, [subject]):
                raise Refused.because("subject", f"{subject} wordt al vastgehouden")
            gone = tuple(row.number for row in rows if row.erasing_at is not None)
            session.add(HoldRow(subject=subject, placed_at=now, placed_by=officer, reason=reason))
            event = {"onderwerp": subject, "reden": reason, "medewerker": officer, "alGewist": list(gone)}
            self._ledger.append(session, EventName.HOLD_PLACED, now, subject, event)
            return gone

    def release(self, subject: str, reason: str, officer: str) -> None:
        """End the hold. Raises NotFound when there is none; Refused without a reason."""
        if not reason.strip():
            raise Refused.because("reason", "mag niet leeg zijn")
        now = self._clock.now()
        with self._database.write() as session:
            self._ledger.lock(session)
            subject, _rows = _what(session, subject)
            row = session.scalars(
                select(HoldRow).where(col(HoldRow.subject) == subject, col(HoldRow.released_at).is_(None))
            ).first()
            if row is None:
                raise NotFound.because("subject", f"{subject} wordt niet vastgehouden")
            row.released_at = now
            event = {"onderwerp": subject, "reden": reason, "medewerker": officer}
            self._ledger.append(session, EventName.HOLD_RELEASED, now, subject, event)

    def holds(self) -> tuple[Hold, ...]:
        """All holds, those that ended included."""
        with self._database.read() as session:
            rows = session.scalars(select(HoldRow).order_by(col(HoldRow.id)))
            return tuple(Hold(r.subject, r.placed_at, r.placed_by, r.reason, r.released_at) for r in rows)

    def held_since(self, subject: str) -> datetime | None:
        """Since when there is a hold on exactly this; None without one."""
        query = select(col(HoldRow.placed_at)).where(
            col(HoldRow.subject) == subject, col(HoldRow.released_at).is_(None)
        )
        with self._database.read() as session:
            return session.scalar(query)

    def proof(self, subject: str) -> Proved:
        """The entry that says that a request or submission was erased, proved. Raises NotFound."""
        with self._database.read() as session:
            subject, _rows = _what(session, subject)
            index = session.scalar(
                select(col(EntryRow.index)).where(
                    col(EntryRow.subject) == subject, col(EntryRow.name) == EventName.CONTENT_ERASED
                )
            )
        if index is None:
            raise NotFound.because("subject", f"van {subject} is niets gewist")
        return self._ledger.prove(index, self._clock.now())

    # ---- what is due -----------------------------------------------------------------------------

    def due(self, until: datetime) -> tuple[Candidate, ...]:
        """What may be erased up to that moment, held things included; the first due first."""
        with self._database.read() as session:
            found = [c for c in self._candidates(session, until) if c.due_at <= until]
        return tuple(sorted(found, key=lambda candidate: candidate.due_at))

    def _candidates(self, session: Session, until: datetime) -> Iterator[Candidate]:
        for row in self._submissions(session, until):
            if candidate := self._submission(session, row):
                yield candidate
        for request in self._requests(session, until):
            if found := self._request(session, request):
                yield found

    def _submissions(self, session: Session, until: datetime) -> Iterator[SubmissionRow]:
        """Those that may be due by then."""
        newest = until - self._schedule.shortest_after_handover
        handed = select(col(HandedOverRow.submission_id)).where(col(HandedOverRow.at) <= newest)
        loose = until - timedelta(days=self._schedule.without_request.days)
        yield from session.scalars(
            select(SubmissionRow)
            .where(
                col(SubmissionRow.step) == Step.FILED,
                col(SubmissionRow.erasing_at).is_(None),
                or_(
                    col(SubmissionRow.id).in_(handed),
                    (col(SubmissionRow.accepted_at) <= loose)
                    & col(SubmissionRow.request_id).is_(None)
                    & col(SubmissionRow.id).not_in(select(col(ShareRow.submission_id))),
                ),
            )
            .order_by(col(SubmissionRow.id))
        )

    def _submission(self, session: Session, row: SubmissionRow) -> Candidate | None:
        """None: it is not at rest, its letters are not out, or not all it belongs to have it."""
        on_the_way = select(col(LetterRow.id)).where(
            col(LetterRow.submission_id) == row.id, col(LetterRow.state).in_((DRAFTED, WRITTEN))
        )
        if row.step != Step.FILED or row.erasing_at is not None or session.scalar(on_the_way.limit(1)) is not None:
            return None
        requests = mapping.requests_of(session, row)
        subjects = [row.number, *(request.reference for request in requests)]
        held = bool(_active(session, subjects))
        name = ", ".join(subjects[1:])
        if not requests:
            since = _last_event(session, row.number) or row.accepted_at
            return Candidate(row.number, name, self._schedule.without_request, since, held)
        handed = dict(
            session.execute(
                select(col(HandedOverRow.request_id), col(HandedOverRow.at)).where(
                    col(HandedOverRow.submission_id) == row.id
                )
            ).all()
        )
        if not all(request.id in handed for request in requests):
            return None
        return Candidate(row.number, name, self._schedule.of(_kinds(session, row)), max(handed.values()), held)

    def _requests(self, session: Session, until: datetime) -> Iterator[RequestRow]:
        left = (
            select(col(SubmissionRow.id))
            .where(inquiry.is_for(RequestRow), col(SubmissionRow.erased_at).is_(None))
            .correlate(RequestRow)
        )
        latest = until.date() - timedelta(days=self._schedule.request.days)
        yield from session.scalars(
            select(RequestRow)
            .where(
                col(RequestRow.status).in_(_FINAL),
                col(RequestRow.erased_at).is_(None),
                col(RequestRow.sent_day) <= latest,
                ~left.exists(),
            )
            .order_by(col(RequestRow.id))
        )

    def _request(self, session: Session, row: RequestRow) -> Candidate | None:
        """None: something of it is left, or may still come."""
        left = select(col(SubmissionRow.id)).where(inquiry.is_for(row), col(SubmissionRow.erased_at).is_(None))
        if row.erased_at is not None or row.status not in _FINAL or session.scalar(left.limit(1)) is not None:
            return None
        since = _last_event(session, row.reference)
        if since is None:
            return None
        held = bool(_active(session, [row.reference]))
        return Candidate(row.reference, row.reference, self._schedule.request, since, held)

    # ---- erasing ---------------------------------------------------------------------------------

    def run(self) -> Erased:
        """Erase what is due, at most a batch of each sort; first finish what a crash cut off.

        Raises TryLater when the database is away, or another process erases; what was erased by then is erased.
        """
        erased = Erased()
        now = self._clock.now()
        with self._database.read() as session:
            begun = list(
                session.scalars(
                    select(col(SubmissionRow.number)).where(
                        col(SubmissionRow.erasing_at).is_not(None), col(SubmissionRow.erased_at).is_(None)
                    )
                )
            )
            wanted = [row.number for row in self._due_submissions(session, now)]
        for number in [*begun, *wanted]:
            if number in begun or self._begin(number):
                (erased.submissions if self._finish(number) else erased.postponed).append(number)
        with self._database.read() as session:
            over = islice((r.reference for r in self._requests(session, now) if self._over(session, r)), self._batch)
            references = list(over)
        erased.requests += [reference for reference in references if self._erase_request(reference)]
        for names, rule in ((_REFUSED, self._schedule.refused), (_ACCESS, self._schedule.access)):
            erased.entries += self._erase_entries(names, rule)
        self._erase_left_over(now - _BEING_KEPT)
        if self._database.embedded or erased.anything:
            self._database.scrub()
        return erased

    def _erase_left_over(self, until: datetime) -> None:
        """Bytes of ours that were being kept when the power failed, and that nothing names."""
        with self._database.read() as session:
            announced, unnamed = erasing.left_over(session, until)
        if announced:
            settled = announced - set(self._blobs.erase(unnamed))
            with self._database.write() as session:
                erasing.no_more_announced(session, settled, until)

    def _due_submissions(self, session: Session, now: datetime) -> list[SubmissionRow]:
        due = (
            row
            for row in self._submissions(session, now)
            if (candidate := self._submission(session, row)) and candidate.is_due(now)
        )
        return list(islice(due, self._batch))

    def _over(self, session: Session, row: RequestRow) -> bool:
        candidate = self._request(session, row)
        return candidate is not None and candidate.is_due(self._clock.now())

    def _begin(self, number: str) -> bool:
        """Mark it: from here on it goes. False when something came in between."""
        now = self._clock.now()
        with self._database.write() as session:
            self._ledger.lock(session)  # a hold that is placed now waits for us, or we see it
            row = inquiry.submission_row(session, number)
            session.refresh(row, with_for_update=True)
            candidate = self._submission(session, row)
            if candidate is None or not candidate.is_due(now):
                return False
            row.erasing_at = now
            return True

    def _finish(self, number: str) -> bool:
        """Bytes first, then what names them. False: some bytes are just being kept again by another submission."""
        with self._database.read() as session:
            row = inquiry.submission_row(session, number)
            hashes, shared = erasing.own_bytes(session, row)
            letters = erasing.letter_keys(session, row)
        if self._blobs.erase(hashes):
            return False
        self._derivatives.forget(hashes)
        for key in letters:
            self._letters.forget(key)
        now = self._clock.now()
        with self._database.write() as session:
            self._ledger.lock(session)
            row = inquiry.submission_row(session, number)
            if row.erased_at is not None:
                return True  # another process was faster
            references = [request.reference for request in mapping.requests_of(session, row)]
            rule = self._schedule.of(_kinds(session, row)) if references else self._schedule.without_request
            what = {"soort": "inzending", "ontvangstnummer": number, "verzoeken": references}
            counts = erasing.submission(session, row, now) | {"gedeeldMetAndere": shared}
            gone = erasing.entries(session, col(EntryRow.subject) == number)
            erasing.note(self._ledger, session, now, subject=number, what=what, rule=rule, counts=counts, gone=gone)
        return True

    def _erase_request(self, reference: str) -> bool:
        """Bytes of our messages first, then what names them."""
        with self._database.read() as session:
            row = inquiry.request_row(session, reference)
            if not self._over(session, row):
                return False
            hashes, notices = erasing.own_messages(session, row)
        if self._blobs.erase(hashes):
            return False
        for key in notices:
            self._letters.forget(key)
        now = self._clock.now()
        with self._database.write() as session:
            self._ledger.lock(session)
            row = inquiry.request_row(session, reference)
            session.refresh(row, with_for_update=True)
            if not self._over(session, row):
                return False
            counts = erasing.request(session, row, now)
            of_it = (col(EntryRow.subject) == reference, col(EntryRow.name).not_in(OF_THE_HOUSE))
            gone = erasing.entries(session, *of_it)
            what = {"soort": "verzoek", "verzoek": reference}
            rule = self._schedule.request
            erasing.note(self._ledger, session, now, subject=reference, what=what, rule=rule, counts=counts, gone=gone)
            return True

    def _erase_entries(self, names: Collection[EventName], rule: Rule) -> int:
        """Entries of the log that have their own term; what a hold is on stays, and that a bundle left the house."""
        now = self._clock.now()
        taken_out = (
            select(col(BundleRow.id))
            .join(RequestRow, col(RequestRow.id) == col(BundleRow.request_id))
            .where(col(RequestRow.reference) == col(EntryRow.subject), col(BundleRow.made_at) == col(EntryRow.at))
            .correlate(EntryRow)
        )
        held = select(col(HoldRow.subject)).where(col(HoldRow.released_at).is_(None))
        with self._database.write() as session:
            self._ledger.lock(session)
            gone = erasing.entries(
                session,
                col(EntryRow.name).in_(names),
                col(EntryRow.at) <= now - timedelta(days=rule.days),
                col(EntryRow.subject).not_in(held),
                ~taken_out.exists(),
                most=self._batch,
            )
            if gone:
                erasing.unnamed(session, gone)
                what = {"soort": rule.name}
                erasing.note(
                    self._ledger, session, now, subject=OLD_ENTRIES, what=what, rule=rule, counts={}, gone=gone
                )
        return len(gone)


def _what(session: Session, subject: str) -> tuple[str, Sequence[SubmissionRow]]:
    """A request's reference or a submission's number as we write it, and the submissions that are meant."""
    try:
        row = inquiry.submission_row(session, subject)
    except NotFound:
        request = inquiry.request_row(session, subject)
        mine = session.scalars(select(SubmissionRow).where(inquiry.is_for(request)))
        return request.reference, mine.all()
    return row.number, [row]


def _active(session: Session, subjects: Collection[str]) -> int:
    """How many holds last on any of these."""
    query = select(func.count()).select_from(HoldRow)
    return session.scalar(query.where(col(HoldRow.subject).in_(subjects), col(HoldRow.released_at).is_(None))) or 0


def _last_event(session: Session, subject: str) -> datetime | None:
    last = select(func.max(col(EntryRow.at))).where(col(EntryRow.subject) == subject)
    return session.scalar(last.where(col(EntryRow.name).not_in(OF_THE_HOUSE)))


def _kinds(session: Session, row: SubmissionRow) -> set[str]:
    """The kinds of the items that its documents answer; what answers none has no kind of its own."""
    parts = session.scalars(
        select(PartRow).where(col(PartRow.submission_id) == row.id, col(PartRow.role) == PartRole.DOCUMENT)
    )
    requests = mapping.requests_of(session, row)
    items = session.scalars(select(ItemRow).where(col(ItemRow.request_id).in_([request.id for request in requests])))
    kinds: dict[str, set[str]] = {}
    for item in items:
        kinds.setdefault(item.number, set()).add(item.kind)
    return {kind for part in parts for kind in kinds.get(part.number or "", {""})}
