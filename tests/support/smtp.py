"""A real SMTP listener on a free port, an intake that remembers, and a player of golden transcripts.

`RecordingIntake` is a fake of the port `Intake`: it keeps its promises in memory, or is told to break them.
"""

import ast
import asyncio
import contextlib
import hashlib
import itertools
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.core.model import Accepted, Arrival, RefusedAttempt, StoredFile
from gateway.ports import Incoming, Intake
from mail import smtp_in
from mail.smtp_in import ListenerSettings
from mail.smtp_tls import Certificate

ADDRESS: Final = "documenten@intake.example"
PATIENCE: Final = 20.0
SENDER: Final = "anna@mail.example"
MESSAGE: Final = b"From: anna@mail.example\r\nTo: documenten@intake.example\r\nSubject: een\r\n\r\nhallo\r\n"
_RECEIPT: Final = re.compile(rb"receipt (\S+)$")


class RecordingSpool:
    """Keeps what is written in memory; `alive` until kept or dropped."""

    def __init__(self, intake: "RecordingIntake") -> None:
        self.size = 0
        self.alive = True
        self._intake = intake
        self._content = bytearray()

    def write(self, block: bytes | bytearray | memoryview) -> None:
        self._intake.before_write()
        self._content += block
        self.size += len(block)

    def journalled(self) -> StoredFile | None:
        return self._stored() if self._intake.journals else None

    def keep(self) -> StoredFile:
        self._intake.before_keep()
        self.alive = False
        return self._stored()

    def _stored(self) -> StoredFile:
        stored = StoredFile(hashlib.sha256(self._content).hexdigest(), self.size)
        self._intake.contents[stored.sha256] = bytes(self._content)
        return stored

    def drop(self) -> None:
        self.alive = False


def _nothing() -> None:
    pass


@dataclass
class RecordingIntake:
    """The port `Intake` in memory. The `before_` functions run first and may raise.

    With `journals` every file lies in a journal when it is accepted, else every one is kept.
    """

    contents: dict[str, bytes] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    attempts: list[RefusedAttempt] = field(default_factory=list)
    spools: list[RecordingSpool] = field(default_factory=list)
    before_spool: Callable[[], None] = _nothing
    before_write: Callable[[], None] = _nothing
    before_keep: Callable[[], None] = _nothing
    before_accept: Callable[[], None] = _nothing
    before_register: Callable[[], None] = _nothing
    journals: bool = False

    def spool(self) -> Incoming:
        self.before_spool()
        self.spools.append(RecordingSpool(self))
        return self.spools[-1]

    def accept(self, arrival: Arrival) -> Accepted:
        self.before_accept()
        self.arrivals.append(arrival)
        number = len(self.arrivals)
        return Accepted(f"26-0000-0000-{number:04d}", number)

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
        return [self._outcome(arrival) for arrival in arrivals]

    def _outcome(self, arrival: Arrival) -> Accepted | Exception:
        try:
            return self.accept(arrival)
        except Exception as error:  # noqa: BLE001 - as the port has it
            return error

    def register(self, attempt: RefusedAttempt) -> None:
        self.before_register()
        self.attempts.append(attempt)

    def messages(self) -> list[bytes]:
        """The messages that were accepted, byte for byte."""
        return [self.contents[arrival.files[0].sha256] for arrival in self.arrivals]

    def left_open(self) -> int:
        """How many spools were neither kept nor dropped."""
        return sum(spool.alive for spool in self.spools)


@dataclass
class Running:
    """A listener at work in a thread of its own. `troubles` is what asyncio complained about."""

    port: int
    loop: asyncio.AbstractEventLoop
    listener: smtp_in.Listener
    events: list[tuple[str, Mapping[str, object]]]
    troubles: list[str]

    @property
    def tls_port(self) -> int:
        """Where TLS starts before the first word, if the listener was asked for that."""
        return self.listener.ports[-1]

    def close_soon(self, limit_seconds: float = 60.0) -> Future[None]:
        """Close the listener; resolves when that is done."""
        return asyncio.run_coroutine_threadsafe(self.listener.close(limit_seconds), self.loop)

    def count(self, event: str) -> int:
        return sum(name == event for name, _ in self.events)

    def waiting(self) -> int:
        """How many messages wait for the commit after the one that is going on."""
        return len(self.listener._shared.commits._waiting)  # seen from outside only as a reply that is late


