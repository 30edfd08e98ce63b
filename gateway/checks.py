"""`herstelpost check`: tries every server that the configuration names, and says everything at once."""

import socket
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from config.calendar import load_calendar
from config.sections.channels import Imap
from config.settings import BadConfiguration, Settings
from gateway import app, events, office, parts, timestamps
from gateway.core.errors import GatewayError
from gateway.mailboxes import MailboxCursor
from mail import imap_in, resolver, smtp_in
from scanners import clam

TIMEOUT_SECONDS = 10
AHEAD = timedelta(days=183)  # a decree is published long before; the longest usual terms reach so far
CHANNELS = {"smtp": "email", "imap": "email", "portal": "portaal"}
"""The parts of the gateway that take something in, and the contract's word for their channel."""


def problems(settings: Settings, name: str, today: date) -> tuple[str, ...]:
    """Every problem as `file: key: problem`; empty when all of it answers. `name`: of the configuration."""
    found = list(undesignated(settings, name, CHANNELS.values(), today))
    for key, attempt in _attempts(settings):
        try:
            attempt()
        except BadConfiguration as error:
            found += error.problems
        except (GatewayError, OSError) as error:
            found.append(f"{name}: {key}: {error}")
    return tuple(dict.fromkeys(found))  # what keeps a part from being built keeps another one too


def undesignated(settings: Settings, name: str, channels: Iterable[str], today: date) -> tuple[str, ...]:
    """The channels that may not start, as `problems`: no decision designates them today (Awb 2:13 lid 2)."""
    return tuple(
        f"{name}: designations: no decision in force designates {channel} (art. 2:13 lid 2 Awb): it may not start"
        for channel in settings.undesignated(dict.fromkeys(channels), today)
    )


def warnings(settings: Settings, today: date) -> tuple[str, ...]:
    """What does not stop the gateway and somebody must see to all the same."""
    found = [
        f"designations: {channel} stands on a FICTITIOUS decision; name your own before citizens use it"
        for channel in settings.fictitious_designations
    ]
    if unknown := load_calendar().uncovered_years(today, today + AHEAD):
        years = ", ".join(map(str, unknown))
        found.append(f"calendar: the decree days of {years} are not known; last days may come too early")
    if not settings.views.libreoffice and not office.found():
        found.append("views: no LibreOffice here: Word, Excel and OpenDocument files cannot be viewed, only downloaded")
    return tuple(f"WARNING: {warning}" for warning in found)


def _attempts(settings: Settings) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "database.url", lambda: app.build(settings).close()
    yield "receipts.seal_cert", lambda: parts.check_seal(settings)
    yield "scanners.clamd", lambda: _scan(settings)
    yield "smtp.tls_cert", lambda: _certificate(settings)
    if settings.smtp.authenticate == "own":
        yield "smtp.dns", lambda: _ask_dns(settings)
    if settings.ledger.tsa.url:
        yield "ledger.tsa.url", lambda: _stamp(settings)
    for number, witness in enumerate(settings.ledger.witnesses):
        yield f"ledger.witnesses.{number}.url", _reach(witness.url)
    if settings.outbound.smarthost:
        yield "outbound.smarthost", lambda: _connect(settings.outbound.smarthost)
    for number, box in enumerate(settings.imap):
        yield f"imap.{number}", _sign_in(settings, box)


def _scan(settings: Settings) -> None:
    scanner = clam.Clam(settings.clamd_address, settings.cap_bytes, timeout_seconds=TIMEOUT_SECONDS)
    canary = scanner.run_canary()
    if not canary.ok:
        raise OSError(f"{settings.clamd_address}: {canary.detail}")


def _stamp(settings: Settings) -> None:
    """A real stamp, checked: authorities differ in what they send."""
    tsa = settings.ledger.tsa
    try:
        timestamps.ask(tsa.url, "herstelpost check\n", Path(tsa.ca_file).read_bytes())
    except timestamps.BadStamp as error:
        raise OSError(str(error)) from error


def _reach(url: str) -> Callable[[], None]:
    def reach() -> None:
        parts = urlsplit(url)
        _connect(f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}")

    return reach


def _certificate(settings: Settings) -> None:
    smtp_in.listener_settings(settings)


def _ask_dns(settings: Settings) -> None:
    """A name that never exists (RFC 6761 section 6.4): every resolver can say so, also without the internet."""
    try:
        resolver.Resolver(settings.smtp.dns, TIMEOUT_SECONDS).texts("herstelpost.invalid")
    except resolver.Temporary as error:
        named = ", ".join(settings.smtp.dns) or "the resolvers of this machine"
        raise OSError(f"{named}: no answer ({error})") from error


def _connect(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), TIMEOUT_SECONDS).close()
    except OSError as error:
        raise OSError(f"{address} cannot be reached: {error}") from error


def _sign_in(settings: Settings, box: Imap) -> Callable[[], None]:
    def sign_in() -> None:
        house = app.build(settings)
        try:
            imap_in.Mailbox(box, house.desk.store, MailboxCursor(house.database), events.note).check()
        finally:
            house.close()

    return sign_in
