"""The contract's JSON, in one place: what goes in and out of the command line and the HTTP API.

Rule 1: field names and words are the contract's; the core knows nothing of them.
Rule 2: an input is refused with everything that is wrong with it, at once, in the reader's language.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.core.errors import Fault, Refused
from gateway.core.model import Item, Party, Request, Term
from gateway.core.notices import MessageKind, Sending, Way, Why
from gateway.core.words import (
    Channel,
    DocumentOutcome,
    ItemStatus,
    Outcome,
    Procedure,
    Reason,
    RequestStatus,
    Role,
    Status,
    Unit,
)

# Something to read: one character that is neither blank nor control, among others that are no control.
_READABLE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=_READABLE)]
Line = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Mail = Annotated[str, Field(max_length=254, pattern=r"^([^@\s<>\x00-\x1f]+@[^@\s<>\x00-\x1f]+)?$")]
# Terms are counted from it: outside our time the calendar ends.
Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
Reference = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]*$")]


class In(BaseModel):
    """Something that is sent to us: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Termijn(In):
    aantal: int = Field(gt=0, le=1000)
    eenheid: Unit


class Beslistermijn(In):
    ontvangenOp: Day
    aantal: int = Field(gt=0, le=1000)
    eenheid: Unit


class Betrokkene(In):
    rol: Role
    naam: Word
    email: Mail = ""
    organisatie: Line = ""
    stemtInMetEmail: bool = False


class StukIn(In):
    nummer: str = Field(pattern=r"^[1-9]\d?[a-z]?$")
    soort: Word
    omschrijving: Word
    persoon: Line = ""
    origineelVereist: bool = False
    verklaringToegestaan: bool = False


class VerzoekIn(In):
    """A request as the body sends it."""

    kenmerk: Reference
    zaaknummer: Reference
    aanvraagsoort: Word
    procedure: Procedure
    taal: str = Field(pattern=r"^[a-z]{2}$")
    verzondenOp: Day
    termijn: Termijn
    beslistermijn: Beslistermijn | None = None
    kanalen: tuple[Literal["email", "portaal"], ...] = Field(min_length=1)
    betrokkenen: tuple[Betrokkene, ...] = Field(min_length=1)
    stukken: tuple[StukIn, ...] = Field(min_length=1)
    sjabloon: Line = ""
    vervolgOp: Reference | Literal[""] = ""


class Stuk(StukIn):
    status: ItemStatus


class Verzoek(VerzoekIn):
    """A request as we answer it."""

    stukken: tuple[Stuk, ...]
    laatsteDag: date
    mailadres: str
    status: RequestStatus


class Opmerking(BaseModel):
    """Something to think about, which stopped nothing; `plaats` as in a refusal."""

    plaats: str
    tekst: str


class VerzoekNieuw(Verzoek):
    """A request as the import answers it: with the access code, this once."""

    toegangscode: str
    opmerkingen: tuple[Opmerking, ...] = Field((), exclude_if=lambda found: not found)


class InzendingStuk(BaseModel):
    naam: str
    bytes: int
    sha256: str
    mediatype: str
    besluit: DocumentOutcome | None
    reden: Reason | None
    nummer: str | None
    verzoek: str | None = Field(None, description="Bij welk verzoek dit stuk hoort; null zolang niemand dat koos.")
    zonderWachtwoord: str | None = Field(
        None,
        exclude_if=lambda copy: copy is None,
        description="SHA-256 van de kopie die met het wachtwoord is gemaakt; ontbreekt als die er niet is.",
    )


class Inzending(BaseModel):
    """A submission as we answer it.

    `verzoeken` are all requests it is for, by name; `verzoek` is the only one, null when there are several: then each
    document says in its own `verzoek` for which it is, or null while a person has to choose. `opTijd` is null when it
    is in time for one and late for another.
    """

    ontvangstnummer: str
    kanaal: Channel
    ontvangenOp: str
    tijdzone: str
    afzender: str
    geadresseerde: str
    verzoek: str | None = Field(description="Het verzoek; null als er geen is, of meer dan één: zie `verzoeken`.")
    verzoeken: tuple[str, ...] = Field((), description="Alle verzoeken waarvoor deze inzending is, op naam.")
    status: Status
    besluit: Outcome | None
    redenen: tuple[Reason, ...]
    opTijd: bool | None
    stukken: tuple[InzendingStuk, ...]
    logIndex: int
    gewistOp: str | None = Field(
        None, exclude_if=lambda at: at is None, description="Wanneer de inhoud is gewist; ontbreekt tot dan."
    )


