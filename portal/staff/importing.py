"""Many requests at once, from a sheet; all or nothing."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, UploadFile
from fastapi import Request as HttpRequest
from fastapi.responses import Response

from gateway import sheets
from gateway.core.errors import Fault, Refused
from gateway.people import PortalSession
from portal import pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import page

routes = APIRouter(prefix="/medewerker")


@routes.get("/verzoeken/inlezen")
def import_page(request: HttpRequest, session: Caseworker) -> Response:
    """The form, and what a sheet looks like."""
    return _page(request, session)


def _page(request: HttpRequest, session: PortalSession, faults: Sequence[Fault] = ()) -> Response:
    limits = pages.desk_of(request).settings.requests
    status = 400 if faults else 200
    return page(
        request, session, "staff_import.html", status, columns=sheets.COLUMNS, limits=limits, faults=faults, made=()
    )


@routes.get("/verzoeken/inlezen/voorbeeld.csv")
def example(_session: Caseworker) -> Response:
    """A sheet to start from."""
    headers = {"Content-Disposition": 'attachment; filename="verzoeken.csv"'}
    return Response(sheets.example_csv(), media_type="text/csv; charset=utf-8", headers=headers)


@routes.post("/verzoeken/inlezen")
def import_sheet(
    request: HttpRequest, session: CaseworkerPost, desk: TheDesk, sheet: UploadFile | None = None
) -> Response:
    """Open all requests of the sheet, or none and say everything that is wrong with it."""
    limits = desk.settings.requests
    content = sheet.file.read((limits.import_mb << 20) + 1) if sheet else b""
    try:
        if len(content) > limits.import_mb << 20:
            return _page(request, session, [Fault("-", f"Dit bestand is groter dan {limits.import_mb} MB.")])
        read = sheets.read_sheet((sheet and sheet.filename) or "", content, limits.import_rows)
        made = read.opened(partial(desk.correspondence.register, officer=session.subject))
    except Refused as error:
        return _page(request, session, error.faults)
    return page(request, session, "staff_import.html", 201, columns=sheets.COLUMNS, limits=limits, faults=(), made=made)
