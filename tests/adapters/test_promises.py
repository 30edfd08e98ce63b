"""Promises that no single part can keep alone, on the whole house."""

import hashlib
import hmac
import itertools
import json

from sqlalchemy import select, update

from gateway import receipts
from gateway.core import merkle
from gateway.core.facts import Act, ActKind
from gateway.records import EntryRow
from tests.support import storage
from tests.support.house import pdf

MAIL = storage.message("documenten@intake.example", {"paspoort.pdf": pdf(), "stuk.pdf": pdf(2)})


def walked(house, raw=MAIL):
    """The receipt number of a mail to a request of its own, walked to its rest, letters and all."""
    accepted = storage.hand_in_mail(house, raw, storage.open_request(house.desk.requests).mailadres)
    storage.walk_on(house)
    storage.send_letters(house)
    return accepted.number


def test_p2_received_bytes_are_never_changed_and_everything_else_can_be_derived_again(tmp_path, clamd_socket):
    odd = MAIL.replace(b"Subject: documenten", b"Subject: =?x?q?=00?=\r\nX-Odd:\t\xff\xfe  ")
    with storage.built(tmp_path, clamd_socket) as house:
        number = walked(house, odd)
        (raw,) = house.desk.queries.raw_files(number)
        before = house.ports.store.load(number)
        house.desk.store.act(number, Act(ActKind.RELEASE, "b.behandelaar"))
        storage.walk_on(house)
        after = house.ports.store.load(number)
        assert house.desk.blobs.path(raw.sha256).read_bytes() == odd
        assert after.parts == before.parts
        assert house.desk.audit(True).ok  # noqa: FBT003  # the desk's callable takes "content"


def test_p3_every_submission_is_in_exactly_one_state_and_the_sum_is_checked(tmp_path, clamd_socket):
    with storage.built(tmp_path, clamd_socket) as house:
        walked(house)
        storage.hand_in_mail(house, MAIL, "documenten@intake.example")
        sums = house.desk.queries.sums()
        assert sum(sums.values()) == len(house.desk.queries.submissions()) == 2
        storage.walk_on(house)
        assert house.desk.queries.sums() == {
            "ontvangen": 0,
            "in_behandeling": 0,
            "aangehouden": 1,
            "afgehandeld": 1,
        }


def test_p9_the_proof_outlives_the_content(tmp_path, clamd_socket):
    """Erase event and salt: the receipt the sender kept still verifies, and the log agrees with itself."""
    with storage.built(tmp_path, clamd_socket) as house:
        number = walked(house)
        package = tmp_path / "kept-by-the-sender"
        package.mkdir()
        for name, content in house.desk.receipt_files(number).items():
            (package / name).write_bytes(content)
        with house.database.write() as session:
            session.execute(update(EntryRow).values(event=None, salt=None))
        walked_on = house.desk.audit(False)  # noqa: FBT003  # see above
        assert receipts.verify_package([package]).ok
        assert walked_on.entries > 0
        assert not [p for p in walked_on.problems if "commitment" in p or "tree" in p or "checkpoint" in p]


def test_p9_without_the_salt_nothing_can_be_guessed_back(tmp_path, clamd_socket):
    """Whoever knows everything of the event but the salt cannot tell whether it is in the log."""
    with storage.built(tmp_path, clamd_socket) as house:
        walked(house)
        with house.database.read() as session:
            rows = session.scalars(select(EntryRow)).all()
    for row in rows:
        guesses = itertools.chain([b"", bytes(32), b"herstelpost"], (n.to_bytes(32, "big") for n in range(1000)))
        assert all(hmac.digest(guess, row.event, "sha256") != row.commitment for guess in guesses)
        assert hashlib.sha256(row.event).digest() != row.commitment
        assert merkle.commit(row.salt, row.event) == row.commitment
        assert len(row.salt) == 32
    assert len({row.salt for row in rows}) == len(rows)


def test_p9_the_tree_holds_no_name_and_no_hash_of_a_document(tmp_path, clamd_socket):
    with storage.built(tmp_path, clamd_socket) as house:
        number = walked(house)
        view = house.desk.queries.submission(number)
        with house.database.read() as session:
            tree = b"".join(session.scalars(select(EntryRow.commitment)))
    for document in view.stukken:
        assert bytes.fromhex(document.sha256) not in tree
    assert json.dumps(view.afzender).encode() not in tree
