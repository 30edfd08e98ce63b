"""Our own letters: released, placed, told of, printed, posted, returned; and what each does to the term."""

import io
from datetime import date

import pikepdf
import pytest
from sqlalchemy import text
from sqlmodel import col

from gateway import erasing
from gateway.core.errors import NotFound, Refused
from gateway.core.model import Envelope, MessageFacts, Reading, Returned
from gateway.core.notices import MessageKind, Sending, Way, Why
from gateway.core.words import EventName, RequestStatus
from gateway.inquiry import request_row
from gateway.records import EntryRow
from tests.support import storage
from tests.support.letters import OFFICER, Carrier, Fate, events, log_agrees, post, states, tick
from tests.support.storage import APPLICANT, REFERENCE

LAST_DAY = date(2026, 11, 30)
LAWYER = {"rol": "gemachtigde", "naam": "mr. B. Voorbeeld", "email": "b@kantoor.example", "organisatie": "Kantoor"}
APPLICANT_JSON = {"rol": "aanvrager", "naam": "A. Voorbeeld", "email": APPLICANT, "stemtInMetEmail": True}


@pytest.fixture(autouse=True)
def _all_of_it_agrees_with_the_log(kept):
    """Whatever a test did here, the check of everything finds nothing wrong with it."""
    yield
    log_agrees(kept)


def _release(kept, **changes):
    return kept.correspondence.open([storage.request(**changes)], OFFICER)[0]


