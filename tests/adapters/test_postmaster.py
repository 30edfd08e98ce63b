"""Mail for the postmaster (RFC 5321 section 4.5.1): kept, and its sender shown the designated address."""

from email.message import EmailMessage

import pytest

from gateway.core.words import Outcome, Reason
from tests.support import storage


def letter(**headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "anna@mail.example", "postmaster@intake.example", "Vraag"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content("Waar kan ik mijn stukken heen sturen?")
    return made.as_bytes()


@pytest.mark.parametrize("address", ["postmaster", "Postmaster@intake.example", "postmaster+x@intake.example"])
def test_who_writes_to_the_postmaster_is_shown_the_right_address(tmp_path, clamd_socket, address):
    with storage.built(tmp_path / "data", clamd_socket) as house:
        number = storage.hand_in_mail(house, letter(), address, sender="anna@mail.example").number
        storage.walk_on(house)
        view = house.desk.queries.submission(number)
        assert (view.besluit, view.redenen) == (Outcome.REDIRECTED, (Reason.NOT_DESIGNATED,))
        storage.send_letters(house)
        [sent] = (house.settings.data_dir / "outbox").glob(f"{number}*.eml")
    assert b"documenten@intake.example" in sent.read_bytes()


def test_a_machine_that_writes_to_the_postmaster_gets_no_answer(tmp_path, clamd_socket):
    with storage.built(tmp_path / "data", clamd_socket) as house:
        raw = letter(Auto_Submitted="auto-replied")
        number = storage.hand_in_mail(house, raw, "postmaster@intake.example", sender="").number
        storage.walk_on(house)
        view = house.desk.queries.submission(number)
        assert (view.besluit, view.redenen) == (Outcome.REGISTERED, (Reason.AUTOMATIC,))
        storage.send_letters(house)
        assert not list((house.settings.data_dir / "outbox").glob("*.eml"))
