"""Which seat stands on which port of which IAD, where the sheet leaves it open (端口分配)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisioning.core.site import Iad, Seat, Site

MOST_PORTS = 1024
"""No IAD has more; as many are counted where nobody knows how many a model has."""
Place = tuple[str, int]
"""An IAD by name, and one of its ports."""
PortsOf = Callable[[Iad], int | None]
"""How many ports an IAD has; None where nobody knows."""


class DoesNotFit(ValueError):
    """The seats and what the sheet says of them do not go together with the IADs; each line says why."""


def allotted(site: Site, former: Site | None, ports_of: PortsOf) -> Site:
    """The site with an IAD and a port for every seat, as far as there are ports (端口分配).

    What the seat itself says stands. Else it keeps the place it had in the `former` version, else it gets the
    lowest free port in sheet order over the IADs in their order: so a seat that goes moves nobody. A seat
    that says its IAD only may take there the place of one that was merely allotted, the last of them.
    A second number rings at its seat's port, the main number is no seat: neither takes a port. Where there
    are more seats than ports, the last in sheet order stand on none. An IAD under another name is the one it
    was, by its MAC address.

    Raises DoesNotFit for a port said twice, a port or IAD that is not there, and an IAD that more seats say
    than it has ports.
    """
    if not site.iads:
        return site
    board = _Board.of(site, ports_of)
    board.said(site.seats)
    if former is not None:
        board.kept(site.seats, former, _names_now(former.iads, site.iads))
    board.rest(site.seats)
    if board.wrong:
        raise DoesNotFit("\n".join(board.wrong))
    return replace(site, seats=tuple(_at(seat, board.places.get(seat.long_number)) for seat in site.seats))


def _names_now(former: Iterable[Iad], iads: tuple[Iad, ...]) -> dict[str, str]:
    """The name of each former IAD now: by its MAC address, else its own, unless that is another's."""
    by_mac = {iad.mac: iad.name for iad in iads if iad.mac is not None}
    told = {iad.name: by_mac[iad.mac] for iad in former if iad.mac in by_mac}
    others = {iad.name for iad in iads} - set(told.values())
    return {iad.name: iad.name for iad in former if iad.name in others} | told


def _at(seat: Seat, place: Place | None) -> Seat:
    if place is None or (seat.iad, seat.port) == place:
        return seat
    return replace(seat, iad=place[0], port=place[1])


@dataclass(frozen=True, slots=True)
class _Board:
    """The ports of a site and who stands on them, while seats are put there one by one."""

    ports: dict[str, int]
    """How many ports each IAD has, in the order of the IADs."""
    places: dict[str, Place]
    """Where a seat stands, by its long number."""
    seats: dict[Place, str]
    open: frozenset[str]
    """The seats of which the sheet says no IAD: they may be put elsewhere."""
    wrong: list[str]

    @classmethod
    def of(cls, site: Site, ports_of: PortsOf) -> _Board:
        ports = {iad.name: MOST_PORTS if (n := ports_of(iad)) is None else n for iad in site.iads}
        sole = len(ports) == 1
        free = (seat for seat in site.seats if seat.iad is None and not (sole and seat.port is not None))
        return cls(ports, {}, {}, frozenset(seat.long_number for seat in free), [])

    def said(self, seats: tuple[Seat, ...]) -> None:
        """Puts the seats whose place is said, complains of those that cannot stand there."""
        for seat in seats:
            iad = self._iad_of(seat)
            if iad is None and seat.port is not None:
                self.wrong.append(f"seat {seat.long_number}: port {seat.port} of which IAD is not said")
            elif iad is not None and iad not in self.ports:
                self.wrong.append(f"seat {seat.long_number}: the site has no IAD {iad}")
            elif iad is not None and seat.port is not None:
                self._put_said(seat.long_number, (iad, seat.port))

    def kept(self, seats: tuple[Seat, ...], former: Site, names: Mapping[str, str]) -> None:
        """Puts the seats where they stood before, as far as that place is still there and free.

        `names` are those that the former IADs have now."""
        stood = {seat.long_number: seat for seat in former.seats}
        for seat in self._waiting(seats):
            before = stood.get(seat.long_number)
            iad = names.get(before.iad) if before is not None and before.iad is not None else None
            if before is None or iad is None or before.port is None:
                continue
            place = (iad, before.port)
            if self._iad_of(seat) in (None, iad) and self._there(place) and place not in self.seats:
                self._put(seat.long_number, place)

    def rest(self, seats: tuple[Seat, ...]) -> None:
        """Puts all others on the lowest free ports, first those that say their IAD."""
        waiting = list(self._waiting(seats))
        for seat in waiting:
            iad = self._iad_of(seat)
            if iad is not None:
                self._put_on(seat.long_number, iad)
        free = list(self._free())
        left = [seat for seat in self._waiting(seats) if self._iad_of(seat) is None]
        for seat, place in zip(left, free, strict=False):
            self._put(seat.long_number, place)

    def _put_on(self, number: str, iad: str) -> None:
        """Puts a seat on that IAD, if need be in the place of the last that was merely allotted there."""
        place = next((each for each in self._ports_of(iad) if each not in self.seats), None)
        if place is None:
            allotted = [each for each in self._ports_of(iad) if self.seats[each] in self.open]
            if not allotted:
                self.wrong.append(f"seat {number}: all {self.ports[iad]} ports of {iad} are said for others")
                return
            place = allotted[-1]
            del self.places[self.seats[place]]
        self._put(number, place)

    def _put_said(self, number: str, place: Place) -> None:
        iad, port = place
        if not self._there(place):
            self.wrong.append(f"seat {number}: {iad} has no port {port}, only {self.ports[iad]}")
        elif place in self.seats:
            self.wrong.append(f"seat {number}: port {port} of {iad} is said for {self.seats[place]} too")
        else:
            self._put(number, place)

    def _put(self, number: str, place: Place) -> None:
        self.places[number] = place
        self.seats[place] = number

    def _waiting(self, seats: tuple[Seat, ...]) -> Iterator[Seat]:
        """The seats that still stand nowhere, in sheet order, without those that were complained of."""
        for seat in seats:
            iad = self._iad_of(seat)
            complained = seat.port is not None or (iad is not None and iad not in self.ports)
            if seat.long_number not in self.places and not complained:
                yield seat

    def _iad_of(self, seat: Seat) -> str | None:
        """The IAD a seat says; a port alone means the only IAD there is."""
        if seat.iad is None and seat.port is not None and len(self.ports) == 1:
            return next(iter(self.ports))
        return seat.iad

    def _there(self, place: Place) -> bool:
        return 1 <= place[1] <= self.ports.get(place[0], 0)

    def _ports_of(self, iad: str) -> list[Place]:
        return [(iad, port) for port in range(1, self.ports[iad] + 1)]

    def _free(self) -> Iterator[Place]:
        return (place for iad in self.ports for place in self._ports_of(iad) if place not in self.seats)
