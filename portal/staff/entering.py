"""Staff come in and go out, as caseworker or as auditor."""

from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response

from gateway.people import StaffRole
from portal import auth, pages
from portal.auth import TheDesk

_HOME: Final = {StaffRole.CASEWORKER: "/medewerker", StaffRole.AUDITOR: "/auditor"}

routes = APIRouter(prefix="/medewerker")


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
