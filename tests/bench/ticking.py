"""The real program with a ticker in its event loop: `ticking.py FIGURES ...` is `herstelpost ...`.

Every 2 ms a tick is due. Between two ticks the loop was at something else: as long as the clock says, or as the
processor of its thread says, which other programs on a busy machine do not lengthen. SIGUSR1 starts the figures anew;
at the end they are in FIGURES as JSON, in ms.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gateway import cli, service  # noqa: E402
from gateway.app import House  # noqa: E402

TICK_SECONDS: Final = 0.002
_serve: Final = service.serve


class Ticks:
    """The times between ticks, in seconds."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.processor: list[float] = []

    def clear(self) -> None:
        self.wall.clear()
        self.processor.clear()

    async def run(self) -> None:
        at, used = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.wall.append(time.perf_counter() - at)
            self.processor.append(time.thread_time() - used)
            at, used = time.perf_counter(), time.thread_time()

    def figures(self) -> dict[str, float]:
        wall, processor = sorted(self.wall), sorted(self.processor)
        return {
            "ticks": len(wall),
            "wall_p99": 1e3 * wall[int(len(wall) * 0.99)],
            "wall_longest": 1e3 * wall[-1],
            "processor_p99": 1e3 * processor[int(len(wall) * 0.99)],
            "processor_longest": 1e3 * processor[-1],
        }


def main() -> int:
    """What the program returns."""
    figures, *words = sys.argv[1:]
    ticks = Ticks()

    async def serve(house: House, parts: Iterable[str]) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, ticks.clear)
        ticker = asyncio.create_task(ticks.run())
        await _serve(house, parts)
        ticker.cancel()

    service.serve = serve
    code = cli.run(words)
    Path(figures).write_text(json.dumps(ticks.figures()))
    return code


if __name__ == "__main__":
    sys.exit(main())