def _text(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return str(document.docinfo["/Title"])


def _come_back(kept, sender, action="failed", status="5.1.1"):
    """A delivery report to the return address of a notice, walked through."""
    arrival = storage.arrival(7, kept.blobs, envelope=Envelope("", (sender,), "192.0.2.1"), source=f"smtp:{status}")
    number = kept.store.accept(arrival).number
    message = MessageFacts(automatic="bounce", returned=(Returned(APPLICANT, action, status),))
    kept.store.save_reading(kept.store.claim(number), Reading(message, ()))
    kept.store.save_inspections(kept.store.claim(number), {}, "")
    kept.store.save_match(kept.store.claim(number), (), ())
    facts = kept.store.facts(number)
    kept.store.save_decision(kept.store.claim(number), facts, storage.decide(facts), ())
    storage.finish(kept)
    return number


# ---- released ------------------------------------------------------------------------------------


def test_a_released_request_is_a_message_in_the_portal_a_notice_and_a_letter_with_the_code(kept):
    new = _release(kept)
    carrier = tick(kept)
    (message,) = kept.correspondence.messages(REFERENCE)
    assert (message.kind, message.last_day) == (MessageKind.REQUEST, LAST_DAY)
    assert states(kept) == [
        (Way.MAIL, Why.CONSENT, Sending.SENT),
        (Way.POST, Why.CODE, Sending.WAITING),
    ]
    ((mail, to, sender),) = carrier.given
    assert to == APPLICANT
    assert sender.startswith("documenten+terug-")
    (task,) = kept.posting.tasks()
    paper = kept.posting.printed(task.id, OFFICER)
    placed = kept.correspondence.pdf(REFERENCE, message.id, "indiener")
    assert "HV-2026-000123" in _text(paper)
    assert paper != placed  # the code is on paper only
    assert new.toegangscode.encode() not in mail
    assert new.mailadres.encode() not in mail
    assert kept.requests.opens(REFERENCE, new.toegangscode)


def test_the_access_code_is_kept_until_the_letter_was_posted_and_not_after(kept):
    new = _release(kept)
    tick(kept)
    assert new.toegangscode in _everything(kept)
    post(kept)
    assert new.toegangscode not in _everything(kept)
    assert kept.posting.tasks() == ()
    assert [task.state for task in kept.posting.tasks(done=True)] == [Sending.SENT]
    assert kept.requests.opens(REFERENCE, new.toegangscode)


def _everything(kept):
    tables = ("request", "party", "message", "sending", "letter", "ledger_entry")
    with kept.database.engine.connect() as connection:
        return repr([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])  # noqa: S608


def test_a_request_that_must_not_go_out_is_not_opened_and_every_fault_is_named(kept):
    bad = storage.request(
        stukken=[{"nummer": "1", "soort": "overig", "omschrijving": "Overige stukken"}],
        beslistermijn={"ontvangenOp": "2026-01-05", "aantal": 8, "eenheid": "weken"},
    )
    with pytest.raises(Refused) as refused:
        kept.correspondence.open([storage.request(kenmerk="HV-1"), bad], OFFICER)
    assert [fault.place for fault in refused.value.faults] == ["1.stukken.0.omschrijving", "1.beslistermijn"]
    assert kept.queries.requests() == ()


def test_a_letter_is_never_dated_before_it_goes_out(kept):
    new = _release(kept, verzondenOp="2026-10-01")
    assert (new.verzondenOp, new.laatsteDag) == (date(2026, 11, 2), LAST_DAY)


def test_an_import_without_release_makes_no_letter(kept):
    storage.open_request(kept.requests)
    assert tick(kept).given == []
    assert kept.correspondence.messages(REFERENCE) == ()
    storage.decided(kept, 1, "1")
    storage.decided(kept, 2, "2")
    assert kept.queries.request(REFERENCE).status is RequestStatus.COMPLETE
    assert kept.correspondence.told(REFERENCE) == ()


def test_releasing_later_gives_a_new_code_and_the_time_that_was_promised(kept):
    before = storage.open_request(kept.requests)
    kept.clock.forward(days=7)
    code = kept.correspondence.release(REFERENCE, OFFICER)
    assert kept.requests.opens(REFERENCE, code)
    assert not kept.requests.opens(REFERENCE, before.toegangscode)
    assert kept.queries.request(REFERENCE).laatsteDag == date(2026, 12, 7)
    with pytest.raises(Refused):
        kept.correspondence.release(REFERENCE, OFFICER)


# ---- told ----------------------------------------------------------------------------------------


def test_r21_without_consent_there_is_a_letter_to_post_and_its_day_is_the_moment_of_sending(kept):
    _release(kept, betrokkenen=[LAWYER])
    assert tick(kept).given == []
    kept.clock.forward(days=3)
    post(kept)
    assert states(kept) == [(Way.POST, Why.NO_CONSENT, Sending.SENT)]
    assert kept.queries.request(REFERENCE).laatsteDag == date(2026, 12, 3)
    (restarted,) = events(kept, EventName.TERM_RESTARTED)
    assert (restarted.content["van"], restarted.content["tot"]) == ("2026-11-30", "2026-12-03")
    assert restarted.content["afleiding"]


def test_a_letter_is_posted_once_after_it_was_printed_and_not_in_the_future(kept):
    _release(kept, betrokkenen=[LAWYER])
    (task,) = kept.posting.tasks()
    today = kept.clock.now().date()
    for act in (
        lambda: kept.posting.posted(task.id, today, OFFICER),
        lambda: (kept.posting.printed(task.id, OFFICER), kept.posting.posted(task.id, LAST_DAY, OFFICER)),
        lambda: kept.posting.posted(task.id, date(2026, 11, 1), OFFICER),
    ):
        with pytest.raises(Refused):
            act()
    kept.posting.posted(task.id, today, OFFICER)
    for act in (
        lambda: kept.posting.posted(task.id, today, OFFICER),
        lambda: kept.posting.printed(task.id, OFFICER),
    ):
        with pytest.raises(Refused):
            act()
    with pytest.raises(NotFound):
        kept.posting.printed(999, OFFICER)


def test_two_people_with_one_address_get_one_notice(kept):
    other = APPLICANT_JSON | {"rol": "referent", "naam": "R. Voorbeeld", "email": APPLICANT.upper()}
    _release(kept, betrokkenen=[APPLICANT_JSON, other])
    assert len(tick(kept).given) == 1


def test_p6_an_address_of_a_machine_or_of_ourselves_gets_paper(kept):
    people = [APPLICANT_JSON | {"email": email} for email in ("noreply@example.org", storage.ADDRESS)]
    _release(kept, betrokkenen=people)
    assert tick(kept).given == []
    assert {why for _, why, _ in states(kept)} == {Why.UNUSABLE}


def test_withdrawn_consent_counts_at_once_and_what_waited_goes_on_paper(kept):
    _release(kept)
    kept.correspondence.write()  # the notice is in the outbox, not handed over
    party = kept.consents.of(REFERENCE)[0].party
    kept.consents.note(REFERENCE, party, [MessageKind.REQUEST], "telefoon", OFFICER, given=False)
    assert tick(kept).given == []
    assert (Way.MAIL, Why.CONSENT, Sending.DROPPED) in states(kept)
    standing = {consent.kind: consent for consent in kept.consents.of(REFERENCE)}
    assert not standing[MessageKind.REQUEST].given
    assert standing[MessageKind.REQUEST].source == "telefoon"
    assert standing[MessageKind.ANSWERED].given
    (event,) = events(kept, EventName.CONSENT_CHANGED)
    assert (event.content["toestemming"], event.content["bron"]) == (False, "telefoon")
    kept.consents.note(REFERENCE, party, [], "telefoon", OFFICER, given=False)


def test_r21_consent_for_one_kind_of_message_is_none_for_another(kept):
    _release(kept, betrokkenen=[LAWYER])
    party = kept.consents.of(REFERENCE)[0].party
    kept.consents.note(REFERENCE, party, [MessageKind.OTHER], "telefoon", OFFICER, given=True)
    given = {consent.kind: consent.given for consent in kept.consents.of(REFERENCE)}
    assert given == {kind: kind is MessageKind.OTHER for kind in MessageKind}


def test_what_the_request_says_of_the_other_kinds_stays_when_somebody_speaks_twice(kept):
    _release(kept)
    party = kept.consents.of(REFERENCE)[0].party
    for kind, given in ((MessageKind.RECEIPT, False), (MessageKind.REQUEST, True)):
        kept.consents.note(REFERENCE, party, [kind], "telefoon", OFFICER, given=given)
    stands = {consent.kind: consent.given for consent in kept.consents.of(REFERENCE)}
    assert stands == {kind: kind is not MessageKind.RECEIPT for kind in MessageKind}


def test_what_became_of_a_notice_is_an_entry_of_its_request(kept):
    """It may name the address: so it is erased with the request."""
    _release(kept)
    tick(kept, Carrier([Fate(ok=False, permanent=True, reply=f"550 5.1.1 <{APPLICANT}>: unknown")]))
    (told,) = events(kept, EventName.LETTER_FAILED)
    assert APPLICANT in told.content["antwoord"]


def test_consent_needs_a_source_an_address_and_a_person_of_this_request(kept):
    _release(kept, betrokkenen=[LAWYER | {"email": ""}])
    party = kept.consents.of(REFERENCE)[0].party
    with pytest.raises(Refused):
        kept.consents.note(REFERENCE, party, [], "formulier", OFFICER, given=True)
    with pytest.raises(Refused):
        kept.consents.note(REFERENCE, party, [], " ", OFFICER, given=False)
    with pytest.raises(NotFound):
        kept.consents.note(REFERENCE, 999, [], "formulier", OFFICER, given=False)


def test_r26_who_declined_notices_gets_the_request_on_paper(kept):
    _release(kept)
    party = kept.consents.of(REFERENCE)[0].party
    kept.consents.decline(REFERENCE, party, "portaal", "indiener", declined=True)
    assert tick(kept).given == []
    kept.correspondence.say(REFERENCE, "Over uw zaak", ["Wij bellen u morgen."], OFFICER)
    assert tick(kept).given == []
    assert all(way is Way.POST for way, _, state in states(kept) if state is not Sending.DROPPED)


# ---- returned ------------------------------------------------------------------------------------


def test_r25_the_second_sending_is_the_moment(kept):
    _release(kept)
    carrier = tick(kept)
    post(kept)
    kept.clock.forward(days=2)
    number = _come_back(kept, carrier.given[0][2], status="5.2.2")
    assert tick(kept, carrier) is carrier
    assert len(carrier.given) == 1  # not before its time
    kept.clock.forward(hours=1)
    tick(kept, carrier)
    assert len(carrier.given) == 2
    assert kept.queries.request(REFERENCE).laatsteDag == date(2026, 12, 2)
    (failed,) = events(kept, EventName.NOTICE_FAILED)
    assert (failed.content["fout"], failed.content["melding"]) == ("tijdelijk", number)
    _come_back(kept, carrier.given[1][2], status="4.4.7")
    assert len(tick(kept, carrier).given) == 2  # on paper it went already


def test_what_is_undeliverable_for_good_goes_on_paper(kept):
    kept.correspondence.open([storage.request()], OFFICER)
    tick(kept)
    post(kept)
    kept.correspondence.say(REFERENCE, "Over uw zaak", ["Wij bellen u morgen."], OFFICER)
    tick(kept, Carrier([Fate(ok=False, permanent=True, reply="550 5.1.1 no such user")]))
    assert states(kept)[-2:] == [
        (Way.MAIL, Why.CONSENT, Sending.FAILED),
        (Way.POST, Why.RETURNED, Sending.WAITING),
    ]


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0")])
def test_a_report_of_no_failure_changes_nothing(kept, action, status):
    _release(kept)
    carrier = tick(kept)
    before = states(kept)
    _come_back(kept, carrier.given[0][2], action, status)
    assert states(kept) == before


def test_a_report_to_an_address_we_never_gave_out_changes_nothing(kept):
    _release(kept)
    tick(kept)
    before = states(kept)
    _come_back(kept, "documenten+terug-000000000000@intake.example")
    assert states(kept) == before


# ---- proof ---------------------------------------------------------------------------------------


def test_r26_without_a_proven_notice_nothing_lapses_and_the_reason_is_told_once(kept):
    _release(kept)
    tick(kept)
    kept.clock.forward(days=40)
    assert kept.closing.lapse() == ()
    assert kept.closing.lapse() == ()
    (withheld,) = events(kept, EventName.LAPSE_WITHHELD)
    assert "art. 2:22 Awb" in withheld.content["reden"]
    assert kept.queries.request(REFERENCE).status is RequestStatus.OPEN
    post(kept)
    assert kept.closing.lapse() == ()  # the term counts from that day
    kept.clock.forward(days=40)
    assert kept.closing.lapse() == (REFERENCE,)


def test_r23_who_was_not_told_after_a_day_is_an_alarm_once_weekend_or_not(kept):
    kept.clock.forward(days=4, hours=5)  # a Friday evening
    _release(kept, betrokkenen=[LAWYER])
    kept.clock.forward(hours=23)
    assert kept.posting.watch() == ()
    kept.clock.forward(hours=1)
    assert kept.posting.watch() == (REFERENCE,)
    assert kept.posting.watch() == ()
    assert kept.posting.late() == 1
    (late,) = events(kept, EventName.NOTICE_LATE)
    assert late.content["uiterlijk"].startswith("2026-11-08")
    assert [task.late for task in kept.posting.tasks()] == [True]
    post(kept)
    assert kept.posting.late() == 0


# ---- all items answered --------------------------------------------------------------------------


def test_when_all_is_answered_the_people_are_told_and_the_suspension_is_computed(kept):
    _release(kept, beslistermijn={"ontvangenOp": "2026-10-01", "aantal": 8, "eenheid": "weken"})
    tick(kept)
    storage.decided(kept, 1, "1")
    assert len(kept.correspondence.messages(REFERENCE)) == 1
    kept.clock.forward(days=5)
    storage.decided(kept, 2, "2", received_at=kept.clock.now())
    carrier = tick(kept)
    newest = kept.correspondence.messages(REFERENCE)[0]
    assert newest.kind is MessageKind.ANSWERED
    assert carrier.to() == ["behandelaars@dienst.example", APPLICANT]
    (complete,) = events(kept, EventName.REQUEST_COMPLETE)
    for event in (complete, events(kept, EventName.MESSAGE_PLACED)[-1]):
        assert event.content["opschorting"]["dagen"] == 4
        assert event.content["opschorting"]["beslisUiterlijk"] == "2026-11-30"
    assert _text(kept.correspondence.pdf(REFERENCE, newest.id, "indiener")).startswith("Antwoord ontvangen")
    tick(kept)
    assert len(kept.correspondence.messages(REFERENCE)) == 2


# ---- in the portal -------------------------------------------------------------------------------


def test_a_message_is_read_by_the_people_of_its_request_only_and_that_is_noted(kept):
    _release(kept)
    tick(kept)
    (message,) = kept.correspondence.messages(REFERENCE)
    storage.open_request(kept.requests, kenmerk="HV-ANDER")
    for reference, number in (("HV-ANDER", message.id), (REFERENCE, 999), ("HV-NIEMAND", message.id)):
        with pytest.raises(NotFound):
            kept.correspondence.pdf(reference, number, "indiener")
    kept.correspondence.pdf(REFERENCE, message.id, "indiener")
    (read,) = events(kept, EventName.CONTENT_ACCESS)
    assert read.content["wat"].endswith("gelezen")


def test_two_processes_place_and_tell_once(processes):
    first, second = processes
    _release(first)
    for process in (first, second, first):
        process.correspondence.write()
    carrier = tick(first)
    tick(second, carrier)
    assert len(carrier.given) == 1
    assert len([e for e in first.queries.timeline(REFERENCE) if e.name == EventName.MESSAGE_PLACED]) == 1


def test_a_message_of_staff_has_a_title_and_a_text(kept):
    storage.open_request(kept.requests)
    for title, lines in (("", ["tekst"]), ("titel", []), ("titel", [" "])):
        with pytest.raises(Refused):
            kept.correspondence.say(REFERENCE, title, lines, OFFICER)


def test_of_an_erased_request_no_message_notice_or_consent_is_left(kept):
    _release(kept)
    tick(kept)
    with kept.database.write() as session:
        row = request_row(session, REFERENCE)
        hashes, notices = erasing.own_messages(session, row)
        counts = erasing.request(session, row, kept.clock.now())
        erasing.entries(session, col(EntryRow.subject) == REFERENCE)
    assert (len(hashes), len(notices), counts["berichten"]) == (2, 1, 1)
    assert kept.correspondence.messages(REFERENCE) == kept.correspondence.told(REFERENCE) == ()
    assert kept.posting.tasks() == ()
