"""For caseworkers: what waits for a person, each request on one page, and what a person may do.

Rule 1: the software proposes, a person decides; every act carries the name that is signed in (P10).
Rule 2: content leaves only as a download, only when the scanner called it clean, and that is in the ledger (P4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import FileResponse, RedirectResponse, Response

from gateway.core import authentication, names, terms
from gateway.core.errors import NotFound, Refused, WrongState
from gateway.core.facts import Act, ActKind, DocumentFacts
from gateway.core.model import MISSING, PartRole, Verdict
from gateway.core.words import Reason, RequestStatus, Status
from gateway.desk import Desk
from gateway.people import PortalSession, StaffRole
from gateway.queries import Why
from gateway.schema import Inzending, InzendingStuk, Verzoek
from portal import auth, labels, pages
from portal.api import bundle_response
from portal.auth import Caseworker, CaseworkerPost, TheDesk

SETTLE_SECONDS: Final = 8.0
_HOME: Final = {StaffRole.CASEWORKER: "/medewerker", StaffRole.AUDITOR: "/auditor"}

# A document of a stranger may be shown by nobody's browser inside our site, whatever it says it is.
_UNTRUSTED: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}

routes = APIRouter(prefix="/medewerker")


# ---- in and out ----------------------------------------------------------------------------------


@routes.get("/inloggen")
def enter(request: HttpRequest, reden: str = "") -> Response:
    """Sign in with a local account, as caseworker or auditor."""
    note = {"verlopen": "U was te lang weg. Log opnieuw in.", "uitgelogd": "U bent uitgelogd."}.get(reden, "")
    return _enter(request, 200, "", "", note)


@routes.post("/inloggen")
def sign_in(
    request: HttpRequest,
    desk: TheDesk,
    naam: Annotated[str, Form()] = "",
    wachtwoord: Annotated[str, Form()] = "",
    formulier: Annotated[str, Form()] = "",
) -> Response:
    """Check name and password; the page by role."""
    auth.check_form(request, formulier)
    name = naam.strip()
    attempt = auth.attempt(request, "medewerker", name)
    if attempt.braked(desk):
        minutes = desk.settings.portal.attempt_window_minutes
        return _enter(request, 429, name, f"Te vaak verkeerd ingelogd. Wacht {minutes} minuten.")
    role = desk.people.sign_in(name, wachtwoord)
    if role is None:
        attempt.failed(desk)
        return _enter(request, 400, name, "Deze naam en dit wachtwoord horen niet bij elkaar.")
    response = RedirectResponse(_HOME[role], 303)
    auth.begin(request, response, auth.STAFF_COOKIE, role, name)
    return response


def _enter(request: HttpRequest, status: int, name: str, problem: str, note: str = "") -> Response:
    secret = auth.form_secret(request)
    response = pages.render_staff(
        request, "staff_enter.html", status, name=name, problem=problem, note=note, form_secret=secret
    )
    auth.remember_form(request, response, secret)
    return response


@routes.post("/uitloggen")
def sign_out(request: HttpRequest, csrf: Annotated[str, Form()] = "") -> Response:
    """Sign out, in either role."""
    session = auth.anybody(request)
    auth.check(request, session, csrf)
    response = RedirectResponse(f"{auth.STAFF_SIGN_IN}?reden=uitgelogd", 303)
    auth.end(request, response, auth.STAFF_COOKIE)
    return response


# ---- what waits for a person ---------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One request in the list."""

    request: Verzoek
    days_left: int
    missing: int

    @property
    def waits(self) -> bool:
        """Whether the last day passed without an answer: a person must decide (P10)."""
        return self.request.status is RequestStatus.LAPSED


@routes.get("")
def overview(request: HttpRequest, session: Caseworker, desk: TheDesk, alles: str = "") -> Response:
    """The requests, what waits for a decision first, then by last day; closed ones on demand."""
    today = desk.clock.now().astimezone(terms.AMSTERDAM).date()
    shown = [r for r in desk.queries.requests() if alles or r.status is not RequestStatus.CLOSED]
    lines = [Line(r, (r.laatsteDag - today).days, sum(item.status in MISSING for item in r.stukken)) for r in shown]
    return _page(
        request,
        session,
        "staff_requests.html",
        lines=sorted(lines, key=lambda line: (not line.waits, line.request.laatsteDag)),
        everything=bool(alles),
    )


@dataclass(frozen=True)
class HeldLine:
    """One held submission in the list."""

    submission: Inzending
    why: Why


@routes.get("/aangehouden")
def held(request: HttpRequest, session: Caseworker, desk: TheDesk) -> Response:
    """Every submission that waits for a person, the oldest first."""
    waiting = desk.queries.submissions(status=Status.HELD)
    lines = [HeldLine(submission, desk.queries.why(submission.ontvangstnummer)) for submission in waiting]
    return _page(request, session, "staff_held.html", lines=lines)


