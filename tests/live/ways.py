"""An office whose calls go ways of their own: provisioned, with telephones, and its call records charged."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pbx import cdr_json
from pbx.live.softphone import Phone, Phones
from provisioning.charging.directory import Directory
from provisioning.charging.rating import rate_call
from provisioning.core.call import RatedCall
from provisioning.core.contract import Contract, ContractVersion

sites = sys.modules["live_sites"]
operators = sys.modules["live_operators"]
MOBILE = "13800138000"
"""The mobile that a softphone is, out in the world."""
NEVER, BUSY = "13900000002", "13900000001"
"""Numbers of the operator's that ring for ever, and that are always busy."""
MACHINE = "13900138001"
"""A number that the operator answers after half a second, and hums."""


@dataclass
class Office:
    """One contract on a switch of its own, its telephones by long number, and a mobile out in the world."""

    switches: Any
    contract: Contract
    phones: dict[str, Phone] = field(default_factory=dict)
    mobile: Phone | None = None
    seen: int = 0
    """Call records that earlier tests have looked at."""

    def __getitem__(self, end: str) -> Phone:
        """The telephone whose long number ends so."""
        (found,) = (phone for number, phone in self.phones.items() if number.endswith(end))
        return found

    def records(self, count: int) -> list[Mapping[str, Any]]:
        """The records of the calls since this was asked last: as many as are awaited and no more, once no
        call is up any more."""
        pbx = self.switches.pbx
        self.wait_idle()
        sites.wait_for(lambda: len(pbx.records()) >= self.seen + count, f"{count} call records", 10)
        found = pbx.records()[self.seen :]
        self.seen += len(found)
        assert len(found) == count, found
        return sorted(found, key=lambda record: (record["start"], record["sequence"]))

    def skip_records(self) -> None:
        """What has been recorded so far is nobody's business."""
        self.wait_idle()
        self.seen = len(self.switches.pbx.records())

    def rated(self, records: list[Mapping[str, Any]]) -> list[RatedCall]:
        """What these calls cost."""
        keys = {(record["uniqueid"], record["sequence"]) for record in records}
        known = Directory([ContractVersion(contract=self.contract, number=1, effective=date(2025, 1, 1))])
        lines = self.switches.pbx.json_records.read_bytes().splitlines()
        parsed = [cdr_json.parse(line) for line in lines]
        return [rate_call(one, known) for one in parsed if (one.uniqueid, one.sequence) in keys]

    def shown(self) -> Mapping[str, str]:
        """What the operator was shown of the last call."""
        return self.switches.ims.calls()[-1]

    def wait_idle(self) -> None:
        sites.wait_for(lambda: operators.idle(self.switches.pbx), "end of all calls")

    def call_in(self, number: str) -> None:
        """Somebody out there calls a number, and shows none; the call lasts until the seat ends it."""
        self.switches.ims.cli("module load res_clioriginate.so")
        self.switches.ims.cli(f"channel originate Local/{number}@from-mobile/n application Echo")


@contextmanager
def office(
    switches: Any,
    contract: Contract,
    *,
    answers: Mapping[str, str],
    passwords: Mapping[str, str] | None = None,
    mobile: str = "ring",
) -> Iterator[Office]:
    """The contract on a wiped switch, registered at the operator, with a telephone for each number of
    `answers` (auto, ring or no), and the mobile, unless it is "". `passwords` are the operator's."""
    pbx, ims = switches.pbx, switches.ims
    pbx.wipe()
    book = sites.Book((contract,), passwords=dict(passwords or {}))
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        applied = sites.apply_to(ami, book)
    became = {(outcome.status, str(outcome.fault)) for outcome in applied.outcomes}
    assert became == {("applied", "None")}, became
    operators.wait_registered(pbx)
    secrets = book.secrets(contract.site.name)
    with ExitStack() as stack:
        desks = stack.enter_context(Phones(bind=switches.desks))
        outside = stack.enter_context(Phones(bind=switches.outside))
        made = Office(switches, contract, seen=len(pbx.records()))
        for number, answer in answers.items():
            made.phones[number] = desks.register(
                number,
                auth_user=f"seat-{number}",
                secret=secrets[number],
                registrar=pbx.sip,
                answer=answer,
            )
        if mobile:
            made.mobile = outside.register(
                MOBILE, auth_user="mobile", secret=ims.mobile_secret, registrar=ims.sip, answer=mobile
            )
        yield made


def outcome(rated: list[RatedCall]) -> list[tuple[str, str | None, str, str]]:
    """Whose each call is, which way it went, what it was charged as, and for how much: charged ones first."""
    return sorted(
        (
            (
                str(call.seat),
                call.direction.value if call.direction else None,
                call.zone.value if call.zone else str(call.number_class),
                str(call.amount),
            )
            for call in rated
            if call.outcome.value != "free" or call.amount
        ),
        key=str,
    )
