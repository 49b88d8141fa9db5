"""Which operation stands above a list: by a ticked box or a label with one word, and never by prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.intake.boxes import LABELS, asked, ticked
from provisioning.intake.change_sheet import read
from provisioning.intake.operations import WORDS, Operation
from provisioning.intake.sheet import Row

ADD, REMOVE, CHANGE = Operation.ADD, Operation.REMOVE, Operation.CHANGE


def said(*cells: str) -> list[Operation | None]:
    """What a row above a list asks for; None where it asks, and does not say clearly what for."""
    return [asking.operation for _, asking in asked(tuple(Row(1, cells)))]


@pytest.mark.parametrize(
    ("cells", "operation"),
    [
        (("操作类型：☑新增 □删除 □变更",), ADD),
        (("操作类型： □ 新增 ☑ 删除 □ 变更",), REMOVE),
        (("新增□ 删除□ 变更■",), CHANGE),
        (("新增（√）删除（ ）变更（）",), ADD),
        (("操作类型 新增□ 删除☑",), REMOVE),
        (("[ ] add [x] remove [ ] change",), REMOVE),
        (("○增加 ●退出",), REMOVE),
        (("☑ 新 增 □ 删 除",), ADD),
        (("操作类型：☑成员新增 □成员删除",), ADD),
        (("一、操作类型：☑新增（含携入） □删除",), ADD),
        (("操作类型：☑新增\n□删除\n□变更",), ADD),
        (("请在□内打√：□新增 □删除 ☑变更",), CHANGE),
        (("□新增 □删除 ☑其他：改名____",), CHANGE),
        (("集团成员受理/变更单（☑新增 □删除 □变更）",), ADD),
        (("集团编号：870001 操作类型：☑新增 □删除",), ADD),
        (("操作类型", "□新增 ☑删除"), REMOVE),
        (("操作类型", "☑", "新增", "□", "删除"), ADD),
        (("新增", "☑", "删除", "□"), ADD),
        (("☑新增", "□删除", "□变更"), ADD),
        (("集团名称", "某公司", "☑新增 □删除"), ADD),
        (("操作类型：☑新增 □删除", "国际长途", "☑开通 □关闭"), ADD),
    ],
)
def test_a_ticked_box(cells: tuple[str, ...], operation: Operation) -> None:
    """A box stands before its word or behind it, in many shapes, in one cell or several."""
    assert said(*cells) == [operation]


@pytest.mark.parametrize("label", [*LABELS, "操作", "operation"])
@pytest.mark.parametrize("operation", list(Operation))
def test_a_label_with_one_word(label: str, operation: Operation) -> None:
    """Behind a label of operations one word alone is the operation, in the same cell or the next."""
    for word in WORDS[operation]:
        assert said(f"{label}：{word}") == [operation]
        assert said(label, word) == [operation]


@pytest.mark.parametrize(
    "cells",
    [
        ("操作类型：注销须盖章",),
        ("业务类型：新增/变更/删除",),
        ("业务类型", "新增或删除"),
        ("操作类型：□新增 □删除 ☑过户",),
        ("□新增 □删除",),
        ("☑新增 ☑删除 □变更",),
        ("短号功能：☑开通 □注销",),
    ],
)
def test_what_asks_unclearly(cells: tuple[str, ...]) -> None:
    """A label of operations with more than one word, and boxes of which not one is ticked, ask unclearly."""
    assert said(*cells) == [None]


PROSE = [
    *(
        "操作说明：请如实填写，注销业务须盖章",
        "办理人须知：号码注销后不可恢复",
        "集团成员明细表（不含已注销号码）",
    ),
    *(
        "集团成员受理/变更单（删除）",
        "集团成员删除单",
        "长短号开通明细　某市政务服务办理中心（zhaotong-2025）",
    ),
    *(
        "■ 注销业务须盖章",
        "☑已阅读：号码注销后不可恢复 □未读",
        "操作说明：☑注销业务须盖章",
        "办理内容：号码注销",
    ),
    *("国际长途：☑开通 □关闭", "业务类型：☑IMS固话 □专线", "受理：某开通中心", "备注：删除"),
]
WORDS_ALONE = ["注销", "删除"]


@pytest.mark.parametrize("text", [*PROSE, *WORDS_ALONE])
def test_prose_asks_for_nothing(text: str) -> None:
    """A title, a note, a customer's name and boxes of something else name operations, and ask for none."""
    assert said(text) == []


@pytest.mark.parametrize("text", PROSE)
def test_prose_above_a_list_removes_nobody(text: str) -> None:
    """A list below such a row is read as if the row were not there."""
    asked_for = read("list.csv", f"{text}\nIMS固话号码,姓名\n08702120001,张某\n".encode())
    assert asked_for.problems == ()
    assert [(entry.operation, entry.long_number) for entry in asked_for.entries] == [(None, "08702120001")]


_WORDS = [word for words in WORDS.values() for word in words]
_TEXT = st.text(st.sampled_from("请号码后须盖章不可办理人操作业务类型说明，。：、（）"), max_size=12)


@given(_TEXT, st.sampled_from(_WORDS), _TEXT.filter(lambda text: text.strip("，。：、（） ")))
def test_no_sentence_is_an_operation(head: str, word: str, tail: str) -> None:
    """Whatever stands around a word, without a box no operation comes of it: at the most it is unclear."""
    assert [operation for operation in said(head + word + tail) if operation is not None] == []


def test_a_cell_of_a_list() -> None:
    """In a column 操作 a ticked box counts, and a sentence does not."""
    box = ticked("□增加 ☑删除")
    assert box is not None
    assert box.operation is REMOVE
    assert ticked("不删除") is None
    assert ticked("注销后保留短号") is None


def test_two_rows_that_ask_for_different_things() -> None:
    """Where one row says add and another remove, nobody knows; both the same is clear."""
    text = "操作类型：{}\n☑新增 □删除\n号码\n08702120001\n"
    (problem,) = read("form.csv", text.format("删除").encode()).problems
    assert (problem.code, str(problem.place)) == ("operation-unclear", "form.csv:2:1")
    (entry,) = read("form.csv", text.format("增加").encode()).entries
    assert entry.operation is ADD


def test_a_sentence_in_the_column_of_operations_is_refused() -> None:
    """不删除 in the column 操作 does not remove."""
    (problem,) = read("form.csv", "IMS固话号码,操作\n08702120001,不删除\n".encode()).problems
    assert (problem.code, str(problem.place)) == ("bad-operation", "form.csv:2:13")
