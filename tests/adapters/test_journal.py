"""What the journal promises: what `sync` returned for is on stable storage, and its room comes back once it may."""

import errno
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.blobs import FileBlobs
from gateway.core.errors import Corrupt, TryLater
from gateway.journal import JOURNAL_BYTES, SEGMENT_BYTES, SEGMENT_SECONDS, Journal, Place
from tests.support import storage

SIZES = [0, 1, 4096, 4097, JOURNAL_BYTES]
TROUBLE = [errno.EIO, errno.ENOSPC]


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "journal")


@pytest.fixture
def blobs(tmp_path):
    return FileBlobs(tmp_path / "blobs", places=storage.NoRows())


def _content(octets, number=0):
    return bytes([65 + number]) * octets


def _spooled(blobs, content):
    spool = blobs.incoming()
    for start in range(0, len(content), 50_000):
        spool.write(memoryview(content)[start : start + 50_000])
    return spool


def _place(file):
    return Place(file.segment, file.start, file.bytes)


def _segments(directory):
    return sorted(path.name for path in (directory / "journal").iterdir())


def _failing(error):
    def call(*_):
        raise OSError(error, os.strerror(error))

    return call


# ---- what lies in it -----------------------------------------------------------------------------


def test_files_that_come_in_at_the_same_time_lie_beside_each_other_each_whole(blobs, tmp_path):
    contents = [_content(size, n) for n, size in enumerate(SIZES * 2)]
    spools = [blobs.incoming() for _ in contents]
    for start in range(0, JOURNAL_BYTES, 50_000):
        for spool, content in zip(spools, contents, strict=True):
            spool.write(content[start : start + 50_000])
    files = [spool.journalled() for spool in spools]
    blobs.sync(files)
    other = Journal(tmp_path / "blobs" / "journal")  # another process
    for file, content in zip(files, contents, strict=True):
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert other.read(_place(file)) == content
    assert len(_segments(tmp_path / "blobs")) == 1


def test_what_is_too_large_for_the_journal_has_to_be_kept_and_never_comes_into_it(blobs, tmp_path):
    content = _content(JOURNAL_BYTES + 1)
    spool = _spooled(blobs, content)
    assert spool.journalled() is None
    assert blobs.path(spool.keep().sha256).read_bytes() == content
    spool.drop()
    assert blobs.sweep() == 0
    assert _segments(tmp_path / "blobs") == []


def test_what_is_refused_never_reaches_the_disk_when_it_is_not_large(blobs, tmp_path):
    spool = _spooled(blobs, _content(JOURNAL_BYTES))
    spool.drop()
    assert _segments(tmp_path / "blobs") == []
    assert blobs.sweep() == 0


@pytest.mark.parametrize("octets", SIZES)
def test_what_lies_in_the_journal_can_also_be_kept(blobs, octets):
    content = _content(octets)
    spool = _spooled(blobs, content)
    spool.journalled()
    assert blobs.path(spool.keep().sha256).read_bytes() == content
    spool.drop()
    assert blobs.sweep() == 0


def test_a_write_that_the_system_takes_in_pieces_loses_nothing(blobs, monkeypatch, tmp_path):
    pwrite = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, view, at: pwrite(handle, view[:1000], at))
    content = os.urandom(5000)
    file = _spooled(blobs, content).journalled()
    assert Journal(tmp_path / "blobs" / "journal").read(_place(file)) == content


def test_a_segment_that_ends_too_early_is_said_to(journal, tmp_path):
    place = journal.reserve(100)
    journal.write(place, b"half")
    with pytest.raises(Corrupt, match="ends before"):
        journal.read(place)
    (tmp_path / "journal" / place.segment).unlink()
    with pytest.raises(FileNotFoundError):
        journal.read(place)


# ---- durable -------------------------------------------------------------------------------------


class LazyDisk:
    """Writes what `pwrite` gave it only when it has to: what it still has is lost when the power fails."""

    def __init__(self, monkeypatch):
        self._held = []
        self._pwrite, self._fdatasync = os.pwrite, os.fdatasync
        monkeypatch.setattr(os, "pwrite", self.pwrite)
        monkeypatch.setattr(os, "fdatasync", self.fdatasync)

    def pwrite(self, handle, view, at):
        self._held.append((handle, bytes(view), at))
        return len(view)

    def fdatasync(self, handle):
        for held in [each for each in self._held if each[0] == handle]:
            self._pwrite(*held)
            self._held.remove(held)
        self._fdatasync(handle)


def test_all_that_wait_share_one_fsync_and_are_on_the_disk_after_it(blobs, tmp_path, monkeypatch):
    disk = LazyDisk(monkeypatch)
    syncs = []
    monkeypatch.setattr(os, "fdatasync", lambda handle: (syncs.append(handle), disk.fdatasync(handle)))
    contents = [_content(size, n) for n, size in enumerate(SIZES)]
    files = [_spooled(blobs, content).journalled() for content in contents]
    blobs.sync(files)
    assert len(syncs) == 1
    other = Journal(tmp_path / "blobs" / "journal")
    assert [other.read(_place(file)) for file in files] == contents


