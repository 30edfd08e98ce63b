"""What proves it: the ledger, who vouches for it, receipts."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from config.sections.base import Section
from gateway import notes


def _is_witness_key(vkey: str) -> str:
    if notes.parse_vkey(vkey).kind != notes.COSIGNATURE:
        raise ValueError("is a log's key; a witness's own is printed by `herstelpost witness vkey`")
    return vkey


class Witness(Section):
    url: str = Field(pattern=r"^https?://\S*[^/\s]$")
    vkey: Annotated[str, AfterValidator(_is_witness_key)]


class Tsa(Section):
    url: str = Field("", pattern=r"^(|https?://\S+)$")
    ca_file: str = ""
    minutes: float = Field(60, gt=0)
    receipts: bool = True

    @model_validator(mode="after")
    def _can_be_checked(self) -> "Tsa":
        if self.url and not self.ca_file:
            raise ValueError("url needs ca_file: a time stamp that nobody can check is worth nothing")
        return self


class Ledger(Section):
    origin: str = Field("herstelpost.example/intake", pattern=r"^[^\s+]+$")
    key_file: str = ""
    register_key_file: str = ""
    close_minutes: float = Field(60, gt=0)
    check_hours: float = Field(24, gt=0)
    check_content: bool = True
    witnesses: tuple[Witness, ...] = ()
    tsa: Tsa = Tsa()


class Receipts(Section):
    wait_seconds: float = Field(15, ge=0, le=45)
    seal_cert: str = ""
    seal_key: str = ""

    @model_validator(mode="after")
    def _seal_is_complete(self) -> "Receipts":
        if bool(self.seal_cert) != bool(self.seal_key):
            raise ValueError("seal_cert and seal_key belong together: give both or neither")
        return self
