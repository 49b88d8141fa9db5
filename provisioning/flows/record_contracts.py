"""Records checked contracts in the ledger, each as its next version or a corrected latest one (合同入账)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from provisioning.core.contract import Contract, ContractVersion
from provisioning.core.seat_change import SeatChange, seat_changes
from provisioning.flows.choose_day import dropped_version, refused_day, usual_day
from provisioning.flows.errors import FlowError
from provisioning.flows.give_ports import with_ports
from provisioning.flows.ports import Ledger
from provisioning.flows.stale_file import stale

NO_PASSWORDS: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What `contract add` did: the versions recorded, and the contracts that were so already, by id.

    `changes` are what becomes of the seats by each later version, by contract. `notes` say which day was
    taken where none was given, which version was replaced, and for how many numbers the operator's password
    is new.
    """

    recorded: tuple[ContractVersion, ...]
    unchanged: tuple[str, ...]
    notes: tuple[str, ...] = ()
    changes: Mapping[str, tuple[SeatChange, ...]] = field(default_factory=dict)


def record_contracts(
    contracts: Sequence[Contract],
    *,
    ledger: Ledger,
    today: date,
    now: datetime,
    who: str,
    new_secret: Callable[[], str],
    effective: date | None = None,
    force: bool = False,
    ims_passwords: Mapping[str, Mapping[str, str]] = NO_PASSWORDS,
) -> Recorded:
    """Records all of the contracts or, when anything is in the way, none (FlowError lists what).

    Each seat of a site with IADs has its port afterwards, its former one where the sheet does not say.
    Without `effective`, a contract's first version begins with its term; a later one as `usual_day` says.
    Refused unless `force`: a day that a contract's clause on changes does not allow, one before another
    version that is still to come, and a file that does not know what `contract change` changed since the
    file was recorded last. ChangedMeanwhile where somebody else records one of the contracts just now. A
    contract equal to its latest version is left as it is, unless `effective` moves that version to another
    day; the operator's passwords, by contract and long number, are recorded for it all the same.
    """
    latest = {c.id: versions[-1] for c in contracts if (versions := ledger.versions(c.id))}
    contracts = _with_ports(contracts, latest, ledger)
    days = {c.id: effective or usual_day(c, latest.get(c.id), today)[0] for c in contracts}
    if not force:
        _allowed(contracts, latest, effective, today, ledger)
    additions = [(c, days[c.id]) for c in contracts]
    renewed = {id: _renewed(ledger, id, given) for id, given in ims_passwords.items() if given}
    recorded = ledger.record_versions(
        additions,
        new_secret=new_secret,
        at=now,
        who=who,
        ims_passwords={id: ims_passwords[id] for id in renewed},
        expected={c.id: [latest[c.id]] if c.id in latest else [] for c in contracts},
    )
    changed = {version.contract.id for version in recorded}
    notes = [
        note
        for version in recorded
        for note in _notes(version, latest, today=today, was_given=effective is not None)
    ]
    notes += [_passwords_note(id, count, id in changed) for id, count in renewed.items() if count]
    unchanged = tuple(c.id for c in contracts if c.id not in changed)
    changes = {
        version.contract.id: seat_changes(former.contract.site.seats, version.contract.site.seats)
        for version in recorded
        if (former := latest.get(version.contract.id)) is not None
    }
    return Recorded(recorded=recorded, unchanged=unchanged, notes=tuple(notes), changes=changes)


def _with_ports(
    contracts: Sequence[Contract], latest: Mapping[str, ContractVersion], ledger: Ledger
) -> tuple[Contract, ...]:
    """The contracts with an IAD and a port for every seat (端口分配); FlowError says which do not fit.

    The seats of a new contract stay on the ports they had under the one before it at the same site.
    """
    found: list[Contract] = []
    obstacles: list[str] = []
    for contract in contracts:
        former = latest.get(contract.id) or _predecessor(contract, ledger)
        placed, misfits = with_ports(contract, former.contract if former else None)
        obstacles += [f"contract {contract.id}: {line}" for line in misfits]
        found.append(placed)
    if obstacles:
        raise FlowError("\n".join([*obstacles, "Nothing was recorded."]))
    return tuple(found)


def _predecessor(contract: Contract, ledger: Ledger) -> ContractVersion | None:
    """What was last agreed for the site under another contract."""
    at_site = (one for one in ledger.versions() if one.contract.site.name == contract.site.name)
    return max(at_site, key=lambda one: (one.effective, one.number), default=None)


def _allowed(
    contracts: Sequence[Contract],
    latest: Mapping[str, ContractVersion],
    day: date | None,
    today: date,
    ledger: Ledger,
) -> None:
    """Raises FlowError that says of every contract what nobody means to do without saying so."""
    refused: list[str | None] = []
    for contract in contracts:
        former = latest.get(contract.id)
        if former is None:
            continue
        if day is not None:
            refused.append(refused_day(contract, former, day, today))
            refused.append(dropped_version(contract, former, day, today))
        if (filed := ledger.filed(contract.id)) is not None:
            refused.append(stale(contract, former.contract, filed))
    said = [one for one in refused if one is not None]
    if said:
        raise FlowError("\n".join([*said, "Nothing was recorded."]))


def _renewed(ledger: Ledger, contract: str, given: Mapping[str, str]) -> int:
    """How many of the numbers have another password so far, or none."""
    known = ledger.ims_passwords(contract)
    return sum(known.get(number) != password for number, password in given.items())


def _passwords_note(contract: str, count: int, changed: bool) -> str:
    numbers = f"{count} number{'' if count == 1 else 's'}"
    so = "" if changed else "; the contract itself is recorded so already"
    return f"{contract}: the operator's password of {numbers} is new or another one, and recorded{so}."


def _notes(
    version: ContractVersion, latest: Mapping[str, ContractVersion], *, today: date, was_given: bool
) -> list[str]:
    """What a person has to know of a version that is not a contract's first."""
    contract = version.contract
    former = latest.get(contract.id)
    if former is None:
        return []
    notes = []
    if not was_given:
        which = usual_day(contract, former, today)[1]
        notes.append(
            f"{contract.id}: version {version.number} takes effect on {version.effective}, {which}, for no "
            "--from was given. If that is wrong, record the same file again with the right day."
        )
    if former.number == version.number:
        notes.append(replaced_note(former))
    return notes


def replaced_note(former: ContractVersion) -> str:
    """What is said where a version takes the place of another."""
    return (
        f"{former.contract.id}: this replaces version {former.number} from {former.effective}, "
        "which the audit keeps."
    )
