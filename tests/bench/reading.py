"""`make bench ARGS=--reading`: from the first byte to the letter, and the reader beside the standard library's `email`.

The first with the real program and a real clamd, the second on the same message, turn by turn in one run.

Both readers do what a gateway needs of a message: each part decoded and hashed. Ours also has its
child process, and writes every part to a file.
"""

import argparse
import hashlib
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Container
from email import message_from_binary_file, policy
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import pikepdf  # noqa: E402

from mail.read import Reader  # noqa: E402
from tests.support import hostile, program, servers, smtp, storage  # noqa: E402
from tests.support.house import request_json  # noqa: E402

FACTOR: Final = 4
EXTRA_MB: Final = 10
SIDE_OF_300_KB: Final = 320
SIDE_OF_30_MB: Final = 3200
PATIENCE: Final = 170
GOOD: Final = 100
POISON: Final = 60
NUMBER: Final = re.compile(rb"\d\d-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def pdf(side: int) -> bytes:
    """A sound PDF around one picture of `side` x `side` pixels of noise."""
    made = pikepdf.new()
    page = made.add_blank_page(page_size=(595, 842))
    picture = made.make_stream(
        os.urandom(side * side * 3), Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=side, Height=side,
        ColorSpace=pikepdf.Name.DeviceRGB, BitsPerComponent=8,
    )  # fmt: skip
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture))
    page.Contents = made.make_stream(b"q 500 0 0 500 40 200 cm /Im0 Do Q")
    file = io.BytesIO()
    made.save(file, compress_streams=False)
    return file.getvalue()


# ---- end to end ----------------------------------------------------------------------------------


