"""Every term of a citizen, counted a second time: a walk day by day, with other calendars than ours.

The holidays are those of the `holidays` package, months are those of `dateutil`, the decree days are written down
here once more. Nothing of `gateway.core.terms` is used to find the expected day.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import holidays
import pytest
from dateutil.relativedelta import relativedelta

from config.calendar import load_calendar
from gateway.core import terms
from gateway.core.model import Term
from gateway.core.words import Unit

YEARS = range(2024, 2036)
TERMS = (
    *(Term(count, Unit.DAYS) for count in range(1, 91)),
    *(Term(count, Unit.WEEKS) for count in range(1, 14)),
    *(Term(count, Unit.MONTHS) for count in range(1, 4)),
)
COMPARED = 4383 * len(TERMS)
DECREES = (
    "2023-04-28 2023-05-19 2024-05-10 2024-12-27 2025-05-30 2026-01-02 2026-05-15 2027-05-07 2028-04-28 2028-05-26"
)
_FREE = set(holidays.country_holidays("NL", years=range(2024, 2038), categories=("public", "optional")))
_FREE |= {date.fromisoformat(text) for text in DECREES.split()}
_A_DAY = timedelta(days=1)


def walked(start: date, *, statutory: bool) -> dict[Term, date]:
    """The last day of every term that starts on a day: one walk forward, which ends each term on the way."""
    found: dict[Term, date] = {}
    waiting: list[tuple[Term, int]] = []
    ends: dict[date, list[Term]] = {}
    for term in TERMS:
        ends.setdefault(_counted(start, term), []).append(term)
    day, passed, working = start, 0, 0
    while len(found) < len(TERMS):
        day, passed = day + _A_DAY, passed + 1
        free = day.weekday() >= 5 or day in _FREE
        working += not free
        waiting += [(term, passed) for term in ends.get(day, ())]
        over = [(term, days) for term, days in waiting if _may_end(term, days, free, working, statutory)]
        found |= dict.fromkeys((term for term, _ in over), day)
        waiting = [pair for pair in waiting if pair not in over] if over else waiting
    return found


def _may_end(term: Term, days: int, free: bool, working: int, statutory: bool) -> bool:  # noqa: FBT001
    if statutory and term == Term(13, Unit.WEEKS):
        return True  # art. 4: more than twelve weeks
    return not free and (not statutory or days < 3 or working >= 2)


def _counted(start: date, term: Term) -> date:
    match term.unit:
        case Unit.DAYS:
            return start + relativedelta(days=term.count)
        case Unit.WEEKS:
            return start + relativedelta(weeks=term.count)
        case _:
            return start + relativedelta(months=term.count)


def starts() -> Iterator[date]:
    day = date(YEARS[0], 1, 1)
    while day.year <= YEARS[-1]:
        yield day
        day += _A_DAY


@pytest.mark.parametrize("statutory", [True, False])
def test_every_term_from_every_day_of_twelve_years_is_what_a_walk_finds(
    statutory: bool,  # noqa: FBT001 - a column of the table
    capsys: pytest.CaptureFixture[str],
) -> None:
    calendar = load_calendar()
    compared = 0
    for start in starts():
        for term, expected in walked(start, statutory=statutory).items():
            assert terms.last_day(start, term, calendar, statutory=statutory).day == expected, (start, term)
            compared += 1
    with capsys.disabled():
        kind = "statutory" if statutory else "our own"
        print(f"\n{compared} last days of {kind} terms agree with the oracle")  # noqa: T201 - for the reader
    assert compared == COMPARED == 464_598
