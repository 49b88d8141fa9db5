"""A partial update changes what it says and nothing else, and what it makes is judged like any contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.core.contract import CallTariff, Contract, Payer, Policy, Zone
from provisioning.core.seat_change import seat_changes
from provisioning.core.site import Iad, Seat, Switchboard
from provisioning.intake import schema
from provisioning.intake.change_sheet import read as read_changes
from provisioning.intake.changes import Merged, merged
from provisioning.intake.contract_file import Reading
from provisioning.intake.row_kinds import MAX_PROBLEMS

SEATS = (
    Seat(long_number="08702120001", short_number="6001", name="张某", iad="iad-1", port=1, remark="门卫"),
    Seat(long_number="08702120002", short_number="6002", department="办公室", iad="iad-1", port=2),
    Seat(long_number="08702120003", short_number="6003", iad="iad-2", port=1, extra={"房间": "301"}),
)


@pytest.fixture(scope="module")
def contract(read: Callable[[Mapping[str, str | bytes]], Reading]) -> Contract:
    """A contract of three seats on two IADs, with short numbers of four digits that begin with 6."""
    text = """
contract: zhaotong-2025
customer: {name: 某办公室}
operator: {name: 某运营商}
term: {from: 2025-07-01, to: 2025-12-31}
recurring: [{item: seat, name: 座机, quantity: seats, unit: "24.00"}]
stated: {month: "24.00"}
site:
  name: zhaotong
  area_code: "0870"
  short_numbers: {digits: 4, first: "6"}
  numbers: [{long_number: "08702120001"}]
