"""For auditors: what came in, when, and what was decided; read-only, without content or names of files.

Rule 1: both clocks are shown: the moment of receipt, and the moment it was recorded.
Rule 2: only what `labels.timeline` lets through leaves an event; file names, senders and texts stay inside (P7).
"""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response

from gateway.core import authentication, terms, tokens
from gateway.core.errors import NotFound, Refused
from gateway.desk import Desk
from gateway.people import PortalSession
from gateway.queries import Found
from gateway.register import Period
from portal import auth, downloads, holding, labels, pages
from portal.auth import Auditor, AuditorPost, TheDesk

routes = APIRouter(prefix="/auditor")

MOST_FOUND: Final = 200
_NO_PERIOD: Final = "Vul twee datums in; de eerste mag niet in de toekomst liggen, en niet na de tweede."


@routes.get("")
def start(request: HttpRequest, session: Auditor) -> Response:
    """Search, the check of the log, and the register."""
    return _page(request, session, "auditor.html")


def _page(
    request: HttpRequest,
    session: PortalSession,
    template: str,
    status: int = 200,
    /,
    **context: Any,  # noqa: ANN401
) -> Response:
    today = terms.local_day(pages.desk_of(request).clock.now())
    usual: dict[str, Any] = {"problem": "", "wanted": "", "result": None, "events": None, "address": "", "so_far": ""}
    usual |= {"found": None, "early": None, "who": "", "by": today.isoformat(), "first": "", "last": ""}
    usual |= {"checked": pages.desk_of(request).checked()}
    usual |= {"since": (today - timedelta(days=7)).isoformat(), "until": today.isoformat()}
    return pages.render_staff(request, template, status, session=session, labels=labels, **(usual | context))


@routes.post("/zoeken")
def search(
    request: HttpRequest,
    session: AuditorPost,
    desk: TheDesk,
    wie: Annotated[str, Form()] = "",
    vanaf: Annotated[str, Form()] = "",
    tot: Annotated[str, Form()] = "",
) -> Response:
    """Find by receipt number, however it was typed, reference, case number, sender, or period; or by several of these.

    A POST, because an address does not belong in a URI. One submission, or a request without any, is shown at once.
    """
    wanted = wie.strip()
    asked: dict[str, Any] = {"wanted": wanted, "first": vanaf, "last": tot}
    try:
        found = _found(desk, wanted, vanaf, tot)
        if not found:
            nothing = "" if vanaf or tot else wanted  # a request has no period
            return RedirectResponse(f"/auditor/verzoeken/{desk.queries.request(nothing).kenmerk}", 303)
    except NotFound:
        problem = "Er is geen inzending of verzoek gevonden."
        return _page(request, session, "auditor.html", 404, problem=problem, **asked)
    except Refused as error:
        return _page(request, session, "auditor.html", 400, problem=error.faults[0].problem, **asked)
    if len(found) == 1:
        return RedirectResponse(f"/auditor/inzendingen/{found[0].number}", 303)
    return _page(request, session, "auditor.html", found=found, most=MOST_FOUND, **asked)


def _found(desk: Desk, wanted: str, first: str, last: str) -> tuple[Found, ...]:
    """Raises Refused for what cannot be asked so."""
    if not (wanted or first or last):
        raise Refused.because("wie", "Vul in waarop u zoekt.")
    if tokens.read_receipt_number(wanted).state is tokens.TokenState.TYPO:
        raise Refused.because("wie", "In dit ontvangstnummer zit een typefout.")
    try:
        since = _midnight(date.fromisoformat(first)) if first else None
        until = _midnight(date.fromisoformat(last) + timedelta(days=1)) if last else None
    except ValueError:
        raise Refused.because("vanaf", "Vul een datum in.") from None
    return desk.queries.arrived(wanted, MOST_FOUND, since=since, until=until)


@routes.get("/bewaren")
def retention(request: HttpRequest, session: Auditor, desk: TheDesk) -> Response:
    """What is erased when, and what is held: without the reasons, which may say something of the case."""
    return _page(request, session, "auditor_retention.html", **holding.kept(desk))


