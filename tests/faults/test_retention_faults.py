"""The power may fail at any moment of an erasure: the next run finishes it, and what stays agrees with itself."""

import itertools
import os
import shutil
from contextlib import contextmanager

import pytest

from gateway.blobs import FileBlobs
from gateway.core.errors import TryLater
from gateway.retention import Retention
from tests.support import canned, storage
from tests.support.house import pdf
from tests.support.retention import old_bytes, retention

MOST_CALLS = 60


class PowerCut(BaseException):
    """Not an Exception: no `except Exception` of ours may survive it."""


@pytest.fixture(scope="module")
def template(tmp_path_factory, clamd_socket):
    """A data directory with a submission that was handed over, its letter sent, its bytes old."""
    directory = tmp_path_factory.mktemp("template")
    with storage.built(directory / "data", clamd_socket) as built:
        house = canned.Memory().used_by(built)
        to = storage.open_request(house.desk.requests).mailadres
        storage.hand_in_mail(house, storage.message(to, {"Zeldzaamnaam.pdf": pdf()}), to)
        storage.walk_on(house)
        storage.send_letters(house)
        sha256 = house.desk.bundle(storage.REFERENCE, directory / "bundel.zip", "zaaksysteem")
        house.desk.handover.confirm(storage.REFERENCE, sha256, "zaaksysteem")
    old_bytes(directory / "data")
    return directory / "data"


@contextmanager
def later(directory):
    """A house on that data, after the term."""
    with storage.built(directory) as house:
        clock = storage.FakeClock(house.ports.clock.now())
        clock.forward(days=30)
        yield house, retention(house, clock)


def _cut_at(calls, monkeypatch):
    """The power fails at that call that changes the disk, before its effect; commits of the database included."""
    left = itertools.count(calls, -1)

    def use(real, *arguments, **named):
        if next(left) == 0:
            raise PowerCut
        return real(*arguments, **named)

    for name in ("fsync", "unlink", "rename", "link"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, **n: use(real, *a, **n))
    for name in ("_begin", "_finish", "_erase_request", "_erase_entries"):
        real = getattr(Retention, name)
        monkeypatch.setattr(Retention, name, lambda *a, real=real: use(real, *a))
    commit = storage.Ledger.append
    monkeypatch.setattr(storage.Ledger, "append", lambda *a, **n: use(commit, *a, **n))


def test_a_power_cut_at_any_moment_of_an_erasure_is_finished_by_the_next_run(template, tmp_path, monkeypatch):
    for n in range(MOST_CALLS):
        directory = tmp_path / str(n)
        shutil.copytree(template, directory)
        with later(directory) as (house, job):
            _cut_at(n, monkeypatch)
            try:
                job.run()
                whole = True
            except PowerCut:
                whole = False
            monkeypatch.undo()
            assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable
        with later(directory) as (house, job):
            job.run()
            _gone(house, directory)
        shutil.rmtree(directory)
        if whole:
            break
    assert 8 < n < MOST_CALLS - 1, "the whole way was cut"


def _gone(house, directory):
    """Erased once, with its proof; nothing is left of it, in files or aside."""
    (number,) = (view.ontvangstnummer for view in house.desk.queries.submissions())
    names = [event.name for event in house.desk.queries.timeline(number)]
    assert names.count("ContentErased") == 1
    assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable
    left = [path for path in directory.rglob("*") if path.is_file() and b"Zeldzaamnaam" in path.read_bytes()]
    assert left == []
    assert [path.name for path in (directory / "blobs" / "erasing").iterdir()] in ([], ["lock"])
    assert not list((directory / "outbox").glob("*"))


def test_bytes_that_are_just_being_kept_again_are_left(tmp_path):
    """Somebody sends the same file while it is erased: its bytes are kept, its row is not there yet."""
    blobs = FileBlobs(tmp_path / "blobs")
    first = _keep(blobs)
    os.utime(blobs.path(first), (1e9, 1e9))
    _keep(blobs)
    assert blobs.erase([first]) == [first]
    assert blobs.path(first).exists()


def test_bytes_that_are_kept_between_the_look_and_the_erasing_are_put_back(tmp_path, monkeypatch):
    blobs = FileBlobs(tmp_path / "blobs")
    sha256 = _keep(blobs)
    os.utime(blobs.path(sha256), (1e9, 1e9))
    real = os.rename

    def late(source, target):
        _keep(blobs)
        real(source, target)

    monkeypatch.setattr(os, "rename", late)
    assert blobs.erase([sha256]) == [sha256]
    assert blobs.path(sha256).read_bytes() == b"the same bytes"
    assert not (tmp_path / "blobs" / "erasing" / sha256).exists()


def test_what_a_crash_left_aside_is_back_before_anything_is_erased(tmp_path):
    blobs = FileBlobs(tmp_path / "blobs")
    sha256 = _keep(blobs)
    blobs.path(sha256).rename(tmp_path / "blobs" / "erasing" / sha256)
    assert blobs.erase([]) == []
    assert blobs.path(sha256).read_bytes() == b"the same bytes"


def test_only_one_process_erases_at_a_time(tmp_path):
    blobs = FileBlobs(tmp_path / "blobs")
    other = FileBlobs(tmp_path / "blobs")
    with blobs._alone(), pytest.raises(TryLater):
        other.erase([])


def _keep(blobs):
    spool = blobs.spool()
    spool.write(b"the same bytes")
    return spool.keep().sha256