"""
    (made,) = read({"x.yaml": text}).contracts
    iads = tuple(Iad(name=f"iad-{n}", model="grandstream-ht814") for n in (1, 2))
    return replace(made, site=replace(made.site, seats=SEATS, iads=iads, main_number="08702120001"))


def applied(contract: Contract, text: str, **more: object) -> Merged:
    asked = read_changes("change.csv", text.encode())
    assert asked.problems == ()
    return merged(contract, asked.entries, standing="zhaotong-2025 version 1", **more)


def changed(contract: Contract, text: str, **more: object) -> Contract:
    result = applied(contract, text, **more)
    assert result.problems == ()
    assert result.contract is not None
    return result.contract


def seat(contract: Contract, number: str) -> Seat:
    return next(seat for seat in contract.site.seats if seat.long_number == number)


def test_a_filled_cell_changes_its_column_only(contract: Contract) -> None:
    """One short number is another afterwards; every other column and seat is as it was."""
    now = changed(contract, "long_number,short_number,name\n08702120001,6011,\n")
    assert now.site.seats == (replace(SEATS[0], short_number="6011"), *SEATS[1:])
    assert replace(now, site=contract.site) == contract


def test_an_unknown_number_is_added_at_the_end(contract: Contract) -> None:
    """A number nobody has is a new seat, behind the others; other headers are kept with it."""
    now = changed(contract, "long_number,short_number,房间\n08702120009,6009,302\n")
    new = Seat(long_number="08702120009", short_number="6009", extra={"房间": "302"})
    assert now.site.seats == (*SEATS, new)


def test_only_an_explicit_remove_removes(contract: Contract) -> None:
    """A seat the sheet does not name stays; one marked 删除 goes, and nobody moves."""
    now = changed(contract, "long_number,操作\n08702120002,删除\n")
    assert now.site.seats == (SEATS[0], SEATS[2])


@pytest.mark.parametrize("mark", ["-", "清除", "－", "—", "–", "/", "／"])
def test_a_mark_clears(contract: Contract, mark: str) -> None:
    """- or 清除 clears a value, of a column we do not know too; an empty cell clears nothing."""
    now = changed(contract, f"long_number,remark,name,房间\n08702120001,{mark},,\n08702120003,,,{mark}\n")
    assert now.site.seats == (replace(SEATS[0], remark=None), SEATS[1], replace(SEATS[2], extra={}))


def test_a_remark_that_is_a_mere_hyphen_stays(contract: Contract) -> None:
    """A value that reads like the mark, say in a sheet written from the ledger, is not cleared by itself."""
    odd = replace(contract, site=replace(contract.site, seats=(replace(SEATS[0], remark="-"), *SEATS[1:])))
    assert changed(odd, "long_number,remark\n08702120001,-\n") == odd


def test_a_number_change_keeps_the_seat(contract: Contract) -> None:
    """原号码 gives the seat another number; all else stays; main number and payer follow."""
    payer = Payer(seat="08702120001", way="share")
    allowed = replace(SEATS[2], allowed=("08702120001", "6002"))
    before = replace(
        contract,
        payers=(payer,),
        site=replace(contract.site, seats=(SEATS[0], SEATS[1], allowed)),
    )
    result = applied(before, "long_number,原号码\n08702120009,08702120001\n")
    now = result.contract
    assert now is not None
    assert now.site.seats[0] == replace(SEATS[0], long_number="08702120009")
    assert now.site.main_number == "08702120009"
    assert now.payers == (replace(payer, seat="08702120009"),)
    assert now.site.seats[2].allowed == ("08702120009", "6002")
    assert result.former == {"08702120009": "08702120001"}


def test_whoever_names_a_changed_number_follows_it(contract: Contract) -> None:
    """Operators, further numbers and forwarding follow a number change, and a change of the short number."""
    naming = replace(SEATS[2], further=("6001", "13900138001"), forward_busy="08702120001")
    board = Switchboard(operators=("08702120002", "08702120001"))
    site = replace(contract.site, seats=(SEATS[0], SEATS[1], naming), switchboard=board)
    rates = {zone: Decimal("0.06") for zone in Zone}
    before = replace(
        contract,
        site=replace(site, features=("switchboard",)),
        policy=Policy(forwarding="open"),
        calls=CallTariff(increment=60, rates=rates, incoming=Decimal(0)),
    )
    now = changed(before, "long_number,短号,原号码\n08702120009,6011,08702120001\n")
    assert now.site.switchboard == Switchboard(operators=("08702120002", "08702120009"))
    assert now.site.seats[2] == replace(naming, further=("6011", "13900138001"), forward_busy="08702120009")


def test_an_operator_is_not_removed(contract: Contract) -> None:
    """A seat that others name cannot be removed or given away while they do."""
    site = replace(
        contract.site, features=("switchboard",), switchboard=Switchboard(operators=("08702120002",))
    )
    result = applied(replace(contract, site=site), "long_number,操作\n08702120002,删除\n")
    assert [problem.code for problem in result.problems] == ["unknown-operator"]
    assert str(result.problems[0].place) == "zhaotong-2025 version 1"
    given = applied(
        replace(contract, site=site), "long_number,原号码,操作\n08702120002,,删除\n08702120002,08702120003,\n"
    )
    assert "number-reused" in {problem.code for problem in given.problems}


def test_new_columns_change_and_clear(contract: Contract) -> None:
    """Rights, ringing and forwarding are changed and cleared like any column, and nothing else is."""
    rates = {zone: Decimal("0.06") for zone in Zone}
    tariff = CallTariff(increment=60, rates=rates, incoming=Decimal(0))
    before = replace(contract, calls=tariff, policy=Policy(forwarding="open"))
    sheet = (
        "long_number,呼叫权限,振铃方式,一号通号码,遇忙前转\n08702120001,-国际,顺振,13900138001,13900138002\n"
    )
    now = changed(before, sheet)
    assert now.site.seats[0] == replace(
        SEATS[0],
        zones=("-international",),
        ring_order="in-order",
        further=("13900138001",),
        forward_busy="13900138002",
    )
    assert changed(now, "long_number,呼叫权限,振铃方式,一号通号码,遇忙前转\n08702120001,-,-,-,-\n") == before


def test_a_notice_of_the_new_number_is_over_with_the_change(contract: Contract) -> None:
    """A notice of the number that the seat now gets goes with the old number; one of another number stays."""
    for notice, left in (("08702120009", None), ("13800138000", "13800138000")):
        told = replace(
            contract, site=replace(contract.site, seats=(replace(SEATS[0], changed_to=notice), *SEATS[1:]))
        )
        now = changed(told, "long_number,原号码\n08702120009,08702120001\n")
        assert seat(now, "08702120009").changed_to == left


def test_a_move_is_a_change_of_its_columns(contract: Contract) -> None:
    """A port is a column like any; another IAD without a port leaves the port to be allotted anew."""
    assert seat(changed(contract, "long_number,端口\n08702120001,4\n"), "08702120001").port == 4
    moved = seat(changed(contract, "long_number,接入设备\n08702120001,iad-2\n"), "08702120001")
    assert (moved.iad, moved.port) == ("iad-2", None)
    same = seat(changed(contract, "long_number,接入设备\n08702120001,iad-1\n"), "08702120001")
    assert (same.iad, same.port) == ("iad-1", 1)


def test_two_seats_swap_their_numbers(contract: Contract) -> None:
    """A gets B's number and B gets A's in one file; who names one of them follows the seat."""
    allowed = replace(SEATS[2], allowed=("08702120001",))
    before = replace(contract, site=replace(contract.site, seats=(*SEATS[:2], allowed)))
    text = "long_number,原号码\n08702120001,08702120002\n08702120002,08702120001\n"
    result = applied(before, text)
    assert result.problems == ()
    assert result.contract is not None
    assert result.contract.site.seats == (
        replace(SEATS[0], long_number="08702120002"),
        replace(SEATS[1], long_number="08702120001"),
        replace(allowed, allowed=("08702120002",)),
    )
    assert result.contract.site.main_number == "08702120002"
    told = seat_changes(before.site.seats, result.contract.site.seats, result.former)
    assert {change.action for change in told} == {"change"}


@pytest.mark.parametrize("order", [1, -1])
def test_a_number_that_is_free_again_is_taken(contract: Contract, order: int) -> None:
    """The number of a seat that goes, or gets another one itself, may be given on, whichever row is first."""
    gone = ["08702120002,08702120001,", "08702120002,,删除"][::order]
    now = changed(contract, "long_number,原号码,操作\n" + "\n".join(gone) + "\n")
    assert now.site.seats == (replace(SEATS[0], long_number="08702120002"), SEATS[2])
    chain = ["08702120002,08702120001,", "08702120009,08702120002,"][::order]
    now = changed(contract, "long_number,原号码,操作\n" + "\n".join(chain) + "\n")
    assert [seat.long_number for seat in now.site.seats] == ["08702120002", "08702120009", "08702120003"]


REUSED = [
    "08702120001,,删除\n08702120001,,增加\n",
    "08702120009,08702120001,\n08702120001,,增加\n",
    "08702120001,08702120002,\n08702120001,,删除\n",
]


@pytest.mark.parametrize("lines", REUSED)
def test_a_number_that_may_mean_two_seats_is_refused(contract: Contract, lines: str) -> None:
    """Released and new at once, or named elsewhere: the message says in which order to record it."""
    (problem,) = applied(contract, f"long_number,原号码,操作\n{lines}").problems
    assert problem.code == "number-reused"
    assert "release first" in problem.hint


def test_a_short_number_is_followed_where_it_is_allowed(contract: Contract) -> None:
    """Who may call 6001 may call the same seat after a swap, unless its own row says otherwise."""
    one, two = replace(SEATS[2], allowed=("6001", "13800138000")), replace(SEATS[1], allowed=("6001",))
    before = replace(contract, site=replace(contract.site, seats=(SEATS[0], two, one)))
    text = "long_number,short_number,allowed\n08702120001,6002,\n08702120002,6001,{}\n"
    now = changed(before, text.format(""))
    assert seat(now, "08702120003").allowed == ("6002", "13800138000")
    assert seat(now, "08702120002").allowed == ("6002",)
    same = changed(before, text.format("6001"))
    assert seat(same, "08702120002").allowed == ("6002",)
    own = changed(before, text.format("6001;6003"))
    assert seat(own, "08702120002").allowed == ("6001", "6003")


def test_only_the_first_unknown_numbers_are_guessed_at(contract: Contract) -> None:
    """Ten times the number is named that was probably meant; one two slips away never is."""
    lines = "".join(f"0870212000{n},变更\n" for n in (4, 5, 6, 7, 8, 9))
    lines += "".join(f"08702120{n}01,变更\n" for n in range(1, 10))
    found = applied(contract, f"long_number,操作\n{lines}08702129999,变更\n").problems
    assert [problem.hint.startswith("did you mean") for problem in found] == [True] * 10 + [False] * 6
    (far,) = applied(contract, "long_number,操作\n08702120099,变更\n").problems
    assert "did you mean" not in far.hint


def test_unknown_numbers_have_a_limit(contract: Contract) -> None:
    """Of a file of unknown numbers the first ones are told, and that there are more."""
    lines = "".join(f"0531{n},变更\n" for n in range(2000_0000, 2000_0000 + MAX_PROBLEMS + 500))
    found = applied(contract, f"long_number,操作\n{lines}").problems
    assert (len(found), found[-1].code) == (MAX_PROBLEMS + 1, "too-many-problems")


PROBLEMS = [
    ("seat-unknown", "08702120008,,,,,删除", "2:1", "did you mean"),
    ("seat-unknown", "05311234567,,,,,变更", "2:1", "增加"),
    ("seat-there", "08702120001,,,,,增加", "2:1", "变更"),
    ("seat-unknown", "08702120009,,,,08702120008,", "2:16", "did you mean"),
    ("seat-there", "08702120002,,,,08702120001,", "2:1", "原号码"),
    ("operation-unclear", "08702120009,,,,08702120001,删除", "2:16", "原号码"),
    ("number-twice", "08702120001,6011,,,,\n08702120001,6012,,,,", "3:1", "once"),
    ("number-twice", "08702120001,,,,,删除\n08702120009,,,,08702120001,", "3:16", "once"),
    ("duplicate-short-number", "08702120001,6002,,,,", "2:13", "operator's list"),
    ("duplicate-short-number", "08702120009,6001,,,,", "2:13", "operator's list"),
    ("short-number-shape", "08702120001,7001,,,,", "2:13", "short_numbers"),
    ("duplicate-port", "08702120009,,iad-1,2,,", "2:20", "port"),
    ("unknown-iad", "08702120001,,iad-9,1,,", "2:14", "site.iads"),
]


@pytest.mark.parametrize(("code", "line", "place", "hint"), PROBLEMS)
def test_what_is_wrong_is_named_at_its_cell(
    contract: Contract, code: str, line: str, place: str, hint: str
) -> None:
    """Each fault of a change is a problem at the sheet's cell, and nothing comes of the contract."""
    result = applied(contract, f"long_number,short_number,iad,port,原号码,操作\n{line}\n")
    assert result.contract is None
    (problem,) = result.problems
    assert (problem.code, str(problem.place)) == (code, f"change.csv:{place}")
    assert hint in problem.hint


