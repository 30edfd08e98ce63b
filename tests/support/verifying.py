"""Asks the verifier page about receipts, through its own function."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from playwright.sync_api import Page

from tests.support.evidence import Flip

_FILES = """
  const made = (name, bytes) => new File([bytes], name);
  const bytesOf = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
"""


def verify(page: Page, files: Mapping[str, bytes], published: str = "") -> dict[str, Any]:
    """The page's answer about these files, with the key as it was pasted."""
    answer: dict[str, Any] = page.evaluate(
        f"""async ([files, published]) => {{ {_FILES}
          const answer = await verifyPackage(files.map(([name, text]) => made(name, bytesOf(text))), published);
          return {{...answer, evidence: null}};
        }}""",
        [_encoded(files), published],
    )
    return answer


def all_sound(page: Page, packages: Sequence[Mapping[str, bytes]]) -> list[bool]:
    """For each package whether the page accepts it."""
    answers: list[bool] = page.evaluate(
        f"""async packages => {{ {_FILES}
          const answers = [];
          for (const files of packages)
            answers.push((await verifyPackage(files.map(([name, text]) => made(name, bytesOf(text))))).ok);
          return answers;
        }}""",
        [_encoded(files) for files in packages],
    )
    return answers


def with_flips(page: Page, files: Mapping[str, bytes], flips: Sequence[Flip]) -> list[bool]:
    """For each flip whether the page still accepts the package; the bit is turned over in the page."""
    answers: list[bool] = page.evaluate(
        f"""async ([files, flips]) => {{ {_FILES}
          const right = new Map(files.map(([name, text]) => [name, bytesOf(text)]));
          const answers = [];
          for (const [name, bit] of flips) {{
            const changed = new Map(right).set(name, right.get(name).slice());
            changed.get(name)[bit >> 3] ^= 1 << (bit & 7);
            answers.push((await verifyPackage([...changed].map(([n, bytes]) => made(n, bytes)))).ok);
          }}
          return answers;
        }}""",
        [_encoded(files), [[flip.name, flip.bit] for flip in flips]],
    )
    return answers


def _encoded(files: Mapping[str, bytes]) -> list[list[str]]:
    return [[name, base64.b64encode(content).decode()] for name, content in files.items()]
