"""What happens while the sender waits: bytes are spooled, and the submission is made to exist.

Rule 1: who waits while another commits joins the next commit: one fsync for all, and no delay for one alone.
Rule 2: what lies in the journal is made durable for all of them at once, just before their rows; it gets a file of
its own before its row lets go of that place (`DatabaseStore.save_reading`).
"""

import itertools
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select
from sqlmodel import col

from gateway import mapping
from gateway.core import tokens
from gateway.core.errors import WrongState
from gateway.core.model import Accepted, Arrival
from gateway.core.states import Step
from gateway.core.terms import AMSTERDAM
from gateway.core.words import Channel, EventName
from gateway.database import Database, Prepared, constants
from gateway.journal import Place
from gateway.ledger import Entry, Ledger
from gateway.ports import Blobs, Clock
from gateway.records import FileRow, SubmissionRow
from gateway.schema import instant

_KNOWN: Final = Prepared(
    select(col(SubmissionRow.number), col(SubmissionRow.arrival_index)).where(
        col(SubmissionRow.source) == bindparam("of_source")
    )
)
_GIVEN: Final = (
    "number", "source", "channel", "received_at", "accepted_at", "envelope", "session_request", "arrival_index", "step",
    "turn_at", "retry_at", "sender",
)  # fmt: skip
_GIVEN_FILE: Final = ("position", "sha256", "bytes", "name", "media_type", "item", "segment", "start")
_NEW_SUBMISSION: Final = Prepared(
    insert(SubmissionRow.__table__).values(  # type: ignore[attr-defined]
        constants(SubmissionRow.__table__) | {name: bindparam(name) for name in _GIVEN}  # type: ignore[attr-defined]
    )
)
_ID: Final = select(col(SubmissionRow.id)).where(col(SubmissionRow.number) == bindparam("submission"))
_NEW_FILE: Final = Prepared(
    insert(FileRow.__table__).values(  # type: ignore[attr-defined]
        submission_id=_ID.scalar_subquery(),
        **{name: bindparam(name) for name in _GIVEN_FILE},
    )
)
_PLACES: Final = select(col(FileRow.segment), col(FileRow.start), col(FileRow.bytes)).where(
    col(FileRow.segment).is_not(None)
)


