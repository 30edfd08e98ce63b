"""A small house with a bit of everything in it, and somebody with root and the signing key who changes one thing.

What is changed is drawn at random from a seed: a cell, a row or two rows of any table that is evidence, a stored
file, an exported tile, or the past itself: entries rewritten, taken out, put in or swapped, with tree, checkpoints and
rows made to agree again. Outside stays what a witness has: the last checkpoint, cosigned. Each says by what name it has
to be found: of a row the submission, request, letter, message or entry that it belongs to.

Not evidence, so never changed here: work in progress (attempts, leases, errors, what is found out before a decision, a
message before it is in the portal), sessions, counted attempts, slots, mailbox positions, and hashes of secrets.
"""

import hashlib
import json
import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from config.calendar import load_calendar
from gateway import checkpoints, contents, marks, notes, tiles
from gateway.audit import audit
from gateway.core.alerts import AlertKind, Recipient
from gateway.core.answers import drafts
from gateway.core.decide import decide
from gateway.core.errors import Problem
from gateway.core.facts import Act, ActKind
from gateway.core.match import match
from gateway.core.model import Envelope, Inspection, Reading, RefusedAttempt, Verdict
from gateway.core.notices import MessageKind
from gateway.core.words import Channel, EventName, Reason
from gateway.dealings import Dealings, Way
from gateway.handover import Handover
from gateway.inquiry import request_row
from gateway.ledger import Ledger
from gateway.outages import Outages, Rules
from gateway.outbox import Outbox
from gateway.people import Scope, StaffRole
from tests.support import dossier, storage
from tests.support.retention import retention

WITNESS: Final = notes.Cosigner("witness.example/w1", notes.generate_key())
OTHERS: Final = (WITNESS.vkey,)
FILES: Final = "blobs"
TILES: Final = "tiles"
MARKS: Final = "register.pem"


# ---- the house -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Furnished:
    """A house before anything was changed: where it is, and the checkpoint that its witness has."""

    directory: Path
    witnessed: str

    def copy(self, directory: Path) -> Path:
        """The same house somewhere else; what was changed there before is as it was."""
        if not directory.exists():
            shutil.copytree(self.directory, directory)
        wanted = {path.relative_to(self.directory) for path in self.directory.rglob("*") if path.is_file()}
        for path in directory.rglob("*"):
            if path.is_file() and path.relative_to(directory) not in wanted:
                path.unlink()
        for name in wanted:
            shutil.copyfile(self.directory / name, directory / name)
        return directory

    def problems(self, directory: Path) -> tuple[Problem, ...]:
        """What the whole check says of a copy, against what the witness has."""
        with storage.opened(directory) as kept:
            found = audit(
                kept.database, kept.blobs, kept.ledger.vkey, content=True, others=OTHERS, outside=[self.witnessed]
            )
            return (*found.problems, *tiles.differences(kept.database, directory / TILES))


class _Carrier:
    """Hands every second letter over, and is refused the others."""

    def __init__(self) -> None:
        self.count = 0

    def deliver(self, _key: str, _letter: bytes, _to: str, sender: str = "") -> Any:
        self.count += 1
        return _Fate(self.count % 2 == 1)


class _Fate(NamedTuple):
    ok: bool
    permanent: bool = True
    reply: str = "250 2.0.0 taken"


