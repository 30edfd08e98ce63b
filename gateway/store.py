"""The `Store` port on a database session: every method is one transaction.

    accept ... claim -> save_reading -> save_inspections -> save_match -> save_decision -> save_answer -> save_filing

Rule 1: what moves a submission first checks that the claim is still ours.
Rule 2: a step's findings, its ledger entries and its move are one commit.
Rule 3: a commit waits for the disk, but where a power cut only means that the step is done again (`lasting=False`).
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import TypeAdapter
from sqlalchemy import delete, func, insert, or_, select, update
from sqlmodel import Session, col

from gateway import inquiry, mapping
from gateway.arrivals import Arrivals
from gateway.core.answers import Draft, taken_up
from gateway.core.errors import NotFound, Refused, WrongState
from gateway.core.facts import MESSAGE, Act, Clue, Facts, Sender
from gateway.core.filing import filed
from gateway.core.model import (
    Accepted,
    Arrival,
    Decision,
    Inspection,
    Reading,
    RefusedAttempt,
    Request,
    StoredFile,
)
from gateway.core.states import RESTING, Step, after
from gateway.core.words import EventName, Outcome, Reason, RequestStatus, Status
from gateway.database import Database, constants, is_due
from gateway.ledger import Ledger, read_event
from gateway.ports import Blobs, Claim, Clock, Incoming, Read, Waiting
from gateway.postroom import DRAFTED, Postroom, letter_written
from gateway.records import (
    ActRow,
    EntryRow,
    FileRow,
    HandedOverRow,
    ItemRow,
    LetterRow,
    PartRow,
    RequestRow,
    ShareRow,
    SubmissionRow,
)
from gateway.schema import Inzending, dump, from_core, instant

SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=60)
NOTHING: Final = Decision(Outcome.REGISTERED, "", "")
_DRAFT = TypeAdapter(Draft)
_OUT_OF_JOURNAL: Final = update(FileRow).values(segment=None, start=None)
# There may be hundreds; making an object of each takes ten times as long.
_NEW_PART: Final = insert(PartRow.__table__).values(constants(PartRow.__table__))  # type: ignore[attr-defined]


class Completing(Protocol):
    """What comes with it when every item of a request has an answer, in the transaction that finds it out."""

    def event(self, session: Session, request: RequestRow, at: datetime) -> dict[str, Any]:
        """What the entry of the log says more."""

    def follow(self, session: Session, request: RequestRow, at: datetime) -> None:
        """What is done then."""


class DatabaseStore:
    """The walk's store. Safe for any number of threads and, on PostgreSQL, processes."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        blobs: Blobs,
        clock: Clock,
        policy: inquiry.Policy,
        postroom: Postroom | None = None,
        *,
        completion: Completing | None = None,
    ) -> None:
        """`postroom`: hears what a submission means for our own letters. `completion`: that all items are answered."""
        self._database = database
        self._ledger = ledger
        self._blobs = blobs
        self._clock = clock
        self._policy = policy
        self._postroom = postroom
        self._completion = completion
        self._arrivals = Arrivals(database, ledger, blobs, clock)
        self._lease = timedelta(seconds=policy.lease_seconds)

    # ---- while the sender waits ------------------------------------------------------------------

    def spool(self) -> Incoming:
        """A new spool for incoming bytes."""
        return self._blobs.incoming()

    def accept(self, arrival: Arrival) -> Accepted:
        """Make the submission exist, with its ledger entry; the same source gives the same receipt."""
        [outcome] = self.accept_all([arrival])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
        """`accept` of each, with one commit for all that wait, also in other threads."""
        return self._arrivals.accept_all(arrivals)

    def register(self, attempt: RefusedAttempt) -> None:
        """Keep the proof of a refused attempt: a ledger entry, found by the address."""
        event = {
            "kanaal": attempt.channel.value,
            "pogingOp": instant(attempt.attempted_at),
            "reden": attempt.reason,
            "geadresseerde": attempt.address,
            "envelop": mapping.envelope_json(attempt.envelope),
            "bytes": attempt.bytes,
        }
        with self._database.write() as session:
            self._ledger.append(session, EventName.SUBMISSION_REJECTED, self._clock.now(), attempt.address, event)

    # ---- the queue -------------------------------------------------------------------------------

    def claim(self, number: str | None = None) -> Claim | None:
        """The unfinished submission whose turn it is (or the one named), or None.

        It was its turn when it came in; it has been later since by the time that it took, see `_spent`.
        """
        now = self._clock.now()
        lease = self._lease
        ready = select(SubmissionRow).where(
            col(SubmissionRow.turn_at).is_not(None),
            is_due(col(SubmissionRow.retry_at), now, LONGEST_PAUSE),
            or_(col(SubmissionRow.lease_until).is_(None), is_due(col(SubmissionRow.lease_until), now, lease)),
        )
        if number is not None:
            ready = ready.where(col(SubmissionRow.number) == number)
        with self._database.read() as session:
            if session.scalars(ready.limit(1)).first() is None:
                return None
        with self._database.write(lasting=False) as session:
            row = session.scalars(
                ready.order_by(col(SubmissionRow.turn_at), col(SubmissionRow.id))
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if row is None:
                return None
            row.owner = secrets.token_hex(8)
            row.lease_until = now + lease
            return Claim(row.number, Step(row.step), row.owner, row.accepted_at, row.attempts)

    def postpone(self, claim: Claim, error: str, *, count: bool) -> None:
        """Give the claim back; the step is tried again after a pause that grows with the age."""
        with self._database.write(lasting=False) as session:
            row = self._mine(session, claim)
            now = self._clock.now()
            self._spent(row, now)
            pause = min(max((now - row.accepted_at) / 4, SHORTEST_PAUSE), LONGEST_PAUSE)
            row.attempts += count
            row.retry_at = now + pause
            row.last_error = error[:500]
            row.owner = row.lease_until = None

    def shelve(self, claim: Claim, error: str) -> None:
        """A step kept failing: hold the submission, with the error, for a person to see."""
        with self._database.write() as session:
            row = self._mine(session, claim)
            row.outcome, row.reasons = Outcome.HELD, [Reason.NOT_SCANNED]
            row.rule, row.detail = "kept_failing", error[:500]
            event = {"ontvangstnummer": row.number, "stap": claim.step.value}
            self._ledger.append(session, EventName.SHELVED, self._clock.now(), row.number, event)
            self._move(row, "shelve")

    def release_leases(self) -> None:
        """Take all claims back. Only for the embedded default at start: no other process can hold one."""
        with self._database.write() as session:
            for row in session.scalars(select(SubmissionRow).where(col(SubmissionRow.owner).is_not(None))):
                row.owner = row.lease_until = None

    def _mine(self, session: Session, claim: Claim) -> SubmissionRow:
        row = session.scalars(
            select(SubmissionRow).where(col(SubmissionRow.number) == claim.number).with_for_update()
        ).first()
        if row is None or row.owner != claim.owner or row.step != claim.step:
            raise WrongState(f"submission {claim.number} is not ours to move")
        return row

    def _move(self, row: SubmissionRow, act: str) -> None:
        now = self._clock.now()
        self._spent(row, now)
        move(row, act, now)

    def _spent(self, row: SubmissionRow, now: datetime) -> None:
        """Who took a worker's time lets others go first, so that nobody waits long for one who takes much."""
        if row.turn_at is not None and row.lease_until is not None:
            took = now - (row.lease_until - self._lease)
            row.turn_at += self._policy.later_per_second * min(max(took, timedelta()), self._lease)

    # ---- the steps -------------------------------------------------------------------------------

    def load(self, number: str) -> Read:
        """What is known of a submission so far. Raises NotFound."""
        with self._database.read() as session:
            row = inquiry.submission_row(session, number)
            parts = tuple(mapping.part_of(part) for part in mapping.part_rows(session, row))
            return Read(mapping.arrival_of(session, row), mapping.message_of(row), parts)

    def save_reading(self, claim: Claim, reading: Reading) -> None:
        """Store what was read, and move on; what lay in the journal has a file of its own by then."""
        self._put_on_disk(claim.number)
        with self._database.write(lasting=False) as session:
            row = self._mine(session, claim)
            session.execute(_OUT_OF_JOURNAL.where(col(FileRow.submission_id) == row.id))
            session.execute(delete(PartRow).where(col(PartRow.submission_id) == row.id))
            if reading.parts:
                session.execute(_NEW_PART, [{"submission_id": row.id, **asdict(part)} for part in reading.parts])
            row.message = asdict(reading.message) if reading.message else None
            row.trouble = asdict(reading.trouble) if reading.trouble else None
            if row.trouble and row.turn_at is not None:
                row.turn_at += self._policy.later_when_broken
            if reading.message and reading.message.from_address:
                row.sender = reading.message.from_address
            self._move(row, "read")

    def _put_on_disk(self, number: str) -> None:
        with self._database.read() as session:
            row = inquiry.submission_row(session, number)
            files = mapping.files_of(session, row)
        for file in files:
            self._blobs.path(file.sha256)

    def save_inspections(
        self, claim: Claim, inspections: Mapping[int, Inspection], malware: str, signatures: str = ""
    ) -> None:
        """Store what was found, by the part's `seq`, and move on; `malware`: a name found anywhere at all.

        `signatures`: those that the malware scanner looked with.
        """
        with self._database.write(lasting=False) as session:
            row = self._mine(session, claim)
            for part in mapping.part_rows(session, row):
                if seen := inspections.get(part.seq):
                    part.media_type, part.verdict = seen.media_type, seen.verdict
                    part.findings = [asdict(finding) for finding in seen.findings]
            row.malware = malware
            row.scanned_at, row.signatures = self._clock.now(), signatures
            self._move(row, "scan")

    def find_clues(self, number: str) -> tuple[tuple[Clue, ...], Sender]:
        """Every pointer to a request, strongest kinds first, and what is known of the sender."""
        with self._database.read() as session:
            return inquiry.clues_of(session, inquiry.submission_row(session, number), self._policy)

    def save_match(self, claim: Claim, clues: Sequence[Clue], references: Sequence[str]) -> None:
        """Tie the submission to these requests, and to no others, and move on."""
        with self._database.write() as session:
            row = self._mine(session, claim)
            before = mapping.requests_of(session, row)
            now = [inquiry.request_row(session, reference) for reference in references]
            row.clues = [asdict(clue) for clue in clues]
            if {request.id for request in before} != {request.id for request in now}:
                self._tie(session, row, now)
                for request in before:
                    if request not in now:
                        self._file(session, request, inquiry.other_decisions(session, row, request))
            self._move(row, "match")

    def _tie(self, session: Session, row: SubmissionRow, requests: Sequence[RequestRow]) -> None:
        row.request_id = requests[0].id if len(requests) == 1 else None
        session.execute(delete(ShareRow).where(col(ShareRow.submission_id) == row.id))
        if len(requests) > 1:
            session.add_all(ShareRow(submission_id=row.id, request_id=request.id) for request in requests)
        session.flush()

    def facts(self, number: str) -> Facts:
        """Everything the decision may look at, as it stands now."""
        with self._database.read() as session:
            return inquiry.facts_of(session, inquiry.submission_row(session, number), self._policy)

    def save_decision(self, claim: Claim, facts: Facts, decision: Decision, drafts: Sequence[Draft]) -> None:
        """Store facts, decision, receipt event and letters to write, and move on: all or nothing."""
        with self._database.write() as session:
            row = self._mine(session, claim)
            row.facts = mapping.FACTS.dump_json(facts).decode()
            row.outcome, row.rule, row.ground = decision.outcome, decision.rule, decision.ground
            row.detail, row.reasons = decision.detail, list(decision.reasons)
            row.decisions = facts.round + 1
            # What was handed over was decided otherwise: it is to be handed over again.
            session.execute(delete(HandedOverRow).where(col(HandedOverRow.submission_id) == row.id))
            _mark_parts(mapping.part_rows(session, row), decision)
            self._move(row, "decide")
            session.flush()
            self._note_decision(session, row, facts, decision, drafts)

    def _note_decision(
        self, session: Session, row: SubmissionRow, facts: Facts, decision: Decision, drafts: Sequence[Draft]
    ) -> None:
        """The decision's and the receipt's ledger entries, and the outbox rows that carry the receipt."""
        now = self._clock.now()
        view = _at_rest(mapping.submission_view(session, row))
        sealed = mapping.seal(row, mapping.file_rows(session, row), mapping.part_rows(session, row))
        decided = dump(view) | {
            "regel": decision.rule,
            "grond": decision.ground,
            "voorwaarden": facts.conditions,
            "dossier": sealed,
        }
        if taken_up(facts):
            decided["doorgeleidOp"] = instant(now)  # from here on a term of ours to decide may run (Awb 2:24)
        if Reason.AUTOMATIC not in decision.reasons:
            decided["brieven"] = {draft.key: mapping.digest(asdict(draft)) for draft in drafts}
        self._ledger.append(session, EventName.DECIDED, now, row.number, decided)
        if Reason.AUTOMATIC in decision.reasons:
            return
        unproven = any(draft.neutral for draft in drafts)
        earlier = row.receipt_index if row.decisions > 1 else None
        row.receipt_index = self._note_receipt(session, row, mapping.neutral(view) if unproven else view, earlier)
        requests = [] if unproven else mapping.requests_of(session, row)
        after_this = [dump(from_core(self._after(session, row, request, decision))) for request in requests]
        for draft in drafts:
            self._put_letter(session, row, draft, row.receipt_index, after_this, now)
        self._note_shares(session, row)

    def _note_receipt(self, session: Session, row: SubmissionRow, view: Inzending, earlier: int | None) -> int:
        """`earlier`: the receipt that this one puts right; a message is changed by a new one only (Awb 2:12)."""
        event = dump(view)
        if earlier is not None:
            at = session.get_one(EntryRow, earlier).at
            event["corrigeert"] = {"logIndex": earlier, "tijd": instant(at)}
        return self._ledger.append(session, EventName.RECEIPT, self._clock.now(), row.number, event)

    def _note_shares(self, session: Session, row: SubmissionRow) -> None:
        """Of a submission for several requests, the receipt as the parties of each may read it (P7)."""
        for request in mapping.requests_of(session, row):
            share = session.get(ShareRow, (row.id, request.id))
            if share is not None:
                view = _at_rest(mapping.share_view(session, row, request))
                share.receipt_index = self._note_receipt(session, row, view, share.receipt_index)

    def _after(self, session: Session, row: SubmissionRow, request: RequestRow, decision: Decision) -> Request:
        """The request as it is once this decision is filed."""
        others = inquiry.other_decisions(session, row, request)
        return filed(mapping.request_of(session, request), decision.share(request.reference), others)

    def save_notice(self, claim: Claim, drafts: Sequence[Draft]) -> None:
        """Put letters into the outbox without moving on; the same key again does nothing."""
        with self._database.write() as session:
            row = self._mine(session, claim)
            for draft in drafts:
                if session.scalar(select(col(LetterRow.id)).where(col(LetterRow.key) == draft.key)) is None:
                    row.receipt_index = self._note_receipt(
                        session, row, mapping.neutral(mapping.submission_view(session, row)), None
                    )
                    self._put_letter(session, row, draft, row.receipt_index, [], self._clock.now())

    def _put_letter(
        self,
        session: Session,
        row: SubmissionRow,
        draft: Draft,
        receipt_index: int,
        requests: list[dict[str, Any]],
        now: datetime,
    ) -> None:
        session.add(
            LetterRow(
                key=draft.key,
                submission_id=row.id,
                draft=asdict(draft),
                requests=requests,
                receipt_index=receipt_index,
                made_at=now,
                state=DRAFTED,
                retry_at=now,
            )
        )

    def waiting(self, number: str | None = None) -> tuple[Waiting, ...]:
        """The letters (of one submission) that are to be written."""
        query = select(LetterRow, col(SubmissionRow.number)).join(SubmissionRow).where(col(LetterRow.state) == DRAFTED)
        if number is not None:
            query = query.where(col(SubmissionRow.number) == number)
        with self._database.read() as session:
            return tuple(
                Waiting(of, _DRAFT.validate_python(row.draft), row.receipt_index, row.made_at, tuple(row.requests))
                for row, of in session.execute(query.order_by(col(LetterRow.id)))
            )

    def newest_unwritten(self) -> int | None:
        """The ledger entry of the newest receipt whose letter is not written yet, or None."""
        with self._database.read() as session:
            drafted = col(LetterRow.state) == DRAFTED
            return session.scalar(select(func.max(col(LetterRow.receipt_index))).where(drafted))

    def save_letter(self, key: str, letter: StoredFile) -> None:
        """The letter is written and may go; the first one stored under a key stays."""
        with self._database.write() as session:
            letter_written(session, key, letter)

    def save_answer(self, claim: Claim) -> None:
        """All letters are written: move on."""
        with self._database.write(lasting=False) as session:
            self._move(self._mine(session, claim), "answer")

    def save_filing(self, claim: Claim) -> None:
        """Mark what the request got, and let the submission rest: filed, or held for a person."""
        with self._database.write() as session:
            row = self._mine(session, claim)
            decision = mapping.decision_of(row, mapping.part_rows(session, row))
            if decision is None:
                raise WrongState(f"submission {row.number} is to be filed without a decision")
            for request in mapping.requests_of(session, row):
                session.refresh(request, with_for_update=True)
                others = inquiry.other_decisions(session, row, request)
                self._file(session, request, others, decision.share(request.reference))
            if self._postroom is not None:
                self._postroom.returned(session, row, self._clock.now())
            self._move(row, "hold" if decision.outcome is Outcome.HELD else "file")

    def _file(
        self, session: Session, row: RequestRow, others: Sequence[Decision], decision: Decision = NOTHING
    ) -> None:
        before = mapping.request_of(session, row)
        now_is = filed(before, decision, others)
        for item in now_is.items:
            session.execute(
                update(ItemRow)
                .where(col(ItemRow.request_id) == row.id, col(ItemRow.number) == item.number)
                .values(status=item.status)
            )
        if now_is.status is not before.status:
            row.status, row.needs_person = now_is.status, False
            event = {"verzoek": row.reference, "status": now_is.status.value}
            if now_is.status is not RequestStatus.COMPLETE:
                self._ledger.append(session, EventName.REQUEST_REOPENED, self._clock.now(), row.reference, event)
            else:
                self._complete(session, row, event)

    def _complete(self, session: Session, row: RequestRow, event: dict[str, Any]) -> None:
        now = self._clock.now()
        more = self._completion.event(session, row, now) if self._completion else {}
        self._ledger.append(session, EventName.REQUEST_COMPLETE, now, row.reference, event | more)
        if self._completion is not None:
            self._completion.follow(session, row, now)

    # ---- what a person does ----------------------------------------------------------------------

    def act(self, number: str, act: Act) -> None:
        """What a person says of a submission at rest; it is decided again, with this among its facts.

        Raises NotFound for an unknown submission, request or document, WrongState while work is going on.
        """
        with self._database.write() as session:
            row = inquiry.submission_row(session, number)
            self.note_act(session, row, act)
            row.rescanned = ""
            self._move(row, "act")

    def note_act(self, session: Session, row: SubmissionRow, act: Act) -> None:
        """Write down an act, in the caller's transaction. Raises Refused, NotFound."""
        if row.erasing_at is not None:
            raise Refused.because("ontvangstnummer", f"de inhoud van {row.number} is gewist (bewaartermijn)")
        reference = inquiry.request_row(session, act.request).reference if act.request else ""
        known = {MESSAGE, *(part.sha256 for part in mapping.part_rows(session, row))}
        if act.document and act.document not in known:
            raise NotFound.because("document", f"geen stuk {act.document} in {row.number}")
        now = self._clock.now()
        session.add(ActRow(submission_id=row.id, acted_at=now, act=asdict(act)))
        event = {
            "ontvangstnummer": row.number,
            "handeling": act.kind.value,
            "medewerker": act.officer,
            "verzoek": reference or None,
            "stuk": act.document or None,
            "nummer": act.item or None,
            "reden": act.reason.value if act.reason else None,
            "toelichting": act.note or None,
            "organisatie": act.receiver or None,
            "aard": act.business or None,
            "voorgesteldDoor": act.proposer or None,
        } | ({"kopie": act.copy} if act.copy else {})
        self._ledger.append(session, EventName.PERSON_ACTED, now, row.number, event)

    def note_access(self, subject: str, what: str, officer: str) -> None:
        """A person took content out: who, what, when (BIO2 8.15.01). `subject`: receipt number or reference."""
        event = {"medewerker": officer, "wat": what}
        with self._database.write() as session:
            self._ledger.append(session, EventName.CONTENT_ACCESS, self._clock.now(), subject, event)

    def note_view(self, subject: str, what: str, *, officer: str, role: str, origin: str, minutes: int) -> None:
        """Somebody saw it: who, what, when, from where (BIO2 8.15.01; Awb 2:25: when the addressee took note).

        The same person who sees the same again within so many minutes is no new entry.
        """
        event = ({"medewerker": officer} if officer else {}) | {"rol": role, "wat": what, "herkomst": origin}
        now = self._clock.now()
        lately = select(col(EntryRow.event)).where(
            col(EntryRow.subject) == subject,
            col(EntryRow.name) == EventName.CONTENT_ACCESS,
            col(EntryRow.at) > now - timedelta(minutes=minutes),
        )
        with self._database.read() as session:
            seen = [read_event(known) or {} for known in session.scalars(lately)]
        if any(all(known.get(key) == value for key, value in event.items()) for known in seen):
            return
        with self._database.write() as session:
            self._ledger.append(session, EventName.CONTENT_ACCESS, now, subject, event)


def move(row: SubmissionRow, act: str, now: datetime) -> None:
    """Put a submission at the step that an act leads to, ready to be claimed. Raises WrongState."""
    row.step = after(Step(row.step), act)
    row.attempts, row.last_error = 0, ""
    row.turn_at = None if row.step in RESTING else row.turn_at or now
    row.retry_at = now
    row.owner = row.lease_until = None


def _at_rest(view: Inzending) -> Inzending:
    """The submission with the status that it will have once what was decided is done."""
    resting = Status.HELD if view.besluit is Outcome.HELD else Status.DONE
    return view.model_copy(update={"status": resting})


def _mark_parts(parts: Iterable[PartRow], decision: Decision) -> None:
    decided = {document.seq: document for document in decision.documents}
    for part in parts:
        document = decided.get(part.seq)
        part.outcome = document.outcome if document else None
        part.reason = document.reason if document else None
        part.number = document.number if document else None
        part.request = document.request if document else None
