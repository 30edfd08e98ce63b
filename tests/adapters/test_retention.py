"""Retention: what is handed over and whose term is over goes, all of it; the proof stays, nothing can be guessed."""

import hashlib
import hmac
import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlmodel import col

from gateway import receipts
from gateway.core.errors import NotFound, Refused
from gateway.core.facts import Act, ActKind
from gateway.core.model import Envelope, RefusedAttempt
from gateway.core.words import Channel, EventName, Reason
from gateway.people import StaffRole
from gateway.records import EntryRow, LetterRow, SubmissionRow
from tests.support import canned, storage
from tests.support.house import pdf
from tests.support.retention import old_bytes, retention

LONG_AGO = 10_000
MAIL = {"paspoort-Zeldzaamnaam.pdf": pdf(note="Zeldzaamnaam"), "stuk.pdf": pdf(2)}


@pytest.fixture(scope="module")
def memory():
    return canned.Memory()


@pytest.fixture
def house(tmp_path, clamd_socket, memory):
    with storage.built(tmp_path, clamd_socket) as house:
        yield memory.used_by(house)


@pytest.fixture
def on_either(tmp_path, clamd_socket, memory, database_url):
    """A house on SQLite, and one on PostgreSQL."""
    with storage.built(tmp_path, clamd_socket, database={"url": database_url}) as house:
        yield memory.used_by(house)


def handed_in(house, request=None, **changes):
    """The receipt number of a mail to the request, walked to its rest, letters handed over; its bytes are old."""
    request = request or storage.open_request(house.desk.requests)
    raw = storage.message(request.mailadres, MAIL, text="Groeten van Zeldzaamnaam.\n", **changes)
    source = f"smtp:{len(house.desk.queries.submissions())}"
    number = storage.hand_in_mail(house, raw, request.mailadres, source=source).number
    storage.walk_on(house)
    storage.send_letters(house)
    old_bytes(house.settings.data_dir)
    return number


def hand_over(house, tmp_path, officer="zaaksysteem"):
    sha256 = house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", officer)
    return house.desk.handover.confirm(storage.REFERENCE, sha256, officer)


def later(house, days):
    """The same house, so many days on."""
    at = house.ports.clock.now() + timedelta(days=days)
    house.retention._clock = storage.FakeClock(at)
    return house.retention


def nothing_of_a_case(erased):
    """What has a term of its own, such as who signed in, may have gone."""
    return (erased.submissions, erased.requests) == ([], [])


def files(directory):
    return [path for path in directory.rglob("*") if path.is_file()]


def found_in(directory, *needles):
    """The files that hold any of these, in whatever letters; what the test itself keeps is not looked at."""
    wanted = [needle.encode() if isinstance(needle, str) else needle for needle in needles]
    return [
        path.relative_to(directory)
        for path in files(directory)
        if any(needle.lower() in path.read_bytes().lower() for needle in wanted)
    ]


# ---- what is due ---------------------------------------------------------------------------------


def test_nothing_goes_before_somebody_confirmed_to_have_it(house, tmp_path):
    handed_in(house)
    house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", "b.behandelaar")
    assert nothing_of_a_case(later(house, LONG_AGO).run())


def test_after_the_confirmation_its_term_runs_and_then_everything_of_it_is_gone(on_either, tmp_path):
    house = on_either
    number = handed_in(house)
    hand_over(house, tmp_path)
    assert nothing_of_a_case(later(house, 27).run())
    assert later(house, 28).run().submissions == [number]
    view = house.desk.queries.submission(number)
    assert (view.afzender, view.geadresseerde) == ("", "")
    assert {(stuk.naam, stuk.sha256) for stuk in view.stukken} == {("", "")}
    assert [stuk.bytes for stuk in view.stukken] == [len(content) for content in MAIL.values()]
    assert view.gewistOp
    assert house.desk.receipt_files(number) == {}
    assert house.desk.queries.request(storage.REFERENCE).betrokkenen[0].email == ""
    assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


