"""What the real reader, with its real child process, makes of ordinary and odd messages."""

import hashlib
from pathlib import Path

import pytest

from gateway.core.model import TEXT_OF_MESSAGE, Envelope, PartRole, Reading
from mail.read import Reader, path_of
from tests.support import hostile

READER = Reader()


def read(message: bytes, folder: Path, **how: bool) -> Reading:
    raw, out = folder / "raw.eml", folder / "out"
    raw.write_bytes(message)
    out.mkdir()
    return READER.read_message(raw, out, **how)


def documents(reading: Reading) -> list[str]:
    return [part.name for part in reading.parts if part.role is PartRole.DOCUMENT]


def test_a_document_arrives_byte_for_byte_with_its_hash(tmp_path):
    content = hostile.pdf()
    reading = read(hostile.mail(hostile.text(), hostile.attached(content, "paspoort.pdf")), tmp_path)
    (document,) = [p for p in reading.parts if p.role is PartRole.DOCUMENT]
    assert path_of(tmp_path / "out", document).read_bytes() == content
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert reading.trouble is None
    assert reading.message is not None
    assert reading.message.from_address == "anna.voorbeeld@mail.example"
    assert reading.message.text == "Hierbij de stukken."
    assert not reading.message.defects


def test_an_inline_photo_without_content_id_is_a_document_and_a_logo_in_the_text_is_none(tmp_path):
    photo = hostile.part(
        b"\xff\xd8" * 40, 'Content-Type: image/jpeg\nContent-Disposition: inline; filename="IMG_1.jpg"'
    )
    logo = hostile.part(b"\x89PNG" * 40, "Content-Type: image/png\nContent-ID: <logo@x>")
    page = hostile.text('<img src="cid:logo@x">', "html")
    reading = read(hostile.mail(page, photo, logo), tmp_path)
    assert documents(reading) == ["IMG_1.jpg"]
    assert [p.note for p in reading.parts if p.role is PartRole.IGNORED] == ["embedded in the text"]


POINTS = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0",
    "gif": b"GIF89a\x01\0\x01\0\x80\0\0",
}


@pytest.mark.parametrize("kind", POINTS)
def test_a_point_that_tells_a_sender_who_reads_is_listed_and_no_document(kind, tmp_path):
    point = hostile.part(POINTS[kind], f"Content-Type: image/{kind}\nContent-Disposition: inline")
    reading = read(hostile.mail(hostile.text("<p>Dag</p>", "html"), point), tmp_path)
    assert [(p.role, p.note) for p in reading.parts[1:]] == [(PartRole.IGNORED, "a point that nobody sees")]


def test_the_logo_under_every_message_of_a_thread_is_listed_and_what_was_attached_stays(tmp_path):
    logo = hostile.part(b"\x89PNG" * 40, "Content-Type: image/png\nContent-Disposition: inline; filename=image001.png")
    photo = hostile.attached(b"\xff\xd8" * 40, "pasfoto.jpg", "image/jpeg")
    earlier = hostile.mail(hostile.text(), logo, photo, boundary="=_eerder")
    forwarded = hostile.part(earlier, "Content-Type: message/rfc822", encoded=False)
    reading = read(hostile.mail(hostile.text(), logo, photo, forwarded), tmp_path)
    assert documents(reading) == ["pasfoto.jpg", "pasfoto (2).jpg"]
    ignored = [p.note for p in reading.parts if p.role is PartRole.IGNORED]
    assert ignored == ["the same small picture in several messages"] * 2


def test_a_part_with_two_names_says_so(tmp_path):
    """Another program may show the other one: the first counts, both are kept, and a person is told."""
    twice = hostile.part(
        hostile.pdf(),
        'Content-Type: application/pdf\nContent-Disposition: attachment; filename="a.pdf"; filename="b.exe"',
    )
    (document,) = read(hostile.mail(twice), tmp_path).parts
    assert (document.name, document.original_name, document.note) == ("a.pdf", "a.pdf | b.exe", "two names")


