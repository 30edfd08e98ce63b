"""The text of a mail that asks or explains: a document for a person, in receipt and bundle, never an item's."""

import json
import zipfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from gateway import app
from gateway.core.facts import Act, ActKind
from gateway.core.words import DocumentOutcome, ItemStatus, Outcome, Reason
from gateway.schema import Inzending, VerzoekNieuw
from tests.support import dossier, storage

NAME = "tekst van het bericht.txt"
EXPLAINS = "Hierbij mijn paspoort. Ik kan de huwelijksakte niet krijgen omdat het archief is verwoest.\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[app.House]:
    with storage.built(tmp_path_factory.mktemp("text"), clamd_socket, limits={"submission_mb": 1}) as made:
        yield made


def mailed(house: app.House, text: str, files: dict[str, bytes]) -> tuple[VerzoekNieuw, Inzending]:
    items = [
        {"nummer": "1", "soort": "paspoort", "omschrijving": "Paspoort"},
        {"nummer": "2", "soort": "huwelijksakte", "omschrijving": "Akte", "verklaringToegestaan": True},
    ]
    reference = f"HV-{len(house.desk.queries.requests())}"
    request = storage.open_request(house.desk.requests, kenmerk=reference, stukken=items)
    raw = storage.message(request.mailadres, files, text=text)
    number = storage.hand_in_mail(house, raw, request.mailadres).number
    return request, again(house, number)


def again(house: app.House, number: str, *acts: Act) -> Inzending:
    storage.walk_on(house)
    for act in acts:
        house.desk.store.act(number, act)
        storage.walk_on(house)
    storage.send_letters(house)
    return house.desk.queries.submission(number)


def test_it_is_held_listed_in_the_receipt_and_in_the_bundle_and_a_person_makes_it_a_statement(
    house: app.House, tmp_path: Path
) -> None:
    request, seen = mailed(house, EXPLAINS, {"paspoort.pdf": dossier.pdf(width=311)})
    passport, text = seen.stukken
    assert (seen.besluit, passport.nummer) == (Outcome.HELD, "1")
    assert (text.naam, text.mediatype, text.besluit, text.reden) == (
        NAME, "text/plain", DocumentOutcome.HELD, Reason.STATEMENT,
    )  # fmt: skip
    receipt = json.loads(house.desk.receipt_files(seen.ontvangstnummer)["receipt.json"])
    assert [s["sha256"] for s in receipt["stukken"]] == [passport.sha256, text.sha256]
    assert house.desk.blobs.path(text.sha256).read_text(encoding="utf-8") == EXPLAINS
    letter = letter_of(house, seen.ontvangstnummer)
    assert NAME in letter

    chosen = Act(ActKind.ASSIGN, "j.jansen", request=request.kenmerk, document=text.sha256, item="2")
    seen = again(house, seen.ontvangstnummer, chosen)
    assert (seen.stukken[1].besluit, seen.stukken[1].reden, seen.stukken[1].nummer) == ("aangenomen", "verklaring", "2")
    assert house.desk.queries.request(request.kenmerk).stukken[1].status is ItemStatus.STATEMENT
    house.desk.bundle(request.kenmerk, tmp_path / "bundel.zip", "j.jansen")
    with zipfile.ZipFile(tmp_path / "bundel.zip") as bundle:
        (path,) = [name for name in bundle.namelist() if name.endswith(NAME)]
        assert bundle.read(path).decode() == EXPLAINS
    assert house.desk.audit(content=True).problems == ()


def test_a_question_that_was_answered_leaves_its_text_in_the_bundle_and_decides_nothing(
    house: app.House, tmp_path: Path
) -> None:
    request, seen = mailed(house, "Graag uitstel voor de akte.\n", {"paspoort.pdf": dossier.pdf(width=312)})
    assert (seen.besluit, seen.redenen) == (Outcome.HELD, (Reason.EXTENSION_ASKED,))
    seen = again(house, seen.ontvangstnummer, Act(ActKind.RELEASE, "j.jansen"))
    assert (seen.besluit, seen.redenen) == (Outcome.ACCEPTED, ())
    assert (seen.stukken[1].besluit, seen.stukken[1].nummer) == ("aangenomen", None)
    assert "Dit hoort bij uw bericht." in letter_of(house, seen.ontvangstnummer)
    house.desk.bundle(request.kenmerk, tmp_path / "bundel.zip", "j.jansen")
    with zipfile.ZipFile(tmp_path / "bundel.zip") as bundle:
        assert any(name.endswith(f"stukken/wat-de-afzender-schreef/{NAME}") for name in bundle.namelist())
        (contents,) = [name for name in bundle.namelist() if name.endswith("inhoud.txt")]
        assert "Wat de afzender schreef" in bundle.read(contents).decode()


def test_the_text_does_not_count_for_the_cap(house: app.House) -> None:
    exactly = dossier.pdf(width=313)
    exactly += b"\n%" + b"x" * (2**20 - len(exactly) - 3) + b"\n"
    _, seen = mailed(house, EXPLAINS, {"paspoort.pdf": exactly})
    assert sum(s.bytes for s in seen.stukken) > house.settings.cap_bytes
    assert Reason.TOO_LARGE not in seen.redenen


def letter_of(house: app.House, number: str) -> str:
    newest = max((house.settings.data_dir / "outbox").glob(f"{number}*.eml"), key=lambda path: path.name)
    body = message_from_bytes(newest.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())
