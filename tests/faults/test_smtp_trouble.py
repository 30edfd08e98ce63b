"""Trouble under the real program: a full disk, a database that is locked or gone, an fsync that fails, lost answers.

Each test counts what the senders heard against what is there afterwards: every 250 is kept, whatever was not kept
heard 4xx, nobody ever 5xx, and when the trouble is over mail comes in without a restart.
"""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.support import program, smtp, storage
from tests.support.servers import ROOTLESS, wait_until

# The real program with a file system that says no while a file is there.
FAILING_FSYNC = """
import os, sys
from pathlib import Path

def failing(real):
    def fsync(handle):
        if Path(os.environ["HERSTELPOST_TEST_NO_FSYNC"]).exists():
            raise OSError(5, "Input/output error")
        return real(handle)
    return fsync

os.fsync, os.fdatasync = failing(os.fsync), failing(os.fdatasync)
"""


@contextmanager
def small_disk(directory: Path, megabytes: int) -> Iterator[None]:
    """A disk of this size at the directory."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(directory)]
    if ROOTLESS or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", directory], check=True)


def test_a_full_disk_is_later_and_nothing_is_lost(tmp_path):
    with small_disk(tmp_path / "disk", 16):
        gateway = program.installed(tmp_path / "house", "min_free_mb = 0", data=tmp_path / "disk" / "data")
        with gateway.running("smtp"):
            replies = [smtp.deliver(gateway.smtp_port, size=number * 700_000) for number in range(1, 13)]
            heard = {reply[:3] for reply in replies}
            assert heard == {b"250", b"451"}, heard
            spool = tmp_path / "disk" / "data" / "blobs" / "spool"
            wait_until(lambda: not list(spool.iterdir()), "what was not taken is gone")
            subprocess.run(["mount", "-o", "remount,size=64m", tmp_path / "disk"], check=True)
            replies.append(smtp.deliver(gateway.smtp_port, size=3_000_000))
            assert replies[-1].startswith(b"250")
        gateway.keeps_its_word(replies)


def test_before_the_disk_is_full_senders_are_asked_to_come_back(tmp_path):
    with small_disk(tmp_path / "disk", 64):
        gateway = program.installed(tmp_path / "house", "min_free_mb = 32", data=tmp_path / "disk" / "data")
        with gateway.running("smtp"):
            replies = [smtp.deliver(gateway.smtp_port)]
            (tmp_path / "disk" / "filler").write_bytes(bytes(40 << 20))
            wait_until(lambda: not smtp.deliver(gateway.smtp_port).startswith(b"250"), "it noticed that room is short")
            replies = [f"250 receipt {s['ontvangstnummer']}".encode() for s in gateway.submissions()]
            replies.append(smtp.deliver(gateway.smtp_port))
            assert replies[-1].startswith(b"452 4.3.1")
            (tmp_path / "disk" / "filler").unlink()
            wait_until(lambda: _offer(gateway.smtp_port).startswith(b"250"), "it noticed that there is room again")
            replies.append(smtp.deliver(gateway.smtp_port))
            assert replies[-1].startswith(b"250")
        gateway.keeps_its_word(replies)


def _offer(port: int) -> bytes:
    """The reply to MAIL."""
    with smtp.Client(port) as client:
        client.reply()
        client.say("EHLO c")
        return client.say("MAIL FROM:<anna@mail.example>")


def test_an_fsync_that_fails_is_later_and_the_bytes_are_not_believed(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(FAILING_FSYNC)
    broken = tmp_path / "broken"
    environment = {"PYTHONPATH": str(tmp_path / "site"), "HERSTELPOST_TEST_NO_FSYNC": str(broken)}
    gateway = program.installed(tmp_path / "house")
    with gateway.running("smtp", environment=environment):
        replies = [smtp.deliver(gateway.smtp_port)]
        broken.touch()
        # Of files of their own; small ones are durable with the database (`test_machine`).
        replies += [smtp.deliver(gateway.smtp_port, size=size) for size in (200_000, 300_000)]
        assert [reply[:9] for reply in replies[1:]] == [b"451 4.3.0"] * 2
        broken.unlink()
        replies.append(smtp.deliver(gateway.smtp_port, smtp.MESSAGE + b"anders\r\n"))
        assert replies[-1].startswith(b"250")
    gateway.keeps_its_word(replies)


def test_a_locked_database_is_later_and_the_next_message_gets_in(tmp_path):
    gateway = program.installed(tmp_path)
    with gateway.running("smtp"):
        replies = [smtp.deliver(gateway.smtp_port)]
        with closing(sqlite3.connect(gateway.data / "herstelpost.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            replies.append(smtp.deliver(gateway.smtp_port))
            assert replies[-1].startswith(b"451 4.3.0")
            refusal = _wrong_address(gateway.smtp_port)
            assert refusal.startswith(b"451 4.3.0"), "a refusal that cannot be registered is none yet"
            other.execute("ROLLBACK")
        replies.append(smtp.deliver(gateway.smtp_port))
        assert replies[-1].startswith(b"250")
        assert _wrong_address(gateway.smtp_port).startswith(b"550 5.1.1")
    gateway.keeps_its_word(replies)


def _wrong_address(port: int) -> bytes:
    with smtp.Client(port) as client:
        client.reply()
        client.say("EHLO c")
        client.say("MAIL FROM:<anna@mail.example>")
        return client.say("RCPT TO:<bestaatniet@intake.example>")


def test_a_database_server_that_is_gone_is_later_and_needs_no_restart(tmp_path, postgres_url, postgres_database):
    name = postgres_database.rpartition("/")[2]
    gateway = program.installed(tmp_path, more=f'[database]\nurl = "{postgres_database}"')
    subprocess.run([program.PROGRAM, "--config", gateway.config, "migrate"], check=True, capture_output=True)
    with gateway.running("smtp"), psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as master:
        replies = [smtp.deliver(gateway.smtp_port)]
        master.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        master.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        replies += [smtp.deliver(gateway.smtp_port) for _ in range(3)]
        assert [reply[:9] for reply in replies[1:]] == [b"451 4.3.0"] * 3
        master.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        replies.append(smtp.deliver(gateway.smtp_port))
        assert replies[-1].startswith(b"250")
    gateway.keeps_its_word(replies)


def test_a_data_directory_that_goes_away_is_later(tmp_path):
    gateway = program.installed(tmp_path / "house")
    with gateway.running("smtp"):
        replies = [smtp.deliver(gateway.smtp_port)]
        spool = gateway.data / "blobs" / "spool"
        spool.rename(gateway.data / "away")
        # A small message needs no file.
        replies.append(smtp.deliver(gateway.smtp_port, size=3_000_000))
        assert replies[-1].startswith(b"451 4.3.0")
        (gateway.data / "away").rename(spool)
        replies.append(smtp.deliver(gateway.smtp_port))
        assert replies[-1].startswith(b"250")
    gateway.keeps_its_word(replies)


def test_a_sender_who_never_heard_our_yes_sends_again_and_is_counted_once(tmp_path, clamd_socket):
    """The second is a repeat, and names the first receipt."""
    gateway = program.installed(tmp_path, more=f'[scanners]\nclamd = "unix:{clamd_socket}"')
    with gateway.running("smtp", "worker"):
        with smtp.Client(gateway.smtp_port) as client:
            client.until_data()
            client.send(smtp.stuffed(smtp.MESSAGE))
            client.socket.close()
        wait_until(lambda: len(gateway.submissions()) == 1, "it was accepted all the same")
        heard = smtp.receipt(smtp.deliver(gateway.smtp_port))
        first, second = gateway.settled()
        why = gateway.say("submission", "why", heard, "--json")
    assert second["ontvangstnummer"] == heard
    assert (second["besluit"], second["redenen"]) == ("geregistreerd", ["herhaling"])
    assert "herhaling" not in first["redenen"]
    assert first["ontvangstnummer"] in str(why)


def test_a_clock_that_jumps_back_costs_no_receipt(tmp_path):
    """Order in the ledger is by number, never by time."""
    clock = storage.FakeClock()
    with storage.opened(tmp_path, f"sqlite:///{tmp_path / 'herstelpost.db'}", clock) as kept:
        numbers = []
        for number, hours in enumerate((0, -3, 1, -48)):
            clock.forward(hours=hours)
            arrival = storage.arrival(number, received_at=clock.now() + timedelta(seconds=number))
            numbers.append(kept.store.accept(arrival))
    assert len({accepted.number for accepted in numbers}) == len(numbers)
    assert [accepted.log_index for accepted in numbers] == sorted(accepted.log_index for accepted in numbers)
