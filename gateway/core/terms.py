"""Term arithmetic: the last day of a term, why it is that day, and whether something came in time.

Rule 1: the day of sending does not count; a term of n weeks ends on the same weekday n weeks later.
Rule 2: a term that would end on a Saturday, Sunday or recognised holiday ends on the next day that is
        none of these (Algemene termijnenwet, art. 1).
Rule 3: a statutory term of at least three days holds at least two days that are none of these (art. 2).
Rule 4: statutory terms in hours, or of more than 90 days, twelve weeks or three months, are left as they
        are (art. 4). A term we set ourselves in a letter is not "set in an Act"; we always move its end
        forward, never back, so nobody is worse off for our reading of the Act.
Rule 5: days of suspension are added to the end as counted; the end is moved once, after that (Awb 4:15).

The calendar is an argument: which days a royal decree made equal to a holiday is data that runs out.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from gateway.core.model import Term
from gateway.core.words import Unit

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LONGEST_COUNT = 9999
_ONE_DAY = timedelta(days=1)
_STATUTORY_LIMIT = {Unit.HOURS: 0, Unit.DAYS: 90, Unit.WEEKS: 12, Unit.MONTHS: 3}
_SHORTEST_STRETCHED_DAYS = 3
_WORKING_DAYS_NEEDED = 2


class FreeDay(Enum):
    """Why nothing can end on a day: its Dutch and English name."""

    NEW_YEAR = ("Nieuwjaarsdag", "New Year's Day")
    GOOD_FRIDAY = ("Goede Vrijdag", "Good Friday")
    EASTER_MONDAY = ("Tweede Paasdag", "Easter Monday")
    KINGS_DAY = ("Koningsdag", "King's Day")
    LIBERATION_DAY = ("Bevrijdingsdag", "Liberation Day")
    ASCENSION_DAY = ("Hemelvaartsdag", "Ascension Day")
    WHIT_MONDAY = ("Tweede Pinksterdag", "Whit Monday")
    CHRISTMAS = ("Eerste Kerstdag", "Christmas Day")
    SECOND_CHRISTMAS = ("Tweede Kerstdag", "Boxing Day")
    DECREE = (
        "bij koninklijk besluit gelijkgesteld met een feestdag",
        "made equal to a holiday by royal decree",
    )
    SATURDAY = ("een zaterdag", "a Saturday")
    SUNDAY = ("een zondag", "a Sunday")


def easter_sunday(year: int) -> date:
    """Easter Sunday of a year of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    moon_shift = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - moon_shift + 15) % 30
    weekday = (32 + 2 * century_rest + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@lru_cache(maxsize=64)
def holidays(year: int) -> Mapping[date, FreeDay]:
    """The recognised holidays of art. 3 Algemene termijnenwet, for 2014 and later (before: Queen's Day)."""
    easter = easter_sunday(year)
    kings_day = date(year, 4, 27)
    if kings_day.isoweekday() == 7:  # noqa: PLR2004 - ISO: Sunday
        kings_day -= _ONE_DAY
    return {
        date(year, 1, 1): FreeDay.NEW_YEAR,
        easter - timedelta(days=2): FreeDay.GOOD_FRIDAY,  # lid 2
        easter + timedelta(days=1): FreeDay.EASTER_MONDAY,
        kings_day: FreeDay.KINGS_DAY,
        date(year, 5, 5): FreeDay.LIBERATION_DAY,  # every year, not only once in five
        easter + timedelta(days=39): FreeDay.ASCENSION_DAY,
        easter + timedelta(days=50): FreeDay.WHIT_MONDAY,
        date(year, 12, 25): FreeDay.CHRISTMAS,
        date(year, 12, 26): FreeDay.SECOND_CHRISTMAS,
    }


@dataclass(frozen=True)
class Calendar:
    """Which days are free: the fixed rules, and the decree days of the years that are known.

    `covered_years` are the years whose decree days (art. 3 lid 3) are known, be it that there are none.
    """

    decree_days: frozenset[date]
    covered_years: frozenset[int]

    def why_free(self, day: date) -> FreeDay | None:
        """The reason why no term ends on this day, or None for a working day."""
        if holiday := holidays(day.year).get(day):
            return holiday
        if day in self.decree_days:
            return FreeDay.DECREE
        return {6: FreeDay.SATURDAY, 7: FreeDay.SUNDAY}.get(day.isoweekday())

    def is_free(self, day: date) -> bool:
        """Whether the day is a Saturday, a Sunday, a recognised holiday or made equal to one."""
        return self.why_free(day) is not None

    def uncovered_years(self, first_day: date, last_day: date) -> tuple[int, ...]:
        """The years from one day to another whose decree days are not known to this calendar."""
        years = range(first_day.year, last_day.year + 1)
        return tuple(year for year in years if year not in self.covered_years)


class Move(Enum):
    """What one step of a derivation did."""

    COUNTED = "counted to the end"
    SUSPENDED = "added the days of suspension"
    SKIPPED = "passed over a free day"
    STRETCHED = "took in a second working day"
    LEFT = "left the end where it is"


@dataclass(frozen=True)
class Step:
    """One step of a derivation: the day it led to, or the free day it passed over and why that is free."""

    move: Move
    day: date
    free: FreeDay | None = None


@dataclass(frozen=True)
class TermEnd:
    """The last day of a term and how it was found; the term is over when `day` is over in Amsterdam.

    `raw_day` is the end as counted, suspension included, before it was moved. `uncovered_years` are years
    whose decree days were not known: the true last day may be later, never earlier.
    """

    sent_day: date
    term: Term
    raw_day: date
    day: date
    steps: tuple[Step, ...]
    uncovered_years: tuple[int, ...]


def _counted(sent_day: date, term: Term) -> date:
    if not 1 <= term.count <= LONGEST_COUNT:
        raise ValueError(f"a term counts 1 to {LONGEST_COUNT} {term.unit}, not {term.count}")
    match term.unit:
        case Unit.HOURS:
            # Only the day of sending is known: counted from its end, in favour of who must answer.
            return sent_day + timedelta(days=-(-term.count // 24))
        case Unit.DAYS:
            return sent_day + timedelta(days=term.count)
        case Unit.WEEKS:
            return sent_day + timedelta(weeks=term.count)
        case Unit.MONTHS:
            years, month0 = divmod(sent_day.month - 1 + term.count, 12)
            year, month = sent_day.year + years, month0 + 1
            return date(year, month, min(sent_day.day, monthrange(year, month)[1]))


def first_working_day(day: date, calendar: Calendar) -> date:
    """The day itself, or the first one after it that is not free."""
    return _first_working_day(day, calendar)[0]


def _first_working_day(day: date, calendar: Calendar) -> tuple[date, list[Step]]:
    steps = []
    while free := calendar.why_free(day):
        steps.append(Step(Move.SKIPPED, day, free))
        day += _ONE_DAY
    return day, steps


def _second_working_day_after(day: date, calendar: Calendar) -> date:
    for _ in range(_WORKING_DAYS_NEEDED):
        day, _skipped = _first_working_day(day + _ONE_DAY, calendar)
    return day


def last_day(
    sent_day: date,
    term: Term,
    calendar: Calendar,
    *,
    statutory: bool = False,
    suspended_days: int = 0,
    moves: bool = True,
) -> TermEnd:
    """The last day of a term that `sent_day` sets running, with its derivation.

    `statutory`: the term is set in an Act or AMvB, so the Algemene termijnenwet itself applies, with its
    exceptions; else we set it ourselves (rule 4), and `moves` says whether it moves off a free day all the
    same. ValueError for a count below 1 or above 9999.
    """
    raw_day = _counted(sent_day, term)
    steps = [Step(Move.COUNTED, raw_day)]
    if suspended_days:
        raw_day += timedelta(days=suspended_days)
        steps.append(Step(Move.SUSPENDED, raw_day))
    if statutory and term.count > _STATUTORY_LIMIT[term.unit]:
        day = raw_day
        steps.append(Step(Move.LEFT, day))
    elif not (statutory or moves):
        day = raw_day
    else:
        day, skipped = _first_working_day(raw_day, calendar)
        steps += skipped
        if statutory and (raw_day - sent_day).days >= _SHORTEST_STRETCHED_DAYS:
            needed = _second_working_day_after(sent_day, calendar)
            if needed > day:
                day = needed
                steps.append(Step(Move.STRETCHED, day))
    return TermEnd(sent_day, term, raw_day, day, tuple(steps), calendar.uncovered_years(sent_day, day))


def local_day(at: datetime) -> date:
    """The date on which an instant falls in Amsterdam."""
    return at.astimezone(AMSTERDAM).date()


def end_of_day(day: date) -> datetime:
    """The instant, in UTC, at which a day is over in Amsterdam: the first instant that is too late."""
    return datetime.combine(day + _ONE_DAY, time(), AMSTERDAM).astimezone(UTC)


def is_on_time(received_at: datetime, last_day: date) -> bool:
    """Whether something was received before the last day was over; ValueError for a naive time."""
    if received_at.tzinfo is None:
        raise ValueError(f"a moment of receipt needs its time zone: {received_at.isoformat()}")
    return received_at < end_of_day(last_day)


# ---- in words ------------------------------------------------------------------------------------

_WEEKDAYS = (
    ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_MONTHS = (
    (
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ),
    (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
)
_UNITS = {
    Unit.HOURS: (("uur", "uur"), ("hour", "hours")),
    Unit.DAYS: (("dag", "dagen"), ("day", "days")),
    Unit.WEEKS: (("week", "weken"), ("week", "weeks")),
    Unit.MONTHS: (("maand", "maanden"), ("month", "months")),
}


class Start(Enum):
    """What set a term running: its Dutch and English words."""

    SENT = ("De dag van verzending", "The day of sending")
    RECEIVED = ("De dag van ontvangst van de aanvraag", "The day on which the application was received")
    OBJECTIONS_OVER = ("De laatste dag van de bezwaartermijn", "The last day of the term for objections")
    COMPLETED = ("De dag waarop alles binnen was", "The day on which everything was in")
    LAPSED = ("De laatste dag van de hersteltermijn", "The last day of the term for completing")


_SENTENCES = {
    Move.COUNTED: (
        "{start}, {sent}, telt niet mee: een termijn van {term} loopt tot en met {day}.",
        "{start}, {sent}, does not count: a term of {term} runs up to and including {day}.",
    ),
    Move.SUSPENDED: (
        "De dagen waarin de termijn was opgeschort komen erbij: {day}.",
        "The days on which the term was suspended are added: {day}.",
    ),
    Move.SKIPPED: (
        "Op {day} kan de termijn niet eindigen: die dag is {free}.",
        "The term cannot end on {day}: that day is {free}.",
    ),
    Move.STRETCHED: (
        "In de termijn moeten twee werkdagen zitten (art. 2 Algemene termijnenwet): {day}.",
        "The term must hold two working days (art. 2 General Extension of Time Limits Act): {day}.",
    ),
    Move.LEFT: (
        "Een wettelijke termijn van deze lengte schuift niet op (art. 4 Algemene termijnenwet).",
        "A statutory term of this length is not moved (art. 4 General Extension of Time Limits Act).",
    ),
}
_UNKNOWN = (
    "Welke dagen in {years} met een feestdag gelijkstaan, is nog niet bekend: de laatste dag kan nog later vallen.",
    "Which days of {years} are made equal to a holiday is not known yet: the last day may still move later.",
)
_CONCLUSION = (
    "De laatste dag is {day}, tot 24.00 uur Nederlandse tijd.",
    "The last day is {day}, until 24:00 Dutch time.",
)


def which_language(code: str) -> int:
    """The place of a language in a pair of Dutch and English; English for any language but `nl`."""
    return 0 if code == "nl" else 1


def day_in_words(day: date, language: str) -> str:
    """A day as people write it, e.g. `maandag 30 maart 2026`; English for any language but `nl`."""
    which = which_language(language)
    return f"{_WEEKDAYS[which][day.weekday()]} {day.day} {_MONTHS[which][day.month - 1]} {day.year}"


def term_in_words(term: Term, language: str) -> str:
    """A term as people write it, e.g. `4 weken`; English for any language but `nl`."""
    singular, plural = _UNITS[term.unit][which_language(language)]
    return f"{term.count} {singular if term.count == 1 else plural}"


def derivation(end: TermEnd, language: str, start: Start = Start.SENT) -> tuple[str, ...]:
    """How the last day was found, sentence by sentence; English for any language but `nl`.

    Says so when a year is involved whose decree days are not known.
    """
    which = which_language(language)
    sent, term = day_in_words(end.sent_day, language), term_in_words(end.term, language)
    told = [
        _SENTENCES[step.move][which].format(
            start=start.value[which],
            sent=sent,
            term=term,
            day=day_in_words(step.day, language),
            free=step.free.value[which] if step.free else "",
        )
        for step in end.steps
    ]
    if end.uncovered_years:
        told.append(_UNKNOWN[which].format(years=", ".join(map(str, end.uncovered_years))))
    return (*told, _CONCLUSION[which].format(day=day_in_words(end.day, language)))
