"""What the outbox promises: every letter that is written goes out once, or its failure is in the log."""

import itertools
import threading
from dataclasses import dataclass, field

import pytest

from gateway.core.errors import Corrupt
from gateway.core.words import EventName
from gateway.outbox import BATCH, LEASE, Outbox
from tests.support import storage
from tests.support.storage import APPLICANT


@dataclass(frozen=True)
class Fate:
    ok: bool
    permanent: bool = False
    reply: str = "250 2.0.0 queued"


YES, LATER, NEVER = Fate(ok=True), Fate(ok=False, reply="451 later"), Fate(ok=False, permanent=True, reply="550 no")


@dataclass
class Carrier:
    """Answers as it is told (yes when nothing is), and remembers what it was given."""

    fates: list[Fate] = field(default_factory=list)
    given: list[tuple[str, bytes, str]] = field(default_factory=list)
    meanwhile: object = None

    def deliver(self, key, letter, to, sender=""):
        self.given.append((key, letter, to))
        if self.meanwhile is not None:
            self.meanwhile()
        return self.fates.pop(0) if self.fates else YES


def _outbox(kept, carrier, max_attempts=3):
    return Outbox(kept.database, kept.ledger, kept.blobs, kept.clock, carrier, max_attempts)


def _written(kept, number=1):
    """A decided submission whose letter is written: its receipt number."""
    receipt = storage.decided(kept, number)
    for waiting in kept.store.waiting():
        spool = kept.blobs.spool()
        spool.write(f"To: {waiting.draft.to}\r\n\r\n{waiting.number}\r\n".encode())
        kept.store.save_letter(waiting.draft.key, spool.keep())
    return receipt


def _silent(_event, _fields):
    pass


def _fates(kept, number):
    names = (EventName.LETTER_HANDED_OVER, EventName.LETTER_FAILED)
    return [event.name for event in kept.queries.timeline(number) if event.name in names]


def test_a_letter_is_handed_over_once_and_its_fate_is_in_the_log(kept):
    number, carrier = _written(kept), Carrier()
    told = []
    assert _outbox(kept, carrier).send(lambda event, fields: told.append((event, fields["submission"]))) == 1
    assert _outbox(kept, carrier).send(_silent) == 0
    kept.clock.forward(days=1)
    assert _outbox(kept, carrier).send(_silent) == 0
    assert [(key, to) for key, _, to in carrier.given] == [(f"{number}.0.0", APPLICANT)]
    assert carrier.given[0][1].endswith(f"{number}\r\n".encode())
    assert _fates(kept, number) == [EventName.LETTER_HANDED_OVER]
    assert told == [("letter_handed_over", number)]
    assert [state for _, state, _ in kept.queries.letters(number)] == ["handed_over"]


def test_what_cannot_be_delivered_now_is_tried_again_after_a_growing_pause(kept):
    number, carrier = _written(kept), Carrier([LATER, LATER])
    outbox = _outbox(kept, carrier, max_attempts=12)
    tried_at = []
    for _ in range(120):
        if outbox.send(_silent):
            tried_at.append(kept.clock.now())
        kept.clock.forward(seconds=1)
    pauses = [(b - a).total_seconds() for a, b in itertools.pairwise(tried_at)]
    assert pauses == [10, 20]
    assert _fates(kept, number) == [EventName.LETTER_HANDED_OVER]
    assert len({letter for _, letter, _ in carrier.given}) == 1, "the same letter every time"


def test_a_permanent_no_is_noted_once_and_never_tried_again(kept):
    number, carrier = _written(kept), Carrier([NEVER])
    outbox = _outbox(kept, carrier)
    outbox.send(_silent)
    kept.clock.forward(days=30)
    assert outbox.send(_silent) == 0
    assert len(carrier.given) == 1
    assert _fates(kept, number) == [EventName.LETTER_FAILED]
    assert kept.queries.timeline(number)[-1].content["antwoord"] == "550 no"


def test_after_too_many_attempts_it_is_given_up_and_noted_once(kept):
    number, carrier = _written(kept), Carrier([LATER] * 9)
    outbox = _outbox(kept, carrier, max_attempts=3)
    for _ in range(6):
        outbox.send(_silent)
        kept.clock.forward(hours=5)
    assert len(carrier.given) == 3
    assert _fates(kept, number) == [EventName.LETTER_FAILED]


def test_two_processes_never_hand_over_the_same_letter(processes):
    numbers = [_written(processes[0], n) for n in range(1, 9)]
    carriers = [Carrier(), Carrier()]
    start = threading.Barrier(2)

    def work(place):
        start.wait(20)
        while _outbox(processes[place], carriers[place]).send(_silent):
            pass

    threads = [threading.Thread(target=work, args=(place,)) for place in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    work_left = Carrier()
    _outbox(processes[0], work_left).send(_silent)
    given = [key for carrier in (*carriers, work_left) for key, _, _ in carrier.given]
    assert sorted(given) == sorted(f"{number}.0.0" for number in numbers)


def test_a_slow_letter_does_not_let_the_leases_of_others_run_out(processes):
    """Each letter is taken when its turn comes: not twenty at once, the last of which would go out twice."""
    for n in range(1, 4):
        _written(processes[0], n)
    other = Carrier()
    slow = Carrier(meanwhile=lambda: processes[0].clock.forward(seconds=LEASE.total_seconds() - 1))

    def somebody_else():
        processes[0].clock.forward(seconds=LEASE.total_seconds() - 1)
        assert _outbox(processes[1], other).send(_silent) <= BATCH

    slow.meanwhile = somebody_else
    while _outbox(processes[0], slow).send(_silent):
        pass
    given = [key for carrier in (slow, other) for key, _, _ in carrier.given]
    assert len(given) == len(set(given)) == 3


def test_a_fate_that_comes_after_the_lease_is_not_noted_over_another(processes):
    number = _written(processes[0])
    second = Carrier([YES])

    def lapse():
        processes[0].clock.forward(seconds=LEASE.total_seconds() + 1)
        _outbox(processes[1], second).send(_silent)

    first = Carrier([NEVER], meanwhile=lapse)
    _outbox(processes[0], first).send(_silent)
    assert len(first.given) == len(second.given) == 1
    assert _fates(processes[0], number) == [EventName.LETTER_HANDED_OVER]
    assert [state for _, state, _ in processes[0].queries.letters(number)] == ["handed_over"]


def test_a_letter_whose_bytes_are_gone_stops_no_other(kept):
    first, second = _written(kept, 1), _written(kept, 2)
    kept.blobs.path(kept.queries.letters(first)[0][2]).unlink()
    outbox, carrier = _outbox(kept, Carrier()), Carrier()
    outbox = _outbox(kept, carrier)
    with pytest.raises(Corrupt):
        outbox.send(_silent)
    outbox.send(_silent)
    assert [key for key, _, _ in carrier.given] == [f"{second}.0.0"]


def test_a_restart_of_the_embedded_default_takes_letters_on_their_way_back(kept):
    number = _written(kept)
    outbox, carrier = _outbox(kept, Carrier()), Carrier()
    assert outbox._take().number == number
    assert _outbox(kept, carrier).send(_silent) == 0
    outbox.release()
    assert _outbox(kept, carrier).send(_silent) == 1
    assert len(carrier.given) == 1
