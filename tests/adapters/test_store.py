"""What the store promises, on each database: one transaction a method, claims that fence, a sum that adds up."""

import contextlib
import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event, func, select, update
from sqlmodel import col

from gateway.arrivals import JournalRows
from gateway.audit import audit
from gateway.core.decide import decide
from gateway.core.errors import NotFound, TryLater, WrongState
from gateway.core.facts import Act, ActKind
from gateway.core.model import (
    Envelope,
    Reading,
    RefusedAttempt,
    StoredFile,
    Trouble,
)
from gateway.core.states import Step
from gateway.core.words import Channel, EventName, Outcome, RequestStatus, Status
from gateway.journal import Journal
from gateway.records import EntryRow, FileRow, LetterRow, SubmissionRow
from tests.support import storage
from tests.support.servers import wait_until
from tests.support.storage import ADDRESS, APPLICANT, NOON, REFERENCE

THREADS = 16


# ---- accepting -----------------------------------------------------------------------------------


def test_what_is_accepted_exists_with_its_bytes_and_its_ledger_entry(kept):
    accepted = kept.store.accept(storage.arrival(1, kept.blobs))
    view = kept.queries.submission(accepted.number)
    assert view.status is Status.RECEIVED
    assert view.ontvangenOp == "2026-11-02T12:00:00.000000Z"
    (entry,) = kept.queries.timeline(accepted.number)
    assert (entry.index, entry.name) == (accepted.log_index, EventName.RECEIVED_FROM_MAIL)
    assert entry.content["bestanden"][0]["sha256"] == kept.queries.raw_files(accepted.number)[0].sha256
    assert audit(kept.database, kept.blobs, kept.ledger.vkey, content=True).problems == ()


def test_the_same_source_gives_the_first_receipt_again(processes):
    first, second = processes
    accepted = first.store.accept(storage.arrival(1, first.blobs))
    first.clock.forward(days=3)
    assert first.store.accept(storage.arrival(1)) == accepted
    assert second.store.accept(storage.arrival(1)) == accepted
    assert sum(first.queries.sums().values()) == 1
    assert audit(first.database, first.blobs, first.ledger.vkey).entries == 1


def test_the_same_source_from_many_threads_at_once_is_one_submission(processes):
    start = threading.Barrier(THREADS)

    def accept(place):
        start.wait(20)
        return processes[place % 2].store.accept(storage.arrival(1))

    with ThreadPoolExecutor(THREADS) as pool:
        receipts = set(pool.map(accept, range(THREADS)))
    assert len(receipts) == 1
    assert sum(processes[0].queries.sums().values()) == 1
    assert audit(processes[0].database, processes[0].blobs, processes[0].ledger.vkey).problems == ()


def test_many_senders_at_once_get_dense_places_in_one_ledger(processes):
    each = 5

    def accept(sender):
        store = processes[sender % 2].store
        return [store.accept(storage.arrival(1000 * sender + n)) for n in range(each)]

    with ThreadPoolExecutor(THREADS) as pool:
        receipts = [accepted for some in pool.map(accept, range(THREADS)) for accepted in some]
    assert sorted(a.log_index for a in receipts) == list(range(THREADS * each))
    assert len({a.number for a in receipts}) == THREADS * each
    assert sum(processes[0].queries.sums().values()) == THREADS * each
    assert audit(processes[0].database, processes[0].blobs, processes[0].ledger.vkey).problems == ()


def test_whoever_waits_for_a_commit_shares_the_next_one(kept):
    """Group commit: one fsync for all that wait."""
    commits = []
    event.listen(kept.database.engine, "commit", commits.append)
    with kept.store._arrivals._committing, ThreadPoolExecutor(THREADS) as pool:
        waiting = [pool.submit(kept.store.accept, storage.arrival(n)) for n in range(THREADS)]
        wait_until(lambda: len(kept.store._arrivals._line) == THREADS, "all are waiting")
        kept.store._arrivals._committing.release()
        receipts = [future.result(20) for future in waiting]
        kept.store._arrivals._committing.acquire()
    assert len({a.log_index for a in receipts}) == THREADS
    assert len(commits) == 1


