"""The SMTP listener: takes connections, and ends without cutting off who was promised something.

What happens on a connection is in `mail.smtp_session`.
"""

import asyncio
import functools
import logging
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from config.settings import BadConfiguration, Settings
from gateway.ports import Intake
from mail.smtp_proxy import Peers, ProxyHeader
from mail.smtp_session import GatewaySMTP
from mail.smtp_shared import ListenerSettings, MailLog, Shared
from mail.smtp_tls import Certificate

__all__ = ["Listener", "ListenerSettings", "MailLog", "listener_settings", "serve"]

# A burst of new connections waits here instead of being refused by the kernel.
_BACKLOG: Final = 1024
_MIB: Final = 1 << 20


def listener_settings(settings: Settings) -> ListenerSettings:
    """What the listener needs of the configuration. Raises BadConfiguration for a certificate that cannot be used."""
    smtp = settings.smtp
    return ListenerSettings(
        hostname=smtp.hostname,
        addresses=smtp.addresses,
        portal_url=settings.portal.public_url,
        max_message_bytes=settings.max_message_bytes,
        max_recipients=smtp.max_recipients,
        max_line_bytes=smtp.max_line_bytes,
        max_command_bytes=smtp.max_command_bytes,
        max_refused_bytes=smtp.max_refused_mb * _MIB,
        idle_seconds=smtp.idle_seconds,
        minimum_rate_bytes_per_second=smtp.minimum_bytes_per_second,
        max_connections=smtp.max_connections,
        max_connections_per_address=smtp.max_connections_per_address,
        max_in_flight=smtp.max_in_flight,
        max_accepting=smtp.max_accepting,
        max_errors=smtp.max_errors,
        max_commands=smtp.max_commands,
        storage=settings.data_dir,
        min_free_bytes=smtp.min_free_mb * _MIB,
        tls=_certificate(smtp.tls_cert, smtp.tls_key),
        require_tls=smtp.require_tls,
        proxy_peers=smtp.proxy_peers,
        proxy_seconds=smtp.proxy_seconds,
        submission_mb=settings.limits.submission_mb,
        reuse_port=smtp.listeners > 1,
    )


def _certificate(certificate: str, key: str) -> Certificate | None:
    if not certificate:
        return None
    try:
        return Certificate(Path(certificate), Path(key))
    except (OSError, ssl.SSLError) as error:
        raise BadConfiguration((f"{certificate}: smtp.tls_cert: cannot be used: {error}",)) from error


async def serve(
    listen: str,
    settings: ListenerSettings,
    intake: Intake,
    log: MailLog,
    *,
    listen_also: Sequence[str] = (),
    listen_tls: str = "",
) -> "Listener":
    """A listener that takes connections on `listen` (host:port; port 0 for any free one) and on `listen_also`.

    On `listen_tls` TLS starts before the first word. Raises OSError when it cannot listen; then it does nowhere.
    """
    # At INFO aiosmtpd writes about every connection, at DEBUG about what is in it.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    listener = Listener(Shared(settings, intake, log))
    try:
        for address in (listen, *listen_also):
            await listener.open(address)
        if listen_tls:
            await listener.open(listen_tls, implicit_tls=True)
    except OSError:
        await listener.close()
        raise
    return listener


class Listener:
    """A running SMTP listener. `ports` are where it listens, in the order they were opened."""

    def __init__(self, shared: Shared) -> None:
        self.ports: list[int] = []
        self.connections = shared.connections
        self._shared = shared
        self._peers = Peers(shared.settings.proxy_peers) if shared.settings.proxy_peers else None
        self._headers: set[ProxyHeader] = set()
        self._servers: list[asyncio.Server] = []

    @property
    def port(self) -> int:
        """The first port."""
        return self.ports[0]

    async def open(self, address: str, *, implicit_tls: bool = False) -> None:
        """Start listening. Raises OSError."""
        loop = asyncio.get_running_loop()
        host, _, port = address.rpartition(":")
        server = await loop.create_server(
            functools.partial(self._protocol, implicit_tls=implicit_tls),
            host.strip("[]"),
            int(port),
            backlog=_BACKLOG,
            reuse_port=self._shared.settings.reuse_port or None,
        )
        self._servers.append(server)
        self.ports.append(server.sockets[0].getsockname()[1])

    def _protocol(self, *, implicit_tls: bool) -> asyncio.BaseProtocol:
        def serve_client(client: str | None) -> GatewaySMTP:
            return GatewaySMTP(self._shared, client=client, implicit_tls=implicit_tls)

        if self._peers is None:
            return serve_client(None)
        return ProxyHeader(self._peers, serve_client, self._headers, self._shared.settings.proxy_seconds)

    async def close(self, limit_seconds: float = 60.0) -> None:
        """Stop listening, let messages that are coming in finish, and end.

        After `limit_seconds` what is still coming in is cut off: it was promised to nobody. What waits for
        its commit is always waited for.
        """
        self._shared.closing = True
        for server in self._servers:
            server.close()
        for header in tuple(self._headers):
            header.cut_off()
        for connection in tuple(self.connections):
            connection.shut_down()
        handlers = tuple(self._shared.handlers)
        if handlers:
            await asyncio.wait(handlers, timeout=limit_seconds)
        for connection in tuple(self.connections):
            connection.cut_off()
        await asyncio.gather(*handlers, return_exceptions=True)
        self._shared.threads.shutdown()
