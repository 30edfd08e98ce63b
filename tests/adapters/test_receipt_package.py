"""Receipt packages: anybody can check them, with our command or with openssl and coreutils alone."""

import base64
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import notes, receipts
from gateway.notes import Signer
from gateway.verdicts import Verification
from tests.support import packages
from tests.support.packages import DOCUMENT, SIGNER, Package, package


def recipe(directory: Path) -> str:
    """The commands of the package's own README.txt."""
    readme = (directory / "README.txt").read_text(encoding="utf-8")
    return readme[readme.index("sh -eu <<") :]


def run_recipe(directory: Path, program: str = "bash") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "-c", recipe(directory)],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def verified(*paths: Path, keys: tuple[str, ...] = ()) -> Verification:
    return receipts.verify_package(paths, keys)


def failed(verification: Verification) -> list[str]:
    return [check.what for check in verification.checks if not check.ok]


PLACES = [
    (0, 1),
    (0, 2),
    (1, 2),
    (0, 3),
    (1, 3),
    (2, 3),
    (0, 7),
    (3, 7),
    (6, 7),
    (0, 100),
    (64, 100),
    (99, 100),
]


@pytest.mark.parametrize(("index", "size"), PLACES)
def test_openssl_and_coreutils_are_enough(tmp_path: Path, index: int, size: int) -> None:
    directory = package(index, size).write(tmp_path)
    done = run_recipe(directory)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "GOED - RIGHT"), done
    assert verified(directory).ok


def test_the_recipe_runs_in_a_plain_posix_shell(tmp_path: Path) -> None:
    done = run_recipe(package(5, 7).write(tmp_path), program="sh")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_recipe_finds_its_keys_signature_among_others(tmp_path: Path) -> None:
    """A new key of the log and a witness may have signed after it."""
    one = package(5, 7)
    text, _ = notes.split_note(notes.parse_tlog_proof(one.proof).checkpoint_note)
    others = [Signer(name, notes.generate_key()) for name in (packages.ORIGIN, "witness.example")]
    head = one.proof.partition("\n\n")[0]
    one.proof = f"{head}\n\n{notes.sign_note(text, SIGNER, *others)}"
    done = run_recipe(one.write(tmp_path))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "GOED - RIGHT"), done


def test_a_spare_bit_in_base64_does_not_pass_the_recipe(tmp_path: Path) -> None:
    one = package(5, 7)
    step = one.proof.split("\n")[3]
    one.proof = one.proof.replace(step, step[:-2] + chr(ord(step[-2]) + 1) + "=")
    assert run_recipe(one.write(tmp_path)).returncode == 1


def flip(content: bytes, place: int, bit: int = 0) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def change_receipt(one: Package) -> None:
    one.receipt = one.receipt.replace(b"2026-03-30T21", b"2026-03-30T20")


def change_salt(one: Package) -> None:
    one.proof = one.proof.replace(b64(packages.SALT), b64(flip(packages.SALT, 31)))


def change_path(one: Package) -> None:
    path = notes.parse_tlog_proof(one.proof).path
    one.proof = one.proof.replace(b64(path[1]), b64(flip(path[1], 0)))


def change_index(one: Package) -> None:
    one.proof = one.proof.replace("index 5", "index 4")


def change_size(one: Package) -> None:
    one.proof = one.proof.replace("\n7\n", "\n6\n")


def change_root(one: Package) -> None:
    root = one.proof.split("\n")[-4]
    one.proof = one.proof.replace(root, b64(flip(base64.b64decode(root), 9)))


def change_signature(one: Package) -> None:
    signature = one.proof.split("\n")[-2].split(" ")[2]
    one.proof = one.proof.replace(signature, b64(flip(base64.b64decode(signature), 67)))


def change_key_identifier(one: Package) -> None:
    signature = one.proof.split("\n")[-2].split(" ")[2]
    one.proof = one.proof.replace(signature, b64(flip(base64.b64decode(signature), 3)))


def change_key(one: Package) -> None:
    one.vkeys = [Signer(packages.ORIGIN, notes.generate_key()).vkey]


def change_log(one: Package) -> None:
    one.vkeys = [Signer("log.example/other", SIGNER.private_key).vkey]


