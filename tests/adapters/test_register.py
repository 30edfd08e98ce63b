"""The register of a period proves offline that it is whole: nothing may be taken from it, and nothing else came."""

import base64
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
import rfc8785
from sqlalchemy import text

from gateway import contents, marks, register_check
from gateway.core import merkle
from gateway.core.errors import Refused
from gateway.core.model import Envelope, RefusedAttempt
from gateway.core.words import Channel
from gateway.register import HERE, Period, Registrar
from tests.support import storage
from tests.support.storage import ADDRESS, NOON

PEM = marks.generate()
FRIEND, STRANGER = "vriend@example.org", "ander@example.net"


@pytest.fixture
def house(kept):
    """Five arrivals of two senders and two refused attempts, in five hours, closed every hour."""
    registrar = Registrar(kept.database, kept.ledger, marks.Marker(PEM), lambda: None)
    for hour in range(5):
        sender = FRIEND if hour % 2 else STRANGER
        envelope = Envelope(sender, (f"documenten+geheim{hour}@intake.example",), "192.0.2.1", "mail.example.org")
        kept.store.accept(storage.arrival(hour, kept.blobs, received_at=kept.clock.now(), envelope=envelope))
        if hour in {1, 2}:
            envelope = Envelope(sender, ("fout@intake.example",), "192.0.2.1", "mail.example.org")
            kept.store.register(
                RefusedAttempt(Channel.SMTP, kept.clock.now(), "niet_aangewezen_adres", "fout@intake.example", envelope)
            )
        kept.clock.forward(minutes=30)
        registrar.close(kept.clock.now())
        kept.ledger.checkpoint(kept.clock.now())
        kept.clock.forward(minutes=30)
    return kept, registrar


def _made(house, path, since=0.0, until=5.0, address=None):
    kept, registrar = house
    period = Period(NOON + timedelta(hours=since), NOON + timedelta(hours=until), address)
    registrar.write(path, period, kept.clock.now())
    return path


