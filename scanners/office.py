"""Office documents: macros, remote parts, embedded objects, passwords; the text itself is not judged.

Rule 1: every entry is unpacked once, counted and thrown away, so that what cannot be unpacked is found here.
Rule 2: XML is searched as bytes and never parsed: no entity is ever expanded, nothing is ever fetched.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import olefile

from gateway.core.model import Finding
from scanners import archive, findings

_OVERLAP: Final = 2048
_LIMITS: Final = archive.Limits(entries=5000, entry_bytes=80 * 2**20, ratio=150, ratio_from_bytes=20 * 2**20)
_MAX_TOTAL: Final = 250 * 2**20

_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_RELATIONSHIP: Final = re.compile(rb"<Relationship\b[^>]{0,1900}>")
_DDE: Final = re.compile(rb"<(?:[a-z]+:)?(?:instrText|fldSimple)\b[^>]{0,900}(?:>\s*|\"\s*)DDE(?:AUTO)?\b|<ddeLink\b")
_COMMAND_FORMULA: Final = re.compile(rb"<f\b[^>]{0,100}>[^<]{0,100}\|[^<]{0,500}!")
_ODF_EVENT: Final = re.compile(rb"<script:event-listener\b")
_RTF_OBJECT: Final = re.compile(rb"\\obj(?:data|ocx|emb|link|autlink|html|class)\b|\\object\b|DDEAUTO")
_RTF_TEMPLATE: Final = re.compile(rb"\\\*\\template\s+(?:https?:|\\\\|file:)")

# A control symbol, raw bytes with their number, or the begin or end of a group.
_RTF_GROUP: Final = re.compile(rb"\\bin(\d{1,9}) ?|\\[^a-zA-Z]|[{}]")
_MOST_RTF: Final = 2**26

_ACTIVE_NAME: Final = re.compile(r"(?i)vbaProject|/activeX/|/macrosheets/|/dialogsheets/")
_EMBEDDED_NAME: Final = re.compile(r"(?i)/embeddings/|/externalLinks/")
_ODF_ACTIVE_NAME: Final = re.compile(r"(?:^Basic/|^Scripts/)[^/]+/?.*\.(?:xml|py|js|bsh|xba)$|macrosignatures\.xml$")
_ODF_OBJECT_NAME: Final = re.compile(r"^Object \d+(?:/|$)|^ObjectReplacements/")

_MACRO_STORAGES: Final = frozenset({"macros", "_vba_project_cur", "vba", "_vba_project"})
_BOUNDSHEET: Final = 0x85
_FILEPASS: Final = 0x2F
_END_OF_GLOBALS: Final = 0x0A


def check_ooxml(path: Path) -> list[Finding]:
    """What speaks against a docx or xlsx."""
    return _unpacked(path, _ooxml_name, _ooxml_block, _ooxml_whole)


def check_odf(path: Path) -> list[Finding]:
    """What speaks against an odt or ods."""
    return _unpacked(path, _odf_name, _odf_block, _odf_whole)


def check_rtf(path: Path) -> list[Finding]:
    """What speaks against an rtf."""
    found: list[Finding] = []
    with path.open("rb") as file:
        if not file.read(6).startswith(b"{\\rtf1"):
            found.append(Finding(findings.UNREADABLE, "a shortened header"))
        file.seek(0)
        found += _rtf_ends(file)
        file.seek(0)
        for window in _windows(iter(lambda: file.read(2**18), b"")):
            if _RTF_OBJECT.search(window):
                found.append(Finding(findings.ACTIVE_CONTENT, "an embedded object"))
            if _RTF_TEMPLATE.search(window):
                found.append(Finding(findings.ACTIVE_CONTENT, "a template elsewhere"))
    return list(dict.fromkeys(found))


def _rtf_ends(file: BinaryIO) -> Iterator[Finding]:
    """Whether every group is closed, and nothing stands behind the last one (RTF 1.9.1, "Conventions")."""
    depth, begun, left = 0, False, b""
    content = file.read(_MOST_RTF)
    at = 0
    while match := _RTF_GROUP.search(content, at):
        at = match.end() + int(match[1] or 0)
        depth += {b"{": 1, b"}": -1}.get(match[0], 0)
        begun = begun or depth > 0
        if begun and depth <= 0:
            left = content[at:].strip(b"\0\x1a \t\r\n")
            break
    if depth > 0 and len(content) < _MOST_RTF:
        yield Finding(findings.UNREADABLE, "cut off")
    elif left:
        yield Finding(findings.SUSPICIOUS, "something stands behind its end")


def check_ole(path: Path) -> list[Finding]:
    """What speaks against an old doc, xls or a msg."""
    try:
        with olefile.OleFileIO(str(path)) as ole:
            found = list(_ole(ole))
            return [*found, *_cut_off(ole)]
    except (ValueError, IndexError, TypeError, AttributeError, KeyError) as error:
        return [Finding(findings.UNREADABLE, type(error).__name__)]
    except OSError as error:
        if error.errno is not None:
            raise
        return [Finding(findings.UNREADABLE, type(error).__name__)]


# ---- zip formats ---------------------------------------------------------------------------------


def _unpacked(
    path: Path,
    of_name: Callable[[str], Iterator[Finding]],
    of_block: Callable[[str, bytes], Iterator[Finding]],
    of_whole: Callable[[archive.Archive], Iterator[Finding]],
) -> list[Finding]:
    found: list[Finding] = []
    total = 0
    try:
        with archive.Archive(path, _LIMITS) as opened:
            found += of_whole(opened)
            for entry in opened.entries():
                found += of_name(entry.name)
                for window in _windows(opened.blocks(entry)):
                    total += len(window)
                    found += of_block(entry.name, window)
                    if total > _MAX_TOTAL:
                        return [*found, Finding(findings.LIMITS, f"more than {_MAX_TOTAL} bytes in all")]
    except archive.Unreadable as error:
        found.append(Finding(findings.UNREADABLE, str(error)))
    except archive.TooComplex as error:
        found.append(Finding(findings.LIMITS, str(error)))
    return list(dict.fromkeys(found))


def _windows(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks, each with the end of the one before, so that nothing hides on the seam."""
    tail = b""
    for block in blocks:
        yield tail + block
        tail = block[-_OVERLAP:]


