"""Our own checks of a sender: one `Authentication-Results` value (RFC 8601) under our own name, whatever happens.

Rule 1: never raises for what a message, a domain or DNS says; what could not be found out is `temperror`.
Rule 2: the child's answers are checked before they are written; nothing that a sender chose can look like a result.
Rule 3: it ends within its time, so that no DNS server delays a submission for long.
"""

import math
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from gateway.core.model import Envelope
from mail import signatures
from scanners import child

METHODS: Final = ("spf", "dkim", "dmarc", "arc")
_WORDS: Final = frozenset({"none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror"})
_PROPERTIES: Final = ("smtp.mailfrom", "smtp.helo", "header.d", "header.s", "header.from", "policy.dmarc")
_REASON: Final = re.compile(r"[a-zA-Z]+(?: [a-zA-Z]+)*")
# The last part of the time is for reading and hashing, which goes on when DNS has had its share.
_FOR_DNS: Final = 0.8


@dataclass(frozen=True)
class Authenticator:
    """Checks one stored message at a time. `authserv`: our name in the result.

    `servers`: the DNS servers to ask, `address:port`; none: those of this machine. `seconds`: for all checks
    of one message.
    """

    authserv: str
    servers: tuple[str, ...] = ()
    seconds: float = 10
    process: child.Limits = field(default_factory=lambda: child.Limits(memory_bytes=200 * 2**20, cpu_seconds=20))

    def check(self, raw: Path, envelope: Envelope) -> str:
        """SPF, DKIM, DMARC and ARC of a message as it came in by SMTP, in one value.

        Raises TryLater when no child could do the work; that says nothing about the message.
        """
        job = {
            "raw": str(raw.resolve()),
            "envelope": asdict(envelope),
            "servers": list(self.servers),
            "seconds": self.seconds * _FOR_DNS,
        }
        limits = asdict(self.process) | {"wall_seconds": math.ceil(self.seconds)}
        outcome = child.run("mail.authenticate_child", job, child.Limits(**limits), network=True)
        found = {method: f"{method}=temperror reason=not-finished" for method in METHODS}
        for answer in outcome.answers:
            found |= _believed(answer)
        return "; ".join((self.authserv, *found.values()))


def _believed(answer: Any) -> dict[str, str]:  # noqa: ANN401 -- whatever the child said
    """The result by its method, as it may be written; nothing when it is none."""
    try:
        method, word, reason = answer["method"], answer["word"], answer["reason"]
        if method not in METHODS or word not in _WORDS:
            return {}
        written = [f"{method}={word}"]
        if reason and _REASON.fullmatch(reason):
            written.append(f"reason={reason.replace(' ', '-')}")
        written += [f"{name}={answer['properties'][name]}" for name in _PROPERTIES if _is_shown(answer, name)]
        return {method: " ".join(written)}
    except (KeyError, TypeError):
        return {}


def _is_shown(answer: dict[str, Any], name: str) -> bool:
    value = answer["properties"].get(name, "")
    return isinstance(value, str) and signatures.is_name(value)
