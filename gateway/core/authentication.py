"""What a trusted mail hop says of the sender's address (RFC 8601)."""

import re
from collections.abc import Sequence

_DMARC = re.compile(r"\bdmarc\s*=\s*([a-z]+)", re.IGNORECASE)
_NOT_PASS = frozenset({"fail", "reject", "quarantine", "permerror"})


def verdict(headers: Sequence[str], trusted: Sequence[str]) -> str:
    """`pass`, `fail` or `none`: the DMARC result in the topmost header of a trusted authserv-id.

    Only DMARC ties the result to the From address that people see. A header of an authserv-id that the
    configuration does not name is anybody's word, and counts for nothing.
    """
    known = {name.casefold() for name in trusted}
    for header in headers:
        service = header.strip().split(";")[0].split()
        if service and service[0].casefold() in known:
            found = _DMARC.search(header)
            return _word(found[1].casefold()) if found else "none"
    return "none"


def _word(result: str) -> str:
    if result == "pass":
        return "pass"
    return "fail" if result in _NOT_PASS else "none"
