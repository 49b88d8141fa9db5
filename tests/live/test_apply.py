"""Applying to a real switch: what is planned runs, what is refused is rolled back, a hand is seen."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pbx.action import Action, Reply
from pbx.errors import Unreachable
from pbx.live.ami import Ami
from pbx.update import promotion
from provisioning.flows.drift import DriftReport, find_drift
from provisioning.flows.errors import FlowError, LockHeld, TooMuchChange
from provisioning.flows.read_files import read_file
from provisioning.flows.read_switch import Mark, marks, read_back, read_site
from provisioning.flows.write_switch import Pen
from provisioning.planning import names
from provisioning.planning.desired import desired

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

pytestmark = pytest.mark.live
PJSIP = "seatline-pjsip-0_zhaotong.conf"
SEATS = "seatline-pjsip-1_zhaotong-a-001.conf"
"""Where the seats of a site that was applied once stand."""


@pytest.fixture
def ami(pbx: Any) -> Iterator[Ami]:
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as session:
        yield session


@pytest.fixture
def other(pbx: Any) -> Iterator[Ami]:
    """A second session: somebody else at the same switch."""
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as session:
        yield session


def drift_of(ami: Ami, book: Any, *of: str) -> DriftReport:
    return find_drift(ami, book, sites=of, hand_written=sites.HAND_WRITTEN, today=sites.TODAY)


def edit(ami: Ami, file: str, *operations: tuple[str, ...], module: str = "res_pjsip.so") -> None:
    """A hand at the switch: edits a live file and reloads."""
    headers = [("SrcFilename", file), ("DstFilename", file), ("Reload", module)]
    for number, operation in enumerate(operations):
        headers += [(f"{key}-{number:06}", value) for key, value in zip(
            ("Action", "Cat", "Var", "Value"), operation, strict=False)]  # fmt: skip
    assert ami.send(Action("UpdateConfig", tuple(headers))).ok


def runs(ami: Ami, contract: Any, book: Any) -> bool:
    """Whether the switch runs exactly this contract's site, in the slot its files say."""
    slot = read_site(ami, contract.site.name).slot
    return slot is not None and not read_back(ami, desired(contract, book.secrets(""), slot))


def test_sixty_nine_seats(ami: Ami) -> None:
    """69 seats and their line go onto an empty switch, run as planned, and the next plan is empty."""
    book = sites.Book((sites.contract(of=sites.seats(69)),))
    before = sites.plan_of(ami, book).to_json()
    assert [sum(c["kind"] == kind for c in before["changes"]) for kind in ("seat", "line")] == [69, 1]
    assert {c["action"] for c in before["changes"]} == {"add"}
    applied = sites.apply_to(ami, book, force=False)
    assert [(o.status, o.fault) for o in applied.outcomes] == [("applied", None)] * 2
    assert runs(ami, book.contracts[0], book)
    assert not sites.plan_of(ami, book)
    assert not drift_of(ami, book)
    assert [kept["site"] for kept in book.applied] == ["zhaotong"]


