"""What a reader gets when something does not work: a kind page, or problem+json for the API (RFC 9457).

Rule 1: no path, rule, version or detail of ours leaves the house; an unknown error gets a number instead (P7).
Rule 2: our trouble is never the sender's fault, and the answer says so (503).
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gateway.core.errors import Fault, NotFound, Refused, TryLater, WrongState
from gateway.schema import explain
from portal import pages
from portal.auth import NotFromHere, SignInFirst
from portal.uploads import BadForm, TooSlow

_log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 60
_GONE: Final = 499
_KNOWN: Final = frozenset({400, 403, 404, 405, 408, 413, 500, 503})

Handler = Callable[[HttpRequest, Exception], Awaitable[Response]]


# ---- pages ---------------------------------------------------------------------------------------


def page(request: HttpRequest, status: int, event: str = "") -> Response:
    """The page for a failure, in the reader's language."""
    shown = status if status in _KNOWN else (500 if status >= 500 else 400)  # noqa: PLR2004
    response = pages.render(request, "wrong.html", status, what=shown, event=event)
    if status == 503:  # noqa: PLR2004
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def for_pages(app: FastAPI) -> None:
    """Give the pages their answers to failures."""
    for kind, status in (
        (NotFromHere, 403),
        (NotFound, 404),
        (Refused, 400),
        (RequestValidationError, 400),
        (BadForm, 400),
        (TooSlow, 408),
        (WrongState, 503),
    ):
        app.add_exception_handler(kind, _shown(status))
    app.add_exception_handler(TryLater, _try_later_page)
    app.add_exception_handler(HTTPException, _http_page)
    app.add_exception_handler(SignInFirst, _sign_in)
    app.add_exception_handler(ClientDisconnect, _gone)


def _shown(status: int) -> Handler:
    async def handler(request: HttpRequest, _error: Exception) -> Response:
        return page(request, status)

    return handler


async def _try_later_page(request: HttpRequest, error: Exception) -> Response:
    _log.warning("portal: try later: %s", error)
    return page(request, 503)


async def _http_page(request: HttpRequest, error: Exception) -> Response:
    return page(request, error.status_code if isinstance(error, HTTPException) else 500)


async def _sign_in(_request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, SignInFirst)
    return RedirectResponse(error.page, 303)


async def _gone(_request: HttpRequest, _error: Exception) -> Response:
    return Response(status_code=_GONE)


# ---- the API -------------------------------------------------------------------------------------

TITLES: Final = {
    400: ("Ongeldige invoer", "De invoer klopt niet; invalidParams noemt alles wat er mis is."),
    401: ("Niet aangemeld", "Stuur een geldig token mee: Authorization: Bearer <token>."),
    403: ("Niet toegestaan", "Dit token geeft geen recht op deze bewerking."),
    404: ("Niet gevonden", "Dit bestaat niet."),
    405: ("Methode niet toegestaan", "Deze bewerking bestaat niet op dit adres."),
    409: ("Al gedaan", "Dit is al gedaan, of iemand anders deed het net."),
    408: ("Te langzaam", "Er kwam te lang niets binnen. Er is niets ontvangen."),
    413: ("Te groot", "De invoer is groter dan is toegestaan. Er is niets ontvangen."),
    500: ("Fout bij ons", "Dit ligt aan ons. Noem het nummer van deze fout als u contact opneemt."),
    503: ("Nu niet beschikbaar", "Dit ligt aan ons. Probeer het later opnieuw; er is niets half gedaan."),
}


class ApiProblem(Exception):
    """An answer of the API that is not the one that was asked for."""

    def __init__(self, status: int, detail: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)


def problem(status: int, detail: str = "", faults: Sequence[Fault] = (), **more: Any) -> Response:  # noqa: ANN401
    """An answer as application/problem+json; `faults` become `invalidParams`."""
    title, usual = TITLES.get(status, TITLES[400 if status < 500 else 500])  # noqa: PLR2004
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail or usual, **more}
    if faults:
        body["invalidParams"] = [{"name": fault.place, "reason": fault.problem} for fault in faults]
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": str(RETRY_SECONDS)}}.get(status)
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def for_api(app: FastAPI) -> None:
    """Give the API its answers to failures."""
    app.add_exception_handler(ApiProblem, _api_problem)
    app.add_exception_handler(Refused, _api_refused)
    app.add_exception_handler(RequestValidationError, _api_invalid)
    app.add_exception_handler(HTTPException, _api_http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(TryLater, _api_try_later)
    app.add_exception_handler(BadForm, _api_bad_form)
    for kind, status in ((NotFound, 404), (TooSlow, 408), (WrongState, 503)):
        app.add_exception_handler(kind, _answered(status))


def _answered(status: int) -> Handler:
    async def handler(_request: HttpRequest, error: Exception) -> Response:
        return problem(status, "; ".join(f.problem for f in error.faults) if isinstance(error, Refused) else "")

    return handler


async def _api_problem(_request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, ApiProblem)
    return problem(error.status, error.detail, error.faults)


async def _api_refused(_request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return problem(400, faults=error.faults)


async def _api_bad_form(_request: HttpRequest, _error: Exception) -> Response:
    return problem(400, "Stuur een heel formulier (multipart/form-data), een deel per bestand. Er is niets ontvangen.")


async def _api_try_later(_request: HttpRequest, error: Exception) -> Response:
    _log.warning("api: try later: %s", error)
    return problem(503)


async def _api_http(_request: HttpRequest, error: Exception) -> Response:
    return problem(error.status_code if isinstance(error, HTTPException) else 500)


async def _api_invalid(_request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The first step of a place says body, query or path; of broken JSON the rest says at which character.
    found = [e | {"loc": () if e["type"] == "json_invalid" else e["loc"][1:]} for e in error.errors()]
    return problem(400, faults=[Fault(place, said) for place, said in explain(found)])


# ---- what nobody foresaw -------------------------------------------------------------------------


def unforeseen(request: HttpRequest, error: Exception, *, api: bool) -> Response:
    """The answer to a bug of ours: a number that is also in the log, nothing else."""
    event = secrets.token_hex(4)
    _log.error("portal: unforeseen, event %s", event, exc_info=error)
    return problem(500, event=event) if api else page(request, 500, event)
