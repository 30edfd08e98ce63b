"""What receipts and cover sheets promise their readers."""

import hashlib
import io
import subprocess
from datetime import UTC, datetime

import pikepdf
import pytest

from gateway import paper
from gateway.core import words
from tests.support import dossier

MADE_AT = datetime(2026, 4, 3, 9, tzinfo=UTC)

HOSTILE_NAMES = {
    "long": "a" * 116 + ".pdf",
    "long with blanks": "geboorteakte van het kind " * 5 + ".pdf",
    "bidirectional override": "factuur\u202efdp.exe",
    "emoji": "paspoort 😀👨‍👩‍👧.pdf",
    "arabic": "جواز سفر محمد.pdf",
    "arabic of 120 letters": "م" * 120,
    "tigrinya": "ሰላም ተስፋይ.pdf",
    "chinese": "护照.pdf",
    "hebrew with vowels": "שָׁלוֹם.pdf",
    "decomposed": "cafe\u0301 e\u0323\u0301.pdf",
    "controls": "a\x00b\x1bc\r\nd\te\x85f.pdf",
    "lone surrogate": "a\udce9b.pdf",
    "not a character": "a\uffffb\U0010ffff.pdf",
    "markup": '#read("/etc/passwd") *b* _i_ $x^2$ \\ @ref <label> = Kop // [x] `raw` https://example.org',
    "json": '"}, {"',
    "only joiners": "\u200d\u200c",
    "empty": "",
}


def text_of(pdf, tmp_path):
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf)
    shown = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True).stdout.decode()
    return " ".join(shown.replace("\u200b", "").split())


def open_bytes(content):
    return pikepdf.open(io.BytesIO(content))


def receipt(*files, request=None, language="nl", **changes):
    return paper.receipt_pdf(dossier.submission(*files, **changes), request, dossier.LOG, language)


def test_a_receipt_says_what_arrived_when_and_from_whom(tmp_path):
    file = dossier.file("paspoort.pdf")
    text = text_of(receipt(file, request=dossier.request()), tmp_path)

    assert dossier.NUMBER in text
    assert "maandag 30 maart 2026, 23:59:59 uur" in text
    assert "UTC+02:00" in text
    assert "2026-03-30T21:59:59.990000Z" in text
    assert "a.voorbeeld@example.org" in text
    assert "documenten+7k3m9q2xv@intake.example" in text
    assert "paspoort.pdf" in text
    assert "48.211 bytes" in text
    assert file["sha256"] in text.replace(" ", "")
    assert "herstelpost.example/log" in text


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("nl", ["of dat u alles heeft gestuurd wat nodig is", "artikel 44", "artikel 43, lid 2", "artikel 2:17"]),
        ("en", ["not say that your documents are complete", "article 44", "article 43(2)", "article 2:17"]),
    ],
)
def test_a_receipt_says_what_it_does_not_prove(tmp_path, language, sentences):
    text = text_of(receipt(language=language), tmp_path)
    assert [s for s in sentences if s not in text] == []


def test_a_language_we_do_not_print_becomes_english(tmp_path):
    assert "Receipt number" in text_of(receipt(language="ti"), tmp_path)


def test_a_receipt_names_the_decision_and_the_item_of_each_file(tmp_path):
    files = [
        dossier.file("een.pdf"),
        dossier.file("twee.pdf", besluit="geweigerd", reden="besmet", nummer=None),
        dossier.file("drie.pdf", reden="keuze_nodig", nummer=None),
    ]
    text = text_of(receipt(*files, request=dossier.request()), tmp_path)

    assert "Document 1: Kopie: paspoort" in text
    assert "Zo was het toen dit bewijs werd gemaakt." in text  # it is made again whenever somebody asks for it
    assert "Geweigerd" in text
    assert "Virus gevonden" in text
    assert "Bij dit verzoek. Welk" in text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", "Dit bestand heeft een wachtwoord. Wij hebben er een kopie"),
        ("en", "This file has a password. We made a"),
    ],
)
def test_a_receipt_says_which_file_was_read_as_a_copy_and_names_the_copy(tmp_path, language, said):
    copy = hashlib.sha256(b"kopie").hexdigest()
    files = [dossier.file("een.pdf"), dossier.file("twee.pdf", zonderWachtwoord=copy)]
    text = text_of(receipt(*files, language=language), tmp_path)
    assert text.count(said) == 1
    assert text.index("een.pdf") < text.index("twee.pdf") < text.index(said)
    assert copy in text.replace(" ", "")


def test_a_receipt_says_what_is_missing_and_until_when(tmp_path):
    text = text_of(receipt(request=dossier.request()), tmp_path)
    assert "Kopie: geboorteakte" in text
    assert "Kopie: paspoort" not in text
    assert "tot en met maandag 30 maart 2026" in text


def test_after_the_last_day_a_receipt_promises_no_time(tmp_path):
    late = receipt(request=dossier.request(), ontvangenOp="2026-03-30T22:00:00.000000Z", opTijd=False)
    text = text_of(late, tmp_path)
    assert "dinsdag 31 maart 2026, 00:00:00 uur" in text
    assert "De laatste dag was maandag 30 maart 2026" in text
    assert "tot en met" not in text


def test_a_stranger_learns_nothing_of_a_case(tmp_path):
    file = dossier.file("x.pdf", besluit=None, nummer=None)
    text = text_of(receipt(file, verzoek=None, afzender="", besluit=None, opTijd=None), tmp_path)
    assert dossier.NUMBER in text
    for secret in ("HV-2026", "Z1-0001234567", "Kopie", "Voorbeeld", "ontbreekt"):
        assert secret not in text


