"""What a bundle promises: everything in its place, byte for byte, whatever the documents are."""

import hashlib
import io
import json
import mimetypes
import re
import subprocess
import tracemalloc
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import bagit
import pikepdf
import pytest
from PIL import Image

from gateway import bundle, mdto, render
from gateway.blobs import FileBlobs
from gateway.bundle import BundleDocument, BundleSubmission
from gateway.core.errors import Corrupt
from gateway.mdto import Archive
from gateway.paper import Place
from tests.support import dossier, dying_render

ARCHIVE = Archive("De Dienst")
MADE_AT = datetime(2026, 4, 3, 9, tzinfo=UTC)
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Dossier:
    """One request with its submissions, on real blobs, bundled and unpacked as a caseworker would."""

    def __init__(self, directory):
        self.directory = directory
        self.blobs = FileBlobs(directory / "blobs")
        self.request = dossier.request()
        self.submissions = []

    def keep(self, content, name="", media_type="application/pdf"):
        spool = self.blobs.spool()
        spool.write(content)
        kept = spool.keep()
        return bundle.StoredFile(kept.sha256, kept.bytes, name, media_type)

    def document(self, name, content, media_type="application/pdf", *, number="1", outcome="aangenomen", reason=None):
        kept = self.keep(content)
        return BundleDocument(name, kept.sha256, kept.bytes, media_type, outcome, reason, number)

    def submit(self, *documents, number=dossier.NUMBER, raw=None, **changes):
        files = [raw if raw is not None else self.keep(b"From: a@example.org\r\n\r\n" + number.encode())]
        json_ = dossier.submission(ontvangstnummer=number, **changes)
        receipt = {"receipt.json": b"{}\n", "receipt.tlog-proof": b"proof\n"}
        self.submissions.append(BundleSubmission(number, json_, files, documents, receipt))

    def bundle(self, name="bundle.zip"):
        self.zip = self.directory / name
        self.report = bundle.write_bundle(
            self.zip, self.request, self.submissions, self.blobs, made_at=MADE_AT, archive=ARCHIVE
        )
        with zipfile.ZipFile(self.zip) as archive:
            archive.extractall(self.directory / "unzipped")
        self.bag = self.directory / "unzipped" / "HV-2026-000123"
        self.contents = json.loads((self.bag / "data/inhoud.json").read_text())
        return self.report

    def entry(self, position, submission=0):
        return self.contents["inzendingen"][submission]["stukken"][position]

    def merged(self):
        return pikepdf.open(self.bag / "data/samengevoegd.pdf")

    def page_text(self, page):
        command = ["pdftotext", "-layout", "-f", str(page), "-l", str(page), self.bag / "data/samengevoegd.pdf", "-"]
        shown = subprocess.run(command, check=True, capture_output=True).stdout.decode()
        return " ".join(shown.replace("\u200b", "").split())


@pytest.fixture
def case(tmp_path):
    return Dossier(tmp_path)


def widths(pdf):
    return [int(page.mediabox[2]) for page in pdf.pages]


def bookmarks(pdf):
    """(level, title, page) of every bookmark, in order."""

    def walk(items, level):
        for item in items:
            page = pikepdf.Page(item.destination[0]).index + 1
            yield level, item.title, page
            yield from walk(item.children, level + 1)

    with pdf.open_outline() as outline:
        return list(walk(outline.root, 0))


def test_a_bundle_is_a_valid_bag_for_the_reference_validator(case):
    case.submit(case.document("paspoort.pdf", dossier.pdf()))
    report = case.bundle()

    assert [p.name for p in (case.directory / "unzipped").iterdir()] == ["HV-2026-000123"]
    bag = bagit.Bag(str(case.bag))
    bag.validate()
    assert bag.version_info == (1, 0)
    assert bag.algorithms == ["sha256"]
    assert bag.info["External-Identifier"] == "HV-2026-000123"
    assert bag.info["Bagging-Date"] == "2026-04-03"
    assert bag.info["Bag-Software-Agent"].startswith("herstelpost ")
    assert bag.info["Payload-Oxum"] == f"{report.payload_bytes}.{report.payload_files}"


