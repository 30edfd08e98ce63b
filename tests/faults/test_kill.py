"""kill -9 of the real program under load: every 250 is found again, and every sender has exactly one letter."""

import importlib.util
import sys
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("kill_rounds", Path(__file__).with_name("kill_rounds.py"))
kill_rounds = importlib.util.module_from_spec(_SPEC)
sys.modules["kill_rounds"] = kill_rounds
_SPEC.loader.exec_module(kill_rounds)

ROUNDS = 6


def test_nothing_that_was_promised_is_lost_when_the_program_is_killed(tmp_path, clamd_socket):
    """Promises 1, 3, 6 and 11; many more rounds: `tests/faults/kill_rounds.py --rounds 200`."""
    figures = kill_rounds.run(ROUNDS, tmp_path, clamd_socket, seed=20261102)
    assert figures.receipts == figures.messages == ROUNDS * kill_rounds.A_ROUND
    assert figures.letters == figures.submissions == figures.messages + figures.repeats