@pytest.mark.parametrize("language", paper.LANGUAGES)
def test_every_word_of_the_contract_can_be_printed(language):
    files = [
        dossier.file(f"{reason}.pdf", besluit=outcome, reden=reason, nummer=None)
        for reason in words.Reason
        for outcome in words.DocumentOutcome
    ]
    items = [dossier.item(str(n), "stuk", status=status) for n, status in enumerate(words.ItemStatus, 1)]
    request = dossier.request(*items)
    for outcome, channel, status in zip(
        words.Outcome, [*words.Channel, "smtp"], [*words.RequestStatus, "open", "open"], strict=True
    ):
        changes = {"besluit": outcome, "kanaal": channel, "redenen": list(words.Reason)}
        asked = {**request, "status": status}
        assert receipt(*files, request=asked, language=language, **changes)
        assert cover(asked, dossier.submission(*files, **changes))


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_no_name_breaks_a_page(name, tmp_path):
    file = dossier.file(name, nummer="1")
    request = dossier.request(dossier.item("1", name, omschrijving=name, persoon=name))
    request["betrokkenen"][0]["naam"] = name
    changes = {"afzender": name, "geadresseerde": name}

    assert file["sha256"] in text_of(receipt(file, request=request, **changes), tmp_path).replace(" ", "")
    assert cover(request, dossier.submission(file, **changes), toc=[paper.TocLine(name, 2)])
    assert paper.text_pages(name, [name, "", name], MADE_AT, cut=True)
    notice = {"name": name, "path": name, "receipt": name, "media_type": name, "size": 1, "sha256": "0" * 64}
    assert paper.notice_page({**notice, "reason": "kind"}, name, MADE_AT)


def test_what_would_deceive_is_shown_as_what_it_is(tmp_path):
    text = text_of(receipt(dossier.file("factuur\u202efdp.exe")), tmp_path)
    assert "factuur[U+202E]fdp.exe" in text


def test_a_character_without_a_font_is_named_and_the_rest_stays(tmp_path):
    text = text_of(receipt(dossier.file("שלום 😀.pdf")), tmp_path)
    assert "U+1F600" in text
    assert "U+05E9" not in text


def test_markup_in_a_name_is_only_text(tmp_path):
    text = text_of(receipt(dossier.file(HOSTILE_NAMES["markup"])), tmp_path)
    assert '#read("/etc/passwd") *b* _i_ $x^2$' in text


def test_two_hundred_files_are_all_listed(tmp_path):
    files = [dossier.file(f"{'x' * 100}{n:03}.pdf") for n in range(200)]
    text = text_of(receipt(*files), tmp_path).replace(" ", "")
    assert [f["naam"] for f in files if f["sha256"] not in text] == []


def test_the_same_receipt_is_the_same_bytes():
    assert receipt(dossier.file("a.pdf")) == receipt(dossier.file("a.pdf"))


def test_a_receipt_declares_that_it_is_accessible_and_archivable():
    with open_bytes(receipt()) as pdf:
        assert pdf.check_pdf_syntax() == []
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "2A"
            assert metadata["pdfuaid:part"] == "1"
        assert pdf.Root.Lang == "nl"
        assert pdf.Root.MarkInfo.Marked


def test_a_page_needs_no_font_of_the_machine():
    """Offline on a bare system: every font in the file is one that we ship or the typesetter brings."""
    file = dossier.file("جواز ሰላም.pdf")
    with open_bytes(receipt(file, request=dossier.request())) as pdf:
        fonts = {
            str(font.BaseFont).partition("+")[2]
            for page in pdf.pages
            for font in page.obj.Resources.get("/Font", {}).values()
        }
    families = ("SourceSans3", "NotoSansArabic", "NotoSansEthiopic", "DejaVuSansMono")
    assert [f for f in fonts if not f.startswith(families)] == []
    assert {f for family in families for f in fonts if f.startswith(family)} == fonts
    assert len(fonts) >= 4


def cover(request, *submissions, **details):
    return paper.cover_sheet(request, submissions, made_at=MADE_AT, **details)


def test_a_cover_sheet_shows_items_in_order_with_pages_and_what_needs_attention(tmp_path):
    first = dossier.submission(
        dossier.file("paspoort.pdf"),
        dossier.file("virus.exe", besluit="geweigerd", reden="besmet", nummer=None),
        dossier.file("bonus.pdf", besluit="niet_gevraagd", reden="niet_gevraagd", nummer=None),
    )
    late = dossier.submission(
        dossier.file("later.pdf", besluit="aangehouden", reden="te_laat", nummer="2"),
        ontvangstnummer=dossier.OTHER_NUMBER,
        ontvangenOp="2026-04-01T10:00:00.000000Z",
        opTijd=False,
        besluit="aangehouden",
    )
    pdf = cover(
        dossier.request(),
        first,
        late,
        toc=[paper.TocLine("1 · Kopie: paspoort", 3), paper.TocLine("paspoort.pdf", 3, 1)],
        pages={paper.Place(dossier.NUMBER, 0): 3},
        withheld={paper.Place(dossier.NUMBER, 1)},
    )
    text = text_of(pdf, tmp_path)

    assert text.index("Kopie: paspoort") < text.index("Kopie: geboorteakte") < text.index("Inzendingen")
    assert "paspoort.pdf p. 3" in text
    assert "Nog niet binnen: stuk 2" in text
    assert f"Na de laatste dag ontvangen: {dossier.OTHER_NUMBER}" in text
    assert f"Niet in deze bundel opgenomen: virus.exe ({dossier.NUMBER})" in text
    assert f"Wacht op een medewerker: later.pdf ({dossier.OTHER_NUMBER})" in text
    assert "bonus.pdf" in text
    assert "te laat" in text


def test_a_cover_sheet_without_submissions_says_so(tmp_path):
    assert "Er is nog niets ontvangen" in text_of(cover(dossier.request()), tmp_path)