def test_every_original_is_there_byte_for_byte_where_the_contents_say(case):
    content = dossier.pdf(2)
    photo = dossier.image("JPEG")
    case.submit(
        case.document("paspoort.pdf", content),
        case.document("foto.jpg", photo, "image/jpeg", number=None),
        case.document("bonus.pdf", b"bonus", number=None, outcome="niet_gevraagd", reason="niet_gevraagd"),
        case.document("later.pdf", b"later", number="2", outcome="aangehouden", reason="te_laat"),
    )
    case.bundle()

    paths = [case.entry(n)["pad"] for n in range(4)]
    assert paths == [
        "data/stukken/1-paspoort/paspoort.pdf",
        "data/stukken/nog-te-kiezen/foto.jpg",
        "data/overig/niet-gevraagd/bonus.pdf",
        "data/overig/aangehouden/later.pdf",
    ]
    assert [(case.bag / path).read_bytes() for path in paths] == [content, photo, b"bonus", b"later"]


def test_messages_and_receipts_are_there_as_they_were(case):
    case.submit(case.document("paspoort.pdf", dossier.pdf()))
    case.bundle()

    submission = case.contents["inzendingen"][0]
    raw = submission["ontvangen"][0]
    assert raw["pad"] == f"data/inzendingen/{dossier.NUMBER}/bericht.eml"
    assert (case.bag / raw["pad"]).read_bytes() == b"From: a@example.org\r\n\r\n" + dossier.NUMBER.encode()
    assert [(case.bag / path).read_bytes() for path in submission["ontvangstbewijs"]] == [b"{}\n", b"proof\n"]


def test_an_uploaded_file_is_not_put_in_twice(case):
    content = dossier.pdf()
    upload = case.keep(content, "paspoort.pdf")
    case.submit(case.document("paspoort.pdf", content), raw=upload, kanaal="portaal")
    case.bundle()

    assert case.contents["inzendingen"][0]["ontvangen"][0]["pad"] == "data/stukken/1-paspoort/paspoort.pdf"
    assert not (case.bag / "data/inzendingen").exists()


def test_the_same_submissions_give_the_same_bytes_in_whatever_order_they_come(case):
    case.submit(
        case.document("a.pdf", dossier.pdf()),
        case.document("b.png", dossier.image("PNG"), "image/png"),
        case.document("c.txt", b"tekst", "text/plain"),
        case.document("d.docx", b"PK", DOCX),
    )
    case.submit(case.document("a.pdf", dossier.pdf(3)), number=dossier.OTHER_NUMBER)
    case.bundle("one.zip")
    case.submissions.reverse()
    case.bundle("two.zip")
    assert (case.directory / "one.zip").read_bytes() == (case.directory / "two.zip").read_bytes()


def test_the_pdf_has_the_documents_in_the_order_of_the_items_with_bookmarks(case):
    case.request["stukken"] = [dossier.item(n, k) for n, k in (("2", "akte"), ("10", "foto"), ("1", "paspoort"))]
    case.submit(
        case.document("los.pdf", dossier.pdf(1, width=304), number=None),
        case.document("paspoort.pdf", dossier.pdf(2, width=303), number="1"),
        case.document("akte.pdf", dossier.pdf(1, width=301), number="2"),
        case.document("weg.pdf", dossier.pdf(1, width=399), number=None, outcome="geweigerd", reason="bestandstype"),
    )
    case.submit(
        case.document("akte deel 2.pdf", dossier.pdf(1, width=302), number="2"),
        number=dossier.OTHER_NUMBER,
        ontvangenOp="2026-03-31T10:00:00.000000Z",
    )
    report = case.bundle()

    with case.merged() as pdf:
        sheets = widths(pdf)
        first = sheets.index(301)
        assert sheets[first:] == [301, 302, 303, 303, 304]
        assert report.pages == len(sheets)
        page = first + 1
        assert bookmarks(pdf) == [
            (0, "Voorblad", 1),
            (0, "2 · Kopie: akte", page),
            (1, "akte.pdf", page),
            (1, "akte deel 2.pdf", page + 1),
            (0, "1 · Kopie: paspoort", page + 2),
            (1, "paspoort.pdf", page + 2),
            (0, "Nog te kiezen", page + 4),
            (1, "los.pdf", page + 4),
        ]
    assert case.entry(1)["pagina"] == page + 2
    assert f"paspoort.pdf p. {page + 2}" in " ".join(case.page_text(n) for n in range(1, page))
    assert "weg.pdf" in case.page_text(1) + case.page_text(2)


