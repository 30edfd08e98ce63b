"""When the last day is over: what waits for a decision, the facts for it, and the decision of a person."""

import argparse
from pathlib import Path

from config.settings import Settings
from gateway.commands import terminal
from gateway.commands.terminal import DONE, Verbs
from gateway.core.closing import Verdict, reason
from gateway.schema import dump


def add(requests: Verbs) -> None:
    """The words of this group, among those for requests."""
    list_ = terminal.verb(requests, "over", _over, "requests whose last day is over: proposals, and what still waits")
    terminal.json_option(list_)
    facts = terminal.verb(requests, "facts", _facts, "the facts for a decision (Awb 4:5) as PDF")
    facts.add_argument("reference")
    facts.add_argument("--out", required=True, metavar="FILE.pdf")
    decide = terminal.verb(requests, "decide", _decide, "an officer decides about what lapsed, with a reason")
    decide.add_argument("reference")
    terminal.word_option(decide, "--decision", Verdict, required=True, metavar="WORD")
    decide.add_argument("--reason", required=True)


def _over(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        found = house.desk.closing.over()
    if given.json:
        terminal.print_json(
            [
                {
                    "kenmerk": one.reference,
                    "laatsteDag": one.last_day.isoformat(),
                    "ontbreekt": one.missing,
                    "uiterlijk": one.decide_by.isoformat() if one.decide_by else None,
                    "wachtOp": {waits.obstacle: list(waits.what) for waits in one.waits},
                }
                for one in found
            ]
        )
    else:
        terminal.print_table(
            ("KENMERK", "LAATSTE DAG", "ONTBREEKT", "BESLISSEN", "WACHT OP"),
            [
                (
                    o.reference,
                    str(o.last_day),
                    str(o.missing),
                    str(o.decide_by or "-"),
                    reason(o.waits) or "een besluit",
                )
                for o in found
            ],
        )
    return DONE


def _facts(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        Path(given.out).write_bytes(house.desk.proposals.pdf(given.reference, terminal.officer()))
    terminal.say(f"herstelpost: {given.out}")
    return DONE


def _decide(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.closing.decide(given.reference, given.decision, given.reason, terminal.officer())
        terminal.print_json(dump(house.desk.queries.request(given.reference)))
    return DONE
