"""TLS of the SMTP listener: which versions and ciphers, and certificates that are renewed while it runs."""

import logging
import ssl
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

# Forward secrecy and authenticated encryption only, as in the TLS guidelines of the NCSC; TLS 1.3 has no others.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"

_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """A certificate and its key, PEM, read again when one of the files has changed.

    Raises OSError or ssl.SSLError when made of files that cannot be used. A change to files that cannot be
    used is logged once, and the certificate in use stays: a renewal that goes wrong turns nobody away.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen = self._stamp()
        self._context = _context(certificate, key)

    def context(self) -> ssl.SSLContext:
        """What the next handshake is to use; never raises. It costs two looks at the file system."""
        try:
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen = stamp
                self._context = _context(*self._files)
                _log.info("the SMTP certificate was renewed")
        except OSError as error:  # ssl.SSLError is one
            if self._seen:
                _log.error("the new SMTP certificate cannot be used, the old one stays: %s", error)
        return self._context

    def _stamp(self) -> _Stamp:
        return tuple((seen.st_mtime_ns, seen.st_size, seen.st_ino) for seen in map(Path.stat, self._files))


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    # A client that makes us shake hands over and over works us to death (CVE-2011-1473).
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key)
    return context
