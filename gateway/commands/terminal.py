"""What every command stands on: an opened house, words for people on stderr, data on stdout, the words of a command."""

import argparse
import getpass
import json
import os
import pwd
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from config.settings import Settings
from gateway import app
from gateway.core.terms import AMSTERDAM

DONE, FAILED, BAD_CONFIGURATION = 0, 1, 78

Command = Callable[[argparse.Namespace, Settings], int]
Verbs = Any
"""argparse has no public name for the thing that `add_subparsers` returns."""


@contextmanager
def opened(settings: Settings) -> Iterator[app.House]:
    """A house that is closed again, for commands beside the running gateway."""
    house = app.build(settings)
    try:
        yield house
    finally:
        house.close()


def officer() -> str:
    """Who is at the keyboard: every act of a person carries a name (P10)."""
    return os.environ.get("HERSTELPOST_OFFICER") or pwd.getpwuid(os.getuid()).pw_name


def viewed(house: app.House, subject: str, what: str) -> None:
    """Say in the log that whoever is at the keyboard sees this, as the pages and the API do (BIO2 8.15.01).

    Raises TryLater when it cannot be said: then nothing is shown.
    """
    minutes = house.desk.settings.portal.view_minutes
    house.desk.store.note_view(
        subject, what, officer=officer(), role="opdrachtregel", origin=socket.gethostname(), minutes=minutes
    )


def secret(prompt: str) -> str:
    """What is typed without being shown, or else the first line of standard input: never a word of the command."""
    return getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def now() -> datetime:
    return datetime.now(UTC)


def say(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)


def write_all(files: Mapping[str, bytes], directory: str) -> None:
    """Write the files into a directory, made if need be, and print where."""
    out = Path(directory)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
        print(out / name)


def print_json(value: Any) -> None:  # noqa: ANN401  # any JSON
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def moment(text: str) -> datetime:
    """A time with offset, or a day: its beginning in Amsterdam."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{text!r} is no moment; write a day (2026-03-30) or a time with its offset (2026-03-30T14:00+02:00)"
        raise argparse.ArgumentTypeError(told) from error
    return value if value.tzinfo else value.replace(tzinfo=AMSTERDAM)


def day(text: str) -> date:
    """A day of the calendar."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-03-30") from error


def verb(verbs: Verbs, name: str, command: Command, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def group(verbs: Verbs, name: str, text: str) -> Verbs:
    parser = verbs.add_parser(name, help=text, description=text)
    return parser.add_subparsers(metavar="COMMAND", required=True)


def word_option(
    parser: argparse.ArgumentParser,
    name: str,
    words: type[StrEnum] | tuple[StrEnum, ...],
    **more: Any,  # noqa: ANN401  # whatever argparse takes
) -> None:
    """An option that takes one word of a closed list; the help and the answer to another word both name the list."""
    allowed = ", ".join(words)

    def read(text: str) -> StrEnum:
        for word in words:
            if word == text:
                return word
        raise argparse.ArgumentTypeError(f"{text!r} is none of: {allowed}")

    parser.add_argument(name, type=read, help=allowed, **more)


def json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
