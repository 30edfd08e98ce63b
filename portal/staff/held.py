"""What waits for a person."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.core.words import Status
from gateway.queries import Why
from gateway.schema import Inzending
from portal.auth import Caseworker, TheDesk
from portal.staff.common import page

routes = APIRouter(prefix="/medewerker")


@dataclass(frozen=True)
class HeldLine:
    """One held submission in the list."""

    submission: Inzending
    why: Why


@routes.get("/aangehouden")
def held(request: HttpRequest, session: Caseworker, desk: TheDesk) -> Response:
    """Every submission that waits for a person, the oldest first."""
    waiting = desk.queries.submissions(status=Status.HELD)
    lines = [HeldLine(submission, desk.queries.why(submission.ontvangstnummer)) for submission in waiting]
    return page(request, session, "staff_held.html", lines=lines)
