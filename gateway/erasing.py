"""What goes and what stays when something is erased, and the entry of the log that proves it.

Goes: bytes, parts, letters, names, addresses, hashes, facts, what persons said, and of the log's entries the event and
its salt: without the salt the commitment that stays tells nothing (P9).
Stays: the receipt number, the channel, the moments, the sizes, and in closed words what was decided, so that the
register has no gap; of a request its reference, case number and dates, as the declaration of what was destroyed
names it.

Rule 1: every entry without its event is named by a `ContentErased` entry, which itself is never erased.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update
from sqlmodel import Session, col

from gateway.core.errors import Problem
from gateway.core.model import PartRole
from gateway.core.retention import Rule
from gateway.core.words import EventName, RequestStatus
from gateway.ledger import Ledger, size_of
from gateway.records import (
    ActRow,
    AlertRow,
    BeingKeptRow,
    BundleRow,
    ConsentRow,
    ContactRow,
    EntryRow,
    ExtensionRow,
    FileRow,
    HandedOverRow,
    HoldRow,
    ItemRow,
    LetterRow,
    MessageRow,
    OutageAnswerRow,
    PartRow,
    PartyRow,
    ReminderRow,
    RequestRow,
    SendingRow,
    SessionRow,
    SubmissionRow,
)
from gateway.schema import instant

GONE: Final = "(gewist)"
"""Stands where a name stood that may not be empty."""
_AT_ONCE: Final = 500


# ---- what there is -------------------------------------------------------------------------------


def own_bytes(session: Session, row: SubmissionRow) -> tuple[set[str], int]:
    """The hashes of the bytes that only this submission has; and how many others have too."""
    hashes: set[str] = set()
    for column, of in _HASHES:
        hashes |= {h for h in session.scalars(select(column).where(of == row.id)) if h}
    shared = {h for some in _batches(sorted(hashes)) for h in _elsewhere(session, row, some)}
    return hashes - shared, len(shared)


_HASHES: Final = (
    (col(FileRow.sha256), col(FileRow.submission_id)),
    (col(PartRow.sha256), col(PartRow.submission_id)),
    (col(LetterRow.sha256), col(LetterRow.submission_id)),
)


def _elsewhere(session: Session, row: SubmissionRow, hashes: Sequence[str]) -> Iterator[str]:
    """Those that a submission has that stays; one that is being erased too needs them no more."""
    stays = select(col(SubmissionRow.id)).where(
        col(SubmissionRow.id) != row.id, col(SubmissionRow.erasing_at).is_(None)
    )
    for column, of in _HASHES:
        query = select(column).where(column.in_(hashes), or_(of.is_(None), of.in_(stays)))
        yield from (h for h in session.scalars(query.distinct()) if h)


def left_over(session: Session, until: datetime) -> tuple[set[str], set[str]]:
    """The bytes that were announced up to then; and those of them that no row names: a crash left them."""
    announced = set(session.scalars(select(col(BeingKeptRow.sha256)).where(col(BeingKeptRow.at) <= until)))
    named: set[str] = set()
    for some in _batches(sorted(announced)):
        for column in (*(column for column, _ in _HASHES), col(MessageRow.sha256)):
            named |= {h for h in session.scalars(select(column).where(column.in_(some))) if h}
    return announced, announced - named


def no_more_announced(session: Session, hashes: Collection[str], until: datetime) -> None:
    """These are kept or gone; what was announced again meanwhile stays announced."""
    for some in _batches(sorted(hashes)):
        session.execute(delete(BeingKeptRow).where(col(BeingKeptRow.sha256).in_(some), col(BeingKeptRow.at) <= until))


def letter_keys(session: Session, row: SubmissionRow) -> list[str]:
    """The names of its letters: under these they may lie in the outbox's directory."""
    return list(session.scalars(select(col(LetterRow.key)).where(col(LetterRow.submission_id) == row.id)))


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[n : n + _AT_ONCE] for n in range(0, len(values), _AT_ONCE))


# ---- what goes -----------------------------------------------------------------------------------


