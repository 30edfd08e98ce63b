"""The check of the rows against the log: nothing stands in a table that no entry says, and nothing of it is gone.

Read in batches, so memory stays flat. What is no evidence is not looked at: sessions, attempts to sign in, slots of the
clock, how far a mailbox was read, and the hashes of passwords and tokens.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from gateway import mapping
from gateway.core import tokens
from gateway.core.errors import Problem, guarded
from gateway.core.facts import ActKind
from gateway.core.model import PartRole
from gateway.core.notices import MessageKind
from gateway.core.states import RESTING, Step
from gateway.core.words import DocumentOutcome, EventName, ItemStatus, Outcome, RequestStatus
from gateway.ledger import read_event
from gateway.postroom import DRAFTED, FAILED, HANDED_OVER, WRITTEN
from gateway.records import (
    AccountRow,
    ActRow,
    EntryRow,
    FileRow,
    ItemRow,
    LetterRow,
    OutageAnswerRow,
    OutageRow,
    PartRow,
    PartyRow,
    RequestRow,
    ShareRow,
    SubmissionRow,
    TokenRow,
)
from gateway.schema import dump, from_core, instant
from gateway.store import letter_digest

BATCH: Final = 500
_ARRIVALS: Final = (EventName.RECEIVED_FROM_MAIL, EventName.SUBMISSION_ACCEPTED)
_DECISIONS: Final = (EventName.DECIDED, EventName.SHELVED)
_FATES: Final = {EventName.LETTER_HANDED_OVER: HANDED_OVER, EventName.LETTER_FAILED: FAILED}
_UNDECIDED: Final = frozenset({Step.ACCEPTED, Step.READ, Step.SCANNED, Step.MATCHED})
_ACTS: Final = frozenset(kind.value for kind in ActKind)
_MOVES: Final = _ACTS - {ActKind.PROPOSE}


class _Said(NamedTuple):
    """An entry about a subject; `event` is None when it was erased."""

    place: int
    name: str
    at: str
    event: Mapping[str, Any] | None


def problems(session: Session) -> Iterator[Problem]:
    """Every row that is not what the log says, and every entry whose row is gone."""
    yield from guarded("a submission", "een inzending", _submissions(session))
    yield from _gone(session)
    yield from guarded("a request", "een verzoek", _requests(session))
    yield from _requests_gone(session)
    yield from guarded("an outage", "een storing", _outages(session))
    yield from guarded("an answer about an outage", "een besluit over een storing", _outage_answers(session))
    yield from guarded("an account", "een account", _accounts(session))


def _submissions(session: Session) -> Iterator[Problem]:
    for rows in _batches(session, SubmissionRow):
        of = _Submissions(session, rows)
        for row in rows:
            yield from guarded(f"submission {row.number}", f"inzending {row.number}", of.problems(row))


def _requests(session: Session) -> Iterator[Problem]:
    for rows in _batches(session, RequestRow):
        of = _Requests(session, rows)
        for row in rows:
            yield from guarded(f"request {row.reference}", f"verzoek {row.reference}", of.problems(row))


def _batches(session: Session, kind: Any) -> Iterator[Sequence[Any]]:  # noqa: ANN401  # a class of rows
    last = -1
    while rows := session.scalars(select(kind).where(kind.id > last).order_by(kind.id).limit(BATCH)).all():
        yield rows
        last = rows[-1].id
        session.expunge_all()


def _said(session: Session, subjects: Iterable[str]) -> dict[str, list[_Said]]:
    """What the log says of each subject, in its order."""
    rows = session.execute(
        select(col(EntryRow.subject), col(EntryRow.index), col(EntryRow.name), col(EntryRow.at), col(EntryRow.event))
        .where(col(EntryRow.subject).in_(list(subjects)))
        .order_by(col(EntryRow.index))
    )
    found: dict[str, list[_Said]] = defaultdict(list)
    for subject, index, name, at, event in rows:
        found[subject].append(_Said(index, name, instant(at), read_event(event)))
    return found


def _of(session: Session, kind: Any, key: Any, keys: Iterable[int], order: Any) -> dict[int, list[Any]]:  # noqa: ANN401  # columns
    """The rows that belong to each key, in their order."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.scalars(select(kind).where(key.in_(list(keys))).order_by(order)):
        found[getattr(row, key.key)].append(row)
    return found


