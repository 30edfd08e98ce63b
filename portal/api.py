"""The JSON API under /api/v1, by the NL API Design Rules: the contract's JSON, problem+json, a version header.

Rule 1: the schema is `gateway.schema`; nothing is described twice.
Rule 2: invalid input is a 400 that names every fault at once.
Rule 3: a submission is answered with 201 only after it would survive a power cut (P1).
"""

import base64
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Query
from fastapi import Path as PathParameter
from fastapi import Request as HttpRequest
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from gateway.core.errors import Fault, Refused
from gateway.core.words import Channel, RequestStatus, Role, Status
from gateway.desk import Desk
from gateway.people import Scope
from gateway.schema import (
    Bericht,
    Inzending,
    Storing,
    Termijnen,
    Toestemming,
    ToestemmingIn,
    Verzending,
    Verzoek,
    VerzoekIn,
    VerzoekNieuw,
    dump,
    explain,
    instant,
    read_requests,
)
from portal import downloads, problems
from portal.auth import TheDesk
from portal.problems import ApiProblem
from portal.submitters import hand_in, register_over_the_limit
from portal.uploads import STILL_TO_CHOOSE, Upload, receive

VERSION: Final = "1.0.0"
SETTLE_SECONDS: Final = 8.0
PROBLEM_JSON: Final = "application/problem+json"


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
    invalidParams: list[InvalidParam] | None = None  # noqa: N815  # the name that RFC 9457 gives as its example


