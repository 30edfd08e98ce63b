"""Which kinds of file an office takes is configuration; the sender of another one reads why, and the way round."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from gateway import app
from gateway.core import kinds
from gateway.core.words import DocumentOutcome, EventName, Reason
from gateway.lifecycle import Lifecycle
from tests.support import dossier, hostile, packed, storage

PAGES = hostile.zipped(
    {"Index/Document.iwa": b"\0iwa", "preview.jpg": b"\xff\xd8\xff", "Metadata/Properties.plist": b"x"}
)
FEWER = {
    "accepted": ["pdf", "jpg", "zip"],
    "words": [
        {
            "kind": "docx",
            "why_nl": "Wij nemen geen Word aan.",
            "way_round_nl": "Kom langs met een usb-stick vol PDF.",
            "why_en": "We take no Word.",
            "way_round_en": "Bring PDF on a stick.",
        }
    ],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[app.House]:
    with storage.built(tmp_path_factory.mktemp("kinds"), clamd_socket, files=FEWER) as made:
        yield made


def decided(house: app.House, files: dict[str, bytes]) -> tuple[dict[str, tuple[str, str, str | None]], str]:
    """Of each document type, decision and reason; and the letter as text."""
    request = storage.open_request(house.desk.requests, kenmerk=f"HV-{len(house.desk.queries.requests())}")
    number = storage.hand_in_mail(house, storage.message(request.mailadres, files), request.mailadres).number
    storage.walk_on(house)
    storage.send_letters(house)
    (letter,) = (house.settings.data_dir / "outbox").glob(f"{number}*.eml")
    body = message_from_bytes(letter.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    submission = house.desk.queries.submission(number)
    seen = {s.naam: (s.mediatype, str(s.besluit), s.reden) for s in submission.stukken}
    return seen, " ".join(body.get_content().split())


def test_an_office_that_takes_less_says_so_in_its_own_words(house: app.House) -> None:
    seen, letter = decided(house, {"brief.docx": hostile.docx(), "paspoort.pdf": dossier.pdf(width=301)})
    assert seen["brief.docx"] == (kinds.DOCX, DocumentOutcome.REFUSED, Reason.FILE_TYPE)
    assert seen["paspoort.pdf"][1] == DocumentOutcome.ACCEPTED
    assert "Wij nemen geen Word aan. Wel goed zijn: PDF en foto's (JPG)." in letter
    assert "Wat nu? Kom langs met een usb-stick vol PDF." in letter


def test_a_file_of_a_program_of_apple_is_not_taken_apart_and_its_sender_reads_how_to_save_it(house: app.House) -> None:
    seen, letter = decided(house, {"brief.pages": PAGES})
    assert seen == {"brief.pages": (kinds.PAGES, DocumentOutcome.REFUSED, Reason.FILE_TYPE)}
    assert "Dit is een bestand van Pages. Dat kunnen wij niet gebruiken. Wel goed zijn:" in letter
    assert "Open het in Pages. Kies Exporteer, en dan PDF. Stuur de PDF." in letter


def test_what_is_not_to_be_opened_is_refused_whole_and_what_is_to_be_is_opened(house: app.House) -> None:
    akte = dossier.pdf(width=302)
    seen, letter = decided(
        house, {"map.zip": hostile.zipped({"akte.pdf": akte}), "map.tar": packed.tape({"a.pdf": akte})}
    )
    assert seen.keys() == {"akte.pdf", "map.tar"}
    assert seen["map.tar"] == ("application/x-tar", DocumentOutcome.REFUSED, Reason.FILE_TYPE)
    assert "Dit is een ingepakt bestand. Wij pakken het niet uit." in letter


def test_saved_mail_that_is_not_taken_stays_one_file(house: app.House) -> None:
    mail = hostile.mail(hostile.text(), hostile.attached(dossier.pdf(width=303), "akte.pdf"))
    seen, letter = decided(house, {"bericht.eml": mail})
    assert seen == {"bericht.eml": (kinds.EML, DocumentOutcome.REFUSED, Reason.FILE_TYPE)}
    assert "Dit is een bewaarde e-mail." in letter


def test_a_change_of_what_is_taken_is_an_entry_of_the_log(kept: storage.Storage, tmp_path: Path) -> None:
    for files in ({}, {"accepted": ["pdf", "jpg"]}, {"accepted": ["pdf", "jpg"], "words": FEWER["words"]}):
        settings = storage.settings(tmp_path, files=files)
        Lifecycle(kept.database, kept.ledger, kept.clock, settings).started({"smtp"})
    changes = [e.content or {} for e in kept.queries.timeline("gateway") if e.name == EventName.CONFIGURATION_CHANGED]
    assert [change["gewijzigd"] for change in changes[1:]] == [["files"], ["files"]]
