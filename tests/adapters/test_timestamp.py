"""Time stamps by an authority of their own: kept as they came, proved under its root certificate, and nothing else."""

import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta

import pytest
import rfc3161_client

from gateway import checks, notes, receipts, timestamps
from gateway.core.errors import TryLater
from gateway.core.words import EventName
from gateway.vouching import Authority, Vouching
from tests.support import storage, trust
from tests.support.packages import package
from tests.support.program import PROGRAM

TEXT = "log.example/herstelpost\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory):
    with trust.authority(tmp_path_factory.mktemp("tsa") / "here") as tsa:
        yield tsa


@pytest.fixture(scope="module")
def chatty_tsa(tmp_path_factory):
    """Sends its root along, in an order that DER does not allow and real authorities use."""
    with trust.authority(tmp_path_factory.mktemp("tsa") / "here", sends_root=True) as tsa:
        yield tsa


@pytest.fixture
def kept(tmp_path):
    with storage.opened(tmp_path / "kept") as kept:
        yield kept


def _append(kept, count=1):
    with kept.database.write() as session:
        for _ in range(count):
            kept.ledger.append(session, EventName.OUTAGE, kept.clock.now(), "naam", {"a": 1})


def _vouching(kept, tsa, minutes=60):
    authority = Authority(tsa.url, tsa.roots.read_bytes(), timedelta(minutes=minutes))
    return Vouching(kept.database, kept.ledger, kept.clock, (), authority)


def _gathered(vouching):
    """What the mail log heard."""
    told = []
    vouching.sign()
    vouching.gather(lambda event, fields: told.append((event, dict(fields))))
    return told


def _stamped_package(directory, tsa):
    made = package()
    text, _ = notes.split_note(notes.parse_tlog_proof(made.proof).checkpoint_note)
    stamp = timestamps.ask(tsa.url, text, tsa.roots.read_bytes())
    receipts.write_package(directory, made.receipt, made.proof, made.vkeys, stamp=stamp)
    return directory


def test_a_stamp_says_when_and_by_whom(tsa):
    before = datetime.now(UTC).replace(microsecond=0)
    stamp = timestamps.check(timestamps.ask(tsa.url, TEXT, tsa.roots.read_bytes()), TEXT, tsa.roots.read_bytes())
    assert before <= stamp.at <= datetime.now(UTC)
    assert stamp.by == "Testtijdstempel"


def test_a_stamp_that_our_library_cannot_read_is_checked_with_openssl(chatty_tsa):
    roots = chatty_tsa.roots.read_bytes()
    raw = timestamps.ask(chatty_tsa.url, TEXT, roots)
    with pytest.raises(ValueError, match=r"."):
        rfc3161_client.decode_timestamp_response(raw)
    assert abs(timestamps.check(raw, TEXT, roots).at - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(timestamps.BadStamp):
        timestamps.check(raw, TEXT.replace("1", "2"), roots)


def test_what_is_said_around_the_token_is_not_believed(chatty_tsa):
    """The status of an answer is not signed: whoever hands over a stamp may write another moment there."""
    roots = chatty_tsa.roots.read_bytes()
    raw = timestamps.ask(chatty_tsa.url, TEXT, roots)
    lie = b"x\nTST info:\nTime stamp: Jan  1 00:00:00 2020 GMT\n"
    status = bytes.fromhex("020100") + _der(0x30, _der(0x0C, lie))
    honest_status = bytes.fromhex("3003020100")
    lying = _der(0x30, _der(0x30, status) + raw[raw.index(honest_status) + len(honest_status) :])
    for stamp in (timestamps.check(lying, TEXT, roots), timestamps.claimed(lying, TEXT)):
        assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=5)


