"""What the public is told of outages (Awb 2:21): a banner on every page, and a page that lists them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request as HttpRequest

from gateway.core import terms
from gateway.core.errors import GatewayError
from gateway.core.words import Channel
from gateway.interruptions import WAY
from gateway.outages import Outage, Outages
from portal import words

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


def in_words(outage: Outage, now: datetime, language: str) -> str:
    """What was, is or will be out, and when."""
    way = words.say(f"outage_way_{WAY.get(Channel(outage.channel), outage.channel)}", language)
    start = _moment(outage.started_at, language)
    if outage.ended_at is None:
        return words.say("outage_lasts" if outage.lasts(now) else "outage_from", language, way=way, start=start)
    tense = "outage_is" if outage.lasts(now) else "outage_planned" if now < outage.started_at else "outage_was"
    return words.say(tense, language, way=way, start=start, end=_moment(outage.ended_at, language))


def _moment(at: datetime, language: str) -> str:
    """To the minute: nobody was sitting beside it with a stopwatch."""
    local = at.astimezone(terms.AMSTERDAM)
    clock = f"{local:%H.%M} uur" if language == "nl" else f"{local:%H:%M}"
    return f"{terms.day_in_words(local.date(), language)} {clock}"
