"""Memory and stalls of one real gateway with a crowd: `crowd.py [--connections 200] [--megabytes 3] [--tls]`.

All connections are in the middle of a message at the same time, then all finish it, as fast as they can. Meanwhile a
ticker in the gateway's event loop (`ticking.py`) says for how long the loop was at one thing, and a client in a process
of its own says NOOP every few milliseconds and waits for the answer.
"""

import argparse
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.run import gateway  # noqa: E402
from tests.support import smtp  # noqa: E402

_LINE: Final = b"x" * 76 + b"\r\n"


def main() -> int:
    """0 when every message got its 250."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=3)
    parser.add_argument("--tls", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        figures = Path(directory) / "ticks.json"
        program = (sys.executable, str(ROOT / "tests" / "bench" / "ticking.py"), str(figures))
        with gateway("ours", (1, "smtp"), program) as target:
            _deliver(target.port, _LINE, tls=asked.tls)  # what is made once has been made
            idle, before = memory(target.pid), time.monotonic()
            ours, theirs = multiprocessing.Pipe()
            prober = multiprocessing.get_context("spawn").Process(target=_probe, args=(target.port, theirs))
            prober.start()
            ours.recv()
            os.kill(target.pid, signal.SIGUSR1)
            received, peak = _crowd(target.port, target.pid, asked)
            ours.send("stop")
            waits = sorted(ours.recv())
            prober.join()
            seconds = time.monotonic() - before
        ticks = json.loads(figures.read_text())
    each = (peak[1] - idle[1]) / asked.connections
    print(f"{received} of {asked.connections} messages of {asked.megabytes:g} MB in {seconds:.1f} s")
    print(f"resident MB: idle {idle[0]:.0f}, peak {peak[0]:.0f}; private MB a connection: {each:.2f}")
    print(
        f"between {ticks['ticks']} ticks of the event loop, ms:"
        f" processor p99 {ticks['processor_p99']:.1f}, longest {ticks['processor_longest']:.1f};"
        f" clock p99 {ticks['wall_p99']:.1f}, longest {ticks['wall_longest']:.1f}"
    )
    print(
        f"answers to {len(waits)} NOOPs, ms: median {1e3 * waits[len(waits) // 2]:.1f},"
        f" p99 {1e3 * waits[int(len(waits) * 0.99)]:.1f}, longest {1e3 * waits[-1]:.1f};"
        f" load of the machine {os.getloadavg()[0]:.1f}"
    )
    return 0 if received == asked.connections else 1


def memory(pid: int) -> tuple[float, float]:
    """MB resident, and of them private."""
    words = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(words["VmRSS"].split()[0]) / 1024, int(words["RssAnon"].split()[0]) / 1024


def _crowd(port: int, pid: int, asked: argparse.Namespace) -> tuple[int, tuple[float, float]]:
    clients = [_until_data(port, tls=asked.tls) for _ in range(asked.connections)]
    block = _LINE * int(asked.megabytes * 2**20 / len(_LINE) / 20)
    peak = memory(pid)
    for _ in range(20):
        for client in clients:
            client.send(block)
        peak = max(peak, memory(pid), key=lambda seen: seen[1])
    replies: list[bytes] = []
    threads = [threading.Thread(target=lambda c=c: replies.append(_finish(c))) for c in clients]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, memory(pid), key=lambda seen: seen[1])
        time.sleep(0.02)
    return sum(reply.startswith(b"250") for reply in replies), peak


def _until_data(port: int, *, tls: bool) -> smtp.Client:
    client = smtp.Client(port)
    if tls:
        client.reply()
        client.say("EHLO load.example")
        client.say("STARTTLS")
        client.start_tls()
        for command in ("EHLO load.example", "MAIL FROM:<a@load.example>", f"RCPT TO:<{smtp.ADDRESS}>", "DATA"):
            client.say(command)
    else:
        client.until_data()
    return client


def _finish(client: smtp.Client) -> bytes:
    client.send(b".\r\n")
    with client:
        return client.reply()


def _deliver(port: int, message: bytes, *, tls: bool) -> None:
    client = _until_data(port, tls=tls)
    client.send(message)
    _finish(client)


def _probe(port: int, asker: Connection) -> None:
    waits: list[float] = []
    while not asker.poll(0):
        client = smtp.Client(port)
        client.reply()
        client.say("EHLO probe.example")
        if not waits:
            asker.send("ready")
        for _ in range(200):  # the listener ends a connection that says much and sends nothing
            began = time.perf_counter()
            client.say("NOOP")
            waits.append(time.perf_counter() - began)
            if asker.poll(0.005):
                break
        client.socket.close()
    asker.send(waits)


if __name__ == "__main__":
    sys.exit(main())