def _changed(what: str, wat: str, en: str, nl: str) -> Problem:
    return Problem(f"{what} was changed: {en}", f"{wat} is veranderd: {nl}")


# ---- submissions ---------------------------------------------------------------------------------


class _Submissions:
    """Some submissions, with all that belongs to them and all that the log says of them."""

    def __init__(self, session: Session, rows: Sequence[SubmissionRow]) -> None:
        ids = [row.id for row in rows]
        self._said = _said(session, [row.number for row in rows])
        self._files = _of(session, FileRow, col(FileRow.submission_id), ids, col(FileRow.position))
        self._parts = _of(session, PartRow, col(PartRow.submission_id), ids, col(PartRow.seq))
        self._acts = _of(session, ActRow, col(ActRow.submission_id), ids, col(ActRow.id))
        self._letters = _of(session, LetterRow, col(LetterRow.submission_id), ids, col(LetterRow.id))
        self._shares = _of(session, ShareRow, col(ShareRow.submission_id), ids, col(ShareRow.request_id))
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

    def _arrival(self, row: SubmissionRow, entry: _Said) -> Iterator[Problem]:
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

    def _decision(self, row: SubmissionRow, said: Sequence[_Said]) -> Iterator[Problem]:
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
        receipts = {s.place for s in said if s.name == EventName.RECEIPT}
        for place in {row.receipt_index, *(share.receipt_index for share in self._shares[row.id])} - {None, *receipts}:
            yield _row_changed(row, f"receipt is not in the log at {place}", "ontvangstbewijs", entry.place)

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

    def _acted(self, row: SubmissionRow, said: Sequence[_Said]) -> Iterator[Problem]:
        """What persons did is what the log says they did."""
        told = [s for s in said if s.name == EventName.PERSON_ACTED and (s.event or {}).get("handeling") in _ACTS]
        if any(s.name == EventName.PERSON_ACTED and s.event is None for s in said):
            return
        acts = self._acts[row.id]
        for act, entry in zip(acts, told, strict=False):
            event = entry.event or {}
            is_now = tuple(
                act.act.get(key) or None for key in ("kind", "officer", "document", "item", "reason", "proposer")
            )
            told_so = ("handeling", "medewerker", "stuk", "nummer", "reden", "voorgesteldDoor")
            if is_now != tuple(event.get(key) for key in told_so) or instant(act.acted_at) != entry.at:
                yield _row_changed(row, f"an act is not what entry {entry.place} says", "handeling", entry.place)
        if len(acts) != len(told):
            yield Problem(
                f"submission {row.number} has {len(acts)} acts of persons, and the log {len(told)}",
                f"inzending {row.number} heeft {len(acts)} handelingen van medewerkers, en het logboek {len(told)}",
            )

    def _written(self, row: SubmissionRow, said: Sequence[_Said]) -> Iterator[Problem]:
        """Every letter was decided on, every letter that was decided on is there, and so is its fate."""
        letters = {letter.key: letter for letter in self._letters[row.id]}
        fates = {s.event["brief"]: s for s in said if s.name in _FATES and s.event}
        decided = {key: (s.place, sha) for s in said if s.event for key, sha in s.event.get("brieven", {}).items()}
        notices = {s.place for s in said if s.name == EventName.RECEIPT}
        erased = any(s.event is None for s in said)
        for key in sorted(decided.keys() | fates.keys() - letters.keys()):
            if key not in letters:
                index = fates[key].place if key in fates else decided[key][0]
                yield Problem(
                    f"letter {key} is gone, and entry {index} tells of it",
                    f"brief {key} is weg, en regel {index} vertelt ervan",
                )
            # The receipt that a letter carries is the entry after the decision: both are one transaction.
            elif (letters[key].receipt_index - 1, letter_digest(letters[key])) != decided[key]:
                yield _letter_changed(key, f"it is not what entry {decided[key][0]} decided", decided[key][0])
        decisions = {s.place for s in said if s.name == EventName.DECIDED and "brieven" in (s.event or {})}
        noticed: set[int] = set()
        for key, letter in letters.items():
            if key not in decided and (letter.receipt_index - 1 in decisions or letter.receipt_index in noticed):
                yield _letter_changed(key, "no entry decided that it was to be written", None)
            noticed.add(letter.receipt_index)
            if letter.receipt_index not in notices and not erased:
                yield _letter_changed(
                    key, f"entry {letter.receipt_index} is no receipt of {row.number}", letter.receipt_index
                )
            yield from _fate(letter, fates.get(key), erased=erased)


