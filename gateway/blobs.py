"""Bytes on a file system, named by their SHA-256, fsynced, never overwritten."""

import contextlib
import hashlib
import itertools
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from gateway.core.errors import Corrupt, TryLater
from gateway.core.model import StoredFile
from gateway.ports import Spool

BLOCK_BYTES = 1 << 20


class FileBlobs:
    """The `Blobs` port on a local directory: `ab/abcd…` for what is kept, `spool/` for what is coming in.

    The 256 directories are made and fsynced once, so keeping a blob costs one fsync of the file and one
    of its directory. Spooled files that a crash left behind were promised to nobody: `sweep` removes them.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._spool = directory / "spool"
        self._spool.mkdir(parents=True, exist_ok=True)
        # Of this process alone: several may spool here.
        self._names = map(f"{self._spool}/{secrets.token_hex(8)}-{{}}".format, itertools.count())
        for number in range(256):
            (directory / f"{number:02x}").mkdir(exist_ok=True)
        _fsync_directory(directory)
        _fsync_directory(directory.parent)

    def spool(self) -> Spool:
        """A new spool. Raises TryLater when no file can be made."""
        return _FileSpool(self, Path(next(self._names)))

    def put(self, source: Path) -> StoredFile:
        """Keep the bytes of a file; the same promise as `Spool.keep`."""
        spool = self.spool()
        try:
            with source.open("rb") as file:
                while block := file.read(BLOCK_BYTES):
                    spool.write(block)
            return spool.keep()
        finally:
            spool.drop()

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, from the start. Raises Corrupt when a blob that was promised is not there."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise Corrupt(f"blob {sha256} is not on disk") from error

    def path(self, sha256: str) -> Path:
        """Where a local program may read the bytes; read-only by agreement."""
        return self._directory / sha256[:2] / sha256

    def sweep(self) -> int:
        """Remove what a crash left in the spool; only while nobody spools. Returns how many."""
        left = list(self._spool.iterdir())
        for path in left:
            path.unlink(missing_ok=True)
        return len(left)

    def place(self, spooled: Path, sha256: str, size: int) -> None:
        """Give a fsynced spool file its name for ever. The rename is atomic; the name is durable after it."""
        target = self.path(sha256)
        with contextlib.suppress(FileNotFoundError):
            found = target.stat().st_size
            if found != size:
                raise Corrupt(f"blob {sha256} has {found} bytes on disk, not {size}")
        spooled.replace(target)
        _fsync_directory(target.parent)


class _FileSpool:
    """A temporary file beside the blobs, so that keeping it is a rename."""

    def __init__(self, blobs: FileBlobs, path: Path) -> None:
        self.size = 0
        self._blobs = blobs
        self._digest = hashlib.sha256()
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
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

    def keep(self) -> StoredFile:
        assert self._path is not None, "kept or dropped before"
        sha256 = self._digest.hexdigest()
        try:
            os.fsync(self._file)
            self._close()
            self._blobs.place(self._path, sha256, self.size)
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


def _fsync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
