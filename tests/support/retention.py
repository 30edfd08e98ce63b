"""Retention for tests: the usual table on a clock of the test, where bytes may be old at once."""

import os
from pathlib import Path

from config.settings import Settings
from gateway.app import House
from gateway.arrivals import JournalRows
from gateway.blobs import FRESH_SECONDS, FileBlobs
from gateway.parts import schedule
from gateway.ports import Clock
from gateway.retention import Retention
from gateway.views import Views
from mail.outbound import Outbound
from tests.support.storage import Storage


def retention(kept: Storage | House, clock: Clock, batch: int = 100, fresh_seconds: float | None = None) -> Retention:
    """Retention with the table of the default configuration; bytes count as being kept for `fresh_seconds`."""
    directory = kept.directory if isinstance(kept, Storage) else kept.settings.data_dir
    folder = directory / "blobs"
    fresh = FRESH_SECONDS if fresh_seconds is None else fresh_seconds
    blobs = FileBlobs(folder, fresh, JournalRows(kept.database))
    return Retention(
        kept.database,
        kept.ledger,
        blobs,
        clock,
        schedule=schedule(Settings()),
        letters=Outbound(Settings().outbound, directory / "outbox"),
        derivatives=Views(blobs, directory / "views", clock, None),
        batch=batch,
    )


def old_bytes(data_dir: Path) -> None:
    """Nobody is just keeping these bytes: they were written long ago."""
    for path in (data_dir / "blobs").glob("??/*"):
        os.utime(path, (1e9, 1e9))
