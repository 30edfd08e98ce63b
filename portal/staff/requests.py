"""The list of requests, and each request on one page with what a person may do with it."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.core import terms
from gateway.core.errors import NotFound, Refused
from gateway.core.model import MISSING
from gateway.core.words import ItemStatus, RequestStatus
from gateway.dealings import Way
from gateway.people import PortalSession
from gateway.schema import Verzoek
from portal import auth, downloads, labels, pages
from portal.api.bundles import bundle_response
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff import outages, papers
from portal.staff.common import after, in_form, page, read_day, read_moment

routes = APIRouter(prefix="/medewerker")


@dataclass(frozen=True)
class Line:
    """One request in the list."""

    request: Verzoek
    days_left: int
    missing: int

    @classmethod
    def of(cls, found: Verzoek, today: date) -> Self:
        """The line of a request as it stands today."""
        return cls(found, (found.laatsteDag - today).days, sum(item.status in MISSING for item in found.stukken))

    @property
    def waits(self) -> bool:
        """Whether the last day passed without an answer: a person must decide (P10)."""
        return self.request.status is RequestStatus.LAPSED

    @property
    def answered(self) -> bool:
        """Whether there is an answer to each item and nobody judged them all yet."""
        judged = all(item.status is ItemStatus.APPROVED for item in self.request.stukken)
        return self.request.status is RequestStatus.COMPLETE and not judged


@routes.get("")
def overview(request: HttpRequest, session: Caseworker, desk: TheDesk, alles: str = "") -> Response:
    """The requests: what waits for a decision, what is to be judged, then by last day; closed ones on demand."""
    today = terms.local_day(desk.clock.now())
    shown = [r for r in desk.queries.requests() if alles or r.status is not RequestStatus.CLOSED]
    lines = [Line.of(r, today) for r in shown]
    return page(
        request,
        session,
        "staff_requests.html",
        lines=sorted(lines, key=lambda line: (not line.waits, not line.answered, line.request.laatsteDag)),
        everything=bool(alles),
    )


@routes.get("/verzoeken/{kenmerk}")
def request_page(request: HttpRequest, kenmerk: str, session: Caseworker, gedaan: str = "") -> Response:
    """A request: its items, what came in for each, and what can be done."""
    pages.desk_of(request).queries.request(kenmerk)
    auth.viewed(request, session, kenmerk, "verzoek")
    return _request_page(request, session, kenmerk, 200, done=gedaan)


def _request_page(
    request: HttpRequest,
    session: PortalSession,
    reference: str,
    status: int,
    done: str = "",
    errors: Sequence[tuple[str, str]] = (),
) -> Response:
    desk = pages.desk_of(request)
    found = desk.queries.request(reference)
    sent = desk.queries.submissions(request=reference)
    today = terms.local_day(desk.clock.now())
    return page(
        request,
        session,
        "staff_request.html",
        status,
        verzoek=found,
        termijnen=desk.dates.why(reference),
        line=Line.of(found, today),
        later=desk.queries.later_rounds(reference),
        questions=desk.dealings.questions(reference),
        contacts=desk.dealings.contacts(reference),
        now=f"{desk.clock.now().astimezone(terms.AMSTERDAM):%Y-%m-%dT%H:%M}",
        submissions=sent,
        papers=[paper for s in sent for paper in papers.papers_for(desk, s.ontvangstnummer, reference)],
        bundles=desk.handover.bundles(reference),
        held_since=desk.retention.held_since(reference),
        timeline=labels.timeline(desk.queries.timeline(reference)),
        done=labels.DONE.get(done, ""),
        problems=errors,
    )


def _acted(
    request: HttpRequest,
    session: PortalSession,
    reference: str,
    act: Callable[[], object],
    done: str,
    **fields: str,
) -> Response:
    """The page after an act; when it was refused, the page with the faults at `fields`. NotFound goes on."""
    try:
        act()
    except NotFound:
        raise
    except Refused as error:
        return _request_page(request, session, reference, 400, errors=in_form(error, **fields))
    return after(f"/medewerker/verzoeken/{reference}", done)


@routes.post("/verzoeken/{kenmerk}/verlengen")
def extend(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    tot: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Give more time."""

    def act() -> None:
        desk.dealings.extend(kenmerk, read_day(tot, "until"), reden, session.subject)

    return _acted(request, session, kenmerk, act, "verlengd", until="tot", reason="reden-tijd")


