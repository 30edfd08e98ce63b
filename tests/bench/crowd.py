"""Memory and stalls of one real gateway with a crowd: `crowd.py [--connections 200] [--megabytes 3] [--tls]`.

All connections are in the middle of a message at the same time, then all finish it. Meanwhile one more client says
NOOP every few milliseconds: how long its answer takes is at least as long as the event loop was stalled.
"""

import argparse
import sys
import threading
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.bench.run import gateway  # noqa: E402
from tests.support import smtp  # noqa: E402

_LINE: Final = b"x" * 76 + b"\r\n"


def main() -> int:
    """0 when every message got its 250."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=3)
    parser.add_argument("--tls", action="store_true")
    asked = parser.parse_args()
    with gateway("ours", (1, "smtp")) as target:
        _deliver(target.port, _LINE, tls=asked.tls)  # what is made once has been made
        idle, before = memory(target.pid), time.monotonic()
        stop = threading.Event()
        waits: list[float] = []
        prober = threading.Thread(target=_probe, args=(target.port, stop, waits))
        prober.start()
        received, peak = _crowd(target.port, target.pid, asked)
        stop.set()
        prober.join()
        seconds = time.monotonic() - before
    waits.sort()
    each = (peak[1] - idle[1]) / asked.connections
    print(f"{received} of {asked.connections} messages of {asked.megabytes:g} MB in {seconds:.1f} s")
    print(f"resident MB: idle {idle[0]:.0f}, peak {peak[0]:.0f}; private MB a connection: {each:.2f}")
    print(
        f"answers to {len(waits)} NOOPs, ms: median {1e3 * waits[len(waits) // 2]:.1f},"
        f" p99 {1e3 * waits[int(len(waits) * 0.99)]:.1f}, longest {1e3 * waits[-1]:.1f}"
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


def _probe(port: int, stop: threading.Event, waits: list[float]) -> None:
    client = smtp.Client(port)
    client.reply()
    client.say("EHLO probe.example")
    said = 0
    while not stop.wait(0.005):
        said += 1
        began = time.perf_counter()
        client.say("NOOP")
        waits.append(time.perf_counter() - began)
        if said == 200:  # the listener ends a connection that says much and sends nothing
            client.socket.close()
            client = smtp.Client(port)
            client.reply()
            client.say("EHLO probe.example")
            said = 0
    client.socket.close()


if __name__ == "__main__":
    sys.exit(main())
