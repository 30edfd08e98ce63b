"""The walk with its real parts: SQLite, blobs, child processes and clamd."""

from gateway.core.words import Outcome, Reason
from tests.support import hostile, storage
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


def test_poison_mails_among_others_are_held_whole_and_hold_none_of_the_others_up(tmp_path, clamd_socket):
    """Each costs only its own child: what breaks one is held, its bytes stay, and all others are decided.

    Nothing here is about the clock; how long others wait is measured by `make bench ARGS=--reading`.
    """
    poison = [hostile.nested(2000), hostile.mail(*[b"\r\n"] * 501), hostile.mail(BOMB)]
    with storage.built(tmp_path, clamd_socket) as house:
        address = storage.open_request(house.desk.requests).mailadres
        good = storage.message(address, {"brief.pdf": pdf()})
        before = storage.hand_in_mail(house, good, address, source="first").number
        held = {storage.hand_in_mail(house, raw, address, source=f"{n}").number: raw for n, raw in enumerate(poison)}
        after = storage.hand_in_mail(house, good.replace(b"Hierbij", b"Nogmaals"), address, source="last").number
        storage.walk_on(house)
        for number, raw in held.items():
            (file,) = house.ports.store.load(number).arrival.files
            assert house.ports.blobs.path(file.sha256).read_bytes() == raw
            assert house.desk.queries.why(number).reasons == (Reason.TOO_COMPLEX,)
        assert [house.desk.queries.why(number).rule for number in (before, after)] == ["each_document"] * 2


BOMB = hostile.attached(hostile.zipped({"nul.bin": bytes(120 * 2**20)}), "stukken.zip", "application/zip")


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
