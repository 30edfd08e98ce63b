"""The operators' page on refusals says of every reason what its sender reads, in the words of the code."""

from pathlib import Path

import pytest

from gateway.core import kinds
from gateway.core.words import Reason
from gateway.reasons import reason_text

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "refusals.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_row_with_the_words_that_the_sender_reads(reason: Reason) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{reason}` |")]
    _, _, outcome, why, words, _ = row.split(" | ".strip())
    text = reason_text(reason, "nl")
    assert outcome.strip()
    assert why.strip()
    assert words.strip() == f"**{text.title}.** {text.explanation} {text.way_forward}"


def test_no_row_is_of_a_reason_that_is_gone() -> None:
    rows = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `") and line.count(" | ") == 3]
    assert rows == list(Reason)


@pytest.mark.parametrize("name", sorted(kinds.NAMES - {kinds.NEEDED}))
def test_every_kind_of_file_has_its_row_with_the_words_that_its_sender_reads(name: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if f"`{name}`" in line.split(" | ")[0] and line.count(" | ") == 2]
    _, taken, told = row.removesuffix(" |").split(" | ")
    (media_type, *_) = [t for t, kind in kinds._BY_MEDIA_TYPE.items() if kind == name] or [""]
    words = kinds.DEFAULT.words(media_type, "nl")
    assert told == f"{words.why} {words.way_round}"
    assert taken == ("yes" if name in kinds.ALL else "never")