def settings(**changes: object) -> ListenerSettings:
    """Settings for a test: short enough to wait for, and open to a crowd from one address."""
    values: dict[str, object] = {
        "hostname": "intake.example",
        "addresses": (ADDRESS,),
        "portal_url": "https://portaal.example",
        "idle_seconds": 10.0,
        **changes,
    }
    return ListenerSettings(**values)  # type: ignore[arg-type]


@contextmanager
def listening(
    intake: Intake,
    chosen: ListenerSettings | None = None,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    **where: Any,
) -> Iterator[Running]:
    """A listener on a free port; on leaving it is closed, and asyncio may not have complained.

    `where`: other addresses to listen on, as `smtp_in.serve` takes them.
    """
    started = threading.Event()
    stop = asyncio.Event()
    held: list[Running] = []

    async def main() -> None:
        events: list[tuple[str, Mapping[str, object]]] = []
        troubles: list[str] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: troubles.append(repr(context)))
        listener = await smtp_in.serve(
            where.pop("listen", "127.0.0.1:0"),
            chosen or settings(),
            intake,
            lambda name, values: events.append((name, values)),
            **where,
        )
        held.append(Running(listener.port, loop, listener, events, troubles))
        started.set()
        await stop.wait()
        await listener.close(limit_seconds=2)

    def work() -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(main())

    thread = threading.Thread(target=work, name="listener")
    thread.start()
    try:
        assert started.wait(PATIENCE), "the listener did not start"
        yield held[0]
    finally:
        if held:
            held[0].loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
    assert not thread.is_alive(), "the listener did not stop"
    assert not held[0].troubles, held[0].troubles