def _page(
    request: HttpRequest,
    session: PortalSession,
    template: str,
    status: int = 200,
    **context: Any,  # noqa: ANN401
) -> Response:
    sums = pages.desk_of(request).queries.sums()
    return pages.render_staff(
        request, template, status, session=session, held_count=sums[Status.HELD], labels=labels, **context
    )


# ---- one request ---------------------------------------------------------------------------------


@routes.get("/verzoeken/{kenmerk}")
def request_page(request: HttpRequest, kenmerk: str, session: Caseworker, gedaan: str = "") -> Response:
    """A request: its items, what came in for each, and what can be done."""
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
    today = desk.clock.now().astimezone(terms.AMSTERDAM).date()
    return _page(
        request,
        session,
        "staff_request.html",
        status,
        verzoek=found,
        line=Line(found, (found.laatsteDag - today).days, sum(i.status in MISSING for i in found.stukken)),
        submissions=sent,
        papers=[paper for submission in sent for paper in _papers(desk, submission)],
        timeline=labels.timeline(desk.queries.timeline(reference)),
        done=labels.DONE.get(done, ""),
        problems=errors,
    )


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
    try:
        until = _date(tot)
        desk.requests.extend(kenmerk, until, reden, session.subject)
    except NotFound:
        raise
    except Refused as error:
        return _request_page(request, session, kenmerk, 400, errors=_in_form(error, until="tot", reason="reden-tijd"))
    return _done(f"/medewerker/verzoeken/{kenmerk}", "verlengd")


