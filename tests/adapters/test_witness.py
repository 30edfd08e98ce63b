"""A witness in a process of its own: it never signs two histories, and a log that was rewritten cannot hide it."""

import base64
import json
import random
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import httpx2
import pytest
from sqlalchemy import text

from config.settings import BadConfiguration
from gateway import notes, receipts
from gateway.audit import audit
from gateway.core import merkle
from gateway.core.words import EventName
from gateway.cosign import Witness
from gateway.ledger import Ledger
from gateway.vouching import Vouching
from gateway.witness import MAX_ADDRESSES, Limit
from tests.support import program, storage, trust
from tests.support.packages import SIGNER
from tests.support.program import PROGRAM
from tests.support.servers import wait_until

REQUEST_OF_THE_TEXT = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


class Log:
    """A log in memory that can lie: `fork` names its history."""

    def __init__(self, fork="a", origin=""):
        self.origin = origin or SIGNER.name
        self.nodes: dict[tuple[int, int], bytes] = {}
        for number in range(40):
            entry = b"%d %s" % (number, fork.encode() if number > 4 else b"")
            self.nodes |= merkle.append(self.get, number, entry)

    def get(self, level, place):
        return self.nodes[level, place]

    def note(self, size, signer=None):
        return notes.sign_note(notes.checkpoint_text(self.origin, size, merkle.root(self.get, size)), signer or SIGNER)

    def request(self, old, size, *, proof=None, signer=None):
        path = merkle.consistency_proof(self.get, old, size) if proof is None and old <= size else proof or ()
        lines = [f"old {old}", *(base64.b64encode(value).decode() for value in path)]
        return "\n".join(lines) + "\n\n" + self.note(size, signer)


@pytest.fixture
def house(tmp_path):
    return trust.witness_house(tmp_path / "witness")


SIGNERS = [notes.Signer(f"log.example/{n}", SIGNER.private_key) for n in range(40)]


@pytest.fixture(scope="module")
def running_witness(tmp_path_factory):
    """One that knows many logs."""
    house = trust.witness_house(tmp_path_factory.mktemp("running") / "witness")
    with house.running(*(signer.vkey for signer in SIGNERS)):
        yield house


@pytest.fixture
def witness(running_witness, monkeypatch):
    """The same for all tests; each test is a log that it did not see before."""
    monkeypatch.setattr(f"{__name__}.SIGNER", SIGNERS.pop())
    return running_witness


def _post(witness, request):
    body = request if isinstance(request, bytes) else request.encode()
    return httpx2.post(f"{witness.witness.url}/add-checkpoint", content=body, timeout=20)


def _cosigned(witness, log, answer, size):
    """When the witness says that it saw this checkpoint; its signature was verified."""
    assert answer.status_code == 200, answer.text
    note = log.note(size)
    opened = notes.open_note(note + answer.text, [SIGNER.vkey, witness.vkey])
    return opened.cosigned_at[notes.parse_vkey(witness.vkey)]


# ---- the protocol --------------------------------------------------------------------------------


def test_it_cosigns_what_continues_what_it_saw_and_says_when(witness):
    log = Log()
    before = int(time.time())
    for old, size in ((0, 3), (3, 4), (4, 4), (4, 11), (11, 32), (32, 40)):
        seconds = _cosigned(witness, log, _post(witness, log.request(old, size)), size)
        assert before <= seconds <= int(time.time())


def test_a_wrong_old_size_is_told_the_right_one(witness):
    log = Log()
    _post(witness, log.request(0, 7))
    for old, size in ((0, 7), (5, 9), (9, 12), (0, 3)):
        answer = _post(witness, log.request(old, size))
        assert (answer.status_code, answer.text) == (409, "7\n")
        assert answer.headers["content-type"] == "text/x.tlog.size"


def test_an_old_size_above_the_checkpoint_is_a_bad_request(witness):
    assert _post(witness, Log().request(9, 7)).status_code == 400


def test_a_log_it_does_not_know_is_not_found(witness):
    other = Log(origin="other.example/log")
    signer = notes.Signer("other.example/log", notes.generate_key())
    assert _post(witness, other.request(0, 5, signer=signer)).status_code == 404
    assert _post(witness, REQUEST_OF_THE_TEXT).status_code == 404


def test_a_checkpoint_that_the_log_did_not_sign_is_forbidden(witness):
    log = Log()
    stranger = notes.Signer(log.origin, notes.generate_key())
    assert _post(witness, log.request(0, 5, signer=stranger)).status_code == 403
    spoiled = log.request(0, 5).replace("\n5\n", "\n6\n", 1)
    assert _post(witness, spoiled).status_code == 403


