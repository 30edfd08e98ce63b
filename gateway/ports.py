"""What the walk needs from the world, and what each part promises when it fails.

Nothing in this file does anything. Read it to know what you may rely on. Every promise here has a test
that runs against the real adapter.
"""

from pathlib import Path
from typing import BinaryIO, Protocol

from gateway.core.model import Accepted, Arrival, RefusedAttempt, StoredFile


class Spool(Protocol):
    """Bytes on their way in, hashed while they are written.

    Nothing is promised before `keep`. `drop` forgets the bytes and may be called at any time, also after
    `keep` or a failed `write`; it never raises and never touches what was kept. One thread at a time.
    """

    size: int

    def write(self, block: bytes | bytearray | memoryview) -> None:
        """Take the next bytes. Raises TryLater when they cannot be written (disk full)."""

    def keep(self) -> StoredFile:
        """Return only when the bytes, their name and the directory entry are on stable storage.

        Raises TryLater otherwise; then the bytes may or may not be there, and keeping the same bytes
        again is always safe and always enough.
        """

    def drop(self) -> None:
        """Forget what was written and not kept."""


class Blobs(Protocol):
    """Bytes on disk, named by their SHA-256; never overwritten, never changed (P2)."""

    def spool(self) -> Spool:
        """A new spool."""

    def put(self, source: Path) -> StoredFile:
        """Keep the bytes of a file; the same promise as `Spool.keep`."""

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, from the start. Raises Corrupt when a blob that was promised is not there."""

    def path(self, sha256: str) -> Path:
        """Where a local program may read the bytes; read-only by agreement."""


class Intake(Protocol):
    """What a channel may do: spool bytes, hand them in, and register whom it turned away."""

    def spool(self) -> Spool:
        """A new spool for incoming bytes."""

    def accept(self, arrival: Arrival) -> Accepted:
        """Take responsibility. Returns only when a power cut would lose nothing (P1).

        Raises TryLater when that could not be had: the caller must not say yes. Blocking; call it from
        a thread. Calls from many threads at once share one commit.
        """

    def register(self, attempt: RefusedAttempt) -> None:
        """Keep the proof of a refused attempt. Raises TryLater when it could not be kept."""
