"""Our own letters: release a request, print and post what goes on paper, and who agreed to e-mail."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from config.settings import Settings
from gateway.commands import terminal
from gateway.commands.terminal import DONE, Verbs
from gateway.core.notices import MessageKind
from gateway.schema import instant


def add(verbs: Verbs) -> None:
    """The words of this group."""
    group = terminal.group(verbs, "post", "letters of ours on paper, and consent to e-mail")
    release = terminal.verb(group, "release", _release, "make the letter of a request that was opened without one")
    release.add_argument("reference")
    terminal.verb(group, "remind", _remind, "make the reminders that are due now, as the clock does")
    list_ = terminal.verb(group, "list", _list, "letters to print and post, oldest first")
    list_.add_argument("--done", action="store_true", help="those that were posted")
    terminal.json_option(list_)
    print_ = terminal.verb(group, "print", _print, "one letter as PDF, with its access code")
    print_.add_argument("id", type=int)
    print_.add_argument("--out", required=True, metavar="FILE.pdf")
    sent = terminal.verb(group, "sent", _sent, "the letter was posted; its access code is erased")
    sent.add_argument("id", type=int)
    sent.add_argument("--on", type=terminal.day, required=True, metavar="DATE")
    told = terminal.verb(group, "told", _told, "how each person of a request was told of each message")
    told.add_argument("reference")
    terminal.json_option(told)
    consent = terminal.verb(group, "consent", _consent, "what each person agreed to; --give, --withdraw")
    consent.add_argument("reference")
    consent.add_argument("--party", type=int, metavar="ID")
    terminal.word_option(consent, "--kind", MessageKind, nargs="+", default=[], metavar="KIND")
    consent.add_argument("--source", default="", help="where it was said")
    said = consent.add_mutually_exclusive_group()
    said.add_argument("--give", action="store_true")
    said.add_argument("--withdraw", action="store_true")


def _release(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        code = house.desk.correspondence.release(given.reference, terminal.officer())
        house.desk.correspondence.write()
    print(code)
    terminal.say("herstelpost: the new access code; the one before opens nothing any more")
    return DONE


def _remind(_given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        reminded = house.reminders.remind()
        house.desk.correspondence.write()
    for reference in reminded:
        print(reference)
    return DONE


def _list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        tasks = house.desk.posting.tasks(done=given.done)
    if given.json:
        terminal.print_json(
            [
                asdict(task) | {"made_at": instant(task.made_at), "sent_at": task.sent_at and instant(task.sent_at)}
                for task in tasks
            ]
        )
    else:
        terminal.print_table(
            ("ID", "KENMERK", "BRIEF", "AAN", "WAAROM", "SINDS", "TE LAAT"),
            [
                (str(t.id), t.reference, t.kind, t.name, t.why, instant(t.made_at), "ja" if t.late else "nee")
                for t in tasks
            ],
        )
    return DONE


def _print(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        content = house.desk.posting.printed(given.id, terminal.officer())
    if given.out == "-":
        sys.stdout.buffer.write(content)
    else:
        Path(given.out).write_bytes(content)
    return DONE


def _sent(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.posting.posted(given.id, given.on, terminal.officer())
    return DONE


def _told(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        told = house.desk.correspondence.told(given.reference)
    if given.json:
        terminal.print_json([asdict(line) | {"at": instant(line.at)} for line in told])
    else:
        terminal.print_table(
            ("BERICHT", "AAN", "WEG", "WAAROM", "POGING", "STAND", "MOMENT"),
            [(t.message, t.name, t.way, t.why, str(t.attempt), t.state, instant(t.at)) for t in told],
        )
    return DONE


def _consent(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        consents = house.desk.consents
        if given.give or given.withdraw:
            consents.note(
                given.reference, given.party or 0, given.kind, given.source, terminal.officer(), given=given.give
            )
        found = consents.of(given.reference)
    terminal.print_json([asdict(consent) | {"at": consent.at and instant(consent.at)} for consent in found])
    return DONE