def test_nothing_to_do(ami: Ami) -> None:
    """Applying an applied plan changes nothing on the switch and records nothing."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    written = len(book.applied), len(book.trail)

    class Watched(sites.Wrapped):
        def before(self, action: Action) -> None:
            assert action.name not in ("UpdateConfig", "CreateConfig", "Reload"), action.name

    applied = sites.apply_to(Watched(ami), book)
    assert not applied.changed
    assert (len(book.applied), len(book.trail)) == written


def test_one_seat_changes(ami: Ami) -> None:
    """A new short number for one seat is one change, and after it the old short number is gone."""
    first = sites.contract(of=sites.seats(12))
    changed = [
        replace(seat, short_number="7007") if seat.short_number == "6007" else seat
        for seat in first.site.seats
    ]
    book = sites.Book((first,))
    sites.apply_to(ami, book)
    book.contracts = (sites.contract(of=changed),)
    planned = sites.plan_of(ami, book).to_json()
    assert [(c["action"], c["kind"], c["name"]) for c in planned["changes"]] == [
        ("change", "seat", "08702120007")
    ]
    assert sites.apply_to(ami, book, force=False).exit_code == 0
    assert runs(ami, book.contracts[0], book)
    assert not sites.plan_of(ami, book)


def test_seats_are_removed(ami: Ami) -> None:
    """Seats taken out of the contract are gone from the running switch; more than 30 % need force."""
    book = sites.Book((sites.contract(of=sites.seats(12)),))
    sites.apply_to(ami, book)
    book.contracts = (sites.contract(of=sites.seats(4)),)
    refused = sites.apply_to(ami, book, force=False)
    assert refused.exit_code == 1
    assert isinstance(refused.outcomes[1].fault, TooMuchChange)
    assert len(read_site(ami, "zhaotong").pjsip) == 12 * 4 + 2
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    listed = ami.send(Action("PJSIPShowEndpoints"))
    assert {event.get("ObjectName") for event in listed.events if "seat-" in event.get("ObjectName", "")} == {
        f"seat-{seat.long_number}" for seat in book.contracts[0].site.seats
    }
    assert not drift_of(ami, book)


def test_a_contract_ends(ami: Ami) -> None:
    """A site whose contract ended is planned for removal, and nothing of it runs afterwards."""
    ending, staying = sites.contract(), sites.contract("qujing", area="0874")
    book = sites.Book((ending, staying))
    sites.apply_to(ami, book)
    book.contracts = (replace(ending, term=replace(ending.term, last=date(2025, 12, 31))), staying)
    planned = sites.plan_of(ami, book).to_json()
    assert planned["remove"] == 5
    assert {c["site"] for c in planned["changes"]} == {"zhaotong"}
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert not read_back(
        ami, desired(staying, book.secrets(""), "a"), gone=desired(ending, book.secrets(""), "a")
    )
    assert not sites.plan_of(ami, book)


def test_a_large_site_has_several_files(ami: Ami) -> None:
    """Seats stand in several files, a long dialplan too, and shrinking leaves none of them behind."""
    book = sites.Book((sites.contract(of=sites.seats(110)),))
    for count in (110, 90, 4, 110, 3):
        book.contracts = (sites.contract(of=sites.seats(count)),)
        assert sites.apply_to(ami, book, force=True).exit_code == 0
        assert runs(ami, book.contracts[0], book)
        assert not sites.plan_of(ami, book)
    assert not drift_of(ami, book)


def renamed(contract: Any, site: str, **changed: Any) -> Any:
    """The same contract with another name for its site."""
    ims = replace(contract.site.ims, **changed)
    return replace(contract, site=replace(contract.site, name=site, ims=ims))


def test_a_site_is_renamed(ami: Ami) -> None:
    """All telephones change from the old to the new name of their site in one step; that takes force."""
    old = sites.contract(of=sites.seats(12))
    book = sites.Book((old,))
    sites.apply_to(ami, book)
    book.earlier = (old,)
    book.contracts = (renamed(old, "aaa"),)
    refused = sites.apply_to(ami, book)
    assert [(o.site, o.status) for o in refused.outcomes[1:]] == [("aaa", "failed"), ("zhaotong", "failed")]
    assert "site zhaotong: 14 removed of 14" in str(refused.outcomes[1].fault)
    assert "move between sites aaa, zhaotong" in str(refused.outcomes[1].fault)
    assert runs(ami, old, book)
    reloads: list[str] = []

    class Watched(sites.Wrapped):
        def before(self, action: Action) -> None:
            reloads.extend(["step"] if dict(action.headers).get("Reload") else [])

    applied = sites.apply_to(Watched(ami), book, force=True)
    assert [(o.site, o.status) for o in applied.outcomes[1:]] == [("aaa", "applied"), ("zhaotong", "applied")]
    assert reloads == ["step"]
    assert runs(ami, book.contracts[0], book)
    assert not sites.plan_of(ami, book)
    assert not sites.plan_of(ami, book).notes
    assert not drift_of(ami, book)


def test_a_rename_that_is_refused(ami: Ami) -> None:
    """When the switch refuses the new site, the old one runs again, whole, and the fault names the object."""
    old = sites.contract(of=sites.seats(3))
    book = sites.Book((old,))
    sites.apply_to(ami, book)
    book.earlier = (old,)
    book.contracts = (renamed(old, "aaa", domain="ims example net"),)
    applied = sites.apply_to(ami, book, force=True)
    assert applied.exit_code == 5
    assert [o.status for o in applied.outcomes] == ["unchanged", "rolled-back", "rolled-back"]
    assert "[08702120001-ims]" in str(applied.outcomes[1].fault)
    assert runs(ami, old, book)
    assert not read_site(ami, "aaa").slots
    book.contracts = (old,)
    assert not sites.plan_of(ami, book)
    assert not drift_of(ami, book).drifts


def renamed_but_for(ami: Ami, lost: str) -> Any:
    """A site with all its telephones renamed to aaa; the program ended at the record of `lost`."""
    old = sites.contract(of=sites.seats(3))
    book = sites.Book((old,))
    assert sites.apply_to(ami, book).exit_code == 0
    book.earlier, book.contracts, book.lost = (old,), (renamed(old, "aaa"),), lost
    if lost:
        with pytest.raises(RuntimeError, match="the program ends here"):
            sites.apply_to(ami, book, force=True)
        book.lost = ""
    else:
        assert sites.apply_to(ami, book, force=True).exit_code == 0
    return book


def comes_up(pbx: Any, book: Any) -> bool:
    """Whether the switch, started anew, runs the first contract of a book."""
    pbx.restart()
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as again:
        return runs(again, book.contracts[0], book)


@pytest.mark.parametrize("lost", ["aaa", "zhaotong"])
@pytest.mark.parametrize("first", [(), ("aaa",), ("zhaotong",)])
def test_a_rename_that_is_not_on_record(ami: Ami, pbx: Any, lost: str, first: tuple[str, ...]) -> None:
    """A rename that ended before both sites were on record is finished, in whatever order one asks for."""
    book = renamed_but_for(ami, lost)
    applied = sites.apply_to(ami, book, *first, force=True)
    asked = first or ("aaa", "zhaotong")
    assert [(o.site, o.status) for o in applied.outcomes[1:]] == [(site, "finished") for site in asked]
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert runs(ami, book.contracts[0], book)
    assert not marks(ami)
    assert not sites.plan_of(ami, book)
    assert comes_up(pbx, book)


def test_seats_that_stand_in_the_files_of_two_sites(ami: Ami, pbx: Any) -> None:
    """A site whose old files are back, though another has its seats, is taken away without harm to those."""
    book = renamed_but_for(ami, "")
    assert ami.send(promotion(f"former-{PJSIP}", PJSIP)).ok
    assert not runs(ami, renamed(book.contracts[0], "zhaotong"), book)
    Pen(switch=ami, pause=sites.time.sleep).mark([Mark(site="zhaotong", digest="0", group="zhaotong")])
    applied = sites.apply_to(ami, book, force=True)
    assert [(o.site, o.status) for o in applied.outcomes[1:]] == [
        ("aaa", "unchanged"),
        ("zhaotong", "applied"),
    ]
    assert not read_site(ami, "zhaotong").pjsip
    assert not marks(ami)
    assert comes_up(pbx, book)


def test_what_another_site_has_is_not_put_back(ami: Ami, pbx: Any) -> None:
    """Where another site has the former seats in its files, they are not put back."""
    book = renamed_but_for(ami, "")
    live = read_file(ami, PJSIP, [])
    edit(ami, PJSIP, ("NewCat", "stray"), ("Append", "stray", "type", "aor"))
    Pen(switch=ami, pause=sites.time.sleep).mark([Mark(site="zhaotong", digest="0", group="zhaotong")])
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert read_file(ami, PJSIP, []) == live
    assert comes_up(pbx, book)


def test_a_roll_back_that_would_take_seats_twice(ami: Ami, pbx: Any) -> None:
    """When a site cannot be taken away whose seats another has, its old files stay away."""
    book = renamed_but_for(ami, "")
    assert ami.send(promotion(f"former-{PJSIP}", PJSIP)).ok
    Pen(switch=ami, pause=sites.time.sleep).mark([Mark(site="zhaotong", digest="0", group="zhaotong")])
    copied: list[Action] = []

    class Stuck(sites.Wrapped):
        def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
            if action.headers[:2] == promotion(f"staged-{PJSIP}", PJSIP).headers[:2]:
                return Reply({"Response": "Error", "Message": "disk full"})
            copied.extend([action] if ("SrcFilename", f"former-{PJSIP}") in action.headers else [])
            return super().send(action, timeout=timeout)

    applied = sites.apply_to(Stuck(ami), book, force=True)
    assert [(o.site, o.status) for o in applied.outcomes[1:]] == [
        ("aaa", "unchanged"),
        ("zhaotong", "failed"),
    ]
    assert "files of other sites hold some of its objects" in str(applied.outcomes[2].fault)
    assert not copied
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert comes_up(pbx, book)


def test_a_file_of_seats_taken_away_by_hand(ami: Ami, pbx: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is missing in the middle is named, what stands behind it is read, and apply writes it."""
    monkeypatch.setattr(names, "seats_per_file", lambda seats: 1)
    book = sites.Book((sites.contract(of=sites.seats(5)),))
    assert sites.apply_to(ami, book).exit_code == 0
    gone = SEATS.replace("001", "002")
    pbx.shell(f"rm /etc/asterisk/{gone}")
    planned = sites.plan_of(ami, book)
    assert {c["name"] for c in planned.to_json()["changes"]} == {"08702120002"}
    assert planned.notes == (f"{gone} is missing, and files after it are there: a hand took it away",)
    assert sites.apply_to(ami, book).exit_code == 0
    assert runs(ami, book.contracts[0], book)
    book.contracts = (sites.contract(of=sites.seats(1)),)
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert {
        file for n in range(2, 6) if (file := SEATS.replace("001", f"00{n}")) and read_file(ami, file, [])
    } == set()