def shorten_path(one: Package) -> None:
    path = notes.parse_tlog_proof(one.proof).path
    one.proof = one.proof.replace(b64(path[-1]) + "\n", "")


def lengthen_path(one: Package) -> None:
    path = notes.parse_tlog_proof(one.proof).path
    one.proof = one.proof.replace(b64(path[-1]), f"{b64(path[-1])}\n{b64(path[0])}")


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


CHANGES: list[Callable[[Package], None]] = [
    change_receipt,
    change_salt,
    change_path,
    change_index,
    change_size,
    change_root,
    change_signature,
    change_key_identifier,
    change_key,
    change_log,
    shorten_path,
    lengthen_path,
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_anywhere_is_found_by_both(tmp_path: Path, change: Callable[[Package], None]) -> None:
    one = package(5, 7)
    before = Package(one.receipt, one.proof)
    change(one)
    assert one != before
    directory = one.write(tmp_path)
    assert not verified(directory).ok
    done = run_recipe(directory)
    assert done.returncode == 1, done
    assert "FOUT - WRONG" in done.stdout
    assert "GOED" not in done.stdout


@pytest.mark.parametrize("number", ["a[$(touch hacked)]", "0; touch hacked", "08"])
@pytest.mark.parametrize("program", ["bash", "sh"])
def test_a_hostile_proof_runs_nothing_in_the_readers_shell(tmp_path: Path, number: str, program: str) -> None:
    one = package(5, 7)
    one.proof = one.proof.replace("index 5", f"index {number}")
    directory = one.write(tmp_path)
    assert run_recipe(directory, program).returncode != 0
    assert not (directory / "hacked").exists()


def test_a_receipt_that_names_another_place_or_log_is_refused(tmp_path: Path) -> None:
    for number, one in enumerate((package(5, 7, log_index=4), package(5, 7, origin="log.example/other"))):
        directory = one.write(tmp_path / str(number))
        assert not verified(directory).ok
        assert not verified(directory, keys=(SIGNER.vkey,)).ok
        assert run_recipe(directory).returncode == 1


def test_without_a_key_it_says_that_the_key_came_with_the_package(tmp_path: Path) -> None:
    directory = package().write(tmp_path)
    own, trusted = verified(directory), verified(directory, keys=(SIGNER.vkey,))
    assert own.ok
    assert trusted.ok
    assert any("came with the package" in told.en for told in own.not_proved)
    assert not any("came with the package" in told.en for told in trusted.not_proved)


def test_a_package_by_somebody_else_fails_against_the_published_key(tmp_path: Path) -> None:
    directory = package().write(tmp_path)
    published = Signer(packages.ORIGIN, notes.generate_key()).vkey
    assert failed(verified(directory, keys=(published,))) == ["signature"]


def test_a_witness_alone_is_not_enough(tmp_path: Path) -> None:
    witness = Signer("witness.example", notes.generate_key())
    one = package()
    text = notes.parse_tlog_proof(one.proof).checkpoint_note.rpartition("\n\n")[0] + "\n"
    head = one.proof.partition("\n\n")[0]
    one.proof = f"{head}\n\n{notes.sign_note(text, witness)}"
    one.vkeys = [SIGNER.vkey, witness.vkey]
    assert failed(verified(one.write(tmp_path))) == ["signature"]


def test_files_beside_the_receipt_are_looked_up(tmp_path: Path) -> None:
    directory = package().write(tmp_path / "package")
    mine, other = tmp_path / "mine.pdf", directory / "other.pdf"
    mine.write_bytes(DOCUMENT)
    verification = verified(directory, mine)
    assert verification.ok
    assert "mine.pdf is in the receipt (there: paspoort \u00e9\u00e9n.pdf)" in verification.checks[-1].detail.en
    other.write_bytes(flip(DOCUMENT, 3))
    verification = verified(directory, mine)
    assert failed(verification) == ["document"]
    assert verification.proved


def test_the_files_may_be_named_one_by_one(tmp_path: Path) -> None:
    directory = package().write(tmp_path)
    assert verified(directory / "receipt.json", directory / "receipt.tlog-proof", keys=(SIGNER.vkey,)).ok
    assert verified(*directory.iterdir()).ok


@pytest.mark.parametrize("name", ["receipt.json", "receipt.tlog-proof", "log.vkey"])
def test_a_part_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    directory = package().write(tmp_path)
    (directory / name).unlink()
    verification = verified(directory)
    assert verification.checks[-1].detail.nl == f"{name} ontbreekt."
    assert not verification.ok
    assert not verification.proved


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"{",
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a": 1}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":"\\ud800"}',
        b'{"log":"log.example/herstelpost","logIndex":true}',
        b"[" * 100_000,
        b" " * (receipts.MAX_RECEIPT_BYTES + 1),
    ],
)
def test_any_content_at_all_gets_an_answer(tmp_path: Path, content: bytes) -> None:
    for name in ("receipt.json", "receipt.tlog-proof", "log.vkey"):
        directory = package().write(tmp_path / name)
        (directory / name).write_bytes(content)
        verification = verified(directory)
        assert not verification.ok
        assert not verification.proved


