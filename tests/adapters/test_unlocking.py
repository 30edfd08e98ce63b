"""A locked PDF is opened with the password of its sender: the copy is judged, the original stays, the password goes."""

import hashlib
import io
import itertools
import json
import logging
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from pathlib import Path
from typing import Any, Final

import httpx2
import pikepdf
import pytest
from sqlalchemy import select

from gateway import app, cli
from gateway.core.decide import decide
from gateway.core.errors import WrongState
from gateway.core.facts import Act, ActKind
from gateway.core.model import PartRole
from gateway.core.words import EventName, Reason
from gateway.people import StaffRole
from gateway.records import AttemptRow, BeingKeptRow
from gateway.schema import dump
from gateway.unlocking import By
from scanners import child
from scanners.unlock import Said, unlock
from tests.adapters.test_pages import client, hidden, send, signed_in
from tests.support import dossier, storage, wrapped
from tests.support.browsing import SECONDS, staff_client
from tests.support.house import Running, eicar, running
from tests.support.retention import old_bytes

SECRET: Final = "Geheim-Zeldzaamwoord-7"
SENDER: Final = By("(indiener, in het portaal)", storage.REFERENCE)
NUMBERS: Final = itertools.count(400)


# ---- kinds of locks -------------------------------------------------------------------------------

LOCKS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "RC4, 40 bits": ({"R": 2, "aes": False, "metadata": False}, "geheim"),
    "RC4, 128 bits": ({"R": 3, "aes": False, "metadata": False}, "geheim"),
    "AES, 128 bits": ({"R": 4}, "geheim"),
    "AES, 256 bits": ({"R": 6}, "geheim"),
    "AES, 256 bits, its names in the clear": ({"R": 6, "metadata": False}, "geheim"),
    "an accent, before AES-256": ({"R": 3, "aes": False, "metadata": False}, "wachtwoord-één"),
    "an accent": ({"R": 6}, "wachtwoord-één"),
    "another script": ({"R": 6}, "کلمه عبور"),
}


@pytest.mark.parametrize(("how", "password"), LOCKS.values(), ids=LOCKS)
def test_every_kind_of_lock_opens_with_its_password_and_with_no_other(
    tmp_path: Path, how: dict[str, Any], password: str
) -> None:
    content = dossier.pdf(width=301)
    locked, copy = tmp_path / "locked.pdf", tmp_path / "out" / "copy.pdf"
    locked.write_bytes(before := dossier.locked(content, password, **how))
    copy.parent.mkdir()
    limits = child.Limits()
    assert unlock(locked, password + "x", copy, limits) is Said.WRONG
    assert not copy.exists()
    assert unlock(locked, password, copy, limits) is Said.OPENED
    with pikepdf.open(copy) as opened:
        assert (opened.is_encrypted, len(opened.pages), opened.pages[0].MediaBox[2]) == (False, 1, 301)
    first = copy.read_bytes()
    assert unlock(locked, f" {password} ", copy, limits) is Said.OPENED, "a space that was copied along"
    assert copy.read_bytes() == first, "made again, it is the same bytes"
    assert locked.read_bytes() == before


def test_the_password_of_the_owner_and_digits_of_another_keyboard_open_it_too(tmp_path: Path) -> None:
    locked, copy = tmp_path / "locked.pdf", tmp_path / "copy.pdf"
    locked.write_bytes(dossier.locked(dossier.pdf(), "01051980"))
    assert unlock(locked, "van de eigenaar", copy, child.Limits()) is Said.OPENED
    assert unlock(locked, "٠١٠٥١٩٨٠", copy, child.Limits()) is Said.OPENED
    assert unlock(locked, "0" * 100_000, copy, child.Limits()) is Said.WRONG


def test_what_is_damaged_fails_and_blames_no_password(tmp_path: Path) -> None:
    locked, copy = tmp_path / "locked.pdf", tmp_path / "copy.pdf"
    locked.write_bytes(b"%PDF-1.7\n" + bytes(500))
    assert unlock(locked, SECRET, copy, child.Limits()) is Said.FAILED
    assert not copy.exists()


