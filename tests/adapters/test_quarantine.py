"""Stored files are scanned again; what turns out infected counts no more; only two people let anything out."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import Any, Final

import pytest

from gateway import app, cli
from gateway.core.closing import Obstacle
from gateway.core.errors import Refused
from gateway.core.facts import MESSAGE, Act, ActKind
from gateway.core.words import EventName
from gateway.people import StaffRole
from gateway.rescan import Rescan, Rules
from gateway.schema import dump
from gateway.unlocking import By
from scanners import clam
from tests.adapters.test_pages import hidden
from tests.support import dossier, servers, storage
from tests.support.browsing import api, staff_client, submit
from tests.support.house import Running, eicar, running

NUMBERS: Final = itertools.count(27500)
UNKNOWN: Final = dossier.pdf(width=99)


@pytest.fixture(scope="module")
def own_clamd(clamd_socket: Path) -> Iterator[Path]:  # skips where there is none
    """A clamd that this file may teach."""
    with servers.clamd() as socket:
        yield socket


@dataclass(frozen=True)
class Ward:
    """A house on a clock of the test's own, with a scanner that can be taught."""

    house: app.House
    clock: storage.FakeClock
    clamd: Path
    address: str

    def hand_in(self, *names: str) -> str:
        """A mail with a passport and a marriage certificate, walked to its end; each time other files."""
        files = {name: dossier.pdf(width=200 + next(NUMBERS) % 1000) for name in names}
        return self.walked(storage.message(self.address, files))

    def walked(self, raw: bytes) -> str:
        number = storage.hand_in_mail(self.house, raw, self.address, source=f"smtp:{next(NUMBERS)}").number
        storage.walk_on(self.house)
        return number

    def learn(self, content: bytes) -> int:
        """The scanner knows this file from now on; the number of its signatures."""
        servers.teach(self.clamd, number := next(NUMBERS), content[content.rindex(b"/ID") :][:60])
        return number

    def turn_infected(self, number: str, place: int) -> str:
        """The SHA-256 of a document of a submission that the scanner takes for malware from now on."""
        sha256 = str(self.stukken(number)[place]["sha256"])
        with self.house.desk.blobs.open(sha256) as file:
            self.learn(file.read())
        return sha256

    def rescan(self) -> list[str]:
        """A round, and the walk of what it found."""
        found = [found.number for found in self.house.rescan.run().found]
        storage.walk_on(self.house)
        return found

    def view(self, number: str) -> dict[str, Any]:
        return dump(self.house.desk.queries.submission(number))

    def stukken(self, number: str) -> list[dict[str, Any]]:
        stukken: list[dict[str, Any]] = self.view(number)["stukken"]
        return stukken

    def events(self, subject: str, name: EventName) -> list[dict[str, Any]]:
        return [e.content or {} for e in self.house.desk.queries.timeline(subject) if e.name == name]

    def problems(self) -> tuple[Any, ...]:
        return tuple(self.house.desk.audit(True).problems)  # noqa: FBT003  # the desk's callable


