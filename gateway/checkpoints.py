"""Stored checkpoints: which there are, and what others vouch for.

Rule 1: what is stored of others was verified first; a cosignature is only ever added, never taken away.
Rule 2: a receipt is proved under the first checkpoint that most others vouch for: that bounds its time best.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, bindparam, literal_column, select
from sqlmodel import Session, col

from gateway import notes
from gateway.database import Database, Prepared
from gateway.records import CheckpointRow

WITNESSED: Final = 1
STAMPED: Final = 2
CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""How far a witness's clock may be from ours."""
_FIRST_OVER: Final = Prepared(
    select(col(CheckpointRow.size))
    .where(col(CheckpointRow.size) > bindparam("index"), col(CheckpointRow.vouched) == bindparam("vouched"))
    .order_by(col(CheckpointRow.size))
    .limit(literal_column("1"))
)


class Signed(NamedTuple):
    """A checkpoint as it is stored."""

    size: int
    signed_at: datetime
    note: str
    stamp: bytes | None = None


def newest(session: Session) -> Signed | None:
    """The checkpoint over most entries; None before the first."""
    return _first(session, col(CheckpointRow.size).desc())


def get(session: Session, size: int) -> Signed:
    """The checkpoint over so many entries, which is there."""
    return _signed(session.get_one(CheckpointRow, size))


def newest_stamped(session: Session) -> Signed | None:
    """The last one with a time stamp."""
    return _first(session, col(CheckpointRow.size).desc(), col(CheckpointRow.vouched) >= STAMPED)


def best_over(session: Session, index: int) -> Signed | None:
    """The first checkpoint over the entry that a witness and an authority vouch for, else one of them; else None."""
    for vouched in (WITNESSED + STAMPED, STAMPED, WITNESSED):
        found = _FIRST_OVER.run(session.connection(), {"index": index, "vouched": vouched})
        if found:
            return get(session, found[0][0])
    return None


def add_cosignatures(database: Database, size: int, lines: Iterable[str]) -> None:
    """Put verified signature lines of witnesses under the stored note; the first one of each witness stays."""
    with database.write() as session:
        row = session.get_one(CheckpointRow, size, with_for_update=True)
        _text, known = notes.split_note(row.note)
        have = set(map(notes.signer_of, known))
        row.note += "".join(line for line in lines if notes.signer_of(line.rstrip("\n")) not in have)
        row.vouched |= WITNESSED


def add_stamp(database: Database, size: int, stamp: bytes) -> None:
    """Keep a verified time stamp; the first one of a checkpoint stays."""
    with database.write() as session:
        row = session.get_one(CheckpointRow, size, with_for_update=True)
        row.stamp = row.stamp or stamp
        row.vouched |= STAMPED


def _first(session: Session, order: ColumnElement[int], *conditions: ColumnElement[bool]) -> Signed | None:
    row = session.scalars(select(CheckpointRow).where(*conditions).order_by(order).limit(1)).first()
    return None if row is None else _signed(row)


def _signed(row: CheckpointRow) -> Signed:
    return Signed(row.size, row.signed_at, row.note, row.stamp)
