"""Running the gateway, its configuration, the demo."""

import argparse
import sys
from pathlib import Path
from typing import Final

from config import settings as configuration
from config.settings import BadConfiguration, Settings
from gateway import app, events
from gateway.commands import terminal
from gateway.commands.terminal import BAD_CONFIGURATION, DONE, Verbs
from gateway.core import terms
from gateway.database import Database

EXAMPLE: Final = Path(configuration.__file__).with_name("example.toml")
PARTS: Final = ("smtp", "imap", "portal", "worker", "scheduler")


def add(verbs: Verbs) -> None:
    """The words of this group."""
    run_ = terminal.verb(verbs, "run", _run, "run the gateway; SIGTERM drains and stops")
    run_.add_argument("--only", type=_parts, metavar="PART,...", help=",".join(PARTS))
    terminal.verb(verbs, "check", _check, "read the configuration, try every server it names, print every problem")
    terminal.verb(verbs, "migrate", _migrate, "bring the database to this version")
    example = terminal.verb(verbs, "example-config", _example_config, "print every key with its meaning")
    example.set_defaults(without_configuration=True)
    demo_ = terminal.verb(verbs, "demo", _demo, "walk the whole job with fictitious people, real mail and an upload")
    demo_.add_argument("--slow", action="store_true", help="pause between the steps")


def _run(given: argparse.Namespace, settings: Settings) -> int:
    from gateway import checks, service  # noqa: PLC0415  # the portal takes a second to import; others need none

    parts = given.only or PARTS
    today = terms.local_day(terminal.now())
    channels = [checks.CHANNELS[part] for part in parts if part in checks.CHANNELS]
    if problems := checks.undesignated(settings, given.config_name, channels, today):
        raise BadConfiguration(problems)
    events.set_up()
    house = app.build(settings)
    try:
        terminal.say(
            f"Herstelpost: SMTP {settings.smtp.listen}, portal {settings.portal.public_url}",
            *_hints(settings, house),
            *checks.warnings(settings, today),
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

    today = terms.local_day(terminal.now())
    problems = checks.problems(settings, given.config_name, today)
    terminal.say(*problems, *checks.warnings(settings, today))
    if not problems:
        terminal.say("herstelpost: configuration and servers are in order")
    return BAD_CONFIGURATION if problems else DONE


def _migrate(_given: argparse.Namespace, settings: Settings) -> int:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        database.migrate()
    finally:
        database.close()
    terminal.say("herstelpost: the database is at this version")
    return DONE


def _example_config(_given: argparse.Namespace, _settings: Settings) -> int:
    sys.stdout.write(EXAMPLE.read_text(encoding="utf-8"))
    return DONE


def _demo(given: argparse.Namespace, settings: Settings) -> int:
    from gateway import demo  # noqa: PLC0415  # see _run

    return demo.run(settings, slow=bool(given.slow))


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = sorted(set(parts) - set(PARTS))
    if unknown or not parts:
        raise argparse.ArgumentTypeError(f"choose from {', '.join(PARTS)}")
    return parts
