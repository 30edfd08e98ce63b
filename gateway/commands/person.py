"""The copy that a person may ask for (Awb 2:25)."""

import argparse
from dataclasses import asdict
from pathlib import Path

from config.settings import Settings
from gateway.commands import terminal
from gateway.commands.terminal import DONE, Verbs


def add(verbs: Verbs) -> None:
    """The words of this group."""
    group = terminal.group(verbs, "person", "what is recorded about a person")
    copy = terminal.verb(group, "copy", _copy, "all of receipt, sending, notices and access, with proofs (Awb 2:25)")
    copy.add_argument("address", metavar="ADDRESS")
    copy.add_argument("--out", required=True, metavar="FILE.zip")


def _copy(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        copied = house.desk.copies.write(given.address, Path(given.out), terminal.officer())
    print(given.out)
    terminal.say(
        "herstelpost: {requests} requests, {submissions} submissions, {events} events of which {opened} are opened"
        "; look at it before you give it away, and give it to whom it is about".format(**asdict(copied))
    )
    return DONE
