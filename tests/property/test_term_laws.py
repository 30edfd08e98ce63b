"""Laws of terms, held against a walk day by day with another calendar library."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.calendar import load_calendar
from gateway.core import terms
from gateway.core.model import Term
from gateway.core.words import Unit

CALENDAR = load_calendar()
ORACLE = holidays.country_holidays("NL", years=range(2022, 2031), categories=("public", "optional"))
DAYS = st.dates(date(2023, 1, 1), date(2028, 6, 30))
TERMS = st.builds(Term, st.integers(1, 25), st.sampled_from(Unit))


def is_free_by_oracle(day: date) -> bool:
    return day.weekday() >= 5 or day in ORACLE or day in CALENDAR.decree_days


@pytest.mark.parametrize("year", range(2014, 2051))
def test_the_holidays_are_those_of_the_oracle(year: int) -> None:
    named = holidays.country_holidays("NL", years=year, categories=("public", "optional"))
    sundays_need_no_mention = {d for d, name in named.items() if d.weekday() == 6 and len(name.split(";")) == 1}
    ours = set(terms.holidays(year))
    assert ours >= set(named) - sundays_need_no_mention
    assert ours <= set(named)


@given(DAYS, TERMS, st.booleans())
def test_a_later_start_never_ends_earlier(sent: date, term: Term, statutory: bool) -> None:  # noqa: FBT001 - drawn
    first = terms.last_day(sent, term, CALENDAR, statutory=statutory)
    second = terms.last_day(sent + timedelta(days=1), term, CALENDAR, statutory=statutory)
    assert first.day <= second.day


@given(DAYS, TERMS)
def test_our_own_term_never_ends_on_a_free_day_nor_before_its_count(sent: date, term: Term) -> None:
    end = terms.last_day(sent, term, CALENDAR)
    assert not CALENDAR.is_free(end.day)
    assert sent < end.raw_day <= end.day


@given(DAYS, st.integers(1, 90))
def test_a_term_in_days_is_what_a_walk_day_by_day_finds(sent: date, count: int) -> None:
    day, left, working = sent, count, 0
    while left > 0 or is_free_by_oracle(day) or (count >= 3 and working < 2):
        day += timedelta(days=1)
        left -= 1
        working += not is_free_by_oracle(day)
    assert terms.last_day(sent, Term(count, Unit.DAYS), CALENDAR, statutory=True).day == day


@given(DAYS, TERMS, st.booleans())
def test_every_derivation_ends_with_the_last_day(sent: date, term: Term, statutory: bool) -> None:  # noqa: FBT001
    end = terms.last_day(sent, term, CALENDAR, statutory=statutory)
    for language in ("nl", "en"):
        assert terms.day_in_words(end.day, language) in terms.derivation(end, language)[-1]


@given(DAYS, st.integers(0, 400))
def test_more_suspension_never_ends_earlier(sent: date, days: int) -> None:
    term = Term(8, Unit.WEEKS)
    shorter = terms.last_day(sent, term, CALENDAR, statutory=True, suspended_days=days)
    longer = terms.last_day(sent, term, CALENDAR, statutory=True, suspended_days=days + 1)
    assert shorter.day <= longer.day
