"""Hands letters of the outbox to a smarthost, or keeps them as files when there is none.

Rule 1: never raises for what the peer says; what failed is told apart by whether trying again can help.
Rule 2: only an answer about this letter is permanent. A refused sign-in or a missing STARTTLS is our trouble.
Rule 3: an answer goes out with MAIL FROM:<>, so that its bounce never makes another letter (RFC 3834 section 3.3). Only
what we send of our own accord names a sender, to whom a delivery report comes back (RFC 3464).

An answer lost after the last byte counts as temporary: the letter is sent again, with the same Message-ID.
"""

import hashlib
import os
import re
import smtplib
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from gateway.durable import fsync_directory

_TIMEOUT_SECONDS: Final = 60
# Sign-in and encryption: RFC 4954 section 6, RFC 3207 section 4. They say nothing about the letter.
_OUR_TROUBLE: Final = frozenset({530, 534, 535, 538})
# The first digit of a reply (RFC 5321 section 4.2.1).
_YES: Final = 2
_NEVER: Final = 5


@dataclass(frozen=True)
class Delivery:
    """What became of one attempt; `reply` is the peer's last answer, for the record."""

    ok: bool
    permanent: bool
    reply: str


class Smarthost(Protocol):
    """How to reach the server that sends our letters on; `smarthost` is `host:port`, or empty for none."""

    @property
    def smarthost(self) -> str: ...
    @property
    def tls(self) -> Literal["none", "starttls", "implicit"]: ...
    @property
    def username(self) -> str: ...
    @property
    def password_file(self) -> str: ...


class Outbound:
    """Delivers one letter at a time, each over a connection of its own; safe to use from several threads."""

    def __init__(
        self, settings: Smarthost, directory: Path, *, helo: str = "localhost", trust: ssl.SSLContext | None = None
    ) -> None:
        """`directory` takes the letters when no smarthost is configured; `trust` replaces the system's roots."""
        self._settings = settings
        self._directory = directory
        self._helo = helo
        self._trust = trust or ssl.create_default_context()

    def deliver(self, key: str, letter: bytes, to: str, sender: str = "") -> Delivery:
        """Hand over one letter; `key` names it for ever, `sender` is the envelope's.

        `ok` only when the peer took responsibility, or the file would survive a power cut. Blocking.
        """
        if not self._settings.smarthost:
            return self._write(key, letter)
        try:
            return self._send(letter, to, sender)
        except (smtplib.SMTPException, OSError) as error:
            # Includes ssl.SSLError: a certificate that does not verify is never accepted, and may be repaired.
            return Delivery(ok=False, permanent=False, reply=_trouble(error))

    def forget(self, key: str) -> None:
        """The letter is not kept as a file any more, durably. Raises OSError."""
        if self._directory.exists():
            (self._directory / f"{_file_name(key)}.eml").unlink(missing_ok=True)
            fsync_directory(self._directory)

    # ---- smarthost ----

    def _send(self, letter: bytes, to: str, sender: str) -> Delivery:
        if not to.isascii() or not to.isprintable() or " " in to:
            return Delivery(ok=False, permanent=True, reply=f"not an address for SMTP: {to!a}")
        smtp = self._connect()
        try:
            self._sign_in(smtp)
            return _transaction(smtp, letter, to, sender)
        finally:
            _quit(smtp)

    def _connect(self) -> smtplib.SMTP:
        host, _, port = self._settings.smarthost.rpartition(":")
        host = host.strip("[]")
        if self._settings.tls == "implicit":
            return smtplib.SMTP_SSL(host, int(port), self._helo, timeout=_TIMEOUT_SECONDS, context=self._trust)
        return smtplib.SMTP(host, int(port), self._helo, timeout=_TIMEOUT_SECONDS)

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self._settings.tls == "starttls":
            smtp.starttls(context=self._trust)
            smtp.ehlo_or_helo_if_needed()
        if self._settings.username:
            password = Path(self._settings.password_file).read_text(encoding="utf-8").rstrip("\r\n")
            smtp.login(self._settings.username, password)

    # ---- files ----

    def _write(self, key: str, letter: bytes) -> Delivery:
        path = self._directory / f"{_file_name(key)}.eml"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            _write_durably(path, letter)
        except OSError as error:
            return Delivery(ok=False, permanent=False, reply=_trouble(error))
        return Delivery(ok=True, permanent=False, reply=f"kept as {path.name}")


def _transaction(smtp: smtplib.SMTP, letter: bytes, to: str, sender: str) -> Delivery:
    """One letter (RFC 5321 section 3.3); the first answer that is no yes ends it."""
    # By hand: `sendmail` forgets what the server said when it said yes, and that is where its queue ID is.
    for code, text in (smtp.mail(sender), smtp.rcpt(to)):
        if code // 100 != _YES:
            return _refused(code, text)
    try:
        code, text = smtp.data(letter)
    except smtplib.SMTPDataError as error:
        return _refused(error.smtp_code, error.smtp_error)
    return Delivery(ok=True, permanent=False, reply=_reply(code, text)) if code // 100 == _YES else _refused(code, text)


def _refused(code: int, text: bytes | str) -> Delivery:
    permanent = code // 100 == _NEVER and code not in _OUR_TROUBLE
    return Delivery(ok=False, permanent=permanent, reply=_reply(code, text))


def _reply(code: int, text: bytes | str) -> str:
    """The peer's answer on one line, bounded: it goes into the record of the letter."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(f"{code} {words}".split())[:500]


def _trouble(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, error.smtp_error)
    return " ".join(f"{type(error).__name__}: {error}".split())[:500]


def _quit(smtp: smtplib.SMTP) -> None:
    """Say goodbye; what the letter was told stands, whatever happens to the connection now."""
    try:
        smtp.quit()
    except (smtplib.SMTPException, OSError):
        smtp.close()


def _file_name(key: str) -> str:
    """A name for the key that no other key has and every file system takes."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", key):
        return key
    return f"{re.sub(r'[^A-Za-z0-9_]+', '_', key)[:60]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _write_durably(path: Path, content: bytes) -> None:
    """All of it under its name on stable storage, or OSError; never a part of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    fsync_directory(path.parent)
