"""The tests of an acceptance that call nobody: what the running switch is asked (查询类测试)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from pbx.action import Action
from pbx.readback import running
from provisioning.acceptance import emergency, judge, trials
from provisioning.acceptance.judge import Result
from provisioning.acceptance.seats import Made
from provisioning.acceptance.trials import Words
from provisioning.core.contract import Contract
from provisioning.core.cycle import SHANGHAI
from provisioning.core.site import Site
from provisioning.flows.drift import DriftReport
from provisioning.flows.ports import Switch
from provisioning.flows.read_switch import REGISTERED, registration_states
from provisioning.planning import names
from provisioning.planning.policy import counted_with

_CELL = 120
"""Characters of a fault that a report quotes."""
_UNDER_WAY = "Unregistered"
"""Asterisk's word for a registration that has not been answered yet."""
_STEP, _MOST_STEPS = 0.5, 60
"""Seconds between two looks at registrations that have only begun, and how many: the first ones go out within
ten seconds after `seatline apply`."""
_ON_THE_WAY = frozenset(
    {"seatline-dialled", "seatline-may-call", "seatline-open-zone", "seatline-zone", "seatline-class"}
    | {"seatline-refused", "seatline-of-seat", "seatline-policy"}
)
"""The contexts by which a closed zone is refused: each has to run as it was written."""


def configuration(drift: DriftReport) -> Result:
    wrong = [*drift.drifts, *drift.notes]
    if not wrong:
        return judge.result("configuration", True, Words("无差异", "no difference"))
    first = _shortened(str(wrong[0]))
    words = Words(f"{len(wrong)}处差异，如：{first}", f"{len(wrong)} differences, such as: {first}")
    return judge.result("configuration", False, words)


def registered(switch: Switch, site: Site, pause: Callable[[float], None]) -> tuple[int, int]:
    """How many of the site's numbers are registered at the operator, and how many should be.

    Waits a while for those that have only begun.
    """
    if site.ims is None:
        return 0, 0
    own = [names.line_registration(site.name)]
    if site.ims.register == "seat":
        own = [names.seat_registration(seat.long_number) for seat in site.seats]
    for _ in range(_MOST_STEPS):
        states = registration_states(switch)
        if not any(states.get(name) == _UNDER_WAY for name in own):
            break
        pause(_STEP)
    return sum(states.get(name) == REGISTERED for name in own), len(own)


def emergency_route(switch: Switch, site: str, slot: str, drift: DriftReport, *, on_line: bool) -> Result:
    """Whether emergency calls would go straight out; `on_line`: some number is registered at the operator."""
    start, form = names.context(site, slot), names.context(site, slot, "forms")
    shown = _contexts(switch, start, form)
    found = (emergency.fault(shown, start, number, form) for number in trials.EMERGENCY)
    wrong = [fault for fault in found if fault is not None]
    differing = (_shortened(str(one)) for one in drift.drifts if one.object in emergency.ON_THE_WAY)
    wrong += [Words(f"与合同台账不一致：{text}", text) for text in differing]
    if not on_line:
        wrong.append(Words("无号码注册到运营商", "no number is registered at the operator"))
    good = Words("路由正确，未实际呼叫", "the route is right; nobody was called")
    return judge.result("emergency", not wrong, wrong[0] if wrong else good)


def refuses_by_itself(site: str, slot: str, drift: DriftReport) -> bool:
    """Whether all by which the switch refuses a closed zone runs as the contract has it: then a 403 to such a
    call is its own, and the operator was not asked."""
    own = {names.context(site, slot, part) for part in ("open", "policy", "seat")}
    return not any(one.object in _ON_THE_WAY | own for one in drift.drifts)


def calls_made(switch: Switch, contract: Contract, now: datetime) -> Made:
    """What the switch has counted of today's calls, and of those of the last minute where it counts these."""
    today = f"{now.astimezone(SHANGHAI):%Y%m%d}"
    by: dict[str, int] = {}
    to: dict[str, int] = {}
    lately: Counter[str] = Counter()
    for family in (contract.site.name, counted_with(contract.customer)):
        for key, value in _counted(switch, f"seatline-count/{family}"):
            match key:
                case [day, "by", seat] if day == today:
                    by[seat] = value
                case [day, "to", callee] if day == today:
                    to[callee] = value
                case ["pace", seat, place] if place.isdigit():
                    lately[seat] += value / 1000 > now.timestamp() - 60
    return Made(by=by, to=to, lately=lately)


def _counted(switch: Switch, family: str) -> Iterator[tuple[list[str], int]]:
    """The numbers that stand under a family of the switch's database, each with the parts of its key."""
    for event in switch.send(Action("DBGetTree", (("Family", family),)), timeout=60).events:
        if (value := event.get("Val", "")).isdigit():
            yield event.get("Key", "").removeprefix(f"/{family}/").split("/"), int(value)


def _contexts(switch: Switch, start: str, form: str) -> emergency.Contexts:
    """The running dialplan from a seat's context on, as far as an emergency call may come."""
    asked: list[str] = [start, form, emergency.FIRST, emergency.OUT]
    found: dict[str, dict[str, str]] = {}
    for context in asked:  # grows while we go
        action = Action("ShowDialPlan", (("Context", context),))
        lines = running((action,), (switch.send(action, timeout=60),)).contexts.get(context)
        if lines is not None:
            found[context] = dict(lines)
            asked += [one for one in lines.get("include", "").split(", ") if one and one not in asked]
    return found


def _shortened(text: str) -> str:
    """What fits a cell of the report; all of it is in `seatline drift`."""
    return text if len(text) <= _CELL else f"{text[:_CELL]}…"
