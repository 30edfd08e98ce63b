"""How far each mailbox was read, in the database."""

from datetime import datetime

from sqlmodel import Session

from gateway.database import Database
from gateway.records import MailboxRow


class MailboxCursor:
    """The `Cursor` of `mail.imap_in`: (UIDVALIDITY, last UID) by mailbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self, mailbox_key: str) -> tuple[int, int] | None:
        """Where reading stopped, or None for a mailbox never read."""
        with self._database.read() as session:
            row = session.get(MailboxRow, mailbox_key)
            return (row.uidvalidity, row.uid) if row else None

    def advance(self, mailbox_key: str, uidvalidity: int, uid: int) -> None:
        """Everything up to `uid` was accepted; durable when it returns."""
        with self._database.write() as session:
            row = _row(session, mailbox_key)
            row.uidvalidity, row.uid = uidvalidity, uid

    def emptied(self, mailbox_key: str, at: datetime) -> None:
        """Everything that was in it at that moment was accepted."""
        with self._database.write() as session:
            _row(session, mailbox_key).read_at = at


def _row(session: Session, key: str) -> MailboxRow:
    row = session.get(MailboxRow, key, with_for_update=True)
    if row is None:
        row = MailboxRow(key=key, uidvalidity=0, uid=0)
        session.add(row)
    return row
