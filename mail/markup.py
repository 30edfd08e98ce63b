"""The text of an HTML body, roughly as a person reads it; what it quotes is marked as in plain text, with `>`.

Rule 1: for words, never for show; never raises, and takes time in proportion to the length.
Rule 2: a quotation ends with its element. Behind the line that Outlook draws above one, nothing shows where it ends.
Rule 3: what was only moved to the right is no quotation: some programs write that with the same element.
"""

import html
import re
from typing import Final

_MARKUP: Final = re.compile(r"<(/?)([a-zA-Z!]*)([^>]*)>?|[^<]+")
_LOOKED_AT: Final = 2000
"""Characters of an element's attributes: no mail program writes more, and a search takes time for each."""
_UNSEEN: Final = frozenset({"script", "style", "head", "title"})
_BREAKS: Final = frozenset({"p", "br", "div", "tr", "li", "table", "h", "blockquote", "hr"})

# Every character that ends a line of plain text (str.splitlines), so that no line of a quotation loses its mark.
_LINE_END: Final = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

_QUOTING: Final = re.compile(r"""\btype\s*=\s*["']?cite\b|\bclass\s*=\s*["'][^"']*quote|\bcite\s*=""", re.IGNORECASE)
_MOVED: Final = re.compile(r"border(?:-left)?\s*:\s*(?:none|0)\b", re.IGNORECASE)
_WRAPPER: Final = re.compile(
    r"""\bclass\s*=\s*["']?[^"'>]*\b(?:gmail_quote|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra)""",
    re.IGNORECASE,
)
_DIVIDER: Final = re.compile(
    r"""\bid\s*=\s*["']?(?:x_)*(?:divRplyFwdMsg|mail-editor-reference-message-container|OLK_SRC_BODY_SECTION)\b"""
    r"|border-top:\s*solid\s+#(?:E1E1E1|B5C4DF)\s+1\.0pt;\s*padding:\s*3\.0pt\s+0",
    re.IGNORECASE,
)


def text_of(markup: str) -> str:
    """The text, line by line; a line that the message quotes begins with `> `."""
    reader = _Reader(last_quotation=markup.lower().rfind("<blockquote"))
    for match in _MARKUP.finditer(markup):
        if match[2] is None:
            reader.say(html.unescape(match[0]))
        else:
            reader.tag(match[2].lower(), match[3], match.start(), closing=bool(match[1]))
    return "".join(reader.pieces)


class _Reader:
    """Where in the markup we are: in what nobody sees, in a quotation, or in the sender's own words."""

    def __init__(self, last_quotation: int) -> None:
        self.pieces: list[str] = []
        self._last_quotation = last_quotation
        self._unseen = ""
        self._blocks: list[bool] = []  # each open blockquote: whether it quotes
        self._quoting = 0  # how many of them do
        self._divisions = 0  # how many are open in the wrapper around a quotation, itself included
        self._to_the_end = False

    def say(self, text: str) -> None:
        if not self._unseen:
            self.pieces.append(_LINE_END.sub("\n> ", text) if self._quotes else text)

    def tag(self, name: str, attributes: str, at: int, *, closing: bool) -> None:
        if name in _UNSEEN:
            self._unseen = "" if closing and name == self._unseen else self._unseen or ("" if closing else name)
            return
        if closing:
            self._close(name)
        elif not self._unseen:
            self._open(name, attributes[:_LOOKED_AT], at)
        if name.rstrip("123456") in _BREAKS:
            self.pieces.append("\n> " if self._quotes else "\n")

    @property
    def _quotes(self) -> bool:
        return self._to_the_end or self._divisions > 0 or self._quoting > 0

    def _open(self, name: str, attributes: str, at: int) -> None:
        if name == "blockquote":
            self._blocks.append(bool(_QUOTING.search(attributes)) or not _MOVED.search(attributes))
            self._quoting += self._blocks[-1]
        elif name in {"div", "span"} and _DIVIDER.search(attributes):
            self._to_the_end = True
        elif name == "div" and (self._divisions or self._wraps(attributes, at)):
            self._divisions += 1

    def _wraps(self, attributes: str, at: int) -> bool:
        # Where the quotation is marked itself, an answer may stand between its pieces, in the wrapper.
        return self._last_quotation < at and bool(_WRAPPER.search(attributes))

    def _close(self, name: str) -> None:
        if name == "blockquote" and self._blocks:
            self._quoting -= self._blocks.pop()
        elif name == "div":
            self._divisions = max(0, self._divisions - 1)
