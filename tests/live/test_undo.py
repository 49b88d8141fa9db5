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
from provisioning.flows.errors import FlowError
from provisioning.flows.read_switch import marks, read_back, read_site
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


def test_a_way_back_the_switch_refuses(ami: Ami) -> None:
    """When the switch does not run the former generation any more, the present one stays."""
    book, _, second = two_generations(ami)
    file = "seatline-pjsip-1-zhaotong-a-001.conf"  # the former generation's; the present one is in slot b
    wrong = {"Action": "Append", "Cat": "08702120001", "Var": "max_contacts", "Value": "many"}
    headers = [("SrcFilename", file), ("DstFilename", file)]
    headers += [(f"{key}-000000", value) for key, value in wrong.items()]
    assert ami.send(Action("UpdateConfig", tuple(headers))).ok
    undone = sites.apply_to(ami, book, "zhaotong", undo=True, force=True)
    assert undone.outcomes[1].status in ("rolled-back", "failed"), undone
    assert runs(ami, second, book)
