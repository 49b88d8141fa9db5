"""IADs from the ledger's contract to files: planned, written or offered, and kept as handed out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from pbx.errors import Malformed
from pbx.iad.device import Device, Label
from provisioning.core.contract import Contract
from provisioning.core.site import Iad, Ims, Seat
from provisioning.flows.errors import FlowError, TooMuchChange
from provisioning.flows.plan_iads import Addresses, DeviceFiles, SiteIads, plan_iads, stale_iads
from provisioning.flows.ports import DeviceSecret
from provisioning.flows.record_contracts import record_contracts
from provisioning.flows.write_iads import Offered, offer_changed, renew_iads, write_iads
from provisioning.planning import explain
from provisioning.store.ledger import SqlLedger

NOW = datetime(2025, 11, 20, 8, tzinfo=UTC)
TODAY = date(2025, 11, 20)
SIP = Addresses(sip="192.0.2.10:5060", url="https://prov.example.net")
IADS = (
    Iad(name="iad-1", model="grandstream-ht802", mac="c0:74:ad:00:00:01"),
    Iad(name="iad-2", model="grandstream-ht814", mac="c0:74:ad:00:00:02"),
)
IMS = Ims(domain="ims.example.net", proxy="sip:192.0.2.20:5070")
WHO = "clerk@office"


def numbers(*last: int) -> tuple[Seat, ...]:
    return tuple(Seat(long_number=f"0870212000{n}", short_number=f"600{n}") for n in last)


def formats(device: Device, labels: Mapping[int, Label]) -> DeviceFiles:
    """A format of the test's own: all that the device says, in words."""
    if device.mac is None:
        raise Malformed("its file is named by its MAC address")
    said = [f"{port} {line.user} {line.auth_user} {line.password}" for port, line in device.lines]
    text = "\n".join([device.server.domain, *said, device.fetch_url or "", device.admin_password or ""])
    name = f"{device.mac.replace(':', '')}.txt"
    return DeviceFiles(files=((name, text.encode()),), fetched=True, check_sync="check-sync")


@pytest.fixture
def secret() -> Any:
    made = count(1)
    return lambda: f"CANARY{next(made):04}"


@pytest.fixture
def folder() -> dict[str, bytes]:
    return {}


class Desk:
    """One site in a ledger, and what an engineer does with it."""

    def __init__(self, ledger: SqlLedger, make: Any, secret: Any, folder: dict[str, bytes]) -> None:
        self.ledger, self.secret, self.folder = ledger, secret, folder
        made: Contract = make.contract()
        self.contract = replace(made, site=replace(made.site, seats=numbers(1, 2, 3), iads=IADS))

    def record(self, *, passwords: dict[str, str] | None = None, **changes: Any) -> Any:
        site = replace(self.contract.site, **changes)
        self.contract = replace(self.contract, site=site)
        recorded = record_contracts(
            [self.contract],
            ledger=self.ledger,
            today=TODAY,
            now=NOW,
            who=WHO,
            new_secret=self.secret,
            effective=TODAY,
            ims_passwords={self.contract.id: passwords or {}},
        )
        self.contract = self.ledger.versions(self.contract.id)[-1].contract
        return recorded

    def plan(
        self,
        addresses: Addresses = SIP,
        *,
        to_write: bool = False,
        ended: bool = False,
        chosen: tuple[str, ...] = (),
    ) -> SiteIads:
        return plan_iads(
            self.ledger,
            "zhaotong",
            None if ended else self.contract,
            addresses=addresses,
            formats=formats,
            new_secret=self.secret,
            at=NOW,
            to_write=to_write,
            chosen=chosen,
        )

    def told(self, **options: Any) -> list[str]:
        return list(explain.lines(self.plan(**options).plan))

    def write(self, *, force: bool = False, chosen: tuple[str, ...] = (), **options: Any) -> Any:
        def written(files: Any) -> None:
            self.folder.clear()
            self.folder.update(files)

        planned = self.plan(to_write=True, chosen=chosen, **options)
        return write_iads(self.ledger, planned, written, force=force, at=NOW, who=WHO, chosen=chosen)


@pytest.fixture
def desk(ledger: SqlLedger, make: Any, secret: Any, folder: dict[str, bytes]) -> Desk:
    made = Desk(ledger, make, secret, folder)
    made.record()
    return made


