"""The machine under the real command: a clock that is set, files that may not grow, a disk that does not sync.

As in `test_smtp_trouble`: every 250 is kept, what was not kept heard 4xx, nobody ever 5xx, nobody restarts it.
"""

import os
import resource
import shutil
import sqlite3
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support import program, smtp
from tests.support.servers import wait_until

# The wall clock is so many seconds off as the file says; no other clock, and no waiting (libfaketime breaks that).
SETTABLE_CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile long *offset;
__attribute__((constructor)) static void find(void) {
    const char *path = getenv("HERSTELPOST_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY) : -1;
    void *there = file < 0 ? MAP_FAILED : mmap(0, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
    if (there != MAP_FAILED) offset = there;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, which, now);
    if (!failed && which == CLOCK_REALTIME && offset) now->tv_sec += *offset;
    return failed;
}
"""
OTHER = smtp.MESSAGE + b"anders\r\n"


def needed(found: object, package: str) -> None:
    """Skip without it, or fail where a complete run was asked for."""
    if found:
        return
    text = f"{package} is not installed; as root, `docker/system.sh test` installs it"
    if os.environ.get("HERSTELPOST_REQUIRE_SERVERS"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


# ---- the clock -----------------------------------------------------------------------------------


class Clock:
    """The wall clock of a program that runs with `environment`; it can be set while it runs."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._offset = directory / "offset"
        self.set(0)
        (directory / "clock.c").write_text(SETTABLE_CLOCK)
        library = directory / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", library, directory / "clock.c"], check=True)
        self.environment = {"LD_PRELOAD": str(library), "HERSTELPOST_TEST_CLOCK": str(self._offset)}

    def set(self, seconds: int) -> None:
        """From now on it is so many seconds off."""
        with self._offset.open("r+b" if self._offset.exists() else "wb") as file:
            file.write(struct.pack("l", seconds))


@pytest.mark.parametrize("jump", [-3 * 86400, 7200])
def test_a_clock_that_is_set_while_it_runs_loses_nothing_and_stops_nothing(tmp_path, clamd_socket, jump):
    """Mail before and after is kept, decided and told, and the leap is in the log."""
    needed(shutil.which("cc"), "gcc")
    clock = Clock(tmp_path / "clock")
    gateway = program.installed(tmp_path / "house", more=f'[scanners]\nclamd = "unix:{clamd_socket}"')
    with gateway.running(environment=clock.environment):
        replies = [smtp.deliver(gateway.smtp_port)]
        clock.set(jump)
        replies.append(smtp.deliver(gateway.smtp_port, OTHER))
        assert all(reply.startswith(b"250") for reply in replies), replies
        gateway.settled()
        outbox = gateway.data / "outbox"
        wait_until(lambda: len(list(outbox.glob("*.eml"))) == len(replies), "each sender is told", 60)
        wait_until(lambda: _entries(gateway, "ClockJumped") == 1, "the leap is an entry in the log", 60)
    gateway.keeps_its_word(replies)


def _entries(gateway: program.Program, name: str) -> int:
    with closing(sqlite3.connect(gateway.data / "herstelpost.db")) as database:
        found: int = database.execute("SELECT count(*) FROM ledger_entry WHERE name = ?", (name,)).fetchone()[0]
        return found


# ---- the disk ------------------------------------------------------------------------------------


@contextmanager
def no_file_larger_than(count: int, process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """The kernel lets no file of the process grow beyond so many bytes: as a quota does."""
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)


def test_a_file_that_may_not_grow_is_later_and_nothing_half_is_left(tmp_path):
    gateway = program.installed(tmp_path)
    with gateway.running("smtp") as process:
        replies = [smtp.deliver(gateway.smtp_port)]
        with no_file_larger_than(1 << 20, process):
            replies.append(smtp.deliver(gateway.smtp_port, size=3_000_000))
            assert replies[-1].startswith(b"451 4.3.0"), "its own file is too large"
        with no_file_larger_than(4096, process):
            replies += [smtp.deliver(gateway.smtp_port, OTHER), smtp.deliver(gateway.smtp_port)]
            assert [reply[:9] for reply in replies[2:]] == [b"451 4.3.0"] * 2, "the database cannot grow"
        replies.append(smtp.deliver(gateway.smtp_port, size=3_000_000))
        assert replies[-1].startswith(b"250")
        wait_until(lambda: not list((gateway.data / "blobs" / "spool").iterdir()), "what was not taken is gone")
    gateway.keeps_its_word(replies)


@contextmanager
def no_sync(process: "subprocess.Popen[bytes]", log: Path) -> Iterator[None]:
    """Every fsync and fdatasync of the process fails, those of SQLite too: strace stands before the kernel."""
    calls = "fsync,fdatasync"
    command = ["strace", "-f", "-p", str(process.pid), "-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO"]
    with log.open("wb") as out, subprocess.Popen([*command, "-o", os.devnull], stderr=out) as tracer:
        try:
            wait_until(lambda: tracer.poll() is not None or b"attached" in log.read_bytes(), "strace is attached")
            if tracer.poll() is not None:
                pytest.skip("nobody may trace a process here")
            yield
        finally:
            tracer.terminate()


def test_a_disk_that_does_not_sync_is_later_also_for_the_database(tmp_path):
    needed(shutil.which("strace"), "strace")
    gateway = program.installed(tmp_path / "house")
    with gateway.running("smtp") as process:
        replies = [smtp.deliver(gateway.smtp_port)]
        with no_sync(process, tmp_path / "strace"):
            replies += [smtp.deliver(gateway.smtp_port, OTHER), smtp.deliver(gateway.smtp_port)]
            assert [reply[:9] for reply in replies[1:]] == [b"451 4.3.0"] * 2
        replies.append(smtp.deliver(gateway.smtp_port, OTHER))
        assert replies[-1].startswith(b"250")
    gateway.keeps_its_word(replies)


def test_a_database_that_was_moved_away_is_later_and_no_yes_goes_into_a_file_that_is_gone(tmp_path):
    gateway = program.installed(tmp_path)
    with gateway.running("smtp"):
        replies = [smtp.deliver(gateway.smtp_port)]
        away = gateway.data / "away"
        away.mkdir()
        for file in gateway.data.glob("herstelpost.db*"):
            file.rename(away / file.name)
        replies += [smtp.deliver(gateway.smtp_port, OTHER), smtp.deliver(gateway.smtp_port)]
        assert [reply[:9] for reply in replies[1:]] == [b"451 4.3.0"] * 2
        for file in gateway.data.glob("herstelpost.db*"):
            file.unlink()
        for file in away.iterdir():
            file.rename(gateway.data / file.name)
        replies.append(smtp.deliver(gateway.smtp_port, OTHER))
        assert replies[-1].startswith(b"250")
    gateway.keeps_its_word(replies)