def _der(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


@pytest.mark.parametrize("which", ["tsa", "chatty_tsa"])
def test_a_stamp_of_another_text_under_another_root_or_damaged_is_refused(which, request, tmp_path):
    tsa = request.getfixturevalue(which)
    roots = tsa.roots.read_bytes()
    raw = timestamps.ask(tsa.url, TEXT, roots)
    with trust.authority(tmp_path / "other") as other:
        foreign = other.roots.read_bytes()
    attempts = [(raw, TEXT + "x", roots), (raw, TEXT, foreign), (b"", TEXT, roots), (raw[:-1], TEXT, roots)]
    attempts += [(_flipped(raw, at), TEXT, roots) for at in (20, len(raw) // 2, len(raw) - 5)]
    for stamp, text, certificates in attempts:
        with pytest.raises(timestamps.BadStamp):
            timestamps.check(stamp, text, certificates)


def _flipped(raw, at):
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_the_first_checkpoint_is_stamped_and_the_next_one_when_it_is_time(kept, tsa):
    vouching = _vouching(kept, tsa, minutes=60)
    asked = tsa.asked
    _append(kept)
    assert _gathered(vouching) == []
    assert tsa.asked == asked + 1
    _append(kept)
    _gathered(vouching)
    assert tsa.asked == asked + 1
    kept.clock.forward(minutes=61)
    _gathered(vouching)
    assert tsa.asked == asked + 2
    _append(kept)
    _gathered(vouching)
    assert tsa.asked == asked + 2
    kept.clock.forward(minutes=120)
    _gathered(vouching)
    kept.clock.forward(minutes=120)
    _gathered(vouching)
    assert tsa.asked == asked + 3, "what has not grown is not stamped again"


def test_a_receipt_carries_the_stamp_and_its_check_says_who_and_when(kept, tsa, tmp_path):
    _append(kept, 3)
    _gathered(_vouching(kept, tsa))
    proved = kept.ledger.prove(1, kept.clock.now())
    receipts.write_package(tmp_path / "p", proved.event, proved.proof, proved.vkeys, stamp=proved.stamp)
    checked = receipts.verify_package([tmp_path / "p"], [kept.ledger.vkey], tsa.roots.read_bytes())
    assert checked.ok
    assert any("Testtijdstempel" in told.nl for told in checked.proved)
    assert receipts._TIME_UNPROVED not in checked.not_proved
    # A later entry is not under that stamp: its receipt has none.
    _append(kept)
    assert kept.ledger.prove(3, kept.clock.now()).stamp is None
    assert kept.ledger.prove(1, kept.clock.now()).stamp == proved.stamp


def test_without_the_authoritys_certificate_the_stamp_is_said_to_be_unchecked(tsa, tmp_path):
    checked = receipts.verify_package([_stamped_package(tmp_path / "p", tsa)])
    assert checked.ok
    assert receipts._TIMESTAMP_UNREAD in checked.not_proved


def test_a_stamp_that_was_put_under_another_receipt_is_a_no(tsa, tmp_path):
    stamped, other = _stamped_package(tmp_path / "p", tsa), package(3, 7).write(tmp_path / "q")
    shutil.copy(stamped / receipts.TIMESTAMP, other / receipts.TIMESTAMP)
    checked = receipts.verify_package([other], (), tsa.roots.read_bytes())
    assert not checked.ok
    assert checked.checks[-1].what == "timestamp"


def test_the_command_checks_the_stamp_with_the_certificate_that_it_is_given(tsa, tmp_path):
    directory = _stamped_package(tmp_path / "p", tsa)
    command = [PROGRAM, "verify", directory, "--tsa-ca", tsa.roots]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "Testtijdstempel" in done.stdout


def test_the_readme_tells_how_to_check_the_stamp_with_openssl_alone(tsa, tmp_path):
    directory = _stamped_package(tmp_path / "p", tsa)
    readme = (directory / receipts.README).read_text(encoding="utf-8")
    told = readme.partition("THE TIME STAMP")[2].splitlines()
    commands = [line.strip() for line in told if line.startswith("  ")]
    assert len(commands) == 3
    shutil.copy(tsa.roots, directory / "ca.pem")
    done = subprocess.run(
        ["sh", "-eu"], input="\n".join(commands), cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Verification: OK" in done.stdout + done.stderr


def test_an_authority_that_is_away_is_told_and_left_alone_for_a_while(kept, tsa):
    tsa.broken = True
    try:
        vouching = _vouching(kept, tsa)
        _append(kept)
        (told,) = _gathered(vouching)
        assert told[0] == "time_stamp_failed"
        assert _gathered(vouching) == []
        assert kept.ledger.prove(0, kept.clock.now()).stamp is None
        with pytest.raises(TryLater):
            timestamps.ask(tsa.url, TEXT, tsa.roots.read_bytes())
    finally:
        tsa.broken = False


def test_the_check_of_a_configuration_gets_a_stamp_and_says_what_is_wrong_with_it(tsa, tmp_path):
    def told(url, ca_file):
        table = {"tsa": {"url": url, "ca_file": str(ca_file)}}
        settings = storage.settings(tmp_path / "data", ledger=table)
        return [line for line in checks.problems(settings, "x", date(2026, 11, 22)) if "tsa" in line]

    with trust.authority(tmp_path / "other") as other:
        assert told(tsa.url, tsa.roots) == []
        (wrong_root,) = told(tsa.url, other.roots)
        assert wrong_root.startswith("x: ledger.tsa.url: the time stamp is not good")
    (away,) = told(other.url, other.roots)
    assert "cannot be asked" in away
