"""Accepts a site: every test that fits its contract, made with real calls, and what came of it (验收)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pbx.trial import Desk
from provisioning.acceptance import fit, seats
from provisioning.acceptance.fit import Circumstances, Outside, Tools
from provisioning.acceptance.report import Papers, Report
from provisioning.acceptance.seats import Now
from provisioning.charging.zoning import ZONE_OF
from provisioning.core.contract import Contract
from provisioning.core.cycle import SHANGHAI
from provisioning.core.numbering import NumberClass, classify, national
from provisioning.core.status import Stop
from provisioning.flows.accept_calls import Trials
from provisioning.flows.accept_readings import calls_made
from provisioning.flows.accept_report import report_of
from provisioning.flows.acceptance_equipment import Equipment
from provisioning.flows.displace import displaced, endpoints, telephones
from provisioning.flows.drift import find_drift
from provisioning.flows.errors import FlowError
from provisioning.flows.plan_site import contracts_by_site
from provisioning.flows.ports import Ledger, Progress, Switch
from provisioning.flows.read_switch import running_slot
from provisioning.planning import names


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the engineer asks for: the seats that may be called (none: whoever is free), whether telephones
    may be displaced, and what stands on the order."""

    seats: tuple[str, ...] = ()
    displace: bool = True
    papers: Papers


def accept_site(
    switch: Switch,
    ledger: Ledger,
    site: str,
    *,
    hand_written: Mapping[str, str],
    equipment: Equipment,
    wishes: Wishes,
    who: str,
    progress: Progress,
) -> Report:
    """Makes all tests that fit, puts back what was displaced, and notes in the audit that it was done.

    Raises FlowError for a site without a contract in force or that is not on the switch.
    """
    began = equipment.clock()
    today = began.astimezone(SHANGHAI).date()
    contract = _contract(ledger, site, today=began)
    seat_names = [names.seat_endpoint(seat.long_number) for seat in contract.site.seats]
    slot = running_slot(switch, site, seat_names)
    if slot is None:
        raise FlowError(f"site {site} is not on {switch.name}: `seatline apply {site}` first")
    progress("comparing the switch with the ledger")
    drift = find_drift(switch, ledger, sites=(site,), hand_written=hand_written, today=today)
    site_now = _now(switch, contract, ledger.stops(contract.id), wishes, began)
    chosen = seats.choose(contract, site_now, named=wishes.seats, displace=wishes.displace)
    at = Circumstances(
        contract=contract,
        site_now=site_now,
        chosen=chosen,
        outside=_outside(contract, equipment),
        tools=Tools(hears=False, at_once=equipment.exchange is not None),
        now=began.astimezone(SHANGHAI),
    )
    secrets = ledger.secrets(site)

    def desk(number: str) -> Desk:
        return Desk(
            user=number,
            auth_user=names.seat_endpoint(number),
            secret=secrets[number],
            registrar=equipment.sip,
        )

    called = chosen.called.long_number if chosen.called else ""
    with displaced(switch, called, equipment.pause) as fate, equipment.instrument() as instrument:
        at = replace(at, tools=replace(at.tools, hears=instrument.hears))
        trials = Trials(
            switch=switch,
            at=at,
            instrument=instrument,
            equipment=equipment,
            desk=desk,
            slot=slot,
            drift=drift,
            progress=progress,
            reasons=dict(fit.reasons(at)),
        )
        trials.run()
    report = report_of(trials, telephones(switch), fate, wishes.papers, began, equipment.clock())
    counts = {verdict.value: count for verdict, count in report.counts.items()}
    ledger.audit(event="site-accepted", subject=site, detail=counts, at=report.ended, who=who)
    return report


def _contract(ledger: Ledger, site: str, *, today: datetime) -> Contract:
    in_force, known = contracts_by_site(ledger, today.astimezone(SHANGHAI).date())
    if site not in in_force:
        why = "no contract is in force there with a switch" if site in known else "no contract has it"
        raise FlowError(f"site {site}: {why}; sites: {', '.join(sorted(in_force)) or 'none'}")
    return in_force[site]


def _now(switch: Switch, contract: Contract, stops: Sequence[Stop], wishes: Wishes, moment: datetime) -> Now:
    numbers = {seat.long_number for seat in contract.site.seats}
    if strange := [number for number in wishes.seats if number not in numbers]:
        raise FlowError(f"--seat {strange[0]}: site {contract.site.name} has no such long number")
    stopped = {stop.seat for stop in stops if stop.in_force(moment)}
    running = endpoints(switch)
    return Now(
        registered=numbers & telephones(switch).keys(),
        busy={
            number
            for number in numbers
            if (found := running.get(names.seat_endpoint(number))) is not None and not found.idle
        },
        stopped=numbers if None in stopped else {number for number in stopped if number is not None},
        made=calls_made(switch, contract, moment),
    )


def _outside(contract: Contract, equipment: Equipment) -> Outside:
    number = equipment.number or (equipment.outside.user if equipment.outside else None)
    area = contract.site.area_code
    if number and (why := _no_far_end(contract, number)):
        raise FlowError(f"{'--outside' if equipment.number else '[outside] number'} {number}: {why}")

    def full(dialled: str) -> str:
        """As the switch counts calls to it, however it is written."""
        return national(dialled, area) or dialled

    return Outside(
        number=full(number) if number else None,
        zone=ZONE_OF[classify(number, area)] if number else None,
        telephone=equipment.outside is not None and equipment.number in (None, equipment.outside.user),
        answers={answer: ZONE_OF[classify(answer, area)] for answer in map(full, equipment.answers)},
    )


def _no_far_end(contract: Contract, number: str) -> str | None:
    """Why a number cannot be the far end of test calls; None where it can."""
    site = contract.site
    if classify(number, site.area_code) is NumberClass.EMERGENCY:
        return "emergency numbers are never called"
    found = national(number, site.area_code)
    if found is None:
        return "it is no telephone number; give one in national form, such as 13800138000"
    if any(found in (seat.long_number, seat.second_number) for seat in site.seats):
        return "it is a number of the contract itself, and not outside"
    return None
