"""What the blobs promise: kept bytes are on stable storage under their hash, and are never changed (P2)."""

import errno
import hashlib
import os
import stat

import pytest

from gateway.blobs import FileBlobs
from gateway.core.errors import Corrupt, TryLater
from gateway.journal import JOURNAL_BYTES

CONTENT = b"regel een\r\nregel twee\r\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
LARGE = b"x" * (JOURNAL_BYTES + 1)


@pytest.fixture
def blobs(tmp_path):
    return FileBlobs(tmp_path / "blobs")


def _spooled(blobs, content=CONTENT):
    spool = blobs.spool()
    for start in range(0, len(content), 7):
        spool.write(memoryview(content)[start : start + 7])
    return spool


def test_kept_bytes_come_back_the_same_under_their_hash(blobs):
    spool = _spooled(blobs)
    assert spool.size == len(CONTENT)
    stored = spool.keep()
    assert (stored.sha256, stored.bytes) == (SHA256, len(CONTENT))
    with blobs.open(SHA256) as file:
        assert file.read() == CONTENT
    assert blobs.path(SHA256).read_bytes() == CONTENT


def _steps(monkeypatch):
    """The calls that the disk hears, in their order."""
    steps = []
    fsync, replace, link = os.fsync, os.replace, os.link

    def recorded_fsync(handle):
        steps.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "bytes")
        fsync(handle)

    def recorded_replace(source, target):
        steps.append("name")
        replace(source, target)

    def recorded_link(source, target):
        link(source, target)
        steps.append("new name")

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    monkeypatch.setattr(os, "link", recorded_link)
    return steps


def test_keeping_a_small_file_fsyncs_the_bytes_before_their_name_and_the_name_before_saying_yes(blobs, monkeypatch):
    """The order is the promise: a name without bytes, or a yes without a name, would not survive a power cut."""
    steps = _steps(monkeypatch)
    _spooled(blobs).keep()
    assert steps == ["bytes", "name", "directory"]


def test_a_large_file_gets_a_new_name_before_the_fsync_of_both_and_a_name_in_use_only_after_it(blobs, monkeypatch):
    steps = _steps(monkeypatch)
    _spooled(blobs, LARGE).keep()
    assert steps == ["new name", "bytes", "directory"]
    steps.clear()
    _spooled(blobs, LARGE).keep()
    assert steps == ["bytes", "name", "directory"], "what is promised under it must never be without its bytes"
    assert blobs.sweep() == 0


def test_where_there_are_no_links_a_large_file_is_kept_all_the_same(blobs, monkeypatch):
    def unknown(_source, _target):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unknown)
    stored = _spooled(blobs, LARGE).keep()
    assert blobs.path(stored.sha256).read_bytes() == LARGE


def test_keeping_the_same_bytes_again_is_safe(blobs):
    first, second = _spooled(blobs), _spooled(blobs)
    assert first.keep() == second.keep()
    assert blobs.path(SHA256).read_bytes() == CONTENT
    assert blobs.sweep() == 0


def test_dropping_forgets_what_was_not_kept_and_never_touches_what_was(blobs):
    kept, dropped = _spooled(blobs), _spooled(blobs, b"iets anders")
    kept.keep()
    for spool in (kept, dropped, dropped, kept):
        spool.drop()
    assert blobs.path(SHA256).read_bytes() == CONTENT
    assert blobs.sweep() == 0
    with pytest.raises(Corrupt, match="not on disk"):
        blobs.open(hashlib.sha256(b"iets anders").hexdigest())


@pytest.mark.parametrize("content", [CONTENT, LARGE])
@pytest.mark.parametrize("trouble", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_failed_fsync_is_a_no_and_the_same_bytes_can_be_kept_after_it(blobs, monkeypatch, content, trouble, nth):
    """`nth` 1 is the file's, 2 its directory's; what failed once is written anew, never fsynced again."""
    fsync, calls = os.fsync, []

    def failing(handle):
        calls.append(handle)
        if len(calls) == nth:
            raise OSError(trouble, os.strerror(trouble))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    spool = _spooled(blobs, content)
    with pytest.raises(TryLater, match="cannot keep"):
        spool.keep()
    spool.drop()
    assert blobs.sweep() == 0
    stored = _spooled(blobs, content).keep()
    assert blobs.path(stored.sha256).read_bytes() == content


def test_a_full_disk_while_writing_is_a_no(blobs, monkeypatch):
    spool = blobs.spool()

    def full(_handle, _view):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TryLater, match="No space left"):
        spool.write(CONTENT)
    spool.drop()
    assert blobs.sweep() == 0


def test_a_write_that_the_system_takes_in_pieces_loses_nothing(blobs, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, view: write(handle, view[:3]))
    _spooled(blobs).keep()
    assert blobs.path(SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT, LARGE])
@pytest.mark.parametrize("left", [b"", b"Paspoort, bladzijde 2"])
def test_what_a_power_cut_left_of_bytes_gives_way_when_the_same_come_again(blobs, content, left):
    stored = _spooled(blobs, content).keep()
    blobs.path(stored.sha256).write_bytes(left)
    assert _spooled(blobs, content).keep() == stored
    assert blobs.path(stored.sha256).read_bytes() == content


def _written(tmp_path, contents):
    files = [tmp_path / str(n) for n in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return files


def test_files_that_are_taken_are_kept_in_their_order_and_cannot_be_written_through_their_old_name(blobs, tmp_path):
    contents = [CONTENT, LARGE, b"", CONTENT, LARGE, *(bytes([n]) * 100 for n in range(20))]
    taken = blobs.take_all(_written(tmp_path, contents))
    assert [file.bytes for file in taken] == [len(content) for content in contents]
    assert [blobs.path(file.sha256).read_bytes() for file in taken] == contents
    assert {blobs.path(file.sha256).stat().st_nlink for file in taken} == {1}
    assert {stat.S_IMODE(blobs.path(file.sha256).stat().st_mode) for file in taken} == {0o600}


def test_files_on_another_disk_are_copied(blobs, tmp_path, monkeypatch):
    real, (file,) = os.replace, _written(tmp_path, [CONTENT])

    def across(source, target):
        if os.fspath(source) == os.fspath(file):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(source, target)

    monkeypatch.setattr(os, "replace", across)
    assert blobs.take_all([file])[0].sha256 == SHA256
    assert blobs.path(SHA256).read_bytes() == CONTENT


def test_a_file_that_cannot_be_taken_is_a_no(blobs, tmp_path):
    with pytest.raises(TryLater, match="cannot keep"):
        blobs.take_all([tmp_path / "nooit gemaakt"])


def test_a_file_put_in_is_kept_like_spooled_bytes(blobs, tmp_path):
    (tmp_path / "bron").write_bytes(CONTENT)
    assert blobs.put(tmp_path / "bron").sha256 == SHA256
    assert blobs.path(SHA256).read_bytes() == CONTENT
    assert (tmp_path / "bron").read_bytes() == CONTENT


def test_what_a_crash_left_in_the_spool_is_swept_and_nothing_else(blobs, tmp_path):
    _spooled(blobs).keep()
    lost = _spooled(blobs, b"half een bericht")
    again = FileBlobs(tmp_path / "blobs")
    assert again.sweep() == 1
    assert again.path(SHA256).read_bytes() == CONTENT
    lost.drop()
