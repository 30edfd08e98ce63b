"""Zip containers, walked with counters of our own; the scanner behind us says "OK" to a 400 MiB member.

Rule 1: sizes in an archive are claims; what counts is what comes out, counted while it does.
Rule 2: names in an archive are text, never paths: nothing is written under a name from inside.
Rule 3: over a limit is TooComplex; what cannot be read is Unreadable; nothing else is raised for content.
"""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

_BLOCK: Final = 256 * 1024
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_LONGEST_COMMENT: Final = 65535
_LOCAL_BYTES: Final = 30
_UTF8_FLAG: Final = 0x800
_ENCRYPTED_FLAG: Final = 0x1

OF_APPLE: Final = frozenset({"Index/Document.iwa", "index.apxl", "buildVersionHistory.plist"})
"""What only the files of Pages, Numbers and Keynote have: their own document is in it, of now or of before 2013."""


class TooComplex(Exception):
    """A limit was reached; the message names it."""


class Unreadable(Exception):
    """The archive or the entry is damaged or of an unknown kind."""


@dataclass(frozen=True)
class Limits:
    """How much an archive may hold. `ratio` counts from `ratio_from_bytes` on: blank pages compress well."""

    entries: int = 500
    entry_bytes: int = 100 * 2**20
    ratio: int = 200
    ratio_from_bytes: int = 20 * 2**20


@dataclass(frozen=True)
class Entry:
    """One file in an archive. `kind`: `file`, `encrypted` or `link`."""

    info: zipfile.ZipInfo
    name: str
    kind: str


class Archive:
    """An open zip. Raises Unreadable or TooComplex on opening."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        claimed = _claimed_entries(path)
        if claimed > limits.entries:
            raise TooComplex(f"an archive of {claimed} entries")
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError) as error:
            raise Unreadable("not a whole zip") from error
        self._check_layout()

    def close(self) -> None:
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def entries(self) -> tuple[Entry, ...]:
        """The files, in the order of the directory; folders are not listed."""
        return tuple(Entry(i, _name(i), _kind(i)) for i in self._zip.infolist() if not i.is_dir())

    def names(self) -> frozenset[str]:
        """The names of all entries."""
        return frozenset(entry.name for entry in self.entries())

    def blocks(self, entry: Entry) -> Iterator[bytes]:
        """The content of an entry. Encrypted entries come as they stand in the file: ciphertext.

        Raises Unreadable, also in the middle, and TooComplex when more comes out than the limits allow.
        """
        if entry.kind == "encrypted":
            yield from self._ciphertext(entry.info)
            return
        count = 0
        try:
            with self._zip.open(entry.info) as source:
                while block := source.read(_BLOCK):
                    count += len(block)
                    self._check_size(count, entry.info.compress_size)
                    yield block
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, struct.error) as error:
            raise Unreadable(type(error).__name__) from error
        except lzma.LZMAError as error:
            raise Unreadable("broken lzma") from error
        except OSError as error:
            if error.errno is None:  # bz2's word for damage; a number would be our own trouble
                raise Unreadable("broken bzip2") from error
            raise

    def text(self, name: str, most: int) -> bytes:
        """The first `most` bytes of the entry `name`, or nothing when there is none."""
        entry = next((e for e in self.entries() if e.name == name), None)
        content = b""
        if entry is not None and entry.kind == "file":
            for block in self.blocks(entry):
                content += block
                if len(content) >= most:
                    break
        return content[:most]

    def _check_size(self, count: int, compressed: int) -> None:
        if count > self._limits.entry_bytes:
            raise TooComplex(f"an entry of more than {self._limits.entry_bytes} bytes")
        if count > self._limits.ratio_from_bytes and count > self._limits.ratio * max(1, compressed):
            raise TooComplex(f"an entry that unpacks to more than {self._limits.ratio} times its size")

    def _check_layout(self) -> None:
        """Entries over one another are how 20 KB becomes 2 GB; no honest program writes them."""
        if len(self._zip.infolist()) > self._limits.entries:
            raise TooComplex(f"an archive of {len(self._zip.infolist())} entries")
        end = 0
        for info in sorted(self._zip.infolist(), key=lambda i: i.header_offset):
            if info.header_offset < end:
                raise TooComplex("entries that overlap")
            end = info.header_offset + _LOCAL_BYTES + info.compress_size

    def _ciphertext(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            local = file.read(_LOCAL_BYTES)
            if len(local) < _LOCAL_BYTES:
                raise Unreadable("cut off")
            name, extra = struct.unpack_from("<HH", local, 26)
            file.seek(name + extra, 1)
            yield from _exactly(file, info.compress_size)


def is_plain_zip(path: Path) -> bool:
    """Whether a file begins as a zip and is none of the document formats that are zips inside."""
    with path.open("rb") as file:
        if file.read(4) not in {b"PK\x03\x04", _END}:
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, EOFError):
        return True
    return not names & ({"[Content_Types].xml", "mimetype", "META-INF/MANIFEST.MF"} | OF_APPLE)


def _exactly(file: IO[bytes], count: int) -> Iterator[bytes]:
    while count and (block := file.read(min(_BLOCK, count))):
        count -= len(block)
        yield block


def _claimed_entries(path: Path) -> int:
    """What the end record says, before the directory is read into memory."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _LONGEST_COMMENT))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or at + _END_BYTES > len(tail):
        raise Unreadable("a zip without its end")
    entries: int = struct.unpack_from("<H", tail, at + 10)[0]
    return entries


def _kind(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return "link"
    return "encrypted" if info.flag_bits & _ENCRYPTED_FLAG else "file"


def _name(info: zipfile.ZipInfo) -> str:
    """The name in UTF-8, which many programs write without saying so."""
    if not info.flag_bits & _UTF8_FLAG:
        try:
            return info.orig_filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.orig_filename
