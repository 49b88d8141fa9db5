"""Calls as they are audited: real records, rated against the contract they are made under."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from types import SimpleNamespace

import pytest

from provisioning.charging.rating import rate_call
from provisioning.compliance.audit import audit_day
from provisioning.compliance.made import MadeCall, Terms
from provisioning.core.contract import Policy, Zone
from provisioning.core.cycle import shanghai_day
from provisioning.core.site import VoiceLine

ANNA, BERT = "08702120001", "08702120002"
OPEN = {zone: Decimal("0.06") for zone in (Zone.LOCAL, Zone.DOMESTIC, Zone.SERVICE)} | {
    Zone.INTERNAL: Decimal(0),
    Zone.HMT: None,
    Zone.INTERNATIONAL: None,
}


@pytest.fixture
def office(make):
    """Audits calls of one contract: `office(policy facts, seats=...)`, `call`, then `found`."""
    return lambda **facts: Office(make, **facts)


class Office:
    """A contract with its policy, the calls that were made under it, and what an audit says of them."""

    def __init__(self, make, *, seats=None, rates=OPEN, calls=True, lines=None, main=None, **policy):
        self.make = make
        contract = make.contract(calls=make.tariff(rates), no_calls=not calls, seats=seats or make.SEATS)
        site = contract.site
        if lines is not None:
            line = VoiceLine(bandwidth="10M", concurrent_calls=lines)
            site = replace(site, voice_lines=(line,))
        if main is not None:
            site = replace(site, main_number=main, features=("switchboard",))
        self.contract = replace(contract, policy=Policy(**policy), site=site)
        self.versions = [make.version(self.contract)]
        self.calls: list[MadeCall] = []
        self.numbers = count(1)
        self.around = SimpleNamespace(stops=(), recorded={})

    def change(self, day, **policy):
        """A later version of the contract, with another policy, from that day on."""
        changed = replace(self.contract, policy=Policy(**policy))
        version = self.make.version(changed, number=len(self.versions) + 1, effective=date.fromisoformat(day))
        self.versions.append(version)

    def branch(self, seat, **policy):
        """Another contract of the same customer, elsewhere, with one seat."""
        site = replace(self.contract.site, name="branch", area_code=seat[:4], seats=(self.make.seat(seat),))
        other = replace(self.contract, id="branch-2025", policy=Policy(**policy), site=site)
        self.versions.append(self.make.version(other))

    def call(self, at="10:00:00", *, day="2025-07-10", seat=ANNA, dst="13800138000", **changes):
        """A call that began then, ringing for 5 seconds; `incoming` where somebody called the seat."""
        n = next(self.numbers)
        given = {
            "accountcode": seat,
            "src": seat,
            "dst": dst,
            "channel": f"PJSIP/seat-{seat}-{n:08x}",
            "dstchannel": f"PJSIP/line-zhaotong-{n:08x}",
            "uniqueid": f"pbx-1752112800.{n}",
            "linkedid": f"pbx-1752112800.{n}",
            "sequence": n,
        }
        if changes.pop("incoming", False):
            given |= {"src": dst, "dst": seat, "dcontext": "seatline-zhaotong-a-line"}
            given |= {"channel": f"PJSIP/line-zhaotong-{n:08x}", "dstchannel": f"PJSIP/seat-{seat}-{n:08x}"}
        began = self.make.instant(f"{day} {at}")
        cdr = self.make.cdr(began + 5_000_000, **(given | changes))
        if cdr.disposition != "ANSWERED":
            cdr = replace(cdr, answer=None)
        made = MadeCall(
            record=n,
            switch="pbx",
            uniqueid=cdr.uniqueid,
            linkedid=cdr.linkedid,
            start=cdr.start,
            answer=cdr.answer,
            end=cdr.end,
            shown=cdr.src,
            channel=cdr.channel,
            leg=cdr.dstchannel,
            call=rate_call(cdr, self.make.directory(*self.versions)),
        )
        self.calls.append(made)
        return made

    def audit(self, day="2025-07-10"):
        terms = {
            (one.contract.id, one.number): Terms.of(one.contract, one.effective) for one in self.versions
        }
        return audit_day(
            date.fromisoformat(day),
            self.calls,
            terms,
            stops=self.around.stops,
            recorded=self.around.recorded,
        )

    def found(self, day="2025-07-10"):
        """The rules that were broken, with the seat and the record numbers of the calls that did it."""
        return [(one.rule, [made.record for made in one.calls]) for one in self.audit(day)]

    def days(self):
        """All days on which there were calls, with what was found on them."""
        days = sorted({shanghai_day(made.start) for made in self.calls})
        return {str(day): self.found(str(day)) for day in (*days, days[-1] + timedelta(days=1))}
