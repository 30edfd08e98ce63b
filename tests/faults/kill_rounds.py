"""kill -9 of the real program under load, again and again; at the end everything that was promised is there.

    .venv/bin/python tests/faults/kill_rounds.py --rounds 200

Each sender is a mail server: it keeps a message until somebody said 250, and sends it again after a
connection that broke. So what may happen is exactly what may happen with SMTP: a message whose 250 got lost
comes in twice, and the second one is a repeat.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import queue
import random
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway import cli
from gateway.core.words import Reason
from tests.support import checker, dossier, servers, storage

PROGRAM = Path(sys.executable).with_name("herstelpost")
SENDERS = 4
A_ROUND = 3
START_SECONDS = 60
# Most kills fall while mail comes in, the others while it is walked.
LIVES = (0.05, 0.1, 0.2, 2.0)
DRAIN_SECONDS = 1200


@dataclass
class Post:
    """What is to be sent, and what became of it."""

    waiting: "queue.SimpleQueue[bytes]" = field(default_factory=queue.SimpleQueue)
    receipts: dict[str, str] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    broken: int = 0


@dataclass(frozen=True)
class Figures:
    """What was seen."""

    rounds: int
    kills_while_starting: int
    messages: int
    receipts: int
    broken_sessions: int
    submissions: int
    repeats: int
    letters: int
    seconds: float


@dataclass(frozen=True)
class Place:
    """A data directory with its configuration, and where it listens."""

    directory: Path
    config: Path
    smtp_port: int
    address: str


def run(rounds: int, directory: Path, clamd_socket: Path, seed: int) -> Figures:
    """Kill and restart so many times, let it drain, and check everything. Raises AssertionError."""
    began = time.monotonic()
    chance = random.Random(seed)
    place = _prepared(directory, clamd_socket)
    post, early = Post(), 0
    for number in range(rounds):
        for n in range(A_ROUND):
            post.waiting.put(_message(place.address, number * A_ROUND + n))
        early += _life_and_death(place, post, chance)
    messages = rounds * A_ROUND
    with _program(place) as process:
        assert _answers(place, process), "it does not start any more"
        with _senders(place, post):
            servers.wait_until(lambda: len(post.receipts) >= messages or process.poll() is not None, "all sent", 300)
        _drained(directory, clamd_socket)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, "it does not end well"
    return _checked(place, clamd_socket, post, rounds, early, time.monotonic() - began)


# ---- the program ---------------------------------------------------------------------------------


def _prepared(directory: Path, clamd_socket: Path) -> Place:
    directory.mkdir(parents=True, exist_ok=True)
    with storage.built(directory / "data", clamd_socket) as house:
        address = storage.open_request(house.desk.requests).mailadres
    smtp, portal = servers.free_port(), servers.free_port()
    config = directory / "herstelpost.toml"
    config.write_text(
        f"""data_dir = "{directory / "data"}"
