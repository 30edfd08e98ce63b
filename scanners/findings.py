"""The words for what is found in a document. `gateway.core.decide` says what each of them leads to."""

from typing import Final

INFECTED: Final = "infected"
ENCRYPTED: Final = "encrypted"
ACTIVE_CONTENT: Final = "active_content"
UNREADABLE: Final = "unreadable"
TYPE_REFUSED: Final = "type_refused"
LIMITS: Final = "limits"

# Nothing forbidden, yet not what it seems: a second file hidden in it, embedded files, a moving picture.
# A person looks; the sender is not refused.
SUSPICIOUS: Final = "suspicious"

# A file inside: a note when the reader took it out and it is a document of its own, SUSPICIOUS when nobody has seen it.
CARRIES: Final = "carries"

# Notes: they stand beside a verdict and change nothing.
TYPE_DIFFERS: Final = "type_differs"
REPAIRED: Final = "repaired"
PAGES: Final = "pages"
HINT: Final = "hint"