def furnish(directory: Path) -> Furnished:
    """Requests, submissions, refused attempts, acts, letters, outages, people, and a log of all of it."""
    with storage.opened(directory) as kept:
        marker = marks.Marker(_made(directory / MARKS, marks.generate()))
        numbers = [storage.decided(kept, number, item) for number, item in ((1, "1"), (2, "2"), (3, "1"))]
        kept.ledger.checkpoint(kept.clock.now())
        kept.clock.forward(minutes=7)
        storage.open_request(kept.requests, kenmerk="HV-2026-000124", zaaknummer="Z1-0009999999")
        kept.requests.extend("HV-2026-000124", storage.request().verzondenOp + timedelta(60), "ziek", "j.jansen")
        kept.store.act(numbers[2], Act(ActKind.REFUSE, "j.jansen", reason=Reason.UNREADABLE))
        _decide_again(kept, numbers[2])
        kept.requests.judge(storage.REFERENCE, "1", approved=True, officer="j.jansen")
        _sign(kept)
        for number in range(20, 24):
            kept.clock.forward(minutes=3)
            kept.ledger.checkpoint(kept.clock.now())
            kept.store.accept(storage.arrival(number, kept.blobs, received_at=kept.clock.now()))
        envelope = Envelope("vreemde@example.net", ("fout@intake.example",), "192.0.2.9", "x.example.net")
        for reason in ("niet_aangewezen_adres", "te_groot"):
            attempt = RefusedAttempt(Channel.SMTP, kept.clock.now(), reason, "fout@intake.example", envelope)
            kept.store.register(attempt)
        _house(kept)
        _dealings(kept, numbers)
        _shared(kept, storage.REFERENCE, "HV-2026-000124")
        _last_days(kept)
        _sign(kept)
        for _ in range(2):
            kept.clock.forward(minutes=5)
            kept.store.note_access(storage.REFERENCE, "bundel", "j.jansen")
            contents.close(kept.database, kept.ledger, marker, kept.clock.now())
            note = _sign(kept)
        tiles.export(kept.database, directory / TILES)
    return Furnished(directory, note)


def _made(path: Path, content: bytes) -> bytes:
    path.write_bytes(content)
    return content


def _decide_again(kept: storage.Storage, number: str) -> None:
    """From what was read of it: scanned, matched and decided; after an act once more."""
    claim = kept.store.claim(number)
    assert claim is not None
    seen = {p.seq: Inspection(p.sha256, "application/pdf", Verdict.CLEAN) for p in kept.store.load(number).parts}
    kept.store.save_inspections(claim, seen, "")
    claim = kept.store.claim(number)
    assert claim is not None
    clues, sender = kept.store.find_clues(number)
    kept.store.save_match(claim, clues, match(clues, sender).tied)
    claim = kept.store.claim(number)
    assert claim is not None
    facts = kept.store.facts(number)
    decision = decide(facts)
    kept.store.save_decision(claim, facts, decision, drafts(number, facts, decision, None, (storage.ADDRESS,)))
    storage.finish(kept)


def _house(kept: storage.Storage) -> None:
    """Letters with their fate, outages, accounts and tokens, and content that was looked at."""
    for letter in kept.store.waiting():
        spool = kept.blobs.spool()
        spool.write(f"Aan: {letter.draft.to}\n{letter.draft.key}\n".encode())
        kept.store.save_letter(letter.draft.key, spool.keep())
    outbox = Outbox(kept.database, kept.ledger, kept.blobs, kept.clock, _Carrier(), 1)
    outbox.send(lambda _event, _fields: None)
    rules = Rules(load_calendar(), 1, timedelta(days=1))
    outages = Outages(kept.database, kept.ledger, kept.clock, kept.requests, rules)
    now = kept.clock.now()
    outages.end(outages.add("smtp", now - timedelta(hours=2), None, planned=False, note="stroom").id, now)
    outages.add("portaal", now, now + timedelta(hours=1), planned=True, note="onderhoud")
    kept.people.add_account("j.jansen", StaffRole.CASEWORKER, "een lang wachtwoord")
    kept.people.add_account("m.auditor", StaffRole.AUDITOR, "een lang wachtwoord")
    kept.people.make_token("zaaksysteem", (Scope.READ_REQUESTS, Scope.WRITE_REQUESTS))
    kept.people.make_token("oud", (Scope.READ_REQUESTS,))
    kept.people.revoke_token("oud")
    kept.people.add_account("zaaksysteem", StaffRole.AUDITOR, "een lang wachtwoord")  # a person, with a program's name