@routes.post("/verzoeken/{kenmerk}/storing")
def answer_outage(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    blijft: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Make the last day that an outage gives back the last day; or let it stay, with a reason."""

    def act() -> None:
        outages.decide(desk, kenmerk, session.subject, reden, stays=bool(blijft))

    return _acted(request, session, kenmerk, act, "storing", reason="reden-storing")


@routes.post("/verzoeken/{kenmerk}/gesprek")
def contact(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    *,
    wie: Annotated[str, Form()] = "",
    wanneer: Annotated[str, Form()] = "",
    afspraak: Annotated[str, Form()] = "",
    uitstel: Annotated[str, Form()] = "",
) -> Response:
    """Keep what was said by telephone; all people of the request get a confirmation."""

    def act() -> None:
        spoken_at = read_moment(wanneer, "at")
        desk.dealings.contact(kenmerk, spoken_at, wie.strip(), afspraak.strip(), session.subject)
        if uitstel:
            desk.dealings.ask(kenmerk, Way.PHONE, afspraak.strip(), wie.strip(), session.subject)

    fields = {"person": "wie", "at": "wanneer", "agreed": "afspraak", "reason": "afspraak"}
    return _acted(request, session, kenmerk, act, "gesproken", **fields)


@routes.post("/verzoeken/{kenmerk}/sluiten")
def close(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Close the request; a person does that, with a reason."""
    close_it = functools.partial(desk.requests.close, kenmerk, reden, session.subject)
    return _acted(request, session, kenmerk, close_it, "gesloten", reason="reden-sluiten")


@routes.post("/verzoeken/{kenmerk}/stukken/{nummer}")
def judge(
    request: HttpRequest,
    kenmerk: str,
    nummer: str,
    session: CaseworkerPost,
    desk: TheDesk,
    oordeel: Annotated[str, Form()] = "",
) -> Response:
    """Approve or reject what came in for an item."""
    if oordeel not in {"goedgekeurd", "afgekeurd"}:
        raise Refused.because("oordeel", "unknown word")
    approved = oordeel == "goedgekeurd"
    judged = functools.partial(desk.requests.judge, kenmerk, nummer, approved=approved, officer=session.subject)
    return _acted(request, session, kenmerk, judged, oordeel)


@routes.post("/verzoeken/{kenmerk}/afschrift")
def copy(kenmerk: str, session: CaseworkerPost, desk: TheDesk, email: Annotated[str, Form()] = "") -> Response:
    """Everything about one of the people of this request, as a download for the caseworker (Awb 2:25)."""
    people = {person.email for person in desk.queries.request(kenmerk).betrokkenen if person.email}
    if email not in people:
        raise NotFound.because("email", "nobody of this request")
    made, _ = downloads.made(f"afschrift-{kenmerk}.zip", lambda path: desk.copies.write(email, path, session.subject))
    return made


@routes.post("/verzoeken/{kenmerk}/overdracht")
def confirm(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    sha256: Annotated[str, Form()] = "",
) -> Response:
    """The caseworker says that the case system has the bundle; from then on its term runs."""
    try:
        desk.handover.confirm(kenmerk, sha256, session.subject)
    except NotFound as error:
        desk.queries.request(kenmerk)
        return _request_page(request, session, kenmerk, 400, errors=in_form(error))
    return after(f"/medewerker/verzoeken/{kenmerk}", "overgedragen")


@routes.get("/verzoeken/{kenmerk}/bundel")
def bundle(kenmerk: str, session: Caseworker, desk: TheDesk) -> Response:
    """The bundle as a download."""
    return bundle_response(desk, kenmerk, session.subject)
