"""For submitters: sign in with reference and access code, see what is missing, send files, get the receipt.

Rule 1: everything works without JavaScript, on a small phone.
Rule 2: the receipt page comes only after the bytes and their ledger entry would survive a power cut (P1).
Rule 3: nobody sees anything but their own request, and no document is ever served back (P7).
"""

import io
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from gateway import receipts
from gateway.core import terms
from gateway.core.errors import NotFound, Refused
from gateway.core.facts import Act, ActKind
from gateway.core.model import MISSING, Accepted, Answer, Arrival, RefusedAttempt, StoredFile
from gateway.core.words import Channel, Reason, RequestStatus
from gateway.dealings import Way
from gateway.desk import Desk
from gateway.people import PARTY, PortalSession
from gateway.schema import Inzending, Stuk, Verzoek
from gateway.unlocking import By
from portal import auth, opening, outages, pages, words
from portal.auth import Submitter, SubmitterPost, TheDesk
from portal.uploads import STILL_TO_CHOOSE, Upload, receive

SETTLE_SECONDS: Final = 8.0
SENDER_CHOSE: Final = "(indiener, in het portaal)"
_MIB: Final = 1 << 20
_DOWNLOADS: Final = {
    receipts.PDF: "application/pdf",
    receipts.RECEIPT: "application/json",
    receipts.PROOF: "text/plain; charset=utf-8",
}

routes = APIRouter()


@dataclass(frozen=True)
class Problem:
    """Something the reader can mend; `field` is the control it is about."""

    field: str
    text: str


# ---- in and out ----------------------------------------------------------------------------------


@routes.get("/")
def enter(request: HttpRequest, reden: str = "") -> Response:
    """The first page; also says why somebody is back here."""
    note = {"verlopen": "session_over", "uitgelogd": "signed_out"}.get(reden, "")
    return _enter(request, 200, "", [], note)


@routes.post("/")
def sign_in(
    request: HttpRequest,
    desk: TheDesk,
    kenmerk: Annotated[str, Form()] = "",
    toegangscode: Annotated[str, Form()] = "",
    formulier: Annotated[str, Form()] = "",
) -> Response:
    """Open a request with its access code."""
    auth.check_form(request, formulier)
    reference = kenmerk.strip()
    problems = _typed_problems(request, reference, toegangscode)
    if problems:
        return _enter(request, 400, reference, problems)
    attempt = auth.attempt(request, "verzoek", reference)
    if attempt.braked(desk):
        minutes = desk.settings.portal.attempt_window_minutes
        text = _say(request, "signin_braked", minutes=minutes, phone=desk.settings.portal.help_phone)
        return _enter(request, 429, reference, [Problem("toegangscode", text)])
    opened = auth.opened(desk, reference, toegangscode)
    if opened is None:
        attempt.failed(desk)
        text = _say(request, "signin_wrong", phone=desk.settings.portal.help_phone)
        return _enter(request, 400, reference, [Problem("toegangscode", text)])
    response = RedirectResponse("/verzoek", 303)
    auth.begin(request, response, auth.SUBMITTER_COOKIE, PARTY, opened)
    return response


def _typed_problems(request: HttpRequest, reference: str, code: str) -> list[Problem]:
    """What is wrong with what was typed, as far as the form alone can tell."""
    problems = []
    if not reference:
        problems.append(Problem("kenmerk", _say(request, "signin_empty_reference")))
    if not code.strip():
        problems.append(Problem("toegangscode", _say(request, "signin_empty_code")))
    elif auth.is_mistyped(code):
        problems.append(Problem("toegangscode", _say(request, "signin_typo")))
    return problems


def _enter(request: HttpRequest, status: int, reference: str, problems: Sequence[Problem], note: str = "") -> Response:
    secret = auth.form_secret(request)
    response = pages.render(
        request, "enter.html", status, reference=reference, errors=problems, note=note, form_secret=secret
    )
    auth.remember_form(request, response, secret)
    return response


@routes.post("/uitloggen")
def sign_out(request: HttpRequest, _session: SubmitterPost) -> Response:
    """Sign out."""
    response = RedirectResponse("/?reden=uitgelogd", 303)
    auth.end(request, response, auth.SUBMITTER_COOKIE)
    return response


# ---- the checklist -------------------------------------------------------------------------------


@routes.get("/verzoek")
def checklist(request: HttpRequest, session: Submitter) -> Response:
    """What is missing, first; then what we have."""
    auth.viewed(request, session, session.subject, "verzoek")
    return _checklist(request, session, 200, [])


