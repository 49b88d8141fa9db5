"""A telephone that says exactly what a test wants: SIP by hand over UDP, its own SDP, its own media."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import time
from dataclasses import dataclass, field

PATIENCE = 30.0


@dataclass
class Message:
    """A SIP message: its first line, its headers (the last of a name counts), its body."""

    first: str
    headers: dict[str, str]
    vias: list[str]
    body: str

    @property
    def code(self) -> int:
        """Of an answer; 0 of a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.headers["cseq"].split()[1]

    def media(self, kind: str) -> tuple[int, str] | None:
        """Port and formats of a stream in the SDP; None where there is none, or its port is 0."""
        found = re.search(rf"^m={kind} (\d+) \S+ (.*)$", self.body, re.MULTILINE)
        return (int(found[1]), found[2].strip()) if found and int(found[1]) else None

    @property
    def address(self) -> str:
        found = re.search(r"^c=IN IP4 (\S+)", self.body, re.MULTILINE)
        return found[1] if found else ""


def parsed(raw: bytes) -> Message:
    head, _, body = raw.decode(errors="replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers, vias = {}, []
    for line in lines:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        if name == "via":
            vias.append(value.strip())
        headers[name] = value.strip()
    return Message(first, headers, vias, body)


@dataclass
class Media:
    """A socket for one stream, that counts and keeps what comes in."""

    address: str
    socket: socket.socket = field(init=False)
    sent: int = 0

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 0))
        self.socket.settimeout(0.02)

    def close(self) -> None:
        self.socket.close()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def send(self, to: tuple[str, int], payload_type: int, payload: bytes, step: int = 160) -> None:
        """One RTP packet."""
        self.sent += 1
        head = struct.pack("!BBHII", 0x80, payload_type, self.sent & 0xFFFF, self.sent * step, 0x5EA7)
        self.socket.sendto(head + payload, to)

    def receive(self) -> bytes | None:
        """The next packet, if one comes soon."""
        try:
            return self.socket.recv(4096)
        except TimeoutError:
            return None


