"""What the public is told of outages (Awb 2:21): a banner on every page, and a page that lists them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request as HttpRequest

from gateway.core.errors import GatewayError
from gateway.outages import Outages, in_words

LISTED: Final = timedelta(days=90)


def announced(request: HttpRequest, language: str) -> Sequence[str]:
    """A sentence for each outage that lasts or begins soon; none when the database is what is out."""
    desk = request.app.state.desk
    try:
        found = desk.outages.announced()
    except GatewayError:
        return ()
    return [in_words(outage, desk.clock.now(), language) for outage in found]


def listed(outages: Outages, now: datetime, language: str) -> Sequence[str]:
    """A sentence for each outage of the last months, the newest first."""
    recent = [o for o in outages.list() if o.ended_at is None or o.ended_at > now - LISTED]
    return [in_words(outage, now, language) for outage in reversed(recent)]