def test_numbers_move_between_sites(ami: Ami) -> None:
    """Numbers go from one site to another, and two sites exchange numbers, whichever comes first."""
    every = sites.seats(8)
    one, two = sites.contract("aaa", of=every[:4]), sites.contract("zzz", of=every[4:])
    book = sites.Book((one, two))
    sites.apply_to(ami, book)
    for first, second in (
        (every[:5], every[5:]),
        (every[:4], every[4:]),
        ((every[7], *every[1:4]), (*every[4:7], every[0])),
    ):
        book.contracts = (sites.contract("aaa", of=first), sites.contract("zzz", of=second))
        applied = sites.apply_to(ami, book)
        assert [(o.site, o.status) for o in applied.outcomes[1:]] == [("aaa", "applied"), ("zzz", "applied")]
        assert all(runs(ami, contract, book) for contract in book.contracts)
        assert not sites.plan_of(ami, book)


def test_a_number_that_another_site_still_has(ami: Ami) -> None:
    """The taker alone is refused before anything is touched: the giver has to be applied with it."""
    every = sites.seats(8)
    book = sites.Book((sites.contract("aaa", of=every[:4]), sites.contract("zzz", of=every[4:])))
    sites.apply_to(ami, book)
    before = book.contracts
    book.contracts = (sites.contract("aaa", of=every[:5]), sites.contract("zzz", of=every[5:]))
    applied = sites.apply_to(ami, book, "aaa")
    assert applied.exit_code == 1
    assert "seat-08702120005 is on the switch with site zzz" in str(applied.outcomes[1].fault)
    assert all(runs(ami, contract, book) for contract in before)
    assert sites.apply_to(ami, book, "aaa", "zzz").exit_code == 0


