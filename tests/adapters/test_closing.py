"""When the last day is over: a last chance, a proposal to an officer, warnings in the four weeks, a decision."""

from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from config.calendar import load_calendar
from gateway.core.alerts import AlertKind, Recipient
from gateway.core.closing import Obstacle, Verdict
from gateway.core.errors import Refused
from gateway.core.terms import AMSTERDAM
from gateway.core.words import Channel, EventName, RequestStatus
from gateway.dealings import Dealings, Way
from gateway.last_chance import Looked
from gateway.mailboxes import MailboxCursor
from gateway.outages import Outages
from gateway.outages import Rules as OutageRules
from tests.support import storage
from tests.support.letters import OFFICER, day_by_day, events, log_agrees, tick
from tests.support.storage import REFERENCE

LAST_DAY = date(2026, 11, 30)
MIDNIGHT = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)  # in Amsterdam the last day is over
DESK, DECIDES, LEADS = (f"{recipient}@dienst.example" for recipient in Recipient)
MAILBOX = "imap:mail.example:993:documenten:INBOX"


@pytest.fixture
def over(kept):
    """Two items, none answered; the last day was over a minute ago."""
    storage.open_request(kept.requests)
    kept.clock.at = MIDNIGHT + timedelta(minutes=1)
    return kept


def outages_of(kept):
    rules = OutageRules(load_calendar(), days=1, announce=timedelta(days=14))
    return Outages(kept.database, kept.ledger, kept.clock, kept.requests, rules)


def _waits(kept):
    (one,) = kept.closing.over()
    return [waits.obstacle for waits in one.waits]


# ---- the last chance -----------------------------------------------------------------------------


def test_what_was_held_in_time_is_waited_for_and_staff_is_told_once(kept):
    ready = storage.ready_to_decide(kept, 1, "1")
    kept.clock.at = MIDNIGHT
    assert kept.closing.lapse() == ()
    assert _waits(kept) == [Obstacle.UNFINISHED]
    assert tick(kept).to() == [], "it passes by itself: nobody is called for it"
    kept.store.shelve(ready.claim, "a person looks at it")
    for _ in range(3):
        assert kept.closing.lapse() == ()
    assert _waits(kept) == [Obstacle.HELD]
    assert tick(kept).to() == [DESK]
    assert [ready.number in event.content["reden"] for event in events(kept, EventName.LAPSE_WITHHELD)] == [True, True]
    storage.refuse(kept, ready.number)
    assert kept.closing.lapse() == (REFERENCE,)


def test_held_mail_for_another_request_is_not_waited_for(kept):
    ready = storage.ready_to_decide(kept, 1, "1")
    kept.store.shelve(ready.claim, "a person looks at it")
    storage.open_request(kept.requests, kenmerk="HV-ANDER")
    kept.clock.at = MIDNIGHT
    assert kept.closing.lapse() == ("HV-ANDER",)


def test_a_question_for_more_time_is_answered_before_the_request_lapses(kept):
    storage.open_request(kept.requests)
    dealings = Dealings(kept.database, kept.ledger, kept.clock, kept.requests, kept.correspondence.say_in)
    question = dealings.ask(REFERENCE, Way.PHONE, "ik lig in het ziekenhuis", "A. Voorbeeld", OFFICER)
    kept.clock.at = MIDNIGHT
    assert kept.closing.lapse() == ()
    assert _waits(kept) == [Obstacle.EXTENSION]
    dealings.refuse(question, "er is al drie keer uitstel gegeven", OFFICER)
    assert kept.closing.lapse() == (REFERENCE,)


def test_a_mailbox_that_was_not_read_since_the_last_day_is_waited_for(tmp_path, database_url):
    with storage.opened(tmp_path, database_url, looked=Looked((MAILBOX,))) as kept:
        storage.open_request(kept.requests)
        cursor = MailboxCursor(kept.database)
        kept.clock.at = MIDNIGHT + timedelta(minutes=1)
        for read_at in (None, MIDNIGHT - timedelta(seconds=1)):
            if read_at:
                cursor.emptied(MAILBOX, read_at)
            assert kept.closing.lapse() == ()
            assert _waits(kept) == [Obstacle.MAILBOX]
        cursor.emptied(MAILBOX, MIDNIGHT)
        assert kept.closing.lapse() == (REFERENCE,)