def _dealings(kept: storage.Storage, numbers: list[str]) -> None:
    """Messages on each way, consents, more time, a telephone call, a hand-over, and legal holds."""
    reference, officer = "HV-2026-000124", "j.jansen"
    letters = kept.correspondence
    letters.release(reference, officer)
    dealings = Dealings(kept.database, kept.ledger, kept.clock, kept.requests, letters.say_in)
    for day, ask in ((70, dealings.grant), (80, lambda key, _until, *rest: dealings.refuse(key, *rest))):
        kept.clock.forward(minutes=1)
        asked = dealings.ask(reference, Way.PHONE, f"{day} dagen", "A. Voorbeeld", officer)
        ask(asked, storage.request().verzondenOp + timedelta(day), "ziek", officer)
        dealings.contact(reference, kept.clock.now(), "A. Voorbeeld", f"belt terug over {day} dagen", officer)
    while letters.write() or kept.alerts.write():
        pass
    outbox = Outbox(kept.database, kept.ledger, kept.blobs, kept.clock, _Carrier(), 1, postroom=kept.store._postroom)
    outbox.send(lambda _event, _fields: None)
    for task in kept.posting.tasks():
        kept.posting.printed(task.id, officer)
        kept.posting.posted(task.id, kept.clock.now().date(), officer)
    person = kept.consents.of(reference)[0].party
    for kinds, given in (([MessageKind.RECEIPT], False), ([MessageKind.OTHER], True), ([MessageKind.RECEIPT], True)):
        kept.consents.note(reference, person, kinds, "formulier", officer, given=given)
    kept.consents.decline(reference, person, "telefoon", officer, declined=True)
    handover = Handover(kept.database, kept.ledger, kept.clock)
    for name in ("een", "twee"):
        kept.clock.forward(minutes=1)
        bundle = hashlib.sha256(name.encode()).hexdigest()
        handover.taken_out(storage.REFERENCE, bundle, handover.contents(storage.REFERENCE), officer)
    handover.confirm(storage.REFERENCE, bundle, officer)
    holds = retention(kept, kept.clock)
    holds.hold(numbers[0], "bezwaar", officer)
    holds.hold(reference, "WOO-verzoek", officer)
    holds.release(reference, "afgedaan", officer)


def _shared(kept: storage.Storage, *references: str) -> None:
    """One mail for two requests."""
    addresses = tuple(kept.queries.request(reference).mailadres for reference in references)
    envelope = Envelope(storage.APPLICANT, addresses, "192.0.2.1", "mail.example.org")
    number = kept.store.accept(storage.arrival(9, kept.blobs, envelope=envelope)).number
    spool = kept.blobs.spool()
    spool.write(dossier.pdf(width=209))
    assert spool.keep().sha256 == storage.part(9).sha256
    claim = kept.store.claim(number)
    assert claim is not None
    kept.store.save_reading(claim, Reading(None, (storage.part(9),)))
    _decide_again(kept, number)


def _last_days(kept: storage.Storage) -> None:
    """Of two requests the last days come near and pass: reminders, outages that touch them, and what staff is told."""
    rules = Rules(load_calendar(), 1, timedelta(days=1))
    outages = Outages(kept.database, kept.ledger, kept.clock, kept.requests, rules)
    references = ("HV-2026-000125", "HV-2026-000126")
    for reference in references:
        storage.open_request(
            kept.requests, kenmerk=reference, zaaknummer=reference, termijn={"aantal": 2, "eenheid": "weken"}
        )
    for days in (7, 5, 2):
        kept.clock.forward(days=days)
        kept.reminders.remind()
    evening = kept.clock.now().replace(hour=16)
    outages.add("portaal", evening, evening + timedelta(hours=5), planned=False, note="stroom")
    outages.add("smtp", evening, evening + timedelta(hours=5), planned=False, note="stroom")
    for reference in references:
        outages.dismiss(reference, f"geen storing voor {reference}", "j.jansen")
    kept.clock.forward(days=2)
    kept.closing.lapse()
    by = kept.clock.now().date() + timedelta(2)
    for reference in references:
        with kept.database.write() as session:
            row = request_row(session, reference)
            kept.alerts.tell(
                session, row, AlertKind.TERM, [Recipient.OFFICER], day=by - timedelta(2), last_day=by, days_before=2
            )
    while kept.correspondence.write() or kept.alerts.write():
        pass
    Outbox(kept.database, kept.ledger, kept.blobs, kept.clock, _Carrier(), 1, postroom=kept.store._postroom).send(
        lambda _event, _fields: None
    )


