"""The second way to check a receipt: a POSIX shell with openssl and coreutils, and nothing else."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785

from gateway import cli, notes, receipts, timestamps
from gateway.core import merkle
from tests.support import evidence, packages, trust
from tests.support.packages import DOCUMENT, ORIGIN, RECEIVED, SALT, SIGNER, Package, package

SCRIPT = receipts.VERIFIERS["sh"]
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
# All that is neither the shell's own nor openssl; all from coreutils.
TOOLS = (*("base64", "cat", "date", "echo", "head", "mktemp", "od", "printf", "rm", "sha256sum", "tr", "wc"),)
GENUINE, FLIPS = 10, 30


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of programs with openssl and coreutils only, so that anything more fails."""
    folder = tmp_path_factory.mktemp("tools")
    for name in ("openssl", *TOOLS):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the script puts what it works with."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture
def check(tools: Path, scratch: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: Path | str, shell: str = SHELLS[0]) -> subprocess.CompletedProcess[str]:
        program = shutil.which(shell)
        assert program
        return subprocess.run(
            [program, str(SCRIPT), *map(str, arguments)],
            env={"PATH": str(tools), "LANG": "C.UTF-8", "TMPDIR": str(scratch)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


Check = Callable[..., subprocess.CompletedProcess[str]]


def test_genuine_receipts_are_accepted_by_the_command_and_by_the_script(tmp_path: Path, check: Check) -> None:
    for number, one in enumerate(evidence.genuine(GENUINE)):
        directory = one.write(tmp_path / str(number))
        assert receipts.verify_package([directory]).ok
        done = check(directory, shell=SHELLS[number % len(SHELLS)])
        assert (done.returncode, done.stderr) == (0, ""), done
        assert "Uitkomst: alles klopt." in done.stdout
        assert f" {one.index} van {one.size} " in done.stdout


def test_one_changed_bit_is_rejected_by_the_command_and_by_the_script(tmp_path: Path, check: Check) -> None:
    *_, one = evidence.genuine(23)
    for number, flip in enumerate(evidence.flips(one, FLIPS, seed=1)):
        directory = one.write(tmp_path / str(number))
        (directory / flip.name).write_bytes(flip.of(one.files[flip.name]))
        assert not receipts.verify_package([directory]).ok, flip
        done = check(directory, shell=SHELLS[number % len(SHELLS)])
        assert (done.returncode, done.stderr) == (1, ""), (flip, done)
        assert "NIET alles klopt" in done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_a_spare_bit_in_base64_is_a_changed_bit(tmp_path: Path, check: Check, shell: str) -> None:
    """32 bytes in base64 leave two bits over; a decoder that ignores them would read both the same."""
    one = package(5, 7)
    step = one.proof.split("\n")[3]
    one.proof = one.proof.replace(step, step[:-2] + chr(ord(step[-2]) + 1) + "=")
    directory = one.write(tmp_path)
    assert not receipts.verify_package([directory]).ok
    assert check(directory, shell=shell).returncode == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_the_answer_is_that_of_the_command_in_dutch_and_in_english(tmp_path: Path, check: Check, shell: str) -> None:
    directory = package(2, 3).write(tmp_path, pdf=b"%PDF")
    done = check("--key", directory / "log.vkey", directory, shell=shell)
    verification = receipts.verify_package([directory], [SIGNER.vkey])
    for told in (*verification.proved, *verification.not_proved, *(c.detail for c in verification.checks[1:])):
        assert told.nl in done.stdout
        assert told.en in done.stdout


def test_a_key_may_be_given_as_text_or_in_a_file_and_another_key_is_refused(tmp_path: Path, check: Check) -> None:
    directory = package(2, 3).write(tmp_path / "package")
    other = notes.Signer(ORIGIN, notes.generate_key()).vkey
    published = tmp_path / "published"
    published.write_text(f"# ours\n\n{SIGNER.vkey}\n{other}")
    assert "kwam met het pakket mee" in check(directory).stdout
    assert "kwam met het pakket mee" not in check(directory, "--key", published).stdout
    assert check(directory, "--key", published).returncode == 0
    assert check("--key", SIGNER.vkey, directory).returncode == 0
    for wrong in (other, SIGNER.vkey[:-1] + "5", tmp_path / "nowhere", tmp_path):
        assert check("--key", wrong, directory).returncode == 1


def test_a_witness_counts_only_beside_the_log_and_only_when_right(tmp_path: Path, check: Check) -> None:
    one = packages.witnessed()
    directory = one.write(tmp_path / "both")
    done = check(directory)
    said = receipts.verify_package([directory])
    assert done.returncode == 0
    assert said.ok
    assert "witness.example, has seen the log" in done.stdout
    assert all(told.en in done.stdout for told in (*said.proved, *said.not_proved))
    assert check(packages.witnessed(over="other words\n").write(tmp_path / "wrong")).returncode == 1
    assert "others have signed too" in check(directory, "--key", SIGNER.vkey).stdout
    head, *_, by_witness = one.proof.split("\u2014 ")
    one.proof = f"{head}\u2014 {by_witness}"
    assert check(one.write(tmp_path / "alone")).returncode == 1


def test_a_time_stamp_counts_under_its_authoritys_certificate_only(tmp_path: Path, check: Check) -> None:
    with trust.authority(tmp_path / "tsa") as tsa, trust.authority(tmp_path / "other") as other:
        one = package(2, 3)
        text, _ = notes.split_note(notes.parse_tlog_proof(one.proof).checkpoint_note)
        directory = one.write(tmp_path / "package")
        (directory / "checkpoint.tsr").write_bytes(timestamps.ask(tsa.url, text, tsa.roots.read_bytes()))
        said = receipts.verify_package([directory])
        for told in (*(c.detail for c in said.checks[1:]), *said.proved, *said.not_proved):
            assert told.nl in check(directory).stdout
            assert told.en in check(directory).stdout
        for shell in SHELLS:
            done = check("--tsa-ca", tsa.roots, directory, shell=shell)
            assert (done.returncode, done.stderr) == (0, "")
            said = receipts.verify_package([directory], tsa_roots=tsa.roots.read_bytes())
            _, existed, at = said.proved[-1].en.partition("the log existed in this state at ")
            assert f"of the given certificate states that {existed}{at}" in done.stdout
            assert all(told.en in done.stdout for told in (*said.proved[:-1], *said.not_proved))
        assert check("--tsa-ca", other.roots, directory).returncode == 1
        (directory / "checkpoint.tsr").write_bytes(timestamps.ask(tsa.url, f"{text}x", tsa.roots.read_bytes()))
        assert check("--tsa-ca", tsa.roots, directory).returncode == 1
        assert check(directory).returncode == 1


@pytest.mark.parametrize("shell", SHELLS)
def test_a_receipt_that_corrects_another_says_which(tmp_path: Path, check: Check, shell: str) -> None:
    for earlier in packages.CORRECTED:
        event = RECEIVED | {"andere": {"tijd": "x", "logIndex": 3}, "corrigeert": earlier}
        directory = committed(event | {"log": ORIGIN, "logIndex": 0}).write(tmp_path)
        said = receipts.verify_package([directory]).proved
        done = check(directory, shell=shell)
        assert all(told.nl in done.stdout and told.en in done.stdout for told in said)
        assert ("It corrects an earlier receipt: entry 3" in done.stdout) == (earlier["logIndex"] == 3)


def test_a_folder_of_packages_is_checked_one_by_one(tmp_path: Path, check: Check) -> None:
    """Each answer is what that package alone gets, whatever came before it."""
    folders = []
    for number in range(4):
        one = package(number, 7) if number % 2 else packages.witnessed()
        folders.append(one.write(tmp_path / f"p{number}", pdf=b"%PDF" if number else None))
    (folders[1] / "scan.pdf").write_bytes(DOCUMENT)
    (folders[2] / "receipt.tlog-proof").unlink()
    (folders[3] / "receipt.json").write_bytes(b"{}")
    for shell in SHELLS:
        done = check("--each", *folders, "--key", SIGNER.vkey, shell=shell)
        assert (done.returncode, done.stderr) == (1, "")
        _, *told, result = done.stdout.split("== ")
        for folder, answer in zip(folders, told, strict=True):
            alone = check(folder, "--key", SIGNER.vkey, shell=shell)
            assert answer == f"{folder}\n\n{alone.stdout}"
        assert result.startswith("2 / 4\n")
        assert check("--each", *folders[:2], shell=shell).returncode == 0


def test_after_a_change_of_key_either_key_is_the_logs(tmp_path: Path, check: Check) -> None:
    one = package(2, 3)
    one.vkeys = [notes.Signer(ORIGIN, notes.generate_key()).vkey, SIGNER.vkey]
    assert check(one.write(tmp_path)).returncode == 0


def test_documents_are_looked_up_by_their_content(tmp_path: Path, check: Check) -> None:
    directory = package().write(tmp_path / "package")
    mine, other = tmp_path / "-mine.pdf", tmp_path / "other.pdf"
    mine.write_bytes(DOCUMENT)
    other.write_bytes(DOCUMENT + b"x")
    assert "-mine.pdf is in the receipt" in check(directory, mine).stdout
    done = check(directory, mine, other)
    assert done.returncode == 1
    assert "other.pdf is NOT in the receipt" in done.stdout
    assert "Proved:" in done.stdout


def test_only_the_lists_of_files_name_documents(tmp_path: Path, check: Check) -> None:
    """The hash of something else in the receipt, here of a mail, does not make that a document in it."""
    digest = RECEIVED["stukken"][0]["sha256"]
    elsewhere = {"sha256": digest, "naam": "x"}
    event = RECEIVED | {"stukken": [{"bewijs": [elsewhere]}, [elsewhere]], "bericht": elsewhere, "bestanden": elsewhere}
    directory = committed(event | {"log": ORIGIN, "logIndex": 0}).write(tmp_path)
    (directory / "passport.pdf").write_bytes(DOCUMENT)
    assert not receipts.verify_package([directory]).ok
    assert "passport.pdf is NOT in the receipt" in check(directory).stdout


def committed(event: object) -> Package:
    """A log of one entry that committed to this, whatever it is."""
    receipt = rfc8785.dumps(event)  # type: ignore[arg-type]
    leaf = merkle.leaf_hash(merkle.commit(SALT, receipt))
    note = notes.sign_note(notes.checkpoint_text(ORIGIN, 1, leaf), SIGNER)
    return Package(receipt, notes.tlog_proof(0, (), note, SALT))


@pytest.mark.parametrize(
    "event",
    [
        {"log": ORIGIN, "logIndex": 1},
        {"log": "log.example/other", "logIndex": 0},
        {"log": ORIGIN},
        {"logIndex": 0},
        {"a": {"log": ORIGIN, "logIndex": 0}},
        {"a": '"log":"log.example/herstelpost","logIndex":0}'},
        {"log": ORIGIN, "logIndex": "0"},
        [{"log": ORIGIN, "logIndex": 0}],
    ],
)
def test_a_receipt_must_name_its_own_log_and_place(tmp_path: Path, check: Check, event: object) -> None:
    one = committed(event)
    files = {"receipt.json": one.receipt, "receipt.tlog-proof": one.proof.encode(), "log.vkey": SIGNER.vkey.encode()}
    directory = evidence.Genuine(files, 0, 1).write(tmp_path)
    assert not receipts.verify_package([directory]).ok
    assert check(directory).returncode == 1


@pytest.mark.parametrize("name", ["receipt.json", "receipt.tlog-proof", "log.vkey"])
@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"\xff\n",
        b"[" * 100_000,
        b"\x00" * 70_000,
        b" " * (receipts.MAX_RECEIPT_BYTES + 1),
        b"$(touch hacked)\n`touch hacked`\n;touch hacked\n",
        b"c2sp.org/tlog-proof@v1\nextra $(touch hacked)\nindex a[$(touch hacked)]\n\nx\n1\nx\n\n\xe2\x80\x94 x x\n",
        b"name+$(touch hacked)+`touch hacked`\n",
    ],
)
def test_a_bad_part_gets_a_no_and_runs_nothing(
    tmp_path: Path, check: Check, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes | None
) -> None:
    monkeypatch.chdir(tmp_path)
    directory = package(5, 7).write(tmp_path / "package")
    (directory / name).unlink()
    if content is not None:
        (directory / name).write_bytes(content)
    for shell in SHELLS:
        done = check(directory, shell=shell)
        assert (done.returncode, done.stderr) == (1, ""), done
        assert "Proved:\n  - Receipt" not in done.stdout
    assert not list(tmp_path.rglob("hacked"))


