"""The drawing child: documents in, PDF pages without anything that acts out; those merged, or the first as a picture.

Rule 1: runs only under `scanners.child`; the documents are hostile.
Rule 2: a page keeps what is seen and nothing else: every key of a page that is not in a short list is left behind,
with all that hangs on it: scripts, actions, attachments, forms. What a form shows is drawn into the page.
Rule 3: one document that cannot be drawn is one answer; the others go on.
"""

import contextlib
import errno
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import img2pdf
import pi_heif
import pikepdf
from pikepdf import sanitize
from PIL import Image, ImageOps, ImageSequence

from gateway import paper
from scanners import child

MAX_PAGES: Final = 1000
MAX_PIXELS: Final = 120_000_000
MAX_CHARACTERS: Final = 200_000
PICTURE_PIXELS: Final = 320

_SEEN: Final = frozenset(
    ("/Type", "/Parent", "/Contents", "/Resources", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Group")
)
# Never EPS and the like: Pillow would start another program for them.
_FORMATS: Final = ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF", "JPEG2000", "HEIF")
_PHOTOS: Final = frozenset({"JPEG", "MPO", "WEBP", "AVIF", "HEIF"})
_A4: Final = (img2pdf.mm_to_pt(210), img2pdf.mm_to_pt(297))
_EDGE: Final = (img2pdf.mm_to_pt(8), img2pdf.mm_to_pt(8))
_ON_A4: Final = img2pdf.get_layout_fun(_A4, border=_EDGE, fit=img2pdf.FitMode.into, auto_orient=True)


class NotShown(Exception):
    """Why a document has no pages: empty, damaged, password or limits."""


def work(job: dict[str, Any]) -> None:
    """Draw `documents`, one answer each: `{"pages": n}` or `{"failed": why}`; merge `sources`; or picture a `pdf`."""
    if "sources" in job:
        child.say({"pages": _merge(job)})
        return
    if "pdf" in job:
        _picture(Path(job["pdf"]), Path(job["target"]))
        return
    made_at = datetime.fromisoformat(job["made_at"])
    for document in job["documents"]:
        child.say(_drawn(document, made_at))


def _drawn(document: dict[str, Any], made_at: datetime) -> dict[str, Any]:
    target = Path(document["target"])
    try:
        _draw(document, target, made_at)
        with pikepdf.open(target) as pdf:
            return {"pages": len(pdf.pages)}
    except child.OutOfTime:
        raise
    except OSError as error:
        if error.errno not in {None, errno.EFBIG}:
            raise  # trouble of ours, such as a full disk; Pillow's own word for damage has no number
        return {"failed": "limits" if error.errno else "damaged"}
    except Exception as error:  # noqa: BLE001 -- the edge: whatever a library makes of these bytes, they cannot be shown
        return {"failed": _why(error)}


def _draw(document: dict[str, Any], target: Path, made_at: datetime) -> None:
    source = Path(document["source"])
    if source.stat().st_size == 0:
        raise NotShown("empty")
    _KINDS[document["kind"]](source, target, document["name"], made_at)


def _why(error: Exception) -> str:
    if isinstance(error, NotShown):
        return str(error)
    if isinstance(error, pikepdf.PasswordError):
        return "password"
    too_much = isinstance(error, MemoryError | RecursionError | Image.DecompressionBombError)
    return "limits" if too_much else "damaged"


# ---- each kind of document -----------------------------------------------------------------------


def _draw_pdf(source: Path, target: Path, _name: str, _made_at: datetime) -> None:
    with pikepdf.open(source) as pdf, pikepdf.new() as clean:
        if not 0 < len(pdf.pages) <= MAX_PAGES:
            raise NotShown("limits" if len(pdf.pages) else "damaged")
        # A damaged form is no reason to hide the pages it stands on.
        with contextlib.suppress(pikepdf.PdfError, ValueError, TypeError, AttributeError, KeyError):
            if pikepdf.Name.AcroForm in pdf.Root and pdf.Root.AcroForm.get("/NeedAppearances", False):
                pdf.generate_appearance_streams()
            pdf.flatten_annotations("all")
        for page in pdf.pages:
            _keep_what_is_seen(page)
        clean.pages.extend(pdf.pages)
        # A second wall, for what hides in what is drawn (a stream that names an outside file, say).
        sanitize.remove_external_access(clean)
        sanitize.remove_javascript(clean)
        sanitize.remove_attachments(clean)
        sanitize.remove_multimedia(clean)
        clean.save(target, deterministic_id=True)


def _keep_what_is_seen(page: pikepdf.Page) -> None:
    for key in set(page.obj.keys()) - _SEEN:
        del page.obj[key]


def _draw_image(source: Path, target: Path, _name: str, _made_at: datetime) -> None:
    Image.init()
    pi_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses at twice this; below that it only warns
    with Image.open(source, formats=_FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:
            raise NotShown("limits")
        image.load()  # half a picture must not pass for a whole one
        pages = [source.read_bytes()] if _goes_in_as_it_is(image) else list(_frames(image))
    with target.open("wb") as out:
        img2pdf.convert(pages, outputstream=out, layout_fun=_ON_A4, rotation=img2pdf.Rotation.ifvalid, nodate=True)


def _goes_in_as_it_is(image: Image.Image) -> bool:
    """Whether a PDF can hold the file itself: quicker, and nothing is lost; how a JPEG is turned stands beside it."""
    if image.format == "PNG":
        plain = image.mode in {"1", "L", "RGB"} and not image.info.keys() & {"transparency", "interlace"}
        return plain and not image.getexif()
    return image.format == "JPEG"


def _frames(image: Image.Image) -> Iterator[bytes]:
    """The pages of a TIFF, or the first picture of anything else, in a form that a PDF can hold."""
    photo = image.format in _PHOTOS
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        if number == MAX_PAGES or frame.width * frame.height > MAX_PIXELS:
            raise NotShown("limits")
        file = io.BytesIO()
        flat = _on_white(ImageOps.exif_transpose(frame))
        if photo:
            flat.convert("RGB").save(file, "JPEG", quality=90)
        else:
            flat.save(file, "PNG", compress_level=3)
        yield file.getvalue()
        if image.format != "TIFF":
            return


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in {"1", "L", "RGB"}:
        return image
    if image.mode.startswith(("I", "F")):
        return image.convert("F").point(lambda value: value / 257).convert("L")  # from 16 bits to 8
    clear = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(clear, mask=clear.getchannel("A"))
    return white


def _draw_text(source: Path, target: Path, name: str, made_at: datetime) -> None:
    with source.open("rb") as file:
        text = _decoded(file.read(4 * MAX_CHARACTERS)).expandtabs(4)
    if not text.strip():
        raise NotShown("empty")
    cut = len(text) > MAX_CHARACTERS or source.stat().st_size > 4 * MAX_CHARACTERS
    target.write_bytes(paper.text_pages(name, text[:MAX_CHARACTERS].splitlines(), made_at, cut=cut))


def _decoded(content: bytes) -> str:
    """As Unicode where it says or shows that it is; else as Western European, which takes nearly every byte."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig")):
        if content.startswith(mark):
            with contextlib.suppress(UnicodeDecodeError):
                return content.decode(encoding)
    return content.decode("cp1252", "replace")


_KINDS: Final[dict[str, Callable[[Path, Path, str, datetime], None]]] = {
    "pdf": _draw_pdf,
    "image": _draw_image,
    "text": _draw_text,
}


# ---- a picture of the first page -----------------------------------------------------------------


def _picture(source: Path, target: Path) -> None:
    import pypdfium2  # noqa: PLC0415 -- a large library, which only this needs

    page = pypdfium2.PdfDocument(source)[0]
    scale = PICTURE_PIXELS / max(page.get_size())
    page.render(scale=scale).to_pil().convert("RGB").save(target, "JPEG", quality=80)


# ---- merging -------------------------------------------------------------------------------------


def _merge(job: dict[str, Any]) -> int:
    """One PDF of all `sources`, with `bookmarks` of title, page and level; the number of its pages."""
    with contextlib.ExitStack() as open_files, pikepdf.new() as merged:
        for source in job["sources"]:
            pdf = open_files.enter_context(pikepdf.open(source))
            for page in pdf.pages:
                _keep_what_is_seen(page)
            merged.pages.extend(pdf.pages)
        _bookmark(merged, job["bookmarks"])
        merged.docinfo["/Title"] = job["title"]
        merged.Root.Lang = pikepdf.String("nl")
        merged.Root.PageMode = pikepdf.Name.UseOutlines
        merged.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        merged.save(job["target"], deterministic_id=True)
        return len(merged.pages)


def _bookmark(merged: pikepdf.Pdf, bookmarks: Sequence[dict[str, Any]]) -> None:
    with merged.open_outline() as outline:
        for line in bookmarks:
            item = pikepdf.OutlineItem(line["title"], line["page"] - 1)
            if line["level"]:
                outline.root[-1].children.append(item)
            else:
                outline.root.append(item)


WORK: Final = work
