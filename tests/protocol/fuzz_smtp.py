"""Raw octets at a live listener, for as long as it is told to; whatever comes, it lives on and tells no lies.

    .venv/bin/python -m tests.protocol.fuzz_smtp --seconds 60

Each connection gets octets that begin like SMTP and go wrong somewhere, in packets cut anywhere, and is left in
one of four ways. What must hold: replies are replies, nothing of ours fails, each connection ends, each 250 for a
message is an arrival, no arrival holds what another system could read as a line end, and a normal sender in between
is served.
"""

import argparse
import asyncio
import contextlib
import random
import re
import socket
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from tests.support import smtp
from tests.support.servers import wait_until

CLIENTS = 12
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
A_NORMAL_ONE = 50
_REPLY = re.compile(rb"[245]\d\d[ -][ -~]*|354 [ -~]*")
_TAKEN = re.compile(rb"250 2\.0\.0 Ok: received, receipt \S+")

_COMMANDS = [
    b"EHLO client.example", b"HELO c", b"EHLO", b"EHLO \xff", b"MAIL FROM:<a@mail.example>", b"MAIL FROM:<>",
    b"MAIL FROM:<a@mail.example> SIZE=10 BODY=8BITMIME SMTPUTF8", b"MAIL FROM:<a@mail.example> SIZE=99999999999999",
    b"mail from: <a@mail.example>", b'MAIL FROM:<"a b"@mail.example>', b"MAIL FROM:<a@[127.0.0.1]>", b"MAIL",
    b"RCPT TO:<documenten@intake.example>", b"RCPT TO:<documenten+7k3m9q2xv@intake.example>", b"RCPT TO:<Postmaster>",
    b"RCPT TO:<evil@elsewhere.example>", b"RCPT TO:<@a:documenten@intake.example>", b"RCPT TO:<>", b"DATA", b"DATA x",
    b"RSET", b"NOOP", b"NOOP x", b"VRFY a", b"EXPN a", b"HELP", b"STARTTLS", b"STARTTLS x", b"BDAT 10 LAST", b"BDAT 5",
    b"AUTH PLAIN AGEAYg==", b"XCLIENT ADDR=1.2.3.4", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2", b"QUIT", b"GET / HTTP/1.1",
    b"Subject: x", b"", b" ", b"." * 10, b"A" * 3000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0", b"\xff",
]  # fmt: skip
_ENDS = [b"\r\n"] * 12 + [b"\n", b"\r", b"\r\r\n", b"", b"\0\r\n", b"\r\n\r\n"]
_BODIES = [
    b"Subject: x\r\n\r\nhallo\r\n.\r\n", b".\r\n", b"a\n.\nMAIL FROM:<evil@x.example>\r\n.\r\n", b"a\r.\r\r\n.\r\n",
    b"\r\n..\r\n.\r\n", b"a\n.\r\nb\r\n.\r\n", b"a\r\n.\nb\r\n.\r\n", b"\0\r\n.\r\n", b"x" * 5000 + b"\r\n.\r\n",
    b"y\r\n" * 20000 + b".\r\n", b"no end", b"\xff" * 300 + b"\r\n.\r\n",
]  # fmt: skip
_DELIVERY = [b"EHLO c\r\n", b"MAIL FROM:<a@mail.example>\r\n", b"RCPT TO:<documenten@intake.example>\r\n", b"DATA\r\n"]


@dataclass
class Figures:
    """What was done and seen."""

    connections: int = 0
    octets: int = 0
    replies: int = 0
    receipts: int = 0
    normal: int = 0
    lies: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, octets: int, replies: list[bytes]) -> None:
        with self.lock:
            self.connections += 1
            self.octets += octets
            self.replies += len(replies)
            self.receipts += sum(bool(_TAKEN.fullmatch(line)) for line in replies)