class JournalRows:
    """The `Places` that the rows tell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, sha256: str) -> Place | None:
        """Where a file lies that has no file of its own yet."""
        with self._database.read() as session:
            row = session.execute(_PLACES.where(col(FileRow.sha256) == sha256)).first()
        return Place(*row) if row else None

    def segments(self) -> set[str]:
        """In which segments such files lie."""
        with self._database.read() as session:
            return set(session.scalars(_PLACES.with_only_columns(col(FileRow.segment)).distinct()))


class Arrivals:
    """Takes responsibility for arrivals. Safe for any number of threads and, on PostgreSQL, processes."""

    def __init__(self, database: Database, ledger: Ledger, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._ledger = ledger
        self._clock = clock
        self._line: deque[_Turn] = deque()
        self._lining_up = threading.Lock()
        self._committing = threading.Lock()

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
        """Make each submission exist, with its ledger entry; the same source gives the same receipt."""
        turn = _Turn(arrivals)
        with self._lining_up:
            self._line.append(turn)
            leads = len(self._line) == 1
        if leads or turn.wait():
            self._lead()
        return turn.served

    def _lead(self) -> None:
        """Commit for all in the line; whoever lined up meanwhile goes on before these hear their answer."""
        served: tuple[_Turn, ...] = ()
        try:
            with self._committing:
                with self._lining_up:
                    served = tuple(self._line)
                outcomes = iter(self._commit([arrival for turn in served for arrival in turn.arrivals]))
            for turn in served:
                turn.served = list(itertools.islice(outcomes, len(turn.arrivals)))
        finally:
            with self._lining_up:
                for _ in served:
                    self._line.popleft()
                following = self._line[0] if self._line else None
            if following:
                following.wake(leads=True)
            for turn in served[1:]:
                turn.wake(leads=False)

    def _commit(self, arrivals: Sequence[Arrival]) -> list[Accepted | Exception]:
        try:
            self._blobs.sync(file for arrival in arrivals for file in arrival.files)
            with self._database.write_rows() as connection:
                return [*self._accept(connection, arrivals)]
        except Exception as error:  # noqa: BLE001  # it is handed to whose arrival it was
            if len(arrivals) == 1:
                return [error]
            # One of them may be the reason: each gets a transaction of its own.
            return [outcome for arrival in arrivals for outcome in self._commit([arrival])]

    def _accept(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
        """What each of them got, now or when it came before."""
        self._ledger.lock(connection)  # or another process could accept the same source between look and insert
        served = {}
        for source in {arrival.source for arrival in arrivals}:
            for number, index in _KNOWN.run(connection, {"of_source": source}):
                served[source] = Accepted(number, index)
        new = {arrival.source: arrival for arrival in arrivals if arrival.source not in served}
        if new:
            served |= zip(new, self._store(connection, list(new.values())), strict=True)
        return [served[arrival.source] for arrival in arrivals]

    def _store(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
        now = self._clock.now()
        numbers = [_new_number(arrival.received_at) for arrival in arrivals]
        entries = [
            Entry(_arrival_event(arrival.channel), now, number, _arrival_json(number, arrival))
            for number, arrival in zip(numbers, arrivals, strict=True)
        ]
        indexes = self._ledger.append_all(connection, entries)
        accepted = [Accepted(number, index) for number, index in zip(numbers, indexes, strict=True)]
        pairs = list(zip(accepted, arrivals, strict=True))
        _NEW_SUBMISSION.run_all(connection, [_submission_values(each, arrival, now) for each, arrival in pairs])
        _NEW_FILE.run_all(connection, [values for each, arrival in pairs for values in _file_values(each, arrival)])
        return accepted


class _Turn:
    """A thread that waits with its arrivals until they are served, or until it is to serve all that wait."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self.arrivals = arrivals
        self.served: list[Accepted | Exception] = [WrongState("an arrival was taken and not served") for _ in arrivals]
        self._leads = False
        self._waits = threading.Lock()
        self._waits.acquire()

    def wait(self) -> bool:
        """Return when woken; whether it is to lead."""
        self._waits.acquire()
        return self._leads

    def wake(self, *, leads: bool) -> None:
        """Let it go on; once."""
        self._leads = leads
        self._waits.release()


def _new_number(received_at: datetime) -> str:
    entropy = secrets.token_bytes(tokens.ENTROPY_BYTES)
    return tokens.receipt_number(received_at.astimezone(AMSTERDAM).year, entropy)


def _submission_values(accepted: Accepted, arrival: Arrival, now: datetime) -> dict[str, Any]:
    return {
        "number": accepted.number,
        "source": arrival.source,
        "channel": arrival.channel.value,
        "received_at": arrival.received_at,
        "accepted_at": now,
        "envelope": mapping.envelope_json(arrival.envelope),
        "session_request": arrival.request,
        "arrival_index": accepted.log_index,
        "step": Step.ACCEPTED.value,
        "turn_at": now,
        "retry_at": now,
        "sender": arrival.envelope.mail_from,
    }


def _file_values(accepted: Accepted, arrival: Arrival) -> Iterator[dict[str, Any]]:
    for place, file in enumerate(arrival.files):
        yield {"submission": accepted.number, "position": place, **vars(file)}


def _arrival_event(channel: Channel) -> EventName:
    mail = channel in {Channel.SMTP, Channel.IMAP}
    return EventName.RECEIVED_FROM_MAIL if mail else EventName.SUBMISSION_ACCEPTED


def _arrival_json(number: str, arrival: Arrival) -> dict[str, Any]:
    return {
        "ontvangstnummer": number,
        "kanaal": arrival.channel.value,
        "ontvangenOp": instant(arrival.received_at),
        "tijdzone": mapping.local_offset(arrival.received_at),
        "envelop": mapping.envelope_json(arrival.envelope),
        "bestanden": [{"sha256": f.sha256, "bytes": f.bytes} for f in arrival.files],
    }
