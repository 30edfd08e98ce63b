"""The ledger: an append-only log of salted commitments with a signed head, in the database.

    event --canonical JSON--> HMAC(salt) --> entry --> tree (RFC 9162) --> checkpoint (C2SP signed note)

Rule 1: `append` joins the caller's transaction, so an event exists exactly when its effect does.
Rule 2: appending locks the head, so indexes are dense on any database with any number of processes.
Rule 3: a checkpoint is signed only over committed entries; the log never signs two histories.
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import rfc8785
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from gateway import checkpoints, notes, timestamps
from gateway.checkpoints import Signed
from gateway.core import merkle
from gateway.core.errors import Corrupt
from gateway.core.words import EventName
from gateway.database import Database, Prepared
from gateway.records import CheckpointRow, EntryRow, HeadRow, NodeRow
from gateway.schema import instant

_NEW_ENTRY: Final = Prepared(insert(EntryRow.__table__))  # type: ignore[attr-defined]
_NEW_NODE: Final = Prepared(insert(NodeRow.__table__))  # type: ignore[attr-defined]
_NODE: Final = Prepared(
    select(col(NodeRow.hash)).where(
        col(NodeRow.level) == bindparam("level"), col(NodeRow.position) == bindparam("position")
    )
)
_OPENED: Final = Prepared(
    select(col(EntryRow.event), col(EntryRow.salt)).where(col(EntryRow.index) == bindparam("index"))
)
_HEAD: Final = col(HeadRow.id) == 1
_SIZE: Final = Prepared(select(col(HeadRow.size)).where(_HEAD))
_LOCK: Final = Prepared(select(col(HeadRow.size)).where(_HEAD).with_for_update())
_GROW: Final = Prepared(
    update(HeadRow.__table__)  # type: ignore[attr-defined]
    .where(_HEAD)
    .values(size=col(HeadRow.size) + bindparam("count"))
    .returning(col(HeadRow.size))
)


_SUBJECT_KEYS: Final = ("onderwerp", "ontvangstnummer", "verzoek", "geadresseerde")


class Entry(NamedTuple):
    """Something that happened, before it has its place in the log; see `Ledger.append`."""

    name: EventName
    at: datetime
    subject: str
    event: Mapping[str, Any]


class Voucher(NamedTuple):
    """Somebody else who saw a checkpoint: `kind` is `witness` or `time_stamp`; the moment is theirs."""

    kind: str
    name: str
    at: datetime


@dataclass(frozen=True)
class Proved:
    """An event with everything that proves it is in the log.

    `vkeys`: of the keys that signed the checkpoint and of all witnesses; `stamp`: the checkpoint's time stamp;
    `vouchers`: who of others vouches for it.
    """

    event: bytes
    proof: str
    checkpoint: notes.Checkpoint
    vkeys: tuple[str, ...]
    stamp: bytes | None
    vouchers: tuple[Voucher, ...]


class ProvedTogether(NamedTuple):
    """What proves several entries at once: the hashes of `merkle.subtree_proof`, and what `Proved` has."""

    hashes: tuple[bytes, ...]
    note: str
    checkpoint: notes.Checkpoint
    vkeys: tuple[str, ...]
    stamp: bytes | None


class Ledger:
    """The log of one origin. Appending needs a session of a write transaction; proving opens its own."""

    def __init__(self, database: Database, signer: notes.Signer, others: Sequence[str] = ()) -> None:
        """`others`: the keys that this log had before, and its witnesses' keys."""
        self._database = database
        self._signer = signer
        self.origin = signer.name
        self.vkeys = (signer.vkey, *(vkey for vkey in others if vkey != signer.vkey))

    @property
    def vkey(self) -> str:
        """The verifier key of the checkpoints (C2SP signed-note)."""
        return self._signer.vkey

    def append(self, session: Session, name: EventName, at: datetime, subject: str, event: Mapping[str, Any]) -> int:
        """The index of the new entry. Joins the caller's transaction; nothing holds if that rolls back.

        `subject` is what the entry is found by (a receipt number, a reference). The event says it too: where none of
        its own fields does, `onderwerp` is added.
        """
        return self.append_all(session.connection(), [Entry(name, at, subject, event)])[0]

    def append_all(self, connection: Connection, entries: Sequence["Entry"]) -> range:
        """The indexes of the new entries, in their order: `append` of each, with as many statements as one takes."""
        indexes = self._take(connection, len(entries))
        nodes: dict[tuple[int, int], bytes] = {}
        rows = [self._row(index, entry) for index, entry in zip(indexes, entries, strict=True)]
        get = _reader(connection, nodes)
        for row in rows:
            nodes |= merkle.append(get, row["index"], row["commitment"])
        _NEW_ENTRY.run_all(connection, rows)
        _NEW_NODE.run_all(
            connection, [{"level": level, "position": n, "hash": value} for (level, n), value in nodes.items()]
        )
        return indexes

    def _row(self, index: int, entry: "Entry") -> dict[str, Any]:
        named = {} if subject_of(entry.event) == entry.subject else {"onderwerp": entry.subject}
        event = canonical(
            {
                **entry.event,
                **named,
                "gebeurtenis": entry.name.value,
                "tijd": instant(entry.at),
                "log": self.origin,
                "logIndex": index,
            }
        )
        salt = secrets.token_bytes(merkle.SALT_BYTES)
        return {
            "index": index,
            "commitment": merkle.commit(salt, event),
            "name": entry.name.value,
            "at": entry.at,
            "subject": entry.subject,
            "event": event,
            "salt": salt,
        }

    def lock(self, transaction: Session | Connection) -> None:
        """Take the right to append before anything is looked up: no other process can append until we commit."""
        _LOCK.run(transaction if isinstance(transaction, Connection) else transaction.connection(), {})

    def _take(self, connection: Connection, count: int) -> range:
        """Lock the head and take the next indexes."""
        grown = _GROW.run(connection, {"count": count})
        if not grown:
            raise Corrupt("the ledger has no head; run `herstelpost migrate`")
        end: int = grown[0][0]
        return range(end - count, end)

    def checkpoint(self, at: datetime) -> Signed:
        """A signed checkpoint over everything committed so far; the last one when nothing was added.

        Raises Corrupt when the log is shorter than what was signed: it must not sign a second history.
        """
        with self._database.read() as session:
            size = size_of(session)
            last = checkpoints.newest(session)
            if last is not None and last.size >= size:
                if last.size > size:
                    raise Corrupt(f"the log has {size} entries, and {last.size} were signed: it was cut")
                return last
            root = merkle.root(_reader(session.connection()), size)
        note = notes.sign_note(notes.checkpoint_text(self.origin, size, root), self._signer)
        try:
            with self._database.write() as session:
                session.add(CheckpointRow(size=size, signed_at=at, note=note))
        except IntegrityError:
            # Another process signed this size first: over the same entries, so both say the same.
            with self._database.read() as session:
                return checkpoints.get(session, size)
        return Signed(size, at, note)

    def prove(self, index: int, at: datetime) -> Proved:
        """The event at `index` and its proof, under the checkpoint that others vouch for best, else the newest.

        Raises Corrupt when there is no such entry, when its event was erased, or when no known key signed.
        """
        signed, opened = self._signed_over(index, at)
        with self._database.read() as session:
            connection = session.connection()
            found = _OPENED.run(connection, {"index": index})
            if not found or None in found[0]:
                raise Corrupt(f"ledger entry {index} has no event any more")
            event, salt = map(bytes, found[0])
            path = merkle.inclusion_proof(_reader(connection), index, signed.size)
        proof = notes.tlog_proof(index, path, signed.note, extra=salt)
        checkpoint, vouchers = notes.parse_checkpoint(opened.text), tuple(_vouchers(opened, signed.stamp))
        return Proved(event, proof, checkpoint, self._named(opened), signed.stamp, vouchers)

    def vouchers(self, index: int) -> tuple[Voucher, ...]:
        """Who vouches, until now, for the checkpoint that the entry would be proved under."""
        with self._database.read() as session:
            best = checkpoints.best_over(session, index)
        return tuple(_vouchers(notes.open_note(best.note, self.vkeys), best.stamp)) if best else ()

    def prove_all(self, indexes: Sequence[int], at: datetime) -> ProvedTogether:
        """What leads from these entries (ascending, at least one) to the root, together; otherwise as `prove`.

        The entries themselves are the caller's to read: they may be many.
        """
        signed, opened = self._signed_over(indexes[-1], at)
        with self._database.read() as session:
            hashes = merkle.subtree_proof(_reader(session.connection()), indexes, signed.size)
        checkpoint = notes.parse_checkpoint(opened.text)
        return ProvedTogether(hashes, signed.note, checkpoint, self._named(opened), signed.stamp)

    def _signed_over(self, index: int, at: datetime) -> tuple[Signed, notes.OpenedNote]:
        with self._database.read() as session:
            best = checkpoints.best_over(session, index)
        signed = best or self.checkpoint(at)
        try:
            return signed, notes.open_note(signed.note, self.vkeys)
        except notes.NoteError as error:
            raise Corrupt(f"checkpoint {signed.size} cannot be used: {error}") from error

    def _named(self, opened: notes.OpenedNote) -> tuple[str, ...]:
        """The log's keys on a checkpoint, the last signature's first, then all witnesses': what a receipt names."""
        witnesses = [vkey for vkey in self.vkeys if notes.parse_vkey(vkey).kind == notes.COSIGNATURE]
        return (*map(str, reversed(opened.log_keys)), *witnesses)

    def consistency(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """What shows a witness that the log of `size` entries begins with the one of `old_size` that it knows."""
        with self._database.read() as session:
            return merkle.consistency_proof(_reader(session.connection()), old_size, size)

    def rotate(self, new: notes.Signer, at: datetime) -> "Ledger":
        """The same log under a new key: an entry says so, and the checkpoint over it is signed by both keys.

        All or nothing. From then on only the ledger that is returned may sign.
        """
        event = {"oud": self.vkey, "nieuw": new.vkey}
        with self._database.write() as session:
            size = self.append(session, EventName.KEY_CHANGED, at, new.vkey, event) + 1
            root = merkle.root(_reader(session.connection()), size)
            note = notes.sign_note(notes.checkpoint_text(self.origin, size, root), self._signer, new)
            session.add(CheckpointRow(size=size, signed_at=at, note=note))
        return Ledger(self._database, new, self.vkeys)


def _vouchers(opened: notes.OpenedNote, stamp: bytes | None) -> Iterator[Voucher]:
    for key, seconds in opened.cosigned_at.items():
        yield Voucher("witness", key.name, datetime.fromtimestamp(seconds, UTC))
    if stamp is not None:
        said = timestamps.claimed(stamp, opened.text)  # it was checked before it was stored
        yield Voucher("time_stamp", said.by, said.at)


_ENCODE: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode
_EXACT: Final = 1 << 53


def canonical(event: Mapping[str, Any]) -> bytes:
    """An event in the canonical form of RFC 8785; ValueError for what has none.

    Where no number with a fraction and no name outside ASCII occurs, which is everywhere but in leaps of the clock,
    that is what the standard library writes, several times as fast.
    """
    return _ENCODE(event).encode() if _is_plain(event) else rfc8785.dumps(dict(event))


def _is_plain(value: object) -> bool:
    if value is None or isinstance(value, str):
        return True
    if isinstance(value, int):
        return -_EXACT < value < _EXACT
    if isinstance(value, dict):
        return all(map(str.isascii, value)) and all(map(_is_plain, value.values()))
    return isinstance(value, list | tuple) and all(map(_is_plain, value))


def subject_of(event: Mapping[str, Any]) -> str:
    """What an event says that it is found by."""
    return next((str(event[key]) for key in _SUBJECT_KEYS if event.get(key) is not None), "")


def read_event(event: bytes | None) -> dict[str, Any] | None:
    """The event of an entry: None when it was erased, empty when it was changed into something else."""
    if event is None:
        return None
    try:
        content = json.loads(event)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def size_of(session: Session) -> int:
    """How many entries the ledger has."""
    found = _SIZE.run(session.connection(), {})
    return int(found[0][0]) if found else 0


def _reader(connection: Connection, new: Mapping[tuple[int, int], bytes] = MappingProxyType({})) -> merkle.GetNode:
    """Reads the tree as it is in the database, and what this transaction is about to add."""

    def get(level: int, position: int) -> bytes:
        if (known := new.get((level, position))) is not None:
            return known
        found = _NODE.run(connection, {"level": level, "position": position})
        if not found:
            raise Corrupt(f"ledger node ({level}, {position}) is missing")
        return bytes(found[0][0])

    return get