def test_only_a_commit_that_need_not_last_by_itself_waits_for_no_disk(kept):
    """SQLite: NORMAL (1) does not wait for the disk, FULL (2) does, and takes all before it along."""
    embedded = kept.database.embedded
    ask = "PRAGMA synchronous" if embedded else "SHOW synchronous_commit"
    seen = []
    for lasting in (True, False, True):
        with kept.database.write(lasting=lasting) as session:
            seen.append(session.connection().exec_driver_sql(ask).scalar())
    assert seen == ([2, 1, 2] if embedded else ["on", "off", "on"])


def test_one_arrival_that_cannot_be_stored_does_not_fail_the_others(kept):
    broken = storage.arrival(3, envelope=Envelope(APPLICANT, (ADDRESS,), helo=object()))
    with kept.store._arrivals._committing, ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(kept.store.accept, storage.arrival(n)) for n in range(3)]
        failing = pool.submit(kept.store.accept, broken)
        wait_until(lambda: len(kept.store._arrivals._line) == 4, "all are waiting")
        kept.store._arrivals._committing.release()
        receipts = [future.result(20) for future in waiting]
        assert failing.exception(20) is not None
        kept.store._arrivals._committing.acquire()
    assert sorted(a.log_index for a in receipts) == [0, 1, 2]
    assert sum(kept.queries.sums().values()) == 3
    assert audit(kept.database, kept.blobs, kept.ledger.vkey).problems == ()


def test_an_arrival_that_fails_leaves_nothing_behind(kept):
    with pytest.raises(ValueError, match="unknown type"):
        kept.store.accept(storage.arrival(1, envelope=Envelope(helo=object())))
    assert sum(kept.queries.sums().values()) == 0
    assert audit(kept.database, kept.blobs, kept.ledger.vkey).entries == 0
    assert kept.store.accept(storage.arrival(1)).log_index == 0


# ---- files that lie in the journal ---------------------------------------------------------------


def _spooled(kept, content):
    spool = kept.store.spool()
    spool.write(content)
    return spool


def _accepted(kept, content):
    """A mail that lies in the journal; the number, and the file."""
    spool = _spooled(kept, content)
    file = spool.journalled()
    number = kept.store.accept(storage.arrival(1, files=(file,))).number
    spool.drop()
    return number, file


def _files_on_disk(kept):
    return {path.name for path in (kept.directory / "blobs").glob("??/*")}


def test_what_lies_in_the_journal_is_durable_before_its_row_and_gets_a_file_before_it_leaves(kept, monkeypatch):
    content = b"Subject: klein\r\n\r\n" + b"x" * 5000
    with monkeypatch.context() as patched:
        steps = _steps(patched, kept)
        number, file = _accepted(kept, content)
    assert steps == ["bytes", "row"]
    assert not _files_on_disk(kept)
    with kept.blobs.open(file.sha256) as opened:
        assert opened.read() == content
    assert not _files_on_disk(kept), "looking at it writes nothing"
    assert audit(kept.database, kept.blobs, kept.ledger.vkey, content=True).problems == ()
    assert kept.blobs.tidy() == 0, "its row needs it"
    kept.store.save_reading(kept.store.claim(number), Reading(None, ()))
    assert _files_on_disk(kept) == {file.sha256}
    assert JournalRows(kept.database).of(file.sha256) is None
    assert kept.blobs.tidy() == 1
    assert kept.blobs.path(file.sha256).read_bytes() == content
    assert audit(kept.database, kept.blobs, kept.ledger.vkey, content=True).problems == ()


def _steps(monkeypatch, kept):
    """What becomes durable, in its order."""
    steps = []
    fdatasync, write_rows = os.fdatasync, kept.database.write_rows
    monkeypatch.setattr(os, "fdatasync", lambda handle: (fdatasync(handle), steps.append("bytes")))

    @contextlib.contextmanager
    def recorded():
        with write_rows() as connection:
            yield connection
        steps.append("row")

    monkeypatch.setattr(kept.database, "write_rows", recorded)
    return steps


