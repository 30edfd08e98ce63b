"""The SMTP listener: takes connections, and ends without cutting off who was promised something.

What happens on a connection is in `mail.smtp_session`.
"""

import asyncio
import logging
from typing import Final

from gateway.ports import Intake
from mail.smtp_session import GatewaySMTP, ListenerSettings, MailLog, Shared

__all__ = ["Listener", "ListenerSettings", "MailLog", "serve"]

# A burst of new connections waits here instead of being refused by the kernel.
_BACKLOG: Final = 1024


async def serve(listen: str, settings: ListenerSettings, intake: Intake, log: MailLog) -> "Listener":
    """A listener that takes connections on `listen` (host:port; port 0 for any free one).

    Raises OSError when it cannot listen there.
    """
    # At INFO aiosmtpd writes about every connection, at DEBUG about what is in it.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    listener = Listener(Shared(settings, intake, log))
    host, _, port = listen.rpartition(":")
    await listener.open(host.strip("[]"), int(port))
    return listener


class Listener:
    """A running SMTP listener. `port` is where it listens."""

    def __init__(self, shared: Shared) -> None:
        self.port = 0
        self.connections = shared.connections
        self._shared = shared
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Start listening. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: GatewaySMTP(self._shared),
            host,
            port,
            backlog=_BACKLOG,
            reuse_port=self._shared.settings.reuse_port or None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self, limit_seconds: float = 60.0) -> None:
        """Stop listening, let messages that are coming in finish, and end.

        After `limit_seconds` what is still coming in is cut off: it was promised to nobody. What waits for
        its commit is always waited for.
        """
        self._shared.closing = True
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.shut_down()
        handlers = [connection.handler() for connection in self.connections]
        if handlers:
            await asyncio.wait(handlers, timeout=limit_seconds)
        for connection in tuple(self.connections):
            connection.cut_off()
        await asyncio.gather(*handlers, *self._shared.tasks, return_exceptions=True)
        self._shared.threads.shutdown()
