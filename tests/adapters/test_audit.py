"""The audit finds whatever was changed afterwards, in the log, in the rows and on disk, and says what it means."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from gateway import audit_log, notes
from gateway.audit import audit
from gateway.integrity import Integrity
from gateway.people import Scope, StaffRole
from tests.support import storage


@pytest.fixture
def kept(tmp_path, database_url):
    """Two submissions, one decided, under two checkpoints."""
    yield from _house(tmp_path, database_url)


@pytest.fixture
def embedded(tmp_path):
    yield from _house(tmp_path, "")


def _house(directory, url):
    with storage.opened(directory, url) as kept:
        storage.decided(kept)
        kept.ledger.checkpoint(kept.clock.now())
        kept.store.accept(storage.arrival(7, kept.blobs))
        kept.ledger.checkpoint(kept.clock.now())
        yield kept


def _audited(kept):
    return audit(kept.database, kept.blobs, kept.ledger.vkey, content=True)


def _tampered(kept, *statements):
    with kept.database.engine.begin() as connection:
        for statement in statements:
            first, last = "(SELECT min(id) FROM submission)", "(SELECT max(id) FROM submission)"
            changed = connection.execute(text(statement.replace("$FIRST", first).replace("$LAST", last)))
            assert changed.rowcount, f"nothing was changed: {statement}"


def test_what_nobody_touched_agrees(kept):
    found = _audited(kept)
    assert found.problems == ()
    assert (found.entries, found.checkpoints, found.files) == (5, 2, 3)
    assert found.ok


@pytest.mark.parametrize(
    ("problem", "statements"),
    [
        ("entry 1 was changed: its event", ['UPDATE ledger_entry SET event = salt WHERE "index" = 1']),
        ("entry 1 was changed: its event", ['UPDATE ledger_entry SET salt = commitment WHERE "index" = 1']),
        ("entry 1 is half erased", ['UPDATE ledger_entry SET salt = NULL WHERE "index" = 1']),
        ("entry 2 is missing", ['DELETE FROM ledger_entry WHERE "index" = 2']),
        ("says it has 5 entries, there are 4", ['DELETE FROM ledger_entry WHERE "index" = 4']),
        (
            "does not fit the tree",
            [
                'UPDATE ledger_entry SET "index" = 99 WHERE "index" = 2',
                'UPDATE ledger_entry SET "index" = 2 WHERE "index" = 3',
                'UPDATE ledger_entry SET "index" = 3 WHERE "index" = 99',
            ],
        ),
        (
            "does not fit the tree at",
            ["UPDATE ledger_node SET hash = (SELECT salt FROM ledger_entry LIMIT 1) WHERE level = 1"],
        ),
        ("does not fit the tree at", ["DELETE FROM ledger_node WHERE level = 0 AND position = 3"]),
        ("says it has 4 entries, there are 5", ["UPDATE ledger_head SET size = 4"]),
        ("was changed: it is not found under", ["UPDATE ledger_entry SET name = 'Outage' WHERE \"index\" = 2"]),
        ("was changed: it is not found under", ["UPDATE ledger_entry SET subject = 'HV-1' WHERE \"index\" = 2"]),
        (
            "entry 3 does not fit the tree at (2, 0)",
            ["DELETE FROM ledger_node WHERE level = 2"],
        ),
        (
            "is not signed by this log",
            ["UPDATE ledger_checkpoint SET note = replace(note, '\n5\n', '\n4\n') WHERE size = 5"],
        ),
        ("promises 5 entries, there are 5: the log was cut", ["UPDATE ledger_checkpoint SET size = 3 WHERE size = 5"]),
        (
            "arrived, but there is no such submission",
            ["DELETE FROM received_file WHERE submission_id = $LAST", "DELETE FROM submission WHERE id = $LAST"],
        ),
        ("has no entry 0 of its arrival", ["UPDATE submission SET arrival_index = 0 WHERE id = $LAST"]),
        ("its ontvangenOp is not what entry", ["UPDATE submission SET received_at = '2026-10-01 12:00:00.000000'"]),
        ("its kanaal is not what entry", ["UPDATE submission SET channel = 'imap' WHERE id = $LAST"]),
        ("its envelop is not what entry", ["UPDATE submission SET envelope = '{}' WHERE id = $LAST"]),
        ("its bestanden is not what entry", ["UPDATE received_file SET bytes = 1 WHERE submission_id = $LAST"]),
        ("its bestanden is not what entry", ["DELETE FROM received_file WHERE submission_id = $LAST"]),
        ("its decision is not what entry", ["UPDATE submission SET outcome = 'geweigerd' WHERE id = $FIRST"]),
        ("its decision is not what entry", ["UPDATE part SET number = '2'"]),
        ("is decided, and no entry says so", ["UPDATE submission SET outcome = 'geweigerd' WHERE id = $LAST"]),
    ],
)
def test_a_change_in_the_database_is_found_and_named(embedded, problem, statements):
    _tampered(embedded, *statements)
    found = _audited(embedded)
    assert not found.ok
    assert any(problem in said for said in found.problems), found.problems


def test_every_size_that_a_checkpoint_can_have_is_compared(tmp_path, monkeypatch):
    """Blocks of four: checkpoints end within one, at its end, and where two or four of them become a larger tree."""
    monkeypatch.setattr(audit_log, "LEVEL", 2)
    monkeypatch.setattr(audit_log, "WIDTH", 4)
    with storage.opened(tmp_path) as kept:
        for number in range(34):
            kept.store.accept(storage.arrival(number, kept.blobs))
            kept.ledger.checkpoint(kept.clock.now())
        found = _audited(kept)
        assert (found.entries, found.checkpoints, found.problems) == (34, 34, ())


def test_a_checkpoint_forged_with_another_key_is_found(kept):
    forger = notes.Signer(storage.ORIGIN, notes.generate_key())
    with kept.database.engine.begin() as connection:
        note = connection.execute(text("SELECT note FROM ledger_checkpoint WHERE size = 5")).scalar()
        forged = notes.sign_note(notes.open_note(note, [kept.ledger.vkey]).text, forger)
        connection.execute(text("UPDATE ledger_checkpoint SET note = :note WHERE size = 5"), {"note": forged})
    assert any("checkpoint 5 is not signed by this log" in said for said in _audited(kept).problems)


def test_history_rewritten_with_a_matching_tree_is_found_by_the_signed_checkpoint(kept, tmp_path):
    """Whoever rewrites entries, nodes and all still cannot sign."""
    other = storage.opened(tmp_path / "other")
    with other as rewritten, kept.database.engine.begin() as connection:
        storage.decided(rewritten)
        rewritten.store.accept(storage.arrival(8))
        with rewritten.database.engine.connect() as source:
            nodes = source.execute(text("SELECT level, position, hash FROM ledger_node")).all()
            entries = source.execute(text('SELECT "index", commitment, event, salt FROM ledger_entry')).all()
        for level, position, value in nodes:
            connection.execute(
                text("UPDATE ledger_node SET hash = :h WHERE level = :l AND position = :p"),
                {"h": value, "l": level, "p": position},
            )
        for index, commitment, event, salt in entries:
            connection.execute(
                text('UPDATE ledger_entry SET commitment = :c, event = :e, salt = :s WHERE "index" = :i'),
                {"c": commitment, "e": event, "s": salt, "i": index},
            )
    assert any(re.search("checkpoint .* was signed over other entries", said) for said in _audited(kept).problems)


def test_a_changed_byte_on_disk_is_found(kept):
    path = kept.blobs.path(_first_file(kept))
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    assert _audited(kept).problems == (f"file {path.name} was changed on disk",)


def test_a_missing_file_is_found(kept):
    path = kept.blobs.path(_first_file(kept))
    path.unlink()
    (problem,) = _audited(kept).problems
    assert problem.startswith(f"file {path.name} cannot be read")


def test_an_event_that_is_gone_without_a_word_in_the_log_is_found(kept):
    """Only retention erases, and says so (tests/adapters/test_retention.py)."""
    _tampered(kept, 'UPDATE ledger_entry SET event = NULL, salt = NULL WHERE "index" = 1')
    assert _audited(kept).problems == ("entry 1 has no event, and no entry says that it was erased under retention",)


def test_an_audit_while_others_accept_sees_one_moment(tmp_path, database_url):
    with ExitStack() as stack:
        first, second = (stack.enter_context(storage.opened(tmp_path, database_url)) for _ in range(2))
        with ThreadPoolExecutor(1) as pool:
            accepting = pool.submit(lambda: [second.store.accept(storage.arrival(n)) for n in range(60)])
            audits = [audit(first.database, first.blobs, first.ledger.vkey)]
            while not accepting.done():
                audits.append(audit(first.database, first.blobs, first.ledger.vkey))
        assert [found.problems for found in audits if found.problems] == []
        assert len(accepting.result()) == 60


def test_an_account_a_token_and_a_request_may_have_one_name(kept):
    _one_name(kept)
    assert _audited(kept).problems == ()


def _one_name(kept):
    """Whatever there is of the house and of cases under one name, and a name that the house uses itself."""
    kept.people.add_account("zaaksysteem", StaffRole.AUDITOR, "een lang wachtwoord")
    kept.people.begin(StaffRole.AUDITOR, "zaaksysteem", 60)
    kept.people.make_token("zaaksysteem", (Scope.READ_REQUESTS,))
    kept.clock.forward(minutes=1)
    for name in ("zaaksysteem", "logboek"):
        storage.open_request(kept.requests, kenmerk=name, zaaknummer=name)
    kept.people.revoke_token("zaaksysteem")
    Integrity(kept.database, kept.ledger, kept.clock, lambda _content: _audited(kept)).run(content=False)


@pytest.mark.parametrize(
    ("problem", "statement"),
    [
        ("account zaaksysteem was changed", "UPDATE account SET role = 'behandelaar'"),
        ("account zaaksysteem was changed", "UPDATE account SET disabled = 1"),
        ("account zaaksysteem is gone", "DELETE FROM account"),
        ("token zaaksysteem was changed", "UPDATE token SET revoked_at = NULL"),
        ("token zaaksysteem was changed", "UPDATE token SET made_at = '2026-10-01 12:00:00.000000'"),
        ("token zaaksysteem was changed", "UPDATE token SET scopes = '[\"verzoeken:schrijven\"]'"),
        ("request zaaksysteem was changed", "UPDATE request SET last_day = '2027-01-01'"),
        ("request zaaksysteem was changed", "UPDATE request SET status = 'gesloten' WHERE reference = 'zaaksysteem'"),
    ],
)
def test_a_change_to_one_of_the_same_name_is_found_and_named(embedded, problem, statement):
    _one_name(embedded)
    _tampered(embedded, statement)
    assert any(problem in said for said in _audited(embedded).problems)


def _first_file(kept):
    return kept.queries.raw_files(kept.queries.submissions()[0].ontvangstnummer)[0].sha256
