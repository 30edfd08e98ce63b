"""Turns: what the messages that are coming in may bring together in one round of the event loop.

However many senders there are and however fast they are, everybody else waits for no more than one round.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

# Some milliseconds of work.
ROUND_OCTETS: Final = 1 << 21
# Smaller ones would cost more than what they bring in.
LEAST_OCTETS: Final = 1 << 16


class Turns:
    """Gives out turns in the order they were asked for; in the event loop's thread only."""

    def __init__(self, sharers: Callable[[], int]) -> None:
        """`sharers`: how many messages are coming in."""
        self._sharers = sharers
        self._line: deque[Callable[[int], None]] = deque()
        self._going_on = False

    def first(self) -> int:
        """How much a message may bring in before it asks for a turn: they may all begin in the same round."""
        return ROUND_OCTETS // max(1, self._sharers())

    def octets(self) -> int:
        """How much a message may bring in on one turn."""
        return max(LEAST_OCTETS, self.first())

    def ask(self, begin: Callable[[int], None]) -> None:
        """Have `begin` called with a number of octets when it is this one's turn: not in this round."""
        self._line.append(begin)
        if not self._going_on:
            self._next()

    def _next(self) -> None:
        self._going_on = bool(self._line)
        if self._going_on:
            asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        octets = self.octets()
        for _ in range(min(len(self._line), ROUND_OCTETS // octets)):
            self._line.popleft()(octets)
        self._next()
