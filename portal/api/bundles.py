"""The bundle of a request, and the case system's word that it has it."""

import base64

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from gateway.desk import Desk
from portal import downloads
from portal.api.common import ConfirmsBundles, ReadsSubmissions, Reference, errors, file
from portal.auth import TheDesk

routes = APIRouter(tags=["verzoeken"])


@routes.get(
    "/verzoeken/{kenmerk}/bundel",
    operation_id="toonBundel",
    summary="De bundel van een verzoek",
    response_class=FileResponse,
    responses=errors(404) | file("application/zip", "De bundel."),
)
def show_bundle(kenmerk: Reference, desk: TheDesk, name: ReadsSubmissions) -> Response:
    """De bundel van een verzoek: BagIt-zip met originelen, samengevoegde PDF en ontvangstbewijzen."""
    return bundle_response(desk, kenmerk, name)


def bundle_response(desk: Desk, reference: str, officer: str) -> Response:
    """The bundle as a download; that it was taken out is in the ledger. Raises NotFound."""
    desk.queries.request(reference)
    made, sha256 = downloads.made(f"bundel-{reference}.zip", lambda path: desk.bundle(reference, path, officer))
    made.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"  # RFC 9530
    return made


class BundelBevestiging(BaseModel):
    """De bundel zoals het zaaksysteem die heeft."""

    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$", description="SHA-256 van de ontvangen zip, hexadecimaal.")


class Overdracht(BaseModel):
    """Wat nu is overgedragen."""

    sha256: str
    inzendingen: tuple[str, ...] = Field(description="Van deze inzendingen begint de bewaartermijn nu te lopen.")
    opnieuwBesloten: tuple[str, ...] = Field(
        description="Hierover is na deze bundel opnieuw besloten; haal een nieuwe bundel op."
    )


@routes.post(
    "/verzoeken/{kenmerk}/bundel/bevestiging",
    operation_id="bevestigBundel",
    summary="Bevestig de overdracht van een bundel",
    responses=errors(400, 404),
)
def confirm_bundle(kenmerk: Reference, given: BundelBevestiging, desk: TheDesk, name: ConfirmsBundles) -> Overdracht:
    """Bevestig dat het zaaksysteem de bundel heeft. Na de bewaartermijn wordt de inhoud hier gewist."""
    confirmed = desk.handover.confirm(kenmerk, given.sha256, name)
    return Overdracht(sha256=confirmed.sha256, inzendingen=confirmed.covered, opnieuwBesloten=confirmed.changed)
