"""The PROXY protocol, versions 1 and 2: who is the client behind a proxy that we were told to believe.

Rule 1: it is read only from configured peers; anybody else who sends it gets the reply to an unknown command.
Rule 2: a believed peer that does not send it, or sends it wrong or too slowly, is cut off: a client that could
be anybody must not pass for the proxy (specification section 2).
Rule 3: not one octet after the header is read here; what follows may be the start of TLS.
"""

import asyncio
import ipaddress
import re
import struct
from collections.abc import Callable, Sequence
from typing import Final, cast

_V1_START: Final = b"PROXY "
_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
_V1_MAX: Final = 107
# Addresses and a few extensions; the specification has senders stay below what one read can take.
_V2_MAX: Final = 16 + 2048
_V1_FAMILY: Final = {"TCP4": 4, "TCP6": 6}
_V2_FAMILY: Final = {0x11: (4, 12), 0x21: (6, 36)}
_PORT: Final = re.compile(r"0|[1-9][0-9]{0,4}")


class BadHeader(Exception):
    """What the proxy sent is not a PROXY header."""


class Peers:
    """The peers to believe: addresses and networks. Raises ValueError for what is neither."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, peer: str) -> bool:
        address = ipaddress.ip_address(peer.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def missing(header: bytes) -> int:
    """How many octets more may be read before this is looked at again; 0 when the header is complete.

    Raises BadHeader as soon as it cannot become one.
    """
    if len(header) < len(_V1_START):
        return len(_V1_START) - len(header)
    if header.startswith(_V1_START):
        if header.endswith(b"\r\n"):
            return 0
        if len(header) >= _V1_MAX:
            raise BadHeader
        return 1
    if not _SIGNATURE.startswith(header[: len(_SIGNATURE)]):
        raise BadHeader
    return _missing_of_v2(header)


def client(header: bytes) -> str | None:
    """The client's address in a complete header; None when the connection is the proxy's own. Raises BadHeader."""
    try:
        return _client_v2(header) if header.startswith(_SIGNATURE) else _client_v1(header[:-2].decode("ascii"))
    except ValueError:
        raise BadHeader from None


def _missing_of_v2(header: bytes) -> int:
    if len(header) < 16:  # noqa: PLR2004 - signature, command, family and length
        return 16 - len(header)
    total: int = 16 + struct.unpack_from("!H", header, 14)[0]
    if total > _V2_MAX:
        raise BadHeader
    return total - len(header)


def _client_v1(line: str) -> str | None:
    words = line.split(" ")
    if words[1] == "UNKNOWN":
        return None
    if len(words) != 6 or words[1] not in _V1_FAMILY:  # noqa: PLR2004 - PROXY TCP4 from to port port
        raise BadHeader
    source, _ = (_address(word, _V1_FAMILY[words[1]]) for word in words[2:4])
    if not all(_PORT.fullmatch(word) and int(word) <= 0xFFFF for word in words[4:]):  # noqa: PLR2004
        raise BadHeader
    return source


def _client_v2(header: bytes) -> str | None:
    version, command = header[12] >> 4, header[12] & 15
    if version != 2 or command not in {0, 1}:  # noqa: PLR2004
        raise BadHeader
    if command == 0 or header[13] not in _V2_FAMILY:
        # LOCAL is the proxy looking whether we live; of other families nothing is known but the connection.
        return None
    family, octets = _V2_FAMILY[header[13]]
    if len(header) < 16 + octets:
        raise BadHeader
    return _address(header[16:20] if family == 4 else header[16:32], family)  # noqa: PLR2004


def _address(given: str | bytes, version: int) -> str:
    if isinstance(given, str) and "%" in given:
        raise BadHeader
    address = ipaddress.ip_address(given)
    if address.version != version:
        raise BadHeader
    return str(address)


class ProxyHeader(asyncio.BufferedProtocol):
    """The start of a connection where `peers` are believed: finds out who the client is.

    Then the transport goes to the protocol that `serve` returns for the client's address (None: whoever
    connected). While the header is awaited this is in `waiting`.
    """

    def __init__(
        self,
        peers: Peers,
        serve: Callable[[str | None], asyncio.Protocol],
        waiting: set["ProxyHeader"],
        seconds: float,
    ) -> None:
        self._peers = peers
        self._serve = serve
        self._waiting = waiting
        self._seconds = seconds
        self._header = b""
        self._room = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        if transport.get_extra_info("peername")[0] not in self._peers:
            self._hand_over(None)
            return
        self._waiting.add(self)
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self.cut_off)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._done()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's signature
        self._room = bytearray(missing(self._header))
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        self._header += self._room[:nbytes]
        try:
            if not missing(self._header):
                self._hand_over(client(self._header))
        except BadHeader:
            self.cut_off()

    def cut_off(self) -> None:
        """End now, without a word: whoever this is, he is not the proxy."""
        assert self._transport is not None
        self._done()
        self._transport.abort()

    def _done(self) -> None:
        self._waiting.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def _hand_over(self, address: str | None) -> None:
        assert self._transport is not None
        self._done()
        protocol = self._serve(address)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
