"""A switch that an earlier version of seatline wrote is planned, applied and taken back like any other."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pbx.action import Action, Reply
from pbx.config import Config
from pbx.live.ami import Ami
from pbx.section import Section
from pbx.update import EMPTY_FILE, creation, staging
from provisioning.flows.drift import find_drift
from provisioning.flows.errors import FlowError
from provisioning.flows.read_files import read_file
from provisioning.flows.read_switch import Mark, marks, read_back, read_site
from provisioning.flows.write_switch import DIALPLAN, PJSIP, Pen
from provisioning.planning import names
from provisioning.planning.desired import desired, shared
from provisioning.planning.digest import digest_of
from provisioning.planning.old_layout import old_file


def beside(file: str) -> Any:
    """Another file of this folder, once for all tests."""
    spec = importlib.util.spec_from_file_location(f"live_{file}", Path(__file__).with_name(f"{file}.py"))
    assert spec is not None
    assert spec.loader is not None
    if spec.name not in sys.modules:
        sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[spec.name])
    return sys.modules[spec.name]


sites = beside("sites")
kill = beside("test_apply_kill")

pytestmark = pytest.mark.live
OLD = sites.contract(of=sites.seats(12))
NEW = sites.contract(of=sites.seats(12, first=2), zones=("internal", "hmt"), proxy=sites.OTHER_PROXY)
"""Another generation of the same site: all there is differs."""


@pytest.fixture
def ami(pbx: Any) -> Iterator[Ami]:
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as session:
        yield session


def old_files(contract: Any, slot: str = "a", per_file: int = 5) -> dict[str, tuple[Section, ...]]:
    """A site's PJSIP objects as an earlier version wrote them: plain sections, so many seats a file."""
    site = contract.site.name
    config = desired(contract, sites.Book((contract,)).secrets(""), slot).only("seatline-pjsip-")
    files: dict[str, list[Section]] = {old_file(site, 1): []}
    seats: list[str] = []
    for _, section in config:
        seat = names.seat_of(section.kind, section.name)
        if seat is not None and seat not in seats:
            seats.append(seat)
        files.setdefault(old_file(site, max(len(seats) - 1, 0) // per_file + 1), []).append(section)
    return {file: tuple(held) for file, held in files.items()}


def write(ami: Ami, files: Mapping[str, tuple[Section, ...]]) -> None:
    for action in (
        *map(creation, (EMPTY_FILE, *files)),
        *(a for f, s in files.items() for a in staging(f, s)),
    ):
        reply = ami.send(action)
        assert reply.ok or "exists" in reply.message, reply


def provisioned(ami: Ami, *contracts: Any, slot: str = "a", per_file: int = 5) -> Any:
    """A switch as an earlier version has left it, and the ledger that goes with it."""
    book = sites.Book(contracts)
    write(ami, shared(sites.HAND_WRITTEN).files)
    for one in contracts:
        pjsip = old_files(one, slot, per_file)
        write(ami, pjsip)
        write(ami, desired(one, book.secrets(""), slot).only(names.DIALPLAN_FILES).files)
        write(ami, {names.former(file): () for file in pjsip})
    load(ami)
    assert all(runs(ami, one) for one in contracts)
    return book


def load(ami: Ami) -> None:
    pen = Pen(switch=ami, pause=sites.time.sleep)
    pen.reload(DIALPLAN)
    pen.reload(PJSIP)


def runs(ami: Ami, contract: Any, gone: Any = None) -> bool:
    """Whether the switch runs exactly this contract's site, in the slot its files say."""
    slot = read_site(ami, contract.site.name).slot
    without = desired(gone, secrets(gone), "a").only("seatline-pjsip-") if gone else None
    return slot is not None and not read_back(ami, desired(contract, secrets(contract), slot), gone=without)


def secrets(contract: Any) -> Mapping[str, str]:
    return dict(sites.Book((contract,)).secrets(""))


def left_of(ami: Ami, site: str) -> int:
    """How many sections the site's old files still have."""
    return sum(len(read_file(ami, old_file(site, n), []) or ()) for n in range(1, 10))


def with_short(contract: Any, seat: int, short: str) -> Any:
    every = list(contract.site.seats)
    every[seat] = replace(every[seat], short_number=short)
    return replace(contract, site=replace(contract.site, seats=tuple(every)))


def test_it_is_seen_as_it_is(ami: Ami) -> None:
    """A site that stands in old files as its contract says shows no change and no drift, and stays there."""
    book = provisioned(ami, OLD)
    assert not sites.plan_of(ami, book)
    assert not find_drift(ami, book, hand_written=sites.HAND_WRITTEN, today=sites.TODAY)

    class Watched(sites.Wrapped):
        def before(self, action: Action) -> None:
            assert action.name not in ("UpdateConfig", "CreateConfig", "Reload"), action.name

    assert [one.status for one in sites.apply_to(Watched(ami), book).outcomes] == ["unchanged"] * 2
    edited = {**dict(old_files(OLD)), old_file("zhaotong", 2): old_files(OLD)[old_file("zhaotong", 2)][1:]}
    write(ami, edited)
    drifts = find_drift(ami, book, hand_written=sites.HAND_WRITTEN, today=sites.TODAY).drifts
    assert {(one.object, one.where) for one in drifts} == {("seat-08702120006", "file")}


def test_it_moves_with_the_first_change(ami: Ami, pbx: Any) -> None:
    """One changed seat is one change; after it nothing stands in the old files, nor twice after a restart."""
    book = provisioned(ami, OLD)
    book.contracts = (with_short(OLD, 6, "7007"),)
    planned = sites.plan_of(ami, book).to_json()
    assert [(c["action"], c["name"]) for c in planned["changes"]] == [("change", "08702120007")]
    reloads: list[str] = []

    class Watched(sites.Wrapped):
        def before(self, action: Action) -> None:
            here = dict(action.headers)
            reloads.extend([here["DstFilename"]] if here.get("Reload") else [])
            reloads.extend(["alone"] if action.name == "Reload" and here["Module"] == PJSIP else [])

    assert sites.apply_to(Watched(ami), book).exit_code == 0
    assert reloads == ["seatline-pjsip-0_zhaotong.conf"]
    assert runs(ami, book.contracts[0])
    assert left_of(ami, "zhaotong") == 0
    assert not sites.plan_of(ami, book)
    assert not find_drift(ami, book, hand_written=sites.HAND_WRITTEN, today=sites.TODAY)
    pbx.restart()
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as again:
        assert runs(again, book.contracts[0])
        book.contracts = (NEW,)
        assert sites.apply_to(again, book, force=True).exit_code == 0
        assert runs(again, NEW, gone=OLD)


def test_what_is_refused_is_put_back(ami: Ami) -> None:
    """When the switch refuses the new generation, the old one runs again from its old files."""
    book = provisioned(ami, OLD)
    book.contracts = (sites.contract(of=sites.seats(12), domain="ims example net"),)
    applied = sites.apply_to(ami, book, force=True)
    assert [one.status for one in applied.outcomes] == ["unchanged", "rolled-back"]
    assert "the former configuration runs again" in str(applied.outcomes[1].fault)
    assert runs(ami, OLD)
    files = old_files(OLD)
    assert {file: read_file(ami, file, []) for file in files} == files
    book.contracts = (OLD,)
    assert not sites.plan_of(ami, book)
    book.contracts = (NEW,)
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert runs(ami, NEW, gone=OLD)


def test_a_copy_that_fails(ami: Ami) -> None:
    """When an old file cannot be emptied, those that were are put back, and the old generation runs."""
    book = provisioned(ami, OLD)
    book.contracts = (NEW,)
    full = (("SrcFilename", EMPTY_FILE), ("DstFilename", old_file("zhaotong", 2)))

    class Stuck(sites.Wrapped):
        def send(self, action: Action, *, timeout: float = 10.0) -> Reply:
            if action.headers == full:
                return Reply({"Response": "Error", "Message": "disk full"})
            return super().send(action, timeout=timeout)

    applied = sites.apply_to(Stuck(ami), book, force=True)
    assert applied.outcomes[1].status == "rolled-back"
    assert runs(ami, OLD)
    assert left_of(ami, "zhaotong") == 12 * 4 + 2


def moving(action: Action) -> bool:
    """The steps from the old files to the new: emptying those, and the first file made live."""
    target = dict(action.headers).get("DstFilename", "")
    old = target.startswith("seatline-pjsip-zhaotong-") and ("SrcFilename", EMPTY_FILE) in action.headers
    return old or kill.promoting(action)


def test_killed_at_any_step_of_the_move(pbx: Any) -> None:
    """Killed at any step, the move leaves the site entirely old or entirely new; the next apply finishes."""
    for at in range(4):
        for moment in ("during", "after"):
            pbx.wipe()
            with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
                provisioned(ami, OLD)
                book = sites.Book((NEW,), earlier=(OLD,))
                assert kill.killed(pbx, book, at, moment, moving)
                kill.wait_at_rest(pbx)
                found = kill.running(ami, (OLD, NEW))
                assert len(found) == 1, f"killed {moment} step {at}: runs {found}"
                assert at == 3 or found == [0]
                assert set(marks(ami)) == {"zhaotong"}
                assert sites.apply_to(ami, book, force=True).exit_code == 0
                assert kill.running(ami, (OLD, NEW)) == [1]
                assert left_of(ami, "zhaotong") == 0
                assert not sites.plan_of(ami, sites.Book((NEW,)))
                assert not marks(ami)


def test_killed_before_the_move(pbx: Any) -> None:
    """Killed at any change before the switch-over, the old generation runs, and the next apply finishes."""
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        for at in range(0, 12, 2):
            pbx.wipe()
            provisioned(ami, OLD)
            book = sites.Book((NEW,), earlier=(OLD,))
            assert kill.killed(pbx, book, at, "during")
            kill.wait_at_rest(pbx)
            assert kill.running(ami, (OLD, NEW)) == [0]
            assert sites.apply_to(ami, book, force=True).exit_code == 0
            assert kill.running(ami, (OLD, NEW)) == [1]


@pytest.mark.parametrize(("step", "there"), [(0, 12), (1, 7), (3, 0)])
def test_the_power_goes_between_two_copies(pbx: Any, step: int, there: int) -> None:
    """When apply and the switch end together between two copies, the seats of files that are empty already
    are missing until the next apply; no other site is."""
    pbx.restart()  # its database writes late: what the test before left is on disk when the power goes
    other = sites.contract("qujing", of=sites.seats(3, "0874"), area="0874")
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        provisioned(ami, OLD, other)
    book = sites.Book((NEW, other), earlier=(OLD,))
    assert not kill.killed(pbx, sites.Book((OLD, other)), kill.NEVER, "after")
    assert kill.killed(pbx, book, step, "before", moving, power=True)
    pbx.start()
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as ami:
        assert runs(ami, other)
        shown = ami.send(Action("PJSIPShowEndpoints")).events
        assert sum(one.get("ObjectName", "").startswith("seat-0870212") for one in shown) == there
        assert sites.apply_to(ami, book, force=True).exit_code == 0
        assert kill.running(ami, (OLD, NEW)) == [1]
        assert left_of(ami, "zhaotong") == 0
        assert runs(ami, other)


def test_the_move_is_taken_back(ami: Ami) -> None:
    """The generation that stood in the old files is the way back, and undoing that leads forward again."""
    book = provisioned(ami, OLD)
    write(ami, {names.former(file): held for file, held in old_files(NEW).items()})
    with pytest.raises(FlowError, match="last applied by an earlier version"):
        sites.apply_to(ami, book, "zhaotong", undo=True)
    book.contracts = (with_short(OLD, 6, "7007"),)
    assert sites.apply_to(ami, book).exit_code == 0
    undone = sites.apply_to(ami, book, "zhaotong", undo=True)
    [change] = undone.outcomes[1].plan.changes
    assert (change.action, change.name, change.detail[0]) == ("change", "08702120007", "number 7007 -> 6007")
    assert runs(ami, OLD)
    assert sites.apply_to(ami, book, "zhaotong", undo=True).exit_code == 0
    assert runs(ami, book.contracts[0])
    book.contracts = (NEW,)
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert sites.apply_to(ami, book, "zhaotong", undo=True, force=True).exit_code == 0
    assert runs(ami, with_short(OLD, 6, "7007")), "not what was in the old files before"
    assert left_of(ami, "zhaotong") == 0


def test_a_site_in_old_files_is_removed(ami: Ami) -> None:
    """A site whose contract ended is gone from its old files, and even that can be taken back."""
    book = provisioned(ami, OLD)
    book.contracts = (replace(OLD, term=replace(OLD.term, last=sites.date(2025, 12, 31))),)
    assert sites.plan_of(ami, book).to_json()["remove"] == 14
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert not read_back(ami, Config(), gone=desired(OLD, secrets(OLD), "a"))
    assert left_of(ami, "zhaotong") == 0
    book.contracts = (OLD,)
    assert sites.apply_to(ami, book, "zhaotong", undo=True).exit_code == 0
    assert runs(ami, OLD)
    assert not sites.plan_of(ami, book)


def test_a_site_in_old_files_is_renamed(ami: Ami) -> None:
    """All telephones change from a site in old files to the new name of it in one step."""
    book = provisioned(ami, OLD)
    book.earlier = (OLD,)
    book.contracts = (replace(OLD, site=replace(OLD.site, name="aaa")),)
    assert sites.apply_to(ami, book, force=True).exit_code == 0
    assert runs(ami, book.contracts[0])
    assert left_of(ami, "zhaotong") == 0
    assert not sites.plan_of(ami, book)


def test_names_that_look_like_files(ami: Ami) -> None:
    """Sites called like parts of file names are told apart while one after the other moves."""
    called = ("0-x", "x-01", "x", "1-x-a", "x-a-001")
    book = provisioned(
        ami, *(sites.contract(name, of=sites.seats(2, first=2 * n + 1)) for n, name in enumerate(called))
    )
    for number, name in enumerate(called):
        changed = list(book.contracts)
        changed[number] = sites.contract(
            name, of=(*changed[number].site.seats, *sites.seats(1, first=50 + number))
        )
        book.contracts = tuple(changed)
        planned = sites.plan_of(ami, book).to_json()
        assert {(c["action"], c["site"]) for c in planned["changes"]} == {("add", name)}
        assert sites.apply_to(ami, book).exit_code == 0
        assert all(runs(ami, one) for one in book.contracts)
        assert [other for other in called if not left_of(ami, other)] == list(called[: number + 1])
        assert not sites.plan_of(ami, book)


def test_what_an_earlier_version_took_away_stays_away(ami: Ami) -> None:
    """A site that was removed by an earlier version, and whose first apply now is refused, is not back."""
    write(ami, dict.fromkeys(old_files(OLD), ()))
    write(ami, {names.former(file): held for file, held in old_files(OLD).items()})
    bad = sites.contract(of=sites.seats(12), domain="ims example net")
    assert sites.apply_to(ami, sites.Book((bad,))).outcomes[1].status == "rolled-back"
    Pen(switch=ami, pause=sites.time.sleep).mark([Mark(site="zhaotong", digest="0", group="zhaotong")])
    book = sites.Book((NEW,))
    assert {c["action"] for c in sites.plan_of(ami, book).to_json()["changes"]} == {"add"}
    assert sites.apply_to(ami, book).exit_code == 0
    assert runs(ami, NEW, gone=OLD)


def test_an_earlier_versions_interrupted_apply(ami: Ami) -> None:
    """What an earlier version left half copied is put back from what it kept, and then applied."""
    book = provisioned(ami, OLD)
    files, news = old_files(OLD), old_files(NEW, "b")
    write(ami, {names.former(file): held for file, held in files.items()})
    write(ami, {old_file("zhaotong", 1): news[old_file("zhaotong", 1)]})
    load(ami)
    mark = Mark(site="zhaotong", digest=digest_of(Config(news)), group="zhaotong")
    Pen(switch=ami, pause=sites.time.sleep).mark([mark])
    assert [one.status for one in sites.apply_to(ami, book).outcomes] == ["unchanged", "finished"]
    assert runs(ami, OLD, gone=NEW)
    assert not marks(ami)