def _fate(letter: LetterRow, fate: _Said | None, *, erased: bool) -> Iterator[Problem]:
    if fate is None:
        if letter.state not in {DRAFTED, WRITTEN} and not erased:
            yield _letter_changed(letter.key, f"it is {letter.state}, and no entry says so", None)
        return
    event = fate.event or {}
    told = (_FATES[EventName(fate.name)], event.get("sha256"), event.get("antwoord"))
    if told != (letter.state, letter.sha256, letter.reply):
        yield _letter_changed(letter.key, f"its fate is not what entry {fate.place} says", fate.place)


def _letter_changed(key: str, en: str, index: int | None) -> Problem:
    nl = "geen regel vertelt wat er staat" if index is None else f"zij is niet wat regel {index} zegt"
    return _changed(f"letter {key}", f"brief {key}", en, nl)


def _row_changed(row: SubmissionRow, en: str, nl: str, index: int) -> Problem:
    what, wat = f"submission {row.number}", f"inzending {row.number}"
    return _changed(what, wat, f"its {en}", f"{nl} is niet wat regel {index} zegt")


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


def _requests_gone(session: Session) -> Iterator[Problem]:
    """Every request that was opened is there."""
    references = select(col(RequestRow.reference)).where(col(RequestRow.reference) == col(EntryRow.subject))
    missing = select(col(EntryRow.index), col(EntryRow.subject)).where(
        col(EntryRow.name) == EventName.REQUEST_OPENED, ~references.exists()
    )
    for index, reference in session.execute(missing.order_by(col(EntryRow.index))):
        yield Problem(
            f"entry {index} opened request {reference}, which is gone",
            f"regel {index} opende verzoek {reference}, en dat verzoek is er niet meer",
        )


# ---- requests ------------------------------------------------------------------------------------

# What is asked stays as it was opened; what follows from later events is looked at on its own.
_MORE_TIME: Final = frozenset({EventName.REQUEST_EXTENDED, EventName.TERM_RESTARTED})
_LATER: Final = frozenset({"status", "laatsteDag", "stukken", "afleiding"})