def test_a_recorded_seat_has_its_port(desk: Desk) -> None:
    """A contract is recorded with an IAD and a port for each seat, and a helpdesk finds them."""
    assert [(seat.iad, seat.port) for seat in desk.contract.site.seats] == [
        ("iad-1", 1),
        ("iad-1", 2),
        ("iad-2", 1),
    ]
    (found,) = desk.ledger.look_up("08702120003", TODAY)
    assert (found.iad, found.port) == ("iad-2", 1)


def test_a_seat_keeps_its_port_in_the_next_version(desk: Desk) -> None:
    """A sheet that says no ports moves nobody, and is no new version when nothing else is."""
    desk.record(seats=numbers(1, 3, 4))
    assert [(seat.iad, seat.port) for seat in desk.contract.site.seats] == [
        ("iad-1", 1),
        ("iad-2", 1),
        ("iad-1", 2),
    ]
    assert desk.record(seats=numbers(1, 3, 4)).unchanged == ("zhaotong",)


def test_seats_that_do_not_fit_are_not_recorded(desk: Desk) -> None:
    """What cannot stand where the sheet says keeps the contract out of the ledger."""
    with pytest.raises(FlowError, match=r"contract zhaotong: .*iad-1 has no port 9.*\nNothing was recorded"):
        desk.record(seats=(*numbers(1), Seat(long_number="08702120002", iad="iad-1", port=9)))
    assert len(desk.ledger.versions("zhaotong")) == 1


def test_a_first_plan_adds_everything_and_writes_nothing(desk: Desk) -> None:
    """Planning names devices and ports, and leaves the ledger as it is."""
    assert desk.told()[:3] == [
        "+ iad iad-1: grandstream-ht802; 2 lines",
        "+ port iad-1/1 (6001): 08702120001",
        "+ port iad-1/2 (6002): 08702120002",
    ]
    assert desk.ledger.handed_out("zhaotong") == {}
    with pytest.raises(StopIteration):
        desk.ledger.device_secrets("zhaotong", ["iad-1"], new_secret=iter(()).__next__, at=NOW)


def test_what_was_written_needs_no_plan(desk: Desk) -> None:
    """The plan of what was just carried is empty, and the files hold the ledger's secrets."""
    written = desk.write()
    assert [(one.iad, one.files, one.ports, one.used) for one in written] == [
        ("iad-1", ("c074ad000001.txt",), 2, 2),
        ("iad-2", ("c074ad000002.txt",), 4, 1),
    ]
    secrets = desk.ledger.secrets("zhaotong")
    assert (
        f"1 08702120003 seat-08702120003 {secrets['08702120003']}" in desk.folder["c074ad000002.txt"].decode()
    )
    assert desk.told() == []
    assert stale_iads(desk.plan()) == ()
    assert {one.how for one in desk.ledger.handed_out("zhaotong").values()} == {"carried"}


def test_what_is_kept_has_no_secret(desk: Desk) -> None:
    """Neither what is kept as handed out nor the plan shows a password, a token or a web password."""
    desk.write()
    desk.record(seats=numbers(1, 2, 3, 4))
    planned = desk.plan()
    assert planned
    assert "CANARY" not in repr(desk.ledger.handed_out("zhaotong")) + repr(planned)


def test_a_device_whose_file_is_old_is_known(desk: Desk) -> None:
    """When a port changes, only its device is stale."""
    desk.write()
    desk.record(seats=numbers(1, 2))
    assert desk.told() == ["- port iad-2/1: 08702120003"]
    assert stale_iads(desk.plan()) == ("iad-2",)


def test_a_new_secret_is_a_change(desk: Desk, ledger: SqlLedger, make: Any) -> None:
    """When a number's password changes, its device is to get a new file."""
    desk.record(switch="none", ims=IMS, passwords={f"0870212000{n}": "CANARYold" for n in (1, 2, 3)})
    desk.write()
    desk.record(passwords={"08702120003": "CANARYnew"})
    assert desk.told() == ["~ port iad-2/1 (6003): 08702120003; secret changed"]


def test_a_replaced_device_is_told(desk: Desk) -> None:
    """A device with another MAC address in the place of the former is a change of the device."""
    desk.write()
    desk.record(iads=(IADS[0], replace(IADS[1], mac="c0:74:ad:00:00:09")))
    assert desk.told() == ["~ iad iad-2: MAC c0:74:ad:00:00:02 -> c0:74:ad:00:00:09"]