class Verzending(BaseModel):
    """One way in which one person was told of a message, and what became of it."""

    rol: Role
    naam: str
    weg: Way
    waarom: Why
    poging: int
    status: Sending
    moment: str


class Bericht(BaseModel):
    """A message of ours in the portal."""

    nummer: int
    soort: MessageKind
    titel: str
    geplaatstOp: str
    verzendingen: tuple[Verzending, ...]


class Toestemming(BaseModel):
    """What one person said last about e-mail for one kind of message (Awb 2:8); `sinds` null: with the request."""

    betrokkene: int
    naam: str
    soort: MessageKind
    toestemming: bool
    bron: str
    sinds: str | None
    kennisgevingen: bool


class ToestemmingIn(In):
    """Consent or its withdrawal; no `soorten` means all."""

    betrokkene: int
    soorten: tuple[MessageKind, ...] = ()
    toestemming: bool
    bron: Word


def instant(at: datetime) -> str:
    """An instant as the contract writes it: UTC, microseconds, upper-case T and Z (RFC 9557)."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def dump(value: BaseModel) -> dict[str, Any]:
    """The JSON object of a schema value."""
    return value.model_dump(mode="json")


# ---- in ------------------------------------------------------------------------------------------


def read_requests(text: str) -> tuple[VerzoekIn, ...]:
    """The requests in a JSON text: one object or a list.

    Raises Refused with every fault of every request; `place` is the path of the field.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused.because("-", f"geen geldige JSON / not valid JSON: {error}") from error
    return read_request_values(values if isinstance(values, list) else [values], numbered=isinstance(values, list))


def read_request_values(values: Sequence[object], *, numbered: bool = True) -> tuple[VerzoekIn, ...]:
    """The requests in parsed JSON; the same refusal."""
    faults: list[Fault] = []
    requests: list[VerzoekIn] = []
    for number, value in enumerate(values):
        prefix = f"{number}." if numbered else ""
        try:
            requests.append(VerzoekIn.model_validate_json(json.dumps(value), strict=True))
        except ValidationError as error:
            faults += [Fault(prefix + place, problem) for place, problem in explain(error.errors())]
        else:
            faults += [Fault(prefix + f.place, f.problem) for f in _contradictions(requests[-1])]
    if not values:
        faults.append(Fault("-", "geen verzoek gevonden; stuur één verzoek of een lijst"))
    if faults:
        raise Refused(tuple(faults))
    return tuple(requests)