# ---- in a house -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ward:
    """A house on a clock of the test's own, and what is asked of it."""

    house: app.House
    clock: storage.FakeClock

    def upload(self, *documents: bytes) -> str:
        """The documents for item 1, 2, …, walked to their rest."""
        items = {str(place): content for place, content in enumerate(documents, 1)}
        number = storage.hand_in_upload(self.house, storage.REFERENCE, items, source=f"portal:{next(NUMBERS)}").number
        self.walk()
        return number

    def walk(self) -> None:
        storage.walk_on(self.house)
        storage.send_letters(self.house)

    def view(self, number: str) -> dict[str, Any]:
        return dump(self.house.desk.queries.submission(number))

    def document(self, number: str, place: int = 0) -> str:
        return str(self.view(number)["stukken"][place]["sha256"])

    def open(self, number: str, password: str = SECRET, place: int = 0, by: By = SENDER) -> Any:
        answer = self.house.desk.unlocking.open(number, self.document(number, place), password, by)
        self.walk()
        return answer

    def events(self, number: str, name: EventName) -> list[dict[str, Any]]:
        return [e.content or {} for e in self.house.desk.queries.timeline(number) if e.name == name]

    def item(self, number: str) -> str:
        asked = self.house.desk.queries.request(storage.REFERENCE).stukken
        return next(item.status.value for item in asked if item.nummer == number)

    def problems(self) -> tuple[Any, ...]:
        return tuple(self.house.desk.audit(True).problems)  # noqa: FBT003  # the desk's callable


