"""The life of a submission, as a table.

Rule 1: every step and every transition is in this file.
Rule 2: nothing here knows why a step ran, only that it did.
Rule 3: the contract's `status` is read off the step; it is never stored beside it.

`act`: a person said something about a submission at rest (lifted a hold, chose an item); everything after
reading is done again, so nothing unscanned slips by.
`rescan`: malware was found in files that were stored already; it is decided again, and nothing else is done again.
`shelve`: a step kept failing for a reason of ours; a person sees it instead of a log line (P3).
"""

from enum import StrEnum
from typing import Final

from gateway.core.errors import WrongState
from gateway.core.words import Status


class Step(StrEnum):
    """How far a submission has come; the name of what was done last."""

    ACCEPTED = "accepted"
    READ = "read"
    SCANNED = "scanned"
    MATCHED = "matched"
    DECIDED = "decided"
    ANSWERED = "answered"
    HELD = "held"
    FILED = "filed"


NEXT: Final[dict[tuple[Step, str], Step]] = {
    (Step.ACCEPTED, "read"): Step.READ,
    (Step.READ, "scan"): Step.SCANNED,
    (Step.SCANNED, "match"): Step.MATCHED,
    (Step.MATCHED, "decide"): Step.DECIDED,
    (Step.DECIDED, "answer"): Step.ANSWERED,
    (Step.ANSWERED, "file"): Step.FILED,
    (Step.ANSWERED, "hold"): Step.HELD,
    (Step.HELD, "act"): Step.READ,
    (Step.FILED, "act"): Step.READ,
    (Step.HELD, "rescan"): Step.MATCHED,
    (Step.FILED, "rescan"): Step.MATCHED,
    (Step.READ, "shelve"): Step.HELD,
    (Step.SCANNED, "shelve"): Step.HELD,
    (Step.MATCHED, "shelve"): Step.HELD,
    (Step.DECIDED, "shelve"): Step.HELD,
    (Step.ANSWERED, "shelve"): Step.HELD,
}

RESTING: Final = frozenset({Step.HELD, Step.FILED})
"""Where a submission may stay: with a person, or done. Everything else is unfinished work."""

STATUS: Final[dict[Step, Status]] = {
    Step.ACCEPTED: Status.RECEIVED,
    Step.READ: Status.IN_PROGRESS,
    Step.SCANNED: Status.IN_PROGRESS,
    Step.MATCHED: Status.IN_PROGRESS,
    Step.DECIDED: Status.IN_PROGRESS,
    Step.ANSWERED: Status.IN_PROGRESS,
    Step.HELD: Status.HELD,
    Step.FILED: Status.DONE,
}


def after(step: Step, act: str) -> Step:
    """The step that `act` leads to. Raises WrongState when the table does not know it."""
    try:
        return NEXT[step, act]
    except KeyError:
        raise WrongState(f"a submission that is {step} cannot {act}") from None
