"""Documents as PDF pages, drawn and merged in limited children: whatever one of them holds, the others are shown.

Rule 1: the answer of a child is counted, never believed: only a file that it made, under a name of ours, is used.
Rule 2: a child that died took one document with it at most: the rest goes to the next child.
"""

import resource
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gateway.paper import TocLine
from scanners import child

_MIB: Final = 2**20
_MODULE: Final = "gateway.render_child"
_DRAWING: Final = child.Limits(memory_bytes=1536 * _MIB, cpu_seconds=60, wall_seconds=120, file_bytes=512 * _MIB)
_MERGE_SECONDS: Final = 180
_KINDS: Final = {
    "application/pdf": "pdf",
    "text/plain": "text",
    **dict.fromkeys(
        ("image/avif", "image/bmp", "image/gif", "image/heic", "image/heif", "image/jp2", "image/jpeg", "image/png",
         "image/tiff", "image/webp", "image/x-ms-bmp"),
        "image",
    ),
}  # fmt: skip
MEDIA_TYPES: Final = frozenset(_KINDS)
"""What can be drawn."""
_WHYS: Final = frozenset({"empty", "damaged", "password", "limits"})


@dataclass(frozen=True)
class Original:
    """A document to draw: the file with its bytes, and what it is."""

    source: Path
    media_type: str
    name: str


@dataclass(frozen=True)
class Drawn:
    """The pages of a document, or why there are none: kind, empty, damaged, password, limits or merge."""

    pdf: Path | None
    pages: int = 0
    why: str = ""


def draw(originals: Sequence[Original], directory: Path, made_at: datetime) -> list[Drawn]:
    """Each document drawn into a PDF in `directory`, or why not, in the same order.

    Raises TryLater when no child could be started; then nothing is known.
    """
    drawn = [Drawn(None, why="kind")] * len(originals)
    wanted = [n for n, original in enumerate(originals) if original.media_type in _KINDS]
    while wanted:
        jobs = [_job(originals[n], directory / f"{n}.pdf") for n in wanted]
        job = {"documents": jobs, "made_at": made_at.isoformat()}
        outcome = child.run(_MODULE, job, _DRAWING, writable=(directory,))
        answers = [a for a in outcome.answers if isinstance(a, dict) and "crashed" not in a]
        for n, answer in zip(wanted, answers, strict=False):
            drawn[n] = _checked(answer, directory / f"{n}.pdf")
        done = min(len(answers), len(wanted))
        if done == 0:
            # It had this child's time and memory for itself, so the others are not to blame.
            drawn[wanted[0]] = Drawn(None, why="damaged" if outcome.ended == "crash" else "limits")
        wanted = wanted[max(done, 1) :]
    return drawn


def _job(original: Original, target: Path) -> dict[str, str]:
    kind = _KINDS[original.media_type]
    return {"source": str(original.source), "kind": kind, "name": original.name, "target": str(target)}


def _checked(answer: dict[str, Any], target: Path) -> Drawn:
    pages, why = answer.get("pages"), answer.get("failed", "damaged")
    if isinstance(pages, int) and pages > 0 and target.is_file():
        return Drawn(target, pages)
    return Drawn(None, why=why if why in _WHYS else "damaged")


def merge(sources: Sequence[Path], bookmarks: Sequence[TocLine], title: str, target: Path) -> bool:
    """Whether `target` is now one PDF of all `sources` with `bookmarks`. Raises TryLater as `draw` does."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limits = child.Limits(
        memory_bytes=2048 * _MIB,
        cpu_seconds=_MERGE_SECONDS,
        wall_seconds=2 * _MERGE_SECONDS,
        file_bytes=2048 * _MIB,
        open_files=len(sources) + 64 if most == resource.RLIM_INFINITY else min(most, len(sources) + 64),
    )
    job = {
        "sources": [str(source) for source in sources],
        "bookmarks": [line._asdict() for line in bookmarks],
        "title": title,
        "target": str(target),
    }
    outcome = child.run(_MODULE, job, limits, writable=(target.parent,))
    return outcome.ended == "done" and target.is_file()


def picture(pdf: Path, target: Path) -> bool:
    """Whether `target` is now a small JPEG of the first page of a PDF. Raises TryLater as `draw` does."""
    job = {"pdf": str(pdf), "target": str(target)}
    outcome = child.run(_MODULE, job, _DRAWING, writable=(target.parent,))
    return outcome.ended == "done" and target.is_file()
