"""The failures the gateway tells apart, by who must act.

* GatewayError
  x Refused     the sender or caller must change something (SMTP 5xx, HTTP 4xx, exit 1)
  x TryLater    nothing is wrong with the message; trying again may work (SMTP 4xx, HTTP 503)
  x WrongState  our bug, or two people at once: a step ran out of order
  x Corrupt     our disk or database contradicts itself; stop, do not guess

`str(error)` is for the operator: what, with which value, and the remedy. What a stranger reads comes
from `mail.codes` and `portal.problems`, never from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self


class GatewayError(Exception):
    """Never raised itself: says only "one of ours"."""


class TryLater(GatewayError):
    """We could not do it now; nothing was decided and nothing was lost."""


class WrongState(GatewayError):
    """The thing is not in a state in which this can be done."""


class Corrupt(GatewayError):
    """What we stored contradicts itself."""


class Problem(str):
    """Something that does not agree, said in English; `nl` says the same in Dutch."""

    __slots__ = ("nl",)

    def __new__(cls, en: str, nl: str) -> Self:
        said = super().__new__(cls, en)
        said.nl = nl
        return said

    nl: str


NONSENSE: Final = (ValueError, TypeError, LookupError)
"""What reading raises where somebody put something that makes no sense."""


def guarded(what: str, wat: str, found: Iterator[Problem]) -> Iterator[Problem]:
    """The problems found; when what is looked at makes no sense at all, that is the last one."""
    try:
        yield from found
    except NONSENSE as error:
        said = f"{type(error).__name__} {error}".splitlines()[0]
        yield Problem(f"{what} was changed: it cannot be read: {said}", f"{wat} is veranderd en niet meer te lezen")


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where, and what to do about it."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


class Refused(GatewayError):
    """The input cannot be taken as it is; `faults` names everything that is wrong with it, at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults

    @classmethod
    def because(cls, place: str, problem: str) -> "Refused":
        """A refusal with one fault."""
        return cls((Fault(place, problem),))


class NotFound(Refused):
    """There is no such request, submission or document."""