def test_a_device_that_is_gone_is_forgotten_when_the_others_are_written(desk: Desk) -> None:
    """A device taken out of the contract is planned as removed until the files are written anew."""
    desk.write()
    token = desk.ledger.device_secrets("zhaotong", ["iad-2"], new_secret=desk.secret, at=NOW)["iad-2"].token
    desk.record(iads=IADS[:1], seats=numbers(1, 2))
    assert desk.told() == ["- iad iad-2: grandstream-ht814", "- port iad-2/1: 08702120003"]
    desk.write()
    assert desk.told() == []
    assert desk.ledger.device_at(token) is None


def test_losing_every_line_needs_force(desk: Desk) -> None:
    """An emptied or ended contract silences no telephone by accident."""
    desk.write()
    with pytest.raises(TooMuchChange, match="all of 3 lines"):
        desk.write(ended=True)
    assert len(desk.ledger.handed_out("zhaotong")) == 2
    desk.write(ended=True, force=True)
    assert desk.ledger.handed_out("zhaotong") == {}


def test_nothing_is_written_while_one_file_cannot_be(desk: Desk) -> None:
    """A device without the MAC its file is named by keeps all files of the site from being written."""
    desk.record(iads=(IADS[0], replace(IADS[1], mac=None)))
    assert any("named by its MAC" in note for note in desk.plan().notes)
    with pytest.raises(FlowError, match=r"iad-2 \(grandstream-ht814\): .*MAC address\nNothing was written"):
        desk.write()
    assert (desk.folder, desk.ledger.handed_out("zhaotong")) == ({}, {})


def test_a_contract_whose_devices_cannot_be_stops_no_other(desk: Desk) -> None:
    """A contract of an older seatline may not fit its devices: a note in a plan, a fault in writing."""
    seats = (Seat(long_number="08702120001", iad="iad-1", port=7),)
    desk.contract = replace(desk.contract, site=replace(desk.contract.site, seats=seats))
    planned = desk.plan()
    assert not planned
    assert "iad-1 has no port 7, only 2" in planned.notes[0]
    with pytest.raises(FlowError, match="cannot be configured"):
        desk.plan(to_write=True)


def test_two_devices_do_not_share_a_file(desk: Desk) -> None:
    """Two devices with one MAC address would be one file: neither is written."""
    desk.record(iads=(IADS[0], replace(IADS[1], mac=IADS[0].mac)))
    with pytest.raises(FlowError, match=r"iad-1 and iad-2 would both be c074ad000001\.txt"):
        desk.write()


def test_a_full_disk_hands_nothing_out(desk: Desk) -> None:
    """When the files cannot be written, none of them is on record."""

    def full(_: Any) -> None:
        raise FlowError("no space left")

    with pytest.raises(FlowError, match="no space"):
        write_iads(desk.ledger, desk.plan(to_write=True), full, force=False, at=NOW, who=WHO)
    assert desk.ledger.handed_out("zhaotong") == {}


def test_without_the_switchs_address_nothing_is_planned(desk: Desk) -> None:
    """The setting that is missing is named: as a note in a plan, as a fault where files are to be written."""
    desk.write()
    planned = desk.plan(Addresses())
    assert not planned
    assert "add sip" in planned.notes[0]
    with pytest.raises(FlowError, match=r'add sip = "host:port".*\[switches.NAME\]'):
        desk.plan(Addresses(), to_write=True)


def test_missing_passwords_of_the_operator_are_counted(desk: Desk) -> None:
    """Without a switch every number needs the operator's password; the fault says how many lack it."""
    desk.record(switch="none", ims=IMS, passwords={"08702120002": "CANARY"})
    assert len(desk.told()) == 5
    assert "2 of 3 seats have no IMS password" in desk.plan().notes[0]
    with pytest.raises(FlowError, match=r"2 of 3 seats .*08702120001, 08702120003.*site\.ims\.passwords"):
        desk.plan(to_write=True)
    desk.record(passwords={"08702120001": "CANARY", "08702120003": "CANARY"})
    desk.write()
    assert "1 +868702120003 +868702120003@ims.example.net CANARY" in desk.folder["c074ad000002.txt"].decode()


