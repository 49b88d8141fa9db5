"""A contract file in which nothing is wrong, as the Contract it says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from provisioning.core.contract import (
    Allowance,
    Billing,
    CallTariff,
    Contract,
    Customer,
    Due,
    LateFee,
    Messages,
    OneOff,
    Operator,
    Payer,
    Policy,
    Prorate,
    Recurring,
    Stated,
    Term,
    Zone,
)
from provisioning.core.site import (
    Iad,
    Ims,
    NumberIn,
    NumbersOut,
    Seat,
    SessionTimers,
    ShortNumbers,
    Site,
    Switchboard,
    VoiceLine,
)
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper


def contract(paper: Paper) -> Contract:
    """The contract of a paper without errors. What the file leaves out has the core's own default."""
    fields = paper.contract
    term = fields.group("term")
    return Contract(
        id=fields.get("contract"),
        customer=Customer(**_written(fields.group("customer"), "name", "group_code")),
        operator=Operator(name=fields.group("operator").get("name")),
        term=Term(
            first=term.get("from"),
            last=term.get("to"),
            **_written(term, "renewal_months", "notice_days", "changes_by"),
        ),
        billing=_billing(fields),
        recurring=tuple(_recurring(fee) for fee in fields.groups("recurring")),
        once=tuple(
            OneOff(**_written(fee, "item", "name", "total", "due", "tax")) for fee in fields.groups("once")
        ),
        stated=Stated(**_written(fields.group("stated"), "month", "term")),
        calls=_calls(fields.group("calls")) if fields.has("calls") else None,
        messages=_messages(fields.group("messages")) if fields.has("messages") else None,
        payers=tuple(_payer(payer) for payer in fields.groups("payers")),
        policy=_policy(fields.group("policy")),
        site=_site(paper),
    )


def _written(fields: Fields, *keys: str) -> dict[str, Any]:
    """Those of the keys that the file has, as keyword arguments."""
    return {key: fields.get(key) for key in keys if fields.has(key)}


def _billing(fields: Fields) -> Billing:
    billing = fields.group("billing")
    late, due = billing.group("late_fee"), billing.group("due")
    keys = ("payment", "invoice_every_months", "rounding", "reconcile_within", "keep_months")
    return Billing(
        starts=billing.get("starts") or fields.group("term").get("from"),
        due=Due(**_written(due, "days", "working_days", "day_of_month")) if billing.has("due") else None,
        late_fee=LateFee(**_written(late, "rate", "per", "of")) if billing.has("late_fee") else None,
        **_written(billing, *keys),
    )


def _recurring(fee: Fields) -> Recurring:
    """A fee; one with both unit and total, which agree, is kept by its unit."""
    keys = ("item", "name", "unit", "tax") if fee.has("unit") else ("item", "name", "total", "tax")
    return Recurring(
        quantity=fee.get("quantity") if fee.has("quantity") else Decimal(1),
        prorate=Prorate(fee.get("prorate") or Prorate.MONTH),
        **_written(fee, *keys),
    )


def _calls(calls: Fields) -> CallTariff:
    rates, allowance = calls.group("rates"), calls.group("allowance")
    return CallTariff(
        rates={zone: rates.get(zone.value) for zone in Zone if rates.has(zone.value)},
        allowance=Allowance(
            minutes=allowance.get("minutes"),
            per=allowance.get("per"),
            zones=tuple(found.value for found in allowance.many("zones")),
        )
        if calls.has("allowance")
        else None,
        **_written(calls, "increment", "incoming", "duration"),
    )


def _messages(messages: Fields) -> Messages:
    keys = ("price", "characters", "part_characters", "signature", "list", "per_second")
    return Messages(**_written(messages, *keys))


def _payer(payer: Fields) -> Payer:
    return Payer(
        items=tuple(found.value for found in payer.many("items")),
        **_written(payer, "seat", "way", "amount", "share"),
    )


def _policy(policy: Fields) -> Policy:
    hours = policy.group("hours")
    limits = ("calls_per_number_per_day", "calls_per_callee_per_day", "calls_per_minute", "calls_per_seat")
    keys = ("calling_number", "forwarding", "mobile_calls_out", "allow_list", "max_call_seconds")
    return Policy(
        hours=hours.get("outgoing"),
        holidays=tuple(sorted({found.value for found in hours.many("holidays")})),
        zones_by_seat=tuple(dict.fromkeys(found.value for found in policy.many("zones_by_seat"))),
        recording_keep_days=policy.group("recording").get("keep_days"),
        **_written(hours, "days", "call_backs_within"),
        **_written(policy, *limits, *keys),
    )


def _site(paper: Paper) -> Site:
    site = paper.site
    shape = site.group("short_numbers")
    return Site(
        seats=tuple(_seat(row) for row in paper.seats),
        ims=_ims(site.group("ims")) if site.has("ims") else None,
        short_numbers=ShortNumbers(**_written(shape, "digits", "first"))
        if site.has("short_numbers")
        else None,
        voice_lines=tuple(
            VoiceLine(**_written(line, "bandwidth", "count", "concurrent_calls"))
            for line in site.groups("voice_lines")
        ),
        iads=tuple(_iad(iad) for iad in site.groups("iads")),
        features=tuple(found.value for found in site.many("features")),
        switchboard=_switchboard(paper) if site.has("switchboard") else None,
        **_written(site, "name", "area_code", "main_number", "switch"),
    )


def _switchboard(paper: Paper) -> Switchboard:
    """Who answers the main number; operators that are named by their short numbers by the long ones."""
    board = paper.site.group("switchboard")
    long = {row.get("short_number"): row.get("long_number") for row in paper.seats}
    named = (found.value for found in board.many("operators"))
    return Switchboard(
        operators=tuple(dict.fromkeys(long.get(number, number) for number in named)),
        **_written(board, "hours", "days"),
    )


def _ims(ims: Fields) -> Ims:
    timers, out = ims.group("session_timers"), ims.group("numbers_out")
    keys = ("domain", "proxy", "register", "user", "auth_user", "realm", "expires", "reliable", "identity")
    return Ims(
        session_timers=SessionTimers(**_written(timers, "use", "expires", "least")),
        numbers_out=NumbersOut(**_written(out, *out.values)),
        numbers_in=tuple(NumberIn(**_written(one, "begins", "becomes")) for one in ims.groups("numbers_in")),
        **_written(ims, *keys, "user_phone"),
    )


def _iad(iad: Fields) -> Iad:
    settings = iad.group("settings")
    return Iad(settings=_written(settings, *settings.values), **_written(iad, "name", "model", "mac"))


def _seat(row: Fields) -> Seat:
    return Seat(extra=row.extra, **row.written())
