"""How fast the ledger is: appends, proofs, the check of everything, and "was it in by then"; beside plain hashing.

    make bench ARGS=--ledger
    PYTHONPATH=. .venv/bin/python tests/bench/ledger.py [--entries N] [--arrivals N] [--files-mb N]

SQLite on a disk (`--directory`, default below /var/tmp). Each line has wall-clock and CPU time of this process: on a
machine that others use, CPU time is what can be compared. "floor" is the least that any such log has to compute: HMAC,
leaf and node hashes, in this interpreter, with no database and no JSON. "Go" is golang.org/x/mod/sumdb/tlog in memory,
where Debian's golang-go and golang-golang-x-mod-dev are installed.
"""

import argparse
import hashlib
import os
import random
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gateway import contents, marks  # noqa: E402
from gateway.audit import _blob, audit  # noqa: E402
from gateway.core import merkle  # noqa: E402
from gateway.core.model import Arrival, Envelope, StoredFile  # noqa: E402
from gateway.core.words import Channel, EventName  # noqa: E402
from gateway.ledger import Entry, _reader  # noqa: E402
from tests.support import storage  # noqa: E402

BATCH: Final = 1000
PROOFS: Final = 2000
MIB: Final = 1 << 20
GO_PATH: Final = Path("/usr/share/gocode")
PEER: Final = Path(__file__).with_name("peer_tlog.go")


class Timer:
    """Wall-clock and CPU seconds between entering and leaving."""

    def __enter__(self) -> Self:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.wall = time.perf_counter() - self._began[0]
        self.cpu = time.process_time() - self._began[1]


