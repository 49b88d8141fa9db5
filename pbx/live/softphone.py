"""Real telephones for real test calls: the near end of the softphone process (软电话).

    with Phones(bind="127.0.0.3") as phones:
        phone = phones.register("08702120001", auth_user="seat-08702120001", secret=..., registrar=...)
        print(phone.dial("6002").talk(2).seconds)

pjsua2 itself lives in softphone_process.py, in a process of its own: PJSIP is GPL, ends its process when it
is misused, and is not needed to provision or bill.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pbx.errors import Malformed, Refused, Unreachable

ROOM = 8
"""Telephones in one process: PJSIP has room for no more, and ends its process over the ninth."""
PATIENCE = 60.0
"""Seconds to wait for what should come at once: on a busy machine it does not."""
ORDER = ("calling", "early", "connecting", "connected", "ended")
"""The states of a call, in the order it goes through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a call ended: the last SIP code, how long it was connected, voice packets received (通话结果)."""

    code: int
    reason: str
    seconds: float
    heard: int


@dataclass(eq=False)
class Call:
    """One leg of a call as a telephone sees it. `came_from`, `asserted` and `diverted` are what a called
    telephone was shown: the From, P-Asserted-Identity and Diversion (or History-Info) headers."""

    number: int
    phones: Phones = field(repr=False)
    state: str = "calling"
    code: int = 0
    reason: str = ""
    seconds: float = 0.0
    heard: int = 0
    came_from: str = ""
    asserted: str = ""
    diverted: str = ""
    invite: str = ""
    """The INVITE that a called telephone got, whole."""
    codes: list[int] = field(default_factory=list)
    """Every SIP code seen, in order: 180 or 183 on the way."""
    quality: dict[str, float] = field(default_factory=dict)
    """Once it ended, of the voice that came in: packets `lost`, `jitter` and `jitter_most` in ms."""

    def wait(self, state: str, timeout: float = PATIENCE) -> Self:
        """Waits until the call is that far. Raises Refused when it ended before, Unreachable when it takes
        longer than that."""
        self.phones.wait(lambda: ORDER.index(self.state) >= ORDER.index(state), timeout, f"call {state}")
        if self.state == "ended" and state != "ended":
            raise Refused(f"the call ended with {self.code} {self.reason} before it was {state}")
        return self

    def hear(self, packets: int, timeout: float = PATIENCE) -> Self:
        """Waits until so many voice packets have come in. Raises Refused when the call ended before,
        Unreachable when it takes longer than that."""
        self.phones.order({"do": "hear", "call": self.number, "packets": packets})
        self.phones.wait(lambda: self.heard >= packets or self.state == "ended", timeout, "voice")
        if self.heard < packets:
            raise Refused(
                f"the call ended with {self.code} {self.reason} when {self.heard} packets were heard"
            )
        return self

    def answer(self, code: int = 200) -> None:
        """Answers a call that came in: 180 rings, 200 lifts the receiver, 486 is busy."""
        self.phones.order({"do": "answer", "call": self.number, "code": code})

    def press(self, keys: str) -> None:
        """Presses keys during the call (DTMF, RFC 4733)."""
        self.phones.order({"do": "press", "call": self.number, "keys": keys})

    def hum(self, hertz: int) -> Self:
        """Hums a tone, now or as soon as there is a voice path, as long as the call lasts."""
        self.phones.order({"do": "hum", "call": self.number, "hertz": hertz})
        return self

    def keep(self, file: Path) -> Self:
        """Keeps what is heard from now on, early media too, as WAV; the file is whole when the call ended."""
        self.phones.order({"do": "keep", "call": self.number, "file": str(file)})
        return self

    def hang_up(self) -> None:
        """Ends the call, whatever its state."""
        self.phones.order({"do": "hang_up", "call": self.number})

    def talk(self, seconds: float, timeout: float = PATIENCE) -> Ended:
        """Waits until somebody answers, talks that long, hangs up."""
        self.wait("connected", timeout)
        time.sleep(seconds)
        self.hang_up()
        return self.ended(timeout)

    def ended(self, timeout: float = PATIENCE) -> Ended:
        """Waits for the end and says how it was."""
        self.wait("ended", timeout)
        return Ended(code=self.code, reason=self.reason, seconds=self.seconds, heard=self.heard)


@dataclass(eq=False)
class Phone:
    """A telephone at a switch."""

    number: int
    phones: Phones = field(repr=False)
    code: int = 0
    reason: str = ""
    incoming: list[Call] = field(default_factory=list)

    def dial(self, number: str, *, headers: Iterable[tuple[str, str]] = ()) -> Call:
        """Dials, without waiting for anything. `headers` go into the INVITE as they are."""
        return self.phones.dial(self, number, tuple(headers))

    def next_call(self, timeout: float = PATIENCE) -> Call:
        """The next call that comes in, in the order they came."""
        self.phones.wait(lambda: bool(self.incoming), timeout, "incoming call")
        return self.incoming.pop(0)


class Phones:
    """Telephones bound to one address, in one process that lives as long as the `with` block."""

    def __init__(self, *, bind: str) -> None:
        self._changed = threading.Condition()
        self._phones: dict[int, Phone] = {}
        self._calls: dict[int, Call] = {}
        self._ready = False
        self._gone = False
        self._faults: list[str] = []
        self._last = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pbx.live.softphone_process", bind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        try:
            self.wait(lambda: self._ready, PATIENCE, "softphone")
        except Unreachable:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def register(
        self,
        user: str,
        *,
        auth_user: str,
        secret: str,
        registrar: str,
        answer: str = "auto",
        timeout: float = PATIENCE,
    ) -> Phone:
        """Registers a telephone. `answer`: "auto" lifts the receiver at once, "ring" only rings, "no" does
        nothing by itself. Raises Refused with the SIP code when the switch does not take it."""
        phone = self._add(user, auth_user, secret, registrar, answer, register=True)
        self.wait(lambda: phone.code != 0, timeout, f"registration of {user}")
        if phone.code != 200:
            raise Refused(f"the registration of {user} was answered {phone.code} {phone.reason}")
        return phone

    def unregistered(self, user: str, *, auth_user: str, secret: str, registrar: str) -> Phone:
        """A telephone that can only call, and may claim any user in its From."""
        return self._add(user, auth_user, secret, registrar, "no", register=False)

    def dial(self, phone: Phone, number: str, headers: tuple[tuple[str, str], ...]) -> Call:
        call = Call(number=self._next(), phones=self)
        self._calls[call.number] = call
        self.order(
            {"do": "dial", "phone": phone.number, "call": call.number, "number": number, "headers": headers}
        )
        return call

    def order(self, order: dict[str, Any]) -> None:
        """Sends one order to the process."""
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps(order).encode() + b"\n")
            pipe.flush()
        except OSError:
            raise Unreachable("the softphone process is gone") from None

    def wait(self, done: Callable[[], bool], timeout: float, what: str) -> None:
        """Waits for something to become true, as long as the process lives."""
        with self._changed:
            self._changed.wait_for(lambda: done() or self._gone, timeout)
            if done():
                return
        if self._gone:
            raise Unreachable(f"the softphone process is gone: {self._last_words()}")
        faults = f" ({'; '.join(self._faults)})" if self._faults else ""
        raise Unreachable(f"no {what} within {timeout:g} s{faults}")

    def close(self) -> None:
        """Hangs up, signs off and ends the process."""
        if self._process.poll() is None and not self._gone:
            try:
                self.order({"do": "stop"})
                self._process.wait(PATIENCE)
            except (Unreachable, subprocess.TimeoutExpired):
                self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _add(
        self, user: str, auth_user: str, secret: str, registrar: str, answer: str, *, register: bool
    ) -> Phone:
        if len(self._phones) == ROOM:
            raise Malformed(f"one softphone process has room for {ROOM} telephones: use another for more")
        phone = Phone(number=self._next(), phones=self)
        self._phones[phone.number] = phone
        self.order(
            {
                "do": "register",
                "phone": phone.number,
                "user": user,
                "auth_user": auth_user,
                "secret": secret,
                "registrar": registrar,
                "register": register,
                "answer": answer,
            }
        )
        return phone

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _read(self) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        for line in pipe:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            with self._changed:
                self._take(event)
                self._changed.notify_all()
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "ready":
                self._ready = True
            case "registered":
                phone = self._phones[event["phone"]]
                phone.code, phone.reason = event["code"], event["reason"]
            case "incoming":
                call = Call(
                    number=event["call"],
                    phones=self,
                    came_from=event["from"],
                    asserted=event["asserted"],
                    diverted=event["diverted"],
                    invite=event["invite"],
                )
                self._calls[call.number] = call
                self._phones[event["phone"]].incoming.append(call)
            case "heard":
                call = self._calls[event["call"]]
                call.heard = max(call.heard, event["heard"])
            case "state":
                _advance(self._calls[event["call"]], event)
            case "fault":
                self._faults.append(event["reason"])
            case other:
                raise Malformed(f"the softphone process said {other!r}")

    def _last_words(self) -> str:
        pipe = self._process.stderr
        assert pipe is not None
        return pipe.read().decode(errors="replace").strip()[-500:] or "it said nothing"


def _advance(call: Call, event: dict[str, Any]) -> None:
    call.state = event["state"]
    call.heard = max(call.heard, event.get("heard", 0))
    call.seconds = event.get("seconds", call.seconds)
    call.quality = event.get("quality", call.quality)
    if "code" in event:
        call.code, call.reason = event["code"], event["reason"]
        call.codes.append(event["code"])
