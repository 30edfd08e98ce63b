"""Who may come in: staff accounts, portal sessions, bearer tokens, and a brake on guessing.

Rule 1: only hashes of secrets are kept.
Rule 2: everything is in the database, so any process can answer for any session.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import and_, delete, func, select
from sqlmodel import Session, col

from gateway.core.errors import Refused
from gateway.core.words import EventName
from gateway.database import Database
from gateway.ledger import Ledger
from gateway.ports import Clock
from gateway.records import AccountRow, AttemptRow, RequestRow, SessionRow, TokenRow
from gateway.requests import SALT_BYTES, hash_secret
from gateway.schema import instant

SHORTEST_PASSWORD: Final = 12


class StaffRole(StrEnum):
    """What a member of staff may do: handle requests, or see evidence without content."""

    CASEWORKER = "behandelaar"
    AUDITOR = "auditor"


class Scope(StrEnum):
    """What a bearer token may do."""

    READ_REQUESTS = "verzoeken:lezen"
    WRITE_REQUESTS = "verzoeken:schrijven"
    READ_SUBMISSIONS = "inzendingen:lezen"
    WRITE_SUBMISSIONS = "inzendingen:schrijven"
    CONFIRM_BUNDLES = "bundels:bevestigen"


@dataclass(frozen=True)
class PortalSession:
    """Somebody who is signed in. `subject`: the request's reference, or the member of staff's name."""

    kind: str
    subject: str
    csrf: str


@dataclass(frozen=True)
class ApiToken:
    """A bearer token as listed: never the secret."""

    name: str
    scopes: tuple[str, ...]
    made_at: str
    revoked: bool


@dataclass(frozen=True)
class Try:
    """Somebody tries a password. `counted`: how it is known; `again_at`: it may not be tried before then."""

    counted: tuple[int, ...]
    again_at: datetime | None = None


PARTY: Final = "party"
ROLE: Final = {PARTY: "indiener"} | {role.value: role.value for role in StaffRole}
"""What the log calls a kind of session."""
SIGN_INS: Final = "inloggen"
FILES: Final = "bestand:"
"""What the subject of a tried password of a file begins with: it is no sign-in."""
_FORGOTTEN: Final = timedelta(days=1)
MOST_NAMED: Final = 20


class People:
    """Every method is one transaction."""

    def __init__(self, database: Database, ledger: Ledger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    # ---- sessions --------------------------------------------------------------------------------

    def begin(self, kind: str, subject: str, minutes: int, origin: str = "") -> str:
        """A new session, and the entry that says so; returns the secret for the cookie.

        `kind`: `party` or a StaffRole; `origin`: the address that it was asked from.
        """
        secret = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(col(SessionRow.expires_at) < now))
            session.add(
                SessionRow(
                    id=_digest(secret),
                    kind=kind,
                    subject=subject,
                    csrf=secrets.token_urlsafe(16),
                    expires_at=now + timedelta(minutes=minutes),
                )
            )
            who = {"verzoek": subject} if kind == PARTY else {"medewerker": subject}
            event = {**who, "onderwerp": subject, "rol": ROLE[kind], "herkomst": origin}
            self._ledger.append(session, EventName.SIGNED_IN, now, subject, event)
        return secret

    def session(self, secret: str) -> PortalSession | None:
        """Whose session this is, or None when there is none or it has run out."""
        with self._database.read() as session:
            row = session.get(SessionRow, _digest(secret))
            if row is None or row.expires_at < self._clock.now():
                return None
            return PortalSession(row.kind, row.subject, row.csrf)

    def end(self, secret: str) -> None:
        """Sign out."""
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(col(SessionRow.id) == _digest(secret)))

    # ---- the brake -------------------------------------------------------------------------------

    def braked(self, subject: str, limit: int, minutes: int) -> bool:
        """Whether `subject` (a reference, an address) has failed too often lately."""
        since = self._clock.now() - timedelta(minutes=minutes)
        with self._database.read() as session:
            count = session.scalar(
                select(func.count())
                .select_from(AttemptRow)
                .where(col(AttemptRow.subject) == subject[:200], col(AttemptRow.at) >= since)
            )
        return (count or 0) >= limit

    def failed(self, subject: str) -> None:
        """Count one failure."""
        with self._database.write() as session:
            session.add(AttemptRow(subject=subject[:200], at=self._clock.now()))

    def try_password(self, limits: Mapping[str, int], minutes: int) -> "Try":
        """Count one try against each of these subjects, which may have so many within the window.

        It counts from here on, so that tries at the same time are not one; `take_back` what turned out right. When
        one of them had its number, nothing is counted and the answer says when the next try may come.
        """
        now, window = self._clock.now(), timedelta(minutes=minutes)
        with self._database.write() as session:
            self._ledger.lock(session)  # of two tries at once, the second sees the first
            after = [
                times[-1] + window
                for subject, limit in limits.items()
                if len(times := _tries(session, FILES + subject, now - window, limit)) == limit
            ]
            if after:
                return Try((), max(after))
            rows = [AttemptRow(subject=(FILES + subject)[:200], at=now) for subject in limits]
            session.add_all(rows)
            session.flush()
            return Try(tuple(row.id for row in rows))

    def take_back(self, tried: "Try") -> None:
        """It was no wrong password."""
        with self._database.write() as session:
            session.execute(delete(AttemptRow).where(col(AttemptRow.id).in_(tried.counted)))

    def note_failures(self, minutes: int) -> int:
        """Say in the log how often signing in failed; returns how often. One entry each time, however many there were.

        Takes what is older than the window in which it counts against somebody, and forgets it. Names are told only
        of requests and accounts that there are: in the place of a name people type passwords too.
        """
        now = self._clock.now()
        of_files = col(AttemptRow.subject).startswith(FILES)
        old = and_(col(AttemptRow.at) < now - timedelta(minutes=minutes), ~of_files)
        with self._database.write() as session:
            self._ledger.lock(session)  # each failure is told once
            session.execute(delete(AttemptRow).where(of_files, col(AttemptRow.at) < now - _FORGOTTEN))
            counts = session.execute(
                select(
                    col(AttemptRow.subject), func.count(), func.min(col(AttemptRow.at)), func.max(col(AttemptRow.at))
                )
                .where(old)
                .group_by(col(AttemptRow.subject))
            ).all()
            failed = {subject: count for subject, count, _, _ in counts if not subject.startswith(FROM)}
            if not failed:
                return 0
            known = {name: count for subject, count in failed.items() if (name := _known(session, subject))}
            most = sorted(known.items(), key=lambda item: (-item[1], item[0]))[:MOST_NAMED]
            event = {
                "onderwerp": SIGN_INS,
                "van": instant(min(row[2] for row in counts)),
                "tot": instant(max(row[3] for row in counts)),
                "pogingen": sum(failed.values()),
                "op": [{"naam": name, "pogingen": count} for name, count in most],
                "anders": sum(failed.values()) - sum(count for _, count in most),
                "adressen": sum(subject.startswith(FROM) for subject, *_ in counts),
            }
            self._ledger.append(session, EventName.SIGN_IN_FAILED, now, SIGN_INS, event)
            session.execute(delete(AttemptRow).where(old))
            return sum(failed.values())

    # ---- staff -----------------------------------------------------------------------------------

    def add_account(self, name: str, role: StaffRole, password: str) -> None:
        """Make a local account, or give it a new password and role. Raises Refused."""
        if len(password) < SHORTEST_PASSWORD:
            raise Refused.because("password", f"at least {SHORTEST_PASSWORD} characters")
        if not name.strip():
            raise Refused.because("name", "must not be empty")
        salt = secrets.token_bytes(SALT_BYTES)
        with self._database.write() as session:
            session.merge(AccountRow(name=name, role=role, salt=salt, hash=hash_secret(password, salt)))
            event = {"account": name, "rol": role.value}
            self._ledger.append(session, EventName.ACCOUNT_CHANGED, self._clock.now(), name, event)

    def sign_in(self, name: str, password: str) -> StaffRole | None:
        """The role of the account when the password is right. Unknown names take the same time."""
        with self._database.read() as session:
            row = session.get(AccountRow, name)
            salt, expected = (row.salt, row.hash) if row and not row.disabled else (bytes(SALT_BYTES), b"")
            role = StaffRole(row.role) if row else None
        return role if hmac.compare_digest(hash_secret(password, salt), expected) else None

    # ---- tokens ----------------------------------------------------------------------------------

    def make_token(self, name: str, scopes: tuple[Scope, ...]) -> str:
        """A new bearer token, shown this once. Raises Refused when the name is taken."""
        secret = "hp_" + secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._database.write() as session:
            self._ledger.lock(session)  # of two processes with one name, the second is refused
            if session.get(TokenRow, name) is not None:
                raise Refused.because("name", f"there is a token {name} already")
            session.add(TokenRow(name=name, hash=_digest(secret), scopes=list(scopes), made_at=now))
            event = {"token": name, "rechten": [scope.value for scope in scopes]}
            self._ledger.append(session, EventName.ACCOUNT_CHANGED, now, name, event)
        return secret

    def tokens(self) -> tuple[ApiToken, ...]:
        """All tokens, revoked ones included."""
        with self._database.read() as session:
            rows = session.scalars(select(TokenRow).order_by(col(TokenRow.name)))
            return tuple(
                ApiToken(r.name, tuple(r.scopes), r.made_at.isoformat(), r.revoked_at is not None) for r in rows
            )

    def revoke_token(self, name: str) -> None:
        """The token opens nothing any more. Raises Refused when there is none."""
        with self._database.write() as session:
            row = session.get(TokenRow, name)
            if row is None:
                raise Refused.because("name", f"there is no token {name}")
            row.revoked_at = now = self._clock.now()
            event = {"token": name, "rechten": list(row.scopes), "ingetrokken": True}
            self._ledger.append(session, EventName.ACCOUNT_CHANGED, now, name, event)

    def scopes(self, secret: str) -> tuple[str, frozenset[str]] | None:
        """Name and scopes of a token that is known and not revoked."""
        with self._database.read() as session:
            row = session.scalars(select(TokenRow).where(col(TokenRow.hash) == _digest(secret))).first()
            return None if row is None or row.revoked_at else (row.name, frozenset(row.scopes))


FROM: Final = "adres:"


def _known(session: Session, subject: str) -> str | None:
    """The request or account that somebody tried to open, if there is one; `subject` as `portal.auth` counts it."""
    kind, _, name = subject.partition(":")
    if kind == "verzoek":
        return session.scalar(
            select(col(RequestRow.reference)).where(col(RequestRow.reference).in_((name, name.upper())))
        )
    return session.scalar(select(col(AccountRow.name)).where(func.lower(col(AccountRow.name)) == name))


def _tries(session: Session, subject: str, since: datetime, most: int) -> Sequence[datetime]:
    """When it was tried since, the last first."""
    query = select(col(AttemptRow.at)).where(col(AttemptRow.subject) == subject[:200], col(AttemptRow.at) >= since)
    return session.scalars(query.order_by(col(AttemptRow.at).desc()).limit(most)).all()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
