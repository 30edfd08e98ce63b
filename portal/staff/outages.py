"""The register of outages for staff: which requests each touched, what it gives back, and the answer of a person."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway import outages
from gateway.core.errors import Refused
from gateway.core.leniency import outage_in_words
from gateway.desk import Desk
from gateway.people import PortalSession
from portal import labels, pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import after, in_form, page

routes = APIRouter(prefix="/medewerker")


@routes.get("/storingen")
def register(request: HttpRequest, session: Caseworker, gedaan: str = "") -> Response:
    """What waits for an answer, the nearest last day first; then every outage, the newest first."""
    return _register(request, session, done=gedaan)


def _register(
    request: HttpRequest,
    session: PortalSession,
    done: str = "",
    problems: Sequence[tuple[str, str]] = (),
    typed: tuple[str, str] = ("", ""),
) -> Response:
    desk = pages.desk_of(request)
    now = desk.clock.now()
    listed = sorted(desk.outages.list(), key=lambda outage: outage.started_at, reverse=True)
    return page(
        request,
        session,
        "staff_outages.html",
        400 if problems else 200,
        proposals=[
            (found, desk.queries.request(found.reference), outage_in_words(found.later, "nl"))
            for found in desk.outages.proposals()
        ],
        listed=[(outage, outages.in_words(outage, now, "nl")) for outage in listed],
        answers=desk.outages.answers(),
        typed=typed,
        done=labels.DONE.get(done, ""),
        problems=problems,
    )


def decide(desk: Desk, reference: str, officer: str, reason: str, *, stays: bool) -> None:
    """A person answers what an outage gives back to a request. Raises Refused."""
    if stays:
        desk.outages.dismiss(reference, reason, officer)
    else:
        desk.outages.apply(reference, officer)


@routes.post("/storingen/{kenmerk}")
def answer(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    *,
    blijft: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Make the proposed day the last day; or let the last day stay, with a reason."""
    try:
        decide(desk, kenmerk, session.subject, reden, stays=bool(blijft))
    except Refused as error:
        return _register(request, session, problems=in_form(error, reason=f"reden-{kenmerk}"), typed=(kenmerk, reden))
    return after("/medewerker/storingen", "storing")
