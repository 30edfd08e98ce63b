"""The composition root: settings in, a house with all its parts out; the only file that names them all."""

import fcntl
import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from config.calendar import load_calendar
from config.decision_terms import load_decision_terms
from config.settings import BadConfiguration, Kept, Settings
from config.templates import OURS, load_templates
from gateway import bundle, cosign, events, marks, mdto, notes, office, rotation, tiles
from gateway.alerts import Alerts
from gateway.arrivals import content_of
from gateway.audit import Audit, audit
from gateway.blobs import FileBlobs
from gateway.clerk import LetterClerk, Patience
from gateway.closing import Closing
from gateway.closing import Rules as ClosingRules
from gateway.completion import Completion
from gateway.core import terms
from gateway.core.alerts import Recipient
from gateway.core.conditions import Profile
from gateway.core.names import mailbox_key
from gateway.core.retention import Rule, Schedule
from gateway.core.templates import Library
from gateway.core.words import Status
from gateway.correspondence import Correspondence
from gateway.correspondence import Rules as LetterRules
from gateway.counter import Counter
from gateway.database import Database
from gateway.dates import Dates, Rules
from gateway.dealings import Dealings
from gateway.desk import Auditing, Desk, ReceiptFiles
from gateway.handover import Handover
from gateway.inquiry import Policy
from gateway.integrity import Integrity
from gateway.last_chance import Looked
from gateway.ledger import Ledger
from gateway.letterpaper import Letterhead
from gateway.lifecycle import Lifecycle
from gateway.outages import Outages
from gateway.outages import Rules as OutageRules
from gateway.outbox import Outbox
from gateway.people import People
from gateway.person import Copies
from gateway.ports import Clock, Ports, Sealer
from gateway.postroom import FAILED, Postroom
from gateway.proposal import Proposals
from gateway.quarantine import Quarantine
from gateway.queries import Queries
from gateway.register import Registrar
from gateway.reminders import Reminders
from gateway.requests import Requests
from gateway.rescan import Rescan
from gateway.rescan import Rules as RescanRules
from gateway.retention import Retention
from gateway.schema import dump
from gateway.store import DatabaseStore
from gateway.views import Views
from gateway.vouching import Authority, Vouching
from mail import alerts as mail_alerts
from mail import authenticate, letters, outbound, read, read_child, smime
from mail import notices as mail_notices
from scanners import child, clam, inspect

_MIB = 1 << 20
SETTLE_SECONDS = 0.05
_AT_REST = frozenset({Status.HELD, Status.DONE})


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
    library: Library
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
    completion = Completion(ground.postroom, ground.alerts, _rules(ground))
    stands = (database, ledger, ground.blobs, clock)
    store = DatabaseStore(*stands, _policy(settings), ground.postroom, completion=completion)
    carrier = outbound.Outbound(settings.outbound, settings.data_dir / "outbox", helo=settings.smtp.hostname)
    evidence = _evidence(ground, store, _retention(ground, carrier))
    requests = _requests(ground)
    outages = Outages(database, ledger, clock, requests, _outage_rules(ground))
    seal, patience = seal_of(settings), _patience(settings)
    clerk = LetterClerk(ledger, clock, _letterhead(settings), settings.cap_bytes, patience, seal, outages=outages)
    scanner = _scanner(settings)
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
    ledger = Ledger(database, _signer(settings), _known_vkeys(settings))
    blobs = FileBlobs(settings.data_dir / "blobs", carried=partial(content_of, database))
    calendar, clock = load_calendar(), SystemClock()
    return _Ground(
        settings=settings,
        database=database,
        ledger=ledger,
        blobs=blobs,
        views=Views(blobs, settings.data_dir / "views", clock, _office(settings)),
        clock=clock,
        calendar=calendar,
        library=_library(settings),
        postroom=_postroom(settings, ledger, calendar),
        alerts=Alerts(database, ledger, blobs, clock, **_staff(settings)),
    )