def _ooxml_whole(opened: archive.Archive) -> Iterator[Finding]:
    content_types = opened.text("[Content_Types].xml", 2**20)
    if b"<Override" not in content_types and b"<Default" not in content_types:
        yield Finding(findings.UNREADABLE, "no content types")
    if b"macroenabled" in content_types.lower() or b"vbaproject" in content_types.lower():
        yield Finding(findings.ACTIVE_CONTENT, "macros")
    if not opened.names() & {"word/document.xml", "word/document2.xml", "xl/workbook.xml"}:
        yield Finding(findings.UNREADABLE, "no main part")


def _ooxml_name(name: str) -> Iterator[Finding]:
    if _ACTIVE_NAME.search(name):
        yield Finding(findings.ACTIVE_CONTENT, "macros or controls")
    if _EMBEDDED_NAME.search(name):
        yield Finding(findings.SUSPICIOUS, "an embedded or linked document")


def _ooxml_block(name: str, window: bytes) -> Iterator[Finding]:
    if not name.endswith((".xml", ".rels")):
        return
    yield from _entities(window)
    for match in _RELATIONSHIP.finditer(window):
        if b'TargetMode="External"' in match[0] and b'/hyperlink"' not in match[0]:
            yield Finding(findings.ACTIVE_CONTENT, "a part elsewhere is fetched")
    if _DDE.search(window) or (name.startswith("xl/") and _COMMAND_FORMULA.search(window)):
        yield Finding(findings.ACTIVE_CONTENT, "DDE")


def _odf_whole(opened: archive.Archive) -> Iterator[Finding]:
    if b"encryption-data" in opened.text("META-INF/manifest.xml", 2**20):
        yield Finding(findings.ENCRYPTED, "a password to open")
    if "content.xml" not in opened.names():
        yield Finding(findings.UNREADABLE, "no main part")


def _odf_name(name: str) -> Iterator[Finding]:
    if _ODF_ACTIVE_NAME.search(name):
        yield Finding(findings.ACTIVE_CONTENT, "macros")
    if _ODF_OBJECT_NAME.search(name):
        yield Finding(findings.SUSPICIOUS, "an embedded document")


def _odf_block(name: str, window: bytes) -> Iterator[Finding]:
    if name.endswith(".xml"):
        yield from _entities(window)
        if _ODF_EVENT.search(window):
            yield Finding(findings.ACTIVE_CONTENT, "an action on an event")


def _entities(window: bytes) -> Iterator[Finding]:
    if _DOCTYPE.search(window):
        yield Finding(findings.SUSPICIOUS, "XML that declares entities")


# ---- OLE -----------------------------------------------------------------------------------------


def _ole(ole: olefile.OleFileIO) -> Iterator[Finding]:
    names = {part.lower() for entry in ole.listdir(streams=True, storages=True) for part in entry}
    if names & _MACRO_STORAGES:
        yield Finding(findings.ACTIVE_CONTENT, "macros")
    if "objectpool" in names:
        yield Finding(findings.SUSPICIOUS, "an embedded object")
    if any(name.startswith("__attach_version1.0_") for name in names):
        yield Finding(findings.SUSPICIOUS, "a saved message with attachments that are not looked at")
    if ole.exists("WordDocument"):
        beginning = ole.openstream("WordDocument").read(12)
        # [MS-DOC] 2.5.1: bit 8 of the flags at offset 10 is fEncrypted.
        if len(beginning) < 12:  # noqa: PLR2004 -- as read
            yield Finding(findings.UNREADABLE, "cut off")
        elif beginning[11] & 0x01:
            yield Finding(findings.ENCRYPTED, "a password to open")
    for stream in ("Workbook", "Book"):
        if ole.exists(stream):
            yield from _workbook(ole.openstream(stream).read(2**20))


def _cut_off(ole: olefile.OleFileIO) -> Iterator[Finding]:
    """Whether parts of it lie beyond the end of the file; the library reads on and only notes it."""
    for name in ole.listdir():
        ole.openstream(name).read()
    if any("out of range" in words or "incomplete" in words for _, words in ole.parsing_issues):
        yield Finding(findings.UNREADABLE, "cut off")


def _workbook(stream: bytes) -> Iterator[Finding]:
    """The records of the workbook's globals ([MS-XLS] 2.1.4), up to their end."""
    at = 0
    while at + 4 <= len(stream):
        kind = int.from_bytes(stream[at : at + 2], "little")
        length = int.from_bytes(stream[at + 2 : at + 4], "little")
        body = stream[at + 4 : at + 4 + length]
        if kind == _FILEPASS:
            yield Finding(findings.ENCRYPTED, "a password to open")
            return
        if kind == _BOUNDSHEET and body[5:6] == b"\x01":
            yield Finding(findings.ACTIVE_CONTENT, "a macro sheet")
        if kind == _END_OF_GLOBALS:
            return
        at += 4 + length
