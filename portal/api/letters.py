"""Our own messages about a request, and who agreed to hear of them by e-mail."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter
from fastapi.responses import Response

from gateway.core.words import Role
from gateway.schema import Bericht, Toestemming, ToestemmingIn, Verzending, instant
from portal.api.common import ReadsRequests, Reference, WritesRequests, errors, file
from portal.auth import TheDesk

routes = APIRouter(tags=["verzoeken"])


@routes.get(
    "/verzoeken/{kenmerk}/berichten",
    operation_id="lijstBerichten",
    summary="Onze berichten bij een verzoek",
    response_model=list[Bericht],
    responses=errors(404),
)
def list_messages(kenmerk: Reference, desk: TheDesk, _name: ReadsRequests) -> tuple[Bericht, ...]:
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


@routes.get(
    "/verzoeken/{kenmerk}/berichten/{nummer}",
    operation_id="toonBericht",
    summary="Eén bericht",
    response_class=Response,
    responses=errors(404) | file("application/pdf", "Het bericht."),
)
def show_message(
    kenmerk: Reference,
    nummer: Annotated[int, PathParameter(description="Nummer van het bericht.")],
    desk: TheDesk,
    name: ReadsRequests,
) -> Response:
    """Eén bericht als PDF, zoals het in het portaal staat: zonder toegangscode."""
    return Response(desk.correspondence.pdf(kenmerk, nummer, name), media_type="application/pdf")


@routes.get(
    "/verzoeken/{kenmerk}/toestemmingen",
    operation_id="lijstToestemmingen",
    summary="Toestemming voor e-mail",
    response_model=list[Toestemming],
    responses=errors(404),
)
def list_consents(kenmerk: Reference, desk: TheDesk, _name: ReadsRequests) -> tuple[Toestemming, ...]:
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
        for c in desk.consents.of(kenmerk)
    )


@routes.post(
    "/verzoeken/{kenmerk}/toestemmingen",
    operation_id="legToestemmingVast",
    summary="Leg toestemming of intrekking vast",
    response_model=list[Toestemming],
    responses=errors(400, 404),
)
def note_consent(
    kenmerk: Reference, said: ToestemmingIn, desk: TheDesk, name: WritesRequests
) -> tuple[Toestemming, ...]:
    """Leg vast dat iemand met e-mail instemt, of dat intrekt. Het geldt meteen."""
    desk.consents.note(kenmerk, said.betrokkene, said.soorten, said.bron, name, given=said.toestemming)
    return list_consents(kenmerk, desk, name)