def test_a_second_history_is_refused_whatever_proof_comes_with_it_and_kept_as_evidence(witness):
    honest, forked = Log(), Log("b")
    _post(witness, honest.request(0, 20))
    assert _post(witness, forked.request(20, 30)).status_code == 422
    assert _post(witness, forked.request(20, 20)).status_code == 409
    assert _post(witness, forked.request(20, 30, proof=[bytes(32)] * 5)).status_code == 422
    assert _post(witness, honest.request(20, 20, proof=[bytes(32)])).status_code == 422
    _cosigned(witness, honest, _post(witness, honest.request(20, 30)), 30)
    with closing(sqlite3.connect(witness.directory / "state.db")) as connection:
        kept = {note for (note,) in connection.execute("SELECT note FROM contradiction")}
    assert {forked.note(30), forked.note(20)} <= kept


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"old 0\n",
        b"old 00\n\n" + Log().note(3).encode(),
        b"old -1\n\n" + Log().note(3).encode(),
        b"new 0\n\n" + Log().note(3).encode(),
        b"old 0\nnot base64\n\n" + Log().note(3).encode(),
        b"old 0\n" + b"AAAA\n" * 64 + b"\n" + Log().note(3).encode(),
        b"old 0\n\n" + Log().note(3).encode().partition(b"\n\n")[0],
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_request_is_a_bad_request(witness, request_):
    assert _post(witness, request_).status_code == 400


def test_a_body_without_end_is_cut_off(witness):
    assert _post(witness, b"x" * (1 << 20)).status_code == 413


def test_an_address_that_asks_too_often_is_told_to_wait_and_asked_again_later(kept, house):
    ledger, vouching = _watched(kept, house)
    with house.running(ledger.vkey, per_minute=2):
        assert [_post(house, b"x").status_code for _ in range(3)] == [400, 400, 429]
        assert _post(house, b"x").headers["retry-after"] == "1"
        _append(kept, "naam")
        ((event, fields),) = _gathered(vouching)
        assert event == "witness_failed"
        assert "429" in str(fields["error"])


def test_how_often_an_address_may_ask_is_counted_for_each_and_forgotten_in_time():
    now = [0.0]
    limit = Limit(60, lambda: now[0])
    assert [limit.takes("a") for _ in range(61)] == [True] * 60 + [False]
    assert limit.takes("b")
    now[0] = 1.0
    assert [limit.takes("a") for _ in range(2)] == [True, False]
    for number in range(MAX_ADDRESSES + 10):
        assert limit.takes(str(number))
    assert not limit.takes("a"), "many others do not make it forget"


def test_its_command_prints_the_key_that_it_signs_with_and_makes_it_on_first_use(tmp_path):
    words = ("witness", "vkey", "--name", trust.NAME, "--key", tmp_path / "witness.pem")
    printed = [subprocess.run([PROGRAM, *words], capture_output=True, check=True, text=True).stdout for _ in range(2)]
    assert printed == [f"{trust.WitnessHouse(tmp_path, 0).vkey}\n"] * 2
    assert (tmp_path / "witness.pem").stat().st_mode & 0o077 == 0


# ---- its memory ----------------------------------------------------------------------------------


def test_what_it_cosigned_it_remembers_when_it_is_killed(house):
    log = Log()
    for old, size in ((0, 10), (10, 20), (20, 21)):
        with house.running(SIGNER.vkey) as process:
            _cosigned(house, log, _post(house, log.request(old, size)), size)
            process.kill()
    with house.running(SIGNER.vkey):
        assert _post(house, Log("b").request(0, 5)).text == "21\n"


def test_of_many_that_ask_at_once_it_signs_one_history(witness):
    """Requests from one old size to many sizes of two histories: what is signed is one chain."""
    logs = {"a": Log(), "b": Log("b")}
    _post(witness, logs["a"].request(0, 3))
    signed = set()
    rng = random.Random(5)

    def ask(place):
        fork = "ab"[place % 2]
        size = rng.randrange(4, 41)
        answer = _post(witness, logs[fork].request(3, size))
        if answer.status_code == 200:
            signed.add((fork, size))
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(ask, range(60)))
    assert set(codes) <= {200, 409}
    assert len(signed) == 1, signed


def test_two_processes_of_one_witness_sign_one_history(house):
    second = trust.WitnessHouse(house.directory, trust.free_port())
    honest, forked = Log(), Log("b")
    with house.running(SIGNER.vkey), second.running(SIGNER.vkey):
        _post(house, honest.request(0, 9))
        assert _post(second, forked.request(0, 9)).text == "9\n"
        _cosigned(second, honest, _post(second, honest.request(9, 12)), 12)
        assert _post(house, forked.request(9, 20)).text == "12\n"


# ---- a log and its witness -----------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path):
    with storage.opened(tmp_path / "kept", clock=storage.FakeClock(datetime.now(UTC))) as kept:
        yield kept


