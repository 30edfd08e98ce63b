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

from gateway.core.model import Finding
from scanners import archive, cms, findings

EMPTY: Final = "inode/x-empty"
UNKNOWN: Final = "application/octet-stream"
CMS: Final = "application/pkcs7-mime"
ENCRYPTED: Final = "application/encrypted"

_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ODF: Final = "application/vnd.oasis.opendocument."
DOCX: Final = _OOXML + "wordprocessingml.document"
XLSX: Final = _OOXML + "spreadsheetml.sheet"
PPTX: Final = _OOXML + "presentationml.presentation"
ODT: Final = _ODF + "text"
ODS: Final = _ODF + "spreadsheet"

ACCEPTED: Final = frozenset(
    {
        "application/pdf",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/heic",
        "image/webp",
        "image/gif",
        DOCX,
        XLSX,
        ODT,
        ODS,
        "text/rtf",
        "text/plain",
        "message/rfc822",
        "application/vnd.ms-outlook",
        "application/msword",
        "application/vnd.ms-excel",
    }
)
"""What is taken when the configuration says nothing else; containers are opened by the reader."""

CONTAINERS: Final = frozenset(
    {
        "application/zip",
        "application/x-7z-compressed",
        "application/x-rar",
        "application/vnd.rar",
        "application/gzip",
        "application/x-bzip2",
        "application/x-xz",
        "application/x-tar",
    }
)
"""What the reader opens; one that is still a document could not be opened."""

_EXTENSIONS: Final[dict[str, frozenset[str]]] = {
    "application/pdf": frozenset({".pdf"}),
    "image/jpeg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    "image/png": frozenset({".png"}),
    "image/tiff": frozenset({".tif", ".tiff"}),
    "image/heic": frozenset({".heic", ".heif"}),
    "image/webp": frozenset({".webp"}),
    "image/gif": frozenset({".gif"}),
    DOCX: frozenset({".docx"}),
    XLSX: frozenset({".xlsx"}),
    ODT: frozenset({".odt"}),
    ODS: frozenset({".ods"}),
    "text/rtf": frozenset({".rtf", ".doc"}),
    "text/plain": frozenset({".txt", ".text", ".csv", ".md", ".asc", ".log"}),
    "message/rfc822": frozenset({".eml"}),
    "application/vnd.ms-outlook": frozenset({".msg"}),
    "application/msword": frozenset({".doc"}),
    "application/vnd.ms-excel": frozenset({".xls"}),
}

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
            return look(path)
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
        (media_type in _UNOPENED, findings.SUSPICIOUS, _UNOPENED.get(media_type, "")),
        (media_type not in accepted, findings.TYPE_REFUSED, media_type),
        (_disagrees(extension, media_type), findings.TYPE_DIFFERS, f"{extension} is {media_type}"),
    )
    return next(([Finding(code, detail)] for applies, code, detail in against if applies), [])


def _disagrees(extension: str, media_type: str) -> bool:
    return bool(extension) and extension not in _EXTENSIONS.get(media_type, frozenset({extension}))


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


def _of_zip(path: Path) -> str:
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
    return "application/zip"


def _of_ooxml(content_types: bytes, names: frozenset[str]) -> str:
    for folder, media_type in (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX)):
        if any(name.startswith(folder) for name in names):
            return media_type
    for word, media_type in ((b"wordprocessingml", DOCX), (b"spreadsheetml", XLSX)):
        if word in content_types:
            return media_type
    return "application/zip"


def _of_ole(path: Path) -> str:
    try:
        with olefile.OleFileIO(str(path)) as ole:
            names = {"/".join(entry).lower() for entry in ole.listdir(storages=True)}
    except (OSError, ValueError, IndexError, TypeError, AttributeError, zipfile.BadZipFile):
        return "application/x-ole-storage"
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
