"""Time stamps of an independent authority (RFC 3161): asking for one, and checking one offline.

Rule 1: what is stamped is the text of a checkpoint, so cosignatures that come later leave the stamp as good.
Rule 2: the answer is kept as it came; what our library cannot read, `openssl ts` may (some authorities sort their
        certificates in their own way).
Rule 3: a stamp counts only under a root certificate that somebody gave us.
"""

import hashlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import rfc3161_client as rfc3161
from cryptography import x509

from gateway.core.errors import TryLater

TIMEOUT_SECONDS: Final = 10.0
OPENSSL_SECONDS: Final = 20.0
MAX_STAMP_BYTES: Final = 1 << 18
_OK: Final = 200
_TYPE: Final = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
_TIME: Final = re.compile(r"^Time stamp: (\w{3} [ \d]\d \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT$", re.MULTILINE)
_IMPRINT: Final = re.compile(r"^Hash Algorithm: (\w+)\nMessage data:\n((?:    [0-9a-f]{4} - .*\n)+)", re.MULTILINE)
_HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_SIGNED_BY: Final = re.compile(r"^TSA: .*?CN ?= ?([^,/\n]+)", re.MULTILINE)


class BadStamp(ValueError):
    """The time stamp is not one, is of something else, or nobody we know vouches for it."""


class Stamp(NamedTuple):
    """When an authority saw something, and the name in its certificate, as far as that is told."""

    at: datetime
    by: str


def ask(url: str, text: str, roots: bytes) -> bytes:
    """An authority's answer for a text, checked under these root certificates (PEM), as it came.

    Raises TryLater when it cannot be had now, BadStamp when the answer is not good.
    """
    import httpx2  # noqa: PLC0415  # loaded when it is needed: each command would wait for it

    request = rfc3161.TimestampRequestBuilder().data(text.encode()).nonce(nonce=True).cert_request(cert_request=True)
    body = b""
    try:
        with httpx2.stream(
            "POST", url, content=request.build().as_bytes(), headers=_TYPE, timeout=TIMEOUT_SECONDS
        ) as answer:
            for block in answer.iter_bytes():
                body += block
                if len(body) > MAX_STAMP_BYTES:
                    raise TryLater(f"{url} answers too much")
            if answer.status_code != _OK:
                raise TryLater(f"{url} answers {answer.status_code}")
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise TryLater(f"{url} cannot be asked: {type(error).__name__} {error}") from error
    check(body, text, roots)
    return body


def check(stamp: bytes, text: str, roots: bytes) -> Stamp:
    """What the stamp says of this text. Raises BadStamp unless it is good under these root certificates (PEM)."""
    try:
        read = rfc3161.decode_timestamp_response(stamp)
    except ValueError:
        return _by_openssl(stamp, text, roots)
    try:
        builder = rfc3161.VerifierBuilder()
        for certificate in x509.load_pem_x509_certificates(roots):
            if certificate.issuer == certificate.subject:
                builder = builder.add_root_certificate(certificate)
            else:
                builder = builder.add_intermediate_certificate(certificate)
        builder.build().verify_message(read, text.encode())
    except (rfc3161.VerificationError, ValueError) as error:
        raise BadStamp(f"the time stamp is not good: {error}") from error
    return Stamp(read.tst_info.gen_time.astimezone(UTC), _signer(read))


def claimed(stamp: bytes, text: str) -> Stamp:
    """What the stamp says of this text; whether it is genuine is not looked at.

    Raises BadStamp when it is of something else, or no time stamp.
    """
    try:
        read = rfc3161.decode_timestamp_response(stamp)
    except ValueError:
        return _claimed_by_openssl(stamp, text)
    imprint = read.tst_info.message_imprint
    _compare(_HASHES.get(imprint.hash_algorithm.dotted_string, ""), imprint.message, text)
    return Stamp(read.tst_info.gen_time.astimezone(UTC), _signer(read))


def _compare(algorithm: str, imprint: bytes, text: str) -> None:
    if algorithm not in _HASHES.values() or hashlib.new(algorithm, text.encode()).digest() != imprint:
        raise BadStamp("the time stamp is of something else")


def _signer(read: rfc3161.TimeStampResponse) -> str:
    """The name in the certificate that came with the stamp, if one did."""
    for raw in read.signed_data.certificates:
        subject = x509.load_der_x509_certificate(raw).subject
        names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return str(names[0].value) if names else subject.rfc4514_string()
    return ""


def _by_openssl(stamp: bytes, text: str, roots: bytes) -> Stamp:
    """The same with `openssl ts`; the certificates have to have been good at the time that the stamp says."""
    with _files(stamp=stamp, text=text.encode(), roots=roots) as directory:
        told = _token(directory)
        read = _told(told)
        certificates = ("-CAfile", directory / "roots", "-attime", str(int(read.at.timestamp())))
        _openssl("-verify", "-in", directory / "stamp", "-data", directory / "text", *certificates)
    return read


def _claimed_by_openssl(stamp: bytes, text: str) -> Stamp:
    with _files(stamp=stamp) as directory:
        told = _token(directory)
    found = _IMPRINT.search(told)
    if found is None:
        raise BadStamp("the time stamp is not one")
    shown = "".join(line[11:58] for line in found[2].splitlines())
    _compare(found[1], bytes.fromhex(re.sub("[^0-9a-f]", "", shown)), text)
    return _told(told)


@contextmanager
def _files(**content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="herstelpost-tsr-") as name:
        directory = Path(name)
        for part, value in content.items():
            (directory / part).write_bytes(value)
        yield directory


def _token(directory: Path) -> str:
    """What openssl reads in the token alone: the text of the answer around it is not signed, and may say anything."""
    _openssl("-reply", "-in", directory / "stamp", "-token_out", "-out", directory / "token")
    return _openssl("-reply", "-in", directory / "token", "-token_in", "-text")


def _told(token: str) -> Stamp:
    found = _TIME.search(token)
    if found is None:
        raise BadStamp("the time stamp is not one")
    named = _SIGNED_BY.search(token)
    at = datetime.strptime(f"{found[1]} {found[2]} +0000", "%b %d %H:%M:%S %Y %z")
    return Stamp(at, named[1].strip() if named else "")


def _openssl(*words: str | Path) -> str:
    try:
        done = subprocess.run(
            ["openssl", "ts", *words],  # noqa: S607  # the system's own
            capture_output=True,
            check=False,
            timeout=OPENSSL_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadStamp(f"the time stamp can be read by openssl only, and that does not run: {error}") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines() or ["-"]
        raise BadStamp(f"the time stamp is not good: openssl says {lines[-1]}")
    return done.stdout.decode(errors="replace")
