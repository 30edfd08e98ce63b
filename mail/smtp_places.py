"""Places that are given out fairly: when all are taken, whoever holds most gives one up to who holds fewer.

So that somebody who fills all places from a few addresses keeps nobody out: he only takes them from himself.
"""

from typing import Protocol


class Holder(Protocol):
    """Who sits on a place."""

    def give_way(self) -> bool:
        """End what is going on, and say so; False when somebody was promised something by now."""


class Places:
    """At most `most` in all, and `most_each` for one customer."""

    def __init__(self, most: int, most_each: int) -> None:
        self.taken = 0
        self._most = most
        self._most_each = most_each
        # Of each customer in the order they came, so that the oldest is the first to go.
        self._held: dict[str, dict[Holder, None]] = {}

    def take(self, customer: str, holder: Holder) -> bool:
        """Give the holder a place; False when there is none for him."""
        mine = self._held.setdefault(customer, {})
        there_is_room = len(mine) < self._most_each and (self.taken < self._most or self._make_room(len(mine)))
        if there_is_room:
            mine[holder] = None
            self.taken += 1
        elif not mine:
            del self._held[customer]
        return there_is_room

    def leave(self, customer: str, holder: Holder) -> None:
        """Take the place back; nothing happens when the holder has none."""
        mine = self._held.get(customer, {})
        if holder in mine:
            del mine[holder]
            self.taken -= 1
            if not mine:
                del self._held[customer]

    def _make_room(self, mine: int) -> bool:
        """Whoever holds most loses one; never to somebody who would then hold as many as he."""
        if not self._held:
            return False
        customer, most = max(self._held.items(), key=lambda held: len(held[1]))
        if len(most) <= mine + 1:
            return False
        for holder in tuple(most):
            if holder.give_way():
                self.leave(customer, holder)
                return True
        return False
