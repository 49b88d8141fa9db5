"""Features and rules of a contract: what is written is read, and what cannot be is named with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pytest

from provisioning.core.contract import Contract, Policy, Zone
from provisioning.core.site import Seat, Switchboard
from provisioning.intake import recorded
from provisioning.intake.build import contract as built
from provisioning.intake.contract_file import RULES, Reading

ReadTexts = Callable[[Mapping[str, str | bytes]], Reading]

MARK = "¦"
"""Stands in a case right before the place that the problem must name."""

# The code, the text of the sample that is changed, what it becomes, a part of what the user is told.
Case = tuple[str, str, str, str]

ONE_NUMBER = 'further: ["13900138001", "6003", "01085200000"]'
OPERATORS = 'operators: ["6001", "08702120002"]'

ERRORS: list[Case] = [
    ("bad-days", "days: mon-fri", "days: ¦1-5", "neither a day of the week"),
    ("bad-days", "days: mon-sat", "days: ¦mon-tue-wed", "nor a span"),
    ("bad-date", "2025-10-02,", "¦2025-10-32,", "not a day of the calendar"),
    ("bad-whole-number", "call_backs_within: 24", "call_backs_within: ¦0", "from 1 to 720"),
    ("bad-right", '"+国际;-服务"', '¦"国际"', "neither + nor -"),
    ("bad-right", '"+国际;-服务"', '¦"+火星"', "not a right to call"),
    ("bad-separator", '"+国际;-服务"', '¦"+国际,-服务"', 'not separated by ";"'),
    ("bad-choice", "ring_order: 顺振", "ring_order: ¦乱振", "together | in-order"),
    ("emergency-number", '"13900138003"', '¦"110"', "emergency number"),
    ("emergency-number", '"6003", "01085200000"', '¦"119", "01085200000"', "emergency number"),
    ("area-code-missing", 'forward_unreachable: "13900138002"', 'forward_unreachable: ¦"2126001"', "no area"),
    ("target-not-open", 'forward_always: "13900138003"', 'forward_always: ¦"0085221234567"', "is hmt"),
    ("target-not-open", 'forward_always: "13900138003"', 'forward_always: ¦"0012025550100"', "international"),
    ("target-not-open", ONE_NUMBER, 'further: ¦["12345", "0085221234567"]', "0085221234567 is hmt"),
    ("target-not-open", '"+国际;-服务"', '"+国际;-国内"', "mobile: 13800138000 is domestic"),
    ("unknown-short-number", 'forward_busy: "6001"', 'forward_busy: ¦"6009"', "no short number"),
    ("unknown-short-number", ONE_NUMBER, 'further: ¦["6801"]', "no short number"),
    ("goes-on-to-itself", 'forward_busy: "6001"', 'forward_busy: ¦"6005"', "own number"),
    ("goes-on-to-itself", 'forward_busy: "6001"', 'forward_busy: ¦"08702120105"', "own number"),
    ("too-many-further", ONE_NUMBER, 'further: ¦["13900138001", "6003", "6004", "6005"]', "at most 3"),
    ("duplicate-further", ONE_NUMBER, 'further: ¦["6003", "13900138001", "6003"]', "6003 is named twice"),
    ("family-phones-forward", "forwarding: open", "allow_list: true\n  forwarding: ¦open", "亲情电话"),
    ("mobile-short-without-mobile", 'mobile: "13800138000", mobile_short: "6801", features: [video, one-',
     'mobile_short: ¦"6801", features: [video, one-', "none is written"),
    ("duplicate-short-number", 'mobile_short: "6801"', 'mobile_short: ¦"6004"', "is a seat's"),
    ("duplicate-mobile-short", 'short_number: "6004"',
     'short_number: "6004", mobile: "13900138004", mobile_short: ¦"6801"', "stands for 13800138000"),
    ("zone-without-rate", "seat: [international]", "seat: [international, ¦hmt]", "does not open"),
    ("right-without-rate", '"+国际;-服务"', '¦"+国际;+港澳台"', "no rate"),
    ("right-twice", '"+国际;-服务"', '¦"+国际;-国际"', "international is named twice"),
    ("duplicate-long-number", 'second_number: "08702120105"', 'second_number: ¦"08702120000"', "main number"),
    ("unknown-operator", OPERATORS, 'operators: ["6001", ¦"6009"]', "no seat"),
    ("unknown-operator", OPERATORS, 'operators: ["6001", ¦"08702120105"]', "no seat"),
    ("duplicate-operator", OPERATORS, 'operators: ["6001", ¦"08702120001"]', "named twice"),
    ("switchboard-without-main-number", '  main_number: "08702120000"\n', "", "there is none"),
]  # fmt: skip

WARNINGS: list[Case] = [
    ("forwarding-closed", "forwarding: open", "forwarding: closed", "does nothing"),
    ("no-mobile", 'mobile: "13800138000", mobile_short: "6801", ', "", "no seat has a mobile"),
    ("zone-of-no-seat", '"+国际;-服务"', '"-服务"', "none does"),
    ("target-not-listed", "forwarding: open", "allow_list: true", "13800138000 never rings with 08702120001"),
    ("calls-cut-short", "max_call_seconds: 900", "max_call_seconds: ¦15", "after 15 seconds"),
    ("feature-not-included", "two-numbers, ", "", "second_number is two-numbers"),
    ("feature-not-included", "features: [vnet, one-number,", "features: [vnet,", "further is one-number"),
    ("feature-not-included", "number-change, switchboard]", "number-change]", "does nothing"),
    ("feature-without-data", "features: [video, one-number]", "features: [one-number]", "work: video"),
    ("feature-without-data", "features: [fax, t38]", "features: ¦[t38]", "not fax"),
    ("feature-without-data", 'allowed: ["01085200000"]', "remark: POS", "pos and says nothing of allowed"),
    ("switchboard-without-operators", OPERATORS + ", ", "", "no operators"),
    ("nothing-enforces", "  main_number:", "  switch: none\n  main_number:", "hours, calls_per_number"),
]  # fmt: skip


def label(case: Case) -> str:
    return f"{case[0]}: {case[2][:40]}"


def marked(text: str) -> tuple[str, tuple[int, int] | None]:
    """The text without its mark, and the line and column where the mark stood."""
    if MARK not in text:
        return text, None
    before = text[: text.index(MARK)]
    return text.replace(MARK, ""), (before.count("\n") + 1, len(before) - before.rfind("\n"))


@pytest.fixture(scope="module")
def promised(promises: str, read: ReadTexts) -> Contract:
    (contract,) = read({"x.yaml": promises}).contracts
    return contract


@pytest.mark.parametrize("case", ERRORS, ids=label)
def test_a_slip_is_named_with_its_place(case: Case, promises: str, read: ReadTexts) -> None:
    """One slip in what a contract promises gives one problem, at its exact place."""
    code, old, new, told = case
    assert old in promises
    text, place = marked(promises.replace(old, new, 1))
    reading = read({"x.yaml": text})
    (problem,) = reading.problems
    assert problem.code == code
    assert told in problem.message + problem.hint
    if place is not None:
        assert (problem.place.line, problem.place.column) == place


@pytest.mark.parametrize("case", WARNINGS, ids=label)
def test_what_does_nothing_is_told(case: Case, promises: str, read: ReadTexts) -> None:
    """What is odd in what a contract promises is a warning, and the contract is read."""
    code, old, new, told = case
    assert old in promises
    text, place = marked(promises.replace(old, new, 1))
    reading = read({"x.yaml": text})
    assert reading.problems == ()
    (warning, *_) = [one for one in reading.warnings if one.code == code]
    assert told in warning.message
    if place is not None:
        assert (warning.place.line, warning.place.column) == place


def test_nothing_is_odd_in_the_sample(promises: str, read: ReadTexts) -> None:
    """A contract that uses every feature and rule has neither a problem nor a warning."""
    reading = read({"x.yaml": promises})
    assert (reading.problems, reading.warnings) == ((), ())


def test_the_policy_is_read_exactly(promised: Contract) -> None:
    """Hours, days, holidays in order, limits and zones are those of the file."""
    assert promised.policy == Policy(
        hours=(480, 1140),
        days="mon-fri",
        holidays=(date(2025, 10, 1), date(2025, 10, 2)),
        call_backs_within=24,
        calls_per_number_per_day=500,
        calls_per_callee_per_day=10,
        calls_per_minute=6,
        calls_per_seat=2,
        zones_by_seat=(Zone.INTERNATIONAL,),
        mobile_calls_out=True,
        forwarding="open",
        recording_keep_days=30,
        max_call_seconds=900,
    )


def test_the_operators_are_long_numbers(promised: Contract) -> None:
    """Operators named by short numbers are recorded by their long ones, in the order of the file."""
    assert promised.site.switchboard == Switchboard(
        operators=("08702120001", "08702120002"), hours=(510, 1080), days="mon-sat"
    )


def test_the_seats_are_read_exactly(promised: Contract) -> None:
    """Further numbers, ringing, forwarding, members' short numbers and rights are those of the rows."""
    one, two, three, _, five, six = promised.site.seats
    assert one == Seat(
        long_number="08702120001",
        short_number="6001",
        mobile="13800138000",
        mobile_short="6801",
        features=("video", "one-number"),
        zones=("+international", "-service"),
    )
    assert (two.further, two.ring_order) == (("13900138001", "6003", "01085200000"), "in-order")
    assert (two.forward_unreachable, three.forward_always) == ("13900138002", "13900138003")
    assert (five.forward_busy, five.forward_no_answer, five.second_number) == (
        *("6001", "08702120001"),
        "08702120105",
    )
    assert three.features == ("fax", "t38")
    assert (three.ring_order, six.changed_to) == ("together", "08702120005")


