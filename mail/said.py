"""Whether the text of a message holds what a person must answer: it is then kept as a document of its own.

Rule 1: the tables are those of the decision (`gateway.core.phrasebook`), so that both see the same.
"""

from typing import Final

from gateway.core import phrases
from gateway.core.phrasebook import EXTENSION, STATEMENT

_BOOKS: Final = (EXTENSION, STATEMENT)

# Here and not at the first mail: this module is loaded once, for all children.
for _book in _BOOKS:
    phrases.compile_all(_book)


def asks_or_explains(text: str) -> bool:
    """Whether the sender's own words ask for more time, or explain why a paper cannot be had."""
    return any(phrases.find(text, book) for book in _BOOKS)