def _watched(kept, house):
    """The same log, with this witness."""
    ledger = Ledger(kept.database, kept.ledger._signer, [house.vkey])
    return ledger, Vouching(kept.database, ledger, kept.clock, [house.witness])


def _append(kept, *names):
    with kept.database.write() as session:
        for name in names:
            kept.ledger.append(session, EventName.OUTAGE, kept.clock.now(), name, {"naam": name})


def _gathered(vouching):
    told = []
    vouching.sign()
    vouching.gather(lambda event, fields: told.append((event, dict(fields))))
    return told


def _audited(kept, ledger):
    return audit(kept.database, kept.blobs, ledger.vkey, others=ledger.vkeys).problems


def test_a_receipt_carries_the_cosignature_and_its_check_says_who_saw_it_and_when(kept, house, tmp_path):
    ledger, vouching = _watched(kept, house)
    with house.running(ledger.vkey):
        for n in range(5):
            _append(kept, f"naam {n}")
            assert _gathered(vouching) == []
    for index in range(5):
        proved = ledger.prove(index, kept.clock.now())
        receipts.write_package(tmp_path / str(index), proved.event, proved.proof, proved.vkeys)
        assert proved.checkpoint.size == index + 1, "the first checkpoint over it bounds its time best"
        checked = receipts.verify_package([tmp_path / str(index)], [ledger.vkey, house.vkey])
        assert checked.ok
        assert any(trust.NAME in told.nl and "getuige" in told.nl for told in checked.proved)
        assert receipts._NO_WITNESS not in checked.not_proved
    keys = (tmp_path / "0" / receipts.VKEYS).read_text().split()
    assert keys == [ledger.vkey, house.vkey]
    alone = receipts.verify_package([tmp_path / "0"], [ledger.vkey])
    assert alone.ok
    assert receipts._WITNESS_UNKNOWN in alone.not_proved


def test_one_changed_bit_in_a_cosignature_is_a_no(kept, house, tmp_path):
    ledger, vouching = _watched(kept, house)
    _append(kept, "naam")
    with house.running(ledger.vkey):
        _gathered(vouching)
    proved = ledger.prove(0, kept.clock.now())
    head, dash, line = proved.proof.rpartition("\u2014 ")
    name, code = line.split()
    raw = base64.b64decode(code)
    for at in (4, 11, 12, 40, len(raw) - 1):
        spoiled = base64.b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        receipts.write_package(tmp_path / "p", proved.event, f"{head}{dash}{name} {spoiled}\n", proved.vkeys)
        assert not receipts.verify_package([tmp_path / "p"]).ok


def test_a_witness_that_is_away_is_told_and_asked_again_and_nothing_waits_for_it(kept, house):
    ledger, vouching = _watched(kept, house)
    _append(kept, "een")
    (told,) = _gathered(vouching)
    assert told[0] == "witness_failed"
    assert json.loads(ledger.prove(0, kept.clock.now()).event)["naam"] == "een"
    with house.running(ledger.vkey):
        _append(kept, "twee")
        wait_until(lambda: not _gathered(vouching) and _is_cosigned(kept, 2), "asked again")
    assert _audited(kept, ledger) == ()
    assert any("is not known" in problem for problem in vouching.problems())


def _is_cosigned(kept, size):
    with kept.database.engine.connect() as connection:
        query = text("SELECT vouched FROM ledger_checkpoint WHERE size = :size")
        return connection.execute(query, {"size": size}).scalar() == 1


def test_a_cosignature_that_was_taken_away_or_changed_is_found_by_the_audit(kept, house):
    ledger, vouching = _watched(kept, house)
    _append(kept, "een", "twee")
    with house.running(ledger.vkey):
        _gathered(vouching)
    assert _audited(kept, ledger) == ()
    with kept.database.engine.begin() as connection:
        note = connection.execute(text("SELECT note FROM ledger_checkpoint")).scalar_one()
        bare = note.rpartition("\u2014 ")[0]
        connection.execute(text("UPDATE ledger_checkpoint SET note = :note"), {"note": bare})
    assert any("has no signature of a witness any more" in problem for problem in _audited(kept, ledger))
    with kept.database.engine.begin() as connection:
        other = notes.Cosigner(trust.NAME, notes.generate_key())
        forged = notes.VerifierKey(trust.NAME, notes.COSIGNATURE, notes.parse_vkey(house.vkey).public_key)
        line = other.cosign(notes.split_note(note)[0], 1).split()
        raw = forged.key_id + base64.b64decode(line[2])[4:]
        signed = f"{bare}\u2014 {trust.NAME} {base64.b64encode(raw).decode()}\n"
        connection.execute(text("UPDATE ledger_checkpoint SET note = :note"), {"note": signed})
    assert any("a witness's signature is wrong" in problem for problem in _audited(kept, ledger))


