"""A new key for the ledger, in an order that a power cut cannot spoil.

    new key on disk --> both keys published --> entry and checkpoint under both --> the new key takes its place

Rule 1: the step that counts is the entry in the log; what was cut off is finished, or undone, at the next start.
Rule 2: the old public key stays in `ledger.vkeys` for ever: receipts under it keep verifying.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlmodel import col, select

from gateway import notes
from gateway.core.errors import WrongState
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger
from gateway.records import EntryRow

VKEYS: Final = "ledger.vkeys"


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Make a file that is on disk when this returns. FileExistsError when it is there already."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def rotate(ledger: Ledger, key_file: Path, vkeys_file: Path, at: datetime) -> Ledger:
    """The log under a new key, which lies in `key_file` from now on.

    No other process may sign meanwhile, nor afterwards with the old key. Raises WrongState or FileExistsError when
    another rotation runs, or one was cut off and not finished yet.
    """
    new = notes.Signer(ledger.origin, notes.generate_key())
    waiting = _waiting(key_file)
    write_new(waiting, notes.key_to_pem(new.private_key))
    with _alone(waiting):
        _publish(vkeys_file, ledger, new.vkey, at)
        rotated = ledger.rotate(new, at)
        _put(waiting, key_file)
    return rotated


def finish(database: Database, origin: str, key_file: Path) -> None:
    """Finish what a rotation was cut off in: its key is in the log and takes its place, or it never was.

    Raises WrongState while a rotation runs.
    """
    waiting = _waiting(key_file)
    if not waiting.exists():
        return
    with _alone(waiting):
        try:
            vkey = notes.Signer(origin, notes.key_from_pem(waiting.read_bytes())).vkey
        except notes.NoteError:  # cut off while it was written
            vkey = ""
        if vkey and _is_in_log(database, vkey):
            _put(waiting, key_file)
        else:
            waiting.unlink()


def _waiting(key_file: Path) -> Path:
    return key_file.with_name(key_file.name + ".new")


def _is_in_log(database: Database, vkey: str) -> bool:
    with database.read() as session:
        found = session.exec(
            select(EntryRow.index).where(col(EntryRow.name) == EventName.KEY_CHANGED, col(EntryRow.subject) == vkey)
        )
        return found.first() is not None


def _publish(vkeys_file: Path, ledger: Ledger, new: str, at: datetime) -> None:
    """All keys of the log, the newest first; those that are there already stay."""
    known = vkeys_file.read_text(encoding="utf-8") if vkeys_file.exists() else ""
    old = "" if ledger.vkey in notes.read_vkeys(known) else f"# In use until {at.isoformat()}\n{ledger.vkey}\n"
    head = f"# The keys of {ledger.origin}, the newest first: publish them all.\n"
    beside = vkeys_file.with_name(vkeys_file.name + ".new")
    beside.unlink(missing_ok=True)
    write_new(beside, (head + f"{new}\n" + old + known.removeprefix(head)).encode(), 0o644)
    _put(beside, vkeys_file)


def _put(source: Path, place: Path) -> None:
    """Take the place, durably."""
    source.replace(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(waiting: Path) -> Iterator[None]:
    """The kernel lets go of the lock however this process ends."""
    with waiting.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WrongState(f"{waiting}: another process is rotating the key") from error
        yield
