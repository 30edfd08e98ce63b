"""More time (uitstel), and what was agreed by telephone."""

import argparse
from dataclasses import asdict
from datetime import UTC
from typing import Any

from config.settings import Settings
from gateway.commands import terminal
from gateway.commands.terminal import DONE, Verbs
from gateway.dealings import Question, Way
from gateway.schema import instant


def add_contact(requests: Verbs) -> None:
    """`request contact`, among the words for requests."""
    contact = terminal.verb(requests, "contact", _contact, "keep what was agreed by telephone, and confirm it")
    contact.add_argument("reference")
    contact.add_argument("--person", required=True, metavar="NAME")
    contact.add_argument("--agreed", required=True, metavar="TEXT")
    contact.add_argument("--at", type=terminal.moment, metavar="TIME", help="when; default: now")


def add(verbs: Verbs) -> None:
    """The words of this group."""
    group = terminal.group(verbs, "extension", "questions for more time (uitstel)")
    list_ = terminal.verb(group, "list", _list, "the questions that wait, or all of one request")
    list_.add_argument("--request", metavar="REF")
    terminal.json_option(list_)
    ask = terminal.verb(group, "ask", _ask, "note that somebody asks for more time by telephone")
    ask.add_argument("reference")
    ask.add_argument("--person", required=True, metavar="NAME")
    ask.add_argument("--reason", required=True)
    grant = terminal.verb(group, "grant", _grant, "give more time")
    grant.add_argument("id", type=int)
    grant.add_argument("--until", type=terminal.day, required=True, metavar="DATE")
    grant.add_argument("--reason", required=True)
    refuse = terminal.verb(group, "refuse", _refuse, "give no more time")
    refuse.add_argument("id", type=int)
    refuse.add_argument("--reason", required=True)


def _contact(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        spoken_at = (given.at or house.desk.clock.now()).astimezone(UTC)
        house.desk.dealings.contact(given.reference, spoken_at, given.person, given.agreed, terminal.officer())
    terminal.say("herstelpost: kept; a confirmation goes to the people of the request")
    return DONE


def _list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        dealings = house.desk.dealings
        questions = dealings.questions(given.request) if given.request else dealings.waiting()
    if given.json:
        terminal.print_json([_json(question) for question in questions])
    else:
        terminal.print_table(
            ("ID", "VERZOEK", "GEVRAAGD OP", "WEG", "STAND", "TOT"),
            [(str(q.id), q.reference, instant(q.asked_at), q.way, q.state, str(q.until or "-")) for q in questions],
        )
    return DONE


def _json(question: Question) -> dict[str, Any]:
    moments = {"asked_at": instant(question.asked_at), "answered_at": None}
    if question.answered_at:
        moments["answered_at"] = instant(question.answered_at)
    days = {name: day.isoformat() if (day := getattr(question, name)) else None for name in ("was", "until")}
    return asdict(question) | moments | days


def _ask(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        print(house.desk.dealings.ask(given.reference, Way.PHONE, given.reason, given.person, terminal.officer()))
    return DONE


def _grant(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.dealings.grant(given.id, given.until, given.reason, terminal.officer())
    return DONE


def _refuse(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.dealings.refuse(given.id, given.reason, terminal.officer())
    return DONE
