"""One mail for two clients: one submission, each served, and neither sees what is the other's (P5, P7)."""

import email
import email.policy
import io
import itertools
import json
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from gateway import receipts
from gateway.core.facts import Act, ActKind
from gateway.people import StaffRole
from gateway.schema import Inzending, VerzoekNieuw
from tests.support import storage
from tests.support.browsing import SECONDS
from tests.support.house import PASSWORD, Running, pdf, running

LAWYER = "b@kantoor.example"
_numbers = itertools.count(1)
DOCUMENTS = {"geboorteakte.pdf": pdf(1), "loonstrook.pdf": pdf(2), "scan0001.pdf": pdf(3)}
SETTLE_SECONDS = 60.0


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("several"), clamd_socket) as made:
        made.account("behandelaar", StaffRole.CASEWORKER)
        made.account("auditor", StaffRole.AUDITOR)
        yield made


@dataclass(frozen=True)
class Mailed:
    """A lawyer's mail to the secret addresses of two clients: one document for each, and a scan of who knows whom."""

    gateway: Running
    sara: VerzoekNieuw
    omar: VerzoekNieuw
    number: str

    @property
    def whole(self) -> Inzending:
        return self.gateway.house.desk.queries.submission(self.number)

    def share(self, request: VerzoekNieuw) -> Inzending:
        """What a request's list says of it; there is exactly one line."""
        (found,) = self.gateway.house.desk.queries.submissions(request=request.kenmerk)
        assert found == self.gateway.house.desk.queries.share(self.number, request.kenmerk)
        return found

    def states(self, request: VerzoekNieuw) -> list[str]:
        return [item.status.value for item in self.gateway.house.desk.queries.request(request.kenmerk).stukken]

    def act(self, act: Act) -> None:
        desk = self.gateway.house.desk
        desk.store.act(self.number, act)
        desk.wake()
        desk.settle(self.number, SETTLE_SECONDS)

    def sha256(self, name: str) -> str:
        return next(stuk.sha256 for stuk in self.whole.stukken if stuk.naam == name)


def ask(gateway: Running, person: str, kind: str, email_: str = LAWYER) -> VerzoekNieuw:
    number = next(_numbers)
    people = [
        {"rol": "aanvrager", "naam": person, "email": f"client{number}@example.org", "stemtInMetEmail": True},
        {"rol": "gemachtigde", "naam": "mr. B. Kantoor", "email": email_, "stemtInMetEmail": True},
    ]
    items = [
        {"nummer": "1", "soort": "paspoort", "omschrijving": "Kopie van het paspoort", "persoon": person},
        {"nummer": "2", "soort": kind, "omschrijving": f"Kopie van: {kind}"},
    ]
    return gateway.open_request(reference=f"HV-{number}", betrokkenen=people, stukken=items)


def mail(gateway: Running, *, sender: str = LAWYER, split: bool = False, email_: str = LAWYER) -> Mailed:
    sara = ask(gateway, "Sara Idrissi", "geboorteakte")
    omar = ask(gateway, "Omar Haddad", "loonstrook", email_)
    raw = storage.message(f"{sara.mailadres}, {omar.mailadres}", DOCUMENTS, sender=sender)
    to = (sara.mailadres,) if split else (sara.mailadres, omar.mailadres)
    accepted = storage.hand_in_mail(gateway.house, raw, *to, sender=sender)
    gateway.house.desk.wake()
    gateway.house.desk.settle(accepted.number, SETTLE_SECONDS)
    return Mailed(gateway, sara, omar, accepted.number)


@pytest.fixture(scope="module")
def mailed(gateway: Running) -> Mailed:
    """The mail as it rests, for tests that change nothing."""
    return mail(gateway)


def test_one_submission_serves_each_request_and_the_rest_waits_for_a_person(mailed: Mailed) -> None:
    whole = mailed.whole
    both = sorted((mailed.sara.kenmerk, mailed.omar.kenmerk))
    assert (whole.verzoek, list(whole.verzoeken), whole.status, list(whole.redenen)) == (
        None,
        both,
        "aangehouden",
        ["meer_verzoeken"],
    )
    assert [(s.naam, s.verzoek, s.nummer, s.besluit) for s in whole.stukken] == [
        ("geboorteakte.pdf", mailed.sara.kenmerk, "2", "aangenomen"),
        ("loonstrook.pdf", mailed.omar.kenmerk, "2", "aangenomen"),
        ("scan0001.pdf", None, None, "aangehouden"),
    ]
    assert mailed.states(mailed.sara) == mailed.states(mailed.omar) == ["open", "ontvangen"]


