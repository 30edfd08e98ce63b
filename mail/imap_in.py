"""Polls one IMAP mailbox and hands its messages in, byte for byte.

Rule 1: a message is marked or moved only after `accept` returned (P1); flags are never read, so that no other
client can hide a message from us.
Rule 2: a message is known by host, mailbox, UIDVALIDITY and UID. When UIDVALIDITY changes, all is taken in again
under new names, and the walk finds the repeats by their content.
Rule 3: the moment of receipt is INTERNALDATE: the supplier's system is the designated one (Awb 2:20).
Rule 4: one message that cannot be taken never blocks the others; it is tried last, until it can be.

KNOWN GAP: a mailbox with over 100,000 messages that were never fetched gives a longer list of UIDs than imaplib
takes in one line.
"""

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol, cast

import httpx2
from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError, ProtocolError

from gateway.core.errors import Refused, TryLater, WrongState
from gateway.core.model import Arrival, Envelope, RefusedAttempt
from gateway.core.names import mailbox_key
from gateway.core.words import Channel, Reason
from gateway.ports import Incoming, Intake
from mail import headers

PART_BYTES: Final = 1 << 20
KEYWORD: Final = b"$Herstelpost"
_HEADER_BYTES: Final = 256 * 1024
_TIMEOUT: Final = SocketTimeout(connect=15, read=60)
_TOKEN_SECONDS: Final = 30

MailLog = Callable[[str, Mapping[str, object]], None]


