"""Requests from a sheet, CSV or Excel: one row for each item, the rows of one `kenmerk` are one request.

Rule 1: all or nothing, and a refusal names every fault with its row and column, as the reader counts them.
Rule 2: what a sheet says is said by the contract's fields; what they mean is decided in `gateway.schema`.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import PurePath
from typing import Any, Final

from gateway.core.errors import Fault, Refused
from gateway.core.words import Role
from gateway.schema import Opmerking, VerzoekIn, VerzoekNieuw, read_request_values

KINDS: Final = (".csv", ".xlsx")
_REQUEST: Final = (
    "kenmerk", "zaaknummer", "aanvraagsoort", "procedure", "taal", "verzondenOp", "termijn.aantal", "termijn.eenheid",
    "beslistermijn.ontvangenOp", "beslistermijn.aantal", "beslistermijn.eenheid", "kanalen", "sjabloon", "vervolgOp",
)  # fmt: skip
_PARTY: Final = ("naam", "email", "organisatie", "stemtInMetEmail")
_ITEM: Final = ("nummer", "soort", "omschrijving", "persoon", "origineelVereist", "verklaringToegestaan")
COLUMNS: Final = (
    *_REQUEST,
    *(f"{role}.{name}" for role in Role for name in _PARTY),
    *(f"stuk.{name}" for name in _ITEM),
)
EXAMPLE: Final = (
    {
        "kenmerk": "HV-2026-000123", "zaaknummer": "Z1-0001234567", "aanvraagsoort": "nareis", "procedure": "aanvraag",
        "taal": "nl", "verzondenOp": "2026-03-02", "termijn.aantal": "4", "termijn.eenheid": "weken",
        "kanalen": "email, portaal", "aanvrager.naam": "A. Voorbeeld", "aanvrager.email": "a.voorbeeld@example.org",
        "aanvrager.stemtInMetEmail": "ja", "stuk.nummer": "1", "stuk.soort": "paspoort",
        "stuk.omschrijving": "Kopie van het paspoort", "stuk.persoon": "C. Voorbeeld",
    },
    {
        "kenmerk": "HV-2026-000123", "stuk.nummer": "2", "stuk.soort": "huwelijksakte",
        "stuk.omschrijving": "Huwelijksakte, met vertaling", "stuk.origineelVereist": "ja",
        "stuk.verklaringToegestaan": "ja",
    },
)  # fmt: skip
_MOST_EXPANSION: Final = 50
_DUTCH_DAY: Final = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})")
_YES_NO: Final = {"ja": True, "true": True, "x": True, "1": True, "nee": False, "false": False, "0": False, "": False}


@dataclass
class _Group:
    """The rows of one request: `rows` by their number in the sheet, of each item its row, of each party its role."""

    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    item_rows: list[int] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """A sheet that was read: its requests, and where each thing of them stands."""

    requests: tuple[VerzoekIn, ...]
    _groups: tuple[_Group, ...]

    def opened(self, register: Callable[[Sequence[VerzoekIn]], tuple[VerzoekNieuw, ...]]) -> tuple[VerzoekNieuw, ...]:
        """What `register` makes of the requests; its refusals and remarks name row and column, as the reader's do."""
        with _placed(self._groups):
            made = register(self.requests)
        return tuple(
            new.model_copy(update={"opmerkingen": tuple(_remark(said, group) for said in new.opmerkingen)})
            for new, group in zip(made, self._groups, strict=True)
        )


def read_sheet(name: str, content: bytes, most_rows: int) -> Sheet:
    """The requests in a sheet. Raises Refused with every fault; `place` is `rij 3, kolom stuk.soort`."""
    kind = PurePath(name).suffix.lower()
    if kind not in KINDS:
        raise Refused.because("-", f"{name}: geen sheet; stuur {' of '.join(KINDS)}")
    cells = list(islice(_csv(content) if kind == ".csv" else _xlsx(content), most_rows + 2))
    if len(cells) > most_rows + 1:
        raise Refused.because("-", f"te veel rijen; hoogstens {most_rows} mag")
    rows = [(number, row) for number, row in enumerate(cells, 1) if any(_text(cell) for cell in row)]
    if not rows:
        raise Refused.because("-", "de sheet is leeg")
    (_, head), *body = rows
    columns = [_text(cell) for cell in head]
    if faults := list(_column_faults(columns)):
        raise Refused(tuple(faults))
    return _requests([(number, dict(zip(columns, row, strict=False))) for number, row in body])


