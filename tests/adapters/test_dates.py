"""Every day that counts for a request: from what is stored, the same for the command line, the pages and the API."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.calendar import load_calendar
from config.decision_terms import load_decision_terms
from config.settings import BadConfiguration
from gateway import cli
from gateway.core.decide import decide
from gateway.core.decision_term import Reading as TermReading
from gateway.core.model import Envelope, MessageFacts, Reading
from gateway.dates import Dates, Rules
from gateway.records import ExtensionRow
from tests.support import storage
from tests.support.house import request_json

LETTER = {"verzondenOp": "2026-03-02", "termijn": {"aantal": 4, "eenheid": "weken"}}
DECIDE = {"beslistermijn": {"ontvangenOp": "2026-02-02", "aantal": 90, "eenheid": "dagen"}}


def dates(kept: storage.Storage) -> Dates:
    rules = Rules(load_calendar(), TermReading(), load_decision_terms(), (7, 2, 0), own_terms_move=True)
    return Dates(kept.database, kept.clock, rules)


@pytest.fixture
def march(kept: storage.Storage) -> storage.Storage:
    """A request of 2 March 2026 with four weeks; it is still that day."""
    kept.clock.at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    storage.open_request(kept.requests, **LETTER, **DECIDE)
    return kept


def redirected(kept: storage.Storage) -> str:
    """What the applicant sent to an address that is not designated: its receipt number."""
    wrong = Envelope(storage.APPLICANT, ("info@elders.example",))
    number = kept.store.accept(storage.arrival(9, kept.blobs, received_at=kept.clock.now(), envelope=wrong)).number
    for step in (
        lambda claim: kept.store.save_reading(claim, Reading(MessageFacts(from_address=storage.APPLICANT), ())),
        lambda claim: kept.store.save_inspections(claim, {}, ""),
        lambda claim: kept.store.save_match(claim, (), ()),
        lambda claim: kept.store.save_decision(claim, kept.store.facts(number), decide(kept.store.facts(number)), ()),
    ):
        step(kept.store.claim(number))
    return number


def test_while_everything_may_still_come_the_days_are_provisional(march: storage.Storage) -> None:
    days = dates(march).why(storage.REFERENCE)
    assert days.laatsteDag == days.hersteltermijn.laatsteDag == date(2026, 3, 30)
    assert (days.beslistermijn.laatsteDag, days.beslistermijn.voorlopig) == (date(2026, 6, 1), True)
    assert (days.beslistermijn.dagenStilgestaan, days.beslistermijn.geteld) == (27, date(2026, 5, 30))
    assert days.beslistermijn.wettelijkeGrond == "art. 2u Vw 2000"
    assert (days.buitenBehandeling.laatsteDag, days.buitenBehandeling.voorlopig) == (date(2026, 4, 28), True)
    assert days.buitenBehandeling.waarschuwingen == (date(2026, 4, 21), date(2026, 4, 26), date(2026, 4, 28))


def test_the_last_requested_item_ends_the_suspension(march: storage.Storage) -> None:
    march.clock.at = datetime(2026, 3, 9, 12, tzinfo=UTC)
    storage.decided(march, 1, "1", march.clock.at)
    assert dates(march).why(storage.REFERENCE).beslistermijn.dagenStilgestaan == 27
    march.clock.at = datetime(2026, 3, 23, 12, tzinfo=UTC)
    storage.decided(march, 2, "2", march.clock.at)
    days = dates(march).why(storage.REFERENCE)
    assert (days.beslistermijn.dagenStilgestaan, days.beslistermijn.voorlopig) == (20, False)
    assert (days.beslistermijn.laatsteDag, days.beslistermijn.andereLezing) == (date(2026, 5, 26), date(2026, 5, 26))
    assert (days.buitenBehandeling.sinds, days.buitenBehandeling.laatsteDag) == (date(2026, 3, 23), date(2026, 4, 20))


def test_the_decision_term_follows_more_time_and_the_old_day_is_known(march: storage.Storage) -> None:
    march.requests.extend(storage.REFERENCE, date(2026, 4, 13), "ziek", "m.medewerker")
    days = dates(march).why(storage.REFERENCE)
    (more,) = days.uitstel
    assert (more.van, more.tot, more.medewerker) == (date(2026, 3, 30), date(2026, 4, 13), "m.medewerker")
    assert days.beslistermijn.dagenStilgestaan == 41
    assert days.buitenBehandeling.sinds == date(2026, 4, 13)


def test_more_time_after_the_end_that_nobody_asked_for_in_writing_stops_no_decision_term(
    march: storage.Storage,
) -> None:
    march.clock.at = datetime(2026, 4, 2, 12, tzinfo=UTC)
    march.requests.extend(storage.REFERENCE, date(2026, 4, 16), "gebeld", "m.medewerker")
    assert dates(march).why(storage.REFERENCE).beslistermijn.dagenStilgestaan == 27


def test_more_time_after_the_end_that_was_asked_for_in_writing_stops_the_decision_term_anew(
    march: storage.Storage,
) -> None:
    march.clock.at = datetime(2026, 4, 2, 12, tzinfo=UTC)
    march.requests.extend(storage.REFERENCE, date(2026, 4, 16), "gevraagd", "m.medewerker")
    with march.database.write() as session:
        session.add(
            ExtensionRow(
                request_id=1,
                way="portaal",
                asked_at=march.clock.at,
                asked_by="A. Voorbeeld",
                asked="twee weken",
                state="gegeven",
                until=date(2026, 4, 16),
            )
        )
    found = dates(march).why(storage.REFERENCE).beslistermijn
    assert [(p.oorzaak, p.dagen) for p in found.stilstand] == [("aanvulling", 27), ("instemming", 13)]


def test_a_second_letter_of_the_case_counts_for_its_new_items_only(march: storage.Storage) -> None:
    second = LETTER | DECIDE | {"verzondenOp": "2026-04-13", "kenmerk": "HV-2026-000124"}
    storage.open_request(march.requests, **second)
    assert dates(march).why("HV-2026-000124").beslistermijn.dagenStilgestaan == 27
    asked = [{"nummer": "1", "soort": "geboorteakte", "omschrijving": "Geboorteakte"}]
    storage.open_request(march.requests, **second | {"kenmerk": "HV-2026-000125", "stukken": asked})
    assert dates(march).why(storage.REFERENCE).beslistermijn.dagenStilgestaan == 27 + 27


def test_a_term_that_the_act_does_not_give_to_this_kind_is_named(march: storage.Storage) -> None:
    eight = {"beslistermijn": {"ontvangenOp": "2026-02-02", "aantal": 8, "eenheid": "weken"}}
    storage.open_request(march.requests, **LETTER, **eight, kenmerk="HV-2026-000126", zaaknummer="Z1-2")
    found = dates(march).why("HV-2026-000126").beslistermijn
    assert found.afwijking == (
        "Machtiging tot voorlopig verblijf: volgens art. 2u Vw 2000 90 dagen, in het verzoek staat 8 weken"
    )
    assert found.wettelijkeGrond == ""


def test_in_an_objection_those_concerned_must_be_told_and_nothing_is_left_unhandled(march: storage.Storage) -> None:
    objection = {"procedure": "bezwaar", "kenmerk": "HV-2026-000127", "aanvraagsoort": "bezwaar", "zaaknummer": "Z1-3"}
    nineteen = {"beslistermijn": {"ontvangenOp": "2026-02-02", "aantal": 19, "eenheid": "weken"}}
    storage.open_request(march.requests, **LETTER, **objection, **nineteen)
    days = dates(march).why("HV-2026-000127")
    assert days.buitenBehandeling is None
    assert days.beslistermijn.kennisgevingNodig
    assert days.beslistermijn.wettelijkeGrond == "art. 76 Vw 2000"


def test_without_a_decision_term_there_is_none_to_tell(kept: storage.Storage) -> None:
    storage.open_request(kept.requests)
    assert dates(kept).why(storage.REFERENCE).beslistermijn is None


def test_what_pointing_to_the_right_way_costs_is_shown(march: storage.Storage) -> None:
    march.clock.at = datetime(2026, 3, 29, 13, tzinfo=UTC)
    number = redirected(march)
    march.clock.at = datetime(2026, 4, 1, 8, tzinfo=UTC)
    (lost,) = dates(march).why(storage.REFERENCE).doorverwijzingen
    assert (lost.ontvangstnummer, lost.gereageerdOp) == (number, None)
    assert lost.laatsteDag == date(2026, 4, 2)
    assert "2 dagen en 19 uur" in lost.uitleg.nl[0]


def test_the_command_prints_the_derivation_and_json_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "h.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n')
    request = tmp_path / "verzoek.json"
    request.write_text(json.dumps(request_json(**LETTER, **DECIDE)))
    assert cli.run(["--config", str(config), "request", "import", str(request)]) == 0
    capsys.readouterr()
    assert cli.run(["--config", str(config), "request", "why-date", storage.REFERENCE]) == 0
    told = capsys.readouterr().out
    first, second = told.splitlines()[:2]
    assert first == "Laatste dag voor de stukken: maandag 30 maart 2026"
    assert second.startswith("  De dag van verzending, maandag 2 maart 2026, telt niet mee")
    assert "Laatste dag om te beslissen: maandag 1 juni 2026" in told
    assert "buiten behandeling te laten (art. 4:5 lid 4 Awb): dinsdag 28 april 2026" in told
    assert cli.run(["--config", str(config), "request", "why-date", storage.REFERENCE, "--json"]) == 0
    days = json.loads(capsys.readouterr().out)
    assert days["beslistermijn"]["laatsteDag"] == "2026-06-01"
    assert set(days["hersteltermijn"]["uitleg"]) == {"nl", "en"}


def test_p12_a_file_of_decision_terms_that_cannot_be_used_says_everything_at_once(tmp_path: Path) -> None:
    path = tmp_path / "terms.toml"
    wrong = 'name = "x"\nground = "y"\nprocedure = "z"\nterm = { count = 1, unit = "jaren" }\n'
    path.write_text(f"[[decision_term]]\n{wrong}")
    with pytest.raises(BadConfiguration) as caught:
        load_decision_terms(path)
    assert len(caught.value.problems) == 2
    with pytest.raises(BadConfiguration):
        load_decision_terms(tmp_path / "nobody.toml")
