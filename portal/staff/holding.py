"""Legal holds: what may not be erased, whatever its term; placed and lifted by a person with a reason."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response

from gateway.core.errors import NotFound, Refused
from gateway.people import PortalSession
from portal import holding, labels, pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import in_form, page

routes = APIRouter(prefix="/medewerker")

PAGE: Final = "/medewerker/bewaren"
_FIELDS: Final = {"subject": "wat", "kenmerk": "wat", "reason": "reden"}


@routes.get("/bewaren")
def overview(request: HttpRequest, session: Caseworker, wat: str = "", gedaan: str = "", weg: str = "") -> Response:
    """What is held, and what is erased when; `wat`: what to hold, filled in already."""
    return _page(request, session, 200, wanted=wat, done=labels.DONE.get(gedaan, ""), gone=weg)


def _page(
    request: HttpRequest,
    session: PortalSession,
    status: int,
    *,
    wanted: str = "",
    reason: str = "",
    done: str = "",
    gone: str = "",
    problems: Sequence[tuple[str, str]] = (),
) -> Response:
    found = holding.kept(pages.desk_of(request))
    return page(
        request,
        session,
        "staff_retention.html",
        status,
        wanted=wanted,
        reason_typed=reason,
        done=done,
        gone=gone,
        problems=problems,
        **found,
    )


@routes.post("/bewaren")
def hold(
    request: HttpRequest,
    session: CaseworkerPost,
    desk: TheDesk,
    wat: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Nothing of this request or submission is erased from now on; says what of it is gone already."""

    def act() -> str:
        gone = desk.retention.hold(wat.strip(), reden.strip(), session.subject)
        return f"vastgehouden&weg={len(gone)}" if gone else "vastgehouden"

    return _acted(request, session, act, wat, reden)


@routes.post("/bewaren/opheffen")
def release(
    request: HttpRequest,
    session: CaseworkerPost,
    desk: TheDesk,
    wat: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
) -> Response:
    """The hold ends, for a reason; its term counts again."""

    def act() -> str:
        desk.retention.release(wat.strip(), reden.strip(), session.subject)
        return "losgelaten"

    return _acted(request, session, act, wat, reden)


def _acted(request: HttpRequest, session: PortalSession, act: Callable[[], str], wat: str, reden: str) -> Response:
    try:
        return RedirectResponse(f"{PAGE}?gedaan={act()}", 303)
    except NotFound as error:
        return _page(request, session, 404, wanted=wat, reason=reden, problems=in_form(error, **_FIELDS))
    except Refused as error:
        return _page(request, session, 400, wanted=wat, reason=reden, problems=in_form(error, **_FIELDS))
