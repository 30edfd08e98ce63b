"""A request is registered: from a template, for all family members at once, or as a later round of an earlier one.

One page: what will be asked, the last day, and one button. What was typed is never lost on the way.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from string import ascii_lowercase, digits
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi import Request as HttpRequest
from fastapi.responses import Response
from starlette.datastructures import FormData

from gateway.core import templates, terms
from gateway.core.errors import Fault, NotFound, Refused
from gateway.core.model import Item, Term
from gateway.core.templates import Check, Library, LookUp, Template
from gateway.core.words import Unit
from gateway.desk import Desk
from gateway.people import PortalSession
from gateway.schema import Verzoek, VerzoekIn, read_request_values
from portal import pages
from portal.auth import Caseworker, CaseworkerPost, TheDesk
from portal.staff.common import page

routes = APIRouter(prefix="/medewerker")

LANGUAGES: Final = {
    "nl": "Nederlands",
    "en": "Engels",
    "ar": "Arabisch",
    "de": "Duits",
    "fr": "Frans",
    "uk": "Oekraïens",
    "ti": "Tigrinya",
    "tr": "Turks",
}
_LONGEST_KIND: Final = 200
_LONGEST_TERM: Final = 1000
_MANY: Final = ("stuk", "getoond", "bouwsteen")


async def _fields(request: HttpRequest) -> FormData:
    return await request.form()


Fields = Annotated[FormData, Depends(_fields)]


# ---- what is asked -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One document on the page. `blocked` is never asked; `look_up` says why not, or why not lightly."""

    key: str
    item: Item
    chosen: bool
    look_up: LookUp | None

    @property
    def blocked(self) -> bool:
        return self.look_up is not None and self.look_up.check is Check.BLOCK


@dataclass(frozen=True)
class Typed:
    """What stands in the form: one value for each name, and the lists."""

    values: dict[str, str]
    chosen: frozenset[str]
    shown: frozenset[str]
    blocks: tuple[str, ...]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "").strip()

    @property
    def persons(self) -> tuple[str, ...]:
        """The family members: one a line."""
        return tuple(dict.fromkeys(line.strip() for line in self["personen"].splitlines() if line.strip()))

    @property
    def extra(self) -> tuple[str, ...]:
        """What is asked besides: one a line."""
        return tuple(line.strip() for line in self["extra"].splitlines() if line.strip())


def _typed(form: FormData) -> Typed:
    def several(name: str) -> list[str]:
        return [value for value in form.getlist(name) if isinstance(value, str)]

    values = {name: value for name, value in form.items() if isinstance(value, str) and name not in _MANY}
    return Typed(values, frozenset(several("stuk")), frozenset(several("getoond")), tuple(several("bouwsteen")))


def _items(desk: Desk, template: Template | None, earlier: Verzoek | None, typed: Typed) -> tuple[Item, ...]:
    """Everything that could be asked, before anybody took something off."""
    if earlier is not None:
        again = desk.requests.missing(earlier.kenmerk)
    else:
        assert template is not None, "a first request has a template"
        blocks = [b for b in desk.templates.blocks_for(template.name) if b.name in typed.blocks]
        again = templates.compose(template, blocks, typed.persons)
    numbered = max((int(item.number.rstrip(ascii_lowercase)) for item in again), default=0)
    more = (Item(str(n), text[:_LONGEST_KIND], text) for n, text in enumerate(typed.extra, numbered + 1))
    return (*again, *more)


def _lines(items: Sequence[Item], typed: Typed, library: Library) -> list[Line]:
    return [_line(item, typed, library) for item in items]


def _line(item: Item, typed: Typed, library: Library) -> Line:
    key = _key(item)
    # Family members may have been added since the page was shown: they are asked what all were asked.
    before = key if key in typed.shown else item.kind
    if described := typed[f"omschrijving-{before}"]:
        item = replace(item, description=described)
    found = library.look_up(item.kind, item.description)
    blocked = found is not None and found.check is Check.BLOCK
    return Line(key, item, not blocked and (before in typed.chosen or before not in typed.shown), found)


def _key(item: Item) -> str:
    """What the page calls it: a number may mean another document when a nationality is added."""
    return f"{item.kind}{item.number.lstrip(digits)}"


# ---- the page ------------------------------------------------------------------------------------