def example_csv() -> bytes:
    """A sheet to start from, as Dutch Excel opens it."""
    made = io.StringIO()
    writer = csv.DictWriter(made, COLUMNS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(EXAMPLE)
    return made.getvalue().encode("utf-8-sig")


# ---- cells ---------------------------------------------------------------------------------------


def _csv(content: bytes) -> Iterator[Sequence[Any]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")  # what Excel writes where it does not write UTF-8
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise Refused.because("-", f"geen leesbare CSV: {error}") from error


def _xlsx(content: bytes) -> Iterator[Sequence[Any]]:
    import openpyxl  # noqa: PLC0415  # takes a fifth of a second to load, and few need it

    unreadable = Refused.because("-", "geen leesbaar Excel-bestand")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise unreadable from error
    if unpacked > _MOST_EXPANSION * len(content):
        raise Refused.because("-", "dit Excel-bestand pakt te groot uit")
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        yield from book.worksheets[0].iter_rows(values_only=True)
    except Exception as error:  # the library lets through whatever a broken file makes it do
        raise unreadable from error


def _text(cell: Any) -> str:  # noqa: ANN401  # whatever a cell holds
    """A cell as people read it: a number that is a name has no fraction, a date is a day."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "ja" if cell else "nee"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return str(cell).strip()


def _day(text: str) -> str:
    found = _DUTCH_DAY.fullmatch(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])).isoformat() if found else text
    except ValueError:
        return text


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _yes_no(text: str) -> bool | str:
    return _YES_NO.get(text.lower(), text)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,;\s]+", text) if word]


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "verzondenOp": _day,
    "beslistermijn.ontvangenOp": _day,
    "termijn.aantal": _number,
    "beslistermijn.aantal": _number,
    "kanalen": _words,
    "stuk.origineelVereist": _yes_no,
    "stuk.verklaringToegestaan": _yes_no,
    **{f"{role}.stemtInMetEmail": _yes_no for role in Role},
}


def _column_faults(columns: Sequence[str]) -> Iterator[Fault]:
    for place, name in enumerate(columns, 1):
        if name and name not in COLUMNS:
            yield Fault(f"rij 1, kolom {place}", f"onbekende kolom {name}; kies uit {', '.join(COLUMNS)}")
        elif name and name in columns[: place - 1]:
            yield Fault(f"rij 1, kolom {place}", f"{name} komt twee keer voor")
    if "kenmerk" not in columns:
        yield Fault("rij 1", "de kolom kenmerk ontbreekt; zij zegt welke rijen bij elkaar horen")


# ---- requests ------------------------------------------------------------------------------------


def _requests(rows: Iterable[tuple[int, dict[str, Any]]]) -> Sheet:
    groups: dict[str, _Group] = {}
    faults: list[Fault] = []
    for number, row in rows:
        texts = {name: text for name, cell in row.items() if name and (text := _text(cell))}
        if "kenmerk" not in texts:
            faults.append(Fault(f"rij {number}, kolom kenmerk", "ontbreekt; dit veld is verplicht"))
            continue
        groups.setdefault(texts["kenmerk"], _Group()).rows.append((number, texts))
    values = [_value(group, faults) for group in groups.values()]
    try:
        with _placed(tuple(groups.values())):
            read = read_request_values(values)
    except Refused as error:
        raise Refused((*faults, *error.faults)) from error
    if faults:
        raise Refused(tuple(faults))
    return Sheet(read, tuple(groups.values()))


def _value(group: _Group, faults: list[Fault]) -> dict[str, Any]:
    """The contract's request of some rows; what contradicts between them is added to the faults."""
    said: dict[str, str] = {}
    for number, texts in group.rows:
        for name, text in texts.items():
            if not name.startswith("stuk.") and said.setdefault(name, text) != text:
                faults.append(Fault(f"rij {number}, kolom {name}", f"hier staat {text}, eerder {said[name]}"))
    value: dict[str, Any] = {}
    for name in _REQUEST:
        if name in said:
            _put(value, name, _READ.get(name, str)(said[name]))
    value["betrokkenen"] = [person for role in Role if (person := _person(role, said, group))]
    value["stukken"] = [item for number, texts in group.rows if (item := _item(number, texts, group))]
    return value


def _put(value: dict[str, Any], name: str, what: object) -> None:
    outer, _, inner = name.partition(".")
    if inner:
        value.setdefault(outer, {})[inner] = what
    else:
        value[outer] = what


def _person(role: Role, said: dict[str, str], group: _Group) -> dict[str, Any]:
    found = _part(role, _PARTY, said)
    if not found:
        return {}
    group.roles.append(role)
    return {"rol": role.value} | found


def _item(number: int, texts: dict[str, str], group: _Group) -> dict[str, Any]:
    found = _part("stuk", _ITEM, texts)
    if found:
        group.item_rows.append(number)
    return found


def _part(prefix: str, names: Iterable[str], texts: dict[str, str]) -> dict[str, Any]:
    columns = {name: f"{prefix}.{name}" for name in names}
    return {name: _READ.get(column, str)(texts[column]) for name, column in columns.items() if column in texts}


@contextmanager
def _placed(groups: Sequence[_Group]) -> Iterator[None]:
    """Within it, a refusal of the requests of these rows names row and column."""
    try:
        yield
    except Refused as error:
        raise Refused(tuple(_in_the_sheet(fault, groups) for fault in error.faults)) from error


def _in_the_sheet(fault: Fault, groups: Sequence[_Group]) -> Fault:
    """The same fault, where the reader of the sheet finds it."""
    if not groups:
        return Fault("rij 2", "geen verzoek gevonden")
    position, _, path = fault.place.partition(".")
    if position.isdecimal():
        return Fault(_place(path, groups[int(position)]), fault.problem)
    return Fault(_place(fault.place, groups[0]), fault.problem)  # of one request the faults are not numbered


def _remark(said: Opmerking, group: _Group) -> Opmerking:
    return said.model_copy(update={"plaats": _place(said.plaats, group)})


def _place(of: str, group: _Group) -> str:
    """Where the reader of the sheet finds a field of the contract."""
    path = of.split(".")
    row, column = group.rows[0][0], ".".join(path)
    match path:
        case ["stukken", place, *rest]:
            row, column = group.item_rows[int(place)], ".".join(["stuk", *rest])
        case ["betrokkenen", place, *rest]:
            column = ".".join([group.roles[int(place)], *rest])
        case ["stukken"]:
            column = "stuk.nummer"
        case ["betrokkenen"]:
            column = f"{Role.APPLICANT}.naam"
    return f"rij {row}, kolom {column}"
