"""The database steps make exactly the tables that the code uses, on every database we run on."""

import sqlite3
from contextlib import closing

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

import gateway.records  # noqa: F401  # fills the metadata
from gateway import cli
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


def test_a_step_that_would_lose_received_bytes_is_not_taken_and_says_what_to_do(tmp_path, capsys):
    """Before the journal small files lay in their rows until the worker had read them: only that version finds them."""
    (tmp_path / "herstelpost.toml").write_text(f'data_dir = "{tmp_path}"')
    with closing(sqlite3.connect(tmp_path / "herstelpost.db")) as connection:
        connection.executescript(
            """
            CREATE TABLE alembic_version (version_num VARCHAR(32));
            INSERT INTO alembic_version VALUES ('0012');
            CREATE TABLE received_file (id INTEGER PRIMARY KEY, content BLOB);
            INSERT INTO received_file VALUES (1, 'brief'), (2, NULL);
            """
        )
        assert cli.run(["--config", str(tmp_path / "herstelpost.toml"), "migrate"]) == 1
        assert "1 received files have no file of their own yet: start the version before" in capsys.readouterr().err
        assert list(connection.execute("SELECT * FROM received_file")) == [(1, "brief"), (2, None)]
        assert list(connection.execute("SELECT * FROM alembic_version")) == [("0012",)]