class PlainPhone:
    """A telephone with one call at a time."""

    def __init__(self, address: str, server: str, user: str, auth_user: str, secret: str) -> None:
        self.address, self.server, self.user = address, server, user
        self.auth_user, self.secret = auth_user, secret
        host, _, port = server.partition(":")
        self.to = (host, int(port))
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.contact = f"<sip:{user}@{address}:{self.port}>"
        self.count = 0
        self.dialog: dict[str, str] = {}
        self.pending: list[Message] = []

    def close(self) -> None:
        self.socket.close()

    def register(self) -> None:
        answer = self.ask("REGISTER", f"sip:{self.server}", f"<sip:{self.user}@{self.server}>", expires="300")
        assert answer.code == 200, answer.first

    def invite(self, number: str, sdp: str) -> Message:
        """Calls; gives the final answer, which is acknowledged."""
        uri = f"sip:{number}@{self.server}"
        answer = self.ask("INVITE", uri, f"<{uri}>", body=sdp)
        self.dialog = {
            "to": answer.headers["to"],
            "from": answer.headers["from"],
            "call-id": answer.headers["call-id"],
            "uri": re.sub(r"^.*<([^>]*)>.*$", r"\1", answer.headers.get("contact", f"<{uri}>")),
        }
        return answer

    def within(self, method: str, body: str = "", **headers: str) -> Message:
        """A request within the call, and its final answer."""
        return self.ask(method, self.dialog["uri"], self.dialog["to"], body=body, dialog=True, **headers)

    def tell(self, method: str, **headers: str) -> None:
        """A request within the call, whatever comes of it."""
        self.count += 1
        asked = (method, self.dialog["uri"], self.dialog["to"], self.dialog["from"], self.dialog["call-id"])
        lines = self._request(*asked, f"{self.count} {method}", f"z9hG4bK{self.port}x{self.count}")
        self._send([*lines, *(f"{name}: {value}" for name, value in headers.items())], "")

    def hang_up(self) -> None:
        self.within("BYE")

    def wait_request(self, method: str, timeout: float = PATIENCE) -> Message:
        """The next request of that kind; others are answered 200."""
        end = time.monotonic() + timeout
        while True:
            message = self.pending.pop(0) if self.pending else self._receive(end)
            if message is None:
                raise AssertionError(f"no {method} within {timeout:g} s")
            if message.code:
                continue
            if message.method == method:
                return message
            if message.method != "ACK":
                self.answer(message, 200)

    def ring(self) -> Message:
        """The next call that comes in, which rings here."""
        invite = self.wait_request("INVITE")
        self.answer(invite, 180)
        return invite

    def accept(self, invite: Message, sdp: str) -> None:
        self.answer(invite, 200, sdp)
        self.dialog = {
            "to": invite.headers["from"],
            "from": invite.headers["to"] + ";tag=here",
            "call-id": invite.headers["call-id"],
            "uri": re.sub(r"^.*<([^>]*)>.*$", r"\1", invite.headers["contact"]),
        }
        self.wait_request("ACK")

    def answer(self, request: Message, code: int, body: str = "", **more: str) -> None:
        to = request.headers["to"] + ("" if "tag=" in request.headers["to"] else ";tag=here")
        lines = [f"SIP/2.0 {code} Answer", *(f"Via: {via}" for via in request.vias)]
        lines += [f"From: {request.headers['from']}", f"To: {to}"]
        lines += [f"Call-ID: {request.headers['call-id']}", f"CSeq: {request.headers['cseq']}"]
        lines += [f"Contact: {self.contact}", *(f"{name}: {value}" for name, value in more.items())]
        self._send(lines, body)

    def ask(
        self, method: str, uri: str, to: str, *, body: str = "", dialog: bool = False, **headers: str
    ) -> Message:
        """A request, again with credentials where they are asked for, and its final answer."""
        sender = f"<sip:{self.user}@{self.server}>;tag=t{self.port}"
        self.count += 1
        call_id = self.dialog["call-id"] if dialog else f"c{self.count}-{time.monotonic_ns()}@{self.address}"
        sender = self.dialog["from"] if dialog else sender
        answer = self._asked(method, uri, to, sender, call_id, body, headers)
        if answer.code in (401, 407):
            name, proof = self._proof(method, uri, answer)
            answer = self._asked(method, uri, to, sender, call_id, body, {**headers, name: proof})
        return answer

    def _asked(
        self, method: str, uri: str, to: str, sender: str, call_id: str, body: str, more: dict[str, str]
    ) -> Message:
        self.count += 1
        branch = f"z9hG4bK{self.port}x{self.count}"
        lines = self._request(method, uri, to, sender, call_id, f"{self.count} {method}", branch)
        self._send([*lines, *(f"{name.replace('_', '-')}: {value}" for name, value in more.items())], body)
        end = time.monotonic() + PATIENCE
        while (answer := self._receive(end)) is not None:
            if not answer.code:
                self.pending.append(answer)
            elif answer.headers["cseq"] == f"{self.count} {method}" and answer.code >= 200:
                if method == "INVITE":
                    self._acknowledge(uri, sender, call_id, branch, answer)
                return answer
        raise AssertionError(f"no answer to {method} {uri}")

    def _acknowledge(self, uri: str, sender: str, call_id: str, branch: str, answer: Message) -> None:
        to, cseq = answer.headers["to"], f"{self.count} ACK"
        branch = branch if answer.code >= 300 else branch + "a"
        contact = re.sub(r"^.*<([^>]*)>.*$", r"\1", answer.headers.get("contact", f"<{uri}>"))
        where = uri if answer.code >= 300 else contact
        self._send(self._request("ACK", where, to, sender, call_id, cseq, branch), "")

    def _request(
        self, method: str, uri: str, to: str, sender: str, call_id: str, cseq: str, branch: str
    ) -> list[str]:
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address}:{self.port};branch={branch};rport",
            *("Max-Forwards: 70", f"From: {sender}", f"To: {to}", f"Call-ID: {call_id}"),
            *(f"CSeq: {cseq}", f"Contact: {self.contact}"),
        ]

    def _proof(self, method: str, uri: str, challenge: Message) -> tuple[str, str]:
        asked = "www-authenticate" if challenge.code == 401 else "proxy-authenticate"
        told = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.headers[asked]))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        own, what = md5(f"{self.auth_user}:{told['realm']}:{self.secret}"), md5(f"{method}:{uri}")
        proof = md5(f"{own}:{told['nonce']}:00000001:seat:auth:{what}")
        name = "Authorization" if challenge.code == 401 else "Proxy-Authorization"
        opaque = f', opaque="{told["opaque"]}"' if "opaque" in told else ""
        return name, (
            f'Digest username="{self.auth_user}", realm="{told["realm"]}", nonce="{told["nonce"]}", '
            f'uri="{uri}", response="{proof}", algorithm=MD5, qop=auth, nc=00000001, cnonce="seat"{opaque}'
        )

    def _send(self, lines: list[str], body: str) -> None:
        lines = [*lines, *(["Content-Type: application/sdp"] if body else []), f"Content-Length: {len(body)}"]
        self.socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self.to)

    def _receive(self, end: float) -> Message | None:
        while time.monotonic() < end:
            try:
                return parsed(self.socket.recv(65536))
            except TimeoutError:
                continue
        return None


def sdp(address: str, *streams: tuple[str, int, str, tuple[str, ...]]) -> str:
    """An offer or answer: each stream is its kind, port, payload types, and what is said of them."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0"]
    for kind, port, formats, said in streams:
        lines += [f"m={kind} {port} RTP/AVP {formats}", *(f"a={one}" for one in said)]
    return "\r\n".join(lines) + "\r\n"


def exchange(pairs: list[tuple[Media, tuple[str, int], int, bytes]], want: int = 20) -> list[list[bytes]]:
    """Sends each stream's packets to its place until each of them has received so many."""
    got: list[list[bytes]] = [[] for _ in pairs]
    end = time.monotonic() + PATIENCE
    while min(len(one) for one in got) < want:
        assert time.monotonic() < end, f"received {[len(one) for one in got]} packets, not {want} each"
        for media, to, kind, payload in pairs:
            media.send(to, kind, payload)
        for index, (media, *_) in enumerate(pairs):
            while (packet := media.receive()) is not None:
                got[index].append(packet)
    return got
