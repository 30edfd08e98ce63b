"""Copies for viewing: made by the real children, LibreOffice once, and gone with the original."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pikepdf
import pytest
from PIL import Image

from gateway import office
from gateway.blobs import FileBlobs
from gateway.core.kinds import DOCX
from gateway.core.words import EventName
from gateway.people import StaffRole
from gateway.views import Views
from tests.adapters.test_pages import client, sign_in_staff
from tests.support import hostile, storage
from tests.support.browsing import api, submit
from tests.support.house import Running, eicar, pdf, photo, running
from tests.support.retention import old_bytes, retention

WORD = (
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>'
    b"Verklaring</w:t></w:r></w:p></w:body></w:document>"
)
RELATIONS = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    b"</Relationships>"
)


class StillClock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)


class LaterClock:
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=10_000)


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "blobs")


def kept(blobs: FileBlobs, content: bytes) -> str:
    spool = blobs.spool()
    spool.write(content)
    return spool.keep().sha256


def word() -> bytes:
    """A docx that LibreOffice opens."""
    made = io.BytesIO(hostile.docx({"_rels/.rels": RELATIONS}))
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(out := io.BytesIO(), "w") as after:
        for name in before.namelist():
            after.writestr(name, WORD if name == "word/document.xml" else before.read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(hostile.pdf(script="app.alert(1)"), "application/pdf"), (photo(), "image/jpeg"), (b"Een brief.", "text/plain")],
)
def test_a_copy_has_the_pages_and_nothing_that_acts_and_the_original_stays_as_it_was(
    content, media_type, blobs, tmp_path
):
    views = Views(blobs, tmp_path / "views", StillClock(), None)
    sha256 = kept(blobs, content)
    copy, small = views.pages(sha256, media_type), views.picture(sha256, media_type)
    assert copy is not None
    assert small is not None
    with pikepdf.open(copy) as drawn:
        assert len(drawn.pages) == 1
        assert not {"/OpenAction", "/AA", "/Names", "/AcroForm"} & set(drawn.Root.keys())
    with Image.open(small) as picture:
        assert max(picture.size) <= 320
    assert blobs.path(sha256).read_bytes() == content
    assert sorted(p.suffix for p in (tmp_path / "views").glob("*/*")) == [".jpg", ".pdf"], "nothing else is left"


def test_what_cannot_be_drawn_has_no_copy(blobs, tmp_path):
    views = Views(blobs, tmp_path / "views", StillClock(), None)
    assert views.pages(kept(blobs, b"%PDF-1.7 en niets"), "application/pdf") is None
    assert not views.has("text/html")
    assert not views.has("image/svg+xml")
    assert not views.has(DOCX), "there is no LibreOffice, and that is said"


def test_a_copy_goes_with_its_original_also_when_it_is_made_meanwhile(blobs, tmp_path, monkeypatch):
    views = Views(blobs, tmp_path / "views", StillClock(), None)
    sha256 = kept(blobs, pdf())
    assert views.pages(sha256, "application/pdf")
    views.forget([sha256])
    assert not list((tmp_path / "views").glob("*/*"))
    path = blobs.path(sha256)
    monkeypatch.setattr(blobs, "path", lambda _: path)
    monkeypatch.setattr("gateway.render.picture", lambda *_: bool(path.unlink()))
    assert views.pages(sha256, "application/pdf") is None


@pytest.mark.skipif(not office.found(), reason="no LibreOffice on this machine")
def test_libreoffice_draws_a_document_in_a_child_that_leaves_nothing_behind(blobs, tmp_path, monkeypatch):
    before = set(Path("/tmp").glob("OSL_PIPE*"))  # noqa: S108 -- where LibreOffice puts its sockets
    by = office.Office(office.found(), office.limits(1536, 60))
    views = Views(blobs, tmp_path / "views", StillClock(), by)
    copy = views.pages(kept(blobs, word()), DOCX)
    assert copy is not None
    with pikepdf.open(copy) as drawn:
        assert "/Font" in drawn.pages[0].resources
    assert set(Path("/tmp").glob("OSL_PIPE*")) <= before  # noqa: S108 -- as above


# ---- in the portal -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, clamd_socket: Path) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("views"), clamd_socket) as house:
        house.account("behandelaar", StaffRole.CASEWORKER)
        yield house


@pytest.fixture
def person(gateway: Running) -> Iterator[httpx2.Client]:
    with client(gateway) as made:
        sign_in_staff(made, "behandelaar")
        yield made


def test_a_caseworker_sees_copy_and_original_and_the_log_says_which(gateway, person):
    packed = hostile.zipped({"../map/<b>/pas.pdf": pdf(note="pas"), "brief.svg": b"<svg/>"})
    with api(gateway, name="kijken") as machine:
        number = submit(machine, gateway.open_request(reference="HV-1"), ("1", "map.zip", packed))
    page = person.get(f"/medewerker/inzendingen/{number}").text
    own = f"/medewerker/inzendingen/{number}/stukken"
    assert f'href="{own}/1/bekijken"' in page
    assert f'src="{own}/1/beeld"' in page
    assert f"{own}/2/bekijken" not in page, "an SVG is never shown"
    assert "<bdi>map.zip</bdi> › <bdi>map</bdi> › <bdi>_b_</bdi>" in page
    assert "1 pagina" in page
    shown = person.get(f"{own}/1/bekijken")
    assert (shown.headers["content-type"], shown.content[:5]) == ("application/pdf", b"%PDF-")
    assert shown.headers["content-disposition"].startswith("inline;")
    assert shown.content != pdf(note="pas")
    assert person.get(f"{own}/1").content == pdf(note="pas")
    assert person.get(f"{own}/1/beeld").headers["content-type"] == "image/jpeg"
    refused = person.get(f"{own}/2/bekijken")
    assert (refused.status_code, "kan niet worden getoond" in refused.text) == (404, True)
    sha256 = hashlib.sha256(pdf(note="pas")).hexdigest()
    seen = [e.content for e in gateway.house.desk.queries.timeline(number) if e.name == EventName.CONTENT_ACCESS]
    assert {event["wat"] for event in seen if event} >= {sha256, f"kijkkopie {sha256}"}


def test_a_stranger_sees_no_copy_and_nobody_one_of_what_is_not_clean(gateway, person):
    with api(gateway, name="niet") as machine:
        number = submit(machine, gateway.open_request(reference="HV-2"), ("1", "virus.txt", eicar()))
    for what in ("bekijken", "beeld"):
        path = f"/medewerker/inzendingen/{number}/stukken/1/{what}"
        assert person.get(path).status_code == 404
        with client(gateway) as stranger:
            assert stranger.get(path).headers["location"] == "/medewerker/inloggen"


def test_retention_takes_the_copies_too(gateway):
    desk, settings = gateway.house.desk, gateway.house.settings
    with api(gateway, name="weg") as machine:
        number = submit(machine, gateway.open_request(reference="HV-3"), ("1", "a.pdf", pdf(note="weg")))
    desk.settle(number, 30)
    storage.send_letters(gateway.house)
    (document,) = desk.queries.submission(number).stukken
    copy = desk.views.pages(document.sha256, document.mediatype)
    assert copy is not None
    old_bytes(settings.data_dir)
    sha256 = desk.bundle("HV-3", settings.data_dir / "bundel.zip", "zaaksysteem")
    desk.handover.confirm("HV-3", sha256, "zaaksysteem")
    assert number in retention(gateway.house, LaterClock()).run().submissions
    assert not copy.exists()