def _sign(kept: storage.Storage) -> str:
    """A checkpoint, cosigned by the witness; its note."""
    signed = kept.ledger.checkpoint(kept.clock.now())
    line = WITNESS.cosign(notes.split_note(signed.note)[0], int(kept.clock.now().timestamp()))
    checkpoints.add_cosignatures(kept.database, signed.size, [line])
    return signed.note + line


# ---- what root can do ----------------------------------------------------------------------------

DECIDED: Final = "step IN ('filed', 'held')"
# The newest checkpoint is not counted by a closing yet; it is what the witness has.
FATED: Final = "state IN ('handed_over', 'failed')"
TRIED: Final = "state IN ('verzonden', 'mislukt')"
COUNTED: Final = "size < (SELECT max(size) FROM ledger_checkpoint)"
_CELLS: Final = f"""
submission | {DECIDED} | number source channel received_at accepted_at envelope session_request arrival_index
submission | {DECIDED} | receipt_index step sender message trouble malware clues request_id decisions facts outcome
submission | {DECIDED} | rule ground detail reasons
submission | NOT {DECIDED} | number channel received_at accepted_at envelope arrival_index outcome step
received_file | 1 | submission_id sha256 bytes
received_file | submission_id IN (SELECT id FROM submission WHERE {DECIDED}) | name media_type item position
part | 1 | submission_id seq parent role name original_name declared_type bytes sha256 note item media_type verdict
part | 1 | findings outcome reason number request
act | 1 | submission_id acted_at act
letter | {FATED} AND submission_id IS NOT NULL | key submission_id draft receipt_index state sha256 reply
letter | {FATED} AND alert_id IS NOT NULL | key alert_id receipt_index state sha256 reply
letter | {FATED} AND sending_id IS NOT NULL | key sending_id receipt_index state sha256 reply
request | 1 | reference case_number application_kind procedure language sent_day term_count term_unit channels last_day
request | 1 | token mail_address status
party | 1 | request_id role name email organisation consents declined
item | 1 | request_id position number kind description person original_required statement_allowed status
consent | 1 | party_id kind given source
consent | at IS NOT NULL | at
message | placed_at IS NOT NULL | key request_id kind content placed_at placed_index sha256
sending | {TRIED} | message_id party_id way why attempt state sent_at
reminder | 1 | request_id day last_day made_at
alert | 1 | request_id kind told day last_day made_at
outage_answer | 1 | request_id outages was until officer reason answered_at
submission_share | 1 | submission_id request_id receipt_index
extension | 1 | request_id way asked_at asked state was until answered_at officer answer
contact | 1 | request_id spoken_at person agreed officer noted_at
bundle | 1 | request_id sha256 made_at made_by decisions
bundle | confirmed_at IS NOT NULL | confirmed_at confirmed_by
handed_over | 1 | submission_id request_id at
legal_hold | 1 | subject placed_at placed_by reason released_at
outage | 1 | channel started_at ended_at planned note
account | 1 | name role disabled
token | 1 | name scopes made_at
token | revoked_at IS NOT NULL | revoked_at
ledger_entry | 1 | "index" commitment name at subject event salt
ledger_node | 1 | level position hash
ledger_head | 1 | size
ledger_checkpoint | {COUNTED} | size signed_at note vouched
"""  # noqa: S608  # ours
CELLS: Final = tuple(tuple(part.strip() for part in line.split("|")) for line in _CELLS.strip().splitlines())
_SOME: Final = {"ledger_checkpoint": COUNTED, "sending": TRIED, "message": "placed_at IS NOT NULL"}
ROWS: Final = tuple(dict.fromkeys((table, _SOME.get(table, "1")) for table, _, _ in CELLS))
# The state of a step that a later step may not have; any other word would not be read at all.
_WORDS: Final = {
    "step": ["accepted", "decided", "held", "filed"],
    "state": ["written", "handed_over", "failed", "verzonden", "mislukt", "wacht", "gegeven", "geweigerd"],
    "way": ["email", "post", "telefoon"],
    "role": ["auditor", "behandelaar", "gemachtigde", "referent", "document", "message"],
    "status": ["open", "compleet", "gesloten", "verlopen", "ontvangen", "goedgekeurd", "afgekeurd"],
    "outcome": ["aangenomen", "geweigerd", "aangehouden", "niet_gevraagd"],
    "channel": ["smtp", "imap", "portaal", "post"],
    "procedure": ["aanvraag", "bezwaar"],
    "term_unit": ["dagen", "weken", "maanden"],
    "reason": ["besmet", "onleesbaar", "te_laat"],
}