def test_a_refused_object_is_rolled_back(ami: Ami) -> None:
    """When the switch refuses an object, the old configuration runs, and the object is named."""
    good = sites.contract()
    book = sites.Book((good,))
    sites.apply_to(ami, book)
    book.contracts = (sites.contract(domain="ims example net"),)  # no URI: Asterisk refuses the registrations
    applied = sites.apply_to(ami, book)
    assert applied.exit_code == 5
    assert [outcome.status for outcome in applied.outcomes] == ["unchanged", "rolled-back"]
    told = str(applied.outcomes[1].fault)
    assert all(word in told for word in (PJSIP, "[08702120001-ims]", "wanted", "found"))
    assert applied.to_json()["sites"][1]["differences"][0]["file"] == PJSIP
    assert runs(ami, good, book)
    assert [kept["event"] for kept in book.trail][-1] == "apply-rolled-back"
    assert len(book.applied) == 1
    book.contracts = (good,)
    assert not sites.plan_of(ami, book)
    assert not drift_of(ami, book)


def test_a_first_apply_is_rolled_back(ami: Ami) -> None:
    """When a new site is refused, nothing of it runs, and the next site is applied all the same."""
    bad, good = sites.contract("bad", domain="ims example net"), sites.contract("good", area="0874")
    book = sites.Book((bad, good))
    applied = sites.apply_to(ami, book)
    assert applied.exit_code == 5
    assert [(o.site, o.status) for o in applied.outcomes] == [
        ("", "applied"),
        ("bad", "rolled-back"),
        ("good", "applied"),
    ]
    assert runs(ami, good, book)
    assert not read_site(ami, "bad").slots
    assert not [e for e in ami.send(Action("PJSIPShowEndpoints")).events if e.get("ObjectName") == "line-bad"]


