"""One checker for everything that was promised: after any fault, everything is re-read and has to agree."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from email import policy
from email.parser import BytesParser
from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import col

from gateway import receipts
from gateway.app import House
from gateway.core.decide import decide
from gateway.core.words import EventName, Outcome, Reason, Status
from gateway.postroom import HANDED_OVER
from gateway.records import LetterRow, SubmissionRow

AT_REST = frozenset({Status.HELD, Status.DONE})


def check(house: House, acknowledged: Iterable[str], scratch: Path) -> None:
    """Everything is at rest and told, nothing is lost, doubled or contradicted. `scratch` takes receipt files.

    `acknowledged`: the receipt numbers that senders were given. Raises AssertionError.
    """
    _everything_agrees(house)
    numbers = _numbers(house)
    for number in acknowledged:
        assert number in numbers, f"{number} was promised and is not there"
    for number in numbers:
        _at_rest(house, number)
        _bytes(house, number)
        _decided_on_facts(house, number)
        _receipt(house, number, scratch)
    _letters(house, numbers)


def _everything_agrees(house: House) -> None:
    found = house.desk.audit(True)  # noqa: FBT003  # the desk's callable
    assert found.problems == (), found.problems


def _numbers(house: House) -> list[str]:
    with house.database.read() as session:
        numbers = list(session.scalars(select(col(SubmissionRow.number)).order_by(col(SubmissionRow.id))))
        rows = session.scalar(select(func.count()).select_from(SubmissionRow))
    sums = house.desk.queries.sums()
    assert sum(sums.values()) == rows == len(set(numbers)), sums
    return numbers


def _at_rest(house: House, number: str) -> None:
    assert house.desk.queries.submission(number).status in AT_REST, f"{number} is not at rest"


def _bytes(house: House, number: str) -> None:
    files = house.desk.queries.raw_files(number)
    assert files, f"{number} has no bytes"
    for file in files:
        content = house.desk.blobs.path(file.sha256).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.bytes)


def _decided_on_facts(house: House, number: str) -> None:
    """No state without its facts, and they give the same decision again (P8)."""
    why = house.desk.queries.why(number)
    assert why.facts is not None, f"{number} rests undecided"
    again = decide(why.facts)
    assert (again.outcome, again.rule, again.reasons) == (why.outcome, why.rule, why.reasons)
    names = Counter(event.name for event in house.desk.queries.timeline(number))
    assert names[EventName.DECIDED] == why.facts.round + 1, f"{number}: {names}"
    held = why.outcome is Outcome.HELD
    assert house.desk.queries.submission(number).status is (Status.HELD if held else Status.DONE)


def _receipt(house: House, number: str, scratch: Path) -> None:
    """The receipt verifies offline, against the bytes that came in."""
    index = house.desk.queries.receipt_index(number)
    if index is None:
        assert Reason.AUTOMATIC in house.desk.queries.why(number).reasons
        return
    proved = house.ledger.prove(index, house.ports.clock.now())
    directory = scratch / number
    receipts.write_package(directory, proved.event, proved.proof, [house.ledger.vkey])
    verified = receipts.verify_package([directory], [house.ledger.vkey])
    assert verified.ok, [check for check in verified.checks if not check.ok]
    assert json.loads(proved.event)["ontvangstnummer"] == number


def _letters(house: House, numbers: Iterable[str]) -> None:
    """Exactly one letter for each submission, decision and addressee; and one file for each letter."""
    with house.database.read() as session:
        rows = list(session.scalars(select(LetterRow)))
    by_key = {row.key: row for row in rows}
    expected = set()
    for number in numbers:
        facts = house.desk.queries.why(number).facts
        assert facts is not None
        if Reason.AUTOMATIC not in house.desk.queries.why(number).reasons:
            expected |= {f"{number}.{facts.round}.{place}" for place in range(len(facts.answer_to))}
    assert by_key.keys() == expected
    assert {row.state for row in rows} <= {HANDED_OVER}, Counter(row.state for row in rows)
    handed = Counter(
        event.content["brief"]
        for number in numbers
        for event in house.desk.queries.timeline(number)
        if event.name == EventName.LETTER_HANDED_OVER and event.content
    )
    assert handed == Counter(expected)
    outbox = house.settings.data_dir / "outbox"
    files = sorted(outbox.glob("*.eml")) if outbox.exists() else []
    assert [file.stem for file in files] == sorted(expected)
    _addressed(files, {key: row.draft["to"] for key, row in by_key.items()})


def _addressed(files: Iterable[Path], addressees: dict[str, str]) -> None:
    for file in files:
        letter = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
        assert letter["To"].addresses[0].addr_spec == addressees[file.stem]
        assert letter["Message-ID"].startswith(f"<{file.stem}@")