def test_the_numbers_on_the_cover_hold_when_the_cover_itself_grows(case):
    documents = [case.document(f"{n:03}.txt", b"tekst %d" % n, "text/plain") for n in range(90)]
    case.submit(*documents)
    case.bundle()
    for position in (0, 45, 89):
        assert f"tekst {position}" in case.page_text(case.entry(position)["pagina"])


UNSHOWABLE = {
    "broken.pdf": (b"%PDF-1.7\n1 0 obj << nothing", "application/pdf", "damaged", "beschadigd"),
    "not-a.pdf": (b"<html>", "application/pdf", "damaged", "beschadigd"),
    "locked.pdf": (dossier.pdf(password="geheim"), "application/pdf", "password", "wachtwoord"),
    "empty.pdf": (b"", "application/pdf", "empty", "leeg"),
    "blank.txt": (b" \r\n ", "text/plain", "empty", "leeg"),
    "half.jpg": (dossier.image("JPEG", (400, 400))[:900], "image/jpeg", "damaged", "beschadigd"),
    "bomb.png": (dossier.image("PNG", (12_000, 11_000)), "image/png", "limits", "te groot"),
    "letter.docx": (b"PK\x03\x04", DOCX, "kind", "Open het origineel"),
}


def test_what_cannot_be_shown_gets_a_page_that_says_why_and_loses_nothing_else(case):
    case.submit(
        *(case.document(name, content, kind) for name, (content, kind, _, _) in UNSHOWABLE.items()),
        case.document("goed.pdf", dossier.pdf(width=301)),
    )
    report = case.bundle()

    assert dict(report.not_shown) == {
        Place(dossier.NUMBER, n): why for n, (_, _, why, _) in enumerate(UNSHOWABLE.values())
    }
    for n, (name, (content, _, why, words)) in enumerate(UNSHOWABLE.items()):
        entry = case.entry(n)
        page = case.page_text(entry["pagina"])
        assert name in page
        assert words in page
        assert entry["pad"] in page.replace(" ", "")
        assert entry["nietGetoond"] == why
        assert (case.bag / entry["pad"]).read_bytes() == content
    with case.merged() as pdf:
        assert pdf.check_pdf_syntax() == []
        assert widths(pdf)[-1] == 301
    bagit.Bag(str(case.bag)).validate()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP", "AVIF"])
def test_every_kind_of_picture_becomes_a_page_of_a4(case, form):
    case.submit(case.document("foto", dossier.image(form), f"image/{form.lower()}"))
    assert case.bundle().not_shown == ()
    with case.merged() as pdf:
        assert sorted(round(float(side)) for side in pdf.pages[-1].mediabox[2:]) == [595, 842]
        assert len(pdf.pages[-1].obj.Resources.XObject.keys()) == 1


