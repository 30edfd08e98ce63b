"""What a delivery report says of the recipients of a message that we sent (RFC 3464). Runs in the reader's child.

Rule 1: bounded: so many recipients, so many characters; what has not the form of a report says nothing.
"""

import re
from collections.abc import Iterator
from typing import Final

from gateway.core.model import Returned
from mail.headers import decode, printable

MEDIA_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MAX_RECIPIENTS: Final = 20
_MAX_ADDRESS: Final = 254
_FIELD: Final = re.compile(r"(?mi)^(final-recipient|original-recipient|action|status)[ \t]*:[ \t]*(.*?)[ \t\r]*$")
_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def recipients(content: bytes) -> tuple[Returned, ...]:
    """One value for each recipient that the report names with an action; status `` when it gives none."""
    groups = re.split(r"\r?\n[ \t]*\r?\n", decode(content, "utf-8"))
    return tuple(_recipients(groups))[:_MAX_RECIPIENTS]


def _recipients(groups: list[str]) -> Iterator[Returned]:
    for group in groups:
        fields = {name.lower(): value for name, value in reversed(_FIELD.findall(group))}
        action = fields.get("action", "").split(" ")[0].lower()
        if action not in _ACTIONS:
            continue
        who = fields.get("original-recipient") or fields.get("final-recipient", "")
        status = _STATUS.match(fields.get("status", ""))
        address = printable(who.partition(";")[2])[:_MAX_ADDRESS].lower()
        yield Returned(address, action, status[0] if status else "")
