"""Taking an apply back on a real switch: the former generation runs again, read back like any other."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pbx.action import Action
from pbx.live.ami import Ami
from pbx.update import EMPTY_FILE
from provisioning.flows.errors import FlowError
from provisioning.flows.plan_undo import plan_undo
from provisioning.flows.read_switch import marks, read_back, read_site
from provisioning.planning import names
from provisioning.planning.desired import desired

_spec = importlib.util.spec_from_file_location("live_sites", Path(__file__).with_name("sites.py"))
assert _spec is not None
assert _spec.loader is not None
sites = sys.modules.setdefault("live_sites", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(sites)

pytestmark = pytest.mark.live


@pytest.fixture
def ami(pbx: Any) -> Iterator[Ami]:
    with sites.connect(pbx.ami_host, pbx.ami_port, pbx.user, pbx.secret) as session:
        yield session


def runs(ami: Ami, contract: Any, book: Any) -> bool:
    """Whether the switch runs exactly this contract's site, in the slot its files say."""
    slot = read_site(ami, contract.site.name).slot
    return slot is not None and not read_back(ami, desired(contract, book.secrets(""), slot))


def with_short(contract: Any, seat: int, short: str) -> Any:
    """The contract with another short number for one of its seats."""
    seats = list(contract.site.seats)
    seats[seat] = replace(seats[seat], short_number=short)
    return replace(contract, site=replace(contract.site, seats=tuple(seats)))


def two_generations(ami: Ami) -> tuple[Any, Any, Any]:
    """A site applied, changed, and applied again: the book, the first contract and the second."""
    first = sites.contract(of=sites.seats(12))
    second = with_short(first, 6, "7007")
    book = sites.Book((first,))
    assert sites.apply_to(ami, book).exit_code == 0
    book.contracts = (second,)
    assert sites.apply_to(ami, book).exit_code == 0
    return book, first, second


def test_the_former_generation_runs_again(ami: Ami) -> None:
    """Undoing an apply brings back the configuration before it, exactly; undoing that leads forward again."""
    book, first, second = two_generations(ami)
    undone = sites.apply_to(ami, book, "zhaotong", undo=True)
    assert [(one.site, one.status) for one in undone.outcomes] == [("", "unchanged"), ("zhaotong", "undone")]
    assert runs(ami, first, book)
    [change] = undone.outcomes[1].plan.changes
    assert (change.action, change.name, change.detail[0]) == ("change", "08702120007", "number 7007 -> 6007")
    assert sites.plan_of(ami, book), "the ledger still says the second"
    assert book.trail[-1]["event"] == "apply-undone"
    assert sites.apply_to(ami, book, "zhaotong", undo=True).exit_code == 0
    assert runs(ami, second, book)
    assert not sites.plan_of(ami, book)


def test_a_first_apply_is_taken_back(ami: Ami) -> None:
    """Before a first apply there was nothing; going back to it removes everything, and takes force."""
    book = sites.Book((sites.contract(),))
    sites.apply_to(ami, book)
    refused = sites.apply_to(ami, book, "zhaotong", undo=True)
    assert "more than 30%" in str(refused.outcomes[1].fault)
    assert runs(ami, book.contracts[0], book)
    assert sites.apply_to(ami, book, "zhaotong", undo=True, force=True).exit_code == 0
    assert len(read_site(ami, "zhaotong").whole) == 0
    assert sites.apply_to(ami, book, "zhaotong", undo=True).exit_code == 0
    assert runs(ami, book.contracts[0], book), "even the removal can be taken back"


def test_nothing_to_go_back_to(ami: Ami) -> None:
    """A site that was never applied has no former generation, and no site named is no site meant."""
    book = sites.Book((sites.contract(), sites.contract("qujing", area="0874")))
    sites.apply_to(ami, book, "qujing")
    with pytest.raises(FlowError, match="has kept nothing of site zhaotong"):
        sites.apply_to(ami, book, "zhaotong", undo=True)
    with pytest.raises(FlowError, match="say which site"):
        sites.apply_to(ami, book, undo=True)


def test_an_interrupted_apply_is_taken_back(ami: Ami) -> None:
    """An apply whose record was lost is settled first, and then taken back."""
    book, _, second = two_generations(ami)
    book.contracts = (with_short(second, 7, "7008"),)
    book.lost = "zhaotong"
    with pytest.raises(RuntimeError, match="the program ends here"):
        sites.apply_to(ami, book)
    assert marks(ami)
    book.lost = ""
    assert sites.apply_to(ami, book, "zhaotong", undo=True).exit_code == 0
    assert runs(ami, second, book)
    assert not marks(ami)