def test_a_sheet_says_the_same(promised: Contract, promises: str, read: ReadTexts) -> None:
    """The columns by their Chinese names, with full-width signs, say what the rows of the file say."""
    sheet = (
        "IMS固话号码,对应短号码,手机号码,手机短号,功能,呼叫权限,一号通号码,振铃方式,不可及前转,无条件前转,"
        "亲情号码,第二号码,遇忙前转,无应答前转,新号码\n"
        "08702120001,6001,13800138000,6801,视频;一号通,＋国际；－服务,,,,,,,,,\n"
        "08702120002,6002,,,,,13900138001;6003;01085200000,顺振,13900138002,,,,,,\n"
        "08702120003,6003,,,传真;T.38传真,,,同振,,13900138003,,,,,\n"
        "08702120004,6004,,,POS,,,,,,01085200000,,,,\n"
        "08702120005,6005,,,,,,,,,,08702120105,6001,08702120001,\n"
        "08702120006,,,,,,,,,,,,,,08702120005\n"
    )
    start, end = promises.index("  numbers:"), promises.index("  short_numbers:")
    text = promises[:start] + "  numbers: s.csv\n" + promises[end:]
    reading = read({"x.yaml": text, "s.csv": sheet})
    assert reading.problems == ()
    assert {warning.code for warning in reading.warnings} == {"full-width"}
    assert reading.contracts == (promised,)


