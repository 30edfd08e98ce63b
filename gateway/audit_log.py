"""The check of the log itself: entries, tree, checkpoints, and who vouches for them from outside.

Everything is computed anew in blocks of `WIDTH` entries, which are the subtrees of one level, so memory stays flat.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from gateway import checkpoints, contents, notes, timestamps
from gateway.core import merkle
from gateway.core.errors import Problem, guarded
from gateway.core.words import EventName
from gateway.ledger import read_event, subject_of
from gateway.records import CheckpointRow, EntryRow, HeadRow, NodeRow
from gateway.schema import instant

LEVEL: Final = 12
WIDTH: Final = 1 << LEVEL
BATCH: Final = 1000
LONGEST_UNTOLD: Final = 1000
"""How many entries may pass before a clock that went back has to be told of in the log."""


class Keys:
    """Which key of the log had to sign when: what the entries say of its changes."""

    def __init__(self, session: Session, vkey: str, others: Sequence[str]) -> None:
        rows = session.scalars(
            select(EntryRow).where(col(EntryRow.name) == EventName.KEY_CHANGED).order_by(col(EntryRow.index))
        )
        self._vkey = vkey
        self._changes = [(row.index, content) for row in rows if (content := read_event(row.event))]
        self.known = (vkey, *others)

    def problems(self) -> Iterator[Problem]:
        """The key in use is the one that the last change brought, and each change continues the one before."""
        brought = [str(content.get("nieuw")) for _, content in self._changes]
        for (index, content), before in zip(self._changes[1:], brought, strict=False):
            if content.get("oud") != before:
                yield Problem(
                    f"entry {index} replaces a key that was not in use: somebody else changed the key",
                    f"regel {index} vervangt een sleutel die niet in gebruik was: iemand anders wisselde de sleutel",
                )
        if brought and brought[-1] != self._vkey:
            yield Problem(
                f"the log signs with a key that no entry brought; entry {self._changes[-1][0]} brought another",
                f"het logboek tekent met een sleutel die nergens staat; regel {self._changes[-1][0]} bracht een andere",
            )

    def signers(self, size: int) -> tuple[str, ...]:
        """The keys that have to be on a checkpoint: both, on the one over the change itself."""
        now = self._vkey if not self._changes else str(self._changes[0][1].get("oud"))
        for index, content in self._changes:
            if index < size:
                now = str(content.get("nieuw"))
            if index == size - 1:
                return str(content.get("oud")), now
        return (now,)


class _Entry(NamedTuple):
    place: int
    commitment: bytes
    name: str
    at: datetime
    subject: str
    event: bytes | None
    salt: bytes | None


_ENTRIES: Final = select(
    col(EntryRow.index),
    col(EntryRow.commitment),
    col(EntryRow.name),
    col(EntryRow.at),
    col(EntryRow.subject),
    col(EntryRow.event),
    col(EntryRow.salt),
).order_by(col(EntryRow.index))


class LogCheck:
    """One check of the log as a transaction sees it. `outside`: checkpoints that somebody else kept."""

    def __init__(self, session: Session, size: int, keys: Keys, tsa_roots: bytes, outside: Sequence[str]) -> None:
        self._session = session
        self._size = size
        self._keys = keys
        self._tsa_roots = tsa_roots
        self._outside = outside
        self._kept: dict[int, list[bytes]] = {}
        self._clock = _ClockCheck(self._dated())
        self._peaks: dict[int, bytes] = {}

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong with the log: what others contradict, then the entries in their order."""
        yield from self._others()
        yield from guarded("the log", "het logboek", self._blocks())
        yield from self._clock.problems()
        yield from self._keys.problems()
        yield from self._surplus()

    # ---- entries and tree ------------------------------------------------------------------------

    def _blocks(self) -> Iterator[Problem]:
        first = 0
        while rows := self._block(first):
            for place, row in enumerate(rows, first):
                if row.place != place:
                    yield _missing(place)
                    return
                yield from self._entry(row)
            levels = _levels([merkle.leaf_hash(row.commitment) for row in rows])
            yield from self._compare(first, levels)
            yield from self._signed_within(first, levels)
            if len(rows) == WIDTH:
                yield from self._carry(first >> LEVEL, levels[LEVEL][0])
            first += len(rows)
            if len(rows) < WIDTH:
                break
        else:
            yield from self._signed_within(first, [[]])
        if (self._session.scalar(select(func.max(col(EntryRow.index)))) or 0) > first:
            yield _missing(first)
        elif first != self._size:
            yield Problem(
                f"the log says it has {self._size} entries, there are {first}",
                f"het logboek zegt {self._size} regels te hebben, er zijn er {first}: er is iets afgehaald of bijgezet",
            )

    def _block(self, first: int) -> list[_Entry]:
        """The entries from a place on; what stands before place 0 comes with the first."""
        wanted = _ENTRIES.where(col(EntryRow.index) < first + WIDTH)
        if first:
            wanted = wanted.where(col(EntryRow.index) >= first)
        return [_Entry(*row) for row in self._session.execute(wanted)]

    def _entry(self, row: _Entry) -> Iterator[Problem]:
        """The entry opens to its commitment, is found under what it says, and came when it says."""
        if row.event is not None and row.salt is not None:
            if len(row.salt) != merkle.SALT_BYTES or merkle.commit(row.salt, row.event) != row.commitment:
                yield Problem(
                    f"entry {row.place} was changed: its event does not match its commitment",
                    f"regel {row.place} is veranderd: wat er staat is niet wat is vastgelegd",
                )
            else:
                yield from self._opened(row, read_event(row.event) or {})
        elif row.event is not None or row.salt is not None:
            yield Problem(
                f"entry {row.place} is half erased", f"regel {row.place} is half gewist: inhoud of zout ontbreekt"
            )
        yield from self._clock.look(row.place, row.name, row.at)

    def _opened(self, row: _Entry, said: dict[str, Any]) -> Iterator[Problem]:
        found = (row.name, instant(row.at), row.place, row.subject)
        if found != (said.get("gebeurtenis"), said.get("tijd"), said.get("logIndex"), subject_of(said)):
            yield Problem(
                f"entry {row.place} was changed: it is not found under what its event says",
                f"regel {row.place} is veranderd: hij staat onder een andere naam, tijd of zaak dan hij zelf zegt",
            )
        if row.name == EventName.REGISTER_CLOSED:
            yield from contents.problems(self._session, row.place, said)

    def _compare(self, first: int, levels: list[list[bytes]]) -> Iterator[Problem]:
        """The nodes within a block, against the stored ones."""
        for level, computed in enumerate(levels):
            start = first >> level
            stored = self._nodes(level, start, len(computed))
            if stored != computed:
                wrong = next(n for n in range(len(computed)) if n >= len(stored) or stored[n] != computed[n])
                yield _unfit(level, start + wrong)
                return

    def _nodes(self, level: int, start: int, count: int) -> list[bytes]:
        """The stored hashes from a position on; nothing in the place of one that is not where it should be."""
        found = self._session.execute(
            select(col(NodeRow.position), col(NodeRow.hash))
            .where(col(NodeRow.level) == level, col(NodeRow.position).between(start, start + count - 1))
            .order_by(col(NodeRow.position))
        )
        return [bytes(value) if position == place else b"" for place, (position, value) in enumerate(found, start)]

    def _carry(self, position: int, value: bytes) -> Iterator[Problem]:
        """A whole block, and the larger subtrees that it completes."""
        level = LEVEL
        while position & 1:
            value = merkle.node_hash(self._peaks.pop(level), value)
            level, position = level + 1, position >> 1
            if self._nodes(level, position, 1) != [value]:
                yield _unfit(level, position)
        self._peaks[level] = value

    def _surplus(self) -> Iterator[Problem]:
        """No node or checkpoint stands where no entry is, and the log has one head."""
        heads = self._session.scalar(select(func.count()).select_from(HeadRow)) or 0
        if heads > 1:
            yield Problem(
                f"the log has {heads} heads: one was put in",
                f"het logboek heeft {heads} koppen: er is er een bij gezet",
            )
        counts = select(col(NodeRow.level), func.count()).group_by(col(NodeRow.level)).order_by(col(NodeRow.level))
        for level, count in self._session.execute(counts):
            if count > self._size >> level:
                yield Problem(
                    f"the tree has {count} nodes of level {level} for {self._size} entries: a node was added",
                    f"de boom heeft {count} knopen van laag {level} voor {self._size} regels: er is er een bij gezet",
                )
        beyond = select(col(CheckpointRow.size)).where(col(CheckpointRow.size) > self._size)
        for size in self._session.scalars(beyond.order_by(col(CheckpointRow.size))):
            yield self._cut(f"checkpoint {size}", f"stand {size}", size)

    def _cut(self, what: str, wat: str, size: int) -> Problem:
        return Problem(
            f"{what} promises {size} entries, there are {self._size}: the log was cut",
            f"{wat} belooft {size} regels, er zijn er {self._size}: het logboek is ingekort",
        )

    # ---- checkpoints -----------------------------------------------------------------------------

    def _others(self) -> Iterator[Problem]:
        """What somebody else kept was signed by this log, which is no shorter; its root is compared on the way."""
        for note in self._outside:
            try:
                opened = notes.open_note(note, self._keys.known)
                signed = notes.parse_checkpoint(opened.text)
            except notes.NoteError as error:
                yield Problem(
                    f"the checkpoint kept elsewhere is not signed by a key of this log: {error}",
                    f"de stand die elders is bewaard, is niet met een sleutel van dit logboek ondertekend: {error}",
                )
                continue
            if not opened.log_keys:
                yield Problem(
                    f"the checkpoint of {signed.size} entries kept elsewhere is not signed by a key of this log",
                    f"de stand van {signed.size} regels die elders is bewaard, is met een andere sleutel ondertekend:"
                    " de sleutel van het logboek is verwisseld",
                )
            if signed.size > self._size:
                yield self._cut("the checkpoint kept elsewhere", "de stand die elders is bewaard", signed.size)
            self._kept.setdefault(signed.size, []).append(signed.root)

    def _signed_within(self, first: int, levels: list[list[bytes]]) -> Iterator[Problem]:
        """Every checkpoint that ends within this block, ours and those that others kept."""
        end = first + len(levels[0])

        def get(level: int, position: int) -> bytes:
            place = position - (first >> level)
            if place < 0:
                return self._peaks[level]
            if level < len(levels):
                return levels[level][place]
            # It ends with this block, which is not among the peaks yet.
            return merkle.node_hash(get(level - 1, 2 * position), get(level - 1, 2 * position + 1))

        for size, roots in self._kept.items():
            if (first < size or not first) and size <= end and set(roots) != {merkle.root(get, size)}:
                yield Problem(
                    f"the first {size} entries are not those of the checkpoint kept elsewhere: history was rewritten",
                    f"de eerste {size} regels zijn niet die van de stand die elders ligt: het logboek is herschreven",
                )
        ours = select(CheckpointRow).where(col(CheckpointRow.size) <= end, col(CheckpointRow.size) >= min(first, 1))
        if first:
            ours = ours.where(col(CheckpointRow.size) > first)
        for row in self._session.scalars(ours.order_by(col(CheckpointRow.size)).execution_options(yield_per=BATCH)):
            yield from self._checkpoint(row, lambda size: merkle.root(get, size))

    def _checkpoint(self, row: CheckpointRow, root: Callable[[int], bytes]) -> Iterator[Problem]:
        """The signatures hold, those of witnesses and authorities too, and the root is that of the entries we have."""
        try:
            opened = notes.open_note(row.note, self._keys.known)
            signed = notes.parse_checkpoint(opened.text)
        except notes.NoteError as error:
            yield Problem(
                f"checkpoint {row.size} is not signed by this log, or a witness's signature is wrong: {error}",
                f"stand {row.size} is niet door dit logboek ondertekend, of een handtekening van een getuige is fout",
            )
            return
        if not set(self._keys.signers(row.size)) <= set(map(str, opened.log_keys)):
            yield Problem(
                f"checkpoint {row.size} is not signed by this log with the key that it had then",
                f"stand {row.size} is niet ondertekend met de sleutel die het logboek toen had",
            )
            return
        if signed.size != row.size:
            yield self._cut(f"checkpoint {row.size}", f"stand {row.size}", signed.size)
        elif root(signed.size) != signed.root:
            yield Problem(
                f"checkpoint {row.size} was signed over other entries: history was rewritten before it",
                f"stand {row.size} is over andere regels ondertekend: de geschiedenis daarvoor is herschreven",
            )
        yield from self._vouched(row, opened)

    def _vouched(self, row: CheckpointRow, opened: notes.OpenedNote) -> Iterator[Problem]:
        if row.vouched & checkpoints.WITNESSED and not opened.cosigned_at:
            yield Problem(
                f"checkpoint {row.size} was cosigned, and has no signature of a witness any more",
                f"stand {row.size} was door een getuige meegetekend, en die handtekening is weg",
            )
        if (row.stamp is not None) != bool(row.vouched & checkpoints.STAMPED):
            yield Problem(
                f"the time stamp of checkpoint {row.size} was taken away, or put there by somebody else",
                f"de tijdstempel van stand {row.size} is weggehaald, of door iemand anders neergezet",
            )
        elif row.stamp is not None and self._tsa_roots:
            try:
                timestamps.check(row.stamp, opened.text, self._tsa_roots)
            except timestamps.BadStamp as error:
                yield Problem(
                    f"the time stamp of checkpoint {row.size} is wrong: {error}",
                    f"de tijdstempel van stand {row.size} klopt niet",
                )

    # ---- who saw the log when --------------------------------------------------------------------

    def _dated(self) -> Iterator[tuple[int, datetime]]:
        """How many entries the log had when a witness or an authority saw it, by that number."""
        outside = sorted(dated for note in self._outside for dated in self._seen(note, None))
        rows = (
            select(CheckpointRow)
            .where(col(CheckpointRow.vouched) > 0)
            .order_by(col(CheckpointRow.size))
            .execution_options(yield_per=BATCH)
        )
        ours = (dated for row in self._session.scalars(rows) for dated in self._seen(row.note, row.stamp))
        return heapq.merge(outside, ours)

    def _seen(self, note: str, stamp: bytes | None) -> Iterator[tuple[int, datetime]]:
        with suppress(notes.NoteError, timestamps.BadStamp):  # told with the checkpoint
            opened = notes.open_note(note, self._keys.known)
            size = notes.parse_checkpoint(opened.text).size
            yield from ((size, datetime.fromtimestamp(at, UTC)) for at in opened.cosigned_at.values())
            if stamp is not None and self._tsa_roots:
                yield size, timestamps.check(stamp, opened.text, self._tsa_roots).at


