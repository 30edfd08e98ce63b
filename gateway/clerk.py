"""Writes what leaves the house: receipt packages, and letters with the receipt attached."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gateway import paper, reasons, receipts
from gateway.ledger import Ledger, Proved
from gateway.outages import Outages, in_words
from gateway.ports import Clock, Sealer, Waiting
from mail import letters
from mail.message import Attachment, House

# In the order in which people look at them.
IN_THE_LETTER: Final = {
    receipts.PDF: "application/pdf",
    receipts.README: "text/plain; charset=utf-8",
    receipts.RECEIPT: "application/json",
    receipts.PROOF: "text/plain; charset=utf-8",
    receipts.VKEYS: "text/plain; charset=utf-8",
    receipts.TIMESTAMP: "application/timestamp-reply",
}


@dataclass(frozen=True)
class Patience:
    """For whom a letter waits, and how long after it was decided: so many witnesses, and a time stamp or not."""

    witnesses: int = 0
    stamp: bool = False
    most: timedelta = timedelta(0)


class LetterClerk:
    """The `Clerk` port: proofs from the ledger, PDF by `paper`, words by `mail.letters`."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        house: House,
        cap_bytes: int,
        patience: Patience = Patience(),
        seal: Sealer | None = None,
        *,
        outages: Outages | None = None,
    ) -> None:
        """`seal`: the organisation's seal for `receipt.pdf`. `outages`: those that letters announce."""
        self._ledger = ledger
        self._clock = clock
        self._outages = outages
        self._house = house
        self._cap_bytes = cap_bytes
        self._patience = patience
        self._seal = seal

    def ready(self, letter: Waiting) -> bool:
        """Whether everybody vouches for its receipt who is asked to, or it waited for them long enough."""
        wanted = self._patience
        if not (wanted.witnesses or wanted.stamp) or self._clock.now() - letter.made_at >= wanted.most:
            return True
        kinds = [voucher.kind for voucher in self._ledger.vouchers(letter.receipt_index)]
        return kinds.count("witness") >= wanted.witnesses and kinds.count("time_stamp") >= wanted.stamp

    def write(self, letter: Waiting) -> bytes:
        """The message, with the receipt attached. Raises TryLater when the proof cannot be had now."""
        draft = letter.draft
        only = letter.requests[0] if len(letter.requests) == 1 else None
        proved = self._ledger.prove(letter.receipt_index, self._clock.now())
        files = self._files(proved, letter.receipt_index, only, draft.language)
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
                receiver=draft.receiver,
                business=draft.business,
                taken_up=draft.taken_up,
                cap=self._cap_bytes,
                vouchers=tuple(voucher.name for voucher in proved.vouchers),
                outages=self._announced(letter.made_at),
                attachments=tuple(
                    Attachment(name, media_type, files[name])
                    for name, media_type in IN_THE_LETTER.items()
                    if name in files
                ),
            ),
            self._house,
        )

    def _announced(self, at: datetime) -> dict[str, tuple[str, ...]]:
        """By language; as of the moment of the letter, so that writing it again gives the same letter."""
        found = self._outages.announced(at) if self._outages else ()
        return {code: tuple(in_words(outage, at, code) for outage in found) for code in reasons.LANGUAGES}

    def package(self, receipt_index: int, request: Mapping[str, Any] | None, language: str) -> dict[str, bytes]:
        """The receipt package of a ledger entry, by file name (contract, "A receipt package").

        Raises Corrupt when the entry was erased.
        """
        return self._files(self._ledger.prove(receipt_index, self._clock.now()), receipt_index, request, language)

    def _files(self, proved: Proved, index: int, request: Mapping[str, Any] | None, language: str) -> dict[str, bytes]:
        log = {
            "origin": proved.checkpoint.origin,
            "index": index,
            "size": proved.checkpoint.size,
            "root": base64.b64encode(proved.checkpoint.root).decode(),
            "key": proved.vkeys[0],
            "vouchers": [voucher._asdict() for voucher in proved.vouchers],
        }
        pdf = paper.receipt_pdf(json.loads(proved.event), request, log, language, self._house.taken)
        if self._seal is not None:
            pdf = self._seal.put_on(pdf, self._clock.now())
        return receipts.package_files(proved.event, proved.proof, proved.vkeys, pdf, proved.stamp)
