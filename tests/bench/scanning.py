"""From accepted to a verdict, beside clamd's own time for the same files: `tests/bench/scanning.py [--rounds N]`.

A clamd with the settings of `docker/clamd.sh`, a house with nothing else to do, rounds in turns. "clamd" asks about
each file that the gateway asks about (of a mail also the message itself), one after the other; "gateway" is from the
moment that the sender has our yes to the verdict in the database: reading, kind and structure, and the scans. Every
round has other bytes, because clamd remembers what it called clean.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import img2pdf
from PIL import Image

from gateway import app, walk
from gateway.core.model import Inspection, Part
from gateway.core.states import Step
from tests.support import servers, storage

_MB: Final = 2**20


def photo(size: int) -> bytes:
    """A JPEG of noise, about so many bytes."""
    side = int((size / 0.75) ** 0.5)
    made = io.BytesIO()
    Image.frombytes("L", (side, side), os.urandom(side * side)).save(made, "JPEG", quality=90)
    return made.getvalue()


def another(jpeg: bytes) -> bytes:
    """The same picture in other bytes: with a comment (ITU-T T.81, B.2.4.5) that nobody has seen."""
    return jpeg[:2] + b"\xff\xfe" + (34).to_bytes(2, "big") + os.urandom(32) + jpeg[2:]


def main() -> None:
    """Print a line for each kind of submission."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with (
        servers.clamd() as socket,
        tempfile.TemporaryDirectory(dir="/var/tmp") as directory,  # has to be a disk
        storage.built(Path(directory), socket) as house,
    ):
        assert house.scanner.canary().ok
        asked = house.desk.requests.open([storage.request()])[0]
        large, middle, small = photo(29 * _MB), photo(5 * _MB), photo(300_000)
        kinds: dict[str, Callable[[], Callable[[], str]]] = {
            "upload, JPEG 29 MiB": lambda: _upload(house, asked.kenmerk, another(large)),
            "upload, PDF of a JPEG 29 MiB": lambda: _upload(house, asked.kenmerk, _pdf(another(large))),
            "upload, JPEG 5 MiB": lambda: _upload(house, asked.kenmerk, another(middle)),
            "mail, JPEG 29 MiB": lambda: _mail(house, asked.mailadres, another(large)),
            "mail, JPEG 300 kB": lambda: _mail(house, asked.mailadres, another(small)),
        }
        print(f"{'':30} {'clamd ms':>9} {'gateway ms':>11} {'ratio (lowest to highest)':>28}")
        for name, kind in kinds.items():
            pairs = [_round(house, kind, n) for n in range(-1, rounds)][1:]  # the first warms up
            ratios = sorted(ours / theirs for theirs, ours in pairs)
            theirs, ours = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
            spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            print(f"{name:30} {theirs:9.0f} {ours:11.0f} {spread:>28}")


def _pdf(jpeg: bytes) -> bytes:
    made: bytes = img2pdf.convert(jpeg)
    return made


def _upload(house: app.House, reference: str, content: bytes) -> Callable[[], str]:
    return lambda: storage.hand_in_upload(house, reference, {"1": content}).number


def _mail(house: app.House, address: str, content: bytes) -> Callable[[], str]:
    raw = storage.message(address, {"paspoort.jpg": content})
    return lambda: storage.hand_in_mail(house, raw, address).number


def _round(house: app.House, kind: Callable[[], Callable[[], str]], number: int) -> tuple[float, float]:
    """Seconds: of clamd alone, and of the gateway; in turns first and second."""
    steps = [lambda: _of_clamd(house, kind()), lambda: _of_gateway(house, kind())]
    if number % 2:
        return steps[0](), steps[1]()
    ours = steps[1]()
    return steps[0](), ours


def _of_gateway(house: app.House, hand_in: Callable[[], str]) -> float:
    number = hand_in()
    began = time.perf_counter()
    _to_verdict(house, number)
    took = time.perf_counter() - began
    storage.walk_on(house)
    return took


def _to_verdict(house: app.House, number: str) -> None:
    for _ in (Step.ACCEPTED, Step.READ):
        walk.advance(house.ports, number)


def _of_clamd(house: app.House, hand_in: Callable[[], str]) -> float:
    """The files are made by walking another one of the same kind up to the step that would scan them."""
    number = hand_in()
    walk.advance(replace(house.ports, inspector=_Asleep()), number)
    read = house.ports.store.load(number)
    mail = read.arrival.channel in walk.MAIL
    hashes = [p.sha256 for p in read.parts if p.sha256] + [f.sha256 for f in read.arrival.files if mail]
    paths = [house.ports.blobs.path(sha256) for sha256 in hashes]
    began = time.perf_counter()
    for path in paths:
        house.scanner.scan(path)
    took = time.perf_counter() - began
    storage.walk_on(house)
    return took


class _Asleep:
    """The port `Inspector` while files are made for clamd alone: it looks at nothing ahead."""

    def look_ahead(self, files: Sequence[tuple[Path, Part]]) -> None:
        pass

    def inspect(self, files: Sequence[tuple[Path, Part]]) -> tuple[Inspection, ...]:
        raise NotImplementedError

    def signatures(self) -> str:
        raise NotImplementedError


if __name__ == "__main__":
    main()