def test_a_photo_is_turned_the_way_its_camera_says(case):
    photo = io.BytesIO()
    picture = Image.new("RGB", (60, 30), "red")
    tags = picture.getexif()
    tags[0x0112] = 6
    picture.save(photo, "JPEG", exif=tags)
    case.submit(case.document("foto.jpg", photo.getvalue(), "image/jpeg"))
    case.bundle()
    with case.merged() as pdf:
        assert pdf.pages[-1].obj.get("/Rotate", 0) == 90


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_shown_in_the_encoding_it_came_in(case, encoding):
    case.submit(case.document("v.txt", "Geboren in Curaçao, één kind.\r\n\r\nGroet".encode(encoding), "text/plain"))
    case.bundle()
    assert "Geboren in Curaçao, één kind. Groet" in case.page_text(case.entry(0)["pagina"])


def acting_pdf():
    """A PDF with everything that acts: on opening, on a page, in a link, in a form, and a file inside."""
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(301, 400))
        script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('ACTIVE')"))
        launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F=pikepdf.String("ACTIVE.exe"))
        link = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=launch, Contents="ACTIVE"
        )
        pdf.Root.OpenAction = script
        pdf.Root.Names = pikepdf.Dictionary(
            JavaScript=pikepdf.Dictionary(Names=pikepdf.Array([pikepdf.String("ACTIVE"), script]))
        )
        pdf.pages[0].obj.AA = pikepdf.Dictionary(O=script)
        pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(link)])
        pdf.attachments["ACTIVE.exe"] = b"ACTIVE"
        pdf.save(out)
    return out.getvalue()


def test_nothing_that_acts_survives_in_the_merged_pdf(case):
    case.submit(case.document("actief.pdf", acting_pdf()))
    case.bundle()
    with case.merged() as pdf:
        flat = io.BytesIO()
        pdf.save(flat, stream_decode_level=pikepdf.StreamDecodeLevel.all, qdf=True)
        assert widths(pdf)[-1] == 301
    for word in (b"app.alert", b"/JavaScript", b"/Launch", b"/OpenAction", b"/EmbeddedFile", b"/AA "):
        assert word not in flat.getvalue()
    assert b"ACTIVE.exe" not in flat.getvalue()


def test_what_was_filled_in_on_a_form_is_still_to_be_read(case):
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(301, 400))
        look = pdf.make_stream(b"BT /F1 12 Tf 2 2 Td (INGEVULD) Tj ET")
        look.Type, look.Subtype, look.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 100, 20]
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        look.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Tx, T=pikepdf.String("naam"),
                V=pikepdf.String("INGEVULD"), Rect=[50, 50, 150, 70], F=4, AP=pikepdf.Dictionary(N=look),
            )
        )  # fmt: skip
        pdf.pages[0].obj.Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
        pdf.save(out)
    case.submit(case.document("formulier.pdf", out.getvalue()))
    case.bundle()
    assert "INGEVULD" in case.page_text(case.entry(0)["pagina"])


def test_two_files_of_one_name_are_both_there(case):
    case.submit(
        case.document("scan.pdf", dossier.pdf(1)),
        case.document("SCAN.pdf", dossier.pdf(2)),
        case.document("../../scan.pdf", dossier.pdf(3)),
        case.document("", dossier.pdf(4)),
    )
    case.bundle()
    paths = [case.entry(n)["pad"].removeprefix("data/stukken/1-paspoort/") for n in range(4)]
    assert paths == ["scan.pdf", "SCAN (2).pdf", "scan (3).pdf", "document"]
    assert case.entry(2)["naam"] == "../../scan.pdf"
    bagit.Bag(str(case.bag)).validate()


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [("geweigerd", "besmet"), ("aangehouden", "niet_gescand"), ("aangehouden", "te_complex"), (None, None)],
)
def test_what_is_infected_or_was_not_looked_at_is_named_but_never_in_the_bundle(case, outcome, reason):
    """P4: not scanned is never clean, and neither is the message it came in, or the same bytes elsewhere."""
    bad = b"NOT-LOOKED-AT-" * 9
    raw = case.keep(b"From: x\r\n\r\n" + bad)
    case.submit(
        case.document("goed.pdf", dossier.pdf()),
        case.document("slecht.exe", bad, "application/x-dosexec", outcome=outcome, reason=reason, number=None),
        raw=raw,
    )
    case.submit(
        case.document("eerder.txt", bad, "text/plain", outcome="niet_gevraagd", reason="niet_gevraagd"),
        number=dossier.OTHER_NUMBER,
        raw=case.keep(bad),
    )
    report = case.bundle()

    assert b"NOT-LOOKED-AT" not in case.zip.read_bytes()
    assert report.withheld == (Place(dossier.NUMBER, 1), Place(dossier.OTHER_NUMBER, 0))
    assert case.entry(1)["pad"] is None
    assert case.contents["inzendingen"][0]["ontvangen"][0]["pad"] is None
    assert hashlib.sha256(bad).hexdigest() in (case.bag / "data/inhoud.txt").read_text()
    assert case.entry(0)["pad"] == "data/stukken/1-paspoort/goed.pdf"
    assert "Niet in deze bundel opgenomen: slecht.exe" in case.page_text(1)


