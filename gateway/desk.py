"""What pages, API and command line stand on: one value with everything they may use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from config.settings import Settings
from gateway.alerts import Alerts
from gateway.audit import Audit
from gateway.closing import Closing
from gateway.consenting import Consents
from gateway.core.templates import Library
from gateway.correspondence import Correspondence
from gateway.counter import Counter
from gateway.dates import Dates
from gateway.dealings import Dealings
from gateway.handover import Handover
from gateway.integrity import Checked
from gateway.outages import Outages
from gateway.people import People
from gateway.person import Copies
from gateway.ports import Blobs, Clock
from gateway.posting import Posting
from gateway.proposal import Proposals
from gateway.quarantine import Quarantine
from gateway.queries import Queries
from gateway.register import Period, Register
from gateway.requests import Requests
from gateway.retention import Retention
from gateway.store import DatabaseStore
from gateway.unlocking import Unlocking
from gateway.views import Views


class ReceiptFiles(Protocol):
    """How receipt packages are made."""

    def __call__(self, number: str, reference: str | None = None) -> dict[str, bytes]:
        """The package, see `Desk`."""


class Auditing(Protocol):
    """How the log is checked."""

    def __call__(self, content: bool, outside: Sequence[str] = ()) -> Audit:  # noqa: FBT001
        """All of it, and with `content` every stored byte; `outside` as for `gateway.audit.audit`."""


@dataclass(frozen=True)
class Desk:
    """Made by `gateway.app`; everything in it is safe to call from many threads.

    `wake`: tell the workers that there is something to do. `settle(number, seconds)`: wait until a submission
    rests, at most so long. `receipt_files(number, reference)`: the receipt package by file name, or empty while there
    is none; with a reference as this request's parties may read it. `bundle(reference, path, officer)`: write a
    request's bundle and note who took it out; its SHA-256. `audit(content)`: check all; `checked()`: what came of the
    last daily check. `register(path, period, now)`: write the package of a register. `health()`: the state of scanner
    and letters, a word each, for who watches over us. `log(path)`: what the public log has at a path
    (c2sp.org/tlog-tiles), None when nothing. `templates`: those for requests.
    """

    settings: Settings
    templates: Library
    store: DatabaseStore
    requests: Requests
    counter: Counter
    correspondence: Correspondence
    posting: Posting
    consents: Consents
    dealings: Dealings
    people: People
    quarantine: Quarantine
    unlocking: Unlocking
    queries: Queries
    dates: Dates
    outages: Outages
    alerts: Alerts
    closing: Closing
    proposals: Proposals
    blobs: Blobs
    views: Views
    clock: Clock
    wake: Callable[[], None]
    settle: Callable[[str, float], None]
    receipt_files: ReceiptFiles
    bundle: Callable[[str, Path, str], str]
    handover: Handover
    retention: Retention
    copies: Copies
    audit: Auditing
    checked: Callable[[], Checked | None]
    register: Callable[[Path, Period, datetime], Register]
    health: Callable[[], Mapping[str, str]]
    log: Callable[[str], bytes | None]
