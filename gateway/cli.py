"""Commands for operators and officers: data to stdout, words for people to stderr.

Exit 0 done; 1 the answer is no, or it failed; 2 wrong usage; 78 bad configuration.
"""

import argparse
import getpass
import json
import os
import pwd
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from pydantic import TypeAdapter

from config import settings as configuration
from config.settings import BadConfiguration, Settings
from gateway import app, events, notes, receipts, rotation, tiles
from gateway.core.errors import GatewayError, Refused
from gateway.core.facts import Act, ActKind
from gateway.core.words import Channel, Reason, Status
from gateway.database import Database
from gateway.mapping import LOCAL
from gateway.outages import Outages
from gateway.people import Scope, StaffRole
from gateway.queries import Event
from gateway.schema import dump, instant, read_requests

DONE, FAILED, BAD_CONFIGURATION = 0, 1, 78
EXAMPLE: Final = Path(configuration.__file__).with_name("example.toml")

PARTS: Final = ("smtp", "imap", "portal", "worker", "scheduler")

Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """The exit code of one command."""
    given = _parser().parse_args(arguments)
    try:
        if given.without_configuration:
            return int(given.command(given, Settings()))
        settings, given.config_name = configuration.load(given.config)
        return int(given.command(given, settings))
    except BadConfiguration as error:
        _say(*error.problems)
        return BAD_CONFIGURATION
    except Refused as error:
        _say(*(f"herstelpost: error: {fault}" for fault in error.faults))
        return FAILED
    except (GatewayError, OSError) as error:
        _say(f"herstelpost: error: {error}")
        return FAILED
    except KeyboardInterrupt:
        return FAILED


# ---- running -------------------------------------------------------------------------------------


def _run(given: argparse.Namespace, settings: Settings) -> int:
    from gateway import service  # noqa: PLC0415  # the portal takes a second to import; other commands need none

    parts = given.only or PARTS
    events.set_up()
    house = app.build(settings)
    try:
        _say(
            f"Herstelpost: SMTP {settings.smtp.listen}, portal {settings.portal.public_url}",
            *_hints(settings, house),
        )
        service.run(house, parts)
    finally:
        house.close()
    return DONE


def _hints(settings: Settings, house: app.House) -> list[str]:
    hints = ["Stop with Ctrl-C. What to do next:"]
    if not house.desk.queries.requests():
        hints += ["  herstelpost demo             in another data directory: the whole job, shown step by step"]
    hints += [
        "  herstelpost request import FILE   open requests; prints their mail address and access code",
        f"  {settings.portal.public_url}        hand in documents with reference and access code",
        "  herstelpost account add NAME --role behandelaar     then sign in at /medewerker",
    ]
    if not house.scanner.canary().ok:
        hints.append(f"WARNING: no malware scanner at {settings.clamd_address}: documents will wait")
    return hints


def _check(given: argparse.Namespace, settings: Settings) -> int:
    from gateway import checks  # noqa: PLC0415  # see _run

    problems = checks.problems(settings, given.config_name)
    _say(*problems)
    if not problems:
        _say("herstelpost: configuration and servers are in order")
    return BAD_CONFIGURATION if problems else DONE


def _migrate(_given: argparse.Namespace, settings: Settings) -> int:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        database.migrate()
    finally:
        database.close()
    _say("herstelpost: the database is at this version")
    return DONE


def _example_config(_given: argparse.Namespace, _settings: Settings) -> int:
    sys.stdout.write(EXAMPLE.read_text(encoding="utf-8"))
    return DONE


def _demo(given: argparse.Namespace, settings: Settings) -> int:
    from gateway import demo  # noqa: PLC0415  # see _run

    return demo.run(settings, slow=bool(given.slow))


# ---- requests ------------------------------------------------------------------------------------


