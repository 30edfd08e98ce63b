"""What the real inspector, with its real child and a real clamd, says of documents of every kind."""

import io
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from gateway.core.model import Inspection, Part, PartRole, Verdict
from scanners import child, clam
from scanners.inspect import Inspector, Limits
from tests.support import hostile, wrapped
from tests.support.heic import heic


@pytest.fixture(scope="module")
def scanner(clamd_socket: Path) -> clam.Clam:
    return clam.Clam(f"unix:{clamd_socket}", 2**20)


@pytest.fixture
def inspect(scanner, tmp_path):
    """Inspect contents by name, in one go."""

    def run(*files: tuple[str, bytes], note: str = "", limits: Limits | None = None) -> tuple[Inspection, ...]:
        given = []
        for seq, (name, content) in enumerate(files):
            path = tmp_path / str(seq)
            path.write_bytes(content)
            given.append((path, Part(seq, None, PartRole.DOCUMENT, name, name, "", len(content), f"{seq:064}", note)))
        return Inspector(scanner, limits).inspect(given)

    return run


NOTES = {"pages", "hint"}


def codes(inspection: Inspection) -> set[str]:
    """What speaks against it, or is odd: not how many pages there are, nor how sharp they are."""
    return {finding.code for finding in inspection.findings} - NOTES


