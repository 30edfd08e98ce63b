"""The inspecting child: files in, what their kind and structure say about each out, one answer a file.

Rule 1: answers as it goes, so that a file that breaks this child costs only itself.
Rule 2: the code for a kind of file is loaded when the first such file comes.
"""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import magic

from gateway.core import kinds
from gateway.core.model import Finding
from scanners import child, filetype, findings

_CHECKS: Final[dict[str, tuple[str, str]]] = {
    "application/pdf": ("scanners.pdf", "check"),
    "image/jpeg": ("scanners.images", "check"),
    "image/png": ("scanners.images", "check"),
    "image/tiff": ("scanners.images", "check"),
    "image/heic": ("scanners.images", "check"),
    "image/webp": ("scanners.images", "check"),
    "image/gif": ("scanners.images", "check"),
    kinds.DOCX: ("scanners.office", "check_ooxml"),
    kinds.XLSX: ("scanners.office", "check_ooxml"),
    kinds.ODT: ("scanners.office", "check_odf"),
    kinds.ODS: ("scanners.office", "check_odf"),
    "application/msword": ("scanners.office", "check_ole"),
    "application/vnd.ms-excel": ("scanners.office", "check_ole"),
    kinds.MSG: ("scanners.office", "check_ole"),
    "text/rtf": ("scanners.office", "check_rtf"),
    "text/plain": ("scanners.text", "check"),
}


def inspect(job: dict[str, Any]) -> None:
    """Do one job of `scanners.inspect.Inspector`."""
    accepted = frozenset(job["accepted"])
    for file in job["files"]:
        media_type, found = _one(Path(file["path"]), file["name"], accepted)
        if not file["unfolded"]:
            found = [replace(f, code=findings.SUSPICIOUS) if f.code == findings.CARRIES else f for f in found]
        child.say({"media_type": media_type, "findings": [[f.code, f.detail[:300]] for f in found]})


def _one(path: Path, name: str, accepted: frozenset[str]) -> tuple[str, list[Finding]]:
    media_type = filetype.of(path, name)
    found = filetype.about(media_type, name, accepted)
    known = _CHECKS.get(media_type)
    if known and not any(f.code == findings.TYPE_REFUSED for f in found):
        module, function = known
        found += getattr(importlib.import_module(module), function)(path)
    return media_type, found


magic.from_buffer(b" ", mime=True)  # loads its tables, which the forks of this process need not do again

WORK: Final = inspect
BEFOREHAND: Final = ("scanners.pdf", "scanners.images")
"""What most documents are."""
