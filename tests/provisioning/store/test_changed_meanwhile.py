"""Two clerks at one contract: none of their changes is lost, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.document import from_document
from provisioning.core.site import Seat
from provisioning.flows.change_contract import propose_change, record_change
from provisioning.flows.errors import ChangedMeanwhile
from provisioning.store.ledger import SqlLedger, open_ledger
from provisioning.store.tables import audit
from provisioning.store.verify import verify

JULY, AUGUST, OCTOBER = date(2025, 7, 1), date(2025, 8, 1), date(2025, 10, 1)


@pytest.fixture
def recording(sample: SimpleNamespace) -> dict[str, Any]:
    return {"new_secret": sample.secrets_maker(), "at": sample.now, "who": sample.who}


def named(contract: Contract, name: str) -> Contract:
    first, *rest = contract.site.seats
    return replace(contract, site=replace(contract.site, seats=(replace(first, name=name), *rest)))


def test_two_clerks_at_once_lose_no_change(
    full_ledger_url: str, sample: SimpleNamespace, recording: dict[str, Any]
) -> None:
    """Of two changes proposed before either is recorded one wins; the other is told, and works when run
    again, so that the contract has both."""
    with open_ledger(full_ledger_url) as ledger:
        ledger.record_versions([(sample.contract(renewal=12), JULY)], **recording)
    both_looked = Barrier(2)

    def change(number: str, wait: bool = True) -> str:
        with open_ledger(full_ledger_url) as ledger:
            proposal = propose_change(
                "zhaotong-2025",
                "change.csv",
                read=lambda path, limit: f"long_number,姓名\n{number},张某\n".encode(),
                ledger=ledger,
                today=AUGUST,
            )
            if wait:
                both_looked.wait(timeout=60)
            try:
                record_change(
                    proposal,
                    ledger=ledger,
                    now=sample.now,
                    who=sample.who,
                    new_secret=recording["new_secret"],
                )
            except ChangedMeanwhile as fault:
                return f"{fault.exit_code}: {fault}"
            return "recorded"

    numbers = ("08702120001", "08702120002")
    with ThreadPoolExecutor(2) as pool:
        done = dict(zip(numbers, pool.map(change, numbers), strict=True))
    (loser,) = [number for number, told in done.items() if told != "recorded"]
    assert done[loser].startswith("75: contract zhaotong-2025: somebody else changed it meanwhile")
    assert change(loser, wait=False) == "recorded"
    with open_ledger(full_ledger_url) as ledger:
        assert [seat.name for seat in ledger.versions()[-1].contract.site.seats] == ["张某", "张某"]


def test_what_was_not_looked_at_is_not_replaced(
    ledger: SqlLedger, sample: SimpleNamespace, recording: dict[str, Any]
) -> None:
    """Another content, another day, one version more, a first version: each is noticed, nothing written."""
    made = sample.contract()
    looked = ContractVersion(contract=made, number=1, effective=JULY)
    expected = {made.id: [looked]}
    with pytest.raises(ChangedMeanwhile):
        ledger.record_versions([(made, JULY)], **recording, expected=expected)
    assert ledger.versions() == ()
    assert ledger.record_versions([(made, JULY)], **recording, expected={made.id: []}) == (looked,)
    with pytest.raises(ChangedMeanwhile):
        ledger.record_versions([(named(made, "张某"), AUGUST)], **recording, expected={made.id: []})
    for other in (replace(looked, effective=AUGUST), replace(looked, contract=named(made, "李某"))):
        with pytest.raises(ChangedMeanwhile):
            ledger.record_versions([(named(made, "张某"), AUGUST)], **recording, expected={made.id: [other]})
    (second,) = ledger.record_versions([(named(made, "张某"), AUGUST)], **recording, expected=expected)
    with pytest.raises(ChangedMeanwhile):
        ledger.record_versions([(named(made, "王某"), AUGUST)], **recording, expected=expected)
    assert ledger.versions() == (looked, second)


def test_the_file_is_known_apart_from_changes(
    ledger: SqlLedger, sample: SimpleNamespace, recording: dict[str, Any]
) -> None:
    """The ledger knows what the file said last, also when a change has taken its version's place."""
    made = sample.contract()
    assert ledger.filed(made.id) is None
    ledger.record_versions([(made, JULY)], **recording)
    changed = named(made, "张某")
    ledger.record_versions([(changed, JULY)], **recording, from_file=False)
    assert ledger.versions()[-1].contract == changed
    assert ledger.filed(made.id) == made
    assert ledger.record_versions([(changed, JULY)], **recording) == ()
    assert ledger.filed(made.id) == changed


def test_a_version_to_come_makes_way(
    full_ledger_url: str, ledger: SqlLedger, sample: SimpleNamespace, recording: dict[str, Any]
) -> None:
    """A version that is given anew with an earlier one keeps its day, its numbers and its secrets, and the
    audit keeps it as it was."""
    made = sample.contract()
    grown = replace(made, site=replace(made.site, seats=(*made.site.seats, Seat(long_number="08702120003"))))
    ledger.record_versions([(made, JULY)], **recording)
    ledger.record_versions([(grown, OCTOBER)], **recording)
    secrets = dict(ledger.secrets("zhaotong"))
    additions = [(named(made, "张某"), AUGUST), (named(grown, "张某"), OCTOBER)]
    ledger.record_versions(additions, **recording, remade=[made.id])
    found = [(version.number, version.effective) for version in ledger.versions()]
    assert found == [(1, JULY), (2, AUGUST), (3, OCTOBER)]
    held = {day: [one.name for one in ledger.look_up("08702120001", day)] for day in (JULY, AUGUST, OCTOBER)}
    assert held == {JULY: [None], AUGUST: ["张某"], OCTOBER: ["张某"]}
    (new,) = ledger.look_up("08702120003", OCTOBER)
    assert new.since == OCTOBER
    assert dict(ledger.secrets("zhaotong")) == secrets
    engine = create_engine(full_ledger_url)
    with engine.begin() as connection:
        asked = select(audit.c.detail).where(audit.c.event == "contract-remade")
        (kept,) = connection.execute(asked).scalars()
    engine.dispose()
    assert from_document(Contract, kept["former"]["document"]) == grown
    assert verify(full_ledger_url) == []


def test_a_version_that_is_replaced_earlier_keeps_its_secrets(
    ledger: SqlLedger, sample: SimpleNamespace, recording: dict[str, Any]
) -> None:
    """A number that another customer had once keeps its secret while it stays where it is now."""
    made, number = sample.contract(), "08702120002"
    earlier = (date(2025, 5, 1), date(2025, 6, 30))
    other = sample.contract("other-2025", site="other", seats=(number,), term=earlier)
    other = replace(other, customer=replace(other.customer, name="另一办公室"))
    ledger.record_versions([(other, earlier[0])], **recording)
    ledger.record_versions([(made, JULY)], **recording)
    fewer = replace(made, site=replace(made.site, seats=made.site.seats[:1]))
    ledger.record_versions([(fewer, OCTOBER)], **recording)
    secret = ledger.secrets("zhaotong")[number]
    (replaced,) = ledger.record_versions([(named(made, "张某"), AUGUST)], **recording)
    assert (replaced.number, replaced.effective) == (2, AUGUST)
    assert ledger.secrets("zhaotong")[number] == secret
