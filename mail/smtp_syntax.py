"""The grammar of SMTP command lines: verbs, paths and parameters. Pure.

Rule 1: what RFC 5321 does not allow is refused here, before it can reach a log, JSON or SQL.
Rule 2: a failure is a `BadCommand` with the name of a reply in `mail.codes`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# RFC 5321 section 4.5.3.1.3: a path has at most 256 octets, its angle brackets included.
MAX_ADDRESS_OCTETS: Final = 254
MAX_DOMAIN_OCTETS: Final = 255

# A local part is taken as it comes but for its length and characters: some providers hand out dots that
# RFC 5321 section 4.1.2 does not allow, and a lawful applicant must not be turned away for that.
_LOCAL = r"""[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u00a1-\ud7ff\ue000-\U0010ffff-]+|"(?:[ !#-\[\]-~]|\\[ -~])*\""""
_LABEL = r"[A-Za-z0-9_\u00a1-\ud7ff\ue000-\U0010ffff](?:[A-Za-z0-9_\u00a1-\ud7ff\ue000-\U0010ffff-]*)"
_ADDRESS = re.compile(rf"(?:{_LOCAL})@(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Za-z:.]+\])")
# A quoted local part may hold angle brackets; everything else of a path may not.
_PATH = re.compile(r"""<((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>(?: +(.*))?""")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_HELLO = re.compile(r"[!-~]+")
# Browsers, and bodies of messages whose sender did not wait for our reply, never get a second line.
_HTTP = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PRI", "PUT", "TRACE"})


class BadCommand(Exception):
    """The command cannot be taken; `reply` is the name of the answer, `values` fill it in."""

    def __init__(self, reply: str, **values: str) -> None:
        super().__init__(reply)
        self.reply = reply
        self.values = values


@dataclass(frozen=True)
class Command:
    """A command line: the verb in capitals, and the rest of the line without the blanks around it."""

    verb: str
    argument: str

    @property
    def is_foreign(self) -> bool:
        """Whether this is not SMTP at all but HTTP, or a header of a message."""
        return self.verb in _HTTP or (self.verb.endswith(":") and len(self.verb) > 1)


def command(line: bytes) -> Command:
    """The command in a line that still has its line end. Raises BadCommand."""
    if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
        raise BadCommand("bad_line")
    try:
        verb, _, argument = line[:-2].decode().partition(" ")
    except UnicodeDecodeError:
        raise BadCommand("not_utf8") from None
    return Command(verb.upper(), argument.strip(" "))


def hello(argument: str, verb: str) -> str:
    """The name a client gives itself (RFC 5321 section 4.1.1.1): printable ASCII. Raises BadCommand."""
    if not _HELLO.fullmatch(argument) or len(argument) > MAX_DOMAIN_OCTETS:
        raise BadCommand("syntax", syntax=f"{verb} hostname")
    return argument


def path(argument: str, keyword: str) -> tuple[str, Mapping[str, str]]:
    """The address between the angle brackets, and the parameters in capitals. Raises BadCommand.

    A blank after the colon is taken, as every server does; an address without brackets is not.
    """
    syntax = BadCommand("syntax", syntax=f"{keyword}<address>")
    if argument[: len(keyword)].upper() != keyword:
        raise syntax
    match = _PATH.fullmatch(argument[len(keyword) :].lstrip(" "))
    if match is None:
        raise syntax
    return match[1], _parameters(match[2] or "")


def address_fault(address: str, *, utf8: bool, bad: str) -> str | None:
    """The name of the reply this address deserves: `bad`, or that it needs SMTPUTF8; None when it will do."""
    if len(address.encode()) > MAX_ADDRESS_OCTETS or not _ADDRESS.fullmatch(address):
        return bad
    return None if utf8 or address.isascii() else "needs_smtputf8"


def declared_size(parameters: Mapping[str, str]) -> int:
    """The octets announced with SIZE (RFC 1870), 0 when none were. Raises BadCommand."""
    value = parameters.get("SIZE", "0")
    if not re.fullmatch(r"[0-9]{1,20}", value):
        raise BadCommand("bad_parameter")
    return int(value)


def _parameters(text: str) -> Mapping[str, str]:
    parameters: dict[str, str] = {}
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None or match[1].upper() in parameters:
            raise BadCommand("bad_parameter")
        parameters[match[1].upper()] = (match[2] or "").upper()
    return parameters
