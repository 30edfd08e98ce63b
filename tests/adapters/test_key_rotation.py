"""A new key for the ledger: nothing proved before is lost, and a crash at any step leaves one key in charge."""

import subprocess

import pytest

from gateway import notes, receipts, rotation
from gateway.audit import audit
from gateway.core.errors import WrongState
from gateway.core.words import EventName
from gateway.ledger import Ledger
from tests.support import program, storage
from tests.support.program import PROGRAM


@pytest.fixture
def kept(tmp_path, database_url):
    with storage.opened(tmp_path / "kept", database_url) as kept:
        yield kept


@pytest.fixture
def embedded(tmp_path):
    with storage.opened(tmp_path / "kept") as kept:
        yield kept


def _files(kept):
    return kept.directory / "ledger.pem", kept.directory / rotation.VKEYS


def _append(kept, ledger, *names):
    with kept.database.write() as session:
        return [ledger.append(session, EventName.OUTAGE, kept.clock.now(), name, {"naam": name}) for name in names]


def _packaged(ledger, index, directory):
    proved = ledger.prove(index, storage.NOON)
    receipts.write_package(directory, proved.event, proved.proof, proved.vkeys)
    return directory


def _restarted(kept):
    """The ledger as the next start finds it."""
    key_file, vkeys_file = _files(kept)
    rotation.finish(kept.database, storage.ORIGIN, key_file)
    signer = notes.Signer(storage.ORIGIN, notes.key_from_pem(key_file.read_bytes()))
    known = notes.read_vkeys(vkeys_file.read_text()) if vkeys_file.exists() else ()
    return Ledger(kept.database, signer, known)


def _problems(kept, ledger):
    return audit(kept.database, kept.blobs, ledger.vkey, others=ledger.vkeys).problems


def test_receipts_from_before_and_after_verify_with_the_published_keys_and_with_their_own(kept, tmp_path):
    key_file, vkeys_file = _files(kept)
    _append(kept, kept.ledger, "een", "twee")
    old = _packaged(kept.ledger, 0, tmp_path / "old")
    ledger = rotation.rotate(kept.ledger, key_file, vkeys_file, storage.NOON)
    both = _packaged(ledger, 1, tmp_path / "both")
    _append(kept, ledger, "drie")
    new = _packaged(ledger, 1, tmp_path / "new")
    published = notes.read_vkeys(vkeys_file.read_text())
    assert published == (ledger.vkey, kept.ledger.vkey)
    for directory in (old, both, new):
        assert receipts.verify_package([directory], published).ok
        assert receipts.verify_package([directory]).ok
    assert receipts.verify_package([both], [kept.ledger.vkey]).ok, "signed over by both"
    assert receipts.verify_package([both], [ledger.vkey]).ok
    assert not receipts.verify_package([new], [kept.ledger.vkey]).ok
    assert not receipts.verify_package([old], [ledger.vkey]).ok