@pytest.fixture
def ward(tmp_path: Path, clamd_socket: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    yield from _ward(tmp_path, clamd_socket, monkeypatch, database={"url": database_url})


@pytest.fixture
def embedded(tmp_path: Path, clamd_socket: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    yield from _ward(tmp_path, clamd_socket, monkeypatch)


def _ward(tmp_path: Path, clamd: Path, monkeypatch: pytest.MonkeyPatch, **sections: Any) -> Iterator[Ward]:
    clock = storage.FakeClock()
    monkeypatch.setattr(app, "SystemClock", lambda: clock)
    with storage.built(tmp_path / "data", clamd, **sections) as house:
        storage.open_request(house.desk.requests)
        yield Ward(house, clock)


def test_a_locked_document_is_decided_again_once_its_sender_gives_the_password(ward: Ward) -> None:
    original = dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET)
    number = ward.upload(original)
    (refused,) = ward.view(number)["stukken"]
    assert (refused["besluit"], refused["reden"], ward.item("1")) == ("geweigerd", "versleuteld", "open")
    assert "zonderWachtwoord" not in refused
    ward.clock.forward(days=40)  # the moment of receipt stands, however late the password comes
    assert ward.open(number).said is Said.OPENED

    after = ward.view(number)
    (opened,) = after["stukken"]
    assert (after["besluit"], opened["besluit"], opened["nummer"], opened["sha256"]) == (
        "aangenomen", "aangenomen", "1", refused["sha256"],
    )  # fmt: skip
    assert (ward.item("1"), after["opTijd"]) == ("ontvangen", True)
    assert hashlib.sha256(original).hexdigest() == opened["sha256"]
    blobs = ward.house.desk.blobs
    assert blobs.path(opened["sha256"]).read_bytes() == original
    with pikepdf.open(blobs.path(opened["zonderWachtwoord"])) as copy:
        assert not copy.is_encrypted

    (act,) = ward.events(number, EventName.PERSON_ACTED)
    assert (act["handeling"], act["medewerker"], act["verzoek"]) == ("open", SENDER.officer, storage.REFERENCE)
    assert (act["stuk"], act["kopie"]) == (opened["sha256"], opened["zonderWachtwoord"])
    old, new = ward.events(number, EventName.RECEIPT)
    assert ward.house.desk.queries.event(new["corrigeert"]["logIndex"]) == old
    assert new["stukken"][0]["zonderWachtwoord"] == opened["zonderWachtwoord"]
    facts = ward.house.desk.queries.why(number).facts
    assert facts is not None
    assert decide(facts).outcome == "aangenomen", "the same facts give the same decision (P8)"
    assert ward.problems() == ()
    assert ward.open(number).said is None, "it is open already"


def test_a_wrong_password_changes_nothing_and_is_braked_for_the_document_and_the_person(ward: Ward) -> None:
    first = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
    before = ward.view(first)
    assert [ward.open(first, "mis").said for _ in range(5)] == [Said.WRONG] * 5
    braked = ward.open(first)
    assert (braked.said, braked.again_at) == (None, ward.clock.now() + ward_window(ward))
    staff = ward.open(first, by=By("j.jansen"))
    assert staff.again_at == braked.again_at, "the document, whoever tries"
    assert ward.view(first) == before
    for _ in range(3):
        other = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
        assert [ward.open(other, "mis").said for _ in range(5)] == [Said.WRONG] * 5
    fresh = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
    assert ward.open(fresh).again_at is not None, "the person, whichever document"
    assert ward.open(fresh, by=By("j.jansen")).said is Said.OPENED
    ward.clock.forward(hours=1, seconds=1)
    assert ward.open(first).said is Said.OPENED
    ward.clock.forward(days=2)
    assert ward.house.desk.people.note_failures(15) == 0, "a password of a file is no sign-in"
    with ward.house.database.read() as session:
        assert session.scalars(select(AttemptRow)).all() == []
    assert ward.problems() == ()


def ward_window(ward: Ward) -> Any:
    return storage.timedelta(minutes=ward.house.settings.portal.file_password_window_minutes)


def test_the_copy_is_checked_like_any_document(embedded: Ward) -> None:
    """Malware, a program, and a file that it carries are found in the copy, and the original stays out with it."""
    ward = embedded
    infected = ward.upload(dossier.locked(_carrying("nota.txt", eicar()), SECRET))
    active = ward.upload(dossier.locked(_acting(), SECRET))
    carrying = ward.upload(dossier.locked(_carrying("huwelijksakte.pdf", dossier.pdf(width=next(NUMBERS))), SECRET))
    for number in (infected, active, carrying):
        assert ward.open(number).said is Said.OPENED
    assert [s["reden"] for s in ward.view(active)["stukken"]] == ["actieve_inhoud"]
    found = ward.view(infected)
    assert {s["reden"] for s in found["stukken"]} >= {"besmet"}
    assert any(each.submission == infected for each in ward.house.desk.quarantine.contents())
    outer, inner = ward.view(carrying)["stukken"]
    assert (outer["besluit"], inner["besluit"], inner["nummer"]) == ("aangenomen", "aangenomen", "2")
    assert ward.problems() == ()


def _acting() -> bytes:
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(dossier.pdf(width=next(NUMBERS)))) as document:
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        document.save(made)
    return made.getvalue()


def _carrying(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(dossier.pdf(width=next(NUMBERS)))) as document:
        document.attachments[name] = pikepdf.AttachedFileSpec(document, content, filename=name)
        document.save(made)
    return made.getvalue()


def test_by_mail_the_letter_says_where_to_give_it_and_the_next_receipt_names_the_copy(embedded: Ward) -> None:
    ward, to = embedded, embedded.house.desk.queries.request(storage.REFERENCE).mailadres
    raw = storage.message(to, {"paspoort.pdf": dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET)})
    number = storage.hand_in_mail(ward.house, raw, to).number
    ward.walk()
    before = _letter(ward, f"{number}.0.0").get_body(("plain",))
    assert before is not None
    assert f"{ward.house.settings.portal.public_url}/inzending/{number}" in before.get_content()
    assert ward.open(number).said is Said.OPENED
    after = _letter(ward, f"{number}.1.0")
    said = after.get_body(("plain",))
    assert said is not None
    assert ward.view(number)["stukken"][0]["zonderWachtwoord"] in said.get_content()
    receipt = next(json.loads(a.get_content()) for a in after.iter_attachments() if a.get_filename() == "receipt.json")
    assert receipt["stukken"][0]["zonderWachtwoord"] == ward.view(number)["stukken"][0]["zonderWachtwoord"]
    assert "corrigeert" in receipt
    (raw_file,) = ward.house.desk.queries.raw_files(number)
    assert ward.house.desk.blobs.path(raw_file.sha256).read_bytes() == raw


