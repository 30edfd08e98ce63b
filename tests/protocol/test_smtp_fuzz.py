"""Half a minute of anything at all on each loop; `tests/protocol/fuzz_smtp.py --seconds N` does it for longer."""

import pytest

from tests.protocol import fuzz_smtp

SECONDS = 30


@pytest.mark.parametrize("loop", fuzz_smtp.LOOPS)
def test_whatever_comes_the_listener_lives_on_and_tells_no_lies(loop):
    figures = fuzz_smtp.run(seconds=SECONDS, seed=20261102, loop=loop)
    assert figures.receipts
    assert figures.normal
