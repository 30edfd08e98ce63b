"""Of every column somebody has said whether retention erases it: a new one cannot be forgotten."""

from typing import Final

import pytest
from sqlmodel import SQLModel

import gateway.records  # noqa: F401  # fills the metadata

# Nothing about people is in these, or they are about staff and the house itself.
ABOUT_OURSELVES: Final = {
    "account",
    "channel",
    "ledger_checkpoint",
    "ledger_head",
    "ledger_node",
    "mailbox",
    "outage",
    "slot",
    "token",
}
# Their rows go: with their submission or request (`gateway.erasing`), or when their time is over (`gateway.retention`).
ROWS_GO: Final = {
    "act",
    "alert",
    "being_kept",
    "bundle",
    "consent",
    "contact",
    "extension",
    "handed_over",
    "legal_hold",
    "letter",
    "message",
    "outage_answer",
    "reminder",
    "sending",
    "session",
    "sign_in_attempt",
}
# Of these something stays; docs/retention.md says why. Every other column is emptied by `gateway.erasing`.
STAYS: Final = {
    "request": "id reference case_number application_kind procedure language sent_day term_count term_unit channels"
    " last_day status needs_person decision_received_day decision_count decision_unit template follows erased_at",
    "party": "id request_id role",
    "item": "id request_id position number original_required statement_allowed status",
    "submission": "id number source channel received_at accepted_at arrival_index receipt_index step attempts retry_at"
    " turn_at owner lease_until request_id decisions outcome rule ground reasons scanned_at signatures erasing_at"
    " erased_at",
    "submission_share": "submission_id request_id receipt_index",
    "received_file": "id submission_id position bytes",
    "part": "id submission_id seq role bytes outcome reason number request",
    "ledger_entry": "index commitment name at subject",
}
EMPTIED: Final = {
    "request": "token mail_address code_salt code_hash withheld",
    "party": "name email organisation consents declined",
    "item": "kind description person",
    "submission": "envelope session_request last_error sender message trouble malware rescanned clues facts detail",
    "submission_share": "",
    "received_file": "sha256 name media_type item segment start",
    "part": "parent name original_name declared_type sha256 note item media_type verdict findings",
    "ledger_entry": "event salt",
}


def test_of_every_table_it_is_said_what_retention_does_with_it() -> None:
    """A new table? If it holds anything about people, `gateway.erasing` has to delete its rows, or empty them."""
    assert set(SQLModel.metadata.tables) == ABOUT_OURSELVES | ROWS_GO | STAYS.keys()


@pytest.mark.parametrize("table", STAYS)
def test_of_every_column_it_is_said_whether_it_is_emptied(table: str) -> None:
    """A new column? Let `gateway.erasing` empty it, or say here that it stays."""
    columns = {column.name for column in SQLModel.metadata.tables[table].columns}
    assert columns == {*STAYS[table].split(), *EMPTIED[table].split()}
