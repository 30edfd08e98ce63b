"""What every route of the API is made of: who may, how it fails, and where things are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi import Path as PathParameter
from fastapi import Request as HttpRequest
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from gateway.core.errors import Fault, Refused
from gateway.desk import Desk
from gateway.people import Scope
from portal import problems
from portal.auth import TheDesk
from portal.problems import ApiProblem

PROBLEM_JSON: Final = "application/problem+json"


# ---- who is asking -------------------------------------------------------------------------------

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="Token van `herstelpost token create`.")


def _needs(scope: Scope) -> Callable[..., str]:
    def authorised(
        desk: TheDesk, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)] = None
    ) -> str:
        known = desk.people.scopes(given.credentials) if given else None
        if known is None:
            raise ApiProblem(401)
        name, scopes = known
        if scope not in scopes:
            raise ApiProblem(403, f"Dit token mist het recht {scope.value}.")
        return name

    return authorised


# The name of the token that has the right.
ReadsRequests = Annotated[str, Depends(_needs(Scope.READ_REQUESTS))]
WritesRequests = Annotated[str, Depends(_needs(Scope.WRITE_REQUESTS))]
ReadsSubmissions = Annotated[str, Depends(_needs(Scope.READ_SUBMISSIONS))]
WritesSubmissions = Annotated[str, Depends(_needs(Scope.WRITE_SUBMISSIONS))]
ConfirmsBundles = Annotated[str, Depends(_needs(Scope.CONFIRM_BUNDLES))]

# ---- where things are ----------------------------------------------------------------------------

Reference = Annotated[str, PathParameter(description="Kenmerk van het verzoek.", examples=["HV-2026-000123"])]
Number = Annotated[str, PathParameter(description="Ontvangstnummer.", examples=["26-7K3M-9Q2X-V4TD"])]


def url(desk: Desk, path: str) -> str:
    """The address of a resource, for `Location`."""
    return f"{desk.settings.portal.public_url}/api/v1{path}"


def viewed(request: HttpRequest, desk: Desk, subject: str, what: str, name: str) -> None:
    """Note that a program of this name saw it: a receipt number or a reference (Awb 2:25)."""
    origin = request.client.host if request.client else "-"
    minutes = desk.settings.portal.view_minutes
    desk.store.note_view(subject, what, officer=name, role="token", origin=origin, minutes=minutes)


# ---- how it fails --------------------------------------------------------------------------------


class InvalidParam(BaseModel):
    """Eén fout in de invoer."""

    name: str = Field(description="Plaats van de fout, bijvoorbeeld `stukken.0.nummer`.")
    reason: str = Field(description="Wat er mis is en wat u kunt doen.")


class Problem(BaseModel):
    """Foutmelding volgens RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    invalidParams: list[InvalidParam] | None = None


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures an operation declares. Every operation may also meet 400, 401, 403 and 503."""
    return {
        status: {
            "description": problems.TITLES[status][1],
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 400, 401, 403, 503})
    }


def file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The answer 200 of an operation that gives a file."""
    return {
        200: {
            "description": description,
            "content": {media_type: {"schema": {"type": "string", "format": "binary"}}},
        }
    }


@contextmanager
def fields(**names: str) -> Iterator[None]:
    """Within it, a refusal names the fields of the contract: `until="tot"`."""
    try:
        yield
    except Refused as error:
        faults = tuple(Fault(names.get(fault.place, fault.place), fault.problem) for fault in error.faults)
        raise type(error)(faults) from error