def test_a_confirmation_names_the_bytes_that_were_received(house, tmp_path):
    handed_in(house)
    house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", "b.behandelaar")
    with pytest.raises(NotFound):
        house.desk.handover.confirm(storage.REFERENCE, hashlib.sha256(b"half").hexdigest(), "zaaksysteem")
    assert [bundle.confirmed_at for bundle in house.desk.handover.bundles(storage.REFERENCE)] == [None]


def test_what_came_or_was_decided_after_the_bundle_was_made_stays(house, tmp_path):
    request = storage.open_request(house.desk.requests)
    first, again = handed_in(house, request), handed_in(house, request, subject="nog een keer")
    sha256 = house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", "b.behandelaar")
    house.desk.store.act(again, Act(ActKind.RELEASE, "b.behandelaar"))
    storage.walk_on(house)
    storage.send_letters(house)
    late = handed_in(house, request, subject="te laat voor de bundel")
    confirmed = house.desk.handover.confirm(storage.REFERENCE, sha256, "zaaksysteem")
    assert (confirmed.covered, confirmed.changed) == ((first,), (again,))
    assert later(house, LONG_AGO).run().submissions == [first]
    assert house.desk.queries.submission(late).stukken[0].naam


def test_a_new_decision_after_the_hand_over_wants_a_new_hand_over(house, tmp_path):
    number = handed_in(house)
    hand_over(house, tmp_path)
    house.desk.store.act(number, Act(ActKind.RELEASE, "b.behandelaar"))
    storage.walk_on(house)
    storage.send_letters(house)
    assert nothing_of_a_case(later(house, LONG_AGO).run())


def test_confirming_twice_is_one_event_and_one_term(house, tmp_path):
    handed_in(house)
    sha256 = house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", "b.behandelaar")
    first = house.desk.handover.confirm(storage.REFERENCE, sha256, "zaaksysteem")
    assert house.desk.handover.confirm(storage.REFERENCE, sha256.upper(), "zaaksysteem") == first
    names = [event.name for event in house.desk.queries.timeline(storage.REFERENCE)]
    assert names.count(EventName.HANDOVER_CONFIRMED) == 1


def test_the_longest_term_of_what_came_in_together_decides(tmp_path, clamd_socket):
    passport = {"kind": "paspoort", "days": 400, "ground": "lijst 7.1"}
    with storage.built(tmp_path, clamd_socket, retention={"kinds": [passport]}) as house:
        number = handed_in(house)
        hand_over(house, tmp_path)
        assert not later(house, 399).run().submissions
        assert later(house, 400).run().submissions == [number]
        assert _erasure(house, number)["grond"] == "lijst 7.1"


def test_what_belongs_to_no_request_goes_when_it_is_done_and_its_year_is_over(house):
    storage.open_request(house.desk.requests)
    raw = storage.message(storage.ADDRESS, MAIL, sender="vreemde@example.net")
    number = storage.hand_in_mail(house, raw, storage.ADDRESS, sender="vreemde@example.net").number
    storage.walk_on(house)
    storage.send_letters(house)
    old_bytes(house.settings.data_dir)
    assert nothing_of_a_case(later(house, LONG_AGO).run()), "it waits for a person"
    house.desk.store.act(number, Act(ActKind.REFUSE, "b.behandelaar", reason=Reason.NO_REQUEST))
    storage.walk_on(house)
    storage.send_letters(house)
    old_bytes(house.settings.data_dir)
    assert nothing_of_a_case(later(house, 364).run())
    assert later(house, 366).run().submissions == [number]


def test_refused_attempts_have_a_term_of_their_own(house):
    attempt = RefusedAttempt(
        Channel.SMTP,
        house.ports.clock.now(),
        "te_groot",
        "documenten+geheim@intake.example",
        Envelope("zeldzaam@example.net"),
    )
    house.desk.store.register(attempt)
    assert later(house, 1094).run().entries == 0
    assert later(house, 1095).run().entries == 1
    assert later(house, LONG_AGO).run().entries == 0
    assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable
    assert found_in(house.settings.data_dir, "zeldzaam@example.net", "+geheim") == []


def test_that_a_bundle_left_the_house_stays_in_the_log_as_long_as_its_request(house, tmp_path):
    handed_in(house)
    house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", "zaaksysteem")
    house.desk.people.begin("behandelaar", "b.behandelaar", 60)
    assert later(house, LONG_AGO).run().entries == 1, "who signed in goes"
    assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


