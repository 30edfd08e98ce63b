"""What we asked: made, listed, shown, and every day that counts for it."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from gateway.core.words import Channel, RequestStatus
from gateway.desk import Desk
from gateway.schema import Storing, Termijnen, Verzoek, VerzoekNieuw, dump, instant, read_requests
from portal.api.common import ReadsRequests, Reference, WritesRequests, errors, url, viewed
from portal.auth import TheDesk

routes = APIRouter(tags=["verzoeken"])

_ONE_OR_MORE: Final = {
    "requestBody": {
        "required": True,
        "description": "Eén verzoek, of een lijst.",
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/VerzoekIn"},
                        {"type": "array", "items": {"$ref": "#/components/schemas/VerzoekIn"}},
                    ]
                }
            }
        },
    }
}


@routes.post(
    "/verzoeken",
    operation_id="maakVerzoeken",
    summary="Dien verzoeken in",
    status_code=201,
    response_model=VerzoekNieuw | list[VerzoekNieuw],
    responses=errors(400, 413),
    openapi_extra=_ONE_OR_MORE,
)
async def create_requests(request: HttpRequest, desk: TheDesk, name: WritesRequests) -> Response:
    """Dien één verzoek in, of een lijst. Alles of niets: bij een fout wordt er niets aangemaakt.

    Het antwoord bevat eenmalig de toegangscode.
    """
    body = await request.body()
    return await run_in_threadpool(_created, desk, body, name)


def _created(desk: Desk, body: bytes, name: str) -> Response:
    text = body.decode("utf-8", "replace")
    made = [dump(new) for new in desk.correspondence.register(read_requests(text), name)]
    if text.lstrip().startswith("["):
        return JSONResponse(made, 201)
    return JSONResponse(made[0], 201, headers={"Location": url(desk, f"/verzoeken/{made[0]['kenmerk']}")})


@routes.get(
    "/verzoeken",
    operation_id="lijstVerzoeken",
    summary="Lijst van verzoeken",
    response_model=list[Verzoek],
    responses=errors(),
)
def list_requests(
    desk: TheDesk,
    _name: ReadsRequests,
    status: Annotated[RequestStatus | None, Query(description="Alleen verzoeken met deze status.")] = None,
) -> tuple[Verzoek, ...]:
    """Alle verzoeken, de vroegste laatste dag eerst."""
    return desk.queries.requests(status)


@routes.get("/verzoeken/{kenmerk}", operation_id="toonVerzoek", summary="Eén verzoek", responses=errors(404))
def show_request(request: HttpRequest, kenmerk: Reference, desk: TheDesk, name: ReadsRequests) -> Verzoek:
    """Eén verzoek, met de stand van elk gevraagd stuk."""
    found = desk.queries.request(kenmerk)
    viewed(request, desk, found.kenmerk, "verzoek", name)
    return found


@routes.get(
    "/verzoeken/{kenmerk}/termijnen",
    operation_id="toonTermijnen",
    summary="De termijnen van een verzoek",
    responses=errors(404),
)
def show_days(kenmerk: Reference, desk: TheDesk, _name: ReadsRequests) -> Termijnen:
    """Alle dagen die voor een verzoek tellen, met voor elke dag waarom het die dag is."""
    return desk.dates.why(kenmerk)


@routes.get(
    "/storingen",
    operation_id="lijstStoringen",
    summary="Storingen en gepland onderhoud",
    response_model=list[Storing],
    responses=errors(),
)
def list_outages(desk: TheDesk, _name: ReadsRequests) -> tuple[Storing, ...]:
    """Tijden waarin een kanaal niet te bereiken was, of volgens planning niet zal zijn (art. 2:21 Awb)."""
    return tuple(
        Storing(
            nummer=outage.id,
            kanaal=Channel(outage.channel),
            van=instant(outage.started_at),
            tot=instant(outage.ended_at) if outage.ended_at else None,
            gepland=outage.planned,
        )
        for outage in desk.outages.list()
    )
