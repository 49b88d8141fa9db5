"""The bridge down: a contract in force becomes the configuration its switch should hold (目标配置)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pbx import dialplan, pjsip
from pbx.config import Config
from pbx.dialplan import Exten, Include
from pbx.errors import Malformed
from pbx.section import Section, parse
from provisioning.core.contract import Contract, Zone
from provisioning.core.site import Ims, Seat, Site
from provisioning.planning import names

OUTGOING = ("seatline-emergency", "seatline-dialled")
"""The hand-written contexts a seat's call goes through, emergency first (dialplans/README.md)."""
INCOMING = "seatline-incoming"
TRANSPORT = "seatline-udp"
"""The switch's own SIP transport, which its pjsip.conf has (docker/README.md)."""


def desired(contract: Contract, secrets: Mapping[str, str], slot: str) -> Config:
    """All files of the contract's site, its dialplan in that slot (站点配置).

    `secrets` has the SIP secret of every seat by its long number; KeyError names a seat without one.
    """
    return Config({**_pjsip_files(contract.site, secrets, slot), **_dialplan_files(contract, slot)})


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


def _pjsip_files(site: Site, secrets: Mapping[str, str], slot: str) -> dict[str, tuple[Section, ...]]:
    """Whole seats in files, the line with the first: one file for a site of up to 100 seats."""
    seats = sorted(site.seats, key=lambda seat: seat.long_number)
    size = names.seats_per_file(len(seats))
    files: dict[str, tuple[Section, ...]] = {}
    for number, first in enumerate(range(0, len(seats), size), start=1):
        line = _line(site, slot) if number == 1 else ()
        batch = seats[first : first + size]
        own = (section for seat in batch for section in _seat(site, seat, secrets, slot))
        files[names.pjsip_file(site.name, number)] = (*line, *own)
    return files


def _seat(site: Site, seat: Seat, secrets: Mapping[str, str], slot: str) -> Iterator[Section]:
    """A seat's endpoint, auth and AOR, and its registration where each seat has its own."""
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
        variables=_variables(site, slot, seat),
    )
    yield pjsip.auth(names.seat_auth(number), user=user, secret=secrets[number])
    yield pjsip.telephone_aor(number)
    if site.ims is not None and site.ims.register == "seat":
        yield _registration(site, site.ims, names.seat_registration(number), number)


def _line(site: Site, slot: str) -> tuple[Section, ...]:
    """The operator's side: its endpoint and AOR, and the registration of a trunk."""
    ims = site.ims
    if ims is None:
        return ()
    endpoint, aor = names.line_endpoint(site.name), names.line_aor(site.name)
    line = pjsip.line(
        endpoint,
        context=names.context(site.name, slot, "line"),
        aor=aor,
        domain=ims.domain,
        proxy=ims.proxy,
        transport=TRANSPORT,
        variables=_variables(site, slot),
    )
    reached = pjsip.line_aor(aor, domain=ims.domain, proxy=ims.proxy)
    if ims.register == "seat":
        return line, reached
    number = site.main_number or min(seat.long_number for seat in site.seats)
    return line, reached, _registration(site, ims, names.line_registration(site.name), number)


def _registration(site: Site, ims: Ims, name: str, number: str) -> Section:
    return pjsip.registration(
        name,
        endpoint=names.line_endpoint(site.name),
        user=site.ims_user(number),
        domain=ims.domain,
        proxy=ims.proxy,
        transport=TRANSPORT,
    )


def _variables(site: Site, slot: str, seat: Seat | None = None) -> tuple[tuple[str, str], ...]:
    """What the hand-written dialplan knows of a call: whose it is, and the way out it has."""
    known = [("SEATLINE_SITE", site.name), ("SEATLINE_SLOT", slot), ("SEATLINE_AREA", site.area_code)]
    if seat is not None and site.ims is not None:
        known.append(("SEATLINE_LINE", names.line_endpoint(site.name)))
    if seat is not None and seat.short_number is not None:
        known.append(("SEATLINE_SHORT", seat.short_number))
    return tuple(known)


def _dialplan_files(contract: Contract, slot: str) -> dict[str, tuple[Section, ...]]:
    """The four contexts of dialplans/README.md: who is who, and what is open."""
    site = contract.site
    if not site.seats:
        return {}
    own, numbers, opened, incoming = (
        names.context(site.name, slot, part) for part in ("", "numbers", "open", "line")
    )
    seats = sorted(site.seats, key=lambda seat: seat.long_number)
    contexts = (
        dialplan.context(own, (Include(context) for context in OUTGOING)),
        dialplan.context(numbers, (line for seat in seats for line in _own_numbers(seat))),
        dialplan.context(opened, (Exten(zone, "Return") for zone in open_zones(contract))),
        dialplan.context(incoming, (Include(INCOMING),)),
    )
    return {names.dialplan_file(site.name, slot): contexts}


def _own_numbers(seat: Seat) -> Iterator[Exten]:
    """The numbers a seat is called by inside its contract, the long and the short one."""
    yield Exten(seat.long_number, "Return", (seat.long_number,))
    if seat.short_number is not None:
        yield Exten(seat.short_number, "Return", (seat.long_number,))


def open_zones(contract: Contract) -> tuple[str, ...]:
    """The zones the contract's rates open, in their fixed order."""
    if contract.calls is None:
        return ()
    return tuple(zone.value for zone in Zone if contract.calls.is_open(zone))
