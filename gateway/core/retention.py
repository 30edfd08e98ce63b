"""How long something is kept, and on what ground: the table of the configuration, as decisions.

Rule 1: nothing that was asked for goes before somebody confirmed to have it, whatever its age.
Rule 2: what came in together goes together: the longest term of what is in it decides.
Rule 3: a legal hold wins over every term.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rule:
    """One line of the table: so many days after its event, on this ground; `list_item`: in the Selectielijst."""

    name: str
    days: int
    ground: str
    list_item: str = ""


@dataclass(frozen=True)
class Schedule:
    """The table. `kinds`: for documents that answer items of these kinds, instead of `handed_over`."""

    handed_over: Rule
    without_request: Rule
    request: Rule
    refused: Rule
    access: Rule
    kinds: Mapping[str, Rule] = field(default_factory=dict)

    def of(self, kinds: Collection[str]) -> Rule:
        """The rule for a submission that answers items of these kinds: the longest."""
        rules = [self.kinds.get(kind, self.handed_over) for kind in kinds] or [self.handed_over]
        return max(rules, key=lambda rule: rule.days)

    @property
    def shortest_after_handover(self) -> timedelta:
        """Before that nothing handed over can be due."""
        return timedelta(days=min(rule.days for rule in (self.handed_over, *self.kinds.values())))


@dataclass(frozen=True)
class Candidate:
    """Something that may be erased one day: a submission (its number) or a request (its reference).

    `since`: the event from which its term runs. `held`: under a legal hold.
    """

    subject: str
    request: str
    rule: Rule
    since: datetime
    held: bool

    @property
    def due_at(self) -> datetime:
        """From this moment on its term is over."""
        return self.since + timedelta(days=self.rule.days)

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be erased."""
        return not self.held and self.due_at <= now
