"""The mail log: what happened, for operators and auditors; one line an event, the submission first.

Rule 1: the event's name is a constant, its fields are identifiers, numbers and times; never content, a
subject, a file name, a token or a secret address.
Rule 2: every line says action, object, result, origin and time (BIO2 8.15.01).
"""

import functools
import logging
import re
import time
from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter

_log = logging.getLogger("herstelpost.mail")

EVENTS = Counter("herstelpost_events", "Events of the mail log, by name.", ["event"])
_counter = functools.cache(EVENTS.labels)
_PLAIN: Final = re.compile(r"[!#-<>-~]+")


def note(event: str, fields: Mapping[str, object]) -> None:
    """Write one event to the mail log, and count it."""
    _counter(event).inc()
    ordered = sorted(fields.items(), key=lambda field: field[0] != "submission")
    _log.info("%s", " ".join([event, *(f"{name}={_plain(value)}" for name, value in ordered)]))


def _plain(value: object) -> str:
    """A field that cannot break the line or look like another field."""
    text = str(value)
    if not _PLAIN.fullmatch(text):
        text = "".join(c if c.isprintable() and c not in ' ="' else "_" for c in text)
    return text[:200] or "-"


def set_up(level: int = logging.INFO) -> None:
    """Send all logs to stderr, in UTC, one line each."""
    # What no line of ours shows need not be found out for each of them (logging HOWTO, "Optimization").
    logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False
    logging._srcfile = None  # noqa: SLF001
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("alembic", "apscheduler", "mail.log", "fontTools", "uvicorn.error", "uvicorn.access", "fastapi"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