def _evidence(ground: _Ground, store: DatabaseStore, retention: Retention) -> _Evidence:
    database, ledger = ground.database, ground.ledger
    vouching = _vouching(ground, store.newest_unwritten)
    check = _auditor(database, ground.blobs, ledger, vouching)
    return _Evidence(
        vouching=vouching,
        check=check,
        integrity=Integrity(database, ledger, ground.clock, check),
        registrar=Registrar(database, ledger, _marker(ground.settings), lambda: vouching.vouch(events.note)),
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


def _staff(settings: Settings) -> dict[str, Any]:
    """Who of staff is told by mail, and how."""
    staff = settings.staff
    return {
        "addresses": {
            Recipient.DESK: staff.desk_mail,
            Recipient.OFFICER: staff.officer_mail,
            Recipient.LEAD: staff.team_lead_mail,
        },
        "domain": settings.outbound.from_address.rpartition("@")[2],
        "compose": partial(mail_alerts.compose, house=_letterhead(settings)),
    }


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
        terms=_rules(ground),
        rules=ClosingRules(staff.officer, staff.team_lead_days, looked),
    )


def _ports(ground: _Ground, store: DatabaseStore, clerk: LetterClerk, scanner: clam.Clam) -> Ports:
    settings = ground.settings
    scratch = settings.data_dir / "scratch"
    scratch.mkdir(exist_ok=True)
    return Ports(
        blobs=ground.blobs,
        store=store,
        reader=_reader(settings),
        inspector=_inspector(settings, scanner),
        clerk=clerk,
        clock=ground.clock,
        scratch=scratch,
        patience_seconds=settings.scanners.wait_hours * 3600,
        receipt_seconds=settings.work.receipt_seconds,
        max_attempts=settings.work.max_attempts,
        own_addresses=_own_addresses(settings),
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
        head=_printed_head(ground.settings),
        rules=_letter_rules(ground.settings),
        library=ground.library,
        compose=partial(mail_notices.compose, house=_letterhead(ground.settings)),
    )


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
    dates = Dates(database, clock, _rules(ground))
    correspondence = _correspondence(ground, requests, dates)
    dealings = Dealings(database, ledger, clock, requests, correspondence.say_in)
    receipt_files = _receipt_files(queries, clerk)
    handover = Handover(database, ledger, clock)
    return Desk(
        settings=settings,
        library=ground.library,
        store=store,
        requests=requests,
        correspondence=correspondence,
        counter=Counter(store, queries, clock, ground.calendar, settings.terms.posted_days),
        dealings=dealings,
        people=People(database, ledger, clock),
        quarantine=Quarantine(database, store, clock),
        queries=queries,
        dates=dates,
        outages=outages,
        alerts=ground.alerts,
        closing=_closing(ground),
        proposals=Proposals(clock, queries, dates, correspondence, dealings, store.note_access),
        blobs=ground.blobs,
        views=ground.views,
        clock=clock,
        wake=woken.set,
        settle=_settle(queries),
        receipt_files=receipt_files,
        bundle=_bundler(queries, receipt_files, ground.blobs, clock, handover, _archive(settings)),
        handover=handover,
        retention=evidence.retention,
        copies=Copies(database, ledger, clock, _own_addresses(settings), receipt_files),
        audit=evidence.check,
        checked=evidence.integrity.last,
        register=evidence.registrar.write,
        health=_health(queries, correspondence, scanner, evidence.integrity),
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
        schedule=schedule(ground.settings),
        letters=carrier,
        derivatives=ground.views,
        batch=ground.settings.retention.batch,
    )


# ---- the parts -----------------------------------------------------------------------------------


def _own_addresses(settings: Settings) -> tuple[str, ...]:
    """The addresses that are ours: never answered, never a party."""
    return (*settings.smtp.addresses, settings.outbound.from_address)


def _signer(settings: Settings) -> notes.Signer:
    """The ledger's signer."""
    pem = _own_key(settings.ledger_key, "key_file", lambda: notes.key_to_pem(notes.generate_key()), settings)
    with _usable(settings.ledger_key, "ledger.key_file"):
        return notes.Signer(settings.ledger.origin, notes.key_from_pem(pem))