def test_a_document_that_kills_its_child_takes_only_itself_along(case, monkeypatch):
    monkeypatch.setattr(render, "_MODULE", dying_render.__name__)
    case.submit(
        case.document("voor.pdf", dossier.pdf(width=301)),
        case.document(dying_render.DEADLY, dossier.pdf(width=399)),
        case.document("na.pdf", dossier.pdf(width=302)),
    )
    report = case.bundle()
    assert report.not_shown == ((Place(dossier.NUMBER, 1), "damaged"),)
    with case.merged() as pdf:
        assert [w for w in widths(pdf) if w < 400] == [301, 302]


def test_when_merging_fails_the_bundle_is_still_there(case, monkeypatch):
    monkeypatch.setattr(render, "_MODULE", dying_render.__name__)
    names = [f"{n}.pdf" for n in range(dying_render.DEADLY_TOGETHER)]
    case.submit(*(case.document(name, dossier.pdf()) for name in names))
    report = case.bundle()
    assert [why for _, why in report.not_shown] == ["merge"] * len(names)
    assert "samenvoegen" in case.page_text(case.entry(0)["pagina"])
    assert (case.bag / case.entry(0)["pad"]).read_bytes() == dossier.pdf()


def test_changed_bytes_are_never_passed_on(case):
    """P2: better no bundle than one with other bytes than were received."""
    document = case.document("paspoort.docx", b"as received", DOCX)
    case.submit(document)
    case.blobs.path(document.sha256).write_bytes(b"as changed!")
    with pytest.raises(Corrupt, match=document.sha256):
        case.bundle()
    assert [p.name for p in case.directory.iterdir() if p.is_file()] == []


def test_a_blob_that_is_gone_is_said_and_leaves_no_half_bundle(case):
    document = case.document("paspoort.pdf", dossier.pdf())
    case.submit(document)
    case.blobs.path(document.sha256).unlink()
    with pytest.raises(Corrupt):
        case.bundle()
    assert [p.name for p in case.directory.iterdir() if p.is_file()] == []


def test_a_request_without_submissions_has_a_bundle_too(case):
    report = case.bundle()
    assert (report.pages, report.payload_files) == (1, 4)
    assert "Er is nog niets ontvangen" in case.page_text(1)
    bagit.Bag(str(case.bag)).validate()


def test_a_secret_of_the_request_stays_out(case):
    case.request["toegangscode"] = "K7QM-3F9D-XW2P"
    case.bundle()
    assert b"K7QM-3F9D-XW2P" not in case.zip.read_bytes()


