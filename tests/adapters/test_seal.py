"""The organisation's seal on receipt.pdf: good for a validator of its own, and the PDF below it stays what it was."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from config.settings import BadConfiguration
from gateway import checks, paper, parts, receipts
from gateway.seal import Seal, SealError
from tests.support import dossier, storage
from tests.support.program import PROGRAM

NOW = datetime.now(UTC)
PEM = serialization.Encoding.PEM
MAKERS = {"rsa": lambda: rsa.generate_private_key(65537, 2048), "ec": lambda: ec.generate_private_key(ec.SECP256R1())}


class Authority:
    """A certificate authority with one intermediate, which issues seals."""

    def __init__(self):
        self.root_key, self.middle_key = MAKERS["ec"](), MAKERS["ec"]()
        self.root = certificate("Testwortel", self.root_key, "Testwortel", self.root_key, ca=True)
        self.middle = certificate("Testtussen", self.middle_key, "Testwortel", self.root_key, ca=True)

    def seal(self, directory, kind="rsa", **changes):
        """The paths of a certificate with its intermediate one, and of its key."""
        directory.mkdir()
        key = MAKERS[kind]()
        own = certificate("Voorbeelddienst", key, "Testtussen", self.middle_key, **changes)
        (directory / "seal.pem").write_bytes(own.public_bytes(PEM) + self.middle.public_bytes(PEM))
        raw = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (directory / "seal.key").write_bytes(raw)
        return directory / "seal.pem", directory / "seal.key"


def certificate(name, key, issuer, issuer_key, *, ca=False, days=30, signs=True):
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    usage |= {"digital_signature": signs and not ca, "content_commitment": signs and not ca, "decipher_only": False}
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=ca, crl_sign=ca, **usage), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def receipt():
    """A receipt as it is typeset, before the seal."""
    return paper.receipt_pdf(dossier.submission(), None, dossier.LOG, "nl")


def validated(sealed, authority, directory):
    (directory / "root.pem").write_bytes(authority.root.public_bytes(PEM))
    context = ValidationContext(trust_roots=[load_cert_from_pemder(directory / "root.pem")])
    (signature,) = PdfFileReader(BytesIO(sealed)).embedded_signatures
    return validate_pdf_signature(signature, signer_validation_context=context)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_seal_is_good_under_its_authority_and_covers_the_whole_file(authority, receipt, tmp_path, kind):
    certificates, key = (path.read_bytes() for path in authority.seal(tmp_path / "seal", kind))
    sealed = Seal(certificates, key).put_on(receipt, NOW)
    status = validated(sealed, authority, tmp_path)
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.signing_cert.subject.native["common_name"] == "Voorbeelddienst"
    spoiled = (
        sealed.replace(b"/Lang(nl)", b"/Lang(en)", 1) if b"/Lang(nl)" in sealed else sealed[:500] + b"x" + sealed[501:]
    )
    assert not validated(spoiled, authority, tmp_path).bottom_line


def test_what_was_typeset_keeps_its_tags_and_its_claims(authority, receipt, tmp_path):
    """Every byte before the seal is the same; the seal adds nothing to see, nor what PDF/A or PDF/UA forbids."""
    seal = Seal(*(path.read_bytes() for path in authority.seal(tmp_path / "seal")))
    sealed = seal.put_on(receipt, NOW)
    assert sealed.startswith(receipt)
    with pikepdf.open(BytesIO(receipt)) as before, pikepdf.open(BytesIO(sealed)) as after:
        assert after.pdf_version == before.pdf_version == "1.7"
        # Of the objects that were there only these are written anew, the page for its annotation; all others stay.
        anew = {int(number) for number in re.findall(rb"(\d+) 0 obj", sealed[len(receipt) :])}
        known = {each.objgen[0] for each in before.objects if isinstance(each, pikepdf.Object)}
        page, root = before.pages[0], before.Root
        assert anew & known == {each.objgen[0] for each in (page.obj, root, root.Metadata, before.docinfo)}
        assert set(after.Root.keys()) == {*root.keys(), "/AcroForm", "/Extensions"}
        assert set(after.pages[0].keys()) == {*page.keys(), "/Annots"}
        assert after.pages[0].Tabs == pikepdf.Name.S, "annotations are read in the order of the tags (PDF/UA-1, 7.18.3)"
        with before.open_metadata() as old, after.open_metadata() as new:
            for claim in ("pdfaid:part", "pdfaid:conformance", "pdfuaid:part", "dc:title", "dc:language"):
                assert new[claim] == old[claim]
            # PDF/A-2, 6.6.3: what stands in both places is the same in both.
            assert new["pdf:Producer"] == str(after.docinfo.Producer)
            assert new["xmp:ModifyDate"].replace("-", "").replace(":", "")[:15].replace("T", "") in str(
                after.docinfo.ModDate
            )
        (field,) = after.Root.AcroForm.Fields
        assert "/NeedAppearances" not in after.Root.AcroForm
        assert int(field.F) & 0b111 == 0b100, "printed, and neither hidden nor invisible (PDF/A-2, 6.3.2)"
        assert field.TU == "Zegel", "a name that can be read aloud (PDF/UA-1, 7.18.4)"
        left, bottom, right, top = map(int, field.Rect)
        assert (right - left, top - bottom) == (0, 0), "needs no appearance (PDF/A-2, 6.3.3)"
        assert right < 0, "outside the page, so it needs no tag (PDF/UA-1, 7.18.1)"


def test_an_expired_certificate_seals_nothing_and_loses_no_receipt(authority, receipt, tmp_path):
    seal = Seal(*(path.read_bytes() for path in authority.seal(tmp_path / "seal", days=3)))
    assert seal.problem(NOW) == ""
    assert "is good from" in seal.problem(NOW + timedelta(days=4))
    assert seal.put_on(receipt, NOW + timedelta(days=4)) == receipt
    assert seal.put_on(b"no PDF at all", NOW) == b"no PDF at all"


def test_what_is_no_seal_is_told_when_it_is_read(authority, tmp_path):
    certificates, key = (path.read_bytes() for path in authority.seal(tmp_path / "a"))
    _, other = (path.read_bytes() for path in authority.seal(tmp_path / "b"))
    wrong, its_key = (path.read_bytes() for path in authority.seal(tmp_path / "c", signs=False))
    for pair in ((certificates, other), (wrong, its_key), (key, certificates), (b"", key), (certificates, b"")):
        with pytest.raises(SealError):
            Seal(*pair)


def test_p12_a_seal_that_is_no_good_does_not_start_and_check_says_why(authority, tmp_path):
    good, key = authority.seal(tmp_path / "good")
    _, other = authority.seal(tmp_path / "other")
    old, old_key = authority.seal(tmp_path / "old", days=-1)
    for cert, its_key, said in (
        (good, other, "the key is not that"),
        (old, old_key, "is good from"),
        (key, key, "PEM"),
    ):
        table = {"seal_cert": str(cert), "seal_key": str(its_key)}
        settings = storage.settings(tmp_path / "data", receipts=table)
        (problem,) = [line for line in checks.problems(settings, "x", NOW.date()) if "receipts.seal_cert" in line]
        assert said in problem
        with pytest.raises(BadConfiguration):
            parts.check_seal(settings)
    config = tmp_path / "herstelpost.toml"
    config.write_text(
        f'data_dir = "{tmp_path}/data"\n[receipts]\nseal_cert = "{old}"\nseal_key = "{old_key}"\n', encoding="utf-8"
    )
    done = subprocess.run([PROGRAM, "--config", config, "run"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    assert "receipts.seal_cert" in done.stderr
    parts.check_seal(storage.settings(tmp_path / "data", receipts={"seal_cert": str(good), "seal_key": str(key)}))


def test_the_package_of_a_house_with_a_seal_is_sealed_and_checks_as_ever(authority, tmp_path, clamd_socket):
    cert, key = authority.seal(tmp_path / "seal")
    table = {"seal_cert": str(cert), "seal_key": str(key)}
    with storage.built(tmp_path / "house", clamd_socket, receipts=table) as house:
        request = storage.open_request(house.desk.requests)
        accepted = storage.hand_in_upload(house, request.kenmerk, {"1": dossier.pdf()})
        storage.walk_on(house)
        files = house.desk.receipt_files(accepted.number)
    assert validated(files[receipts.PDF], authority, tmp_path).bottom_line
    package = tmp_path / "package"
    package.mkdir()
    for name, content in files.items():
        (package / name).write_bytes(content)
    assert receipts.verify_package([package], [house.ledger.vkey]).ok
