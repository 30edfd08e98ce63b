"""What a person may want to know of pages before opening them: how many, how sharp, whether anything is on them.

Rule 1: hints never decide; whether a page can be read is for a person to say.
Rule 2: a hint is a sentence for staff, in Dutch.
Rule 3: nothing is rendered: a page counts as a scan when one picture is all that is drawn on it.
"""

from collections.abc import Iterator
from typing import Any, Final

import pikepdf
from PIL import Image

from gateway.core.model import Finding
from scanners import findings

_LOOKED_AT: Final = 5
_MIN_DPI: Final = 150
_POINTS_PER_INCH: Final = 72
_A4_LONG_INCHES: Final = 11.69
_MAX_PIXELS: Final = 40_000_000
_MAX_DRAWING: Final = 256 * 1024
_SMALL: Final = (512, 512)
_PAPER_MARGIN: Final = 60
_MIN_INK: Final = 0.001
_PAINTS: Final = frozenset({"S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "sh", "BI", "INLINE IMAGE", "Do"})
_WRITES: Final = frozenset({"Tj", "TJ", "'", '"'})


def of_pdf(pdf: pikepdf.Pdf) -> Iterator[Finding]:
    """The number of pages, and what catches the eye on the first ones. Raises what pikepdf does on damage."""
    yield Finding(findings.PAGES, str(len(pdf.pages)))
    for number, page in enumerate(pdf.pages[:_LOOKED_AT], 1):
        for words in _of_page(page):
            yield Finding(findings.HINT, f"bladzijde {number}: {words}")


def of_image(width: int, height: int) -> Iterator[Finding]:
    """Whether a picture of so many pixels is sharp enough for a page of A4."""
    dpi = round(max(width, height) / _A4_LONG_INCHES)
    if dpi < _MIN_DPI:
        yield Finding(findings.HINT, f"{width} x {height} beeldpunten: op A4 is dat {dpi} dpi")


def is_nearly_blank(image: Image.Image) -> bool:
    """Whether there is next to no ink on the paper, whatever its colour."""
    small = image.convert("L")
    small.thumbnail(_SMALL)
    counts = small.histogram()
    paper = max(range(len(counts)), key=counts.__getitem__)
    ink = sum(count for shade, count in enumerate(counts) if abs(shade - paper) > _PAPER_MARGIN)
    return ink < _MIN_INK * sum(counts)


def _of_page(page: pikepdf.Page) -> Iterator[str]:
    if _drawing_bytes(page) > _MAX_DRAWING:
        return
    operators = {str(instruction.operator) for instruction in pikepdf.parse_content_stream(page)}
    if operators & _WRITES:
        return
    if not operators & _PAINTS:
        if "/Annots" not in page.obj:
            yield "leeg"
        return
    pictures = list(page.images.values())
    if len(pictures) == 1 and "Do" in operators:
        yield from _of_scan(page, pictures[0])


def _drawing_bytes(page: pikepdf.Page) -> int:
    """How long its instructions are, packed as they stand in the file."""
    contents = page.obj.get("/Contents")
    streams = [contents] if isinstance(contents, pikepdf.Stream) else list(contents or ())
    return sum(int(stream.get("/Length", 0)) for stream in streams)


def _of_scan(page: pikepdf.Page, picture: Any) -> Iterator[str]:  # noqa: ANN401 -- pikepdf's objects share one type
    scan = pikepdf.PdfImage(picture)
    inches = max(float(page.trimbox[2] - page.trimbox[0]), float(page.trimbox[3] - page.trimbox[1])) / _POINTS_PER_INCH
    dpi = round(max(scan.width, scan.height) / inches) if inches > 0 else 0
    if 0 < dpi < _MIN_DPI:
        yield f"ongeveer {dpi} dpi"
    if scan.width * scan.height <= _MAX_PIXELS and is_nearly_blank(_decoded(scan)):
        yield "bijna leeg"


def _decoded(scan: pikepdf.PdfImage) -> Image.Image:
    image = scan.as_pil_image()
    image.draft("L", _SMALL)  # a JPEG need not be decoded whole
    return image
