"""A normal sender beside an attack: what its messages take, from connecting to the 250, on the real program.

    .venv/bin/python tests/bench/attack.py --seconds 20

The sender hands in 100 KB every 50 ms over a new connection. Attackers come from other addresses of the loopback, at
low priority: on the internet their machines are not ours. Every attack ends by itself.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import resource
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support import program, smtp  # noqa: E402

PAUSE_SECONDS: Final = 0.05
MESSAGE: Final = b"Subject: normal\r\n\r\n" + (b"x" * 76 + b"\r\n") * 1300 + b".\r\n"
ENVELOPE: Final = b"MAIL FROM:<a@mail.example>\r\nRCPT TO:<documenten@intake.example>\r\nDATA\r\n"
ADDRESSES: Final = 12
PROCESSES: Final = 2

Attack = Callable[[int, float, int], int]


def _connect(port: int, number: int) -> socket.socket:
    source = f"127.0.1.{number % ADDRESSES + 1}"
    made = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
    made.settimeout(10)
    return made


def _held(port: int, until: float, first: int, greeting: bytes, drop: bytes) -> int:
    """Hold as many connections as can be had; each says `greeting`, and then `drop` once a second."""
    held: list[socket.socket] = []
    for number in itertools.count(first):
        if time.monotonic() > until:
            break
        with contextlib.suppress(OSError):
            if len(held) < 50 * ADDRESSES // PROCESSES:
                held.append(_connect(port, number))
                held[-1].sendall(greeting)
                continue
        time.sleep(0.5)
        for one in list(held):
            try:
                one.sendall(drop)
            except OSError:
                held.remove(one)
    return len(held)


def silent(port: int, until: float, first: int) -> int:
    return _held(port, until, first, b"", b"")


def slow_commands(port: int, until: float, first: int) -> int:
    return _held(port, until, first, b"EHLO c\r\n", b"X")


def slow_messages(port: int, until: float, first: int) -> int:
    return _held(port, until, first, b"EHLO c\r\n" + ENVELOPE, b"x" * 40)


def _again(port: int, until: float, first: int, work: Callable[[socket.socket], None]) -> int:
    count = 0
    while time.monotonic() < until:
        with contextlib.suppress(OSError), _connect(port, first + count) as one:
            work(one)
        count += 1
    return count


def connections(port: int, until: float, first: int) -> int:
    return _again(port, until, first, lambda _: None)


def commands(port: int, until: float, first: int) -> int:
    def work(one: socket.socket) -> None:
        one.sendall(b"EHLO c\r\n" + b"NOOP\r\n" * 900 + b"QUIT\r\n")
        while one.recv(65536):
            pass

    return _again(port, until, first, work)


def wrong_recipients(port: int, until: float, first: int) -> int:
    def work(one: socket.socket) -> None:
        one.sendall(b"EHLO c\r\nMAIL FROM:<a@mail.example>\r\n" + b"RCPT TO:<x@intake.example>\r\n" * 9 + b"QUIT\r\n")
        while one.recv(65536):
            pass

    return _again(port, until, first, work)


def too_large(port: int, until: float, first: int) -> int:
    block = (b"x" * 76 + b"\r\n") * 13443

    def work(one: socket.socket) -> None:
        one.sendall(b"EHLO c\r\n" + ENVELOPE)
        for _ in range(70):
            if time.monotonic() > until:
                return
            one.sendall(block)
        one.sendall(b".\r\n")
        one.recv(65536)

    return _again(port, until, first, work)


def messages(port: int, until: float, first: int) -> int:
    def work(one: socket.socket) -> None:
        one.sendall(b"EHLO c\r\n" + ENVELOPE + b"hallo\r\n.\r\nQUIT\r\n")
        while one.recv(65536):
            pass

    return _again(port, until, first, work)


def handshakes(port: int, until: float, first: int) -> int:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def work(one: socket.socket) -> None:
        one.sendall(b"EHLO c\r\n")
        while b"250 HELP" not in one.recv(65536):
            pass
        one.sendall(b"STARTTLS\r\n")
        one.recv(65536)
        context.wrap_socket(one).close()

    return _again(port, until, first, work)


ATTACKS: Final[dict[str, Attack]] = {
    attack.__name__: attack
    for attack in (
        silent,
        slow_commands,
        slow_messages,
        connections,
        commands,
        wrong_recipients,
        too_large,
        messages,
        handshakes,
    )
}


def _attacker(name: str, port: int, until: float, first: int) -> None:
    os.nice(15)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(f"    {name}: {ATTACKS[name](port, until, first)}", flush=True)


@contextlib.contextmanager
def _under(name: str, port: int, seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    attackers = [
        multiprocessing.get_context("spawn").Process(target=_attacker, args=(name, port, until, first * 1000))
        for first in range(PROCESSES if name in ATTACKS else 0)
    ]
    for attacker in attackers:
        attacker.start()
    try:
        # Until the places are taken and the queues are full.
        time.sleep(min(3, seconds / 4))
        yield
    finally:
        for attacker in attackers:
            attacker.join(seconds + 60)
            attacker.kill()


def _deliver(port: int) -> tuple[float, bytes]:
    began = time.perf_counter()
    try:
        with smtp.Client(port) as client:
            if not (said := client.reply()).startswith(b"220"):
                return time.perf_counter() - began, said
            for command in (b"EHLO c\r\n", *ENVELOPE.splitlines(keepends=True)):
                client.send(command)
                if (said := client.reply())[:1] not in b"23":
                    return time.perf_counter() - began, said
            client.send(MESSAGE)
            return time.perf_counter() - began, client.reply()
    except OSError as error:
        return time.perf_counter() - began, repr(error).encode()


def _normal_sender(port: int, seconds: float) -> dict[str, float | str]:
    until = time.monotonic() + seconds
    times: list[float] = []
    refused: list[bytes] = []
    while time.monotonic() < until:
        took, said = _deliver(port)
        if said.startswith(b"250"):
            times.append(took)
        else:
            refused.append(said)
        time.sleep(PAUSE_SECONDS)
    if len(times) < 2:
        return {"delivered": len(times), "refused": len(refused), "first": refused[0].decode() if refused else ""}
    parts = statistics.quantiles(times, n=100, method="inclusive")
    return {
        "delivered": len(times),
        "refused": len(refused),
        "p50_ms": round(parts[49] * 1000, 1),
        "p99_ms": round(parts[98] * 1000, 1),
        "max_ms": round(max(times) * 1000, 1),
        "first": refused[0].decode() if refused else "",
    }


def main() -> int:
    """0 when nobody normal was refused, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--attack", default=",".join(("none", *ATTACKS)))
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    asked = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="herstelpost-attack-", dir="/var/tmp"))  # has to be a disk
    rows: dict[str, dict[str, float | str]] = {}
    try:
        for name in asked.attack.split(","):
            rows[name] = _measured(name, directory / name, asked.seconds)
            print(f"{name:17}", rows[name], flush=True)
    finally:
        shutil.rmtree(directory)
    out = asked.out / f"attack-{datetime.now(UTC):%Y-%m-%dT%H%MZ}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "rows": rows}, indent=1))
    return int(any(row["refused"] for row in rows.values()))


def _measured(name: str, directory: Path, seconds: float) -> dict[str, float | str]:
    directory.mkdir(parents=True)
    smtp.make_certificate(directory)
    gateway = program.installed(
        directory, f'tls_cert = "{directory}/cert.pem"\ntls_key = "{directory}/key.pem"\nmin_free_mb = 0'
    )
    with gateway.running("smtp") as process:
        with _under(name, gateway.smtp_port, seconds):
            row = _normal_sender(gateway.smtp_port, seconds - min(3, seconds / 4) - 0.5)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        row["peak_rss_mb"] = int(status.split("VmHWM:")[1].split()[0]) // 1024
    subprocess.run(["rm", "-rf", str(gateway.data)], check=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
