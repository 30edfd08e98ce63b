"""The register of a period as a package for a court: readable, as data, and with the proof that nothing is missing.

What the files are and what they prove: `gateway.register_check`, which needs nothing of what this file needs.
"""

import base64
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import rfc8785
from sqlalchemy import select
from sqlmodel import col

from gateway import contents, paper, receipts
from gateway.contents import Closing
from gateway.core import arrivals
from gateway.core.errors import Refused
from gateway.database import Database
from gateway.ledger import Ledger, ProvedTogether, read_event
from gateway.marks import Marker
from gateway.records import EntryRow
from gateway.register_check import CHECKPOINT, CLOCKS_DIFFER, ENTRIES, KIND, PDF, REGISTER, SCRIPT, TREE
from gateway.schema import instant

BATCH: Final = 500
HERE: Final = Path(__file__).parent
_REGULAR_FILE: Final = 0o100644 << 16


class Period(NamedTuple):
    """What is asked for: from a moment of receipt to another (exclusive), and perhaps of one address."""

    since: datetime
    until: datetime
    address: str | None = None


@dataclass(frozen=True)
class Register:
    """A register that was made: how many lines it has, and up to when it is complete."""

    lines: int
    complete_until: str


class Registrar:
    """Closes the register, and makes packages of it. `vouch`: has others vouch for the log as it is, if they can."""

    def __init__(self, database: Database, ledger: Ledger, marker: Marker, vouch: Callable[[], None]) -> None:
        self._database = database
        self._ledger = ledger
        self._marker = marker
        self._vouch = vouch

    def close(self, now: datetime) -> None:
        """Say of everything up to now which entries are arrivals."""
        while contents.close(self._database, self._ledger, self._marker, now) is not None:
            pass

    def write(self, path: Path, period: Period, now: datetime, language: str = "nl") -> Register:
        """Write the package. Raises Refused for a period that has not begun, or marks that no key of ours opens."""
        until = min(period.until, now)
        if period.since >= until:
            raise Refused.because("until", "de periode moet begonnen zijn, en eindigen na haar begin")
        self.close(now)
        contents.close(self._database, self._ledger, self._marker, now, anyway=True)
        self._vouch()
        found = _Found(
            period._replace(until=until, address=_address(period.address)), self._ledger.origin, self._marker
        )
        found.read(contents.closings(self._database, period.since - CLOCKS_DIFFER))
        rows = _entries(self._database, found.places)
        proved = self._ledger.prove_all([row.place for row in rows], now)
        asked = found.asked(rows, now)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _files(asked, rows, proved, now, language).items():
                entry = zipfile.ZipInfo(name, now.timetuple()[:6])
                entry.external_attr, entry.compress_type = _REGULAR_FILE, zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
        return Register(len(asked["regels"]), asked["tot"])


class _Entry(NamedTuple):
    place: int
    salt: bytes
    event: bytes


class _Found:
    """What of the log belongs to a period: the closings over it, and the arrivals that they name."""

    def __init__(self, period: Period, origin: str, marker: Marker) -> None:
        self._period = period
        self._origin = origin
        self._marker = marker
        self._arrivals: set[int] = set()
        self._closings: list[int] = []
        self._openings: dict[str, str] = {}

    @property
    def places(self) -> list[int]:
        """The entries that are opened, ascending."""
        return sorted({*self._closings, *self._arrivals})

    def read(self, closings: Iterable[Closing]) -> None:
        """Take what these closings name."""
        first, last = instant(self._period.since), instant(self._period.until)
        for closing in closings:
            self._closings.append(closing.place)
            inside = [row for row in closing.said["aankomsten"] if not row[1] or first <= row[1] < last]
            mark = self._open(closing) if inside and self._period.address is not None else None
            self._arrivals |= {place for place, _, marks in inside if mark is None or mark in marks}

    def _open(self, closing: Closing) -> str:
        """The address's mark in a closing, and what shows it to others."""
        address = self._period.address or ""
        if closing.said["sleutel"] != self._marker.public:
            raise Refused.because(
                "address", f"regel {closing.place} is met een andere sleutel van het register gemaakt"
            )
        context = contents.context_of(self._origin, closing.said["van"])
        self._openings[str(closing.said["van"])] = self._marker.open(context, address)
        return self._marker.mark(context, address)

    def asked(self, rows: Sequence[_Entry], now: datetime) -> dict[str, Any]:
        """What register.json says."""
        said = {row.place: read_event(row.event) or {} for row in rows}
        return {
            "soort": KIND,
            "log": self._origin,
            "vanaf": instant(self._period.since),
            "tot": instant(self._period.until),
            "adres": self._period.address,
            "gemaaktOp": instant(now),
            "openingen": self._openings,
            "gewist": sorted(self._arrivals - said.keys()),
            "regels": [arrivals.line_of(said[place]) for place in sorted(self._arrivals & said.keys())],
        }


def _address(address: str | None) -> str | None:
    return address.strip().casefold() if address and address.strip() else None


def _entries(database: Database, places: Sequence[int]) -> list[_Entry]:
    """The entries in these places that are not erased."""
    found = []
    query = select(col(EntryRow.index), col(EntryRow.salt), col(EntryRow.event)).order_by(col(EntryRow.index))
    with database.read() as session:
        for first in range(0, len(places), BATCH):
            some = query.where(col(EntryRow.index).in_(places[first : first + BATCH]), col(EntryRow.event).is_not(None))
            found += [_Entry(index, bytes(salt), bytes(event)) for index, salt, event in session.execute(some)]
    return found


def _files(
    asked: Mapping[str, Any], rows: Sequence[_Entry], proved: ProvedTogether, now: datetime, language: str
) -> dict[str, bytes]:
    """The package by file name."""
    log = {
        "origin": proved.checkpoint.origin,
        "size": proved.checkpoint.size,
        "root": base64.b64encode(proved.checkpoint.root).decode(),
    }
    entries = [f"{row.place} {base64.b64encode(row.salt).decode()} ".encode() + row.event + b"\n" for row in rows]
    readme = (HERE / "register_readme.txt").read_text(encoding="utf-8").replace("@VKEY@", proved.vkeys[0])
    stamp = {} if proved.stamp is None else {receipts.TIMESTAMP: proved.stamp}
    return {
        PDF: paper.register_pdf(asked, log, now, language),
        REGISTER: rfc8785.dumps(dict(asked)),
        ENTRIES: b"".join(entries),
        TREE: b"".join(base64.b64encode(value) + b"\n" for value in proved.hashes),
        CHECKPOINT: proved.note.encode(),
        receipts.VKEYS: "".join(f"{vkey}\n" for vkey in proved.vkeys).encode(),
        receipts.README: readme.encode(),
        SCRIPT: (HERE / "verify" / SCRIPT).read_bytes(),
        **stamp,
    }