@routes.post("/verzoeken/{kenmerk}/sluiten")
def close(
    request: HttpRequest,
    kenmerk: str,
    session: CaseworkerPost,
    desk: TheDesk,
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Close the request; a person does that, with a reason."""
    try:
        desk.requests.close(kenmerk, reden, session.subject)
    except NotFound:
        raise
    except Refused as error:
        return _request_page(request, session, kenmerk, 400, errors=_in_form(error, reason="reden-sluiten"))
    return _done(f"/medewerker/verzoeken/{kenmerk}", "gesloten")


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
    try:
        desk.requests.judge(kenmerk, nummer, approved=oordeel == "goedgekeurd", officer=session.subject)
    except NotFound:
        raise
    except Refused as error:
        return _request_page(request, session, kenmerk, 400, errors=_in_form(error))
    return _done(f"/medewerker/verzoeken/{kenmerk}", oordeel)


@routes.get("/verzoeken/{kenmerk}/bundel")
def bundle(kenmerk: str, session: Caseworker, desk: TheDesk) -> Response:
    """The bundle as a download."""
    return bundle_response(desk, kenmerk, session.subject)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused.because("until", "vul een datum in, bijvoorbeeld 2026-03-30") from None


def _in_form(error: Refused, **fields: str) -> list[tuple[str, str]]:
    """The faults as (control, text); what no control stands for goes to the top of the page."""
    return [(fields.get(fault.place, "inhoud"), fault.problem) for fault in error.faults]


def _done(page: str, what: str) -> Response:
    return RedirectResponse(f"{page}?gedaan={what}", 303)


# ---- one submission ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """A document with what the scanner said of it. `place`: counted from 1 within its submission."""

    submission: Inzending
    place: int
    document: InzendingStuk
    facts: DocumentFacts | None

    @property
    def may_leave(self) -> bool:
        """Whether somebody may download it: only what was scanned and found clean (P4)."""
        if self.facts is None or self.facts.verdict is not Verdict.CLEAN:
            return False
        return not any(finding.code == "infected" for finding in self.facts.findings)


def _papers(desk: Desk, submission: Inzending) -> list[Paper]:
    facts = desk.queries.why(submission.ontvangstnummer).facts
    seen = [d for d in facts.documents if d.role is PartRole.DOCUMENT] if facts else []
    by_place: Iterable[DocumentFacts | None] = (
        seen if len(seen) == len(submission.stukken) else [None] * len(submission.stukken)
    )
    return [
        Paper(submission, place, document, known if known and known.sha256 == document.sha256 else None)
        for place, (document, known) in enumerate(zip(submission.stukken, by_place, strict=True), 1)
    ]


@routes.get("/inzendingen/{nummer}")
def submission_page(request: HttpRequest, nummer: str, session: Caseworker, gedaan: str = "") -> Response:
    """A submission: what came in, why it was decided so, and what can be done."""
    return _submission_page(request, session, nummer, 200, done=gedaan)


def _submission_page(
    request: HttpRequest,
    session: PortalSession,
    number: str,
    status: int,
    done: str = "",
    errors: Sequence[tuple[str, str]] = (),
) -> Response:
    desk = pages.desk_of(request)
    submission = desk.queries.submission(number)
    why = desk.queries.why(number)
    found = desk.queries.request(submission.verzoek) if submission.verzoek else None
    return _page(
        request,
        session,
        "staff_submission.html",
        status,
        submission=submission,
        why=why,
        facts=labels.facts(why),
        authentication=authentication.in_words(
            desk.queries.authentication(number, desk.settings.trusted_authserv), "nl"
        ),
        papers=_papers(desk, submission),
        ignored=desk.queries.ignored(number),
        letters=desk.queries.letters(number),
        suggestions=[desk.queries.request(reference) for reference in why.suggestions],
        verzoek=found,
        reasons=list(Reason),
        timeline=labels.timeline(desk.queries.timeline(submission.ontvangstnummer)),
        done=labels.DONE.get(done, ""),
        problems=errors,
    )


@routes.get("/inzendingen/{nummer}/stukken/{plaats}")
def document(nummer: str, plaats: int, session: Caseworker, desk: TheDesk) -> Response:
    """The original of a document, to save; it is never shown inside our site."""
    submission = desk.queries.submission(nummer)
    paper = next((p for p in _papers(desk, submission) if p.place == plaats and p.may_leave), None)
    if paper is None:
        raise NotFound.because("plaats", "no such document, or it may not leave")
    sha256 = paper.document.sha256
    desk.store.note_access(submission.ontvangstnummer, sha256, session.subject)
    name = names.safe(paper.document.naam, f"stuk-{plaats}")
    headers = _UNTRUSTED | {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return FileResponse(desk.blobs.path(sha256), media_type="application/octet-stream", headers=headers)


@routes.post("/inzendingen/{nummer}/toewijzen")
def assign(
    request: HttpRequest,
    nummer: str,
    session: CaseworkerPost,
    kenmerk: Annotated[str, Form()] = "",
    ander: Annotated[str, Form()] = "",
) -> Response:
    """Tie the submission to a request."""
    reference = ander.strip() or kenmerk.strip()
    if not reference:
        return _submission_page(
            request, session, nummer, 400, errors=[("kenmerk", "Kies een verzoek of vul een kenmerk in.")]
        )
    return _act(request, session, nummer, Act(ActKind.ASSIGN, session.subject, request=reference), "toegewezen")


@routes.post("/inzendingen/{nummer}/kiezen")
def choose(
    request: HttpRequest,
    nummer: str,
    session: CaseworkerPost,
    desk: TheDesk,
    sha256: Annotated[str, Form()] = "",
    stuk: Annotated[str, Form()] = "",
) -> Response:
    """Say which item a document is."""
    submission = desk.queries.submission(nummer)
    if submission.verzoek is None or not stuk:
        return _submission_page(
            request, session, nummer, 400, errors=[("inhoud", "Kies eerst bij welk stuk dit hoort.")]
        )
    act = Act(ActKind.ASSIGN, session.subject, request=submission.verzoek, document=sha256, item=stuk)
    return _act(request, session, nummer, act, "gekozen")


@routes.post("/inzendingen/{nummer}/vrijgeven")
def release(request: HttpRequest, nummer: str, session: CaseworkerPost) -> Response:
    """Lift the hold: it is decided again; what is unsafe or unscanned stays out."""
    return _act(request, session, nummer, Act(ActKind.RELEASE, session.subject), "vrijgegeven")


@routes.post("/inzendingen/{nummer}/weigeren")
def refuse(request: HttpRequest, nummer: str, session: CaseworkerPost, reden: Annotated[str, Form()] = "") -> Response:
    """Refuse it, with a reason of the list; the sender is told."""
    if reden not in set(Reason):
        return _submission_page(request, session, nummer, 400, errors=[("reden", "Kies een reden.")])
    return _act(request, session, nummer, Act(ActKind.REFUSE, session.subject, reason=Reason(reden)), "geweigerd")


def _act(request: HttpRequest, session: PortalSession, number: str, act: Act, done: str) -> Response:
    desk = pages.desk_of(request)
    desk.queries.submission(number)  # NotFound for the number itself is a page that is not there
    try:
        desk.store.act(number, act)
    except WrongState:
        text = "Er wordt nog aan deze inzending gewerkt. Probeer het zo nog eens."
        return _submission_page(request, session, number, 409, errors=[("inhoud", text)])
    except NotFound as error:
        return _submission_page(request, session, number, 400, errors=_in_form(error, kenmerk="kenmerk"))
    desk.wake()
    desk.settle(number, SETTLE_SECONDS)
    return _done(f"/medewerker/inzendingen/{number}", done)
