"""A whole gateway for tests: real database, blobs, reader, scanner and walk, with the portal on a free port."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pikepdf
import uvicorn
from PIL import Image

from config.settings import Settings, parse
from gateway import app, walk
from gateway.jobs import Workers
from gateway.people import Scope, StaffRole
from gateway.schema import VerzoekNieuw, read_request_values
from portal.app import create_app
from tests.support.servers import free_port, wait_until

PASSWORD: Final = "een lang wachtwoord"


@dataclass(frozen=True)
class Running:
    """A gateway that runs. `url` is where the portal answers."""

    house: app.House
    url: str

    def open_request(self, **changes: Any) -> VerzoekNieuw:
        """A new request; see `request_json`."""
        return self.house.desk.requests.open(read_request_values([request_json(**changes)]))[0]

    def token(self, *scopes: Scope, name: str = "test") -> str:
        """A bearer token with these scopes."""
        return self.house.desk.people.make_token(name, scopes)

    def account(self, name: str, role: StaffRole) -> None:
        """A local account with `PASSWORD`."""
        self.house.desk.people.add_account(name, role, PASSWORD)


@contextmanager
def running(data_dir: Path, clamd_socket: Path | None = None, **sections: Any) -> Iterator[Running]:
    """A gateway on SQLite in `data_dir`; without `clamd_socket` nobody scans."""
    port = free_port()
    house = app.build(_settings(data_dir, port, clamd_socket, sections))
    workers = Workers(1, lambda: walk.advance(house.ports), house.woken)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(house.desk), host="127.0.0.1", port=port, log_config=None, server_header=False, lifespan="off"
        )
    )
    thread = threading.Thread(target=server.run, name="portal")
    workers.start()
    thread.start()
    try:
        wait_until(lambda: server.started, "the portal answers")
        yield Running(house, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join()
        workers.stop()
        house.close()


def _settings(data_dir: Path, port: int, clamd_socket: Path | None, sections: dict[str, Any]) -> Settings:
    values: dict[str, Any] = {
        "data_dir": str(data_dir),
        "portal": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
        "scanners": {"clamd": f"unix:{clamd_socket}" if clamd_socket else f"unix:{data_dir}/nobody.sock"},
        "metrics": {"listen": ""},
    }
    for name, section in sections.items():
        values[name] = values.get(name, {}) | section
    return parse(values, "test")


def request_json(reference: str = "HV-2026-000123", **changes: Any) -> dict[str, Any]:
    """A request with four items and a last day far ahead; `changes` replace fields."""
    return {
        "kenmerk": reference,
        "zaaknummer": "Z1-0001234567",
        "aanvraagsoort": "nareis",
        "procedure": "aanvraag",
        "taal": "nl",
        "verzondenOp": "2026-03-02",
        "termijn": {"aantal": 600, "eenheid": "weken"},
        "kanalen": ["email", "portaal"],
        "betrokkenen": [
            {"rol": "aanvrager", "naam": "A. Voorbeeld", "email": "a.voorbeeld@example.org", "stemtInMetEmail": True}
        ],
        "stukken": [
            {"nummer": "1", "soort": "paspoort", "omschrijving": "Kopie van het paspoort", "persoon": "C. Voorbeeld"},
            {
                "nummer": "2",
                "soort": "huwelijksakte",
                "omschrijving": "Huwelijksakte, met vertaling",
                "origineelVereist": True,
            },
            {
                "nummer": "3",
                "soort": "geboorteakte",
                "omschrijving": "Geboorteakte van het kind",
                "persoon": "D. Voorbeeld",
                "verklaringToegestaan": True,
            },
            {"nummer": "4", "soort": "brief", "omschrijving": "Uitleg over de afhankelijkheid van uw partner"},
        ],
    } | changes


def pdf(pages: int = 1, note: str = "") -> bytes:
    """A small sound PDF; another `note` gives other bytes."""
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(595, 842))
    document.docinfo["/Title"] = note or "Voorbeeld"
    made = io.BytesIO()
    document.save(made, deterministic_id=True)
    return made.getvalue()


def photo(colour: str = "white") -> bytes:
    """A small JPEG."""
    made = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(made, "JPEG")
    return made.getvalue()


def eicar() -> bytes:
    """The harmless file that every malware scanner knows."""
    # In pieces, so that no scanner trips over this file.
    return (r"X5O!P%@AP[4\PZX54(P^)7CC)7}" + "$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*").encode()