def test_a_new_segment_has_its_name_on_the_disk_before_the_first_yes_and_needs_it_once(blobs, monkeypatch):
    fsync, named = os.fsync, []

    def recorded(handle):
        named.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", recorded)
    for _ in range(2):
        blobs.sync([_spooled(blobs, b"brief").journalled()])
    assert named == ["journal"]


@pytest.mark.parametrize("error", TROUBLE)
@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_what_could_not_be_synced_once_is_never_promised_and_what_comes_next_lies_elsewhere(
    blobs, tmp_path, monkeypatch, call, error
):
    """After a failed fsync the kernel may call clean what it never wrote: a second one that succeeds says nothing."""
    first, beside = (_spooled(blobs, text).journalled() for text in (b"een", b"twee"))
    with monkeypatch.context() as patched:
        patched.setattr(os, call, _failing(error))
        with pytest.raises(TryLater, match="cannot keep"):
            blobs.sync([first])
    for file in (first, beside):
        with pytest.raises(TryLater, match="cannot keep"):
            blobs.sync([file])
    after = _spooled(blobs, b"drie").journalled()
    blobs.sync([after])
    assert after.segment != first.segment
    assert len(_segments(tmp_path / "blobs")) == 2


@pytest.mark.parametrize("error", [*TROUBLE, errno.EFBIG])
def test_a_disk_that_takes_nothing_is_a_no_and_the_next_one_begins_a_new_segment(blobs, tmp_path, monkeypatch, error):
    spool = _spooled(blobs, b"een")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", _failing(error))
        with pytest.raises(TryLater, match="cannot write to the journal"):
            spool.journalled()
    spool.drop()
    after = _spooled(blobs, b"twee")
    blobs.sync([after.journalled()])
    after.drop()
    assert len(_segments(tmp_path / "blobs")) == 2
    assert blobs.tidy() == 2


def test_a_disk_on_which_no_segment_can_begin_is_a_no(blobs, monkeypatch):
    monkeypatch.setattr(os, "open", _failing(errno.EMFILE))
    with pytest.raises(TryLater, match="cannot begin"):
        _spooled(blobs, b"een").journalled()


# ---- its room ------------------------------------------------------------------------------------


def test_a_segment_stays_while_somebody_writes_to_it_and_while_a_row_needs_it(journal, tmp_path):
    place = journal.reserve(10)
    journal.write(place, b"0123456789")
    assert journal.tidy(set) == 0, "its row may be committed at any moment"
    journal.release(place)
    assert journal.tidy(lambda: {place.segment}) == 0
    assert journal.read(place) == b"0123456789"
    assert journal.tidy(set) == 1
    assert _segments(tmp_path) == []


def test_who_asks_what_is_in_use_knows_that_nobody_begins_to_write_meanwhile(journal):
    """Else a row could be committed between the question and the removal."""
    first = journal.reserve(10)
    journal.release(first)
    begun = []

    def in_use():
        begun.append(journal.reserve(10))
        return set()

    assert journal.tidy(in_use) == 1
    assert begun[0].segment != first.segment
    journal.write(begun[0], b"0123456789")
    assert journal.read(begun[0]) == b"0123456789"


def test_an_idle_writer_goes_on_in_its_segment_or_in_a_new_one_when_it_was_removed(journal):
    places = []
    for _ in range(2):
        places.append(journal.reserve(10))
        journal.release(places[-1])
    assert places[0].segment == places[1].segment
    journal.tidy(set)
    assert journal.reserve(10).segment != places[0].segment


def test_a_segment_takes_nothing_new_when_it_is_large_or_old(journal, monkeypatch):
    large = [journal.reserve(SEGMENT_BYTES // 4) for _ in range(4)]
    assert len({place.segment for place in large}) == 1
    small = journal.reserve(1)
    assert small.segment != large[0].segment
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + SEGMENT_SECONDS)
    assert journal.reserve(1).segment != small.segment


def test_a_segment_is_open_only_while_somebody_writes_to_it(journal):
    """To close the last handle of a large file that was removed takes a tenth of a second: never in the event loop."""

    def open_files():
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # a count

    before = open_files()
    places = [journal.reserve(SEGMENT_BYTES // 4) for _ in range(5)]
    assert open_files() == before + 2
    for place in places:
        journal.release(place)
    assert open_files() == before
    assert journal.tidy(set) == 2


def test_a_process_that_is_killed_writes_no_more(journal, tmp_path):
    """The kernel lets go of its lock: what it left is removed, unless a row needs it."""
    code = (
        "import pathlib, sys, time; from gateway.journal import Journal\n"
        "place = Journal(pathlib.Path(sys.argv[1])).reserve(10); print(place.segment, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "journal"], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline().decode().strip() == _segments(tmp_path)[0]
        assert journal.tidy(set) == 0
        other.kill()
    assert journal.tidy(set) == 1
