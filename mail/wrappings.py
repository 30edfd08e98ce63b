"""What senders' mail programs wrap documents in: winmail.dat (TNEF) and Outlook's saved messages (.msg).

Rule 1: runs in the reading child only; both libraries loop or grow on hostile input, and the child's limits end that.
Rule 2: whatever such a file holds, the answer is what is attached to it, or Unreadable.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import olefile

from scanners.archive import Unreadable

_TNEF: Final = b"\x78\x9f\x3e\x22"
_TNEF_HEADER: Final = 6
_TNEF_ATTRIBUTE: Final = 11  # level, name, length before it and the checksum after it (MS-OXTNEF section 2.1.3)
_OLE: Final = olefile.MAGIC
_MESSAGE: Final = "__properties_version1.0"


@dataclass(frozen=True)
class Attached:
    """One file in a wrapping. `content` is None where the wrapping names a file that it does not hold."""

    name: str
    media_type: str
    content: bytes | None


def opener(path: Path, kinds: Collection[str]) -> Callable[[Path], Iterator[Attached]] | None:
    """What opens this file, judged by its content alone; None: it is no wrapping, or a `msg` not among these kinds."""
    with path.open("rb") as file:
        head = file.read(len(_OLE))
    if head.startswith(_TNEF):
        return _tnef
    if head == _OLE and "msg" in kinds and _is_saved_message(path):
        return _saved_message
    return None


def attached(path: Path, opened: Callable[[Path], Iterator[Attached]]) -> Iterator[Attached]:
    """What is attached, in the order of the file. Raises Unreadable, also in the middle."""
    logging.disable()  # both tell a hostile file's life story on stderr
    try:
        yield from opened(path)
    except (MemoryError, Unreadable):
        raise
    except Exception as error:  # these libraries raise whatever their own bugs bring about
        raise Unreadable(type(error).__name__) from error


def _is_saved_message(path: Path) -> bool:
    try:
        with olefile.OleFileIO(str(path)) as ole:
            return bool(ole.exists(_MESSAGE))
    except Exception:  # noqa: BLE001 -- as above: what it cannot open is no saved message to us
        return False


def _tnef(path: Path) -> Iterator[Attached]:
    from tnefparse import TNEF  # noqa: PLC0415 -- few mails have one

    # A wrong checksum is common and says nothing about the files.
    content = path.read_bytes()
    opened = [TNEF(content, do_checksum=False)]
    while opened:
        for attachment in opened.pop().attachments:
            inner = getattr(attachment, "embed", None)
            if inner is not None:
                opened.append(inner)
            else:
                yield Attached(_tnef_name(attachment), "", attachment.data)

    if not _is_whole(content):
        raise Unreadable("cut off, or something stands after its end")


def _is_whole(content: bytes) -> bool:
    """Whether the attributes fill the file; the library takes what is left of a file that was cut off for all of it."""
    at = _TNEF_HEADER
    while at + _TNEF_ATTRIBUTE <= len(content):
        at += _TNEF_ATTRIBUTE + int.from_bytes(content[at + 5 : at + 9], "little")
    return at == len(content)


def _tnef_name(attachment: Any) -> str:  # noqa: ANN401 -- the library has no types
    try:
        return _text(attachment.long_filename())
    except UnicodeDecodeError:  # it takes a title in the sender's own alphabet for UTF-8
        return _text(attachment._name)  # noqa: SLF001


def _saved_message(path: Path) -> Iterator[Attached]:
    from oxmsg import Message  # noqa: PLC0415 -- few mails have one

    for attachment in Message.load(str(path)).attachments:
        content = attachment.file_bytes if attachment.attached_by_value else None
        yield Attached(_text(attachment.file_name), _text(attachment.mime_type), content)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("cp1252", "replace").strip("\0")
    return str(value or "").strip("\0")