@routes.get("/inzendingen/{nummer}")
def submission(request: HttpRequest, nummer: str, session: Auditor, desk: TheDesk) -> Response:
    """The life of one submission, from the ledger."""
    found = desk.queries.submission(nummer)
    auth.viewed(request, session, found.ontvangstnummer, "tijdlijn")
    return _page(
        request,
        session,
        "auditor_submission.html",
        submission=found,
        why=desk.queries.why(nummer),
        authentication=(
            *authentication.in_words(
                desk.queries.authentication(nummer, desk.settings.trusted_authserv), "nl", domains=False
            ),
            *(labels.signature(words, names=False) for words in desk.queries.signatures(nummer)),
        ),
        timeline=labels.timeline(desk.queries.timeline(found.ontvangstnummer)),
    )


@routes.get("/verzoeken/{kenmerk}")
def request_page(request: HttpRequest, kenmerk: str, session: Auditor, desk: TheDesk) -> Response:
    """The life of one request, from the ledger, and its submissions."""
    found = desk.queries.request(kenmerk)
    auth.viewed(request, session, found.kenmerk, "tijdlijn")
    return _page(
        request,
        session,
        "auditor_request.html",
        verzoek=found,
        submissions=desk.queries.submissions(request=kenmerk),
        timeline=labels.timeline(desk.queries.timeline(kenmerk)),
    )


@routes.post("/controle")
def check(request: HttpRequest, session: AuditorPost, desk: TheDesk, inhoud: Annotated[str, Form()] = "") -> Response:
    """Check the whole log, and with `inhoud` every stored byte; names the first thing that is wrong."""
    return _page(request, session, "auditor.html", result=desk.audit(bool(inhoud)), with_content=bool(inhoud))


@routes.post("/binnen")
def arrived(
    request: HttpRequest,
    session: AuditorPost,
    desk: TheDesk,
    wie: Annotated[str, Form()] = "",
    voor: Annotated[str, Form()] = "",
) -> Response:
    """Was X in by D? X is a receipt number, a reference, a case number or the address of a sender."""
    asked: dict[str, Any] = {"who": wie.strip(), "by": voor}
    try:
        end = _midnight(date.fromisoformat(voor) + timedelta(days=1))
    except ValueError:
        return _page(request, session, "auditor.html", 400, problem="Vul een datum in.", **asked)
    found = desk.queries.arrived(wie, MOST_FOUND)
    early = sum(each.received_at < end for each in found)
    return _page(request, session, "auditor.html", found=found, early=early, most=MOST_FOUND, **asked)


@routes.post("/register")
def register(
    request: HttpRequest,
    session: AuditorPost,
    desk: TheDesk,
    vanaf: Annotated[str, Form()] = "",
    tot: Annotated[str, Form()] = "",
    adres: Annotated[str, Form()] = "",
) -> Response:
    """Everything that arrived or was turned away in a period; a POST, because an address does not belong in a URI."""
    asked: dict[str, Any] = {"since": vanaf, "until": tot, "address": adres.strip()}
    try:
        period = _period(vanaf, tot, adres)
    except ValueError:
        return _page(request, session, "auditor.html", 400, problem="Vul twee datums in.", **asked)
    now = desk.clock.now()
    if period.since >= min(period.until, now):
        return _page(request, session, "auditor.html", 400, problem=_NO_PERIOD, **asked)
    so_far = f" tot nu, {pages.short_moment(now)}" if period.until > now else ""
    found = desk.queries.register(*period)
    return _page(request, session, "auditor.html", events=labels.timeline(found), so_far=so_far, **asked)


@routes.post("/register/pakket")
def package(
    request: HttpRequest,
    session: AuditorPost,
    desk: TheDesk,
    vanaf: Annotated[str, Form()] = "",
    tot: Annotated[str, Form()] = "",
    adres: Annotated[str, Form()] = "",
) -> Response:
    """The same as a package for a court, with the proof that nothing is missing; who took it is an event."""
    try:
        period = _period(vanaf, tot, adres)
        made, _ = downloads.made(
            f"register-{vanaf}-{tot}.zip", lambda path: desk.register(path, period, desk.clock.now())
        )
    except (ValueError, Refused):
        asked: dict[str, Any] = {"since": vanaf, "until": tot, "address": adres.strip()}
        return _page(request, session, "auditor.html", 400, problem=_NO_PERIOD, **asked)
    desk.store.note_access("register", f"register {vanaf}/{tot}", session.subject)
    return made


def _period(first: str, last: str, address: str) -> Period:
    """Whole days in Amsterdam, the last one included. ValueError for what is no date."""
    until = _midnight(date.fromisoformat(last) + timedelta(days=1))
    return Period(_midnight(date.fromisoformat(first)), until, address.strip() or None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), terms.AMSTERDAM)
