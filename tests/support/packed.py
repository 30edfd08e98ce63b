"""Containers made by us: 7z and tape archives by libarchive and the standard library, rar 5 byte by byte."""

import io
import tarfile
import zlib
from collections.abc import Mapping
from typing import Any

_MAIN, _FILE, _ENCRYPTION, _END = 1, 2, 4, 5
_HAS_DATA = 2
_HAS_CRC = 4


def sevenz(files: Mapping[str, bytes]) -> bytes:
    """A 7z of these files, packed as one."""
    import libarchive  # noqa: PLC0415 -- as in the reader

    made: list[bytes] = []

    def take(block: bytes) -> int:
        made.append(bytes(block))
        return len(block)

    with libarchive.custom_writer(take, "7zip") as archive:
        for name, content in files.items():
            archive.add_file_from_memory(name, len(content), content)
    return b"".join(made)


def tape(files: Mapping[str, bytes | str], mode: str = "w") -> bytes:
    """A tape archive; a text is a symbolic link to there. `mode` of tarfile says how it is compressed."""
    made = io.BytesIO()
    archive: Any
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]  # a mode in a variable
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def rar(files: Mapping[str, bytes], *, locked: bool = False) -> bytes:
    """A rar 5 that stores these files; `locked`: the names need a password."""
    blocks = [b"Rar!\x1a\x07\x01\x00"]
    if locked:
        return blocks[0] + _block(_ENCRYPTION, 0, b"\0\0\x0f" + bytes(16)) + bytes(64)
    blocks.append(_block(_MAIN, 0, b"\0"))
    for name, content in files.items():
        word = name.encode()
        body = [len(content), _HAS_CRC, len(content), 0o100644]
        about = b"".join(map(_vint, body)) + zlib.crc32(content).to_bytes(4, "little")
        about += _vint(0) + _vint(1) + _vint(len(word)) + word
        blocks += [_block(_FILE, _HAS_DATA, about), content]
    return b"".join(blocks) + _block(_END, 0, b"\0")


def _block(kind: int, flags: int, rest: bytes) -> bytes:
    header = _vint(kind) + _vint(flags) + rest
    sized = _vint(len(header)) + header
    return zlib.crc32(sized).to_bytes(4, "little") + sized


def _vint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])
