"""`herstelpost check`: tries every server that the configuration names, and says everything at once."""

import smtplib
import socket
from collections.abc import Callable, Iterator

from config.settings import BadConfiguration, Settings
from gateway import app
from gateway.core.errors import GatewayError
from mail import imap_in
from scanners import clam

TIMEOUT_SECONDS = 10


def problems(settings: Settings, name: str = "configuration") -> tuple[str, ...]:
    """Every problem as `file: key: problem`; empty when all of it answers."""
    found = []
    for key, attempt in _attempts(settings):
        try:
            attempt()
        except BadConfiguration as error:
            found += error.problems
        except (GatewayError, OSError, smtplib.SMTPException, ValueError) as error:
            found.append(f"{name}: {key}: {error}")
    return tuple(found)


def _attempts(settings: Settings) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "database.url", lambda: app.build(settings).close()
    yield "scanners.clamd", lambda: _scanner(settings)
    if settings.outbound.smarthost:
        yield "outbound.smarthost", lambda: _connect(settings.outbound.smarthost)
    for number, box in enumerate(settings.imap):
        yield f"imap.{number}", lambda box=box: imap_in.try_sign_in(box)  # type: ignore[misc]


def _scanner(settings: Settings) -> None:
    canary = clam.Clam(settings.clamd_address, settings.cap_bytes, timeout_seconds=TIMEOUT_SECONDS).run_canary()
    if not canary.ok:
        raise ValueError(f"{settings.clamd_address}: {canary.detail}")


def _connect(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), TIMEOUT_SECONDS).close()
    except OSError as error:
        raise OSError(f"{address} cannot be reached: {error}") from error
