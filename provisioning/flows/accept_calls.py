"""The tests of an acceptance, made one after the other (试呼)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pbx.errors import SwitchError
from pbx.trial import Desk, Measured, TrialCall
from provisioning.acceptance import judge, trials
from provisioning.acceptance.burst import burst
from provisioning.acceptance.fit import Circumstances
from provisioning.acceptance.judge import Result
from provisioning.acceptance.trials import TRIALS, Words
from provisioning.core.capacity import calls_at_once
from provisioning.core.site import Seat
from provisioning.flows import accept_readings as readings
from provisioning.flows.acceptance_equipment import Equipment, Instrument
from provisioning.flows.displace import line_calls
from provisioning.flows.drift import DriftReport
from provisioning.flows.ports import Progress, Switch

INSIDE = ("short", "long", "caller-inside", "voice-inside", "delay-inside", "quality-inside", "fax")
OUT = ("out", "caller-outside", "voice-outside", "delay-outside", "quality-outside", "claims")
IN = ("in", "caller-in")
_TALK, _BRIEFLY = 2.0, 0.5
"""Seconds of a call that is measured, and of one that has only to come about."""
_HEARD_OUT = 20.0
"""Seconds that a refusal may take: a caller hears why before, in two languages."""
_PERSON_WITHIN = 120.0
"""Seconds for a person to call in."""
_HOLD = 3.0
"""Seconds that all calls of a full line stay up."""
_PER_SECOND = 10.0


@dataclass
class Trials:
    """A run of all tests: the results so far, and what it takes to get the others."""

    switch: Switch
    at: Circumstances
    instrument: Instrument
    equipment: Equipment
    desk: Callable[[str], Desk]
    slot: str
    drift: DriftReport
    progress: Progress
    reasons: dict[str, Words | None]
    results: dict[str, Result] = field(default_factory=dict)
    calls_out: int = 0
    """Calls that went out by the line and were answered: they are charged."""

    def run(self) -> None:
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("configuration", lambda: self._keep(readings.configuration(self.drift))),
            ("registrations", self._registrations),
            ("signing-on", self._sign_on),
            ("short", self._inside),
            ("fax", self._fax),
            ("out", self._out),
            ("claims", self._claims),
            ("in", self._in),
            ("international", lambda: self._refused("international", trials.ABROAD)),
            ("hmt", lambda: self._refused("hmt", trials.HONG_KONG)),
            ("capacity", self._capacity),
        )
        for count, (trial, step) in enumerate(steps, start=1):
            self.progress(TRIALS[trial].name.english, count, len(steps))
            step()
        for trial, why in self.reasons.items():
            if trial not in self.results:
                told = why or Words("前项不合格", "what it builds on failed")
                self.results[trial] = judge.not_made(trial, told)

    def _wanted(self, trial: str) -> bool:
        return self.reasons[trial] is None

    def _keep(self, result: Result) -> None:
        """Keeps what was found of a test, if that one is made at all."""
        if self._wanted(result.trial):
            self.results[result.trial] = result

    def _leave(self, listed: tuple[str, ...], why: Words) -> None:
        for trial in listed:
            self.reasons[trial] = self.reasons[trial] or why

    def _registrations(self) -> None:
        """Waits for those that are under way; emergency calls need one of them too."""
        if not (self._wanted("registrations") or self._wanted("emergency")):
            return
        site = self.at.contract.site
        good, wanted = readings.registered(self.switch, site, self.equipment.pause)
        self._keep(
            judge.result("registrations", good == wanted, Words(f"{good}/{wanted}", f"{good} of {wanted}"))
        )
        self._keep(readings.emergency_route(self.switch, site.name, self.slot, self.drift, on_line=good > 0))

    def _sign_on(self) -> None:
        seat = self.at.chosen.called
        if seat is not None:
            code = self.instrument.sign_on(self.desk(seat.long_number))
            self._keep(judge.result("signing-on", code == 200, Words(f"{code or '-'}", f"{code or '-'}")))
            if code != 200:
                self._leave((*INSIDE, *IN), Words("话机未能注册", "the telephone was not taken"))
        if self.at.outside.telephone and self.equipment.outside is not None:
            code = self.instrument.sign_on(self.equipment.outside)
            if code != 200:
                why = Words(
                    f"外线测试话机未能注册（{code or '-'}）",
                    f"the test telephone outside was not taken ({code or '-'})",
                )
                self._leave((*OUT, *IN), why)

    def _ends(self) -> tuple[Seat, Seat] | None:
        caller, called = self.at.chosen.caller, self.at.chosen.called
        return (caller, called) if caller is not None and called is not None else None

    def _inside(self) -> None:
        ends = self._ends()
        if ends is None or not self._wanted("long"):
            return
        caller, called = ends
        short = called.short_number if self._wanted("short") else None
        by_long = self._call(caller, called.long_number, called, _BRIEFLY if short else _TALK)
        self._keep(judge.connected("long", by_long))
        measured = by_long
        if short is not None:
            measured = self._call(caller, short, called, _TALK)
            self._keep(judge.connected("short", measured))
        self._keep(judge.showed("caller-inside", measured, {caller.short_number or caller.long_number}))
        self._keep(judge.voice("voice-inside", measured))
        self._keep(judge.delay("delay-inside", measured, trials.RINGS_INSIDE))
        self._keep(judge.quality("quality-inside", measured))

    def _fax(self) -> None:
        ends = self._ends()
        if ends is not None and self._wanted("fax"):
            caller, called = ends
            call = TrialCall(
                caller=self.desk(caller.long_number),
                dialled=called.long_number,
                called=self.desk(called.long_number),
                tones=trials.FAX_TONES,
                seconds=_TALK,
            )
            self._keep(judge.fax("fax", self._make(call)))

    def _out(self) -> None:
        seat = self.at.chosen.caller
        if seat is None or not self._wanted("out"):
            return
        if not self.at.outside.telephone:
            self.equipment.ask(f"{self.at.outside.number} is called now: please answer, and stay on the line")
        call = self._call_out(seat, _TALK)
        self._keep(judge.connected("out", call))
        self._keep(judge.showed("caller-outside", call, self._own_forms(seat)))
        self._keep(judge.voice("voice-outside", call))
        self._keep(judge.delay("delay-outside", call, trials.RINGS_OUTSIDE))
        self._keep(judge.quality("quality-outside", call))

    def _claims(self) -> None:
        seat = self.at.chosen.caller
        others = [one.long_number for one in self.at.contract.site.seats if one is not seat]
        if seat is None or not others or not self._wanted("claims"):
            return
        other = f"<sip:{others[0]}@{self.equipment.sip}>"
        claimed = ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion")
        call = self._call_out(seat, _BRIEFLY, tuple((name, other) for name in claimed))
        self._keep(judge.showed("claims", call, self._own_forms(seat)))

    def _in(self) -> None:
        seat, outside = self.at.chosen.called, self.at.outside
        if seat is None or outside.number is None or not self._wanted("in"):
            return
        far = self.equipment.outside
        if outside.telephone and far is not None:
            call = self._make(
                TrialCall(
                    caller=far,
                    dialled=seat.long_number,
                    called=self.desk(seat.long_number),
                    seconds=_BRIEFLY,
                )
            )
        else:
            self.equipment.ask(
                f"please call {seat.long_number} from {outside.number} now, and hang up after a few seconds"
            )
            near = self.desk(seat.long_number)
            call = self.instrument.await_call(near, within=_PERSON_WITHIN, seconds=_TALK)
        self._keep(judge.connected("in", call))
        self._keep(judge.showed("caller-in", call, {outside.number}))

    def _refused(self, trial: str, number: str) -> None:
        seat = self.at.chosen.caller
        if seat is not None and self._wanted(trial):
            call = TrialCall(
                caller=self.desk(seat.long_number), dialled=number, seconds=0, answer_within=_HEARD_OUT
            )
            site = self.at.contract.site.name
            own = readings.refuses_by_itself(site, self.slot, self.drift)
            self._keep(judge.refused(trial, self._make(call), by_us=own))

    def _capacity(self) -> None:
        contract = self.at.contract
        carried = calls_at_once(contract.site.voice_lines)
        if self.equipment.exchange is None or carried is None or not self._wanted("capacity"):
            return
        room = carried - line_calls(self.switch, contract.site)
        made = readings.calls_made(self.switch, contract, self.equipment.clock())
        wanted = burst(contract, replace(self.at.site_now, made=made), self.at.outside.answers, room)
        if isinstance(wanted, Words):
            self.reasons["capacity"] = wanted
            return
        calls = [TrialCall(caller=self.desk(seat.long_number), dialled=number) for seat, number in wanted]
        with self.equipment.exchange() as exchange:
            codes = exchange.at_once(calls, per_second=_PER_SECOND, hold=_HOLD + len(calls) / _PER_SECOND)
        self.calls_out += codes.count(200)
        self._keep(judge.capacity("capacity", codes, room))

    def _call(self, caller: Seat, dialled: str, called: Seat, seconds: float) -> Measured:
        near, far = self.desk(caller.long_number), self.desk(called.long_number)
        return self._make(TrialCall(caller=near, dialled=dialled, called=far, seconds=seconds))

    def _call_out(self, seat: Seat, seconds: float, headers: tuple[tuple[str, str], ...] = ()) -> Measured:
        far = self.equipment.outside if self.at.outside.telephone else None
        call = self._make(
            TrialCall(
                caller=self.desk(seat.long_number),
                dialled=self.at.outside.number or "",
                called=far,
                seconds=seconds,
                headers=headers,
            )
        )
        self.calls_out += call.answered
        return call

    def _make(self, call: TrialCall) -> Measured:
        """A call; one that the test telephones could not make at all is one that did not come about."""
        try:
            return self.instrument.make(call)
        except SwitchError:
            return Measured(code=0)

    def _own_forms(self, seat: Seat) -> set[str]:
        """The ways in which a seat's own number may be shown outside."""
        number = seat.long_number
        bare = number.removeprefix("0")
        return {
            number,
            self.at.contract.site.ims_caller(number),
            f"+86{bare}",
            f"86{bare}",
            f"0086{bare}",
            bare,
        }