@pytest.mark.parametrize("number", ["a[$(touch hacked)]", "0; touch hacked", "08", "0x5", "9" * 19, "-1", "1e0", ""])
def test_a_hostile_number_is_never_counted_with(
    tmp_path: Path, check: Check, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for place, (old, new) in enumerate((("index 5", f"index {number}"), ("\n7\n", f"\n{number}\n"))):
        one = package(5, 7)
        one.proof = one.proof.replace(old, new)
        directory = one.write(tmp_path / str(place))
        for shell in SHELLS:
            assert check(directory, shell=shell).returncode == 1
    assert not list(tmp_path.rglob("hacked"))


def test_hostile_names_run_nothing_and_do_not_steer_the_terminal(
    tmp_path: Path, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hostile = RECEIVED | {"ontvangstnummer": "\x1b[2J$(touch hacked)\u202e", "log": ORIGIN, "logIndex": 0}
    directory = committed(hostile).write(tmp_path / "pack $(touch hacked) *")
    for name in ("-rf", "a\nb", "$(touch hacked)", "`touch hacked`", "a\x1b[2Jb", "*", "%s%n", "\u202efdp.exe"):
        (directory / name).write_bytes(DOCUMENT)
    for shell in SHELLS:
        done = check(directory, "--key", SIGNER.vkey, shell=shell)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert done.stdout.isascii()
        assert all(c.isprintable() or c == "\n" for c in done.stdout)
        assert "a?b is in the receipt" in done.stdout
        assert r"Receipt \u001b[2J$(touch hacked)??? is entry 0" in done.stdout
    assert not list(tmp_path.rglob("hacked"))


def test_two_packages_at_once_and_a_path_that_is_not_there_are_refused(tmp_path: Path, check: Check) -> None:
    one, two = package().write(tmp_path / "1"), package(1, 2).write(tmp_path / "2")
    assert "check one package at a time" in check(one, two).stdout
    assert check(one, one / "receipt.json").returncode == 0
    assert "nowhere cannot be read" in check(tmp_path / "nowhere").stdout


def test_wrong_usage_is_told_and_nothing_is_left_behind(tmp_path: Path, check: Check, scratch: Path) -> None:
    directory = package().write(tmp_path)
    assert check(directory).returncode == 0
    assert check(directory, tmp_path / "nowhere").returncode == 1
    assert [check(*words).returncode for words in ([], ["--key"], ["--help"])] == [2, 2, 2]
    assert list(scratch.iterdir()) == []


def test_the_command_prints_both_verifiers(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for kind, path in receipts.VERIFIERS.items():
        assert cli.run(["verifier", kind]) == 0
        assert capfdbinary.readouterr().out == path.read_bytes()
        assert cli.run(["verifier", kind, "--out", str(tmp_path / kind)]) == 0
        assert (tmp_path / kind).read_bytes() == path.read_bytes()
        assert capfdbinary.readouterr().out == f"{tmp_path / kind}\n".encode()
