"""The bridge down to the IADs: a contract in force becomes its devices, port by port (目标IAD配置)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pbx.iad.device import Device, Label, Line, Port, Server
from provisioning.core.contract import Contract
from provisioning.core.site import Iad, Ims, Seat, Site
from provisioning.planning import names
from provisioning.planning.allotment import allotted
from provisioning.planning.iad_models import PORTS, ports_of

UNTOUCHED = frozenset({"fax", "pos"})
"""The features of a seat whose line must reach the other end as it is (传真, POS)."""
FETCHED_AT = "/iad/"
"""What stands between the address devices are told and a device's token."""

LONGEST_DISPLAY = 50
"""Characters of a name that every family can show."""


class MissingPasswords(ValueError):
    """Some seats have no password to register with; `numbers` are theirs."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self.numbers = tuple(numbers)
        super().__init__(f"{len(self.numbers)} seats have no password to register with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a site's devices are made from besides its contract.

    `passwords` are what the numbers register with, by long number: the ledger's SIP secrets at a switch, the
    operator's own without one. `sip` is where IADs find the switch, host or host:port; no matter to a site
    without. `tokens` and `admin_passwords` are by IAD; `url` is how devices reach `seatline serve`; with None
    they are not told to fetch.
    """

    passwords: Mapping[str, str] = field(repr=False)
    sip: str | None = None
    url: str | None = None
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    admin_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An IAD, and the seats on its ports."""

    device: Device
    seats: Mapping[int, Seat]

    @property
    def labels(self) -> Mapping[int, Label]:
        """Whose telephone each port in use is, for the papers of whoever wires them."""
        return {
            port: Label(
                short_number=seat.short_number or "", name=seat.name or "", department=seat.department or ""
            )
            for port, seat in self.seats.items()
        }


def placed(contract: Contract, given: Given) -> tuple[Placed, ...]:
    """The IADs of the contract's site, each with all its ports, in the order of the contract.

    Raises MissingPasswords, Malformed for what no device can hold, and ValueError where the address of switch
    or operator is missing, or the seats do not go together with the IADs.
    """
    site = contract.site
    if not site.iads:
        return ()
    whole = allotted(site, None, ports_of)
    stand = [seat.long_number for seat in whole.seats if seat.port is not None]
    if missing := [number for number in stand if not given.passwords.get(number)]:
        raise MissingPasswords(missing)
    server = _server(site, given)
    standing: dict[str, dict[int, Seat]] = {iad.name: {} for iad in whole.iads}
    for seat in whole.seats:
        if seat.iad is not None and seat.port is not None:
            standing[seat.iad][seat.port] = seat
    return tuple(_placed(whole, iad, standing[iad.name], server, given) for iad in whole.iads)


def devices(contract: Contract, given: Given) -> tuple[Device, ...]:
    """The IADs of the contract's site alone; see `placed`."""
    return tuple(one.device for one in placed(contract, given))


def _placed(site: Site, iad: Iad, seats: Mapping[int, Seat], server: Server, given: Given) -> Placed:
    count = ports_of(iad) or max(seats, default=0)
    token = given.tokens.get(iad.name)
    t38 = iad.settings.get("fax") == "t38"
    lines = {port: _line(site, seat, t38, given) for port, seat in seats.items()}
    device = Device(
        name=iad.name,
        model=iad.model,
        mac=iad.mac,
        server=server,
        ports=tuple(Port(number=number, line=lines.get(number)) for number in range(1, count + 1)),
        settings={key: value for key, value in iad.settings.items() if key != PORTS},
        fetch_url=f"{given.url}{FETCHED_AT}{token}" if given.url and token else None,
        admin_password=given.admin_passwords.get(iad.name),
    )
    return Placed(device=device, seats=seats)


def _line(site: Site, seat: Seat, t38: bool, given: Given) -> Line:
    number = seat.long_number
    switchless = site.switch == "none"
    return Line(
        user=site.ims_user(number) if switchless else number,
        auth_user=site.ims_auth_user(number) if switchless else names.seat_endpoint(number),
        password=given.passwords[number],
        display=_display(seat.name),
        untouched=not UNTOUCHED.isdisjoint(seat.features),
        t38=t38,
    )


def _display(name: str | None) -> str:
    """A name that every device can hold and every network passes on; any other is better left out."""
    text = (name or "").strip()
    plain = text.isascii() and text.isprintable() and not set(text) & set("\"\\<>&';,$%")
    return text if plain and len(text) <= LONGEST_DISPLAY else ""


def _server(site: Site, given: Given) -> Server:
    if site.switch != "none":
        if given.sip is None:
            raise ValueError(f"site {site.name}: where its IADs find the switch is not said")
        return Server(domain=given.sip)
    if site.ims is None:
        raise ValueError(f"site {site.name} has neither switch nor ims")
    return _operator(site.ims)


def _operator(ims: Ims) -> Server:
    timers = ims.session_timers
    return Server(
        domain=ims.domain,
        proxy=ims.proxy.removeprefix("sip:"),
        expires=ims.expires,
        reliable=ims.reliable,
        timers=timers.use,
        session_expires=timers.expires,
        least_expires=timers.least,
        user_phone=ims.user_phone,
    )