def main() -> int:
    """Measure, print, and leave nothing behind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument(
        "--arrivals", type=int, default=100_000, help="how many of them are submissions, with their rows"
    )
    parser.add_argument("--files-mb", type=int, default=512, help="how much is stored for the check of the content")
    parser.add_argument("--directory", type=Path, default=Path("/var/tmp"))  # noqa: S108  # a disk, not memory
    asked = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="ledger-bench-", dir=asked.directory))
    print(f"load of the machine before: {os.getloadavg()[0]:.2f}")
    try:
        _floor()
        _peer(asked.entries)
        with storage.opened(directory) as kept:
            _arrivals(kept, asked.arrivals)
            _appends(kept, asked.entries - asked.arrivals)
            kept.ledger.checkpoint(kept.clock.now())
            _proofs(kept, asked.entries)
            _searches(kept)
            _closings(kept)
            _verify(kept, "ledger verify")
            _content(kept, asked.files_mb)
        size = sum(path.stat().st_size for path in directory.glob("herstelpost.db*"))
        print(f"database: {size / MIB:,.0f} MiB, {size / asked.entries:.0f} bytes an entry")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _rate(what: str, count: int, timer: Timer, unit: str = "entries") -> None:
    print(f"{what:<34} {count / timer.wall:>12,.0f} {unit}/s   {count / timer.cpu:>12,.0f} {unit}/s of CPU", flush=True)


# ---- what it is measured beside ------------------------------------------------------------------


def _floor(count: int = 300_000) -> None:
    event = b'{"gebeurtenis":"ContentAccessTracking","log":"herstelpost.example/intake"' + b"x" * 120 + b"}"
    nodes: dict[tuple[int, int], bytes] = {}
    salts = [secrets.token_bytes(32) for _ in range(1000)]
    with Timer() as timer:
        for index in range(count):
            commitment = merkle.commit(salts[index % 1000], event)
            value, place, level = merkle.leaf_hash(commitment), index, 0
            while place & 1:
                value = merkle.node_hash(nodes.pop((level, place - 1)), value)
                place, level = place >> 1, level + 1
            nodes[level, place] = value
    _rate("floor: HMAC and tree, no storage", count, timer)


def _peer(count: int) -> None:
    go = shutil.which("go")
    if go is None or not (GO_PATH / "src/golang.org/x/mod/sumdb").exists():
        print("Go: not installed, so no RFC 9162 peer")
        return
    with tempfile.TemporaryDirectory() as place:
        settings = {"GO111MODULE": "off", "GOPATH": str(GO_PATH), "GOCACHE": f"{place}/cache", "GOFLAGS": ""}
        program = f"{place}/peer"
        subprocess.run([go, "build", "-o", program, PEER], check=True, env=os.environ | settings)
        told = subprocess.run([program, str(count)], check=True, capture_output=True, text=True).stdout.split()
    print(f"{'Go: tree in memory':<34} {float(told[0]):>12,.0f} entries/s   a proof takes {float(told[1]):.1f} µs")


# ---- the ledger ----------------------------------------------------------------------------------


def _arrivals(kept: storage.Storage, count: int) -> None:
    """Submissions as the listener makes them, but so many in one transaction."""
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(count)]
    with Timer() as timer:
        for first in range(0, count, BATCH):
            made = [_arrival(kept, n, digests[n]) for n in range(first, min(first + BATCH, count))]
            with kept.database.write_rows() as connection:
                kept.store._arrivals._accept(connection, made)
            kept.clock.forward(seconds=7)
    _rate("submissions, with rows and files", count, timer)


def _arrival(kept: storage.Storage, number: int, sha256: str) -> Arrival:
    envelope = Envelope(f"persoon{number % 50_000}@example.org", (storage.ADDRESS,), "192.0.2.1", "mail.example.org")
    files = (StoredFile(sha256, 1),)
    return Arrival(Channel.SMTP, kept.clock.now(), files, f"bench:{number}", envelope)


def _appends(kept: storage.Storage, count: int) -> None:
    entry = {"medewerker": "j.jansen", "wat": "0" * 64}
    with Timer() as timer:
        for first in range(0, count, BATCH):
            some = min(BATCH, count - first)
            entries = [
                Entry(EventName.CONTENT_ACCESS, kept.clock.now(), f"HV-2026-{n % 9999:06}", entry)
                for n in range(first, first + some)
            ]
            with kept.database.write_rows() as connection:
                kept.ledger.append_all(connection, entries)
            kept.clock.forward(seconds=1)
    _rate(f"appends, {BATCH} a transaction", count, timer)


def _proofs(kept: storage.Storage, size: int) -> None:
    draw = random.Random(9162)
    with kept.database.read() as session:
        get = _reader(session.connection())
        _each("inclusion proof, from the database", lambda: merkle.inclusion_proof(get, draw.randrange(size), size))
    _each("and with event, checkpoint, text", lambda: kept.ledger.prove(draw.randrange(size), kept.clock.now()))


def _each(what: str, ask: Callable[[], object]) -> None:
    spent = []
    with Timer() as timer:
        for _ in range(PROOFS):
            began = time.perf_counter()
            ask()
            spent.append(time.perf_counter() - began)
    spent.sort()
    middle, late, cpu = 1000 * spent[PROOFS // 2], 1000 * spent[PROOFS * 99 // 100], 1000 * timer.cpu / PROOFS
    print(f"{what:<34} median {middle:.2f} ms, p99 {late:.2f} ms, CPU {cpu:.2f} ms")


def _searches(kept: storage.Storage) -> None:
    number = kept.queries.arrived("persoon77@EXAMPLE.org")[0].number
    asked: tuple[tuple[str, Callable[[], object]], ...] = (
        ("found by receipt number", lambda: kept.queries.arrived(number)),
        ("found by the sender's address", lambda: kept.queries.arrived("persoon77@EXAMPLE.org")),
        ("nothing of a sender", lambda: kept.queries.arrived("niemand@example.org")),
        ("the timeline of a submission", lambda: kept.queries.timeline(number)),
    )
    for what, ask in asked:
        with Timer() as timer:
            ask()
        print(f"{what:<34} {1000 * timer.wall:.1f} ms")


def _closings(kept: storage.Storage) -> None:
    marker = marks.Marker(marks.generate())
    with Timer() as timer:
        contents.close(kept.database, kept.ledger, marker, kept.clock.now())
    print(f"{'closing the register':<34} {1000 * timer.cpu / contents.MOST:.2f} ms of CPU an arrival")


def _verify(kept: storage.Storage, what: str, *, content: bool = False) -> None:
    before = _resident()
    with _peak() as peak, Timer() as timer:
        found = audit(kept.database, kept.blobs, kept.ledger.vkey, content=content)
    told = f"{found.entries:,} entries, {found.files:,} files, {len(found.problems)} problems"
    print(f"{what:<34} {timer.wall:.1f} s, CPU {timer.cpu:.1f} s; {told}; {before} MiB before, peak {peak()} MiB")


@contextmanager
def _peak() -> Iterator[Callable[[], int]]:
    """The most memory that this process had until now."""
    yield lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // MIB


def _content(kept: storage.Storage, megabytes: int) -> None:
    """Files of 1 MiB; read again by the audit, and plainly hashed."""
    block = secrets.token_bytes(MIB)
    paths = []
    kept.clock.forward(seconds=timedelta(days=1).total_seconds())
    for number in range(megabytes):
        spool = kept.store.spool()
        spool.write(block[: MIB - 8] + number.to_bytes(8, "big"))
        stored = spool.keep()
        paths.append(kept.blobs.path(stored.sha256))
        if number % 50 == 0:
            kept.store.accept(Arrival(Channel.SMTP, kept.clock.now(), (stored,), f"content:{number}"))
    with Timer() as plain:
        for path in paths:
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")

    with Timer() as ours:
        problems = [problem for path in paths for problem in _blob(kept.blobs, path.name)]
    print(
        f"{'content: every byte again':<34} {megabytes / ours.wall:,.0f} MiB/s; plain SHA-256 of the same files"
        f" {megabytes / plain.wall:,.0f} MiB/s; {len(problems)} problems"
    )


if __name__ == "__main__":
    sys.exit(main())
