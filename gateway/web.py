"""The server of the portal; apart from `service`, so that a process without a portal loads nothing of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import uvicorn

from gateway.desk import Desk
from portal.app import create_app


class _Uvicorn(uvicorn.Server):
    """Leaves the signals to us: all parts stop together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def portal(desk: Desk, listen: str) -> AsyncIterator[None]:
    """The portal, on `listen` (host:port), until left. Raises OSError when it cannot listen there."""
    host, _, port = listen.rpartition(":")
    server = _Uvicorn(
        uvicorn.Config(
            create_app(desk),
            host=host.strip("[]"),
            port=int(port),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
        )
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            # uvicorn ends with SystemExit when it cannot listen; for us that is an OSError like any other.
            raise OSError(f"cannot listen on {listen}")
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task
