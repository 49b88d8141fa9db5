"""A port of an IAD that registers and listens, in a few lines of SIP, for the live tests."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
import time

PATIENCE = 60.0
"""Seconds it waits for an answer; it asks again each second, as a device does."""


class Device:
    """A port of an IAD on a UDP socket of its own: it registers, answers requests and keeps what it heard."""

    def __init__(self, address: str, registrar: str, number: str, secret: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 0))
        host, _, port = registrar.partition(":")
        self._registrar, self._place = registrar, (host, int(port))
        self._number, self._account, self._secret = number, f"seat-{number}", secret
        self._contact = "{}:{}".format(*self._socket.getsockname())
        self._call, self._sequence = secrets.token_hex(8), 0
        self.heard: list[str] = []

    def close(self) -> None:
        self._socket.close()

    def register(self, expires: int = 300) -> str:
        """Registers with digest; the last status line."""
        answer = self._ask("", expires)
        if not answer.startswith("SIP/2.0 401"):
            return answer.splitlines()[0]
        challenge = re.search(r"WWW-Authenticate: Digest ([^\r]*)", answer)
        assert challenge is not None
        fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge[1]))
        uri, once = f"sip:{self._registrar}", secrets.token_hex(4)
        whose = _md5(f"{self._account}:{fields['realm']}:{self._secret}")
        what = _md5(f"REGISTER:{uri}")
        response = _md5(f"{whose}:{fields['nonce']}:00000001:{once}:auth:{what}")
        opaque = f', opaque="{fields["opaque"]}"' if "opaque" in fields else ""
        return self._ask(
            f'Authorization: Digest username="{self._account}", realm="{fields["realm"]}", '
            f'nonce="{fields["nonce"]}", uri="{uri}", response="{response}", algorithm=MD5, '
            f'cnonce="{once}", qop=auth, nc=00000001{opaque}\r\n',
            expires,
        ).splitlines()[0]

    def listen(self, seconds: float) -> list[str]:
        """What else came within that time, each answered with 200."""
        self._socket.settimeout(seconds)
        before = len(self.heard)
        try:
            while len(self.heard) == before:
                self._take(self._socket.recv(65535).decode())
        except TimeoutError:
            pass
        return self.heard[before:]

    def _ask(self, authorization: str, expires: int) -> str:
        self._sequence += 1
        me = f"<sip:{self._number}@{self._registrar}>"
        asked = (
            f"REGISTER sip:{self._registrar} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._contact};branch=z9hG4bK{secrets.token_hex(8)};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: {me};tag=1\r\nTo: {me}\r\nCall-ID: {self._call}\r\n"
            f"CSeq: {self._sequence} REGISTER\r\nContact: <sip:{self._number}@{self._contact}>\r\n"
            f"Expires: {expires}\r\n{authorization}Content-Length: 0\r\n\r\n"
        ).encode()
        self._socket.sendto(asked, self._place)
        self._socket.settimeout(1)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                text = self._socket.recv(65535).decode()
            except TimeoutError:
                assert time.monotonic() < end, f"no answer to REGISTER within {PATIENCE:g} s"
                self._socket.sendto(asked, self._place)
                continue
            if text.startswith("SIP/2.0") and f"CSeq: {self._sequence} REGISTER" in text:
                return text
            if not text.startswith("SIP/2.0"):
                self._take(text)

    def _take(self, text: str) -> None:
        """Answers a request; an OPTIONS by which the switch looks whether we live is not kept."""
        if not text.startswith("OPTIONS"):
            self.heard.append(text)
        named = ("via", "from", "to", "call-id", "cseq")
        lines = [line for line in text.split("\r\n")[1:] if line.partition(":")[0].lower() in named]
        answer = "\r\n".join(["SIP/2.0 200 OK", *lines, "Content-Length: 0", "", ""])
        self._socket.sendto(answer.encode(), self._place)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