def _files(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _lines(path):
    return json.loads(_files(path)["register.json"])["regels"]


def _rewritten(path, **changes):
    files = _files(path) | {name.replace("_json", ".json").replace("_txt", ".txt"): c for name, c in changes.items()}
    out = path.with_name("changed.zip")
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out


def _by_script(path):
    words = [sys.executable, HERE / "verify" / register_check.SCRIPT, path]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_the_register_of_a_period_holds_offline_by_two_programs(house, tmp_path):
    path = _made(house, tmp_path / "register.zip", 1, 4)
    found = register_check.verify_register(path, [house[0].ledger.vkey])
    assert [c.detail.en for c in found.checks if not c.ok] == []
    assert [line["moment"][11:13] for line in _lines(path)] == ["13", "13", "14", "14", "15"]
    assert "exactly these 5 times" in found.proved[0].en
    assert "Uitkomst: alles klopt" in _by_script(path).stdout
    assert set(_files(path)) >= {"register.pdf", "register.json", "entries.txt", "verify_register.py", "README.txt"}


def test_the_page_to_read_shows_no_secret_of_an_address(house, tmp_path):
    """Whoever sees it on a table cannot file anything with it (P7); the whole address is in the evidence itself."""
    files = _files(_made(house, tmp_path / "register.zip"))
    command = ["pdftotext", "-layout", "-", "-"]
    printed = subprocess.run(command, input=files["register.pdf"], capture_output=True, check=True).stdout.decode()
    assert printed.replace("\u200b", "").count("documenten+…@intake.example") == 5
    assert "geheim" not in printed
    assert b"geheim3" in files["entries.txt"]


@pytest.mark.parametrize("address", [FRIEND, "Documenten+Geheim3@intake.example", ADDRESS, "nooit@example.org"])
def test_the_register_of_one_address_shows_of_all_others_only_that_they_are_others(house, tmp_path, address):
    path = _made(house, tmp_path / "register.zip", address=address)
    found = register_check.verify_register(path)
    assert found.ok, found.checks
    assert _by_script(path).returncode == 0
    listed = {FRIEND: 3, "Documenten+Geheim3@intake.example": 1, ADDRESS: 5, "nooit@example.org": 0}
    assert len(_lines(path)) == listed[address]
    shown = house[0].queries.register(NOON, NOON + timedelta(hours=5), address)  # the page's and the command's table
    assert [event.index for event in shown] == [line["logIndex"] for line in _lines(path)]
    if address != ADDRESS:
        assert STRANGER.encode() not in b"".join(_files(path).values())


def test_what_came_after_the_period_but_was_received_in_it_is_in_it(house, tmp_path):
    kept, _ = house
    early = NOON + timedelta(hours=2, minutes=10)
    kept.store.accept(storage.arrival(77, kept.blobs, received_at=early, channel=Channel.IMAP))
    path = _made(house, tmp_path / "register.zip", 2, 3)
    assert [line["kanaal"] for line in _lines(path)] == ["smtp", "smtp", "imap"]
    assert register_check.verify_register(path).ok


def test_a_line_that_is_left_out_or_put_in_or_changed_is_a_no(house, tmp_path):
    path = _made(house, tmp_path / "register.zip")
    files = _files(path)
    entries = files["entries.txt"].splitlines(keepends=True)
    register = json.loads(files["register.json"])
    arrivals = [n for n, line in enumerate(entries) if b'"RegisterClosed"' not in line]
    for number, entry in enumerate(entries):
        without = _rewritten(path, entries_txt=b"".join(entries[:number] + entries[number + 1 :]))
        assert not register_check.verify_register(without).ok
        spoiled = [*entries[:number], entry.replace(b"2026-", b"2025-", 1), *entries[number + 1 :]]
        assert not register_check.verify_register(_rewritten(path, entries_txt=b"".join(spoiled))).ok
    for number in range(len(arrivals)):
        shorter = register | {"regels": register["regels"][:number] + register["regels"][number + 1 :]}
        changed = _rewritten(path, register_json=json.dumps(shorter, separators=(",", ":")).encode())
        assert not register_check.verify_register(changed).ok
        assert _by_script(changed).returncode == 1


def test_whoever_makes_the_package_anew_cannot_leave_an_arrival_out(house, tmp_path):
    """With the log and the key in hand: the closings name it, and they are in the log that was signed."""
    kept, _ = house
    path = _made(house, tmp_path / "register.zip")
    files = _files(path)
    register = json.loads(files["register.json"])
    gone = register["regels"][2]["logIndex"]
    kept_entries = [e for e in register_check.parse_entries(files["entries.txt"].decode()) if e.place != gone]
    proved = kept.ledger.prove_all([entry.place for entry in kept_entries], kept.clock.now())
    lines = [line for line in files["entries.txt"].splitlines(keepends=True) if not line.startswith(b"%d " % gone)]
    forged = _rewritten(
        path,
        entries_txt=b"".join(lines),
        tree_txt=b"".join(base64.b64encode(value) + b"\n" for value in proved.hashes),
        checkpoint=proved.note.encode(),
        register_json=rfc8785.dumps(register | {"regels": [r for r in register["regels"] if r["logIndex"] != gone]}),
    )
    found = register_check.verify_register(forged)
    assert [check.what for check in found.checks if check.ok] == ["signature", "inclusion", "closed"]
    assert f"At entry {gone} something falls out of the register" in found.checks[-1].detail.en
    assert _by_script(forged).returncode == 1


def test_an_erased_arrival_keeps_its_place_and_moment_in_the_register(house, tmp_path):
    kept, _ = house
    with kept.database.engine.begin() as connection:
        erase = 'UPDATE ledger_entry SET event = NULL, salt = NULL WHERE "index" = :place'
        connection.execute(text(erase), {"place": 0})
    path = _made(house, tmp_path / "register.zip")
    found = register_check.verify_register(path)
    assert found.ok, found.checks
    assert _by_script(path).returncode == 0
    assert any("were erased" in told.en for told in found.not_proved)
    assert len(_lines(path)) == 6


def test_a_period_that_has_not_begun_is_refused_and_one_that_goes_on_ends_now(house, tmp_path):
    with pytest.raises(Refused):
        _made(house, tmp_path / "register.zip", 6, 7)
    path = _made(house, tmp_path / "register.zip", 0, 1000)
    assert json.loads(_files(path)["register.json"])["tot"] == "2026-11-02T17:00:00.000000Z"
    assert register_check.verify_register(path).ok


def test_many_arrivals_are_closed_in_several_entries_and_none_is_left_out(house, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "MOST", 2)
    kept, _ = house
    for number in range(10, 17):
        kept.store.accept(storage.arrival(number, received_at=kept.clock.now()))
    path = _made(house, tmp_path / "register.zip", 0, 6)
    assert len(_lines(path)) == 7, "those of this hour come after the period, which ends now"
    kept.clock.forward(minutes=1)
    path = _made(house, tmp_path / "register.zip", 0, 6)
    assert len(_lines(path)) == 14
    assert register_check.verify_register(path).ok


def test_the_proof_of_many_entries_holds_for_every_tree_and_no_other_root():
    nodes = {}

    def get(*at):
        return nodes[at]

    for size in range(1, 40):
        nodes |= merkle.append(get, size - 1, size.to_bytes(32, "big"))
        root = merkle.root(get, size)
        for places in (
            [],
            [0],
            [size - 1],
            sorted({0, size // 2, size - 1}),
            list(range(size)),
            list(range(0, size, 3)),
        ):
            hashes = merkle.subtree_proof(get, places, size)
            leaves = {place: nodes[0, place] for place in places}
            assert merkle.root_with(leaves, size, hashes) == root
            assert merkle.root_with(leaves, size, (*hashes, root)) is None
            if hashes:
                assert merkle.root_with(leaves, size, hashes[1:]) is None
            if places:
                assert merkle.root_with(leaves | {places[0]: bytes(32)}, size, hashes) != root