def test_a_name_that_is_taken(ami: Ami, other: Ami) -> None:
    """An object of a hand-made file with one of our names is found by the read-back, and we roll back."""
    file = "seatline-pjsip-0-by-hand.conf"
    assert other.send(Action("CreateConfig", (("Filename", file),))).ok
    edit(other, file, ("NewCat", "08702120002-auth"), ("Append", "08702120002-auth", "type", "auth"),
         ("Append", "08702120002-auth", "auth_type", "digest"),
         ("Append", "08702120002-auth", "username", "x"),
         ("Append", "08702120002-auth", "password", "FromAnotherHand1"))  # fmt: skip
    applied = sites.apply_to(ami, sites.Book((sites.contract(),)))
    assert applied.exit_code == 5
    assert "[08702120002-auth]" in str(applied.outcomes[1].fault)
    assert (
        "other files of the switch have objects of the same names, or that use ours: 08702120002-auth"
        in str(applied.outcomes[1].fault)
    )
    assert "FromAnotherHand1" not in str(applied.outcomes[1].fault)


def test_dialplan_that_is_refused(ami: Ami) -> None:
    """A hand-written dialplan that does not run as written is rolled back before any site is touched."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    broken = dict(sites.HAND_WRITTEN) | {
        "zz.conf": "[seatline-zz]\nexten => 1,1,NoOp()\nexten => _[2-,1,NoOp()\n"
    }
    applied = sites.apply_sites(ami, sites.world(book), hand_written=broken, today=sites.TODAY, force=True)
    assert [outcome.status for outcome in applied.outcomes] == ["rolled-back", "untried"]
    assert applied.exit_code == 5
    assert not drift_of(ami, book)


def test_emergency_calls_that_are_led_elsewhere(ami: Ami, other: Ami) -> None:
    """When a foreign file overrides 110, apply fails and names it, also when nothing is to be changed."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    file = "seatline-extensions--1.conf"
    assert other.send(Action("CreateConfig", (("Filename", file),))).ok
    edit(other, file, ("NewCat", "seatline-emergency"), ("Append", "seatline-emergency", "exten",
         ">110,1,Hangup()"), module="pbx_config.so")  # fmt: skip
    applied = sites.apply_to(ami, book)
    assert [outcome.status for outcome in applied.outcomes] == ["failed", "untried"]
    assert applied.exit_code == 1
    assert "[seatline-emergency] 110,1: wanted Gosub" in str(applied.outcomes[0].fault)


def test_a_hand_edit_of_a_file(ami: Ami, other: Ami) -> None:
    """A hand edit of a live file is named by drift and undone by apply; a secret is never shown."""
    book = sites.Book((sites.contract(of=sites.seats(12)),))
    sites.apply_to(ami, book)
    edit(other, SEATS, ("Update", "seat-08702120002", "callerid", "08702129999"))
    edit(other, SEATS, ("Update", "08702120003-auth", "password", "AnotherSecret111"))
    report = drift_of(ami, book)
    assert {(d.where, d.object, d.field) for d in report.drifts} == {
        (where, *what)
        for where in ("file", "running")
        for what in (("seat-08702120002", "callerid"), ("08702120003-auth", "password"))
    }
    everything = json.dumps(report.to_json()) + json.dumps(sites.plan_of(ami, book).to_json())
    assert "08702129999" in everything
    assert "AnotherSecret111" not in everything
    assert "Secret0of0" not in everything
    assert [c["name"] for c in sites.plan_of(ami, book).to_json()["changes"]] == [
        "08702120002",
        "08702120003",
    ]
    assert sites.apply_to(ami, book, force=False).exit_code == 0
    assert not drift_of(ami, book)


