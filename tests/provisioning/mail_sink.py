"""A mail server that takes what it is given, for tests: enough of SMTP to be spoken to by smtplib."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Sink:
    """What came in, and how the server answers."""

    port: int = 0
    refuse: str = ""
    """A recipient that is refused."""
    broken: bool = False
    """Whether it hangs up on everybody."""
    trust: ssl.SSLContext | None = None
    """With it, STARTTLS is offered and needed."""
    mails: list[tuple[list[str], str]] = field(default_factory=list)
    logins: int = 0


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        sink: Sink = self.server.sink  # type: ignore[attr-defined]
        if sink.broken:
            return
        self.say("220 sink")
        to: list[str] = []
        safe = sink.trust is None
        while line := self.rfile.readline().decode():
            word = line.split()[0].upper()
            if word == "EHLO":
                more = [] if safe else ["STARTTLS"]
                for text in ["sink", *more]:
                    self.say(f"250-{text}")
                self.say("250 AUTH PLAIN LOGIN")
            elif word == "STARTTLS":
                assert sink.trust is not None
                self.say("220 go on")
                self.request = sink.trust.wrap_socket(
                    self.request, server_side=True, do_handshake_on_connect=False
                )
                try:
                    self.request.do_handshake()
                except (ssl.SSLError, OSError):  # who does not believe us hangs up
                    return
                self.setup()
                safe = True
            elif not safe:
                self.say("530 encrypt first")
            elif word == "AUTH":
                sink.logins += 1
                self.say("235 welcome")
            elif word == "RCPT":
                refused = bool(sink.refuse) and sink.refuse in line
                to += [] if refused else [line.split("<")[1].split(">")[0]]
                self.say("550 nobody of that name" if refused else "250 ok")
            elif word == "DATA":
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline().decode()) != ".\r\n":
                    lines.append(text.removeprefix(".") if text.startswith("..") else text)
                sink.mails.append((to, "".join(lines)))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_sink(**given: object) -> Iterator[Sink]:
    """The server, on a loopback port of its own."""
    sink = Sink(**given)  # type: ignore[arg-type]
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Talk) as server:
        server.daemon_threads = True
        server.sink = sink  # type: ignore[attr-defined]
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