def test_who_opens_a_file_while_it_leaves_the_journal_gets_it(kept, monkeypatch):
    """The file was asked for by name, then the journal: in between it may have got its name."""
    number, file = _accepted(kept, b"klein")

    read = Journal.read

    def after_it_left(journal, place):
        monkeypatch.undo()
        kept.store.save_reading(kept.store.claim(number), Reading(None, ()))
        assert kept.blobs.tidy() == 1
        return read(journal, place)

    monkeypatch.setattr(Journal, "read", after_it_left)
    with kept.blobs.open(file.sha256) as opened:
        assert opened.read() == b"klein"


def test_a_row_that_a_power_cut_took_back_into_a_journal_that_is_gone_finds_its_file(kept):
    """That a submission was read is committed without waiting for the disk (0018); the file has its name before."""
    number, file = _accepted(kept, b"klein")
    kept.store.save_reading(kept.store.claim(number), Reading(None, ()))
    assert kept.blobs.tidy() == 1
    with kept.database.write() as session:
        session.execute(update(FileRow).values(segment=file.segment, start=file.start))
        session.execute(update(SubmissionRow).values(step=Step.ACCEPTED))
    os.utime(kept.blobs._place(file.sha256), (0, 0))
    assert kept.blobs.path(file.sha256).read_bytes() == b"klein"
    with kept.blobs.open(file.sha256) as opened:
        assert opened.read() == b"klein"
    kept.store.save_reading(kept.store.claim(number), Reading(None, ()))
    assert JournalRows(kept.database).of(file.sha256) is None


def test_a_file_leaves_the_journal_only_for_one_that_nobody_is_erasing(kept):
    """The same bytes may be there of an older submission, and be erased with that one at any moment."""
    number, file = _accepted(kept, b"klein")
    place = kept.blobs.path(file.sha256)
    os.utime(place, (0, 0))
    kept.store.save_reading(kept.store.claim(number), Reading(None, ()))
    assert kept.blobs.erase([file.sha256]) == [file.sha256], "it is new: who erases lets it be"
    assert place.read_bytes() == b"klein"


def test_without_a_disk_for_its_file_it_stays_in_the_journal(kept, monkeypatch):
    number, file = _accepted(kept, b"klein")
    claim = kept.store.claim(number)

    def full(_handle, _view):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(TryLater, match="No space left"):
            kept.store.save_reading(claim, Reading(None, ()))
    assert JournalRows(kept.database).of(file.sha256)
    kept.store.save_reading(claim, Reading(None, ()))
    assert kept.blobs.path(file.sha256).read_bytes() == b"klein"


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_what_could_not_be_made_durable_has_no_row_and_spoils_it_for_nobody_after_it(kept, monkeypatch, error):
    def failing(_handle):
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", failing)
        with pytest.raises(TryLater, match="cannot keep"):
            _accepted(kept, b"een")
    assert sum(kept.queries.sums().values()) == 0
    number, file = _accepted(kept, b"twee")
    assert [each.sha256 for each in kept.queries.raw_files(number)] == [file.sha256]


# ---- the register --------------------------------------------------------------------------------


def test_who_was_turned_away_is_in_the_register_with_who_was_let_in(kept):
    kept.store.register(
        RefusedAttempt(Channel.SMTP, NOON, "niet_aangewezen_adres", "info@intake.example", Envelope("x@y.example"))
    )
    kept.clock.forward(minutes=1)
    accepted = kept.store.accept(storage.arrival(1, received_at=kept.clock.now()))
    events = kept.queries.register(NOON, NOON.replace(hour=13))
    assert [e.name for e in events] == [EventName.SUBMISSION_REJECTED, EventName.RECEIVED_FROM_MAIL]
    assert events[0].content["reden"] == "niet_aangewezen_adres"
    assert [e.subject for e in kept.queries.register(NOON, NOON.replace(hour=13), ADDRESS)] == [accepted.number]
    assert kept.queries.register(NOON, kept.clock.now(), ADDRESS) == ()
    assert [e.index for e in kept.queries.register(NOON, NOON.replace(hour=13), "INFO@intake.example")] == [0]


# ---- claims --------------------------------------------------------------------------------------