def explain(errors: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Each of pydantic's errors as (field, what is wrong and what to do), in Dutch."""
    # A list is not too short because something in it is wrong; pydantic counts only what is right.
    within = {e["loc"][:-2] for e in errors} | {e["loc"][:-1] for e in errors}
    return [
        (".".join(map(str, e["loc"])) or "-", _PROBLEMS.get(e["type"], _other)(e.get("ctx", {}), e["msg"]))
        for e in errors
        if e["type"] != "too_short" or e["loc"] not in within
    ]


_MOMENT = "moet een tijdstip zijn met tijdzone, bijvoorbeeld 2026-03-30T00:00:00Z"
_ANSWERED = "onbekend veld; laat het weg (laatsteDag, mailadres, toegangscode en status bepaalt Herstelpost)"

_PROBLEMS: dict[str, Callable[[dict[str, Any], str], str]] = {
    "missing": lambda _c, _m: "ontbreekt; dit veld is verplicht",
    "extra_forbidden": lambda _c, _m: _ANSWERED,
    "enum": lambda c, _m: f"onbekend woord; kies uit {c['expected'].replace(' or ', ' of ')}",
    "literal_error": lambda c, _m: f"onbekend woord; kies uit {c['expected'].replace(' or ', ' of ')}",
    "too_short": lambda c, _m: f"minstens {c['min_length']} nodig",
    "string_too_short": lambda _c, _m: "mag niet leeg zijn",
    "string_too_long": lambda c, _m: f"te lang; hoogstens {c['max_length']} tekens",
    "string_pattern_mismatch": lambda _c, _m: "heeft niet de juiste vorm of bevat verboden tekens",
    "string_type": lambda _c, _m: "moet tekst zijn",
    "int_type": lambda _c, _m: "moet een heel getal zijn",
    "int_parsing": lambda _c, _m: "moet een heel getal zijn",
    "int_from_float": lambda _c, _m: "moet een heel getal zijn",
    "greater_than": lambda c, _m: f"moet groter zijn dan {c['gt']}",
    "greater_than_equal": lambda c, _m: f"moet {c['ge']} of later zijn",
    "less_than": lambda c, _m: f"moet voor {c['lt']} zijn",
    "less_than_equal": lambda c, _m: f"mag hoogstens {c['le']} zijn",
    "bool_type": lambda _c, _m: "moet true of false zijn",
    "bool_parsing": lambda _c, _m: "moet true of false zijn",
    "date_type": lambda _c, _m: "moet een datum zijn, bijvoorbeeld 2026-03-02",
    "date_parsing": lambda _c, _m: "moet een bestaande datum zijn, bijvoorbeeld 2026-03-02",
    "date_from_datetime_parsing": lambda _c, _m: "moet een bestaande datum zijn, bijvoorbeeld 2026-03-02",
    "date_from_datetime_inexact": lambda _c, _m: "moet een datum zijn zonder tijd",
    "datetime_type": lambda _c, _m: _MOMENT,
    "datetime_parsing": lambda _c, _m: _MOMENT,
    "datetime_from_date_parsing": lambda _c, _m: _MOMENT,
    "timezone_aware": lambda _c, _m: "moet een tijdzone hebben, bijvoorbeeld 2026-03-30T00:00:00Z",
    "json_invalid": lambda _c, _m: "geen geldige JSON / not valid JSON",
    "tuple_type": lambda _c, _m: "moet een lijst zijn",
    "model_type": lambda _c, _m: "moet een object zijn",
    "model_attributes_type": lambda _c, _m: "moet een object zijn",
}


def _other(_context: dict[str, Any], message: str) -> str:
    return message


def _contradictions(request: VerzoekIn) -> list[Fault]:
    """What is wrong between fields that are each fine."""
    faults = []
    numbers = [stuk.nummer for stuk in request.stukken]
    for position, number in enumerate(numbers):
        if number in numbers[:position]:
            faults.append(Fault(f"stukken.{position}.nummer", f"nummer {number} komt twee keer voor"))
    if request.termijn.eenheid is Unit.HOURS:
        faults.append(Fault("termijn.eenheid", "een hersteltermijn in uren kan niet; gebruik dagen, weken of maanden"))
    for position, person in enumerate(request.betrokkenen):
        if person.stemtInMetEmail and not person.email:
            faults.append(Fault(f"betrokkenen.{position}.email", "ontbreekt, maar stemtInMetEmail is true"))
    return faults


def to_core(value: VerzoekIn, last_day: date, mail_address: str) -> Request:
    """The core's request for a valid input."""
    decision = value.beslistermijn
    return Request(
        reference=value.kenmerk,
        case_number=value.zaaknummer,
        application_kind=value.aanvraagsoort,
        procedure=value.procedure,
        language=value.taal,
        sent_day=value.verzondenOp,
        term=Term(value.termijn.aantal, value.termijn.eenheid),
        channels=value.kanalen,
        parties=tuple(Party(p.rol, p.naam, p.email, p.organisatie, p.stemtInMetEmail) for p in value.betrokkenen),
        items=tuple(
            Item(s.nummer, s.soort, s.omschrijving, s.persoon, s.origineelVereist, s.verklaringToegestaan)
            for s in value.stukken
        ),
        last_day=last_day,
        mail_address=mail_address,
        decision_received_day=decision.ontvangenOp if decision else None,
        decision_term=Term(decision.aantal, decision.eenheid) if decision else None,
        template=value.sjabloon,
        follows=value.vervolgOp,
    )


# ---- out -----------------------------------------------------------------------------------------


def from_core(request: Request) -> Verzoek:
    """The contract's request for one of the core."""
    decision = None
    if request.decision_received_day and request.decision_term:
        decision = Beslistermijn(
            ontvangenOp=request.decision_received_day,
            aantal=request.decision_term.count,
            eenheid=request.decision_term.unit,
        )
    return Verzoek(
        kenmerk=request.reference,
        zaaknummer=request.case_number,
        aanvraagsoort=request.application_kind,
        procedure=request.procedure,
        taal=request.language,
        verzondenOp=request.sent_day,
        termijn=Termijn(aantal=request.term.count, eenheid=request.term.unit),
        beslistermijn=decision,
        kanalen=request.channels,  # type: ignore[arg-type]  # checked again by the model
        betrokkenen=tuple(
            Betrokkene(rol=p.role, naam=p.name, email=p.email, organisatie=p.organisation, stemtInMetEmail=p.consents)
            for p in request.parties
        ),
        stukken=tuple(
            Stuk(
                nummer=i.number,
                soort=i.kind,
                omschrijving=i.description,
                persoon=i.person,
                origineelVereist=i.original_required,
                verklaringToegestaan=i.statement_allowed,
                status=i.status,
            )
            for i in request.items
        ),
        sjabloon=request.template,
        vervolgOp=request.follows,
        laatsteDag=request.last_day,
        mailadres=request.mail_address,
        status=request.status,
    )


# ---- terms ---------------------------------------------------------------------------------------


class Uitleg(BaseModel):
    """How a day was found, sentence by sentence."""

    nl: tuple[str, ...]
    en: tuple[str, ...]


class Dag(BaseModel):
    """A last day. `geteld`: before it was moved off free days. `onbekendeJaren`: whose decree days are not known."""

    laatsteDag: date
    geteld: date
    onbekendeJaren: tuple[int, ...]
    uitleg: Uitleg


class Uitstel(BaseModel):
    """More time that was given; the old last day stays known."""

    gegevenOp: date
    van: date
    tot: date
    medewerker: str
    schriftelijkGevraagd: bool


class Stilstand(BaseModel):
    """The decision term stood still from `van` up to `tot`, which counts again."""

    oorzaak: str
    van: date
    tot: date
    dagen: int


class BeslistermijnUitleg(Dag):
    """Until when we may decide. `andereLezing`: with the other reading of a term that lapsed unused.

    `voorlopig`: something may still come in, and then this day changes. `afwijking`: what the Act gives to this kind
    of case, when that is another term.
    """

    andereLezing: date
    voorlopig: bool
    dagenStilgestaan: int
    stilstand: tuple[Stilstand, ...]
    kennisgevingNodig: bool
    wettelijkeGrond: str
    afwijking: str


class BuitenBehandeling(Dag):
    """Until when a decision not to handle the application can be made known (Awb 4:5 lid 4)."""

    sinds: date
    voorlopig: bool
    waarschuwingen: tuple[date, ...]


class Doorverwijzing(BaseModel):
    """What our pointing to the right way costs (Awb 2:23): the last day that it makes at least."""

    ontvangstnummer: str
    ontvangenOp: str
    gereageerdOp: str | None
    laatsteDag: date
    uitleg: Uitleg


class Storing(BaseModel):
    """A time in which a channel could not be reached; `tot` null: it still lasts."""

    nummer: int
    kanaal: Channel
    van: str
    tot: str | None
    gepland: bool


class StoringVoorstel(BaseModel):
    """What outages give back to a request; a person decides. `laatsteDag` null: one of them still lasts."""

    storingen: tuple[int, ...]
    laatsteDag: date | None
    uitleg: Uitleg


class Termijnen(BaseModel):
    """Every day that counts for a request, and why it is that day."""

    kenmerk: str
    laatsteDag: date
    hersteltermijn: Dag
    uitstel: tuple[Uitstel, ...]
    beslistermijn: BeslistermijnUitleg | None
    buitenBehandeling: BuitenBehandeling | None
    doorverwijzingen: tuple[Doorverwijzing, ...]
    storing: StoringVoorstel | None
