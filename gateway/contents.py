"""The register's table of contents: entries of the log that say which of the entries before them are arrivals.

    RegisterClosed  van, tot        the entries it speaks of: from `van` up to itself, `tot`
                    aankomsten      every arrival and refused attempt: [index, moment of receipt, marks of addresses]
                    standen         how many checkpoints there were some time before, and their digest
                    bevestigd       which of those others vouch for

Rule 1: each begins where the one before it ended, so together they leave no entry out.
Rule 2: an arrival is told by place, moment and marks only: a register can show that an entry is no arrival, or not
        one for an address, without opening it (see `gateway.marks`).
Rule 3: it is an entry like any other: whoever denies an arrival later contradicts what was signed and witnessed.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway import notes
from gateway.core.arrivals import ARRIVALS, addresses_of, moment_of
from gateway.core.errors import Problem
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger, read_event, size_of
from gateway.marks import Marker
from gateway.records import CheckpointRow, EntryRow
from gateway.schema import instant

SETTLED: Final = timedelta(minutes=1)
"""A checkpoint is counted when it is older: by then every process has stored it, and witnesses have answered."""
MOST: Final = 2000
"""How many arrivals one of these entries tells at most; where there are more, it ends before the next one."""
SUBJECT: Final = "register"


class Closing(NamedTuple):
    """One of these entries: its place, and what it says."""

    place: int
    at: datetime
    said: Mapping[str, Any]


def close(database: Database, ledger: Ledger, marker: Marker, now: datetime, *, anyway: bool = False) -> int | None:
    """Say of everything since the last time which entries are arrivals; the new entry's index.

    None when nothing happened since (unless `anyway`), or another process said it first. After very many arrivals it
    takes several calls.
    """
    with database.read() as session:
        last = _before(session, size := size_of(session))
        first, settled = (int(last["tot"]), int(last["standen"]["tot"])) if last else (0, 0)
        if size <= first + bool(last) and not anyway:  # nothing, or nothing but the last one itself
            return None
        arrivals = _arrivals(session, first, size, MOST + 1)
        end = size if len(arrivals) <= MOST else arrivals.pop()[0]
        event = {"van": first, "tot": end, "sleutel": marker.public, **_checkpoints(session, settled, now - SETTLED)}
    marks: dict[str, str] = {}
    context = context_of(ledger.origin, first)
    for _, said in arrivals:  # outside any transaction: nobody waits for our arithmetic
        for address in addresses_of(said or {}):
            marks[address] = marks.get(address) or marker.mark(context, address)
    event["aankomsten"] = [
        [index, moment_of(said or {}), [marks[address] for address in addresses_of(said or {})]]
        for index, said in arrivals
    ]
    with database.write() as session:
        ledger.lock(session)
        if _before(session, size_of(session)) != last:
            return None
        return ledger.append(session, EventName.REGISTER_CLOSED, now, SUBJECT, event)


def closings(database: Database, since: datetime) -> list[Closing]:
    """Those of a time and later, and the last one before it: together they speak of all that was recorded since."""
    query = select(col(EntryRow.index), col(EntryRow.at), col(EntryRow.event)).where(
        col(EntryRow.name) == EventName.REGISTER_CLOSED
    )
    with database.read() as session:
        before = session.execute(
            query.where(col(EntryRow.at) < since).order_by(col(EntryRow.index).desc()).limit(1)
        ).all()
        later = session.execute(query.where(col(EntryRow.at) >= since).order_by(col(EntryRow.index))).all()
    return [Closing(index, at, read_event(event) or {}) for index, at, event in (*before, *later)]


def context_of(origin: str, first: int) -> str:
    """What marks are made for: one of these entries, by its log and where it begins."""
    return f"{origin}\n{first}"


# ---- read again ----------------------------------------------------------------------------------


def problems(session: Session, index: int, said: Mapping[str, Any]) -> Iterator[Problem]:
    """What entry `index` says, against the entries and checkpoints that are there."""
    try:
        yield from _problems(session, index, said)
    except (KeyError, TypeError, ValueError):
        yield Problem(
            f"entry {index} does not say of which entries it closes the register: it is not ours",
            f"regel {index} zegt niet over welke regels het register wordt afgesloten: hij is niet van ons",
        )


def _problems(session: Session, index: int, said: Mapping[str, Any]) -> Iterator[Problem]:
    before = _before(session, index)
    if said.get("van") != (before["tot"] if before else 0):
        yield Problem(
            f"entry {index} does not begin where the register was closed before: it leaves entries out",
            f"regel {index} begint niet waar het register eerder was afgesloten: er vallen regels tussenuit",
        )
    told = {row[0]: row[1] for row in said["aankomsten"]}
    stored = dict(_arrivals(session, said["van"], said["tot"]))
    for place in sorted(told.keys() | stored.keys()):
        event = stored.get(place)
        if place not in told or place not in stored or (event is not None and moment_of(event) != told[place]):
            yield Problem(
                f"entry {place} is not the arrival that entry {index} counted: it was changed afterwards",
                f"regel {place} is niet de aankomst die regel {index} telde: zij is achteraf veranderd, weg of nieuw",
            )
            break
    yield from _settled(session, index, said)


def _settled(session: Session, index: int, said: Mapping[str, Any]) -> Iterator[Problem]:
    counted = said["standen"]
    rows = _signed(session, counted["van"], counted["tot"])
    if (len(rows), _digest(rows)) != (counted["aantal"], counted["sha256"]):
        yield Problem(
            f"the checkpoints from {counted['van']} to {counted['tot']} are not those that entry {index} counted:"
            f" there are {len(rows)} of {counted['aantal']}, or one was changed",
            f"de standen van {counted['van']} tot {counted['tot']} zijn niet die welke regel {index} telde:"
            f" er zijn er {len(rows)} van {counted['aantal']}, of er is er een veranderd",
        )
    vouched = {row.size: row.vouched for row in rows}
    for size, bits in said["bevestigd"]:
        if bits & ~vouched.get(size, bits):
            yield Problem(
                f"checkpoint {size} was vouched for when entry {index} was made, and that was taken away",
                f"stand {size} was door anderen bevestigd toen regel {index} werd gemaakt, en dat is weggehaald",
            )


def _before(session: Session, index: int) -> dict[str, Any] | None:
    """The newest of these entries before an index."""
    event = session.scalar(
        select(col(EntryRow.event))
        .where(col(EntryRow.name) == EventName.REGISTER_CLOSED, col(EntryRow.index) < index)
        .order_by(col(EntryRow.index).desc())
        .limit(1)
    )
    return read_event(event)


def _arrivals(
    session: Session, first: int, end: int, most: int | None = None
) -> list[tuple[int, dict[str, Any] | None]]:
    rows = session.execute(
        select(col(EntryRow.index), col(EntryRow.event))
        .where(col(EntryRow.name).in_(ARRIVALS), col(EntryRow.index) >= first, col(EntryRow.index) < end)
        .order_by(col(EntryRow.index))
        .limit(most)
    )
    return [(index, read_event(event)) for index, event in rows]


def _signed(session: Session, above: int, until: int) -> Sequence[CheckpointRow]:
    return session.scalars(
        select(CheckpointRow)
        .where(col(CheckpointRow.size) > above, col(CheckpointRow.size) <= until)
        .order_by(col(CheckpointRow.size))
    ).all()


def _checkpoints(session: Session, above: int, before: datetime) -> dict[str, Any]:
    newest = session.scalar(select(func.max(col(CheckpointRow.size))).where(col(CheckpointRow.signed_at) < before))
    rows = _signed(session, above, max(newest or 0, above))
    return {
        "standen": {"van": above, "tot": max(newest or 0, above), "aantal": len(rows), "sha256": _digest(rows)},
        "bevestigd": [[row.size, row.vouched] for row in rows if row.vouched],
    }


def _digest(rows: Sequence[CheckpointRow]) -> str:
    """Over size, moment and signed text of each; what others add under the text comes later."""
    lines = (f"{row.size} {instant(row.signed_at)} {_signed_text(row.note)!r}\n" for row in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _signed_text(note: str) -> str:
    try:
        return notes.split_note(note)[0]
    except notes.NoteError:  # it was changed, so it is not what was counted
        return note
