"""DNS for the checks of a sender: answers, nothing, or trouble that says nothing about the sender.

Rule 1: a name that does not exist and one that cannot be written both have no records; every other trouble is
`Temporary`, never an empty answer: silence must not look like "no policy".
Rule 2: all questions together end before the deadline, and no single one may use up the time of the others.
"""

import ipaddress
import time
from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.name
import dns.nameserver
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY import MX, PTR, TXT
from dns.rdtypes.IN import AAAA, A

_SHARE: Final = 3
_RETRY_SECONDS: Final = 2.0


class Temporary(Exception):
    """No answer now; asking later may help."""


class Resolver:
    """Asks recursive resolvers, each question once. `servers`: `address:port`; none: those of this machine."""

    def __init__(self, servers: Sequence[str], seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._longest = seconds / _SHARE
        self._servers = servers
        self._resolver: dns.resolver.Resolver | None = None
        self._known: dict[tuple[str, str], tuple[str | bytes, ...] | Temporary] = {}

    def texts(self, name: str) -> tuple[bytes, ...]:
        """The TXT records of a name, the strings of each joined (RFC 7208 section 3.3). Raises Temporary."""
        return tuple(text for text in self._records(name, "TXT") if isinstance(text, bytes))

    def values(self, name: str, kind: str) -> tuple[str, ...]:
        """The addresses (A, AAAA) or the names, without the last dot (MX, PTR), of a name. Raises Temporary."""
        return tuple(value for value in self._records(name, kind) if isinstance(value, str))

    def _records(self, name: str, kind: str) -> tuple[str | bytes, ...]:
        asked = (name.casefold(), kind)
        if asked not in self._known:
            try:
                self._known[asked] = self._ask(name, kind)
            except Temporary as error:
                self._known[asked] = error
        known = self._known[asked]
        if isinstance(known, Temporary):
            raise known
        return known

    def _ask(self, name: str, kind: str) -> tuple[str | bytes, ...]:
        written = _written(name)
        left = self._until - time.monotonic()
        if written is None:
            return ()
        if left <= 0:
            raise Temporary("no time left for DNS")
        try:
            answer = self._upstream().resolve(
                written, kind, search=False, raise_on_no_answer=False, lifetime=min(left, self._longest)
            )
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise Temporary(f"DNS: {type(error).__name__}") from error
        return tuple(_value(record) for record in answer.rrset or ())

    def _upstream(self) -> dns.resolver.Resolver:
        """Made when first needed: a machine without resolvers is trouble of ours, and so Temporary."""
        if self._resolver is None:
            self._resolver = dns.resolver.Resolver(configure=not self._servers)
            self._resolver.timeout = _RETRY_SECONDS
            if self._servers:
                self._resolver.nameservers = [_server(address) for address in self._servers]
        return self._resolver


def reverse(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The name under which the names of an address are published."""
    return address.reverse_pointer


def _server(address: str) -> dns.nameserver.Nameserver:
    host, _, port = address.rpartition(":")
    return dns.nameserver.Do53Nameserver(host.strip("[]"), int(port))


def _written(name: str) -> dns.name.Name | None:
    """The name on the wire, or None when there can be no such name.

    Not by `from_text` alone: what a sender wrote may hold backslashes, which are no escapes here.
    """
    try:
        if name.isascii():
            return dns.name.Name([*name.removesuffix(".").encode().split(b"."), b""])
        return dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError):
        return None


def _value(record: dns.rdata.Rdata) -> str | bytes:
    match record:
        case TXT.TXT():
            return b"".join(record.strings)
        case A.A() | AAAA.AAAA():
            return str(record.address)
        case MX.MX():
            return str(record.exchange).rstrip(".")
        case PTR.PTR():
            return str(record.target).rstrip(".")
        case _:
            raise AssertionError("not a type that we ask for")
