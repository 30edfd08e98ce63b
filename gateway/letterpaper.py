"""Our own letters as accessible PDF (PDF/UA-1, PDF/A-2a): the request for missing documents, and what follows it.

Rule 1: the Dutch letter counts; another language stands beside it and says so.
Rule 2: the same letter gives the same bytes: what it says is in its content, and its date is an argument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from gateway import paper
from gateway.core.kinds import DEFAULT, Taken
from gateway.core.model import MISSING

SHEETS: Final = ("ar", "de", "fr", "ti", "tr", "uk")
"""Languages with a sheet of explanation. Dutch needs none; every other gets the letter in English as well."""


@dataclass(frozen=True)
class Letterhead:
    """Who writes, and what every letter says of the ways to us. `cap_mb` is for one submission."""

    organisation: str
    portal_url: str
    help_phone: str
    postal_address: str
    cap_mb: int
    most_files: int
    taken: Taken = DEFAULT


@dataclass(frozen=True)
class Sheet:
    """One letter to one reader: `to` is empty in the portal's copy. `code` is on paper only."""

    day: date
    last_day: date
    why: Mapping[str, Sequence[str]]
    to: str = ""
    organisation: str = ""
    code: str | None = None


def request_pdf(request: Mapping[str, Any], sheet: Sheet, head: Letterhead) -> bytes:
    """The letter that asks for the documents of a request, which is the contract's JSON."""
    letter = _common(request, sheet, head) | {
        "procedure": request["procedure"],
        "kind": request["aanvraagsoort"],
        "last-day": paper.day_fields(sheet.last_day),
        "items": [_item(item) for item in request["stukken"]],
        "why": {language: list(sheet.why[language]) for language in paper.LANGUAGES},
        "portal": "portaal" in request["kanalen"],
        "portal-url": head.portal_url,
        "mail": request["mailadres"] if "email" in request["kanalen"] else None,
        "postal-address": head.postal_address,
        "code": sheet.code,
        "cap": head.cap_mb,
        "files": head.most_files,
        "kinds": {language: head.taken.listed(language) for language in paper.LANGUAGES},
    }
    return paper.typeset("request", {"letter": letter, "also": beside(request["taal"])}, _noon(sheet.day), "nl")


def answered_pdf(request: Mapping[str, Any], content: Mapping[str, Any], sheet: Sheet, head: Letterhead) -> bytes:
    """The letter that says that every item has an answer. `content`: may hold `opschorting`."""
    suspension = content.get("opschorting")
    answered = {
        "items": [_item(item) | {"status": item["status"]} for item in request["stukken"]],
        "suspension": suspension
        and {
            "days": suspension["dagen"],
            "last-day": paper.day_fields(date.fromisoformat(suspension["beslisUiterlijk"])),
            "why": suspension["afleiding"],
        },
    }
    letter = _common(request, sheet, head) | {"title": "Antwoord ontvangen", "answered": answered, "reminder": None}
    return paper.typeset("message", {"letter": letter, "also": beside(request["taal"])}, _noon(sheet.day), "nl")


def reminder_pdf(request: Mapping[str, Any], sheet: Sheet, head: Letterhead) -> bytes:
    """The letter that reminds of what is still missing and of the last day."""
    ways = {
        "items": [_item(item) for item in request["stukken"] if item["status"] in MISSING],
        "last-day": paper.day_fields(sheet.last_day),
        "portal-url": head.portal_url if "portaal" in request["kanalen"] else None,
        "mail": request["mailadres"] if "email" in request["kanalen"] else None,
        "postal-address": head.postal_address,
    }
    letter = _common(request, sheet, head) | {"title": "Herinnering", "answered": None, "reminder": ways}
    return paper.typeset("message", {"letter": letter, "also": beside(request["taal"])}, _noon(sheet.day), "nl")


def other_pdf(
    request: Mapping[str, Any], title: str, paragraphs: Sequence[str], sheet: Sheet, head: Letterhead
) -> bytes:
    """A letter with what a member of staff has to say, in Dutch."""
    letter = _common(request, sheet, head) | {"title": title, "paragraphs": list(paragraphs)} | _NEITHER
    return paper.typeset("message", {"letter": letter, "also": None}, _noon(sheet.day), "nl")


def beside(language: str) -> str | None:
    """The language that stands beside the Dutch letter: a sheet in the reader's own, else English."""
    if language == "nl":
        return None
    return language if language in SHEETS else "en"


def _common(request: Mapping[str, Any], sheet: Sheet, head: Letterhead) -> dict[str, Any]:
    everybody = ", ".join(party["naam"] for party in request["betrokkenen"])
    return {
        "organisation": head.organisation,
        "phone": head.help_phone,
        "to": sheet.to or everybody,
        "to-organisation": sheet.organisation,
        "day": paper.day_fields(sheet.day),
        "reference": request["kenmerk"],
        "case-number": request["zaaknummer"],
    }


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": item["nummer"],
        "description": item["omschrijving"],
        "person": item["persoon"],
        "original": item["origineelVereist"],
        "statement": item["verklaringToegestaan"],
    }


_NEITHER: Final = {"answered": None, "reminder": None}


def _noon(day: date) -> datetime:
    """An instant of that day: a letter has a date, and the same letter must give the same bytes."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=paper.AMSTERDAM)