def test_seats_without_a_port_are_counted(desk: Desk) -> None:
    """Where the ports do not suffice the others are written, and the note says how many seats have none."""
    desk.record(iads=IADS[:1], seats=numbers(1, 2, 3))
    assert "1 of 3 seats have no port on any IAD (08702120003)" in desk.plan().notes[0]
    assert [one.used for one in desk.write()] == [2]


def test_changed_devices_are_offered(desk: Desk) -> None:
    """A device that knows its address is offered its changed file, and its present lines are to be told."""
    desk.write()
    desk.record(seats=numbers(1, 2))
    planned = desk.plan(to_write=True)
    offered = offer_changed(desk.ledger, planned, minutes=15, force=False, at=NOW, who=WHO)
    ((offer,), (waiting,)) = (offered.offers, offered.waiting)
    assert (offer.iad, offer.file_name, offer.until) == (
        "iad-2",
        "c074ad000002.txt",
        NOW + timedelta(minutes=15),
    )
    assert (waiting.endpoints, waiting.event) == (("seat-08702120003",), "check-sync")
    assert offered.carried_only == ()
    token = desk.ledger.device_secrets("zhaotong", ["iad-2"], new_secret=desk.secret, at=NOW)["iad-2"].token
    assert f"https://prov.example.net/iad/{token}" in offer.content.decode()
    assert desk.ledger.take(token, at=NOW, detail={}) is not None
    assert desk.told() == []
    assert desk.ledger.handed_out("zhaotong")["iad-2"].how == "fetched"


def test_a_device_that_knows_no_address_is_carried(desk: Desk) -> None:
    """A device that never got a file, or got one without an address, cannot fetch the next."""
    planned = desk.plan(to_write=True)
    first = offer_changed(desk.ledger, planned, minutes=15, force=False, at=NOW, who=WHO)
    assert (first.offers, first.carried_only) == ((), ("iad-1", "iad-2"))
    desk.write(addresses=replace(SIP, url=None))
    planned = desk.plan(to_write=True)
    second = offer_changed(desk.ledger, planned, minutes=15, force=False, at=NOW, who=WHO)
    assert (second.offers, second.carried_only) == ((), ("iad-1", "iad-2"))


def test_nothing_changed_is_nothing_offered(desk: Desk) -> None:
    """Where every device has what it should, no window opens."""
    desk.write()
    offered = offer_changed(desk.ledger, desk.plan(to_write=True), minutes=15, force=False, at=NOW, who=WHO)
    assert (offered.offers, offered.waiting, offered.carried_only) == ((), (), ())


def offered(desk: Desk, *chosen: str, again: bool = False) -> Offered:
    planned = desk.plan(to_write=True, chosen=chosen)
    return offer_changed(
        desk.ledger,
        planned,
        minutes=15,
        force=False,
        at=NOW,
        who=WHO,
        chosen=chosen,
        again=again,
    )


def held(desk: Desk, *iads: str) -> dict[str, DeviceSecret]:
    return dict(desk.ledger.device_secrets("zhaotong", iads, new_secret=desk.secret, at=NOW))


def renew(desk: Desk, *chosen: str, stolen: bool = False) -> tuple[str, ...]:
    return renew_iads(
        desk.ledger,
        desk.plan(to_write=True, chosen=chosen),
        chosen=chosen,
        stolen=stolen,
        force=False,
        new_secret=desk.secret,
        at=NOW,
        who=WHO,
    )


def test_a_fetch_that_broke_off_is_offered_again(desk: Desk) -> None:
    """An unchanged device gets its file once more where that is asked for, and alone where it is named."""
    desk.write()
    assert [one.iad for one in offered(desk, again=True).offers] == ["iad-1", "iad-2"]
    (offer,) = offered(desk, "iad-2", again=True).offers
    token = held(desk, "iad-2")["iad-2"].token
    assert desk.ledger.take(token, at=NOW, detail={}) == offer
    assert desk.ledger.offered(token) is None
    (again,) = offered(desk, "iad-2", again=True).offers
    assert (again.content, desk.ledger.offered(token)) == (offer.content, again)


