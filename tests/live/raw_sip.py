"""SIP by hand: a socket that sends what no telephone would, and reads what comes back."""

from __future__ import annotations

import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

_NUMBERS = count(1)

SDP = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"


@dataclass(frozen=True)
class Answer:
    """A response, by the request it is to."""

    call: str
    status: int
    text: str

    def header(self, name: str) -> str:
        found = re.search(rf"(?im)^{name}\s*:\s*(.*?)\r?$", self.text)
        return found[1] if found else ""


class Wire:
    """A UDP socket towards a switch."""

    def __init__(self, bind: str, switch: str) -> None:
        self.switch = switch
        host, _, port = switch.partition(":")
        self._place = (host, int(port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind((bind, 0))
        self.us = "{}:{}".format(*self._socket.getsockname())
        self.answers: list[Answer] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, self._place)

    def request(
        self,
        method: str,
        to: str,
        *,
        shown: str = "08702120001",
        uri: str | None = None,
        headers: Iterable[str] = (),
        call: str | None = None,
        sequence: int = 1,
    ) -> str:
        """Sends a sound request; its Call-ID. `to` is the number, `shown` From's user, or all of From."""
        n = next(_NUMBERS)
        call = call or f"raw-{n}-{time.monotonic_ns()}"
        body = SDP.format(host=self.us.partition(":")[0]) if method == "INVITE" else ""
        sender = shown if "<" in shown else f"<sip:{shown}@{self.switch}>"
        lines = [
            f"{method} {uri or f'sip:{to}@{self.switch}' if to else f'sip:{self.switch}'} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.us};branch=z9hG4bK-raw-{n};rport",
            "Max-Forwards: 70",
            f"From: {sender};tag=raw{n}",
            f"To: <sip:{to or shown}@{self.switch}>",
            f"Call-ID: {call}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:caller@{self.us}>",
            *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        self.send("\r\n".join(lines).encode("utf-8", "surrogatepass"))
        return call

    def hear(self, until: Callable[[list[Answer]], bool], what: str, timeout: float = 60.0) -> list[Answer]:
        """Reads until that is so of all answers so far; final answers to INVITE are acknowledged."""
        end = time.monotonic() + timeout
        self._socket.settimeout(0.2)
        while not until(self.answers):
            assert time.monotonic() < end, f"no {what} within {timeout:g} s"
            try:
                said = self._socket.recv(65535).decode("utf-8", "replace")
            except TimeoutError:
                continue
            if found := re.match(r"SIP/2\.0 ([0-9]{3})", said):
                call = re.search(r"(?im)^(?:Call-ID|i)\s*:\s*(.*?)\r?$", said)
                answer = Answer(call[1] if call else "", int(found[1]), said)
                self.answers.append(answer)
                self._acknowledge(answer)
        return self.answers

    def final(self, call: str, timeout: float = 60.0) -> Answer:
        """The final answer to a request."""

        def there(answers: list[Answer]) -> bool:
            return any(one.call == call and one.status >= 200 for one in answers)

        heard = self.hear(there, f"answer to {call}", timeout)
        return next(one for one in heard if one.call == call and one.status >= 200)

    def ask(self, method: str, to: str, **more: Any) -> Answer:
        """A request and its final answer."""
        return self.final(self.request(method, to, **more))

    def prove(self, method: str, to: str, user: str, secret: str, *, headers: Iterable[str] = ()) -> Answer:
        """A request with the digest of that user, after the challenge; its final answer."""
        first = self.ask(method, to)
        uri = f"sip:{to}@{self.switch}" if to else f"sip:{self.switch}"
        said = self.proof(method, uri, user, secret, first)
        return self.final(self.request(method, to, headers=[said, *headers], sequence=2))

    @staticmethod
    def proof(method: str, uri: str, user: str, secret: str, challenge: Answer) -> str:
        """The header that answers a challenge."""
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.header("WWW-Authenticate")))
        ours = _md5(f"{user}:{told['realm']}:{secret}")
        proof = _md5(f"{ours}:{told['nonce']}:00000001:c:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Authorization: Digest username="{user}",realm="{told["realm"]}",nonce="{told["nonce"]}",'
            f'uri="{uri}",'
            f'response="{proof}",cnonce="c",nc=00000001,qop=auth,algorithm=MD5,'
            f'opaque="{told.get("opaque", "")}"'
        )

    def _acknowledge(self, answer: Answer) -> None:
        """ACK, so that the switch does not say it again."""
        if answer.status < 200 or "INVITE" not in answer.header("CSeq"):
            return
        lines = [
            f"ACK sip:{self.switch} SIP/2.0",
            *(f"{name}: {answer.header(name)}" for name in ("Via", "From", "To", "Call-ID")),
            f"CSeq: {answer.header('CSeq').split()[0]} ACK",
            "Max-Forwards: 70",
            "Content-Length: 0",
            "",
            "",
        ]
        self.send("\r\n".join(lines).encode("utf-8", "surrogatepass"))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
