"""What the blobs promise: kept bytes are on stable storage under their hash, and are never changed (P2)."""

import errno
import hashlib
import os
import stat

import pytest

from gateway.blobs import FileBlobs
from gateway.core.errors import Corrupt, TryLater

CONTENT = b"regel een\r\nregel twee\r\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


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


def test_keeping_fsyncs_the_bytes_before_their_name_and_the_name_before_saying_yes(blobs, monkeypatch):
    """The order is the promise: a name without bytes, or a yes without a name, would not survive a power cut."""
    steps = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(handle):
        steps.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "bytes")
        fsync(handle)

    def recorded_replace(source, target):
        steps.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    _spooled(blobs).keep()
    assert steps == ["bytes", "name", "directory"]


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


@pytest.mark.parametrize("trouble", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_failed_fsync_is_a_no_and_the_same_bytes_can_be_kept_after_it(blobs, monkeypatch, trouble, nth):
    """`nth` 1 is the file's, 2 its directory's; what failed once is written anew, never fsynced again."""
    fsync, calls = os.fsync, []

    def failing(handle):
        calls.append(handle)
        if len(calls) == nth:
            raise OSError(trouble, os.strerror(trouble))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing)
    spool = _spooled(blobs)
    with pytest.raises(TryLater, match="cannot keep"):
        spool.keep()
    spool.drop()
    assert blobs.sweep() == 0
    assert _spooled(blobs).keep().sha256 == SHA256
    assert blobs.path(SHA256).read_bytes() == CONTENT


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


def test_a_blob_of_another_size_under_the_same_name_is_not_papered_over(blobs):
    _spooled(blobs).keep()
    blobs.path(SHA256).write_bytes(CONTENT[:-1])
    spool = _spooled(blobs)
    with pytest.raises(Corrupt, match="bytes on disk"):
        spool.keep()
    spool.drop()
    assert blobs.path(SHA256).read_bytes() == CONTENT[:-1]


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
