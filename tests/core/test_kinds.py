"""Which kinds of file are taken is a choice; whoever sends another one reads why, and how to go on."""

import re

import pytest

from gateway.core import kinds
from gateway.core.kinds import ALL, DEFAULT, Taken, Words, kind_of
from gateway.core.words import Reason
from gateway.reasons import LANGUAGES, reason_text

DWG = "image/vnd.dwg"
OWN = {
    "pages": {
        "nl": Words(
            "Van ons.",
            "Zo.",
        ),
        "en": Words("Of ours.", "So."),
    }
}


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("application/pdf", "pdf"),
        (kinds.DOCX, "docx"),
        (kinds.PAGES, "pages"),
        (kinds.PPTX, "slides"),
        ("image/x-ms-bmp", "image"),
        ("image/svg+xml", "drawing"),
        ("video/mp4", "video"),
        ("text/x-shellscript", "program"),
        ("text/html", "webpage"),
        ("application/vnd.rar", "rar"),
        ("application/octet-stream", "other"),
        ("inode/x-empty", "other"),
        ("imagery/x", "other"),
        ("", "other"),
    ],
)
def test_every_media_type_is_of_one_kind(media_type: str, name: str) -> None:
    assert kind_of(media_type) == name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(kinds.NAMES))
def test_every_kind_has_a_reason_and_a_way_round_that_everybody_understands(name: str, language: str) -> None:
    (media_type, *_) = [t for t, n in kinds._BY_MEDIA_TYPE.items() if n == name] or [""]
    words = DEFAULT.words(media_type, language)
    assert words.why.endswith(".")
    assert words.way_round.endswith(".")
    assert all(len(sentence.split()) <= 22 for sentence in re.split(r"[.?!] ", f"{words.why} {words.way_round}"))
    assert words != DEFAULT.words(media_type, "en" if language == "nl" else "nl")


def test_what_is_taken_is_told_as_it_is_configured() -> None:
    assert DEFAULT.listed("nl") == (
        "PDF, foto's (JPG, PNG, HEIC, TIFF, WebP, GIF), Word (docx, doc), Excel (xlsx, xls), OpenDocument (odt, ods), "
        "tekst (rtf, txt) en bewaarde e-mails (eml, msg)"
    )
    assert Taken(("png", "zip", "pdf")).listed("en") == "PDF and photos (PNG)"
    assert Taken(("pdf",)).listed("nl") == "PDF"


def test_a_container_is_opened_and_is_no_document() -> None:
    assert DEFAULT.opened == ("zip", "7z", "rar", "tar", "gz", "bz2", "xz", "eml", "msg")
    assert Taken(("pdf", "zip")).media_types == {"application/pdf"}
    assert Taken(("pdf", "zip")).opened == ("zip",)
    assert "application/zip" not in DEFAULT.media_types


def test_the_sender_of_one_kind_reads_the_words_of_that_kind_and_the_list() -> None:
    text = reason_text(Reason.FILE_TYPE, "nl", Taken(("pdf", "jpg")), [kinds.PAGES, kinds.PAGES])
    assert text.explanation == (
        "Dit is een bestand van Pages. Dat kunnen wij niet gebruiken. Wel goed zijn: PDF en foto's (JPG)."
    )
    assert text.way_forward == "Open het in Pages. Kies Exporteer, en dan PDF. Stuur de PDF."


def test_the_sender_of_several_kinds_reads_the_way_round_of_each() -> None:
    text = reason_text(Reason.FILE_TYPE, "en", DEFAULT, ["video/mp4", kinds.PPTX])
    assert text.explanation.startswith("We cannot use this kind of file. These are fine: PDF, photos")
    assert text.way_forward == (
        "This is a video. We cannot use it. Make a scan or photo of each page. Send those. "
        "This is a presentation. We cannot use it. Save the presentation as PDF. Send the PDF."
    )


def test_a_kind_that_is_usually_taken_has_its_way_round_too() -> None:
    less = Taken(tuple(name for name in ALL if name not in {"docx", "zip"}))
    assert less.words(kinds.DOCX, "nl").way_round == "Open het in Word. Kies Opslaan als, en dan PDF. Stuur de PDF."
    assert "Pak het zelf uit" in less.words("application/zip", "nl").way_round


@pytest.mark.parametrize(("language", "why"), [("nl", "Van ons."), ("en", "Of ours.")])
def test_an_office_says_it_in_its_own_words(language: str, why: str) -> None:
    text = reason_text(Reason.FILE_TYPE, language, Taken(own=OWN), [kinds.PAGES])
    assert text.explanation.startswith(why)
    assert text.way_forward == OWN["pages"][language].way_round
    assert DEFAULT.words(DWG, language) == Taken(own=OWN).words(DWG, language), "of another kind nothing changes"