def test_staff_opens_it_on_the_command_line_without_the_password_in_a_command(
    embedded: Ward, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ward = embedded
    files = [dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET) for _ in range(2)]
    number = ward.upload(*files)
    first, second = (s["sha256"] for s in ward.view(number)["stukken"])
    config = tmp_path / "herstelpost.toml"
    config.write_text(f'data_dir = "{ward.house.settings.data_dir}"', encoding="utf-8")
    monkeypatch.setenv("HERSTELPOST_OFFICER", "j.jansen")

    def say(password: str, *more: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        code = cli.run(["--config", str(config), "submission", "open", number, *more])
        ward.walk()
        return code, capsys.readouterr().err

    code, told = say(SECRET)
    assert code == 1
    assert {first, second} <= set(re.findall(r"[0-9a-f]{64}", told)), "which of the two is asked"
    assert say("mis", "--document", first) == (1, "herstelpost: error: that is not its password\n")
    assert say(SECRET, "--document", first)[0] == 0
    assert say(SECRET)[0] == 0, "one is left"
    assert say(SECRET)[0] == 1, "none is left"
    assert [s["besluit"] for s in ward.view(number)["stukken"]] == ["aangenomen", "aangenomen"]
    acts = ward.events(number, EventName.PERSON_ACTED)
    assert [(a["handeling"], a["medewerker"], a["stuk"]) for a in acts] == [
        ("open", "j.jansen", first), ("open", "j.jansen", second),
    ]  # fmt: skip


def _letter(ward: Ward, key: str) -> EmailMessage:
    content = (ward.house.settings.data_dir / "outbox" / f"{key}.eml").read_bytes()
    return BytesParser(EmailMessage, policy=SMTP).parsebytes(content)


def test_what_a_person_refused_for_another_reason_stays_refused(embedded: Ward) -> None:
    ward = embedded
    locked = dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET)
    number = ward.upload(locked, dossier.pdf(width=next(NUMBERS)))
    ward.house.desk.store.act(number, Act(ActKind.REFUSE, "j.jansen", reason=Reason.LATE))
    ward.walk()
    assert ward.open(number).said is None
    ward.house.desk.store.act(number, Act(ActKind.REFUSE, "j.jansen", reason=Reason.ENCRYPTED))
    ward.walk()
    assert ward.house.desk.unlocking.openable(number) == {ward.document(number)}, "and not what is not locked"
    assert ward.open(number).said is Said.OPENED
    assert [s["besluit"] for s in ward.view(number)["stukken"]] == ["aangenomen", "aangenomen"]


def test_after_the_closing_the_password_opens_what_came_before_it_and_a_person_says_what_it_means(ward: Ward) -> None:
    number = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET), dossier.pdf(width=next(NUMBERS)))
    desk = ward.house.desk
    before = ward.view(number)
    assert [s["besluit"] for s in before["stukken"]] == ["geweigerd", "aangenomen"]
    answered = ward.item("2")
    desk.requests.close(storage.REFERENCE, "ingetrokken", "j.jansen")
    assert ward.open(number).said is Said.OPENED
    after = ward.view(number)
    opened, other = after["stukken"]
    assert (after["besluit"], opened["besluit"], opened["reden"]) == ("aangehouden", "aangehouden", "verzoek_gesloten")
    assert "zonderWachtwoord" in opened
    assert other == before["stukken"][1]
    assert (ward.item("1"), ward.item("2")) == ("open", answered)
    facts = desk.queries.why(number).facts
    assert facts is not None
    assert decide(facts).rule == "opened_after_closing", "the same facts give the same decision (P8)"
    desk.store.act(number, Act(ActKind.RELEASE, "j.jansen"))
    ward.walk()
    assert [s["besluit"] for s in ward.view(number)["stukken"]] == ["aangenomen", "aangenomen"]
    assert ward.problems() == ()