def _own_key(path: Path, key: str, make: Callable[[], bytes], settings: Settings) -> bytes:
    """A key file of `[ledger]`; the embedded default makes it on the first start, readable by us alone."""
    if not path.exists() and not getattr(settings.ledger, key):
        rotation.write_new(path, make())
    with _usable(path, f"ledger.{key}"):
        return path.read_bytes()


@contextmanager
def _usable(path: object, key: str) -> Iterator[None]:
    """What is wrong with a file that the configuration names is BadConfiguration."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise BadConfiguration((f"{path}: {key}: cannot be used: {error}",)) from error


def _known_vkeys(settings: Settings) -> tuple[str, ...]:
    """The keys that the log had before, and its witnesses' keys."""
    path = settings.ledger_vkeys
    with _usable(path, "-"):
        known = notes.read_vkeys(path.read_text(encoding="utf-8")) if path.exists() else ()
        for vkey in known:
            notes.parse_vkey(vkey)
    return (*known, *(witness.vkey for witness in settings.ledger.witnesses))


def _marker(settings: Settings) -> marks.Marker:
    """The register's own key."""
    key = _own_key(settings.register_key, "register_key_file", marks.generate, settings)
    with _usable(settings.register_key, "ledger.register_key_file"):
        return marks.Marker(key)


def _vouching(ground: _Ground, waiting: Callable[[], int | None]) -> Vouching:
    settings = ground.settings
    tsa = settings.ledger.tsa
    authority = None
    if tsa.url:
        with _usable(tsa.ca_file, "ledger.tsa.ca_file"):
            roots = Path(tsa.ca_file).read_bytes()
        authority = Authority(tsa.url, roots, timedelta(minutes=tsa.minutes), tsa.receipts)
    witnesses = [cosign.Witness(witness.url, witness.vkey) for witness in settings.ledger.witnesses]
    return Vouching(ground.database, ground.ledger, ground.clock, witnesses, authority, waiting)


def _patience(settings: Settings) -> Patience:
    tsa = settings.ledger.tsa
    return Patience(
        witnesses=len(settings.ledger.witnesses),
        stamp=bool(tsa.url) and tsa.receipts,
        most=timedelta(seconds=settings.receipts.wait_seconds),
    )


def check_seal(settings: Settings) -> None:
    """Raises BadConfiguration when receipts could not be sealed now: at a start there is somebody to tell."""
    seal = seal_of(settings)
    if seal is not None and (problem := seal.problem(SystemClock().now())):
        raise BadConfiguration((f"{settings.receipts.seal_cert}: receipts.seal_cert: {problem}",))


def seal_of(settings: Settings) -> Sealer | None:
    """The seal for receipts, if there is one. Raises BadConfiguration."""
    paths = (settings.receipts.seal_cert, settings.receipts.seal_key)
    if not any(paths):
        return None
    from gateway.seal import Seal, SealError  # noqa: PLC0415  # its library takes long to load, and few need it

    try:
        return Seal(*(Path(path).read_bytes() for path in paths))
    except (OSError, SealError) as error:
        raise BadConfiguration((f"{paths[0]}: receipts.seal_cert: cannot be used: {error}",)) from error


def _library(settings: Settings) -> Library:
    folder = settings.requests.templates_dir
    return load_templates(Path(folder) if folder else OURS)


def _policy(settings: Settings) -> Policy:
    return Policy(
        addresses=settings.smtp.addresses,
        trusted_authserv=settings.trusted_authserv,
        cap_bytes=settings.cap_bytes,
        counts_message=settings.limits.counts == "message",
        lease_seconds=settings.work.lease_seconds,
        conditions=None if settings.conditions.profile == "by_date" else Profile(settings.conditions.profile),
    )


def _rules(ground: _Ground) -> Rules:
    settings = ground.settings
    file = settings.terms.decision_terms
    return Rules(
        calendar=ground.calendar,
        reading=settings.terms.reading,
        special=load_decision_terms(Path(file)) if file else load_decision_terms(),
        warn_days=settings.terms.warn_days,
        own_terms_move=settings.terms.own_terms_move,
        outage_days=settings.outages.days,
    )


