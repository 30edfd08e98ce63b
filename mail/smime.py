"""S/MIME (RFC 8551): signatures checked from the raw octets, envelopes opened; by OpenSSL, in the reading child.

Rule 1: a signature is evidence about who wrote the bytes, never a ground to file them.
Rule 2: what was not checked is not called right: the words name each thing that was looked at.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SHOWN: Final = ("-subject", "-issuer", "-serial", "-fingerprint", "-sha256", "-nameopt", "RFC2253,utf8,-esc_msb")
_MAX_WORDS: Final = 1000


@dataclass(frozen=True)
class Keys:
    """Paths (PEM), whole ones. `certificate` and `key` open what was encrypted to us."""

    certificate: str = ""
    key: str = ""
    authorities: str = ""


def unsigned(raw: Path, form: str, inside: Path, keys: Keys) -> str | None:
    """Write what a signed envelope holds to `inside`; return the words of its signature (see `_words`).

    `form`: `DER` for an opaque envelope, `SMIME` for a multipart/signed entity with its Content-Type header. None:
    it is no signed envelope that OpenSSL can read; then `inside` may hold anything.
    """
    signer = inside.with_name("signer.pem")
    read = ("-verify", "-inform", form, "-in", str(raw), "-out", str(inside), "-signer", str(signer))
    if keys.authorities:
        if _done(*read, "-purpose", "any", "-CAfile", keys.authorities):
            return _words("pass", "trusted", signer)
        chain = "unknown"
    else:
        chain = "not checked"
    if _done(*read, "-noverify"):
        return _words("pass", chain, signer)
    if _done(*read, "-noverify", "-nosigs"):
        return _words("fail", chain, signer)
    return None


def decrypted(raw: Path, inside: Path, keys: Keys) -> bool:
    """Write what an enveloped message (DER) holds to `inside`; whether our key opened it."""
    if not (keys.certificate and keys.key):
        return False
    job = ("-decrypt", "-inform", "DER", "-in", str(raw), "-out", str(inside))
    return _done(*job, "-recip", keys.certificate, "-inkey", keys.key)


def failed(words: str) -> bool:
    """Whether the words of a signature say that the bytes are not what was signed."""
    return words.startswith("smime=fail")


def _words(result: str, chain: str, signer: Path) -> str:
    """For the record: `smime=pass|fail`, the chain (`trusted`, `unknown`, `not checked`), the signer's certificate."""
    shown = _openssl("x509", "-in", str(signer), "-noout", *_SHOWN)
    lines = shown.stdout.decode("utf-8", "replace").splitlines()
    return "; ".join((f"smime={result}", f"chain={chain}", *lines))[:_MAX_WORDS]


def _done(*words: str) -> bool:
    return _openssl("cms", *words).returncode == 0


def _openssl(*words: str) -> subprocess.CompletedProcess[bytes]:
    # The child has no PATH of ours: the system's own directories are searched.
    return subprocess.run(["openssl", *words], stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S607
