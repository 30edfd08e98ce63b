"""What the reader notes of a part is said to staff in Dutch."""

import re
from pathlib import Path

from gateway.core.model import TEXT_OF_MESSAGE
from mail import decoration, roles
from portal.labels import PART_NOTE

ROOT = Path(__file__).resolve().parents[2]


def test_every_note_of_the_reader_has_dutch_words_and_no_words_are_for_nothing() -> None:
    declared = {note for note in roles._IGNORED.values() if note}
    named = {decoration.EMBEDDED, decoration.SHOWN, decoration.POINT, decoration.REPEATED}
    named |= {roles.ENCRYPTED, roles.UNREADABLE, roles.TWO_NAMES, roles.CALENDAR_ANSWER, TEXT_OF_MESSAGE}
    source = (ROOT / "mail" / "read_child.py").read_text(encoding="utf-8")
    source += (ROOT / "mail" / "roles.py").read_text(encoding="utf-8")
    written = set(re.findall(r'(?:note = .*|PartRole\.\w+, )"([a-z][^"]+)"', source))
    assert declared | named | written == set(PART_NOTE)