def test_work_is_claimed_by_one_at_a_time(processes):
    """From threads and from processes: everything once, nothing twice."""
    numbers = {processes[0].store.accept(storage.arrival(n)).number for n in range(20)}

    def take(place):
        claims = []
        while claim := processes[place % 2].store.claim():
            claims.append(claim.number)
        return claims

    with ThreadPoolExecutor(8) as pool:
        taken = [number for some in pool.map(take, range(8)) for number in some]
    # On PostgreSQL a claimer may find all rows locked by others and go home early: that is what the clock is for.
    taken += take(0)
    assert sorted(taken) == sorted(numbers)


def test_the_oldest_work_is_claimed_first(kept):
    numbers = []
    for n in range(3):
        numbers.append(kept.store.accept(storage.arrival(n)).number)
        kept.clock.forward(seconds=1)
    assert [kept.store.claim().number for _ in range(3)] == numbers
    assert kept.store.claim() is None


def _accepted_in_turn(kept, seconds):
    """The numbers of three submissions, each so long after the one before."""
    numbers = []
    for n in range(3):
        numbers.append(kept.store.accept(storage.arrival(n)).number)
        kept.clock.forward(seconds=seconds)
    return numbers


def _claimed_to_the_end(kept):
    """Who is claimed one after the other, each for its first two steps."""
    order = []
    while claim := kept.store.claim():
        if claim.step is Step.ACCEPTED:
            kept.store.save_reading(claim, Reading(None, ()))
        order.append(claim.number)
    return order


def test_who_came_first_is_looked_at_to_the_end_first(kept):
    first, second, third = _accepted_in_turn(kept, 1)
    assert _claimed_to_the_end(kept) == [first, first, second, second, third, third]


def test_for_each_second_that_it_took_those_of_the_next_ten_go_before_it(kept):
    first, second, third = _accepted_in_turn(kept, 15)
    slow = kept.store.claim()
    kept.clock.forward(seconds=2)
    kept.store.save_reading(slow, Reading(None, ()))
    assert slow.number == first
    assert _claimed_to_the_end(kept) == [second, second, first, third, third]


def test_a_try_that_failed_took_time_too(kept):
    first, second, third = _accepted_in_turn(kept, 15)
    slow = kept.store.claim()
    kept.clock.forward(seconds=4)
    kept.store.postpone(slow, "scanner away", count=False)
    kept.clock.forward(seconds=60)
    assert _claimed_to_the_end(kept) == [second, second, third, third, first, first]


def test_those_of_the_next_twenty_seconds_go_before_one_that_could_not_be_read_whole(kept):
    first, second, third = _accepted_in_turn(kept, 15)
    kept.store.save_reading(kept.store.claim(), Reading(None, (), Trouble("too_complex", "500 parts")))
    assert _claimed_to_the_end(kept) == [second, second, first, third, third]


def test_a_clock_that_is_set_back_during_a_step_gives_nobody_an_earlier_turn(kept):
    first, second, third = _accepted_in_turn(kept, 15)
    assert kept.store.claim().number == first
    during = kept.store.claim()
    kept.clock.forward(days=-1)
    kept.store.save_reading(during, Reading(None, ()))
    assert _turns(kept) == sorted(_turns(kept))
    assert during.number == second
    assert third


def test_who_rests_has_no_turn_and_gets_one_when_somebody_acts(kept):
    number = kept.store.accept(storage.arrival(1)).number
    assert _turns(kept) == [NOON]
    kept.store.save_reading(kept.store.claim(), Reading(None, ()))
    kept.store.shelve(kept.store.claim(), "a person looks at it")
    assert _turns(kept) == [None]
    kept.clock.forward(seconds=5)
    kept.store.act(number, Act(ActKind.RELEASE, "j.jansen"))
    assert _turns(kept) == [kept.clock.now()]


def _turns(kept):
    with kept.database.read() as session:
        return list(session.scalars(select(col(SubmissionRow.turn_at)).order_by(col(SubmissionRow.id))))


def test_one_submission_can_be_claimed_by_its_number(kept):
    kept.store.accept(storage.arrival(1))
    wanted = kept.store.accept(storage.arrival(2)).number
    assert kept.store.claim(wanted).number == wanted
    assert kept.store.claim(wanted) is None


