"""What the clock does with letters of ours, on storage that a test holds; and a carrier that does as it is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from gateway.audit_rows import problems
from gateway.core.notices import Sending, Way, Why
from gateway.outbox import Outbox
from gateway.queries import Event
from tests.support.storage import REFERENCE, Storage

OFFICER = "j.jansen"


@dataclass(frozen=True)
class Fate:
    """What becomes of one letter."""

    ok: bool
    permanent: bool = False
    reply: str = "250 2.0.0 queued"


@dataclass
class Carrier:
    """Takes every letter, or says what it is told to say first; remembers what it was given."""

    fates: list[Fate] = field(default_factory=list)
    given: list[tuple[bytes, str, str]] = field(default_factory=list)

    def deliver(self, key: str, letter: bytes, to: str, sender: str = "") -> Fate:
        self.given.append((letter, to, sender))
        return self.fates.pop(0) if self.fates else Fate(ok=True)

    def to(self) -> list[str]:
        """The addressees, in order."""
        return [to for _, to, _ in self.given]


def tick(kept: Storage, carrier: Carrier | None = None) -> Carrier:
    """Make and place messages, write notices and mail to staff, hand over."""
    carrier = carrier or Carrier()
    while kept.correspondence.write() or kept.alerts.write():
        pass
    outbox = Outbox(kept.database, kept.ledger, kept.blobs, kept.clock, carrier, 3, postroom=kept.store._postroom)
    while outbox.send(lambda _event, _fields: None):
        pass
    return carrier


def states(kept: Storage) -> list[tuple[Way, Why, Sending]]:
    """How everybody was told of everything."""
    return [(told.way, told.why, told.state) for told in kept.correspondence.told(REFERENCE)]


def events(kept: Storage, *names: str) -> list[Event]:
    """What the log says about the request."""
    return [event for event in kept.queries.timeline(REFERENCE) if event.name in names]


def post(kept: Storage, day: date | None = None) -> None:
    """Print and post every letter that waits."""
    for task in kept.posting.tasks():
        kept.posting.printed(task.id, OFFICER)
        kept.posting.posted(task.id, day or kept.clock.now().date(), OFFICER)


def day_by_day(kept: Storage, until: date, work: Callable[[], object]) -> None:
    """Let the days pass, and have the work done three times each day."""
    while kept.clock.now().date() < until:
        for _ in range(3):
            kept.clock.forward(hours=8)
            work()


def log_agrees(kept: Storage) -> None:
    """Nothing in the tables is other than the log says."""
    with kept.database.read() as session:
        assert list(problems(session)) == []
