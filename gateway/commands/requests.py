"""Requests: what was asked (verzoeken)."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from config.settings import Settings
from gateway import sheets
from gateway.commands import closing, dealings, terminal
from gateway.commands.terminal import DONE, Verbs
from gateway.core.errors import Refused
from gateway.core.terms import day_in_words
from gateway.schema import (
    BeslistermijnUitleg,
    BuitenBehandeling,
    Termijnen,
    VerzoekIn,
    VerzoekNieuw,
    dump,
    read_requests,
)


def add(verbs: Verbs) -> None:
    """The words of this group."""
    group = terminal.group(verbs, "request", "what was asked (verzoeken)")
    import_ = terminal.verb(group, "import", _request_import, "open requests from JSON, CSV or Excel; all or nothing")
    import_.add_argument("file", help="a file, or - for standard input")
    terminal.json_option(terminal.verb(group, "list", _request_list, "all requests, nearest last day first"))
    show = terminal.verb(group, "show", _request_show, "one request")
    show.add_argument("reference")
    why = terminal.verb(group, "why-date", _request_why_date, "every day that counts for a request, and why that day")
    why.add_argument("reference")
    terminal.json_option(why)
    extend = terminal.verb(group, "extend", _request_extend, "give more time (uitstel)")
    extend.add_argument("reference")
    extend.add_argument("--until", type=terminal.day, required=True, metavar="DATE")
    extend.add_argument("--reason", required=True)
    dealings.add_contact(group)
    closing.add(group)
    close = terminal.verb(group, "close", _request_close, "close a request")
    close.add_argument("reference")
    close.add_argument("--reason", required=True)


def _request_import(given: argparse.Namespace, settings: Settings) -> int:
    raw = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
    if given.file.lower().endswith(sheets.KINDS):
        sheet = sheets.read_sheet(given.file, raw, settings.requests.import_rows)
        return _open(sheet.opened, settings, several=True)
    try:
        text = raw.decode("utf-8-sig")  # with the mark that Windows puts before it, or without
    except UnicodeDecodeError as error:
        raise Refused.because("-", f"geen UTF-8 / not UTF-8: {error.reason}") from error
    values = read_requests(text)
    return _open(lambda register: register(values), settings, several=text.lstrip().startswith("["))


_Register = Callable[[Sequence[VerzoekIn]], tuple[VerzoekNieuw, ...]]


def _open(opened: Callable[[_Register], tuple[VerzoekNieuw, ...]], settings: Settings, *, several: bool) -> int:
    with terminal.opened(settings) as house:
        register = partial(house.desk.correspondence.register, officer=terminal.officer())
        made = [dump(request) for request in opened(register)]
    terminal.print_json(made if several else made[0])
    for remark in (remark for request in made for remark in request.get("opmerkingen", ())):
        terminal.say(f"herstelpost: {remark['plaats']}: {remark['tekst']}")
    terminal.say("herstelpost: the access codes are shown this once; put them in the letter")
    return DONE


def _request_list(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        requests = [dump(request) for request in house.desk.queries.requests()]
    if given.json:
        terminal.print_json(requests)
    else:
        terminal.print_table(
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
    with terminal.opened(settings) as house:
        request = house.desk.queries.request(given.reference)
        terminal.viewed(house, request.kenmerk, "verzoek")
        terminal.print_json(dump(request))
    return DONE


def _request_why_date(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        days = house.desk.dates.why(given.reference)
    if given.json:
        terminal.print_json(dump(days))
        return DONE
    for title, sentences in _day_chapters(days):
        print(title, *(f"  {sentence}" for sentence in sentences), sep="\n")
    return DONE


def _day_chapters(days: Termijnen) -> Iterator[tuple[str, Sequence[str]]]:
    """The days of a request as chapters of sentences, in Dutch."""
    yield f"Laatste dag voor de stukken: {day_in_words(days.laatsteDag, 'nl')}", days.hersteltermijn.uitleg.nl
    for more in days.uitstel:
        given, until = day_in_words(more.gegevenOp, "nl"), day_in_words(more.tot, "nl")
        yield "Uitstel", [f"Op {given} gaf {more.medewerker} uitstel tot en met {until}."]
    for redirection in days.doorverwijzingen:
        yield f"Na doorverwijzing van {redirection.ontvangstnummer}", redirection.uitleg.nl
    if (decision := days.beslistermijn) is not None:
        other = f"In de andere lezing van een ongebruikte termijn: {day_in_words(decision.andereLezing, 'nl')}."
        notes = [note for note in (decision.afwijking, other if decision.stilstand else "") if note]
        yield _title("Laatste dag om te beslissen", decision), [*decision.uitleg.nl, *notes]
    if (closing := days.buitenBehandeling) is not None:
        warned = ", ".join(day_in_words(day, "nl") for day in closing.waarschuwingen)
        title = _title("Laatste dag om buiten behandeling te laten (art. 4:5 lid 4 Awb)", closing)
        yield title, [*closing.uitleg.nl, f"Waarschuwen op: {warned}."]


def _title(text: str, day: BeslistermijnUitleg | BuitenBehandeling) -> str:
    return f"{text}: {day_in_words(day.laatsteDag, 'nl')}{' (voorlopig)' if day.voorlopig else ''}"


def _request_extend(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.dealings.extend(given.reference, given.until, given.reason, terminal.officer())
        terminal.print_json(dump(house.desk.queries.request(given.reference)))
    return DONE


def _request_close(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.requests.close(given.reference, given.reason, terminal.officer())
        terminal.print_json(dump(house.desk.queries.request(given.reference)))
    return DONE
