"""Everything over HTTP in one application: pages for submitters, screens for staff, the API, and /healthz.

Rule 1: each answer carries the security headers, also the ones nobody foresaw.
Rule 2: nothing is kept in this process that another one needs.
"""

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI
from fastapi import Request as HttpRequest
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.core.errors import GatewayError
from gateway.desk import Desk
from portal import api, auditors, log, messages, pages, problems, staff, submitters
from portal.uploads import BadForm

MAX_PLAIN_BYTES: Final = 8 << 20
_UPLOADS: Final = ("/verzoek", "/inzendingen", "/innemen")

# No script or style but our own files, no frames, no other site; a page that is tampered with loads nothing.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: then a browser says `Origin: null` on our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HTTPS_HEADERS: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_FOREVER: Final = "public, max-age=31536000, immutable"


def create_app(desk: Desk) -> FastAPI:
    """The application on a desk; whoever serves it closes the desk."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    for router in (submitters.routes, messages.routes, staff.routes, auditors.routes, log.routes):
        app.include_router(router)
    app.add_api_route("/healthz", _health, methods=["GET"])
    app.mount("/api/v1", api.create_api(desk))
    app.mount("/static", StaticFiles(directory=pages.STATIC))
    problems.for_pages(app)
    https = desk.settings.portal.public_url.startswith("https:")
    app.add_middleware(_Guard, headers=_HEADERS | (_HTTPS_HEADERS if https else {}))
    return app


# ---- health --------------------------------------------------------------------------------------


def _health(request: HttpRequest) -> Response:
    """Whether we can take something in: the database answers and the disk takes bytes.

    Scanner and letters are told, but do not make us unhealthy: without them submissions wait (P4).
    """
    desk = pages.desk_of(request)
    parts = {"database": _works(desk.queries.sums), "opslag": _works(lambda: _try_spool(desk))}
    healthy = all(parts.values())
    body = {name: "goed" if good else "fout" for name, good in parts.items()} | dict(desk.health())
    return JSONResponse({"status": "goed" if healthy else "fout"} | body, 200 if healthy else 503)


def _works(check: Callable[[], object]) -> bool:
    try:
        check()
    except (GatewayError, OSError):
        return False
    return True


def _try_spool(desk: Desk) -> None:
    incoming, large = desk.blobs.incoming(), desk.blobs.spool()
    try:
        for spool in (incoming, large):
            spool.write(b"healthz")
        incoming.journalled()
    finally:
        for spool in (incoming, large):
            spool.drop()


# ---- around every answer -------------------------------------------------------------------------


class _Guard:
    """Security headers on every answer, a limit on plain bodies, and an answer when nobody foresaw the error."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._add_headers(scope["path"], message)
            await send(message)

        limited = receive if scope["path"].endswith(_UPLOADS) else _limited(receive)
        try:
            await self._app(scope, limited, send_guarded)
        except Exception as error:
            if started:
                raise
            api_call = scope["path"].startswith("/api/")
            response = problems.unforeseen(HttpRequest(scope), error, api=api_call)
            await response(scope, receive, send_guarded)

    def _add_headers(self, path: str, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if path.startswith("/static/") and message["status"] == 200:  # noqa: PLR2004
            headers["Cache-Control"] = _FOREVER


def _limited(receive: Receive) -> Receive:
    """Whoever sends a form that holds no files needs little room."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_PLAIN_BYTES:
            raise BadForm("a plain body is too large")
        return message

    return limited
