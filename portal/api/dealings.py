"""What was said by telephone, and more time: given, asked for, answered."""

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi import Path as PathParameter
from fastapi import Request as HttpRequest
from pydantic import AwareDatetime, BaseModel, Field

from gateway.core.errors import WrongState
from gateway.core.model import Answer
from gateway.dealings import Question, Way
from gateway.schema import Day, In, Verzoek, Word, instant
from portal.api.common import ReadsRequests, Reference, WritesRequests, errors, fields, viewed
from portal.auth import TheDesk
from portal.problems import ApiProblem

routes = APIRouter(tags=["verzoeken"])

_FIELDS: Final = {"until": "tot", "reason": "reden", "person": "persoon", "agreed": "afspraak", "at": "gesprokenOp"}


Text = Annotated[str, Field(min_length=1, max_length=2000)]


# ---- by telephone --------------------------------------------------------------------------------


class GesprekIn(In):
    """Een gesprek met iemand, meestal per telefoon."""

    gesprokenOp: AwareDatetime | None = Field(None, description="Wanneer; zonder dit veld: nu.")
    persoon: Word
    afspraak: Text = Field(description="Wat is afgesproken; de betrokkenen lezen dit in de bevestiging.")


class Gesprek(BaseModel):
    """Met wie is gesproken, en wat is afgesproken."""

    gesprokenOp: str
    persoon: str
    afspraak: str
    medewerker: str


@routes.get(
    "/verzoeken/{kenmerk}/gesprekken",
    operation_id="lijstGesprekken",
    summary="Gesprekken over een verzoek",
    response_model=list[Gesprek],
    responses=errors(404),
)
def list_contacts(request: HttpRequest, kenmerk: Reference, desk: TheDesk, name: ReadsRequests) -> tuple[Gesprek, ...]:
    """Met wie over een verzoek is gesproken, en wat is afgesproken; het oudste eerst."""
    found = desk.dealings.contacts(kenmerk)
    viewed(request, desk, kenmerk, "gesprekken", name)
    return tuple(
        Gesprek(gesprokenOp=instant(c.spoken_at), persoon=c.person, afspraak=c.agreed, medewerker=c.officer)
        for c in found
    )


@routes.post(
    "/verzoeken/{kenmerk}/gesprekken",
    operation_id="legGesprekVast",
    summary="Leg een gesprek vast",
    status_code=201,
    responses=errors(400, 404),
)
def note_contact(kenmerk: Reference, said: GesprekIn, desk: TheDesk, name: WritesRequests) -> Gesprek:
    """Leg vast wat met wie is afgesproken, als `request contact`. De betrokkenen krijgen een bevestiging."""
    spoken_at = said.gesprokenOp or desk.clock.now()
    with fields(**_FIELDS):
        desk.dealings.contact(kenmerk, spoken_at, said.persoon, said.afspraak, name)
    return Gesprek(gesprokenOp=instant(spoken_at), persoon=said.persoon, afspraak=said.afspraak, medewerker=name)


# ---- more time -----------------------------------------------------------------------------------


class UitstelIn(In):
    """Meer tijd waar niemand om vroeg."""

    tot: Day = Field(description="De nieuwe laatste dag.")
    reden: Text = Field(description="Waarom; de betrokkenen lezen dit.")


class UitstelvraagIn(In):
    """Iemand vraagt per telefoon om meer tijd."""

    persoon: Word
    reden: Text


class Uitstelantwoord(In):
    """Het antwoord op een vraag om meer tijd; `tot` null: er komt geen uitstel."""

    tot: Day | None
    reden: Text = Field(description="Waarom; de betrokkenen lezen dit.")


class Uitstelvraag(BaseModel):
    """Een vraag om meer tijd; `was` en `tot`: de laatste dag voor en na het gegeven uitstel."""

    nummer: int
    kenmerk: str
    weg: Way
    gevraagdOp: str
    gevraagdDoor: str
    reden: str
    stand: Answer
    was: date | None
    tot: date | None
    beantwoordOp: str | None
    medewerker: str
    antwoord: str