class _Requests:
    """Some requests, with what was asked and what the log says of them."""

    def __init__(self, session: Session, rows: Sequence[RequestRow]) -> None:
        self._session = session
        self._said = _said(session, [row.reference for row in rows])
        ids = [row.id for row in rows]
        self._items = _of(session, ItemRow, col(ItemRow.request_id), ids, col(ItemRow.position))

    def problems(self, row: RequestRow) -> Iterator[Problem]:
        """What was asked, until when, where it stands, and what was answered."""
        said = self._said[row.reference]
        if not said or said[0].name != EventName.REQUEST_OPENED:
            yield Problem(
                f"request {row.reference} was never opened: no entry says so",
                f"verzoek {row.reference} is nooit geopend: geen regel zegt dat",
            )
        elif all(s.event is not None for s in said):
            yield from self._asked(row, said)
            yield from self._followed(row, said)
            yield from self._items_of(row, said)

    def _asked(self, row: RequestRow, said: Sequence[_Said]) -> Iterator[Problem]:
        opened = said[0]
        told = self._as_changed(row, said)
        is_now = dump(from_core(mapping.request_of(self._session, row)))
        for key in told.keys() & is_now.keys() - _LATER:
            if told[key] != is_now[key]:
                yield _request_changed(row, f"its {key} is not what entry {opened.place} says", key, opened.place)
        if tokens.read_token(tokens.sub_address(row.mail_address)[1] or "").value != row.token:
            yield _request_changed(row, "its secret is not that of its address", "mailadres", opened.place)
        if _bare(told.get("stukken", ())) != _bare(is_now["stukken"]):
            yield _request_changed(row, f"its items are not those of entry {opened.place}", "stukken", opened.place)

    def _as_changed(self, row: RequestRow, said: Sequence[_Said]) -> dict[str, Any]:
        """What was asked, with what later events say of it: when it was sent again, and who agreed to e-mail."""
        told = dict(said[0].event or {})
        parties = select(col(PartyRow.id)).where(col(PartyRow.request_id) == row.id).order_by(col(PartyRow.id))
        agreed: dict[int, bool] = {}
        for entry in said[1:]:
            event = entry.event or {}
            if entry.name == EventName.TERM_RESTARTED:
                told["verzondenOp"] = event.get("verzondenOp")
            elif entry.name == EventName.CONSENT_CHANGED and MessageKind.RECEIPT in event.get("soorten", ()):
                agreed[event["betrokkene"]] = event["toestemming"]
        if agreed:
            people = zip(self._session.scalars(parties), told.get("betrokkenen", ()), strict=False)
            told["betrokkenen"] = [
                person | ({"stemtInMetEmail": agreed[number]} if number in agreed else {}) for number, person in people
            ]
        return told

    def _followed(self, row: RequestRow, said: Sequence[_Said]) -> Iterator[Problem]:
        """The last day and the status are those that the events lead to."""
        last_day, status = "", str(RequestStatus.OPEN)
        for entry in said:
            event = entry.event or {}
            if entry.name == EventName.REQUEST_OPENED:
                last_day = event.get("laatsteDag", "")
            elif entry.name in _MORE_TIME:
                last_day = event.get("tot", last_day)
            status = _status(status, entry.name, event)
        if row.last_day.isoformat() != last_day:
            yield _request_changed(
                row, f"its last day is {row.last_day}, the log says {last_day}", "laatsteDag", said[-1].place
            )
        if row.status != status:
            yield _request_changed(row, f"its status is {row.status}, the log says {status}", "status", said[-1].place)

    def _items_of(self, row: RequestRow, said: Sequence[_Said]) -> Iterator[Problem]:
        """An item stands where a person or a document put it."""
        judged = {
            s.event["nummer"]: s for s in said if s.name == EventName.PERSON_ACTED and s.event and s.event.get("status")
        }
        if [item.position for item in self._items[row.id]] != list(range(len(self._items[row.id]))):
            yield _request_changed(row, "its items are not in their order", "stukken", said[0].place)
        for item in self._items[row.id]:
            person = judged.get(item.number)
            if item.status == ItemStatus.APPROVED and (person is None or (person.event or {})["status"] != item.status):
                yield _request_changed(
                    row, f"item {item.number} is approved, and no entry says so", "stuk", said[-1].place
                )
            elif (
                person and (person.event or {})["status"] == ItemStatus.APPROVED and item.status != ItemStatus.APPROVED
            ):
                yield _request_changed(
                    row, f"item {item.number} is not what entry {person.place} says", "stuk", person.place
                )
            elif item.status == ItemStatus.REJECTED and person is None:
                yield _request_changed(
                    row, f"item {item.number} is rejected, and no entry says so", "stuk", said[-1].place
                )
            elif (
                person is None and (item.status != ItemStatus.OPEN) != self._is_answered(row, item) and self._rests(row)
            ):
                yield _request_changed(row, f"item {item.number} is not what came in for it", "stuk", said[-1].place)

    def _is_answered(self, row: RequestRow, item: ItemRow) -> bool:
        found = (
            select(col(PartRow.id))
            .join(SubmissionRow, col(SubmissionRow.id) == col(PartRow.submission_id))
            .where(
                or_(
                    and_(col(SubmissionRow.request_id) == row.id, col(PartRow.request).is_(None)),
                    col(PartRow.request) == row.reference,
                ),
                col(PartRow.number) == item.number,
                col(PartRow.outcome) == DocumentOutcome.ACCEPTED,
            )
        )
        return self._session.scalar(found.limit(1)) is not None

    def _rests(self, row: RequestRow) -> bool:
        """Whether nothing is on its way to the request."""
        shared = select(col(ShareRow.submission_id)).where(col(ShareRow.request_id) == row.id)
        busy = select(col(SubmissionRow.id)).where(
            or_(col(SubmissionRow.request_id) == row.id, col(SubmissionRow.id).in_(shared)),
            col(SubmissionRow.step).not_in(list(RESTING)),
        )
        return self._session.scalar(busy.limit(1)) is None


def _bare(items: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in item.items() if key != "status"} for item in items]


def _status(now: str, name: str, event: Mapping[str, Any]) -> str:
    """The status of a request after an event."""
    if name in _MORE_TIME:
        return RequestStatus.OPEN if now == RequestStatus.LAPSED else now
    if name == EventName.PERSON_ACTED:
        reopened = event.get("status") == ItemStatus.REJECTED and now == RequestStatus.COMPLETE
        return RequestStatus.OPEN if reopened else now
    if name in {EventName.REQUEST_COMPLETE, EventName.REQUEST_REOPENED}:
        return str(event.get("status", now))
    return {EventName.REQUEST_CLOSED: RequestStatus.CLOSED, EventName.REQUEST_LAPSED: RequestStatus.LAPSED}.get(
        EventName(name), now
    )


