"""Disk and database fail in every way we know: the sender hears "try again", nothing is half done, nothing is lost."""

import errno
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text

from gateway import database, walk
from gateway.audit import audit
from gateway.core.errors import TryLater, WrongState
from gateway.core.words import Reason
from gateway.journal import JOURNAL_BYTES
from tests.support import canned, checker, dossier, storage
from tests.support.servers import wait_until
from tests.support.storage import REFERENCE

MOVES = (
    "save_reading",
    "save_inspections",
    "save_match",
    "save_decision",
    "save_letter",
    "save_answer",
    "save_filing",
    "claim",
    "load",
    "facts",
    "waiting",
    "find_clues",
)


@pytest.fixture(scope="module")
def memory():
    return canned.Memory()


@pytest.fixture
def house(tmp_path, clamd_socket, memory):
    with storage.built(tmp_path / "data", clamd_socket, work={"lease_seconds": 1}) as built:
        storage.open_request(built.desk.requests)
        yield memory.used_by(built)


class Faulty:
    """A port one of whose methods fails once: before its effect, or after it (the answer is lost)."""

    def __init__(self, port, method, when, error=TryLater):
        self._port = port
        self._method = method
        self._when = when
        self._error = error
        self.failed = False

    def __getattr__(self, name):
        found = getattr(self._port, name)
        if name != self._method or self.failed:
            return found

        def once(*arguments, **named):
            self.failed = True
            if self._when == "not persisted":
                raise self._error("away")
            found(*arguments, **named)
            raise self._error("answer lost")

        return once


def _mail(house, **changes):
    to = house.desk.queries.request(REFERENCE).mailadres
    return storage.hand_in_mail(house, storage.two_documents(to, **changes), to)


def _to_rest(house):
    """As the running gateway does it: what waits for its time is tried when the time has come."""

    def at_rest():
        storage.walk_on(house)
        sums = house.desk.queries.sums()
        return not sums["ontvangen"] + sums["in_behandeling"]

    wait_until(at_rest, "all is at rest", 120)
    storage.send_letters(house)


# ---- the answer of accept ------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["not persisted", "persisted, answer lost"])
def test_a_sender_who_heard_no_yes_sends_again_and_is_counted_once_or_as_a_repeat(house, tmp_path, when):
    faulty = replace(house, ports=replace(house.ports, store=Faulty(house.ports.store, "accept", when)))
    with pytest.raises(TryLater):
        _mail(faulty)
    accepted = _mail(faulty)
    _to_rest(house)
    checker.check(house, [accepted.number], tmp_path / "receipts")
    views = house.desk.queries.submissions()
    repeats = [view.ontvangstnummer for view in views if Reason.REPEAT in view.redenen]
    assert repeats == ([] if when == "not persisted" else [accepted.number])
    assert len(views) == 1 + len(repeats)


@pytest.mark.parametrize("when", ["not persisted", "persisted, answer lost"])
@pytest.mark.parametrize("method", MOVES)
def test_a_step_whose_transaction_fails_or_whose_answer_is_lost_is_done_once(house, tmp_path, method, when):
    accepted = _mail(house)
    store = Faulty(house.ports.store, method, when)
    faulty = replace(house, ports=replace(house.ports, store=store))
    for _ in range(20):
        try:
            if walk.advance(faulty.ports) is None:
                break
        except TryLater:  # the worker waits, and comes again
            pass
    assert store.failed
    _to_rest(house)
    checker.check(house, [accepted.number], tmp_path / "receipts")


def test_a_step_that_fails_for_a_reason_of_ours_ends_with_a_person(tmp_path, clamd_socket, memory):
    """P3: no submission is tried for ever, and its sender is told that it is here."""
    with storage.built(tmp_path / "data", clamd_socket, work={"max_attempts": 1}) as built:
        storage.open_request(built.desk.requests)
        house = memory.used_by(built)
        accepted = _mail(house)

        class Broken:
            def inspect(self, _files):
                raise RuntimeError("our bug")

            def look_ahead(self, _files):
                pass

            def signatures(self):
                return ""

        broken = replace(house, ports=replace(house.ports, inspector=Broken()))

        def held():
            storage.walk_on(broken)
            return house.desk.queries.sums()["aangehouden"] == 1

        wait_until(held, "a person sees it", 30)
        assert "our bug" in house.desk.queries.why(accepted.number).detail
        storage.send_letters(house)
        assert [state for _, state, _ in house.desk.queries.letters(accepted.number)] == ["handed_over"]
        assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


