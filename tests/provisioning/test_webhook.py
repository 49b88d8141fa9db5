"""Webhooks, against an HTTP server on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from provisioning.flows.tell_night import Message, NotTold
from provisioning.webhook import MANNERS, Webhook

MESSAGE = Message(
    subject="夜间作业", text="采集话单: 失败", document={"event": "seatline-nightly", "code": 4}
)
SECRET = "CANARYsecret0000"


@dataclass
class Hook:
    """An address that is told, and what it answers."""

    url: str = ""
    status: int = 200
    answer: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    told = Hook()

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.got.append((self.path, dict(self.headers), body))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.answer)

        def log_message(self, format: str, *arguments: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Takes) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}/robot/send?access_token={SECRET}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def test_a_program_is_told_all(hook: Hook) -> None:
    """JSON has the message and the report, and is signed with the secret."""
    Webhook(url=hook.url, secret="shared").send(MESSAGE)
    ((path, headers, body),) = hook.got
    assert path.startswith("/robot/send?access_token=")
    assert json.loads(body) == {
        "subject": "夜间作业", "text": "采集话单: 失败", "event": "seatline-nightly", "code": 4
    }  # fmt: skip
    signed = hmac.new(b"shared", body, hashlib.sha256).hexdigest()
    assert headers["X-Seatline-Signature"] == f"sha256={signed}"


@pytest.mark.parametrize("manner", sorted(set(MANNERS) - {"json"}))
def test_each_chat_is_told_in_its_manner(hook: Hook, manner: str) -> None:
    """The subject and the text stand in what each chat shows."""
    Webhook(url=hook.url, manner=manner).send(MESSAGE)
    assert "夜间作业\\n采集话单: 失败" in hook.got[0][2].decode()


def test_dingtalk_signs_in_the_address(hook: Hook) -> None:
    """钉钉 wants the time and its signature beside the token."""
    Webhook(url=hook.url, manner="dingtalk", secret="SEC0", clock=lambda: 1_760_000_000.5).send(MESSAGE)
    sign = base64.b64encode(hmac.new(b"SEC0", b"1760000000500\nSEC0", hashlib.sha256).digest()).decode()
    more = urllib.parse.urlencode({"timestamp": "1760000000500", "sign": sign})
    assert hook.got[0][0] == f"/robot/send?access_token={SECRET}&{more}"


def test_feishu_signs_in_the_body(hook: Hook) -> None:
    """飞书 wants the time in seconds and its signature beside the text."""
    Webhook(url=hook.url, manner="feishu", secret="SEC0", clock=lambda: 1_760_000_000.5).send(MESSAGE)
    told = json.loads(hook.got[0][2])
    assert (told["timestamp"], len(told["sign"])) == ("1760000000", 44)


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (500, b"", "answered 500"),
        (302, b"", "answered 302"),
        (200, b'{"errcode": 310000, "errmsg": "keywords not in content"}', "refused with 310000"),
        (200, b'{"code": 19021, "msg": "sign match fail"}', "refused with 19021"),
    ],
)
def test_what_was_not_taken(hook: Hook, status: int, answer: bytes, said: str) -> None:
    """A chat that refuses says so with 200; a redirection is not followed; no fault names the secret URL."""
    hook.status, hook.answer, hook.headers = status, answer, {"Location": "/elsewhere"}
    told = Webhook(url=hook.url, secret="shared")
    with pytest.raises(NotTold, match=said) as fault:
        told.send(MESSAGE)
    assert len(hook.got) == 1
    assert SECRET not in str(fault.value) + repr(told)
    assert "shared" not in repr(told)


def test_nobody_there(reserved_port: int) -> None:
    """An address that nobody listens on is one sentence."""
    with pytest.raises(NotTold, match=r"webhook at 127\.0\.0\.1: Connection refused"):
        Webhook(url=f"http://127.0.0.1:{reserved_port}/x").send(MESSAGE)


@pytest.mark.parametrize("answer", [b"220 this is a mail server\r\n", b"HTTP/1.1 200 OK\r\n" + b"x" * 70_000])
def test_who_speaks_no_http(answer: bytes) -> None:
    """An answer that is no HTTP is one sentence like any other, without the address's secret."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            with server.accept()[0] as told:
                told.recv(65536)
                told.sendall(answer)

        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/?key={SECRET}"
        with pytest.raises(NotTold, match=r"^webhook at 127\.0\.0\.1: [A-Za-z ]+$"):
            Webhook(url=url).send(MESSAGE)
        thread.join()


def test_a_long_text_is_cut(hook: Hook) -> None:
    """A chat takes no more than some thousand characters; the rest is left out."""
    long = Message(subject="x", text="甲" * 9000, document={})
    Webhook(url=hook.url, manner="wecom").send(long)
    content = json.loads(hook.got[0][2])["text"]["content"]
    assert (len(content), content[-4:]) == (4000, "\n...")
