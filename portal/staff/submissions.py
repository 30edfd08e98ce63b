"""Each submission on one page: what came in, why it was decided so, and what a person may do with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import FileResponse, Response

from gateway import receipts
from gateway.core import authentication, leniency, names
from gateway.core.business import Business, recognised
from gateway.core.errors import NotFound, WrongState
from gateway.core.facts import Act, ActKind
from gateway.core.model import MessageFacts
from gateway.core.quoting import own_words
from gateway.core.words import Reason, Status
from gateway.desk import Desk
from gateway.people import PortalSession
from gateway.schema import Inzending
from gateway.unlocking import By
from portal import auth, labels, opening, pages, words
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff import papers
from portal.staff.common import after, in_form, page

SETTLE_SECONDS: Final = 8.0

# A document of a stranger may be shown by nobody's browser inside our site, whatever it says it is.
_UNTRUSTED: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}

_VIEWED: Final = "kijkkopie"
"""What the log says was seen, before the SHA-256 of the original."""

routes = APIRouter(prefix="/medewerker")


@routes.get("/inzendingen/{nummer}")
def submission_page(request: HttpRequest, nummer: str, session: Caseworker, gedaan: str = "") -> Response:
    """A submission: what came in, why it was decided so, and what can be done."""
    number = pages.desk_of(request).queries.submission(nummer).ontvangstnummer
    auth.viewed(request, session, number, "inzending")
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
    return page(
        request,
        session,
        "staff_submission.html",
        status,
        submission=submission,
        why=why,
        facts=labels.facts(why),
        authentication=(
            *authentication.in_words(desk.queries.authentication(number, desk.settings.trusted_authserv), "nl"),
            *(labels.signature(words, names=True) for words in desk.queries.signatures(number)),
        ),
        papers=papers.papers(desk, submission),
        written=_written(desk.store.load(submission.ontvangstnummer).message),
        asks_for_time=_asks_for_time(desk, submission),
        ignored=desk.queries.ignored(number),
        letters=desk.queries.letters(number),
        suggestions=[desk.queries.request(reference) for reference in why.suggestions],
        registered=desk.store.load(submission.ontvangstnummer).arrival.envelope.registered,
        has_receipt=desk.queries.receipt_index(submission.ontvangstnummer) is not None,
        redirection=_redirection(desk, submission),
        redirection_words=leniency.in_words,
        asked=[desk.queries.request(reference) for reference in submission.verzoeken],
        reasons=list(Reason),
        business=recognised(why.facts) if why.facts and why.rule == "other_business" else None,
        businesses=list(Business),
        timeline=labels.timeline(desk.queries.timeline(submission.ontvangstnummer)),
        done=labels.DONE.get(done, ""),
        problems=errors,
    )


@dataclass(frozen=True)
class Written:
    """What a mail says. `own`: its sender's own words; `whole`: with what it quotes, empty when that is the same."""

    subject: str
    own: str
    whole: str


def _written(message: MessageFacts | None) -> Written | None:
    """The letters promise that a person reads a message: here it is. None: no mail, or erased."""
    if message is None:
        return None
    whole = message.text.strip()
    own = own_words(message.text).strip() or whole
    return Written(message.subject, own, "" if own == whole else whole)


def _asks_for_time(desk: Desk, submission: Inzending) -> bool:
    """Whether it is held for a question for more time that nobody answered yet; that is done on a page of its own."""
    number = submission.ontvangstnummer
    held = submission.status is Status.HELD and Reason.EXTENSION_ASKED in submission.redenen
    return held and submission.verzoek is not None and number not in desk.dealings.answered([number])


