"""The servers of `tests.support.servers` are what the tests take them for."""

import socket
from pathlib import Path

import psycopg
from imapclient import IMAPClient

from tests.support.servers import Dovecot

# Put together here, so that no scanner trips over this file.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def scan(clamd_socket: Path, content: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as clamd:
        clamd.connect(str(clamd_socket))
        clamd.sendall(b"zINSTREAM\0" + len(content).to_bytes(4, "big") + content + bytes(4))
        return clamd.recv(200).rstrip(b"\0")


def test_clamd_knows_the_test_file_and_nothing_else(clamd_socket: Path) -> None:
    assert scan(clamd_socket, EICAR) == b"stream: Eicar-Test-Signature.UNOFFICIAL FOUND"
    assert scan(clamd_socket, b"a letter") == b"stream: OK"


def test_dovecot_keeps_what_is_delivered(dovecot: Dovecot) -> None:
    dovecot.deliver(b"Subject: bewaard\r\n\r\ntekst\r\n", "Processed")
    dovecot.restart()
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as client:
        client.login(dovecot.username, dovecot.password)
        client.select_folder("Processed")
        assert client.search(["SUBJECT", "bewaard", "UNSEEN"])


def test_each_test_has_an_empty_database(postgres_database: str) -> None:
    with psycopg.connect(postgres_database.replace("+psycopg", "")) as connection:
        tables = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    assert tables == (0,)
