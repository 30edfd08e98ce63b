"""When lateness is not held against the sender: what was posted in time, a slow redirection, an outage.

Rule 1: each gives a last day that is never before the one in the letter; none takes anything back.
Rule 2: a last day is a whole day: what would end in the middle of one ends with it, and on no free day.
Rule 3: these are proposals with a derivation; a person applies them (P10), and only then the term is longer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.core import terms
from gateway.core.terms import Calendar

POSTED_DAYS: Final = 7
NOTICE_HOURS: Final = 48

_ONE_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


class Leniency(StrEnum):
    """Why a last day may be later than the letter said."""

    REDIRECTION = "doorverwijzing"
    OUTAGE = "storing"


@dataclass(frozen=True)
class Later:
    """A later last day: `raw_end` is the instant that counting gave, `lost` the time that was added."""

    why: Leniency
    old_day: date
    lost: timedelta
    raw_end: datetime
    day: date


@dataclass(frozen=True)
class Interruption:
    """A time in which a designated way could not be used, from `started_at` until `ended_at`."""

    started_at: datetime
    ended_at: datetime


def posted_in_time(
    posted_day: date | None, received_day: date, last_day: date, calendar: Calendar, *, posted_days: int = POSTED_DAYS
) -> bool:
    """Whether something that came by post is in time (Awb 6:9, applied to documents too).

    It is when it came in on the last day at the latest; or when it was posted then and came in within `posted_days`
    after it. That term too ends on no free day. `posted_day` None: no postmark can be read, then only receipt counts.
    """
    if received_day <= last_day:
        return True
    if posted_day is None or posted_day > last_day or posted_days == 0:
        return False
    return received_day <= terms.first_working_day(last_day + timedelta(days=posted_days), calendar)


def counts_as_of(
    posted_day: date | None, received_day: date, calendar: Calendar, *, posted_days: int = POSTED_DAYS
) -> date:
    """The earliest last day for which what came by post is in time, as `posted_in_time` says for each.

    Kept with what came in: then it is in time whenever the last day is not before it, also after an extension.
    """
    day = received_day
    while posted_in_time(posted_day, received_day, day - _ONE_DAY, calendar, posted_days=posted_days):
        day -= _ONE_DAY
    return day


def after_redirection(last_day: date, received_at: datetime, reacted_at: datetime, calendar: Calendar) -> Later:
    """The last day after we pointed to the right way (Awb 2:23): later by the time we took, at least a working day.

    Raises ValueError when the reaction is before the receipt.
    """
    lost = reacted_at - received_at
    if lost < timedelta():
        raise ValueError("a reaction cannot come before what it reacts to")
    raw_end = terms.end_of_day(last_day) + lost
    next_working_day = terms.first_working_day(last_day + _ONE_DAY, calendar)
    day = max(terms.first_working_day(_day_of_end(raw_end), calendar), next_working_day)
    return Later(Leniency.REDIRECTION, last_day, lost, raw_end, day)


def after_outages(
    last_day: date, interruptions: Iterable[Interruption], calendar: Calendar, *, days: int = 1
) -> Later | None:
    """The last day after outages (Awb 2:21 lid 3); None when none of them touched the end of the term.

    An outage touches it when a part of it lies in the last `days` days, the last day included, or in the time that
    earlier outages added. All of it is added, also what lies before or after that: so the new last day is never over
    before the outage is. Outages that overlap count once.
    """
    window = terms.end_of_day(last_day - timedelta(days=days))
    end = terms.end_of_day(last_day)
    lost = timedelta()
    counted_until = datetime.min.replace(tzinfo=UTC)
    for outage in sorted(interruptions, key=lambda i: i.started_at):
        if outage.started_at >= end + lost or outage.ended_at <= window:
            continue
        lost += max(timedelta(), outage.ended_at - max(outage.started_at, counted_until))
        counted_until = max(counted_until, outage.ended_at)
    if not lost:
        return None
    raw_end = end + lost
    return Later(Leniency.OUTAGE, last_day, lost, raw_end, terms.first_working_day(_day_of_end(raw_end), calendar))


def _day_of_end(end: datetime) -> date:
    """The day that has not ended before `end`."""
    return terms.local_day(end - _INSTANT)


def notice_by(placed_at: datetime, hours: int = NOTICE_HOURS) -> datetime:
    """Until when somebody is told that a message is there for him (Awb 2:10 lid 1); weekends and holidays count."""
    return placed_at + timedelta(hours=hours)


# ---- in words ------------------------------------------------------------------------------------

_SENTENCES: Final = {
    Leniency.REDIRECTION: (
        (
            "Wij wezen pas na {lost} de goede weg. Die tijd komt bij de termijn, met minstens één werkdag"
            " (art. 2:23 Awb): de laatste dag wordt {day} in plaats van {old}."
        ),
        (
            "We pointed to the right way only after {lost}. That time is added, at least one working day"
            " (art. 2:23 Awb): the last day becomes {day} instead of {old}."
        ),
    ),
    Leniency.OUTAGE: (
        (
            "Een storing of onderhoud kost {lost}. Die tijd komt bij de termijn, tot het einde"
            " van de dag (art. 2:21 lid 3 Awb): de laatste dag wordt {day} in plaats van {old}."
        ),
        (
            "An outage or maintenance takes {lost}. That time is added, up to the end of the day"
            " (art. 2:21 lid 3 Awb): the last day becomes {day} instead of {old}."
        ),
    ),
}


def in_words(later: Later, language: str) -> str:
    """Why the last day is later, in one or two sentences; English for any language but `nl`."""
    return _SENTENCES[later.why][terms.which_language(language)].format(
        lost=time_in_words(later.lost, language),
        old=terms.day_in_words(later.old_day, language),
        day=terms.day_in_words(later.day, language),
    )


_LASTING: Final = (
    "Er is nu een storing. Zolang die duurt, is niemand te laat. Daarna stellen wij een nieuwe laatste dag voor.",
    "There is an outage now. While it lasts nobody is late. After it we propose a new last day.",
)


def outage_in_words(later: Later | None, language: str) -> str:
    """What an outage gives back, None while it lasts; English for any language but `nl`."""
    return in_words(later, language) if later else _LASTING[terms.which_language(language)]


def time_in_words(time: timedelta, language: str) -> str:
    """A length of time to the minute, rounded up, e.g. `2 dagen en 19 uur`; English for any language but `nl`."""
    minutes = max(1, -(-time // timedelta(minutes=1)))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = _UNITS[terms.which_language(language)]
    told = [f"{n} {one if n == 1 else many}" for n, (one, many) in zip((days, hours, minutes), units, strict=True) if n]
    joint = (" en ", " and ")[terms.which_language(language)]
    return joint.join((", ".join(told[:-1]), told[-1])) if len(told) > 1 else told[0]


_UNITS: Final = (
    (("dag", "dagen"), ("uur", "uur"), ("minuut", "minuten")),
    (("day", "days"), ("hour", "hours"), ("minute", "minutes")),
)
