"""Everything about a person, in one zip: complete, provable, and with nobody else's data (Awb 2:25; R12)."""

import io
import json
import subprocess
import zipfile
from pathlib import Path

import pikepdf
import pytest

from gateway import receipts
from gateway.app import House
from gateway.core.model import Envelope, RefusedAttempt
from gateway.core.words import Channel
from tests.support import canned, storage
from tests.support.house import pdf
from tests.support.retention import old_bytes, retention

LAWYER = "b@kantoor.example"


@pytest.fixture
def house(tmp_path, clamd_socket):
    with storage.built(tmp_path / "data", clamd_socket) as built:
        yield canned.Memory().used_by(built)


def script(house: House):
    """What happens: a request, a mail of the applicant, one of a lawyer, a visit to the portal, an attempt refused."""
    party = {"rol": "gemachtigde", "naam": "mr. B. Geheim", "email": LAWYER, "stemtInMetEmail": True}
    people = [*storage.request().model_dump(mode="json")["betrokkenen"], party]
    made = house.desk.requests.open([storage.request(betrokkenen=people)])[0]
    for place, (name, sender) in enumerate((("paspoort.pdf", storage.APPLICANT), ("Geheim diploma.pdf", LAWYER))):
        raw = storage.message(made.mailadres, {name: pdf(place + 1)}, sender=sender)
        storage.hand_in_mail(house, raw, made.mailadres, sender=sender, source=f"smtp:{place}")
    storage.walk_on(house)
    storage.send_letters(house)
    house.desk.people.begin("party", storage.REFERENCE, 60, "192.0.2.9")
    view = {"officer": "", "role": "indiener", "origin": "192.0.2.9", "minutes": 15}
    house.desk.store.note_view(storage.REFERENCE, "verzoek", **view)
    attempt = RefusedAttempt(
        Channel.SMTP, house.ports.clock.now(), "te_groot", storage.ADDRESS, Envelope(storage.APPLICANT.upper())
    )
    house.desk.store.register(attempt)
    return [view.ontvangstnummer for view in house.desk.queries.submissions()]


def copied(house: House, tmp_path: Path, address: str = storage.APPLICANT):
    path = tmp_path / "afschrift.zip"
    house.desk.copies.write(f" {address.upper()} ", path, "b.behandelaar")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "copy")
        return json.loads(archive.read("afschrift.json")), {n: archive.read(n) for n in archive.namelist()}


def test_every_event_of_what_happened_is_in_and_each_that_is_opened_verifies(house, tmp_path):
    numbers = script(house)
    subjects = {storage.REFERENCE, *numbers}
    events = [e for subject in subjects for e in house.desk.queries.timeline(subject)]
    data, files = copied(house, tmp_path)
    told = {event["logIndex"]: event for event in data["gebeurtenissen"]}
    assert {event.index for event in events} < told.keys()
    names = [event["gebeurtenis"] for event in data["gebeurtenissen"]]
    for name in ("RequestOpened", "ReceivedFromNonERDS", "SubmissionReceipt", "RelayToNonERDS", "SignedIn"):
        assert name in names
    assert {"ContentAccessTracking", "SubmissionRejection"} <= set(names)
    opened = [index for index, event in told.items() if event["inhoud"] is not None]
    assert len(opened) >= 8
    for index in opened:
        folder = tmp_path / "copy" / "bewijs" / f"{index:06}"
        assert receipts.verify_package([folder], [house.ledger.vkey]).ok
        assert json.loads((folder / "receipt.json").read_bytes()) == told[index]["inhoud"]
    assert {n.split("/")[1] for n in files if n.startswith("ontvangstbewijzen/")} == {numbers[0]}
    assert receipts.verify_package([tmp_path / "copy" / "ontvangstbewijzen" / numbers[0]], [house.ledger.vkey]).ok


def test_of_others_it_says_that_something_was_there_and_nothing_of_them(house, tmp_path):
    numbers = script(house)
    data, files = copied(house, tmp_path)
    everything = b"".join(content for name, content in files.items() if not name.endswith(".pdf"))
    assert b"kantoor.example" not in everything
    assert b"Geheim" not in everything
    theirs = [e for e in data["gebeurtenissen"] if e["onderwerp"] == numbers[1] and e["gebeurtenis"][:8] == "Received"]
    assert [(event["inhoud"], event["gesloten"][:11]) for event in theirs] == [(None, "noemt ook a")]
    assert set(data["inzendingen"][1]) == {"ontvangstnummer", "kanaal", "ontvangenOp", "tijdzone", "status"}
    assert [person["email"] for person in data["verzoeken"][0]["betrokkenen"]] == [storage.APPLICANT]


def test_a_stranger_gets_an_empty_copy_and_that_it_was_made_is_in_the_log_without_the_address(house, tmp_path):
    script(house)
    data, _ = copied(house, tmp_path, "vreemde@example.net")
    assert (data["verzoeken"], data["inzendingen"], data["gebeurtenissen"]) == ([], [], [])
    (event,) = house.desk.queries.timeline("afschrift")
    assert event.content is not None
    assert event.content["medewerker"] == "b.behandelaar"
    assert "vreemde" not in str(event.content)


def test_what_was_erased_is_told_as_erased(house, tmp_path):
    numbers = script(house)
    sha256 = house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", "zaaksysteem")
    house.desk.handover.confirm(storage.REFERENCE, sha256, "zaaksysteem")
    old_bytes(house.settings.data_dir)
    clock = storage.FakeClock(house.ports.clock.now())
    clock.forward(days=28)
    assert sorted(retention(house, clock).run().submissions) == sorted(numbers)
    data, files = copied(house, tmp_path)
    theirs = [e for e in data["gebeurtenissen"] if e["onderwerp"] in numbers]
    closed = {e["gesloten"][:6] for e in theirs if e["gebeurtenis"] != "ContentErased"}
    assert closed == {"gewist"}
    assert not any(name.startswith("ontvangstbewijzen/") for name in files)


def test_the_copy_to_read_is_an_accessible_pdf_with_the_same_events(house, tmp_path):
    script(house)
    data, files = copied(house, tmp_path)
    with pikepdf.open(io.BytesIO(files["afschrift.pdf"])) as document:
        assert document.Root.MarkInfo.Marked
        assert str(document.Root.Lang) == "nl"
        assert document.open_metadata()["pdfuaid:part"] == "1"
    path = tmp_path / "copy" / "afschrift.pdf"
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True).stdout
    assert "Afschrift van uw gegevens" in text
    assert all(str(event["logIndex"]) in text for event in data["gebeurtenissen"])
