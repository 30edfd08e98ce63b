"""The command line: data to stdout (`--json` where a table is the default), words for people to stderr.

Exit 0 done; 1 the answer is no, or it failed; 2 wrong usage; 78 bad configuration.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from config import settings as configuration
from config.settings import BadConfiguration, Settings
from gateway.commands import dealings, evidence, house, person, post, requests, retention, running, submissions, witness
from gateway.commands.terminal import BAD_CONFIGURATION, FAILED, say
from gateway.core.errors import GatewayError, Refused


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
        say(*error.problems)
        return BAD_CONFIGURATION
    except Refused as error:
        say(*(f"herstelpost: error: {fault}" for fault in error.faults))
        return FAILED
    except (GatewayError, OSError) as error:
        say(f"herstelpost: error: {_in_words(error)}")
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def _in_words(error: GatewayError | OSError) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="herstelpost", description="Intake gateway for missing documents.")
    parser.add_argument("--config", metavar="FILE", help="configuration (TOML); else $HERSTELPOST_CONFIG")
    parser.set_defaults(without_configuration=False)
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    for commands in (running, requests, dealings, post, submissions, evidence, retention, person, witness, house):
        commands.add(verbs)
    return parser
