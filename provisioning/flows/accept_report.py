"""From a run of tests to its report: parties, devices and their state, what was touched (验收报告)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pbx.action import Action
from provisioning.acceptance.report import DeviceFound, Papers, Report
from provisioning.acceptance.trials import TRIALS, Words
from provisioning.core.site import Site
from provisioning.flows.accept_calls import Trials
from provisioning.flows.displace import Registered
from provisioning.flows.ports import Switch

_FATE: Mapping[str, Words] = {
    "back": Words("其话机注册已恢复原状", "its telephone's registration was put back as it was"),
    "returned": Words("其话机已自行重新注册", "its telephone has registered again by itself"),
    "lost": Words(
        "其话机注册未能恢复，请重启该话机或其IAD",
        "its telephone could not be put back: restart it or its IAD",
    ),
}
"""What became of a telephone that was displaced."""


def report_of(
    trials: Trials,
    registered: Mapping[str, Registered],
    fate: Sequence[str],
    papers: Papers,
    began: datetime,
    ended: datetime,
) -> Report:
    """The report of a run. `registered` are the telephones as they were before it."""
    contract = trials.at.contract
    site = contract.site
    made_by = [trials.instrument.name]
    if trials.equipment.exchange is not None and "SIPp" not in made_by:
        made_by.append("SIPp")
    return Report(
        customer=contract.customer.name,
        operator=contract.operator.name,
        contract=contract.id,
        site=site.name,
        numbers=_numbers(site),
        access=_access(site),
        papers=papers,
        switch=f"{trials.switch.name}: {version_of(trials.switch)}",
        began=began,
        ended=ended,
        tools=", ".join(made_by),
        devices=tuple(_devices(site, registered, version_of(trials.switch))),
        results=tuple(trials.results[trial] for trial in TRIALS),
        notes=tuple(_notes(trials, fate)),
    )


def version_of(switch: Switch) -> str:
    return f"Asterisk {switch.send(Action('CoreSettings')).fields.get('AsteriskVersion', '?')}"


def _numbers(site: Site) -> str:
    listed = sorted(seat.long_number for seat in site.seats)
    return f"{listed[0]} … {listed[-1]} ({len(listed)})" if len(listed) > 1 else "".join(listed)


def _access(site: Site) -> Words:
    """How the site is connected (接入方式)."""
    lines = ", ".join(f"{line.bandwidth}×{line.count}" for line in site.voice_lines) or "-"
    if site.ims is None:
        return Words(f"专线{lines}", f"line {lines}")
    way = (
        Words("每号码注册", "each number registers")
        if site.ims.register == "seat"
        else Words("中继", "a trunk")
    )
    return Words(f"专线{lines}，IMS {way.chinese}", f"line {lines}, IMS, {way.english}")


def _devices(site: Site, registered: Mapping[str, Registered], version: str) -> list[DeviceFound]:
    up = sum(seat.long_number in registered for seat in site.seats)
    words = Words(
        f"运行，{up}/{len(site.seats)}部话机在线", f"runs, {up} of {len(site.seats)} telephones registered"
    )
    found = [DeviceFound(name="PBX", model=version, count=1, state=words)]
    for iad in site.iads:
        ports = [seat.long_number for seat in site.seats if seat.iad == iad.name]
        online = sum(number in registered for number in ports)
        state = Words(f"{online}/{len(ports)}端口在线", f"{online} of {len(ports)} ports registered")
        if not ports:
            state = Words("端口未在号码表中指定", "the number sheet names no ports of it")
        name = f"{iad.name} {iad.mac}" if iad.mac else iad.name
        found.append(DeviceFound(name=name, model=iad.model, count=1, state=state))
    return found


def _notes(trials: Trials, fate: Sequence[str]) -> list[Words]:
    """What was touched and what it cost."""
    notes = []
    if (seat := trials.at.chosen.called) is not None:
        became = [_FATE[one] for one in fate] or [
            Words("该座机原无话机注册", "no telephone was registered there")
        ]
        notes.append(
            Words(
                f"测试软电话曾以{seat.long_number}注册；{became[0].chinese}",
                f"a test telephone was registered as {seat.long_number}; {became[0].english}",
            )
        )
    if (caller := trials.at.chosen.caller) is not None and caller is not seat:
        number = caller.long_number
        notes.append(
            Words(f"主叫座机：{number}（未顶替其话机）", f"calling seat: {number}, its telephone untouched")
        )
    if trials.calls_out:
        count = trials.calls_out
        notes.append(
            Words(
                f"共{count}次呼出经线路接通，按合同计费",
                f"{count} calls went out and were answered: they are charged like any others",
            )
        )
    if not trials.instrument.hears:
        notes.append(
            Words(
                "本机未装pjsua2，由SIPp试呼：未测话音、丢包与抖动",
                "without pjsua2 here SIPp made the calls: voice, loss and jitter were not tested",
            )
        )
    return notes
