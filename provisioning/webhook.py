"""Tells an address over HTTP, in the manner that it understands, signed where it wants that (回调通知)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from provisioning.flows.tell_night import Message, NotTold

SECONDS = 30
LONGEST_ANSWER = 64 * 1024
LONGEST_TEXT = 4000
"""Characters of a text that every chat takes."""

MANNERS: Mapping[str, Callable[[Message], dict[str, Any]]] = {
    "json": lambda message: {"subject": message.subject, "text": message.text, **message.document},
    "dingtalk": lambda message: {"msgtype": "text", "text": {"content": _short(message)}},
    "wecom": lambda message: {"msgtype": "text", "text": {"content": _short(message)}},
    "feishu": lambda message: {"msg_type": "text", "content": {"text": _short(message)}},
    "slack": lambda message: {"text": _short(message)},
}
"""What is sent, by who understands it: any program, 钉钉, 企业微信, 飞书, Slack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address, which may hold a secret, and the secret that signs; neither is in any repr or fault."""

    url: str
    manner: str = "json"
    secret: str | None = None
    ca_file: Path | None = None
    clock: Callable[[], float] = time.time

    def __repr__(self) -> str:
        return f"<Webhook at {urllib.parse.urlsplit(self.url).hostname}>"

    def send(self, message: Message) -> None:
        """Sends it once; NotTold where the answer is not that it was taken."""
        where = f"webhook at {urllib.parse.urlsplit(self.url).hostname}"
        try:
            with self._opener().open(self._request(message), timeout=SECONDS) as answer:
                refused = _refusal(answer.read(LONGEST_ANSWER))
        except urllib.error.HTTPError as fault:
            fault.close()
            raise NotTold(f"{where}: answered {fault.code}") from None
        except urllib.error.URLError as fault:
            why = fault.reason
            said = why.strerror if isinstance(why, OSError) and why.strerror else type(why).__name__
            raise NotTold(f"{where}: {said}") from None
        except (OSError, ValueError, http.client.HTTPException) as fault:
            raise NotTold(f"{where}: {type(fault).__name__}") from None
        if refused:
            raise NotTold(f"{where}: refused with {refused}")

    def _opener(self) -> urllib.request.OpenerDirector:
        trust = ssl.create_default_context(cafile=self.ca_file)
        return urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust), _NoRedirect)

    def _request(self, message: Message) -> urllib.request.Request:
        url, content, headers = self.url, MANNERS[self.manner](message), {"Content-Type": "application/json"}
        if self.secret is not None and self.manner == "dingtalk":
            url = _with_query(url, _dingtalk(self.secret, str(int(self.clock() * 1000))))
        if self.secret is not None and self.manner == "feishu":
            content |= _feishu(self.secret, str(int(self.clock())))
        body = json.dumps(content, ensure_ascii=False).encode()
        if self.secret is not None and self.manner == "json":
            headers["X-Seatline-Signature"] = (
                f"sha256={hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()}"
            )
        return urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - settings: http(s)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Whoever sends us elsewhere is not followed: what is told is for the address of the settings."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        return None


def _short(message: Message) -> str:
    text = f"{message.subject}\n{message.text}"
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 4] + "\n..."


def _refusal(answer: bytes) -> str | None:
    """The error in a chat's answer, which comes with the status 200."""
    try:
        said = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    code = said.get("errcode", said.get("code", said.get("StatusCode", 0)))
    return str(code) if isinstance(code, int) and code != 0 else None


def _dingtalk(secret: str, stamp: str) -> dict[str, str]:
    """钉钉 signs the time and the secret by the secret, in the address."""
    sign = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(sign).decode()}


def _feishu(secret: str, stamp: str) -> dict[str, str]:
    """飞书 signs nothing by the time and the secret, in the body."""
    sign = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(sign).decode()}


def _with_query(url: str, more: Mapping[str, str]) -> str:
    parts = urllib.parse.urlsplit(url)
    query = "&".join(part for part in (parts.query, urllib.parse.urlencode(more)) if part)
    return urllib.parse.urlunsplit(parts._replace(query=query))
