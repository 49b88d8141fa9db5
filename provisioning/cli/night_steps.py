"""The steps of a night, each with what it needs of the real world (夜间作业步骤)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from typing import TYPE_CHECKING, Any

from provisioning.cli import screens
from provisioning.cli.collect import RECORDS
from provisioning.cli.night_collect import ask, collect
from provisioning.cli.tonight import Tonight

if TYPE_CHECKING:
    from provisioning.compliance.finding import Finding
    from provisioning.flows.nightly import Report, Step


def steps(tonight: Tonight) -> Iterator[Step]:
    """All of them, in their order; none is begun by a run that somebody else has taken over."""
    from provisioning import wiring_nightly
    from provisioning.flows.nightly import Step

    for name, work in _STEPS.items():
        wiring_nightly.still_ours(tonight.book, tonight.turn.run)
        yield Step(name, lambda work=work: work(tonight))  # type: ignore[misc]  # bound now, not later


def _rate(tonight: Tonight) -> Report:
    """All records without a final verdict."""
    from provisioning import wiring
    from provisioning.flows.nightly import Report, State
    from provisioning.flows.rate_calls import rate_calls

    with wiring.locks(tonight.settings).held(RECORDS):
        verdicts = rate_calls(tonight.book, progress=tonight.progress)
    counts = verdicts.document()
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in counts)
    if verdicts.complete:
        return Report(state=State.DONE, said=said, document=counts)
    waiting = tuple(f"{cdr.src} to {cdr.dst}: {call.reason}" for cdr, call in tonight.book.unpriced())
    return Report(state=State.FOUND, said=said, code=1, lines=waiting, document=counts)


def _recordings(tonight: Tonight) -> Report:
    """The recordings of every switch that has a folder of them: new ones taken up, due ones removed."""
    from provisioning import wiring
    from provisioning.cli.recordings import document
    from provisioning.flows.nightly import FOUND_CODE, Report, State
    from provisioning.flows.sweep_recordings import lines_of

    swept = wiring.sweep_recordings(tonight.settings, progress=tonight.progress)
    if not swept:
        return Report(state=State.LEFT_OUT, said="no switch in seatline.toml says where its `recordings` are")
    tonight.recorded.update((one.switch, len(one.taken)) for one in swept)
    new, gone = (sum(len(getattr(one, what)) for one in swept) for what in ("taken", "removed"))
    kept, sound = sum(one.kept for one in swept), all(one.is_sound for one in swept)
    return Report(
        state=State.DONE if sound else State.FOUND,
        said=f"{new} new, {gone} removed, {kept} kept" + ("" if sound else ", some are not as they were"),
        code=0 if sound else FOUND_CODE,
        lines=tuple(line for one in swept for line in lines_of(one)),
        document={"switches": [document(one) for one in swept]},
    )


def _recorded(tonight: Tonight) -> Mapping[str, AbstractSet[str]]:
    """The unique ids of the calls that have or had a recording, of each switch whose recordings were swept:
    of another nobody knows which there are."""
    return {
        one.name: {recording.uniqueid for recording in tonight.book.recordings_of(one.name).values()}
        for one in tonight.settings.switches.values()
        if one.name in tonight.recorded
    }


def _audit(tonight: Tonight) -> Report:
    """Calls that should not have happened; each day that is over is covered, one after the other."""
    from provisioning.flows.audit_calls import audit_calls
    from provisioning.flows.keep_nights import due_nights
    from provisioning.flows.nightly import FOUND_CODE, Report, State

    covered = tonight.book.covered_nights()
    due = due_nights(covered[-1].day if covered else None, tonight.now)

    def done(day: date, calls: int, findings: Sequence[Finding]) -> None:
        if day in due:
            _cover(tonight, day, calls, findings, missed=bool(covered) and day != due[-1])

    audited = audit_calls(
        tonight.book,
        now=tonight.now,
        since=tonight.since,
        recorded=_recorded(tonight),
        due=due,
        last_night=None if tonight.last is None else tonight.last.began,
        done=done,
        progress=tonight.progress,
    )
    looked = f"{screens.counted(audited.calls, 'call record')} from {audited.first} to {audited.last}"
    missed = f"; {screens.counted(len(due) - 1, 'missed night')} made up for" if covered and due[1:] else ""
    if not audited.findings:
        said = f"nothing wrong in {looked}{missed}"
        return Report(state=State.DONE, said=said, document=audited.document())
    rules = ", ".join(f"{count} {rule}" for rule, count in audited.by_rule().items())
    return Report(
        state=State.FOUND,
        said=f"{screens.counted(len(audited.findings), 'finding')} in {looked}: {rules}{missed}",
        code=FOUND_CODE,
        lines=tuple(_finding(one) for one in audited.findings),
        document=audited.document(),
    )


def _cover(tonight: Tonight, day: date, calls: int, findings: Sequence[Finding], *, missed: bool) -> None:
    from provisioning import wiring

    counted: dict[str, int] = {}
    for one in findings:
        counted[one.rule] = counted.get(one.rule, 0) + 1
    document = {
        "day": day.isoformat(),
        "calls": calls,
        "findings": len(findings),
        "rules": dict(sorted(counted.items())),
        "missed": missed,
    }
    tonight.book.cover_night(tonight.turn.run.id, day, document, at=wiring.now())


def _finding(found: Finding) -> str:
    first = found.calls[0]
    more = f" (the first of {len(found.calls)})" if len(found.calls) > 1 else ""
    whose = " ".join(part for part in (found.contract, found.seat) if part) or "nobody's"
    other = first.call.other or "unknown"
    return f"{first.began:%Y-%m-%d %H:%M:%S} {whose}, {other}: {found.rule}: {found.said}{more}"


def _complaints(tonight: Tonight) -> Report:
    """The contracts with more complaints this month than an operator bears."""
    from provisioning.core import status
    from provisioning.core.cycle import SHANGHAI, Cycle
    from provisioning.flows.nightly import FOUND_CODE, Report, State

    month = Cycle.of(tonight.now.astimezone(SHANGHAI).date())
    noted = tonight.book.complaints(since=status.midnight(month.first))
    over = status.alarms(noted)
    document = {
        "complaints": len(noted),
        "alarms": [
            {"contract": contract, "month": str(cycle), "complaints": count}
            for (contract, cycle), count in over.items()
        ],
    }
    said = f"{screens.counted(len(noted), 'complaint')} in {month}"
    if not over:
        return Report(state=State.DONE, said=said, document=document)
    lines = tuple(
        f"{contract}: {count} complaints in {cycle}; more than {status.COMPLAINTS_A_MONTH} and the operator "
        "may end the service"
        for (contract, cycle), count in over.items()
    )
    return Report(state=State.FOUND, said=said, code=FOUND_CODE, lines=lines, document=document)


def _sources(tonight: Tonight) -> Report:
    """What the sources of each switch tell of the same calls, and whose clock is not ours: a step on shows in
    no record."""
    from provisioning import wiring_witness
    from provisioning.flows.nightly import FOUND_CODE, Report, State
    from provisioning.flows.reconcile_sources import reconcile_sources

    told = reconcile_sources(tonight.book, now=tonight.now)
    off = wiring_witness.clocks_off(tonight.settings)
    wrong = bool(told.grave or off)
    return Report(
        state=State.FOUND if wrong else State.DONE,
        said=told.said() + "".join(f"; {name}: {said}" for name, said in off.items()),
        code=FOUND_CODE if wrong else 0,
        lines=(*(f"{name}: {said}" for name, said in off.items()), *told.lines()),
        document=told.document() | {"clocks": off},
    )


def _retention(tonight: Tonight) -> Report:
    """Call records whose time is over go; what stays longer, and why: told, and no reason for an alarm."""
    from provisioning import wiring
    from provisioning.flows.nightly import Report, State
    from provisioning.flows.retain_records import retain

    with wiring.locks(tonight.settings).held(RECORDS):
        done = retain(tonight.book, now=tonight.now, who=wiring.who(), progress=tonight.progress)
    return Report(state=State.DONE, said=done.said(), lines=done.lines(), document=done.document())


def _silence(tonight: Tonight) -> Report:
    """Switches that delivered nothing and should have."""
    from provisioning.flows.hear_silence import Signs, hear_silence
    from provisioning.flows.night_figures import month_before
    from provisioning.flows.nightly import FOUND_CODE, Report, State

    if not tonight.counted:  # collecting failed before they were asked
        ask(tonight)
    if not tonight.counted:
        return Report(state=State.LEFT_OUT, said="no switch in seatline.toml says where its `records` are")
    heard = hear_silence(
        tonight.counted,
        new=tonight.book.collected_since(tonight.new_since),
        by_day=tonight.book.collected_by_day(month_before(tonight.now)),
        counted_before=tonight.counted_before,
        signs={
            name: Signs(events=tonight.events.get(name, 0), recordings=tonight.recorded.get(name, 0))
            for name in tonight.counted
        },
        now=tonight.now,
    )
    tonight.figures |= heard.document()
    document = {"silent": [one.document() for one in heard.silent]}
    lines = tuple(str(one) for one in heard.silent)
    if heard.alarms:
        said = f"{screens.counted(len(heard.alarms), 'switch')} delivered no record and should have".replace(
            "switchs", "switches"
        )
        return Report(state=State.FOUND, said=said, code=FOUND_CODE, lines=lines, document=document)
    said = "no switch is silent that should not be"
    if lines:
        said = f"nothing came of {len(lines)} of {len(tonight.counted)}"
    return Report(state=State.DONE, said=said, lines=lines, document=document)


def _report(tonight: Tonight) -> Report:
    """What was new, what is held and why, and what calls cost each contract."""
    from provisioning.flows.night_figures import figures
    from provisioning.flows.nightly import Report, State

    tonight.nights = _covered(tonight)
    days = [date.fromisoformat(night["day"]) for night in tonight.nights]
    found = figures(tonight.book, since=tonight.new_since, nights=days, now=tonight.now)
    tonight.figures |= found
    new, held = sum(one["records"] for one in found["new"]), sum(one["lines"] for one in found["held"])
    said = (
        f"{screens.counted(new, 'record')} since the last night, {screens.counted(held, 'line')} held, "
        f"charges of {screens.counted(len(found['money']), 'contract')} in {found['cycle']}"
    )
    document = {"records": new, "held_lines": held, "contracts": len(found["money"]), "month": found["cycle"]}
    return Report(state=State.DONE, said=said, document=document)


def _covered(tonight: Tonight) -> list[Mapping[str, Any]]:
    """The days covered since the last night that ended: by this run, and by those that were broken off."""
    last = 0 if tonight.last is None else tonight.last.id
    return [one.document for one in tonight.book.covered_nights(date.min) if one.run > last]


_STEPS = {
    "collect": collect,
    "rate": _rate,
    "recordings": _recordings,
    "compliance": _audit,
    "complaints": _complaints,
    "sources": _sources,
    "silence": _silence,
    "retention": _retention,
    "report": _report,
}
