"""Containers other than zip, and PDFs that carry files, through the real reader in its real child."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pikepdf
import pytest

from gateway.core.model import PartRole, Reading
from mail import read_child
from mail.read import Limits, Reader, path_of
from tests.support import hostile, packed

AKTE = hostile.pdf()
MIB = 2**20
AT_THE_CAP = Limits(read_child.Limits(entry_bytes=30 * MIB))


def upload(content: bytes, name: str, folder: Path, limits: Limits | None = None) -> Reading:
    (folder / "raw").write_bytes(content)
    (folder / "out").mkdir(exist_ok=True)
    return Reader(limits).read_file(folder / "raw", name, "", folder / "out")


def documents(reading: Reading) -> list[tuple[str, str]]:
    return [(p.name, p.note) for p in reading.parts if p.role is PartRole.DOCUMENT]


def carrying(files: dict[str, bytes], *, packed_objects: bool = False) -> bytes:
    """A PDF of one page that carries files."""
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(AKTE)) as pdf:
        for name, content in files.items():
            pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, content, filename=name)
        mode = pikepdf.ObjectStreamMode.generate if packed_objects else pikepdf.ObjectStreamMode.disable
        pdf.save(made, object_stream_mode=mode)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("map.7z", packed.sevenz({"map/akte.pdf": AKTE, "b.txt": b"brief"})),
        ("map.rar", packed.rar({"map/akte.pdf": AKTE, "b.txt": b"brief"})),
        ("map.tar", packed.tape({"map/akte.pdf": AKTE, "b.txt": b"brief"})),
        ("map.tgz", packed.tape({"map/akte.pdf": AKTE, "b.txt": b"brief"}, "w:gz")),
        ("map.tar.bz2", packed.tape({"map/akte.pdf": AKTE, "b.txt": b"brief"}, "w:bz2")),
        ("zonder-naam", packed.tape({"map/akte.pdf": AKTE, "b.txt": b"brief"}, "w:xz")),
    ],
)
def test_every_file_of_a_container_is_a_document_whatever_packed_it(name, content, tmp_path):
    reading = upload(content, name, tmp_path)
    assert reading.trouble is None
    assert reading.parts[0].role is PartRole.CONTAINER
    assert documents(reading) == [("akte.pdf", ""), ("b.txt", "")]
    assert reading.parts[1].original_name == "map/akte.pdf", "where it stood is still known"
    assert path_of(tmp_path / "out", reading.parts[1]).read_bytes() == AKTE


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_one_compressed_file_is_opened_and_gets_its_own_name(suffix, pack, tmp_path):
    reading = upload(pack(AKTE), f"akte.pdf{suffix}", tmp_path)
    assert documents(reading) == [("akte.pdf", "")]
    assert reading.parts[1].bytes == len(AKTE)


def test_containers_in_containers_are_opened(tmp_path):
    inner = packed.sevenz({"akte.pdf": AKTE})
    reading = upload(hostile.zipped({"a.tar.gz": packed.tape({"b.7z": inner}, "w:gz")}), "map.zip", tmp_path)
    assert [p.role for p in reading.parts] == [PartRole.CONTAINER] * 3 + [PartRole.DOCUMENT]


def test_names_with_a_path_and_links_do_no_harm(tmp_path):
    files = {"../../buiten.pdf": AKTE, str(tmp_path / "absoluut.pdf"): AKTE, "koppeling": "/etc/passwd"}
    reading = upload(packed.tape(files, "w:gz"), "map.tar.gz", tmp_path)
    assert documents(reading) == [("buiten.pdf", ""), ("absoluut.pdf", "")]
    assert [p.note for p in reading.parts if p.role is PartRole.IGNORED] == ["a link, not followed"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "raw"]


def test_a_container_that_needs_a_password_for_its_names_is_said_to_be_encrypted(tmp_path):
    assert documents(upload(packed.rar({}, locked=True), "map.rar", tmp_path)) == [("map.rar", "encrypted")]


def test_a_damaged_container_stays_a_document_and_what_came_out_stays_too(tmp_path):
    whole = packed.tape({"akte.pdf": AKTE, "b.txt": b"brief" * 1000})
    reading = upload(whole[:2600], "map.tar", tmp_path)
    assert documents(reading) == [("map.tar", "unreadable"), ("akte.pdf", ""), ("b.txt", "unreadable")]


def one_member_of_400_mib() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("a", "w") as out:
        for _ in range(400):
            out.write(bytes(MIB))
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "detail"),
    [
        ("groot.zip", one_member_of_400_mib(), "an entry of more than 31457280 bytes"),
        ("groot.7z", packed.sevenz({"a": bytes(31 * MIB)}), "an archive that unpacks to more than 200 times its size"),
        ("groot.gz", gzip.compress(bytes(31 * MIB)), "an archive that unpacks to more than 200 times its size"),
        ("veel.tar", packed.tape({f"{n}": b"x" for n in range(501)}), "more than 500 parts"),
    ],
)
def test_over_a_limit_of_ours_is_too_complex_whatever_the_scanner_would_say(name, content, detail, tmp_path):
    """The scanner says "OK" to one member of 400 MiB."""
    reading = upload(content, name, tmp_path, AT_THE_CAP)
    assert reading.trouble is not None
    assert (reading.trouble.code, reading.trouble.detail) == ("too_complex", detail)


@pytest.mark.parametrize("packed_objects", [False, True])
def test_the_files_that_a_pdf_carries_are_documents_and_so_is_the_pdf(packed_objects, tmp_path):
    pdf = carrying({"loonstrook.pdf": AKTE, "brief.txt": b"brief"}, packed_objects=packed_objects)
    reading = upload(pdf, "portfolio.pdf", tmp_path)
    assert sorted(documents(reading)) == [("brief.txt", ""), ("loonstrook.pdf", ""), ("portfolio.pdf", "")]
    assert {p.parent for p in reading.parts[1:]} == {0}


def test_pdfs_in_each_other_without_end_are_too_complex(tmp_path):
    pdf = AKTE
    for _ in range(5):
        pdf = carrying({"binnen.pdf": pdf})
    reading = upload(pdf, "a.pdf", tmp_path, Limits(read_child.Limits(depth=3)))
    assert reading.trouble is not None
    assert reading.trouble.detail == "more than 3 containers in each other"