class Client:
    """A client that says exactly what it is told to."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket: socket.socket = socket.create_connection((host, port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def line(self) -> bytes | None:
        """The next line of a reply, without its line end; None when the server hung up."""
        while b"\n" not in self._unread:
            try:
                came = self.socket.recv(65536)
            except ConnectionError:
                came = b""
            if not came:
                return None
            self._unread += came
        line, _, self._unread = self._unread.partition(b"\n")
        assert line.endswith(b"\r"), line
        return line[:-1]

    def reply(self) -> bytes:
        """The last line of the next reply."""
        while (line := self.line()) is not None:
            if line[3:4] != b"-":
                return line
        return b""

    def say(self, command: str | bytes) -> bytes:
        """Send a command and return the last line of its reply."""
        self.send((command.encode() if isinstance(command, str) else command) + b"\r\n")
        return self.reply()

    def start_tls(self) -> None:
        """The client's half of a handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def until_data(self, recipient: str = ADDRESS, sender: str = "anna@mail.example") -> bytes:
        """Everything up to and including DATA; returns the reply to DATA."""
        assert self.reply().startswith(b"220")
        for command in ("EHLO client.example", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"):
            assert self.say(command).startswith(b"250"), command
        return self.say("DATA")


def deliver(port: int, message: bytes = MESSAGE, size: int = 0) -> bytes:
    """The reply to a message, or the first reply that was no yes; `size` adds so much to it."""
    with Client(port) as client:
        assert client.reply().startswith(b"220")
        for command in ("EHLO c", f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{ADDRESS}>", "DATA"):
            reply = client.say(command)
            if reply[:1] not in b"23":
                return reply
        client.send(stuffed(message + (b"x" * 76 + b"\r\n") * (size // 78)))
        return client.reply()


def stuffed(message: bytes) -> bytes:
    """The message as it goes over the wire, with the end of the data (RFC 5321 section 4.5.2)."""
    on_wire = message.replace(b"\r\n.", b"\r\n..")
    return (b"." if on_wire.startswith(b".") else b"") + on_wire + b".\r\n"


def receipt(reply: bytes) -> str:
    """The receipt number a reply ends with."""
    match = _RECEIPT.search(reply)
    assert match is not None, reply
    return match[1].decode()


# ---- transcripts ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Transcript:
    """A dialogue, and what must be true after it.

    `C: text` sends a line, `C! b'...'` sends bytes as they are, `C* 9 b'...'` sends them 9 times,
    `C_ 0.1 9 b'...'` too, with so many seconds after each, `C~` starts TLS, `C.` ends the client's half of the
    connection, `C|` hangs up. `S: text` expects a reply line that starts so, `S... text` skips to one, `S|`
    expects the server to hang up. `= received N` and `= registered reason ...` state what the intake was given;
    `@ name=value` changes a setting; `#` is a comment.
    """

    steps: tuple[tuple[str, str], ...]
    changes: Mapping[str, object]
    received: int
    registered: tuple[str, ...]


def transcript(path: Path) -> Transcript:
    """The transcript in a file. Each states what was received; nothing was registered if it does not say so."""
    steps: list[tuple[str, str]] = []
    changes: dict[str, object] = {}
    stated: dict[str, str] = {"registered": ""}
    for line in path.read_text(encoding="utf-8").splitlines():
        sign, _, rest = line.partition(" ")
        if sign == "@":
            name, _, value = rest.partition("=")
            changes[name] = ast.literal_eval(value)
        elif sign == "=":
            name, _, stated[name] = rest.partition(" ")
            stated[name] = rest.partition(" ")[2]
        elif sign and not sign.startswith("#"):
            steps.append((sign, rest))
    unknown = changes.keys() - {field.name for field in fields(ListenerSettings)}
    assert not unknown, f"{path.name}: no such setting: {unknown}"
    return Transcript(tuple(steps), changes, int(stated["received"]), tuple(stated["registered"].split()))


def play(client: Client, steps: tuple[tuple[str, str], ...]) -> None:
    """Play the dialogue; AssertionError at the first line that does not come as expected."""
    for number, (sign, rest) in enumerate(steps, 1):
        where = f"step {number}: {sign} {rest[:60]}"
        if sign.startswith("C"):
            _say(client, sign, rest, where)
        elif sign == "S|":
            assert client.line() is None, f"{where}: the server is still there"
        elif sign == "S:":
            _expect(client.line(), rest, where)
        elif sign == "S...":
            line = next(line for line in iter(client.line, object()) if line is None or _starts(line, rest))
            _expect(line, rest, where)
        else:
            raise AssertionError(where)


def _say(client: Client, sign: str, rest: str, where: str) -> None:
    match sign:
        case "C:":
            client.send(rest.encode() + b"\r\n")
        case "C!":
            client.send(ast.literal_eval(rest))
        case "C*":
            times, _, octets = rest.partition(" ")
            # The server may hang up before the last one: what it said of it is what counts.
            with contextlib.suppress(ConnectionError):
                for _ in itertools.repeat(None, int(times)):
                    client.send(ast.literal_eval(octets))
        case "C_":
            pause, times, octets = rest.split(" ", 2)
            with contextlib.suppress(ConnectionError):
                for _ in itertools.repeat(None, int(times)):
                    client.send(ast.literal_eval(octets))
                    time.sleep(float(pause))
        case "C~":
            client.start_tls()
        case "C.":
            client.socket.shutdown(socket.SHUT_WR)
        case "C|":
            client.socket.close()
        case _:
            raise AssertionError(where)


def _starts(line: bytes, text: str) -> bool:
    return line.startswith(text.encode())


def _expect(line: bytes | None, text: str, where: str) -> None:
    assert line is not None, f"{where}: the server hung up"
    assert _starts(line, text), f"{where}: the server said {line!r}"


# ---- certificates --------------------------------------------------------------------------------


def certificate(directory: Path) -> Certificate:
    """A server's certificate; `cert.pem` and `key.pem` are left in the directory."""
    make_certificate(directory)
    return Certificate(directory / "cert.pem", directory / "key.pem")


def make_certificate(directory: Path) -> None:
    """Put a new self-signed certificate and its key into the directory, as `cert.pem` and `key.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intake.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(private)
    (directory / "cert.pem").write_bytes(signed.public_bytes(pem))