def submission(session: Session, row: SubmissionRow, now: datetime) -> dict[str, int]:
    """Leave of a submission only what stays; its bytes are gone already. Returns how much of what went."""
    counts = {
        "bestanden": _count(session, FileRow.submission_id, row.id),
        "bytes": session.scalar(select(func.sum(col(FileRow.bytes))).where(col(FileRow.submission_id) == row.id)) or 0,
        "stukken": _count(session, PartRow.submission_id, row.id),
        "brieven": _count(session, LetterRow.submission_id, row.id),
    }
    for table in (ActRow, LetterRow, HandedOverRow):
        session.execute(delete(table).where(col(table.submission_id) == row.id))
    session.execute(delete(HoldRow).where(col(HoldRow.subject) == row.number))
    documents = col(PartRow.role) == PartRole.DOCUMENT
    mine = col(PartRow.submission_id) == row.id
    session.execute(delete(PartRow).where(mine, ~documents))
    session.execute(update(PartRow).where(mine).values(**_NO_PART))
    session.execute(
        update(FileRow)
        .where(col(FileRow.submission_id) == row.id)
        .values(sha256="", name="", media_type="", item=None, segment=None, start=None)
    )
    asked = col(ExtensionRow.submission_id) == row.id
    session.execute(update(ExtensionRow).where(asked).values(submission_id=None, asked_by=GONE, asked=GONE))
    for name, value in _NO_SUBMISSION.items():
        setattr(row, name, value)
    # Of paper the days and the originals that came with it stay: what was decided rests on them.
    registered = row.envelope.get("registered")
    row.envelope = {"registered": registered | {"officer": GONE}} if registered else {}
    row.erased_at = now
    return counts


_NO_PART: Final[Mapping[str, Any]] = {
    "parent": None, "name": "", "original_name": "", "declared_type": "", "sha256": "", "note": "", "item": None,
    "media_type": "", "verdict": None, "findings": [],
}  # fmt: skip
_NO_SUBMISSION: Final[Mapping[str, Any]] = {
    "session_request": None, "last_error": "", "sender": "", "message": None, "trouble": None,
    "malware": "", "rescanned": "", "clues": [], "facts": None, "detail": "",
}  # fmt: skip


def own_messages(session: Session, row: RequestRow) -> tuple[set[str], list[str]]:
    """The bytes of our messages about a request, notices and mail to staff included, and the names of these."""
    kept = session.scalars(select(col(MessageRow.sha256)).where(col(MessageRow.request_id) == row.id))
    notices = session.execute(select(col(LetterRow.sha256), col(LetterRow.key)).where(_letters(row))).all()
    return {sha256 for sha256 in (*kept, *(of for of, _ in notices)) if sha256}, [key for _, key in notices]


def _sendings(row: RequestRow) -> Select[int]:
    messages = select(col(MessageRow.id)).where(col(MessageRow.request_id) == row.id)
    return select(col(SendingRow.id)).where(col(SendingRow.message_id).in_(messages))


def _letters(row: RequestRow) -> ColumnElement[bool]:
    """The letters about a request that are about no submission."""
    alerts = select(col(AlertRow.id)).where(col(AlertRow.request_id) == row.id)
    return or_(col(LetterRow.sending_id).in_(_sendings(row)), col(LetterRow.alert_id).in_(alerts))


def _messages(session: Session, row: RequestRow) -> int:
    """Leave nothing of our messages and of what people said of them. Returns how many messages there were."""
    count = _count(session, MessageRow.request_id, row.id)
    parties = select(col(PartyRow.id)).where(col(PartyRow.request_id) == row.id)
    session.execute(delete(LetterRow).where(_letters(row)))
    session.execute(delete(SendingRow).where(col(SendingRow.id).in_(_sendings(row))))
    session.execute(delete(MessageRow).where(col(MessageRow.request_id) == row.id))
    session.execute(delete(ConsentRow).where(col(ConsentRow.party_id).in_(parties)))
    return count


def request(session: Session, row: RequestRow, now: datetime) -> dict[str, int]:
    """Leave of a request only what stays; of its submissions nothing else is left. Returns how much of what went.

    The bytes of our messages are gone already.
    """
    counts = {
        "berichten": _messages(session, row),
        "betrokkenen": _count(session, PartyRow.request_id, row.id),
        "stukken": _count(session, ItemRow.request_id, row.id),
    }
    for table in (BundleRow, HandedOverRow, ExtensionRow, ContactRow, OutageAnswerRow, ReminderRow, AlertRow):
        session.execute(delete(table).where(col(table.request_id) == row.id))
    nobody = {"name": GONE, "email": "", "organisation": "", "consents": False, "declined": False}
    session.execute(update(PartyRow).where(col(PartyRow.request_id) == row.id).values(**nobody))
    nothing = {"kind": GONE, "description": GONE, "person": ""}
    session.execute(update(ItemRow).where(col(ItemRow.request_id) == row.id).values(**nothing))
    session.execute(delete(HoldRow).where(col(HoldRow.subject) == row.reference))
    session.execute(delete(SessionRow).where(col(SessionRow.subject) == row.reference))
    # No secret opens it any more, and none that is made later can be the same.
    row.token, row.mail_address, row.code_salt, row.code_hash = f"gewist-{row.id}", "", b"", b""
    row.status, row.needs_person, row.withheld, row.erased_at = RequestStatus.CLOSED, False, "", now
    return counts


