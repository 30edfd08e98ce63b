"""Our own letters on paper: what case law asks stands in them, and a screen reader can follow them.

No validator of PDF/UA can be had from a package registry here (veraPDF is a Java program), so the tags, the language,
the title and the declarations are checked one by one with pikepdf.
"""

import io
import re
import subprocess
import tomllib
from datetime import date
from pathlib import Path

import pikepdf
import pytest

from config.calendar import load_calendar
from gateway import letterpaper
from gateway.core import terms
from gateway.core.model import Term
from gateway.core.words import Unit
from gateway.letterpaper import Letterhead, Sheet
from gateway.schema import VerzoekIn, dump
from tests.support.house import request_json

HEAD = Letterhead("Dienst", "https://portaal.example", "088 000 00 00", "Postbus 1, 1000 AA Voorbeeldstad", 30, 50)
END = terms.last_day(date(2026, 11, 27), Term(4, Unit.WEEKS), load_calendar())
WHY = {language: terms.derivation(END, language) for language in ("nl", "en")}
LANGUAGES = ["nl", "en", "so", *letterpaper.SHEETS]
CODE = "K7QM-3F9D-XW2P"
RIGHT_EDGE = (210 - 20) / 25.4 * 72


def _request(**changes):
    values = dump(VerzoekIn.model_validate(request_json(**changes)))
    items = [item | {"status": "ontvangen"} for item in values["stukken"]]
    return values | {"stukken": items, "mailadres": "documenten+7k3m9q2xv4td@intake.example"}


def _letter(code=CODE, **changes):
    sheet = Sheet(date(2026, 11, 27), END.day, WHY, "A. Voorbeeld", "", code)
    return letterpaper.request_pdf(_request(**changes), sheet, HEAD)


def _answered(**changes):
    suspension = {"dagen": 20, "beslisUiterlijk": "2027-03-01", "afleiding": WHY}
    return letterpaper.answered_pdf(
        _request(**changes), {"opschorting": suspension}, Sheet(date(2026, 12, 18), END.day, WHY), HEAD
    )


def _reminder(**changes):
    request = _request(**changes)
    items = [item | {"status": "ontvangen" if item["nummer"] == "2" else "open"} for item in request["stukken"]]
    return letterpaper.reminder_pdf(request | {"stukken": items}, Sheet(date(2026, 12, 21), END.day, {}), HEAD)


def _text(pdf, tmp_path):
    path = tmp_path / "letter.pdf"
    path.write_bytes(pdf)
    shown = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True).stdout.decode()
    return " ".join(shown.replace("\u200b", "").split())


