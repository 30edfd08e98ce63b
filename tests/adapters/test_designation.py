"""R01: a channel that no decision designates does not start; the fictitious one of the default says what it is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import Settings, parse
from gateway import checks, cli
from gateway.core.conditions import Profile
from gateway.core.model import Arrival, Envelope, StoredFile
from gateway.core.words import Channel
from tests.support import storage

TODAY = datetime(2026, 11, 22, tzinfo=UTC).date()
MAIL_ONLY = """
data_dir = "data"
[smtp]
listen = "127.0.0.1:0"
[[designations]]
channel = "email"
reference = "Stcrt. 2026, 00000"
in_force = 2026-01-01
"""


def test_the_default_starts_on_fictitious_decisions_and_says_so_loudly() -> None:
    assert checks.undesignated(Settings(), "x", ("email", "portaal"), TODAY) == ()
    warnings = [line for line in checks.warnings(Settings(), TODAY) if "FICTITIOUS" in line]
    assert len(warnings) == 2
    assert all(line.startswith("WARNING: designations: ") for line in warnings)


def test_r01_a_channel_without_a_decision_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "h.toml").write_text(MAIL_ONLY)
    assert cli.run(["--config", "h.toml", "run"]) == 78
    assert capsys.readouterr().err == (
        "h.toml: designations: no decision in force designates portaal (art. 2:13 lid 2 Awb): it may not start\n"
    )
    assert not (tmp_path / "data").exists()


def test_r01_a_decision_counts_from_its_day_on() -> None:
    later = {"channel": "email", "reference": "Stcrt. 2027, 00000", "in_force": datetime(2027, 1, 1, tzinfo=UTC).date()}
    settings = parse({"designations": [later]}, "x")
    assert settings.undesignated(("email",), TODAY) == ("email",)
    assert settings.undesignated(("email",), later["in_force"]) == ()
    assert settings.fictitious_designations == ()


def test_only_the_channels_that_start_need_a_decision() -> None:
    designated = {"channel": "email", "reference": "Stcrt. 2026, 00000", "in_force": TODAY}
    assert parse({"designations": [designated]}, "x").undesignated(("email",), TODAY) == ()


def test_the_check_says_when_a_years_decree_is_not_known() -> None:
    told = checks.warnings(Settings(), TODAY.replace(year=2028))
    assert any("decree days of 2029 are not known" in line for line in told)
    assert not any("decree" in line for line in checks.warnings(Settings(), TODAY))


def test_what_was_received_before_2026_is_decided_on_the_text_of_then(kept: storage.Storage) -> None:
    def profile_of(received_at: datetime) -> Profile:
        spool = kept.blobs.spool()
        spool.write(received_at.isoformat().encode())
        stored = spool.keep()
        arrival = Arrival(
            Channel.SMTP,
            received_at,
            (StoredFile(stored.sha256, stored.bytes),),
            received_at.isoformat(),
            Envelope("a@example.org", (storage.ADDRESS,)),
        )
        return kept.store.facts(kept.store.accept(arrival).number).conditions

    assert profile_of(datetime(2025, 12, 31, 22, 59, tzinfo=UTC)) is Profile.BEFORE_2026
    assert profile_of(datetime(2025, 12, 31, 23, 0, tzinfo=UTC)) is Profile.SINCE_2026
