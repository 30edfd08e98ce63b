"""What the law and the organisation ask: requests, letters, terms, outages, retention, the archive."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.sections.base import MaybeListen, MaybeMail, Section
from gateway.core.decision_term import Reading, UnusedTermEnd
from gateway.core.leniency import POSTED_DAYS

FICTITIOUS = "FICTIEF VOORBEELD, geen besluit"


class Designation(Section):
    """By which decision of the body a channel is the designated way for a type of message (Awb 2:13 lid 2)."""

    message_type: Literal["stukken_bij_herstelverzoek"] = "stukken_bij_herstelverzoek"
    channel: Literal["email", "portaal"]
    reference: str = Field(pattern=r"\S")
    in_force: date


class Requests(Section):
    templates_dir: str = ""
    reference_prefix: str = Field("HV", pattern=r"^[A-Za-z0-9]{1,20}$")
    import_mb: int = Field(5, gt=0, le=7)  # the portal takes plain bodies up to 8
    import_rows: int = Field(5000, gt=0)


class Letters(Section):
    release_at_import: bool = False
    postal_address: str = Field("Postbus 1, 1000 AA Voorbeeldstad", min_length=1)
    notice_alarm_hours: float = Field(24, gt=0, le=48)
    resend_minutes: float = Field(60, ge=0)
    full_notice_from: date = date(2027, 1, 1)
    reminder_days: tuple[Annotated[int, Field(ge=0, le=90)], ...] = (7, 2)


class Staff(Section):
    """Who is told what by itself."""

    desk_mail: MaybeMail = ""
    officer: str = ""
    officer_mail: MaybeMail = ""
    team_lead_mail: MaybeMail = ""
    team_lead_days: int = Field(2, ge=0, le=28)


class Conditions(Section):
    profile: Literal["by_date", "awb-tot-2026", "awb-vanaf-2026"] = "by_date"


class Terms(Section):
    unused_term_end: UnusedTermEnd = UnusedTermEnd.LAST_DAY
    own_terms_move: bool = True
    same_items_suspend: bool = False
    posted_days: int = Field(POSTED_DAYS, ge=0, le=31)
    warn_days: tuple[Annotated[int, Field(ge=0, le=28)], ...] = (7, 2, 0)
    decision_terms: str = ""

    @property
    def reading(self) -> Reading:
        """How the decision term is read where the law leaves room."""
        return Reading(self.unused_term_end, self.same_items_suspend)


class Outages(Section):
    days: int = Field(1, gt=0, le=31)
    watch_seconds: float = Field(60, ge=0)
    gap_seconds: float = Field(300, gt=0)
    message_minutes: float = Field(60, ge=0)
    smtp: MaybeListen = ""
    portal: MaybeListen = ""
    announce_days: int = Field(14, ge=0)

    @model_validator(mode="after")
    def _can_see_a_gap(self) -> "Outages":
        if self.watch_seconds and self.gap_seconds < 2 * self.watch_seconds:
            raise ValueError("gap_seconds must be at least twice watch_seconds, or every late look is an outage")
        return self


class Kept(Section):
    """How long one type is kept, and why."""

    days: int = Field(ge=0)
    ground: str = Field(min_length=1)
    list_item: str = ""


class KeptKind(Kept):
    kind: str = Field(min_length=1)


_AFTER_HANDOVER = "AVG art. 5 lid 1 e: het zaaksysteem heeft de stukken; wij hebben ze niet meer nodig"


class Retention(Section):
    erase: bool = True
    minutes: float = Field(60, gt=0)
    batch: int = Field(100, gt=0, le=10_000)
    handed_over: Kept = Kept(days=28, ground=_AFTER_HANDOVER)
    without_request: Kept = Kept(days=365, ground="AVG art. 5 lid 1 e: bij geen verzoek te leggen, en afgehandeld")
    request: Kept = Kept(days=28, ground=_AFTER_HANDOVER)
    refused: Kept = Kept(days=1095, ground="BIO2 5.28.01: gegevens over voorvallen minstens drie jaar")
    access: Kept = Kept(days=1095, ground="BIO2 5.28.01: gegevens over voorvallen minstens drie jaar")
    kinds: tuple[KeptKind, ...] = ()


class Archive(Section):
    creator: str = ""
    creator_id: str = ""
    appraisal: Literal["B", "V", "N"] = "N"
    selection_list: str = ""
    category: str = ""
    restriction: str = Field("Nader te bepalen", min_length=1)