def test_the_bundle_holds_both_and_says_which_was_read(embedded: Ward, tmp_path: Path) -> None:
    ward = embedded
    number = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
    ward.open(number)
    ward.house.desk.bundle(storage.REFERENCE, tmp_path / "bundel.zip", "j.jansen")
    (stuk,) = ward.view(number)["stukken"]
    with zipfile.ZipFile(tmp_path / "bundel.zip") as archive:
        names = {name.partition("/data/")[2]: archive.read(name) for name in archive.namelist() if "/data/" in name}
    in_folder = {n: hashlib.sha256(c).hexdigest() for n, c in names.items() if n.startswith("stukken/1-paspoort/")}
    assert in_folder == {
        "stukken/1-paspoort/stuk-1.pdf": stuk["sha256"],
        "stukken/1-paspoort/stuk-1 (zonder wachtwoord).pdf": stuk["zonderWachtwoord"],
    }
    (listed,) = json.loads(names["inhoud.json"])["inzendingen"][0]["stukken"]
    assert listed["zonderWachtwoord"]["sha256"] == stuk["zonderWachtwoord"]
    assert listed["nietGetoond"] is None
    assert "gelezen en beoordeeld is de kopie zonder wachtwoord" in names["inhoud.txt"].decode()


def test_the_copy_goes_with_the_original(ward: Ward) -> None:
    number = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
    ward.open(number)
    (stuk,) = ward.view(number)["stukken"]
    desk = ward.house.desk
    assert desk.views.pages(stuk["zonderWachtwoord"], "application/pdf") is not None
    data = ward.house.settings.data_dir
    sha256 = desk.bundle(storage.REFERENCE, data / "bundel.zip", "zaaksysteem")
    (data / "bundel.zip").unlink()
    desk.handover.confirm(storage.REFERENCE, sha256, "zaaksysteem")
    old_bytes(data)
    ward.clock.forward(days=30)
    assert ward.house.retention.run().submissions == [number]
    left = [path.name for path in data.rglob("*")]
    assert not [name for name in left for one in (stuk["sha256"], stuk["zonderWachtwoord"]) if one in name]
    assert ward.problems() == ()


@pytest.mark.parametrize(
    "changed",
    [
        "UPDATE part SET sha256 = '0' WHERE role = 'copy'",
        "DELETE FROM part WHERE role = 'copy'",
        "UPDATE act SET act = json_set(act, '$.copy', '0')",
        "UPDATE act SET act = json_set(act, '$.officer', 'j.jansen')",
    ],
)
def test_a_copy_or_an_opening_that_is_changed_afterwards_is_found(embedded: Ward, changed: str) -> None:
    ward = embedded
    number = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
    ward.open(number)
    assert ward.problems() == ()
    with ward.house.database.engine.begin() as connection:
        connection.exec_driver_sql(changed)
    assert any(number in problem for problem in ward.problems())


# ---- the power ------------------------------------------------------------------------------------


class PowerCut(BaseException):
    """Not an Exception: no `except Exception` of ours may survive it."""


class Cut:
    """A part after whose n-th call, counted over all parts, the power fails."""

    def __init__(self, part: Any, left: Iterator[int]) -> None:
        self._part = part
        self._left = left

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            result = getattr(self._part, name)(*arguments)
            if next(self._left) == 0:
                raise PowerCut
            return result

        return call


