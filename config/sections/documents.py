"""What is done with a document: limits, scanners, the kinds that are taken, copies for viewing."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.sections.base import Section
from gateway.core import kinds


class Limits(Section):
    submission_mb: int = Field(30, gt=0)
    counts: Literal["files", "message"] = "files"
    parts: int = Field(500, gt=0)
    depth: int = Field(10, gt=0)
    unpacked_mb: int = Field(300, gt=0)
    ratio: int = Field(200, gt=1)
    child_memory_mb: int = Field(512, ge=128)
    child_cpu_seconds: int = Field(30, gt=0)
    child_wall_seconds: float = Field(60, gt=0)


class Scanners(Section):
    clamd: str = Field("", pattern=r"^(|unix:/.+|unix:[^/].*|tcp:.+:\d+)$")
    canary_seconds: float = Field(3600, gt=0)
    timeout_seconds: float = Field(120, gt=0)
    wait_hours: float = Field(24, ge=0)
    at_once: int = Field(4, gt=0)
    rescan: bool = True
    rescan_minutes: float = Field(10, gt=0)
    rescan_batch: int = Field(100, gt=0)
    rescan_days: float = Field(7, gt=0)


def _is_kind(name: str) -> str:
    return _known(name, kinds.ALL)


def _has_words(name: str) -> str:
    return _known(name, kinds.NAMES)


def _known(name: str, known: Collection[str]) -> str:
    if name not in known:
        raise ValueError(f"unknown kind {name!r}; one of {', '.join(sorted(known))}")
    return name


Sentences = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]


class FileWords(Section):
    """What the sender of a kind of file that is not taken reads, in the office's own words."""

    kind: Annotated[str, AfterValidator(_has_words)]
    why_nl: Sentences
    way_round_nl: Sentences
    why_en: Sentences
    way_round_en: Sentences


class Files(Section):
    accepted: tuple[Annotated[str, AfterValidator(_is_kind)], ...] = kinds.ALL
    words: tuple[FileWords, ...] = ()

    @model_validator(mode="after")
    def _has_a_way_round(self) -> "Files":
        if kinds.NEEDED not in self.accepted:
            raise ValueError(f"accepted must hold {kinds.NEEDED!r}: whoever sent another kind is told to make one")
        for given in self.words:
            if given.kind in self.accepted:
                raise ValueError(f"words for {given.kind!r}, which is accepted: nobody would read them")
        return self

    @property
    def taken(self) -> kinds.Taken:
        """Which kinds are taken, and what the sender of another one reads."""
        own = {
            w.kind: {"nl": kinds.Words(w.why_nl, w.way_round_nl), "en": kinds.Words(w.why_en, w.way_round_en)}
            for w in self.words
        }
        return kinds.Taken(self.accepted, own)


class Views(Section):
    libreoffice: str = Field("", pattern=r"^(|none|/.+)$")
    memory_mb: int = Field(1536, ge=512)
    seconds: int = Field(60, gt=0)
