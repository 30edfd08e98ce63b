"""What comes in lies in the journal first: many files in one, so that one fsync serves all that wait.

Rule 1: a place in the journal is promised to nobody before `sync` has returned; a segment that could not be
synced once takes and promises nothing any more (the kernel may have forgotten what it could not write).
Rule 2: a segment is removed when nobody writes to it and no row says that something lies there; the kernel knows
who writes (flock), however a process ends.
"""

import contextlib
import fcntl
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from gateway.core.errors import Corrupt, TryLater
from gateway.core.model import StoredFile
from gateway.durable import fsync_directory
from gateway.ports import Spool

JOURNAL_BYTES: Final = 3 << 17
"""The largest file that goes into the journal, and what a sender may take of our memory until it does.

A file of its own costs more than writing this one twice.
"""

SEGMENT_BYTES: Final = 1 << 28
SEGMENT_SECONDS: Final = 600.0
"""After so long, or so many bytes, a segment takes nothing new: it is removed as a whole."""

_ALIGNED: Final = 1 << 12
_MODE: Final = 0o600


@dataclass(frozen=True)
class Place:
    """Where a file lies: in which segment, from which octet on, and how many octets."""

    segment: str
    start: int
    bytes: int


class Places(Protocol):
    """What is known of files that have no file of their own yet."""

    def of(self, sha256: str) -> Place | None:
        """Where the file with this hash lies; None when it never came in, or has a file of its own."""

    def segments(self) -> Collection[str]:
        """The segments in which any of them lies."""


class Journal:
    """The segments in a directory. Any number of processes; the threads of one share the segment it writes to."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._written_to: dict[str, _Segment] = {}
        self._newest: _Segment | None = None

    def reserve(self, octets: int) -> Place:
        """Room for so many octets, until `release`. Raises TryLater when there is none."""
        try:
            with self._lock:
                if self._newest is None or not self._newest.takes(octets):
                    self._newest = _new_segment(self._directory)
                segment = self._written_to[self._newest.name] = self._newest
                return segment.reserve(octets)
        except OSError as error:
            raise TryLater(f"cannot begin a journal: {error}") from error

    def write(self, place: Place, content: bytes | bytearray) -> None:
        """Write what a place was reserved for. Raises TryLater."""
        segment, at = self._written_to[place.segment], place.start
        view = memoryview(content)
        try:
            while view:
                done = os.pwrite(segment.handle, view, at)
                view, at = view[done:], at + done
        except OSError as error:
            segment.full = True
            raise TryLater(f"cannot write to the journal: {error}") from error

    def sync(self, segments: Collection[str]) -> None:
        """Return when all that was written to these segments is on stable storage, with their names.

        Raises TryLater otherwise: then nothing that lies in them may be promised, now or later.
        """
        with self._syncing:
            for name in segments:
                self._written_to[name].sync(self._directory)

    def release(self, place: Place) -> None:
        """Nothing is written to this place any more, and its row is committed or never will be."""
        with self._lock:
            if self._written_to[place.segment].release():
                del self._written_to[place.segment]

    def read(self, place: Place) -> bytes:
        """The octets that lie there. Raises FileNotFoundError when the segment was removed, Corrupt when some miss."""
        with (self._directory / place.segment).open("rb") as file:
            content = os.pread(file.fileno(), place.bytes, place.start)
        if len(content) < place.bytes:
            raise Corrupt(f"the journal ends before {place}")
        return content

    def tidy(self, in_use: Callable[[], Collection[str]]) -> int:
        """Remove the segments that nobody writes to and that are not `in_use`, asked after it. Returns how many."""
        with contextlib.ExitStack() as held:
            idle = [path for path in self._directory.iterdir() if held.enter_context(_nobody_writes(path))]
            needed = in_use() if idle else ()
            unused = [path for path in idle if path.name not in needed]
            for path in unused:
                path.unlink(missing_ok=True)
        return len(unused)


class JournalSpool:
    """The `Incoming` port: in memory until it goes into the journal as one piece, or is too large for that."""

    def __init__(self, journal: Journal, new_file: Callable[[], Spool]) -> None:
        self.size = 0
        self._journal = journal
        self._new_file = new_file
        self._content = bytearray()
        self._place: Place | None = None
        self._file: Spool | None = None

    def write(self, block: bytes | bytearray | memoryview) -> None:
        if self._file is None and self.size + len(block) > JOURNAL_BYTES:
            self._to_file()
        if self._file is None:
            self._content += block
        else:
            self._file.write(block)
        self.size += len(block)

    def journalled(self) -> StoredFile | None:
        if self._file is not None:
            return None
        if self._place is None:
            self._place = self._journal.reserve(self.size)
            self._journal.write(self._place, self._content)
        sha256 = hashlib.sha256(self._content).hexdigest()
        return StoredFile(sha256, self.size, segment=self._place.segment, start=self._place.start)

    def keep(self) -> StoredFile:
        return (self._file or self._to_file()).keep()

    def drop(self) -> None:
        if self._file is not None:
            self._file.drop()
        place, self._place = self._place, None
        if place is not None:
            self._journal.release(place)

    def _to_file(self) -> Spool:
        self._file = self._new_file()
        self._file.write(self._content)
        self._content.clear()
        return self._file


class _Segment:
    """A file that this process writes to, open and locked while somebody does. Called with the journal's lock.

    Open no longer: the kernel gives back what a removed file took when the last handle is closed, and for so many
    bytes that takes long.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.handle = -1
        self.full = False
        self._path = path
        self._writers = 0
        self._end = 0
        self._since = time.monotonic()
        self._named = False
        self._failed = False

    def takes(self, octets: int) -> bool:
        return (
            not self.full
            and self._end + octets <= SEGMENT_BYTES
            and time.monotonic() - self._since < SEGMENT_SECONDS
            and (self._writers > 0 or self.open())
        )

    def open(self, flags: int = 0) -> bool:
        """False when somebody removes it, or has. Raises OSError."""
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC | flags, _MODE)
        except FileNotFoundError:
            return False
        if _locked(handle):
            self.handle = handle
            return True
        os.close(handle)
        return False

    def reserve(self, octets: int) -> Place:
        place = Place(self.name, self._end, octets)
        self._end += -(-octets // _ALIGNED) * _ALIGNED
        self._writers += 1
        return place

    def release(self) -> bool:
        """Whether this was the last writer for now: then it is closed, and with that unlocked."""
        self._writers -= 1
        if self._writers:
            return False
        os.close(self.handle)
        return True

    def sync(self, directory: Path) -> None:
        if self._failed:
            raise TryLater("cannot keep: what lies beside it could not be kept")
        try:
            os.fdatasync(self.handle)
            if not self._named:
                fsync_directory(directory)
                self._named = True
        except OSError as error:
            self.full = self._failed = True
            raise TryLater(f"cannot keep: {error}") from error


def _new_segment(directory: Path) -> _Segment:
    while True:
        segment = _Segment(directory / secrets.token_hex(8))
        if segment.open(os.O_CREAT | os.O_EXCL):  # else it was tidied up before it was ours
            return segment


def _locked(handle: int) -> bool:
    """Whether the file is there and stays there: who tidies up wants it for himself."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(handle).st_nlink > 0


@contextlib.contextmanager
def _nobody_writes(path: Path) -> Iterator[bool]:
    """Whether nobody does; nobody will as long as this lasts."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
