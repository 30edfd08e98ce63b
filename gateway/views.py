"""Copies for viewing: pages without anything that acts, and a small picture of the first; the original stays.

Rule 1: made when somebody first looks, kept under the hash of the original, and gone with it (`forget`).
Rule 2: nothing of the sender but the content is in a copy: the same bytes may have another name elsewhere.
Rule 3: whoever shows a copy has seen to it that the original was found clean (P4).
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway import office, render
from gateway.ports import Blobs, Clock

_PDF: Final = "application/pdf"
_NAME: Final = "Tekst"


class Views:
    """Safe to use from many threads and processes: each makes its own, the last one put in its place stays."""

    def __init__(self, blobs: Blobs, folder: Path, clock: Clock, by: office.Office | None) -> None:
        """`by`: None where there is no LibreOffice; office documents then have no copy."""
        self._blobs = blobs
        self._folder = folder
        self._clock = clock
        self._office = by

    def has(self, media_type: str) -> bool:
        """Whether documents of this kind have a copy."""
        return media_type in render.MEDIA_TYPES or (self._office is not None and media_type in office.MEDIA_TYPES)

    def pages(self, sha256: str, media_type: str) -> Path | None:
        """The copy as a PDF; None when it cannot be drawn. Raises TryLater when no child could be started."""
        return self._kept(sha256, media_type, ".pdf")

    def picture(self, sha256: str, media_type: str) -> Path | None:
        """The first page as a small JPEG; None and TryLater as `pages`."""
        return self._kept(sha256, media_type, ".jpg")

    def _kept(self, sha256: str, media_type: str, extension: str) -> Path | None:
        kept = self._path(sha256, extension)
        if not kept.is_file():
            self._make(sha256, media_type)
        return kept if kept.is_file() else None

    def forget(self, hashes: Iterable[str]) -> None:
        """Remove the copies of these originals, if there are any."""
        for sha256 in hashes:
            for extension in (".pdf", ".jpg"):
                self._path(sha256, extension).unlink(missing_ok=True)

    def _path(self, sha256: str, extension: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}{extension}"

    def _make(self, sha256: str, media_type: str) -> None:
        if not self.has(media_type):
            return
        self._folder.mkdir(exist_ok=True)
        original = self._blobs.path(sha256)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch, self._drawable(original, media_type) as source:
            if source is None:
                return
            kind = _PDF if source != original else media_type
            (drawn,) = render.draw([render.Original(source, kind, _NAME)], Path(scratch), self._clock.now())
            if drawn.pdf is None:
                return
            picture = Path(scratch) / "picture.jpg"
            made = [(drawn.pdf, ".pdf")] + ([(picture, ".jpg")] if render.picture(drawn.pdf, picture) else [])
            for file, extension in made:
                kept = self._path(sha256, extension)
                kept.parent.mkdir(exist_ok=True)
                file.replace(kept)
        if not original.is_file():  # it was erased meanwhile
            self.forget([sha256])

    @contextlib.contextmanager
    def _drawable(self, original: Path, media_type: str) -> Iterator[Path | None]:
        if media_type in render.MEDIA_TYPES:
            yield original
        elif self._office is not None:
            with self._office.converted(original, media_type) as pdf:
                yield pdf
