"""What a file system has to be told, so that a name survives a power cut."""

import os
from pathlib import Path


def fsync_directory(directory: Path) -> None:
    """Return when the names in a directory are on stable storage. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
