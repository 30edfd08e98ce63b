"""Files made for one answer: nothing of them stays behind, whatever happens."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

T = TypeVar("T")


def made(name: str, write: Callable[[Path], T]) -> tuple[FileResponse, T]:
    """The zip `name`, which `write` makes at the path that it gets, as a download; and what `write` returned.

    What `write` raises goes on; then nothing is left of the file either.
    """
    folder = Path(tempfile.mkdtemp(prefix="herstelpost-download-"))
    path = folder / name
    try:
        written = write(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    tidy = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(path, media_type="application/zip", filename=name, background=tidy), written
