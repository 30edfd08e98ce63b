"""Several listener processes on one port: one ledger, one end, and nobody is left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gateway.audit import audit
from tests.support import smtp, storage
from tests.support.servers import answers, free_port, wait_until

PROGRAM = Path(sys.executable).with_name("herstelpost")
LISTENERS = 3
MESSAGES = 60


@contextmanager
def program(directory: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The real program with more than one listener, and the port they share."""
    port = free_port()
    config = directory / "herstelpost.toml"
    config.write_text(
        f'data_dir = "{directory}/data"\n'
        f'[smtp]\nlisten = "127.0.0.1:{port}"\nlisteners = {LISTENERS}\nmin_free_mb = 0\n'
        '[metrics]\nlisten = ""\n'
    )
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, "--config", config, "run", "--only", "smtp"], stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(port) and len(listeners(process.pid)) == LISTENERS, "all listen", 60)
        yield process, port
    finally:
        process.terminate()
        process.wait(60)


def listeners(parent: int) -> list[int]:
    """The processes that listen: the program itself and its children."""
    family = [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]
    return [process for process in family if _inodes(process) & _listening()]


def _listening() -> set[str]:
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {f"socket:[{words[9]}]" for words in lines if words[3] == "0A"}


def _inodes(process: int) -> set[str]:
    inodes = set()
    for handle in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(str(handle.readlink()))
    return inodes


def deliver(port: int) -> str:
    with smtp.Client(port) as client:
        client.until_data()
        client.send(smtp.stuffed(b"Subject: stukken\r\n\r\nzie bijlage\r\n"))
        return smtp.receipt(client.reply())


def ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_they_append_to_one_ledger_and_end_together(tmp_path: Path) -> None:
    with program(tmp_path) as (process, port):
        family = listeners(process.pid)
        with ThreadPoolExecutor(12) as senders:
            receipts = list(senders.map(lambda _: deliver(port), range(MESSAGES)))
        process.terminate()
        assert process.wait(60) == 0
        assert all(map(ended, family))
    assert len(set(receipts)) == MESSAGES
    with storage.built(tmp_path / "data") as house:
        assert sum(house.desk.queries.sums().values()) == MESSAGES
        assert audit(house.database, house.desk.blobs, house.ledger.vkey, content=True).problems == ()


def test_when_one_dies_all_end_and_say_so(tmp_path: Path) -> None:
    with program(tmp_path) as (process, port):
        family = listeners(process.pid)
        receipt = deliver(port)
        os.kill(family[-1], signal.SIGKILL)
        assert process.wait(60) == 1
        wait_until(lambda: all(map(ended, family)), "nobody is left behind")
    assert "ended by itself" in (tmp_path / "log").read_text()
    with storage.built(tmp_path / "data") as house:
        assert house.desk.queries.submission(receipt).ontvangstnummer == receipt


def test_when_the_first_one_is_killed_the_others_end_too(tmp_path: Path) -> None:
    with program(tmp_path) as (process, _):
        family = listeners(process.pid)
        process.kill()
        wait_until(lambda: all(map(ended, family)), "nobody is left behind", 60)
