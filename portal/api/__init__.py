"""The JSON API under /api/v1, by the NL API Design Rules: the contract's JSON, problem+json, a version header.

Rule 1: the schema is `gateway.schema`; nothing is described twice.
Rule 2: invalid input is a 400 that names every fault at once.
Rule 3: a submission is answered with 201 only after it would survive a power cut (P1).
"""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway.desk import Desk
from gateway.schema import VerzoekIn
from portal import problems
from portal.api import bundles, dealings, letters, requests, submissions
from portal.api.common import Problem

VERSION: Final = "1.0.0"


def create_api(desk: Desk) -> FastAPI:
    """The API on a desk, to be mounted at /api/v1."""
    portal = desk.settings.portal
    api = FastAPI(
        title="Herstelpost API",
        version=VERSION,
        description="Verzoeken om ontbrekende documenten, en de inzendingen die daarop binnenkomen.",
        servers=[{"url": f"{portal.public_url}/api/v1"}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        openapi_tags=[
            {"name": "verzoeken", "description": "Wat wij gevraagd hebben."},
            {"name": "inzendingen", "description": "Wat er binnenkwam."},
        ],
    )
    api.state.desk = desk
    for part in (requests, letters, dealings, bundles, submissions):
        api.include_router(part.routes)
    problems.for_api(api)
    api.middleware("http")(_with_version)
    _describe(api, desk)
    return api


async def _with_version(request: HttpRequest, following: Callable[[HttpRequest], Awaitable[Response]]) -> Response:
    response = await following(request)
    response.headers["API-Version"] = VERSION
    return response


def _describe(api: FastAPI, desk: Desk) -> None:
    """Finish the OpenAPI document: what FastAPI cannot know of our errors, headers and bodies."""
    made = api.openapi()
    # Not given to FastAPI, which would log that it cannot check the address without yet another package.
    made["info"]["contact"] = {
        "name": desk.settings.portal.organisation,
        "url": f"{desk.settings.portal.public_url}/hulp",
        "email": desk.settings.outbound.from_address,
    }
    schemas = made["components"]["schemas"]
    for model in (Problem, VerzoekIn):
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    header = {"description": "Volledig versienummer.", "schema": {"type": "string"}, "example": VERSION}
    for operation in (o for path in made["paths"].values() for o in path.values()):
        operation["responses"].pop("422", None)
        for response in operation["responses"].values():
            response["headers"] = {"API-Version": header}
    api.openapi_schema = made