def test_a_large_picture_in_the_text_may_be_the_passport_itself(tmp_path):
    scan = hostile.part(b"\x89PNG" * 40_000, "Content-Type: image/png\nContent-ID: <scan@x>")
    reading = read(hostile.mail(hostile.text('<img src="cid:scan@x">', "html"), scan), tmp_path)
    assert [p.note for p in reading.parts if p.role is PartRole.DOCUMENT] == ["shown in the text"]


def test_a_pdf_that_is_the_whole_body_is_the_document(tmp_path):
    message = b"From: scanner@kantoor.example\r\n" + hostile.part(hostile.pdf(), "Content-Type: application/pdf")
    assert documents(read(message, tmp_path)) == ["document-1.pdf"]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("Content-Type: application/pkcs7-signature; name=smime.p7s", "signature"),
        ("Content-Type: text/calendar; charset=utf-8", "calendar"),
        ("Content-Type: message/delivery-status", "report"),
        ("Content-Type: message/external-body; access-type=URL", "a reference to a file elsewhere"),
    ],
)
def test_what_is_ignored_is_listed_with_the_reason(headers, reason, tmp_path):
    reading = read(hostile.mail(hostile.text(), hostile.part(b"x", headers)), tmp_path)
    assert [(p.role, p.note) for p in reading.parts[1:]] == [(PartRole.IGNORED, reason)]


def test_documents_in_a_forwarded_message_are_found_also_when_it_is_in_base64(tmp_path):
    inner = hostile.mail(hostile.text(), hostile.attached(hostile.pdf(), "akte.pdf"))
    for number, encoded in enumerate((False, True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        outer = hostile.mail(hostile.part(inner, "Content-Type: message/rfc822", encoded=encoded), boundary="buiten")
        reading = read(outer, folder)
        (document,) = [p for p in reading.parts if p.role is PartRole.DOCUMENT]
        assert document.name == "akte.pdf"
        assert reading.parts[document.parent].role is PartRole.MESSAGE


def test_a_zip_is_opened_and_what_a_computer_put_in_is_ignored(tmp_path):
    archive = hostile.zipped({"map/akte.pdf": hostile.pdf(), "__MACOSX/._akte.pdf": b"x", "map/": b""})
    reading = read(hostile.mail(hostile.attached(archive, "stukken.zip", "application/zip")), tmp_path)
    assert [(p.role, p.name) for p in reading.parts] == [
        (PartRole.CONTAINER, "stukken.zip"),
        (PartRole.DOCUMENT, "akte.pdf"),
        (PartRole.IGNORED, "_akte.pdf"),
    ]


def test_an_encrypted_entry_is_a_document_that_says_so(tmp_path):
    archive = hostile.marked_encrypted(hostile.zipped({"akte.pdf": hostile.pdf()}))
    reading = read(hostile.mail(hostile.attached(archive, "geheim.zip", "application/zip")), tmp_path)
    assert [(p.role, p.note, p.bytes > 0) for p in reading.parts] == [
        (PartRole.CONTAINER, "", True),
        (PartRole.DOCUMENT, "encrypted", True),
    ]


def test_an_uploaded_mail_and_an_uploaded_zip_are_opened_the_same_way(tmp_path):
    message = hostile.mail(hostile.text(), hostile.attached(hostile.pdf(), "akte.pdf"))
    for number, (name, content) in enumerate(
        [("post.eml", message), ("map.zip", hostile.zipped({"post.eml": message}))]
    ):
        folder = tmp_path / str(number)
        out = folder / "out"
        out.mkdir(parents=True)
        (folder / "raw").write_bytes(content)
        reading = READER.read_file(folder / "raw", name, "application/octet-stream", out)
        assert documents(reading) == ["akte.pdf"]
        assert reading.message is None


# ---- ambiguity: two parsers must not see different parts -----------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        hostile.mail(hostile.text()).replace(b'boundary="=_grens"', b'boundary="x"; boundary="=_grens"'),
        hostile.mail(hostile.text(), headers="Content-Type: text/plain"),
        hostile.mail(hostile.text()).replace(b'; boundary="=_grens"', b""),
        hostile.mail(hostile.text()) + hostile.attached(hostile.pdf(), "verstopt.pdf"),
        hostile.mail(hostile.text()).replace(b"--=_grens--\r\n", b""),
        hostile.mail(hostile.part(b"%PDF", "Content-Type: application/pdf\nContent-Transfer-Encoding: 7bit")),
        hostile.mail(
            hostile.part(b"QUI=QUI=", "Content-Transfer-Encoding: base64\nContent-Type: image/png", encoded=False)
        ),
        hostile.mail(hostile.part(b"x", "Content-Type: image/png\nContent-Transfer-Encoding: x-eigen", encoded=False)),
        hostile.mail(hostile.part(b"begin 644 paspoort.pdf\r\n", "Content-Type: text/plain", encoded=False)),
        hostile.mail(hostile.part(b"x", "Content-Type: message/partial; id=1; number=1; total=2")),
        hostile.mail(hostile.text(), headers="From: b@mail.example"),
    ],
    ids=[
        "two boundaries",
        "two content types",
        "no boundary",
        "a part after the end",
        "no end",
        "two encodings",
        "base64 in two padded runs",
        "an encoding nobody knows",
        "a uuencoded file in the text",
        "one piece of a message",
        "two senders",
    ],
)
def test_what_can_be_read_in_two_ways_is_a_defect_that_a_person_sees(message, tmp_path):
    reading = read(message, tmp_path)
    assert reading.trouble is None
    assert reading.message is not None
    assert reading.message.defects


