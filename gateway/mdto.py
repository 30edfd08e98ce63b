"""MDTO metadata of a bundle (Metagegevens voor Duurzaam Toegankelijke Overheidsinformatie, Nationaal Archief, 1.0.2).

A dossier for the request, a record (archiefstuk) for each document, message and receipt, and the files that represent
them. What the body's archivist decides is an argument.

Rule 1: nothing is said that we do not know: no PRONOM code, no retention term of the case.
Rule 2: the same bundle gives the same bytes.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

NAMESPACE: Final = "https://www.nationaalarchief.nl/mdto"
SOURCE: Final = "Herstelpost"
LONGEST_NAME: Final = 80
_APPRAISALS: Final = {"B": "Blijvend te bewaren", "V": "Tijdelijk te bewaren", "N": "Nader te bepalen"}

Node = tuple[str, "str | Sequence[Node]"]


@dataclass(frozen=True)
class Archive:
    """What the archivist decides. `appraisal`: B, V or N. `category` is one of the `selection_list`; empty: not yet."""

    creator: str
    creator_id: str = ""
    appraisal: str = "N"
    selection_list: str = ""
    category: str = ""
    restriction: str = "Nader te bepalen"


@dataclass(frozen=True)
class Represented:
    """A file in the bundle that represents a record; `path` is its place in the bag."""

    path: str
    bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True)
class Record:
    """Something that came in or that we made. `received_at`: RFC 3339; empty for what we made."""

    id: str
    name: str
    description: str
    files: tuple[Represented, ...]
    received_at: str = ""
    outcome: str = ""


def describe(
    request: Mapping[str, Any], records: Sequence[Record], made_at: datetime, archive: Archive
) -> Iterator[tuple[str, bytes]]:
    """Each metadata file as (name, XML): the dossier, then each record and its files. `request`: contract JSON."""
    dossier = (request["kenmerk"], f"Verzoek om documenten {request['kenmerk']}")
    exported = made_at.isoformat()
    yield "dossier.mdto.xml", _xml(_dossier(request, dossier, records, exported, archive))
    for number, record in enumerate(records, 1):
        yield f"{number:04}.stuk.mdto.xml", _xml(_record(record, dossier, exported, archive))
        for place, file in enumerate(record.files, 1):
            yield f"{number:04}-{place}.bestand.mdto.xml", _xml(_file(file, record, exported))


# ---- the three kinds -----------------------------------------------------------------------------


def _dossier(
    request: Mapping[str, Any], own: tuple[str, str], records: Sequence[Record], exported: str, archive: Archive
) -> Node:
    case = [("identificatieKenmerk", request["zaaknummer"]), ("identificatieBron", "Zaaksysteem")]
    people = [
        ("betrokkene", [_concept("betrokkeneTypeRelatie", p["rol"], "Rollen Herstelpost"), _actor(p["naam"])])
        for p in request["betrokkenen"]
    ]
    inside: list[Node] = [
        _identified(own[0]),
        ("identificatie", case),
        ("naam", _short(own[1])),
        _concept("aggregatieniveau", "Dossier", "Begrippenlijst Aggregatieniveaus MDTO"),
        ("omschrijving", f"Herstel verzuim (art. 4:5 Awb), {request['aanvraagsoort']}"),
        _event("Export", exported),
        *_appraised(archive),
        *(_reference("bevatOnderdeel", record.id, record.name) for record in records),
        _creator(archive),
        *people,
        _restricted(archive),
    ]
    return "informatieobject", inside


def _record(record: Record, dossier: tuple[str, str], exported: str, archive: Archive) -> Node:
    received = [_event("Ontvangst", record.received_at, record.outcome)] if record.received_at else []
    inside: list[Node] = [
        _identified(record.id),
        ("naam", _short(record.name)),
        _concept("aggregatieniveau", "Archiefstuk", "Begrippenlijst Aggregatieniveaus MDTO"),
        *([("omschrijving", record.description)] if record.description else []),
        *received,
        _event("Export", exported),
        *_appraised(archive),
        _reference("isOnderdeelVan", *dossier),
        *(_reference("heeftRepresentatie", _file_id(record, file), _base(file)) for file in record.files),
        _creator(archive),
        _restricted(archive),
    ]
    return "informatieobject", inside


def _file(file: Represented, record: Record, exported: str) -> Node:
    checksum: list[Node] = [
        _concept("checksumAlgoritme", "SHA-256", "Begrippenlijst ChecksumAlgoritme MDTO"),
        ("checksumWaarde", file.sha256),
        ("checksumDatum", exported),
    ]
    inside: list[Node] = [
        _identified(_file_id(record, file)),
        ("naam", _short(_base(file))),
        ("omvang", str(file.bytes)),
        _concept("bestandsformaat", file.media_type or "application/octet-stream", "IANA Media Types"),
        ("checksum", checksum),
        _reference("isRepresentatieVan", record.id, record.name),
    ]
    return "bestand", inside


# ---- groups of data ------------------------------------------------------------------------------


def _identified(own: str, name: str = "identificatie") -> Node:
    return name, [("identificatieKenmerk", own), ("identificatieBron", SOURCE)]


def _reference(name: str, own: str, called: str) -> Node:
    return name, [("verwijzingNaam", _short(called)), _identified(own, "verwijzingIdentificatie")]


def _concept(name: str, label: str, listed: str, code: str = "") -> Node:
    coded: list[Node] = [("begripCode", code)] if code else []
    return name, [("begripLabel", label), *coded, ("begripBegrippenlijst", [("verwijzingNaam", listed)])]


def _event(kind: str, at: str, result: str = "") -> Node:
    more: list[Node] = [("eventResultaat", result)] if result else []
    return "event", [_concept("eventType", kind, "Begrippenlijst EventTypeLijst MDTO"), ("eventTijd", at), *more]


def _appraised(archive: Archive) -> list[Node]:
    code = archive.appraisal
    appraised = [_concept("waardering", _APPRAISALS[code], "Begrippenlijst Waarderingen MDTO", code)]
    if archive.category and archive.selection_list:
        appraised.append(_concept("informatiecategorie", archive.category, archive.selection_list))
    return appraised


def _creator(archive: Archive) -> Node:
    known: list[Node] = [("verwijzingNaam", archive.creator)]
    if archive.creator_id:
        registered = [
            ("identificatieKenmerk", archive.creator_id),
            ("identificatieBron", "Register van Overheidsorganisaties"),
        ]
        known.append(("verwijzingIdentificatie", registered))
    return "archiefvormer", known


def _actor(name: str) -> Node:
    return "betrokkeneActor", [("verwijzingNaam", name)]


def _restricted(archive: Archive) -> Node:
    listed = "Begrippenlijst BeperkingGebruikType MDTO"
    return "beperkingGebruik", [_concept("beperkingGebruikType", archive.restriction, listed)]


def _file_id(record: Record, file: Represented) -> str:
    return f"{record.id}/{_base(file)}"


def _base(file: Represented) -> str:
    return file.path.rpartition("/")[2]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


# ---- XML -----------------------------------------------------------------------------------------


def _xml(node: Node) -> bytes:
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<MDTO xmlns="{NAMESPACE}">',
        *_lines(node, "  "),
        "</MDTO>",
        "",
    ]
    return "\n".join(lines).encode()


def _lines(node: Node, margin: str) -> Iterator[str]:
    name, content = node
    if isinstance(content, str):
        yield f"{margin}<{name}>{_text(content)}</{name}>"
        return
    yield f"{margin}<{name}>"
    for inside in content:
        yield from _lines(inside, margin + "  ")
    yield f"{margin}</{name}>"


def _text(content: str) -> str:
    """Without what XML 1.0 cannot hold: a name that a sender chose may have it."""
    return html.escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in content), quote=False)
