"""What the ledger promises: dense places, proofs that hold for ever, one history, on each database."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from gateway import notes
from gateway.core import merkle
from gateway.core.errors import Corrupt
from gateway.core.words import EventName
from gateway.ledger import _reader
from tests.support import storage
from tests.support.storage import NOON

ENTRIES = 1000


def _append(kept, *subjects):
    with kept.database.write() as session:
        return [kept.ledger.append(session, EventName.OUTAGE, NOON, name, {"naam": name}) for name in subjects]


def _proved(kept, index):
    """The event at an index, after its proof was verified with the public key only."""
    proved = kept.ledger.prove(index, NOON)
    proof = notes.parse_tlog_proof(proved.proof)
    checkpoint = notes.parse_checkpoint(notes.open_note(proof.checkpoint_note, [kept.ledger.vkey]).text)
    leaf = merkle.leaf_hash(merkle.commit(proof.extra, proved.event))
    assert proof.index == index
    assert merkle.verify_inclusion(leaf, index, checkpoint.size, proof.path, checkpoint.root)
    return json.loads(proved.event)


def test_a_thousand_entries_each_have_a_proof_that_verifies_offline(tmp_path):
    with storage.opened(tmp_path) as kept:
        indexes = [i for n in range(0, ENTRIES, 50) for i in _append(kept, *(f"naam {m}" for m in range(n, n + 50)))]
        assert indexes == list(range(ENTRIES))
        for index in indexes:
            assert _proved(kept, index)["naam"] == f"naam {index}"


def test_every_checkpoint_continues_the_one_before(kept):
    signed = []
    for size in range(1, 40):
        _append(kept, f"naam {size}")
        signed.append(
            notes.parse_checkpoint(notes.open_note(kept.ledger.checkpoint(NOON).note, [kept.ledger.vkey]).text)
        )
    assert [checkpoint.size for checkpoint in signed] == list(range(1, 40))
    last = signed[-1]
    with kept.database.read() as session:
        for old in signed:
            path = merkle.consistency_proof(_reader(session.connection()), old.size, last.size)
            assert merkle.verify_consistency(old.size, last.size, path, old.root, last.root)


def test_a_receipt_given_early_still_verifies_when_the_log_has_grown(kept):
    _append(kept, "eerste")
    early = kept.ledger.prove(0, NOON)
    _append(kept, *(f"naam {n}" for n in range(20)))
    assert _proved(kept, 0)["naam"] == "eerste"
    proof = notes.parse_tlog_proof(early.proof)
    checkpoint = notes.parse_checkpoint(notes.open_note(proof.checkpoint_note, [kept.ledger.vkey]).text)
    leaf = merkle.leaf_hash(merkle.commit(proof.extra, early.event))
    assert merkle.verify_inclusion(leaf, 0, checkpoint.size, proof.path, checkpoint.root)


def test_two_processes_that_append_at_once_share_one_dense_history(processes):
    def append(place):
        return [_append(processes[place % 2], f"{place}.{n}", f"{place}.{n}b") for n in range(8)]

    with ThreadPoolExecutor(6) as pool:
        indexes = [index for some in pool.map(append, range(6)) for pair in some for index in pair]
    assert sorted(indexes) == list(range(6 * 8 * 2))
    assert {_proved(processes[0], index)["logIndex"] for index in range(0, 96, 13)} == set(range(0, 96, 13))


def test_two_processes_that_sign_at_once_sign_the_same(processes):
    for n in range(10):
        _append(processes[0], f"naam {n}")
        with ThreadPoolExecutor(4) as pool:
            notes_signed = set(pool.map(lambda place: processes[place % 2].ledger.checkpoint(NOON).note, range(4)))
        assert len(notes_signed) == 1


def test_nothing_is_in_the_log_of_a_transaction_that_failed(kept):
    def failing():
        with kept.database.write() as session:
            kept.ledger.append(session, EventName.OUTAGE, NOON, "nooit gebeurd", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert _append(kept, "eerste") == [0]
    assert kept.queries.timeline("nooit gebeurd") == ()


def test_no_name_number_or_bare_hash_is_in_the_tree(kept):
    """P9: the same event twice gives two commitments that nobody can guess back."""
    _append(kept, "A. Voorbeeld", "A. Voorbeeld")
    with kept.database.engine.connect() as connection:
        first, second = connection.execute(text("SELECT commitment FROM ledger_entry")).scalars()
        nodes = connection.execute(text("SELECT hash FROM ledger_node")).scalars().all()
    assert first != second
    assert all(len(node) == 32 for node in nodes)


def test_an_erased_event_has_no_proof_any_more_and_its_neighbours_do(kept):
    _append(kept, "een", "twee", "drie")
    with kept.database.engine.begin() as connection:
        connection.execute(text('UPDATE ledger_entry SET event = NULL, salt = NULL WHERE "index" = 1'))
    with pytest.raises(Corrupt, match="no event any more"):
        kept.ledger.prove(1, NOON)
    assert _proved(kept, 0)["naam"] == "een"
    assert _proved(kept, 2)["naam"] == "drie"