@routes.get("/verzoeken/nieuw")
def choose(request: HttpRequest, session: Caseworker, desk: TheDesk, sjabloon: str = "") -> Response:
    """The templates; or, with one, the page to register a request."""
    if not sjabloon:
        return page(request, session, "staff_templates.html", templates=desk.templates.templates)
    return _form_page(request, session, Typed({}, frozenset(), frozenset(), ()), _template(desk, sjabloon), None)


@routes.get("/verzoeken/{kenmerk}/vervolg")
def choose_again(request: HttpRequest, kenmerk: str, session: Caseworker, desk: TheDesk) -> Response:
    """The page to ask again for what is still missing."""
    earlier = desk.queries.request(kenmerk)
    return _form_page(request, session, Typed({}, frozenset(), frozenset(), ()), None, earlier)


@routes.post("/verzoeken/nieuw")
def register(
    request: HttpRequest, session: CaseworkerPost, desk: TheDesk, form: Fields, sjabloon: str = ""
) -> Response:
    """Show what will be asked, or register the request."""
    return _posted(request, session, _typed(form), _template(desk, sjabloon), None)


@routes.post("/verzoeken/{kenmerk}/vervolg")
def register_again(
    request: HttpRequest, kenmerk: str, session: CaseworkerPost, desk: TheDesk, form: Fields
) -> Response:
    """Register the later round."""
    return _posted(request, session, _typed(form), None, desk.queries.request(kenmerk))


def _template(desk: Desk, name: str) -> Template:
    found = desk.templates.template(name)
    if found is None:
        raise NotFound.because("sjabloon", "there is no such template")
    return found


def _posted(
    request: HttpRequest, session: PortalSession, typed: Typed, template: Template | None, earlier: Verzoek | None
) -> Response:
    if typed["stap"] != "registreren":
        return _form_page(request, session, typed, template, earlier)
    desk = pages.desk_of(request)
    try:
        value = _value(desk, typed, template, earlier)
        (made,) = desk.correspondence.register([value], session.subject)
    except Refused as error:
        return _form_page(request, session, typed, template, earlier, list(_in_words(error)))
    return page(request, session, "staff_registered.html", 201, made=made)


def _form_page(
    request: HttpRequest,
    session: PortalSession,
    typed: Typed,
    template: Template | None,
    earlier: Verzoek | None,
    problems: Sequence[tuple[str, str]] = (),
) -> Response:
    desk = pages.desk_of(request)
    try:
        lines = _lines(_items(desk, template, earlier, typed), typed, desk.templates)
    except ValueError:
        lines, problems = [], [*problems, ("personen", f"Vul hoogstens {templates.MOST_PERSONS} personen in.")]
    term = _term(typed, template, earlier)
    end = desk.requests.end_of(_today(desk), term) if term else None
    return page(
        request,
        session,
        "staff_register.html",
        400 if problems else 200,
        typed=typed,
        of=template,
        earlier=earlier,
        blocks=desk.templates.blocks_for(template.name) if template else (),
        lines=lines,
        term=term,
        units=[unit.value for unit in Unit if unit is not Unit.HOURS],
        end=end,
        derivation=terms.derivation(end, "nl") if end else (),
        languages_of_people=LANGUAGES,
        reference=typed["kenmerk"] or desk.requests.free_reference(desk.settings.requests.reference_prefix),
        problems=problems,
    )


def _today(desk: Desk) -> date:
    return terms.local_day(desk.clock.now())


def _term(typed: Typed, template: Template | None, earlier: Verzoek | None) -> Term | None:
    """The term as typed, or the usual one; None when what was typed is no term."""
    usual = template.term if template else Term(earlier.termijn.aantal, earlier.termijn.eenheid) if earlier else None
    count, unit = typed["aantal"], typed["eenheid"]
    if not count and not unit:
        return usual
    if count.isdecimal() and 0 < int(count) <= _LONGEST_TERM and unit in set(Unit) - {Unit.HOURS}:
        return Term(int(count), Unit(unit))
    return None


# ---- the request ---------------------------------------------------------------------------------


