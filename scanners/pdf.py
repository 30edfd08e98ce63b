"""PDF: can it be opened, does it act, does it hide something. Nothing is rendered and nothing is changed.

Rule 1: the objects are looked at as objects; a search for bytes is fooled by compression and escapes.
Rule 2: restrictions only (an owner's password) are no encryption to us: the file opens.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pikepdf

from gateway.core.model import Finding
from scanners import archive, findings, hints

_MAX_OBJECTS: Final = 200_000
_MAX_PAGES: Final = 3000
_HEAD_BYTES: Final = 1024
_TAIL_BYTES: Final = 64 * 1024
_END_WITHIN: Final = 1024

_ACTIONS: Final = {
    "/JavaScript": "JavaScript",
    "/Launch": "a program is launched",
    "/SubmitForm": "the form sends itself",
    "/ImportData": "data is imported",
    "/GoToE": "an embedded file is opened",
    "/GoToR": "a file elsewhere is opened",
    "/Rendition": "media are played",
}
_DAMAGE: Final = (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError)
_PACKED: Final = frozenset({"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"})
_PROGRAM: Final = re.compile(r"\.(?:exe|com|scr|bat|cmd|js|vbs|ps1|jar|lnk|msi|dll|hta|wsf)")


def check(path: Path) -> list[Finding]:
    """What speaks against a PDF; nothing found is an empty list."""
    found = list(_outside(path))
    try:
        with pikepdf.open(path) as pdf:
            pages = len(pdf.pages)
            if not pages:
                found.append(Finding(findings.UNREADABLE, "no pages"))
            if pages > _MAX_PAGES or len(pdf.objects) > _MAX_OBJECTS:
                return [*found, Finding(findings.LIMITS, f"{pages} pages, {len(pdf.objects)} objects")]
            found += _opening(pdf)
            for dictionary in _dictionaries(pdf):
                found += _dictionary(dictionary)
            if pdf.get_warnings():
                found.append(Finding(findings.REPAIRED, "opens only after repair"))
            if not any(f.code == findings.LIMITS for f in found):
                found += _hints(pdf)
    except pikepdf.PasswordError:
        found.append(Finding(findings.ENCRYPTED, "a password to open"))
    except _DAMAGE as error:
        found.append(Finding(findings.UNREADABLE, type(error).__name__))
    return list(dict.fromkeys(found))


def _hints(pdf: pikepdf.Pdf) -> list[Finding]:
    try:
        return list(hints.of_pdf(pdf))
    except (*_DAMAGE, NotImplementedError, OSError, MemoryError):
        return []  # a picture that cannot be looked at is no reason to say anything of it


def carried(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """The name and content of each file that a PDF carries, wherever it hangs; of one that does not open, nothing.

    The content raises archive.Unreadable.
    """
    try:
        with pikepdf.open(path) as pdf:
            if len(pdf.objects) > _MAX_OBJECTS:
                return
            seen: set[tuple[int, int]] = set()
            for specification in _dictionaries(pdf):
                stream = _stream(specification)
                if stream is not None and stream.objgen not in seen:
                    seen.add(stream.objgen)
                    yield _name(specification), _content(stream)
    except (pikepdf.PasswordError, *_DAMAGE):
        return  # whoever inspects it says so


def _stream(specification: Any) -> Any:  # noqa: ANN401 -- as below
    files = specification.get("/EF")
    if not isinstance(files, pikepdf.Dictionary):
        return None
    stream = files.get("/UF", files.get("/F"))
    return stream if isinstance(stream, pikepdf.Stream) else None


def _name(specification: Any) -> str:  # noqa: ANN401 -- as below
    return str(specification.get("/UF", specification.get("/F", "")))


def _content(stream: Any) -> Iterator[bytes]:  # noqa: ANN401 -- as below
    try:
        yield stream.read_bytes()
    except (pikepdf.PasswordError, *_DAMAGE) as error:
        raise archive.Unreadable(type(error).__name__) from error


def _outside(path: Path) -> Iterator[Finding]:
    """What stands before the header and after the end."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    if head[: head.find(b"%PDF-")].strip(b"\xef\xbb\xbf\r\n\t \0"):
        yield Finding(findings.SUSPICIOUS, "something stands before the PDF")
    if b"%%EOF" not in tail.rstrip(b"\0\r\n\t ")[-_END_WITHIN:]:
        yield Finding(findings.UNREADABLE, "cut off: the end is missing")
    if zipfile.is_zipfile(path):
        yield Finding(findings.SUSPICIOUS, "a zip stands behind the PDF")


def _opening(pdf: pikepdf.Pdf) -> Iterator[Finding]:
    action = pdf.Root.get("/OpenAction")
    if isinstance(action, pikepdf.Dictionary) and str(action.get("/S")) == "/URI":
        yield Finding(findings.ACTIVE_CONTENT, "a page elsewhere is called on opening")


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary of the file, direct ones included, each once and without recursion."""
    for indirect in pdf.objects:
        pending: list[Any] = [indirect]
        while pending:
            current = pending.pop()
            if isinstance(current, pikepdf.Stream):
                current = current.stream_dict
            if isinstance(current, pikepdf.Dictionary):
                yield current
                children = [value for _, value in current.items()]
            elif isinstance(current, pikepdf.Array):
                children = list(iter(current))
            else:
                continue
            # Numbers and the like come as Python's own; what is indirect has its own turn.
            pending += [c for c in children if getattr(c, "is_indirect", True) is False]


def _dictionary(dictionary: Any) -> Iterator[Finding]:  # noqa: ANN401 -- pikepdf's objects share one type
    keys = set(dictionary.keys())
    action = _ACTIONS.get(str(dictionary.get("/S")))
    if action:
        yield Finding(findings.ACTIVE_CONTENT, action)
    if keys & {"/JS", "/JavaScript"}:
        yield Finding(findings.ACTIVE_CONTENT, "JavaScript")
    if str(dictionary.get("/Subtype")) in {"/RichMedia", "/3D"}:
        yield Finding(findings.ACTIVE_CONTENT, "rich media")
    if "/XFA" in keys:
        yield Finding(findings.SUSPICIOUS, "an XFA form: most programs show nothing of it")
    if "/EF" in keys:
        yield _embedded(dictionary)
    filters = dictionary.get("/Filter")
    if isinstance(filters, pikepdf.Array) and sum(str(f) in _PACKED for f in filters) > 1:
        yield Finding(findings.LIMITS, "a stream packed twice")


def _embedded(specification: Any) -> Finding:  # noqa: ANN401 -- as above
    name = _name(specification)[:200]
    if _PROGRAM.fullmatch(PurePosixPath(name.lower()).suffix):
        return Finding(findings.ACTIVE_CONTENT, f"an embedded program: {name}")
    return Finding(findings.CARRIES, f"an embedded file: {name}")
