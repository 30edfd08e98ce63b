"""Receipts, the ledger, the register, the bundle."""

import argparse
import sys
from contextlib import nullcontext
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from config.settings import Settings
from gateway import notes, receipts, register_check, rotation, tiles
from gateway.commands import terminal
from gateway.commands.terminal import DONE, FAILED, Verbs
from gateway.core.errors import Refused
from gateway.core.terms import AMSTERDAM
from gateway.queries import Event, Found
from gateway.register import Period
from gateway.schema import instant
from portal import labels

MOST_FOUND: Final = 1000


def add(verbs: Verbs) -> None:
    """The words of this group."""
    receipt = terminal.group(verbs, "receipt", "receipts")
    export = terminal.verb(
        receipt, "export", _receipt_export, "everything the sender needs to prove receipt without us"
    )
    export.add_argument("number")
    export.add_argument("--out", required=True, metavar="DIR")
    verify = terminal.verb(verbs, "verify", _verify, "check a receipt offline; needs only its files")
    verify.add_argument("paths", nargs="+", metavar="DIR-or-FILE")
    verify.add_argument("--key", action="append", default=[], metavar="FILE")
    verify.add_argument(
        "--tsa-ca",
        action="append",
        default=[],
        metavar="FILE",
        help="certificates of the time-stamping authority (PEM)",
    )
    verify.set_defaults(without_configuration=True)
    verifier = terminal.verb(verbs, "verifier", _verifier, "print a way to check receipts without this program")
    verifier.add_argument("kind", choices=sorted(receipts.VERIFIERS), help="an offline page, or a shell script")
    verifier.add_argument("--out", metavar="FILE")
    verifier.set_defaults(without_configuration=True)
    ledger = terminal.group(verbs, "ledger", "the log of everything that happened")
    whole = terminal.verb(ledger, "verify", _ledger_verify, "check the whole log")
    whole.add_argument("--content", action="store_true", help="read every stored byte again")
    whole.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint, or a receipt's proof, that somebody else kept",
    )
    whole.add_argument("--tiles", metavar="DIR", help="and the static files that `ledger export` wrote there")
    find = terminal.verb(ledger, "find", _ledger_find, "what came in, from whom or when; no names, no content")
    find.add_argument("who", nargs="?", default="", metavar="NO|REF|CASE|SENDER")
    find.add_argument("--since", type=terminal.moment, metavar="TIME")
    find.add_argument("--until", type=terminal.moment, metavar="TIME")
    terminal.json_option(find)
    timeline = terminal.verb(ledger, "timeline", _ledger_timeline, "the life of a submission or request, from the log")
    timeline.add_argument("subject", metavar="NO-or-REF")
    tiles_ = terminal.verb(
        ledger, "export", _ledger_export, "the log as static files (c2sp.org/tlog-tiles); only what is new"
    )
    tiles_.add_argument("--out", required=True, metavar="DIR")
    terminal.verb(
        ledger, "rotate-key", _ledger_rotate_key, "sign with a new key from now on; stop all other processes first"
    )
    terminal.verb(
        ledger, "vkey", _ledger_vkey, "print the keys to publish: the log's, newest first, then its witnesses'"
    )
    register = terminal.verb(verbs, "register", _register, "the gap-free list of everything that arrived")
    register.add_argument("--from", dest="since", type=terminal.moment, required=True, metavar="T")
    register.add_argument("--until", type=terminal.moment, required=True, metavar="T")
    register.add_argument("--address", metavar="A")
    register.add_argument("--out", metavar="FILE.zip", help="a package that proves that nothing is missing")
    terminal.json_option(register)
    bundle = terminal.verb(verbs, "bundle", _bundle, "the bundle of a request, as the caseworker gets it")
    bundle.add_argument("reference")
    bundle.add_argument("--out", required=True, metavar="FILE.zip")