@pytest.fixture
def ward(tmp_path: Path, database_url: str, own_clamd: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    clock = storage.FakeClock()
    monkeypatch.setattr(app, "SystemClock", lambda: clock)
    with storage.built(
        tmp_path / "data", own_clamd, database={"url": database_url}, limits={"submission_mb": 1}
    ) as house:
        asked = storage.open_request(house.desk.requests)
        yield Ward(house, clock, own_clamd, asked.mailadres)


@pytest.fixture
def number(ward: Ward) -> str:
    """A submission that answered both items."""
    return ward.hand_in("paspoort.pdf", "huwelijksakte.pdf")


def test_a_document_that_turns_out_infected_counts_no_more_and_its_sender_gets_a_receipt_that_names_the_old(
    ward: Ward, number: str
) -> None:
    before = ward.view(number)
    assert (before["besluit"], ward.house.desk.queries.request(storage.REFERENCE).status) == ("aangenomen", "compleet")
    ward.house.desk.store.note_access(number, before["stukken"][0]["sha256"], "b.behandelaar")
    ward.house.desk.handover.taken_out(storage.REFERENCE, "0" * 64, {number: 1}, "zaaksysteem")
    ward.house.desk.store.note_access(number, before["stukken"][1]["sha256"], "c.collega")
    ward.clock.forward(days=1)
    infected = ward.turn_infected(number, 0)
    assert ward.rescan() == [number]

    after = ward.view(number)
    assert (after["status"], after["besluit"], after["redenen"]) == ("afgehandeld", "deels_aangenomen", ["besmet"])
    assert [(s["besluit"], s["nummer"]) for s in after["stukken"]] == [("geweigerd", None), ("aangenomen", "2")]
    request = ward.house.desk.queries.request(storage.REFERENCE)
    assert (request.status, [item.status for item in request.stukken]) == ("open", ["open", "ontvangen"])
    old, new = ward.events(number, EventName.RECEIPT)
    assert new["corrigeert"]["logIndex"] == before["logIndex"]
    assert (old["ontvangenOp"], "corrigeert" in old) == (new["ontvangenOp"], False)

    (found,) = ward.events(number, EventName.INFECTION_FOUND)
    assert (found["documenten"], "UNOFFICIAL; signatures 2" in found["gevonden"]) == ([infected], True)
    assert [(o["wie"], o["hoe"]) for o in found["geopendDoor"]] == [
        ("b.behandelaar", "download"),
        ("zaaksysteem", f"bundel {storage.REFERENCE}"),
    ]
    (kept,) = ward.house.desk.quarantine.contents()
    assert (kept.document, kept.afterwards, kept.since) == (infected, True, ward.clock.now())
    assert [opened.who for opened in kept.opened] == ["b.behandelaar", "zaaksysteem"]
    assert ward.rescan() == [], "once"
    letter_says_which_file_why_and_how_to_send_it_again(ward, number)
    assert ward.problems() == ()


def letter_says_which_file_why_and_how_to_send_it_again(ward: Ward, number: str) -> None:
    storage.send_letters(ward.house)
    outbox = ward.house.settings.data_dir / "outbox"
    mail = message_from_bytes(next(outbox.glob(f"{number}.1.*")).read_bytes(), policy=SMTP)
    plain = mail.get_body(("plain",))
    assert plain is not None
    letter = plain.get_content()
    for words in (
        "Een bestand van u telt niet meer mee",
        "Dit bericht verbetert ons eerdere bericht van maandag 2 november 2026",
        "1. Kopie van het paspoort",
        "Maak een nieuwe scan of foto van het document en stuur die.",
        ward.address,
        "Vraag daar dan om",
    ):
        assert words in " ".join(letter.split()), words


def test_only_newer_signatures_or_a_long_time_make_it_look_again_and_a_round_is_bounded(ward: Ward) -> None:
    for _ in range(3):
        ward.hand_in("paspoort.pdf")
    assert ward.house.rescan.run().submissions == 0, "seen with these signatures just now"
    ward.learn(UNKNOWN)
    rounds = looking_again(ward, ward.house.scanner)
    assert [rounds.run().submissions for _ in range(3)] == [2, 1, 0]
    ward.clock.forward(days=7)
    assert rounds.run().submissions == 2
    (first, *_), signatures = ward.events("herscan", EventName.STORED_SCANNED), ward.house.scanner.signature_version()
    assert (first["handtekeningen"], first["inzendingen"], first["besmet"]) == (signatures, 2, [])
    assert ward.problems() == ()


def test_a_scanner_that_is_away_changes_nothing(ward: Ward, number: str) -> None:
    ward.turn_infected(number, 0)
    away = looking_again(ward, clam.Clam(f"unix:{ward.clamd}.away", 2**20))
    assert away.run().submissions == 0
    assert ward.view(number)["besluit"] == "aangenomen"
    assert ward.events("herscan", EventName.STORED_SCANNED) == []


def test_a_request_does_not_lapse_by_itself_over_what_turned_out_infected_until_a_person_gave_time(
    ward: Ward, number: str
) -> None:
    requests, closing = ward.house.desk.requests, ward.house.desk.closing
    ward.turn_infected(number, 0)
    ward.rescan()
    ward.clock.forward(weeks=5)
    assert closing.lapse() == ()
    (withheld,) = ward.events(storage.REFERENCE, EventName.LAPSE_WITHHELD)
    assert withheld["wachtOp"] == [Obstacle.INFECTED]
    later = ward.clock.now().date() + timedelta(days=7)
    requests.extend(storage.REFERENCE, later, "virus gevonden na ontvangst", "b.behandelaar")
    ward.clock.forward(days=9)
    assert closing.lapse() == (storage.REFERENCE,)
    assert ward.problems() == ()


def test_two_people_let_a_document_out_of_quarantine_and_one_never_does(ward: Ward, number: str) -> None:
    infected = ward.turn_infected(number, 0)
    ward.rescan()
    quarantine = ward.house.desk.quarantine
    refused(lambda: quarantine.release(number, infected, "b.behandelaar"), "stel eerst voor")
    refused(lambda: quarantine.propose(number, infected, "b.behandelaar", " "), "schrijf waarom")
    quarantine.propose(number, infected, "b.behandelaar", "De afdeling beveiliging zegt: loos alarm.")
    refused(lambda: quarantine.propose(number, infected, "c.collega", "Ook ik."), "stelde dit al voor")
    refused(lambda: quarantine.release(number, infected, "B.Behandelaar"), "vraag een collega")
    assert ward.view(number)["besluit"] == "deels_aangenomen", "a proposal changes nothing"
    assert ward.problems() == ()
    quarantine.release(number, infected, "c.collega")
    storage.walk_on(ward.house)
    assert ward.view(number)["besluit"] == "aangenomen"
    assert [s["nummer"] for s in ward.stukken(number)] == ["1", "2"]
    proposed, freed = ward.events(number, EventName.PERSON_ACTED)
    assert (proposed["handeling"], proposed["medewerker"]) == ("propose", "b.behandelaar")
    assert (freed["handeling"], freed["medewerker"], freed["voorgesteldDoor"]) == ("free", "c.collega", "b.behandelaar")
    assert freed["toelichting"] == "De afdeling beveiliging zegt: loos alarm."
    assert quarantine.contents() == ()
    refused(lambda: quarantine.release(number, infected, "d.derde"), "niet in quarantaine")
    assert ward.rescan() == [], "what two people let out is not found anew"
    assert ward.problems() == ()


def test_a_copy_without_password_that_turns_out_infected_is_quarantined_and_let_out_like_any_document(
    ward: Ward,
) -> None:
    locked = dossier.locked(dossier.pdf(width=next(NUMBERS) % 1000), "geheim")
    number = ward.walked(storage.message(ward.address, {"paspoort.pdf": locked}))
    by = By("(indiener, in het portaal)", storage.REFERENCE)
    ward.house.desk.unlocking.open(number, ward.stukken(number)[0]["sha256"], "geheim", by)
    storage.walk_on(ward.house)
    assert (ward.view(number)["besluit"], ward.stukken(number)[0]["nummer"]) == ("aangenomen", "1")
    copy = ward.stukken(number)[0]["zonderWachtwoord"]
    with ward.house.desk.blobs.open(copy) as file:
        ward.learn(file.read())
    assert ward.rescan() == [number]
    assert [(s["besluit"], s["reden"]) for s in ward.stukken(number)] == [("geweigerd", "besmet")]
    quarantine = ward.house.desk.quarantine
    assert [item.document for item in quarantine.contents()] == [copy]
    quarantine.propose(number, copy, "b.behandelaar", "Loos alarm.")
    quarantine.release(number, copy, "c.collega")
    storage.walk_on(ward.house)
    assert ward.view(number)["besluit"] == "aangenomen"
    assert ward.problems() == ()


def test_malware_in_the_message_alone_is_held_and_let_out_by_two_people_only(ward: Ward) -> None:
    sentence = f"Een heel bijzondere zin, de {next(NUMBERS)}e."
    number = ward.walked(storage.message(ward.address, {"paspoort.pdf": dossier.pdf()}, text=sentence + "\n"))
    servers.teach(ward.clamd, next(NUMBERS), sentence.encode())
    assert ward.rescan() == [number]
    assert (ward.view(number)["status"], ward.view(number)["redenen"]) == ("aangehouden", ["besmet"])
    ward.house.desk.store.act(number, Act(ActKind.RELEASE, "b.behandelaar"))
    storage.walk_on(ward.house)
    assert ward.view(number)["status"] == "aangehouden", "one person is not enough"
    ward.house.desk.quarantine.propose(number, MESSAGE, "b.behandelaar", "Loos alarm.")
    ward.house.desk.quarantine.release(number, MESSAGE, "c.collega")
    storage.walk_on(ward.house)
    assert (ward.view(number)["besluit"], [s["nummer"] for s in ward.stukken(number)]) == ("aangenomen", ["1"])
    assert ward.problems() == ()


def looking_again(ward: Ward, scanner: clam.Clam) -> Rescan:
    """As the house does it, but two submissions in a round."""
    house = ward.house
    return Rescan(house.database, house.ledger, ward.clock, house.desk.blobs, scanner, Rules(batch=2, days=7))


def refused(what: Callable[[], object], why: str) -> None:
    with pytest.raises(Refused) as caught:
        what()
    assert why in json.dumps([fault.problem for fault in caught.value.faults])


# ---- the page and the command line ---------------------------------------------------------------


@pytest.fixture
def portal(tmp_path: Path, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path, clamd_socket, limits={"submission_mb": 1}) as gateway:
        for name in ("b.behandelaar", "c.collega"):
            gateway.account(name, StaffRole.CASEWORKER)
        yield gateway


def test_on_the_page_one_proposes_and_a_colleague_lets_out(portal: Running) -> None:
    with api(portal) as machine:
        number = submit(machine, portal.open_request(), ("1", "paspoort.txt", b"Dit is mijn paspoort. " + eicar()))
    document = portal.house.desk.queries.submission(number).stukken[0].sha256
    page, download = "/medewerker/quarantaine", f"/medewerker/inzendingen/{number}/stukken/1"
    with staff_client(portal, "b.behandelaar") as first, staff_client(portal, "c.collega") as second:
        shown = first.get(page).text
        assert all(
            words in shown for words in ("paspoort.txt", "Eicar-Test-Signature", number, "niemand", "Bij ontvangst")
        )
        assert first.get(download).status_code == 404
        form = {"nummer": number, "stuk": document}
        mine, theirs = ({"csrf": hidden(who.get(page).text, "csrf")} for who in (first, second))
        propose = form | {"wat": "voorstellen", "waarom": "Een proefbestand van de leverancier."}
        unsaid = first.post(page, data=propose | mine | {"waarom": ""})
        assert (unsaid.status_code, "Schrijf waarom" in unsaid.text) == (400, True)
        assert first.post(page, data=propose | mine).status_code == 303
        alone = first.post(page, data=form | mine | {"wat": "vrijgeven"})
        assert (alone.status_code, "vraag een collega" in alone.text) == (400, True)
        assert "Een collega moet er ook naar kijken" in first.get(page).text
        assert "Een proefbestand van de leverancier." in second.get(page).text
        assert second.post(page, data=form | theirs | {"wat": "vrijgeven"}).status_code == 303
        assert "Er zit niets in quarantaine." in second.get(page).text
        assert second.get(download).status_code == 200
        assert "b.behandelaar" in second.get(f"/medewerker/inzendingen/{number}").text
    assert portal.house.desk.queries.submission(number).besluit == "aangenomen"
    assert portal.house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


def test_the_command_line_shows_the_quarantine_and_asks_for_two_people(
    tmp_path: Path, clamd_socket: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "herstelpost.toml"
    config.write_text(
        f'data_dir = "{tmp_path / "data"}"\n[scanners]\nclamd = "unix:{clamd_socket}"\n[limits]\nsubmission_mb = 1\n'
    )
    with storage.built(tmp_path / "data", clamd_socket, limits={"submission_mb": 1}) as house:
        asked = storage.open_request(house.desk.requests)
        raw = storage.message(asked.mailadres, {"paspoort.pdf": dossier.pdf(), "brief.txt": b"Hallo. " + eicar()})
        number = storage.hand_in_mail(house, raw, asked.mailadres).number
        storage.walk_on(house)

    def say(*words: str, officer: str) -> tuple[int, str, str]:
        monkeypatch.setenv("HERSTELPOST_OFFICER", officer)
        code = cli.run(["--config", str(config), "submission", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    (listed,) = json.loads(say("quarantine", "--json", officer="b")[1])
    assert (listed["submission"], listed["name"], listed["afterwards"]) == (number, "brief.txt", False)
    let_out = ("release", number, "--document", listed["document"])
    assert say(*let_out, "--propose", "--note", "Loos alarm.", officer="b")[0] == 0
    code, _, error = say(*let_out, officer="b")
    assert (code, "vraag een collega" in error) == (1, True)
    assert f"{number} " in say("quarantine", officer="b")[1]
    assert say(*let_out, officer="c")[0] == 0
    assert json.loads(say("quarantine", "--json", officer="c")[1]) == []
    assert "er wordt nog aan" in say("release", number, officer="c")[2]