def test_p5_each_request_shows_its_share_and_nothing_of_the_other(mailed: Mailed) -> None:
    for request, other, own in (
        (mailed.sara, mailed.omar, "geboorteakte.pdf"),
        (mailed.omar, mailed.sara, "loonstrook.pdf"),
    ):
        share = mailed.share(request)
        assert (share.verzoek, share.verzoeken, share.opTijd) == (request.kenmerk, (request.kenmerk,), True)
        assert ([s.naam for s in share.stukken], share.redenen) == ([own], ("meer_verzoeken",))
        told = share.model_dump_json()
        assert other.kenmerk not in told
        assert other.mailadres not in told
        assert "scan0001" not in told
        documents = mailed.gateway.house.desk.queries.documents(request.kenmerk)
        assert [d.name for d in documents] == [own]


def test_one_receipt_and_one_letter_name_both_requests_to_a_party_of_both(mailed: Mailed) -> None:
    desk = mailed.gateway.house.desk
    ((to, _state, sha256),) = desk.queries.letters(mailed.number)
    assert to == LAWYER
    letter = email.message_from_bytes(desk.blobs.path(sha256 or "").read_bytes(), policy=email.policy.default)
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    (paper,) = [part.get_content() for part in letter.walk() if part.get_filename() == receipts.PDF]
    printed = subprocess.run(["pdftotext", "-", "-"], input=paper, capture_output=True, check=True).stdout.decode()
    for word in (mailed.number, mailed.sara.kenmerk, mailed.omar.kenmerk, *DOCUMENTS):
        assert word in text
        assert word in "".join(re.split(r"[\s\u200b]+", printed))
    assert text.count("Kopie van het paspoort") == 2, "what each of them still misses"


@pytest.mark.parametrize("who", ["a party of one", "nobody we know"])
def test_p7_who_is_not_a_party_of_each_reads_of_no_request(gateway: Running, who: str) -> None:
    sender = LAWYER if who == "a party of one" else "buur@example.net"
    mailed = mail(gateway, sender=sender, email_="c@elders.example")
    if who == "a party of one":
        assert mailed.whole.verzoeken == (), "the sender contradicts the other secret"
    else:
        assert len(mailed.whole.verzoeken) == 2
    ((_to, _state, sha256),) = gateway.house.desk.queries.letters(mailed.number)
    letter = gateway.house.desk.blobs.path(sha256 or "").read_bytes()
    parts = email.message_from_bytes(letter, policy=email.policy.default).walk()
    said = " ".join(str(part.get_content()) for part in parts if not part.is_multipart())
    assert mailed.number in said
    assert not any(word in said for word in (mailed.sara.kenmerk, mailed.omar.kenmerk, *DOCUMENTS))


def test_p7_the_receipt_that_a_request_offers_proves_its_share_and_names_nothing_else(
    mailed: Mailed, tmp_path: Path
) -> None:
    files = mailed.gateway.house.desk.receipt_files(mailed.number, mailed.sara.kenmerk)
    receipt = json.loads(files[receipts.RECEIPT])
    assert (receipt["ontvangstnummer"], receipt["verzoek"]) == (mailed.number, mailed.sara.kenmerk)
    assert [stuk["naam"] for stuk in receipt["stukken"]] == ["geboorteakte.pdf"]
    assert not any(mailed.omar.kenmerk.encode() in content for content in files.values())
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    out = io.StringIO()
    assert receipts.verify_main([tmp_path], [tmp_path / "log.vkey"], out, []) == 0, out.getvalue()


def test_p5_the_bundle_of_a_request_has_neither_the_others_documents_nor_the_message_they_came_in(
    mailed: Mailed, tmp_path: Path
) -> None:
    out = tmp_path / "bundel.zip"
    mailed.gateway.house.desk.bundle(mailed.sara.kenmerk, out, "j.jansen")
    with zipfile.ZipFile(out) as bundle:
        names = bundle.namelist()
        content = b"".join(bundle.read(name) for name in names)
    assert any(name.endswith("geboorteakte.pdf") for name in names)
    assert not any(re.search(r"loonstrook|scan0001|\.eml", name) for name in names)
    assert DOCUMENTS["geboorteakte.pdf"] in content
    assert DOCUMENTS["loonstrook.pdf"] not in content
    assert DOCUMENTS["scan0001.pdf"] not in content
    assert mailed.omar.kenmerk.encode() not in content
    assert f"ontvangstbewijzen/{mailed.number}/".encode() in " ".join(names).encode()


def test_the_register_shows_it_under_each_of_its_addresses(mailed: Mailed) -> None:
    queries = mailed.gateway.house.desk.queries
    ever = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
    for request in (mailed.sara, mailed.omar):
        assert [event.subject for event in queries.register(*ever, request.mailadres)] == [mailed.number]


def test_p5_a_mail_that_was_split_on_its_way_is_for_both_all_the_same(gateway: Running) -> None:
    """Two addresses in its header, one in the envelope: taken for that one, it would be filed there whole."""
    split = mail(gateway, split=True)
    assert len(split.whole.verzoeken) == 2
    assert [s.naam for s in split.share(split.sara).stukken] == ["geboorteakte.pdf"]