def _tags(node):
    """Every structure element beneath a node: its tag and its language."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield str(kid.S), str(kid.get("/Lang", ""))
            yield from _tags(kid)


def test_r28_the_letter_says_what_until_when_why_how_what_otherwise_and_who_helps(tmp_path):
    text = _text(_letter(), tmp_path)
    for said in (
        "HV-2026-000123",
        "Z1-0001234567",
        CODE,
        "documenten+7k3m9q2xv4td@intake.example",
        "maandag 28 december 2026",
        "De dag van verzending, vrijdag 27 november 2026, telt niet mee",
        "die dag is Eerste Kerstdag",
        "Kopie van het paspoort",
        "Stuur het origineel per post",
        "Stuur dan een verklaring",
        "artikel 4:5 van de Algemene wet bestuursrecht",
        "Een medewerker neemt dat besluit",
        "088 000 00 00",
        "artikel 2:1",
        "om meer tijd",
    ):
        assert said in text, said


def test_r02_the_electronic_way_is_there_and_r28_digital_is_not_mandatory(tmp_path):
    text = _text(_letter(), tmp_path)
    assert "U hoeft het niet digitaal te doen" in text
    assert "Postbus 1, 1000 AA Voorbeeldstad" in text
    only_mail = _text(_letter(kanalen=["email"]), tmp_path)
    assert "In het portaal" not in only_mail
    assert CODE not in only_mail


def test_r03_every_limit_is_told_with_its_reason_and_a_way_round(tmp_path):
    text = _text(_letter(), tmp_path)
    for said in (
        "hoogstens 30 MB",
        "op virussen controleren",
        "in delen",
        "hoogstens 50 bestanden",
        "per post, of bel",
    ):
        assert said in text, said


def test_the_portal_copy_says_where_the_code_is_and_holds_none(tmp_path):
    text = _text(_letter(code=None), tmp_path)
    assert CODE not in text
    assert "De toegangscode staat op de brief die u per post krijgt" in text


@pytest.mark.parametrize(("procedure", "told"), [("bezwaar", True), ("aanvraag", False)])
def test_r36_in_an_objection_the_suspension_is_told_in_writing(tmp_path, procedure, told):
    text = _text(_letter(procedure=procedure), tmp_path)
    assert ("opgeschort" in text and "artikel 7:10" in text) == told
    assert ("niet-ontvankelijk" in text) == told


def test_the_sheet_in_tigrinya_is_drawn_in_its_own_letters_and_names_months_that_cannot_be_another_calendars(tmp_path):
    text = _text(_letter(taal="ti"), tmp_path)
    assert "ሰኑይ 28 ዲሰምበር 2026" in text
    assert "ወሳኒ እቲ ብቋንቋ ሆላንድ ዝተጻሕፈ ደብዳበ እዩ" in text
    assert (
        "NotoSansEthiopic"
        in subprocess.run(["pdffonts", tmp_path / "letter.pdf"], check=True, capture_output=True, text=True).stdout
    )


def test_r09_a_receipt_of_answers_judges_nothing(tmp_path):
    for language in ("nl", "en"):
        text = _text(_answered(taal=language), tmp_path)
        assert "Een medewerker bekijkt ze nog" in text
        assert "maandag 1 maart 2027" in text
        assert [
            word for word in ("volledig", "compleet", "akkoord", "complete", "approved") if word in text.lower()
        ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dutch_letter_comes_first_and_counts_whatever_stands_beside_it(tmp_path, language):
    text = _text(_letter(taal=language), tmp_path)
    assert text.startswith("Dienst A. Voorbeeld Datum")
    assert ("The Dutch letter is the one that counts" in text) == (language in {"en", "so"})


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "Monday 28 December 2026"),
        ("fr", "lundi 28 décembre 2026"),
        ("de", "Montag, 28. Dezember 2026"),
        ("tr", "28 Aralık 2026 Pazartesi"),
        ("uk", "понеділок, 28 грудня 2026 року"),
        ("ti", "ሰኑይ 28 ዲሰምበር 2026"),
    ],
)
def test_a_reminder_says_in_the_readers_language_until_when_and_names_only_what_is_missing(tmp_path, language, day):
    text = _text(_reminder(taal=language), tmp_path)
    dutch, beside = text.split("pagina 1 van 2")
    for said in (dutch, beside):
        assert "Kopie van het paspoort" in said
        assert "Huwelijksakte" not in said
        assert CODE not in said
    assert "maandag 28 december 2026" in dutch
    assert day.casefold() in beside.casefold()


def test_an_arabic_reminder_starts_at_the_right_and_keeps_our_addresses_whole(tmp_path):
    text = _text(_reminder(taal="ar"), tmp_path)
    assert {"https://portaal.example", "documenten+7k3m9q2xv4td@intake.example"} <= set(re.findall(r"[!-~]+\w", text))
    boxes = ["pdftotext", "-f", "2", "-bbox-layout", tmp_path / "letter.pdf", "-"]
    shown = subprocess.run(boxes, check=True, capture_output=True, text=True).stdout
    ends = {float(end) for end in re.findall(r'<block .*xMax="([\d.]+)"', shown)}
    assert max(ends) - RIGHT_EDGE < 1
    title = re.search(r'<block .*xMax="([\d.]+)"', shown)
    assert title
    assert abs(float(title[1]) - RIGHT_EDGE) < 1


def test_every_sheet_says_the_same_things():
    said = tomllib.loads((Path(letterpaper.__file__).parent / "typst" / "messages.toml").read_text(encoding="utf-8"))
    sheets = said.pop("sheet")
    assert set(sheets) == set(letterpaper.SHEETS)
    for same in (sheets, said):
        first, *others = ({key: _blanks(text) for key, text in words.items()} for words in same.values())
        assert others == [first] * len(others)


def _blanks(text):
    return sorted(re.findall(r"\{\w+\}", text)) if isinstance(text, str) else len(text)


@pytest.mark.parametrize("make", [_letter, _answered, _reminder])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_is_accessible_and_archivable(make, language):
    with pikepdf.open(io.BytesIO(make(taal=language))) as pdf:
        assert pdf.check_pdf_syntax() == []
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "2A"
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"]
        assert pdf.Root.Lang == "nl"
        assert pdf.Root.MarkInfo.Marked
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        tags = list(_tags(pdf.Root.StructTreeRoot))
    kinds = {kind for kind, _ in tags}
    assert {"/H1", "/H2", "/P", "/Table", "/TH", "/TD"} <= kinds
    assert {"/L", "/LI"} <= kinds or make is _reminder
    if beside := letterpaper.beside(language):
        assert beside in {lang for _, lang in tags}


def test_the_same_letter_is_the_same_bytes():
    assert _letter() == _letter()
