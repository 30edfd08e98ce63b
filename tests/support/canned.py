"""Ports for walks that are walked hundreds of times: what the real reader and scanner said once, and plain letters."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from gateway.app import House
from gateway.core.model import Envelope, Inspection, Part, Reading
from gateway.ledger import Ledger
from gateway.ports import Clock, Inspector, Reader, Waiting


@dataclass
class Memory:
    """What was read and seen, by the hash of the bytes."""

    readings: dict[str, tuple[Reading, dict[str, bytes]]] = field(default_factory=dict)
    inspections: dict[str, Inspection] = field(default_factory=dict)

    def used_by(self, house: House) -> House:
        """The house, with each new bytes read and inspected once by its real ports, and plain letters."""
        ports = replace(
            house.ports,
            reader=RememberingReader(house.ports.reader, self),
            inspector=RememberingInspector(house.ports.inspector, self),
            clerk=PlainClerk(house.ledger, house.ports.clock),
        )
        return replace(house, ports=ports)


@dataclass(frozen=True)
class RememberingReader:
    """The port `Reader`: asks the real one the first time only."""

    real: Reader
    memory: Memory

    def read_message(self, raw: Path, out: Path, *, envelope: Envelope | None = None) -> Reading:
        return self._read(raw, out, lambda: self.real.read_message(raw, out, envelope=envelope))

    def read_file(self, raw: Path, name: str, declared_type: str, out: Path) -> Reading:
        return self._read(raw, out, lambda: self.real.read_file(raw, name, declared_type, out))

    def _read(self, raw: Path, out: Path, ask: Callable[[], Reading]) -> Reading:
        if raw.name not in self.memory.readings:
            reading = ask()
            self.memory.readings[raw.name] = reading, {file.name: file.read_bytes() for file in out.iterdir()}
            return reading
        reading, files = self.memory.readings[raw.name]
        for name, content in files.items():
            (out / name).write_bytes(content)
        return reading


@dataclass(frozen=True)
class RememberingInspector:
    """The port `Inspector`: asks the real one the first time only."""

    real: Inspector
    memory: Memory

    def inspect(self, files: Sequence[tuple[Path, Part]]) -> tuple[Inspection, ...]:
        new = [(path, part) for path, part in files if part.sha256 not in self.memory.inspections]
        for inspection in self.real.inspect(new) if new else ():
            self.memory.inspections[inspection.sha256] = inspection
        return tuple(self.memory.inspections[part.sha256] for _, part in files)

    def look_ahead(self, files: Sequence[tuple[Path, Part]]) -> None:
        pass

    def signatures(self) -> str:
        return "remembered"


@dataclass(frozen=True)
class PlainClerk:
    """The port `Clerk`: a letter with the proof and without typesetting."""

    ledger: Ledger
    clock: Clock

    def ready(self, letter: Waiting) -> bool:
        return True

    def write(self, letter: Waiting) -> bytes:
        proved = self.ledger.prove(letter.receipt_index, self.clock.now())
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = "documenten@intake.example", letter.draft.to
        mail["Message-ID"] = f"<{letter.draft.key}@intake.example>"
        mail.set_content(f"{letter.number} {hashlib.sha256(proved.event).hexdigest()}\n")
        mail.add_attachment(proved.event, maintype="application", subtype="json", filename="receipt.json")
        return mail.as_bytes()
