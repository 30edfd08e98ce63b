"""What every screen for staff is made of: the frame of a page, where an act leads, and the faults of a form."""

from datetime import date
from typing import Any

from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response

from gateway.core.errors import Refused
from gateway.core.words import Status
from gateway.people import PortalSession
from portal import labels, pages


def page(
    request: HttpRequest,
    session: PortalSession,
    template: str,
    status: int = 200,
    **context: Any,  # noqa: ANN401
) -> Response:
    sums = pages.desk_of(request).queries.sums()
    frame = {"session": session, "held_count": sums[Status.HELD], "labels": labels, "done": "", "problems": ()}
    return pages.render_staff(request, template, status, **frame | context)


def read_day(text: str, place: str) -> date:
    """A day as typed. Raises Refused."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused.because(place, "vul een datum in, bijvoorbeeld 2026-03-30") from None


def in_form(error: Refused, **fields: str) -> list[tuple[str, str]]:
    """The faults as (control, text); what no control stands for goes to the top of the page."""
    return [(fields.get(fault.place, "inhoud"), fault.problem) for fault in error.faults]


def after(page: str, what: str) -> Response:
    return RedirectResponse(f"{page}?gedaan={what}", 303)
