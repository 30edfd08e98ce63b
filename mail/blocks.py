"""What a message of ours says, in blocks; as text and as HTML, so that both say the same; pure."""

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

_WIDTH: Final = 76


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Line:
    """A paragraph, or one point of a list; `link`, an address on the web or of mail, follows the text."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Points:
    points: tuple[Line, ...]


@dataclass(frozen=True)
class Table:
    """Names and values about one thing."""

    caption: str
    rows: tuple[tuple[str, str], ...]


Block = Heading | Line | Points | Table


def as_text(blocks: Sequence[Block]) -> str:
    return "\n\n".join(_block_text(block) for block in blocks) + "\n"


def _block_text(block: Block) -> str:
    match block:
        case Heading(text, level):
            mark = {1: "=", 2: "-"}.get(level)
            return f"{text}\n{mark * len(text)}" if mark else text
        case Line(text, link):
            return _wrapped(f"{text} {link}".rstrip(), "")
        case Points(points):
            return "\n".join(_wrapped(f"{p.text} {p.link}".rstrip(), "- ") for p in points)
        case Table(caption, rows):
            return "\n".join([caption, *(_row_text(name, value) for name, value in rows)])


def _row_text(name: str, value: str) -> str:
    line = f"  {name}: {value}"
    return line if len(line) <= _WIDTH else f"  {name}:\n" + _wrapped(value, "    ")


def _wrapped(text: str, lead: str) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


_STYLE: Final = (
    "body{font:1em/1.5 sans-serif;max-width:42em;margin:1em auto;padding:0 1em;color:#111;background:#fff}"
    "table{border-collapse:collapse;margin:1em 0}caption{text-align:left;font-weight:bold}"
    "th,td{text-align:left;vertical-align:top;padding:.2em 1em .2em 0;overflow-wrap:anywhere}"
    "th{font-weight:normal;white-space:nowrap}"
)


def as_html(parts: Sequence[tuple[str, Sequence[Block]]], title: str) -> str:
    sections = "".join(
        f'<div lang="{language}">\n{"".join(map(_block_html, blocks))}</div>\n' for language, blocks in parts
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{parts[0][0]}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n{sections}</body>\n</html>\n"
    )


def _block_html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{html.escape(text)}</h{level}>\n"
        case Line():
            return f"<p>{_line_html(block)}</p>\n"
        case Points(points):
            return "<ul>\n" + "".join(f"<li>{_line_html(point)}</li>\n" for point in points) + "</ul>\n"
        case Table(caption, rows):
            cells = "".join(
                f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>\n'
                for name, value in rows
            )
            return f"<table>\n<caption>{html.escape(caption)}</caption>\n{cells}</table>\n"


def _line_html(line: Line) -> str:
    if not line.link:
        return html.escape(line.text)
    target = line.link if "://" in line.link else f"mailto:{quote(line.link, safe='@')}"
    return f'{html.escape(line.text)} <a href="{html.escape(target)}">{html.escape(line.link)}</a>'
