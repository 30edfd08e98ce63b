"""The term for our own decision: how a request for completion stops it, and until when a case may be left unhandled.

Rule 1: the day of the letter counts for the decision term, the day of completion counts again; between them it
        stands still (Awb 4:15 lid 1 a; for objections 7:10 lid 2).
Rule 2: the last requested item ends the suspension, earlier ones do not; what comes after the term revives nothing.
Rule 3: more time that was given before the end moves that end; given afterwards it is a delay that the applicant
        agreed to in writing (Awb 4:15 lid 2 a; 7:10 lid 4), and stops the term anew.
Rule 4: days that two letters stop are counted once; a letter after the decision term was over stops nothing.
Rule 5: where the law leaves room, `Reading` says how it is read; the shorter decision term is the one to keep.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from gateway.core import terms
from gateway.core.model import Term
from gateway.core.terms import Calendar, Start, TermEnd
from gateway.core.words import Procedure, Unit

NOT_HANDLED: Final = Term(4, Unit.WEEKS)
"""Within this a decision not to handle an application is made known (Awb 4:5 lid 4)."""

_ONE_DAY: Final = timedelta(days=1)


class UnusedTermEnd(StrEnum):
    """Which day is "the day on which the term lapsed unused" (Awb 4:15 lid 1): its last day, or the one after it."""

    LAST_DAY = "last_day"
    DAY_AFTER = "day_after"


@dataclass(frozen=True)
class Reading:
    """How we read what the law leaves open; the defaults never make somebody wait longer for a decision.

    `same_items_suspend`: a second letter that asks for the same items stops the decision term again.
    """

    unused_term_end: UnusedTermEnd = UnusedTermEnd.LAST_DAY
    same_items_suspend: bool = False


@dataclass(frozen=True)
class Extension:
    """More time: given on `granted_day` by a person, asked for in writing or not, until and including `until`."""

    granted_day: date
    until: date
    asked_in_writing: bool = False


@dataclass(frozen=True)
class Invitation:
    """A letter that asked to complete the application, with its term.

    `last_day`: as the letter said it. `completed_day`: on which the last requested item came in, None while some
    are missing. `new_items`: it asked for something that no letter asked for before.
    """

    letter_day: date
    last_day: date
    extensions: tuple[Extension, ...] = ()
    completed_day: date | None = None
    new_items: bool = True


class Cause(StrEnum):
    """Why the decision term stood still."""

    COMPLETION = "aanvulling"
    CONSENT = "instemming"


@dataclass(frozen=True)
class Period:
    """The decision term stood still from `first_day` up to `until_day`, which counts again.

    `asked_day`: of the letter, or on which more time was given. `completed`: it ended because everything was in; else
    because the term was over.
    """

    cause: Cause
    asked_day: date
    until_day: date
    completed: bool

    @property
    def first_day(self) -> date:
        """The first day on which the term stood still."""
        return self.asked_day + _ONE_DAY

    @property
    def days(self) -> int:
        """How many days the term stood still."""
        return max(0, (self.until_day - self.first_day).days)


@dataclass(frozen=True)
class SpecialTerm:
    """A decision term that an Act gives to a kind of case.

    `longer_by`: the most it can be extended. `until_made_known`: the decision must also be made known within it.
    `if_invited`: the fixed longer term that replaces the suspension once completion was asked for.
    """

    name: str
    ground: str
    term: Term
    procedure: Procedure
    kinds: frozenset[str] = frozenset()
    longer_by: Term | None = None
    until_made_known: bool = False
    if_invited: Term | None = None


@dataclass(frozen=True)
class DecisionEnd:
    """Until when we may decide, and why. `periods` stopped the term; `void` came when nothing was left to stop.

    `fixed`: the longer term of `special` took the place of the suspension.
    """

    end: TermEnd
    periods: tuple[Period, ...] = ()
    void: tuple[Period, ...] = ()
    special: SpecialTerm | None = None
    fixed: bool = False

    @property
    def suspended_days(self) -> int:
        """On how many days the term stood still; a day that two letters stopped counts once."""
        return _union(self.periods)


def suspended_days(letter_day: date, completed_day: date) -> int:
    """The days by which one letter suspends the decision term (rule 1); for a term that lapsed, its last day."""
    return Period(Cause.COMPLETION, letter_day, completed_day, completed=True).days


def periods(invitation: Invitation, reading: Reading) -> tuple[Period, ...]:
    """The times in which one letter stopped the decision term, in order (rules 1 to 3)."""
    stops = invitation.new_items or reading.same_items_suspend
    asked = [(Cause.COMPLETION, invitation.letter_day, invitation.last_day)] if stops else []
    end = invitation.last_day
    for more in sorted(invitation.extensions, key=lambda extension: extension.granted_day):
        in_time = more.granted_day <= end
        end = max(end, more.until)
        if in_time and stops:
            asked[-1] = (*asked[-1][:2], end)
        elif not in_time:
            stops = more.asked_in_writing
            asked += [(Cause.CONSENT, more.granted_day, more.until)] if stops else []
    found = (_period(cause, day, last, invitation.completed_day, reading) for cause, day, last in asked)
    return tuple(period for period in found if period is not None)


def _period(cause: Cause, asked: date, last: date, completed: date | None, reading: Reading) -> Period | None:
    over = last if reading.unused_term_end is UnusedTermEnd.LAST_DAY else last + _ONE_DAY
    if completed is not None and completed <= last:
        # Complete before it was asked: this stopped nothing.
        return Period(cause, asked, completed, completed=True) if completed > asked else None
    return Period(cause, asked, over, completed=False)


def decision_end(
    start_day: date,
    term: Term,
    invitations: Sequence[Invitation],
    calendar: Calendar,
    reading: Reading,
    special: SpecialTerm | None = None,
) -> DecisionEnd:
    """The last day to decide, for a term that `start_day` set running.

    `start_day` itself does not count: the day of receipt, or for an objection the last day of the term to object
    (Awb 7:10 lid 1). Days of suspension are added to the end as counted, which is moved once, after that.
    """
    if special is not None and special.if_invited is not None and invitations:
        fixed = terms.last_day(start_day, special.if_invited, calendar, statutory=True)
        return DecisionEnd(fixed, special=special, fixed=True)
    found = DecisionEnd(terms.last_day(start_day, term, calendar, statutory=True), special=special)
    asked = (period for invitation in invitations for period in periods(invitation, reading))
    # The whole period is the key: the order in which letters are listed must not be seen in the outcome.
    for period in sorted(asked, key=lambda p: (p.first_day, p.until_day, p.completed, p.cause)):
        if period.first_day > found.end.day:
            found = replace(found, void=(*found.void, period))
            continue
        stopped = (*found.periods, period)
        end = terms.last_day(start_day, term, calendar, statutory=True, suspended_days=_union(stopped))
        found = replace(found, end=end, periods=stopped)
    return found


def _union(stopped: Iterable[Period]) -> int:
    """How many days lie in at least one of the periods."""
    count, counted_until = 0, date.min
    for period in sorted(stopped, key=lambda p: p.first_day):
        first = max(period.first_day, counted_until)
        count += max(0, (period.until_day - first).days)
        counted_until = max(counted_until, period.until_day)
    return count


def last_day_not_handled(over_day: date, calendar: Calendar) -> TermEnd:
    """The last day on which a decision not to handle the application can be made known (Awb 4:5 lid 4).

    `over_day`: on which the application was completed and still insufficient, or the term lapsed. Not for unpaid
    fees (Vw art. 24 lid 2).
    """
    return terms.last_day(over_day, NOT_HANDLED, calendar, statutory=True)


def warning_days(last_day: date, days_before: Iterable[int]) -> tuple[date, ...]:
    """The days on which somebody is warned of a last day, earliest first."""
    return tuple(last_day - timedelta(days=before) for before in sorted(set(days_before), reverse=True))


def needs_notice(procedure: Procedure) -> bool:
    """Whether those concerned are told in writing that the term stands still: in objections (Awb 7:10 lid 5)."""
    return procedure is Procedure.OBJECTION


def special_term(known: Iterable[SpecialTerm], procedure: Procedure, kind: str) -> SpecialTerm | None:
    """The special term of a kind of case; one without kinds goes for all of its procedure that no other names."""
    of_procedure = [special for special in known if special.procedure is procedure]
    named = [special for special in of_procedure if kind.casefold() in special.kinds]
    return next(iter(named), next((special for special in of_procedure if not special.kinds), None))


# ---- in words ------------------------------------------------------------------------------------

_STOPPED: Final = {
    (Cause.COMPLETION, True): (
        (
            "Op {asked} vroegen wij om aanvulling. Op {until} was alles binnen. Tussen die dagen stond de termijn stil:"
            " {days} ({ground})."
        ),
        (
            "On {asked} we asked for completion. On {until} everything was in. Between these days the term stood still:"
            " {days} ({ground})."
        ),
    ),
    (Cause.COMPLETION, False): (
        (
            "Op {asked} vroegen wij om aanvulling. Zolang niet alles binnen is, staat de termijn stil, uiterlijk tot"
            " {until}: {days} ({ground})."
        ),
        (
            "On {asked} we asked for completion. As long as not everything is in, the term stands still, until {until}"
            " at the latest: {days} ({ground})."
        ),
    ),
    (Cause.CONSENT, True): (
        (
            "Op {asked} gaven wij op schriftelijk verzoek meer tijd. Op {until} was alles binnen."
            " Tussen die dagen stond de termijn stil: {days} ({ground})."
        ),
        (
            "On {asked} we gave more time, as asked in writing. On {until} everything was in."
            " Between these days the term stood still: {days} ({ground})."
        ),
    ),
    (Cause.CONSENT, False): (
        (
            "Op {asked} gaven wij op schriftelijk verzoek meer tijd. Zolang niet alles binnen is, staat de termijn"
            " stil, uiterlijk tot {until}: {days} ({ground})."
        ),
        (
            "On {asked} we gave more time, as asked in writing. As long as not everything is in, the term stands still,"
            " until {until} at the latest: {days} ({ground})."
        ),
    ),
}
_VOID: Final = (
    "Op {asked} was de beslistermijn al voorbij: er was niets meer om stil te zetten.",
    "On {asked} the term to decide was over already: nothing was left to stop.",
)
_FIXED: Final = (
    "Omdat wij om aanvulling vroegen, geldt een vaste termijn van {term} ({ground}); de termijn staat dan niet stil.",
    "Because we asked for completion, a fixed term of {term} goes ({ground}); the term does not stand still then.",
)
_GROUND: Final = {
    (Cause.COMPLETION, Procedure.APPLICATION): "art. 4:15 lid 1 onder a Awb",
    (Cause.COMPLETION, Procedure.OBJECTION): "art. 7:10 lid 2 Awb",
    (Cause.CONSENT, Procedure.APPLICATION): "art. 4:15 lid 2 onder a Awb",
    (Cause.CONSENT, Procedure.OBJECTION): "art. 7:10 lid 4 Awb",
}
_START: Final = {Procedure.APPLICATION: Start.RECEIVED, Procedure.OBJECTION: Start.OBJECTIONS_OVER}


def derivation(found: DecisionEnd, procedure: Procedure, language: str) -> tuple[str, ...]:
    """How the last day to decide was found, sentence by sentence; English for any language but `nl`."""
    which = terms.which_language(language)
    told = [_period_in_words(period, procedure, language) for period in found.periods]
    told += [_VOID[which].format(asked=terms.day_in_words(period.asked_day, language)) for period in found.void]
    if found.fixed and found.special is not None and found.special.if_invited is not None:
        term = terms.term_in_words(found.special.if_invited, language)
        told.append(_FIXED[which].format(term=term, ground=found.special.ground))
    return (*told, *terms.derivation(found.end, language, _START[procedure]))


def _period_in_words(period: Period, procedure: Procedure, language: str) -> str:
    return _STOPPED[period.cause, period.completed][terms.which_language(language)].format(
        asked=terms.day_in_words(period.asked_day, language),
        until=terms.day_in_words(period.until_day, language),
        days=terms.term_in_words(Term(period.days, Unit.DAYS), language),
        ground=_GROUND[period.cause, procedure],
    )
