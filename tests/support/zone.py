"""A DNS server for tests: a real one on the loopback, by UDP and TCP, with the records it is given."""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = Mapping[str, Mapping[str, Sequence[str]]]

SILENT = "SILENT"
BROKEN = "BROKEN"
_LARGEST_DATAGRAM = 512


@dataclass
class Server:
    """A server that runs. `zone` may change while it does; `asked` is what it was asked, in order.

    A name with the kind `SILENT` is never answered; one with `BROKEN` answers SERVFAIL for kinds it has not.
    """

    port: int
    zone: dict[str, Mapping[str, Sequence[str]]]
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """For the setting `smtp.dns`."""
        return f"127.0.0.1:{self.port}"

    def answer(self, wire: bytes, largest: int) -> bytes | None:
        """The reply to one question, or None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = _plain(question.name), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        response = dns.message.make_response(query, recursion_available=True)
        known = self.zone.get(name)
        if known is not None and SILENT in known:
            return None
        if known is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        self._fill(response, question.name, kind)
        if BROKEN in (known or ()) and not response.answer:
            response.set_rcode(dns.rcode.SERVFAIL)
        full = response.to_wire()
        if len(full) <= largest:
            return full
        short = dns.message.make_response(query, recursion_available=True)
        short.flags |= dns.flags.TC
        return short.to_wire()

    def _fill(self, response: dns.message.Message, owner: dns.name.Name, kind: str) -> None:
        """The records of the name, and of the names it stands for."""
        for _ in range(5):
            records = self.zone.get(_plain(owner), {})
            if records.get(kind):
                response.answer.append(_records(owner, kind, records[kind]))
            if kind == "CNAME" or "CNAME" not in records:
                return
            response.answer.append(_records(owner, "CNAME", records["CNAME"]))
            owner = dns.name.from_text(records["CNAME"][0])


def _plain(name: dns.name.Name) -> str:
    return b".".join(name.labels[:-1]).decode("latin-1").casefold()


def _records(owner: dns.name.Name, kind: str, texts: Sequence[str]) -> dns.rrset.RRset:
    return dns.rrset.from_text_list(owner, 60, dns.rdataclass.IN, dns.rdatatype.from_text(kind), texts)


def quoted(*strings: str) -> str:
    """A TXT record of these strings, each cut to what one may hold."""
    pieces = [s[at : at + 255] for s in strings for at in range(0, max(1, len(s)), 255)]
    return " ".join(f'"{_escaped(piece)}"' for piece in pieces)


def _escaped(text: str) -> str:
    return "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\{ord(c):03d}" for c in text)


@contextmanager
def serving(zone: Zone) -> Iterator[Server]:
    """A DNS server on a free port of the loopback."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, replies = self.request
            if (answer := server.answer(wire, _LARGEST_DATAGRAM)) is not None:
                replies.sendto(answer, self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (length,) = struct.unpack("!H", self.rfile.read(2))
            if (answer := server.answer(self.rfile.read(length), 65535)) is not None:
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    datagrams, streams = _on_one_port(Datagram, Stream)
    with datagrams as udp, streams as tcp:
        server = Server(udp.server_address[1], {name.casefold(): records for name, records in zone.items()})
        threads = [threading.Thread(target=each.serve_forever, args=(0.02,)) for each in (udp, tcp)]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            for each, thread in zip((udp, tcp), threads, strict=True):
                each.shutdown()
                thread.join()


def _on_one_port(
    datagram: type[socketserver.BaseRequestHandler], stream: type[socketserver.BaseRequestHandler]
) -> tuple[socketserver.UDPServer, socketserver.TCPServer]:
    """A server for each transport on a port that is free for both; somebody's connection may hold one of them."""
    for _ in range(50):
        tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), stream)
        try:
            return socketserver.ThreadingUDPServer(tcp.server_address, datagram), tcp
        except OSError:
            tcp.server_close()
    raise OSError("no port is free for both UDP and TCP")


@contextmanager
def silence() -> Iterator[str]:
    """The address of a DNS server that takes every question and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"