def test_an_entry_that_was_put_in_later_with_an_old_date_is_found(kept, house):
    ledger, vouching = _watched(kept, house)
    _append(kept, "een")
    with house.running(ledger.vkey):
        _gathered(vouching)
    kept.clock.forward(minutes=-6)
    _append(kept, "achteraf")
    assert any(problem.startswith("entry 1 is backdated") for problem in _audited(kept, ledger))


def test_a_witness_with_another_time_than_ours_is_told_and_not_believed(kept, house):
    ledger, vouching = _watched(kept, house)
    kept.clock.forward(hours=2)
    _append(kept, "een")
    with house.running(ledger.vkey):
        ((event, fields),) = _gathered(vouching)
    assert event == "witness_failed"
    assert "too far apart" in str(fields["error"])
    assert not _is_cosigned(kept, 1)


def test_a_log_rolled_back_by_root_with_the_signing_key_is_refused_by_the_witness_and_seen(kept, house):
    """Everything on our side agrees with itself afterwards; only the witness remembers."""
    ledger, vouching = _watched(kept, house)
    names = [f"naam {n}" for n in range(12)]
    with house.running(ledger.vkey):
        _append(kept, *names)
        _gathered(vouching)
        assert list(vouching.problems()) == []

        _cut(kept, 9)
        forged = Vouching(kept.database, ledger, kept.clock, [house.witness])
        assert [event for event, _ in _gathered(forged)] == ["witness_contradicts"]
        assert _audited(kept, ledger) == ()
        assert any("it was cut" in problem for problem in forged.problems())

        _append(kept, "anders 9", "anders 10", "anders 11")
        forged = Vouching(kept.database, ledger, kept.clock, [house.witness])
        assert [event for event, _ in _gathered(forged)] == ["witness_contradicts"]
        assert _audited(kept, ledger) == ()
        assert any("was rewritten" in problem for problem in forged.problems())

        _append(kept, "nog een", "en nog een")
        forged = Vouching(kept.database, ledger, kept.clock, [house.witness])
        assert [event for event, _ in _gathered(forged)] == ["witness_contradicts"]
        assert any("was rewritten" in problem for problem in forged.problems())


def _cut(kept, size):
    """What root does who has the database and the key: cut the log, and all that was signed over more."""
    with kept.database.engine.begin() as connection:
        connection.execute(text('DELETE FROM ledger_entry WHERE "index" >= :size'), {"size": size})
        nodes = connection.execute(text("SELECT level, position FROM ledger_node")).all()
        for level, position in nodes:
            if (position + 1) << level > size:
                where = {"level": level, "position": position}
                connection.execute(text("DELETE FROM ledger_node WHERE level = :level AND position = :position"), where)
        connection.execute(text("UPDATE ledger_head SET size = :size"), {"size": size})
        connection.execute(text("DELETE FROM ledger_checkpoint WHERE size > :size"), {"size": size})


# ---- the running gateway -------------------------------------------------------------------------


def test_the_running_gateway_is_witnessed_within_seconds_and_ledger_verify_asks_the_witness(house, tmp_path):
    table = "[[ledger.witnesses]]\n" + "".join(f'{key} = "{value}"\n' for key, value in house.configuration.items())
    installed = program.installed(tmp_path / "gateway", more=table)
    installed.data.mkdir()
    signer = notes.Signer(storage.ORIGIN, notes.generate_key())
    (installed.data / "ledger.pem").write_bytes(notes.key_to_pem(signer.private_key))
    with house.running(signer.vkey), installed.running():
        installed.say("outage", "add", "--channel", "post", "--note", "proef")
        database = f"file:{installed.data / 'herstelpost.db'}?mode=ro"
        wait_until(lambda: _vouched(database) >= 1, "the log is witnessed", 20)
        assert _verified(installed) == (0, "")
    code, told = _verified(installed)
    assert code == 1
    assert "is not known" in told


def _vouched(database):
    with closing(sqlite3.connect(database, uri=True)) as connection:
        found = connection.execute("SELECT size FROM ledger_checkpoint WHERE vouched = 1 ORDER BY size DESC").fetchone()
        (size,) = connection.execute("SELECT size FROM ledger_head").fetchone()
    return found[0] if found and found[0] == size else 0


def _verified(installed):
    command = [PROGRAM, "--config", installed.config, "ledger", "verify"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def test_a_key_of_a_log_is_not_taken_for_a_witness():
    with pytest.raises(BadConfiguration, match="is a log's key"):
        storage.parse({"ledger": {"witnesses": [Witness("http://127.0.0.1:1", SIGNER.vkey)._asdict()]}}, "test")