def test_base64_that_is_padded_in_the_middle_loses_nothing(tmp_path):
    image = hostile.part(
        b"QUI=\r\nQ0RF\r\nRg==", "Content-Transfer-Encoding: base64\nContent-Type: image/png", encoded=False
    )
    reading = read(hostile.mail(image), tmp_path)
    assert path_of(tmp_path / "out", reading.parts[0]).read_bytes() == b"ABCDEF"


def test_two_senders_are_no_sender(tmp_path):
    reading = read(hostile.mail(hostile.text(), headers="From: b@mail.example"), tmp_path)
    assert reading.message is not None
    assert reading.message.from_address == ""


# ---- machines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "sign"),
    [
        ("Auto-Submitted: auto-replied", "auto-submitted"),
        ("Auto-Submitted: no", ""),
        ("Precedence: bulk", "bulk"),
        ("List-Id: <nieuws.example>", "list"),
        ("X-Auto-Response-Suppress: All", "suppress"),
    ],
)
def test_machines_are_told_by_their_headers(headers, sign, tmp_path):
    reading = read(hostile.mail(hostile.text(), headers=headers), tmp_path)
    assert reading.message is not None
    assert reading.message.automatic == sign


@pytest.mark.parametrize(
    ("subject", "machine"),
    [
        ("Automatisch antwoord: uw verzoek", True),
        ("Out of Office: request", True),
        ("Réponse automatique : demande", True),
        ("Automatische Antwort: Anfrage", True),
        ("Otomatik yanıt: talep", True),
        ("رد تلقائي: طلب", True),
        ("Undeliverable: receipt", True),
        ("RE: Verzoek om aanvulling", False),
        ("Mijn automatische incasso", False),
    ],
)
def test_machines_are_told_by_their_subject_in_six_languages(subject, machine, tmp_path):
    message = hostile.mail(hostile.text()).replace(b"Subject: Aanvulling", b"Subject: " + subject.encode())
    reading = read(message, tmp_path)
    assert reading.message is not None
    assert (reading.message.automatic == "subject") is machine


def test_an_answer_to_an_invitation_is_a_machines_and_a_document_beside_it_a_persons(tmp_path):
    answer = hostile.part(b"BEGIN:VCALENDAR", "Content-Type: text/calendar; method=REPLY")
    invitation = hostile.part(b"BEGIN:VCALENDAR", "Content-Type: text/calendar; method=REQUEST")
    cases = [
        ((hostile.text(), answer), "calendar"),
        ((hostile.text(), invitation), ""),
        ((answer, hostile.attached(hostile.pdf(), "akte.pdf")), ""),
    ]
    for number, (parts, sign) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        reading = read(hostile.mail(*parts), folder)
        assert reading.message is not None
        assert reading.message.automatic == sign


