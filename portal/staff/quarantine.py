"""What is in quarantine: who opened it, what it means for the term, and how two people let it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.core.errors import Refused, WrongState
from gateway.core.words import RequestStatus
from gateway.people import PortalSession
from gateway.quarantine import Quarantined
from gateway.schema import Verzoek
from portal import labels, pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import after, in_form, page

routes = APIRouter(prefix="/medewerker")

SETTLE_SECONDS: Final = 8.0
_PAGE: Final = "/medewerker/quarantaine"


@dataclass(frozen=True)
class Line:
    """One thing in quarantine. `key`: names its card; `mine`: who looks at it proposed to let it out."""

    key: str
    item: Quarantined
    requests: tuple[Verzoek, ...]
    mine: bool

    @property
    def reopened(self) -> tuple[Verzoek, ...]:
        """The requests for which its document is missing again: whether to give time is for a person."""
        unanswered = {RequestStatus.OPEN, RequestStatus.LAPSED}
        return tuple(r for r in self.requests if r.status in unanswered) if self.item.afterwards else ()


@routes.get("/quarantaine")
def quarantine(request: HttpRequest, session: Caseworker, gedaan: str = "") -> Response:
    """Everything in which malware was found, the longest there first."""
    return _page(request, session, done=gedaan)


def _page(
    request: HttpRequest, session: PortalSession, done: str = "", problems: Sequence[tuple[str, str]] = ()
) -> Response:
    desk = pages.desk_of(request)
    lines = [
        Line(
            f"{item.submission}-{item.document[:12]}",
            item,
            tuple(desk.queries.request(reference) for reference in item.requests),
            mine=item.proposal is not None and item.proposal.officer.casefold() == session.subject.casefold(),
        )
        for item in desk.quarantine.contents()
    ]
    shown = {"lines": lines, "done": labels.DONE.get(done, ""), "problems": problems}
    return page(request, session, "staff_quarantine.html", 400 if problems else 200, **shown)


@routes.post("/quarantaine")
def answer(
    request: HttpRequest,
    session: CaseworkerPost,
    desk: TheDesk,
    *,
    nummer: Annotated[str, Form()] = "",
    stuk: Annotated[str, Form()] = "",
    wat: Annotated[str, Form()] = "",
    waarom: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Propose to let something out, or let out what a colleague proposed."""
    try:
        if wat != "vrijgeven":
            desk.quarantine.propose(nummer, stuk, session.subject, waarom)
            return after(_PAGE, "vrijgave-voorgesteld")
        desk.quarantine.release(nummer, stuk, session.subject)
    except WrongState:
        text = "Er wordt nog aan deze inzending gewerkt. Probeer het zo nog eens."
        return _page(request, session, problems=[("inhoud", text)])
    except Refused as error:
        return _page(request, session, problems=in_form(error, waarom=f"waarom-{nummer}-{stuk[:12]}"))
    desk.wake()
    desk.settle(nummer, SETTLE_SECONDS)
    return after(_PAGE, "uit-quarantaine")
