"""Every file of the shared corpus does what its index asks, or README.md beside this file says why ours is better.

Skipped where the corpus is not laid out beside the repository. A table of counts is printed at the end of the run. The
SMTP dialogues of the corpus are those of tests/protocol/test_smtp_corpus.py.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.core import names
from gateway.core.phrasebook import EXTENSION, STATEMENT
from gateway.core.phrases import find
from gateway.core.quoting import own_words
from tests.support import corpus

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
ELSEWHERE = ("smtp/",)

pytestmark = pytest.mark.skipif(not (CORPUS / "INDEX.tsv").is_file(), reason="no corpus beside the repository")

ACTIONS = {
    "aangenomen": "accept",
    "deels_aangenomen": "accept",
    "geregistreerd": "accept",
    "aangehouden": "hold",
    "geweigerd": "refuse",
    "doorverwezen": "refuse",
}
MAX_KB = 200 * 1024


class Otherwise(NamedTuple):
    """A line of the README's table."""

    pattern: str
    reason: str
    ours: str


def index():
    return list(corpus.rows(CORPUS)) if CORPUS.is_dir() else []


def otherwise():
    table = (ROOT / "tests" / "corpus" / "README.md").read_text(encoding="utf-8")
    return [
        Otherwise(*line) for line in re.findall(r"^\| `([^`]+)` \| (\S+) \| (\w+) \| \S.* \|$", table, re.MULTILINE)
    ]


@pytest.fixture(scope="module")
def walked(clamd_socket, tmp_path_factory):
    """What was decided on each file, by its path; and the gateway's peak memory."""
    command = [sys.executable, "-m", "tests.support.corpus", str(CORPUS), str(clamd_socket)]
    done = subprocess.run(
        [*command, str(tmp_path_factory.mktemp("corpus"))], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *found, peak = map(json.loads, done.stdout.splitlines())
    return {one["path"]: one for one in found}, peak["peak_kb"]


@pytest.fixture(scope="module")
def decided(walked):
    return walked[0]


def test_every_file_of_the_corpus_is_looked_at_somewhere(decided):
    here = {row["path"] for row in index() if row["path"].startswith(("names/", "replies/"))}
    assert {row["path"] for row in index() if not row["path"].startswith(ELSEWHERE)} == decided.keys() | here


def test_every_file_gets_the_action_of_its_index_or_the_readme_says_why_ours_is_better(decided, record_property):
    lines, used, unexplained, table = otherwise(), set(), {}, Counter()
    for row in index():
        if row["path"] not in decided:
            continue
        ours = decided[row["path"]]
        agrees = ACTIONS.get(ours["outcome"]) in row["decision"].split("/")
        table[row["decision"], ours["outcome"], "as asked" if agrees else "see README"] += 1
        if agrees:
            continue
        fitting = [line for line in lines if fits(line, ours)]
        used.update(fitting)
        if not fitting:
            unexplained[row["path"]] = (row["decision"], ours["outcome"], ours["reasons"], ours["detail"])
    record_property("table", "\n".join(f"{n:5}  {' → '.join(key)}" for key, n in sorted(table.items())))
    assert not unexplained
    assert set(lines) == used, "a line of the README that no file needs"


def fits(line, ours):
    same_reason = line.reason == "-" or line.reason in ours["reasons"]
    return fnmatch(ours["path"], line.pattern) and same_reason and line.ours == ours["outcome"]


def test_no_file_breaks_its_child_takes_ten_seconds_or_fills_the_gateways_memory(walked):
    decided, peak = walked
    assert not [one for one in decided.values() if one["outcome"] is None]
    words = {one["path"]: [one["detail"], *one["findings"]] for one in decided.values()}
    for ended in ("broke", "took too long", "took too much memory"):
        assert not [path for path, said in words.items() if any(ended in word for word in said)], ended
    assert peak < MAX_KB


def test_no_document_of_an_accepted_mail_vanishes(decided):
    """Where the index counts documents, each is one here, or listed as a picture the text shows."""
    lost = {}
    for row in index():
        announced = row["reason"].startswith("one document") or "document(s)" in row["reason"]
        if row["path"] in decided and row["decision"] == "accept" and announced:
            ours = decided[row["path"]]
            if not ours["documents"] and not ours["ignored"]:
                lost[row["path"]] = row["reason"]
    assert not lost


def test_machines_are_recognised(decided):
    """All that the index calls automatic; none of them gets an answer."""
    missed = {
        row["path"]
        for row in index()
        if "automatic (" in row["reason"] or row["reason"].startswith("automatic:")
        if decided[row["path"]]["reasons"] != ["automatisch_bericht"]
    }
    assert not missed


def test_what_a_reply_quotes_is_not_its_senders_word():
    for row in index():
        if row["path"].startswith("replies/embedded"):
            text = (CORPUS / row["path"]).read_text(encoding="utf-8")
            own = own_words(text)
            assert own.strip()
            assert not any(word in own for word in (">", "@discourse.org", "@example.com"))
            assert find(text, EXTENSION) is find(text, STATEMENT) is None


def test_every_name_of_the_corpus_is_safe_and_no_two_are_the_same():
    taken = set()
    for entry in json.loads((CORPUS / "names" / "upload-names.json").read_text(encoding="utf-8")):
        name = names.unique(names.safe(entry["name"], "document.pdf"), taken)
        assert len(name.encode()) <= names.MAX_BYTES + len(" (99)")
        assert not set(name) & set('/\\\0\r\n"<>|*?:\u202e\u2066')
        assert name.strip(". ") == name
