"""Wrong usage is told so that the next try is right: exit code 2 or 1, and a sentence that says what would be good."""

from enum import StrEnum
from pathlib import Path

import pytest

from gateway import cli
from gateway.closing import Verdict
from gateway.core.business import Business
from gateway.core.notices import MessageKind
from gateway.core.words import Channel, Reason, Status
from gateway.people import Scope, StaffRole

CLOSED_LISTS: list[tuple[list[str], type[StrEnum] | tuple[StrEnum, ...]]] = [
    (["token", "create", "--name", "a", "--scope"], Scope),
    (["account", "add", "a", "--role"], StaffRole),
    (["outage", "add", "--channel"], Channel),
    (["submission", "list", "--state"], Status),
    (["submission", "refuse", "26-0000-0000-0000", "--reason"], Reason),
    (["submission", "take-in", "26-0000-0000-0000", "--to", "team", "--as"], Business),
    (["submission", "register", "--request", "a", "--channel"], (Channel.POST, Channel.COUNTER)),
    (["request", "decide", "a", "--reason", "b", "--decision"], Verdict),
    (["post", "consent", "a", "--kind"], MessageKind),
]


@pytest.mark.parametrize(("command", "words"), CLOSED_LISTS, ids=[" ".join(command[:2]) for command, _ in CLOSED_LISTS])
def test_the_help_and_the_answer_to_a_wrong_word_both_name_every_right_one(
    command: list[str], words: type[StrEnum] | tuple[StrEnum, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code in (([*command, "anders"], 2), ([*command[:2], "--help"], 0)):
        with pytest.raises(SystemExit) as ended:
            cli.run(arguments)
        assert ended.value.code == code
        printed = "".join(capsys.readouterr())
        assert not [word for word in words if word not in printed]


@pytest.mark.parametrize("command", [["request", "extend", "a", "--reason", "b"], ["register", "--from", "2026-03-30"]])
def test_a_wrong_day_is_answered_with_how_a_day_is_written(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.run([*command, "--until", "2026-13-45"])
    assert ended.value.code == 2
    assert "2026-03-30" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named_without_the_words_of_a_programmer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["request", "import", "verzoeken.json"]) == 1
    assert capsys.readouterr().err == "herstelpost: error: verzoeken.json: No such file or directory\n"


def test_outages_are_a_table_and_with_json_the_same_as_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["outage", "add", "--channel", "portaal", "--from", "2026-03-30", "--note", "stroom"]) == 0
    capsys.readouterr()
    assert cli.run(["outage", "list"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "1", "portaal", "2026-03-29T22:00:00.000000Z", "-", "nee", "stroom",
    ]  # fmt: skip
    assert cli.run(["outage", "list", "--json"]) == 0
    assert '"note": "stroom"' in capsys.readouterr().out


def test_the_register_claims_nothing_about_time_that_is_still_to_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["register", "--from", "2026-01-01", "--until", "2999-01-01", "--address", "a@example.org"]) == 0
    told = capsys.readouterr().err
    assert "nothing else until 2" in told
    assert "2999" not in told
    assert "no address" in told  # an upload would not be in it
    assert cli.run(["register", "--from", "2026-03-02", "--until", "2026-03-01"]) == 1
    assert cli.run(["register", "--from", "2998-01-01", "--until", "2999-01-01"]) == 1
    assert "nothing else" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["find", "timeline"])
def test_that_nothing_was_found_is_said(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["ledger", command, "HV-404"]) == 1
    assert "nothing" in capsys.readouterr().err
