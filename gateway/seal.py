"""The organisation's seal on a PDF: an invisible PAdES signature (ETSI EN 319 142-1, baseline B).

Rule 1: the seal is added behind the file: not one byte of what was typeset changes, and what the PDF claims of tags
        and archiving (PDF/UA, PDF/A) stays true.
Rule 2: a certificate or key that is no good is told at the start (P12); when it goes bad later, receipts go unsealed.
"""

import logging
from datetime import datetime
from io import BytesIO
from typing import Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

_log = logging.getLogger(__name__)

FIELD: Final = fields.SigFieldSpec(
    "Zegel",
    # An annotation that is printed and lies outside the page: PDF/A asks for the one, PDF/UA passes over the other.
    invis_sig_settings=fields.InvisSigSettings(set_print_flag=True, box_out_of_bounds=True),
    readable_field_name="Zegel",
)
_DER: Final = serialization.Encoding.DER


class SealError(Exception):
    """The certificate or key cannot be used."""


class _Writer(IncrementalPdfFileWriter):
    """Leaves the version of the file as it is: PDF/A-2 is PDF 1.7, and the library would make it 2.0."""

    output_version = (1, 7)


class Seal:
    """The organisation's certificate and key. Safe to use from many threads."""

    def __init__(self, certificates: bytes, key: bytes) -> None:
        """Both PEM, the organisation's own certificate before intermediate ones. SealError if they are no seal."""
        try:
            own, *others = x509.load_pem_x509_certificates(certificates)
            private = serialization.load_pem_private_key(key, password=None)
            usages = [each.value for each in own.extensions if isinstance(each.value, x509.KeyUsage)]
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise SealError(f"no certificate and key in PEM that can be used: {error}") from error
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        if own.public_key().public_bytes(_DER, spki) != private.public_key().public_bytes(_DER, spki):
            raise SealError("the key is not that of the first certificate")
        if not all(usage.digital_signature or usage.content_commitment for usage in usages):
            raise SealError("the first certificate is not meant for signing (its key usage)")
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        store.register_multiple([_asn1(certificate) for certificate in others])
        pkcs8 = private.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self._own = own
        self._signer = signers.SimpleSigner(_asn1(own), asn1_keys.PrivateKeyInfo.load(pkcs8), store)

    def problem(self, now: datetime) -> str:
        """Why it cannot be put at this moment; empty when it can."""
        if self._own.not_valid_before_utc <= now <= self._own.not_valid_after_utc:
            return ""
        return f"the certificate is good from {self._own.not_valid_before_utc} to {self._own.not_valid_after_utc}"

    def put_on(self, pdf: bytes, now: datetime) -> bytes:
        """The PDF with the seal; without it when it cannot be put: no receipt is lost for that."""
        if problem := self.problem(now):
            _log.error("a receipt goes without seal: %s", problem)
            return pdf
        try:
            writer = _Writer(BytesIO(pdf))
            metadata = signers.PdfSignatureMetadata(
                field_name=FIELD.sig_field_name, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
            )
            sealed = signers.PdfSigner(metadata, self._signer, new_field_spec=FIELD).sign_pdf(writer)
        except Exception:  # noqa: BLE001  # an edge: a library's many kinds of trouble
            _log.exception("a receipt goes without seal")
            return pdf
        return bytes(sealed.getbuffer())


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(_DER))
