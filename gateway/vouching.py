"""Outside trust: signs what grew, has witnesses cosign it, and has it stamped; a job of the clock.

Rule 1: nothing waits for others: a witness or authority that is away is told, counted, and asked again later.
Rule 2: whoever contradicts us is told loudly: then history was rewritten here, or an old copy was restored.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from gateway import checkpoints, cosign, notes, timestamps
from gateway.checkpoints import Signed
from gateway.core.errors import GatewayError, Problem, TryLater
from gateway.database import Database
from gateway.ledger import Ledger, size_of
from gateway.ports import Clock

_log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 300.0

Note = Callable[[str, Mapping[str, object]], None]


@dataclass(frozen=True)
class Authority:
    """A time-stamping authority: where it answers, its root certificates (PEM), and how often it is asked.

    `receipts`: also as soon as a letter with a receipt waits for it.
    """

    url: str
    roots: bytes
    every: timedelta
    receipts: bool = False


class _Pause:
    """How long one who failed is left alone: longer and longer."""

    def __init__(self) -> None:
        self._until = 0.0
        self._seconds = FIRST_PAUSE_SECONDS

    def over(self) -> bool:
        return time.monotonic() >= self._until

    def failed(self) -> None:
        self._until = time.monotonic() + self._seconds
        self._seconds = min(2 * self._seconds, LONGEST_PAUSE_SECONDS)

    def worked(self) -> None:
        self._until, self._seconds = 0.0, FIRST_PAUSE_SECONDS


class Vouching:
    """The newest checkpoint, and who vouches for it. `sign` and `gather` may run at once, each in one thread."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Clock,
        witnesses: Sequence[cosign.Witness] = (),
        authority: Authority | None = None,
        waiting: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`waiting`: the entry of the newest receipt that waits to be vouched for."""
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._witnesses = witnesses
        self._authority = authority
        self._waiting = waiting
        self._signed = -1
        self._stamped_at: datetime | None = None
        self._seen = dict.fromkeys(witnesses, 0)
        self._pauses: dict[object, _Pause] = {each: _Pause() for each in (*witnesses, authority)}

    @property
    def tsa_roots(self) -> bytes:
        """The certificates of the authority (PEM); empty without one."""
        return self._authority.roots if self._authority else b""

    def vouch(self, note: Note) -> None:
        """Have the log as it is now vouched for, once; at other moments the clock does it."""
        self._signed = -1
        self.sign()
        self.gather(note)

    def sign(self) -> None:
        """Sign a checkpoint if the log grew since the last time; one small query if not."""
        with self._database.read() as session:
            size = size_of(session)
        if size != self._signed:
            self._ledger.checkpoint(self._clock.now())
            self._signed = size

    def gather(self, note: Note) -> None:
        """Have the newest checkpoint cosigned and, when it is time, stamped. Failures go to `note`."""
        with self._database.read() as session:
            signed = checkpoints.newest(session)
        if signed is None or signed.size == 0:
            return
        for witness in self._witnesses:
            if self._seen[witness] < signed.size and self._pauses[witness].over():
                self._try("witness", witness, note, partial(self._cosign, witness, signed))
        authority = self._authority
        if authority is not None and self._pauses[authority].over() and self._is_time(authority, signed):
            self._try("time_stamp", authority, note, partial(self._stamp, authority, signed))

    def problems(self) -> Iterator[Problem]:
        """What others say against the log as it is now; a witness who cannot be asked is a problem too."""
        if not self._witnesses:
            return
        try:
            signed = self._ledger.checkpoint(self._clock.now())
        except GatewayError as error:
            yield Problem(
                f"the log cannot be shown to its witnesses: {error}",
                f"het logboek kan niet aan zijn getuigen worden getoond: {error}",
            )
            return
        for witness in self._witnesses:
            try:
                self._cosign(witness, signed)
            except cosign.Contradicted as error:
                yield Problem(
                    str(error), f"getuige {witness.name} heeft een ander logboek gezien: het is herschreven of ingekort"
                )
            except TryLater as error:
                yield Problem(
                    f"whether the log is the one that its witness saw is not known: {error}",
                    f"getuige {witness.name} kan niet worden gevraagd, of zegt iets anders dan wij verwachten",
                )

    def _try(self, what: str, who: cosign.Witness | Authority, note: Note, job: Callable[[], None]) -> None:
        pause = self._pauses[who]
        try:
            job()
        except cosign.Contradicted as error:
            pause.failed()
            _log.critical("%s", error)
            note(f"{what}_contradicts", {"url": who.url, "error": error})
        except (TryLater, timestamps.BadStamp) as error:
            pause.failed()
            note(f"{what}_failed", {"url": who.url, "error": error})
        else:
            pause.worked()

    def _cosign(self, witness: cosign.Witness, signed: Signed) -> None:
        known = min(self._seen[witness], signed.size)
        line, seconds = cosign.ask(witness, signed.note, self._ledger.consistency, known)
        if abs(seconds - self._clock.now().timestamp()) > checkpoints.CLOCKS_DIFFER.total_seconds():
            raise TryLater(f"the clock of {witness.name} and ours are too far apart: it says {seconds}")
        checkpoints.add_cosignatures(self._database, signed.size, [line])
        self._seen[witness] = signed.size

    def _is_time(self, authority: Authority, signed: Signed) -> bool:
        with self._database.read() as session:
            last = checkpoints.newest_stamped(session)
        if last is None:
            return True
        if authority.receipts and (index := self._waiting()) is not None and last.size <= index < signed.size:
            return True
        since = max(last.signed_at, self._stamped_at or last.signed_at)
        return last.size < signed.size and self._clock.now() - since >= authority.every

    def _stamp(self, authority: Authority, signed: Signed) -> None:
        text, _ = notes.split_note(signed.note)
        checkpoints.add_stamp(self._database, signed.size, timestamps.ask(authority.url, text, authority.roots))
        self._stamped_at = self._clock.now()
