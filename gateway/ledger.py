"""The ledger: an append-only log of salted commitments with a signed head, in the database.

    event --canonical JSON--> HMAC(salt) --> entry --> tree (RFC 9162) --> checkpoint (C2SP signed note)

Rule 1: `append` joins the caller's transaction, so an event exists exactly when its effect does.
Rule 2: appending locks the head, so indexes are dense on any database with any number of processes.
Rule 3: a checkpoint is signed only over committed entries; the log never signs two histories.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from gateway import notes
from gateway.core import merkle
from gateway.core.errors import Corrupt
from gateway.core.words import EventName
from gateway.database import Database
from gateway.records import CheckpointRow, EntryRow, HeadRow, NodeRow
from gateway.schema import instant


@dataclass(frozen=True)
class Proved:
    """An event with everything that proves it is in the log."""

    event: bytes
    proof: str


class Ledger:
    """The log of one origin. Appending needs a session of a write transaction; proving opens its own."""

    def __init__(self, database: Database, signer: notes.Signer) -> None:
        self._database = database
        self._signer = signer
        self.origin = signer.name

    @property
    def vkey(self) -> str:
        """The verifier key of the checkpoints (C2SP signed-note)."""
        return self._signer.vkey

    def append(self, session: Session, name: EventName, at: datetime, subject: str, event: Mapping[str, Any]) -> int:
        """The index of the new entry. Joins the caller's transaction; nothing holds if that rolls back.

        `subject` is what the entry is found by (a receipt number, a reference); it is not in the tree.
        """
        index = self._next(session)
        canonical = rfc8785.dumps(
            dict(event) | {"gebeurtenis": name.value, "tijd": instant(at), "log": self.origin, "logIndex": index}
        )
        salt = secrets.token_bytes(merkle.SALT_BYTES)
        commitment = merkle.commit(salt, canonical)
        nodes = merkle.append(_reader(session), index, commitment)
        session.execute(
            insert(EntryRow).values(
                index=index,
                commitment=commitment,
                name=name.value,
                at=at,
                subject=subject,
                event=canonical,
                salt=salt,
            )
        )
        session.execute(
            insert(NodeRow),
            [{"level": level, "position": place, "hash": value} for (level, place), value in nodes.items()],
        )
        return index

    def lock(self, session: Session) -> None:
        """Take the right to append before anything is looked up: no other process can append until we commit."""
        session.execute(select(col(HeadRow.size)).where(col(HeadRow.id) == 1).with_for_update())

    def _next(self, session: Session) -> int:
        """Lock the head and take the next index."""
        head = session.execute(
            update(HeadRow).where(col(HeadRow.id) == 1).values(size=col(HeadRow.size) + 1).returning(col(HeadRow.size))
        ).scalar()
        if head is None:
            raise Corrupt("the ledger has no head; run `herstelpost migrate`")
        return int(head) - 1

    def checkpoint(self, at: datetime) -> str:
        """A signed checkpoint over everything committed so far; the last one when nothing was added."""
        with self._database.read() as session:
            size = size_of(session)
            note = session.scalar(select(col(CheckpointRow.note)).where(col(CheckpointRow.size) == size))
            if note is not None:
                return note
            root = merkle.root(_reader(session), size)
        signed = notes.sign_note(notes.checkpoint_text(self.origin, size, root), self._signer)
        try:
            with self._database.write() as session:
                session.add(CheckpointRow(size=size, signed_at=at, note=signed))
        except IntegrityError:
            # Another process signed this size first: over the same entries, so both say the same.
            with self._database.read() as session:
                return session.scalars(select(col(CheckpointRow.note)).where(col(CheckpointRow.size) == size)).one()
        return signed

    def prove(self, index: int, at: datetime) -> Proved:
        """The event at `index` and its proof under the newest checkpoint.

        Raises Corrupt when there is no such entry, or when its event was erased.
        """
        note = self.checkpoint(at)
        size = notes.parse_checkpoint(notes.open_note(note, [self.vkey]).text).size
        with self._database.read() as session:
            row = session.get(EntryRow, index)
            if row is None or row.event is None or row.salt is None:
                raise Corrupt(f"ledger entry {index} has no event any more")
            path = merkle.inclusion_proof(_reader(session), index, size)
        return Proved(row.event, notes.tlog_proof(index, path, note, extra=row.salt))


def size_of(session: Session) -> int:
    """How many entries the ledger has."""
    return session.scalar(select(func.max(col(HeadRow.size)))) or 0


def _reader(session: Session) -> merkle.GetNode:
    def get(level: int, position: int) -> bytes:
        found = session.scalar(
            select(col(NodeRow.hash)).where(col(NodeRow.level) == level, col(NodeRow.position) == position)
        )
        if found is None:
            raise Corrupt(f"ledger node ({level}, {position}) is missing")
        return found

    return get