def picture(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(file, kind)
    return file.getvalue()


def odt(extra: dict[str, bytes]) -> bytes:
    return hostile.zipped(
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<office:text/>", **extra}
    )


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", hostile.pdf(), "application/pdf"),
        ("a.jpg", picture("JPEG"), "image/jpeg"),
        ("a.png", picture("PNG"), "image/png"),
        ("a.tif", picture("TIFF"), "image/tiff"),
        ("a.webp", picture("WEBP"), "image/webp"),
        ("a.heic", heic(bytes(range(256)) * 16), "image/heic"),
        ("a.docx", hostile.docx(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.odt", odt({}), "application/vnd.oasis.opendocument.text"),
        ("a.rtf", rb"{\rtf1\ansi Verklaring}", "text/rtf"),
        ("a.txt", b"Ik verklaar dat ik geen paspoort heb.", "text/plain"),
    ],
)
def test_ordinary_documents_are_clean(name, content, media_type, inspect):
    (seen,) = inspect((name, content))
    assert (seen.media_type, seen.verdict, codes(seen)) == (media_type, Verdict.CLEAN, set())


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("leeg.pdf", b"", "unreadable"),
        ("wachtwoord.pdf", hostile.pdf(password="geheim"), "encrypted"),
        ("script.pdf", hostile.pdf(script="app.alert(1)"), "active_content"),
        ("afgekapt.pdf", hostile.pdf()[:-200], "unreadable"),
        ("geen-paginas.pdf", hostile.pdf(pages=0), "unreadable"),
        ("ervoor.pdf", b"<html><script>" + hostile.pdf(), "suspicious"),
        ("erachter.pdf", hostile.pdf() + hostile.zipped({"a.exe": b"MZ"}), "suspicious"),
        ("is-html.pdf", b"<!DOCTYPE html><html><body>x</body></html>", "type_refused"),
        ("programma.pdf", b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0L\1" + bytes(300), "type_refused"),
        ("opdracht.bat", b"@echo off\r\necho x\r\n", "type_refused"),
        ("macro.docx", hostile.docx({"word/vbaProject.bin": b"x"}), "active_content"),
        ("bijlage.docx", hostile.docx({"word/embeddings/oleObject1.bin": b"x"}), "suspicious"),
        (
            "sjabloon.docx",
            hostile.docx(
                {
                    "word/_rels/settings.xml.rels": b'<Relationship Type="http://x/attachedTemplate"'
                    b' Target="http://x/y.dotm" TargetMode="External"/>'
                }
            ),
            "active_content",
        ),
        ("bom.docx", hostile.docx({"word/media/a.xml": b" " * 30 * 2**20}), "limits"),
        ("xxe.docx", hostile.docx({"word/a.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><x/>'}), "suspicious"),
        ("wachtwoord.odt", odt({"META-INF/manifest.xml": b"<manifest:encryption-data/>"}), "encrypted"),
        ("wachtwoord.docx", wrapped.locked_office(), "encrypted"),
        ("wachtwoord.xlsx", wrapped.locked_office(), "encrypted"),
        ("macro.odt", odt({"Basic/Standard/Module1.xml": b"<x/>"}), "active_content"),
        ("object.rtf", rb"{\rtf1{\object\objemb{\objdata 0105}}}", "active_content"),
        ("half.jpg", picture("JPEG", (400, 300))[:9000], "unreadable"),
        ("leeg.txt", b" \r\n\t\r\n", "unreadable"),
        ("formule.csv", b"a,b\r\n=cmd|' /C calc'!A0,2\r\n", "suspicious"),
        ("pgp.txt", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n", "encrypted"),
        ("smime.p7m", b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" + bytes(40), "encrypted"),
    ],
)
def test_what_speaks_against_a_document_is_found(name, content, code, inspect):
    (seen,) = inspect((name, content))
    assert code in codes(seen)
    if code in {"encrypted", "limits"}:
        assert seen.verdict is Verdict(code), "nobody saw what is inside, so it is not clean"


def test_restrictions_only_do_not_make_a_pdf_unreadable(inspect):
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(hostile.pdf())) as pdf:
        pdf.save(file, encryption=pikepdf.Encryption(user="", owner="eigenaar"))
    (seen,) = inspect(("a.pdf", file.getvalue()))
    assert seen.verdict is Verdict.CLEAN
    assert not codes(seen)


def test_the_type_follows_the_content_and_the_name_is_only_compared(inspect):
    (seen,) = inspect(("paspoort.pdf", picture("PNG")))
    assert (seen.media_type, seen.verdict, codes(seen)) == ("image/png", Verdict.CLEAN, {"type_differs"})


def test_a_picture_of_a_billion_pixels_is_not_decoded(inspect):
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    png = bytearray(picture("PNG"))
    png[16:29] = header
    png[29:33] = struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (seen,) = inspect(("groot.png", bytes(png)))
    assert (seen.verdict, codes(seen)) == (Verdict.LIMITS, {"limits"})


def test_which_kinds_are_taken_is_configuration(inspect):
    (seen,) = inspect(("a.pdf", hostile.pdf()), limits=Limits(accepted=frozenset({"image/png"})))
    assert codes(seen) == {"type_refused"}


def test_malware_is_found_also_inside_a_zip_and_named(inspect):
    plain, packed = inspect(("a.txt", clam.eicar()), ("a.docx", hostile.docx({"word/a.bin": clam.eicar()})))
    assert plain.verdict is packed.verdict is Verdict.INFECTED
    assert "Eicar" in next(f.detail for f in plain.findings if f.code == "infected")


def test_an_entry_that_was_encrypted_is_said_to_be_whatever_its_bytes_look_like(inspect):
    (seen,) = inspect(("akte.pdf", b"ruis" * 100), note="encrypted")
    assert (seen.verdict, codes(seen)) == (Verdict.ENCRYPTED, {"encrypted"})


def test_a_file_that_breaks_the_child_costs_only_itself(inspect):
    """The memory is too small for the picture, not for its neighbours."""
    limits = Limits(process=child.Limits(memory_bytes=400 * 2**20))
    file = io.BytesIO()
    Image.new("RGB", (11_000, 11_000)).save(file, "PNG", compress_level=1)
    before, big, after = inspect(
        ("voor.txt", b"voor het grote"),
        ("groot.png", file.getvalue()),
        ("na.pdf", hostile.pdf()),
        limits=limits,
    )
    assert before.verdict is after.verdict is Verdict.CLEAN
    assert big.verdict is Verdict.LIMITS
    assert not codes(before) | codes(after)


@pytest.mark.parametrize(("carried", "code"), [("bijlage.txt", "suspicious"), ("factuur.exe", "active_content")])
def test_a_file_in_a_pdf_that_nobody_took_out_of_it_is_for_a_person(carried, code, inspect):
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(hostile.pdf())) as pdf:
        pdf.attachments[carried] = pikepdf.AttachedFileSpec(pdf, b"inhoud", filename=carried)
        pdf.save(file)
    (seen,) = inspect(("a.pdf", file.getvalue()))
    assert codes(seen) == {code}


def test_a_file_in_a_pdf_that_the_reader_took_out_is_a_note(scanner, tmp_path):
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(hostile.pdf())) as pdf:
        pdf.attachments["b.txt"] = pikepdf.AttachedFileSpec(pdf, b"inhoud", filename="b.txt")
        pdf.save(file)
    (tmp_path / "a").write_bytes(file.getvalue())
    (tmp_path / "b").write_bytes(b"inhoud")
    parts = [
        Part(3, None, PartRole.DOCUMENT, "a.pdf", "a.pdf", "", len(file.getvalue()), "a"),
        Part(4, 3, PartRole.DOCUMENT, "b.txt", "b.txt", "", 6, "b"),
    ]
    whole, taken_out = Inspector(scanner).inspect([(tmp_path / "a", parts[0]), (tmp_path / "b", parts[1])])
    assert (whole.verdict, codes(whole)) == (Verdict.CLEAN, {"carries"})
    assert (taken_out.verdict, codes(taken_out)) == (Verdict.CLEAN, set())


def scanned_page(shade: int, pixels: tuple[int, int] = (1240, 1754)) -> bytes:
    """A page of A4 that is a picture in one shade with a line of ink, if any."""
    page = Image.new("L", pixels, 250)
    page.paste(shade, (100, 100, pixels[0] - 100, 140))
    file = io.BytesIO()
    page.save(file, "PDF", resolution=pixels[0] / 8.27)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "hints"),
    [
        (scanned_page(0), []),
        (scanned_page(250), ["bladzijde 1: bijna leeg"]),
        (scanned_page(0, (827, 1169)), ["bladzijde 1: ongeveer 100 dpi"]),
        (hostile.pdf(), ["bladzijde 1: leeg"]),
    ],
)
def test_what_catches_the_eye_on_a_scan_is_a_hint_and_decides_nothing(content, hints, inspect):
    (seen,) = inspect(("scan.pdf", content))
    assert (seen.verdict, codes(seen)) == (Verdict.CLEAN, set())
    assert [f.detail for f in seen.findings if f.code == "hint"] == hints
    assert ("pages", "1") in [(f.code, f.detail) for f in seen.findings]


