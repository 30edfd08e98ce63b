"""Reads a calendar file into the pure value that term arithmetic works with."""

import tomllib
from datetime import date, datetime
from pathlib import Path

from gateway.core.terms import Calendar

DUTCH = Path(__file__).with_name("calendars") / "nl.toml"


class CalendarError(ValueError):
    """The calendar file cannot be used; says `file: key: problem` for every problem, one a line."""


def load_calendar(path: Path = DUTCH) -> Calendar:
    """The calendar in a TOML file of `[[decree]]` tables; CalendarError names all that is wrong with it.

    Without a calendar no last day can be right, so nothing is filled in or passed over.
    """
    try:
        decrees = tomllib.loads(path.read_text(encoding="utf-8")).get("decree", [])
    except (OSError, ValueError) as error:
        raise CalendarError(f"{path}: {error}") from error
    if not isinstance(decrees, list) or not all(isinstance(decree, dict) for decree in decrees):
        raise CalendarError(f"{path}: decree: must be a list of [[decree]] tables")
    if faults := [f"{path}: {fault}" for n, decree in enumerate(decrees, 1) for fault in _faults(n, decree)]:
        raise CalendarError("\n".join(faults))
    return Calendar(
        decree_days=frozenset(day for decree in decrees for day in decree["days"]),
        covered_years=frozenset(year for decree in decrees for year in _years(decree)),
    )


def _years(decree: dict[str, object]) -> range:
    first, last = decree["first_year"], decree["last_year"]
    if isinstance(first, int) and isinstance(last, int):
        return range(first, last + 1)
    return range(0)


def _faults(number: int, decree: dict[str, object]) -> list[str]:
    place = f"decree {number}"
    if missing := sorted({"source", "first_year", "last_year", "days"} - decree.keys()):
        return [f"{place}: {key}: is missing" for key in missing]
    days = decree["days"]
    if not _years(decree):
        return [f"{place}: last_year: the years must be whole numbers, the last not before the first"]
    if not isinstance(days, list):
        return [f"{place}: days: must be a list of dates"]
    return [
        f"{place}: days: {day} is not a date within the years of the decree"
        for day in days
        if not isinstance(day, date) or isinstance(day, datetime) or day.year not in _years(decree)
    ]
