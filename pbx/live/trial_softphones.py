"""Test calls by softphones: they ring, hum, and measure what they hear (软电话测试)."""

from __future__ import annotations

import socket
import tempfile
import time
from array import array
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pbx import tone
from pbx.errors import Malformed, Refused, SwitchError, Unreachable
from pbx.live import wav
from pbx.live.softphone import Call, Phone, Phones
from pbx.trial import Desk, Measured, Sound, TrialCall, number_in

SIP_PORT = 5060
_BLOCK = 0.05
"""Seconds in which a tone is looked for."""
_CLOSED_WITHIN = 10.0


def address_towards(registrar: str) -> str:
    """Our own address on the way to a switch; nothing is sent. Unreachable where there is no way."""
    host, _, port = registrar.partition(":")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, int(port or SIP_PORT)))
            return str(probe.getsockname()[0])
    except OSError as fault:
        raise Unreachable(f"there is no way to {registrar}: {fault.strerror or fault}") from None


class SoftphoneTrials:
    """Telephones that sign on, and the calls they make; one process of softphones for each switch."""

    name = "softphone"
    hears = True

    def __init__(self, bind: str | None = None) -> None:
        self._bind = bind
        self._processes: dict[str, Phones] = {}
        self._signed_on: dict[str, Phone] = {}
        self._callers: dict[str, Phone] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for phones in self._processes.values():
            phones.close()

    def sign_on(self, desk: Desk) -> int:
        """Registers a telephone, until the end; the SIP code of the answer, 0 for none."""
        try:
            phone = self._phones(desk).register(
                desk.user,
                auth_user=desk.auth_user,
                secret=desk.secret,
                registrar=desk.registrar,
                answer="ring",
            )
        except Refused as fault:
            return next((int(word) for word in str(fault).split() if word.isdigit() and len(word) == 3), 403)
        except Unreachable:
            return 0
        self._signed_on[desk.user] = phone
        return phone.code

    def make(self, call: TrialCall) -> Measured:
        """Makes one call to its end."""
        with tempfile.TemporaryDirectory(prefix="seatline-trial-") as folder:
            return self._make(call, Path(folder))

    def await_call(self, called: Desk, *, within: float, seconds: float) -> Measured:
        """Waits for a call that a person makes, and answers it; code 0 where none came."""
        with tempfile.TemporaryDirectory(prefix="seatline-trial-") as folder:
            kept = Path(folder) / "called.wav"
            try:
                came = self._signed_on[called.user].next_call(within).keep(kept)
            except Unreachable:
                return Measured(code=0)
            came.answer()
            came.wait("connected")
            time.sleep(seconds)
            came.hang_up()
            came.ended()
            return Measured(
                code=200, answered=True, shown=number_in(came.came_from), by_called=_sound(came, kept, None)
            )

    def _make(self, call: TrialCall, folder: Path) -> Measured:
        caller = self._caller(call.caller)
        called = self._signed_on[call.called.user] if call.called is not None else None
        if called is not None:
            called.incoming.clear()
        began = time.monotonic()
        out = caller.dial(call.dialled, headers=call.headers)
        out.hum(call.tones[0]).keep(folder / "caller.wav")
        rang_after = came = None
        with suppress(SwitchError):  # it was refused, or nobody answered: its code says which
            out.wait("early", call.answer_within)
            rang_after = time.monotonic() - began
            if called is not None:
                came = _at_its_end(out, called, call.answer_within)
                came.hum(call.tones[1]).keep(folder / "called.wav")
                came.answer()
            out.wait("connected", call.answer_within)
            time.sleep(call.seconds)
        answered = out.state == "connected"
        code = out.code if out.state == "ended" else 200 if answered else 0
        out.hang_up()
        out.ended()
        if came is not None:
            came.ended()
        return Measured(
            code=code,
            answered=answered,
            rang_after=rang_after,
            shown=number_in(came.came_from) if came else None,
            asserted=number_in(came.asserted) if came and came.asserted else None,
            by_caller=_sound(out, folder / "caller.wav", call.tones[::-1]) if answered else None,
            by_called=_sound(came, folder / "called.wav", call.tones) if came and answered else None,
        )

    def _phones(self, desk: Desk) -> Phones:
        if desk.registrar not in self._processes:
            phones = Phones(bind=self._bind or address_towards(desk.registrar))
            phones.__enter__()
            self._processes[desk.registrar] = phones
        return self._processes[desk.registrar]

    def _caller(self, desk: Desk) -> Phone:
        """The telephone that is signed on, else one that can only call: that takes nobody's place."""
        if desk.user in self._signed_on:
            return self._signed_on[desk.user]
        if desk.user not in self._callers:
            self._callers[desk.user] = self._phones(desk).unregistered(
                desk.user, auth_user=desk.auth_user, secret=desk.secret, registrar=desk.registrar
            )
        return self._callers[desk.user]


def _at_its_end(out: Call, called: Phone, within: float) -> Call:
    """The call as it comes in at its other end. Unreachable where it does not, or another one answers it."""
    end = time.monotonic() + within
    while not called.incoming and out.state not in ("connected", "ended") and time.monotonic() < end:
        time.sleep(_BLOCK)
    return called.next_call(_BLOCK)


def _sound(call: Call, file: Path, tones: tuple[int, int] | None) -> Sound:
    """What an end heard; `tones` are the other's and its own, None where nobody hums."""
    heard = Sound(
        packets=call.heard,
        lost=int(call.quality.get("lost", 0)),
        jitter=call.quality.get("jitter", 0.0),
    )
    if tones is None:
        return heard
    samples, rate = _kept(file)
    step = round(rate * _BLOCK)
    blocks = [samples[start : start + step] for start in range(0, len(samples) - step + 1, step)]
    with_tone = [tone.heard(block, tones[0], rate) > 0 for block in blocks]
    levels = [tone.level(block) for block, there in zip(blocks, with_tone, strict=True) if there]
    return Sound(
        packets=heard.packets,
        lost=heard.lost,
        jitter=heard.jitter,
        tone=sum(with_tone) * _BLOCK,
        own=tone.heard(samples, tones[1], rate),
        whole=_whole(with_tone),
        level=tone.decibels(sum(levels) / len(levels)) if levels else None,
    )


def _kept(file: Path) -> tuple[array[int], int]:
    """What was kept of a call: PJSIP closes the file a moment after it says that the call is over."""
    end = time.monotonic() + _CLOSED_WITHIN
    while True:
        try:
            return wav.read(file)
        except (Malformed, OSError):
            if time.monotonic() > end:
                raise
        time.sleep(_BLOCK)


def _whole(there: list[bool]) -> float:
    """The share of the time between the first and the last moment of a tone in which it was there."""
    if True not in there:
        return 0.0
    first, last = there.index(True), len(there) - 1 - there[::-1].index(True)
    return sum(there[first : last + 1]) / (last + 1 - first)
