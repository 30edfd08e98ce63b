"""Images: do they decode, are they what they seem. Decoded once, small, and thrown away.

Rule 1: the pixel count is read and judged before anything is decoded.
"""

import struct
import warnings
import zipfile
from pathlib import Path
from typing import Final

import pi_heif
from PIL import Image, ImageFile

from gateway.core.model import Finding
from scanners import findings, hints

_MAX_PIXELS: Final = 150_000_000
_MAX_FRAMES: Final = 2000
_DECODED_FRAMES: Final = 3
_SMALL: Final = (256, 256)
_TAIL_BYTES: Final = 64 * 1024

_FORMATS: Final = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "HEIF")

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
                found += _decoded(image)
    except OSError as error:  # Pillow's word for damage; a number would be our own trouble
        if error.errno is not None:
            raise
        found.append(Finding(findings.UNREADABLE, type(error).__name__))
    except (SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, struct.error) as error:
        found.append(Finding(findings.UNREADABLE, type(error).__name__))
    if _acts_as_script(path):
        found.append(Finding(findings.SUSPICIOUS, "a script in the shape of a picture"))
    return found


def _decoded(image: Image.Image) -> list[Finding]:
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
    notes = [Finding(findings.PAGES, str(frames))] if image.format == "TIFF" else []
    notes += hints.of_image(width, height)
    return [*notes, Finding(findings.SUSPICIOUS, "a moving picture")] if moving else notes


def _acts_as_script(path: Path) -> bool:
    """The GIF header that is also a JavaScript assignment."""
    with path.open("rb") as file:
        head = file.read(64)
    return head.startswith((b"GIF89a=", b"GIF87a=", b"GIF89a/*", b"GIF87a/*"))
