"""Whoever changes one thing anywhere, as root and with the signing key, is found against the last witnessed checkpoint.

More rounds: `PYTHONPATH=. .venv/bin/python tests/faults/tamper_rounds.py --rounds 200`.
"""

import random

import pytest

from tests.support import tampering

ROUNDS = 40


@pytest.fixture(scope="module")
def furnished(tmp_path_factory):
    return tampering.furnish(tmp_path_factory.mktemp("house") / "house")


def test_what_nobody_touched_agrees(furnished, tmp_path):
    assert furnished.problems(furnished.copy(tmp_path / "copy")) == ()


def test_each_of_forty_random_tamperings_is_found_and_named(furnished, tmp_path):
    for seed in range(ROUNDS):
        directory = furnished.copy(tmp_path / "copy")
        done = tampering.tamper(directory, random.Random(seed))
        problems = furnished.problems(directory)
        assert problems, f"round {seed}: nobody saw that {done.what}"
        assert all(problem and problem.nl for problem in problems)
        assert done.is_named(problems), (done, problems)
