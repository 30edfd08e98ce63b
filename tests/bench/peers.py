"""What the built-in bench compares with: `peers.py fsync|floor PORT DIRECTORY`.

`fsync` is stock aiosmtpd with a handler that writes, fsyncs and renames a file. `floor` has no parser at all:
socket to file, fsync, rename, fsync of the directory, answer; it is what this machine allows one Python process.
"""

import asyncio
import itertools
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

_BUFFER: Final = 1 << 18
_END: Final = b"\r\n.\r\n"


class _Directory:
    """Files that are on disk for sure when `publish` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count()
        path.mkdir(exist_ok=True)

    def begin(self) -> tuple[int, Path]:
        path = self._path / f".{next(self._numbers)}"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), path

    def publish(self, handle: int, path: Path) -> None:
        os.fsync(handle)
        os.close(handle)
        path.rename(path.with_name(path.name[1:]))
        directory = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(directory)
        os.close(directory)

    def store(self, content: bytes) -> None:
        handle, path = self.begin()
        os.write(handle, content)
        self.publish(handle, path)


class _Keeping:
    """The handler of stock aiosmtpd."""

    def __init__(self, directory: _Directory) -> None:
        self._directory = directory

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.to_thread(self._directory.store, envelope.content)
        return "250 stored"


async def _fsync(port: int, directory: _Directory) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(_Keeping(directory), data_size_limit=64 << 20, loop=loop), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


def _floor(port: int, directory: _Directory) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    while True:
        threading.Thread(target=_serve, args=(listener.accept()[0], directory), daemon=True).start()


def _serve(client: socket.socket, directory: _Directory) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    view = memoryview(bytearray(_BUFFER))
    with client:
        client.sendall(b"220 floor\r\n")
        while count := client.recv_into(view):
            verb = bytes(view[:4]).upper()
            if verb == b"DATA":
                client.sendall(b"354 go\r\n")
                _take(client, view, directory)
            client.sendall(b"250 ok\r\n")
            if verb == b"QUIT" or not count:
                return


def _take(client: socket.socket, view: memoryview, directory: _Directory) -> None:
    handle, path = directory.begin()
    tail = b""
    while not tail.endswith(_END) and (count := client.recv_into(view)):
        os.write(handle, view[:count])
        tail = (tail + bytes(view[max(0, count - len(_END)) : count]))[-len(_END) :]
    directory.publish(handle, path)


if __name__ == "__main__":
    kind, port, where = sys.argv[1], int(sys.argv[2]), _Directory(Path(sys.argv[3]))
    if kind == "floor":
        _floor(port, where)
    else:
        asyncio.run(_fsync(port, where))