# ---- a person ------------------------------------------------------------------------------------


def test_a_person_says_document_by_document_and_moving_one_opens_the_item_again(gateway: Running) -> None:
    mailed = mail(gateway)
    scan = mailed.sha256("scan0001.pdf")
    mailed.act(Act(ActKind.ASSIGN, "j.jansen", request=mailed.sara.kenmerk, document=scan, item="1"))
    assert (mailed.whole.status, mailed.whole.besluit) == ("afgehandeld", "aangenomen")
    assert mailed.states(mailed.sara) == ["ontvangen", "ontvangen"]
    gateway.house.desk.requests.judge(mailed.sara.kenmerk, "2", approved=True, officer="j.jansen")
    mailed.act(Act(ActKind.ASSIGN, "j.jansen", request=mailed.omar.kenmerk, document=scan, item="1"))
    assert mailed.states(mailed.sara) == ["open", "goedgekeurd"]
    assert mailed.states(mailed.omar) == ["ontvangen", "ontvangen"]
    assert [s.naam for s in mailed.share(mailed.sara).stukken] == ["geboorteakte.pdf"]
    assert [s.naam for s in mailed.share(mailed.omar).stukken] == ["loonstrook.pdf", "scan0001.pdf"]


def test_tying_the_whole_to_one_request_takes_it_from_the_other(gateway: Running) -> None:
    mailed = mail(gateway)
    mailed.act(Act(ActKind.ASSIGN, "j.jansen", request=mailed.omar.kenmerk))
    assert (mailed.whole.verzoek, mailed.whole.verzoeken) == (mailed.omar.kenmerk, (mailed.omar.kenmerk,))
    assert mailed.states(mailed.sara) == ["open", "open"]
    assert gateway.house.desk.queries.submissions(request=mailed.sara.kenmerk) == ()


def test_the_log_agrees_with_all_of_it(mailed: Mailed) -> None:
    assert mailed.gateway.house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


# ---- pages ---------------------------------------------------------------------------------------


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found, f"no field {name}"
    return found[1]


def client(gateway: Running) -> httpx2.Client:
    return httpx2.Client(base_url=gateway.url, timeout=SECONDS)


def signed_in(person: httpx2.Client, name: str) -> httpx2.Client:
    form = hidden(person.get("/medewerker/inloggen").text, "formulier")
    person.post("/medewerker/inloggen", data={"naam": name, "wachtwoord": PASSWORD, "formulier": form})
    return person


def test_p7_a_client_sees_their_own_share_in_the_portal_and_nothing_else(mailed: Mailed) -> None:
    with client(mailed.gateway) as person:
        form = hidden(person.get("/").text, "formulier")
        code = {"kenmerk": mailed.omar.kenmerk, "toegangscode": mailed.omar.toegangscode, "formulier": form}
        assert person.post("/", data=code).status_code == 303
        for page in ("/verzoek", f"/inzending/{mailed.number}", f"/inzending/{mailed.number}/receipt.json"):
            text = person.get(page).text
            assert "loonstrook.pdf" in text
            assert not any(word in text for word in ("geboorteakte.pdf", "scan0001", mailed.sara.kenmerk))


def test_staff_choose_for_each_document_among_the_items_of_all_its_requests(gateway: Running) -> None:
    mailed = mail(gateway)
    with client(gateway) as person:
        signed_in(person, "behandelaar")
        own = f"/medewerker/inzendingen/{mailed.number}"
        text = person.get(own).text
        for request in (mailed.sara, mailed.omar):
            assert f'value="{request.kenmerk}:1"' in text
            assert mailed.number in person.get(f"/medewerker/verzoeken/{request.kenmerk}").text
        form = {"csrf": hidden(text, "csrf"), "sha256": mailed.sha256("scan0001.pdf")}
        assert person.post(f"{own}/kiezen", data=form | {"stuk": "HV-elders:1"}).status_code == 400
        chosen = person.post(f"{own}/kiezen", data=form | {"stuk": f"{mailed.sara.kenmerk}:1"})
        assert chosen.status_code == 303
        of_sara = person.get(f"/medewerker/verzoeken/{mailed.sara.kenmerk}").text
        assert "scan0001.pdf" in of_sara
        assert "loonstrook.pdf" not in of_sara
        assert f"{own}/stukken/3" in of_sara, "the download is of the third document of the whole"


def test_the_auditor_sees_the_submission_with_each_of_its_requests(mailed: Mailed) -> None:
    with client(mailed.gateway) as person:
        signed_in(person, "auditor")
        text = person.get(f"/auditor/inzendingen/{mailed.number}").text
        assert all(request.kenmerk in text for request in (mailed.sara, mailed.omar))
        for request in (mailed.sara, mailed.omar):
            assert mailed.number in person.get(f"/auditor/verzoeken/{request.kenmerk}").text
