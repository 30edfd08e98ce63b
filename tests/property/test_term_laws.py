"""Laws of terms, held against a walk day by day with another calendar library."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.calendar import load_calendar
from gateway.core import decision_term, leniency, terms
from gateway.core.decision_term import Extension, Invitation, Reading, UnusedTermEnd
from gateway.core.leniency import Interruption
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


# ---- the term for our own decision ---------------------------------------------------------------

PERMIT = Term(90, Unit.DAYS)
OURS = Reading()
READINGS = st.builds(Reading, st.sampled_from(UnusedTermEnd), st.booleans())
DECISION_TERMS = st.sampled_from((PERMIT, Term(8, Unit.WEEKS), Term(19, Unit.WEEKS)))


@st.composite
def invitations(draw: st.DrawFn) -> Invitation:
    """A letter of 2026, perhaps completed, perhaps with more time."""
    letter = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 200)))
    last = letter + timedelta(days=draw(st.integers(1, 60)))
    granted = letter + timedelta(days=draw(st.integers(0, 90)))
    more = Extension(granted, max(last, granted) + timedelta(days=draw(st.integers(1, 30))), draw(st.booleans()))
    completed = draw(st.none() | st.integers(0, 120).map(lambda days: letter + timedelta(days=days)))
    return Invitation(letter, last, (more,) if draw(st.booleans()) else (), completed, draw(st.booleans()))


def decided(
    letters: list[Invitation],
    term: Term = PERMIT,
    reading: Reading = OURS,
) -> decision_term.DecisionEnd:
    return decision_term.decision_end(date(2026, 1, 1), term, letters, CALENDAR, reading)


NEVER_ANSWERED = Invitation(date(2026, 1, 1), date(2026, 1, 2), (), None, new_items=True)
ANSWERED_AT_THE_END = replace(NEVER_ANSWERED, completed_day=date(2026, 1, 2))


@given(st.lists(invitations(), max_size=3), DECISION_TERMS, READINGS)
@example([NEVER_ANSWERED, ANSWERED_AT_THE_END], PERMIT, OURS)
def test_asking_for_completion_never_shortens_the_decision_term(
    letters: list[Invitation], term: Term, reading: Reading
) -> None:
    assert decided(letters, term, reading).end.raw_day >= decided([], term, reading).end.raw_day
    assert decided(letters, term, reading) == decided(letters[::-1], term, reading)


@given(invitations(), READINGS)
def test_completing_later_never_ends_the_decision_term_earlier(letter: Invitation, reading: Reading) -> None:
    ends = [
        decided([replace(letter, completed_day=letter.letter_day + timedelta(days=days))], reading=reading).end.raw_day
        for days in range(0, 120, 3)
    ]
    assert ends == sorted(ends)
    assert decided([replace(letter, completed_day=None)], reading=reading).end.raw_day >= ends[-1]


@given(st.lists(invitations(), max_size=3), DECISION_TERMS, READINGS)
def test_no_day_stands_still_twice(letters: list[Invitation], term: Term, reading: Reading) -> None:
    found = decided(letters, term, reading)
    still = {p.first_day + timedelta(days=n) for p in found.periods for n in range(p.days)}
    assert found.suspended_days == len(still)
    assert (found.end.raw_day - decided([], term, reading).end.raw_day).days == len(still)


@given(st.lists(invitations(), max_size=3), DECISION_TERMS)
def test_the_reading_that_is_kept_is_the_shorter_one(letters: list[Invitation], term: Term) -> None:
    longer = Reading(UnusedTermEnd.DAY_AFTER, same_items_suspend=True)
    assert decided(letters, term).end.raw_day <= decided(letters, term, longer).end.raw_day


# ---- when lateness is not held against the sender ------------------------------------------------

INSTANTS = st.integers(0, 30 * 24 * 60).map(lambda n: datetime(2026, 3, 15, tzinfo=UTC) + timedelta(minutes=n))
OUTAGES = st.builds(
    lambda start, minutes: Interruption(start, start + timedelta(minutes=minutes)), INSTANTS, st.integers(1, 5000)
)


@given(DAYS, st.integers(0, 400), st.integers(0, 400))
def test_the_slower_we_redirect_the_later_the_last_day(last: date, hours: int, more: int) -> None:
    received = datetime(2026, 1, 1, 9, tzinfo=UTC)
    quick = leniency.after_redirection(last, received, received + timedelta(hours=hours), CALENDAR)
    slow = leniency.after_redirection(last, received, received + timedelta(hours=hours + more), CALENDAR)
    assert last < quick.day <= slow.day
    assert not CALENDAR.is_free(quick.day)


@given(st.lists(OUTAGES, max_size=4), OUTAGES, st.integers(1, 3))
def test_an_outage_never_takes_a_day_away_and_is_over_before_the_new_last_day_is(
    outages: list[Interruption], another: Interruption, days: int
) -> None:
    last = date(2026, 3, 30)
    before = leniency.after_outages(last, outages, CALENDAR, days=days)
    after = leniency.after_outages(last, [*outages, another], CALENDAR, days=days)
    assert (before.day if before else last) <= (after.day if after else last)
    if before is not None:
        end, start = terms.end_of_day(before.day), terms.end_of_day(last - timedelta(days=days))
        assert before.day > last
        assert not CALENDAR.is_free(before.day)
        touching = [o for o in outages if start < o.ended_at and o.started_at < terms.end_of_day(last)]
        assert all(o.ended_at <= end for o in touching)


@given(st.none() | DAYS, DAYS, DAYS)
def test_what_came_in_time_is_in_time_however_it_was_posted(posted: date | None, received: date, last: date) -> None:
    in_time = leniency.posted_in_time(posted, received, last, CALENDAR)
    assert in_time or received > last
    assert in_time <= leniency.posted_in_time(posted, received - timedelta(days=1), last, CALENDAR)


@given(st.integers(0, 60), st.integers(0, 40), st.integers(0, 31))
def test_the_day_as_of_which_post_counts_says_the_same_as_the_rule_for_every_last_day(posted, on_the_way, posted_days):
    """What is kept with a submission stays true whatever the last day becomes."""
    posted_day = date(2026, 3, 1) + timedelta(days=posted)
    received_day = posted_day + timedelta(days=on_the_way)
    counts = leniency.counts_as_of(posted_day, received_day, CALENDAR, posted_days=posted_days)
    for day in (received_day + timedelta(days=n) for n in range(-60, 5)):
        rule = leniency.posted_in_time(posted_day, received_day, day, CALENDAR, posted_days=posted_days)
        assert rule == (counts <= day)
