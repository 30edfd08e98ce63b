"""The public log, read-only: checkpoint and tiles as any C2SP tool reads them (c2sp.org/tlog-tiles).

Rule 1: what is here is for everybody: hashes of salted commitments, and a signature.
"""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from gateway.tiles import CHECKPOINT
from portal.auth import TheDesk

routes = APIRouter(prefix="/log")

_FOREVER: Final = "public, max-age=31536000, immutable"
_MOMENT: Final = "public, max-age=1"


@routes.get("/checkpoint")
def checkpoint(desk: TheDesk) -> Response:
    """The newest signed checkpoint."""
    note = desk.log(CHECKPOINT)
    if note is None:
        return Response(status_code=404)
    return Response(note, headers={"Cache-Control": _MOMENT}, media_type="text/plain; charset=utf-8")


@routes.get("/tile/{rest:path}")
def tile(rest: str, desk: TheDesk) -> Response:
    """A tile of hashes or a bundle of entries; it never changes."""
    content = desk.log(f"tile/{rest}")
    if content is None:
        return Response(status_code=404)
    return Response(content, headers={"Cache-Control": _FOREVER}, media_type="application/octet-stream")
