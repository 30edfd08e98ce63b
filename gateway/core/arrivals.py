"""What an event of arrival says: its moment, its addresses, and the line that it is in a register."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.core.words import EventName

ARRIVALS: Final = (EventName.RECEIVED_FROM_MAIL, EventName.SUBMISSION_ACCEPTED, EventName.SUBMISSION_REJECTED)


def moment_of(event: Mapping[str, Any]) -> str:
    """The moment of receipt, or of the attempt, as an arrival says it; empty when it was erased."""
    return str(event.get("ontvangenOp") or event.get("pogingOp") or event.get("tijd") or "")


def addresses_of(event: Mapping[str, Any]) -> list[str]:
    """Every address that an arrival names: who sent it and where it went, with and without the part after a plus."""
    envelope = event.get("envelop") or {}
    named = [*envelope.get("recipients", ()), event.get("geadresseerde"), envelope.get("mail_from")]
    whole = [str(address).casefold() for address in named if address]
    return sorted({*whole, *map(_base, whole)})


def _base(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def line_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """The line of a register for an event of arrival: what came, when, how, how much; no name of a file, no text."""
    envelope = event.get("envelop") or {}
    return {
        "logIndex": event.get("logIndex"),
        "gebeurtenis": event.get("gebeurtenis"),
        "moment": moment_of(event),
        "vastgelegdOp": event.get("tijd"),
        "kanaal": event.get("kanaal"),
        "ontvangstnummer": event.get("ontvangstnummer"),
        "afzender": envelope.get("mail_from") or None,
        "geadresseerden": list(
            envelope.get("recipients") or ([event["geadresseerde"]] if event.get("geadresseerde") else [])
        ),
        "reden": event.get("reden"),
        "bytes": sum(f["bytes"] for f in event["bestanden"]) if "bestanden" in event else event.get("bytes"),
        "bestanden": [f["sha256"] for f in event.get("bestanden", ())],
    }
