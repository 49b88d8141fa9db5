"""All contracts over time, asked by number and by day: whose was this number then (号码归属)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from provisioning.core.contract import ContractVersion, version_in_force
from provisioning.core.site import Site


class Directory:
    """Every version of every contract, indexed by the numbers they hold.

    A contract's version in force on a day is the latest one effective by then, if its term covers that day;
    a later version replaces an earlier one even where its own term leaves a gap. What is looked up is kept,
    so that rating a month of calls asks for each contract and day once; the answers never change.
    """

    def __init__(self, versions: Iterable[ContractVersion]) -> None:
        self._versions: dict[str, list[ContractVersion]] = {}
        self._contracts_of: dict[str, list[str]] = {}
        self._areas: set[str] = set()
        self._long: dict[tuple[str, int], dict[str, str]] = {}
        self._short: dict[tuple[str, int], dict[str, str]] = {}
        self._mobile: dict[tuple[str, int], dict[str, str]] = {}
        self._in_force: dict[tuple[str, date], ContractVersion | None] = {}
        for version in versions:
            self._enter(version)
        for entered in self._versions.values():
            entered.sort(key=lambda version: (version.effective, version.number))

    def _enter(self, version: ContractVersion) -> None:
        contract, site = version.contract.id, version.contract.site
        self._versions.setdefault(contract, []).append(version)
        self._areas.add(site.area_code)
        long, short = _numbers(site)
        self._long[contract, version.number] = long
        self._short[contract, version.number] = short
        self._mobile[contract, version.number] = {
            seat.mobile_short: seat.mobile
            for seat in site.seats
            if seat.mobile_short is not None and seat.mobile is not None
        }
        for number in long:
            holders = self._contracts_of.setdefault(number, [])
            if contract not in holders:
                holders.append(contract)

    @property
    def area_codes(self) -> tuple[str, ...]:
        """The area codes of all sites, sorted."""
        return tuple(sorted(self._areas))

    def versions(self, contract: str) -> tuple[ContractVersion, ...]:
        """All versions of one contract, in the order in which they take effect."""
        return tuple(self._versions.get(contract, ()))

    def in_force(self, contract: str, day: date) -> ContractVersion | None:
        """The version of that contract in force on that day, or None."""
        key = (contract, day)
        if key not in self._in_force:
            self._in_force[key] = version_in_force(self._versions.get(contract, ()), day)
        return self._in_force[key]

    def holders(self, number: str, day: date) -> tuple[tuple[ContractVersion, str], ...]:
        """Who has that number, in national form, on that day: each version in force with the seat of it."""
        found = []
        for contract in self._contracts_of.get(number, ()):
            version = self.in_force(contract, day)
            if version is not None:
                seat = self._long[contract, version.number].get(number)
                if seat is not None:
                    found.append((version, seat))
        return tuple(found)

    def seat_by_long(self, version: ContractVersion, number: str) -> str | None:
        """The seat of that version with this number in national form: its long, second or main number."""
        return self._long[version.contract.id, version.number].get(number)

    def seat_by_short(self, version: ContractVersion, digits: str) -> str | None:
        """The seat of that version with this short number."""
        return self._short[version.contract.id, version.number].get(digits)

    def mobile_by_short(self, version: ContractVersion, digits: str) -> str | None:
        """The mobile that a member of that version has this short number for (手机短号)."""
        return self._mobile[version.contract.id, version.number].get(digits)


def spans(versions: Iterable[ContractVersion]) -> tuple[tuple[ContractVersion, date], ...]:
    """The versions that ever count, in order, each with the day on which the next one takes over.

    A version replaced on its own first day never counts. The last one runs to `date.max`.
    """
    ordered = sorted(versions, key=lambda version: (version.effective, version.number))
    if not ordered:
        return ()
    ended = [(former, later.effective) for former, later in pairwise(ordered)]
    ended.append((ordered[-1], date.max))
    return tuple((version, until) for version, until in ended if version.effective < until)


def _numbers(site: Site) -> tuple[dict[str, str], dict[str, str]]:
    """The seat's long number by each number in national form, and by short number.

    The main number stands for itself: calls made or taken under it belong to the contract, not to one seat.
    """
    long: dict[str, str] = {}
    short: dict[str, str] = {}
    if site.main_number is not None:
        long[site.main_number] = site.main_number
    for seat in site.seats:
        if seat.second_number is not None:
            long[seat.second_number] = seat.long_number
        if seat.short_number is not None:
            short[seat.short_number] = seat.long_number
    for seat in site.seats:
        long[seat.long_number] = seat.long_number
    return long, short