def test_only_the_chosen_are_written(desk: Desk) -> None:
    """Named devices alone get a file, and what is wrong with another does not keep them from it."""
    desk.record(iads=(IADS[0], replace(IADS[1], mac=None)))
    with pytest.raises(FlowError, match=r"name the others behind the site"):
        desk.write()
    assert [one.iad for one in desk.write(chosen=("iad-1",))] == ["iad-1"]
    assert list(desk.folder) == ["c074ad000001.txt"]
    assert list(desk.ledger.handed_out("zhaotong")) == ["iad-1"]
    with pytest.raises(FlowError, match="zhaotong has no IAD iad-9; it has iad-1, iad-2"):
        desk.write(chosen=("iad-9",))


def test_a_password_that_another_device_lacks_is_its_own_matter(desk: Desk) -> None:
    """Where devices are named, the numbers on the others may lack their password."""
    desk.record(switch="none", ims=IMS, passwords={"08702120001": "CANARY", "08702120002": "CANARY"})
    assert [one.iad for one in desk.write(chosen=("iad-1",))] == ["iad-1"]
    with pytest.raises(FlowError, match=r"1 of 3 seats has no IMS password \(08702120003\)"):
        desk.write(chosen=("iad-2",))


def test_what_is_gone_stays_while_devices_are_named(desk: Desk) -> None:
    """Writing one device does not decide on those that are gone; writing all forgets them."""
    desk.write()
    desk.record(iads=IADS[:1], seats=numbers(1, 2))
    desk.write(chosen=("iad-1",))
    assert sorted(desk.ledger.handed_out("zhaotong")) == ["iad-1", "iad-2"]
    assert offered(desk).gone == ("iad-2",)
    assert sorted(desk.ledger.handed_out("zhaotong")) == ["iad-1"]


def test_after_a_theft_nothing_that_is_known_opens_anything(desk: Desk) -> None:
    """Renewing gives a device another address and password and its numbers another secret, no other."""
    desk.write()
    offered(desk, "iad-2", again=True)
    devices, secrets = held(desk, "iad-1", "iad-2"), dict(desk.ledger.secrets("zhaotong"))
    assert renew(desk, "iad-2", stolen=True) == ("iad-2",)
    assert desk.ledger.device_at(devices["iad-2"].token) is None
    now = held(desk, "iad-1", "iad-2")
    assert now["iad-1"] == devices["iad-1"]
    assert now["iad-2"].token != devices["iad-2"].token
    assert now["iad-2"].admin_password != devices["iad-2"].admin_password
    after = desk.ledger.secrets("zhaotong")
    assert {number for number in secrets if secrets[number] != after[number]} == {"08702120003"}
    assert "~ port iad-2/1 (6003): 08702120003; secret changed" in desk.told()
    desk.write(chosen=("iad-2",))
    assert desk.told() == []


def test_a_number_that_moved_away_is_renewed_too(desk: Desk) -> None:
    """The stolen file also has the numbers that stand on another device by now."""
    desk.write()
    before = dict(desk.ledger.secrets("zhaotong"))
    moved = (*numbers(1, 2), Seat(long_number="08702120003", iad="iad-2", port=1))
    desk.record(seats=(replace(moved[0], iad="iad-2", port=2), *moved[1:]))
    renew(desk, "iad-1", stolen=True)
    after = desk.ledger.secrets("zhaotong")
    assert {number for number in before if before[number] != after[number]} == {"08702120001", "08702120002"}


def test_the_operators_passwords_are_not_ours_to_renew(desk: Desk) -> None:
    """Without a switch only the device's own secrets are others afterwards."""
    passwords = {f"0870212000{n}": "CANARY" for n in (1, 2, 3)}
    desk.record(switch="none", ims=IMS, passwords=passwords)
    desk.write()
    before = dict(desk.ledger.secrets("zhaotong"))
    assert renew(desk, "iad-1", stolen=True) == ("iad-1",)
    assert dict(desk.ledger.ims_passwords(desk.contract.id)) == passwords
    assert dict(desk.ledger.secrets("zhaotong")) == before


def test_nothing_is_renewed_while_the_file_cannot_be_written(desk: Desk) -> None:
    """What keeps the new file from being written keeps the former secrets in force."""
    desk.write()
    before = held(desk, "iad-2")
    desk.record(iads=(IADS[0], replace(IADS[1], mac=None)))
    with pytest.raises(FlowError, match="Nothing was written"):
        renew(desk, "iad-2", stolen=True)
    assert held(desk, "iad-2") == before