def test_a_claim_that_lapsed_and_was_taken_over_cannot_write_any_more(processes):
    first, second = processes
    first.store.accept(storage.arrival(1))
    old = first.store.claim()
    first.clock.forward(seconds=599)
    assert second.store.claim() is None
    first.clock.forward(seconds=2)
    new = second.store.claim()
    assert new.owner != old.owner
    for write in (
        lambda: first.store.save_reading(old, Reading(None, ())),
        lambda: first.store.postpone(old, "late", count=True),
        lambda: first.store.save_notice(old, ()),
        lambda: first.store.shelve(old, "late"),
    ):
        with pytest.raises(WrongState):
            write()
    second.store.save_reading(new, Reading(None, ()))
    assert second.store.claim().step is Step.READ


def test_a_step_cannot_be_done_twice_with_one_claim(kept):
    """The answer to the first commit may have been lost: the second says so, and changes nothing."""
    number = kept.store.accept(storage.arrival(1)).number
    claim = kept.store.claim()
    kept.store.save_reading(claim, Reading(None, (storage.part(1),)))
    with pytest.raises(WrongState):
        kept.store.save_reading(claim, Reading(None, ()))
    assert len(kept.store.load(number).parts) == 1


def test_postponed_work_comes_back_after_a_pause_that_grows_with_its_age(kept):
    kept.store.accept(storage.arrival(1))
    pauses = []
    for _ in range(30):
        claim = kept.store.claim()
        kept.store.postpone(claim, "scanner away", count=False)
        assert kept.store.claim() is None
        before = kept.clock.now()
        while (found := kept.store.claim()) is None:
            kept.clock.forward(seconds=0.5)
        kept.store.postpone(found, "scanner away", count=False)
        pauses.append((kept.clock.now() - before).total_seconds())
        kept.clock.forward(seconds=60)
    assert pauses[0] == 1
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60
    kept.clock.forward(seconds=60)
    assert kept.store.claim().attempts == 0


def test_work_and_claims_from_a_clock_that_was_set_back_since_are_taken_up_at_once(kept):
    """Their moment would not come for as long as the clock was wrong."""
    waiting = kept.store.accept(storage.arrival(1)).number
    claimed = kept.store.accept(storage.arrival(2)).number
    kept.store.postpone(kept.store.claim(waiting), "scanner away", count=False)
    kept.store.claim(claimed)
    assert kept.store.claim() is None
    kept.clock.forward(days=-3)
    assert {kept.store.claim().number, kept.store.claim().number} == {waiting, claimed}
    assert kept.store.claim() is None


def test_attempts_are_counted_when_the_step_is_to_blame_and_start_anew_with_the_next_step(kept):
    kept.store.accept(storage.arrival(1))
    kept.store.postpone(kept.store.claim(), "bug", count=True)
    kept.clock.forward(seconds=60)
    claim = kept.store.claim()
    assert claim.attempts == 1
    kept.store.save_reading(claim, Reading(None, ()))
    assert kept.store.claim().attempts == 0


def test_the_embedded_default_takes_all_claims_back_at_its_start(kept):
    kept.store.accept(storage.arrival(1))
    old = kept.store.claim()
    assert kept.store.claim() is None
    kept.store.release_leases()
    assert kept.store.claim().number == old.number


def test_what_keeps_failing_is_held_for_a_person_with_the_error(kept):
    number = kept.store.accept(storage.arrival(1)).number
    kept.store.save_reading(kept.store.claim(), Reading(None, ()))
    kept.store.shelve(kept.store.claim(), "the scanner's child broke")
    view = kept.queries.submission(number)
    assert (view.status, view.besluit) == (Status.HELD, Outcome.HELD)
    assert kept.queries.why(number).detail == "the scanner's child broke"
    assert kept.queries.timeline(number)[-1].name == EventName.SHELVED
    assert kept.store.claim() is None
    assert kept.queries.sums()["aangehouden"] == 1


# ---- the walk's steps ----------------------------------------------------------------------------