@dataclass(frozen=True)
class Tampering:
    """One change: what was done, and what has to be named by what finds it."""

    what: str
    named: tuple[str, ...]

    def is_named(self, problems: Iterable[str]) -> bool:
        """Whether one of these names it: in whole words."""
        names = "|".join(map(re.escape, self.named))
        return any(re.search(rf"(?<!\w)(?:{names})(?!\w)", problem) for problem in problems)


def tamper(directory: Path, draw: random.Random) -> Tampering:
    """Change one thing in a copy of a house."""
    kinds: list[tuple[Callable[[Path, random.Random], Tampering], int]] = [
        (_cell, 9), (_row_gone, 4), (_row_more, 3), (_rows_swapped, 3), (_file, 3), (_tile, 2), (_past, 6), (_clock, 1),
        (_key, 1),
    ]  # fmt: skip
    return draw.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0](directory, draw)


class _Tables:
    """The tables, open to anybody with root; committed on leaving."""

    def __init__(self, directory: Path) -> None:
        self._connection = sqlite3.connect(directory / "herstelpost.db")
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA synchronous = OFF")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.commit()
        self._connection.close()

    def rows(self, table: str, where: str = "1") -> list[sqlite3.Row]:
        return self.all(f'SELECT rowid AS "at row", * FROM {table} WHERE {where}')  # noqa: S608

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        return self._connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values: object) -> None:
        assert self._connection.execute(sql, values).rowcount, f"nothing was changed: {sql}"


