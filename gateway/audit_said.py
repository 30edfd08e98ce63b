"""What the log says of somebody or something, beside the rows about it: how the check of the rows reads both.

Read in batches, so memory stays flat.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.core.errors import NONSENSE, Problem, guarded
from gateway.core.words import OF_THE_HOUSE, EventName
from gateway.ledger import read_event
from gateway.postroom import DRAFTED, FAILED, HANDED_OVER, WITHDRAWN, WRITTEN
from gateway.records import EntryRow, LetterRow
from gateway.schema import instant

BATCH: Final = 500
_ELSEWHERE: Final = (*OF_THE_HOUSE, EventName.SIGNED_IN)
FATES: Final = {EventName.LETTER_HANDED_OVER: HANDED_OVER, EventName.LETTER_FAILED: FAILED}


class Said(NamedTuple):
    """An entry about a subject; `event` is None when it was erased."""

    place: int
    name: str
    at: str
    event: Mapping[str, Any] | None

    def get(self, key: str) -> Any:  # noqa: ANN401  # JSON
        """What the event has under a key; None without one."""
        return (self.event or {}).get(key)


def said_of(session: Session, subjects: Iterable[str]) -> dict[str, list[Said]]:
    """What the log says of each of these requests or submissions, in its order; not of an account of the same name."""
    rows = session.execute(
        select(col(EntryRow.subject), col(EntryRow.index), col(EntryRow.name), col(EntryRow.at), col(EntryRow.event))
        .where(col(EntryRow.subject).in_(list(subjects)), col(EntryRow.name).not_in(_ELSEWHERE))
        .order_by(col(EntryRow.index))
    )
    found: dict[str, list[Said]] = defaultdict(list)
    for subject, index, name, at, event in rows:
        found[subject].append(Said(index, name, instant(at), read_event(event)))
    return found


class Check(Protocol):
    """What belongs to some rows, and the problems of each of them."""

    def problems(self, row: Any) -> Iterator[Problem]: ...  # noqa: ANN401  # a row


def checked(
    session: Session,
    names: Any,  # noqa: ANN401  # a column
    what: str,
    wat: str,
    check: Callable[[Session, Sequence[Any]], Check],
) -> Iterator[Problem]:
    """The problems of all rows of a table with an `id`, some at a time; `names` is the column that names them.

    Where some cannot even be read together, they are read one by one: the one that cannot is named.
    """
    kind, last = names.class_, -1
    while some := session.execute(select(kind.id, names).where(kind.id > last).order_by(kind.id).limit(BATCH)).all():
        last = some[-1].id
        try:
            rows = session.scalars(select(kind).where(kind.id.in_([row.id for row in some])).order_by(kind.id)).all()
            of = check(session, rows)
        except NONSENSE:
            for number, name in some:
                yield from guarded(f"{what} {name}", f"{wat} {name}", _alone(session, kind, number, check))
        else:
            for row, (_, name) in zip(rows, some, strict=True):
                yield from guarded(f"{what} {name}", f"{wat} {name}", of.problems(row))
        session.expunge_all()


def _alone(
    session: Session,
    kind: Any,  # noqa: ANN401  # a class of rows
    number: int,
    check: Callable[[Session, Sequence[Any]], Check],
) -> Iterator[Problem]:
    row = session.scalars(select(kind).where(kind.id == number)).one()
    yield from check(session, [row]).problems(row)


def rows_of(session: Session, kind: Any, key: Any, keys: Iterable[int], order: Any) -> dict[int, list[Any]]:  # noqa: ANN401  # columns
    """The rows that belong to each key, in their order. Raises ValueError that names the one that cannot be read."""
    found: dict[int, list[Any]] = defaultdict(list)
    wanted = select(kind).where(key.in_(list(keys)))
    try:
        rows = session.scalars(wanted.order_by(order)).all()
    except NONSENSE:
        if hasattr(kind, "id"):
            _name_unreadable(session, kind, session.scalars(wanted.with_only_columns(kind.id)).all())
        raise
    for row in rows:
        found[getattr(row, key.key)].append(row)
    return found


def _name_unreadable(session: Session, kind: Any, numbers: Iterable[int]) -> None:  # noqa: ANN401  # a class of rows
    for number in numbers:
        try:
            session.scalars(select(kind).where(kind.id == number)).all()
        except NONSENSE as error:
            raise ValueError(f"{kind.__tablename__} {number}: {error}") from error


def changed(what: str, wat: str, en: str, nl: str) -> Problem:
    """Something is not as the log says it is."""
    return Problem(f"{what} was changed: {en}", f"{wat} is veranderd: {nl}")


def not_as_said(what: str, wat: str, place: int) -> Problem:
    """Something is not what an entry says."""
    return changed(what, wat, f"it is not what entry {place} says", f"het is niet wat regel {place} zegt")


def in_turn(
    what: str, wat: str, is_now: Sequence[tuple[Any, ...]], told: Sequence[tuple[int, tuple[Any, ...]]]
) -> Iterator[Problem]:
    """Rows beside the entries that made them, one by one; names the first that differs, is gone, or is one too many.

    `told`: the place of each entry, and what the row has to say for it.
    """
    for row, entry in zip_longest(is_now, told):
        if entry is None:
            yield changed(what, wat, "no entry says it", "geen regel zegt het")
        elif row is None:
            yield Problem(f"{what} is gone: entry {entry[0]} tells of it", f"{wat} is weg: regel {entry[0]} noemt het")
        elif row != entry[1]:
            yield not_as_said(what, wat, entry[0])
        else:
            continue
        return


def fate(letter: LetterRow, told: Said | None, *, erased: bool = False) -> Iterator[Problem]:
    """What became of a letter is what the log says; `erased`: of what it is about, entries were erased."""
    if told is None:
        if letter.state not in {DRAFTED, WRITTEN, WITHDRAWN} and not erased:
            yield letter_changed(letter.key, f"it is {letter.state}, and no entry says so", None)
    elif (FATES[EventName(told.name)], told.get("sha256"), told.get("antwoord")) != (
        letter.state,
        letter.sha256,
        letter.reply,
    ):
        yield letter_changed(letter.key, f"its fate is not what entry {told.place} says", told.place)


def letter_changed(key: str, en: str, index: int | None) -> Problem:
    """A letter is not as the log says."""
    nl = "geen regel vertelt wat er staat" if index is None else f"zij is niet wat regel {index} zegt"
    return changed(f"letter {key}", f"brief {key}", en, nl)


def letter_gone(key: str, index: int) -> Problem:
    """A letter that an entry tells of is not there."""
    return Problem(
        f"letter {key} is gone, and entry {index} tells of it", f"brief {key} is weg, en regel {index} vertelt ervan"
    )
