"""The contract's JSON: what goes in is checked completely, what comes out says the contract's fields."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from gateway import schema
from gateway.core.errors import Refused

CONTRACT: dict[str, Any] = {
    "kenmerk": "HV-2026-000123",
    "zaaknummer": "Z1-0001234567",
    "aanvraagsoort": "nareis",
    "procedure": "aanvraag",
    "taal": "nl",
    "verzondenOp": "2026-03-02",
    "termijn": {"aantal": 4, "eenheid": "weken"},
    "beslistermijn": {"ontvangenOp": "2026-02-02", "aantal": 90, "eenheid": "dagen"},
    "kanalen": ["email", "portaal"],
    "betrokkenen": [
        {"rol": "aanvrager", "naam": "A. Voorbeeld", "email": "a.voorbeeld@example.org", "stemtInMetEmail": True},
        {
            "rol": "gemachtigde",
            "naam": "mr. B. Voorbeeld",
            "email": "b@kantoor.example",
            "organisatie": "Kantoor",
            "stemtInMetEmail": True,
        },
    ],
    "stukken": [
        {
            "nummer": "1",
            "soort": "paspoort",
            "omschrijving": "Kopie van het paspoort",
            "persoon": "C. Voorbeeld",
            "origineelVereist": False,
            "verklaringToegestaan": True,
        }
    ],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The contract's request with one field changed, or without it for `...`."""
    request = deepcopy(CONTRACT)
    *way, last = path.split(".")
    place: Any = request
    for step in way:
        place = place[int(step) if step.isdecimal() else step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return request


def faults(value: object) -> list[str]:
    with pytest.raises(Refused) as refused:
        schema.read_request_values([value], numbered=False)
    return [fault.place for fault in refused.value.faults]


def test_the_request_of_the_contract_goes_in_and_comes_out() -> None:
    (value,) = schema.read_requests(json.dumps(CONTRACT))
    out = schema.dump(schema.from_core(schema.to_core(value, date(2026, 3, 30), "documenten+7k3m9q2xv@intake.example")))
    assert out["laatsteDag"] == "2026-03-30"
    assert out["status"] == "open"
    assert out["stukken"][0].pop("status") == "open"
    assert out["mailadres"] == "documenten+7k3m9q2xv@intake.example"
    for answered in ("laatsteDag", "status", "mailadres"):
        del out[answered]
    out["betrokkenen"][0].pop("organisatie")
    assert (out.pop("sjabloon"), out.pop("vervolgOp")) == ("", ""), "added after the contract, and may be left out"
    assert out == CONTRACT


@pytest.mark.parametrize("field", sorted(set(CONTRACT) - {"beslistermijn"}))
def test_r28_a_request_that_lacks_a_field_is_not_accepted(field: str) -> None:
    assert faults(changed(field, ...)) == [field]


def test_r28_everything_that_is_missing_is_named_at_once() -> None:
    assert set(faults({})) == set(CONTRACT) - {"beslistermijn"}


@pytest.mark.parametrize("field", ["laatsteDag", "mailadres", "toegangscode", "status", "iets"])
def test_what_is_answered_is_never_sent(field: str) -> None:
    assert faults(changed(field, "x")) == [field]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kenmerk", ""),
        ("kenmerk", "../etc"),
        ("kenmerk", "HV-1\n"),
        ("kenmerk", 12),
        ("procedure", "beroep"),
        ("taal", "Nederlands"),
        ("verzondenOp", "2026-02-30"),
        ("verzondenOp", "2026-03-02T10:00:00"),
        ("verzondenOp", 0),
        ("verzondenOp", "9999-12-31"),
        ("verzondenOp", "0001-01-01"),
        ("termijn.aantal", 0),
        ("termijn.aantal", "4"),
        ("termijn.aantal", True),
        ("termijn.aantal", 4.5),
        ("termijn.aantal", 10**9),
        ("termijn.eenheid", "jaren"),
        ("termijn.eenheid", "uren"),
        ("kanalen", []),
        ("kanalen", "email"),
        ("betrokkenen", []),
        ("betrokkenen.0.rol", "buur"),
        ("betrokkenen.0.naam", "   "),
        ("betrokkenen.0.email", "geen adres"),
        ("betrokkenen.0.email", ""),
        ("betrokkenen.0.stemtInMetEmail", "ja"),
        ("betrokkenen.0.stemtInMetEmail", 1),
        ("stukken", []),
        ("stukken", None),
        ("stukken.0.nummer", "0"),
        ("stukken.0.nummer", "100"),
        ("stukken.0.nummer", "a"),
        ("stukken.0.soort", "x\x00"),
        ("stukken.0.omschrijving", ""),
        ("stukken.0.omschrijving", " \t "),
        ("beslistermijn.ontvangenOp", ...),
    ],
)
def test_a_bad_value_is_refused_at_its_place_in_dutch(path: str, value: Any) -> None:
    with pytest.raises(Refused) as refused:
        schema.read_request_values([changed(path, value)], numbered=False)
    places = [fault.place for fault in refused.value.faults]
    assert all(place == path or place.startswith(path + ".") for place in places), places
    for fault in refused.value.faults:
        assert not any(english in fault.problem for english in ("should", "Input", "valid", "must")), fault.problem


@pytest.mark.parametrize("value", [None, 1, "x", []])
def test_what_is_no_object_is_refused(value: object) -> None:
    assert faults(value) == ["-"]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ufeff{}", '{"a": NaN}', '"\\ud800"', "[]", "9" * 5000])
def test_what_is_no_request_is_refused_whatever_it_is(text: str) -> None:
    with pytest.raises(Refused):
        schema.read_requests(text)


def test_the_same_number_twice_and_consent_without_address_contradict() -> None:
    twice = changed("stukken", CONTRACT["stukken"] * 2)
    assert faults(twice) == ["stukken.1.nummer"]
    assert faults(changed("betrokkenen.0.email", "")) == ["betrokkenen.0.email"]


def test_in_a_list_every_fault_says_of_which_request() -> None:
    with pytest.raises(Refused) as refused:
        schema.read_requests(json.dumps([CONTRACT, changed("taal", "x"), changed("kenmerk", "")]))
    assert [fault.place for fault in refused.value.faults] == ["1.taal", "2.kenmerk"]


def test_an_instant_is_written_as_the_contract_does() -> None:
    at = datetime(2026, 3, 30, 23, 59, 58, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert schema.instant(at) == "2026-03-30T21:59:58.123456Z"
    assert schema.instant(datetime(2026, 3, 30, tzinfo=UTC)) == "2026-03-30T00:00:00.000000Z"


def test_the_submission_has_the_fields_of_the_contract_and_four_more() -> None:
    fields = (*schema.Inzending.model_fields, *schema.InzendingStuk.model_fields)
    assert " ".join(fields) == (
        "ontvangstnummer kanaal ontvangenOp tijdzone afzender geadresseerde verzoek verzoeken status besluit redenen"
        " opTijd stukken logIndex gewistOp naam bytes sha256 mediatype besluit reden nummer verzoek"
        " zonderWachtwoord"
    )
