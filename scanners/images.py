"""Images: do they decode, are they what they seem. Decoded once, small, and thrown away.

Rule 1: the pixel count is read and judged before anything is decoded.
"""

import struct
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pi_heif
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from gateway.core.model import Finding
from scanners import findings, hints

_MAX_PIXELS: Final = 150_000_000
_MAX_FRAMES: Final = 2000
_DECODED_FRAMES: Final = 3
# Where the data of a TIFF's page stand, and how long they are: in strips or in tiles (TIFF 6.0, sections 3 and 15).
_STRETCHES: Final = ((273, 279), (324, 325))
_SMALL: Final = (256, 256)
_TAIL_BYTES: Final = 64 * 1024

_FORMATS: Final = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "HEIF")

Image.init()  # all formats now, once, instead of in each process that comes from this one
pi_heif.register_heif_opener()
# We judge the size ourselves, and a cut-off picture must fail.
Image.MAX_IMAGE_PIXELS = None
ImageFile.LOAD_TRUNCATED_IMAGES = False


def check(path: Path) -> list[Finding]:
    """What speaks against an image; nothing found is an empty list."""
    found: list[Finding] = []
    if zipfile.is_zipfile(path):
        found.append(Finding(findings.SUSPICIOUS, "a zip stands behind the picture"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                found += _decoded(image, path.stat().st_size)
    except OSError as error:  # Pillow's word for damage; a number would be our own trouble
        if error.errno is not None:
            raise
        found.append(Finding(findings.UNREADABLE, type(error).__name__))
    except (SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, struct.error) as error:
        found.append(Finding(findings.UNREADABLE, type(error).__name__))
    if _acts_as_script(path):
        found.append(Finding(findings.SUSPICIOUS, "a script in the shape of a picture"))
    return found


def _decoded(image: Image.Image, size: int) -> list[Finding]:
    width, height = image.size
    frames = getattr(image, "n_frames", 1)
    if width * height > _MAX_PIXELS or frames > _MAX_FRAMES:
        return [Finding(findings.LIMITS, f"{width} x {height} pixels, {frames} pictures")]
    moving = image.format in {"GIF", "WEBP"} and frames > 1
    for frame in range(min(frames, _DECODED_FRAMES)):
        image.seek(frame)
        # A JPEG can be decoded at an eighth of its size: all of its bytes are read, little memory is used.
        image.draft("RGB", _SMALL)
        image.load()
    notes = list(_further_pages(image, frames, size)) if isinstance(image, TiffImageFile) else []
    notes += hints.of_image(width, height)
    return [*notes, Finding(findings.SUSPICIOUS, "a moving picture")] if moving else notes


def _further_pages(image: TiffImageFile, frames: int, size: int) -> Iterator[Finding]:
    """How many pages a TIFF has; also those that are not decoded must lie within the file, and name the next one."""
    yield Finding(findings.PAGES, str(frames))
    before = None
    for frame in range(frames):
        image.seek(frame)
        following = image.tag_v2.next
        # Where a page's own list of tags is cut off, the library keeps the place that the page before it named.
        if following == before or any(at + length > size for at, length in _stretches(image)):
            yield Finding(findings.UNREADABLE, f"page {frame + 1} is cut off")
            return
        before = following


def _stretches(image: TiffImageFile) -> Iterator[tuple[int, int]]:
    for at, length in _STRETCHES:
        yield from zip(_row(image.tag_v2.get(at)), _row(image.tag_v2.get(length)), strict=False)


def _row(value: Any) -> tuple[int, ...]:  # noqa: ANN401 -- one number or many, as the file has it
    return value if isinstance(value, tuple) else () if value is None else (int(value),)


def _acts_as_script(path: Path) -> bool:
    """The GIF header that is also a JavaScript assignment."""
    with path.open("rb") as file:
        head = file.read(64)
    return head.startswith((b"GIF89a=", b"GIF87a=", b"GIF89a/*", b"GIF87a/*"))
