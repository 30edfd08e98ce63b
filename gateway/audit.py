"""The whole log checked again: commitments, tree, checkpoints, rows, and every stored byte.

Rule 1: nothing here trusts what it checks: hashes are computed anew from the entries.
Rule 2: each problem names the first thing that is wrong, and what that means, in English and in Dutch.
Rule 3: memory stays flat: whatever grows with the log is read in blocks.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, union
from sqlmodel import Session, col

from gateway import audit_rows, erasing
from gateway.audit_log import Keys, LogCheck
from gateway.core.errors import Corrupt, Problem
from gateway.database import Database
from gateway.ledger import size_of
from gateway.ports import Blobs
from gateway.records import CheckpointRow, FileRow, LetterRow, MessageRow, PartRow, SubmissionRow

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Audit:
    """What was looked at, and every problem found; none means that all of it agrees.

    `erased`: entries whose event was erased under retention, as another entry says.
    """

    entries: int
    checkpoints: int
    files: int
    problems: tuple[Problem, ...]
    erased: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems


def audit(
    database: Database,
    blobs: Blobs,
    vkey: str,
    *,
    content: bool = False,
    others: Sequence[str] = (),
    tsa_roots: bytes = b"",
    outside: Sequence[str] = (),
) -> Audit:
    """Check the whole log; with `content` every received byte too.

    `vkey`: of the key in use; `others`: the keys that the log had before, and its witnesses'. `tsa_roots`: the
    authority's certificates (PEM), for the time stamps. `outside`: checkpoints (signed notes) that somebody else kept:
    whoever has the signing key can make everything here agree with itself, but not with those.
    """
    with database.read() as session:
        size = size_of(session)
        log = LogCheck(session, size, Keys(session, vkey, others), tsa_roots, outside)
        problems = [*log.problems(), *audit_rows.problems(session), *erasing.problems(session)]
        checkpoints = session.scalar(select(func.count()).select_from(CheckpointRow)) or 0
        files = 0
        for sha256 in _stored(session) if content else ():
            files += 1
            problems += _blob(blobs, sha256)
        erased = erasing.count(session)
    return Audit(size, checkpoints, files, tuple(problems), erased)


def _stored(session: Session) -> Iterator[str]:
    """The SHA-256 of every stored file: received, derived, letters, messages; what is being erased may be gone."""
    going = select(col(SubmissionRow.id)).where(col(SubmissionRow.erasing_at).is_not(None))
    columns = (
        (col(FileRow.sha256), col(FileRow.submission_id)),
        (col(PartRow.sha256), col(PartRow.submission_id)),
        (col(LetterRow.sha256), col(LetterRow.submission_id)),
    )
    every = union(
        select(col(MessageRow.sha256)).where(col(MessageRow.sha256).is_not(None)),
        *(
            select(column).where(column.is_not(None), column != "", or_(of.is_(None), of.not_in(going)))
            for column, of in columns
        ),
    )
    yield from (str(sha256) for sha256 in session.scalars(every.execution_options(yield_per=1000)))


def _blob(blobs: Blobs, sha256: str) -> Iterator[Problem]:
    digest = hashlib.sha256()
    try:
        with blobs.open(sha256) as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except (Corrupt, OSError) as error:
        yield Problem(
            f"file {sha256} cannot be read: {error}",
            f"bestand {sha256} kan niet worden gelezen: het is weg of onleesbaar",
        )
        return
    if digest.hexdigest() != sha256:
        yield Problem(
            f"file {sha256} was changed on disk",
            f"bestand {sha256} is op schijf veranderd: de inhoud hoort niet meer bij deze vingerafdruk",
        )
