"""Submissions: what came in (inzendingen), and what a person does with what is held."""

import argparse
import json
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from config.settings import Settings
from gateway.app import House
from gateway.commands import terminal
from gateway.commands.terminal import DONE, FAILED, Verbs
from gateway.core.business import Business
from gateway.core.errors import Refused, WrongState
from gateway.core.facts import MESSAGE, Act, ActKind
from gateway.core.model import StoredFile
from gateway.core.words import Reason, Status
from gateway.counter import CHANNELS, Paper
from gateway.quarantine import Quarantined
from gateway.schema import dump, instant
from gateway.unlocking import Answer, By
from scanners.unlock import Said

STILL_TO_CHOOSE: Final = "stuk"
_OF_HELD: Final = frozenset({ActKind.RELEASE, ActKind.REFUSE})
"""What is decided cannot be let go or turned down: that would be one more letter, or undo what a person did."""
_SEEN: Final = "inzending"
"""What the log says was seen, as for the page of a submission, which has both."""


def add(verbs: Verbs) -> None:
    """The words of this group."""
    group = terminal.group(verbs, "submission", "what came in (inzendingen)")
    list_ = terminal.verb(group, "list", _submission_list, "submissions in order of arrival")
    list_.add_argument("--request", metavar="REF")
    terminal.word_option(list_, "--state", Status, metavar="STATE")
    list_.add_argument("--since", type=terminal.moment, metavar="TIME")
    list_.add_argument("--until", type=terminal.moment, metavar="TIME")
    terminal.json_option(list_)
    show = terminal.verb(group, "show", _submission_show, "one submission")
    show.add_argument("number")
    why = terminal.verb(group, "why", _submission_why, "facts, the rule that spoke, the reason and the legal ground")
    why.add_argument("number")
    terminal.json_option(why)
    assign = terminal.verb(group, "assign", _submission_assign, "say which request (and item) it is for")
    assign.add_argument("number")
    assign.add_argument("--request", required=True, metavar="REF")
    assign.add_argument("--document", metavar="SHA256")
    assign.add_argument("--item", metavar="N")
    release = terminal.verb(group, "release", _submission_release, "lift the hold; or let out of quarantine, by two")
    release.add_argument("number")
    release.add_argument("--note", default="", metavar="TEXT", help="why")
    release.add_argument("--document", metavar="SHA256", help=f"out of quarantine; `{MESSAGE}`: the message itself")
    release.add_argument("--propose", action="store_true", help="say so first; somebody else lets it out")
    quarantine = terminal.verb(
        group, "quarantine", _submission_quarantine, "in what malware was found, and who opened it"
    )
    terminal.json_option(quarantine)
    open_ = terminal.verb(
        group, "open", _submission_open, "open a locked PDF; the password is asked for, or read from standard input"
    )
    open_.add_argument("number")
    open_.add_argument("--document", metavar="SHA256", help="needed where several are locked")
    refuse = terminal.verb(group, "refuse", _submission_refuse, "refuse a held submission")
    refuse.add_argument("number")
    terminal.word_option(refuse, "--reason", Reason, required=True, metavar="CODE")
    refuse.add_argument("--note", default="", metavar="TEXT", help="why")
    _add_elsewhere(group)
    register = terminal.verb(group, "register", _submission_register, "take in paper: by post or over the counter")
    register.add_argument("--request", required=True, metavar="REF")
    terminal.word_option(register, "--channel", CHANNELS, required=True, metavar="|".join(CHANNELS))
    register.add_argument("--received", type=terminal.moment, metavar="TIME", help="when it came in; default: now")
    register.add_argument("--postmarked", type=terminal.day, metavar="DATE", help="the day of the postmark")
    register.add_argument("--scan", action="append", default=[], metavar="N=FILE", help="`stuk=FILE`: still to choose")
    register.add_argument("--original", action="append", default=[], metavar="N", help="the original was seen")


def _add_elsewhere(group: Verbs) -> None:
    """What came in the wrong way, or is for somebody else."""
    redirect = terminal.verb(group, "redirect", _submission_redirect, "point to the right way (Awb 2:16)")
    redirect.add_argument("number")
    forward = terminal.verb(group, "forward", _submission_forward, "it was forwarded to whom it is for (Awb 2:3)")
    forward.add_argument("number")
    forward.add_argument("--to", required=True, metavar="BODY")
    back = terminal.verb(group, "return", _submission_return, "it is not for us (Awb 2:3)")
    back.add_argument("number")
    take_in = terminal.verb(group, "take-in", _submission_take_in, "treat it as good (Awb 2:16, 2:24)")
    take_in.add_argument("number")
    terminal.word_option(take_in, "--as", Business, dest="business", required=True, metavar="WHAT")
    take_in.add_argument("--to", required=True, metavar="TEAM", help="whom it was passed on to")
    take_in.add_argument("--note", default="", metavar="TEXT", help="why")