def test_a_letter_that_cannot_be_written_holds_up_no_other(house):
    """A clerk that fails on one letter, for ever."""
    first, second = _mail(house), storage.hand_in_upload(house, REFERENCE, {"1": dossier.pdf(width=777)})
    clerk = house.ports.clerk

    class Choosy:
        ready = staticmethod(clerk.ready)

        def write(self, letter):
            if letter.number == first.number:
                raise RuntimeError("cannot be typeset")
            return clerk.write(letter)

    choosy = replace(house, ports=replace(house.ports, clerk=Choosy()))
    storage.walk_on(choosy)
    with pytest.raises(RuntimeError):
        walk.write_letters(choosy.ports)
    house.outbox.send(lambda _event, _fields: None)
    states = {n: [state for _, state, _ in house.desk.queries.letters(n)] for n in (first.number, second.number)}
    assert states == {first.number: ["drafted"], second.number: ["handed_over"]}


# ---- the disk ------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [errno.EIO, errno.ENOSPC])
def test_a_disk_that_fails_is_told_the_sender_and_leaves_no_submission(house, tmp_path, monkeypatch, trouble):
    """A mail with a file of its own; what a small one travels with is the database (below)."""
    large = {"text": "Toelichting.\n" * (JOURNAL_BYTES // 10)}
    real = os.fsync

    def failing(_handle):
        raise OSError(trouble, os.strerror(trouble))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(TryLater):
        _mail(house, **large)
    assert sum(house.desk.queries.sums().values()) == 0
    monkeypatch.setattr(os, "fsync", real)
    accepted = _mail(house, **large)
    assert house.desk.blobs.sweep() == 0
    _to_rest(house)
    checker.check(house, [accepted.number], tmp_path / "receipts")


def test_a_disk_that_fills_up_during_the_walk_only_delays_it(house, tmp_path, monkeypatch):
    accepted = _mail(house)
    real = os.fsync

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    storage.walk_on(house)
    monkeypatch.setattr(os, "fsync", real)
    assert "No space left" in house.desk.queries.why(accepted.number).detail
    _to_rest(house)
    checker.check(house, [accepted.number], tmp_path / "receipts")


# ---- the database --------------------------------------------------------------------------------


@contextmanager
def _locked(path):
    """Somebody else writes, and does not stop."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_a_locked_database_is_told_the_sender_and_readers_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 50)
    with storage.opened(tmp_path) as kept:
        first = kept.store.accept(storage.arrival(1, kept.blobs))
        with _locked(tmp_path / "herstelpost.db"):
            for change in (
                lambda: kept.store.accept(storage.arrival(2, kept.blobs)),
                kept.store.claim,
                lambda: storage.open_request(kept.requests),
            ):
                with pytest.raises(TryLater, match="locked"):
                    change()
            assert kept.queries.submission(first.number).ontvangstnummer == first.number
        assert kept.store.accept(storage.arrival(2)).log_index == 1
        assert audit(kept.database, kept.blobs, kept.ledger.vkey, content=True).problems == ()


def test_writers_of_one_process_take_turns_without_asking_sqlite_again_and_again(tmp_path, monkeypatch):
    """SQLite says "locked" here at once instead of napping; so whoever is served was given the turn."""
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 0)
    shared = database.Database(f"sqlite:///{tmp_path}/turns.db")
    with shared.write_rows() as connection:
        connection.exec_driver_sql("CREATE TABLE counted (n INTEGER)")
    monkeypatch.setattr(database, "BUSY_MILLISECONDS", 10_000)

    def write(number):
        with shared.write_rows() if number % 2 else shared.write() as given:
            given.execute(text("INSERT INTO counted VALUES (:n)"), {"n": number})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(200)))
    with shared.read() as session:
        assert session.scalar(text("SELECT count(DISTINCT n) FROM counted")) == 200
    shared.close()


def test_a_full_database_is_told_the_sender_and_nothing_is_half_done(tmp_path):
    with storage.opened(tmp_path) as kept:
        kept.store.accept(storage.arrival(0, kept.blobs))
        pages = _pragma(kept, "PRAGMA page_count")

        def full(connection, _record):
            connection.execute(f"PRAGMA max_page_count={pages}")

        kept.database.engine.dispose()
        database.event.listen(kept.database.engine, "connect", full)
        accepted = _accept_until_refused(kept)
        database.event.remove(kept.database.engine, "connect", full)
        kept.database.engine.dispose()
        assert sum(kept.queries.sums().values()) == accepted
        assert kept.store.accept(storage.arrival(accepted, kept.blobs)).log_index == accepted
        assert audit(kept.database, kept.blobs, kept.ledger.vkey, content=True).problems == ()


def _accept_until_refused(kept):
    for n in range(1, 500):
        try:
            kept.store.accept(storage.arrival(n, kept.blobs))
        except TryLater as error:
            assert "full" in str(error)  # noqa: PT017  # which one is refused is not known
            return n
    raise AssertionError("it is never full")


def _pragma(kept, statement):
    with kept.database.engine.connect() as connection:
        return connection.execute(text(statement)).scalar()


def test_a_database_that_is_away_is_told_the_sender_and_comes_back_without_a_restart(tmp_path, postgres_database):
    plain = postgres_database.replace("+psycopg", "", 1)
    name = plain.rpartition("/")[2]
    with storage.opened(tmp_path, postgres_database) as kept:
        kept.store.accept(storage.arrival(1, kept.blobs))
        with psycopg.connect(plain.rpartition("/")[0] + "/postgres", autocommit=True) as admin:
            _away(admin, name, away=True)
            for attempt in (lambda: kept.store.accept(storage.arrival(2, kept.blobs)), kept.queries.sums):
                with pytest.raises(TryLater):
                    attempt()
            _away(admin, name, away=False)
        assert kept.store.accept(storage.arrival(2)).log_index == 1
        assert audit(kept.database, kept.blobs, kept.ledger.vkey, content=True).problems == ()


def _away(admin, name, *, away):
    admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS {not away}')
    if away:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))


def test_a_connection_that_dies_within_the_transaction_leaves_nothing_of_it(tmp_path, postgres_database):
    """The clock is asked within the transaction; whoever asks it loses his connection."""

    class Deadly(storage.FakeClock):
        strikes = 1

        def now(self):
            if self.strikes:
                self.strikes -= 1
                with psycopg.connect(postgres_database.replace("+psycopg", "", 1), autocommit=True) as admin:
                    admin.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
            return super().now()

    with storage.opened(tmp_path, postgres_database, Deadly()) as kept:
        with pytest.raises(TryLater):
            kept.store.accept(storage.arrival(1, kept.blobs))
        assert kept.clock.strikes == 0
        assert sum(kept.queries.sums().values()) == 0
        assert kept.store.accept(storage.arrival(1)).log_index == 0


# ---- two processes -------------------------------------------------------------------------------


def test_two_processes_walk_the_same_work_and_everything_is_done_once(
    tmp_path, postgres_database, clamd_socket, memory
):
    """40 submissions, two processes with two threads each, on one PostgreSQL."""
    url = {"url": postgres_database}
    with ExitStack() as stack:
        built = [stack.enter_context(storage.built(tmp_path / "data", clamd_socket, database=url)) for _ in range(2)]
        storage.open_request(built[0].desk.requests)
        houses = [memory.used_by(house) for house in built]
        documents = [{"1": dossier.pdf(width=400 + n)} for n in range(40)]
        numbers = [
            storage.hand_in_upload(houses[0], REFERENCE, d, source=f"p:{n}").number for n, d in enumerate(documents)
        ]
        start = threading.Barrier(4)

        def work(place):
            start.wait(20)
            house = houses[place % 2]
            _to_rest(house)

        with ThreadPoolExecutor(4) as pool:
            for worker in [pool.submit(work, place) for place in range(4)]:
                worker.result(300)
        storage.send_letters(houses[0])
        checker.check(houses[0], numbers, tmp_path / "receipts")
        assert len(houses[1].desk.queries.submissions()) == 40


def test_a_claim_lost_to_another_process_is_no_error(house):
    """The other one does the step; ours changes nothing, and says nothing to anybody."""
    accepted = _mail(house)
    real = house.ports.reader

    class Slow:
        def read_message(self, raw, out, *, envelope=None):
            house.ports.store.release_leases()
            assert walk.advance(house.ports, accepted.number) == accepted.number
            return real.read_message(raw, out, envelope=envelope)

    slow = replace(house, ports=replace(house.ports, reader=Slow()))
    assert walk.advance(slow.ports) == accepted.number
    with pytest.raises(WrongState):
        house.ports.store.save_reading(
            walk.Claim(accepted.number, walk.Step.ACCEPTED, "nobody", storage.NOON, 0), walk.Reading(None, ())
        )
    assert len([p for p in house.ports.store.load(accepted.number).parts if p.name.endswith(".pdf")]) == 2