class Ends(sites.Wrapped):
    """Ends the program at the emptying of a removed site's dialplan: before its first file, or the second."""

    step = 0
    seen = 0

    def before(self, action: Action) -> None:
        files = dict(action.headers)
        emptied = files["DstFilename"] if files.get("SrcFilename") == EMPTY_FILE else ""
        if emptied.startswith(f"{names.DIALPLAN_FILES}zhaotong-"):
            if self.seen == self.step:
                raise RuntimeError("the program ends here")
            self.seen += 1


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize("name", ["", "aaa"])
def test_an_interrupted_take_down_is_taken_back(ami: Ami, step: int, finished: bool, name: str) -> None:
    """A removal or a rename that ended before the old dialplan was gone leads back to all telephones."""
    book, _, second = two_generations(ami)
    if name:
        book.earlier, book.contracts = (second,), (replace(second, site=replace(second.site, name=name)),)
    else:
        book.contracts = (replace(second, term=replace(second.term, last=sites.date(2025, 12, 31))),)
    switch = Ends(ami)
    switch.step = step
    with pytest.raises(RuntimeError, match="the program ends here"):
        sites.apply_to(switch, book, force=True)
    if finished:
        assert sites.apply_to(ami, book, force=True).exit_code == 0
        assert not marks(ami)
    both = [one for one in ("zhaotong", name) if one]
    assert sites.apply_to(ami, book, *both, undo=True, force=True).exit_code == 0
    assert runs(ami, second, book)
    assert not marks(ami)


@pytest.mark.parametrize(
    ("number", "told"),
    [("003", "1_zhaotong-a-003.conf is missing"), ("012", "no file of PJSIP objects has: 0870")],
)
def test_a_file_missing_on_the_way_back(
    ami: Ami, pbx: Any, monkeypatch: pytest.MonkeyPatch, number: str, told: str
) -> None:
    """A file of the former generation that a hand took away is named, and nothing is changed."""
    monkeypatch.setattr(names, "seats_per_file", lambda seats: 1)
    book, first, second = two_generations(ami)
    pbx.shell(f"cp -p /etc/asterisk/seatline-pjsip-1_zhaotong-a-{number}.conf /tmp/kept")
    pbx.shell(f"rm /etc/asterisk/seatline-pjsip-1_zhaotong-a-{number}.conf")
    with pytest.raises(FlowError, match=told):
        sites.apply_to(ami, book, "zhaotong", undo=True, force=True)
    assert runs(ami, second, book)
    pbx.shell(f"cp -p /tmp/kept /etc/asterisk/seatline-pjsip-1_zhaotong-a-{number}.conf")
    assert sites.apply_to(ami, book, "zhaotong", undo=True).exit_code == 0
    assert runs(ami, first, book)


def test_no_way_back_after_a_refused_apply(ami: Ami) -> None:
    """A refused apply takes the older generation's place: it says so, and so does the plan of an undo."""
    book, _, second = two_generations(ami)
    book.contracts = (sites.contract(of=sites.seats(12), domain="ims example net"),)
    refused = sites.apply_to(ami, book, force=True)
    assert "there is no older generation to go back to with --undo any more" in str(refused.outcomes[1].fault)
    [note] = plan_undo(ami, book, sites=["zhaotong"], today=sites.TODAY).notes
    assert "record the former contract again" in note
    undone = sites.apply_to(ami, book, "zhaotong", undo=True)
    assert undone.outcomes[1].status == "unchanged"
    assert runs(ami, second, book)


def test_a_way_back_the_switch_refuses(ami: Ami) -> None:
    """When the switch does not run the former generation any more, the present one stays."""
    book, _, second = two_generations(ami)
    file = "seatline-pjsip-1_zhaotong-a-001.conf"  # the former generation's; the present one is in slot b
    wrong = {"Action": "Append", "Cat": "08702120001", "Var": "max_contacts", "Value": "many"}
    headers = [("SrcFilename", file), ("DstFilename", file)]
    headers += [(f"{key}-000000", value) for key, value in wrong.items()]
    assert ami.send(Action("UpdateConfig", tuple(headers))).ok
    undone = sites.apply_to(ami, book, "zhaotong", undo=True, force=True)
    assert undone.outcomes[1].status in ("rolled-back", "failed"), undone
    assert runs(ami, second, book)
