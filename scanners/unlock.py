"""Locked PDFs: a copy without password, made in a child process with the password that somebody gave.

Rule 1: the password goes to the child in memory and nowhere else: no argument, no environment, no file, no log.
Rule 2: the locked file is only read; the copy is a file of its own, and is believed no more than what anybody sent.
"""

from enum import StrEnum
from pathlib import Path
from typing import Final

from scanners import child

MEDIA_TYPE: Final = "application/pdf"
"""The kind of file that can be opened so."""
LONGEST_PASSWORD: Final = 200
"""In characters; a PDF looks at 127 bytes at the most (ISO 32000-2, 7.6.4.3.3)."""


class Said(StrEnum):
    """What came of a password: the copy is there, it is not the password, or no copy can be made with any."""

    OPENED = "opened"
    WRONG = "wrong"
    FAILED = "failed"


def unlock(locked: Path, password: str, copy: Path, limits: child.Limits) -> Said:
    """Try a password; when it is right, `copy` is the document without it. Raises TryLater when no child could run.

    The same document gives the same bytes, whichever of its passwords opened it.
    """
    if len(password) > LONGEST_PASSWORD:
        return Said.WRONG
    job = {"locked": str(locked.resolve()), "password": password, "copy": str(copy.resolve())}
    outcome = child.run("scanners.unlock_child", job, limits, writable=(copy.parent,))
    if outcome.answers[:1] == (Said.WRONG,):
        return Said.WRONG
    made = outcome.answers[:1] == (Said.OPENED,) and outcome.ended == "done"
    return Said.OPENED if made and copy.is_file() and not copy.is_symlink() else Said.FAILED