def run(seconds: float, seed: int, loop: str) -> Figures:
    """Fuzz for so long. Raises AssertionError for the first thing that must not be."""
    figures, intake = Figures(), smtp.RecordingIntake()
    with tempfile.TemporaryDirectory() as directory:
        settings = smtp.settings(
            tls=smtp.certificate(Path(directory)),
            idle_seconds=3.0,
            max_message_bytes=50_000,
            max_line_bytes=4_000,
            max_refused_bytes=100_000,
            max_commands=100,
            # Connections that were hung up may still be there for a moment: they are not what is looked for.
            max_connections=10_000,
            max_connections_per_address=10_000,
        )
        # Where TLS comes before the first word uvloop cannot be had.
        where = {"listen_tls": "127.0.0.1:0"} if loop == "asyncio" else {}
        with smtp.listening(intake, settings, LOOPS[loop], **where) as running:
            until = time.monotonic() + seconds
            threads = [
                threading.Thread(target=_client, args=(running, random.Random(f"{seed}.{n}"), until, figures))
                for n in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(seconds + 120)
                assert not thread.is_alive(), "a client hangs"
            wait_until(lambda: not running.listener.connections, "all connections have ended", 30)
            wait_until(lambda: not running.listener._shared.handlers, "all connections are done with", 30)
            _check(figures, intake, running)
    return figures


def _check(figures: Figures, intake: smtp.RecordingIntake, running: smtp.Running) -> None:
    assert not figures.lies, figures.lies[:3]
    assert not running.count("smtp_try_later"), "something of ours failed"
    wait_until(lambda: intake.left_open() == 0, "all spools are kept or dropped")
    assert running.count("smtp_received") == len(intake.arrivals) >= figures.receipts
    for message in intake.messages():
        plain = message.replace(b"\r\n", b"")
        assert not {b"\r", b"\n", b"\0"} & {bytes([octet]) for octet in plain}


def _client(running: smtp.Running, chance: random.Random, until: float, figures: Figures) -> None:
    number = 0
    while time.monotonic() < until and not figures.lies:
        number += 1
        octets = b""
        try:
            octets = _octets(chance)
            if number % A_NORMAL_ONE == 0:
                _normal(running, figures)
            else:
                figures.add(len(octets), _connection(running, chance, octets))
        except Exception as error:  # noqa: BLE001 - told to the thread that asked
            figures.lies.append(f"{error!r} after {octets[:300]!r}")


def _normal(running: smtp.Running, figures: Figures) -> None:
    with smtp.Client(running.tls_port) as client:
        if len(running.listener.ports) > 1:
            client.socket.settimeout(30)
            client.start_tls()
        assert client.until_data().startswith(b"354")
        client.send(b"Subject: normal\r\n\r\nhallo\r\n.\r\n")
        assert smtp.receipt(client.reply())
    with figures.lock:
        figures.normal += 1
        figures.receipts += 1


def _octets(chance: random.Random) -> bytes:
    pieces: list[bytes] = []
    for _ in range(chance.randint(1, 12)):
        match chance.randrange(6):
            case 0:
                pieces += [*_DELIVERY, chance.choice(_BODIES)]
            case 1:
                pieces.append(chance.choice(_BODIES))
            case 2:
                pieces.append(chance.randbytes(chance.randint(1, 200)))
            case _:
                pieces.append(chance.choice(_COMMANDS) + chance.choice(_ENDS))
    octets = bytearray(b"".join(pieces))
    for _ in range(chance.choice([0, 0, 0, 1, 3])):
        place = chance.randint(0, len(octets))
        octets[place : place + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
    # Half of them begin politely, so that the rest is not wasted on a closed door.
    return (b"EHLO c\r\n" if chance.random() < 0.5 else b"") + bytes(octets)


def _connection(running: smtp.Running, chance: random.Random, octets: bytes) -> list[bytes]:
    """The lines that came back. Raises AssertionError for what is no reply, TimeoutError when it never ends."""
    over_tls = len(running.listener.ports) > 1 and chance.random() < 0.1
    with smtp.Client(running.tls_port if over_tls else running.port) as client:
        if over_tls:
            try:
                client.start_tls()
            except (ssl.SSLError, ConnectionError):
                # A machine under load may need longer for a handshake than the listener waits.
                return []
        client.socket.settimeout(30)
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            for piece in _packets(chance, octets):
                client.send(piece)
                if chance.random() < 0.03:
                    client.line()
        return _leave(client, chance.choice(["stay", *["half", "close", "reset"] * 15]))


def _packets(chance: random.Random, octets: bytes) -> list[bytes]:
    cuts = sorted(chance.randrange(len(octets) + 1) for _ in range(chance.choice([0, 1, 3, 10])))
    return [octets[a:b] for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True) if a < b]


def _leave(client: smtp.Client, how: str) -> list[bytes]:
    if how == "reset":
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if how in {"close", "reset"}:
        return []
    if how == "half" and not isinstance(client.socket, ssl.SSLSocket):
        with contextlib.suppress(OSError):
            client.socket.shutdown(socket.SHUT_WR)
    lines: list[bytes] = []
    with contextlib.suppress(ssl.SSLError):
        while (line := client.line()) is not None:
            lines.append(line)
    for line in lines:
        assert _REPLY.fullmatch(line), f"no reply: {line!r}"
    return lines


def main() -> None:
    """Fuzz from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--loop", choices=LOOPS, default="uvloop")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)  # noqa: T201
    figures = run(given.seconds, given.seed, given.loop)
    print(  # noqa: T201
        f"{figures.connections} connections, {figures.octets} octets, {figures.replies} reply lines, "
        f"{figures.receipts} receipts heard, {figures.normal} normal deliveries in between; nothing that must not be"
    )


if __name__ == "__main__":
    main()