def test_a_container_that_did_not_open_is_damaged_and_no_wrong_kind(inspect):
    (seen,) = inspect(("map.zip", hostile.zipped({"a.txt": b"x" * 500})[:-30]), note="unreadable")
    assert codes(seen) == {"unreadable"}


# ---- what is shown to the scanner, and when ------------------------------------------------------


class Asked(clam.Clam):
    """The real clamd, and when it was asked what; its signatures are as old as the test says."""

    def __init__(self, address: str) -> None:
        super().__init__(address, 2**20)
        self.times: list[tuple[str, str]] = []
        self.signatures = "27500"

    def scan(self, path: Path) -> clam.Answer:
        self.times.append(("asked", path.name))
        answer = super().scan(path)
        self.times.append(("said", path.name))
        return answer

    def signature_version(self) -> str:
        return self.signatures


@pytest.fixture
def asked(clamd_socket) -> Asked:
    return Asked(f"unix:{clamd_socket}")


def message_of(folder: Path, *contents: bytes) -> list[tuple[Path, Part]]:
    """A message as it came, and the documents in it."""
    whole = Part(-1, None, PartRole.MESSAGE, "", "", "message/rfc822", 3, "f" * 64)
    parts = [Part(n, -1, PartRole.DOCUMENT, f"{n}.txt", "", "", len(c), f"{n:064}") for n, c in enumerate(contents)]
    files = [(folder / str(part.seq), part) for part in (whole, *parts)]
    for (path, _), content in zip(files, (b"raw", *contents), strict=True):
        path.write_bytes(content)
    return files


def test_what_is_inside_a_message_is_shown_when_the_scanner_has_seen_the_message(asked, tmp_path):
    """It remembers what it saw in there, and need not look twice."""
    Inspector(asked).inspect(message_of(tmp_path, b"een", b"twee"))
    assert asked.times[:2] == [("asked", "-1"), ("said", "-1")]
    assert sorted(name for when, name in asked.times[2:] if when == "asked") == ["0", "1"]


def test_what_was_begun_ahead_is_not_done_again_unless_the_scanner_knows_more_now(asked, tmp_path, monkeypatch):
    files, children = message_of(tmp_path, b"een"), []
    run = child.run
    monkeypatch.setattr(child, "run", lambda *job: children.append(job) or run(*job))
    inspector = Inspector(asked)
    inspector.look_ahead(files[:1])
    inspector.look_ahead(files)
    first = inspector.inspect(files)
    assert len(children) == 1
    assert [name for when, name in asked.times if when == "asked"] == ["-1", "0"]
    inspector.look_ahead(files)
    asked.signatures = "27501"
    assert inspector.inspect(files) == first
    assert [name for when, name in asked.times if when == "asked"] == ["-1", "0", "-1", "-1", "0"]


def test_only_one_is_looked_at_ahead_so_that_what_takes_long_keeps_nobody_waiting(asked, tmp_path, monkeypatch):
    """Whose turn it is is decided elsewhere: what many hand in to take long must wait for its turn."""
    files, others, goes_on = message_of(tmp_path, b"een"), tmp_path / "others", threading.Event()
    others.mkdir()
    run = child.run

    def slow(module: str, job: dict[str, object], limits: child.Limits) -> child.Outcome:
        if "others" not in str(job):
            goes_on.wait(20)
        return run(module, job, limits)

    monkeypatch.setattr(child, "run", slow)
    inspector = Inspector(asked)
    inspector.look_ahead(files)
    inspector.look_ahead(message_of(others, b"twee"))
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(inspector.inspect, message_of(others, b"twee"))
        try:
            assert [seen.verdict for seen in second.result(20)] == [Verdict.CLEAN] * 2
        finally:
            goes_on.set()
    assert inspector.inspect(files)[1].media_type == "text/plain"
