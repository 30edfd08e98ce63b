"""For submitters: our messages to them, each as an accessible PDF, and how they want to be told of new ones.

Rule 1: nobody sees messages of another request; that a message was read is in the ledger (Awb 2:25).
Rule 2: here people only take back consent or decline notices, which leads to paper; to give consent they tell us who
        they are (Awb 2:8): the access code is one for all people of a request.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response

from gateway.consents import Consent
from gateway.core.errors import NotFound
from gateway.core.notices import MessageKind
from portal import pages
from portal.auth import Submitter, SubmitterPost, TheDesk

SUBMITTER: Final = "(indiener, in het portaal)"
SOURCE: Final = "portaal"

routes = APIRouter()


@routes.get("/berichten")
def messages(request: HttpRequest, session: Submitter, desk: TheDesk, gedaan: str = "") -> Response:
    """All messages, newest first."""
    return pages.render(
        request,
        "messages.html",
        session=session,
        berichten=desk.correspondence.messages(session.subject),
        people=[person for person in _people(desk.consents.of(session.subject)) if person.email],
        reachable={c.party for c in desk.consents.of(session.subject) if c.given},
        done=gedaan if gedaan in {"ingetrokken", "afgemeld", "aangemeld"} else "",
    )


@routes.get("/berichten/{nummer}.pdf")
def message(nummer: int, session: Submitter, desk: TheDesk) -> Response:
    """One message as PDF."""
    content = desk.correspondence.pdf(session.subject, nummer, SUBMITTER)
    headers = {"Content-Disposition": f'inline; filename="bericht-{session.subject}-{nummer}.pdf"'}
    return Response(content, media_type="application/pdf", headers=headers)


@routes.get("/berichten/{betrokkene}/e-mail")
def warn(request: HttpRequest, betrokkene: int, session: Submitter, desk: TheDesk) -> Response:
    """What it means to get no e-mail any more; asked before it is done (CRvB 9-9-2021)."""
    people = {person.party: person for person in _people(desk.consents.of(session.subject))}
    if betrokkene not in people:
        raise NotFound.because("betrokkene", "of another request")
    return pages.render(request, "messages_off.html", session=session, person=people[betrokkene])


@routes.post("/berichten/{betrokkene}/e-mail")
def switch(betrokkene: int, session: SubmitterPost, desk: TheDesk, keuze: Annotated[str, Form()] = "") -> Response:
    """Take consent back, or decline notices, or want them again; without a choice nothing happens."""
    consents, of = desk.consents, session.subject
    if keuze == "intrekken":
        consents.note(of, betrokkene, tuple(MessageKind), SOURCE, SUBMITTER, given=False)
        return RedirectResponse("/berichten?gedaan=ingetrokken", 303)
    if keuze in {"afmelden", "aanmelden"}:
        consents.decline(of, betrokkene, SOURCE, SUBMITTER, declined=keuze == "afmelden")
        return RedirectResponse(f"/berichten?gedaan={'afgemeld' if keuze == 'afmelden' else 'aangemeld'}", 303)
    return RedirectResponse("/berichten", 303)


def _people(consents: tuple[Consent, ...]) -> tuple[Consent, ...]:
    """Each person once."""
    return tuple({consent.party: consent for consent in consents}.values())
