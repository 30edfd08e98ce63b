"""The check before a request lapses: whether anything that came in time may still be for it, and whether all were told.

Rule 1: what nobody can place yet counts for every request that it may be for; what points at another one does not.
Rule 2: a mailbox or channel that was not looked at since the last day may hold or have cost something: that waits.
Rule 3: read here, decided in `gateway.core.closing`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway import mapping
from gateway.core import terms
from gateway.core.closing import Obstacle, Waits
from gateway.core.model import Answer
from gateway.core.states import RESTING, Step
from gateway.core.words import Channel, EventName
from gateway.inquiry import is_for
from gateway.interruptions import WAY, Interruptions
from gateway.postroom import Postroom
from gateway.records import ChannelRow, EntryRow, ExtensionRow, MailboxRow, RequestRow, SubmissionRow

_AT_WORK: Final = tuple(step.value for step in Step if step not in RESTING or step is Step.HELD)


@dataclass(frozen=True)
class Looked:
    """What must have been looked at after the last day: the mailboxes by key, and channels if they are watched."""

    mailboxes: tuple[str, ...] = ()
    watched: bool = False


class LastChance:
    """What stands in the way of lapsing at one moment; made once for many requests."""

    def __init__(self, session: Session, outages: Interruptions, postroom: Postroom, looked: Looked) -> None:
        self._session = session
        self._outages = outages
        self._postroom = postroom
        self._looked = looked
        self._arrived = session.scalars(
            select(SubmissionRow).where(col(SubmissionRow.step).in_(_AT_WORK)).order_by(col(SubmissionRow.id))
        ).all()
        read = session.execute(select(col(MailboxRow.key), col(MailboxRow.read_at)))
        self._read: dict[str, datetime | None] = dict(iter(read))
        self._channels = session.scalars(select(ChannelRow).order_by(col(ChannelRow.name))).all()

    def of(self, row: RequestRow) -> tuple[Waits, ...]:
        """Every obstacle to its lapsing; none when it may."""
        return tuple(Waits(obstacle, what) for obstacle, what in self._all(row) if what)

    def _all(self, row: RequestRow) -> Iterator[tuple[Obstacle, tuple[str, ...]]]:
        arrived = [s for s in self._arrived if self._may_be_for(s, row)]
        yield Obstacle.UNFINISHED, tuple(s.number for s in arrived if s.step != Step.HELD)
        yield Obstacle.HELD, tuple(s.number for s in arrived if s.step == Step.HELD)
        over = terms.end_of_day(row.last_day)
        yield Obstacle.MAILBOX, tuple(key for key in self._looked.mailboxes if not _since(self._read.get(key), over))
        if self._looked.watched:
            yield Obstacle.CHANNEL, tuple(c.name for c in self._channels if self._unseen(c, row, over))
        yield Obstacle.EXTENSION, self._asked(row)
        proposal = self._outages.of(row)
        yield Obstacle.OUTAGE, tuple(map(str, proposal.outages)) if proposal else ()
        unproven = self._postroom.unproven(self._session, row)
        yield Obstacle.UNPROVEN, (unproven,) if unproven else ()
        yield Obstacle.INFECTED, self._infected(row)

    def _may_be_for(self, submission: SubmissionRow, row: RequestRow) -> bool:
        tied = mapping.requests_of(self._session, submission)
        if tied:
            # What is for the request and is still being looked at may complete it, whenever it came.
            return row in tied and (submission.step != Step.HELD or mapping.in_time(submission, row.last_day))
        if not mapping.in_time(submission, row.last_day):
            return False
        unknown = submission.outcome is None or not submission.decisions
        return unknown or row.reference in {clue["request"] for clue in submission.clues}

    def _unseen(self, channel: ChannelRow, row: RequestRow, over: datetime) -> bool:
        """Whether nobody has looked at it since; one that is known to be out is an outage, which a person answers."""
        asked = WAY.get(Channel(channel.name)) in row.channels
        return asked and channel.outage_id is None and not _since(channel.seen_at, over)

    def _asked(self, row: RequestRow) -> tuple[str, ...]:
        """The questions for more time that came in time and wait for an answer, by day."""
        asked: Sequence[datetime] = self._session.scalars(
            select(col(ExtensionRow.asked_at)).where(
                col(ExtensionRow.request_id) == row.id,
                col(ExtensionRow.state) == Answer.WAITS,
                col(ExtensionRow.asked_at) < terms.end_of_day(row.last_day),
            )
        ).all()
        return tuple(terms.local_day(at).isoformat() for at in asked)

    def _infected(self, row: RequestRow) -> tuple[str, ...]:
        """What came in time and was found infected since somebody last gave time."""
        given = self._session.scalar(
            select(func.max(col(EntryRow.index))).where(
                col(EntryRow.name) == EventName.REQUEST_EXTENDED, col(EntryRow.subject) == row.reference
            )
        )
        found = self._session.scalars(
            select(SubmissionRow)
            .where(
                is_for(row),
                select(EntryRow)
                .where(
                    col(EntryRow.name) == EventName.INFECTION_FOUND,
                    col(EntryRow.subject) == col(SubmissionRow.number),
                    col(EntryRow.index) > (-1 if given is None else given),
                )
                .exists(),
            )
            .order_by(col(SubmissionRow.id))
        )
        return tuple(submission.number for submission in found if mapping.in_time(submission, row.last_day))


def _since(at: datetime | None, over: datetime) -> bool:
    return at is not None and at >= over