def test_after_a_night_without_power_somebody_looks_for_an_outage_before_anybody_is_late(tmp_path, database_url):
    """A restart finds the gap with its first look; lapsing must not come before that."""
    with storage.opened(tmp_path, database_url, looked=Looked(watched=True)) as kept:
        storage.open_request(kept.requests)
        outages = outages_of(kept)
        gap = timedelta(minutes=5)
        outages.seen(Channel.PORTAL, MIDNIGHT - timedelta(hours=3), works=True, gap=gap)
        kept.clock.at = MIDNIGHT + timedelta(hours=2)
        assert kept.closing.lapse() == ()
        assert _waits(kept) == [Obstacle.CHANNEL]
        outages.seen(Channel.PORTAL, kept.clock.now(), works=True, gap=gap)
        assert kept.closing.lapse() == ()
        assert _waits(kept) == [Obstacle.OUTAGE]
        outages.dismiss(REFERENCE, "de site werkte wel", OFFICER)
        assert kept.closing.lapse() == (REFERENCE,)


# ---- the proposal --------------------------------------------------------------------------------


def test_what_lapses_is_a_proposal_to_the_officer_with_the_day_to_decide(over):
    assert over.closing.lapse() == (REFERENCE,)
    (event,) = events(over, EventName.REQUEST_LAPSED)
    assert (event.content["voorstelAan"], event.content["uiterlijk"]) == ("o.besluit", "2026-12-28")
    (one,) = over.closing.over()
    assert (one.missing, one.decide_by, one.waits) == (2, date(2026, 12, 28), ())
    carrier = tick(over)
    assert carrier.to() == [DECIDES]
    text = message_from_bytes(carrier.given[0][0], policy=default).get_body(("plain",)).get_content()
    assert REFERENCE in text
    assert "maandag 28 december 2026" in " ".join(text.split())
    assert "Voorbeeld" not in text
    assert "Z1-0001234567" not in text
    over.clock.forward(days=1)
    assert over.closing.lapse() == ()
    assert tick(over).to() == []
    log_agrees(over)


# ---- the four weeks ------------------------------------------------------------------------------


def test_r37_the_officer_and_then_the_team_lead_are_warned_at_seven_two_and_no_days(over):
    over.closing.lapse()
    tick(over)
    warned = []

    def warn():
        today = over.clock.now().astimezone(AMSTERDAM).date()
        warned.extend((today, reference) for reference in over.closing.warn())

    day_by_day(over, date(2027, 1, 20), warn)
    assert [(day.isoformat(), reference) for day, reference in warned] == [
        ("2026-12-21", REFERENCE),
        ("2026-12-26", REFERENCE),
        ("2026-12-28", REFERENCE),
    ]
    assert tick(over).to() == [DECIDES, DECIDES, LEADS, DECIDES, LEADS]
    told = [(e.content["dagenTevoren"], e.content["aan"]) for e in events(over, EventName.STAFF_TOLD)]
    assert told[1:] == [(7, ["besluitnemer"]), (2, ["besluitnemer", "teamleider"]), (0, ["besluitnemer", "teamleider"])]
    log_agrees(over)


@pytest.mark.parametrize("by", ["decision", "closing", "documents"])
def test_warnings_stop_when_it_is_decided(over, by):
    over.closing.lapse()
    if by == "decision":
        over.closing.decide(REFERENCE, Verdict.HANDLED, "wij beslissen op wat er is", "o.besluit")
    elif by == "closing":
        over.requests.close(REFERENCE, "ingetrokken", OFFICER)
    else:
        storage.decided(over, 1, "1")
        storage.decided(over, 2, "2")
        for number in ("1", "2"):
            over.requests.judge(REFERENCE, number, approved=True, officer=OFFICER)
    over.clock.forward(days=21)
    assert over.closing.warn() == ()


def test_what_is_complete_and_not_judged_yet_is_guarded_too(kept):
    """law.md 3.5: completed but still insufficient, the four weeks count from that day."""
    storage.decided(kept, 1, "1")
    storage.decided(kept, 2, "2")
    kept.clock.forward(days=20)
    assert kept.closing.warn() == ()
    kept.clock.forward(days=1)
    assert kept.closing.warn() == (REFERENCE,)
    assert kept.alerts.of(REFERENCE)[-1].last_day == date(2026, 11, 30)
    assert [alert.kind for alert in kept.alerts.of(REFERENCE)] == [AlertKind.COMPLETE, AlertKind.TERM]


