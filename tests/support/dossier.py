"""Requests and submissions in the contract's JSON, and small real documents, for the tests of paper and bundles."""

import hashlib
import io
from typing import Any

import pikepdf
from PIL import Image

NUMBER = "26-7K3M-9Q2X-V4TD"
OTHER_NUMBER = "26-AAAA-BBBB-CCCC"
LOG = {"origin": "herstelpost.example/log", "index": 17, "size": 42, "root": "cm9vdA==", "key": "k", "vouchers": []}


def item(number: str, kind: str, **changes: Any) -> dict[str, Any]:
    """One requested item."""
    return {
        "nummer": number,
        "soort": kind,
        "omschrijving": f"Kopie: {kind}",
        "persoon": "C. Voorbeeld",
        "origineelVereist": False,
        "verklaringToegestaan": True,
        "status": "open",
        **changes,
    }


def request(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A request with a passport and a birth certificate, unless other items are given."""
    return {
        "kenmerk": "HV-2026-000123",
        "zaaknummer": "Z1-0001234567",
        "aanvraagsoort": "nareis",
        "procedure": "aanvraag",
        "taal": "nl",
        "verzondenOp": "2026-03-02",
        "termijn": {"aantal": 4, "eenheid": "weken"},
        "beslistermijn": None,
        "kanalen": ["email", "portaal"],
        "betrokkenen": [
            {"rol": "aanvrager", "naam": "A. Voorbeeld", "email": "", "organisatie": "", "stemtInMetEmail": False}
        ],
        "stukken": list(items or (item("1", "paspoort", status="ontvangen"), item("2", "geboorteakte"))),
        "laatsteDag": "2026-03-30",
        "mailadres": "documenten+7k3m9q2xv@intake.example",
        "status": "open",
        **changes,
    }


def file(name: str, **changes: Any) -> dict[str, Any]:
    """One `stuk` of a submission."""
    return {
        "naam": name,
        "bytes": 48211,
        "sha256": hashlib.sha256(name.encode("utf-8", "replace")).hexdigest(),
        "mediatype": "application/pdf",
        "besluit": "aangenomen",
        "reden": None,
        "nummer": "1",
        **changes,
    }


def submission(*files: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A submission by mail, one hundredth of a second before the last day ends."""
    return {
        "ontvangstnummer": NUMBER,
        "kanaal": "smtp",
        "ontvangenOp": "2026-03-30T21:59:59.990000Z",
        "tijdzone": "+02:00",
        "afzender": "a.voorbeeld@example.org",
        "geadresseerde": "documenten+7k3m9q2xv@intake.example",
        "verzoek": "HV-2026-000123",
        "status": "afgehandeld",
        "besluit": "aangenomen",
        "redenen": [],
        "opTijd": True,
        "stukken": list(files),
        "logIndex": 17,
        **changes,
    }


def pdf(pages: int = 1, *, width: int = 300, password: str = "", octets: int = 0) -> bytes:
    """A PDF of empty pages; `width` in points tells it from others. With `password` it opens only with that.

    It measures at least so many `octets`: what is missing is a comment among what is drawn.
    """
    out = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(width, 400))
        if octets:
            document.pages[0].Contents = document.make_stream(b"%" + b" leeg" * (octets // 5))
        encryption = pikepdf.Encryption(user=password, owner=password) if password else False
        document.save(out, encryption=encryption, deterministic_id=not password, compress_streams=not octets)
    return out.getvalue()


def image(form: str, size: tuple[int, int] = (40, 30)) -> bytes:
    """A red picture in a format of Pillow."""
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, form)
    return out.getvalue()


def locked(content: bytes, password: str, **encryption: Any) -> bytes:
    """The PDF with a password to open it; as a bank sends them (AES-256) unless said otherwise."""
    made = io.BytesIO()
    how: Any = {"owner": "van de eigenaar", "user": password, "R": 6} | encryption
    with pikepdf.open(io.BytesIO(content)) as document:
        document.save(made, encryption=pikepdf.Encryption(**how))
    return made.getvalue()
