"""Watches whether we can be reached: tries listener and portal as a sender would, and registers when they cannot.

Rule 1: a channel was out when nobody saw it working for longer than `gap_seconds`: whatever the reason, also when this
program did not run, so a restart finds the gap by itself. The outage begins when it was last seen working.
Rule 2: a channel that was never seen working is none of ours to watch.
Rule 3: the malware scanner does not count: without it we still receive.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from http.client import HTTPConnection
from typing import Final

from gateway.core.words import Channel
from gateway.outages import Outages
from gateway.ports import Clock

TIMEOUT_SECONDS: Final = 20
_OK: Final = 200
_TAKEN: Final = 250

Told = Callable[[str, Mapping[str, object]], None]


@dataclass(frozen=True)
class Listener:
    """Where to try the listener, and as whom. `starttls`: it takes mail only so. `proxied`: it wants a PROXY header."""

    address: str
    recipient: str
    sender: str
    starttls: bool
    proxied: bool


class Watch:
    """Tries each channel; safe to call from one process or from many."""

    def __init__(self, outages: Outages, clock: Clock, listener: Listener, portal: str, gap: timedelta) -> None:
        """`portal`: address:port of the pages."""
        self._outages = outages
        self._clock = clock
        self._gap = gap
        self._listener = listener
        self._portal = portal

    def look(self, told: Told) -> None:
        """Try all channels once; what was found out is registered, and told."""
        self._note(Channel.SMTP, lambda: try_listener(self._listener), told)
        self._note(Channel.PORTAL, lambda: try_portal(self._portal), told)

    def send(self, told: Told) -> None:
        """One message of our own through the listener, up to its 250; it is registered as automatic."""
        self._note(Channel.SMTP, lambda: try_listener(self._listener, synthetic(self._listener)), told)

    def _note(self, channel: Channel, attempt: Callable[[], None], told: Told) -> None:
        problem = ""
        try:
            attempt()
        except (OSError, smtplib.SMTPException) as error:
            problem = " ".join(str(error).split())[:200] or type(error).__name__
        outage = self._outages.seen(channel, self._clock.now(), works=not problem, gap=self._gap)
        if problem:
            told("channel_not_reached", {"channel": channel, "problem": problem})
        if outage is not None:
            told("outage_measured", {"channel": channel, "outage": outage.id})


def synthetic(listener: Listener) -> bytes:
    """A message that says what it is: automatic, so nobody answers it (RFC 3834)."""
    message = EmailMessage()
    message["From"], message["To"] = listener.sender, listener.recipient
    message["Subject"] = "Herstelpost: proefbericht"
    message["Auto-Submitted"] = "auto-generated"
    message["Message-ID"] = make_msgid(domain=listener.sender.rpartition("@")[2])
    message.set_content("Dit bericht stuurt Herstelpost zichzelf, om te meten of e-mail kan worden ontvangen.\n")
    return message.as_bytes().replace(b"\n", b"\r\n")


def try_listener(listener: Listener, message: bytes = b"") -> None:
    """A session up to the yes to the recipient, or with a message up to the yes to that.

    Raises OSError or SMTPException when there is no such yes.
    """
    host, _, port = _reachable(listener.address)
    smtp = smtplib.SMTP(timeout=TIMEOUT_SECONDS)
    smtp.sock = socket.create_connection((host, int(port)), TIMEOUT_SECONDS)
    try:
        if listener.proxied:
            smtp.sock.sendall(b"PROXY UNKNOWN\r\n")
        _expect(smtp.getreply(), 220)
        smtp.ehlo_or_helo_if_needed()
        if listener.starttls:
            # It is ourselves that we speak with: what counts is that somebody with TLS would get in.
            smtp.starttls(context=ssl._create_unverified_context())  # noqa: S323, SLF001
            smtp.ehlo()
        _expect(smtp.mail(""), _TAKEN)
        _expect(smtp.rcpt(listener.recipient), _TAKEN)
        if message:
            _expect(smtp.data(message), _TAKEN)
    finally:
        smtp.close()


def _expect(reply: tuple[int, bytes], code: int) -> None:
    if reply[0] != code:
        raise OSError(f"the listener says {reply[0]} {reply[1].decode('ascii', 'replace')}")


def try_portal(address: str) -> None:
    """Ask the portal whether it can take something in. Raises OSError when it cannot, or does not answer."""
    host, _, port = _reachable(address)
    connection = HTTPConnection(host, int(port), timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except Exception as error:
        raise OSError(str(error) or type(error).__name__) from error
    finally:
        connection.close()
    if status != _OK:
        raise OSError(f"the portal says {status}")


def _reachable(address: str) -> tuple[str, str, str]:
    """Host and port to connect to: who listens everywhere listens here."""
    host, colon, port = address.rpartition(":")
    return {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]")), colon, port  # noqa: S104
