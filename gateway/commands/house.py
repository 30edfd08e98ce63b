"""Outages, tokens, accounts."""

import argparse
import getpass
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from config.settings import Settings
from gateway.commands import terminal
from gateway.commands.terminal import DONE, Verbs
from gateway.core.errors import Refused
from gateway.core.words import Channel
from gateway.dates import proposal_view
from gateway.people import Scope, StaffRole
from gateway.schema import dump, instant


def add(verbs: Verbs) -> None:
    """The words of this group."""
    outage = terminal.group(verbs, "outage", "the outage register (Awb 2:21)")
    new_outage = terminal.verb(outage, "add", _outage_add, "register an outage")
    terminal.word_option(new_outage, "--channel", Channel, required=True, metavar="CHANNEL")
    new_outage.add_argument("--from", dest="since", type=terminal.moment, metavar="T")
    new_outage.add_argument("--until", type=terminal.moment, metavar="T")
    new_outage.add_argument("--planned", action="store_true")
    new_outage.add_argument("--note", default="")
    end = terminal.verb(outage, "end", _outage_end, "the channel can be reached again")
    end.add_argument("id", type=int)
    end.add_argument("--until", type=terminal.moment, metavar="T")
    terminal.json_option(terminal.verb(outage, "list", _outage_list, "all outages"))
    terminal.json_option(terminal.verb(outage, "proposals", _outage_proposals, "requests whose last day was touched"))
    apply_ = terminal.verb(outage, "apply", _outage_apply, "make the proposed last day the last day")
    apply_.add_argument("reference", nargs="*", metavar="REF")
    apply_.add_argument("--all", action="store_true", help="of every request that has a proposal")
    dismiss = terminal.verb(outage, "dismiss", _outage_dismiss, "the last day stays, for a reason")
    dismiss.add_argument("reference", metavar="REF")
    dismiss.add_argument("--reason", required=True)
    token = terminal.group(verbs, "token", "bearer tokens of the API")
    create = terminal.verb(token, "create", _token_create, "print a new token, once")
    terminal.word_option(create, "--scope", Scope, nargs="+", required=True, metavar="S")
    create.add_argument("--name", required=True)
    terminal.json_option(terminal.verb(token, "list", _token_list, "all tokens, never the secrets"))
    revoke = terminal.verb(token, "revoke", _token_revoke, "the token opens nothing any more")
    revoke.add_argument("name")
    account = terminal.group(verbs, "account", "local staff accounts of the embedded default")
    new = terminal.verb(account, "add", _account_add, "make an account, or give it a new password")
    new.add_argument("name")
    terminal.word_option(new, "--role", StaffRole, required=True, metavar="ROLE")
    new.add_argument("--password-file", metavar="FILE")


def _outage_add(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        outage = house.desk.outages.add(
            given.channel, given.since or terminal.now(), given.until, planned=given.planned, note=given.note
        )
    terminal.print_json(TypeAdapter(type(outage)).dump_python(outage, mode="json"))
    return DONE


def _outage_end(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        outage = house.desk.outages.end(given.id, given.until or terminal.now())
    terminal.print_json(TypeAdapter(type(outage)).dump_python(outage, mode="json"))
    return DONE


def _outage_list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        outages = house.desk.outages.list()
    if given.json:
        terminal.print_json([TypeAdapter(type(o)).dump_python(o, mode="json") for o in outages])
    else:
        terminal.print_table(
            ("ID", "KANAAL", "VAN", "TOT", "GEPLAND", "OPMERKING"),
            [
                (
                    str(outage.id),
                    outage.channel,
                    instant(outage.started_at),
                    instant(outage.ended_at) if outage.ended_at else "-",
                    "ja" if outage.planned else "nee",
                    outage.note or "-",
                )
                for outage in outages
            ],
        )
    return DONE


def _outage_proposals(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        found = house.desk.outages.proposals()
    if given.json:
        terminal.print_json([{"kenmerk": p.reference} | dump(proposal_view(p)) for p in found])
    else:
        terminal.print_table(
            ("KENMERK", "STORINGEN", "LAATSTE DAG", "VOORSTEL"),
            [
                (
                    proposal.reference,
                    ", ".join(map(str, proposal.outages)),
                    proposal.later.old_day.isoformat() if proposal.later else "-",
                    proposal.later.day.isoformat() if proposal.later else "de storing duurt nog",
                )
                for proposal in found
            ],
        )
    return DONE


def _outage_apply(given: argparse.Namespace, settings: Settings) -> int:
    if bool(given.reference) == given.all:
        raise Refused.because("REF", "name the requests, or give --all")
    with terminal.opened(settings) as house:
        found = [p.reference for p in house.desk.outages.proposals() if p.later] if given.all else given.reference
        days = {
            reference: house.desk.outages.apply(reference, terminal.officer()).last_day.isoformat()
            for reference in found
        }
    terminal.print_json(days)
    return DONE


def _outage_dismiss(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.outages.dismiss(given.reference, given.reason, terminal.officer())
        terminal.print_json(dump(house.desk.queries.request(given.reference)))
    return DONE


def _token_create(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        print(house.desk.people.make_token(given.name, tuple(given.scope)))
    terminal.say("herstelpost: the token is shown this once")
    return DONE


def _token_list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        tokens = house.desk.people.tokens()
    if given.json:
        terminal.print_json([asdict(token) for token in tokens])
    else:
        terminal.print_table(
            ("NAAM", "RECHTEN", "GEMAAKT", "INGETROKKEN"),
            [(t.name, ", ".join(t.scopes), t.made_at, "ja" if t.revoked else "nee") for t in tokens],
        )
    return DONE


def _token_revoke(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.people.revoke_token(given.name)
    return DONE


def _account_add(given: argparse.Namespace, settings: Settings) -> int:
    password = Path(given.password_file).read_text().strip() if given.password_file else _ask_password()
    with terminal.opened(settings) as house:
        house.desk.people.add_account(given.name, given.role, password)
    terminal.say(f"herstelpost: {given.name} can sign in as {given.role} at {settings.portal.public_url}/medewerker")
    return DONE


def _ask_password() -> str:
    return getpass.getpass("Password: ")
