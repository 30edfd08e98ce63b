"""Reminders before the last day: on their days, in everybody's own way, never twice, and not when there is no need."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default

import pikepdf
import pytest

from config.calendar import load_calendar
from gateway.core.notices import MessageKind, Sending, Way, Why
from gateway.core.words import Channel, EventName
from gateway.outages import Outages
from gateway.outages import Rules as OutageRules
from tests.support import storage
from tests.support.letters import OFFICER, Carrier, day_by_day, events, log_agrees, post, states, tick
from tests.support.storage import APPLICANT, REFERENCE

LAST_DAY = date(2026, 11, 30)
PAPER = {"rol": "gemachtigde", "naam": "mr. B. Voorbeeld", "email": "b@kantoor.example", "organisatie": "Kantoor"}
BY_MAIL = {"rol": "aanvrager", "naam": "A. Voorbeeld", "email": APPLICANT, "stemtInMetEmail": True}


@pytest.fixture
def told(kept):
    """A released request, two items, sent on 2 November and proven told; the last day is 30 November."""
    kept.correspondence.open([storage.request(betrokkenen=[BY_MAIL, PAPER])], OFFICER)
    tick(kept)
    post(kept)
    return kept


def _reminded(kept):
    return [
        (event.at.date().isoformat(), event.content["dagenTevoren"], event.content["laatsteDag"])
        for event in events(kept, EventName.REMINDED)
    ]


def test_everybody_is_reminded_seven_and_two_days_before_the_last_one_in_their_own_way(told):
    carrier = Carrier()
    day_by_day(told, LAST_DAY + timedelta(days=2), lambda: (told.reminders.remind(), tick(told, carrier)))
    assert _reminded(told) == [("2026-11-23", 7, "2026-11-30"), ("2026-11-28", 2, "2026-11-30")]
    assert carrier.to() == [APPLICANT, APPLICANT]
    assert [s for s in states(told)[-4:] if s[0] is Way.POST] == [(Way.POST, Why.NO_CONSENT, Sending.WAITING)] * 2
    mail = message_from_bytes(carrier.given[0][0], policy=default)
    text = mail.get_body(("plain",)).get_content()
    for said in ("herinnering: wij missen nog documenten", REFERENCE, "maandag 30 november 2026", "toegangscode"):
        assert said in text
    assert "paspoort" not in text.casefold(), "no case data by plain mail (Awb 2:9)"
    log_agrees(told)


def test_the_letter_names_what_is_missing_the_last_day_the_ways_and_where_the_code_is(told):
    storage.decided(told, 1, "1")
    told.clock.forward(days=21)
    told.reminders.remind()
    tick(told)
    (task,) = told.posting.tasks()
    assert (task.kind, task.name) == (MessageKind.REMINDER, "mr. B. Voorbeeld")
    paper = told.posting.printed(task.id, OFFICER)
    with pikepdf.open(io.BytesIO(paper)) as document:
        assert str(document.docinfo["/Title"]).startswith("Herinnering")
    newest = told.correspondence.messages(REFERENCE)[0]
    assert (newest.kind, newest.last_day) == (MessageKind.REMINDER, LAST_DAY)
    (event,) = events(told, EventName.REMINDED)
    assert event.content["ontbreekt"] == ["2"]


def test_a_reminder_is_no_new_sending_of_the_letter_and_moves_no_term(told):
    told.clock.forward(days=21)
    told.reminders.remind()
    tick(told)
    post(told)
    assert told.queries.request(REFERENCE).laatsteDag == LAST_DAY
    assert told.queries.request(REFERENCE).verzondenOp == date(2026, 11, 2)


def test_two_processes_and_a_restart_remind_once(processes):
    first, second = processes
    storage.open_request(first.requests)
    first.clock.forward(days=21)
    with ThreadPoolExecutor(4) as pool:
        made = [r for some in pool.map(lambda n: processes[n % 2].reminders.remind(), range(6)) for r in some]
    assert made == [REFERENCE]
    assert second.reminders.remind() == ()
    assert len(events(first, EventName.REMINDED)) == 1


def test_after_days_without_power_one_reminder_goes_out_and_not_all_that_were_missed(kept):
    storage.open_request(kept.requests)
    kept.clock.forward(days=27)
    assert kept.reminders.remind() == (REFERENCE,)
    kept.clock.forward(days=1)
    assert kept.reminders.remind() == ()
    assert _reminded(kept) == [("2026-11-29", 2, "2026-11-30")]


def test_nobody_is_reminded_of_a_letter_that_was_not_posted_yet(kept):
    kept.correspondence.open([storage.request(betrokkenen=[PAPER])], OFFICER)
    tick(kept)
    kept.clock.forward(days=26)
    assert kept.reminders.remind() == ()
    post(kept)
    assert kept.queries.request(REFERENCE).laatsteDag > LAST_DAY
    assert kept.reminders.remind() == ()


def test_nobody_is_reminded_on_the_day_of_the_letter_or_before(kept):
    storage.open_request(kept.requests, termijn={"aantal": 7, "eenheid": "dagen"})
    assert kept.reminders.remind() == ()


@pytest.mark.parametrize("end", ["complete", "closed", "extended", "lapsed"])
def test_what_waits_is_not_sent_any_more_when_there_is_no_need(told, end):
    told.clock.forward(days=26)
    told.reminders.remind()
    if end == "complete":
        storage.decided(told, 1, "1")
        storage.decided(told, 2, "2")
    elif end == "closed":
        told.requests.close(REFERENCE, "ingetrokken door de aanvrager", OFFICER)
    elif end == "extended":
        told.requests.extend(REFERENCE, date(2026, 12, 14), "ziekenhuisopname", OFFICER)
    else:
        told.clock.forward(days=3)
        assert told.closing.lapse() == (REFERENCE,)
    (stopped,) = events(told, EventName.REMINDER_STOPPED)
    assert stopped.content["bericht"] == f"{REFERENCE}.herinnering.0"
    carrier = tick(told)
    assert [n.kind for n in told.correspondence.messages(REFERENCE) if n.kind is MessageKind.REMINDER] == []
    assert b"herinnering" not in b"".join(mail for mail, _, _ in carrier.given)
    assert [t for t in told.posting.tasks() if t.kind is MessageKind.REMINDER] == []
    assert told.reminders.remind() == ()
    log_agrees(told)


def test_a_paper_reminder_that_was_not_posted_is_taken_from_the_pile(told):
    told.clock.forward(days=26)
    told.reminders.remind()
    tick(told)
    assert [task.kind for task in told.posting.tasks()] == [MessageKind.REMINDER]
    told.requests.close(REFERENCE, "ingetrokken door de aanvrager", OFFICER)
    assert told.posting.tasks() == ()
    assert told.correspondence.messages(REFERENCE)[0].kind is MessageKind.REMINDER, "what was read stays"


def test_more_time_moves_the_reminders_with_it(told):
    told.clock.forward(days=21)
    told.reminders.remind()
    told.requests.extend(REFERENCE, date(2026, 12, 14), "ziekenhuisopname", OFFICER)
    day_by_day(told, date(2026, 12, 16), told.reminders.remind)
    assert _reminded(told) == [
        ("2026-11-23", 7, "2026-11-30"),
        ("2026-12-07", 7, "2026-12-14"),
        ("2026-12-12", 2, "2026-12-14"),
    ]


def test_an_outage_that_nobody_answered_yet_is_no_reason_to_be_silent(kept):
    storage.open_request(kept.requests)
    kept.clock.forward(days=26)
    outages = Outages(
        kept.database, kept.ledger, kept.clock, kept.requests, OutageRules(load_calendar(), 31, timedelta(days=14))
    )
    start = kept.clock.now()
    outages.add(Channel.PORTAL, start - timedelta(hours=3), start, planned=False, note="")
    assert outages.proposals()
    assert kept.reminders.remind() == (REFERENCE,)