def test_two_packages_at_once_are_refused(tmp_path: Path) -> None:
    one, two = package().write(tmp_path / "1"), package(1, 2).write(tmp_path / "2")
    assert "check one package at a time" in verified(one, two).checks[0].detail.en


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "nowhere cannot be read" in verified(tmp_path / "nowhere").checks[0].detail.en


def test_the_report_is_in_dutch_and_in_english(tmp_path: Path) -> None:
    directory = package(2, 3).write(tmp_path, pdf=b"%PDF")
    out = io.StringIO()
    assert receipts.verify_main([directory], [directory / "log.vkey"], out) == 0
    report = out.getvalue()
    for sentence in (
        "Ontvangstbewijs 26-7K3M-9Q2X-V4TD is regel 2 van het logboek log.example/herstelpost",
        "Receipt 26-7K3M-9Q2X-V4TD is entry 2 of the log log.example/herstelpost",
        "Uitkomst: alles klopt.",
        "Result: all is well.",
        "What receipt.pdf says was not checked",
        SIGNER.vkey,
    ):
        assert sentence in report


def test_the_report_of_a_bad_package_says_so(tmp_path: Path) -> None:
    one = package(2, 3)
    change_receipt(one)
    out = io.StringIO()
    assert receipts.verify_main([one.write(tmp_path)], [], out) == 1
    assert "Uitkomst: NIET alles klopt." in out.getvalue()
    assert "2026-03-30" not in out.getvalue()


def test_the_report_does_not_pass_control_characters_on(tmp_path: Path) -> None:
    directory = package().write(tmp_path)
    (directory / "a\x1b[2Jb\u009bc.pdf").write_bytes(b"other")
    out = io.StringIO()
    assert receipts.verify_main([directory], [], out) == 1
    assert "a\ufffd[2Jb\ufffdc.pdf is NOT in the receipt" in out.getvalue()


@pytest.mark.parametrize("content", [None, b"", b"# nothing\n", b"\xff", b"rubbish"])
def test_a_key_file_without_a_key_proves_nothing(tmp_path: Path, content: bytes | None) -> None:
    directory = package().write(tmp_path / "package")
    key_file = tmp_path / "published.vkey"
    if content is not None:
        key_file.write_bytes(content)
    assert receipts.verify_main([directory], [key_file], io.StringIO()) == 1


def test_the_package_is_what_the_contract_says(tmp_path: Path) -> None:
    one = package()
    directory = one.write(tmp_path / "a" / "b", pdf=b"%PDF")
    assert sorted(path.name for path in directory.iterdir()) == [
        "README.txt",
        "log.vkey",
        "receipt.json",
        "receipt.pdf",
        "receipt.tlog-proof",
    ]
    assert (directory / "receipt.json").read_bytes() == one.receipt
    assert (directory / "log.vkey").read_text() == SIGNER.vkey + "\n"
    readme = (directory / "README.txt").read_text(encoding="utf-8")
    assert SIGNER.vkey in readme
    assert "@" not in readme.replace("tlog-proof@v1", "")
    assert all(len(line) <= 110 for line in readme.split("\n"))