# ---- holds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["request", "submission"])
def test_a_legal_hold_wins_over_every_term_until_it_is_released(house, tmp_path, what):
    number = handed_in(house)
    hand_over(house, tmp_path)
    subject = storage.REFERENCE if what == "request" else number
    assert house.retention.hold(subject, "beroep bij de rechtbank", "j.jurist") == ()
    assert nothing_of_a_case(later(house, LONG_AGO).run())
    assert [c.held for c in house.retention.due(house.retention._clock.now())] == [True]
    house.retention.release(subject, "uitspraak onherroepelijk", "j.jurist")
    assert later(house, LONG_AGO).run().submissions == [number]


def test_beginning_and_end_of_a_hold_are_events_with_person_and_reason(house):
    storage.open_request(house.desk.requests)
    house.retention.hold(storage.REFERENCE, "beroep", "j.jurist")
    with pytest.raises(Refused, match="al vastgehouden"):
        house.retention.hold(storage.REFERENCE, "nog eens", "j.jurist")
    house.retention.release(storage.REFERENCE, "klaar", "p.piket")
    with pytest.raises(NotFound):
        house.retention.release(storage.REFERENCE, "klaar", "p.piket")
    with pytest.raises(Refused, match="leeg"):
        house.retention.hold(storage.REFERENCE, " ", "j.jurist")
    told = [
        (e.name, e.content["medewerker"], e.content["reden"])
        for e in house.desk.queries.timeline(storage.REFERENCE)[1:]
    ]
    assert told == [("LegalHoldPlaced", "j.jurist", "beroep"), ("LegalHoldReleased", "p.piket", "klaar")]


def test_a_hold_that_comes_too_late_says_what_is_gone(house, tmp_path):
    number = handed_in(house)
    hand_over(house, tmp_path)
    later(house, 28).run()
    assert house.retention.hold(storage.REFERENCE, "beroep", "j.jurist") == (number,)


# ---- what stays and what proves ------------------------------------------------------------------


def test_the_senders_own_copy_verifies_after_everything_is_gone(house, tmp_path):
    """P9, R47: salt, event and bytes are erased; the package that the sender kept needs none of them."""
    number = handed_in(house)
    package = tmp_path / "kept-by-the-sender"
    receipts.write_package(package, *_parts(house, number))
    hand_over(house, tmp_path)
    later(house, 28).run()
    document = tmp_path / "stuk.pdf"
    document.write_bytes(pdf(2))
    verified = receipts.verify_package([package, document], [house.ledger.vkey])
    assert verified.ok
    assert verified.proved
    found = house.desk.audit(True)  # noqa: FBT003  # the desk's callable
    assert found.problems == ()
    assert found.erased > 3


def test_the_proof_of_erasure_names_what_went_and_verifies_offline(house, tmp_path):
    number = handed_in(house)
    (size,) = (file.bytes for file in house.desk.queries.raw_files(number))
    with house.database.read() as session:
        mine = select(EntryRow).where(col(EntryRow.subject) == number).order_by(col(EntryRow.index))
        before = [(row.index, row.commitment.hex()) for row in session.scalars(mine)]
    hand_over(house, tmp_path)
    later(house, 28).run()
    proved = house.retention.proof(number)
    event = json.loads(proved.event)
    assert [(line["regel"], line["vastlegging"]) for line in event["regels"]] == before
    assert event["gewist"] == {"bestanden": 1, "bytes": size, "stukken": 3, "brieven": 1, "gedeeldMetAndere": 0}
    assert event["verzoeken"] == [storage.REFERENCE]
    assert "AVG art. 5" in event["grond"]
    receipts.write_package(tmp_path / "proof", proved.event, proved.proof, proved.vkeys)
    verified = receipts.verify_package([tmp_path / "proof"], [house.ledger.vkey])
    assert verified.ok
    assert f"The proof of the erasure of {number}" in verified.proved[0].en


