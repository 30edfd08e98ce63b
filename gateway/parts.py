"""What the settings mean to each part: its rules, limits, keys and addresses.

Raises BadConfiguration where a file that they name cannot be used.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from config.decision_terms import load_decision_terms
from config.sections.duties import Kept
from config.settings import BadConfiguration, Settings
from config.templates import OURS, load_templates
from gateway import marks, mdto, notes, office, rotation
from gateway.clerk import Patience
from gateway.core import terms
from gateway.core.alerts import Recipient
from gateway.core.conditions import Profile
from gateway.core.retention import Rule, Schedule
from gateway.core.templates import Library
from gateway.correspondence import Rules as LetterRules
from gateway.dates import Rules
from gateway.inquiry import Policy
from gateway.ledger import Ledger
from gateway.letterpaper import Letterhead
from gateway.outages import Rules as OutageRules
from gateway.ports import Sealer
from gateway.postroom import Postroom
from gateway.unlocking import Rules as UnlockingRules
from gateway.vouching import Authority
from mail import alerts as mail_alerts
from mail import authenticate, read, read_child, smime
from mail.message import House
from scanners import child, clam, inspect

_MIB = 1 << 20


def own_addresses(settings: Settings) -> tuple[str, ...]:
    """The addresses that are ours: never answered, never a party."""
    return (*settings.smtp.addresses, settings.outbound.from_address)


def signer(settings: Settings) -> notes.Signer:
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


def known_vkeys(settings: Settings) -> tuple[str, ...]:
    """The keys that the log had before, and its witnesses' keys."""
    path = settings.ledger_vkeys
    with _usable(path, "-"):
        known = notes.read_vkeys(path.read_text(encoding="utf-8")) if path.exists() else ()
        for vkey in known:
            notes.parse_vkey(vkey)
    return (*known, *(witness.vkey for witness in settings.ledger.witnesses))


def marker(settings: Settings) -> marks.Marker:
    """The register's own key."""
    key = _own_key(settings.register_key, "register_key_file", marks.generate, settings)
    with _usable(settings.register_key, "ledger.register_key_file"):
        return marks.Marker(key)


def patience(settings: Settings) -> Patience:
    tsa = settings.ledger.tsa
    return Patience(
        witnesses=len(settings.ledger.witnesses),
        stamp=bool(tsa.url) and tsa.receipts,
        most=timedelta(seconds=settings.receipts.wait_seconds),
    )


def check_seal(settings: Settings) -> None:
    """Raises BadConfiguration when receipts could not be sealed now: at a start there is somebody to tell."""
    seal = seal_of(settings)
    if seal is not None and (problem := seal.problem(datetime.now(UTC))):
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


def templates(settings: Settings) -> Library:
    folder = settings.requests.templates_dir
    return load_templates(Path(folder) if folder else OURS)


def policy(settings: Settings) -> Policy:
    return Policy(
        addresses=settings.smtp.addresses,
        trusted_authserv=settings.trusted_authserv,
        cap_bytes=settings.cap_bytes,
        counts_message=settings.limits.counts == "message",
        lease_seconds=settings.work.lease_seconds,
        later_per_second=settings.work.later_per_second,
        later_when_broken=timedelta(seconds=settings.work.later_when_broken_seconds),
        conditions=None if settings.conditions.profile == "by_date" else Profile(settings.conditions.profile),
    )


def postroom(settings: Settings, ledger: Ledger, calendar: terms.Calendar) -> Postroom:
    return Postroom(
        ledger=ledger,
        calendar=calendar,
        own_addresses=own_addresses(settings),
        return_base=settings.outbound.from_address,
        resend=timedelta(minutes=settings.letters.resend_minutes),
        own_terms_move=settings.terms.own_terms_move,
    )


def letter_rules(settings: Settings) -> LetterRules:
    letters_ = settings.letters
    return LetterRules(letters_.full_notice_from, at_import=letters_.release_at_import)


