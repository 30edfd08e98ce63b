"""How long one write waits beside others that always write: `.venv/bin/python tests/bench/writers.py [--writers N]`.

Two lines, in turns: the waiting line of `Database.write`, and SQLite's own waiting, which that line replaces.
"""

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final
from unittest import mock

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gateway.database import Database  # noqa: E402

_ROUNDS: Final = 3
_ASKED: Final = 300


def main() -> int:
    """0; prints milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=2, help="threads that always write (default 2)")
    writers = parser.parse_args().writers
    for _ in range(_ROUNDS):
        print("in line:      ", _figures(writers))
        with mock.patch.object(Database, "_turn", return_value=contextlib.nullcontext()):
            print("SQLite's own: ", _figures(writers))
    return 0


def _figures(writers: int) -> str:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:  # has to be a disk
        database = Database(f"sqlite:///{directory}/writers.db")
        with database.write_rows() as connection:
            connection.exec_driver_sql("CREATE TABLE written (content BLOB)")
        done = threading.Event()
        threads = [threading.Thread(target=_write_on, args=(database, done)) for _ in range(writers)]
        for thread in threads:
            thread.start()
        waits = sorted(_waited(database) for _ in range(_ASKED))
        done.set()
        for thread in threads:
            thread.join()
        database.close()
    shown = {"median": _ASKED // 2, "p95": _ASKED * 95 // 100, "p99": _ASKED * 99 // 100, "longest": _ASKED - 1}
    return ", ".join(f"{name} {1e3 * waits[place]:.1f}" for name, place in shown.items()) + " ms"


def _write_on(database: Database, done: threading.Event) -> None:
    while not done.is_set():
        with database.write_rows() as connection:
            for _ in range(40):
                connection.exec_driver_sql("INSERT INTO written VALUES (randomblob(400))")
        time.sleep(0.002)


def _waited(database: Database) -> float:
    began = time.perf_counter()
    with database.write_rows() as connection:
        connection.exec_driver_sql("INSERT INTO written VALUES (NULL)")
    waited = time.perf_counter() - began
    time.sleep(0.003)
    return waited


if __name__ == "__main__":
    sys.exit(main())
