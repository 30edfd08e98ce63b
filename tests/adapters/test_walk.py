"""The walk with its real parts: SQLite, blobs, child processes and clamd."""

from gateway.core.words import Outcome, Reason
from tests.support import storage
from tests.support.house import eicar, pdf


def walked(house, raw):
    """The decision on one mail from the applicant to the request's own address."""
    accepted = storage.hand_in_mail(house, raw, storage.open_request(house.desk.requests).mailadres)
    storage.walk_on(house)
    return house.desk.queries.why(accepted.number)


def test_malware_in_the_text_of_a_mail_holds_its_clean_document(tmp_path, clamd_socket):
    raw = storage.message("documenten@intake.example", {"paspoort.pdf": pdf()}, text=eicar().decode())
    with storage.built(tmp_path, clamd_socket) as house:
        why = walked(house, raw)
    assert (why.outcome, why.reasons) == (Outcome.HELD, (Reason.INFECTED,))
    assert why.rule == "malware_elsewhere"


def test_p4_without_a_scanner_everything_waits_and_nothing_counts(tmp_path):
    with storage.built(tmp_path, tmp_path / "nobody.sock") as house:
        accepted = storage.hand_in_mail(
            house,
            storage.message("documenten@intake.example", {"paspoort.pdf": pdf()}),
            storage.open_request(house.desk.requests).mailadres,
        )
        storage.walk_on(house)
        view = house.desk.queries.submission(accepted.number)
    assert view.status == "in_behandeling"
    assert view.besluit is None