def printed_head(settings: Settings) -> Letterhead:
    return Letterhead(
        organisation=settings.portal.organisation,
        portal_url=settings.portal.public_url,
        help_phone=settings.portal.help_phone,
        postal_address=settings.letters.postal_address,
        cap_mb=settings.limits.submission_mb,
        most_files=settings.portal.max_files,
        taken=settings.files.taken,
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


def letterhead(settings: Settings) -> House:
    return House(
        from_address=settings.outbound.from_address,
        from_name=settings.outbound.from_name,
        organisation=settings.portal.organisation,
        portal_url=settings.portal.public_url,
        help_phone=settings.portal.help_phone,
        addresses=settings.smtp.addresses,
        taken=settings.files.taken,
    )


def _child_limits(settings: Settings, memory_mb: int) -> child.Limits:
    limits = settings.limits
    return child.Limits(
        memory_bytes=memory_mb * _MIB,
        cpu_seconds=limits.child_cpu_seconds,
        wall_seconds=int(limits.child_wall_seconds),
        file_bytes=limits.unpacked_mb * _MIB,
    )


def reader(settings: Settings) -> read.Reader:
    limits = settings.limits
    content = read_child.Limits(
        parts=limits.parts,
        depth=limits.depth,
        total_bytes=limits.unpacked_mb * _MIB,
        entry_bytes=settings.cap_bytes,  # no larger than what the scanner's canary proves
        ratio=limits.ratio,
        opened=settings.files.taken.opened,
    )
    keys = smime.Keys(*(_whole(f) for f in (settings.smime.cert_file, settings.smime.key_file, settings.smime.ca_file)))
    process = _child_limits(settings, limits.child_memory_mb)
    return read.Reader(read.Limits(content, process), _authenticator(settings), keys)


def _whole(file: str) -> str:
    """The path of a file for a child, which runs in a folder of its own."""
    return str(Path(file).resolve()) if file else ""


def libreoffice(settings: Settings) -> office.Office | None:
    """LibreOffice, where there is one."""
    views = settings.views
    program = "" if views.libreoffice == "none" else views.libreoffice or office.found()
    return office.Office(program, office.limits(views.memory_mb, views.seconds)) if program else None


def _authenticator(settings: Settings) -> authenticate.Authenticator | None:
    smtp = settings.smtp
    if smtp.authenticate != "own":
        return None
    return authenticate.Authenticator(smtp.hostname, smtp.dns, smtp.authentication_seconds)


def scanner(settings: Settings) -> clam.Clam:
    return clam.Clam(
        settings.clamd_address,
        settings.cap_bytes,
        timeout_seconds=settings.scanners.timeout_seconds,
        recheck_seconds=settings.scanners.canary_seconds,
    )


def inspector(settings: Settings, scanner: clam.Clam) -> inspect.Inspector:
    process = _child_limits(settings, 2 * settings.limits.child_memory_mb)
    accepted = settings.files.taken.media_types
    return inspect.Inspector(scanner, inspect.Limits(accepted, settings.scanners.at_once, process))


def unlocking_rules(settings: Settings) -> UnlockingRules:
    portal = settings.portal
    return UnlockingRules(
        portal.file_password_attempts,
        portal.file_password_attempts_per_person,
        portal.file_password_window_minutes,
        _child_limits(settings, 2 * settings.limits.child_memory_mb),
    )


def archive(settings: Settings) -> mdto.Archive:
    said = settings.archive
    return mdto.Archive(
        creator=said.creator or settings.portal.organisation,
        creator_id=said.creator_id,
        appraisal=said.appraisal,
        selection_list=said.selection_list,
        category=said.category,
        restriction=said.restriction,
    )


def staff_mail(settings: Settings) -> dict[str, Any]:
    """Who of staff is told by mail, and how."""
    staff = settings.staff
    return {
        "addresses": {
            Recipient.DESK: staff.desk_mail,
            Recipient.OFFICER: staff.officer_mail,
            Recipient.LEAD: staff.team_lead_mail,
        },
        "domain": settings.outbound.from_address.rpartition("@")[2],
        "compose": partial(mail_alerts.compose, house=letterhead(settings)),
    }


def date_rules(settings: Settings, calendar: terms.Calendar) -> Rules:
    file = settings.terms.decision_terms
    return Rules(
        calendar=calendar,
        reading=settings.terms.reading,
        special=load_decision_terms(Path(file)) if file else load_decision_terms(),
        warn_days=settings.terms.warn_days,
        own_terms_move=settings.terms.own_terms_move,
        outage_days=settings.outages.days,
    )


def outage_rules(settings: Settings, calendar: terms.Calendar) -> OutageRules:
    outages = settings.outages
    return OutageRules(calendar, outages.days, timedelta(days=outages.announce_days))


def authority(settings: Settings) -> Authority | None:
    """Who stamps checkpoints, if anybody does."""
    tsa = settings.ledger.tsa
    if not tsa.url:
        return None
    with _usable(tsa.ca_file, "ledger.tsa.ca_file"):
        roots = Path(tsa.ca_file).read_bytes()
    return Authority(tsa.url, roots, timedelta(minutes=tsa.minutes), tsa.receipts)
