"""Containers of every kind, opened one file at a time: zip with code of our own, all else through libarchive.

Rule 1: which kind it is its first bytes say, and only that one reader of libarchive is switched on: never those that
start other programs, and none that looks for something else behind the first bytes.
Rule 2: as in `archive`: what counts is what comes out, names are text, and over a limit is TooComplex.
"""

import errno
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scanners import archive

_BLOCK: Final = 256 * 1024
_TAR_MAGIC_AT: Final = 257
_HEAD_BYTES: Final = _TAR_MAGIC_AT + 5
# libarchive's own words; its errors have no number for this.
_PASSWORD: Final = ("encrypt", "passphrase")


class Locked(archive.Unreadable):
    """It cannot be seen without a password: a file, or the whole container with the names in it."""


@dataclass(frozen=True)
class Member:
    """One file in a container. `kind`: `file`, `encrypted` or `link` (also for what is no file at all).

    `name` is empty where the container has none for it. `blocks` are to be read before the next member is asked for;
    they raise Unreadable and TooComplex, also in the middle.
    """

    name: str
    kind: str
    blocks: Iterator[bytes]


Opener = Callable[[Path, archive.Limits], Iterator[Member]]
"""The files in a container, in its order. Raises Unreadable (also Locked) and TooComplex, also in the middle."""


def opener(path: Path, kinds: Collection[str]) -> Opener | None:
    """What opens this file, judged by its content alone; None: it is no container, or none of these kinds."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(b"PK"):
        return _zip if "zip" in kinds and archive.is_plain_zip(path) else None
    for kind, beginning, formats, compressed in _KINDS:
        if head.startswith(beginning):
            return _Libarchive(formats, compressed) if kind in kinds else None
    if head[_TAR_MAGIC_AT:] == b"ustar" and "tar" in kinds:
        return _Libarchive(("tar",), "none")
    return None


_KINDS: Final = (
    ("7z", b"7z\xbc\xaf\x27\x1c", ("7zip",), "none"),
    ("rar", b"Rar!\x1a\x07\x00", ("rar",), "none"),
    ("rar", b"Rar!\x1a\x07\x01\x00", ("rar5",), "none"),
    # A tape archive inside, or else one file.
    ("gz", b"\x1f\x8b\x08", ("tar", "raw"), "gzip"),
    ("bz2", b"BZh", ("tar", "raw"), "bzip2"),
    ("xz", b"\xfd7zXZ\x00", ("tar", "raw"), "xz"),
)
"""The name in the configuration, the first bytes, the formats of libarchive to try in their order, and its filter."""


def _zip(path: Path, limits: archive.Limits) -> Iterator[Member]:
    with archive.Archive(path, limits) as opened:
        for entry in opened.entries():
            yield Member(entry.name, entry.kind, opened.blocks(entry))


@dataclass(frozen=True)
class _Libarchive:
    formats: tuple[str, ...]
    compressed: str

    def __call__(self, path: Path, limits: archive.Limits) -> Iterator[Member]:
        # By its name: without it the binding starts a compiler to look for it.
        os.environ.setdefault("LIBARCHIVE", "libarchive.so.13")
        from libarchive.exception import ArchiveError  # noqa: PLC0415 -- a C library, for the few that have one

        for format_ in self.formats:
            reader = _Reader(path, limits)
            try:
                with _opened(path, format_, self.compressed) as opened:
                    yield from reader.members(opened, is_raw=format_ == "raw")
                if reader.begun:
                    return  # to the reader of tape archives any number of zeros is an empty one
            except ArchiveError as error:
                if reader.begun or format_ == self.formats[-1]:
                    raise _in_our_words(error) from error


def _opened(path: Path, format_: str, compressed: str) -> AbstractContextManager[Any]:
    from libarchive import read  # noqa: PLC0415 -- as above

    opened: AbstractContextManager[Any] = read.file_reader(str(path), format_, compressed)
    return opened


class _Reader:
    """Counts what comes out of one container."""

    def __init__(self, path: Path, limits: archive.Limits) -> None:
        self._packed = path.stat().st_size
        self._limits = limits
        self._out = 0
        self.begun = False

    def members(self, opened: Any, *, is_raw: bool) -> Iterator[Member]:  # noqa: ANN401 -- the binding has no types
        """Raises ArchiveError besides; `begun` says whether the format fits."""
        for count, entry in enumerate(opened, 1):
            self.begun = True
            if count > self._limits.entries:
                raise archive.TooComplex(f"an archive of more than {self._limits.entries} entries")
            if not entry.isdir:
                kind = _kind(entry)
                blocks = self._blocks(entry) if kind == "file" else iter(())
                yield Member("" if is_raw else _name(entry), kind, blocks)

    def _blocks(self, entry: Any) -> Iterator[bytes]:  # noqa: ANN401 -- as above
        from libarchive.exception import ArchiveError  # noqa: PLC0415 -- as above

        count = 0
        try:
            for block in entry.get_blocks(_BLOCK):
                count += len(block)
                self._check_size(count, len(block))
                yield block
        except ArchiveError as error:
            raise _in_our_words(error) from error

    def _check_size(self, of_entry: int, block: int) -> None:
        limits = self._limits
        self._out += block
        if of_entry > limits.entry_bytes:
            raise archive.TooComplex(f"an entry of more than {limits.entry_bytes} bytes")
        # Of the whole: these formats may pack all their files as one.
        if self._out > limits.ratio_from_bytes and self._out > limits.ratio * max(1, self._packed):
            raise archive.TooComplex(f"an archive that unpacks to more than {limits.ratio} times its size")


def _kind(entry: Any) -> str:  # noqa: ANN401 -- as above
    from libarchive import ffi  # noqa: PLC0415 -- as above

    if not entry.isreg or entry.islnk:
        return "link"
    is_encrypted = ffi.ffi("entry_is_encrypted", [ffi.c_archive_entry_p], ffi.c_int)
    return "encrypted" if is_encrypted(entry._entry_p) > 0 else "file"  # noqa: SLF001 -- the binding leaves it out


def _name(entry: Any) -> str:  # noqa: ANN401 -- as above
    name = entry.pathname
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name or "")


def _in_our_words(error: Any) -> Exception:  # noqa: ANN401 -- ArchiveError, of a binding without types
    if error.errno == errno.ENOMEM:
        return archive.TooComplex("an archive that needs too much memory")
    if any(word in str(error.msg).lower() for word in _PASSWORD):
        return Locked("a password to open")
    return archive.Unreadable("damaged")
