"""Every dialogue of the shared SMTP corpus, replayed by its own tool against our listener."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from csv import DictReader
from pathlib import Path
from threading import Lock

import pytest

from mail.smtp_tls import Certificate
from tests.support import smtp

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
SCRIPTS = sorted((CORPUS / "smtp").glob("[0-9]*.txt"))
SENDER = "anna.voorbeeld@mail.example"
# Spans of time in the dialogues are multiplied by this; the listener below is as much quicker.
SCALE = 0.02
# Starting processes from many threads at the same moment fails on some kernels.
ONE_AT_A_TIME = Lock()
# The corpus says "refuse/accept" of these. What we do is a choice, and stays one.
CHOSEN = {
    "05-baseline-empty-message": 1,
    "24-bare-cr-in-body": 0,
    "34-starttls-forgets-ehlo": 0,
    "54-long-data-line": 1,
    "56-size-lie-small": 1,
    "63-nul-in-data": 0,
    "73-disconnect-before-250": 1,
}

Replay = tuple[str, smtp.RecordingIntake]

pytestmark = pytest.mark.skipif(not SCRIPTS, reason="the shared corpus is not here")


def decisions() -> dict[str, str]:
    with (CORPUS / "INDEX.tsv").open(encoding="utf-8") as index:
        return {row["path"]: row["decision"] for row in DictReader(index, delimiter="\t")}


def replay(script: Path, tls: Certificate) -> Replay:
    intake = smtp.RecordingIntake()
    chosen = smtp.settings(tls=tls, max_message_bytes=45 << 20, idle_seconds=1.5, minimum_rate_bytes_per_second=500.0)
    tool = CORPUS / "tools" / "replay_smtp.py"
    with smtp.listening(intake, chosen) as running:
        command = [sys.executable, tool, "--port", str(running.port), "--slow-scale", str(SCALE), script]
        with ONE_AT_A_TIME:
            player = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said, _ = player.communicate(timeout=60)
    return said, intake


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Replay]]]:
    """All of them at once: most of the time of a replay is waiting."""
    tls = smtp.certificate(tmp_path_factory.mktemp("tls"))
    with ThreadPoolExecutor(12) as threads:
        yield {script.stem: threads.submit(replay, script, tls) for script in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_corpus_is_answered_as_it_says(script: Path, replays: dict[str, Future[Replay]]) -> None:
    said, intake = replays[script.stem].result()
    assert " PASS" in said, said
    wanted = decisions()[f"smtp/{script.name}"]
    if script.stem in CHOSEN:
        assert len(intake.arrivals) == CHOSEN[script.stem], said
    elif wanted == "accept":
        assert intake.arrivals, said
    elif wanted == "refuse":
        assert not intake.arrivals, said
    assert {arrival.envelope.mail_from for arrival in intake.arrivals} <= {SENDER, "", "é@mail.example"}
    assert intake.left_open() == 0