def test_all_that_is_wrong_is_told_at_once(contract: Contract) -> None:
    """Rows that cannot be applied and rules that are broken are told together."""
    text = "long_number,short_number,操作\n08702120001,6002,\n08702120008,,删除\n08702120009,6003,增加\n"
    assert sorted(problem.code for problem in applied(contract, text).problems) == [
        *("duplicate-short-number", "duplicate-short-number", "seat-unknown"),
    ]


def test_a_clash_names_the_seat_of_the_ledger(contract: Contract) -> None:
    """Where the other side of a clash is a recorded seat, it is named as such, not by a line."""
    (problem,) = applied(contract, "long_number,short_number\n08702120009,6001\n").problems
    assert "first in zhaotong-2025 version 1, seat 08702120001" in problem.message


def test_another_contracts_number_is_found(contract: Contract) -> None:
    """A number that another recorded contract has is a problem at the cell that takes it."""
    site = replace(contract.site, name="other", main_number=None, iads=())
    other = replace(contract, id="other", site=replace(site, seats=(Seat(long_number="08702120007"),)))
    result = applied(contract, "long_number\n08702120007\n", others=[(other, "other version 4")])
    (problem,) = result.problems
    assert (problem.code, str(problem.place)) == ("number-in-two-contracts", "change.csv:2:1")
    assert "other version 4" in problem.message