def test_the_recipe_of_the_package_itself_takes_a_checkpoint_under_both_keys(kept, tmp_path):
    _append(kept, kept.ledger, "een")
    ledger = rotation.rotate(kept.ledger, *_files(kept), storage.NOON)
    directory = _packaged(ledger, 0, tmp_path / "both")
    recipe = (directory / receipts.README).read_text(encoding="utf-8").partition("OPDRACHTEN - COMMANDS")[2]
    script = recipe[recipe.index("sh -eu") :]
    done = subprocess.run(["sh"], input=script, cwd=directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "GOED - RIGHT" in done.stdout


def test_a_stored_checkpoint_of_the_old_key_still_proves(kept, tmp_path):
    """Nothing was added since: the newest checkpoint is the old key's, and a restart knows only the new one first."""
    _append(kept, kept.ledger, "een")
    kept.ledger.checkpoint(storage.NOON)
    new = notes.Signer(storage.ORIGIN, notes.generate_key())
    ledger = Ledger(kept.database, new, [kept.ledger.vkey])
    assert receipts.verify_package([_packaged(ledger, 0, tmp_path / "p")], [kept.ledger.vkey]).ok


def test_the_change_is_an_entry_under_a_checkpoint_that_both_keys_signed(kept):
    _append(kept, kept.ledger, "een")
    ledger = rotation.rotate(kept.ledger, *_files(kept), storage.NOON)
    (event,) = kept.queries.timeline(ledger.vkey)
    assert event.name == EventName.KEY_CHANGED
    assert event.content is not None
    assert (event.content["oud"], event.content["nieuw"]) == (kept.ledger.vkey, ledger.vkey)
    signed = ledger.checkpoint(storage.NOON)
    opened = notes.open_note(signed.note, ledger.vkeys)
    assert signed.size == event.index + 1
    assert set(map(str, opened.log_keys)) == {kept.ledger.vkey, ledger.vkey}


def test_several_changes_after_each_other_leave_a_log_that_agrees(kept):
    ledger, key_file, vkeys_file = kept.ledger, *_files(kept)
    for number in range(4):
        _append(kept, ledger, f"naam {number}")
        ledger.checkpoint(storage.NOON)
        ledger = rotation.rotate(ledger, key_file, vkeys_file, storage.NOON)
    assert _restarted(kept).vkey == ledger.vkey
    assert len(notes.read_vkeys(vkeys_file.read_text())) == 5
    assert _problems(kept, ledger) == ()


def test_the_key_is_for_us_alone_and_no_other_file_is_left(kept):
    _append(kept, kept.ledger, "een")
    before = set(kept.directory.iterdir())
    rotation.rotate(kept.ledger, *_files(kept), storage.NOON)
    assert set(kept.directory.iterdir()) - before == {kept.directory / rotation.VKEYS}
    assert _files(kept)[0].stat().st_mode & 0o077 == 0


# ---- what the audit says -------------------------------------------------------------------------


def test_a_checkpoint_under_the_replaced_key_is_found(kept):
    _append(kept, kept.ledger, "een")
    ledger = rotation.rotate(kept.ledger, *_files(kept), storage.NOON)
    _append(kept, ledger, "twee")
    kept.ledger.checkpoint(storage.NOON)
    assert any("with the key that it had then" in problem for problem in _problems(kept, ledger))


def test_a_key_that_no_entry_brought_is_found(kept):
    _append(kept, kept.ledger, "een")
    rotated = rotation.rotate(kept.ledger, *_files(kept), storage.NOON)
    intruder = Ledger(kept.database, notes.Signer(storage.ORIGIN, notes.generate_key()), rotated.vkeys)
    _append(kept, intruder, "twee")
    intruder.checkpoint(storage.NOON)
    assert any("a key that no entry brought" in problem for problem in _problems(kept, intruder))


def test_an_intruder_who_rotates_without_the_old_key_is_found(kept):
    _append(kept, kept.ledger, "een")
    forged = Ledger(kept.database, notes.Signer(storage.ORIGIN, notes.generate_key()))
    ledger = forged.rotate(notes.Signer(storage.ORIGIN, notes.generate_key()), storage.NOON)
    kept.ledger.checkpoint(storage.NOON)
    ledger = Ledger(kept.database, ledger._signer, [kept.ledger.vkey])
    assert _problems(kept, ledger) != ()


# ---- power cuts ----------------------------------------------------------------------------------


class _PowerCut(BaseException):
    pass


@pytest.mark.parametrize("step", ["_publish", "_put", "rotate", "replace"])
def test_a_power_cut_at_any_step_leaves_one_key_in_charge_and_a_log_that_agrees(embedded, step, monkeypatch):
    kept = embedded
    key_file, vkeys_file = _files(kept)
    _append(kept, kept.ledger, "een")
    kept.ledger.checkpoint(storage.NOON)

    def cut(*_args):
        raise _PowerCut

    with monkeypatch.context() as patch:
        if step == "rotate":
            patch.setattr(Ledger, "rotate", cut)
        elif step == "replace":
            put = rotation._put
            patch.setattr(rotation, "_put", lambda source, place: cut() if place == key_file else put(source, place))
        else:
            patch.setattr(rotation, step, cut)
        with pytest.raises(_PowerCut):
            rotation.rotate(kept.ledger, key_file, vkeys_file, storage.NOON)
    ledger = _restarted(kept)
    assert (ledger.vkey == kept.ledger.vkey) == (step != "replace"), "the entry in the log is the step that counts"
    _append(kept, ledger, "twee")
    ledger.checkpoint(storage.NOON)
    assert _problems(kept, ledger) == ()
    again = rotation.rotate(ledger, key_file, vkeys_file, storage.NOON)
    assert _restarted(kept).vkey == again.vkey
    assert _problems(kept, again) == ()


def test_a_key_that_was_cut_off_while_it_was_written_is_forgotten(embedded):
    waiting = embedded.directory / "ledger.pem.new"
    waiting.write_bytes(b"-----BEGIN PRIV")
    assert _restarted(embedded).vkey == embedded.ledger.vkey
    assert not waiting.exists()


def test_while_one_rotation_runs_no_process_starts_and_no_other_rotates(embedded):
    key_file, vkeys_file = _files(embedded)
    waiting = embedded.directory / "ledger.pem.new"
    waiting.write_bytes(key_file.read_bytes())
    with rotation._alone(waiting):
        with pytest.raises(WrongState):
            rotation.finish(embedded.database, storage.ORIGIN, key_file)
        with pytest.raises(FileExistsError):
            rotation.rotate(embedded.ledger, key_file, vkeys_file, storage.NOON)


# ---- the command ---------------------------------------------------------------------------------


def test_the_command_rotates_only_while_the_gateway_stands_still(tmp_path):
    installed = program.installed(tmp_path / "gateway")
    with installed.running():
        installed.say("outage", "add", "--channel", "post", "--note", "proef")
        refused = _rotated(installed)
        assert refused.returncode == 1
        assert "another gateway runs" in refused.stderr
    done = _rotated(installed)
    assert done.returncode == 0, done.stderr
    assert notes.parse_vkey(done.stdout.strip()).name == storage.ORIGIN
    with installed.running():
        installed.say("outage", "add", "--channel", "post", "--note", "na de wissel")
    command = [PROGRAM, "--config", installed.config, "ledger", "verify"]
    verified = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    command = [PROGRAM, "--config", installed.config, "ledger", "vkey"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    published = notes.read_vkeys((installed.data / "ledger.vkeys").read_text(encoding="utf-8"))
    assert len(published) == 2
    assert printed == "".join(f"{vkey}\n" for vkey in published)


def _rotated(installed):
    command = [PROGRAM, "--config", installed.config, "ledger", "rotate-key"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