def _outage_rules(ground: _Ground) -> OutageRules:
    outages = ground.settings.outages
    return OutageRules(ground.calendar, outages.days, timedelta(days=outages.announce_days))


def _postroom(settings: Settings, ledger: Ledger, calendar: terms.Calendar) -> Postroom:
    return Postroom(
        ledger=ledger,
        calendar=calendar,
        own_addresses=_own_addresses(settings),
        return_base=settings.outbound.from_address,
        resend=timedelta(minutes=settings.letters.resend_minutes),
        own_terms_move=settings.terms.own_terms_move,
    )


def _letter_rules(settings: Settings) -> LetterRules:
    letters_ = settings.letters
    return LetterRules(
        letters_.full_notice_from, timedelta(hours=letters_.notice_alarm_hours), at_import=letters_.release_at_import
    )


def _printed_head(settings: Settings) -> Letterhead:
    return Letterhead(
        organisation=settings.portal.organisation,
        portal_url=settings.portal.public_url,
        help_phone=settings.portal.help_phone,
        postal_address=settings.letters.postal_address,
        cap_mb=settings.limits.submission_mb,
        most_files=settings.portal.max_files,
    )


def schedule(settings: Settings) -> Schedule:
    """The table of what is kept how long."""

    def rule(name: str, kept: Kept) -> Rule:
        return Rule(name, kept.days, kept.ground, kept.list_item)

    table = settings.retention
    return Schedule(
        handed_over=rule("overgedragen", table.handed_over),
        without_request=rule("zonder verzoek", table.without_request),
        request=rule("verzoek", table.request),
        refused=rule("geweigerde pogingen", table.refused),
        access=rule("toegang", table.access),
        kinds={kept.kind: rule(kept.kind, kept) for kept in table.kinds},
    )


def _letterhead(settings: Settings) -> letters.House:
    return letters.House(
        from_address=settings.outbound.from_address,
        from_name=settings.outbound.from_name,
        organisation=settings.portal.organisation,
        portal_url=settings.portal.public_url,
        help_phone=settings.portal.help_phone,
        addresses=settings.smtp.addresses,
    )


def _child_limits(settings: Settings, memory_mb: int) -> child.Limits:
    limits = settings.limits
    return child.Limits(
        memory_bytes=memory_mb * _MIB,
        cpu_seconds=limits.child_cpu_seconds,
        wall_seconds=int(limits.child_wall_seconds),
        file_bytes=limits.unpacked_mb * _MIB,
    )


def _reader(settings: Settings) -> read.Reader:
    limits = settings.limits
    content = read_child.Limits(
        parts=limits.parts,
        depth=limits.depth,
        total_bytes=limits.unpacked_mb * _MIB,
        entry_bytes=settings.cap_bytes,  # no larger than what the scanner's canary proves
        ratio=limits.ratio,
    )
    keys = smime.Keys(*(_whole(f) for f in (settings.smime.cert_file, settings.smime.key_file, settings.smime.ca_file)))
    process = _child_limits(settings, limits.child_memory_mb)
    return read.Reader(read.Limits(content, process), _authenticator(settings), keys)


def _whole(file: str) -> str:
    """The path of a file for a child, which runs in a folder of its own."""
    return str(Path(file).resolve()) if file else ""


def _office(settings: Settings) -> office.Office | None:
    """LibreOffice, where there is one."""
    views = settings.views
    program = "" if views.libreoffice == "none" else views.libreoffice or office.found()
    return office.Office(program, office.limits(views.memory_mb, views.seconds)) if program else None


def _authenticator(settings: Settings) -> authenticate.Authenticator | None:
    smtp = settings.smtp
    if smtp.authenticate != "own":
        return None
    return authenticate.Authenticator(smtp.hostname, smtp.dns, smtp.authentication_seconds)


def _scanner(settings: Settings) -> clam.Clam:
    return clam.Clam(
        settings.clamd_address,
        settings.cap_bytes,
        timeout_seconds=settings.scanners.timeout_seconds,
        recheck_seconds=settings.scanners.canary_seconds,
    )


