"""What is erased when, and what is held: as staff and auditors see it."""

from datetime import timedelta
from typing import Any, Final

from gateway.desk import Desk

SOON: Final = timedelta(days=31)
MOST: Final = 100


def kept(desk: Desk) -> dict[str, Any]:
    """For a page: the holds, those that last first, and what is due within a month, at most so many of it."""
    holds = sorted(desk.retention.holds(), key=lambda hold: (hold.released_at is not None, -hold.placed_at.timestamp()))
    due = desk.retention.due(desk.clock.now() + SOON)
    return {"holds": holds, "due": due[:MOST], "due_count": len(due), "days": SOON.days}
