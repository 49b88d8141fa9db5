"""Which device of the contract is which of those that got files before (设备对应)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from provisioning.core.contract import Contract
from provisioning.flows.errors import FlowError
from provisioning.flows.ports import HandedOut
from provisioning.planning.iad_plan import Former


def all_there(site: str, contract: Contract | None, chosen: Collection[str]) -> None:
    """FlowError for a name that none of the site's IADs has."""
    names = [iad.name for iad in contract.site.iads] if contract is not None else []
    if unknown := [name for name in chosen if name not in names]:
        raise FlowError(f"site {site} has no IAD {unknown[0]}; it has {', '.join(names) or 'none'}")


def renamed_iads(contract: Contract | None, handed_out: Mapping[str, HandedOut]) -> dict[str, str]:
    """The devices whose MAC address says that they had another name, with that name."""
    owners: dict[str, list[str]] = {}
    for name, one in handed_out.items():
        owners.setdefault(one.document["mac"] or "", []).append(name)
    iads = contract.site.iads if contract is not None else ()
    stands = Counter(iad.mac for iad in iads)
    return {
        iad.name: owners[iad.mac][0]
        for iad in iads
        if iad.mac
        and stands[iad.mac] == 1
        and len(owners.get(iad.mac, ())) == 1
        and owners[iad.mac][0] != iad.name
    }


def former_files(handed_out: Mapping[str, HandedOut], renamed: Mapping[str, str]) -> dict[str, Former]:
    """What each device got last, by the name it has now."""
    moved = {*renamed, *renamed.values()}
    names = {name: name for name in handed_out if name not in moved} | dict(renamed)
    return {
        name: Former(document=handed_out[was].document, digest=handed_out[was].digest)
        for name, was in names.items()
    }