class _ClockCheck:
    """No entry says it was made before somebody did not see it yet, after somebody saw it, or before the last one."""

    def __init__(self, dated: Iterator[tuple[int, datetime]]) -> None:
        self._dated = dated
        self._next = next(dated, None)
        self._since: datetime | None = None
        self._latest: datetime | None = None
        self._untold: tuple[int, Problem] | None = None

    def look(self, index: int, name: str, at: datetime) -> Iterator[Problem]:
        """The next entry."""
        while self._next is not None and self._next[0] <= index:
            self._since, self._next = self._next[1], next(self._dated, None)
        if self._since is not None and at < self._since - checkpoints.CLOCKS_DIFFER:
            seen = instant(self._since)
            yield Problem(
                f"entry {index} is backdated: a witness saw the log without it at {seen}",
                f"regel {index} is achteraf gedateerd: een getuige zag het logboek zonder deze regel op {seen}",
            )
        if self._next is not None and at > self._next[1] + checkpoints.CLOCKS_DIFFER:
            seen = instant(self._next[1])
            yield Problem(
                f"entry {index} is postdated: a witness saw the log with it at {seen}",
                f"regel {index} is vooruit gedateerd: een getuige zag het logboek met deze regel op {seen}",
            )
        yield from self._order(index, name, at)

    def _order(self, index: int, name: str, at: datetime) -> Iterator[Problem]:
        """A clock that went back is told of in the log soon after; one that nobody told of is a forger's."""
        if name == EventName.CLOCK_JUMPED:
            self._latest, self._untold = at, None
        elif self._latest is None or at >= self._latest:
            self._latest = at
        elif at < self._latest - checkpoints.CLOCKS_DIFFER and self._untold is None:
            self._untold = (
                index,
                Problem(
                    f"entry {index} is dated before the entry before it, and no leap of the clock was told",
                    f"regel {index} heeft een vroegere tijd dan een regel ervoor, zonder dat de klok is verzet",
                ),
            )
        if self._untold is not None and index > self._untold[0] + LONGEST_UNTOLD:
            yield from self.problems()

    def problems(self) -> Iterator[Problem]:
        """What was not told of by the end."""
        if self._untold is not None:
            yield self._untold[1]
            self._untold = None


def _levels(hashes: list[bytes]) -> list[list[bytes]]:
    """The complete subtrees over neighbouring leaves, by level; at least as many levels as a block has."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([merkle.node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)])
    return levels


def _missing(place: int) -> Problem:
    return Problem(
        f"entry {place} is missing: something was taken out of the log",
        f"regel {place} ontbreekt: er is iets uit het logboek gehaald",
    )


def _unfit(level: int, position: int) -> Problem:
    last = ((position + 1) << level) - 1
    return Problem(
        f"entry {last} does not fit the tree at ({level}, {position}): the log was rewritten",
        f"regel {last} past niet in de boom op ({level}, {position}): het logboek is herschreven",
    )