def test_the_request_goes_last_and_its_reference_stays(house, tmp_path):
    number = handed_in(house)
    hand_over(house, tmp_path)
    house.desk.requests.close(storage.REFERENCE, "klaar", "b.behandelaar")
    house.desk.people.add_account(storage.REFERENCE, StaffRole.AUDITOR, "een lang wachtwoord")  # of the same name
    assert nothing_of_a_case(later(house, 27).run())
    erased = later(house, 28).run()
    assert erased.requests == [storage.REFERENCE]
    request = house.desk.queries.request(storage.REFERENCE)
    said = request.model_dump_json()
    assert not any(word in said for word in ("Voorbeeld", "example.org", "paspoort", "intake.example"))
    assert house.desk.queries.submission(number).verzoek == storage.REFERENCE
    assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable
    with pytest.raises(Refused, match="gewist"):
        house.desk.requests.extend(storage.REFERENCE, request.laatsteDag + timedelta(days=9), "x", "b.behandelaar")


def test_an_open_request_stays(house):
    storage.open_request(house.desk.requests)
    assert nothing_of_a_case(later(house, LONG_AGO).run())


def test_nobody_can_act_on_what_is_gone(house, tmp_path):
    number = handed_in(house)
    hand_over(house, tmp_path)
    later(house, 28).run()
    with pytest.raises(Refused, match="gewist"):
        house.desk.store.act(number, Act(ActKind.RELEASE, "b.behandelaar"))
    assert house.desk.bundle(storage.REFERENCE, tmp_path / "leeg.zip", "b.behandelaar")


def test_items_stay_answered_when_their_documents_are_gone(house, tmp_path):
    request = storage.open_request(house.desk.requests)
    handed_in(house, request)
    answered = [(item.nummer, item.status) for item in house.desk.queries.request(storage.REFERENCE).stukken]
    hand_over(house, tmp_path)
    later(house, 28).run()
    handed_in(house, request, subject="nog iets")
    assert [(i.nummer, i.status) for i in house.desk.queries.request(storage.REFERENCE).stukken] == answered


def test_bytes_that_another_submission_has_too_stay_until_the_last_is_erased(house, tmp_path):
    request = storage.open_request(house.desk.requests)
    first = handed_in(house, request)
    hand_over(house, tmp_path)
    second = handed_in(house, request, subject="dezelfde bestanden")
    later(house, 28).run()
    assert _erasure(house, first)["gewist"]["gedeeldMetAndere"] == 3
    assert house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable
    hand_over(house, tmp_path)
    assert later(house, 90).run().submissions == [second]
    (tmp_path / "bundel.zip").unlink()
    assert found_in(house.settings.data_dir, "Zeldzaamnaam") == []


# ---- nothing is left, nothing can be guessed -----------------------------------------------------


def test_nothing_of_it_is_left_in_any_file(house, tmp_path):
    """Names, addresses, hashes, letters: not in tables, free pages, write-ahead log, blobs or outbox."""
    number = handed_in(house)
    with house.database.read() as session:
        row = session.scalars(select(SubmissionRow)).one()
        letters = list(session.scalars(select(LetterRow)))
    hashes = [f.sha256 for f in house.desk.queries.raw_files(number)]
    hashes += [s.sha256 for s in house.desk.queries.submission(number).stukken] + [x.sha256 for x in letters]
    needles = ["Zeldzaamnaam", storage.APPLICANT, "A. Voorbeeld", "192.0.2.1", *hashes, *map(bytes.fromhex, hashes)]
    needles.append(house.desk.queries.request(storage.REFERENCE).mailadres)
    assert row.facts
    hand_over(house, tmp_path)
    (tmp_path / "bundel.zip").unlink()
    assert found_in(house.settings.data_dir, *needles)
    house.desk.requests.close(storage.REFERENCE, "klaar", "b.behandelaar")
    later(house, 28).run()
    assert [needle for needle in needles if found_in(house.settings.data_dir, needle)] == []
    assert not list((house.settings.data_dir / "outbox").iterdir())


