"""Test calls by SIPp: that they come about and what the called is shown, not how they sound (SIPp 测试)."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pbx.live import sipp
from pbx.live.sipp import SCENARIOS, Message, Playing
from pbx.live.trial_softphones import address_towards
from pbx.trial import Desk, Measured, TrialCall, number_in

PATIENCE = 60.0
_READY = 0.3
"""Seconds in which SIPp is on its port."""
_EXPIRES = "300"


class SippTrials:
    """Telephones that sign on, and the calls they make: one SIPp for each end of a call."""

    name = "SIPp"
    hears = False

    def __init__(self, bind: str | None = None) -> None:
        self._bind = bind
        self._signed_on: dict[str, tuple[Desk, int]] = {}
        self._home = tempfile.TemporaryDirectory(prefix="seatline-sipp-")
        self._played = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for desk, port in self._signed_on.values():
            self._register(desk, port, "0")
        self._home.cleanup()

    def sign_on(self, desk: Desk) -> int:
        """Registers a telephone, until the end; the SIP code of the answer, 0 for none."""
        port = sipp.free_port(self._address(desk))
        code = self._register(desk, port, _EXPIRES)
        if code == 200:
            self._signed_on[desk.user] = (desk, port)
        return code

    def make(self, call: TrialCall) -> Measured:
        """Makes one call to its end. Tones and headers of its own it cannot have."""
        answers = self._answers(call.called) if call.called is not None else None
        try:
            asked = self._play(
                "call", call.caller, sipp.free_port(self._address(call.caller)), [call], call.seconds
            )
            made = asked.wait(call.answer_within + call.seconds + PATIENCE)
            heard = answers.so_far() if answers is not None else None
        finally:
            if answers is not None:
                answers.stop()
        own = next(iter(made.calls.values()), ())
        came = next(iter(heard.calls.values()), ()) if heard is not None else ()
        code = sipp.final_code(own)
        return Measured(
            code=code,
            answered=code == 200,
            rang_after=_rang_after(own),
            shown=number_in(came[0].header("From")) if came else None,
            asserted=number_in(came[0].header("P-Asserted-Identity")) or None if came else None,
        )

    def await_call(self, called: Desk, *, within: float, seconds: float) -> Measured:
        """Waits for a call that a person makes and ends; code 0 where none came."""
        came = next(iter(self._answers(called).wait(within).calls.values()), ())
        answered = any(one.text.startswith("ACK") for one in came)
        shown = number_in(came[0].header("From")) if came else None
        return Measured(code=200 if answered else 0, answered=answered, shown=shown)

    def at_once(self, calls: Sequence[TrialCall], *, per_second: float, hold: float) -> tuple[int, ...]:
        """Makes many calls of one switch, all up together for a while; how each was answered.

        Nobody of ours is called, and the callers need not be signed on."""
        near = calls[0].caller
        port = sipp.free_port(self._address(near))
        lasts = len(calls) / per_second + hold + PATIENCE
        return self._play("call", near, port, calls, hold, per_second).wait(lasts).codes

    def _answers(self, called: Desk) -> Playing:
        desk, port = self._signed_on[called.user]
        playing = sipp.play(
            SCENARIOS / "answer.xml",
            self._folder(),
            to=desk.registrar,
            address=self._address(desk),
            port=port,
        )
        time.sleep(_READY)
        return playing

    def _register(self, desk: Desk, port: int, expires: str) -> int:
        line = (desk.user, sipp.proof(desk.auth_user, desk.secret), desk.registrar, expires)
        played = sipp.play(
            SCENARIOS / "register.xml",
            self._folder(),
            to=desk.registrar,
            address=self._address(desk),
            port=port,
            lines=[line],
            patience=10,
        )
        return next(iter(played.wait(15).codes), 0)

    def _play(
        self,
        scenario: str,
        near: Desk,
        port: int,
        calls: Sequence[TrialCall],
        hold: float,
        per_second: float = 10,
    ) -> Playing:
        lines = [
            (
                one.caller.user,
                sipp.proof(one.caller.auth_user, one.caller.secret),
                near.registrar,
                one.dialled,
            )
            for one in calls
        ]
        return sipp.play(
            SCENARIOS / f"{scenario}.xml",
            self._folder(),
            to=near.registrar,
            address=self._address(near),
            port=port,
            lines=lines,
            hold=hold,
            per_second=per_second,
            patience=PATIENCE + hold,
        )

    def _address(self, desk: Desk) -> str:
        return self._bind or address_towards(desk.registrar)

    def _folder(self) -> Path:
        self._played += 1
        return Path(self._home.name) / str(self._played)


def _rang_after(messages: Sequence[Message]) -> float | None:
    """Seconds from our INVITE to the first sign that it rings."""
    asked = next((one for one in messages if one.sent and one.method == "INVITE"), None)
    rang = next((one for one in messages if not one.sent and one.code in (180, 183, 200)), None)
    return (rang.at - asked.at).total_seconds() if asked and rang else None