def test_decision_receipt_and_letters_are_one_transaction(kept, monkeypatch):
    """Fails between them, as late as can be: nothing of it is there; then all of it is."""
    number, claim, facts, decision, letters = storage.ready_to_decide(kept)
    put, calls = kept.store._put_letter, []

    def failing(*arguments):
        put(*arguments)
        calls.append(arguments)
        raise TryLater("the disk is full")

    monkeypatch.setattr(kept.store, "_put_letter", failing)
    before = audit(kept.database, kept.blobs, kept.ledger.vkey).entries
    with pytest.raises(TryLater):
        kept.store.save_decision(claim, facts, decision, letters)
    assert calls, "there was a letter to write"
    assert kept.queries.why(number).outcome is None
    assert kept.queries.receipt_index(number) is None
    assert kept.queries.letters(number) == ()
    assert audit(kept.database, kept.blobs, kept.ledger.vkey).entries == before
    monkeypatch.undo()

    kept.store.save_decision(claim, facts, decision, letters)
    assert kept.queries.why(number).facts == facts
    assert [e.name for e in kept.queries.timeline(number)][-2:] == [EventName.DECIDED, EventName.RECEIPT]
    assert [to for to, _, _ in kept.queries.letters(number)] == [APPLICANT]
    with pytest.raises(WrongState):
        kept.store.save_decision(claim, facts, decision, letters)
    assert len(kept.queries.letters(number)) == 1


def test_the_first_letter_written_under_a_key_stays(kept):
    number, claim, facts, decision, letters = storage.ready_to_decide(kept)
    kept.store.save_decision(claim, facts, decision, letters)
    (waiting,) = kept.store.waiting(number)
    assert waiting.draft == letters[0]
    kept.store.save_letter(waiting.draft.key, StoredFile("a" * 64, 10))
    kept.store.save_letter(waiting.draft.key, StoredFile("b" * 64, 10))
    assert kept.queries.letters(number) == ((APPLICANT, "written", "a" * 64),)
    assert kept.store.waiting(number) == ()


def test_a_notice_is_put_in_the_outbox_once(kept):
    number = kept.store.accept(storage.arrival(1)).number
    claim = kept.store.claim()
    _, _, _, _, letters = storage.ready_to_decide(kept, 2)
    for _ in range(2):
        kept.store.save_notice(claim, letters)
    with kept.database.read() as session:
        rows = session.scalar(select(func.count()).select_from(LetterRow).where(col(LetterRow.key) == letters[0].key))
    assert rows == 1
    assert [e.name for e in kept.queries.timeline(number)].count(EventName.RECEIPT) == 1


def test_filing_answers_the_items_and_completes_the_request(kept):
    number, claim, facts, decision, letters = storage.ready_to_decide(kept, item="1")
    kept.store.save_decision(claim, facts, decision, letters)
    storage.finish(kept)
    assert [s.status for s in kept.queries.request(REFERENCE).stukken] == ["ontvangen", "open"]
    assert kept.queries.request(REFERENCE).status is RequestStatus.OPEN
    _, claim, facts, decision, letters = storage.ready_to_decide(kept, 2, item="2")
    kept.store.save_decision(claim, facts, decision, letters)
    storage.finish(kept)
    assert kept.queries.request(REFERENCE).status is RequestStatus.COMPLETE
    assert [e.name for e in kept.queries.timeline(REFERENCE)] == [
        EventName.REQUEST_OPENED,
        EventName.REQUEST_COMPLETE,
        EventName.STAFF_TOLD,
    ]
    assert kept.queries.submission(number).status is Status.DONE


def test_the_facts_of_a_decision_are_stored_and_give_the_same_decision(kept):
    number, claim, facts, decision, letters = storage.ready_to_decide(kept)
    kept.store.save_decision(claim, facts, decision, letters)
    stored = kept.queries.why(number)
    assert stored.facts == facts
    assert decide(stored.facts) == decision


def test_a_second_coming_of_the_same_bytes_is_a_repeat_of_the_first(kept):
    number, claim, facts, decision, letters = storage.ready_to_decide(kept)
    kept.store.save_decision(claim, facts, decision, letters)
    assert facts.repeat_of == ""
    again = kept.store.accept(
        storage.arrival(1, source="again", request=REFERENCE, channel=Channel.PORTAL, envelope=Envelope())
    )
    assert kept.store.facts(again.number).repeat_of == number


