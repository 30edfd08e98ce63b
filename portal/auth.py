"""Who is asking, and whether the question comes from our own page.

Rule 1: a session is a secret in a cookie that no script can read; the database keeps only its hash.
Rule 2: every POST is checked twice: the browser says it comes from us, and it carries a secret of our page.
Rule 3: a wrong secret says the same, and takes the same time, whether the name exists or not.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Form
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.core import tokens
from gateway.desk import Desk
from gateway.people import PARTY, ROLE, PortalSession, StaffRole
from portal.pages import desk_of

SUBMITTER_COOKIE: Final = "inzender"
STAFF_COOKIE: Final = "medewerker"
_FORM_COOKIE: Final = "formulier"
_ADDRESS_FACTOR: Final = 3
_OURS: Final = frozenset({"same-origin", "none"})

TheDesk = Annotated[Desk, Depends(desk_of)]


class SignInFirst(Exception):
    """Nobody is signed in, or not any more; `page` is where to sign in."""

    def __init__(self, page: str) -> None:
        super().__init__(page)
        self.page = page


class NotFromHere(Exception):
    """The POST does not come from our own page."""


# ---- sessions ------------------------------------------------------------------------------------


def begin(request: HttpRequest, response: Response, cookie: str, kind: str, subject: str) -> None:
    """Sign somebody in: a new session, so that one planted before is worth nothing."""
    desk = desk_of(request)
    minutes = desk.settings.portal.session_minutes
    secret = desk.people.begin(kind, subject, minutes, _origin(request))
    _set(response, desk, cookie, secret, minutes * 60)


def _origin(request: HttpRequest) -> str:
    return request.client.host if request.client else "-"


def viewed(request: HttpRequest, session: PortalSession, subject: str, what: str) -> None:
    """Say in the log that somebody who is signed in saw something of a request or submission (BIO2 8.15.01).

    Seen again within `portal.view_minutes` it is the same view. Raises TryLater when it cannot be said: then nothing
    is shown.
    """
    desk = desk_of(request)
    who = "" if session.kind == PARTY else session.subject
    desk.store.note_view(
        subject,
        what,
        officer=who,
        role=ROLE[session.kind],
        origin=_origin(request),
        minutes=desk.settings.portal.view_minutes,
    )


def end(request: HttpRequest, response: Response, cookie: str) -> None:
    """Sign out, on our side too."""
    if secret := request.cookies.get(cookie):
        desk_of(request).people.end(secret)
    response.delete_cookie(cookie)


def _set(response: Response, desk: Desk, name: str, value: str, seconds: int) -> None:
    secure = desk.settings.portal.public_url.startswith("https:")
    response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure)


def _session(request: HttpRequest, cookie: str, page: str) -> PortalSession:
    secret = request.cookies.get(cookie)
    session = desk_of(request).people.session(secret) if secret else None
    if session is None:
        raise SignInFirst(f"{page}?reden=verlopen" if secret else page)
    return session


def submitter(request: HttpRequest) -> PortalSession:
    """The party that is signed in. Raises SignInFirst."""
    session = _session(request, SUBMITTER_COOKIE, "/")
    if session.kind != PARTY:
        raise SignInFirst("/")
    return session


def _staff(role: StaffRole) -> Callable[[HttpRequest], PortalSession]:
    def signed_in(request: HttpRequest) -> PortalSession:
        session = _session(request, STAFF_COOKIE, STAFF_SIGN_IN)
        if session.kind != role:
            raise SignInFirst(STAFF_SIGN_IN)
        return session

    return signed_in


STAFF_SIGN_IN: Final = "/medewerker/inloggen"


def anybody(request: HttpRequest) -> PortalSession:
    """The member of staff that is signed in, in whatever role. Raises SignInFirst."""
    return _session(request, STAFF_COOKIE, STAFF_SIGN_IN)


caseworker = _staff(StaffRole.CASEWORKER)
auditor = _staff(StaffRole.AUDITOR)


# ---- our own page --------------------------------------------------------------------------------


def check_origin(request: HttpRequest) -> None:
    """Raises NotFromHere when the browser says that another site sent this."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in _OURS:
        raise NotFromHere
    origin = request.headers.get("origin")
    if origin is None:
        return
    public = urlsplit(desk_of(request).settings.portal.public_url).netloc
    if urlsplit(origin).netloc not in {public, request.headers.get("host")}:
        raise NotFromHere


def check(request: HttpRequest, session: PortalSession, token: str) -> None:
    """Raises NotFromHere unless the browser and the form both say that our page sent this."""
    check_origin(request)
    if not hmac.compare_digest(session.csrf.encode(), token.encode()):
        raise NotFromHere


def _posted_by(who: Callable[[HttpRequest], PortalSession]) -> Callable[..., PortalSession]:
    def posted(request: HttpRequest, csrf: Annotated[str, Form()] = "") -> PortalSession:
        session = who(request)
        check(request, session, csrf)
        return session

    return posted


Submitter = Annotated[PortalSession, Depends(submitter)]
SubmitterPost = Annotated[PortalSession, Depends(_posted_by(submitter))]
Caseworker = Annotated[PortalSession, Depends(caseworker)]
CaseworkerPost = Annotated[PortalSession, Depends(_posted_by(caseworker))]
Auditor = Annotated[PortalSession, Depends(auditor)]
AuditorPost = Annotated[PortalSession, Depends(_posted_by(auditor))]


def form_secret(request: HttpRequest) -> str:
    """The secret of a form that is filled in before anybody is signed in; the cookie must match it."""
    return request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(16)


def remember_form(request: HttpRequest, response: Response, secret: str) -> None:
    """Give the browser the secret of the form."""
    desk = desk_of(request)
    _set(response, desk, _FORM_COOKIE, secret, desk.settings.portal.session_minutes * 60)


def check_form(request: HttpRequest, secret: str) -> None:
    """Raises NotFromHere unless the form was made by our page for this browser."""
    check_origin(request)
    expected = request.cookies.get(_FORM_COOKIE, "")
    if not expected or not hmac.compare_digest(expected.encode(), secret.encode()):
        raise NotFromHere


# ---- secrets that people type --------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """Somebody tries to sign in with a name, from an address; both are counted when it goes wrong."""

    kind: str
    name: str
    address: str

    def braked(self, desk: Desk) -> bool:
        """Whether this name or address has gone wrong too often lately; known names and others alike."""
        portal = desk.settings.portal
        by_name = desk.people.braked(self._name, portal.max_attempts, portal.attempt_window_minutes)
        # Many people may share an address, so it gets more room than one name.
        most = _ADDRESS_FACTOR * portal.max_attempts
        return by_name or desk.people.braked(self._address, most, portal.attempt_window_minutes)

    def failed(self, desk: Desk) -> None:
        """Count it."""
        desk.people.failed(self._name)
        desk.people.failed(self._address)

    @property
    def _name(self) -> str:
        return f"{self.kind}:{self.name.casefold()}"

    @property
    def _address(self) -> str:
        return f"adres:{self.address}"


def attempt(request: HttpRequest, kind: str, name: str) -> Attempt:
    """An attempt to sign in as `name`."""
    return Attempt(kind, name, _origin(request))


def opened(desk: Desk, reference: str, code: str) -> str | None:
    """The reference that the code opens, as we write it, or None. The caller has seen to the brake."""
    for written in dict.fromkeys((reference, reference.upper())):
        if desk.requests.opens(written, code):
            return written
    return None


def is_mistyped(code: str) -> bool:
    """Whether the form alone shows that this cannot be an access code; says nothing about any request."""
    return tokens.read_token(code).state is not tokens.TokenState.EXACT