def _value(desk: Desk, typed: Typed, template: Template | None, earlier: Verzoek | None) -> VerzoekIn:
    """The request as typed. Raises Refused with every fault."""
    try:
        lines = _lines(_items(desk, template, earlier, typed), typed, desk.templates)
    except ValueError as error:
        raise Refused.because("personen", str(error)) from error
    faults = [Fault("extra", _why_not(line)) for line in lines if line.blocked and line.item.description in typed.extra]
    asked = [line.item for line in lines if line.chosen]
    known = _of_earlier(earlier) if earlier else _of_template(desk, typed, template)
    count = typed["aantal"]
    value: dict[str, Any] = {
        "kenmerk": typed["kenmerk"],
        "taal": typed["taal"] or "nl",
        "verzondenOp": _today(desk).isoformat(),
        "termijn": {"aantal": int(count) if count.isdecimal() else count, "eenheid": typed["eenheid"]},
        "kanalen": ["email", "portaal"],
        "stukken": [_item_json(item) for item in asked],
    }
    try:
        (read,) = read_request_values([value | known], numbered=False)
    except Refused as error:
        raise Refused((*error.faults, *faults)) from error
    if faults:
        raise Refused(tuple(faults))
    return read


def _why_not(line: Line) -> str:
    assert line.look_up is not None, "only what a rule names is blocked"
    return line.look_up.about(line.item.description)


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "nummer": item.number,
        "soort": item.kind,
        "omschrijving": item.description,
        "persoon": item.person,
        "origineelVereist": item.original_required,
        "verklaringToegestaan": item.statement_allowed,
    }


def _of_template(desk: Desk, typed: Typed, template: Template | None) -> dict[str, Any]:
    assert template is not None, "a first request has a template"
    known: dict[str, Any] = {
        "zaaknummer": typed["zaaknummer"],
        "aanvraagsoort": template.application_kind,
        "procedure": template.procedure.value,
        "betrokkenen": list(_parties(typed)),
        "sjabloon": templates.pin(
            template, [b for b in desk.templates.blocks_for(template.name) if b.name in typed.blocks]
        ),
    }
    if typed["ontvangen"] and template.decision_term:
        term = template.decision_term
        known["beslistermijn"] = {"ontvangenOp": typed["ontvangen"], "aantal": term.count, "eenheid": term.unit.value}
    return known


def _parties(typed: Typed) -> Iterator[dict[str, Any]]:
    for role in ("aanvrager", "gemachtigde"):
        person = {
            "rol": role,
            "naam": typed[f"{role}-naam"],
            "email": typed[f"{role}-email"],
            "organisatie": typed[f"{role}-organisatie"],
            "stemtInMetEmail": bool(typed[f"{role}-stemtIn"]),
        }
        if role == "aanvrager" or any((person["naam"], person["email"], person["organisatie"])):
            yield person


def _of_earlier(earlier: Verzoek) -> dict[str, Any]:
    known: dict[str, Any] = earlier.model_dump(
        mode="json", include={"zaaknummer", "aanvraagsoort", "procedure", "betrokkenen", "beslistermijn", "sjabloon"}
    )
    return known | {"vervolgOp": earlier.kenmerk}


# ---- faults --------------------------------------------------------------------------------------

_CONTROL: Final = {
    "kenmerk": ("kenmerk", "Kenmerk"),
    "zaaknummer": ("zaaknummer", "Zaaknummer"),
    "termijn.aantal": ("aantal", "Termijn"),
    "termijn.eenheid": ("eenheid", "Termijn"),
    "beslistermijn.ontvangenOp": ("ontvangen", "Aanvraag ontvangen op"),
    "betrokkenen.0.naam": ("aanvrager-naam", "Naam van de aanvrager"),
    "betrokkenen.0.email": ("aanvrager-email", "E-mailadres van de aanvrager"),
    "betrokkenen.1.naam": ("gemachtigde-naam", "Naam van de gemachtigde"),
    "betrokkenen.1.email": ("gemachtigde-email", "E-mailadres van de gemachtigde"),
    "betrokkenen.1.organisatie": ("gemachtigde-organisatie", "Kantoor van de gemachtigde"),
    "stukken": ("stukken", "Stukken"),
    "personen": ("personen", "Gezinsleden"),
    "extra": ("extra", "Iets anders vragen"),
}


def _in_words(error: Refused) -> Iterator[tuple[str, str]]:
    for fault in error.faults:
        place = "stukken" if fault.place.startswith("stukken") else fault.place
        control, label = _CONTROL.get(place, ("inhoud", fault.place))
        yield control, f"{label}: {fault.problem}"
