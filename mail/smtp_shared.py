"""What the connections of one SMTP listener share: its settings, its threads, and the count of who is there.

Rule 1: every limit the listener keeps has its name in `ListenerSettings`.
Rule 2: a limit that is reached is somebody's "later", never his "no".
Rule 3: where places are short, whoever holds most gives way; what was promised is never touched.
"""

import asyncio
import ipaddress
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from gateway.ports import Intake
from mail import codes
from mail.smtp_commits import Commits
from mail.smtp_places import Holder, Places
from mail.smtp_tls import Certificate
from mail.smtp_turns import Turns

MailLog = Callable[[str, Mapping[str, object]], None]
"""Takes the constant name of an event and its fields."""

_T = TypeVar("_T")

# A provider hands out no less than this to one customer (RFC 6177), who then has 2**64 addresses to come from.
_IPV6_CUSTOMER_BITS: Final = 64
# How old the knowledge of the free disk space may be: asking for each message would cost more than it tells.
_DISK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class ListenerSettings:
    """What the listener may be told.

    `addresses` are the designated ones; `name+anything@domain` belongs to `name@domain`, capitals make no
    difference. `max_message_bytes` counts the message as it is stored. `max_line_bytes` is for the lines of
    a message; RFC 5321 has 1000 octets there, but nobody is turned away for a long line. `max_refused_bytes`
    is how much of a message is read on that will be refused anyway. `max_errors` and `max_commands` are per
    connection, the latter starting anew with every message taken. An IPv6 "address" of
    `max_connections_per_address` is a /64. `max_in_flight` is how many messages may be between DATA and their
    reply, `max_accepting` how many of them can wait for their commit at the same time. `min_free_bytes` must
    be left on the disk that `storage` lies on, with room for what the client announces. `proxy_peers` are the
    addresses and networks whose PROXY header is believed. `reuse_port` lets several processes listen on one
    port.
    """

    hostname: str
    addresses: tuple[str, ...]
    portal_url: str
    max_message_bytes: int = 64 << 20
    max_recipients: int = 20
    max_line_bytes: int = 1 << 20
    max_command_bytes: int = 2048
    max_refused_bytes: int = 1 << 30
    idle_seconds: float = 120.0
    minimum_rate_bytes_per_second: float = 32.0
    max_connections: int = 500
    max_connections_per_address: int = 50
    max_in_flight: int = 250
    max_accepting: int = 64
    max_errors: int = 10
    max_commands: int = 250
    storage: Path | None = None
    min_free_bytes: int = 0
    tls: Certificate | None = None
    require_tls: bool = False
    proxy_peers: tuple[str, ...] = ()
    proxy_seconds: float = 5.0
    submission_mb: int = 30
    reuse_port: bool = False


class Connection(Holder, Protocol):
    """A connection as the listener sees it."""

    def shut_down(self) -> None:
        """End as soon as nobody was promised anything."""

    def cut_off(self) -> None:
        """End now."""


class Shared:
    """What the connections of one listener have in common."""

    def __init__(self, settings: ListenerSettings, intake: Intake, log: MailLog) -> None:
        self.settings = settings
        self.intake = intake
        self.log = log
        self.closing = False
        self.connections: set[Connection] = set()
        self.places = Places(settings.max_connections, settings.max_connections_per_address)
        self.in_flight = Places(settings.max_in_flight, settings.max_in_flight)
        self.turns = Turns(lambda: self.in_flight.taken)
        self.handlers: set[asyncio.Task[None]] = set()
        self.threads = ThreadPoolExecutor(settings.max_accepting, "smtp")
        self.commits = Commits(intake, self.in_thread)
        self._designated = frozenset(address.lower() for address in settings.addresses)
        # RFC 5321 section 4.5.1: who takes mail for a domain takes it for its postmaster.
        self._postmasters = {"postmaster", *(f"postmaster@{a.rpartition('@')[2]}" for a in self._designated)}
        self._replies: dict[str, str] = {}
        self._free_bytes = 0
        self._free_until = 0.0

    def takes(self, address: str) -> bool:
        """Whether mail to this address is taken: a designated one (Awb 2:15), or the postmaster's.

        What is after a `+` is not looked at. What comes for the postmaster is registered, and its sender shown
        the designated address (decision 0008).
        """
        local, at, domain = address.lower().rpartition("@")
        base = f"{local.partition('+')[0]}{at}{domain}"
        return base in self._designated or base in self._postmasters

    def admit(self, connection: Connection, peer: str) -> bool:
        """Count a new connection in; False when there are too many, in all or from this address."""
        self.connections.add(connection)
        return self.places.take(customer(peer), connection)

    def forget(self, connection: Connection, peer: str) -> None:
        """Count a connection out."""
        self.connections.discard(connection)
        self.places.leave(customer(peer), connection)

    def has_room(self, octets: int) -> bool:
        """Whether the disk has room for a message of this size; looked up once a second."""
        storage = self.settings.storage
        if storage is None:
            return True
        now = asyncio.get_running_loop().time()
        if now >= self._free_until:
            disk = os.statvfs(storage)
            self._free_bytes = disk.f_bavail * disk.f_frsize
            self._free_until = now + _DISK_SECONDS
        return self._free_bytes - octets >= self.settings.min_free_bytes

    def reply(self, name: str, **values: object) -> str:
        """The reply of that name in the words of this gateway (`mail.codes`); `values` are this reply's own."""
        known = self._replies.get(name)
        if known is None or values:
            settings = self.settings
            known = codes.smtp_reply(
                name,
                **{
                    "hostname": settings.hostname,
                    "address": settings.addresses[0],
                    "portal_url": settings.portal_url,
                    "submission_mb": settings.submission_mb,
                    **values,
                },
            )
            if not values:
                self._replies[name] = known
        return known

    def in_thread(self, work: Callable[..., _T], *arguments: object) -> asyncio.Future[_T]:
        """What `work` returns or raises, done in a thread."""
        return asyncio.get_running_loop().run_in_executor(self.threads, work, *arguments)

    def wait_for(self, handler: asyncio.Task[None]) -> None:
        """Have the end of the listener wait for this."""
        self.handlers.add(handler)
        handler.add_done_callback(self.handlers.discard)


def customer(peer: str) -> str:
    """Whom a peer counts for: an IPv4 address, or the /64 that an IPv6 address lies in."""
    if ":" not in peer:
        return peer
    address = ipaddress.IPv6Address(peer.partition("%")[0])
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, _IPV6_CUSTOMER_BITS), strict=False))