def test_a_file_made_unreadable(ami: Ami, pbx: Any) -> None:
    """A live file that a hand has broken is noted, and written anew by apply."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    pbx.shell(f"echo '[unclosed' >> /etc/asterisk/{PJSIP}")
    planned = sites.plan_of(ami, book)
    assert PJSIP in planned.notes[0]
    assert sites.apply_to(ami, book).exit_code == 0
    assert runs(ami, book.contracts[0], book)
    assert not drift_of(ami, book)


def test_an_extension_added_by_hand(ami: Ami, other: Ami) -> None:
    """An extension added to a site's running dialplan is named by drift, and apply undoes it by a reload."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    added = (("Context", "seatline-zhaotong-a"), ("Extension", "666"), ("Priority", "1"),
             ("Application", "Answer"))  # fmt: skip
    assert other.send(Action("DialplanExtensionAdd", added)).ok
    report = drift_of(ami, book)
    assert [(d.where, d.object, d.field, d.found) for d in report.drifts] == [
        ("running", "seatline-zhaotong-a", "666,1", "Answer()")
    ]
    assert [o.status for o in sites.apply_to(ami, book).outcomes] == ["unchanged", "reloaded"]
    assert not drift_of(ami, book)


def test_an_endpoint_in_our_context(ami: Ami, other: Ami) -> None:
    """A hand-made endpoint that calls out through a site's dialplan is named by drift, and left alone."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    file = "seatline-pjsip-0-by-hand.conf"
    assert other.send(Action("CreateConfig", (("Filename", file),))).ok
    edit(other, file, ("NewCat", "stranger"), ("Append", "stranger", "type", "endpoint"),
         ("Append", "stranger", "context", "seatline-zhaotong-a"))  # fmt: skip
    report = drift_of(ami, book)
    assert [(d.where, d.object) for d in report.drifts] == [("unknown", "stranger")]
    assert not sites.apply_to(ami, book).changed
    assert drift_of(ami, book)


def by_hand(ami: Ami, file: str, name: str, **options: str) -> None:
    """A hand-made file with one section."""
    assert ami.send(Action("CreateConfig", (("Filename", file),))).ok
    mark, module = ("", "res_pjsip.so") if "type" in options else (">", "pbx_config.so")
    lines = (("Append", name, key, mark + value) for key, value in options.items())
    edit(ami, file, ("NewCat", name), *lines, module=module)


STRANGERS = {
    "an identify": (
        {"type": "identify", "endpoint": "line-zhaotong", "match": "0.0.0.0/0"},
        "an identify that leads to line-zhaotong",
    ),
    "a shared context": (
        {"type": "endpoint", "context": "seatline-dialled"},
        "an endpoint with context=seatline-dialled",
    ),
    "a wrapped context": (
        {"type": "endpoint", "context": "wrapped"},
        "an endpoint with context=wrapped, which includes seatline-zhaotong-a",
    ),
    "a registration": (
        {"type": "registration", "server_uri": "sip:ims.example.net", "transport": "seatline-udp",
         "client_uri": "sip:+868702120001@ims.example.net"},
        "a registration of sip:+868702120001@ims.example.net",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", STRANGERS)
def test_strangers_that_use_what_is_ours(ami: Ami, other: Ami, what: str) -> None:
    """Hand-made objects by which somebody else can call as ours, or take our calls, are named by drift."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    by_hand(other, "seatline-extensions-zz.conf", "wrapped", include="seatline-zhaotong-a")
    options, found = STRANGERS[what]
    by_hand(other, "seatline-pjsip-zz.conf", "stranger", **options)
    report = drift_of(ami, book)
    assert [(d.where, d.object, d.found) for d in report.drifts] == [("unknown", "stranger", found)]