def _submission_register(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        desk = house.desk
        paper = Paper(
            reference=given.request,
            channel=given.channel,
            received_at=(given.received or desk.clock.now()).astimezone(UTC),
            officer=terminal.officer(),
            postmark_day=given.postmarked,
            originals=tuple(given.original),
        )
        accepted = desk.counter.take(paper, [_scan(house, named) for named in given.scan])
        terminal.print_json(dump(desk.queries.submission(accepted.number)))
    terminal.say("herstelpost: taken in; the gateway looks at it")
    return DONE


def _scan(house: House, named: str) -> StoredFile:
    item, _, path = named.partition("=")
    if not path:
        raise Refused.because("--scan", f"{named}: must be N=FILE")
    kept = house.desk.blobs.put(Path(path))
    return replace(kept, name=Path(path).name, item=None if item == STILL_TO_CHOOSE else item)


def _submission_list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        views = [
            dump(view) for view in house.desk.queries.submissions(given.request, given.state, given.since, given.until)
        ]
    if given.json:
        terminal.print_json(views)
    else:
        terminal.print_table(
            ("ONTVANGSTNUMMER", "ONTVANGEN OP", "KANAAL", "VERZOEK", "STATUS", "BESLUIT", "REDENEN"),
            [
                (
                    v["ontvangstnummer"],
                    v["ontvangenOp"],
                    v["kanaal"],
                    ", ".join(v["verzoeken"]) or "-",
                    v["status"],
                    v["besluit"] or "-",
                    ", ".join(v["redenen"]) or "-",
                )
                for v in views
            ],
        )
    return DONE


def _submission_show(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        submission = house.desk.queries.submission(given.number)
        terminal.viewed(house, submission.ontvangstnummer, _SEEN)
        terminal.print_json(dump(submission))
    return DONE


def _submission_why(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        why = TypeAdapter(type(found := house.desk.queries.why(given.number))).dump_python(found, mode="json")
        terminal.viewed(house, found.number, _SEEN)
    if given.json:
        terminal.print_json(why)
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
    if given.item and not given.document:
        raise Refused.because("--item", "is the item of one document: give --document too")
    act = Act(
        ActKind.ASSIGN, terminal.officer(), request=given.request, document=given.document or "", item=given.item or ""
    )
    return _act(given.number, act, settings)


def _submission_release(given: argparse.Namespace, settings: Settings) -> int:
    if not given.document and not given.propose:
        return _act(given.number, Act(ActKind.RELEASE, terminal.officer(), note=given.note), settings)
    if not given.document:
        raise Refused.because("--propose", "is about something in quarantine: give --document too")
    return _out_of_quarantine(given, settings)


def _out_of_quarantine(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        desk = house.desk
        if given.propose:
            desk.quarantine.propose(given.number, given.document, terminal.officer(), given.note)
        else:
            desk.quarantine.release(given.number, given.document, terminal.officer())
        terminal.print_json(dump(desk.queries.submission(given.number)))
    said = "noted; somebody else has to let it out" if given.propose else "noted; the gateway decides again"
    terminal.say(f"herstelpost: {said}")
    return DONE


def _submission_quarantine(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        found = house.desk.quarantine.contents()
    if given.json:
        terminal.print_json(TypeAdapter(tuple[Quarantined, ...]).dump_python(found, mode="json"))
        return DONE
    terminal.print_table(
        ("ONTVANGSTNUMMER", "SINDS", "GEVONDEN", "STUK", "OPGEHAALD DOOR", "VRIJGAVE VOORGESTELD DOOR"),
        [
            (
                each.submission,
                instant(each.since),
                each.found,
                each.document,
                ", ".join(opened.who for opened in each.opened) or "-",
                each.proposal.officer if each.proposal else "-",
            )
            for each in found
        ],
    )
    return DONE


def _submission_open(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        desk = house.desk
        openable = desk.unlocking.openable(given.number)
        if given.document is None and len(openable) > 1:
            raise Refused.because("--document", f"several are locked, name one: {', '.join(sorted(openable))}")
        document = given.document or next(iter(openable), "")
        if document not in openable:
            terminal.say("herstelpost: error: nothing there that a password opens, or it is open already")
            return FAILED
        answer = desk.unlocking.open(given.number, document, terminal.secret("password"), By(terminal.officer()))
        if answer.said is not Said.OPENED:
            terminal.say(f"herstelpost: error: {_not_opened(answer)}")
            return FAILED
        terminal.print_json(dump(desk.queries.submission(given.number)))
    terminal.say("herstelpost: opened; the gateway decides again, on the copy without password")
    return DONE


def _not_opened(answer: Answer) -> str:
    if answer.again_at is not None:
        return f"too many wrong passwords; again from {instant(answer.again_at)}"
    if answer.said is Said.FAILED:
        return "it could not be opened, whatever the password"
    return "that is not its password" if answer.said is Said.WRONG else "it is open already"


def _submission_refuse(given: argparse.Namespace, settings: Settings) -> int:
    act = Act(ActKind.REFUSE, terminal.officer(), reason=given.reason, note=given.note)
    return _act(given.number, act, settings)


def _submission_redirect(given: argparse.Namespace, settings: Settings) -> int:
    return _act(given.number, Act(ActKind.REDIRECT, terminal.officer()), settings)


def _submission_forward(given: argparse.Namespace, settings: Settings) -> int:
    return _act(given.number, Act(ActKind.FORWARD, terminal.officer(), receiver=given.to), settings)


def _submission_take_in(given: argparse.Namespace, settings: Settings) -> int:
    act = Act(ActKind.TAKE_IN, terminal.officer(), note=given.note, receiver=given.to, business=given.business)
    return _act(given.number, act, settings)


def _submission_return(given: argparse.Namespace, settings: Settings) -> int:
    return _act(given.number, Act(ActKind.RETURN, terminal.officer()), settings)


def _act(number: str, act: Act, settings: Settings) -> int:
    """The act is stored; the running gateway decides anew. Without one, the next start does."""
    with terminal.opened(settings) as house:
        if act.kind in _OF_HELD and house.desk.queries.submission(number).status is Status.DONE:
            raise Refused.because(
                "ontvangstnummer", f"{number} is niet aangehouden; er is niets vrij te geven of te weigeren"
            )
        try:
            house.desk.store.act(number, act)
        except WrongState:
            raise Refused.because(
                "ontvangstnummer", f"er wordt nog aan {number} gewerkt; probeer het zo opnieuw"
            ) from None
        terminal.print_json(dump(house.desk.queries.submission(number)))
    terminal.say("herstelpost: noted; the gateway decides again")
    return DONE
