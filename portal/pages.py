"""Pages: the templates, the reader's language, and how days, moments, sizes and reasons are written.

Rule 1: everything is escaped; a page holds no script or style of its own, so that the strict CSP can stand.
Rule 2: pages are never stored by a browser or proxy; only /static is.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request as HttpRequest
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.core import terms
from gateway.core.answers import is_kept_text
from gateway.core.kinds import Taken
from gateway.core.words import Reason
from gateway.desk import Desk
from gateway.reasons import ReasonText, reason_text
from gateway.schema import InzendingStuk
from portal import outages, words

STATIC: Final = Path(__file__).with_name("static")
LANGUAGE_COOKIE: Final = "taal"
_A_YEAR: Final = 365 * 24 * 3600
_MIB: Final = 1 << 20
_KIB: Final = 1 << 10


def desk_of(request: HttpRequest) -> Desk:
    """What this application was made with."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


def language_of(request: HttpRequest) -> str:
    """The reader's language: chosen now, chosen before, or what the browser asks for; Dutch otherwise."""
    chosen = request.query_params.get("taal") or request.cookies.get(LANGUAGE_COOKIE)
    if chosen in words.LANGUAGES:
        return str(chosen)
    wanted = (part.strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((code for code in wanted if code in words.LANGUAGES), "nl")


def render(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """A page in the reader's language, with the outages that last or are planned."""
    language = language_of(request)
    return _respond(request, template, status, language, {"announced": outages.announced(request, language)} | context)


def render_staff(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401
    """A page for staff; these are in Dutch only."""
    return _respond(request, template, status, "nl", context)


def _respond(request: HttpRequest, template: str, status: int, language: str, context: dict[str, Any]) -> HTMLResponse:
    settings = desk_of(request).settings
    portal, taken = settings.portal, settings.files.taken
    html = _ENVIRONMENT.get_template(template).render(
        {
            "t": lambda key, **values: words.say(key, language, **values),
            "lang": language,
            "direction": words.say("direction", language),
            "languages": words.LANGUAGES,
            "switch": lambda code: f"{request.url.path}?{urlencode({'taal': code})}",
            "organisation": portal.organisation,
            "phone": portal.help_phone,
            "day": partial(_day, language=language),
            "moment": partial(moment, language=language),
            "size": partial(size, language=language),
            "reason": partial(_reason, language=language, taken=taken),
            "kinds": taken.listed(language),
            "session": None,
            "announced": (),
            "errors": [],
            **context,
        }
    )
    response = HTMLResponse(html, status)
    if request.query_params.get("taal") in words.LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_A_YEAR, httponly=True, samesite="lax")
    return response


# ---- how things are written ----------------------------------------------------------------------


def moment(at: datetime | str, language: str) -> str:
    """An instant as people in the Netherlands read it, to the second."""
    local = _instant(at).astimezone(terms.AMSTERDAM)
    clock = f"{local:%H.%M.%S} uur" if language == "nl" else f"{local:%H:%M:%S} Dutch time"
    return f"{terms.day_in_words(local.date(), language)}, {clock}"


def short_moment(at: datetime | str) -> str:
    """An instant for tables of staff: local, to the second."""
    return f"{_instant(at).astimezone(terms.AMSTERDAM):%d-%m-%Y %H:%M:%S}"


def _short_day(day: str | date) -> str:
    return f"{date.fromisoformat(day) if isinstance(day, str) else day:%d-%m-%Y}"


def _instant(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def size(count: int, language: str) -> str:
    """Bytes as people read them; never rounded down to nothing."""
    if count < _KIB:
        return f"{count} bytes"
    unit, value = ("MB", count / _MIB) if count >= _MIB else ("kB", count / _KIB)
    text = f"{value:.1f}" if unit == "MB" else f"{value:.0f}"
    return f"{text.replace('.', ',') if language == 'nl' else text} {unit}"


def _day(value: Any, language: str) -> str:  # noqa: ANN401  # a date, as templates pass it
    return terms.day_in_words(value, language)


def _reason(
    code: str, files: Iterable[InzendingStuk] = (), *, done: bool = False, language: str, taken: Taken
) -> ReasonText:
    """The words of a reason; `files`: those of the submission, some of which it is said of."""
    said_of = [file.mediatype for file in files if file.reden == code]
    return reason_text(Reason(code), language, taken, said_of, done=done)


def _utc(at: datetime | str) -> str:
    return f"{_instant(at).astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def _short_hash(sha256: str) -> str:
    return f"{sha256[:8]} {sha256[8:16]} …"


@cache
def _static(name: str) -> str:
    """The address of a file of ours, different whenever its content is."""
    path = STATIC / name
    if not path.is_file():  # fetched fonts may be missing; the page then shows system fonts
        return ""
    return f"/static/{name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "utc": _utc,
        "short_hash": _short_hash,
        "short_moment": short_moment,
        "short_day": _short_day,
    }
    environment.globals |= {"static": _static, "is_kept_text": is_kept_text}
    return environment


_ENVIRONMENT: Final = _environment()