def test_options_that_only_run(ami: Ami, pbx: Any) -> None:
    """Options we leave at their defaults and a hand has set are named, though the files are right again."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    changed = {"media_address": "192.0.2.9", "send_diversion": "no", "media_encryption": "sdes"}
    live = f"/etc/asterisk/{SEATS}"
    pbx.shell(f"cp -p {live} /tmp/kept")
    for option, value in changed.items():
        pbx.shell(f"sed -i '0,/^callerid/s//{option} = {value}\\ncallerid/' {live}")
    pbx.reload()
    pbx.shell(f"cp -p /tmp/kept {live}")
    report = drift_of(ami, book)
    assert {(d.where, d.field, d.found) for d in report.drifts} == {
        ("running", option, value) for option, value in changed.items()
    }


def test_a_registration_that_was_ended(ami: Ami, ims: Any, pbx: Any) -> None:
    """A seat's registration that somebody ended is told apart from drift, with its state."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    ims.wait_registered([f"+86870212{n:04}" for n in range(1, 4)])
    # The operator may still have them from before; the switch asks anew.
    sites.wait_for(lambda: not drift_of(ami, book).unregistered, "registration of all three")
    pbx.cli("pjsip send unregister 08702120002-ims")
    sites.wait_for(lambda: drift_of(ami, book).unregistered, "answer of the operator")
    report = drift_of(ami, book)
    assert not report
    assert [(one.object, one.state) for one in report.unregistered] == [("08702120002-ims", "Unregistered")]
    assert report.verdict == "holds what the ledger says, but 1 registration is not in force at the operator"


def test_an_orphan_is_reported_and_can_be_removed(ami: Ami) -> None:
    """A site no contract knows is left alone and reported; named, it is planned for removal."""
    sites.apply_to(ami, sites.Book((sites.contract(),)))
    book = sites.Book((sites.contract("qujing", area="0874"),))
    planned = sites.plan_of(ami, book)
    assert planned.orphans == ("zhaotong",)
    assert {c["site"] for c in planned.to_json()["changes"]} == {"qujing"}
    assert sites.plan_of(ami, book, "zhaotong").to_json()["remove"] == 5
    with pytest.raises(FlowError, match="nosuch"):
        sites.plan_of(ami, book, "nosuch")


def test_two_at_once(ami: Ami, other: Ami) -> None:
    """Of two who apply at once the second is told who is at it and since when, and the first is done."""
    book = sites.Book((sites.contract(),))
    told: list[str] = []

    class Interrupted(sites.Wrapped):
        def before(self, action: Action) -> None:
            if action.name == "UpdateConfig" and not told:
                with pytest.raises(LockHeld) as refused:
                    sites.apply_to(other, book)
                told.append(str(refused.value))

    assert sites.apply_to(Interrupted(ami), book).exit_code == 0
    assert "li@desk" in told[0]
    assert str(os.getpid()) in told[0]
    assert not ami.send(Action("DBGetTree", (("Family", "seatline/lock"),))).events[:-1]


def test_a_lock_left_behind(ami: Ami) -> None:
    """The lock of a process that is gone does not keep anybody out."""
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    book = sites.Book((sites.contract(),))
    value = {"who": "li@desk", "host": "desk", "pid": gone, "since": "2026-01-01T00:00:00+00:00",
             "renewed": "2099-01-01T00:00:00+00:00"}  # fmt: skip
    put = (("Family", "seatline/lock"), ("Key", "left-behind"), ("Val", json.dumps(value)))
    assert ami.send(Action("DBPut", put)).ok
    assert sites.apply_to(ami, book).exit_code == 0


def test_another_plan_than_the_approved_one(ami: Ami) -> None:
    """A plan a person approved is not applied once the switch or the contract has become another."""
    book = sites.Book((sites.contract(),))
    approved = sites.plan_of(ami, book).digest
    book.contracts = (sites.contract(of=sites.seats(4)),)
    with pytest.raises(FlowError, match="approved"):
        sites.apply_to(ami, book, approved=approved)
    assert sites.apply_to(ami, book, approved=sites.plan_of(ami, book).digest).exit_code == 0


