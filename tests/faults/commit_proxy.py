"""A line to PostgreSQL that breaks at a commit of call records, before the server hears of it or after."""

from __future__ import annotations

import re
import selectors
import socket
import threading
from types import TracebackType

COMMIT = b"COMMIT"
_WRITES = re.compile(rb'(COPY|INTO) "?call_record"?[ (]')


class CommitProxy:
    """Listens on a loopback port. The first COMMIT of a session that has written call records is passed on or
    not, its answer never: the session is cut. Later ones pass."""

    def __init__(self, server: int, *, passes_on: bool) -> None:
        self._server, self._passes_on = server, passes_on
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.cut = False
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> CommitProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self._server)) as server:
                self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        written = False
        with selectors.DefaultSelector() as both:
            both.register(client, selectors.EVENT_READ, server)
            both.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in both.select():
                    try:
                        said = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    except ConnectionError:
                        return
                    if not said:
                        return
                    if key.fileobj is client:
                        written = written or _WRITES.search(said) is not None
                        if written and COMMIT in said and not self.cut:
                            self.cut = True
                            if self._passes_on:
                                server.sendall(said)
                                while (answer := server.recv(65536)) and COMMIT not in answer:
                                    pass  # once its answer names it, it is made
                            return
                    key.data.sendall(said)