def test_a_power_cut_anywhere_leaves_it_locked_or_opened_and_no_bytes_that_nobody_erases(embedded: Ward) -> None:
    ward, desk = embedded, embedded.house.desk
    cuts = 0
    for n in itertools.count(1):
        number = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
        left = itertools.count(n - 1, -1)
        unlocking = replace(
            desk.unlocking, **{part: Cut(getattr(desk.unlocking, part), left) for part in ("rows", "people", "blobs")}
        )
        try:
            assert unlocking.open(number, ward.document(number), SECRET, SENDER).said is Said.OPENED
            break
        except PowerCut:
            cuts += 1
        ward.house.recover()
        ward.walk()
        kept = {path.name for path in (ward.house.settings.data_dir / "blobs").glob("??/*")}
        opened = "zonderWachtwoord" in ward.view(number)["stukken"][0]
        with ward.house.database.read() as session:
            announced = {row.sha256 for row in session.scalars(select(BeingKeptRow))}
        assert opened == (ward.view(number)["besluit"] == "aangenomen")
        copies = {s["zonderWachtwoord"] for v in _all(ward) for s in v["stukken"] if "zonderWachtwoord" in s}
        received = {s["sha256"] for v in _all(ward) for s in v["stukken"]}
        letters = {sha for v in _all(ward) for _, _, sha in desk.queries.letters(v["ontvangstnummer"])}
        assert kept - received - letters - copies <= announced, "what is not named is known"
        old_bytes(ward.house.settings.data_dir)
        ward.clock.forward(hours=2)
        ward.house.retention.run()
        kept = {path.name for path in (ward.house.settings.data_dir / "blobs").glob("??/*")}
        assert kept == received | letters | copies
        if not opened:
            assert ward.open(number).said is Said.OPENED, "and it can be given again"
    assert cuts > 5
    ward.walk()
    assert ward.problems() == ()


def _all(ward: Ward) -> list[dict[str, Any]]:
    return [dump(view) for view in ward.house.desk.queries.submissions()]


def test_two_who_open_it_at_once_make_one_copy(ward: Ward) -> None:
    number = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
    unlocking, document = ward.house.desk.unlocking, ward.document(number)

    class Slow(Cut):
        def take_all(self, paths: list[Path]) -> Any:
            kept = self._part.take_all(paths)
            if next(self._left) == 1:
                ward.open(number)
            return kept

    slow = replace(unlocking, blobs=Slow(unlocking.blobs, itertools.count(1, -1)))
    assert slow.open(number, document, SECRET, SENDER).said is Said.OPENED
    assert [e["handeling"] for e in ward.events(number, EventName.PERSON_ACTED)] == ["open"]
    parts = ward.house.desk.store.load(number).parts
    assert [part.role for part in parts] == [PartRole.DOCUMENT, PartRole.COPY]
    assert ward.problems() == ()


def test_while_it_is_worked_on_nothing_is_opened_and_no_try_is_counted(embedded: Ward) -> None:
    ward, unlocking = embedded, embedded.house.desk.unlocking
    number = ward.upload(dossier.locked(dossier.pdf(width=next(NUMBERS)), SECRET))
    document = ward.document(number)

    class Busy(Cut):
        def take_all(self, paths: list[Path]) -> Any:
            ward.house.desk.store.act(number, Act(ActKind.RELEASE, "j.jansen"))
            return self._part.take_all(paths)

    with pytest.raises(WrongState):
        replace(unlocking, blobs=Busy(unlocking.blobs, itertools.count(1))).open(number, document, SECRET, SENDER)
    with ward.house.database.read() as session:
        assert session.scalars(select(AttemptRow)).all() == []
    ward.walk()
    assert ward.open(number).said is Said.OPENED


# ---- on the pages ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("unlocking"), clamd_socket) as gateway:
        gateway.account("j.jansen", StaffRole.CASEWORKER)
        yield gateway


def sent(person: httpx2.Client, csrf: str, *files: tuple[str, str, bytes]) -> str:
    return str(send(person, csrf, *files).headers["location"].split("/")[2].partition("?")[0])


def give(person: httpx2.Client, number: str, csrf: str, password: str, place: int = 1) -> httpx2.Response:
    data = {"csrf": csrf, "plaats": str(place), "wachtwoord": password}
    return person.post(f"/inzending/{number}/wachtwoord", data=data)