def _inspector(settings: Settings, scanner: clam.Clam) -> inspect.Inspector:
    process = _child_limits(settings, 2 * settings.limits.child_memory_mb)
    return inspect.Inspector(scanner, inspect.Limits(process=process, at_once=settings.scanners.at_once))


# ---- what the desk can have done -----------------------------------------------------------------


def _settle(queries: Queries) -> Callable[[str, float], None]:
    def settle(number: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while queries.submission(number).status not in _AT_REST and time.monotonic() < until:
            time.sleep(SETTLE_SECONDS)

    return settle


def _receipt_files(queries: Queries, clerk: LetterClerk) -> ReceiptFiles:
    def receipt_files(number: str, reference: str | None = None) -> dict[str, bytes]:
        view = queries.share(number, reference) if reference else queries.submission(number)
        index = queries.receipt_index(number, reference)
        if index is None:
            return {}
        request = queries.request(view.verzoek) if view.verzoek else None
        receipt = queries.event(index)
        if not receipt:
            return {}  # erased: the sender has the only copy
        shown = dump(request) if request and receipt.get("verzoek") else None
        return clerk.package(index, shown, request.taal if request else "nl")

    return receipt_files


def _archive(settings: Settings) -> mdto.Archive:
    said = settings.archive
    return mdto.Archive(
        creator=said.creator or settings.portal.organisation,
        creator_id=said.creator_id,
        appraisal=said.appraisal,
        selection_list=said.selection_list,
        category=said.category,
        restriction=said.restriction,
    )


def _bundler(
    queries: Queries,
    receipt_files: ReceiptFiles,
    blobs: FileBlobs,
    clock: Clock,
    handover: Handover,
    archive: mdto.Archive,
) -> Callable[[str, Path, str], str]:
    def write(reference: str, path: Path, officer: str) -> str:
        contents = handover.contents(reference)
        request = queries.request(reference)
        submissions = [
            bundle.BundleSubmission(
                number=view.ontvangstnummer,
                submission=dump(view),
                raw=queries.raw_files(view.ontvangstnummer),
                documents=tuple(
                    bundle.BundleDocument(d.name, d.sha256, d.bytes, d.media_type, d.outcome, d.reason, d.number)
                    for d in queries.documents(reference)
                    if d.submission == view.ontvangstnummer
                ),
                receipt=receipt_files(view.ontvangstnummer, reference),
                shared=len(queries.submission(view.ontvangstnummer).verzoeken) > 1,
            )
            for view in queries.submissions(request=reference)
            if view.ontvangstnummer in contents  # what nobody looked at yet does not leave the house (P4)
        ]
        bundle.write_bundle(path, dump(request), submissions, blobs, made_at=clock.now(), archive=archive)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        handover.taken_out(reference, sha256, contents, officer)
        return sha256

    return write


def _health(
    queries: Queries, correspondence: Correspondence, scanner: clam.Clam, integrity: Integrity
) -> Callable[[], dict[str, str]]:
    def health() -> dict[str, str]:
        checked = integrity.last()
        failed = queries.letter_sums().get(FAILED, 0)
        late = correspondence.late()
        return {
            "scanner": "goed" if scanner.canary().ok else "ziet niets",
            "brieven": f"{failed} niet bezorgd" if failed else "goed",
            "logboek": "goed" if checked is None or checked.ok else f"klopt niet: {checked.first}",
            "kennisgevingen": f"{late} te laat" if late else "goed",
        }

    return health


def _auditor(database: Database, blobs: FileBlobs, ledger: Ledger, vouching: Vouching) -> Auditing:
    """What we find ourselves, and what the witnesses say against it."""

    def check(content: bool, outside: Sequence[str] = ()) -> Audit:  # noqa: FBT001  # the desk's callable
        roots, others = vouching.tsa_roots, ledger.vkeys
        found = audit(database, blobs, ledger.vkey, content=content, others=others, tsa_roots=roots, outside=outside)
        return replace(found, problems=(*found.problems, *vouching.problems()))

    return check
