"""The letter with the receipt: whole, vouched for by others where they are asked, and corrected only by a new one."""

import email
import email.policy
import json
from datetime import timedelta

import pytest

from gateway import receipts
from gateway.clerk import LetterClerk, Patience
from gateway.core.answers import Draft
from gateway.core.facts import Act, ActKind
from gateway.core.words import EventName, Reason
from gateway.ports import Waiting
from tests.support import storage, trust
from tests.support.house import pdf

PASSPORT = storage.message("documenten@intake.example", {"paspoort.pdf": pdf()})


def hand_in(house, reference="HV-2026-000123"):
    address = storage.open_request(house.desk.requests, kenmerk=reference).mailadres
    accepted = storage.hand_in_mail(house, PASSPORT, address)
    storage.walk_on(house)
    return accepted.number


def sent(house):
    """The letters that went out until now, in their order."""
    storage.send_letters(house)
    made = sorted((house.settings.data_dir / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in made]


def unpacked(letter, directory):
    """The attachments, saved as somebody saves them."""
    directory.mkdir()
    for part in letter.iter_attachments():
        (directory / part.get_filename()).write_bytes(part.get_payload(decode=True))
    return directory


def test_the_attachments_saved_in_one_folder_are_a_package_that_checks_itself(tmp_path, clamd_socket):
    with storage.built(tmp_path / "house", clamd_socket) as house:
        hand_in(house)
        (letter,) = sent(house)
    package = unpacked(letter, tmp_path / "saved")
    assert {path.name for path in package.iterdir()} == {
        *(receipts.PDF, receipts.README, receipts.RECEIPT, receipts.PROOF, receipts.VKEYS)
    }
    assert receipts.verify_package([package], [house.ledger.vkey]).ok
    assert "README.txt" in letter.get_body(("plain",)).get_content()


def test_a_decision_that_is_put_right_is_a_new_receipt_that_names_the_old(tmp_path, clamd_socket):
    with storage.built(tmp_path / "house", clamd_socket) as house:
        number = hand_in(house)
        document = house.desk.queries.submission(number).stukken[0].sha256
        sent(house)
        act = Act(ActKind.REFUSE, "b.behandelaar", document=document, reason=Reason.UNREADABLE)
        house.desk.store.act(number, act)
        storage.walk_on(house)
        first, second = sent(house)
        audited = house.desk.audit(True)  # noqa: FBT003  # the desk's callable takes "content"
    old, new = unpacked(first, tmp_path / "old"), unpacked(second, tmp_path / "new")
    before, after = (json.loads((each / receipts.RECEIPT).read_bytes()) for each in (old, new))
    assert audited.ok
    assert "corrigeert" not in before
    assert after["corrigeert"] == {"logIndex": before["logIndex"], "tijd": before["tijd"]}
    assert after["ontvangenOp"] == before["ontvangenOp"]
    assert after["ontvangstnummer"] == before["ontvangstnummer"]
    words = " ".join(second.get_body(("plain",)).get_content().split())
    assert "verbetert ons eerdere bericht van" in words
    assert "verbetert" not in first.get_body(("plain",)).get_content()
    checked = receipts.verify_package([new], [house.ledger.vkey])
    assert any(f"regel {before['logIndex']} van hetzelfde logboek" in told.nl for told in checked.proved)
    assert receipts.verify_package([old], [house.ledger.vkey]).ok, "the old receipt stays good for what it said"


def test_the_letter_waits_for_witness_and_time_stamp_and_says_whose_word_it_carries(tmp_path, clamd_socket):
    watcher = trust.witness_house(tmp_path / "witness")
    with trust.authority(tmp_path / "tsa") as tsa:
        ledger = {
            "witnesses": [watcher.configuration],
            "tsa": {"url": tsa.url, "ca_file": str(tsa.roots), "minutes": 600},
        }
        with storage.built(tmp_path / "house", clamd_socket, ledger=ledger, receipts={"wait_seconds": 45}) as house:
            for count in (1, 2):  # the second is stamped too, long before it is time: a receipt waits for it
                number = hand_in(house, f"HV-2026-00012{count}")
                assert house.desk.queries.submission(number).status == "afgehandeld", "only the letter waits"
                assert len(sent(house)) == count - 1
                with watcher.running(house.ledger.vkey):
                    house.vouching.sign()
                    house.vouching.gather(lambda event, fields: pytest.fail(f"{event} {fields}"))
                *_, letter = sent(house)
                package = unpacked(letter, tmp_path / f"saved{count}")
                keys = [house.ledger.vkey, watcher.vkey]
                checked = receipts.verify_package([package], keys, tsa.roots.read_bytes())
                assert checked.ok
                assert {check.what for check in checked.checks} >= {"witness", "timestamp"}
                words = " ".join(letter.get_body(("plain",)).get_content().split())
                assert f"{trust.NAME}, Testtijdstempel" in words


def test_a_letter_goes_without_who_is_away_when_it_waited_long_enough(tmp_path, clamd_socket):
    away = trust.witness_house(tmp_path / "witness")
    ledger = {"witnesses": [away.configuration]}
    with storage.built(tmp_path / "house", clamd_socket, ledger=ledger, receipts={"wait_seconds": 0}) as house:
        hand_in(house)
        (letter,) = sent(house)
    assert trust.NAME not in letter.get_body(("plain",)).get_content()
    assert receipts.verify_package([unpacked(letter, tmp_path / "saved")], [house.ledger.vkey]).ok


def test_how_long_a_letter_waits_is_counted_from_the_decision(tmp_path):
    with storage.opened(tmp_path) as kept:
        with kept.database.write() as session:
            index = kept.ledger.append(session, EventName.OUTAGE, kept.clock.now(), "naam", {"a": 1})
        draft = Draft("x", "receipt", "a@example.org", "nl", neutral=True)
        letter = Waiting("x", draft, index, kept.clock.now(), ())
        house = None  # nothing is written here
        none, both = (
            LetterClerk(kept.ledger, kept.clock, house, 1, Patience(*wanted, timedelta(seconds=20)))
            for wanted in ((0, False), (1, True))
        )
        assert none.ready(letter)
        assert not both.ready(letter)
        kept.clock.forward(seconds=19)
        assert not both.ready(letter)
        kept.clock.forward(seconds=1)
        assert both.ready(letter)
