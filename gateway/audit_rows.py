"""The check of the rows against the log: nothing stands in a table that no entry says, and nothing of it is gone.

Read in batches, so memory stays flat. What is no evidence is not looked at: sessions, attempts to sign in, slots of the
clock, how far a mailbox was read, and the hashes of passwords and tokens.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import audit_requests, mapping
from gateway.audit_said import (
    FATES,
    Said,
    changed,
    checked,
    fate,
    in_turn,
    letter_changed,
    letter_gone,
    rows_of,
    said_of,
)
from gateway.core.errors import Problem, guarded
from gateway.core.facts import ActKind
from gateway.core.model import PartRole
from gateway.core.states import RESTING, Step
from gateway.core.words import EventName, Outcome
from gateway.ledger import read_event
from gateway.records import (
    AccountRow,
    ActRow,
    EntryRow,
    FileRow,
    HoldRow,
    LetterRow,
    OutageAnswerRow,
    OutageRow,
    PartRow,
    RequestRow,
    ShareRow,
    SubmissionRow,
    TokenRow,
)
from gateway.schema import instant

_ARRIVALS: Final = (EventName.RECEIVED_FROM_MAIL, EventName.SUBMISSION_ACCEPTED)
_DECISIONS: Final = (EventName.DECIDED, EventName.SHELVED)
_UNDECIDED: Final = frozenset({Step.ACCEPTED, Step.READ, Step.SCANNED, Step.MATCHED})
_ACTS: Final = frozenset(kind.value for kind in ActKind)
_ACT: Final = {
    "kind": "handeling", "officer": "medewerker", "document": "stuk", "item": "nummer", "reason": "reden",
    "note": "toelichting", "receiver": "organisatie", "proposer": "voorgesteldDoor", "copy": "kopie",
}  # fmt: skip
_MOVES: Final = _ACTS - {ActKind.PROPOSE}


def problems(session: Session) -> Iterator[Problem]:
    """Every row that is not what the log says, and every entry whose row is gone."""
    yield from checked(session, SubmissionRow.number, "submission", "inzending", _Submissions)
    yield from _gone(session)
    yield from audit_requests.problems(session)
    yield from _holds(session)
    yield from guarded("an outage", "een storing", _outages(session))
    yield from _outage_answers(session)
    yield from guarded("an account", "een account", _accounts(session))


# ---- submissions ---------------------------------------------------------------------------------


class _Submissions:
    """Some submissions, with all that belongs to them and all that the log says of them."""

    def __init__(self, session: Session, rows: Sequence[SubmissionRow]) -> None:
        ids = [row.id for row in rows]
        self._said = said_of(session, [row.number for row in rows])
        self._files = rows_of(session, FileRow, col(FileRow.submission_id), ids, col(FileRow.position))
        self._parts = rows_of(session, PartRow, col(PartRow.submission_id), ids, col(PartRow.seq))
        self._acts = rows_of(session, ActRow, col(ActRow.submission_id), ids, col(ActRow.id))
        self._letters = rows_of(session, LetterRow, col(LetterRow.submission_id), ids, col(LetterRow.id))
        self._shares = rows_of(session, ShareRow, col(ShareRow.submission_id), ids, col(ShareRow.request_id))
        requests = {row.request_id for row in rows} | {each.request_id for of in self._shares.values() for each in of}
        named = select(col(RequestRow.id), col(RequestRow.reference)).where(col(RequestRow.id).in_(requests - {None}))
        self._references: dict[int | None, str] = dict(iter(session.execute(named)))

    def problems(self, row: SubmissionRow) -> Iterator[Problem]:
        """Everything about one of them, in the order of its life."""
        said = self._said[row.number]
        arrival = next((s for s in said if s.place == row.arrival_index and s.name in _ARRIVALS), None)
        if arrival is None:
            yield Problem(
                f"submission {row.number} has no entry {row.arrival_index} of its arrival",
                f"inzending {row.number} heeft geen regel {row.arrival_index} van haar ontvangst",
            )
        else:
            yield from self._arrival(row, arrival)
        yield from self._decision(row, said)
        yield from self._acted(row, said)
        yield from self._written(row, said)

    def _arrival(self, row: SubmissionRow, entry: Said) -> Iterator[Problem]:
        """What came in, when, how and from whom, is what the log says."""
        if entry.event is None:
            return
        is_now = {
            "ontvangstnummer": row.number,
            "kanaal": row.channel,
            "ontvangenOp": instant(row.received_at),
            "envelop": row.envelope,
            "bestanden": [{"sha256": file.sha256, "bytes": file.bytes} for file in self._files[row.id]],
        }
        for key, value in is_now.items():
            if entry.event.get(key) != value:
                yield _row_changed(row, f"{key} is not what entry {entry.place} says", key, entry.place)
        if instant(row.accepted_at) != entry.at:
            yield _row_changed(row, f"accepted_at is not what entry {entry.place} says", "verwerkingstijd", entry.place)

    def _decision(self, row: SubmissionRow, said: Sequence[Said]) -> Iterator[Problem]:
        """The decision, its facts and its documents are those of the last one that the log has."""
        entry = next((s for s in reversed(said) if s.name in _DECISIONS), None)
        acted = [s for s in said if s.name == EventName.PERSON_ACTED and (s.event or {}).get("handeling") in _MOVES]
        if entry is None:
            if row.outcome is not None or row.step not in _UNDECIDED:
                yield Problem(
                    f"submission {row.number} is decided, and no entry says so",
                    f"inzending {row.number} heeft een besluit, en geen regel zegt dat",
                )
            return
        acted += [s for s in said if s.name == EventName.INFECTION_FOUND]
        if row.step in _UNDECIDED:
            if max((s.place for s in acted), default=-1) < entry.place:
                yield _row_changed(row, f"step is {row.step} after entry {entry.place}", "stap", entry.place)
            return  # it is being decided again
        if entry.event is None or entry.name == EventName.SHELVED:
            return
        if not self._is_decided_so(row, entry.event):
            yield _row_changed(row, f"decision is not what entry {entry.place} says", "besluit", entry.place)
        elif "dossier" in entry.event:
            sealed = mapping.seal(row, self._files[row.id], self._parts[row.id])
            wrong = [key for key, value in sealed.items() if entry.event["dossier"].get(key, value) != value]
            for key in wrong:
                yield _row_changed(row, f"{key} is not what entry {entry.place} sealed", key, entry.place)
        yield from self._receipts(row, entry, said)

    def _receipts(self, row: SubmissionRow, entry: Said, said: Sequence[Said]) -> Iterator[Problem]:
        """The receipt is the entry after the decision, and that of each request is the newest that names it."""
        if "brieven" in (entry.event or {}) and row.receipt_index != entry.place + 1:
            yield _row_changed(row, f"receipt is not in the log at {row.receipt_index}", "ontvangstbewijs", entry.place)
        receipts = {s.get("verzoek"): s.place for s in said if s.name == EventName.RECEIPT}
        for share in self._shares[row.id]:
            if share.receipt_index != receipts.get(self._references.get(share.request_id)):
                yield _row_changed(
                    row, f"receipt is not in the log at {share.receipt_index}", "ontvangstbewijs", entry.place
                )

    def _is_decided_so(self, row: SubmissionRow, said: Mapping[str, Any]) -> bool:
        parts = [p for p in self._parts[row.id] if p.role == PartRole.DOCUMENT]
        documents = [(p.sha256, p.outcome, p.reason, p.number) for p in parts]
        told = [(s["sha256"], s["besluit"], s["reden"], s["nummer"]) for s in said.get("stukken", ())]
        decided = (row.outcome, row.reasons, row.rule, row.ground, documents)
        resting = row.step not in RESTING or (row.step == Step.HELD) == (row.outcome == Outcome.HELD)
        tied = [row.request_id] if row.request_id else [share.request_id for share in self._shares[row.id]]
        return (
            resting
            and sorted(self._references.get(key, "") for key in tied) == said.get("verzoeken")
            and decided == (said.get("besluit"), said.get("redenen"), said.get("regel"), said.get("grond"), told)
        )

    def _acted(self, row: SubmissionRow, said: Sequence[Said]) -> Iterator[Problem]:
        """What persons did is what the log says they did."""
        told = [s for s in said if s.name == EventName.PERSON_ACTED and (s.event or {}).get("handeling") in _ACTS]
        if any(s.name == EventName.PERSON_ACTED and s.event is None for s in said):
            return
        acts = self._acts[row.id]
        for act, entry in zip(acts, told, strict=False):
            event = entry.event or {}
            is_now = tuple(act.act.get(key) or None for key in _ACT)
            if is_now != tuple(event.get(key) for key in _ACT.values()) or instant(act.acted_at) != entry.at:
                yield _row_changed(row, f"an act is not what entry {entry.place} says", "handeling", entry.place)
        if len(acts) != len(told):
            yield Problem(
                f"submission {row.number} has {len(acts)} acts of persons, and the log {len(told)}",
                f"inzending {row.number} heeft {len(acts)} handelingen van medewerkers, en het logboek {len(told)}",
            )

    def _written(self, row: SubmissionRow, said: Sequence[Said]) -> Iterator[Problem]:
        """Every letter was decided on, every letter that was decided on is there, and so is its fate."""
        letters = {letter.key: letter for letter in self._letters[row.id]}
        fates = {s.event["brief"]: s for s in said if s.name in FATES and s.event}
        decided = {key: (s.place, sha) for s in said if s.event for key, sha in s.event.get("brieven", {}).items()}
        notices = {s.place for s in said if s.name == EventName.RECEIPT}
        erased = any(s.event is None for s in said)
        for key in sorted(decided.keys() | fates.keys() - letters.keys()):
            if key not in letters:
                index = fates[key].place if key in fates else decided[key][0]
                yield letter_gone(key, index)
            # The receipt that a letter carries is the entry after the decision: both are one transaction.
            elif (letters[key].receipt_index - 1, mapping.digest(letters[key].draft)) != decided[key]:
                yield letter_changed(key, f"it is not what entry {decided[key][0]} decided", decided[key][0])
        decisions = {s.place for s in said if s.name == EventName.DECIDED and "brieven" in (s.event or {})}
        noticed: set[int] = set()
        for key, letter in letters.items():
            if key not in decided and (letter.receipt_index - 1 in decisions or letter.receipt_index in noticed):
                yield letter_changed(key, "no entry decided that it was to be written", None)
            noticed.add(letter.receipt_index)
            if letter.receipt_index not in notices and not erased:
                yield letter_changed(
                    key, f"entry {letter.receipt_index} is no receipt of {row.number}", letter.receipt_index
                )
            yield from fate(letter, fates.get(key), erased=erased)


def _row_changed(row: SubmissionRow, en: str, nl: str, index: int) -> Problem:
    what, wat = f"submission {row.number}", f"inzending {row.number}"
    return changed(what, wat, f"its {en}", f"{nl} is niet wat regel {index} zegt")


def _gone(session: Session) -> Iterator[Problem]:
    """Every arrival has its submission (P3)."""
    numbers = select(col(SubmissionRow.number)).where(col(SubmissionRow.number) == col(EntryRow.subject))
    missing = (
        select(col(EntryRow.index), col(EntryRow.subject))
        .where(col(EntryRow.name).in_(_ARRIVALS), ~numbers.exists())
        .order_by(col(EntryRow.index))
    )
    for index, number in session.execute(missing):
        yield Problem(
            f"entry {index} says that {number} arrived, but there is no such submission",
            f"regel {index} zegt dat {number} is ontvangen, maar die inzending is er niet meer",
        )


# ---- the house -----------------------------------------------------------------------------------


def _told(session: Session, name: EventName) -> Iterator[tuple[str, dict[str, Any]]]:
    """All events of a kind with their subjects, in order; there are few of these."""
    rows = session.execute(
        select(col(EntryRow.subject), col(EntryRow.event))
        .where(col(EntryRow.name) == name)
        .order_by(col(EntryRow.index))
    )
    yield from ((subject, content) for subject, event in rows if (content := read_event(event)) is not None)


def _holds(session: Session) -> Iterator[Problem]:
    """What may not be erased, since when and until when, on whose word."""
    placed: dict[str, list[tuple[int, tuple[str, str | None, str | None]]]] = defaultdict(list)
    ended: dict[str, list[tuple[int, tuple[str]]]] = defaultdict(list)
    entries = (
        select(col(EntryRow.subject), col(EntryRow.index), col(EntryRow.name), col(EntryRow.at), col(EntryRow.event))
        .where(
            col(EntryRow.name).in_((EventName.HOLD_PLACED, EventName.HOLD_RELEASED)), col(EntryRow.event).is_not(None)
        )
        .order_by(col(EntryRow.index))
    )
    for subject, index, name, at, event in session.execute(entries):
        said = read_event(event) or {}
        if name == EventName.HOLD_PLACED:
            placed[subject].append((index, (instant(at), said.get("medewerker"), said.get("reden"))))
        else:
            ended[subject].append((index, (instant(at),)))
    held = session.scalars(select(col(HoldRow.subject)).distinct())
    for subject in sorted({*held, *placed}):
        what, wat = f"the legal hold on {subject}", f"het wisverbod op {subject}"
        yield from guarded(what, wat, _held(session, subject, placed[subject], ended[subject]))


def _held(
    session: Session,
    subject: str,
    placed: Sequence[tuple[int, tuple[Any, ...]]],
    ended: Sequence[tuple[int, tuple[Any, ...]]],
) -> Iterator[Problem]:
    what, wat = f"the legal hold on {subject}", f"het wisverbod op {subject}"
    holds = session.scalars(select(HoldRow).where(col(HoldRow.subject) == subject).order_by(col(HoldRow.id))).all()
    yield from in_turn(what, wat, [(instant(r.placed_at), r.placed_by, r.reason) for r in holds], placed)
    yield from in_turn(what, wat, [(instant(r.released_at),) for r in holds if r.released_at is not None], ended)


def _outages(session: Session) -> Iterator[Problem]:
    said = {subject: event for subject, event in _told(session, EventName.OUTAGE) if subject.startswith("storing-")}
    for row in session.scalars(select(OutageRow).order_by(col(OutageRow.id))):
        is_now = {
            "kanaal": row.channel,
            "van": instant(row.started_at),
            "tot": instant(row.ended_at) if row.ended_at else None,
            "gepland": row.planned,
            "toelichting": row.note,
        }
        told = said.pop(f"storing-{row.id}", {})
        if any(told.get(key) != value for key, value in is_now.items()):
            yield changed(
                f"outage {row.id}", f"storing {row.id}", "it is not what the log says", "het logboek zegt iets anders"
            )
    yield from (
        Problem(f"outage {subject.rpartition('-')[2]} is gone", f"{subject} staat in het logboek, en is weg")
        for subject in said
    )


def _outage_answers(session: Session) -> Iterator[Problem]:
    """Every answer of a person is an entry, and every entry that was not erased is an answer."""
    said: dict[str, list[tuple[int, tuple[Any, ...]]]] = defaultdict(list)
    told = session.execute(
        select(col(EntryRow.subject), col(EntryRow.index), col(EntryRow.at), col(EntryRow.event))
        .where(col(EntryRow.name) == EventName.OUTAGE_ANSWERED, col(EntryRow.event).is_not(None))
        .order_by(col(EntryRow.index))
    )
    for subject, place, at, event in told:
        content = (read_event(event) or {}) | {"beantwoordOp": instant(at)}
        said[subject].append((place, tuple(content.get(key) for key in _ANSWER)))
    answered = session.scalars(
        select(col(RequestRow.reference))
        .join(OutageAnswerRow, col(OutageAnswerRow.request_id) == col(RequestRow.id))
        .distinct()
    )
    for reference in sorted({*answered, *said}):
        what, wat = f"an answer about an outage, {reference}", f"een besluit over een storing, {reference}"
        yield from guarded(what, wat, _answers(session, reference, what, wat, said[reference]))


_ANSWER: Final = ("storingen", "laatsteDag", "tot", "toelichting", "medewerker", "beantwoordOp")


def _answers(
    session: Session, reference: str, what: str, wat: str, said: Sequence[tuple[int, tuple[Any, ...]]]
) -> Iterator[Problem]:
    rows = session.scalars(
        select(OutageAnswerRow)
        .join(RequestRow, col(OutageAnswerRow.request_id) == col(RequestRow.id))
        .where(col(RequestRow.reference) == reference)
        .order_by(col(OutageAnswerRow.id))
    )
    is_now = [
        (r.outages, r.was.isoformat(), r.until and r.until.isoformat(), r.reason, r.officer, instant(r.answered_at))
        for r in rows
    ]
    yield from in_turn(what, wat, is_now, said)


def _accounts(session: Session) -> Iterator[Problem]:
    """Who may come in, as what, is what the log says: people by an account, programs by a token, of any name."""
    events = [event for _, event in _told(session, EventName.ACCOUNT_CHANGED)]
    roles = {event["account"]: event.get("rol") for event in events if "account" in event}
    for row in session.scalars(select(AccountRow).order_by(col(AccountRow.name))):
        if roles.pop(row.name, None) != row.role or row.disabled:
            yield changed(
                f"account {row.name}", f"account {row.name}", "no entry gave it this role", "geen regel gaf deze rol"
            )
    for name in roles:
        yield Problem(f"account {name} is gone", f"account {name} is weg, en geen regel zegt dat")
    last = {event["token"]: event for event in events if "token" in event}
    first = {event["token"]: event for event in reversed(events) if "token" in event}
    for token in session.scalars(select(TokenRow).order_by(col(TokenRow.name))):
        made, told = first.get(token.name, {}), last.pop(token.name, {})
        is_now = (list(token.scopes), instant(token.made_at), token.revoked_at and instant(token.revoked_at))
        if is_now != (told.get("rechten"), made.get("tijd"), told.get("tijd") if told.get("ingetrokken") else None):
            yield changed(
                f"token {token.name}", f"token {token.name}", "the log says otherwise", "het logboek zegt iets anders"
            )
    for name in last:
        yield Problem(f"token {name} is gone", f"token {name} is weg, en geen regel zegt dat")
