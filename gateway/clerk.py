"""Writes what leaves the house: receipt packages, and letters with the receipt attached."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from gateway import paper, receipts
from gateway.ledger import Ledger
from gateway.ports import Clock, Waiting
from mail import letters

IN_THE_LETTER = {
    receipts.PDF: "application/pdf",
    receipts.RECEIPT: "application/json",
    receipts.PROOF: "text/plain",
}


class LetterClerk:
    """The `Clerk` port: proofs from the ledger, PDF by `paper`, words by `mail.letters`."""

    def __init__(self, ledger: Ledger, clock: Clock, house: letters.House, cap_bytes: int) -> None:
        self._ledger = ledger
        self._clock = clock
        self._house = house
        self._cap_bytes = cap_bytes

    def write(self, letter: Waiting) -> bytes:
        """The message, with the receipt attached. Raises TryLater when the proof cannot be had now."""
        draft = letter.draft
        only = letter.requests[0] if len(letter.requests) == 1 else None
        files = self.package(letter.receipt_index, only, draft.language)
        domain = self._house.from_address.rpartition("@")[2]
        return letters.compose(
            letters.LetterFacts(
                kind=draft.kind,
                to=draft.to,
                language=draft.language,
                neutral=draft.neutral,
                message_id=f"<{draft.key}@{domain}>",
                in_reply_to=draft.in_reply_to,
                references=draft.references,
                sent_at=letter.made_at,
                submission=json.loads(files[receipts.RECEIPT]),
                requests=letter.requests,
                first_receipt=draft.first_receipt,
                measured=draft.measured,
                cap=self._cap_bytes,
                attachments=tuple(
                    letters.Attachment(name, media_type, files[name]) for name, media_type in IN_THE_LETTER.items()
                ),
            ),
            self._house,
        )

    def package(self, receipt_index: int, request: Mapping[str, Any] | None, language: str) -> dict[str, bytes]:
        """The receipt package of a ledger entry, by file name (contract, "A receipt package").

        Raises Corrupt when the entry was erased.
        """
        proved = self._ledger.prove(receipt_index, self._clock.now())
        log = {
            "origin": proved.checkpoint.origin,
            "index": receipt_index,
            "size": proved.checkpoint.size,
            "root": base64.b64encode(proved.checkpoint.root).decode(),
        }
        pdf = paper.receipt_pdf(json.loads(proved.event), request, log, language)
        return receipts.package_files(proved.event, proved.proof, proved.vkeys, pdf, proved.stamp)
