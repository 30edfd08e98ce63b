"""The ledger: an append-only log of salted commitments with a signed head, in the database.

    event --canonical JSON--> HMAC(salt) --> entry --> tree (RFC 9162) --> checkpoint (C2SP signed note)

Rule 1: `append` joins the caller's transaction, so an event exists exactly when its effect does.
Rule 2: appending locks the head, so indexes are dense on any database with any number of processes.
Rule 3: a checkpoint is signed only over committed entries; the log never signs two histories.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import rfc8785
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from gateway import notes
from gateway.core import merkle
from gateway.core.errors import Corrupt
from gateway.core.words import EventName
from gateway.database import Database
from gateway.records import CheckpointRow, EntryRow, HeadRow, NodeRow
from gateway.schema import instant

# Tables, not rows: an object for each row costs more than all else in a message's way to its receipt.
_NEW_ENTRY: Final = insert(EntryRow.__table__)  # type: ignore[attr-defined]
_NEW_NODE: Final = insert(NodeRow.__table__)  # type: ignore[attr-defined]
_NODE: Final = select(col(NodeRow.hash)).where(
    col(NodeRow.level) == bindparam("level"), col(NodeRow.position) == bindparam("position")
)
_HEAD: Final = col(HeadRow.id) == 1
_LOCK: Final = select(col(HeadRow.size)).where(_HEAD).with_for_update()
_GROW: Final = (
    update(HeadRow.__table__)  # type: ignore[attr-defined]
    .where(_HEAD)
    .values(size=col(HeadRow.size) + bindparam("count"))
    .returning(col(HeadRow.size))
)


class Entry(NamedTuple):
    """Something that happened, before it has its place in the log; see `Ledger.append`."""

    name: EventName
    at: datetime
    subject: str
    event: Mapping[str, Any]


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
        return self.append_all(session, [Entry(name, at, subject, event)])[0]

    def append_all(self, session: Session, entries: Sequence["Entry"]) -> range:
        """The indexes of the new entries, in their order: `append` of each, with as many statements as one takes."""
        connection = session.connection()
        indexes = self._take(connection, len(entries))
        nodes: dict[tuple[int, int], bytes] = {}
        rows = [self._row(index, entry) for index, entry in zip(indexes, entries, strict=True)]
        get = _reader(connection, nodes)
        for row in rows:
            nodes |= merkle.append(get, row["index"], row["commitment"])
        connection.execute(_NEW_ENTRY, rows)
        connection.execute(_NEW_NODE, [{"level": level, "position": n, "hash": h} for (level, n), h in nodes.items()])
        return indexes

    def _row(self, index: int, entry: "Entry") -> dict[str, Any]:
        canonical = rfc8785.dumps(
            {
                **entry.event,
                "gebeurtenis": entry.name.value,
                "tijd": instant(entry.at),
                "log": self.origin,
                "logIndex": index,
            }
        )
        salt = secrets.token_bytes(merkle.SALT_BYTES)
        return {
            "index": index,
            "commitment": merkle.commit(salt, canonical),
            "name": entry.name.value,
            "at": entry.at,
            "subject": entry.subject,
            "event": canonical,
            "salt": salt,
        }

    def lock(self, session: Session) -> None:
        """Take the right to append before anything is looked up: no other process can append until we commit."""
        session.connection().execute(_LOCK)

    def _take(self, connection: Connection, count: int) -> range:
        """Lock the head and take the next indexes."""
        end = connection.execute(_GROW, {"count": count}).scalar()
        if end is None:
            raise Corrupt("the ledger has no head; run `herstelpost migrate`")
        return range(end - count, end)

    def checkpoint(self, at: datetime) -> str:
        """A signed checkpoint over everything committed so far; the last one when nothing was added."""
        with self._database.read() as session:
            size = size_of(session)
            note = session.scalar(select(col(CheckpointRow.note)).where(col(CheckpointRow.size) == size))
            if note is not None:
                return note
            root = merkle.root(_reader(session.connection()), size)
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
            path = merkle.inclusion_proof(_reader(session.connection()), index, size)
        return Proved(row.event, notes.tlog_proof(index, path, note, extra=row.salt))


def size_of(session: Session) -> int:
    """How many entries the ledger has."""
    return session.scalar(select(func.max(col(HeadRow.size)))) or 0


def _reader(connection: Connection, new: Mapping[tuple[int, int], bytes] = MappingProxyType({})) -> merkle.GetNode:
    """Reads the tree as it is in the database, and what this transaction is about to add."""

    def get(level: int, position: int) -> bytes:
        found = new.get((level, position)) or connection.execute(_NODE, {"level": level, "position": position}).scalar()
        if found is None:
            raise Corrupt(f"ledger node ({level}, {position}) is missing")
        return bytes(found)

    return get
