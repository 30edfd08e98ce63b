"""The composition root: settings in, a house with all its parts out; the only file that names them all.

What the settings mean to each part is in `gateway.parts`, what several parts do together for the desk in
`gateway.deskwork`.
"""

import fcntl
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from config.calendar import load_calendar
from config.settings import Settings
from gateway import cosign, deskwork, events, parts, rotation, tiles
from gateway.alerts import Alerts
from gateway.arrivals import JournalRows
from gateway.blobs import FileBlobs
from gateway.clerk import LetterClerk
from gateway.closing import Closing
from gateway.closing import Rules as ClosingRules
from gateway.completion import Completion
from gateway.consenting import Consents
from gateway.core import terms
from gateway.core.names import mailbox_key
from gateway.core.templates import Library
from gateway.correspondence import Correspondence
from gateway.counter import Counter
from gateway.database import Database
from gateway.dates import Dates, Rules
from gateway.dealings import Dealings
from gateway.desk import Auditing, Desk
from gateway.handover import Handover
from gateway.integrity import Integrity
from gateway.last_chance import Looked
from gateway.ledger import Ledger
from gateway.lifecycle import Lifecycle
from gateway.outages import Outages
from gateway.outbox import Outbox
from gateway.people import People
from gateway.person import Copies
from gateway.ports import Clock, Ports
from gateway.posting import Posting
from gateway.postroom import Postroom
from gateway.proposal import Proposals
from gateway.quarantine import Quarantine
from gateway.queries import Queries
from gateway.register import Registrar
from gateway.reminders import Reminders
from gateway.requests import Requests
from gateway.rescan import Rescan
from gateway.rescan import Rules as RescanRules
from gateway.retention import Retention
from gateway.store import DatabaseStore
from gateway.unlocking import Rows as UnlockingRows
from gateway.unlocking import Unlocking
from gateway.views import Views
from gateway.vouching import Vouching
from mail import notices as mail_notices
from mail import outbound
from scanners import clam


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This instant, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class House:
    """Everything that runs, wired. Nothing has been started."""

    settings: Settings
    database: Database
    ledger: Ledger
    ports: Ports
    desk: Desk
    outbox: Outbox
    alerts: Alerts
    reminders: Reminders
    scanner: clam.Clam
    vouching: Vouching
    registrar: Registrar
    integrity: Integrity
    woken: threading.Event
    retention: Retention
    lifecycle: Lifecycle
    rescan: Rescan

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The embedded default is one process; the kernel lets go of the lock however that process ends.

        Raises OSError when another process has it.
        """
        path = self.settings.data_dir / "running.lock"
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OSError(f"{path}: another gateway runs on this data directory") from error
            yield

    def recover(self) -> None:
        """Take back what a former life was busy with (P11). Only while no other process works on this data."""
        self.desk.store.release_leases()
        self.outbox.release()
        self.desk.blobs.sweep()
        for left in self.ports.scratch.iterdir():
            shutil.rmtree(left, ignore_errors=True)

    def close(self) -> None:
        """Give the database back."""
        self.database.close()


@dataclass(frozen=True)
class _Ground:
    """What nearly every part stands on."""

    settings: Settings
    database: Database
    ledger: Ledger
    blobs: FileBlobs
    views: Views
    clock: Clock
    calendar: terms.Calendar
    date_rules: Rules
    templates: Library
    postroom: Postroom
    alerts: Alerts


@dataclass(frozen=True)
class _Evidence:
    """What vouches for the log, checks it, tells a court what arrived, and erases what need not be kept."""

    vouching: Vouching
    check: Auditing
    integrity: Integrity
    registrar: Registrar
    retention: Retention


def build(settings: Settings) -> House:
    """Open everything that the settings name; make what the embedded default needs.

    Raises BadConfiguration when a key cannot be read, and TryLater when the database is away.
    """
    ground = _ground(settings)
    database, ledger, clock = ground.database, ground.ledger, ground.clock
    completion = Completion(ground.postroom, ground.alerts, ground.date_rules)
    stands = (database, ledger, ground.blobs, clock)
    store = DatabaseStore(*stands, parts.policy(settings), ground.postroom, completion=completion)
    carrier = outbound.Outbound(settings.outbound, settings.data_dir / "outbox", helo=settings.smtp.hostname)
    evidence = _evidence(ground, store, _retention(ground, carrier))
    requests = _requests(ground)
    outages = Outages(database, ledger, clock, requests, parts.outage_rules(ground.settings, ground.calendar))
    seal, patience = parts.seal_of(settings), parts.patience(settings)
    clerk = LetterClerk(ledger, clock, parts.letterhead(settings), settings.cap_bytes, patience, seal, outages=outages)
    scanner = parts.scanner(settings)
    woken = threading.Event()
    return House(
        settings=settings,
        database=database,
        ledger=ledger,
        ports=_ports(ground, store, clerk, scanner),
        desk=_desk(ground, store, requests, outages, clerk, scanner=scanner, evidence=evidence, woken=woken),
        outbox=_outbox(ground, carrier),
        alerts=ground.alerts,
        reminders=Reminders(database, ledger, clock, ground.postroom, settings.letters.reminder_days),
        scanner=scanner,
        vouching=evidence.vouching,
        registrar=evidence.registrar,
        integrity=evidence.integrity,
        woken=woken,
        retention=evidence.retention,
        lifecycle=Lifecycle(database, ledger, clock, settings),
        rescan=_rescan(ground, scanner),
    )


def _ground(settings: Settings) -> _Ground:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    if database.embedded:
        database.migrate()
    rotation.finish(database, settings.ledger.origin, settings.ledger_key)
    ledger = Ledger(database, parts.signer(settings), parts.known_vkeys(settings))
    blobs = FileBlobs(settings.data_dir / "blobs", places=JournalRows(database))
    calendar, clock = load_calendar(), SystemClock()
    return _Ground(
        settings=settings,
        database=database,
        ledger=ledger,
        blobs=blobs,
        views=Views(blobs, settings.data_dir / "views", clock, parts.libreoffice(settings)),
        clock=clock,
        calendar=calendar,
        date_rules=parts.date_rules(settings, calendar),
        templates=parts.templates(settings),
        postroom=parts.postroom(settings, ledger, calendar),
        alerts=Alerts(database, ledger, blobs, clock, **parts.staff_mail(settings)),
    )


def _evidence(ground: _Ground, store: DatabaseStore, retention: Retention) -> _Evidence:
    database, ledger = ground.database, ground.ledger
    vouching = _vouching(ground, store.newest_unwritten)
    check = deskwork.auditor(database, ground.blobs, ledger, vouching)
    return _Evidence(
        vouching=vouching,
        check=check,
        integrity=Integrity(database, ledger, ground.clock, check),
        registrar=Registrar(database, ledger, parts.marker(ground.settings), lambda: vouching.vouch(events.note)),
        retention=retention,
    )


def _requests(ground: _Ground) -> Requests:
    settings = ground.settings
    return Requests(
        ground.database,
        ground.ledger,
        ground.clock,
        ground.calendar,
        settings.smtp.addresses[0],
        own_terms_move=settings.terms.own_terms_move,
        postroom=ground.postroom,
    )


def _closing(ground: _Ground) -> Closing:
    staff = ground.settings.staff
    mailboxes = tuple(mailbox_key(m.host, m.port, m.username, m.mailbox) for m in ground.settings.imap)
    looked = Looked(mailboxes, watched=bool(ground.settings.outages.watch_seconds))
    return Closing(
        ground.database,
        ground.ledger,
        ground.clock,
        postroom=ground.postroom,
        alerts=ground.alerts,
        terms=ground.date_rules,
        rules=ClosingRules(staff.officer, staff.team_lead_days, looked),
    )


def _ports(ground: _Ground, store: DatabaseStore, clerk: LetterClerk, scanner: clam.Clam) -> Ports:
    settings = ground.settings
    return Ports(
        blobs=ground.blobs,
        store=store,
        reader=parts.reader(settings),
        inspector=parts.inspector(settings, scanner),
        clerk=clerk,
        clock=ground.clock,
        scratch=_scratch(settings),
        patience_seconds=settings.scanners.wait_hours * 3600,
        receipt_seconds=settings.work.receipt_seconds,
        max_attempts=settings.work.max_attempts,
        own_addresses=parts.own_addresses(settings),
    )


def _scratch(settings: Settings) -> Path:
    """Where things are unfolded; emptied at a start."""
    scratch = settings.data_dir / "scratch"
    scratch.mkdir(exist_ok=True)
    return scratch


def _unlocking(ground: _Ground, store: DatabaseStore) -> Unlocking:
    return Unlocking(
        rows=UnlockingRows(ground.database, store, ground.clock),
        people=People(ground.database, ground.ledger, ground.clock),
        blobs=ground.blobs,
        reader=parts.reader(ground.settings),
        scratch=_scratch(ground.settings),
        rules=parts.unlocking_rules(ground.settings),
    )


def _correspondence(ground: _Ground, requests: Requests, dates: Dates) -> Correspondence:
    return Correspondence(
        ground.database,
        ground.ledger,
        ground.blobs,
        ground.clock,
        requests=requests,
        postroom=ground.postroom,
        dates=dates,
        head=parts.printed_head(ground.settings),
        rules=parts.letter_rules(ground.settings),
        templates=ground.templates,
        compose=partial(mail_notices.compose, house=parts.letterhead(ground.settings)),
    )


def _posting(ground: _Ground, correspondence: Correspondence) -> Posting:
    alarm = timedelta(hours=ground.settings.letters.notice_alarm_hours)
    return Posting(ground.database, ground.ledger, ground.clock, ground.postroom, alarm, correspondence.typeset)


def _desk(
    ground: _Ground,
    store: DatabaseStore,
    requests: Requests,
    outages: Outages,
    clerk: LetterClerk,
    *,
    scanner: clam.Clam,
    evidence: _Evidence,
    woken: threading.Event,
) -> Desk:
    settings, database, ledger, clock = ground.settings, ground.database, ground.ledger, ground.clock
    queries = Queries(database)
    dates = Dates(database, clock, ground.date_rules)
    correspondence = _correspondence(ground, requests, dates)
    posting = _posting(ground, correspondence)
    consents = Consents(database, ledger, clock, ground.postroom)
    dealings = Dealings(database, ledger, clock, requests, correspondence.say_in)
    receipt_files = deskwork.receipt_filer(queries, clerk)
    handover = Handover(database, ledger, clock)
    return Desk(
        settings=settings,
        templates=ground.templates,
        store=store,
        requests=requests,
        correspondence=correspondence,
        posting=posting,
        consents=consents,
        counter=Counter(store, queries, clock, ground.calendar, settings.terms.posted_days),
        dealings=dealings,
        people=People(database, ledger, clock),
        quarantine=Quarantine(database, store, clock),
        unlocking=_unlocking(ground, store),
        queries=queries,
        dates=dates,
        outages=outages,
        alerts=ground.alerts,
        closing=_closing(ground),
        proposals=Proposals(clock, queries, dates, consents, dealings, store.note_access),
        blobs=ground.blobs,
        views=ground.views,
        clock=clock,
        wake=woken.set,
        settle=deskwork.settler(queries),
        receipt_files=receipt_files,
        bundle=deskwork.bundler(queries, receipt_files, ground.blobs, clock, handover, parts.archive(settings)),
        handover=handover,
        retention=evidence.retention,
        copies=Copies(database, ledger, clock, parts.own_addresses(settings), receipt_files),
        audit=evidence.check,
        checked=evidence.integrity.last,
        register=evidence.registrar.write,
        health=deskwork.health_of(queries, posting, scanner, evidence.integrity),
        log=lambda path: tiles.read(database, path),
    )


def _outbox(ground: _Ground, carrier: outbound.Outbound) -> Outbox:
    most = ground.settings.outbound.max_attempts
    stands = (ground.database, ground.ledger, ground.blobs, ground.clock)
    return Outbox(*stands, carrier, most, postroom=ground.postroom)


def _rescan(ground: _Ground, scanner: clam.Clam) -> Rescan:
    given = ground.settings.scanners
    rules = RescanRules(given.rescan_batch, given.rescan_days)
    return Rescan(ground.database, ground.ledger, ground.clock, ground.blobs, scanner, rules)


def _retention(ground: _Ground, carrier: outbound.Outbound) -> Retention:
    return Retention(
        ground.database,
        ground.ledger,
        ground.blobs,
        ground.clock,
        schedule=parts.schedule(ground.settings),
        letters=carrier,
        derivatives=ground.views,
        batch=ground.settings.retention.batch,
    )


def _vouching(ground: _Ground, waiting: Callable[[], int | None]) -> Vouching:
    settings = ground.settings
    witnesses = [cosign.Witness(witness.url, witness.vkey) for witness in settings.ledger.witnesses]
    return Vouching(ground.database, ground.ledger, ground.clock, witnesses, parts.authority(settings), waiting)