def test_a_reload_that_was_swallowed(ami: Ami, other: Ami) -> None:
    """Files that were changed without a reload are found by the read-back, and apply reloads."""
    first, second = sites.contract(), sites.contract(of=sites.seats(4))
    book = sites.Book((first,))
    sites.apply_to(ami, book)
    assert other.send(promotion(f"former-{PJSIP}", PJSIP)).ok  # empty, but not reloaded
    report = drift_of(ami, book)
    assert {drift.where for drift in report.drifts} == {"file"}
    book.contracts = (second,)
    assert sites.apply_to(ami, book).exit_code == 0
    assert runs(ami, second, book)


def test_a_switch_that_stops_answering(ami: Ami) -> None:
    """When the switch falls silent at the switch-over, that is told as unknown; apply again finishes."""
    first, second = sites.contract("first"), sites.contract("second", area="0874")
    book = sites.Book((first, second))

    class Silent(sites.Wrapped):
        def after(self, action: Action, reply: Reply) -> None:
            if dict(action.headers).get("Reload"):
                raise Unreachable("pbx: no answer")

    applied = sites.apply_to(Silent(ami), book)
    assert applied.exit_code == 4
    assert [outcome.status for outcome in applied.outcomes] == ["applied", "failed", "untried"]
    assert "unknown; run apply again" in str(applied.outcomes[1].fault)
    assert "interrupted" in sites.plan_of(ami, book).notes[0]
    again = sites.apply_to(ami, book)
    assert [outcome.status for outcome in again.outcomes] == ["unchanged", "finished", "applied"]
    assert runs(ami, first, book)
    assert runs(ami, second, book)
    assert not sites.plan_of(ami, book).notes


def test_a_take_down_that_was_interrupted(ami: Ami) -> None:
    """After an interrupted take-down plan and apply agree on what there is to do, and apply finishes."""
    ending, staying = sites.contract(), sites.contract("qujing", area="0874")
    book = sites.Book((ending, staying))
    sites.apply_to(ami, book)
    book.contracts = (replace(ending, term=replace(ending.term, last=date(2025, 12, 31))), staying)
    book.lost = "zhaotong"
    with pytest.raises(RuntimeError):
        sites.apply_to(ami, book, force=True)
    book.lost = ""
    planned = sites.plan_of(ami, book)
    assert not planned
    assert "site zhaotong: an apply is under way or was interrupted" in planned.notes[0]
    applied = sites.apply_to(ami, book, approved=planned.digest)
    assert {(o.site, o.status) for o in applied.outcomes[1:]} == {
        ("zhaotong", "finished"),
        ("qujing", "unchanged"),
    }
    assert not sites.plan_of(ami, book).notes


def test_a_site_that_cannot_be_settled(ami: Ami) -> None:
    """What an interrupted apply left of one site is that site's fault; the others are applied."""
    first, second = sites.contract("first"), sites.contract("second", area="0874")
    book = sites.Book((first,))
    sites.apply_to(ami, book)
    live = "seatline-pjsip-0_first.conf"

    class Stuck(sites.Wrapped):
        def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
            if ("SrcFilename", f"former-{live}") in action.headers:
                return Reply({"Response": "Error", "Message": "disk full"})
            return super().send(action, timeout=timeout)

    Pen(switch=ami, pause=sites.time.sleep).mark([Mark(site="first", digest="0", group="first")])
    book.contracts = (first, second)
    applied = sites.apply_to(Stuck(ami), book)
    assert [(o.site, o.status) for o in applied.outcomes] == [
        ("", "unchanged"),
        ("first", "failed"),
        ("second", "applied"),
    ]
    assert "disk full" in str(applied.outcomes[1].fault)
    assert runs(ami, second, book)


def test_seats_and_trunks_register(ami: Ami, ims: Any) -> None:
    """What is applied registers at the operator: each seat of one site, and the trunk of another."""
    trunk = sites.contract("jilin", of=[sites.Seat(long_number="12393")], area="0431", register="trunk")
    trunk = replace(trunk, site=replace(trunk.site, ims=replace(trunk.site.ims, user="{long}")))
    book = sites.Book((sites.contract(of=sites.seats(5)), trunk))
    assert sites.apply_to(ami, book).exit_code == 0
    ims.wait_registered([*(f"+86870212{n:04}" for n in range(1, 6)), "12393"])
    assert not drift_of(ami, book)
