"""What a trusted mail hop says of the sender's address (RFC 8601)."""

import re
from collections.abc import Sequence

_SIGN = re.compile(r"\\.|.", re.DOTALL)
_DMARC = re.compile(r"\s*dmarc\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.IGNORECASE)
_NOT_PASS = frozenset({"fail", "reject", "quarantine", "permerror"})


def verdict(headers: Sequence[str], trusted: Sequence[str]) -> str:
    """`pass`, `fail` or `none`: the DMARC result in the topmost header of a trusted authserv-id.

    Only DMARC ties the result to the From address that people see. A header of an authserv-id that the
    configuration does not name is anybody's word, and counts for nothing; so are the values that a trusted
    header quotes from the sender, such as `smtp.mailfrom=dmarc=pass@example.org`.
    """
    known = {name.casefold() for name in trusted}
    for header in headers:
        service, *results = _bare(header).split(";")
        named = service.split()
        if named and named[0].casefold() in known:
            words = {_word(found[1].casefold()) for result in results if (found := _DMARC.match(result))}
            # Two results that disagree prove nothing in the sender's favour.
            return next((word for word in ("fail", "none", "pass") if word in words), "none")
    return "none"


def _bare(header: str) -> str:
    """The header without quoted strings and comments (RFC 5322 section 3.2): strangers may write in both."""
    kept: list[str] = []
    depth, quoted = 0, False
    for sign in _SIGN.findall(header):
        if quoted or (sign == '"' and not depth):
            quoted = quoted != (sign == '"')
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(0, depth - 1)
        elif not depth:
            kept.append(sign)
    return "".join(kept)


def _word(result: str) -> str:
    if result == "pass":
        return "pass"
    return "fail" if result in _NOT_PASS else "none"
