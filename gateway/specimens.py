"""Documents for the demo: drawn on the spot, fictitious, and marked as specimens."""

import io
import zipfile

import img2pdf
from PIL import Image, ImageDraw

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_PAPER, _INK, _PALE = (250, 248, 240), (40, 40, 60), (214, 208, 190)


def passport(surname: str, given: str) -> bytes:
    """A page that looks like a passport's, as a photo: JPEG."""
    image, draw = _page((1250, 880))
    draw.rectangle((60, 180, 420, 640), fill=_PALE, outline=_INK, width=3)
    draw.ellipse((160, 240, 320, 430), fill=_PAPER)
    draw.pieslice((110, 430, 370, 760), 180, 360, fill=_PAPER)
    for line, (name, value) in enumerate(
        (("Type / Type", "P  UTO"), ("Surname / Naam", surname), ("Given names / Voornamen", given))
    ):
        draw.text((480, 200 + 130 * line), name, fill=_INK, font_size=26)
        draw.text((480, 235 + 130 * line), value, fill=_INK, font_size=48)
    code = f"P<UTO{surname}<<{given}".ljust(44, "<")
    draw.text((60, 720), code, fill=_INK, font_size=42)
    draw.text((60, 780), "L898902C36UTO7408122F1204159".ljust(44, "<"), fill=_INK, font_size=42)
    return _jpeg(image)


def scan(title: str, name: str) -> bytes:
    """A certificate as a phone photographs it: JPEG."""
    image, draw = _page((1240, 1754))
    draw.rectangle((60, 60, 1180, 1694), outline=_INK, width=4)
    draw.text((140, 220), title, fill=_INK, font_size=72)
    draw.text((140, 380), name, fill=_INK, font_size=56)
    for line in range(12):
        draw.line((140, 560 + 70 * line, 1100, 560 + 70 * line), fill=_PALE, width=3)
    draw.ellipse((860, 1380, 1080, 1600), outline=_INK, width=8)
    return _jpeg(image)


def certificate(title: str, name: str) -> bytes:
    """The same as a PDF of one page."""
    pdf = img2pdf.convert(scan(title, name))
    if pdf is None:
        raise ValueError("img2pdf gave nothing")
    return bytes(pdf)


def docx(text: str) -> bytes:
    """A Word document of one paragraph."""
    words = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{words}"><w:body><w:p><w:r><w:t>SPECIMEN. {text}</w:t>'
        "</w:r></w:p></w:body></w:document>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return out.getvalue()


def test_malware() -> bytes:
    """The EICAR test file, put together here so that no scanner trips over this source."""
    return b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE" + b"!$H+H*"


def _page(size: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((100, 70), "SPECIMEN", fill=(170, 60, 60), font_size=72)
    return image, draw


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