def entries(session: Session, *which: ColumnElement[bool], most: int | None = None) -> list[tuple[int, bytes]]:
    """Erase event and salt of these entries of the log; returns index and commitment of each."""
    query = select(col(EntryRow.index), col(EntryRow.commitment)).where(
        *which, col(EntryRow.event).is_not(None), col(EntryRow.name) != EventName.CONTENT_ERASED
    )
    found = [(i, bytes(c)) for i, c in session.execute(query.order_by(col(EntryRow.index)).limit(most))]
    for start in range(0, len(found), _AT_ONCE):
        some = [index for index, _ in found[start : start + _AT_ONCE]]
        session.execute(update(EntryRow).where(col(EntryRow.index).in_(some)).values(event=None, salt=None))
    return found


def unnamed(session: Session, gone: Sequence[tuple[int, bytes]]) -> None:
    """Nor are these entries found by an address or a name any more."""
    indexes = [index for index, _ in gone]
    session.execute(update(EntryRow).where(col(EntryRow.index).in_(indexes)).values(subject=""))


def _count(session: Session, column: Any, value: int) -> int:  # noqa: ANN401  # a column, whatever SQLModel calls it
    return session.scalar(select(func.count()).where(column == value)) or 0


# ---- what proves it ------------------------------------------------------------------------------


def note(
    ledger: Ledger,
    session: Session,
    now: datetime,
    *,
    subject: str,
    what: Mapping[str, Any],
    rule: Rule,
    counts: Mapping[str, int],
    gone: Iterable[tuple[int, bytes]],
) -> int:
    """Write down what was erased, on what ground; returns the index of that entry.

    The specification that a declaration of destruction has to have (Archiefbesluit 1995, art. 8).
    """
    event = {
        **what,
        "gewistOp": instant(now),
        "bewaartermijn": {"soort": rule.name, "dagen": rule.days, "lijst": rule.list_item},
        "grond": rule.ground,
        "gewist": dict(counts),
        "regels": [{"regel": index, "vastlegging": commitment.hex()} for index, commitment in gone],
    }
    return ledger.append(session, EventName.CONTENT_ERASED, now, subject, event)


def count(session: Session) -> int:
    """How many entries of the log have no event any more."""
    return session.scalar(select(func.count()).where(col(EntryRow.event).is_(None))) or 0


def claims(session: Session) -> Iterator[tuple[int, str]]:
    """What the log says was erased: the index of each such entry, and its commitment (hex)."""
    rows = session.scalars(select(col(EntryRow.event)).where(col(EntryRow.name) == EventName.CONTENT_ERASED))
    for event in rows:
        for line in json.loads(event or b"{}").get("regels", ()):
            yield line["regel"], line["vastlegging"]


def problems(session: Session) -> Iterator[Problem]:
    """Every entry that has no event any more was erased under retention, and every one that was said to be is."""
    size = size_of(session)
    claimed = bytearray(size // 8 + 1)
    for index, commitment in claims(session):
        row = session.execute(
            select(col(EntryRow.commitment), col(EntryRow.event).is_(None)).where(col(EntryRow.index) == index)
        ).first()
        if row is None or bytes(row[0]).hex() != commitment:
            yield Problem(
                f"entry {index} is not the one that was erased under retention: its commitment is another",
                f"regel {index} is niet de regel die na de bewaartermijn is gewist: er staat iets anders",
            )
        elif not row[1]:
            yield Problem(
                f"entry {index} was erased under retention, and has its event again",
                f"regel {index} is na de bewaartermijn gewist, en heeft toch weer inhoud",
            )
        if index < size:
            claimed[index >> 3] |= 1 << (index & 7)
    for index in session.scalars(select(col(EntryRow.index)).where(col(EntryRow.event).is_(None))):
        if index >= size or not claimed[index >> 3] >> (index & 7) & 1:
            yield Problem(
                f"entry {index} has no event, and no entry says that it was erased under retention",
                f"regel {index} heeft geen inhoud meer, en geen regel zegt dat die na de bewaartermijn is gewist",
            )
