"""What a contract may say and hardly means: each a warning, none an error (可疑之处)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from provisioning.core.contract import Zone
from provisioning.core.problem import Problem
from provisioning.intake.fields import Fields
from provisioning.intake.paper import Paper, Rule

USUAL_TAX = frozenset({Decimal("0.06"), Decimal("0.09"), Decimal("0.13")})
"""The shares of tax on telecom fees: value-added and IT, basic, equipment (税率)."""

DEAREST = Decimal(20)
"""No operator asks more yuan than this for a minute."""


def usual_tax(paper: Paper) -> Iterator[Problem]:
    """The tax on a fee is one of the three there are."""
    for key in ("recurring", "once"):
        for fee in paper.contract.groups(key):
            tax = fee.get("tax")
            if tax is not None and tax not in USUAL_TAX:
                yield fee.warning(
                    "tax",
                    "tax-unusual",
                    f"the tax {tax} is none of {', '.join(map(str, sorted(USUAL_TAX)))}",
                    'compare it with the paper; 9 % is "0.09"',
                )


def usual_rates(paper: Paper) -> Iterator[Problem]:
    """A minute does not cost more than some yuan."""
    calls = paper.contract.group("calls")
    rates = calls.group("rates")
    priced = [(rates, zone.value) for zone in Zone] + [(calls, "incoming")]
    for fields, key in priced:
        rate = fields.get(key)
        if rate is not None and rate > DEAREST:
            yield fields.warning(
                key,
                "rate-unusual",
                f"calls {key} cost {rate} yuan a minute, more than {DEAREST}",
                'compare it with the paper; 6 fen are "0.06"',
            )


def allowance_serves(paper: Paper) -> Iterator[Problem]:
    """An allowance names the zones whose calls it covers."""
    calls = paper.contract.group("calls")
    allowance = calls.group("allowance")
    if allowance.has("zones") and not allowance.many("zones") and "zones" not in allowance.faulty:
        yield allowance.warning(
            "zones",
            "allowance-without-zone",
            "the allowance names no zone: its minutes serve no call",
            "write the zones, such as [local, domestic], or delete the allowance",
        )


def late_fee_bearable(paper: Paper) -> Iterator[Problem]:
    """A late fee of a day is a small part of what is owed."""
    late = paper.contract.group("billing").group("late_fee")
    rate = late.get("rate")
    if rate is not None and rate >= 1 and late.get("per") == "day":
        yield late.warning(
            "rate",
            "late-fee-unusual",
            f"the late fee is {rate} a day: what is owed doubles every day",
            'compare it with the paper; 3 per mille are "0.003"',
        )


def payer_items_known(paper: Paper) -> Iterator[Problem]:
    """A payer pays for items that the contract charges."""
    contract = paper.contract
    if not contract.sound("recurring", "once"):
        return
    items = {fee.get("item") for key in ("recurring", "once") for fee in contract.groups(key)}
    for payer in contract.groups("payers"):
        for found in payer.many("items"):
            if found.value not in items:
                yield Fields(payer.file, found.line, found.column).warning(
                    None,
                    "unknown-item",
                    f"the payer pays for {found.value}, which is no item of this contract",
                    f"the items are {', '.join(sorted(items)) or 'none'}",
                )


def macs_of_devices(paper: Paper) -> Iterator[Problem]:
    """A device's MAC address is its own: not that of everybody, of a group or of nobody."""
    for iad in paper.site.groups("iads"):
        mac: str | None = iad.get("mac")
        if mac is None:
            continue
        group = int(mac[:2], 16) % 2 == 1
        if group or not mac.strip("0:"):
            yield iad.warning(
                "mac",
                "mac-of-no-device",
                f"{mac} is {'an address of many devices' if group else 'an empty address'}, not of one",
                "copy the MAC address from the device's label",
            )


ODDITIES: tuple[Rule, ...] = (
    usual_tax,
    usual_rates,
    allowance_serves,
    late_fee_bearable,
    payer_items_known,
    macs_of_devices,
)
