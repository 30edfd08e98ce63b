"""Requests whose last day is over: the facts for a decision, and the decision, which a person takes with a reason."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.core import terms
from gateway.core.closing import Verdict
from gateway.core.errors import Refused
from gateway.desk import Desk
from gateway.people import PortalSession
from portal import auth, labels, pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import after, in_form, page

routes = APIRouter(prefix="/medewerker")


@routes.get("/verlopen")
def over(request: HttpRequest, session: Caseworker, desk: TheDesk, gedaan: str = "") -> Response:
    """What waits for a decision, the nearest day first; and what has not lapsed, with the reason."""
    found = desk.closing.over()
    return page(
        request,
        session,
        "staff_over.html",
        proposals=[one for one in found if not one.waits],
        waiting=[one for one in found if one.waits],
        officer=desk.settings.staff.officer,
        today=_today(desk),
        done=labels.DONE.get(gedaan, ""),
    )


@routes.get("/verlopen/{kenmerk}")
def proposal(request: HttpRequest, kenmerk: str, session: Caseworker) -> Response:
    """The facts of one request, and the form to decide."""
    pages.desk_of(request).queries.request(kenmerk)
    auth.viewed(request, session, kenmerk, "feiten voor een besluit")
    return _proposal(request, session, kenmerk)


def _proposal(
    request: HttpRequest,
    session: PortalSession,
    reference: str,
    problems: Sequence[tuple[str, str]] = (),
    reason: str = "",
) -> Response:
    desk = pages.desk_of(request)
    found = desk.proposals.of(reference)
    return page(
        request,
        session,
        "staff_proposal.html",
        400 if problems else 200,
        found=found,
        alerts=desk.alerts.of(reference),
        today=_today(desk),
        typed=reason,
        problems=problems,
    )


def _today(desk: Desk) -> date:
    return terms.local_day(desk.clock.now())


@routes.get("/verlopen/{kenmerk}/feiten.pdf")
def facts(kenmerk: str, session: Caseworker, desk: TheDesk) -> Response:
    """The facts as PDF; who took them out is in the ledger."""
    content = desk.proposals.pdf(kenmerk, session.subject)
    headers = {"Content-Disposition": f'inline; filename="feiten-{kenmerk}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@routes.post("/verlopen/{kenmerk}")
def decide(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    *,
    besluit: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
) -> Response:
    """The decision of the officer who is signed in, with a reason."""
    try:
        if besluit not in set(Verdict):
            raise Refused.because("besluit", "Kies: buiten behandeling laten, of op de inhoud beslissen.")
        desk.closing.decide(kenmerk, Verdict(besluit), reden, session.subject)
    except Refused as error:
        return _proposal(request, session, kenmerk, in_form(error, reden="reden", besluit="besluit"), reden)
    return after("/medewerker/verlopen", "besloten")
