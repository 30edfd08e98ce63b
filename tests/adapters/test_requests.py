"""What requests promise: an import is all or nothing, secrets leave once, lapsed is a mark for a person (P10)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from gateway.core import tokens
from gateway.core.errors import NotFound, Refused
from gateway.core.model import Reading
from gateway.core.words import EventName, RequestStatus
from tests.support import storage
from tests.support.storage import REFERENCE

LAST_DAY = date(2026, 11, 30)
# Amsterdam is an hour ahead in December: the last day is over there at 23:00 UTC.
LAST_MOMENT = datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC)


def _events(kept, reference=REFERENCE):
    return [event.name for event in kept.queries.timeline(reference)]


def test_a_request_is_opened_with_its_last_day_and_secrets(kept):
    new = storage.open_request(kept.requests)
    assert new.laatsteDag == LAST_DAY
    base, token = tokens.sub_address(new.mailadres)
    assert base == storage.ADDRESS
    assert token
    assert kept.requests.opens(REFERENCE, new.toegangscode)
    assert kept.requests.opens(REFERENCE, new.toegangscode.lower())
    assert not kept.requests.opens(REFERENCE, "AAAA-AAAA-AAAA")
    assert not kept.requests.opens("HV-1900-000000", new.toegangscode)
    assert kept.queries.request(REFERENCE).status is RequestStatus.OPEN


def test_the_access_code_is_nowhere_but_in_the_answer(kept):
    new = storage.open_request(kept.requests)
    with kept.database.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM request")).all()
        events = connection.execute(text("SELECT event FROM ledger_entry")).scalars().all()
    everything = repr(rows) + repr(events)
    for form in (new.toegangscode, new.toegangscode.replace("-", "")):
        assert form not in everything


def test_an_import_is_all_or_nothing_and_names_every_fault(kept):
    storage.open_request(kept.requests)
    values = [storage.request(kenmerk=name) for name in ("HV-2", REFERENCE, "HV-3", "HV-2")]
    with pytest.raises(Refused) as refused:
        kept.requests.open(values)
    assert [fault.place for fault in refused.value.faults] == ["1.kenmerk", "3.kenmerk"]
    assert [request.kenmerk for request in kept.queries.requests()] == [REFERENCE]
    with pytest.raises(NotFound):
        kept.queries.request("HV-2")


def test_two_processes_that_open_the_same_request_open_one(processes):
    start = threading.Barrier(2)

    def attempt(process):
        start.wait(20)
        try:
            return storage.open_request(process.requests)
        except Refused as refused:
            return refused.faults[0].place

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, processes))
    assert outcomes.count("kenmerk") == 1
    assert _events(processes[0]) == [EventName.REQUEST_OPENED]


def test_an_extension_keeps_the_old_day_in_the_log(kept):
    storage.open_request(kept.requests)
    kept.requests.extend(REFERENCE, date(2026, 12, 14), "ziekenhuisopname", "j.jansen")
    assert kept.queries.request(REFERENCE).laatsteDag == date(2026, 12, 14)
    event = kept.queries.timeline(REFERENCE)[-1]
    assert event.name == EventName.REQUEST_EXTENDED
    assert (event.content["van"], event.content["tot"]) == ("2026-11-30", "2026-12-14")


@pytest.mark.parametrize(
    ("until", "reason", "place"), [(date(2026, 11, 30), "ziek", "until"), (date(2026, 12, 1), " ", "reason")]
)
def test_an_extension_that_gives_no_time_or_no_reason_is_refused(kept, until, reason, place):
    storage.open_request(kept.requests)
    with pytest.raises(Refused) as refused:
        kept.requests.extend(REFERENCE, until, reason, "j.jansen")
    assert refused.value.faults[0].place == place
    assert kept.queries.request(REFERENCE).laatsteDag == LAST_DAY


def test_what_is_closed_stays_as_it_is(kept):
    storage.open_request(kept.requests)
    kept.requests.close(REFERENCE, "ingetrokken", "j.jansen")
    for act in (
        lambda: kept.requests.close(REFERENCE, "nog eens", "j.jansen"),
        lambda: kept.requests.extend(REFERENCE, date(2027, 1, 1), "toch", "j.jansen"),
        lambda: kept.requests.judge(REFERENCE, "1", approved=True, officer="j.jansen"),
    ):
        with pytest.raises(Refused):
            act()
    assert _events(kept) == [EventName.REQUEST_OPENED, EventName.REQUEST_CLOSED]


def test_two_people_who_close_at_once_close_once(processes):
    storage.open_request(processes[0].requests)
    start = threading.Barrier(2)

    def close(process):
        start.wait(20)
        try:
            return process.requests.close(REFERENCE, "ingetrokken", "j.jansen").status
        except Refused:
            return None

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(close, processes))
    assert sorted(outcomes, key=str) == [None, RequestStatus.CLOSED]
    assert _events(processes[0]).count(EventName.REQUEST_CLOSED) == 1


def test_a_rejected_document_opens_its_item_and_a_complete_request_again(kept):
    storage.decided(kept, 1, "1")
    storage.decided(kept, 2, "2")
    assert kept.queries.request(REFERENCE).status is RequestStatus.COMPLETE
    kept.requests.judge(REFERENCE, "1", approved=False, officer="j.jansen")
    request = kept.queries.request(REFERENCE)
    assert (request.status, request.stukken[0].status) == (RequestStatus.OPEN, "afgekeurd")


# ---- lapsing -------------------------------------------------------------------------------------


def test_only_what_is_over_is_marked_and_nothing_more_happens_to_it(kept):
    """P10: a mark for a person; the request is not closed, and still takes documents."""
    storage.open_request(kept.requests)
    storage.open_request(kept.requests, kenmerk="HV-LATER", termijn={"aantal": 6, "eenheid": "weken"})
    kept.clock.at = LAST_MOMENT
    assert kept.closing.lapse() == ()
    kept.clock.forward(seconds=1)
    assert kept.closing.lapse() == (REFERENCE,)
    assert kept.closing.lapse() == ()
    assert kept.queries.request(REFERENCE).status is RequestStatus.LAPSED
    assert kept.queries.request("HV-LATER").status is RequestStatus.OPEN
    (event,) = [e for e in kept.queries.timeline(REFERENCE) if e.name == EventName.REQUEST_LAPSED]
    assert event.content["ontbreekt"] == ["1", "2"]


def test_lapsing_waits_for_documents_that_are_still_looked_at(kept):
    ready = storage.ready_to_decide(kept, 1, "1")
    kept.clock.at = LAST_MOMENT
    kept.clock.forward(days=1)
    assert kept.closing.lapse() == ()
    kept.store.save_decision(ready.claim, ready.facts, ready.decision, ready.letters)
    storage.finish(kept)
    assert kept.closing.lapse() == (REFERENCE,)


def test_lapsing_waits_for_what_came_in_time_and_is_not_tied_to_a_request_yet(kept):
    """The scanner was away over midnight, or the reader failed: nobody is in default for that."""
    storage.open_request(kept.requests)
    late = storage.arrival(2, received_at=LAST_MOMENT.replace(hour=23, minute=0, second=0))
    kept.store.accept(storage.arrival(1, received_at=LAST_MOMENT))
    kept.clock.at = LAST_MOMENT
    kept.clock.forward(minutes=10)
    kept.store.accept(late)
    assert kept.closing.lapse() == ()
    claim = kept.store.claim()
    kept.store.save_reading(claim, Reading(None, ()))
    kept.store.shelve(kept.store.claim(claim.number), "a person looks at it")
    assert kept.closing.lapse() == (), "nobody has said yet whose it is"
    storage.refuse(kept, claim.number)
    assert kept.closing.lapse() == (REFERENCE,), "what came late is not waited for"


def test_an_extension_opens_a_lapsed_request_again(kept):
    storage.open_request(kept.requests)
    kept.clock.at = LAST_MOMENT
    kept.clock.forward(days=1)
    kept.closing.lapse()
    kept.requests.extend(REFERENCE, date(2026, 12, 14), "ziekenhuisopname", "j.jansen")
    assert kept.queries.request(REFERENCE).status is RequestStatus.OPEN
    assert kept.closing.lapse() == ()


def test_documents_that_complete_a_lapsed_request_make_it_complete(kept):
    storage.decided(kept, 1, "1")
    kept.clock.at = LAST_MOMENT
    kept.clock.forward(days=1)
    kept.closing.lapse()
    storage.decided(kept, 2, "2")
    assert kept.queries.request(REFERENCE).status is RequestStatus.COMPLETE


def test_every_process_may_sweep_and_each_request_is_marked_once(processes):
    for n in range(5):
        storage.open_request(processes[0].requests, kenmerk=f"HV-{n}")
    processes[0].clock.at = LAST_MOMENT
    processes[0].clock.forward(days=1)
    with ThreadPoolExecutor(4) as pool:
        marked = [r for some in pool.map(lambda n: processes[n % 2].closing.lapse(), range(4)) for r in some]
    assert sorted(marked) == [f"HV-{n}" for n in range(5)]
    assert all(_events(processes[0], f"HV-{n}").count(EventName.REQUEST_LAPSED) == 1 for n in range(5))


def test_a_later_round_belongs_to_the_case_of_the_earlier_one(kept):
    storage.open_request(kept.requests)
    with pytest.raises(Refused, match="er is geen verzoek HV-X"):
        storage.open_request(kept.requests, kenmerk="HV-2", vervolgOp="HV-X")
    with pytest.raises(Refused, match="hoort bij een andere zaak"):
        storage.open_request(kept.requests, kenmerk="HV-2", vervolgOp=REFERENCE, zaaknummer="Z9-1")
    assert storage.open_request(kept.requests, kenmerk="HV-2", vervolgOp=REFERENCE).vervolgOp == REFERENCE
    assert kept.queries.request("HV-2").vervolgOp == REFERENCE
