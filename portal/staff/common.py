"""What every screen for staff is made of: the frame of a page, where an act leads, and the faults of a form."""

from datetime import UTC, date, datetime
from typing import Any, Final

from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response

from gateway.core import terms
from gateway.core.errors import Fault, Refused
from gateway.core.words import Reason, Status
from gateway.people import PortalSession
from portal import labels, pages


def page(
    request: HttpRequest,
    session: PortalSession,
    template: str,
    status: int = 200,
    **context: Any,  # noqa: ANN401
) -> Response:
    desk = pages.desk_of(request)
    held, over = desk.queries.sums()[Status.HELD], desk.closing.over_count()
    frame = {
        "session": session,
        # A question for more time by mail is one of what is held.
        "waiting_count": held + over + desk.dealings.waiting_count(),
        "held_count": held,
        "over_count": over,
        "extension_count": desk.dealings.waiting_count(desk.queries.held_for(Reason.EXTENSION_ASKED)),
        "labels": labels,
        "done": "",
        "problems": (),
    }
    return pages.render_staff(request, template, status, **frame | context)


def read_day(text: str, place: str) -> date:
    """A day as typed. Raises Refused."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused.because(place, "vul een datum in, bijvoorbeeld 2026-03-30") from None


def read_moment(text: str, place: str) -> datetime:
    """A moment as typed, in Dutch time. Raises Refused."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=terms.AMSTERDAM).astimezone(UTC)
    except ValueError:
        raise Refused.because(place, "vul in welke dag en hoe laat") from None


_FIELDS: Final = {
    "reason": "Reden",
    "reden": "Reden",
    "until": "Nieuwe laatste dag",
    "person": "Met wie",
    "at": "Wanneer",
    "agreed": "Wat u afsprak",
}
"""What the forms call the fields of an act: a page has several, and "may not be empty" alone says nothing."""


def in_form(error: Refused, **fields: str) -> list[tuple[str, str]]:
    """The faults as (control, text); what no control stands for goes to the top of the page."""
    return [(fields.get(fault.place, "inhoud"), _told(fault)) for fault in error.faults]


def _told(fault: Fault) -> str:
    if fault.place in _FIELDS:
        return f"{_FIELDS[fault.place]}: {fault.problem}"
    return fault.problem[:1].upper() + fault.problem[1:]


def after(page: str, what: str) -> Response:
    return RedirectResponse(f"{page}?gedaan={what}", 303)
