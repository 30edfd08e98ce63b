"""What kind of file bytes are, by their content; the name and the declared type are only compared with it.

Rule 1: libmagic first; containers (zip, OLE) and what libmagic is known to get wrong are looked into here.
Rule 2: text is only text when its name does not make a machine run it.
"""

import re
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

import magic
import olefile

from gateway.core import kinds
from gateway.core.model import Finding
from scanners import archive, cms, findings

EMPTY: Final = "inode/x-empty"
UNKNOWN: Final = "application/octet-stream"
CMS: Final = "application/pkcs7-mime"
ENCRYPTED: Final = "application/encrypted"

CONTAINERS: Final = frozenset(media_type for types in kinds.CONTAINERS.values() for media_type in types)
"""What the reader opens; one that is still a document could not be opened."""

# Plain text to libmagic, a program or an active page to the computer that opens it.
_TEXT_THAT_ACTS: Final = re.compile(
    r"\.(?:bat|cmd|com|css|exe|hta|html?|ics|inf|jar|jse?|lnk|mht|mhtml|php|pif|ps1|py|reg|scr|sh|svg|swf|url"
    r"|vb[es]|vcf|ws[fh]|xht|xhtml|xml)"
)

# Documents may be inside, and the sender often does not know that his program wraps them: a person opens it.
_UNOPENED: Final = {
    "application/vnd.ms-tnef": "winmail.dat: what is inside is not looked at",
    "message/rfc822": "a message that the reader did not take for one",
    CMS: "a signed envelope: what is inside is not looked at",
}

# Apple's three programs keep their files in the same way; which of them it was only the name says.
_OF_APPLE: Final = {".numbers": kinds.NUMBERS, ".key": kinds.KEYNOTE}

_OF_OLE: Final = {".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".msg": kinds.MSG}

_HEAD_BYTES: Final = 1024
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_SAME: Final = {
    "image/heif": "image/heic",
    "image/heic-sequence": "image/heic",
    "application/rtf": "text/rtf",
    "text/csv": "text/plain",
    "application/csv": "text/plain",
    "application/pgp-encrypted": ENCRYPTED,
}


def of(path: Path, name: str) -> str:
    """The media type of a file by its content."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return EMPTY
    if head.startswith(b"{\\rt"):
        return "text/rtf"
    for beginning, look in ((b"PK\x03\x04", _of_zip), (_OLE, _of_ole)):
        if head.startswith(beginning):
            return look(path, name)
    found = magic.from_file(str(path), mime=True)
    found = _SAME.get(found, found)
    if found in {"text/plain", UNKNOWN} or found.startswith("text/x-"):
        return _corrected(found, head, name)
    return found


def about(media_type: str, name: str, accepted: frozenset[str]) -> list[Finding]:
    """What the kind of a file alone says against it, and whether its name disagrees."""
    extension = PurePosixPath(name.lower()).suffix
    against = (
        (media_type == EMPTY, findings.UNREADABLE, "empty"),
        (media_type == ENCRYPTED, findings.ENCRYPTED, "the whole file"),
        (media_type == "text/plain" and bool(_TEXT_THAT_ACTS.fullmatch(extension)), findings.TYPE_REFUSED, extension),
        (media_type == UNKNOWN and extension in {".txt", ".csv"}, findings.UNREADABLE, "no text"),
        (
            kinds.kind_of(media_type) in kinds.DOCUMENTS and media_type not in accepted,
            findings.TYPE_REFUSED,
            media_type,
        ),
        (media_type in _UNOPENED, findings.SUSPICIOUS, _UNOPENED.get(media_type, "")),
        (media_type not in accepted, findings.TYPE_REFUSED, media_type),
        (_disagrees(extension, media_type), findings.TYPE_DIFFERS, f"{extension} is {media_type}"),
    )
    return next(([Finding(code, detail)] for applies, code, detail in against if applies), [])


def _disagrees(extension: str, media_type: str) -> bool:
    return bool(extension) and extension not in kinds.EXTENSIONS.get(media_type, frozenset({extension}))


def _corrected(found: str, head: bytes, name: str) -> str:
    """What libmagic is known to miss."""
    if b"%PDF-" in head:
        return "application/pdf"
    if head.lstrip().startswith(b"-----BEGIN PGP MESSAGE-----"):
        return ENCRYPTED
    if kind := cms.kind(head):
        return ENCRYPTED if kind == "enveloped" else CMS
    if found.startswith("text/x-") and name.lower().endswith((".txt", ".csv")):
        return "text/plain"  # a letter that reads like a program to libmagic
    return found


def _of_zip(path: Path, name: str) -> str:
    try:
        with archive.Archive(path, archive.Limits()) as opened:
            content_types = opened.text("[Content_Types].xml", 2**20)
            mimetype = opened.text("mimetype", 100)
            names = opened.names()
    except (archive.Unreadable, archive.TooComplex):
        return _SAME.get(found := magic.from_file(str(path), mime=True), found)
    if "[Content_Types].xml" in names:
        return _of_ooxml(content_types, names)
    if mimetype.startswith(b"application/"):
        return mimetype.decode("ascii", "replace").strip()
    if names & archive.OF_APPLE:
        return _OF_APPLE.get(PurePosixPath(name.lower()).suffix, kinds.PAGES)
    return "application/zip"


def _of_ooxml(content_types: bytes, names: frozenset[str]) -> str:
    for folder, media_type in (("word/", kinds.DOCX), ("xl/", kinds.XLSX), ("ppt/", kinds.PPTX)):
        if any(name.startswith(folder) for name in names):
            return media_type
    for word, media_type in ((b"wordprocessingml", kinds.DOCX), (b"spreadsheetml", kinds.XLSX)):
        if word in content_types:
            return media_type
    return "application/zip"


def _of_ole(path: Path, name: str) -> str:
    try:
        with olefile.OleFileIO(str(path)) as ole:
            names = {"/".join(entry).lower() for entry in ole.listdir(storages=True)}
    except (OSError, ValueError, IndexError, TypeError, AttributeError, zipfile.BadZipFile):
        # Too damaged to look inside: its check will say so, and its sender need not hear that the kind is wrong.
        return _OF_OLE.get(PurePosixPath(name.lower()).suffix, "application/x-ole-storage")
    for stream, media_type in (
        ("encryptedpackage", ENCRYPTED),
        ("worddocument", "application/msword"),
        ("workbook", "application/vnd.ms-excel"),
        ("book", "application/vnd.ms-excel"),
        ("__properties_version1.0", "application/vnd.ms-outlook"),
    ):
        if stream in names:
            return media_type
    return "application/x-ole-storage"
