"""Bytes on a file system, named by their SHA-256, fsynced, never overwritten."""

import contextlib
import errno
import fcntl
import functools
import hashlib
import io
import itertools
import os
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from gateway.core.errors import Corrupt, TryLater
from gateway.core.model import StoredFile
from gateway.durable import fsync_directory
from gateway.journal import JOURNAL_BYTES, Journal, JournalSpool, Places
from gateway.ports import Incoming, Spool

BLOCK_BYTES = 1 << 20
# Far longer than it takes from keeping bytes to the commit of the row that names them.
FRESH_SECONDS = 3600.0


TAKEN_AT_ONCE = 8
"""Fsyncs that wait together cost hardly more than one."""

_LOCK = "lock"
_MODE = 0o600


class FileBlobs:
    """The `Blobs` port on a local directory: `ab/abcd…` for what is kept, `spool/` and `journal/` for what comes in.

    The 256 directories are made and fsynced once, so keeping a blob costs one fsync of the file and one
    of its directory. Spooled files that a crash left behind were promised to nobody: `sweep` removes them.
    `places` tells what lies in the journal and has no file here yet; without it nothing ever leaves the journal.
    """

    def __init__(
        self,
        directory: Path,
        fresh_seconds: float = FRESH_SECONDS,
        places: Places | None = None,
    ) -> None:
        self._directory = directory
        self._fresh_seconds = fresh_seconds
        self._places = places
        self._journal = Journal(directory / "journal")
        self._taking = ThreadPoolExecutor(TAKEN_AT_ONCE, thread_name_prefix="keep")
        self._erasing = directory / "erasing"
        self._erasing.mkdir(parents=True, exist_ok=True)
        self._spool = directory / "spool"
        self._spool.mkdir(parents=True, exist_ok=True)
        # Of this process alone: several may spool here.
        self._names = map(f"{self._spool}/{secrets.token_hex(8)}-{{}}".format, itertools.count())
        for number in range(256):
            (directory / f"{number:02x}").mkdir(exist_ok=True)
        fsync_directory(directory)
        fsync_directory(directory.parent)

    def spool(self) -> Spool:
        """A new spool. Raises TryLater when no file can be made."""
        return _FileSpool(self, Path(next(self._names)))

    def incoming(self) -> Incoming:
        """A new spool for what comes in; see `Blobs.incoming`."""
        return JournalSpool(self._journal, self.spool)

    def sync(self, files: Iterable[StoredFile]) -> None:
        """Make durable what lies in the journal; see `Blobs.sync`."""
        self._journal.sync({file.segment for file in files if file.segment})

    def put(self, source: Path) -> StoredFile:
        """Keep the bytes of a file; the same promise as `Spool.keep`."""
        with source.open("rb") as file:
            return self._keep(iter(functools.partial(file.read, BLOCK_BYTES), b""))

    def take_all(self, sources: Sequence[Path]) -> list[StoredFile]:
        """Keep files that nobody writes to any more, without copying them, and all at once; see `Blobs.take_all`."""
        return list(self._taking.map(self._take, sources))

    def _take(self, source: Path) -> StoredFile:
        try:
            with source.open("rb") as file:
                os.fchmod(file.fileno(), _MODE)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
                self.place(source, file.fileno(), sha256, size)
        except OSError as error:
            if error.errno == errno.EXDEV:  # the blobs have a disk of their own
                return self.put(source)
            raise TryLater(f"cannot keep: {error}") from error
        return StoredFile(sha256, size)

    def _keep(self, blocks: Iterable[bytes]) -> StoredFile:
        spool = self.spool()
        try:
            for block in blocks:
                spool.write(block)
            return spool.keep()
        finally:
            spool.drop()

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, from the start. Raises Corrupt when a blob that was promised is not there."""
        named = self._place(sha256)
        with contextlib.suppress(FileNotFoundError):
            return named.open("rb")
        content = self._journalled(sha256)
        if content is not None:
            return io.BytesIO(content)
        try:
            return named.open("rb")  # it may have left the journal meanwhile
        except FileNotFoundError as error:
            raise Corrupt(f"blob {sha256} is not on disk") from error

    def path(self, sha256: str) -> Path:
        """Where a local program may read the bytes; read-only by agreement.

        What lies in the journal is put there first, durably. Raises TryLater when that cannot be had.
        """
        place = self._place(sha256)
        if not self._stays(place) and (content := self._journalled(sha256)) is not None:
            self._keep([content])
        return place

    def _journalled(self, sha256: str) -> bytes | None:
        place = self._places and self._places.of(sha256)
        with contextlib.suppress(FileNotFoundError):
            return self._journal.read(place) if place else None
        return None  # it has a file of its own since

    def _stays(self, place: Path) -> bool:
        """Whether the file is so new that `erase` lets it be for a while yet; an older one may be going just now."""
        try:
            return self._is_fresh(place, self._fresh_seconds / 2)
        except FileNotFoundError:
            return False

    def sweep(self) -> int:
        """Remove what a crash left in the spool; only while nobody spools. Returns how many."""
        left = list(self._spool.iterdir())
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def tidy(self) -> int:
        """Remove the segments of the journal that nobody needs; see `Blobs.tidy`."""
        return self._journal.tidy(self._places.segments) if self._places else 0

    def erase(self, hashes: Collection[str]) -> list[str]:
        """Remove these bytes, durably, and what lay in the journal of them; see `Blobs.erase`.

        Keeping bytes always makes a new file. So who keeps the same ones now, and has not committed its row yet, is
        seen by the age of the file: first where it lies, then, as nobody can reach it any more, where it was moved.
        """
        try:
            with self._alone():
                self._take_back()
                left = [sha256 for sha256 in hashes if not self._erase(sha256)]
                for name in {self._place(sha256).parent for sha256 in hashes} | {self._erasing}:
                    fsync_directory(name)
                self.tidy()
                return left
        except OSError as error:
            raise TryLater(f"cannot erase: {error}") from error

    def _erase(self, sha256: str) -> bool:
        place, aside = self._place(sha256), self._erasing / sha256
        try:
            if self._is_fresh(place, self._fresh_seconds):
                return False
            place.rename(aside)
        except FileNotFoundError:
            return True
        if self._is_fresh(aside, self._fresh_seconds):
            self._put_back(aside)
            return False
        aside.unlink()
        return True

    def _is_fresh(self, path: Path, seconds: float) -> bool:
        return time.time() - path.stat().st_mtime < seconds

    def _take_back(self) -> None:
        """What a crash left aside goes back to its place: whether it may go is asked again."""
        for aside in self._erasing.iterdir():
            if aside.name != _LOCK:
                self._put_back(aside)

    def _put_back(self, aside: Path) -> None:
        with contextlib.suppress(FileExistsError):
            os.link(aside, self._place(aside.name))
        aside.unlink()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """The kernel lets go of the lock however this process ends."""
        with (self._erasing / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def place(self, source: Path, handle: int, sha256: str, size: int) -> None:
        """Give a file of ours, open as `handle`, its name for ever; after it bytes and name are durable.

        The name of a large file comes before the fsync, if nobody has it: on ext4 and XFS the write to the journal
        that makes the bytes durable takes the name along, and the fsync of the directory finds nothing left to do.
        What a power cut leaves there was promised to nobody, and gives way when the same bytes come again. A name
        that somebody has may be promised: it is only ever replaced by what is durable. And that a small file
        has its name means that it is durable: `path` trusts in it.
        """
        target = self._place(sha256)
        has_its_name = size > JOURNAL_BYTES and _linked(source, target)
        os.fsync(handle)
        if has_its_name:
            source.unlink()
        else:
            source.replace(target)
        fsync_directory(target.parent)

    def _place(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / sha256


class _FileSpool:
    """A temporary file beside the blobs, so that keeping it is a rename."""

    def __init__(self, blobs: FileBlobs, path: Path) -> None:
        self.size = 0
        self._blobs = blobs
        self._digest = hashlib.sha256()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        except OSError as error:
            raise TryLater(f"cannot spool: {error}") from error
        self._path: Path | None = path
        self._open = True

    def write(self, block: bytes | bytearray | memoryview) -> None:
        view = memoryview(block)
        self._digest.update(view)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise TryLater(f"cannot spool: {error}") from error
        self.size += len(block)

    def carried(self) -> None:
        return None

    def keep(self) -> StoredFile:
        assert self._path is not None, "kept or dropped before"
        sha256 = self._digest.hexdigest()
        try:
            self._blobs.place(self._path, self._file, sha256, self.size)
            self._close()
        except OSError as error:
            # After a failed fsync nothing is known of these bytes: say no, and start over from the sender.
            raise TryLater(f"cannot keep: {error}") from error
        self._path = None
        return StoredFile(sha256, self.size)

    def drop(self) -> None:
        self._close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    def _close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._file)


def _linked(source: Path, target: Path) -> bool:
    """False when the name is taken, or the file system knows no links."""
    try:
        os.link(source, target)
    except OSError:
        return False
    return True
