"""Office documents as PDF, by LibreOffice in a limited child without network; where there is none, that is said.

Rule 1: what it makes is not believed: `gateway.render` draws it anew before anybody sees it.
Rule 2: one document, one child, one profile: nothing of a document is there when the next one is opened.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.core import kinds
from scanners import child

_MODULE: Final = "gateway.office_child"
_SOCKETS: Final = "/tmp"  # noqa: S108 -- where LibreOffice puts its socket, wherever it runs
_PLACES: Final = ("/usr/lib/libreoffice/program/soffice.bin", "/usr/lib64/libreoffice/program/soffice.bin")
_OPEN_FILES: Final = 512
_EXTENSIONS: Final = {
    kinds.DOCX: ".docx",
    kinds.XLSX: ".xlsx",
    kinds.ODT: ".odt",
    kinds.ODS: ".ods",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "text/rtf": ".rtf",
}
MEDIA_TYPES: Final = frozenset(_EXTENSIONS)


def found() -> str:
    """Where LibreOffice's program is on this machine, or nothing."""
    return next((place for place in _PLACES if Path(place).is_file()), "")


@dataclass(frozen=True)
class Office:
    """LibreOffice. `program`: its soffice.bin."""

    program: str
    limits: child.Limits

    @contextlib.contextmanager
    def converted(self, source: Path, media_type: str) -> Iterator[Path | None]:
        """The PDF that it makes of a document, while the context lasts; None when it makes none.

        Raises TryLater when no child could be started.
        """
        with tempfile.TemporaryDirectory(prefix="herstelpost-office-") as folder, _no_sockets_left(Path(folder)) as own:
            document = Path(folder) / f"document{_EXTENSIONS[media_type]}"
            shutil.copyfile(source, document)
            job = {
                "program": self.program,
                "source": str(document),
                "profiles": list(map(str, own)),
                "network": str(Path("/proc/self/ns/net").readlink()),
            }
            child.run(_MODULE, job, self.limits, writable=(Path(folder),), sockets=_SOCKETS)
            pdf = document.with_suffix(".pdf")
            yield pdf if pdf.is_file() else None


def limits(memory_mb: int, seconds: int) -> child.Limits:
    """What one conversion may use."""
    return child.Limits(
        memory_bytes=memory_mb * 2**20, cpu_seconds=seconds, wall_seconds=2 * seconds, open_files=_OPEN_FILES
    )


@contextlib.contextmanager
def _no_sockets_left(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Places for two profiles. The sockets that LibreOffice names after them go: the child may not remove them."""
    own = (folder.resolve() / "first", folder.resolve() / "second")
    try:
        yield own
    finally:
        for profile in own:
            # LibreOffice's own name for it (desktop/source/app/officeipcthread.cxx); MD5 guards nothing here.
            digest = hashlib.md5(profile.as_uri().encode("utf-16-le"), usedforsecurity=False).digest()
            name = f"OSL_PIPE_{os.getuid()}_SingleOfficeIPC_" + "".join(f"{byte:x}" for byte in digest)
            (Path(_SOCKETS) / name).unlink(missing_ok=True)