def _checklist(
    request: HttpRequest,
    session: PortalSession,
    status: int,
    problems: Sequence[Problem],
    written: Mapping[str, str] | None = None,
) -> Response:
    desk = pages.desk_of(request)
    found = desk.queries.request(session.subject)
    sent = desk.queries.submissions(request=session.subject)
    missing = [item for item in found.stukken if item.status in MISSING]
    return pages.render(
        request,
        "checklist.html",
        status,
        session=session,
        verzoek=found,
        standing=_standing(found, _today(desk)),
        proposal=desk.dates.why(session.subject).storing,
        asked_at=next((q.asked_at for q in desk.dealings.questions(session.subject) if q.state is Answer.WAITS), None),
        missing=missing,
        answered=[item for item in found.stukken if item not in missing],
        sent=list(reversed(sent)),
        openable=_openable(desk, sent),
        descriptions=_descriptions(found),
        cap=desk.settings.limits.submission_mb,
        most_files=desk.settings.portal.max_files,
        mail_address=found.mailadres if "email" in found.kanalen else "",
        written=written or {},
        errors=problems,
    )


@dataclass(frozen=True)
class Standing:
    """How a request stands for the reader: days left, or negative when the last day has passed."""

    days_left: int
    closed: bool
    complete: bool

    @property
    def late(self) -> bool:
        return self.days_left < 0


def _standing(found: Verzoek, today: date) -> Standing:
    return Standing(
        days_left=(found.laatsteDag - today).days,
        closed=found.status is RequestStatus.CLOSED,
        complete=found.status is RequestStatus.COMPLETE,
    )


def _today(desk: Desk) -> date:
    return terms.local_day(desk.clock.now())


def _descriptions(found: Verzoek) -> dict[str, Stuk]:
    return {item.nummer: item for item in found.stukken}


