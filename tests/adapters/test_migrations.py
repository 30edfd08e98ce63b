"""The database steps make exactly the tables that the code uses, on every database we run on."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

import gateway.records  # noqa: F401  # fills the metadata
from gateway.database import Database


def test_the_steps_make_the_tables_that_the_code_uses(database_url):
    database = Database(database_url)
    database.migrate()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)
    database.close()
    assert differences == []


def test_taking_the_steps_again_changes_nothing(database_url):
    database = Database(database_url)
    database.migrate()
    before = _described(database)
    database.migrate()
    assert _described(database) == before
    database.close()


def test_what_must_be_unique_is_unique_in_the_database(database_url):
    """Two processes cannot agree on anything else."""
    database = Database(database_url)
    database.migrate()
    found = inspect(database.engine)
    wanted = {
        "submission": [{"number"}, {"source"}],
        "request": [{"reference"}, {"token"}],
        "letter": [{"key"}],
        "part": [{"submission_id", "seq"}],
        "item": [{"request_id", "number"}],
        "token": [{"hash"}],
    }
    for table, sets in wanted.items():
        unique = [set(c["column_names"]) for c in found.get_unique_constraints(table)]
        unique += [set(i["column_names"]) for i in found.get_indexes(table) if i["unique"]]
        assert all(columns in unique for columns in sets), (table, unique)
    for table, key in (("ledger_entry", {"index"}), ("ledger_checkpoint", {"size"}), ("slot", {"name", "slot"})):
        assert set(found.get_pk_constraint(table)["constrained_columns"]) == key
    database.close()


def _described(database: Database) -> dict[str, list[str]]:
    found = inspect(database.engine)
    return {table: sorted(c["name"] for c in found.get_columns(table)) for table in found.get_table_names()}