def _request_import(given: argparse.Namespace, settings: Settings) -> int:
    raw = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
    try:
        text = raw.decode("utf-8-sig")  # with the mark that Windows puts before it, or without
    except UnicodeDecodeError as error:
        raise Refused.because("-", f"geen UTF-8 / not UTF-8: {error.reason}") from error
    values = read_requests(text)
    with _opened(settings) as house:
        made = [dump(request) for request in house.desk.requests.open(values)]
    _print_json(made if text.lstrip().startswith("[") else made[0])
    _say("herstelpost: the access codes are shown this once; put them in the letter")
    return DONE


def _request_list(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        requests = [dump(request) for request in house.desk.queries.requests()]
    if given.json:
        _print_json(requests)
    else:
        _print_table(
            ("KENMERK", "ZAAK", "LAATSTE DAG", "STATUS", "OPEN STUKKEN"),
            [
                (
                    r["kenmerk"],
                    r["zaaknummer"],
                    r["laatsteDag"],
                    r["status"],
                    ", ".join(s["nummer"] for s in r["stukken"] if s["status"] in {"open", "afgekeurd"}),
                )
                for r in requests
            ],
        )
    return DONE


def _request_show(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        _print_json(dump(house.desk.queries.request(given.reference)))
    return DONE


def _request_extend(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        house.desk.requests.extend(given.reference, given.until, given.reason, _officer())
        _print_json(dump(house.desk.queries.request(given.reference)))
    return DONE


def _request_close(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        house.desk.requests.close(given.reference, given.reason, _officer())
        _print_json(dump(house.desk.queries.request(given.reference)))
    return DONE


# ---- submissions ---------------------------------------------------------------------------------


def _submission_list(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        views = [
            dump(view) for view in house.desk.queries.submissions(given.request, given.state, given.since, given.until)
        ]
    if given.json:
        _print_json(views)
    else:
        _print_table(
            ("ONTVANGSTNUMMER", "ONTVANGEN OP", "KANAAL", "VERZOEK", "STATUS", "BESLUIT", "REDENEN"),
            [
                (
                    v["ontvangstnummer"],
                    v["ontvangenOp"],
                    v["kanaal"],
                    v["verzoek"] or "-",
                    v["status"],
                    v["besluit"] or "-",
                    ", ".join(v["redenen"]) or "-",
                )
                for v in views
            ],
        )
    return DONE


def _submission_show(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        _print_json(dump(house.desk.queries.submission(given.number)))
    return DONE


def _submission_why(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        why = TypeAdapter(type(found := house.desk.queries.why(given.number))).dump_python(found, mode="json")
    if given.json:
        _print_json(why)
        return DONE
    for title, value in (
        ("inzending", why["number"]),
        ("besluit", why["outcome"] or "nog geen"),
        ("regel", why["rule"] or "-"),
        ("redenen", ", ".join(why["reasons"]) or "-"),
        ("grond", why["ground"] or "-"),
        ("toelichting", why["detail"] or "-"),
        ("suggesties", ", ".join(why["suggestions"]) or "-"),
    ):
        print(f"{title:<12} {value}")
    print("feiten")
    print(json.dumps(why["facts"], indent=2, ensure_ascii=False))
    return DONE


def _submission_assign(given: argparse.Namespace, settings: Settings) -> int:
    if bool(given.document) != bool(given.item):
        raise Refused.because("--document", "and --item belong together: give both or neither")
    act = Act(ActKind.ASSIGN, _officer(), request=given.request, document=given.document or "", item=given.item or "")
    return _act(given.number, act, settings)


def _submission_release(given: argparse.Namespace, settings: Settings) -> int:
    return _act(given.number, Act(ActKind.RELEASE, _officer()), settings)


def _submission_refuse(given: argparse.Namespace, settings: Settings) -> int:
    return _act(given.number, Act(ActKind.REFUSE, _officer(), reason=given.reason), settings)


def _act(number: str, act: Act, settings: Settings) -> int:
    """The act is stored; the running gateway decides anew. Without one, the next start does."""
    with _opened(settings) as house:
        house.desk.store.act(number, act)
        _print_json(dump(house.desk.queries.submission(number)))
    _say("herstelpost: noted; the gateway decides again")
    return DONE


# ---- evidence ------------------------------------------------------------------------------------


def _receipt_export(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        files = house.desk.receipt_files(given.number)
    if not files:
        _say(f"herstelpost: error: {given.number} has no receipt yet")
        return FAILED
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
        print(out / name)
    return DONE


def _verify(given: argparse.Namespace, _settings: Settings) -> int:
    return receipts.verify_main(
        [Path(p) for p in given.paths], [Path(k) for k in given.key], sys.stdout, [Path(f) for f in given.tsa_ca]
    )


def _verifier(given: argparse.Namespace, _settings: Settings) -> int:
    content = receipts.VERIFIERS[given.kind].read_bytes()
    if given.out:
        Path(given.out).write_bytes(content)
        print(given.out)
    else:
        sys.stdout.buffer.write(content)
    return DONE


def _ledger_verify(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        found = house.desk.audit(given.content)
    for problem in found.problems:
        print(problem)
    _say(
        f"herstelpost: {found.entries} entries, {found.checkpoints} checkpoints, {found.files} files read: "
        + ("all of it agrees" if found.ok else f"{len(found.problems)} problems")
    )
    return DONE if found.ok else FAILED


def _ledger_export(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        house.vouching.sign()
        written = tiles.export(house.database, Path(given.out))
    _say(f"herstelpost: {written} files written to {given.out}")
    return DONE


def _ledger_rotate_key(_given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house, house.alone() if house.database.embedded else nullcontext():
        now = house.ports.clock.now()
        rotated = rotation.rotate(house.ledger, settings.ledger_key, settings.ledger_vkeys, now)
    print(rotated.vkey)
    _say(f"herstelpost: publish all keys in {settings.ledger_vkeys}, and tell them to the witnesses")
    return DONE


# ---- witness -------------------------------------------------------------------------------------


def _witness_vkey(given: argparse.Namespace, _settings: Settings) -> int:
    print(_cosigner(given).vkey)
    return DONE


def _witness_run(given: argparse.Namespace, _settings: Settings) -> int:
    import uvicorn  # noqa: PLC0415  # see _run

    from gateway import witness  # noqa: PLC0415  # see _run

    cosigner = _cosigner(given)
    try:
        logs = [vkey for file in given.log for vkey in notes.read_vkeys(Path(file).read_text(encoding="utf-8"))]
        app_ = witness.create_app(witness.Witness(cosigner, logs, Path(given.state), time.time))
    except ValueError as error:
        raise BadConfiguration((f"{', '.join(given.log)}: {error}",)) from error
    host, _, port = given.listen.rpartition(":")
    _say(f"herstelpost witness: {len(logs)} keys of logs; listens on {given.listen}", cosigner.vkey)
    uvicorn.run(app_, host=host.strip("[]"), port=int(port), log_level="warning", server_header=False, lifespan="off")
    return DONE


def _cosigner(given: argparse.Namespace) -> notes.Cosigner:
    """The witness's own name and key, made on first use."""
    path = Path(given.key)
    if not path.exists():
        rotation.write_new(path, notes.key_to_pem(notes.generate_key()))
    try:
        return notes.Cosigner(given.name, notes.key_from_pem(path.read_bytes()))
    except ValueError as error:
        raise BadConfiguration((f"{path}: {error}",)) from error


def _register(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        rows = house.desk.queries.register(given.since, given.until, given.address)
    if given.json:
        _print_json([asdict(row) | {"at": instant(row.at)} for row in rows])
    else:
        _print_table(("LOG", "MOMENT", "GEBEURTENIS", "NUMMER OF ADRES", "REDEN"), map(_register_row, rows))
    _say(f"herstelpost: {len(rows)} arrivals and refused attempts; nothing else arrived in this period")
    return DONE


def _register_row(event: Event) -> tuple[str, ...]:
    content = event.content or {}
    moment = content.get("ontvangenOp") or content.get("pogingOp") or instant(event.at)
    return (str(event.index), str(moment), event.name, event.subject or "-", str(content.get("reden") or "-"))


def _bundle(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        house.desk.bundle(given.reference, Path(given.out))
    print(given.out)
    return DONE


# ---- the house -----------------------------------------------------------------------------------


def _outage_add(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        outage = _outages(house).add(
            given.channel, given.since or _now(), given.until, planned=given.planned, note=given.note
        )
    _print_json(TypeAdapter(type(outage)).dump_python(outage, mode="json"))
    return DONE


def _outage_end(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        outage = _outages(house).end(given.id, given.until or _now())
    _print_json(TypeAdapter(type(outage)).dump_python(outage, mode="json"))
    return DONE


def _outage_list(_given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        outages = _outages(house).list()
    _print_json([TypeAdapter(type(o)).dump_python(o, mode="json") for o in outages])
    return DONE


def _outages(house: app.House) -> Outages:
    return Outages(house.database, house.ledger, house.ports.clock)


def _token_create(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        print(house.desk.people.make_token(given.name, tuple(given.scope)))
    _say("herstelpost: the token is shown this once")
    return DONE


def _token_list(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        tokens = house.desk.people.tokens()
    if given.json:
        _print_json([asdict(token) for token in tokens])
    else:
        _print_table(
            ("NAAM", "RECHTEN", "GEMAAKT", "INGETROKKEN"),
            [(t.name, ", ".join(t.scopes), t.made_at, "ja" if t.revoked else "nee") for t in tokens],
        )
    return DONE


def _token_revoke(given: argparse.Namespace, settings: Settings) -> int:
    with _opened(settings) as house:
        house.desk.people.revoke_token(given.name)
    return DONE


def _account_add(given: argparse.Namespace, settings: Settings) -> int:
    password = Path(given.password_file).read_text().strip() if given.password_file else _ask_password()
    with _opened(settings) as house:
        house.desk.people.add_account(given.name, given.role, password)
    _say(f"herstelpost: {given.name} can sign in as {given.role} at {settings.portal.public_url}/medewerker")
    return DONE


def _ask_password() -> str:
    return getpass.getpass("Password: ")


# ---- beneath the commands ------------------------------------------------------------------------


class _Opened:
    """A house that is closed again, for commands beside the running gateway."""

    def __init__(self, settings: Settings) -> None:
        self._house = app.build(settings)

    def __enter__(self) -> app.House:
        return self._house

    def __exit__(self, *_error: object) -> None:
        self._house.close()


def _opened(settings: Settings) -> _Opened:
    return _Opened(settings)


def _officer() -> str:
    """Who is at the keyboard: every act of a person carries a name (P10)."""
    return os.environ.get("HERSTELPOST_OFFICER") or pwd.getpwuid(os.getuid()).pw_name


def _now() -> datetime:
    return datetime.now(UTC)


def _say(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr)


def _print_json(value: Any) -> None:  # noqa: ANN401  # any JSON
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _print_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _moment(text: str) -> datetime:
    """A time with offset, or a day: its beginning in Amsterdam."""
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=LOCAL)


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError("must be ADDRESS:PORT")
    return text


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(set(parts) - set(PARTS))
    if unknown or not parts:
        raise argparse.ArgumentTypeError(f"choose from {', '.join(PARTS)}")
    return parts


# ---- the words of the command line ---------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="herstelpost", description="Intake gateway for missing documents.")
    parser.add_argument("--config", metavar="FILE", help="configuration (TOML); else $HERSTELPOST_CONFIG")
    parser.set_defaults(without_configuration=False)
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_running(verbs)
    _add_requests(verbs)
    _add_submissions(verbs)
    _add_evidence(verbs)
    _add_house(verbs)
    return parser


Verbs = Any
"""argparse has no public name for the thing that `add_subparsers` returns."""


def _verb(verbs: Verbs, name: str, command: Command, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _group(verbs: Verbs, name: str, text: str) -> Verbs:
    parser = verbs.add_parser(name, help=text, description=text)
    return parser.add_subparsers(metavar="COMMAND", required=True)


def _json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")


def _add_running(verbs: Verbs) -> None:
    run_ = _verb(verbs, "run", _run, "run the gateway; SIGTERM drains and stops")
    run_.add_argument("--only", type=_parts, metavar="PART,...", help=",".join(PARTS))
    _verb(verbs, "check", _check, "read the configuration, try every server it names, print every problem")
    _verb(verbs, "migrate", _migrate, "bring the database to this version")
    example = _verb(verbs, "example-config", _example_config, "print every key with its meaning")
    example.set_defaults(without_configuration=True)
    demo_ = _verb(verbs, "demo", _demo, "walk the whole job with fictitious people, real mail and an upload")
    demo_.add_argument("--slow", action="store_true", help="pause between the steps")


def _add_requests(verbs: Verbs) -> None:
    group = _group(verbs, "request", "what was asked (verzoeken)")
    import_ = _verb(group, "import", _request_import, "open requests from JSON; all or nothing")
    import_.add_argument("file", help="a file, or - for standard input")
    _json_option(_verb(group, "list", _request_list, "all requests, nearest last day first"))
    show = _verb(group, "show", _request_show, "one request")
    show.add_argument("reference")
    extend = _verb(group, "extend", _request_extend, "give more time (uitstel)")
    extend.add_argument("reference")
    extend.add_argument("--until", type=date.fromisoformat, required=True, metavar="DATE")
    extend.add_argument("--reason", required=True)
    close = _verb(group, "close", _request_close, "close a request")
    close.add_argument("reference")
    close.add_argument("--reason", required=True)


def _add_submissions(verbs: Verbs) -> None:
    group = _group(verbs, "submission", "what came in (inzendingen)")
    list_ = _verb(group, "list", _submission_list, "submissions in order of arrival")
    list_.add_argument("--request", metavar="REF")
    list_.add_argument("--state", type=Status, choices=list(Status), metavar="STATE", help=", ".join(Status))
    list_.add_argument("--since", type=_moment, metavar="TIME")
    list_.add_argument("--until", type=_moment, metavar="TIME")
    _json_option(list_)
    show = _verb(group, "show", _submission_show, "one submission")
    show.add_argument("number")
    why = _verb(group, "why", _submission_why, "facts, the rule that spoke, the reason and the legal ground")
    why.add_argument("number")
    _json_option(why)
    assign = _verb(group, "assign", _submission_assign, "say which request (and item) it is for")
    assign.add_argument("number")
    assign.add_argument("--request", required=True, metavar="REF")
    assign.add_argument("--document", metavar="SHA256")
    assign.add_argument("--item", metavar="N")
    release = _verb(group, "release", _submission_release, "lift the hold")
    release.add_argument("number")
    refuse = _verb(group, "refuse", _submission_refuse, "refuse a held submission")
    refuse.add_argument("number")
    refuse.add_argument("--reason", type=Reason, choices=list(Reason), required=True, metavar="CODE")


def _add_evidence(verbs: Verbs) -> None:
    receipt = _group(verbs, "receipt", "receipts")
    export = _verb(receipt, "export", _receipt_export, "everything the sender needs to prove receipt without us")
    export.add_argument("number")
    export.add_argument("--out", required=True, metavar="DIR")
    verify = _verb(verbs, "verify", _verify, "check a receipt offline; needs only its files")
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
    verifier = _verb(verbs, "verifier", _verifier, "print a way to check receipts without this program")
    verifier.add_argument("kind", choices=sorted(receipts.VERIFIERS), help="an offline page, or a shell script")
    verifier.add_argument("--out", metavar="FILE")
    verifier.set_defaults(without_configuration=True)
    ledger = _group(verbs, "ledger", "the log of everything that happened")
    whole = _verb(ledger, "verify", _ledger_verify, "check the whole log")
    whole.add_argument("--content", action="store_true", help="read every stored byte again")
    tiles_ = _verb(ledger, "export", _ledger_export, "the log as static files (c2sp.org/tlog-tiles); only what is new")
    tiles_.add_argument("--out", required=True, metavar="DIR")
    _verb(ledger, "rotate-key", _ledger_rotate_key, "sign with a new key from now on; stop all other processes first")
    _add_witness(verbs)
    register = _verb(verbs, "register", _register, "the gap-free list of everything that arrived")
    register.add_argument("--from", dest="since", type=_moment, required=True, metavar="T")
    register.add_argument("--until", type=_moment, required=True, metavar="T")
    register.add_argument("--address", metavar="A")
    _json_option(register)
    bundle = _verb(verbs, "bundle", _bundle, "the bundle of a request, as the caseworker gets it")
    bundle.add_argument("reference")
    bundle.add_argument("--out", required=True, metavar="FILE.zip")


def _add_witness(verbs: Verbs) -> None:
    group = _group(verbs, "witness", "vouch for the logs of others (c2sp.org/tlog-witness); needs no configuration")
    run_ = _verb(group, "run", _witness_run, "cosign what continues what was seen before")
    run_.add_argument("--listen", type=_address, default="127.0.0.1:8090", metavar="ADDRESS:PORT")
    run_.add_argument("--log", action="append", required=True, metavar="FILE", help="keys of the logs, one a line")
    run_.add_argument("--state", required=True, metavar="FILE", help="what was seen; never give it a second key")
    for verb in (run_, _verb(group, "vkey", _witness_vkey, "print the key to give to the logs")):
        verb.add_argument("--name", required=True, metavar="NAME", help="such as witness.example/w1; never change it")
        verb.add_argument("--key", required=True, metavar="FILE", help="the private key (PEM); made on first use")
        verb.set_defaults(without_configuration=True)


def _add_house(verbs: Verbs) -> None:
    outage = _group(verbs, "outage", "the outage register (Awb 2:21)")
    add = _verb(outage, "add", _outage_add, "register an outage")
    add.add_argument("--channel", type=Channel, choices=list(Channel), required=True, metavar="CHANNEL")
    add.add_argument("--from", dest="since", type=_moment, metavar="T")
    add.add_argument("--until", type=_moment, metavar="T")
    add.add_argument("--planned", action="store_true")
    add.add_argument("--note", default="")
    end = _verb(outage, "end", _outage_end, "the channel can be reached again")
    end.add_argument("id", type=int)
    end.add_argument("--until", type=_moment, metavar="T")
    _json_option(_verb(outage, "list", _outage_list, "all outages"))
    token = _group(verbs, "token", "bearer tokens of the API")
    create = _verb(token, "create", _token_create, "print a new token, once")
    create.add_argument("--scope", type=Scope, choices=list(Scope), nargs="+", required=True, metavar="S")
    create.add_argument("--name", required=True)
    _json_option(_verb(token, "list", _token_list, "all tokens, never the secrets"))
    revoke = _verb(token, "revoke", _token_revoke, "the token opens nothing any more")
    revoke.add_argument("name")
    account = _group(verbs, "account", "local staff accounts of the embedded default")
    new = _verb(account, "add", _account_add, "make an account, or give it a new password")
    new.add_argument("name")
    new.add_argument("--role", type=StaffRole, choices=list(StaffRole), required=True, metavar="ROLE")
    new.add_argument("--password-file", metavar="FILE")
