"""Which bundles were taken out, and which of them the case system confirmed to have.

Rule 1: a confirmation names the SHA-256 of what was received: half a download confirms nothing.
Rule 2: it covers the submissions as they were in that bundle; what was decided again since is to be fetched again.
Rule 3: only what is covered is ever erased after a hand-over (docs/retention.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.core.errors import NotFound
from gateway.core.words import EventName
from gateway.database import Database
from gateway.inquiry import is_for, request_row
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.records import BundleRow, HandedOverRow, RequestRow, SubmissionRow


@dataclass(frozen=True)
class TakenOut:
    """A bundle that was taken out; `confirmed_at` None: nobody said yet that it arrived."""

    sha256: str
    made_at: datetime
    made_by: str
    submissions: tuple[str, ...]
    confirmed_at: datetime | None
    confirmed_by: str


@dataclass(frozen=True)
class Confirmed:
    """What a confirmation covers; `changed`: was decided again since, so the bundle is to be fetched again."""

    sha256: str
    covered: tuple[str, ...]
    changed: tuple[str, ...]


class Handover:
    """Every method is one transaction."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    def contents(self, reference: str) -> dict[str, int]:
        """What goes into a bundle made now: receipt numbers, each with how often it was decided. Raises NotFound."""
        with self._database.read() as session:
            rows = _submissions(session, request_row(session, reference))
            return {row.number: row.decisions for row in rows if row.outcome is not None and row.erasing_at is None}

    def taken_out(self, reference: str, sha256: str, contents: Mapping[str, int], officer: str) -> None:
        """A bundle left the house: who, what, when (BIO2 8.15.01). Raises NotFound."""
        now = self._clock.now()
        with self._database.write() as session:
            request = request_row(session, reference)
            session.add(
                BundleRow(request_id=request.id, sha256=sha256, made_at=now, made_by=officer, decisions=dict(contents))
            )
            event = {
                "verzoek": reference,
                "medewerker": officer,
                "wat": "bundel",
                "bundel": sha256,
                "besluiten": dict(contents),
            }
            self._ledger.append(session, EventName.CONTENT_ACCESS, now, reference, event)

    def confirm(self, reference: str, sha256: str, officer: str) -> Confirmed:
        """The case system has the bundle: from now the term of what was in it runs. Again changes nothing.

        Raises NotFound for an unknown request, and for a bundle that never left the house for it.
        """
        now = self._clock.now()
        with self._database.write() as session:
            self._ledger.lock(session)  # of two who confirm at once, the second sees the first
            request = request_row(session, reference)
            bundle = session.scalars(
                select(BundleRow).where(
                    col(BundleRow.request_id) == request.id, col(BundleRow.sha256) == sha256.lower()
                )
            ).first()
            if bundle is None:
                problem = f"er is geen bundel van {reference} met deze SHA-256; haal de bundel opnieuw op"
                raise NotFound.because("sha256", problem)
            by_number = {row.number: row for row in _submissions(session, request)}
            same = {n for n, count in bundle.decisions.items() if n in by_number and by_number[n].decisions == count}
            confirmed = Confirmed(bundle.sha256, tuple(sorted(same)), tuple(sorted(bundle.decisions.keys() - same)))
            if bundle.confirmed_at is None:
                bundle.confirmed_at, bundle.confirmed_by = now, officer
                for number in same:
                    if by_number[number].erased_at is None:
                        session.merge(HandedOverRow(submission_id=by_number[number].id, request_id=request.id, at=now))
                event = {
                    "verzoek": reference,
                    "bundel": bundle.sha256,
                    "inzendingen": list(confirmed.covered),
                    "opnieuwBesloten": list(confirmed.changed),
                    "medewerker": officer,
                }
                self._ledger.append(session, EventName.HANDOVER_CONFIRMED, now, reference, event)
            return confirmed

    def bundles(self, reference: str) -> tuple[TakenOut, ...]:
        """The bundles of a request that were taken out, the newest first. Raises NotFound."""
        with self._database.read() as session:
            rows = session.scalars(
                select(BundleRow)
                .where(col(BundleRow.request_id) == request_row(session, reference).id)
                .order_by(col(BundleRow.id).desc())
            )
            return tuple(
                TakenOut(r.sha256, r.made_at, r.made_by, tuple(sorted(r.decisions)), r.confirmed_at, r.confirmed_by)
                for r in rows
            )


def _submissions(session: Session, request: RequestRow) -> list[SubmissionRow]:
    return list(session.scalars(select(SubmissionRow).where(is_for(request))))