def _errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures an operation declares. Every operation may also meet 401, 403 and 503."""
    return {
        status: {
            "description": problems.TITLES[status][1],
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 400, 401, 403, 503})
    }


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


def _scope(scope: Scope) -> Any:  # noqa: ANN401  # FastAPI's own type of a dependency
    return Depends(_needs(scope))


Reference = Annotated[str, PathParameter(description="Kenmerk van het verzoek.", examples=["HV-2026-000123"])]
Number = Annotated[str, PathParameter(description="Ontvangstnummer.", examples=["26-7K3M-9Q2X-V4TD"])]


# ---- the application -----------------------------------------------------------------------------


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
    _add_routes(api)
    problems.for_api(api)
    api.middleware("http")(_with_version)
    _describe(api, desk)
    return api


async def _with_version(request: HttpRequest, following: Callable[[HttpRequest], Awaitable[Response]]) -> Response:
    response = await following(request)
    response.headers["API-Version"] = VERSION
    return response


def _add_routes(api: FastAPI) -> None:
    requests: Sequence[Any] = ["verzoeken"]
    submissions: Sequence[Any] = ["inzendingen"]
    for path, endpoint, method, more in (
        ("/verzoeken", create_requests, "POST", _CREATE_REQUESTS | {"tags": requests}),
        ("/verzoeken", list_requests, "GET", _LIST_REQUESTS | {"tags": requests}),
        ("/verzoeken/{kenmerk}", show_request, "GET", _SHOW_REQUEST | {"tags": requests}),
        ("/verzoeken/{kenmerk}/termijnen", show_days, "GET", _SHOW_DAYS | {"tags": requests}),
        ("/verzoeken/{kenmerk}/berichten", list_messages, "GET", _LIST_MESSAGES | {"tags": requests}),
        ("/verzoeken/{kenmerk}/berichten/{nummer}", show_message, "GET", _SHOW_MESSAGE | {"tags": requests}),
        ("/verzoeken/{kenmerk}/toestemmingen", list_consents, "GET", _LIST_CONSENTS | {"tags": requests}),
        ("/verzoeken/{kenmerk}/toestemmingen", note_consent, "POST", _NOTE_CONSENT | {"tags": requests}),
        ("/verzoeken/{kenmerk}/bundel", show_bundle, "GET", _SHOW_BUNDLE | {"tags": requests}),
        ("/verzoeken/{kenmerk}/bundel/bevestiging", confirm_bundle, "POST", _CONFIRM_BUNDLE | {"tags": requests}),
        ("/verzoeken/{kenmerk}/inzendingen", create_submission, "POST", _CREATE_SUBMISSION | {"tags": submissions}),
        ("/storingen", list_outages, "GET", _LIST_OUTAGES | {"tags": requests}),
        ("/inzendingen", list_submissions, "GET", _LIST_SUBMISSIONS | {"tags": submissions}),
        ("/inzendingen/{ontvangstnummer}", show_submission, "GET", _SHOW_SUBMISSION | {"tags": submissions}),
    ):
        api.add_api_route(path, endpoint, methods=[method], **more)


# ---- requests ------------------------------------------------------------------------------------


async def create_requests(
    request: HttpRequest, desk: TheDesk, name: Annotated[str, _scope(Scope.WRITE_REQUESTS)]
) -> Response:
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
    return JSONResponse(made[0], 201, headers={"Location": _url(desk, f"/verzoeken/{made[0]['kenmerk']}")})


_CREATE_REQUESTS: Final[dict[str, Any]] = {
    "operation_id": "maakVerzoeken",
    "summary": "Dien verzoeken in",
    "status_code": 201,
    "response_model": VerzoekNieuw | list[VerzoekNieuw],
    "responses": _errors(400, 413),
    "openapi_extra": {
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
    },
}


def list_requests(
    desk: TheDesk,
    _name: Annotated[str, _scope(Scope.READ_REQUESTS)],
    status: Annotated[RequestStatus | None, Query(description="Alleen verzoeken met deze status.")] = None,
) -> tuple[Verzoek, ...]:
    """Alle verzoeken, de vroegste laatste dag eerst."""
    return desk.queries.requests(status)


_LIST_REQUESTS: Final[dict[str, Any]] = {
    "operation_id": "lijstVerzoeken",
    "summary": "Lijst van verzoeken",
    "response_model": list[Verzoek],
    "responses": _errors(),
}


def show_request(kenmerk: Reference, desk: TheDesk, _name: Annotated[str, _scope(Scope.READ_REQUESTS)]) -> Verzoek:
    """Eén verzoek, met de stand van elk gevraagd stuk."""
    return desk.queries.request(kenmerk)


_SHOW_REQUEST: Final[dict[str, Any]] = {
    "operation_id": "toonVerzoek",
    "summary": "Eén verzoek",
    "response_model": Verzoek,
    "responses": _errors(404),
}


def show_days(kenmerk: Reference, desk: TheDesk, _name: Annotated[str, _scope(Scope.READ_REQUESTS)]) -> Termijnen:
    """Alle dagen die voor een verzoek tellen, met voor elke dag waarom het die dag is."""
    return desk.dates.why(kenmerk)


_SHOW_DAYS: Final[dict[str, Any]] = {
    "operation_id": "toonTermijnen",
    "summary": "De termijnen van een verzoek",
    "response_model": Termijnen,
    "responses": _errors(404),
}


def list_outages(desk: TheDesk, _name: Annotated[str, _scope(Scope.READ_REQUESTS)]) -> tuple[Storing, ...]:
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


_LIST_OUTAGES: Final[dict[str, Any]] = {
    "operation_id": "lijstStoringen",
    "summary": "Storingen en gepland onderhoud",
    "response_model": list[Storing],
    "responses": _errors(),
}


def list_messages(
    kenmerk: Reference, desk: TheDesk, _name: Annotated[str, _scope(Scope.READ_REQUESTS)]
) -> tuple[Bericht, ...]:
    """Onze berichten bij een verzoek, het nieuwste eerst, en wie hoe is bereikt."""
    told = desk.correspondence.told(kenmerk)
    return tuple(
        Bericht(
            nummer=message.id,
            soort=message.kind,
            titel=message.title,
            geplaatstOp=instant(message.placed_at),
            verzendingen=tuple(
                Verzending(
                    rol=Role(line.role),
                    naam=line.name,
                    weg=line.way,
                    waarom=line.why,
                    poging=line.attempt,
                    status=line.state,
                    moment=instant(line.at),
                )
                for line in told
                if line.message == message.key
            ),
        )
        for message in desk.correspondence.messages(kenmerk)
    )


_LIST_MESSAGES: Final[dict[str, Any]] = {
    "operation_id": "lijstBerichten",
    "summary": "Onze berichten bij een verzoek",
    "response_model": list[Bericht],
    "responses": _errors(404),
}


def show_message(
    kenmerk: Reference,
    nummer: Annotated[int, PathParameter(description="Nummer van het bericht.")],
    desk: TheDesk,
    name: Annotated[str, _scope(Scope.READ_REQUESTS)],
) -> Response:
    """Eén bericht als PDF, zoals het in het portaal staat: zonder toegangscode."""
    return Response(desk.correspondence.pdf(kenmerk, nummer, name), media_type="application/pdf")


_SHOW_MESSAGE: Final[dict[str, Any]] = {
    "operation_id": "toonBericht",
    "summary": "Eén bericht",
    "response_class": Response,
    "responses": _errors(404)
    | {
        200: {
            "description": "Het bericht.",
            "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
}


def list_consents(
    kenmerk: Reference, desk: TheDesk, _name: Annotated[str, _scope(Scope.READ_REQUESTS)]
) -> tuple[Toestemming, ...]:
    """Wie met e-mail instemt, per soort bericht (art. 2:8 Awb)."""
    return tuple(
        Toestemming(
            betrokkene=c.party,
            naam=c.name,
            soort=c.kind,
            toestemming=c.given,
            bron=c.source,
            sinds=instant(c.at) if c.at else None,
            kennisgevingen=not c.declined,
        )
        for c in desk.correspondence.consents(kenmerk)
    )


_LIST_CONSENTS: Final[dict[str, Any]] = {
    "operation_id": "lijstToestemmingen",
    "summary": "Toestemming voor e-mail",
    "response_model": list[Toestemming],
    "responses": _errors(404),
}


async def note_consent(
    request: HttpRequest, kenmerk: Reference, desk: TheDesk, name: Annotated[str, _scope(Scope.WRITE_REQUESTS)]
) -> tuple[Toestemming, ...]:
    """Leg vast dat iemand met e-mail instemt, of dat intrekt. Het geldt meteen."""
    try:
        said = ToestemmingIn.model_validate_json(await request.body())
    except ValidationError as error:
        raise Refused(tuple(Fault(place, problem) for place, problem in explain(error))) from error
    await run_in_threadpool(_note_consent, desk, kenmerk, said, name)
    return await run_in_threadpool(list_consents, kenmerk, desk, name)


def _note_consent(desk: Desk, reference: str, said: ToestemmingIn, name: str) -> None:
    desk.correspondence.consent(reference, said.betrokkene, said.soorten, said.bron, name, given=said.toestemming)


_NOTE_CONSENT: Final[dict[str, Any]] = {
    "operation_id": "legToestemmingVast",
    "summary": "Leg toestemming of intrekking vast",
    "response_model": list[Toestemming],
    "responses": _errors(400, 404),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ToestemmingIn"}}},
        }
    },
}


def show_bundle(kenmerk: Reference, desk: TheDesk, name: Annotated[str, _scope(Scope.READ_SUBMISSIONS)]) -> Response:
    """De bundel van een verzoek: BagIt-zip met originelen, samengevoegde PDF en ontvangstbewijzen."""
    return bundle_response(desk, kenmerk, name)


def bundle_response(desk: Desk, reference: str, officer: str) -> Response:
    """The bundle as a download; that it was taken out is in the ledger. Raises NotFound."""
    desk.queries.request(reference)
    made, sha256 = downloads.made(f"bundel-{reference}.zip", lambda path: desk.bundle(reference, path, officer))
    made.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"  # RFC 9530
    return made


_SHOW_BUNDLE: Final[dict[str, Any]] = {
    "operation_id": "toonBundel",
    "summary": "De bundel van een verzoek",
    "response_class": FileResponse,
    "responses": _errors(404)
    | {
        200: {
            "description": "De bundel.",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
}


class BundelBevestiging(BaseModel):
    """De bundel zoals het zaaksysteem die heeft."""

    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 van de ontvangen zip, hexadecimaal.")


class Overdracht(BaseModel):
    """Wat nu is overgedragen."""

    sha256: str
    inzendingen: tuple[str, ...] = Field(description="Van deze inzendingen begint de bewaartermijn nu te lopen.")
    opnieuwBesloten: tuple[str, ...] = Field(  # noqa: N815  # JSON
        description="Hierover is na deze bundel opnieuw besloten; haal een nieuwe bundel op."
    )


def confirm_bundle(
    kenmerk: Reference, given: BundelBevestiging, desk: TheDesk, name: Annotated[str, _scope(Scope.CONFIRM_BUNDLES)]
) -> Overdracht:
    """Bevestig dat het zaaksysteem de bundel heeft. Na de bewaartermijn wordt de inhoud hier gewist."""
    confirmed = desk.handover.confirm(kenmerk, given.sha256, name)
    return Overdracht(sha256=confirmed.sha256, inzendingen=confirmed.covered, opnieuwBesloten=confirmed.changed)


_CONFIRM_BUNDLE: Final[dict[str, Any]] = {
    "operation_id": "bevestigBundel",
    "summary": "Bevestig de overdracht van een bundel",
    "response_model": Overdracht,
    "responses": _errors(400, 404),
}


# ---- submissions ---------------------------------------------------------------------------------


async def create_submission(
    request: HttpRequest,
    kenmerk: Reference,
    desk: TheDesk,
    _name: Annotated[str, _scope(Scope.WRITE_SUBMISSIONS)],
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
    return JSONResponse(made, 201, headers={"Location": _url(desk, f"/inzendingen/{accepted.number}")})


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


_CREATE_SUBMISSION: Final[dict[str, Any]] = {
    "operation_id": "maakInzending",
    "summary": "Lever bestanden aan",
    "status_code": 201,
    "response_model": Inzending,
    "responses": _errors(400, 404, 408, 413),
    "openapi_extra": {
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
    },
}


def list_submissions(
    desk: TheDesk,
    _name: Annotated[str, _scope(Scope.READ_SUBMISSIONS)],
    verzoek: Annotated[str | None, Query(description="Alleen inzendingen bij dit kenmerk.")] = None,
    status: Annotated[Status | None, Query(description="Alleen inzendingen met deze status.")] = None,
    vanaf: Annotated[AwareDatetime | None, Query(description="Ontvangen op of na dit tijdstip.")] = None,
    tot: Annotated[AwareDatetime | None, Query(description="Ontvangen voor dit tijdstip.")] = None,
) -> tuple[Inzending, ...]:
    """Inzendingen op volgorde van binnenkomst."""
    return desk.queries.submissions(verzoek, status, vanaf, tot)


_LIST_SUBMISSIONS: Final[dict[str, Any]] = {
    "operation_id": "lijstInzendingen",
    "summary": "Lijst van inzendingen",
    "response_model": list[Inzending],
    "responses": _errors(404),
}


def show_submission(
    request: HttpRequest, ontvangstnummer: Number, desk: TheDesk, name: Annotated[str, _scope(Scope.READ_SUBMISSIONS)]
) -> Inzending:
    """Eén inzending, met het besluit per stuk."""
    found = desk.queries.submission(ontvangstnummer)
    origin = request.client.host if request.client else "-"
    minutes = desk.settings.portal.view_minutes
    desk.store.note_view(found.ontvangstnummer, "inzending", officer=name, role="token", origin=origin, minutes=minutes)
    return found


_SHOW_SUBMISSION: Final[dict[str, Any]] = {
    "operation_id": "toonInzending",
    "summary": "Eén inzending",
    "response_model": Inzending,
    "responses": _errors(404),
}


def _url(desk: Desk, path: str) -> str:
    return f"{desk.settings.portal.public_url}/api/v1{path}"


# ---- the document --------------------------------------------------------------------------------


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
    for model in (Problem, VerzoekIn, ToestemmingIn):
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
