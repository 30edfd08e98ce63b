"""The log as static files that any C2SP tool can read and audit (c2sp.org/tlog-tiles).

    checkpoint    tile/<L>/<N>[.p/<W>]    tile/entries/<N>[.p/<W>]

Rule 1: nothing is shown beyond the newest signed checkpoint.
Rule 2: a path has one spelling; a tile never changes once it was shown.
Rule 3: an entry is a salted commitment of 32 bytes: the files tell nobody anything (P9).
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from gateway import checkpoints, notes
from gateway.core.errors import Corrupt, Problem
from gateway.core.merkle import HASH_BYTES
from gateway.database import Database
from gateway.records import CheckpointRow, EntryRow, NodeRow

WIDTH: Final = 256
HEIGHT: Final = 8
ENTRIES: Final = -1
"""The level that stands for the bundles of entries."""
CHECKPOINT: Final = "checkpoint"
_PATH: Final = re.compile(
    r"tile/(?P<level>entries|[1-5]?[0-9]|6[0-3])/(?P<n>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)
_PREFIX: Final = HASH_BYTES.to_bytes(2, "big")


class Tile(NamedTuple):
    """A tile: `width` hashes (or entries, at the level ENTRIES) from place `n` times 256 on."""

    level: int
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is: 1234067 is written x001/x234/067."""
        digits = f"{self.n:03}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{place}" + (f".p/{self.width}" if self.width < WIDTH else "")


def parse_path(path: str) -> Tile | None:
    """The tile at a path; None when the path is not in its one spelling."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    tile = Tile(level, int(found["n"].replace("x", "").replace("/", "")), int(found["width"] or WIDTH))
    return tile if tile.path == path else None


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles of a log of `size` entries: at each level the full ones, then the partial one."""
    for level in (ENTRIES, *range(HEIGHT)):
        count = size >> (HEIGHT * max(level, 0))
        yield from (Tile(level, n) for n in range(count // WIDTH))
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)


def read(database: Database, path: str) -> bytes | None:
    """What is at a path of the log; None when nothing is, or not yet."""
    with database.read() as session:
        signed = checkpoints.newest(session)
        if signed is None:
            return None
        if path == CHECKPOINT:
            return signed.note.encode()
        tile = parse_path(path)
        if tile is None or _end(tile) > signed.size:
            return None
        return _content(session, tile)


def export(database: Database, directory: Path) -> int:
    """Write the log as files, only those that are not there yet; how many were written. The checkpoint comes last.

    Each file appears whole or not at all; stopping half way leaves what the old checkpoint needs. Raises Corrupt
    when the directory shows more entries than the log has: then this is another log, or it was cut.
    """
    with database.read() as session:
        signed = checkpoints.newest(session)
        if signed is None:
            return 0
        _refuse_shorter(directory / CHECKPOINT, signed)
        written = 0
        for tile in tiles_of(signed.size):
            place = directory / tile.path
            if not place.exists():
                _write(place, _content(session, tile))
                written += 1
            if tile.width == WIDTH:
                shutil.rmtree(place.with_name(place.name + ".p"), ignore_errors=True)
    _write(directory / CHECKPOINT, signed.note.encode())
    return written + 1


def differences(database: Database, directory: Path) -> Iterator[Problem]:
    """What in a directory of such files is not what the log has; what is missing is exported anew."""
    with database.read() as session:
        newest = checkpoints.newest(session)
        size = newest.size if newest else 0
        for place in sorted(path for path in directory.rglob("*") if path.is_file()):
            name = place.relative_to(directory).as_posix()
            tile = parse_path(name)
            if name == CHECKPOINT:
                same = _is_ours(session, place.read_bytes())
            else:
                same = (
                    tile is not None and _end(tile) <= size and place.read_bytes() == b"".join(_values(session, tile))
                )
            if not same:
                yield Problem(
                    f"{name} is not what the log has", f"{name} is niet wat het logboek heeft: het is veranderd"
                )


def _is_ours(session: Session, note: bytes) -> bool:
    """Whether it is a checkpoint of ours, byte for byte; witnesses may have signed ours since."""
    try:
        size = notes.parse_checkpoint(notes.split_note(note.decode())[0]).size
    except ValueError:
        return False
    row = session.get(CheckpointRow, size)
    return row is not None and row.note.encode().startswith(note)


def _refuse_shorter(place: Path, signed: checkpoints.Signed) -> None:
    """The same size must be the same tree; a larger one must not be there."""
    if not place.exists():
        return
    try:
        shown = notes.parse_checkpoint(notes.split_note(place.read_text(encoding="utf-8"))[0])
    except ValueError as error:
        raise Corrupt(f"{place} is no checkpoint any more: {error}") from error
    ours = notes.parse_checkpoint(notes.split_note(signed.note)[0])
    if shown.origin != ours.origin or shown.size > ours.size or (shown.size == ours.size and shown.root != ours.root):
        raise Corrupt(f"{place} shows {shown.size} entries of {shown.origin}: not this log, or this log was cut")


def _end(tile: Tile) -> int:
    """How many entries the log needs to have for this tile."""
    return (tile.n * WIDTH + tile.width) << (HEIGHT * max(tile.level, 0))


def _content(session: Session, tile: Tile) -> bytes:
    found = _values(session, tile)
    if len(found) != tile.width:
        raise Corrupt(f"{tile.path}: {len(found)} of {tile.width} are there: something was taken out of the log")
    return b"".join(found)


def _values(session: Session, tile: Tile) -> list[bytes]:
    first = tile.n * WIDTH
    last = first + tile.width - 1
    if tile.level == ENTRIES:
        entries = select(EntryRow.commitment).where(col(EntryRow.index).between(first, last))
        found = [_PREFIX + value for value in session.exec(entries.order_by(col(EntryRow.index)))]
    else:
        hashes = select(NodeRow.hash).where(
            col(NodeRow.level) == HEIGHT * tile.level, col(NodeRow.position).between(first, last)
        )
        found = list(session.exec(hashes.order_by(col(NodeRow.position))))
    return found


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
