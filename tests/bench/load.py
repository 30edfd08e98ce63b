"""The built-in load: blocking SMTP clients in threads, interleaved rounds, rates as ratios of a peer's."""

import base64
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from tests.support.servers import answers, free_port, wait_until

STOP_SECONDS: Final = 30
SCENARIOS: Final = {"4k-c10": (4 << 10, 10), "300k-c10": (300 << 10, 10), "30m-c1": (30 << 20, 1)}
BASE: Final = "aiosmtpd-fsync"


@dataclass
class Target:
    """A server under load. `clean` is a command that removes what it took in."""

    name: str
    port: int
    recipient: str
    clean: str
    pid: int = 0


@contextlib.contextmanager
def running(command: Sequence[str], log: BinaryIO | int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """A process, ended on leaving."""
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def compare(ours: Sequence[Target], rounds: int, seconds: float, out: Path) -> int:
    """Print a table of rates and their ratios, write it to `out`; 1 when a target refused anything, else 0."""
    rows: dict[str, dict[str, list[float]]] = {}
    with _peers() as peers:
        targets = [*ours, *peers]
        for name, (size, clients) in SCENARIOS.items():
            message = _message(size)
            rates: dict[str, list[float]] = {target.name: [] for target in targets}
            for turn in range(-1, rounds):  # the first is a warm-up
                for target in targets[turn % len(targets) :] + targets[: turn % len(targets)]:
                    rate = _rate(target, message, clients, seconds if turn >= 0 else 0.3)
                    if turn >= 0:
                        rates[target.name].append(rate)
                    subprocess.run(target.clean.split(), check=True)
            _print(name, rates)
            rows[name] = rates
    out.write_text(json.dumps({"base": BASE, "cores": os.cpu_count(), "per_second": rows}, indent=1))
    return 0 if all(rate for rates in rows.values() for each in rates.values() for rate in each) else 1


@contextlib.contextmanager
def _peers() -> Iterator[list[Target]]:
    script = str(Path(__file__).with_name("peers.py"))
    directory = Path(tempfile.mkdtemp(prefix="herstelpost-bench-", dir="/var/tmp"))  # has to be a disk
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory)
        targets = []
        for name, kind in ((BASE, "fsync"), ("floor", "floor")):
            kept, port = directory / kind, free_port()
            stack.enter_context(running([sys.executable, script, kind, str(port), str(kept)]))
            wait_until(lambda port=port: answers(port), f"{name} listens")  # type: ignore[misc]
            targets.append(Target(name, port, "inbox@intake.example", f"find {kept} -type f -delete"))
        yield targets


def _message(size: int) -> bytes:
    lines = base64.encodebytes(os.urandom(size * 3 // 4)).replace(b"\n", b"\r\n")
    return b"From: <sender@load.example>\r\nSubject: load\r\n\r\n" + lines[: size - 2].rstrip(b"\r\n") + b"\r\n.\r\n"


def _rate(target: Target, message: bytes, clients: int, seconds: float) -> float:
    """Messages a second that got their 250; 0 when one did not."""
    counts: list[int] = []
    failures: list[BaseException] = []
    start = threading.Barrier(clients + 1)

    def work() -> None:
        start.wait()
        until, count = time.perf_counter() + seconds, 0
        try:
            while time.perf_counter() < until:
                _deliver(target, message)
                count += 1
        except OSError as error:
            failures.append(error)
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        print(f"{target.name}: {failures[0]!r}")
        return 0.0
    return sum(counts) / (time.perf_counter() - began)


def _deliver(target: Target, message: bytes) -> None:
    with socket.create_connection(("127.0.0.1", target.port), 30) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _expect(client, b"220")
        for line, want in (
            ("EHLO load.example", b"250"),
            ("MAIL FROM:<sender@load.example>", b"250"),
            (f"RCPT TO:<{target.recipient}>", b"250"),
            ("DATA", b"354"),
        ):
            client.sendall(line.encode() + b"\r\n")
            _expect(client, want)
        client.sendall(message)
        _expect(client, b"250")
        client.sendall(b"QUIT\r\n")


def _expect(client: socket.socket, want: bytes) -> None:
    reply = b""
    while not reply.endswith(b"\n") or reply[reply.rfind(b"\n", 0, -1) + 4 :][:1] == b"-":
        came = client.recv(65536)
        if not came:
            raise ConnectionResetError("the server hung up")
        reply += came
    if not reply.startswith(want):
        raise OSError(reply.decode("latin-1").strip())


def _print(name: str, rates: dict[str, list[float]]) -> None:
    print(
        f"\n## {name} (ratio: times {BASE}'s rate)\n\n| target | per s | ratio | range |\n| --- | ---: | ---: | --- |"
    )
    for target, each in rates.items():
        ratios = [mine / base for mine, base in zip(each, rates[BASE], strict=True) if base]
        shown = (statistics.median(ratios), min(ratios), max(ratios)) if ratios else (0, 0, 0)
        print(f"| {target} | {statistics.median(each):.4g} | {shown[0]:.2f} | {shown[1]:.2f}-{shown[2]:.2f} |")
