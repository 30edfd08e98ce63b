"""Who asks for more time (uitstel): asked by mail, in the portal or by telephone, in one list; a person answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.core import terms
from gateway.core.errors import Fault, NotFound, Refused, WrongState
from gateway.core.facts import Act, ActKind
from gateway.core.model import Term
from gateway.core.quoting import own_words
from gateway.core.words import DocumentOutcome, Reason, Status, Unit
from gateway.dealings import Way
from gateway.desk import Desk
from gateway.people import PortalSession
from gateway.schema import Inzending, Verzoek
from portal import labels, pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import after, page, read_day

routes = APIRouter(prefix="/medewerker")

PROPOSED: Final = Term(2, Unit.WEEKS)
_MOST_SHOWN: Final = 1000
_SETTLE_SECONDS: Final = 8.0


@dataclass(frozen=True)
class Line:
    """One question on the page. `key`: its number, or the receipt number of the mail. `proposed`: a new last day."""

    key: str
    request: Verzoek
    way: Way
    asked_at: datetime
    asked_by: str
    asked: str
    proposed: date


@routes.get("/uitstel")
def queue(request: HttpRequest, session: Caseworker, gedaan: str = "") -> Response:
    """Every question that waits, the oldest first."""
    return _page(request, session, done=gedaan)


def _page(
    request: HttpRequest,
    session: PortalSession,
    done: str = "",
    problems: Sequence[tuple[str, str]] = (),
    typed: dict[str, str] | None = None,
) -> Response:
    desk = pages.desk_of(request)
    lines = sorted([*_asked(desk), *_mailed(desk)], key=lambda line: line.asked_at)
    return page(
        request,
        session,
        "staff_extensions.html",
        400 if problems else 200,
        lines=lines,
        typed=typed or {},
        done=labels.DONE.get(done, ""),
        problems=problems,
    )


def _asked(desk: Desk) -> list[Line]:
    return [
        _line(desk, str(q.id), q.reference, way=q.way, asked_at=q.asked_at, asked_by=q.asked_by, asked=q.asked)
        for q in desk.dealings.waiting()
    ]


def _mailed(desk: Desk) -> list[Line]:
    """Mail that asks for more time and is held for that."""
    held = desk.queries.submissions(status=Status.HELD)
    asking = [s for s in held if Reason.EXTENSION_ASKED in s.redenen and s.verzoek]
    answered = desk.dealings.answered([s.ontvangstnummer for s in asking])
    return [_mail_line(desk, s) for s in asking if s.ontvangstnummer not in answered]


def _mail_line(desk: Desk, submission: Inzending) -> Line:
    message = desk.store.load(submission.ontvangstnummer).message
    return _line(
        desk,
        submission.ontvangstnummer,
        submission.verzoek or "",
        way=Way.MAIL,
        asked_at=datetime.fromisoformat(submission.ontvangenOp),
        asked_by=submission.afzender,
        asked=own_words(message.text)[:_MOST_SHOWN].strip() if message else "",
    )


def _line(desk: Desk, key: str, reference: str, *, way: Way, asked_at: datetime, asked_by: str, asked: str) -> Line:
    found = desk.queries.request(reference)
    today = terms.local_day(desk.clock.now())
    proposed = desk.requests.end_of(max(found.laatsteDag, today), PROPOSED).day
    return Line(key, found, way, asked_at, asked_by, asked, proposed)


# ---- the answer ----------------------------------------------------------------------------------


@routes.post("/uitstel")
def answer(
    request: HttpRequest,
    session: CaseworkerPost,
    desk: TheDesk,
    *,
    vraag: Annotated[str, Form()] = "",
    besluit: Annotated[str, Form()] = "",
    tot: Annotated[str, Form()] = "",
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Give more time, or refuse it; with a reason."""
    typed = {"vraag": vraag, "tot": tot, "reden": reden}
    try:
        if besluit not in {"geven", "weigeren"}:
            raise Refused.because("answer", "Kies: geven of niet geven.")
        until = read_day(tot, "until") if besluit == "geven" else None
        _answer(desk, vraag, until, reden, session.subject)
    except WrongState:
        return _page(request, session, problems=[("inhoud", "Deze vraag is al beantwoord.")])
    except Refused as error:
        return _page(request, session, problems=_problems(error.faults, vraag), typed=typed)
    return after("/medewerker/uitstel", "uitstel-gegeven" if until else "uitstel-geweigerd")


def _problems(faults: Sequence[Fault], key: str) -> list[tuple[str, str]]:
    controls = {"until": (f"tot-{key}", "Nieuwe laatste dag"), "reason": (f"reden-{key}", "Reden")}
    return [
        (controls[f.place][0], f"{controls[f.place][1]}: {f.problem}") if f.place in controls else ("inhoud", f.problem)
        for f in faults
    ]


def _answer(desk: Desk, key: str, until: date | None, reason: str, officer: str) -> None:
    if not key.isdecimal():
        _answer_mail(desk, desk.queries.submission(key), until, reason, officer)
    elif until is None:
        desk.dealings.refuse(int(key), reason, officer)
    else:
        desk.dealings.grant(int(key), until, reason, officer)


def _answer_mail(desk: Desk, submission: Inzending, until: date | None, reason: str, officer: str) -> None:
    if submission.verzoek is None:
        raise NotFound.because("vraag", "this mail is for no single request")
    number = submission.ontvangstnummer
    desk.dealings.answer_mail(number, submission.verzoek, until, reason, officer)
    if held_for_time_alone(submission, granted=until is not None):
        desk.store.act(number, Act(ActKind.RELEASE, officer))
        desk.wake()
        desk.settle(number, _SETTLE_SECONDS)


def held_for_time_alone(submission: Inzending, *, granted: bool) -> bool:
    """Whether the answer takes away all that holds the mail; what came late waits on if no time was given."""
    about_time = {Reason.EXTENSION_ASKED} | ({Reason.LATE} if granted else set())
    holding = {s.reden for s in submission.stukken if s.besluit is DocumentOutcome.HELD}
    others = set(submission.redenen) - about_time
    return submission.status is Status.HELD and holding <= about_time and not others & {Reason.STATEMENT, Reason.LATE}