def test_what_is_erased_among_what_stays_is_overwritten_in_the_database(tmp_path):
    """Pages that were split and merged keep nothing either: every second of many goes, the others stay."""
    with storage.opened(tmp_path) as kept:
        numbers = []
        for n in range(120):
            sender = f"zeldzaam-{n:03}@voorbeeld-{n:03}.example"
            envelope = Envelope(sender, (storage.ADDRESS,), "192.0.2.1", f"mail-{n:03}.example")
            numbers.append(kept.store.accept(storage.arrival(n, envelope=envelope)).number)
        with kept.database.write() as session:
            session.execute(text("UPDATE submission SET step = 'filed'"))
        kept.clock.forward(days=400)
        for number in numbers[1::2]:
            retention(kept, kept.clock, fresh_seconds=0).hold(number, "blijft", "j.jurist")
        erased = retention(kept, kept.clock, 1000, 0).run()
        assert erased.submissions == numbers[::2]
        assert retention(kept, kept.clock, fresh_seconds=0).run().submissions == []
        left = (tmp_path / "herstelpost.db").read_bytes() + (tmp_path / "herstelpost.db-wal").read_bytes()
    assert [n for n in range(0, 120, 2) if f"zeldzaam-{n:03}".encode() in left] == []
    assert all(f"zeldzaam-{n:03}".encode() in left for n in range(1, 120, 2))


CANDIDATES = 1_000_000
TRUE_NUMBER = 483_920
SECRET_DOCUMENT = b"%%PDF V-nummer 2%06d geboren 1984"


def test_a_million_guesses_find_nothing_in_what_is_left(tmp_path):
    """Who has the database and the log, and knows everything of the document but six digits, cannot find these.

    The same million guesses find it before the erasure: by its hash, and by its event under the salt.
    """
    with storage.opened(tmp_path) as kept:
        spool = kept.blobs.spool()
        spool.write(SECRET_DOCUMENT % TRUE_NUMBER)
        number = kept.store.accept(storage.arrival(1, files=(spool.keep(),))).number
        for n in range(2, 40):
            kept.store.accept(storage.arrival(n, kept.blobs))
        kept.ledger.checkpoint(kept.clock.now())
        with kept.database.write() as session:
            session.execute(text("UPDATE submission SET step = 'filed' WHERE number = :n"), {"n": number})
            entry = session.scalars(select(EntryRow).where(col(EntryRow.subject) == number)).one()
        event, salt, commitment = entry.event, entry.salt, entry.commitment
        before = _attack(tmp_path, event)
        assert before == {TRUE_NUMBER}
        assert hmac.digest(salt, event, "sha256") == commitment
        kept.clock.forward(days=400)
        assert retention(kept, kept.clock, fresh_seconds=0).run().submissions == [number]
        assert commitment in (tmp_path / "herstelpost.db").read_bytes(), "the commitment stays, and tells nothing"
        assert salt not in (tmp_path / "herstelpost.db").read_bytes()
        assert _attack(tmp_path, event) == set()


def _attack(directory, event):
    """Which guesses are confirmed by anything of 32 bytes in any file, raw or in hexadecimal digits.

    A million of each: the hash of the document, and of the event that names it SHA-256 and HMAC without a salt.
    """
    everything = b"".join(path.read_bytes() for path in files(directory))
    seen = {everything[n : n + 32] for n in range(len(everything) - 31)}
    seen |= {bytes.fromhex(word.decode()) for word in re.findall(rb"[0-9a-f]{64}", everything)}
    head, named, tail = event.partition(hashlib.sha256(SECRET_DOCUMENT % TRUE_NUMBER).hexdigest().encode())
    assert named
    found = set()
    for guess in range(CANDIDATES):
        digest = hashlib.sha256(SECRET_DOCUMENT % guess)
        candidate = head + digest.hexdigest().encode() + tail
        if not seen.isdisjoint(
            (digest.digest(), hashlib.sha256(candidate).digest(), hmac.digest(b"", candidate, "sha256"))
        ):
            found.add(guess)
    return found


# ---- beneath the tests ---------------------------------------------------------------------------


def _erasure(house, number):
    return next(e.content for e in house.desk.queries.timeline(number) if e.name == EventName.CONTENT_ERASED)


def _parts(house, number):
    proved = house.ledger.prove(house.desk.queries.receipt_index(number), house.ports.clock.now())
    return proved.event, proved.proof, proved.vkeys