def test_what_was_complete_and_is_turned_down_later_gives_no_later_day_to_leave_it_unhandled(kept):
    """law.md 3.5: the four weeks count from completion, also when it is found insufficient after the term."""
    storage.decided(kept, 1, "1")
    storage.decided(kept, 2, "2")
    kept.clock.at = MIDNIGHT
    kept.requests.judge(REFERENCE, "2", approved=False, officer=OFFICER)
    assert kept.closing.lapse() == (REFERENCE,)
    assert kept.closing.over()[0].decide_by == date(2026, 11, 30)
    with pytest.raises(Refused):
        kept.closing.decide(REFERENCE, Verdict.NOT_HANDLED, "de akte is niet leesbaar", "o.besluit")
    kept.requests.extend(REFERENCE, date(2026, 12, 15), "stuur een betere scan", OFFICER)
    kept.clock.forward(days=15)
    assert kept.closing.lapse() == (REFERENCE,)
    assert kept.closing.over()[0].decide_by == date(2027, 1, 12)


def test_nobody_is_warned_while_an_outage_is_to_be_answered(over):
    over.closing.lapse()
    outages = outages_of(over)
    outages.add(Channel.PORTAL, MIDNIGHT - timedelta(hours=3), MIDNIGHT - timedelta(hours=1), planned=False, note="")
    over.clock.forward(days=21)
    assert over.closing.warn() == ()
    outages.dismiss(REFERENCE, "het was geen storing", OFFICER)
    assert over.closing.warn() == (REFERENCE,)


def test_two_processes_propose_and_warn_once(processes):
    first, second = processes
    storage.open_request(first.requests)
    first.clock.at = MIDNIGHT
    assert [*first.closing.lapse(), *second.closing.lapse()] == [REFERENCE]
    first.clock.forward(days=21)
    assert [*second.closing.warn(), *first.closing.warn()] == [REFERENCE]
    assert tick(first).to() == [DECIDES, DECIDES]


# ---- the decision --------------------------------------------------------------------------------


def test_p10_an_officer_decides_with_a_reason_and_both_are_in_the_log(over):
    over.closing.lapse()
    for reason, officer in ((" ", "o.besluit"), ("er kwam niets", " ")):
        with pytest.raises(Refused):
            over.closing.decide(REFERENCE, Verdict.NOT_HANDLED, reason, officer)
    over.closing.decide(REFERENCE, Verdict.NOT_HANDLED, "er kwam niets", "o.besluit")
    assert over.queries.request(REFERENCE).status is RequestStatus.CLOSED
    assert over.closing.over() == ()
    (event,) = events(over, EventName.REQUEST_CLOSED)
    said = {key: event.content[key] for key in ("besluit", "grond", "medewerker", "reden", "uiterlijk")}
    assert said == {
        "besluit": "buiten_behandeling",
        "grond": "art. 4:5 lid 1 Awb",
        "medewerker": "o.besluit",
        "reden": "er kwam niets",
        "uiterlijk": "2026-12-28",
    }
    with pytest.raises(Refused):
        over.closing.decide(REFERENCE, Verdict.HANDLED, "toch maar wel", "o.besluit")
    log_agrees(over)


def test_before_it_lapsed_and_after_the_four_weeks_nothing_is_left_unhandled(over):
    with pytest.raises(Refused):
        over.closing.decide(REFERENCE, Verdict.NOT_HANDLED, "er kwam niets", "o.besluit")
    over.closing.lapse()
    over.clock.forward(days=28)
    with pytest.raises(Refused) as refused:
        over.closing.decide(REFERENCE, Verdict.NOT_HANDLED, "er kwam niets", "o.besluit")
    assert "beslis op de inhoud" in str(refused.value)
    over.closing.decide(REFERENCE, Verdict.HANDLED, "te laat voor art. 4:5", "o.besluit")


def test_of_an_objection_the_ground_is_its_own_and_no_four_weeks_run(kept):
    storage.open_request(kept.requests, procedure="bezwaar")
    kept.clock.at = MIDNIGHT
    kept.closing.lapse()
    kept.clock.forward(days=40)
    assert kept.closing.warn() == ()
    kept.closing.decide(REFERENCE, Verdict.NOT_HANDLED, "er kwam niets", "o.besluit")
    (event,) = events(kept, EventName.REQUEST_CLOSED)
    assert (event.content["grond"], event.content["uiterlijk"]) == ("art. 6:6 Awb", None)
