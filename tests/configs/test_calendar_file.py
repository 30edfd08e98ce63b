"""The calendar file that ships with the program, and what is said of a broken one (P12)."""

from datetime import date
from pathlib import Path

import pytest

from config import calendar


def test_the_shipped_calendar_knows_the_decree_days_up_to_its_last_year() -> None:
    shipped = calendar.load_calendar()
    assert shipped.covered_years == frozenset(range(2023, 2029))
    assert {day for day in shipped.decree_days if day.year == 2026} == {date(2026, 1, 2), date(2026, 5, 15)}


DECREE = '[[decree]]\nsource = "s"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[decree]]", "decree 1: days: is missing"),
        (
            DECREE + "first_year = 2026\nlast_year = 2025\ndays = []",
            "last_year: the years must be whole numbers",
        ),
        (DECREE + "first_year = '2026'\nlast_year = 2026\ndays = []", "last_year: the years must be whole"),
        (DECREE + "first_year = 2026\nlast_year = 2026\ndays = 1", "decree 1: days: must be a list of dates"),
        (
            DECREE + "first_year = 2026\nlast_year = 2026\ndays = [2027-01-01]",
            "2027-01-01 is not a date within",
        ),
        (DECREE + "first_year = 2026\nlast_year = 2026\ndays = ['x']", "x is not a date within"),
        ("decree = ", "Invalid value"),
        ("decree = 3", "decree: must be"),
    ],
)
def test_a_broken_calendar_is_refused_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "xx.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(calendar.CalendarError, match=problem) as caught:
        calendar.load_calendar(file)
    assert str(caught.value).startswith(f"{file}: ")


def test_a_calendar_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(calendar.CalendarError, match=r"none\.toml"):
        calendar.load_calendar(tmp_path / "none.toml")