def test_a_read_receipt_is_a_machines(tmp_path):
    notice = hostile.part(b"Disposition: displayed", "Content-Type: message/disposition-notification", encoded=False)
    reading = read(hostile.mail(hostile.text(), notice, kind="report; report-type=disposition-notification"), tmp_path)
    assert reading.message is not None
    assert reading.message.automatic == "report"


def test_an_empty_return_path_is_a_bounce(tmp_path):
    reading = read(hostile.mail(hostile.text()), tmp_path, envelope=Envelope())
    assert reading.message is not None
    assert reading.message.automatic == "bounce"


def test_links_to_cloud_stores_are_recognised_and_nothing_else(tmp_path):
    words = "Zie https://we.tl/t-abc en https://example.org/we.tl en https://evilwetransfer.com/x"
    reading = read(hostile.mail(hostile.text(words)), tmp_path)
    assert reading.message is not None
    assert reading.message.links == ("https://we.tl/t-abc",)


# ---- the text that asks or explains -----------------------------------------------------------------

ASKS = "Geachte heer,\n\nGraag uitstel van twee weken.\n\n> Stuur ons de akte."


def the_text(reading: Reading, folder: Path) -> str:
    (kept,) = [p for p in reading.parts if p.note == TEXT_OF_MESSAGE]
    assert kept.role is PartRole.DOCUMENT
    assert (kept.declared_type, reading.parts[kept.parent].role) == ("text/plain", PartRole.BODY)
    return path_of(folder / "out", kept).read_text(encoding="utf-8")


def latin(words: str) -> bytes:
    return hostile.part(words.encode("cp1252"), "Content-Type: text/plain; charset=windows-1252", encoded=False)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (hostile.text(ASKS), ASKS),
        (hostile.text(ASKS.replace("\n", "\r\n")), ASKS),
        (latin("Geëerde heer, graag uitstel."), "Geëerde heer, graag uitstel."),
        (
            hostile.text("<p>Graag <b>uitstel</b>.</p><blockquote>Stuur de akte.</blockquote>", "html"),
            "Graag uitstel.\n\n> Stuur de akte.",
        ),
    ],
)
def test_a_text_that_asks_for_time_is_a_document_with_its_quotations_in_plain_words(body, text, tmp_path):
    reading = read(hostile.mail(body, hostile.attached(hostile.pdf(), "akte.pdf")), tmp_path)
    assert documents(reading) == ["akte.pdf", "tekst van het bericht.txt"]
    assert the_text(reading, tmp_path) == f"{text}\n"


def test_the_whole_text_is_kept_and_again_the_same_of_the_same_mail(tmp_path):
    long = ASKS + "\n\nEn verder nog dit.\n" * 6000
    mail, kept = hostile.mail(hostile.text(long)), []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        kept.append(the_text(read(mail, tmp_path / name), tmp_path / name))
    assert kept[0] == kept[1] == f"{long.strip()}\n"


def test_whoever_called_a_file_like_it_keeps_the_name(tmp_path):
    file = hostile.attached(b"van mij", "tekst van het bericht.txt", "text/plain")
    reading = read(hostile.mail(hostile.text(ASKS), file), tmp_path)
    assert documents(reading) == ["tekst van het bericht.txt", "tekst van het bericht (2).txt"]


@pytest.mark.parametrize(
    "mail",
    [
        hostile.mail(hostile.text("Hierbij de stukken.\n\n> Graag uitstel.")),
        hostile.mail(hostile.text(ASKS), headers="Auto-Submitted: auto-replied"),
        hostile.mail(
            hostile.part(hostile.mail(hostile.text(ASKS), boundary="i"), "Content-Type: message/rfc822", encoded=False)
        ),
    ],
    ids=["only quoted", "a machine", "in a mail inside"],
)
def test_other_text_is_no_document(mail, tmp_path):
    assert documents(read(mail, tmp_path)) == []
