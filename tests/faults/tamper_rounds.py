"""Random tamperings, each on a fresh copy of a small house: how many are found, and how each is named.

PYTHONPATH=. .venv/bin/python -W ignore tests/faults/tamper_rounds.py --rounds 200 [--seed 0] [--quiet]
"""

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.support import tampering


def main() -> int:
    """0 when all were found and named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quiet", action="store_true", help="only what was not found, and the count")
    asked = parser.parse_args()
    found = 0
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="tampering-") as scratch:
        furnished = tampering.furnish(Path(scratch) / "house")
        for seed in range(asked.seed, asked.seed + asked.rounds):
            directory = furnished.copy(Path(scratch) / "copy")
            done = tampering.tamper(directory, random.Random(seed))
            problems = furnished.problems(directory)
            named = done.is_named(problems)
            found += named
            kinds[done.what.split(" ")[0].split(".")[0]] += 1
            if not named:
                sys.stdout.write(f"{seed}: NOT FOUND: {done}\n   {problems}\n")
            elif not asked.quiet:
                sys.stdout.write(f"{seed}: {done.what[:160]}\n   {problems[0]}\n   {problems[0].nl}\n")
    sys.stdout.write(f"{found} of {asked.rounds} found and named\n")
    return 0 if found == asked.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
