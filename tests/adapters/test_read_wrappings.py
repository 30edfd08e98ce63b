"""What programs wrap documents in: opened when it can be, kept whole and told apart when it can't."""

import base64
from email.message import EmailMessage

import pytest

from gateway.core.model import PartRole
from mail.read import Reader
from mail.smime import Keys
from tests.support import hostile, wrapped

PDF = hostile.pdf()
LARGE = hostile.pdf(pages=40).ljust(5000, b"\n")
HEAD = b"From: anna.voorbeeld@mail.example\r\nTo: documenten@intake.example\r\nSubject: stukken\r\n"


@pytest.fixture(scope="module")
def anna(tmp_path_factory):
    return wrapped.person(tmp_path_factory.mktemp("anna"), "anna")


def read(message, folder, keys=None):
    raw, out = folder / "raw.eml", folder / "out"
    raw.write_bytes(message)
    out.mkdir()
    return Reader(keys=keys).read_message(raw, out)


def upload(content, name, folder):
    raw, out = folder / "raw", folder / "out"
    raw.write_bytes(content)
    out.mkdir()
    return Reader().read_file(raw, name, "", out)


def entity():
    """What a person wrote and attached, as a MIME entity with lines as they travel."""
    message = EmailMessage()
    message.set_content("Hierbij mijn paspoort.\n")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="paspoort.pdf")
    return message.as_bytes().replace(b"\n", b"\r\n")


def with_attachment(content, name, kind="application/octet-stream"):
    message = EmailMessage()
    message["From"] = "anna.voorbeeld@mail.example"
    message.set_content("Hierbij.\n")
    message.add_attachment(content, maintype=kind.split("/")[0], subtype=kind.split("/")[1], filename=name)
    return message.as_bytes()


def documents(reading):
    return [(part.name, part.note) for part in reading.parts if part.role is PartRole.DOCUMENT]


# ---- TNEF and .msg -------------------------------------------------------------------------------


def test_files_in_winmail_dat_are_documents_and_the_wrapping_is_kept(tmp_path):
    files = {"paspoort.pdf": PDF, "geboorteakte é.pdf": LARGE}
    reading = read(with_attachment(wrapped.tnef(files), "winmail.dat", "application/ms-tnef"), tmp_path)
    assert documents(reading) == [(name, "") for name in files]
    container = next(part for part in reading.parts if part.name == "winmail.dat")
    assert container.role is PartRole.CONTAINER
    assert {part.parent for part in reading.parts if part.role is PartRole.DOCUMENT} == {container.seq}


def test_a_winmail_dat_that_holds_only_layout_is_listed_and_no_document(tmp_path):
    reading = read(with_attachment(wrapped.tnef({}), "winmail.dat", "application/ms-tnef"), tmp_path)
    assert documents(reading) == []
    assert ("winmail.dat", "holds no file") in [(part.name, part.note) for part in reading.parts]


def test_a_damaged_winmail_dat_stays_a_document_so_that_somebody_is_told(tmp_path):
    damaged = wrapped.tnef({"paspoort.pdf": PDF})[:-40]
    reading = read(with_attachment(damaged, "winmail.dat", "application/ms-tnef"), tmp_path)
    assert ("winmail.dat", "unreadable") in documents(reading)


def test_files_in_a_saved_outlook_message_are_documents(tmp_path):
    reading = upload(wrapped.saved_message({"paspoort.pdf": LARGE}), "Fwd stukken.msg", tmp_path)
    assert documents(reading) == [("paspoort.pdf", "")]
    assert (tmp_path / "out" / "1").read_bytes() == LARGE


def test_a_saved_outlook_message_without_files_is_itself_the_document(tmp_path):
    assert documents(upload(wrapped.saved_message({}), "bericht.msg", tmp_path)) == [("bericht.msg", "")]


# ---- S/MIME --------------------------------------------------------------------------------------


def test_a_detached_signature_is_checked_over_the_octets_as_they_came(tmp_path, anna):
    reading = read(HEAD + wrapped.signed(entity(), anna), tmp_path)
    (words,) = reading.message.signatures
    assert words.startswith("smime=pass; chain=not checked; ")
    assert "CN=anna" in words
    assert documents(reading) == [("paspoort.pdf", "")]
    assert not reading.message.defects


def test_a_trusted_authority_vouches_for_the_name_and_no_other_does(tmp_path, anna):
    mail = HEAD + wrapped.signed(entity(), anna)
    stranger = wrapped.person(tmp_path, "vreemde")
    for name, authority, chain in (("a", anna.authority, "trusted"), ("b", stranger.authority, "unknown")):
        folder = tmp_path / name
        folder.mkdir()
        (words,) = read(mail, folder, Keys(authorities=str(authority))).message.signatures
        assert words.startswith(f"smime=pass; chain={chain}; ")


def test_a_signed_mail_that_was_changed_afterwards_is_a_defect(tmp_path, anna):
    mail = HEAD + wrapped.signed(entity(), anna).replace(b"mijn paspoort", b"haar paspoort")
    message = read(mail, tmp_path).message
    assert message.signatures[0].startswith("smime=fail")
    assert "the signature does not fit the content" in message.defects


def test_what_is_inside_a_signed_envelope_counts_as_sent_bare(tmp_path, anna):
    reading = read(HEAD + wrapped.signed(entity(), anna, opaque=True), tmp_path)
    assert documents(reading) == [("paspoort.pdf", "")]
    assert reading.message.text == "Hierbij mijn paspoort."
    assert reading.message.from_address == "anna.voorbeeld@mail.example"
    assert reading.message.signatures[0].startswith("smime=pass")


def test_a_file_in_a_signed_envelope_is_the_document(tmp_path, anna):
    reading = upload(wrapped.signed_file(PDF, anna), "paspoort.pdf.p7m", tmp_path)
    assert documents(reading) == [("paspoort.pdf", "")]
    assert (tmp_path / "out" / "1").read_bytes() == PDF


def test_what_was_encrypted_to_us_is_opened_with_our_key_and_to_others_told_so(tmp_path, anna):
    mail = HEAD + wrapped.enveloped(entity(), anna)
    with_key, without = tmp_path / "with", tmp_path / "without"
    with_key.mkdir()
    without.mkdir()
    opened = read(mail, with_key, Keys(str(anna.certificate), str(anna.key)))
    assert documents(opened) == [("paspoort.pdf", "")]
    assert opened.message.text == "Hierbij mijn paspoort."
    assert documents(read(mail, without)) == [("smime.p7m", "encrypted")]


def test_a_signature_inside_what_was_encrypted_is_checked_too(tmp_path, anna):
    mail = HEAD + wrapped.enveloped(wrapped.signed(entity(), anna), anna)
    opened = read(mail, tmp_path, Keys(str(anna.certificate), str(anna.key)))
    assert opened.message.signatures[0].startswith("smime=pass")


# ---- PGP -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("armoured", [b"-----BEGIN PGP MESSAGE-----", b"\r\n-----BEGIN PGP MESSAGE-----\r\nVersion: 1"])
def test_a_pgp_message_in_the_text_is_an_encrypted_document(tmp_path, armoured):
    body = armoured + b"\r\n\r\n" + base64.b64encode(bytes(64)) + b"\r\n-----END PGP MESSAGE-----\r\n"
    reading = read(HEAD + b"\r\n" + body, tmp_path)
    assert documents(reading) == [("document-1.txt", "encrypted")]
