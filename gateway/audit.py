"""The whole log checked again: commitments, tree, checkpoints, rows, and every stored byte.

Rule 1: nothing here trusts what it checks: hashes are computed anew from the entries.
Rule 2: each problem names the first thing that is wrong, and what that means.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from gateway import checkpoints, mapping, notes
from gateway.core import merkle
from gateway.core.errors import Corrupt
from gateway.core.model import PartRole
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import size_of
from gateway.ports import Blobs
from gateway.records import CheckpointRow, EntryRow, FileRow, LetterRow, NodeRow, PartRow, SubmissionRow
from gateway.schema import instant

BLOCK_BYTES = 1 << 20
BATCH = 1000
ARRIVALS: Final = (EventName.RECEIVED_FROM_MAIL, EventName.SUBMISSION_ACCEPTED)
DECISIONS: Final = (EventName.DECIDED, EventName.SHELVED)


@dataclass(frozen=True)
class Audit:
    """What was looked at, and every problem found; none means that all of it agrees."""

    entries: int
    checkpoints: int
    files: int
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def audit(database: Database, blobs: Blobs, vkey: str, *, content: bool = False, others: Sequence[str] = ()) -> Audit:
    """Check the whole log; with `content` every received byte too. Memory stays flat.

    `vkey`: of the key in use; `others`: the keys that the log had before, and its witnesses'.
    """
    with database.read() as session:
        size = size_of(session)
        problems = list(_entries(session, size))
        signed = list(session.scalars(select(CheckpointRow).order_by(col(CheckpointRow.size))))
        keys = _Keys(session, vkey, others)
        problems += keys.problems()
        for row in signed:
            problems += _checkpoint(session, row, size, keys)
        problems += _moments(session, list(_witnessed(signed, keys)))
        problems += _submissions(session)
        files = 0
        for sha256 in _stored(session) if content else ():
            files += 1
            problems += _blob(blobs, sha256)
    return Audit(size, len(signed), files, tuple(problems))


def _entries(session: Session, size: int) -> Iterator[str]:
    """Every entry is there, opens to its commitment, and is in the stored tree."""
    expected = 0
    frontier: dict[int, bytes] = {}
    rows = session.scalars(select(EntryRow).order_by(col(EntryRow.index)).execution_options(yield_per=BATCH))
    for row in rows:
        if row.index != expected:
            rows.close()
            yield f"entry {expected} is missing: something was taken out of the log"
            return
        expected += 1
        if row.event is not None and row.salt is not None:
            if merkle.commit(row.salt, row.event) != row.commitment:
                yield f"entry {row.index} was changed: its event does not match its commitment"
            elif not _is_labelled(row):
                yield f"entry {row.index} was changed: it is not found under what its event says"
        elif row.event is not None or row.salt is not None:
            yield f"entry {row.index} is half erased"
        yield from _nodes(session, row, frontier)
    if expected != size:
        yield f"the log says it has {size} entries, there are {expected}"


def _is_labelled(row: EntryRow) -> bool:
    """The columns that an entry is found by are not in the tree: they have to be what the event says."""
    said = _content(row) or {}
    subjects = {said.get(key) for key in ("ontvangstnummer", "verzoek") if said.get(key)}
    found = {"gebeurtenis": row.name, "tijd": instant(row.at), "logIndex": row.index}
    return all(said.get(key) == value for key, value in found.items()) and (not subjects or row.subject in subjects)


def _nodes(session: Session, row: EntryRow, frontier: dict[int, bytes]) -> Iterator[str]:
    """The nodes this entry completes, computed anew, against the stored ones."""

    def get(level: int, _position: int) -> bytes:
        return frontier[level]

    for (level, position), value in merkle.append(get, row.index, row.commitment).items():
        frontier[level] = value
        stored = session.scalar(
            select(col(NodeRow.hash)).where(col(NodeRow.level) == level, col(NodeRow.position) == position)
        )
        if stored != value:
            yield f"entry {row.index} does not fit the tree at ({level}, {position}): the log was rewritten"


class _Keys:
    """Which key of the log had to sign when: what the entries say of its changes."""

    def __init__(self, session: Session, vkey: str, others: Sequence[str]) -> None:
        rows = session.scalars(
            select(EntryRow).where(col(EntryRow.name) == EventName.KEY_CHANGED).order_by(col(EntryRow.index))
        )
        self._vkey = vkey
        self._changes = [(row.index, content) for row in rows if (content := _content(row))]
        self.known = (vkey, *others)

    def problems(self) -> Iterator[str]:
        """The key in use is the one that the last change brought, and each change continues the one before."""
        brought = [str(content.get("nieuw")) for _, content in self._changes]
        for (index, content), before in zip(self._changes[1:], brought, strict=False):
            if content.get("oud") != before:
                yield f"entry {index} replaces a key that was not in use: somebody else changed the key"
        if brought and brought[-1] != self._vkey:
            yield f"the log signs with a key that no entry brought; entry {self._changes[-1][0]} brought another"

    def signers(self, size: int) -> tuple[str, ...]:
        """The keys that have to be on a checkpoint: both, on the one over the change itself."""
        now = self._vkey if not self._changes else str(self._changes[0][1].get("oud"))
        for index, content in self._changes:
            if index < size:
                now = str(content.get("nieuw"))
            if index == size - 1:
                return str(content.get("oud")), now
        return (now,)


def _checkpoint(session: Session, row: CheckpointRow, size: int, keys: _Keys) -> Iterator[str]:
    """The signatures hold, those of witnesses too, and the root is that of the entries we have."""
    try:
        opened = notes.open_note(row.note, keys.known)
        signed = notes.parse_checkpoint(opened.text)
    except notes.NoteError as error:
        yield f"checkpoint {row.size} is not signed by this log, or a witness's signature is wrong: {error}"
        return
    if not set(keys.signers(row.size)) <= set(map(str, opened.log_keys)):
        yield f"checkpoint {row.size} is not signed by this log with the key that it had then"
        return
    if row.vouched & checkpoints.WITNESSED and len(opened.signed_by) == len(opened.log_keys):
        yield f"checkpoint {row.size} was cosigned, and has no signature of a witness any more"
    if signed.size != row.size or signed.size > size:
        yield f"checkpoint {row.size} promises {signed.size} entries, there are {size}: the log was cut"
        return

    def get(level: int, position: int) -> bytes:
        found = session.scalar(
            select(col(NodeRow.hash)).where(col(NodeRow.level) == level, col(NodeRow.position) == position)
        )
        return found or b""

    if merkle.root(get, signed.size) != signed.root:
        yield f"checkpoint {row.size} was signed over other entries: history was rewritten before it"


def _witnessed(signed: Iterable[CheckpointRow], keys: _Keys) -> Iterator[tuple[int, datetime]]:
    """Of each cosigned checkpoint its size, and when a witness saw it."""
    for row in signed:
        if row.vouched & checkpoints.WITNESSED:
            with suppress(notes.NoteError):  # told already
                opened = notes.open_note(row.note, keys.known)
                yield from ((row.size, datetime.fromtimestamp(s, UTC)) for s in opened.cosigned_at.values())


def _moments(session: Session, witnessed: Sequence[tuple[int, datetime]]) -> Iterator[str]:
    """No entry says that it was made before the witness who did not see it yet, or after the one who saw it."""
    if not witnessed:
        return
    entries = select(col(EntryRow.index), col(EntryRow.at)).order_by(col(EntryRow.index))
    place = 0
    for index, at in session.execute(entries.execution_options(yield_per=BATCH)):
        while place < len(witnessed) and witnessed[place][0] <= index:
            place += 1
        if place and at < witnessed[place - 1][1] - checkpoints.CLOCKS_DIFFER:
            yield f"entry {index} is backdated: a witness saw the log without it at {instant(witnessed[place - 1][1])}"
        if place < len(witnessed) and at > witnessed[place][1] + checkpoints.CLOCKS_DIFFER:
            yield f"entry {index} is postdated: a witness saw the log with it at {instant(witnessed[place][1])}"


def _submissions(session: Session) -> Iterator[str]:
    """Every submission is as its entries say, and every arrival has its submission (P3)."""
    entries = select(col(EntryRow.index), col(EntryRow.subject)).where(col(EntryRow.name).in_(ARRIVALS))
    arrivals: dict[int, str] = dict(session.execute(entries).all())
    for row in session.scalars(select(SubmissionRow).execution_options(yield_per=BATCH)):
        if arrivals.pop(row.arrival_index, None) != row.number:
            yield f"submission {row.number} has no entry {row.arrival_index} of its arrival"
        else:
            yield from _arrival(session, row)
        yield from _decision(session, row)
    for index, number in arrivals.items():
        yield f"entry {index} says that {number} arrived, but there is no such submission"


def _arrival(session: Session, row: SubmissionRow) -> Iterator[str]:
    """What came in, when, how and from whom, is what the log says."""
    said = _content(session.get(EntryRow, row.arrival_index))
    files = [{"sha256": file.sha256, "bytes": file.bytes} for file in mapping.files_of(session, row)]
    is_now = {
        "ontvangstnummer": row.number,
        "kanaal": row.channel,
        "ontvangenOp": instant(row.received_at),
        "envelop": row.envelope,
        "bestanden": files,
    }
    for key, value in is_now.items():
        if said is not None and said.get(key) != value:
            yield f"submission {row.number} was changed: its {key} is not what entry {row.arrival_index} says"


def _decision(session: Session, row: SubmissionRow) -> Iterator[str]:
    """The decision on a submission and its documents is the last one that the log has."""
    entry = session.scalars(
        select(EntryRow)
        .where(col(EntryRow.subject) == row.number, col(EntryRow.name).in_(DECISIONS))
        .order_by(col(EntryRow.index).desc())
        .limit(1)
    ).first()
    if entry is None:
        if row.outcome is not None:
            yield f"submission {row.number} is decided, and no entry says so"
        return
    said = _content(entry)
    if said is None or entry.name == EventName.SHELVED:
        return
    parts = [p for p in mapping.part_rows(session, row) if p.role == PartRole.DOCUMENT]
    documents = [(p.sha256, p.outcome, p.reason, p.number) for p in parts]
    told = [(s["sha256"], s["besluit"], s["reden"], s["nummer"]) for s in said.get("stukken", ())]
    if (row.outcome, row.reasons, documents) != (said.get("besluit"), said.get("redenen"), told):
        yield f"submission {row.number} was changed: its decision is not what entry {entry.index} says"


def _content(entry: EntryRow | None) -> dict[str, Any] | None:
    """The event of an entry: None when it was erased, empty when it was changed into something else."""
    if entry is None or entry.event is None:
        return None
    try:
        content = json.loads(entry.event)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _stored(session: Session) -> Iterator[str]:
    """The SHA-256 of every stored file: received, derived, and letters."""
    seen: set[str] = set()
    for column in (col(FileRow.sha256), col(PartRow.sha256), col(LetterRow.sha256)):
        for sha256 in session.scalars(select(column).distinct()):
            if sha256 and sha256 not in seen:
                seen.add(sha256)
                yield sha256


def _blob(blobs: Blobs, sha256: str) -> Iterator[str]:
    digest = hashlib.sha256()
    try:
        with blobs.open(sha256) as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except (Corrupt, OSError) as error:
        yield f"file {sha256} cannot be read: {error}"
        return
    if digest.hexdigest() != sha256:
        yield f"file {sha256} was changed on disk"