@pytest.mark.parametrize("change", [{"mac": "c0:74:ad:00:00:09"}, {"model": "grandstream-ht818"}])
def test_another_box_in_the_place_is_carried(desk: Desk, change: dict[str, Any]) -> None:
    """A box that never got a file is not offered one, and nobody is told to fetch it."""
    desk.write()
    desk.record(iads=(IADS[0], replace(IADS[1], **change)))
    found = offered(desk)
    assert (found.offers, found.waiting, found.carried_only) == ((), (), ("iad-2",))
    assert "another device" in found.carried["iad-2"]


def test_another_box_has_secrets_of_its_own(desk: Desk) -> None:
    """What the former box knows opens nothing any more; a corrected model is the same box."""
    desk.write()
    before = held(desk, "iad-1", "iad-2")
    desk.record(iads=(replace(IADS[0], model="grandstream-ht814"), replace(IADS[1], mac="c0:74:ad:00:00:09")))
    assert renew(desk) == ("iad-2",)
    after = held(desk, "iad-1", "iad-2")
    assert after["iad-1"] == before["iad-1"]
    assert {after["iad-2"].token, after["iad-2"].admin_password}.isdisjoint(
        {before["iad-2"].token, before["iad-2"].admin_password}
    )
    desk.write()
    assert desk.told() == []
    assert renew(desk) == ()


def test_a_renamed_device_keeps_what_it_has(desk: Desk) -> None:
    """A device that has another name is known by its MAC address: its address and password stay."""
    desk.write()
    before = held(desk, "iad-2")["iad-2"]
    desk.record(
        iads=(IADS[0], replace(IADS[1], name="hall")),
        seats=(*numbers(1, 2), replace(numbers(3)[0], iad="hall", port=1)),
    )
    assert desk.told() == []
    assert "hall was iad-2" in desk.plan().notes[0]
    (offer,) = offered(desk, "hall", again=True).offers
    assert before.token in offer.content.decode()
    assert held(desk, "hall") == {"hall": before}
    assert sorted(desk.ledger.handed_out("zhaotong")) == ["hall", "iad-1"]
    assert desk.plan().notes == ()


def test_two_devices_change_names(desk: Desk) -> None:
    """Each of two devices that changed names keeps its own secrets."""
    desk.write()
    before = held(desk, "iad-1", "iad-2")
    one, two = IADS
    desk.record(
        iads=(replace(one, name="iad-2"), replace(two, name="iad-1")),
        seats=tuple(
            replace(seat, iad={"iad-1": "iad-2", "iad-2": "iad-1"}[str(seat.iad)])
            for seat in desk.contract.site.seats
        ),
    )
    assert desk.told() == []
    desk.write()
    after = held(desk, "iad-1", "iad-2")
    assert (after["iad-1"], after["iad-2"]) == (before["iad-2"], before["iad-1"])


def test_a_format_without_an_address_is_no_fetching_device(desk: Desk) -> None:
    """A device whose format cannot say where to fetch is kept as one that does not."""

    def mute(device: Device, labels: Mapping[int, Label]) -> DeviceFiles:
        return replace(formats(device, labels), fetched=False)

    planned = plan_iads(
        desk.ledger,
        "zhaotong",
        desk.contract,
        addresses=SIP,
        formats=mute,
        new_secret=desk.secret,
        at=NOW,
        to_write=True,
    )
    assert [one.document["fetches"] for one in planned.iads] == [False, False]


def test_a_format_is_told_whose_telephone_a_port_is(desk: Desk) -> None:
    """Whoever wires the ports reads short number, name and department, Chinese as it is written."""
    desk.record(
        seats=(replace(numbers(1)[0], name="张伟", department="总务处"), *numbers(2, 3)),
    )
    seen: dict[str, Mapping[int, Label]] = {}

    def curious(device: Device, labels: Mapping[int, Label]) -> DeviceFiles:
        seen[device.name] = labels
        return formats(device, labels)

    plan_iads(
        desk.ledger,
        "zhaotong",
        desk.contract,
        addresses=SIP,
        formats=curious,
        new_secret=desk.secret,
        at=NOW,
    )
    assert seen["iad-1"][1] == Label(short_number="6001", name="张伟", department="总务处")
    assert seen["iad-2"] == {1: Label(short_number="6003")}
