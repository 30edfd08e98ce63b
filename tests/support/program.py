"""The installed command as operators run it: a process of its own with a configuration of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import smtp
from tests.support.servers import answers, free_port, wait_until

PROGRAM = Path(sys.executable).with_name("herstelpost")


@dataclass(frozen=True)
class Program:
    """An installation in `directory`; `smtp_port` is where it takes mail when it runs."""

    directory: Path
    smtp_port: int

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.directory / "herstelpost.toml"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.directory / "data"

    @property
    def log(self) -> str:
        """What it wrote to stderr so far."""
        return (self.directory / "log").read_text(encoding="utf-8")

    @contextmanager
    def running(self, *parts: str, environment: dict[str, str] | None = None) -> Iterator["subprocess.Popen[bytes]"]:
        """It runs, and takes mail; on leaving it is told to stop and has to end well."""
        only = ("--only", ",".join(parts)) if parts else ()
        command = (PROGRAM, "--config", self.config, "run", *only)
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | (environment or {}))
        try:
            wait_until(lambda: answers(self.smtp_port) or process.poll() is not None, "it takes mail", 60)
            assert process.poll() is None, self.log
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, self.log
        finally:
            process.kill()
            process.wait()

    def run(self, *words: str) -> str:
        """What a command prints; it has to end well."""
        done = subprocess.run(
            [PROGRAM, "--config", self.config, *words], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def say(self, *words: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.run(*words))

    def submissions(self) -> list[dict[str, Any]]:
        """Everything that was received, oldest first."""
        listed: list[dict[str, Any]] = self.say("submission", "list", "--json")
        return sorted(listed, key=lambda submission: str(submission["ontvangenOp"]))

    def keeps_its_word(self, replies: Sequence[bytes]) -> None:
        """What Anna was promised is there and nothing else of hers, and no reply was a 5xx. Raises AssertionError."""
        assert all(reply[:1] in b"24" for reply in replies), replies
        promised = {smtp.receipt(reply) for reply in replies if reply.startswith(b"250")}
        # The gateway sends itself a message now and then.
        found = {s["ontvangstnummer"] for s in self.submissions() if s["afzender"] == smtp.SENDER}
        assert found == promised
        done = subprocess.run(
            [PROGRAM, "--config", self.config, "ledger", "verify", "--content"], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def settled(self) -> list[dict[str, Any]]:
        """The submissions, once each is decided or held; only while it runs."""
        resting = {"afgehandeld", "aangehouden"}
        wait_until(lambda: all(s["status"] in resting for s in self.submissions()), "settled", 60)
        return self.submissions()

    def register(self) -> list[dict[str, Any]]:
        """Everything that arrived or was refused."""
        listed: list[dict[str, Any]] = self.say("register", "--from", "2020-01-01", "--until", "2100-01-01", "--json")
        return listed


def installed(directory: Path, smtp: str = "", limits: str = "", more: str = "", data: Path | None = None) -> Program:
    """An installation that has not been started.

    `smtp` and `limits` are more lines of these sections, `more` is more sections; `data` is the data directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    program = Program(directory, free_port())
    program.config.write_text(
        f"""data_dir = "{data or program.data}"
[smtp]
listen = "127.0.0.1:{program.smtp_port}"
{smtp}
[portal]
listen = "127.0.0.1:{free_port()}"
[limits]
{limits}
[metrics]
listen = ""
{more}
"""
    )
    return program