def test_who_sent_it_gives_the_password_on_the_page_and_it_is_nowhere_afterwards(
    portal: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    request, other = (portal.open_request(reference=reference) for reference in ("HV-31", "HV-32"))
    with client(portal) as person, client(portal) as stranger:
        csrf, theirs = signed_in(person, request), signed_in(stranger, other)
        number = sent(person, csrf, ("1", "paspoort.pdf", dossier.locked(dossier.pdf(width=777), SECRET)))
        page = person.get(f"/inzending/{number}").text
        assert 'for="wachtwoord-1"' in page
        assert f"/inzending/{number}#wachtwoord-1" in person.get("/verzoek").text
        assert give(stranger, number, theirs, SECRET).status_code == 404
        assert give(person, number, "x", SECRET).status_code == 403
        empty, wrong = give(person, number, csrf, ""), give(person, number, csrf, f"{SECRET}-mis")
        assert (empty.status_code, wrong.status_code) == (400, 400)
        assert "Vul het wachtwoord van het bestand in." in empty.text
        assert 'href="#wachtwoord-1">Dit is niet het wachtwoord' in wrong.text
        right = give(person, number, csrf, SECRET)
        assert right.headers["location"] == f"/inzending/{number}?geopend=1"
        page = person.get(right.headers["location"]).text
        assert "Het wachtwoord klopt." in page
        assert "Met dat wachtwoord maakten wij een kopie" in page
        assert 'for="wachtwoord-1"' not in page
        assert give(person, number, csrf, SECRET).headers["location"] == f"/inzending/{number}"
    for path in portal.house.settings.data_dir.rglob("*"):
        assert not path.is_file() or b"Zeldzaamwoord" not in path.read_bytes(), path
    assert "Zeldzaamwoord" not in caplog.text
    assert portal.house.desk.audit(True).problems == ()  # noqa: FBT003  # the desk's callable


def test_of_a_mail_for_two_requests_nobody_opens_what_is_not_theirs(portal: Running) -> None:
    """P7: the people of each see their own document only, and can name no other."""
    asked = [
        portal.open_request(reference=f"HV-4{n}", betrokkenen=[LAWYER, _party(n)], stukken=[_item(kind)])
        for n, kind in enumerate(KINDS)
    ]
    desk = portal.house.desk
    documents = {f"{kind}.pdf": dossier.locked(dossier.pdf(width=800 + n), SECRET) for n, kind in enumerate(KINDS)}
    raw = storage.message(asked[0].mailadres, documents)
    number = storage.hand_in_mail(portal.house, raw, *(request.mailadres for request in asked)).number
    desk.wake()
    desk.settle(number, SECONDS)
    assert len(desk.queries.submission(number).verzoeken) == 2
    with client(portal) as person:
        csrf = signed_in(person, asked[0])
        assert "paspoort.pdf" in (page := person.get(f"/inzending/{number}").text)
        assert "diploma.pdf" not in page
        assert give(person, number, csrf, SECRET, place=2).headers["location"] == f"/inzending/{number}"
        assert all(stuk.zonderWachtwoord is None for stuk in desk.queries.submission(number).stukken)
        assert give(person, number, csrf, SECRET).headers["location"].endswith("?geopend=1")
    opened = {
        stuk.naam: (stuk.besluit, stuk.zonderWachtwoord is None) for stuk in desk.queries.submission(number).stukken
    }
    assert opened == {"paspoort.pdf": ("aangenomen", False), "diploma.pdf": ("geweigerd", True)}


KINDS: Final = ("paspoort", "diploma")
LAWYER: Final = {"rol": "gemachtigde", "naam": "mr. B. Voorbeeld", "email": storage.APPLICANT}


def _party(number: int) -> dict[str, Any]:
    return {"rol": "aanvrager", "naam": f"P. Persoon{number}", "email": f"p{number}@example.org"}


def _item(kind: str) -> dict[str, str]:
    return {"nummer": "1", "soort": kind, "omschrijving": f"Kopie: {kind}"}


def test_who_sent_it_gives_the_password_on_the_page_also_when_the_request_was_closed_since(portal: Running) -> None:
    with client(portal) as person:
        csrf = signed_in(person, portal.open_request(reference="HV-36"))
        number = sent(person, csrf, ("1", "paspoort.pdf", dossier.locked(dossier.pdf(width=780), SECRET)))
        portal.house.desk.requests.close("HV-36", "ingetrokken", "j.jansen")
        page = person.get(f"/inzending/{number}").text
        assert 'for="wachtwoord-1"' in page
        assert "Wij hebben dit verzoek om documenten afgesloten." in page
        assert "Huwelijksakte, met vertaling</p>" not in page, "nothing is asked any more"
        right = give(person, number, csrf, SECRET)
        page = person.get(right.headers["location"]).text
    assert "Het wachtwoord klopt." in page
    assert "Al afgesloten" in page


def test_who_guesses_is_told_when_to_try_again(portal: Running) -> None:
    with client(portal) as person:
        csrf = signed_in(person, portal.open_request(reference="HV-33"))
        number = sent(person, csrf, ("1", "paspoort.pdf", dossier.locked(dossier.pdf(width=778), SECRET)))
        answers = [give(person, number, csrf, f"mis{n}") for n in range(6)]
        assert [answer.status_code for answer in answers] == [400] * 5 + [429]
        assert "U kunt het weer proberen vanaf" in answers[-1].text


def test_a_kind_that_no_password_opens_here_is_kindly_told_so(portal: Running) -> None:
    with client(portal) as person:
        csrf = signed_in(person, portal.open_request(reference="HV-34"))
        pgp = b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n"
        number = sent(person, csrf, ("1", "paspoort.txt", pgp), ("2", "akte.docx", wrapped.locked_office()))
        page = person.get(f"/inzending/{number}").text
        assert page.count("Bij dit bestand kan dat niet met een wachtwoord op deze pagina.") == 2
        for place in (1, 2):
            assert give(person, number, csrf, SECRET, place).headers["location"] == f"/inzending/{number}"
    assert [s.reden for s in portal.house.desk.queries.submission(number).stukken] == [Reason.ENCRYPTED] * 2


def test_staff_give_the_password_that_a_sender_told_them_and_see_the_copy(portal: Running) -> None:
    with client(portal) as person:
        csrf = signed_in(person, portal.open_request(reference="HV-35"))
        number = sent(person, csrf, ("1", "paspoort.pdf", dossier.locked(dossier.pdf(width=779), SECRET)))
    own = f"/medewerker/inzendingen/{number}"
    with staff_client(portal, "j.jansen") as staff:
        assert staff.get(f"{own}/stukken/1").status_code == 404, "what nobody could look at does not leave (P4)"
        data = {"csrf": hidden(staff.get(own).text, "csrf"), "plaats": "1"}
        assert "Dit is niet het wachtwoord" in staff.post(f"{own}/wachtwoord", data=data | {"wachtwoord": "x"}).text
        assert staff.post(f"{own}/wachtwoord", data=data | {"wachtwoord": SECRET}).status_code == 303
        page = staff.get(own).text
        assert "Kopie zonder wachtwoord" in page
        assert "wachtwoord gegeven: er is een kopie zonder wachtwoord" in page
        assert staff.get(f"{own}/stukken/1/bekijken").content.startswith(b"%PDF")
        original, copy = (staff.get(f"{own}/stukken/1{which}").content for which in ("", "?kopie=1"))
    (stuk,) = portal.house.desk.queries.submission(number).stukken
    assert (hashlib.sha256(original).hexdigest(), hashlib.sha256(copy).hexdigest()) == (
        stuk.sha256, stuk.zonderWachtwoord,
    )  # fmt: skip
    acted = [e.content for e in portal.house.desk.queries.timeline(number) if e.name == EventName.PERSON_ACTED]
    assert [content["medewerker"] for content in acted if content] == ["j.jansen"]
