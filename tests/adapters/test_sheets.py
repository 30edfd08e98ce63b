"""Requests from CSV and Excel: all or nothing, and every fault with its row and column."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import sheets
from gateway.core.errors import Refused
from gateway.sheets import COLUMNS, EXAMPLE, read_sheet


def as_csv(rows, delimiter=";", encoding="utf-8-sig"):
    made = io.StringIO()
    writer = csv.DictWriter(made, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue().encode(encoding)


def as_xlsx(rows, columns=COLUMNS):
    book = openpyxl.Workbook()
    book.active.append(columns)
    for row in rows:
        book.active.append([row.get(name) for name in columns])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def changed(place, **changes):
    rows = [dict(row) for row in EXAMPLE]
    rows[place] |= {name.replace("__", "."): value for name, value in changes.items()}
    return rows


def faults(content, name="verzoeken.csv", most_rows=100):
    with pytest.raises(Refused) as refused:
        read_sheet(name, content, most_rows)
    return {fault.place: fault.problem for fault in refused.value.faults}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", sheets.example_csv()),
        ("a.CSV", as_csv(EXAMPLE, ",")),
        ("a.csv", as_csv(EXAMPLE, "\t", "cp1252")),
        ("a.xlsx", as_xlsx(EXAMPLE)),
    ],
)
def test_csv_and_excel_say_the_same(name, content):
    (request,) = read_sheet(name, content, 100).requests
    assert request.kenmerk == "HV-2026-000123"
    assert request.kanalen == ("email", "portaal")
    assert [(s.nummer, s.origineelVereist) for s in request.stukken] == [("1", False), ("2", True)]
    assert request.betrokkenen[0].stemtInMetEmail


def test_dates_and_numbers_may_be_what_excel_makes_of_them():
    rows = changed(0, verzondenOp=date(2026, 3, 2), termijn__aantal=4, stuk__nummer=1)
    (request,) = read_sheet("a.xlsx", as_xlsx(rows), 100).requests
    assert (request.verzondenOp, request.termijn.aantal) == (date(2026, 3, 2), 4)
    (request,) = read_sheet("a.csv", as_csv(changed(0, verzondenOp="2-3-2026")), 100).requests
    assert request.verzondenOp == date(2026, 3, 2)


def test_several_requests_and_several_people_stand_in_one_sheet():
    rows = [*EXAMPLE, dict(EXAMPLE[0]) | {"kenmerk": "HV-2", "gemachtigde.naam": "mr. B. Voorbeeld"}]
    first, second = read_sheet("a.csv", as_csv(rows), 100).requests
    assert (len(first.stukken), len(second.stukken)) == (2, 1)
    assert [p.rol for p in second.betrokkenen] == ["aanvrager", "gemachtigde"]


def test_every_fault_is_told_at_once_with_row_and_column():
    rows = [
        *changed(1, stuk__nummer="nul", stuk__origineelVereist="misschien", taal="en"),
        dict(EXAMPLE[0])
        | {"kenmerk": "HV-2", "termijn.aantal": "vier", "verzondenOp": "31-2-2026", "aanvrager.email": "geen adres"},
        {"stuk.nummer": "3"},
    ]
    told = faults(as_csv(rows))
    assert set(told) == {
        "rij 3, kolom stuk.nummer",
        "rij 3, kolom stuk.origineelVereist",
        "rij 3, kolom taal",
        "rij 4, kolom termijn.aantal",
        "rij 4, kolom verzondenOp",
        "rij 4, kolom aanvrager.email",
        "rij 5, kolom kenmerk",
    }
    assert told["rij 4, kolom termijn.aantal"] == "moet een heel getal zijn"


def test_what_is_missing_is_told_where_it_should_stand():
    rows = [{"kenmerk": "HV-1", "zaaknummer": "Z1"}]
    told = faults(as_csv(rows))
    for column in ("aanvraagsoort", "termijn", "stuk.nummer", "aanvrager.naam", "kanalen"):
        assert f"rij 2, kolom {column}" in told


@pytest.mark.parametrize(
    ("content", "name", "place"),
    [
        (b"kenmerk;kenmrk\r\nHV-1;x\r\n", "a.csv", "rij 1, kolom 2"),
        (b"zaaknummer\r\nZ1\r\n", "a.csv", "rij 1"),
        (b"", "a.csv", "-"),
        (b"kenmerk\r\n", "a.csv", "rij 2"),
        (b"geen zip", "a.xlsx", "-"),
        (as_xlsx(EXAMPLE)[:-40], "a.xlsx", "-"),
        (b"x", "a.ods", "-"),
        (as_csv(EXAMPLE * 51), "a.csv", "-"),
    ],
)
def test_what_is_no_sheet_of_requests_is_refused_with_a_reason(content, name, place):
    assert place in faults(content, name)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_do_anything_but_refuse(content):
    for name in ("a.csv", "a.xlsx"):
        with pytest.raises(Refused):
            read_sheet(name, content, 10)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, st.text(max_size=12))), max_size=4))
def test_no_cells_make_it_do_anything_but_read_or_refuse(rows):
    try:
        read = read_sheet("a.csv", as_csv(rows), 10)
    except Refused:
        return
    assert read.requests