def test_the_contents_for_people_are_in_words_and_in_dutch_time(case):
    case.submit(
        case.document("loonstrook.pdf", dossier.pdf(), outcome="niet_gevraagd", reason="niet_gevraagd"),
        case.document("kapot.pdf", b"%PDF-1.4", outcome="geweigerd", reason="onleesbaar"),
    )
    contents = case.bundle().contents
    assert "  loonstrook.pdf: niet gevraagd\n" in contents
    assert "  kapot.pdf: geweigerd (Niet te openen)\n" in contents
    assert "Z  " not in contents.partition("Inzendingen")[2]


def test_the_contents_for_people_cannot_be_forged_by_a_name(case):
    case.submit(case.document("a\r\n\r\nInzendingen\r\n  26-VALS\u202e.pdf", dossier.pdf()))
    lines = case.bundle().contents.splitlines()
    assert [line for line in lines if line == "Inzendingen"] == ["Inzendingen"]
    assert not any(line.startswith("  26-VALS") for line in lines)
    assert "\u202e" not in "".join(lines)


def test_a_large_original_is_never_in_memory(case):
    size = 30 * 2**20
    blocks = [bytes([n]) * 2**20 for n in range(30)]
    document = case.document("film.bin", b"".join(blocks), "application/octet-stream")
    case.submit(document, raw=case.keep(b"".join(blocks) + b"raw"))
    del blocks
    tracemalloc.start()
    try:
        report = bundle.write_bundle(
            case.directory / "b.zip", case.request, case.submissions, case.blobs, made_at=MADE_AT, archive=ARCHIVE
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.payload_bytes > 2 * size
    assert peak < size


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
@pytest.mark.parametrize("folder", ["docs", "scans", "docs-real"])
def test_no_document_of_the_corpus_loses_the_bundle(case, folder):
    files = sorted(p for p in (CORPUS / folder).rglob("*") if p.is_file())
    documents = [case.document(p.name, p.read_bytes(), kind(p)) for p in files]
    case.submit(*documents)
    report = case.bundle()

    bagit.Bag(str(case.bag)).validate()
    assert [(case.bag / case.entry(n)["pad"]).read_bytes() == p.read_bytes() for n, p in enumerate(files)] == [
        True
    ] * len(files)
    with case.merged() as pdf:
        assert len(pdf.pages) == report.pages
        assert len(bookmarks(pdf)) >= len(files)


def kind(path):
    kinds = {".heic": "image/heic", ".webp": "image/webp", ".avif": "image/avif", ".jp2": "image/jp2"}
    return kinds.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


# ---- for the archive -----------------------------------------------------------------------------

# The model of MDTO 1.0.2, written down from the standard: which elements stand in which, in which order, how often.
MDTO = "{https://www.nationaalarchief.nl/mdto}"
CONCEPT, REFERENCE, OWN = (
    "begripLabel (begripCode )?begripBegrippenlijst",
    "verwijzingNaam( verwijzingIdentificatie)?",
    ("identificatieKenmerk identificatieBron"),
)
MODEL = {
    "MDTO": "informatieobject|bestand",
    "informatieobject": (
        "(identificatie )+naam( aggregatieniveau)?( classificatie)*( trefwoord)*( omschrijving)*( raadpleeglocatie)?"
        "( dekkingInTijd)*( dekkingInRuimte)*( taal)*( event)* waardering( bewaartermijn)?( informatiecategorie)?"
        "( isOnderdeelVan)*( bevatOnderdeel)*( heeftRepresentatie)*( aanvullendeMetagegevens)*"
        "( gerelateerdInformatieobject)*( archiefvormer)+( betrokkene)*( activiteit)?( beperkingGebruik)+"
    ),
    "bestand": "(identificatie )+naam omvang bestandsformaat( checksum)+( URLBestand)? isRepresentatieVan",
    "checksum": "checksumAlgoritme checksumWaarde checksumDatum",
    "event": "eventType( eventTijd)?( eventVerantwoordelijkeActor)?( eventResultaat)?",
    "betrokkene": "betrokkeneTypeRelatie betrokkeneActor",
    "beperkingGebruik": "beperkingGebruikType( beperkingGebruikNadereBeschrijving)?",
    **dict.fromkeys(("identificatie", "verwijzingIdentificatie"), OWN),
    **dict.fromkeys(
        ("isOnderdeelVan", "bevatOnderdeel", "heeftRepresentatie", "isRepresentatieVan", "archiefvormer",
         "betrokkeneActor", "begripBegrippenlijst"), REFERENCE
    ),
    **dict.fromkeys(
        ("aggregatieniveau", "waardering", "informatiecategorie", "eventType", "bestandsformaat", "checksumAlgoritme",
         "betrokkeneTypeRelatie", "beperkingGebruikType"), CONCEPT
    ),
}  # fmt: skip


def told(element):
    """Hold an element and all in it against the model; none that must say something is empty."""
    names = [child.tag.removeprefix(MDTO) for child in element]
    own = element.tag.removeprefix(MDTO)
    assert element.tag.startswith(MDTO)
    if own in MODEL:
        assert re.fullmatch(MODEL[own], " ".join(names)), (own, names)
    else:
        assert not names, own
        assert element.text, own
        assert element.text.strip(), own
    for child in element:
        told(child)


def test_every_file_of_the_bundle_is_described_for_the_archive_by_the_model_of_mdto(case):
    """R48."""
    case.submit(
        case.document("pas.pdf", dossier.pdf()), case.document("ge\u202eheim\x07.pdf", dossier.pdf(2), number="2")
    )
    case.bundle()
    described = {}
    parents = {}
    for path in sorted((case.bag / "data/metagegevens").glob("*.xml")):
        root = ET.parse(path).getroot()  # noqa: S314  # we made it ourselves
        told(root)
        find = partial(root.findtext, namespaces={"": MDTO.strip("{}")})
        own = find("*/identificatie/identificatieKenmerk")
        parents[own] = find("*/isRepresentatieVan//identificatieKenmerk") or find(
            "*/isOnderdeelVan//identificatieKenmerk"
        )
        if size := find("bestand/omvang"):
            described[find("bestand/checksum/checksumWaarde")] = int(size)
    bag = bagit.Bag(str(case.bag))
    bag.validate()
    ours = ("data/inhoud.", "data/samengevoegd.pdf", "data/metagegevens/")
    there = {
        h["sha256"]: (case.bag / p).stat().st_size for p, h in bag.payload_entries().items() if not p.startswith(ours)
    }
    assert described == there
    assert [own for own, parent in parents.items() if parent is None] == ["HV-2026-000123"]
    assert {parent for parent in parents.values() if parent} <= set(parents)


def test_what_the_archivist_decides_stands_in_the_metadata_and_nothing_is_invented():
    decided = Archive("De Dienst", "https://register.example/1", "V", "Selectielijst 2030", "12.3", "Beperkt openbaar")
    (_, made), *_ = mdto.describe(dossier.request(), [], MADE_AT, decided)
    text = made.decode()
    for said in ("De Dienst", "https://register.example/1", "Tijdelijk te bewaren", "12.3", "Beperkt openbaar"):
        assert said in text
    (_, plain), *_ = mdto.describe(dossier.request(), [], MADE_AT, Archive("De Dienst"))
    assert "informatiecategorie" not in plain.decode()
    assert "<begripCode>N</begripCode>" in plain.decode()


def test_every_field_that_a_connector_is_told_to_read_is_in_the_contents(case):
    """R46: docs/case-system.md."""
    case.submit(case.document("pas.pdf", dossier.pdf()))
    case.bundle()
    page = (Path(__file__).parents[2] / "docs" / "case-system.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", page, re.MULTILINE)
    told = [path for row in rows for cell in row for path in re.findall(r"`((?:verzoek|inzendingen)\.[\w.]+)`", cell)]
    assert len(told) > 10
    for path in told:
        found = case.contents
        for key in path.split("."):
            found = found[key][0] if isinstance(found[key], list) else found[key]
        assert found, path
