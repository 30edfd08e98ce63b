"""The authenticating child: one stored message and its envelope in, one result a line out, as soon as it is known.

Rule 1: runs only under `scanners.child`, with the network, because it asks DNS; the parent believes nothing of it
before it has checked it.
Rule 2: what cannot be read in one way only vouches for nobody: the reader of the facts and the checks must see
the same header fields.
"""

import time
from pathlib import Path
from typing import Any, BinaryIO, Final

from gateway.core.model import Envelope
from mail import dmarc, headers, signatures, spf
from mail.resolver import Resolver
from scanners import child

_HEADER_BYTES: Final = 256 * 1024
_BEST: Final = ("pass", "temperror", "fail", "policy", "permerror")


def check(job: dict[str, Any]) -> None:
    """Do one job of `mail.authenticate.Authenticator`: say SPF, DKIM, DMARC and ARC, in this order."""
    resolver = Resolver(job["servers"], job["seconds"])
    envelope = Envelope(**job["envelope"])
    sent_by = spf.check(envelope.peer, envelope.mail_from, envelope.helo, resolver)
    _say("spf", sent_by[0], "", {"smtp.mailfrom" if envelope.mail_from else "smtp.helo": sent_by[1]})
    with Path(job["raw"]).open("rb") as file:
        found = header_fields(file)
        if found is None:
            for method in ("dkim", "dmarc", "arc"):
                _say(method, "permerror", "ambiguous headers", {})
            return
        head, fields, body = found
        message = signatures.Message(file, fields, body, int(time.time()), resolver)
        _check_signatures(message, _sender_domain(head), sent_by, resolver)


def _check_signatures(message: signatures.Message, sender: str, sent_by: tuple[str, str], resolver: Resolver) -> None:
    signed_by = message.dkim(lambda domain: bool(sender) and dmarc.aligned(domain, sender))
    _say_dkim(signed_by, sender)
    if sender:
        word, policy = dmarc.check(sender, sent_by, signed_by, resolver)
        _say("dmarc", word, "", {"header.from": sender, "policy.dmarc": policy})
    else:
        _say("dmarc", "permerror", "no single sender", {})
    chain = message.arc()
    _say("arc", chain.word, chain.reason, {"header.d": chain.domain})


def _say_dkim(results: list[signatures.Result], sender: str) -> None:
    """The best result of a domain that speaks for the sender, else the best of all."""

    def worth(result: signatures.Result) -> tuple[bool, int]:
        return not (sender and dmarc.aligned(result.domain, sender)), _BEST.index(result.word)

    best = min(results, key=worth, default=signatures.Result("none"))
    _say("dkim", best.word, best.reason, {"header.d": best.domain, "header.s": best.selector})


def _say(method: str, word: str, reason: str, properties: dict[str, str]) -> None:
    child.say({"method": method, "word": word, "reason": reason, "properties": properties})


# ---- the header block, read twice ----------------------------------------------------------------


def header_fields(file: BinaryIO) -> tuple[headers.Headers, list[signatures.Field], int] | None:
    """The header as the facts see it, as it stands in the file, and where the body begins; None when they differ."""
    window = file.read(_HEADER_BYTES)
    parsed = headers.parse(window, whole=len(window) < _HEADER_BYTES, first=True)
    if parsed is None or parsed[0].defects:
        return None
    head, body = parsed
    raw = _raw_fields(window[:body])
    seen = [(name, value.lstrip()) for name, value in head.fields]
    if raw is None or [(f.name, f.value.replace(b"\r\n", b"").lstrip()) for f in raw] != seen:
        return None
    return head, raw, body


def _raw_fields(block: bytes) -> list[signatures.Field] | None:
    """The fields with all their bytes; None when a line is neither a field nor the rest of one."""
    found: list[list[bytes]] = []
    # After the last field come its line end and the empty line; a message may end before either.
    for line in block.removesuffix(b"\r\n").removesuffix(b"\r\n").split(b"\r\n") if block.strip() else ():
        if line[:1] in {b" ", b"\t"} and found:
            found[-1].append(line)
        elif b":" in line:
            found.append([line])
        else:
            return None
    return [signatures.Field(_name(field[0]), b"\r\n".join(field)) for field in found]


def _name(line: bytes) -> str:
    return line.partition(b":")[0].rstrip(b" \t").decode("ascii", "replace").lower()


def _sender_domain(head: headers.Headers) -> str:
    """The domain of the one address in From, as DNS writes it; empty when there is not exactly one."""
    values = head.all("from")
    senders = headers.mailboxes(values)
    if len(values) != 1 or len(senders) != 1:
        return ""
    domain = senders[0].address.rpartition("@")[2].rstrip(".")
    try:
        written = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return written if signatures.is_name(written) else ""


WORK: Final = check