def end_to_end(mails: int, clients: int) -> None:
    """Print how long it takes from the first 250 to the last letter."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, servers.clamd() as socket:
        scanners = f'[scanners]\nclamd = "unix:{socket}"'
        house = program.installed(Path(folder) / "house", f'addresses = ["{storage.ADDRESS}"]', more=scanners)
        request = Path(folder) / "request.json"
        request.write_text(json.dumps([request_json(f"HV-2026-{n:06d}") for n in range(max(mails, GOOD))]))
        with house.running():
            addresses = [opened["mailadres"] for opened in house.say("request", "import", str(request))]
            files = [{f"loonstrook {n}.pdf": pdf(SIDE_OF_300_KB)} for n in range(mails)]
            small = [storage.message(address, file) for address, file in zip(addresses, files, strict=False)]
            seconds = _until_the_letters(house, small, clients)
            print(f"{mails} mails of 300 KB, {clients} at once, to {mails} letters: {mails / seconds:.1f} a second")
            large = storage.message(addresses[0], {"paspoort.pdf": pdf(SIDE_OF_30_MB)})
            seconds = _until_the_letters(house, [large], 1)
            print(f"one mail of {len(large) / 1e6:.1f} MB, from its first byte to its letter: {seconds:.2f} s")
            held_up(house, addresses)


def _until_the_letters(house: program.Program, messages: list[bytes], clients: int) -> float:
    outbox = house.data / "outbox"
    before = len(list(outbox.glob("*.eml")))
    begun = time.perf_counter()
    turns = [messages[n::clients] for n in range(clients)]
    threads = [threading.Thread(target=_deliver, args=(house.smtp_port, turn)) for turn in turns]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = time.perf_counter() - begun
    servers.wait_until(lambda: len(list(outbox.glob("*.eml"))) >= before + len(messages), "all letters", PATIENCE)
    print(f"  accepted after {accepted:.2f} s")
    return time.perf_counter() - begun


def _deliver(port: int, messages: list[bytes]) -> None:
    for message in messages:
        _taken(port, message)


def _taken(port: int, message: bytes) -> str:
    """The receipt number."""
    reply = smtp.deliver(port, message)
    assert reply.startswith(b"250"), reply
    return smtp.receipt(reply)


# ---- poison --------------------------------------------------------------------------------------


def held_up(house: program.Program, addresses: list[str]) -> None:
    """Print how long good mails wait for their letters, alone and with sixty that break their child among them."""
    bomb = hostile.attached(hostile.zipped({"nul.bin": bytes(120 * 2**20)}), "stukken.zip", "application/zip")
    kinds = (hostile.nested(2000), hostile.mail(*[b"\r\n"] * 501), hostile.mail(bomb))
    for poison in (0, POISON):
        good = [storage.message(addresses[n], {f"brief {poison} {n}.pdf": pdf(60)}) for n in range(GOOD)]
        bad = [kinds[n % len(kinds)] + f"{n}\r\n".encode() for n in range(poison)]
        order = [(n / GOOD, True, m) for n, m in enumerate(good)] + [(n / POISON, False, m) for n, m in enumerate(bad)]
        accepted: dict[str, float] = {}
        for _, is_good, message in sorted(order):
            number = _taken(house.smtp_port, message)
            if is_good:
                accepted[number] = time.time()
        waits = sorted(at - accepted[number] for number, at in _written(house, accepted).items())
        print(f"{GOOD} good and {poison} poison mails: good ones wait {waits[GOOD // 2]:.2f} s, p99 {waits[-2]:.2f} s")


def _written(house: program.Program, wanted: Container[str]) -> dict[str, float]:
    """When the letter of each of these receipt numbers was written."""
    found: dict[str, float] = {}

    def all_there() -> bool:
        for path in house.data.joinpath("outbox").glob("*.eml"):
            number = NUMBER.search(path.read_bytes())
            if number and number[0].decode() in wanted:
                found[number[0].decode()] = path.stat().st_mtime
        return len(found) == GOOD

    servers.wait_until(all_there, "the letters of all good mails", PATIENCE)
    return found


# ---- beside the standard library -----------------------------------------------------------------


def by_the_standard_library(raw: Path) -> int:
    """Every part decoded and hashed, as anybody would write it."""
    with raw.open("rb") as file:
        message = message_from_binary_file(file, policy=policy.default)
    contents = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
    assert all(hashlib.sha256(content).digest() for content in contents)
    return len(contents)


def by_our_reader(raw: Path) -> int:
    """The same by the reader, with its child process."""
    with tempfile.TemporaryDirectory() as out:
        return len(Reader().read_message(raw, Path(out)).parts)


def in_this_process(raw: Path) -> int:
    """What the reading child does with a message, for measuring its memory."""
    from mail import read_child, smime  # noqa: PLC0415 -- not in the process that measures the other

    with tempfile.TemporaryDirectory() as out:
        walk = read_child.Walk(Path(out), read_child.Limits(), smime.Keys())
        walk.message(raw, None, 1, read_child._Scope())
        return len(walk.parts())


def beside(rounds: int) -> bool:
    """Print how fast both are and what they take; whether ours is as fast and as small as it has to be."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        raw = Path(folder) / "raw.eml"
        raw.write_bytes(storage.message("documenten@intake.example", {"paspoort.pdf": pdf(SIDE_OF_30_MB)}))
        assert by_our_reader(raw) == by_the_standard_library(raw)  # and the template runs
        pairs = [(_seconds(by_our_reader, raw), _seconds(by_the_standard_library, raw)) for _ in range(rounds)]
        ratio = statistics.median(theirs / ours for ours, theirs in pairs)
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"{raw.stat().st_size / 1e6:.1f} MB: reader {ours:.3f} s, stdlib {theirs:.3f} s: {ratio:.1f} times as fast"
        )
        extra = {name: _extra_mb(name, raw) for name in ("in_this_process", "by_the_standard_library")}
        print("extra memory: " + ", ".join(f"{name} {mb:.1f} MB" for name, mb in extra.items()))
        return ratio >= FACTOR and extra["in_this_process"] <= EXTRA_MB


def _seconds(read: Callable[[Path], Any], raw: Path) -> float:
    begun = time.perf_counter()
    read(raw)
    return time.perf_counter() - begun


def _extra_mb(name: str, raw: Path) -> float:
    """How much more memory a process has at its peak than after it read a small message of the same kind."""
    small = raw.with_name("small.eml")
    small.write_bytes(storage.message("documenten@intake.example", {"paspoort.pdf": pdf(2)}))
    done = subprocess.run(
        [sys.executable, __file__, "--memory", name, str(small), str(raw)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _memory(name: str, small: Path, raw: Path) -> None:
    read: Callable[[Path], int] = globals()[name]
    read(small)
    Path("/proc/self/clear_refs").write_text("5")  # the peak from here on (proc(5))
    before = _status("VmRSS")
    read(raw)
    print((_status("VmHWM") - before) / 1024)


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def main() -> int:
    """0 when the reader is as fast and as small as it has to be, else 1."""
    if sys.argv[1:2] == ["--memory"]:
        _memory(sys.argv[2], *map(Path, sys.argv[3:5]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--mails", type=int, default=100)
    parser.add_argument("--clients", type=int, default=4)
    asked = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.2f}")
    good = beside(asked.rounds)
    end_to_end(asked.mails, asked.clients)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
