"""P12: bad configuration does not start. One folder each: what is wrong, and what the command says of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
COMMAND = Path(sys.executable).with_name("herstelpost")
FOLDERS = sorted(path.parent for path in HERE.glob("*/herstelpost.toml"))
BAD_CONFIGURATION = 78


def said_of(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "HERSTELPOST_CONFIG"}
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_p12_bad_configuration_does_not_start(folder: Path) -> None:
    """Every problem on a line of its own, `file: key: problem`; nothing on stdout, nothing made."""
    before = sorted(folder.iterdir())
    done = said_of(folder, "run")
    assert done.stderr == (folder / "expected-error.txt").read_text(encoding="utf-8")
    assert (done.returncode, done.stdout) == (BAD_CONFIGURATION, "")
    assert all(line.startswith("herstelpost.toml: ") and line.count(": ") >= 2 for line in done.stderr.splitlines())
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "command", [("check",), ("migrate",), ("request", "list"), ("submission", "list"), ("ledger", "verify")]
)
def test_p12_no_command_works_on_a_bad_configuration(command: tuple[str, ...]) -> None:
    folder = HERE / "unknown_keys"
    done = said_of(folder, *command)
    assert (done.returncode, done.stdout) == (BAD_CONFIGURATION, "")
    assert done.stderr == (folder / "expected-error.txt").read_text(encoding="utf-8")


def test_p12_a_named_file_that_is_not_there_is_no_reason_to_use_the_defaults(tmp_path: Path) -> None:
    done = said_of(tmp_path, "--config", "elsewhere.toml", "check")
    assert done.returncode == BAD_CONFIGURATION
    assert done.stderr == "elsewhere.toml: -: cannot be read: No such file or directory\n"


def test_a_secret_that_was_put_in_as_a_value_is_not_repeated() -> None:
    assert "geheim" not in said_of(HERE / "password_as_a_value", "check").stderr
