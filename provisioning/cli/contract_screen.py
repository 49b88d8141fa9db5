"""A contract on the screen: in the words and order of its file, closed zones and absent rules too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from provisioning.cli import screens, seat_changes

if TYPE_CHECKING:
    from provisioning.core.contract import CallTariff, Contract, ContractVersion, Policy
    from provisioning.core.site import Seat, Site


def show(versions: Sequence[ContractVersion]) -> None:
    """The versions of a contract, and everything the newest says."""
    contract = versions[-1].contract
    screens.coloured(f"{contract.id}  {contract.customer.name}", "bold")
    for one, changes in zip(versions, changed(versions), strict=True):
        screens.line(f"version {one.number} from {one.effective}{_told(changes)}")
    term = contract.term
    renewed = f", renewed by {term.renewal_months} months until ended" if term.renewal_months else ""
    screens.line(f"operator: {contract.operator.name}")
    by = f", changes asked for by day {term.changes_by} count from the next 1st" if term.changes_by else ""
    screens.line(f"term: {term.first} to {term.last}{renewed}{by}")
    billing = contract.billing
    screens.line(
        f"billing: {billing.payment}, from {billing.starts}, an invoice every "
        f"{screens.counted(billing.invoice_every_months, 'month')}, rounded on each {billing.rounding}"
    )
    screens.line()
    _fees(contract)
    if contract.calls is None:
        screens.line("calls: no prices")
    else:
        _calls(contract.calls)
    for text in _policy(contract.policy):
        screens.line(f"policy: {text}")
    _site(contract.site)


def changed(versions: Sequence[ContractVersion]) -> list[dict[str, Any] | None]:
    """What each version changes of the one before: seats by action, and whether anything `else`; None for
    the first."""
    from provisioning.core.seat_change import seat_changes as between

    return [
        None,
        *(
            seat_changes.counts(between(old.contract.site.seats, new.contract.site.seats))
            | {"else": _without_seats(old.contract) != _without_seats(new.contract)}
            for old, new in pairwise(versions)
        ),
    ]


def _without_seats(contract: Contract) -> Contract:
    return replace(contract, site=replace(contract.site, seats=()))


def _told(changes: dict[str, Any] | None) -> str:
    if changes is None:
        return ""
    seats = sum(changes[action] for action in ("add", "change", "remove"))
    told = [f"seats: {seat_changes.total(changes)}"] if seats else []
    return ": " + "; ".join([*told, *(["terms changed"] if changes["else"] else [])] or ["no change"])


def _fees(contract: Contract) -> None:
    rows: list[tuple[object, ...]] = []
    for fee in contract.recurring:
        quantity = "seats" if fee.quantity is None else fee.quantity
        amount = f"{quantity} x {fee.unit}" if fee.unit is not None else fee.total
        rows.append((fee.name, fee.item, f"by {fee.prorate}", amount, fee.tax))
    for once in contract.once:
        due = f"once, {once.due}" if once.due else "once"
        rows.append((once.name, once.item, due, once.total, once.tax))
    if rows:
        screens.table(("fee", "item", "charged", "CNY>", "tax>"), rows)


def _calls(tariff: CallTariff) -> None:
    from provisioning.core.contract import Zone

    said = {zone: "closed" if rate is None else str(rate) for zone, rate in tariff.rates.items()}
    rows = [(zone.value, said.get(zone, "no rate")) for zone in Zone] + [("incoming", tariff.incoming)]
    screens.table(("calls", "CNY a minute>"), rows)
    allowance = tariff.allowance
    if allowance is not None:
        zones = ", ".join(allowance.zones)
        screens.line(f"included: {allowance.minutes} minutes per {allowance.per} and cycle, {zones}")
    screens.line(f"every started {tariff.increment} s counts, measured {tariff.duration}")


def _policy(policy: Policy) -> list[str]:
    said = {
        "outgoing hours {}": policy.hours and _open(policy.hours, policy.days),
        "closed on {}": ", ".join(map(str, policy.holidays)) or None,
        "whoever called is called back within {} hours at any time": policy.call_backs_within,
        "{} calls per number and day": policy.calls_per_number_per_day,
        "{} calls per callee and day": policy.calls_per_callee_per_day,
        "{} calls a minute begun by one seat": policy.calls_per_minute,
        "{} calls at once of one seat": policy.calls_per_seat,
        "only seats that name it call {}": ", ".join(policy.zones_by_seat) or None,
        "mobiles call with their seat's number": "yes" if policy.mobile_calls_out else None,
        "recordings kept {} days": policy.recording_keep_days,
        "calls end after {} s": policy.max_call_seconds,
        "only listed numbers may be called": "yes" if policy.allow_list else None,
        "shown number {}": policy.calling_number,
        "forwarding {}": policy.forwarding,
    }
    return [words.format(value) for words, value in said.items() if value is not None]


def _open(hours: tuple[int, int], days: str | None) -> str:
    """A span of hours, and the days on which it holds."""
    return "-".join(f"{at // 60:02}:{at % 60:02}" for at in hours) + (f", {days}" if days else "")


def _site(site: Site) -> None:
    screens.line(f"site: {site.name}, area code {site.area_code}")
    if site.ims is not None:
        ims = site.ims
        screens.line(f"ims: {ims.domain} through {ims.proxy}, register {ims.register}, user {ims.user}")
    for line in site.voice_lines:
        calls = f", {line.concurrent_calls} calls at once" if line.concurrent_calls else ""
        screens.line(f"voice line: {line.count} x {line.bandwidth}{calls}")
    for iad in site.iads:
        screens.line(f"iad: {iad.name}, {iad.model}{', ' + iad.mac if iad.mac else ''}")
    if site.features:
        screens.line(f"features: {', '.join(site.features)}")
    board = site.switchboard
    if board is not None:
        hours = f", open {_open(board.hours, board.days)}" if board.hours else ""
        screens.line(f"switchboard: operators {', '.join(board.operators) or 'none'}{hours}")
    screens.line(screens.counted(len(site.seats), "seat"))
    screens.table(
        ("long number", "short", "name", "department", "port", "remark"), [_row(seat) for seat in site.seats]
    )


def _row(seat: Seat) -> tuple[object, ...]:
    place = screens.port(seat.iad, seat.port)
    return seat.long_number, seat.short_number, seat.name, seat.department, place, seat.remark