def test_an_old_fault_is_not_held_against_a_change(contract: Contract) -> None:
    """What was odd before the change is not told again by it."""
    odd = replace(
        contract, site=replace(contract.site, seats=(SEATS[0], replace(SEATS[1], short_number="7002")))
    )
    result = applied(odd, "long_number,name\n08702120001,李某\n")
    assert (result.problems, result.warnings) == ((), ())


def test_what_the_paper_stated_is_only_a_warning(contract: Contract) -> None:
    """The sum on the paper was for the seats it listed: another number of seats differs, with a warning."""
    result = applied(contract, "long_number\n08702120009\n")
    assert result.contract is not None
    assert result.contract.stated == contract.stated
    assert [problem.code for problem in result.warnings] == ["stated-month-differs"]


def test_emptying_a_contract_needs_force(contract: Contract) -> None:
    """Removing every seat is refused with an explanation, and done with force."""
    text = "long_number,操作\n" + "".join(f"{seat.long_number},删除\n" for seat in SEATS)
    (problem,) = applied(contract, text).problems
    assert problem.code == "contract-emptied"
    assert "--force" in problem.hint
    assert changed(contract, text, force=True).site.seats == ()


COLUMNS = {
    "short_number": st.integers(6100, 6999).map(str),
    "remark": st.sampled_from(["门卫", "传达室", "-", "清除"]),
    "name": st.sampled_from(["李某", "王某", "清除"]),
    "department": st.sampled_from(["人事科", "-"]),
    "mobile": st.integers(13800138000, 13800138999).map(str),
    "房间": st.sampled_from(["302", "303", "-"]),
    "port": st.integers(1, 4).map(str),
}
ROWS = st.dictionaries(
    st.sampled_from([*(seat.long_number for seat in SEATS), "08702120008", "08702120009"]),
    st.fixed_dictionaries({}, optional=COLUMNS),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.permutations(list(COLUMNS)))