def _receipt_export(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        files = house.desk.receipt_files(given.number)
        submission = house.desk.queries.submission(given.number)
        if files:
            terminal.viewed(house, submission.ontvangstnummer, "ontvangstbewijs")
    if not files:
        erased = submission.gewistOp
        why = f"was erased under retention on {erased}: only the sender has a copy" if erased else "has no receipt yet"
        terminal.say(f"herstelpost: error: {given.number} {why}")
        return FAILED
    terminal.write_all(files, given.out)
    return DONE


def _verify(given: argparse.Namespace, _settings: Settings) -> int:
    paths = [Path(p) for p in given.paths]
    is_register = len(paths) == 1 and register_check.is_register(paths[0])
    check = register_check.verify_paths if is_register else receipts.verify_package
    return receipts.verify_main(paths, [Path(k) for k in given.key], sys.stdout, [Path(f) for f in given.tsa_ca], check)


def _verifier(given: argparse.Namespace, _settings: Settings) -> int:
    content = receipts.VERIFIERS[given.kind].read_bytes()
    if given.out:
        Path(given.out).write_bytes(content)
        print(given.out)
    else:
        sys.stdout.buffer.write(content)
    return DONE


def _ledger_verify(given: argparse.Namespace, settings: Settings) -> int:
    outside = [notes.checkpoint_in(Path(file).read_text(encoding="utf-8")) for file in given.against]
    with terminal.opened(settings) as house:
        found = house.desk.audit(given.content, outside)
        if given.tiles:
            shown = tuple(tiles.differences(house.database, Path(given.tiles)))
            found = replace(found, problems=found.problems + shown)
    for problem in found.problems:
        print(f"{problem}\n  {problem.nl}")
    terminal.say(
        f"herstelpost: {found.entries} entries, {found.checkpoints} checkpoints, {found.files} files read: "
        + ("all of it agrees" if found.ok else f"{len(found.problems)} problems")
    )
    if found.erased:
        terminal.say(f"herstelpost: {found.erased} entries were erased under retention; others in the log prove it")
    return DONE if found.ok else FAILED


def _ledger_find(given: argparse.Namespace, settings: Settings) -> int:
    if not (given.who or given.since or given.until):
        raise Refused.because("who", "say what to look for, or a period")
    with terminal.opened(settings) as house:
        found = house.desk.queries.arrived(given.who, MOST_FOUND, since=given.since, until=given.until)
    if given.json:
        terminal.print_json([TypeAdapter(Found).dump_python(each, mode="json") for each in found])
    else:
        rows = (
            (f.number, _moment(f.received_at), _moment(f.recorded_at), f.channel, ", ".join(f.requests) or "-")
            for f in found
        )
        terminal.print_table(("ONTVANGSTNUMMER", "ONTVANGEN", "VASTGELEGD", "KANAAL", "VERZOEK"), rows)
    if len(found) == MOST_FOUND:
        terminal.say(f"herstelpost: these are the first {MOST_FOUND}; ask for a shorter period")
    if not found:
        terminal.say("herstelpost: nothing was found; mail is found by the address in From, uploads by reference")
    return DONE if found else FAILED


def _ledger_timeline(given: argparse.Namespace, settings: Settings) -> int:
    """Both clocks, what happened and what was decided: what `portal.labels` lets through, as on the auditor's pages."""
    with terminal.opened(settings) as house:
        entries = labels.timeline(house.desk.queries.timeline(given.subject))
        if entries:
            terminal.viewed(house, given.subject, "tijdlijn")
    rows = (
        (
            str(e.index),
            _moment(e.recorded_at),
            _moment(e.happened) if e.happened else "-",
            e.name,
            "; ".join(f"{label}: {value}" for label, value in e.facts),
        )
        for e in entries
    )
    terminal.print_table(("REGEL", "VASTGELEGD", "MOMENT", "WAT", ""), rows)
    if not entries:
        terminal.say(f"herstelpost: the log has nothing about {given.subject}")
    return DONE if entries else FAILED


def _moment(at: datetime) -> str:
    return f"{at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M:%S}"


def _ledger_export(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.vouching.sign()
        written = tiles.export(house.database, Path(given.out))
    terminal.say(f"herstelpost: {written} files written to {given.out}")
    return DONE


def _ledger_rotate_key(_given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house, house.alone() if house.database.embedded else nullcontext():
        now = house.ports.clock.now()
        rotated = rotation.rotate(house.ledger, settings.ledger_key, settings.ledger_vkeys, now)
    print(rotated.vkey)
    terminal.say(f"herstelpost: publish all keys in {settings.ledger_vkeys}, and tell them to the witnesses")
    return DONE


def _ledger_vkey(_given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        print(*house.ledger.vkeys, sep="\n")
    return DONE


def _register(given: argparse.Namespace, settings: Settings) -> int:
    if given.out:
        with terminal.opened(settings) as house:
            period = Period(given.since, given.until, given.address)
            made = house.desk.register(Path(given.out), period, house.ports.clock.now())
        print(given.out)
        terminal.say(f"herstelpost: {made.lines} arrivals and refused attempts; complete until {made.complete_until}")
        return DONE
    with terminal.opened(settings) as house:
        until = min(given.until, house.ports.clock.now())
        if given.since >= until:
            raise Refused.because("until", "de periode moet begonnen zijn, en eindigen na haar begin")
        rows = house.desk.queries.register(given.since, until, given.address)
    if given.json:
        terminal.print_json([asdict(row) | {"at": instant(row.at)} for row in rows])
    else:
        terminal.print_table(("LOG", "MOMENT", "GEBEURTENIS", "NUMMER OF ADRES", "REDEN"), map(_register_row, rows))
    whose = f" from or for {given.address}" if given.address else ""
    terminal.say(f"herstelpost: {len(rows)} arrivals and refused attempts{whose}; nothing else until {instant(until)}")
    if given.address:
        terminal.say("herstelpost: uploads and paper have no address, and of mail that of the envelope counts")
    return DONE


def _register_row(event: Event) -> tuple[str, ...]:
    content = event.content or {}
    moment = content.get("ontvangenOp") or content.get("pogingOp") or instant(event.at)
    return (str(event.index), str(moment), event.name, event.subject or "-", str(content.get("reden") or "-"))


def _bundle(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        sha256 = house.desk.bundle(given.reference, Path(given.out), terminal.officer())
    print(given.out)
    terminal.say(
        f"herstelpost: when the case system has it: herstelpost handover confirm {given.reference} --sha256 {sha256}"
    )
    return DONE
