"""The counts of the promise on receipts: genuine ones accepted, one-bit changes rejected, by each of the three ways.

    .venv/bin/python tests/bench/verify_counts.py --genuine 10000 --flips 100000

The command is called in this process, the page in one browser session (with the browser's own cryptography, and
for `--fallback` of them with the embedded one), the script with `--each` and a folder for each receipt and each change.
A receipt accepted wrongly or rejected wrongly is printed; the exit code is then 1. JSON of the counts goes to
build/bench/verify.json.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gateway import receipts  # noqa: E402
from tests.support import browsing, verifying  # noqa: E402
from tests.support.evidence import Flip, Genuine, flips, genuine  # noqa: E402

BATCH: Final = 200
NO_CRYPTOGRAPHY: Final = "Object.defineProperty(Crypto.prototype, 'subtle', {get: () => undefined})"

Accepts = Callable[[Sequence[Genuine]], Sequence[bool]]
Survives = Callable[[Genuine, Sequence[Flip]], Sequence[bool]]


@dataclass
class Count:
    """What one way of checking answered."""

    way: str
    genuine: int = 0
    accepted: int = 0
    flips: int = 0
    rejected: int = 0
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """Whether every answer was."""
        return self.genuine == self.accepted and self.flips == self.rejected


def main() -> int:
    """0 when every answer of every way was right, else 1."""
    asked = _arguments()
    counts = []
    with tempfile.TemporaryDirectory(prefix="herstelpost-counts-") as name:
        for way in asked.ways.split(","):
            count = WAYS[way](asked, Path(name))
            counts.append(count)
            print(json.dumps(asdict(count)), flush=True)
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            asked.out.write_text(json.dumps([asdict(c) for c in counts], indent=2))
    return 0 if all(count.right for count in counts) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genuine", type=int, default=1000)
    parser.add_argument("--flips", type=int, default=10_000)
    parser.add_argument("--shell-genuine", type=int, default=100, help="for the script, which is slow")
    parser.add_argument("--shell-flips", type=int, default=500)
    parser.add_argument("--fallback", type=float, default=0.1, help="the share that the embedded cryptography gets")
    parser.add_argument("--seed", type=int, default=4, help="other receipts and other bits")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "verify.json")
    return parser.parse_args()


# ---- the three ways --------------------------------------------------------------------------------------


def _by_command(asked: argparse.Namespace, scratch: Path) -> Count:
    def sound(directories: Sequence[Path]) -> list[bool]:
        return [receipts.verify_package([directory]).ok for directory in directories]

    return _in_directories("command", sound, scratch / "command", asked.genuine, asked.flips, asked.seed)


def _by_script(asked: argparse.Namespace, scratch: Path) -> Count:
    shell = shutil.which("dash") or "/bin/sh"

    def sound(directories: Sequence[Path]) -> list[bool]:
        command = [shell, str(receipts.VERIFIERS["sh"]), "--each", *map(str, directories)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
        _, *told, _sum = done.stdout.split("== ")
        answers = ["Result: all is well." in one.splitlines() for one in told]
        if len(told) != len(directories) or done.stderr or done.returncode != (0 if all(answers) else 1):
            raise SystemExit(f"the script ended with {done.returncode}: {done.stdout} {done.stderr}")
        return answers

    return _in_directories("script", sound, scratch / "script", asked.shell_genuine, asked.shell_flips, asked.seed)


def _by_page(asked: argparse.Namespace, _scratch: Path) -> Count:
    return _in_page("page", "0", asked.genuine, asked.flips, asked.seed)


def _by_page_alone(asked: argparse.Namespace, _scratch: Path) -> Count:
    many, bits = int(asked.genuine * asked.fallback), int(asked.flips * asked.fallback)
    return _in_page("page, embedded cryptography", NO_CRYPTOGRAPHY, many, bits, asked.seed)


WAYS: Final = {"command": _by_command, "page": _by_page, "page-alone": _by_page_alone, "script": _by_script}


def _in_directories(
    way: str, sound: Callable[[Sequence[Path]], list[bool]], scratch: Path, many: int, bits: int, seed: int
) -> Count:
    def accepts(ones: Sequence[Genuine]) -> list[bool]:
        return sound([one.write(scratch / str(place)) for place, one in enumerate(ones)])

    def survives(one: Genuine, changed: Sequence[Flip]) -> list[bool]:
        directories = [one.write(scratch / str(place)) for place in range(len(changed))]
        for directory, flip in zip(directories, changed, strict=True):
            (directory / flip.name).write_bytes(flip.of(one.files[flip.name]))
        return sound(directories) if directories else []

    return _counted(way, accepts, survives, many, bits, seed)


def _in_page(way: str, script: str, many: int, bits: int, seed: int) -> Count:
    with browsing.chromium() as browser:
        page = browser.new_page()
        page.add_init_script(script)
        page.goto(receipts.VERIFIERS["html"].as_uri())
        return _counted(
            way,
            lambda ones: verifying.all_sound(page, [one.files for one in ones]),
            lambda one, changed: verifying.with_flips(page, one.files, changed),
            many,
            bits,
            seed,
        )


def _counted(way: str, accepts: Accepts, survives: Survives, many: int, bits: int, seed: int) -> Count:
    """Every receipt is asked about, and the bits are spread over all of them."""
    count = Count(way)
    began = time.perf_counter()
    ones = genuine(many, seed)
    while batch := list(islice(ones, BATCH)):
        for one, ok in zip(batch, accepts(batch), strict=True):
            count.genuine += 1
            count.accepted += ok
            if not ok:
                print(f"{way}: rejected the genuine receipt {one.index} of {one.size}", flush=True)
            share = bits * one.size // many - bits * (one.size - 1) // many
            _change(count, one, list(flips(one, share, seed=seed * many + one.size)), survives)
        took = time.perf_counter() - began
        print(f"{way}: {count.genuine} of {many}, {count.flips} bits, {took:.0f} s", file=sys.stderr, flush=True)
    count.seconds = round(time.perf_counter() - began, 1)
    return count


def _change(count: Count, one: Genuine, changed: Sequence[Flip], survives: Survives) -> None:
    for flip, ok in zip(changed, survives(one, changed), strict=True):
        count.flips += 1
        count.rejected += not ok
        if ok:
            print(f"{count.way}: accepted receipt {one.index} of {one.size} with {flip}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
