"""Which bundles the case system has, what is erased when, and what is held."""

import argparse
import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from pydantic import TypeAdapter

from config.settings import Settings
from gateway import receipts
from gateway.commands import terminal
from gateway.commands.terminal import DONE, FAILED, Verbs
from gateway.core.terms import AMSTERDAM
from gateway.schema import instant

_HELD: Mapping[bool, str] = {True: "vastgehouden", False: ""}


def add(verbs: Verbs) -> None:
    """The words of this group."""
    handover = terminal.group(verbs, "handover", "which bundles the case system has")
    confirm = terminal.verb(
        handover, "confirm", _handover_confirm, "the case system has this bundle; its term begins to run"
    )
    confirm.add_argument("reference")
    which = confirm.add_mutually_exclusive_group(required=True)
    which.add_argument("--sha256", metavar="HEX", help="of the bundle, as the case system has it")
    which.add_argument("--file", metavar="FILE.zip", help="the bundle, read back from the case system")
    list_ = terminal.verb(handover, "list", _handover_list, "the bundles of a request that were taken out")
    list_.add_argument("reference")
    _add_retention(terminal.group(verbs, "retention", "what is erased when, and what is held"))


def _add_retention(group: Verbs) -> None:
    list_ = terminal.verb(group, "list", _list, "what is due, now or soon")
    list_.add_argument("--within", type=int, default=0, metavar="DAYS", help="also what will be due by then")
    terminal.json_option(list_)
    terminal.verb(group, "run", _run, "erase what is due now; the running gateway does so by itself")
    terminal.verb(group, "holds", _holds, "all legal holds, those that ended included")
    for name, command, text in (
        ("hold", _hold, "erase nothing of this request or submission (legal hold)"),
        ("release", _release, "end the legal hold"),
    ):
        verb = terminal.verb(group, name, command, text)
        verb.add_argument("subject", metavar="REF-or-NO")
        verb.add_argument("--reason", required=True)
    proof = terminal.verb(group, "proof", _proof, "proof of erasure, to be checked offline with `verify`")
    proof.add_argument("subject", metavar="REF-or-NO")
    proof.add_argument("--out", required=True, metavar="DIR")


def _handover_confirm(given: argparse.Namespace, settings: Settings) -> int:
    sha256 = given.sha256
    if given.file:
        with Path(given.file).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with terminal.opened(settings) as house:
        confirmed = house.desk.handover.confirm(given.reference, sha256, terminal.officer())
    terminal.print_json(asdict(confirmed))
    if confirmed.changed:
        changed = ", ".join(confirmed.changed)
        terminal.say(f"herstelpost: decided again since this bundle was made: {changed}; fetch a new one")
    return DONE


def _handover_list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        bundles = house.desk.handover.bundles(given.reference)
    terminal.print_json([TypeAdapter(type(b)).dump_python(b, mode="json") for b in bundles])
    return DONE


def _list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        now = house.ports.clock.now()
        found = house.retention.due(now + timedelta(days=given.within))
    if given.json:
        lines = [TypeAdapter(type(c)).dump_python(c, mode="json") | {"due_at": instant(c.due_at)} for c in found]
        terminal.print_json(lines)
        return DONE
    terminal.print_table(
        ("WAT", "VERZOEK", "SOORT", "VANAF", "TERMIJN OVER OP", "GROND", ""),
        [
            (
                c.subject,
                c.request or "-",
                c.rule.name,
                f"{c.since.astimezone(AMSTERDAM):%Y-%m-%d}",
                f"{c.due_at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}",
                c.rule.list_item or c.rule.ground,
                _HELD[c.held],
            )
            for c in found
        ],
    )
    return DONE


def _run(_given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        erased = house.retention.run()
    terminal.print_json(asdict(erased))
    return FAILED if erased.postponed else DONE


def _hold(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        gone = house.retention.hold(given.subject, given.reason, terminal.officer())
    terminal.say(f"herstelpost: nothing more of {given.subject} is erased until `herstelpost retention release`")
    if gone:
        terminal.say(f"herstelpost: WARNING: erased before: {', '.join(gone)}")
    return DONE


def _release(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.retention.release(given.subject, given.reason, terminal.officer())
    return DONE


def _holds(_given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        holds = house.retention.holds()
    terminal.print_json([TypeAdapter(type(hold)).dump_python(hold, mode="json") for hold in holds])
    return DONE


def _proof(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        proved = house.retention.proof(given.subject)
    terminal.write_all(receipts.package_files(proved.event, proved.proof, proved.vkeys, None, proved.stamp), given.out)
    return DONE