def _cell(directory: Path, draw: random.Random) -> Tampering:
    with _Tables(directory) as tables:
        while True:
            table, where, columns = draw.choice(CELLS)
            column = draw.choice(columns.split())
            row = draw.choice(tables.rows(table, where))
            old = row[column.strip('"')]
            new = _other(old, column, draw)
            try:
                tables.change(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", new, row["at row"])  # noqa: S608
            except sqlite3.IntegrityError:
                continue  # the table itself refuses this one
            at_row = new if row["at row"] == old and column in _ROWIDS else row["at row"]
            now = tables.rows(table, f"rowid = {at_row}")[0]
            named = (*_names(tables, table, row), *_names(tables, table, now))
            return Tampering(f"{table}.{column}: {old!r} became {new!r}", named)


_ROWIDS: Final = {'"index"', "size"}  # SQLite's own name of a row, where they are its primary key
_YES_OR_NO: Final = {"consents", "declined", "disabled", "given", "planned", "original_required", "statement_allowed"}


def _other(value: Any, column: str, draw: random.Random) -> Any:  # any cell
    """Another value of the same kind."""
    if column in _WORDS:
        return draw.choice([word for word in _WORDS[column] if word != value])
    if isinstance(value, bytes):
        place = draw.randrange(len(value))
        return value[:place] + bytes([value[place] ^ 1 << draw.randrange(8)]) + value[place + 1 :]
    if isinstance(value, int):
        return 1 - value if column in _YES_OR_NO else value + 1
    if value is None:
        return "7"
    if column.endswith(("_at", "day")) or column == "at":
        moved = datetime.fromisoformat(value) + timedelta(days=draw.randrange(1, 400))
        return moved.strftime("%Y-%m-%d") if column.endswith("day") else moved.strftime("%Y-%m-%d %H:%M:%S.%f")
    with_json = value[:1] in {"[", "{"}
    return json.dumps(_other_json(json.loads(value))) if with_json else f"{value}x"


def _other_json(value: Any) -> Any:  # any JSON
    if isinstance(value, dict) and value:
        key = next((k for k, v in value.items() if v not in (None, [], {})), next(iter(value)))
        return value | {key: _other_json(value[key])}
    if isinstance(value, list) and value:
        return [_other_json(value[0]), *value[1:]]
    others: dict[type, Any] = {str: f"{value}x", list: ["x"], dict: {"x": "x"}}
    return others[type(value)] if type(value) in others else (value or 0) + 1


def _row_gone(directory: Path, draw: random.Random) -> Tampering:
    with _Tables(directory) as tables:
        table, where = draw.choice(ROWS)
        row = draw.choice(tables.rows(table, where))
        named = _names(tables, table, row)
        tables.change(f"DELETE FROM {table} WHERE rowid = ?", row["at row"])  # noqa: S608
        return Tampering(f"a row of {table} was removed: {_shown(row)}", named)


def _row_more(directory: Path, draw: random.Random) -> Tampering:
    with _Tables(directory) as tables:
        while True:
            table, where = draw.choice(ROWS)
            row = dict(draw.choice(tables.rows(table, where)))
            before = len(tables.rows(table))
            row.pop("at row")
            if "id" in row:
                row["id"] += 1000
            for column in {
                "number",
                "source",
                "key",
                "reference",
                "name",
                "index",
                "position",
                "token",
                "hash",
                "seq",
                "size",
                *(["submission_id"] if table == "handed_over" else []),
            } & row.keys():
                if isinstance(row[column], str):
                    row[column] += "x"
                elif isinstance(row[column], int):
                    row[column] += draw.choice((1, 50))
            names = ", ".join(f'"{name}"' for name in row)
            try:
                places = ", ".join("?" * len(row))
                tables.change(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608
            except sqlite3.IntegrityError:
                continue
            named = _names(tables, table, row)
            if table == "ledger_entry":  # behind a gap the gap is what is seen first
                named = (*named, f"entry {before}")
            return Tampering(f"a row was put into {table}: {_shown(row)}", named)


_ORDERED: Final = {
    "ledger_entry": '"index"',
    "ledger_node": "position",
    "item": "position",
    "part": "seq",
    "received_file": "sha256",
    "act": "acted_at",
    "submission": "arrival_index",
    "ledger_checkpoint": "note",
    "letter": "receipt_index",
    "message": "sha256",
    "extension": "asked_at",
    "contact": "spoken_at",
    "bundle": "made_at",
    "consent": "at",
    "alert": "request_id",
    "reminder": "last_day",
    "outage_answer": "reason",
    "submission_share": "receipt_index",
}


def _rows_swapped(directory: Path, draw: random.Random) -> Tampering:
    with _Tables(directory) as tables:
        while True:
            table, column = draw.choice(list(_ORDERED.items()))
            bare = column.strip('"')
            where = COUNTED if table == "ledger_checkpoint" else "level = 0" if table == "ledger_node" else "1"
            rows = tables.rows(table, where)
            if len({row[bare] for row in rows}) < 2:  # nothing to swap
                continue
            one, other = draw.sample(rows, 2)
            if one[bare] == other[bare]:
                continue
            key = column if table == "ledger_entry" else "rowid"
            aside = -1 if isinstance(one[bare], int) else "x"
            named = (*_names(tables, table, one), *_names(tables, table, other))
            steps = [(aside, one["at row"]), (one[bare], other["at row"])]
            steps.append((other[bare], aside if table == "ledger_entry" else one["at row"]))
            for value, place in steps:
                tables.change(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", value, place)  # noqa: S608
            return Tampering(f"{table}.{column}: {one['at row']} and {other['at row']} changed places", named)


_OF: Final = {
    **dict.fromkeys(("received_file", "part", "act", "submission_share"), ("submission", "submission_id", "number")),
    **dict.fromkeys(
        ("party", "item", "extension", "contact", "bundle", "reminder", "alert", "outage_answer"),
        ("request", "request_id", "reference"),
    ),
    "sending": ("message", "message_id", "key"),
}  # fmt: skip
_OWN: Final = {
    "submission": "{number}", "letter": "letter {key}", "request": "{reference}", "message": "message {key}",
    "legal_hold": "{subject}", "outage": "outage {id}", "account": "account {name}", "token": "token {name}",
    "ledger_entry": "entry {index}", "ledger_node": "({level}, {position})", "ledger_checkpoint": "checkpoint {size}",
    "ledger_head": "the log",
}  # fmt: skip


def _names(tables: _Tables, table: str, row: Any) -> tuple[str, ...]:  # a row
    """By what name something done to this row has to be found."""
    if table in _OWN:
        own = _OWN[table].format(**{key: row[key] for key in row.keys()})  # noqa: SIM118  # rows of sqlite3
        return (own, *_besides(tables, table, row))
    if table in _OF:
        of, column, name = _OF[table]
        owners = tables.all(f"SELECT {name} FROM {of} WHERE id = ?", row[column])  # noqa: S608
        unreadable = f"ValueError {table} {row['id']}" if "id" in row.keys() else ""  # noqa: SIM118
        return (*(found[0] for found in owners), *filter(None, [unreadable]))
    if table == "consent":
        party = tables.all("SELECT request_id FROM party WHERE id = ?", row["party_id"])
        return tuple(name for each in party for name in _names(tables, "party", each))
    request = tables.all("SELECT reference FROM request WHERE id = ?", row["request_id"])  # a hand-over
    return tuple(f"request {each[0]}" for each in request)


def _besides(tables: _Tables, table: str, row: Any) -> tuple[str, ...]:  # a row
    """What else names it: nodes too many are counted, and checkpoints are counted by the closing of the register."""
    if table == "ledger_node":
        return (f"nodes of level {row['level']}",)
    if table != "ledger_checkpoint":
        return ()
    closed = tables.all("SELECT event FROM ledger_entry WHERE name = ?", EventName.REGISTER_CLOSED)
    counted = [json.loads(each[0])["standen"] for each in closed]
    return tuple(f"checkpoints from {c['van']} to {c['tot']}" for c in counted if c["van"] < row["size"] <= c["tot"])


def _shown(row: Any) -> str:  # a row
    return ", ".join(f"{key}={row[key]!r}" for key in list(row.keys())[:6])


# ---- files ---------------------------------------------------------------------------------------


def _stored(directory: Path) -> list[Path]:
    return sorted(path for path in (directory / FILES).rglob("*") if path.is_file())


def _file(directory: Path, draw: random.Random) -> Tampering:
    path = draw.choice(_stored(directory))
    return Tampering(f"{path.name} {_spoil(path, draw)}", (path.name,))


def _tile(directory: Path, draw: random.Random) -> Tampering:
    path = draw.choice(sorted(path for path in (directory / TILES).rglob("*") if path.is_file()))
    return Tampering(f"{path.name} {_spoil(path, draw, gone=False)}", (path.name,))


def _spoil(path: Path, draw: random.Random, *, gone: bool = True) -> str:
    content = path.read_bytes()
    kind = draw.choice(["bit", "cut", "more", "gone"] if gone else ["bit", "cut", "more"])
    if kind == "gone":
        path.unlink()
    elif kind == "bit":
        path.write_bytes(_other(content, "", draw))
    else:
        path.write_bytes(content[:-1] if kind == "cut" else content + b"x")
    return kind


# ---- the past, with the signing key in hand ------------------------------------------------------

Past = list[dict[str, Any]]


def _past(directory: Path, draw: random.Random) -> Tampering:
    """Entries are changed, taken out, put in or swapped, and everything is made to agree again."""

    def change(past: Past) -> str:
        inside = [n for n, event in enumerate(past) if event["gebeurtenis"] != EventName.REGISTER_CLOSED]
        place, other = sorted(draw.sample(inside, 2))
        kind = draw.choice(["changed", "removed", "inserted", "swapped", "salted anew", "cut off"])
        if kind == "changed":
            past[place]["toegevoegd"] = draw.randrange(1000)
        elif kind == "removed":
            del past[place]
        elif kind == "inserted":
            past.insert(place, dict(past[other]))
        elif kind == "swapped":
            past[place], past[other] = past[other], past[place]
        elif kind == "cut off":
            del past[-1]
        return f"entry {place} was {kind} (with {other})"

    return Tampering(_rewrite(directory, change), ("checkpoint kept elsewhere", "the checkpoint of"))


def _key(directory: Path, _draw: random.Random) -> Tampering:
    """The signing key is another one, and everything is signed again with it."""
    (directory / "ledger.pem").write_bytes(notes.key_to_pem(notes.generate_key()))
    return Tampering(_rewrite(directory, lambda _past: "all was signed with another key"), ("kept elsewhere",))


def _clock(directory: Path, draw: random.Random) -> Tampering:
    """The clock is set back, and something comes in "in time"."""
    with storage.opened(directory) as kept:
        kept.clock.forward(minutes=-draw.randrange(10, 100_000))
        with kept.database.write() as session:
            place = kept.ledger.append(session, EventName.CONTENT_ACCESS, kept.clock.now(), "HV-1", {"wat": "bundel"})
        kept.ledger.checkpoint(kept.clock.now())
    return Tampering(f"entry {place} was dated {kept.clock.now()}", (f"entry {place}",))


def _rewrite(directory: Path, change: Callable[[Past], str]) -> str:
    """Write the log anew, with real code and the real key: everything in it fits everything else."""
    with _Tables(directory) as tables:
        rows = tables.all('SELECT event FROM ledger_entry ORDER BY "index"')
        signed = {row[0]: row[1] for row in tables.all("SELECT size, signed_at FROM ledger_checkpoint")}
        past: Past = [json.loads(row["event"]) for row in rows]
        told = change(past)
        for table in ("ledger_entry", "ledger_node", "ledger_checkpoint"):
            tables.all(f"DELETE FROM {table}")  # noqa: S608
        tables.change("UPDATE ledger_head SET size = 0")
    with storage.opened(directory) as kept:
        marker = marks.Marker((directory / MARKS).read_bytes())
        moved = {event["logIndex"]: _append(kept, kept.ledger, marker, event, signed) for event in past}
    with _Tables(directory) as tables:
        for table, column in (
            ("submission", "arrival_index"),
            ("submission", "receipt_index"),
            ("letter", "receipt_index"),
        ):
            for row in tables.rows(table, f"{column} IS NOT NULL"):
                new = moved.get(row[column], row[column])
                tables.change(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", new, row["at row"])  # noqa: S608
    return told


def _append(
    kept: storage.Storage, ledger: Ledger, marker: marks.Marker, event: dict[str, Any], signed: dict[int, str]
) -> int:
    at = datetime.fromisoformat(event["tijd"])
    if event["gebeurtenis"] == EventName.REGISTER_CLOSED:
        place = contents.close(kept.database, ledger, marker, at, anyway=True)
        assert place is not None
    else:
        own = {k: v for k, v in event.items() if k not in {"gebeurtenis", "tijd", "log", "logIndex"}}
        subject = str(
            next((own[k] for k in ("onderwerp", "ontvangstnummer", "verzoek", "geadresseerde") if own.get(k)), "")
        )
        with kept.database.write() as session:
            place = ledger.append(session, EventName(event["gebeurtenis"]), at, subject, own)
    if place + 1 in signed:
        ledger.checkpoint(datetime.fromisoformat(f"{signed[place + 1]}+00:00"))
    return place
