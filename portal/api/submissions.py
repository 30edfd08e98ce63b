"""What came in: handed in by another front end, listed, shown."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime

from gateway.core.errors import Fault, Refused
from gateway.core.words import Status
from gateway.desk import Desk
from gateway.schema import Inzending, dump
from portal.api.common import Number, ReadsSubmissions, Reference, WritesSubmissions, errors, url, viewed
from portal.auth import TheDesk
from portal.problems import ApiProblem
from portal.submitters import hand_in, register_over_the_limit
from portal.uploads import STILL_TO_CHOOSE, Upload, receive

SETTLE_SECONDS: Final = 8.0

routes = APIRouter(tags=["inzendingen"])

_FILES: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        STILL_TO_CHOOSE: {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "Bestanden waarvan het stuk nog gekozen moet worden.",
                        }
                    },
                    "additionalProperties": {
                        "type": "string",
                        "format": "binary",
                        "description": "Een bestand voor het stuk met dit nummer.",
                    },
                }
            }
        },
    }
}


@routes.post(
    "/verzoeken/{kenmerk}/inzendingen",
    operation_id="maakInzending",
    summary="Lever bestanden aan",
    status_code=201,
    response_model=Inzending,
    responses=errors(400, 404, 408, 413),
    openapi_extra=_FILES,
)
async def create_submission(
    request: HttpRequest, kenmerk: Reference, desk: TheDesk, _name: WritesSubmissions
) -> Response:
    """Lever bestanden aan voor een verzoek.

    Eén deel per bestand; de veldnaam is het nummer van het stuk, of `stuk` als dat nog gekozen moet worden.
    """
    await run_in_threadpool(desk.queries.request, kenmerk)
    upload = await receive(request, desk.store.spool, desk.settings.cap_bytes, desk.settings.portal.max_files)
    received_at = desk.clock.now()  # the last byte is in
    try:
        return await run_in_threadpool(_submitted, desk, kenmerk, upload, received_at)
    finally:
        await run_in_threadpool(upload.drop)


def _submitted(desk: Desk, reference: str, upload: Upload, received_at: datetime) -> Response:
    if upload.too_large or upload.too_many:
        register_over_the_limit(desk, reference, upload)
        raise ApiProblem(413, _over(desk, upload))
    if upload.trouble:
        raise upload.trouble
    if faults := _faults(desk, reference, upload):
        raise Refused(tuple(faults))
    accepted = hand_in(desk, reference, upload, received_at)
    desk.settle(accepted.number, SETTLE_SECONDS)
    made = dump(desk.queries.submission(accepted.number))
    return JSONResponse(made, 201, headers={"Location": url(desk, f"/inzendingen/{accepted.number}")})


def _over(desk: Desk, upload: Upload) -> str:
    if upload.too_large:
        most = desk.settings.cap_bytes
        return (
            f"De bestanden zijn samen {upload.measured} bytes; hoogstens {most} mag. Verdeel ze over meer inzendingen."
        )
    return f"Er zijn meer dan {upload.most_files} bestanden. Verdeel ze over meer inzendingen."


def _faults(desk: Desk, reference: str, upload: Upload) -> list[Fault]:
    """Everything that is wrong with a form, at once."""
    known = [STILL_TO_CHOOSE, *(item.nummer for item in desk.queries.request(reference).stukken)]
    faults = [Fault(name, "dit bestand is leeg") for name in upload.empty]
    faults += [
        Fault(file.field, f"geen stuk van dit verzoek; kies uit {', '.join(known)}")
        for file in upload.files
        if file.field not in known
    ]
    if not upload.files and not upload.empty:
        faults.append(Fault(STILL_TO_CHOOSE, "geen bestand gevonden; stuur minstens één deel met een bestand"))
    return faults


@routes.get(
    "/inzendingen",
    operation_id="lijstInzendingen",
    summary="Lijst van inzendingen",
    response_model=list[Inzending],
    responses=errors(404),
)
def list_submissions(
    desk: TheDesk,
    _name: ReadsSubmissions,
    verzoek: Annotated[str | None, Query(description="Alleen inzendingen bij dit kenmerk.")] = None,
    status: Annotated[Status | None, Query(description="Alleen inzendingen met deze status.")] = None,
    vanaf: Annotated[AwareDatetime | None, Query(description="Ontvangen op of na dit tijdstip.")] = None,
    tot: Annotated[AwareDatetime | None, Query(description="Ontvangen voor dit tijdstip.")] = None,
) -> tuple[Inzending, ...]:
    """Inzendingen op volgorde van binnenkomst."""
    return desk.queries.submissions(verzoek, status, vanaf, tot)


@routes.get(
    "/inzendingen/{ontvangstnummer}", operation_id="toonInzending", summary="Eén inzending", responses=errors(404)
)
def show_submission(request: HttpRequest, ontvangstnummer: Number, desk: TheDesk, name: ReadsSubmissions) -> Inzending:
    """Eén inzending, met het besluit per stuk."""
    found = desk.queries.submission(ontvangstnummer)
    viewed(request, desk, found.ontvangstnummer, "inzending", name)
    return found
