"""What every section of the configuration is made of."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_LISTEN = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.\-]+):\d{1,5}$"
_MAIL = r"^[^@\s+<>]+@[^@\s<>]+$"
_LAST_PORT = 65535


def _has_port(address: str) -> str:
    if address and int(address.rpartition(":")[2]) > _LAST_PORT:
        raise ValueError(f"a port is at most {_LAST_PORT}")
    return address


def _is_network(text: str) -> str:
    ipaddress.ip_network(text)
    return text


def _is_number(address: str) -> str:
    ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    return address


Listen = Annotated[str, Field(pattern=_LISTEN), AfterValidator(_has_port)]
MaybeListen = Annotated[str, Field(pattern=r"^$|" + _LISTEN), AfterValidator(_has_port)]
# A name would have to be looked up by what it names.
DnsServer = Annotated[Listen, AfterValidator(_is_number)]
MailAddress = Annotated[str, Field(pattern=_MAIL)]
MaybeMail = Annotated[str, Field(pattern=r"^$|" + _MAIL)]
Network = Annotated[str, AfterValidator(_is_network)]


class Section(BaseModel):
    """A frozen part of the configuration that takes no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
