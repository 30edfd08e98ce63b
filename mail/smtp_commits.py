"""Group commit in the event loop: all that wait when one commit ends share the next; one alone waits for nobody."""

import asyncio
import functools
from collections.abc import Callable, Sequence

from gateway.core.model import Accepted, Arrival
from gateway.ports import Intake

_Waiting = tuple[Arrival, asyncio.Future[Accepted]]


class Commits:
    """`Intake.accept` for many connections, with one thread at a time at work for all of them."""

    def __init__(self, intake: Intake, in_thread: Callable[..., "asyncio.Future[list[Accepted | Exception]]"]) -> None:
        self._intake = intake
        self._in_thread = in_thread
        self._waiting: list[_Waiting] = []
        self._going_on = False

    def accept(self, arrival: Arrival) -> asyncio.Future[Accepted]:
        """Resolves to what `Intake.accept` returns, or fails with what it raises."""
        served: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, served))
        if not self._going_on:
            self._commit()
        return served

    def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        self._going_on = bool(group)
        if group:
            done = self._in_thread(self._intake.accept_all, [arrival for arrival, _ in group])
            done.add_done_callback(functools.partial(self._tell, group))

    def _tell(self, group: Sequence[_Waiting], done: "asyncio.Future[list[Accepted | Exception]]") -> None:
        self._commit()  # who waits for the next one waits longest
        error = done.exception()
        outcomes = [error] * len(group) if error else done.result()
        for (_, served), outcome in zip(group, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                served.set_result(outcome)
            else:
                served.set_exception(outcome)