class Oauth2(Protocol):
    """Where an access token is had for our own credentials (RFC 6749 section 4.4)."""

    @property
    def token_url(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def client_secret_file(self) -> str: ...
    @property
    def scope(self) -> str: ...


class Account(Protocol):
    """One mailbox and how to open it; `after` is `flag`, `move:FOLDER` or `leave`."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> Literal["implicit", "starttls", "none"]: ...
    @property
    def tls_ca(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password_file(self) -> str: ...
    @property
    def oauth2(self) -> Oauth2 | None: ...
    @property
    def mailbox(self) -> str: ...
    @property
    def after(self) -> str: ...


class Cursor(Protocol):
    """How far each mailbox was read, on stable storage."""

    def last(self, mailbox: str) -> tuple[int, int] | None:
        """UIDVALIDITY, and the UID up to which everything was taken in; None for a mailbox never read."""

    def advance(self, mailbox: str, uidvalidity: int, uid: int) -> None:
        """Everything up to `uid` was taken in. Losing this costs fetching again, nothing more."""


class Mailbox:
    """One mailbox. Not for use from two threads at once; each poll has a connection of its own."""

    def __init__(
        self, account: Account, intake: Intake, cursor: Cursor, log: MailLog, *, max_bytes: int = 1 << 30
    ) -> None:
        """`max_bytes`: a larger message is registered as a refused attempt, and stays where it is."""
        self._account = account
        self._intake = intake
        self._cursor = cursor
        self._log = log
        self._max_bytes = max_bytes
        self._uidvalidity = 0
        self._may_keyword = False
        self._taken: set[int] = set()  # beyond the cursor, because one before them is in trouble
        self._troubled: set[int] = set()

    @property
    def key(self) -> str:
        """The name of the mailbox, for the cursor and as the beginning of every `source`."""
        account = self._account
        return mailbox_key(account.host, account.port, account.username, account.mailbox)

    def poll(self) -> int:
        """Take in what is new; returns how many messages were accepted.

        Raises TryLater when the server could not be reached, refused the sign-in, or went away; what was
        accepted by then stays accepted. A single message in trouble raises nothing: it is logged, and tried
        again by the next poll, after the others.
        """
        accepted = 0
        with self._session() as client:
            new = self._new(client)
            pending = [uid for uid in new if uid not in self._taken]
            for uid in sorted(pending, key=lambda uid: (uid in self._troubled, uid)):
                # In trouble until shown otherwise: whatever breaks here, next time the others go first.
                self._troubled.add(uid)
                accepted += self._attempt(client, uid)
                self._advance(new)
        self._log("imap_polled", {"mailbox": self.key, "accepted": accepted, "waiting": len(self._troubled)})
        return accepted

    @property
    def emptied(self) -> bool:
        """Whether the last poll left nothing behind."""
        return not self._troubled

    def check(self) -> None:
        """Sign in and look at the mailbox, nothing more. Raises TryLater, which says what is wrong."""
        with self._session() as client:
            client.select_folder(self._account.mailbox, readonly=True)

    # ---- connection ----

    @contextmanager
    def _session(self) -> Iterator[IMAPClient]:
        """A signed-in client. Everything that is wrong with the connection becomes TryLater."""
        account = self._account
        implicit = account.tls == "implicit"
        try:
            trust = None if account.tls == "none" else ssl.create_default_context(cafile=account.tls_ca or None)
            with IMAPClient(account.host, account.port, ssl=implicit, ssl_context=trust, timeout=_TIMEOUT) as client:
                # Otherwise INTERNALDATE comes in the local time of this machine, without saying so.
                client.normalise_times = False
                if account.tls == "starttls":
                    client.starttls(trust)
                self._sign_in(client)
                yield client
        except LoginError as error:
            raise TryLater(
                f"{self.key}: the server refuses the sign-in; check username and password_file or oauth2: {error}"
            ) from error
        except ssl.SSLCertVerificationError as error:
            raise TryLater(f"{self.key}: the server's certificate is not trusted; check tls_ca: {error}") from error
        except (imaplib.IMAP4.error, OSError) as error:
            raise TryLater(f"{self.key}: {type(error).__name__}: {error}") from error

    def _sign_in(self, client: IMAPClient) -> None:
        account = self._account
        if account.oauth2:
            client.oauth2_login(account.username, access_token(account.oauth2))
        else:
            client.login(account.username, _secret(account.password_file))

    # ---- which messages ----

    def _new(self, client: IMAPClient) -> list[int]:
        """The UIDs beyond the cursor, ascending; some may have been taken in already."""
        selected = client.select_folder(self._account.mailbox, readonly=self._account.after == "leave")
        self._may_keyword = bool({b"\\*", KEYWORD} & set(selected.get(b"PERMANENTFLAGS", ())))
        self._begin(int(selected[b"UIDVALIDITY"]))
        first = self._last() + 1
        # RFC 9051 section 6.4.4.1: `n:*` always holds the last message, also when its UID is below n.
        found = sorted(uid for uid in client.search(["UID", f"{first}:*"]) if uid >= first)
        self._taken.intersection_update(found)
        self._troubled.intersection_update(found)
        if found and self._folder and not client.folder_exists(self._folder):
            client.create_folder(self._folder)
        return found

    def _begin(self, uidvalidity: int) -> None:
        if uidvalidity == self._uidvalidity:
            return
        self._uidvalidity = uidvalidity
        self._taken.clear()
        self._troubled.clear()
        known = self._cursor.last(self.key)
        if known and known[0] != uidvalidity:
            self._log("imap_renumbered", {"mailbox": self.key, "was": known[0], "is": uidvalidity})

    def _last(self) -> int:
        known = self._cursor.last(self.key)
        return known[1] if known and known[0] == self._uidvalidity else 0

    def _advance(self, new: list[int]) -> None:
        """Move the cursor over everything before the first message in trouble; take it off `new`."""
        reached = None
        while new and new[0] in self._taken:
            reached = new.pop(0)
            self._taken.discard(reached)
        if reached is not None:
            self._cursor.advance(self.key, self._uidvalidity, reached)

    # ---- one message ----

    def _attempt(self, client: IMAPClient, uid: int) -> bool:
        """Whether the message was accepted; in trouble it stays in `_troubled`, and nothing is marked."""
        try:
            accepted = self._take(client, uid)
        except (imaplib.IMAP4.abort, ProtocolError):
            raise
        except (TryLater, Refused, WrongState, imaplib.IMAP4.error) as error:
            self._log("imap_trouble", {"mailbox": self.key, "uid": uid, "error": str(error)})
            return False
        self._taken.add(uid)
        self._troubled.discard(uid)
        return accepted

    def _take(self, client: IMAPClient, uid: int) -> bool:
        known = client.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
        if known is None:
            return self._gone(client, uid)
        received_at = _utc(known[b"INTERNALDATE"])
        if known[b"RFC822.SIZE"] > self._max_bytes:
            self._register_too_large(uid, known[b"RFC822.SIZE"], received_at)
            return False
        spool = self._intake.spool()
        try:
            envelope = self._spool(client, uid, spool, known[b"RFC822.SIZE"])
            source = f"{self.key}:{self._uidvalidity}:{uid}"
            stored = spool.journalled() or spool.keep()
            self._intake.accept(Arrival(Channel.IMAP, received_at, (stored,), source, envelope))
        finally:
            spool.drop()
        self._mark(client, uid)
        return True

    def _spool(self, client: IMAPClient, uid: int, spool: Incoming, announced: int) -> Envelope:
        """All bytes of the message, part by part: a whole one would fill the memory several times over."""
        start = b""
        while True:
            part = _part(client, uid, spool.size)
            spool.write(part)
            start += part[: _HEADER_BYTES - len(start)]
            # Until a short part, and not for RFC822.SIZE bytes: Exchange only estimates that.
            if len(part) < PART_BYTES:
                break
        if spool.size != announced:
            values = {"mailbox": self.key, "uid": uid, "announced": announced, "bytes": spool.size}
            self._log("imap_size_differs", values)
        return envelope_in(start)

    def _gone(self, client: IMAPClient, uid: int) -> bool:
        """Somebody else removed it: nothing to take. A message that is merely not shown stays in trouble."""
        if uid in client.search(["UID", str(uid)]):
            raise TryLater("the server lists the message and does not give it")
        self._log("imap_gone", {"mailbox": self.key, "uid": uid})
        return False

    def _register_too_large(self, uid: int, size: int, received_at: datetime) -> None:
        self._intake.register(
            RefusedAttempt(Channel.IMAP, received_at, Reason.TOO_LARGE, self._account.username, bytes=size)
        )
        self._log("imap_too_large", {"mailbox": self.key, "uid": uid, "bytes": size})

    # ---- afterwards ----

    @property
    def _folder(self) -> str:
        return self._account.after.removeprefix("move:") if self._account.after.startswith("move:") else ""

    def _mark(self, client: IMAPClient, uid: int) -> None:
        """For the people who look at the mailbox; we never look. A refusal of it changes nothing for us."""
        try:
            if self._folder:
                client.move([uid], self._folder)
            elif self._account.after == "flag":
                client.add_flags([uid], [b"\\Seen", *([KEYWORD] if self._may_keyword else [])], silent=True)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            self._log("imap_not_marked", {"mailbox": self.key, "uid": uid, "error": str(error)})


def _part(client: IMAPClient, uid: int, offset: int) -> bytes:
    """The next bytes of a message, fewer than asked for only at its end (RFC 9051 section 6.4.5)."""
    given = client.fetch([uid], [f"BODY.PEEK[]<{offset}.{PART_BYTES}>"]).get(uid, {})
    key = b"BODY[]<%d>" % offset
    if key not in given:
        raise TryLater(f"the server does not give the message from byte {offset} on")
    return given[key] or b""


def _utc(internaldate: datetime | None) -> datetime:
    """INTERNALDATE as an instant. Raises TryLater when the server gives none: guessing would be against somebody."""
    if internaldate is None:
        raise TryLater("the server gives no readable INTERNALDATE")
    return internaldate.replace(tzinfo=internaldate.tzinfo or UTC).astimezone(UTC)


def envelope_in(start: bytes) -> Envelope:
    """What the supplier kept of the envelope: the last hop's Return-Path, Delivered-To and X-Original-To.

    `start` holds the header block. Evidence like every header, no more (RFC 5321 section 4.4).
    """
    parsed = headers.parse(start, whole=True, first=True)
    found = parsed[0] if parsed else headers.Headers()
    named = (*found.all("x-original-to"), *found.all("delivered-to"))
    recipients = dict.fromkeys(address for value in named if (address := _address(value)))
    return Envelope(mail_from=_address(found.first("return-path")), recipients=tuple(recipients))


def _address(value: str) -> str:
    bare = value.strip().removeprefix("<").removesuffix(">")
    return bare if re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", bare) else ""


# ---- secrets -------------------------------------------------------------------------------------


def _secret(path: str) -> str:
    """The content of a secret's file, without line end. Raises OSError, which names the file."""
    return Path(path).read_text(encoding="utf-8").rstrip("\r\n")


def access_token(oauth2: Oauth2) -> str:
    """A fresh access token (RFC 6749 section 4.4). Raises TryLater; its text holds no secret."""
    form = {
        "grant_type": "client_credentials",
        "client_id": oauth2.client_id,
        "client_secret": _secret(oauth2.client_secret_file),
        **({"scope": oauth2.scope} if oauth2.scope else {}),
    }
    try:
        answer = httpx2.post(oauth2.token_url, data=form, timeout=_TOKEN_SECONDS)
        answer.raise_for_status()
        token = cast("dict[str, Any]", answer.json())["access_token"]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise TryLater(f"{oauth2.token_url}: gives no access token: {type(error).__name__}: {error}") from error
    return str(token)
