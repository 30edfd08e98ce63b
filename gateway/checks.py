"""`herstelpost check`: tries every server that the configuration names, and says everything at once."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from config.settings import BadConfiguration, Imap, Settings
from gateway import app, events, timestamps
from gateway.core.errors import GatewayError
from gateway.mailboxes import MailboxCursor
from mail import imap_in, resolver, smtp_in
from scanners import clam

TIMEOUT_SECONDS = 10


def problems(settings: Settings, name: str) -> tuple[str, ...]:
    """Every problem as `file: key: problem`; empty when all of it answers. `name`: of the configuration."""
    found: list[str] = []
    for key, attempt in _attempts(settings):
        try:
            attempt()
        except BadConfiguration as error:
            found += error.problems
        except (GatewayError, OSError) as error:
            found.append(f"{name}: {key}: {error}")
    return tuple(found)


def _attempts(settings: Settings) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "database.url", lambda: app.build(settings).close()
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