def _request_changed(row: RequestRow, en: str, nl: str, index: int) -> Problem:
    what, wat = f"request {row.reference}", f"verzoek {row.reference}"
    return _changed(what, wat, en, f"{nl} is niet wat het logboek zegt, tot en met regel {index}")


# ---- the house -----------------------------------------------------------------------------------


def _last_said(session: Session, name: EventName) -> dict[str, dict[str, Any]]:
    """The last event of a kind by its subject; there are few of these."""
    rows = session.execute(
        select(col(EntryRow.subject), col(EntryRow.event))
        .where(col(EntryRow.name) == name)
        .order_by(col(EntryRow.index))
    )
    return {subject: content for subject, event in rows if (content := read_event(event)) is not None}


def _outages(session: Session) -> Iterator[Problem]:
    said = {s: e for s, e in _last_said(session, EventName.OUTAGE).items() if s.startswith("storing-")}
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
            yield _changed(
                f"outage {row.id}", f"storing {row.id}", "it is not what the log says", "het logboek zegt iets anders"
            )
    yield from (
        Problem(f"outage {subject.rpartition('-')[2]} is gone", f"{subject} staat in het logboek, en is weg")
        for subject in said
    )


def _outage_answers(session: Session) -> Iterator[Problem]:
    """Every answer of a person is an entry, and every entry that was not erased is an answer."""
    told = session.execute(
        select(col(EntryRow.subject), col(EntryRow.event))
        .where(col(EntryRow.name) == EventName.OUTAGE_ANSWERED)
        .order_by(col(EntryRow.index))
    )
    answers = session.execute(
        select(col(RequestRow.reference), OutageAnswerRow)
        .join(OutageAnswerRow, col(OutageAnswerRow.request_id) == col(RequestRow.id))
        .order_by(col(OutageAnswerRow.id))
    )
    is_now = [(reference, _answer(row)) for reference, row in answers]
    said = [(subject, content) for subject, event in told if (content := read_event(event)) is not None]
    for place, (reference, event) in enumerate(said):
        found, answer = is_now[place] if place < len(is_now) else ("", {})
        if found != reference or any(event.get(key) != value for key, value in answer.items()):
            what, wat = f"an answer about an outage, {reference}", f"een besluit over een storing, {reference}"
            yield _changed(what, wat, "it is not what the log says", "het logboek zegt iets anders")
            return
    for reference, _event in is_now[len(said) :]:
        what, wat = f"an answer about an outage, {reference}", f"een besluit over een storing, {reference}"
        yield _changed(what, wat, "no entry says it", "geen regel zegt het")


def _answer(row: OutageAnswerRow) -> dict[str, Any]:
    return {
        "storingen": row.outages,
        "laatsteDag": row.was.isoformat(),
        "tot": row.until.isoformat() if row.until else None,
        "toelichting": row.reason,
        "medewerker": row.officer,
    }


def _accounts(session: Session) -> Iterator[Problem]:
    """Who may come in, as what, is what the log says."""
    events = _last_said(session, EventName.ACCOUNT_CHANGED).values()
    roles = {e["account"]: e.get("rol") for e in events if "account" in e}
    for row in session.scalars(select(AccountRow).order_by(col(AccountRow.name))):
        if roles.pop(row.name, None) != row.role:
            yield _changed(
                f"account {row.name}", f"account {row.name}", "no entry gave it this role", "geen regel gaf deze rol"
            )
    for name in roles:
        yield Problem(f"account {name} is gone", f"account {name} is weg, en geen regel zegt dat")
    tokens = {e["token"]: e for e in events if "token" in e}
    for token in session.scalars(select(TokenRow).order_by(col(TokenRow.name))):
        told = tokens.pop(token.name, {})
        revoked = bool(told.get("ingetrokken"))
        if revoked != (token.revoked_at is not None) or (not revoked and told.get("rechten") != list(token.scopes)):
            yield _changed(
                f"token {token.name}", f"token {token.name}", "the log says otherwise", "het logboek zegt iets anders"
            )
    for name in tokens:
        yield Problem(f"token {name} is gone", f"token {name} is weg, en geen regel zegt dat")
