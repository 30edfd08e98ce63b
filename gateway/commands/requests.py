"""Requests: what was asked (verzoeken)."""

import argparse
import sys
from datetime import date
from pathlib import Path

from config.settings import Settings
from gateway import sheets
from gateway.commands import terminal
from gateway.commands.terminal import DONE, Verbs
from gateway.core.errors import Refused
from gateway.schema import VerzoekIn, dump, read_requests


def add(verbs: Verbs) -> None:
    """The words of this group."""
    group = terminal.group(verbs, "request", "what was asked (verzoeken)")
    import_ = terminal.verb(group, "import", _request_import, "open requests from JSON, CSV or Excel; all or nothing")
    import_.add_argument("file", help="a file, or - for standard input")
    terminal.json_option(terminal.verb(group, "list", _request_list, "all requests, nearest last day first"))
    show = terminal.verb(group, "show", _request_show, "one request")
    show.add_argument("reference")
    extend = terminal.verb(group, "extend", _request_extend, "give more time (uitstel)")
    extend.add_argument("reference")
    extend.add_argument("--until", type=date.fromisoformat, required=True, metavar="DATE")
    extend.add_argument("--reason", required=True)
    close = terminal.verb(group, "close", _request_close, "close a request")
    close.add_argument("reference")
    close.add_argument("--reason", required=True)


def _request_import(given: argparse.Namespace, settings: Settings) -> int:
    raw = sys.stdin.buffer.read() if given.file == "-" else Path(given.file).read_bytes()
    if given.file.lower().endswith(sheets.KINDS):
        return _open(sheets.read_sheet(given.file, raw, settings.requests.import_rows), settings, several=True)
    try:
        text = raw.decode("utf-8-sig")  # with the mark that Windows puts before it, or without
    except UnicodeDecodeError as error:
        raise Refused.because("-", f"geen UTF-8 / not UTF-8: {error.reason}") from error
    return _open(read_requests(text), settings, several=text.lstrip().startswith("["))


def _open(values: tuple[VerzoekIn, ...], settings: Settings, *, several: bool) -> int:
    with terminal.opened(settings) as house:
        made = [dump(request) for request in house.desk.requests.open(values)]
    terminal.print_json(made if several else made[0])
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
        terminal.print_json(dump(house.desk.queries.request(given.reference)))
    return DONE


def _request_extend(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.requests.extend(given.reference, given.until, given.reason, terminal.officer())
        terminal.print_json(dump(house.desk.queries.request(given.reference)))
    return DONE


def _request_close(given: argparse.Namespace, settings: Settings) -> int:
    with terminal.opened(settings) as house:
        house.desk.requests.close(given.reference, given.reason, terminal.officer())
        terminal.print_json(dump(house.desk.queries.request(given.reference)))
    return DONE
