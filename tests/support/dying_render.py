"""The drawing child, dying as if it were broken into: at one document, or when it merges a certain number."""

import os
from pathlib import Path
from typing import Any, Final

from gateway import render_child

DEADLY = "dodelijk.pdf"
DEADLY_TOGETHER = 7


def work(job: dict[str, Any]) -> None:
    """As the real one, until it dies."""
    drawn = [source for source in job.get("sources", ()) if Path(source).stem.isdigit()]
    if len(drawn) == DEADLY_TOGETHER:
        os.abort()
    for position, document in enumerate(job.get("documents", ())):
        if document["name"] == DEADLY:
            render_child.work({**job, "documents": job["documents"][:position]})
            os.abort()
    render_child.work(job)


WORK: Final = work
