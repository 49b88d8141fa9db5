"""The bridge down: a contract in force becomes the configuration its switch should hold (目标配置)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pbx import dialplan, pjsip
from pbx.config import Config
from pbx.dialplan import Exten, Include
from pbx.errors import Malformed
from pbx.section import Section, parse
from provisioning.core.contract import Contract, Zone
from provisioning.core.site import Seat, Site
from provisioning.core.status import Stop
from provisioning.planning import forms, line, names, policy, voice
from provisioning.planning.layout import own_last
from provisioning.planning.line import TRANSPORT

OUTGOING = ("seatline-emergency", "seatline-dialled")
"""The hand-written contexts a seat's call goes through, emergency first (dialplans/README.md)."""
INCOMING = "seatline-incoming"


def desired(
    contract: Contract,
    secrets: Mapping[str, str],
    slot: str,
    ims_passwords: Mapping[str, str] = {},
    stops: Iterable[Stop] = (),
) -> Config:
    """All files of the contract's site, its dialplan in that slot (站点配置).

    `secrets` has the SIP secret of every seat by its long number; KeyError names a seat without one.
    `ims_passwords` are the operator's, by long number too (a trunk's by the number it registers); what has
    none answers no challenge. `stops` are those of the contract that are in force or will be.
    """
    return Config(
        {
            **_pjsip_files(contract.site, secrets, slot, ims_passwords),
            **_dialplan_files(contract, slot, tuple(stops)),
        }
    )


def shared(texts: Mapping[str, str]) -> Config:
    """The one file of hand-written contexts, from the texts of dialplans/*.conf by their names.

    Raises Malformed where a text is not plain dialplan, or two texts have a context of the same name.
    """
    sections: list[Section] = []
    for name in sorted(texts):
        try:
            sections += parse(texts[name])
        except Malformed as fault:
            raise Malformed(f"{name}: {fault}") from None
    return Config({names.SHARED_FILE: tuple(sections)})


def _pjsip_files(
    site: Site, secrets: Mapping[str, str], slot: str, passwords: Mapping[str, str]
) -> dict[str, tuple[Section, ...]]:
    """The line, then the seats; how they stand in files on the switch is layout.py's."""
    own = (
        own_last(section, seat.long_number)
        for seat in sorted(site.seats, key=lambda seat: seat.long_number)
        for section in _seat(site, seat, secrets, slot, passwords)
    )
    more = (
        own_last(section, number)
        for number, seat in line.further_numbers(site).items()
        for section in line.of_seat(
            site, number, slot, passwords, t38=seat is not None and voice.has_t38(seat)
        )
    )
    if not site.seats:
        return {}
    return {names.pjsip_file(site.name): (*line.of_site(site, slot, passwords), *own, *more)}


def _seat(
    site: Site, seat: Seat, secrets: Mapping[str, str], slot: str, passwords: Mapping[str, str]
) -> Iterator[Section]:
    """A seat's endpoint, auth and AOR, and what is its own of the operator's side."""
    number = seat.long_number
    user = names.seat_endpoint(number)
    yield pjsip.telephone(
        user,
        context=names.context(site.name, slot),
        aor=number,
        auth=names.seat_auth(number),
        number=number,
        account=number,
        transport=TRANSPORT,
        variables=_variables(site, seat, slot, passwords),
        **voice.kind_of(seat),
    )
    yield pjsip.auth(names.seat_auth(number), user=user, secret=secrets[number])
    yield pjsip.telephone_aor(number)
    yield from line.of_seat(site, number, slot, passwords, t38=voice.has_t38(seat))


def _variables(site: Site, seat: Seat, slot: str, passwords: Mapping[str, str]) -> line.Variables:
    """What the hand-written dialplan knows of a seat's call: whose it is, and the way out it has."""
    out = line.way_out(site, seat.long_number, passwords)
    short = (("SEATLINE_SHORT", seat.short_number),) if seat.short_number is not None else ()
    return (*line.variables(site, slot), *((("SEATLINE_LINE", out),) if out else ()), *short)


def _dialplan_files(contract: Contract, slot: str, stops: tuple[Stop, ...]) -> dict[str, tuple[Section, ...]]:
    """The contexts of dialplans/README.md: who is who, what is open, and how numbers are written."""
    site = contract.site
    if not site.seats:
        return {}
    own, numbers, opened, incoming = (
        names.context(site.name, slot, part) for part in ("", "numbers", "open", "line")
    )
    seats = sorted(site.seats, key=lambda seat: seat.long_number)
    contexts = (
        dialplan.context(own, (Include(context) for context in OUTGOING)),
        dialplan.context(
            numbers, (*_main_number(site), *(line for seat in seats for line in _own_numbers(seat)))
        ),
        dialplan.context(opened, (Exten(zone, "Return") for zone in open_zones(contract))),
        dialplan.context(incoming, (Include(INCOMING),)),
        *forms.contexts(site, slot),
        *policy.contexts(contract, slot, stops),
    )
    return {names.dialplan_file(site.name, slot): contexts}


def _main_number(site: Site) -> Iterator[Exten]:
    """The main number with a switchboard stands for itself, where it is no seat's (总机号)."""
    if line.has_switchboard(site) and site.main_number is not None:
        yield Exten(site.main_number, "Return", (site.main_number,))


def _own_numbers(seat: Seat) -> Iterator[Exten]:
    """The numbers a seat is called by: the long, the second and, inside its contract, the short one."""
    yield Exten(seat.long_number, "Return", (seat.long_number,))
    if seat.second_number is not None:
        yield Exten(seat.second_number, "Return", (seat.long_number,))
    if seat.short_number is not None:
        yield Exten(seat.short_number, "Return", (seat.long_number,))


def open_zones(contract: Contract) -> tuple[str, ...]:
    """The zones the contract's rates open, in their fixed order."""
    if contract.calls is None:
        return ()
    return tuple(zone.value for zone in Zone if contract.calls.is_open(zone))
