"""Post and counter: paper comes in by the hand of a member of staff, and gets the same receipt as everything."""

from collections.abc import Iterator, Sequence
from typing import Final

from fastapi import APIRouter
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from gateway.core import terms
from gateway.core.errors import Fault, Refused
from gateway.core.model import StoredFile
from gateway.core.words import Channel
from gateway.counter import Paper
from gateway.people import PortalSession
from portal import auth, pages
from portal.auth import Caseworker, TheDesk
from portal.staff.common import in_form, page, read_day, read_moment
from portal.uploads import Upload, receive

SETTLE_SECONDS: Final = 8.0

routes = APIRouter(prefix="/medewerker")


@routes.get("/verzoeken/{kenmerk}/innemen")
def paper_page(request: HttpRequest, kenmerk: str, session: Caseworker) -> Response:
    """The form for what lies on the table."""
    return _page(request, session, kenmerk, {})


def _page(
    request: HttpRequest,
    session: PortalSession,
    reference: str,
    typed: dict[str, str],
    problems: Sequence[tuple[str, str]] = (),
) -> Response:
    desk = pages.desk_of(request)
    now = desk.clock.now().astimezone(terms.AMSTERDAM)
    return page(
        request,
        session,
        "staff_paper.html",
        400 if problems else 200,
        verzoek=desk.queries.request(reference),
        typed={"kanaal": Channel.COUNTER, "ontvangen": f"{now:%Y-%m-%dT%H:%M}"} | typed,
        cap=desk.settings.limits.submission_mb,
        problems=problems,
    )


@routes.post("/verzoeken/{kenmerk}/innemen")
async def take(request: HttpRequest, kenmerk: str, session: Caseworker, desk: TheDesk) -> Response:
    """Take the paper in; the page of the submission follows, with its receipt."""
    auth.check_origin(request)
    upload = await receive(request, desk.store.spool, desk.settings.cap_bytes, desk.settings.portal.max_files)
    try:
        return await run_in_threadpool(_taken, request, session, kenmerk, upload)
    finally:
        await run_in_threadpool(upload.drop)


def _taken(request: HttpRequest, session: PortalSession, reference: str, upload: Upload) -> Response:
    desk = pages.desk_of(request)
    typed = upload.fields
    auth.check(request, session, typed.get("csrf", ""))
    if upload.trouble:
        raise upload.trouble
    try:
        paper = _paper(session, reference, typed)
        accepted = desk.counter.take(paper, _scans(upload))
    except Refused as error:
        faults = in_form(error, received="ontvangen", postmarked="poststempel", files="stuk", channel="kanaal-balie")
        return _page(request, session, reference, typed, faults)
    desk.wake()
    desk.settle(accepted.number, SETTLE_SECONDS)
    return RedirectResponse(f"/medewerker/inzendingen/{accepted.number}?gedaan=ingenomen", 303)


def _scans(upload: Upload) -> list[StoredFile]:
    """The files, on stable storage. Raises Refused, TryLater."""
    if upload.too_large or upload.too_many:
        raise Refused.because("files", "Dit is te groot of te veel voor één keer. Neem het in delen in.")
    if upload.empty:
        raise Refused(tuple(Fault("files", f"Het bestand {name} is leeg.") for name in upload.empty))
    return [file.keep() for file in upload.files]


def _paper(session: PortalSession, reference: str, typed: dict[str, str]) -> Paper:
    """What was typed. Raises Refused with every fault."""
    faults: list[Fault] = []
    postmark = typed.get("poststempel", "").strip()
    try:
        received_at = read_moment(typed.get("ontvangen", ""), "received")
    except Refused as error:
        faults += error.faults
    try:
        postmark_day = read_day(postmark, "postmarked") if postmark else None
    except Refused as error:
        faults += error.faults
    if typed.get("kanaal") not in {Channel.COUNTER, Channel.POST}:
        faults.append(Fault("channel", "Kies: balie of post."))
    if faults:
        raise Refused(tuple(faults))
    return Paper(
        reference=reference,
        channel=Channel(typed["kanaal"]),
        received_at=received_at,
        officer=session.subject,
        postmark_day=postmark_day,
        originals=tuple(_originals(typed)),
    )


def _originals(typed: dict[str, str]) -> Iterator[str]:
    return (name.removeprefix("origineel-") for name in typed if name.startswith("origineel-"))