[smtp]
listen = "127.0.0.1:{smtp}"
[portal]
listen = "127.0.0.1:{portal}"
[scanners]
clamd = "unix:{clamd_socket}"
[metrics]
listen = ""
"""
    )
    return Place(directory, config, smtp, address)


@contextmanager
def _program(place: Place) -> Iterator["subprocess.Popen[bytes]"]:
    temporary = place.directory / "tmp"
    temporary.mkdir(exist_ok=True)
    with (place.directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [PROGRAM, "--config", place.config, "run"],
            stdout=log,
            stderr=log,
            env=os.environ | {"TMPDIR": str(temporary)},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.wait()


def _answers(place: Place, process: "subprocess.Popen[bytes]") -> bool:
    servers.wait_until(
        lambda: servers.answers(place.smtp_port) or process.poll() is not None, "it answers", START_SECONDS
    )
    return process.poll() is None


def _life_and_death(place: Place, post: Post, chance: random.Random) -> int:
    """Start, let senders in, kill at any moment; returns 1 when that was before it answered."""
    with _program(place) as process:
        if chance.random() < 0.1:
            time.sleep(chance.uniform(0, 1.5))
            process.kill()
            return 1
        assert _answers(place, process), (place.directory / "log").read_text()[-3000:]
        with _senders(place, post):
            time.sleep(chance.uniform(0, chance.choice(LIVES)))
            process.kill()
            process.wait()
    return 0


# ---- the senders ---------------------------------------------------------------------------------


def _message(address: str, number: int) -> bytes:
    attachments = {"paspoort.pdf": dossier.pdf(width=100 + number)}
    return storage.message(address, attachments, sender=f"afzender-{number}@example.org", subject=f"stuk {number}")


@contextmanager
def _senders(place: Place, post: Post) -> Iterator[None]:
    """Mail servers at work; on leaving they have put down what they could not hand over."""
    stopping = threading.Event()
    threads = [threading.Thread(target=_send, args=(place, post, stopping)) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _send(place: Place, post: Post, stopping: threading.Event) -> None:
    while not stopping.is_set():
        try:
            message = post.waiting.get(timeout=0.05)
        except queue.Empty:
            continue
        sha256 = hashlib.sha256(message).hexdigest()
        post.sent[sha256] = post.sent.get(sha256, 0) + 1
        try:
            post.receipts[sha256] = _handed_over(place, message)
        except (OSError, smtplib.SMTPException):
            post.broken += 1
            post.waiting.put(message)
            time.sleep(0.05)


def _handed_over(place: Place, message: bytes) -> str:
    """The receipt number in the 250."""
    with smtplib.SMTP("127.0.0.1", place.smtp_port, "afzender.example.org", timeout=60) as smtp:
        smtp.ehlo()
        smtp.mail("a@example.org")
        smtp.rcpt(place.address)
        code, reply = smtp.data(message)
        if code != 250:
            raise smtplib.SMTPDataError(code, reply)
        return reply.decode().rpartition("receipt ")[2].strip()


# ---- at the end ----------------------------------------------------------------------------------


def _drained(directory: Path, clamd_socket: Path) -> None:
    """All is at rest, and every letter went out."""
    with storage.built(directory / "data", clamd_socket) as house:

        def done() -> bool:
            sums = house.desk.queries.sums()
            if sums["ontvangen"] + sums["in_behandeling"]:
                return False
            views = house.desk.queries.submissions()
            letters = [letter for view in views for letter in house.desk.queries.letters(view.ontvangstnummer)]
            return all(state == "handed_over" for _, state, _ in letters)

        servers.wait_until(done, "everything is at rest and told", DRAIN_SECONDS)


def _checked(place: Place, clamd_socket: Path, post: Post, rounds: int, early: int, seconds: float) -> Figures:
    for number in post.receipts.values():
        assert _said(place, "submission", "show", number)["ontvangstnummer"] == number
    assert cli.run(["--config", str(place.config), "ledger", "verify", "--content"]) == 0
    with storage.built(place.directory / "data", clamd_socket) as house:
        checker.check(house, post.receipts.values(), place.directory / "receipts")
        views = house.desk.queries.submissions()
        came = [house.desk.queries.raw_files(view.ontvangstnummer)[0].sha256 for view in views]
        assert not house.desk.blobs.sweep(), "a crash's spool was left behind"
        for scratch in (house.ports.scratch, place.directory / "tmp"):
            assert not list(scratch.iterdir()), "what a crash was busy with was left behind"
    _no_phantoms(post, came)
    repeats = sum(Reason.REPEAT in view.redenen for view in views)
    assert repeats == len(came) - len(set(came)), "each second coming is a repeat, and nothing else is"
    letters = len(list((place.directory / "data" / "outbox").glob("*.eml")))
    return Figures(
        rounds, early, len(post.sent), len(post.receipts), post.broken, len(views), repeats, letters, round(seconds, 1)
    )


def _no_phantoms(post: Post, came: list[str]) -> None:
    """What is there was sent, and no oftener than it was sent."""
    for sha256 in set(came):
        assert 1 <= came.count(sha256) <= post.sent.get(sha256, 0)
    assert set(came) == set(post.sent) == set(post.receipts)


def _said(place: Place, *command: str) -> dict[str, object]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert cli.run(["--config", str(place.config), *command]) == 0
    said: dict[str, object] = json.loads(out.getvalue())
    return said


def main() -> None:
    """Run the rounds and print the figures as JSON."""
    parser = argparse.ArgumentParser(description="kill -9 under load")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with servers.clamd() as socket, tempfile.TemporaryDirectory(prefix="herstelpost-kill-") as directory:
        sys.stderr.write(f"seed {given.seed}\n")
        figures = run(given.rounds, Path(directory), socket, given.seed)
    sys.stdout.write(json.dumps(figures.__dict__) + "\n")


if __name__ == "__main__":
    main()
