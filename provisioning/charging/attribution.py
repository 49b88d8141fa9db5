"""The bridge up: from the switch's call record to the seat of a contract whose call it is (话单归属).

The account code decides where it is a number of ours, as on every switch that we provision. Else the numbers
do: the caller's, brought to national form, makes it an outgoing call of that seat; else the called one makes
it an incoming call. Where two contracts answer to a number on that day nobody is guessed at, nor where a
caller without area code could be a number of ours or a stranger from the area of the one called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from pbx.cdr import Cdr
from provisioning.charging.directory import Directory
from provisioning.core.call import Direction
from provisioning.core.contract import ContractVersion
from provisioning.core.numbering import NumberClass, classify, national

Holder = tuple[ContractVersion, str]

_FROM_OPERATOR = re.compile(r"seatline-.+-[ab]-line")
"""The context in which our switches take the operator's calls (dialplans/README.md)."""
_LEG = re.compile(r"Local/.+@seatline-leg-[0-9a-f]+;2")
"""The half of a Local channel that calls on behalf of a seat on our switches (dialplans/leg.conf)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """A call record with the contract version in force, its seat, its direction and the other number.

    `other` is as the record has it: dst of an outgoing call, src of an incoming one.
    """

    version: ContractVersion
    seat: str
    direction: Direction
    other: str


@dataclass(frozen=True, slots=True)
class Unattributed:
    """Why a call record is nobody's that we know."""

    reason: str


def is_leg(cdr: Cdr) -> bool:
    """Whether a record is of a leg that a switch of ours made for a seat: a further number, a forwarded
    call, a call of its mobile. Such a leg is a call of the seat, whose account code it has.
    """
    return _LEG.fullmatch(cdr.channel) is not None


def attribute(cdr: Cdr, directory: Directory, day: date) -> Attributed | Unattributed:
    """Whose call a record is on the day of its answer (of its start, if nobody answered), in Shanghai."""
    by_account = directory.holders(cdr.accountcode.strip(), day)
    if len(by_account) > 1:
        return _ambiguous("account code", cdr.accountcode, by_account, day)
    if by_account:
        return _by_account(cdr, directory, by_account[0])
    callers = _holders(cdr.src, directory, day)
    if len(callers) > 1:
        return _ambiguous("caller", cdr.src, callers, day)
    if callers:
        version, seat = callers[0]
        elsewhere = _called_elsewhere(cdr, directory, day, version) if _is_local(cdr.src) else None
        if elsewhere is not None:
            return Unattributed(
                f"ambiguous: the caller {cdr.src} without its area code may be a number of "
                f"{version.contract.id}, but the called number {cdr.dst} is one of {elsewhere}"
            )
        return Attributed(version=version, seat=seat, direction=Direction.OUTGOING, other=cdr.dst)
    called = _holders(cdr.dst, directory, day)
    if len(called) > 1:
        return _ambiguous("called number", cdr.dst, called, day)
    if called:
        version, seat = called[0]
        return Attributed(version=version, seat=seat, direction=Direction.INCOMING, other=cdr.src)
    return Unattributed(_nobody(cdr, day))


def _by_account(cdr: Cdr, directory: Directory, holder: Holder) -> Attributed:
    """The account pays: the call is its own unless the record says that it was the one called.

    Where one of our switches says that the call came from the operator, the caller's number does not count:
    anybody out there may show the called seat's own.
    """
    version, seat = holder
    if is_leg(cdr):
        return Attributed(version=version, seat=seat, direction=Direction.OUTGOING, other=cdr.dst)
    if _FROM_OPERATOR.fullmatch(cdr.dcontext):
        return Attributed(version=version, seat=seat, direction=Direction.INCOMING, other=cdr.src)
    if not _is_seat(cdr.src, directory, version, seat):
        taken = _is_seat(cdr.dst, directory, version, seat) or _is_main(cdr.dst, version)
        if taken:
            return Attributed(version=version, seat=seat, direction=Direction.INCOMING, other=cdr.src)
    return Attributed(version=version, seat=seat, direction=Direction.OUTGOING, other=cdr.dst)


def _is_seat(text: str, directory: Directory, version: ContractVersion, seat: str) -> bool:
    return own_seat(text, directory, version) == seat


def _is_main(text: str, version: ContractVersion) -> bool:
    main = version.contract.site.main_number
    return main is not None and national(text, version.contract.site.area_code) == main


def own_seat(text: str, directory: Directory, version: ContractVersion) -> str | None:
    """The seat of this contract version that a number, dialled at its site, reaches: short numbers first."""
    by_short = directory.seat_by_short(version, text)
    if by_short is not None:
        return by_short
    number = national(text, version.contract.site.area_code)
    return directory.seat_by_long(version, number) if number is not None else None


def _holders(text: str, directory: Directory, day: date) -> tuple[Holder, ...]:
    """All who have the number on that day; a local number is tried at every site, with its own area."""
    number = national(text, "")
    if number is None:
        return ()
    if not _is_local(text):
        return directory.holders(number, day)
    found: list[Holder] = []
    for area_code in directory.area_codes:
        at_home = directory.holders(area_code + number, day)
        found.extend(holder for holder in at_home if holder[0].contract.site.area_code == area_code)
    return tuple(found)


def _is_local(text: str) -> bool:
    """Whether a number has no area code, so that a site's own has to be supplied."""
    return classify(text, "") is NumberClass.LOCAL


def _called_elsewhere(cdr: Cdr, directory: Directory, day: date, caller: ContractVersion) -> str | None:
    """The contract in another area that has the called number: the caller may belong to that area too."""
    area_code = caller.contract.site.area_code
    if own_seat(cdr.dst, directory, caller) is not None:
        return None
    called = [version.contract for version, _ in _holders(cdr.dst, directory, day)]
    others = sorted(contract.id for contract in called if contract.site.area_code != area_code)
    return " and ".join(others) or None


def _ambiguous(what: str, number: str, holders: tuple[Holder, ...], day: date) -> Unattributed:
    contracts = " and ".join(sorted(version.contract.id for version, _ in holders))
    return Unattributed(f"the {what} {number} is a number of {contracts} on {day}")


def _nobody(cdr: Cdr, day: date) -> str:
    tried: list[tuple[str, str]] = []
    for what, number in (("account code", cdr.accountcode), ("caller", cdr.src), ("called number", cdr.dst)):
        if number and number not in [known for _, known in tried]:
            tried.append((what, number))
    if not tried:
        return "the record names no number at all"
    named = ", ".join(f"{what} {number}" for what, number in tried)
    return f"no number of a contract in force on {day}: {named}"