@routes.get("/inzendingen/{nummer}/stukken/{plaats}")
def document(nummer: str, plaats: int, session: Caseworker, desk: TheDesk, kopie: str = "") -> Response:
    """The original of a document, or its copy without password, to save; it is never shown inside our site."""
    paper = _paper(desk, nummer, plaats)
    sha256 = paper.readable if kopie else paper.document.sha256
    desk.store.note_access(paper.submission.ontvangstnummer, sha256, session.subject)
    name = names.safe(paper.document.naam, f"stuk-{plaats}")
    headers = _UNTRUSTED | {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return FileResponse(desk.blobs.path(sha256), media_type="application/octet-stream", headers=headers)


@routes.get("/inzendingen/{nummer}/stukken/{plaats}/bekijken")
def view(request: HttpRequest, nummer: str, plaats: int, session: Caseworker, desk: TheDesk) -> Response:
    """The copy for viewing: the pages, without anything that acts; a page that says so when there is none."""
    paper = _paper(desk, nummer, plaats)
    file = paper.document
    pages_of = desk.views.pages(paper.readable, file.mediatype)
    if pages_of is None:
        text = f"{file.naam} kan niet worden getoond. Download het origineel, of vraag om een ander bestand."
        return _submission_page(request, session, nummer, 404, errors=[("inhoud", text)])
    auth.viewed(request, session, paper.submission.ontvangstnummer, f"{_VIEWED} {paper.readable}")
    name = quote(f"{names.safe(file.naam, 'stuk')}.pdf")
    headers = {"Content-Disposition": f"inline; filename*=UTF-8''{name}"}
    return FileResponse(pages_of, media_type="application/pdf", headers=headers)


@routes.get("/inzendingen/{nummer}/stukken/{plaats}/beeld")
def picture(nummer: str, plaats: int, _session: Caseworker, desk: TheDesk) -> Response:
    """The first page, too small to read: for the page of the submission, whose view is in the log."""
    paper = _paper(desk, nummer, plaats)
    made = desk.views.picture(paper.readable, paper.document.mediatype)
    if made is None:
        raise NotFound.because("plaats", "no picture can be made of it")
    return FileResponse(made, media_type="image/jpeg")


def _paper(desk: Desk, number: str, place: int) -> papers.Paper:
    """A document that may be seen. Raises NotFound."""
    submission = desk.queries.submission(number)
    paper = next((p for p in papers.papers(desk, submission) if p.place == place and p.may_leave), None)
    if paper is None:
        raise NotFound.because("plaats", "no such document, or it may not leave")
    return paper


@routes.get("/inzendingen/{nummer}/ontvangstbewijs")
def receipt(nummer: str, session: Caseworker, desk: TheDesk) -> Response:
    """The receipt, to print and hand over."""
    submission = desk.queries.submission(nummer)
    files = desk.receipt_files(submission.ontvangstnummer)
    if not files:
        raise NotFound.because("nummer", "no receipt yet")
    desk.store.note_access(submission.ontvangstnummer, receipts.PDF, session.subject)
    name = f"ontvangstbewijs-{submission.ontvangstnummer}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(files[receipts.PDF], media_type="application/pdf", headers=headers)


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
    """Say which item a document is; `stuk` is its number, with its request before it: `HV-2026-000123:1`."""
    submission = desk.queries.submission(nummer)
    reference, _, item = stuk.rpartition(":")
    reference = reference or submission.verzoek or ""
    if reference not in submission.verzoeken or not stuk:
        return _submission_page(
            request, session, nummer, 400, errors=[("inhoud", "Kies eerst bij welk stuk dit hoort.")]
        )
    act = Act(ActKind.ASSIGN, session.subject, request=reference, document=sha256, item=item)
    return _act(request, session, nummer, act, "gekozen")


@routes.post("/inzendingen/{nummer}/wachtwoord")
def give_password(
    request: HttpRequest,
    nummer: str,
    session: CaseworkerPost,
    desk: TheDesk,
    plaats: Annotated[int, Form()] = 0,
    wachtwoord: Annotated[str, Form()] = "",
) -> Response:
    """Give the password that a sender told us, by telephone for example; it is decided again."""
    submission = desk.queries.submission(nummer)
    number = submission.ontvangstnummer
    paper = next((p for p in papers.papers(desk, submission) if p.place == plaats and p.openable), None)
    if paper is None:
        return after(f"/medewerker/inzendingen/{number}", "")
    field = f"{opening.FIELD}-{plaats}"
    if not wachtwoord:
        return _submission_page(request, session, number, 400, errors=[(field, words.say("password_empty", "nl"))])
    answer = desk.unlocking.open(number, paper.document.sha256, wachtwoord, By(session.subject))
    if text := opening.problem(answer, "nl", desk.settings.portal.help_phone):
        return _submission_page(request, session, number, 429 if answer.again_at else 400, errors=[(field, text)])
    desk.wake()
    desk.settle(number, SETTLE_SECONDS)
    return after(f"/medewerker/inzendingen/{number}", "geopend")


@routes.post("/inzendingen/{nummer}/vrijgeven")
def release(request: HttpRequest, nummer: str, session: CaseworkerPost) -> Response:
    """Lift the hold: it is decided again; what is unsafe or unscanned stays out."""
    return _act(request, session, nummer, Act(ActKind.RELEASE, session.subject), "vrijgegeven")


def _redirection(desk: Desk, submission: Inzending) -> leniency.Later | None:
    """What it costs to point to the right way now, when it is known for which request it came (Awb 2:23)."""
    if submission.verzoek is None or submission.status is not Status.HELD:
        return None
    return desk.requests.after_redirection(submission.verzoek, datetime.fromisoformat(submission.ontvangenOp))


@routes.post("/inzendingen/{nummer}/te-laat")
def decide_late(
    request: HttpRequest,
    nummer: str,
    session: CaseworkerPost,
    telt: Annotated[str, Form()] = "",
    waarom: Annotated[str, Form()] = "",
) -> Response:
    """Whether what came late still counts: a person decides, with a reason (P10)."""
    if telt not in {"mee", "niet"} or not waarom.strip():
        return _submission_page(request, session, nummer, 400, errors=[("waarom", "Schrijf waarom u dit besluit.")])
    kind, reason = (ActKind.RELEASE, None) if telt == "mee" else (ActKind.REFUSE, Reason.LATE)
    act = Act(kind, session.subject, reason=reason, note=waarom.strip())
    return _act(request, session, nummer, act, "telt-mee" if telt == "mee" else "telt-niet")


_REDIRECTIONS: Final = {"wijzen": ActKind.REDIRECT, "doorsturen": ActKind.FORWARD, "terugsturen": ActKind.RETURN}


@routes.post("/inzendingen/{nummer}/doorwijzen")
def redirect(
    request: HttpRequest,
    nummer: str,
    session: CaseworkerPost,
    desk: TheDesk,
    *,
    wat: Annotated[str, Form()] = "",
    organisatie: Annotated[str, Form(max_length=200)] = "",
    verlengen: Annotated[str, Form()] = "",
) -> Response:
    """It came by the wrong way, or is not for us: point to the right way, forward it, or return it."""
    kind = _REDIRECTIONS.get(wat)
    receiver = organisatie.strip()
    if kind is None or (kind is ActKind.FORWARD and not receiver):
        return _submission_page(
            request, session, nummer, 400, errors=[("organisatie", "Vul in aan welke organisatie u het doorstuurt.")]
        )
    submission = desk.queries.submission(nummer)
    later = _redirection(desk, submission) if verlengen and kind is ActKind.REDIRECT else None
    act = Act(kind, session.subject, receiver=receiver if kind is ActKind.FORWARD else "")
    answered = _act(request, session, nummer, act, "doorgewezen")
    if later and submission.verzoek and answered.status_code == HTTPStatus.SEE_OTHER:
        desk.dealings.extend(submission.verzoek, later.day, leniency.in_words(later, "nl"), session.subject)
    return answered


@routes.post("/inzendingen/{nummer}/doorgeven")
def take_in(
    request: HttpRequest,
    nummer: str,
    session: CaseworkerPost,
    *,
    aard: Annotated[str, Form()] = "",
    team: Annotated[str, Form(max_length=200)] = "",
    toelichting: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Treat as good what is no answer to a request, and pass it on; the sender hears from when on (Awb 2:24)."""
    faults = [("aard", "Kies wat dit is.")] if aard not in set(Business) else []
    faults += [("team", "Vul in aan wie u het doorgeeft.")] if not team.strip() else []
    if faults:
        return _submission_page(request, session, nummer, 400, errors=faults)
    note, receiver = toelichting.strip(), team.strip()
    act = Act(ActKind.TAKE_IN, session.subject, note=note, receiver=receiver, business=aard)
    return _act(request, session, nummer, act, "doorgegeven")


@routes.post("/inzendingen/{nummer}/weigeren")
def refuse(request: HttpRequest, nummer: str, session: CaseworkerPost, reden: Annotated[str, Form()] = "") -> Response:
    """Refuse it, with a reason of the list; the sender is told."""
    if reden not in set(Reason):
        return _submission_page(request, session, nummer, 400, errors=[("reden", "Kies een reden.")])
    return _act(request, session, nummer, Act(ActKind.REFUSE, session.subject, reason=Reason(reden)), "geweigerd")


def _act(request: HttpRequest, session: PortalSession, number: str, act: Act, done: str) -> Response:
    desk = pages.desk_of(request)
    found = desk.queries.submission(number)  # NotFound for the number itself is a page that is not there
    if found.status is Status.DONE and act.kind is not ActKind.ASSIGN:
        # Pressed twice, or on a page from before a colleague acted: once more would be one more letter, or undo it.
        text = "Deze inzending wacht niet meer op een medewerker. Misschien was een collega u voor."
        return _submission_page(request, session, number, 409, errors=[("inhoud", text)])
    try:
        desk.store.act(number, act)
    except WrongState:
        text = "Er wordt nog aan deze inzending gewerkt. Probeer het zo nog eens."
        return _submission_page(request, session, number, 409, errors=[("inhoud", text)])
    except NotFound as error:
        return _submission_page(request, session, number, 400, errors=in_form(error, kenmerk="kenmerk"))
    desk.wake()
    desk.settle(number, SETTLE_SECONDS)
    return after(f"/medewerker/inzendingen/{number}", done)
