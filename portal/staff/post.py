"""Our letters on paper: a list to print and post, and what each person of a request was told and agreed to."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.core import terms
from gateway.core.errors import Refused
from gateway.core.notices import MessageKind
from gateway.people import PortalSession
from portal import pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import after, in_form, page, read_day

routes = APIRouter(prefix="/medewerker")


@routes.get("/post")
def list_page(request: HttpRequest, session: Caseworker, gedaan: str = "") -> Response:
    """What waits to be printed and posted, oldest first."""
    return _list(request, session, done="De brief is gepost. De toegangscode is gewist." if gedaan == "gepost" else "")


def _list(
    request: HttpRequest, session: PortalSession, problems: tuple[tuple[str, str], ...] = (), done: str = ""
) -> Response:
    desk = pages.desk_of(request)
    return page(
        request,
        session,
        "staff_post.html",
        400 if problems else 200,
        waiting=desk.posting.tasks(),
        sent=desk.posting.tasks(done=True)[:20],
        today=terms.local_day(desk.clock.now()),
        problems=problems,
        done=done,
    )


@routes.get("/post/{taak}/brief.pdf")
def letter(taak: int, session: Caseworker, desk: TheDesk) -> Response:
    """The letter, dated today; that it was printed is in the ledger."""
    content = desk.posting.printed(taak, session.subject)
    headers = {"Content-Disposition": f'inline; filename="brief-{taak}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@routes.post("/post/{taak}")
def posted(
    request: HttpRequest, taak: int, session: CaseworkerPost, desk: TheDesk, dag: Annotated[str, Form()] = ""
) -> Response:
    """The letter was posted on that day: the moment of sending."""
    try:
        desk.posting.posted(taak, read_day(dag, "dag"), session.subject)
    except Refused as error:
        return _list(request, session, tuple(in_form(error, dag=f"dag-{taak}", taak=f"dag-{taak}")))
    return after("/medewerker/post", "gepost")


@routes.get("/verzoeken/{kenmerk}/berichten")
def told_page(request: HttpRequest, kenmerk: str, session: Caseworker, gedaan: str = "") -> Response:
    """What we sent the people of a request, how, and what they agreed to."""
    return _told(request, session, kenmerk, done=gedaan)


def _told(
    request: HttpRequest,
    session: PortalSession,
    reference: str,
    problems: tuple[tuple[str, str], ...] = (),
    done: str = "",
) -> Response:
    desk = pages.desk_of(request)
    texts = {
        "vrijgegeven": "Het verzoek is vrijgegeven. De brief staat zo bij de post en in het portaal.",
        "toestemming": "Vastgelegd. Dit geldt meteen.",
    }
    return page(
        request,
        session,
        "staff_messages.html",
        400 if problems else 200,
        verzoek=desk.queries.request(reference),
        berichten=desk.correspondence.messages(reference),
        told=desk.correspondence.told(reference),
        consents=desk.consents.of(reference),
        kinds=[kind.value for kind in MessageKind],
        problems=problems,
        done=texts.get(done, ""),
    )


@routes.get("/verzoeken/{kenmerk}/berichten/{nummer}.pdf")
def message(kenmerk: str, nummer: int, session: Caseworker, desk: TheDesk) -> Response:
    """A message as the people of the request see it in the portal."""
    content = desk.correspondence.pdf(kenmerk, nummer, session.subject)
    headers = {"Content-Disposition": f'inline; filename="bericht-{nummer}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@routes.post("/verzoeken/{kenmerk}/vrijgeven")
def release(request: HttpRequest, kenmerk: str, session: CaseworkerPost, desk: TheDesk) -> Response:
    """Release a request that was opened without a letter of ours; its access code is a new one."""
    try:
        desk.correspondence.release(kenmerk, session.subject)
    except Refused as error:
        faults = tuple(("vrijgeven", f"{fault.place}: {fault.problem}") for fault in error.faults)
        return _told(request, session, kenmerk, faults)
    return after(f"/medewerker/verzoeken/{kenmerk}/berichten", "vrijgegeven")


@routes.post("/verzoeken/{kenmerk}/toestemming")
def consent(  # noqa: PLR0917  # the fields of the form
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    betrokkene: Annotated[int, Form()] = 0,
    soort: Annotated[list[MessageKind] | None, Form()] = None,
    bron: Annotated[str, Form()] = "",
    keuze: Annotated[str, Form()] = "",
) -> Response:
    """Note that a person agreed to e-mail, or took that back."""
    try:
        if keuze not in {"geven", "intrekken"}:
            raise Refused.because("keuze", "kies: toestemming of intrekking")
        desk.consents.note(kenmerk, betrokkene, soort or (), bron, session.subject, given=keuze == "geven")
    except Refused as error:
        return _told(
            request, session, kenmerk, tuple(in_form(error, bron="bron", betrokkene="betrokkene", keuze="bron"))
        )
    return after(f"/medewerker/verzoeken/{kenmerk}/berichten", "toestemming")