def test_what_is_recorded_is_judged_alike(promised: Contract) -> None:
    """A recorded contract, as if read from a file again, gives no problem and the same contract."""
    paper = recorded.paper(promised, "the ledger")
    assert [problem for rule in RULES for problem in rule(paper)] == []
    assert built(paper) == promised


def test_seats_that_forward_in_a_circle(promises: str, read: ReadTexts) -> None:
    """Seats that always forward to one another are told once, by short and long numbers alike."""
    text = promises.replace('"13900138003"', '"6004"').replace(
        'allowed: ["01085200000"]', 'allowed: ["01085200000"], forward_always: "08702120003"'
    )
    (problem,) = read({"x.yaml": text}).problems
    assert problem.code == "forwarding-circle"
    assert "from 08702120003 to 08702120004 to 08702120003" in problem.message


def test_a_seat_reaches_what_it_may_call(promises: str, read: ReadTexts) -> None:
    """A seat with the right to call abroad may forward there, and one without it may not."""
    abroad = 'features: [video, one-number], forward_busy: "0012025550100"'
    allowed = promises.replace("features: [video, one-number]", abroad)
    assert read({"x.yaml": allowed}).problems == ()
    (problem,) = read({"x.yaml": allowed.replace("+国际;", "")}).problems
    assert problem.code == "target-not-open"


def test_other_names_of_the_columns(promises: str, read: ReadTexts) -> None:
    """Operators' other names of the columns are read where no column has the first ones."""
    sheet = (
        "IMS固话号码,短号,手机,手机短号码,同振号码,振铃顺序,遇忙转移,无条件呼叫前转\n"
        "08702120001,6001,13800138000,6801,13900138001,顺序振铃,13900138002,13900138003\n"
        "08702120002,6002,,,,,,\n"
    )
    start, end = promises.index("  numbers:"), promises.index("  short_numbers:")
    text = promises[:start] + "  numbers: s.csv\n" + promises[end:]
    (contract,) = read({"x.yaml": text, "s.csv": sheet}).contracts
    assert contract.site.seats[0] == Seat(
        long_number="08702120001",
        short_number="6001",
        mobile="13800138000",
        mobile_short="6801",
        further=("13900138001",),
        ring_order="in-order",
        forward_busy="13900138002",
        forward_always="13900138003",
    )


@pytest.mark.parametrize(
    ("iads", "seat", "told"),
    [
        ("{name: iad-1}", "", ["iad-1"]),
        ("{name: iad-1}, {name: iad-2, settings: {fax: t38}}", "", []),
        ("{name: iad-1}, {name: iad-2, settings: {fax: t38}}", "iad: iad-1, ", ["iad-1"]),
        ("{name: iad-1}, {name: iad-2, settings: {fax: t38}}", "iad: iad-2, ", []),
        ("{name: iad-1, settings: {fax: passthrough}}, {name: iad-2}", "", ["iad-1 or iad-2"]),
    ],
)
def test_t38_takes_an_iad_that_is_set_so(
    promises: str, read: ReadTexts, iads: str, seat: str, told: list[str]
) -> None:
    """A seat with T.38 at an IAD that sends faxes in the voice channel is a warning that names the IAD."""
    whole = iads.replace("{name: ", "{model: patton-sn4324, name: ")
    text = promises.replace("  main_number:", f"  iads: [{whole}]\n  main_number:")
    reading = read({"x.yaml": text.replace("features: [fax, t38]", f"{seat}features: [fax, t38]")})
    assert reading.problems == ()
    found = [one.message for one in reading.warnings if one.code == "t38-without-iad"]
    assert [f"({one})" in message for one, message in zip(told, found, strict=True)] == [True] * len(told)