@routes.post("/verzoek/uitstel")
def ask_for_time(
    request: HttpRequest, session: SubmitterPost, desk: TheDesk, reden: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Ask for more time; a person answers."""
    if not reden.strip():
        return _checklist(request, session, 400, [Problem("uitstel-reden", _say(request, "more_time_empty"))])
    try:
        desk.dealings.ask(session.subject, Way.PORTAL, reden.strip(), "")
    except Refused:  # it was closed meanwhile: the page says so
        return RedirectResponse("/verzoek", 303)
    return RedirectResponse("/verzoek#uitstel", 303)


# ---- sending -------------------------------------------------------------------------------------


@routes.post("/verzoek")
async def send(request: HttpRequest, session: Submitter, desk: TheDesk) -> Response:
    """Take the files of the form; a receipt, or a page that says what to do."""
    auth.check_origin(request)
    upload = await receive(request, desk.store.spool, desk.settings.cap_bytes, desk.settings.portal.max_files)
    received_at = desk.clock.now()  # the last byte is in
    try:
        return await run_in_threadpool(_sent, request, session, upload, received_at)
    finally:
        await run_in_threadpool(upload.drop)


def _sent(request: HttpRequest, session: PortalSession, upload: Upload, received_at: datetime) -> Response:
    desk = pages.desk_of(request)
    auth.check(request, session, upload.fields.get("csrf", ""))
    if upload.too_large or upload.too_many:
        return _over_the_limit(request, session, desk, upload)
    if upload.trouble:
        raise upload.trouble
    found = desk.queries.request(session.subject)
    statements = _statements(found, upload)
    problems = _upload_problems(request, found, upload, statements)
    if problems:
        return _checklist(request, session, 400, problems, statements)
    accepted = hand_in(desk, session.subject, upload, received_at, statements)
    desk.settle(accepted.number, SETTLE_SECONDS)
    return RedirectResponse(f"/inzending/{accepted.number}?nieuw=1", 303)


def _statements(found: Verzoek, upload: Upload) -> dict[str, str]:
    """What was written instead of a document, by the number of the item."""
    written = {item.nummer: upload.fields.get(f"verklaring-{item.nummer}", "").strip() for item in found.stukken}
    return {number: text for number, text in written.items() if text}


def hand_in(
    desk: Desk, reference: str, upload: Upload, received_at: datetime, statements: Mapping[str, str] | None = None
) -> Accepted:
    """Take responsibility for the files, for this request (P1). Raises TryLater; then nothing was promised.

    A statement is kept as a text file of its item: it is evidence, like all that came in.
    """
    written = [_kept_statement(desk, number, text) for number, text in (statements or {}).items()]
    files = (*(file.keep() for file in upload.files), *written)
    arrival = Arrival(
        channel=Channel.PORTAL,
        received_at=received_at,
        files=files,
        source=f"portal:{secrets.token_hex(16)}",
        request=reference,
    )
    accepted = desk.store.accept(arrival)
    desk.wake()
    return accepted


def _kept_statement(desk: Desk, number: str, text: str) -> StoredFile:
    spool = desk.store.spool()
    try:
        spool.write(f"{text}\n".encode())
        return replace(spool.keep(), name=f"verklaring-stuk-{number}.txt", media_type="text/plain", item=number)
    finally:
        spool.drop()


def register_over_the_limit(desk: Desk, reference: str, upload: Upload) -> RefusedAttempt:
    """Keep the proof that somebody tried and was turned away for the size."""
    attempt = RefusedAttempt(
        channel=Channel.PORTAL,
        attempted_at=desk.clock.now(),
        reason=Reason.TOO_LARGE,
        address=reference,
        bytes=upload.measured,
    )
    desk.store.register(attempt)
    return attempt


def _over_the_limit(request: HttpRequest, session: PortalSession, desk: Desk, upload: Upload) -> Response:
    attempt = register_over_the_limit(desk, session.subject, upload)
    return pages.render(
        request,
        "too_large.html",
        413,
        session=session,
        measured=_up(upload.measured),
        cap=desk.settings.limits.submission_mb,
        too_many=upload.too_many and not upload.too_large,
        most_files=desk.settings.portal.max_files,
        attempted_at=attempt.attempted_at,
    )


def _up(count: int) -> str:
    """Mebibytes, rounded up to a tenth: what was too large must never read as exactly the limit."""
    tenths = -(-count * 10 // _MIB)
    return f"{tenths // 10},{tenths % 10}"


def _upload_problems(
    request: HttpRequest, found: Verzoek, upload: Upload, statements: Mapping[str, str]
) -> list[Problem]:
    first = f"stuk-{found.stukken[0].nummer}"
    if upload.empty:
        return [Problem(first, _say(request, "empty_file", name=name)) for name in upload.empty]
    if not upload.files and not statements:
        return [Problem(first, _say(request, "nothing_chosen"))]
    known = {STILL_TO_CHOOSE, *(item.nummer for item in found.stukken)}
    if any(file.field not in known for file in upload.files):
        return [Problem(first, _say(request, "item_gone"))]
    return []


# ---- the receipt ---------------------------------------------------------------------------------


@routes.get("/inzending/{nummer}")
def receipt(
    request: HttpRequest, nummer: str, session: Submitter, desk: TheDesk, nieuw: str = "", geopend: str = ""
) -> Response:
    """One submission: what came in, when, what we do with it, and the proof."""
    submission = _own_submission(desk, session, nummer)
    auth.viewed(request, session, submission.ontvangstnummer, "ontvangstpagina")
    return _receipt(request, session, submission, 200, fresh=bool(nieuw), opened=bool(geopend))


def _receipt(
    request: HttpRequest,
    session: PortalSession,
    submission: Inzending,
    status: int,
    problems: Sequence[Problem] = (),
    *,
    fresh: bool = False,
    opened: bool = False,
) -> Response:
    desk = pages.desk_of(request)
    found = desk.queries.request(session.subject)
    why = desk.queries.why(submission.ontvangstnummer)
    index = desk.queries.receipt_index(submission.ontvangstnummer, session.subject)
    return pages.render(
        request,
        "receipt.html",
        status,
        session=session,
        submission=submission,
        first_receipt=why.detail if Reason.REPEAT in submission.redenen else "",
        verzoek=found,
        missing=[item for item in found.stukken if item.status in MISSING],
        standing=_standing(found, _today(desk)),
        descriptions=_descriptions(found),
        has_package=index is not None,
        corrects=None if index is None else desk.queries.event(index).get("corrigeert"),
        openable=_openable(desk, [submission]),
        fresh=fresh,
        opened=opened,
        errors=problems,
    )


def _openable(desk: Desk, submissions: Sequence[Inzending]) -> set[tuple[str, str]]:
    """The documents whose password may be given now, by receipt number and SHA-256."""
    locked = [s.ontvangstnummer for s in submissions if any(f.reden is Reason.ENCRYPTED for f in s.stukken)]
    return {(number, document) for number in locked for document in desk.unlocking.openable(number)}


@routes.post("/inzending/{nummer}/wachtwoord")
def give_password(
    request: HttpRequest,
    nummer: str,
    session: SubmitterPost,
    desk: TheDesk,
    plaats: Annotated[int, Form()] = 0,
    wachtwoord: Annotated[str, Form()] = "",
) -> Response:
    """The sender gives the password of a locked document; it is decided again. What is not locked stays as it is."""
    submission = _own_submission(desk, session, nummer)
    number = submission.ontvangstnummer
    documents = {place: file.sha256 for place, file in enumerate(submission.stukken, 1)}
    openable = _openable(desk, [submission])
    if (number, documents.get(plaats)) not in openable:
        return RedirectResponse(f"/inzending/{number}", 303)
    field = f"{opening.FIELD}-{plaats}"
    if not wachtwoord:
        return _receipt(request, session, submission, 400, [Problem(field, _say(request, "password_empty"))])
    by = By(SENDER_CHOSE, session.subject)
    answer = desk.unlocking.open(number, documents[plaats], wachtwoord, by)
    if text := opening.problem(answer, pages.language_of(request), desk.settings.portal.help_phone):
        status = 429 if answer.again_at else 400
        return _receipt(request, session, submission, status, [Problem(field, text)])
    desk.wake()
    desk.settle(number, SETTLE_SECONDS)
    return RedirectResponse(f"/inzending/{number}?geopend=1", 303)


@routes.post("/inzending/{nummer}/kiezen")
def choose(
    nummer: str,
    session: SubmitterPost,
    desk: TheDesk,
    plaats: Annotated[int, Form()] = 0,
    stuk: Annotated[str, Form()] = "",
) -> Response:
    """The sender says which item a document is; it is decided again. Without a choice nothing happens."""
    submission = _own_submission(desk, session, nummer)
    number = submission.ontvangstnummer
    open_choices = {
        place: file for place, file in enumerate(submission.stukken, 1) if file.reden is Reason.CHOICE_NEEDED
    }
    items = {item.nummer for item in desk.queries.request(session.subject).stukken}
    if plaats in open_choices and stuk in items:
        document = open_choices[plaats].sha256
        act = Act(ActKind.ASSIGN, SENDER_CHOSE, request=session.subject, document=document, item=stuk)
        desk.store.act(number, act)
        desk.wake()
        desk.settle(number, SETTLE_SECONDS)
    return RedirectResponse(f"/inzending/{number}", 303)


@routes.get("/inzending/{nummer}/bewijs.zip")
def package(request: HttpRequest, nummer: str, session: Submitter, desk: TheDesk) -> Response:
    """The whole receipt package."""
    submission = _own_submission(desk, session, nummer)
    auth.viewed(request, session, submission.ontvangstnummer, "bewijs.zip")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _receipt_files(desk, session, submission).items():
            archive.writestr(name, content)
    return _download(made.getvalue(), f"bewijs-{submission.ontvangstnummer}.zip", "application/zip")


@routes.get("/inzending/{nummer}/{name}")
def receipt_file(request: HttpRequest, nummer: str, name: str, session: Submitter, desk: TheDesk) -> Response:
    """One file of the receipt package."""
    submission = _own_submission(desk, session, nummer)
    if name not in _DOWNLOADS:
        raise NotFound.because("name", "not a file of a receipt package")
    content = _receipt_files(desk, session, submission)[name]
    auth.viewed(request, session, submission.ontvangstnummer, name)
    return _download(content, name, _DOWNLOADS[name])


def _receipt_files(desk: Desk, session: PortalSession, submission: Inzending) -> dict[str, bytes]:
    files = desk.receipt_files(submission.ontvangstnummer, session.subject)
    if not files:
        raise NotFound.because("ontvangstnummer", "no receipt yet")
    return files


def _download(content: bytes, name: str, media_type: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _own_submission(desk: Desk, session: PortalSession, number: str) -> Inzending:
    """What of the submission is for the request that is signed in; NotFound when nothing is, whoever's it is (P7)."""
    return desk.queries.share(number, session.subject)


# ---- words ---------------------------------------------------------------------------------------


@routes.get("/storingen")
def outage_list(request: HttpRequest, desk: TheDesk) -> Response:
    """The outages of the last months and the planned ones, and what they mean for a last day (Awb 2:21)."""
    lines = outages.listed(desk.outages, desk.clock.now(), pages.language_of(request))
    return pages.render(request, "outages.html", listed=lines, announced=())


@routes.get("/hulp")
def help_page(request: HttpRequest) -> Response:
    """Help, with a phone number."""
    return pages.render(request, "help.html")


@routes.get("/toegankelijkheid")
def accessibility(request: HttpRequest) -> Response:
    """The accessibility statement."""
    return pages.render(request, "accessibility.html")


def _say(request: HttpRequest, key: str, **values: Any) -> str:  # noqa: ANN401
    return words.say(key, pages.language_of(request), **values)
