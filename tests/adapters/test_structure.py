"""Every kind that can be taken has a check that a cut-off and a garbled file fails, and a good one passes."""

import io
import random
from pathlib import Path

import pytest
from PIL import Image

from gateway.core import kinds
from scanners import findings, inspect_child
from tests.support import hostile, wrapped
from tests.support.heic import heic

AGAINST = {findings.UNREADABLE, findings.TYPE_REFUSED, findings.LIMITS, findings.ENCRYPTED, findings.SUSPICIOUS}
CUTS = (0.1, 0.3, 0.5, 0.7, 0.9)


def picture(kind: str, **how: object) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((200, 150), 90).convert("RGB").save(file, kind, **how)
    return file.getvalue()


def scans(count: int, compression: str) -> bytes:
    file = io.BytesIO()
    first, *rest = [Image.effect_noise((200, 150), 90).convert("1") for _ in range(count)]
    first.save(file, "TIFF", save_all=True, append_images=rest, compression=compression)
    return file.getvalue()


def opendocument(kind: str) -> bytes:
    return hostile.zipped({"mimetype": kind.encode(), "content.xml": random.Random(1).randbytes(3000)})


def spreadsheet() -> bytes:
    parts = {"[Content_Types].xml": b"<Types><Default/></Types>", "xl/workbook.xml": random.Random(1).randbytes(3000)}
    return hostile.zipped(parts)


WORKBOOK = b"\x09\x08\x10\0" + b"\0\x06\x05\0" + bytes(12) + b"\x0a\0\0\0"
TEXT = "Ik verklaar dat ik geen paspoort heb. " * 20

GOOD = {
    "pdf": hostile.pdf(pages=20),
    "jpg": picture("JPEG"),
    "png": picture("PNG"),
    "tiff": picture("TIFF"),
    "tiff, compressed": picture("TIFF", compression="tiff_lzw"),
    "tiff, ten pages": scans(10, "group4"),
    "tiff, ten plain pages": scans(10, "raw"),
    "webp": picture("WEBP"),
    "webp, lossless": picture("WEBP", lossless=True),
    "gif": picture("GIF"),
    "heic": heic(random.Random(1).randbytes(64 * 64)),
    "docx": hostile.docx({"word/media/a.bin": random.Random(1).randbytes(3000)}),
    "xlsx": spreadsheet(),
    "odt": opendocument(kinds.ODT),
    "ods": opendocument(kinds.ODS),
    "doc": wrapped.compound({"WordDocument": bytes(5000), "1Table": bytes(5000)}),
    "xls": wrapped.compound({"Workbook": WORKBOOK + bytes(5000)}),
    "msg": wrapped.compound({"__properties_version1.0": bytes(5000), "__substg1.0_1000001F": b"x" * 5000}),
    "rtf": rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}" + TEXT.encode() + rb" \{ \} {\b vet} \bin3 }}} }" + b"\r\n\0",
}
BY_NATURE = {
    "txt": "a text that is cut off is a text",
    "eml": "the reader opens it, and says so of a part that has no end",
}


def found(name: str, content: bytes, folder: Path) -> set[str]:
    """What speaks against a file of this kind, that has the name of its kind."""
    kind = name.partition(",")[0]
    (folder / "file").write_bytes(content)
    _, seen = inspect_child._one(folder / "file", f"stuk.{kind}", kinds.DEFAULT.media_types)
    return {finding.code for finding in seen} & AGAINST


def noise(content: bytes, keep: int) -> bytes:
    return content[:keep] + random.Random(keep).randbytes(len(content) - keep)


def test_no_kind_that_can_be_taken_is_left_out() -> None:
    assert {name.partition(",")[0] for name in GOOD} | BY_NATURE.keys() == kinds.DOCUMENTS.keys()


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_passes_and_one_that_is_cut_off_or_noise_does_not(name: str, tmp_path: Path) -> None:
    content = GOOD[name]
    assert found(name, content, tmp_path) == set()
    passed = [cut for cut in CUTS if not found(name, content[: int(len(content) * cut)], tmp_path)]
    assert not passed, "cut off there, it passes"
    assert found(name, noise(content, 16), tmp_path)


def test_text_that_is_noise_is_no_text(tmp_path: Path) -> None:
    assert found("txt", TEXT.encode(), tmp_path) == set()
    assert found("txt", noise(TEXT.encode(), 16), tmp_path)


def test_something_behind_the_end_of_an_rtf_is_for_a_person(tmp_path: Path) -> None:
    assert found("rtf", GOOD["rtf"] + b"MZ verborgen", tmp_path) == {findings.SUSPICIOUS}