@routes.post(
    "/verzoeken/{kenmerk}/uitstel",
    operation_id="geefUitstel",
    summary="Geef uitstel",
    responses=errors(400, 404),
)
def extend(kenmerk: Reference, given: UitstelIn, desk: TheDesk, name: WritesRequests) -> Verzoek:
    """Geef meer tijd waar niemand om vroeg, als `request extend`. De betrokkenen krijgen bericht."""
    with fields(**_FIELDS):
        desk.dealings.extend(kenmerk, given.tot, given.reden, name)
    return desk.queries.request(kenmerk)


@routes.get(
    "/uitstelvragen",
    operation_id="lijstWachtendeUitstelvragen",
    summary="Vragen om uitstel die op een besluit wachten",
    response_model=list[Uitstelvraag],
    responses=errors(),
)
def list_waiting(desk: TheDesk, _name: ReadsRequests) -> tuple[Uitstelvraag, ...]:
    """Vragen om uitstel die op een besluit wachten, de oudste eerst."""
    return tuple(map(_view, desk.dealings.waiting()))


@routes.get(
    "/verzoeken/{kenmerk}/uitstelvragen",
    operation_id="lijstUitstelvragen",
    summary="Vragen om uitstel bij een verzoek",
    response_model=list[Uitstelvraag],
    responses=errors(404),
)
def list_questions(kenmerk: Reference, desk: TheDesk, _name: ReadsRequests) -> tuple[Uitstelvraag, ...]:
    """Alle vragen om uitstel bij een verzoek, met het antwoord."""
    return tuple(map(_view, desk.dealings.questions(kenmerk)))


@routes.post(
    "/verzoeken/{kenmerk}/uitstelvragen",
    operation_id="legUitstelvraagVast",
    summary="Leg een vraag om uitstel vast",
    status_code=201,
    responses=errors(400, 404),
)
def ask(kenmerk: Reference, asked: UitstelvraagIn, desk: TheDesk, name: WritesRequests) -> Uitstelvraag:
    """Leg vast dat iemand per telefoon om meer tijd vraagt. Wacht er al een vraag, dan is dit dezelfde."""
    with fields(**_FIELDS):
        number = desk.dealings.ask(kenmerk, Way.PHONE, asked.reden, asked.persoon, name)
    return _found(list_questions(kenmerk, desk, name), number)


@routes.post(
    "/verzoeken/{kenmerk}/uitstelvragen/{nummer}/antwoord",
    operation_id="beantwoordUitstelvraag",
    summary="Beantwoord een vraag om uitstel",
    responses=errors(400, 404, 409),
)
def answer(
    kenmerk: Reference,
    nummer: Annotated[int, PathParameter(description="Nummer van de vraag.")],
    given: Uitstelantwoord,
    desk: TheDesk,
    name: WritesRequests,
) -> Uitstelvraag:
    """Geef uitstel tot en met een dag, of geen uitstel: `tot` is dan null. De betrokkenen krijgen bericht."""
    _found(list_questions(kenmerk, desk, name), nummer)
    try:
        with fields(**_FIELDS):
            if given.tot is None:
                desk.dealings.refuse(nummer, given.reden, name)
            else:
                desk.dealings.grant(nummer, given.tot, given.reden, name)
    except WrongState as error:
        raise ApiProblem(409, "Deze vraag is al beantwoord.") from error
    return _found(list_questions(kenmerk, desk, name), nummer)


def _found(questions: tuple[Uitstelvraag, ...], number: int) -> Uitstelvraag:
    """The question of that number. Raises ApiProblem when it is not one of them."""
    found = next((question for question in questions if question.nummer == number), None)
    if found is None:
        raise ApiProblem(404)
    return found


def _view(question: Question) -> Uitstelvraag:
    return Uitstelvraag(
        nummer=question.id,
        kenmerk=question.reference,
        weg=question.way,
        gevraagdOp=instant(question.asked_at),
        gevraagdDoor=question.asked_by,
        reden=question.asked,
        stand=question.state,
        was=question.was,
        tot=question.until,
        beantwoordOp=instant(question.answered_at) if question.answered_at else None,
        medewerker=question.officer,
        antwoord=question.answer,
    )