def test_a_partial_update_never_changes_what_it_does_not_mention(
    contract: Contract, asked: dict[str, dict[str, str]], columns: list[str]
) -> None:
    """Whatever a sheet says of some columns of some seats: all others stay as they were."""
    told = [column for column in columns if any(column in row for row in asked.values())]
    lines = [",".join([number, *(row.get(column, "") for column in told)]) for number, row in asked.items()]
    result = applied(contract, "\n".join([",".join(["long_number", *told]), *lines]) + "\n")
    if result.contract is None:
        assert result.problems
        return
    now = {seat.long_number: seat for seat in result.contract.site.seats}
    assert replace(result.contract, site=contract.site) == contract
    assert replace(result.contract.site, seats=SEATS) == contract.site
    assert now.keys() == asked.keys() | {seat.long_number for seat in SEATS}
    for seat in SEATS:
        mentioned = asked.get(seat.long_number, {})
        for column in (*schema.COLUMNS, "房间"):
            before, after = (
                one.extra.get(column) if column == "房间" else getattr(one, column)
                for one in (seat, now[seat.long_number])
            )
            written = mentioned.get(column)
            if written is None:
                assert after == before
            else:
                assert str(after or "") == ("" if written in ("-", "清除") else written)
    told_of = {change.long_number for change in seat_changes(SEATS, result.contract.site.seats)}
    assert told_of <= asked.keys()


def test_the_same_sheet_twice_changes_nothing_the_second_time(contract: Contract) -> None:
    """Applied again, an update without operations finds everything as it says."""
    text = "long_number,short_number,remark\n08702120001,6011,-\n08702120009,6009,新\n"
    once = changed(contract, text)
    assert changed(once, text) == once


def test_a_cell_that_cannot_be_read_is_a_problem(contracts: Path) -> None:
    """An unknown word for an operation, and a former number that is none, are named at their cells."""
    asked = read_changes(
        "c.csv", "long_number,操作,原号码\n08702120001,停机,\n08702120002,,8702120003\n".encode()
    )
    assert [(problem.code, str(problem.place)) for problem in asked.problems] == [
        ("bad-operation", "c.csv:2:13"),
        ("leading-zero-lost", "c.csv:3:14"),
    ]
    assert [entry.faulty for entry in asked.entries] == [True, True]


@pytest.mark.parametrize(
    "text",
    [
        "号码,短号,操作\n08702120001,6002,删除\n",
        "号码,原短号,新短号\n08702120001,６００２,6901\n",
        "原号码,新号码,原短号\n08702120001,08702129001,6002\n",
    ],
)
def test_a_short_number_that_the_seat_does_not_have_is_told(contract: Contract, text: str) -> None:
    """Who removes or changes a seat and names the short number of another may mean the other."""
    result = applied(contract, text)
    assert result.contract is None
    assert [problem.code for problem in result.problems] == ["short-number-differs"]
    assert "6001" in result.problems[0].message


def test_a_short_number_that_the_seat_has_is_compared_only(contract: Contract) -> None:
    """The short number so far changes nothing; the new one takes its place."""
    after = changed(contract, "号码,原短号,新短号\n08702120001,6001,6901\n")
    assert [seat.short_number for seat in after.site.seats] == ["6901", "6002", "6003"]
    assert after.site.seats[0].extra == {}
    left = changed(contract, "号码,短号,操作\n08702120001,6001,删除\n")
    assert [seat.long_number for seat in left.site.seats] == ["08702120002", "08702120003"]


def test_a_notice_of_the_seats_own_number_is_a_slip(contract: Contract) -> None:
    """Callers of a number cannot be told that it is now the same number."""
    result = applied(contract, "长号,新号码\n08702120001,08702120001\n")
    assert [problem.code for problem in result.problems] == ["changed-to-itself"]


def test_former_numbers_that_are_mere_notes_are_told_so(contract: Contract) -> None:
    """A column 原号码 with numbers of an old exchange is not taken for number changes without a word."""
    result = applied(contract, "长号,原号码\n08702120001,08719999999\n")
    assert [problem.code for problem in result.problems] == ["seat-unknown"]
    assert "another name" in result.problems[0].hint
