"""Golden SMTP dialogues: one file a habit or a misbehaviour, played against a real listener."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from mail.smtp_tls import Certificate
from tests.support import smtp

TRANSCRIPTS = sorted((Path(__file__).parent / "smtp").glob("*.smtp"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return smtp.certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_the_dialogue_goes_as_written(
    path: Path, new_loop: Callable[[], asyncio.AbstractEventLoop], tls: Certificate
) -> None:
    script = smtp.transcript(path)
    intake = smtp.RecordingIntake()
    wanted = {"tls": tls, **script.changes}
    with smtp.listening(intake, smtp.settings(**wanted), new_loop) as running:
        with smtp.Client(running.port) as client:
            smtp.play(client, script.steps)
        with smtp.Client(running.port) as next_client:
            assert next_client.reply(), "the listener does not live on"
    assert len(intake.arrivals) == script.received
    assert tuple(attempt.reason for attempt in intake.attempts) == script.registered
    assert intake.left_open() == 0
    assert not [a for a in intake.arrivals if "evil" in a.envelope.mail_from], "a message was smuggled in"