def test_a_person_acts_only_on_what_rests_and_it_is_decided_again(kept):
    number, claim, facts, decision, letters = storage.ready_to_decide(kept)
    act = Act(ActKind.RELEASE, "j.jansen")
    with pytest.raises(WrongState):
        kept.store.act(number, act)
    assert EventName.PERSON_ACTED not in [e.name for e in kept.queries.timeline(number)]
    kept.store.save_decision(claim, facts, decision, letters)
    storage.finish(kept)
    kept.store.act(number, act)
    claim = kept.store.claim()
    assert (claim.number, claim.step) == (number, Step.READ)
    assert kept.queries.timeline(number)[-1].content["medewerker"] == "j.jansen"
    again = kept.store.facts(number)
    assert again.acts == (act,)
    assert again.round == 1


@pytest.mark.parametrize(
    "act",
    [
        Act(ActKind.ASSIGN, "j.jansen", request="HV-1900-000000"),
        Act(ActKind.RELEASE, "j.jansen", document="f" * 64),
    ],
)
def test_an_act_that_names_what_is_not_there_changes_nothing(kept, act):
    number, claim, facts, decision, letters = storage.ready_to_decide(kept)
    kept.store.save_decision(claim, facts, decision, letters)
    storage.finish(kept)
    with pytest.raises(NotFound):
        kept.store.act(number, act)
    assert kept.queries.submission(number).status is Status.DONE
    assert kept.store.claim() is None


def test_an_unknown_receipt_number_is_not_found(kept):
    with pytest.raises(NotFound):
        kept.store.load("26-0000-0000-0000")


def test_a_value_that_the_database_cannot_hold_counts_as_our_bug_and_not_as_its_trouble(kept):
    """Or the step would be tried for ever, and no person would see it (P3)."""
    kept.store.accept(storage.arrival(1))
    claim = kept.store.claim()
    named = replace(storage.part(1), name="a\0b.pdf")
    try:
        kept.store.save_reading(claim, Reading(None, (named,)))
    except TryLater:
        pytest.fail("said to be the database's trouble")
    except Exception:  # noqa: BLE001  # PostgreSQL takes no NUL
        kept.store.postpone(claim, "our bug", count=True)
    else:
        assert kept.store.load(claim.number).parts == (named,)


# ---- the sums ------------------------------------------------------------------------------------


def test_the_sums_add_up_at_every_step(kept):
    kept.store.accept(storage.arrival(100))
    steps = []
    _, claim, facts, decision, letters = storage.ready_to_decide(kept, seen=lambda: steps.append(kept.queries.sums()))
    kept.store.save_decision(claim, facts, decision, letters)
    steps.append(kept.queries.sums())
    storage.finish(kept)
    steps.append(kept.queries.sums())
    assert {sum(sums.values()) for sums in steps} == {2}
    assert steps[0] == {"ontvangen": 2, "in_behandeling": 0, "aangehouden": 0, "afgehandeld": 0}
    assert steps[-1] == {"ontvangen": 1, "in_behandeling": 0, "aangehouden": 0, "afgehandeld": 1}
    assert kept.queries.oldest_unfinished() == NOON


def test_a_reader_sees_one_moment(processes):
    """Whatever others commit meanwhile: sums, facts and audits are of one moment."""
    first, second = processes
    first.store.accept(storage.arrival(1))
    count = select(func.count()).select_from(SubmissionRow)
    with first.database.read() as session:
        before = session.scalar(count)
        second.store.accept(storage.arrival(2))
        assert session.scalar(count) == before
    with first.database.read() as session:
        assert session.scalar(count) == before + 1


def test_every_row_has_the_entry_of_its_arrival(kept):
    for n in range(5):
        kept.store.accept(storage.arrival(n))
    with kept.database.read() as session:
        rows = session.execute(
            select(col(SubmissionRow.number), col(EntryRow.subject)).join(
                EntryRow, col(EntryRow.index) == col(SubmissionRow.arrival_index)
            )
        ).all()
    assert len(rows) == 5
    assert all(number == subject for number, subject in rows)
